# Futures and tasks as _asyncio makes them.
import asyncio, _asyncio, contextvars, gc, weakref, sys
from asyncio import CancelledError, InvalidStateError
def t(f,*a,**k):
    try: print(getattr(f,'__name__',f), '->', f(*a,**k))
    except BaseException as e: print(getattr(f,'__name__',f), '!!', type(e).__name__, e)
print(sorted(n for n in dir(_asyncio) if not n.startswith('__') or n=='__doc__'))
for T in (_asyncio.Future,_asyncio.Task):
    print(T.__name__, T.__text_signature__, [n for n in dir(T) if n not in dir(object) and n != '__module__'])
loop = asyncio.new_event_loop()
F=_asyncio.Future
f=F(loop=loop)
print(f._state, f.done(), f.cancelled(), f._loop is loop, f._callbacks, f._result, f._exception, f._log_traceback, f._source_traceback, f._cancel_message, f._asyncio_future_blocking, f._asyncio_awaited_by)
t(f.result); t(f.exception)
f.x=1; print(f.x)
t(setattr,f,'_log_traceback',True); t(setattr,f,'_log_traceback',False); t(delattr,f,'_log_traceback'); t(delattr,f,'_asyncio_future_blocking'); t(delattr,f,'_cancel_message'); t(setattr,f,'_state',1); t(setattr,f,'_loop',1)
calls=[]
def cb(fut): calls.append(fut)
f.add_done_callback(cb); f.add_done_callback(cb); f.add_done_callback(print)
print(len(f._callbacks), f._callbacks[0][0] is cb, type(f._callbacks[0][1]).__name__)
t(f.remove_done_callback,cb); print(len(f._callbacks)); t(f.remove_done_callback,cb)
f.remove_done_callback(print); f.add_done_callback(cb)
t(f.set_result,5); t(f.set_result,5); t(f.result); t(f.exception); print(f._state, f.cancel())
loop.call_soon(loop.stop); loop.run_forever(); print(calls==[f])
g=F(loop=loop); t(g.set_exception,5); t(g.set_exception,StopIteration); print(repr(g.exception()), repr(g.exception().__cause__))
t(g.result)
g=F(loop=loop); t(g.set_exception,ValueError); print(g._log_traceback); t(g.result); print(g._log_traceback)
g=F(loop=loop); t(g.cancel,'why'); print(g._state, g._cancel_message); t(g.result); t(g.exception); t(g.set_result,1)
print(repr(g._make_cancelled_error()))
h=F.__new__(F); t(h.result); t(h.done); t(h.cancelled); t(h.add_done_callback,cb); t(h.cancel); t(lambda: h._state); t(repr,h); t(h.get_loop); t(iter,h); t(h.set_result,1)
t(F,loop); t(F,foo=1)
it=iter(F(loop=loop)); print(type(it), next(it)._state); t(next,it); t(it.send,1); t(it.throw,5); t(it.throw,ValueError('x')); t(it.close); t(next,it)
d=F(loop=loop); d.set_result('val'); it=iter(d)
try: next(it)
except StopIteration as e: print('stop',e.value)
t(_asyncio.get_running_loop); t(_asyncio._get_running_loop); t(_asyncio.current_task); t(_asyncio.all_tasks); t(_asyncio.current_task,loop); t(_asyncio.all_tasks,loop)
t(_asyncio._enter_task,loop,None) if 0 else None
async def co(n=1):
    await asyncio.sleep(0); return n
T=_asyncio.Task
t(T,5,loop=loop); t(T)
class CoroLike:
    def send(self, v): raise StopIteration(42)
    def throw(self, *e): pass
    def close(self): pass
    def __await__(self): return self
