//! `XMLParser`: text in, calls of a target out.
//!
//! The engine is borrowed while it parses. The methods of the target are looked
//! up once; those of an exact `TreeBuilder` are not called through Python.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, IntoObject, Link, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple,
    Type, alloc_object, declare::TypeBuilder, exceptions::types::RuntimeWarning, id, own, raise,
    types,
};
use rustc_hash::FxHashMap;

use crate::{
    expat::{self, Failure, Namespaces, Parser, Settings},
    support::{self, Buffer},
};

use super::{
    Shared,
    builder::{EVENTS, Event, TreeBuilder},
    collect,
    element::some_object,
    target::Target,
};

/// How much of a file is read at once.
const READ_SIZE: usize = 64 * 1024;

/// What separates a namespace from a name, in the engine's names.
const SEPARATOR: char = '}';

/// A method that a target may have.
#[derive(Clone, Copy)]
pub(super) enum Method {
    Start,
    Data,
    End,
    Comment,
    Pi,
    Close,
    Doctype,
    StartNs,
    EndNs,
}

const METHODS: [(&str, Method); 9] = [
    ("start", Method::Start),
    ("data", Method::Data),
    ("end", Method::End),
    ("comment", Method::Comment),
    ("pi", Method::Pi),
    ("close", Method::Close),
    ("doctype", Method::Doctype),
    ("start_ns", Method::StartNs),
    ("end_ns", Method::EndNs),
];

#[allow(missing_docs, reason = "CPython's has no docstring")]
#[pytype(name = "xml.etree.ElementTree.XMLParser", flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct XmlParser {
    head: Head,
    pub(super) entity: Link<Dict>,
    pub(super) target: Link,
    methods: [Link; METHODS.len()],
    #[traverse(skip)]
    engine: RefCell<Option<Parser>>,
    #[traverse(skip)]
    settings: RefCell<Option<Rc<Settings>>>,
    /// Names that were read before, as they are shown.
    #[traverse(skip)]
    names: RefCell<FxHashMap<Box<str>, Ref<Str>>>,
    /// Whether events for namespaces are wanted.
    #[traverse(skip)]
    pub(super) namespaces: Cell<(bool, bool)>,
}

/// A `ParseError`, with its code and place if the engine found it.
#[cold]
pub(super) fn parse_error(
    th: Thread<'_>,
    message: &str,
    at: Option<(u32, usize, usize)>,
) -> Raised {
    let Some(class) = Shared::of(th).parse_error.borrow().clone() else {
        return object::error!(th, SyntaxError, "{message}");
    };
    let make = || {
        let error = class.call(th, &[Str::new(th, message)?.obj()])?;
        if let Some((code, line, column)) = at {
            error.setattr(th, id!(th, "code"), Some(code.into_object(th)?.obj()))?;
            let position = (line, column).into_object(th)?;
            error.setattr(th, id!(th, "position"), Some(position.obj()))?;
        }
        Ok(error)
    };
    match make() {
        Ok(error) => th.raise_object(error),
        Err(raised) => raised,
    }
}

impl XmlParser {
    fn empty() -> XmlParser {
        XmlParser {
            head: Head::new(),
            entity: Link::null(),
            target: Link::null(),
            methods: std::array::from_fn(|_| Link::null()),
            engine: RefCell::default(),
            settings: RefCell::default(),
            names: RefCell::default(),
            namespaces: Cell::default(),
        }
    }

    pub(super) fn method(&self, method: Method) -> Option<Ref> {
        self.methods.get(method as usize).and_then(Link::get)
    }

    pub(super) fn has(&self, method: Method) -> bool {
        self.methods.get(method as usize).is_some_and(|link| !link.is_null())
    }

    /// The target, if nothing of it needs to be called through Python.
    pub(super) fn builder(&self) -> Option<Ref<TreeBuilder>> {
        self.target.get()?.obj().downcast_exact::<TreeBuilder>().map(own)
    }

    fn settings(&self, th: Thread<'_>) -> Result<Rc<Settings>> {
        match &*self.settings.borrow() {
            Some(settings) => Ok(settings.clone()),
            None => raise!(th, ValueError, "XMLParser.__init__() wasn't called"),
        }
    }

