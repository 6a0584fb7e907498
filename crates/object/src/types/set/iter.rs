//! The iterator over sets.

use std::cell::Cell;

use macros::{pymethods, pytype};

use super::table_of;
use crate::{
    AsObject, Head, Link, Obj, Ref, Result, Thread, Tuple, alloc_object, raise,
    types::dict::reduce_to_list,
};

#[allow(missing_docs, reason = "an iterator has no docstring")]
#[pytype(name = "set_iterator", c_name = "PySetIter_Type", flags = DISALLOW_INSTANTIATION)]
pub struct SetIterator {
    head: Head,
    set: Link,
    used: Cell<isize>,
    position: Cell<usize>,
    left: Cell<isize>,
}

impl SetIterator {
    /// Iterate over `set`, a set or frozenset.
    pub fn new(th: Thread<'_>, set: Obj<'_>) -> Result<Ref<SetIterator>> {
        let used = table_of(set).map_or(0, |table| table.len() as isize);
        alloc_object::new_in_place(
            th,
            SetIterator {
                head: Head::new(),
                set: Link::new(set.own()),
                used: Cell::new(used),
                position: Cell::new(0),
                left: Cell::new(used),
            },
        )
    }

    /// The next element.
    pub fn advance(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        // SAFETY: the link is assigned below only when the borrow is over.
        let Some(set) = (unsafe { self.set.peek() }) else { return Ok(None) };
        let Some(table) = table_of(set) else { return Ok(None) };
        if table.len() as isize != self.used.get() {
            self.used.set(-1);
            raise!(th, RuntimeError, "Set changed size during iteration");
        }
        let mut position = self.position.get();
        let next = table.next_entry(&mut position);
        self.position.set(position);
        match next {
            Some((key, _)) => {
                self.left.set(self.left.get() - 1);
                Ok(Some(key))
            }
            None => {
                self.set.take();
                Ok(None)
            }
        }
    }
}

#[pymethods]
impl SetIterator {
    fn __iter__(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.advance(th)
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, _: Thread<'_>) -> isize {
        let Some(set) = self.set.get() else { return 0 };
        match table_of(set.obj()) {
            Some(table) if table.len() as isize == self.used.get() => self.left.get(),
            _ => 0,
        }
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let mut items = Vec::new();
        if let Some(set) = self.set.get()
            && let Some(table) = table_of(set.obj())
        {
            if table.len() as isize != self.used.get() {
                raise!(th, RuntimeError, "Set changed size during iteration");
            }
            let mut position = self.position.get();
            while let Some((key, _)) = table.next_entry(&mut position) {
                items.push(key);
            }
        }
        reduce_to_list(th, items)
    }
}
