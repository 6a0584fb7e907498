class Data:
    def __get__(self, obj, owner):
        return "data", obj is None, owner.__name__

    def __set__(self, obj, value):
        print("set", value)


class NonData:
    def __get__(self, obj, owner):
        return "nondata"


class C:
    a = Data()
    b = NonData()

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return "dynamic " + name

    @property
    def p(self):
        return 5

    @classmethod
    def k(cls):
        return cls.__name__

    @staticmethod
    def s():
        return "static"


c = C()
c.__dict__.update(a=1, b=2)
print(c.a, c.b, c.zz, C.a, c.p, c.k(), C.s())
c.a = 3
for bad in (lambda: setattr(c, "p", 1), lambda: delattr(c, "a"), lambda: c._x, lambda: C.zz,
            lambda: object().x, lambda: setattr(1, "x", 2), lambda: setattr(int, "x", 2)):
    try:
        bad()
    except (AttributeError, TypeError) as error:
        print(type(error).__name__, error)


class Slots:
    __slots__ = ("x", "__weakref__")


s = Slots()
for bad in (lambda: s.x, lambda: setattr(s, "y", 1), lambda: s.__dict__):
    try:
        bad()
    except AttributeError as error:
        print(error)
