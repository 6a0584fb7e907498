//! How errors flow: `Err(Raised)` means "an exception is set on the thread".
//!
//! The exception lives in the thread state, where C extensions look for it, so
//! `Raised` carries nothing and `Result<Ref>` is one pointer wide with null for
//! `Err`: slots, C functions and machine code pass it around unconverted.

use std::mem::size_of;

use crate::Ref;

/// Proof that an exception is set on the current thread. It has no fields at
/// all (a private one would cost the C ABI guarantee), so only convention says
/// that `Thread::raise` and its like make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raised;

/// The result of anything that can raise.
pub type Result<T = Ref, E = Raised> = std::result::Result<T, E>;

/// What a slot returns: null for `Err`.
pub type PyResult = Result<Ref, Raised>;

const _: () = assert!(size_of::<PyResult>() == size_of::<*mut ()>());

/// Set an exception and return it as the error of the enclosing function:
/// `raise!(th, TypeError, "bad operand: {}", x)`.
#[macro_export]
macro_rules! raise {
    ($th:expr, $exc:ident) => {
        return Err($crate::error::error!($th, $exc))
    };
    ($th:expr, $exc:ident, $($arg:tt)+) => {
        return Err($crate::error::error!($th, $exc, $($arg)+))
    };
}

/// Set an exception and evaluate to its `Raised`.
#[macro_export]
macro_rules! error {
    ($th:expr, $exc:ident) => {
        $th.raise_empty($crate::exceptions::types::$exc())
    };
    ($th:expr, $exc:ident, $($arg:tt)+) => {
        $th.raise($crate::exceptions::types::$exc(), format_args!($($arg)+))
    };
}

pub use crate::error;
