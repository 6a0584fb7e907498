//! Interpreter frames: plain words on the thread's data stack, or at the end of
//! a generator.
//!
//! A frame is a [`Frame`] followed by `nlocalsplus` variables and the value
//! stack; `sp` (valid while the frame is not running) bounds what it holds. It
//! owns `func`, and through it code, globals and builtins; where `func` is null
//! it owns the code itself. `ip` points behind the opcode of the instruction
//! being executed; a caller resumes `return_offset` units further on.
#![allow(unsafe_op_in_unsafe_fn, reason = "every function works on live frames of this thread")]

use std::ptr::{NonNull, null_mut};

use abi::{_PyStackChunk, PyObject, PyThreadState};
use object::{Code, Dict, Function, Obj, PyStruct, Ref, Result, Thread, ThreadState, reference};

use crate::{frame_object::FrameObject, word::Word};

/// Who keeps a frame's memory.
pub(crate) mod owner {
    pub(crate) const THREAD: u8 = 0;
    pub(crate) const GENERATOR: u8 = 1;
    pub(crate) const FRAME_OBJECT: u8 = 2;
}

/// See the module. The layout is that of `_PyInterpreterFrame`.
#[repr(C)]
pub(crate) struct Frame {
    pub(crate) code: *const Code,
    pub(crate) prev: *mut Frame,
    pub(crate) func: *mut PyObject,
    pub(crate) globals: *mut PyObject,
    pub(crate) builtins: *mut PyObject,
    /// The local namespace of module and class bodies; owned, nullable.
    pub(crate) locals: *mut PyObject,
    /// The frame object, once somebody asked for it; owned.
    pub(crate) frame_obj: *mut PyObject,
    pub(crate) ip: *mut u16,
    pub(crate) sp: *mut Word,
    pub(crate) return_offset: u16,
    pub(crate) owner: u8,
    /// What returning from this frame means, see [`ENTRY`].
    pub(crate) entry: u8,
    /// The line that monitoring saw last; 0 after a resumption.
    pub(crate) line: i32,
}

/// Returning from the frame leaves the interpreter loop.
pub(crate) const ENTRY: u8 = 1;
/// The frame is that of an `__init__`: its result must be None and is dropped.
pub(crate) const ENTRY_INIT: u8 = 2;

/// The frame is that of a `__setitem__`: its result is dropped.
pub(crate) const ENTRY_DISCARD: u8 = 3;
/// The frame is that of an operator's method, whose operands the caller keeps:
/// its result takes their place, or the right operand is asked.
pub(crate) const ENTRY_OPERATOR: u8 = 4;

/// Words of a frame before its variables.
pub(crate) const FRAME_WORDS: usize = size_of::<Frame>() / 8;
const _: () = assert!(FRAME_WORDS == 10);
const _: () =
    assert!(std::mem::offset_of!(abi::_PyInterpreterFrame, localsplus) == size_of::<Frame>());

impl Frame {
    /// The first variable.
    #[inline(always)]
    pub(crate) fn localsplus(this: *mut Frame) -> *mut Word {
        this.cast::<Word>().wrapping_add(FRAME_WORDS)
    }

    #[inline(always)]
    pub(crate) unsafe fn code<'a>(this: *const Frame) -> &'a Code {
        &*(*this).code
    }

    /// The bottom of the value stack.
    #[inline(always)]
    pub(crate) unsafe fn stack(this: *mut Frame) -> *mut Word {
        Self::localsplus(this).add((*(*this).code).nlocalsplus as usize)
    }

    /// The offset of the current instruction in code units; -1 before the first.
    pub(crate) unsafe fn lasti(this: *const Frame) -> i32 {
        let base = Frame::code(this).units();
        ((*this).ip.offset_from(base) - 1) as i32
    }

    pub(crate) unsafe fn lineno(this: *const Frame) -> Option<i32> {
        let code = Frame::code(this);
        let lasti = Frame::lasti(this);
        if lasti < 0 { Some(code.firstlineno) } else { code.line_at(lasti as u32) }
    }

