//! `pystate.h`, `ceval.h` and `pythread.h`: threads and the GIL.
//!
//! A `PyThreadState *` is the start of a [`ThreadState`]. A thread that C code
//! made gets a state with its first `PyGILState_Ensure` and loses it with the
//! last `PyGILState_Release`.

use std::{
    ffi::{c_int, c_long, c_ulong, c_void},
    ptr::null_mut,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use abi::{PyInterpreterState, PyObject, PyThreadState};
use macros::capi;
use object::{
    AsObject, Dict, Int, Interpreter, Obj, Ref, Result, Str, Thread, ThreadState, id, raise,
    thread::{Ensured, breaker},
    types::{builtin_function::BuiltinFunction, method::Method},
};

use vm::interpreters;

use crate::{
    convert::{IntoC, lend},
    missing::Status,
};

/// Native stack that a thread of C code may use.
const STACK: usize = 512 << 10;

fn public(state: &ThreadState) -> *mut PyThreadState {
    state.public.get()
}

/// The state behind what C holds.
///
/// # Safety
///
/// `state` is a thread state, which is never freed.
unsafe fn state_of(state: *mut PyThreadState) -> &'static ThreadState {
    // SAFETY: the public part is the start of the state.
    unsafe { &*state.cast::<ThreadState>() }
}

/// The interpreter behind what C holds.
///
/// # Safety
///
/// `interp` is null or an interpreter, which is never freed.
pub(crate) unsafe fn interpreter_of(
    interp: *mut PyInterpreterState,
) -> Option<&'static Interpreter> {
    // SAFETY: the caller's promise.
    unsafe { interp.cast::<Interpreter>().as_ref() }
}

fn interpreter(interp: &'static Interpreter) -> *mut PyInterpreterState {
    std::ptr::from_ref(interp).cast_mut().cast()
}

#[capi]
fn PyThreadState_Get() -> *mut PyThreadState {
    let state = unchecked();
    if state.is_null() {
        crate::pythonrun::fatal(
            Some(c"PyThreadState_Get"),
            Some(
                c"the function must be called with the GIL held, after Python initialization and \
                  before Python finalization, but the GIL is released (the current Python thread \
                  state is NULL)",
            ),
        );
    }
    state
}

#[capi]
fn PyThreadState_GetUnchecked() -> *mut PyThreadState {
    unchecked()
}

#[capi]
fn _PyThreadState_UncheckedGet() -> *mut PyThreadState {
    unchecked()
}

fn unchecked() -> *mut PyThreadState {
    if !Thread::is_attached() {
        return null_mut();
    }
    // SAFETY: just checked.
    public(unsafe { Thread::current() }.state())
}

#[capi]
unsafe fn PyThreadState_GetInterpreter(state: *mut PyThreadState) -> *mut PyInterpreterState {
    // SAFETY: C passes a thread state.
    interpreter(unsafe { state_of(state) }.interp)
}

#[capi]
unsafe fn PyThreadState_GetID(state: *mut PyThreadState) -> u64 {
    // SAFETY: C passes a thread state.
    unsafe { state_of(state) }.id()
}

#[capi]
unsafe fn PyThreadState_GetDict(th: Thread<'_>) -> Result<*mut PyObject> {
    let field = public(th.state());
    // SAFETY: only this thread touches its state.
    let found = unsafe { (*field).dict };
    if !found.is_null() {
        return Ok(found);
    }
    let dict = Dict::new(th)?.into_raw();
    // SAFETY: as above; the state owns the dict.
    unsafe { (*field).dict = dict };
    Ok(dict)
}

#[capi]
unsafe fn PyThreadState_GetFrame(th: Thread<'_>, state: *mut PyThreadState) -> Option<Ref> {
    // SAFETY: C passes a thread state.
    let found = vm::frame_of_thread(th, unsafe { state_of(state) });
    found.ok().flatten().map(Ref::upcast)
}

#[capi]
unsafe fn PyThreadState_New(interp: *mut PyInterpreterState) -> *mut PyThreadState {
    // SAFETY: C passes an interpreter, or null for want of one.
    let interp = unsafe { interpreter_of(interp) }.or_else(Interpreter::main);
    interp.map_or(null_mut(), |interp| public(interp.add_thread()))
}

