//! Iterators that pass over their inputs once.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    Args, AsObject, Dict, Head, Link, Obj, Protocol, Ref, Result, Thread, Tuple, Type,
    alloc_object,
    protocol::{call::call_tuple, iter, number},
    raise, types,
};

use super::{index_or, self_iterator};

/// Return series of accumulated sums.
#[pytype(name = "itertools.accumulate", sig = "(iterable, func=None, *, initial=None)", flags = BASETYPE)]
pub(super) struct Accumulate {
    head: Head,
    iterator: Ref,
    function: Option<Ref>,
    total: Link,
    initial: Link,
}

self_iterator!(Accumulate);

#[pymethods(parts(self_iterator))]
impl Accumulate {
    #[sig = "accumulate(iterable, func=None, *, initial=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        iterable: Obj<'_>,
        func: Option<Obj<'_>>,
        initial: Option<Obj<'_>>,
    ) -> Result {
        let given = |value: Option<Obj<'_>>| value.filter(|value| !value.is_none()).map(Obj::own);
        let accumulate = Accumulate {
            head: Head::new(),
            iterator: iterable.iter(th)?,
            function: given(func),
            total: Link::null(),
            initial: Link::from_option(given(initial)),
        };
        alloc_object::alloc(th, cls, accumulate).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if let Some(initial) = self.initial.take() {
            self.total.set(Some(initial.clone()));
            return Ok(Some(initial));
        }
        let Some(item) = self.iterator.next(th)? else { return Ok(None) };
        let total = match (self.total.get(), &self.function) {
            (None, _) => item,
            (Some(total), None) => number::binary(th, number::ADD, total.obj(), item.obj())?,
            (Some(total), Some(function)) => function.call(th, &[total.obj(), item.obj()])?,
        };
        self.total.set(Some(total.clone()));
        Ok(Some(total))
    }
}

/// Batch data into tuples of length n. The last batch may be shorter than n.
///
/// Loops over the input iterable and accumulates data into tuples up to
/// size n.  The input is consumed lazily, just enough to fill a batch.
#[pytype(name = "itertools.batched", sig = "(iterable, n, *, strict=False)", flags = BASETYPE)]
pub(super) struct Batched {
    head: Head,
    iterator: Link,
    size: isize,
    strict: bool,
}

self_iterator!(Batched);

#[pymethods(parts(self_iterator))]
impl Batched {
    #[sig = "batched(iterable, n, *, strict=False)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Obj<'_>, n: isize, strict: bool) -> Result {
        if n < 1 {
            raise!(th, ValueError, "n must be at least one");
        }
        let iterator = Link::new(iterable.iter(th)?);
        let batched = Batched { head: Head::new(), iterator, size: n, strict };
        alloc_object::alloc(th, cls, batched).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(iterator) = self.iterator.get() else { return Ok(None) };
        let mut items = Vec::new();
        while (items.len() as isize) < self.size {
            match iterator.next(th)? {
                Some(item) => items.push(item),
                None => {
                    self.iterator.set(None);
                    break;
                }
            }
        }
        if items.is_empty() {
            return Ok(None);
        }
        if self.strict && (items.len() as isize) < self.size {
            raise!(th, ValueError, "batched(): incomplete batch");
        }
        Tuple::from_refs(th, items).map(|items| Some(items.upcast()))
    }
}

/// Return a chain object whose .__next__() method returns elements from the
/// first iterable until it is exhausted, then elements from the next
/// iterable, until all of the iterables are exhausted.
#[pytype(name = "itertools.chain", sig = "(*iterables)", flags = BASETYPE)]
pub(super) struct Chain {
    head: Head,
    sources: Link,
    active: Link,
}

impl Chain {
    fn over(th: Thread<'_>, cls: &Type, sources: Ref) -> Result {
        let chain = Chain { head: Head::new(), sources: Link::new(sources), active: Link::null() };
        alloc_object::alloc(th, cls, chain).map(Ref::upcast)
    }
}

self_iterator!(Chain);

