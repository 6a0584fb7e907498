//! From the engine's events to a target.

use object::{AsObject, Dict, Obj, Protocol, Ref, Result, Str, Thread, types};

use crate::{
    expat::{Attribute, External, Heard, Kind, Model, Sink, UNDEFINED_ENTITY},
    pyexpat::sink::single_byte_table,
};

use super::{
    builder::TreeBuilder,
    parser::{Method, XmlParser},
};

/// Who hears of what a parser reads: a `TreeBuilder`, or methods of an object.
pub(super) struct Target<'a> {
    th: Thread<'a>,
    parser: &'a XmlParser,
    builder: Option<Ref<TreeBuilder>>,
}

impl<'a> Target<'a> {
    pub(super) fn of(th: Thread<'a>, parser: &'a XmlParser) -> Target<'a> {
        Target { th, parser, builder: parser.builder() }
    }

    /// Call a method of the target, if it has it.
    fn call(
        &self,
        method: Method,
        arguments: impl FnOnce(Thread<'_>) -> Result<Vec<Ref>>,
    ) -> Result<()> {
        let Some(method) = self.parser.method(method) else { return Ok(()) };
        let arguments = arguments(self.th)?;
        let borrowed: Vec<Obj<'_>> = arguments.iter().map(AsObject::obj).collect();
        method.call(self.th, &borrowed).map(drop)
    }

    fn text(&self, text: &str) -> Result<Ref> {
        Str::new(self.th, text).map(Ref::upcast)
    }

    fn text_or_none(&self, text: Option<&str>) -> Result<Ref> {
        match text {
            Some(text) => self.text(text),
            None => Ok(types::none().own()),
        }
    }

    fn attributes(&self, attributes: &[Attribute<'_>]) -> Result<Option<Ref<Dict>>> {
        if attributes.is_empty() {
            return Ok(None);
        }
        let dict = Dict::with_capacity(self.th, attributes.len(), true)?;
        for (name, value) in attributes {
            let value = Str::new(self.th, value)?;
            dict.set(self.th, self.parser.name(self.th, name)?.obj(), value.obj())?;
        }
        Ok(Some(dict))
    }

    fn start(&self, name: &str, attributes: &[Attribute<'_>]) -> Result<()> {
        let tag = self.parser.name(self.th, name)?;
        let attributes = self.attributes(attributes)?;
        if let Some(builder) = &self.builder {
            return builder.open(self.th, tag, attributes).map(drop);
        }
        self.call(Method::Start, |th| {
            let attributes = attributes.map_or_else(|| Dict::new(th), Ok)?;
            Ok(vec![tag, attributes.upcast()])
        })
    }

    /// Only the reference to an entity without a declaration is of interest.
    fn unknown(&self, written: &str) -> Result<()> {
        let Some(name) = written.strip_prefix('&').and_then(|rest| rest.strip_suffix(';')) else {
            return Ok(());
        };
        let known = match self.parser.entity.get() {
            Some(entity) => entity.get(self.th, self.text(name)?.obj())?,
            None => None,
        };
        let Some(value) = known else {
            let message = format!("undefined entity &{name};");
            return Err(self.parser.fail(self.th, UNDEFINED_ENTITY, &message));
        };
        match &self.builder {
            Some(builder) => builder.add_data(self.th, value),
            None => self.call(Method::Data, |_| Ok(vec![value])),
        }
    }
}

impl Sink for Target<'_> {
    fn wants(&self, kind: Kind) -> bool {
        match kind {
            Kind::StartElement
            | Kind::EndElement
            | Kind::CharacterData
            | Kind::Default
            | Kind::DefaultExpand
            | Kind::StartDoctypeDecl => true,
            Kind::Comment => self.parser.has(Method::Comment),
            Kind::ProcessingInstruction => self.parser.has(Method::Pi),
            Kind::StartNamespaceDecl => self.parser.namespaces.get().0,
            Kind::EndNamespaceDecl => self.parser.namespaces.get().1,
            _ => false,
        }
    }

    fn expands(&self) -> bool {
        true
    }

    fn start_element(&self, name: &str, attributes: &[Attribute<'_>], _: usize) -> Heard {
        Ok(self.start(name, attributes)?)
    }

    fn end_element(&self, name: &str) -> Heard {
        if let Some(builder) = &self.builder {
            builder.close_element(self.th)?;
            return Ok(());
        }
        self.call(Method::End, |th| Ok(vec![self.parser.name(th, name)?]))?;
        Ok(())
    }

    fn characters(&self, text: &str) -> Heard {
        match &self.builder {
            Some(builder) => builder.add_text(text),
            None => self.call(Method::Data, |_| Ok(vec![self.text(text)?]))?,
        }
        Ok(())
    }

    fn instruction(&self, target: &str, data: &str) -> Heard {
        let (target, data) = (self.text(target)?, self.text(data)?);
        match &self.builder {
            Some(builder) => drop(builder.add_pi(self.th, target, data)?),
            None => self.call(Method::Pi, |_| Ok(vec![target, data]))?,
        }
        Ok(())
    }

    fn comment(&self, text: &str) -> Heard {
        let text = self.text(text)?;
        match &self.builder {
            Some(builder) => drop(builder.add_comment(self.th, text)?),
            None => self.call(Method::Comment, |_| Ok(vec![text]))?,
        }
        Ok(())
    }

    fn start_cdata(&self) -> Heard {
        Ok(())
    }

    fn end_cdata(&self) -> Heard {
        Ok(())
    }

    fn default(&self, text: &str) -> Heard {
        Ok(self.unknown(text)?)
    }

    fn start_namespace(&self, prefix: Option<&str>, uri: Option<&str>) -> Heard {
        if !self.parser.namespaces.get().0 {
            return Ok(());
        }
        let prefix = self.text(prefix.unwrap_or_default())?;
        let uri = self.text(uri.unwrap_or_default())?;
        match &self.builder {
            Some(builder) => builder.start_namespace(self.th, prefix, uri)?,
            None => self.call(Method::StartNs, |_| Ok(vec![prefix, uri]))?,
        }
        Ok(())
    }

    fn end_namespace(&self, prefix: Option<&str>) -> Heard {
        if !self.parser.namespaces.get().1 {
            return Ok(());
        }
        match &self.builder {
            Some(builder) => builder.end_namespace(self.th)?,
            None => {
                self.call(Method::EndNs, |_| Ok(vec![self.text(prefix.unwrap_or_default())?]))?
            }
        }
        Ok(())
    }

    fn xml_declaration(&self, _: Option<&str>, _: Option<&str>, _: i32) -> Heard {
        Ok(())
    }

    fn start_doctype(&self, name: &str, at: &External, _: bool) -> Heard {
        let name = self.parser.name(self.th, name)?;
        let public = self.text_or_none(at.public.as_deref())?;
        let system = self.text_or_none(at.system.as_deref())?;
        Ok(self.parser.tell_doctype(self.th, [name, public, system])?)
    }

    fn end_doctype(&self) -> Heard {
        Ok(())
    }

    fn element_declaration(&self, _: &str, _: &Model) -> Heard {
        Ok(())
    }

    fn attribute_declaration(&self, _: (&str, &str), _: &str, _: Option<&str>, _: bool) -> Heard {
        Ok(())
    }

    fn entity_declaration(
        &self,
        _: &str,
        _: bool,
        _: Option<&str>,
        _: &External,
        _: Option<&str>,
    ) -> Heard {
        Ok(())
    }

    fn notation_declaration(&self, _: &str, _: &External) -> Heard {
        Ok(())
    }

    fn unparsed_entity(&self, _: &str, _: &External, _: &str) -> Heard {
        Ok(())
    }

    fn external_entity(&self, _: Option<&str>, _: &External) -> Heard<bool> {
        Ok(true)
    }

    fn not_standalone(&self) -> Heard<bool> {
        Ok(true)
    }

    fn skipped_entity(&self, _: &str, _: bool) -> Heard {
        Ok(())
    }

    fn unknown_encoding(&self, name: &str) -> Heard<Option<Vec<Option<char>>>> {
        Ok(Some(single_byte_table(self.th, name)?))
    }
}
