//! The stateless multibyte codecs of East Asia, driven by tables.
//!
//! `cjk.bin` holds rows: for each prefix (the bytes but the last one, as a number)
//! the `u16` code points of a range of last bytes, 0 for none. Code points beyond
//! the BMP and pairs are listed as `(bytes, first, second)`, characters not
//! encoded as the smallest bytes that decode to them as `(code, bytes)`. The
//! inverse is built at first use. GB18030's four-byte and EUC-KR's eight-byte
//! forms are computed. [`super::iso2022`] uses the same tables.

use core::ops::Range;
use std::sync::OnceLock;

use super::cjk_data::{GB18030_RANGES, TABLES};
use super::{DecodeErrors, Decoded, Decoding, EncodeErrors, Encoding};
use crate::Units;

static DATA: &[u8] = include_bytes!("../../tables/cjk.bin");
static INVERSES: [OnceLock<Vec<(u64, u32)>>; TABLES.len()] =
    [const { OnceLock::new() }; TABLES.len()];

pub(super) const ILLEGAL: &str = "illegal multibyte sequence";
/// Why a sequence at the end of the input is not decoded.
pub const INCOMPLETE: &str = "incomplete multibyte sequence";

/// A codec's tables.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Prefix, first and last of the last bytes, offset of the code points.
    pub(super) rows: &'static [(u32, u8, u8, u32)],
    /// Bytes, and pairs of bytes, that need more.
    pub(super) leads: &'static [u32],
    /// Undefined pairs that are an error of two bytes instead of one.
    pub(super) wide: &'static [u32],
    pub(super) extra: Range<usize>,
    pub(super) exceptions: Range<usize>,
}

