//! Which containers this thread is making the `repr` of, so that one inside
//! itself shows as `...`.

use std::cell::RefCell;

use crate::{Obj, Thread};

/// Addresses of the objects, outermost first.
#[derive(Default)]
struct ReprStack(RefCell<Vec<usize>>);

/// The `repr` of one object, until dropped.
pub struct ReprGuard<'a> {
    stack: &'a ReprStack,
    address: usize,
}

impl<'a> ReprGuard<'a> {
    /// Start on `object`; `None` if its `repr` is being made already.
    pub fn enter(th: Thread<'a>, object: Obj<'_>) -> Option<ReprGuard<'a>> {
        let stack = th.state().extensions.get::<ReprStack>();
        let address = object.as_ptr().addr();
        let mut addresses = stack.0.borrow_mut();
        if addresses.contains(&address) {
            return None;
        }
        addresses.push(address);
        Some(ReprGuard { stack, address })
    }
}

impl Drop for ReprGuard<'_> {
    fn drop(&mut self) {
        let mut addresses = self.stack.0.borrow_mut();
        if let Some(index) = addresses.iter().rposition(|address| *address == self.address) {
            addresses.remove(index);
        }
    }
}
