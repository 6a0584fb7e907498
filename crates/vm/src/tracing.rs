//! Tracing: `sys.settrace` and `sys.setprofile`.
//!
//! While somebody traces, frames run in the traced instance of the loop, which
//! calls [`before_instruction`] before each instruction; the fast instance
//! only notices, at calls and jumps back, that it has to hand over: a bit of
//! the evaluation breaker stays set. Nothing is reported from inside of a
//! trace function.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on running frames of this thread")]

use std::{cell::Cell, sync::atomic::Ordering};

use bytecode::{Op, linetable};
use object::{
    AsObject, Code, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id, raise, types,
};

use crate::{
    exception,
    frame::{self, Frame},
    frame_object::FrameObject,
    pending::TRACING,
};

/// What a thread's tracing knows.
struct State {
    trace: Link,
    profile: Link,
    /// A trace function is running.
    inside: Cell<bool>,
}

impl Default for State {
    fn default() -> Self {
        State { trace: Link::null(), profile: Link::null(), inside: Cell::new(false) }
    }
}

fn state(th: Thread<'_>) -> &State {
    th.state().extensions.get::<State>()
}

/// Whether this thread is traced.
#[inline(always)]
pub(crate) fn is_active(th: Thread<'_>) -> bool {
    th.state().eval_breaker.load(Ordering::Relaxed) & TRACING != 0
}

fn update(th: Thread<'_>) {
    let state = state(th);
    if state.trace.is_null() && state.profile.is_null() {
        th.state().eval_breaker.fetch_and(!TRACING, Ordering::Relaxed);
    } else {
        th.state().eval_breaker.fetch_or(TRACING, Ordering::Relaxed);
    }
}

/// Call a trace function; on error tracing ends.
fn call(
    th: Thread<'_>,
    function: &Ref,
    frame: &Ref<FrameObject>,
    event: &Str,
    arg: Obj<'_>,
) -> Result<Ref> {
    let state = state(th);
    state.inside.set(true);
    let result = function.call(th, &[frame.obj(), event.obj(), arg]);
    state.inside.set(false);
    if result.is_err() {
        state.trace.set(None);
        state.profile.set(None);
        frame.trace.set(None);
        update(th);
    }
    result
}

/// Report to the frame's own trace function.
fn local_event(th: Thread<'_>, frame: &Ref<FrameObject>, event: &Str, arg: Obj<'_>) -> Result<()> {
    if state(th).trace.is_null() {
        return Ok(());
    }
    let Some(function) = frame.trace.get() else { return Ok(()) };
    let result = call(th, &function, frame, event, arg)?;
    if !result.obj().is_none() {
        frame.trace.set(Some(result));
    }
    Ok(())
}

fn profile_event(
    th: Thread<'_>,
    frame: &Ref<FrameObject>,
    event: &Str,
    arg: Obj<'_>,
) -> Result<()> {
    match state(th).profile.get() {
        Some(function) => call(th, &function, frame, event, arg).map(drop),
        None => Ok(()),
    }
}

/// The instruction at a code unit, extensions of its argument skipped.
fn instruction(code: &Code, mut unit: usize) -> Option<(Op, u8)> {
    loop {
        let (op, arg) = code.instruction(unit)?;
        if op != Op::EXTENDED_ARG {
            return Some((op, arg));
        }
        unit += 1;
    }
}

/// The line that starts at a code unit.
fn line_start(code: &Code, unit: usize) -> Option<i32> {
    linetable::lines(code.linetable.as_bytes(), code.firstlineno)
        .find(|(start, _, _)| *start as usize == 2 * unit)
        .and_then(|(_, _, line)| line)
}

/// Call trace functions for the instruction at `ip`. False: go on in the fast
/// instance of the loop.
pub(crate) unsafe fn before_instruction(th: Thread<'_>, frame: *mut Frame) -> Result<bool> {
    if !is_active(th) {
        return Ok(false);
    }
    if state(th).inside.get() || Frame::is_incomplete_at(frame) {
        return Ok(true);
    }
    let code = Frame::code(frame);
    let ip = (*frame).ip;
    let unit = ip.offset_from(code.units()) as usize;
    let Some((op, _)) = instruction(code, unit) else { return Ok(true) };
    (*frame).ip = ip.add(1);
    let result = events(th, frame, code, unit, op);
    (*frame).ip = ip;
    result?;
    Ok(is_active(th))
}

