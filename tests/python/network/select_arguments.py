# select, poll and epoll: odd arguments, closed objects, signals in between.
import select,os,socket,signal,time
def t(f,*a,**k):
    try: print(f.__name__, '->', f(*a,**k))
    except BaseException as e: print(f.__name__, '!!', type(e).__name__, e)
S=select.select
t(S); t(S,1,2,3); t(S,[],[],[],'x'); t(S,[],[],[],-1); t(S,[],[],[],0); t(S,[],[],[],1e20); t(S,[],[],[],float('nan')); t(S,['x'],[],[],0); t(S,[-1],[],[],0); t(S,[1<<70],[],[],0); t(S,[5000],[],[],0); t(S,[],[],[],0.0000001); t(S,[],[],[],1<<70)
class F:
    def fileno(self): return 'x'
t(lambda: S([F()],[],[],0))
class G:
    def fileno(self): return -5
t(lambda: S([G()],[],[],0))
class H: fileno=3
t(lambda: S([H()],[],[],0))
r,w=os.pipe()
t(lambda: S([r],[w],[],0) == ([],[w],[])); os.write(w,b'x'); t(lambda: S((r,),{w:1},iter([r]),0) == ([r],[w],[]))
p=select.poll()
t(p.register); t(p.register,'x'); t(p.register,r,-1); t(p.register,r,1<<16); t(p.register,r,1<<70); t(p.register,r,'x'); t(p.register,r); t(p.register,w,select.POLLOUT); t(p.poll,0); t(p.poll); t(p.modify,99,1); t(p.modify,r,0); t(p.poll,0); t(lambda: p.unregister(99)); t(p.unregister,r); t(p.poll,'x'); t(p.poll,1<<70); t(p.poll,1e300); t(p.poll,float('nan')); t(p.poll,0.5); t(p.poll,0,1); t(p.poll,None); t(p.poll,-1.5); t(p.register,w,1,2); t(p.modify,w); t(p.unregister,-1)
E=select.epoll
t(E,0) ; t(E,-2); t(E,1,1); t(E,'x'); t(E,1,0,2)
e=E(); print(e.closed, e.fileno()>0)
t(e.register,r,select.EPOLLIN); t(e.register,r); t(e.register,'x'); t(e.register,-1); t(e.register,999); t(e.poll,0); t(e.poll,0,0); t(e.poll,0,-2); t(e.poll,'x'); t(e.poll,-0.5,1); t(e.poll,timeout=0,maxevents=5); t(e.poll,1e300); t(e.poll,None); t(e.modify,r,0); t(e.poll,0); t(e.modify,99,1); t(e.unregister,r); t(e.unregister,r); t(e.register,r,-1); t(e.register,r,1<<40); t(e.modify,r)
t(e.poll,float('nan')); t(e.poll,1<<70)
with e as q: print(q is e)
print(e.closed); t(e.close); t(e.fileno); t(e.poll,0); t(e.register,r); t(e.unregister,r); t(e.modify,r,1)
t(E.fromfd,'x')
def h(*a): print('sig'); 
signal.signal(signal.SIGALRM,h)
for f in (lambda: S([],[],[],0.3), lambda: select.poll().poll(300), lambda: E().poll(0.3)):
    signal.setitimer(signal.ITIMER_REAL,0.1); a=time.monotonic(); f(); print(0.25<time.monotonic()-a)
def h(*a): 1/0
signal.signal(signal.SIGALRM,h)
for f in (lambda: S([],[],[],5), lambda: select.poll().poll(5000), lambda: E().poll(5), lambda: socket.socketpair()[0].recv(1)):
    signal.setitimer(signal.ITIMER_REAL,0.3)
    t(f)
