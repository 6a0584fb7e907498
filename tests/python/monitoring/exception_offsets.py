# Where exceptions are reported.
import sys
m=sys.monitoring; E=m.events; m.use_tool_id(1,'x')
def cb(n):
    def f(code,off,*a): print(n,code.co_name,off)
    return f
for e in 'RAISE PY_UNWIND EXCEPTION_HANDLED RERAISE LINE PY_THROW'.split(): m.register_callback(1,getattr(E,e),cb(e))
def h(): raise KeyError
def g(): x=[h()]
def k():
    try:
        g()
    except ValueError: pass
    finally: 1
def f():
    try: k()
    except KeyError: pass
class C:
    def __init__(self): raise KeyError
    @property
    def p(self): raise KeyError
    def __getattr__(self,n): raise AttributeError(n)
    def __add__(self,o): raise KeyError
    def __iter__(self): raise KeyError
def c():
    try: C()
    except KeyError: pass
    o=object.__new__(C)
    for i in range(3):
        try: o.p
        except KeyError: pass
        try: o.q
        except AttributeError: pass
        try: o+1
        except KeyError: pass
    try:
        for i in o: pass
    except KeyError: pass
def ge():
    h()
    yield 1
def d():
    for i in range(3):
        try:
            for x in ge(): pass
        except KeyError: pass
lam=lambda: 1
for i in range(2):
  m.set_events(1,E.RAISE|E.PY_UNWIND|E.EXCEPTION_HANDLED|E.RERAISE)
  f();c();d()
  m.set_events(1,0); print()
m.set_events(1,E.LINE); lam(); lam(); m.set_events(1,0)
