//! `tuple`: an immutable sequence of references.
//!
//! Items follow the 32-byte header (`ob_hash` caches the hash, -1 = unset).
//! A tuple is filled once, while nobody else has seen it; C code fills it in
//! steps, so an item of a tuple that is dropped or traversed may be null.

use std::{
    cell::{Cell, UnsafeCell},
    ptr::NonNull,
};

use macros::{pymethods, pytype};

use abi::PyObject;

use crate::{
    AsObject, CompareOp, IntoObject, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Traverse, Type, VarHead, alloc_object, gc, own,
    protocol::{compare, iter},
    raise,
    reference::{incref_by, objects},
    shape,
};

use super::{
    StrBuilder, generic_alias,
    iter::tuple::TupleIterator,
    list::List,
    repr_guard,
    singletons::not_implemented_ref,
    slice::{Slice, search_bound, subscript_index},
};

/// Built-in immutable sequence.
///
/// If no argument is given, the constructor returns an empty tuple.
/// If iterable is specified the tuple is initialized from iterable's items.
///
/// If the argument is a tuple, the return value is the same object.
#[pytype(name = "tuple", c_name = "PyTuple_Type", sig = "(iterable=(), /)", flags = BASETYPE | TUPLE_SUBCLASS | SEQUENCE | MATCH_SELF, itemsize = 8, traverse = manual)]
pub struct Tuple {
    head: VarHead,
    hash: Cell<isize>,
    // The items follow.
}

/// The one empty tuple.
struct Empty(UnsafeCell<abi::PyTupleObject>);

// SAFETY: immortal; its type and hash are set to the same values by everyone.
unsafe impl Sync for Empty {}

static EMPTY: Empty = {
    let mut tuple = abi::PyTupleObject::ZERO;
    tuple.ob_base.ob_base.ob_refcnt = abi::_Py_IMMORTAL_INITIAL_REFCNT;
    tuple.ob_hash = -1;
    Empty(UnsafeCell::new(tuple))
};

/// `()`.
pub fn empty_tuple() -> Ref<Tuple> {
    let tuple = EMPTY.0.get();
    // SAFETY: the only writes are of this value and of the hash, under the GIL.
    unsafe { (*tuple).ob_base.ob_base.ob_type = Tuple::type_object().as_ptr() };
    // SAFETY: immortal, so not counted.
    unsafe { Ref::from_owned(NonNull::new_unchecked(tuple).cast()) }
}

/// Items of a tuple to be, for when the number is not known.
#[derive(Default)]
pub struct TupleBuilder(Vec<Ref>);

impl TupleBuilder {
    /// With room for `capacity` items.
    pub fn with_capacity(th: Thread<'_>, capacity: usize) -> Result<Self> {
        let mut items = Vec::new();
        if items.try_reserve_exact(capacity).is_err() {
            return Err(th.no_memory());
        }
        Ok(TupleBuilder(items))
    }

    /// Append an item.
    pub fn push(&mut self, th: Thread<'_>, item: Ref) -> Result<()> {
        if self.0.try_reserve(1).is_err() {
            return Err(th.no_memory());
        }
        self.0.push(item);
        Ok(())
    }

    /// The tuple.
    pub fn finish(self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_refs(th, self.0)
    }
}

impl Tuple {
    #[inline(always)]
    fn first(&self) -> *mut *mut PyObject {
        // SAFETY: the items follow the struct.
        unsafe { std::ptr::from_ref(self).add(1) }.cast_mut().cast()
    }

    /// The items.
    #[inline]
    pub fn items(&self) -> &[Obj<'_>] {
        // SAFETY: a published tuple has `ob_size` non-null items that live as long as it.
        unsafe { objects(self.first(), self.head.size() as usize) }
    }

    /// Where the items are; they are as many as `len` says.
    #[inline(always)]
    pub fn items_ptr(&self) -> *const *mut PyObject {
        self.first()
    }

