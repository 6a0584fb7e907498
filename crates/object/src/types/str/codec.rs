//! Encoding and decoding: native codecs, the registry for the rest, and the
//! error handlers between crate `text` and Python.

use text::{
    TextBuf, Units,
    codecs::{
        DecodeError, DecodeErrors, DecodeResume, EncodeError, EncodeErrors, EncodeResume, Handler,
        Replacement, single_byte, utf7, utf8, utf16, utf16::ByteOrder, utf32,
    },
};

use super::{Str, registry};
use crate::{
    AsObject, Bytes, Int, IntoObject, Obj, Protocol, Raised, Ref, Result, Thread, Tuple, error,
    exceptions::types::{UnicodeDecodeError, UnicodeEncodeError},
    id,
    protocol::buffer::BytesLike,
    raise,
};

/// Raise `UnicodeEncodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn raise_encode_error(th: Thread<'_>, object: &Str, error: &EncodeError) -> Raised {
    match encode_exception(th, object.obj(), error) {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// Raise `UnicodeDecodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn raise_decode_error(th: Thread<'_>, input: &[u8], error: &DecodeError) -> Raised {
    match Bytes::new(th, input).and_then(|input| decode_exception(th, input.obj(), error)) {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

fn encode_exception(th: Thread<'_>, object: Obj<'_>, error: &EncodeError) -> Result {
    let (encoding, reason) = (error.encoding.into_object(th)?, error.reason.into_object(th)?);
    let (start, end) = (error.start.into_object(th)?, error.end.into_object(th)?);
    UnicodeEncodeError().call(th, &[encoding.obj(), object, start.obj(), end.obj(), reason.obj()])
}

fn decode_exception(th: Thread<'_>, object: Obj<'_>, error: &DecodeError) -> Result {
    let (encoding, reason) = (error.encoding.into_object(th)?, error.reason.into_object(th)?);
    let (start, end) = (error.start.into_object(th)?, error.end.into_object(th)?);
    UnicodeDecodeError().call(th, &[encoding.obj(), object, start.obj(), end.obj(), reason.obj()])
}

/// The error handler of one call of a codec, by name.
pub struct Errors<'a> {
    th: Thread<'a>,
    name: &'a str,
    builtin: Option<Handler>,
    /// The object being encoded, to show in exceptions.
    object: Option<Obj<'a>>,
    /// The name in exceptions where the codec's own is not it.
    encoding: Option<&'static str>,
    /// Replacements are encoded on their own, as the multibyte codecs do.
    multibyte: bool,
    /// A registered handler and the exception it gets, kept from call to call.
    callback: Option<(Ref, Ref)>,
}

impl<'a> Errors<'a> {
    /// The handler `name` (default: strict).
    pub fn new(th: Thread<'a>, name: Option<&'a str>) -> Self {
        let name = name.unwrap_or("strict");
        let builtin = Handler::from_name(name);
        let multibyte = false;
        Errors { th, name, builtin, object: None, encoding: None, multibyte, callback: None }
    }

    /// Show `object` in exceptions instead of a copy of the input.
    pub fn of(mut self, object: Obj<'a>) -> Self {
        self.object = Some(object);
        self
    }

    /// Show `encoding` in exceptions.
    pub fn named(mut self, encoding: &'static str) -> Self {
        self.encoding = Some(encoding);
        self
    }

    /// Serve a multibyte codec: a replacement that cannot be encoded is shown in
    /// the exception by itself.
    pub fn multibyte(mut self) -> Self {
        self.multibyte = true;
        self
    }

    /// Raise the error itself.
    #[cold]
    fn strict_decode(&self, input: &[u8], error: &DecodeError) -> Raised {
        match self.object.filter(|object| {
            object.downcast_exact::<Bytes>().is_some_and(|bytes| bytes.as_bytes() == input)
        }) {
            Some(object) => match decode_exception(self.th, object, error) {
                Ok(exception) => self.th.raise_object(exception),
                Err(raised) => raised,
            },
            None => raise_decode_error(self.th, input, error),
        }
    }

    fn input_object(&self, input: Units<'_>) -> Result {
        match self.object {
            Some(object) => Ok(object.own()),
            None => Str::from_units(self.th, input).map(Ref::upcast),
        }
    }

    /// Call the registered handler with the exception that `make` makes the
    /// first time; its answer.
    fn ask(
        &mut self,
        make: impl FnOnce(&Self) -> Result,
        start: usize,
        end: usize,
        reason: &str,
    ) -> Result<(Ref, Ref)> {
        let th = self.th;
        let (handler, exception) = match &self.callback {
            Some((handler, exception)) => {
                exception.setattr(th, id!(th, "start"), Some(start.into_object(th)?.obj()))?;
                exception.setattr(th, id!(th, "end"), Some(end.into_object(th)?.obj()))?;
                exception.setattr(th, id!(th, "reason"), Some(reason.into_object(th)?.obj()))?;
                (handler.clone(), exception.clone())
            }
            None => {
                let handler = registry::lookup_error(th, self.name)?;
                let exception = make(self)?;
                self.callback = Some((handler.clone(), exception.clone()));
                (handler, exception)
            }
        };
        Ok((handler.call(th, &[exception.obj()])?, exception))
    }

    fn position(&self, value: Obj<'_>, length: usize) -> Result<usize> {
        let th = self.th;
        let given = match Int::index_to_isize(th, value) {
            Err(raised) if self.multibyte => {
                th.clear_exception(raised);
                raise!(th, IndexError, "position -1 from error handler out of bounds");
            }
            given => given?,
        };
        let position = if given < 0 { given + length as isize } else { given };
        match usize::try_from(position).ok().filter(|&position| position <= length) {
            Some(position) => Ok(position),
            None => raise!(th, IndexError, "position {position} from error handler out of bounds"),
        }
    }
}

impl DecodeErrors for Errors<'_> {
    type Error = Raised;

    #[cold]
    fn decode(&mut self, input: &[u8], mut error: DecodeError) -> Result<DecodeResume> {
        let th = self.th;
        error.encoding = self.encoding.unwrap_or(error.encoding);
        if let Some(builtin) = self.builtin {
            if matches!(builtin, Handler::XmlCharRefReplace | Handler::NameReplace) {
                raise!(
                    th,
                    TypeError,
                    "don't know how to handle UnicodeDecodeError in error callback"
                );
            }
            return builtin
                .on_decode(error.encoding, input, error.start, error.end)
                .ok_or_else(|| self.strict_decode(input, &error));
        }
        let make = |this: &Self| {
            let object = match this.object {
                Some(object) if object.is_exact::<Bytes>() => object.own(),
                _ => Bytes::new(th, input)?.upcast(),
            };
            decode_exception(th, object.obj(), &error)
        };
        let (answer, exception) = self.ask(make, error.start, error.end, error.reason)?;
        let parts = answer.obj().downcast::<Tuple>().filter(|tuple| tuple.len() == 2);
        let parts = parts.and_then(|tuple| match *tuple.items() {
            [text, position] if Int::is_int(position) => {
                text.downcast::<Str>().map(|text| (text, position))
            }
            _ => None,
        });
        let Some((text, position)) = parts else {
            raise!(th, TypeError, "decoding error handler must return (str, int) tuple");
        };
        let object = exception.getattr(th, id!(th, "object"))?;
        let Some(new_input) = object.obj().downcast::<Bytes>() else {
            raise!(th, TypeError, "exception attribute object must be bytes");
        };
        let new_input = new_input.as_bytes();
        let position = self.position(position, new_input.len())?;
        let changed = new_input != input;
        Ok(DecodeResume {
            text: text.units().to_buf(),
            position,
            input: changed.then(|| new_input.to_vec()),
        })
    }
}

