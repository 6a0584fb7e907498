//! The compiler's code objects and constants as Python objects.
//!
//! As in CPython, equal constants of one compilation are one object, and
//! strings that look like names are interned.

use std::collections::HashMap;

use bytecode::{CodeObject, ConstStr, Constant, marshal::CodeParts};
use object::{
    AsObject, Bytes, Code, Float, Int, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    id, protocol, raise, types,
};

use crate::construct;

/// The runtime form of `code`, with `filename` for its file.
pub fn code_object(th: Thread<'_>, code: &CodeObject, filename: &Str) -> Result<Ref<Code>> {
    Converter { th, filename, known: HashMap::new() }.code(code)
}

/// The object that `value` stands for.
pub(crate) fn constant(th: Thread<'_>, value: &Constant) -> Result {
    let filename = Str::empty(th);
    Converter { th, filename: &filename, known: HashMap::new() }.constant(value)
}

/// A code object of parts from anywhere, checked.
pub(crate) fn code_from_parts(th: Thread<'_>, parts: CodeParts<Ref>) -> Result<Ref<Code>> {
    let counts = [parts.argcount, parts.posonlyargcount, parts.kwonlyargcount, parts.stacksize];
    let bad = |what: &str| -> Result<()> { raise!(th, ValueError, "code: {what}") };
    if counts.iter().any(|count| *count < 0) {
        bad("argcount, posonlyargcount, kwonlyargcount and stacksize must be >= 0")?;
    }
    let localsplusnames = part::<Tuple>(th, &parts.localsplusnames)?;
    let localspluskinds = part::<Bytes>(th, &parts.localspluskinds)?;
    if localsplusnames.len() != localspluskinds.len() {
        bad("names and kinds of local variables differ in number")?;
    }
    let names = part::<Tuple>(th, &parts.names)?;
    for name in names.items().iter().chain(localsplusnames.items()) {
        if name.downcast::<Str>().is_none() {
            raise!(
                th,
                TypeError,
                "name tuples must contain only strings, not '{}'",
                name.type_name()
            );
        }
    }
    if part::<Bytes>(th, &parts.code)?.len() % 2 != 0 {
        bad("co_code is malformed")?;
    }
    Code::from_parts(th, parts)
}

fn part<'a, T: PyStruct>(th: Thread<'_>, object: &'a Ref) -> Result<&'a T> {
    match object.obj().downcast::<T>() {
        Some(part) => Ok(part),
        None => raise!(
            th,
            TypeError,
            "code: expected {}, got {}",
            T::type_object().name(),
            object.obj().type_name()
        ),
    }
}

struct Converter<'a> {
    th: Thread<'a>,
    filename: &'a Str,
    known: HashMap<&'a Constant, Ref>,
}

impl<'a> Converter<'a> {
    fn names(&self, names: &[bytecode::Name]) -> Result {
        let names: Result<Vec<Ref>> =
            names.iter().map(|name| Ok(Str::intern(self.th, name)?.upcast())).collect();
        Ok(Tuple::from_refs(self.th, names?)?.upcast())
    }

    fn code(&mut self, code: &'a CodeObject) -> Result<Ref<Code>> {
        let th = self.th;
        let consts: Result<Vec<Ref>> =
            code.consts.iter().map(|value| self.constant(value)).collect();
        let bytes = |bytes: &[u8]| Bytes::new(th, bytes).map(Ref::upcast);
        let parts = CodeParts {
            argcount: code.argcount as i32,
            posonlyargcount: code.posonlyargcount as i32,
            kwonlyargcount: code.kwonlyargcount as i32,
            stacksize: code.stacksize as i32,
            flags: code.flags as i32,
            code: bytes(&code.code)?,
            consts: Tuple::from_refs(th, consts?)?.upcast(),
            names: self.names(&code.names)?,
            localsplusnames: self.names(&code.localsplusnames)?,
            localspluskinds: bytes(&code.localspluskinds)?,
            filename: self.filename.obj().own(),
            name: Str::intern(th, &code.name)?.upcast(),
            qualname: Str::intern(th, &code.qualname)?.upcast(),
            firstlineno: code.firstlineno,
            linetable: bytes(&code.linetable)?,
            exceptiontable: bytes(&code.exceptiontable)?,
        };
        code_from_parts(th, parts)
    }

