//! `marshal`: the format of `.pyc` files, over live objects.
//!
//! The format itself is in `bytecode::marshal`; here are the two directions
//! between it and objects. Reading makes mutable containers before their
//! items, so that what refers to itself can be read.

use std::borrow::Cow;
use std::cell::RefCell;

use bytecode::marshal::{
    Builder, CodeParts, Container, DumpError, Input, LoadError, Sharing, Singleton, Source,
    VERSION, View, dump, load,
};
use macros::pymodule;
use num_bigint::BigInt;
use object::{
    AsObject, Bytes, Code, Dict, Float, Int, List, Module, Obj, Protocol, Raised, Ref, Result, Str,
    Thread, Tuple, error, exceptions, id,
    protocol::{self, buffer::BytesLike},
    raise, small_int,
    types::{self, FrozenSet, Set, Slice},
};

use crate::{compile, construct};

/// What stops reading or writing: a raised exception or bad data.
pub(crate) enum Failure {
    Raised(Raised),
    Load(LoadError),
    Dump(DumpError),
}

impl From<Raised> for Failure {
    fn from(raised: Raised) -> Self {
        Failure::Raised(raised)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Failure::Load(error)
    }
}

impl From<DumpError> for Failure {
    fn from(error: DumpError) -> Self {
        Failure::Dump(error)
    }
}

impl Failure {
    pub(crate) fn raise(self, th: Thread<'_>) -> Raised {
        match self {
            Failure::Raised(raised) => raised,
            Failure::Load(LoadError::EofError(text)) => error!(th, EOFError, "{text}"),
            Failure::Load(LoadError::ValueError(text)) => error!(th, ValueError, "{text}"),
            Failure::Load(LoadError::TypeError(text)) => error!(th, TypeError, "{text}"),
            Failure::Dump(problem) => error!(th, ValueError, "{problem}"),
        }
    }
}

type Outcome<T> = std::result::Result<T, Failure>;

/// Makes objects for the reader and the compiler.
pub(crate) struct Loader<'a> {
    pub(crate) th: Thread<'a>,
    /// COMPAT: interned strings that are read stay for ever.
    pub(crate) immortal: bool,
}

