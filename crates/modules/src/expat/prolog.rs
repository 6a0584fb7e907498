//! The prolog and the document type definition: a state machine over tokens.

use std::{cell::Cell, rc::Rc};

use super::{
    Answer, BAD_CHAR_REF, ENTITY_DECLARED_IN_PE, EXTERNAL_ENTITY_HANDLING, External, INVALID_TOKEN,
    Kind, MISPLACED_XML_PI, Model, ModelNode, NOT_STANDALONE, PARAM_ENTITY_REF, PARAMETER_ALWAYS,
    PARAMETER_NEVER, PUBLICID, Parser, Pause, Phase, RECURSIVE_ENTITY_REF, SYNTAX, Sink, Text,
    UNDEFINED_ENTITY,
    dtd::{Declared, Entity},
    scan::{self, Scan, Trouble},
};

/// `?`, `*` or `+` behind a particle, as Expat numbers them.
pub(super) type Quantifier = u8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token {
    Space,
    DeclarationOpen,
    DeclarationClose,
    Name(Quantifier),
    Nmtoken,
    PoundName,
    Or,
    Percent,
    OpenParen,
    CloseParen(Quantifier),
    OpenBracket,
    CloseBracket,
    Literal,
    ParameterRef,
    InstanceStart,
    ConditionalOpen,
    ConditionalClose,
    Comma,
    Instruction,
    Comment,
}

fn quantifier(c: char) -> Quantifier {
    match c {
        '?' => 1,
        '*' => 2,
        '+' => 3,
        _ => 0,
    }
}

/// The token at `at`, where there is a character.
pub(super) fn token(text: &str, at: usize, _in_prolog: bool) -> Scan<Token> {
    match scan_token(text, at) {
        Ok(found) => found,
        Err(trouble) => trouble.into(),
    }
}

fn scan_token(text: &str, at: usize) -> Result<Scan<Token>, Trouble> {
    let c = scan::need(text, at)?;
    let found = |token, len| Ok(Scan::Found(token, at + len));
    match c {
        '"' | '\'' => {
            let end = scan::literal(text, at)?;
            Ok(match scan::char_at(text, end) {
                None => Scan::Maybe(Token::Literal, end),
                Some('>' | '%' | '[') => Scan::Found(Token::Literal, end),
                Some(c) if scan::is_space(c) => Scan::Found(Token::Literal, end),
                Some(_) => Scan::Bad(end),
            })
        }
        '<' => scan_open(text, at),
        c if scan::is_space(c) => {
            let mut end = at;
            while scan::char_at(text, end).is_some_and(scan::is_space) {
                end += 1;
            }
            // A last CR may be half of a line end.
            Ok(match scan::char_at(text, end) {
                None => Scan::Maybe(Token::Space, end),
                Some(_) => Scan::Found(Token::Space, end),
            })
        }
        '%' => match scan::need(text, at + 1)? {
            '%' => found(Token::Percent, 1),
            c if scan::is_space(c) => found(Token::Percent, 1),
            _ => {
                let end = scan::name(text, at + 1)?;
                match scan::need(text, end)? {
                    ';' => Ok(Scan::Found(Token::ParameterRef, end + 1)),
                    _ => Err(Trouble::Bad(end)),
                }
            }
        },
        ',' => found(Token::Comma, 1),
        '[' => found(Token::OpenBracket, 1),
        ']' => match (scan::char_at(text, at + 1), scan::char_at(text, at + 2)) {
            (None, _) | (Some(']'), None) => Ok(Scan::Maybe(Token::CloseBracket, at + 1)),
            (Some(']'), Some('>')) => found(Token::ConditionalClose, 3),
            _ => found(Token::CloseBracket, 1),
        },
        '(' => found(Token::OpenParen, 1),
        ')' => match scan::char_at(text, at + 1) {
            None => Ok(Scan::Maybe(Token::CloseParen(0), at + 1)),
            Some(c @ ('*' | '+' | '?')) => found(Token::CloseParen(quantifier(c)), 2),
            Some('>' | ',' | '|' | ')') => found(Token::CloseParen(0), 1),
            Some(c) if scan::is_space(c) => found(Token::CloseParen(0), 1),
            Some(_) => Err(Trouble::Bad(at + 1)),
        },
        '|' => found(Token::Or, 1),
        '>' => found(Token::DeclarationClose, 1),
        '#' => {
            let end = scan::name(text, at + 1)?;
            Ok(match scan::char_at(text, end) {
                None => Scan::Maybe(Token::PoundName, end),
                Some(')' | '>' | '%' | '|') => Scan::Found(Token::PoundName, end),
                Some(c) if scan::is_space(c) => Scan::Found(Token::PoundName, end),
                Some(_) => Scan::Bad(end),
            })
        }
        c if scan::is_name(c) => scan_word(text, at, c),
        _ => Err(Trouble::Bad(at)),
    }
}

