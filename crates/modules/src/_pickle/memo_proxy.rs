//! The `memo` attributes: live views of what a pickler or unpickler remembers.
//!
//! Entries are copied out before anything is released, so a finalizer sees the
//! memo as it is after the change.

use std::collections::HashMap;

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Int, Link, Obj, PyStruct, Ref, Result, Thread, Tuple, alloc_object,
    declare::TypeBuilder, raise,
};

use super::{memo::Memo, pickler::Pickler, unpickler::Unpickler};

/// What an unpickler may refer to, by number: the dense part and the rest.
pub(super) type UnpicklerMemo = (Vec<Option<Ref>>, HashMap<usize, Ref>);

/// Beyond a gap of this size entries are kept apart.
const MAX_GAP: usize = 1 << 16;

/// Put an entry where it belongs; the one that was there.
pub(super) fn insert(
    dense: &mut Vec<Option<Ref>>,
    sparse: &mut HashMap<usize, Ref>,
    index: usize,
    value: Ref,
) -> Option<Ref> {
    if index >= dense.len() {
        if index - dense.len() > MAX_GAP {
            return sparse.insert(index, value);
        }
        dense.resize_with(index + 1, || None);
    }
    dense.get_mut(index).and_then(|place| place.replace(value))
}

/// The memo that was assigned to a pickler.
pub(super) fn pickler_entries(th: Thread<'_>, value: Obj<'_>) -> Result<Memo> {
    let mut memo = Memo::default();
    if let Some(proxy) = value.downcast::<PicklerMemoProxy>() {
        let entries = proxy.pickler.get().map(|pickler| entries_of(&pickler)).unwrap_or_default();
        for (_, index, object) in entries {
            memo.insert(index, object);
        }
        return Ok(memo);
    }
    let Some(dict) = value.downcast::<Dict>() else {
        raise!(
            th,
            TypeError,
            "'memo' attribute must be a PicklerMemoProxy object or dict, not {}",
            value.type_name()
        );
    };
    for (key, entry) in dict.items() {
        let Some([index, object]) = entry.obj().downcast::<Tuple>().map(Tuple::items) else {
            raise!(th, TypeError, "'memo' values must be 2-item tuples");
        };
        if !Int::is_int(key.obj()) || !Int::is_int(*index) {
            raise!(th, TypeError, "an integer is required");
        }
        let index = Int::index_to_isize(th, *index)?;
        memo.insert(usize::try_from(index).unwrap_or(0), object.own());
    }
    Ok(memo)
}

/// Address, number and object of what a pickler wrote.
fn entries_of(pickler: &Pickler) -> Vec<(usize, usize, Ref)> {
    pickler.memo.borrow().entries().collect()
}

/// The memo that was assigned to an unpickler.
pub(super) fn unpickler_entries(th: Thread<'_>, value: Obj<'_>) -> Result<UnpicklerMemo> {
    if let Some(proxy) = value.downcast::<UnpicklerMemoProxy>() {
        let copy = |of: Ref<Unpickler>| (of.memo.borrow().clone(), of.sparse_memo.borrow().clone());
        return Ok(proxy.unpickler.get().map(copy).unwrap_or_default());
    }
    let Some(dict) = value.downcast::<Dict>() else {
        raise!(
            th,
            TypeError,
            "'memo' attribute must be an UnpicklerMemoProxy object or dict, not {}",
            value.type_name()
        );
    };
    let (mut dense, mut sparse) = (Vec::new(), HashMap::new());
    for (key, item) in dict.items() {
        if !Int::is_int(key.obj()) {
            raise!(th, TypeError, "memo key must be integers");
        }
        let Ok(index) = usize::try_from(Int::index_to_isize(th, key.obj())?) else {
            raise!(th, ValueError, "memo key must be positive integers.");
        };
        insert(&mut dense, &mut sparse, index, item);
    }
    Ok((dense, sparse))
}

fn reduced(th: Thread<'_>, entries: &Dict) -> Result<Ref<Tuple>> {
    let args = Tuple::from_objs(th, &[entries.obj()])?;
    Tuple::from_objs(th, &[Dict::type_object().obj(), args.obj()])
}

// The memo of a pickler.
#[pytype(name = "_pickle.PicklerMemoProxy", flags = 0)]
pub(super) struct PicklerMemoProxy {
    head: Head,
    pickler: Link<Pickler>,
}

impl PicklerMemoProxy {
    pub(super) fn new(th: Thread<'_>, pickler: Ref<Pickler>) -> Result<Ref<PicklerMemoProxy>> {
        alloc_object::new(th, PicklerMemoProxy { head: Head::new(), pickler: Link::new(pickler) })
    }
}

#[pymethods]
impl PicklerMemoProxy {
    #[declare]
    fn unhashable(builder: &mut TypeBuilder<'_>) {
        builder.unhashable();
    }

    /// Remove all items from memo.
    #[sig = "($self, /)"]
    fn clear(&self, _: Thread<'_>) {
        if let Some(pickler) = self.pickler.get() {
            let memo = pickler.memo.take();
            drop(memo);
        }
    }

    /// Copy the memo to a new object.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        let Some(pickler) = self.pickler.get() else { return Ok(dict) };
        for (key, index, object) in entries_of(&pickler) {
            let entry = Tuple::from_array(th, [Int::from_usize(th, index)?, object])?;
            dict.set(th, Int::from_u64(th, key as u64)?.obj(), entry.obj())?;
        }
        Ok(dict)
    }

    /// Implement pickle support.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        reduced(th, &*self.copy(th)?)
    }
}

// The memo of an unpickler.
#[pytype(name = "_pickle.UnpicklerMemoProxy", flags = 0)]
pub(super) struct UnpicklerMemoProxy {
    head: Head,
    unpickler: Link<Unpickler>,
}

impl UnpicklerMemoProxy {
    pub(super) fn new(
        th: Thread<'_>,
        unpickler: Ref<Unpickler>,
    ) -> Result<Ref<UnpicklerMemoProxy>> {
        let proxy = UnpicklerMemoProxy { head: Head::new(), unpickler: Link::new(unpickler) };
        alloc_object::new(th, proxy)
    }
}

#[pymethods]
impl UnpicklerMemoProxy {
    #[declare]
    fn unhashable(builder: &mut TypeBuilder<'_>) {
        builder.unhashable();
    }

    /// Remove all items from memo.
    #[sig = "($self, /)"]
    fn clear(&self, _: Thread<'_>) {
        if let Some(unpickler) = self.unpickler.get() {
            let memo = (unpickler.memo.take(), unpickler.sparse_memo.take());
            drop(memo);
        }
    }

    /// Copy the memo to a new object.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        let Some(unpickler) = self.unpickler.get() else { return Ok(dict) };
        let dense = unpickler.memo.borrow().clone();
        let sparse = unpickler.sparse_memo.borrow().clone();
        let dense = dense.into_iter().enumerate().filter_map(|(i, item)| Some((i, item?)));
        for (index, item) in dense.chain(sparse) {
            dict.set(th, Int::from_usize(th, index)?.obj(), item.obj())?;
        }
        Ok(dict)
    }

    /// Implement pickle support.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        reduced(th, &*self.copy(th)?)
    }
}
