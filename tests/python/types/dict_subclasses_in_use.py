# Subclasses of dict that override one of the methods behind operators, at places in
# the code that met dicts before; and tuples that are compared.
from collections import Counter, OrderedDict, defaultdict


class Missing(dict):
    def __missing__(self, key):
        return f"no {key}"


class Getting(dict):
    def __getitem__(self, key):
        return f"got {key}"


class Setting(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, (value,))


class Deleting(dict):
    def __delitem__(self, key):
        print("deleting", key)
        super().__delitem__(key)


class Containing(dict):
    def __contains__(self, key):
        return key == "anything"


kinds = [dict, Missing, Getting, Setting, Deleting, Containing, Counter, OrderedDict, dict]
kinds.append(lambda: defaultdict(list))


def use(mapping, key):
    mapping[key] = 1
    return mapping[key], key in mapping, "anything" not in mapping


def read(mapping, key):
    try:
        return mapping[key]
    except KeyError as error:
        return repr(error)


for _ in range(40):
    shown = [(use(kind(), "k"), read(kind(), "absent")) for kind in kinds]
print(*shown, sep="\n")
mapping = Deleting(a=1)
del mapping["a"]
counter = Counter()
for word in "a b a c a b".split() * 20:
    counter[word] += 1
print(counter, counter["none"], "none" in counter)
del counter["none"]


class Odd:
    def __eq__(self, other):
        return "odd"

    def __ne__(self, other):
        return ""


class Refusing:
    def __eq__(self, other):
        raise ValueError("not compared")


class Pair(tuple):
    def __eq__(self, other):
        return "pair"


nan = float("nan")
refusing = Refusing()
pairs = [
    ((), ()),
    ((1, 2), (1, 2)),
    ((1, 2), (1, 3)),
    ((1,), (1, 2)),
    ((nan,), (nan,)),
    ((nan,), (float("nan"),)),
    ((1, "a", (2.5, None)), (1, "a", (2.5, None))),
    ((1, "a", (2.5, None)), (1, "a", (2.5, 0))),
    ((1, True), (1.0, 1)),
    ((Odd(),), (1,)),
    ((1,), (Odd(),)),
    ((refusing,), (refusing,)),
    ((refusing,), (1,)),
    (Pair((1,)), (1,)),
    ((1,), Pair((1,))),
    ((1,), [1]),
    ((1 << 70, -5), (1 << 70, -5)),
]


def compare(a, b):
    try:
        return a == b, a != b, "same" if a == b else "other", not a != b
    except ValueError as error:
        return str(error)


for _ in range(40):
    compared = [compare(a, b) for a, b in pairs]
print(*compared, sep="\n")
