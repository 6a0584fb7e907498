//! Declarations of attributes and elements.

use std::rc::Rc;

use super::{Quantifier, REQUIRED, State, Token, Told, unquoted};
use crate::expat::{Answer, Kind, Model, ModelNode, Parser, SYNTAX, Sink, Text, dtd::Declared};

impl Parser {
    pub(super) fn step_attlist(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        token: Token,
        begin: usize,
        word: &str,
    ) -> Answer<Told> {
        let told = self.told_in_declaration(sink);
        let next = match (self.prolog.state, token) {
            (State::Attlist, Token::Name(0)) => {
                self.prolog.name = word.to_owned();
                State::AttlistName
            }
            (State::AttlistName, Token::DeclarationClose) => self.prolog.subset(),
            (State::AttlistName, Token::Name(0)) => {
                self.prolog.attribute = word.to_owned();
                self.prolog.ty.clear();
                State::AttlistType
            }
            (State::AttlistType, Token::Name(0)) => match word {
                "CDATA" | "ID" | "IDREF" | "IDREFS" | "ENTITY" | "ENTITIES" | "NMTOKEN"
                | "NMTOKENS" => {
                    self.prolog.ty = word.to_owned();
                    State::AttlistDefault
                }
                "NOTATION" => {
                    self.prolog.ty = "NOTATION".to_owned();
                    State::AttlistNotation
                }
                _ => return self.syntax(token),
            },
            (State::AttlistType, Token::OpenParen) => {
                self.prolog.ty.push('(');
                State::AttlistEnumeration
            }
            (State::AttlistEnumeration, Token::Name(0) | Token::Nmtoken) => {
                self.prolog.ty.push_str(word);
                State::AttlistEnumerated
            }
            (State::AttlistEnumerated, Token::Or) => {
                self.prolog.ty.push('|');
                State::AttlistEnumeration
            }
            (State::AttlistNotation, Token::OpenParen) => {
                self.prolog.ty.push('(');
                State::AttlistNotationName
            }
            (State::AttlistNotationName, Token::Name(0)) => {
                self.prolog.ty.push_str(word);
                State::AttlistNotationNamed
            }
            (State::AttlistNotationNamed, Token::Or) => {
                self.prolog.ty.push('|');
                State::AttlistNotationName
            }
            (State::AttlistEnumerated | State::AttlistNotationNamed, Token::CloseParen(0)) => {
                self.prolog.ty.push(')');
                State::AttlistDefault
            }
            (State::AttlistDefault, Token::PoundName) => match word {
                "#IMPLIED" | REQUIRED => {
                    self.declare_attribute(sink, None, word == REQUIRED)?;
                    State::AttlistName
                }
                "#FIXED" => State::AttlistFixed,
                _ => return self.syntax(token),
            },
            (State::AttlistDefault | State::AttlistFixed, Token::Literal) => {
                let fixed = self.prolog.state == State::AttlistFixed;
                let is_cdata = self.prolog.ty == "CDATA";
                let keep = self.settings.dtd.borrow().keep;
                if keep {
                    let place = text.is_document.then_some(begin + 1);
                    let value = self.attribute_value(unquoted(word), is_cdata, true, place)?;
                    self.declare_attribute(sink, Some(value), fixed)?;
                }
                State::AttlistName
            }
            _ => return self.syntax(token),
        };
        self.prolog.state = next;
        Ok(told)
    }

    fn declare_attribute(
        &mut self,
        sink: &dyn Sink,
        default: Option<String>,
        required: bool,
    ) -> Answer {
        let prolog = &self.prolog;
        {
            let mut dtd = self.settings.dtd.borrow_mut();
            if !dtd.keep {
                return Ok(());
            }
            let attribute = Declared {
                name: prolog.attribute.as_str().into(),
                is_cdata: prolog.ty == "CDATA",
                default: default.as_deref().map(Rc::from),
            };
            dtd.add_attribute(&prolog.name, attribute);
        }
        if sink.wants(Kind::AttlistDecl) {
            let names = (prolog.name.as_str(), prolog.attribute.as_str());
            sink.attribute_declaration(names, &prolog.ty, default.as_deref(), required)?;
        }
        Ok(())
    }

