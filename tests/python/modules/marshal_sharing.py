"""What marshal marks as shared: constants of a module, interned strings, several references."""

import marshal

SOURCE = '''
def first(argument, *rest):
    return "hello world", 5000, b"xyz", 1.5, (1, "hello world"), argument.name

def second(argument, *rest):
    return "hello world", 5000, b"xyz", 1.5, (1, "hello world"), argument.name, b"a"

class Outer:
    class Inner:
        "Documented."
        def method(self): return self[5000:], self[1:2], self in {"a b", 70000}

def third(x, y: int = 1) -> int: return x[1000:2000], x[1000:2000], 1000
'''

code = compile(SOURCE, "shared.py", "exec")
print(marshal.dumps(code))
for level in 1, 2:
    print(hash(marshal.dumps(compile(SOURCE, "shared.py", "exec", optimize=level))) != 0)

functions = {}
exec(code, functions)
first, second = functions["first"].__code__, functions["second"].__code__
print([a is b for a, b in zip(first.co_consts, second.co_consts)])
print(first.co_names is second.co_names, first.co_linetable is second.co_linetable)


def show(value):
    print([marshal.dumps(value, version) for version in range(marshal.version + 1)])


text, number, pair = "".join(["a", " b"]), float("2.5"), [int("7")]
show([text, text])
show({"".join(["k", " k"]): number})
show((pair, pair))
show(set())
show(frozenset(["".join(["x", " y"])]))
show("name")
surrogates, big = "\udc80\xe9", 1 << 80
show(surrogates)
show([big, int("-1099511627776"), int("2147483648"), -5])
for value in slice(1, 2), [slice(None)]:
    for version in 4, 5:
        try:
            print(marshal.dumps(value, version))
        except ValueError as error:
            print(error)

print("allow_code")
for attempt in (
    lambda: marshal.dumps(code, allow_code=False),
    lambda: marshal.loads(marshal.dumps(code), allow_code=False),
    lambda: marshal.dumps([int("1000")], allow_code=False),
):
    try:
        print(attempt())
    except ValueError as error:
        print(error)

print("loops")
loop = marshal.loads(b"\xa8\x01\x00\x00\x00[\x01\x00\x00\x00r\x00\x00\x00\x00")
print(type(loop), loop[0][0] is loop)
for data in b"\xbaNNr\x00\x00\x00\x00", b"\xbe\x01\x00\x00\x00r\x00\x00\x00\x00":
    try:
        print(marshal.loads(data))
    except ValueError as error:
        print(error)