impl EncodeErrors for Errors<'_> {
    type Error = Raised;

    #[cold]
    fn encode(&mut self, input: Units<'_>, mut error: EncodeError) -> Result<EncodeResume> {
        let th = self.th;
        error.encoding = self.encoding.unwrap_or(error.encoding);
        if let Some(builtin) = self.builtin {
            return builtin
                .on_encode(error.encoding, input, error.start, error.end)
                .ok_or_else(|| self.reject(input, error));
        }
        let make = |this: &Self| encode_exception(th, this.input_object(input)?.obj(), &error);
        let (answer, _exception) = self.ask(make, error.start, error.end, error.reason)?;
        let parts = answer.obj().downcast::<Tuple>().filter(|tuple| tuple.len() == 2);
        let parts = parts.and_then(|tuple| match *tuple.items() {
            [value, position] if Int::is_int(position) => {
                if let Some(text) = value.downcast::<Str>() {
                    return Some((Replacement::Text(text.units().to_buf()), position));
                }
                let bytes = value.downcast::<Bytes>()?;
                Some((Replacement::Bytes(bytes.as_bytes().to_vec()), position))
            }
            _ => None,
        });
        let Some((replacement, position)) = parts else {
            if self.multibyte {
                raise!(th, TypeError, "encoding error handler must return (str, int) tuple");
            }
            raise!(th, TypeError, "encoding error handler must return (str/bytes, int) tuple");
        };
        let position = self.position(position, input.len())?;
        Ok(EncodeResume { replacement, position })
    }

    fn builtin(&self) -> Option<Handler> {
        self.builtin
    }

    #[cold]
    fn reject(&mut self, input: Units<'_>, mut error: EncodeError) -> Raised {
        let th = self.th;
        error.encoding = self.encoding.unwrap_or(error.encoding);
        let object = if self.multibyte {
            Str::from_units(th, input).map(Ref::upcast)
        } else {
            self.input_object(input)
        };
        let object = match object {
            Ok(object) => object,
            Err(raised) => return raised,
        };
        match encode_exception(th, object.obj(), &error) {
            Ok(exception) => th.raise_object(exception),
            Err(raised) => raised,
        }
    }
}

