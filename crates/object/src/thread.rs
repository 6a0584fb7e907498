//! The thread state and the interpreter.
//!
//! Holding a [`Thread`] proves that the calling OS thread is attached to an
//! interpreter and holds its GIL, so everything that can run Python code or
//! touch a reference count takes one, first. It has no size; the state behind
//! it is one thread-local read away, so that a callback from C can get one too.
//! All mutable state hangs off [`ThreadState`] or [`Interpreter`].

use std::{
    any::{Any, TypeId},
    cell::{Cell, RefCell, UnsafeCell},
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hash, Hasher},
    marker::PhantomData,
    ptr::NonNull,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
};

use crate::{
    AsObject, Dict, Link, Obj, Raised, Ref, Result, Type,
    alloc::{self, Heap},
    exceptions,
    gil::Gil,
    hooks::Hooks,
    small_int,
    types::{self, type_::TypeCache},
    watch::Watchers,
};

/// Proof of being attached.
#[derive(Clone, Copy)]
pub struct Thread<'a>(PhantomData<(&'a (), *mut ())>);

thread_local! {
    static STATE: Cell<*const ThreadState> = const { Cell::new(std::ptr::null()) };
    /// The state that `allow_threads` put aside.
    static ASIDE: Cell<*const ThreadState> = const { Cell::new(std::ptr::null()) };
}

/// What [`Thread::ensure`] had to do, for [`Thread::release`] to undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// The thread was attached.
    Already,
    /// It had a state that was put aside.
    Resumed,
    /// It was not known, and got a new state.
    New,
}

/// The interpreter that was started first, a constant from then on.
static MAIN: AtomicPtr<Interpreter> = AtomicPtr::new(std::ptr::null_mut());

/// Reasons for the interpreter to leave its fast path, bits of
/// [`ThreadState::eval_breaker`].
pub mod breaker {
    /// A signal arrived (main thread only).
    pub const SIGNAL: u32 = 1;
    /// Another thread asks for the GIL.
    pub const GIL_REQUEST: u32 = 2;
    /// The young generation is full.
    pub const COLLECT: u32 = 4;
    /// An exception was set from another thread (`PyThreadState_SetAsyncExc`).
    pub const ASYNC_EXCEPTION: u32 = 8;
    /// Pending calls are queued.
    pub const PENDING_CALL: u32 = 16;
    /// The small-int region has too many pages in use.
    pub const SMALL_INT_PAGES: u32 = 32;
}

/// One Python thread.
#[repr(C)]
pub struct ThreadState {
    /// What C extensions see; `current_exception` and `exc_info` live here.
    pub public: UnsafeCell<abi::PyThreadState>,
    /// The interpreter this thread belongs to.
    pub interp: &'static Interpreter,
    /// PERF: that of the interpreter, one read nearer.
    pub heap: &'static Heap,
    /// Bits of [`breaker`]; the interpreter tests it at calls and back-edges.
    pub eval_breaker: AtomicU32,
    /// The lowest address of this thread's stack that there is, with some room.
    pub stack_end: Cell<usize>,
    /// Python frames that may still be pushed (`sys.setrecursionlimit`).
    pub recursion_remaining: Cell<i32>,
    /// Where this thread's stack was when its size was set.
    pub stack_top: Cell<usize>,
    /// The lowest address that native code may use of this thread's stack.
    pub stack_limit: Cell<usize>,
    /// The innermost frame; its type belongs to `vm`.
    pub frame: Cell<*mut std::ffi::c_void>,
    /// Nesting of deallocations, see `alloc`.
    pub dealloc_depth: Cell<u32>,
    /// Objects whose deallocation was put off because of the nesting.
    pub dealloc_later: crate::alloc::Waiting,
    /// Per-thread state of other crates, by type.
    pub extensions: Extensions,
}

/// Values of other crates that live as long as their owner, one per Rust type.
pub struct Extensions {
    all: RefCell<HashMap<TypeId, Box<dyn Any>, BuildHasherDefault<TypeIdHasher>>>,
    /// Values found before, at a place that their type's hash says. PERF: a
    /// `Decimal` operation asks for three.
    found: [Cell<Option<(TypeId, NonNull<()>)>>; FOUND],
}

const FOUND: usize = 64;

impl Default for Extensions {
    fn default() -> Self {
        Extensions { all: RefCell::default(), found: [const { Cell::new(None) }; FOUND] }
    }
}

