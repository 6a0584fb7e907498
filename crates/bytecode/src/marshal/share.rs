//! Which parts of a compiled module are one object.
//!
//! CPython's compiler merges equal constants, tuples of names and tables of a
//! module, and interns names and constants that look like names. It shows:
//! `is` sees it, and marshal marks what has more than one reference. So every
//! form of a code object that a runtime holds or writes is made here. What a
//! whole process shares is the builder's: the empty tuple and `bytes`,
//! [`Builder::byte`], small ints, interned strings.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use num_bigint::BigInt;
use rustc_hash::FxBuildHasher;

use super::{Builder, CodeParts, Container, Singleton};
use crate::code_flags::{CO_NEWLOCALS, CO_OPTIMIZED};
use crate::{CodeObject, ConstStr, Constant, Name, Op};

/// The objects of `code` and all within it, made by `builder`; `filename` is
/// that of all of them.
pub fn build_code<B: Builder>(
    builder: &mut B,
    code: &CodeObject,
    filename: B::Object,
) -> Result<B::Object, B::Error> {
    let mut sharer = Sharer::new(builder, filename, Some(code));
    let id = sharer.code(code)?;
    Ok(sharer.object(id))
}

/// The object of a constant that has no code objects in it.
pub fn build_constant<B: Builder>(
    builder: &mut B,
    constant: &Constant,
) -> Result<B::Object, B::Error> {
    let filename = builder.singleton(Singleton::None)?;
    let mut sharer = Sharer::new(builder, filename, None);
    let id = sharer.constant(constant)?;
    Ok(sharer.object(id))
}

/// Index of a shared object.
type Id = u32;

struct Sharer<'a, 'b, B: Builder> {
    builder: &'b mut B,
    filename: B::Object,
    module: Option<&'a CodeObject>,
    identifiers: OnceCell<Identifiers<'a>>,
    entries: Vec<Entry<B::Object>>,
    known: HashMap<Key<'a>, Id, FxBuildHasher>,
    /// Qualified names of classes that are among the constants of the class's
    /// own code: the same object, so interned with it, if that has not been done
    /// to another one.
    class_names: HashSet<&'a [u8], FxBuildHasher>,
}

/// The identifiers of a module: the parser has interned them before there are
/// constants.
#[derive(Default)]
struct Identifiers<'a> {
    all: HashSet<&'a [u8], FxBuildHasher>,
    /// Constants that are the names of keyword arguments.
    keywords: HashSet<&'a Constant, FxBuildHasher>,
}

struct Entry<O> {
    object: O,
    /// Is an interned string that was interned before, or a tuple with one.
    replaced: bool,
}

/// What makes two objects of one module the same.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Singleton(Singleton),
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

impl<'a, 'b, B: Builder> Sharer<'a, 'b, B> {
    fn new(builder: &'b mut B, filename: B::Object, module: Option<&'a CodeObject>) -> Self {
        Sharer {
            builder,
            filename,
            module,
            identifiers: OnceCell::new(),
            entries: Vec::new(),
            known: HashMap::default(),
            class_names: HashSet::default(),
        }
    }

    fn object(&self, id: Id) -> B::Object {
        self.entries[id as usize].object.clone()
    }

    fn objects(&self, ids: &[Id]) -> Vec<B::Object> {
        ids.iter().map(|id| self.object(*id)).collect()
    }

    fn add(&mut self, object: B::Object, replaced: bool) -> Id {
        self.entries.push(Entry { object, replaced });
        (self.entries.len() - 1) as Id
    }

    /// The object for a key, made at its first use.
    fn shared(
        &mut self,
        key: Key<'a>,
        make: impl FnOnce(&mut B) -> Result<B::Object, B::Error>,
    ) -> Result<Id, B::Error> {
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        let object = make(self.builder)?;
        let id = self.add(object, false);
        self.known.insert(key, id);
        Ok(id)
    }

    fn str(&mut self, utf8: &'a [u8], interned: bool) -> Result<Id, B::Error> {
        let key = Key::Str(utf8, interned);
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        let replaced = interned && !is_latin1_character(utf8) && self.builder.is_interned(utf8);
        let object = self.builder.str(utf8, interned)?;
        let id = self.add(object, replaced);
        self.known.insert(key, id);
        Ok(id)
    }

