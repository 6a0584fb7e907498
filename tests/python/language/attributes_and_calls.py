# Inline caches must notice what changes under them: shapes, classes, functions.


class Point:
    def __init__(self, x, y=2, *, z=None):
        self.x = x
        self.y = y
        if z is not None:
            self.z = z

    def norm(self):
        return self.x + self.y


def read(p):
    return p.x, p.y


def norm(p):
    return p.norm()


# The same class with instances of several shapes, and shadowed methods.
points = []
for i in range(200):
    p = Point(i) if i % 3 else Point(i, z=1)
    if i % 5 == 0:
        del p.x
        p.x = i
    if i % 7 == 0:
        p.norm = lambda i=i: ("shadow", i)
    if i % 11 == 0:
        p.__dict__["y"] = 5
    points.append(p)
print(sum(read(p)[0] + read(p)[1] for p in points))
print([norm(p) for p in points][:15])


# Attributes in another order, more than fit, and deleted ones.
class Bag:
    pass


def fill(bag, names):
    for name in names:
        setattr(bag, name, name.upper())
    bag.first = 1
    bag.second = 2
    return bag


a = [fill(Bag(), []) for _ in range(50)]
b = [fill(Bag(), ["second", "first"]) for _ in range(50)]
c = [fill(Bag(), ["n%d" % i for i in range(40)]) for _ in range(3)]
for bag in (a[-1], b[-1], c[-1]):
    print(list(vars(bag))[-2:], bag.first, bag.second, len(vars(bag)))


def get(bag):
    return bag.first


for bag in a + b + c:
    get(bag)
del a[0].first
try:
    get(a[0])
except AttributeError as error:
    print(error)
Bag.first = "class"
print(get(a[0]), get(a[1]))
Bag.first = property(lambda self: "property")
print(get(a[1]))
del Bag.first
print(get(a[1]))


# A descriptor that arrives after the store was cached.
class Logged:
    def __set__(self, instance, value):
        print("set", value)

    def __get__(self, instance, owner):
        return "logged"


class Target:
    def __init__(self, value):
        self.value = value


for i in range(60):
    t = Target(i)
Target.value = Logged()
t = Target("late")
print(t.value, vars(t))
del Target.value
print(Target(3).value)


# __init__ changes while the call is cached.
def build():
    return Target(7)


for _ in range(60):
    build()
Target.__init__ = lambda self, value, extra=1: setattr(self, "both", (value, extra))
print(vars(build()), vars(Target(value=1, extra=2)))


class Strict:
    def __init__(self, a, b):
        return a


for arguments in ((1, 2), (None, 2)):
    try:
        print(type(Strict(*arguments)).__name__, type(Strict(b=1, a=arguments[0])).__name__)
    except TypeError as error:
        print(error)
for call in (lambda: Strict(1), lambda: Strict(1, c=2), lambda: Strict(1, a=2), lambda: Strict(1, 2, 3)):
    try:
        call()
    except TypeError as error:
        print(error)


# Defaults and keyword arguments.
def f(a, b=2, /, c=3, d=[4], e=5):
    return a, b, c, d, e


def calls():
    return f(1), f(1, 9), f(1, c=0), f(1, 2, e=0, c=7), f(1, 2, 3, d=4)


for _ in range(50):
    last = calls()
print(last)
f.__defaults__ = (20, 30, 40)
try:
    print(f(1))
except TypeError as error:
    print(error)
print(f(1, 2), f(1, 2, e=9))
f.__defaults__ = None
for call in (lambda: f(1), lambda: f(1, b=2), lambda: f(1, 2, 3, 4, 5, 6), lambda: f(1, 2, 3, c=4, d=1, e=1)):
    try:
        print(call())
    except TypeError as error:
        print(error)


# super() and what it found.
class A:
    def who(self):
        return "A"

    name = "A.name"


class B(A):
    def who(self):
        return "B" + super().who()

    def get_name(self):
        return super().name


class C(B):
    def who(self):
        return "C" + super().who()


def ask(objects):
    return [(o.who(), o.get_name()) for o in objects]


for _ in range(40):
    answer = ask([B(), C()])
print(answer)
A.who = lambda self: "patched"
A.name = "new"
print(ask([B(), C()]))


class Z(A):
    def who(self):
        return "Z" + super().who()


C.__bases__ = (B, Z)
print(ask([C()]), [k.__name__ for k in C.__mro__])
del A.who
try:
    B().who()
except AttributeError as error:
    print(error)
