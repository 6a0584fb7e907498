//! The interpreters of a process: making, visiting and ending them.
//!
//! All share the heap, the collector, the GIL and the builtin types, which are
//! constants; each has its own modules, `sys`, `builtins`, importlib, codecs
//! and threads. A thread of the system *visits* another interpreter with a
//! state of its own. Invariant: no object with references to mutable state
//! crosses over; what two interpreters exchange is made anew on the other side.

use std::cell::{Cell, OnceCell, RefCell};

use object::{
    AsObject, Dict, Interpreter, Module, Raised, Ref, Result, Thread, ThreadState, id, raise,
};

use crate::{collect, lifecycle, shutdown};

/// `PyInterpreterConfig`: what an interpreter is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    pub use_main_obmalloc: bool,
    pub allow_fork: bool,
    pub allow_exec: bool,
    pub allow_threads: bool,
    pub allow_daemon_threads: bool,
    pub check_multi_interp_extensions: bool,
    pub gil: GilKind,
}

/// Which GIL was asked for. There is one, whatever the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GilKind {
    Default,
    Shared,
    Own,
}

impl Config {
    pub const ISOLATED: Config = Config {
        use_main_obmalloc: false,
        allow_fork: false,
        allow_exec: false,
        allow_threads: true,
        allow_daemon_threads: false,
        check_multi_interp_extensions: true,
        gil: GilKind::Own,
    };
    pub const LEGACY: Config = Config {
        use_main_obmalloc: true,
        allow_fork: true,
        allow_exec: true,
        allow_threads: true,
        allow_daemon_threads: true,
        check_multi_interp_extensions: false,
        gil: GilKind::Shared,
    };
    pub const EMPTY: Config = Config {
        use_main_obmalloc: false,
        allow_fork: false,
        allow_exec: false,
        allow_threads: false,
        allow_daemon_threads: false,
        check_multi_interp_extensions: false,
        gil: GilKind::Default,
    };
    const MAIN: Config = Config { gil: GilKind::Own, ..Config::LEGACY };
}

/// Where an interpreter comes from: `_interpreters.WHENCE_*`.
pub mod whence {
    pub const UNKNOWN: i32 = 0;
    pub const RUNTIME: i32 = 1;
    pub const LEGACY_CAPI: i32 = 2;
    pub const CAPI: i32 = 3;
    pub const XI: i32 = 4;
    pub const STDLIB: i32 = 5;
}

/// What is known of one interpreter.
pub struct Record {
    pub interp: &'static Interpreter,
    pub whence: i32,
    pub config: Config,
    /// `Interpreter` objects and the like that name it.
    references: Cell<i64>,
    /// It ends with the last reference.
    ends_unreferenced: Cell<bool>,
    /// The thread that runs its `__main__`, if any.
    runner: Cell<*const ThreadState>,
    /// It can be used: its start is over, and its end has not begun.
    ready: Cell<bool>,
}

/// What the executable does for new and for ending interpreters.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Bring up the interpreter of the calling thread, `__main__` included.
    pub start: fn(Thread<'_>) -> Result<()>,
    /// Call its exit functions.
    pub run_exit_functions: fn(Thread<'_>),
    /// The calling thread ends: drop what it has in thread-local data.
    pub end_thread: fn(Thread<'_>),
}

/// The interpreters of the process, by number.
#[derive(Default)]
struct Registry {
    records: RefCell<Vec<&'static Record>>,
    hooks: Cell<Option<Hooks>>,
    /// Who wants to know which interpreter has ended.
    ended: RefCell<Vec<fn(Thread<'_>, i64)>>,
}

/// The record of an interpreter, where its own threads find it.
#[derive(Default)]
struct Own(OnceCell<&'static Record>);

fn registry(th: Thread<'_>) -> &'static Registry {
    th.interp().shared.get::<Registry>()
}

/// The main interpreter runs: others may be made.
pub fn init(th: Thread<'_>, hooks: Hooks) {
    registry(th).hooks.set(Some(hooks));
    let record = add(th, th.interp(), whence::RUNTIME, Config::MAIN);
    record.runner.set(th.state());
    record.ready.set(true);
}

/// Have `f` called with the number of each interpreter that ends.
pub fn when_ended(th: Thread<'_>, f: fn(Thread<'_>, i64)) {
    let mut all = registry(th).ended.borrow_mut();
    if !all.iter().any(|known| *known as usize == f as usize) {
        all.push(f);
    }
}

fn add(
    th: Thread<'_>,
    interp: &'static Interpreter,
    whence: i32,
    config: Config,
) -> &'static Record {
    let record: &'static Record = Box::leak(Box::new(Record {
        interp,
        whence,
        config,
        references: Cell::new(0),
        ends_unreferenced: Cell::new(false),
        runner: Cell::new(std::ptr::null()),
        ready: Cell::new(false),
    }));
    registry(th).records.borrow_mut().push(record);
    let _ = interp.extensions.get::<Own>().0.set(record);
    record
}

