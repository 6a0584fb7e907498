"""Which signatures builtin functions show."""
import collections
import functools
import gc
import inspect
import io
import re
import sys
import time
import types

for function in [max, dir, getattr, iter, next, vars, dict.update, sys.getsizeof, gc.set_threshold,
                 re.Match.group, time.strftime, types.GeneratorType.throw, io.BufferedRWPair.read,
                 collections.OrderedDict.update, collections.deque.index, types.CellType,
                 type(None), types.MethodType, gc.collect, gc.get_referents, open, sys.audit,
                 functools.cmp_to_key(print), io.BufferedIOBase.detach, str.__init_subclass__]:
    name = getattr(function, "__qualname__", "key")
    text = function.__text_signature__
    try:
        shown = inspect.signature(function)
    except (ValueError, TypeError) as error:
        shown = type(error).__name__
    print(name, "|", None if text is None else text.split(",")[0], "|", shown)
print(inspect.signature(io.BufferedIOBase), inspect.signature(type.__prepare__))
print(max.__doc__.split("\n")[0])


class Reader:
    """Reader(raw, size=3)
--

Read."""


print(Reader.__text_signature__)
