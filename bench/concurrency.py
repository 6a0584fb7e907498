"""Servers, hand-over between threads and processes: two or more runtimes side by side.

    python3 bench/concurrency.py [--seconds S] [--rounds N] RUNTIME RUNTIME...

The load generator runs on the last runtime (the reference) whatever serves, so that only the server
differs. Prints one line a measure: the median over the rounds for each runtime, and the first
runtime's ratio to the last (above 1 is better, for latencies too).
"""

import argparse
import json
import pathlib
import select
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()


# What a runtime under test does: `concurrency.py --do NAME`.


def serve_echo():
    """An asyncio server that sends every line back."""
    import asyncio

    async def handle(reader, writer):
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(main())


def serve_wsgi():
    """A WSGI application behind `http.server`."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args):
            pass

    def application(environ, start_response):
        body = ("hello " + environ["PATH_INFO"]).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    server.socket.listen(256)
    print(server.server_port, flush=True)
    server.serve_forever()


def time_condition(rounds=20_000):
    """Hand-overs per second between two threads that share a Condition."""
    import threading

    condition, turn = threading.Condition(), 0

    def play(me):
        nonlocal turn
        for _ in range(rounds):
            with condition:
                while turn != me:
                    condition.wait()
                turn = 1 - me
                condition.notify()

    threads = [threading.Thread(target=play, args=(me,)) for me in (0, 1)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 2 * rounds / (time.perf_counter() - start)


def time_queue(items=100_000):
    """Items per second through a bounded `queue.Queue`."""
    import queue
    import threading

    line = queue.Queue(1000)

    def produce():
        for item in range(items):
            line.put(item)

    thread = threading.Thread(target=produce)
    start = time.perf_counter()
    thread.start()
    for _ in range(items):
        line.get()
    thread.join()
    return items / (time.perf_counter() - start)


def square(x):
    return x * x


def time_pool(items=100_000):
    """Items per second through `multiprocessing.Pool.map` with two workers."""
    import multiprocessing

    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(square, range(100))
        start = time.perf_counter()
        pool.map(square, range(items), 50)
        return items / (time.perf_counter() - start)


# The load generators: `concurrency.py --do load_echo PORT SECONDS`.


def percentile(latencies, share):
    latencies.sort()
    return latencies[min(len(latencies) - 1, int(len(latencies) * share))]


def load_echo(port, seconds, connections=50):
    """Keep one line in flight on each connection; requests per second and 99th percentile."""
    poll, sockets, sent, latencies = select.epoll(), {}, {}, []
    line = b"x" * 63 + b"\n"
    for _ in range(connections):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[client.fileno()] = client
        poll.register(client, select.EPOLLIN)
    start = time.perf_counter()
    for fd, client in sockets.items():
        sent[fd] = time.perf_counter()
        client.send(line)
    while (now := time.perf_counter()) - start < seconds:
        for fd, _ in poll.poll(1):
            if sockets[fd].recv(100) != line:
                raise SystemExit("a line came back wrong")
            now = time.perf_counter()
            latencies.append(now - sent[fd])
            sent[fd] = now
            sockets[fd].send(line)
    return len(latencies) / (now - start), percentile(latencies, 0.99)


def load_wsgi(port, seconds):
    """One request after another, each on its own connection."""
    latencies, start = [], time.perf_counter()
    request = b"GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    while time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(request)
            answer = b""
            while part := client.recv(4096):
                answer += part
        if not answer.endswith(b"hello /page"):
            raise SystemExit("wrong answer: %r" % answer)
        latencies.append(time.perf_counter() - begin)
    return len(latencies) / (time.perf_counter() - start), percentile(latencies, 0.99)


# The driver.


def run(runtime, *words):
    command = [runtime, str(HERE), "--do", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def serve_and_load(kind, runtime, generator, seconds):
    server = subprocess.Popen(
        [runtime, str(HERE), "--do", "serve_" + kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the generator drops its connections at the end
        text=True,
    )
    try:
        port = server.stdout.readline().strip()
        run(generator, "load_" + kind, port, 0.5)
        return json.loads(run(generator, "load_" + kind, port, seconds))
    finally:
        server.kill()
        server.wait()


def measure(runtime, generator, seconds):
    """Everything once: measure -> number."""
    echo, echo_late = serve_and_load("echo", runtime, generator, seconds)
    wsgi, wsgi_late = serve_and_load("wsgi", runtime, generator, seconds)
    return {
        "asyncio echo (requests/s)": echo,
        "asyncio echo (99th percentile, s)": echo_late,
        "http.server WSGI (requests/s)": wsgi,
        "http.server WSGI (99th percentile, s)": wsgi_late,
        "Condition (hand-overs/s)": float(run(runtime, "time_condition")),
        "queue.Queue (items/s)": float(run(runtime, "time_queue")),
        "Pool.map (items/s)": float(run(runtime, "time_pool")),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("runtimes", nargs="+")
    options = parser.parse_args()
    results = {runtime: [] for runtime in options.runtimes}
    for _ in range(options.rounds):
        for runtime in options.runtimes:
            results[runtime].append(measure(runtime, options.runtimes[-1], options.seconds))
    first, last = options.runtimes[0], options.runtimes[-1]
    for name in results[first][0]:
        median = {
            runtime: statistics.median(round_[name] for round_ in rounds)
            for runtime, rounds in results.items()
        }
        ratio = median[first] / median[last]
        if name.endswith("s)") and "percentile" in name:
            ratio = 1 / ratio
        figures = " ".join("%12.6g" % median[runtime] for runtime in options.runtimes)
        print("%-40s %s  %.2f" % (name, figures, ratio))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--do"]:
        name, *arguments = sys.argv[2:]
        result = globals()[name](*(float(x) if "." in x else int(x) for x in arguments))
        print(json.dumps(result))
    else:
        main()
