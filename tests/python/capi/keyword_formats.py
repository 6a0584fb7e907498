# What PyArg_ParseTupleAndKeywords says of arguments, and of formats that are wrong.
import _testmodules
import _testcapi
import warnings

warnings.simplefilter('ignore')
parse = _testcapi.parse_tuple_and_keywords


def show(*call):
    try:
        print(call[2:], parse(*call))
    except Exception as error:
        print(call[2:], type(error).__name__, error)


show((), {'alphb': 1}, '|OO', ['alpha', 'beta'])
show((), {'zzz': 1}, '|OO:foo', ['alpha', 'beta'])
show((1,), {'alpha': 1}, '|OO:foo', ['alpha', 'beta'])
show((1,), {'a': 3}, 'OO$O', ['', '', 'a'])
show((1,), {'a': 3}, 'OOO', ['', '', 'a'])
show((), {}, 'O|O$O', ['', '', 'a'])
show((1, 2), {}, 'O$O', ['a', 'b'])
show((1,), {}, '||O', ['a'])
show((1, 2), {}, '|O|O', ['a', 'b'])
show((), {'a': 1, 'b': 2}, '$O|O', ['a', 'b'])
show((1,), {}, '|O', ['a', 'b'])
show((1,), {}, '|OO', ['a'])
show((), {}, '|$O', [''])
show((), {}, '|OO', ['a', ''])
show((), {'b': 1}, '|AO', ['a', 'b'])
show((), {'b': 1}, '|(iO', ['a', 'b'])
show((), {'b': 1}, '|wO', ['a', 'b'])
show((), {1: 1}, '|O', ['a'])
show((((1, (1, 2, 3)),)), {}, 'i(ii)', ['a', 'b'])
show(((1, 1, (('C', 'C', 'ab'), 'C')),), {}, '(ii((CCC)C))', ['a'])
show(([1, 2, 3],), {}, '(ii)', ['a'])
show(([1, 2, 3],), {}, '(OO)', ['a'])
show((5,), {}, '(OO)', ['a'])
