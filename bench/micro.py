"""Nanoseconds of single operations, beside another interpreter's.

    python3 bench/micro.py KRAIT [OTHER] [--only WORD] [--rounds N]

The statement of each row is repeated in a loop of a function; what is shown is
its time, the best of some rounds in which the interpreters take turns, and the
ratio of the two (above 1: the first is faster), the worst first.
"""

import json
import subprocess
import sys

SETUP = """
class Plain:
    attribute = 7
    def __init__(self, a=1):
        self.a = a
        self.b = 2
        self.f = 1.5
    def method(self, x):
        return x
    def get(self):
        return self.a
    @property
    def prop(self):
        return self.a
    @staticmethod
    def static(x):
        return x
    @classmethod
    def cls(cls, x):
        return x
    def __getitem__(self, i):
        return i
    def __len__(self):
        return 3
    def __eq__(self, other):
        return self.a == other.a
    def __hash__(self):
        return 1
    def __add__(self, other):
        return other
    def __contains__(self, x):
        return True
class Child(Plain):
    def method(self, x):
        return super().method(x)
class Other(Plain): pass
class Third(Plain): pass
class Bare: pass
class Slots:
    __slots__ = "a", "b"
    def __init__(self, a):
        self.a = a
        self.b = 2
class Context:
    def __enter__(self): return self
    def __exit__(self, *e): return None
class Dynamic:
    def __getattr__(self, name): return name
def nothing(): pass
def one(x): return x
def two(a, b): return a
def default(a, b=2, c=3): return a
def keyword(a, *, b=2, c=3): return a
def star(*args): return args
def starstar(**kw): return kw
def generator(n):
    for i in range(n):
        yield i
def outer():
    cell = 1
    def inner():
        return cell
    return inner
def call_back(f, x): return f(x)
inner = outer()
import math
from math import sqrt
G = 5
"""
LOCALS = """
    i = 3; j = 4; k = 1000; f = 2.5; g = 3.5; s = 'hello'; t = 'world'; n = None; big = 1 << 70
    lst = [1, 2, 3, 4, 5]; tup = (1, 2, 3); dct = {'a': 1, 'b': 2, 3: 4}; st = {1, 2, 3}
    flst = [1.5] * 10
    p = Plain(); c = Child(); sl = Slots(1); o = Other(); third = Third(); ctx = Context(); b = Bare(); b.a = 1
    dy = Dynamic()
    poly = [p, o, third, c]
    args = (1, 2); kw = {'a': 1, 'b': 2}
    hundred = list(range(100)); hdict = dict.fromkeys(hundred, 1); htup = tuple(hundred); hset = set(hundred)
    hstr = 'x' * 100
    pairs = list(zip(hundred, hundred))
    words = [str(x) for x in hundred]
    floats = [float(x) for x in hundred]
    ba = bytearray(100); by = bytes(100)
"""

