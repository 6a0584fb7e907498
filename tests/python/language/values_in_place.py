# Floats are changed in place and values moved only where nobody can notice.


def alias():
    x = 1.5
    y = x
    x = x + 1.0
    x += 2
    z = x * y - x / 2 + y ** 2 - -x
    return x, y, z, -x


for _ in range(50):
    last = alias()
print(last)


def chain(values):
    total = 0.0
    for v in values:
        total = total + v * v
    return total


values = [i / 4 for i in range(100)]
print(chain(values), values[:5], sum(values))


class Holder:
    __slots__ = ("v",)


h = Holder()
h.v = 2.5
kept = []
for _ in range(40):
    kept.append(h.v)
    h.v = h.v + 1
    h.v = h.v ** 0.5 + h.v * -0.5
print(kept[0], kept[1], round(kept[-1], 6), len(set(map(id, kept))) == 40)


def powers(pairs):
    out = []
    for a, b in pairs:
        try:
            out.append(a ** b)
        except (ZeroDivisionError, OverflowError) as error:
            out.append(str(error))
    return out


print(powers([(2.0, 3.0)] * 30 + [(-2.0, 0.5), (-2.0, 3), (0.0, -1.0), (1e300, 2.0), (float("inf"), 2), (2, -1.0)])[-7:])


# Unpacking in frames without a word to spare.
def pairs(d):
    return sum(k * v for k, v in d.items()), [a + b for (a, b), in [[(1, 2)], [(3, 4)]]]


for _ in range(30):
    last = pairs({1: 2, 3: 4, 5: 6})
print(last)


def spread(rows):
    for a, *b, c in rows:
        yield a, b, c


print(list(spread(["abc", (1, 2), [1, 2, 3, 4]])))
for bad in ("a", [], range(1)):
    try:
        list(spread([bad]))
    except ValueError as error:
        print(error)


# Closing generators, noticed and not.
def quiet():
    try:
        yield 1
    finally:
        print("finally")


def plain():
    yield 1
    yield 2


def nested():
    with open("/dev/null"):
        yield 1


for make in (quiet, plain, nested):
    g = make()
    next(g)
    print(make.__name__, g.close(), g.gi_frame, list(g))
print(any(x > 2 for x in range(10)), next(x for x in "abc" if x > "a"))


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


def holder(n):
    keep = n
    yield keep
    yield keep


g = holder(Noisy("held"))
next(g)
print("before")
g.close()
print("after")
del g


# Slices, with bounds of all kinds.
class Index:
    def __init__(self, i):
        self.i = i

    def __index__(self):
        return self.i


def cut(s, i, j):
    return s[i:j]


for s in ("héllo", [1, 2, 3, 4, 5], (1, 2, 3, 4, 5), b"hello", range(5)):
    print([cut(s, i, j) for i in (None, 0, 2, -2, 9, -9, Index(1)) for j in (None, 3, -1)][:8], cut(s, 4, 1), cut(s, True, 10 ** 30))
t = (1, 2)
print(cut(t, None, None) is t, cut("ab", 0, 5) == "ab", cut([1], 0, 9) is not None)
try:
    cut([1], "a", None)
except TypeError as error:
    print(error)


# Dict and set keys that are equal but not the same.
d = {1: "int", 2: "two", 3: "three"}
print(d[1.0], d[True], d.get(2.0), 4 in d, 3.0 in d)


class Key:
    def __hash__(self):
        return 2

    def __eq__(self, other):
        return other == 2


print(d[Key()], Key() in {1, 2, 3}, Key() in {5, 6}, 2.0 in {1, 2}, 2 in {Key()})
d["s"] = "str"
print(d["s"], d[3], "".join(["", "s"]) in d, 2**60 in d)


# Big products and sums.
n = 3**200
m = 7**151
print(n * m % 1000003, (n * 5 - m) // 11 % 997, (n + m) % 1000033, n * 1073741823 % 10**9, (n * n - m * m) // (n - m) == n + m)
print(int("9" * 300) * int("9" * 17), sum(range(10**18, 10**18 + 5)))
