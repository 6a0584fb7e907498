//! From bytes to text: the encodings that an XML parser finds out by itself,
//! and single-byte ones by a table.
//!
//! Until the encoding is settled, only the XML declaration is decoded.

use std::{collections::TryReserveError, rc::Rc};

#[derive(Clone, Debug)]
pub(super) enum Encoding {
    Utf8,
    Utf16 { big: Option<bool> },
    Latin1,
    Ascii,
    Table(Rc<[Option<char>]>),
}

/// How many bytes of input a character was.
#[derive(Clone, Copy)]
pub(super) enum Width {
    Utf8,
    Utf16,
    Byte,
}

impl Width {
    /// How many bytes a text was.
    pub(super) fn of(self, text: &str) -> usize {
        match self {
            Width::Utf8 => text.len(),
            Width::Utf16 => text.chars().map(|c| 2 * c.len_utf16()).sum(),
            Width::Byte => text.chars().count(),
        }
    }
}

impl Encoding {
    /// The encodings that need no table.
    pub(super) fn named(name: &str) -> Option<Encoding> {
        Some(match name.to_ascii_uppercase().as_str() {
            "UTF-8" => Encoding::Utf8,
            "UTF-16" => Encoding::Utf16 { big: None },
            "UTF-16BE" => Encoding::Utf16 { big: Some(true) },
            "UTF-16LE" => Encoding::Utf16 { big: Some(false) },
            "ISO-8859-1" => Encoding::Latin1,
            "US-ASCII" => Encoding::Ascii,
            _ => return None,
        })
    }

    /// An encoding by its table, unless markup looks different in it.
    pub(super) fn of_table(table: Vec<Option<char>>) -> Option<Encoding> {
        let is_markup = |byte: u8| {
            let is_space = matches!(byte, b'\t' | b'\n' | b'\r');
            let is_other = matches!(byte, b'$' | b'@' | b'\\' | b'^' | b'`' | b'{' | b'}' | b'~');
            is_space || (b' '..=b'~').contains(&byte) && !is_other
        };
        // What looks like markup means it, and nothing else does.
        let is_usable = (0..=u8::MAX).zip(&table).all(|(byte, meaning)| {
            let meaning = meaning.and_then(|c| u8::try_from(c).ok());
            meaning == Some(byte) || !is_markup(byte) && !meaning.is_some_and(is_markup)
        });
        is_usable.then(|| Encoding::Table(table.into()))
    }

    pub(super) fn is_wide(&self) -> bool {
        matches!(self, Encoding::Utf16 { .. })
    }
}

#[derive(Default)]
pub(super) struct Decoder {
    raw: Vec<u8>,
    encoding: Option<Encoding>,
    /// Somebody else than the document said what the encoding is.
    pub(super) is_forced: bool,
    begun: bool,
    /// The rest waits for the XML declaration to be read.
    held: bool,
    bad: bool,
    /// The input ended within its first character.
    pub(super) is_cut: bool,
}

const DECLARATION: &[u8] = b"<?xml";

