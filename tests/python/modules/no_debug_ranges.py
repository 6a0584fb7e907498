# flags: -X no_debug_ranges
# Code objects without columns: no carets in tracebacks, marshalled code too.
import marshal
import traceback


def divide(a, b):
    return (a +
            1) / b


print(set((p[2], p[3]) for p in divide.__code__.co_positions()))
print(sorted(set(p[0] for p in divide.__code__.co_positions())))
other = compile("x = 1\ny = (x +\n  2)", "<text>", "exec")
print(list(other.co_lines()))
print(marshal.loads(marshal.dumps(other)).co_linetable == other.co_linetable)
try:
    divide(1, 0)
except ZeroDivisionError:
    print(traceback.format_exc().replace(__file__, "FILE"))
