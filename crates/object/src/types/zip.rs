//! `zip`, and what it shares with `map`: several iterators in step.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Head, IntoObject, Link, Obj, Protocol, Ref, Result, Thread, Tuple, Type,
    alloc_object, args::Args, protocol::iter, raise,
};

/// The zip object yields n-length tuples, where n is the number of
/// iterables passed as positional arguments to zip().  The i-th element
/// in every tuple comes from the i-th iterable argument to zip().  This
/// continues until the shortest argument is exhausted.
///
/// If strict is true and one of the arguments is exhausted before the
/// others, raise a ValueError.
///
///    >>> list(zip('abcdefg', range(3), range(4)))
///    [('a', 0, 0), ('b', 1, 1), ('c', 2, 2)]
#[pytype(name = "zip", c_name = "PyZip_Type", sig = "(*iterables, strict=False)", flags = BASETYPE)]
pub struct Zip {
    head: Head,
    iterators: Ref<Tuple>,
    strict: Cell<bool>,
    /// A tuple for reuse.
    result: Link<Tuple>,
    /// CPython keeps the number of iterators.
    unused: Cell<usize>,
}

/// Tuple of the iterators of `iterables`.
pub(super) fn iterators(th: Thread<'_>, iterables: &[Obj<'_>]) -> Result<Ref<Tuple>> {
    let items: Result<Vec<Ref>> = iterables.iter().map(|iterable| iterable.iter(th)).collect();
    Tuple::from_refs(th, items?)
}

/// The next item of each iterator; `None` when the first is exhausted, or
/// any unless `strict`.
pub(super) fn step(
    th: Thread<'_>,
    function: &str,
    iterators: &Tuple,
    strict: bool,
) -> Result<Option<Vec<Ref>>> {
    let mut items = Vec::with_capacity(iterators.len());
    for (index, iterator) in iterators.items().iter().enumerate() {
        if let Some(item) = iter::next(th, *iterator)? {
            items.push(item);
            continue;
        }
        if !strict {
            return Ok(None);
        }
        let others = |count: usize| if count == 1 { " 1".into() } else { format!("s 1-{count}") };
        if index > 0 {
            let (number, others) = (index + 1, others(index));
            raise!(
                th,
                ValueError,
                "{function}() argument {number} is shorter than argument{others}"
            );
        }
        for (index, iterator) in iterators.items().iter().enumerate().skip(1) {
            if iter::next(th, *iterator)?.is_some() {
                let (number, others) = (index + 1, others(index));
                raise!(
                    th,
                    ValueError,
                    "{function}() argument {number} is longer than argument{others}"
                );
            }
        }
        return Ok(None);
    }
    Ok(Some(items))
}

impl Zip {
    /// The two iterators that are zipped, if it is two and they need not be of one length.
    #[inline]
    pub fn two(&self) -> Option<(Obj<'_>, Obj<'_>)> {
        match (self.iterators.items(), self.strict.get()) {
            ([first, second], false) => Some((*first, *second)),
            _ => None,
        }
    }
}

/// The next item of each of two iterators; `None` when one is exhausted.
#[inline]
pub fn next_of_two(
    th: Thread<'_>,
    (first, second): (Obj<'_>, Obj<'_>),
) -> Result<Option<(Ref, Ref)>> {
    let Some(first) = iter::next(th, first)? else { return Ok(None) };
    Ok(iter::next(th, second)?.map(|second| (first, second)))
}

#[pymethods]
impl Zip {
    #[parse(keywords)]
    #[sig = "zip(*iterables, strict=False)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterables: Args<'_>, strict: bool) -> Result<Ref> {
        let zip = Zip {
            head: Head::new(),
            iterators: iterators(th, iterables)?,
            strict: Cell::new(strict),
            result: Link::null(),
            unused: Cell::new(0),
        };
        alloc_object::alloc(th, cls, zip).map(Ref::upcast)
    }

    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        // PERF: two or three iterables are the common case and need no vector.
        if let Some(two) = self.two() {
            let Some((first, second)) = next_of_two(th, two)? else { return Ok(None) };
            return Tuple::pair(th, &self.result, first, second).map(|pair| Some(pair.upcast()));
        }
        if self.iterators.items().is_empty() {
            return Ok(None);
        }
        if let ([a, b, c], false) = (self.iterators.items(), self.strict.get()) {
            let Some(first) = iter::next(th, *a)? else { return Ok(None) };
            let Some(second) = iter::next(th, *b)? else { return Ok(None) };
            let Some(third) = iter::next(th, *c)? else { return Ok(None) };
            let items = Tuple::from_array(th, [first, second, third])?;
            return Ok(Some(items.upcast()));
        }
        match step(th, "zip", &self.iterators, self.strict.get())? {
            Some(items) => Tuple::from_refs(th, items).map(|items| Some(items.upcast())),
            None => Ok(None),
        }
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let (ty, args) = (self.obj().ty().obj().own(), self.iterators.clone());
        if self.strict.get() {
            (ty, args, true).into_object(th)
        } else {
            (ty, args).into_object(th)
        }
    }

    /// Set state information for unpickling.
    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        self.strict.set(object.is_true(th)?);
        Ok(())
    }
}