unsafe fn events(
    th: Thread<'_>,
    frame: *mut Frame,
    code: &Code,
    unit: usize,
    op: Op,
) -> Result<()> {
    let none = types::none();
    if op == Op::RESUME {
        let object = frame::object_of(th, frame)?;
        let event = id!(th, "call");
        if let Some(trace) = state(th).trace.get() {
            let local = call(th, &trace, &object, event, none)?;
            if !local.obj().is_none() {
                object.trace.set(Some(local));
            }
        }
        object.traced_line.set(-1);
        object.traced_unit.set(unit);
        return profile_event(th, &object, event, none);
    }
    let leaves = matches!(op, Op::RETURN_VALUE | Op::YIELD_VALUE);
    if (*frame).frame_obj.is_null() && (!leaves || state(th).profile.is_null()) {
        return Ok(());
    }
    let object = frame::object_of(th, frame)?;
    if !object.trace.is_null() {
        let backward = unit <= object.traced_unit.replace(unit);
        let line = if backward { code.line_at(unit as u32) } else { line_start(code, unit) };
        if object.trace_lines.get()
            && let Some(line) = line
            && (backward || line != object.traced_line.get())
        {
            object.traced_line.set(line);
            local_event(th, &object, id!(th, "line"), none)?;
        }
        if object.trace_opcodes.get() {
            local_event(th, &object, id!(th, "opcode"), none)?;
        }
    }
    if leaves {
        let value = (*(*frame).sp.sub(1)).obj().own();
        let event = id!(th, "return");
        local_event(th, &object, event, value.obj())?;
        profile_event(th, &object, event, value.obj())?;
    }
    Ok(())
}

/// An exception was raised in, or came back to, a frame.
pub(crate) unsafe fn raised(th: Thread<'_>, frame: *mut Frame, reraised: bool) {
    if state(th).inside.get() || reraised || (*frame).frame_obj.is_null() {
        return;
    }
    let Some(exception) = th.swap_exception(None) else { return };
    let report = || -> Result<()> {
        let object = frame::object_of(th, frame)?;
        if object.trace.is_null() {
            return Ok(());
        }
        let none = types::none();
        let traceback = exception::traceback(exception.obj()).unwrap_or_else(|| none.own());
        let ty = exception.obj().ty().obj();
        let arg = Tuple::from_objs(th, &[ty, exception.obj(), traceback.obj()])?;
        local_event(th, &object, id!(th, "exception"), arg.obj())
    };
    if report().is_ok() {
        drop(th.swap_exception(Some(exception)));
    }
}

/// A frame is left by an exception.
pub(crate) unsafe fn unwound(th: Thread<'_>, frame: *mut Frame) {
    if state(th).inside.get() || Frame::is_incomplete(frame) {
        return;
    }
    let Some(exception) = th.swap_exception(None) else { return };
    let report = || -> Result<()> {
        if (*frame).frame_obj.is_null() && state(th).profile.is_null() {
            return Ok(());
        }
        let object = frame::object_of(th, frame)?;
        let (event, none) = (id!(th, "return"), types::none());
        local_event(th, &object, event, none)?;
        profile_event(th, &object, event, none)
    };
    if report().is_ok() {
        drop(th.swap_exception(Some(exception)));
    }
}

/// `frame.f_lineno = line`.
pub(crate) fn jump_to_line(th: Thread<'_>, frame: &FrameObject, _: i64) -> Result<()> {
    if !state(th).inside.get() || frame.trace.is_null() {
        raise!(th, ValueError, "f_lineno can only be set in a trace function");
    }
    raise!(th, NotImplementedError, "setting frame.f_lineno")
}

fn given(function: Obj<'_>) -> Option<Ref> {
    (!function.is_none()).then(|| function.own())
}

/// `sys.settrace`.
pub fn set_trace(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
    state(th).trace.set(given(function));
    update(th);
    Ok(())
}

/// `sys.gettrace`.
pub fn trace(th: Thread<'_>) -> Option<Ref> {
    state(th).trace.get()
}

/// `sys.setprofile`.
pub fn set_profile(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
    state(th).profile.set(given(function));
    update(th);
    Ok(())
}

/// `sys.getprofile`.
pub fn profile(th: Thread<'_>) -> Option<Ref> {
    state(th).profile.get()
}
