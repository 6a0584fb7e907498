# What happens at the end: threads, exit functions, finalizers, daemons.
import re
import subprocess
import sys


def run(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    errors = [re.sub("0x[0-9a-f]+", "0x", line) for line in result.stderr.splitlines() if not line.startswith(" ")]
    print(result.returncode, result.stdout.splitlines(), errors)


run(
    """
import threading, time, atexit
atexit.register(print, 'exit function')
def late():
    time.sleep(0.05)
    print('late')
threading.Thread(target=late).start()
print('main')
"""
)
run(
    """
import threading, time
def busy():
    while True:
        pass
threading.Thread(target=busy, daemon=True).start()
threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
print('main')
"""
)
run(
    """
import os, sys
class Last:
    def __del__(self):
        print('finalizer', os.sep, sys.is_finalizing(), helper(3))
def helper(n):
    return n + 1
last = Last()
def cycle():
    return last
print('main', sys.is_finalizing())
"""
)
run(
    """
import threading, os
class Last:
    def __del__(self):
        for call in (lambda: threading.Thread(target=print).start(), os.fork):
            try:
                call()
            except RuntimeError as error:
                print(type(error).__name__, error)
last = Last()
"""
)
run(
    """
import atexit
@atexit.register
def outer():
    atexit.register(print, 'nested')
    print('outer')
@atexit.register
def fails():
    raise ValueError('x')
"""
)
run(
    """
class A:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print('del', self.name)
x = A('global')
def f():
    y = A('local')
    raise SystemExit(0)
f()
"""
)
run(
    """
import threading, time, _thread, signal
def interrupt():
    time.sleep(0.05)
    _thread.interrupt_main()
threading.Thread(target=interrupt, daemon=True).start()
try:
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    print('interrupted')
"""
)
