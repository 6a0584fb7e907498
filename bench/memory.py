"""Time and peak memory of building and dropping many objects, and of collecting them.

    python3 bench/memory.py [--rounds N] PYTHON PYTHON… [CASE…]

Every case runs in processes of its own, the interpreters in turn; the best time counts. Times and
peaks (resident, the interpreter included) are followed by the ratio of the last interpreter to the
first where there are several: below 1 the first is better.
"""

import gc
import resource
import subprocess
import sys
import time

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def timed(build):
    """Seconds to build, and to drop, what `build` makes."""
    start = time.perf_counter()
    built = build()
    middle = time.perf_counter()
    del built
    return {"build": middle - start, "drop": time.perf_counter() - middle}


class Plain:
    def __init__(self, a, b, c):
        self.a = a
        self.b = b
        self.c = c


class Slotted:
    __slots__ = ("a", "b", "c")

    def __init__(self, a, b, c):
        self.a = a
        self.b = b
        self.c = c


@case
def nothing():
    return timed(lambda: None)


@case
def ints():
    return timed(lambda: list(range(10_000_000)))


@case
def ints_comprehension():
    return timed(lambda: [i for i in range(10_000_000)])


@case
def big_ints():
    return timed(lambda: [i << 64 for i in range(1_000_000)])


@case
def floats():
    return timed(lambda: [i * 0.5 for i in range(1_000_000)])


@case
def strings():
    return timed(lambda: [f"name {i}" for i in range(1_000_000)])


@case
def byte_strings():
    return timed(lambda: [b"%d" % i for i in range(1_000_000)])


@case
def tuples():
    return timed(lambda: [(i, i, i) for i in range(1_000_000)])


@case
def lists():
    return timed(lambda: [[i] for i in range(1_000_000)])


@case
def plain():
    return timed(lambda: [Plain(i, i, i) for i in range(1_000_000)])


@case
def slotted():
    return timed(lambda: [Slotted(i, i, i) for i in range(1_000_000)])


@case
def dict_of_ints():
    return timed(lambda: {i: i for i in range(1_000_000)})


@case
def dict_of_strings():
    return timed(lambda: {f"name {i}": i for i in range(1_000_000)})


@case
def dict_by_tuples():
    return timed(lambda: {(i, i): i for i in range(1_000_000)})


@case
def small_dicts():
    return timed(lambda: [{"a": i, "b": i} for i in range(1_000_000)])


@case
def set_of_ints():
    return timed(lambda: set(range(1_000_000)))


@case
def sets():
    return timed(lambda: [{i} for i in range(300_000)])


@case
def closures():
    return timed(lambda: [lambda i=i: i for i in range(500_000)])


@case
def collector():
    """A heap of 10⁷ lists: the longest pause while building it, and a full collection."""
    pauses, started = [0.0], 0.0

    def note(phase, info):
        nonlocal started
        if phase == "start":
            started = time.perf_counter()
        else:
            pauses.append(time.perf_counter() - started)

    gc.callbacks.append(note)
    start = time.perf_counter()
    heap = [[i] for i in range(10_000_000)]
    built = time.perf_counter()
    gc.callbacks.clear()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        gc.collect()
        times.append(time.perf_counter() - begin)
    assert len(heap) == 10_000_000
    return {"build": built - start, "pause": max(pauses), "collect": min(times)}


def measure(python, name):
    """What the case reports, in a process of its own."""
    command = [python, __file__, "--case", name]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {key: float(value) for key, value in map(str.split, output.splitlines())}


def compare(pythons, names, rounds):
    for name in names:
        results = [{} for _ in pythons]
        for _ in range(rounds):
            for python, best in zip(pythons, results):
                for key, value in measure(python, name).items():
                    best[key] = min(value, best.get(key, value))
        for key in results[0]:
            unit, scale = ("MiB", 1) if key == "peak" else ("ms", 1000)
            values = [result[key] * scale for result in results]
            row = "".join(f"{value:10.1f}" for value in values)
            ratio = f"{values[0] / values[-1]:8.2f}" if len(values) > 1 and values[-1] else ""
            print(f"{name:20}{key:10}{row} {unit:4}{ratio}", flush=True)


def main(arguments):
    if arguments[:1] == ["--case"]:
        for key, value in CASES[arguments[1]]().items():
            print(key, value)
        print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    rounds = 3
    if arguments[:1] == ["--rounds"]:
        rounds, arguments = int(arguments[1]), arguments[2:]
    pythons = [argument for argument in arguments if argument not in CASES]
    names = [argument for argument in arguments if argument in CASES]
    compare(pythons or [sys.executable], names or list(CASES), rounds)


main(sys.argv[1:])