    fn identifiers(&self) -> &Identifiers<'a> {
        self.identifiers.get_or_init(|| {
            let mut identifiers = Identifiers::default();
            if let Some(module) = self.module {
                identifiers.add(module);
            }
            identifiers
        })
    }

    fn name(&mut self, name: &'a Name) -> Result<B::Object, B::Error> {
        let id = self.str(name.as_bytes(), true)?;
        Ok(self.object(id))
    }

    fn names(&mut self, names: &'a [Name]) -> Result<Vec<Id>, B::Error> {
        names.iter().map(|name| self.str(name.as_bytes(), true)).collect()
    }

    fn bytes(&mut self, bytes: &'a [u8]) -> Result<Id, B::Error> {
        self.shared(Key::Bytes(bytes), |builder| match bytes {
            [byte] => builder.byte(*byte),
            _ => builder.bytes(bytes),
        })
    }

    fn tuple(&mut self, items: Vec<Id>) -> Result<Id, B::Error> {
        let key = Key::Tuple(items);
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        let Key::Tuple(items) = &key else { unreachable!("the key is a tuple") };
        let replaced = items.iter().any(|item| self.entries[*item as usize].replaced);
        let objects = self.objects(items);
        let object = self.builder.container(Container::Tuple, None, objects)?;
        let id = self.add(object, replaced);
        self.known.insert(key, id);
        Ok(id)
    }

    fn constants(&mut self, constants: &'a [Constant]) -> Result<Vec<Id>, B::Error> {
        constants.iter().map(|constant| self.constant(constant)).collect()
    }

    fn constant(&mut self, constant: &'a Constant) -> Result<Id, B::Error> {
        if let Some(singleton) = singleton(constant) {
            return self.shared(Key::Singleton(singleton), |builder| builder.singleton(singleton));
        }
        match constant {
            Constant::Int(value) => {
                self.shared(Key::Int(value), |builder| plain(builder, constant))
            }
            Constant::Float(value) if !value.is_nan() => {
                self.shared(Key::Float(value.to_bits()), |builder| plain(builder, constant))
            }
            Constant::Complex(real, imag) if !real.is_nan() && !imag.is_nan() => {
                let key = Key::Complex(real.to_bits(), imag.to_bits());
                self.shared(key, |builder| plain(builder, constant))
            }
            Constant::Str(text) if text.is_unshared() => self
                .shared(Key::Str(text.as_bytes(), true), |builder| {
                    builder.unshared_str(text.as_bytes())
                }),
            Constant::Str(text) => self.str(text.as_bytes(), self.is_interned(text)),
            Constant::Bytes(bytes) => self.bytes(bytes),
            Constant::Tuple(items) => {
                let is_foreign =
                    |item: &Constant| matches!(item, Constant::Str(text) if !text.is_ascii());
                let keywords =
                    items.iter().any(is_foreign) && self.identifiers().keywords.contains(constant);
                let items = self.constants_and_names(items, |_| keywords)?;
                self.tuple(items)
            }
            Constant::FrozenSet(items) => self.frozen_set(items),
            Constant::Slice(parts) => self.slice(parts),
            Constant::Code(code) => self.code(code),
            _ => {
                let object = plain(self.builder, constant)?;
                Ok(self.add(object, false))
            }
        }
    }

    fn is_interned(&self, text: &ConstStr) -> bool {
        text.is_name_like()
            || self.class_names.contains(text.as_bytes())
            || is_latin1_character(text.as_bytes())
    }

    /// Constants of which those that are identifiers are interned, whether they
    /// look like names or not.
    fn constants_and_names(
        &mut self,
        constants: &'a [Constant],
        is_name: impl Fn(&ConstStr) -> bool,
    ) -> Result<Vec<Id>, B::Error> {
        let mut ids = Vec::with_capacity(constants.len());
        for constant in constants {
            ids.push(match constant {
                Constant::Str(text) if !text.is_ascii() && is_name(text) => {
                    self.str(text.as_bytes(), true)?
                }
                _ => self.constant(constant)?,
            });
        }
        Ok(ids)
    }

    /// Whether a constant is or has a string in whose place another one, interned
    /// before it, is used.
    fn is_replaced(&self, id: Id, constant: &Constant) -> bool {
        let is_identifier = |item: &Constant| match item {
            Constant::Str(text) if is_latin1_character(text.as_bytes()) => false,
            Constant::Str(text) => {
                text.is_name_like() && self.identifiers().all.contains(text.as_bytes())
            }
            _ => false,
        };
        self.entries[id as usize].replaced
            || is_identifier(constant)
            || matches!(constant, Constant::Tuple(items) if items.iter().any(is_identifier))
    }

    fn frozen_set(&mut self, constants: &'a [Constant]) -> Result<Id, B::Error> {
        let items = self.constants(constants)?;
        let mut sorted = items.clone();
        sorted.sort_unstable();
        let key = Key::FrozenSet(sorted);
        // Such strings are put into a new set, for each code object.
        let mut pairs = items.iter().zip(constants);
        let shared = !pairs.any(|(id, constant)| self.is_replaced(*id, constant));
        if let Some(id) = self.known.get(&key).filter(|_| shared) {
            return Ok(*id);
        }
        let objects = self.objects(&items);
        let object = self.builder.container(Container::FrozenSet, None, objects)?;
        let id = self.add(object, false);
        if shared {
            self.known.insert(key, id);
        }
        Ok(id)
    }

    /// Equal slices are one object, but their parts are their own.
    fn slice(&mut self, parts: &'a [Constant; 3]) -> Result<Id, B::Error> {
        let [start, stop, step] = parts;
        let key = Key::Slice([self.constant(start)?, self.constant(stop)?, self.constant(step)?]);
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        let parts = [self.part(start)?, self.part(stop)?, self.part(step)?];
        let object = self.builder.slice(parts)?;
        let id = self.add(object, false);
        self.known.insert(key, id);
        Ok(id)
    }

    /// A constant within a slice.
    fn part(&mut self, constant: &'a Constant) -> Result<B::Object, B::Error> {
        match constant {
            Constant::Int(value) if !is_small(value) => plain(self.builder, constant),
            Constant::Float(_) | Constant::Complex(..) => plain(self.builder, constant),
            _ => {
                let id = self.constant(constant)?;
                Ok(self.object(id))
            }
        }
    }

    fn code(&mut self, code: &'a CodeObject) -> Result<Id, B::Error> {
        let qualname = code.qualname.as_bytes();
        let names_itself =
            |item: &Constant| matches!(item, Constant::Str(text) if text.as_bytes() == qualname);
        if is_class_body(code)
            && !self.builder.is_interned(qualname)
            && code.consts.iter().any(names_itself)
        {
            self.class_names.insert(qualname);
        }
        // The name of a class within it is the one of the class's code.
        let is_class_name = |text: &ConstStr| {
            code.consts.iter().any(|constant| match constant {
                Constant::Code(inner) => {
                    is_class_body(inner) && inner.name.as_bytes() == text.as_bytes()
                }
                _ => false,
            })
        };
        let consts = self.constants_and_names(&code.consts, is_class_name)?;
        let consts = self.tuple(consts)?;
        let names = self.names(&code.names)?;
        let names = self.tuple(names)?;
        let variables = self.names(&code.localsplusnames)?;
        let localsplusnames = match is_annotate(code) {
            // Its parameter is renamed late, in a new tuple.
            true => {
                let objects = self.objects(&variables);
                let object = self.builder.container(Container::Tuple, None, objects)?;
                self.add(object, true)
            }
            false => self.tuple(variables)?,
        };
        let linetable = self.bytes(&code.linetable)?;
        let exceptiontable = self.bytes(&code.exceptiontable)?;
        let key = Key::Code(Box::new(CodeKey {
            counts: [code.argcount, code.posonlyargcount, code.kwonlyargcount, code.flags],
            firstlineno: code.firstlineno,
            name: &code.name,
            code: &code.code,
            parts: [consts, names, localsplusnames, linetable, exceptiontable],
        }));
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        let localspluskinds = match code.localspluskinds.is_empty() {
            true => {
                let id = self.bytes(&code.localspluskinds)?;
                self.object(id)
            }
            false => self.builder.bytes(&code.localspluskinds)?,
        };
        let parts = CodeParts {
            argcount: code.argcount as i32,
            posonlyargcount: code.posonlyargcount as i32,
            kwonlyargcount: code.kwonlyargcount as i32,
            stacksize: code.stacksize as i32,
            flags: code.flags as i32,
            code: self.builder.bytes(&code.code)?,
            consts: self.object(consts),
            names: self.object(names),
            localsplusnames: self.object(localsplusnames),
            localspluskinds,
            filename: self.filename.clone(),
            name: self.name(&code.name)?,
            qualname: self.name(&code.qualname)?,
            firstlineno: code.firstlineno,
            linetable: self.object(linetable),
            exceptiontable: self.object(exceptiontable),
        };
        let object = self.builder.code(parts)?;
        let id = self.add(object, false);
        self.known.insert(key, id);
        Ok(id)
    }
}

