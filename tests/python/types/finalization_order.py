import gc
import weakref


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


a = Noisy("a")
w = weakref.ref(a, lambda r: print("callback", r() is None))
b = a
del a
print("still", w() is b)
b = None
x, y = Noisy("x"), Noisy("y")
x.other, y.other = y, x
wx = weakref.ref(x)
del x, y
print("cycle alive", wx() is not None)
print(gc.collect() >= 2, wx())


def local():
    n = Noisy("local")
    print("in")


local()
Noisy("temporary")
saved = []


class Phoenix:
    def __del__(self):
        print("rise")
        saved.append(self)


p = Phoenix()
del p
print(len(saved))
saved.clear()
[Noisy(i) for i in range(2)]
print("end")
