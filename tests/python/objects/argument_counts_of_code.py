# Code objects whose variables cannot be as many arguments as they say.
def f(a, b=1, *c, d=2, **e):
    return a, b, c, d, e


MOST = 2**31 - 1
code = f.__code__
for changes in (
    {'co_argcount': MOST},
    {'co_argcount': MOST, 'co_posonlyargcount': MOST},
    {'co_argcount': 9},
    {'co_kwonlyargcount': 3},
    {'co_kwonlyargcount': MOST},
    {'co_kwonlyargcount': MOST - 1},
    {'co_varnames': (), 'co_nlocals': 0},
):
    try:
        code.replace(**changes)
        print('made')
    except ValueError as error:
        print(error)
f.__code__ = code.replace(co_argcount=3, co_posonlyargcount=1, co_flags=code.co_flags & ~4)
print(f(1, 2, 3, c=4, x=5), f.__code__.co_varnames)
