//! Decoding and encoding for `TextIOWrapper`: natively for UTF-8, ASCII and
//! Latin-1 with builtin error handlers, else with the codec's incremental classes.

use std::cell::RefCell;

use object::{
    AsObject, Bytes, Int, IntoObject, Link, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    Traverse, Tuple, exceptions, id, raise, types,
};
use text::codecs::{DecodeError, Decoded, Handler, single_byte, utf8};

/// An encoding we know ourselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Native {
    Utf8,
    Ascii,
    Latin1,
}

impl Native {
    /// The encoding of that name.
    pub(super) fn from_name(name: &str) -> Option<Native> {
        let name: String = name
            .chars()
            .map(|c| if matches!(c, '_' | ' ') { '-' } else { c.to_ascii_lowercase() })
            .collect();
        Some(match name.as_str() {
            "utf-8" | "utf8" | "u8" | "cp65001" => Native::Utf8,
            "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" => Native::Ascii,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" | "8859" => Native::Latin1,
            _ => return None,
        })
    }
}

/// How text is decoded.
pub(super) enum Decoder {
    Native { encoding: Native, handler: Handler, pending: RefCell<Vec<u8>> },
    Object(Link),
}

/// How text is encoded.
pub(super) enum Encoder {
    Native(Native, Handler),
    Object(Link),
}

impl Traverse for Decoder {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Decoder::Object(link) = self {
            link.traverse(visit);
        }
    }
}

impl Traverse for Encoder {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Encoder::Object(link) = self {
            link.traverse(visit);
        }
    }
}

/// `getstate()` of an incremental decoder: buffer and flags.
pub(super) fn state_of(th: Thread<'_>, decoder: Obj<'_>) -> Result<(Ref, Ref)> {
    let state = decoder.call_method(th, id!(th, "getstate"), &[])?;
    let Some(items) = state.obj().downcast::<Tuple>().map(Tuple::items) else {
        raise!(th, TypeError, "illegal decoder state");
    };
    let [buffer, flags] = items else { raise!(th, TypeError, "illegal decoder state") };
    if buffer.downcast::<Bytes>().is_none() {
        raise!(
            th,
            TypeError,
            "illegal decoder state: the first item should be a bytes object, not '{}'",
            buffer.type_name()
        );
    }
    Ok((buffer.own(), flags.own()))
}

#[cold]
fn decode_error(th: Thread<'_>, input: &[u8], error: &DecodeError) -> Raised {
    match Bytes::new(th, input) {
        Ok(bytes) => exceptions::unicode_decode_error(
            th,
            error.encoding,
            bytes.obj(),
            error.start..error.end,
            error.reason,
        ),
        Err(raised) => raised,
    }
}

impl Decoder {
    /// The decoder of an encoding.
    pub(super) fn new(th: Thread<'_>, encoding: &str, errors: &str) -> Result<Decoder> {
        if let (Some(encoding), Some(handler)) =
            (Native::from_name(encoding), Handler::from_name(errors))
        {
            return Ok(Decoder::Native { encoding, handler, pending: RefCell::default() });
        }
        let make = codec_attribute(th, encoding, id!(th, "incrementaldecoder"))?;
        let decoder = make.call(th, &[Str::new(th, errors)?.obj()])?;
        Ok(Decoder::Object(Link::new(decoder)))
    }

    /// Decode a piece of input.
    pub(super) fn decode(&self, th: Thread<'_>, input: &[u8], last: bool) -> Result<Ref<Str>> {
        let (encoding, handler, pending) = match self {
            Decoder::Native { encoding, handler, pending } => (*encoding, *handler, pending),
            Decoder::Object(decoder) => {
                let Some(decoder) = decoder.get() else { return Str::new(th, "") };
                let input = Bytes::new(th, input)?;
                let text = decoder.call_method(
                    th,
                    id!(th, "decode"),
                    &[input.obj(), types::bool_(last)],
                )?;
                return match text.downcast::<Str>() {
                    Ok(text) => Ok(text),
                    Err(other) => raise!(
                        th,
                        TypeError,
                        "decoder should return a string result, not '{}'",
                        other.obj().type_name()
                    ),
                };
            }
        };
        let mut joined = pending.take();
        let input = if joined.is_empty() {
            input
        } else {
            joined.extend_from_slice(input);
            &joined
        };
        if input.is_ascii() {
            // SAFETY: ASCII is UTF-8.
            return Str::new(th, unsafe { std::str::from_utf8_unchecked(input) });
        }
        if encoding == Native::Utf8
            && let Ok(text) = std::str::from_utf8(input)
        {
            return Str::new(th, text);
        }
        let mut handler = handler;
        let decoded = match encoding {
            Native::Utf8 => utf8::decode(input, last, &mut handler),
            Native::Ascii => single_byte::decode_ascii(input, &mut handler),
            Native::Latin1 => {
                Ok(Decoded { text: single_byte::decode_latin1(input), consumed: input.len() })
            }
        };
        match decoded {
            Ok(decoded) => {
                let rest = input.get(decoded.consumed..).unwrap_or_default().to_vec();
                pending.replace(rest);
                Str::from_buf(th, &decoded.text)
            }
            Err(error) => Err(decode_error(th, input, &error)),
        }
    }

