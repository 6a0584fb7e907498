//! UTF-8.
//!
//! Valid text takes the fast way: [`scan`] validates and measures, [`fill`] writes
//! into a buffer of exactly the right width. [`decode`] is for input that may
//! need its error handler. Encoding borrows nothing and knows ASCII.

use super::{
    DecodeErrors, Decoded, Decoding, EncodeErrors, Encoding, Handler, is_surrogate, put_ascii,
};
use crate::{CodeUnit, TextBuf, Units, each_width};

/// The narrowest storage for a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Width {
    Ascii,
    Latin1,
    Ucs2,
    Ucs4,
}

/// Validated UTF-8 and what is needed to allocate its string.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    pub text: &'a str,
    pub width: Width,
    /// Number of code points.
    pub length: usize,
}

/// Validate and measure; `None` if there is any error.
pub fn scan(bytes: &[u8]) -> Option<Scan<'_>> {
    core::str::from_utf8(bytes).ok().map(measure)
}

/// Measure valid text.
pub fn measure(text: &str) -> Scan<'_> {
    if text.is_ascii() {
        return Scan { text, width: Width::Ascii, length: text.len() };
    }
    let width = match text.bytes().max().unwrap_or(0) {
        0xf0.. => Width::Ucs4,
        0xc4.. => Width::Ucs2,
        _ => Width::Latin1,
    };
    Scan { text, width, length: text.chars().count() }
}

/// Write the code points of `text` to `out`, as many as fit.
pub fn fill<U: CodeUnit>(text: &str, out: &mut [U]) {
    let (mut rest, mut out) = (text, out.iter_mut());
    while !rest.is_empty() {
        // PERF: runs of ASCII, which most of any text are, need no decoding.
        let ascii = rest.bytes().take_while(u8::is_ascii).zip(out.by_ref());
        let mut run = 0;
        for (byte, slot) in ascii {
            *slot = U::truncate(byte.into());
            run += 1;
        }
        rest = rest.get(run..).unwrap_or_default();
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { return };
        rest = chars.as_str();
        let Some(slot) = out.next() else { return };
        *slot = U::truncate(u32::from(c));
    }
}

/// Append valid text.
pub fn append(out: &mut TextBuf, text: &str) {
    let scan = measure(text);
    match (&mut *out, scan.width) {
        (_, Width::Ascii) => out.extend_latin1(text.as_bytes()),
        (TextBuf::Ucs1(v), Width::Latin1) => v.extend(text.chars().map(|c| c as u8)),
        (TextBuf::Ucs4(v), _) => v.extend(text.chars().map(u32::from)),
        (out, _) => text.chars().for_each(|c| out.push(u32::from(c))),
    }
}

/// Decode, asking the handler about what is not UTF-8.
pub fn decode<H: DecodeErrors>(
    input: &[u8],
    last: bool,
    handler: &mut H,
) -> Result<Decoded, H::Error> {
    let mut d = Decoding::new("utf-8", input, handler);
    // The checked prefix, usually everything, at full speed.
    let valid = match core::str::from_utf8(input) {
        Ok(text) => text,
        Err(error) => {
            let valid = input.get(..error.valid_up_to()).unwrap_or_default();
            core::str::from_utf8(valid).unwrap_or_default()
        }
    };
    append(&mut d.out, valid);
    d.position = valid.len();
    loop {
        let rest = d.input.get(d.position..).unwrap_or_default();
        let chunk = rest.utf8_chunks().next();
        let Some(chunk) = chunk else { return Ok(d.done()) };
        append(&mut d.out, chunk.valid());
        let (valid, bad) = (chunk.valid().len(), chunk.invalid().len());
        d.position += valid;
        let Some(first) = d.peek(0) else { continue };
        if bad == 0 {
            continue;
        }
        let start = d.position;
        if !matches!(first, 0xc2..=0xf4) {
            d.fail(start, start + 1, "invalid start byte")?;
        } else if start + bad == d.input.len() && is_incomplete(d.rest()) {
            if !last {
                return Ok(d.done());
            }
            d.fail(start, start + bad, "unexpected end of data")?;
        } else {
            // COMPAT: the first two bytes of an encoded surrogate are not an
            // error yet for an incremental decoder; `surrogatepass` wants all three.
            if !last && matches!(d.rest(), [0xed, 0xa0..=0xbf]) {
                return Ok(d.done());
            }
            d.fail(start, start + bad, "invalid continuation byte")?;
        }
    }
}

