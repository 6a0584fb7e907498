# Sets while they grow, shrink, are copied, and change between tables of all sizes.
import random


class Key:
    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return self.number % 37

    def __eq__(self, other):
        return self.number == other.number


def check(one, model):
    assert len(one) == len(model), (len(one), len(model))
    seen = list(one)
    assert len(seen) == len(model) and all(item in model for item in seen)
    assert sorted(seen) == sorted(model)
    assert hash(frozenset(one)) == hash(frozenset(list(one)))
    assert one == set(seen) and one <= set(seen) and one.issubset(seen)
    copied = one.copy()
    assert list(copied) == list(set(one)) and copied == one


for size in (0, 1, 4, 5, 6, 19, 20, 21, 76, 77, 300, 310, 620, 1300, 5000):
    chance = random.Random(size)
    one, model = set(), {}
    for step in range(size * 2):
        item = chance.randrange(size * 3)
        if chance.random() < 0.7:
            one.add(item)
            model[item] = None
        else:
            one.discard(item)
            model.pop(item, None)
    check(one, model)
    other = set(range(0, size * 3, 2))
    for result, wanted in (
        (one & other, [item for item in model if item in other]),
        (one - other, [item for item in model if item not in other]),
        (one | other, [*other, *(item for item in model if item not in other)]),
        (one ^ other, [item for item in [*model, *other] if (item in model) != (item in other)]),
    ):
        check(result, dict.fromkeys(wanted))
        check(frozenset(result), dict.fromkeys(wanted))
    assert one.isdisjoint(other) == (not one & other)
    popped = [one.pop() for _ in range(len(one) // 2)]
    check(one, {item: None for item in model if item not in popped})
    one.update(popped)
    check(one, model)
    a, b = set(one), set("abc")
    a ^= a
    assert not a and list(a) == []
    a |= one
    a.clear()
    a.update(range(7))
    check(a, dict.fromkeys(range(7)))
    keys = {Key(i) for i in range(size)}
    assert len(keys) == size and sorted(key.number for key in keys) == list(range(size))
    keys -= {Key(i) for i in range(0, size, 3)}
    assert sorted(key.number for key in keys) == [i for i in range(size) if i % 3]
    print(size, len(model), list(other)[:5], len(keys))

changed = set(range(30))
try:
    for item in changed:
        changed.discard(item)
except RuntimeError as error:
    print(error)
print(len(changed), {1, 2} < {1, 2, 3}, len(frozenset(range(50)) - {7}))
iterator = iter(set(range(100)))
print(next(iterator), iterator.__length_hint__(), sum(iterator), list(iterator))
