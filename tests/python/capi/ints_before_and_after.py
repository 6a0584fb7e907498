"""Ints made before the first extension module and those made after it are the same numbers."""

import array
import bisect
import functools
import itertools
import marshal
import math
import operator
import pickle
import struct

# Computed, so that no two of them share a constant.
ONE = int("1")
EDGES = [2**p + d for p in (8, 18, 19, 20, 29, 30, 31, 38, 39, 40, 59, 60) for d in (-1, 0, 1)]
BEFORE = [sign * (int(str(n))) for n in EDGES for sign in (1, -1)]
TABLE = {n: str(n) for n in BEFORE}
KNOWN = frozenset(BEFORE)

import _testmodules  # noqa: E402, F401
import _testcapi  # noqa: E402

AFTER = [sign * (int(str(n))) for n in EDGES for sign in (1, -1)]

print(BEFORE == AFTER, tuple(BEFORE) == tuple(AFTER), AFTER == BEFORE)
print(all(a == b and not a != b and a <= b and a >= b for a, b in zip(BEFORE, AFTER)))
print(any(a < b or a > b for a, b in zip(BEFORE, AFTER)))
print([hash(a) - hash(b) for a, b in zip(BEFORE, AFTER) if hash(a) != hash(b)])
print(all(TABLE[n] == str(n) for n in AFTER), all(n in KNOWN for n in AFTER), KNOWN == set(AFTER))
print(len(set(BEFORE + AFTER)) == len(BEFORE), len(dict.fromkeys(AFTER + BEFORE)) == len(AFTER))
print([BEFORE.index(n) for n in AFTER][:4], BEFORE.count(AFTER[5]), AFTER[7] in BEFORE)
mixed = sorted(BEFORE + AFTER)
print(mixed == sorted(AFTER + AFTER), mixed == sorted(mixed, key=lambda n: n))
print(bisect.bisect_left(sorted(BEFORE), AFTER[10]), max(BEFORE + AFTER), min(AFTER + BEFORE))
print(sum(BEFORE) == sum(AFTER) == sum(a for pair in zip(BEFORE, AFTER) for a in pair) // 2)

operators = [
    operator.add, operator.sub, operator.mul, operator.and_, operator.or_, operator.xor,
    operator.floordiv, operator.mod, operator.truediv, divmod, math.gcd, math.lcm,
]
for op in operators:
    results = {
        repr([op(x, y) for x, y in itertools.product(left, right)])
        for left, right in itertools.product((BEFORE, AFTER), repeat=2)
    }
    print(op.__name__, len(results))
for op in (operator.neg, operator.pos, operator.invert, abs, float, str, hex, int.bit_length, bool):
    print(op.__name__, [op(n) for n in BEFORE] == [op(n) for n in AFTER])
print([a << 3 == b << 3 and a >> 3 == b >> 3 for a, b in zip(BEFORE, AFTER)].count(False))
print([a + ONE == b + ONE and a - ONE == b - 1 for a, b in zip(BEFORE, AFTER)].count(False))


def climb(start, steps):
    total = start
    for _ in range(steps):
        total += 100_003
        total -= 3
        total = total * 3 // 3
    return total


print(climb(0, 1000), climb(-50_000_000, 1000), climb(2**38, 50), climb(BEFORE[20], 3) - AFTER[20])


@functools.lru_cache
def cached(n):
    return [n]


print(all(cached(a) is cached(b) for a, b in zip(BEFORE, AFTER)))
match AFTER[6]:
    case n if n == BEFORE[6]:
        print("matched", n)
print([range(0, 2**21)[n] for n in AFTER if 0 <= n < 2**21] == [n for n in BEFORE if 0 <= n < 2**21])
print(range(BEFORE[12], BEFORE[12] + 3) == range(AFTER[12], AFTER[12] + 3), list(range(524286, 524291)))
print(AFTER[8] in range(BEFORE[8], BEFORE[8] + 5), range(10**7).index(AFTER[18]) == BEFORE[18])
small = [n for n in AFTER if -(2**63) <= n < 2**63]
print(list(array.array("q", small)) == [n for n in BEFORE if -(2**63) <= n < 2**63])
print(struct.pack("<4q", *AFTER[:4]) == struct.pack("<4q", *BEFORE[:4]))
print(pickle.loads(pickle.dumps(BEFORE)) == AFTER, marshal.loads(marshal.dumps(AFTER)) == BEFORE)
print(marshal.dumps(AFTER[30]) == marshal.dumps(BEFORE[30]), pickle.dumps(AFTER[30]) == pickle.dumps(BEFORE[30]))
print([_testcapi.pylong_aslong(n) for n in AFTER[:6]] if hasattr(_testcapi, "pylong_aslong") else AFTER[:6])
items = list(range(600_000))
print(items[AFTER[18] if AFTER[18] < 600_000 else 599_999], items[590_000] == 590_000, items[-1], len(items))
print({n: i for i, n in enumerate(BEFORE)} == {n: i for i, n in enumerate(AFTER)})
text = "ab" * 300_000
print(text[590_000], text.find("b", 599_000), len(text), text[599_998:600_000])
