//! The interning table: each interpreter sees at most one string of each text.
//!
//! One open-addressing table of the strings of all interpreters. It owns no
//! reference to a mortal one, which only the interpreter that interned it sees
//! and which leaves when it dies. Names written in the runtime's source
//! ([`crate::ids`]) and single Latin-1 characters are immortal and everyone's.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    Str,
    storage::{self, IMMORTAL, INTERNED, MORTAL},
};
use crate::{AsObject, Ref, Result, Thread};

#[derive(Default)]
struct Table {
    slots: Vec<Slot>,
    used: usize,
    /// Slots that are not null.
    filled: usize,
}

#[derive(Default)]
struct Interned(RefCell<Table>);

/// The address of a string with the number of the interpreter that interned it
/// in the bits that addresses leave free; or [`Slot::NEVER`] or [`Slot::GONE`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot(*const Str);

impl Slot {
    /// Never used.
    const NEVER: Slot = Slot(std::ptr::null());
    /// What was here has been removed.
    const GONE: Slot = Slot(std::ptr::without_provenance(1));
    /// User space ends below this bit on every 64-bit system that we run on.
    const ADDRESS_BITS: u32 = 48;

    fn new(string: *const Str, owner: u16) -> Slot {
        Slot(string.map_addr(|address| address | usize::from(owner) << Self::ADDRESS_BITS))
    }

    fn owner(self) -> u16 {
        (self.0.addr() >> Self::ADDRESS_BITS) as u16
    }

    fn address(self) -> *const Str {
        self.0.map_addr(|address| address & ((1 << Self::ADDRESS_BITS) - 1))
    }

    fn string(&self) -> Option<&Str> {
        // SAFETY: a string leaves the table before it dies.
        (*self != Slot::NEVER && *self != Slot::GONE).then(|| unsafe { &*self.address() })
    }
}

impl Table {
    /// The string that `owner` sees: its own, else an immortal one.
    fn find(&self, hash: isize, owner: u16, matches: impl Fn(&Str) -> bool) -> Option<*const Str> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut index = hash as usize & mask;
        let mut shared = None;
        loop {
            let slot = self.slots.get(index)?;
            if *slot == Slot::NEVER {
                return shared;
            }
            if let Some(string) = slot.string()
                && string.hash.get() == hash
                && matches(string)
            {
                if slot.owner() == owner {
                    return Some(string);
                }
                if string.state.get() & INTERNED == IMMORTAL {
                    shared = Some(&raw const *string);
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
        let mut slots = Vec::new();
        if slots.try_reserve_exact(size).is_err() {
            return false;
        }
        slots.resize(size, Slot::NEVER);
        let old = std::mem::replace(&mut self.slots, slots);
        (self.used, self.filled) = (0, 0);
        for slot in old {
            if let Some(string) = slot.string() {
                self.insert(string.hash.get(), slot);
            }
        }
        true
    }

    fn insert(&mut self, hash: isize, new: Slot) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut index = hash as usize & mask;
        while let Some(slot) = self.slots.get_mut(index) {
            if *slot == Slot::NEVER || *slot == Slot::GONE {
                self.filled += usize::from(*slot == Slot::NEVER);
                *slot = new;
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
            if *slot == Slot::NEVER {
                return;
            }
            if std::ptr::eq(slot.address(), string) {
                *slot = Slot::GONE;
                self.used -= 1;
                return;
            }
            index = (index + 1) & mask;
        }
    }
}

/// The interpreter's number as the table keeps it; those that are 2¹⁶ apart
/// share their strings.
fn owner(th: Thread<'_>) -> u16 {
    th.interp().id.get() as u16
}

/// Whether there is more than one interpreter, or was.
static SEVERAL: AtomicBool = AtomicBool::new(false);

/// There is to be a second interpreter.
///
/// Names of the runtime are interned now: later, each interpreter could have
/// interned a string of its own of a name that no use site has asked for yet.
pub fn share_names(th: Thread<'_>) {
    if !SEVERAL.load(Ordering::Relaxed) {
        crate::ids::intern_all(th);
        SEVERAL.store(true, Ordering::Relaxed);
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

    /// Whether this is the string that the interpreter has for its text.
    #[inline(always)]
    pub fn is_interned_here(&self, th: Thread<'_>) -> bool {
        self.is_interned() && (!SEVERAL.load(Ordering::Relaxed) || self.is_seen(th))
    }

    #[cold]
    fn is_seen(&self, th: Thread<'_>) -> bool {
        let equal = |other: &Str| other.eq(self);
        let seen = table(th).borrow().find(self.hash.get(), owner(th), equal);
        // The characters of Latin-1 are in no table.
        seen.map_or(self.state.get() & INTERNED == IMMORTAL, |seen| std::ptr::eq(seen, self))
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
        let found =
            table(th).borrow().find(hash, owner(th), |other| other.as_ascii() == Some(text))?;
        // SAFETY: a string in the table is alive.
        Some(crate::own(unsafe { &*found }))
    }

    /// The interned string equal to `string`, which becomes it if there is none.
    /// An instance of a subclass stays as it is.
    pub fn intern_ref(th: Thread<'_>, string: Ref<Str>) -> Ref<Str> {
        if string.is_interned_here(th) || !string.obj().is_exact::<Str>() {
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
        let found = table.borrow().find(hash, owner(th), |other| other.eq(&string));
        if let Some(found) = found {
            // SAFETY: a string in the table is alive.
            return crate::own(unsafe { &*found });
        }
        if string.is_interned() {
            // Another interpreter's.
            return match Self::from_units(th, string.units()) {
                Ok(copy) => Self::intern_ref(th, copy),
                Err(_) => string,
            };
        }
        let mut table = table.borrow_mut();
        if table.reserve() {
            string.state.set(string.state.get() | MORTAL);
            table.insert(hash, Slot::new(&raw const *string, owner(th)));
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
