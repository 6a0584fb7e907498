import datetime

for value, specs in [
    (42, ["", "5", "<5", "^5", "05", "+", " ", "x", "#x", "#010b", ",", "_", "e", "c", "n", "%"]),
    (-1234567, [",", "_d", "=+12,", "*^15", "X", "_x", ".2f"]),
    (3.14159, ["", ".2", ".2f", "8.3f", "<8.1e", "+g", "%", "z.0f", ",.4f", "010.2f"]),
    (1 + 2j, ["", ".1f", ">12", "+.2e"]),
    ("text", ["", "10", ">10", "^10", ".2", "*<8.3"]),
    (True, ["", "d", "5"]),
    (datetime.date(2024, 2, 29), ["%Y/%j", ""]),
]:
    print(repr(value), [format(value, s) for s in specs])
for value, spec in [(1, "s"), ("a", "d"), (1.0, "d"), (1, ".2d"), ("a", "="), ([], "x"), (1, ",_"), (1, "5" * 30)]:
    try:
        print(format(value, spec))
    except Exception as error:
        print(type(error).__name__, error)
x, width = 3.14159, 10
print(f"{x:{width}.{2}f}|{x!r:>{width}}|{x=}|{x = :.1f}|{'nested ' + f'{width}'}|{{}}")
name = "t"
t = t"a{x:.2f}b{name!r}"
print(t.strings, [(i.value, i.expression, i.conversion, i.format_spec) for i in t.interpolations])
