"""Strings, bytes and ints whose operations take another way by length, width or value."""

import binascii
import io
import operator
from array import array
from collections import deque
from datetime import datetime
from functools import partial

texts = ["", "a", "ab", "abc" * 9, "hällo" * 5, "h\u20acl" * 20, "\U0001f600b" * 3, "aé", "\xe9"]
digest = 0


def note(*values):
    global digest
    for value in values:
        for byte in repr(value).encode("ascii", "backslashreplace"):
            digest = (digest * 31 + byte) % (1 << 61)


for text in texts:
    for old in ["", "a", "b", "ab", "é", "\u20ac", "zz", "l"]:
        for new in ["", "x", "é", "\u20ac", "\U0001f600", "xy", "ä\u20ac"]:
            for count in (-1, 0, 1, 2, 100):
                note(text.replace(old, new, count))
    for start in (None, 0, 1, -2):
        for stop in (None, 3, -1):
            for step in (None, 1, 2, -1, -3, 7):
                note(text[start:stop:step], text.encode()[start:stop:step])
                note(bytearray(text.encode())[start:stop:step])
    for name in ("lower", "upper", "casefold", "title", "swapcase", "capitalize"):
        note(getattr(text, name)())
    for codec in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        note(text.encode(codec), text.encode(codec).decode(codec))
    note(text.split("a"), text.split("b", 1), text.split(), text.rsplit("b", 2), text.partition("b"))
    note("".join(text.partition("b")), "-".join([text] * 3), [*text])
print("texts", digest)

print("xéx".replace("é", "e").isascii(), "é".replace("é", "a") == "a")
for bad in ("ab\ud800cd", "\ud800" * 70, "a" * 63 + "\ud800" + "b" * 70):
    for codec in ("utf-8", "utf-16"):
        try:
            bad.encode(codec)
        except UnicodeEncodeError as error:
            print(codec, error.start, error.end, error.reason)
    note(bad.encode("utf-8", "surrogatepass"), bad.encode("utf-16", "replace"))

data = bytes(range(256))
for chunk in (b"", b"\x00", b"\xff\x01", data[:17], data):
    note(chunk.hex(), chunk.hex(":"), chunk.hex("-", 2), bytes.fromhex(chunk.hex().upper()))
    note(binascii.unhexlify(chunk.hex()), binascii.hexlify(chunk), binascii.crc32(chunk, 7))
    note(chunk.replace(b"\x01", b""), chunk.replace(b"\x01", b"123"), chunk * 3, chunk + b"x")
    note(chunk.ljust(20, b"."), chunk.center(21), chunk.zfill(19), b", ".join([chunk, chunk]))
    note(bytearray(chunk).replace(b"\x02", b"zz"), bytearray(chunk) * 2, bytearray(chunk).rjust(9))
    note(1 in chunk, b"\x01" in chunk, chunk.find(b"\x01"), chunk.find(255), chunk.count(0))
    note(memoryview(chunk).tolist(), memoryview(chunk)[::2].tobytes())
for text in ("0", "0g", "g0", "00 1 ", "é0"):
    try:
        print(bytes.fromhex(text))
    except ValueError as error:
        print(error)
for needle in (256, -1, 1.5, "a"):
    for call in (data.find, data.count, bytearray(data).find, data.__contains__):
        try:
            note(call(needle))
        except (TypeError, ValueError) as error:
            note(str(error))
print("bytes", digest)

for value in (0, 1, -1, 255, -255, 256, 12345, 1 << 39, -(1 << 39), (1 << 63) - 1, -(1 << 63), 1 << 64, 10**30):
    note(bin(value), oct(value), hex(value), value.bit_length(), value.bit_count())
    for places in (-1, -2, -5, -17, -18, -19, -25, 0, 3):
        note(round(value, places))
    for length in (0, 1, 2, 7, 8, 9, 16):
        for order in ("big", "little"):
            for signed in (False, True):
                try:
                    note(value.to_bytes(length, order, signed=signed))
                except OverflowError as error:
                    note(str(error))
for value in (5, 15, 25, 35, -5, -15, -25, 149, 150, 151, 250, -250):
    note(round(value, -1), round(value, -2))
for base in (-7, 0, 3, 10, 1 << 40, 7**30):
    for exponent in (-3, -1, 0, 1, 5, 1000, 1 << 70):
        for modulus in (-9, -1, 0, 1, 2, 7, 97, 1 << 33, 10**20):
            try:
                note(pow(base, exponent, modulus))
            except ValueError as error:
                note(str(error))
import math

note([math.factorial(n) for n in (0, 1, 2, 20, 21, 22, 100, 127, 128, 129, 300)])
note([math.perm(n, k) for n in (5, 30, 10**20, 200) for k in (0, 1, 3, 20, 140)])
note([math.comb(n, k) for n in (5, 30, 10**20, 200) for k in (0, 1, 3, 20)])
print("ints", digest)