CASES = {
    # name: (statement, operations in it)
    "nothing": ("pass", 1),
    "int add": ("x = i + j", 1),
    "int add store": ("k = k + 1", 1),
    "int inplace": ("i += 1", 1),
    "int multiply": ("x = i * j", 1),
    "int floor divide": ("x = k // j", 1),
    "int modulo": ("x = k % j", 1),
    "int and shift": ("x = (k >> 2) & 7", 2),
    "int true divide": ("x = i / j", 1),
    "big int add": ("x = big + big", 1),
    "int compare jump": ("if i < j: pass", 1),
    "int compare value": ("x = i < j", 1),
    "float add": ("x = f + g", 1),
    "float expression": ("x = f * g + f * f - g", 4),
    "float inplace": ("f += 0.5", 1),
    "float divide": ("x = f / g", 1),
    "float power": ("x = f ** 2", 1),
    "float int mix": ("x = f * 2", 1),
    "float compare": ("if f < g: pass", 1),
    "float negate": ("x = -f", 1),
    "str add": ("x = s + t", 1),
    "str equal": ("if s == t: pass", 1),
    "is none": ("if n is None: pass", 1),
    "not list": ("if not lst: pass", 1),
    "and or": ("x = i and j or k", 1),
    "chained compare": ("if 0 <= i < k: pass", 2),
    "load global": ("x = G", 1),
    "load builtin": ("x = len", 1),
    "load attr": ("x = p.a", 1),
    "load class attr": ("x = p.attribute", 1),
    "load of class": ("x = Plain.attribute", 1),
    "load slot": ("x = sl.a", 1),
    "load module attr": ("x = math.pi", 1),
    "load property": ("x = p.prop", 1),
    "load getattr": ("x = dy.foo", 1),
    "load polymorphic": ("for q in poly: q.a", 4),
    "method polymorphic": ("for q in poly: q.get()", 4),
    "getattr call": ("x = getattr(p, 'a')", 1),
    "hasattr call": ("x = hasattr(p, 'zzz')", 1),
    "store attr": ("p.a = i", 1),
    "store slot": ("sl.a = i", 1),
    "inplace attr": ("p.a += 1", 1),
    "store float attr": ("p.f = p.f + f", 1),
    "call function 0": ("nothing()", 1),
    "call function 1": ("x = one(i)", 1),
    "call function 2": ("x = two(i, j)", 1),
    "call defaults": ("x = default(i)", 1),
    "call keywords": ("x = default(i, c=j)", 1),
    "call keyword only": ("x = keyword(i, c=j)", 1),
    "call star in": ("x = star(i, j)", 1),
    "call starstar in": ("x = starstar(a=i)", 1),
    "call *args": ("x = two(*args)", 1),
    "call **kw": ("x = two(**kw)", 1),
    "call closure": ("x = inner()", 1),
    "call callback": ("x = call_back(one, i)", 2),
    "call lambda": ("x = (lambda z: z)(i)", 1),
    "call method": ("x = p.method(i)", 1),
    "call getter": ("x = p.get()", 1),
    "call static": ("x = p.static(i)", 1),
    "call classmethod": ("x = p.cls(i)", 1),
    "call super": ("x = c.method(i)", 2),
    "instantiate": ("x = Plain()", 1),
    "instantiate slots": ("x = Slots(i)", 1),
    "instantiate bare": ("x = Bare()", 1),
    "getitem python": ("x = p[i]", 1),
    "len python": ("x = len(p)", 1),
    "eq python": ("x = p == o", 1),
    "add python": ("x = p + o", 1),
    "contains python": ("x = i in p", 1),
    "call len": ("x = len(lst)", 1),
    "call len str": ("x = len(s)", 1),
    "call len dict": ("x = len(dct)", 1),
    "call isinstance": ("x = isinstance(p, Plain)", 1),
    "call isinstance tuple": ("x = isinstance(i, (str, int))", 1),
    "call range": ("x = range(i)", 1),
    "call abs": ("x = abs(i)", 1),
    "call min 2": ("x = min(i, j)", 1),
    "call max list": ("x = max(lst)", 1),
    "call sum list": ("x = sum(hundred)", 1),
    "call sqrt": ("x = sqrt(f)", 1),
    "call math.sqrt": ("x = math.sqrt(f)", 1),
    "call ord": ("x = ord('a')", 1),
    "call chr": ("x = chr(97)", 1),
    "call int(str)": ("x = int('123')", 1),
    "call int(float)": ("x = int(f)", 1),
    "call float(int)": ("x = float(i)", 1),
    "call str(int)": ("x = str(k)", 1),
    "call type": ("x = type(p)", 1),
    "call id": ("x = id(p)", 1),
    "call next": ("x = next(iter(lst))", 2),
    "call list": ("x = list(tup)", 1),
    "call tuple": ("x = tuple(lst)", 1),
    "call dict": ("x = dict(a=i)", 1),
    "call set": ("x = set(tup)", 1),
    "call enumerate": ("for x, y in enumerate(lst): pass", 5),
    "list append pop": ("lst.append(i); lst.pop()", 2),
    "list append": ("q = []\n        q.append(i); q.append(i); q.append(i); q.append(i)", 5),
    "list index get": ("x = lst[2]", 1),
    "list index -1": ("x = lst[-1]", 1),
    "list index var": ("x = lst[i]", 1),
    "list nested get": ("x = pairs[3][1]", 2),
    "list store": ("lst[2] = i", 1),
    "list inplace item": ("lst[2] += 1", 1),
    "list slice": ("x = lst[1:3]", 1),
    "list copy": ("x = lst[:]", 1),
    "list display": ("x = [i, j, k]", 1),
    "list empty": ("x = []", 1),
    "list multiply": ("x = [0] * 10", 1),
    "list add": ("x = lst + lst", 1),
    "list contains": ("x = 4 in lst", 1),
    "list swap": ("lst[0], lst[1] = lst[1], lst[0]", 4),
    "tuple display": ("x = (i, j)", 1),
    "tuple unpack": ("x, y, z = tup", 1),
    "tuple index": ("x = tup[1]", 1),
    "tuple swap": ("i, j = j, i", 1),
    "tuple compare": ("x = tup == args", 1),
    "dict get": ("x = dct['a']", 1),
    "dict get int": ("x = dct[3]", 1),
    "dict .get": ("x = dct.get('a')", 1),
    "dict .get miss": ("x = dct.get('zz', 0)", 1),
    "dict store": ("dct['a'] = i", 1),
    "dict inplace": ("dct['a'] += 1", 1),
    "dict contains": ("x = 'a' in dct", 1),
    "dict display": ("x = {'a': i, 'b': j}", 1),
    "dict empty": ("x = {}", 1),
    "dict setdefault": ("dct.setdefault('a', i)", 1),
    "dict tuple key": ("x = hdict.get(tup)", 1),
    "dict iterate": ("for x in hdict: pass", 100),
    "dict items": ("for x, y in hdict.items(): pass", 100),
    "dict values": ("for x in hdict.values(): pass", 100),
    "set contains": ("x = 2 in st", 1),
    "set add": ("st.add(2)", 1),
    "set iterate": ("for x in hset: pass", 100),
    "str index": ("x = s[1]", 1),
    "str slice": ("x = s[1:3]", 1),
    "str contains": ("x = 'l' in s", 1),
    "str join": ("x = ','.join(words)", 1),
    "str split": ("x = 'a b c d'.split()", 1),
    "str startswith": ("x = s.startswith('he')", 1),
    "str upper": ("x = s.upper()", 1),
    "str replace": ("x = s.replace('l', 'm')", 1),
    "str percent": ("x = '%d %s' % (i, s)", 1),
    "str format": ("x = '{} {}'.format(i, s)", 1),
    "f-string": ("x = f'{s} {t}'", 1),
    "f-string int": ("x = f'{i}'", 1),
    "f-string spec": ("x = f'{f:.2f}'", 1),
    "str iterate": ("for x in hstr: pass", 100),
    "bytearray index": ("x = ba[3]", 1),
    "bytearray store": ("ba[3] = 7", 1),
    "bytes index": ("x = by[3]", 1),
    "for range": ("for x in range(100): pass", 100),
    "for list": ("for x in hundred: pass", 100),
    "for tuple": ("for x in htup: pass", 100),
    "for enumerate": ("for x, y in enumerate(hundred): pass", 100),
    "for zip": ("for x, y in zip(hundred, htup): pass", 100),
    "for pairs": ("for x, y in pairs: pass", 100),
    "for reversed": ("for x in reversed(hundred): pass", 100),
    "for map": ("for x in map(one, hundred): pass", 100),
    "for generator": ("for x in generator(100): pass", 100),
    "for short range": ("for x in range(3): pass", 3),
    "list comprehension": ("x = [y for y in hundred]", 100),
    "list comprehension if": ("x = [y + 1 for y in hundred if y & 1]", 100),
    "set comprehension": ("x = {y for y in hundred}", 100),
    "dict comprehension": ("x = {y: y for y in hundred}", 100),
    "small comprehension": ("x = [y for y in tup]", 3),
    "generator expression": ("x = sum(y for y in hundred)", 100),
    "any generator": ("x = any(y > 1000 for y in hundred)", 100),
    "list from generator": ("x = list(generator(100))", 100),
    "sum floats": ("x = sum(floats)", 100),
    "sorted": ("x = sorted(hundred)", 100),
    "sorted key": ("x = sorted(hundred, key=lambda z: -z)", 100),
    "try": ("try: pass\n        except ValueError: pass", 1),
    "raise catch": ("try: raise ValueError\n        except ValueError: pass", 1),
    "raise catch as": ("try: raise ValueError('x')\n        except ValueError as e: pass", 1),
    "key error catch": ("try: dct['zz']\n        except KeyError: pass", 1),
    "try finally": ("try: pass\n        finally: pass", 1),
    "with": ("with ctx: pass", 1),
    "while": ("i = 0\n        while i < 100: i += 1", 100),
    "make function": ("def x(): pass", 1),
    "make lambda": ("x = lambda: i", 1),
    "import": ("import math as x", 1),
    "match int": ("match i:\n            case 1: pass\n            case 3: pass", 1),
    "walrus": ("if (x := i): pass", 1),
    "unpack star": ("x, *y = lst", 1),
    "global store": ("global GG; GG = i", 1),
    "class body": ("class X: pass", 1),
}

