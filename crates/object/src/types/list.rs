//! `list`: a growable array of references.
//!
//! A list owns `allocated` slots and uses the first `ob_size` of them. Growth
//! is geometric with CPython's constants, because `sys.getsizeof` and a good
//! many tests observe it. Comparing or hashing an element can run Python code
//! that resizes this very list, so no borrow of the items outlives a call that
//! takes a `Thread`: iterate by index and re-read the length.

use std::{cell::Cell, ptr::NonNull};

use macros::{pymethods, pytype};

use abi::PyObject;

use crate::{Obj, Ref, Result, Thread, Traverse, VarHead, alloc_object};

/// Built-in mutable sequence.
///
/// If no argument is given, the constructor creates a new empty list.
/// The argument must be an iterable if specified.
#[pytype(name = "list", sig = "(iterable=(), /)", flags = BASETYPE | LIST_SUBCLASS | SEQUENCE | MATCH_SELF, layout = abi::PyListObject, traverse = manual)]
pub struct List {
    head: VarHead,
    items: Cell<*mut *mut PyObject>,
    allocated: Cell<isize>,
}

impl List {
    /// A new empty list.
    pub fn new(th: Thread<'_>) -> Result<Ref<List>> {
        alloc_object::new(
            th,
            List {
                head: VarHead::new(0),
                items: Cell::new(std::ptr::null_mut()),
                allocated: Cell::new(0),
            },
        )
    }

    /// A new list that takes over `items`.
    pub fn from_refs(th: Thread<'_>, items: Vec<Ref>) -> Result<Ref<List>> {
        let list = Self::new(th)?;
        for item in items {
            list.push(th, item)?;
        }
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

    /// `append`.
    pub fn push(&self, th: Thread<'_>, item: Ref) -> Result<()> {
        let size = self.head.size();
        if size == self.allocated.get() {
            let wanted = (size + 1 + ((size + 1) >> 3) + 6) & !3;
            let Ok(layout) = std::alloc::Layout::array::<*mut PyObject>(wanted as usize) else {
                return Err(th.no_memory());
            };
            // SAFETY: null or allocated here with `allocated` slots.
            let items = unsafe { libc_realloc(self.items.get().cast(), layout.size()) };
            if items.is_null() {
                return Err(th.no_memory());
            }
            self.items.set(items.cast());
            self.allocated.set(wanted);
        }
        // SAFETY: `size < allocated`.
        unsafe { self.items.get().add(size as usize).write(item.into_raw()) };
        self.head.set_size(size + 1);
        Ok(())
    }
}

unsafe extern "C" {
    #[link_name = "realloc"]
    fn libc_realloc(ptr: *mut u8, size: usize) -> *mut u8;
    #[link_name = "free"]
    fn libc_free(ptr: *mut u8);
}

impl Traverse for List {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        // SAFETY: visiting changes nothing.
        unsafe { self.items() }.iter().for_each(|item| visit(*item));
    }
    fn clear(&self) {
        let (items, size) = (self.items.replace(std::ptr::null_mut()), self.head.size());
        self.head.set_size(0);
        self.allocated.set(0);
        for i in 0..size as usize {
            // SAFETY: the slots were owned and are out of the list's reach now.
            drop(unsafe {
                Ref::<crate::Object>::from_owned(NonNull::new_unchecked(items.add(i).read()))
            });
        }
        // SAFETY: null or allocated by `push`.
        unsafe { libc_free(items.cast()) };
    }
}

impl Drop for List {
    fn drop(&mut self) {
        Traverse::clear(self);
    }
}

#[pymethods]
impl List {}
