//! `_elementtree`: elements, and parsers that build trees of them.
//!
//! [`element`] holds the tree, [`builder`] makes it of events, and [`parser`]
//! reads XML with the engine of [`crate::expat`], which calls a
//! [`target`]. Paths that are more than a tag go to `xml.etree.ElementPath`.

mod builder;
mod children;
mod element;
mod find;
mod iterator;
mod parser;
mod sequence;
mod state;
mod target;

use std::cell::RefCell;

use macros::pymodule;
use object::{
    AsObject, Dict, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    declare::Declared,
    exceptions::types::{SyntaxError, TypeError},
    protocol::{call::is_callable, iter},
    raise,
    types::{self, type_::ready},
};

use crate::support;

use self::{builder::TreeBuilder, element::Element, iterator::ElementIterator, parser::XmlParser};

/// What the module knows of the Python files around it.
#[derive(Default)]
struct Shared {
    parse_error: RefCell<Option<Ref>>,
    comment_factory: RefCell<Option<Ref>>,
    pi_factory: RefCell<Option<Ref>>,
    element_path: RefCell<Option<Ref>>,
    deepcopy: RefCell<Option<Ref>>,
}

impl Shared {
    fn of<'a>(th: Thread<'a>) -> &'a Shared {
        th.interp().extensions.get::<Shared>()
    }
}

/// The items of an iterable, with a `TypeError` of our own if it is none.
fn collect(th: Thread<'_>, iterable: Obj<'_>, message: &str) -> Result<Vec<Ref>> {
    let iterator = match iterable.iter(th) {
        Ok(iterator) => iterator,
        Err(raised) => {
            th.catch(raised, TypeError())?;
            raise!(th, TypeError, "{message}");
        }
    };
    iter::collect(th, iterator.obj())
}

/// A copy of the attributes with `**extra`, where `attrib` may be named.
fn merge_extra(
    th: Thread<'_>,
    attrib: Option<&Dict>,
    extra: &[(Obj<'_>, Obj<'_>)],
) -> Result<Option<Ref<Dict>>> {
    if extra.is_empty() {
        return attrib.map(|attrib| attrib.copy(th)).transpose();
    }
    let is_attrib = |name: Obj<'_>| types::str_eq(name, "attrib");
    let named = extra.iter().find(|(name, _)| is_attrib(*name)).filter(|_| attrib.is_none());
    let merged = match (attrib, named) {
        (Some(attrib), _) => attrib.copy(th)?,
        (None, Some((_, named))) => match named.downcast::<Dict>() {
            Some(named) => named.copy(th)?,
            None => raise!(th, TypeError, "attrib must be dict, not {}", named.type_name()),
        },
        (None, None) => Dict::with_capacity(th, extra.len(), true)?,
    };
    for (name, value) in extra {
        if !is_attrib(*name) {
            merged.set(th, *name, *value)?;
        }
    }
    Ok(Some(merged))
}

/// What `set_factories` gets: a callable or `None`.
fn factory(th: Thread<'_>, value: Obj<'_>, what: &str) -> Result<Option<Ref>> {
    if value.is_none() {
        return Ok(None);
    }
    if !is_callable(value) {
        raise!(th, TypeError, "{what} factory must be callable, not {}", value.type_name());
    }
    Ok(Some(value.own()))
}

/// What is in a place; it is made if there is nothing.
fn kept(place: &RefCell<Option<Ref>>, make: impl FnOnce() -> Result<Ref>) -> Result<Ref> {
    let known = place.borrow().clone();
    let kept = known.map_or_else(make, Ok)?;
    place.replace(Some(kept.clone()));
    Ok(kept)
}

fn new_parse_error(th: Thread<'_>) -> Result<Ref> {
    let bases = Tuple::from_objs(th, &[SyntaxError().obj()])?;
    let name = Str::new(th, "xml.etree.ElementTree.ParseError")?;
    support::new_exception(th, &name, &bases)
}

#[pymodule]
pub mod _elementtree {
    use super::*;

    #[sig = "(*args, **kwargs)"]
    #[parse(forward)]
    #[name = "SubElement"]
    fn sub_element(
        th: Thread<'_>,
        args: object::Args<'_>,
        kwargs: object::Kwargs<'_>,
    ) -> Result<Ref<Element>> {
        element::check_count(th, "SubElement", args.len(), 2, 3)?;
        let (Some(parent), Some(tag)) = (args.first(), args.get(1)) else {
            raise!(th, SystemError, "arguments went missing");
        };
        let Some(parent) = parent.downcast::<Element>() else {
            raise!(
                th,
                TypeError,
                "SubElement() argument 1 must be xml.etree.ElementTree.Element, not {}",
                element::argument_type(*parent)
            );
        };
        let attrib = element::attrib_argument(th, "SubElement", 3, args.get(2).copied())?;
        let extra: Vec<_> = kwargs.iter().collect();
        let attrib = merge_extra(th, attrib, &extra)?;
        let child = Element::create(th, tag.own(), attrib)?;
        parent.children.push(th, child.clone())?;
        Ok(child)
    }

    /// Change the factories used to create comments and processing instructions.
    ///
    /// For internal use only.
    #[sig = "(comment_factory, pi_factory, /)"]
    fn _set_factories(
        th: Thread<'_>,
        comment_factory: Obj<'_>,
        pi_factory: Obj<'_>,
    ) -> Result<(Option<Ref>, Option<Ref>)> {
        let comment = factory(th, comment_factory, "Comment")?;
        let pi = factory(th, pi_factory, "PI")?;
        let shared = Shared::of(th);
        Ok((shared.comment_factory.replace(comment), shared.pi_factory.replace(pi)))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Element>(th)?;
        module.add_type::<TreeBuilder>(th)?;
        module.add_type::<XmlParser>(th)?;
        ready(th, ElementIterator::DECL)?;
        let shared = Shared::of(th);
        // The types are the same in every copy of the module, so what they use is, too.
        let error = kept(&shared.parse_error, || new_parse_error(th))?;
        kept(&shared.deepcopy, || support::import_from(th, "copy", "deepcopy"))?;
        kept(&shared.element_path, || support::import(th, "xml.etree.ElementPath"))?;
        module.set(th, "ParseError", error.obj())
    }
}
