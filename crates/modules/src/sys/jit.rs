//! `sys._jit`: what there is of a compiler to machine code, which is none.

use macros::pymodule;
use object::Thread;

/// Utilities for observing just-in-time compilation.
#[pymodule(name = "sys._jit")]
pub(super) mod module {
    use super::*;

    /// Return True if the current Python executable supports JIT compilation.
    #[sig = "()"]
    fn is_available(_: Thread<'_>) -> bool {
        false
    }

    /// Return True if JIT compilation is enabled for the current Python process.
    #[sig = "()"]
    fn is_enabled(_: Thread<'_>) -> bool {
        false
    }

    /// Return True if the topmost Python frame is currently executing JIT code.
    #[sig = "()"]
    fn is_active(_: Thread<'_>) -> bool {
        false
    }
}
