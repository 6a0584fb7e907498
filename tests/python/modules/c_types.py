# C types: values, layouts, arrays, pointers, buffers, and their errors.
import ctypes, pickle, sys
from ctypes import *
from _ctypes import buffer_info


def show(text):
    try:
        print(text, "->", repr(eval(text, globals())))
    except Exception as error:
        print(text, "!!", type(error).__name__, error)


class S(Structure):
    _fields_ = [("a", c_int), ("b", c_int, 3), ("c", c_char * 3), ("p", POINTER(c_int))]


class Inner(Union):
    _fields_ = [("i", c_int), ("f", c_float)]


class Outer(Structure):
    _anonymous_ = ["u"]
    _fields_ = [("kind", c_byte), ("u", Inner), ("tail", c_ushort)]


class Big(BigEndianStructure):
    _fields_ = [("x", c_uint16), ("y", c_uint32, 5), ("z", c_uint32, 27), ("d", c_double)]


class Packed(Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("a", c_byte), ("b", c_int)]


class Later(Structure):
    pass


class Node(Structure):
    pass


Node._fields_ = [("value", c_int), ("next", POINTER(Node))]
s = S(7, -2, b"ab", pointer(c_int(5)))
o = Outer(1)

for text in """
S.a
S.b
S.c
S.b.size, S.b.bit_size, S.b.bit_offset, S.b.byte_offset, S.b.is_bitfield
sizeof(S), alignment(S), sizeof(Outer), sizeof(Big), sizeof(Packed), sizeof(Later)
s.a, s.b, s.c, s.p[0], s.p.contents.value
setattr(s, 'a', 2**33 + 1), s.a
setattr(s, 'b', 7), s.b
setattr(s, 'c', b'abcd')
setattr(s, 'c', 'x')
setattr(s, 'p', 3)
setattr(s, 'p', c_int())
setattr(s, 'p', (c_int * 2)(8, 9)), s.p[1]
S(1, 2, b'abc', None, 5)
S(1, a=3)
S(q=1).q
setattr(o, 'f', 1.0), o.i, Outer.i.offset, Outer.u.is_anonymous
bytes(Big(0x1234, 3, 5, 1.5))
Big.from_buffer_copy(bytes(Big(0x1234, 3, 5, 1.5))).z
Node(1, pointer(Node(2, None))).next[0].value
setattr(Later, '_fields_', [('x', Later)])
setattr(S, '_fields_', [])
type(S)('T', (Structure,), {'_fields_': [('a', 3)]})
type(S)('T', (Structure,), {'_fields_': [('a', c_int, 40)]})
type(S)('T', (Structure,), {'_fields_': [('a', c_float, 4)]})
type(S)('T', (Structure,), {'_fields_': [('a', c_int)], '_anonymous_': ['b']})
Structure()
c_int(3.5)
c_int('x')
c_int(2**40 + 5), c_ubyte(-1), c_short(40000), c_longlong(-1), c_ulonglong(-1)
c_float(1e300), c_float(0.1), c_double('x')
c_longdouble(1.5), c_double_complex(1 + 2j), c_float_complex(1j), c_longdouble_complex(3)
c_bool([]), c_bool('x'), bool(c_int()), bool(c_double(1))
c_char(b'a'), c_char(97), c_wchar('\\u20ac')
c_char(300)
c_char(b'ab')
c_wchar('ab')
c_char_p(b'text').value, c_wchar_p('wide').value, c_char_p(None).value
c_char_p('x')
c_wchar_p(b'x')
c_void_p(-1), c_void_p(None), c_void_p(2**70)
py_object([1, 2]).value
py_object().value
py_object()
c_int.__ctype_be__(1).value, bytes(c_int.__ctype_be__(1)), c_int.__ctype_be__.__name__
[sizeof(t) for t in (c_char, c_short, c_int, c_long, c_float, c_double, c_longdouble, c_wchar)]
(c_int * 3)(1, 2)[:]
(c_int * 3)(1, 2, 3)[::-1]
(c_int * 3)(1, 2, 3, 4)
(c_int * 3)()[3]
(c_int * 3)()['x']
(c_char * 4)(*b'abc').value, (c_char * 4)(*b'abc').raw, (c_wchar * 3)('a', 'b').value
(c_char * 4)(*b'abcd')[1:3]
setattr((c_char * 2)(), 'value', b'abc')
(c_int * 3) is (c_int * 3), (c_int * 3).__name__
c_int * -1
create_string_buffer(b'hello').raw, create_string_buffer(3).raw, create_unicode_buffer('hi')[:]
pointer(c_int(3))[0], bool(POINTER(c_int)()), POINTER(c_int).__name__, POINTER(c_int) is POINTER(c_int)
POINTER(c_int)().contents
POINTER(c_int)(3)
pointer((c_int * 3)(1, 2, 3)).contents[:]
cast((c_int * 3)(1, 2, 3), POINTER(c_int))[0:3]
cast(pointer(c_int(1)), POINTER(c_int))[::-1]
cast(3, c_int)
cast(s, c_void_p).value == addressof(s)
memoryview(s).format
memoryview((c_short * 3 * 2)()).shape, memoryview((c_short * 3 * 2)()).format
memoryview(c_double(2)).tobytes()
memoryview(Big()).format
buffer_info(S), buffer_info(c_int * 3)
c_int.from_buffer(bytearray(b'\\1\\0\\0\\0')).value
c_int.from_buffer(b'abcd')
c_int.from_buffer(bytearray(8), 5)
c_int.from_buffer_copy(b'abcde', 1).value
c_int.from_address(addressof(s)).value == s.a
string_at(b'abc'), string_at(b'abc', 2), wstring_at('abc'), memoryview_at(c_int(1), 4).nbytes > 0
resize(c_int(), 2)
sizeof(3)
byref(3)
addressof(3)
hash(c_int())
pickle.loads(pickle.dumps(c_int(42))), pickle.loads(pickle.dumps(Packed(1, 2))).b
pickle.dumps(c_char_p(b'x'))
s._objects['2'] if '2' in s._objects else None
(c_char_p * 2)(b'x', b'y')._objects
c_int._type_, c_int.__mro__[1:]
c_int(5)._b_needsfree_, s.p.contents._b_base_ is not None
""".strip().splitlines():
    show(text)

buffer = (c_int * 4)()
memset(buffer, 1, sizeof(buffer))
memmove(buffer, b"\2\0\0\0", 4)
print(buffer[:])
d = c_int(3)
resize(d, 64)
print(sizeof(d), d.value)
view = memoryview((c_int * 4)(1, 2, 3, 4)).cast("B").cast("i")
print(view.tolist())


class Colour(c_int):
    def __repr__(self):
        return "Colour"


class Pixel(Structure):
    _fields_ = [("c", Colour), ("next", c_int * 2)]


p = Pixel(Colour(2), (3, 4))
print(type(p.c).__name__, p.c.value, p.next[:], p.c._b_base_ is p)
