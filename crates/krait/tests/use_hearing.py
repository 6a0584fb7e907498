import hearing, sys

heard, *numbers = hearing.begin()
print(numbers)


def show(what):
    print(what, list(heard))
    heard.clear()


d = {"a": 1}
hearing.watch_dict(d)
d["b"] = 2
d["a"] = 3
d["a"] = d["a"]
del d["b"]
d.pop("a")
d.setdefault("c", 4)
d |= {"e": 5}
d.popitem()
d.clear()
d.update({"x": 1})
show("dict")
del d
show("end")
d = {}
hearing.watch_dict(d)
hearing.unwatch_dict(d)
d["a"] = 1
show("no longer")
try:
    hearing.watch_dict([])
except ValueError as error:
    print(error)


class Base:
    pass


class Derived(Base):
    pass


hearing.watch_type(Base)
hearing.watch_type(Derived)
Base.attribute = 1
show("types")
Base.attribute = 2
show("not read since")
Derived.attribute, Derived().attribute
Base.attribute = 3
show("read")

hearing.watch_code()


def function(a=1):
    return a


function.__defaults__ = (2,)
function.__kwdefaults__ = {"b": 3}
function.__code__ = (lambda a: a).__code__
del function
show("functions")
hearing.unwatch_code()
hearing.clear()
try:
    hearing.clear_dicts()
except ValueError as error:
    print(error)

hearing.audit()
sys.audit("hearing.test", 1, "two")
sys.audit("hearing.other")
show("audit")
hearing.later()
for _ in range(3):
    pass
show("pending")
hearing.set_option(1)
print(sys.flags.bytes_warning)
for wrong in (-1, "x"):
    try:
        hearing.set_option(wrong)
    except (TypeError, ValueError) as error:
        print(type(error).__name__)
point = hearing.point()
print(point[0], point[1], point.x, point.hidden, len(point), type(point).__mro__)
print(type(point).n_fields, type(point).n_sequence_fields, type(point).n_unnamed_fields)
print(type(point)([1, 2, 3]).hidden, point == (10, 11))