#[pymethods(parts(self_iterator))]
impl Chain {
    #[sig = "chain(*iterables)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterables: Args<'_>) -> Result {
        let sources = Tuple::from_objs(th, iterables)?.iter(th)?;
        Chain::over(th, cls, sources)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        loop {
            let active = match self.active.get() {
                Some(active) => active,
                None => {
                    let Some(sources) = self.sources.get() else { return Ok(None) };
                    let active = match sources.next(th) {
                        Ok(Some(iterable)) => iterable.iter(th),
                        Ok(None) => {
                            self.sources.set(None);
                            return Ok(None);
                        }
                        Err(raised) => Err(raised),
                    };
                    let active = match active {
                        Ok(active) => active,
                        Err(raised) => {
                            self.sources.set(None);
                            return Err(raised);
                        }
                    };
                    self.active.set(Some(active.clone()));
                    active
                }
            };
            if let Some(item) = active.next(th)? {
                return Ok(Some(item));
            }
            self.active.set(None);
        }
    }

    /// Alternative chain() constructor taking a single iterable argument that evaluates lazily.
    #[classmethod]
    #[sig = "($type, iterable, /)"]
    fn from_iterable(th: Thread<'_>, cls: &Type, iterable: Obj<'_>) -> Result {
        let sources = iterable.iter(th)?;
        Chain::over(th, cls, sources)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }
}

/// Return data elements corresponding to true selector elements.
///
/// Forms a shorter iterator from selected data elements using the selectors to
/// choose the data elements.
#[pytype(name = "itertools.compress", sig = "(data, selectors)", flags = BASETYPE)]
pub(super) struct Compress {
    head: Head,
    data: Ref,
    selectors: Ref,
}

self_iterator!(Compress);

#[pymethods(parts(self_iterator))]
impl Compress {
    #[sig = "compress(data, selectors)"]
    fn __new__(th: Thread<'_>, cls: &Type, data: Obj<'_>, selectors: Obj<'_>) -> Result {
        let (data, selectors) = (data.iter(th)?, selectors.iter(th)?);
        alloc_object::alloc(th, cls, Compress { head: Head::new(), data, selectors })
            .map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        loop {
            let Some(item) = self.data.next(th)? else { return Ok(None) };
            let Some(selector) = self.selectors.next(th)? else { return Ok(None) };
            if selector.is_true(th)? {
                return Ok(Some(item));
            }
        }
    }
}

/// Drop items from the iterable while predicate(item) is true.
///
/// Afterwards, return every element until the iterable is exhausted.
#[pytype(name = "itertools.dropwhile", sig = "(predicate, iterable, /)", flags = BASETYPE)]
pub(super) struct DropWhile {
    head: Head,
    predicate: Ref,
    iterator: Ref,
    started: Cell<bool>,
}

self_iterator!(DropWhile);

#[pymethods(parts(self_iterator))]
impl DropWhile {
    #[sig = "dropwhile(predicate, iterable, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, predicate: Obj<'_>, iterable: Obj<'_>) -> Result {
        let drop_while = DropWhile {
            head: Head::new(),
            predicate: predicate.own(),
            iterator: iterable.iter(th)?,
            started: Cell::new(false),
        };
        alloc_object::alloc(th, cls, drop_while).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        loop {
            let Some(item) = self.iterator.next(th)? else { return Ok(None) };
            if self.started.get() {
                return Ok(Some(item));
            }
            if !self.predicate.call(th, &[item.obj()])?.is_true(th)? {
                self.started.set(true);
                return Ok(Some(item));
            }
        }
    }
}

/// Return successive entries from an iterable as long as the predicate evaluates to true for each entry.
#[pytype(name = "itertools.takewhile", sig = "(predicate, iterable, /)", flags = BASETYPE)]
pub(super) struct TakeWhile {
    head: Head,
    predicate: Ref,
    iterator: Ref,
    stopped: Cell<bool>,
}

self_iterator!(TakeWhile);

#[pymethods(parts(self_iterator))]
impl TakeWhile {
    #[sig = "takewhile(predicate, iterable, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, predicate: Obj<'_>, iterable: Obj<'_>) -> Result {
        let take_while = TakeWhile {
            head: Head::new(),
            predicate: predicate.own(),
            iterator: iterable.iter(th)?,
            stopped: Cell::new(false),
        };
        alloc_object::alloc(th, cls, take_while).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if self.stopped.get() {
            return Ok(None);
        }
        let Some(item) = self.iterator.next(th)? else { return Ok(None) };
        if self.predicate.call(th, &[item.obj()])?.is_true(th)? {
            return Ok(Some(item));
        }
        self.stopped.set(true);
        Ok(None)
    }
}

