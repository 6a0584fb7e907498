//! Child processes that cannot harm the machine.
//!
//! A child gets its own process group, a limit on memory and time, no standard input and a bound on
//! the output kept. When it ends, the rest of its group is killed, and so is every process that
//! left the group but still carries the child's marker in its environment.

use crate::Result;
use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

const MARKER: &str = "KRAIT_XTASK_CHILD";

/// What a child may use.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) seconds: f64,
    /// `RLIMIT_DATA` in megabytes (it does not count a mere reservation of addresses); 0: none.
    pub(crate) megabytes: u64,
    /// Bytes kept of each of standard output and standard error.
    pub(crate) output: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { seconds: 60.0, megabytes: 4096, output: 4 << 20 }
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exit(i32),
    Signal(i32),
    TimedOut,
}

impl std::fmt::Display for End {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Exit(code) => write!(out, "exit code {code}"),
            End::Signal(number) => match signal_name(*number) {
                Some(name) => out.write_str(name),
                None => write!(out, "signal {number}"),
            },
            End::TimedOut => out.write_str("timed out"),
        }
    }
}

fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        libc::SIGABRT => "SIGABRT",
        libc::SIGALRM => "SIGALRM",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGHUP => "SIGHUP",
        libc::SIGILL => "SIGILL",
        libc::SIGINT => "SIGINT",
        libc::SIGKILL => "SIGKILL",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGTERM => "SIGTERM",
        libc::SIGTRAP => "SIGTRAP",
        _ => return None,
    })
}

/// A child that has ended.
pub(crate) struct Finished {
    pub(crate) end: End,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) seconds: f64,
}

/// Run `command` to its end within `limits`.
pub(crate) fn run(command: &mut Command, limits: &Limits) -> Result<Finished> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let marker = format!("{MARKER}={}.{number}", std::process::id());
    if let Some((name, value)) = marker.split_once('=') {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let bytes = limits.megabytes.saturating_mul(1 << 20);
    let restrict = move || {
        if bytes != 0 {
            limit(libc::RLIMIT_DATA, bytes)?;
        }
        limit(libc::RLIMIT_CORE, 0)?;
        heed_interrupts();
        die_with_parent()
    };
    // SAFETY: between fork and exec the closure only makes async-signal-safe system calls.
    unsafe { command.pre_exec(restrict) };

    let started = Instant::now();
    let mut child = command
        .spawn()
        .map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
    let stdout = Capture::start(child.stdout.take(), limits.output);
    let stderr = Capture::start(child.stderr.take(), limits.output);
    let status = wait(&mut child, started + Duration::from_secs_f64(limits.seconds));
    let seconds = started.elapsed().as_secs_f64();
    kill_group(child.id());
    let end = match status {
        Some(status) => match status.signal() {
            Some(number) => End::Signal(number),
            None => End::Exit(status.code().unwrap_or(-1)),
        },
        None => {
            let _ = child.wait();
            End::TimedOut
        }
    };
    kill_marked(&marker);
    Ok(Finished { end, stdout: stdout.take(), stderr: stderr.take(), seconds })
}

/// A shell has the programs that it starts in the background ignore these; tests send them.
fn heed_interrupts() {
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: sets the default action.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

fn limit(resource: libc::__rlimit_resource_t, value: u64) -> std::io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the pointer is to a local that outlives the call.
    match unsafe { libc::setrlimit(resource, &raw const limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Ask the kernel to kill this process when the thread that started it ends, for whatever reason.
fn die_with_parent() -> std::io::Result<()> {
    // SAFETY: this request changes nothing but an attribute of the calling process.
    match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Wait until the child ends; `None` when the deadline comes first.
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    // Asking again and again costs a little time of the core; the pause grows so that a long
    // run is not disturbed and a short one is noticed at once.
    let mut pause = Duration::from_micros(200);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => {}
            Err(_) => return None,
        }
        let now = Instant::now();
        if now >= deadline {
            return None;
        }
        std::thread::sleep(pause.min(deadline - now));
        pause = (pause * 5 / 4).min(Duration::from_millis(20));
    }
}

fn kill_group(leader: u32) {
    if let Ok(group) = libc::pid_t::try_from(leader) {
        // SAFETY: kill has no memory effects; the group is the one made for this child.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}

/// Kill processes whose environment holds the marker of one of our children.
fn kill_marked(marker: &str) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<libc::pid_t>().ok()) else {
            continue;
        };
        let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
        if environment.split(|&byte| byte == 0).any(|variable| variable == marker.as_bytes()) {
            // SAFETY: kill has no memory effects; the process is a descendant of our child.
            unsafe { libc::kill(process, libc::SIGKILL) };
        }
    }
}

/// A pipe read to its end by a thread, of which the first bytes are kept.
struct Capture(Arc<(Mutex<Captured>, Condvar)>);

#[derive(Default)]
struct Captured {
    bytes: Vec<u8>,
    ended: bool,
}

impl Capture {
    fn start(pipe: Option<impl Read + Send + 'static>, keep: usize) -> Capture {
        let shared = Arc::<(Mutex<Captured>, Condvar)>::default();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut chunk = [0; 16384];
            let mut pipe = pipe;
            while let Some(count) = pipe.as_mut().and_then(|pipe| pipe.read(&mut chunk).ok()) {
                if count == 0 {
                    break;
                }
                let mut state = theirs.0.lock().unwrap_or_else(PoisonError::into_inner);
                let room = keep.saturating_sub(state.bytes.len());
                state.bytes.extend_from_slice(&chunk[..count.min(room)]);
            }
            theirs.0.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
            theirs.1.notify_all();
        });
        Capture(shared)
    }

    /// What was read. A process that nobody could find may hold the pipe open: do not wait long.
    fn take(self) -> Vec<u8> {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut state, _) = changed
            .wait_timeout_while(state, Duration::from_secs(2), |state| !state.ended)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limits: Limits) -> Finished {
        run(Command::new("sh").args(["-c", script]), &limits).unwrap()
    }

    #[test]
    fn output_is_kept_up_to_the_limit() {
        let limits = Limits { output: 10, ..Limits::default() };
        let finished = shell("yes | head -100000; echo oops >&2; exit 3", limits);
        assert_eq!(finished.end, End::Exit(3));
        assert_eq!(finished.stdout, b"y\ny\ny\ny\ny\n");
        assert_eq!(finished.stderr, b"oops\n");
    }

    #[test]
    fn the_whole_group_dies_at_the_deadline() {
        let limits = Limits { seconds: 0.2, ..Limits::default() };
        let started = Instant::now();
        assert_eq!(shell("setsid sleep 61 & sleep 61", limits).end, End::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn signals_have_names() {
        let finished = shell("kill -SEGV $$", Limits::default());
        assert_eq!(finished.end.to_string(), "SIGSEGV");
    }
}