    pub(crate) unsafe fn function<'a>(this: *const Frame) -> Option<&'a Function> {
        (*this).func.cast::<Function>().as_ref()
    }

    pub(crate) unsafe fn globals<'a>(this: *const Frame) -> &'a Dict {
        &*(*this).globals.cast::<Dict>()
    }

    pub(crate) unsafe fn builtins<'a>(this: *const Frame) -> Obj<'a> {
        Obj::from_ptr(NonNull::new_unchecked((*this).builtins))
    }

    /// Whether the frame has not yet executed the instructions that set it up
    /// (cells, free variables), so that nobody should see it.
    pub(crate) unsafe fn is_incomplete(this: *const Frame) -> bool {
        if (*this).owner == owner::GENERATOR {
            return false;
        }
        let code = Frame::code(this);
        Frame::lasti(this) < code.first_traceable()
    }

    /// The generator a frame is inside of.
    pub(crate) fn generator(this: *mut Frame) -> *mut PyObject {
        this.cast::<u8>()
            .wrapping_sub(std::mem::offset_of!(abi::PyGenObject, gi_iframe))
            .cast::<PyObject>()
    }
}

/// The public part of the thread state.
#[inline(always)]
pub(crate) fn public(state: &ThreadState) -> *mut PyThreadState {
    state.public.get()
}

/// The innermost frame; null outside of Python code.
#[inline(always)]
pub(crate) fn current(th: Thread<'_>) -> *mut Frame {
    // SAFETY: only this thread touches its state.
    unsafe { (*public(th.state())).current_frame.cast() }
}

#[inline(always)]
pub(crate) unsafe fn set_current(state: &ThreadState, frame: *mut Frame) {
    (*public(state)).current_frame = frame.cast();
}

/// Whether an operand of the running instruction is the only reference to
/// `object`.
pub fn is_temporary(th: Thread<'_>, object: Obj<'_>) -> bool {
    let frame = current(th);
    if frame.is_null() || !object.is_unique() {
        return false;
    }
    // SAFETY: the frame waits for what it called, with its operands on the stack.
    unsafe {
        let (bottom, mut at) = (Frame::stack(frame), (*frame).sp);
        while at > bottom {
            at = at.sub(1);
            if (*at).ptr() == object.as_ptr() {
                return (*at).is_counted();
            }
        }
    }
    false
}

/// The innermost frame that is complete, from `frame` on outwards.
pub(crate) unsafe fn complete(mut frame: *mut Frame) -> *mut Frame {
    while !frame.is_null() && Frame::is_incomplete(frame) {
        frame = (*frame).prev;
    }
    frame
}

const CHUNK_BYTES: usize = 16 * 1024;

/// Room for `words` on the data stack; null when memory is out.
#[inline(always)]
pub(crate) unsafe fn push_words(state: &ThreadState, words: usize) -> *mut Word {
    let public = public(state);
    let top = (*public).datastack_top;
    if (*public).datastack_limit.addr().wrapping_sub(top.addr()) / 8 > words && !top.is_null() {
        (*public).datastack_top = top.add(words);
        return top.cast();
    }
    push_chunk(public, words)
}

/// As [`push_words`], in the current chunk only.
#[inline(always)]
pub(crate) unsafe fn room_at_hand(state: &ThreadState, words: usize) -> Option<*mut Frame> {
    let public = public(state);
    let top = (*public).datastack_top;
    if (*public).datastack_limit.addr().wrapping_sub(top.addr()) / 8 <= words || top.is_null() {
        return None;
    }
    (*public).datastack_top = top.add(words);
    Some(top.cast())
}

