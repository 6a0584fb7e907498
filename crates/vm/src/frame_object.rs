//! `frame` objects, made when somebody asks for one.
//!
//! While the frame runs (or its generator lives) the object only points to it;
//! when the frame is left and the object is still wanted, it takes the contents
//! over into memory of its own.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on frames that the object keeps alive")]

use std::{
    cell::Cell,
    ptr::{NonNull, null_mut},
};

use abi::PyObject;
use macros::{pymethods, pytype};
use object::{
    AsObject, Code, Dict, Head, Link, Obj, Ref, Result, Str, Thread, Traverse, alloc_object, error,
    raise, reference,
};

use crate::{
    frame::{self, Frame, owner},
    frame_locals::FrameLocalsProxy,
    generator,
    monitoring::legacy,
    word::Word,
};

/// A frame as Python code sees it.
#[pytype(name = "frame", c_name = "PyFrame_Type", traverse = manual)]
pub struct FrameObject {
    head: Head,
    /// `f_back` of a frame that was left.
    back: Link<FrameObject>,
    frame: Cell<*mut Frame>,
    pub(crate) trace: Link,
    /// Set by `f_lineno = …` in a trace function; 0 otherwise.
    pub(crate) lineno: Cell<i32>,
    pub(crate) trace_lines: Cell<bool>,
    pub(crate) trace_opcodes: Cell<bool>,
    /// Names that `f_locals` got beyond the variables.
    pub(crate) extra_locals: Link<Dict>,
    locals_cache: Link,
    /// Where code that switches stacks keeps what it changes in a running frame
    /// (`_f_frame_data`).
    for_others: [Cell<usize>; 2],
    /// Values that `f_locals` replaced, which borrowed words may still mean.
    pub(crate) overwritten: std::cell::RefCell<Vec<Ref>>,
    /// The contents of a frame that was left, freed with the object.
    storage: Cell<*mut [u64]>,
}

const _: () = assert!(
    std::mem::offset_of!(FrameObject, for_others) + 8
        == std::mem::offset_of!(abi::PyFrameObject, _f_frame_data)
);

impl FrameObject {
    /// The object of a live frame.
    pub(crate) fn new(th: Thread<'_>, frame: *mut Frame) -> Result<Ref<FrameObject>> {
        alloc_object::new(
            th,
            FrameObject {
                head: Head::new(),
                back: Link::null(),
                frame: Cell::new(frame),
                trace: Link::null(),
                lineno: Cell::new(0),
                trace_lines: Cell::new(true),
                trace_opcodes: Cell::new(false),
                extra_locals: Link::null(),
                locals_cache: Link::null(),
                for_others: Default::default(),
                overwritten: std::cell::RefCell::default(),
                storage: Cell::new(std::ptr::slice_from_raw_parts_mut(null_mut(), 0)),
            },
        )
    }

    /// A frame of `code` that never runs, for entries of tracebacks.
    pub fn for_code(th: Thread<'_>, code: &Code, globals: &Dict) -> Result<Ref<FrameObject>> {
        let function = object::Function::new(th, object::own(code), object::own(globals))?;
        let words = frame::FRAME_WORDS + code.nlocalsplus as usize;
        let object = Self::new(th, null_mut())?;
        let storage = Box::into_raw(vec![0u64; words].into_boxed_slice());
        let frame = storage.cast::<Frame>();
        // SAFETY: fresh memory for the frame and its variables; the object owns both.
        unsafe { frame::init(frame, function.into_raw(), code, 0) };
        // SAFETY: as above.
        unsafe { (*frame).owner = owner::FRAME_OBJECT };
        object.frame.set(frame);
        object.storage.set(storage);
        Ok(object)
    }

    /// The frame; null once it was left and nobody kept its contents.
    pub(crate) fn frame(&self) -> *mut Frame {
        self.frame.get()
    }

    pub(crate) fn set_frame(&self, frame: *mut Frame) {
        self.frame.set(frame);
    }

    pub(crate) fn forget_frame(&self) {
        self.frame.set(null_mut());
    }

    /// The code.
    pub fn code(&self) -> &Code {
        // SAFETY: a frame object that somebody has keeps its frame or a copy.
        unsafe { Frame::code(self.frame.get()) }
    }

    /// Take the contents of a frame that is being left.
    pub(crate) unsafe fn take_over(th: Thread<'_>, this: &Ref<FrameObject>, frame: *mut Frame) {
        let used = (*frame).sp.offset_from(frame.cast::<Word>()) as usize;
        let code = Frame::code(frame);
        let words = used.max(frame::FRAME_WORDS + code.nlocalsplus as usize);
        let storage = Box::into_raw(vec![0u64; words].into_boxed_slice());
        let new = storage.cast::<Frame>();
        let prev = frame::complete((*frame).prev);
        let was_generator = (*frame).owner == owner::GENERATOR;
        generator::move_frame(frame, new);
        (*new).owner = owner::FRAME_OBJECT;
        (*new).frame_obj = null_mut();
        if (*new).func.is_null() && !was_generator {
            reference::incref(NonNull::new_unchecked((*new).code.cast_mut().cast()));
        }
        (*frame).sp = Frame::localsplus(frame);
        (*frame).locals = null_mut();
        (*frame).func = null_mut();
        this.frame.set(new);
        this.storage.set(storage);
        if !was_generator && !prev.is_null() {
            // The caller's object is made now, as its frame may be gone later.
            let saved = th.swap_exception(None);
            if let Ok(back) = frame::object_of(th, prev) {
                this.back.set(Some(back));
            }
            drop(th.swap_exception(saved));
        }
    }

