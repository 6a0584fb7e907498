def f(a, b=2, /, c=3, *args, d, e=5, **kw):
    return a, b, c, args, d, e, kw


print(f(1, d=4))
print(f(1, 2, 3, 4, 5, d=6, a=7, b=8))
print(f(*[1, 2], **{"c": 9, "d": 10}, z=0))

calls = [
    lambda: f(),
    lambda: f(1),
    lambda: f(1, 2, 3, d=4, c=5),
    lambda: f(1, **{"d": 1}, **{"d": 2}),
    lambda: f(1, d=1, **{1: 2}),
    lambda: f(*5),
    lambda: f(1, **5),
    lambda: (lambda x, y: 0)(1),
    lambda: (lambda x, y, z: 0)(),
    lambda: (lambda: 0)(1, 2),
    lambda: (lambda x=1: 0)(1, 2),
    lambda: (lambda *, k: 0)(1, k=2),
    lambda: (lambda x: 0)(1, y=2),
]
for call in calls:
    try:
        print(call())
    except TypeError as error:
        print(error)
