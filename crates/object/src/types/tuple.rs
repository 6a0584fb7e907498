//! `tuple`: an immutable sequence of references.
//!
//! Items follow the 32-byte header (`ob_hash` caches the hash, -1 = unset).
//! A tuple is filled once, while nobody else has seen it.

use std::{cell::Cell, ptr::NonNull};

use macros::{pymethods, pytype};

use abi::PyObject;

use crate::{
    Obj, PyStruct, Ref, Result, Thread, Traverse, Type, VarHead, alloc_object, gc,
    reference::objects,
};

/// Built-in immutable sequence.
///
/// If no argument is given, the constructor returns an empty tuple.
/// If iterable is specified the tuple is initialized from iterable's items.
///
/// If the argument is a tuple, the return value is the same object.
#[pytype(name = "tuple", sig = "(iterable=(), /)", flags = BASETYPE | TUPLE_SUBCLASS | SEQUENCE | MATCH_SELF, itemsize = 8, traverse = manual)]
pub struct Tuple {
    head: VarHead,
    hash: Cell<isize>,
    // The items follow.
}

impl Tuple {
    /// The items.
    #[inline]
    pub fn items(&self) -> &[Obj<'_>] {
        // SAFETY: the items follow the struct; a published tuple has no nulls.
        let first = unsafe { std::ptr::from_ref(self).add(1) };
        // SAFETY: `ob_size` non-null items that live as long as the tuple.
        unsafe { objects(first.cast(), self.head.size() as usize) }
    }

    /// Mark the hash of a fresh tuple as not computed.
    pub(crate) fn unset_hash(tuple: NonNull<PyObject>) {
        // SAFETY: fresh memory for a tuple.
        unsafe { tuple.cast::<Tuple>().as_ref() }.hash.set(-1);
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

    /// A new tuple of `items`.
    pub fn from_objs(th: Thread<'_>, items: &[Obj<'_>]) -> Result<Ref<Tuple>> {
        Self::from_refs(th, items.iter().map(|item| item.own()).collect())
    }

    /// A new instance of `cls` that takes over `items`.
    pub fn fill(th: Thread<'_>, cls: &Type, items: Vec<Ref>) -> Result<Ref<Tuple>> {
        let tuple = alloc_object::alloc_raw(th, cls, items.len(), 0)?;
        // SAFETY: fresh memory for a tuple with room for the items.
        let this = unsafe { tuple.cast::<Tuple>().as_ref() };
        this.hash.set(-1);
        this.head.set_size(items.len() as isize);
        // SAFETY: the items follow the struct.
        let first: *mut *mut PyObject = unsafe { tuple.cast::<Tuple>().add(1) }.as_ptr().cast();
        for (i, item) in items.into_iter().enumerate() {
            // SAFETY: `i` is below the number of items allocated.
            unsafe { first.add(i).write(item.into_raw()) };
        }
        // SAFETY: a complete gc object.
        unsafe { gc::track(th.heap(), tuple) };
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(tuple) })
    }
}

impl Traverse for Tuple {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.items().iter().for_each(|item| visit(*item));
    }
}

impl Drop for Tuple {
    fn drop(&mut self) {
        for item in self.items() {
            // SAFETY: the tuple owned its items and nobody reads them again.
            drop(unsafe {
                Ref::<crate::Object>::from_owned(NonNull::new_unchecked(item.as_ptr()))
            });
        }
    }
}

#[pymethods]
impl Tuple {}
