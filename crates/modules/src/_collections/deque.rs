//! `deque`: a list with two ends.
//!
//! The items are in a ring buffer, borrowed only where no Python code runs.
//! `state` counts changes of the set of items, so that iterators and searches
//! notice them. With a `maxlen`, adding at one end drops at the other.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Int, List, Obj, Protocol, Ref, Result, Str, Thread, Traverse, Tuple,
    Type, VarHead, alloc_object, id, own,
    protocol::{CompareOp, compare, iter},
    raise,
    types::{self, repr_guard, singletons::not_implemented_ref, slice},
};

/// Items in a ring.
#[derive(Default)]
struct Ring(RefCell<VecDeque<Ref>>);

impl Traverse for Ring {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(items) = self.0.try_borrow() {
            items.iter().for_each(|item| visit(item.obj()));
        }
    }
    fn clear(&self) {
        let old = self.0.try_borrow_mut().map(|mut items| std::mem::take(&mut *items));
        drop(old);
    }
}

/// A list-like sequence optimized for data accesses near its endpoints.
#[pytype(name = "collections.deque", sig = "([iterable[, maxlen]])", flags = BASETYPE | SEQUENCE, weaklistoffset = weaklist)]
pub struct Deque {
    head: VarHead,
    items: Ring,
    state: Cell<usize>,
    maxlen: Cell<Option<usize>>,
    weaklist: Cell<*mut abi::PyObject>,
}

/// Which end of a deque.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Left,
    Right,
}

impl Deque {
    fn empty(maxlen: Option<usize>) -> Self {
        Deque {
            head: VarHead::new(0),
            items: Ring::default(),
            state: Cell::new(0),
            maxlen: Cell::new(maxlen),
            weaklist: Cell::new(std::ptr::null_mut()),
        }
    }

    fn count_items(&self) -> usize {
        self.items.0.borrow().len()
    }

    fn get(&self, index: usize) -> Option<Ref> {
        self.items.0.borrow().get(index).cloned()
    }

    /// Note a change of the set of items.
    fn changed(&self) {
        self.state.set(self.state.get().wrapping_add(1));
        self.head.set_size(self.count_items() as isize);
    }

    /// Note a change after which there are `count` items.
    fn changed_to(&self, count: usize) {
        self.state.set(self.state.get().wrapping_add(1));
        self.head.set_size(count as isize);
    }

    #[inline]
    fn push(&self, th: Thread<'_>, item: Ref, end: End) -> Result<()> {
        let dropped = {
            let mut items = self.items.0.borrow_mut();
            if items.try_reserve(1).is_err() {
                return Err(th.no_memory());
            }
            match end {
                End::Left => items.push_front(item),
                End::Right => items.push_back(item),
            }
            let is_over = self.maxlen.get().is_some_and(|maxlen| items.len() > maxlen);
            let dropped = match end {
                _ if !is_over => None,
                End::Left => items.pop_back(),
                End::Right => items.pop_front(),
            };
            self.changed_to(items.len());
            dropped
        };
        drop(dropped);
        Ok(())
    }

    /// Append items at the right, where none is dropped.
    fn append_all(&self, th: Thread<'_>, new: Vec<Ref>) -> Result<()> {
        let mut items = self.items.0.borrow_mut();
        if items.try_reserve(new.len()).is_err() {
            return Err(th.no_memory());
        }
        items.extend(new);
        self.changed_to(items.len());
        Ok(())
    }

    fn take_end(&self, th: Thread<'_>, end: End) -> Result {
        let item = {
            let mut items = self.items.0.borrow_mut();
            match end {
                End::Left => items.pop_front(),
                End::Right => items.pop_back(),
            }
        };
        let Some(item) = item else { raise!(th, IndexError, "pop from an empty deque") };
        self.changed();
        Ok(item)
    }

