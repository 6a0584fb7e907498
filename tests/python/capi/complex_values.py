# Arithmetic on plain C values says by `errno` what cannot be computed.
import _testmodules
import errno

import _testcapi


def show(function, *args):
    value, code = function(*args)
    print(function.__name__, args, value, errno.errorcode.get(code, code))


for a, b in [(1 + 2j, 3 - 1j), (2j, 0j), (0j, 0j), (1e308 + 1e308j, 2), (0j, -1)]:
    for name in ['_py_c_sum', '_py_c_diff', '_py_c_prod', '_py_c_quot', '_py_c_pow']:
        function = getattr(_testcapi, name)
        found = function(a, b)
        if isinstance(found, tuple):
            show(function, a, b)
        else:
            print(name, a, b, found)
print(_testcapi._py_c_neg(1 - 2j))
show(_testcapi._py_c_abs, 3 + 4j)
show(_testcapi._py_c_abs, 1e308 + 1e308j * 1.7)
