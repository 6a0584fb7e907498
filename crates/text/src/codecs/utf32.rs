//! UTF-32 with and without byte order mark.

use super::utf16::ByteOrder;
use super::{DecodeErrors, Decoded, Decoding, EncodeErrors, Encoding, is_surrogate};
use crate::Units;

/// Decode; also answers the byte order a mark revealed.
pub fn decode<H: DecodeErrors>(
    input: &[u8],
    order: ByteOrder,
    last: bool,
    handler: &mut H,
) -> Result<(Decoded, ByteOrder), H::Error> {
    let (order, skip) = match (order, input) {
        (ByteOrder::Native, [0xff, 0xfe, 0, 0, ..]) => (ByteOrder::Little, 4),
        (ByteOrder::Native, [0, 0, 0xfe, 0xff, ..]) => (ByteOrder::Big, 4),
        _ => (order, 0),
    };
    let big = order.is_big();
    let name = if big { "utf-32-be" } else { "utf-32-le" };
    let mut d = Decoding::new(name, input, handler);
    d.position = skip;
    loop {
        let (start, end) = (d.position, d.input.len());
        let Some(&unit) = d.rest().first_chunk::<4>() else {
            if start >= end || !last {
                return Ok((d.done(), order));
            }
            d.fail(start, end, "truncated data")?;
            continue;
        };
        let code = if big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
        if is_surrogate(code) {
            let reason = "code point in surrogate code point range(0xd800, 0xe000)";
            d.fail(start, start + 4, reason)?;
        } else if code > 0x10_ffff {
            d.fail(start, start + 4, "code point not in range(0x110000)")?;
        } else {
            d.out.push(code);
            d.position += 4;
        }
    }
}

/// Encode; the native order starts with a byte order mark.
pub fn encode<H: EncodeErrors>(
    input: Units<'_>,
    order: ByteOrder,
    handler: &mut H,
) -> Result<Vec<u8>, H::Error> {
    let name = match order {
        ByteOrder::Native => "utf-32",
        ByteOrder::Little => "utf-32-le",
        ByteOrder::Big => "utf-32-be",
    };
    let big = order.is_big();
    let put = |out: &mut Vec<u8>, code: u32| {
        out.extend(if big { code.to_be_bytes() } else { code.to_le_bytes() });
    };
    let mut e = Encoding::new(name, input, handler);
    if order == ByteOrder::Native {
        put(&mut e.out, 0xfeff);
    }
    while let Some(code) = input.get(e.position) {
        let start = e.position;
        if is_surrogate(code) {
            e.fail(start, start + 1, "surrogates not allowed", 4, |out, code| {
                put(out, code);
                code < 128
            })?;
            continue;
        }
        put(&mut e.out, code);
        e.position += 1;
    }
    Ok(e.out)
}
