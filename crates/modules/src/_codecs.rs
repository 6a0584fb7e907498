//! `_codecs`: the codec registry and the codecs that are not Python.

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, IntoObject, Module, Obj, Protocol, Raised, Ref, Result, Str,
    Thread, Tuple, alloc_object,
    args::Given,
    declare,
    exceptions::{
        UnicodeDecodeError, UnicodeEncodeError, UnicodeFields, UnicodeTranslateError,
        types::LookupError,
    },
    protocol::buffer::BytesLike,
    raise,
    types::{
        builtin_function,
        str::{
            codec::{Errors, Native},
            registry,
        },
    },
};
use text::{
    TextBuf,
    codecs::{
        Decoded, Handler, Replacement, charmap,
        charmap::{Decodes, Encodes, EncodingMap},
        escape, raw_unicode_escape, single_byte, unicode_escape, utf7, utf8, utf16,
        utf16::ByteOrder,
        utf32,
    },
};

/// A mapping from characters to bytes, made by `charmap_build`.
#[pytype(name = "EncodingMap", flags = DISALLOW_INSTANTIATION)]
pub struct EncodingMapObject {
    head: Head,
    #[traverse(skip)]
    map: EncodingMap,
}

#[pymethods]
impl EncodingMapObject {
    /// Return the size (in bytes) of this object.
    #[sig = "($self, /)"]
    fn size(&self, _: Thread<'_>) -> usize {
        size_of::<EncodingMapObject>() + self.map.size()
    }
}

/// The text or bytes to decode: bytes, a buffer, or the UTF-8 of a string.
fn data_of<'a>(th: Thread<'_>, data: Obj<'a>) -> Result<Data<'a>> {
    match data.downcast::<Str>() {
        Some(text) => text.to_utf8(th).map(|text| Data::Text(text.as_bytes())),
        None => BytesLike::get(th, data).map(Data::Bytes),
    }
}

enum Data<'a> {
    Text(&'a [u8]),
    Bytes(BytesLike<'a>),
}

impl std::ops::Deref for Data<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Data::Text(text) => text,
            Data::Bytes(bytes) => bytes,
        }
    }
}

fn decoded(th: Thread<'_>, decoded: &Decoded) -> Result {
    (Str::from_buf(th, &decoded.text)?, decoded.consumed).into_object(th)
}

fn encoded(th: Thread<'_>, bytes: &[u8], consumed: usize) -> Result {
    (Bytes::new(th, bytes)?, consumed).into_object(th)
}

fn decode_16(
    th: Thread<'_>,
    data: Obj<'_>,
    errors: Option<&str>,
    order: ByteOrder,
    last: bool,
) -> Result<(Decoded, ByteOrder)> {
    let bytes = BytesLike::get(th, data)?;
    utf16::decode(&bytes, order, last, &mut Errors::new(th, errors).of(data))
}

fn decode_32(
    th: Thread<'_>,
    data: Obj<'_>,
    errors: Option<&str>,
    order: ByteOrder,
    last: bool,
) -> Result<(Decoded, ByteOrder)> {
    let bytes = BytesLike::get(th, data)?;
    utf32::decode(&bytes, order, last, &mut Errors::new(th, errors).of(data))
}

fn encode_native(th: Thread<'_>, native: Native, text: &Str, errors: Option<&str>) -> Result {
    (native.encode(th, text, errors)?, text.len()).into_object(th)
}

/// As `codecs.utf_16_ex_decode` numbers the order found.
fn order_number(order: ByteOrder) -> i32 {
    match order {
        ByteOrder::Native => 0,
        ByteOrder::Little => -1,
        ByteOrder::Big => 1,
    }
}

/// Warn of an escape that stands for itself; `prefix` is that of the literal.
fn warn_invalid(
    th: Thread<'_>,
    prefix: &str,
    invalid: Option<unicode_escape::InvalidEscape>,
) -> Result<()> {
    let Some(invalid) = invalid else { return Ok(()) };
    let (shown, kind) = if invalid.code > 0xff {
        (format!("{:o}", invalid.code), "octal escape")
    } else {
        (char::from_u32(invalid.code).unwrap_or('?').to_string(), "escape")
    };
    let message = format!(
        "{prefix}\"\\{shown}\" is an invalid {kind} sequence. \
         Such sequences will not work in the future. "
    );
    let message = Str::new(th, &message)?;
    let category = object::exceptions::types::DeprecationWarning();
    (th.hooks().warn)(th, category.obj(), &message, 1)
}

