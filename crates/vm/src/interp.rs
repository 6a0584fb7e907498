//! The interpreter loop, generated from the opcode table.
//!
//! Every opcode is an inlined function of [`crate::ops`] over [`Regs`], which
//! the compiler keeps in registers: nothing may hold a `&mut Regs` across a
//! call that is not inlined, and no value with a destructor lives across
//! dispatch. Before anything that can raise, run Python code or look at the
//! frame, a handler stores `ip` and `sp` into the frame ([`Regs::save`]).
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see the header")]

use std::hint::cold_path;

use abi::PyObject;
use bytecode::Op;
use object::{Code, Str, Thread, ThreadState};

use crate::{
    frame::{self, Frame},
    monitoring, ops, pending,
    unwind::{self, Unwound},
    word::Word,
};

/// The state of the running frame.
pub(crate) struct Regs {
    /// Behind the opcode that is being executed.
    pub(crate) ip: *mut u16,
    /// The first free word of the value stack.
    pub(crate) sp: *mut Word,
    pub(crate) frame: *mut Frame,
}

const POP_JUMP_IF_FALSE: u8 = Op::POP_JUMP_IF_FALSE as u8;
const POP_JUMP_IF_TRUE: u8 = Op::POP_JUMP_IF_TRUE as u8;
const STORE_FAST: u8 = Op::STORE_FAST as u8;

/// The same address. PERF: without this the compiler works out the addresses of
/// the frame's fields at every dispatch, for the few handlers that need them,
/// and has no register left for `ip`.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, reason = "the block has no instruction")]
fn opaque(mut frame: *mut Frame) -> *mut Frame {
    #[cfg(not(miri))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) frame, options(nomem, nostack, preserves_flags));
    }
    frame
}

/// How a handler ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Go on at `ip`.
    Next,
    /// An exception is set; `ip` was saved.
    Error,
    /// As `Error`, but this frame is in the traceback already.
    Reraise,
    /// Leave the loop with the value in place of `sp`.
    Exit,
    /// A guard failed: execute the generic form.
    Miss,
    /// The opcode was rewritten: execute it again.
    Redo,
    /// Something is pending; go on at `ip`.
    Pending,
    /// As `Pending`, at the start or resumption of a frame.
    PendingResume,
    /// Execute the opcode that the one of a line or instruction event hides.
    Underlying,
}

impl Regs {
    /// The same registers once more, to be worked on out of line.
    #[inline(always)]
    pub(crate) fn copy(&self) -> Regs {
        Regs { ip: self.ip, sp: self.sp, frame: self.frame }
    }

    #[inline(always)]
    pub(crate) unsafe fn load(frame: *mut Frame) -> Regs {
        let fields = opaque(frame);
        Regs { ip: (*fields).ip, sp: (*fields).sp, frame }
    }

    /// The first variable.
    #[inline(always)]
    pub(crate) fn locals(&self) -> *mut Word {
        Frame::localsplus(opaque(self.frame))
    }

