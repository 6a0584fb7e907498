//! UTF-16 with and without byte order mark.

use super::{DecodeErrors, Decoded, Decoding, EncodeErrors, Encoding, is_surrogate};
use crate::Units;

/// Byte order of UTF-16 and UTF-32.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteOrder {
    /// Native order; a byte order mark is read and written.
    Native,
    Little,
    Big,
}

impl ByteOrder {
    /// As CPython's codecs number it: -1 little, 0 native, 1 big.
    pub fn from_number(number: i32) -> ByteOrder {
        match number {
            0 => ByteOrder::Native,
            1.. => ByteOrder::Big,
            _ => ByteOrder::Little,
        }
    }

    /// The inverse of [`ByteOrder::from_number`].
    pub fn number(self) -> i32 {
        match self {
            ByteOrder::Native => 0,
            ByteOrder::Little => -1,
            ByteOrder::Big => 1,
        }
    }

    /// Whether the most significant byte comes first.
    pub(super) fn is_big(self) -> bool {
        self == ByteOrder::Big || self == ByteOrder::Native && cfg!(target_endian = "big")
    }
}

/// Decode; also answers the byte order a mark revealed.
pub fn decode<H: DecodeErrors>(
    input: &[u8],
    order: ByteOrder,
    last: bool,
    handler: &mut H,
) -> Result<(Decoded, ByteOrder), H::Error> {
    let (order, skip) = match (order, input) {
        (ByteOrder::Native, [0xff, 0xfe, ..]) => (ByteOrder::Little, 2),
        (ByteOrder::Native, [0xfe, 0xff, ..]) => (ByteOrder::Big, 2),
        _ => (order, 0),
    };
    let big = order.is_big();
    let name = if big { "utf-16-be" } else { "utf-16-le" };
    let mut d = Decoding::new(name, input, handler);
    d.position = skip;
    let unit = |d: &Decoding<'_, '_, H>, offset: usize| {
        let pair = [d.peek(offset)?, d.peek(offset + 1)?];
        Some(u32::from(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }))
    };
    loop {
        let (start, end) = (d.position, d.input.len());
        let Some(first) = unit(&d, 0) else {
            if start >= end || !last {
                return Ok((d.done(), order));
            }
            d.fail(start, end, "truncated data")?;
            continue;
        };
        if !is_surrogate(first) {
            d.out.push(first);
            d.position += 2;
        } else if first >= 0xdc00 {
            d.fail(start, start + 2, "illegal encoding")?;
        } else {
            match unit(&d, 2) {
                Some(second @ 0xdc00..0xe000) => {
                    d.out.push(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                    d.position += 4;
                }
                Some(_) => d.fail(start, start + 2, "illegal UTF-16 surrogate")?,
                None if last => d.fail(start, end, "unexpected end of data")?,
                None => return Ok((d.done(), order)),
            }
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
        ByteOrder::Native => "utf-16",
        ByteOrder::Little => "utf-16-le",
        ByteOrder::Big => "utf-16-be",
    };
    let big = order.is_big();
    let put_unit = |out: &mut Vec<u8>, unit: u32| {
        let unit = unit as u16;
        out.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
    };
    if let Some(plain) = encode_plain(input, order) {
        return Ok(plain);
    }
    let mut e = Encoding::new(name, input, handler);
    if order == ByteOrder::Native {
        put_unit(&mut e.out, 0xfeff);
    }
    while let Some(code) = input.get(e.position) {
        let start = e.position;
        if is_surrogate(code) {
            e.fail(start, start + 1, "surrogates not allowed", 2, |out, code| {
                put_unit(out, code);
                code < 128
            })?;
            continue;
        }
        if let Some(high) = code.checked_sub(0x1_0000) {
            put_unit(&mut e.out, 0xd800 + (high >> 10));
            put_unit(&mut e.out, 0xdc00 + (high & 0x3ff));
        } else {
            put_unit(&mut e.out, code);
        }
        e.position += 1;
    }
    Ok(e.out)
}

/// The encoding of a text where every code point is a unit of its own.
fn encode_plain(input: Units<'_>, order: ByteOrder) -> Option<Vec<u8>> {
    let big = order.is_big();
    let pair = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    let mut pairs = Vec::with_capacity(input.len() + 1);
    if order == ByteOrder::Native {
        pairs.push(pair(0xfeff));
    }
    match input {
        Units::Ucs1(s) => pairs.extend(s.iter().map(|&unit| pair(unit.into()))),
        Units::Ucs2(s) => {
            // PERF: without a branch, so that it vectorises.
            if s.iter().fold(false, |any, &unit| any | (unit & 0xf800 == 0xd800)) {
                return None;
            }
            pairs.extend(s.iter().map(|&unit| pair(unit)));
        }
        Units::Ucs4(_) => return None,
    }
    Some(pairs.into_flattened())
}
