# Every event of sys.monitoring, and what settrace and setprofile make of them.
import sys
m=sys.monitoring
E=m.events
log=[]
m.use_tool_id(1,'t')
names={getattr(E,n):n for n in dir(E) if n.isupper() and getattr(E,n)}
def show(a):
    if hasattr(a,'co_name'): return a.co_name
    if a is m.MISSING: return 'MISSING'
    if isinstance(a,(int,str,type(None))): return a
    if isinstance(a,BaseException): return repr(a)
    return getattr(a,'__name__',type(a).__name__)
def gen(n):
    for i in range(n):
        yield i
    return 7
class It:
    def __init__(self): self.n=0
    def __iter__(self): return self
    def __next__(self):
        self.n+=1
        if self.n>2: raise StopIteration
        return self.n
class Base:
    def m(self): return 1
class D(Base):
    def m(self):
        return super().m()+1
class Ctx:
    def __enter__(self): return self
    def __exit__(self,*a): pass
def f(x):
    t=0
    for i in gen(3):
        if i==1:
            continue
        t+=i
    for j in It(): t+=j
    while t<10: t+=1
    try:
        int('x')
    except ValueError as e:
        t=1
    try:
        try:
            raise KeyError(1)
        finally:
            t+=1
    except KeyError: pass
    with Ctx() as fh:
        t+=1
    z=[k for k in (1,2,3) if k]
    print(*z, sep='')
    D().m()
    g=gen(2); next(g)
    try: g.throw(ZeroDivisionError)
    except ZeroDivisionError: pass
    def y():
        r=yield from gen(2)
        return r
    list(y())
    x = 1 if t else 2; t=3
    return len(z)
for ev in list(names):
    if ev==E.BRANCH: continue
    def cb(*a, ev=ev):
        log.append((names[ev],)+tuple(map(show,a)))
    m.register_callback(1,ev,cb)
def run(events):
    log.clear()
    m.set_events(1,events)
    f(1)
    m.set_events(1,0)
    print('==',hex(events),len(log))
    for l in log: print(l)
for ev in list(names):
    if names[ev] in('BRANCH','C_RETURN','C_RAISE'): continue
    if ev==E.CALL: ev|=E.C_RETURN|E.C_RAISE
    run(ev)
run(E.LINE|E.INSTRUCTION|E.CALL|E.BRANCH|E.PY_START|E.PY_RETURN|E.RAISE|E.JUMP)
run(E.LINE)
def tr(frame,ev,arg):
    if frame.f_code.co_filename==__file__: print(frame.f_code.co_name,ev,frame.f_lineno,show(arg) if not isinstance(arg,tuple) else arg[0].__name__)
    frame.f_trace_opcodes = mode
    return tr
for mode in (False,True):
    sys.settrace(tr)
    f(1)
    sys.settrace(None)
def pr(frame,ev,arg):
    if frame.f_code.co_filename==__file__: print('P',frame.f_code.co_name,ev,frame.f_lineno,show(arg))
sys.setprofile(pr)
f(1)
sys.setprofile(None)
