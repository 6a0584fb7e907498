"""Calls that block while a signal arrives each millisecond (PEP 475)."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

hits = 0


def handler(signum, frame):
    global hits
    hits += 1


signal.signal(signal.SIGALRM, handler)


def later(action, *args):
    timer = threading.Timer(0.15, action, args)
    timer.start()
    return timer


def timed(what, *args):
    start = time.monotonic()
    result = what(*args)
    return result, time.monotonic() - start > 0.12


signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)

print("sleep", timed(time.sleep, 0.15))
read_end, write_end = os.pipe()
later(os.write, write_end, b"a")
print("read", timed(os.read, read_end, 1))
later(os.write, write_end, b"bc\n")
with open(read_end, closefd=False) as stream:
    print("readline", timed(stream.readline))
for name, wait in [
    ("select", lambda: select.select([read_end], [], [], 0.15)),
    ("poll", lambda: (poll := select.poll(), poll.register(read_end, select.POLLIN), poll.poll(150))[2]),
    ("epoll", lambda: (epoll := select.epoll(), epoll.register(read_end), epoll.poll(0.15), epoll.close())[2]),
]:
    print(name, timed(wait))
left, right = socket.socketpair()
later(right.send, b"x")
print("recv", timed(left.recv, 1))
left.settimeout(0.15)
try:
    start = time.monotonic()
    left.recv(1)
except TimeoutError as error:
    print(error, time.monotonic() - start > 0.12)
server = socket.create_server(("127.0.0.1", 0))
later(lambda: socket.create_connection(server.getsockname()).close())
(connection, _), slow = timed(server.accept)
print("accept", slow)
connection.close()
lock = threading.Lock()
lock.acquire()
print("lock", timed(lock.acquire, True, 0.15))
later(lock.release)
print("lock", timed(lock.acquire))
event = threading.Event()
later(event.set)
print("event", timed(event.wait))
condition = threading.Condition()
with condition:
    print("condition", timed(condition.wait, 0.15))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.15)"])
print("wait", child.wait())
print("output", subprocess.run([sys.executable, "-c", "print('x' * 10)"], capture_output=True).stdout)
thread = later(time.sleep, 0)
print("join", timed(thread.join))
pid = os.posix_spawn("/bin/sleep", ["sleep", "0.15"], os.environ)
print("waitpid", timed(os.waitpid, pid, 0)[0][1])
signal.setitimer(signal.ITIMER_REAL, 0)
print(hits > 100)


class Stop(Exception):
    pass


def stop(signum, frame):
    raise Stop


signal.signal(signal.SIGALRM, stop)
for what in (lambda: time.sleep(60), lambda: os.read(read_end, 1), lambda: lock.acquire(), lambda: right.recv(1), lambda: select.select([read_end], [], [])):
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        what()
    except Stop:
        print("stopped")
