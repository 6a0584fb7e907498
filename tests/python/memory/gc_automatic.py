# Cycles are found without anybody calling gc.collect().
import gc
import threading
import weakref


class Node:
    pass


def make_cycle():
    node = Node()
    node.self = node
    return weakref.ref(node)


def most_are_gone(references):
    alive = sum(reference() is not None for reference in references)
    return alive < len(references) // 2


references = [make_cycle() for _ in range(20_000)]
print("collected:", most_are_gone(references))
print("collections:", gc.get_stats()[0]["collections"] > 0, gc.get_count()[0] < 10_000)

gc.disable()
references = [make_cycle() for _ in range(20_000)]
print("while disabled:", most_are_gone(references))
gc.enable()
references += [make_cycle() for _ in range(20_000)]
print("enabled again:", most_are_gone(references))


# A thread that is over the threshold when it ends must not stop the others' collections.
def work():
    list(map(lambda _: [], range(3000)))


for _ in range(5):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
references = [make_cycle() for _ in range(20_000)]
print("after threads:", most_are_gone(references))