#[capi]
unsafe fn PyThreadState_Clear(th: Thread<'_>, state: *mut PyThreadState) {
    if public(th.state()) == state {
        th.clear_state();
    }
}

#[capi]
unsafe fn PyThreadState_Delete(_th: Thread<'_>, state: *mut PyThreadState) {
    // SAFETY: C passes a state that no thread uses.
    let state = unsafe { state_of(state) };
    state.interp.retire_thread(state);
}

#[capi]
unsafe fn PyThreadState_DeleteCurrent(th: Thread<'_>) {
    th.clear_state();
    // SAFETY: C ends the thread.
    unsafe { th.end() };
}

#[capi]
unsafe fn PyThreadState_Swap(state: *mut PyThreadState) -> *mut PyThreadState {
    let old = unchecked();
    if !old.is_null() {
        // SAFETY: attached.
        unsafe { Thread::current() }.detach();
    }
    if !state.is_null() {
        // SAFETY: C passes a state that no other thread uses.
        unsafe { attach(state_of(state)) };
    }
    old
}

/// Attach a state that may not have run yet.
unsafe fn attach(state: &'static ThreadState) {
    // SAFETY: for the whole function, the caller's promise.
    unsafe {
        if state.ident() == 0 {
            Thread::begin(state, STACK);
        } else {
            Thread::reattach(state);
        }
    }
}

#[capi]
fn PyThreadState_EnterTracing(state: *mut PyThreadState) {
    // SAFETY: C passes the state of the calling thread.
    unsafe { (*state).tracing += 1 };
}

#[capi]
fn PyThreadState_LeaveTracing(state: *mut PyThreadState) {
    // SAFETY: C passes the state of the calling thread.
    unsafe { (*state).tracing -= 1 };
}

#[capi]
fn PyThreadState_SetAsyncExc(th: Thread<'_>, ident: c_ulong, exception: Option<Obj<'_>>) -> c_int {
    let Some(state) = th.interp().all_threads().find(|state| state.ident() == ident) else {
        return 0;
    };
    let new = exception.map(Obj::own).into_c();
    // SAFETY: the field changes with the GIL held.
    let old = unsafe { std::mem::replace(&mut (*public(state)).async_exc, new) };
    // SAFETY: the state owned it.
    drop(unsafe { Ref::<object::Object>::from_raw(old) });
    state.eval_breaker.fetch_or(breaker::ASYNC_EXCEPTION, Ordering::Relaxed);
    1
}

#[capi]
unsafe fn PyThreadState_Next(state: *mut PyThreadState) -> *mut PyThreadState {
    // SAFETY: C passes a thread state and holds the GIL.
    unsafe { (*state).next }
}

#[capi]
fn PyInterpreterState_Get(th: Thread<'_>) -> *mut PyInterpreterState {
    interpreter(th.interp())
}

#[capi]
fn PyInterpreterState_Main() -> *mut PyInterpreterState {
    Interpreter::main().map_or(null_mut(), interpreter)
}

#[capi]
fn PyInterpreterState_Head() -> *mut PyInterpreterState {
    if !Thread::is_attached() {
        // COMPAT: asked by threads that are about to end (greenlet). Only those who hold the GIL
        // may look at the others.
        return PyInterpreterState_Main();
    }
    // SAFETY: just checked.
    let th = unsafe { Thread::current() };
    let newest = interpreters::all(th).pop();
    newest.map_or(null_mut(), |record| interpreter(record.interp))
}

#[capi]
unsafe fn PyInterpreterState_Next(
    th: Thread<'_>,
    interp: *mut PyInterpreterState,
) -> *mut PyInterpreterState {
    let all = interpreters::all(th);
    let index = all.iter().position(|record| interpreter(record.interp) == interp);
    let next = index.and_then(|index| all.get(index.checked_sub(1)?));
    next.map_or(null_mut(), |record| interpreter(record.interp))
}

#[capi]
unsafe fn PyInterpreterState_ThreadHead(interp: *mut PyInterpreterState) -> *mut PyThreadState {
    // SAFETY: C passes an interpreter.
    let newest = unsafe { interpreter_of(interp) }.and_then(|interp| interp.all_threads().next());
    newest.map_or(null_mut(), public)
}

