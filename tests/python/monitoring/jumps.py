# Setting f_lineno from each line to each other one.
import sys
def jump(n, to, ev='line'):
    def tr(frame,e,arg):
        if frame.f_code is f.__code__ and e==ev and frame.f_lineno==base+n:
            try: frame.f_lineno=base+to
            except ValueError as x: print('err',x)
            sys.settrace(None)
        return tr
    def run(fn):
        global f,base
        f=fn; base=fn.__code__.co_firstlineno
        out=[]
        sys.settrace(tr)
        try:
            got = fn(out)
            if hasattr(got, 'send'):
                try: got.send(None)
                except StopIteration: pass
        except BaseException as e: print(type(e).__name__,e)
        sys.settrace(None)
        print(fn.__name__,n,to,out)
    return run
class A:
    async def __aenter__(self): return self
    async def __aexit__(self,*a): return None
def a(out):
    out.append(1)
    out.append(2)
    for i in (1,2):
        out.append(3)
    try:
        out.append(4)
    except ValueError:
        out.append(5)
    with memoryview(b'') as q:
        out.append(6)
    x=1
    out.append(x)
async def b(out):
    async with A():
        out.append(2)
    out.append(3)
    async with A() as q: out.append(4)
    while len(out) < 9: out.append(5)
for i in range(0,14):
    for j in range(0,16):
        jump(i,j)(a)
for i, j in (2,3), (3,1), (1,3), (4,5), (5,3), (5, 1):
    jump(i,j)(b)
for ev in 'call','return','exception': jump(0,1,ev)(a)
