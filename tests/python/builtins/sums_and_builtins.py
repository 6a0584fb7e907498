"""sum() of mixed numbers; builtins as the running code finds them; audit events."""
import sys
import types

for numbers in [[1.0, 10e100, 1.0, -10e100, 2j], [2 + 1j, 10e100j, 1j, -10e100j], [2j, 1.0, 10**100, 1.0, -(10**100)],
                [True, 1.0, 2j, False], [0.1j] * 10, [1, complex(1, -0.0)], [complex(1, -0.0), 1.0], [-0.0]]:
    print(sum(numbers), sum(numbers, -0.0), sum(numbers, 0j))
for numbers in [[2**40] + [0.1] * 10, [2**62] * 3 + [0.5], [2**70] + [0.1] * 10, [0.1, 2**70, 0.3, 0.1],
                [True, 2**50, 0.1, 0.2, 0.3]]:
    print(sum(numbers), sum(numbers, 2**50), sum(numbers, 2**66))

code = compile("x.__reduce__()", "test", "eval")
print(eval(code, {"__builtins__": types.MappingProxyType({"iter": 7}), "x": iter([1, 2])}))
try:
    eval(code, {"__builtins__": {}, "x": iter((1,))})
except AttributeError as error:
    print(error)


def check():
    return all(x for x in [0, 1]), any(x for x in [0, 1])


import builtins

saved = all, any
try:
    builtins.all = builtins.any = lambda items: "replaced"
    print(check())
finally:
    builtins.all, builtins.any = saved
print(None.__ne__(None), None.__eq__(0), len(type("N", (), {"__doc__": "x"}).__doc__))

events = []


def hook(event, args):
    if event in {"time.sleep", "sys._getframe", "gc.get_referents", "object.__setattr__", "open", "pickle.find_class"}:
        events.append((event, len(args)))


sys.addaudithook(hook)
import gc, pickle, time

time.sleep(0)
sys._getframe()
gc.get_referents([])


class A:
    pass


class B:
    pass


A.__name__ = "X"
a = A()
a.__class__ = B
pickle.loads(pickle.dumps(B))
print([event for event in events if event[0] != "open"])
