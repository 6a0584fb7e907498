//! Calling C: from `-1` and `errno` to `io::Result`.

use std::io;

/// A C return type with a value that means failure.
pub trait Status: Copy {
    /// Whether this is that value.
    fn failed(self) -> bool;
}

macro_rules! status {
    ($($ty:ty),*) => { $(
        impl Status for $ty {
            #[inline]
            fn failed(self) -> bool {
                self == -1
            }
        }
    )* };
}

status!(i32, i64, isize);

/// The value, or the error in `errno`.
#[inline]
pub fn check<T: Status>(value: T) -> io::Result<T> {
    if value.failed() { Err(io::Error::last_os_error()) } else { Ok(value) }
}

/// Set `errno`, for a signal handler that must not change it.
pub fn set_errno(errno: i32) {
    // SAFETY: errno is thread-local.
    unsafe { *libc::__errno_location() = errno };
}

/// An error number that a function returned instead of setting `errno`.
pub fn check_number(errno: i32) -> io::Result<()> {
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

/// Whether `error` is `EINTR`.
pub fn interrupted(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINTR)
}

/// Safe functions over C calls whose arguments are plain values and C strings.
macro_rules! calls {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) = $call:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name($($arg: $ty),*) -> std::io::Result<()> {
            // SAFETY: the arguments are values, or strings that live during the call.
            $crate::call::check(unsafe { $call }).map(drop)
        }
    )* };
}

/// The same for calls with a result.
macro_rules! values {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $result:ty = $call:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name($($arg: $ty),*) -> std::io::Result<$result> {
            // SAFETY: the arguments are values, or strings that live during the call.
            $crate::call::check(unsafe { $call }).map(|value| value as $result)
        }
    )* };
}

pub(crate) use {calls, values};
