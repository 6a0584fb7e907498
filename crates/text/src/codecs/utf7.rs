//! UTF-7 (RFC 2152).

use super::{DecodeErrors, Decoded, Decoding};
use crate::{TextBuf, Units};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

fn is_direct(code: u32) -> bool {
    match u8::try_from(code) {
        Ok(b'+' | b'\\' | b'~') => false,
        Ok(b'\t' | b'\n' | b'\r' | b' '..=b'}') => true,
        _ => false,
    }
}

/// A base64 run being read.
#[derive(Default)]
struct Shift {
    bits: u32,
    buffer: u32,
    /// A high surrogate waiting for its other half.
    surrogate: Option<u32>,
}

impl Shift {
    fn read(&mut self, value: u32, out: &mut TextBuf) {
        self.buffer = self.buffer << 6 | value;
        self.bits += 6;
        if self.bits < 16 {
            return;
        }
        self.bits -= 16;
        let unit = self.buffer >> self.bits & 0xffff;
        self.buffer &= (1 << self.bits) - 1;
        match (self.surrogate.take(), unit) {
            (Some(high), 0xdc00..0xe000) => {
                out.push(0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
                return;
            }
            (Some(high), _) => out.push(high),
            (None, _) => {}
        }
        if (0xd800..0xdc00).contains(&unit) {
            self.surrogate = Some(unit);
        } else {
            out.push(unit);
        }
    }
}

/// Decode.
pub fn decode<H: DecodeErrors>(
    input: &[u8],
    last: bool,
    handler: &mut H,
) -> Result<Decoded, H::Error> {
    let mut d = Decoding::new("utf7", input, handler);
    let mut shift: Option<Shift> = None;
    // Where the current run began, in the input and in the output.
    let (mut start, mut start_out) = (0, 0);
    loop {
        let Some(byte) = d.peek(0) else {
            let Some(run) = shift.take() else { return Ok(d.done()) };
            if !last {
                let text = d.out.as_units().slice(0, start_out).to_buf();
                return Ok(Decoded { text, consumed: start });
            }
            if run.surrogate.is_some() || run.bits >= 6 || run.bits > 0 && run.buffer != 0 {
                d.fail(start, d.input.len(), "unterminated shift sequence")?;
                if d.position < d.input.len() {
                    continue;
                }
            }
            return Ok(d.done());
        };
        if let Some(run) = &mut shift {
            if let Some(value) = sextet(byte) {
                d.position += 1;
                run.read(value, &mut d.out);
                continue;
            }
            let reason = match run {
                Shift { bits: 6.., .. } => Some("partial character in shift sequence"),
                Shift { bits: 1.., buffer: 1.., .. } => {
                    Some("non-zero padding bits in shift sequence")
                }
                _ => None,
            };
            let surrogate = run.surrogate;
            shift = None;
            if let Some(reason) = reason {
                d.fail(start, d.position + 1, reason)?;
                continue;
            }
            if let Some(surrogate) = surrogate.filter(|_| byte < 128 && byte != b'+') {
                d.out.push(surrogate);
            }
            if byte == b'-' {
                d.position += 1;
            }
        } else if byte == b'+' {
            start = d.position;
            d.position += 1;
            match d.peek(0) {
                Some(b'-') => {
                    d.position += 1;
                    d.out.push(u32::from(b'+'));
                }
                Some(next) if sextet(next).is_none() => {
                    d.fail(start, d.position + 1, "ill-formed sequence")?;
                }
                _ => {
                    shift = Some(Shift::default());
                    start_out = d.out.len();
                }
            }
        } else if byte < 128 {
            d.position += 1;
            d.out.push(u32::from(byte));
        } else {
            start = d.position;
            d.fail(start, start + 1, "unexpected special character")?;
        }
    }
}

/// Encode, which cannot fail.
pub fn encode(input: Units<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let (mut shifted, mut bits, mut buffer) = (false, 0, 0u32);
    let letter = |value: u32| ALPHABET.get((value & 63) as usize).copied().unwrap_or(b'A');
    for code in input {
        if is_direct(code) {
            if shifted {
                if bits > 0 {
                    out.push(letter(buffer << (6 - bits)));
                }
                (shifted, bits, buffer) = (false, 0, 0);
                if sextet(code as u8).is_some() || code == u32::from(b'-') {
                    out.push(b'-');
                }
            }
            out.push(code as u8);
            continue;
        }
        if !shifted {
            if code == u32::from(b'+') {
                out.extend(b"+-");
                continue;
            }
            out.push(b'+');
            shifted = true;
        }
        let mut units = [None, Some(code)];
        if let Some(high) = code.checked_sub(0x1_0000) {
            units = [Some(0xd800 + (high >> 10)), Some(0xdc00 + (high & 0x3ff))];
        }
        for unit in units.into_iter().flatten() {
            buffer = buffer << 16 | unit;
            bits += 16;
            while bits >= 6 {
                bits -= 6;
                out.push(letter(buffer >> bits));
            }
        }
    }
    if bits > 0 {
        out.push(letter(buffer << (6 - bits)));
    }
    if shifted {
        out.push(b'-');
    }
    out
}
