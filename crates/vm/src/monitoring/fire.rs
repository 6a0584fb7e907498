//! Calling the tools.
//!
//! Tools are called one after the other, the highest number first, with the
//! code and the offset of the instruction before what the event brings along.
//! While one runs, the thread reports nothing. Callers have stored `ip` and
//! `sp` in the frame; a callback that sets `f_lineno` changes both.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on running frames of this thread")]

use object::{AsObject, Int, Obj, Protocol, Ref, Result, Thread, Tuple, error, exceptions::types};

use super::{
    Callback, EVENTS, LOCAL_EVENTS, PROFILE_TOOL, TRACE_TOOL, UNGROUPED_EVENTS, event, instrument,
    legacy, state,
};
use crate::{
    exception,
    frame::{Frame, public},
    generator,
};

/// Whether the thread runs a callback.
pub(crate) fn is_inside(th: Thread<'_>) -> bool {
    // SAFETY: only this thread touches its state.
    unsafe { (*public(th.state())).tracing != 0 }
}

/// Whether some tool wants an event everywhere.
pub(crate) fn has_global(th: Thread<'_>, event: usize) -> bool {
    super::is_active(th) && state(th).global.get(event).is_some_and(|tools| tools.get() != 0)
}

/// Call one tool; whether it wants to be called no more.
pub(super) fn call_tool(
    th: Thread<'_>,
    tool: usize,
    event: usize,
    frame: *mut Frame,
    args: &[Obj<'_>],
) -> Result<bool> {
    let state = state(th);
    let callback = if tool < PROFILE_TOOL { state.callback(tool, event) } else { None };
    if tool < PROFILE_TOOL && callback.is_none() {
        return Ok(false);
    }
    let public = public(th.state());
    // SAFETY: only this thread touches its state.
    let before = unsafe {
        (*public).tracing += 1;
        std::mem::replace(&mut (*public).what_event, event as i32)
    };
    let result = match (tool, callback) {
        (TRACE_TOOL, _) => legacy::trace(th, event, frame, args),
        (PROFILE_TOOL, _) => legacy::profile(th, event, frame, args).map(|()| false),
        (_, Some(callback)) => {
            callback.call(th, args).map(|value| state.disable.as_ptr() == value.as_ptr())
        }
        _ => Ok(false),
    };
    // SAFETY: as above.
    unsafe {
        (*public).tracing -= 1;
        (*public).what_event = before;
    }
    result
}

/// The tools that want an event of the instruction at a unit.
unsafe fn tools_for(th: Thread<'_>, frame: *mut Frame, at: usize, event: usize) -> u8 {
    let event = if event >= UNGROUPED_EVENTS { event::CALL } else { event };
    if event >= LOCAL_EVENTS {
        return state(th).global[event].get();
    }
    instrument::data(Frame::code(frame)).map_or(0, |data| match event {
        event::LINE => data.line_tools(at),
        event::INSTRUCTION => data.instruction_tools(at),
        _ => data.own_tools(at),
    })
}

/// Call the tools of an event with these arguments.
unsafe fn call_tools(
    th: Thread<'_>,
    frame: *mut Frame,
    at: usize,
    event: usize,
    args: &[Obj<'_>],
) -> Result<()> {
    let code = object::own(Frame::code(frame));
    let mut tools = tools_for(th, frame, at, event);
    while tools != 0 {
        let tool = 7 - tools.leading_zeros() as usize;
        tools &= !(1 << tool);
        if !call_tool(th, tool, event, frame, args)? {
            continue;
        }
        if event >= LOCAL_EVENTS {
            drop(state(th).set_callback(tool, event, Callback::default()));
            return Err(error!(
                th,
                ValueError, "Cannot disable {} events. Callback removed.", EVENTS[event]
            ));
        }
        if let Some(data) = instrument::data(&code) {
            data.disable(&code, at, event, tool);
            if state(th).is_both_ways(tool, event) {
                disable_other_way(&data, &code, at, event, tool);
            }
        }
    }
    Ok(())
}

/// A callback for `BRANCH` disables both ways of the branch.
fn disable_other_way(
    data: &instrument::CodeMonitoring,
    code: &object::Code,
    at: usize,
    event: usize,
    tool: usize,
) {
    use bytecode::Op;
    let Some((op, _)) = code.instruction(at) else { return };
    let other = match op {
        Op::NOT_TAKEN | Op::POP_ITER => instrument::branch_source(code, at),
        Op::FOR_ITER => {
            let all = instrument::instructions(code);
            match all.iter().find(|one| one.at == at).and_then(|one| one.target()) {
                Some(target) => target,
                None => return,
            }
        }
        _ => at + 1 + op.caches(),
    };
    let other_event =
        if event == event::BRANCH_LEFT { event::BRANCH_RIGHT } else { event::BRANCH_LEFT };
    if code.instruction(other).is_some() {
        data.disable(code, other, other_event, tool);
    }
}

/// Report an event of the running instruction, or of the one at `from` (the
/// tools being those of the running one).
#[inline(never)]
pub(crate) unsafe fn fire_at(
    th: Thread<'_>,
    frame: *mut Frame,
    event: usize,
    from: Option<usize>,
    extra: &[Obj<'_>],
) -> Result<()> {
    let at = usize::try_from(Frame::lasti(frame)).unwrap_or(0);
    if is_inside(th) || tools_for(th, frame, at, event) == 0 {
        return Ok(());
    }
    let code = object::own(Frame::code(frame));
    let offset = Int::from_i64(th, 2 * from.unwrap_or(at) as i64)?;
    let mut args = vec![code.obj(), offset.obj()];
    args.extend(extra);
    call_tools(th, frame, at, event, &args)
}

/// Report an event of the running instruction.
pub(crate) unsafe fn fire(
    th: Thread<'_>,
    frame: *mut Frame,
    event: usize,
    extra: &[Obj<'_>],
) -> Result<()> {
    fire_at(th, frame, event, None, extra)
}

/// Report a jump from the running instruction (or that at `from`) to `to`.
pub(crate) unsafe fn fire_jump(
    th: Thread<'_>,
    frame: *mut Frame,
    event: usize,
    from: Option<usize>,
    to: usize,
) -> Result<()> {
    let to = Int::from_i64(th, 2 * to as i64)?;
    fire_at(th, frame, event, from, &[to.obj()])
}

/// Report that a line begins with the running instruction.
#[inline(never)]
pub(crate) unsafe fn fire_line(th: Thread<'_>, frame: *mut Frame) -> Result<()> {
    let at = usize::try_from(Frame::lasti(frame)).unwrap_or(0);
    let Some(data) = instrument::data(Frame::code(frame)) else { return Ok(()) };
    let due = data.line_is_due(at, (*frame).line);
    (*frame).line = data.line(at).unwrap_or(0);
    let tools = data.line_tools(at);
    drop(data);
    let Some(line) = due.filter(|_| tools != 0 && !is_inside(th)) else { return Ok(()) };
    let code = object::own(Frame::code(frame));
    let line = Int::from_i64(th, i64::from(line))?;
    call_tools(th, frame, at, event::LINE, &[code.obj(), line.obj()])
}

/// Report an event that an exception causes; the one that is set stays, unless
/// a callback raises another one.
unsafe fn fire_exception(th: Thread<'_>, frame: *mut Frame, event: usize, from: usize) {
    if !has_global(th, event) && event >= LOCAL_EVENTS || is_inside(th) {
        return;
    }
    let Some(exception) = th.swap_exception(None) else { return };
    if fire_at(th, frame, event, Some(from), &[exception.obj()]).is_ok() {
        drop(th.swap_exception(Some(exception)));
    }
}

/// An exception was raised in, or came back to, a frame.
#[cold]
pub(crate) unsafe fn raised(th: Thread<'_>, frame: *mut Frame, reraised: bool, from: usize) {
    fire_exception(th, frame, if reraised { event::RERAISE } else { event::RAISE }, from);
}

/// An exception leaves a frame.
#[cold]
pub(crate) unsafe fn unwound(th: Thread<'_>, frame: *mut Frame, from: usize) {
    fire_exception(th, frame, event::PY_UNWIND, from);
}

/// An exception is thrown into a generator.
#[cold]
pub(crate) unsafe fn thrown(th: Thread<'_>, frame: *mut Frame) {
    let at_resume = instrument::instrument(th, Frame::code(frame));
    if at_resume.is_ok() {
        // The generator is seen behind its `yield`.
        let from = usize::try_from(Frame::lasti(frame) + 1).unwrap_or(0);
        fire_exception(th, frame, event::PY_THROW, from);
    }
}

/// A handler of `exception` is entered.
#[cold]
pub(crate) unsafe fn handled(th: Thread<'_>, frame: *mut Frame, exception: Obj<'_>) -> Result<()> {
    if is_inside(th) {
        return Ok(());
    }
    fire(th, frame, event::EXCEPTION_HANDLED, &[exception])
}

/// An iterator raised the `StopIteration` that is set, which ends a loop.
#[cold]
pub(crate) fn swallowed(th: Thread<'_>) {
    let frame = crate::frame::current(th);
    if has_global(th, event::RAISE) && !frame.is_null() {
        // SAFETY: the running frame.
        unsafe {
            let at = usize::try_from(Frame::lasti(frame)).unwrap_or(0);
            raised(th, frame, false, at);
        }
    }
}

/// A generator ended with `value` without raising `StopIteration`.
pub(crate) unsafe fn stop_iteration(
    th: Thread<'_>,
    frame: *mut Frame,
    receiver: Obj<'_>,
    value: Obj<'_>,
) -> Result<()> {
    if generator::as_generator(receiver).is_none() || is_inside(th) {
        return Ok(());
    }
    generator::raise_stop(th, value);
    let Some(exception) = th.swap_exception(None) else { return Ok(()) };
    debug_assert!(exception::is_exception(exception.obj()));
    debug_assert!(exception.obj().ty().is_subtype(types::StopIteration()));
    fire(th, frame, event::STOP_ITERATION, &[exception.obj()])
}

/// The arguments of the `exception` event of `sys.settrace`.
pub(super) fn exception_triple(th: Thread<'_>, exception: Obj<'_>) -> Result<Ref<Tuple>> {
    let none = object::types::none();
    let traceback = exception::traceback(exception).unwrap_or_else(|| none.own());
    Tuple::from_objs(th, &[exception.ty().obj(), exception, traceback.obj()])
}
