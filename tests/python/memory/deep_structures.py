"""Structures nested deeper than any stack: each use ends in a result or an exception.

What is expected is written by hand: the reference crashes in some of these.
"""

import ast
import collections
import copy
import functools
import gc
import itertools
import json
import marshal
import operator
import pickle
import sys
import threading
import types
import weakref

DEEP = 400_000


def nest(wrap, value, depth=DEEP):
    for _ in range(depth):
        value = wrap(value)
    return value


def linked(attribute):
    def wrap(inner):
        outer = ValueError()
        setattr(outer, attribute, inner)
        return outer

    return nest(wrap, ValueError())


class Node:
    def __init__(self, next):
        self.next = next


class Slot:
    __slots__ = ("next",)

    def __init__(self, next):
        self.next = next


class Dying(Node):
    count = 0

    def __del__(self):
        Dying.count += 1


def delegating(inner):
    yield from inner


def looping(inner):
    for item in inner:
        yield item


async def awaiting(inner):
    return await inner


def closure(inner):
    return lambda: inner()


STRUCTURES = {
    "lists": lambda: nest(lambda x: [x], []),
    "tuples": lambda: nest(lambda x: (x,), ()),
    "dicts": lambda: nest(lambda x: {1: x}, {}),
    "mixed": lambda: nest(lambda x: ({1: [x]},), [], DEEP // 3),
    "frozensets": lambda: nest(lambda x: frozenset((x,)), frozenset()),
    "deques": lambda: nest(lambda x: collections.deque((x,)), None),
    "ordered": lambda: nest(lambda x: collections.OrderedDict(a=x), None, DEEP // 10),
    "namespaces": lambda: nest(lambda x: types.SimpleNamespace(a=x), None),
    "cells": lambda: nest(types.CellType, None),
    "slices": lambda: nest(slice, None),
    "proxies": lambda: nest(types.MappingProxyType, {}),
    "aliases": lambda: nest(lambda x: types.GenericAlias(list, (x,)), int),
    "origins": lambda: nest(lambda x: types.GenericAlias(x, (int,)), list),
    "statics": lambda: nest(staticmethod, len),
    "classmethods": lambda: nest(classmethod, len),
    "properties": lambda: nest(property, None),
    "nodes": lambda: nest(Node, None),
    "slots": lambda: nest(Slot, None),
    "causes": lambda: linked("__cause__"),
    "contexts": lambda: linked("__context__"),
    "arguments": lambda: nest(ValueError, None),
    "groups": lambda: nest(lambda x: ExceptionGroup("", [x]), ValueError()),
    "closures": lambda: nest(closure, int),
    "partials": lambda: nest(lambda x: functools.partial(len, x), int),
    "keys": lambda: nest(functools.cmp_to_key(lambda a, b: (a > b) - (a < b)), 1),
    "delegating": lambda: nest(delegating, iter((1, 2))),
    "looping": lambda: nest(looping, iter((1, 2))),
    "maps": lambda: nest(lambda x: map(str, x), iter((1, 2))),
    "filters": lambda: nest(lambda x: filter(None, x), iter((1, 2))),
    "zips": lambda: nest(zip, iter((1, 2))),
    "enumerates": lambda: nest(enumerate, iter((1, 2))),
    "chains": lambda: nest(itertools.chain, iter((1, 2))),
    "slicings": lambda: nest(lambda x: itertools.islice(x, 2), iter((1, 2))),
    "cycles": lambda: nest(itertools.cycle, iter((1, 2))),
    "tees": lambda: nest(lambda x: itertools.tee(x, 1)[0], iter((1, 2)), DEEP // 10),
    "groupings": lambda: nest(itertools.groupby, iter((1, 2)), DEEP // 10),
}

# What takes no time on something without depth.
USES = {
    "hash": hash,
    "next": next,
    "len": len,
    "contains": lambda x: 5 in x,
    "item": lambda x: x[1],
    "iter": iter,
    "bool": bool,
    "repr": repr,
    "str": str,
    "equal": lambda x: x == copy.copy(x),
    "less": lambda x: x < copy.copy(x),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "json": json.dumps,
    "marshal": marshal.dumps,
    "pickle": pickle.dumps,
    "attribute": lambda x: getattr(x, "nothing", None),
    "abstract": lambda x: getattr(x, "__isabstractmethod__", None),
    "call": lambda x: x(),
    "close": lambda x: x.close(),
    "throw": lambda x: x.throw(KeyError),
    "isinstance": lambda x: isinstance(3, x),
    "hint": operator.length_hint,
    "sort": lambda x: sorted((x, x)),
    "dir": dir,
    "split": lambda x: x.split(KeyError),
    "or": lambda x: x | {},
}
# These would take memory or time beyond measure, not stack.
ENDLESS = {
    ("contexts", "pickle"), ("causes", "pickle"), ("cycles", "contains"), ("groupings", "contains"),
}  # fmt: skip


def attempt(function, *args):
    """Whether it came to an end; how is a matter of how large frames are."""
    try:
        function(*args)
    except (RecursionError, MemoryError):
        pass
    except Exception:
        return False
    return True


def all_uses():
    for name, build in STRUCTURES.items():
        done = 0
        structure = build()
        for what, use in USES.items():
            if (name, what) not in ENDLESS:
                attempt(use, structure)
                done += 1
        del structure
        print(name, "used" if done > 20 else done)


def collected():
    for name in ("lists", "dicts", "slots", "closures", "delegating", "contexts"):
        cycle = [STRUCTURES[name]()]
        cycle.append(cycle)
        del cycle
        gc.collect()
    print("collected")


def finalizers():
    chain = nest(Dying, None, 100_000)
    del chain
    print("finalizers:", Dying.count)


def started_generators():
    generator = nest(delegating, iter((1, 2)), 400)
    print("delegating:", next(generator), list(generator))
    old = sys.getrecursionlimit()
    sys.setrecursionlimit(10**9)
    try:
        for depth in (10_000, 300_000):
            generator = nest(delegating, iter((1, 2)), depth)
            attempt(next, generator)
            attempt(generator.throw, KeyError)
            attempt(generator.close)
            del generator
    finally:
        sys.setrecursionlimit(old)
    print("delegating: ended")


def trees():
    import xml.etree.ElementTree as ET

    root = element = ET.Element("a")
    for _ in range(DEEP // 10):
        element = ET.SubElement(element, "a")
    del element
    print("elements:", sum(1 for _ in root.iter()))
    attempt(ET.tostring, root)
    attempt(copy.deepcopy, root)
    del root

    node = ast.Constant(1)
    for _ in range(DEEP // 10):
        node = ast.UnaryOp(ast.Not(), node)
    tree = ast.Expression(node)
    del node
    for use in (ast.dump, ast.unparse, ast.fix_missing_locations, repr, copy.deepcopy):
        attempt(use, tree)
    attempt(compile, tree, "f", "eval")
    print("nodes: ended")


def texts():
    n = 5_000
    sources = {
        "parentheses": "(" * n + ")" * n,
        "lists": "[" * n + "]" * n,
        "unary": "-" * n + "1",
        "not": "not " * n + "1",
        "attributes": "a" + ".b" * n,
        "calls": "a" + "()" * n,
        "subscripts": "a" + "[0]" * n,
        "sums": "+".join("a" * n),
        "powers": "**".join("a" * n),
        "comparisons": "<".join("a" * n),
        "lambdas": "lambda: " * n + "1",
        "conditions": "1 if a else " * n + "1",
        "comprehensions": "[" * n + "1" + " for a in b]" * n,
        "elif": "if a: pass\n" + "elif a: pass\n" * n,
        "strings": 'f"{' * n + '}"' * n,
        "patterns": "match a:\n case " + "[" * n + "]" * n + ": pass",
        "targets": "(" * n + "a" + ",)" * n + " = b",
        "arguments": "f(" * n + ")" * n,
        "types": "a: " + "list[" * n + "int" + "]" * n,
        "stars": "*" * n + "a",
    }
    for name, source in sources.items():
        for use in (lambda s: compile(s, "f", "exec"), ast.parse, ast.literal_eval):
            attempt(use, source)
        attempt(lambda s: ast.unparse(ast.parse(s)), source)
        attempt(lambda s: compile(ast.parse(s), "f", "exec"), source)
        print("source:", name)


def loads():
    for name, function, data in (
        ("pickle", pickle.loads, b"\x80\x04" + b"]" * DEEP + b"a" * (DEEP - 1) + b"."),
        ("pickle", pickle.loads, b"\x80\x04)" + b"\x85" * DEEP + b"."),
        ("json", json.loads, "[" * DEEP + "]" * DEEP),
        ("json", json.loads, '{"a":' * DEEP + "1" + "}" * DEEP),
        ("marshal", marshal.loads, b"[\x01\0\0\0" * DEEP + b"N"),
        ("marshal", marshal.loads, b")\x01" * DEEP + b"N"),
        ("format", "{}".format, "{:" * DEEP),
        ("format", ("{0" + "[a]" * DEEP + "}").format, {}),
    ):
        attempt(function, data)
        print("loads:", name)


def weak():
    """A callback that drops the next of many objects."""
    class Thing:
        pass

    things = [Thing() for _ in range(100_000)]
    gone = 0

    def callback(_):
        nonlocal gone
        gone += 1
        if things:
            things.pop()

    refs = [weakref.ref(thing, callback) for thing in things]
    things.pop()
    print("callbacks:", gone == len(refs))


class Recursive:
    def __getattr__(self, name):
        return getattr(self, name)

    def __repr__(self):
        return repr([self])

    def __hash__(self):
        return hash((self,))

    def __eq__(self, other):
        return [self] == [other]

    def __lt__(self, other):
        return sorted([self, other])

    def __len__(self):
        return len(self)

    def __iter__(self):
        return iter(self)

    def __next__(self):
        return next(self)

    def __index__(self):
        return operator.index(self)

    def __call__(self):
        return self()

    def __add__(self, other):
        return self + other

    def __contains__(self, item):
        return item in self

    def __bool__(self):
        return not self

    def __format__(self, spec):
        return format(self, spec)

    def __getitem__(self, item):
        return self[item]

    def __reduce_ex__(self, protocol):
        return pickle.dumps(self)

    def __deepcopy__(self, memo):
        return copy.deepcopy(self)

    def __instancecheck__(self, other):
        return isinstance(other, self)


def key(x):
    return sorted([x], key=key)


def reduced(a, b):
    return functools.reduce(reduced, [a, b])


def mapped(x):
    return list(map(mapped, [x]))


def recursions():
    x = Recursive()
    uses = (
        lambda: x.missing, lambda: repr(x), lambda: hash(x), lambda: x == Recursive(),
        lambda: x < x, lambda: len(x), lambda: iter(x), lambda: next(x), lambda: [][x],
        lambda: x(), lambda: x + 1, lambda: 1 in x, lambda: not x, lambda: f"{x}", lambda: x[0],
        lambda: pickle.dumps(x), lambda: copy.deepcopy(x), lambda: isinstance(1, x),
        lambda: key(1), lambda: reduced(1, 2), lambda: mapped(1), lambda: str(x),
    )  # fmt: skip
    ends = set()
    for use in uses:
        try:
            use()
        except Exception as error:
            ends.add(type(error).__name__)
    print("recursions:", ends)


def in_small_thread(function):
    old = threading.stack_size(256 * 1024)
    thread = threading.Thread(target=function)
    thread.start()
    threading.stack_size(old)
    thread.join()


all_uses()
collected()
finalizers()
started_generators()
trees()
texts()
loads()
weak()
recursions()
print("in a thread")
DEEP = 20_000
for part in (all_uses, finalizers, trees, loads, weak, recursions):
    in_small_thread(part)
