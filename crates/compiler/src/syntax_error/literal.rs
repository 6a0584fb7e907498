//! String literals that no value can be made of.

use text::unicode::character;

use super::{Found, Source, tokenizer::Kind};

/// The error of a token that is a string or literal text of an f-string.
pub(super) fn wrong(source: &Source<'_>, at: usize) -> Option<Found> {
    let token = source.tokens.get(at)?;
    let text = source.of(token);
    let message = match token.kind {
        Kind::InterpolatedMiddle if !source.is_raw(at) => bad_escape(text)?,
        Kind::Str => {
            let quote = text.find(['"', '\''])?;
            let (prefix, body) = (text[..quote].to_ascii_lowercase(), text.get(quote..)?);
            let size = if body.starts_with("\"\"\"") || body.starts_with("'''") { 3 } else { 1 };
            let body = body.get(size..body.len().checked_sub(size)?)?;
            let bytes = prefix.contains('b');
            if bytes && !text.is_ascii() {
                "bytes can only contain ASCII literal characters".to_owned()
            } else if prefix.contains('r') {
                return None;
            } else if bytes {
                let position = bad_byte(body)?;
                format!("(value error) invalid \\x escape at position {position}")
            } else {
                bad_escape(body)?
            }
        }
        _ => return None,
    };
    Some(Found::new(token.start, token.end, message))
}

/// Where a `\x` without two digits is in a bytes literal.
fn bad_byte(body: &str) -> Option<usize> {
    let bytes = body.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'\\') {
        at += found;
        let digits = |from: usize| bytes.get(from).is_some_and(u8::is_ascii_hexdigit);
        if bytes.get(at + 1) == Some(&b'x') && !(digits(at + 2) && digits(at + 3)) {
            return Some(at);
        }
        at += 2;
    }
    None
}

/// What the codec says about the first escape that it cannot decode. Before it
/// sees the text, other than ASCII characters were made `\UXXXXXXXX`.
fn bad_escape(body: &str) -> Option<String> {
    let mut position = 0;
    let mut rest = body;
    loop {
        let c = rest.chars().next()?;
        if c != '\\' {
            position += if c.is_ascii() { 1 } else { 10 };
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let escape = rest[1..].chars().next()?;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'N' => {
                let close = rest.find('}');
                let malformed = !rest[2..].starts_with('{') || close.is_none() || close == Some(3);
                let end = match (malformed, close) {
                    (false, Some(close)) if character(&rest[3..close]).is_some() => {
                        position += close + 1;
                        rest = &rest[close + 1..];
                        continue;
                    }
                    (false, Some(close)) => position + close,
                    _ if !rest[2..].starts_with('{') => position + 1,
                    (true, Some(3)) => position + 2,
                    _ => position + close.unwrap_or(rest.len() - 1),
                };
                let what = if malformed {
                    "malformed \\N character escape"
                } else {
                    "unknown Unicode character name"
                };
                return Some(unicode_error(position, end, what));
            }
            _ => {
                position += 1 + if escape.is_ascii() { 1 } else { 10 };
                rest = &rest[1 + escape.len_utf8()..];
                continue;
            }
        };
        let found = rest[2..].bytes().take(digits).take_while(u8::is_ascii_hexdigit).count();
        if found < digits {
            let what = format!("truncated \\{escape}{} escape", "X".repeat(digits));
            return Some(unicode_error(position, position + 1 + found, &what));
        }
        let value = u32::from_str_radix(&rest[2..2 + digits], 16).unwrap_or(0);
        if value > 0x10_FFFF {
            return Some(unicode_error(
                position,
                position + 1 + digits,
                "illegal Unicode character",
            ));
        }
        position += 2 + digits;
        rest = &rest[2 + digits..];
    }
}

fn unicode_error(start: usize, end: usize, what: &str) -> String {
    format!(
        "(unicode error) 'unicodeescape' codec can't decode bytes in position {start}-{end}: {what}"
    )
}