CHILD = r"""
import json, sys, time, types
setup, locals_, cases, target = json.load(sys.stdin)
this = sys.modules["__main__"]
sys.modules["__main__"] = module = types.ModuleType("__main__")
space = module.__dict__
exec(setup, space)
import gc
clock = time.process_time
answer = {}
for name, statement in cases.items():
    globals_ = ""
    if statement.startswith("global "):
        globals_, statement = statement.split("; ", 1)
    body = ("        " + statement + "\n") * 8
    source = f"def run(times):\n    {globals_}\n{locals_}\n    for _ in range(times):\n{body}"
    exec(compile(source, name, "exec"), space)
    run = space["run"]
    run(4)
    n = 4
    while True:
        start = clock(); run(n); took = clock() - start
        if took >= target / 4: break
        n *= 4
    n = max(1, int(n * target / took))
    best = took = 1e9
    for _ in range(3):
        start = clock(); run(n); best = min(best, clock() - start)
    answer[name] = best / n / 8 * 1e9
json.dump(answer, sys.stdout)
"""


def measure(python, names, target):
    cases = {name: CASES[name][0] for name in names}
    feed = json.dumps([SETUP, LOCALS, cases, target])
    done = subprocess.run([python, "-c", CHILD], input=feed, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{python}: {done.stderr}")
    return json.loads(done.stdout)


def option(arguments, name, default):
    if name not in arguments:
        return default
    at = arguments.index(name)
    value = arguments[at + 1]
    del arguments[at : at + 2]
    return value


def main(arguments):
    only = option(arguments, "--only", "")
    rounds = int(option(arguments, "--rounds", "2"))
    target = float(option(arguments, "--seconds", "0.02"))
    words = [word for word in only.split(",") if word]
    names = [name for name in CASES if not words or any(word in name for word in words)]
    if not arguments:
        sys.exit(__doc__)
    best = [dict.fromkeys(names, 1e9) for _ in arguments]
    for _ in range(rounds):
        for python, times in zip(arguments, best):
            for name, value in measure(python, names, target).items():
                times[name] = min(times[name], value)
    if len(arguments) == 1:
        for name in names:
            print(f"{name:24} {best[0][name] / CASES[name][1]:9.1f}")
        return
    product = 1.0
    for name in sorted(names, key=lambda name: best[1][name] / best[0][name]):
        first, second = (times[name] / CASES[name][1] for times in best[:2])
        product *= second / first
        print(f"{name:24} {first:9.1f} {second:9.1f} {second / first:7.2f}")
    print(f"{'geometric mean':24} {'':19} {product ** (1 / len(names)):7.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
