//! Values: from Python to SQLite and back, adapters and converters.

use std::ffi::{c_char, c_int};

use libsqlite3_sys as ffi;
use object::{
    AsObject, Bytes, Dict, Float, Int, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    error as fail, id,
    protocol::{
        buffer::{Buffer, has_buffer},
        iter,
    },
    raise,
    types::{self, ByteArray, List},
};

use super::{
    error::{self, Kind},
    state,
    statement::Statement,
};

/// Copy the bytes at once.
fn transient() -> ffi::sqlite3_destructor_type {
    ffi::SQLITE_TRANSIENT()
}

/// A value in terms of SQLite.
enum Value<'a> {
    Null,
    Int(i64),
    Float(f64),
    Text(&'a str),
    Blob(Buffer),
}

/// The value of an int.
pub(super) fn int64(th: Thread<'_>, object: Obj<'_>) -> Result<i64> {
    match Int::to_i64(object) {
        Some(value) => Ok(value),
        None => raise!(th, OverflowError, "Python int too large to convert to SQLite INTEGER"),
    }
}

impl<'a> Value<'a> {
    /// `None` for an object of another type.
    fn of(th: Thread<'_>, object: Obj<'a>) -> Result<Option<Value<'a>>> {
        if object.is_none() {
            return Ok(Some(Value::Null));
        }
        if Int::is_int(object) {
            return int64(th, object).map(|value| Some(Value::Int(value)));
        }
        if let Some(float) = object.downcast::<Float>() {
            return Ok(Some(Value::Float(float.value())));
        }
        if let Some(text) = object.downcast::<Str>() {
            let text = text.to_utf8(th)?;
            if c_int::try_from(text.len()).is_err() {
                raise!(th, OverflowError, "string longer than INT_MAX bytes");
            }
            return Ok(Some(Value::Text(text)));
        }
        if !has_buffer(object) {
            return Ok(None);
        }
        let buffer = Buffer::get(th, object, abi::PyBUF_SIMPLE)?;
        if c_int::try_from(buffer.len()).is_err() {
            raise!(th, OverflowError, "BLOB longer than INT_MAX bytes");
        }
        Ok(Some(Value::Blob(buffer)))
    }
}

/// Where the bytes are; never null, which would mean NULL.
fn pointer(bytes: &[u8]) -> *const u8 {
    if bytes.is_empty() { c"".as_ptr().cast() } else { bytes.as_ptr() }
}

/// Make `object` the result of a function.
pub(super) fn set_result(
    th: Thread<'_>,
    context: *mut ffi::sqlite3_context,
    object: Obj<'_>,
) -> Result<()> {
    let Some(value) = Value::of(th, object)? else {
        return Err(error::raise(
            th,
            Kind::ProgrammingError,
            format_args!(
                "User-defined functions cannot return '{}' values to SQLite",
                object.type_name()
            ),
        ));
    };
    // SAFETY: the context of the function that is called; the bytes are copied.
    unsafe {
        match value {
            Value::Null => ffi::sqlite3_result_null(context),
            Value::Int(value) => ffi::sqlite3_result_int64(context, value),
            Value::Float(value) => ffi::sqlite3_result_double(context, value),
            Value::Text(text) => {
                let start = pointer(text.as_bytes()).cast::<c_char>();
                ffi::sqlite3_result_text(context, start, text.len() as c_int, transient());
            }
            Value::Blob(buffer) => {
                let start = pointer(buffer.as_bytes()).cast();
                ffi::sqlite3_result_blob(context, start, buffer.len() as c_int, transient());
            }
        }
    }
    Ok(())
}

