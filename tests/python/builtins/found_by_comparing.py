"""Corners in which programs were found to differ."""
import collections
import gc
import inspect
import os
import sqlite3
import struct
import subprocess
import sys
import time
import warnings
import zlib


def attempt(function, *args, **options):
    try:
        print(function(*args, **options))
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


print(repr(os.stat_result(range(19)))[:200], time.gmtime(0).tm_zone, time.strftime("%Z", time.gmtime(0)))
print([name for name in globals() if name.startswith("__")])


class Answering(dict):
    def __getitem__(self, key):
        return "asked"


attempt(lambda **options: options, **Answering(x=1))
attempt(dict, **Answering(x=1))
try:
    raise ValueError(1)
except* ValueError as group:
    print(repr(group))
attempt(lambda: {collections.Counter(): 1})
attempt(lambda: {collections.Counter()})
attempt(lambda: collections.Counter() in {})


def twice(a=1, *, b=2):
    return a, b


twice.__defaults__ = (5, 6)
attempt(twice)
attempt(twice, b=3)


def repeated(value):
    value *= [1]


for value in ({}, set(), 1.5, "a", object()):
    attempt(repeated, value)
attempt(sum, 1, "a")
attempt(sys.stdout.write, None)
attempt(sys.set_int_max_str_digits, 5)
for mode in ("", "b", "t+", "rw", "rwb", "xa"):
    attempt(open, "/nonexistent/file", mode)
attempt(open, "nul\0")
print([len(zlib.compress(b"hello world " * 50, level)) for level in range(-1, 10)])
database = sqlite3.connect(":memory:")
print(database.execute("select round(sin(1), 6), pi(), sqrt(2)").fetchall())
print(database.execute("pragma foreign_keys").fetchall())
database.close()
for function in (abs, anext, len, struct.pack):
    attempt(inspect.signature, function)

for source in ("{'a': 1, 'b' 2}", "{1: 2, (3 4)}", "{1: 2, f(a b): 3}", "{1: 2, 3: a b}", "{1: 2, 3 if 4}", "{1 2}"):
    try:
        compile(source, "<source>", "exec")
    except SyntaxError as error:
        print(source, "->", error.msg, error.offset, error.end_offset)


async def never():
    pass


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    never()
print([str(warning.message) for warning in caught])
del caught
gc.collect()


def within():
    x = 1
    frame = sys._getframe()
    print(type(eval("locals()", frame.f_globals, frame.f_locals)).__name__)
    exec("print(type(locals()).__name__, type(vars()).__name__, x)", frame.f_globals, frame.f_locals)


within()
for program in ("print(1)", "print(1); raise SystemExit(5)", "import os; print(1); os.close(1)"):
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONUNBUFFERED": ""})
    print(done.returncode, done.stderr)
