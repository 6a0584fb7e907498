//! The iterator over tuples.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    Head, Link, Obj, Ref, Result, Thread, Tuple, alloc_object, id, own, types::tuple::empty_tuple,
};

use super::{reduce, state_index};

/// `iter(tuple)`.
#[pytype(name = "tuple_iterator", c_name = "PyTupleIter_Type", flags = DISALLOW_INSTANTIATION, layout = abi::_PyTupleIterObject)]
pub struct TupleIterator {
    head: Head,
    index: Cell<isize>,
    tuple: Link<Tuple>,
}

impl TupleIterator {
    /// An iterator over `tuple`.
    pub fn new(th: Thread<'_>, tuple: &Tuple) -> Result<Ref<TupleIterator>> {
        let tuple = Link::new(own(tuple));
        alloc_object::new_in_place(
            th,
            TupleIterator { head: Head::new(), index: Cell::new(0), tuple },
        )
    }

    /// The next item: runs no Python code but for what dropping the tuple runs.
    #[inline(always)]
    pub fn advance(&self) -> Option<Ref> {
        // SAFETY: the tuple is used before anything else runs.
        let tuple = unsafe { self.tuple.peek()?.cast::<Tuple>() };
        let index = self.index.get();
        if let Some(item) = tuple.get(index as usize) {
            self.index.set(index + 1);
            return Some(item.own());
        }
        self.tuple.set(None);
        None
    }
}

#[pymethods]
impl TupleIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, _: Thread<'_>) -> Result<Option<Ref>> {
        Ok(self.advance())
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, _: Thread<'_>) -> isize {
        match self.tuple.get() {
            Some(tuple) => Tuple::len(&tuple) as isize - self.index.get(),
            None => 0,
        }
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let rest = || Some((self.tuple.get()?.upcast(), self.index.get()));
        reduce(th, id!(th, "iter"), rest, || Ok(empty_tuple().upcast()))
    }

    /// Set state information for unpickling.
    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let index = state_index(th, object)?;
        if let Some(tuple) = self.tuple.get() {
            self.index.set(index.clamp(0, Tuple::len(&tuple) as isize));
        }
        Ok(())
    }
}
