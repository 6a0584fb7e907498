def inner():
    try:
        while True:
            got = yield "ready"
            print("inner got", got)
    except ValueError as error:
        print("inner caught", error)
        return "from inner"
    finally:
        print("inner finally")


def outer():
    result = yield from inner()
    print("outer got", result)
    try:
        yield "last"
    except GeneratorExit:
        print("outer closed")
        raise


g = outer()
print(next(g), g.send(1), g.gi_yieldfrom is not None)
print(g.throw(ValueError("oops")))
g.close()
print(g.gi_frame, list(g))


def returns():
    return 7
    yield


try:
    next(returns())
except StopIteration as stop:
    print("value", stop.value)


def leaks():
    next(iter([]))
    yield


try:
    next(leaks())
except RuntimeError as error:
    print(error, "|", repr(error.__cause__))
