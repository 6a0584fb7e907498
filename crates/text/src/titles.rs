//! Case conversion and classification of whole texts.
//!
//! Text follows Unicode, bytes follow ASCII. ASCII text never reaches the tables.

use crate::unicode::{
    self, Mapping, fold, is_cased, is_lower, is_title, is_upper, lower_at, title, upper,
};
use crate::{CodeUnit, TextBuf, Units, each_width};

fn ascii(text: Units<'_>) -> Option<&[u8]> {
    match text {
        Units::Ucs1(s) if s.is_ascii() => Some(s),
        _ => None,
    }
}

fn convert(text: Units<'_>, mut mapping: impl FnMut(usize, u32) -> Mapping) -> TextBuf {
    const CHUNK: usize = 64;
    let mut out = TextBuf::with_capacity(text.len());
    // PERF: the width of the result is looked at once a chunk.
    let (mut chunk, mut used) = ([0u32; CHUNK], 0);
    each_width!(text, s => for (i, unit) in s.iter().enumerate() {
        match mapping(i, unit.code()) {
            Mapping::One(code) if used < CHUNK => {
                chunk[used] = code;
                used += 1;
            }
            codes => {
                out.extend(Units::Ucs4(chunk.get(..used).unwrap_or_default()));
                used = 0;
                codes.for_each(|code| out.push(code));
            }
        }
    });
    out.extend(Units::Ucs4(chunk.get(..used).unwrap_or_default()));
    out
}

/// `text` with each code point mapped by itself, if all stay in the width of the text.
///
/// PERF: what most texts do; they are written once, unit by unit.
fn convert_in_width(
    text: Units<'_>,
    ascii: impl Fn(u8) -> u8,
    mapping: impl Fn(usize, u32) -> Mapping,
) -> Option<TextBuf> {
    fn units<U: CodeUnit>(
        text: &[U],
        ascii: impl Fn(u8) -> u8,
        mapping: impl Fn(usize, u32) -> Mapping,
    ) -> Option<Vec<U>> {
        let mut out = Vec::with_capacity(text.len());
        for (i, unit) in text.iter().enumerate() {
            let code = unit.code();
            out.push(if code < 128 {
                U::truncate(ascii(code as u8).into())
            } else if let Mapping::One(code) = mapping(i, code) {
                U::from_code(code)?
            } else {
                return None;
            });
        }
        Some(out)
    }
    match text {
        Units::Ucs1(s) => units(s, ascii, mapping).map(TextBuf::Ucs1),
        Units::Ucs2(s) => units(s, ascii, mapping).map(TextBuf::Ucs2),
        Units::Ucs4(s) => units(s, ascii, mapping).map(TextBuf::Ucs4),
    }
}

/// `str.lower`.
pub fn lower(text: Units<'_>) -> TextBuf {
    match ascii(text) {
        Some(s) => TextBuf::Ucs1(s.to_ascii_lowercase()),
        None => {
            let mapping = |i, code| lower_at(text, i, code);
            convert_in_width(text, |byte| byte.to_ascii_lowercase(), mapping)
                .unwrap_or_else(|| convert(text, mapping))
        }
    }
}

/// `str.upper`.
pub fn to_upper(text: Units<'_>) -> TextBuf {
    match ascii(text) {
        Some(s) => TextBuf::Ucs1(s.to_ascii_uppercase()),
        None => {
            let mapping = |_, code| upper(code);
            convert_in_width(text, |byte| byte.to_ascii_uppercase(), mapping)
                .unwrap_or_else(|| convert(text, mapping))
        }
    }
}

/// `str.casefold`.
pub fn casefold(text: Units<'_>) -> TextBuf {
    match ascii(text) {
        Some(s) => TextBuf::Ucs1(s.to_ascii_lowercase()),
        None => {
            let mapping = |_, code| fold(code);
            convert_in_width(text, |byte| byte.to_ascii_lowercase(), mapping)
                .unwrap_or_else(|| convert(text, mapping))
        }
    }
}

