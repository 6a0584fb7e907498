//! Start tags: attribute values, defaults of the definition, and namespaces.

use std::{borrow::Cow, collections::HashSet, rc::Rc};

use super::{
    ATTRIBUTE_EXTERNAL_ENTITY_REF, Answer, Attribute, BAD_CHAR_REF, BINARY_ENTITY_REF,
    DUPLICATE_ATTRIBUTE, ENTITY_DECLARED_IN_PE, Failure, INVALID_TOKEN, Parser,
    RECURSIVE_ENTITY_REF, RESERVED_NAMESPACE_URI, RESERVED_PREFIX_XML, RESERVED_PREFIX_XMLNS,
    SYNTAX, Sink, Text, UNBOUND_PREFIX, UNDECLARING_PREFIX, UNDEFINED_ENTITY,
    dtd::Entity,
    scan::{self, StartTag},
};

const XML_URI: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS_URI: &str = "http://www.w3.org/2000/xmlns/";

/// The attributes of an element, and how many of them stand in the tag.
pub(super) struct Attributes<'a> {
    pub(super) items: Vec<Attribute<'a>>,
    pub(super) given: usize,
}

/// A text within an attribute value that is being expanded.
struct Level {
    text: Rc<str>,
    at: usize,
    entity: Option<Rc<Entity>>,
}

/// How deep entities may be nested in an attribute.
const MAX_LEVELS: usize = 10_000;

/// The names that a tag has had: few are compared one by one.
enum Names<'a> {
    Few,
    Many(HashSet<&'a str>),
}

impl<'a> Names<'a> {
    fn new(count: usize) -> Names<'a> {
        if count <= 16 { Names::Few } else { Names::Many(HashSet::new()) }
    }

    /// Whether a name is new.
    fn add(&mut self, items: &[Attribute<'_>], name: &'a str) -> bool {
        match self {
            Names::Few => !items.iter().any(|item| *item.0 == *name),
            Names::Many(names) => names.insert(name),
        }
    }
}

