//! `dict`: a compact, ordered hash table.
//!
//! `ma_keys` points to a block of our own design: an index table and the
//! entries in insertion order. Each change of the set of keys gives the block
//! a new version, so that a cache may remember an entry's position.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{Head, Obj, Ref, Result, Str, Thread, Traverse, alloc_object, raise};

/// A mapping from keys to values.
#[pytype(name = "dict", flags = BASETYPE | DICT_SUBCLASS | MAPPING | MATCH_SELF, layout = abi::PyDictObject, traverse = manual)]
pub struct Dict {
    head: Head,
    used: Cell<isize>,
    watcher_tag: Cell<u64>,
    keys: Cell<*mut std::ffi::c_void>,
    values: Cell<*mut std::ffi::c_void>,
}

impl Traverse for Dict {
    const GC: bool = true;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Dict {
    /// A new empty dict.
    pub fn new(th: Thread<'_>) -> Result<Ref<Dict>> {
        alloc_object::new(
            th,
            Dict {
                head: Head::new(),
                used: Cell::new(0),
                watcher_tag: Cell::new(0),
                keys: Cell::new(std::ptr::null_mut()),
                values: Cell::new(std::ptr::null_mut()),
            },
        )
    }

    /// How many entries.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "named after Python's len()")]
    pub fn len(&self) -> usize {
        self.used.get() as usize
    }

    /// `self[key] = value`.
    pub fn set(&self, th: Thread<'_>, _key: Obj<'_>, _value: Obj<'_>) -> Result<()> {
        raise!(th, NotImplementedError, "dict.__setitem__")
    }

    /// `self.get(key)`.
    pub fn get(&self, th: Thread<'_>, _key: Obj<'_>) -> Result<Option<Ref>> {
        raise!(th, NotImplementedError, "dict.get")
    }

    /// Remove `key`; whether it was there.
    pub fn remove(&self, th: Thread<'_>, _key: Obj<'_>) -> Result<bool> {
        raise!(th, NotImplementedError, "dict.__delitem__")
    }

    /// The value of an exact, preferably interned string key: runs no Python
    /// code, cannot fail, and the result is borrowed from the dict.
    pub fn get_name(&self, _: Thread<'_>, _name: &Str) -> Option<Obj<'_>> {
        None
    }

    /// The first entry at or after `position`, which moves past it. Insertion
    /// order; entries added meanwhile are seen, a resize may skip some.
    pub fn next_entry(&self, _position: &mut usize) -> Option<(Ref, Ref)> {
        None
    }
}

#[pymethods]
impl Dict {}
