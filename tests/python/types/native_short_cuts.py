"""Operations that have a short way for the usual case, on both sides of it."""
import array
import io
import itertools
import operator
import sys
from collections import namedtuple

print("floats under e, g and no type")
VALUES = [
    0.0, -0.0, 1.0, -1.5, 0.1, 2.675, 2.5, 0.125, 1e22, 1e16, 9999999999999998.0, 1e15, 123456789.0,
    0.0001, 0.00012345, 9.9999e-05, 99999.95, 999999.5, 1e100, 5e-324, 2.2250738585072014e-308,
    1.7976931348623157e308, float("inf"), float("nan"), 1 / 3, 1e-7, 100.0, 12345.678,
]
for value in VALUES:
    print(
        *[format(value, spec) for spec in ("g", ".3g", "e", ".2e", "", "12", "+.4", ".0", "G", ".17g", "08.2e", "#.3g")],
        "%g %.3e %G %10.4g|%-12g|%+e %016.5g" % ((value,) * 7),
        sep="|",
    )

print("ints of many digits")
for text in ("1" * 18, "9" * 19, "-" + "9" * 20, "12345" * 20, "0" * 60 + "7", "1_000" * 20, "9" * 511, "9" * 513):
    number = int(text)
    print(number.bit_length(), number % 1000003, str(number) == text)
for wrong in ("1" * 40 + "x", "1" * 40 + "_", "\u0663" * 30):
    try:
        print(int(wrong))
    except ValueError as error:
        print(error)
