//! An XML parser that is fed piece by piece and tells a [`Sink`] what it reads.
//!
//! It knows nothing of objects. Input is decoded to UTF-8 and scanned token by
//! token; a token that is not complete waits for more input. Internal entities
//! are texts on a stack, so nesting costs no native stack. Events, error codes
//! and positions are those of the Expat library.

mod attributes;
mod content;
mod declaration;
mod decode;
mod dtd;
mod prolog;
mod scan;
mod tags;

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    rc::Rc,
};

pub(super) use self::dtd::{Dtd, Model, ModelNode};
use self::{
    decode::{Decoder, Encoding, Width},
    dtd::Entity,
    prolog::Prolog,
    tags::Tags,
};

/// The version of the Expat library that this behaves as.
pub(super) const VERSION: (u32, u32, u32) = (2, 9, 0);

/// An event ended parsing: the reason is kept elsewhere.
pub(super) struct Stop;

/// Why parsing ended.
pub(super) enum Failure {
    /// An error code of Expat.
    Code(u32),
    Stop,
}

impl From<Stop> for Failure {
    fn from(_: Stop) -> Failure {
        Failure::Stop
    }
}

pub(super) type Answer<T = ()> = Result<T, Failure>;

/// What an event handler says.
pub(super) type Heard<T = ()> = Result<T, Stop>;

macro_rules! codes {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        $(
            #[allow(dead_code, reason = "all of Expat's errors have a name")]
            pub(super) const $name: u32 = $code;
        )*
        /// Every error: name, code and text.
        pub(super) const ERRORS: &[(&str, u32, &str)] =
            &[$((concat!("XML_ERROR_", stringify!($name)), $code, $text)),*];
    };
}

codes! {
    NO_MEMORY = 1, "out of memory";
    SYNTAX = 2, "syntax error";
    NO_ELEMENTS = 3, "no element found";
    INVALID_TOKEN = 4, "not well-formed (invalid token)";
    UNCLOSED_TOKEN = 5, "unclosed token";
    PARTIAL_CHAR = 6, "partial character";
    TAG_MISMATCH = 7, "mismatched tag";
    DUPLICATE_ATTRIBUTE = 8, "duplicate attribute";
    JUNK_AFTER_DOC_ELEMENT = 9, "junk after document element";
    PARAM_ENTITY_REF = 10, "illegal parameter entity reference";
    UNDEFINED_ENTITY = 11, "undefined entity";
    RECURSIVE_ENTITY_REF = 12, "recursive entity reference";
    ASYNC_ENTITY = 13, "asynchronous entity";
    BAD_CHAR_REF = 14, "reference to invalid character number";
    BINARY_ENTITY_REF = 15, "reference to binary entity";
    ATTRIBUTE_EXTERNAL_ENTITY_REF = 16, "reference to external entity in attribute";
    MISPLACED_XML_PI = 17, "XML or text declaration not at start of entity";
    UNKNOWN_ENCODING = 18, "unknown encoding";
    INCORRECT_ENCODING = 19, "encoding specified in XML declaration is incorrect";
    UNCLOSED_CDATA_SECTION = 20, "unclosed CDATA section";
    EXTERNAL_ENTITY_HANDLING = 21, "error in processing external entity reference";
    NOT_STANDALONE = 22, "document is not standalone";
    UNEXPECTED_STATE = 23, "unexpected parser state - please send a bug report";
    ENTITY_DECLARED_IN_PE = 24, "entity declared in parameter entity";
    FEATURE_REQUIRES_XML_DTD = 25, "requested feature requires XML_DTD support in Expat";
    CANT_CHANGE_FEATURE_ONCE_PARSING = 26, "cannot change setting once parsing has begun";
    UNBOUND_PREFIX = 27, "unbound prefix";
    UNDECLARING_PREFIX = 28, "must not undeclare prefix";
    INCOMPLETE_PE = 29, "incomplete markup in parameter entity";
    XML_DECL = 30, "XML declaration not well-formed";
    TEXT_DECL = 31, "text declaration not well-formed";
    PUBLICID = 32, "illegal character(s) in public id";
    SUSPENDED = 33, "parser suspended";
    NOT_SUSPENDED = 34, "parser not suspended";
    ABORTED = 35, "parsing aborted";
    FINISHED = 36, "parsing finished";
    SUSPEND_PE = 37, "cannot suspend in external parameter entity";
    RESERVED_PREFIX_XML = 38,
        "reserved prefix (xml) must not be undeclared or bound to another namespace name";
    RESERVED_PREFIX_XMLNS = 39, "reserved prefix (xmlns) must not be declared or undeclared";
    RESERVED_NAMESPACE_URI = 40, "prefix must not be bound to one of the reserved namespace names";
    INVALID_ARGUMENT = 41, "invalid argument";
    NO_BUFFER = 42, "a successful prior call to function XML_GetBuffer is required";
    AMPLIFICATION_LIMIT_BREACH = 43,
        "limit on input amplification factor (from DTD and entities) breached";
    NOT_STARTED = 44, "parser not started";
}

