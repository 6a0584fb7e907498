//! Functions on processes, users and scheduling.

use std::{cell::RefCell, ffi::CString};

use macros::pymodule;
use object::{
    AsObject, Int, IntoObject, List, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    exceptions, raise,
};

use crate::support::{
    Fd, FsPath, Path, call, check, decode_fs, encode_fs, int_arg,
    path::{Id, id_of},
    retry,
    structseq::{Decl, StructSeq as _},
};

static TIMES_RESULT: Decl = Decl {
    name: "posix.times_result",
    doc: "times_result: Result from os.times().\n\n\
          This object may be accessed either as a tuple of\n  \
          (user, system, children_user, children_system, elapsed),\n\
          or via the attributes user, system, children_user, children_system,\n\
          and elapsed.\n\nSee os.times for more information.",
    fields: &[
        ("user", "user time"),
        ("system", "system time"),
        ("children_user", "user time of children"),
        ("children_system", "system time of children"),
        ("elapsed", "elapsed time since an arbitrary point in the past"),
    ],
    visible: 5,
    instantiable: true,
};

static UNAME_RESULT: Decl = Decl {
    name: "posix.uname_result",
    doc: "uname_result: Result from os.uname().\n\n\
          This object may be accessed either as a tuple of\n  \
          (sysname, nodename, release, version, machine),\n\
          or via the attributes sysname, nodename, release, version, and machine.\n\n\
          See os.uname for more information.",
    fields: &[
        ("sysname", "operating system name"),
        ("nodename", "name of machine on network (implementation-defined)"),
        ("release", "operating system release"),
        ("version", "operating system version"),
        ("machine", "hardware identifier"),
    ],
    visible: 5,
    instantiable: true,
};

static WAITID_RESULT: Decl = Decl {
    name: "posix.waitid_result",
    doc: "waitid_result: Result from waitid.\n\n\
          This object may be accessed either as a tuple of\n  \
          (si_pid, si_uid, si_signo, si_status, si_code),\n\
          or via the attributes si_pid, si_uid, and so on.\n\n\
          See os.waitid for more information.",
    fields: &[("si_pid", ""), ("si_uid", ""), ("si_signo", ""), ("si_status", ""), ("si_code", "")],
    visible: 5,
    instantiable: true,
};

static SCHED_PARAM: Decl = Decl {
    name: "posix.sched_param",
    doc: "Currently has only one field: sched_priority\n\n  \
          sched_priority\n    A scheduling parameter.",
    fields: &[("sched_priority", "the scheduling priority")],
    visible: 1,
    instantiable: true,
};

/// `resource.struct_rusage`, which `wait3` and `wait4` return too.
pub(crate) static RUSAGE: Decl = Decl {
    name: "resource.struct_rusage",
    doc: "struct_rusage: Result from getrusage.\n\n\
          This object may be accessed either as a tuple of\n    \
          (utime,stime,maxrss,ixrss,idrss,isrss,minflt,majflt,\n    \
          nswap,inblock,oublock,msgsnd,msgrcv,nsignals,nvcsw,nivcsw)\n\
          or via the attributes ru_utime, ru_stime, ru_maxrss, and so on.",
    fields: &[
        ("ru_utime", "user time used"),
        ("ru_stime", "system time used"),
        ("ru_maxrss", "max. resident set size"),
        ("ru_ixrss", "shared memory size"),
        ("ru_idrss", "unshared data size"),
        ("ru_isrss", "unshared stack size"),
        ("ru_minflt", "page faults not requiring I/O"),
        ("ru_majflt", "page faults requiring I/O"),
        ("ru_nswap", "number of swap outs"),
        ("ru_inblock", "block input operations"),
        ("ru_oublock", "block output operations"),
        ("ru_msgsnd", "IPC messages sent"),
        ("ru_msgrcv", "IPC messages received"),
        ("ru_nsignals", "signals received"),
        ("ru_nvcsw", "voluntary context switches"),
        ("ru_nivcsw", "involuntary context switches"),
    ],
    visible: 16,
    instantiable: true,
};

/// A `struct_rusage`.
pub(crate) fn rusage(th: Thread<'_>, usage: &host::process::Usage) -> Result<Ref> {
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    let mut values =
        vec![seconds(usage.ru_utime).into_object(th)?, seconds(usage.ru_stime).into_object(th)?];
    let counts = [
        usage.ru_maxrss,
        usage.ru_ixrss,
        usage.ru_idrss,
        usage.ru_isrss,
        usage.ru_minflt,
        usage.ru_majflt,
        usage.ru_nswap,
        usage.ru_inblock,
        usage.ru_oublock,
        usage.ru_msgsnd,
        usage.ru_msgrcv,
        usage.ru_nsignals,
        usage.ru_nvcsw,
        usage.ru_nivcsw,
    ];
    for count in counts {
        values.push(count.into_object(th)?);
    }
    RUSAGE.make(th, values)
}

