# Python code that runs in the middle of an operation on a bytearray.
import copy
import pickle


def show(what, call, *args):
    try:
        print(what, call(*args))
    except Exception as error:
        print(what, type(error).__name__, error)


class Index:
    def __init__(self, run, value=65):
        self.run, self.value = run, value

    def __index__(self):
        self.run()
        return self.value


class Buffer:
    def __init__(self, run, data=b"A"):
        self.run, self.data = run, data

    def __buffer__(self, flags):
        self.run()
        return memoryview(self.data)


for name in ("find", "rfind", "index", "rindex", "count", "__contains__"):
    for kind in (Index, Buffer):
        array = bytearray(b"A")
        show(name, getattr(array, name), kind(array.clear))
for name in ("split", "rsplit"):
    array = bytearray(b"A")
    show(name, getattr(array, name), Buffer(array.clear))

array = bytearray(b"%a end")


class Repr:
    def __repr__(self):
        array.clear()
        return "E"


show("mod", array.__mod__, Repr())

array = bytearray(b"abc")
show("setitem", array.__setitem__, 1, Index(array.clear))
show("setitem", array.__setitem__, 0, Index(lambda: None, 66))

for run in (lambda: array.clear(), lambda: array.__delitem__(slice(3, None)), lambda: array.extend(b"y" * 4)):
    array = bytearray(b"x" * 6)
    array.extend(Buffer(run, b"ABC"))
    print(array)

for kind in (bytes, bytearray):
    items = [b"a", Buffer(lambda: items.clear(), b"x"), b"c"]
    show("join", kind(b"::").join, items)
    items = [b"a", Buffer(lambda: items.__setitem__(1, b"z"), b"x"), b"c"]
    show("join", kind(b"::").join, items)


def numbers(array):
    for i in range(5):
        yield i
        print(list(array), end=" ")


array = bytearray()
array.__init__(numbers(array))
print(array)


class Slots(bytearray):
    __slots__ = ("x", "__dict__")


array = Slots(b"abc")
array.x, array.y = [1], 2
for other in (copy.copy(array), copy.deepcopy(array), *(pickle.loads(pickle.dumps(array, p)) for p in range(2, 6))):
    print(type(other) is Slots, other == array, other.x, other.y)


class Text(str):
    def __bytes__(self):
        return b"text"


print(bytes(Text("x")), bytes(Text("x"), "ascii"))
show("bytearray", bytearray, Text("x"))


class Float(float):
    pass


for value in (b"ab", 1.5, Float(2), "x", 256, -1):
    show("%c", b"%c".__mod__, value)
    show("%c", "%c".__mod__, value)
