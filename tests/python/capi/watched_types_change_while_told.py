# A watcher of types runs Python code while a class and its subclasses are told that it
# changed: the code drops subclasses that are still to be told.
import gc
import sys

import _testmodules
import _testcapi

RAISES = 1


class Base:
    pass


subclasses = [type(f'Sub{i}', (Base,), {'number': i}) for i in range(20)]
deeper = [type(f'Deeper{i}', (sub,), {}) for i, sub in enumerate(subclasses)]
watcher = _testcapi.add_type_watcher(RAISES)
for watched in [Base, *subclasses, *deeper]:
    _testcapi.watch_type(watcher, watched)
    watched.number if watched is not Base else watched.__doc__
del watched
told = []


def forget(unraisable):
    told.append(unraisable.exc_value)
    deeper.clear()
    subclasses.clear()
    gc.collect()
    Base.__subclasses__()
    type('New', (Base,), {})


sys.unraisablehook = forget
Base.changed = True
Base.changed
Base.changed = False
gc.collect()
_testcapi.clear_type_watcher(watcher)
print(len(told) > 0, Base.changed, [sub.__name__ for sub in Base.__subclasses__()][-1:])
