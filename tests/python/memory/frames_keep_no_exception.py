# A frame object that outlives its frame keeps variables, not the exception
# that ended it; variables are released from the last to the first.
import gc
import sys


def fails():
    raise RuntimeError("gone")


def look():
    try:
        fails()
    except RuntimeError as error:
        frame = error.__traceback__.tb_next.tb_frame
        print(any(isinstance(found, BaseException) for found in gc.get_referents(frame)))
        print(sys.getrefcount(error))


look()


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


def variables():
    x, y, z = Noisy("x"), Noisy("y"), Noisy("z")


variables()


class Broken:
    def __del__(self):
        raise ValueError("in __del__")


def hook(unraisable):
    message = unraisable.err_msg.split(" at 0x")[0]
    print(unraisable.exc_value, "|", message, "|", unraisable.object)


sys.unraisablehook = hook
Broken()


def callback(phase, info):
    raise KeyError(phase)


gc.collect()
gc.callbacks.append(callback)
gc.collect(1)
gc.callbacks.remove(callback)
