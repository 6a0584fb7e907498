"""Generators, delegation and lazy pipelines."""


def numbers(n):
    for i in range(n):
        yield i


def nested(depth, n):
    if depth:
        yield from nested(depth - 1, n)
    else:
        yield from numbers(n)


def running():
    total = 0
    while True:
        total += yield total


adder = running()
next(adder)
for i in nested(5, 5000):
    last = adder.send(i)
total = sum(x * x for x in (y + 1 for y in numbers(8000)) if x % 3)
assert (last, total) == (12497500, 113820447111), (last, total)
