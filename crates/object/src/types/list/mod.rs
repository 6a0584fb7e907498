//! `list`: a growable array of references.
//!
//! A list owns `allocated` slots and uses the first `ob_size` of them. Growth
//! is geometric with CPython's constants, because `sys.getsizeof` and a good
//! many tests observe it. Comparing or hashing an element can run Python code
//! that resizes this very list, so no borrow of the items outlives a call that
//! takes a `Thread`: iterate by index and re-read the length.

mod assign;
mod merge;
mod methods;
mod sort;

use std::{cell::Cell, ptr::NonNull};

use macros::pytype;

use abi::PyObject;

use crate::{
    AsObject, Dict, Link, Obj, Ref, Result, Thread, Traverse, VarHead, alloc_object,
    protocol::{compare, iter},
};

use super::{
    dict::{ItemsView, KeysView, ValuesView},
    set,
    tuple::Tuple,
};

/// Built-in mutable sequence.
///
/// If no argument is given, the constructor creates a new empty list.
/// The argument must be an iterable if specified.
#[pytype(name = "list", c_name = "PyList_Type", sig = "(iterable=(), /)", flags = BASETYPE | LIST_SUBCLASS | SEQUENCE | MATCH_SELF, layout = abi::PyListObject, traverse = manual)]
pub struct List {
    head: VarHead,
    items: Cell<*mut *mut PyObject>,
    allocated: Cell<isize>,
}

/// The storage of a list, taken out of it.
pub(super) struct Storage {
    items: *mut *mut PyObject,
    size: isize,
    allocated: isize,
}

impl Drop for Storage {
    fn drop(&mut self) {
        for index in (0..self.size.max(0) as usize).rev() {
            // SAFETY: the first `size` slots are owned, or null where C code made the list.
            drop(unsafe { Ref::from_raw(self.items.add(index).read()) });
        }
        // SAFETY: lists die on attached threads.
        let th = unsafe { Thread::current() };
        // SAFETY: null or allocated by `reallocate`, and given up.
        unsafe { free_slots(th, self.items) };
    }
}

impl List {
    /// The fields of an empty list.
    pub(super) fn empty() -> Self {
        List {
            head: VarHead::new(0),
            items: Cell::new(std::ptr::null_mut()),
            allocated: Cell::new(0),
        }
    }

    /// A new empty list.
    pub fn new(th: Thread<'_>) -> Result<Ref<List>> {
        alloc_object::new_in_place(th, Self::empty())
    }

    /// A new empty list with room for exactly `capacity` items.
    pub fn with_capacity(th: Thread<'_>, capacity: usize) -> Result<Ref<List>> {
        let list = Self::new(th)?;
        if capacity > 0 {
            list.reallocate(th, capacity)?;
        }
        Ok(list)
    }

    /// A new list that takes over `items`.
    pub fn from_refs(th: Thread<'_>, items: Vec<Ref>) -> Result<Ref<List>> {
        let count = items.len();
        let mut items = items.into_iter();
        Self::from_fn(th, count, |_| items.next().map_or(std::ptr::null_mut(), Ref::into_raw))
    }