impl Builder for Loader<'_> {
    type Object = Ref;
    type Error = Failure;

    fn singleton(&mut self, singleton: Singleton) -> Outcome<Ref> {
        Ok(match singleton {
            Singleton::None => types::none().own(),
            Singleton::False => types::bool_(false).own(),
            Singleton::True => types::bool_(true).own(),
            Singleton::Ellipsis => types::ellipsis().own(),
            Singleton::StopIteration => exceptions::types::StopIteration().obj().own(),
        })
    }

    fn int(&mut self, value: i64) -> Outcome<Ref> {
        Ok(Int::from_i64(self.th, value)?)
    }

    fn big_int(&mut self, value: BigInt) -> Outcome<Ref> {
        Ok(Int::from_bigint(self.th, &value)?)
    }

    fn float(&mut self, value: f64) -> Outcome<Ref> {
        Ok(Float::from_f64(self.th, value)?)
    }

    fn complex(&mut self, real: f64, imag: f64) -> Outcome<Ref> {
        let value = num::complex::complex(real, imag);
        Ok(types::complex::Complex::new(self.th, value)?.upcast())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Outcome<Ref> {
        let make = if bytes.is_empty() { Bytes::new } else { Bytes::unshared };
        Ok(make(self.th, bytes)?.upcast())
    }

    fn byte(&mut self, byte: u8) -> Outcome<Ref> {
        Ok(Bytes::new(self.th, &[byte])?.upcast())
    }

    fn str(&mut self, utf8: &[u8], interned: bool) -> Outcome<Ref> {
        let th = self.th;
        let text = match std::str::from_utf8(utf8) {
            Ok(text) if interned => Str::intern(th, text)?,
            Ok(text) => Str::new(th, text)?,
            Err(_) if interned => Str::intern_ref(th, Str::from_wtf8(th, utf8)?),
            Err(_) => Str::from_wtf8(th, utf8)?,
        };
        if interned && self.immortal {
            return Ok(Str::intern_immortal(th, text).obj().own());
        }
        Ok(text.upcast())
    }

    fn unshared_str(&mut self, ascii: &[u8]) -> Outcome<Ref> {
        Ok(Str::unshared(self.th, ascii)?.upcast())
    }

    fn is_interned(&self, utf8: &[u8]) -> bool {
        std::str::from_utf8(utf8).is_ok_and(|text| Str::interned(self.th, text).is_some())
    }

    fn reserve(&mut self, kind: Container, length: usize) -> Outcome<Option<Ref>> {
        let th = self.th;
        Ok(match kind {
            Container::List => Some(List::new(th)?.upcast()),
            Container::Dict => Some(Dict::new(th)?.upcast()),
            Container::Set => Some(Set::new(th)?.upcast()),
            Container::Tuple if length <= RESERVED_TUPLE => {
                let none = || Some(types::none().own().into_raw());
                Some(Tuple::from_fn(th, length, |_| none())?.upcast())
            }
            Container::Tuple | Container::FrozenSet => None,
        })
    }

    fn container(
        &mut self,
        kind: Container,
        reserved: Option<Ref>,
        items: Vec<Ref>,
    ) -> Outcome<Ref> {
        let th = self.th;
        match kind {
            Container::Tuple => match reserved.map(Ref::downcast::<Tuple>) {
                Some(Ok(tuple)) => {
                    tuple.refill(items);
                    Ok(tuple.upcast())
                }
                _ => Ok(Tuple::from_refs(th, items)?.upcast()),
            },
            Container::FrozenSet => Ok(FrozenSet::from_refs(th, &items)?.upcast()),
            Container::List => {
                let list = match reserved.map(Ref::downcast::<List>) {
                    Some(Ok(list)) => list,
                    _ => List::new(th)?,
                };
                for item in items {
                    list.push(th, item)?;
                }
                Ok(list.upcast())
            }
            Container::Dict => {
                let dict = match reserved.map(Ref::downcast::<Dict>) {
                    Some(Ok(dict)) => dict,
                    _ => Dict::new(th)?,
                };
                for pair in items.chunks_exact(2) {
                    dict.set(th, pair[0].obj(), pair[1].obj())?;
                }
                Ok(dict.upcast())
            }
            Container::Set => {
                let set = match reserved.map(Ref::downcast::<Set>) {
                    Some(Ok(set)) => set,
                    _ => Set::new(th)?,
                };
                for item in &items {
                    set.add(th, item.obj())?;
                }
                Ok(set.upcast())
            }
        }
    }

    fn slice(&mut self, parts: [Ref; 3]) -> Outcome<Ref> {
        let [start, stop, step] = &parts;
        Ok(Slice::new(self.th, start.obj(), stop.obj(), step.obj())?.upcast())
    }

    fn code(&mut self, parts: CodeParts<Ref>) -> Outcome<Ref> {
        Ok(compile::code_from_parts(self.th, parts)?.upcast())
    }
}

/// Damaged data can claim any length; longer tuples cannot refer to themselves.
const RESERVED_TUPLE: usize = 1 << 16;

/// Shows objects to the writer.
struct Dumper<'a> {
    th: Thread<'a>,
    /// What the writer made on the way; it lives until the writer is done, so
    /// that identities stay different.
    made: RefCell<Vec<Ref>>,
}

fn members(mut next: impl FnMut(&mut usize) -> Option<Ref>) -> Vec<Ref> {
    let mut position = 0;
    std::iter::from_fn(|| next(&mut position)).collect()
}

