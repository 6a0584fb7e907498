//! The iterators over dicts and their views, forwards and backwards.
//!
//! An iterator remembers how many entries the dict had; a different number is
//! an error at the next step. It lets go of the dict at the end.

use std::cell::Cell;

use macros::{pymethods, pytype};

use super::Dict;
use crate::{
    AsObject, Head, Link, List, Obj, Raised, Ref, Result, Thread, Tuple, alloc_object, error, id,
    own, raise,
};

/// What an iterator yields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Keys,
    Values,
    Items,
}

/// What an iterator of that kind yields for entry `index` of the dict.
#[inline(always)]
fn pick(
    th: Thread<'_>,
    kind: Kind,
    kept: &Link<Tuple>,
    dict: &Dict,
    index: usize,
) -> Result<Option<Ref>> {
    Ok(match kind {
        Kind::Keys => dict.key_at(index).map(Obj::own),
        Kind::Values => dict.value_at(index).map(Obj::own),
        Kind::Items => match dict.entry(index) {
            Some((key, value)) => Some(Tuple::pair(th, kept, key, value)?.upcast()),
            None => None,
        },
    })
}

#[cold]
fn changed(th: Thread<'_>, message: &str) -> Raised {
    error!(th, RuntimeError, "{message}")
}

/// Where an iterator is.
struct State<'a> {
    dict: &'a Link<Dict>,
    used: &'a Cell<isize>,
    position: &'a Cell<isize>,
    left: &'a Cell<isize>,
}

impl State<'_> {
    /// The dict and the index of the next entry; the borrow ends with the step.
    #[inline(always)]
    fn step(&self, th: Thread<'_>, reverse: bool) -> Result<Option<(&Dict, usize)>> {
        // SAFETY: the link is assigned below only when the borrow is over.
        let Some(dict) = (unsafe { self.dict.peek() }) else { return Ok(None) };
        // SAFETY: the link holds a dict.
        let dict = unsafe { dict.cast::<Dict>() };
        if self.used.get() != dict.len() as isize {
            self.used.set(-1);
            return Err(changed(th, "dictionary changed size during iteration"));
        }
        let entries = dict.entries() as isize;
        let mut position = self.position.get();
        if reverse {
            // COMPAT: test_dict, test_reversed_dict_after_clear_and_restore.
            if position >= entries {
                position = -1;
            }
            while position >= 0 && dict.key_at(position as usize).is_none() {
                position -= 1;
            }
        } else {
            while position < entries && dict.key_at(position as usize).is_none() {
                position += 1;
            }
        }
        if position < 0 || position >= entries {
            self.dict.take();
            return Ok(None);
        }
        let left = self.left.get();
        if left == 0 {
            self.dict.take();
            return Err(changed(th, "dictionary keys changed during iteration"));
        }
        self.position.set(if reverse { position - 1 } else { position + 1 });
        self.left.set(left - 1);
        Ok(Some((dict, position as usize)))
    }

    fn length_hint(&self) -> isize {
        match self.dict.get() {
            Some(dict) if dict.len() as isize == self.used.get() => self.left.get(),
            _ => 0,
        }
    }

    /// `(iter, ([what is left],))`.
    fn reduce(&self, th: Thread<'_>, kind: Kind, reverse: bool) -> Result<Ref<Tuple>> {
        let dict = Link::from_option(self.dict.get());
        let copy = State {
            dict: &dict,
            used: &self.used.clone(),
            position: &self.position.clone(),
            left: &self.left.clone(),
        };
        let mut items = Vec::new();
        while let Some((dict, index)) = copy.step(th, reverse)? {
            items.extend(pick(th, kind, &Link::null(), dict, index)?);
        }
        reduce_to_list(th, items)
    }
}

/// `(iter, (list,))`, how iterators are pickled.
pub(crate) fn reduce_to_list(th: Thread<'_>, items: Vec<Ref>) -> Result<Ref<Tuple>> {
    let list = List::from_refs(th, items)?.upcast();
    let iter = match th.interp().builtins.get() {
        Some(builtins) => builtins.get(th, id!(th, "iter").obj())?,
        None => None,
    };
    let Some(iter) = iter else { raise!(th, AttributeError, "iter") };
    Tuple::from_array(th, [iter, Tuple::from_refs(th, vec![list])?.upcast()])
}

