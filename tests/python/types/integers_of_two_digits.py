# Arithmetic where ints leave and reach the range of the small ones, and repeated sequences.
values = []
for bits in (0, 1, 29, 30, 31, 38, 39, 40, 59, 60, 61, 62, 63, 64):
    for delta in (-1, 0, 1):
        values += [(1 << bits) + delta, -(1 << bits) + delta]

total = 0
for turn in range(3):
    for a in values:
        for b in values:
            results = [a + b, a - b, a * b, a & b, a | b, a ^ b, a << (b & 31), a >> (b & 31)]
            if b:
                results += [a // b, a % b]
                assert (a // b) * b + a % b == a and abs(a % b) < abs(b)
            for result in results:
                assert int(str(result)) == result
                total = (total * 31 + result) % (10**40 + 7)
            assert (a + b) - b == a and (a ^ b) ^ b == a and -(a - b) == b - a
print(total)

for items in [], [1], [1, "a"], [None, 2.5, ()]:
    for times in -1, 0, 1, 2, 3, 7, 100:
        repeated, tuples = items * times, tuple(items) * times
        expected = [item for _ in range(times) for item in items]
        assert repeated == expected and tuples == tuple(expected)
        assert times * items == expected


class Tuple(tuple):
    pass


print(type(Tuple((1, 2)) * 2), type(Tuple((1, 2)) * 1), Tuple() * 3)
marker = object()
many = [marker] * 1000
del many[10:]
print(len(many), all(item is marker for item in many))
