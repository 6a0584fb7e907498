# _thread and threading: handles, locks, locals, hooks, and what they refuse.
import _thread
import sys
import threading


def attempt(function, *args, **kwargs):
    try:
        print(repr(function(*args, **kwargs)))
    except BaseException as error:
        print(type(error).__name__, error)


lock = _thread.allocate_lock()
attempt(lock.acquire, False, 1)
attempt(lock.acquire, True, -2)
attempt(lock.release)
attempt(lock.__enter__)
attempt(lock.acquire, False)
attempt(lock.acquire, True, 0.01)
attempt(lock.__exit__)
attempt(_thread.LockType, 1)
rlock = _thread.RLock()
attempt(rlock.release)
attempt(rlock._release_save)
attempt(rlock._acquire_restore, 3)
attempt(rlock._acquire_restore, (1,))

handle = _thread._ThreadHandle()
print(handle, handle.ident, handle.is_done())
attempt(handle.join)
attempt(handle._set_done)
handle = _thread._make_thread_handle(5)
attempt(handle.join, 0.01)
handle._set_done()
attempt(handle.join)
attempt(_thread._make_thread_handle, "a")
attempt(_thread._make_thread_handle(_thread.get_ident()).join)
attempt(_thread.start_new_thread, 1, 2)
attempt(_thread.start_new_thread, print, 2)
attempt(_thread.start_new_thread, print, (), 3)
attempt(_thread.start_joinable_thread, 1)
attempt(_thread.start_joinable_thread, print, 3)
attempt(_thread.stack_size, 100)
attempt(_thread._excepthook, 3)
attempt(_thread.interrupt_main, 65)
attempt(_thread._shutdown)

local = _thread._local()
attempt(_thread._local, 1)
attempt(setattr, local, "__dict__", 1)
attempt(getattr, local, "missing")
attempt(delattr, local, "missing")


class Counted(_thread._local):
    def __init__(self, start):
        print("init", start)
        self.value = start


counted = Counted(3)
counted.value += 1


def other():
    print(counted.value, counted.__dict__)
    counted.value = 10


thread = threading.Thread(target=other)
thread.start()
thread.join()
print(counted.value)

# Handles and errors of threads.
handle = _thread.start_joinable_thread(lambda: print("in a thread"))
handle.join()
print(handle.is_done())
attempt(_thread.start_joinable_thread, print, handle)
seen = []
sys.unraisablehook = lambda args: seen.append((args.exc_type.__name__, args.err_msg.split(" <")[0], args.object))


def fails():
    raise ValueError("lost")


def leaves():
    raise SystemExit(3)


_thread.start_joinable_thread(fails).join()
_thread.start_joinable_thread(leaves).join()
print(seen)
threading.excepthook = lambda args: print("hook", args.exc_type.__name__, args.exc_value, args.thread.name)
thread = threading.Thread(target=fails, name="failing")
thread.start()
thread.join()

# A switch interval, and a thread that never blocks.
print(sys.getswitchinterval())
sys.setswitchinterval(0.001)
print(sys.getswitchinterval())
stop = False


def spin():
    while not stop:
        pass


thread = threading.Thread(target=spin)
thread.start()
stop = True
thread.join()
print(threading.active_count(), _thread._count())
frames = sys._current_frames()
print(len(frames), list(frames) == [threading.get_ident()])