    /// A `ParseError` at the place of the last event.
    #[cold]
    pub(super) fn fail(&self, th: Thread<'_>, code: u32, what: &str) -> Raised {
        let (line, column) = match &*self.settings.borrow() {
            Some(settings) => (settings.place.line(), settings.place.column()),
            None => (0, 0),
        };
        let message = format!("{what}: line {line}, column {column}");
        parse_error(th, &message, Some((code, line, column)))
    }

    /// A name as it is shown: `{uri}local`.
    pub(super) fn name(&self, th: Thread<'_>, name: &str) -> Result<Ref> {
        if let Some(known) = self.names.borrow().get(name) {
            return Ok(known.clone().upcast());
        }
        let made = match name.contains(SEPARATOR) {
            true => Str::from_fmt(th, format_args!("{{{name}"))?,
            false => Str::new(th, name)?,
        };
        self.names.borrow_mut().insert(name.into(), made.clone());
        Ok(made.upcast())
    }

    /// Feed the engine. A handler that raised is the last that was called.
    fn parse(&self, th: Thread<'_>, data: &[u8], is_final: bool, is_text: bool) -> Result<()> {
        let result = {
            let Ok(mut engine) = self.engine.try_borrow_mut() else {
                raise!(th, RuntimeError, "cannot feed a parser from within a handler");
            };
            let Some(engine) = engine.as_mut() else { return Ok(()) };
            if is_text {
                engine.force_utf8();
            }
            engine.parse(&Target::of(th, self), data, is_final)
        };
        match result {
            Ok(()) => Ok(()),
            Err(Failure::Stop) => Err(Raised),
            Err(Failure::Code(code)) => {
                Err(self.fail(th, code, expat::error_text(code).unwrap_or("unknown error")))
            }
        }
    }

    /// End the document: what the target makes of it.
    fn finish(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.parse(th, b"", true, false)?;
        Ok(self.builder().map(|builder| builder.result()))
    }

    /// Tell what the document's type is.
    pub(super) fn tell_doctype(&self, th: Thread<'_>, arguments: [Ref; 3]) -> Result<()> {
        let [name, public, system] = &arguments;
        if let Some(doctype) = self.method(Method::Doctype) {
            return doctype.call(th, &[name.obj(), public.obj(), system.obj()]).map(drop);
        }
        if self.obj().getattr_opt(th, id!(th, "doctype"))?.is_some() {
            let message = "The doctype() method of XMLParser is ignored.  \
                           Define doctype() method on the TreeBuilder target.";
            support::warn(th, RuntimeWarning(), message, 1)?;
        }
        Ok(())
    }

    /// The event that a name stands for, and the name as it is reported.
    fn event_named(th: Thread<'_>, name: Obj<'_>) -> Result<(Event, Ref)> {
        let shown = match (name.downcast::<Str>(), name.downcast::<object::Bytes>()) {
            (Some(text), _) => own(text),
            (None, Some(bytes)) => Str::new(th, &String::from_utf8_lossy(bytes.as_bytes()))?,
            (None, None) => raise!(th, ValueError, "invalid events sequence"),
        };
        let text = shown.to_utf8(th)?;
        match EVENTS.iter().find(|event| event.0 == text) {
            Some(event) => Ok((event.1, shown.clone().upcast())),
            None => raise!(th, ValueError, "unknown event '{text}'"),
        }
    }
}

