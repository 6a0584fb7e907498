# What is specialised for dicts and tuples also serves subclasses that change nothing of it.
from collections import Counter, OrderedDict, defaultdict, namedtuple


class Quiet(dict):
    def __missing__(self, key):
        return "missing", key


class Loud(dict):
    def __getitem__(self, key):
        return "loud", dict.get(self, key)

    def __contains__(self, key):
        return True

    def __setitem__(self, key, value):
        dict.__setitem__(self, key, [value])


def use(d):
    d["a"] = 1
    d["a"] += 1
    try:
        missing = d["b"]
    except KeyError as e:
        missing = repr(e)
    return d["a"], missing, "a" in d, "c" in d, sorted(d)


makers = [dict, lambda: defaultdict(list), Counter, OrderedDict, Quiet, Loud]
for turn in range(60):
    answers = []
    for make in makers:
        try:
            answers.append(use(make()))
        except TypeError as e:
            answers.append(str(e))
    if turn in (0, 59):
        print(*answers, sep="\n")

Point = namedtuple("Point", "x y")
Line = namedtuple("Line", "a b")


class Odd(Point):
    __slots__ = ()

    def __eq__(self, other):
        return "odd"

    __hash__ = Point.__hash__


nan = float("nan")
pairs = [
    (Point(1, 2), Point(1, 2)),
    (Point(1, 2), Point(1, 3)),
    (Point(1, 2), (1, 2)),
    (Line(Point(1, 2), Point(3, 4)), Line(Point(1, 2), Point(3, 4.0))),
    (Point(1, 2), Line(1, 2)),
    (Odd(1, 2), Odd(1, 2)),
    (Point(nan, 1), Point(nan, 1)),
]
for a, b in pairs:
    print(a == b, a != b, hash(a) == hash(b), {a: 1}.get(b), [a].count(b), a in [b])


class Plain:
    pass


a, b = Plain(), Plain()
print(a == a, a == b, a != a, a != b, a == 1, None != a)
