//! `_posixsubprocess`: fork and exec for `subprocess`.

use std::ffi::CString;

use host::spawn::ForkExec;
use macros::pymodule;
use object::{AsObject, Bytes, Int, Obj, Protocol, Result, Thread, Tuple, raise};

use crate::{
    posix::{after_fork_child, after_fork_parent, before_fork, fs_string, warn_of_threads},
    support::{self, int_arg, path::id_of},
};

fn strings(th: Thread<'_>, object: Obj<'_>) -> Result<Vec<CString>> {
    let iterator = match object::protocol::iter::iter(th, object) {
        Ok(iterator) => iterator,
        Err(raised) => {
            th.catch(raised, object::exceptions::types::TypeError())?;
            raise!(th, TypeError, "argv must be a tuple");
        }
    };
    let items = object::protocol::iter::collect(th, iterator.obj())?;
    items.iter().map(|item| fs_string(th, item.obj())).collect()
}

fn byte_strings(th: Thread<'_>, object: Obj<'_>) -> Result<Vec<CString>> {
    let count = object.length(th)?;
    if count > isize::MAX as usize / size_of::<*const u8>() - 1 {
        return Err(th.no_memory());
    }
    let mut strings = Vec::new();
    for index in 0..count {
        let item = object::protocol::mapping::sequence_item(th, object, index as isize)?;
        let Some(bytes) = item.obj().downcast::<Bytes>() else {
            raise!(th, TypeError, "expected bytes, {} found", item.obj().type_name());
        };
        match CString::new(bytes.as_bytes()) {
            Ok(string) => strings.push(string),
            Err(_) => raise!(th, ValueError, "embedded null byte"),
        }
    }
    Ok(strings)
}

/// The number of a group, which the system may not know.
fn group(th: Thread<'_>, item: Obj<'_>) -> Result<u32> {
    if !Int::is_int(item) {
        raise!(th, TypeError, "extra_groups must be integers");
    }
    id_of(th, item, "gid").map_err(|raised| {
        th.clear_exception(raised);
        object::error!(th, ValueError, "invalid group id")
    })
}

/// A POSIX helper for the subprocess module.
#[pymodule]
pub mod _posixsubprocess {
    use super::*;

    /// Spawn a fresh new child process.
    ///
    /// Fork a child process, close parent file descriptors as appropriate in the
    /// child and duplicate the few that are needed before calling exec() in the
    /// child process.
    #[sig = "(args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)"]
    #[allow(clippy::too_many_arguments, reason = "the protocol with subprocess")]
    fn fork_exec(
        th: Thread<'_>,
        args: Obj<'_>,
        executable_list: Obj<'_>,
        close_fds: bool,
        pass_fds: &Tuple,
        cwd: Obj<'_>,
        env: Obj<'_>,
        p2cread: i32,
        p2cwrite: i32,
        c2pread: i32,
        c2pwrite: i32,
        errread: i32,
        errwrite: i32,
        errpipe_read: i32,
        errpipe_write: i32,
        restore_signals: bool,
        call_setsid: bool,
        pgid_to_set: i32,
        gid: Obj<'_>,
        extra_groups: Obj<'_>,
        uid: Obj<'_>,
        child_umask: i32,
        preexec_fn: Obj<'_>,
    ) -> Result<i32> {
        if close_fds && errpipe_write < 3 {
            raise!(th, ValueError, "errpipe_write must be >= 3");
        }
        let mut keep = Vec::new();
        for item in pass_fds.items() {
            let fd = if Int::is_int(*item) { int_arg(th, *item).ok() } else { None };
            match fd {
                Some(fd) if fd >= 0 && keep.last().is_none_or(|last| *last < fd) => keep.push(fd),
                _ => {
                    th.swap_exception(None);
                    raise!(th, ValueError, "bad value(s) in fds_to_keep");
                }
            }
        }
        let audited = [executable_list, args, env];
        crate::sys::audit(th, "_posixsubprocess.fork_exec", &audited)?;
        let executables = byte_strings(th, executable_list)?;
        let args = strings(th, args)?;
        let environment = if env.is_none() { None } else { Some(byte_strings(th, env)?) };
        let cwd = if cwd.is_none() { None } else { Some(fs_string(th, cwd)?) };
        let id = |object: Obj<'_>, name: &str| -> Result<Option<u32>> {
            if object.is_none() { Ok(None) } else { id_of(th, object, name).map(Some) }
        };
        let groups = if extra_groups.is_none() {
            None
        } else {
            let items = object::protocol::iter::collect(th, extra_groups)?;
            Some(items.iter().map(|item| group(th, item.obj())).collect::<Result<Vec<_>>>()?)
        };
        let what = ForkExec {
            executables: &executables,
            args: &args,
            environment: environment.as_deref(),
            cwd: cwd.as_deref(),
            p2cread,
            p2cwrite,
            c2pread,
            c2pwrite,
            errread,
            errwrite,
            errpipe_read,
            errpipe_write,
            close_fds,
            keep: &keep,
            restore_signals,
            new_session: call_setsid,
            group: (pgid_to_set >= 0).then_some(pgid_to_set),
            gid: id(gid, "gid")?,
            groups: groups.as_deref(),
            uid: id(uid, "uid")?,
            umask: u32::try_from(child_umask).ok(),
        };
        if !preexec_fn.is_none() && th.interp().is_finalizing() {
            raise!(th, PythonFinalizationError, "preexec_fn not supported at interpreter shutdown");
        }
        if !preexec_fn.is_none() && !th.interp().is_main() {
            raise!(th, RuntimeError, "preexec_fn not supported within subinterpreters");
        }
        if preexec_fn.is_none() {
            return support::check(th, host::spawn::fork_exec(&what, None));
        }
        before_fork(th);
        let threads = host::process::thread_count();
        let mut preexec = || {
            after_fork_child(th);
            preexec_fn.call(th, &[]).is_ok()
        };
        let result = host::spawn::fork_exec(&what, Some(&mut preexec));
        after_fork_parent(th);
        warn_of_threads(th, "fork", threads);
        support::check(th, result)
    }
}
