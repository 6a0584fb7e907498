"""What a thread kept for itself goes in the child of a fork, where the thread is not."""
import os
import threading
import warnings

warnings.simplefilter("ignore")
parent = os.getpid()
reader, writer = os.pipe()
local = threading.local()
ready, release = threading.Event(), threading.Event()


class Kept:
    def __del__(self):
        if os.getpid() != parent:
            os.write(writer, b"released in the child\n")


def work():
    local.kept = Kept()
    ready.set()
    release.wait()


local.kept = "of the main thread"
thread = threading.Thread(target=work)
thread.start()
ready.wait()
pid = os.fork()
if pid == 0:
    os.write(writer, f"{local.kept} {threading.active_count()}\n".encode())
    os._exit(0)
print(os.waitpid(pid, 0)[1])
release.set()
thread.join()
os.close(writer)
with os.fdopen(reader) as text:
    print(text.read(), end="")
