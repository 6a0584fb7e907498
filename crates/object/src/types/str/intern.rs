//! The interning table: at most one string of each text.
//!
//! An open-addressing table of strings per interpreter. It owns no reference to
//! a mortal one, which leaves when it dies. Names written in the runtime's
//! source ([`crate::ids`]) and single Latin-1 characters are immortal.

use std::cell::RefCell;

use super::{
    Str,
    storage::{self, IMMORTAL, INTERNED, MORTAL},
};
use crate::{AsObject, Ref, Result, Thread};

/// The table of one interpreter.
#[derive(Default)]
struct Table {
    /// Null: never used; [`GONE`]: was removed.
    slots: Vec<*const Str>,
    used: usize,
    /// Slots that are not null.
    filled: usize,
}

#[derive(Default)]
struct Interned(RefCell<Table>);

const GONE: *const Str = std::ptr::without_provenance(1);

impl Table {
    fn find(&self, hash: isize, matches: impl Fn(&Str) -> bool) -> Option<*const Str> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut index = hash as usize & mask;
        loop {
            let slot = *self.slots.get(index)?;
            if slot.is_null() {
                return None;
            }
            if slot != GONE {
                // SAFETY: a string leaves the table before it dies.
                let string = unsafe { &*slot };
                if string.hash.get() == hash && matches(string) {
                    return Some(slot);
                }
            }
            index = (index + 1) & mask;
        }
    }

    /// Make room for one more; false if memory is out.
    fn reserve(&mut self) -> bool {
        if (self.filled + 1) * 3 < self.slots.len() * 2 {
            return true;
        }
        let size = ((self.used + 1) * 3).next_power_of_two().max(1024);
        let mut slots: Vec<*const Str> = Vec::new();
        if slots.try_reserve_exact(size).is_err() {
            return false;
        }
        slots.resize(size, std::ptr::null());
        let old = std::mem::replace(&mut self.slots, slots);
        (self.used, self.filled) = (0, 0);
        for string in old {
            if !string.is_null() && string != GONE {
                self.insert(string);
            }
        }
        true
    }

    fn insert(&mut self, string: *const Str) {
        let mask = self.slots.len().wrapping_sub(1);
        // SAFETY: a live string.
        let mut index = unsafe { (*string).hash.get() } as usize & mask;
        while let Some(slot) = self.slots.get_mut(index) {
            if slot.is_null() || *slot == GONE {
                self.filled += usize::from(slot.is_null());
                *slot = string;
                self.used += 1;
                return;
            }
            index = (index + 1) & mask;
        }
    }

    fn remove(&mut self, string: &Str) {
        let Some(mask) = self.slots.len().checked_sub(1) else { return };
        let mut index = string.hash.get() as usize & mask;
        while let Some(slot) = self.slots.get_mut(index) {
            if slot.is_null() {
                return;
            }
            if std::ptr::eq(*slot, string) {
                *slot = GONE;
                self.used -= 1;
                return;
            }
            index = (index + 1) & mask;
        }
    }
}

fn table(th: Thread<'_>) -> &'static RefCell<Table> {
    &th.interp().shared.get::<Interned>().0
}

/// A mortal interned string dies.
pub(super) fn forget(th: Thread<'_>, string: &Str) {
    table(th).borrow_mut().remove(string);
}

impl Str {
    /// Whether this is the interned string of its text.
    #[inline(always)]
    pub fn is_interned(&self) -> bool {
        self.state.get() & INTERNED != 0
    }

    /// The interned string of that text.
    pub fn intern(th: Thread<'_>, text: &str) -> Result<Ref<Str>> {
        match Self::interned(th, text) {
            Some(string) => Ok(string),
            None => Self::new(th, text).map(|string| Self::intern_ref(th, string)),
        }
    }

    /// The interned string of an ASCII text of at least two characters, if
    /// there is one.
    pub fn interned(th: Thread<'_>, text: &str) -> Option<Ref<Str>> {
        if !text.is_ascii() || text.len() < 2 {
            return None;
        }
        let hash = storage::hash_bytes(th, text.as_bytes());
        let found = table(th).borrow().find(hash, |other| other.as_ascii() == Some(text))?;
        // SAFETY: a string in the table is alive.
        Some(crate::own(unsafe { &*found }))
    }

    /// The interned string equal to `string`, which becomes it if there is none.
    /// An instance of a subclass stays as it is.
    pub fn intern_ref(th: Thread<'_>, string: Ref<Str>) -> Ref<Str> {
        if string.is_interned() || !string.obj().is_exact::<Str>() {
            return string;
        }
        if string.len() <= 1
            && let Ok(shared) = Self::from_units(th, string.units())
            && shared.is_interned()
        {
            return shared;
        }
        let hash = string.hash(th);
        let table = table(th);
        let found = table.borrow().find(hash, |other| other.eq(&string));
        if let Some(found) = found {
            // SAFETY: a string in the table is alive.
            return crate::own(unsafe { &*found });
        }
        let mut table = table.borrow_mut();
        if table.reserve() {
            string.state.set(string.state.get() | MORTAL);
            table.insert(&raw const *string);
        }
        string
    }

    /// The interned string equal to `string`, never to be freed.
    pub fn intern_immortal(th: Thread<'_>, string: Ref<Str>) -> &'static Str {
        let string = Self::intern_ref(th, string);
        if string.state.get() & INTERNED == MORTAL {
            string.state.set(string.state.get() & !INTERNED | IMMORTAL);
        }
        string.obj().make_immortal();
        // SAFETY: immortal now.
        unsafe { &*string.into_raw().cast::<Str>() }
    }

    /// The interned, immortal string of a literal; aborts when memory is out,
    /// as it runs once per literal.
    pub fn intern_static(th: Thread<'_>, text: &'static str) -> &'static Str {
        match Self::intern(th, text) {
            Ok(string) => Self::intern_immortal(th, string),
            Err(_) => std::process::abort(),
        }
    }
}

/// How many strings are interned.
pub fn interned_count(th: Thread<'_>) -> usize {
    table(th).borrow().used
}