/// What `register_at_fork` was given.
#[derive(Default)]
struct AtFork {
    before: RefCell<Vec<Ref>>,
    in_parent: RefCell<Vec<Ref>>,
    in_child: RefCell<Vec<Ref>>,
}

fn run_all(th: Thread<'_>, functions: Vec<Ref>) {
    for function in functions {
        if function.call(th, &[]).is_err() {
            let context = "Exception ignored in atfork callback";
            (th.hooks().unraisable)(th, Some(context), Some(function.obj()));
        }
    }
}

/// Run the functions registered to run before a fork, and see to it that no
/// import is under way in another thread.
pub fn before_fork(th: Thread<'_>) {
    let mut functions = th.interp().extensions.get::<AtFork>().before.borrow().clone();
    functions.reverse();
    run_all(th, functions);
    crate::_imp::acquire(th);
}

/// Run the functions registered to run after a fork in the parent.
pub fn after_fork_parent(th: Thread<'_>) {
    crate::_imp::release(th);
    run_all(th, th.interp().extensions.get::<AtFork>().in_parent.borrow().clone());
}

/// Run the functions registered to run after a fork in the child.
pub fn after_fork_child(th: Thread<'_>) {
    th.after_fork();
    vm::interpreters::after_fork(th);
    crate::_imp::after_fork(th);
    crate::_signal::after_fork(th);
    let abandoned = crate::_thread::after_fork(th);
    crate::faulthandler::fault::after_fork();
    crate::_io::after_fork(th);
    drop(abandoned);
    run_all(th, th.interp().extensions.get::<AtFork>().in_child.borrow().clone());
}

/// Forking while the interpreter ends is an error.
pub(crate) fn refuse_at_end(th: Thread<'_>, name: &str) -> Result<()> {
    if th.interp().is_finalizing() {
        raise!(th, PythonFinalizationError, "can't {name} at interpreter shutdown");
    }
    Ok(())
}

/// An isolated interpreter does not replace the process.
fn refuse_exec(th: Thread<'_>) -> Result<()> {
    if !vm::interpreters::config(th).allow_exec {
        raise!(th, RuntimeError, "exec not supported for isolated subinterpreters");
    }
    Ok(())
}

/// Say that other threads are missing in the child that `name` made, if there were several,
/// whoever started them.
pub(crate) fn warn_of_threads(th: Thread<'_>, name: &str, threads: usize) {
    if threads <= 1 {
        return;
    }
    let message = format!(
        "This process (pid={}) is multi-threaded, use of {name}() may lead to deadlocks in the \
         child.",
        std::process::id()
    );
    let category = object::exceptions::types::DeprecationWarning();
    if crate::support::warn(th, category, &message, 1).is_err() {
        (th.hooks().unraisable)(th, None, None);
    }
}

/// Strings of a list or tuple as the system wants them.
pub(crate) fn string_list(th: Thread<'_>, list: Obj<'_>) -> Result<Vec<CString>> {
    let items = object::protocol::iter::collect(th, list)?;
    items.iter().map(|item| fs_string(th, item.obj())).collect()
}

/// `os.fsencode` as a C string.
pub(crate) fn fs_string(th: Thread<'_>, object: Obj<'_>) -> Result<CString> {
    let path = crate::support::path::fspath(th, object)?;
    let (bytes, _) = crate::support::path::path_bytes(th, path.obj())?;
    match CString::new(bytes) {
        Ok(string) => Ok(string),
        Err(_) if object.downcast::<Str>().is_some() => {
            raise!(th, ValueError, "embedded null character")
        }
        Err(_) => raise!(th, ValueError, "embedded null byte"),
    }
}

/// The arguments of a program to run.
pub(super) fn argument_list(
    th: Thread<'_>,
    function: &str,
    args: Obj<'_>,
    numbered: bool,
) -> Result<Vec<CString>> {
    let name = if numbered { format!("{function}() arg 2") } else { format!("{function}: argv") };
    if args.downcast::<List>().is_none() && args.downcast::<Tuple>().is_none() {
        raise!(th, TypeError, "{name} must be a tuple or list");
    }
    let strings = string_list(th, args)?;
    match strings.first() {
        None => raise!(th, ValueError, "{name} must not be empty"),
        Some(first) if first.is_empty() => {
            raise!(th, ValueError, "{name} first element cannot be empty")
        }
        Some(_) => Ok(strings),
    }
}

/// An environment as `NAME=value` strings.
pub(super) fn environment_list(
    th: Thread<'_>,
    function: &str,
    env: Obj<'_>,
) -> Result<Vec<CString>> {
    if env.ty().mapping().is_none_or(|mapping| mapping.mp_subscript.is_none()) {
        raise!(th, TypeError, "{function}: environment must be a mapping object");
    }
    let keys = env.call_method(th, object::id!(th, "keys"), &[])?;
    let values = env.call_method(th, object::id!(th, "values"), &[])?;
    let keys = object::protocol::iter::collect(th, keys.obj())?;
    let values = object::protocol::iter::collect(th, values.obj())?;
    let mut strings = Vec::new();
    for (key, value) in keys.iter().zip(&values) {
        let (key, value) = (fs_string(th, key.obj())?, fs_string(th, value.obj())?);
        if key.is_empty() || key.as_bytes()[1..].contains(&b'=') {
            raise!(th, ValueError, "illegal environment variable name");
        }
        let joined = [key.as_bytes(), b"=", value.as_bytes()].concat();
        strings.push(CString::new(joined).unwrap_or_default());
    }
    Ok(strings)
}

