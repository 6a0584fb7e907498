"""What becomes of pools whose workers are killed."""

import concurrent.futures
import multiprocessing
import os
import signal
import time


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def square(x):
    return x * x


def dead_executor():
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
        print(executor.submit(square, 3).result())
        try:
            executor.submit(die, None).result(30)
        except concurrent.futures.process.BrokenProcessPool as error:
            print(type(error).__name__, error)
        try:
            executor.submit(square, 3)
        except concurrent.futures.BrokenExecutor as error:
            print(type(error).__name__, error)


def killed_process():
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    process.start()
    process.kill()
    process.join()
    print(process.exitcode, process.is_alive())
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)
    sender.close()
    try:
        receiver.recv()
    except EOFError as error:
        print(repr(error))


if __name__ == "__main__":
    dead_executor()
    killed_process()
