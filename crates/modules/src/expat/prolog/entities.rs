//! Declarations of entities.

use std::{cell::Cell, rc::Rc};

use super::{State, Token, Told, unquoted};
use crate::expat::{
    Answer, BAD_CHAR_REF, External, INVALID_TOKEN, Kind, PARAM_ENTITY_REF, Parser,
    RECURSIVE_ENTITY_REF, Sink, Text,
    dtd::Entity,
    scan::{self, Trouble},
};

impl Parser {
    pub(super) fn step_entity(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        token: Token,
        begin: usize,
        word: &str,
    ) -> Answer<Told> {
        let told = self.told_in_declaration(sink);
        let next = match (self.prolog.state, token) {
            (State::Entity, Token::Percent) => {
                self.prolog.is_parameter = true;
                State::EntityParameter
            }
            (State::Entity | State::EntityParameter, Token::Name(0)) => {
                self.begin_entity(word);
                State::EntityValue
            }
            (State::EntityValue, Token::Name(0)) if word == "SYSTEM" => State::EntitySystem,
            (State::EntityValue, Token::Name(0)) if word == "PUBLIC" => State::EntityPublic,
            (State::EntityValue, Token::Literal) => {
                self.entity_value(sink, text, begin, word)?;
                State::Close
            }
            (State::EntityPublic, Token::Literal) => {
                self.prolog.at.public = Some(self.public_id(text, begin, word)?);
                State::EntitySystem
            }
            (State::EntitySystem, Token::Literal) => {
                self.prolog.at.system = Some(unquoted(word).into());
                self.prolog.at.base = self.settings.base.borrow().clone();
                State::EntityExternal
            }
            (State::EntityExternal, Token::DeclarationClose) => {
                self.external_entity_declared(sink, None)?;
                self.prolog.subset()
            }
            (State::EntityExternal, Token::Name(0))
                if word == "NDATA" && !self.prolog.is_parameter =>
            {
                State::EntityNotation
            }
            (State::EntityNotation, Token::Name(0)) => {
                self.external_entity_declared(sink, Some(word))?;
                State::Close
            }
            _ => return self.syntax(token),
        };
        self.prolog.state = next;
        Ok(told)
    }

    fn begin_entity(&mut self, name: &str) {
        let dtd = self.settings.dtd.borrow();
        let known = if self.prolog.is_parameter {
            dtd.parameter.contains_key(name)
        } else {
            dtd.general.contains_key(name) || scan::predefined(name).is_some()
        };
        self.prolog.is_first = dtd.keep && !known;
        drop(dtd);
        self.prolog.name = name.to_owned();
    }

    fn add_entity(&mut self, text: Option<Rc<str>>, notation: Option<&str>) {
        let entity = Entity {
            name: self.prolog.name.as_str().into(),
            text,
            at: self.prolog.at.clone(),
            notation: notation.map(Rc::from),
            is_open: Cell::new(false),
            is_internal: !self.settings.is_child && self.open.is_empty(),
        };
        self.settings.dtd.borrow_mut().add_entity(entity, self.prolog.is_parameter);
    }

    fn external_entity_declared(&mut self, sink: &dyn Sink, notation: Option<&str>) -> Answer {
        if !self.prolog.is_first {
            return Ok(());
        }
        self.add_entity(None, notation);
        if let Some(notation) = notation
            && sink.wants(Kind::UnparsedEntityDecl)
        {
            sink.unparsed_entity(&self.prolog.name, &self.prolog.at, notation)?;
        } else if sink.wants(Kind::EntityDecl) {
            let prolog = &self.prolog;
            sink.entity_declaration(&prolog.name, prolog.is_parameter, None, &prolog.at, notation)?;
        }
        Ok(())
    }

    fn entity_value(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        begin: usize,
        word: &str,
    ) -> Answer {
        if !self.settings.dtd.borrow().keep {
            return Ok(());
        }
        let value = self.replacement(sink, unquoted(word), text, begin + 1, 0)?;
        if !self.prolog.is_first {
            return Ok(());
        }
        self.prolog.at = External::default();
        self.add_entity(Some(value.as_str().into()), None);
        if sink.wants(Kind::EntityDecl) {
            let prolog = &self.prolog;
            let at = External { base: self.settings.base.borrow().clone(), ..External::default() };
            sink.entity_declaration(&prolog.name, prolog.is_parameter, Some(&value), &at, None)?;
        }
        Ok(())
    }

    /// The replacement text that a literal stands for.
    fn replacement(
        &mut self,
        sink: &dyn Sink,
        literal: &str,
        text: Text<'_>,
        begin: usize,
        depth: usize,
    ) -> Answer<String> {
        let mut out = String::new();
        let mut at = 0;
        while let Some(c) = scan::char_at(literal, at) {
            match c {
                '&' => {
                    let end = match scan::reference(literal, at + 1) {
                        Ok(end) => end,
                        Err(Trouble::More) => return self.fail_at(text, begin + at, INVALID_TOKEN),
                        Err(Trouble::Bad(bad)) => {
                            return self.fail_at(text, begin + bad, INVALID_TOKEN);
                        }
                    };
                    let name = literal.get(at + 1..end - 1).unwrap_or_default();
                    if name.starts_with('#') {
                        let Some(c) = scan::character_number(name) else {
                            return self.fail_at(text, begin + at, BAD_CHAR_REF);
                        };
                        out.push(c);
                    } else {
                        out.push_str(literal.get(at..end).unwrap_or_default());
                    }
                    at = end;
                }
                '%' => {
                    let name_end = match scan::name(literal, at + 1) {
                        Ok(end) if literal.get(end..end + 1) == Some(";") => end,
                        Ok(end) => return self.fail_at(text, begin + end, INVALID_TOKEN),
                        Err(_) => return self.fail_at(text, begin + at, INVALID_TOKEN),
                    };
                    if !self.prolog.is_external && self.open.is_empty() {
                        return self.fail_at(text, begin, PARAM_ENTITY_REF);
                    }
                    let name = literal.get(at + 1..name_end).unwrap_or_default();
                    let value = self.parameter_value(sink, name, text, begin, depth)?;
                    out.push_str(&value);
                    at = name_end + 1;
                }
                '\r' => {
                    out.push('\n');
                    at += 1;
                    if literal.get(at..at + 1) == Some("\n") {
                        at += 1;
                    }
                }
                c => {
                    out.push(c);
                    at += c.len_utf8();
                }
            }
        }
        Ok(out)
    }

    /// The text of a parameter entity within an entity value.
    fn parameter_value(
        &mut self,
        sink: &dyn Sink,
        name: &str,
        text: Text<'_>,
        begin: usize,
        depth: usize,
    ) -> Answer<String> {
        const MAX_DEPTH: usize = 100;
        let entity = self.settings.dtd.borrow().parameter.get(name).cloned();
        let Some(entity) = entity else {
            let mut dtd = self.settings.dtd.borrow_mut();
            dtd.keep = dtd.is_standalone;
            return Ok(String::new());
        };
        if entity.is_open.get() || depth > MAX_DEPTH {
            return self.fail(RECURSIVE_ENTITY_REF);
        }
        let Some(replacement) = entity.text.clone() else {
            let mut dtd = self.settings.dtd.borrow_mut();
            dtd.keep = dtd.is_standalone;
            return Ok(String::new());
        };
        entity.is_open.set(true);
        self.account(replacement.len() as u64)?;
        let inner = Text { is_document: false, ..text };
        let value = self.replacement(sink, &replacement, inner, begin, depth + 1);
        entity.is_open.set(false);
        value
    }
}