fn scan_word(text: &str, at: usize, first: char) -> Result<Scan<Token>, Trouble> {
    let is_name = scan::is_name_start(first);
    let token = if is_name { Token::Name(0) } else { Token::Nmtoken };
    let mut end = at;
    while let Some(c) = scan::char_at(text, end) {
        if !scan::is_name(c) {
            return match c {
                '>' | ')' | ',' | '|' | '[' | '%' => Ok(Scan::Found(token, end)),
                c if scan::is_space(c) => Ok(Scan::Found(token, end)),
                '?' | '*' | '+' if is_name => Ok(Scan::Found(Token::Name(quantifier(c)), end + 1)),
                _ => Err(Trouble::Bad(end)),
            };
        }
        end += c.len_utf8();
    }
    Ok(Scan::Maybe(token, end))
}

fn scan_open(text: &str, at: usize) -> Result<Scan<Token>, Trouble> {
    match scan::need(text, at + 1)? {
        '!' => match scan::need(text, at + 2)? {
            '-' => {
                if scan::need(text, at + 3)? != '-' {
                    return Err(Trouble::Bad(at + 3));
                }
                let end = scan::comment(text, at + 4)?;
                Ok(Scan::Found(Token::Comment, end))
            }
            '[' => Ok(Scan::Found(Token::ConditionalOpen, at + 3)),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut end = at + 2;
                loop {
                    let c = scan::need(text, end)?;
                    if scan::is_space(c) || c == '%' {
                        return Ok(Scan::Found(Token::DeclarationOpen, end));
                    }
                    if !(c.is_ascii_alphabetic() || c == '_') {
                        return Err(Trouble::Bad(end));
                    }
                    end += 1;
                }
            }
            _ => Err(Trouble::Bad(at + 2)),
        },
        '?' => {
            let (_, end) = scan::instruction(text, at + 2)?;
            Ok(Scan::Found(Token::Instruction, end))
        }
        c if scan::is_name_start(c) => Ok(Scan::Found(Token::InstanceStart, at)),
        _ => Err(Trouble::Bad(at + 1)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// At the very start, where an XML declaration may be.
    Start,
    BeforeDoctype,
    AfterDoctype,
    DoctypeName,
    DoctypeNamed,
    DoctypeSystem,
    DoctypePublic,
    DoctypeExternal,
    DoctypeClose,
    /// The internal subset.
    Internal,
    /// An external subset or parameter entity, at its start and later.
    ExternalStart,
    External,
    Entity,
    EntityParameter,
    EntityValue,
    EntitySystem,
    EntityPublic,
    EntityExternal,
    EntityNotation,
    Attlist,
    AttlistName,
    AttlistType,
    AttlistEnumeration,
    AttlistEnumerated,
    AttlistNotation,
    AttlistNotationName,
    AttlistNotationNamed,
    AttlistDefault,
    AttlistFixed,
    Element,
    ElementModel,
    GroupStart,
    MixedStart,
    MixedName,
    MixedNamed,
    GroupItem,
    GroupItemEnd,
    Notation,
    NotationKind,
    NotationPublic,
    NotationSystem,
    NotationPublicEnd,
    ConditionalKind,
    ConditionalOpen(bool),
    /// Nothing but the end of the declaration.
    Close,
}

/// Where the prolog is, and the parts of the declaration that is being read.
pub(super) struct Prolog {
    state: State,
    is_external: bool,
    pub(super) includes: usize,
    /// How many `<![` are open in a part that is ignored.
    ignores: usize,
    name: String,
    at: External,
    is_parameter: bool,
    /// The declaration is the first of its name.
    is_first: bool,
    attribute: String,
    ty: String,
    model: Model,
    groups: Vec<(usize, Option<bool>)>,
    doctype: Option<String>,
    has_system: bool,
    announced: bool,
    /// Whether a handler listens to the declaration that is being closed.
    told: Told,
}

impl Prolog {
    fn new(state: State, is_external: bool) -> Prolog {
        Prolog {
            state,
            is_external,
            includes: 0,
            ignores: 0,
            name: String::new(),
            at: External::default(),
            is_parameter: false,
            is_first: false,
            attribute: String::new(),
            ty: String::new(),
            model: Model::default(),
            groups: Vec::new(),
            doctype: None,
            has_system: false,
            announced: false,
            told: Told::Not,
        }
    }

    /// The prolog of a document.
    pub(super) fn document() -> Prolog {
        Prolog::new(State::Start, false)
    }

    /// An external subset or parameter entity.
    pub(super) fn external() -> Prolog {
        Prolog::new(State::ExternalStart, true)
    }

    pub(super) fn is_external(&self) -> bool {
        self.is_external
    }

    /// Between declarations.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.state, State::Internal | State::External | State::ExternalStart)
    }

    fn subset(&self) -> State {
        if self.is_external { State::External } else { State::Internal }
    }
}

