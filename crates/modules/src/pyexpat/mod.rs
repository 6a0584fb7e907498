//! `pyexpat`: XML parsing with Expat's interface.
//!
//! A parser object holds the handlers; the engine in [`crate::expat`] reads and calls them
//! through [`sink`]. The engine is borrowed while it parses, so what handlers
//! may ask for or change lies in cells beside it.

pub(crate) mod sink;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, IntoObject, Link, List, Module, Obj, Protocol, Raised, Ref,
    Result, Str, Thread, Traverse, Tuple, alloc_object,
    declare::{Declared, TypeBuilder},
    exceptions, raise,
    types::type_::ready,
};

use crate::{
    expat::{self as engine, Failure, Kind, Namespaces, Parser, Settings},
    support::{self, Buffer},
};

use self::sink::Caller;

/// How much text `buffer_text` collects at first.
const BUFFER_SIZE: usize = 8192;
/// How much `ParseFile` reads at once.
const READ_SIZE: usize = 2048;
const HANDLERS: usize = Kind::SkippedEntity as usize + 1;

#[derive(Default)]
struct State {
    error: RefCell<Option<Ref>>,
}

/// The handlers, by [`Kind`].
struct Handlers([Link; HANDLERS]);

impl Handlers {
    fn empty() -> Handlers {
        Handlers(std::array::from_fn(|_| Link::null()))
    }

    fn get(&self, kind: Kind) -> Option<Ref> {
        self.0.get(kind as usize).and_then(Link::get)
    }

    fn set(&self, kind: Kind, value: Option<Ref>) {
        if let Some(link) = self.0.get(kind as usize) {
            link.set(value);
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.0.get(kind as usize).is_some_and(|link| !link.is_null())
    }
}

impl Traverse for Handlers {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.0.iter().for_each(|link| link.traverse(visit));
    }
    fn clear(&self) {
        self.0.iter().for_each(|link| drop(link.take()));
    }
}

/// XML parser
#[pytype(name = "pyexpat.xmlparser", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct XmlParser {
    head: Head,
    handlers: Handlers,
    intern: Link,
    #[traverse(skip)]
    engine: RefCell<Parser>,
    #[traverse(skip)]
    settings: Rc<Settings>,
    /// Text that waits for more, if text is collected.
    #[traverse(skip)]
    text: RefCell<Option<String>>,
    buffer_size: Cell<usize>,
    ordered: Cell<bool>,
    specified: Cell<bool>,
    /// Which of the two default handlers was set last, and whether it expands.
    default_is_set: Cell<bool>,
    expands: Cell<bool>,
    in_callback: Cell<bool>,
}

/// Raise `ExpatError` for a code.
#[cold]
fn failure(th: Thread<'_>, settings: &Settings, code: u32) -> Raised {
    let (line, column) = (settings.place.line(), settings.place.column());
    let text = match engine::error_text(code) {
        Some(text) => format!("{text}: line {line}, column {column}"),
        None => format!("unknown error: line {line}, column {column}"),
    };
    failure_with(th, settings, code, &text)
}

