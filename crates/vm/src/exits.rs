//! What C code wants to be called when an interpreter ends.

use std::{cell::RefCell, ffi::c_void};

use object::{Interpreter, Thread};

/// A function of C code.
pub type Function = unsafe extern "C" fn(*mut c_void);

#[derive(Default)]
struct Exits(RefCell<Vec<(Function, usize)>>);

/// Call a function with an argument at the end of `interp`.
pub fn add(interp: &Interpreter, function: Function, data: *mut c_void) {
    interp.extensions.get::<Exits>().0.borrow_mut().push((function, data.expose_provenance()));
}

/// Call the functions of the thread's interpreter, the first that was added first.
pub(crate) fn run(th: Thread<'_>) {
    for (function, data) in th.interp().extensions.get::<Exits>().0.take() {
        // SAFETY: C code promised that it may be called at the end.
        unsafe { function(std::ptr::with_exposed_provenance_mut(data)) };
    }
}