impl Parser {
    /// The attributes of a start tag.
    pub(super) fn attributes<'a>(
        &self,
        text: Text<'a>,
        element: &str,
        tag: &StartTag,
    ) -> Answer<Attributes<'a>> {
        let mut items: Vec<Attribute<'a>> = Vec::with_capacity(tag.attributes.len());
        let mut names = Names::new(tag.attributes.len());
        let has_declared = !self.settings.dtd.borrow().attributes.is_empty();
        for attribute in &tag.attributes {
            let name = text.get(attribute.name.0, attribute.name.1);
            if !names.add(&items, name) {
                return self.fail_at(text, attribute.name.0, DUPLICATE_ATTRIBUTE);
            }
            let is_cdata = !has_declared || self.settings.dtd.borrow().is_cdata(element, name);
            let written = text.get(attribute.value.0, attribute.value.1);
            let value = if is_cdata && attribute.is_plain {
                Cow::Borrowed(written)
            } else {
                let place = text.is_document.then_some(attribute.value.0);
                Cow::Owned(self.attribute_value(written, is_cdata, false, place)?)
            };
            items.push((Cow::Borrowed(name), value));
        }
        let given = items.len();
        if has_declared {
            self.add_defaults(element, &mut items);
        }
        Ok(Attributes { items, given })
    }

    /// Add the attributes that the definition gives an element.
    fn add_defaults(&self, element: &str, items: &mut Vec<Attribute<'_>>) {
        let dtd = self.settings.dtd.borrow();
        let given = items.len();
        for declared in dtd.attributes.get(element).into_iter().flatten() {
            let is_given = |(name, _): &Attribute<'_>| **name == *declared.name;
            if let Some(default) = &declared.default
                && !items.iter().take(given).any(is_given)
            {
                items.push((declared.name.to_string().into(), default.to_string().into()));
            }
        }
    }

    /// Normalise a value: references, white space, and for other than CDATA runs of spaces.
    pub(super) fn attribute_value(
        &self,
        written: &str,
        is_cdata: bool,
        in_declaration: bool,
        place: Option<usize>,
    ) -> Answer<String> {
        let mut out = String::new();
        let mut levels = vec![Level { text: Rc::from(written), at: 0, entity: None }];
        let result = self.expand(&mut levels, &mut out, is_cdata, in_declaration, place);
        for level in &levels {
            if let Some(entity) = &level.entity {
                entity.is_open.set(false);
            }
        }
        result?;
        if !is_cdata && out.ends_with(' ') {
            out.pop();
        }
        Ok(out)
    }

    fn expand(
        &self,
        levels: &mut Vec<Level>,
        out: &mut String,
        is_cdata: bool,
        in_declaration: bool,
        place: Option<usize>,
    ) -> Answer {
        let space = |out: &mut String| {
            if is_cdata || !(out.is_empty() || out.ends_with(' ')) {
                out.push(' ');
            }
        };
        while let Some(level) = levels.last_mut() {
            let text = level.text.clone();
            let at = level.at;
            let Some(c) = scan::char_at(&text, at) else {
                let read = if level.entity.is_some() { text.len() } else { 0 };
                if let Some(entity) = level.entity.take() {
                    entity.is_open.set(false);
                }
                levels.pop();
                self.account(read as u64)?;
                continue;
            };
            level.at = at + c.len_utf8();
            match c {
                '\r' if text.get(at + 1..).is_some_and(|rest| rest.starts_with('\n')) => {}
                ' ' | '\t' | '\n' | '\r' => space(out),
                '&' => {
                    let where_ = place.filter(|_| levels.len() == 1).map(|start| start + at);
                    self.expand_reference(levels, &text, at, out, is_cdata, in_declaration)
                        .inspect_err(|failure| {
                            // COMPAT: an unknown entity is reported at the tag.
                            let unknown = matches!(
                                failure,
                                Failure::Code(UNDEFINED_ENTITY | ENTITY_DECLARED_IN_PE)
                            );
                            if let Some(at) = where_.filter(|_| !unknown) {
                                self.event(true, at);
                            }
                        })?;
                }
                '<' if levels.len() > 1 => return self.fail(INVALID_TOKEN),
                c if !scan::is_char(c) => return self.fail(INVALID_TOKEN),
                c => out.push(c),
            }
        }
        Ok(())
    }

    fn expand_reference(
        &self,
        levels: &mut Vec<Level>,
        text: &str,
        at: usize,
        out: &mut String,
        is_cdata: bool,
        in_declaration: bool,
    ) -> Answer {
        let Ok(end) = scan::reference(text, at + 1) else { return self.fail(INVALID_TOKEN) };
        if let Some(level) = levels.last_mut() {
            level.at = end;
        }
        let name = text.get(at + 1..end - 1).unwrap_or_default();
        if name.starts_with('#') {
            let Some(c) = scan::character_number(name) else { return self.fail(BAD_CHAR_REF) };
            if is_cdata || c != ' ' || !(out.is_empty() || out.ends_with(' ')) {
                out.push(c);
            }
            return Ok(());
        }
        if let Some(c) = scan::predefined(name) {
            out.push(c);
            return Ok(());
        }
        let entity = {
            let dtd = self.settings.dtd.borrow();
            let must_exist = if in_declaration {
                !self.prolog.is_external()
                    && if dtd.is_standalone {
                        self.open.is_empty()
                    } else {
                        !dtd.has_parameter_refs
                    }
            } else {
                !dtd.has_parameter_refs || dtd.is_standalone
            };
            match dtd.general.get(name) {
                Some(entity) if must_exist && !entity.is_internal => {
                    return self.fail(ENTITY_DECLARED_IN_PE);
                }
                Some(entity) => entity.clone(),
                None if must_exist => return self.fail(UNDEFINED_ENTITY),
                None => return Ok(()),
            }
        };
        if entity.is_open.get() {
            return self.fail(RECURSIVE_ENTITY_REF);
        }
        if entity.notation.is_some() {
            return self.fail(BINARY_ENTITY_REF);
        }
        let Some(replacement) = entity.text.clone() else {
            return self.fail(ATTRIBUTE_EXTERNAL_ENTITY_REF);
        };
        if levels.len() >= MAX_LEVELS {
            return self.fail(RECURSIVE_ENTITY_REF);
        }
        entity.is_open.set(true);
        levels.push(Level { text: replacement, at: 0, entity: Some(entity) });
        Ok(())
    }

    /// Bind the namespaces that attributes declare, and expand the names.
    pub(super) fn expand_names<'a>(
        &mut self,
        sink: &dyn Sink,
        element: &'a str,
        attributes: &mut Attributes<'_>,
    ) -> Answer<Cow<'a, str>> {
        let Some(namespaces) = self.settings.namespaces else { return Ok(element.into()) };
        self.bind_all(sink, attributes)?;
        let mut expanded: HashSet<String> = HashSet::new();
        for (name, _) in &mut attributes.items {
            let Some((prefix, local)) = name.split_once(':') else { continue };
            let Some(uri) = self.lookup(Some(prefix)) else { return self.fail(UNBOUND_PREFIX) };
            let full = self.full_name(uri, Some(prefix), local, namespaces.separator);
            if !expanded.insert(format!("{uri}\0{local}")) {
                return self.fail(DUPLICATE_ATTRIBUTE);
            }
            *name = full.into();
        }
        let (prefix, local) = match element.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, element),
        };
        match self.lookup(prefix) {
            Some("") => Ok(local.into()),
            Some(uri) => Ok(self.full_name(uri, prefix, local, namespaces.separator).into()),
            None if prefix.is_some() => self.fail(UNBOUND_PREFIX),
            None => Ok(local.into()),
        }
    }

    /// Take out the attributes that bind namespaces.
    fn bind_all(&mut self, sink: &dyn Sink, attributes: &mut Attributes<'_>) -> Answer {
        let mut index = 0;
        while let Some((name, value)) = attributes.items.get(index) {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => None,
                Some(rest) if rest.starts_with(':') => rest.get(1..),
                _ => {
                    index += 1;
                    continue;
                }
            };
            self.bind(sink, prefix, value)?;
            attributes.items.remove(index);
            if index < attributes.given {
                attributes.given -= 1;
            }
        }
        Ok(())
    }

    fn full_name(
        &self,
        uri: &str,
        prefix: Option<&str>,
        local: &str,
        separator: Option<char>,
    ) -> String {
        let mut full = String::from(uri);
        full.extend(separator);
        full.push_str(local);
        if let Some(prefix) = prefix.filter(|_| self.settings.triplets.get()) {
            full.extend(separator);
            full.push_str(prefix);
        }
        full
    }

    fn lookup(&self, prefix: Option<&str>) -> Option<&str> {
        let bound = self.bindings.iter().rev().find(|(name, _)| name.as_deref() == prefix);
        match bound {
            Some((_, uri)) => Some(uri),
            None if prefix == Some("xml") => Some(XML_URI),
            None => None,
        }
    }

    fn bind(&mut self, sink: &dyn Sink, prefix: Option<&str>, uri: &str) -> Answer {
        if prefix.is_some() && uri.is_empty() {
            return self.fail(UNDECLARING_PREFIX);
        }
        match prefix {
            Some("xmlns") => return self.fail(RESERVED_PREFIX_XMLNS),
            Some("xml") if uri != XML_URI => return self.fail(RESERVED_PREFIX_XML),
            Some("xml") => {}
            _ if uri == XML_URI || uri == XMLNS_URI => return self.fail(RESERVED_NAMESPACE_URI),
            _ => {}
        }
        // COMPAT: a URI must not look like a URI and a name (test_pyexpat, sf1296433).
        let separator = self.settings.namespaces.and_then(|namespaces| namespaces.separator);
        if separator.is_some_and(|separator| !is_uri_char(separator) && uri.contains(separator)) {
            return self.fail(SYNTAX);
        }
        let name = prefix.map(Rc::from);
        self.bindings.push((name, Rc::from(uri)));
        sink.start_namespace(prefix, (!uri.is_empty()).then_some(uri))?;
        Ok(())
    }

    /// Undo the bindings of an element.
    pub(super) fn unbind(&mut self, sink: &dyn Sink, count: usize) -> Answer {
        while self.bindings.len() > count {
            let Some((prefix, _)) = self.bindings.pop() else { return Ok(()) };
            sink.end_namespace(prefix.as_deref())?;
        }
        Ok(())
    }
}

/// A character that RFC 3986 allows in a URI.
fn is_uri_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)
}
