print(list(zip("ab", [1, 2])), list(enumerate("ab", 5)), list(map(pow, [2, 3], [3, 2])))
print(list(filter(None, [0, 1, "", "a"])), list(reversed(range(5))), sum([[1], [2]], []))
print(any([]), all([]), min("b", "a"), max([1, 3, 2], key=lambda v: -v), max([], default="none"))
print(list(iter(iter([1, 2, 3]).__next__, 3)), next(iter([]), "default"), sorted([3, 1], reverse=True))
print(divmod(7, 3), pow(2, 10, 1000), abs(-3 + 4j), round(2.5), len(range(0, 10, 3)))
print(ord("€"), chr(8364), hex(255), oct(8), bin(5), ascii("é"), repr(...))
print(isinstance(True, int), issubclass(bool, (str, int)), callable(print), hash(()) == hash(()))
print(bytes([1, 2]), bytearray(b"x") + b"y", bytes(3), memoryview(b"abc")[1], b"%d" % 5, b"a".hex())
print(frozenset("a") | {"b"} == {"a", "b"}, slice(1, 2), complex("1+2j"), type(type))
for bad in (lambda: zip([1], [1, 2], strict=True).__next__() and list(zip([1], [1, 2], strict=True)),
            lambda: min([]), lambda: next(iter([])), lambda: chr(-1), lambda: ord("ab"), lambda: sum("ab"),
            lambda: iter(5), lambda: len(5), lambda: reversed({1}), lambda: range(0, 1, 0), lambda: int([]),
            lambda: isinstance(1, "x"), lambda: bytes([256]), lambda: round("x"), lambda: abs("x")):
    try:
        print(bad())
    except Exception as error:
        print(type(error).__name__, error)
