# What _warnings refuses, and what it shows.
import _warnings, warnings, sys
def t(f,*a,**k):
    try: print(f(*a,**k))
    except BaseException as e: print(type(e).__name__, e)
t(_warnings.warn, 'x', 'y'); t(_warnings.warn,'x',int); t(_warnings.warn,'x',skip_file_prefixes=[1]); t(_warnings.warn,'x',skip_file_prefixes=(1,))
t(_warnings.warn); t(_warnings.warn_explicit,'x'); t(_warnings.warn_explicit,'x',UserWarning,'f',1,registry=3); t(_warnings.warn_explicit,'x',UserWarning,1,1); t(_warnings.warn_explicit,'x',UserWarning,'f','1')
t(_warnings.warn_explicit,'x',UserWarning,'f',1,module_globals=3)
t(_warnings.warn_explicit,'x',3,'f',1)
t(_warnings.warn_explicit,'x',UserWarning,'f',1,None)
t(_warnings.warn_explicit,'x',UserWarning,'f',1,5)
t(_warnings.warn_explicit,3,UserWarning,'f',1)
with warnings.catch_warnings():
    warnings.filters[:]=[3]; warnings._filters_mutated()
    t(_warnings.warn,'z1')
    warnings.filters[:]=[(1,None,Warning,None,0)]; warnings._filters_mutated()
    t(_warnings.warn,'z2')
    warnings.filters[:]=[('foo',None,Warning,None,0)]; warnings._filters_mutated()
    t(_warnings.warn,'z3')
    warnings.filters=3
    t(_warnings.warn,'z4')
    warnings.filters=[]
    warnings.defaultaction=3
    t(_warnings.warn,'z5')
    warnings.defaultaction='default'
    warnings.filters=[('once',None,Warning,None,0)];warnings.onceregistry=4
    t(_warnings.warn,'z6')
    t(_warnings.warn_explicit,'x',UserWarning,'f',1)
t(_warnings._release_lock)
warnings.filters=[('always',)]
t(warnings.warn,'k')
warnings.filters=[('always',3,UserWarning,None,0)]
t(warnings.warn,'k')
warnings.filters=[('always',None,3,None,0)]
t(warnings.warn,'k')
warnings.filters=[('always',None,Warning,None,'k')]
t(warnings.warn,'k')
__warningregistry__=3
t(warnings.warn,'k')
del __warningregistry__
warnings.filters=[('always',None,Warning,None,0)]
warnings.showwarning=3
t(warnings.warn,'k')
warnings._showwarnmsg=3
t(warnings.warn,'k')
del warnings._showwarnmsg
t(warnings.warn,'k')
__name__=3
t(warnings.warn,'k3')
del __name__
t(warnings.warn,'k3')
__name__=None
t(warnings.warn,'k3')
t(_warnings.warn, 'x', stacklevel=100)
t(_warnings.warn, 'x', stacklevel=-100)
t(_warnings.warn_explicit,'x',UserWarning,'a.py',1)
t(_warnings.warn_explicit,'x',UserWarning,'',1)
