"""Lists that are put into slices of as many items, of other lists and of themselves."""


class Told:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone:", self.name)


def assign(items):
    kept = [10, 11]
    items[:2] = kept
    items[2:4] = [20, 21]
    items[3:5] = items[1:3]
    items[:] = items
    items[-1:] = [kept]
    items[:3] = items[2::-1]
    items[1:1] = []
    items[:2] = [30]
    items[5:] = (40, 41)
    items[100:] = [50]
    return kept, items


for _ in range(40):
    result = assign(list(range(8)))
print(result)
told = [Told("a"), Told("b"), Told("c")]
told[:2] = [Told("d"), Told("e")]
print([one.name for one in told])
told[:] = [0, 1, 2]
print(told)
told[:] = []
print(told)