    /// Store `ip` and `sp` where others look for them.
    #[inline(always)]
    pub(crate) unsafe fn save(&self) {
        let frame = opaque(self.frame);
        (*frame).ip = self.ip;
        (*frame).sp = self.sp;
    }

    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, word: Word) {
        *self.sp = word;
        self.sp = self.sp.add(1);
    }

    #[inline(always)]
    pub(crate) unsafe fn pop(&mut self) -> Word {
        self.sp = self.sp.sub(1);
        *self.sp
    }

    /// Push a truth value; a conditional jump that follows is done at once.
    /// PERF: the value need not be made nor looked at, and a dispatch is saved.
    /// An instruction that somebody monitors has another opcode.
    #[inline(always)]
    pub(crate) unsafe fn push_or_jump(&mut self, value: bool) {
        let unit = *self.ip;
        let op = unit as u8;
        if op != POP_JUMP_IF_FALSE && op != POP_JUMP_IF_TRUE {
            return self.push(Word::bool_(value));
        }
        // Its own unit and that of its cache.
        let distance = if value == (op == POP_JUMP_IF_TRUE) { usize::from(unit >> 8) } else { 0 };
        self.ip = self.ip.add(2 + distance);
    }

    /// Push a value, or put it at once into the variable that a `STORE_FAST`
    /// right behind names.
    #[inline(always)]
    pub(crate) unsafe fn push_or_store(&mut self, word: Word) {
        let unit = *self.ip;
        if unit as u8 != STORE_FAST {
            return self.push(word);
        }
        self.ip = self.ip.add(1);
        let place = self.locals().add(usize::from(unit >> 8));
        let old = std::mem::replace(&mut *place, word);
        self.release_opt(old);
    }

    /// The word `depth` from the top, the top being 1.
    #[inline(always)]
    pub(crate) unsafe fn peek(&self, depth: usize) -> Word {
        *self.sp.sub(depth)
    }

    #[inline(always)]
    pub(crate) unsafe fn set(&self, depth: usize, word: Word) {
        *self.sp.sub(depth) = word;
    }

    #[inline(always)]
    pub(crate) unsafe fn local(&self, index: usize) -> Word {
        *self.locals().add(index)
    }

    #[inline(always)]
    pub(crate) unsafe fn code<'a>(&self) -> &'a Code {
        Frame::code(self.frame)
    }

    #[inline(always)]
    pub(crate) unsafe fn name<'a>(&self, index: usize) -> &'a Str {
        &*(*self.code().names_ptr().add(index)).cast::<Str>()
    }

    /// Drop `n` words from the top.
    #[inline(always)]
    pub(crate) unsafe fn drop_words(&mut self, n: usize) {
        for _ in 0..n {
            let word = self.pop();
            self.release_opt(word);
        }
    }

    /// Replace the `n` words on top by one that is `value`.
    #[inline(always)]
    pub(crate) unsafe fn replace(&mut self, n: usize, value: Word) {
        self.drop_words(n);
        self.push(value);
    }

    /// Give up a word; remember the instruction in case that runs code.
    #[inline(always)]
    pub(crate) unsafe fn release(&self, word: Word) {
        if word.0 & 1 != 0 || word.is_int() {
            return;
        }
        let object = word.0 as *mut PyObject;
        let count = (*object).ob_refcnt;
        if (count as i32) < 0 {
            return;
        }
        if count == 1 {
            self.save();
            return release_last(word);
        }
        (*object).ob_refcnt = count - 1;
    }

    #[inline(always)]
    pub(crate) unsafe fn release_opt(&self, word: Word) {
        if !word.is_null() {
            self.release(word);
        }
    }

    /// Go on in `frame`, called from the current one; counts the recursion.
    #[inline(always)]
    pub(crate) unsafe fn enter(&mut self, th: Thread<'_>, frame: *mut Frame, resume: u16) -> Flow {
        let state = th.state();
        let left = state.recursion_remaining.get() - 1;
        if left < 0 {
            self.save();
            return too_deep(th, state, frame);
        }
        state.recursion_remaining.set(left);
        let caller = opaque(self.frame);
        (*caller).ip = self.ip;
        (*caller).sp = self.sp;
        (*caller).return_offset = resume;
        (*frame).prev = self.frame;
        frame::set_current(state, frame);
        *self = Regs::load(frame);
        Flow::Next
    }

    /// Go back to the caller of a frame that was left.
    #[inline(always)]
    pub(crate) unsafe fn resume(&mut self, caller: *mut Frame, offset: usize) {
        *self = Regs::load(caller);
        self.ip = self.ip.add(offset);
    }

    /// Add `units` to `ip`: the inline cache.
    #[inline(always)]
    pub(crate) unsafe fn skip(&mut self, units: usize) {
        self.ip = self.ip.add(units);
    }
}

#[inline(never)]
unsafe fn release_last(word: Word) {
    let object = word.ptr();
    if (*object).ob_type == <object::Float as object::PyStruct>::type_object().as_ptr() {
        // PERF: floats are what dies most; they own nothing.
        let block = std::ptr::NonNull::new_unchecked(object.cast::<u8>());
        return Thread::current().heap().free(block);
    }
    word.release();
}

#[cold]
#[inline(never)]
unsafe fn too_deep(th: Thread<'_>, state: &ThreadState, callee: *mut Frame) -> Flow {
    recursion_error(th);
    if (*callee).owner == frame::owner::GENERATOR {
        crate::generator::abandon(th, callee);
    } else {
        frame::pop(th, state, callee);
    }
    Flow::Error
}

/// Raise `RecursionError`, with some room to do so.
#[cold]
#[inline(never)]
pub(crate) fn recursion_error(th: Thread<'_>) -> object::Raised {
    let state = th.state();
    let left = state.recursion_remaining.get();
    state.recursion_remaining.set(left + 50);
    let raised = object::error!(th, RecursionError, "maximum recursion depth exceeded");
    state.recursion_remaining.set(left);
    raised
}

macro_rules! base_number {
    ($own:ident) => {
        Op::$own as u16 as u8
    };
    ($own:ident $base:ident) => {
        Op::$base as u8
    };
}

