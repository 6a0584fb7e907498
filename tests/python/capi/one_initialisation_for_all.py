# A module of single-phase initialisation is initialised once; every interpreter gets a copy of it.
import _testmodules
import _interpreters
import sys

import _testsinglephase

CODE = f"""if True:
    import sys
    sys.path[:] = {sys.path!r}
    import _testsinglephase as module
    print(module.initialized_count(), module.look_up_self() is module, hasattr(module, 'later'))
    print(module.sum(1, 2), module.int_const, module.__name__)
"""

_testsinglephase.later = 'not copied'
for _ in range(2):
    interpreter = _interpreters.create('legacy')
    for _ in range(2):
        print(_interpreters.run_string(interpreter, CODE))
    _interpreters.destroy(interpreter)
print(_testsinglephase.initialized_count(), _testsinglephase.look_up_self() is _testsinglephase)

path = _testsinglephase.__file__
raising = f"""if True:
    from importlib import machinery, util
    name = '_testsinglephase_raise_exception'
    loader = machinery.ExtensionFileLoader(name, {path!r})
    util.module_from_spec(util.spec_from_file_location(name, {path!r}, loader=loader))
"""
sys.unraisablehook = lambda found: print('in the main interpreter:', repr(found.exc_value))
interpreter = _interpreters.create('legacy')
print(_interpreters.run_string(interpreter, raising).formatted)
_interpreters.destroy(interpreter)