#[cold]
fn failure_with(th: Thread<'_>, settings: &Settings, code: u32, text: &str) -> Raised {
    let class = th.interp().extensions.get::<State>().error.borrow().clone();
    let Some(class) = class else { return object::error!(th, ValueError, "{text}") };
    let make = || {
        let exception = class.call(th, &[Str::new(th, text)?.obj()])?;
        let items = [
            ("code", code as usize),
            ("lineno", settings.place.line()),
            ("offset", settings.place.column()),
        ];
        for (name, value) in items {
            let name = Str::intern(th, name)?;
            exception.setattr(th, &name, Some(value.into_object(th)?.obj()))?;
        }
        Ok(exception)
    };
    match make() {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

impl XmlParser {
    fn create(th: Thread<'_>, engine: Parser, intern: Option<Ref>) -> Result<Ref<XmlParser>> {
        let settings = engine.settings.clone();
        let parser = XmlParser {
            head: Head::new(),
            handlers: Handlers::empty(),
            intern: Link::from_option(intern),
            engine: RefCell::new(engine),
            settings,
            text: RefCell::new(None),
            buffer_size: Cell::new(BUFFER_SIZE),
            ordered: Cell::new(false),
            specified: Cell::new(false),
            default_is_set: Cell::new(false),
            expands: Cell::new(true),
            in_callback: Cell::new(false),
        };
        alloc_object::new(th, parser)
    }

    /// Feed the engine. A handler that raised is the last that was called.
    fn feed(&self, th: Thread<'_>, data: &[u8], is_final: bool, is_text: bool) -> Result<i32> {
        let result = {
            let Ok(mut engine) = self.engine.try_borrow_mut() else {
                raise!(th, RuntimeError, "cannot call Parse() from within a handler");
            };
            if is_text {
                engine.force_utf8();
            }
            let caller = Caller { th, parser: self };
            engine.parse(&caller, data, is_final)
        };
        match result {
            Ok(()) => {}
            Err(Failure::Stop) => {
                self.forget_handlers();
                return Err(Raised);
            }
            Err(Failure::Code(code)) => return Err(failure(th, &self.settings, code)),
        }
        self.flush(th)?;
        Ok(1)
    }

    fn forget_handlers(&self) {
        for link in &self.handlers.0 {
            drop(link.take());
        }
        self.default_is_set.set(false);
        if let Ok(mut text) = self.text.try_borrow_mut()
            && let Some(text) = text.as_mut()
        {
            text.clear();
        }
    }

    /// Hand over the text that was collected.
    fn flush(&self, th: Thread<'_>) -> Result<()> {
        let text = match &mut *self.text.borrow_mut() {
            Some(text) if !text.is_empty() => std::mem::take(text),
            _ => return Ok(()),
        };
        self.tell_text(th, &text)
    }

    fn tell_text(&self, th: Thread<'_>, text: &str) -> Result<()> {
        let Some(handler) = self.handlers.get(Kind::CharacterData) else { return Ok(()) };
        let text = Str::new(th, text)?;
        let before = self.in_callback.replace(true);
        let result = handler.call(th, &[text.obj()]);
        self.in_callback.set(before);
        result.map(drop)
    }

    fn handler(&self, kind: Kind) -> Option<Ref> {
        self.handlers.get(kind)
    }

    fn set_handler(&self, th: Thread<'_>, kind: Kind, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, RuntimeError, "Cannot delete attribute") };
        if kind == Kind::CharacterData {
            // Text that was read before belongs to the old handler.
            self.flush(th)?;
        }
        let value = (!value.is_none()).then(|| value.own());
        if matches!(kind, Kind::Default | Kind::DefaultExpand) {
            self.default_is_set.set(value.is_some());
            self.expands.set(kind == Kind::DefaultExpand);
        }
        self.handlers.set(kind, value);
        Ok(())
    }

    /// The one string that equal strings are, if strings are interned.
    fn interned(&self, th: Thread<'_>, text: &str) -> Result<Ref> {
        let string = Str::new(th, text)?.upcast();
        let Some(intern) = self.intern.get() else { return Ok(string) };
        match intern.obj().downcast::<Dict>() {
            Some(dict) => dict.setdefault(th, string.obj(), string.obj()),
            None => Ok(string),
        }
    }

    fn must_be_root(&self, th: Thread<'_>) -> Result<()> {
        if self.settings.is_child {
            return Err(failure_with(
                th,
                &self.settings,
                engine::INVALID_ARGUMENT,
                "parser must be a root parser",
            ));
        }
        Ok(())
    }

    /// A factor of at least 1.
    fn factor(&self, th: Thread<'_>, factor: f64) -> Result<f32> {
        self.must_be_root(th)?;
        let factor = factor as f32;
        if factor >= 1.0 {
            return Ok(factor);
        }
        Err(failure_with(
            th,
            &self.settings,
            engine::INVALID_ARGUMENT,
            "'max_factor' must be at least 1.0",
        ))
    }

    fn threshold(&self, th: Thread<'_>, threshold: Obj<'_>) -> Result<u64> {
        let index = Int::index(th, threshold)?;
        if let Some(value) = Int::to_i64(index.obj()) {
            return match u64::try_from(value) {
                Ok(value) => Ok(value),
                Err(_) => raise!(th, ValueError, "Cannot convert negative int"),
            };
        }
        match index.str(th)?.to_utf8(th)?.parse() {
            Ok(value) => Ok(value),
            Err(_) => raise!(th, OverflowError, "Python int too large for C unsigned long long"),
        }
    }
}

/// Read from a file: at most that many bytes.
fn read_some(th: Thread<'_>, read: Obj<'_>) -> Result<Vec<u8>> {
    let answer = read.call(th, &[READ_SIZE.into_object(th)?.obj()])?;
    let bytes = if let Some(bytes) = answer.obj().downcast::<Bytes>() {
        bytes.as_bytes().to_vec()
    } else if let Some(bytes) = answer.obj().downcast::<object::types::ByteArray>() {
        Buffer::readable(th, bytes.obj())?.bytes().to_vec()
    } else {
        raise!(
            th,
            TypeError,
            "read() did not return a bytes object (type={})",
            answer.obj().type_name()
        );
    };
    if bytes.len() > READ_SIZE {
        raise!(
            th,
            ValueError,
            "read() returned too much data: {READ_SIZE} bytes requested, {} returned",
            bytes.len()
        );
    }
    Ok(bytes)
}

#[pymethods(parts(handlers))]
impl XmlParser {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = std::mem::offset_of!(XmlParser, intern);
        b.member(c"intern", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
    }

    /// Parse XML data.
    ///
    /// 'isfinal' should be true at end of input.
    #[sig = "($self, data, isfinal=False, /)"]
    fn Parse(&self, th: Thread<'_>, data: Obj<'_>, isfinal: Option<Obj<'_>>) -> Result<i32> {
        let is_final = isfinal.map_or(Ok(false), |isfinal| isfinal.is_true(th))?;
        if self.in_callback.get() {
            raise!(th, RuntimeError, "cannot call Parse() from within a handler");
        }
        if let Some(text) = data.downcast::<Str>() {
            return self.feed(th, text.to_utf8(th)?.as_bytes(), is_final, true);
        }
        let data = Buffer::readable(th, data)?;
        self.feed(th, data.bytes(), is_final, false)
    }

    /// Parse XML data from file-like object.
    #[sig = "($self, file, /)"]
    fn ParseFile(&self, th: Thread<'_>, file: Obj<'_>) -> Result<i32> {
        if self.in_callback.get() {
            raise!(th, RuntimeError, "cannot call ParseFile() from within a handler");
        }
        let name = Str::intern(th, "read")?;
        let Some(read) = file.getattr_opt(th, &name)? else {
            raise!(th, TypeError, "argument must have 'read' attribute");
        };
        loop {
            let data = read_some(th, read.obj())?;
            self.feed(th, &data, data.is_empty(), false)?;
            if data.is_empty() {
                return Ok(1);
            }
        }
    }

    /// Set the base URL for the parser.
    #[sig = "($self, base, /)"]
    fn SetBase(&self, _: Thread<'_>, base: &str) {
        self.settings.base.replace(Some(base.into()));
    }

    /// Return base URL string for the parser.
    #[sig = "($self, /)"]
    fn GetBase(&self, _: Thread<'_>) -> Option<String> {
        self.settings.base.borrow().as_deref().map(str::to_owned)
    }

    /// Return the untranslated text of the input that caused the current event.
    ///
    /// If the event was generated by a large amount of text (such as a start tag
    /// for an element with many attributes), not all of the text may be available.
    #[sig = "($self, /)"]
    fn GetInputContext(&self, th: Thread<'_>) -> Result<Option<Ref<Bytes>>> {
        if !self.in_callback.get() {
            return Ok(None);
        }
        let context = self.settings.place.context();
        context.map(|text| Bytes::new(th, text.as_bytes())).transpose()
    }

    /// Create a parser for parsing an external entity based on the information passed to the ExternalEntityRefHandler.
    #[sig = "($self, context, encoding=<unrepresentable>, /)"]
    fn ExternalEntityParserCreate(
        &self,
        th: Thread<'_>,
        context: Option<&str>,
        encoding: Option<&str>,
    ) -> Result<Ref<XmlParser>> {
        let engine = Parser::child(&self.settings, context, encoding.map(str::to_owned));
        let child = XmlParser::create(th, engine, self.intern.get())?;
        for (to, from) in child.handlers.0.iter().zip(&self.handlers.0) {
            to.set(from.get());
        }
        child.buffer_size.set(self.buffer_size.get());
        if self.text.borrow().is_some() {
            child.text.replace(Some(String::new()));
        }
        child.ordered.set(self.ordered.get());
        child.specified.set(self.specified.get());
        child.default_is_set.set(self.default_is_set.get());
        child.expands.set(self.expands.get());
        Ok(child)
    }

    /// Controls parsing of parameter entities (including the external DTD subset).
    ///
    /// Possible flag values are XML_PARAM_ENTITY_PARSING_NEVER,
    /// XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE and
    /// XML_PARAM_ENTITY_PARSING_ALWAYS. Returns true if setting the flag
    /// was successful.
    #[sig = "($self, flag, /)"]
    fn SetParamEntityParsing(&self, _: Thread<'_>, flag: i32) -> i32 {
        let is_known = (engine::PARAMETER_NEVER..=engine::PARAMETER_ALWAYS).contains(&flag);
        if self.settings.started.get() || !is_known {
            return 0;
        }
        self.settings.parameters.set(flag);
        1
    }

    /// Allows the application to provide an artificial external subset if one is not specified as part of the document instance.
    ///
    /// This readily allows the use of a 'default' document type controlled by the
    /// application, while still getting the advantage of providing document type
    /// information to the parser. 'flag' defaults to True if not provided.
    #[sig = "($self, flag=True, /)"]
    fn UseForeignDTD(&self, th: Thread<'_>, flag: Option<Obj<'_>>) -> Result<()> {
        let flag = flag.map_or(Ok(true), |flag| flag.is_true(th))?;
        if self.settings.started.get() {
            return Err(failure(th, &self.settings, engine::CANT_CHANGE_FEATURE_ONCE_PARSING));
        }
        self.settings.foreign_dtd.set(flag);
        Ok(())
    }

    /// Enable/Disable reparse deferral; enabled by default with Expat >=2.6.0.
    #[sig = "($self, enabled, /)"]
    fn SetReparseDeferralEnabled(&self, _: Thread<'_>, enabled: bool) {
        self.settings.deferral.set(enabled);
    }

    /// Retrieve reparse deferral enabled status; always returns false with Expat <2.6.0.
    #[sig = "($self, /)"]
    fn GetReparseDeferralEnabled(&self, _: Thread<'_>) -> bool {
        self.settings.deferral.get()
    }

    /// Sets the number of output bytes needed to activate protection against billion laughs attacks.
    ///
    /// The number of output bytes includes amplification from entity expansion
    /// and reading DTD files.
    #[sig = "($self, threshold, /)"]
    fn SetBillionLaughsAttackProtectionActivationThreshold(
        &self,
        th: Thread<'_>,
        threshold: Obj<'_>,
    ) -> Result<()> {
        let threshold = self.threshold(th, threshold)?;
        self.must_be_root(th)?;
        self.settings.dtd.borrow_mut().expansion.threshold = threshold;
        Ok(())
    }

    /// Sets the maximum tolerated amplification factor for protection against billion laughs attacks.
    ///
    /// The amplification factor is what was read, entities included, over what
    /// the document is long.
    #[sig = "($self, max_factor, /)"]
    fn SetBillionLaughsAttackProtectionMaximumAmplification(
        &self,
        th: Thread<'_>,
        max_factor: f64,
    ) -> Result<()> {
        let factor = self.factor(th, max_factor)?;
        self.settings.dtd.borrow_mut().expansion.max_factor = factor;
        Ok(())
    }

    /// Sets the number of allocated bytes of dynamic memory needed to activate protection against disproportionate use of RAM.
    #[sig = "($self, threshold, /)"]
    fn SetAllocTrackerActivationThreshold(&self, th: Thread<'_>, threshold: Obj<'_>) -> Result<()> {
        let threshold = self.threshold(th, threshold)?;
        self.must_be_root(th)?;
        self.settings.dtd.borrow_mut().memory.threshold = threshold;
        Ok(())
    }

    /// Sets the maximum amplification factor between direct input and bytes of dynamic memory allocated.
    #[sig = "($self, max_factor, /)"]
    fn SetAllocTrackerMaximumAmplification(&self, th: Thread<'_>, max_factor: f64) -> Result<()> {
        let factor = self.factor(th, max_factor)?;
        self.settings.dtd.borrow_mut().memory.max_factor = factor;
        Ok(())
    }

    #[getter]
    fn ErrorCode(&self, _: Thread<'_>) -> u32 {
        self.settings.error.get()
    }

    #[getter]
    fn ErrorLineNumber(&self, _: Thread<'_>) -> usize {
        self.settings.place.line()
    }

    #[getter]
    fn ErrorColumnNumber(&self, _: Thread<'_>) -> usize {
        self.settings.place.column()
    }

    #[getter]
    fn ErrorByteIndex(&self, th: Thread<'_>) -> i64 {
        self.CurrentByteIndex(th)
    }

    #[getter]
    fn CurrentLineNumber(&self, _: Thread<'_>) -> usize {
        self.settings.place.line()
    }

    #[getter]
    fn CurrentColumnNumber(&self, _: Thread<'_>) -> usize {
        self.settings.place.column()
    }

    #[getter]
    fn CurrentByteIndex(&self, _: Thread<'_>) -> i64 {
        self.settings.place.byte().map_or(-1, |byte| byte as i64)
    }

    #[getter]
    #[name = "buffer_size"]
    fn get_buffer_size(&self, _: Thread<'_>) -> usize {
        self.buffer_size.get()
    }

    #[setter(buffer_size)]
    fn set_buffer_size(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, RuntimeError, "Cannot delete attribute") };
        if !Int::is_int(value) {
            raise!(th, TypeError, "buffer_size must be an integer");
        }
        let size = match Int::to_i64(value) {
            Some(size) if size <= 0 => {
                raise!(th, ValueError, "buffer_size must be greater than zero")
            }
            Some(size) if size <= i64::from(i32::MAX) => size as usize,
            _ => raise!(th, ValueError, "buffer_size must not be greater than {}", i32::MAX),
        };
        self.flush(th)?;
        self.buffer_size.set(size);
        Ok(())
    }

    #[getter]
    fn buffer_text(&self, _: Thread<'_>) -> bool {
        self.text.borrow().is_some()
    }

    #[setter(buffer_text)]
    fn set_buffer_text(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, RuntimeError, "Cannot delete attribute") };
        if value.is_true(th)? {
            self.text.borrow_mut().get_or_insert_default();
        } else {
            self.flush(th)?;
            self.text.replace(None);
        }
        Ok(())
    }

    #[getter]
    fn buffer_used(&self, _: Thread<'_>) -> usize {
        self.text.borrow().as_ref().map_or(0, String::len)
    }

    #[getter]
    fn namespace_prefixes(&self, _: Thread<'_>) -> bool {
        self.settings.triplets.get()
    }

    #[setter(namespace_prefixes)]
    fn set_namespace_prefixes(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, RuntimeError, "Cannot delete attribute") };
        self.settings.triplets.set(value.is_true(th)?);
        Ok(())
    }

    #[getter]
    fn ordered_attributes(&self, _: Thread<'_>) -> bool {
        self.ordered.get()
    }

    #[setter(ordered_attributes)]
    fn set_ordered_attributes(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, RuntimeError, "Cannot delete attribute") };
        self.ordered.set(value.is_true(th)?);
        Ok(())
    }

    #[getter]
    fn specified_attributes(&self, _: Thread<'_>) -> bool {
        self.specified.get()
    }

    #[setter(specified_attributes)]
    fn set_specified_attributes(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, RuntimeError, "Cannot delete attribute") };
        self.specified.set(value.is_true(th)?);
        Ok(())
    }
}

