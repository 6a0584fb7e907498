d = dict.fromkeys("abc", 0)
d["a"] = 1
del d["b"]
d["b"] = 2
print(d, list(reversed(d)), d.popitem(), d | {"z": 9}, d.keys() & {"a", "q"}, d.items() ^ {("a", 1)})
print({1: "int", 1.0: "float", True: "bool"}, d.setdefault("n"), d.get("m", 5), d.pop("m", None))
try:
    for key in d:
        d[key + "x"] = 1
except RuntimeError as error:
    print(error)
try:
    for key in d:
        del d[key]
        d["new"] = 1
except RuntimeError as error:
    print(error)
for bad in (lambda: {}["k"], lambda: {[]: 1}, lambda: dict([1]), lambda: dict([(1, 2, 3)]),
            lambda: {}.popitem(), lambda: {}.update(5)):
    try:
        bad()
    except Exception as error:
        print(type(error).__name__, error)


class Liar:
    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return self.name == other.name


liars = {Liar(n): n for n in "xyz"}
print(liars[Liar("y")], len(liars), Liar("q") in liars)
