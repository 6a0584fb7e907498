# A trace function of C code sees the events of every frame, whatever `f_trace` is.
import _testmodules
import sys

import _testcapi

EVENTS = ['call', 'exception', 'line', 'return', 'c_call', 'c_exception', 'c_return', 'opcode']


def inner(x):
    y = x + 1
    return y


def outer():
    for x in range(2):
        inner(x)
    return [inner(x) for x in (1, 2)]


def record():
    events = []
    # The argument of an event may be null, which only unpacking may touch.
    _testcapi.settrace_to_record(events); outer(); sys.settrace(None)
    events = [(line, EVENTS[what]) for (what, line, argument) in events]
    for line, what in events:
        print(line, what)
    print(sys.gettrace())


record()
