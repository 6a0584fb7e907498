"""A tour of the language and its library: run it with `krait examples/tour.py`."""

import collections
import contextlib
import dataclasses
import functools
import itertools
import json
import re
import statistics
import textwrap
from enum import Enum


def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")


heading("Numbers")
print(2**100, 7 // -2, 7 % -2, divmod(17, 5), 0.1 + 0.2, round(2.5))
print(f"{1234567.891:,.2f} {255:#x} {0.000012345:.3e} {3 + 4j!r} {abs(3 + 4j)}")

heading("Text")
word = "Krait"
print(word[::-1], word.center(11, "·"), word.encode().hex(" "), "ß".upper(), len("naïve"))
print(re.sub(r"(\w+)@(\w+)", r"\2 at \1", "user@example"))
print(textwrap.fill("Long lines are wrapped so that they fit into a narrow column.", 30))

heading("Collections")
squares = {n: n * n for n in range(6) if n % 2}
first, *middle, last = sorted(squares.values(), reverse=True)
print(squares, first, middle, last)
print(collections.Counter("mississippi").most_common(2))
print([*itertools.accumulate(range(1, 6))], list(itertools.batched("abcdefg", 3)))
print({1, 2, 3} & {2, 3, 4}, {"a": 1} | {"b": 2}, list(zip("abc", (1, 2, 3), strict=True)))


class Colour(Enum):
    RED = 1
    GREEN = 2


@dataclasses.dataclass(frozen=True, order=True)
class Point:
    x: int
    y: int = 0

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)


def describe(thing):
    match thing:
        case Point(x=0, y=0):
            return "the origin"
        case Point(x, y) if x == y:
            return f"on the diagonal at {x}"
        case [first, *rest]:
            return f"a list: {first!r} and {len(rest)} more"
        case {"kind": kind, **others}:
            return f"a mapping of kind {kind} with {sorted(others)}"
        case Colour.RED | Colour.GREEN:
            return f"a colour called {thing.name.lower()}"
        case _:
            return f"something else: {thing!r}"


heading("Classes and patterns")
print(Point(1, 2) + Point(3), max(Point(1, 2), Point(1, 3)))
for thing in (Point(0), Point(4, 4), [1, 2, 3], {"kind": "cat", "age": 3}, Colour.RED, 1.5):
    print("*", describe(thing))


@functools.cache
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def countdown(n):
    while n:
        received = yield n
        n = received if received is not None else n - 1


heading("Functions and generators")
print(fibonacci(90), fibonacci.cache_info().currsize)
counter = countdown(3)
print(next(counter), counter.send(10), next(counter), sum(countdown(4)))
print((lambda *args, key=1, **rest: (args, key, rest))(1, 2, key=3, extra=4))


class Stack[T]:
    def __init__(self):
        self.items: list[T] = []

    def push(self, item: T) -> None:
        self.items.append(item)


print(Stack.__type_params__, Stack.push.__annotations__)


@contextlib.contextmanager
def tag(name):
    print(f"<{name}>", end="")
    try:
        yield
    finally:
        print(f"</{name}>")


heading("Errors and contexts")
with tag("b"):
    print("bold", end="")
try:
    try:
        {}["missing"]
    except KeyError as error:
        error.add_note("looked in an empty dict")
        raise ValueError("no luck") from error
except ValueError as error:
    print(repr(error), "because of", repr(error.__cause__), error.__cause__.__notes__)
try:
    raise ExceptionGroup("several", [TypeError("one"), OSError(2, "two")])
except* TypeError as group:
    print("caught", group.exceptions)
except* OSError as group:
    print("caught", [error.errno for error in group.exceptions])

heading("Library")
data = {"name": "Krait", "versions": [3, 14], "nested": {"ok": True, "none": None}}
text = json.dumps(data, sort_keys=True)
print(text, json.loads(text) == data)
print(statistics.mean([1, 2, 3, 4]), statistics.median([3, 1, 2]))