fn groups_arg(th: Thread<'_>, groups: Obj<'_>) -> Result<Vec<u32>> {
    if !object::protocol::mapping::is_sequence(groups) {
        raise!(th, TypeError, "setgroups argument must be a sequence");
    }
    let items = object::protocol::iter::collect(th, groups)?;
    if items.len() > 65536 {
        raise!(th, ValueError, "too many groups");
    }
    items
        .iter()
        .map(|item| {
            if !Int::is_int(item.obj()) {
                raise!(th, TypeError, "groups must be integers");
            }
            id_of(th, item.obj(), "gid")
        })
        .collect()
}

fn id_list(th: Thread<'_>, ids: &[u32]) -> Result<Ref<List>> {
    let ids = ids.iter().map(|id| id_object(th, *id)).collect::<Result<Vec<_>>>()?;
    List::from_refs(th, ids)
}

fn id_object(th: Thread<'_>, id: u32) -> Result<Ref> {
    if id == u32::MAX { (-1i64).into_object(th) } else { id.into_object(th) }
}

fn scheduling_priority(th: Thread<'_>, param: Obj<'_>) -> Result<i32> {
    let ty = SCHED_PARAM.ty(th)?;
    if !std::ptr::eq(param.ty(), &*ty) {
        raise!(th, TypeError, "must have a sched_param object");
    }
    let value = param.getattr(th, object::id!(th, "sched_priority"))?;
    int_arg(th, value.obj())
}

#[pymodule]
pub(super) mod functions {
    use super::*;

    /// Return the current process id.
    #[sig = "()"]
    fn getpid(_: Thread<'_>) -> i32 {
        host::process::pid()
    }

    /// Return the parent's process id.
    ///
    /// If the parent process has already exited, Windows machines will still
    /// return its id; others systems will return the id of the 'init' process (1).
    #[sig = "()"]
    fn getppid(_: Thread<'_>) -> i32 {
        host::process::parent_pid()
    }

    /// Return the current process group id.
    #[sig = "()"]
    fn getpgrp(_: Thread<'_>) -> i32 {
        host::process::group()
    }

    /// Call the system call getpgid(), and return the result.
    #[sig = "(pid)"]
    fn getpgid(th: Thread<'_>, pid: i32) -> Result<i32> {
        check(th, host::process::getpgid(pid))
    }

    /// Call the system call getsid(pid) and return the result.
    #[sig = "(pid, /)"]
    fn getsid(th: Thread<'_>, pid: i32) -> Result<i32> {
        check(th, host::process::getsid(pid))
    }

    /// Make the current process the leader of its process group.
    #[sig = "()"]
    fn setpgrp(th: Thread<'_>) -> Result<()> {
        check(th, host::process::setpgid(0, 0))
    }

    /// Call the system call setpgid(pid, pgrp).
    #[sig = "(pid, pgrp, /)"]
    fn setpgid(th: Thread<'_>, pid: i32, pgrp: i32) -> Result<()> {
        check(th, host::process::setpgid(pid, pgrp))
    }

    /// Call the system call setsid().
    #[sig = "()"]
    fn setsid(th: Thread<'_>) -> Result<()> {
        check(th, host::process::setsid())
    }

    /// Return the current process's user id.
    #[sig = "()"]
    fn getuid(_: Thread<'_>) -> u32 {
        host::process::ids()[0]
    }

    /// Return the current process's effective user id.
    #[sig = "()"]
    fn geteuid(_: Thread<'_>) -> u32 {
        host::process::ids()[1]
    }

    /// Return the current process's group id.
    #[sig = "()"]
    fn getgid(_: Thread<'_>) -> u32 {
        host::process::ids()[2]
    }

    /// Return the current process's effective group id.
    #[sig = "()"]
    fn getegid(_: Thread<'_>) -> u32 {
        host::process::ids()[3]
    }

    /// Return a tuple of the current process's real, effective, and saved user ids.
    #[sig = "()"]
    fn getresuid(th: Thread<'_>) -> Result<(u32, u32, u32)> {
        let [real, effective, saved] = check(th, host::process::resuid())?;
        Ok((real, effective, saved))
    }

    /// Return a tuple of the current process's real, effective, and saved group ids.
    #[sig = "()"]
    fn getresgid(th: Thread<'_>) -> Result<(u32, u32, u32)> {
        let [real, effective, saved] = check(th, host::process::resgid())?;
        Ok((real, effective, saved))
    }

    /// Set the current process's user id.
    #[sig = "(uid, /)"]
    fn setuid(th: Thread<'_>, uid: Id) -> Result<()> {
        check(th, host::process::setuid(uid.0))
    }

