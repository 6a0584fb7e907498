"""Sets whose elements change them while they are asked whether they are equal."""


class Key:
    """Equal to nothing, with the same hash as all others."""

    def __init__(self, name, action=None):
        self.name = name
        self.action = action

    def __hash__(self):
        return 7

    def __eq__(self, other):
        if self.action:
            action, self.action = self.action, None
            action()
        return False

    def __repr__(self):
        return self.name


def names(items):
    return sorted(map(repr, items))


# A key added by the comparison must not be overwritten by the one looked for.
group = set()
gone = [Key(f"gone{i}") for i in range(3)]
group.update(gone)
group.difference_update(gone)
group.add(Key("adds", lambda: group.add(Key("added"))))
group.add(Key("late"))
print(names(group), len(group) == len(list(group)))

# The table is emptied, or grows, in the middle of a search.
group = {Key("first")}
group.add(Key("clears", group.clear))
group.add(Key("after"))
print(names(group))
group = {Key("grows", lambda: group.update(range(100)))}
group.add(Key("other"))
print(len(group), len(list(group)))

# Operations between two sets.
for operation in ("__and__", "__sub__", "__le__", "isdisjoint", "__xor__", "__or__"):
    left, right = {Key("left")}, {Key("right")}
    for key in left:
        key.action = right.clear
    for key in right:
        key.action = left.clear
    result = getattr(left, operation)(right)
    print(operation, names(result) if isinstance(result, set) else result, len(left), len(right))

# Keys that are told apart, or not, without asking anybody.
nan = float("nan")
values = [1, 1.0, True, "a", "a" * 1, (1, 2), (1.0, 2), ("a", (1, "b")), nan, nan, (nan,), (nan,), 2**80, 2**80 + 0, b"a"]
print(len(set(values)), len(dict.fromkeys(values)))
print((1, "x", (2.0,)) in {(1, "x", (2,))}, (nan,) == (nan,), (nan,) == (float("nan"),))
print({(1, 2): "a", (1, 3): "b"}[(1, 3)], {("k", 1.5): 1}.get(("k", 1.5)))
print([list({i, i + 8, i + 16, i * 64}) for i in range(4)])
