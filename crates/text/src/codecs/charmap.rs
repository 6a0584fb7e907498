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
///
/// A trie of two levels of blocks: 16 bytes that say which block of 128 bytes
/// has the bytes of as many characters. 0 there means that there is none, but
/// for U+0000, which encodes to 0.
#[derive(Clone, Debug)]
pub struct EncodingMap {
    /// Which of the blocks of 16, by the upper bits of a character.
    first: [u8; 32],
    /// The blocks of 128, then those of 16 from the last to the first.
    blocks: Box<[u8]>,
}

const NO_BLOCK: u8 = 0xff;

/// The indices in each level.
fn path(code: u32) -> [usize; 3] {
    [(code >> 11) as usize, (code >> 7 & 15) as usize, (code & 127) as usize]
}

impl EncodingMap {
    /// Invert a table of at most 256 characters; later entries win. `None` for
    /// a table that does not begin with U+0000, or has it or characters of
    /// other planes elsewhere, or is too scattered.
    pub fn new(table: Units<'_>) -> Option<EncodingMap> {
        if table.len() > 256 || table.get(0) != Some(0) {
            return None;
        }
        let mut first = [NO_BLOCK; 32];
        let mut seconds: Vec<[u8; 16]> = Vec::new();
        let mut thirds: Vec<[u8; 128]> = Vec::new();
        for (code, byte) in table.iter().zip(0..=255u8) {
            if code == 0xfffe {
                continue;
            }
            if code > 0xffff || (code == 0 && byte != 0) {
                return None;
            }
            let [a, b, c] = path(code);
            if first[a] == NO_BLOCK {
                first[a] = u8::try_from(seconds.len()).ok().filter(|n| *n != NO_BLOCK)?;
                seconds.push([NO_BLOCK; 16]);
            }
            let second = &mut seconds[usize::from(first[a])][b];
            if *second == NO_BLOCK {
                *second = u8::try_from(thirds.len()).ok().filter(|n| *n != NO_BLOCK)?;
                thirds.push([0; 128]);
            }
            thirds[usize::from(*second)][c] = byte;
        }
        seconds.reverse();
        let blocks: Box<[u8]> = [thirds.concat(), seconds.concat()].concat().into();
        Some(EncodingMap { first, blocks })
    }

    /// The byte of a character.
    pub fn get(&self, code: u32) -> Encodes {
        if code == 0 {
            return Encodes::Byte(0);
        }
        match self.find(code) {
            Some(byte) if byte != 0 => Encodes::Byte(byte),
            _ => Encodes::Undefined,
        }
    }

    fn find(&self, code: u32) -> Option<u8> {
        let [a, b, c] = path(code);
        let second = *self.first.get(a).filter(|n| **n != NO_BLOCK)?;
        let start = self.blocks.len().checked_sub((usize::from(second) + 1) * 16)?;
        let third = *self.blocks.get(start + b).filter(|n| **n != NO_BLOCK)?;
        self.blocks.get(usize::from(third) * 128 + c).copied()
    }

    /// The bytes of the blocks.
    pub fn size(&self) -> usize {
        self.blocks.len()
    }
}
