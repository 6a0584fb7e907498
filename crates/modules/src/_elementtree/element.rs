//! `Element`: a tag, attributes, text before and behind, and children.
//!
//! A null link means `None`; the dict of attributes is made when somebody asks.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Link, Obj, Protocol, Ref, Result, Thread, Tuple, Type, alloc_object,
    exceptions::types::DeprecationWarning, own, raise, types::repr_guard,
};

use crate::support;

use super::{children::Children, merge_extra};

#[allow(missing_docs, reason = "CPython's has no docstring")]
#[pytype(name = "xml.etree.ElementTree.Element", flags = BASETYPE | IMMUTABLETYPE, weaklistoffset = weaklist)]
pub(super) struct Element {
    head: Head,
    pub(super) tag: Link,
    pub(super) text: Link,
    pub(super) tail: Link,
    pub(super) attrib: Link<Dict>,
    pub(super) children: Children,
    weaklist: Cell<*mut abi::PyObject>,
}

/// "f() takes at least 1 argument (0 given)".
pub(super) fn check_count(
    th: Thread<'_>,
    name: &str,
    given: usize,
    least: usize,
    most: usize,
) -> Result<()> {
    let (bound, count) = match given {
        given if given < least => ("least", least),
        given if given > most => ("most", most),
        _ => return Ok(()),
    };
    let s = if count == 1 { "" } else { "s" };
    raise!(th, TypeError, "{name}() takes at {bound} {count} argument{s} ({given} given)")
}

/// The type of an argument, for messages.
pub(super) fn argument_type(argument: Obj<'_>) -> &str {
    if argument.is_none() { "None" } else { argument.type_name() }
}

/// The argument that must be a dict, if it is given.
pub(super) fn attrib_argument<'a>(
    th: Thread<'_>,
    name: &str,
    position: usize,
    argument: Option<Obj<'a>>,
) -> Result<Option<&'a Dict>> {
    let Some(argument) = argument else { return Ok(None) };
    let Some(dict) = argument.downcast::<Dict>() else {
        let got = argument_type(argument);
        raise!(th, TypeError, "{name}() argument {position} must be dict, not {got}");
    };
    Ok(Some(dict))
}

