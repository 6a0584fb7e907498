//! Methods and slots of `list`.

use macros::pymethods;

use crate::{
    AsObject, CompareOp, Dict, IntoObject, Link, Obj, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object,
    protocol::compare,
    raise,
    types::{
        generic_alias,
        iter::list::{ListIterator, ListReverseIterator},
        repr_guard,
        singletons::not_implemented_ref,
        slice::{Slice, Unpacked, search_bound, subscript_index},
        tuple::{repeated_len, repr_items, write_repeated},
    },
};

use super::List;

#[pymethods]
impl List {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref> {
        alloc_object::alloc(th, cls, List::empty()).map(Ref::upcast)
    }

    #[sig = "list(iterable=(), /)"]
    fn __init__(&self, th: Thread<'_>, iterable: Option<Obj<'_>>) -> Result<()> {
        self.clear_items();
        match iterable {
            Some(iterable) => self.extend(th, iterable),
            None => Ok(()),
        }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if self.len() == 0 {
            return Str::new(th, "[]");
        }
        let Some(_guard) = repr_guard::enter(th, self.obj()) else { return Str::new(th, "[...]") };
        repr_items(th, "[", "]", |index| self.slot(index).map(Link::get))
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<List>() else { return Ok(not_implemented_ref()) };
        if self.len() != other.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return (op == CompareOp::Ne).into_object(th);
        }
        // PERF: while no code can run, without counting references.
        // SAFETY: both are read before anything else runs.
        let (mine, theirs) = unsafe { (self.items(), other.items()) };
        let same = |(a, b): &(&Obj<'_>, &Obj<'_>)| compare::eq_plain(**a, **b) == Some(true);
        let mut index = mine.iter().zip(theirs).take_while(same).count();
        while let (Some(a), Some(b)) = (self.get(index), other.get(index)) {
            if compare::eq(th, a.obj(), b.obj())? {
                index += 1;
                continue;
            }
            // Comparing may have changed the lists.
            let (Some(a), Some(b)) = (self.get(index), other.get(index)) else { break };
            return match op {
                CompareOp::Eq => false.into_object(th),
                CompareOp::Ne => true.into_object(th),
                _ => compare::rich_compare(th, a.obj(), b.obj(), op),
            };
        }
        op.of(self.len().cmp(&other.len())).into_object(th)
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        ListIterator::new(th, self).map(Ref::upcast)
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn __contains__(&self, th: Thread<'_>, value: Obj<'_>) -> Result<bool> {
        Ok(self.position(th, value, 0, usize::MAX)?.is_some())
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result<Ref> {
        match usize::try_from(index).ok().and_then(|index| self.get(index)) {
            Some(item) => Ok(item),
            None => raise!(th, IndexError, "list index out of range"),
        }
    }

    fn sq_ass_item(&self, th: Thread<'_>, index: isize, value: Option<Obj<'_>>) -> Result<()> {
        let Some(index) = usize::try_from(index).ok().filter(|index| *index < self.len()) else {
            raise!(th, IndexError, "list assignment index out of range");
        };
        match value {
            // In range, so nothing comes back.
            Some(value) => drop(self.set(index, value.own())),
            None => drop(self.remove(th, index)),
        }
        Ok(())
    }

    /// Return self[index].
    #[coexist]
    #[sig = "($self, index, /)"]
    #[name = "__getitem__"]
    fn getitem_method(&self, th: Thread<'_>, index: Obj<'_>) -> Result<Ref> {
        self.mp_subscript(th, index)
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        if let Some(slice) = key.downcast::<Slice>() {
            let span = slice.unpack(th)?.adjust(self.len());
            let list = List::with_capacity(th, span.len)?;
            for position in span.positions() {
                if let Some(item) = self.get(position) {
                    list.push(th, item)?;
                }
            }
            return Ok(list.upcast());
        }
        let mut index = subscript_index(th, key, "list")?;
        if index < 0 {
            index += self.len() as isize;
        }
        self.sq_item(th, index)
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if let Some(slice) = key.downcast::<Slice>() {
            return match value {
                Some(value) => self.assign_slice(th, slice, value),
                None => self.delete_slice(th, slice),
            };
        }
        let mut index = subscript_index(th, key, "list")?;
        if index < 0 {
            index += self.len() as isize;
        }
        self.sq_ass_item(th, index, value)
    }

    fn sq_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        let Some(other) = other.downcast::<List>() else {
            let got = other.type_name();
            raise!(th, TypeError, "can only concatenate list (not \"{got}\") to list");
        };
        let list = List::with_capacity(th, self.len() + other.len())?;
        for source in [self, other] {
            // SAFETY: appending to another list runs no Python code.
            list.append_all(th, unsafe { source.items() })?;
        }
        Ok(list.upcast())
    }

    fn sq_repeat(&self, th: Thread<'_>, count: isize) -> Result<Ref> {
        let total = repeated_len(th, self.len(), count)?;
        let list = List::with_capacity(th, total)?;
        if total != 0 {
            let times = total / self.len();
            // SAFETY: a new list with room for the items; counting runs no code.
            unsafe { write_repeated(list.items.get(), self.items(), times) };
            list.head.set_size(total as isize);
        }
        Ok(list.upcast())
    }

