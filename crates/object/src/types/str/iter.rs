//! Iterators over the characters of a string: one for ASCII, one for the rest.

use std::cell::Cell;

use macros::{pymethods, pytype};

use super::{Str, latin1};
use crate::{AsObject, Head, Int, IntoObject, Link, Obj, Ref, Result, Thread, Tuple, alloc_object};

/// The builtin function `iter`, for `__reduce__`.
pub(crate) fn builtin_iter(th: Thread<'_>) -> Result {
    crate::protocol::generic::builtin(th, crate::id!(th, "iter"))
}

macro_rules! string_iterator {
    ($name:ident, $python:literal, $c_name:literal, $doc:literal, |$th:ident, $string:ident, $index:ident| $item:expr) => {
        #[doc = $doc]
        #[pytype(name = $python, c_name = $c_name)]
        pub struct $name {
            head: Head,
            index: Cell<isize>,
            string: Link<Str>,
        }

        #[pymethods]
        impl $name {
            fn __iter__(&self, _: Thread<'_>) -> Result {
                Ok(self.obj().own())
            }

            fn __next__(&self, $th: Thread<'_>) -> Result<Option<Ref<Str>>> {
                // SAFETY: the link is not assigned while the borrow lives.
                let Some(object) = (unsafe { self.string.peek() }) else { return Ok(None) };
                // SAFETY: the link holds strings only.
                let $string = unsafe { object.cast::<Str>() };
                let $index = self.index.get() as usize;
                if $index >= $string.len() {
                    self.string.take();
                    return Ok(None);
                }
                self.index.set($index as isize + 1);
                $item.map(Some)
            }

            /// Private method returning an estimate of len(list(it)).
            #[sig = "($self, /)"]
            fn __length_hint__(&self, _: Thread<'_>) -> isize {
                self.string.get().map_or(0, |string| string.len() as isize - self.index.get())
            }

            /// Return state information for pickling.
            #[sig = "($self, /)"]
            fn __reduce__(&self, th: Thread<'_>) -> Result {
                // Looking iter up may run code that advances this iterator.
                let iter = builtin_iter(th)?;
                match self.string.get() {
                    Some(string) => {
                        let args = Tuple::from_array(th, [string.upcast()])?;
                        (iter, args, self.index.get()).into_object(th)
                    }
                    None => {
                        let args = Tuple::from_array(th, [Str::empty(th).upcast()])?;
                        (iter, args).into_object(th)
                    }
                }
            }

            /// Set state information for unpickling.
            #[sig = "($self, state, /)"]
            fn __setstate__(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
                let index = Int::index_to_isize(th, state)?;
                if let Some(string) = self.string.get() {
                    self.index.set(index.clamp(0, string.len() as isize));
                }
                Ok(())
            }
        }
    };
}

string_iterator!(
    StrAsciiIterator,
    "str_ascii_iterator",
    "_PyUnicodeASCIIIter_Type",
    "Iterates over an ASCII string.",
    |th, string, index| {
        let _ = th;
        Ok(crate::own(latin1(string.storage().get(index).copied().unwrap_or(0))))
    }
);

string_iterator!(
    StrIterator,
    "str_iterator",
    "PyUnicodeIter_Type",
    "Iterates over the characters of a string.",
    |th, string, index| Str::from_char(th, string.get(index).unwrap_or(0))
);

/// `iter(string)`.
pub(crate) fn iter(th: Thread<'_>, string: &Str) -> Result {
    let (head, index, link) = (Head::new(), Cell::new(0), Link::new(crate::own(string)));
    if string.is_ascii() {
        return alloc_object::new(th, StrAsciiIterator { head, index, string: link })
            .map(Ref::upcast);
    }
    alloc_object::new(th, StrIterator { head, index, string: link }).map(Ref::upcast)
}
