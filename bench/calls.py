"""Function calls with positional, keyword, default and star arguments, and recursion."""


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def many(a, b=2, *rest, c=3, **others):
    return a + b + c + len(rest) + len(others)


total = fib(20)
for i in range(8000):
    total += many(i) + many(i, 1, 2, 3) + many(i, c=4, d=5)
assert total == 96138765, total
