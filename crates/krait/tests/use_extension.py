import extension, sys

print(extension.__doc__, extension.varargs.__text_signature__)
print(extension.varargs(3), extension.varargs(number=-4, more=[1], text="é"))
for args in [(), ("x",), (1, 2), (1, "a", 2, 3), (2**40,)]:
    try:
        extension.varargs(*args)
    except Exception as error:
        print(type(error).__name__, error)
try:
    extension.varargs(1, no=2)
except TypeError as error:
    print(error)
print(extension.fast(), extension.fast(1, 2, 3, 10**9))
print([extension.compact(n) for n in (0, 5, -7, 2**29, 123456)])
values = [object(), 1]
before = sys.getrefcount(values[0])
print(extension.borrow(values), sys.getrefcount(values[0]) - before)
print(extension.nothing(), extension.count(), extension.count())
try:
    extension.fail("é")
except ValueError as error:
    print(error)
print(extension.Counter.__doc__, extension.Counter.__module__, extension.Counter.__text_signature__)
counter = extension.Counter()
print(counter, list(counter), counter.number)
counter.number = 1


class Sub(extension.Counter):
    def __init__(self):
        self.extra = "extra"


sub = Sub()
print(list(sub), sub.extra, sub, isinstance(sub, extension.Counter))
for _ in range(1000):
    Sub()
print(extension.Counter.__mro__)
