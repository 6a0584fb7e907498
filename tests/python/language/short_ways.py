# Pairs of instructions that an interpreter may do at once, with operands that fit
# and operands that do not.


def subscript(items, index):
    return items[index], items[0]


def compare(a, b):
    return [a < b, a == b, a >= b, a < 3, 3 if a > 3 else -3]


def count(a):
    a + 1
    b = a + 1
    return b, a - 1, b - a


class Item:
    def __init__(self, value):
        self.value = value

    def get(self):
        return self.value

    def nothing(self):
        self.value


def use(item):
    item.get()
    first = item.get()
    item.nothing()
    second = item.value
    return first if first is second else None


def errors(function, *args):
    try:
        return function(*args)
    except Exception as error:
        trace = error.__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        return f"{type(error).__name__}: {error} in line {trace.tb_lineno}"


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone:", self.name)


def replaced(n):
    for i in range(n):
        loud = make(i)
    make("dropped")
    print("end")


def make(name):
    return Loud(name)


big = 1 << 38
for _ in range(60):
    plain = [subscript([1, 2, 3], i) for i in (0, 2, -1)]
    compared = compare(1, 2), compare(5, 5), compare(-7, -9)
    counted = count(0), count(41), count(-1), count(big), count(2 * big - 1), count(-2 * big)
    used = use(Item(_))
print(plain, compared, counted, used, sep="\n")
print(subscript({0: "a", 1: "b"}, 1), subscript((4, 5), 1), subscript("xyz", -1))
print(subscript([big], 0), subscript([[1], [2]], True))
print(errors(subscript, [], 0), errors(subscript, [1], 1), errors(subscript, [1], "0"), sep="\n")
print(compare(1.5, 2), compare(big * 4, big), compare(True, 2))
print(errors(compare, "a", 1))
print(count(1.5), count(big * 8), count(True))
print(errors(count, "a"), errors(count, None), sep="\n")
print(errors(use, 5), errors(use, Item), sep="\n")
replaced(3)


# Items of a list that go away with it.
def last():
    return make_list()[0]


def make_list():
    return [Loud("in a list"), Loud("beside it")]


print(last().name)


# Generators that are resumed with nothing, and with something.
def echo():
    got = []
    for i in range(3):
        yield i
        got.append((yield i * 10))
    return got


def drive(sent):
    generator = echo()
    values = [next(generator)]
    try:
        while True:
            values.append(generator.send(sent))
    except StopIteration as stop:
        return values, stop.value


print(drive(None), drive("x"))
print([list(x for x in range(i)) for i in range(4)])


def deep(n):
    yield n
    if n:
        yield from deep(n - 1)


print(sum(deep(200)))
