//! Threads of the system: identity, names, start and end.
//!
//! Every thread started here has a stack for signal handlers of its own, since
//! the handler that serves faults must run on any thread, however deep.

use std::{io, ptr::null_mut};

use crate::{call::check_number, fs::zeroed};

/// Bytes for signal handlers; faulthandler writes tracebacks on them.
const SIGNAL_STACK: usize = 64 * 1024;

/// The least that the system takes for a stack (`PTHREAD_STACK_MIN` of CPython).
pub const STACK_MIN: usize = 32 * 1024;

/// `pthread_self` of the calling thread.
pub fn ident() -> u64 {
    crate::signal::this_thread()
}

/// The kernel's number of the calling thread.
pub fn native_id() -> u64 {
    // SAFETY: `gettid` has no preconditions.
    (unsafe { libc::gettid() }) as u64
}

/// Name the calling thread; the kernel keeps 15 bytes.
pub fn set_name(name: &[u8]) {
    let mut bytes = [0u8; 16];
    for (slot, byte) in bytes.iter_mut().take(15).zip(name) {
        *slot = *byte;
    }
    // SAFETY: a NUL-terminated buffer of 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, bytes.as_ptr()) };
}

/// The name of the calling thread.
pub fn name() -> Vec<u8> {
    let mut bytes = [0u8; 17];
    // SAFETY: the kernel writes at most 16 bytes.
    unsafe { libc::prctl(libc::PR_GET_NAME, bytes.as_mut_ptr()) };
    bytes.iter().copied().take_while(|byte| *byte != 0).collect()
}

/// The name of a thread of this process, in `buffer`; empty if it is not known.
///
/// May be called in a signal handler.
pub fn name_of(thread: u64, buffer: &mut [u8; 64]) -> &[u8] {
    // SAFETY: room for the name; the thread is alive.
    let status =
        unsafe { libc::pthread_getname_np(thread, buffer.as_mut_ptr().cast(), buffer.len()) };
    if status != 0 {
        return b"";
    }
    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(0);
    buffer.get(..end).unwrap_or_default()
}

/// How much stack the calling thread has left.
pub fn stack_left() -> usize {
    let mut attributes: libc::pthread_attr_t = zeroed();
    // SAFETY: room for the attributes of the calling thread.
    if unsafe { libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) } != 0 {
        return 0;
    }
    let (mut lowest, mut size) = (null_mut(), 0);
    // SAFETY: filled in just now.
    let status = unsafe { libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size) };
    // SAFETY: as above.
    unsafe { libc::pthread_attr_destroy(&mut attributes) };
    let here = 0u8;
    if status != 0 { 0 } else { (&raw const here).addr().saturating_sub(lowest.addr()) }
}

type Main = Box<dyn FnOnce() + Send>;

/// Start a thread with `stack` bytes of stack; its `pthread_t`.
///
/// The caller joins or detaches it.
pub fn spawn(stack: usize, main: Main) -> io::Result<u64> {
    let mut attributes: libc::pthread_attr_t = zeroed();
    // SAFETY: room for the attributes.
    check_number(unsafe { libc::pthread_attr_init(&mut attributes) })?;
    // SAFETY: initialised just now; a size that does not fit keeps the default.
    unsafe { libc::pthread_attr_setstacksize(&mut attributes, stack) };
    let mut thread = 0;
    let argument = Box::into_raw(Box::new(main));
    // SAFETY: complete attributes; the new thread takes over the argument.
    let status = unsafe { libc::pthread_create(&mut thread, &attributes, start, argument.cast()) };
    // SAFETY: initialised above.
    unsafe { libc::pthread_attr_destroy(&mut attributes) };
    if let Err(error) = check_number(status) {
        // SAFETY: no thread took it over.
        drop(unsafe { Box::from_raw(argument) });
        return Err(error);
    }
    Ok(thread)
}

extern "C" fn start(argument: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: what `spawn` passed, for this thread alone.
    let main = unsafe { Box::from_raw(argument.cast::<Main>()) };
    let stack = SignalStack::install();
    main();
    drop(stack);
    null_mut()
}

/// The stack for signal handlers of one thread.
struct SignalStack(*mut libc::c_void);

impl SignalStack {
    fn install() -> Option<SignalStack> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh mapping.
        let memory = unsafe { libc::mmap(null_mut(), SIGNAL_STACK, protection, flags, -1, 0) };
        if memory == libc::MAP_FAILED {
            return None;
        }
        let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: SIGNAL_STACK };
        // SAFETY: the mapping lives as long as the thread.
        unsafe { libc::sigaltstack(&stack, null_mut()) };
        Some(SignalStack(memory))
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let none =
            libc::stack_t { ss_sp: null_mut(), ss_flags: libc::SS_DISABLE, ss_size: SIGNAL_STACK };
        // SAFETY: no handler runs while this thread is here.
        unsafe { libc::sigaltstack(&none, null_mut()) };
        // SAFETY: nobody uses it any more.
        unsafe { libc::munmap(self.0, SIGNAL_STACK) };
    }
}

/// Wait for a thread of [`spawn`] to be gone.
pub fn join(thread: u64) {
    // SAFETY: callers pass a thread that was neither joined nor detached.
    unsafe { libc::pthread_join(thread, null_mut()) };
}

/// Let a thread of [`spawn`] go by itself.
pub fn detach(thread: u64) {
    // SAFETY: callers pass a thread that was neither joined nor detached.
    unsafe { libc::pthread_detach(thread) };
}

/// Sleep for ever.
pub fn hang() -> ! {
    loop {
        crate::signal::pause();
    }
}
