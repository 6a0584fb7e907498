"""Call what builtin types offer with odd arguments: builtins.py SEED COUNT.

Case number N is the same whatever runs before it. Its line is printed before it is begun. What is
infinite, huge by design, or reaches out of the process is left out.
"""

import builtins
import sys
import types
import warnings

sys.setrecursionlimit(500)
warnings.simplefilter("ignore")

LEFT_OUT = {
    "open", "input", "exit", "quit", "breakpoint", "help", "print", "exec", "eval", "compile", "__import__",
    "copyright", "credits", "license", "globals", "locals", "vars", "__build_class__", "pow", "__pow__",
    "__rpow__", "__ipow__", "__lshift__", "__rlshift__", "__ilshift__", "__init_subclass__", "__subclasshook__",
    "__del__", "cr_frame", "zfill", "ljust", "rjust", "center", "expandtabs", "__mul__", "__rmul__", "__imul__",
    "__format__", "format", "to_bytes",
}


class Random:
    def __init__(self, seed):
        self.state = (seed * 6364136223846793005 + 1442695040888963407) % 2**64

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def pick(self, items):
        return items[self.below(len(items))]


class Odd:
    """Answers every protocol, and mostly not as one expects."""

    def __init__(self, random):
        self.random = random

    def answer(self, *_):
        choice = self.random.below(9)
        if choice == 0:
            raise KeyError("odd")
        return [None, -1, 2**70, "s", [self], NotImplemented, 1.5, True, b""][choice]

    __len__ = __index__ = __int__ = __float__ = __bool__ = __hash__ = __eq__ = __lt__ = __add__ = answer
    __radd__ = __getitem__ = __setitem__ = __delitem__ = __contains__ = __call__ = __repr__ = answer
    __str__ = __bytes__ = __iter__ = __next__ = __enter__ = __exit__ = __get__ = __set__ = answer
    __reversed__ = __length_hint__ = __missing__ = __fspath__ = __buffer__ = __copy__ = answer


class Changing(list):
    """A list that changes while it is looked at."""

    def __iter__(self):
        for item in list.__iter__(self):
            self.clear()
            yield item

    def __eq__(self, other):
        self.clear()
        return True

    __hash__ = None


class Text(str):
    def __eq__(self, other):
        raise ValueError("text")

    def __hash__(self):
        return 1


class Number(int):
    def __index__(self):
        return 2**63

    def __add__(self, other):
        return NotImplemented


def generator(random):
    received = yield 1
    while random.below(4):
        received = yield received
    return 2


async def coroutine():
    return 1


def values(random):
    """The values that a case can use; fresh ones, so that no case sees what another did."""
    odd = Odd(random)
    cyclic = []
    cyclic.append(cyclic)
    loop = {}
    loop["loop"] = loop
    return [
        None, True, False, ..., NotImplemented, 0, 1, -1, 7, 255, 256, 2**31, 2**63, -(2**63), 2**64, 2**200,
        0.0, -0.0, 1.5, 1e308, float("inf"), float("nan"), 1j, complex("nan"), "", "a", "abc", "äß", "\ud800",
        "\U0001f600", "%s%d", "{}{0!r:>{1}}", "a" * 300, b"", b"abc", b"\xff" * 40, bytearray(b"abc"),
        bytearray(), memoryview(b"abcd"), memoryview(bytearray(b"abcdef"))[::2], (), (1,), (1, "a", None), [],
        [3, 1, 2], [None] * 50, ["a", "b"], cyclic, {}, {1: 2}, {"a": [], "b": ()}, loop, set(), {1, 2, "a"},
        frozenset(), frozenset({1, 2}), range(0), range(5), range(10, -10, -3), slice(None), slice(1, 5, -1),
        slice("a", odd), iter([1, 2, 3]), iter("ab"), iter({1: 2}), enumerate("ab"), zip([1], [2]),
        map(str, [1]), filter(None, [0, 1]), reversed([1, 2]), generator(random), coroutine(), odd, Odd, Changing([1, 2]),
        Text("abc"), Number(5), object(), object, type, int, str, list, dict, Exception, Exception("x"),
        KeyError(1), StopIteration(3), ExceptionGroup("g", [ValueError(1)]), len, print, lambda *a, **k: a,
        "".join, [].append, property(len), staticmethod(len), classmethod(len), super, types.SimpleNamespace(a=1),
        types.MappingProxyType({1: 2}), type("C", (), {"a": 1}), type("C", (), {})(), sys, int | str, list[int],
        types.CellType(1), types.MethodType(len, "abc"), (lambda: 0).__code__, {}.keys(), {1: 2}.items(),
    ]