    pub(super) fn step_element(
        &mut self,
        sink: &dyn Sink,
        token: Token,
        word: &str,
    ) -> Answer<Told> {
        let told = self.told_in_declaration(sink);
        let next = match (self.prolog.state, token) {
            (State::Element, Token::Name(0)) => {
                self.prolog.name = word.to_owned();
                self.prolog.model = Model::default();
                self.prolog.groups.clear();
                State::ElementModel
            }
            (State::ElementModel, Token::Name(0)) if matches!(word, "EMPTY" | "ANY") => {
                let kind = if word == "EMPTY" { 1 } else { 2 };
                self.prolog.model.nodes.push(ModelNode { kind, ..ModelNode::default() });
                self.tell_model(sink)?;
                State::Close
            }
            (State::ElementModel, Token::OpenParen) => {
                self.open_group();
                State::GroupStart
            }
            (State::GroupStart, Token::PoundName)
                if word == "#PCDATA" && self.prolog.groups.len() == 1 =>
            {
                if let Some(node) = self.prolog.model.nodes.first_mut() {
                    node.kind = 3;
                }
                State::MixedStart
            }
            (State::MixedStart | State::MixedNamed, Token::CloseParen(2)) => {
                return self.end_mixed(sink, 2, told);
            }
            (State::MixedStart, Token::CloseParen(0)) => return self.end_mixed(sink, 0, told),
            (State::MixedStart | State::MixedNamed, Token::Or) => State::MixedName,
            (State::MixedName, Token::Name(0)) => {
                self.add_particle(word, 0);
                State::MixedNamed
            }
            (State::GroupStart | State::GroupItem, Token::OpenParen) => {
                self.open_group();
                State::GroupStart
            }
            (State::GroupStart | State::GroupItem, Token::Name(quantifier)) => {
                let name = if quantifier == 0 {
                    word
                } else {
                    word.get(..word.len() - 1).unwrap_or_default()
                };
                self.add_particle(name, quantifier);
                State::GroupItemEnd
            }
            (State::GroupItemEnd, Token::CloseParen(quantifier)) => {
                if let Some((group, _)) = self.prolog.groups.pop()
                    && let Some(node) = self.prolog.model.nodes.get_mut(group)
                {
                    node.quantifier = quantifier;
                }
                if self.prolog.groups.is_empty() {
                    self.tell_model(sink)?;
                    State::Close
                } else {
                    State::GroupItemEnd
                }
            }
            (State::GroupItemEnd, Token::Or | Token::Comma) => {
                let is_choice = token == Token::Or;
                let Some((group, connector)) = self.prolog.groups.last_mut() else {
                    return self.fail(SYNTAX);
                };
                if connector.is_some_and(|connector| connector != is_choice) {
                    return self.fail(SYNTAX);
                }
                *connector = Some(is_choice);
                if is_choice && let Some(node) = self.prolog.model.nodes.get_mut(*group) {
                    node.kind = 5;
                }
                State::GroupItem
            }
            _ => return self.syntax(token),
        };
        self.prolog.state = next;
        Ok(told)
    }

    fn open_group(&mut self) {
        let index = self.add_node(ModelNode { kind: 6, ..ModelNode::default() });
        self.prolog.groups.push((index, None));
    }

    fn add_particle(&mut self, name: &str, quantifier: Quantifier) {
        let name = Some(name.to_owned());
        self.add_node(ModelNode { kind: 4, quantifier, name, children: Vec::new() });
    }

    fn add_node(&mut self, node: ModelNode) -> usize {
        let nodes = &mut self.prolog.model.nodes;
        let index = nodes.len();
        nodes.push(node);
        if let Some((group, _)) = self.prolog.groups.last()
            && let Some(parent) = nodes.get_mut(*group)
        {
            parent.children.push(index);
        }
        index
    }

    fn end_mixed(&mut self, sink: &dyn Sink, quantifier: Quantifier, told: Told) -> Answer<Told> {
        if let Some(node) = self.prolog.model.nodes.first_mut() {
            node.quantifier = quantifier;
        }
        self.prolog.groups.clear();
        self.tell_model(sink)?;
        self.prolog.state = State::Close;
        Ok(told)
    }

    fn tell_model(&mut self, sink: &dyn Sink) -> Answer {
        if sink.wants(Kind::ElementDecl) {
            sink.element_declaration(&self.prolog.name, &self.prolog.model)?;
        }
        Ok(())
    }
}
