//! Pending calls, as C code adds them.

use std::{
    ffi::{c_int, c_void},
    sync::mpsc,
    time::Duration,
};

use abi::PyObject;
use object::{Obj, Protocol, Ref, Result, Thread};
use vm::pending_calls;

/// How long to wait until there is room for more calls.
const PAUSE: Duration = Duration::from_millis(1);

/// Let a thread of the interpreter call `callback` so many times; how often it
/// could be added. The GIL is not held meanwhile.
pub(super) fn add(th: Thread<'_>, callback: Obj<'_>, count: u32, blocking: bool, all: bool) -> u32 {
    let interp = th.interp();
    // One reference for each call, which gives it up.
    let arguments: Vec<usize> =
        (0..count).map(|_| callback.own().into_raw().expose_provenance()).collect();
    let argument = |address: &usize| std::ptr::with_exposed_provenance_mut::<c_void>(*address);
    let add_all = || {
        let mut added = 0;
        for address in &arguments {
            while !pending_calls::add(Some(interp), call, argument(address)) {
                if !all {
                    return added;
                }
                std::thread::sleep(PAUSE);
            }
            added += 1;
        }
        added
    };
    let added = if blocking { add_all() } else { th.allow_threads(add_all) };
    for address in arguments.iter().skip(added as usize) {
        // SAFETY: the call was not added, so that the reference is still ours.
        drop(unsafe { Ref::from_raw(argument(address).cast::<PyObject>()) });
    }
    added
}

unsafe extern "C" fn call(callback: *mut c_void) -> c_int {
    // SAFETY: pending calls run on attached threads.
    let th = unsafe { Thread::current() };
    // SAFETY: the reference that came with the call.
    let called = unsafe { Ref::from_raw(callback.cast::<PyObject>()) };
    match called.map(|callback| callback.call(th, &[])) {
        Some(Ok(_)) => 0,
        _ => -1,
    }
}

/// The number of the interpreter that runs a call which was added to this one;
/// waits for it.
pub(super) fn identify(th: Thread<'_>, id: Obj<'_>) -> Result<i64> {
    let record = super::interpreters::record(th, id)?;
    let (send, receive) = mpsc::channel::<i64>();
    let sender = Box::into_raw(Box::new(send)).expose_provenance();
    let interp = record.interp;
    let found = th.allow_threads(move || {
        let argument = std::ptr::with_exposed_provenance_mut::<c_void>(sender);
        while !pending_calls::add(Some(interp), tell, argument) {
            std::thread::sleep(PAUSE);
        }
        receive.recv()
    });
    Ok(found.unwrap_or(-1))
}

unsafe extern "C" fn tell(sender: *mut c_void) -> c_int {
    // SAFETY: pending calls run on attached threads.
    let th = unsafe { Thread::current() };
    // SAFETY: made for this call.
    let sender = unsafe { Box::from_raw(sender.cast::<mpsc::Sender<i64>>()) };
    // Who asked waits.
    let _ = sender.send(th.interp().id.get());
    0
}
