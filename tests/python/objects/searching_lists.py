"""Membership and positions where comparing changes the list, and slices that are constants."""


class Nosy:
    def __init__(self, items, act):
        self.items, self.act = items, act

    def __eq__(self, other):
        self.act(self.items)
        return False

    __hash__ = None


items = [1, 2.0, "x", (3, "y"), None]
print([value in items for value in (1, True, 2, "x", (3, "y"), None, 4, (3,), 1.0)])
print(items.index(2), items.index("x", -3), items.count(1.0))
for act in (list.clear, list.pop, lambda items: len(items) < 9 and items.append(0), list.reverse):
    many = [1, 2, 3, 4]
    print(Nosy(many, act) in many, many)
for wrong in (lambda: items.index("z"), lambda: items.remove("z"), lambda: items.index(1, 1)):
    try:
        wrong()
    except ValueError as error:
        print(error)
items.remove(2)
print(items)


def slices(sequence):
    return sequence[:], sequence[1:], sequence[:-1], sequence[1:3], sequence[::2], sequence[5:2]


for _ in range(40):
    for sequence in ([1, 2, 3, 4], (1, 2, 3, 4), "text", b"text", range(4)):
        result = slices(sequence)
for sequence in ([1, 2, 3, 4], (1, 2, 3, 4), "text", b"text", bytearray(b"text"), range(4)):
    print(slices(sequence))
copied = slices([[]])[0]
print(copied, slices([1])[0] is not slices([1])[0])
