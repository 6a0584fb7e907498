# Containers that are changed by the methods of what they hold.
import collections


def show(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e, getattr(e, "__notes__", ""))


class Clears:
    def __init__(self, what):
        self.what = what

    def __eq__(self, other):
        self.what.clear()
        return False

    def __hash__(self):
        return 1

    def __index__(self):
        self.what.clear()
        return 0


a = []
a.extend([Clears(a), 1])
b = [2, 1]
show(lambda: a == b)
a[:] = [Clears(a)]
show(lambda: a == [5])

od = collections.OrderedDict.fromkeys([1, 2])
other = collections.OrderedDict.fromkeys([1, 2])
od[Clears(od)] = None
other[Clears(other)] = None
show(lambda: od == other)


class Separator(bytes):
    def __len__(self):
        array.clear()
        return 1


array = bytearray(b"abc")
show(lambda: array.hex(Separator(b":")))
view = memoryview(array)


class Releases(bytes):
    def __len__(self):
        view.release()
        return 1


show(lambda: view.hex(Releases(b":")))

d = dict.fromkeys(range(10))
for i in range(7):
    del d[i]
it = reversed(d)
print(next(it))
d.clear()
d.update(dict.fromkeys(range(10)))
for i in range(3, 10):
    del d[i]
show(lambda: list(it))


def bad():
    yield "key"
    raise TypeError("oops")


show(lambda: dict([bad()]))
show(lambda: dict([object]))


def factory():
    counts["x"] = 5
    return 7


counts = collections.defaultdict(factory)
print(counts["x"], dict(counts))


class NoNext:
    def __iter__(self):
        return self


for f in (iter, enumerate, list, zip):
    show(lambda: f(NoNext()))


class Named(tuple):
    def __init__(self, iterable, extra):
        self.extra = extra


class Counted(list):
    def __new__(cls, iterable, extra):
        self = super().__new__(cls, iterable)
        self.extra = extra
        return self


print(Named([1, 2], extra=3), Counted([1, 2], extra=3))
show(lambda: tuple([1], extra=1))
show(lambda: {}[collections.deque()])
show(lambda: collections.deque() + 1)


def nested(depth, wrap):
    value = ()
    for _ in range(depth):
        value = wrap(value)
    return value


for f in (hash, repr):
    try:
        f(nested(400_000, lambda value: (value,)))
        print("done")
    except RecursionError:
        print("RecursionError")
