//! The frames that `tracemalloc` notes with a block.

use std::ptr::NonNull;

use object::{Thread, alloc::TraceFrame};

use crate::frame::{self, Frame};

/// Append up to `limit` frames of the running thread, the innermost first;
/// returns how many there are, at most 65535.
pub fn collect_frames(limit: usize, frames: &mut Vec<TraceFrame>) -> usize {
    // SAFETY: a heap is used by attached threads only.
    let th = unsafe { Thread::current() };
    let mut total = 0;
    // SAFETY: the frames of the running thread are live.
    let mut next = unsafe { frame::complete(frame::current(th)) };
    while !next.is_null() && total < usize::from(u16::MAX) {
        total += 1;
        if frames.len() < limit {
            // SAFETY: as above.
            frames.push(unsafe { trace_frame(next) });
        }
        // SAFETY: as above.
        next = unsafe { frame::complete((*next).prev) };
    }
    total
}

/// # Safety
///
/// `frame` is a live frame.
unsafe fn trace_frame(frame: *mut Frame) -> TraceFrame {
    // SAFETY: the caller's promise.
    let code = unsafe { Frame::code(frame) };
    // SAFETY: as above.
    let lineno = unsafe { Frame::lineno(frame) }.unwrap_or(0);
    // The code object keeps the name.
    let filename = NonNull::from(&*code.filename()).cast();
    TraceFrame { filename, lineno: u32::try_from(lineno).unwrap_or(0) }
}
