//! The compiler's code objects and constants as Python objects, and back.

use bytecode::{
    CodeObject, ConstStr, Constant,
    marshal::{self, CodeParts},
};
use object::{
    AsObject, Bytes, Code, Float, Int, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    id, protocol, raise, types,
};

use crate::{construct, marshal::Loader};

/// The runtime form of `code`, with `filename` for its file.
pub fn code_object(th: Thread<'_>, code: &CodeObject, filename: &Str) -> Result<Ref<Code>> {
    let filename = Str::intern_ref(th, object::own(filename)).upcast();
    let object = marshal::build_code(&mut Loader { th, immortal: false }, code, filename);
    match object.map_err(|failure| failure.raise(th))?.downcast::<Code>() {
        Ok(code) => Ok(code),
        Err(other) => raise!(th, SystemError, "compiled to {}", other.obj().type_name()),
    }
}

/// The object that `value` stands for.
pub(crate) fn constant(th: Thread<'_>, value: &Constant) -> Result {
    marshal::build_constant(&mut Loader { th, immortal: false }, value)
        .map_err(|failure| failure.raise(th))
}

/// A code object of parts from anywhere, checked.
pub(crate) fn code_from_parts(th: Thread<'_>, mut parts: CodeParts<Ref>) -> Result<Ref<Code>> {
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
    if th.interp().flags.borrow().no_debug_ranges {
        let table = part::<Bytes>(th, &parts.linetable)?.as_bytes();
        let table = bytecode::linetable::without_columns(table, parts.firstlineno);
        parts.linetable = Bytes::new(th, &table)?.upcast();
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
