"""Classes and instances that change: layouts, bases, slots, copies, weak references."""

import sys, re, gc, weakref, copy, pickle, copyreg, types, functools, operator, abc, collections
def t(label, f):
    try: r = f()
    except BaseException as e: print(label, '!', type(e).__name__, re.sub('0x[0-9a-f]+', '0x', str(e)))
    else: print(label, '=', re.sub('0x[0-9a-f]+', '0x', str(r)))
# shapes and dict orders
class A: pass
a = A(); a.x=1; a.y=2; d=a.__dict__; d['z']=3; a.w=4; del a.x; a.x=5
print(a.__dict__, d is a.__dict__, vars(a) is d)
d.clear(); a.q=1; print(d, hasattr(a,'x'))
a.__dict__ = {'n':1}; print(d, a.n); a.m=2; print(a.__dict__)
b=A(); b.__dict__['k']=1; b.k+=1; print(b.k, b.__dict__)
b.__dict__[1]=2; print(b.__dict__); t('vars', lambda: vars(b))
class S(dict):
    pass
b.__dict__=S(u=1); print(type(b.__dict__), b.u); b.v=3; print(b.__dict__)
t('del dict', lambda: delattr(b,'__dict__')); print(b.__dict__)
for i in range(40): setattr(b, 'a%d'%i, i)
for i in range(0,40,2): delattr(b,'a%d'%i)
print(list(b.__dict__))
class P: 
    x=1
    @property
    def y(self): return self._y
    @y.setter
    def y(self,v): self._y=v
p=P(); p.y=3; print(p.y,p.__dict__); P.y=9; print(p.y); p.y=8; print(p.y); del P.y; print(p.y)
# class cache
class B1: v=1
class B2(B1): pass
class B3(B2): pass
def get(): return B3().v
print(get()); B1.v=2; print(get()); B2.v=3; print(get()); del B2.v; print(get()); B3.__bases__=(B1,); print(get(), B3.__mro__)
t('bases', lambda: setattr(B1,'__bases__',(object,)))
t('bases', lambda: setattr(B1,'__bases__',()))
t('bases', lambda: setattr(B1,'__bases__',(1,)))
t('bases', lambda: setattr(B1,'__bases__',1))
t('bases', lambda: setattr(B1,'__bases__',(B3,)))
t('bases', lambda: setattr(B3,'__bases__',(int,)))
t('bases', lambda: setattr(B3,'__bases__',(B1,B1)))
t('bases', lambda: delattr(B3,'__bases__'))
t('name', lambda: setattr(B3,'__name__',1)); t('name', lambda: setattr(B3,'__name__','a\0b')); t('name', lambda: delattr(B3,'__name__')); t('name', lambda: setattr(int,'__name__','x'))
B3.__name__='New'; print(B3, B3.__qualname__); B3.__qualname__='Q.New'; print(B3); B3.__module__='mm'; print(B3)
t('q', lambda: setattr(B3,'__qualname__',1)); t('m', lambda: delattr(B3,'__module__')); t('doc', lambda: delattr(B3,'__doc__')); B3.__doc__='d'; print(B3.__doc__)
t('mro', lambda: setattr(B3,'__mro__',())); t('dict', lambda: setattr(B3,'__dict__',{})); t('base', lambda: setattr(B3,'__base__',1)); t('flags', lambda: setattr(B3,'__flags__',1))
t('abs', lambda: B3.__abstractmethods__); B3.__abstractmethods__={'f'}; t('inst', B3); del B3.__abstractmethods__; t('inst', lambda: type(B3()))
t('annot', lambda: B3.__annotations__); t('tp', lambda: B3.__type_params__); t('tp', lambda: setattr(B3,'__type_params__',1)); t('tp', lambda: B3.__type_params__)
# __class__ assignment
class C1: __slots__=('a','b')
class C2: __slots__=('b','a')
class C3: __slots__=('a','c')
c=C1(); c.a=1; c.__class__=C2; print(type(c).__name__, c.a); t('cls', lambda: setattr(c,'__class__',C3)); t('cls', lambda: setattr(c,'__class__',A)); t('cls', lambda: setattr(c,'__class__',1)); t('cls', lambda: setattr(1,'__class__',A)); t('cls', lambda: delattr(c,'__class__')); t('cls', lambda: setattr(A,'__class__',type)); t('cls', lambda: setattr([],'__class__',A))
class MyMod(types.ModuleType): 
    def __getattr__(self, n): return n