    fn owns_frame(&self) -> bool {
        !self.storage.get().cast::<u64>().is_null()
    }

    /// The frame that called this one.
    pub(crate) fn back_frame(&self, th: Thread<'_>) -> Result<Option<Ref<FrameObject>>> {
        let frame = self.frame.get();
        if frame.is_null() || self.owns_frame() {
            return Ok(self.back.get());
        }
        // SAFETY: a live frame and its callers.
        unsafe {
            let prev = frame::complete((*frame).prev);
            if prev.is_null() { Ok(None) } else { frame::object_of(th, prev).map(Some) }
        }
    }

    /// The current line.
    pub(crate) fn line(&self) -> Option<i32> {
        if self.lineno.get() != 0 {
            return Some(self.lineno.get());
        }
        // SAFETY: the object keeps its frame alive.
        unsafe { Frame::lineno(self.frame.get()) }
    }
}

/// Show the words of a frame that own something.
unsafe fn traverse_words(from: *mut Word, end: *mut Word, visit: &mut dyn FnMut(Obj<'_>)) {
    let mut slot = from;
    while slot < end {
        let word = *slot;
        if !word.is_null() && word.0 & 1 == 0 {
            visit(word.obj());
        }
        slot = slot.add(1);
    }
}

/// Show the variables of a running frame. Where its stack ends is not known,
/// and what is there is kept alive by not being shown.
pub(crate) unsafe fn traverse_variables(frame: *mut Frame, visit: &mut dyn FnMut(Obj<'_>)) {
    let first = Frame::localsplus(frame);
    let count = (*(*frame).code).nlocalsplus as usize;
    traverse_words(first, first.add(count), visit);
}

/// Show what a suspended or kept frame owns.
pub(crate) unsafe fn traverse_frame(frame: *mut Frame, visit: &mut dyn FnMut(Obj<'_>)) {
    traverse_words(Frame::localsplus(frame), (*frame).sp, visit);
    for ptr in [(*frame).func, (*frame).locals] {
        if let Some(object) = Obj::from_raw(ptr) {
            visit(object);
        }
    }
    if let Some(object) = Obj::from_raw((*frame).frame_obj) {
        visit(object);
    }
}

impl Traverse for FrameObject {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.back.traverse(visit);
        self.trace.traverse(visit);
        self.extra_locals.traverse(visit);
        self.locals_cache.traverse(visit);
        self.overwritten.traverse(visit);
        if self.owns_frame() {
            // SAFETY: the object owns the contents.
            unsafe { traverse_frame(self.frame.get(), visit) };
        }
    }

    fn clear(&self) {
        self.trace.take();
        self.extra_locals.take();
        self.locals_cache.take();
        drop(self.overwritten.take());
        if self.owns_frame() {
            // SAFETY: the object owns the contents.
            unsafe { frame::release_contents(self.frame.get()) };
        }
    }
}

impl Drop for FrameObject {
    fn drop(&mut self) {
        Traverse::clear(self);
        if !self.owns_frame() {
            return;
        }
        let frame = self.frame.get();
        // SAFETY: the object owns the contents and their memory.
        unsafe {
            let func = (*frame).func;
            let owned = if func.is_null() { (*frame).code.cast_mut().cast() } else { func };
            drop(Ref::<object::Object>::from_raw(owned));
            drop(Box::from_raw(self.storage.get()));
        }
    }
}

/// The running generator of a frame, if any.
unsafe fn generator_of(frame: *mut Frame) -> Option<*mut PyObject> {
    ((*frame).owner == owner::GENERATOR).then(|| Frame::generator(frame))
}

#[pymethods]
impl FrameObject {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let code = self.code();
        let line = self.line().map_or_else(|| "None".to_owned(), |line| line.to_string());
        let file = object::protocol::text::repr(th, code.filename().obj())?;
        Str::from_fmt(
            th,
            format_args!(
                "<frame at {:p}, file {}, line {line}, code {}>",
                std::ptr::from_ref(self),
                &*file,
                &*code.name
            ),
        )
    }

    /// The calling frame.
    #[getter]
    fn f_back(&self, th: Thread<'_>) -> Result<Option<Ref<FrameObject>>> {
        self.back_frame(th)
    }

    #[getter]
    fn f_code(&self, _: Thread<'_>) -> Result<Ref<Code>> {
        Ok(object::own(self.code()))
    }

    #[getter]
    fn f_globals(&self, _: Thread<'_>) -> Result<Ref<Dict>> {
        // SAFETY: the object keeps its frame alive.
        Ok(object::own(unsafe { Frame::globals(self.frame.get()) }))
    }

    #[getter]
    fn f_builtins(&self, _: Thread<'_>) -> Result<Ref> {
        // SAFETY: the object keeps its frame alive.
        Ok(unsafe { Frame::builtins(self.frame.get()) }.own())
    }

    /// The local variables: a mapping that writes through.
    #[getter]
    fn f_locals(&self, th: Thread<'_>) -> Result<Ref> {
        // SAFETY: the object keeps its frame alive.
        let namespace = unsafe { Obj::from_raw((*self.frame.get()).locals) };
        if let Some(namespace) = namespace
            && self.code().flags & abi::CO_OPTIMIZED == 0
            && !crate::frame_locals::has_hidden(self)
        {
            return Ok(namespace.own());
        }
        FrameLocalsProxy::new(th, object::own(self)).map(Ref::upcast)
    }

    #[getter]
    fn f_lasti(&self, _: Thread<'_>) -> Result<i32> {
        // SAFETY: the object keeps its frame alive.
        let lasti = unsafe { Frame::lasti(self.frame.get()) };
        Ok(if lasti < 0 { -1 } else { lasti * 2 })
    }

    /// The line being executed.
    #[getter]
    fn f_lineno(&self, _: Thread<'_>) -> Result<Option<i32>> {
        Ok(self.line())
    }

    #[setter(f_lineno)]
    fn set_lineno(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, AttributeError, "cannot delete attribute") };
        crate::monitoring::jump_to_line(th, self, value)
    }

    #[getter]
    fn f_trace(&self, _: Thread<'_>) -> Result<Option<Ref>> {
        Ok(self.trace.get())
    }

    #[setter(f_trace)]
    fn set_trace(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = value.filter(|value| !value.is_none());
        let is_set = value.is_some();
        self.trace.set(value.map(Obj::own));
        if is_set && self.trace_opcodes.get() {
            legacy::set_opcode_events(th, self.code(), true)?;
        }
        Ok(())
    }

    #[getter]
    fn f_trace_lines(&self, _: Thread<'_>) -> Result<bool> {
        Ok(self.trace_lines.get())
    }

    #[setter(f_trace_lines)]
    fn set_trace_lines(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if value.is_none() {
            raise!(th, TypeError, "can't delete numeric/char attribute");
        }
        self.trace_lines.set(flag(th, value)?);
        Ok(())
    }

    #[getter]
    fn f_trace_opcodes(&self, _: Thread<'_>) -> Result<bool> {
        Ok(self.trace_opcodes.get())
    }

    #[setter(f_trace_opcodes)]
    fn set_trace_opcodes(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let on = flag(th, value)?;
        self.trace_opcodes.set(on);
        if on && !self.trace.is_null() {
            legacy::set_opcode_events(th, self.code(), true)?;
        }
        Ok(())
    }

    /// Return the generator or coroutine associated with this frame, or None.
    #[getter]
    fn f_generator(&self, _: Thread<'_>) -> Result<Option<Ref>> {
        // SAFETY: the object keeps its frame alive.
        Ok(unsafe {
            generator_of(self.frame.get())
                .map(|this| Obj::from_ptr(NonNull::new_unchecked(this)).own())
        })
    }

    /// Clear all references held by the frame.
    #[sig = "($self, /)"]
    fn clear(&self, th: Thread<'_>) -> Result<()> {
        let frame = self.frame.get();
        // SAFETY: the object keeps its frame alive.
        unsafe {
            if let Some(this) = generator_of(frame) {
                let this = this.cast::<abi::PyGenObject>();
                if (*this).gi_frame_state == generator::state::EXECUTING {
                    return Err(executing(th));
                }
                if (*this).gi_frame_state == generator::state::SUSPENDED
                    || (*this).gi_frame_state == generator::state::SUSPENDED_YIELD_FROM
                {
                    raise!(th, RuntimeError, "cannot clear a suspended frame");
                }
                let keep = generator::as_obj(this).own();
                generator::finalize(th, this);
                drop(keep);
                return Ok(());
            }
            if (*frame).owner == owner::THREAD {
                return Err(executing(th));
            }
        }
        Traverse::clear(self);
        Ok(())
    }

    /// Size in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> Result<usize> {
        // COMPAT: what CPython's frame objects take; test_sys compares sizes.
        const FIXED: usize = 152;
        let code = self.code();
        Ok(FIXED + 8 * (code.nlocalsplus + code.stacksize) as usize)
    }
}

#[cold]
fn executing(th: Thread<'_>) -> object::Raised {
    error!(th, RuntimeError, "cannot clear an executing frame")
}

fn flag(th: Thread<'_>, value: Option<Obj<'_>>) -> Result<bool> {
    match value {
        Some(value) if value.is_exact::<object::types::Bool>() => {
            Ok(value.is(object::types::bool_(true)))
        }
        Some(_) => raise!(th, TypeError, "attribute value type must be bool"),
        None => raise!(th, AttributeError, "cannot be deleted"),
    }
}
