//! Processes: identity, children, scheduling, limits.

use std::{
    ffi::{CStr, CString, c_char},
    io,
};

use crate::{
    call::{calls, check, values},
    fs::zeroed,
};

pub use libc::{rlimit as Limit, rusage as Usage, siginfo_t as SigInfo};

values! {
    /// Fork; 0 in the child.
    fn fork() -> i32 = libc::fork();
    /// The process group of a process.
    fn getpgid(pid: i32) -> i32 = libc::getpgid(pid);
    /// The session of a process.
    fn getsid(pid: i32) -> i32 = libc::getsid(pid);
    /// A descriptor for a process.
    fn pidfd_open(pid: i32, flags: u32) -> i32 = libc::syscall(libc::SYS_pidfd_open, pid, flags);
    /// The scheduling policy of a process.
    fn sched_getscheduler(pid: i32) -> i32 = libc::sched_getscheduler(pid);
    /// The highest priority of a policy.
    fn sched_priority_max(policy: i32) -> i32 = libc::sched_get_priority_max(policy);
    /// The lowest priority of a policy.
    fn sched_priority_min(policy: i32) -> i32 = libc::sched_get_priority_min(policy);
    /// Run a command in the shell.
    fn system(command: &CStr) -> i32 = libc::system(command.as_ptr());
}

/// How many threads the process has; 0 if the system does not say.
pub fn thread_count() -> usize {
    let stat = std::fs::read("/proc/self/stat").unwrap_or_default();
    // The name of the program is in parentheses and may contain anything.
    let behind_name = stat.iter().rposition(|byte| *byte == b')').map_or(0, |end| end + 2);
    let mut fields = stat.get(behind_name..).unwrap_or_default().split(|byte| *byte == b' ');
    let count = fields.nth(17).and_then(|field| std::str::from_utf8(field).ok());
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

calls! {
    /// Send a signal.
    fn kill(pid: i32, signal: i32) = libc::kill(pid, signal);
    /// Send a signal to a process group.
    fn killpg(group: i32, signal: i32) = libc::killpg(group, signal);
    /// Set the user id.
    fn setuid(uid: u32) = libc::setuid(uid);
    /// Set the group id.
    fn setgid(gid: u32) = libc::setgid(gid);
    /// Set the effective user id.
    fn seteuid(uid: u32) = libc::seteuid(uid);
    /// Set the effective group id.
    fn setegid(gid: u32) = libc::setegid(gid);
    /// Set real and effective user id.
    fn setreuid(real: u32, effective: u32) = libc::setreuid(real, effective);
    /// Set real and effective group id.
    fn setregid(real: u32, effective: u32) = libc::setregid(real, effective);
    /// Set real, effective and saved user id.
    fn setresuid(real: u32, effective: u32, saved: u32) = libc::setresuid(real, effective, saved);
    /// Set real, effective and saved group id.
    fn setresgid(real: u32, effective: u32, saved: u32) = libc::setresgid(real, effective, saved);
    /// Set the supplementary groups.
    fn setgroups(groups: &[u32]) = libc::setgroups(groups.len(), groups.as_ptr());
    /// Set the supplementary groups from the database.
    fn initgroups(user: &CStr, gid: u32) = libc::initgroups(user.as_ptr(), gid);
    /// Set a process group.
    fn setpgid(pid: i32, group: i32) = libc::setpgid(pid, group);
    /// Start a session.
    fn setsid() = libc::setsid();
    /// Set a priority.
    fn setpriority(which: u32, who: u32, priority: i32) = libc::setpriority(which, who, priority);
    /// Let others run.
    fn sched_yield() = libc::sched_yield();
    /// Leave namespaces.
    fn unshare(flags: i32) = libc::unshare(flags);
    /// Join a namespace.
    fn setns(fd: i32, kind: i32) = libc::setns(fd, kind);
}

/// This process.
pub fn pid() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::getpid() }
}

/// The parent process.
pub fn parent_pid() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::getppid() }
}

/// This process's group.
pub fn group() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::getpgrp() }
}

/// Real and effective user id, real and effective group id.
pub fn ids() -> [u32; 4] {
    // SAFETY: no arguments.
    unsafe { [libc::getuid(), libc::geteuid(), libc::getgid(), libc::getegid()] }
}

/// Real, effective and saved user id.
pub fn resuid() -> io::Result<[u32; 3]> {
    let mut ids = [0; 3];
    let [real, effective, saved] = &mut ids;
    // SAFETY: room for the answers.
    check(unsafe { libc::getresuid(real, effective, saved) })?;
    Ok(ids)
}

/// Real, effective and saved group id.
pub fn resgid() -> io::Result<[u32; 3]> {
    let mut ids = [0; 3];
    let [real, effective, saved] = &mut ids;
    // SAFETY: room for the answers.
    check(unsafe { libc::getresgid(real, effective, saved) })?;
    Ok(ids)
}