fn words<const N: usize>(range: &Range<usize>) -> impl Iterator<Item = [u32; N]> {
    let bytes = DATA.get(range.clone()).unwrap_or_default();
    bytes.chunks_exact(4 * N).map(|chunk| {
        let mut words = [0; N];
        for (word, bytes) in words.iter_mut().zip(chunk.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        words
    })
}

impl Table {
    fn cell(&self, prefix: u32, last: u8) -> Option<u32> {
        let index = self.rows.binary_search_by_key(&prefix, |row| row.0).ok()?;
        let &(_, first, end, offset) = self.rows.get(index)?;
        if !(first..=end).contains(&last) {
            return None;
        }
        let at = offset as usize + 2 * usize::from(last - first);
        let &[low, high] = DATA.get(at..at + 2)?.first_chunk::<2>()?;
        Some(u32::from(u16::from_le_bytes([low, high]))).filter(|&code| code != 0)
    }

    /// The one or two code points of a byte sequence; 0 stands for no second one.
    fn decode(&self, key: u32) -> Option<(u32, u32)> {
        if key == 0 {
            return Some((0, 0));
        }
        if let Some(code) = self.cell(key >> 8, key as u8) {
            return Some((code, 0));
        }
        let extra = DATA.get(self.extra.clone()).unwrap_or_default();
        let (mut low, mut high) = (0, extra.len() / 12);
        while low < high {
            let middle = low.midpoint(high);
            let start = self.extra.start + 12 * middle;
            let [found, first, second] = words::<3>(&(start..start + 12)).next()?;
            match found.cmp(&key) {
                core::cmp::Ordering::Equal => return Some((first, second)),
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Code points and pairs with their bytes, sorted. A pair is keyed by its
    /// first code point and the second one above bit 21 (both are in the BMP).
    fn inverse(&self) -> Vec<(u64, u32)> {
        let mut entries = vec![(0, 0)];
        for &(prefix, first, last, _) in self.rows {
            for byte in first..=last {
                if let Some(code) = self.cell(prefix, byte) {
                    entries.push((u64::from(code), prefix << 8 | u32::from(byte)));
                }
            }
        }
        for [key, first, second] in words::<3>(&self.extra) {
            entries.push((pair(first, second), key));
        }
        entries.sort_unstable();
        entries.dedup_by_key(|entry| entry.0);
        for [code, key] in words::<2>(&self.exceptions) {
            match entries.binary_search_by_key(&u64::from(code), |entry| entry.0) {
                Ok(i) if key == 0 => {
                    entries.remove(i);
                }
                Ok(i) => {
                    if let Some(entry) = entries.get_mut(i) {
                        entry.1 = key;
                    }
                }
                Err(i) => entries.insert(i, (u64::from(code), key)),
            }
        }
        entries
    }
}

pub(super) fn pair(first: u32, second: u32) -> u64 {
    u64::from(first) | u64::from(second) << 21
}

/// A stateless multibyte codec.
#[derive(Clone, Copy)]
pub struct Codec {
    table: &'static Table,
    inverse: &'static OnceLock<Vec<(u64, u32)>>,
}

/// The names of the codecs there are.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

impl Codec {
    /// The codec called `name`, as `_codecs_*.getcodec` spells it.
    pub fn from_name(name: &str) -> Option<Codec> {
        let index = TABLES.iter().position(|table| table.name == name)?;
        Some(Codec { table: TABLES.get(index)?, inverse: INVERSES.get(index)? })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.table.name
    }

    /// Decode.
    pub fn decode<H: DecodeErrors>(
        self,
        input: &[u8],
        last: bool,
        handler: &mut H,
    ) -> Result<Decoded, H::Error> {
        let mut d = Decoding::new(self.table.name, input, handler);
        loop {
            match self.read(d.rest()) {
                Read::End => return Ok(d.done()),
                Read::Text(length, (first, second)) => {
                    d.position += length;
                    d.out.push(first);
                    if second != 0 {
                        d.out.push(second);
                    }
                }
                Read::Illegal(length) => d.fail(d.position, d.position + length, ILLEGAL)?,
                Read::Incomplete if !last => return Ok(d.done()),
                Read::Incomplete => d.fail(d.position, d.input.len(), INCOMPLETE)?,
            }
        }
    }

    /// The one or two code points of a byte sequence; 0 stands for no second one.
    pub(super) fn text_of(self, key: u32) -> Option<(u32, u32)> {
        self.table.decode(key)
    }

    fn is_lead(self, key: u32) -> bool {
        self.table.leads.binary_search(&key).is_ok()
    }

    fn read(self, bytes: &[u8]) -> Read {
        let &[a, ref rest @ ..] = bytes else { return Read::End };
        let a = u32::from(a);
        if let Some(text) = self.table.decode(a) {
            return Read::Text(1, text);
        }
        if !self.is_lead(a) {
            return Read::Illegal(1);
        }
        let &[b, ref rest @ ..] = rest else { return Read::Incomplete };
        let key = a << 8 | u32::from(b);
        if self.table.name == "euc_kr" && key == 0xa4d4 {
            return made_up_hangul(bytes);
        }
        if self.is_lead(key) {
            if self.table.name == "gb18030" {
                return four_bytes(bytes);
            }
            let &[c, ..] = rest else { return Read::Incomplete };
            let text = self.table.decode(key << 8 | u32::from(c));
            return text.map_or(Read::Illegal(1), |text| Read::Text(3, text));
        }
        match self.table.decode(key) {
            Some(text) => Read::Text(2, text),
            None if self.table.wide.contains(&key) => Read::Illegal(2),
            None => Read::Illegal(1),
        }
    }

    /// The bytes of a code point, or of a pair, as a number.
    pub(super) fn bytes_of(self, key: u64) -> Option<u32> {
        let inverse = self.inverse.get_or_init(|| self.table.inverse());
        let index = inverse.binary_search_by_key(&key, |entry| entry.0).ok()?;
        inverse.get(index).map(|entry| entry.1)
    }

    /// Append the encoding of one code point.
    fn put(self, out: &mut Vec<u8>, code: u32) -> bool {
        if let Some(bytes) = self.bytes_of(u64::from(code)) {
            put_bytes(out, bytes);
            return true;
        }
        match self.table.name {
            "gb18030" => put_four_bytes(out, code),
            "euc_kr" => put_made_up_hangul(out, code),
            _ => false,
        }
    }

    /// Whether `code` may be the first of a pair.
    pub(super) fn begins_pair(self, code: u32) -> bool {
        let mut pairs = words::<3>(&self.table.extra);
        pairs.any(|[_, first, second]| first == code && second != 0)
    }

    /// Encode; unless `finish`, a last character that may begin a pair is left.
    /// Returns the bytes and how many characters they stand for.
    pub fn encode<H: EncodeErrors>(
        self,
        input: Units<'_>,
        finish: bool,
        handler: &mut H,
    ) -> Result<(Vec<u8>, usize), H::Error> {
        let mut e = Encoding::new(self.table.name, input, handler);
        let has_pairs = !self.table.extra.is_empty();
        while let Some(code) = input.get(e.position) {
            let next = input.get(e.position + 1);
            if has_pairs && next.is_none() && !finish && self.begins_pair(code) {
                break;
            }
            if has_pairs
                && let Some(next) = next.filter(|&next| next != 0)
                && let Some(bytes) = self.bytes_of(pair(code, next))
            {
                put_bytes(&mut e.out, bytes);
                e.position += 2;
            } else if self.put(&mut e.out, code) {
                e.position += 1;
            } else {
                let start = e.position;
                e.fail_multibyte(start, |out, code| self.put(out, code))?;
            }
        }
        Ok((e.out, e.position))
    }
}

/// What the next bytes are.
enum Read {
    End,
    Text(usize, (u32, u32)),
    Illegal(usize),
    Incomplete,
}

fn put_bytes(out: &mut Vec<u8>, key: u32) {
    let skip = (key.leading_zeros() as usize / 8).min(3);
    out.extend(key.to_be_bytes().iter().skip(skip));
}

/// Where the code points beyond the BMP start among GB18030's four-byte codes.
const SUPPLEMENTARY: u32 = 189_000;

fn four_bytes(bytes: &[u8]) -> Read {
    let &[a, b, c, d, ..] = bytes else { return Read::Incomplete };
    if !(matches!(a, 0x81..=0xfe)
        && b.is_ascii_digit()
        && matches!(c, 0x81..=0xfe)
        && d.is_ascii_digit())
    {
        return Read::Illegal(1);
    }
    let digits = [(a - 0x81, 10), (b - b'0', 126), (c - 0x81, 10), (d - b'0', 1)];
    let linear = digits.iter().fold(0, |n, &(digit, next)| (n + u32::from(digit)) * next);
    let range = GB18030_RANGES.iter().find(|r| (r.1..r.1 + r.2).contains(&linear));
    let code = match (range, linear.checked_sub(SUPPLEMENTARY)) {
        (Some(&(code, start, _)), _) => code + linear - start,
        (None, Some(offset @ 0..0x10_0000)) => 0x1_0000 + offset,
        _ => return Read::Illegal(1),
    };
    Read::Text(4, (code, 0))
}

fn put_four_bytes(out: &mut Vec<u8>, code: u32) -> bool {
    let range = GB18030_RANGES.iter().find(|r| (r.0..r.0 + r.2).contains(&code));
    let linear = match (range, code.checked_sub(0x1_0000)) {
        (Some(&(start, linear, _)), _) => linear + code - start,
        (None, Some(offset @ 0..0x10_0000)) => SUPPLEMENTARY + offset,
        _ => return false,
    };
    out.extend([
        0x81 + (linear / 12600) as u8,
        b'0' + (linear / 1260 % 10) as u8,
        0x81 + (linear / 10 % 126) as u8,
        b'0' + (linear % 10) as u8,
    ]);
    true
}

/// KS X 1001's letters for the parts of a syllable, as its second bytes.
const KS_LEADS: [u8; 19] = [
    0xa1, 0xa2, 0xa4, 0xa7, 0xa8, 0xa9, 0xb1, 0xb2, 0xb3, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb,
    0xbc, 0xbd, 0xbe,
];
const KS_TRAILS: [u8; 28] = [
    0xd4, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0,
    0xb1, 0xb2, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xba, 0xbb, 0xbc, 0xbd, 0xbe,
];

fn made_up_hangul(bytes: &[u8]) -> Read {
    let Some(&[_, _, 0xa4, lead, 0xa4, vowel, 0xa4, trail]) = bytes.first_chunk::<8>() else {
        return if bytes.len() < 8 { Read::Incomplete } else { Read::Illegal(1) };
    };
    let lead = KS_LEADS.iter().position(|&l| l == lead);
    let trail = KS_TRAILS.iter().position(|&t| t == trail);
    match (lead, vowel, trail) {
        (Some(lead), 0xbf..=0xd3, Some(trail)) => {
            let syllable = (lead as u32 * 21 + u32::from(vowel - 0xbf)) * 28 + trail as u32;
            Read::Text(8, (0xac00 + syllable, 0))
        }
        _ => Read::Illegal(1),
    }
}

fn put_made_up_hangul(out: &mut Vec<u8>, code: u32) -> bool {
    let Some(s) = code.checked_sub(0xac00).filter(|&s| s < 11172) else { return false };
    let lead = KS_LEADS.get((s / 588) as usize);
    let trail = KS_TRAILS.get((s % 28) as usize);
    let (Some(&lead), Some(&trail)) = (lead, trail) else { return false };
    out.extend([0xa4, 0xd4, 0xa4, lead, 0xa4, 0xbf + (s % 588 / 28) as u8, 0xa4, trail]);
    true
}