macro_rules! handlers {
    ($($kind:ident: $get:ident, $set:ident;)*) => {
        #[pymethods(part = handlers)]
        impl XmlParser {
            $(
                #[getter]
                fn $get(&self, _: Thread<'_>) -> Option<Ref> {
                    self.handler(Kind::$kind)
                }

                #[setter($get)]
                fn $set(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
                    self.set_handler(th, Kind::$kind, value)
                }
            )*
        }
    };
}

handlers! {
    StartElement: StartElementHandler, set_start_element;
    EndElement: EndElementHandler, set_end_element;
    ProcessingInstruction: ProcessingInstructionHandler, set_processing_instruction;
    CharacterData: CharacterDataHandler, set_character_data;
    UnparsedEntityDecl: UnparsedEntityDeclHandler, set_unparsed_entity_decl;
    NotationDecl: NotationDeclHandler, set_notation_decl;
    StartNamespaceDecl: StartNamespaceDeclHandler, set_start_namespace_decl;
    EndNamespaceDecl: EndNamespaceDeclHandler, set_end_namespace_decl;
    Comment: CommentHandler, set_comment;
    StartCdataSection: StartCdataSectionHandler, set_start_cdata_section;
    EndCdataSection: EndCdataSectionHandler, set_end_cdata_section;
    Default: DefaultHandler, set_default;
    DefaultExpand: DefaultHandlerExpand, set_default_expand;
    NotStandalone: NotStandaloneHandler, set_not_standalone;
    ExternalEntityRef: ExternalEntityRefHandler, set_external_entity_ref;
    StartDoctypeDecl: StartDoctypeDeclHandler, set_start_doctype_decl;
    EndDoctypeDecl: EndDoctypeDeclHandler, set_end_doctype_decl;
    EntityDecl: EntityDeclHandler, set_entity_decl;
    XmlDecl: XmlDeclHandler, set_xml_decl;
    ElementDecl: ElementDeclHandler, set_element_decl;
    AttlistDecl: AttlistDeclHandler, set_attlist_decl;
    SkippedEntity: SkippedEntityHandler, set_skipped_entity;
}