    /// Set the current process's group id.
    #[sig = "(gid, /)"]
    fn setgid(th: Thread<'_>, gid: Id) -> Result<()> {
        check(th, host::process::setgid(gid.0))
    }

    /// Set the current process's effective user id.
    #[sig = "(euid, /)"]
    fn seteuid(th: Thread<'_>, euid: Id) -> Result<()> {
        check(th, host::process::seteuid(euid.0))
    }

    /// Set the current process's effective group id.
    #[sig = "(egid, /)"]
    fn setegid(th: Thread<'_>, egid: Id) -> Result<()> {
        check(th, host::process::setegid(egid.0))
    }

    /// Set the current process's real and effective user ids.
    #[sig = "(ruid, euid, /)"]
    fn setreuid(th: Thread<'_>, ruid: Id, euid: Id) -> Result<()> {
        check(th, host::process::setreuid(ruid.0, euid.0))
    }

    /// Set the current process's real and effective group ids.
    #[sig = "(rgid, egid, /)"]
    fn setregid(th: Thread<'_>, rgid: Id, egid: Id) -> Result<()> {
        check(th, host::process::setregid(rgid.0, egid.0))
    }

    /// Set the current process's real, effective, and saved user ids.
    #[sig = "(ruid, euid, suid, /)"]
    fn setresuid(th: Thread<'_>, ruid: Id, euid: Id, suid: Id) -> Result<()> {
        check(th, host::process::setresuid(ruid.0, euid.0, suid.0))
    }

    /// Set the current process's real, effective, and saved group ids.
    #[sig = "(rgid, egid, sgid, /)"]
    fn setresgid(th: Thread<'_>, rgid: Id, egid: Id, sgid: Id) -> Result<()> {
        check(th, host::process::setresgid(rgid.0, egid.0, sgid.0))
    }

    /// Return list of supplemental group IDs for the process.
    #[sig = "()"]
    fn getgroups(th: Thread<'_>) -> Result<Ref<List>> {
        id_list(th, &check(th, host::user::groups())?)
    }

    /// Set the groups of the current process to list.
    #[sig = "(groups, /)"]
    fn setgroups(th: Thread<'_>, groups: Obj<'_>) -> Result<()> {
        let groups = groups_arg(th, groups)?;
        check(th, host::process::setgroups(&groups))
    }

    /// Initialize the group access list.
    ///
    /// Call the system initgroups() to initialize the group access list with all of
    /// the groups of which the specified username is a member, plus the specified
    /// group id.
    #[sig = "(username, gid, /)"]
    fn initgroups(th: Thread<'_>, username: Path, gid: Id) -> Result<()> {
        check(th, host::process::initgroups(username.name(), gid.0))
    }

    /// Returns a list of groups to which a user belongs.
    ///
    ///   user
    ///     username to lookup
    ///   group
    ///     base group id of the user
    #[sig = "(user, group, /)"]
    fn getgrouplist(th: Thread<'_>, user: &Str, group: Id) -> Result<Ref<List>> {
        let Ok(user) = CString::new(encode_fs(th, user)?) else {
            raise!(th, ValueError, "embedded null character");
        };
        id_list(th, &check(th, host::user::group_list(&user, group.0))?)
    }

    /// Return the actual login name.
    #[sig = "()"]
    fn getlogin(th: Thread<'_>) -> Result<Ref<Str>> {
        let name = check(th, host::user::login())?;
        decode_fs(th, name.as_bytes())
    }

    /// Return program scheduling priority.
    #[sig = "(which, who)"]
    fn getpriority(th: Thread<'_>, which: i32, who: i32) -> Result<i32> {
        check(th, host::process::getpriority(which as u32, who as u32))
    }

    /// Set program scheduling priority.
    #[sig = "(which, who, priority)"]
    fn setpriority(th: Thread<'_>, which: i32, who: i32, priority: i32) -> Result<()> {
        check(th, host::process::setpriority(which as u32, who as u32, priority))
    }

    /// Add increment to the priority of process and return the new priority.
    #[sig = "(increment, /)"]
    fn nice(th: Thread<'_>, increment: i32) -> Result<i32> {
        check(th, host::process::nice(increment))
    }

    /// Kill a process with a signal.
    #[sig = "(pid, signal, /)"]
    fn kill(th: Thread<'_>, pid: i32, signal: i32) -> Result<()> {
        check(th, host::process::kill(pid, signal))?;
        crate::_signal::run_pending_signals(th)
    }

    /// Kill a process group with a signal.
    #[sig = "(pgid, signal, /)"]
    fn killpg(th: Thread<'_>, pgid: i32, signal: i32) -> Result<()> {
        check(th, host::process::killpg(pgid, signal))?;
        crate::_signal::run_pending_signals(th)
    }

    /// Exit to the system with specified status, without normal exit processing.
    #[sig = "(status)"]
    fn _exit(_: Thread<'_>, status: i32) {
        host::process::exit_now(status)
    }