/// Whether the bytes start a sequence that more bytes could complete.
fn is_incomplete(bytes: &[u8]) -> bool {
    match core::str::from_utf8(bytes) {
        Ok(_) => false,
        Err(error) => error.valid_up_to() == 0 && error.error_len().is_none(),
    }
}

/// Append the encoding of one code point; surrogates are encoded like any other.
pub fn put(out: &mut Vec<u8>, code: u32) {
    let tail = |shift: u32| (code >> shift & 0x3f | 0x80) as u8;
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend([(code >> 6 | 0xc0) as u8, tail(0)]),
        0x800..0x1_0000 => out.extend([(code >> 12 | 0xe0) as u8, tail(6), tail(0)]),
        _ => out.extend([(code >> 18 & 7 | 0xf0) as u8, tail(12), tail(6), tail(0)]),
    }
}

/// Encode, asking the handler about surrogates.
pub fn encode<H: EncodeErrors>(input: Units<'_>, handler: &mut H) -> Result<Vec<u8>, H::Error> {
    if let Units::Ucs1(bytes) = input {
        if bytes.is_ascii() {
            return Ok(bytes.to_vec());
        }
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 2);
        encode_run(bytes, &mut out);
        return Ok(out);
    }
    let mut e = Encoding::new("utf-8", input, handler);
    loop {
        let start = e.position;
        let run = each_width!(input, s => {
            let rest = s.get(start..).unwrap_or_default();
            encode_run(rest, &mut e.out)
        });
        let bad = input.slice(start + run, usize::MAX);
        if bad.is_empty() {
            return Ok(e.out);
        }
        let count = bad.iter().take_while(|&c| is_surrogate(c)).count();
        let start = start + run;
        // COMPAT: `surrogateescape` by name escapes what it can before it fails;
        // the error then starts after it.
        if e.handler.builtin() == Some(Handler::SurrogateEscape) {
            let escaped = bad.iter().take_while(|code| (0xdc80..0xdd00).contains(code));
            let length = e.out.len();
            e.out.extend(escaped.map(|code| (code - 0xdc00) as u8));
            let escaped = e.out.len() - length;
            if escaped > 0 {
                e.position = start + escaped;
                continue;
            }
        }
        e.fail(start, start + count, "surrogates not allowed", 1, put_ascii)?;
    }
}

/// Encode until a surrogate; how many code points were.
///
/// PERF: through a buffer on the stack, whose size needs no check per byte.
fn encode_run<U: CodeUnit>(units: &[U], out: &mut Vec<u8>) -> usize {
    const CHUNK: usize = 64;
    let mut buffer = [0u8; 4 * CHUNK + 4];
    let mut done = 0;
    for chunk in units.chunks(CHUNK) {
        let mut used = 0;
        let mut bad = None;
        for (i, unit) in chunk.iter().enumerate() {
            let code = unit.code();
            let Some(place) = buffer.get_mut(used..).and_then(|rest| rest.first_chunk_mut::<4>())
            else {
                break;
            };
            let tail = |shift: u32| (code >> shift & 0x3f | 0x80) as u8;
            if code < 0x80 {
                place[0] = code as u8;
                used += 1;
            } else if code < 0x800 {
                [place[0], place[1]] = [(code >> 6 | 0xc0) as u8, tail(0)];
                used += 2;
            } else if is_surrogate(code) {
                bad = Some(i);
                break;
            } else if code < 0x1_0000 {
                [place[0], place[1], place[2]] = [(code >> 12 | 0xe0) as u8, tail(6), tail(0)];
                used += 3;
            } else {
                *place = [(code >> 18 & 7 | 0xf0) as u8, tail(12), tail(6), tail(0)];
                used += 4;
            }
        }
        out.extend_from_slice(buffer.get(..used).unwrap_or_default());
        if let Some(bad) = bad {
            return done + bad;
        }
        done += chunk.len();
    }
    done
}
