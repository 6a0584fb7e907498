//! Generators and coroutines: frames that live at the end of an object.
//!
//! `gi_frame_state` is negative while the generator is suspended (or was never
//! started), 0 while it runs, positive when it is finished. A running
//! generator's exception state is on top of the thread's chain. Its frame is
//! linked like any other, so that resuming is a jump; only a resumption from
//! native code enters the loop anew. `ip` of a suspended frame is one further,
//! so that it shows the next instruction.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on live generators and their frames")]

use std::{
    cell::Cell,
    ptr::{NonNull, null_mut},
};

use abi::{PyGenObject, PyObject};
use bytecode::Op;
use macros::{pymethods, pytype};
use object::{
    AsObject, Code, Head, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, ThreadState, Traverse,
    Type, alloc_object, error, exceptions::types, gc, id, protocol, raise, reference,
    types::generic_alias,
};

use crate::{
    exc_state, exception,
    frame::{self, Frame, owner},
    frame_object::FrameObject,
    interp::{self, Flow, Regs},
    ops::{Step, stop_or_raise},
    word::{Word, own_raw},
};

/// Values of `gi_frame_state`.
pub(crate) mod state {
    pub(crate) const CREATED: i8 = -3;
    pub(crate) const SUSPENDED: i8 = -2;
    pub(crate) const SUSPENDED_YIELD_FROM: i8 = -1;
    pub(crate) const EXECUTING: i8 = 0;
    pub(crate) const COMPLETED: i8 = 1;
    pub(crate) const CLEARED: i8 = 4;
}

const BASIC_SIZE: usize = std::mem::offset_of!(PyGenObject, gi_iframe) + size_of::<Frame>();
const BODY: usize = BASIC_SIZE - 24;