/// The text of an error code.
pub(super) fn error_text(code: u32) -> Option<&'static str> {
    ERRORS.iter().find(|error| error.1 == code).map(|error| error.2)
}

/// The events that a sink may want.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    StartElement,
    EndElement,
    ProcessingInstruction,
    CharacterData,
    UnparsedEntityDecl,
    NotationDecl,
    StartNamespaceDecl,
    EndNamespaceDecl,
    Comment,
    StartCdataSection,
    EndCdataSection,
    Default,
    DefaultExpand,
    NotStandalone,
    ExternalEntityRef,
    StartDoctypeDecl,
    EndDoctypeDecl,
    EntityDecl,
    XmlDecl,
    ElementDecl,
    AttlistDecl,
    SkippedEntity,
}

/// An external thing: where it is.
#[derive(Clone, Default)]
pub(super) struct External {
    pub(super) base: Option<Rc<str>>,
    pub(super) system: Option<Rc<str>>,
    pub(super) public: Option<Rc<str>>,
}

/// An attribute of an element: name and value.
pub(super) type Attribute<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Who is told what is read.
pub(super) trait Sink {
    /// Whether there is a handler; `Default` asks for either of the two.
    fn wants(&self, kind: Kind) -> bool;
    /// Whether internal entities are expanded although there is a default handler.
    fn expands(&self) -> bool;
    fn start_element(&self, name: &str, attributes: &[Attribute<'_>], given: usize) -> Heard;
    fn end_element(&self, name: &str) -> Heard;
    fn characters(&self, text: &str) -> Heard;
    fn instruction(&self, target: &str, data: &str) -> Heard;
    fn comment(&self, text: &str) -> Heard;
    fn start_cdata(&self) -> Heard;
    fn end_cdata(&self) -> Heard;
    fn default(&self, text: &str) -> Heard;
    fn start_namespace(&self, prefix: Option<&str>, uri: Option<&str>) -> Heard;
    fn end_namespace(&self, prefix: Option<&str>) -> Heard;
    fn xml_declaration(&self, version: Option<&str>, encoding: Option<&str>, alone: i32) -> Heard;
    fn start_doctype(&self, name: &str, at: &External, internal: bool) -> Heard;
    fn end_doctype(&self) -> Heard;
    fn element_declaration(&self, name: &str, model: &Model) -> Heard;
    fn attribute_declaration(
        &self,
        names: (&str, &str),
        ty: &str,
        default: Option<&str>,
        required: bool,
    ) -> Heard;
    fn entity_declaration(
        &self,
        name: &str,
        is_parameter: bool,
        value: Option<&str>,
        at: &External,
        notation: Option<&str>,
    ) -> Heard;
    fn notation_declaration(&self, name: &str, at: &External) -> Heard;
    fn unparsed_entity(&self, name: &str, at: &External, notation: &str) -> Heard;
    fn external_entity(&self, context: Option<&str>, at: &External) -> Heard<bool>;
    fn not_standalone(&self) -> Heard<bool>;
    fn skipped_entity(&self, name: &str, is_parameter: bool) -> Heard;
    /// The characters of the 256 bytes of an encoding, `None` for bytes without one.
    fn unknown_encoding(&self, name: &str) -> Heard<Option<Vec<Option<char>>>>;
}

/// A place in the input.
#[derive(Clone, Copy)]
struct Mark {
    offset: usize,
    line: usize,
    column: usize,
    byte: usize,
}

/// Where the parser is. Handlers may ask while parsing goes on.
pub(super) struct Place {
    text: RefCell<Rc<String>>,
    /// Where counting has come to, in `text`.
    mark: Cell<Mark>,
    /// The bytes of input before `text`.
    start: Cell<usize>,
    /// The last event, in `text`.
    event: Cell<Option<usize>>,
    width: Cell<Width>,
}

impl Place {
    fn new() -> Place {
        Place {
            text: RefCell::default(),
            mark: Cell::new(Mark { offset: 0, line: 1, column: 0, byte: 0 }),
            start: Cell::new(0),
            event: Cell::new(None),
            width: Cell::new(Width::Utf8),
        }
    }

    /// Count up to an offset of the text.
    fn count_to(&self, offset: usize) -> Mark {
        let mut mark = self.mark.get();
        if offset <= mark.offset {
            return mark;
        }
        let text = self.text.borrow().clone();
        let part = text.get(mark.offset..offset).unwrap_or_default();
        let mut line_start = None;
        for end in memchr::memchr2_iter(b'\n', b'\r', part.as_bytes()) {
            let is_second = part.as_bytes().get(end) == Some(&b'\n')
                && end > 0
                && part.as_bytes().get(end - 1) == Some(&b'\r');
            mark.line += usize::from(!is_second);
            line_start = Some(end + 1);
        }
        if line_start.is_some() {
            mark.column = 0;
        }
        let line = part.get(line_start.unwrap_or(0)..).unwrap_or_default();
        mark.column += line.chars().count();
        mark.byte += self.width.get().of(part);
        mark.offset = offset;
        self.mark.set(mark);
        mark
    }

    fn position(&self) -> Mark {
        self.count_to(self.event.get().unwrap_or(0))
    }

    pub(super) fn line(&self) -> usize {
        self.position().line
    }

    pub(super) fn column(&self) -> usize {
        self.position().column
    }

    /// The bytes before the last event.
    pub(super) fn byte(&self) -> Option<usize> {
        let event = self.event.get()?;
        let mark = self.count_to(event);
        if mark.offset == event {
            return Some(mark.byte);
        }
        let text = self.text.borrow().clone();
        let before = text.get(..event).unwrap_or_default();
        Some(self.start.get() + self.width.get().of(before))
    }

    /// The input from the last event on.
    pub(super) fn context(&self) -> Option<String> {
        let text = self.text.borrow().clone();
        text.get(self.event.get()?..).map(str::to_owned)
    }
}

/// What part of a document the parser is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The document's prolog, or an external subset.
    Prolog,
    /// Before the content of an external entity: a text declaration may follow.
    EntityStart,
    Content,
    Epilog,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Ready,
    Failed(u32),
    Finished,
}

/// An internal entity whose text is being read.
struct Open {
    entity: Rc<Entity>,
    text: Rc<str>,
    at: usize,
    level: usize,
    /// Whether it must hold whole declarations.
    between: bool,
}

/// A text that is read: the document, or an internal entity.
#[derive(Clone, Copy)]
struct Text<'a> {
    text: &'a str,
    is_document: bool,
    /// Nothing comes behind it.
    is_final: bool,
}

