//! The builtin error handlers as pure functions.
//!
//! [`Handler`] also serves as a handler for codecs called without objects: its
//! failures are the errors themselves.

use super::{
    DecodeError, DecodeErrors, DecodeResume, EncodeError, EncodeErrors, EncodeResume, Replacement,
    is_surrogate,
};
use crate::unicode::{Database, name};
use crate::{TextBuf, Units};

/// A builtin error handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handler {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    XmlCharRefReplace,
    NameReplace,
    SurrogateEscape,
    SurrogatePass,
}

impl Handler {
    /// The handler registered under `name`.
    pub fn from_name(name: &str) -> Option<Handler> {
        Some(match name {
            "strict" => Handler::Strict,
            "ignore" => Handler::Ignore,
            "replace" => Handler::Replace,
            "backslashreplace" => Handler::BackslashReplace,
            "xmlcharrefreplace" => Handler::XmlCharRefReplace,
            "namereplace" => Handler::NameReplace,
            "surrogateescape" => Handler::SurrogateEscape,
            "surrogatepass" => Handler::SurrogatePass,
            _ => return None,
        })
    }

    /// Answer a decoding error; `None` to let it stand. `encoding` is the name in
    /// the exception. `xmlcharrefreplace` and `namereplace` cannot decode.
    pub fn on_decode(
        self,
        encoding: &str,
        input: &[u8],
        start: usize,
        end: usize,
    ) -> Option<DecodeResume> {
        let bad = input.get(start..end).unwrap_or_default();
        let mut position = end;
        let text = match self {
            Handler::Ignore => TextBuf::new(),
            Handler::Replace => TextBuf::from_code(0xfffd),
            Handler::BackslashReplace => {
                let mut out = Vec::new();
                bad.iter().for_each(|&b| put_backslash(&mut out, u32::from(b)));
                TextBuf::Ucs1(out)
            }
            Handler::SurrogateEscape => {
                let escapable = bad.iter().take(4).take_while(|b| !b.is_ascii());
                let text: TextBuf = escapable.map(|&b| 0xdc00 + u32::from(b)).collect();
                if text.is_empty() {
                    return None;
                }
                position = start + text.len();
                text
            }
            Handler::SurrogatePass => {
                let form = SurrogateForm::of(encoding)?;
                let code = form.read(input.get(start..).unwrap_or_default())?;
                position = start + form.length();
                TextBuf::from_code(code)
            }
            Handler::Strict | Handler::XmlCharRefReplace | Handler::NameReplace => return None,
        };
        Some(DecodeResume { text, position, input: None })
    }

    /// Answer an encoding error; `None` to let it stand.
    pub fn on_encode(
        self,
        encoding: &str,
        input: Units<'_>,
        start: usize,
        end: usize,
    ) -> Option<EncodeResume> {
        let bad = input.slice(start, end);
        let mut position = start + bad.len();
        let text = |out: Vec<u8>| Replacement::Text(TextBuf::Ucs1(out));
        let mut out = Vec::new();
        let replacement = match self {
            Handler::Strict => return None,
            Handler::Ignore => text(out),
            Handler::Replace => {
                out.resize(bad.len(), b'?');
                text(out)
            }
            Handler::BackslashReplace => {
                bad.iter().for_each(|code| put_backslash(&mut out, code));
                text(out)
            }
            Handler::XmlCharRefReplace => {
                bad.iter().for_each(|code| out.extend(format!("&#{code};").bytes()));
                text(out)
            }
            Handler::NameReplace => {
                for code in bad {
                    match name(Database::Current, code) {
                        Some(name) => out.extend(format!("\\N{{{name}}}").bytes()),
                        None => put_backslash(&mut out, code),
                    }
                }
                text(out)
            }
            Handler::SurrogateEscape => {
                for code in bad {
                    if !(0xdc80..0xdd00).contains(&code) {
                        return None;
                    }
                    out.push((code - 0xdc00) as u8);
                }
                Replacement::Bytes(out)
            }
            Handler::SurrogatePass => {
                let form = SurrogateForm::of(encoding)?;
                for code in bad {
                    if !is_surrogate(code) {
                        return None;
                    }
                    form.write(code, &mut out);
                }
                position = start + bad.len();
                Replacement::Bytes(out)
            }
        };
        Some(EncodeResume { replacement, position })
    }

