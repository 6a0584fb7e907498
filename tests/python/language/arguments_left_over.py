# Tuples and dicts of arguments that no parameter is for, and defaults, in loops.
def all_kinds(a, b=2, /, c=3, *args, d=4, e=5, **kw):
    return a, b, c, args, d, e, kw


def open_only(*args, **kw):
    return args, kw


def keyword_only(*, first, second="s"):
    return first, second


def with_kw(a, **kw):
    kw["mine"] = a
    return kw


class C:
    def method(self, *args, x=1, **kw):
        return args, x, kw


calls = [
    lambda: all_kinds(1),
    lambda: all_kinds(1, 2, 3, 4, 5),
    lambda: all_kinds(1, d=6, b=7),
    lambda: all_kinds(1, c=8, e=9, z=10, a=11),
    lambda: all_kinds(1, 2, 3, 4, c=5),
    lambda: all_kinds(c=1),
    lambda: all_kinds(**{"d": 1}),
    lambda: open_only(),
    lambda: open_only(1, 2, x=3),
    lambda: open_only(*range(20), **{f"k{i}": i for i in range(3)}),
    lambda: keyword_only(first=1),
    lambda: keyword_only(second=2, first=1),
    lambda: keyword_only(second=2),
    lambda: keyword_only(1, first=1),
    lambda: with_kw(1),
    lambda: with_kw(1, b=2),
    lambda: with_kw(a=1, b=2),
    lambda: with_kw(1, a=2),
    lambda: C().method(),
    lambda: C().method(1, x=2, y=3),
    lambda: C().method(1, self=2),
]

for turn in range(30):
    answers = []
    for call in calls:
        try:
            answers.append(call())
        except TypeError as e:
            answers.append(str(e))
    if turn in (0, 29):
        print(*answers, sep="\n")

keyword_only.__kwdefaults__ = {"first": "default"}
print(keyword_only(second=1))
all_kinds.__defaults__ = None
all_kinds.__kwdefaults__["d"] = "changed"
print(all_kinds(1, 2, 3))
