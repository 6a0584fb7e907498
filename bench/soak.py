"""An asyncio server under connections that are opened, half-closed, reset and timed out.

    python3 bench/soak.py [--seconds 300] [--connections 500] RUNTIME

Fails when an answer is lost or wrong, a descriptor stays open, or the server's memory after the last
fifth of the time exceeds that after the first by more than a tenth. Clients run in this process.
"""

import argparse
import asyncio
import os
import pathlib
import random
import socket
import struct
import subprocess
import sys

IDLE = 3.0  # seconds after which the server gives a silent connection up


# The server: `soak.py --serve`, run by the runtime under test.


async def handle(reader, writer):
    try:
        while True:
            async with asyncio.timeout(IDLE):
                line = await reader.readline()
            if not line:
                break
            if line == b"status\n":
                line = b"%d %d\n" % (len(os.listdir("/proc/self/fd")), resident())
            writer.write(line)
            await writer.drain()
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def serve():
    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# The clients.


async def ask(reader, writer, line):
    writer.write(line)
    answer = await asyncio.wait_for(reader.readline(), 60)
    if answer != line:
        raise AssertionError("asked %r, answered %r" % (line, answer))


async def talk_and_close(reader, writer):
    for _ in range(random.randrange(1, 20)):
        await ask(reader, writer, b"%x\n" % random.getrandbits(random.randrange(8, 20_000)))


async def half_close(reader, writer):
    line = b"last words\n" * random.randrange(1, 5)
    writer.write(line)
    writer.write_eof()
    if (answer := await asyncio.wait_for(reader.read(-1), 60)) != line:
        raise AssertionError("after half-close: %r" % answer)


async def reset(reader, writer):
    await ask(reader, writer, b"before reset\n")
    writer.write(b"never answered\n")
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def fall_silent(reader, writer):
    await ask(reader, writer, b"before silence\n")
    if rest := await asyncio.wait_for(reader.read(), 60):
        raise AssertionError("unasked for: %r" % rest)


async def client(port, until, counts):
    clock = asyncio.get_running_loop().time
    while clock() < until:
        behave = random.choice([talk_and_close, talk_and_close, half_close, reset, fall_silent])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await behave(reader, writer)
            counts[behave.__name__] = counts.get(behave.__name__, 0) + 1
        finally:
            writer.close()


async def status(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"status\n")
    descriptors, memory = map(int, (await reader.readline()).split())
    writer.close()
    return descriptors, memory


async def soak(port, seconds, connections):
    counts, fifths = {}, []
    at_rest, _ = await status(port)
    for _ in range(5):
        until = asyncio.get_running_loop().time() + seconds / 5
        await asyncio.gather(*(client(port, until, counts) for _ in range(connections)))
        await asyncio.sleep(2 * IDLE)
        fifths.append(await status(port))
    print("connections:", counts)
    print("descriptors: %d at first," % at_rest, [descriptors for descriptors, _ in fifths])
    print("resident MB:", ["%.1f" % (memory / 1e6) for _, memory in fifths])
    leaked = fifths[-1][0] > at_rest
    grown = fifths[-1][1] > 1.1 * fifths[0][1]
    return 1 if leaked or grown else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("runtime")
    options = parser.parse_args()
    command = [options.runtime, str(pathlib.Path(__file__).resolve()), "--serve"]
    quiet = subprocess.DEVNULL  # every reset is reported
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, text=True)
    try:
        port = int(server.stdout.readline())
        sys.exit(asyncio.run(soak(port, options.seconds, options.connections)))
    finally:
        server.kill()


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    else:
        main()
