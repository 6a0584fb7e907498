# A subtype of list whose tp_dealloc calls that of list is torn down once, however deep
# it is nested, alone and between other containers.
import threading

import _testmodules
import _testcapi

MyList = _testcapi.MyList
deep = None
for depth in range(1000):
    deep = [MyList([deep]), {depth: MyList()}]
del deep
deep = None
for depth in range(100_000):
    deep = MyList([deep])
del deep


class Sub(MyList):
    pass


deep = None
for depth in range(1000):
    deep = Sub([(deep, MyList([Sub()]))])
del deep


def in_small_thread():
    deep = None
    for depth in range(200_000):
        deep = MyList([deep])
    del deep
    deep = None
    for depth in range(20_000):
        deep = MyList([Sub([(deep,)])])
    del deep


threading.stack_size(256 * 1024)
thread = threading.Thread(target=in_small_thread)
thread.start()
thread.join()
print('done')
