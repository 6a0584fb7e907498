"""An OrderedDict with few and with many keys, moved, removed and added again."""

from collections import OrderedDict


class Same:
    """Keys of one hash."""

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return 7

    def __eq__(self, other):
        return isinstance(other, Same) and self.name == other.name

    def __repr__(self):
        return f"Same({self.name})"


def model_of(steps, keys):
    """The same steps on a list of keys."""
    order = []
    for step, index in steps:
        key = keys[index]
        if step == "put" and key not in order:
            order.append(key)
        elif step == "del" and key in order:
            order.remove(key)
        elif step in ("first", "last") and key in order:
            order.remove(key)
            order.insert(0 if step == "first" else len(order), key)
        elif step == "popfirst" and order:
            order.pop(0)
        elif step == "poplast" and order:
            order.pop()
    return order


def run(steps, keys):
    ordered = OrderedDict()
    for number, (step, index) in enumerate(steps):
        key = keys[index]
        if step == "put":
            ordered[key] = number
        elif step == "del":
            ordered.pop(key, None)
        elif step in ("first", "last"):
            if key in ordered:
                ordered.move_to_end(key, last=step == "last")
        elif ordered:
            ordered.popitem(last=step == "poplast")
    return ordered


def steps(count, keys, seed):
    kinds = ["put", "put", "put", "del", "first", "last", "popfirst", "poplast"]
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) % 2**31
        yield kinds[seed >> 8 & 7], (seed >> 12) % keys


for name, keys in [
    ("few ints", list(range(6))),
    ("ints", list(range(200))),
    ("strings", [f"key {i}" for i in range(100)]),
    ("far apart", [i << 40 for i in range(100)]),
    ("same hash", [Same(i) for i in range(20)]),
    ("equal keys", [i if i % 2 else float(i) for i in range(50)]),
]:
    for seed in range(5):
        plan = list(steps(3000, len(keys), seed))
        ordered = run(plan, keys)
        expected = model_of(plan, keys)
        assert list(ordered) == expected, (name, seed)
        assert list(reversed(ordered)) == expected[::-1]
        assert list(ordered.items()) == [(key, ordered[key]) for key in expected]
        assert ordered.copy() == ordered and len(ordered) == len(expected)
        ordered.clear()
        assert not ordered and list(ordered) == []
    print(name, len(expected), expected[:3])

# A queue of bounded size uses the places of those that left.
queue = OrderedDict()
for i in range(20_000):
    queue[i] = -i
    if len(queue) > 10:
        queue.popitem(last=False)
print(list(queue.items())[::3])

# Changed behind its back.
odd = OrderedDict.fromkeys(range(12))
dict.__delitem__(odd, 3)
dict.__setitem__(odd, "new", 1)
odd[3] = "again"
odd["new"] = 2
print(len(odd), odd[3], odd["new"])