    /// Buffered input and flags.
    pub(super) fn state(&self, th: Thread<'_>) -> Result<(Vec<u8>, u64)> {
        match self {
            Decoder::Native { pending, .. } => Ok((pending.borrow().clone(), 0)),
            Decoder::Object(decoder) => {
                let Some(decoder) = decoder.get() else { return Ok((Vec::new(), 0)) };
                let (buffer, flags) = state_of(th, decoder.obj())?;
                let bytes =
                    buffer.obj().downcast::<Bytes>().map_or(&[][..], Bytes::as_bytes).to_vec();
                Ok((bytes, Int::index_to_u64(th, flags.obj())?))
            }
        }
    }

    /// Restore a state.
    pub(super) fn set_state(&self, th: Thread<'_>, buffer: &[u8], flags: u64) -> Result<()> {
        match self {
            Decoder::Native { pending, .. } => {
                pending.replace(buffer.to_vec());
            }
            Decoder::Object(decoder) => {
                let Some(decoder) = decoder.get() else { return Ok(()) };
                let state = (Bytes::new(th, buffer)?, flags).into_object(th)?;
                decoder.call_method(th, id!(th, "setstate"), &[state.obj()])?;
            }
        }
        Ok(())
    }

    /// Back to the initial state.
    pub(super) fn reset(&self, th: Thread<'_>) -> Result<()> {
        match self {
            Decoder::Native { pending, .. } => drop(pending.take()),
            Decoder::Object(decoder) => {
                if let Some(decoder) = decoder.get() {
                    decoder.call_method(th, id!(th, "reset"), &[])?;
                }
            }
        }
        Ok(())
    }
}

impl Encoder {
    /// The encoder of an encoding.
    pub(super) fn new(th: Thread<'_>, encoding: &str, errors: &str) -> Result<Encoder> {
        if let (Some(encoding), Some(handler)) =
            (Native::from_name(encoding), Handler::from_name(errors))
        {
            return Ok(Encoder::Native(encoding, handler));
        }
        let make = codec_attribute(th, encoding, id!(th, "incrementalencoder"))?;
        let encoder = make.call(th, &[Str::new(th, errors)?.obj()])?;
        Ok(Encoder::Object(Link::new(encoder)))
    }

    /// Encode, appending to `out`.
    pub(super) fn encode(&self, th: Thread<'_>, string: &Str, out: &mut Vec<u8>) -> Result<()> {
        let (encoding, mut handler) = match self {
            Encoder::Native(encoding, handler) => (*encoding, *handler),
            Encoder::Object(encoder) => {
                let Some(encoder) = encoder.get() else { return Ok(()) };
                let bytes = encoder.call_method(th, id!(th, "encode"), &[string.obj()])?;
                let Some(bytes) = bytes.obj().downcast::<Bytes>() else {
                    raise!(
                        th,
                        TypeError,
                        "encoder should return a bytes object, not '{}'",
                        bytes.obj().type_name()
                    );
                };
                out.extend_from_slice(bytes.as_bytes());
                return Ok(());
            }
        };
        if let Some(text) = string.as_ascii() {
            out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        let units = string.units();
        let encoded = match encoding {
            Native::Utf8 => utf8::encode(units, &mut handler),
            Native::Ascii => single_byte::encode_ascii(units, &mut handler),
            Native::Latin1 => single_byte::encode_latin1(units, &mut handler),
        };
        match encoded {
            Ok(bytes) => {
                out.extend_from_slice(&bytes);
                Ok(())
            }
            Err(error) => Err(types::str::codec::raise_encode_error(th, string, &error)),
        }
    }

    /// Whether output starts anew (`true`) or in the middle of a file: no BOM there.
    pub(super) fn set_start(&self, th: Thread<'_>, start: bool) -> Result<()> {
        let Encoder::Object(encoder) = self else { return Ok(()) };
        let Some(encoder) = encoder.get() else { return Ok(()) };
        if start {
            encoder.call_method(th, id!(th, "reset"), &[])?;
        } else {
            encoder.call_method(th, id!(th, "setstate"), &[Int::from_i64(th, 0)?.obj()])?;
        }
        Ok(())
    }
}

/// An attribute of a codec that must be a text encoding.
fn codec_attribute(th: Thread<'_>, encoding: &str, name: &Str) -> Result<Ref> {
    let info = lookup(th, encoding)?;
    info.getattr(th, name)
}

/// The codec of a text encoding.
pub(super) fn lookup(th: Thread<'_>, encoding: &str) -> Result<Ref> {
    let name = Str::new(th, encoding)?;
    let info = crate::support::import_from(th, "_codecs", "lookup")?.call(th, &[name.obj()])?;
    if let Some(is_text) = info.getattr_opt(th, id!(th, "_is_text_encoding"))?
        && !is_text.is_true(th)?
    {
        raise!(th, LookupError, "'{encoding}' is not a text encoding");
    }
    Ok(info)
}
