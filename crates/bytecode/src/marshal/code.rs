//! Marshalling of compiled code.
//!
//! CPython marks what has more than one reference. A [`Graph`] has a node for
//! each object of a module and counts their references; interned strings,
//! small ints, the empty tuple and `bytes` have others from elsewhere, and
//! `co_code` is kept by its code object.

use std::borrow::Cow;
use std::sync::Arc;

use num_bigint::BigInt;

use super::{
    Builder, CodeParts, Container, DumpError, LoadError, Sharing, Singleton, Source, VERSION, View,
    build_code, dump, load,
};
use crate::{CodeObject, ConstStr, Constant, Name};

/// Marshal a code object as CPython does with what its compiler returns.
///
/// `shared` says that the caller keeps other references to it, as all
/// writers of `.pyc` files do.
pub fn dump_code(code: &CodeObject, shared: bool) -> Result<Vec<u8>, DumpError> {
    let mut graph = Graph::default();
    let filename = graph.str(code.filename.as_bytes(), true)?;
    let root = build_code(&mut graph, code, filename)?;
    if shared {
        graph.refer(&[root, root]);
    }
    dump(&graph, root, VERSION, true)
}

/// Index of a node.
type Id = usize;

#[derive(Default)]
struct Graph {
    nodes: Vec<Node>,
}

struct Node {
    view: View<'static, Id>,
    references: u32,
}

impl Graph {
    fn add(&mut self, view: View<'static, Id>) -> Result<Id, DumpError> {
        self.nodes.push(Node { view, references: 0 });
        Ok(self.nodes.len() - 1)
    }

    fn refer(&mut self, items: &[Id]) {
        for item in items {
            self.nodes[*item].references += 1;
        }
    }
}

impl Builder for Graph {
    type Object = Id;
    type Error = DumpError;

    fn singleton(&mut self, singleton: Singleton) -> Result<Id, DumpError> {
        self.add(match singleton {
            Singleton::None => View::None,
            Singleton::False => View::False,
            Singleton::True => View::True,
            Singleton::Ellipsis => View::Ellipsis,
            Singleton::StopIteration => View::StopIteration,
        })
    }

    fn int(&mut self, value: i64) -> Result<Id, DumpError> {
        self.add(View::Int(value))
    }

    fn big_int(&mut self, value: BigInt) -> Result<Id, DumpError> {
        self.add(View::BigInt(Cow::Owned(value)))
    }

    fn float(&mut self, value: f64) -> Result<Id, DumpError> {
        self.add(View::Float(value))
    }

    fn complex(&mut self, real: f64, imag: f64) -> Result<Id, DumpError> {
        self.add(View::Complex(real, imag))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<Id, DumpError> {
        self.add(View::Bytes(Cow::Owned(bytes.to_vec())))
    }

    fn byte(&mut self, byte: u8) -> Result<Id, DumpError> {
        let id = self.bytes(&[byte])?;
        self.refer(&[id, id]);
        Ok(id)
    }

    fn str(&mut self, utf8: &[u8], interned: bool) -> Result<Id, DumpError> {
        self.add(View::Str { utf8: Cow::Owned(utf8.to_vec()), interned })
    }

    fn reserve(&mut self, _: Container, _: usize) -> Result<Option<Id>, DumpError> {
        Ok(None)
    }

    fn container(
        &mut self,
        kind: Container,
        _: Option<Id>,
        items: Vec<Id>,
    ) -> Result<Id, DumpError> {
        self.refer(&items);
        match kind {
            Container::Tuple => self.add(View::Tuple(items)),
            Container::FrozenSet => self.add(View::FrozenSet(items)),
            _ => Err(DumpError::Unmarshallable),
        }
    }

    fn slice(&mut self, parts: [Id; 3]) -> Result<Id, DumpError> {
        self.refer(&parts);
        self.add(View::Slice(parts))
    }

    fn code(&mut self, parts: CodeParts<Id>) -> Result<Id, DumpError> {
        self.refer(&[parts.code, parts.code, parts.consts, parts.names, parts.localsplusnames]);
        self.refer(&[parts.localspluskinds, parts.filename, parts.name, parts.qualname]);
        self.refer(&[parts.linetable, parts.exceptiontable]);
        self.add(View::Code(Box::new(parts)))
    }
}

impl Source for Graph {
    type Object = Id;
    type Error = DumpError;

    fn view(&self, object: &Id) -> Result<View<'_, Id>, DumpError> {
        Ok(self.nodes[*object].view.borrowed())
    }

    fn identity(&self, object: &Id) -> usize {
        *object
    }

    fn sharing(&self, object: &Id) -> Sharing {
        let node = &self.nodes[*object];
        let elsewhere = match &node.view {
            View::Int(value) => (-5..=256).contains(value),
            View::Str { interned, .. } => *interned,
            View::Bytes(bytes) => bytes.is_empty(),
            View::Tuple(items) => items.is_empty(),
            _ => false,
        };
        if elsewhere || node.references > 1 { Sharing::Shared } else { Sharing::Unique }
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