/// A codec that needs no registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Native {
    Utf8,
    Utf16(ByteOrder),
    Utf32(ByteOrder),
    Ascii,
    Latin1,
    Utf7,
}

impl Native {
    /// The native codec of that name, in any usual spelling.
    pub fn from_name(name: &str) -> Option<Native> {
        match name {
            "utf-8" | "utf8" | "UTF-8" => return Some(Native::Utf8),
            _ if name.len() > 16 => return None,
            _ => {}
        }
        Some(match registry::normalize(name).as_str() {
            "utf_8" | "utf8" => Native::Utf8,
            "utf_16" | "utf16" => Native::Utf16(ByteOrder::Native),
            "utf_16_le" | "utf_16le" | "utf16_le" => Native::Utf16(ByteOrder::Little),
            "utf_16_be" | "utf_16be" | "utf16_be" => Native::Utf16(ByteOrder::Big),
            "utf_32" | "utf32" => Native::Utf32(ByteOrder::Native),
            "utf_32_le" | "utf_32le" | "utf32_le" => Native::Utf32(ByteOrder::Little),
            "utf_32_be" | "utf_32be" | "utf32_be" => Native::Utf32(ByteOrder::Big),
            "ascii" | "us_ascii" => Native::Ascii,
            "latin1" | "latin_1" | "iso_8859_1" | "iso8859_1" => Native::Latin1,
            "utf_7" | "utf7" => Native::Utf7,
            _ => return None,
        })
    }

    /// Encode a string.
    pub fn encode(self, th: Thread<'_>, string: &Str, errors: Option<&str>) -> Result<Ref<Bytes>> {
        if let Some(ascii) = string.as_ascii()
            && matches!(self, Native::Utf8 | Native::Ascii | Native::Latin1)
        {
            return Bytes::new(th, ascii.as_bytes());
        }
        let units = string.units();
        let mut handler = Errors::new(th, errors).of(string.obj());
        let bytes = match self {
            Native::Utf8 => utf8::encode(units, &mut handler),
            Native::Utf16(order) => utf16::encode(units, order, &mut handler),
            Native::Utf32(order) => utf32::encode(units, order, &mut handler),
            Native::Ascii => single_byte::encode_ascii(units, &mut handler),
            Native::Latin1 => match units {
                Units::Ucs1(bytes) => return Bytes::new(th, bytes),
                _ => single_byte::encode_latin1(units, &mut handler),
            },
            Native::Utf7 => Ok(utf7::encode(units)),
        }?;
        Bytes::new(th, &bytes)
    }

    /// Decode a whole input; `object` is where it came from.
    pub fn decode(
        self,
        th: Thread<'_>,
        input: &[u8],
        object: Option<Obj<'_>>,
        errors: Option<&str>,
    ) -> Result<Ref<Str>> {
        let mut handler = Errors::new(th, errors);
        if let Some(object) = object {
            handler = handler.of(object);
        }
        let decoded = match self {
            Native::Utf8 => match std::str::from_utf8(input) {
                Ok(text) => return Str::new(th, text),
                Err(_) => utf8::decode(input, true, &mut handler)?,
            },
            Native::Utf16(order) => utf16::decode(input, order, true, &mut handler)?.0,
            Native::Utf32(order) => utf32::decode(input, order, true, &mut handler)?.0,
            Native::Ascii => {
                if input.is_ascii() {
                    return Str::from_ascii(th, input);
                }
                single_byte::decode_ascii(input, &mut handler)?
            }
            Native::Latin1 => return Str::from_units(th, Units::Ucs1(input)),
            Native::Utf7 => utf7::decode(input, true, &mut handler)?,
        };
        Str::from_buf(th, &decoded.text)
    }
}

