# Forking with threads, waiting for signals, handlers while a lock is waited for.
import os
import signal
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore")
signal.signal(signal.SIGALRM, lambda number, frame: order.append(number))
order = []
lock = threading.Lock()
lock.acquire()
signal.setitimer(signal.ITIMER_REAL, 0.02)
print(lock.acquire(timeout=0.2), order == [signal.SIGALRM])


class Stop(Exception):
    pass


def stop(number, frame):
    raise Stop


signal.signal(signal.SIGALRM, stop)
for wait in (lock.acquire, threading.Event().wait, lambda: time.sleep(10), signal.pause):
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        wait()
    except Stop:
        print("stopped")

# A fork in a thread: it is the main thread of the child.
ready = threading.Event()
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def forks():
    pid = os.fork()
    if pid == 0:
        names = [thread.name for thread in threading.enumerate()]
        main = threading.main_thread() is threading.current_thread()
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        status = 0 if len(names) == 1 and main else 1
        os._exit(status)
    print("child", os.waitpid(pid, 0)[1])


thread = threading.Thread(target=forks)
thread.start()
thread.join()

# A lock held by a thread that the child does not have.
held = threading.RLock()
go, done = threading.Event(), threading.Event()


def holder():
    with held:
        go.set()
        done.wait()


thread = threading.Thread(target=holder)
thread.start()
go.wait()
pid = os.fork()
if pid == 0:
    os._exit(0 if not held.acquire(timeout=0.01) and not thread.is_alive() else 1)
print("child", os.waitpid(pid, 0)[1])
done.set()
thread.join()

# Waiting for signals in a thread.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
got = []
thread = threading.Thread(target=lambda: got.append(signal.sigwait([signal.SIGUSR1])))
thread.start()
signal.pthread_kill(thread.ident, signal.SIGUSR1)
thread.join()
print(got)
