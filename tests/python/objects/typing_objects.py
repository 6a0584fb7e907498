"""Unions, aliases, type parameters: operators, errors, copies."""

import re, typing, types
def t(s, ns={}):
    try: print(s, '->', re.sub('0x[0-9a-f]+', '0x', repr(eval(s, globals()))))
    except BaseException as e: print(s, '->', type(e).__name__, e)
U = int|str
type A = int
T = typing.TypeVar('T')
class G[X]: pass
for s in ['U|1','1|U','U.__or__(1)','U.__ror__(1)','int|1','1|int','U|"a"','U|None','None|U','None|int','int|int','int|(str|int)','A|1','A|int','int|A','A|None','T|1','T|int','1|T','T|"a"','"a"|T','list[int]|1','list[int]|None','None|list[int]','G|1','G[int]|1','U.__or__(())','U|()','typing.Union[int,1]','typing.Union[int,()]','typing.Union[()]','typing.Union[int]','typing.Union[int,"x"]','typing.Optional[1]','types.UnionType[int,str]','types.UnionType is typing.Union','U.__args__','U.__parameters__','(T|int)[str]','(T|int)[str,int]','U[int]','isinstance(1,U)','isinstance(1,list[int])','isinstance(1,list[int]|int)','isinstance([],list[int]|int)','issubclass(int,U)','isinstance(1,A)','hash(U)==hash(str|int)','U==str|int','U.__origin__','U.__module__','U.__name__','U.__qualname__','type(U).__name__','type(U).__module__','repr(type(U))','typing.Union','typing.Union.__or__','dir(U)==dir(str|bytes)','A.__value__','A.__type_params__','A[int]','G[int]','G[int].__origin__','G[int,str]','G.__type_params__','G.__parameters__','G.__orig_bases__','T.__name__','T.__bound__','T.__constraints__','T.__default__','T.__module__','repr(T)','typing.TypeVar()','typing.TypeVar(1)','typing.TypeVar("X",int)','typing.TypeVar("X",int,str)','typing.TypeVar("X",int,str,bound=int)','typing.TypeVar("X",covariant=True,contravariant=True)','typing.TypeVar("X",covariant=True,infer_variance=True)','typing.TypeVar("X",foo=1)','typing.TypeVar("X",covariant=True)','typing.ParamSpec("P").args','typing.ParamSpec("P").kwargs','typing.ParamSpec()','typing.ParamSpec("P",bound=1)','typing.TypeVarTuple("Ts")','typing.TypeVarTuple()','typing.TypeVarTuple("Ts",default=int)','list(typing.TypeVarTuple("Ts"))','typing.TypeAliasType("B",int)','typing.TypeAliasType("B",int,type_params=(T,))','typing.TypeAliasType("B",list[T],type_params=(T,))[int]','typing.TypeAliasType("B",int,type_params=1)','typing.TypeAliasType()','typing.TypeAliasType("B",int,type_params=(1,))','typing.NoDefault','type(typing.NoDefault)','type(typing.NoDefault)()','typing.Generic','typing.Generic[T]','typing.Generic[int]','typing.Generic[T,T]','typing.Generic()','typing.Generic[()]','list[int]','list[int][str]','list[T][int]','dict[str,T][int]','dict[T,T].__parameters__','list[T][int,str]','list[int]()','list[int].append','list[int]==list[int]','list[int].__origin__','list[int].__args__','list[int].__unpacked__','list[int].__mro_entries__((1,))','hash(list[int])==hash(list[int])','types.GenericAlias(list,int)','types.GenericAlias()','types.GenericAlias(1)','types.GenericAlias(int,(1,2))','list[int].foo','list[int].__class__','type(list[int])','tuple[int,...]','tuple[()]','tuple[*tuple[int]]','[*list[int]]','next(iter(list[int]))','list[...]','list["a"]','list[None]','int[str]','type[int]','isinstance([], list[int])','issubclass(list, list[int])','class_ := type("C",(),{})','callable(list[int])','list[int].__reduce__()','dir(list[int])[:5]','collections' ]: t(s)
class Bad:
    __typing_subst__ = 1
for s in ['list[Bad()]','T.__typing_subst__(int)','T.__typing_subst__("x")','T.__typing_subst__(1)','T.__typing_prepare_subst__','A.x','del_ := 1','T.__mro_entries__(1)','typing.ParamSpec("P").__typing_subst__(1)','T.foo','T.__class__','T.has_default()','typing.TypeVar("X",default=int).has_default()','typing.TypeVar("X",default=int).__default__','T.evaluate_bound','T.evaluate_default','A.evaluate_value','A.evaluate_value(1)','G.__type_params__[0].evaluate_bound']: t(s)
try: T.x = 1; print(T.x)
except Exception as e: print(e)
try: A.x = 1; print(A.x)
except Exception as e: print(e)
try: A.__value__ = 1
except Exception as e: print(e)
try: U.x = 1
except Exception as e: print(e)
try: list[int].x = 1
except Exception as e: print(e)
try:
    class Z(U): pass
except Exception as e: print(e)
try:
    class Z(T): pass
except Exception as e: print(e)
try:
    class Z(A): pass
except Exception as e: print(e)
try:
    class Z(typing.Union): pass
except Exception as e: print(e)
try:
    class Z(typing.TypeVar): pass
except Exception as e: print(e)
try:
    class Z(type(list[int])): pass
    print(Z(list,int))
except Exception as e: print(e)
class Z(list[int], dict if 0 else object): pass
print(Z.__orig_bases__, Z.__bases__)
import pickle, copy
for o in (U, list[int], G[int], T, A, typing.Optional[int], typing.NoDefault):
    for f in (copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        try: r = f(o); print(r, r == o, r is o)
        except Exception as e: print(type(e).__name__, e)
