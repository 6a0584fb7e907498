//! `TreeBuilder`: from start, data and end to a tree.
//!
//! Data is collected until the next element begins or ends. It belongs behind
//! the element that ended last, or else into the one that was opened last.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Link, List, Obj, Protocol, Ref, Result, Str, Thread, Traverse, Tuple,
    Type, alloc_object, id, own, protocol::number, raise, types,
};

use super::{
    Shared,
    element::{Element, some_object},
    parser::parse_error,
};

/// What a parser can report while it builds.
#[derive(Clone, Copy)]
pub(super) enum Event {
    Start,
    End,
    StartNs,
    EndNs,
    Comment,
    Pi,
}

/// The names of the events, in order.
pub(super) const EVENTS: [(&str, Event); 6] = [
    ("start", Event::Start),
    ("end", Event::End),
    ("start-ns", Event::StartNs),
    ("end-ns", Event::EndNs),
    ("comment", Event::Comment),
    ("pi", Event::Pi),
];

/// Objects in a vector that the collector can empty.
#[derive(Default)]
struct Objects(RefCell<Vec<Option<Ref>>>);

impl Traverse for Objects {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(objects) = self.0.try_borrow() {
            objects.iter().flatten().for_each(|object| visit(object.obj()));
        }
    }
    fn clear(&self) {
        let old = self.0.try_borrow_mut().map(|mut objects| std::mem::take(&mut *objects));
        drop(old);
    }
}

impl Objects {
    fn push(&self, object: Option<Ref>) {
        self.0.borrow_mut().push(object);
    }

    fn take(&self) -> Vec<Ref> {
        std::mem::take(&mut *self.0.borrow_mut()).into_iter().flatten().collect()
    }
}

#[allow(missing_docs, reason = "CPython's has no docstring")]
#[pytype(name = "xml.etree.ElementTree.TreeBuilder", flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct TreeBuilder {
    head: Head,
    root: Link,
    /// The element that is open, the one that was opened or closed last, and
    /// the one that data belongs behind.
    this: Link,
    last: Link,
    last_for_tail: Link,
    /// Data: objects that were given, then text of the parser.
    given: Objects,
    #[traverse(skip)]
    text: RefCell<String>,
    /// What encloses `this`; the outermost is enclosed by nothing.
    stack: Objects,
    element_factory: Link,
    comment_factory: Link,
    pi_factory: Link,
    insert_comments: Cell<bool>,
    insert_pis: Cell<bool>,
    /// Where events go, and the names of those that are wanted.
    append: Link,
    wanted: [Link; EVENTS.len()],
}

/// The text of an element, or what follows it.
#[derive(Clone, Copy)]
enum Where {
    Text,
    Tail,
}

impl TreeBuilder {
    pub(super) fn new() -> TreeBuilder {
        TreeBuilder {
            head: Head::new(),
            root: Link::null(),
            this: Link::null(),
            last: Link::null(),
            last_for_tail: Link::null(),
            given: Objects::default(),
            text: RefCell::default(),
            stack: Objects::default(),
            element_factory: Link::null(),
            comment_factory: Link::null(),
            pi_factory: Link::null(),
            insert_comments: Cell::new(false),
            insert_pis: Cell::new(false),
            append: Link::null(),
            wanted: std::array::from_fn(|_| Link::null()),
        }
    }

    /// Report events from now on, none of them yet.
    pub(super) fn report_to(&self, append: Ref) {
        self.append.set(Some(append));
        self.wanted.iter().for_each(|link| link.set(None));
    }

    pub(super) fn want(&self, event: Event, name: Ref) {
        if let Some(link) = self.wanted.get(event as usize) {
            link.set(Some(name));
        }
    }

    fn report(&self, th: Thread<'_>, event: Event, what: Obj<'_>) -> Result<()> {
        let Some(name) = self.wanted.get(event as usize).and_then(Link::get) else {
            return Ok(());
        };
        let Some(append) = self.append.get() else { return Ok(()) };
        let pair = Tuple::from_array(th, [name, what.own()])?;
        append.call(th, &[pair.obj()]).map(drop)
    }

    /// Collect text that the parser read.
    pub(super) fn add_text(&self, text: &str) {
        if !self.last.is_null() {
            self.text.borrow_mut().push_str(text);
        }
    }

