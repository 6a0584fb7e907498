//! Reading the generated tables.
//!
//! `properties*.bin` and `decomposition.bin` are two-level tables of little-endian
//! `u16`: 8704 block numbers, then blocks of 128 entries. `decomposition_data.bin`
//! holds `u32`s: `tag << 8 | count`, then that many code points. Out-of-range
//! reads answer 0, which is the entry of unassigned code points' neighbours at worst.

use super::generated::*;

/// The properties shared by a class of code points.
pub(super) struct Record {
    pub(super) flags: u32,
    pub(super) upper: i32,
    pub(super) lower: i32,
    pub(super) title: i32,
    pub(super) numeric: u16,
    pub(super) category: u8,
    pub(super) bidirectional: u8,
    pub(super) combining: u8,
    pub(super) width: u8,
    pub(super) decimal: i8,
    pub(super) digit: i8,
}

impl Record {
    #[inline]
    pub(super) fn has(&self, flags: u32) -> bool {
        self.flags & flags != 0
    }
}

#[expect(clippy::too_many_arguments, reason = "a row of a generated table")]
pub(super) const fn r(
    flags: u32,
    upper: i32,
    lower: i32,
    title: i32,
    numeric: u16,
    category: u8,
    bidirectional: u8,
    combining: u8,
    width: u8,
    decimal: i8,
    digit: i8,
) -> Record {
    Record {
        flags,
        upper,
        lower,
        title,
        numeric,
        category,
        bidirectional,
        combining,
        width,
        decimal,
        digit,
    }
}

/// Full case mappings that a record's distances cannot express.
pub(super) struct SpecialCase {
    pub(super) code: u32,
    pub(super) upper: &'static [u32],
    pub(super) lower: &'static [u32],
    pub(super) title: &'static [u32],
    pub(super) fold: &'static [u32],
}

pub(super) const fn s(
    code: u32,
    upper: &'static [u32],
    lower: &'static [u32],
    title: &'static [u32],
    fold: &'static [u32],
) -> SpecialCase {
    SpecialCase { code, upper, lower, title, fold }
}

static PROPERTIES: &[u8] = include_bytes!("../../tables/properties.bin");
static PROPERTIES_3_2_0: &[u8] = include_bytes!("../../tables/properties_3_2_0.bin");
static DECOMPOSITION: &[u8] = include_bytes!("../../tables/decomposition.bin");
static DECOMPOSITION_DATA: &[u8] = include_bytes!("../../tables/decomposition_data.bin");
static COMPOSITION: &[u8] = include_bytes!("../../tables/composition.bin");

const BLOCKS: usize = 0x11_0000 >> 7;
static UNASSIGNED: Record = r(0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1);

/// The `index`th little-endian `u16`, 0 beyond the end.
#[inline]
pub(super) fn u16_at(table: &[u8], index: usize) -> u16 {
    match table.get(index * 2..index * 2 + 2) {
        Some(&[a, b]) => u16::from_le_bytes([a, b]),
        _ => 0,
    }
}

/// The `index`th little-endian `u32`, 0 beyond the end.
#[inline]
pub(super) fn u32_at(table: &[u8], index: usize) -> u32 {
    match table.get(index * 4..index * 4 + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

#[inline]
fn look_up(table: &[u8], code: u32) -> usize {
    let code = code as usize;
    let block = usize::from(u16_at(table, code >> 7));
    usize::from(u16_at(table, BLOCKS + (block << 7) + (code & 127)))
}

/// The current properties of a code point.
#[inline]
pub(super) fn record(code: u32) -> &'static Record {
    if code > 0x10_ffff {
        return &UNASSIGNED;
    }
    RECORDS.get(look_up(PROPERTIES, code)).unwrap_or(&UNASSIGNED)
}

/// The properties a code point had in version 3.2.0.
pub(super) fn record_3_2_0(code: u32) -> &'static Record {
    if code > 0x10_ffff {
        return &UNASSIGNED;
    }
    RECORDS_3_2_0.get(look_up(PROPERTIES_3_2_0, code)).unwrap_or(&UNASSIGNED)
}

/// Index of the tag and the code points of a decomposition, Hangul excluded.
pub(super) fn decomposition(code: u32) -> (usize, Vec<u32>) {
    if code > 0x10_ffff {
        return (0, Vec::new());
    }
    let offset = look_up(DECOMPOSITION, code);
    let header = u32_at(DECOMPOSITION_DATA, offset) as usize;
    let parts = (0..header & 0xff).map(|i| u32_at(DECOMPOSITION_DATA, offset + 1 + i)).collect();
    (header >> 8, parts)
}

/// The primary composite of two code points, Hangul excluded.
pub(super) fn composition(first: u32, second: u32) -> Option<u32> {
    let (mut low, mut high) = (0, COMPOSITION.len() / 12);
    while low < high {
        let middle = low.midpoint(high);
        let pair = (u32_at(COMPOSITION, middle * 3), u32_at(COMPOSITION, middle * 3 + 1));
        match pair.cmp(&(first, second)) {
            core::cmp::Ordering::Equal => return Some(u32_at(COMPOSITION, middle * 3 + 2)),
            core::cmp::Ordering::Less => low = middle + 1,
            core::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

/// The row of `code` among the special case mappings.
pub(super) fn special_case(code: u32) -> Option<&'static SpecialCase> {
    let index = SPECIAL_CASES.binary_search_by_key(&code, |row| row.code).ok()?;
    SPECIAL_CASES.get(index)
}
