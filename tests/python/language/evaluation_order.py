def note(name, value=None):
    print(name, end=" ")
    return value


d = note("target", {})
d = {}
(note("a", d))[note("key", "k")] = note("value", 1)
print(d)
print({note("k1", 1): note("v1", 2), note("k2", 3): note("v2", 4)})
print(note("f", max)(note("x", 1), note("y", 2), key=note("key", None)))
print(note("l", 3) < note("m", 2) < note("r", 1))
x = [0, 1]
i = 0
i, x[i] = 1, 2
print(x)
x[note("index", 0)] += note("amount", 5)
print(x)
print([note("elt", y) for y in note("iter", [1, 2]) if note("cond", True)])