    /// A new list of `items`.
    pub fn from_objs(th: Thread<'_>, items: &[Obj<'_>]) -> Result<Ref<List>> {
        let mut rest = items.iter();
        let next = |_| rest.next().map_or(std::ptr::null_mut(), |item| item.own().into_raw());
        Self::from_fn(th, items.len(), next)
    }

    /// A new list of `count` items; `item` hands over number `index`, and runs
    /// no code that could see the list.
    #[inline]
    pub fn from_fn(
        th: Thread<'_>,
        count: usize,
        mut item: impl FnMut(usize) -> *mut PyObject,
    ) -> Result<Ref<List>> {
        let list = Self::with_capacity(th, count)?;
        let first = list.items.get();
        for index in 0..count {
            // SAFETY: there is room for `count` items.
            unsafe { first.add(index).write(item(index)) };
        }
        list.head.set_size(count as isize);
        Ok(list)
    }

    /// `list(iterable)`.
    pub fn from_iterable(th: Thread<'_>, iterable: Obj<'_>) -> Result<Ref<List>> {
        let list = Self::new(th)?;
        list.extend(th, iterable)?;
        Ok(list)
    }

    /// How many items.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "named after Python's len()")]
    pub fn len(&self) -> usize {
        self.head.size() as usize
    }

    /// Item `index`, owned.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Ref> {
        // SAFETY: owned before anything can change the list.
        unsafe { self.items() }.get(index).map(|item| item.own())
    }

    /// Where the first item equal to `value` is, from `index` on and before `stop`.
    pub(super) fn position(
        &self,
        th: Thread<'_>,
        value: Obj<'_>,
        mut index: usize,
        stop: usize,
    ) -> Result<Option<usize>> {
        loop {
            // SAFETY: comparing plainly runs no code.
            let items = unsafe { self.items() };
            let rest = items.get(index..stop.min(items.len())).unwrap_or_default();
            for item in rest {
                match compare::eq_plain(*item, value) {
                    Some(true) => return Ok(Some(index)),
                    Some(false) => index += 1,
                    None => break,
                }
            }
            if index >= stop {
                return Ok(None);
            }
            let Some(item) = self.get(index) else { return Ok(None) };
            if compare::eq(th, item.obj(), value)? {
                return Ok(Some(index));
            }
            index += 1;
        }
    }

    /// The items.
    ///
    /// # Safety
    ///
    /// The list is not changed while the borrow lives: no call in between that
    /// can run Python code or drop a reference.
    #[inline]
    pub unsafe fn items(&self) -> &[Obj<'_>] {
        // SAFETY: the first `ob_size` slots are non-null.
        unsafe { crate::reference::objects(self.items.get(), self.len()) }
    }

    /// The slots in use, to permute.
    ///
    /// # Safety
    ///
    /// As [`List::items`], and every slot keeps a reference of the list.
    #[allow(clippy::mut_from_ref, reason = "the slots are the list's, behind a pointer")]
    unsafe fn slots(&self) -> &mut [NonNull<PyObject>] {
        if self.len() == 0 {
            return &mut [];
        }
        // SAFETY: the first `ob_size` slots are non-null.
        unsafe { std::slice::from_raw_parts_mut(self.items.get().cast(), self.len()) }
    }

    /// An owned copy of the items.
    pub fn to_vec(&self) -> Vec<Ref> {
        // SAFETY: counting runs no code.
        unsafe { self.items() }.iter().map(|item| item.own()).collect()
    }

    /// How many slots are allocated.
    pub fn capacity(&self) -> usize {
        self.allocated.get().max(0) as usize
    }

    /// Change the number of slots; the items in use have to fit.
    fn reallocate(&self, th: Thread<'_>, slots: usize) -> Result<()> {
        if slots == 0 {
            let old = self.items.replace(std::ptr::null_mut());
            self.allocated.set(0);
            // SAFETY: null or allocated here.
            unsafe { free_slots(th, old) };
            return Ok(());
        }
        let Ok(layout) = std::alloc::Layout::array::<*mut PyObject>(slots) else {
            return Err(th.no_memory());
        };
        // SAFETY: null or allocated here with `allocated` slots.
        let items = unsafe { move_slots(th, self.items.get(), layout.size()) };
        if items.is_null() {
            return Err(th.no_memory());
        }
        self.items.set(items);
        self.allocated.set(slots as isize);
        Ok(())
    }

    /// How many slots a list gets that needs `wanted` and has `size` items.
    fn slots_for(wanted: usize, size: usize) -> usize {
        if wanted == 0 {
            return 0;
        }
        let slots = (wanted + (wanted >> 3) + 6) & !3;
        // A large jump is not likely to be followed by another.
        if wanted > size && wanted - size > slots - wanted { (wanted + 3) & !3 } else { slots }
    }

    /// Have room for `wanted` items in all, and maybe for more to come.
    #[inline]
    fn grow_to(&self, th: Thread<'_>, wanted: usize) -> Result<()> {
        let allocated = self.capacity();
        if allocated >= wanted && wanted >= allocated >> 1 {
            return Ok(());
        }
        self.reallocate(th, Self::slots_for(wanted, self.len()))
    }

    /// Give back slots after items were taken out of the end.
    fn shrink(&self, th: Thread<'_>) {
        let size = self.len();
        if size >= self.capacity() >> 1 {
            return;
        }
        // Having too many slots is no error.
        if self.reallocate(th, Self::slots_for(size, size)).is_err() {
            th.clear_exception(crate::Raised);
        }
    }

    /// Have room for `more` items; exact but for the allocator's granularity in
    /// a list that never had an item.
    fn reserve(&self, th: Thread<'_>, more: usize) -> Result<()> {
        let Some(wanted) = self.len().checked_add(more).filter(|n| *n < isize::MAX as usize / 8)
        else {
            return Err(th.no_memory());
        };
        if self.items.get().is_null() {
            return self.reallocate(th, (wanted + 1) & !1);
        }
        // Room that was made for what follows stays.
        if self.capacity() >= wanted {
            return Ok(());
        }
        self.grow_to(th, wanted)
    }

    /// `append`.
    #[inline]
    pub fn push(&self, th: Thread<'_>, item: Ref) -> Result<()> {
        let size = self.len();
        if size as isize >= self.allocated.get() {
            self.grow_to(th, size + 1)?;
        }
        // SAFETY: `size < allocated`.
        unsafe { self.items.get().add(size).write(item.into_raw()) };
        self.head.set_size(size as isize + 1);
        Ok(())
    }

    /// `insert`, for an index in range.
    pub fn insert(&self, th: Thread<'_>, index: usize, item: Ref) -> Result<()> {
        let size = self.len();
        let index = index.min(size);
        self.grow_to(th, size + 1)?;
        // SAFETY: `index <= size < allocated`.
        let slot = unsafe { self.items.get().add(index) };
        // SAFETY: the slots behind move up by one, into the room just made.
        unsafe { std::ptr::copy(slot, slot.add(1), size - index) };
        // SAFETY: as above.
        unsafe { slot.write(item.into_raw()) };
        self.head.set_size(size as isize + 1);
        Ok(())
    }

    /// Replace item `index`; gives `item` back if there is none.
    #[inline]
    pub fn set(&self, index: usize, item: Ref) -> Result<(), Ref> {
        if index >= self.len() {
            return Err(item);
        }
        // SAFETY: in range.
        let slot = unsafe { self.items.get().add(index) };
        // SAFETY: the slot owned a reference.
        drop(unsafe { Ref::from_raw(slot.replace(item.into_raw())) });
        Ok(())
    }

    /// Where item `index` is; it may be null in a list that C code fills.
    pub fn slot(&self, index: usize) -> Option<&Link> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: in range; a slot is null or a reference of the list.
        Some(unsafe { &*self.items.get().add(index).cast::<Link>() })
    }

    /// Exchange the items from `start` on with those of another list; false if
    /// there are not as many.
    pub fn swap_with(&self, start: usize, other: &List) -> bool {
        let count = other.len();
        if std::ptr::eq(self, other) || start > self.len() || self.len() - start < count {
            return false;
        }
        if count > 0 {
            // SAFETY: `start` is in range.
            let slots = unsafe { self.items.get().add(start) };
            // SAFETY: both have that many items, in memory of their own.
            unsafe { std::ptr::swap_nonoverlapping(slots, other.items.get(), count) };
        }
        true
    }

    /// Exchange two items; nothing happens if there is no such.
    #[inline]
    pub fn swap(&self, a: usize, b: usize) {
        if a < self.len() && b < self.len() {
            // SAFETY: both in range; swapping slots counts nothing and runs nothing.
            unsafe { self.slots() }.swap(a, b);
        }
    }

    /// Take item `index` out.
    pub fn remove(&self, th: Thread<'_>, index: usize) -> Option<Ref> {
        let size = self.len();
        if index >= size {
            return None;
        }
        // SAFETY: in range.
        let slot = unsafe { self.items.get().add(index) };
        // SAFETY: the slot owned a reference.
        let item = unsafe { Ref::from_raw(slot.read()) };
        // SAFETY: the slots behind move down by one.
        unsafe { std::ptr::copy(slot.add(1), slot, size - index - 1) };
        self.head.set_size(size as isize - 1);
        self.shrink(th);
        item
    }

    /// `del self[start:end]`.
    pub fn remove_range(&self, th: Thread<'_>, start: usize, end: usize) -> Result<()> {
        self.replace_range(th, start, end, Vec::new())
    }

    /// `self[start:end] = items`.
    pub fn replace_range(
        &self,
        th: Thread<'_>,
        start: usize,
        end: usize,
        items: Vec<Ref>,
    ) -> Result<()> {
        let size = self.len();
        let start = start.min(size);
        let end = end.clamp(start, size);
        let (removed, added) = (end - start, items.len());
        let new_size = size - removed + added;
        let mut old = Vec::new();
        if old.try_reserve_exact(removed).is_err() {
            return Err(th.no_memory());
        }
        if added > removed {
            self.grow_to(th, new_size)?;
        }
        let base = self.items.get();
        // COMPAT: the last goes first, as `__del__` methods can tell.
        for index in (start..end).rev() {
            // SAFETY: in range; the references leave with `old`.
            old.push(unsafe { Ref::from_raw(base.add(index).read()) });
        }
        if !base.is_null() {
            // SAFETY: the tail moves inside the slots that are allocated.
            unsafe { std::ptr::copy(base.add(end), base.add(start + added), size - end) };
        }
        for (index, item) in items.into_iter().enumerate() {
            // SAFETY: the gap has `added` slots.
            unsafe { base.add(start + index).write(item.into_raw()) };
        }
        self.head.set_size(new_size as isize);
        self.shrink(th);
        // Last, as dropping can run Python code that uses this list.
        drop(old);
        Ok(())
    }

    /// `clear`.
    pub fn clear_items(&self) {
        // A list without storage stays as it is: it may be the one being sorted.
        if !self.items.get().is_null() {
            drop(self.take_storage());
        }
    }

    /// Empty the list and keep what it held.
    fn take_storage(&self) -> Storage {
        let storage = Storage {
            items: self.items.replace(std::ptr::null_mut()),
            size: self.head.size(),
            allocated: self.allocated.replace(0),
        };
        self.head.set_size(0);
        storage
    }

    /// Hold `storage` again; returns what the list held meanwhile.
    fn put_storage(&self, storage: Storage) -> Storage {
        let storage = std::mem::ManuallyDrop::new(storage);
        let meanwhile = self.take_storage();
        self.items.set(storage.items);
        self.head.set_size(storage.size);
        self.allocated.set(storage.allocated);
        meanwhile
    }

    /// Append borrowed items that stay alive and unchanged meanwhile.
    fn append_all(&self, th: Thread<'_>, items: &[Obj<'_>]) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        self.reserve(th, items.len())?;
        let size = self.len();
        // SAFETY: room was made for all of them.
        let place = unsafe { self.items.get().add(size) };
        for (index, item) in items.iter().enumerate() {
            // SAFETY: as above.
            unsafe { place.add(index).write(item.own().into_raw()) };
        }
        self.head.set_size((size + items.len()) as isize);
        Ok(())
    }

    /// `extend`.
    pub fn extend(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result<()> {
        if let Some(other) = iterable.downcast_exact::<List>() {
            if std::ptr::eq(self, other) {
                let items = self.to_vec();
                return self.append_all(th, crate::args::borrow_all(&items));
            }
            // SAFETY: appending to another list runs no Python code.
            return self.append_all(th, unsafe { other.items() });
        }
        if let Some(other) = iterable.downcast_exact::<Tuple>() {
            return self.append_all(th, other.items());
        }
        if self.extend_from_table(th, iterable)? {
            return Ok(());
        }
        let iteration = iter::Iteration::new(th, iterable)?;
        let hint = iter::length_hint(th, iterable, 8)?;
        let fits = self.len().checked_add(hint).is_some_and(|n| n < isize::MAX as usize / 8);
        if fits && hint > 0 {
            if self.items.get().is_null() {
                self.reallocate(th, (hint + 1) & !1)?;
            } else {
                self.grow_to(th, self.len() + hint)?;
            }
        }
        while let Some(item) = iteration.next(th)? {
            self.push(th, item)?;
        }
        if self.len() < self.capacity() {
            self.shrink(th);
        }
        Ok(())
    }

    /// Append what a dict, one of its views or a set yields; false for anything else.
    ///
    /// PERF: `list(d)` and its like in half the time of stepping an iterator.
    fn extend_from_table(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result<bool> {
        if let Some(dict) = iterable.downcast_exact::<Dict>() {
            self.append_counted(th, dict.len(), dict.live().map(|(key, _)| Ok(key.own())))?;
        } else if let Some(set) = set::table_of_exact(iterable) {
            self.append_counted(th, set.len(), set.keys().map(|key| Ok(key.own())))?;
        } else if let Some(keys) = iterable.downcast_exact::<KeysView>() {
            let dict = keys.dict();
            self.append_counted(th, dict.len(), dict.live().map(|(key, _)| Ok(key.own())))?;
        } else if let Some(values) = iterable.downcast_exact::<ValuesView>() {
            let dict = values.dict();
            self.append_counted(th, dict.len(), dict.live().map(|(_, value)| Ok(value.own())))?;
        } else if let Some(items) = iterable.downcast_exact::<ItemsView>() {
            let dict = items.dict();
            let pair = |(key, value)| Tuple::from_objs(th, &[key, value]).map(Ref::upcast);
            self.append_counted(th, dict.len(), dict.live().map(pair))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Append `count` items, which are made without running other code.
    fn append_counted(
        &self,
        th: Thread<'_>,
        count: usize,
        items: impl Iterator<Item = Result<Ref>>,
    ) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let Some(wanted) = self.len().checked_add(count) else { return Err(th.no_memory()) };
        self.grow_to(th, wanted)?;
        for item in items {
            self.push(th, item?)?;
        }
        Ok(())
    }

    /// A new tuple of the items.
    pub fn to_tuple(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        // SAFETY: the tuple is filled before anything else runs.
        Tuple::from_objs(th, unsafe { self.items() })
    }

    /// Sort in place by `<`, stable.
    pub fn sort(&self, th: Thread<'_>) -> Result<()> {
        self.sort_by(th, None, false)
    }
}

type Slots = *mut *mut PyObject;

/// Give storage back. It is a block of the heap, as code of C changes its size.
///
/// # Safety
///
/// `items` is null or storage that its owner gives up.
unsafe fn free_slots(th: Thread<'_>, items: Slots) {
    if let Some(block) = NonNull::new(items) {
        // SAFETY: the caller's promise.
        unsafe { th.heap().free(block.cast()) };
    }
}

/// Change storage (null: none) to one of `bytes`. Null when memory is out: then
/// the old storage stays.
///
/// # Safety
///
/// As [`free_slots`]; on success only the result is used.
#[inline]
unsafe fn move_slots(th: Thread<'_>, items: Slots, bytes: usize) -> Slots {
    let moved = match NonNull::new(items) {
        None => th.heap().alloc(bytes),
        // SAFETY: the caller's promise.
        Some(block) => unsafe { th.heap().realloc(block.cast(), bytes) },
    };
    moved.map_or(std::ptr::null_mut(), |block| block.as_ptr().cast())
}

impl Traverse for List {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        let items = self.items.get();
        for index in 0..self.len() {
            // SAFETY: a reference of the list, or null where C code made it.
            if let Some(item) = unsafe { Obj::from_raw(items.add(index).read()) } {
                visit(item);
            }
        }
    }
    fn clear(&self) {
        self.clear_items();
    }
}

impl Drop for List {
    fn drop(&mut self) {
        self.clear_items();
    }
}