#[capi]
unsafe fn PyInterpreterState_GetID(interp: *mut PyInterpreterState) -> i64 {
    // SAFETY: C passes an interpreter.
    unsafe { interpreter_of(interp) }.map_or(-1, |interp| interp.id.get())
}

/// Begin an interpreter and go on as its first thread. C may call this with
/// its own state attached or put aside.
fn new_interpreter(config: interpreters::Config, whence: i32) -> *mut PyThreadState {
    let Some(main) = Interpreter::main() else { return null_mut() };
    // SAFETY: undone below.
    let (th, ensured) = unsafe { Thread::ensure(main, STACK) };
    let state = match interpreters::create(th, config, whence) {
        Ok(record) => Some(record.interp.add_thread()),
        Err(raised) => {
            th.clear_exception(raised);
            None
        }
    };
    if let Some(state) = state {
        state.share_stack(th.state());
    }
    match (ensured, state) {
        (Ensured::Already, None) => return null_mut(),
        (Ensured::Already, Some(_)) => drop(th.detach()),
        (Ensured::Resumed | Ensured::New, _) => {
            if ensured == Ensured::New {
                interpreters::leave(th);
            }
            // SAFETY: undoes the call above.
            unsafe { th.release(ensured) };
        }
    }
    let Some(state) = state else { return null_mut() };
    let stack = state.stack_room();
    // SAFETY: the state is new.
    unsafe { Thread::begin(state, stack) };
    public(state)
}

#[capi]
fn Py_NewInterpreter() -> *mut PyThreadState {
    new_interpreter(interpreters::Config::LEGACY, interpreters::whence::LEGACY_CAPI)
}

#[capi]
unsafe fn Py_NewInterpreterFromConfig(
    state: *mut *mut PyThreadState,
    config: *const abi::PyInterpreterConfig,
) -> Status {
    // SAFETY: C passes a configuration.
    let given = unsafe { &*config };
    let config = interpreters::Config {
        use_main_obmalloc: given.use_main_obmalloc != 0,
        allow_fork: given.allow_fork != 0,
        allow_exec: given.allow_exec != 0,
        allow_threads: given.allow_threads != 0,
        allow_daemon_threads: given.allow_daemon_threads != 0,
        check_multi_interp_extensions: given.check_multi_interp_extensions != 0,
        gil: match given.gil {
            1 => interpreters::GilKind::Shared,
            2 => interpreters::GilKind::Own,
            _ => interpreters::GilKind::Default,
        },
    };
    let made = new_interpreter(config, interpreters::whence::CAPI);
    // SAFETY: room for the answer.
    unsafe { *state = made };
    if made.is_null() { Status::error(c"sub-interpreter creation failed") } else { Status::OK }
}

#[capi]
unsafe fn Py_EndInterpreter(th: Thread<'_>, state: *mut PyThreadState) {
    if public(th.state()) != state {
        crate::pythonrun::fatal(Some(c"Py_EndInterpreter"), Some(c"thread is not current"));
    }
    let Some(record) = interpreters::of(th, th.interp()) else { return };
    if record.interp.is_main() {
        return;
    }
    interpreters::begin_end(th, record);
    interpreters::finish(th, record);
    interpreters::leave(th);
    interpreters::forget(th, record);
    // SAFETY: C ends the thread, and no frame of it is left.
    unsafe { th.end() };
}