impl<'a> Text<'a> {
    fn get(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }
}

/// Why reading a text paused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// At its end, or at a token that is not complete.
    Input,
    /// An entity was opened, or the phase changed.
    Turn,
}

/// When declarations of parameter entities are read.
pub(super) const PARAMETER_NEVER: i32 = 0;
pub(super) const PARAMETER_UNLESS_STANDALONE: i32 = 1;
pub(super) const PARAMETER_ALWAYS: i32 = 2;

/// Names are made of a URI, this, and the local name.
#[derive(Clone, Copy, Default)]
pub(super) struct Namespaces {
    pub(super) separator: Option<char>,
}

/// What may be set before or while parsing, and asked for by handlers.
pub(super) struct Settings {
    pub(super) place: Place,
    pub(super) base: RefCell<Option<Rc<str>>>,
    pub(super) parameters: Cell<i32>,
    pub(super) foreign_dtd: Cell<bool>,
    pub(super) triplets: Cell<bool>,
    pub(super) deferral: Cell<bool>,
    pub(super) started: Cell<bool>,
    pub(super) error: Cell<u32>,
    pub(super) dtd: Rc<RefCell<Dtd>>,
    pub(super) namespaces: Option<Namespaces>,
    pub(super) is_child: bool,
}

/// A parser of one entity: a document, or an external entity of it.
pub(super) struct Parser {
    pub(super) settings: Rc<Settings>,
    decoder: Decoder,
    encoding: Option<String>,
    text: String,
    phase: Phase,
    status: Status,
    open: Vec<Open>,
    prolog: Prolog,
    tags: Tags,
    bindings: Vec<(Option<Rc<str>>, Rc<str>)>,
    in_cdata: bool,
    /// How much of an incomplete token there was at the last try.
    waited: usize,
}