    /// Answer an error of `str.translate`, which replaces by text only.
    pub fn on_translate(self, start: usize, end: usize) -> Option<TextBuf> {
        match self {
            Handler::Ignore => Some(TextBuf::new()),
            Handler::Replace => Some((start..end).map(|_| 0xfffd).collect()),
            _ => None,
        }
    }
}

impl DecodeErrors for Handler {
    type Error = DecodeError;

    fn decode(&mut self, input: &[u8], error: DecodeError) -> Result<DecodeResume, DecodeError> {
        self.on_decode(error.encoding, input, error.start, error.end).ok_or(error)
    }
}

impl EncodeErrors for Handler {
    type Error = EncodeError;

    fn encode(
        &mut self,
        input: Units<'_>,
        error: EncodeError,
    ) -> Result<EncodeResume, EncodeError> {
        self.on_encode(error.encoding, input, error.start, error.end).ok_or(error)
    }

    fn builtin(&self) -> Option<Handler> {
        Some(*self)
    }

    fn reject(&mut self, _input: Units<'_>, error: EncodeError) -> EncodeError {
        error
    }
}

/// Append `\xNN`, `\uNNNN` or `\UNNNNNNNN`.
pub fn put_backslash(out: &mut Vec<u8>, code: u32) {
    let (kind, digits) = match code {
        0..0x100 => (b'x', 2),
        0x100..0x1_0000 => (b'u', 4),
        _ => (b'U', 8),
    };
    out.extend([b'\\', kind]);
    for i in (0..digits).rev() {
        out.push(crate::repr::hex_digit(code >> (4 * i)));
    }
}

/// How an encoding would write a surrogate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SurrogateForm {
    Utf8,
    Utf16 { big: bool },
    Utf32 { big: bool },
}

impl SurrogateForm {
    /// The form of an encoding by its name, in any usual spelling.
    fn of(encoding: &str) -> Option<SurrogateForm> {
        let name = encoding.to_ascii_lowercase();
        let strip = |name: &str| name.strip_prefix(['-', '_']).unwrap_or(name).to_owned();
        let rest = strip(name.strip_prefix("utf")?);
        if rest == "8" {
            return Some(SurrogateForm::Utf8);
        }
        let (bits, order) = rest.split_at_checked(2)?;
        let big = match strip(order).as_str() {
            "" if order.is_empty() => cfg!(target_endian = "big"),
            "be" => true,
            "le" => false,
            _ => return None,
        };
        match bits {
            "16" => Some(SurrogateForm::Utf16 { big }),
            "32" => Some(SurrogateForm::Utf32 { big }),
            _ => None,
        }
    }

    fn length(self) -> usize {
        match self {
            SurrogateForm::Utf8 => 3,
            SurrogateForm::Utf16 { .. } => 2,
            SurrogateForm::Utf32 { .. } => 4,
        }
    }

    fn read(self, bytes: &[u8]) -> Option<u32> {
        let code = match (self, bytes) {
            (SurrogateForm::Utf8, &[0xed, b @ 0x80..=0xbf, c @ 0x80..=0xbf, ..]) => {
                0xd000 | u32::from(b & 0x3f) << 6 | u32::from(c & 0x3f)
            }
            (SurrogateForm::Utf16 { big: false }, &[a, b, ..]) => {
                u32::from(u16::from_le_bytes([a, b]))
            }
            (SurrogateForm::Utf16 { big: true }, &[a, b, ..]) => {
                u32::from(u16::from_be_bytes([a, b]))
            }
            (SurrogateForm::Utf32 { big: false }, &[a, b, c, d, ..]) => {
                u32::from_le_bytes([a, b, c, d])
            }
            (SurrogateForm::Utf32 { big: true }, &[a, b, c, d, ..]) => {
                u32::from_be_bytes([a, b, c, d])
            }
            _ => return None,
        };
        is_surrogate(code).then_some(code)
    }

    fn write(self, code: u32, out: &mut Vec<u8>) {
        match self {
            SurrogateForm::Utf8 => super::utf8::put(out, code),
            SurrogateForm::Utf16 { big: true } => out.extend((code as u16).to_be_bytes()),
            SurrogateForm::Utf16 { big: false } => out.extend((code as u16).to_le_bytes()),
            SurrogateForm::Utf32 { big: true } => out.extend(code.to_be_bytes()),
            SurrogateForm::Utf32 { big: false } => out.extend(code.to_le_bytes()),
        }
    }
}
