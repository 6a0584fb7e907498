"""Talking to those who have left."""

import asyncio
import os
import socket
import struct
import subprocess
import sys


def attempt(what, *args):
    try:
        return what(*args)
    except OSError as error:
        return type(error).__name__, error.errno, error.strerror


read_end, write_end = os.pipe()
os.close(read_end)
print(attempt(os.write, write_end, b"x"))
stream = open(write_end, "w")
stream.write("unsaid")
print(attempt(stream.flush))
print(attempt(stream.close), stream.closed)

left, right = socket.socketpair()
right.close()
print(left.recv(10), attempt(left.send, b"x"), attempt(left.sendall, b"x"))
left.close()

server = socket.create_server(("127.0.0.1", 0))


def reset():
    """A connection that the other side has reset."""
    client = socket.create_connection(server.getsockname())
    peer, _ = server.accept()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    return client


with reset() as client:
    print(attempt(client.recv, 10), client.recv(10), attempt(client.send, b"x"))
address = server.getsockname()
server.close()
print(attempt(socket.create_connection, address))

child = subprocess.Popen([sys.executable, "-c", "pass"], stdin=subprocess.PIPE)
child.wait()
print(attempt(child.stdin.write, b"x"), attempt(child.stdin.flush), attempt(child.stdin.close))
quiet = [sys.executable, "-c", "import sys; sys.stdin.close(); print('done')"]
print(subprocess.run(quiet, input=b"x" * 1_000_000, capture_output=True).stdout)


async def echo_once(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.transport.abort()


async def main():
    server = await asyncio.start_server(echo_once, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"line\n")
    print(await reader.readline())
    try:
        print(await reader.read())
    except ConnectionResetError as error:
        print(type(error).__name__)
    writer.close()
    server.close()


asyncio.run(main())
