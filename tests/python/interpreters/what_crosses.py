"""What can be sent from one interpreter to another, and how it arrives."""

import _interpreters
import datetime
import functools
from concurrent import interpreters
from concurrent.futures import InterpreterPoolExecutor

# Interpreters have buffers of their own.
print = functools.partial(print, flush=True)


def no_state(a, *rest):
    return [a, *rest]


def fails():
    raise KeyError("missing")


def main():
    interp = interpreters.create()
    queue = interpreters.create_queue()
    interp.prepare_main(queue=queue, number=5)
    interp.exec("queue.put((number, queue.maxsize))")
    print(queue.get())

    for value in (None, True, 7, 2**62, 1.5, "text", b"bytes", (1, ("a", b"b")), [1], {}, 2**70, object):
        print(repr(value)[:30], interpreters.is_shareable(value))
    values = [None, False, -1, 10**30, 1e300, "t\u00e4xt \U0001f600", b"\0x", (1, (2.5, "a")), [1, [2]], {"k": {3}}, datetime.date(2024, 2, 29)]
    for value in values:
        queue.put(value)
        arrived = queue.get()
        print(arrived == value, type(arrived).__name__)
    try:
        queue.put(lambda: queue)
    except interpreters.NotShareableError as error:
        print(type(error).__name__, str(error).split(" at ")[0])
    try:
        interp.prepare_main(bad=[1])
    except interpreters.NotShareableError as error:
        print(error)

    data = bytearray(b"shared memory")
    queue.put(memoryview(data))
    interp.exec("view = queue.get(); view[:6] = b'SHARED'; print(bytes(view), type(view.obj).__name__, flush=True); view.release()")
    print(data)

    full = interpreters.create_queue(1)
    full.put("only")
    try:
        full.put_nowait("more")
    except interpreters.QueueFull as error:
        print(type(error).__name__, full.full(), full.qsize())
    print(full.get(timeout=1), full.empty())
    try:
        full.get_nowait()
    except interpreters.QueueEmpty as error:
        print(type(error).__name__)


    print(interp.call(no_state, 1, "x"))
    print(interp.call(max, 3, 8), interp.call(sorted, [3, 1], reverse=True), interp.call(dict, a=(1, 2)))
    try:
        interp.call(fails)
    except interpreters.ExecutionFailed as error:
        print(error.excinfo.formatted)
        print(error.excinfo.errdisplay.splitlines()[-1])
    interp.exec("queue.put('kept'); queue.put(['lost'])")
    interp.close()
    print(queue.get())
    print(queue.get())

    with InterpreterPoolExecutor(1, initializer=len, initargs=("begin",)) as pool:
        print(list(pool.map(pow, range(5), [2] * 5)))
        future = pool.submit(int, "x")
        print(type(future.exception()).__name__, future.exception())
        print(pool.submit(str.upper, "text").result())
    print(vars(_interpreters.new_config("legacy", gil="own")))


if __name__ == "__main__":
    main()
