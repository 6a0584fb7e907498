# Calls of C functions and callbacks: conversion of arguments and results,
# errno, output parameters, structs by value, threads.
import sys, threading
from ctypes import *

libc = CDLL(None, use_errno=True)


def show(text):
    try:
        print(text, "->", repr(eval(text, globals())))
    except Exception as error:
        print(text, "!!", type(error).__name__, error)


libc.strlen.argtypes = [c_char_p]
libc.strlen.restype = c_size_t
libc.atof.restype = c_double
libc.atof.argtypes = [c_char_p]
libc.strchr.restype = c_char_p
libc.labs.restype = c_long
libc.labs.argtypes = [c_long]


class div_t(Structure):
    _fields_ = [("quot", c_int), ("rem", c_int)]


class lldiv_t(Structure):
    _fields_ = [("quot", c_longlong), ("rem", c_longlong)]


libc.div.restype = div_t
libc.lldiv.restype = lldiv_t
libc.lldiv.argtypes = [c_longlong, c_longlong]

for text in """
libc.abs(-5)
libc.labs(-2**40)
libc.strlen(b'hello')
libc.strlen(None) if False else 'skipped'
libc.strlen('text')
libc.strlen()
libc.atof(b'2.5')
libc.strchr(b'hello', ord('l'))
libc.div(17, 5).quot, libc.div(17, 5).rem
libc.lldiv(-17, 5).quot, libc.lldiv(-17, 5).rem
libc.abs(2**70)
libc.abs(1.5)
libc['abs'](-3)
CFUNCTYPE(c_int, c_int)(('abs', libc))(-3)
CFUNCTYPE(c_int, c_int)(('abs', libc), ((1, 'x', 5),))()
CFUNCTYPE(c_int, c_int)(('abs', libc), ((1, 'x', 5),))(x=-7)
CFUNCTYPE(c_int, c_int)(('abs', libc), ((1, 'x'),))()
CFUNCTYPE(c_int, c_int)(('abs', libc), ((2,),))
CFUNCTYPE(c_int, c_int)(('abs', libc), ())
CFUNCTYPE(c_int)('x')
CFUNCTYPE(3)
CFUNCTYPE(c_int, 3)
CFUNCTYPE(div_t)(lambda: 3)
c_int.from_param(7)
c_float.from_param(1.5)
c_void_p.from_param(1.5)
c_char_p.from_param(3)
div_t.from_param(3)
POINTER(c_int).from_param(c_int(3))._obj
POINTER(c_int).from_param(c_short(3))
""".strip().splitlines():
    show(text)

# Variadic.
buffer = create_string_buffer(100)
libc.snprintf.argtypes = [c_char_p, c_size_t, c_char_p]
libc.snprintf(buffer, 100, b"%d %s %.2f %c %lld", 7, b"text", c_double(2.5), 65, c_longlong(-1))
print(buffer.value)

# errno has a private copy.
libc.close.restype = c_int
set_errno(0)
print(libc.close(-1), get_errno() != 0, set_errno(3) != 0, get_errno())


# Output parameters and result checks.
def check(result, function, args):
    print("errcheck", result, len(args))
    return args


modf = CFUNCTYPE(c_double, c_double, POINTER(c_double))(
    ("modf", CDLL("libm.so.6")), ((1, "x"), (2, "whole")))
print(modf(2.75))
modf.errcheck = check
print(modf(x=3.5))


class Doubled(c_int):
    def _check_retval_(value):
        return value.value * 2


libc.abs.restype = Doubled
print(libc.abs(-4))
libc.abs.restype = lambda value: ("called with", value)
print(libc.abs(-4))
libc.abs.restype = None
print(libc.abs(-4))
del libc.abs.restype
print(libc.abs.restype)


class Parameter:
    _as_parameter_ = 9


print(libc.labs(Parameter()))

# Callbacks.
compare_t = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
values = (c_int * 6)(5, 2, 9, 1, 7, 3)
libc.qsort(values, len(values), sizeof(c_int), compare_t(lambda a, b: a[0] - b[0]))
print(values[:])


class Point(Structure):
    _fields_ = [("x", c_double), ("y", c_int)]


class Large(Structure):
    _fields_ = [("items", c_long * 5), ("flag", c_byte)]


@CFUNCTYPE(c_double, Point, Large, c_byte, c_float, c_char_p, py_object, c_longdouble)
def mixed(point, large, byte, number, text, thing, wide):
    print(point.x, point.y, large.items[:], large.flag, byte, number, text, thing, wide)
    return point.x + byte


print(mixed(Point(1.5, 2), Large((1, 2, 3, 4, 5), -1), -3, 0.5, b"text", {"k": 1}, 2.25))
for kind, value in [(c_byte, -5), (c_ushort, 65535), (c_bool, 2), (c_float, 0.25), (c_char, b"z"),
                    (c_longlong, -2**40), (c_longdouble, 1.5), (c_double_complex, 1 - 2j),
                    (c_float_complex, 2j), (c_longdouble_complex, 3 + 1j), (c_wchar, "w"),
                    (py_object, ("o",)), (c_void_p, 12)]:
    print(kind.__name__, CFUNCTYPE(kind, kind)(lambda x: x)(value))

# Exceptions in callbacks are reported.
sys.unraisablehook = lambda info: print(
    "unraisable", type(info.exc_value).__name__, info.exc_value, info.err_msg.split("<")[0])
CFUNCTYPE(c_int)(lambda: 1 / 0)()
CFUNCTYPE(c_int)(lambda: "x")()
CFUNCTYPE(None)(lambda: None)()

# Callbacks in a thread that Python did not make.
pthread = CDLL(None)
start_t = CFUNCTYPE(c_void_p, c_void_p)
seen = []


@start_t
def start(argument):
    seen.append((argument, threading.current_thread() is not threading.main_thread()))
    return None


handle = c_void_p()
for number in (1, 2):
    assert pthread.pthread_create(byref(handle), None, start, c_void_p(number)) == 0
    assert pthread.pthread_join(handle, None) == 0
print(seen)