/// What a mapping object says of one byte.
fn map_byte(th: Thread<'_>, mapping: Obj<'_>, byte: u8) -> Result<Decodes> {
    let key = byte.into_object(th)?;
    let value = match mapping.get_item(th, key.obj()) {
        Ok(value) => value,
        Err(raised) => {
            th.catch(raised, LookupError())?;
            return Ok(Decodes::Undefined);
        }
    };
    if value.obj().is_none() {
        return Ok(Decodes::Undefined);
    }
    if Int::is_int(value.obj()) {
        let code = Int::to_i64(value.obj()).and_then(|code| u32::try_from(code).ok());
        return match code {
            Some(0xfffe) => Ok(Decodes::Undefined),
            Some(code) if code <= 0x10_ffff => Ok(Decodes::Character(code)),
            _ => raise!(th, TypeError, "character mapping must be in range(0x110000)"),
        };
    }
    match value.obj().downcast::<Str>() {
        Some(text) if text.len() == 1 && text.get(0) == Some(0xfffe) => Ok(Decodes::Undefined),
        Some(text) => Ok(Decodes::Text(text.units().to_buf())),
        None => raise!(th, TypeError, "character mapping must return integer, None or str"),
    }
}

/// What a mapping object says of one character.
fn map_character(th: Thread<'_>, mapping: Obj<'_>, code: u32) -> Result<Encodes> {
    if let Some(map) = mapping.downcast::<EncodingMapObject>() {
        return Ok(map.map.get(code));
    }
    let key = code.into_object(th)?;
    let value = match mapping.get_item(th, key.obj()) {
        Ok(value) => value,
        Err(raised) => {
            th.catch(raised, LookupError())?;
            return Ok(Encodes::Undefined);
        }
    };
    if value.obj().is_none() {
        return Ok(Encodes::Undefined);
    }
    if Int::is_int(value.obj()) {
        return match Int::to_i64(value.obj()).map(u8::try_from) {
            Some(Ok(byte)) => Ok(Encodes::Byte(byte)),
            _ => raise!(th, TypeError, "character mapping must be in range(256)"),
        };
    }
    match value.obj().downcast::<Bytes>() {
        Some(bytes) => Ok(Encodes::Bytes(bytes.as_bytes().to_vec())),
        None => raise!(
            th,
            TypeError,
            "character mapping must return integer, bytes or None, not {}",
            value.obj().type_name()
        ),
    }
}

/// A builtin error handler called with an exception.
fn handle(th: Thread<'_>, handler: Handler, exception: Obj<'_>) -> Result {
    let unknown = || {
        object::error!(
            th,
            TypeError,
            "don't know how to handle {} in error callback",
            exception.type_name()
        )
    };
    let reraise = || Err(th.restore(exception.own()));
    let Some(fields) = UnicodeFields::of(exception) else { return Err(unknown()) };
    let (start, end) = (fields.start().max(0) as usize, fields.end().max(0) as usize);
    let object = fields.object();
    let encoding = fields.encoding();
    let encoding = encoding.as_ref().and_then(|name| name.obj().downcast::<Str>());
    let encoding = encoding.map(Str::to_string).unwrap_or_default();
    let Some(object) = object else { return Err(unknown()) };
    if exception.downcast::<UnicodeEncodeError>().is_some() {
        let Some(text) = object.obj().downcast::<Str>() else { return Err(unknown()) };
        let Some(resume) = handler.on_encode(&encoding, text.units(), start, end) else {
            return reraise();
        };
        let value = match resume.replacement {
            Replacement::Text(text) => Str::from_buf(th, &text)?.upcast(),
            Replacement::Bytes(bytes) => Bytes::new(th, &bytes)?.upcast(),
        };
        return (value, resume.position).into_object(th);
    }
    if exception.downcast::<UnicodeDecodeError>().is_some() {
        if matches!(handler, Handler::XmlCharRefReplace | Handler::NameReplace) {
            return Err(unknown());
        }
        let Some(bytes) = object.obj().downcast::<Bytes>() else { return Err(unknown()) };
        let Some(resume) = handler.on_decode(&encoding, bytes.as_bytes(), start, end) else {
            return reraise();
        };
        return (Str::from_buf(th, &resume.text)?, resume.position).into_object(th);
    }
    if exception.downcast::<UnicodeTranslateError>().is_some() {
        let text = match handler {
            Handler::BackslashReplace => {
                let Some(text) = object.obj().downcast::<Str>() else { return Err(unknown()) };
                let mut out = Vec::new();
                for code in text.units().slice(start, end) {
                    text::codecs::handlers::put_backslash(&mut out, code);
                }
                Some(TextBuf::Ucs1(out))
            }
            handler => handler.on_translate(start, end),
        };
        return match text {
            Some(text) => (Str::from_buf(th, &text)?, end).into_object(th),
            None => Err(unknown()),
        };
    }
    Err(unknown())
}