impl Parser {
    /// A parser of a document.
    pub(super) fn new(
        encoding: Option<String>,
        namespaces: Option<Namespaces>,
        deferral: bool,
    ) -> Parser {
        let settings = Settings {
            place: Place::new(),
            base: RefCell::default(),
            parameters: Cell::new(PARAMETER_NEVER),
            foreign_dtd: Cell::new(false),
            triplets: Cell::new(false),
            deferral: Cell::new(deferral),
            started: Cell::new(false),
            error: Cell::new(0),
            dtd: Rc::default(),
            namespaces,
            is_child: false,
        };
        Parser::with(settings, encoding, Phase::Prolog, Prolog::document())
    }

    fn with(settings: Settings, encoding: Option<String>, phase: Phase, prolog: Prolog) -> Parser {
        Parser {
            settings: Rc::new(settings),
            decoder: Decoder::default(),
            encoding,
            text: String::new(),
            phase,
            status: Status::Ready,
            open: Vec::new(),
            prolog,
            tags: Tags::default(),
            bindings: Vec::new(),
            in_cdata: false,
            waited: 0,
        }
    }

    /// A parser of an external entity; without a context it is a parameter entity.
    pub(super) fn child(
        parent: &Settings,
        context: Option<&str>,
        encoding: Option<String>,
    ) -> Parser {
        let settings = Settings {
            place: Place::new(),
            base: RefCell::new(parent.base.borrow().clone()),
            parameters: Cell::new(parent.parameters.get()),
            foreign_dtd: Cell::new(false),
            triplets: Cell::new(parent.triplets.get()),
            deferral: Cell::new(parent.deferral.get()),
            started: Cell::new(false),
            error: Cell::new(0),
            dtd: parent.dtd.clone(),
            namespaces: parent.namespaces,
            is_child: true,
        };
        match context {
            Some(context) => {
                let mut parser =
                    Parser::with(settings, encoding, Phase::EntityStart, Prolog::document());
                parser.set_context(context);
                parser
            }
            None => {
                settings.dtd.borrow_mut().parameter_read = true;
                Parser::with(settings, encoding, Phase::Prolog, Prolog::external())
            }
        }
    }

    /// Decode as UTF-8 from now on, whatever the document says.
    pub(super) fn force_utf8(&mut self) {
        if !self.settings.started.get() {
            self.encoding = Some("utf-8".to_owned());
        }
    }

    /// Read more of the input.
    pub(super) fn parse(&mut self, sink: &dyn Sink, data: &[u8], is_final: bool) -> Answer {
        match self.status {
            Status::Ready => {}
            Status::Failed(code) => return Err(Failure::Code(code)),
            Status::Finished => {
                self.settings.error.set(FINISHED);
                return Err(Failure::Code(FINISHED));
            }
        }
        let result = self.parse_ready(sink, data, is_final);
        match &result {
            Ok(()) if is_final => self.status = Status::Finished,
            Ok(()) => {}
            Err(Failure::Code(code)) => {
                self.settings.error.set(*code);
                self.status = Status::Failed(*code);
            }
            Err(Failure::Stop) => self.status = Status::Failed(ABORTED),
        }
        result
    }

    fn parse_ready(&mut self, sink: &dyn Sink, data: &[u8], is_final: bool) -> Answer {
        if !self.settings.started.replace(true)
            && let Some(name) = self.encoding.take()
        {
            let encoding = self.named_encoding(sink, &name)?;
            self.decoder.force(encoding);
        }
        self.settings.dtd.borrow_mut().direct += data.len() as u64;
        if self.decoder.push(data).is_err() {
            return Err(Failure::Code(NO_MEMORY));
        }
        loop {
            let bom = self.decoder.fill(&mut self.text, is_final);
            let place = &self.settings.place;
            if let Some(bytes) = bom {
                place.mark.set(Mark { offset: 0, line: 1, column: 1, byte: bytes });
                place.start.set(bytes);
            }
            place.width.set(self.decoder.width());
            let holds = self.decoder.holds();
            self.run(sink, is_final && !holds)?;
            if !holds {
                return Ok(());
            }
            self.decoder.settle();
        }
    }

