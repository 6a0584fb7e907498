//! What happens when an instruction raises.
//!
//! The frame is added to the traceback, the stack cut down to the depth that
//! the exception table gives for the instruction, and the handler entered with
//! the exception on the stack. Frames without a handler are left; the search
//! ends at the frame by which the loop was entered.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use bytecode::exceptiontable;
use object::{AsObject, Int, Thread};

use crate::{
    exception,
    frame::{self, Frame, owner},
    generator, traceback, tracing,
    word::Word,
};

pub(crate) use crate::traceback::remove_importlib_frames;

/// Where to go on.
pub(crate) enum Unwound {
    /// In this frame, whose `ip` and `sp` are those of the handler.
    Handler(*mut Frame),
    /// Out of the loop, with the exception set.
    Out,
}

/// Find the handler of the exception that is set. `ip` is behind the opcode
/// that ran: the frame's own may be that of the original error, restored by
/// `RERAISE`.
#[cold]
#[inline(never)]
pub(crate) unsafe fn unwind(
    th: Thread<'_>,
    mut frame: *mut Frame,
    mut ip: *mut u16,
    mut add_traceback: bool,
) -> Unwound {
    let state = th.state();
    loop {
        if !th.is_raised() {
            object::error!(th, SystemError, "error return without exception set");
        }
        if add_traceback && !Frame::is_incomplete(frame) {
            traceback::add_entry(th, frame);
        }
        if tracing::is_active(th) {
            tracing::raised(th, frame, !add_traceback);
        }
        if let Some(frame) = handler(th, frame, ip) {
            return Unwound::Handler(frame);
        }
        if tracing::is_active(th) {
            tracing::unwound(th, frame);
        }
        let (prev, entry) = ((*frame).prev, (*frame).entry);
        frame::set_current(state, prev);
        // The pending exception must survive what the release of the frame runs.
        let exception = th.swap_exception(None);
        // A frame object that somebody has keeps the variables only.
        cut(frame, Frame::stack(frame));
        if (*frame).owner == owner::THREAD {
            frame::pop(th, state, frame);
        } else {
            generator::finish(th, frame);
        }
        drop(th.swap_exception(exception));
        state.recursion_remaining.set(state.recursion_remaining.get() + 1);
        if entry == frame::ENTRY {
            return Unwound::Out;
        }
        frame = prev;
        ip = (*frame).ip;
        add_traceback = true;
    }
}

/// Release what is on the stack from `bottom` on.
unsafe fn cut(frame: *mut Frame, bottom: *mut Word) {
    while (*frame).sp > bottom {
        (*frame).sp = (*frame).sp.sub(1);
        (*(*frame).sp).release_opt();
    }
}

/// Enter the handler in `frame`, if it has one.
unsafe fn handler(th: Thread<'_>, frame: *mut Frame, ip: *mut u16) -> Option<*mut Frame> {
    let code = Frame::code(frame);
    let table = code.exceptiontable.as_bytes();
    if table.is_empty() {
        return None;
    }
    let at = ip.offset_from(code.units()) - 1;
    let entry = exceptiontable::find(table, u32::try_from(at).ok()?)?;
    let lasti = Frame::lasti(frame);
    let exception = th.swap_exception(None)?;
    cut(frame, Frame::stack(frame).add(entry.depth as usize));
    let push = |word: Word| {
        *(*frame).sp = word;
        (*frame).sp = (*frame).sp.add(1);
    };
    if entry.lasti {
        match Int::from_i64(th, i64::from(lasti)) {
            Ok(value) => push(Word::from_ref(value)),
            Err(_) => push(Word::none()),
        }
    }
    // The context is complete now; normalise what native code may have set.
    debug_assert!(exception::is_exception(exception.obj()));
    push(Word::from_ref(exception));
    (*frame).ip = code.units().add(entry.target as usize);
    Some(frame)
}