    /// Abort the interpreter immediately.
    ///
    /// This function 'dumps core' or otherwise fails in the hardest way possible
    /// on the hosting operating system.  This function never returns.
    #[sig = "()"]
    fn abort(_: Thread<'_>) {
        std::process::abort()
    }

    /// Fork a child process.
    ///
    /// Return 0 to child process and PID of child to parent process.
    #[sig = "()"]
    fn fork(th: Thread<'_>) -> Result<i32> {
        crate::sys::audit(th, "os.fork", &[])?;
        refuse_at_end(th, "fork")?;
        if !vm::interpreters::config(th).allow_fork {
            raise!(th, RuntimeError, "fork not supported for isolated subinterpreters");
        }
        before_fork(th);
        let threads = host::process::thread_count();
        let pid = host::process::fork();
        if matches!(pid, Ok(0)) {
            after_fork_child(th);
        } else {
            after_fork_parent(th);
            warn_of_threads(th, "fork", threads);
        }
        check(th, pid)
    }

    /// Fork a new process with a new pseudo-terminal as controlling tty.
    ///
    /// Returns a tuple of (pid, master_fd).
    /// Like fork(), return pid of 0 to the child process,
    /// and pid of child to the parent process.
    /// To both, return fd of newly opened pseudo-terminal.
    /// The master_fd is non-inheritable.
    #[sig = "()"]
    fn forkpty(th: Thread<'_>) -> Result<(i32, i32)> {
        crate::sys::audit(th, "os.forkpty", &[])?;
        refuse_at_end(th, "fork")?;
        if !vm::interpreters::config(th).allow_fork {
            raise!(th, RuntimeError, "fork not supported for subinterpreters");
        }
        before_fork(th);
        let threads = host::process::thread_count();
        let result = host::terminal::forkpty();
        match &result {
            Ok((0, _)) => after_fork_child(th),
            Ok((_, master)) => {
                after_fork_parent(th);
                warn_of_threads(th, "forkpty", threads);
                check(th, host::fs::set_inheritable(*master, false))?;
            }
            Err(_) => after_fork_parent(th),
        }
        check(th, result)
    }

    /// Register callables to be called when forking a new process.
    ///
    ///   before
    ///     A callable to be called in the parent before the fork() syscall.
    ///   after_in_child
    ///     A callable to be called in the child after fork().
    ///   after_in_parent
    ///     A callable to be called in the parent after fork().
    ///
    /// 'before' callbacks are called in reverse order.
    /// 'after_in_child' and 'after_in_parent' callbacks are called in order.
    #[sig = "(*, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)"]
    fn register_at_fork(
        th: Thread<'_>,
        before: Option<Obj<'_>>,
        after_in_child: Option<Obj<'_>>,
        after_in_parent: Option<Obj<'_>>,
    ) -> Result<()> {
        if before.is_none() && after_in_child.is_none() && after_in_parent.is_none() {
            raise!(th, TypeError, "At least one argument is required.");
        }
        let named = [
            ("before", before),
            ("after_in_child", after_in_child),
            ("after_in_parent", after_in_parent),
        ];
        for (name, function) in named {
            if let Some(function) = function
                && !object::protocol::call::is_callable(function)
            {
                let ty = function.type_name();
                raise!(th, TypeError, "'{name}' must be callable, not {ty}");
            }
        }
        let hooks = th.interp().extensions.get::<AtFork>();
        let lists = [&hooks.before, &hooks.in_child, &hooks.in_parent];
        for (list, (_, function)) in lists.into_iter().zip(named) {
            list.borrow_mut().extend(function.map(|function| function.own()));
        }
        Ok(())
    }

    /// Execute an executable path with arguments, replacing current process.
    ///
    ///   path
    ///     Path of executable file.
    ///   argv
    ///     Tuple or list of strings.
    #[sig = "(path, argv, /)"]
    fn execv(th: Thread<'_>, path: Path, argv: Obj<'_>) -> Result<()> {
        refuse_exec(th)?;
        let args = argument_list(th, "execv", argv, true)?;
        Err(crate::support::os_error(th, &host::process::execve(path.name(), &args, None)))
    }

    /// Execute an executable path with arguments, replacing current process.
    ///
    ///   path
    ///     Path of executable file.
    ///   argv
    ///     Tuple or list of strings.
    ///   env
    ///     Dictionary of strings mapping to strings.
    #[sig = "(path, argv, env)"]
    fn execve(th: Thread<'_>, path: FsPath, argv: Obj<'_>, env: Obj<'_>) -> Result<()> {
        refuse_exec(th)?;
        let args = argument_list(th, "execve", argv, false)?;
        let environment = environment_list(th, "execve", env)?;
        let error = match path.fd() {
            Some(fd) => host::process::fexecve(fd, &args, &environment),
            None => host::process::execve(path.name(), &args, Some(&environment)),
        };
        Err(exceptions::io_error(th, &error, path.object()))
    }

