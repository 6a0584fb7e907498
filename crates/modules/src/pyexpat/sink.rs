//! From the engine's events to Python calls.

use std::rc::Rc;

use object::{
    AsObject, Bytes, Dict, Int, IntoObject, List, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    Tuple, id, raise, types,
};

use crate::expat::{Attribute, External, Heard, Kind, Model, Sink, Stop};

use super::XmlParser;

/// Who calls the handlers of a parser.
pub(super) struct Caller<'a> {
    pub(super) th: Thread<'a>,
    pub(super) parser: &'a XmlParser,
}

impl From<Raised> for Stop {
    fn from(_: Raised) -> Stop {
        Stop
    }
}

impl Caller<'_> {
    /// Call a handler; text that was collected goes first.
    fn call(
        &self,
        kind: Kind,
        arguments: impl FnOnce(Thread<'_>) -> Result<Vec<Ref>>,
    ) -> Result<Option<Ref>> {
        self.parser.flush(self.th)?;
        // The flush may have taken the handler away.
        let Some(handler) = self.parser.handler(kind) else { return Ok(None) };
        let arguments = arguments(self.th)?;
        let borrowed: Vec<Obj<'_>> = arguments.iter().map(|argument| argument.obj()).collect();
        let before = self.parser.in_callback.replace(true);
        let result = handler.call(self.th, &borrowed);
        self.parser.in_callback.set(before);
        result.map(Some)
    }

    fn tell(&self, kind: Kind, arguments: impl FnOnce(Thread<'_>) -> Result<Vec<Ref>>) -> Heard {
        self.call(kind, arguments)?;
        Ok(())
    }

    /// Call a handler that answers with an int.
    fn ask(
        &self,
        kind: Kind,
        arguments: impl FnOnce(Thread<'_>) -> Result<Vec<Ref>>,
    ) -> Heard<bool> {
        let Some(answer) = self.call(kind, arguments)? else { return Ok(true) };
        Ok(Int::index_to_i64(self.th, answer.obj())? != 0)
    }

    fn interned(&self, text: &str) -> Result<Ref> {
        self.parser.interned(self.th, text)
    }

    fn interned_or_none(&self, text: Option<&Rc<str>>) -> Result<Ref> {
        match text {
            Some(text) => self.interned(text),
            None => Ok(types::none().own()),
        }
    }
}

/// The nested tuples of a content model. The parts of a node come behind it.
fn model_tuples(th: Thread<'_>, model: &Model) -> Result<Ref> {
    let mut made: Vec<Option<Ref>> = model.nodes.iter().map(|_| None).collect();
    for (index, node) in model.nodes.iter().enumerate().rev() {
        let mut children = Vec::new();
        for child in &node.children {
            children.extend(made.get_mut(*child).and_then(Option::take));
        }
        let items = vec![
            node.kind.into_object(th)?,
            node.quantifier.into_object(th)?,
            node.name.as_deref().into_object(th)?,
            Tuple::from_refs(th, children)?.upcast(),
        ];
        if let Some(place) = made.get_mut(index) {
            *place = Some(Tuple::from_refs(th, items)?.upcast());
        }
    }
    match made.into_iter().next().flatten() {
        Some(whole) => Ok(whole),
        None => Ok(types::none().own()),
    }
}

impl Sink for Caller<'_> {
    fn wants(&self, kind: Kind) -> bool {
        match kind {
            Kind::Default | Kind::DefaultExpand => self.parser.default_is_set.get(),
            kind => self.parser.handlers.has(kind),
        }
    }

    fn expands(&self) -> bool {
        self.parser.expands.get()
    }

    fn start_element(&self, name: &str, attributes: &[Attribute<'_>], given: usize) -> Heard {
        let parser = self.parser;
        let count = if parser.specified.get() { given } else { attributes.len() };
        let attributes = attributes.get(..count).unwrap_or(attributes);
        self.tell(Kind::StartElement, |th| {
            let container = if parser.ordered.get() {
                let mut items = Vec::new();
                for (name, value) in attributes {
                    items.push(self.interned(name)?);
                    items.push(Str::new(th, value)?.upcast());
                }
                List::from_refs(th, items)?.upcast()
            } else {
                let dict = Dict::new(th)?;
                for (name, value) in attributes {
                    let value = Str::new(th, value)?;
                    dict.set(th, self.interned(name)?.obj(), value.obj())?;
                }
                dict.upcast()
            };
            Ok(vec![self.interned(name)?, container])
        })
    }

    fn end_element(&self, name: &str) -> Heard {
        self.tell(Kind::EndElement, |_| Ok(vec![self.interned(name)?]))
    }

    fn characters(&self, text: &str) -> Heard {
        let parser = self.parser;
        let size = parser.buffer_size.get();
        let (is_collecting, is_full) = match &*parser.text.borrow() {
            Some(collected) => (true, collected.len() + text.len() > size),
            None => (false, false),
        };
        if !is_collecting {
            parser.tell_text(self.th, text)?;
            return Ok(());
        }
        if is_full {
            parser.flush(self.th)?;
            if !parser.handlers.has(Kind::CharacterData) {
                return Ok(());
            }
        }
        if text.len() > size {
            parser.tell_text(self.th, text)?;
            return Ok(());
        }
        if let Some(collected) = &mut *parser.text.borrow_mut() {
            collected.push_str(text);
            return Ok(());
        }
        // The flush ended collecting.
        parser.tell_text(self.th, text)?;
        Ok(())
    }

    fn instruction(&self, target: &str, data: &str) -> Heard {
        self.tell(Kind::ProcessingInstruction, |th| {
            Ok(vec![self.interned(target)?, data.into_object(th)?])
        })
    }

    fn comment(&self, text: &str) -> Heard {
        self.tell(Kind::Comment, |th| Ok(vec![text.into_object(th)?]))
    }

    fn start_cdata(&self) -> Heard {
        self.tell(Kind::StartCdataSection, |_| Ok(Vec::new()))
    }

    fn end_cdata(&self) -> Heard {
        self.tell(Kind::EndCdataSection, |_| Ok(Vec::new()))
    }

    fn default(&self, text: &str) -> Heard {
        let kind = if self.parser.expands.get() { Kind::DefaultExpand } else { Kind::Default };
        self.tell(kind, |th| Ok(vec![text.into_object(th)?]))
    }

    fn start_namespace(&self, prefix: Option<&str>, uri: Option<&str>) -> Heard {
        if !self.wants(Kind::StartNamespaceDecl) {
            return Ok(());
        }
        let (prefix, uri) = (prefix.map(Rc::from), uri.map(Rc::from));
        self.tell(Kind::StartNamespaceDecl, |_| {
            Ok(vec![self.interned_or_none(prefix.as_ref())?, self.interned_or_none(uri.as_ref())?])
        })
    }

    fn end_namespace(&self, prefix: Option<&str>) -> Heard {
        if !self.wants(Kind::EndNamespaceDecl) {
            return Ok(());
        }
        let prefix = prefix.map(Rc::from);
        self.tell(Kind::EndNamespaceDecl, |_| Ok(vec![self.interned_or_none(prefix.as_ref())?]))
    }

    fn xml_declaration(&self, version: Option<&str>, encoding: Option<&str>, alone: i32) -> Heard {
        self.tell(Kind::XmlDecl, |th| {
            Ok(vec![version.into_object(th)?, encoding.into_object(th)?, alone.into_object(th)?])
        })
    }

    fn start_doctype(&self, name: &str, at: &External, internal: bool) -> Heard {
        self.tell(Kind::StartDoctypeDecl, |th| {
            Ok(vec![
                self.interned(name)?,
                self.interned_or_none(at.system.as_ref())?,
                self.interned_or_none(at.public.as_ref())?,
                i32::from(internal).into_object(th)?,
            ])
        })
    }

    fn end_doctype(&self) -> Heard {
        self.tell(Kind::EndDoctypeDecl, |_| Ok(Vec::new()))
    }

    fn element_declaration(&self, name: &str, model: &Model) -> Heard {
        self.tell(Kind::ElementDecl, |th| Ok(vec![self.interned(name)?, model_tuples(th, model)?]))
    }

    fn attribute_declaration(
        &self,
        names: (&str, &str),
        ty: &str,
        default: Option<&str>,
        required: bool,
    ) -> Heard {
        self.tell(Kind::AttlistDecl, |th| {
            Ok(vec![
                self.interned(names.0)?,
                self.interned(names.1)?,
                ty.into_object(th)?,
                default.into_object(th)?,
                i32::from(required).into_object(th)?,
            ])
        })
    }

    fn entity_declaration(
        &self,
        name: &str,
        is_parameter: bool,
        value: Option<&str>,
        at: &External,
        notation: Option<&str>,
    ) -> Heard {
        let notation = notation.map(Rc::from);
        self.tell(Kind::EntityDecl, |th| {
            Ok(vec![
                self.interned(name)?,
                i32::from(is_parameter).into_object(th)?,
                value.into_object(th)?,
                self.interned_or_none(at.base.as_ref())?,
                self.interned_or_none(at.system.as_ref())?,
                self.interned_or_none(at.public.as_ref())?,
                self.interned_or_none(notation.as_ref())?,
            ])
        })
    }

    fn notation_declaration(&self, name: &str, at: &External) -> Heard {
        self.tell(Kind::NotationDecl, |_| {
            Ok(vec![
                self.interned(name)?,
                self.interned_or_none(at.base.as_ref())?,
                self.interned_or_none(at.system.as_ref())?,
                self.interned_or_none(at.public.as_ref())?,
            ])
        })
    }

    fn unparsed_entity(&self, name: &str, at: &External, notation: &str) -> Heard {
        self.tell(Kind::UnparsedEntityDecl, |_| {
            Ok(vec![
                self.interned(name)?,
                self.interned_or_none(at.base.as_ref())?,
                self.interned_or_none(at.system.as_ref())?,
                self.interned_or_none(at.public.as_ref())?,
                self.interned(notation)?,
            ])
        })
    }

    fn external_entity(&self, context: Option<&str>, at: &External) -> Heard<bool> {
        self.ask(Kind::ExternalEntityRef, |th| {
            Ok(vec![
                context.into_object(th)?,
                self.interned_or_none(at.base.as_ref())?,
                self.interned_or_none(at.system.as_ref())?,
                self.interned_or_none(at.public.as_ref())?,
            ])
        })
    }

    fn not_standalone(&self) -> Heard<bool> {
        self.ask(Kind::NotStandalone, |_| Ok(Vec::new()))
    }

    fn skipped_entity(&self, name: &str, is_parameter: bool) -> Heard {
        self.tell(Kind::SkippedEntity, |th| {
            Ok(vec![self.interned(name)?, i32::from(is_parameter).into_object(th)?])
        })
    }

    fn unknown_encoding(&self, name: &str) -> Heard<Option<Vec<Option<char>>>> {
        Ok(Some(single_byte_table(self.th, name)?))
    }
}

/// The characters of the 256 bytes of an encoding that Python knows.
pub(crate) fn single_byte_table(th: Thread<'_>, name: &str) -> Result<Vec<Option<char>>> {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let name = Str::new(th, name)?;
    let errors = Str::new(th, "replace")?;
    let bytes = Bytes::new(th, &all)?;
    let text = bytes.call_method(th, id!(th, "decode"), &[name.obj(), errors.obj()])?;
    let text = match text.obj().downcast::<Str>() {
        Some(text) => text.to_utf8(th)?.to_owned(),
        None => raise!(th, TypeError, "decoder did not return a string"),
    };
    if text.chars().count() != all.len() {
        raise!(th, ValueError, "multi-byte encodings are not supported");
    }
    Ok(text.chars().map(|c| (c != '\u{fffd}').then_some(c)).collect())
}
