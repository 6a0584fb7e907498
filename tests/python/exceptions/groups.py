def make():
    return ExceptionGroup("top", [ValueError(1), ExceptionGroup("sub", [TypeError(2), OSError(3, "no")])])


try:
    raise make()
except* TypeError as group:
    print("types", group.exceptions)
except* (ValueError, OSError) as group:
    print("values", group.exceptions)

g = make()
print(repr(g), g.message)
print(g.split(ValueError))
print(g.subgroup(lambda e: isinstance(e, OSError)))
try:
    try:
        raise make()
    except* ValueError:
        raise KeyError("new")
except BaseExceptionGroup as error:
    print(repr(error))
for bad in ([], [1], 5):
    try:
        ExceptionGroup("x", bad)
    except (TypeError, ValueError) as error:
        print(error)
raise make()