#[cold]
#[inline(never)]
unsafe fn push_chunk(public: *mut PyThreadState, words: usize) -> *mut Word {
    let header = std::mem::offset_of!(_PyStackChunk, data);
    let mut size = CHUNK_BYTES;
    while size < header + (words + 64) * 8 {
        size *= 2;
    }
    let cached = (*public).datastack_cached_chunk;
    let chunk = if !cached.is_null() && (*cached).size >= size {
        (*public).datastack_cached_chunk = null_mut();
        cached
    } else {
        let Ok(layout) = std::alloc::Layout::from_size_align(size, 16) else { return null_mut() };
        let chunk = std::alloc::alloc(layout).cast::<_PyStackChunk>();
        if chunk.is_null() {
            return null_mut();
        }
        (*chunk).size = size;
        chunk
    };
    let old = (*public).datastack_chunk;
    if !old.is_null() {
        (*old).top = (*public).datastack_top.addr() - (&raw const (*old).data).addr();
    }
    (*chunk).previous = old;
    (*chunk).top = 0;
    (*public).datastack_chunk = chunk;
    (*public).datastack_limit = chunk.cast::<u8>().add((*chunk).size).cast();
    let base = (&raw mut (*chunk).data).cast::<*mut PyObject>();
    (*public).datastack_top = base.add(words);
    base.cast()
}

/// Give back everything from `base` on.
#[inline(always)]
pub(crate) unsafe fn pop_words(state: &ThreadState, base: *mut Word) {
    let public = public(state);
    let chunk = (*public).datastack_chunk;
    if base.addr() == (&raw const (*chunk).data).addr() {
        return pop_chunk(public, chunk);
    }
    (*public).datastack_top = base.cast();
}

#[cold]
#[inline(never)]
unsafe fn pop_chunk(public: *mut PyThreadState, chunk: *mut _PyStackChunk) {
    let previous = (*chunk).previous;
    if previous.is_null() {
        (*public).datastack_top = (&raw mut (*chunk).data).cast();
        return;
    }
    (*public).datastack_chunk = previous;
    let base = (&raw mut (*previous).data).cast::<u8>();
    (*public).datastack_top = base.add((*previous).top).cast();
    (*public).datastack_limit = previous.cast::<u8>().add((*previous).size).cast();
    let spare = std::mem::replace(&mut (*public).datastack_cached_chunk, chunk);
    if !spare.is_null() {
        free_chunk(spare);
    }
}

unsafe fn free_chunk(chunk: *mut _PyStackChunk) {
    if let Ok(layout) = std::alloc::Layout::from_size_align((*chunk).size, 16) {
        std::alloc::dealloc(chunk.cast(), layout);
    }
}

/// Free the data stack of a thread that ends.
pub(crate) unsafe fn free_data_stack(state: &ThreadState) {
    let public = public(state);
    let mut chunk = std::mem::replace(&mut (*public).datastack_chunk, null_mut());
    while !chunk.is_null() {
        let previous = (*chunk).previous;
        free_chunk(chunk);
        chunk = previous;
    }
    let spare = std::mem::replace(&mut (*public).datastack_cached_chunk, null_mut());
    if !spare.is_null() {
        free_chunk(spare);
    }
    (*public).datastack_top = null_mut();
    (*public).datastack_limit = null_mut();
}

/// A new frame for `func`, whose reference it takes over; variables from
/// `filled` on are null, those before are for the caller to fill in. The
/// caller links it.
///
/// On error (memory), `func` is released.
#[inline(always)]
pub(crate) unsafe fn push(
    th: Thread<'_>,
    state: &ThreadState,
    func: *mut PyObject,
    filled: usize,
) -> Option<*mut Frame> {
    let function = &*func.cast::<Function>();
    let code = function.code.as_ptr().cast::<Code>();
    let base = push_words(state, (*code).framesize as usize);
    if base.is_null() {
        reference::decref(NonNull::new_unchecked(func));
        th.no_memory();
        return None;
    }
    let frame = base.cast::<Frame>();
    init(frame, func, code, filled);
    Some(frame)
}

/// Fill in a frame.
#[inline(always)]
pub(crate) unsafe fn init(
    frame: *mut Frame,
    func: *mut PyObject,
    code: *const Code,
    filled: usize,
) {
    let function = &*func.cast::<Function>();
    let nlocalsplus = (*code).nlocalsplus as usize;
    let locals = Frame::localsplus(frame);
    (*frame) = Frame {
        code,
        prev: null_mut(),
        func,
        globals: function.globals.as_ptr(),
        builtins: function.builtins.as_ptr(),
        locals: null_mut(),
        frame_obj: null_mut(),
        ip: (*code).units(),
        sp: locals.add(nlocalsplus),
        return_offset: 0,
        owner: owner::THREAD,
        entry: 0,
        line: 0,
    };
    let (mut slot, end) = (locals.add(filled), locals.add(nlocalsplus));
    while slot < end {
        *slot = Word::NULL;
        slot = few(slot.add(1));
    }
}