/// A `TypeId` is a hash already.
#[derive(Default)]
struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_ne_bytes(word);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Extensions {
    /// The value of type `T`, made on first use.
    #[inline]
    pub fn get<T: Any + Default>(&self) -> &T {
        let id = TypeId::of::<T>();
        let mut hasher = TypeIdHasher::default();
        id.hash(&mut hasher);
        let place = &self.found[hasher.finish() as usize % FOUND];
        let ptr = match place.get() {
            Some((known, ptr)) if known == id => ptr.cast(),
            _ => {
                let ptr = self.get_slow::<T>();
                place.set(Some((id, ptr.cast())));
                ptr
            }
        };
        // SAFETY: values are boxed and never removed while `self` lives.
        unsafe { ptr.as_ref() }
    }

    #[cold]
    fn get_slow<T: Any + Default>(&self) -> NonNull<T> {
        let mut all = self.all.borrow_mut();
        let value = all.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        match value.downcast_ref::<T>() {
            Some(value) => NonNull::from(value),
            None => unreachable!("keyed by type"),
        }
    }

    /// Drop all values; what their destructors make anew goes, too.
    fn clear(&self) {
        for _ in 0..8 {
            self.found.iter().for_each(|place| place.set(None));
            let old = std::mem::take(&mut *self.all.borrow_mut());
            if old.is_empty() {
                return;
            }
            drop(old);
        }
    }
}

/// The command line and environment, as `sys.flags` shows them.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub debug: i32,
    pub inspect: i32,
    pub interactive: i32,
    pub optimize: i32,
    pub dont_write_bytecode: i32,
    pub no_user_site: i32,
    pub no_site: i32,
    pub ignore_environment: i32,
    pub verbose: i32,
    pub bytes_warning: i32,
    pub quiet: i32,
    pub hash_randomization: i32,
    pub isolated: i32,
    pub dev_mode: bool,
    pub utf8_mode: i32,
    pub warn_default_encoding: i32,
    pub safe_path: bool,
    pub int_max_str_digits: i32,
    pub thread_inherit_context: i32,
    pub context_aware_warnings: i32,
    /// `-X no_debug_ranges`: code objects have no columns.
    pub no_debug_ranges: bool,
    /// File names, arguments and the environment are ASCII, not UTF-8.
    pub ascii_names: bool,
    /// `-u`: what is written to standard streams is not kept back.
    pub unbuffered: bool,
    /// `-X cpu_count`: what `os.cpu_count()` is to return; -1 for the truth.
    pub cpu_count: i32,
}

/// The threads of an interpreter; changed with its GIL held.
pub struct Threads {
    /// The newest thread; the others follow through `public.next`.
    newest: Cell<*const ThreadState>,
    /// States of threads that ended, to be used again.
    retired: Cell<*const ThreadState>,
    /// A state that served a foreign thread, for the next one.
    spare: AtomicPtr<ThreadState>,
    /// Bits of the evaluation breaker that are set in every thread for long.
    lasting: Cell<u32>,
    /// Bits of the evaluation breaker that each thread gets with the GIL.
    asked: AtomicU32,
    main_ident: Cell<u64>,
}

/// What the interpreters of a process have in common: objects of all live in
/// one heap, and one thread at a time touches them.
struct Runtime {
    heap: Heap,
    gil: Gil,
    type_cache: TypeCache,
    shared: Extensions,
    last_id: Cell<i64>,
    last_thread_id: Cell<u64>,
    /// Interpreters that ended, to be used again.
    retired: RefCell<Vec<&'static Interpreter>>,
}

/// One Python interpreter: modules, builtins, threads.
pub struct Interpreter {
    runtime: &'static Runtime,
    /// The number of the interpreter; the main one has 0.
    pub id: Cell<i64>,
    pub heap: &'static Heap,
    pub gil: &'static Gil,
    pub threads: Threads,
    /// The thread that ends the interpreter; others of it do not come back
    /// from where they wait.
    pub finalizing: Cell<*const ThreadState>,
    /// `sys.modules`.
    pub modules: Link<Dict>,
    /// The dict of module `sys`.
    pub sys_dict: Link<Dict>,
    /// The dict of module `builtins`.
    pub builtins: Link<Dict>,
    /// `importlib._bootstrap`, once it runs.
    pub importlib: Link,
    /// What upper crates do for this one.
    pub hooks: Cell<Hooks>,
    pub flags: RefCell<Flags>,
    /// `sys.set_int_max_str_digits`; 0 = unlimited.
    pub int_max_str_digits: Cell<i32>,
    /// `sys.setrecursionlimit`.
    pub recursion_limit: Cell<i32>,
    /// The key of string hashing (`PYTHONHASHSEED`), 16 bytes.
    pub hash_secret: Cell<(u64, u64)>,
    /// What `Type::lookup` found lately.
    pub type_cache: &'static TypeCache,
    /// Who hears of changes.
    pub watchers: Watchers,
    /// Per-interpreter state of other crates, by type.
    pub extensions: Extensions,
    /// State of other crates that all interpreters share, by type.
    pub shared: &'static Extensions,
}

