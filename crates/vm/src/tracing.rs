//! Tracing: `sys.settrace` and `sys.setprofile`.
//!
//! While somebody traces, frames run in the traced instance of the loop, which
//! calls [`before_instruction`] before each instruction; the fast instance
//! only notices, at calls and jumps back, that it has to hand over.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on running frames of this thread")]

use object::{Obj, Ref, Result, Thread, raise};

use crate::{frame::Frame, frame_object::FrameObject};

/// Whether this thread is traced.
#[inline(always)]
pub(crate) fn is_active(_: Thread<'_>) -> bool {
    false
}

/// Call trace functions for the instruction at `ip`. False: go on in the fast
/// instance of the loop.
pub(crate) unsafe fn before_instruction(_: Thread<'_>, _: *mut Frame) -> Result<bool> {
    Ok(false)
}

/// An exception was raised in, or came back to, a frame.
pub(crate) unsafe fn raised(_: Thread<'_>, _: *mut Frame, _: bool) {}

/// A frame is left by an exception.
pub(crate) unsafe fn unwound(_: Thread<'_>, _: *mut Frame) {}

/// `frame.f_lineno = line`.
pub(crate) fn jump_to_line(th: Thread<'_>, _: &FrameObject, _: i64) -> Result<()> {
    raise!(th, ValueError, "f_lineno can only be set in a trace function")
}

/// `sys.settrace`.
pub fn set_trace(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
    if function.is_none() {
        return Ok(());
    }
    raise!(th, NotImplementedError, "sys.settrace")
}

/// `sys.gettrace`.
pub fn trace(_: Thread<'_>) -> Option<Ref> {
    None
}

/// `sys.setprofile`.
pub fn set_profile(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
    if function.is_none() {
        return Ok(());
    }
    raise!(th, NotImplementedError, "sys.setprofile")
}

/// `sys.getprofile`.
pub fn profile(_: Thread<'_>) -> Option<Ref> {
    None
}