impl Decoder {
    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        self.raw.capacity()
    }

    pub(super) fn force(&mut self, encoding: Encoding) {
        self.encoding = Some(encoding);
        self.is_forced = true;
    }

    pub(super) fn set(&mut self, encoding: Encoding) {
        self.encoding = Some(encoding);
    }

    pub(super) fn encoding(&self) -> &Encoding {
        self.encoding.as_ref().unwrap_or(&Encoding::Utf8)
    }

    pub(super) fn push(&mut self, data: &[u8]) -> Result<(), TryReserveError> {
        self.raw.try_reserve(data.len())?;
        self.raw.extend_from_slice(data);
        Ok(())
    }

    /// Whether input waits for the XML declaration to be read.
    pub(super) fn holds(&self) -> bool {
        self.held
    }

    /// The XML declaration was read.
    pub(super) fn settle(&mut self) {
        self.held = false;
        self.encoding.get_or_insert(Encoding::Utf8);
    }

    /// Whether an undecodable byte comes next.
    pub(super) fn is_bad(&self) -> bool {
        self.bad
    }

    /// Whether a part of a character comes next.
    pub(super) fn has_partial(&self) -> bool {
        // A lone byte of a pair is no part of a character yet.
        let least = if self.encoding().is_wide() { 2 } else { 1 };
        !self.bad && !self.is_cut && self.raw.len() >= least
    }

    /// Whether anything comes next that cannot be decoded without more.
    pub(super) fn has_more(&self) -> bool {
        !self.bad && !self.is_cut && !self.raw.is_empty()
    }

    /// How many bytes of input a character was.
    pub(super) fn width(&self) -> Width {
        match self.encoding() {
            Encoding::Utf8 => Width::Utf8,
            Encoding::Utf16 { .. } => Width::Utf16,
            _ => Width::Byte,
        }
    }

    /// Decode what can be decoded. Answers the length of a byte order mark.
    pub(super) fn fill(&mut self, text: &mut String, is_final: bool) -> Option<usize> {
        let mut mark = None;
        if !self.begun {
            match self.begin(is_final) {
                Some(bytes) => mark = (bytes > 0).then_some(bytes),
                None => return None,
            }
        }
        if self.bad {
            return mark;
        }
        let mut end = self.raw.len();
        if self.encoding.is_none() {
            match self.declaration_end(is_final) {
                Ok(Some(len)) => {
                    end = len;
                    self.held = true;
                }
                Ok(None) => self.encoding = Some(Encoding::Utf8),
                Err(()) => return mark,
            }
        }
        self.decode(text, end);
        mark
    }

    /// Look at the first bytes: the length of the mark that was skipped, or
    /// `None` if there are too few.
    fn begin(&mut self, is_final: bool) -> Option<usize> {
        let wide = |big| Some(Encoding::Utf16 { big: Some(big) });
        let has_table = matches!(self.encoding, Some(Encoding::Table(_)));
        // COMPAT: a mark counts for more than what was said from outside.
        let (skip, found) = match self.raw.as_slice() {
            _ if has_table => (0, None),
            [0xef, 0xbb, 0xbf, ..] => (3, self.is_forced.then_some(Encoding::Utf8)),
            [0xfe, 0xff, ..] => (2, wide(true)),
            [0xff, 0xfe, ..] => (2, wide(false)),
            [b'<', 0, ..] => (0, wide(false)),
            [0, _, ..] => (0, wide(true)),
            [0xef] | [0xef, 0xbb] | [0xfe] | [0xff] | [0] | [b'<'] | [] => {
                self.is_cut = is_final && !matches!(self.raw.as_slice(), [] | [b'<']);
                if !is_final || self.is_cut {
                    return None;
                }
                (0, None)
            }
            _ => (0, None),
        };
        self.begun = true;
        if let Some(found) = found {
            self.encoding = Some(found);
        } else if let Some(Encoding::Utf16 { big: None }) = self.encoding {
            self.encoding = wide(true);
        }
        self.raw.drain(..skip);
        Some(skip)
    }

    /// Where the XML declaration ends, if there is one. An error: not known yet.
    fn declaration_end(&self, is_final: bool) -> Result<Option<usize>, ()> {
        let starts = self.raw.starts_with(DECLARATION);
        if !starts {
            let waits = DECLARATION.starts_with(&self.raw) && !is_final;
            return if waits { Err(()) } else { Ok(None) };
        }
        if self.raw.get(5).is_some_and(|byte| !byte.is_ascii_whitespace()) {
            return Ok(None);
        }
        match memchr::memmem::find(&self.raw, b"?>") {
            Some(at) => Ok(Some(at + 2)),
            None if is_final => Ok(None),
            None => Err(()),
        }
    }

    fn decode(&mut self, text: &mut String, end: usize) {
        let raw = self.raw.get(..end).unwrap_or_default();
        let used = match self.encoding().clone() {
            Encoding::Utf8 => match std::str::from_utf8(raw) {
                Ok(valid) => {
                    text.push_str(valid);
                    raw.len()
                }
                Err(error) => {
                    let upto = error.valid_up_to();
                    let valid = raw.get(..upto).unwrap_or_default();
                    text.push_str(std::str::from_utf8(valid).unwrap_or_default());
                    self.bad = error.error_len().is_some();
                    upto
                }
            },
            Encoding::Utf16 { big } => self.decode_wide(text, end, big.unwrap_or(true)),
            Encoding::Latin1 => {
                text.extend(raw.iter().map(|&byte| char::from(byte)));
                raw.len()
            }
            Encoding::Ascii => {
                let bad = raw.iter().position(|byte| !byte.is_ascii());
                self.bad = bad.is_some();
                let used = bad.unwrap_or(raw.len());
                text.extend(raw.iter().take(used).map(|&byte| char::from(byte)));
                used
            }
            Encoding::Table(table) => {
                let known = |byte: &u8| table.get(usize::from(*byte)).copied().flatten();
                let bad = raw.iter().position(|byte| known(byte).is_none());
                self.bad = bad.is_some();
                let used = bad.unwrap_or(raw.len());
                text.extend(raw.iter().take(used).filter_map(known));
                used
            }
        };
        self.raw.drain(..used);
    }

    fn decode_wide(&mut self, text: &mut String, end: usize, big: bool) -> usize {
        let raw = self.raw.get(..end).unwrap_or_default();
        let unit = |pair: &[u8]| match *pair {
            [a, b] if big => u16::from_be_bytes([a, b]),
            [a, b] => u16::from_le_bytes([a, b]),
            _ => 0,
        };
        let mut units = raw.chunks_exact(2).map(unit).peekable();
        let mut used = 0;
        while let Some(first) = units.next() {
            let code = u32::from(first);
            if (0xd800..0xdc00).contains(&code) {
                let Some(&second) = units.peek() else { break };
                let second = u32::from(second);
                if !(0xdc00..0xe000).contains(&second) {
                    self.bad = true;
                    break;
                }
                units.next();
                let code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
                text.extend(char::from_u32(code));
                used += 4;
                continue;
            }
            let Some(c) = char::from_u32(code) else {
                self.bad = true;
                break;
            };
            text.push(c);
            used += 2;
        }
        used
    }
}