/// What the library was built with.
const FEATURES: &[(&str, i64)] = &[
    ("sizeof(XML_Char)", 1),
    ("sizeof(XML_LChar)", 1),
    ("XML_DTD", 0),
    ("XML_CONTEXT_BYTES", 1024),
    ("XML_NS", 0),
    ("XML_BLAP_MAX_AMP", 100),
    ("XML_BLAP_ACT_THRES", 8_388_608),
    ("XML_GE", 0),
    ("XML_AT_MAX_AMP", 100),
    ("XML_AT_ACT_THRES", 67_108_864),
];

const MODEL: &[(&str, i64)] = &[
    ("XML_CTYPE_EMPTY", 1),
    ("XML_CTYPE_ANY", 2),
    ("XML_CTYPE_MIXED", 3),
    ("XML_CTYPE_NAME", 4),
    ("XML_CTYPE_CHOICE", 5),
    ("XML_CTYPE_SEQ", 6),
    ("XML_CQUANT_NONE", 0),
    ("XML_CQUANT_OPT", 1),
    ("XML_CQUANT_REP", 2),
    ("XML_CQUANT_PLUS", 3),
];

/// A module within the module.
fn submodule(th: Thread<'_>, parent: &Module, name: &str, doc: &str) -> Result<Ref<Module>> {
    let full = Str::new(th, &format!("pyexpat.{name}"))?;
    let module = Module::new(th, &full)?;
    module.set(th, "__doc__", Str::new(th, doc)?.obj())?;
    let modules = support::import_from(th, "sys", "modules")?;
    if let Some(modules) = modules.obj().downcast::<Dict>() {
        modules.set(th, full.obj(), module.obj())?;
    }
    parent.set(th, name, module.obj())?;
    Ok(module)
}

