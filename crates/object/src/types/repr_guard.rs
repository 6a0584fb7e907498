//! Which objects are being shown: the answer to "does `repr` recurse here?"

use std::cell::RefCell;

use abi::PyObject;

use crate::{Obj, Thread};

/// The objects whose `repr` is under way on a thread.
#[derive(Default)]
struct Active(RefCell<Vec<*mut PyObject>>);

/// While it lives, the object counts as being shown.
pub struct Guard<'a> {
    th: Thread<'a>,
    object: *mut PyObject,
}

/// Start showing `object`; `None` if that is under way already.
pub fn enter<'a>(th: Thread<'a>, object: Obj<'_>) -> Option<Guard<'a>> {
    let active = &th.state().extensions.get::<Active>().0;
    let mut active = active.borrow_mut();
    if active.contains(&object.as_ptr()) {
        return None;
    }
    active.push(object.as_ptr());
    Some(Guard { th, object: object.as_ptr() })
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let active = &self.th.state().extensions.get::<Active>().0;
        let mut active = active.borrow_mut();
        if let Some(index) = active.iter().rposition(|object| *object == self.object) {
            active.remove(index);
        }
    }
}