/// Return those items of iterable for which function(item) is false.
///
/// If function is None, return the items that are false.
#[pytype(name = "itertools.filterfalse", sig = "(function, iterable, /)", flags = BASETYPE)]
pub(super) struct FilterFalse {
    head: Head,
    function: Ref,
    iterator: Ref,
}

self_iterator!(FilterFalse);

#[pymethods(parts(self_iterator))]
impl FilterFalse {
    #[sig = "filterfalse(function, iterable, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, function: Obj<'_>, iterable: Obj<'_>) -> Result {
        let (function, iterator) = (function.own(), iterable.iter(th)?);
        alloc_object::alloc(th, cls, FilterFalse { head: Head::new(), function, iterator })
            .map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let function = self.function.obj();
        let is_truth = function.is_none() || function.is(types::bool_(true).ty().obj());
        loop {
            let Some(item) = self.iterator.next(th)? else { return Ok(None) };
            let answer = match is_truth {
                true => item.is_true(th)?,
                false => function.call(th, &[item.obj()])?.is_true(th)?,
            };
            if !answer {
                return Ok(Some(item));
            }
        }
    }
}

/// islice(iterable, stop) --> islice object
/// islice(iterable, start, stop[, step]) --> islice object
///
/// Return an iterator whose next() method returns selected values from an
/// iterable.
#[pytype(name = "itertools.islice", flags = BASETYPE)]
pub(super) struct Islice {
    head: Head,
    iterator: Link,
    next: Cell<usize>,
    stop: usize,
    step: usize,
    count: Cell<usize>,
}

self_iterator!(Islice);

#[pymethods(parts(self_iterator))]
impl Islice {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        // A subclass with its own `__init__` may take some.
        let init = |ty: &Type| ty.slots().tp_init.map(|init| init as usize);
        let is_plain = init(cls) == init(<Islice as object::PyStruct>::type_object());
        if is_plain && kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            raise!(th, TypeError, "islice() takes no keyword arguments");
        }
        const STOP: &str =
            "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
        const INDICES: &str =
            "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
        const STEP: &str = "Step for islice() must be a positive integer or None.";
        let none = types::none();
        let (iterable, start, stop, step) = match args.items() {
            [iterable, stop] => (*iterable, none, *stop, none),
            [iterable, start, stop] => (*iterable, *start, *stop, none),
            [iterable, start, stop, step] => (*iterable, *start, *stop, *step),
            [] | [_] => {
                raise!(th, TypeError, "islice expected at least 2 arguments, got {}", args.len())
            }
            _ => raise!(th, TypeError, "islice expected at most 4 arguments, got {}", args.len()),
        };
        let stop = index_or(th, stop, None, STOP)?;
        let start = index_or(th, start, Some(0), INDICES)?.unwrap_or(0);
        let step = index_or(th, step, Some(1), STEP)?.unwrap_or(1);
        if step < 1 {
            raise!(th, ValueError, "{STEP}");
        }
        let islice = Islice {
            head: Head::new(),
            iterator: Link::new(iterable.iter(th)?),
            next: Cell::new(start as usize),
            stop: stop.map_or(usize::MAX, |stop| stop as usize),
            step: step as usize,
            count: Cell::new(0),
        };
        alloc_object::alloc(th, cls, islice).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(iterator) = self.iterator.get() else { return Ok(None) };
        loop {
            let skip = self.count.get() < self.next.get();
            if !skip && self.count.get() >= self.stop {
                break;
            }
            let Some(item) = iterator.next(th)? else { break };
            self.count.set(self.count.get() + 1);
            if !skip {
                let next = self.next.get().saturating_add(self.step);
                self.next.set(next.min(self.stop));
                return Ok(Some(item));
            }
        }
        self.iterator.set(None);
        Ok(None)
    }
}

/// Return an iterator of overlapping pairs taken from the input iterator.
///
///     s -> (s0,s1), (s1,s2), (s2, s3), ...
#[pytype(name = "itertools.pairwise", sig = "(iterable, /)", flags = BASETYPE)]
pub(super) struct Pairwise {
    head: Head,
    iterator: Link,
    old: Link,
}

self_iterator!(Pairwise);

