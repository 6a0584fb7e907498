# Operators and item assignment by Python methods, in loops that the interpreter specialises.
import sys
import traceback


class V:
    def __init__(self, x):
        self.x = x

    def __add__(self, other):
        if not isinstance(other, V):
            return NotImplemented
        return V(self.x + other.x)

    def __mul__(self, other):
        return V(self.x * other) if isinstance(other, int) else NotImplemented

    def __sub__(self, other):
        self = other = None
        return NotImplemented

    def __truediv__(self, other):
        return 1 / 0

    def __and__(self, other):
        yield self, other

    def __mod__(self, other):
        return sys._getframe()

    def __setitem__(self, index, value):
        if index == "bad":
            raise KeyError(index)
        self.last = index, value
        return 5

    def __getitem__(self, index):
        return self.last


class Right(V):
    def __radd__(self, other):
        return "Right.__radd__"


class Reflected:
    def __radd__(self, other):
        return "Reflected.__radd__"

    def __rsub__(self, other):
        return "Reflected.__rsub__"


def use(a, b, op):
    try:
        return op(a, b)
    except Exception as e:
        return type(e).__name__, str(e)


OPERATORS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: a @ b,
]


def inplace(a, b):
    a += b
    return a


def inplace_missing(a, b):
    a -= b
    return a


for turn in range(200):
    answers = []
    for op in OPERATORS + [inplace, inplace_missing]:
        for b in V(2), Right(3), Reflected(), 4, "a":
            answer = use(V(1), b, op)
            answers.append(answer.x if isinstance(answer, V) else answer)
    if turn in (0, 199):
        print(*answers, sep="\n")
    v = V(0)
    v["a"] = turn
    assert v.last == ("a", turn)
    v[0] = 1
    v[0] += (3,)
    assert v.last == (0, (0, 1, 3))
    assert [pair[1] for pair in V(1) & 3] == [3]
    frame = V(7) % V(8)
    assert frame.f_locals["self"].x == 7 and frame.f_locals["other"].x == 8

try:
    v["bad"] = 1
except KeyError as error:
    print([(frame.name, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)])


# The right operand dies while the method of the left one runs.
class Keeps:
    def __init__(self, log):
        self.log = log

    def __add__(self, other):
        self = other = None
        return 1

    def __del__(self):
        self.log.append("del")


for turn in range(50):
    log = []
    assert Keeps(log) + Keeps(log) == 1
    assert log == ["del", "del"], log
print("done")