    fn sq_inplace_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        self.extend(th, other)?;
        Ok(self.obj().own())
    }

    fn sq_inplace_repeat(&self, th: Thread<'_>, count: isize) -> Result<Ref> {
        if count < 1 {
            self.clear_items();
        } else if self.len() > 0 && count > 1 {
            let total = repeated_len(th, self.len(), count)?;
            let items = self.to_vec();
            self.grow_to(th, total)?;
            for _ in 1..count {
                self.append_all(th, crate::args::borrow_all(&items))?;
            }
        }
        Ok(self.obj().own())
    }

    /// Append object to the end of the list.
    #[sig = "($self, object, /)"]
    fn append(&self, th: Thread<'_>, object: Ref) -> Result<()> {
        self.push(th, object)
    }

    /// Remove all items from list.
    #[sig = "($self, /)"]
    fn clear(&self, _: Thread<'_>) {
        self.clear_items();
    }

    /// Return a shallow copy of the list.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<List>> {
        // SAFETY: the new list is filled before anything else runs.
        List::from_objs(th, unsafe { self.items() })
    }

    /// Return number of occurrences of value.
    #[sig = "($self, value, /)"]
    fn count(&self, th: Thread<'_>, value: Obj<'_>) -> Result<usize> {
        let (mut count, mut index) = (0, 0);
        while let Some(item) = self.get(index) {
            count += usize::from(compare::eq(th, item.obj(), value)?);
            index += 1;
        }
        Ok(count)
    }

    /// Extend list by appending elements from the iterable.
    #[sig = "($self, iterable, /)"]
    #[name = "extend"]
    fn extend_method(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result<()> {
        self.extend(th, iterable)
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
        let len = self.len();
        let start = Unpacked { start, stop: 0, step: 1 }.adjust(len).start as usize;
        let stop = if stop < 0 { stop.saturating_add(len as isize).max(0) } else { stop } as usize;
        match self.position(th, value, start, stop)? {
            Some(index) => Ok(index),
            None => raise!(th, ValueError, "list.index(x): x not in list"),
        }
    }

    /// Insert object before index.
    #[sig = "($self, index, object, /)"]
    #[name = "insert"]
    fn insert_method(&self, th: Thread<'_>, index: isize, object: Ref) -> Result<()> {
        let len = self.len() as isize;
        let index = if index < 0 { (index.saturating_add(len)).max(0) } else { index };
        self.insert(th, index as usize, object)
    }

    /// Remove and return item at index (default last).
    ///
    /// Raises IndexError if list is empty or index is out of range.
    #[sig = "($self, index=-1, /)"]
    fn pop(&self, th: Thread<'_>, index: isize) -> Result<Ref> {
        let len = self.len();
        if len == 0 {
            raise!(th, IndexError, "pop from empty list");
        }
        let index = if index < 0 { index + len as isize } else { index };
        match usize::try_from(index).ok().and_then(|index| self.remove(th, index)) {
            Some(item) => Ok(item),
            None => raise!(th, IndexError, "pop index out of range"),
        }
    }

    /// Remove first occurrence of value.
    ///
    /// Raises ValueError if the value is not present.
    #[sig = "($self, value, /)"]
    #[name = "remove"]
    fn remove_method(&self, th: Thread<'_>, value: Obj<'_>) -> Result<()> {
        match self.position(th, value, 0, usize::MAX)? {
            Some(index) => self.remove_range(th, index, index + 1),
            None => raise!(th, ValueError, "list.remove(x): x not in list"),
        }
    }

    /// Reverse *IN PLACE*.
    #[sig = "($self, /)"]
    pub(crate) fn reverse(&self, _: Thread<'_>) {
        // SAFETY: exchanging slots runs no code.
        unsafe { self.slots() }.reverse();
    }

    /// Sort the list in ascending order and return None.
    ///
    /// The sort is in-place (i.e. the list itself is modified) and stable
    /// (i.e. the order of two equal elements is maintained).
    ///
    /// If a key function is given, apply it once to each list item and sort
    /// them, ascending or descending, according to their function values.
    ///
    /// The reverse flag can be set to sort in descending order.
    #[sig = "($self, /, *, key=None, reverse=False)"]
    #[name = "sort"]
    fn sort_method(&self, th: Thread<'_>, key: Option<Obj<'_>>, reverse: bool) -> Result<()> {
        self.sort_by(th, key.filter(|key| !key.is_none()), reverse)
    }

    /// Return a reverse iterator over the list.
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result<Ref> {
        ListReverseIterator::new(th, self).map(Ref::upcast)
    }

    /// Return the size of the list in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        self.obj().ty().basicsize() + self.capacity() * size_of::<*mut abi::PyObject>()
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        generic_alias::new(th, cls.obj(), object)
    }

    #[declare]
    fn fast_call(builder: &mut crate::declare::TypeBuilder<'_>) {
        builder.vectorcall(construct);
    }
}

fn construct(
    th: Thread<'_>,
    ty: &Type,
    args: &[Obj<'_>],
    names: &[Obj<'_>],
    _: &[Obj<'_>],
) -> Result<Ref> {
    if !names.is_empty() {
        raise!(th, TypeError, "list() takes no keyword arguments");
    }
    let list = alloc_object::alloc(th, ty, List::empty())?;
    match args {
        [] => {}
        [iterable] => list.extend(th, *iterable)?,
        many => raise!(th, TypeError, "list expected at most 1 argument, got {}", many.len()),
    }
    Ok(list.upcast())
}
