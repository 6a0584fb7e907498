//! `_posixshmem`: shared memory by name.

use std::ffi::CString;

use macros::pymodule;
use object::{AsObject, Result, Str, Thread, raise};

use crate::support::{call_named, encode_fs};

fn c_name(th: Thread<'_>, path: &Str) -> Result<CString> {
    match CString::new(encode_fs(th, path)?) {
        Ok(name) => Ok(name),
        Err(_) => raise!(th, ValueError, "embedded null character"),
    }
}

/// POSIX shared memory module
#[pymodule]
pub mod _posixshmem {
    use super::*;

    /// Open a shared memory object.  Returns a file descriptor (integer).
    #[sig = "(path, flags, mode=511)"]
    fn shm_open(th: Thread<'_>, path: &Str, flags: i32, mode: Option<i32>) -> Result<i32> {
        let (name, mode) = (c_name(th, path)?, mode.unwrap_or(0o777) as u32);
        let flags = flags | libc::O_CLOEXEC;
        call_named(th, Some(path.obj()), || host::mapping::shm_open(&name, flags, mode))
    }

    /// Remove a shared memory object (similar to unlink()).
    ///
    /// Remove a shared memory object name, and, once all processes  have  unmapped
    /// the object, de-allocates and destroys the contents of the associated memory
    /// region.
    #[sig = "(path, /)"]
    fn shm_unlink(th: Thread<'_>, path: &Str) -> Result<()> {
        let name = c_name(th, path)?;
        call_named(th, Some(path.obj()), || host::mapping::shm_unlink(&name))
    }
}
