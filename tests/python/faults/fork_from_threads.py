"""`fork` in a program with threads."""

import logging
import os
import threading
import warnings

release, held = threading.Event(), threading.Event()
lock, again = threading.Lock(), threading.RLock()


def hold():
    with lock, again:
        held.set()
        release.wait()


def in_child(f):
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        try:
            text = repr(f())
        except BaseException as error:
            text = "raised " + repr(error)
        os.write(write_end, text.encode())
        os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as stream:
        text = stream.read().decode()
    return text, os.waitpid(pid, 0)[1]


thread = threading.Thread(target=hold, name="holder")
thread.start()
held.wait()

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(in_child(lambda: 1))
print([(w.category.__name__, str(w.message).split("multi-threaded")[1]) for w in caught])
warnings.simplefilter("ignore")


def threads():
    main = threading.current_thread()
    return threading.active_count(), main is threading.main_thread(), main.name, thread.is_alive()


def locks():
    return lock.locked(), lock.acquire(timeout=0.05), again.acquire(timeout=0.05)


def logs():
    logging.getLogger("x").setLevel(10)
    return logging.getLogger("x").isEnabledFor(10)


def works():
    results = []
    workers = [threading.Thread(target=results.append, args=(i,)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(results), threading.active_count()


def from_thread():
    answers = []
    worker = threading.Thread(target=lambda: answers.append(in_child(threads_in_thread)))
    worker.start()
    worker.join()
    return answers[0]


def threads_in_thread():
    main = threading.main_thread()
    return main is threading.current_thread(), threading.active_count()


before, after = [], []
os.register_at_fork(before=lambda: before.append(1), after_in_child=lambda: after.append(2))
for f in (threads, locks, logs, works, lambda: (before, after)):
    print(in_child(f))
print(from_thread())
release.set()
thread.join()
print(threading.active_count(), before, after)
