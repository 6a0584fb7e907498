"""A program that has used up its descriptors."""

import functools
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile

# Children print, too.
print = functools.partial(print, flush=True)


def attempt(what, *args):
    try:
        what(*args)
    except OSError as error:
        return type(error).__name__, error.errno, error.strerror
    return "no error"


server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
used = []
try:
    while True:
        used.append(os.dup(0))
except OSError as error:
    print(error)
for what in (
    lambda: open(__file__),
    lambda: os.open(__file__, os.O_RDONLY),
    os.pipe,
    socket.socket,
    socket.socketpair,
    server.accept,
    select.epoll,
    lambda: os.dup(0),
    lambda: os.listdir("."),
    lambda: list(os.scandir(".")),
    lambda: tempfile.TemporaryFile(dir="/"),
    lambda: subprocess.run([sys.executable, "-c", ""]),
    lambda: subprocess.Popen(["true"], stdout=subprocess.PIPE),
    lambda: os.memfd_create("x"),
):
    print(attempt(what))
try:
    import this_module_does_not_exist
except ImportError as error:
    print(error)
for fd in used:
    os.close(fd)
print(attempt(server.accept), subprocess.run([sys.executable, "-c", "print(1)"]).returncode)
