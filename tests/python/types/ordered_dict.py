"""An OrderedDict has an order of its own, whatever happens to the dict below."""
from collections import OrderedDict


def attempt(function, *args):
    try:
        print("ok", repr(function(*args)))
    except Exception as error:
        print(type(error).__name__, error)


od = OrderedDict.fromkeys("abcde")
od.move_to_end("b")
od.move_to_end("d", last=False)
print(list(od), list(reversed(od)), od == OrderedDict.fromkeys("daceb"), od == dict.fromkeys("abcde"))
print(od.popitem(), od.popitem(last=False), list(od))
attempt(od.move_to_end, "z")
od["c"] = 3
od["z"] = 26
print(od, list(od.items()), od.pop("a"), od.pop("a", "gone"))
print(type("C", (), OrderedDict([("x", 1), ("y", 2)])).__dict__["y"], dict(od), {**od})

print("behind its back")
for name in ["__delitem__", "pop"]:
    od = OrderedDict(spam=1, ham=2)
    getattr(dict, name)(od, "spam")
    attempt(repr, od)
    attempt(list, od)
    attempt(od.copy)
    print(len(od), od.popitem())
od = OrderedDict()
dict.__setitem__(od, "spam", 1)
print(od, list(od), len(od))
od["spam"] = 2
print(od)
dict.clear(od)
print(len(od), "NULL" in repr(od))

print("changed on the way")


class Key:
    def __init__(self, action=None):
        self.action = action

    def __repr__(self):
        return "<a key>"

    def __hash__(self):
        return 1

    def __eq__(self, other):
        if self.action:
            action, self.action = self.action, None
            action()
        return self is other


for change in [lambda: od.clear(), lambda: od.move_to_end(0), lambda: od.__setitem__("new", 1)]:
    od = OrderedDict.fromkeys([0, Key(), Key(), 4.2])
    iterator = iter(od)
    next(iterator)
    change()
    attempt(next, iterator)
    od = OrderedDict.fromkeys([0, Key(), Key(), 4.2])
    list(od)[1].action = change
    attempt(od.copy)
od = OrderedDict.fromkeys(range(5))
while od:
    key, _ = od.popitem(last=False)
    if key < 10:
        od[key + 5] = None
print(key, len(od))