macro_rules! generator_types {
    ($($(#[$meta:meta])* $name:ident;)*) => { $(
        $(#[$meta])*
        pub struct $name {
            head: Head,
            weakreflist: Cell<*mut PyObject>,
            body: std::cell::UnsafeCell<[u8; BODY]>,
        }

        impl Traverse for $name {
            const GC: bool = true;
            fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
                // SAFETY: the three types share their layout.
                unsafe { traverse(self.as_gen(), visit) }
            }
            fn clear(&self) {
                // SAFETY: the three types share their layout.
                unsafe { clear(self.as_gen()) }
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: dead, so that nobody else uses the fields.
                unsafe { drop_fields(self.as_gen()) }
            }
        }

        impl $name {
            #[inline(always)]
            pub(crate) fn as_gen(&self) -> *mut PyGenObject {
                std::ptr::from_ref(self).cast_mut().cast()
            }
        }
    )* };
}

generator_types! {
    /// An iterator that executes a function piece by piece.
    #[pytype(name = "generator", c_name = "PyGen_Type", flags = 0, basicsize = BASIC_SIZE, itemsize = 8, weaklistoffset = weakreflist, traverse = manual)]
    Generator;

    /// What calling an `async def` function gives.
    #[pytype(name = "coroutine", c_name = "PyCoro_Type", flags = 0, basicsize = BASIC_SIZE, itemsize = 8, weaklistoffset = weakreflist, traverse = manual)]
    Coroutine;

    /// What calling an `async def` function that yields gives.
    #[pytype(name = "async_generator", c_name = "PyAsyncGen_Type", flags = 0, basicsize = BASIC_SIZE, itemsize = 8, weaklistoffset = weakreflist, traverse = manual)]
    AsyncGenerator;
}

/// The frame of a generator.
#[inline(always)]
pub(crate) fn frame_of(this: *mut PyGenObject) -> *mut Frame {
    this.cast::<u8>().wrapping_add(std::mem::offset_of!(PyGenObject, gi_iframe)).cast::<Frame>()
}

unsafe fn traverse(this: *mut PyGenObject, visit: &mut dyn FnMut(Obj<'_>)) {
    let mut show = |ptr: *mut PyObject| {
        if let Some(object) = Obj::from_raw(ptr) {
            visit(object);
        }
    };
    show((*this).gi_name);
    show((*this).gi_qualname);
    show((*this).gi_exc_state.exc_value);
    show((*this).gi_origin_or_finalizer);
    let frame = frame_of(this);
    match (*this).gi_frame_state {
        state::EXECUTING => crate::frame_object::traverse_variables(frame, visit),
        state if state < state::EXECUTING => crate::frame_object::traverse_frame(frame, visit),
        _ => {}
    }
}

unsafe fn clear(this: *mut PyGenObject) {
    if (*this).gi_frame_state < state::EXECUTING {
        let th = Thread::current();
        retain_code(frame_of(this));
        (*this).gi_frame_state = state::CLEARED;
        frame::clear(th, frame_of(this));
    }
}

unsafe fn drop_fields(this: *mut PyGenObject) {
    clear(this);
    let frame = frame_of(this);
    release_object(th_frame_object(frame));
    for field in [
        &raw mut (*this).gi_name,
        &raw mut (*this).gi_qualname,
        &raw mut (*this).gi_exc_state.exc_value,
        &raw mut (*this).gi_origin_or_finalizer,
    ] {
        release_object(std::mem::replace(&mut *field, null_mut()));
    }
    release_object((*frame).code.cast_mut().cast());
}

unsafe fn th_frame_object(frame: *mut Frame) -> *mut PyObject {
    std::mem::replace(&mut (*frame).frame_obj, null_mut())
}

unsafe fn release_object(ptr: *mut PyObject) {
    drop(Ref::<object::Object>::from_raw(ptr));
}

/// Let the frame own its code, because it is about to lose its function.
unsafe fn retain_code(frame: *mut Frame) {
    if !(*frame).func.is_null() {
        reference::incref(NonNull::new_unchecked((*frame).code.cast_mut().cast()));
    }
}

/// `tp_dealloc`: finish the generator first, which may bring it back.
unsafe extern "C" fn dealloc<T: object::declare::Declared>(object: *mut PyObject) {
    let this = object.cast::<PyGenObject>();
    let th = Thread::current();
    if !needs_finalizer(this) || gc::is_finalized(th.heap(), object) {
        return tear_down::<T>(th, object);
    }
    let ptr = NonNull::new_unchecked(object);
    gc::untrack(th.heap(), ptr);
    if object::alloc::defer_dealloc(th, ptr) {
        return;
    }
    reference::resurrect(ptr);
    gc::set_finalized(th.heap(), object);
    finalize(th, this);
    if reference::still_dead(ptr) {
        object::alloc::for_base(th, || tear_down::<T>(th, object));
    } else {
        gc::track(th.heap(), ptr);
    }
    object::alloc::end_dealloc(th);
}

unsafe fn tear_down<T: object::declare::Declared>(th: Thread<'_>, object: *mut PyObject) {
    alloc_object::dealloc_with(th, object, T::type_object(), true, |object| {
        std::ptr::drop_in_place(object.cast::<T>());
    });
}

unsafe fn needs_finalizer(this: *mut PyGenObject) -> bool {
    (*this).gi_frame_state < state::COMPLETED
}

/// `tp_finalize`: close a generator that nobody can resume any more.
pub(crate) unsafe fn finalize(th: Thread<'_>, this: *mut PyGenObject) {
    if (*this).gi_frame_state >= state::COMPLETED {
        return;
    }
    let object = as_obj(this);
    let saved = th.swap_exception(None);
    if object.is_exact::<AsyncGenerator>()
        && (*this).gi_closed == 0
        && let Some(finalizer) = own_raw((*this).gi_origin_or_finalizer)
    {
        if finalizer.call(th, &[object]).is_err() {
            let context = "Exception ignored while finalizing generator";
            (th.hooks().unraisable)(th, Some(context), Some(object));
        }
        drop(th.swap_exception(saved));
        return;
    }
    if object.is_exact::<Coroutine>() && (*this).gi_frame_state == state::CREATED {
        warn_unawaited(th, this);
    } else {
        match close(th, this) {
            Ok(_) => {}
            Err(_) => {
                let context = "Exception ignored while closing generator";
                (th.hooks().unraisable)(th, Some(context), Some(object));
            }
        }
    }
    drop(th.swap_exception(saved));
}

unsafe fn warn_unawaited(th: Thread<'_>, this: *mut PyGenObject) {
    let object = as_obj(this);
    let warned = (|| -> Result<()> {
        let name = id!(th, "_warn_unawaited_coroutine");
        let warnings = match th.interp().modules.get() {
            Some(modules) => modules.get(th, id!(th, "warnings").obj())?,
            None => None,
        };
        let warnings = match warnings {
            Some(module) => Some(module),
            None => match (th.hooks().import_module)(th, id!(th, "warnings")) {
                Ok(module) => Some(module),
                Err(raised) => {
                    th.clear_exception(raised);
                    None
                }
            },
        };
        if let Some(module) = warnings
            && let Some(function) = module.getattr_opt(th, name)?
        {
            let Err(raised) = function.call(th, &[object]) else { return Ok(()) };
            if th.exception_matches(types::RuntimeWarning()) {
                return Err(raised);
            }
            report_unfinalized(th, object);
        }
        let qualname = own_raw((*this).gi_qualname);
        let qualname = qualname.as_ref().and_then(|name| name.obj().downcast::<Str>());
        let qualname = qualname.map_or_else(String::new, Str::to_string);
        let text = Str::from_fmt(th, format_args!("coroutine '{qualname}' was never awaited"))?;
        (th.hooks().warn)(th, types::RuntimeWarning().obj(), &text, 1)
    })();
    if warned.is_err() {
        report_unfinalized(th, object);
    }
}

fn report_unfinalized(th: Thread<'_>, object: Obj<'_>) {
    let context = "Exception ignored while finalizing coroutine";
    (th.hooks().unraisable)(th, Some(context), Some(object));
}

/// The generator as an object.
pub(crate) unsafe fn as_obj<'a>(this: *mut PyGenObject) -> Obj<'a> {
    Obj::from_ptr(NonNull::new_unchecked(this.cast()))
}

/// Make a generator of the kind that the code says of a frame on the data
/// stack; its contents move. Null fields on error.
#[inline(never)]
pub(crate) unsafe fn from_frame(th: Thread<'_>, frame: *mut Frame) -> Option<*mut PyObject> {
    let code = Frame::code(frame);
    // One word more than the code says: handlers may push a name on the way.
    let slots = code.nlocalsplus as usize + code.stacksize as usize + 1;
    let object = if code.flags & abi::CO_COROUTINE != 0 {
        alloc_object::alloc_items::<Coroutine>(th, slots)
    } else if code.flags & abi::CO_ASYNC_GENERATOR != 0 {
        alloc_object::alloc_items::<AsyncGenerator>(th, slots)
    } else {
        alloc_object::alloc_items::<Generator>(th, slots)
    };
    let object = object.ok()?;
    let this = object.as_ptr().cast::<PyGenObject>();
    let fields = this.cast::<u8>().add(size_of::<PyObject>());
    fields.write_bytes(0, std::mem::offset_of!(PyGenObject, gi_iframe) - size_of::<PyObject>());
    if let Some(function) = Frame::function(frame) {
        (*this).gi_name = function.name.get().map_or(null_mut(), Ref::into_raw);
        (*this).gi_qualname = function.qualname.get().map_or(null_mut(), Ref::into_raw);
    }
    (*this).gi_frame_state = state::CREATED;
    let new = frame_of(this);
    move_frame(frame, new);
    (*new).owner = owner::GENERATOR;
    (*new).entry = 0;
    (*new).ip = (*new).ip.add(1);
    if code.flags & abi::CO_COROUTINE != 0 {
        let depth = (*frame::public(th.state())).coroutine_origin_tracking_depth;
        if depth > 0 {
            let origin = crate::traceback::origin(th, (*frame).prev, depth);
            (*this).gi_origin_or_finalizer = origin.map_or(null_mut(), Ref::into_raw);
        }
    }
    gc::track(th.heap(), object);
    Some(object.as_ptr())
}

/// Move the contents of a frame to other memory; all words become owned.
pub(crate) unsafe fn move_frame(frame: *mut Frame, new: *mut Frame) {
    std::ptr::copy_nonoverlapping(frame, new, 1);
    let (from, to) = (Frame::localsplus(frame), Frame::localsplus(new));
    let used = (*frame).sp.offset_from(from) as usize;
    for i in 0..used {
        let word = *from.add(i);
        *to.add(i) = if word.is_null() { word } else { word.owned() };
    }
    (*new).sp = to.add(used);
    (*new).prev = null_mut();
    if let Some(object) = Obj::from_raw((*new).frame_obj) {
        object.cast::<FrameObject>().set_frame(new);
    }
}

/// Leave a generator's frame for a while: it yields. The frame's `ip` is for
/// the caller to set.
#[inline(always)]
pub(crate) unsafe fn suspend(state: &ThreadState, frame: *mut Frame, from: bool) {
    let this = Frame::generator(frame).cast::<PyGenObject>();
    (*this).gi_frame_state =
        if from { self::state::SUSPENDED_YIELD_FROM } else { self::state::SUSPENDED };
    exc_state::pop(state, &raw mut (*this).gi_exc_state);
    (*frame).prev = null_mut();
    (*frame).line = 0;
}

/// Leave a generator's frame for ever.
#[inline(never)]
pub(crate) unsafe fn finish(th: Thread<'_>, frame: *mut Frame) {
    if (*frame).owner != owner::GENERATOR {
        return;
    }
    let this = Frame::generator(frame).cast::<PyGenObject>();
    exc_state::pop(th.state(), &raw mut (*this).gi_exc_state);
    (*frame).prev = null_mut();
    (*this).gi_frame_state = state::CLEARED;
    retain_code(frame);
    frame::clear(th, frame);
    let handled = std::mem::replace(&mut (*this).gi_exc_state.exc_value, null_mut());
    release_object(handled);
}

/// Give up a generator that could not be resumed.
#[cold]
pub(crate) unsafe fn abandon(th: Thread<'_>, frame: *mut Frame) {
    finish(th, frame);
}

/// Enter the frame of a suspended generator or coroutine with a value, which
/// is taken over; `sp` becomes the caller's. `Miss` if it cannot be.
#[inline(always)]
pub(crate) unsafe fn enter(
    r: &mut Regs,
    receiver: Word,
    value: Word,
    sp: *mut Word,
    resume: usize,
) -> Flow {
    let ty = receiver.heap_type();
    if ty != Generator::type_object().as_ptr() && ty != Coroutine::type_object().as_ptr() {
        return Flow::Miss;
    }
    let this = receiver.ptr().cast::<PyGenObject>();
    let left = (*r.state).recursion_remaining.get() - 1;
    if (*this).gi_frame_state >= state::EXECUTING
        || (*this).gi_frame_state == state::CREATED && !value.is(object::types::none())
        || left <= 0
    {
        return Flow::Miss;
    }
    (*r.state).recursion_remaining.set(left);
    r.sp = sp;
    let frame = frame_of(this);
    let (ip, sp) = wake(&*r.state, this, value);
    r.switch(frame, ip, sp, resume as u16)
}

/// Mark a suspended generator as running, with a value on its stack. The frame
/// has `ip` and `sp` of old.
#[inline(always)]
unsafe fn wake(state: &ThreadState, this: *mut PyGenObject, value: Word) -> (*mut u16, *mut Word) {
    let frame = frame_of(this);
    let sp = (*frame).sp;
    *sp = value.owned();
    (*frame).entry = 0;
    (*this).gi_frame_state = self::state::EXECUTING;
    exc_state::push(state, &raw mut (*this).gi_exc_state);
    ((*frame).ip.sub(1), sp.add(1))
}

unsafe fn start(th: Thread<'_>, this: *mut PyGenObject, value: Word) -> *mut Frame {
    let frame = frame_of(this);
    let (ip, sp) = wake(th.state(), this, value);
    (*frame).ip = ip;
    (*frame).sp = sp;
    frame
}

/// How the object is called in messages.
fn kind(object: Obj<'_>) -> &'static str {
    if object.is_exact::<Coroutine>() {
        "coroutine"
    } else if object.is_exact::<AsyncGenerator>() {
        "async generator"
    } else {
        "generator"
    }
}

/// What to resume a generator with.
pub(crate) enum Resume<'a> {
    /// `next()`.
    Next,
    Send(Obj<'a>),
    /// The exception that is set.
    Throw,
    /// As `Throw`, to close it.
    Close,
}

/// Resume a generator from native code.
pub(crate) unsafe fn resume(
    th: Thread<'_>,
    this: *mut PyGenObject,
    how: Resume<'_>,
) -> Result<Step> {
    let object = as_obj(this);
    let none = object::types::none();
    let current = (*this).gi_frame_state;
    let throws = matches!(how, Resume::Throw | Resume::Close);
    if current == state::CREATED
        && let Resume::Send(value) = how
        && !value.is_none()
    {
        raise!(th, TypeError, "can't send non-None value to a just-started {}", kind(object));
    }
    if current == state::EXECUTING {
        raise!(th, ValueError, "{} already executing", kind(object));
    }
    if current >= state::COMPLETED {
        if object.is_exact::<Coroutine>() && !matches!(how, Resume::Close) {
            raise!(th, RuntimeError, "cannot reuse already awaited coroutine");
        }
        if throws {
            return Err(object::Raised);
        }
        return Ok(Step::Return(none.own()));
    }
    let value = if let Resume::Send(value) = how { value } else { none };
    let keep = object.own();
    let frame = start(th, this, Word::borrow(value));
    let result = if throws {
        chain_context(th);
        interp::run_throw(th, frame)
    } else {
        interp::run(th, frame)
    };
    let suspended = (*this).gi_frame_state < state::EXECUTING;
    drop(keep);
    match Ref::from_raw(result) {
        None => Err(object::Raised),
        Some(value) if suspended => Ok(Step::Yield(value)),
        Some(value) => Ok(Step::Return(value)),
    }
}

/// Give the exception that is set the handled one as context.
fn chain_context(th: Thread<'_>) {
    if let Some(exception) = th.swap_exception(None) {
        if exception::context(exception.obj()).is_none() {
            exception::set_raised(th, exception);
        } else {
            th.restore(exception);
        }
    }
}

/// Raise `StopIteration(value)`.
pub(crate) fn raise_stop(th: Thread<'_>, value: Obj<'_>) -> object::Raised {
    let ty = types::StopIteration();
    if value.is_none() { th.raise_args(ty, &[]) } else { th.raise_args(ty, &[value]) }
}

/// A step as `send` and `throw` return it.
pub(crate) unsafe fn finish_step(
    th: Thread<'_>,
    this: *mut PyGenObject,
    step: Step,
) -> Result<Ref> {
    match step {
        Step::Yield(value) => Ok(value),
        Step::Return(value) => {
            if as_obj(this).is_exact::<AsyncGenerator>() {
                return Err(th.raise_empty(types::StopAsyncIteration()));
            }
            Err(raise_stop(th, value.obj()))
        }
    }
}

/// What the generator waits for: the iterator of its `yield from` or `await`.
pub(crate) unsafe fn delegate(this: *mut PyGenObject) -> Option<Ref> {
    if (*this).gi_frame_state != state::SUSPENDED_YIELD_FROM {
        return None;
    }
    let frame = frame_of(this);
    Some((*(*frame).sp.sub(1)).obj().own())
}

/// Close a sub-iterator of any kind.
fn close_iter(th: Thread<'_>, iterator: Obj<'_>) -> Result<()> {
    if let Some(this) = as_generator(iterator) {
        // SAFETY: a live generator.
        unsafe { close(th, this) }?;
        return Ok(());
    }
    match iterator.getattr_opt(th, id!(th, "close")) {
        Ok(Some(method)) => method.call(th, &[]).map(drop),
        Ok(None) => Ok(()),
        Err(_) => {
            let context = "Exception ignored while closing generator";
            (th.hooks().unraisable)(th, Some(context), Some(iterator));
            Ok(())
        }
    }
}

/// The common layout of an exact generator or coroutine.
pub(crate) fn as_generator(object: Obj<'_>) -> Option<*mut PyGenObject> {
    let exact = object.is_exact::<Generator>() || object.is_exact::<Coroutine>();
    exact.then(|| object.as_ptr().cast())
}

/// Whether no handler of the generator's own is around the `yield` at which it
/// is suspended, so that it would not notice being closed.
unsafe fn is_unguarded(frame: *mut Frame) -> bool {
    // The flag says that only the handler around the whole body is.
    const DEPTH_ONE: u16 = 4;
    let unit = *(*frame).ip.sub(1);
    let op = unit & 0xFF;
    let resumes = op == Op::RESUME.number() || op == Op::RESUME_CHECK.number();
    resumes && unit >> 8 & DEPTH_ONE != 0
}

/// `close()`: the value that the generator returned.
pub(crate) unsafe fn close(th: Thread<'_>, this: *mut PyGenObject) -> Result<Ref> {
    let none = object::types::none();
    let current = (*this).gi_frame_state;
    // COMPAT: whoever watches frames being left sees this one go (test_monitoring).
    let unnoticed = || is_unguarded(frame_of(this)) && !crate::monitoring::is_active(th);
    if current == state::CREATED || current == state::SUSPENDED && unnoticed() {
        retain_code(frame_of(this));
        (*this).gi_frame_state = state::COMPLETED;
        frame::clear(th, frame_of(this));
        return Ok(none.own());
    }
    if current >= state::COMPLETED {
        return Ok(none.own());
    }
    let mut failed = false;
    if let Some(iterator) = delegate(this) {
        (*this).gi_frame_state = state::EXECUTING;
        // Generators can wait for generators to any depth.
        failed = th.check_stack_end().and_then(|()| close_iter(th, iterator.obj())).is_err();
        (*this).gi_frame_state = current;
    }
    if !failed {
        th.raise_empty(types::GeneratorExit());
    }
    match resume(th, this, Resume::Close) {
        Ok(Step::Yield(_)) => {
            raise!(th, RuntimeError, "{} ignored GeneratorExit", kind(as_obj(this)))
        }
        Ok(Step::Return(value)) => Ok(value),
        Err(raised) => {
            if th.exception_matches(types::StopIteration()) {
                let exception = th.take_exception(raised);
                return Ok(exception::stop_value(exception.obj()));
            }
            th.catch(raised, types::GeneratorExit())?;
            Ok(none.own())
        }
    }
}

/// Set the exception that `throw(typ, val, tb)` means.
pub(crate) fn set_thrown(
    th: Thread<'_>,
    ty: Obj<'_>,
    value: Option<Obj<'_>>,
    traceback: Option<Obj<'_>>,
) -> Result<()> {
    let traceback = traceback.filter(|tb| !tb.is_none());
    if let Some(tb) = traceback
        && !tb.is_exact::<crate::traceback::Traceback>()
    {
        raise!(th, TypeError, "throw() third argument must be a traceback object");
    }
    let exception = if let Some(class) = exception::as_class(ty) {
        let value = value.unwrap_or(object::types::none());
        if exception::is_exception(value) && value.ty().is_subtype(class) {
            value.own()
        } else {
            let made = if value.is_none() {
                ty.call(th, &[])
            } else if let Some(args) = value.downcast::<object::Tuple>() {
                ty.call(th, args.items())
            } else {
                ty.call(th, &[value])
            };
            // What the class raises is thrown in its place.
            let Ok(made) = made else { return Ok(()) };
            if !exception::is_exception(made.obj()) {
                error!(
                    th,
                    TypeError,
                    "calling {} should have returned an instance of BaseException, not {}",
                    ty.repr(th)?,
                    made.obj().type_name()
                );
                return Ok(());
            }
            made
        }
    } else if exception::is_exception(ty) {
        if value.is_some_and(|value| !value.is_none()) {
            raise!(th, TypeError, "instance exception may not have a separate value");
        }
        ty.own()
    } else {
        raise!(
            th,
            TypeError,
            "exceptions must be classes or instances deriving from BaseException, not {}",
            ty.type_name()
        );
    };
    if let Some(tb) = traceback {
        exception::set_traceback(exception.obj(), Some(tb.own()));
    }
    th.restore(exception);
    Ok(())
}

/// The arguments of `throw`.
#[derive(Clone, Copy)]
pub(crate) struct Thrown<'a> {
    pub(crate) ty: Obj<'a>,
    pub(crate) value: Option<Obj<'a>>,
    pub(crate) traceback: Option<Obj<'a>>,
}

impl Thrown<'_> {
    /// Whether `GeneratorExit` is thrown.
    fn is_exit(&self) -> bool {
        match exception::as_class(self.ty) {
            Some(class) => class.is_subtype(types::GeneratorExit()),
            None => self.ty.ty().is_subtype(types::GeneratorExit()),
        }
    }
}

/// `throw()`, to the innermost iterator that the generator waits for.
pub(crate) unsafe fn throw(
    th: Thread<'_>,
    this: *mut PyGenObject,
    close_on_exit: bool,
    thrown: Thrown<'_>,
) -> Result<Step> {
    th.check_stack_end()?;
    let current = (*this).gi_frame_state;
    let Some(iterator) = delegate(this) else {
        set_thrown(th, thrown.ty, thrown.value, thrown.traceback)?;
        return resume(th, this, Resume::Throw);
    };
    if thrown.is_exit() && close_on_exit {
        (*this).gi_frame_state = state::EXECUTING;
        let closed = close_iter(th, iterator.obj());
        (*this).gi_frame_state = current;
        if closed.is_ok() {
            set_thrown(th, thrown.ty, thrown.value, thrown.traceback)?;
        }
        return resume(th, this, Resume::Throw);
    }
    // The frame is linked meanwhile, so that tracebacks and `f_back` are right.
    let result = if let Some(inner) = as_generator(iterator.obj()) {
        let frame = frame_of(this);
        (*this).gi_frame_state = state::EXECUTING;
        (*frame).prev = frame::current(th);
        frame::set_current(th.state(), frame);
        let result =
            throw(th, inner, close_on_exit, thrown).and_then(|step| finish_step(th, inner, step));
        frame::set_current(th.state(), (*frame).prev);
        (*frame).prev = null_mut();
        (*this).gi_frame_state = current;
        result
    } else {
        let Some(method) = iterator.getattr_opt(th, id!(th, "throw"))? else {
            set_thrown(th, thrown.ty, thrown.value, thrown.traceback)?;
            return resume(th, this, Resume::Throw);
        };
        let frame = frame_of(this);
        (*this).gi_frame_state = state::EXECUTING;
        (*frame).prev = frame::current(th);
        frame::set_current(th.state(), frame);
        let mut args = vec![thrown.ty];
        if let Some(value) = thrown.value {
            args.push(value);
            args.extend(thrown.traceback);
        }
        let result = method.call(th, &args);
        frame::set_current(th.state(), (*frame).prev);
        (*frame).prev = null_mut();
        (*this).gi_frame_state = current;
        result
    };
    match result {
        Ok(value) => Ok(Step::Yield(value)),
        Err(_) => resume(th, this, Resume::Throw),
    }
}

/// Send to an exact generator or coroutine; `None` for anything else.
pub(crate) fn send(th: Thread<'_>, receiver: Obj<'_>, value: Obj<'_>) -> Option<Result<Step>> {
    let this = as_generator(receiver)?;
    // SAFETY: a live generator.
    Some(unsafe { resume(th, this, Resume::Send(value)) })
}

/// The code of a generator.
pub(crate) unsafe fn code<'a>(this: *mut PyGenObject) -> &'a Code {
    Frame::code(frame_of(this))
}

pub(crate) fn is_generator(object: Obj<'_>) -> bool {
    object.is_exact::<Generator>()
}

/// Whether `object` is a coroutine, `@types.coroutine` generators included.
pub(crate) fn is_coroutine(object: Obj<'_>) -> bool {
    if object.is_exact::<Coroutine>() {
        return true;
    }
    // SAFETY: a live generator.
    object.is_exact::<Generator>()
        && unsafe { code(object.as_ptr().cast()) }.flags & abi::CO_ITERABLE_COROUTINE != 0
}

/// What a coroutine awaits already.
pub(crate) fn awaited(object: Obj<'_>) -> Option<Ref> {
    let this = as_generator(object)?;
    // SAFETY: a live coroutine.
    unsafe { delegate(this) }
}

/// `object.__await__()`, checked.
pub(crate) fn awaitable_iter(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    if is_coroutine(object) {
        return Ok(object.own());
    }
    let Some(slot) = object.ty().async_().and_then(|slots| slots.am_await) else {
        raise!(th, TypeError, "'{}' object can't be awaited", object.type_name());
    };
    // SAFETY: the slot belongs to the object's type.
    let Some(value) = (unsafe { Ref::from_raw(slot(object.as_ptr())) }) else {
        return Err(object::Raised);
    };
    if is_coroutine(value.obj()) {
        raise!(th, TypeError, "__await__() returned a coroutine");
    }
    if !protocol::iter::is_iterator(value.obj()) {
        raise!(
            th,
            TypeError,
            "__await__() returned non-iterator of type '{}'",
            value.obj().type_name()
        );
    }
    Ok(value)
}

/// The frame object of an unfinished generator, else None.
unsafe fn frame_attribute(th: Thread<'_>, this: *mut PyGenObject) -> Result<Ref> {
    if (*this).gi_frame_state >= state::COMPLETED {
        return Ok(object::types::none().own());
    }
    frame::object_of(th, frame_of(this)).map(Ref::upcast)
}

unsafe fn repr(th: Thread<'_>, this: *mut PyGenObject, kind: &str) -> Result<Ref<Str>> {
    let name = own_raw((*this).gi_qualname);
    let name = name.as_ref().and_then(|name| name.obj().downcast::<Str>());
    let name = name.map_or_else(|| "?".to_owned(), Str::to_string);
    Str::from_fmt(th, format_args!("<{kind} object {name} at {this:p}>"))
}

unsafe fn set_text(
    th: Thread<'_>,
    field: *mut *mut PyObject,
    name: &str,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let Some(value) = value.filter(|value| value.downcast::<Str>().is_some()) else {
        raise!(th, TypeError, "{name} must be set to a string object");
    };
    let old = std::mem::replace(&mut *field, value.own().into_raw());
    release_object(old);
    Ok(())
}

unsafe fn attribute(ptr: *mut PyObject) -> Ref {
    own_raw(ptr).unwrap_or_else(|| object::types::none().own())
}

/// The warning for `throw` with more than one argument.
pub(crate) fn deprecated_throw(th: Thread<'_>, kind: &str, value: Option<Obj<'_>>) -> Result<()> {
    if value.is_none() {
        return Ok(());
    }
    let text = Str::from_fmt(
        th,
        format_args!(
            "the (type, exc, tb) signature of {kind}() is deprecated, use the single-arg signature instead."
        ),
    )?;
    (th.hooks().warn)(th, types::DeprecationWarning().obj(), &text, 1)
}

macro_rules! common_methods {
    ($ty:ident, $kind:literal, $name_doc:literal, $qualname_doc:literal, $part:ident) => {
        #[pymethods(part = $part)]
        impl $ty {
            #[declare]
            fn install_dealloc(builder: &mut object::declare::TypeBuilder<'_>) {
                builder.ty().tp_dealloc = Some(dealloc::<$ty>);
            }

            fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
                // SAFETY: a live generator.
                unsafe { repr(th, self.as_gen(), $kind) }
            }

            fn __del__(&self, th: Thread<'_>) -> Result<()> {
                // SAFETY: a live generator.
                unsafe { finalize(th, self.as_gen()) };
                Ok(())
            }

            #[doc = $name_doc]
            #[getter]
            fn __name__(&self, _: Thread<'_>) -> Result<Ref> {
                // SAFETY: the field owns its value.
                Ok(unsafe { attribute((*self.as_gen()).gi_name) })
            }

            #[setter(__name__)]
            fn set_name(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
                // SAFETY: the field owns its value.
                unsafe { set_text(th, &raw mut (*self.as_gen()).gi_name, "__name__", value) }
            }

            #[doc = $qualname_doc]
            #[getter]
            fn __qualname__(&self, _: Thread<'_>) -> Result<Ref> {
                // SAFETY: the field owns its value.
                Ok(unsafe { attribute((*self.as_gen()).gi_qualname) })
            }

            #[setter(__qualname__)]
            fn set_qualname(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
                // SAFETY: the field owns its value.
                unsafe {
                    set_text(th, &raw mut (*self.as_gen()).gi_qualname, "__qualname__", value)
                }
            }

            /// Size in memory, in bytes.
            #[sig = "($self, /)"]
            fn __sizeof__(&self, _: Thread<'_>) -> Result<usize> {
                // SAFETY: a live generator.
                let code = unsafe { code(self.as_gen()) };
                Ok(BASIC_SIZE + 8 * (code.nlocalsplus + code.stacksize) as usize)
            }

            /// See PEP 585.
            #[classmethod]
            #[sig = "($type, object, /)"]
            fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
                generic_alias::new(th, cls.obj(), object)
            }
        }
    };
}

