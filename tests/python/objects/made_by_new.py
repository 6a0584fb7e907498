"""Classes with a `__new__` in Python; class methods by instances; attributes that `type` has too."""
import collections


class Point(tuple):
    def __new__(cls, x, y=2, *rest, **options):
        made = super().__new__(cls, (x, y, *rest))
        made.options = options
        return made


class Counted:
    made = 0

    def __new__(cls, *args, **options):
        cls.made += 1
        return object.__new__(cls)

    def __init__(self, *args, **options):
        self.given = args, options


class Elsewhere:
    def __new__(cls, value):
        return value

    def __init__(self, value):
        print("never")


class Wrong:
    def __new__(cls):
        return object.__new__(cls)

    def __init__(self):
        return 5


class Short:
    def __new__(cls, value):
        return object.__new__(cls)


class NoInit(Short):
    def __init__(self):
        pass


class Meta(type):
    def __call__(cls, *args):
        return "called", cls.__name__, args


class Called(metaclass=Meta):
    def __new__(cls, *args):
        return args


class Number(int):
    def __new__(cls, value, *, base=10):
        return int.__new__(cls, value, base) if isinstance(value, str) else super().__new__(cls, value)


Pair = collections.namedtuple("Pair", "first second", defaults=[2])


def attempt(function, *args, **options):
    for _ in range(20):
        try:
            result = function(*args, **options)
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
    print(result)


attempt(lambda: (Point(1), Point(1, 3, 4, k=5).options, Point(y=1, x=0)))
attempt(Point)
attempt(Point, 1, x=2)
attempt(lambda: Counted(1, a=2).given)
attempt(lambda: Counted(*range(10), **dict.fromkeys("abc")).given)
print(Counted.made)
attempt(Elsewhere, 7)
attempt(lambda: type(Elsewhere(Elsewhere(None))))
attempt(Wrong)
attempt(lambda: type(Short(1)).__name__)
attempt(Short)
attempt(Short, 1, 2)
attempt(NoInit, 1)
attempt(NoInit)
attempt(Called, 1, 2)
attempt(lambda: (Number("12"), Number(5), Number("ff", base=16)))
attempt(Number, "z")
attempt(lambda: (Pair(1), Pair(second=1, first=0), Pair(1, 2)._replace(first=5)))
attempt(Pair)
attempt(lambda: Pair.__new__(Pair, 1, 2))
attempt(lambda: list(tuple.__new__(Pair, (1, 2, 3))))
attempt(lambda: tuple.__new__(int, ()))
attempt(lambda: object.__new__(int))
attempt(lambda: object.__new__())
attempt(lambda: object.__new__(5))
attempt(lambda: Counted.__init__(Counted(), 4))
attempt(lambda: [c.__init__ for c in (object, int)] and object.__repr__(Counted)[:8])
Counted.__new__ = lambda cls, *args, **options: object.__new__(cls)
attempt(lambda: (Counted(3).given, Counted.made))
del Counted.__new__
attempt(lambda: Counted(4).given)


class Base:
    kind = "base"

    @classmethod
    def make(cls, *args):
        return cls.__name__, cls.kind, args

    def via(self, *args):
        return self.make(*args)


class Derived(Base):
    kind = "derived"


class Slotted(Base):
    __slots__ = ("a",)


class OnlySlots:
    __slots__ = ()

    @classmethod
    def make(cls, *args):
        return cls.__name__, args


def through(objects):
    return [item.make(1) for item in objects for _ in range(10)][::10]


base, derived, shadowing = Base(), Derived(), Base()
shadowing.make = lambda *args: ("own", args)
mixed = Base()
mixed.other = 1
attempt(through, [base])
attempt(through, [base, mixed, derived, Slotted(), shadowing, OnlySlots(), Base])
base.make = "text"
attempt(through, [base])
del base.make
attempt(through, [base])
attempt(lambda: (base.via(2), derived.via(3)))
Base.make = classmethod(lambda cls, *args: ("new", cls.__name__))
attempt(through, [base, derived])
Base.make = classmethod(print)
attempt(through, [derived])
Base.make = staticmethod(lambda *args: args)
attempt(through, [base, derived])
base.__dict__["make"] = lambda *args: "in the dict"
attempt(through, [base, derived])