impl<'a> Identifiers<'a> {
    fn add(&mut self, code: &'a CodeObject) {
        let names = code.names.iter().chain(&code.localsplusnames);
        self.all.extend(names.map(|name| name.as_bytes()));
        self.all.insert(code.name.as_bytes());
        for (before, (op, _)) in instructions(&code.code).zip(instructions(&code.code).skip(1)) {
            if before.0 == Op::LOAD_CONST && matches!(op, Op::CALL_KW | Op::MATCH_CLASS) {
                self.add_keywords(code.consts.get(before.1));
            }
        }
        for constant in &code.consts {
            if let Constant::Code(code) = constant {
                self.add(code);
            }
        }
    }

    fn add_keywords(&mut self, names: Option<&'a Constant>) {
        let Some(constant @ Constant::Tuple(names)) = names else { return };
        self.keywords.insert(constant);
        for name in names {
            if let Constant::Str(name) = name {
                self.all.insert(name.as_bytes());
            }
        }
    }
}

/// The instructions of `co_code` with their whole arguments.
fn instructions(code: &[u8]) -> impl Iterator<Item = (Op, usize)> {
    let mut rest = code;
    let mut extended = 0;
    std::iter::from_fn(move || {
        loop {
            let (pair, behind) = rest.split_at_checked(2)?;
            let op = Op::from_number(u16::from(pair[0]))?;
            rest = behind.get(2 * op.caches()..)?;
            let arg = extended << 8 | usize::from(pair[1]);
            extended = if op == Op::EXTENDED_ARG { arg } else { 0 };
            if op != Op::EXTENDED_ARG {
                return Some((op, arg));
            }
        }
    })
}