m=types.ModuleType('m'); m.__class__=MyMod; print(m.foo)
x=A(); x.i=1; x.__class__=P; print(x.i, x.x, type(x))
# slots
class W: __slots__=('a','__weakref__','__dict__')
w=W(); w.a=1; w.z=2; print(w.__dict__, weakref.ref(w)() is w)
t('slot', lambda: W.a.__get__(None, W)); t('slot', lambda: W.a.__get__(1)); t('slot', lambda: W.a.__set__(w,5)); t('slot', lambda: w.a); t('slot', lambda: W.a.__delete__(w)); t('slot', lambda: w.a); t('slot', lambda: W.a.__delete__(w)); print(W.a, W.__slots__, W.__dict__.keys())
class X1: __slots__='abc'
print(X1.abc); t('noattr', lambda: setattr(X1(),'q',1))
class X2: __slots__={'a':'doc a','b':None}
print(X2.a.__doc__, X2.__slots__)
import inspect
print(inspect.getdoc(X2.a))
class X3(X1): pass
print(X3().__dict__)
class X4(X1): __slots__=()
t('noattr', lambda: setattr(X4(),'q',1))
class Priv: __slots__=('__x',)
print([n for n in Priv.__dict__ if 'x' in n])
t('slots', lambda: type('Z',(),{'__slots__':('a','a')})); t('slots', lambda: type('Z',(int,),{'__slots__':('a',)})); t('slots', lambda: type('Z',(tuple,),{'__slots__':('a',)})); t('slots', lambda: type('Z',(W,X1),{})); t('slots', lambda: type('Z',(C1,C3),{})); t('slots', lambda: type('Z',(A,),{'__slots__':('__dict__',)})); t('slots', lambda: type('Z',(A,),{'__slots__':('__weakref__',)})); t('slots', lambda: type('Z',(),{'__slots__':('a b',)})); t('slots', lambda: type('Z',(),{'__slots__':('__class__',)})); t('slots', lambda: type('Z',(),{'__slots__':(1,)})); t('slots', lambda: type('Z',(),{'__slots__':5})); t('slots', lambda: type('Z',(int,str),{})); t('slots', lambda: type('Z',(bool,),{})); t('slots', lambda: type('Z',(type(None),),{})); t('slots', lambda: type('Z',(types.FunctionType,),{})); t('slots', lambda: type('Z',(A,object,A),{})); t('slots', lambda: type('Z',(object,A),{}))
# metaclass
class M1(type): pass
class M2(type): pass
class MA(metaclass=M1): pass
class MB(metaclass=M2): pass
t('meta', lambda: type('Z',(MA,MB),{})); t('meta', lambda: types.new_class('Z',(MA,MB)))
class M3(type):
    def mro(cls): return [cls, object]
class MC(A, metaclass=M3): pass
print(MC.__mro__, MC.__bases__, issubclass(MC,A))
class M4(type):
    def mro(cls): return 1
t('mro', lambda: M4('Z',(),{}))
class M5(type):
    def mro(cls): return [1]
t('mro', lambda: M5('Z',(),{}))
class M6(type):
    def mro(cls): return [cls, int, object]
t('mro', lambda: M6('Z',(),{}))
class M7(type):
    def mro(cls): raise ValueError('mro')
t('mro', lambda: M7('Z',(),{}))
class M8(type):
    def __prepare__(name,bases,**k): return 1
def mk():
    class Z(metaclass=M8): pass
t('prep', mk)
def mk():
    class Z(metaclass=lambda n,b,d,**k: (n,b,sorted(d),k)): x=1
    return Z
t('meta', mk)
def mk():
    class Z(metaclass=lambda n,b,d: None, foo=1): x=1
t('meta', mk)
class SN:
    def __set_name__(self, o, n): raise ValueError('sn')
def mk():
    class Z: s=SN()
try: mk()
except ValueError as e: print(e, e.__notes__)
class IS:
    def __init_subclass__(cls, a, **k): super().__init_subclass__(**k); cls.a=a
