//! `_struct`: values to bytes and back, by a format.
//!
//! A format is parsed once into fields with offsets; formats given to the
//! module's functions are kept in a small cache of `Struct`s.

mod format;
mod object_;

use std::cell::RefCell;

use macros::pymodule;
use object::{
    Args, AsObject, Bytes, Dict, Link, Module, Obj, PyStruct, Ref, Result, Str, Thread, Tuple,
    Type, raise,
};

pub use object_::{Struct, UnpackIterator};

/// How many formats are remembered.
const CACHE_SIZE: usize = 100;

#[derive(Default)]
struct State {
    /// By format; made on first use.
    cache: Link<Dict>,
    error: RefCell<Option<Ref>>,
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

/// `struct.error`.
fn error_type(th: Thread<'_>) -> Result<Ref<Type>> {
    if let Some(error) = &*state(th).error.borrow()
        && let Ok(error) = error.clone().downcast::<Type>()
    {
        return Ok(error);
    }
    let base = object::exceptions::types::Exception();
    let name = Str::new(th, "error")?;
    let bases = Tuple::from_objs(th, &[base.obj()])?;
    let namespace = object::Dict::new(th)?;
    namespace.set(th, object::id!(th, "__module__").obj(), object::id!(th, "struct").obj())?;
    use object::Protocol;
    let class = Type::type_object().call(th, &[name.obj(), bases.obj(), namespace.obj()])?;
    *state(th).error.borrow_mut() = Some(class.clone());
    match class.downcast::<Type>() {
        Ok(class) => Ok(class),
        Err(_) => raise!(th, SystemError, "struct.error is not a class"),
    }
}

/// Raise `struct.error`.
#[cold]
fn fail(th: Thread<'_>, message: &str) -> object::Raised {
    match error_type(th) {
        Ok(class) => th.raise(&class, format_args!("{message}")),
        Err(raised) => raised,
    }
}

/// The bytes of a format given as `str` or `bytes`.
fn format_bytes(th: Thread<'_>, format: Obj<'_>) -> Result<Vec<u8>> {
    if let Some(bytes) = format.downcast::<Bytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let Some(text) = format.downcast::<Str>() else {
        raise!(
            th,
            TypeError,
            "Struct() argument 1 must be a str or bytes object, not {}",
            format.type_name()
        );
    };
    object::types::str::codec::Native::Ascii
        .encode(th, text, None)
        .map(|bytes| bytes.as_bytes().to_vec())
}

/// The `Struct` of a format, from the cache if possible.
fn cached(th: Thread<'_>, format: Obj<'_>) -> Result<Ref<Struct>> {
    if let Some(made) = format.downcast::<Struct>() {
        return Ok(object::own(made));
    }
    // PERF: a dict, as strings know their hash.
    let cache = match state(th).cache.get() {
        Some(cache) => cache,
        None => Dict::new(th)?,
    };
    // Bytes and strings must not meet: comparing them may be an error.
    let bytes = format.downcast::<Bytes>().and_then(|bytes| str::from_utf8(bytes.as_bytes()).ok());
    let key = match (format.downcast_exact::<Str>(), bytes) {
        (Some(text), _) => object::own(text),
        (None, Some(text)) => Str::new(th, text)?,
        (None, None) => return Struct::new(th, &format_bytes(th, format)?),
    };
    if let Some(found) = cache.get(th, key.obj())?
        && let Ok(found) = found.downcast::<Struct>()
    {
        return Ok(found);
    }
    let made = Struct::new(th, &format_bytes(th, format)?)?;
    if cache.len() >= CACHE_SIZE {
        cache.clear(th);
    }
    cache.set(th, key.obj(), made.obj())?;
    state(th).cache.set(Some(cache));
    Ok(made)
}

/// Functions to convert between Python values and C structs.
/// Python bytes objects are used to hold the data representing the C struct
/// and also as format strings (explained below) to describe the layout of data
/// in the C struct.
///
/// The optional first format char indicates byte order, size and alignment:
///   @: native order, size & alignment (default)
///   =: native order, std. size & alignment
///   <: little-endian, std. size & alignment
///   >: big-endian, std. size & alignment
///   !: same as >
///
/// The remaining chars indicate types of args and must match exactly;
/// these can be preceded by a decimal repeat count:
///   x: pad byte (no data); c:char; b:signed byte; B:unsigned byte;
///   ?: _Bool (requires C99; if not available, char is used instead)
///   h:short; H:unsigned short; i:int; I:unsigned int;
///   l:long; L:unsigned long; f:float; d:double; e:half-float.
/// Special cases (preceding decimal count indicates length):
///   s:string (array of char); p: pascal string (with count byte).
/// Special cases (only available in native format):
///   n:ssize_t; N:size_t;
///   P:an integer type that is wide enough to hold a pointer.
/// Special case (not in native mode unless 'long long' in platform C):
///   q:long long; Q:unsigned long long
/// Whitespace between formats is ignored.
///
/// The variable struct.error is an exception raised on errors.
#[pymodule]
pub mod _struct {
    use super::*;

