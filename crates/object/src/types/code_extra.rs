//! What C code keeps in code objects (PEP 523): a pointer per user, who also
//! says how it is freed.

use std::{
    cell::{Cell, RefCell},
    ffi::c_void,
};

use crate::Thread;

/// Frees what a user kept.
pub type Free = Option<unsafe extern "C" fn(*mut c_void)>;

/// As many users there may be.
const MAX_USERS: usize = 255;

/// The users of an interpreter, by index.
#[derive(Default)]
struct Users(RefCell<Vec<Free>>);

/// Add a user; its index, `None` if there are too many.
pub fn add_user(th: Thread<'_>, free: Free) -> Option<usize> {
    let mut users = th.interp().extensions.get::<Users>().0.borrow_mut();
    if users.len() == MAX_USERS {
        return None;
    }
    users.push(free);
    Some(users.len() - 1)
}

/// The pointers in one code object.
#[derive(Default)]
#[allow(clippy::box_collection, reason = "one word in the code object, which has room for no more")]
pub struct Extras(Cell<Option<Box<Vec<*mut c_void>>>>);

impl Extras {
    /// What the user with `index` kept, null for nothing.
    pub fn get(&self, index: usize) -> *mut c_void {
        let extras = self.0.take();
        let found = extras.as_ref().and_then(|extras| extras.get(index).copied());
        self.0.set(extras);
        found.unwrap_or_default()
    }

    /// Keep `value`, and free what was kept before. Whether there is such a user.
    pub fn set(&self, th: Thread<'_>, index: usize, value: *mut c_void) -> bool {
        let free = match th.interp().extensions.get::<Users>().0.borrow().get(index) {
            Some(free) => *free,
            None => return false,
        };
        let mut extras = self.0.take().unwrap_or_default();
        let wanted = extras.len().max(index + 1);
        extras.resize(wanted, std::ptr::null_mut());
        let old = std::mem::replace(&mut extras[index], value);
        self.0.set(Some(extras));
        release(free, old);
        true
    }
}

impl Drop for Extras {
    fn drop(&mut self) {
        let Some(extras) = self.0.take() else { return };
        // SAFETY: objects die on attached threads.
        let th = unsafe { Thread::current() };
        for (index, value) in extras.into_iter().enumerate() {
            let free = th.interp().extensions.get::<Users>().0.borrow().get(index).copied();
            release(free.flatten(), value);
        }
    }
}

fn release(free: Free, value: *mut c_void) {
    if let Some(free) = free.filter(|_| !value.is_null()) {
        // SAFETY: the user's own function and value.
        unsafe { free(value) };
    }
}
