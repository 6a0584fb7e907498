//! Jumps, returning, resuming.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use std::sync::atomic::Ordering;

use object::{Thread, raise, types};

use super::{check, ops};
use crate::{
    frame::{self, ENTRY, ENTRY_INIT, owner},
    generator,
    interp::{Flow, Regs},
    monitoring::MONITORED,
    word::Word,
};

/// Leave the running frame and give `value` (owned) to its caller.
#[inline(always)]
pub(crate) unsafe fn return_value(r: &mut Regs, th: Thread<'_>, value: Word) -> Flow {
    let state = th.state();
    let frame = r.frame;
    let (prev, entry) = ((*frame).prev, (*frame).entry);
    (*frame).sp = r.sp;
    // COMPAT: a frame object that outlives the call tells the line of the
    // return; test_compile.test_lineno_after_implicit_return.
    (*frame).ip = r.ip;
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
    r.push(value);
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
unsafe fn jump_if(r: &mut Regs, jump: bool, oparg: usize) -> Flow {
    r.skip(if jump { oparg + 1 } else { 1 });
    Flow::Next
}

#[inline(always)]
pub(crate) unsafe fn pending(th: Thread<'_>) -> bool {
    th.state().eval_breaker.load(Ordering::Relaxed) & !MONITORED != 0
}

ops! {
    fn RESUME(r, th, oparg) {
        if th.state().eval_breaker.load(Ordering::Relaxed) != 0 {
            return Flow::PendingResume;
        }
        Flow::Next
    }

    fn RESUME_CHECK(r, th, oparg) { RESUME(r, th, oparg) }

    fn JUMP_FORWARD(r, th, oparg) {
        r.skip(oparg);
        Flow::Next
    }

    fn JUMP_BACKWARD(r, th, oparg) {
        r.ip = r.ip.add(1).sub(oparg);
        if pending(th) {
            return Flow::Pending;
        }
        Flow::Next
    }

    fn JUMP_BACKWARD_JIT(r, th, oparg) { JUMP_BACKWARD(r, th, oparg) }

    fn JUMP_BACKWARD_NO_JIT(r, th, oparg) { JUMP_BACKWARD(r, th, oparg) }

    fn JUMP_BACKWARD_NO_INTERRUPT(r, th, oparg) {
        r.ip = r.ip.sub(oparg);
        Flow::Next
    }

    fn POP_JUMP_IF_FALSE(r, th, oparg) {
        let jump = r.pop().is(types::bool_(false));
        jump_if(r, jump, oparg)
    }

    fn POP_JUMP_IF_TRUE(r, th, oparg) {
        let jump = r.pop().is(types::bool_(true));
        jump_if(r, jump, oparg)
    }

    fn POP_JUMP_IF_NONE(r, th, oparg) {
        let word = r.pop();
        let jump = word.is(types::none());
        r.release(word);
        jump_if(r, jump, oparg)
    }

    fn POP_JUMP_IF_NOT_NONE(r, th, oparg) {
        let word = r.pop();
        let jump = !word.is(types::none());
        r.release(word);
        jump_if(r, jump, oparg)
    }

    fn RETURN_VALUE(r, th, oparg) {
        let value = r.pop().owned();
        return_value(r, th, value)
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
        r.save();
        let state = th.state();
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
        r.push(value);
        Flow::Next
    }
}
