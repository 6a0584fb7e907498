"""Writing to what takes no more."""

import errno
import fcntl
import os
import socket

read_end, write_end = os.pipe()
capacity = fcntl.fcntl(write_end, fcntl.F_GETPIPE_SZ)
os.set_blocking(write_end, False)
print(os.write(write_end, b"x" * (capacity + 10)) == capacity)
try:
    os.write(write_end, b"y")
except BlockingIOError as error:
    print(error.errno == errno.EAGAIN, error)

stream = open(write_end, "wb", buffering=16)
print(stream.raw.write(b"z"))
try:
    stream.write(b"z" * 40)
except BlockingIOError as error:
    print(error, error.characters_written)
os.read(read_end, capacity)
stream.flush()
print(len(os.read(read_end, 100)))
stream.close()
os.close(read_end)

left, right = socket.socketpair()
left.setblocking(False)
sent = 0
try:
    while True:
        sent += left.send(b"x" * 65536)
except BlockingIOError as error:
    print(sent > 65536, error.errno == errno.EAGAIN)
left.settimeout(0.05)
try:
    left.sendall(b"x" * 10_000_000)
except TimeoutError as error:
    print(repr(error))
left.close()
right.close()
