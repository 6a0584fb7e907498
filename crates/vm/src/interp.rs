//! What the handlers of opcodes work on, and how they are run.
//!
//! Every opcode is an inlined function of [`crate::ops`] over [`Regs`], which
//! the compiler keeps in registers: nothing may hold a `&mut Regs` across a
//! call that is not inlined, and no value with a destructor lives across
//! dispatch. Before anything that can raise, run Python code or look at the
//! frame, a handler stores `ip` and `sp` into the frame ([`Regs::save`]).
//! Two modules make an interpreter of the handlers: `tail_calls`, where each is
//! a function that ends by jumping to the next, and `match_loop` for builds in
//! which the compiler may not turn calls into jumps.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see the header")]

use std::ptr::NonNull;

use abi::PyObject;
use bytecode::Op;
use object::{Code, Str, Thread, ThreadState};

use crate::{
    frame::{self, Frame},
    monitoring, pending,
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
    /// That of the running thread.
    pub(crate) state: *const ThreadState,
    /// What the frame shows as `ip` while [`Flow::Drop`] releases.
    pub(crate) at: *mut u16,
    /// What [`Flow::Drop`] releases: objects without other references, or null.
    pub(crate) dead: [Word; 2],
}

const POP_JUMP_IF_FALSE: u8 = Op::POP_JUMP_IF_FALSE as u8;
const POP_JUMP_IF_TRUE: u8 = Op::POP_JUMP_IF_TRUE as u8;
const STORE_FAST: u8 = Op::STORE_FAST as u8;
const TO_BOOL_BOOL: u8 = Op::TO_BOOL_BOOL as u8;
const NOT_TAKEN: u8 = Op::NOT_TAKEN as u8;

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
    /// As `Next`, after a call of native code: what is known of the thread is
    /// asked for again.
    Called,
    /// Release `dead`, then go on at `ip`.
    Drop,
    /// Release `dead`, then do the second half of `STORE_FAST_LOAD_FAST`.
    DropLoad,
    /// Release `dead`, then do the second half of `STORE_FAST_STORE_FAST`.
    DropStore,
    /// Release the words from `sp` up to that of the frame, then push the first
    /// of `dead` unless it is null and go on at `ip`, as after `Called`.
    Release,
    /// Leave the frame with the value in `dead`, the slow way.
    Return,
    /// Do it out of line, see [`crate::ops::slow`]. Nothing was changed.
    Slow,
}

/// Whether the native stack grew so much that it has to be unwound, see
/// `tail_calls`.
#[inline(always)]
pub(crate) fn stack_is_low(state: &ThreadState) -> bool {
    if cfg!(any(debug_assertions, miri)) {
        return false;
    }
    state.stack_limit.get() > stack_pointer()
}