/// Bind parameter number `index`, from one.
fn bind(th: Thread<'_>, statement: &Statement, index: c_int, object: Obj<'_>) -> Result<()> {
    let Some(value) = Value::of(th, object)? else {
        return Err(error::raise(
            th,
            Kind::ProgrammingError,
            format_args!(
                "Error binding parameter {index}: type '{}' is not supported",
                object.type_name()
            ),
        ));
    };
    let stmt = statement.stmt();
    // SAFETY: a prepared statement; the bytes are copied.
    let status = unsafe {
        match value {
            Value::Null => ffi::sqlite3_bind_null(stmt, index),
            Value::Int(value) => ffi::sqlite3_bind_int64(stmt, index, value),
            Value::Float(value) => ffi::sqlite3_bind_double(stmt, index, value),
            Value::Text(text) => {
                let start = pointer(text.as_bytes()).cast::<c_char>();
                ffi::sqlite3_bind_text(stmt, index, start, text.len() as c_int, transient())
            }
            Value::Blob(buffer) => {
                let start = pointer(buffer.as_bytes()).cast();
                ffi::sqlite3_bind_blob(stmt, index, start, buffer.len() as c_int, transient())
            }
        }
    };
    if status != ffi::SQLITE_OK {
        // SAFETY: a prepared statement.
        return Err(error::from_db(th, unsafe { ffi::sqlite3_db_handle(stmt) }));
    }
    Ok(())
}

