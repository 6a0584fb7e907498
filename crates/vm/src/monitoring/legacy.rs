//! `sys.settrace` and `sys.setprofile`, as tools of the monitoring.
//!
//! Each thread has its own functions; the events are on while any thread has
//! one. A function that raises is removed.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on running frames of this thread")]

use std::cell::Cell;

use object::{
    AsObject, Code, Int, Link, Obj, Protocol, Ref, Result, Str, Thread, id, raise, types,
};

use super::{PROFILE_TOOL, TRACE_TOOL, event, fire, instrument, state as monitors};
use crate::{
    frame::{self, Frame, public},
    frame_object::FrameObject,
};

/// The functions of a thread. One of C code is called with its object.
#[derive(Default)]
struct State {
    trace: Link,
    profile: Link,
    native_trace: Cell<Option<abi::Py_tracefunc>>,
    native_profile: Cell<Option<abi::Py_tracefunc>>,
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: a thread's state ends while the thread is attached.
        let th = unsafe { Thread::current() };
        let monitors = monitors(th);
        for (link, threads) in
            [(&self.trace, &monitors.tracing_threads), (&self.profile, &monitors.profiling_threads)]
        {
            threads.set(threads.get() - !link.is_null() as isize);
        }
    }
}

fn state(th: Thread<'_>) -> &State {
    th.state().extensions.get::<State>()
}

const TRACE_EVENTS: u32 = 1 << event::PY_START
    | 1 << event::PY_RESUME
    | 1 << event::PY_RETURN
    | 1 << event::PY_YIELD
    | 1 << event::RAISE
    | 1 << event::LINE
    | 1 << event::JUMP
    | 1 << event::PY_UNWIND
    | 1 << event::PY_THROW
    | 1 << event::STOP_ITERATION;

const PROFILE_EVENTS: u32 = 1 << event::PY_START
    | 1 << event::PY_RESUME
    | 1 << event::PY_RETURN
    | 1 << event::PY_YIELD
    | 1 << event::CALL
    | 1 << event::PY_UNWIND
    | 1 << event::PY_THROW;

/// What C code calls an event: `PyTrace_CALL` and its like.
fn native_number(event: &Str) -> i32 {
    const NAMES: [&str; 8] =
        ["call", "exception", "line", "return", "c_call", "c_exception", "c_return", "opcode"];
    NAMES.iter().position(|name| event.eq_str(name)).map_or(0, |number| number as i32)
}