    /// The encoding that a name stands for.
    fn named_encoding(&mut self, sink: &dyn Sink, name: &str) -> Answer<Encoding> {
        if let Some(encoding) = Encoding::named(name) {
            return Ok(encoding);
        }
        match sink.unknown_encoding(name)?.and_then(Encoding::of_table) {
            Some(encoding) => Ok(encoding),
            None => Err(Failure::Code(UNKNOWN_ENCODING)),
        }
    }

    /// Read what there is of the input.
    fn run(&mut self, sink: &dyn Sink, is_final: bool) -> Answer {
        if self.settings.deferral.get()
            && !is_final
            && self.waited > 0
            && self.text.len() < 2 * self.waited
        {
            return Ok(());
        }
        let text = Rc::new(std::mem::take(&mut self.text));
        self.settings.place.text.replace(text.clone());
        let mut at = 0;
        let result = self.run_text(sink, &text, &mut at, is_final);
        let place = &self.settings.place;
        if result.is_ok() {
            self.waited = if at == 0 { text.len() } else { 0 };
            let mark = place.count_to(at);
            place.mark.set(Mark { offset: 0, ..mark });
            place.start.set(mark.byte);
            place.text.replace(Rc::default());
            // The position of the last event is behind us: it is where counting has come to.
            place.event.set(place.event.get().map(|_| 0));
            self.text = match Rc::try_unwrap(text) {
                Ok(text) => text,
                Err(text) => (*text).clone(),
            };
            self.text.drain(..at);
        }
        result
    }

    fn run_text(
        &mut self,
        sink: &dyn Sink,
        document: &str,
        at: &mut usize,
        is_final: bool,
    ) -> Answer {
        loop {
            let pause = if let Some(open) = self.open.last() {
                let text = open.text.clone();
                let from = open.at;
                let level = self.open.len();
                let view = Text { text: &text, is_document: false, is_final: true };
                let mut to = from;
                let pause = self.read(sink, view, &mut to)?;
                let read = (to.saturating_sub(from)) as u64;
                if let Some(open) = self.open.get_mut(level - 1) {
                    open.at = to;
                }
                self.account(read)?;
                if pause == Pause::Input {
                    self.close_entity()?;
                }
                Pause::Turn
            } else {
                let view = Text { text: document, is_document: true, is_final };
                self.read(sink, view, at)?
            };
            self.account_memory(document.len())?;
            if pause == Pause::Input && self.open.is_empty() {
                if is_final {
                    self.finish(document.len())?;
                }
                return Ok(());
            }
        }
    }

    fn read(&mut self, sink: &dyn Sink, text: Text<'_>, at: &mut usize) -> Answer<Pause> {
        match self.phase {
            Phase::Prolog => self.read_prolog(sink, text, at),
            Phase::EntityStart => self.read_entity_start(sink, text, at),
            Phase::Content => self.read_content(sink, text, at),
            Phase::Epilog => self.read_epilog(sink, text, at),
        }
    }

    /// The end of an internal entity.
    fn close_entity(&mut self) -> Answer {
        let Some(open) = self.open.pop() else { return Ok(()) };
        open.entity.is_open.set(false);
        match self.phase {
            Phase::Content if self.in_cdata => self.fail(UNCLOSED_CDATA_SECTION),
            Phase::Content if self.tags.len() != open.level => self.fail(ASYNC_ENTITY),
            Phase::Prolog if open.between && !self.prolog.is_between() => self.fail(INCOMPLETE_PE),
            _ => Ok(()),
        }
    }

    /// Begin to read the text of an internal entity.
    fn open_entity(&mut self, entity: &Rc<Entity>, text: &Rc<str>, between: bool) {
        entity.is_open.set(true);
        self.open.push(Open {
            entity: entity.clone(),
            text: text.clone(),
            at: 0,
            level: self.tags.len(),
            between,
        });
    }