    /// Execute the command in a subshell.
    #[sig = "(command)"]
    fn system(th: Thread<'_>, command: Path) -> Result<i32> {
        check(th, th.allow_threads(|| host::process::system(command.name())))
    }

    /// Wait for completion of a child process.
    ///
    /// Returns a tuple of information about the child process:
    ///     (pid, status)
    #[sig = "()"]
    fn wait(th: Thread<'_>) -> Result<(i32, i32)> {
        call(th, || host::process::waitpid(-1, 0))
    }

    /// Wait for completion of a given child process.
    ///
    /// Returns a tuple of information regarding the child process:
    ///     (pid, status)
    ///
    /// The options argument is ignored on Windows.
    #[sig = "(pid, options, /)"]
    fn waitpid(th: Thread<'_>, pid: i32, options: i32) -> Result<(i32, i32)> {
        call(th, || host::process::waitpid(pid, options))
    }

    /// Wait for completion of a child process.
    ///
    /// Returns a tuple of information about the child process:
    ///   (pid, status, rusage)
    #[sig = "(options)"]
    fn wait3(th: Thread<'_>, options: i32) -> Result<(i32, i32, Ref)> {
        let (pid, status, usage) = call(th, || host::process::wait4(-1, options))?;
        Ok((pid, status, rusage(th, &usage)?))
    }

    /// Wait for completion of a specific child process.
    ///
    /// Returns a tuple of information about the child process:
    ///   (pid, status, rusage)
    #[sig = "(pid, options)"]
    fn wait4(th: Thread<'_>, pid: i32, options: i32) -> Result<(i32, i32, Ref)> {
        let (pid, status, usage) = call(th, || host::process::wait4(pid, options))?;
        Ok((pid, status, rusage(th, &usage)?))
    }

    /// Returns the result of waiting for a process or processes.
    ///
    ///   idtype
    ///     Must be one of be P_PID, P_PGID or P_ALL.
    ///   id
    ///     The id to wait on.
    ///   options
    ///     Constructed from the ORing of one or more of WEXITED, WSTOPPED
    ///     or WCONTINUED and additionally may be ORed with WNOHANG or WNOWAIT.
    ///
    /// Returns either waitid_result or None if WNOHANG is specified and there are
    /// no children in a waitable state.
    #[sig = "(idtype, id, options, /)"]
    fn waitid(th: Thread<'_>, idtype: i32, id: i32, options: i32) -> Result<Option<Ref>> {
        let info = call(th, || host::process::waitid(idtype as u32, id as u32, options))?;
        let Some(info) = info else { return Ok(None) };
        let values = vec![
            info.pid.into_object(th)?,
            info.uid.into_object(th)?,
            info.signo.into_object(th)?,
            info.status.into_object(th)?,
            info.code.into_object(th)?,
        ];
        WAITID_RESULT.make(th, values).map(Some)
    }

    /// Return True if the process returning status was dumped to a core file.
    #[sig = "(status, /)"]
    #[allow(non_snake_case, reason = "named as in C")]
    fn WCOREDUMP(_: Thread<'_>, status: i32) -> bool {
        libc::WCOREDUMP(status)
    }

    /// Return True if a particular process was continued from a job control stop.
    #[sig = "(status)"]
    #[allow(non_snake_case, reason = "named as in C")]
    fn WIFCONTINUED(_: Thread<'_>, status: i32) -> bool {
        libc::WIFCONTINUED(status)
    }

    /// Return True if the process returning status was stopped.
    #[sig = "(status)"]
    #[allow(non_snake_case, reason = "named as in C")]
    fn WIFSTOPPED(_: Thread<'_>, status: i32) -> bool {
        libc::WIFSTOPPED(status)
    }

    /// Return True if the process returning status was terminated by a signal.
    #[sig = "(status)"]
    #[allow(non_snake_case, reason = "named as in C")]
    fn WIFSIGNALED(_: Thread<'_>, status: i32) -> bool {
        libc::WIFSIGNALED(status)
    }

    /// Return True if the process returning status exited via the exit() system call.
    #[sig = "(status)"]
    #[allow(non_snake_case, reason = "named as in C")]
    fn WIFEXITED(_: Thread<'_>, status: i32) -> bool {
        libc::WIFEXITED(status)
    }

    /// Return the process return code from status.
    #[sig = "(status)"]
    #[allow(non_snake_case, reason = "named as in C")]
    fn WEXITSTATUS(_: Thread<'_>, status: i32) -> i32 {
        libc::WEXITSTATUS(status)
    }

    /// Return the signal that terminated the process that provided the status value.
    #[sig = "(status)"]
    #[allow(non_snake_case, reason = "named as in C")]
    fn WTERMSIG(_: Thread<'_>, status: i32) -> i32 {
        libc::WTERMSIG(status)
    }

    /// Return the signal that stopped the process that provided the status value.
    #[sig = "(status)"]
    #[allow(non_snake_case, reason = "named as in C")]
    fn WSTOPSIG(_: Thread<'_>, status: i32) -> i32 {
        libc::WSTOPSIG(status)
    }

