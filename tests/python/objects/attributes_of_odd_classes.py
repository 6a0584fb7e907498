"""Attributes through classes that an MRO names without a base, and keys that change classes."""


class Base:
    value = 1

    def method(self):
        return "first"


class Meta(type):
    def mro(cls):
        return (cls, Base, object)


class Odd(metaclass=Meta):
    pass


def value_of(cls):
    return cls.value


def method_of(instance):
    return instance.method()


odd = Odd()
for new in [[1], [2], [3]]:
    Base.value = new
    Base.method = lambda self, new=new: new
    del new
    print([(value_of(Odd), value_of(Base), odd.value, method_of(odd)) for _ in range(20)][-1])


class Child(Odd):
    pass


child = Child()
for number in range(3):
    Base.value = [number] * 2
    print(value_of(Child), child.value, [value_of(Odd) for _ in range(20)][-1])


class Key:
    def __hash__(self):
        return hash("attr")

    def __eq__(self, other):
        if "attr" in Plain.__dict__:
            del Plain.attr
        return False


class Descriptor:
    def __get__(self, instance, owner=None):
        return "from the class"


class Plain:
    attr = Descriptor()


plain = Plain()
plain.__dict__[Key()] = 0
print(plain.attr)
print(hasattr(plain, "attr"))


class Getter:
    @property
    def missing(self):
        raise AttributeError("told by the getter")


for _ in range(20):
    try:
        Getter().missing
    except AttributeError as error:
        last = error
print(last)


class Left:
    pass


class Right:
    pass


def class_of(thing):
    return thing.__class__


def made_by(thing):
    return thing.__class__()


thing = Left()
seen = [class_of(thing).__name__ for _ in range(20)]
thing.__class__ = Right
print(seen[-1], class_of(thing).__name__, class_of(5), class_of("a"), class_of(class_of), class_of(Left))
print([type(made_by(x)).__name__ for x in [thing, 1, 2**70, "a", [], {}, Left(), 1.5] * 10][-8:])


class Liar:
    __class__ = int


print([class_of(x).__name__ for x in [Liar(), Left(), Liar(), True] * 5][-4:])
