//! Codecs given by a mapping, as in the `encodings` package.
//!
//! A decoding table is a string of up to 256 characters. Other mappings are
//! closures: the caller looks its object up and checks types and ranges.

use super::{DecodeErrors, Decoded, Decoding, EncodeError, EncodeErrors, Encoding, Replacement};
use crate::{TextBuf, Units};

const UNDEFINED: &str = "character maps to <undefined>";

/// What a byte decodes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decodes {
    Undefined,
    Character(u32),
    Text(TextBuf),
}

/// What a character encodes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Encodes {
    Undefined,
    Byte(u8),
    Bytes(Vec<u8>),
}

/// Decode with a table; U+FFFE and what lies beyond its end are undefined.
pub fn decode_table<H: DecodeErrors>(
    input: &[u8],
    table: Units<'_>,
    handler: &mut H,
) -> Result<Decoded, H::Error> {
    decode(input, handler, |byte| {
        Ok(match table.get(usize::from(byte)) {
            None | Some(0xfffe) => Decodes::Undefined,
            Some(code) => Decodes::Character(code),
        })
    })
}

/// Decode with a mapping.
pub fn decode<H: DecodeErrors>(
    input: &[u8],
    handler: &mut H,
    mut mapping: impl FnMut(u8) -> Result<Decodes, H::Error>,
) -> Result<Decoded, H::Error> {
    let mut d = Decoding::new("charmap", input, handler);
    while let Some(byte) = d.peek(0) {
        match mapping(byte)? {
            Decodes::Undefined => {
                d.fail(d.position, d.position + 1, UNDEFINED)?;
                continue;
            }
            Decodes::Character(code) => d.out.push(code),
            Decodes::Text(text) => d.out.extend(text.as_units()),
        }
        d.position += 1;
    }
    Ok(d.done())
}

/// Encode with a mapping.
pub fn encode<H: EncodeErrors>(
    input: Units<'_>,
    handler: &mut H,
    mut mapping: impl FnMut(u32) -> Result<Encodes, H::Error>,
) -> Result<Vec<u8>, H::Error> {
    let mut e = Encoding::new("charmap", input, handler);
    let mut put = |out: &mut Vec<u8>, code: u32| {
        match mapping(code)? {
            Encodes::Undefined => return Ok(false),
            Encodes::Byte(byte) => out.push(byte),
            Encodes::Bytes(bytes) => out.extend(bytes),
        }
        Ok(true)
    };
    while let Some(code) = input.get(e.position) {
        if put(&mut e.out, code)? {
            e.position += 1;
            continue;
        }
        let (start, mut end) = (e.position, e.position + 1);
        let mut probe = Vec::new();
        while let Some(next) = input.get(end) {
            if put(&mut probe, next)? {
                break;
            }
            end += 1;
        }
        let error = EncodeError { encoding: "charmap", start, end, reason: UNDEFINED };
        let resume = e.handler.encode(input, error)?;
        match resume.replacement {
            Replacement::Bytes(bytes) => e.out.extend(bytes),
            Replacement::Text(text) => {
                for code in text.as_units() {
                    if !put(&mut e.out, code)? {
                        return Err(e.handler.reject(input, error));
                    }
                }
            }
        }
        e.position = resume.position.min(input.len());
    }
    Ok(e.out)
}

/// The inverse of a decoding table: `charmap_build`.
#[derive(Clone, Debug)]
pub struct EncodingMap {
    entries: Vec<(u32, u8)>,
}

impl EncodingMap {
    /// Invert a table of at most 256 characters; later entries win.
    pub fn new(table: Units<'_>) -> EncodingMap {
        let codes = table.iter().zip(0..=255u8);
        let mut entries: Vec<(u32, u8)> = codes.filter(|&(code, _)| code != 0xfffe).collect();
        entries.sort_by_key(|&(code, byte)| (code, core::cmp::Reverse(byte)));
        entries.dedup_by_key(|&mut (code, _)| code);
        EncodingMap { entries }
    }

    /// The byte of a character.
    pub fn get(&self, code: u32) -> Encodes {
        let found = self.entries.binary_search_by_key(&code, |&(code, _)| code);
        match found.ok().and_then(|i| self.entries.get(i)) {
            Some(&(_, byte)) => Encodes::Byte(byte),
            None => Encodes::Undefined,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