#[capi]
fn PyInterpreterState_Clear(_th: Thread<'_>, _interp: *mut PyInterpreterState) {}

#[capi]
fn PyInterpreterState_Delete(_interp: *mut PyInterpreterState) {}

/// What C code keeps for an interpreter.
#[derive(Default)]
struct InterpreterDict(object::Link<Dict>);

#[capi]
fn PyInterpreterState_GetDict(
    th: Thread<'_>,
    interp: *mut PyInterpreterState,
) -> Result<*mut PyObject> {
    // SAFETY: C passes an interpreter.
    let interp = unsafe { interpreter_of(interp) }.unwrap_or_else(|| th.interp());
    let link = &interp.extensions.get::<InterpreterDict>().0;
    if link.is_null() {
        link.set(Some(Dict::new(th)?));
    }
    Ok(link.as_ptr())
}

// The GIL.

#[capi]
fn PyEval_SaveThread(th: Thread<'_>) -> *mut PyThreadState {
    public(th.detach())
}

#[capi]
unsafe fn PyEval_RestoreThread(state: *mut PyThreadState) {
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    // SAFETY: C passes what `PyEval_SaveThread` gave.
    unsafe { attach(state_of(state)) };
    host::call::set_errno(errno);
}

#[capi]
unsafe fn PyEval_AcquireThread(state: *mut PyThreadState) {
    // SAFETY: C passes a state that no other thread uses.
    unsafe { attach(state_of(state)) };
}

#[capi]
unsafe fn PyEval_ReleaseThread(th: Thread<'_>, _state: *mut PyThreadState) {
    th.detach();
}

#[capi]
fn PyEval_InitThreads() {}

#[capi]
fn PyEval_ThreadsInitialized() -> bool {
    true
}

const LOCKED: c_int = 0;
const UNLOCKED: c_int = 1;

/// Call `f` attached, whatever the thread is; `None` if there is no interpreter any more.
pub(crate) fn attached<T>(f: impl FnOnce(Thread<'_>) -> T) -> Option<T> {
    let interp = Interpreter::main()?;
    // SAFETY: undone below.
    let (th, ensured) = unsafe { Thread::ensure(interp, STACK) };
    let result = f(th);
    if ensured == Ensured::New {
        th.clear_state();
    }
    // SAFETY: of the call above.
    unsafe { th.release(ensured) };
    Some(result)
}

#[capi]
fn PyGILState_Ensure() -> c_int {
    let Some(interp) = Interpreter::main() else { return UNLOCKED };
    // SAFETY: C undoes this.
    let (th, ensured) = unsafe { Thread::ensure(interp, STACK) };
    let state = public(th.state());
    // SAFETY: only this thread touches its state.
    unsafe {
        if ensured == Ensured::New {
            (*state)._whence = c_int::MAX;
            (*state).gilstate_counter = 0;
        }
        (*state).gilstate_counter += 1;
    }
    if ensured == Ensured::Already { LOCKED } else { UNLOCKED }
}

#[capi]
fn PyGILState_Release(th: Thread<'_>, before: c_int) {
    let state = public(th.state());
    // SAFETY: only this thread touches its state.
    let (count, made_here) = unsafe {
        (*state).gilstate_counter -= 1;
        ((*state).gilstate_counter, (*state)._whence == c_int::MAX)
    };
    if count == 0 && made_here {
        th.clear_state();
        // SAFETY: no frame of a thread of C code is left.
        unsafe {
            (*state)._whence = 0;
            vm::end_thread(th);
            th.release(Ensured::New);
        }
    } else if before == UNLOCKED {
        // SAFETY: undoes the call that found the thread detached.
        unsafe { th.release(Ensured::Resumed) };
    }
}

#[capi]
fn PyGILState_Check() -> bool {
    Thread::is_attached()
}

#[capi]
fn PyGILState_GetThisThreadState() -> *mut PyThreadState {
    Thread::own_state().map_or(null_mut(), public)
}

// Evaluation.

#[capi]
fn PyEval_GetBuiltins(th: Thread<'_>) -> *mut PyObject {
    let found = vm::frame_builtins(th).or_else(|| th.interp().builtins.get().map(Ref::upcast));
    found.map_or(null_mut(), lend)
}

#[capi]
fn PyEval_GetFrameBuiltins(th: Thread<'_>) -> Option<Ref> {
    vm::frame_builtins(th).or_else(|| th.interp().builtins.get().map(Ref::upcast))
}

#[capi]
fn PyEval_GetGlobals(th: Thread<'_>) -> *mut PyObject {
    vm::frame_globals(th).map_or(null_mut(), lend)
}

#[capi]
fn PyEval_GetFrameGlobals(th: Thread<'_>) -> Option<Ref<Dict>> {
    vm::frame_globals(th)
}

#[capi]
fn PyEval_GetFrameLocals(th: Thread<'_>) -> Result {
    vm::frame_locals(th)
}

/// The namespace stays alive in the dict of the thread.
#[capi]
fn PyEval_GetLocals(th: Thread<'_>) -> Result<*mut PyObject> {
    let locals = vm::frame_locals(th)?;
    // SAFETY: called on an attached thread.
    let dict = unsafe { PyThreadState_GetDict(th)? };
    // SAFETY: the dict of the thread.
    let dict = unsafe { object::types::dict::from_raw(dict) };
    dict.set_str(th, "__krait_locals__", locals.obj())?;
    Ok(lend(locals))
}

#[capi]
fn PyEval_GetFrame(th: Thread<'_>) -> *mut PyObject {
    vm::current_frame(th).ok().flatten().map_or(null_mut(), lend)
}

#[capi]
fn PyEval_EvalCode(
    th: Thread<'_>,
    code: Obj<'_>,
    globals: Obj<'_>,
    locals: Option<Obj<'_>>,
) -> Result {
    let (Some(code), Some(globals)) = (code.downcast::<object::Code>(), globals.downcast::<Dict>())
    else {
        raise!(th, SystemError, "PyEval_EvalCode: bad arguments");
    };
    if !globals.contains(th, id!(th, "__builtins__").obj())?
        && let Some(builtins) = th.interp().builtins.get()
    {
        globals.set(th, id!(th, "__builtins__").obj(), builtins.obj())?;
    }
    let locals = locals.unwrap_or(globals.obj());
    (th.hooks().eval_code)(th, code, globals, Some(locals), None)
}

/// Run code as a call of a function: what a code object needs besides globals
/// is given piece by piece.
#[allow(clippy::too_many_arguments, reason = "the C signature")]
#[capi]
unsafe fn PyEval_EvalCodeEx(
    th: Thread<'_>,
    code: Obj<'_>,
    globals: Obj<'_>,
    locals: Option<Obj<'_>>,
    args: *const *mut PyObject,
    argcount: c_int,
    keywords: *const *mut PyObject,
    keyword_count: c_int,
    defaults: *const *mut PyObject,
    default_count: c_int,
    kwdefaults: Option<Obj<'_>>,
    closure: Option<Obj<'_>>,
) -> Result {
    // SAFETY: C passes as many objects as it says.
    let objects = |start: *const *mut PyObject, count: c_int| unsafe {
        let objects = (0..count.max(0) as usize).map(|i| Obj::from_raw(*start.add(i)));
        objects.flatten().collect::<Vec<_>>()
    };
    let (Some(code), Some(globals)) = (code.downcast::<object::Code>(), globals.downcast::<Dict>())
    else {
        raise!(th, SystemError, "PyEval_EvalCodeEx: bad arguments");
    };
    let closure = closure.and_then(|closure| closure.downcast::<object::Tuple>());
    if kwdefaults.is_some_and(|defaults| defaults.downcast::<Dict>().is_none()) {
        raise!(th, SystemError, "PyEval_EvalCodeEx: bad arguments");
    }
    let is_function = code.flags & abi::CO_OPTIMIZED != 0;
    if let Some(locals) = locals.filter(|_| !is_function) {
        return (th.hooks().eval_code)(th, code, globals, Some(locals), closure);
    }
    let function = object::Function::new(th, object::own(code), object::own(globals))?;
    function.closure.set(closure.map(object::own));
    let kwdefaults = kwdefaults.and_then(|defaults| defaults.downcast::<Dict>());
    function.kwdefaults.set(kwdefaults.map(object::own));
    let defaults = objects(defaults, default_count);
    if !defaults.is_empty() {
        function.defaults.set(Some(object::Tuple::from_objs(th, &defaults)?));
    }
    if !is_function {
        return (th.hooks().eval_code)(th, code, globals, Some(globals.obj()), closure);
    }
    let named = Dict::new(th)?;
    for pair in objects(keywords, keyword_count.saturating_mul(2)).chunks_exact(2) {
        named.set(th, pair[0], pair[1])?;
    }
    let args = objects(args, argcount);
    object::protocol::call::call_dict(th, function.obj(), &args, Some(&named))
}

#[capi]
fn PyEval_GetFuncName(th: Thread<'_>, object: Obj<'_>) -> *const std::ffi::c_char {
    if let Some(method) = object.downcast::<Method>() {
        return method
            .func
            .get()
            .map_or(std::ptr::null(), |function| PyEval_GetFuncName(th, function.obj()));
    }
    if let Some(function) = object.downcast::<object::Function>()
        && let Some(name) = function.name.get()
    {
        return crate::unicodeobject::PyUnicode_AsUTF8(th, Some(name.obj()))
            .unwrap_or(std::ptr::null());
    }
    match object.downcast::<BuiltinFunction>() {
        Some(function) => function.def().ml_name,
        None => object.ty().slots().tp_name,
    }
}

#[capi]
fn PyEval_GetFuncDesc(object: Obj<'_>) -> *const std::ffi::c_char {
    let is_function = object.downcast::<object::Function>().is_some()
        || object.downcast::<Method>().is_some()
        || object.downcast::<BuiltinFunction>().is_some();
    if is_function { c"()".as_ptr() } else { c" object".as_ptr() }
}

#[capi]
fn Py_EnterRecursiveCall(th: Thread<'_>, _place: *const std::ffi::c_char) -> Result<()> {
    th.check_stack("")
}

#[capi]
fn Py_LeaveRecursiveCall() {}

#[capi]
fn _Py_CheckRecursiveCall(th: Thread<'_>, _place: *const std::ffi::c_char) -> Result<()> {
    th.check_stack("")
}

#[capi]
fn _Py_ReachedRecursionLimitWithMargin(th: Thread<'_>, _margin: c_int) -> bool {
    let here = 0u8;
    (&raw const here).addr() < th.state().stack_limit.get()
}

#[capi]
fn Py_GetRecursionLimit(th: Thread<'_>) -> c_int {
    th.interp().recursion_limit.get()
}

#[capi]
fn Py_SetRecursionLimit(th: Thread<'_>, limit: c_int) {
    let number = object::Int::from_i64(th, i64::from(limit));
    let set = number.and_then(|number| {
        crate::modsupport::function(th, "sys", "setrecursionlimit", &[number.obj()])
    });
    if let Err(raised) = set {
        th.clear_exception(raised);
    }
}

#[capi]
fn Py_AddPendingCall(
    function: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    arg: *mut c_void,
) -> c_int {
    let added = function.is_some_and(|function| vm::pending_calls::add(None, function, arg));
    if added { 0 } else { -1 }
}

#[capi]
fn Py_MakePendingCalls(th: Thread<'_>) -> Result<()> {
    vm::pending::handle(th)
}

// Threads and locks of the system.

#[capi]
fn PyThread_init_thread() {}

#[capi]
fn PyThread_get_thread_ident() -> c_ulong {
    host::thread::ident()
}

#[capi]
fn PyThread_get_thread_native_id() -> c_ulong {
    host::thread::native_id()
}

#[capi]
fn PyThread_start_new_thread(
    function: Option<unsafe extern "C" fn(*mut c_void)>,
    arg: *mut c_void,
) -> c_ulong {
    let Some(function) = function else { return c_ulong::MAX };
    let arg = arg.expose_provenance();
    let (send, receive) = std::sync::mpsc::channel();
    let spawned = std::thread::Builder::new().spawn(move || {
        // Nobody waits if the thread could not be made.
        let _ = send.send(host::thread::ident());
        // SAFETY: C promised that the function may run on another thread.
        unsafe { function(std::ptr::with_exposed_provenance_mut(arg)) };
    });
    match spawned {
        Ok(_) => receive.recv().unwrap_or(c_ulong::MAX),
        Err(_) => c_ulong::MAX,
    }
}

/// `PyThread_type_lock`.
#[derive(Default)]
struct Lock {
    held: Mutex<Held>,
    freed: Condvar,
}

#[derive(Default)]
struct Held {
    taken: bool,
    /// How many threads wait. PERF: to wake nobody is a system call, too.
    waiting: usize,
}

#[capi]
fn PyThread_allocate_lock() -> *mut c_void {
    Box::into_raw(Box::<Lock>::default()).cast()
}

#[capi]
unsafe fn PyThread_free_lock(lock: *mut c_void) {
    if !lock.is_null() {
        // SAFETY: made by `PyThread_allocate_lock`.
        drop(unsafe { Box::from_raw(lock.cast::<Lock>()) });
    }
}

/// Take a lock, waiting as long as `timeout` says (`None`: for ever).
unsafe fn take(lock: *mut c_void, timeout: Option<Duration>) -> bool {
    // SAFETY: made by `PyThread_allocate_lock`.
    let lock = unsafe { &*lock.cast::<Lock>() };
    let mut held = lock.held.lock().unwrap_or_else(PoisonError::into_inner);
    if held.taken {
        held = match wait(&lock.freed, held, timeout) {
            Some(held) => held,
            None => return false,
        };
    }
    held.taken = true;
    true
}

/// Wait until nobody holds the lock; `None` when the time is over.
fn wait<'a>(
    freed: &Condvar,
    mut held: MutexGuard<'a, Held>,
    timeout: Option<Duration>,
) -> Option<MutexGuard<'a, Held>> {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    while held.taken {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return None;
        }
        held.waiting += 1;
        held = match left {
            None => freed.wait(held).unwrap_or_else(PoisonError::into_inner),
            Some(left) => freed.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0,
        };
        held.waiting -= 1;
    }
    Some(held)
}

