//! Marshalling of compiled code.
//!
//! CPython marks what has more than one reference, so reproducing its bytes
//! means to know what its compiler shares: equal constants, tuples of names
//! and tables of one module are one object; interned strings, small ints and
//! empty or one-byte `bytes` are shared with the whole process; `co_code` is
//! made anew for each code object and then kept by it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use num_bigint::BigInt;

use super::{
    Builder, CodeParts, Container, DumpError, LoadError, Singleton, Source, VERSION, View, dump,
    load,
};
use crate::code_flags::{CO_NEWLOCALS, CO_OPTIMIZED};
use crate::{CodeObject, ConstStr, Constant, Name, Op};

/// Marshal a code object as CPython does with what its compiler returns.
///
/// `shared` says that the caller keeps other references to it, as all
/// writers of `.pyc` files do.
pub fn dump_code(code: &CodeObject, shared: bool) -> Result<Vec<u8>, DumpError> {
    let mut graph = Graph::default();
    let root = graph.code(code);
    if shared {
        graph.nodes[root].references += 2;
    }
    dump(&graph, &root, VERSION, true)
}

/// Index of a node.
type Id = usize;

#[derive(Default)]
struct Graph<'a> {
    nodes: Vec<NodeEntry<'a>>,
    known: HashMap<Key<'a>, Id>,
    /// Qualified names of classes that are among the constants of the class's
    /// own code: the same object, so interned.
    class_names: HashSet<&'a [u8]>,
}

struct NodeEntry<'a> {
    node: Node<'a>,
    references: u32,
    /// Has references from elsewhere.
    immortal: bool,
}

