//! Environment variables, error texts and configuration values.

use std::ffi::CString;

use macros::pymodule;
use object::{
    AsObject, Bytes, Dict, Int, Module, Obj, Ref, Result, Str, Thread, exceptions, raise,
};

use crate::support::{FsPath, call_named, check, decode_fs, int_arg, path::path_bytes};

use super::constants::{CONFSTR, PATHCONF, SYSCONF};

fn environ(th: Thread<'_>) -> Result<Ref<Dict>> {
    let dict = Dict::new(th)?;
    for entry in host::env::all() {
        let Some(end) = entry.iter().position(|byte| *byte == b'=') else { continue };
        let (key, value) = (Bytes::new(th, &entry[..end])?, Bytes::new(th, &entry[end + 1..])?);
        if !dict.contains(th, key.obj())? {
            dict.set(th, key.obj(), value.obj())?;
        }
    }
    Ok(dict)
}

fn variable(th: Thread<'_>, object: Obj<'_>) -> Result<CString> {
    let (bytes, is_bytes) = path_bytes(th, object)?;
    match CString::new(bytes) {
        Ok(string) => Ok(string),
        Err(_) if is_bytes => raise!(th, ValueError, "embedded null byte"),
        Err(_) => raise!(th, ValueError, "embedded null character"),
    }
}

/// The number of a configuration name.
fn configuration(th: Thread<'_>, name: Obj<'_>, table: &[(&str, i64)]) -> Result<i32> {
    if Int::is_index(name) {
        return int_arg(th, name);
    }
    let Some(name) = name.downcast::<Str>() else {
        raise!(th, TypeError, "configuration names must be strings or integers");
    };
    match table.iter().find(|(key, _)| name.eq_str(key)) {
        Some((_, value)) => Ok(*value as i32),
        None => raise!(th, ValueError, "unrecognized configuration name"),
    }
}

#[pymodule]
pub(super) mod functions {
    use super::*;

    /// Create the environment dictionary.
    #[sig = "()"]
    fn _create_environ(th: Thread<'_>) -> Result<Ref<Dict>> {
        environ(th)
    }

    /// Change or add an environment variable.
    #[sig = "(name, value, /)"]
    fn putenv(th: Thread<'_>, name: Obj<'_>, value: Obj<'_>) -> Result<()> {
        let (name, value) = (variable(th, name)?, variable(th, value)?);
        if name.is_empty() || name.as_bytes().contains(&b'=') {
            raise!(th, ValueError, "illegal environment variable name");
        }
        check(th, host::env::set(&name, &value))
    }

    /// Delete an environment variable.
    #[sig = "(name, /)"]
    fn unsetenv(th: Thread<'_>, name: Obj<'_>) -> Result<()> {
        let name = variable(th, name)?;
        check(th, host::env::unset(&name))
    }

    /// Translate an error code to a message string.
    #[sig = "(code, /)"]
    fn strerror(_: Thread<'_>, code: i32) -> String {
        exceptions::strerror(code)
    }

    /// Return an integer-valued system configuration variable.
    #[sig = "(name, /)"]
    fn sysconf(th: Thread<'_>, name: Obj<'_>) -> Result<i64> {
        let name = configuration(th, name, SYSCONF)?;
        check(th, host::process::sysconf(name))
    }

    /// Return a string-valued system configuration variable.
    #[sig = "(name, /)"]
    fn confstr(th: Thread<'_>, name: Obj<'_>) -> Result<Option<Ref<Str>>> {
        let name = configuration(th, name, CONFSTR)?;
        let value = check(th, host::process::confstr(name))?;
        value.map(|value| decode_fs(th, &value)).transpose()
    }

    /// Return the configuration limit name for the file descriptor fd.
    ///
    /// If there is no limit, return -1.
    #[sig = "(fd, name, /)"]
    fn fpathconf(th: Thread<'_>, fd: crate::support::Fd, name: Obj<'_>) -> Result<i64> {
        let name = configuration(th, name, PATHCONF)?;
        check(th, host::process::fpathconf(fd.0, name))
    }

    /// Return the configuration limit name for the file or directory path.
    ///
    /// If there is no limit, return -1.
    /// On some platforms, path may also be specified as an open file descriptor.
    ///   If this functionality is unavailable, using it raises an exception.
    #[sig = "(path, name)"]
    fn pathconf(th: Thread<'_>, path: FsPath, name: Obj<'_>) -> Result<i64> {
        let name = configuration(th, name, PATHCONF)?;
        call_named(th, path.object(), || match path.fd() {
            Some(fd) => host::process::fpathconf(fd, name),
            None => host::process::pathconf(path.name(), name),
        })
    }

    /// Run the hook that waits for input, if there is one.
    #[sig = "()"]
    fn _inputhook(_: Thread<'_>) {}

    /// Whether there is a hook that waits for input.
    #[sig = "()"]
    fn _is_inputhook_installed(_: Thread<'_>) -> bool {
        false
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.set(th, "environ", environ(th)?.obj())
    }
}