    fn constant(&mut self, value: &'a Constant) -> Result {
        let th = self.th;
        match value {
            Constant::None => return Ok(types::none().own()),
            Constant::Ellipsis => return Ok(types::ellipsis().own()),
            Constant::Bool(value) => return Ok(types::bool_(*value).own()),
            Constant::Str(text) if text.is_name_like() => {
                return Ok(Str::intern(th, text.as_str().unwrap_or_default())?.upcast());
            }
            _ => {}
        }
        if let Some(known) = self.known.get(value) {
            return Ok(known.clone());
        }
        let object = match value {
            Constant::Int(value) => Int::from_bigint(th, value)?,
            Constant::Float(value) => Float::from_f64(th, *value)?,
            Constant::Complex(real, imag) => {
                let value = num::complex::complex(*real, *imag);
                types::complex::Complex::new(th, value)?.upcast()
            }
            Constant::Str(text) => match text.as_str() {
                Some(text) => Str::new(th, text)?.upcast(),
                None => {
                    let codes: Vec<u32> = text.code_points().collect();
                    Str::from_code_points(th, &codes)?.upcast()
                }
            },
            Constant::Bytes(bytes) => Bytes::new(th, bytes)?.upcast(),
            Constant::Tuple(items) => {
                let items: Result<Vec<Ref>> =
                    items.iter().map(|item| self.constant(item)).collect();
                Tuple::from_refs(th, items?)?.upcast()
            }
            Constant::FrozenSet(items) => {
                let items: Result<Vec<Ref>> =
                    items.iter().map(|item| self.constant(item)).collect();
                construct::set(th, items?, true)?
            }
            Constant::Slice(parts) => {
                let parts = [
                    self.constant(&parts[0])?,
                    self.constant(&parts[1])?,
                    self.constant(&parts[2])?,
                ];
                construct::slice(th, &parts)?
            }
            Constant::Code(code) => return Ok(self.code(code)?.upcast()),
            Constant::None | Constant::Ellipsis | Constant::Bool(_) => types::none().own(),
        };
        self.known.insert(value, object.clone());
        Ok(object)
    }
}

/// The constant that `object` is; `None` if it cannot be one.
pub(crate) fn from_constant(th: Thread<'_>, object: Obj<'_>) -> Result<Option<Constant>> {
    th.check_stack(" during compilation")?;
    if object.is_none() {
        return Ok(Some(Constant::None));
    }
    if object.is(types::ellipsis()) {
        return Ok(Some(Constant::Ellipsis));
    }
    for value in [true, false] {
        if object.is(types::bool_(value)) {
            return Ok(Some(Constant::Bool(value)));
        }
    }
    if Int::is_exact(object) {
        return Ok(Some(Constant::Int(Int::to_bigint(object))));
    }
    if let Some(value) = object.downcast_exact::<Float>() {
        return Ok(Some(Constant::Float(value.value())));
    }
    if let Some(value) = object.downcast_exact::<types::complex::Complex>() {
        let value = value.value();
        return Ok(Some(Constant::Complex(value.real, value.imag)));
    }
    if let Some(text) = object.downcast_exact::<Str>() {
        return Ok(Some(Constant::Str(ConstStr::from_code_points(text.units().iter()))));
    }
    if let Some(bytes) = object.downcast_exact::<Bytes>() {
        return Ok(Some(Constant::Bytes(bytes.as_bytes().into())));
    }
    let all = |items: Vec<Ref>| -> Result<Option<Box<[Constant]>>> {
        let mut constants = Vec::with_capacity(items.len());
        for item in &items {
            match from_constant(th, item.obj())? {
                Some(constant) => constants.push(constant),
                None => return Ok(None),
            }
        }
        Ok(Some(constants.into()))
    };
    if let Some(tuple) = object.downcast_exact::<Tuple>() {
        let items = tuple.items().iter().map(|item| item.own()).collect();
        return Ok(all(items)?.map(Constant::Tuple));
    }
    if construct::is_exactly(object, "frozenset") {
        let items = protocol::iter::collect(th, object)?;
        return Ok(all(items)?.map(Constant::FrozenSet));
    }
    if construct::is_exactly(object, "slice") {
        let parts = vec![
            object.getattr(th, id!(th, "start"))?,
            object.getattr(th, id!(th, "stop"))?,
            object.getattr(th, id!(th, "step"))?,
        ];
        let parts = all(parts)?.and_then(|parts| Box::<[Constant; 3]>::try_from(parts).ok());
        return Ok(parts.map(Constant::Slice));
    }
    Ok(None)
}