fn clear_errno() {
    // SAFETY: errno is thread-local.
    unsafe { *libc::__errno_location() = 0 };
}

/// -1 is a value of these calls: errno decides.
fn check_errno<T>(value: T, failed: bool) -> io::Result<T> {
    let error = io::Error::last_os_error();
    if failed && error.raw_os_error() != Some(0) { Err(error) } else { Ok(value) }
}

/// A priority.
pub fn getpriority(which: u32, who: u32) -> io::Result<i32> {
    clear_errno();
    // SAFETY: plain values.
    let value = unsafe { libc::getpriority(which, who) };
    check_errno(value, value == -1)
}

/// Add to the niceness.
pub fn nice(increment: i32) -> io::Result<i32> {
    clear_errno();
    // SAFETY: plain values.
    let value = unsafe { libc::nice(increment) };
    check_errno(value, value == -1)
}

/// Exit at once.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(status) }
}

/// Pointers to C strings, null at the end.
pub fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Replace the program; returns the error.
pub fn execve(path: &CStr, args: &[CString], environment: Option<&[CString]>) -> io::Error {
    let args = pointers(args);
    match environment {
        Some(environment) => {
            let environment = pointers(environment);
            // SAFETY: null-terminated arrays of C strings.
            unsafe { libc::execve(path.as_ptr(), args.as_ptr(), environment.as_ptr()) };
        }
        None => {
            // SAFETY: a null-terminated array of C strings.
            unsafe { libc::execv(path.as_ptr(), args.as_ptr()) };
        }
    }
    io::Error::last_os_error()
}

/// Replace the program by an open file; returns the error.
pub fn fexecve(fd: i32, args: &[CString], environment: &[CString]) -> io::Error {
    let (args, environment) = (pointers(args), pointers(environment));
    // SAFETY: null-terminated arrays of C strings.
    unsafe { libc::fexecve(fd, args.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// Wait for a child: pid and status.
pub fn waitpid(pid: i32, options: i32) -> io::Result<(i32, i32)> {
    let mut status = 0;
    // SAFETY: room for the answer.
    let pid = check(unsafe { libc::waitpid(pid, &mut status, options) })?;
    Ok((pid, status))
}

/// Wait for a child: pid, status and resources.
pub fn wait4(pid: i32, options: i32) -> io::Result<(i32, i32, Usage)> {
    let (mut status, mut usage) = (0, zeroed());
    // SAFETY: room for the answers.
    let pid = check(unsafe { libc::wait4(pid, &mut status, options, &mut usage) })?;
    Ok((pid, status, usage))
}

/// What `waitid` says of a child.
pub struct ChildInfo {
    pub pid: i32,
    pub uid: u32,
    pub signo: i32,
    pub status: i32,
    pub code: i32,
}

/// Wait for a child's change of state; `None` when there was none.
pub fn waitid(kind: u32, id: u32, options: i32) -> io::Result<Option<ChildInfo>> {
    let mut info: SigInfo = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::waitid(kind, id, &mut info, options) })?;
    // SAFETY: the fields of a child's signal, zero when there was none.
    let (pid, uid, status) = unsafe { (info.si_pid(), info.si_uid(), info.si_status()) };
    if pid == 0 {
        return Ok(None);
    }
    Ok(Some(ChildInfo { pid, uid, status, signo: info.si_signo, code: info.si_code }))
}

/// The priority in a process's scheduling parameters.
pub fn sched_getparam(pid: i32) -> io::Result<i32> {
    let mut param: libc::sched_param = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::sched_getparam(pid, &mut param) })?;
    Ok(param.sched_priority)
}

/// Set scheduling parameters.
pub fn sched_setparam(pid: i32, priority: i32) -> io::Result<()> {
    let param = libc::sched_param { sched_priority: priority };
    // SAFETY: a complete structure.
    check(unsafe { libc::sched_setparam(pid, &param) }).map(drop)
}

/// Set policy and parameters.
pub fn sched_setscheduler(pid: i32, policy: i32, priority: i32) -> io::Result<()> {
    let param = libc::sched_param { sched_priority: priority };
    // SAFETY: a complete structure.
    check(unsafe { libc::sched_setscheduler(pid, policy, &param) }).map(drop)
}

/// The round-robin quantum in nanoseconds.
pub fn sched_rr_interval(pid: i32) -> io::Result<i64> {
    let mut time: libc::timespec = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::sched_rr_get_interval(pid, &mut time) })?;
    Ok(time.tv_sec * 1_000_000_000 + time.tv_nsec)
}