/// What an event handler made of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    /// Nothing: the default handler gets it.
    Not,
    Yes,
}

const REQUIRED: &str = "#REQUIRED";

impl Parser {
    /// Read the prolog or a part of the definition.
    pub(super) fn read_prolog(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: &mut usize,
    ) -> Answer<Pause> {
        let depth = self.open.len();
        loop {
            let begin = *at;
            if self.prolog.ignores > 0 {
                match self.skip_ignored(sink, text, begin)? {
                    Some(end) => *at = end,
                    None => return self.incomplete(text, begin),
                }
                continue;
            }
            if begin == text.text.len() {
                if text.is_document && self.has_rest(text) {
                    return self.incomplete(text, begin);
                }
                return Ok(Pause::Input);
            }
            self.event(text.is_document, begin);
            let (token, end) = match token(text.text, begin, true) {
                Scan::Found(token, end) => (token, end),
                Scan::Maybe(token, end) if text.is_final => (token, end),
                // White space is told at once, unless it may be half of a line end.
                Scan::Maybe(Token::Space, end) if !text.get(begin, end).ends_with('\r') => {
                    (Token::Space, end)
                }
                Scan::Maybe(..) | Scan::More => return self.incomplete(text, begin),
                Scan::Bad(bad) => return self.fail_at(text, bad, INVALID_TOKEN),
            };
            *at = end;
            if self.step(sink, text, token, begin, end)? == Told::Not {
                self.default(sink, text.get(begin, end))?;
            }
            if self.open.len() != depth || self.phase != Phase::Prolog {
                return Ok(Pause::Turn);
            }
        }
    }

