//! `_thread`: threads, locks, thread-local data.

mod handle;
mod local;
mod lock;

use macros::pymodule;
use object::{
    AsObject, Dict, Float, Int, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple, exceptions,
    id, protocol::call::is_callable, raise, thread::Ensured, types,
};

use self::{
    handle::{ThreadHandle, threads},
    local::Local,
    lock::{Lock, RLock},
};
use crate::support::structseq::{Decl, StructSeq as _};

static EXCEPT_HOOK_ARGS: Decl = Decl {
    name: "_thread._ExceptHookArgs",
    doc: "ExceptHookArgs\n\nType used to pass arguments to threading.excepthook.",
    fields: &[
        ("exc_type", "Exception type"),
        ("exc_value", "Exception value"),
        ("exc_traceback", "Exception traceback"),
        ("thread", "Thread"),
    ],
    visible: 4,
    instantiable: true,
};

/// In the child of a fork, before the program's own functions run: what the other threads had in `_thread._local`s, to be released last.
pub(crate) fn after_fork(th: Thread<'_>) -> Vec<Ref<Dict>> {
    handle::after_fork(th);
    local::after_fork(th)
}

/// Drop what the calling thread, which ends, has in `_thread._local`s.
pub fn drop_locals(th: Thread<'_>) {
    local::end_thread(th);
}

