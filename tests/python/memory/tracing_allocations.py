# tracemalloc: where blocks come from, sizes, limits, peaks.
import tracemalloc

print(tracemalloc.is_tracing(), tracemalloc.get_traced_memory())
tracemalloc.start(3)
print(tracemalloc.is_tracing(), tracemalloc.get_traceback_limit())


def make():
    return bytearray(100_000)


block = make()
trace = tracemalloc.get_object_traceback(block)
print([frame.lineno for frame in trace], len(trace))
current, peak = tracemalloc.get_traced_memory()
print(current > 100_000, peak >= current)
del block
now, same_peak = tracemalloc.get_traced_memory()
print(current - now >= 100_000, same_peak >= peak)
tracemalloc.reset_peak()
print(tracemalloc.get_traced_memory()[1] < peak)

grown = []
for number in range(1000):
    grown.append(str(number) * 20)
snapshot = tracemalloc.take_snapshot()
lines = [entry for entry in snapshot.statistics("lineno") if entry.traceback[0].filename == __file__]
print(lines[0].traceback[0].lineno, lines[0].count >= 1000)
tracemalloc.clear_traces()
print(tracemalloc.get_object_traceback(grown[0]))
tracemalloc.stop()
print(tracemalloc.is_tracing(), tracemalloc.get_traced_memory(), tracemalloc.get_traceback_limit())
for limit in (0, 65536, -1):
    try:
        tracemalloc.start(limit)
    except ValueError as error:
        print(error)
try:
    tracemalloc.take_snapshot()
except RuntimeError as error:
    print(error)
