//! `enumerate`: pairs of a count and an item.

use std::{cell::Cell, ptr::NonNull};

use abi::PyObject;
use macros::{pymethods, pytype};

use crate::{
    Args, AsObject, Head, Int, IntoObject, Kwargs, Link, Obj, Protocol, Ref, Result, Thread, Tuple,
    Type, alloc_object, protocol::number, raise, small_int, types,
};

use super::generic_alias;

/// Return an enumerate object.
///
///   iterable
///     an object supporting iteration
///
/// The enumerate object yields pairs containing a count (from start, which
/// defaults to zero) and a value yielded by the iterable argument.
///
/// enumerate is useful for obtaining an indexed list:
///     (0, seq[0]), (1, seq[1]), (2, seq[2]), ...
#[pytype(name = "enumerate", c_name = "PyEnum_Type", sig = "(iterable, start=0)", flags = BASETYPE)]
pub struct Enumerate {
    head: Head,
    /// Counts until it is `isize::MAX`; then `large` does.
    index: Cell<isize>,
    iterator: Ref,
    large: Link,
    /// A tuple for reuse.
    result: Link<Tuple>,
    /// CPython keeps the number one here.
    unused: Cell<usize>,
}

impl Enumerate {
    /// The next count and item.
    #[inline]
    pub fn next_pair(&self, th: Thread<'_>) -> Result<Option<(Ref, Ref)>> {
        let Some(item) = self.iterator.next(th)? else { return Ok(None) };
        let index = self.index.get();
        let count = if index < isize::MAX {
            self.index.set(index + 1);
            index.into_object(th)?
        } else {
            let count = self.count(th)?;
            let one = 1i64.into_object(th)?;
            self.large.set(Some(number::binary(th, number::ADD, count.obj(), one.obj())?));
            count
        };
        Ok(Some((count, item)))
    }

    /// What is enumerated.
    #[inline(always)]
    pub fn iterator(&self) -> Obj<'_> {
        self.iterator.obj()
    }

    /// The next count and move on, if it is a small int.
    #[inline(always)]
    pub fn count_at_hand(&self) -> Option<NonNull<PyObject>> {
        let index = self.index.get();
        let count = small_int::encode(index as i64)?;
        self.index.set(index + 1);
        Some(count)
    }

    fn count(&self, th: Thread<'_>) -> Result<Ref> {
        match self.large.get() {
            Some(large) => Ok(large),
            None => self.index.get().into_object(th),
        }
    }
}

/// The iterable and the start. CPython's own parser is known by its texts.
fn arguments<'a>(
    th: Thread<'_>,
    cls: &Type,
    args: Args<'a>,
    kwargs: Kwargs<'a>,
) -> Result<(Obj<'a>, Option<Obj<'a>>)> {
    let given = args.len() + kwargs.iter().count();
    if given > 2 {
        raise!(th, TypeError, "enumerate() takes at most 2 arguments ({given} given)");
    }
    let (mut iterable, mut start) = (args.first().copied(), args.get(1).copied());
    for (name, value) in kwargs.iter() {
        if start.is_none() && types::str_eq(name, "start") {
            start = Some(value);
        } else if iterable.is_none() && types::str_eq(name, "iterable") {
            iterable = Some(value);
        } else {
            let name = name.str(th)?;
            raise!(th, TypeError, "'{}' is an invalid keyword argument for enumerate()", &*name);
        }
    }
    match iterable {
        Some(iterable) => Ok((iterable, start)),
        None if cls.is_heap() => {
            raise!(th, TypeError, "enumerate() missing required argument 'iterable' (pos 1)")
        }
        None => raise!(th, TypeError, "enumerate() missing required argument 'iterable'"),
    }
}

#[pymethods]
impl Enumerate {
    #[sig = "enumerate(iterable, start=0)"]
    #[parse(forward)]
    fn __new__(th: Thread<'_>, cls: &Type, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<Ref> {
        let (iterable, start) = arguments(th, cls, args, kwargs)?;
        let (mut index, mut large) = (0, None);
        if let Some(start) = start {
            let start = Int::index(th, start)?;
            match Int::to_i64(start.obj()) {
                Some(start) => index = start as isize,
                None => {
                    index = isize::MAX;
                    large = Some(start);
                }
            }
        }
        let iterator = iterable.iter(th)?;
        let enumerate = Enumerate {
            head: Head::new(),
            index: Cell::new(index),
            iterator,
            large: Link::from_option(large),
            result: Link::null(),
            unused: Cell::new(0),
        };
        alloc_object::alloc(th, cls, enumerate).map(Ref::upcast)
    }

    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some((count, item)) = self.next_pair(th)? else { return Ok(None) };
        Tuple::pair(th, &self.result, count, item).map(|pair| Some(pair.upcast()))
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let args = Tuple::from_array(th, [self.iterator.clone(), self.count(th)?])?;
        (self.obj().ty().obj().own(), args).into_object(th)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        generic_alias::new(th, cls.obj(), object)
    }
}
