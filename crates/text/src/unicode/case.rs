//! Case mappings: simple ones as distances in the record, full ones in a table.
//!
//! A full mapping yields one to three code points. Lowering a capital sigma
//! depends on its neighbours, so [`lower_at`] sees the whole string.

use super::data::{record, special_case};
use super::generated::{CASE_IGNORABLE, CASED, SPECIAL_CASE};
use crate::Units;

/// The result of a full case mapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mapping {
    One(u32),
    Many(&'static [u32]),
}

impl Iterator for Mapping {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match *self {
            Mapping::One(code) => {
                *self = Mapping::Many(&[]);
                Some(code)
            }
            Mapping::Many(codes) => {
                let (&first, rest) = codes.split_first()?;
                *self = Mapping::Many(rest);
                Some(first)
            }
        }
    }
}

fn many(codes: &'static [u32]) -> Mapping {
    match codes {
        &[code] => Mapping::One(code),
        codes => Mapping::Many(codes),
    }
}

/// Simple uppercase mapping.
#[inline]
pub fn simple_upper(code: u32) -> u32 {
    if code < 128 {
        return u32::from((code as u8).to_ascii_uppercase());
    }
    code.wrapping_add_signed(record(code).upper)
}

/// Simple lowercase mapping.
#[inline]
pub fn simple_lower(code: u32) -> u32 {
    if code < 128 {
        return u32::from((code as u8).to_ascii_lowercase());
    }
    code.wrapping_add_signed(record(code).lower)
}

/// Simple titlecase mapping.
#[inline]
pub fn simple_title(code: u32) -> u32 {
    if code < 128 {
        return u32::from((code as u8).to_ascii_uppercase());
    }
    code.wrapping_add_signed(record(code).title)
}

macro_rules! full {
    ($($(#[$doc:meta])* $name:ident: $simple:ident, $field:ident;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(code: u32) -> Mapping {
            if code < 128 || !record(code).has(SPECIAL_CASE) {
                return Mapping::One($simple(code));
            }
            special_case(code).map_or(Mapping::One(code), |row| many(row.$field))
        }
    )*};
}

full! {
    /// Full uppercase mapping.
    upper: simple_upper, upper;
    /// Full titlecase mapping.
    title: simple_title, title;
    /// Full case folding.
    fold: simple_lower, fold;
    /// Full lowercase mapping out of context.
    lower: simple_lower, lower;
}

/// Full lowercase mapping of the code point `code` at `index` of `text`.
#[inline]
pub fn lower_at(text: Units<'_>, index: usize, code: u32) -> Mapping {
    if code == 0x3a3 && is_final_sigma(text, index) {
        return Mapping::One(0x3c2);
    }
    lower(code)
}

/// Whether the code point has case (Cased property).
pub fn is_cased(code: u32) -> bool {
    record(code).has(CASED)
}

/// Whether the code point is skipped when looking for cased neighbours. Only
/// reliable where it decides the form of a sigma.
pub fn is_case_ignorable(code: u32) -> bool {
    record(code).has(CASE_IGNORABLE)
}

/// A sigma is final after a cased letter and not before one.
fn is_final_sigma(text: Units<'_>, index: usize) -> bool {
    let before = text.slice(0, index).iter().rev().find(|&code| !is_case_ignorable(code));
    let after = text.slice(index + 1, usize::MAX).iter().find(|&code| !is_case_ignorable(code));
    before.is_some_and(is_cased) && !after.is_some_and(is_cased)
}