fn check_names(th: Thread<'_>, encoding: &str, errors: &str) -> Result<()> {
    if encoding.contains('\0') || errors.contains('\0') {
        raise!(th, ValueError, "embedded null character");
    }
    if th.interp().flags.borrow().dev_mode {
        // Development mode complains about names that are not needed.
        registry::lookup(th, encoding)?;
        if errors != "strict" {
            registry::lookup_error(th, errors)?;
        }
    }
    Ok(())
}

/// `string.encode(encoding, errors)`: a `bytes`.
pub fn encode_method(th: Thread<'_>, string: &Str, encoding: &str, errors: &str) -> Result {
    check_names(th, encoding, errors)?;
    let errors = (errors != "strict").then_some(errors);
    if let Some(native) = Native::from_name(encoding) {
        return native.encode(th, string, errors).map(Ref::upcast);
    }
    let value = registry::encode_text(th, string.obj(), encoding, errors)?;
    if value.obj().downcast::<Bytes>().is_some() {
        return Ok(value);
    }
    if value.obj().downcast::<crate::types::bytearray::ByteArray>().is_some() {
        let message = Str::from_fmt(
            th,
            format_args!(
                "encoder {encoding} returned bytearray instead of bytes; \
                 use codecs.encode() to encode to arbitrary types"
            ),
        )?;
        let category = crate::exceptions::types::RuntimeWarning();
        (th.hooks().warn)(th, category.obj(), &message, 1)?;
        let bytes = BytesLike::get(th, value.obj())?;
        return Bytes::new(th, &bytes).map(Ref::upcast);
    }
    raise!(
        th,
        TypeError,
        "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
        value.obj().type_name()
    )
}

/// Decode the bytes of `object`: `object.decode(encoding, errors)`.
pub fn decode_method(th: Thread<'_>, object: Obj<'_>, encoding: &str, errors: &str) -> Result {
    check_names(th, encoding, errors)?;
    let strict = errors == "strict";
    let errors = (!strict).then_some(errors);
    let bytes = BytesLike::get(th, object)?;
    if bytes.is_empty() {
        return Ok(Str::empty(th).upcast());
    }
    if let Some(native) = Native::from_name(encoding) {
        return native.decode(th, &bytes, Some(object), errors).map(Ref::upcast);
    }
    let view = crate::types::memoryview::MemoryView::from_object(th, object)?;
    let value = registry::decode_text(th, view.obj(), encoding, errors)?;
    if value.obj().downcast::<Str>().is_some() {
        return Ok(value);
    }
    raise!(
        th,
        TypeError,
        "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
        value.obj().type_name()
    )
}

/// Encode with any codec: for the hooks and `open`.
pub fn encode(th: Thread<'_>, string: &Str, encoding: &str, errors: &str) -> Result<Ref<Bytes>> {
    match encode_method(th, string, encoding, errors)?.downcast::<Bytes>() {
        Ok(bytes) => Ok(bytes),
        Err(other) => Err(error!(
            th,
            TypeError,
            "encoder returned '{}' instead of 'bytes'",
            other.obj().type_name()
        )),
    }
}

/// Decode bytes with any codec.
pub fn decode(th: Thread<'_>, input: &[u8], encoding: &str, errors: &str) -> Result<Ref<Str>> {
    if let Some(native) = Native::from_name(encoding) {
        return native.decode(th, input, None, (errors != "strict").then_some(errors));
    }
    let object = Bytes::new(th, input)?;
    match decode_method(th, object.obj(), encoding, errors)?.downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(other) => Err(error!(
            th,
            TypeError,
            "decoder returned '{}' instead of 'str'",
            other.obj().type_name()
        )),
    }
}

/// The codec of file names: UTF-8, or ASCII where the locale says so.
fn fs_codec(th: Thread<'_>) -> Native {
    if th.interp().flags.borrow().ascii_names { Native::Ascii } else { Native::Utf8 }
}

/// `sys.getfilesystemencoding()`
pub fn fs_encoding(th: Thread<'_>) -> &'static str {
    if matches!(fs_codec(th), Native::Ascii) { "ascii" } else { "utf-8" }
}

/// A text with lone surrogates for bytes that the codec of file names cannot
/// decode: file names, arguments, the environment.
pub fn decode_fs(th: Thread<'_>, input: &[u8]) -> Result<Ref<Str>> {
    fs_codec(th).decode(th, input, None, Some("surrogateescape"))
}

/// The bytes of a file name.
pub fn encode_fs(th: Thread<'_>, string: &Str) -> Result<Ref<Bytes>> {
    fs_codec(th).encode(th, string, Some("surrogateescape"))
}

/// The characters of a text, owned.
pub fn to_buf(string: &Str) -> TextBuf {
    string.units().to_buf()
}
