"""Every kind of instruction many times in one loop: the native stack stays where it is."""

import resource


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def add(self, other):
        return self.value + other


class Plain:
    constant = 3

    def __init__(self):
        self.number = 1

    @property
    def twice(self):
        return 2 * self.number

    def __getitem__(self, index):
        return index

    def __enter__(self):
        return self

    def __exit__(self, *details):
        return True


def default(a, b=2):
    return a + b


def anything(*args, **options):
    return len(args) + len(options)


def generate(count):
    for number in range(count):
        yield number


def delegate(count):
    yield from generate(count)


def closure(start):
    def inner(step):
        nonlocal start
        start += step
        return start

    return inner


async def answer():
    return 42


async def ask():
    return await answer()


def finish(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value


def numbers(i, fl):
    big = i << 70
    fl = fl * 1.5 - 0.25 + i
    return -i + ~i + (i ^ 3) + (i & 7) + (i | 1) + i // 3 + i % 5 + (big >> 68) + int(fl / 2.0 > i) + i**2


def containers(i, text="abc"):
    items = [i, 2, 3]
    first, *rest = items
    a, b, c = items
    items[1] = a
    items.append(b)
    table = {1: 2, "a": i, **{"b": c}}
    table["a"] += 1
    del table[1]
    pair = (a, b)
    left, right = pair
    total = table["a"] + items[-1] + left + right + len(rest) + first + len(text[1:]) + ord(text[0])
    total += sum([item for item in items if item]) + len({item for item in pair}) + len({**table})
    for key, value in table.items():
        total += value
    for at, item in enumerate(items):
        total += at
    for item in {1, 2}:
        total += item in (1, 3)
    return total + len(f"{i}{text!r:>8}") + len([*items, *pair])


def matching(subject):
    match subject:
        case [a, b]:
            return a + b
        case {"k": k}:
            return k
        case Slotted(value=value):
            return value
        case _:
            return 0


def control(i, plain, slotted, step):
    total = slotted.add(i & 7) + plain.twice + plain.constant + plain[i] + default(i) + default(b=1, a=2)
    plain.number = i & 3
    slotted.value = total & 15
    total += anything(1, 2, k=3) + anything(*(1, 2), **{"k": 1}) + step(1) % 5
    if total is None or not total or isinstance(plain, Slotted):
        total += 1
    try:
        if i % 8 == 0:
            raise ValueError(i)
        total += [][i]
    except ValueError as error:
        total += len(error.args)
    except IndexError:
        total += 2
    finally:
        total += 1
    with plain as inside:
        total += inside is plain
        {}[i]
    for number in delegate(2):
        total += number
    total += sum(number for number in generate(3)) + finish(ask()) + (lambda n: n + 1)(i)
    return total + matching((1, i)) + matching({"k": i}) + matching(slotted) + matching(i)


def run(count):
    plain, slotted, step, total = Plain(), Slotted(1), closure(0), 0
    for i in range(count):
        total += numbers(i, 0.5) + containers(i) + control(i, plain, slotted, step)
        total %= 1_000_003
    return total


print(run(2_000))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(run(30_000))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print("grown by", grown if grown > 1024 else "nothing")
