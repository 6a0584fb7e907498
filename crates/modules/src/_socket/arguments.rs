//! Arguments in the form that `PyArg_ParseTuple` takes: counted by hand,
//! because its messages differ from those of other functions.

use std::ffi::CString;

use object::{
    AsObject, Bytes, Int, Obj, Protocol, Result, Str, Thread, Tuple, exceptions, raise, types,
};

/// Check the number of positional arguments.
pub(super) fn count(
    th: Thread<'_>,
    name: &str,
    args: &[Obj<'_>],
    least: usize,
    most: usize,
) -> Result<()> {
    let given = args.len();
    if (least..=most).contains(&given) {
        return Ok(());
    }
    let (bound, n) = match (least == most, given < least) {
        (true, _) => ("exactly", least),
        (_, true) => ("at least", least),
        (_, false) => ("at most", most),
    };
    let plural = if n == 1 { "" } else { "s" };
    raise!(th, TypeError, "{name}() takes {bound} {n} argument{plural} ({given} given)")
}

/// A C `int` argument, or a default.
pub(super) fn int_or(th: Thread<'_>, arg: Option<&Obj<'_>>, default: i32) -> Result<i32> {
    match arg {
        Some(arg) => {
            let value = Int::index_to_i64(th, *arg)?;
            crate::support::int_arg(th, Int::from_i64(th, value)?.obj())
        }
        None => Ok(default),
    }
}

/// A C `Py_ssize_t` argument, or a default.
pub(super) fn size_or(th: Thread<'_>, arg: Option<&Obj<'_>>, default: isize) -> Result<isize> {
    match arg {
        Some(arg) => Int::index_to_isize(th, *arg),
        None => Ok(default),
    }
}

/// A C `unsigned int` without a check for overflow.
pub(super) fn masked(th: Thread<'_>, arg: Obj<'_>) -> Result<u32> {
    Ok(Int::to_u64_wrapping(Int::index(th, arg)?.obj()) as u32)
}

/// An unsigned integer of `bits` bits.
pub(super) fn unsigned(th: Thread<'_>, arg: Obj<'_>, bits: u32, c_type: &str) -> Result<u32> {
    let index = Int::index(th, arg)?;
    if Int::sign(index.obj()) < 0 {
        raise!(th, ValueError, "Cannot convert negative int");
    }
    match Int::to_u64(index.obj()) {
        Some(value) if value >> bits == 0 => Ok(value as u32),
        _ => raise!(th, OverflowError, "Python int too large for C {c_type}"),
    }
}

/// A port number; `function` names the caller in the message.
pub(super) fn port(th: Thread<'_>, arg: Obj<'_>, what: &str) -> Result<u16> {
    let index = Int::index(th, arg)?;
    match Int::to_i64(index.obj()).and_then(|value| u16::try_from(value).ok()) {
        Some(port) => Ok(port),
        None => raise!(th, OverflowError, "{what} must be 0-65535."),
    }
}

/// Text for C.
pub(super) fn c_text(
    th: Thread<'_>,
    function: &str,
    index: usize,
    arg: Obj<'_>,
) -> Result<CString> {
    let Some(text) = arg.downcast::<Str>() else {
        let got = if arg.is_none() { "None" } else { arg.type_name() };
        raise!(th, TypeError, "{function}() argument {index} must be str, not {got}");
    };
    match CString::new(text.to_utf8(th)?) {
        Ok(text) => Ok(text),
        Err(_) => raise!(th, ValueError, "embedded null character"),
    }
}

/// The bytes of a host name: text is encoded with IDNA.
fn host_bytes(th: Thread<'_>, host: Obj<'_>) -> Result<Option<Vec<u8>>> {
    if let Some(bytes) = host.downcast::<Bytes>() {
        return Ok(Some(bytes.as_bytes().to_vec()));
    }
    if let Some(bytes) = host.downcast::<types::ByteArray>() {
        return Ok(Some(bytes.as_bytes().to_vec()));
    }
    let Some(text) = host.downcast::<Str>() else { return Ok(None) };
    if let Some(ascii) = text.as_ascii() {
        return Ok(Some(ascii.as_bytes().to_vec()));
    }
    encode_idna(th, text).map(Some)
}

/// `text.encode("idna")`.
pub(super) fn encode_idna(th: Thread<'_>, text: &Str) -> Result<Vec<u8>> {
    let encoded = (th.hooks().encode)(th, text.obj(), "idna", "strict")?;
    match encoded.obj().downcast::<Bytes>() {
        Some(bytes) => Ok(bytes.as_bytes().to_vec()),
        None => raise!(th, TypeError, "encoder did not return a bytes object"),
    }
}

/// The host of an address.
pub(super) fn host(th: Thread<'_>, host: Obj<'_>) -> Result<CString> {
    let bytes = match host_bytes(th, host) {
        Ok(bytes) => bytes,
        Err(raised) => {
            th.clear_exception(raised);
            raise!(th, TypeError, "encoding of hostname failed");
        }
    };
    let Some(bytes) = bytes else {
        raise!(th, TypeError, "str, bytes or bytearray expected, not {}", host.type_name());
    };
    match CString::new(bytes) {
        Ok(name) => Ok(name),
        Err(_) => raise!(th, TypeError, "host name must not contain null character"),
    }
}

/// The host that a function looks up.
pub(super) fn looked_up(th: Thread<'_>, function: &str, host: Obj<'_>) -> Result<CString> {
    let got = if host.is_none() { "None" } else { host.type_name() };
    let Some(bytes) = host_bytes(th, host)? else {
        raise!(th, TypeError, "{function}() argument 1 must be str, bytes or bytearray, not {got}");
    };
    match CString::new(bytes) {
        Ok(name) => Ok(name),
        Err(_) => raise!(
            th,
            TypeError,
            "{function}() argument 1 must be encoded string without null bytes, not {got}"
        ),
    }
}

/// The items of an iterable, with `function`'s own message for what is none.
pub(super) fn iterable(th: Thread<'_>, object: Obj<'_>, message: &str) -> Result<Vec<object::Ref>> {
    let iterator = match object.iter(th) {
        Ok(iterator) => iterator,
        Err(raised) => {
            th.catch(raised, exceptions::types::TypeError())?;
            raise!(th, TypeError, "{message}");
        }
    };
    object::protocol::iter::collect(th, iterator.obj())
}

/// The items of an address that is a tuple.
pub(super) fn tuple<'a>(
    th: Thread<'_>,
    function: &str,
    family: &str,
    address: Obj<'a>,
) -> Result<&'a [Obj<'a>]> {
    match address.downcast::<Tuple>() {
        Some(tuple) => Ok(tuple.items()),
        None => raise!(
            th,
            TypeError,
            "{function}(): {family} address must be tuple, not {}",
            address.type_name()
        ),
    }
}

/// The name of a file system object or interface.
pub(super) fn fs_name(th: Thread<'_>, object: Obj<'_>) -> Result<CString> {
    let path = crate::support::path::fspath(th, object)?;
    let (bytes, _) = crate::support::path::path_bytes(th, path.obj())?;
    match CString::new(bytes) {
        Ok(name) => Ok(name),
        Err(_) => raise!(th, ValueError, "embedded null byte"),
    }
}
