//! Jumps, returning, resuming.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use std::sync::atomic::Ordering;

use bytecode::Op;
use object::{Thread, raise, types};

use super::{check, ops};
use crate::{
    frame::{self, ENTRY, ENTRY_DISCARD, ENTRY_INIT, ENTRY_OPERATOR, owner},
    generator,
    interp::{self, Flow, Regs},
    monitoring::MONITORED,
    word::Word,
};

/// Leave the running frame and give `value` (owned) to its caller: what is
/// simple, as far as nothing has to be deallocated.
#[inline(always)]
pub(crate) unsafe fn return_value(r: &mut Regs, value: Word) -> Flow {
    r.dead[0] = value;
    let (state, frame) = (&*r.state, r.frame);
    let drops_none = matches!((*frame).entry, ENTRY_INIT | ENTRY_DISCARD);
    let returns_none = drops_none && value.is(types::none());
    if (*frame).owner != owner::THREAD
        || !(*frame).frame_obj.is_null()
        || !(*frame).locals.is_null()
        || (*frame).entry != 0 && !returns_none
        || frame::is_first_of_chunk(state, frame)
    {
        return Flow::Return;
    }
    let prev = (*frame).prev;
    frame::set_current(state, prev);
    let locals = r.locals();
    // COMPAT: the last variable goes first, as `__del__` methods can tell.
    while r.sp > locals {
        if r.gives_up(r.peek(1)) {
            return Flow::Return;
        }
        r.sp = r.sp.sub(1);
    }
    if r.gives_up(Word::from_raw((*frame).func)) {
        return Flow::Return;
    }
    frame::pop_plain(state, frame);
    state.recursion_remaining.set(state.recursion_remaining.get() + 1);
    r.resume(prev, (*prev).return_offset as usize);
    if !returns_none {
        r.push(value);
    }
    Flow::Next
}

/// Leave the running frame in any other case; words from `sp` on are gone.
#[inline(always)]
pub(crate) unsafe fn return_slowly(r: &mut Regs, th: Thread<'_>, value: Word) -> Flow {
    let state = th.state();
    let frame = r.frame;
    let (prev, entry) = ((*frame).prev, (*frame).entry);
    // A frame object that lives on shows where the function returned.
    r.save();
    frame::set_current(state, prev);
    if (*frame).owner == owner::THREAD {
        frame::pop(th, state, frame);
    } else {
        generator::finish(th, frame);
    }
    state.recursion_remaining.set(state.recursion_remaining.get() + 1);
    if entry == ENTRY {
        r.sp = value.0 as *mut Word;
        return Flow::Exit;
    }
    r.resume(prev, (*prev).return_offset as usize);
    if entry == ENTRY_INIT {
        if !value.is(types::none()) {
            // The error is that of the call.
            let resumed = std::mem::replace(&mut r.ip, (*prev).ip);
            if check_init(th, value).is_err() {
                r.release(value);
                return Flow::Error;
            }
            r.ip = resumed;
        }
        return Flow::Next;
    }
    match entry {
        ENTRY_DISCARD => r.release(value),
        ENTRY_OPERATOR => return super::arith::operator_result(r, th, value),
        _ => r.push(value),
    }
    Flow::Next
}

#[inline(never)]
fn check_init(th: Thread<'_>, value: Word) -> object::Result<()> {
    // SAFETY: a returned value.
    let value = unsafe { value.obj() };
    if !value.is_none() {
        raise!(th, TypeError, "__init__() should return None, not '{}'", value.type_name());
    }
    Ok(())
}

#[inline(always)]
pub(crate) unsafe fn pending(r: &Regs) -> bool {
    (*r.state).eval_breaker.load(Ordering::Relaxed) & !MONITORED != 0
}

/// Make the running instruction the form of it that does not look again, as
/// `dis` shows; if it is not monitored.
#[inline(always)]
pub(super) unsafe fn become_form(r: &Regs, op: Op, form: Op) {
    let unit = r.ip.sub(1);
    if *unit & 0xFF == op.number() {
        *unit = *unit & 0xFF00 | form.number();
    }
}

