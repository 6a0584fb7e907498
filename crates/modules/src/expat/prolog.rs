//! The prolog and the document type definition: a state machine over tokens.

mod elements;
mod entities;
mod tokens;

use std::rc::Rc;

use super::{
    Answer, ENTITY_DECLARED_IN_PE, EXTERNAL_ENTITY_HANDLING, External, INVALID_TOKEN, Kind,
    MISPLACED_XML_PI, Model, NOT_STANDALONE, PARAM_ENTITY_REF, PARAMETER_ALWAYS, PARAMETER_NEVER,
    PUBLICID, Parser, Pause, Phase, RECURSIVE_ENTITY_REF, SYNTAX, Sink, Text, UNDEFINED_ENTITY,
    scan::{self, Scan},
};
pub(super) use tokens::{Quantifier, Token, token};

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

/// What a [`State`] is a part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// The prolog outside the document type declaration.
    Top,
    Doctype,
    /// A subset, between declarations.
    Subset,
    Conditional,
    Entity,
    Attlist,
    Element,
    Notation,
    /// The end of any declaration.
    Close,
}

impl State {
    fn part(self) -> Part {
        match self {
            State::Start | State::BeforeDoctype | State::AfterDoctype => Part::Top,
            State::DoctypeName
            | State::DoctypeNamed
            | State::DoctypeSystem
            | State::DoctypePublic
            | State::DoctypeExternal
            | State::DoctypeClose => Part::Doctype,
            State::Internal | State::External | State::ExternalStart => Part::Subset,
            State::ConditionalKind | State::ConditionalOpen(_) => Part::Conditional,
            State::Entity
            | State::EntityParameter
            | State::EntityValue
            | State::EntitySystem
            | State::EntityPublic
            | State::EntityExternal
            | State::EntityNotation => Part::Entity,
            State::Attlist
            | State::AttlistName
            | State::AttlistType
            | State::AttlistEnumeration
            | State::AttlistEnumerated
            | State::AttlistNotation
            | State::AttlistNotationName
            | State::AttlistNotationNamed
            | State::AttlistDefault
            | State::AttlistFixed => Part::Attlist,
            State::Element
            | State::ElementModel
            | State::GroupStart
            | State::MixedStart
            | State::MixedName
            | State::MixedNamed
            | State::GroupItem
            | State::GroupItemEnd => Part::Element,
            State::Notation
            | State::NotationKind
            | State::NotationPublic
            | State::NotationSystem
            | State::NotationPublicEnd => Part::Notation,
            State::Close => Part::Close,
        }
    }
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
        self.state.part() == Part::Subset
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
            let (token, end) = match token(text.text, begin) {
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
        let told = match self.prolog.state.part() {
            Part::Top => self.step_top(sink, token, word),
            Part::Doctype => self.step_doctype(sink, text, token, begin, word),
            Part::Subset => self.step_subset(sink, token, word),
            Part::Conditional => self.step_conditional(token, word),
            Part::Entity => self.step_entity(sink, text, token, begin, word),
            Part::Attlist => self.step_attlist(sink, text, token, begin, word),
            Part::Element => self.step_element(sink, token, word),
            Part::Notation => self.step_notation(sink, text, token, begin, word),
            Part::Close => match token {
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
        matches!(self.prolog.state.part(), Part::Top | Part::Subset)
    }

    fn is_in_declaration(&self) -> bool {
        !self.is_at_top() && self.prolog.state.part() != Part::Doctype
    }

    /// Whether the declaration that is being read has a handler.
    fn told_in_declaration(&self, sink: &dyn Sink) -> Told {
        let kind = match self.prolog.state.part() {
            Part::Doctype => Kind::StartDoctypeDecl,
            Part::Entity => Kind::EntityDecl,
            Part::Attlist => Kind::AttlistDecl,
            Part::Element => Kind::ElementDecl,
            Part::Notation => Kind::NotationDecl,
            Part::Close => return self.prolog.told,
            Part::Top | Part::Subset | Part::Conditional => return Told::Not,
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
