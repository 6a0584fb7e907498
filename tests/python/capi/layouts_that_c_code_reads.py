# What extension modules find by address in types, code objects and descriptors.
import ctypes


def pointer(address):
    return ctypes.c_void_p.from_address(address).value


def text(address):
    return ctypes.string_at(pointer(address)).decode()


class Slotted:
    __slots__ = ('second', 'first')


size = ctypes.c_ssize_t.from_address(id(Slotted) + 16).value
print('slots', size)
for index in range(size):
    member = id(Slotted) + type.__basicsize__ + 40 * index
    offset = ctypes.c_ssize_t.from_address(member + 16).value
    print(text(member), offset, ctypes.c_int.from_address(member + 8).value)


def function(a, b=1):
    return [a, b]


code = function.__code__
units = ctypes.c_ssize_t.from_address(id(code) + 16).value
adaptive = ctypes.string_at(id(code) + 208, 2 * units)
print('code', adaptive == code._co_code_adaptive, units == len(code.co_code) // 2)
print('first traceable', ctypes.c_int.from_address(id(code) + 192).value)

for descriptor in (int.__add__, list.__len__, object.__init__):
    base = pointer(id(descriptor) + 40)
    print(text(base), '|', ctypes.string_at(pointer(base + 32)).decode().splitlines()[-1])

TP_IS_GC, TP_FLAGS = 320, 168
print('tp_is_gc', bool(pointer(id(type) + TP_IS_GC)))
print('items at end', bool(ctypes.c_ulong.from_address(id(type) + TP_FLAGS).value >> 23 & 1))