#[pymethods(parts(self_iterator))]
impl Pairwise {
    #[sig = "pairwise(iterable, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Obj<'_>) -> Result {
        let iterator = Link::new(iterable.iter(th)?);
        alloc_object::alloc(th, cls, Pairwise { head: Head::new(), iterator, old: Link::null() })
            .map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(iterator) = self.iterator.get() else { return Ok(None) };
        let old = match self.old.get() {
            Some(old) => old,
            None => {
                let Some(old) = iterator.next(th)? else {
                    self.iterator.set(None);
                    return Ok(None);
                };
                self.old.set(Some(old.clone()));
                if self.iterator.is_null() {
                    self.old.set(None);
                    return Ok(None);
                }
                old
            }
        };
        let Some(new) = iterator.next(th)? else {
            self.iterator.set(None);
            self.old.set(None);
            return Ok(None);
        };
        self.old.set(Some(new.clone()));
        Tuple::from_array(th, [old, new]).map(|pair| Some(pair.upcast()))
    }
}

/// Return an iterator whose values are returned from the function evaluated with an argument tuple taken from the given sequence.
#[pytype(name = "itertools.starmap", sig = "(function, iterable, /)", flags = BASETYPE)]
pub(super) struct StarMap {
    head: Head,
    function: Ref,
    iterator: Ref,
}

self_iterator!(StarMap);

#[pymethods(parts(self_iterator))]
impl StarMap {
    #[sig = "starmap(function, iterable, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, function: Obj<'_>, iterable: Obj<'_>) -> Result {
        let (function, iterator) = (function.own(), iterable.iter(th)?);
        alloc_object::alloc(th, cls, StarMap { head: Head::new(), function, iterator })
            .map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(args) = self.iterator.next(th)? else { return Ok(None) };
        if let Some(args) = args.obj().downcast_exact::<Tuple>() {
            return call_tuple(th, self.function.obj(), args, None).map(Some);
        }
        let args = Tuple::from_refs(th, iter::collect(th, args.obj())?)?;
        call_tuple(th, self.function.obj(), &args, None).map(Some)
    }
}

/// Return a zip_longest object whose .__next__() method returns a tuple where
/// the i-th element comes from the i-th iterable argument.  The .__next__()
/// method continues until the longest iterable in the argument sequence
/// is exhausted and then it raises StopIteration.  When the shorter iterables
/// are exhausted, the fillvalue is substituted in their place.
#[pytype(name = "itertools.zip_longest", sig = "(*iterables, fillvalue=None)", flags = BASETYPE)]
pub(super) struct ZipLongest {
    head: Head,
    /// `None` for one that is exhausted.
    iterators: RefCell<Vec<Option<Ref>>>,
    fill: Ref,
}

self_iterator!(ZipLongest);

#[pymethods(parts(self_iterator))]
impl ZipLongest {
    #[sig = "zip_longest(*iterables, fillvalue=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        iterables: Args<'_>,
        fillvalue: Option<Obj<'_>>,
    ) -> Result {
        let mut iterators = Vec::new();
        for iterable in iterables {
            iterators.push(Some(iterable.iter(th)?));
        }
        let zip = ZipLongest {
            head: Head::new(),
            iterators: RefCell::new(iterators),
            fill: fillvalue.unwrap_or(types::none()).own(),
        };
        alloc_object::alloc(th, cls, zip).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let count = self.iterators.borrow().len();
        let mut row = Vec::new();
        for index in 0..count {
            let iterator = self.iterators.borrow().get(index).cloned().flatten();
            let item = match iterator {
                None => None,
                Some(iterator) => match iterator.next(th) {
                    Ok(Some(item)) => Some(item),
                    end => {
                        let gone =
                            self.iterators.borrow_mut().get_mut(index).and_then(Option::take);
                        drop(gone);
                        if end.is_err() {
                            let all = std::mem::take(&mut *self.iterators.borrow_mut());
                            drop(all);
                            return end;
                        }
                        if self.iterators.borrow().iter().all(Option::is_none) {
                            return Ok(None);
                        }
                        None
                    }
                },
            };
            row.push(item.unwrap_or_else(|| self.fill.clone()));
        }
        if self.iterators.borrow().iter().all(Option::is_none) {
            return Ok(None);
        }
        Tuple::from_refs(th, row).map(|row| Some(row.upcast()))
    }
}