fn add_errors(th: Thread<'_>, parent: &Module) -> Result<()> {
    let module = submodule(th, parent, "errors", "Constants used to describe error conditions.")?;
    let (codes, messages) = (Dict::new(th)?, Dict::new(th)?);
    for (name, code, text) in engine::ERRORS {
        let text = Str::new(th, text)?;
        let code = code.into_object(th)?;
        module.set(th, name, text.obj())?;
        codes.set(th, text.obj(), code.obj())?;
        messages.set(th, code.obj(), text.obj())?;
    }
    module.set(th, "codes", codes.obj())?;
    module.set(th, "messages", messages.obj())
}

/// Python wrapper for Expat parser.
#[pymodule]
pub mod pyexpat {
    use super::*;

    /// Return a new XML parser object.
    #[sig = "(encoding=None, namespace_separator=None, intern=<unrepresentable>)"]
    #[name = "ParserCreate"]
    fn parser_create(
        th: Thread<'_>,
        encoding: Option<&str>,
        namespace_separator: Option<&str>,
        intern: Option<Obj<'_>>,
    ) -> Result<Ref<XmlParser>> {
        let namespaces = match namespace_separator {
            Some(text) if text.len() > 1 => raise!(
                th,
                ValueError,
                "namespace_separator must be at most one character, omitted, or None"
            ),
            Some(text) => Some(Namespaces { separator: text.chars().next() }),
            None => None,
        };
        let intern = match intern {
            None => Some(Dict::new(th)?.upcast()),
            Some(none) if none.is_none() => None,
            Some(dict) if dict.downcast::<Dict>().is_some() => Some(dict.own()),
            Some(_) => raise!(th, TypeError, "intern must be a dictionary"),
        };
        let engine = Parser::new(encoding.map(str::to_owned), namespaces, true);
        XmlParser::create(th, engine, intern)
    }

