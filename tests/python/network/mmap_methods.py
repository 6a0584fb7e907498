# mmap: every method, closed and open, read-only and copied.
import mmap,os,tempfile
def t(f,*a,**k):
    shown=() if f is mmap.mmap else a
    try: print(f.__name__, shown, k, '->', f(*a,**k))
    except BaseException as e: print(f.__name__, shown, k, '!!', type(e).__name__, e)
M=mmap.mmap
t(M,-1,-1); t(M,-1,0); t(M,-1,10,offset=-1); t(M,-1,10,access=9); t(M,-1,10,access=1,prot=1); t(M,99,10); t(M,'x',10); t(M,-1,'x'); t(M,-1,1<<70); 
f=tempfile.TemporaryFile(); t(M,f.fileno(),0); f.write(b'hello\nworld\n'); f.flush()
t(M,f.fileno(),100); t(M,f.fileno(),0,offset=4096); t(M,f.fileno(),0,offset=1)
m=M(f.fileno(),0)
print(len(m), m.size(), m.closed)
t(m.read_byte); t(m.readline); t(m.read,2); t(m.read,None); t(m.read,-5); t(m.read_byte); t(m.tell); t(m.seek,0); t(m.seek,-1); t(m.seek,1,1); t(m.seek,-1,2); t(m.seek,0,3); t(m.seek,100); t(m.seek,'x'); t(m.seek,0)
t(m.find,b'o'); t(m.find,b'o',5); t(m.find,b'o',-3); t(m.find,b'l',0,3); t(m.rfind,b'o'); t(m.rfind,b'l',0,4); t(m.find,'x'); t(m.find,b''); t(m.find,b'',100); t(m.find); t(m.find,b'x',None,None); t(m.rfind,b'');t(m.rfind,b'',3,2)
t(m.write,b'HE'); t(m.tell); t(m.write,b'x'*20); t(m.write,'x'); t(m.write_byte,65); t(m.write_byte,256); t(m.write_byte,-1); t(m.write_byte,'x')
print(m[0], m[-1], m[1:4], m[::2], m[::-1], m[5:2])
for i in [100,-100,'x',1.5,None]:
    t(m.__getitem__,i); t(m.__setitem__,i,1)
t(m.__setitem__,0,300); t(m.__setitem__,0,'x'); t(m.__setitem__,0,-1); t(m.__setitem__,slice(0,2),b'abc'); t(m.__setitem__,slice(0,2),b'ab'); t(m.__setitem__,slice(0,6,2),b'xyz'); t(m.__delitem__,0); t(m.__delitem__,slice(0,1)); print(m[:])
t(m.move,0,6,5); print(m[:]); t(m.move,0,10,5); t(m.move,-1,0,1); t(m.flush); t(m.flush,-1); t(m.flush,0,4); t(m.flush,0,100); t(m.flush,1,2); t(m.seekable)
t(m.madvise,mmap.MADV_NORMAL); t(m.madvise,mmap.MADV_NORMAL,-1); t(m.madvise,mmap.MADV_NORMAL,0,-1); t(m.madvise,mmap.MADV_NORMAL,100); t(m.madvise,9999)
t(m.resize,20); print(len(m), m.size()); t(m.resize,-1); 
v=memoryview(m); t(m.resize,30); t(m.close); print(v.readonly, v.format, v.nbytes); v.release()
print(repr(m)); t(m.close); print(repr(m)); t(m.close)
for n,a in [('read',()),('size',()),('find',(b'x',)),('__len__',()),('__getitem__',(0,)),('tell',()),('flush',()),('__enter__',()),('resize',(1,)),('seekable',()),('move',(0,0,0)),('write',(b'',)),('readline',()),('madvise',(0,))]:
    t(getattr(m,n),*a)
try: memoryview(m)
except Exception as e: print(type(e),e)
r=M(f.fileno(),0,access=mmap.ACCESS_READ); t(r.write,b'x'); t(r.write_byte,1); t(r.resize,1); t(r.move,0,0,1); t(r.__setitem__,0,1); print(repr(r), memoryview(r).readonly); t(r.flush)
try: memoryview(r)[0]=1
except Exception as e: print(type(e),e)
import gc; gc.collect()
c=M(f.fileno(),0,access=mmap.ACCESS_COPY); c[0]=90; print(c[:3], repr(c)); t(c.flush); t(c.resize,1)
a=M(-1,100); print(repr(a)); t(a.resize,200); t(a.resize,50); print(len(a))
p=M(-1,100,flags=mmap.MAP_PRIVATE|mmap.MAP_ANONYMOUS); t(p.resize,200); print(len(p))
n=M(f.fileno(),0,trackfd=False); t(n.size); t(n.resize,5)
w=M(-1,10,prot=mmap.PROT_WRITE); print(repr(w)); w=M(-1,10,prot=mmap.PROT_READ); print(repr(w)); t(w.write,b'a')
w=M(-1,10,prot=mmap.PROT_READ|mmap.PROT_EXEC); print(repr(w))
with M(-1,10) as q: print(q.closed)
print(q.closed); t(q.__exit__); t(q.__exit__,1,2,3)
import weakref; x=M(-1,10); print(weakref.ref(x)() is x); print(list(x)[:2], b'\0' in x, 0 in x if True else 0)
class S(M): pass
s=S(-1,5); s.q=1; print(s.q, repr(s), M.__module__, M.__doc__ is None, mmap.error)
