"""The part of pyperf's interface that benchmarks use, with one timing loop for every runtime.

pyperf starts many worker processes, which costs a runtime that is slow to start more than one that
is not, and gives a runtime that compiles little time to do so. Here one process per round finds
how many loops make a value of at least KRAIT_BENCH_VALUE seconds, warms up for KRAIT_BENCH_WARMUP
seconds and then takes KRAIT_BENCH_VALUES values. Each benchmark prints one line
`value NAME SECONDS…` to the file that KRAIT_BENCH_OUTPUT names. The benchmarks are unmodified.
"""

import argparse
import os
import sys
import time

if os.environ.get("KRAIT_BENCH_CLOCK") == "cpu":
    # Benchmarks read time.perf_counter themselves, so it is exchanged for all.
    time.perf_counter = time.process_time
perf_counter = time.perf_counter

VALUE = float(os.environ.get("KRAIT_BENCH_VALUE", "0.05"))
WARMUP = float(os.environ.get("KRAIT_BENCH_WARMUP", "0.5"))
VALUES = int(os.environ.get("KRAIT_BENCH_VALUES", "5"))


def python_implementation():
    return sys.implementation.name


class Runner:
    def __init__(self, add_cmdline_args=None, _argparser=None, program_args=None, **ignored):
        self.argparser = _argparser or argparse.ArgumentParser()
        self.metadata = {}
        self.args = None

    def parse_args(self, args=None):
        if self.args is None:
            self.args = self.argparser.parse_args(args)
        return self.args

    def _measure(self, name, time_loops, inner_loops=None):
        self.parse_args()
        started = perf_counter()
        loops = 1
        while True:
            seconds = time_loops(loops)
            if seconds >= VALUE:
                break
            loops *= 2 if seconds <= 0 else max(2, min(10, int(VALUE / seconds)))
        while perf_counter() - started < WARMUP:
            time_loops(loops)
        per = loops * (inner_loops or 1)
        values = [time_loops(loops) / per for _ in range(VALUES)]
        line = "value %s %s\n" % (name.replace(" ", "_"), " ".join("%.9g" % v for v in values))
        with open(os.environ["KRAIT_BENCH_OUTPUT"], "a") as file:
            file.write(line)

    def bench_time_func(self, name, time_func, *args, inner_loops=None, metadata=None):
        self._measure(name, lambda loops: time_func(loops, *args), inner_loops)

    def bench_func(self, name, func, *args, inner_loops=None, metadata=None):
        def time_loops(loops):
            repeat = range(loops)
            started = perf_counter()
            for _ in repeat:
                func(*args)
            return perf_counter() - started

        self._measure(name, time_loops, inner_loops)

    def bench_async_func(self, name, func, *args, inner_loops=None, metadata=None,
                         loop_factory=None):
        import asyncio

        async def time_async(loops):
            started = perf_counter()
            for _ in range(loops):
                await func(*args)
            return perf_counter() - started

        def time_loops(loops):
            if loop_factory is None:
                return asyncio.run(time_async(loops))
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                return runner.run(time_async(loops))

        self._measure(name, time_loops, inner_loops)

    def bench_command(self, name, command):
        import subprocess

        def time_loops(loops):
            started = perf_counter()
            for _ in range(loops):
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
            return perf_counter() - started

        self._measure(name, time_loops)
