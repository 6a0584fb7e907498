"""What interpreters of a process have each for themselves (PEP 734)."""

import _interpreters
import functools
import sys
import threading
from concurrent import interpreters

# Interpreters have buffers of their own.
print = functools.partial(print, flush=True)


def run(interp, script):
    try:
        interp.exec(script + "\nimport sys; sys.stdout.flush()")
    except interpreters.ExecutionFailed as error:
        print(type(error).__name__, error)
        print(error.excinfo.type.__name__, error.excinfo.msg, error.excinfo.formatted)


one, two = interpreters.create(), interpreters.create()
print(one, one.whence, interpreters.get_main(), interpreters.get_current())
print([interp.id for interp in interpreters.list_all()], one.is_running())

run(one, "import sys, builtins; sys.marker = 1; builtins.marker = 2; x = 'one'")
run(two, "import sys, builtins; print(hasattr(sys, 'marker'), hasattr(builtins, 'marker'))")
run(two, "print('x' in globals(), __name__, sys.modules['__main__'].__dict__ is globals())")
run(one, "print(x, sys.marker, marker)")
print(hasattr(sys, "marker"), "marker" in dir(__builtins__))

run(one, "sys.path.append('nowhere'); sys.setrecursionlimit(500); print(sys.getrecursionlimit())")
print("nowhere" in sys.path, sys.getrecursionlimit())
run(one, "import json; json.extra = True")
import json

print(hasattr(json, "extra"))
run(one, "import codecs; codecs.register(lambda name: codecs.lookup('utf-8') if name == 'mine' else None); print('x'.encode('mine'))")
try:
    "x".encode("mine")
except LookupError as error:
    print(error)
run(one, "import warnings; warnings.simplefilter('error'); print(len(warnings.filters) > 0)")
run(one, "import atexit; atexit.register(print, 'one ends')")
run(two, "1 / 0")
run(two, "raise SystemExit(3)")
run(two, "class Odd(Exception): pass\nraise Odd('strange')")
run(two, "import threading; print(threading.current_thread().name, threading.active_count())")
run(two, "threads = [threading.Thread(target=print, args=(i,)) for i in range(3)]\nfor t in threads: t.start(); t.join()")
for script in (
    "import os; os.fork()",
    "import os; os.execv('/bin/true', ['true'])",
    "import threading; threading.Thread(target=print, daemon=True).start()",
    "import signal; signal.signal(signal.SIGINT, print)",
):
    try:
        two.exec(script)
    except interpreters.ExecutionFailed as error:
        print(error.excinfo.formatted)
try:
    two.exec("import _interpreters; _interpreters.exec(%d, 'pass')" % two.id)
except interpreters.ExecutionFailed as error:
    print(error.excinfo.formatted)
try:
    _interpreters.exec(0, "pass")
except interpreters.InterpreterError as error:
    print(error)
for bad in (17, -1, "1"):
    try:
        _interpreters.exec(bad, "pass")
    except (interpreters.InterpreterError, TypeError, ValueError) as error:
        print(type(error).__name__, error)
for bad in ("(", lambda x: None, lambda: 5, 3):
    try:
        one.exec(bad)
    except (SyntaxError, TypeError, ValueError) as error:
        print(type(error).__name__, error)
thread = one.call_in_thread(print, "from a thread")
thread.join()
run(one, "")
worker = threading.Thread(target=run, args=(one, "for i in range(1000): pass\nprint('done')"))
worker.start()
worker.join()
one.close()
try:
    one.exec("pass")
except interpreters.InterpreterNotFoundError as error:
    print(error)
del two
print([interp.id for interp in interpreters.list_all()])

print("what is no script")
one = interpreters.create()


def generator():
    yield


async def coroutine():
    pass


async def async_generator():
    yield


for function in [generator, coroutine, async_generator, lambda: 1]:
    for script in [function, function.__code__]:
        try:
            print(one.exec(script))
        except (ValueError, interpreters.InterpreterError) as error:
            print(type(error).__name__, error)
one.close()