    /// Count text that comes from entities; too much of it is an attack.
    fn account(&self, bytes: u64) -> Answer {
        let mut dtd = self.settings.dtd.borrow_mut();
        dtd.indirect += bytes;
        if dtd.is_expansion_breached() { self.fail(AMPLIFICATION_LIMIT_BREACH) } else { Ok(()) }
    }

    /// Count the memory that the parser holds, `document` bytes of text included; too much of it
    /// is an attack.
    fn account_memory(&self, document: usize) -> Answer {
        let open = self.open.len() * size_of::<Open>();
        let others = document + open + self.tags.memory() + self.decoder.memory();
        let breached = self.settings.dtd.borrow().is_memory_breached(others);
        if breached { self.fail(NO_MEMORY) } else { Ok(()) }
    }

    /// The end of the input.
    fn finish(&mut self, end: usize) -> Answer {
        let code = match self.phase {
            Phase::Epilog => return Ok(()),
            Phase::Prolog if self.prolog.is_external() => {
                if self.prolog.is_between() && self.prolog.includes == 0 {
                    return Ok(());
                }
                INCOMPLETE_PE
            }
            Phase::EntityStart => return Ok(()),
            Phase::Content if self.in_cdata => UNCLOSED_CDATA_SECTION,
            Phase::Content if self.is_external_content() => {
                if self.tags.is_empty() {
                    return Ok(());
                }
                ASYNC_ENTITY
            }
            Phase::Content | Phase::Prolog => NO_ELEMENTS,
        };
        self.event(true, end);
        self.fail(code)
    }

    fn is_external_content(&self) -> bool {
        self.settings.is_child && !self.prolog.is_external()
    }

    /// Note where an event is. Events in entities are where the entity is.
    fn event(&self, is_document: bool, at: usize) {
        if is_document && self.open.is_empty() {
            self.settings.place.event.set(Some(at));
        }
    }

    fn fail<T>(&self, code: u32) -> Answer<T> {
        Err(Failure::Code(code))
    }

    fn fail_at<T>(&self, text: Text<'_>, at: usize, code: u32) -> Answer<T> {
        self.event(text.is_document, at);
        Err(Failure::Code(code))
    }

    /// Whether bytes are left that cannot be decoded, or not without more.
    fn has_rest(&self, text: Text<'_>) -> bool {
        self.decoder.is_bad() || text.is_final && (self.decoder.has_more() || self.decoder.is_cut)
    }

    /// A token that cannot be completed by what comes: an error at the end of
    /// the input, or where a byte cannot be decoded.
    fn incomplete(&self, text: Text<'_>, at: usize) -> Answer<Pause> {
        if text.is_document && self.decoder.is_bad() {
            return self.fail_at(text, text.text.len(), INVALID_TOKEN);
        }
        if !text.is_final {
            return Ok(Pause::Input);
        }
        let partial = text.is_document && self.decoder.has_partial();
        self.fail_at(text, at, if partial { PARTIAL_CHAR } else { UNCLOSED_TOKEN })
    }

    /// Hand markup that nobody wants to the default handler.
    fn default(&self, sink: &dyn Sink, markup: &str) -> Answer {
        if sink.wants(Kind::Default) {
            sink.default(markup)?;
        }
        Ok(())
    }

    /// The bindings and open entities, for the parser of an external entity.
    fn context(&self) -> String {
        let mut items: Vec<String> = Vec::new();
        let mut seen: Vec<&Option<Rc<str>>> = Vec::new();
        for (prefix, uri) in self.bindings.iter().rev() {
            if seen.contains(&prefix) {
                continue;
            }
            seen.push(prefix);
            items.push(format!("{}={uri}", prefix.as_deref().unwrap_or_default()));
        }
        items.extend(self.open.iter().map(|open| open.entity.name.to_string()));
        items.join("\x0c")
    }

    fn set_context(&mut self, context: &str) {
        let mut bindings = Vec::new();
        for item in context.split('\x0c') {
            match item.split_once('=') {
                Some((prefix, uri)) => {
                    let prefix = (!prefix.is_empty()).then(|| Rc::from(prefix));
                    bindings.push((prefix, Rc::from(uri)));
                }
                None => {
                    let dtd = self.settings.dtd.borrow();
                    if let Some(entity) = dtd.general.get(item) {
                        entity.is_open.set(true);
                    }
                }
            }
        }
        bindings.reverse();
        self.bindings = bindings;
    }
}
