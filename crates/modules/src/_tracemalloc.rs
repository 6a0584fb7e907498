//! `_tracemalloc`: answers of a tracer that is off; tracing cannot be started yet.

use macros::pymodule;
use object::{List, Obj, Ref, Result, Thread, raise, types};

/// Debug module to trace memory blocks allocated by Python.
#[pymodule]
pub mod _tracemalloc {
    use super::*;

    /// Return True if the tracemalloc module is tracing Python memory allocations.
    #[sig = "()"]
    fn is_tracing(_: Thread<'_>) -> bool {
        false
    }

    /// Clear traces of memory blocks allocated by Python.
    #[sig = "()"]
    fn clear_traces(_: Thread<'_>) {}

    /// Get traces of all memory blocks allocated by Python.
    #[sig = "()"]
    fn _get_traces(th: Thread<'_>) -> Result<Ref<List>> {
        List::new(th)
    }

    /// Get the traceback where the Python object obj was allocated.
    #[sig = "(obj, /)"]
    fn _get_object_traceback(_: Thread<'_>, obj: Obj<'_>) -> Ref {
        let _ = obj;
        types::none().own()
    }

    /// Start tracing Python memory allocations.
    #[sig = "(nframe=1, /)"]
    fn start(th: Thread<'_>, nframe: i32) -> Result<()> {
        if !(1..=65535).contains(&nframe) {
            raise!(th, ValueError, "the number of frames must be in range [1; 65535]");
        }
        raise!(th, NotImplementedError, "_tracemalloc.start")
    }

    /// Stop tracing Python memory allocations.
    #[sig = "()"]
    fn stop(_: Thread<'_>) {}

    /// Get the maximum number of frames stored in the traceback of a trace.
    #[sig = "()"]
    fn get_traceback_limit(_: Thread<'_>) -> i32 {
        1
    }

    /// Get the memory usage in bytes of the tracemalloc module.
    #[sig = "()"]
    fn get_tracemalloc_memory(_: Thread<'_>) -> i32 {
        0
    }

    /// Get the current size and peak size of memory blocks traced by tracemalloc.
    #[sig = "()"]
    fn get_traced_memory(_: Thread<'_>) -> (i32, i32) {
        (0, 0)
    }

    /// Set the peak size of memory blocks traced by tracemalloc to the current size.
    #[sig = "()"]
    fn reset_peak(_: Thread<'_>) {}
}
