//! `tee`: several iterators over one.
//!
//! The items fetched so far are in blocks of 57, linked forward; each copy
//! keeps only the blocks that it has not passed alive.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Link, List, Obj, Protocol, Ref, Result, Thread, Type, alloc_object, raise,
};

use super::self_iterator;

const BLOCK: usize = 57;

/// teedataobject(iterable, values, next, /)
/// --
///
/// Data container common to multiple tee objects.
#[pytype(name = "itertools._tee_dataobject")]
pub(super) struct TeeData {
    head: Head,
    iterator: Ref,
    values: RefCell<Vec<Ref>>,
    next: Link<TeeData>,
    running: Cell<bool>,
}

impl TeeData {
    fn new(th: Thread<'_>, iterator: Ref) -> Result<Ref<TeeData>> {
        let data = TeeData {
            head: Head::new(),
            iterator,
            values: RefCell::new(Vec::new()),
            next: Link::null(),
            running: Cell::new(false),
        };
        alloc_object::new(th, data)
    }

    fn item(&self, th: Thread<'_>, index: usize) -> Result<Option<Ref>> {
        if let Some(item) = self.values.borrow().get(index) {
            return Ok(Some(item.clone()));
        }
        if self.running.replace(true) {
            raise!(th, RuntimeError, "cannot re-enter the tee iterator");
        }
        let item = self.iterator.next(th);
        self.running.set(false);
        let Some(item) = item? else { return Ok(None) };
        self.values.borrow_mut().push(item.clone());
        Ok(Some(item))
    }

    fn next_block(&self, th: Thread<'_>) -> Result<Ref<TeeData>> {
        if let Some(next) = self.next.get() {
            return Ok(next);
        }
        let next = TeeData::new(th, self.iterator.clone())?;
        self.next.set(Some(next.clone()));
        Ok(next)
    }
}

#[pymethods]
impl TeeData {
    #[sig = "_tee_dataobject(iterable, values, next, /)"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        iterable: Obj<'_>,
        values: &List,
        next: Obj<'_>,
    ) -> Result {
        let data = TeeData::new(th, iterable.iter(th)?)?;
        let mut index = 0;
        while let Some(value) = values.get(index) {
            data.values.borrow_mut().push(value);
            index += 1;
        }
        if index > BLOCK {
            raise!(th, ValueError, "Invalid arguments");
        }
        match next.downcast::<TeeData>() {
            Some(next) if index == BLOCK => data.next.set(Some(object::own(next))),
            None if next.is_none() => {}
            _ => raise!(th, ValueError, "Invalid arguments"),
        }
        Ok(data.upcast())
    }
}

/// Iterator wrapped to make it copyable.
#[pytype(name = "itertools._tee", sig = "(iterable, /)", weaklistoffset = weaklist)]
pub(super) struct Tee {
    head: Head,
    data: Link<TeeData>,
    index: Cell<usize>,
    weaklist: Cell<*mut abi::PyObject>,
}

impl Tee {
    fn at(th: Thread<'_>, data: Ref<TeeData>, index: usize) -> Result {
        let tee = Tee {
            head: Head::new(),
            data: Link::new(data),
            index: Cell::new(index),
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        alloc_object::new(th, tee).map(Ref::upcast)
    }

    /// A tee over an iterator, or a copy of one.
    pub(super) fn of_iterator(th: Thread<'_>, iterator: Ref) -> Result {
        if let Some(tee) = iterator.obj().downcast_exact::<Tee>()
            && let Some(data) = tee.data.get()
        {
            return Tee::at(th, data, tee.index.get());
        }
        Tee::at(th, TeeData::new(th, iterator)?, 0)
    }
}

self_iterator!(Tee);

#[pymethods(parts(self_iterator))]
impl Tee {
    #[sig = "_tee(iterable, /)"]
    fn __new__(th: Thread<'_>, _: &Type, iterable: Obj<'_>) -> Result {
        Tee::of_iterator(th, iterable.iter(th)?)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(mut data) = self.data.get() else { return Ok(None) };
        if self.index.get() >= BLOCK {
            data = data.next_block(th)?;
            self.data.set(Some(data.clone()));
            self.index.set(0);
        }
        let item = data.item(th, self.index.get())?;
        if item.is_some() {
            self.index.set(self.index.get() + 1);
        }
        Ok(item)
    }

    /// Returns an independent iterator.
    #[sig = "($self, /)"]
    fn __copy__(&self, th: Thread<'_>) -> Result {
        match self.data.get() {
            Some(data) => Tee::at(th, data, self.index.get()),
            None => raise!(th, RuntimeError, "uninitialized tee object"),
        }
    }
}
