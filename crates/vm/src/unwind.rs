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
    generator, monitoring, traceback,
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
    let mut propagates = false;
    loop {
        if !th.is_raised() {
            object::error!(th, SystemError, "error return without exception set");
        }
        if add_traceback && !Frame::is_incomplete(frame) {
            traceback::add_entry(th, frame);
        }
        let monitored = monitoring::is_active(th) && !Frame::is_incomplete(frame);
        if monitored {
            monitoring::raised(th, frame, !add_traceback, reported_unit(frame, ip, propagates));
        }
        if let Some(frame) = handler(th, frame, ip) {
            if !monitored || report_handled(th, frame) {
                return Unwound::Handler(frame);
            }
            // The callback's exception comes from the handler.
            (ip, add_traceback, propagates) = ((*frame).ip, true, false);
            continue;
        }
        if monitored {
            monitoring::unwound(th, frame, reported_unit(frame, ip, propagates));
        }
        let (prev, entry) = ((*frame).prev, (*frame).entry);
        // The pending exception must survive what the release of the frame runs.
        let exception = th.swap_exception(None);
        // A frame object that outlives the frame keeps variables only.
        cut_stack(frame, Frame::stack(frame));
        frame::set_current(state, prev);
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
        // COMPAT: CPython enters its loop anew for operators.
        let is_operator = matches!(entry, frame::ENTRY_OPERATOR | frame::ENTRY_DISCARD);
        (add_traceback, propagates) = (true, !is_operator);
    }
}

/// Release the values above `bottom`.
unsafe fn cut_stack(frame: *mut Frame, bottom: *mut Word) {
    while (*frame).sp > bottom {
        (*frame).sp = (*frame).sp.sub(1);
        (*(*frame).sp).release_opt();
    }
}

/// COMPAT: the offset that `sys.monitoring` gives for an exception is that of
/// the last inline cache of the instruction; of a call that goes on in the same
/// loop, it is the unit before (test_monitoring).
unsafe fn reported_unit(frame: *mut Frame, ip: *mut u16, propagates: bool) -> usize {
    let code = Frame::code(frame);
    let at = usize::try_from(ip.offset_from(code.units()) - 1).unwrap_or(0);
    if propagates {
        return at.saturating_sub(1);
    }
    at + code.instruction(at).map_or(0, |(op, _)| op.caches())
}

/// Tell who monitors it that a handler is entered; false if that raised.
#[cold]
unsafe fn report_handled(th: Thread<'_>, frame: *mut Frame) -> bool {
    let exception = (*(*frame).sp.sub(1)).obj().own();
    // Callbacks see the handler's first instruction.
    (*frame).ip = (*frame).ip.add(1);
    let reported = monitoring::handled(th, frame, exception.obj());
    (*frame).ip = (*frame).ip.sub(1);
    reported.is_ok()
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
    cut_stack(frame, Frame::stack(frame).add(entry.depth as usize));
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