/// Detach the calling thread, which keeps its state.
#[inline]
fn put_aside(state: &ThreadState) {
    STATE.set(std::ptr::null());
    ASIDE.set(state);
    state.interp.gil.release();
}

/// Undo [`put_aside`].
#[inline]
fn resume(state: &ThreadState) {
    state.interp.gil.acquire(state);
    ASIDE.set(std::ptr::null());
    STATE.set(state);
}

impl<'a> Thread<'a> {
    /// Attach the calling thread, whatever it is: `PyGILState_Ensure`. A thread
    /// that is not known gets a state, and the C stack is taken to have room
    /// for `stack` bytes.
    ///
    /// # Safety
    ///
    /// The token is used until [`Thread::release`] undoes this.
    pub unsafe fn ensure(interp: &'static Interpreter, stack: usize) -> (Thread<'a>, Ensured) {
        if Thread::is_attached() {
            return (Thread(PhantomData), Ensured::Already);
        }
        // SAFETY: states are never freed.
        if let Some(state) = unsafe { ASIDE.get().as_ref() } {
            resume(state);
            return (Thread(PhantomData), Ensured::Resumed);
        }
        let state = interp.foreign_state();
        state.set_stack_size(stack);
        interp.gil.acquire(state);
        state.bind();
        interp.link_thread(state);
        STATE.set(state);
        (Thread(PhantomData), Ensured::New)
    }

    /// Undo [`Thread::ensure`]: `PyGILState_Release`.
    ///
    /// # Safety
    ///
    /// `ensured` came from the last `ensure` of this thread that was not undone.
    /// For [`Ensured::New`] the state is cleared and no frame is left.
    pub unsafe fn release(self, ensured: Ensured) {
        let state = self.state();
        match ensured {
            Ensured::Already => {}
            Ensured::Resumed => put_aside(state),
            Ensured::New => {
                let interp = state.interp;
                interp.unlink_thread(state);
                STATE.set(std::ptr::null());
                interp.gil.release();
                interp.keep_foreign_state(state);
            }
        }
    }

