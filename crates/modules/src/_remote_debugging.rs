//! `_remote_debugging`: the names that `asyncio.tools` imports.
//!
//! Krait's frames are not laid out for another process to read, which
//! `PROCESS_VM_READV_SUPPORTED` says; making an unwinder raises.

use macros::{pymethods, pymodule, pytype};
use object::{Args, Head, Kwargs, Module, Ref, Result, Thread, Type, raise};

use crate::support::structseq::{Decl, StructSeq as _};

/// RemoteUnwinder(pid): Inspect stack of a remote Python process.
#[pytype(name = "_remote_debugging.RemoteUnwinder")]
pub(crate) struct RemoteUnwinder {
    head: Head,
}

#[pymethods]
impl RemoteUnwinder {
    #[sig = "RemoteUnwinder(*args, **kwargs)"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        args: Args<'_>,
        kwargs: Kwargs<'_>,
    ) -> Result<Ref<RemoteUnwinder>> {
        let _ = (args, kwargs);
        raise!(th, NotImplementedError, "_remote_debugging.RemoteUnwinder")
    }
}

macro_rules! declare {
    ($($ident:ident = $name:literal, $doc:literal, [$($field:literal: $about:literal),*];)*) => { $(
        static $ident: Decl = Decl {
            name: concat!("_remote_debugging.", $name),
            doc: $doc,
            fields: &[$(($field, $about)),*],
            visible: [$($field),*].len(),
            instantiable: true,
        };
    )* };
}

declare! {
    AWAITED_INFO = "AwaitedInfo", "Information about what a thread is awaiting",
        ["thread_id": "Thread ID", "awaited_by": "List of tasks awaited by this thread"];
    CORO_INFO = "CoroInfo", "Information about a coroutine",
        ["call_stack": "Coroutine call stack", "task_name": "Task name"];
    FRAME_INFO = "FrameInfo", "Information about a frame",
        ["filename": "Source code filename", "lineno": "Line number", "funcname": "Function name"];
    TASK_INFO = "TaskInfo", "Information about an asyncio task",
        ["task_id": "Task ID", "task_name": "Task name", "coroutine_stack": "Coroutine call stack", "awaited_by": "Tasks awaiting this task"];
    THREAD_INFO = "ThreadInfo", "Information about a thread",
        ["thread_id": "Thread ID", "frame_info": "Frame information"];
}

#[pymodule]
pub mod _remote_debugging {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<RemoteUnwinder>(th)?;
        for decl in [&AWAITED_INFO, &CORO_INFO, &FRAME_INFO, &TASK_INFO, &THREAD_INFO] {
            decl.add_to(th, module)?;
        }
        crate::support::add_ints(th, module, &[("PROCESS_VM_READV_SUPPORTED", 0)])
    }
}
