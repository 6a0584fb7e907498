//! `lock.h` and `critical_section.h`: locks of one byte.

use std::{
    ffi::{c_int, c_void},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use abi::PyObject;
use macros::capi;
use object::Thread;

fn byte<'a>(mutex: *mut u8) -> &'a std::sync::atomic::AtomicU8 {
    // SAFETY: C passes a live mutex, whose first byte says whether it is taken.
    unsafe { std::sync::atomic::AtomicU8::from_ptr(mutex) }
}

#[capi]
fn PyMutex_Lock(mutex: *mut u8) {
    let byte = byte(mutex);
    while byte.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
        pause();
    }
}

/// Let other threads run for a moment.
fn pause() {
    let wait = || std::thread::sleep(Duration::from_micros(50));
    if Thread::is_attached() {
        // SAFETY: just checked.
        unsafe { Thread::current() }.allow_threads(wait);
    } else {
        wait();
    }
}

const ACQUIRED: c_int = 1;

/// Take a lock, waiting `timeout` nanoseconds, or for ever if negative; an
/// answer of `PyLockStatus`.
#[capi]
fn _PyMutex_LockTimed(mutex: *mut u8, timeout: i64, _flags: c_int) -> c_int {
    let Ok(timeout) = u64::try_from(timeout) else {
        PyMutex_Lock(mutex);
        return ACQUIRED;
    };
    let deadline = Instant::now() + Duration::from_nanos(timeout);
    let byte = byte(mutex);
    while byte.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
        if Instant::now() >= deadline {
            return 0;
        }
        pause();
    }
    ACQUIRED
}

#[capi]
fn PyMutex_Unlock(mutex: *mut u8) {
    byte(mutex).store(0, Ordering::Release);
}

#[capi]
fn PyMutex_IsLocked(mutex: *mut u8) -> bool {
    byte(mutex).load(Ordering::Relaxed) != 0
}

/// The GIL is the critical section.
#[capi]
fn PyCriticalSection_Begin(_section: *mut c_void, _object: *mut PyObject) {}

#[capi]
fn PyCriticalSection_BeginMutex(_section: *mut c_void, _mutex: *mut c_void) {}

#[capi]
fn PyCriticalSection_End(_section: *mut c_void) {}

#[capi]
fn PyCriticalSection2_Begin(_section: *mut c_void, _a: *mut PyObject, _b: *mut PyObject) {}

#[capi]
fn PyCriticalSection2_BeginMutex(_section: *mut c_void, _a: *mut c_void, _b: *mut c_void) {}

#[capi]
fn PyCriticalSection2_End(_section: *mut c_void) {}

type OnceFunction = unsafe extern "C" fn(*mut c_void) -> c_int;

/// Call a function unless it was called with success; who comes meanwhile waits.
#[capi]
unsafe fn _PyOnceFlag_CallOnceSlow(
    flag: *mut u8,
    function: Option<OnceFunction>,
    arg: *mut c_void,
) -> c_int {
    const NEW: u8 = 0;
    const RUNNING: u8 = 1;
    /// `_Py_ONCE_INITIALIZED`.
    const DONE: u8 = 4;
    let Some(function) = function else { return -1 };
    let byte = byte(flag);
    loop {
        match byte.compare_exchange(NEW, RUNNING, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => {
                // SAFETY: C code's own function and argument.
                let status = unsafe { function(arg) };
                byte.store(if status < 0 { NEW } else { DONE }, Ordering::Release);
                return status;
            }
            Err(DONE) => return 0,
            Err(_) => pause(),
        }
    }
}
