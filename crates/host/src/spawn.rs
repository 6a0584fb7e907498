//! Starting programs: `posix_spawn`, and fork-and-exec as `subprocess` wants it.
//!
//! Between fork and exec only async-signal-safe calls are made: everything
//! that allocates is prepared before.

use std::{
    ffi::{CStr, CString},
    io,
    mem::MaybeUninit,
};

use crate::{call::check_number, process::pointers};

/// What to do with a descriptor in the new process.
pub enum FileAction {
    Open { fd: i32, path: CString, flags: i32, mode: u32 },
    Close(i32),
    Dup2(i32, i32),
    CloseFrom(i32),
}

/// How `posix_spawn` sets up the new process.
#[derive(Default)]
pub struct SpawnOptions {
    pub actions: Vec<FileAction>,
    pub group: Option<i32>,
    pub reset_ids: bool,
    pub new_session: bool,
    pub mask: Option<Vec<i32>>,
    pub default_signals: Option<Vec<i32>>,
    /// Policy (if given) and priority.
    pub scheduler: Option<(Option<i32>, i32)>,
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

impl Actions {
    fn new(actions: &[FileAction]) -> io::Result<Self> {
        unsafe extern "C" {
            fn posix_spawn_file_actions_addclosefrom_np(
                actions: *mut libc::posix_spawn_file_actions_t,
                from: i32,
            ) -> i32;
        }
        let mut raw = MaybeUninit::uninit();
        // SAFETY: room for the structure.
        check_number(unsafe { libc::posix_spawn_file_actions_init(raw.as_mut_ptr()) })?;
        // SAFETY: initialised.
        let mut list = Actions(unsafe { raw.assume_init() });
        for action in actions {
            // SAFETY: an initialised list; paths outlive it.
            check_number(unsafe {
                match action {
                    FileAction::Open { fd, path, flags, mode } => {
                        libc::posix_spawn_file_actions_addopen(
                            &mut list.0,
                            *fd,
                            path.as_ptr(),
                            *flags,
                            *mode,
                        )
                    }
                    FileAction::Close(fd) => {
                        libc::posix_spawn_file_actions_addclose(&mut list.0, *fd)
                    }
                    FileAction::Dup2(fd, to) => {
                        libc::posix_spawn_file_actions_adddup2(&mut list.0, *fd, *to)
                    }
                    FileAction::CloseFrom(fd) => {
                        posix_spawn_file_actions_addclosefrom_np(&mut list.0, *fd)
                    }
                }
            })?;
        }
        Ok(list)
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

fn sigset(signals: &[i32]) -> libc::sigset_t {
    let mut set: libc::sigset_t = crate::fs::zeroed();
    for signal in signals {
        // SAFETY: a complete set.
        unsafe { libc::sigaddset(&mut set, *signal) };
    }
    set
}

impl Attributes {
    fn new(options: &SpawnOptions) -> io::Result<Self> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: room for the structure.
        check_number(unsafe { libc::posix_spawnattr_init(raw.as_mut_ptr()) })?;
        // SAFETY: initialised.
        let mut attributes = Attributes(unsafe { raw.assume_init() });
        let it = &mut attributes.0;
        let mut flags = 0;
        if let Some(group) = options.group {
            // SAFETY: an initialised structure, here and below.
            check_number(unsafe { libc::posix_spawnattr_setpgroup(it, group) })?;
            flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        if options.reset_ids {
            flags |= libc::POSIX_SPAWN_RESETIDS;
        }
        if options.new_session {
            flags |= 0x80;
        }
        if let Some(mask) = &options.mask {
            // SAFETY: as above.
            check_number(unsafe { libc::posix_spawnattr_setsigmask(it, &sigset(mask)) })?;
            flags |= libc::POSIX_SPAWN_SETSIGMASK;
        }
        if let Some(signals) = &options.default_signals {
            // SAFETY: as above.
            check_number(unsafe { libc::posix_spawnattr_setsigdefault(it, &sigset(signals)) })?;
            flags |= libc::POSIX_SPAWN_SETSIGDEF;
        }
        if let Some((policy, priority)) = options.scheduler {
            if let Some(policy) = policy {
                // SAFETY: as above.
                check_number(unsafe { libc::posix_spawnattr_setschedpolicy(it, policy) })?;
                flags |= libc::POSIX_SPAWN_SETSCHEDULER;
            }
            let param = libc::sched_param { sched_priority: priority };
            // SAFETY: as above.
            check_number(unsafe { libc::posix_spawnattr_setschedparam(it, &param) })?;
            flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
        }
        // SAFETY: as above.
        check_number(unsafe { libc::posix_spawnattr_setflags(it, flags as libc::c_short) })?;
        Ok(attributes)
    }
}

/// Start a program; its pid.
pub fn spawn(
    path: &CStr,
    search: bool,
    args: &[CString],
    environment: &[CString],
    options: &SpawnOptions,
) -> io::Result<i32> {
    let actions = Actions::new(&options.actions)?;
    let attributes = Attributes::new(options)?;
    let (args, environment) = (pointers(args), pointers(environment));
    let function = if search { libc::posix_spawnp } else { libc::posix_spawn };
    let mut pid = 0;
    // SAFETY: complete structures and null-terminated arrays of C strings.
    check_number(unsafe {
        function(
            &mut pid,
            path.as_ptr(),
            &actions.0,
            &attributes.0,
            args.as_ptr().cast(),
            environment.as_ptr().cast(),
        )
    })?;
    Ok(pid)
}

/// What `_posixsubprocess.fork_exec` sets up.
pub struct ForkExec<'a> {
    pub executables: &'a [CString],
    pub args: &'a [CString],
    pub environment: Option<&'a [CString]>,
    pub cwd: Option<&'a CStr>,
    pub p2cread: i32,
    pub p2cwrite: i32,
    pub c2pread: i32,
    pub c2pwrite: i32,
    pub errread: i32,
    pub errwrite: i32,
    pub errpipe_read: i32,
    pub errpipe_write: i32,
    pub close_fds: bool,
    /// Sorted.
    pub keep: &'a [i32],
    pub restore_signals: bool,
    pub new_session: bool,
    pub group: Option<i32>,
    pub gid: Option<u32>,
    pub groups: Option<&'a [u32]>,
    pub uid: Option<u32>,
    pub umask: Option<u32>,
}

/// Fork; in the child set everything up, call `preexec` (false: it failed) and
/// run the program. Failures go through `errpipe_write` as
/// `OSError:HEX_ERRNO:where`.
pub fn fork_exec(
    what: &ForkExec<'_>,
    preexec: Option<&mut dyn FnMut() -> bool>,
) -> io::Result<i32> {
    let args = pointers(what.args);
    let environment = what.environment.map(pointers);
    let paths: Vec<_> = what.executables.iter().map(|path| path.as_ptr()).collect();
    // SAFETY: the child makes only async-signal-safe calls, but for `preexec`.
    let pid = crate::call::check(unsafe { libc::fork() })?;
    if pid != 0 {
        return Ok(pid);
    }
    let stage = match child(what, preexec) {
        Ok(()) => {
            let mut saved = 0;
            for path in &paths {
                // SAFETY: null-terminated arrays of C strings.
                unsafe {
                    match &environment {
                        Some(environment) => {
                            libc::execve(*path, args.as_ptr(), environment.as_ptr())
                        }
                        None => libc::execv(*path, args.as_ptr()),
                    }
                };
                let errno = errno();
                if errno != libc::ENOENT && errno != libc::ENOTDIR && saved == 0 {
                    saved = errno;
                }
            }
            if saved != 0 {
                set_errno(saved);
            }
            b"".as_slice()
        }
        Err(stage) => stage,
    };
    report(what.errpipe_write, errno(), stage);
    crate::process::exit_now(255)
}

fn errno() -> i32 {
    // SAFETY: errno is thread-local.
    unsafe { *libc::__errno_location() }
}

fn set_errno(errno: i32) {
    // SAFETY: errno is thread-local.
    unsafe { *libc::__errno_location() = errno };
}

/// Tell the parent.
fn report(fd: i32, errno: i32, stage: &[u8]) {
    let put = |bytes: &[u8]| {
        // SAFETY: the bytes are there.
        unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
    };
    if stage == b"preexec" {
        put(b"SubprocessError:0:Exception occurred in preexec_fn.");
        return;
    }
    let mut hex = [0u8; 8];
    let mut at = hex.len();
    let mut value = errno as u32;
    while value > 0 && at > 0 {
        at -= 1;
        hex[at] = b"0123456789ABCDEF"[(value & 15) as usize];
        value >>= 4;
    }
    put(b"OSError:");
    put(&hex[at..]);
    put(b":");
    put(stage);
}

type Stage = &'static [u8];

fn child(what: &ForkExec<'_>, preexec: Option<&mut dyn FnMut() -> bool>) -> Result<(), Stage> {
    const NO_STAGE: Stage = b"";
    let ok = |status: i32, stage: Stage| if status == -1 { Err(stage) } else { Ok(status) };
    let inheritable = |fd: i32| {
        // SAFETY: plain values.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        // SAFETY: plain values.
        unsafe { libc::fcntl(fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC) }
    };
    for fd in what.keep.iter().filter(|fd| **fd != what.errpipe_write) {
        inheritable(*fd);
    }
    for fd in [what.p2cwrite, what.c2pread, what.errread, what.errpipe_read] {
        if fd != -1 {
            // SAFETY: plain values.
            unsafe { libc::close(fd) };
        }
    }
    let (mut output, mut error) = (what.c2pwrite, what.errwrite);
    if output == 0 {
        // SAFETY: plain values.
        output = ok(unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) }, NO_STAGE)?;
    }
    while error == 0 || error == 1 {
        // SAFETY: plain values.
        error = ok(unsafe { libc::fcntl(error, libc::F_DUPFD_CLOEXEC, 3) }, NO_STAGE)?;
    }
    for (fd, to) in [(what.p2cread, 0), (output, 1), (error, 2)] {
        if fd == to {
            ok(inheritable(fd), NO_STAGE)?;
        } else if fd != -1 {
            // SAFETY: plain values.
            ok(unsafe { libc::dup2(fd, to) }, NO_STAGE)?;
        }
    }
    if let Some(cwd) = what.cwd {
        // SAFETY: a C string.
        ok(unsafe { libc::chdir(cwd.as_ptr()) }, b"noexec:chdir")?;
    }
    if let Some(mask) = what.umask {
        // SAFETY: plain values.
        unsafe { libc::umask(mask) };
    }
    if what.restore_signals {
        for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
            // SAFETY: the default action.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
    if what.new_session {
        // SAFETY: no arguments.
        ok(unsafe { libc::setsid() }, NO_STAGE)?;
    }
    if let Some(group) = what.group {
        // SAFETY: plain values.
        ok(unsafe { libc::setpgid(0, group) }, NO_STAGE)?;
    }
    if let Some(groups) = what.groups {
        // SAFETY: an array of that length; the raw call, as only this thread is left.
        let status = unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) };
        ok(status as i32, NO_STAGE)?;
    }
    if let Some(gid) = what.gid {
        // SAFETY: plain values.
        ok(unsafe { libc::syscall(libc::SYS_setregid, gid, gid) } as i32, NO_STAGE)?;
    }
    if let Some(uid) = what.uid {
        // SAFETY: plain values.
        ok(unsafe { libc::syscall(libc::SYS_setreuid, uid, uid) } as i32, NO_STAGE)?;
    }
    set_errno(0);
    if let Some(preexec) = preexec
        && !preexec()
    {
        return Err(b"preexec");
    }
    if what.close_fds {
        let mut start = 3;
        for fd in what.keep.iter().copied().filter(|fd| *fd >= 3) {
            crate::fs::close_range(start, fd);
            start = fd + 1;
        }
        crate::fs::close_range(start, i32::MAX);
    }
    Ok(())
}
