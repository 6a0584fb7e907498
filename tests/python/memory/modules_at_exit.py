# What objects in module namespaces see when they are finalized at exit.
import atexit
import sys
import weakref


class A:
    def __init__(self,n): self.n=n
    def __del__(self): print("del", self.n, name, sys is not None)
name="global"
a=A("a")
_b=A("_b")
def f(): return a
class B:
    pass
cyc=A("cyc"); cyc.me=cyc
atexit.register(lambda: print("atexit"))
weakref.finalize(B, print, "finalize B")