macro_rules! iterators {
    ($($(#[$doc:meta])* $ty:ident $name:tt $c_name:tt $kind:ident $reverse:tt;)*) => { $(
        $(#[$doc])*
        #[pytype(name = $name, c_name = $c_name, flags = DISALLOW_INSTANTIATION)]
        pub struct $ty {
            head: Head,
            dict: Link<Dict>,
            used: Cell<isize>,
            position: Cell<isize>,
            result: Link<Tuple>,
            left: Cell<isize>,
        }

        impl $ty {
            /// Iterate over `dict`.
            pub fn new(th: Thread<'_>, dict: &Dict) -> Result<Ref<$ty>> {
                let used = dict.len() as isize;
                alloc_object::new_in_place(
                    th,
                    $ty {
                        head: Head::new(),
                        dict: Link::new(own(dict)),
                        used: Cell::new(used),
                        position: Cell::new(if $reverse { dict.entries() as isize - 1 } else { 0 }),
                        result: Link::null(),
                        left: Cell::new(used),
                    },
                )
            }

            #[inline(always)]
            fn state(&self) -> State<'_> {
                let Self { dict, used, position, left, .. } = self;
                State { dict, used, position, left }
            }

            /// The next item.
            #[inline]
            pub fn advance(&self, th: Thread<'_>) -> Result<Option<Ref>> {
                match self.state().step(th, $reverse)? {
                    Some((dict, index)) => pick(th, Kind::$kind, &self.result, dict, index),
                    None => Ok(None),
                }
            }
        }

        #[pymethods]
        impl $ty {
            fn __iter__(&self, _: Thread<'_>) -> Ref {
                self.obj().own()
            }

            fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
                self.advance(th)
            }

            /// Private method returning an estimate of len(list(it)).
            #[sig = "($self, /)"]
            fn __length_hint__(&self, _: Thread<'_>) -> isize {
                self.state().length_hint()
            }

            /// Return state information for pickling.
            #[sig = "($self, /)"]
            fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
                self.state().reduce(th, Kind::$kind, $reverse)
            }
        }
    )* };
}

impl ItemIterator {
    /// The next key and value.
    #[inline]
    pub fn next_pair(&self, th: Thread<'_>) -> Result<Option<(Ref, Ref)>> {
        match self.state().step(th, false)? {
            Some((dict, index)) => Ok(dict.entry(index)),
            None => Ok(None),
        }
    }

    /// The next key and value, if the next entry has them; does nothing otherwise.
    #[inline(always)]
    pub fn pair_at_hand(&self) -> Option<(Ref, Ref)> {
        // SAFETY: nothing lets go of the dict meanwhile.
        let dict = unsafe { self.dict.peek() }?;
        // SAFETY: the link holds a dict.
        let dict = unsafe { dict.cast::<Dict>() };
        let (position, left) = (self.position.get(), self.left.get());
        if self.used.get() != dict.len() as isize || left == 0 {
            return None;
        }
        let pair = dict.entry(usize::try_from(position).ok()?)?;
        self.position.set(position + 1);
        self.left.set(left - 1);
        Some(pair)
    }
}

iterators! {
    #[allow(missing_docs, reason = "an iterator has no docstring")]
    KeyIterator "dict_keyiterator" "PyDictIterKey_Type" Keys false;
    #[allow(missing_docs, reason = "an iterator has no docstring")]
    ValueIterator "dict_valueiterator" "PyDictIterValue_Type" Values false;
    #[allow(missing_docs, reason = "an iterator has no docstring")]
    ItemIterator "dict_itemiterator" "PyDictIterItem_Type" Items false;
    #[allow(missing_docs, reason = "an iterator has no docstring")]
    ReverseKeyIterator "dict_reversekeyiterator" "PyDictRevIterKey_Type" Keys true;
    #[allow(missing_docs, reason = "an iterator has no docstring")]
    ReverseValueIterator "dict_reversevalueiterator" "PyDictRevIterValue_Type" Values true;
    #[allow(missing_docs, reason = "an iterator has no docstring")]
    ReverseItemIterator "dict_reverseitemiterator" "PyDictRevIterItem_Type" Items true;
}