/// `strict`: raise what it gets.
fn strict(th: Thread<'_>, exception: Obj<'_>) -> Raised {
    let base = object::exceptions::types::BaseException();
    if exception.ty().is_subtype(base) {
        return th.restore(exception.own());
    }
    object::error!(th, TypeError, "codec must pass exception instance")
}

macro_rules! handlers {
    ($th:expr, $($name:literal $function:literal $handler:ident $doc:literal;)*) => { $(
        let def = declare::one_fn($function, $doc, |th: Thread<'_>, _: Obj<'_>, exception: Obj<'_>| {
            handle(th, Handler::$handler, exception)
        });
        let function = builtin_function::new($th, def, None, None)?;
        registry::register_error($th, $name, function.obj());
    )* };
}

/// Codec registry and encoders and decoders written in native code.
#[pymodule]
pub mod _codecs {
    use super::*;

    /// Register a codec search function.
    ///
    /// Search functions are expected to take one argument, the encoding name in
    /// all lower case letters, and either return None, or a tuple of functions
    /// (encoder, decoder, stream_reader, stream_writer) (or a CodecInfo object).
    #[sig = "(search_function, /)"]
    fn register(th: Thread<'_>, search: Obj<'_>) -> Result<()> {
        if search.ty().slots().tp_call.is_none() {
            raise!(th, TypeError, "argument must be callable");
        }
        registry::register(th, search);
        Ok(())
    }

    /// Unregister a codec search function and clear the registry's cache.
    ///
    /// If the search function is not registered, do nothing.
    #[sig = "(search_function, /)"]
    fn unregister(th: Thread<'_>, search: Obj<'_>) -> Result<()> {
        registry::unregister(th, search);
        Ok(())
    }

    /// Looks up a codec tuple in the Python codec registry and returns a CodecInfo object.
    #[sig = "(encoding, /)"]
    fn lookup(th: Thread<'_>, encoding: &str) -> Result<Ref<Tuple>> {
        registry::lookup(th, encoding)
    }

    /// Encodes obj using the codec registered for encoding.
    ///
    /// The default encoding is 'utf-8'.  errors may be given to set a
    /// different error handling scheme.  Default is 'strict' meaning that encoding
    /// errors raise a ValueError.  Other possible values are 'ignore', 'replace'
    /// and 'backslashreplace' as well as any other name registered with
    /// codecs.register_error that can handle ValueErrors.
    #[sig = "(obj, encoding='utf-8', errors='strict')"]
    fn encode(
        th: Thread<'_>,
        obj: Obj<'_>,
        encoding: Option<Given<&str>>,
        errors: Option<Given<&str>>,
    ) -> Result {
        let encoding = encoding.map_or("utf-8", |Given(name)| name);
        registry::encode(th, obj, encoding, errors.map(|Given(name)| name))
    }

