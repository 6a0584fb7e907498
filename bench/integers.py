"""Loops over small integers, and some large ones."""

total = 0
for i in range(40000):
    total += (i * 3 ^ i >> 2) % 7
big = 1
for i in range(1, 300):
    big *= i
digits = str(big)
assert (total, len(digits)) == (119912, 613), (total, len(digits))