ops! {
    fn RESUME(r, th, oparg) {
        become_form(r, Op::RESUME, Op::RESUME_CHECK);
        RESUME_CHECK(r, th, oparg)
    }

    fn RESUME_CHECK(r, th, oparg) {
        if (*r.state).eval_breaker.load(Ordering::Relaxed) != 0 || interp::stack_is_low(&*r.state) {
            return Flow::PendingResume;
        }
        Flow::Next
    }

    fn JUMP_FORWARD(r, th, oparg) {
        r.skip(oparg);
        Flow::Next
    }

    fn JUMP_BACKWARD(r, th, oparg) {
        become_form(r, Op::JUMP_BACKWARD, Op::JUMP_BACKWARD_NO_JIT);
        JUMP_BACKWARD_NO_JIT(r, th, oparg)
    }

    fn JUMP_BACKWARD_JIT(r, th, oparg) { JUMP_BACKWARD_NO_JIT(r, th, oparg) }

    fn JUMP_BACKWARD_NO_JIT(r, th, oparg) {
        r.ip = r.ip.add(1).sub(oparg);
        if pending(r) || interp::stack_is_low(&*r.state) {
            return Flow::Pending;
        }
        Flow::Next
    }

    fn JUMP_BACKWARD_NO_INTERRUPT(r, th, oparg) {
        r.ip = r.ip.sub(oparg);
        Flow::Next
    }

    fn POP_JUMP_IF_FALSE(r, th, oparg) {
        let jump = r.pop().is(types::bool_(false));
        r.jump_if(jump, oparg);
        Flow::Next
    }

    fn POP_JUMP_IF_TRUE(r, th, oparg) {
        let jump = r.pop().is(types::bool_(true));
        r.jump_if(jump, oparg);
        Flow::Next
    }

    fn POP_JUMP_IF_NONE(r, th, oparg) {
        let word = r.pop();
        let jump = word.is(types::none());
        r.jump_if(jump, oparg);
        r.finish(word)
    }

    fn POP_JUMP_IF_NOT_NONE(r, th, oparg) {
        let word = r.pop();
        let jump = !word.is(types::none());
        r.jump_if(jump, oparg);
        r.finish(word)
    }

    fn RETURN_VALUE(r, th, oparg) {
        let value = r.pop().owned();
        return_value(r, value)
    }

    fn EXIT_INIT_CHECK(r, th, oparg) {
        r.save();
        check!(check_init(th, r.peek(1)));
        r.drop_words(1);
        Flow::Next
    }

    fn INTERPRETER_EXIT(r, th, oparg) { RETURN_VALUE(r, th, oparg) }

    fn RETURN_GENERATOR(r, th, oparg) {
        let state = th.state();
        let frame = r.frame;
        r.save();
        let Some(generator) = generator::from_frame(th, frame) else { return Flow::Error };
        let (prev, entry) = ((*frame).prev, (*frame).entry);
        frame::set_current(state, prev);
        frame::pop_words(state, frame.cast());
        state.recursion_remaining.set(state.recursion_remaining.get() + 1);
        let value = Word::from_raw(generator);
        if entry == ENTRY {
            r.sp = value.0 as *mut Word;
            return Flow::Exit;
        }
        r.resume(prev, (*prev).return_offset as usize);
        r.push(value);
        Flow::Next
    }

    fn YIELD_VALUE(r, th, oparg) {
        let value = r.pop().owned();
        let frame = r.frame;
        (*frame).ip = r.ip.add(1);
        (*frame).sp = r.sp;
        let state = &*r.state;
        let (prev, entry) = ((*frame).prev, (*frame).entry);
        generator::suspend(state, frame, oparg != 0);
        frame::set_current(state, prev);
        state.recursion_remaining.set(state.recursion_remaining.get() + 1);
        if entry == ENTRY {
            r.sp = value.0 as *mut Word;
            return Flow::Exit;
        }
        // Behind the inline cache of the caller's SEND or FOR_ITER.
        r.resume(prev, 1);
        r.push_or_store(value)
    }
}
