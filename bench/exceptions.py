"""Raising, catching, finally and context managers."""


class Problem(Exception):
    pass


class Manager:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return error[0] is Problem


def risky(n):
    if n % 3 == 0:
        raise Problem(n)
    if n % 3 == 1:
        raise KeyError(n)
    return n


caught = done = 0
for i in range(5000):
    try:
        with Manager():
            risky(i)
    except LookupError:
        caught += 1
    finally:
        done += 1
assert (caught, done) == (1667, 5000), (caught, done)
