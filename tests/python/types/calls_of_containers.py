"""What `list`, `set`, `dict` and `ref` make of arguments that they want and of others."""

import weakref


class Keys:
    def keys(self):
        return ["k"]

    def __getitem__(self, key):
        return key.upper()


class Sub(set):
    pass


class SubDict(dict):
    pass


def show(call):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)


for _ in range(30):
    made = list((1, 2)), set("a"), dict(a=1), dict([("x", 1)], y=2), dict(Keys(), z=3)
print(made)
for call in (
    lambda: list(1),
    lambda: list(1, 2),
    lambda: list(a=1),
    lambda: set(1),
    lambda: set(1, 2),
    lambda: set(iterable=()),
    lambda: set([[]]),
    lambda: sorted(set(range(9)) - set(range(7))),
    lambda: dict(1),
    lambda: dict(1, 2),
    lambda: dict([1]),
    lambda: dict([(1, 2, 3)]),
    lambda: dict(["ab", [1, 2], (3, 4)]),
    lambda: dict({1: 2}, self=3),
    lambda: dict(**{"a": 1}, b=2),
    lambda: Sub([1]),
    lambda: SubDict(a=1),
    lambda: SubDict(1, 2),
    lambda: weakref.ref(),
    lambda: weakref.ref(1),
    lambda: weakref.ref(Sub, None, 1),
    lambda: weakref.ref(Sub, callback=None),
    lambda: weakref.ref(Sub)() is Sub,
    lambda: weakref.ref(Sub) is weakref.ref(Sub),
):
    show(call)
words = ((1, "a", 2.5), (True, None), ((((1,),),),))
print([a == b for a in words for b in (((1.0, "a", 2.5)), (1, None), ((((1,),),),), (True, 0))])
print({words: 1}.get(((1, "a", 2.5), (True, None), ((((1,),),),))))
text = "ab" * 40
print(text.replace("ba", "-")[:9], text.split("bab")[:3], text.count("bab"), text.find("bb"))
print([text[i] for i in (0, -1, 79, -80)], "é€"[1], "é"[0], f"{text[0]}{text[1]}é{1}{'€'}{''}")
show(lambda: text[80])
show(lambda: text[-81])