    /// The end of the part of an ignored section up to the next bracket.
    fn skip_ignored(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Option<usize>> {
        let rest = text.get(at, text.text.len());
        let open = rest.find("<![").map(|found| (found + 3, 1));
        let close = rest.find("]]>").map(|found| (found + 3, -1));
        let Some((len, change)) = [open, close].into_iter().flatten().min() else {
            return Ok(None);
        };
        self.default(sink, text.get(at, at + len))?;
        self.prolog.ignores = self.prolog.ignores.saturating_add_signed(change);
        Ok(Some(at + len))
    }

    fn syntax<T>(&self, token: Token) -> Answer<T> {
        self.fail(if token == Token::ParameterRef { PARAM_ENTITY_REF } else { SYNTAX })
    }

    /// One token.
    fn step(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        token: Token,
        begin: usize,
        end: usize,
    ) -> Answer<Told> {
        let word = text.get(begin, end);
        match token {
            Token::Space => {
                if self.prolog.state == State::Start {
                    self.prolog.state = State::BeforeDoctype;
                }
                // Within declarations that somebody listens to, space is part of them.
                return Ok(self.told_in_declaration(sink));
            }
            Token::Instruction => return self.prolog_instruction(sink, text, begin, end),
            Token::Comment if self.is_at_top() => {
                if self.prolog.state == State::Start {
                    self.prolog.state = State::BeforeDoctype;
                }
                let _ = self.read_comment(sink, text, begin)?;
                return Ok(Told::Yes);
            }
            Token::ParameterRef => {
                let outside = self.prolog.is_between();
                let inside =
                    self.is_in_declaration() && (self.prolog.is_external || !self.open.is_empty());
                if outside || inside {
                    return self.parameter_reference(sink, text.get(begin + 1, end - 1), outside);
                }
            }
            _ => {}
        }
        let told = match self.prolog.state {
            State::Start | State::BeforeDoctype | State::AfterDoctype => {
                self.step_top(sink, token, word)
            }
            State::DoctypeName
            | State::DoctypeNamed
            | State::DoctypeSystem
            | State::DoctypePublic
            | State::DoctypeExternal
            | State::DoctypeClose => self.step_doctype(sink, text, token, begin, word),
            State::Internal | State::External | State::ExternalStart => {
                self.step_subset(sink, token, word)
            }
            State::ConditionalKind | State::ConditionalOpen(_) => {
                self.step_conditional(token, word)
            }
            State::Entity
            | State::EntityParameter
            | State::EntityValue
            | State::EntitySystem
            | State::EntityPublic
            | State::EntityExternal
            | State::EntityNotation => self.step_entity(sink, text, token, begin, word),
            State::Attlist
            | State::AttlistName
            | State::AttlistType
            | State::AttlistEnumeration
            | State::AttlistEnumerated
            | State::AttlistNotation
            | State::AttlistNotationName
            | State::AttlistNotationNamed
            | State::AttlistDefault
            | State::AttlistFixed => self.step_attlist(sink, text, token, begin, word),
            State::Element
            | State::ElementModel
            | State::GroupStart
            | State::MixedStart
            | State::MixedName
            | State::MixedNamed
            | State::GroupItem
            | State::GroupItemEnd => self.step_element(sink, token, word),
            State::Notation
            | State::NotationKind
            | State::NotationPublic
            | State::NotationSystem
            | State::NotationPublicEnd => self.step_notation(sink, text, token, begin, word),
            State::Close => match token {
                Token::DeclarationClose => {
                    self.prolog.state = self.prolog.subset();
                    Ok(self.prolog.told)
                }
                _ => self.syntax(token),
            },
        }?;
        self.prolog.told = told;
        Ok(told)
    }

    /// Where comments and processing instructions may be.
    fn is_at_top(&self) -> bool {
        self.prolog.is_between()
            || matches!(
                self.prolog.state,
                State::Start | State::BeforeDoctype | State::AfterDoctype
            )
    }

    fn is_in_declaration(&self) -> bool {
        !self.is_at_top()
            && !matches!(
                self.prolog.state,
                State::DoctypeName
                    | State::DoctypeNamed
                    | State::DoctypeSystem
                    | State::DoctypePublic
                    | State::DoctypeExternal
                    | State::DoctypeClose
            )
    }

    /// Whether the declaration that is being read has a handler.
    fn told_in_declaration(&self, sink: &dyn Sink) -> Told {
        let kind = match self.prolog.state {
            State::DoctypeName
            | State::DoctypeNamed
            | State::DoctypeSystem
            | State::DoctypePublic
            | State::DoctypeExternal
            | State::DoctypeClose => Kind::StartDoctypeDecl,
            State::Entity
            | State::EntityParameter
            | State::EntityValue
            | State::EntitySystem
            | State::EntityPublic
            | State::EntityExternal
            | State::EntityNotation => Kind::EntityDecl,
            State::Attlist
            | State::AttlistName
            | State::AttlistType
            | State::AttlistEnumeration
            | State::AttlistEnumerated
            | State::AttlistNotation
            | State::AttlistNotationName
            | State::AttlistNotationNamed
            | State::AttlistDefault
            | State::AttlistFixed => Kind::AttlistDecl,
            State::Element
            | State::ElementModel
            | State::GroupStart
            | State::MixedStart
            | State::MixedName
            | State::MixedNamed
            | State::GroupItem
            | State::GroupItemEnd => Kind::ElementDecl,
            State::Notation
            | State::NotationKind
            | State::NotationPublic
            | State::NotationSystem
            | State::NotationPublicEnd => Kind::NotationDecl,
            State::Close => return self.prolog.told,
            _ => return Told::Not,
        };
        if sink.wants(kind) { Told::Yes } else { Told::Not }
    }

    fn prolog_instruction(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        begin: usize,
        end: usize,
    ) -> Answer<Told> {
        let target = text.get(begin + 2, end).strip_prefix("xml");
        let is_declaration =
            target.is_some_and(|rest| rest.starts_with(|c| scan::is_space(c) || c == '?'));
        let state = self.prolog.state;
        if is_declaration {
            match state {
                State::Start | State::ExternalStart => {
                    let is_text = state == State::ExternalStart;
                    self.prolog.state =
                        if is_text { State::External } else { State::BeforeDoctype };
                    self.xml_declaration(sink, text, begin, end, is_text)?;
                    return Ok(Told::Yes);
                }
                _ => return self.fail(MISPLACED_XML_PI),
            }
        }
        if !self.is_at_top() {
            return self.fail(SYNTAX);
        }
        if state == State::Start {
            self.prolog.state = State::BeforeDoctype;
        }
        let _ = self.read_instruction(sink, text, begin)?;
        Ok(Told::Yes)
    }

    fn step_top(&mut self, sink: &dyn Sink, token: Token, word: &str) -> Answer<Told> {
        match token {
            Token::DeclarationOpen
                if word == "<!DOCTYPE" && self.prolog.state != State::AfterDoctype =>
            {
                self.prolog.state = State::DoctypeName;
                Ok(self.told_in_declaration(sink))
            }
            Token::InstanceStart => {
                if self.settings.foreign_dtd.get() {
                    self.foreign_subset(sink)?;
                }
                self.phase = Phase::Content;
                Ok(Told::Yes)
            }
            _ => self.syntax(token),
        }
    }

    /// The definition that `UseForeignDTD` asks for, if the document has none.
    fn foreign_subset(&mut self, sink: &dyn Sink) -> Answer {
        self.settings.foreign_dtd.set(false);
        let had = std::mem::replace(&mut self.settings.dtd.borrow_mut().has_parameter_refs, true);
        if self.settings.parameters.get() == PARAMETER_NEVER || !sink.wants(Kind::ExternalEntityRef)
        {
            return Ok(());
        }
        let at = External { base: self.settings.base.borrow().clone(), ..External::default() };
        if !self.read_subset(sink, &at)? {
            self.settings.dtd.borrow_mut().has_parameter_refs = had;
        }
        Ok(())
    }

    /// Have the external subset read. Answers whether it was.
    fn read_subset(&mut self, sink: &dyn Sink, at: &External) -> Answer<bool> {
        self.settings.dtd.borrow_mut().parameter_read = false;
        if !sink.external_entity(None, at)? {
            return self.fail(EXTERNAL_ENTITY_HANDLING);
        }
        let read = self.settings.dtd.borrow().parameter_read;
        if read {
            self.ask_standalone(sink)?;
        }
        Ok(read)
    }

    fn ask_standalone(&self, sink: &dyn Sink) -> Answer {
        let alone = self.settings.dtd.borrow().is_standalone;
        if !alone && sink.wants(Kind::NotStandalone) && !sink.not_standalone()? {
            return self.fail(NOT_STANDALONE);
        }
        Ok(())
    }

    fn step_doctype(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        token: Token,
        begin: usize,
        word: &str,
    ) -> Answer<Told> {
        let told = self.told_in_declaration(sink);
        let next = match (self.prolog.state, token) {
            (State::DoctypeName, Token::Name(0)) => {
                self.prolog.doctype = Some(word.to_owned());
                self.prolog.at = External::default();
                State::DoctypeNamed
            }
            (State::DoctypeNamed, Token::Name(0)) if word == "SYSTEM" => State::DoctypeSystem,
            (State::DoctypeNamed, Token::Name(0)) if word == "PUBLIC" => State::DoctypePublic,
            (State::DoctypePublic, Token::Literal) => {
                self.prolog.at.public = Some(self.public_id(text, begin, word)?);
                self.settings.dtd.borrow_mut().has_parameter_refs = true;
                State::DoctypeSystem
            }
            (State::DoctypeSystem, Token::Literal) => {
                self.prolog.at.system = Some(unquoted(word).into());
                self.prolog.at.base = self.settings.base.borrow().clone();
                self.prolog.has_system = true;
                self.settings.foreign_dtd.set(false);
                self.settings.dtd.borrow_mut().has_parameter_refs = true;
                if self.settings.parameters.get() == PARAMETER_NEVER {
                    self.ask_standalone(sink)?;
                }
                State::DoctypeExternal
            }
            (State::DoctypeNamed | State::DoctypeExternal, Token::OpenBracket) => {
                self.announce(sink, true)?;
                self.settings.dtd.borrow_mut().subset = self.prolog.at.clone();
                self.prolog.state = State::Internal;
                return Ok(told);
            }
            (
                State::DoctypeNamed | State::DoctypeExternal | State::DoctypeClose,
                Token::DeclarationClose,
            ) => {
                let told = self.close_doctype(sink)?;
                self.prolog.state = State::AfterDoctype;
                return Ok(told);
            }
            _ => return self.syntax(token),
        };
        self.prolog.state = next;
        Ok(told)
    }

    /// Tell of the document type, once.
    fn announce(&mut self, sink: &dyn Sink, internal: bool) -> Answer {
        if let Some(name) = &self.prolog.doctype
            && sink.wants(Kind::StartDoctypeDecl)
            && !self.prolog.announced
        {
            self.prolog.announced = true;
            sink.start_doctype(name, &self.prolog.at, internal)?;
        }
        Ok(())
    }

    fn close_doctype(&mut self, sink: &dyn Sink) -> Answer<Told> {
        let mut told = Told::Not;
        if self.prolog.state != State::DoctypeClose {
            told = self.told_in_declaration(sink);
            self.announce(sink, false)?;
            self.settings.dtd.borrow_mut().subset = self.prolog.at.clone();
        }
        if self.prolog.has_system || self.settings.foreign_dtd.get() {
            if !self.prolog.has_system {
                self.foreign_subset(sink)?;
            } else if self.settings.parameters.get() != PARAMETER_NEVER
                && sink.wants(Kind::ExternalEntityRef)
                && (self.settings.parameters.get() == PARAMETER_ALWAYS
                    || !self.settings.dtd.borrow().is_standalone)
            {
                let at = self.settings.dtd.borrow().subset.clone();
                self.read_subset(sink, &at)?;
            }
        }
        if sink.wants(Kind::EndDoctypeDecl) {
            sink.end_doctype()?;
            told = Told::Yes;
        }
        Ok(told)
    }

    fn step_subset(&mut self, sink: &dyn Sink, token: Token, word: &str) -> Answer<Told> {
        let external = self.prolog.is_external || !self.open.is_empty();
        let next = match token {
            Token::DeclarationOpen => match word {
                "<!ENTITY" => State::Entity,
                "<!ATTLIST" => State::Attlist,
                "<!ELEMENT" => State::Element,
                "<!NOTATION" => State::Notation,
                _ => return self.syntax(token),
            },
            Token::CloseBracket if !self.prolog.is_external => {
                self.prolog.state = State::DoctypeClose;
                return Ok(self.told_in_declaration(sink));
            }
            Token::ConditionalOpen if external => State::ConditionalKind,
            Token::ConditionalClose if external && self.prolog.includes > 0 => {
                self.prolog.includes -= 1;
                self.prolog.subset()
            }
            _ => return self.syntax(token),
        };
        self.prolog.state = next;
        self.prolog.at = External::default();
        self.prolog.is_parameter = false;
        Ok(self.told_in_declaration(sink))
    }

    fn step_conditional(&mut self, token: Token, word: &str) -> Answer<Told> {
        self.prolog.state = match (self.prolog.state, token, word) {
            (State::ConditionalKind, Token::Name(0), "INCLUDE") => State::ConditionalOpen(true),
            (State::ConditionalKind, Token::Name(0), "IGNORE") => State::ConditionalOpen(false),
            (State::ConditionalOpen(include), Token::OpenBracket, _) => {
                if include {
                    self.prolog.includes += 1;
                } else {
                    self.prolog.ignores = 1;
                }
                self.prolog.subset()
            }
            _ => return self.syntax(token),
        };
        Ok(Told::Not)
    }

    /// `%name;`, between or within declarations.
    fn parameter_reference(&mut self, sink: &dyn Sink, name: &str, outside: bool) -> Answer<Told> {
        let (had, alone, entity) = {
            let mut dtd = self.settings.dtd.borrow_mut();
            let had = std::mem::replace(&mut dtd.has_parameter_refs, true);
            (had, dtd.is_standalone, dtd.parameter.get(name).cloned())
        };
        if self.prolog.state == State::ExternalStart {
            self.prolog.state = State::External;
        }
        if self.settings.parameters.get() == PARAMETER_NEVER {
            self.settings.dtd.borrow_mut().keep = alone;
            self.ask_standalone(sink)?;
            return Ok(Told::Not);
        }
        let must_exist =
            !self.prolog.is_external && if alone { self.open.is_empty() } else { !had };
        let Some(entity) = entity else {
            if must_exist {
                return self.fail(UNDEFINED_ENTITY);
            }
            self.settings.dtd.borrow_mut().keep = alone;
            if outside && sink.wants(Kind::SkippedEntity) {
                sink.skipped_entity(name, true)?;
                return Ok(Told::Yes);
            }
            return Ok(Told::Not);
        };
        if must_exist && !entity.is_internal {
            return self.fail(ENTITY_DECLARED_IN_PE);
        }
        if entity.is_open.get() {
            return self.fail(RECURSIVE_ENTITY_REF);
        }
        if let Some(replacement) = entity.text.clone() {
            self.open_entity(&entity, &replacement, outside);
            return Ok(Told::Yes);
        }
        if !sink.wants(Kind::ExternalEntityRef) {
            self.settings.dtd.borrow_mut().keep = alone;
            return Ok(Told::Not);
        }
        self.settings.dtd.borrow_mut().parameter_read = false;
        entity.is_open.set(true);
        let handled = sink.external_entity(None, &entity.at);
        entity.is_open.set(false);
        if !handled? {
            return self.fail(EXTERNAL_ENTITY_HANDLING);
        }
        if !self.settings.dtd.borrow().parameter_read {
            self.settings.dtd.borrow_mut().keep = alone;
            return Ok(Told::Yes);
        }
        self.ask_standalone(sink)?;
        Ok(Told::Yes)
    }

    fn step_entity(
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
        let name: Rc<str> = self.prolog.name.as_str().into();
        let entity = Rc::new(Entity {
            name: name.clone(),
            text,
            at: self.prolog.at.clone(),
            notation: notation.map(Rc::from),
            is_open: Cell::new(false),
            is_internal: !self.settings.is_child && self.open.is_empty(),
        });
        let mut dtd = self.settings.dtd.borrow_mut();
        let table = if self.prolog.is_parameter { &mut dtd.parameter } else { &mut dtd.general };
        table.insert(name, entity);
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

    fn step_attlist(
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
            let all = dtd.attributes.entry(prolog.name.as_str().into()).or_default();
            if !all.iter().any(|one| *one.name == *prolog.attribute) {
                all.push(Declared {
                    name: prolog.attribute.as_str().into(),
                    is_cdata: prolog.ty == "CDATA",
                    default: default.as_deref().map(Rc::from),
                });
            }
        }
        if sink.wants(Kind::AttlistDecl) {
            let names = (prolog.name.as_str(), prolog.attribute.as_str());
            sink.attribute_declaration(names, &prolog.ty, default.as_deref(), required)?;
        }
        Ok(())
    }

    fn step_element(&mut self, sink: &dyn Sink, token: Token, word: &str) -> Answer<Told> {
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

    fn step_notation(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        token: Token,
        begin: usize,
        word: &str,
    ) -> Answer<Told> {
        let told = self.told_in_declaration(sink);
        let next = match (self.prolog.state, token) {
            (State::Notation, Token::Name(0)) => {
                self.prolog.name = word.to_owned();
                self.prolog.at.base = self.settings.base.borrow().clone();
                State::NotationKind
            }
            (State::NotationKind, Token::Name(0)) if word == "SYSTEM" => State::NotationSystem,
            (State::NotationKind, Token::Name(0)) if word == "PUBLIC" => State::NotationPublic,
            (State::NotationPublic, Token::Literal) => {
                self.prolog.at.public = Some(self.public_id(text, begin, word)?);
                State::NotationPublicEnd
            }
            (State::NotationSystem | State::NotationPublicEnd, Token::Literal) => {
                self.prolog.at.system = Some(unquoted(word).into());
                self.tell_notation(sink)?;
                State::Close
            }
            (State::NotationPublicEnd, Token::DeclarationClose) => {
                self.tell_notation(sink)?;
                self.prolog.subset()
            }
            _ => return self.syntax(token),
        };
        self.prolog.state = next;
        Ok(told)
    }

    fn tell_notation(&mut self, sink: &dyn Sink) -> Answer {
        if sink.wants(Kind::NotationDecl) {
            sink.notation_declaration(&self.prolog.name, &self.prolog.at)?;
        }
        Ok(())
    }

    /// A public identifier, its white space made single spaces.
    fn public_id(&self, text: Text<'_>, begin: usize, word: &str) -> Answer<Rc<str>> {
        let literal = unquoted(word);
        let allowed = |c: char| c.is_ascii_alphanumeric() || " \r\n-'()+,./:=?;!*#@$_%".contains(c);
        if let Some(bad) = literal.find(|c| !allowed(c)) {
            return self.fail_at(text, begin + 1 + bad, PUBLICID);
        }
        let words: Vec<&str> =
            literal.split(scan::is_space).filter(|word| !word.is_empty()).collect();
        Ok(words.join(" ").into())
    }
}

/// What is between the quotes.
fn unquoted(word: &str) -> &str {
    word.get(1..word.len().saturating_sub(1)).unwrap_or_default()
}