def set_item(a, b, c):
    a[b] = c


def delete_item(a, b, c):
    del a[b]


def change_attribute(a, b, c):
    setattr(a, "a", b)
    delattr(a, "a")


def add_in_place(a, b, c):
    a += b
    return a


def merge_in_place(a, b, c):
    a |= b
    return a


def unpack(a, b, c):
    first, *rest = a
    (x, y), z = b, c
    return first, rest


def match(a, b, c):
    match a:
        case [x, *y]:
            return x, y
        case {"a": x, **y}:
            return x, y
        case str() | int():
            return b


OPERATIONS = [
    set_item, delete_item, change_attribute, add_in_place, merge_in_place, unpack, match,
    lambda a, b, c: a + b, lambda a, b, c: a - b, lambda a, b, c: a // b, lambda a, b, c: a % b,
    lambda a, b, c: a & b, lambda a, b, c: a | b, lambda a, b, c: a ^ b, lambda a, b, c: a >> b,
    lambda a, b, c: a / b, lambda a, b, c: a @ b, lambda a, b, c: -a, lambda a, b, c: ~a,
    lambda a, b, c: a < b, lambda a, b, c: a == b, lambda a, b, c: a in b, lambda a, b, c: a <= b <= c,
    lambda a, b, c: a[b], lambda a, b, c: a[b:c], lambda a, b, c: a[::b], lambda a, b, c: not a,
    lambda a, b, c: a % (b, c), lambda a, b, c: f"{a!r:>{10}}{b!s}", lambda a, b, c: [*a, *b],
    lambda a, b, c: {**a, **b}, lambda a, b, c: {a, b, c}, lambda a, b, c: {a: b, c: a}, lambda a, b, c: a(*b, **c),
    lambda a, b, c: a(b, key=c), lambda a, b, c: sorted([a, b, c]), lambda a, b, c: max(a, b, c),
    lambda a, b, c: getattr(a, b), lambda a, b, c: isinstance(a, b), lambda a, b, c: type(a)(b),
    lambda a, b, c: type(a)(b, c), lambda a, b, c: type("C", (type(a), type(b)), {"x": c}),
    lambda a, b, c: type("C", (type(a),), {"__slots__": b})(), lambda a, b, c: a.__class__.__mro__,
    lambda a, b, c: object.__reduce_ex__(a, 4), lambda a, b, c: memoryview(a)[b], lambda a, b, c: str(a, b, c),
    lambda a, b, c: sum([a, b], c), lambda a, b, c: [x for _, x in zip(range(9), a)], lambda a, b, c: a.send(b),
    lambda a, b, c: a.throw(b), lambda a, b, c: "{0[a]} {1.b} {2:>5}".format(a, b, c), lambda a, b, c: b.join([a, c]),
]


def one(random):
    pool = values(random)
    pick = lambda: pool[random.below(len(pool))]
    if random.below(2) == 0:
        number = random.below(len(OPERATIONS))
        args = [pick(), pick(), pick()]
        shown = ", ".join(type(arg).__name__ for arg in args)
        return None, f"operation {number} ({shown})", "", OPERATIONS[number], args, {}
    if random.below(3) == 0:
        names = sorted(name for name in vars(builtins) if name not in LEFT_OUT)
        name = random.pick(names)
        owner, function = builtins, getattr(builtins, name)
    else:
        owner = pick()
        names = sorted(name for name in dir(type(owner)) if name not in LEFT_OUT)
        name = random.pick(names)
        function = None
    args = [pick() for _ in range(random.below(4))]
    names = ("key", "default", "sep", "encoding", "errors", "start", "reverse", "strict", "maxsplit", "base")
    kwargs = {random.pick(names): pick()} if random.below(5) == 0 else {}
    kind = type(owner).__name__
    shown = ", ".join(type(arg).__name__ for arg in args)
    return owner, f"{kind}.{name}({shown}) {sorted(kwargs)}", name, function, args, kwargs


def perform(owner, name, function, args, kwargs):
    if function is None:
        function = getattr(owner, name)
    if callable(function):
        result = function(*args, **kwargs)
    else:
        result = function
    if hasattr(type(result), "__next__"):
        for _, _ in zip(range(20), result):
            pass
    repr(result)[:100]
    if args:
        hash(result)


def main(seed, count):
    for number in range(seed, seed + count):
        owner, text, *what = one(Random(number))
        print("case", number, text.encode("ascii", "replace").decode(), flush=True)
        try:
            perform(owner, *what)
        except BaseException:
            pass


main(int(sys.argv[1]), int(sys.argv[2]))