/// The processors a process may use.
pub fn affinity(pid: i32) -> io::Result<Vec<usize>> {
    let mut words = vec![0u64; 16];
    loop {
        let (ptr, size) = (words.as_mut_ptr().cast(), words.len() * 8);
        // SAFETY: room for the answer.
        match check(unsafe { libc::sched_getaffinity(pid, size, ptr) }) {
            Ok(_) => break,
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) && words.len() < 1 << 14 => {
                let len = words.len() * 2;
                words.resize(len, 0);
            }
            Err(error) => return Err(error),
        }
    }
    Ok((0..words.len() * 64).filter(|cpu| words[cpu / 64] >> (cpu % 64) & 1 == 1).collect())
}

/// Set the processors a process may use.
pub fn set_affinity(pid: i32, cpus: &[usize]) -> io::Result<()> {
    let mut words = vec![0u64; cpus.iter().max().map_or(1, |max| max / 64 + 1)];
    for cpu in cpus {
        words[cpu / 64] |= 1 << (cpu % 64);
    }
    // SAFETY: a complete set.
    check(unsafe { libc::sched_setaffinity(pid, words.len() * 8, words.as_ptr().cast()) }).map(drop)
}

/// System, node, release, version, machine.
pub fn uname() -> io::Result<[Vec<u8>; 5]> {
    let mut names: libc::utsname = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::uname(&mut names) })?;
    let text = |field: &[c_char]| {
        field.iter().map(|c| *c as u8).take_while(|c| *c != 0).collect::<Vec<u8>>()
    };
    Ok([
        text(&names.sysname),
        text(&names.nodename),
        text(&names.release),
        text(&names.version),
        text(&names.machine),
    ])
}

/// User, system, children's user, children's system and elapsed time in seconds.
pub fn times() -> io::Result<[f64; 5]> {
    let mut tms: libc::tms = zeroed();
    clear_errno();
    // SAFETY: room for the answer.
    let elapsed = unsafe { libc::times(&mut tms) };
    let elapsed = check_errno(elapsed, elapsed == -1)?;
    let ticks = sysconf(libc::_SC_CLK_TCK)?.max(1) as f64;
    let all = [tms.tms_utime, tms.tms_stime, tms.tms_cutime, tms.tms_cstime, elapsed];
    Ok(all.map(|value| value as f64 / ticks))
}

/// The load over the last 1, 5 and 15 minutes.
pub fn load() -> Option<[f64; 3]> {
    let mut load = [0.0; 3];
    // SAFETY: room for three values.
    (unsafe { libc::getloadavg(load.as_mut_ptr(), 3) } == 3).then_some(load)
}

/// A system limit.
pub fn sysconf(name: i32) -> io::Result<i64> {
    clear_errno();
    // SAFETY: plain values.
    let value = unsafe { libc::sysconf(name) };
    check_errno(value, value == -1)
}

/// A limit of a file.
pub fn fpathconf(fd: i32, name: i32) -> io::Result<i64> {
    clear_errno();
    // SAFETY: plain values.
    let value = unsafe { libc::fpathconf(fd, name) };
    check_errno(value, value == -1)
}

/// A limit of a file.
pub fn pathconf(path: &CStr, name: i32) -> io::Result<i64> {
    clear_errno();
    // SAFETY: a C string.
    let value = unsafe { libc::pathconf(path.as_ptr(), name) };
    check_errno(value, value == -1)
}

/// A configuration string.
pub fn confstr(name: i32) -> io::Result<Option<Vec<u8>>> {
    clear_errno();
    let mut buffer = vec![0u8; 4096];
    // SAFETY: the buffer has that size.
    let n = unsafe { libc::confstr(name, buffer.as_mut_ptr().cast(), buffer.len()) };
    let n = check_errno(n, n == 0)?;
    if n == 0 {
        return Ok(None);
    }
    buffer.truncate((n - 1).min(4095));
    Ok(Some(buffer))
}

/// The current and the hard limit of a resource.
pub fn getrlimit(resource: u32) -> io::Result<Limit> {
    let mut limit = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::getrlimit(resource, &mut limit) })?;
    Ok(limit)
}

/// Set the limits of a resource.
pub fn setrlimit(resource: u32, limit: Limit) -> io::Result<()> {
    // SAFETY: a complete structure.
    check(unsafe { libc::setrlimit(resource, &limit) }).map(drop)
}

/// Set and get the limits of another process.
pub fn prlimit(pid: i32, resource: u32, new: Option<Limit>) -> io::Result<Limit> {
    let mut old = zeroed();
    let new = new.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: null or a complete structure; room for the answer.
    check(unsafe { libc::prlimit(pid, resource, new, &mut old) })?;
    Ok(old)
}

/// The resources used by this process, thread or the children.
pub fn getrusage(who: i32) -> io::Result<Usage> {
    let mut usage = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::getrusage(who, &mut usage) })?;
    Ok(usage)
}

/// The name of the controlling terminal.
pub fn terminal_name() -> Vec<u8> {
    b"/dev/tty".to_vec()
}