fn all(items: &[Obj<'_>]) -> Vec<Ref> {
    items.iter().map(|item| item.own()).collect()
}

impl Source for Dumper<'_> {
    type Object = Ref;
    type Error = Failure;

    fn view(&self, object: &Ref) -> Outcome<View<'_, Ref>> {
        let (th, object) = (self.th, object.obj());
        if object.is_none() {
            return Ok(View::None);
        }
        if object.is(types::bool_(true)) {
            return Ok(View::True);
        }
        if object.is(types::bool_(false)) {
            return Ok(View::False);
        }
        if object.is(types::ellipsis()) {
            return Ok(View::Ellipsis);
        }
        if object.is(exceptions::types::StopIteration().obj()) {
            return Ok(View::StopIteration);
        }
        if Int::is_exact(object) {
            return Ok(match Int::to_i64(object) {
                Some(value) => View::Int(value),
                None => View::BigInt(Cow::Owned(Int::to_bigint(object))),
            });
        }
        if let Some(text) = object.downcast_exact::<Str>() {
            let utf8 = match text.as_ascii() {
                Some(ascii) => ascii.as_bytes().to_vec(),
                None => wtf8(text),
            };
            return Ok(View::Str { utf8: Cow::Owned(utf8), interned: text.is_interned() });
        }
        if let Some(value) = object.downcast_exact::<Float>() {
            return Ok(View::Float(value.value()));
        }
        if let Some(value) = object.downcast_exact::<types::complex::Complex>() {
            let value = value.value();
            return Ok(View::Complex(value.real, value.imag));
        }
        if let Some(bytes) = object.downcast_exact::<Bytes>() {
            return Ok(View::Bytes(Cow::Owned(bytes.as_bytes().to_vec())));
        }
        if let Some(tuple) = object.downcast_exact::<Tuple>() {
            return Ok(View::Tuple(all(tuple.items())));
        }
        if let Some(list) = object.downcast_exact::<List>() {
            // SAFETY: owning the items runs no code.
            return Ok(View::List(all(unsafe { list.items() })));
        }
        if let Some(dict) = object.downcast_exact::<Dict>() {
            return Ok(View::Dict(dict.items()));
        }
        if let Some(set) = object.downcast_exact::<Set>() {
            return Ok(View::Set(members(|position| set.next_entry(position))));
        }
        if let Some(set) = object.downcast_exact::<FrozenSet>() {
            return Ok(View::FrozenSet(members(|position| set.next_entry(position))));
        }
        if let Some(slice) = object.downcast_exact::<Slice>() {
            return Ok(View::Slice([slice.start(), slice.stop(), slice.step()].map(Obj::own)));
        }
        if let Some(code) = object.downcast_exact::<Code>() {
            let parts = code.to_parts(th)?;
            let mut made = self.made.borrow_mut();
            made.push(parts.code.clone());
            return Ok(View::Code(Box::new(parts)));
        }
        match BytesLike::try_get(th, object)? {
            Some(bytes) => Ok(View::Bytes(Cow::Owned(bytes.to_vec()))),
            None => Ok(View::Unknown),
        }
    }

    fn identity(&self, object: &Ref) -> usize {
        object.as_ptr() as usize
    }

    fn check_size(&self, object: &Ref, written: usize) -> Outcome<()> {
        if protocol::mapping::len(self.th, object.obj())? != written {
            let error = error!(self.th, RuntimeError, "set changed size during iteration");
            return Err(error.into());
        }
        Ok(())
    }

    fn sharing(&self, object: &Ref) -> Sharing {
        let object = object.obj();
        if small_int::in_range(object.as_ptr()) {
            // CPython makes these once, the others anew wherever they come up.
            return match Int::to_i64(object) {
                Some(-5..=256) => Sharing::Shared,
                _ => Sharing::Uncounted,
            };
        }
        let interned = object.downcast_exact::<Str>().is_some_and(Str::is_interned);
        // The container's reference, and the writer's own.
        match object.refcount() <= 2 && !interned {
            true => Sharing::Unique,
            false => Sharing::Shared,
        }
    }
}

/// UTF-8 where surrogates are encoded like other characters.
pub(crate) fn wtf8(text: &Str) -> Vec<u8> {
    let units = text.units();
    let mut bytes = Vec::with_capacity(units.len());
    for code in units.iter() {
        push_wtf8(&mut bytes, code);
    }
    bytes
}

/// Append one code point in generalised UTF-8.
pub(crate) fn push_wtf8(bytes: &mut Vec<u8>, code: u32) {
    let more = |shift: u32| 0x80 | (code >> shift & 0x3F) as u8;
    match code {
        0..0x80 => bytes.push(code as u8),
        0x80..0x800 => bytes.extend([0xC0 | (code >> 6) as u8, more(0)]),
        0x800..0x1_0000 => bytes.extend([0xE0 | (code >> 12) as u8, more(6), more(0)]),
        _ => bytes.extend([0xF0 | (code >> 18) as u8, more(12), more(6), more(0)]),
    }
}

/// The object marshalled in `bytes`; what follows it is ignored.
pub fn load_object(th: Thread<'_>, bytes: &[u8]) -> Result<Ref> {
    read(th, bytes, true)
}

/// `object`, marshalled in the current version.
pub fn dump_object(th: Thread<'_>, object: Obj<'_>) -> Result<Vec<u8>> {
    write(th, object, VERSION, true)
}

fn audit_dumps(th: Thread<'_>, value: Obj<'_>, version: i32) -> Result<()> {
    crate::sys::audit_with(th, "marshal.dumps", || {
        Ok(vec![value.own(), Int::from_i64(th, i64::from(version))?])
    })
}

