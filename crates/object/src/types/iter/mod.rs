//! Iterators: over sequences that only have `__getitem__`, over calls, over
//! lists and tuples.
//!
//! An exhausted iterator drops what it iterates over and stays exhausted.

pub mod list;
pub mod tuple;

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Head, Int, IntoObject, Link, Obj, Protocol, Ref, Result, Str, Thread, alloc_object,
    exceptions::types::{IndexError, StopIteration},
    id,
    protocol::{compare, generic::builtin, mapping},
    raise,
};

use super::{not_implemented, tuple::empty_tuple};

/// `(iter, (sequence,), index)`, or `(iter, (empty,))` without a sequence.
/// `function` is `iter` or `reversed`, `rest` tells sequence and index.
pub(super) fn reduce(
    th: Thread<'_>,
    function: &'static Str,
    rest: impl Fn() -> Option<(Ref, isize)>,
    empty: impl FnOnce() -> Result<Ref>,
) -> Result<Ref> {
    // COMPAT: the builtin may be found by running code that exhausts the
    // iterator; test_iter.test_reduce_mutating_builtins_iter.
    let name = if rest().is_some() { function } else { id!(th, "iter") };
    let function = builtin(th, name)?;
    match rest() {
        Some((sequence, index)) => {
            let args = super::Tuple::from_array(th, [sequence])?;
            (function, args, index.into_object(th)?).into_object(th)
        }
        None => {
            let args = super::Tuple::from_array(th, [empty()?])?;
            (function, args).into_object(th)
        }
    }
}

/// The argument of an iterator's `__setstate__`.
pub(super) fn state_index(th: Thread<'_>, state: Obj<'_>) -> Result<isize> {
    if !Int::is_int(state) {
        raise!(th, TypeError, "an integer is required");
    }
    Int::index_to_isize(th, state)
}

/// `iter(object)` for an object with only `__getitem__`.
#[pytype(name = "iterator", c_name = "PySeqIter_Type", flags = DISALLOW_INSTANTIATION)]
pub struct SequenceIterator {
    head: Head,
    index: Cell<isize>,
    sequence: Link,
}

/// An iterator over `sequence[0]`, `sequence[1]`, …
pub fn sequence_iterator(th: Thread<'_>, sequence: Obj<'_>) -> Result<Ref> {
    let iterator = SequenceIterator {
        head: Head::new(),
        index: Cell::new(0),
        sequence: Link::new(sequence.own()),
    };
    alloc_object::new(th, iterator).map(Ref::upcast)
}

#[pymethods]
impl SequenceIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(sequence) = self.sequence.get() else { return Ok(None) };
        let index = self.index.get();
        if index == isize::MAX {
            raise!(th, OverflowError, "iter index too large");
        }
        match mapping::sequence_item(th, sequence.obj(), index) {
            Ok(item) => {
                self.index.set(index + 1);
                Ok(Some(item))
            }
            Err(raised) if th.exception_matches(IndexError()) => {
                th.clear_exception(raised);
                self.sequence.set(None);
                Ok(None)
            }
            Err(raised) => {
                th.catch(raised, StopIteration())?;
                self.sequence.set(None);
                Ok(None)
            }
        }
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, th: Thread<'_>) -> Result<Ref> {
        let Some(sequence) = self.sequence.get() else { return 0i64.into_object(th) };
        let ty = sequence.obj().ty();
        let has_len = ty.sequence().is_some_and(|sequence| sequence.sq_length.is_some())
            || ty.mapping().is_some_and(|mapping| mapping.mp_length.is_some());
        if !has_len {
            return Ok(not_implemented().own());
        }
        let len = mapping::len(th, sequence.obj())? as isize;
        (len - self.index.get()).max(0).into_object(th)
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let rest = || Some((self.sequence.get()?, self.index.get()));
        reduce(th, id!(th, "iter"), rest, || Ok(empty_tuple().upcast()))
    }

    /// Set state information for unpickling.
    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let index = state_index(th, object)?;
        if !self.sequence.is_null() {
            self.index.set(index.max(0));
        }
        Ok(())
    }
}

/// `iter(callable, sentinel)`.
#[pytype(name = "callable_iterator", c_name = "PyCallIter_Type", flags = DISALLOW_INSTANTIATION)]
pub struct CallableIterator {
    head: Head,
    callable: Link,
    sentinel: Link,
}

/// An iterator over `callable()` until it returns something equal to `sentinel`.
pub fn callable_iterator(th: Thread<'_>, callable: Obj<'_>, sentinel: Obj<'_>) -> Result<Ref> {
    let (callable, sentinel) = (Link::new(callable.own()), Link::new(sentinel.own()));
    alloc_object::new(th, CallableIterator { head: Head::new(), callable, sentinel })
        .map(Ref::upcast)
}

impl CallableIterator {
    fn finish(&self) {
        self.callable.set(None);
        self.sentinel.set(None);
    }
}

#[pymethods]
impl CallableIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(callable) = self.callable.get() else { return Ok(None) };
        match callable.call(th, &[]) {
            Ok(value) => {
                // The call may have exhausted this very iterator.
                let Some(sentinel) = self.sentinel.get() else { return Ok(None) };
                if compare::eq(th, sentinel.obj(), value.obj())? {
                    self.finish();
                    return Ok(None);
                }
                Ok(Some(value))
            }
            Err(raised) => {
                th.catch(raised, StopIteration())?;
                self.finish();
                Ok(None)
            }
        }
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let iter = builtin(th, id!(th, "iter"))?;
        match (self.callable.get(), self.sentinel.get()) {
            (Some(callable), Some(sentinel)) => {
                (iter, super::Tuple::from_array(th, [callable, sentinel])?).into_object(th)
            }
            _ => {
                let args = super::Tuple::from_array(th, [empty_tuple().upcast()])?;
                (iter, args).into_object(th)
            }
        }
    }
}
