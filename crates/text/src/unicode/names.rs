//! Character names.
//!
//! `names.bin` holds a lexicon of words by falling frequency and, for each named
//! code point in order, the numbers of its words (one byte below `NAMES_SINGLE`,
//! two above). A second permutation sorts the names for lookup. Hangul and
//! ideographs, whose names follow from the code point, are computed; aliases and
//! named sequences can be looked up but are never answered.

use core::cmp::Ordering;

use super::Database;
use super::data::{u16_at, u32_at};
use super::generated::*;
use super::normalize::{HANGUL_BASE, HANGUL_COUNT};

static NAMES: &[u8] = include_bytes!("../../tables/names.bin");

const LEADS: [&str; 19] = [
    "G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P",
    "H",
];
const VOWELS: [&str; 21] = [
    "A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WEO", "WE",
    "WI", "YU", "EU", "YI", "I",
];
const TRAILS: [&str; 28] = [
    "", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT", "LP", "LH", "M",
    "B", "BS", "S", "SS", "NG", "J", "C", "K", "T", "P", "H",
];
const HANGUL_PREFIX: &str = "HANGUL SYLLABLE ";

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    Character(u32),
    Sequence(&'static [u32]),
}

fn part(range: core::ops::Range<usize>) -> &'static [u8] {
    NAMES.get(range).unwrap_or_default()
}

/// The words of the `index`th name.
fn words(index: usize) -> impl Iterator<Item = &'static [u8]> {
    let lengths = part(NAMES_LENGTHS);
    let block = index / 16;
    let skipped: usize =
        lengths.get(block * 16..index).unwrap_or_default().iter().map(|&n| usize::from(n)).sum();
    let start = u32_at(part(NAMES_OFFSETS), block) as usize + skipped;
    let length = lengths.get(index).map_or(0, |&n| usize::from(n));
    let mut codes = part(NAMES_NAMES).get(start..start + length).unwrap_or_default().iter();
    core::iter::from_fn(move || {
        let first = usize::from(*codes.next()?);
        let number = match first.checked_sub(NAMES_SINGLE) {
            None => first,
            Some(high) => NAMES_SINGLE + (high << 8) + usize::from(*codes.next()?),
        };
        let offsets = part(NAMES_WORD_OFFSETS);
        let (start, end) = (u32_at(offsets, number) as usize, u32_at(offsets, number + 1) as usize);
        part(NAMES_WORDS).get(start..end)
    })
}

/// The index of a code point among the listed names.
fn index_of(code: u32) -> Option<usize> {
    let runs = part(NAMES_RUNS);
    let count = runs.len() / 8;
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if u32_at(runs, middle * 2) <= code { low = middle + 1 } else { high = middle }
    }
    let run = low.checked_sub(1)?;
    let first = u32_at(runs, run * 2 + 1) as usize;
    let next = if low < count { u32_at(runs, low * 2 + 1) as usize } else { NAMES_COUNT };
    let index = first + (code - u32_at(runs, run * 2)) as usize;
    (index < next).then_some(index)
}

/// The code point of the `index`th listed name.
fn code_of(index: usize) -> u32 {
    let runs = part(NAMES_RUNS);
    let (mut low, mut high) = (0, runs.len() / 8);
    while low < high {
        let middle = low.midpoint(high);
        if u32_at(runs, middle * 2 + 1) as usize <= index {
            low = middle + 1
        } else {
            high = middle
        }
    }
    let run = low.saturating_sub(1);
    u32_at(runs, run * 2) + (index as u32).saturating_sub(u32_at(runs, run * 2 + 1))
}

