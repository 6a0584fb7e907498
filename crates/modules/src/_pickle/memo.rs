//! The memo of a pickler: which objects were written, by address.
//!
//! An open-addressed table of addresses leads to the entries, which are in the
//! order of writing and own their objects. Invariant: the table has a power of
//! two of slots, at most two thirds of them used.

use object::{AsObject, Obj, Ref, Traverse};

/// A slot of the table; the position counts from 1, 0 means that it is free.
#[derive(Clone, Copy, Default)]
struct Slot {
    address: usize,
    position: usize,
}

/// What a pickler wrote.
#[derive(Default)]
pub(super) struct Memo {
    slots: Vec<Slot>,
    entries: Vec<(usize, Ref)>,
}

impl Traverse for Memo {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.entries.iter().for_each(|(_, object)| visit(object.obj()));
    }
}

const LEAST: usize = 64;

impl Memo {
    /// How many objects.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The slot of an address, or the free one where it belongs.
    #[inline]
    fn slot(&self, address: usize) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        // Objects are 16 bytes apart, and often neighbours.
        let mut slot = (address >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20 & mask;
        while let Some(found) = self.slots.get(slot)
            && found.position != 0
            && found.address != address
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// The index of an object, if it was written.
    #[inline]
    pub(super) fn get(&self, object: Obj<'_>) -> Option<usize> {
        let position = self.slots.get(self.slot(object.as_ptr().addr()))?.position;
        self.entries.get(position.checked_sub(1)?).map(|entry| entry.0)
    }

    /// Note that an object was written; what was noted of it before comes back.
    #[inline]
    pub(super) fn insert(&mut self, index: usize, object: Ref) -> Option<Ref> {
        if self.slots.len() * 2 <= self.entries.len() * 3 {
            self.grow();
        }
        let address = object.as_ptr().addr();
        let slot = self.slot(address);
        let place = self.slots.get_mut(slot)?;
        if let Some(entry) = place.position.checked_sub(1) {
            let entry = self.entries.get_mut(entry)?;
            return Some(std::mem::replace(entry, (index, object)).1);
        }
        self.entries.push((index, object));
        *place = Slot { address, position: self.entries.len() };
        None
    }

    #[cold]
    fn grow(&mut self) {
        if self.slots.is_empty() {
            // PERF: most pickles are made in one go, without moving the entries.
            self.entries.reserve(LEAST);
        }
        self.slots = vec![Slot::default(); (self.slots.len() * 4).max(LEAST)];
        for at in 0..self.entries.len() {
            let Some(address) = self.entries.get(at).map(|entry| entry.1.as_ptr().addr()) else {
                return;
            };
            let slot = self.slot(address);
            if let Some(place) = self.slots.get_mut(slot) {
                *place = Slot { address, position: at + 1 };
            }
        }
    }

    /// Address, index and object of every entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, usize, Ref)> {
        self.entries
            .iter()
            .map(|(index, object)| (object.obj().as_ptr().addr(), *index, object.clone()))
    }
}