/// All interpreters, the oldest first.
pub fn all(th: Thread<'_>) -> Vec<&'static Record> {
    registry(th).records.borrow().clone()
}

/// The interpreter of that number.
pub fn by_id(th: Thread<'_>, id: i64) -> Option<&'static Record> {
    registry(th).records.borrow().iter().find(|record| record.id() == id).copied()
}

/// The record of an interpreter.
pub fn of(th: Thread<'_>, interp: &Interpreter) -> Option<&'static Record> {
    by_id(th, interp.id.get())
}

/// What the interpreter of the calling thread is allowed.
pub fn config(th: Thread<'_>) -> Config {
    th.interp().extensions.get::<Own>().0.get().map_or(Config::MAIN, |record| record.config)
}

impl Record {
    pub fn id(&self) -> i64 {
        self.interp.id.get()
    }

    pub fn is_ready(&self) -> bool {
        self.ready.get()
    }

    /// Whether a thread runs its `__main__`.
    pub fn is_running(&self) -> bool {
        self.interp.is_main() || !self.runner.get().is_null()
    }

    /// The calling thread is to run `__main__`; false if another one does.
    pub fn begin_main(&self, th: Thread<'_>) -> bool {
        if !self.runner.get().is_null() {
            return false;
        }
        self.runner.set(th.state());
        true
    }

    pub fn end_main(&self) {
        self.runner.set(std::ptr::null());
    }

    /// Say whether the interpreter is to end with its last reference.
    pub fn end_unreferenced(&self, ends: bool) {
        self.ends_unreferenced.set(ends);
    }

    /// Whether it ends with its last reference.
    pub fn ends_unreferenced(&self) -> bool {
        self.ends_unreferenced.get()
    }

    /// How many references there are.
    pub fn references(&self) -> i64 {
        self.references.get()
    }

    pub fn add_reference(&self) {
        self.references.set(self.references.get() + 1);
    }
}

/// Give up a reference; with the last one the interpreter may end.
pub fn drop_reference(th: Thread<'_>, record: &'static Record) {
    record.references.set(record.references.get() - 1);
    let is_last = record.references.get() <= 0 && record.ends_unreferenced.get();
    let is_current = std::ptr::eq(th.interp(), record.interp);
    if is_last && !is_current && !record.is_running() {
        end(th, record);
    }
}

/// Run `f` in an interpreter, as a thread of it.
///
/// What `f` answers must not refer to objects of that interpreter that can
/// change; an exception must not be left set.
pub fn visit<R>(
    th: Thread<'_>,
    interp: &'static Interpreter,
    f: impl FnOnce(Thread<'_>) -> R,
) -> R {
    if std::ptr::eq(th.interp(), interp) {
        return f(th);
    }
    // SAFETY: undone below.
    let home = unsafe { th.visit(interp) };
    let result = f(th);
    leave(th);
    // SAFETY: as above, and `home` came from `visit`.
    unsafe { th.come_back(home) };
    result
}

/// The namespace of `__main__`, for a thread that runs it and has no frame.
/// COMPAT: test_interpreters.test_api, test_globals_from_builtins.
pub fn running_main(th: Thread<'_>) -> Option<Ref<Dict>> {
    let record = th.interp().extensions.get::<Own>().0.get()?;
    if !std::ptr::eq(record.runner.get(), th.state()) {
        return None;
    }
    let main = th.interp().modules.get()?.get_name(th, id!(th, "__main__"))?.own();
    main.obj().downcast::<Module>()?.dict(th).ok()
}

/// Drop what the calling thread, which ends, has of its own.
pub fn leave(th: Thread<'_>) {
    let end_thread = registry(th).hooks.get().map(|hooks| hooks.end_thread);
    if let Some(end_thread) = end_thread {
        end_thread(th);
    }
    th.clear_state();
    if let Some(end_thread) = end_thread {
        end_thread(th);
    }
    // SAFETY: no frame is left.
    unsafe { crate::end_thread(th) };
}

/// Drop the exception of an attempt that failed, with a report.
fn report(th: Thread<'_>, raised: Raised) {
    let exception = th.take_exception(raised);
    drop(th.swap_exception(Some(exception)));
    let context = "Exception ignored while creating a subinterpreter";
    (th.hooks().unraisable)(th, Some(context), None);
}

/// A new interpreter with a `__main__`.
pub fn create(th: Thread<'_>, config: Config, whence: i32) -> Result<&'static Record> {
    let failed = || -> Result<&'static Record> {
        raise!(th, InterpreterError, "sub-interpreter creation failed")
    };
    let Some(hooks) = registry(th).hooks.get() else { return failed() };
    if !config.use_main_obmalloc && !config.check_multi_interp_extensions {
        return failed();
    }
    let Some(main) = Interpreter::main() else { return failed() };
    object::types::str::share_names(th);
    let record = add(th, main.another(), whence, config);
    let started = visit(th, record.interp, |th| match (hooks.start)(th) {
        Ok(()) => true,
        Err(raised) => {
            report(th, raised);
            false
        }
    });
    if !started {
        end(th, record);
        return failed();
    }
    record.ready.set(true);
    Ok(record)
}

/// End an interpreter that the calling thread is not in, nor any other.
pub fn end(th: Thread<'_>, record: &'static Record) {
    visit(th, record.interp, |th| {
        begin_end(th, record);
        finish(th, record);
    });
    forget(th, record);
}

/// The interpreter of the calling thread is to end: wait for its threads, and
/// call its exit functions.
pub fn begin_end(th: Thread<'_>, record: &Record) {
    record.ready.set(false);
    lifecycle::wait_for_threads(th);
    if let Some(hooks) = registry(th).hooks.get() {
        (hooks.run_exit_functions)(th);
    }
}

/// Drop the objects of the interpreter of the calling thread.
pub fn finish(th: Thread<'_>, record: &Record) {
    record.interp.finalizing.set(th.state());
    lifecycle::flush_streams(th);
    shutdown::keep_named(th, &[id!(th, "sys"), id!(th, "builtins")]);
    shutdown::remove_modules(th);
    lifecycle::flush_streams(th);
    crate::exits::run(th);
    record.interp.clear();
    collect::collect(th, 2);
}

/// Take an interpreter that was finished off the list.
pub fn forget(th: Thread<'_>, record: &'static Record) {
    let id = record.id();
    registry(th).records.borrow_mut().retain(|known| !std::ptr::eq(*known, record));
    for f in registry(th).ended.borrow().clone() {
        f(th, id);
    }
    if record.interp.all_threads().all(|state| std::ptr::eq(state, th.state())) {
        record.interp.retire();
    }
}

/// In the child of a fork: the other interpreters are gone with their threads,
/// and what they hold is leaked.
pub fn after_fork(th: Thread<'_>) {
    let stays = |record: &&'static Record| {
        record.interp.is_main() || std::ptr::eq(record.interp, th.interp())
    };
    registry(th).records.borrow_mut().retain(stays);
}

/// At the end of the program: end the interpreters that are left.
pub fn end_all(th: Thread<'_>) {
    let left: Vec<_> = all(th).into_iter().filter(|record| !record.interp.is_main()).collect();
    if left.is_empty() {
        return;
    }
    let message = "remaining subinterpreters; close them with Interpreter.close()";
    let warned = object::Str::new(th, message).and_then(|message| {
        let category = object::exceptions::types::RuntimeWarning();
        (th.hooks().warn)(th, category.obj(), &message, 0)
    });
    if let Err(raised) = warned {
        th.clear_exception(raised);
    }
    for record in left.into_iter().filter(|record| !record.is_running()) {
        end(th, record);
    }
}
