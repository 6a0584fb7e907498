"""Attributes deleted and set again: order, absence, and destructors that look on."""
import contextlib


class Plain:
    def __init__(self, count=5):
        for i in range(count):
            setattr(self, f"a{i}", i)


def show(plain):
    print(list(vars(plain).items()))


for place in range(5):
    plain = Plain()
    delattr(plain, f"a{place}")
    print(place, hasattr(plain, f"a{place}"), [getattr(plain, f"a{i}", "-") for i in range(5)])
    setattr(plain, f"a{place}", "again")
    show(plain)

plain = Plain()
del plain.a1, plain.a3
try:
    del plain.a1
except AttributeError as e:
    print(e)
plain.new = "new"
plain.a3 = 33
print(plain.a0, plain.a2, plain.a3, plain.a4, plain.new)
show(plain)
del plain.a0, plain.a2, plain.a3, plain.a4, plain.new
show(plain)


class Watching:
    def __init__(self, owner):
        self.owner = owner

    def __del__(self):
        print("died; the owner has", sorted(vars(self.owner)))
        self.owner.from_destructor = True


class Owner:
    pass


owner = Owner()
owner.first, owner.watching, owner.last = 1, None, 3
owner.watching = Watching(owner)
del owner.watching
show(owner)

owner = Owner()
owner.x = 1
owner.watching = Watching(owner)
owner.y = 2


def read(o):
    return o.y


print([read(owner) for _ in range(50)][-1])
del owner.watching
print(read(owner), sorted(vars(owner)))


class Many:
    pass


many = Many()
for i in range(2000):
    setattr(many, f"n{i}", i)
    if i >= 3:
        delattr(many, f"n{i - 3}")
show(many)


class Derived(Plain):
    __slots__ = ("slot",)


derived = Derived(3)
derived.slot = "s"
del derived.a0
derived.__class__ = Derived
print(derived.slot, vars(derived))


@contextlib.contextmanager
def managed(value):
    yield value


for i in range(3):
    with managed(i) as got:
        print(got)
