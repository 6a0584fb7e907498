//! Interned names: `id!("append")` is the one immortal `str` of that text.
//!
//! Each use site has a static that is filled in on first use, so a name needs
//! no central list: the linker puts the statics side by side. Attribute and
//! keyword names compare by identity first.

use std::{
    ptr::null_mut,
    sync::atomic::{AtomicPtr, Ordering},
};

use crate::{Str, Thread};

/// A name that is interned on first use.
pub struct Name {
    text: &'static str,
    object: AtomicPtr<Str>,
}

impl Name {
    /// The name `text`.
    pub const fn new(text: &'static str) -> Self {
        Name { text, object: AtomicPtr::new(null_mut()) }
    }

    /// The interned string.
    #[inline]
    pub fn get(&self, th: Thread<'_>) -> &'static Str {
        let object = self.object.load(Ordering::Relaxed);
        if object.is_null() {
            return self.fill(th);
        }
        // SAFETY: set once to an immortal string.
        unsafe { &*object }
    }

    #[cold]
    fn fill(&self, th: Thread<'_>) -> &'static Str {
        let object = Str::intern_static(th, self.text);
        self.object.store(std::ptr::from_ref(object).cast_mut(), Ordering::Relaxed);
        object
    }
}

/// Strings that are no names and that CPython has as constants, too (`_Py_STR`). COMPAT: test_sys,
/// test_subinterp_intern_statically_allocated.
const LITERALS: [&str; 13] = [
    ".defaults",
    ".format",
    ".kwdefaults",
    "<dictcomp>",
    "<genexpr>",
    "<lambda>",
    "<listcomp>",
    "<module>",
    "<setcomp>",
    "<string>",
    "utf-8",
    "{{",
    "}}",
];

/// Intern every name of the runtime.
pub(crate) fn intern_all(th: Thread<'_>) {
    unsafe extern "C" {
        #[link_name = "__start_krait_names"]
        static START: u8;
        #[link_name = "__stop_krait_names"]
        static STOP: u8;
    }
    let (start, stop) = ((&raw const START).cast::<Name>(), (&raw const STOP).cast::<Name>());
    // SAFETY: the linker's names for the two ends of the section, in which there
    // is nothing but what `id!` puts there.
    let names = unsafe { std::slice::from_raw_parts(start, stop.offset_from_unsigned(start)) };
    for name in names {
        name.get(th);
    }
    for literal in LITERALS {
        Str::intern_static(th, literal);
    }
}

/// The interned `&'static Str` of a literal: `id!(th, "append")`.
#[macro_export]
macro_rules! id {
    ($th:expr, $text:literal) => {{
        // SAFETY: the section holds `Name`s only (`ids::intern_all`).
        // Used, or the optimiser takes it apart.
        #[unsafe(link_section = "krait_names")]
        #[used]
        static NAME: $crate::ids::Name = $crate::ids::Name::new($text);
        NAME.get($th)
    }};
}
