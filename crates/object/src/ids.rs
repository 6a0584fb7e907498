//! Interned names: `id!("append")` is the one immortal `str` of that text.
//!
//! Each use site has a static that is filled in on first use, so a name needs
//! no central list. Attribute and keyword names compare by identity first.

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

/// The interned `&'static Str` of a literal: `id!(th, "append")`.
#[macro_export]
macro_rules! id {
    ($th:expr, $text:literal) => {{
        static NAME: $crate::ids::Name = $crate::ids::Name::new($text);
        NAME.get($th)
    }};
}