    /// Convert a wait status to an exit code.
    ///
    /// On Unix:
    ///
    /// * If WIFEXITED(status) is true, return WEXITSTATUS(status).
    /// * If WIFSIGNALED(status) is true, return -WTERMSIG(status).
    /// * Otherwise, raise a ValueError.
    ///
    /// On Windows, return status shifted right by 8 bits.
    ///
    /// On Unix, if the process is being traced or if waitpid() was called with
    /// WUNTRACED option, the caller must first check if WIFSTOPPED(status) is true.
    /// This function must not be called if WIFSTOPPED(status) is true.
    #[sig = "(status)"]
    fn waitstatus_to_exitcode(th: Thread<'_>, status: i32) -> Result<i32> {
        if libc::WIFEXITED(status) {
            return Ok(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Ok(-libc::WTERMSIG(status));
        }
        if libc::WIFSTOPPED(status) {
            let signal = libc::WSTOPSIG(status);
            raise!(th, ValueError, "process stopped by delivery of signal {signal}");
        }
        raise!(th, ValueError, "invalid wait status: {status}")
    }

    /// Return a file descriptor referring to the process *pid*.
    ///
    /// The descriptor can be used to perform process management without races and
    /// signals.
    #[sig = "(pid, flags=0)"]
    fn pidfd_open(th: Thread<'_>, pid: i32, flags: u32) -> Result<i32> {
        check(th, host::process::pidfd_open(pid, flags))
    }

    /// Move the calling thread into different namespaces.
    #[sig = "(fd, nstype=0)"]
    fn setns(th: Thread<'_>, fd: Fd, nstype: i32) -> Result<()> {
        check(th, host::process::setns(fd.0, nstype))
    }

    /// Disassociate parts of a process (or thread) execution context.
    ///
    ///   flags
    ///     Namespaces to be unshared.
    #[sig = "(flags)"]
    fn unshare(th: Thread<'_>, flags: i32) -> Result<()> {
        check(th, host::process::unshare(flags))
    }

    /// Get the maximum scheduling priority for policy.
    #[sig = "(policy)"]
    fn sched_get_priority_max(th: Thread<'_>, policy: i32) -> Result<i32> {
        check(th, host::process::sched_priority_max(policy))
    }

    /// Get the minimum scheduling priority for policy.
    #[sig = "(policy)"]
    fn sched_get_priority_min(th: Thread<'_>, policy: i32) -> Result<i32> {
        check(th, host::process::sched_priority_min(policy))
    }

    /// Get the scheduling policy for the process identified by pid.
    ///
    /// Passing 0 for pid returns the scheduling policy for the calling process.
    #[sig = "(pid, /)"]
    fn sched_getscheduler(th: Thread<'_>, pid: i32) -> Result<i32> {
        check(th, host::process::sched_getscheduler(pid))
    }

    /// Set the scheduling policy for the process identified by pid.
    ///
    /// If pid is 0, the calling process is changed.
    /// param is an instance of sched_param.
    #[sig = "(pid, policy, param, /)"]
    fn sched_setscheduler(th: Thread<'_>, pid: i32, policy: i32, param: Obj<'_>) -> Result<()> {
        let priority = scheduling_priority(th, param)?;
        check(th, host::process::sched_setscheduler(pid, policy, priority))
    }

    /// Returns scheduling parameters for the process identified by pid.
    ///
    /// If pid is 0, returns parameters for the calling process.
    /// Return value is an instance of sched_param.
    #[sig = "(pid, /)"]
    fn sched_getparam(th: Thread<'_>, pid: i32) -> Result<Ref> {
        let priority = check(th, host::process::sched_getparam(pid))?;
        SCHED_PARAM.make(th, vec![priority.into_object(th)?])
    }

    /// Set scheduling parameters for the process identified by pid.
    ///
    /// If pid is 0, sets parameters for the calling process.
    /// param should be an instance of sched_param.
    #[sig = "(pid, param, /)"]
    fn sched_setparam(th: Thread<'_>, pid: i32, param: Obj<'_>) -> Result<()> {
        let priority = scheduling_priority(th, param)?;
        check(th, host::process::sched_setparam(pid, priority))
    }

    /// Return the round-robin quantum for the process identified by pid, in seconds.
    ///
    /// Value returned is a float.
    #[sig = "(pid, /)"]
    fn sched_rr_get_interval(th: Thread<'_>, pid: i32) -> Result<f64> {
        Ok(check(th, host::process::sched_rr_interval(pid))? as f64 * 1e-9)
    }

    /// Voluntarily relinquish the CPU.
    #[sig = "()"]
    fn sched_yield(th: Thread<'_>) -> Result<()> {
        check(th, th.allow_threads(host::process::sched_yield))
    }

    /// Return the affinity of the process identified by pid (or the current process if zero).
    ///
    /// The affinity is returned as a set of CPU identifiers.
    #[sig = "(pid, /)"]
    fn sched_getaffinity(th: Thread<'_>, pid: i32) -> Result<Ref> {
        let cpus = check(th, host::process::affinity(pid))?;
        let cpus = cpus.iter().map(|cpu| cpu.into_object(th)).collect::<Result<Vec<_>>>()?;
        let list = List::from_refs(th, cpus)?;
        crate::support::import_from(th, "builtins", "set")?.call(th, &[list.obj()])
    }

    /// Set the CPU affinity of the process identified by pid to mask.
    ///
    ///   pid
    ///     The process ID of the process.
    ///     If 0, the current process's affinity is set.
    ///   mask
    ///     A sequence of CPU identifiers.
    #[sig = "(pid, mask, /)"]
    fn sched_setaffinity(th: Thread<'_>, pid: i32, mask: Obj<'_>) -> Result<()> {
        let mut cpus = Vec::new();
        for item in object::protocol::iter::collect(th, mask)? {
            if !Int::is_int(item.obj()) {
                let ty = item.obj().type_name();
                raise!(th, TypeError, "expected an iterator of ints, but iterator yielded {ty}");
            }
            let cpu = Int::index_to_i64(th, item.obj())?;
            if cpu < 0 {
                raise!(th, ValueError, "negative CPU number");
            }
            if cpu > 1 << 20 {
                raise!(th, OverflowError, "CPU number too large");
            }
            cpus.push(cpu as usize);
        }
        check(th, host::process::set_affinity(pid, &cpus))
    }

    /// Return the number of logical CPUs in the system.
    ///
    /// Return None if indeterminable.
    #[sig = "()"]
    fn cpu_count(th: Thread<'_>) -> Option<i64> {
        let configured = crate::sys::cpu_count(th);
        if configured > 0 {
            return Some(configured.into());
        }
        host::process::sysconf(libc::_SC_NPROCESSORS_ONLN).ok().filter(|count| *count > 0)
    }

    /// Return average recent system load information.
    ///
    /// Return the number of processes in the system run queue averaged over
    /// the last 1, 5, and 15 minutes as a tuple of three floats.
    /// Raises OSError if the load average was unobtainable.
    #[sig = "()"]
    fn getloadavg(th: Thread<'_>) -> Result<(f64, f64, f64)> {
        match host::process::load() {
            Some([one, five, fifteen]) => Ok((one, five, fifteen)),
            None => raise!(th, OSError, "Load averages are unobtainable"),
        }
    }

    /// Return a collection containing process timing information.
    ///
    /// The object returned behaves like a named tuple with these fields:
    ///   (utime, stime, cutime, cstime, elapsed_time)
    /// All fields are floating-point numbers.
    #[sig = "()"]
    fn times(th: Thread<'_>) -> Result<Ref> {
        let times = check(th, host::process::times())?;
        let values = times.iter().map(|time| time.into_object(th)).collect::<Result<Vec<_>>>()?;
        TIMES_RESULT.make(th, values)
    }

    /// Return an object identifying the current operating system.
    ///
    /// The object behaves like a named tuple with the following fields:
    ///   (sysname, nodename, release, version, machine)
    #[sig = "()"]
    fn uname(th: Thread<'_>) -> Result<Ref> {
        let names = check(th, host::process::uname())?;
        let values = names
            .iter()
            .map(|name| decode_fs(th, name).map(Ref::upcast))
            .collect::<Result<Vec<_>>>()?;
        UNAME_RESULT.make(th, values)
    }

    /// Return a bytes object containing random bytes suitable for cryptographic use.
    #[sig = "(size, /)"]
    fn urandom(th: Thread<'_>, size: isize) -> Result<Ref<object::Bytes>> {
        let Ok(size) = usize::try_from(size) else {
            raise!(th, ValueError, "negative argument not allowed");
        };
        let mut data = Vec::new();
        if data.try_reserve_exact(size).is_err() {
            return Err(th.no_memory());
        }
        data.resize(size, 0);
        check(th, host::random::fill(&mut data))?;
        object::Bytes::new(th, &data)
    }

    /// Obtain a series of random bytes.
    #[sig = "(size, flags=0)"]
    fn getrandom(th: Thread<'_>, size: isize, flags: i32) -> Result<Ref<object::Bytes>> {
        let Ok(size) = usize::try_from(size) else {
            return Err(exceptions::os_error(th, libc::EINVAL, None));
        };
        let mut data = Vec::new();
        if data.try_reserve_exact(size).is_err() {
            return Err(th.no_memory());
        }
        data.resize(size, 0);
        let n = match retry(th, || host::random::getrandom(&mut data, flags as u32))? {
            Ok(n) => n,
            Err(error) => return Err(crate::support::os_error(th, &error)),
        };
        object::Bytes::new(th, data.get(..n).unwrap_or_default())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        for decl in [&TIMES_RESULT, &UNAME_RESULT, &WAITID_RESULT, &SCHED_PARAM] {
            decl.add_to(th, module)?;
        }
        object::types::structseq::take_field(th, &*SCHED_PARAM.ty(th)?)
    }
}