common_methods!(
    Generator,
    "generator",
    "name of the generator",
    "qualified name of the generator",
    common
);
common_methods!(
    Coroutine,
    "coroutine",
    "name of the coroutine",
    "qualified name of the coroutine",
    common
);
common_methods!(
    AsyncGenerator,
    "async_generator",
    "name of the async generator",
    "qualified name of the async generator",
    common
);

macro_rules! frame_attributes {
    ($ty:ident, $part:ident, $frame:ident, $running:ident, $code:ident, $suspended:ident, $from:ident) => {
        #[pymethods(part = $part)]
        impl $ty {
            #[getter]
            fn $frame(&self, th: Thread<'_>) -> Result<Ref> {
                // SAFETY: a live generator.
                unsafe { frame_attribute(th, self.as_gen()) }
            }

            #[getter]
            fn $running(&self, _: Thread<'_>) -> Result<bool> {
                // SAFETY: a live generator.
                let this = unsafe { &*self.as_gen() };
                if self.obj().is_exact::<AsyncGenerator>() {
                    return Ok(this.gi_running_async != 0);
                }
                Ok(this.gi_frame_state == state::EXECUTING)
            }

            #[getter]
            fn $code(&self, _: Thread<'_>) -> Result<Ref<Code>> {
                // SAFETY: a live generator.
                Ok(object::own(unsafe { code(self.as_gen()) }))
            }

            #[getter]
            fn $suspended(&self, _: Thread<'_>) -> Result<bool> {
                // SAFETY: a live generator.
                let current = unsafe { (*self.as_gen()).gi_frame_state };
                Ok(current == state::SUSPENDED || current == state::SUSPENDED_YIELD_FROM)
            }

            #[getter]
            fn $from(&self, _: Thread<'_>) -> Result<Option<Ref>> {
                // SAFETY: a live generator.
                Ok(unsafe { delegate(self.as_gen()) })
            }
        }
    };
}