async def main():
    print(await asyncio.create_task(CoroLike()))
    me=asyncio.current_task(); print(me.get_coro is not None, me.get_coro().__name__, type(me.get_context()).__name__, me.cancelling(), me.uncancel())
    a=asyncio.create_task(co(3), name='A'); b=asyncio.create_task(co(4), name=17)
    print(a.get_name(), b.get_name(), b.set_name(object) , b.get_name()[:6], len(asyncio.all_tasks()))
    t(a.set_result,1); t(a.set_exception,ValueError())
    print(a._fut_waiter, a._must_cancel, a._log_destroy_pending, a._coro is a.get_coro())
    print(await a, await b, a.done(), a.result())
    async def forever():
        try: await asyncio.sleep(100)
        except CancelledError as e: print('cancelled', e.args); raise
    c=asyncio.create_task(forever()); await asyncio.sleep(0); print(c._fut_waiter is not None, c.cancel('bye'), c.cancelling()); 
    try: await c
    except CancelledError as e: print('got', e.args, c.cancelled())
    async def bad(): 
        class A:
            def __await__(self): yield 42
        await A()
    try: await asyncio.create_task(bad())
    except RuntimeError as e: print(e)
    async def selfish(): await asyncio.current_task()
    try: await asyncio.create_task(selfish())
    except RuntimeError as e: print(str(e)[:31])
    class B:
        def __await__(self): yield F(loop=asyncio.get_running_loop())
    async def nofrom(): await B()
    try: await asyncio.create_task(nofrom())
    except RuntimeError as e: print(str(e)[:40])
    async def other(): await F(loop=loop2)
    loop2=asyncio.new_event_loop()
    try: await asyncio.create_task(other())
    except RuntimeError as e: print('different loop' in str(e))
    loop2.close()
    async def eager(): print('eager start', asyncio.current_task().get_name()); await asyncio.sleep(0); return 'e'
    lp=asyncio.get_running_loop()
    e=T(eager(), loop=lp, eager_start=True, name='E'); print('after', e.done(), asyncio.current_task() is me); print(await e)
    async def quick(): return 1
    e=T(quick(), loop=lp, eager_start=True); print(e.done(), e.result(), e._coro)
    async def raiser(): raise KeyError('k')
    e=T(raiser(), loop=lp, eager_start=True); t(e.result)
    t(_asyncio._enter_task,lp,e) if 0 else None
    try: _asyncio._enter_task(lp, e)
    except RuntimeError as x: print(str(x).split(' ',5)[:5])
    try: _asyncio._leave_task(lp, e)
    except RuntimeError as x: print(str(x)[:30])
    try: _asyncio._enter_task(object(), e)
    except RuntimeError as x: print(str(x)[-24:])
    var=contextvars.ContextVar('v'); ctx=contextvars.copy_context(); ctx.run(var.set,9)
    async def readv(): return var.get(None)
    print(await asyncio.create_task(readv(),context=ctx), await asyncio.create_task(readv()))
    w=asyncio.create_task(asyncio.sleep(0.01)); waiter=asyncio.create_task(asyncio.wait_for(w,1)); await asyncio.sleep(0); await asyncio.sleep(0)
    print(w._asyncio_awaited_by is None or type(w._asyncio_awaited_by).__name__); await waiter
    async with asyncio.TaskGroup() as tg:
        x=tg.create_task(co(1)); y=tg.create_task(co(2))
    print(x.result()+y.result())
    try:
        async with asyncio.timeout(0.01): await asyncio.sleep(5)
    except TimeoutError: print('timeout')
    print(await asyncio.gather(co(1),co(2),raiser(),return_exceptions=True))
    print(await asyncio.to_thread(lambda: 'threaded'))
    q=asyncio.Queue(2)
    async def prod():
        for i in range(5): await q.put(i)
        q.shutdown()
    async def cons():
        out=[]
        try:
            while True: out.append(await q.get())
        except asyncio.QueueShutDown: return out
    r=await asyncio.gather(prod(),cons()); print(r)
    reader=[None]
    async def handle(r,w):
        data=await r.readline(); w.write(b'echo '+data); await w.drain(); w.close()
    srv=await asyncio.start_server(handle,'127.0.0.1',0); port=srv.sockets[0].getsockname()[1]
    r,w=await asyncio.open_connection('127.0.0.1',port); w.write(b'hi\n'); print(await r.read()); w.close(); await w.wait_closed(); srv.close(); await srv.wait_closed()
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(raiser()); tg.create_task(asyncio.sleep(10))
    except* KeyError as eg: print(eg.exceptions)
asyncio.run(main())
msgs=[]
loop.set_exception_handler(lambda l,c: msgs.append((c['message'],sorted(c))))
z=F(loop=loop); z.set_exception(ValueError('lost')); del z; gc.collect()
zz=loop.create_task(co()); del zz; 
loop.run_until_complete(asyncio.sleep(0)); gc.collect()
async def hang(): await F(loop=loop)
zz=loop.create_task(hang()); loop.run_until_complete(asyncio.sleep(0)); 
del zz; gc.collect()
print(msgs)
print(repr(F(loop=loop)), repr(d))
r=weakref.ref(d); print(r() is d); print(F[int])
loop.close()
