//! Codecs and their error protocol.
//!
//! A decoder or encoder that meets what it cannot convert hands a
//! [`DecodeError`] or [`EncodeError`] to its handler, which answers with a
//! replacement and the position to go on from, or with an error of its own that
//! ends the call. Positions, ranges and reasons are CPython's. A handler may also
//! exchange the input of a decoder. Decoders called with `last == false` stop
//! before an incomplete sequence and say how much they consumed.

pub mod charmap;
pub mod cjk;
mod cjk_data;
pub mod escape;
pub mod handlers;
pub mod iso2022;
pub mod raw_unicode_escape;
pub mod single_byte;
pub mod unicode_escape;
pub mod utf16;
pub mod utf32;
pub mod utf7;
pub mod utf8;

use std::borrow::Cow;

use crate::{TextBuf, Units};

pub use handlers::Handler;

/// Bytes `start..end` cannot be decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecodeError {
    pub encoding: &'static str,
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
}

/// Code points `start..end` cannot be encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EncodeError {
    pub encoding: &'static str,
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
}

/// How to go on after a decoding error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeResume {
    pub text: TextBuf,
    pub position: usize,
    /// New input, if the handler exchanged it.
    pub input: Option<Vec<u8>>,
}

/// How to go on after an encoding error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EncodeResume {
    pub replacement: Replacement,
    pub position: usize,
}

/// What an encoding error handler puts in place of the characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Replacement {
    Text(TextBuf),
    Bytes(Vec<u8>),
}

/// Answers decoding errors.
pub trait DecodeErrors {
    type Error;

    /// Replace `input[start..end]`. The position must not exceed the input's length.
    fn decode(&mut self, input: &[u8], error: DecodeError) -> Result<DecodeResume, Self::Error>;
}

/// Answers encoding errors.
pub trait EncodeErrors {
    type Error;

    /// Replace `input[start..end]`. The position must not exceed the input's length.
    fn encode(&mut self, input: Units<'_>, error: EncodeError)
    -> Result<EncodeResume, Self::Error>;

    /// The builtin handler this is, if it is one; lets codecs do what CPython does
    /// for handlers it knows by name.
    fn builtin(&self) -> Option<Handler> {
        None
    }

    /// Turn the error itself into a failure: a replacement was not encodable.
    fn reject(&mut self, input: Units<'_>, error: EncodeError) -> Self::Error;
}

/// A decoder's result.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decoded {
    pub text: TextBuf,
    pub consumed: usize,
}

/// A decoder at work.
struct Decoding<'a, 'h, H> {
    encoding: &'static str,
    input: Cow<'a, [u8]>,
    position: usize,
    out: TextBuf,
    handler: &'h mut H,
}

impl<'a, 'h, H: DecodeErrors> Decoding<'a, 'h, H> {
    fn new(encoding: &'static str, input: &'a [u8], handler: &'h mut H) -> Self {
        let input = Cow::Borrowed(input);
        Decoding { encoding, input, position: 0, out: TextBuf::new(), handler }
    }

    /// The byte `offset` places further on.
    #[inline]
    fn peek(&self, offset: usize) -> Option<u8> {
        self.input.get(self.position + offset).copied()
    }

    /// What has not been read yet.
    fn rest(&self) -> &[u8] {
        self.input.get(self.position..).unwrap_or_default()
    }

    /// Report bytes `start..end` and go on where the handler says.
    #[cold]
    fn fail(&mut self, start: usize, end: usize, reason: &'static str) -> Result<(), H::Error> {
        let error = DecodeError { encoding: self.encoding, start, end, reason };
        let resume = self.handler.decode(&self.input, error)?;
        self.out.extend(resume.text.as_units());
        if let Some(input) = resume.input {
            self.input = Cow::Owned(input);
        }
        self.position = resume.position.min(self.input.len());
        Ok(())
    }

    fn done(self) -> Decoded {
        Decoded { text: self.out, consumed: self.position }
    }
}

/// An encoder at work.
struct Encoding<'a, 'h, H> {
    encoding: &'static str,
    input: Units<'a>,
    position: usize,
    out: Vec<u8>,
    handler: &'h mut H,
}

impl<'a, 'h, H: EncodeErrors> Encoding<'a, 'h, H> {
    fn new(encoding: &'static str, input: Units<'a>, handler: &'h mut H) -> Self {
        let out = Vec::with_capacity(input.len());
        Encoding { encoding, input, position: 0, out, handler }
    }

    /// Report code points `start..end`. `put` writes one code point of a textual
    /// replacement or refuses it; bytes must be a multiple of `unit` long.
    #[cold]
    fn fail(
        &mut self,
        start: usize,
        end: usize,
        reason: &'static str,
        unit: usize,
        mut put: impl FnMut(&mut Vec<u8>, u32) -> bool,
    ) -> Result<(), H::Error> {
        let error = EncodeError { encoding: self.encoding, start, end, reason };
        let resume = self.handler.encode(self.input, error)?;
        let fits = match resume.replacement {
            Replacement::Bytes(bytes) => {
                self.out.extend_from_slice(&bytes);
                bytes.len() % unit == 0
            }
            Replacement::Text(text) => text.as_units().iter().all(|code| put(&mut self.out, code)),
        };
        if !fits {
            return Err(self.handler.reject(self.input, error));
        }
        self.position = resume.position.min(self.input.len());
        Ok(())
    }

    /// Report the code point at `start`. One of a textual replacement that `put`
    /// refuses is an error of the replacement; where not even `?` can be
    /// encoded, it is written as it is.
    #[cold]
    fn fail_multibyte(
        &mut self,
        start: usize,
        mut put: impl FnMut(&mut Vec<u8>, u32) -> bool,
    ) -> Result<(), H::Error> {
        let reason = cjk::ILLEGAL;
        let error = EncodeError { encoding: self.encoding, start, end: start + 1, reason };
        let resume = self.handler.encode(self.input, error)?;
        match resume.replacement {
            Replacement::Bytes(bytes) => self.out.extend_from_slice(&bytes),
            Replacement::Text(text) => {
                let text = text.as_units();
                for (start, code) in text.iter().enumerate() {
                    if put(&mut self.out, code) {
                        continue;
                    }
                    if self.handler.builtin() == Some(Handler::Replace) {
                        self.out.push(b'?');
                        continue;
                    }
                    return Err(self
                        .handler
                        .reject(text, EncodeError { start, end: start + 1, ..error }));
                }
            }
        }
        self.position = resume.position.min(self.input.len());
        Ok(())
    }
}

/// Append a code point below 128.
fn put_ascii(out: &mut Vec<u8>, code: u32) -> bool {
    if code < 128 {
        out.push(code as u8);
    }
    code < 128
}

fn is_surrogate(code: u32) -> bool {
    (0xd800..0xe000).contains(&code)
}

/// The value of `count` hexadecimal digits at `bytes`, or how many there are.
fn hexadecimal(bytes: &[u8], count: usize) -> Result<u32, usize> {
    let digits = bytes.get(..count).unwrap_or(bytes);
    let mut value: u32 = 0;
    for (i, &digit) in digits.iter().enumerate() {
        let digit = char::from(digit).to_digit(16).ok_or(i)?;
        value = value << 4 | digit;
    }
    if digits.len() < count { Err(digits.len()) } else { Ok(value) }
}

#[cfg(test)]
mod tests;
