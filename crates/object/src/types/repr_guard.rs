//! Which objects are being shown: the answer to "does `repr` recurse here?"

use std::{cell::RefCell, collections::HashSet};

use abi::PyObject;

use crate::{Obj, Thread};

/// How many objects are looked at one by one.
const FEW: usize = 32;

/// The objects whose `repr` is under way on a thread: the outer ones in a row,
/// those nested deeper in a set.
#[derive(Default)]
struct Objects {
    few: Vec<*mut PyObject>,
    many: HashSet<*mut PyObject>,
}

#[derive(Default)]
struct Active(RefCell<Objects>);

/// While it lives, the object counts as being shown.
pub struct Guard<'a> {
    th: Thread<'a>,
    object: *mut PyObject,
}

/// Start showing `object`; `None` if that is under way already.
pub fn enter<'a>(th: Thread<'a>, object: Obj<'_>) -> Option<Guard<'a>> {
    let active = &th.state().extensions.get::<Active>().0;
    let mut active = active.borrow_mut();
    if active.few.contains(&object.as_ptr()) || active.many.contains(&object.as_ptr()) {
        return None;
    }
    if active.few.len() < FEW {
        active.few.push(object.as_ptr());
    } else {
        active.many.insert(object.as_ptr());
    }
    Some(Guard { th, object: object.as_ptr() })
}

/// End what [`enter`] began, for a guard that was forgotten.
pub fn leave(th: Thread<'_>, object: Obj<'_>) {
    drop(Guard { th, object: object.as_ptr() });
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let active = &self.th.state().extensions.get::<Active>().0;
        let mut active = active.borrow_mut();
        if active.many.remove(&self.object) {
            return;
        }
        if let Some(index) = active.few.iter().rposition(|object| *object == self.object) {
            active.few.remove(index);
        }
    }
}
