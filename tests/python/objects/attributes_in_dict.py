"""Attributes of instances whose `__dict__` was asked for, and of classes with `__getattr__`."""


class Base:
    shared = "class"

    def method(self):
        return "method"

    @property
    def computed(self):
        return self.missing_in_getter


class Hooked(Base):
    def __init__(self):
        self.own = "own"

    def __getattr__(self, name):
        return f"<{name}>"


class Freed:
    def __del__(self):
        print("freed")


def read(thing):
    return thing.own, thing.shared, thing.method()


def write(thing, value):
    thing.own = value


instance = Base()
instance.own = 1
vars(instance)
for step in range(60):
    values = read(instance)
    write(instance, step)
print(values, vars(instance))
instance.method = lambda: "instance"
print(read(instance))
del instance.method
print(read(instance))
instance.shared = "mine"
print(read(instance))
del instance.shared
vars(instance)["shared"] = "through the dict"
print(read(instance))
instance.__dict__ = {"own": "new dict"}
print(read(instance))
vars(instance)[1] = 2
for _ in range(60):
    values = read(instance)
print(values)
write(instance, Freed())
write(instance, None)
print(read(instance))

hooked = Hooked()
for _ in range(60):
    values = hooked.own, hooked.shared, hooked.method(), hooked.other, hooked.computed
print(values)
del hooked.own
print(hooked.own)
Hooked.__getattribute__ = lambda self, name: name.upper()
print(hooked.own, hooked.shared, hooked.other)
del Hooked.__getattribute__
print(hooked.own, hooked.shared)

many = Base()
for i in range(40):
    setattr(many, f"a{i}", i)
print(list(vars(many).items())[-2:], len(vars(many)), many.a39, many.method())


class Pretender:
    @property
    def __class__(self):
        return int


class Asker:
    def __getattribute__(self, name):
        return str if name == "__class__" else object.__getattribute__(self, name)


print(isinstance(Pretender(), int), isinstance(Asker(), str), isinstance(Asker(), (int, list)))
print(isinstance(3, str), isinstance(int, type), isinstance(Base(), (str, Hooked)))
