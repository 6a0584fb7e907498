//! `repr` and `ascii` of text and bytes.
//!
//! Single quotes, unless the text contains one and no double quote. Runs of
//! ordinary characters are copied whole.

use crate::unicode::is_printable;
use crate::{CodeUnit, TextBuf, Units, each_width, search};

/// The lower-case hexadecimal digit of the low four bits.
pub(crate) fn hex_digit(value: u32) -> u8 {
    let value = (value & 15) as u8;
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

fn quote_for(text: Units<'_>) -> u8 {
    let has = |quote: u8| search::find_char(text, u32::from(quote)).is_some();
    if has(b'\'') && !has(b'"') { b'"' } else { b'\'' }
}

/// Whether the code point stands for itself between these quotes.
fn is_plain(code: u32, quote: u8, ascii_only: bool) -> bool {
    match code {
        0x5c => false,
        0x20..0x7f => code != u32::from(quote),
        0..0x80 => false,
        _ => !ascii_only && is_printable(code),
    }
}

fn write(text: Units<'_>, ascii_only: bool, out: &mut TextBuf) {
    let quote = quote_for(text);
    out.push(u32::from(quote));
    let mut position = 0;
    let mut escape = Vec::new();
    while position < text.len() {
        let rest = text.slice(position, usize::MAX);
        let run = each_width!(rest, s => {
            s.iter().position(|unit| !is_plain(unit.code(), quote, ascii_only))
        });
        out.extend(rest.slice(0, run.unwrap_or(usize::MAX)));
        let Some(run) = run else { break };
        let Some(code) = rest.get(run) else { break };
        position += run + 1;
        escape.clear();
        put_escape(&mut escape, code);
        out.extend_latin1(&escape);
    }
    out.push(u32::from(quote));
}

fn put_escape(out: &mut Vec<u8>, code: u32) {
    match code {
        0x09 => out.extend(b"\\t"),
        0x0a => out.extend(b"\\n"),
        0x0d => out.extend(b"\\r"),
        0x22 | 0x27 | 0x5c => out.extend([b'\\', code as u8]),
        _ => crate::codecs::handlers::put_backslash(out, code),
    }
}

/// Append `repr(text)`.
pub fn repr(text: Units<'_>, out: &mut TextBuf) {
    write(text, false, out);
}

/// Append `ascii(text)`.
pub fn ascii(text: Units<'_>, out: &mut TextBuf) {
    write(text, true, out);
}

/// Append `repr(bytes)`: prefix, quotes and all. A `bytearray` puts its name and
/// parentheses around it.
pub fn bytes_repr(bytes: &[u8], out: &mut Vec<u8>) {
    let quote = quote_for(Units::Ucs1(bytes));
    out.extend([b'b', quote]);
    bytes.iter().for_each(|&byte| put_byte(out, byte, quote));
    out.push(quote);
}

/// Append one byte as inside a bytes literal with this quote.
pub(crate) fn put_byte(out: &mut Vec<u8>, byte: u8, quote: u8) {
    if byte == quote || byte == b'\\' || !matches!(byte, b' '..=b'~') {
        put_escape(out, u32::from(byte));
    } else {
        out.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes_are_cpythons() {
        let mut out = TextBuf::new();
        repr(TextBuf::from("it's\n\u{e9}\u{ad}\u{1f600}").as_units(), &mut out);
        assert_eq!(out.to_string(), "\"it's\\n\u{e9}\\xad\u{1f600}\"");
        let mut out = Vec::new();
        bytes_repr(b"'\"\x00", &mut out);
        assert_eq!(out, b"b'\\'\"\\x00'");
    }
}
