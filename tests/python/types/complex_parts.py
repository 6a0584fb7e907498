"""What complex() takes as a number and as parts, and what it warns of."""
import warnings


class Child(complex):
    pass


class Turned:
    def __complex__(self):
        return 1 + 2j


class ToChild:
    def __complex__(self):
        return Child(1 + 2j)


class Index:
    def __index__(self):
        return 7


def show(label, *args, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = complex(*args, **kwargs)
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
    print(label, result, [str(warning.message) for warning in caught])


for value in [1j, Child(1j), Turned(), ToChild(), Index(), 1, "1", True, None, 2.5, -0.0]:
    name = f"{type(value).__name__}"
    show(f"({name})", value)
    show(f"({name}, 1)", value, 1)
    show(f"(1, {name})", 1, value)
    show(f"({name}, {name})", value, value)
    show(f"(real={name})", real=value)
    show(f"(imag={name})", imag=value)
    show(f"({name}, imag=0)", value, imag=0)
    show(f"({name}, 'x')", value, "x")
show("()")
show("(1, 2, 3)", 1, 2, 3)
show("(1, real=2)", 1, real=2)
show("(x=1)", x=1)
show("(complex(-0.0, -0.0), -0.0)", complex(-0.0, -0.0), -0.0)
show("(real=complex(-0.0, -0.0))", real=complex(-0.0, -0.0))
show("(-0.0, complex(-0.0, -0.0))", -0.0, complex(-0.0, -0.0))


class Derived(complex):
    def __new__(cls, *args, **kwargs):
        return super().__new__(cls, *args, **kwargs)


print(Derived(1), Derived("2j"), Derived(real=1, imag=2), type(Derived(Derived(3))).__name__)