    /// Collect data of any kind.
    pub(super) fn add_data(&self, th: Thread<'_>, data: Ref) -> Result<()> {
        if self.last.is_null() {
            return Ok(());
        }
        self.end_text(th)?;
        self.given.push(Some(data));
        Ok(())
    }

    /// Make an object of the text that was collected.
    fn end_text(&self, th: Thread<'_>) -> Result<()> {
        let text = {
            let mut text = self.text.borrow_mut();
            if text.is_empty() {
                return Ok(());
            }
            let made = Str::new(th, &text)?;
            text.truncate(0);
            made
        };
        self.given.push(Some(text.upcast()));
        Ok(())
    }

    /// Put the data that was collected where it belongs.
    fn flush(&self, th: Thread<'_>) -> Result<()> {
        let data = if self.given.0.borrow().is_empty() {
            let mut text = self.text.borrow_mut();
            if text.is_empty() {
                return Ok(());
            }
            let made = Str::new(th, &text)?;
            text.truncate(0);
            made.upcast()
        } else {
            self.end_text(th)?;
            self.joined(th)?
        };
        match (self.last_for_tail.get(), self.last.get()) {
            (Some(element), _) => put(th, element.obj(), data, Where::Tail),
            (None, Some(element)) => put(th, element.obj(), data, Where::Text),
            (None, None) => Ok(()),
        }
    }

    fn joined(&self, th: Thread<'_>) -> Result {
        let mut given = self.given.take();
        if given.len() == 1
            && let Some(only) = given.pop()
        {
            return Ok(only);
        }
        let parts = List::from_refs(th, given)?;
        Str::new(th, "")?.call_method(th, id!(th, "join"), &[parts.obj()])
    }

    /// An element begins.
    pub(super) fn open(&self, th: Thread<'_>, tag: Ref, attrib: Option<Ref<Dict>>) -> Result<Ref> {
        self.flush(th)?;
        let node = match self.element_factory.get() {
            None => Element::create(th, tag, attrib)?.upcast(),
            Some(factory) => {
                let attrib = attrib.map_or_else(|| Dict::new(th), Ok)?;
                factory.call(th, &[tag.obj(), attrib.obj()])?
            }
        };
        self.last_for_tail.set(None);
        let this = self.this.get();
        match &this {
            Some(this) => add_child(th, this.obj(), node.obj())?,
            None if !self.root.is_null() => {
                return Err(parse_error(th, "multiple elements on top level", None));
            }
            None => self.root.set(Some(node.clone())),
        }
        self.stack.push(this);
        self.this.set(Some(node.clone()));
        self.last.set(Some(node.clone()));
        self.report(th, Event::Start, node.obj())?;
        Ok(node)
    }

    /// The element that was opened last ends.
    pub(super) fn close_element(&self, th: Thread<'_>) -> Result<Ref> {
        self.flush(th)?;
        let Some(outer) = self.stack.0.borrow_mut().pop() else {
            raise!(th, IndexError, "pop from empty stack");
        };
        let ended = self.this.replace(outer);
        self.last_for_tail.set(ended.clone());
        self.last.set(ended.clone());
        let ended = ended.unwrap_or_else(|| types::none().own());
        self.report(th, Event::End, ended.obj())?;
        Ok(ended)
    }

    /// A comment or a processing instruction.
    fn add_single(&self, th: Thread<'_>, node: Ref, inserts: bool, event: Event) -> Result<Ref> {
        if inserts && let Some(this) = self.this.get() {
            add_child(th, this.obj(), node.obj())?;
            self.last_for_tail.set(Some(node.clone()));
        }
        self.report(th, event, node.obj())?;
        Ok(node)
    }

    pub(super) fn add_comment(&self, th: Thread<'_>, text: Ref) -> Result<Ref> {
        self.flush(th)?;
        let node = match self.comment_factory.get() {
            Some(factory) => factory.call(th, &[text.obj()])?,
            None => text,
        };
        self.add_single(th, node, self.insert_comments.get(), Event::Comment)
    }

    pub(super) fn add_pi(&self, th: Thread<'_>, target: Ref, text: Ref) -> Result<Ref> {
        self.flush(th)?;
        let node = match self.pi_factory.get() {
            Some(factory) => factory.call(th, &[target.obj(), text.obj()])?,
            None => Tuple::from_array(th, [target, text])?.upcast(),
        };
        self.add_single(th, node, self.insert_pis.get(), Event::Pi)
    }