/// The object as an element, for a place where only those may be.
pub(super) fn as_child(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Element>> {
    match object.downcast::<Element>() {
        Some(element) => Ok(own(element)),
        None => raise!(th, TypeError, "expected an Element, not \"{}\"", object.type_name()),
    }
}

/// The value that an attribute gets, which cannot be deleted.
fn value_to_set(th: Thread<'_>, value: Option<Obj<'_>>) -> Result<Option<Ref>> {
    match value {
        Some(value) => Ok(some_object(value)),
        None => raise!(th, AttributeError, "can't delete element attribute"),
    }
}

/// What a link holds for an object: nothing for `None`.
pub(super) fn some_object(value: Obj<'_>) -> Option<Ref> {
    (!value.is_none()).then(|| value.own())
}

impl Element {
    fn with(tag: Option<Ref>, attrib: Option<Ref<Dict>>) -> Element {
        Element {
            head: Head::new(),
            tag: Link::from_option(tag),
            text: Link::null(),
            tail: Link::null(),
            attrib: Link::from_option(attrib.filter(|attrib| !attrib.is_empty())),
            children: Children::default(),
            weaklist: Cell::new(std::ptr::null_mut()),
        }
    }

    /// A new element that takes over the attributes.
    pub(super) fn create(
        th: Thread<'_>,
        tag: Ref,
        attrib: Option<Ref<Dict>>,
    ) -> Result<Ref<Element>> {
        alloc_object::new(th, Element::with(some_object(tag.obj()), attrib))
    }

    /// The attributes, as everybody sees them.
    pub(super) fn attributes(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        if let Some(attrib) = self.attrib.get() {
            return Ok(attrib);
        }
        let new = Dict::new(th)?;
        self.attrib.set(Some(new.clone()));
        Ok(new)
    }

    /// Whether there is a dict of attributes or a child.
    pub(super) fn has_extra(&self) -> bool {
        !self.attrib.is_null() || self.children.capacity() > 0
    }
}

#[pymethods(parts(sequence, find, state, methods))]
impl Element {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        alloc_object::alloc(th, cls, Element::with(None, None)).map(Ref::upcast)
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        check_count(th, "Element", args.len(), 1, 2)?;
        let attrib = attrib_argument(th, "Element", 2, args.get(1))?;
        let extra = kwargs.map_or(Vec::new(), Dict::items);
        let extra: Vec<_> = extra.iter().map(|(name, value)| (name.obj(), value.obj())).collect();
        let attrib = merge_extra(th, attrib, &extra)?;
        self.attrib.set(attrib);
        self.tag.set(args.get(0).and_then(some_object));
        self.text.set(None);
        self.tail.set(None);
        Ok(())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<String> {
        let Some(_guard) = repr_guard::enter(th, self.obj()) else {
            raise!(
                th,
                RuntimeError,
                "reentrant call inside {}.__repr__",
                self.obj().ty().full_name()
            );
        };
        let tag = match self.tag.get() {
            Some(tag) => tag.repr(th)?.to_string(),
            None => "None".to_owned(),
        };
        Ok(format!("<Element {tag} at {:p}>", self.obj().as_ptr()))
    }

    fn __bool__(&self, th: Thread<'_>) -> Result<bool> {
        let message = "Testing an element's truth value will always return True in future versions.  \
                       Use specific 'len(elem)' or 'elem is not None' test instead.";
        support::warn(th, DeprecationWarning(), message, 1)?;
        Ok(self.children.count() > 0)
    }
}

#[pymethods(part = methods)]
impl Element {
    /// A string identifying what kind of data this element represents
    #[getter]
    fn tag(&self, _: Thread<'_>) -> Option<Ref> {
        self.tag.get()
    }

    #[setter(tag)]
    fn set_tag(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.tag.set(value_to_set(th, value)?);
        Ok(())
    }

    /// A string of text directly after the start tag, or None
    #[getter]
    fn text(&self, _: Thread<'_>) -> Option<Ref> {
        self.text.get()
    }

    #[setter(text)]
    fn set_text(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.text.set(value_to_set(th, value)?);
        Ok(())
    }

    /// A string of text directly after the end tag, or None
    #[getter]
    fn tail(&self, _: Thread<'_>) -> Option<Ref> {
        self.tail.get()
    }

    #[setter(tail)]
    fn set_tail(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.tail.set(value_to_set(th, value)?);
        Ok(())
    }

    /// A dictionary containing the element's attributes
    #[getter]
    fn attrib(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        self.attributes(th)
    }

    #[setter(attrib)]
    fn set_attrib(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, AttributeError, "can't delete element attribute");
        };
        let Some(attrib) = value.downcast::<Dict>() else {
            raise!(th, TypeError, "attrib must be dict, not {}", value.type_name());
        };
        self.attrib.set(Some(own(attrib)));
        Ok(())
    }

    #[sig = "($self, /)"]
    fn clear(&self, _: Thread<'_>) {
        drop(self.attrib.take());
        drop(self.children.take());
        drop(self.text.take());
        drop(self.tail.take());
    }

    #[sig = "($self, /, key, default=None)"]
    fn get(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result<Option<Ref>> {
        let found = match self.attrib.get() {
            Some(attrib) => attrib.get(th, key)?,
            None => None,
        };
        Ok(found.or_else(|| default.map(|default| default.own())))
    }

    #[sig = "($self, key, value, /)"]
    fn set(&self, th: Thread<'_>, key: Obj<'_>, value: Obj<'_>) -> Result<()> {
        self.attributes(th)?.set(th, key, value)
    }

    #[sig = "($self, /)"]
    fn items(&self, th: Thread<'_>) -> Result<Ref<object::List>> {
        let mut items = Vec::new();
        for (key, value) in self.attrib.get().map_or(Vec::new(), |attrib| attrib.items()) {
            items.push(Tuple::from_array(th, [key, value])?.upcast());
        }
        object::List::from_refs(th, items)
    }

    #[sig = "($self, /)"]
    fn keys(&self, th: Thread<'_>) -> Result<Ref<object::List>> {
        let keys = self.attrib.get().map_or(Vec::new(), |attrib| attrib.keys());
        object::List::from_refs(th, keys)
    }

    #[sig = "($self, tag, attrib, /)"]
    #[parse(keywords)]
    fn makeelement(&self, th: Thread<'_>, tag: Obj<'_>, attrib: &Dict) -> Result<Ref<Element>> {
        Element::create(th, tag.own(), Some(attrib.copy(th)?))
    }
}