frame_attributes!(Generator, frames, gi_frame, gi_running, gi_code, gi_suspended, gi_yieldfrom);
frame_attributes!(Coroutine, frames, cr_frame, cr_running, cr_code, cr_suspended, cr_await);
frame_attributes!(AsyncGenerator, frames, ag_frame, ag_running, ag_code, ag_suspended, ag_await);

#[pymethods(parts(common, frames))]
impl Generator {
    fn __iter__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        // SAFETY: a live generator.
        match unsafe { resume(th, self.as_gen(), Resume::Next) }? {
            Step::Yield(value) => Ok(Some(value)),
            Step::Return(value) if value.obj().is_none() => Ok(None),
            Step::Return(value) => Err(raise_stop(th, value.obj())),
        }
    }

    /// Send 'value' into generator, return next yielded value or raise StopIteration.
    #[sig = "($self, value, /)"]
    fn send(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
        // SAFETY: a live generator.
        unsafe {
            let step = resume(th, self.as_gen(), Resume::Send(value))?;
            finish_step(th, self.as_gen(), step)
        }
    }

    /// throw(value)
    /// throw(type[,value[,tb]])
    ///
    /// Raise exception in generator, return next yielded value or raise StopIteration.
    #[no_signature]
    #[sig = "($self, type, value=None, traceback=None, /)"]
    fn throw(
        &self,
        th: Thread<'_>,
        ty: Obj<'_>,
        value: Option<Obj<'_>>,
        traceback: Option<Obj<'_>>,
    ) -> Result<Ref> {
        deprecated_throw(th, "throw", value)?;
        // SAFETY: a live generator.
        unsafe {
            let step = throw(th, self.as_gen(), true, Thrown { ty, value, traceback })?;
            finish_step(th, self.as_gen(), step)
        }
    }

    /// Raise GeneratorExit inside generator.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<Ref> {
        // SAFETY: a live generator.
        unsafe { close(th, self.as_gen()) }
    }
}

