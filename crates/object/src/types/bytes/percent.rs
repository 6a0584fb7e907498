//! `format % arguments` for `bytes` and `bytearray`.

use std::ops::Range;

use num::percent_format::{self, Failure, Parser, Piece, Spec};

use super::shared;
use crate::{
    AsObject, Bytes, Int, Obj, Result, Thread,
    exceptions::types::{OverflowError, TypeError},
    protocol::{self, buffer::BytesLike},
    raise,
    types::{
        bytearray::ByteArray,
        str::percent::{
            Arguments, SIMPLE, is_float, render_float, render_int, simple_number, simply_formatted,
        },
    },
};

fn extend(th: Thread<'_>, out: &mut Vec<u8>, data: &[u8]) -> Result<()> {
    if out.try_reserve(data.len()).is_err() {
        return Err(th.no_memory());
    }
    out.extend_from_slice(data);
    Ok(())
}

fn fill(th: Thread<'_>, out: &mut Vec<u8>, byte: u8, count: usize) -> Result<()> {
    if out.try_reserve(count).is_err() {
        return Err(th.no_memory());
    }
    out.resize(out.len() + count, byte);
    Ok(())
}

/// The bytes of `format % arguments` where that is simple.
pub(crate) fn simple<'a>(
    format: &[u8],
    arguments: Obj<'_>,
    out: &'a mut [u8; SIMPLE],
) -> Option<&'a [u8]> {
    fn data<'a>(value: Obj<'a>) -> Option<&'a [u8]> {
        value.downcast_exact::<Bytes>().map(Bytes::as_bytes)
    }
    simply_formatted(format, arguments, data, false, out)
}

/// The bytes of `format % arguments`.
pub(crate) fn format(th: Thread<'_>, format: &[u8], arguments: Obj<'_>) -> Result<Vec<u8>> {
    let make_key = |range: Range<usize>| {
        Bytes::new(th, format.get(range).unwrap_or_default()).map(crate::Ref::upcast)
    };
    let mut arguments = Arguments::new(th, arguments, false, &make_key);
    let mut parser = Parser::new(format);
    let mut out = Vec::new();
    if out.try_reserve(format.len() + 14).is_err() {
        return Err(th.no_memory());
    }
    while let Some(piece) = parser.next(&mut arguments) {
        let spec = match piece {
            Ok(Piece::Literal(range)) => {
                extend(th, &mut out, format.get(range).unwrap_or_default())?;
                continue;
            }
            Ok(Piece::Conversion(spec)) => spec,
            Err(Failure::Arguments(raised)) => return Err(raised),
            Err(Failure::Format(error)) => {
                raise!(th, ValueError, "{}", error.bytes_message())
            }
        };
        let value = arguments.next()?;
        convert(th, &spec, value.obj(), &mut out)?;
    }
    arguments.finish("bytes")?;
    Ok(out)
}

fn convert(th: Thread<'_>, spec: &Spec, value: Obj<'_>, out: &mut Vec<u8>) -> Result<()> {
    let conversion = u8::try_from(spec.conversion).unwrap_or(0);
    let owner;
    let buffer;
    let ascii;
    let one;
    let data: &[u8] = match conversion {
        b's' | b'b' => {
            if let Some(bytes) = value.downcast::<Bytes>() {
                bytes.as_bytes()
            } else if let Some(bytes) = shared::from_dunder(th, value)? {
                owner = bytes;
                owner.as_bytes()
            } else if let Some(bytes) = BytesLike::try_get(th, value)? {
                buffer = bytes;
                &buffer
            } else {
                raise!(
                    th,
                    TypeError,
                    "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
                    value.type_name()
                );
            }
        }
        b'r' | b'a' => {
            ascii = protocol::text::ascii(th, value)?;
            ascii.storage()
        }
        b'c' => {
            one = [character(th, value)?];
            &one
        }
        _ => {
            if let Some(text) = simple_number(spec, value) {
                return extend(th, out, text.as_bytes());
            }
            let rendered = if let Some(base) = percent_format::int_base(spec.conversion) {
                render_int(th, spec, base, value)?
            } else if is_float(spec.conversion) {
                match render_float(th, spec, value) {
                    Ok(rendered) => rendered,
                    Err(raised) => {
                        th.catch(raised, TypeError())?;
                        raise!(th, TypeError, "float argument required, not {}", value.type_name());
                    }
                }
            } else {
                raise!(th, ValueError, "{}", spec.unsupported().bytes_message());
            };
            let pad = rendered.fill as u8;
            fill(th, out, pad, rendered.left)?;
            extend(th, out, rendered.head.as_bytes())?;
            fill(th, out, pad, rendered.inner)?;
            extend(th, out, rendered.body.as_bytes())?;
            return fill(th, out, pad, rendered.right);
        }
    };
    let (kept, left, right) = percent_format::format_text(spec, data.len());
    fill(th, out, b' ', left)?;
    extend(th, out, data.get(..kept).unwrap_or(data))?;
    fill(th, out, b' ', right)
}

fn character(th: Thread<'_>, value: Obj<'_>) -> Result<u8> {
    let data = if let Some(bytes) = value.downcast::<Bytes>() {
        Some(bytes.as_bytes())
    } else {
        value.downcast::<ByteArray>().map(shared::ByteString::data)
    };
    if let Some(data) = data {
        return match *data {
            [byte] => Ok(byte),
            _ => raise!(
                th,
                TypeError,
                "%c requires an integer in range(256) or a single byte, not a {} object of length {}",
                value.type_name(),
                data.len()
            ),
        };
    }
    match Int::index_to_i64(th, value) {
        Ok(code) => match u8::try_from(code) {
            Ok(byte) => Ok(byte),
            Err(_) => raise!(th, OverflowError, "%c arg not in range(256)"),
        },
        Err(raised) if th.exception_matches(OverflowError()) => {
            th.clear_exception(raised);
            raise!(th, OverflowError, "%c arg not in range(256)")
        }
        Err(raised) => {
            th.catch(raised, TypeError())?;
            raise!(
                th,
                TypeError,
                "%c requires an integer in range(256) or a single byte, not {}",
                value.ty().shown_name(th)?
            )
        }
    }
}
