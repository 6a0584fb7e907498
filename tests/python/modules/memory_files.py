"""BytesIO shares what it is given, and pins what it lends out."""
import io
import pickle
import sys


def attempt(function, *args, **kwargs):
    try:
        print("ok", repr(function(*args, **kwargs)))
    except Exception as error:
        print(type(error).__name__, error)


data = b"spam" * 100
file = io.BytesIO(data)
print(file.getvalue() is data, file.read() is data, file.read())
before = sys.getrefcount(data)
file.seek(0)
file.write(b"eggs")
print(before - sys.getrefcount(data), data[:4], file.getvalue()[:8])

file = io.BytesIO(b"abcdef")
view = file.getbuffer()
for call in [file.close, lambda: file.write(b"x"), file.truncate, lambda: file.__init__(b"")]:
    attempt(call)
view[0] = 65
print(file.getvalue(), file.readinto(view[1:]), file.getvalue())
view.release()
attempt(file.write, b"!")

for state in [(b"a", 0, None), ("u", 0, None), (b"abc", -1, None), (b"abc", 1.0, None), (b"abc", 1, 3), 0]:
    file = io.BytesIO(b"q")
    attempt(file.__setstate__, state)
    print(file.getvalue(), file.tell())
for state in [("a", "\n", 0, None), (None, "", 0, {}), ("", "f", 0, None), (1, "", 0, None), ("a", "", -1, None)]:
    file = io.StringIO("q")
    attempt(file.__setstate__, state)
    print(repr(file.getvalue()), file.tell())
file.close()
attempt(file.__setstate__, ("a", "", 0, None))


class Tagged(io.BufferedReader):
    def __init__(self, raw, tag):
        super().__init__(raw)
        self.tag = tag

    def __getstate__(self):
        return self.tag, self.raw.getvalue()

    def __setstate__(self, state):
        self.__init__(io.BytesIO(state[1]), state[0])


for protocol in range(6):
    copy = pickle.loads(pickle.dumps(Tagged(io.BytesIO(b"data"), "ham"), protocol))
    print(copy.tag, copy.read())
attempt(pickle.dumps, io.BufferedReader(io.BytesIO()), 2)
print(io.BufferedReader.__new__ is object.__new__, io.TextIOWrapper.__new__ is object.__new__)

text = io.TextIOWrapper(io.BytesIO(), "ascii")
attempt(text.reconfigure, encoding=42)
attempt(text.reconfigure, newline="xyz")
attempt(delattr, text, "_CHUNK_SIZE")
attempt(io.TextIOWrapper, io.BytesIO(), "ascii\0")