/// The name of parameter `index`, with its first character.
fn parameter_name(statement: &Statement, index: c_int) -> Option<String> {
    // SAFETY: null or a prepared statement.
    let name = unsafe { ffi::sqlite3_bind_parameter_name(statement.stmt(), index) };
    if name.is_null() {
        return None;
    }
    // SAFETY: a C string that lives as long as the statement.
    Some(unsafe { std::ffi::CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

/// Bind all parameters of a statement.
pub(super) fn bind_all(th: Thread<'_>, statement: &Statement, parameters: Obj<'_>) -> Result<()> {
    // SAFETY: null or a prepared statement.
    let needed = unsafe { ffi::sqlite3_bind_parameter_count(statement.stmt()) };
    if parameters.downcast::<Dict>().is_none() && is_sequence(parameters) {
        return bind_sequence(th, statement, parameters, needed);
    }
    if parameters.downcast::<Dict>().is_none() {
        return Err(error::misuse(th, "parameters are of unsupported type"));
    }
    for index in 1..=needed {
        let Some(name) = parameter_name(statement, index) else {
            return Err(error::raise(
                th,
                Kind::ProgrammingError,
                format_args!(
                    "Binding {index} has no name, but you supplied a dictionary (which has only names)."
                ),
            ));
        };
        let name = name.get(1..).unwrap_or_default();
        let key = Str::new(th, name)?;
        let value = match parameters.get_item(th, key.obj()) {
            Ok(value) => value,
            Err(raised) => {
                th.catch(raised, object::exceptions::types::LookupError())?;
                return Err(error::raise(
                    th,
                    Kind::ProgrammingError,
                    format_args!("You did not supply a value for binding parameter :{name}."),
                ));
            }
        };
        bind(th, statement, index, adapted(th, value)?.obj())?;
    }
    Ok(())
}

fn is_sequence(object: Obj<'_>) -> bool {
    object.ty().sequence().is_some_and(|sequence| sequence.sq_item.is_some())
}

fn bind_sequence(
    th: Thread<'_>,
    statement: &Statement,
    parameters: Obj<'_>,
    needed: c_int,
) -> Result<()> {
    let count = parameters.length(th)?;
    if count != needed as usize {
        return Err(error::raise(
            th,
            Kind::ProgrammingError,
            format_args!(
                "Incorrect number of bindings supplied. The current statement uses {needed}, and there are {count} supplied."
            ),
        ));
    }
    for index in 1..=needed {
        if let Some(name) = parameter_name(statement, index).filter(|name| !name.starts_with('?')) {
            return Err(error::raise(
                th,
                Kind::ProgrammingError,
                format_args!(
                    "Binding {index} ('{name}') is a named parameter, but you supplied a sequence which requires nameless (qmark) placeholders."
                ),
            ));
        }
        let value = parameters.get_item(th, Int::from_i64(th, i64::from(index) - 1)?.obj())?;
        bind(th, statement, index, adapted(th, value)?.obj())?;
    }
    Ok(())
}

/// A parameter, adapted if its type asks for it.
fn adapted(th: Thread<'_>, value: Ref) -> Result<Ref> {
    let object = value.obj();
    let is_base = Int::is_exact(object)
        || object.is_exact::<Float>()
        || object.is_exact::<Str>()
        || object.is_exact::<ByteArray>();
    if is_base && !state(th).base_adapted.get() {
        return Ok(value);
    }
    let protocol = super::prepare_protocol(th);
    adapt(th, object, protocol, Some(object))
}

/// `adapt(object, protocol, alternative)`.
pub(super) fn adapt(
    th: Thread<'_>,
    object: Obj<'_>,
    protocol: Obj<'_>,
    alternative: Option<Obj<'_>>,
) -> Result<Ref> {
    let key = Tuple::from_objs(th, &[object.ty().obj(), protocol])?;
    let adapters = state(th).adapters(th)?;
    if let Some(adapter) = adapters.get(th, key.obj())? {
        return adapter.call(th, &[object]);
    }
    let by_protocol = protocol.getattr_opt(th, id!(th, "__adapt__"))?;
    let by_object = || object.getattr_opt(th, id!(th, "__conform__"));
    if let Some(adapter) = by_protocol
        && let Some(value) = attempt(th, &adapter, object)?
    {
        return Ok(value);
    }
    if let Some(adapter) = by_object()?
        && let Some(value) = attempt(th, &adapter, protocol)?
    {
        return Ok(value);
    }
    match alternative {
        Some(alternative) => Ok(alternative.own()),
        None => Err(error::misuse(th, "can't adapt")),
    }
}

/// Call an adapter, whose `TypeError` or `None` means that it does not know.
fn attempt(th: Thread<'_>, adapter: &Ref, argument: Obj<'_>) -> Result<Option<Ref>> {
    match adapter.call(th, &[argument]) {
        Ok(value) if value.obj().is_none() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(raised) => {
            th.catch(raised, object::exceptions::types::TypeError())?;
            Ok(None)
        }
    }
}

/// `size` bytes that SQLite lends for now.
///
/// # Safety
///
/// They are there, or `start` is null.
pub(super) unsafe fn lent<'a>(start: *const u8, size: c_int) -> &'a [u8] {
    match usize::try_from(size) {
        Ok(size) if !start.is_null() => {
            // SAFETY: the caller's promise.
            unsafe { std::slice::from_raw_parts(start, size) }
        }
        _ => &[],
    }
}

/// Text of SQLite, which should be UTF-8.
pub(super) fn text(th: Thread<'_>, bytes: &[u8]) -> Result<Ref<Str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Str::new(th, text),
        Err(_) => {
            let object = Bytes::new(th, bytes)?;
            let decoded = (th.hooks().decode)(th, object.obj(), "utf-8", "strict")?;
            match decoded.downcast::<Str>() {
                Ok(text) => Ok(text),
                Err(_) => Err(fail!(th, TypeError, "decoder did not return a string")),
            }
        }
    }
}

/// The arguments of a function.
///
/// # Safety
///
/// `values` are `count` values of the call that is going on.
pub(super) unsafe fn arguments(
    th: Thread<'_>,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) -> Result<Vec<Ref>> {
    let mut arguments = Vec::new();
    for index in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: the caller's promise.
        let value = unsafe { *values.add(index) };
        // SAFETY: a value of the call.
        let argument = unsafe {
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Int::from_i64(th, ffi::sqlite3_value_int64(value))?,
                ffi::SQLITE_FLOAT => Float::from_f64(th, ffi::sqlite3_value_double(value))?,
                ffi::SQLITE_TEXT => {
                    let start = ffi::sqlite3_value_text(value);
                    text(th, lent(start, ffi::sqlite3_value_bytes(value)))?.upcast()
                }
                ffi::SQLITE_BLOB => {
                    let start = ffi::sqlite3_value_blob(value).cast();
                    Bytes::new(th, lent(start, ffi::sqlite3_value_bytes(value)))?.upcast()
                }
                _ => types::none().own(),
            }
        };
        arguments.push(argument);
    }
    Ok(arguments)
}

/// The rows of parameters of `executemany`.
pub(super) fn parameter_rows(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    if iter::is_iterator(object) { Ok(object.own()) } else { object.iter(th) }
}

/// One row of parameters as an iterator.
pub(super) fn single_row(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref> {
    let row = match object {
        Some(object) => object.own(),
        None => types::empty_tuple().upcast(),
    };
    List::from_refs(th, vec![row])?.iter(th)
}