big = 3 ** 200
print(big + 1 - big, big - big, -big + big + 7, (big * big) // big == big, big & 0xFFFF, (big ^ big) | 5)
for n in (0, 1, -1, 255, 2 ** 38, -(2 ** 38), 2 ** 70, True):
    print(n.bit_length(), n.bit_count(), n.to_bytes(16, "big", signed=True).hex())

print("lists of tables")
table = {i: -i for i in range(5)}
del table[2]
for source in (table, table.keys(), table.values(), table.items(), set(table), frozenset(table), {}, set(), {}.items()):
    filled = [None]
    filled.extend(source)
    print(type(source).__name__, sorted(list(source)), len(filled), sys.getsizeof(list(source)), sys.getsizeof([*source]))
print(sorted({"b": 1, "a": 2}), sorted({3, 1, 2}, reverse=True), [*{"x": 1}.items()])

class Countdown:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return self
    def __next__(self):
        if self.n == 0:
            raise StopIteration
        if self.n == 7:
            raise LookupError("seven")
        self.n -= 1
        return self.n

print(list(Countdown(3)), max(Countdown(4)), sum(Countdown(5)), any(Countdown(2)), all(Countdown(2)))
for function in (list, set, sum, max, sorted, tuple):
    try:
        function(Countdown(9))
    except LookupError as error:
        print(function.__name__, error)
print(max([1.5, 2, True]), min("b", "a"), max([0.0, -0.0]), max([(1, 2), (1, 3)]))

print("sets")
one, two = set(range(100)), {str(i) for i in range(5)} | set(range(50, 150))
one.discard(40)
for result in (one | two, one & two, one - two, one ^ two, one.copy(), frozenset(two)):
    print(len(result), sum(hash(x) for x in result if type(x) is int))
class Odd:
    def __init__(self, n):
        self.n = n
    def __hash__(self):
        return self.n
    def __eq__(self, other):
        return isinstance(other, (Odd, int)) and self.n == getattr(other, "n", other)
print(len({Odd(1), Odd(2)} | {1, 2, 3}), len({1, 2, 3} | {Odd(3), Odd(4)}))

print("text")
WIDE = "H\u00e9LLO w\u00f6rld \u20ac \u0130\u00df \U0001f600 \ufb03"
for text in (WIDE, WIDE[:5], "\u03a3\u03b1\u03a3", "\u0130", "\u00df" * 3, "\u0178", "\u00ff", "\u1e9e\u00c5"):
    print(ascii(text.lower()), ascii(text.upper()), ascii(text.casefold()), repr(text), text.count("l"), text.count("\u20ac"))
    print(text.find("w"), text.rfind("L"), ascii(text.replace("L", "\u20ac")), ascii(text.replace("\u20ac", "e")), ascii(text.split("L")))
words = "one two  three " * 50
print(words.count("two"), words.count("zz"), words.count("e "), words.rfind("three"), words.rfind("four"), words.count(""), len(words.replace("two", "2")))
print(words[:40].replace("zz", "y") is words[:40], "aaa".replace("", "-"), "aaa".replace("a", "", 2), "aa".count("aa"), "aaaa".count("aa"))
data = bytes(range(256)) * 3
print(data[::-1] == bytes(reversed(data)), data[::-1][:3], data.rfind(b"\x01\x02"), data.rfind(b"zz"), b"ab"[::-1], bytearray(b"abc")[::-1])
print(data.translate(bytes(range(256))) is data, data.translate(bytes(range(255, -1, -1)))[:4], bytearray(b"abc").translate(None, b"b"))
print(b"a,b,,c".split(b","), b"a b c".rsplit(None, 1), bytearray(b"x y").split(), b"l\nm\r\n".splitlines(True))

print("arrays and views")
for code in "bBhHiIlLqQfd":
    numbers = array.array(code, range(10))
    view = memoryview(numbers)
    print(code, numbers.tolist(), numbers[2:5], numbers[::-3], numbers[5:2], list(numbers), sum(numbers), view.tolist() == numbers.tolist(), [*view][:2])
letters = array.array("w", "a\u20ac\U0001f600")
print(letters.tolist(), letters[1:], memoryview(bytes(range(24))).cast("B", [2, 3, 4]).tolist()[1][2])
print(memoryview(b"abcdef")[::2].tolist(), list(memoryview(b"abcdef")[::-1]), memoryview(array.array("d", [1.5])).tolist())

print("tuples and iterators")
Point = namedtuple("Point", "x y")
x, y = Point(1, 2)
try:
    x, y, z = Point(1, 2)
except ValueError as error:
    print(error)
class Twice(tuple):
    def __iter__(self):
        return iter([x * 2 for x in tuple.__iter__(self)])
x, y = Twice((3, 4))
print(x, y, list(map(operator.add, [1, 2, 3], (10, 20))), list(map(max, "ab", "ba", "cc")), list(itertools.pairwise("abc")))
print(list(map(lambda a, b: (a, b), iter([1]), iter([]))), divmod(7, 2), "a-b".partition("-"), (0.75).as_integer_ratio())
try:
    print(list(map(operator.add, [1, 2], [1], strict=True)))
except ValueError as error:
    print(error)

print("methods where a dict may be")
class Own(io.StringIO):
    pass
for file in (io.StringIO("a\nb\n"), io.StringIO("c\n"), Own("d\n"), io.StringIO("e\n"), io.StringIO("f\n")):
    if "e" in file.getvalue():
        print(file.__dict__)
    if "f" in file.getvalue():
        file.readline = lambda: "mine"
    print(file.readline().strip())

print("bytes apart")
sieve = bytearray(b"\x01" * 30)
sieve[4::3] = bytes(9)
sieve[-1::-7] = b"abcde"
sieve[28:2:-9] = memoryview(b"xyz")
print(sieve, sieve[3::10])
for key, value in ((slice(0, 30, 2), b"few"), (slice(5, 5, 2), b""), (slice(9, 0, -2), b"")):
    try:
        sieve[key] = value
        print(len(sieve))
    except ValueError as error:
        print(error)

print("tuples in order")
import heapq
nan = float("nan")
ROWS = [(2, "b"), (2, "a", 1), (2, "a"), (1, nan), (1, nan), (1,), (), (2, 1.5), (2, 1), (2, (1, 2)), (2, (1, 1)), (True, "z"), (2**70, 1), (2**70, 0)]
for a in ROWS:
    row = ""
    for b in ROWS:
        try:
            row += "<" if a < b else ">" if a > b else "=" if a == b else "?"
            row += "." if (a <= b) == (not a > b) and (a >= b) == (not a < b) else "!"
        except TypeError:
            row += "x "
    print(row)
print(sorted([(-c, w) for w, c in zip("hgfedcba", (1, 2, 1, 2, 1, 1, 2, 1))]))
print(sorted([(1, "b"), (1, "a", 0), (1, "a"), (0, "z")], reverse=True), max([(1, "a"), (1, "b")]), min([(1, 2), (1, 1.5)]))
heap = []
for item in [(3, "x"), (1, "y"), (1, "b"), (2, 0)]:
    heapq.heappush(heap, item)
print([heapq.heappop(heap) for _ in range(4)])
try:
    sorted([(1, "a"), (1, 2)])
except TypeError as error:
    print(error)
class Backwards(str):
    def __lt__(self, other):
        return str.__gt__(self, other)
print(sorted([(1, Backwards("a")), (1, Backwards("b"))]))