/// Call a function of C code with a frame.
fn call_native(
    function: abi::Py_tracefunc,
    object: &Ref,
    frame: &Ref<FrameObject>,
    event: &Str,
    arg: Obj<'_>,
) -> Result<()> {
    let (this, frame) = (object.obj().as_ptr(), frame.obj().as_ptr().cast());
    // SAFETY: C code promised that it may be called so on this thread.
    let status = unsafe { function(this, frame, native_number(event), arg.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(object::Raised) }
}

/// Call a function with a frame.
fn call(
    th: Thread<'_>,
    function: &Ref,
    frame: &Ref<FrameObject>,
    event: &Str,
    arg: Obj<'_>,
) -> Result<Ref> {
    function.call(th, &[frame.obj(), event.obj(), arg])
}

/// Report to the trace function: `call` to the thread's, others to the frame's.
unsafe fn report(
    th: Thread<'_>,
    frame: *mut Frame,
    event: &Str,
    arg: Obj<'_>,
    line: Option<i32>,
) -> Result<()> {
    let state = state(th);
    let Some(global) = state.trace.get() else { return Ok(()) };
    let object = frame::object_of(th, frame)?;
    if object.trace_opcodes.get() {
        set_opcode_events(th, object.code(), true)?;
    }
    let native = state.native_trace.get();
    let is_for_thread = native.is_some() || event.eq_str("call");
    let function = if is_for_thread { Some(global) } else { object.trace.get() };
    let Some(function) = function else { return Ok(()) };
    object.lineno.set(line.unwrap_or(0));
    let result = match native {
        Some(native) => call_native(native, &function, &object, event, arg).map(|()| None),
        None => call(th, &function, &object, event, arg).map(Some),
    };
    object.lineno.set(0);
    match result {
        Ok(value) => {
            if let Some(value) = value.filter(|value| !value.obj().is_none()) {
                object.trace.set(Some(value));
            }
            Ok(())
        }
        Err(raised) => {
            let exception = th.take_exception(raised);
            let off = set_trace(th, types::none());
            object.trace.set(None);
            off?;
            Err(th.restore(exception))
        }
    }
}

/// An event for `sys.settrace`; whether the instruction needs no more reports.
pub(super) fn trace(
    th: Thread<'_>,
    event: usize,
    frame: *mut Frame,
    args: &[Obj<'_>],
) -> Result<bool> {
    let none = types::none();
    let extra = args.get(2).copied().unwrap_or(none);
    // SAFETY: the running frame.
    unsafe {
        match event {
            event::PY_START | event::PY_RESUME | event::PY_THROW => {
                report(th, frame, id!(th, "call"), none, None)?;
            }
            event::PY_RETURN | event::PY_YIELD => {
                report(th, frame, id!(th, "return"), extra, None)?;
            }
            event::PY_UNWIND => report(th, frame, id!(th, "return"), none, None)?,
            event::RAISE | event::STOP_ITERATION => {
                let triple = fire::exception_triple(th, extra)?;
                report(th, frame, id!(th, "exception"), triple.obj(), None)?;
            }
            event::LINE => {
                let line = args.get(1).and_then(|line| Int::to_i64(*line)).unwrap_or(0);
                report_line(th, frame, line as i32)?;
            }
            event::JUMP => return report_jump(th, frame, args),
            event::INSTRUCTION => report_opcode(th, frame)?,
            _ => {}
        }
    }
    Ok(false)
}

unsafe fn report_line(th: Thread<'_>, frame: *mut Frame, line: i32) -> Result<()> {
    if state(th).trace.is_null() || !frame::object_of(th, frame)?.trace_lines.get() {
        return Ok(());
    }
    report(th, frame, id!(th, "line"), types::none(), Some(line))
}

/// COMPAT: a jump back within a line is a `line` event, too (test_sys_settrace).
unsafe fn report_jump(th: Thread<'_>, frame: *mut Frame, args: &[Obj<'_>]) -> Result<bool> {
    if state(th).trace.is_null() {
        return Ok(false);
    }
    let unit = |i: usize| args.get(i).and_then(|arg| Int::to_i64(*arg)).unwrap_or(0) / 2;
    let (from, to) = (unit(1), unit(2));
    if to > from {
        return Ok(true);
    }
    let code = Frame::code(frame);
    let line = |unit: i64| code.line_at(unit as u32);
    let target = line(to);
    if target != line(from) {
        return Ok(true);
    }
    if let Some(line) = target {
        report_line(th, frame, line)?;
    }
    Ok(false)
}

unsafe fn report_opcode(th: Thread<'_>, frame: *mut Frame) -> Result<()> {
    let object = frame::object_of(th, frame)?;
    if state(th).trace.is_null() || !object.trace_opcodes.get() {
        return set_opcode_events(th, object.code(), false);
    }
    report(th, frame, id!(th, "opcode"), types::none(), None)
}

/// Report every instruction of code to the trace function, or no more.
pub(crate) fn set_opcode_events(th: Thread<'_>, code: &Code, on: bool) -> Result<()> {
    let events = instrument::local_events(code, TRACE_TOOL);
    let bit = 1 << event::INSTRUCTION;
    instrument::set_local(th, code, TRACE_TOOL, if on { events | bit } else { events & !bit })
}

/// An event for `sys.setprofile`.
pub(super) fn profile(
    th: Thread<'_>,
    event: usize,
    frame: *mut Frame,
    args: &[Obj<'_>],
) -> Result<()> {
    let Some(function) = state(th).profile.get() else { return Ok(()) };
    let none = types::none();
    let extra = args.get(2).copied().unwrap_or(none);
    let mut arg = none.own();
    let name = match event {
        event::PY_START | event::PY_RESUME | event::PY_THROW => id!(th, "call"),
        event::PY_RETURN | event::PY_YIELD => {
            arg = extra.own();
            id!(th, "return")
        }
        event::PY_UNWIND => id!(th, "return"),
        event::CALL | event::C_RETURN | event::C_RAISE => {
            let this = args.get(3).copied().unwrap_or(none);
            match native_function(th, extra, this)? {
                Some(function) => arg = function,
                None => return Ok(()),
            }
            match event {
                event::CALL => id!(th, "c_call"),
                event::C_RETURN => id!(th, "c_return"),
                _ => id!(th, "c_exception"),
            }
        }
        _ => return Ok(()),
    };
    // SAFETY: the running frame.
    let object = unsafe { frame::object_of(th, frame)? };
    let result = match state(th).native_profile.get() {
        Some(native) => call_native(native, &function, &object, name, arg.obj()),
        None => call(th, &function, &object, name, arg.obj()).map(drop),
    };
    match result {
        Ok(()) => Ok(()),
        Err(raised) => {
            let exception = th.take_exception(raised);
            set_profile(th, types::none())?;
            Err(th.restore(exception))
        }
    }
}

/// The builtin function that a call means, if it is one.
fn native_function(th: Thread<'_>, callable: Obj<'_>, this: Obj<'_>) -> Result<Option<Ref>> {
    if crate::bridge::is_builtin_function(callable) {
        return Ok(Some(callable.own()));
    }
    if !crate::bridge::is_method_descriptor(callable) {
        return Ok(None);
    }
    if monitors(th).missing.as_ptr() == this.as_ptr() {
        return Ok(None);
    }
    let class = this.ty().obj();
    callable.call_method(th, id!(th, "__get__"), &[this, class]).map(Some)
}

fn given(function: Obj<'_>) -> Option<Ref> {
    (!function.is_none()).then(|| function.own())
}

/// `sys.settrace`.
pub fn set_trace(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
    state(th).native_trace.set(None);
    trace_with(th, given(function))
}

/// The object that stands for a function of C code, which need not have one.
fn standing_for(function: Option<abi::Py_tracefunc>, object: Option<Obj<'_>>) -> Option<Ref> {
    function.map(|_| object.map_or_else(|| types::none().own(), Obj::own))
}

/// `PyEval_SetTrace`.
pub fn set_native_trace(
    th: Thread<'_>,
    function: Option<abi::Py_tracefunc>,
    object: Option<Obj<'_>>,
) -> Result<()> {
    state(th).native_trace.set(function);
    trace_with(th, standing_for(function, object))
}

/// `PyEval_SetProfile`.
pub fn set_native_profile(
    th: Thread<'_>,
    function: Option<abi::Py_tracefunc>,
    object: Option<Obj<'_>>,
) -> Result<()> {
    state(th).native_profile.set(function);
    profile_with(th, standing_for(function, object))
}

/// `PyEval_SetTraceAllThreads` and `PyEval_SetProfileAllThreads`.
pub fn set_native_in_all_threads(
    th: Thread<'_>,
    function: Option<abi::Py_tracefunc>,
    object: Option<Obj<'_>>,
    is_profile: bool,
) -> Result<()> {
    set_in_others(th, is_profile, function, standing_for(function, object).as_ref());
    if is_profile {
        set_native_profile(th, function, object)
    } else {
        set_native_trace(th, function, object)
    }
}

fn trace_with(th: Thread<'_>, new: Option<Ref>) -> Result<()> {
    let link = &state(th).trace;
    let threads = &monitors(th).tracing_threads;
    threads.set(threads.get() + new.is_some() as isize - !link.is_null() as isize);
    link.set(new);
    let events = if threads.get() > 0 { TRACE_EVENTS } else { 0 };
    monitors(th).set_global_events(th, TRACE_TOOL, events)?;
    if events != 0
        && let Some(frame) = crate::current_frame(th)?
        && frame.trace_opcodes.get()
    {
        set_opcode_events(th, frame.code(), true)?;
    }
    Ok(())
}

/// `sys._settraceallthreads` and `sys._setprofileallthreads`.
pub fn set_in_all_threads(th: Thread<'_>, function: Obj<'_>, is_profile: bool) -> Result<()> {
    set_in_others(th, is_profile, None, given(function).as_ref());
    if is_profile { set_profile(th, function) } else { set_trace(th, function) }
}

/// Set the function of the threads that are not running now.
fn set_in_others(
    th: Thread<'_>,
    is_profile: bool,
    native: Option<abi::Py_tracefunc>,
    object: Option<&Ref>,
) {
    let monitors = monitors(th);
    let threads = if is_profile { &monitors.profiling_threads } else { &monitors.tracing_threads };
    for other in th.interp().all_threads() {
        if std::ptr::eq(other, th.state()) {
            continue;
        }
        let state = other.extensions.get::<State>();
        let (link, function) = if is_profile {
            (&state.profile, &state.native_profile)
        } else {
            (&state.trace, &state.native_trace)
        };
        threads.set(threads.get() + object.is_some() as isize - !link.is_null() as isize);
        function.set(native);
        link.set(object.cloned());
    }
}

/// `sys.gettrace`.
pub fn trace_function(th: Thread<'_>) -> Option<Ref> {
    state(th).trace.get()
}

/// `sys.setprofile`.
pub fn set_profile(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
    state(th).native_profile.set(None);
    profile_with(th, given(function))
}

fn profile_with(th: Thread<'_>, new: Option<Ref>) -> Result<()> {
    let link = &state(th).profile;
    let threads = &monitors(th).profiling_threads;
    threads.set(threads.get() + new.is_some() as isize - !link.is_null() as isize);
    link.set(new);
    let events = if threads.get() > 0 { PROFILE_EVENTS } else { 0 };
    super::missing(th)?;
    monitors(th).set_global_events(th, PROFILE_TOOL, events)
}

/// `sys.getprofile`.
pub fn profile_function(th: Thread<'_>) -> Option<Ref> {
    state(th).profile.get()
}

/// `sys.call_tracing`: a call that is reported although a trace function runs.
pub fn call_tracing(th: Thread<'_>, function: Obj<'_>, args: &[Obj<'_>]) -> Result<Ref> {
    let public = public(th.state());
    // SAFETY: only this thread touches its state.
    let before = unsafe { std::mem::replace(&mut (*public).tracing, 0) };
    let result = function.call(th, args);
    // SAFETY: as above.
    unsafe { (*public).tracing = before };
    result
}

/// Run something with the reports of calls and lines held back `by` times more
/// (once) or less (minus once) than now.
pub fn with_tracing_held<T>(th: Thread<'_>, by: i32, run: impl FnOnce() -> T) -> T {
    let public = public(th.state());
    // SAFETY: only this thread touches its state.
    unsafe { (*public).tracing += by };
    let result = run();
    // SAFETY: as above.
    unsafe { (*public).tracing -= by };
    result
}

/// Raise unless `f_lineno` may be set now.
pub(super) fn check_may_jump(th: Thread<'_>, frame: &FrameObject) -> Result<()> {
    // SAFETY: only this thread touches its state.
    let (inside, what) = unsafe {
        let public = public(th.state());
        ((*public).tracing != 0, (*public).what_event)
    };
    if !inside || frame.trace.is_null() && what < 0 {
        raise!(th, ValueError, "f_lineno can only be set in a trace function");
    }
    match usize::try_from(what).unwrap_or(usize::MAX) {
        event::PY_RESUME
        | event::JUMP
        | event::LINE
        | event::PY_YIELD
        | event::BRANCH_LEFT
        | event::BRANCH_RIGHT => Ok(()),
        event::PY_START => {
            raise!(th, ValueError, "can't jump from the 'call' trace event of a new frame")
        }
        event::CALL | event::C_RETURN => raise!(th, ValueError, "can't jump during a call"),
        event::PY_RETURN
        | event::PY_THROW
        | event::PY_UNWIND
        | event::RAISE
        | event::C_RAISE
        | event::INSTRUCTION
        | event::EXCEPTION_HANDLED => {
            raise!(th, ValueError, "can only jump from a 'line' trace event")
        }
        _ => raise!(th, SystemError, "unexpected event type"),
    }
}
