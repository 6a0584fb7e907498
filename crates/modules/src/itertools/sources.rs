//! The infinite ones: `count`, `cycle`, `repeat`.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Int, Link, List, Obj, Protocol, Ref, Result, Str, Thread, Type, alloc_object,
    protocol::number, raise, types,
};

use super::self_iterator;

/// Return a count object whose .__next__() method returns consecutive values.
#[pytype(name = "itertools.count", sig = "(start=0, step=1)", flags = BASETYPE)]
pub(super) struct Count {
    head: Head,
    next: Link,
    step: Ref,
}

self_iterator!(Count);

fn is_number(value: Obj<'_>) -> bool {
    Int::is_int(value)
        || value.downcast::<object::types::complex::Complex>().is_some()
        || value.ty().number().is_some_and(|methods| {
            methods.nb_int.is_some() || methods.nb_index.is_some() || methods.nb_float.is_some()
        })
}

#[pymethods(parts(self_iterator))]
impl Count {
    #[sig = "count(start=0, step=1)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        start: Option<Obj<'_>>,
        step: Option<Obj<'_>>,
    ) -> Result {
        if start.is_some_and(|start| !is_number(start)) || step.is_some_and(|step| !is_number(step))
        {
            raise!(th, TypeError, "a number is required");
        }
        let or_int = |value: Option<Obj<'_>>, default| match value {
            Some(value) => Ok(value.own()),
            None => Int::from_i64(th, default),
        };
        let (start, step) = (or_int(start, 0)?, or_int(step, 1)?);
        let count = Count { head: Head::new(), next: Link::new(start), step };
        alloc_object::alloc(th, cls, count).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(value) = self.next.get() else { return Ok(None) };
        let (a, b) = (value.obj(), self.step.obj());
        let next = if Int::is_exact(a) && Int::is_exact(b) {
            types::int::arithmetic::add(th, a, b)?
        } else {
            number::binary(th, number::ADD, a, b)?
        };
        self.next.set(Some(next));
        Ok(Some(value))
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = self.obj().short_type_name();
        let next = match self.next.get() {
            Some(next) => next.repr(th)?,
            None => Str::empty(th),
        };
        if Int::is_int(self.step.obj()) && Int::to_i64(self.step.obj()) == Some(1) {
            return Str::from_fmt(th, format_args!("{name}({})", &*next));
        }
        let step = self.step.repr(th)?;
        Str::from_fmt(th, format_args!("{name}({}, {})", &*next, &*step))
    }
}

/// Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely.
#[pytype(name = "itertools.cycle", sig = "(iterable, /)", flags = BASETYPE)]
pub(super) struct Cycle {
    head: Head,
    iterator: Link,
    saved: Ref<List>,
    index: Cell<usize>,
}

self_iterator!(Cycle);

#[pymethods(parts(self_iterator))]
impl Cycle {
    #[sig = "cycle(iterable, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Obj<'_>) -> Result {
        let cycle = Cycle {
            head: Head::new(),
            iterator: Link::new(iterable.iter(th)?),
            saved: List::new(th)?,
            index: Cell::new(0),
        };
        alloc_object::alloc(th, cls, cycle).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if let Some(iterator) = self.iterator.get() {
            if let Some(item) = iterator.next(th)? {
                self.saved.push(th, item.clone())?;
                return Ok(Some(item));
            }
            self.iterator.set(None);
        }
        let Some(item) = self.saved.get(self.index.get()) else { return Ok(None) };
        let next = self.index.get() + 1;
        self.index.set(if next >= self.saved.len() { 0 } else { next });
        Ok(Some(item))
    }
}

/// repeat(object [,times]) -> create an iterator which returns the object
/// for the specified number of times.  If not specified, returns the object
/// endlessly.
#[pytype(name = "itertools.repeat", flags = BASETYPE)]
pub(super) struct Repeat {
    head: Head,
    element: Ref,
    /// How often it is still to come; negative for ever.
    left: Cell<isize>,
}

self_iterator!(Repeat);

#[pymethods(parts(self_iterator))]
impl Repeat {
    #[sig = "repeat(object, times=<unrepresentable>)"]
    fn __new__(th: Thread<'_>, cls: &Type, object: Obj<'_>, times: Option<Obj<'_>>) -> Result {
        let left = match times {
            Some(times) => Int::index_to_isize(th, times)?.max(0),
            None => -1,
        };
        let repeat = Repeat { head: Head::new(), element: object.own(), left: Cell::new(left) };
        alloc_object::alloc(th, cls, repeat).map(Ref::upcast)
    }

    fn __next__(&self, _: Thread<'_>) -> Result<Option<Ref>> {
        let left = self.left.get();
        if left == 0 {
            return Ok(None);
        }
        if left > 0 {
            self.left.set(left - 1);
        }
        Ok(Some(self.element.clone()))
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let (name, element) = (self.obj().short_type_name(), self.element.repr(th)?);
        if self.left.get() < 0 {
            return Str::from_fmt(th, format_args!("{name}({})", &*element));
        }
        Str::from_fmt(th, format_args!("{name}({}, {})", &*element, self.left.get()))
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, th: Thread<'_>) -> Result<isize> {
        if self.left.get() < 0 {
            raise!(th, TypeError, "len() of unsized object");
        }
        Ok(self.left.get())
    }
}