t('is', lambda: type('Z',(IS,),{})); t('is', lambda: type('Z',(IS,),{},a=1).a); t('is', lambda: type('Z',(IS,),{},a=1,b=2).a)
t('classcell', lambda: type('Z',(),{'__classcell__':1})); t('qual', lambda: type('Z',(),{'__qualname__':1}))
t('mroentries', lambda: type('Z',(list[int],),{}))
# reduce
class R1: 
    def __init__(self): self.x=1
class R2: 
    __slots__=('a',)
class R3(R1): __slots__=('b',)
class R4(list): pass
class R5(dict): pass
class R6(int): pass
class R7:
    def __getnewargs__(self): return (1,)
    def __new__(cls,*a): return object.__new__(cls)
class R8:
    def __getstate__(self): return 5
class R9:
    def __getstate__(self): return None
def mkr(c):
    o=c()
    if c is R2: o.a=1
    if c is R3: o.b=2
    if c is R4: o.append(1); o.q=1
    if c is R5: o[1]=2
    return o
for c in (object,R1,R2,R3,R4,R5,R6,R7,R8,R9):
    for pr in range(0,6):
        def f():
            r=mkr(c).__reduce_ex__(pr); return tuple(list(x) if hasattr(x,'__next__') else x for x in r)
        t(f'{c.__name__} {pr}', lambda: str(f()).replace(hex(id(0)),''))
    t('getstate', lambda: mkr(c).__getstate__())
for o in (lambda:1, sys, (x for x in ()), iter([]), type, int, len, [].append, A.__dict__, property(), staticmethod(len), object(), NotImplemented, ..., None, range(3), slice(1,2), memoryview(b''), sys._getframe(), (lambda:1).__code__, weakref.ref(A), types.SimpleNamespace(a=1), functools.partial(int,'1'), operator.itemgetter(1), collections.deque([1]), collections.OrderedDict(a=1), collections.defaultdict(int), collections.Counter('aa'), {}.keys(), enumerate([]), zip(), map(len,[]), reversed([]), complex(1,2), super(A,A()), classmethod(len), types.MappingProxyType({}), types.CellType(1), Exception(1), BaseExceptionGroup('a',[ValueError()]), OSError(1,'a','b')):
    n=type(o).__name__
    def clean(x):
        import re
        return re.sub(r'0x[0-9a-f]+','0x',repr(x)).replace(__file__,'FILE')
    t(n+' copy', lambda: clean(copy.copy(o))); t(n+' pickle', lambda: clean(pickle.loads(pickle.dumps(o)))); t(n+' pickle0', lambda: clean(pickle.loads(pickle.dumps(o,0)))); t(n+' deepcopy', lambda: clean(copy.deepcopy(o)))
# weakrefs
class WR: pass
log=[]
o=WR(); r1=weakref.ref(o); r2=weakref.ref(o); r3=weakref.ref(o,lambda r: log.append('cb1')); r4=weakref.ref(o,lambda r: log.append('cb2')); px=weakref.proxy(o)
print(r1 is r2, r3 is r1, weakref.getweakrefcount(o), r1==r3, hash(r1)==hash(o)); o.z=1; print(px.z); t('proxy', lambda: px.nope)
del o; print(log, r1(), r3()); t('proxy', lambda: px.z); t('proxy', lambda: repr(px)[:20]); t('hash', lambda: hash(weakref.ref(WR())))
for v in (1,'a',(),[],{},None,int,len,(lambda:1),set(),frozenset(),object(),b'',A,sys,range(1), collections.deque(), types.SimpleNamespace()): t(type(v).__name__, lambda: type(weakref.ref(v)))
t('ref', lambda: weakref.ref()); t('ref', lambda: weakref.ref(A,1,2)); t('ref', lambda: weakref.ref(A,x=1)); t('ref', lambda: weakref.ref(A)(1))
# del resurrection
res=[]
class D:
    def __del__(self): res.append(self)
d=D(); wr=weakref.ref(d); del d; print(len(res), type(wr())); res.clear(); print(len(res))
class D2:
    def __del__(self): raise ValueError('in del')
import io
old=sys.stderr; sys.stderr=io.StringIO(); D2(); s=sys.stderr.getvalue(); sys.stderr=old; print(s.splitlines()[-1], 'ignored' in s)