#[capi]
unsafe fn PyThread_acquire_lock(lock: *mut c_void, wait: c_int) -> bool {
    // SAFETY: C passes a lock.
    unsafe { take(lock, if wait != 0 { None } else { Some(Duration::ZERO) }) }
}

#[capi]
unsafe fn PyThread_acquire_lock_timed(
    lock: *mut c_void,
    microseconds: i64,
    _interruptible: c_int,
) -> bool {
    let timeout = u64::try_from(microseconds).ok().map(Duration::from_micros);
    // SAFETY: C passes a lock.
    unsafe { take(lock, timeout) }
}

#[capi]
unsafe fn PyThread_release_lock(lock: *mut c_void) {
    // SAFETY: made by `PyThread_allocate_lock`.
    let lock = unsafe { &*lock.cast::<Lock>() };
    let mut held = lock.held.lock().unwrap_or_else(PoisonError::into_inner);
    held.taken = false;
    if held.waiting > 0 {
        lock.freed.notify_one();
    }
}

#[capi]
fn PyThread_get_stacksize(th: Thread<'_>) -> usize {
    match crate::modsupport::function(th, "_thread", "stack_size", &[]) {
        Ok(size) => Int::index_to_isize(th, size.obj()).unwrap_or(0) as usize,
        Err(raised) => {
            th.clear_exception(raised);
            0
        }
    }
}