fn read(th: Thread<'_>, mut bytes: &[u8], allow_code: bool) -> Result<Ref> {
    load(&mut Loader { th, immortal: true }, &mut bytes, allow_code)
        .map_err(|failure| failure.raise(th))
}

fn write(th: Thread<'_>, object: Obj<'_>, version: i32, allow_code: bool) -> Result<Vec<u8>> {
    let dumper = Dumper { th, made: RefCell::default() };
    dump(&dumper, object.own(), version, allow_code).map_err(|failure| failure.raise(th))
}

/// Reads from a file object.
struct FileInput<'a> {
    th: Thread<'a>,
    file: Obj<'a>,
    buffer: Vec<u8>,
}

impl Input<Failure> for FileInput<'_> {
    fn take(&mut self, length: usize) -> Outcome<Cow<'_, [u8]>> {
        let th = self.th;
        // A file that is shorter than it claims must not make us allocate.
        self.buffer.clear();
        while self.buffer.len() < length {
            let wanted = (length - self.buffer.len()).min(1 << 20);
            let size = Int::from_i64(th, wanted as i64)?;
            let memory = construct::builtin_type(th, "bytearray")?.call(th, &[size.obj()])?;
            let count = self.file.call_method(th, id!(th, "readinto"), &[memory.obj()])?;
            let count = Int::index_to_isize(th, count.obj())?;
            let Ok(count) = usize::try_from(count) else { break };
            if count > wanted {
                let error = error!(
                    th,
                    ValueError,
                    "read() returned too much data: {wanted} bytes requested, {count} returned"
                );
                return Err(error.into());
            }
            if count == 0 {
                break;
            }
            let bytes = BytesLike::get(th, memory.obj())?;
            self.buffer.extend_from_slice(bytes.get(..count).unwrap_or_default());
        }
        Ok(Cow::Borrowed(&self.buffer))
    }
}

/// This module contains functions that can read and write Python values in
/// a binary format. The format is specific to Python, but independent of
/// machine architecture issues.
#[pymodule]
pub mod marshal {
    use super::*;

    /// Write the value on the open file.
    #[sig = "(value, file, version=5, /, *, allow_code=True)"]
    fn dump(
        th: Thread<'_>,
        value: Obj<'_>,
        file: Obj<'_>,
        version: i32,
        allow_code: bool,
    ) -> Result {
        audit_dumps(th, value, version)?;
        let bytes = write(th, value, version, allow_code)?;
        let bytes = Bytes::new(th, &bytes)?;
        file.call_method(th, id!(th, "write"), &[bytes.obj()])
    }

    /// Return the bytes object that would be written to a file by dump(value, file).
    #[sig = "(value, version=5, /, *, allow_code=True)"]
    fn dumps(th: Thread<'_>, value: Obj<'_>, version: i32, allow_code: bool) -> Result<Ref<Bytes>> {
        audit_dumps(th, value, version)?;
        Bytes::new(th, &write(th, value, version, allow_code)?)
    }

    /// Read one value from the open file and return it.
    #[sig = "(file, /, *, allow_code=True)"]
    fn load(th: Thread<'_>, file: Obj<'_>, allow_code: bool) -> Result {
        crate::sys::audit(th, "marshal.load", &[])?;
        let zero = Int::from_i64(th, 0)?;
        let nothing = file.call_method(th, id!(th, "read"), &[zero.obj()])?;
        if nothing.obj().downcast::<Bytes>().is_none() {
            raise!(
                th,
                TypeError,
                "file.read() returned not bytes but {}",
                nothing.obj().type_name()
            );
        }
        let mut input = FileInput { th, file, buffer: Vec::new() };
        bytecode::marshal::load(&mut Loader { th, immortal: true }, &mut input, allow_code)
            .map_err(|failure| failure.raise(th))
    }

    /// Convert the bytes-like object to a value.
    #[sig = "(bytes, /, *, allow_code=True)"]
    fn loads(th: Thread<'_>, bytes: BytesLike<'_>, allow_code: bool) -> Result {
        crate::sys::audit_with(th, "marshal.loads", || Ok(vec![Bytes::new(th, &bytes)?.upcast()]))?;
        read(th, &bytes, allow_code)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.set(th, "version", Int::from_i64(th, i64::from(VERSION))?.obj())
    }
}
