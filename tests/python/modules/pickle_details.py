"""What the pickler and the unpickler say of broken, nested and concurrent use."""
import copyreg
import io
import pickle


def attempt(function, *args):
    try:
        print("ok", repr(function(*args)))
    except Exception as error:
        print(type(error).__name__, error)


print("frames")
for data in [
    b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00Vhelloworld\n.",
    b"\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00C\x0ahelloworld.",
    b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00N\x95\x00\x00\x00\x00\x00\x00\x00\x00NN.",
    b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00N\x95\x00\x00\x00\x00\x00\x00\x00\x00N.",
]:
    attempt(pickle.loads, data)
    attempt(pickle.load, io.BytesIO(data))

print("lines")
for data in [b"I010\n.", b"I0x10\n.", b"I-0\n.", b"I\n.", b"L010L\n.", b"L0b1L\n.", b"Fa\n.",
             b"F\n.", b"S'a' \n.", b"S'\n.", b"c\nlog\n.", b"cmath\n\n.", b"gx\n.", b"g-1\n.",
             b"\x80\x04\x8c\x04math\x8c\x08log.spam\x93.", b"\x82\x05."]:
    attempt(pickle.loads, data)

print("memo")
file = io.BytesIO()
pickler = pickle.Pickler(file)
pickler.dump(["spam", ("ham",)])
print(sorted(repr(value) for number, value in pickler.memo.copy().values()))
memo = pickler.memo
pickler.clear_memo()
print(memo.copy(), type(memo).__name__)
attempt(hash, memo)
for value in [{1: 2}, [], {1: ("a", 2)}]:
    attempt(setattr, pickler, "memo", value)
unpickler = pickle.Unpickler(io.BytesIO(file.getvalue()))
print(unpickler.load(), unpickler.memo.copy())
unpickler.memo.clear()
print(unpickler.memo.copy())

print("use on the way")


class Nested:
    def __reduce__(self):
        attempt(busy.dump, 1)
        attempt(busy.__init__, io.BytesIO())
        return list, ()


busy = pickle.Pickler(io.BytesIO())
busy.dump(Nested())


def again():
    attempt(reader.load)
    return 42


reader = pickle.Unpickler(io.BytesIO(b"(c__main__\nagain\n(tRl."))
print(reader.load())

print("names")


class Recursive:
    pass


Recursive.ref = Recursive
Recursive.__qualname__ = "Recursive.ref"
for protocol in range(6):
    print(pickle.loads(pickle.dumps(Recursive, protocol)) is Recursive)
for descriptor in [dict.__dict__["fromkeys"], bytearray.__dict__["maketrans"], dict.__dict__["get"]]:
    attempt(pickle.dumps, descriptor, 2)

print("chunks")


class Chunks:
    def __init__(self):
        self.sizes = []

    def write(self, data):
        self.sizes.append(len(data))


chunks = Chunks()
pickle.Pickler(chunks, 4).dump([b"a" * 100, b"b" * 100_000, b"c"])
print(chunks.sizes)