/// The name of a code point, as `unicodedata.name` answers.
pub fn name(database: Database, code: u32) -> Option<String> {
    if database == Database::V3_2_0 && !database.is_assigned(code) {
        return None;
    }
    if (HANGUL_BASE..HANGUL_BASE + HANGUL_COUNT).contains(&code) {
        let s = (code - HANGUL_BASE) as usize;
        let lead = LEADS.get(s / 588)?;
        let vowel = VOWELS.get(s % 588 / 28)?;
        return Some(format!("{HANGUL_PREFIX}{lead}{vowel}{}", TRAILS.get(s % 28)?));
    }
    let derived = DERIVED_NAMES.iter().find(|&&(_, start, end)| (start..=end).contains(&code));
    if let Some((prefix, ..)) = derived {
        return Some(format!("{prefix}{code:04X}"));
    }
    let mut text = Vec::new();
    for word in words(index_of(code)?) {
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
    String::from_utf8(text).ok()
}

/// What a name stands for; letter case does not matter. The database's version
/// does not either, except that aliases and named sequences are known to the current database only, and sequences only if
/// `sequences` (a `\N{…}` escape must be one character).
pub fn lookup(database: Database, name: &[u8], sequences: bool) -> Option<Found> {
    if name.len() > 256 {
        return None;
    }
    let name = name.to_ascii_uppercase();
    lookup_upper(&name, database, sequences)
}

/// The character that a `\N{…}` escape names.
pub fn character(name: &str) -> Option<char> {
    match lookup(Database::Current, name.as_bytes(), false)? {
        Found::Character(code) => char::from_u32(code),
        Found::Sequence(_) => None,
    }
}

fn lookup_upper(name: &[u8], database: Database, sequences: bool) -> Option<Found> {
    if let Some(syllable) = name.strip_prefix(HANGUL_PREFIX.as_bytes()) {
        return hangul(syllable).map(Found::Character);
    }
    for &(prefix, start, end) in DERIVED_NAMES.iter().chain(&LOOKUP_ONLY_NAMES) {
        let digits = name.strip_prefix(prefix.as_bytes());
        if let Some(code) = digits.and_then(hexadecimal).filter(|code| (start..=end).contains(code))
        {
            return Some(Found::Character(code));
        }
    }
    if let Some(code) = listed(name) {
        return Some(Found::Character(code));
    }
    if database == Database::V3_2_0 {
        return None;
    }
    if let Ok(i) = ALIASES.binary_search_by(|(alias, _)| alias.as_bytes().cmp(name)) {
        return ALIASES.get(i).map(|&(_, code)| Found::Character(code));
    }
    if !sequences {
        return None;
    }
    let i = NAMED_SEQUENCES.binary_search_by(|(known, _)| known.as_bytes().cmp(name)).ok()?;
    NAMED_SEQUENCES.get(i).map(|&(_, codes)| Found::Sequence(codes))
}

/// Four or five hexadecimal digits as in a derived name.
fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if !(4..=5).contains(&digits.len()) || digits.len() == 5 && digits.first() == Some(&b'0') {
        return None;
    }
    digits.iter().try_fold(0, |code, &d| Some(code << 4 | char::from(d).to_digit(16)?))
}

/// The longest matching lead, vowel and trail, as CPython matches them.
fn hangul(mut syllable: &[u8]) -> Option<u32> {
    let mut take = |table: &[&str]| {
        let matching = table.iter().enumerate().filter(|(_, t)| syllable.starts_with(t.as_bytes()));
        let (index, text) = matching.max_by_key(|(_, t)| t.len())?;
        syllable = syllable.get(text.len()..)?;
        u32::try_from(index).ok()
    };
    let (lead, vowel, trail) = (take(&LEADS)?, take(&VOWELS)?, take(&TRAILS)?);
    syllable.is_empty().then_some(HANGUL_BASE + (lead * 21 + vowel) * 28 + trail)
}

fn listed(name: &[u8]) -> Option<u32> {
    let order = part(NAMES_ORDER);
    let (mut low, mut high) = (0, NAMES_COUNT);
    while low < high {
        let middle = low.midpoint(high);
        let index = usize::from(u16_at(order, middle));
        match compare(index, name) {
            Ordering::Equal => return Some(code_of(index)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    None
}

/// Compare the `index`th name with `name` without building it.
fn compare(index: usize, name: &[u8]) -> Ordering {
    let mut rest = name;
    for (i, word) in words(index).enumerate() {
        let space: &[u8] = if i > 0 { b" " } else { b"" };
        for piece in [space, word] {
            let (head, tail) = rest.split_at_checked(piece.len()).unwrap_or((rest, &[]));
            match piece.cmp(head) {
                Ordering::Equal => rest = tail,
                different => return different,
            }
        }
    }
    if rest.is_empty() { Ordering::Equal } else { Ordering::Less }
}