fn is_class_body(code: &CodeObject) -> bool {
    code.flags & (CO_OPTIMIZED | CO_NEWLOCALS) == 0
}

fn singleton(constant: &Constant) -> Option<Singleton> {
    match constant {
        Constant::None => Some(Singleton::None),
        Constant::Ellipsis => Some(Singleton::Ellipsis),
        Constant::Bool(false) => Some(Singleton::False),
        Constant::Bool(true) => Some(Singleton::True),
        _ => None,
    }
}

/// A new object of a number.
fn plain<B: Builder>(builder: &mut B, constant: &Constant) -> Result<B::Object, B::Error> {
    match constant {
        Constant::Int(value) => match i64::try_from(value) {
            Ok(value) => builder.int(value),
            Err(_) => builder.big_int(value.clone()),
        },
        Constant::Float(value) => builder.float(*value),
        Constant::Complex(real, imag) => builder.complex(*real, *imag),
        _ => builder.singleton(singleton(constant).unwrap_or(Singleton::None)),
    }
}

/// Whether CPython has the int once and for ever.
fn is_small(value: &BigInt) -> bool {
    i32::try_from(value).is_ok_and(|value| (-5..=256).contains(&value))
}

fn is_latin1_character(utf8: &[u8]) -> bool {
    matches!(utf8, [0..0x80] | [0xC2..=0xC3, _])
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
