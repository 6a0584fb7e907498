//! `raw_unicode_escape`: only `\u` and `\U` are escapes.

use super::{DecodeErrors, Decoded, Decoding, handlers, hexadecimal};
use crate::Units;

/// Decode.
pub fn decode<H: DecodeErrors>(
    input: &[u8],
    last: bool,
    handler: &mut H,
) -> Result<Decoded, H::Error> {
    let mut d = Decoding::new("rawunicodeescape", input, handler);
    loop {
        let rest = d.input.get(d.position..).unwrap_or_default();
        let run = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        d.out.extend_latin1(rest.get(..run).unwrap_or_default());
        d.position += run;
        let start = d.position;
        let (count, reason) = match d.rest() {
            [] => return Ok(d.done()),
            [_] if !last => return Ok(d.done()),
            [_, b'u', ..] => (4, "truncated \\uXXXX escape"),
            [_, b'U', ..] => (8, "truncated \\UXXXXXXXX escape"),
            [_] => {
                d.out.extend_latin1(b"\\");
                d.position += 1;
                continue;
            }
            &[slash, other, ..] => {
                d.out.extend_latin1(&[slash, other]);
                d.position += 2;
                continue;
            }
        };
        let digits = d.input.get(start + 2..).unwrap_or_default();
        match hexadecimal(digits, count) {
            Ok(code) if code <= 0x10_ffff => {
                d.out.push(code);
                d.position += 2 + count;
            }
            Ok(_) => d.fail(start, start + 2 + count, "\\Uxxxxxxxx out of range")?,
            Err(found) if found == digits.len() && !last => return Ok(d.done()),
            Err(found) => d.fail(start, start + 2 + found, reason)?,
        }
    }
}

/// Encode, which cannot fail.
pub fn encode(input: Units<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    for code in input {
        match code {
            0..0x100 => out.push(code as u8),
            _ => handlers::put_backslash(&mut out, code),
        }
    }
    out
}