    /// The token of the calling thread.
    ///
    /// # Safety
    ///
    /// The calling thread is attached for as long as `'a`.
    #[inline(always)]
    pub unsafe fn current() -> Thread<'a> {
        Thread(PhantomData)
    }

    /// Make `state` the calling thread's state.
    ///
    /// # Safety
    ///
    /// `state` outlives the attachment and this thread holds the GIL.
    pub unsafe fn attach(state: *const ThreadState) -> Thread<'a> {
        STATE.set(state);
        Thread(PhantomData)
    }

    /// Begin the calling thread, whose state is `state`: wait for the GIL.
    ///
    /// # Safety
    ///
    /// `state` came from [`Interpreter::add_thread`] for this thread alone.
    pub unsafe fn begin(state: &'static ThreadState, stack: usize) -> Thread<'static> {
        state.set_stack_size(stack);
        state.interp.gil.acquire(state);
        state.bind();
        // SAFETY: states are never freed, and the GIL was taken just now.
        unsafe { Thread::attach(state) }
    }

    /// Release what the state of the calling thread holds, which may run
    /// Python code.
    pub fn clear_state(self) {
        let state = self.state();
        state.extensions.clear();
        let public = state.public.get();
        // SAFETY: only this thread touches its state.
        let owned = unsafe {
            [
                &raw mut (*public).current_exception,
                &raw mut (*public).exc_state.exc_value,
                &raw mut (*public).async_exc,
                &raw mut (*public).async_gen_firstiter,
                &raw mut (*public).async_gen_finalizer,
                &raw mut (*public).dict,
                &raw mut (*public).context,
            ]
        };
        for field in owned {
            // SAFETY: a field of the state, which owns what it holds.
            let old = unsafe { std::mem::replace(&mut *field, std::ptr::null_mut()) };
            // SAFETY: taken out just now.
            drop(unsafe { Ref::<crate::Object>::from_raw(old) });
        }
        state.extensions.clear();
    }

    /// End the calling thread: give up its state and the GIL.
    ///
    /// # Safety
    ///
    /// No frame of the thread is left, [`Thread::clear_state`] was called, and
    /// nobody uses the token any more.
    pub unsafe fn end(self) {
        let state = self.state();
        let interp = state.interp;
        interp.retire_thread(state);
        STATE.set(std::ptr::null());
        interp.gil.release();
    }

    /// Go on as a new thread of `interp`, on the same thread of the system; the
    /// state to [`come_back`](Thread::come_back) to.
    ///
    /// # Safety
    ///
    /// The caller comes back before it returns to code that was called before.
    pub unsafe fn visit(self, interp: &'static Interpreter) -> &'static ThreadState {
        // SAFETY: states are never freed.
        let old = unsafe { &*STATE.get() };
        let new = interp.add_thread();
        new.share_stack(old);
        new.bind();
        new.become_current();
        old
    }

    /// Undo [`visit`](Thread::visit).
    ///
    /// # Safety
    ///
    /// `old` is what `visit` gave. No frame of the visiting thread is left, and
    /// [`clear_state`](Thread::clear_state) was called.
    pub unsafe fn come_back(self, old: &'static ThreadState) {
        let visitor = self.state();
        visitor.interp.retire_thread(visitor);
        old.become_current();
    }

    /// Give up the GIL; the state is to be attached again later.
    pub fn detach(self) -> &'static ThreadState {
        // SAFETY: states are never freed.
        let state = unsafe { &*STATE.get() };
        put_aside(state);
        state
    }

    /// Wait for the GIL and attach `state`, which [`Thread::detach`] gave.
    ///
    /// # Safety
    ///
    /// The calling thread is not attached, and no other uses the state.
    pub unsafe fn reattach(state: &'static ThreadState) -> Thread<'static> {
        resume(state);
        Thread(PhantomData)
    }

    /// The state of the calling thread, attached or put aside.
    pub fn own_state() -> Option<&'static ThreadState> {
        let attached = STATE.get();
        let state = if attached.is_null() { ASIDE.get() } else { attached };
        // SAFETY: states are never freed.
        unsafe { state.as_ref() }
    }

    /// In the child of a fork: only the calling thread is left, and becomes
    /// the main thread. States of other threads are forgotten as they are,
    /// since nobody can unwind their frames.
    pub fn after_fork(self) {
        let state = self.state();
        let interp = state.interp;
        interp.gil.after_fork(state);
        state.set_next(std::ptr::null());
        interp.threads.newest.set(state);
        state.bind();
        interp.threads.main_ident.set(state.ident());
    }

    /// Let another thread run, if one waits for the GIL.
    #[cold]
    pub fn yield_gil(self) {
        let state = self.state();
        state.interp.gil.yield_to_others(state);
    }

    /// Whether the calling thread is the main thread.
    pub fn is_main(self) -> bool {
        self.state().ident() == self.interp().threads.main_ident.get()
    }

    /// Whether the calling thread has a state.
    pub fn is_attached() -> bool {
        !STATE.get().is_null()
    }

    /// The state.
    #[inline(always)]
    pub fn state(self) -> &'a ThreadState {
        // SAFETY: attached, so the state is set and alive.
        unsafe { &*STATE.get() }
    }

    /// The interpreter.
    #[inline]
    pub fn interp(self) -> &'static Interpreter {
        self.state().interp
    }

    /// The object heap.
    #[inline]
    pub fn heap(self) -> &'static Heap {
        self.state().heap
    }

    /// What upper crates do for this one.
    pub fn hooks(self) -> Hooks {
        self.interp().hooks.get()
    }

    /// Set an exception of class `ty` with a message.
    #[cold]
    pub fn raise(self, ty: &Type, message: fmt::Arguments<'_>) -> Raised {
        exceptions::raise_message(self, ty, &fmt::format(message))
    }

    /// Set an exception of class `ty` without arguments.
    #[cold]
    pub fn raise_empty(self, ty: &Type) -> Raised {
        exceptions::raise_call(self, ty, &[])
    }

    /// Set an exception of class `ty` that carries `args`.
    #[cold]
    pub fn raise_args(self, ty: &Type, args: &[Obj<'_>]) -> Raised {
        exceptions::raise_call(self, ty, args)
    }

    /// Set `exception`, an instance of `BaseException`, with the handled
    /// exception as its `__context__`.
    #[cold]
    pub fn raise_object(self, exception: Ref) -> Raised {
        exceptions::raise_instance(self, exception)
    }

    /// Set `exception` as it is, without chaining (re-raise).
    pub fn restore(self, exception: Ref) -> Raised {
        let old = self.swap_exception(Some(exception));
        drop(old);
        Raised
    }

    /// `MemoryError`.
    #[cold]
    pub fn no_memory(self) -> Raised {
        self.raise_empty(exceptions::types::MemoryError())
    }

    /// The exception that is set, if any.
    pub fn exception(self) -> Option<Ref> {
        // SAFETY: only this thread touches its state.
        let ptr = unsafe { (*self.state().public.get()).current_exception };
        // SAFETY: the state owns a reference.
        unsafe { Obj::from_raw(ptr) }.map(Obj::own)
    }

    /// Whether an exception is set.
    #[inline]
    pub fn is_raised(self) -> bool {
        // SAFETY: only this thread touches its state.
        !unsafe { (*self.state().public.get()).current_exception }.is_null()
    }

    /// Take the exception that a `Raised` stands for.
    pub fn take_exception(self, _: Raised) -> Ref {
        match self.swap_exception(None) {
            Some(exception) => exception,
            None => {
                let text = "error return without exception set";
                self.raise(exceptions::types::SystemError(), format_args!("{text}"));
                match self.swap_exception(None) {
                    Some(exception) => exception,
                    None => crate::types::none().own(),
                }
            }
        }
    }

    /// Drop the exception that a `Raised` stands for.
    pub fn clear_exception(self, _: Raised) {
        drop(self.swap_exception(None));
    }

    /// Clear the exception if it is an instance of `ty`; otherwise pass it on.
    pub fn catch(self, raised: Raised, ty: &Type) -> Result<(), Raised> {
        if self.exception_matches(ty) {
            self.clear_exception(raised);
            return Ok(());
        }
        Err(raised)
    }

    /// Whether the exception that is set is an instance of `ty`.
    pub fn exception_matches(self, ty: &Type) -> bool {
        self.exception().is_some_and(|exception| exception.obj().ty().is_subtype(ty))
    }

    /// Replace the exception that is set.
    pub fn swap_exception(self, exception: Option<Ref>) -> Option<Ref> {
        let new = exception.map_or(std::ptr::null_mut(), Ref::into_raw);
        // SAFETY: only this thread touches its state.
        let old =
            unsafe { std::mem::replace(&mut (*self.state().public.get()).current_exception, new) };
        // SAFETY: the state owned a reference.
        unsafe { Ref::from_raw(old) }
    }

    /// Raise `RecursionError` when the native stack is nearly used up.
    /// `doing` completes the message: `" while calling a Python object"`.
    #[inline]
    pub fn check_stack(self, doing: &'static str) -> Result<()> {
        let here = 0u8;
        if (&raw const here).addr() < self.state().stack_limit.get() {
            return Err(self.stack_overflow(doing));
        }
        Ok(())
    }

    /// As [`Thread::check_stack`] for recursion that CPython does not limit:
    /// raises only where the stack ends.
    #[inline]
    pub fn check_stack_end(self) -> Result<()> {
        let here = 0u8;
        if (&raw const here).addr() < self.state().stack_end.get() {
            return Err(self.stack_overflow(""));
        }
        Ok(())
    }

    #[cold]
    fn stack_overflow(self, doing: &'static str) -> Raised {
        // Some room to build the exception and to handle it.
        let state = self.state();
        let limit = state.stack_limit.get();
        let here = 0u8;
        let here = (&raw const here).addr();
        state.stack_limit.set(limit.min(here).saturating_sub(64 * 1024));
        let used = state.stack_top.get().saturating_sub(here) / 1024;
        let raised = self.raise(
            exceptions::types::RecursionError(),
            format_args!("Stack overflow (used {used} kB){doing}"),
        );
        state.stack_limit.set(limit);
        raised
    }

    /// Run `f`, which may block and touches no object, without holding the GIL.
    #[inline]
    pub fn allow_threads<R>(self, f: impl FnOnce() -> R) -> R {
        struct Attach<'a>(&'a ThreadState);
        impl Drop for Attach<'_> {
            fn drop(&mut self) {
                resume(self.0);
            }
        }
        let state = self.state();
        put_aside(state);
        let _attach = Attach(state);
        f()
    }

    /// Ask the interpreter to look at `reason` (a bit of [`breaker`]) soon.
    pub fn request_break(self, reason: u32) {
        self.state().eval_breaker.fetch_or(reason, Ordering::Relaxed);
    }
}