for form, values in [
    ("%s", "x"), ("%s", 5), ("%s", ("x",)), ("%s %s", ("x", 7)), ("%d", 5), ("%d%%", 5), ("%s", 1.5),
    ("a%sb%dc", ("é", -12)), ("%s", ({},)), ("%s", {"a": 1}), ("%5s|%-5d", ("x", 3)), ("%d", True),
    ("%s" * 40, tuple("abcdefgh" * 5)), ("%d", 1 << 80), ("x%sy", "z" * 300), ("é%s", "a"), ("%r", "a"),
]:
    print(ascii(form % values) if len(form) < 30 else len(form % values))
for form, values in [("%d", "x"), ("%s", ()), ("%s", (1, 2)), ("%d %d", 1), ("%", 1), ("%z", 1), ("a", 1)]:
    try:
        print(form % values)
    except (TypeError, ValueError) as error:
        print(error)
for form, values in [(b"%d", 5), (b"%s-%d", (b"x", -3)), (b"%b", b"q"), (b"%s" * 3, (b"a", bytearray(b"b"), b""))]:
    print(form % values, bytearray(form) % values)
for form, values in [(b"%s", 5), (b"%d", b"x"), (b"%s", ()), (b"%s", (b"a", b"b"))]:
    try:
        print(form % values)
    except TypeError as error:
        print(error)

print(list(zip("ab", [1, 2, 3], range(9))), list(zip("abc", [], "x")))
for call in (operator.itemgetter(1), operator.itemgetter(0, 2), operator.attrgetter("real"), operator.methodcaller("index", 2)):
    for args, kwargs in (((), {}), (([1, 2, 3],), {}), ((7,), {"a": 1}), ((1, 2), {}), ((5,), {})):
        try:
            print(call(*args, **kwargs))
        except (TypeError, AttributeError, ValueError) as error:
            print(type(error).__name__, error)
shown = partial(lambda *args, **kw: (args, kw), 1, x=2)
print(shown(), shown(3), shown(3, x=4, y=5), partial(shown, 9)(10), partial(max, 1)(2), partial(int, base=2)("101"))


class Louder(partial):
    def __call__(self, *args, **kwargs):
        return "loud", super().__call__(*args, **kwargs)


print(Louder(max, 1)(5), Louder(max)(3, 4))
print(deque([1, 2, 3]), deque((1, 2, 3), 2), deque(deque([1])), deque("abc", maxlen=0))
d = deque([1])
d.extend(d)
d.extend([2, 3])
d.extendleft((4, 5))
print(d)
print(set({1, 2, 3}) == {1, 2, 3}, set(frozenset("abc")) ^ set("abd") == set("cd"))
print([array(code, [1, 2, 3]).tolist() for code in "bBhHiIlLqQfd"], list(array("w", "aé\u20ac")))
for text in ("2024-05-06T07:08:09", "2024-05-06 07:08:09.123+02:00", "2024-05-06é07:08", "20240506T070809Z"):
    print(datetime.fromisoformat(text))
for text in ("", "x" * 60, "2024-05-06T07:0é", "2024-05-06T07:08:09.1234567890123456789012345678901234567890"):
    try:
        print(datetime.fromisoformat(text))
    except ValueError as error:
        print(ascii(str(error)))
buffer = io.BytesIO()
buffer.extra = 1
buffer.write = len
print(buffer.write(b"abc"), buffer.getvalue(), io.StringIO("a").read())
print("all", digest)
for first, second in [("hello", "HE"), ("hello", "\xe9\u20ac"), ("h\u20acllo", "xyz"), ("ab", "longer than it")]:
    stream = io.StringIO(first)
    for position in (0, 1, 2):
        stream.seek(position)
        stream.write(second)
    stream.seek(30)
    stream.write("end")
    print(ascii(stream.getvalue()), stream.tell())
binary = io.BytesIO(b"abc")
for position in (0, 2, 3, 9):
    binary.seek(position)
    binary.write(b"xy")
    binary.write(bytearray(b"z"))
print(binary.getvalue())
print(b"-".join([b"a", b"bc"]), b"".join((b"a", bytearray(b"b"))), bytearray(b",").join([b"x", b"y"]))
print(bytes([0, 255]), bytes((1, 2)), bytearray([7] * 3), bytes(bytearray(b"ab")), b"aB\xff".upper(), bytearray(b"Zz").lower())
for wrong in ([256], (-1,), [1.0], ["a"], [1, None]):
    try:
        bytes(wrong)
    except (TypeError, ValueError) as error:
        print(error)
print([f"{x:%}|{x:.1%}|{x:9.0%}" for x in (0.0, 0.125, -1.5, 1e300)], f"{float('nan'):%}")