/// The same address. PERF: in a loop, it keeps the compiler from unrolling it or
/// calling `memcpy` for what are two or three words.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, reason = "the block has no instruction")]
pub(crate) fn few(mut slot: *mut Word) -> *mut Word {
    #[cfg(not(miri))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) slot, options(nomem, nostack, preserves_flags));
    }
    slot
}

/// Release what a frame holds but its memory and (for generators) its code;
/// if somebody has the frame object, that one takes the contents over.
#[inline(always)]
pub(crate) unsafe fn clear(th: Thread<'_>, frame: *mut Frame) {
    if !(*frame).frame_obj.is_null() && detach_object(th, frame) {
        return;
    }
    release_contents(frame);
    let func = std::mem::replace(&mut (*frame).func, null_mut());
    if !func.is_null() {
        reference::decref(NonNull::new_unchecked(func));
    }
}

/// Release variables, stack and namespace.
#[inline(always)]
pub(crate) unsafe fn release_contents(frame: *mut Frame) {
    let locals = Frame::localsplus(frame);
    let sp = std::mem::replace(&mut (*frame).sp, locals);
    // COMPAT: the last variable goes first, as `__del__` methods can tell.
    let mut slot = sp;
    while slot > locals {
        slot = slot.sub(1);
        let word = std::mem::replace(&mut *slot, Word::NULL);
        word.release_opt();
    }
    let namespace = std::mem::replace(&mut (*frame).locals, null_mut());
    if !namespace.is_null() {
        reference::decref(NonNull::new_unchecked(namespace));
    }
}

/// Part with the frame object; true if it took over the contents.
#[cold]
#[inline(never)]
unsafe fn detach_object(th: Thread<'_>, frame: *mut Frame) -> bool {
    let object = std::mem::replace(&mut (*frame).frame_obj, null_mut());
    let object: Ref<FrameObject> = Ref::from_owned(NonNull::new_unchecked(object));
    if reference_count(&object) > 1 {
        FrameObject::take_over(th, &object, frame);
        return true;
    }
    object.forget_frame();
    false
}

fn reference_count(object: &Ref<FrameObject>) -> usize {
    use object::AsObject;
    object.obj().refcount()
}

/// Remove a frame of the data stack.
#[inline(always)]
pub(crate) unsafe fn pop(th: Thread<'_>, state: &ThreadState, frame: *mut Frame) {
    clear(th, frame);
    pop_words(state, frame.cast());
}

/// Whether the frame starts its chunk of the data stack.
#[inline(always)]
pub(crate) unsafe fn is_first_of_chunk(state: &ThreadState, frame: *mut Frame) -> bool {
    frame.addr() == (&raw const (*(*public(state)).datastack_chunk).data).addr()
}

/// Remove a frame of the data stack that holds nothing and does not start its
/// chunk.
#[inline(always)]
pub(crate) unsafe fn pop_plain(state: &ThreadState, frame: *mut Frame) {
    (*public(state)).datastack_top = frame.cast();
}

/// The frame object of a frame, made on first use.
pub(crate) unsafe fn object_of(th: Thread<'_>, frame: *mut Frame) -> Result<Ref<FrameObject>> {
    if let Some(object) = Obj::from_raw((*frame).frame_obj) {
        return Ok(object.own().cast());
    }
    let object = FrameObject::new(th, frame)?;
    (*frame).frame_obj = object.clone().into_raw();
    Ok(object)
}

/// Whether a type is exactly `T`'s.
#[inline(always)]
pub(crate) unsafe fn is_exact<T: PyStruct>(word: Word) -> bool {
    word.heap_type() == T::type_object().as_ptr()
}
