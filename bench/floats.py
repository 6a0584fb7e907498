"""Arithmetic and functions of floats."""

from math import sqrt, sin

x, total = 0.5, 0.0
for i in range(20000):
    x = 3.7 * x * (1.0 - x)
    total += sqrt(x) / (1.0 + sin(x))
assert 9000 < total < 10000, total