/// 0, or -1 for a size that is not valid.
#[capi]
fn PyThread_set_stacksize(th: Thread<'_>, size: usize) -> c_int {
    let set = Int::from_u64(th, size as u64)
        .and_then(|size| crate::modsupport::function(th, "_thread", "stack_size", &[size.obj()]));
    match set {
        Ok(_) => 0,
        Err(raised) => {
            th.clear_exception(raised);
            -1
        }
    }
}

/// With the GIL held nobody else runs.
#[capi]
fn _PyEval_StopTheWorld(_interp: *mut PyInterpreterState) {}

#[capi]
fn _PyEval_StartTheWorld(_interp: *mut PyInterpreterState) {}

/// Tell where the native stack of the calling thread is.
#[capi]
unsafe fn PyUnstable_ThreadState_SetStackProtection(
    th: Thread<'_>,
    state: *mut PyThreadState,
    start: *mut c_void,
    size: usize,
) -> Result<()> {
    /// What a stack must have at least.
    const LEAST: usize = 64 << 10;
    if size < LEAST {
        raise!(th, ValueError, "stack_size must be at least {LEAST} bytes");
    }
    // SAFETY: C passes a thread state.
    let state = unsafe { state_of(state) };
    state.stack_top.set(start.addr().saturating_add(size));
    state.stack_end.set(start.addr().saturating_add(LEAST / 4));
    state.stack_limit.set(start.addr().saturating_add(LEAST / 2));
    Ok(())
}

