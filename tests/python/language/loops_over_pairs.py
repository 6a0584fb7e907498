"""Loops that unpack pairs: of dicts, enumerated, zipped; what changes meanwhile; errors; monitoring."""
import itertools
import sys


def loop(pairs):
    return [(x, y) for x, y in pairs]


def each(pairs):
    out = []
    for x, y in pairs:
        out.append((x, y))
    return out


def attempt(make):
    for run in (loop, each):
        for _ in range(30):
            try:
                result = run(make())
            except Exception as error:
                result = f"{type(error).__name__}: {error}"
        print(result)


class Own:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise StopIteration
        if self.n == 3:
            raise KeyError(self.n)
        return self.n


class Pairs(enumerate):
    def __next__(self):
        return "ab"


once = [1, 2, 3, 4, 5]
attempt(lambda: {"a": 1, 2: "b", None: 3}.items())
attempt(lambda: {}.items())
attempt(lambda: enumerate(once))
attempt(lambda: enumerate("xyz", 2**39 - 2))
attempt(lambda: enumerate(once, sys.maxsize - 2))
attempt(lambda: enumerate(once, 2**70))
attempt(lambda: enumerate(Own(3)))
attempt(lambda: enumerate(Own(6)))
attempt(lambda: zip(once, "abc"))
attempt(lambda: zip(once, once[1:]))
attempt(lambda: zip(once[1:], once))
attempt(lambda: zip(once, range(3)))
attempt(lambda: zip(*[iter(once)] * 2))
attempt(lambda: zip(once, "abc", strict=True))
attempt(lambda: zip(once, once, once))
attempt(lambda: zip(once))
attempt(lambda: zip())
attempt(lambda: zip(Own(6), once))
attempt(lambda: itertools.islice(Pairs(once), 3))
attempt(lambda: [(1, 2), [3, 4], "ab"])
attempt(lambda: reversed({"a": 1, "b": 2}.items()))


def changing(change):
    numbers = {"a": 1, "b": 2, "c": 3}
    try:
        for key, value in numbers.items():
            change(numbers, key)
            print(key, value, end=" ")
    except RuntimeError as error:
        print(error, end=" ")
    print(numbers)


for change in (
    lambda d, k: d.update({k: 0}),
    lambda d, k: d.pop(k),
    lambda d, k: d.update(new=1),
    lambda d, k: (d.pop(k), d.update({k: 5})),
    lambda d, k: d.clear(),
):
    for _ in range(20):
        pass
    changing(change)


def growing():
    items = [1]
    for i, x in enumerate(items):
        if i < 10:
            items.append(x + i)
    return items


def kept():
    last = None
    for pair in zip("ab", "cd"):
        if last is not None:
            print(last, pair)
        last = pair
    with_pairs = [pair for pair in enumerate("ab")]
    print(with_pairs)


print(growing())
kept()
iterator = zip(once, iter(once))
for a, b in iterator:
    if a == 2:
        break
print(next(iterator), list(iterator))


def shapes():
    total = 0
    for source in ({1: 2}.items(), enumerate("a"), zip([1], [2]), [(5, 6)], (x for x in [(7, 8)]), {(1, 2): 0}):
        for a, b in source:
            total += 1
            print(a, b, end="; ")
    print(total)


shapes()

lines = []


def traced():
    for (
        a,
        b,
    ) in {1: 2, 3: 4}.items():
        a + b


def tracer(frame, event, arg):
    if frame.f_code is traced.__code__:
        lines.append((event, frame.f_lineno - traced.__code__.co_firstlineno))
    return tracer


for _ in range(30):
    traced()
sys.settrace(tracer)
traced()
sys.settrace(None)
print(lines)
branches = []
mon = sys.monitoring
mon.use_tool_id(3, "test")
mon.set_local_events(3, traced.__code__, mon.events.BRANCH_LEFT | mon.events.BRANCH_RIGHT | mon.events.INSTRUCTION)
mon.register_callback(3, mon.events.BRANCH_LEFT, lambda code, at, to: branches.append(("left", at, to)))
mon.register_callback(3, mon.events.BRANCH_RIGHT, lambda code, at, to: branches.append(("right", at, to)))
mon.register_callback(3, mon.events.INSTRUCTION, lambda code, at: branches.append(at))
traced()
mon.set_local_events(3, traced.__code__, 0)
traced()
print(branches)
mon.free_tool_id(3)
import dis

print([i.opname for i in dis.get_instructions(traced) if i.opname.startswith(("FOR", "UNPACK"))])
print({i.baseopname for i in dis.get_instructions(each, adaptive=True)} == {i.opname for i in dis.get_instructions(each)})
