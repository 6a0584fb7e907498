//! Assignment to and deletion of slices of a list.

use crate::{
    Obj, Ref, Result, Thread,
    exceptions::types::TypeError,
    protocol::iter,
    raise,
    types::slice::{Slice, Span},
};

use super::List;

impl List {
    /// `self[slice] = value`.
    pub(super) fn assign_slice(&self, th: Thread<'_>, slice: &Slice, value: Obj<'_>) -> Result<()> {
        let unpacked = slice.unpack(th)?;
        let items = match iter::collect(th, value) {
            Ok(items) => items,
            Err(raised) if not_iterable(value) => {
                th.catch(raised, TypeError())?;
                raise!(th, TypeError, "must assign iterable to extended slice");
            }
            Err(raised) => return Err(raised),
        };
        let span = unpacked.adjust(self.len());
        // As many items as before change places with them.
        if span.step == 1 && items.len() != span.len {
            let start = span.start as usize;
            return self.replace_range(th, start, start + span.len, items);
        }
        if items.len() != span.len {
            raise!(
                th,
                ValueError,
                "attempt to assign sequence of size {} to extended slice of size {}",
                items.len(),
                span.len
            );
        }
        self.exchange(span, items);
        Ok(())
    }

    /// Put `items` at the positions of `span`, and drop the old ones afterwards.
    fn exchange(&self, span: Span, items: Vec<Ref>) {
        let mut old = items;
        // SAFETY: exchanging slots runs no code.
        let slots = unsafe { self.slots() };
        for (position, item) in span.positions().zip(&mut old) {
            if let Some(slot) = slots.get_mut(position) {
                // SAFETY: an owned reference is one non-null pointer.
                let item = unsafe { &mut *std::ptr::from_mut(item).cast() };
                std::mem::swap(slot, item);
            }
        }
        if span.step == 1 {
            old.reverse();
        }
    }

    /// `del self[slice]`.
    pub(super) fn delete_slice(&self, th: Thread<'_>, slice: &Slice) -> Result<()> {
        let span = slice.unpack(th)?.adjust(self.len());
        if span.len == 0 {
            return Ok(());
        }
        let step = span.step.unsigned_abs();
        let first = if span.step < 0 {
            (span.start + span.step * (span.len as isize - 1)) as usize
        } else {
            span.start as usize
        };
        if step == 1 {
            return self.remove_range(th, first, first + span.len);
        }
        let mut old: Vec<Ref> = Vec::new();
        if old.try_reserve_exact(span.len).is_err() {
            return Err(th.no_memory());
        }
        let last = first + step * (span.len - 1);
        let (size, base) = (self.len(), self.items.get());
        let mut to = first;
        for from in first..size {
            // SAFETY: in range.
            let item = unsafe { base.add(from).read() };
            if from <= last && (from - first).is_multiple_of(step) {
                // SAFETY: the slot owned a reference.
                old.extend(unsafe { Ref::from_raw(item) });
            } else {
                // SAFETY: behind the items that stay, `to < from`.
                unsafe { base.add(to).write(item) };
                to += 1;
            }
        }
        self.head.set_size(to as isize);
        self.shrink(th);
        drop(old);
        Ok(())
    }
}

fn not_iterable(value: Obj<'_>) -> bool {
    value.ty().slots().tp_iter.is_none() && !crate::protocol::mapping::is_sequence(value)
}
