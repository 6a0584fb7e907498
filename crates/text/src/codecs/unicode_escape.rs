//! The escapes of string literals: `unicode_escape`.

use super::{DecodeErrors, Decoded, Decoding, hexadecimal};
use crate::unicode::{Database, Found, lookup};
use crate::{TextBuf, Units};

/// An escape that is kept but deserves a warning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidEscape {
    /// Index of the byte after the backslash.
    pub position: usize,
    /// That byte; or the value, above 0xff, of an octal escape.
    pub code: u32,
}

/// Decode; also answers the first invalid escape, which the caller warns about.
pub fn decode<H: DecodeErrors>(
    input: &[u8],
    last: bool,
    handler: &mut H,
) -> Result<(Decoded, Option<InvalidEscape>), H::Error> {
    let mut d = Decoding::new("unicodeescape", input, handler);
    let mut invalid = None;
    loop {
        let rest = d.input.get(d.position..).unwrap_or_default();
        let run = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        d.out.extend_latin1(rest.get(..run).unwrap_or_default());
        d.position += run;
        let start = d.position;
        if start >= d.input.len() {
            return Ok((d.done(), invalid));
        }
        match escape(d.input.get(start + 1..).unwrap_or_default(), &mut d.out) {
            Escape::Done(length) => d.position += 1 + length,
            Escape::Invalid { length, code } => {
                d.position += 1 + length;
                invalid.get_or_insert(InvalidEscape { position: start + 1, code });
            }
            Escape::Incomplete(_, _) if !last => return Ok((d.done(), invalid)),
            Escape::Incomplete(length, reason) | Escape::Error(length, reason) => {
                d.fail(start, start + 1 + length, reason)?;
            }
        }
    }
}

/// What an escape turned out to be, and its length without the backslash.
enum Escape {
    Done(usize),
    Invalid { length: usize, code: u32 },
    Incomplete(usize, &'static str),
    Error(usize, &'static str),
}

fn escape(rest: &[u8], out: &mut TextBuf) -> Escape {
    let Some(&kind) = rest.first() else {
        return Escape::Incomplete(0, "\\ at end of string");
    };
    let code = match kind {
        b'\n' => return Escape::Done(1),
        b'\\' | b'\'' | b'"' => kind,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'r' => b'\r',
        b'f' => 12,
        b'v' => 11,
        b'a' => 7,
        b'0'..=b'7' => return octal(rest, out),
        b'x' => return hex(rest, 2, "truncated \\xXX escape", out),
        b'u' => return hex(rest, 4, "truncated \\uXXXX escape", out),
        b'U' => return hex(rest, 8, "truncated \\UXXXXXXXX escape", out),
        b'N' => return named(rest, out),
        _ => {
            out.push(u32::from(b'\\'));
            out.push(u32::from(kind));
            return Escape::Invalid { length: 1, code: u32::from(kind) };
        }
    };
    out.push(u32::from(code));
    Escape::Done(1)
}

fn octal(rest: &[u8], out: &mut TextBuf) -> Escape {
    let digits = rest.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7'));
    let (length, code) =
        digits.fold((0, 0), |(n, code), &b| (n + 1, code << 3 | u32::from(b - b'0')));
    out.push(code);
    if code > 0xff { Escape::Invalid { length, code } } else { Escape::Done(length) }
}

fn hex(rest: &[u8], count: usize, reason: &'static str, out: &mut TextBuf) -> Escape {
    let digits = rest.get(1..).unwrap_or_default();
    match hexadecimal(digits, count) {
        Ok(code) if code > 0x10_ffff => Escape::Error(1 + count, "illegal Unicode character"),
        Ok(code) => {
            out.push(code);
            Escape::Done(1 + count)
        }
        Err(found) if found == digits.len() => Escape::Incomplete(1 + found, reason),
        Err(found) => Escape::Error(1 + found, reason),
    }
}

fn named(rest: &[u8], out: &mut TextBuf) -> Escape {
    let malformed = "malformed \\N character escape";
    match rest.get(1) {
        None => return Escape::Incomplete(1, malformed),
        Some(b'{') => {}
        Some(_) => return Escape::Error(1, malformed),
    }
    let name = rest.get(2..).unwrap_or_default();
    let Some(end) = memchr::memchr(b'}', name) else {
        return Escape::Incomplete(rest.len(), malformed);
    };
    if end == 0 {
        return Escape::Error(2, malformed);
    }
    let name = name.get(..end).unwrap_or_default();
    match lookup(Database::Current, name, false) {
        Some(Found::Character(code)) => {
            out.push(code);
            Escape::Done(end + 3)
        }
        _ => Escape::Error(end + 3, "unknown Unicode character name"),
    }
}

/// Encode, which cannot fail.
pub fn encode(input: Units<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    for code in input {
        match code {
            0x09 => out.extend(b"\\t"),
            0x0a => out.extend(b"\\n"),
            0x0d => out.extend(b"\\r"),
            0x5c => out.extend(b"\\\\"),
            0x20..0x7f => out.push(code as u8),
            _ => super::handlers::put_backslash(&mut out, code),
        }
    }
    out
}
