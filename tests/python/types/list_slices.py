base = list(range(8))
for s in (slice(2, 5), slice(None, None, -1), slice(-3, None), slice(10, 0, -3), slice(5, 2)):
    print(s, base[s], s.indices(8))
x = base[:]
x[2:4] = "abc"
print(x)
x[::3] = [0] * len(x[::3])
print(x)
del x[1::2]
print(x, x * 2, x + [1], [1] < [1, 2] < [2], x.index(0), x.count(0))
x.insert(-1, "i"), x.extend(y for y in "ex"), x.reverse()
print(x, x.pop(), x.pop(0))
x[:] = [3, 1, 2]
x.sort(reverse=True)
print(x, sorted("bAc", key=str.lower), x.copy() is x)
for bad in (lambda: x.__setitem__(slice(0, 3, 2), [1]), lambda: x[9], lambda: [].pop(), lambda: x["a"],
            lambda: x.remove(9), lambda: [1, "a"].sort(), lambda: x[::0], lambda: x + (1,)):
    try:
        bad()
    except Exception as error:
        print(type(error).__name__, error)
