"""Results of operators as operands of others: ints small and large, floats, and
variables that die in between."""


def ints(a, b, c, d):
    x = a + b
    y = x + c
    z = y - d
    return (
        x, y, z, x == y - c, z + d == y, (a + b) - (c + d), (a + b) * (c - d), (a + b) < (c + d),
        (a - b) // (d or 1), (a - b) % (d or 1), -(a + b), ~(a + b), (a + b) & (c + d),
        (a + b) | (c + d), (a + b) ^ (c + d), (a + b) << 3, (a + b) >> 1, "0123456"[(a + b) % 7],
        {a + b: 1}.get(b + a), not (a - a), 1 if a - b else 2, f"{a + b}", abs(a + b),
        (a + b) / (c or 1), hash(a + b) == hash(b + a), (a + b) ** 2, divmod(a + b, 3),
        (a + b) in [b + a], (a + b,) == (b + a,),
    )


def mixed(a, b):
    results = []
    for function in FUNCTIONS:
        try:
            results.append(function(a, b))
        except (ArithmeticError, ValueError, TypeError) as error:
            results.append(type(error).__name__)
    return results


FUNCTIONS = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b,
    lambda a, b: a // b, lambda a, b: a % b, lambda a, b: a & b, lambda a, b: a | b,
    lambda a, b: a ^ b, lambda a, b: a >> (b & 63), lambda a, b: a << (b & 63),
    lambda a, b: a < b, lambda a, b: a <= b, lambda a, b: a == b, lambda a, b: a != b,
    lambda a, b: a > b, lambda a, b: a >= b,
    lambda a, b: "less" if a < b else "not less",
    lambda a, b: (a + b) * (a - b) + (a + b), lambda a, b: -(a + b) - -(a - b),
]

SMALL = [0, 1, -5, 100]
MANY = SMALL + [(1 << 39) - 1, -(1 << 39), 1 << 64, -2.25, 0.0]

for turn in range(2):
    lines = [str(ints(a, b, c, d)) for a in SMALL for b in SMALL for c, d in ((0, 1), (3, -2))]
    lines += [str(mixed(a, b)) for a in MANY for b in MANY]
print("\n".join(lines))


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone", self.name)

    def __eq__(self, other):
        return True


def die(flag):
    x = Loud("first")
    x = Loud("second")
    x, y = Loud("third"), Loud("fourth")
    x, y = y, x
    if x is None:
        print("never")
    for x in [1, Loud("in a list"), 3]:
        print("loop")
    y = x
    if Loud("tested") is not None:
        print("kept")
    while Loud("condition") and flag:
        flag -= 1
    Loud("attribute").name
    Loud("compared") == Loud("with this")
    [Loud("subscripted")][0]
    return Loud("returned").name


for turn in range(3):
    print(die(turn))