    fn extend_end(&self, th: Thread<'_>, iterable: Obj<'_>, end: End) -> Result<()> {
        if iterable.is(self.obj()) {
            let copy = List::from_refs(th, self.snapshot())?;
            return self.extend_end(th, copy.obj(), end);
        }
        if end == End::Right && self.maxlen.get().is_none() {
            if let Some(list) = iterable.downcast_exact::<List>() {
                return self.append_all(th, list.to_vec());
            }
            if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
                return self.append_all(th, tuple.items().iter().map(|item| item.own()).collect());
            }
        }
        iter::for_each(th, iterable, |item| self.push(th, item, end))
    }

    fn snapshot(&self) -> Vec<Ref> {
        self.items.0.borrow().iter().cloned().collect()
    }

    fn remove_all(&self) {
        let old = std::mem::take(&mut *self.items.0.borrow_mut());
        self.changed();
        drop(old);
    }

    fn similar(&self, th: Thread<'_>) -> Result {
        if self.obj().is_exact::<Deque>() {
            let copy = alloc_object::new(th, Deque::empty(self.maxlen.get()))?;
            copy.items.0.borrow_mut().extend(self.snapshot());
            copy.changed();
            return Ok(copy.upcast());
        }
        let class = self.obj().ty().obj();
        let copy = match self.maxlen.get() {
            Some(maxlen) => {
                let maxlen = Int::from_u64(th, maxlen as u64)?;
                class.call(th, &[self.obj(), maxlen.obj()])?
            }
            None => class.call(th, &[self.obj()])?,
        };
        if copy.obj().downcast::<Deque>().is_none() {
            raise!(
                th,
                TypeError,
                "{}() must return a deque, not {}",
                self.obj().ty().name(),
                copy.obj().type_name()
            );
        }
        Ok(copy)
    }

    /// The position of the first item equal to `value` in a range.
    fn find(
        &self,
        th: Thread<'_>,
        value: Obj<'_>,
        range: std::ops::Range<usize>,
    ) -> Result<Option<usize>> {
        let state = self.state.get();
        for index in range {
            let Some(item) = self.get(index) else { break };
            let found = compare::eq(th, item.obj(), value)?;
            if self.state.get() != state {
                raise!(th, RuntimeError, "deque mutated during iteration");
            }
            if found {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn repeat_items(&self, th: Thread<'_>, count: isize) -> Result<()> {
        let items = self.snapshot();
        let Ok(count) = usize::try_from(count) else {
            self.remove_all();
            return Ok(());
        };
        if count == 0 {
            self.remove_all();
            return Ok(());
        }
        let Some(total) = items.len().checked_mul(count) else { return Err(th.no_memory()) };
        let wanted = self.maxlen.get().map_or(total, |maxlen| total.min(maxlen));
        let mut ring = VecDeque::new();
        if ring.try_reserve(wanted).is_err() {
            return Err(th.no_memory());
        }
        ring.extend(items.iter().cycle().skip(total - wanted).take(wanted).cloned());
        let old = std::mem::replace(&mut *self.items.0.borrow_mut(), ring);
        self.changed();
        drop(old);
        Ok(())
    }
}

fn as_deque(th: Thread<'_>, object: &Ref) -> Result<Ref<Deque>> {
    match object.obj().downcast::<Deque>() {
        Some(deque) => Ok(own(deque)),
        None => raise!(th, TypeError, "expected a deque"),
    }
}

#[pymethods(parts(methods))]
impl Deque {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        alloc_object::alloc(th, cls, Deque::empty(None)).map(Ref::upcast)
    }

    #[sig = "deque(iterable=<unrepresentable>, maxlen=None)"]
    fn __init__(
        &self,
        th: Thread<'_>,
        iterable: Option<Obj<'_>>,
        maxlen: Option<Obj<'_>>,
    ) -> Result<()> {
        let maxlen = match maxlen.filter(|maxlen| !maxlen.is_none()) {
            Some(maxlen) if !Int::is_index(maxlen) => {
                raise!(th, TypeError, "an integer is required")
            }
            Some(maxlen) => match usize::try_from(Int::index_to_isize(th, maxlen)?) {
                Ok(maxlen) => Some(maxlen),
                Err(_) => raise!(th, ValueError, "maxlen must be non-negative"),
            },
            None => None,
        };
        self.maxlen.set(maxlen);
        if self.count_items() > 0 {
            self.remove_all();
        }
        match iterable {
            Some(iterable) => self.extend_end(th, iterable, End::Right),
            None => Ok(()),
        }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let Some(_guard) = repr_guard::enter(th, self.obj()) else {
            return Str::new(th, "[...]");
        };
        let items = List::from_refs(th, self.snapshot())?;
        let (name, items) = (self.obj().short_type_name(), items.obj().repr(th)?);
        match self.maxlen.get() {
            Some(maxlen) => Str::from_fmt(th, format_args!("{name}({}, maxlen={maxlen})", &*items)),
            None => Str::from_fmt(th, format_args!("{name}({})", &*items)),
        }
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(other) = other.downcast::<Deque>() else { return Ok(not_implemented_ref()) };
        let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        if is_equality && self.count_items() != other.count_items() {
            return Ok(types::bool_(op == CompareOp::Ne).own());
        }
        let mut index = 0;
        while let (Some(a), Some(b)) = (self.get(index), other.get(index)) {
            if !compare::eq(th, a.obj(), b.obj())? {
                return compare::rich_compare(th, a.obj(), b.obj(), op);
            }
            index += 1;
        }
        let ordering = self.count_items().cmp(&other.count_items());
        Ok(types::bool_(op.of(ordering)).own())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        DequeIterator::over(th, self, self.count_items())
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.count_items()
    }

    fn sq_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result {
        if other.downcast::<Deque>().is_none() {
            raise!(
                th,
                TypeError,
                "can only concatenate deque (not \"{}\") to deque",
                other.ty().full_name()
            );
        }
        let new = self.similar(th)?;
        as_deque(th, &new)?.extend_end(th, other, End::Right)?;
        Ok(new)
    }

    fn sq_inplace_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result {
        self.extend_end(th, other, End::Right)?;
        Ok(self.obj().own())
    }

    fn sq_repeat(&self, th: Thread<'_>, count: isize) -> Result {
        let new = self.similar(th)?;
        as_deque(th, &new)?.repeat_items(th, count)?;
        Ok(new)
    }

    fn sq_inplace_repeat(&self, th: Thread<'_>, count: isize) -> Result {
        self.repeat_items(th, count)?;
        Ok(self.obj().own())
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result {
        match usize::try_from(index).ok().and_then(|index| self.get(index)) {
            Some(item) => Ok(item),
            None => raise!(th, IndexError, "deque index out of range"),
        }
    }

    fn sq_ass_item(&self, th: Thread<'_>, index: isize, value: Option<Obj<'_>>) -> Result<()> {
        let index = usize::try_from(index).ok().filter(|index| *index < self.count_items());
        let Some(index) = index else { raise!(th, IndexError, "deque index out of range") };
        let old = {
            let mut items = self.items.0.borrow_mut();
            match value {
                Some(value) => {
                    items.get_mut(index).map(|slot| std::mem::replace(slot, value.own()))
                }
                None => items.remove(index),
            }
        };
        if value.is_none() {
            self.changed();
        }
        drop(old);
        Ok(())
    }

    fn __contains__(&self, th: Thread<'_>, value: Obj<'_>) -> Result<bool> {
        self.find(th, value, 0..self.count_items()).map(|found| found.is_some())
    }
}

#[pymethods(part = methods)]
impl Deque {
    /// maximum size of a deque or None if unbounded
    #[getter(maxlen)]
    fn get_maxlen(&self, _: Thread<'_>) -> Option<usize> {
        self.maxlen.get()
    }

    /// Add an element to the right side of the deque.
    #[sig = "($self, item, /)"]
    fn append(&self, th: Thread<'_>, item: Obj<'_>) -> Result<()> {
        self.push(th, item.own(), End::Right)
    }

    /// Add an element to the left side of the deque.
    #[sig = "($self, item, /)"]
    fn appendleft(&self, th: Thread<'_>, item: Obj<'_>) -> Result<()> {
        self.push(th, item.own(), End::Left)
    }

    /// Remove all elements from the deque.
    #[sig = "($self, /)"]
    fn clear(&self, _: Thread<'_>) {
        self.remove_all();
    }

    /// Return a shallow copy of a deque.
    #[sig = "($self, /)"]
    fn __copy__(&self, th: Thread<'_>) -> Result {
        self.similar(th)
    }

    /// Return a shallow copy of a deque.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result {
        self.similar(th)
    }

    /// Return number of occurrences of value.
    #[sig = "($self, value, /)"]
    fn count(&self, th: Thread<'_>, value: Obj<'_>) -> Result<usize> {
        let state = self.state.get();
        let (mut index, mut count) = (0, 0);
        while let Some(item) = self.get(index) {
            count += usize::from(compare::eq(th, item.obj(), value)?);
            if self.state.get() != state {
                raise!(th, RuntimeError, "deque mutated during iteration");
            }
            index += 1;
        }
        Ok(count)
    }

    /// Extend the right side of the deque with elements from the iterable.
    #[sig = "($self, iterable, /)"]
    fn extend(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result<()> {
        self.extend_end(th, iterable, End::Right)
    }

    /// Extend the left side of the deque with elements from the iterable.
    #[sig = "($self, iterable, /)"]
    fn extendleft(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result<()> {
        self.extend_end(th, iterable, End::Left)
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[sig = "($self, value, start=0, stop=sys.maxsize, /)"]
    #[shown = "($self, value, [start, [stop]])"]
    fn index(
        &self,
        th: Thread<'_>,
        value: Obj<'_>,
        start: Option<Obj<'_>>,
        stop: Option<Obj<'_>>,
    ) -> Result<usize> {
        let start = slice::search_bound(th, start, 0)?;
        let stop = slice::search_bound(th, stop, isize::MAX)?;
        let len = self.count_items() as isize;
        let clip = |bound: isize| {
            let bound = if bound < 0 { (bound + len).max(0) } else { bound };
            bound.min(len) as usize
        };
        let (start, stop) = (clip(start), clip(stop));
        match self.find(th, value, start..stop.max(start))? {
            Some(index) => Ok(index),
            None => raise!(th, ValueError, "deque.index(x): x not in deque"),
        }
    }

    /// Insert value before index.
    #[sig = "($self, index, value, /)"]
    fn insert(&self, th: Thread<'_>, index: isize, value: Obj<'_>) -> Result<()> {
        let len = self.count_items();
        if self.maxlen.get().is_some_and(|maxlen| len >= maxlen) {
            raise!(th, IndexError, "deque already at its maximum size");
        }
        let index = if index < 0 { (index + len as isize).max(0) } else { index };
        let index = (index as usize).min(len);
        {
            let mut items = self.items.0.borrow_mut();
            if items.try_reserve(1).is_err() {
                return Err(th.no_memory());
            }
            items.insert(index, value.own());
        }
        self.changed();
        Ok(())
    }

    /// Remove and return the rightmost element.
    #[sig = "($self, /)"]
    fn pop(&self, th: Thread<'_>) -> Result {
        self.take_end(th, End::Right)
    }

    /// Remove and return the leftmost element.
    #[sig = "($self, /)"]
    fn popleft(&self, th: Thread<'_>) -> Result {
        self.take_end(th, End::Left)
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let state = self.obj().call_method(th, id!(th, "__getstate__"), &[])?;
        let items = self.obj().iter(th)?;
        let empty = Tuple::from_refs(th, Vec::new())?;
        let args = match self.maxlen.get() {
            Some(maxlen) => {
                let maxlen = Int::from_u64(th, maxlen as u64)?;
                Tuple::from_array(th, [empty.upcast(), maxlen])?
            }
            None => empty,
        };
        Tuple::from_objs(th, &[self.obj().ty().obj(), args.obj(), state.obj(), items.obj()])
    }

    /// Remove first occurrence of value.
    #[sig = "($self, value, /)"]
    fn remove(&self, th: Thread<'_>, value: Obj<'_>) -> Result<()> {
        let state = self.state.get();
        let mut index = 0;
        while let Some(item) = self.get(index) {
            let found = compare::eq(th, item.obj(), value)?;
            if self.state.get() != state {
                raise!(th, IndexError, "deque mutated during remove().");
            }
            if found {
                let removed = self.items.0.borrow_mut().remove(index);
                self.changed();
                drop(removed);
                return Ok(());
            }
            index += 1;
        }
        raise!(th, ValueError, "deque.remove(x): x not in deque")
    }

    /// Return a reverse iterator over the deque.
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result {
        DequeReverseIterator::over(th, self, self.count_items())
    }

    /// Reverse *IN PLACE*.
    #[sig = "($self, /)"]
    fn reverse(&self, _: Thread<'_>) {
        self.items.0.borrow_mut().make_contiguous().reverse();
    }

    /// Rotate the deque n steps to the right.  If n is negative, rotates left.
    #[sig = "($self, n=1, /)"]
    fn rotate(&self, _: Thread<'_>, n: isize) {
        let len = self.count_items();
        if len > 1 {
            let steps = n.rem_euclid(len as isize) as usize;
            self.items.0.borrow_mut().rotate_right(steps);
            self.changed();
        }
    }

    /// Return the size of the deque in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        // COMPAT: CPython's blocks of 64 items, filled from the middle of the first.
        216 + 528 * (32 + self.count_items() + 63).div_euclid(64)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }
}

macro_rules! deque_iterators {
    ($($ty:ident $name:literal $sig:literal $direction:expr;)*) => { $(
        #[allow(missing_docs, reason = "an iterator has no docstring")]
        #[pytype(name = $name)]
        pub(super) struct $ty {
            head: Head,
            deque: Ref<Deque>,
            state: Cell<usize>,
            left: Cell<usize>,
        }

        impl $ty {
            fn over(th: Thread<'_>, deque: &Deque, left: usize) -> Result {
                let iterator = $ty {
                    head: Head::new(),
                    deque: own(deque),
                    state: Cell::new(deque.state.get()),
                    left: Cell::new(left),
                };
                alloc_object::new(th, iterator).map(Ref::upcast)
            }
        }

        #[pymethods]
        impl $ty {
            #[sig = $sig]
            fn __new__(th: Thread<'_>, _: &Type, deque: &Deque, index: isize) -> Result {
                let skip = usize::try_from(index).unwrap_or(0);
                $ty::over(th, deque, deque.count_items().saturating_sub(skip))
            }

            fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
                this.own()
            }

            fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
                if self.deque.state.get() != self.state.get() {
                    self.left.set(0);
                    raise!(th, RuntimeError, "deque mutated during iteration");
                }
                let left = self.left.get();
                if left == 0 {
                    return Ok(None);
                }
                self.left.set(left - 1);
                let index = match $direction {
                    End::Left => self.deque.count_items().checked_sub(left),
                    End::Right => Some(left - 1),
                };
                Ok(index.and_then(|index| self.deque.get(index)))
            }

            /// Private method returning an estimate of len(list(it)).
            #[sig = "($self, /)"]
            fn __length_hint__(&self, _: Thread<'_>) -> usize {
                self.left.get()
            }

            /// Return state information for pickling.
            #[sig = "($self, /)"]
            fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
                let passed = self.deque.count_items().saturating_sub(self.left.get());
                let passed = Int::from_u64(th, passed as u64)?;
                let args = Tuple::from_objs(th, &[self.deque.obj(), passed.obj()])?;
                Tuple::from_objs(th, &[self.obj().ty().obj(), args.obj()])
            }
        }
    )* };
}

deque_iterators! {
    DequeIterator "collections._deque_iterator" "_deque_iterator(iterable, index=0, /)" End::Left;
    DequeReverseIterator "collections._deque_reverse_iterator" "_deque_reverse_iterator(iterable, index=0, /)" End::Right;
}
