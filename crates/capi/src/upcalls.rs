//! What the API needs from native modules, which are not below this crate:
//! functions that the executable registers at start.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use macros::capi;
use object::{Obj, Ref, Result, Thread, raise};

/// The functions.
#[derive(Clone, Copy)]
pub struct Upcalls {
    /// Make a context current.
    pub enter_context: fn(Thread<'_>, Obj<'_>) -> Result<()>,
    /// Make the context current that was before.
    pub exit_context: fn(Thread<'_>, Obj<'_>) -> Result<()>,
    /// The value of a context variable, the default given, or its own default.
    pub context_value: fn(Thread<'_>, Obj<'_>, Option<Obj<'_>>) -> Result<Option<Ref>>,
    /// What `os.fork` does before, in the parent and in the child.
    pub before_fork: fn(Thread<'_>),
    pub after_fork_parent: fn(Thread<'_>),
    pub after_fork_child: fn(Thread<'_>),
    /// What `sys.stderr` is before there are real streams, for a descriptor.
    pub standard_printer: fn(Thread<'_>, i32) -> Result<Ref>,
    /// `sys.version` and `sys.copyright`.
    pub texts: [&'static str; 2],
    /// Name to a descriptor the native modules that are not of the standard library.
    pub write_extension_modules: fn(Thread<'_>, i32),
}

/// The key of string hashing, and what others take from its bytes; compilers of
/// Python code read it to hash as the runtime does.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "named as in C")]
static _Py_HashSecret: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

struct Registered(Cell<Upcalls>);

impl Default for Registered {
    fn default() -> Self {
        let no_context =
            |th: Thread<'_>, _: Obj<'_>| raise!(th, SystemError, "contexts are not available");
        Registered(Cell::new(Upcalls {
            enter_context: no_context,
            exit_context: no_context,
            context_value: |th, _, _| raise!(th, SystemError, "contexts are not available"),
            before_fork: |_| {},
            after_fork_parent: |_| {},
            after_fork_child: |_| {},
            standard_printer: |th, _| raise!(th, SystemError, "streams are not available"),
            texts: [""; 2],
            write_extension_modules: |_, _| {},
        }))
    }
}

pub(crate) fn registered(th: Thread<'_>) -> Upcalls {
    th.interp().shared.get::<Registered>().0.get()
}

/// Register who does it, and make the types ready that only C code uses.
pub fn register(th: Thread<'_>, upcalls: Upcalls) {
    if let Err(raised) = crate::classobject::ready(th) {
        th.clear_exception(raised);
    }
    crate::objimpl::note_mode(th);
    crate::pythonrun::publish_texts(upcalls.texts);
    crate::pythonrun::publish_flags(&th.interp().flags.borrow());
    let (first, second) = th.interp().hash_secret.get();
    _Py_HashSecret[0].store(first, Ordering::Relaxed);
    _Py_HashSecret[1].store(second, Ordering::Relaxed);
    th.interp().shared.get::<Registered>().0.set(upcalls);
}

#[capi]
fn PyContext_Enter(th: Thread<'_>, context: Obj<'_>) -> Result<()> {
    (registered(th).enter_context)(th, context)
}

#[capi]
fn PyContext_Exit(th: Thread<'_>, context: Obj<'_>) -> Result<()> {
    (registered(th).exit_context)(th, context)
}

#[capi]
fn PyOS_BeforeFork(th: Thread<'_>) {
    (registered(th).before_fork)(th);
}

#[capi]
fn PyOS_AfterFork_Parent(th: Thread<'_>) {
    (registered(th).after_fork_parent)(th);
}

#[capi]
fn PyOS_AfterFork_Child(th: Thread<'_>) {
    (registered(th).after_fork_child)(th);
}

#[capi]
fn PyOS_AfterFork(th: Thread<'_>) {
    (registered(th).after_fork_child)(th);
}

/// A printer for the descriptor of standard output or error.
#[capi]
fn PyFile_NewStdPrinter(th: Thread<'_>, fd: std::ffi::c_int) -> Result<Ref> {
    if !matches!(fd, 1 | 2) {
        raise!(th, SystemError, "bad argument to internal function");
    }
    (registered(th).standard_printer)(th, fd)
}