    /// Decodes obj using the codec registered for encoding.
    ///
    /// Default encoding is 'utf-8'.  errors may be given to set a
    /// different error handling scheme.  Default is 'strict' meaning that encoding
    /// errors raise a ValueError.  Other possible values are 'ignore', 'replace'
    /// and 'backslashreplace' as well as any other name registered with
    /// codecs.register_error that can handle ValueErrors.
    #[sig = "(obj, encoding='utf-8', errors='strict')"]
    fn decode(
        th: Thread<'_>,
        obj: Obj<'_>,
        encoding: Option<Given<&str>>,
        errors: Option<Given<&str>>,
    ) -> Result {
        let encoding = encoding.map_or("utf-8", |Given(name)| name);
        registry::decode(th, obj, encoding, errors.map(|Given(name)| name))
    }

    /// Register the specified error handler under the name errors.
    ///
    /// handler must be a callable object, that
    /// will be called with an exception instance containing
    /// information about the location of the encoding/decoding
    /// error and must return a (replacement, new position) tuple.
    #[sig = "(errors, handler, /)"]
    fn register_error(th: Thread<'_>, errors: &str, handler: Obj<'_>) -> Result<()> {
        if handler.ty().slots().tp_call.is_none() {
            raise!(th, TypeError, "handler must be callable");
        }
        registry::register_error(th, errors, handler);
        Ok(())
    }

    /// Un-register the specified error handler for the error handling `errors'.
    ///
    /// Only custom error handlers can be un-registered. An exception is raised
    /// if the error handling is a built-in one (e.g., 'strict'), or if an error
    /// occurs.
    #[sig = "(errors, /)"]
    fn _unregister_error(th: Thread<'_>, errors: &str) -> Result<bool> {
        if Handler::from_name(errors).is_some() {
            raise!(th, ValueError, "cannot un-register built-in error handler '{errors}'");
        }
        Ok(registry::unregister_error(th, errors))
    }

    /// lookup_error(errors) -> handler
    ///
    /// Return the error handler for the specified error handling name or raise a
    /// LookupError, if no handler exists under this name.
    #[sig = "(name, /)"]
    fn lookup_error(th: Thread<'_>, name: &str) -> Result {
        registry::lookup_error(th, name)
    }