impl Interpreter {
    /// The interpreter that was started first.
    pub fn main() -> Option<&'static Interpreter> {
        // SAFETY: interpreters are never freed.
        unsafe { MAIN.load(Ordering::Acquire).as_ref() }
    }

    /// An interpreter without modules.
    fn new(runtime: &'static Runtime) -> Interpreter {
        Interpreter {
            runtime,
            id: Cell::new(0),
            heap: &runtime.heap,
            gil: &runtime.gil,
            threads: Threads::default(),
            finalizing: Cell::new(std::ptr::null()),
            modules: Link::null(),
            sys_dict: Link::null(),
            builtins: Link::null(),
            importlib: Link::null(),
            hooks: Cell::new(Hooks::NONE),
            flags: RefCell::default(),
            int_max_str_digits: Cell::new(4300),
            recursion_limit: Cell::new(1000),
            hash_secret: Cell::new((0, 0)),
            type_cache: &runtime.type_cache,
            watchers: Watchers::default(),
            extensions: Extensions::default(),
            shared: &runtime.shared,
        }
    }

    /// Another interpreter of the process, as `self` was when it began: no
    /// modules, no threads.
    pub fn another(&self) -> &'static Interpreter {
        let runtime = self.runtime;
        let kept = runtime.retired.borrow_mut().pop();
        let interp = kept.unwrap_or_else(|| Box::leak(Box::new(Interpreter::new(runtime))));
        runtime.last_id.set(self.next_id());
        interp.id.set(runtime.last_id.get());
        interp.hooks.set(self.hooks.get());
        interp.flags.replace(self.flags.borrow().clone());
        interp.int_max_str_digits.set(self.flags.borrow().int_max_str_digits);
        interp.recursion_limit.set(1000);
        interp.hash_secret.set(self.hash_secret.get());
        interp.threads.main_ident.set(self.threads.main_ident.get());
        interp.threads.lasting.set(0);
        interp.finalizing.set(std::ptr::null());
        interp
    }

    /// Whether the interpreter is ending, or all are.
    pub fn is_finalizing(&self) -> bool {
        !self.finalizing.get().is_null() || self.gil.is_finalizing()
    }

    /// Let go of what the interpreter holds: modules, and the state of other
    /// crates. Objects die, which may run Python code.
    pub fn clear(&self) {
        self.extensions.clear();
        for link in [&self.modules, &self.sys_dict, &self.builtins] {
            drop(link.take());
        }
        drop(self.importlib.take());
        self.extensions.clear();
    }

    /// Keep a cleared interpreter without threads for
    /// [`another`](Interpreter::another).
    pub fn retire(&'static self) {
        self.watchers.clear();
        self.runtime.retired.borrow_mut().push(self);
    }

    /// Whether this is the interpreter that was started first.
    pub fn is_main(&self) -> bool {
        self.id.get() == 0
    }

    /// The number that the next interpreter gets.
    pub fn next_id(&self) -> i64 {
        self.runtime.last_id.get() + 1
    }

    /// The state of a new thread, on the list of threads.
    pub fn add_thread(&'static self) -> &'static ThreadState {
        let threads = &self.threads;
        // SAFETY: retired states are never freed, and used by one thread only.
        let state = match unsafe { threads.retired.get().as_ref() } {
            Some(state) => {
                threads.retired.set(state.next());
                state.reset();
                state
            }
            None => Box::leak(Box::new(ThreadState::new(self))),
        };
        self.link_thread(state);
        state
    }

    /// Put a new state on the list of threads, with the GIL held.
    fn link_thread(&self, state: &ThreadState) {
        let threads = &self.threads;
        state.eval_breaker.store(threads.lasting.get() | threads.asked(), Ordering::Relaxed);
        let id = self.runtime.last_thread_id.get() + 1;
        self.runtime.last_thread_id.set(id);
        let public = state.public.get();
        // SAFETY: nobody else uses the state yet.
        unsafe { (*public).id = id };
        let interp = std::ptr::from_ref(self).cast_mut().cast::<abi::PyInterpreterState>();
        // SAFETY: as above.
        unsafe { (*public).interp = interp };
        state.set_next(threads.newest.get());
        threads.newest.set(state);
    }

    /// A state for a thread of somebody else, which has no GIL yet: one that
    /// was used for such a thread before, or a new one.
    fn foreign_state(&'static self) -> &'static ThreadState {
        let spare = self.threads.spare.swap(std::ptr::null_mut(), Ordering::Acquire);
        // SAFETY: states are never freed, and the swap made this one ours.
        match unsafe { spare.as_ref() } {
            Some(state) => {
                state.reset();
                state
            }
            None => Box::leak(Box::new(ThreadState::new(self))),
        }
    }

    /// Keep the state of a foreign thread for the next one.
    fn keep_foreign_state(&self, state: &ThreadState) {
        // Where there is one already the state is leaked: as many of them are
        // made as there were foreign threads at once.
        let state = std::ptr::from_ref(state).cast_mut();
        let (empty, order) = (std::ptr::null_mut(), Ordering::AcqRel);
        let _ = self.threads.spare.compare_exchange(empty, state, order, Ordering::Relaxed);
    }

    /// Set or clear a bit of the evaluation breaker of all threads, those that
    /// will come included.
    pub fn set_lasting_break(&self, bit: u32, on: bool) {
        let lasting = &self.threads.lasting;
        lasting.set(if on { lasting.get() | bit } else { lasting.get() & !bit });
        for state in self.all_threads() {
            if on {
                state.eval_breaker.fetch_or(bit, Ordering::Relaxed);
            } else {
                state.eval_breaker.fetch_and(!bit, Ordering::Relaxed);
            }
        }
    }

    /// Set a bit of the evaluation breaker of the thread that runs, and of those of this
    /// interpreter that will until [`Threads::stop_asking`]. Needs no GIL.
    pub fn ask_threads(&self, bit: u32) {
        self.threads.asked.fetch_or(bit, Ordering::SeqCst);
        self.gil.ask_holder(bit);
    }

    /// Take a state off the list; it will be used for another thread.
    pub fn retire_thread(&self, state: &ThreadState) {
        self.unlink_thread(state);
        let threads = &self.threads;
        state.set_next(threads.retired.get());
        threads.retired.set(state);
    }

    fn unlink_thread(&self, state: &ThreadState) {
        let threads = &self.threads;
        let mut before: Option<&ThreadState> = None;
        for other in self.all_threads() {
            if std::ptr::eq(other, state) {
                match before {
                    Some(before) => before.set_next(state.next()),
                    None => threads.newest.set(state.next()),
                }
                break;
            }
            before = Some(other);
        }
    }

    /// The states of all threads, the newest first.
    ///
    /// Callers hold the GIL; a process about to die may take the risk that a thread is missed.
    pub fn all_threads(&self) -> impl Iterator<Item = &'static ThreadState> {
        let mut next = self.threads.newest.get();
        std::iter::from_fn(move || {
            // SAFETY: states are never freed.
            let state = unsafe { next.as_ref() }?;
            next = state.next();
            Some(state)
        })
    }
}

