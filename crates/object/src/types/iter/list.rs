//! Iterators over lists, forwards and backwards.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{Head, Link, Obj, Ref, Result, Thread, alloc_object, id, own, types::list::List};

use super::{reduce, state_index};

/// `iter(list)`.
#[pytype(name = "list_iterator", c_name = "PyListIter_Type", flags = DISALLOW_INSTANTIATION, layout = abi::_PyListIterObject)]
pub struct ListIterator {
    head: Head,
    index: Cell<isize>,
    list: Link<List>,
}

/// `reversed(list)`.
#[pytype(name = "list_reverseiterator", c_name = "PyListRevIter_Type", flags = DISALLOW_INSTANTIATION, layout = abi::_PyListIterObject)]
pub struct ListReverseIterator {
    head: Head,
    index: Cell<isize>,
    list: Link<List>,
}

fn empty_list(th: Thread<'_>) -> Result<Ref> {
    List::new(th).map(Ref::upcast)
}

impl ListIterator {
    /// An iterator over `list`.
    pub fn new(th: Thread<'_>, list: &List) -> Result<Ref<ListIterator>> {
        let list = Link::new(own(list));
        alloc_object::new_in_place(
            th,
            ListIterator { head: Head::new(), index: Cell::new(0), list },
        )
    }

    /// The next item: runs no Python code but for what dropping the list runs.
    #[inline(always)]
    pub fn advance(&self) -> Option<Ref> {
        // SAFETY: the list is used before anything else runs.
        let list = unsafe { self.list.peek()?.cast::<List>() };
        let index = self.index.get();
        if let Some(item) = list.get(index as usize) {
            self.index.set(index + 1);
            return Some(item);
        }
        self.list.set(None);
        None
    }
}

#[pymethods]
impl ListIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, _: Thread<'_>) -> Result<Option<Ref>> {
        Ok(self.advance())
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, _: Thread<'_>) -> isize {
        let len = self.list.get().map_or(0, |list| List::len(&list) as isize);
        (len - self.index.get()).max(0)
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let rest = || Some((self.list.get()?.upcast(), self.index.get()));
        reduce(th, id!(th, "iter"), rest, || empty_list(th))
    }

    /// Set state information for unpickling.
    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let index = state_index(th, object)?;
        if let Some(list) = self.list.get() {
            self.index.set(index.clamp(0, List::len(&list) as isize));
        }
        Ok(())
    }
}

impl ListReverseIterator {
    /// An iterator over `list` from its end.
    pub fn new(th: Thread<'_>, list: &List) -> Result<Ref<ListReverseIterator>> {
        let index = Cell::new(list.len() as isize - 1);
        let list = Link::new(own(list));
        alloc_object::new(th, ListReverseIterator { head: Head::new(), index, list })
    }
}

#[pymethods]
impl ListReverseIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, _: Thread<'_>) -> Result<Option<Ref>> {
        // SAFETY: the list is used before anything else runs.
        let Some(list) = (unsafe { self.list.peek() }) else { return Ok(None) };
        // SAFETY: the link holds a list.
        let list = unsafe { list.cast::<List>() };
        let index = self.index.get();
        if let Some(item) = usize::try_from(index).ok().and_then(|index| list.get(index)) {
            self.index.set(index - 1);
            return Ok(Some(item));
        }
        self.index.set(-1);
        self.list.set(None);
        Ok(None)
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, _: Thread<'_>) -> isize {
        let len = self.index.get() + 1;
        match self.list.get() {
            Some(list) if List::len(&list) as isize >= len => len,
            _ => 0,
        }
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let rest = || Some((self.list.get()?.upcast(), self.index.get()));
        reduce(th, id!(th, "reversed"), rest, || empty_list(th))
    }

    /// Set state information for unpickling.
    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let index = state_index(th, object)?;
        if let Some(list) = self.list.get() {
            self.index.set(index.clamp(-1, List::len(&list) as isize - 1));
        }
        Ok(())
    }
}