macro_rules! interpreter {
    ($oparg_name:ident => $(
        #[doc = $doc:literal]
        $name:ident = $number:literal [$caches:literal]
            ($($input:ident $([$input_size:expr])?),* -- $($output:ident $([$output_size:expr])?),*)
            [$($flag:ident)*] $(of $base:ident)?;
    )*) => {
        /// Opcodes as bytes. Pseudo-opcodes, which are never executed, have no
        /// arm of their own.
        #[allow(clippy::missing_docs_in_private_items, reason = "see the opcode table")]
        mod numbers {
            $( pub(super) const $name: u8 = if $number < 256 { $number as u8 } else { super::EXTENDED_ARG }; )*
        }

        /// Execute `entry` until it returns (a new reference) or raises (null).
        ///
        /// # Safety
        ///
        /// `entry` is a complete frame, linked as the current one, whose
        /// `entry` flag is set.
        #[allow(unreachable_patterns, reason = "of pseudo-opcodes")]
        unsafe fn execute(th: Thread<'_>, entry: *mut Frame) -> *mut PyObject {
            let mut r = Regs::load(entry);
            loop {
                let reraise = 'next: loop {
                    let unit = *r.ip;
                    r.ip = r.ip.add(1);
                    let mut oparg = (unit >> 8) as usize;
                    let mut op = unit as u8;
                    loop {
                        // The opcode to execute instead of this one.
                        op = 'again: {
                            match op {
                                EXTENDED_ARG => {
                                    let unit = *r.ip;
                                    r.ip = r.ip.add(1);
                                    oparg = oparg << 8 | (unit >> 8) as usize;
                                    break 'again unit as u8;
                                }
                                $(
                                    numbers::$name => match ops::$name(&mut r, th, oparg) {
                                        Flow::Next => continue 'next,
                                        Flow::Error => {
                                            cold_path();
                                            break 'next false;
                                        }
                                        Flow::Reraise => {
                                            cold_path();
                                            break 'next true;
                                        }
                                        Flow::Exit => return Word(r.sp.addr()).ptr(),
                                        Flow::Miss => {
                                            cold_path();
                                            break 'again base_number!($name $($base)?);
                                        }
                                        Flow::Redo => {
                                            cold_path();
                                            break 'again *r.ip.sub(1) as u8;
                                        }
                                        Flow::Pending => {
                                            cold_path();
                                            r.save();
                                            if pending::handle(th).is_err() {
                                                break 'next false;
                                            }
                                            continue 'next;
                                        }
                                        Flow::PendingResume => {
                                            cold_path();
                                            r.save();
                                            match resume(th, r.frame, oparg) {
                                                Ok(true) => r.ip = r.ip.sub(1),
                                                Ok(false) => {}
                                                Err(_) => break 'next false,
                                            }
                                            continue 'next;
                                        }
                                        Flow::Underlying => {
                                            cold_path();
                                            let op = u16::from(op);
                                            break 'again monitoring::underlying(r.frame, r.ip, op) as u8;
                                        }
                                    },
                                )*
                                _ => {
                                    r.save();
                                    unknown_opcode(th, *r.ip.sub(1));
                                    break 'next false;
                                }
                            }
                        };
                    }
                };
                (*r.frame).sp = r.sp;
                match unwind::unwind(th, r.frame, r.ip, !reraise) {
                    Unwound::Handler(frame) => r = Regs::load(frame),
                    Unwound::Out => return std::ptr::null_mut(),
                }
            }
        }
    };
}

const EXTENDED_ARG: u8 = Op::EXTENDED_ARG as u8;

#[cold]
#[inline(never)]
fn unknown_opcode(th: Thread<'_>, unit: u16) {
    object::error!(th, SystemError, "unknown opcode {}", unit & 0xFF);
}

/// What `RESUME` does when something is pending: rewrite the code for those
/// who monitor it (`true`: execute the instruction again), or do the work.
#[cold]
#[inline(never)]
unsafe fn resume(th: Thread<'_>, frame: *mut Frame, oparg: usize) -> object::Result<bool> {
    if monitoring::at_resume(th, frame)? {
        return Ok(true);
    }
    if oparg & 3 < 2 {
        pending::handle(th)?;
    }
    Ok(false)
}

bytecode::for_each_op!(interpreter);

/// Execute a frame: link it, run it, return its value or null.
///
/// # Safety
///
/// `frame` is complete and not linked; the loop takes care of its end.
pub(crate) unsafe fn run(th: Thread<'_>, frame: *mut Frame) -> *mut PyObject {
    let state = th.state();
    let left = state.recursion_remaining.get() - 1;
    if left < 0 || th.check_stack("").is_err() {
        if left < 0 {
            recursion_error(th);
        }
        if (*frame).owner == frame::owner::GENERATOR {
            crate::generator::abandon(th, frame);
        } else {
            frame::pop(th, state, frame);
        }
        return std::ptr::null_mut();
    }
    state.recursion_remaining.set(left);
    (*frame).prev = frame::current(th);
    (*frame).entry = frame::ENTRY;
    frame::set_current(state, frame);
    run_linked(th, frame)
}

/// Execute a frame that is linked already.
pub(crate) unsafe fn run_linked(th: Thread<'_>, frame: *mut Frame) -> *mut PyObject {
    execute(th, frame)
}

/// Execute a generator's frame by raising the exception that is set in it.
pub(crate) unsafe fn run_throw(th: Thread<'_>, frame: *mut Frame) -> *mut PyObject {
    let state = th.state();
    let left = state.recursion_remaining.get() - 1;
    if left < 0 {
        let pending = th.swap_exception(None);
        recursion_error(th);
        drop(pending);
        crate::generator::abandon(th, frame);
        return std::ptr::null_mut();
    }
    state.recursion_remaining.set(left);
    (*frame).prev = frame::current(th);
    (*frame).entry = frame::ENTRY;
    frame::set_current(state, frame);
    if monitoring::is_active(th) {
        monitoring::thrown(th, frame);
    }
    match unwind::unwind(th, frame, (*frame).ip, true) {
        Unwound::Handler(frame) => run_linked(th, frame),
        Unwound::Out => std::ptr::null_mut(),
    }
}