/// Run `f` attached to `interp`, on whatever thread C calls: one that is
/// attached, one that gave up the GIL to run C code, or one that is not known.
pub(crate) fn with_attached<R>(
    interp: &'static object::Interpreter,
    f: impl FnOnce(Thread<'_>) -> R,
) -> R {
    const RESERVE: usize = 64 * 1024;
    let stack = if Thread::is_attached() { 0 } else { host::thread::stack_left() };
    // SAFETY: the token is used until the release below.
    let (th, ensured) = unsafe { Thread::ensure(interp, stack.saturating_sub(RESERVE)) };
    let result = f(th);
    if ensured == Ensured::New {
        local::end_thread(th);
        th.clear_state();
        local::end_thread(th);
        // SAFETY: no frame is left.
        unsafe { vm::end_thread(th) };
    }
    // SAFETY: undoes the call above; a new state was cleared.
    unsafe { th.release(ensured) };
    result
}

/// This module provides primitive operations to write multi-threaded programs.
/// The 'threading' module provides a more convenient interface.
#[pymodule]
pub mod _thread {
    use super::*;

    /// Create a new lock object.
    #[sig = "()"]
    fn allocate_lock(th: Thread<'_>) -> Result {
        Lock::alloc(th)
    }

    /// An obsolete synonym of allocate_lock().
    #[sig = "()"]
    fn allocate(th: Thread<'_>) -> Result {
        Lock::alloc(th)
    }

    /// Return a non-zero integer that uniquely identifies the current thread.
    #[sig = "()"]
    fn get_ident(th: Thread<'_>) -> u64 {
        th.state().ident()
    }

    /// Return the identity of the thread as assigned by the OS.
    #[sig = "()"]
    fn get_native_id(_: Thread<'_>) -> u64 {
        host::thread::native_id()
    }

    /// Internal only. Return the ident of the main thread.
    #[sig = "()"]
    fn _get_main_thread_ident(th: Thread<'_>) -> u64 {
        th.interp().threads.main_ident()
    }

    /// Return whether the current interpreter is the main interpreter.
    #[sig = "()"]
    fn _is_main_interpreter(_: Thread<'_>) -> bool {
        true
    }

    /// Return True if daemon threads are allowed in the current interpreter.
    #[sig = "()"]
    fn daemon_threads_allowed(th: Thread<'_>) -> bool {
        vm::interpreters::config(th).allow_daemon_threads
    }

    /// Return the number of currently running Python threads.
    #[sig = "()"]
    fn _count(th: Thread<'_>) -> usize {
        threads(th).count.get()
    }

    /// Wait for all non-daemon threads (other than the calling thread) to stop.
    #[sig = "()"]
    fn _shutdown(th: Thread<'_>) -> Result<()> {
        handle::shutdown(th)
    }

    /// Set the name of the current thread.
    #[sig = "(name)"]
    fn set_name(th: Thread<'_>, name: Obj<'_>) -> Result<()> {
        let Some(name) = name.downcast::<Str>() else {
            let ty = name.type_name();
            raise!(th, TypeError, "set_name() argument 'name' must be str, not {ty}");
        };
        // Lone surrogates cannot be encoded.
        let text = name.to_string().replace('\u{fffd}', "?");
        host::thread::set_name(text.as_bytes());
        Ok(())
    }

    /// Get the name of the current thread.
    #[sig = "()"]
    fn _get_name(th: Thread<'_>) -> Result<Ref<Str>> {
        crate::support::decode_fs(th, &host::thread::name())
    }

    /// Simulate the arrival of the given signal in the main thread,
    /// where the corresponding signal handler will be executed.
    ///
    /// If *signum* is omitted, SIGINT is assumed.
    #[sig = "(signum=2, /)"]
    fn interrupt_main(th: Thread<'_>, signum: i32) -> Result<()> {
        crate::_signal::interrupt_main(th, signum)
    }

    /// Return the thread stack size used when creating new threads.
    #[parse(tuple)]
    #[sig = "(size=0, /)"]
    fn stack_size(th: Thread<'_>, size: isize) -> Result<isize> {
        const LEAST: isize = 53248;
        if size != 0 && size < LEAST {
            raise!(th, ValueError, "size must be at least {LEAST} bytes");
        }
        let old = threads(th).stack_size.replace(size as usize);
        Ok(old as isize)
    }

    /// Exit the current thread.
    #[sig = "()"]
    fn exit(th: Thread<'_>) -> Result<()> {
        raise!(th, SystemExit)
    }

    /// An obsolete synonym of exit().
    #[sig = "()"]
    fn exit_thread(th: Thread<'_>) -> Result<()> {
        raise!(th, SystemExit)
    }

    fn start(
        th: Thread<'_>,
        function: Obj<'_>,
        args: Obj<'_>,
        kwargs: Option<Obj<'_>>,
    ) -> Result<u64> {
        if !is_callable(function) {
            raise!(th, TypeError, "first arg must be callable");
        }
        let Some(args) = args.downcast::<Tuple>() else {
            raise!(th, TypeError, "2nd arg must be a tuple");
        };
        let kwargs = match kwargs {
            None => None,
            Some(kwargs) => match kwargs.downcast::<Dict>() {
                Some(kwargs) => Some(kwargs),
                None => raise!(th, TypeError, "optional 3rd arg must be a dictionary"),
            },
        };
        let arguments = [function, args.obj(), kwargs.map_or(types::none(), |kwargs| kwargs.obj())];
        crate::sys::audit(th, "_thread.start_new_thread", &arguments)?;
        let handle = ThreadHandle::create(th)?;
        ThreadHandle::start(th, &handle, function, args, kwargs, true)?;
        Ok(handle.ident_value())
    }

    /// Start a new thread and return its identifier.
    ///
    /// The thread will call the function with positional arguments from the
    /// tuple args and keyword arguments taken from the optional dictionary
    /// kwargs.
    #[sig = "(function, args, kwargs={}, /)"]
    fn start_new_thread(
        th: Thread<'_>,
        function: Obj<'_>,
        args: Obj<'_>,
        kwargs: Option<Obj<'_>>,
    ) -> Result<u64> {
        start(th, function, args, kwargs)
    }

    /// An obsolete synonym of start_new_thread().
    #[sig = "(function, args, kwargs={}, /)"]
    fn start_new(
        th: Thread<'_>,
        function: Obj<'_>,
        args: Obj<'_>,
        kwargs: Option<Obj<'_>>,
    ) -> Result<u64> {
        start(th, function, args, kwargs)
    }

    /// For internal use only: start a new thread.
    #[sig = "(function, handle=None, daemon=True)"]
    fn start_joinable_thread(
        th: Thread<'_>,
        function: Obj<'_>,
        handle: Option<Obj<'_>>,
        daemon: bool,
    ) -> Result {
        if !is_callable(function) {
            raise!(th, TypeError, "thread function must be callable");
        }
        let given = match handle.filter(|handle| !handle.is_none()) {
            None => None,
            Some(handle) => match handle.downcast::<ThreadHandle>() {
                Some(handle) => Some(object::own(handle)),
                None => raise!(th, TypeError, "'handle' must be a _ThreadHandle"),
            },
        };
        let shown = handle.unwrap_or(types::none());
        crate::sys::audit_with(th, "_thread.start_joinable_thread", || {
            Ok(vec![function.own(), Int::from_i64(th, i64::from(daemon))?, shown.own()])
        })?;
        if daemon && !vm::interpreters::config(th).allow_daemon_threads {
            let text = "daemon threads are disabled in this (sub)interpreter";
            raise!(th, RuntimeError, "{text}");
        }
        let handle = match given {
            Some(handle) => handle,
            None => ThreadHandle::create(th)?,
        };
        let args = Tuple::from_objs(th, &[])?;
        ThreadHandle::start(th, &handle, function, &args, None, daemon)?;
        Ok(handle.upcast())
    }

    /// Internal only. Make a thread handle for threads not spawned by the module.
    #[sig = "(ident, /)"]
    fn _make_thread_handle(th: Thread<'_>, ident: Obj<'_>) -> Result {
        if !Int::is_int(ident) {
            raise!(th, TypeError, "ident must be an integer");
        }
        let ident = Int::index_to_u64(th, ident)?;
        ThreadHandle::of_ident(th, ident).map(Ref::upcast)
    }

    /// Handle uncaught Thread.run() exception.
    #[sig = "(args, /)"]
    fn _excepthook(th: Thread<'_>, args: Obj<'_>) -> Result<()> {
        let ty = EXCEPT_HOOK_ARGS.ty(th)?;
        if !args.ty().obj().is(ty.obj()) {
            raise!(th, TypeError, "_thread.excepthook argument type must be ExceptHookArgs");
        }
        let class = args.getattr(th, id!(th, "exc_type"))?;
        if class.obj().is(exceptions::types::SystemExit().obj()) {
            return Ok(());
        }
        let value = args.getattr(th, id!(th, "exc_value"))?;
        let traceback = args.getattr(th, id!(th, "exc_traceback"))?;
        let thread = args.getattr(th, id!(th, "thread"))?;
        let stderr = match crate::builtins::sys_attribute(th, id!(th, "stderr"))? {
            Some(stderr) if !stderr.obj().is_none() => stderr,
            _ if thread.obj().is_none() => return Ok(()),
            _ => {
                let stderr = thread.getattr(th, id!(th, "_stderr"))?;
                if stderr.obj().is_none() {
                    return Ok(());
                }
                stderr
            }
        };
        let name =
            if thread.obj().is_none() { None } else { thread.getattr_opt(th, id!(th, "_name"))? };
        let name = match name {
            Some(name) => name.str(th)?.to_string(),
            None => th.state().ident().to_string(),
        };
        let heading = Str::new(th, &format!("Exception in thread {name}:\n"))?;
        stderr.call_method(th, id!(th, "write"), &[heading.obj()])?;
        crate::sys::print_exception(th, &stderr, class.obj(), value.obj(), traceback.obj())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Lock>(th)?;
        module.add_type::<RLock>(th)?;
        module.add_type::<Local>(th)?;
        module.add_type::<ThreadHandle>(th)?;
        let lock = module.dict(th)?.get(th, id!(th, "lock").obj())?;
        if let Some(lock) = lock {
            module.set(th, "LockType", lock.obj())?;
        }
        EXCEPT_HOOK_ARGS.add_to(th, module)?;
        module.set(th, "error", exceptions::types::RuntimeError().obj())?;
        module.set(th, "TIMEOUT_MAX", Float::new(th, lock::TIMEOUT_MAX)?.obj())?;
        module.set(th, "_NAME_MAXLEN", Int::from_i64(th, 15)?.obj())
    }
}
