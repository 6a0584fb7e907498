//! The escapes of bytes literals: `codecs.escape_decode` and `escape_encode`.

use super::hexadecimal;
use super::unicode_escape::InvalidEscape;

/// Why bytes could not be unescaped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EscapeError {
    /// `Trailing \ in string`
    TrailingBackslash,
    /// `invalid \x escape at position N`
    InvalidHex(usize),
}

/// What to do about an invalid `\x`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnInvalidHex {
    Strict,
    Replace,
    Ignore,
}

/// Decode; also answers the first invalid escape, which the caller warns about.
pub fn decode(
    input: &[u8],
    on_invalid: OnInvalidHex,
) -> Result<(Vec<u8>, Option<InvalidEscape>), EscapeError> {
    let mut out = Vec::with_capacity(input.len());
    let mut invalid = None;
    let mut position = 0;
    loop {
        let rest = input.get(position..).unwrap_or_default();
        let run = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        out.extend_from_slice(rest.get(..run).unwrap_or_default());
        position += run;
        if position >= input.len() {
            return Ok((out, invalid));
        }
        position += 1;
        let Some(&kind) = input.get(position) else { return Err(EscapeError::TrailingBackslash) };
        let start = position;
        position += 1;
        let byte = match kind {
            b'\n' => continue,
            b'\\' | b'\'' | b'"' => kind,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'r' => b'\r',
            b'f' => 12,
            b'v' => 11,
            b'a' => 7,
            b'0'..=b'7' => {
                let digits = input.get(start..).unwrap_or_default().iter().take(3);
                let mut code = 0;
                position = start;
                for digit in digits.take_while(|b| matches!(b, b'0'..=b'7')) {
                    code = code << 3 | u32::from(digit - b'0');
                    position += 1;
                }
                if code > 0xff {
                    invalid.get_or_insert(InvalidEscape { position: start, code });
                }
                code as u8
            }
            b'x' => match (hexadecimal(input.get(position..).unwrap_or_default(), 2), on_invalid) {
                (Ok(code), _) => {
                    position += 2;
                    code as u8
                }
                (Err(_), OnInvalidHex::Strict) => {
                    return Err(EscapeError::InvalidHex(start - 1));
                }
                (Err(digits), mode) => {
                    position += digits;
                    if mode == OnInvalidHex::Ignore {
                        continue;
                    }
                    b'?'
                }
            },
            other => {
                let code = u32::from(other);
                invalid.get_or_insert(InvalidEscape { position: start, code });
                out.push(b'\\');
                other
            }
        };
        out.push(byte);
    }
}

/// Encode: the inside of a bytes literal in single quotes.
pub fn encode(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    input.iter().for_each(|&byte| crate::repr::put_byte(&mut out, byte, b'\''));
    out
}