    /// Clear the internal cache.
    #[sig = "()"]
    fn _clearcache(th: Thread<'_>) -> Result<()> {
        state(th).cache.set(None);
        Ok(())
    }

    /// Return size in bytes of the struct described by the format string.
    #[sig = "(format, /)"]
    fn calcsize(th: Thread<'_>, format: Obj<'_>) -> Result<isize> {
        Ok(cached(th, format)?.size())
    }

    /// pack(format, v1, v2, ...) -> bytes
    ///
    /// Return a bytes object containing the values v1, v2, ... packed according
    /// to the format string.  See help(struct) for more on format strings.
    #[no_signature]
    #[sig = "(format, /, *values)"]
    fn pack(th: Thread<'_>, format: Obj<'_>, values: Args<'_>) -> Result<Ref<Bytes>> {
        cached(th, format)?.pack_values(th, values)
    }

    /// pack_into(format, buffer, offset, v1, v2, ...)
    ///
    /// Pack the values v1, v2, ... according to the format string and write
    /// the packed bytes into the writable buffer buf starting at offset.  Note
    /// that the offset is a required argument.  See help(struct) for more
    /// on format strings.
    #[sig = "(format, /, *values)"]
    fn pack_into(th: Thread<'_>, format: Obj<'_>, values: Args<'_>) -> Result<()> {
        cached(th, format)?.pack_values_into(th, values)
    }

    /// Return a tuple containing values unpacked according to the format string.
    ///
    /// The buffer's size in bytes must be calcsize(format).
    ///
    /// See help(struct) for more on format strings.
    #[sig = "(format, buffer, /)"]
    fn unpack(th: Thread<'_>, format: Obj<'_>, buffer: Obj<'_>) -> Result<Ref<Tuple>> {
        cached(th, format)?.unpack_all(th, buffer)
    }

    /// Return a tuple containing values unpacked according to the format string.
    ///
    /// The buffer's size, minus offset, must be at least calcsize(format).
    ///
    /// See help(struct) for more on format strings.
    #[sig = "(format, /, buffer, offset=0)"]
    fn unpack_from(
        th: Thread<'_>,
        format: Obj<'_>,
        buffer: Obj<'_>,
        offset: isize,
    ) -> Result<Ref<Tuple>> {
        cached(th, format)?.unpack_at(th, buffer, offset)
    }

    /// Return an iterator yielding tuples unpacked from the given bytes.
    ///
    /// The bytes are unpacked according to the format string, like
    /// a repeated invocation of unpack_from().
    ///
    /// Requires that the bytes length be a multiple of the struct size.
    #[sig = "(format, buffer, /)"]
    fn iter_unpack(th: Thread<'_>, format: Obj<'_>, buffer: Obj<'_>) -> Result {
        UnpackIterator::new(th, &*cached(th, format)?, buffer)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Struct>(th)?;
        object::types::type_::ready(th, <UnpackIterator as object::declare::Declared>::DECL)?;
        module.set(th, "error", error_type(th)?.obj())
    }
}
