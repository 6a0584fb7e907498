//! `monitoring.h`: C code that reports events as if it were Python code; and
//! the functions of `ceval.h` by which C code traces and profiles.

use std::ffi::c_int;

use macros::capi;
use object::{AsObject, Int, Obj, Result, Thread, error, exceptions, raise};
use vm::monitoring::{event, foreign, legacy};

/// `PyMonitoringState`: which tools want an event.
#[repr(C)]
struct State {
    active: u8,
    opaque: u8,
}

#[capi]
unsafe fn PyMonitoring_EnterScope(
    th: Thread<'_>,
    states: *mut State,
    version: *mut u64,
    events: *const u8,
    length: isize,
) -> c_int {
    // SAFETY: for the whole function: C passes as many states and events.
    unsafe {
        if foreign::version(th) == *version {
            return 0;
        }
        for index in 0..length.max(0) as usize {
            (*states.add(index)).active = foreign::tools(th, usize::from(*events.add(index)));
        }
        *version = foreign::version(th);
    }
    0
}

#[capi]
fn PyMonitoring_ExitScope() -> c_int {
    0
}

/// Report an event that brings along `extra`.
unsafe fn report(
    th: Thread<'_>,
    state: *mut State,
    code: Obj<'_>,
    offset: i32,
    event: usize,
    extra: &[Obj<'_>],
) -> Result<()> {
    // SAFETY: C passes a state of the scope.
    foreign::report(th, unsafe { &mut (*state).active }, code, offset, event, extra)
}

/// Report an event of the exception that is set, which stays set.
unsafe fn report_exception(
    th: Thread<'_>,
    state: *mut State,
    code: Obj<'_>,
    offset: i32,
    event: usize,
) -> Result<()> {
    let Some(exception) = th.swap_exception(None) else {
        raise!(th, ValueError, "Firing event {event} with no exception set");
    };
    // SAFETY: the caller's promise.
    unsafe { report(th, state, code, offset, event, &[exception.obj()])? };
    drop(th.swap_exception(Some(exception)));
    Ok(())
}

macro_rules! events {
    ($($name:ident $event:ident ($($arg:ident),*);)*) => { $(
        #[capi]
        unsafe fn $name(
            th: Thread<'_>,
            state: *mut State,
            code: Obj<'_>,
            offset: i32,
            $($arg: Obj<'_>),*
        ) -> Result<()> {
            // SAFETY: C passes a state of the scope.
            unsafe { report(th, state, code, offset, event::$event, &[$($arg),*]) }
        }
    )* };
}

events! {
    _PyMonitoring_FirePyStartEvent PY_START ();
    _PyMonitoring_FirePyResumeEvent PY_RESUME ();
    _PyMonitoring_FirePyReturnEvent PY_RETURN (value);
    _PyMonitoring_FirePyYieldEvent PY_YIELD (value);
    _PyMonitoring_FireCallEvent CALL (callable, first);
    _PyMonitoring_FireJumpEvent JUMP (target);
    _PyMonitoring_FireBranchEvent BRANCH_RIGHT (target);
    _PyMonitoring_FireBranchRightEvent BRANCH_RIGHT (target);
    _PyMonitoring_FireBranchLeftEvent BRANCH_LEFT (target);
    _PyMonitoring_FireCReturnEvent C_RETURN (value);
}

macro_rules! exception_events {
    ($($name:ident $event:ident;)*) => { $(
        #[capi]
        unsafe fn $name(th: Thread<'_>, state: *mut State, code: Obj<'_>, offset: i32) -> Result<()> {
            // SAFETY: C passes a state of the scope.
            unsafe { report_exception(th, state, code, offset, event::$event) }
        }
    )* };
}

exception_events! {
    _PyMonitoring_FirePyThrowEvent PY_THROW;
    _PyMonitoring_FireRaiseEvent RAISE;
    _PyMonitoring_FireReraiseEvent RERAISE;
    _PyMonitoring_FireExceptionHandledEvent EXCEPTION_HANDLED;
    _PyMonitoring_FireCRaiseEvent C_RAISE;
    _PyMonitoring_FirePyUnwindEvent PY_UNWIND;
}

#[capi]
unsafe fn _PyMonitoring_FireLineEvent(
    th: Thread<'_>,
    state: *mut State,
    code: Obj<'_>,
    offset: i32,
    line: c_int,
) -> Result<()> {
    let line = Int::from_i64(th, i64::from(line))?;
    // SAFETY: C passes a state of the scope.
    unsafe { report(th, state, code, offset, event::LINE, &[line.obj()]) }
}

#[capi]
unsafe fn _PyMonitoring_FireStopIterationEvent(
    th: Thread<'_>,
    state: *mut State,
    code: Obj<'_>,
    offset: i32,
    value: Obj<'_>,
) -> Result<()> {
    let _: error::Raised = if exceptions::BaseException::of(value)
        .is_some_and(|_| value.ty().is_subtype(exceptions::types::StopIteration()))
    {
        th.raise_object(value.own())
    } else {
        exceptions::stop_iteration(th, value)
    };
    let Some(exception) = th.swap_exception(None) else { return Ok(()) };
    // SAFETY: C passes a state of the scope.
    unsafe { report(th, state, code, offset, event::STOP_ITERATION, &[exception.obj()]) }
}

/// What failed in setting a function is reported, as these functions return nothing.
fn reported(th: Thread<'_>, result: Result<()>, name: &str) {
    if result.is_err() {
        (th.hooks().unraisable)(th, Some(&format!("Exception ignored in {name}")), None);
    }
}

#[capi]
fn PyEval_SetTrace(th: Thread<'_>, function: Option<abi::Py_tracefunc>, object: Option<Obj<'_>>) {
    reported(th, legacy::set_native_trace(th, function, object), "PyEval_SetTrace");
}

#[capi]
fn PyEval_SetProfile(th: Thread<'_>, function: Option<abi::Py_tracefunc>, object: Option<Obj<'_>>) {
    reported(th, legacy::set_native_profile(th, function, object), "PyEval_SetProfile");
}

#[capi]
fn PyEval_SetTraceAllThreads(
    th: Thread<'_>,
    function: Option<abi::Py_tracefunc>,
    object: Option<Obj<'_>>,
) {
    let result = legacy::set_native_in_all_threads(th, function, object, false);
    reported(th, result, "PyEval_SetTraceAllThreads");
}

#[capi]
fn PyEval_SetProfileAllThreads(
    th: Thread<'_>,
    function: Option<abi::Py_tracefunc>,
    object: Option<Obj<'_>>,
) {
    let result = legacy::set_native_in_all_threads(th, function, object, true);
    reported(th, result, "PyEval_SetProfileAllThreads");
}