impl Default for Threads {
    fn default() -> Self {
        Threads {
            newest: Cell::new(std::ptr::null()),
            retired: Cell::new(std::ptr::null()),
            spare: AtomicPtr::new(std::ptr::null_mut()),
            lasting: Cell::new(0),
            asked: AtomicU32::new(0),
            main_ident: Cell::new(0),
        }
    }
}

impl Threads {
    /// `pthread_self` of the main thread.
    pub fn main_ident(&self) -> u64 {
        self.main_ident.get()
    }

    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    /// Ask for a bit no more; threads that got it keep it.
    pub fn stop_asking(&self, bit: u32) {
        self.asked.fetch_and(!bit, Ordering::SeqCst);
    }
}

impl ThreadState {
    /// The state of a new thread of `interp`, not attached yet.
    pub fn new(interp: &'static Interpreter) -> ThreadState {
        ThreadState {
            // A counter of one keeps `PyGILState_Release` and its like in C++ from
            // ending a thread that they did not begin.
            public: UnsafeCell::new(abi::PyThreadState {
                interp: std::ptr::from_ref(interp).cast_mut().cast(),
                gilstate_counter: 1,
                ..abi::PyThreadState::ZERO
            }),
            interp,
            heap: interp.heap,
            eval_breaker: AtomicU32::new(0),
            recursion_remaining: Cell::new(interp.recursion_limit.get()),
            stack_end: Cell::new(0),
            stack_top: Cell::new(0),
            stack_limit: Cell::new(0),
            frame: Cell::new(std::ptr::null_mut()),
            dealloc_depth: Cell::new(0),
            dealloc_later: crate::alloc::Waiting::default(),
            extensions: Extensions::default(),
        }
    }

