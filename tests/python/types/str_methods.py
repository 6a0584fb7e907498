text = "Hello, Wörld ß ǆ İ 𝒳 ﬁ"
for name in ("upper", "lower", "title", "capitalize", "swapcase", "casefold"):
    print(name, ascii(getattr(text, name)()))
print(text.partition(", "), text.rpartition("x"), text.split(), text.split("l", 1), text.rsplit(None, 1))
print("a\nb\r\nc\x0bd\u2028e".splitlines(), "a\n\n".splitlines(True))
print("x".join(["a", "b"]), "abc".center(8, "*"), "5".zfill(4), "-5".zfill(4), "a\tb".expandtabs(4))
print("abcabc".find("c", 3), "abcabc".rfind("a"), "aaa".count("aa"), "abc".replace("", "-"),
      "banana".replace("a", "o", 2))
print("abc".translate({97: "A", 98: None}), str.maketrans("ab", "xy", "c"))
print("".isidentifier(), "é1".isidentifier(), "²".isdigit(), "½".isnumeric(), "٣".isdecimal())
print("%s %r %5.2f %-5d| %x %%" % ("s", "é", 3.14159, 42, 255), "%(a)s" % {"a": 1})
print("{0!r:>6} {a[0]} {b.real} {0:{1}}".format("x", 5, a=[1], b=2), "{!r:>6}".format("x"))
print("prefix-x".removeprefix("prefix-"), "x.py".removesuffix(".py"), "  a ".strip(), "xxaxx".strip("x"))
print(ascii("é\U0001f600\x7f"), repr("'\"\n\u200b\udc80"), "a" "b" in "cab")
for bad in (lambda: "a" + 1, lambda: "a" * 1.5, lambda: "abc".index("z"), lambda: "{}".format(),
            lambda: "%d" % "x", lambda: "abc"[5], lambda: ",".join([1]), lambda: f"{1:z}"):
    try:
        bad()
    except Exception as error:
        print(type(error).__name__, error)
