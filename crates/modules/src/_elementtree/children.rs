//! The elements inside an element.
//!
//! The vector is borrowed only where nothing can run: what leaves it is
//! dropped after the borrow ended.

use std::{cell::RefCell, ops::Range};

use object::{AsObject, Obj, Ref, Result, Thread, Traverse};

use super::element::Element;

/// References in a vector that the collector can empty.
#[derive(Default)]
pub(super) struct Children(RefCell<Vec<Ref<Element>>>);

impl Traverse for Children {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(items) = self.0.try_borrow() {
            items.iter().for_each(|item| visit(item.obj()));
        }
    }
    fn clear(&self) {
        drop(self.take());
    }
}

impl Children {
    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// How many fit without more memory.
    pub(super) fn capacity(&self) -> usize {
        self.0.borrow().capacity()
    }

    pub(super) fn get(&self, index: usize) -> Option<Ref<Element>> {
        self.0.borrow().get(index).cloned()
    }

    pub(super) fn take(&self) -> Vec<Ref<Element>> {
        std::mem::take(&mut *self.0.borrow_mut())
    }

    pub(super) fn snapshot(&self) -> Vec<Ref<Element>> {
        self.0.borrow().clone()
    }

    pub(super) fn push(&self, th: Thread<'_>, child: Ref<Element>) -> Result<()> {
        self.insert(th, usize::MAX, child)
    }

    /// Insert at `index`, or at the end.
    pub(super) fn insert(&self, th: Thread<'_>, index: usize, child: Ref<Element>) -> Result<()> {
        let mut items = self.0.borrow_mut();
        if items.try_reserve(1).is_err() {
            return Err(th.no_memory());
        }
        let index = index.min(items.len());
        items.insert(index, child);
        Ok(())
    }

    /// Replace one; what `child` becomes is what was there.
    pub(super) fn swap(&self, index: usize, child: &mut Ref<Element>) -> bool {
        match self.0.borrow_mut().get_mut(index) {
            Some(slot) => {
                std::mem::swap(slot, child);
                true
            }
            None => false,
        }
    }

    pub(super) fn remove(&self, index: usize) -> Option<Ref<Element>> {
        let mut items = self.0.borrow_mut();
        (index < items.len()).then(|| items.remove(index))
    }

    /// Replace a range, and return what was there.
    pub(super) fn splice(
        &self,
        th: Thread<'_>,
        range: Range<usize>,
        new: Vec<Ref<Element>>,
    ) -> Result<Vec<Ref<Element>>> {
        let mut items = self.0.borrow_mut();
        if items.try_reserve(new.len()).is_err() {
            return Err(th.no_memory());
        }
        let (start, end) = (range.start.min(items.len()), range.end.min(items.len()));
        Ok(items.splice(start..end.max(start), new).collect())
    }

    /// Remove those at ascending indices, and return them.
    pub(super) fn remove_all(&self, mut indices: Vec<usize>) -> Vec<Ref<Element>> {
        indices.sort_unstable();
        let mut next = indices.into_iter().peekable();
        let mut kept = Vec::new();
        let mut gone = Vec::new();
        for (index, child) in self.take().into_iter().enumerate() {
            match next.next_if_eq(&index) {
                Some(_) => gone.push(child),
                None => kept.push(child),
            }
        }
        *self.0.borrow_mut() = kept;
        gone
    }
}