    /// Decode UTF-8.
    #[sig = "(data, errors=None, final=False, /)"]
    fn utf_8_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>, last: bool) -> Result {
        let bytes = BytesLike::get(th, data)?;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            return (Str::new(th, text)?, bytes.len()).into_object(th);
        }
        decoded(th, &utf8::decode(&bytes, last, &mut Errors::new(th, errors).of(data))?)
    }

    /// Encode to UTF-8.
    #[sig = "(str, errors=None, /)"]
    fn utf_8_encode(th: Thread<'_>, text: &Str, errors: Option<&str>) -> Result {
        encode_native(th, Native::Utf8, text, errors)
    }

    /// Decode UTF-7.
    #[sig = "(data, errors=None, final=False, /)"]
    fn utf_7_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>, last: bool) -> Result {
        let bytes = BytesLike::get(th, data)?;
        decoded(th, &utf7::decode(&bytes, last, &mut Errors::new(th, errors).of(data))?)
    }

    /// Encode to UTF-7.
    #[sig = "(str, errors=None, /)"]
    fn utf_7_encode(th: Thread<'_>, text: &Str, errors: Option<&str>) -> Result {
        encode_native(th, Native::Utf7, text, errors)
    }

    /// Decode UTF-16 with a byte order mark.
    #[sig = "(data, errors=None, final=False, /)"]
    fn utf_16_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>, last: bool) -> Result {
        decoded(th, &decode_16(th, data, errors, ByteOrder::Native, last)?.0)
    }

    /// Decode little-endian UTF-16.
    #[sig = "(data, errors=None, final=False, /)"]
    fn utf_16_le_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>, last: bool) -> Result {
        decoded(th, &decode_16(th, data, errors, ByteOrder::Little, last)?.0)
    }

    /// Decode big-endian UTF-16.
    #[sig = "(data, errors=None, final=False, /)"]
    fn utf_16_be_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>, last: bool) -> Result {
        decoded(th, &decode_16(th, data, errors, ByteOrder::Big, last)?.0)
    }

    /// Decode UTF-16; also answers the byte order.
    #[sig = "(data, errors=None, byteorder=0, final=False, /)"]
    fn utf_16_ex_decode(
        th: Thread<'_>,
        data: Obj<'_>,
        errors: Option<&str>,
        byteorder: i32,
        last: bool,
    ) -> Result {
        let (out, order) = decode_16(th, data, errors, ByteOrder::from_number(byteorder), last)?;
        (Str::from_buf(th, &out.text)?, out.consumed, order_number(order)).into_object(th)
    }

    /// Encode to UTF-16.
    #[sig = "(str, errors=None, byteorder=0, /)"]
    fn utf_16_encode(th: Thread<'_>, text: &Str, errors: Option<&str>, byteorder: i32) -> Result {
        encode_native(th, Native::Utf16(ByteOrder::from_number(byteorder)), text, errors)
    }

    /// Encode to little-endian UTF-16.
    #[sig = "(str, errors=None, /)"]
    fn utf_16_le_encode(th: Thread<'_>, text: &Str, errors: Option<&str>) -> Result {
        encode_native(th, Native::Utf16(ByteOrder::Little), text, errors)
    }

    /// Encode to big-endian UTF-16.
    #[sig = "(str, errors=None, /)"]
    fn utf_16_be_encode(th: Thread<'_>, text: &Str, errors: Option<&str>) -> Result {
        encode_native(th, Native::Utf16(ByteOrder::Big), text, errors)
    }

    /// Decode UTF-32 with a byte order mark.
    #[sig = "(data, errors=None, final=False, /)"]
    fn utf_32_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>, last: bool) -> Result {
        decoded(th, &decode_32(th, data, errors, ByteOrder::Native, last)?.0)
    }

    /// Decode little-endian UTF-32.
    #[sig = "(data, errors=None, final=False, /)"]
    fn utf_32_le_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>, last: bool) -> Result {
        decoded(th, &decode_32(th, data, errors, ByteOrder::Little, last)?.0)
    }

    /// Decode big-endian UTF-32.
    #[sig = "(data, errors=None, final=False, /)"]
    fn utf_32_be_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>, last: bool) -> Result {
        decoded(th, &decode_32(th, data, errors, ByteOrder::Big, last)?.0)
    }

    /// Decode UTF-32; also answers the byte order.
    #[sig = "(data, errors=None, byteorder=0, final=False, /)"]
    fn utf_32_ex_decode(
        th: Thread<'_>,
        data: Obj<'_>,
        errors: Option<&str>,
        byteorder: i32,
        last: bool,
    ) -> Result {
        let (out, order) = decode_32(th, data, errors, ByteOrder::from_number(byteorder), last)?;
        (Str::from_buf(th, &out.text)?, out.consumed, order_number(order)).into_object(th)
    }

    /// Encode to UTF-32.
    #[sig = "(str, errors=None, byteorder=0, /)"]
    fn utf_32_encode(th: Thread<'_>, text: &Str, errors: Option<&str>, byteorder: i32) -> Result {
        encode_native(th, Native::Utf32(ByteOrder::from_number(byteorder)), text, errors)
    }

    /// Encode to little-endian UTF-32.
    #[sig = "(str, errors=None, /)"]
    fn utf_32_le_encode(th: Thread<'_>, text: &Str, errors: Option<&str>) -> Result {
        encode_native(th, Native::Utf32(ByteOrder::Little), text, errors)
    }

    /// Encode to big-endian UTF-32.
    #[sig = "(str, errors=None, /)"]
    fn utf_32_be_encode(th: Thread<'_>, text: &Str, errors: Option<&str>) -> Result {
        encode_native(th, Native::Utf32(ByteOrder::Big), text, errors)
    }

    /// Decode ASCII.
    #[sig = "(data, errors=None, /)"]
    fn ascii_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>) -> Result {
        let bytes = BytesLike::get(th, data)?;
        decoded(th, &single_byte::decode_ascii(&bytes, &mut Errors::new(th, errors).of(data))?)
    }

    /// Encode to ASCII.
    #[sig = "(str, errors=None, /)"]
    fn ascii_encode(th: Thread<'_>, text: &Str, errors: Option<&str>) -> Result {
        encode_native(th, Native::Ascii, text, errors)
    }

    /// Decode Latin-1.
    #[sig = "(data, errors=None, /)"]
    fn latin_1_decode(th: Thread<'_>, data: BytesLike<'_>, _: Option<&str>) -> Result {
        let text = Str::from_units(th, text::Units::Ucs1(&data))?;
        (text, data.len()).into_object(th)
    }

    /// Encode to Latin-1.
    #[sig = "(str, errors=None, /)"]
    fn latin_1_encode(th: Thread<'_>, text: &Str, errors: Option<&str>) -> Result {
        encode_native(th, Native::Latin1, text, errors)
    }

    /// Decode with a mapping of bytes.
    #[sig = "(data, errors=None, mapping=None, /)"]
    fn charmap_decode(
        th: Thread<'_>,
        data: Obj<'_>,
        errors: Option<&str>,
        mapping: Option<Obj<'_>>,
    ) -> Result {
        let bytes = BytesLike::get(th, data)?;
        let Some(mapping) = mapping.filter(|mapping| !mapping.is_none()) else {
            let text = Str::from_units(th, text::Units::Ucs1(&bytes))?;
            return (text, bytes.len()).into_object(th);
        };
        let mut handler = Errors::new(th, errors).of(data);
        let out = match mapping.downcast_exact::<Str>() {
            Some(table) => charmap::decode_table(&bytes, table.units(), &mut handler)?,
            None => charmap::decode(&bytes, &mut handler, |byte| map_byte(th, mapping, byte))?,
        };
        (Str::from_buf(th, &out.text)?, bytes.len()).into_object(th)
    }

    /// Encode with a mapping of characters.
    #[sig = "(str, errors=None, mapping=None, /)"]
    fn charmap_encode(
        th: Thread<'_>,
        text: &Str,
        errors: Option<&str>,
        mapping: Option<Obj<'_>>,
    ) -> Result {
        let Some(mapping) = mapping.filter(|mapping| !mapping.is_none()) else {
            return encode_native(th, Native::Latin1, text, errors);
        };
        let mut handler = Errors::new(th, errors).of(text.obj());
        let map = |code| map_character(th, mapping, code);
        let bytes = charmap::encode(text.units(), &mut handler, map)?;
        encoded(th, &bytes, text.len())
    }

    /// Make the inverse of a decoding table.
    #[sig = "(map, /)"]
    fn charmap_build(th: Thread<'_>, map: &Str) -> Result {
        let units = map.units();
        if let Some(map) = EncodingMap::new(units) {
            return alloc_object::new(th, EncodingMapObject { head: Head::new(), map })
                .map(Ref::upcast);
        }
        let dict = Dict::new(th)?;
        for (code, byte) in units.iter().zip(0u32..) {
            dict.set(th, code.into_object(th)?.obj(), byte.into_object(th)?.obj())?;
        }
        Ok(dict.upcast())
    }

    /// The bytes of a buffer or of a string's UTF-8.
    #[sig = "(data, errors=None, /)"]
    fn readbuffer_encode(th: Thread<'_>, data: Obj<'_>, _: Option<&str>) -> Result {
        let bytes = data_of(th, data)?;
        encoded(th, &bytes, bytes.len())
    }

    /// Decode the inside of a bytes literal.
    #[sig = "(data, errors=None, /)"]
    fn escape_decode(th: Thread<'_>, data: Obj<'_>, errors: Option<&str>) -> Result {
        let bytes = data_of(th, data)?;
        let errors = errors.unwrap_or("strict");
        let mode = match errors {
            "replace" => escape::OnInvalidHex::Replace,
            "ignore" => escape::OnInvalidHex::Ignore,
            _ => escape::OnInvalidHex::Strict,
        };
        match escape::decode(&bytes, mode) {
            Ok((out, invalid)) => {
                warn_invalid(th, "b", invalid)?;
                encoded(th, &out, bytes.len())
            }
            Err(escape::EscapeError::TrailingBackslash) => {
                raise!(th, ValueError, "Trailing \\ in string")
            }
            Err(escape::EscapeError::InvalidHex(_)) if errors != "strict" => {
                raise!(th, ValueError, "decoding error; unknown error handling code: {errors}")
            }
            Err(escape::EscapeError::InvalidHex(position)) => {
                raise!(th, ValueError, "invalid \\x escape at position {position}")
            }
        }
    }

    /// Encode as the inside of a bytes literal.
    #[sig = "(data, errors=None, /)"]
    fn escape_encode(th: Thread<'_>, data: &Bytes, _: Option<&str>) -> Result {
        encoded(th, &escape::encode(data.as_bytes()), data.len())
    }

    /// Decode the inside of a string literal.
    #[sig = "(data, errors=None, final=True, /)"]
    fn unicode_escape_decode(
        th: Thread<'_>,
        data: Obj<'_>,
        errors: Option<&str>,
        last: bool,
    ) -> Result {
        let bytes = data_of(th, data)?;
        let (out, invalid) =
            unicode_escape::decode(&bytes, last, &mut Errors::new(th, errors).of(data))?;
        warn_invalid(th, "", invalid)?;
        // A handler may have replaced the rest of the input, but all of it is consumed.
        let consumed = if last { bytes.len() } else { out.consumed };
        (Str::from_buf(th, &out.text)?, consumed).into_object(th)
    }

    /// Encode as the inside of a string literal.
    #[sig = "(str, errors=None, /)"]
    fn unicode_escape_encode(th: Thread<'_>, text: &Str, _: Option<&str>) -> Result {
        encoded(th, &unicode_escape::encode(text.units()), text.len())
    }

    /// Decode the inside of a raw string literal with `\u` escapes.
    #[sig = "(data, errors=None, final=True, /)"]
    fn raw_unicode_escape_decode(
        th: Thread<'_>,
        data: Obj<'_>,
        errors: Option<&str>,
        last: bool,
    ) -> Result {
        let bytes = data_of(th, data)?;
        let mut handler = Errors::new(th, errors).of(data);
        decoded(th, &raw_unicode_escape::decode(&bytes, last, &mut handler)?)
    }

    /// Encode as the inside of a raw string literal with `\u` escapes.
    #[sig = "(str, errors=None, /)"]
    fn raw_unicode_escape_encode(th: Thread<'_>, text: &Str, _: Option<&str>) -> Result {
        encoded(th, &raw_unicode_escape::encode(text.units()), text.len())
    }

    #[exec]
    fn exec(th: Thread<'_>, _: &Module) -> Result<()> {
        object::types::type_::ready(th, <EncodingMapObject as object::declare::Declared>::DECL)?;
        let def = declare::one_fn(
            c"strict_errors",
            c"strict_errors($self, object, /)\n--\n\nImplements the 'strict' error handling, which raises a UnicodeError on coding errors.",
            |th: Thread<'_>, _: Obj<'_>, exception: Obj<'_>| -> Result {
                Err(strict(th, exception))
            },
        );
        let function = builtin_function::new(th, def, None, None)?;
        registry::register_error(th, "strict", function.obj());
        handlers! { th,
            "ignore" c"ignore_errors" Ignore c"ignore_errors($self, object, /)\n--\n\nImplements the 'ignore' error handling, which ignores malformed data and continues.";
            "replace" c"replace_errors" Replace c"replace_errors($self, object, /)\n--\n\nImplements the 'replace' error handling, which replaces malformed data with a replacement marker.";
            "xmlcharrefreplace" c"xmlcharrefreplace_errors" XmlCharRefReplace c"xmlcharrefreplace_errors($self, object, /)\n--\n\nImplements the 'xmlcharrefreplace' error handling, which replaces an unencodable character with the appropriate XML character reference.";
            "backslashreplace" c"backslashreplace_errors" BackslashReplace c"backslashreplace_errors($self, object, /)\n--\n\nImplements the 'backslashreplace' error handling, which replaces malformed data with a backslashed escape sequence.";
            "namereplace" c"namereplace_errors" NameReplace c"namereplace_errors($self, object, /)\n--\n\nImplements the 'namereplace' error handling, which replaces an unencodable character with a \\N{...} escape sequence.";
            "surrogatepass" c"surrogatepass" SurrogatePass c"surrogatepass($self, object, /)\n--\n\n";
            "surrogateescape" c"surrogateescape" SurrogateEscape c"surrogateescape($self, object, /)\n--\n\n";
        }
        Ok(())
    }
}
