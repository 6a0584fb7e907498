//! `Element` as a sequence of its children.

use macros::pymethods;
use object::{
    AsObject, Int, List, Obj, Protocol, Ref, Result, Thread, own,
    protocol::index::{self, Selection},
    raise,
};

use super::{
    collect,
    element::{Element, as_child},
};

impl Element {
    /// The position that a key stands for.
    fn position(&self, th: Thread<'_>, key: Obj<'_>, message: &str) -> Result<usize> {
        let index = index::subscript(th, key)?;
        let count = self.children.count();
        let index = if index < 0 { index + count as isize } else { index };
        match usize::try_from(index) {
            Ok(index) if index < count => Ok(index),
            _ => raise!(th, IndexError, "{message}"),
        }
    }

    fn selection(&self, th: Thread<'_>, slice: Obj<'_>) -> Result<Selection> {
        let (start, stop, step) = index::slice_bounds(th, slice)?;
        Ok(index::adjust(self.children.count(), start, stop, step))
    }

    fn delete_slice(&self, th: Thread<'_>, slice: Obj<'_>) -> Result<()> {
        let selection = self.selection(th, slice)?;
        match selection.range() {
            Some(range) => drop(self.children.splice(th, range, Vec::new())?),
            None => drop(self.children.remove_all(selection.indices().collect())),
        }
        Ok(())
    }

    fn assign_slice(&self, th: Thread<'_>, slice: Obj<'_>, value: Obj<'_>) -> Result<()> {
        let bounds = index::slice_bounds(th, slice)?;
        let mut new = Vec::new();
        for item in collect(th, value, "assignment expects an iterable")? {
            new.push(as_child(th, item.obj())?);
        }
        let (start, stop, step) = bounds;
        let selection = index::adjust(self.children.count(), start, stop, step);
        if step != 1 && new.len() != selection.length {
            raise!(
                th,
                ValueError,
                "attempt to assign sequence of size {} to extended slice of size {}",
                new.len(),
                selection.length
            );
        }
        match selection.range() {
            Some(range) => drop(self.children.splice(th, range, new)?),
            None => {
                for (index, child) in selection.indices().zip(&mut new) {
                    self.children.swap(index, child);
                }
            }
        }
        Ok(())
    }
}

#[pymethods(part = sequence)]
impl Element {
    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.children.count()
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result<Ref<Element>> {
        match usize::try_from(index).ok().and_then(|index| self.children.get(index)) {
            Some(child) => Ok(child),
            None => raise!(th, IndexError, "child index out of range"),
        }
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.children.count()
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        if Int::is_index(key) {
            let index = self.position(th, key, "child index out of range")?;
            return self.sq_item(th, index as isize).map(Ref::upcast);
        }
        if !index::is_slice(key) {
            raise!(th, TypeError, "element indices must be integers");
        }
        let selection = self.selection(th, key)?;
        let children = selection.indices().filter_map(|index| self.children.get(index));
        List::from_refs(th, children.map(Ref::upcast).collect()).map(Ref::upcast)
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if Int::is_index(key) {
            let index = self.position(th, key, "child assignment index out of range")?;
            match value {
                Some(value) => {
                    let mut child = as_child(th, value)?;
                    self.children.swap(index, &mut child);
                }
                None => drop(self.children.remove(index)),
            }
            return Ok(());
        }
        if !index::is_slice(key) {
            raise!(th, TypeError, "element indices must be integers");
        }
        match value {
            Some(value) => self.assign_slice(th, key, value),
            None => self.delete_slice(th, key),
        }
    }

    #[sig = "($self, subelement, /)"]
    #[parse(keywords)]
    fn append(&self, th: Thread<'_>, subelement: &Element) -> Result<()> {
        self.children.push(th, own(subelement))
    }

    #[sig = "($self, elements, /)"]
    #[parse(keywords)]
    fn extend(&self, th: Thread<'_>, elements: Obj<'_>) -> Result<()> {
        for item in collect(th, elements, "'elements' must be an iterable")? {
            self.children.push(th, as_child(th, item.obj())?)?;
        }
        Ok(())
    }

    #[sig = "($self, index, subelement, /)"]
    fn insert(&self, th: Thread<'_>, index: isize, subelement: &Element) -> Result<()> {
        let count = self.children.count();
        let index = if index < 0 { (index + count as isize).max(0) } else { index };
        self.children.insert(th, index as usize, own(subelement))
    }

    #[sig = "($self, subelement, /)"]
    fn remove(&self, th: Thread<'_>, subelement: &Element) -> Result<()> {
        let mut index = 0;
        while let Some(child) = self.children.get(index) {
            if child.obj().is(subelement.obj()) || child.eq(th, subelement.obj())? {
                // The comparison may have moved it.
                drop(self.children.remove(index));
                return Ok(());
            }
            index += 1;
        }
        raise!(th, ValueError, "Element.remove(x): element not found")
    }
}