    /// Make a retired state like a new one.
    fn reset(&self) {
        // SAFETY: nobody uses the state of a thread that ended.
        unsafe { *self.public.get() = abi::PyThreadState::ZERO };
        self.eval_breaker.store(0, Ordering::Relaxed);
        self.recursion_remaining.set(self.interp.recursion_limit.get());
        self.frame.set(std::ptr::null_mut());
        self.dealloc_depth.set(0);
    }

    /// Run on the stack of another state, one at a time.
    pub fn share_stack(&self, other: &ThreadState) {
        self.stack_top.set(other.stack_top.get());
        self.stack_end.set(other.stack_end.get());
        self.stack_limit.set(other.stack_limit.get());
    }

    /// Bytes of the stack below the caller that native code may use.
    pub fn stack_room(&self) -> usize {
        let here = 0u8;
        (&raw const here).addr().saturating_sub(self.stack_limit.get())
    }

    /// Go on as this thread, with the GIL held.
    fn become_current(&'static self) {
        self.interp.gil.pass_to(self);
        STATE.set(self);
    }

    /// Note which thread of the system the calling one is.
    fn bind(&self) {
        let public = self.public.get();
        // SAFETY: only this thread and readers with the GIL use the fields.
        unsafe { (*public).thread_id = host::thread::ident() };
        // SAFETY: as above.
        unsafe { (*public).native_thread_id = host::thread::native_id() };
        // SAFETY: as above; C code expects a chain that is never empty.
        unsafe { (*public).exc_info = &raw mut (*public).exc_state };
    }