#[pymethods(parts(common, frames))]
impl Coroutine {
    fn __await__(&self, th: Thread<'_>) -> Result<Ref> {
        alloc_object::new(th, CoroutineWrapper { head: Head::new(), coroutine: object::own(self) })
            .map(Ref::upcast)
    }

    /// Where the coroutine was created, if origin tracking is on.
    #[getter]
    fn cr_origin(&self, _: Thread<'_>) -> Result<Ref> {
        // SAFETY: the field owns its value.
        Ok(unsafe { attribute((*self.as_gen()).gi_origin_or_finalizer) })
    }

    /// Send 'value' into coroutine, return next iterated value or raise StopIteration.
    #[sig = "($self, value, /)"]
    fn send(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
        // SAFETY: a live coroutine.
        unsafe {
            let step = resume(th, self.as_gen(), Resume::Send(value))?;
            finish_step(th, self.as_gen(), step)
        }
    }

    /// throw(value)
    /// throw(type[,value[,traceback]])
    ///
    /// Raise exception in coroutine, return next iterated value or raise StopIteration.
    #[no_signature]
    #[sig = "($self, type, value=None, traceback=None, /)"]
    fn throw(
        &self,
        th: Thread<'_>,
        ty: Obj<'_>,
        value: Option<Obj<'_>>,
        traceback: Option<Obj<'_>>,
    ) -> Result<Ref> {
        deprecated_throw(th, "throw", value)?;
        // SAFETY: a live coroutine.
        unsafe {
            let step = throw(th, self.as_gen(), true, Thrown { ty, value, traceback })?;
            finish_step(th, self.as_gen(), step)
        }
    }