/// The stack is that of the calling thread again, of which it has as much as C
/// code may use.
#[capi]
unsafe fn PyUnstable_ThreadState_ResetStackProtection(state: *mut PyThreadState) {
    // SAFETY: C passes a thread state.
    unsafe { state_of(state) }.set_stack_size(STACK);
}

// Thread-specific storage.

#[capi]
unsafe fn PyThread_tss_is_created(key: *mut abi::Py_tss_t) -> bool {
    // SAFETY: C passes a key.
    unsafe { (*key)._is_initialized != 0 }
}

#[capi]
unsafe fn PyThread_tss_create(key: *mut abi::Py_tss_t) -> c_int {
    // SAFETY: for the whole function: C passes a key.
    unsafe {
        if (*key)._is_initialized != 0 {
            return 0;
        }
        if libc::pthread_key_create(&raw mut (*key)._key, None) != 0 {
            return -1;
        }
        (*key)._is_initialized = 1;
    }
    0
}

#[capi]
unsafe fn PyThread_tss_delete(key: *mut abi::Py_tss_t) {
    // SAFETY: for the whole function: C passes a key.
    unsafe {
        if (*key)._is_initialized != 0 {
            libc::pthread_key_delete((*key)._key);
            (*key)._is_initialized = 0;
        }
    }
}

