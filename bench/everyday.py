"""A little of everything that programs are made of: what `cargo xtask startup-order` watches."""

import collections
import contextlib
import functools
import io
import itertools
import os
import tempfile


class Shape:
    """An abstract figure."""

    kinds = []

    def __init_subclass__(cls, **arguments):
        super().__init_subclass__(**arguments)
        Shape.kinds.append(cls.__name__)

    def __init__(self, name, *sides, scale=1.0, **extra):
        self.name, self.sides, self.scale = name, sides, scale
        self.__dict__.update(extra)

    @property
    def area(self):
        raise NotImplementedError(self.name)

    @classmethod
    def unit(cls):
        return cls("unit", 1, 1)

    @staticmethod
    def rounded(value):
        return round(value, 3)

    def __repr__(self):
        return f"{type(self).__name__}({self.name!r}, {', '.join(map(str, self.sides))})"

    def __eq__(self, other):
        return isinstance(other, Shape) and self.sides == other.sides

    def __hash__(self):
        return hash(self.sides)

    def __lt__(self, other):
        return self.area < other.area


class Rectangle(Shape):
    @property
    def area(self):
        width, height = self.sides
        return self.rounded(width * height * self.scale)


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left=None, right=None):
        self.left, self.right = left, right

    def __iter__(self):
        if self.left is not None:
            yield from self.left
        yield self
        if self.right is not None:
            yield from self.right


def shapes():
    found = [Rectangle(f"r{i}", i, i % 7 + 1, colour="red") for i in range(1, 40)]
    found.append(Rectangle.unit())
    found.sort()
    by_area = sorted(found, key=lambda shape: (-shape.area, shape.name))
    by_area.reverse()
    assert repr(found[0]) and by_area[0] in found and len(set(found)) <= len(found)
    assert getattr(found[0], "colour", None) in ("red", None) and hasattr(found[0], "area")
    setattr(found[0], "mark", True)
    del found[0].mark
    tree = Slotted(Slotted(), Slotted(Slotted()))
    assert sum(1 for _ in tree) == 4 and vars(found[1])["scale"] == 1.0
    return max(found).area + min(shape.area for shape in found)


def text():
    words = "It was the best of times, it was the worst of times".lower().split()
    counts = collections.Counter(words)
    longest = max(words, key=len)
    lines = [f"{word:<10}|{count:>3}|{count / len(words):.2%}" for word, count in counts.items()]
    page = "\n".join(line.strip().replace("|", " ") for line in lines)
    assert page.count("\n") == len(lines) - 1 and page.find("best") >= 0 and not page.isdigit()
    assert "%s-%05d-%.2f" % ("a", 7, 1.5) == "a-00007-1.50" == "{}-{:05}-{:.2f}".format("a", 7, 1.5)
    raw = page.encode("utf-8")
    assert raw.decode() == page and raw[:2].hex() and b"best" in raw and int("ff", 16) == 255
    assert "ä€😀".encode().decode("utf-8")[::-1].title() and ord("a") == 97 and chr(8364) == "€"
    assert longest.startswith("t") and longest.endswith(("s", ",")) and page.upper().partition("IT")
    return sum(map(int, "1,22,333".split(","))) + float("2.5") + len(page.splitlines())


def containers():
    table = {i: [i, str(i)] for i in range(50)}
    table.setdefault("x", []).append(1)
    table.pop("x")
    table.update({"a": 1}, b=2)
    merged = {**table, "c": 3} | {"d": 4}
    groups = collections.defaultdict(list)
    for key, value in merged.items():
        groups[type(key)].append(value)
    numbers = list(range(20))
    numbers[3:7] = [0] * 2
    numbers.insert(0, 99)
    numbers.extend(numbers[-3:])
    numbers.remove(99)
    assert numbers.index(0) == 0 and numbers.count(0) == 3 and numbers[::-2] and 7 in numbers
    first, *middle, last = numbers
    queue = collections.deque(middle, maxlen=10)
    queue.appendleft(queue.pop())
    some, others = {1, 2, 3}, frozenset(numbers)
    some |= {5, 6}
    some.discard(9)
    assert some & others and some - others is not some and some <= some | others and (1, 2) < (1, 3)
    pairs = dict(zip("abc", itertools.count()))
    chained = list(itertools.chain.from_iterable(enumerate(pairs)))
    odd = [n for n in numbers if n % 2 and any(n % k == 0 for k in (3, 5, 7))]
    total = functools.reduce(lambda a, b: a * b % 1_000_003, filter(None, numbers))
    return sum(odd) + total + len(chained) + first + last + (2**100 % 97) + divmod(-7, 2)[0]


@functools.lru_cache(maxsize=None)
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@contextlib.contextmanager
def noted(log, name):
    log.append(f"begin {name}")
    try:
        yield log
    finally:
        log.append(f"end {name}")


def errors():
    log = []
    for action in (lambda: {}["k"], lambda: [][1], lambda: 1 / 0, lambda: int("x"), lambda: None.x):
        try:
            with noted(log, "action"):
                action()
        except (KeyError, IndexError) as error:
            log.append(type(error).__name__)
        except Exception as error:
            try:
                raise RuntimeError("again") from error
            except RuntimeError as outer:
                log.append(f"{outer} {outer.__cause__}")
        else:
            log.append("none")
    return len(log)


def files():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "data.txt")
        with open(path, "w", encoding="utf-8") as file:
            print("one", "two", sep=",", file=file)
            file.writelines(f"{i}\n" for i in range(5))
        with open(path, encoding="utf-8") as file:
            lines = [line.rstrip() for line in file]
        with open(path, "rb") as file:
            size = len(file.read())
        assert os.path.exists(path) and os.listdir(folder) == ["data.txt"]
    memory = io.StringIO()
    memory.write("text")
    return len(lines) + size + len(memory.getvalue())


def choose(value):
    match value:
        case {"kind": kind, **rest}:
            return kind, len(rest)
        case [first, *_]:
            return first
        case str() | bytes():
            return "text"
        case int(n) if n > 3:
            return n
        case _:
            return None


def main():
    total = shapes() + text() + containers() + errors() + files() + fibonacci(50)
    chosen = [choose(value) for value in ({"kind": 1, "a": 2}, [3, 4], "s", 5, 1.5)]
    assert chosen == [(1, 1), 3, "text", 5, None]
    generator = (n * n for n in range(10))
    next(generator)
    total += sum(generator)
    print(f"{total:,.2f}")


main()
