"""`f(*args, **kwargs)` of functions, methods, classes and builtins, many times over."""


def plain(a, b=2, /, c=3, *, d=4):
    return a, b, c, d


def rest(*args, **kwargs):
    return args, kwargs


class Name(str):
    __hash__ = str.__hash__

    def __eq__(self, other):
        asked.append(str(other))
        return str.__eq__(self, other)


class Point:
    def __init__(self, x, y=0, *more, **named):
        self.all = x, y, more, named

    def method(self, *args, **kwargs):
        return self.all[0], args, kwargs


class Bad:
    def __init__(self, *args):
        return args


class Made:
    def __new__(cls, *args, **kwargs):
        return args, kwargs


def show(function, *args, **kwargs):
    try:
        print(function(*args, **kwargs))
    except TypeError as error:
        print("TypeError:", error)


asked = []
point = Point(1)
wide = {f"name{i}": i for i in range(20)}
for _ in range(40):
    results = [
        plain(*(1,)),
        plain(*[1, 5], **{"d": 6}),
        rest(*"ab", *range(3), **{"x": 1}, y=2),
        rest(**wide),
        Point(*(1, 2, 3), **{"n": 4}).all,
        point.method(*(7,), k=8),
        point.method(**wide),
        max(*(3, 9, 4)),
        sorted(*([3, 1, 2],), **{"reverse": True}),
        dict(*([("a", 1)],), **{"b": 2}),
        Made(*(1,), **{"k": 2}),
    ]
for result in results:
    print(result)
for _ in range(3):
    show(plain)
    show(plain, 1, 2, 3, 4)
    show(plain, 1, a=1)
    show(plain, 1, c=1, d=2, e=3)
    show(plain, 1, 2, 3, c=4)
    show(rest, 1, **{Name("x"): 1})
    show(plain, 1, **{Name("c"): 1})
    show(Point)
    show(Point, 1, x=2)
    show(Bad, 1)
    show(point.method, 1, self=2)
for call in (
    lambda: plain(*1),
    lambda: plain(**1),
    lambda: plain(1, **{1: 2}),
    lambda: plain(1, **{"c": 1}, **{"c": 2}),
    lambda: Point(*None),
    lambda: Point(**{2: 1}),
    lambda: point.method(**{(): 1}),
    lambda: len(**{1: 1}),
):
    try:
        print(call())
    except TypeError as error:
        print("TypeError:", error)
print(asked.count("c") > 0)
kwargs = {"a": 1}


def keep(**given):
    given["b"] = 2
    return given


print(keep(**kwargs), kwargs)
