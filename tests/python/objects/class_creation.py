class Meta(type):
    @classmethod
    def __prepare__(mcls, name, bases, **kw):
        print("prepare", name, [b.__name__ for b in bases], kw)
        return {"prepared": True}

    def __new__(mcls, name, bases, ns, **kw):
        print("new", sorted(k for k in ns if not k.startswith("__")))
        return super().__new__(mcls, name, bases, ns)

    def __init__(cls, name, bases, ns, **kw):
        super().__init__(name, bases, ns)

    def __call__(cls, *args):
        print("call", args)
        return super().__call__(*args)


class Named:
    def __set_name__(self, owner, name):
        print("set_name", owner.__name__, name)


class Base(metaclass=Meta, option=1):
    field = Named()

    def __init_subclass__(cls, /, **kw):
        print("init_subclass", cls.__name__, kw)


class Derived(Base):
    def who(self):
        return __class__.__name__, super().__repr__()[:10]


d = Derived()
print(d.who(), type(Derived), Derived.prepared)
try:
    class X(int, str): ...
except TypeError as error:
    print(error)
try:
    class A: ...
    class B(A): ...
    class C(A, B): ...
except TypeError as error:
    print(error)
try:
    class D(1): ...
except TypeError as error:
    print(error)
