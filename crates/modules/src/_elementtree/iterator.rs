//! `Element.iter` and `Element.itertext`: through a tree in document order.
//!
//! The way down is on a stack of our own, so a deep tree costs no native stack.
//! What is asked for next is an index: the tree may change meanwhile.

use std::cell::RefCell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Link, Obj, Protocol, Ref, Result, Str, Thread, Traverse, alloc_object, own,
};

use super::element::Element;

/// What an iterator yields.
pub(super) enum Wanted {
    All,
    Tag(Ref),
    Text,
}

impl Traverse for Wanted {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Wanted::Tag(tag) = self {
            visit(tag.obj());
        }
    }
}

/// The elements that are open, and which child of each comes next.
#[derive(Default)]
struct Open(RefCell<Vec<(Ref<Element>, usize)>>);

impl Traverse for Open {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(open) = self.0.try_borrow() {
            open.iter().for_each(|(element, _)| visit(element.obj()));
        }
    }
    fn clear(&self) {
        let old = self.0.try_borrow_mut().map(|mut open| std::mem::take(&mut *open));
        drop(old);
    }
}

#[allow(missing_docs, reason = "an iterator has no docstring")]
#[pytype(name = "_elementtree._element_iterator", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(super) struct ElementIterator {
    head: Head,
    root: Link<Element>,
    open: Open,
    wanted: Wanted,
}

/// A step through a tree.
enum Step {
    Into(Ref<Element>),
    OutOf(Ref<Element>),
    End,
}

impl ElementIterator {
    pub(super) fn over(
        th: Thread<'_>,
        root: &Element,
        wanted: Wanted,
    ) -> Result<Ref<ElementIterator>> {
        let iterator = ElementIterator {
            head: Head::new(),
            root: Link::new(own(root)),
            open: Open::default(),
            wanted,
        };
        alloc_object::new(th, iterator)
    }

    fn step(&self, th: Thread<'_>) -> Result<Step> {
        if let Some(root) = self.root.take() {
            return self.enter(th, root);
        }
        let child = match self.open.0.borrow_mut().last_mut() {
            Some((element, index)) => {
                *index += 1;
                element.children.get(*index - 1)
            }
            None => return Ok(Step::End),
        };
        if let Some(child) = child {
            return self.enter(th, child);
        }
        let left = self.open.0.borrow_mut().pop();
        Ok(left.map_or(Step::End, |(element, _)| Step::OutOf(element)))
    }

    fn enter(&self, th: Thread<'_>, element: Ref<Element>) -> Result<Step> {
        let mut open = self.open.0.borrow_mut();
        if open.try_reserve(1).is_err() {
            return Err(th.no_memory());
        }
        open.push((element.clone(), 0));
        Ok(Step::Into(element))
    }

    /// Text before the children. Comments have none to show.
    fn text_of(element: &Element) -> Option<Ref> {
        let has_text = element.tag.get().is_none_or(|tag| tag.obj().downcast::<Str>().is_some());
        if has_text { element.text.get() } else { None }
    }

    /// What a step yields, if it is wanted.
    fn look(&self, th: Thread<'_>, step: Step) -> Result<Option<Ref>> {
        let text = match (step, &self.wanted) {
            (Step::Into(element), Wanted::All) => return Ok(Some(element.upcast())),
            (Step::Into(element), Wanted::Tag(tag)) => {
                return Ok(element.has_tag(th, tag.obj())?.then(|| element.upcast()));
            }
            (Step::Into(element), Wanted::Text) => Self::text_of(&element),
            // What follows the root is not in it.
            (Step::OutOf(element), Wanted::Text) if !self.open.0.borrow().is_empty() => {
                element.tail.get()
            }
            _ => None,
        };
        match text {
            Some(text) if text.is_true(th)? => Ok(Some(text)),
            _ => Ok(None),
        }
    }
}

#[pymethods]
impl ElementIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        loop {
            match self.step(th)? {
                Step::End => return Ok(None),
                step => {
                    if let Some(found) = self.look(th, step)? {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }
}