    /// Mark the hash of a fresh tuple as not computed.
    pub(crate) fn unset_hash(tuple: NonNull<PyObject>) {
        // SAFETY: fresh memory for a tuple.
        unsafe { tuple.cast::<Tuple>().as_ref() }.hash.set(-1);
    }

    /// The hash, if it was computed.
    #[inline]
    pub(crate) fn known_hash(&self) -> Option<isize> {
        Some(self.hash.get()).filter(|&hash| hash != -1)
    }

    /// How many items.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "named after Python's len()")]
    pub fn len(&self) -> usize {
        self.head.size() as usize
    }

    /// Item `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Obj<'_>> {
        self.items().get(index).copied()
    }

    /// A new tuple that takes over `items`.
    pub fn from_refs(th: Thread<'_>, items: Vec<Ref>) -> Result<Ref<Tuple>> {
        Self::fill(th, Self::type_object(), items)
    }

    /// A new tuple that takes over `items`.
    pub fn from_array<const N: usize>(th: Thread<'_>, items: [Ref; N]) -> Result<Ref<Tuple>> {
        let mut items = items.into_iter();
        Self::fill_with(th, Self::type_object(), N, || items.next().map(Ref::into_raw))
    }

    /// A new tuple of `items`.
    pub fn from_objs(th: Thread<'_>, items: &[Obj<'_>]) -> Result<Ref<Tuple>> {
        Self::fill_from(th, Self::type_object(), items)
    }

    /// A new instance of `cls` of `items`.
    fn fill_from(th: Thread<'_>, cls: &Type, items: &[Obj<'_>]) -> Result<Ref<Tuple>> {
        let mut rest = items.iter();
        Self::fill_with(th, cls, items.len(), || rest.next().map(|item| item.own().into_raw()))
    }

    /// `tuple(iterable)`.
    pub fn from_iterable(th: Thread<'_>, iterable: Obj<'_>) -> Result<Ref<Tuple>> {
        if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
            return Ok(own(tuple));
        }
        if let Some(list) = iterable.downcast_exact::<List>() {
            // SAFETY: the copy is made before anything else runs.
            return Self::from_objs(th, unsafe { list.items() });
        }
        Self::from_refs(th, iter::collect(th, iterable)?)
    }

    /// A new instance of `cls` that takes over `items`.
    pub fn fill(th: Thread<'_>, cls: &Type, items: Vec<Ref>) -> Result<Ref<Tuple>> {
        let count = items.len();
        let mut items = items.into_iter();
        Self::fill_with(th, cls, count, || items.next().map(Ref::into_raw))
    }

    /// A new instance of `cls` with `count` items that `next` hands over.
    #[inline]
    fn fill_with(
        th: Thread<'_>,
        cls: &Type,
        count: usize,
        mut next: impl FnMut() -> Option<*mut PyObject>,
    ) -> Result<Ref<Tuple>> {
        if std::ptr::eq(cls, Self::type_object()) {
            return Self::from_fn(th, count, |_| next());
        }
        let tuple = alloc_object::alloc_raw(th, cls, count, shape::inline_bytes(cls))?;
        // SAFETY: fresh memory for a tuple with room for the items.
        let this = unsafe { tuple.cast::<Tuple>().as_ref() };
        this.hash.set(-1);
        this.head.set_size(count as isize);
        let first = this.first();
        for index in 0..count {
            let Some(item) = next() else { break };
            // SAFETY: below the number of items allocated.
            unsafe { first.add(index).write(item) };
        }
        shape::init_instance(th, cls, tuple);
        // SAFETY: a complete gc object.
        unsafe { gc::track(th.heap(), tuple) };
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(tuple) })
    }

    /// A pair, in the memory of the tuple that an iterator keeps for this, if
    /// nobody else has that one.
    #[inline]
    pub(crate) fn pair(
        th: Thread<'_>,
        kept: &Link<Tuple>,
        first: Ref,
        second: Ref,
    ) -> Result<Ref<Tuple>> {
        let Some(tuple) = NonNull::new(kept.as_ptr()) else {
            let pair = Self::from_array(th, [first, second])?;
            kept.set(Some(pair.clone()));
            return Ok(pair);
        };
        // SAFETY: the link holds a tuple.
        let this = unsafe { tuple.cast::<Tuple>().as_ref() };
        if !this.obj().is_unique() || this.len() != 2 {
            return Self::from_array(th, [first, second]);
        }
        let slots = this.first();
        // SAFETY: a tuple of two that nobody else sees owns both items.
        let old = unsafe { (Ref::from_raw(slots.read()), Ref::from_raw(slots.add(1).read())) };
        // SAFETY: as above.
        unsafe { slots.write(first.into_raw()) };
        // SAFETY: as above.
        unsafe { slots.add(1).write(second.into_raw()) };
        this.hash.set(-1);
        // SAFETY: a complete gc object, which a collection may have given up on.
        unsafe { gc::track(th.heap(), tuple) };
        let pair = own(this);
        drop::<(Option<Ref>, Option<Ref>)>(old);
        Ok(pair)
    }

    /// A new tuple of `count` items; `item` hands over number `index`, and runs
    /// no code that could see the tuple.
    #[inline]
    pub fn from_fn(
        th: Thread<'_>,
        count: usize,
        mut item: impl FnMut(usize) -> Option<*mut PyObject>,
    ) -> Result<Ref<Tuple>> {
        if count == 0 {
            return Ok(empty_tuple());
        }
        let tuple = alloc_object::alloc_items::<Tuple>(th, count)?;
        // SAFETY: fresh memory for a tuple with room for the items.
        let this = unsafe { tuple.cast::<Tuple>().as_ref() };
        this.hash.set(-1);
        this.head.set_size(count as isize);
        let first = this.first();
        for index in 0..count {
            let value = item(index).unwrap_or(std::ptr::null_mut());
            // SAFETY: below the number of items allocated.
            unsafe { first.add(index).write(value) };
        }
        // SAFETY: a complete gc object.
        unsafe { gc::track_new(th.heap(), tuple) };
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(tuple) })
    }

    /// Put `items` in the place of as many others, while nobody has hashed or
    /// compared the tuple.
    pub fn refill(&self, items: Vec<Ref>) {
        let mut old = Vec::with_capacity(self.len());
        for (index, item) in items.into_iter().enumerate().take(self.len()) {
            // SAFETY: below the number of items.
            let slot = unsafe { self.first().add(index) };
            // SAFETY: the slot's reference is replaced, and the old one ours.
            old.push(unsafe { Ref::from_raw(slot.replace(item.into_raw())) });
        }
        self.hash.set(-1);
    }

    /// `self[start:end]` for bounds in range; an exact tuple as a whole is itself.
    pub fn slice(&self, th: Thread<'_>, start: usize, end: usize) -> Result<Ref<Tuple>> {
        if start == 0 && end >= self.len() && self.obj().is_exact::<Tuple>() {
            return Ok(own(self));
        }
        Self::from_objs(th, self.items().get(start..end).unwrap_or(&[]))
    }

    /// The index of the first pair that differs, with the comparison's verdict on equality.
    fn first_difference(&self, th: Thread<'_>, other: &Tuple) -> Result<Option<usize>> {
        for (index, (a, b)) in self.items().iter().zip(other.items()).enumerate() {
            if !compare::eq(th, *a, *b)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

impl Traverse for Tuple {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        let first = self.first();
        for index in 0..self.len() {
            // SAFETY: an item or null.
            if let Some(item) = unsafe { Obj::from_raw(first.add(index).read()) } {
                visit(item);
            }
        }
    }
}

impl Drop for Tuple {
    fn drop(&mut self) {
        let first = self.first();
        for index in (0..self.len()).rev() {
            // SAFETY: the tuple owned its items and nobody reads them again.
            drop(unsafe { Ref::from_raw(first.add(index).read()) });
        }
    }
}

/// How many items `len * count` are, for a repeated sequence.
pub(super) fn repeated_len(th: Thread<'_>, len: usize, count: isize) -> Result<usize> {
    let total = len.checked_mul(count.max(0) as usize);
    match total.filter(|total| *total <= isize::MAX as usize / 8) {
        Some(total) => Ok(total),
        None => Err(th.no_memory()),
    }
}

/// Write `items` some times in a row to `first`, counting the references.
///
/// # Safety
///
/// There is room, and nobody reads it meanwhile.
pub(super) unsafe fn write_repeated(first: *mut *mut PyObject, items: &[Obj<'_>], times: usize) {
    for item in items {
        incref_by(*item, times);
    }
    let total = items.len() * times;
    if let [item] = items {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(first.cast(), total) }
            .fill(std::mem::MaybeUninit::new(item.as_ptr()));
        return;
    }
    // SAFETY: the caller's promise.
    unsafe { first.copy_from_nonoverlapping(items.as_ptr().cast(), items.len()) };
    let mut written = items.len();
    while written < total {
        let count = written.min(total - written);
        // SAFETY: what was written is copied behind itself.
        unsafe { first.add(written).copy_from_nonoverlapping(first, count) };
        written += count;
    }
}

/// `(1, [...], 'a')`: the items between brackets. C code may not have filled in
/// an item yet.
pub(super) fn repr_items(
    th: Thread<'_>,
    open: &str,
    close: &str,
    mut item: impl FnMut(usize) -> Option<Option<Ref>>,
) -> Result<Ref<Str>> {
    let mut text = StrBuilder::new();
    text.push_str(th, open)?;
    let mut index = 0;
    while let Some(item) = item(index) {
        if index > 0 {
            text.push_str(th, ", ")?;
        }
        match item {
            Some(item) => text.push_repr(th, item.obj())?,
            None => text.push_str(th, "<NULL>")?,
        }
        index += 1;
    }
    text.push_str(th, close)?;
    text.finish(th)
}

#[pymethods]
impl Tuple {
    #[sig = "tuple(iterable=(), /)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Option<Obj<'_>>) -> Result<Ref> {
        let tuple = match iterable {
            Some(iterable) => Self::from_iterable(th, iterable)?,
            None => empty_tuple(),
        };
        if std::ptr::eq(cls, Self::type_object()) {
            return Ok(tuple.upcast());
        }
        Self::fill_from(th, cls, tuple.items()).map(Ref::upcast)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if self.len() == 0 {
            return Str::new(th, "()");
        }
        let Some(_guard) = repr_guard::enter(th, self.obj()) else { return Str::new(th, "(...)") };
        let close = if self.len() == 1 { ",)" } else { ")" };
        let item = |index: usize| {
            // SAFETY: an item is null or a reference of the tuple.
            let item = unsafe { Obj::from_raw(*self.items_ptr().add(index)) };
            item.map(Obj::own)
        };
        repr_items(th, "(", close, |index| (index < self.len()).then(|| item(index)))
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        let known = self.hash.get();
        if known != -1 {
            return Ok(known);
        }
        th.check_stack(" while hashing a tuple")?;
        let mut hasher = num::hash::TupleHasher::default();
        for item in self.items() {
            hasher.push(item.hash(th)? as i64);
        }
        let hash = hasher.finish(self.len()) as isize;
        self.hash.set(hash);
        Ok(hash)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<Tuple>() else { return Ok(not_implemented_ref()) };
        match self.first_difference(th, other)? {
            None => op.of(self.len().cmp(&other.len())).into_object(th),
            Some(_) if op == CompareOp::Eq => false.into_object(th),
            Some(_) if op == CompareOp::Ne => true.into_object(th),
            Some(index) => match (self.get(index), other.get(index)) {
                (Some(a), Some(b)) => compare::rich_compare(th, a, b, op),
                _ => Ok(not_implemented_ref()),
            },
        }
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        TupleIterator::new(th, self).map(Ref::upcast)
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn __contains__(&self, th: Thread<'_>, value: Obj<'_>) -> Result<bool> {
        for item in self.items() {
            let equal = match compare::eq_plain(*item, value) {
                Some(equal) => equal,
                None => compare::eq(th, *item, value)?,
            };
            if equal {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result<Ref> {
        match usize::try_from(index).ok().and_then(|index| self.get(index)) {
            Some(item) => Ok(item.own()),
            None => raise!(th, IndexError, "tuple index out of range"),
        }
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        if let Some(slice) = key.downcast::<Slice>() {
            let span = slice.unpack(th)?.adjust(self.len());
            if span.step == 1 {
                let (start, end) = (span.start as usize, span.start as usize + span.len);
                return self.slice(th, start, end).map(Ref::upcast);
            }
            let mut positions = span.positions();
            return Self::fill_with(th, Self::type_object(), span.len, || {
                self.get(positions.next()?).map(|item| item.own().into_raw())
            })
            .map(Ref::upcast);
        }
        let mut index = subscript_index(th, key, "tuple")?;
        if index < 0 {
            index += self.len() as isize;
        }
        self.sq_item(th, index)
    }

    fn sq_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        if self.len() == 0 && other.is_exact::<Tuple>() {
            return Ok(other.own());
        }
        let Some(other) = other.downcast::<Tuple>() else {
            let got = other.type_name();
            raise!(th, TypeError, "can only concatenate tuple (not \"{got}\") to tuple");
        };
        if other.len() == 0 && self.obj().is_exact::<Tuple>() {
            return Ok(self.obj().own());
        }
        let mut items = self.items().iter().chain(other.items());
        let count = self.len() + other.len();
        Self::fill_with(th, Self::type_object(), count, || {
            items.next().map(|item| item.own().into_raw())
        })
        .map(Ref::upcast)
    }

    fn sq_repeat(&self, th: Thread<'_>, count: isize) -> Result<Ref> {
        if (self.len() == 0 || count == 1) && self.obj().is_exact::<Tuple>() {
            return Ok(self.obj().own());
        }
        let total = repeated_len(th, self.len(), count)?;
        if total == 0 {
            return Ok(empty_tuple().upcast());
        }
        let tuple = alloc_object::alloc_items::<Tuple>(th, total)?;
        Self::unset_hash(tuple);
        // SAFETY: fresh memory for a tuple with room for the items.
        let this = unsafe { tuple.cast::<Tuple>().as_ref() };
        this.head.set_size(total as isize);
        // SAFETY: as above.
        unsafe { write_repeated(this.first(), self.items(), total / self.len()) };
        // SAFETY: a complete gc object.
        unsafe { gc::track_new(th.heap(), tuple) };
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(tuple) })
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[sig = "($self, value, start=0, stop=sys.maxsize, /)"]
    fn index(
        &self,
        th: Thread<'_>,
        value: Obj<'_>,
        start: Option<Obj<'_>>,
        stop: Option<Obj<'_>>,
    ) -> Result<usize> {
        let (start, stop) = (search_bound(th, start, 0)?, search_bound(th, stop, isize::MAX)?);
        let span = super::slice::Unpacked { start, stop, step: 1 }.adjust(self.len());
        for index in span.positions() {
            if let Some(item) = self.get(index)
                && compare::eq(th, item, value)?
            {
                return Ok(index);
            }
        }
        raise!(th, ValueError, "tuple.index(x): x not in tuple")
    }

    /// Return number of occurrences of value.
    #[sig = "($self, value, /)"]
    fn count(&self, th: Thread<'_>, value: Obj<'_>) -> Result<usize> {
        let mut count = 0;
        for item in self.items() {
            count += usize::from(compare::eq(th, *item, value)?);
        }
        Ok(count)
    }

    #[sig = "($self, /)"]
    fn __getnewargs__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let copy = if self.obj().is_exact::<Tuple>() {
            own(self)
        } else {
            Self::from_objs(th, self.items())?
        };
        Self::from_array(th, [copy.upcast()])
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        generic_alias::new(th, cls.obj(), object)
    }
}

impl From<&List> for TupleBuilder {
    fn from(list: &List) -> Self {
        TupleBuilder((0..list.len()).filter_map(|index| list.get(index)).collect())
    }
}