#[capi]
unsafe fn PyThread_tss_set(key: *mut abi::Py_tss_t, value: *mut c_void) -> c_int {
    // SAFETY: C passes a key that was created.
    if unsafe { libc::pthread_setspecific((*key)._key, value) } == 0 { 0 } else { -1 }
}

#[capi]
unsafe fn PyThread_tss_get(key: *mut abi::Py_tss_t) -> *mut c_void {
    // SAFETY: C passes a key that was created.
    unsafe { libc::pthread_getspecific((*key)._key) }
}

#[capi]
fn PyThread_tss_alloc() -> *mut abi::Py_tss_t {
    Box::into_raw(Box::new(abi::Py_tss_t { _is_initialized: 0, _key: 0 }))
}

#[capi]
unsafe fn PyThread_tss_free(key: *mut abi::Py_tss_t) {
    if !key.is_null() {
        // SAFETY: made by `PyThread_tss_alloc`.
        unsafe {
            PyThread_tss_delete(key);
            drop(Box::from_raw(key));
        }
    }
}

#[capi]
fn PyThread_create_key() -> c_int {
    let mut key = 0;
    // SAFETY: a variable.
    if unsafe { libc::pthread_key_create(&raw mut key, None) } == 0 { key as c_int } else { -1 }
}

#[capi]
fn PyThread_delete_key(key: c_int) {
    // SAFETY: any number is checked.
    unsafe { libc::pthread_key_delete(key as u32) };
}

#[capi]
unsafe fn PyThread_set_key_value(key: c_int, value: *mut c_void) -> c_int {
    // SAFETY: any number is checked.
    if unsafe { libc::pthread_setspecific(key as u32, value) } == 0 { 0 } else { -1 }
}

#[capi]
fn PyThread_get_key_value(key: c_int) -> *mut c_void {
    // SAFETY: any number is checked.
    unsafe { libc::pthread_getspecific(key as u32) }
}

#[capi]
fn PyThread_delete_key_value(key: c_int) {
    // SAFETY: any number is checked.
    unsafe { libc::pthread_setspecific(key as u32, null_mut()) };
}

#[capi]
fn PyThread_ReInitTLS() {}

#[capi]
fn PyThread_GetInfo(th: Thread<'_>) -> Result {
    use object::Protocol;
    let sys = vm::import::import_module(th, id!(th, "sys"))?;
    sys.getattr(th, &*Str::intern(th, "thread_info")?)
}

// Clocks.

fn clock(id: libc::clockid_t) -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a variable.
    unsafe { libc::clock_gettime(id, &raw mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

macro_rules! clocks {
    ($($name:ident $raw:ident $id:ident;)*) => { $(
        #[capi]
        unsafe fn $name(result: *mut i64) -> c_int {
            // SAFETY: C passes a variable.
            unsafe { result.write(clock(libc::$id)) };
            0
        }

        #[capi]
        unsafe fn $raw(result: *mut i64) -> c_int {
            // SAFETY: C passes a variable.
            unsafe { result.write(clock(libc::$id)) };
            0
        }
    )* };
}

clocks! {
    PyTime_Time PyTime_TimeRaw CLOCK_REALTIME;
    PyTime_Monotonic PyTime_MonotonicRaw CLOCK_MONOTONIC;
    PyTime_PerfCounter PyTime_PerfCounterRaw CLOCK_MONOTONIC;
}

#[capi]
fn PyTime_AsSecondsDouble(time: i64) -> f64 {
    time as f64 / 1e9
}

/// The limit of a wait, in microseconds.
#[unsafe(no_mangle)]
static PY_TIMEOUT_MAX: c_long = i64::MAX / 1000;
