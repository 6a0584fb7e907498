# Attributes at one place in the code of instances of many classes.


class Base:
    kind = "base"

    def __init__(self, a, b):
        self.a = a
        self.b = b

    def total(self):
        return self.a + self.b

    def name(self):
        return self.kind


class Plain(Base):
    pass


class Wide(Base):
    kind = "wide"

    def __init__(self, a, b):
        self.first = 0
        super().__init__(a, b)
        self.last = 1

    def name(self):
        return "wide " + super().name()


class Computed(Base):
    @property
    def a(self):
        return 10 * self.hidden

    @a.setter
    def a(self, value):
        self.hidden = value


class Slotted(Base):
    __slots__ = ("b",)


class Asked(Base):
    def __getattribute__(self, name):
        if name == "a":
            return 1000
        return super().__getattribute__(name)


class Missing(Base):
    def __init__(self, a, b):
        self.b = b

    def __getattr__(self, name):
        return 5 if name == "a" else "no " + name


class Guarded(Base):
    def __setattr__(self, name, value):
        super().__setattr__(name, value + 1)


class Shadowing(Base):
    def __init__(self, a, b):
        super().__init__(a, b)
        self.name = lambda: "shadow"


class Many(Base):
    def __init__(self, a, b):
        for i in range(40):
            setattr(self, f"m{i}", i)
        super().__init__(a, b)


class Emptied(Base):
    def __init__(self, a, b):
        super().__init__(a, b)
        self.__dict__["b"] = b + 1


classes = [Base, Plain, Wide, Computed, Slotted, Asked, Missing, Guarded, Shadowing, Many, Emptied]


def show(items):
    return [(type(item).__name__, item.total(), item.name()) for item in items]


def add(items, n):
    for item in items:
        item.b = item.b + n


for round in range(200):
    items = [cls(round, 1) for cls in classes]
    add(items, 2)
    shown = show(items)
    if round in (0, 1, 50, 199):
        print(*shown, sep="\n")

# Classes that change while they are in use.
items = [cls(1, 2) for cls in classes * 3]
for step in range(60):
    if step == 20:
        Plain.name = lambda self: "patched"
    if step == 30:
        Base.a = property(lambda self: 7, lambda self, value: None)
    if step == 40:
        del Base.a
        del Plain.name
    if step in (19, 21, 31, 41, 59):
        print(step, show(items)[:4])
    else:
        show(items)


def delete(item):
    try:
        del item.a
        item.total()
    except AttributeError as error:
        return str(error)


print([delete(item) for item in items[:11]])


# What a class answers with as it is, and what it does not.
class Values:
    __slots__ = ("slot",)

    @property
    def computed(self):
        return 1

    @staticmethod
    def static():
        return 2

    @classmethod
    def of(cls):
        return cls.__name__


def of_class(cls):
    return (
        type(cls.slot).__name__,
        type(cls.computed).__name__,
        cls.static(),
        cls.of(),
        cls.__eq__ is object.__eq__,
    )


for _ in range(100):
    answer = of_class(Values)
print(answer)


def builtin_methods(text):
    return str.upper(text), str.join("-", [text, text]), int.__add__(2, 3), int.real.__name__


for _ in range(100):
    answer = builtin_methods("x")
print(answer)
Values.computed = 5
print(of_class(Values)[1])
