//! Normalization forms.
//!
//! Decompose fully, order marks by combining class, and for the composed forms
//! pair starters with the marks that nothing blocks. A quick check on the
//! properties answers for most text without doing any of it.

use super::Database;
use super::data::{composition, decomposition, record};
use super::generated::*;
use crate::{TextBuf, Units};

pub(super) const HANGUL_BASE: u32 = 0xac00;
pub(super) const HANGUL_COUNT: u32 = 11172;
const LEAD_BASE: u32 = 0x1100;
const VOWEL_BASE: u32 = 0x1161;
const TRAIL_BASE: u32 = 0x11a7;

/// A normalization form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl Form {
    /// The form called `name`.
    pub fn from_name(name: &str) -> Option<Form> {
        Some(match name {
            "NFC" => Form::Nfc,
            "NFD" => Form::Nfd,
            "NFKC" => Form::Nfkc,
            "NFKD" => Form::Nfkd,
            _ => return None,
        })
    }

    fn composes(self) -> bool {
        matches!(self, Form::Nfc | Form::Nfkc)
    }

    fn is_compatible(self) -> bool {
        matches!(self, Form::Nfkc | Form::Nfkd)
    }

    fn flags(self) -> (u32, u32) {
        match self {
            Form::Nfc => (NFC_NO, NFC_MAYBE),
            Form::Nfd => (NFD_NO, 0),
            Form::Nfkc => (NFKC_NO, NFKC_MAYBE),
            Form::Nfkd => (NFKD_NO, 0),
        }
    }
}

#[derive(PartialEq)]
enum Quick {
    Yes,
    Maybe,
    No,
}

fn quick_check(text: Units<'_>, form: Form) -> Quick {
    let (no, maybe) = form.flags();
    let mut previous = 0;
    let mut answer = Quick::Yes;
    for code in text {
        if code < 128 {
            previous = 0;
            continue;
        }
        let record = record(code);
        if record.has(no) || record.combining != 0 && previous > record.combining {
            return Quick::No;
        }
        previous = record.combining;
        if record.has(maybe) {
            answer = Quick::Maybe;
        }
    }
    answer
}

/// Whether `text` equals its normalization.
pub fn is_normalized(database: Database, text: Units<'_>, form: Form) -> bool {
    if text.is_ascii() {
        return true;
    }
    if database == Database::Current {
        match quick_check(text, form) {
            Quick::Yes => return true,
            Quick::No => return false,
            Quick::Maybe => {}
        }
    }
    normalize_slowly(database, text, form).as_units() == text
}

/// The normalization of `text`.
pub fn normalize(database: Database, text: Units<'_>, form: Form) -> TextBuf {
    if text.is_ascii() || database == Database::Current && quick_check(text, form) == Quick::Yes {
        return text.to_buf();
    }
    normalize_slowly(database, text, form)
}

fn normalize_slowly(database: Database, text: Units<'_>, form: Form) -> TextBuf {
    let mut codes = Vec::with_capacity(text.len());
    for code in text {
        decompose(database, code, form.is_compatible(), &mut codes);
    }
    order_marks(&mut codes);
    if form.composes() {
        compose(&mut codes);
    }
    codes.into_iter().collect()
}

/// The jamo of a Hangul syllable.
pub(super) fn hangul_parts(code: u32, parts: &mut [u32; 3]) -> Option<&[u32]> {
    let s = code.checked_sub(HANGUL_BASE).filter(|&s| s < HANGUL_COUNT)?;
    *parts = [LEAD_BASE + s / 588, VOWEL_BASE + s % 588 / 28, TRAIL_BASE + s % 28];
    Some(if s % 28 == 0 { parts.get(..2)? } else { parts })
}

fn decompose(database: Database, code: u32, compatible: bool, out: &mut Vec<u32>) {
    if code < 0xa0 {
        out.push(code);
        return;
    }
    let mut hangul = [0; 3];
    if let Some(parts) = hangul_parts(code, &mut hangul) {
        out.extend_from_slice(parts);
        return;
    }
    // A depth-first walk; the database's decompositions nest a few levels.
    let mut stack = vec![code];
    while let Some(code) = stack.pop() {
        if database == Database::V3_2_0 {
            if !database.is_assigned(code) {
                out.push(code);
                continue;
            }
            if let Some(&(_, old)) = NORMALIZATION_3_2_0.iter().find(|(c, _)| *c == code) {
                stack.push(old);
                continue;
            }
        }
        let flags = if compatible { NFKD_NO } else { NFD_NO };
        if !record(code).has(flags) {
            out.push(code);
            continue;
        }
        let (tag, parts) = decomposition(code);
        if parts.is_empty() || tag != 0 && !compatible {
            out.push(code);
            continue;
        }
        stack.extend(parts.iter().rev());
    }
}

fn order_marks(codes: &mut [u32]) {
    let class = |code: u32| if code < 0x300 { 0 } else { record(code).combining };
    let mut start = 0;
    while start < codes.len() {
        let rest = codes.get_mut(start..).unwrap_or_default();
        let run = rest.iter().position(|&c| class(c) == 0).unwrap_or(rest.len());
        if run > 1 {
            rest.get_mut(..run).unwrap_or_default().sort_by_key(|&c| class(c));
        }
        start += run + 1;
    }
}

fn compose_pair(first: u32, second: u32) -> Option<u32> {
    if let (Some(lead), Some(vowel)) =
        (first.checked_sub(LEAD_BASE).filter(|&l| l < 19), second.checked_sub(VOWEL_BASE))
        && vowel < 21
    {
        return Some(HANGUL_BASE + (lead * 21 + vowel) * 28);
    }
    if let (Some(syllable), Some(trail)) = (
        first.checked_sub(HANGUL_BASE).filter(|&s| s < HANGUL_COUNT),
        second.checked_sub(TRAIL_BASE),
    ) && syllable % 28 == 0
        && (1..28).contains(&trail)
    {
        return Some(first + trail);
    }
    composition(first, second)
}

fn compose(codes: &mut Vec<u32>) {
    let mut out: Vec<u32> = Vec::with_capacity(codes.len());
    let mut starter: Option<usize> = None;
    // The class of the last mark kept since the starter.
    let mut last = 0;
    for &code in codes.iter() {
        let class = record(code).combining;
        let adjacent = starter.is_some_and(|s| s + 1 == out.len());
        if let Some(slot) = starter.and_then(|s| out.get_mut(s))
            && (adjacent || last != 0 && last < class)
            && let Some(composite) = compose_pair(*slot, code)
        {
            *slot = composite;
            continue;
        }
        if class == 0 {
            starter = Some(out.len());
        }
        last = class;
        out.push(code);
    }
    *codes = out;
}
