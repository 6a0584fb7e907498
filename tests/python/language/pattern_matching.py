from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


def describe(value):
    match value:
        case None | True | False:
            return "singleton"
        case 0:
            return "zero"
        case int(n) if n < 0:
            return f"negative {n}"
        case "a" | "b" as letter:
            return f"letter {letter}"
        case []:
            return "empty"
        case [only]:
            return f"one {only!r}"
        case [first, *middle, last]:
            return f"{first} {middle} {last}"
        case {"kind": "circle", "r": r, **rest}:
            return f"circle {r} {rest}"
        case Point(0, y=y):
            return f"on the axis {y}"
        case Point(x, y) if x == y:
            return "diagonal"
        case float() | complex():
            return "inexact"
        case _:
            return "other"


for value in (None, 0, -3, "a", [], ["x"], (1, 2, 3), range(3), {"kind": "circle", "r": 2, "s": 1},
              Point(0, 5), Point(2, 2), Point(1, 2), 1.5, 2j, "abc", b"ab", {1}):
    print(repr(value), "->", describe(value))