    /// Raise GeneratorExit inside coroutine.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<Ref> {
        // SAFETY: a live coroutine.
        unsafe { close(th, self.as_gen()) }
    }
}

/// A wrapper object implementing __await__ for coroutines.
#[pytype(name = "coroutine_wrapper", c_name = "_PyCoroWrapper_Type")]
pub struct CoroutineWrapper {
    head: Head,
    coroutine: Ref<Coroutine>,
}

#[pymethods]
impl CoroutineWrapper {
    fn __iter__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        // SAFETY: a live coroutine.
        match unsafe { resume(th, self.coroutine.as_gen(), Resume::Next) }? {
            Step::Yield(value) => Ok(Some(value)),
            Step::Return(value) if value.obj().is_none() => Ok(None),
            Step::Return(value) => Err(raise_stop(th, value.obj())),
        }
    }

    /// Send 'value' into coroutine, return next iterated value or raise StopIteration.
    #[sig = "($self, value, /)"]
    fn send(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
        self.coroutine.send(th, value)
    }

    /// Raise exception in coroutine, return next iterated value or raise StopIteration.
    #[sig = "($self, type, value=None, traceback=None, /)"]
    fn throw(
        &self,
        th: Thread<'_>,
        ty: Obj<'_>,
        value: Option<Obj<'_>>,
        traceback: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.coroutine.throw(th, ty, value, traceback)
    }

    /// Raise GeneratorExit inside coroutine.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<Ref> {
        self.coroutine.close(th)
    }
}

