"""Time and peak memory of building and dropping many objects, and of collecting them.

    python3 bench/memory.py [--rounds N] PYTHON PYTHON… [CASE…]

Every case runs in processes of its own, the interpreters in turn; the best time counts. A case imports
what it needs, so that the peaks of the others show no more than the interpreter. Times and
peaks (resident, the interpreter included) are followed by the ratio of the last interpreter to the
first where there are several: below 1 the first is better.
"""

import gc
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

    def method(self):
        return self


class Slotted:
    __slots__ = ("a", "b", "c")

    def __init__(self, a, b, c):
        self.a = a
        self.b = b
        self.c = c


class Bare:
    pass


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
def frozensets():
    return timed(lambda: [frozenset((i, "a")) for i in range(300_000)])


@case
def nested_dicts():
    return timed(lambda: [{"a": {"b": {"c": i}}} for i in range(200_000)])


@case
def empty_dicts():
    return timed(lambda: [{} for i in range(1_000_000)])


@case
def empty_lists():
    return timed(lambda: [[] for i in range(1_000_000)])


@case
def grown_lists():
    """Lists that are appended to."""

    def build():
        lists = [[] for i in range(200_000)]
        for j in range(10):
            for each in lists:
                each.append(j)
        return lists

    return timed(build)


@case
def popped_list():
    def build():
        items = [None] * 5_000_000
        while len(items) > 1000:
            items.pop()
        return items

    return timed(build)


@case
def shown():
    """Instances whose `__dict__` somebody asked for."""

    def build():
        instances = [Plain(i, i, i) for i in range(300_000)]
        for each in instances:
            vars(each)
        return instances

    return timed(build)


@case
def shown_and_changed():
    def build():
        instances = [Plain(i, i, i) for i in range(300_000)]
        for each in instances:
            each.__dict__["d"] = 1
        return instances

    return timed(build)


@case
def many_attributes():
    """Instances that get attributes from outside, more than the class assigns."""

    def build():
        instances = [Plain(i, i, i) for i in range(200_000)]
        for each in instances:
            each.d = each.e = each.f = each.g = None
        return instances

    return timed(build)


@case
def bare():
    return timed(lambda: [Bare() for i in range(1_000_000)])


def record(slots):
    import dataclasses

    fields = [("a", int), ("b", int), ("c", int)]
    return dataclasses.make_dataclass("Record", fields, slots=slots)


@case
def dataclass():
    Record = record(slots=False)
    return timed(lambda: [Record(i, i, i) for i in range(500_000)])


@case
def dataclass_with_slots():
    Record = record(slots=True)
    return timed(lambda: [Record(i, i, i) for i in range(500_000)])


@case
def named_tuples():
    import collections

    Named = collections.namedtuple("Named", "a b c")
    return timed(lambda: [Named(i, i, i) for i in range(500_000)])


@case
def enums():
    import enum

    return timed(lambda: [enum.Enum(f"E{i}", "a b c d") for i in range(500)])


@case
def classes():
    return timed(lambda: [type("C", (), {"f": lambda self: 1, "a": i}) for i in range(10_000)])


@case
def ordered_dicts():
    import collections

    return timed(lambda: [collections.OrderedDict(a=i, b=i) for i in range(200_000)])


@case
def ordered_dict_of_ints():
    import collections

    def build():
        ordered = collections.OrderedDict()
        for i in range(500_000):
            ordered[i] = i
        return ordered

    return timed(build)


@case
def default_dict():
    import collections

    def build():
        groups = collections.defaultdict(list)
        for i in range(500_000):
            groups[i // 2].append(i)
        return groups

    return timed(build)


@case
def counter():
    import collections

    return timed(lambda: collections.Counter(f"name {i}" for i in range(500_000)))


@case
def deque_of_ints():
    import collections

    return timed(lambda: collections.deque(range(5_000_000)))


@case
def deques():
    import collections

    return timed(lambda: [collections.deque((i,)) for i in range(100_000)])


@case
def generators():
    def numbers(i):
        yield i

    def build():
        started = [numbers(i) for i in range(300_000)]
        for each in started:
            next(each)
        return started

    return timed(build)


@case
def coroutines():
    async def work(i):
        return i

    def build():
        waiting = [work(i) for i in range(300_000)]
        for each in waiting:
            each.close()
        return waiting

    return timed(build)


@case
def bound_methods():
    plain = Plain(1, 2, 3)
    return timed(lambda: [plain.method for i in range(1_000_000)])


@case
def builtin_methods():
    items = []
    return timed(lambda: [items.append for i in range(1_000_000)])


@case
def exceptions():
    return timed(lambda: [ValueError(i) for i in range(500_000)])


@case
def raised_exceptions():
    def build():
        caught = []
        for i in range(200_000):
            try:
                raise ValueError(i)
            except ValueError as error:
                caught.append(error)
        return caught

    return timed(build)


@case
def iterators():
    return timed(lambda: [iter((i,)) for i in range(1_000_000)])


@case
def slices():
    return timed(lambda: [slice(i) for i in range(1_000_000)])


@case
def ranges():
    return timed(lambda: [range(i) for i in range(1_000_000)])


@case
def complexes():
    return timed(lambda: [complex(i, i) for i in range(1_000_000)])


@case
def byte_arrays():
    return timed(lambda: [bytearray(b"%d" % i) for i in range(500_000)])


@case
def wide_strings():
    return timed(lambda: [f"\u0101{i}" for i in range(1_000_000)])


@case
def weak_references():
    import weakref

    def build():
        instances = [Plain(i, i, i) for i in range(200_000)]
        return instances, [weakref.ref(each) for each in instances]

    return timed(build)


@case
def partials():
    import functools

    return timed(lambda: [functools.partial(print, i) for i in range(500_000)])


@case
def datetimes():
    import datetime

    return timed(lambda: [datetime.datetime(2000, 1, 1, 0, 0, 0, i) for i in range(500_000)])


@case
def decimals():
    import decimal

    return timed(lambda: [decimal.Decimal(i) for i in range(500_000)])


@case
def fractions_of_ints():
    import fractions

    return timed(lambda: [fractions.Fraction(i, 7) for i in range(200_000)])


@case
def json_records():
    import json

    text = json.dumps([{"id": i, "name": f"name {i}", "tags": ["a", "b"]} for i in range(100_000)])
    return timed(lambda: json.loads(text))


@case
def text_lines():
    text = "".join(f"line {i} of the text\n" for i in range(500_000))
    return timed(lambda: text.splitlines())


@case
def joined():
    """One string made of many parts."""
    parts = ["part"] * 5_000_000
    return timed(lambda: ",".join(parts))


@case
def sorted_list():
    items = [(i * 7919) % 1_000_003 for i in range(1_000_000)]
    return timed(lambda: sorted(items))


@case
def cycles():
    """Garbage that only the collector finds."""

    def build():
        for i in range(500_000):
            items = []
            items.append(items)

    return timed(build)


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


def peak():
    """MiB. Not `ru_maxrss`, which a process begins with its parent's."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def measure(python, name):
    """What the case reports, in a process of its own."""
    import subprocess

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
        print("peak", peak())
        return
    rounds = 3
    if arguments[:1] == ["--rounds"]:
        rounds, arguments = int(arguments[1]), arguments[2:]
    pythons = [argument for argument in arguments if argument not in CASES]
    names = [argument for argument in arguments if argument in CASES]
    compare(pythons or [sys.executable], names or list(CASES), rounds)


main(sys.argv[1:])