#[inline(always)]
#[allow(unreachable_code, reason = "not asked where there is no way to know")]
fn stack_pointer() -> usize {
    let at: usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: reads a register.
    unsafe {
        std::arch::asm!("mov {}, rsp", out(reg) at, options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: reads a register.
    unsafe {
        std::arch::asm!("mov {}, sp", out(reg) at, options(nomem, nostack, preserves_flags));
    }
    at
}

impl Regs {
    #[inline(always)]
    pub(crate) fn new(
        ip: *mut u16,
        sp: *mut Word,
        frame: *mut Frame,
        state: *const ThreadState,
    ) -> Regs {
        Regs { ip, sp, frame, state, at: ip, dead: [Word::NULL; 2] }
    }

    /// The same registers once more, to be worked on out of line.
    #[inline(always)]
    pub(crate) fn copy(&self) -> Regs {
        Regs { ..*self }
    }

    #[inline(always)]
    pub(crate) unsafe fn load(frame: *mut Frame, state: *const ThreadState) -> Regs {
        Regs::new((*frame).ip, (*frame).sp, frame, state)
    }

    /// The first variable.
    #[inline(always)]
    pub(crate) fn locals(&self) -> *mut Word {
        Frame::localsplus(self.frame)
    }

    /// Store `ip` and `sp` where others look for them.
    #[inline(always)]
    pub(crate) unsafe fn save(&self) {
        (*self.frame).ip = self.ip;
        (*self.frame).sp = self.sp;
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
        if op == POP_JUMP_IF_FALSE {
            self.ip = self.ip.add(1);
            return self.jump_if(!value, usize::from(unit >> 8));
        }
        if op == POP_JUMP_IF_TRUE {
            self.ip = self.ip.add(1);
            return self.jump_if(value, usize::from(unit >> 8));
        }
        self.push(Word::bool_(value));
    }

    /// Push what a call answers; a test and a conditional jump that follow are
    /// done at once.
    #[inline(always)]
    pub(crate) unsafe fn push_answer(&mut self, value: bool) {
        if *self.ip as u8 != TO_BOOL_BOOL {
            return self.push(Word::bool_(value));
        }
        self.ip = self.ip.add(4);
        self.push_or_jump(value);
    }

    /// Skip the cache of a conditional jump, and jump or not. PERF: what stands
    /// there for monitoring, where the jump is not taken, needs no dispatch.
    #[inline(always)]
    pub(crate) unsafe fn jump_if(&mut self, jump: bool, distance: usize) {
        if jump {
            self.ip = self.ip.add(1 + distance);
        } else {
            let marks = *self.ip.add(1) as u8 == NOT_TAKEN;
            self.ip = self.ip.add(1 + usize::from(marks));
        }
    }

    /// End with a value pushed, or put at once into the variable that a
    /// `STORE_FAST` right behind names.
    #[inline(always)]
    pub(crate) unsafe fn push_or_store(&mut self, word: Word) -> Flow {
        let unit = *self.ip;
        if unit as u8 != STORE_FAST {
            self.push(word);
            return Flow::Next;
        }
        self.ip = self.ip.add(1);
        self.at = self.ip;
        let place = self.locals().add(usize::from(unit >> 8));
        let old = std::mem::replace(&mut *place, word);
        self.finish(old)
    }

    /// Give up a word at the end of a handler.
    #[inline(always)]
    pub(crate) unsafe fn finish(&mut self, word: Word) -> Flow {
        if self.gives_up(word) {
            self.dead = [word, Word::NULL];
            return Flow::Drop;
        }
        Flow::Next
    }

    /// Give up two words at the end of a handler, in this order. The first may
    /// come from a null pointer.
    #[inline(always)]
    pub(crate) unsafe fn finish2(&mut self, first: Word, second: Word) -> Flow {
        let (one, two) = (!first.is_null() && self.gives_up(first), self.gives_up(second));
        if one || two {
            let dead = |is_dead: bool, word: Word| if is_dead { word } else { Word::NULL };
            self.dead = [dead(one, first), dead(two, second)];
            return Flow::Drop;
        }
        Flow::Next
    }

    /// Uncount a word unless it has the last reference; then answer true.
    #[inline(always)]
    pub(crate) unsafe fn gives_up(&self, word: Word) -> bool {
        if !word.is_counted() {
            return false;
        }
        let object = word.0 as *mut PyObject;
        let left = (*object).ob_refcnt as i32 - 1;
        if left <= 0 {
            // Negative: immortal.
            return left == 0;
        }
        (*object).ob_refcnt = left as u32;
        false
    }

    /// Take up again what [`Regs::save`] stored. PERF: nothing but the frame has
    /// to survive a call of native code in a register.
    #[inline(always)]
    pub(crate) unsafe fn take_up(&mut self, th: Thread<'_>) {
        *self = Regs::load(self.frame, th.state());
    }

    /// End with `value` in place of two operands, after native code ran.
    #[inline(always)]
    pub(crate) unsafe fn answer(&mut self, th: Thread<'_>, value: Word, caches: usize) -> Flow {
        self.take_up(th);
        let (b, a) = (self.peek(1), self.peek(2));
        self.set(2, value);
        self.sp = self.sp.sub(1);
        self.skip(caches);
        self.finish2(b, a)
    }

    /// As [`Regs::answer`] with a truth value, behind one cache.
    #[inline(always)]
    pub(crate) unsafe fn answer_bool(&mut self, th: Thread<'_>, value: bool) -> Flow {
        self.take_up(th);
        let (b, a) = (self.peek(1), self.peek(2));
        self.sp = self.sp.sub(2);
        self.skip(1);
        self.push_or_jump(value);
        self.finish2(b, a)
    }

    /// Give up the words from `base` on, and push `value` if it is not null.
    /// PERF: what has to be released is released elsewhere, so that a handler
    /// calls nothing after its native code.
    #[inline(always)]
    pub(crate) unsafe fn make_way(&mut self, base: *mut Word, value: Word) -> Flow {
        while self.sp != base {
            if self.gives_up(self.peek(1)) {
                (*self.frame).sp = self.sp;
                self.sp = base;
                self.dead[0] = value;
                return Flow::Release;
            }
            self.sp = frame::few(self.sp.sub(1));
        }
        if !value.is_null() {
            self.push(value);
        }
        Flow::Next
    }

    /// What [`Flow::Release`] asks for.
    #[inline(always)]
    pub(crate) unsafe fn release_rest(&mut self, th: Thread<'_>, value: Word) {
        let base = self.sp;
        while (*self.frame).sp > base {
            let word = *(*self.frame).sp.sub(1);
            (*self.frame).sp = (*self.frame).sp.sub(1);
            if self.gives_up(word) {
                release_last(word);
            }
        }
        if !value.is_null() {
            self.push(value);
        }
        self.state = th.state();
    }

    /// Release what a handler left behind.
    #[inline(always)]
    pub(crate) unsafe fn drop_dead(dead: Word) {
        if !dead.is_null() {
            release_last(dead);
        }
    }

    /// The variable that the second half of the superinstruction before `ip` is
    /// about.
    #[inline(always)]
    unsafe fn second_variable(&self) -> *mut Word {
        self.locals().add(usize::from(*self.ip.sub(1) >> 8) & 15)
    }

    /// The second half of `STORE_FAST_LOAD_FAST`.
    #[inline(always)]
    pub(crate) unsafe fn second_load(&mut self) {
        self.push((*self.second_variable()).dup());
    }

    /// The second half of `STORE_FAST_STORE_FAST`.
    #[inline(always)]
    pub(crate) unsafe fn second_store(&mut self) {
        let word = self.pop();
        let old = std::mem::replace(&mut *self.second_variable(), word);
        self.release(old);
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
            self.release(word);
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
        if self.gives_up(word) {
            self.save();
            release_last(word);
        }
    }

    /// Give up a word that may come from a null pointer.
    #[inline(always)]
    pub(crate) unsafe fn release_opt(&self, word: Word) {
        if !word.is_null() {
            self.release(word);
        }
    }

    /// Go on in `frame`, called from the current one; counts the recursion.
    #[inline(always)]
    pub(crate) unsafe fn enter(&mut self, th: Thread<'_>, frame: *mut Frame, resume: u16) -> Flow {
        let state = &*self.state;
        let left = state.recursion_remaining.get() - 1;
        if left < 0 {
            self.save();
            return too_deep(th, state, frame);
        }
        state.recursion_remaining.set(left);
        self.switch(frame, (*frame).ip, (*frame).sp, resume)
    }

    /// Go on in `frame`, whose recursion is counted already, at `ip` and `sp`.
    /// PERF: to read them from the frame waits for what was just written.
    #[inline(always)]
    pub(crate) unsafe fn switch(
        &mut self,
        frame: *mut Frame,
        ip: *mut u16,
        sp: *mut Word,
        resume: u16,
    ) -> Flow {
        self.save();
        (*self.frame).return_offset = resume;
        (*frame).prev = self.frame;
        frame::set_current(&*self.state, frame);
        *self = Regs::new(ip, sp, frame, self.state);
        Flow::Next
    }

    /// Go back to the caller of a frame that was left.
    #[inline(always)]
    pub(crate) unsafe fn resume(&mut self, caller: *mut Frame, offset: usize) {
        *self = Regs::load(caller, self.state);
        self.ip = self.ip.add(offset);
    }

    /// Add `units` to `ip`: the inline cache.
    #[inline(always)]
    pub(crate) unsafe fn skip(&mut self, units: usize) {
        self.ip = self.ip.add(units);
    }
}

/// Release the last reference.
#[inline(never)]
pub(crate) unsafe fn release_last(word: Word) {
    let object = word.ptr();
    if (*object).ob_type == <object::Float as object::PyStruct>::type_object().as_ptr() {
        // PERF: floats are what dies most; they own nothing.
        let block = NonNull::new_unchecked(object.cast::<u8>());
        return Thread::current().heap().free(block);
    }
    (*object).ob_refcnt = 0;
    object::reference::deallocate(NonNull::new_unchecked(object));
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

#[cold]
#[inline(never)]
pub(crate) fn unknown_opcode(th: Thread<'_>, unit: u16) {
    object::error!(th, SystemError, "unknown opcode {}", unit & 0xFF);
}

/// What `RESUME` does when something is pending: rewrite the code for those
/// who monitor it (`true`: execute the instruction again), or do the work.
#[cold]
#[inline(never)]
pub(crate) unsafe fn resume(
    th: Thread<'_>,
    frame: *mut Frame,
    oparg: usize,
) -> object::Result<bool> {
    if monitoring::at_resume(th, frame)? {
        return Ok(true);
    }
    if oparg & 3 < 2 {
        pending::handle(th)?;
    }
    Ok(false)
}

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
    #[cfg(any(debug_assertions, miri))]
    return crate::match_loop::execute(th, frame);
    #[cfg(not(any(debug_assertions, miri)))]
    crate::tail_calls::execute(th, frame)
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