    pub(super) fn start_namespace(&self, th: Thread<'_>, prefix: Ref, uri: Ref) -> Result<()> {
        let pair = Tuple::from_array(th, [prefix, uri])?;
        self.report(th, Event::StartNs, pair.obj())
    }

    pub(super) fn end_namespace(&self, th: Thread<'_>) -> Result<()> {
        self.report(th, Event::EndNs, types::none())
    }

    pub(super) fn result(&self) -> Ref {
        self.root.get().unwrap_or_else(|| types::none().own())
    }
}

/// `parent.append(child)`.
fn add_child(th: Thread<'_>, parent: Obj<'_>, child: Obj<'_>) -> Result<()> {
    if let (Some(parent), Some(child)) =
        (parent.downcast_exact::<Element>(), child.downcast::<Element>())
    {
        return parent.children.push(th, own(child));
    }
    parent.call_method(th, id!(th, "append"), &[child]).map(drop)
}

/// Set or extend the text of an element, or what follows it.
fn put(th: Thread<'_>, element: Obj<'_>, data: Ref, place: Where) -> Result<()> {
    if let Some(element) = element.downcast_exact::<Element>() {
        let link = match place {
            Where::Text => &element.text,
            Where::Tail => &element.tail,
        };
        if link.is_null() {
            link.set(some_object(data.obj()));
            return Ok(());
        }
    }
    let name = match place {
        Where::Text => id!(th, "text"),
        Where::Tail => id!(th, "tail"),
    };
    let before = element.getattr(th, name)?;
    if data.obj().downcast::<Str>().is_none() {
        raise!(th, TypeError, "can only join an iterable");
    }
    let whole = match before.obj().is_none() {
        true => data,
        false => number::binary(th, number::ADD, before.obj(), data.obj())?,
    };
    element.setattr(th, name, Some(whole.obj()))
}

/// The factory that an argument names, or else the shared one.
fn factory_or(given: Option<Obj<'_>>, shared: &RefCell<Option<Ref>>) -> Option<Ref> {
    match given.and_then(some_object) {
        Some(given) => Some(given),
        None => shared.borrow().clone(),
    }
}

#[pymethods]
impl TreeBuilder {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        alloc_object::alloc(th, cls, TreeBuilder::new()).map(Ref::upcast)
    }

    #[sig = "TreeBuilder(element_factory=None, *, comment_factory=None, pi_factory=None, insert_comments=False, insert_pis=False)"]
    fn __init__(
        &self,
        th: Thread<'_>,
        element_factory: Option<Obj<'_>>,
        comment_factory: Option<Obj<'_>>,
        pi_factory: Option<Obj<'_>>,
        insert_comments: bool,
        insert_pis: bool,
    ) -> Result<()> {
        let shared = Shared::of(th);
        self.element_factory.set(element_factory.and_then(some_object));
        self.comment_factory.set(factory_or(comment_factory, &shared.comment_factory));
        self.pi_factory.set(factory_or(pi_factory, &shared.pi_factory));
        self.insert_comments.set(insert_comments);
        self.insert_pis.set(insert_pis);
        Ok(())
    }

    #[sig = "($self, data, /)"]
    fn data(&self, th: Thread<'_>, data: Obj<'_>) -> Result<()> {
        self.add_data(th, data.own())
    }

    #[sig = "($self, tag, attrs, /)"]
    fn start(&self, th: Thread<'_>, tag: Obj<'_>, attrs: &Dict) -> Result<Ref> {
        self.open(th, tag.own(), Some(own(attrs)))
    }

    #[sig = "($self, tag, /)"]
    fn end(&self, th: Thread<'_>, _tag: Obj<'_>) -> Result<Ref> {
        self.close_element(th)
    }

    #[sig = "($self, text, /)"]
    fn comment(&self, th: Thread<'_>, text: Obj<'_>) -> Result<Ref> {
        self.add_comment(th, text.own())
    }

    #[sig = "($self, target, text=None, /)"]
    fn pi(&self, th: Thread<'_>, target: Obj<'_>, text: Option<Obj<'_>>) -> Result<Ref> {
        self.add_pi(th, target.own(), text.unwrap_or(types::none()).own())
    }

    #[sig = "($self, /)"]
    fn close(&self, _: Thread<'_>) -> Ref {
        self.result()
    }
}
