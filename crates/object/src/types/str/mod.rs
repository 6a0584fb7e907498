//! `str`: PEP 393 strings, 1, 2 or 4 bytes per character.
//!
//! An exact string is compact: the characters follow the header (40 bytes for
//! ASCII, 56 otherwise). Instances of subclasses are not: they point to their
//! characters. `hash` is -1 until computed; an interned string is unique.

mod builder;
pub mod codec;
mod intern;
mod storage;

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{Head, Obj};

pub use builder::StrBuilder;
pub use storage::{Width, empty, hash_bytes, init, latin1};

/// Create a new string object from the given object.
#[pytype(name = "str", flags = BASETYPE | UNICODE_SUBCLASS | MATCH_SELF, basicsize = size_of::<abi::PyUnicodeObject>(), traverse = manual)]
pub struct Str {
    head: Head,
    length: Cell<isize>,
    hash: Cell<isize>,
    /// Interned bits 0–1, kind 2–4, compact 5, ascii 6.
    state: Cell<u32>,
    // Compact: characters for ASCII; else UTF-8 length and pointer, then characters.
}

/// Whether `object` is a string of exactly that text.
pub fn str_eq(object: Obj<'_>, text: &str) -> bool {
    object.downcast::<Str>().is_some_and(|string| string.eq_str(text))
}

#[pymethods]
impl Str {}
