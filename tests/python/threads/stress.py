# Several threads that make garbage, raise, and switch all the time.
import gc
import queue
import sys
import threading
import weakref

sys.setswitchinterval(1e-5)
finalized = [0]


class Node:
    def __init__(self, number):
        self.number = number
        self.myself = self
        self.table = {"a": self}

    def __del__(self):
        finalized[0] += 1


def work():
    for i in range(300):
        node = Node(i)
        nodes = [Node(j) for j in range(3)]
        nodes.append(nodes)
        weakref.ref(node)
        text = str(i) + repr(nodes[0].number)
        assert sum(j for j in range(5)) == 10 and text == str(i) + "0"
        try:
            if i % 7 == 0:
                raise ValueError(i)
        except ValueError as error:
            assert error.args == (i,)
        if i % 100 == 0:
            gc.collect()


threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
gc.collect()
print(finalized)


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


def deep():
    try:
        depth(10**6)
    except RecursionError as error:
        print(error)


for size in (0, 100000):
    threading.stack_size(size)
    thread = threading.Thread(target=deep)
    thread.start()
    thread.join()
threading.stack_size(0)

lock, count = threading.Lock(), [0]


def increment():
    for _ in range(100):
        with lock:
            count[0] += 1


threads = [threading.Thread(target=increment) for _ in range(50)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(count)

for make in (queue.Queue, queue.SimpleQueue, queue.LifoQueue):
    tasks, results = make(), queue.SimpleQueue()

    def worker():
        while (item := tasks.get()) is not None:
            results.put(item * item)

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(200):
        tasks.put(i)
    while results.qsize() < 200:
        results.put(results.get())
    for _ in threads:
        tasks.put(None)
    for thread in threads:
        thread.join()
    print(make.__name__, sum(results.get() for _ in range(200)))

condition, turn, log = threading.Condition(), [0], []


def player(me):
    for _ in range(50):
        with condition:
            condition.wait_for(lambda: turn[0] % 3 == me)
            log.append(me)
            turn[0] += 1
            condition.notify_all()


threads = [threading.Thread(target=player, args=(i,)) for i in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(log == [0, 1, 2] * 50)