    /// `pthread_self` of the thread; 0 before it runs.
    pub fn ident(&self) -> u64 {
        // SAFETY: written once, when the thread begins.
        unsafe { (*self.public.get()).thread_id }
    }

    /// The number of the thread, which no other thread of the process has.
    pub fn id(&self) -> u64 {
        // SAFETY: written once, when the state is made.
        unsafe { (*self.public.get()).id }
    }

    fn next(&self) -> *const ThreadState {
        // SAFETY: a field that changes with the GIL held.
        unsafe { (*self.public.get()).next.cast::<ThreadState>() }
    }

    fn set_next(&self, next: *const ThreadState) {
        // SAFETY: as above; the public part is the start of the state.
        unsafe { (*self.public.get()).next = next.cast_mut().cast() };
    }

    /// Allow native code to use `size` bytes of the stack below the caller.
    pub fn set_stack_size(&self, size: usize) {
        let here = 0u8;
        self.stack_top.set((&raw const here).addr());
        self.stack_end.set((&raw const here).addr().saturating_sub(size));
        self.stack_limit.set((&raw const here).addr().saturating_sub(size));
    }

    /// Say that there are `size` bytes of stack below the caller, which may be
    /// more than native code is to use.
    pub fn set_stack_end(&self, size: usize) {
        let here = 0u8;
        self.stack_end.set((&raw const here).addr().saturating_sub(size));
    }
}

/// Start an interpreter with one attached thread and working builtin types.
/// The interpreter lives for ever.
pub fn boot(mode: alloc::Mode) -> Thread<'static> {
    boot_with(mode, (0, 0))
}

/// [`boot`] with a key for string hashing, which the first strings need.
pub fn boot_with(mode: alloc::Mode, hash_secret: (u64, u64)) -> Thread<'static> {
    small_int::init(types::int::int_type().as_ptr());
    let runtime = Box::leak(Box::new(Runtime {
        heap: Heap::new(mode),
        gil: Gil::default(),
        type_cache: TypeCache::default(),
        shared: Extensions::default(),
        last_id: Cell::new(0),
        last_thread_id: Cell::new(0),
        retired: RefCell::default(),
    }));
    let interp: &'static Interpreter = Box::leak(Box::new(Interpreter::new(runtime)));
    interp.hash_secret.set(hash_secret);
    let first = std::ptr::from_ref(interp).cast_mut();
    let _ =
        MAIN.compare_exchange(std::ptr::null_mut(), first, Ordering::Release, Ordering::Relaxed);
    let state = interp.add_thread();
    // SAFETY: the state is this thread's.
    let th = unsafe { Thread::begin(state, 4 * 1024 * 1024) };
    interp.threads.main_ident.set(state.ident());
    if types::type_::init(th).is_err() {
        // Out of memory before the first object works: nothing can be reported.
        std::process::abort();
    }
    th
}