    /// Returns string error for given number.
    #[sig = "(code, /)"]
    #[name = "ErrorString"]
    fn error_string(_: Thread<'_>, code: i64) -> Option<&'static str> {
        engine::error_text(u32::try_from(code).ok()?)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let ty = ready(th, XmlParser::DECL)?;
        module.set(th, "XMLParserType", ty.obj())?;
        let bases = Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?;
        let name = Str::new(th, "xml.parsers.expat.ExpatError")?;
        let class = support::new_exception(th, &name, &bases)?;
        th.interp().extensions.get::<State>().error.replace(Some(class.clone()));
        module.set(th, "error", class.obj())?;
        module.set(th, "ExpatError", class.obj())?;
        let (major, minor, micro) = engine::VERSION;
        let version = format!("expat_{major}.{minor}.{micro}");
        module.set(th, "EXPAT_VERSION", Str::new(th, &version)?.obj())?;
        module.set(th, "version_info", engine::VERSION.into_object(th)?.obj())?;
        module.set(th, "native_encoding", Str::new(th, "UTF-8")?.obj())?;
        let mut features = Vec::new();
        for feature in FEATURES {
            features.push((feature.0, feature.1).into_object(th)?);
        }
        module.set(th, "features", List::from_refs(th, features)?.obj())?;
        support::add_ints(
            th,
            module,
            &[
                ("XML_PARAM_ENTITY_PARSING_NEVER", engine::PARAMETER_NEVER.into()),
                (
                    "XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE",
                    engine::PARAMETER_UNLESS_STANDALONE.into(),
                ),
                ("XML_PARAM_ENTITY_PARSING_ALWAYS", engine::PARAMETER_ALWAYS.into()),
            ],
        )?;
        add_errors(th, module)?;
        let model = submodule(
            th,
            module,
            "model",
            "Constants used to interpret content model information.",
        )?;
        support::add_ints(th, &model, MODEL)
    }
}