/// `next(iterator)` of the protocol, for iterators that are awaited.
pub(crate) fn next_of(th: Thread<'_>, iterator: Obj<'_>) -> Result<Step> {
    match iterator.ty().slots().tp_iternext {
        // SAFETY: the slot belongs to the iterator's type.
        Some(slot) => match unsafe { Ref::from_raw(slot(iterator.as_ptr())) } {
            Some(value) => Ok(Step::Yield(value)),
            None if th.is_raised() => stop_or_raise(th),
            None => Ok(Step::Return(object::types::none().own())),
        },
        None => {
            let iterator = protocol::iter::iter(th, iterator)?;
            next_of(th, iterator.obj())
        }
    }
}

/// What an awaitable did when it was resumed.
pub enum Sent {
    Yielded(Ref),
    Returned(Ref),
}

impl From<Step> for Sent {
    fn from(step: Step) -> Sent {
        match step {
            Step::Yield(value) => Sent::Yielded(value),
            Step::Return(value) => Sent::Returned(value),
        }
    }
}

/// Resume `receiver`, a coroutine or what `__await__` returned, with a value.
pub fn iter_send(th: Thread<'_>, receiver: Obj<'_>, value: Obj<'_>) -> Result<Sent> {
    if let Some(step) = send(th, receiver, value) {
        return step.map(Sent::from);
    }
    // A class without `__next__` has the slot all the same.
    if value.is_none() && receiver.ty().lookup(th, id!(th, "__next__")).is_some() {
        return next_of(th, receiver).map(Sent::from);
    }
    match receiver.call_method(th, id!(th, "send"), &[value]) {
        Ok(value) => Ok(Sent::Yielded(value)),
        Err(_) => stop_or_raise(th).map(Sent::from),
    }
}

/// Raise `exception` inside `receiver`.
pub fn iter_throw(th: Thread<'_>, receiver: Obj<'_>, exception: Obj<'_>) -> Result<Sent> {
    match receiver.call_method(th, id!(th, "throw"), &[exception]) {
        Ok(value) => Ok(Sent::Yielded(value)),
        Err(_) => stop_or_raise(th).map(Sent::from),
    }
}