enum Node<'a> {
    Constant(&'a Constant),
    Str(&'a [u8], bool),
    Bytes(&'a [u8]),
    Tuple(Vec<Id>),
    FrozenSet(Vec<Id>),
    Slice([Id; 3]),
    Code(Box<CodeParts<Id>>),
}

/// What makes two objects of one module the same.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    None,
    Ellipsis,
    Bool(bool),
    Int(&'a BigInt),
    Float(u64),
    Complex(u64, u64),
    Str(&'a [u8], bool),
    Bytes(&'a [u8]),
    Tuple(Vec<Id>),
    FrozenSet(Vec<Id>),
    Slice([Id; 3]),
    Code(Box<CodeKey<'a>>),
}

#[derive(PartialEq, Eq, Hash)]
struct CodeKey<'a> {
    counts: [u32; 4],
    firstlineno: i32,
    name: &'a str,
    code: &'a [u8],
    parts: [Id; 5],
}

impl<'a> Graph<'a> {
    fn add(&mut self, node: Node<'a>, immortal: bool) -> Id {
        self.nodes.push(NodeEntry { node, references: 0, immortal });
        self.nodes.len() - 1
    }

    /// The node for a key, made at its first use.
    fn shared(&mut self, key: Key<'a>, immortal: bool, node: impl FnOnce() -> Node<'a>) -> Id {
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let id = self.add(node(), immortal);
        self.known.insert(key, id);
        id
    }

    fn name(&mut self, name: &'a Name) -> Id {
        self.str(name.as_bytes(), true)
    }

    fn str(&mut self, utf8: &'a [u8], interned: bool) -> Id {
        self.shared(Key::Str(utf8, interned), interned, || Node::Str(utf8, interned))
    }

    fn bytes(&mut self, bytes: &'a [u8]) -> Id {
        self.shared(Key::Bytes(bytes), bytes.len() < 2, || Node::Bytes(bytes))
    }

    fn tuple(&mut self, items: Vec<Id>) -> Id {
        if let Some(id) = self.known.get(&Key::Tuple(items.clone())) {
            return *id;
        }
        self.refer(&items);
        let id = self.add(Node::Tuple(items.clone()), items.is_empty());
        self.known.insert(Key::Tuple(items), id);
        id
    }

    fn refer(&mut self, items: &[Id]) {
        for item in items {
            self.nodes[*item].references += 1;
        }
    }

    fn constant(&mut self, constant: &'a Constant) -> Id {
        let plain = || Node::Constant(constant);
        match constant {
            Constant::None => self.shared(Key::None, true, plain),
            Constant::Ellipsis => self.shared(Key::Ellipsis, true, plain),
            Constant::Bool(value) => self.shared(Key::Bool(*value), true, plain),
            Constant::Int(value) => {
                let small = i32::try_from(value).is_ok_and(|value| (-5..=256).contains(&value));
                self.shared(Key::Int(value), small, plain)
            }
            Constant::Float(value) if value.is_nan() => self.add(plain(), false),
            Constant::Float(value) => self.shared(Key::Float(value.to_bits()), false, plain),
            Constant::Complex(real, imag) if real.is_nan() || imag.is_nan() => {
                self.add(plain(), false)
            }
            Constant::Complex(real, imag) => {
                self.shared(Key::Complex(real.to_bits(), imag.to_bits()), false, plain)
            }
            Constant::Str(text) => {
                let mut points = text.code_points();
                let latin1_char =
                    points.next().is_some_and(|point| point < 256) && points.next().is_none();
                let interned = text.is_name_like()
                    || latin1_char
                    || self.class_names.contains(text.as_bytes());
                self.str(text.as_bytes(), interned)
            }
            Constant::Bytes(bytes) => self.bytes(bytes),
            Constant::Tuple(items) => {
                let items = items.iter().map(|item| self.constant(item)).collect();
                self.tuple(items)
            }
            Constant::FrozenSet(items) => {
                let items: Vec<Id> = items.iter().map(|item| self.constant(item)).collect();
                // Strings in it were interned, in a new set, for each code object.
                if self.has_interned(&items) {
                    self.refer(&items);
                    return self.add(Node::FrozenSet(items), false);
                }
                let mut sorted = items.clone();
                sorted.sort_unstable();
                if let Some(id) = self.known.get(&Key::FrozenSet(sorted.clone())) {
                    return *id;
                }
                self.refer(&items);
                let id = self.add(Node::FrozenSet(items), false);
                self.known.insert(Key::FrozenSet(sorted), id);
                id
            }
            Constant::Slice(parts) => {
                let key = Key::Slice([0, 1, 2].map(|index| self.constant(&parts[index])));
                if let Some(id) = self.known.get(&key) {
                    return *id;
                }
                // Equal slices are one object, but their parts are their own.
                let parts = [0, 1, 2].map(|index| self.part(&parts[index]));
                self.refer(&parts);
                let id = self.add(Node::Slice(parts), false);
                self.known.insert(key, id);
                id
            }
            Constant::Code(code) => self.code(code),
        }
    }

    /// A constant within a slice.
    fn part(&mut self, constant: &'a Constant) -> Id {
        let shared = self.constant(constant);
        match self.nodes[shared].immortal
            || !matches!(constant, Constant::Int(_) | Constant::Float(_))
        {
            true => shared,
            false => self.add(Node::Constant(constant), false),
        }
    }

    fn has_interned(&self, items: &[Id]) -> bool {
        items.iter().any(|item| match &self.nodes[*item].node {
            Node::Str(_, interned) => *interned,
            Node::Tuple(items) => self.has_interned(items),
            _ => false,
        })
    }

    fn code(&mut self, code: &'a CodeObject) -> Id {
        let qualname = code.qualname.as_bytes();
        let is_class = code.flags & (CO_OPTIMIZED | CO_NEWLOCALS) == 0;
        if is_class
            && code
                .consts
                .iter()
                .any(|item| matches!(item, Constant::Str(text) if text.as_bytes() == qualname))
        {
            self.class_names.insert(qualname);
        }
        let consts = code.consts.iter().map(|item| self.constant(item)).collect();
        let consts = self.tuple(consts);
        let names = code.names.iter().map(|name| self.name(name)).collect();
        let names = self.tuple(names);
        let localsplusnames: Vec<Id> =
            code.localsplusnames.iter().map(|name| self.name(name)).collect();
        let localsplusnames = match is_annotate(code) {
            // Its parameter is renamed late, in a new tuple.
            true => {
                self.refer(&localsplusnames);
                self.add(Node::Tuple(localsplusnames), false)
            }
            false => self.tuple(localsplusnames),
        };
        let linetable = self.bytes(&code.linetable);
        let exceptiontable = self.bytes(&code.exceptiontable);
        let key = Key::Code(Box::new(CodeKey {
            counts: [code.argcount, code.posonlyargcount, code.kwonlyargcount, code.flags],
            firstlineno: code.firstlineno,
            name: &code.name,
            code: &code.code,
            parts: [consts, names, localsplusnames, linetable, exceptiontable],
        }));
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let localspluskinds = match code.localspluskinds.is_empty() {
            true => self.bytes(&code.localspluskinds),
            false => self.add(Node::Bytes(&code.localspluskinds), false),
        };
        let parts = CodeParts {
            argcount: code.argcount as i32,
            posonlyargcount: code.posonlyargcount as i32,
            kwonlyargcount: code.kwonlyargcount as i32,
            stacksize: code.stacksize as i32,
            flags: code.flags as i32,
            code: self.add(Node::Bytes(&code.code), true),
            consts,
            names,
            localsplusnames,
            localspluskinds,
            filename: self.name(&code.filename),
            name: self.name(&code.name),
            qualname: self.name(&code.qualname),
            firstlineno: code.firstlineno,
            linetable,
            exceptiontable,
        };
        self.refer(&[consts, names, localsplusnames, localspluskinds, linetable, exceptiontable]);
        let id = self.add(Node::Code(Box::new(parts)), false);
        self.known.insert(key, id);
        id
    }
}

/// Whether the compiler made the code to evaluate annotations. It starts by
/// refusing formats that it does not know.
fn is_annotate(code: &CodeObject) -> bool {
    const REFUSAL: [u8; 4] = [Op::LOAD_COMMON_CONSTANT as u8, 1, Op::RAISE_VARARGS as u8, 1];
    let parameter = code.localsplusnames.first();
    code.posonlyargcount == 1
        && parameter.is_some_and(|name| &**name == "format")
        && code.code.windows(4).take(40).any(|window| window == REFUSAL)
}

impl Source for Graph<'_> {
    type Object = Id;
    type Error = DumpError;

    fn view(&self, object: &Id) -> Result<View<'_, Id>, DumpError> {
        Ok(match &self.nodes[*object].node {
            Node::Constant(Constant::None) => View::None,
            Node::Constant(Constant::Ellipsis) => View::Ellipsis,
            Node::Constant(Constant::Bool(value)) => {
                if *value {
                    View::True
                } else {
                    View::False
                }
            }
            Node::Constant(Constant::Int(value)) => View::BigInt(Cow::Borrowed(value)),
            Node::Constant(Constant::Float(value)) => View::Float(*value),
            Node::Constant(Constant::Complex(real, imag)) => View::Complex(*real, *imag),
            Node::Constant(_) => View::Unknown,
            Node::Str(utf8, interned) => {
                View::Str { utf8: Cow::Borrowed(utf8), interned: *interned }
            }
            Node::Bytes(bytes) => View::Bytes(Cow::Borrowed(bytes)),
            Node::Tuple(items) => View::Tuple(items.clone()),
            Node::FrozenSet(items) => View::FrozenSet(items.clone()),
            Node::Slice(parts) => View::Slice(*parts),
            Node::Code(parts) => View::Code(parts.clone()),
        })
    }

    fn identity(&self, object: &Id) -> usize {
        *object
    }

    fn is_unique(&self, object: &Id) -> bool {
        let entry = &self.nodes[*object];
        !entry.immortal && entry.references < 2
    }
}

/// Read a code object that was marshalled.
pub fn load_code(mut bytes: &[u8]) -> Result<CodeObject, LoadError> {
    match load(&mut ConstantBuilder, &mut bytes, true)? {
        Constant::Code(code) => Ok(Arc::unwrap_or_clone(code)),
        _ => Err(LoadError::TypeError("marshal data is no code object")),
    }
}

/// Makes constants; of containers, those that can be in `co_consts`.
struct ConstantBuilder;

const BAD_CODE: LoadError = LoadError::TypeError("bad field in marshalled code object");
const BAD_KIND: LoadError = LoadError::ValueError("bad marshal data (unknown type code)");

impl Builder for ConstantBuilder {
    type Object = Constant;
    type Error = LoadError;

    fn singleton(&mut self, singleton: Singleton) -> Result<Constant, LoadError> {
        match singleton {
            Singleton::None => Ok(Constant::None),
            Singleton::False => Ok(Constant::Bool(false)),
            Singleton::True => Ok(Constant::Bool(true)),
            Singleton::Ellipsis => Ok(Constant::Ellipsis),
            Singleton::StopIteration => Err(BAD_KIND),
        }
    }

    fn int(&mut self, value: i64) -> Result<Constant, LoadError> {
        Ok(Constant::from(value))
    }

    fn big_int(&mut self, value: BigInt) -> Result<Constant, LoadError> {
        Ok(Constant::Int(value))
    }

    fn float(&mut self, value: f64) -> Result<Constant, LoadError> {
        Ok(Constant::Float(value))
    }

    fn complex(&mut self, real: f64, imag: f64) -> Result<Constant, LoadError> {
        Ok(Constant::Complex(real, imag))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<Constant, LoadError> {
        Ok(Constant::Bytes(bytes.into()))
    }

    fn str(&mut self, utf8: &[u8], _interned: bool) -> Result<Constant, LoadError> {
        let text = ConstStr::from_bytes(utf8);
        text.map(Constant::Str).ok_or(LoadError::ValueError("invalid UTF-8 in marshal data"))
    }

    fn reserve(&mut self, _kind: Container, _length: usize) -> Result<Option<Constant>, LoadError> {
        Ok(None)
    }

    fn container(
        &mut self,
        kind: Container,
        _reserved: Option<Constant>,
        items: Vec<Constant>,
    ) -> Result<Constant, LoadError> {
        match kind {
            Container::Tuple => Ok(Constant::Tuple(items.into())),
            Container::FrozenSet => Ok(Constant::FrozenSet(items.into())),
            _ => Err(BAD_KIND),
        }
    }

    fn slice(&mut self, parts: [Constant; 3]) -> Result<Constant, LoadError> {
        Ok(Constant::Slice(Box::new(parts)))
    }

    fn code(&mut self, parts: CodeParts<Constant>) -> Result<Constant, LoadError> {
        let count = |value: i32| u32::try_from(value).map_err(|_| BAD_CODE);
        Ok(Constant::Code(Arc::new(CodeObject {
            argcount: count(parts.argcount)?,
            posonlyargcount: count(parts.posonlyargcount)?,
            kwonlyargcount: count(parts.kwonlyargcount)?,
            stacksize: count(parts.stacksize)?,
            flags: parts.flags as u32,
            code: bytes_of(parts.code)?.into(),
            consts: items_of(parts.consts)?,
            names: names_of(parts.names)?,
            localsplusnames: names_of(parts.localsplusnames)?,
            localspluskinds: bytes_of(parts.localspluskinds)?,
            filename: name_of(&parts.filename)?,
            name: name_of(&parts.name)?,
            qualname: name_of(&parts.qualname)?,
            firstlineno: parts.firstlineno,
            linetable: bytes_of(parts.linetable)?.into(),
            exceptiontable: bytes_of(parts.exceptiontable)?.into(),
        })))
    }
}

fn bytes_of(constant: Constant) -> Result<Box<[u8]>, LoadError> {
    match constant {
        Constant::Bytes(bytes) => Ok(bytes),
        _ => Err(BAD_CODE),
    }
}

fn items_of(constant: Constant) -> Result<Box<[Constant]>, LoadError> {
    match constant {
        Constant::Tuple(items) => Ok(items),
        _ => Err(BAD_CODE),
    }
}

fn name_of(constant: &Constant) -> Result<Name, LoadError> {
    match constant {
        Constant::Str(text) => text.as_str().map(Name::from).ok_or(BAD_CODE),
        _ => Err(BAD_CODE),
    }
}

fn names_of(constant: Constant) -> Result<Box<[Name]>, LoadError> {
    items_of(constant)?.iter().map(name_of).collect()
}
