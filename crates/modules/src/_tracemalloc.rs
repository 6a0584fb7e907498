//! `_tracemalloc`: where memory was allocated, from the heap's tracer.

use std::{cmp::Reverse, collections::HashMap};

use macros::pymodule;
use object::{
    Int, List, Obj, Ref, Result, Thread, Tuple,
    alloc::{Trace, TraceFrame},
    raise, types,
};

/// The number of frames that a traceback may have.
const MAX_FRAMES: i32 = 65535;

/// Debug module to trace memory blocks allocated by Python.
#[pymodule]
pub mod _tracemalloc {
    use super::*;

    /// Return True if the tracemalloc module is tracing Python memory allocations.
    #[sig = "()"]
    fn is_tracing(th: Thread<'_>) -> bool {
        th.heap().is_tracing()
    }

    /// Clear traces of memory blocks allocated by Python.
    #[sig = "()"]
    fn clear_traces(th: Thread<'_>) {
        th.heap().clear_traces();
    }

    /// Get traces of all memory blocks allocated by Python.
    ///
    /// A list of (domain, size, frames, number of frames), empty when tracing is off.
    #[sig = "()"]
    fn _get_traces(th: Thread<'_>) -> Result<Ref<List>> {
        th.heap().without_tracing(|| super::traces(th))
    }

    /// Get the traceback where the Python object obj was allocated.
    ///
    /// None if its memory is not traced.
    #[sig = "(obj, /)"]
    fn _get_object_traceback(th: Thread<'_>, obj: Obj<'_>) -> Result<Ref> {
        let block = obj.as_ptr().cast::<u8>().wrapping_sub(obj.ty().prefix());
        match th.heap().trace_of(block) {
            Some(trace) => Ok(traceback(th, trace)?.0.upcast()),
            None => Ok(types::none().own()),
        }
    }

    /// Start tracing Python memory allocations.
    ///
    /// The maximum number of frames stored in the traceback of a trace is nframe.
    #[sig = "(nframe=1, /)"]
    fn start(th: Thread<'_>, nframe: i32) -> Result<()> {
        super::start(th, nframe)
    }

    /// Stop tracing Python memory allocations and clear traces.
    #[sig = "()"]
    fn stop(th: Thread<'_>) {
        th.heap().stop_tracing();
    }

    /// Get the maximum number of frames stored in the traceback of a trace.
    #[sig = "()"]
    fn get_traceback_limit(th: Thread<'_>) -> usize {
        th.heap().traceback_limit()
    }

    /// Get the memory usage in bytes of the tracemalloc module.
    #[sig = "()"]
    fn get_tracemalloc_memory(th: Thread<'_>) -> usize {
        th.heap().tracer_memory()
    }

    /// Get the current size and peak size of memory blocks traced by tracemalloc.
    #[sig = "()"]
    fn get_traced_memory(th: Thread<'_>) -> Result<Ref<Tuple>> {
        let (current, peak) = th.heap().traced_memory();
        Tuple::from_array(th, [Int::from_usize(th, current)?, Int::from_usize(th, peak)?])
    }

    /// Set the peak size of memory blocks traced by tracemalloc to the current size.
    #[sig = "()"]
    fn reset_peak(th: Thread<'_>) {
        th.heap().reset_traced_peak();
    }
}

/// Start tracing with tracebacks of up to `nframe` frames. Raises ValueError if
/// that is out of range.
pub fn start(th: Thread<'_>, nframe: i32) -> Result<()> {
    match usize::try_from(nframe) {
        Ok(limit) if (1..=MAX_FRAMES).contains(&nframe) => {
            th.heap().start_tracing(limit, vm::tracemalloc::collect_frames);
            Ok(())
        }
        _ => raise!(th, ValueError, "the number of frames must be in range [1; {MAX_FRAMES}]"),
    }
}

/// All traces, as `_get_traces` returns them.
fn traces(th: Thread<'_>) -> Result<Ref<List>> {
    let mut known = HashMap::new();
    let list = List::new(th)?;
    let mut traces = th.heap().traces();
    // In an order that does not depend on addresses: the last code that allocated comes first.
    traces.sort_by_key(|(domain, trace)| (Reverse(trace.traceback_id()), *domain, trace.size));
    for (domain, trace) in traces {
        let (frames, total) = match known.get(&trace.traceback_id()) {
            Some(found) => Clone::clone(found),
            None => {
                let made = traceback(th, trace)?;
                known.insert(trace.traceback_id(), Clone::clone(&made));
                made
            }
        };
        let size = Int::from_usize(th, trace.size)?;
        let domain = Int::from_i64(th, i64::from(domain))?;
        list.push(th, Tuple::from_array(th, [domain, size, frames.upcast(), total])?.upcast())?;
    }
    Ok(list)
}

/// Where memory of another domain was allocated; None if it is not traced.
pub(crate) fn traceback_in(th: Thread<'_>, domain: u32, address: usize) -> Result<Ref> {
    match th.heap().trace_in(domain, address) {
        Some(trace) => Ok(traceback(th, trace)?.0.upcast()),
        None => Ok(types::none().own()),
    }
}

/// The frames of a trace as a tuple of (file name, line), the innermost first,
/// and how many there were.
fn traceback(th: Thread<'_>, trace: Trace) -> Result<(Ref<Tuple>, Ref)> {
    let (frames, total) = th.heap().traceback_of(trace);
    let entry = |frame: &TraceFrame| -> Result<Ref> {
        // SAFETY: the tracer owns the name, and nothing clears it meanwhile.
        let filename = unsafe { Obj::from_ptr(frame.filename) };
        let lineno = Int::from_u64(th, u64::from(frame.lineno))?;
        Ok(Tuple::from_array(th, [filename.own(), lineno])?.upcast())
    };
    let mut entries = frames.iter().map(entry).collect::<Result<Vec<_>>>()?;
    if entries.is_empty() {
        entries.push(unknown(th)?);
    }
    Ok((Tuple::from_refs(th, entries)?, Int::from_usize(th, total.max(1))?))
}

/// The entry for memory that was allocated outside of Python code.
fn unknown(th: Thread<'_>) -> Result<Ref> {
    let name = object::Str::intern(th, "<unknown>")?;
    Ok(Tuple::from_array(th, [name.upcast(), Int::from_i64(th, 0)?])?.upcast())
}