#[pymethods]
impl XmlParser {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let entity = std::mem::offset_of!(XmlParser, entity);
        let target = std::mem::offset_of!(XmlParser, target);
        b.member(c"entity", abi::_Py_T_OBJECT, entity, abi::Py_READONLY, None);
        b.member(c"target", abi::_Py_T_OBJECT, target, abi::Py_READONLY, None);
    }

    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        alloc_object::alloc(th, cls, XmlParser::empty()).map(Ref::upcast)
    }

    #[sig = "XMLParser(*, target=None, encoding=None)"]
    fn __init__(
        &self,
        th: Thread<'_>,
        target: Option<Obj<'_>>,
        encoding: Option<&str>,
    ) -> Result<()> {
        let target = match target.and_then(some_object) {
            Some(target) => target,
            None => <TreeBuilder as object::PyStruct>::type_object().obj().call(th, &[])?,
        };
        for ((name, _), link) in METHODS.iter().zip(&self.methods) {
            link.set(target.getattr_opt(th, &*Str::intern(th, name)?)?);
        }
        let names = Namespaces { separator: Some(SEPARATOR) };
        let engine = Parser::new(encoding.map(str::to_owned), Some(names), true);
        let Ok(mut place) = self.engine.try_borrow_mut() else {
            raise!(th, RuntimeError, "cannot make a parser anew from within a handler");
        };
        self.settings.replace(Some(engine.settings.clone()));
        *place = Some(engine);
        drop(place);
        self.namespaces.set((self.has(Method::StartNs), self.has(Method::EndNs)));
        self.entity.set(Some(Dict::new(th)?));
        self.target.set(Some(target));
        Ok(())
    }

    #[sig = "($self, data, /)"]
    fn feed(&self, th: Thread<'_>, data: Obj<'_>) -> Result<()> {
        self.settings(th)?;
        if let Some(text) = data.downcast::<Str>() {
            return self.parse(th, text.to_utf8(th)?.as_bytes(), false, true);
        }
        let data = Buffer::readable(th, data)?;
        self.parse(th, data.bytes(), false, false)
    }

    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.settings(th)?;
        let made = self.finish(th)?;
        match self.method(Method::Close) {
            Some(close) if made.is_none() => close.call(th, &[]).map(Some),
            _ => Ok(made),
        }
    }

    #[sig = "($self, /)"]
    fn flush(&self, th: Thread<'_>) -> Result<()> {
        let settings = self.settings(th)?;
        let before = settings.deferral.replace(false);
        let result = self.parse(th, b"", false, false);
        settings.deferral.set(before);
        result
    }

    #[sig = "($self, file, /)"]
    fn _parse_whole(&self, th: Thread<'_>, file: Obj<'_>) -> Result<Option<Ref>> {
        self.settings(th)?;
        let read = file.getattr(th, id!(th, "read"))?;
        loop {
            let data = read.call(th, &[READ_SIZE.into_object(th)?.obj()])?;
            if let Some(text) = data.obj().downcast::<Str>() {
                if text.len() == 0 {
                    break;
                }
                let mut handler = text::codecs::Handler::SurrogatePass;
                match text::codecs::utf8::encode(text.units(), &mut handler) {
                    Ok(bytes) => self.parse(th, &bytes, false, true)?,
                    Err(error) => {
                        return Err(types::str::codec::raise_encode_error(th, text, &error));
                    }
                }
                continue;
            }
            match data.obj().downcast_exact::<object::Bytes>() {
                Some(bytes) if !bytes.as_bytes().is_empty() => {
                    self.parse(th, bytes.as_bytes(), false, false)?;
                }
                _ => break,
            }
        }
        self.finish(th)
    }

    #[sig = "($self, events_queue, events_to_report=None, /)"]
    fn _setevents(
        &self,
        th: Thread<'_>,
        events_queue: Obj<'_>,
        events_to_report: Option<Obj<'_>>,
    ) -> Result<()> {
        self.settings(th)?;
        let Some(builder) = self.builder() else {
            raise!(
                th,
                TypeError,
                "event handling only supported for ElementTree.TreeBuilder targets"
            );
        };
        builder.report_to(events_queue.getattr(th, id!(th, "append"))?);
        let Some(names) = events_to_report.filter(|names| !names.is_none()) else {
            builder.want(Event::End, Str::intern(th, "end")?.upcast());
            return Ok(());
        };
        for name in collect(th, names, "events must be a sequence")? {
            let (event, shown) = Self::event_named(th, name.obj())?;
            builder.want(event, shown);
            let (starts, ends) = self.namespaces.get();
            self.namespaces.set((
                starts || matches!(event, Event::StartNs),
                ends || matches!(event, Event::EndNs),
            ));
        }
        Ok(())
    }

    #[getter]
    fn version(&self, _: Thread<'_>) -> String {
        let (major, minor, micro) = expat::VERSION;
        format!("Expat {major}.{minor}.{micro}")
    }
}