/// `str.title`.
pub fn to_title(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Ucs1(bytes_title(s));
    }
    let mut previous_is_cased = false;
    convert(text, |i, code| {
        let mapping = if previous_is_cased { lower_at(text, i, code) } else { title(code) };
        previous_is_cased = is_cased(code);
        mapping
    })
}

/// `str.capitalize`.
pub fn capitalize(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Ucs1(bytes_capitalize(s));
    }
    convert(text, |i, code| if i == 0 { title(code) } else { lower_at(text, i, code) })
}

/// `str.swapcase`.
pub fn swapcase(text: Units<'_>) -> TextBuf {
    if let Some(s) = ascii(text) {
        return TextBuf::Ucs1(bytes_swapcase(s));
    }
    convert(text, |i, code| match code {
        _ if is_upper(code) => lower_at(text, i, code),
        _ if is_lower(code) => upper(code),
        _ => Mapping::One(code),
    })
}

/// `str.islower`.
pub fn is_lower_text(text: Units<'_>) -> bool {
    let mut cased = false;
    text.iter().all(|code| {
        cased |= is_lower(code);
        !is_upper(code) && !is_title(code)
    }) && cased
}

/// `str.isupper`.
pub fn is_upper_text(text: Units<'_>) -> bool {
    let mut cased = false;
    text.iter().all(|code| {
        cased |= is_upper(code);
        !is_lower(code) && !is_title(code)
    }) && cased
}

/// `str.istitle`.
pub fn is_title_text(text: Units<'_>) -> bool {
    let (mut cased, mut previous_is_cased) = (false, false);
    text.iter().all(|code| {
        let starts = is_upper(code) || is_title(code);
        let follows = !starts && is_lower(code);
        let fits = !(starts && previous_is_cased || follows && !previous_is_cased);
        previous_is_cased = starts || follows;
        cased |= previous_is_cased;
        fits
    }) && cased
}

/// Whether there is text and `test` accepts all of it: `isalpha` and its kin.
pub fn all(text: Units<'_>, test: impl Fn(u32) -> bool) -> bool {
    !text.is_empty() && each_width!(text, s => s.iter().all(|unit| test(unit.code())))
}

/// `str.isidentifier`.
pub fn is_identifier(text: Units<'_>) -> bool {
    text.get(0).is_some_and(unicode::is_xid_start)
        && text.slice(1, usize::MAX).iter().all(unicode::is_xid_continue)
}

/// `bytes.title`.
pub fn bytes_title(bytes: &[u8]) -> Vec<u8> {
    let mut previous = false;
    let convert = |&byte: &u8| {
        let converted =
            if previous { byte.to_ascii_lowercase() } else { byte.to_ascii_uppercase() };
        previous = byte.is_ascii_alphabetic();
        converted
    };
    bytes.iter().map(convert).collect()
}

/// `bytes.capitalize`.
pub fn bytes_capitalize(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_ascii_lowercase();
    if let Some(first) = out.first_mut() {
        first.make_ascii_uppercase();
    }
    out
}

/// `bytes.swapcase`.
pub fn bytes_swapcase(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { b }).collect()
}

/// `bytes.islower`.
pub fn bytes_is_lower(bytes: &[u8]) -> bool {
    bytes.iter().any(u8::is_ascii_lowercase) && !bytes.iter().any(u8::is_ascii_uppercase)
}

/// `bytes.isupper`.
pub fn bytes_is_upper(bytes: &[u8]) -> bool {
    bytes.iter().any(u8::is_ascii_uppercase) && !bytes.iter().any(u8::is_ascii_lowercase)
}

/// `bytes.istitle`.
pub fn bytes_is_title(bytes: &[u8]) -> bool {
    let (mut cased, mut previous) = (false, false);
    bytes.iter().all(|byte| {
        let fits = match (byte.is_ascii_uppercase(), byte.is_ascii_lowercase()) {
            (true, _) => !previous,
            (_, true) => previous,
            _ => true,
        };
        previous = byte.is_ascii_alphabetic();
        cased |= previous;
        fits
    }) && cased
}
