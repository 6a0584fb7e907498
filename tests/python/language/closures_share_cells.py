def counter():
    n = 0

    def up():
        nonlocal n
        n += 1
        return n

    def peek():
        return n

    return up, peek


up, peek = counter()
up(), up()
print(peek())
print(up.__code__.co_freevars, peek.__closure__[0].cell_contents)
late = [lambda: i for i in range(3)]
early = [lambda i=i: i for i in range(3)]
print([f() for f in late], [f() for f in early])


def unbound():
    def inner():
        return later

    try:
        inner()
    except NameError as error:
        print(error)
    later = 1
    return inner()


print(unbound())
