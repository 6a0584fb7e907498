//! `map`: a function of the items of iterators in step.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Head, IntoObject, Obj, Protocol, Ref, Result, Thread, Tuple, Type, alloc_object,
    args::{Args, borrow_all},
    protocol::iter,
    raise,
};

use super::zip::{iterators, step};

/// Make an iterator that computes the function using arguments from
/// each of the iterables.  Stops when the shortest iterable is exhausted.
///
/// If strict is true and one of the arguments is exhausted before the
/// others, raise a ValueError.
#[pytype(name = "map", c_name = "PyMap_Type", sig = "(function, iterable, /, *iterables, strict=False)", flags = BASETYPE)]
pub struct Map {
    head: Head,
    iterators: Ref<Tuple>,
    function: Ref,
    strict: Cell<bool>,
}

#[pymethods]
impl Map {
    #[sig = "map(*args, strict=False)"]
    fn __new__(th: Thread<'_>, cls: &Type, args: Args<'_>, strict: bool) -> Result<Ref> {
        let [function, iterables @ ..] = args else {
            raise!(th, TypeError, "map() must have at least two arguments.");
        };
        if iterables.is_empty() {
            raise!(th, TypeError, "map() must have at least two arguments.");
        }
        let map = Map {
            head: Head::new(),
            iterators: iterators(th, iterables)?,
            function: function.own(),
            strict: Cell::new(strict),
        };
        alloc_object::alloc(th, cls, map).map(Ref::upcast)
    }

    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if let [only] = self.iterators.items() {
            let Some(item) = iter::next(th, *only)? else { return Ok(None) };
            return self.function.call(th, &[item.obj()]).map(Some);
        }
        // PERF: as many as most calls of `map` have, without a vector for each item.
        if let [first, second] = self.iterators.items()
            && !self.strict.get()
        {
            let Some(first) = iter::next(th, *first)? else { return Ok(None) };
            let Some(second) = iter::next(th, *second)? else { return Ok(None) };
            return self.function.call(th, &[first.obj(), second.obj()]).map(Some);
        }
        match step(th, "map", &self.iterators, self.strict.get())? {
            Some(items) => self.function.call(th, borrow_all(&items)).map(Some),
            None => Ok(None),
        }
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let mut args = vec![self.function.clone()];
        args.extend(self.iterators.items().iter().map(|iterator| iterator.own()));
        let (ty, args) = (self.obj().ty().obj().own(), Tuple::from_refs(th, args)?);
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
