//! Finding text in text, and bytes in bytes.
//!
//! The needle is first brought to the haystack's width (or cannot occur). Bytes
//! use `memchr`'s searchers. Wider units look for the first unit and compare,
//! until that has cost too much; then Crochemore and Perrin's two-way algorithm
//! takes over, so the worst case is linear. An empty needle is found everywhere.

use std::borrow::Cow;

use memchr::memmem;

use crate::{CodeUnit, Units};

/// A unit that can be searched for.
/// Texts shorter than this are searched without preparation.
const SHORT: usize = 512;

trait Searchable: CodeUnit {
    fn find_unit(hay: &[Self], unit: Self) -> Option<usize>;
    fn rfind_unit(hay: &[Self], unit: Self) -> Option<usize>;
    fn count_unit(hay: &[Self], unit: Self) -> usize;

    /// Find a needle of at least two units.
    fn find_needle(hay: &[Self], needle: &[Self]) -> Option<usize> {
        Self::find_by_first(hay, needle)
    }

    /// Find a needle of at least two units by its first one, as long as that
    /// is rare.
    fn find_by_first(hay: &[Self], needle: &[Self]) -> Option<usize> {
        let (&first, tail) = needle.split_first()?;
        let (mut start, mut work) = (0, 0);
        loop {
            let last_start = hay.len().checked_sub(needle.len())?;
            start += Self::find_unit(hay.get(start..=last_start)?, first)?;
            let candidate = hay.get(start + 1..start + needle.len())?;
            let common = candidate.iter().zip(tail).take_while(|(a, b)| a == b).count();
            if common == tail.len() {
                return Some(start);
            }
            start += 1;
            work += common;
            if work > 4 * start + 256 {
                return two_way(hay.get(start..)?, needle).map(|i| start + i);
            }
        }
    }

    /// Find the last occurrence of a needle of at least two units.
    fn rfind_needle(hay: &[Self], needle: &[Self]) -> Option<usize> {
        Self::rfind_by_first(hay, needle)
    }

    /// As [`Searchable::find_by_first`], from the right.
    fn rfind_by_first(hay: &[Self], needle: &[Self]) -> Option<usize> {
        let (&first, tail) = needle.split_first()?;
        let mut end = hay.len().checked_sub(tail.len())?;
        let mut work = 0;
        let limit = end;
        loop {
            let start = Self::rfind_unit(hay.get(..end)?, first)?;
            let candidate = hay.get(start + 1..start + needle.len())?;
            let common = candidate.iter().zip(tail).take_while(|(a, b)| a == b).count();
            if common == tail.len() {
                return Some(start);
            }
            end = start;
            work += common;
            if work > 4 * (limit - end) + 256 {
                let hay: Vec<Self> = hay.get(..end + tail.len())?.iter().rev().copied().collect();
                let needle: Vec<Self> = needle.iter().rev().copied().collect();
                let found = two_way(&hay, &needle)?;
                return hay.len().checked_sub(found + needle.len());
            }
        }
    }
}

impl Searchable for u8 {
    fn find_unit(hay: &[u8], unit: u8) -> Option<usize> {
        memchr::memchr(unit, hay)
    }

    fn rfind_unit(hay: &[u8], unit: u8) -> Option<usize> {
        memchr::memrchr(unit, hay)
    }

    fn count_unit(hay: &[u8], unit: u8) -> usize {
        memchr::memchr_iter(unit, hay).count()
    }

    fn find_needle(hay: &[u8], needle: &[u8]) -> Option<usize> {
        // PERF: `memmem` takes some hundred instructions to get ready.
        if hay.len() < SHORT {
            return Self::find_by_first(hay, needle);
        }
        memmem::find(hay, needle)
    }

    fn rfind_needle(hay: &[u8], needle: &[u8]) -> Option<usize> {
        // PERF: as above; the searcher from the right is the slower of the two.
        if hay.len() < 16 * SHORT {
            return Self::rfind_by_first(hay, needle);
        }
        memmem::rfind(hay, needle)
    }
}

macro_rules! wide {
    ($type:ty) => {
        impl Searchable for $type {
            fn find_unit(hay: &[$type], unit: $type) -> Option<usize> {
                // PERF: a branch-free test of whole chunks vectorises.
                let mut chunks = hay.chunks_exact(16);
                let mut base = 0;
                for chunk in chunks.by_ref() {
                    if chunk.iter().fold(false, |any, &u| any | (u == unit)) {
                        return chunk.iter().position(|&u| u == unit).map(|i| base + i);
                    }
                    base += 16;
                }
                chunks.remainder().iter().position(|&u| u == unit).map(|i| base + i)
            }

            fn rfind_unit(hay: &[$type], unit: $type) -> Option<usize> {
                hay.iter().rposition(|&u| u == unit)
            }

            fn count_unit(hay: &[$type], unit: $type) -> usize {
                // PERF: counters as wide as the units let whole registers be added.
                let in_chunk = |chunk: &[$type]| {
                    chunk.iter().fold(0, |count: $type, &u| count + <$type>::from(u == unit))
                };
                hay.chunks(1 << 12).map(|chunk| in_chunk(chunk) as usize).sum()
            }
        }
    };
}

wide!(u16);
wide!(u32);

/// The start of the maximal suffix of `needle` under one order, and its period.
fn maximal_suffix<U: Ord>(needle: &[U], reversed: bool) -> (usize, usize) {
    let (mut left, mut right, mut offset, mut period) = (0, 1, 0, 1);
    while let (Some(a), Some(b)) = (needle.get(right + offset), needle.get(left + offset)) {
        let order = if reversed { b.cmp(a) } else { a.cmp(b) };
        match order {
            core::cmp::Ordering::Less => {
                right += offset + 1;
                offset = 0;
                period = right - left;
            }
            core::cmp::Ordering::Equal if offset + 1 == period => {
                right += period;
                offset = 0;
            }
            core::cmp::Ordering::Equal => offset += 1,
            core::cmp::Ordering::Greater => {
                left = right;
                right += 1;
                offset = 0;
                period = 1;
            }
        }
    }
    (left, period)
}

/// Linear-time search.
fn two_way<U: Ord + Copy>(hay: &[U], needle: &[U]) -> Option<usize> {
    let (cut, period) = maximal_suffix(needle, false).max(maximal_suffix(needle, true));
    let left = needle.get(..cut)?;
    let periodic = needle.get(period..period + cut) == Some(left);
    // A long shift is safe where the needle does not repeat itself.
    let period = if periodic { period } else { cut.max(needle.len() - cut) + 1 };
    let (mut start, mut memory) = (0, 0);
    loop {
        let window = hay.get(start..start + needle.len())?;
        let from = cut.max(memory);
        let right = window.iter().zip(needle).skip(from).position(|(a, b)| a != b);
        if let Some(matched) = right {
            start += from + matched - cut + 1;
            memory = 0;
            continue;
        }
        let mut left = window.iter().zip(needle).take(cut).skip(memory).rev();
        if left.all(|(a, b)| a == b) {
            return Some(start);
        }
        start += period;
        memory = if periodic { needle.len() - period } else { 0 };
    }
}

/// A haystack and a needle of one width.
enum Pair<'a> {
    Ucs1(&'a [u8], Cow<'a, [u8]>),
    Ucs2(&'a [u16], Cow<'a, [u16]>),
    Ucs4(&'a [u32], Cow<'a, [u32]>),
}

fn convert<'a, U: CodeUnit>(needle: Units<'a>, same: Option<&'a [U]>) -> Option<Cow<'a, [U]>> {
    match same {
        Some(same) => Some(Cow::Borrowed(same)),
        None => needle.iter().map(U::from_code).collect::<Option<Vec<U>>>().map(Cow::Owned),
    }
}

impl<'a> Pair<'a> {
    fn new(hay: Units<'a>, needle: Units<'a>) -> Option<Pair<'a>> {
        if needle.len() > hay.len() {
            return None;
        }
        Some(match hay {
            Units::Ucs1(hay) => {
                let same = if let Units::Ucs1(s) = needle { Some(s) } else { None };
                Pair::Ucs1(hay, convert(needle, same)?)
            }
            Units::Ucs2(hay) => {
                let same = if let Units::Ucs2(s) = needle { Some(s) } else { None };
                Pair::Ucs2(hay, convert(needle, same)?)
            }
            Units::Ucs4(hay) => {
                let same = if let Units::Ucs4(s) = needle { Some(s) } else { None };
                Pair::Ucs4(hay, convert(needle, same)?)
            }
        })
    }
}

macro_rules! each_pair {
    ($pair:expr, ($hay:ident, $needle:ident) => $body:expr) => {
        match $pair {
            Pair::Ucs1($hay, $needle) => $body,
            Pair::Ucs2($hay, $needle) => $body,
            Pair::Ucs4($hay, $needle) => $body,
        }
    };
}

fn find_in<U: Searchable>(hay: &[U], needle: &[U]) -> Option<usize> {
    match needle {
        [] => Some(0),
        &[unit] => U::find_unit(hay, unit),
        needle => U::find_needle(hay, needle),
    }
}

fn rfind_in<U: Searchable>(hay: &[U], needle: &[U]) -> Option<usize> {
    match needle {
        [] => Some(hay.len()),
        &[unit] => U::rfind_unit(hay, unit),
        needle => U::rfind_needle(hay, needle),
    }
}

/// The first occurrence of `needle`.
pub fn find(hay: Units<'_>, needle: Units<'_>) -> Option<usize> {
    if let (Units::Ucs1(hay), Units::Ucs1(needle)) = (hay, needle) {
        return if needle.len() > hay.len() { None } else { find_in(hay, needle) };
    }
    if let Some(code) = single(needle) {
        return find_char(hay, code);
    }
    each_pair!(Pair::new(hay, needle)?, (hay, needle) => find_in(hay, &needle))
}

/// The last occurrence of `needle`.
pub fn rfind(hay: Units<'_>, needle: Units<'_>) -> Option<usize> {
    if let (Units::Ucs1(hay), Units::Ucs1(needle)) = (hay, needle) {
        return if needle.len() > hay.len() { None } else { rfind_in(hay, needle) };
    }
    if let Some(code) = single(needle) {
        return rfind_char(hay, code);
    }
    each_pair!(Pair::new(hay, needle)?, (hay, needle) => rfind_in(hay, &needle))
}

/// The first occurrence of one code point.
pub fn find_char(hay: Units<'_>, code: u32) -> Option<usize> {
    match hay {
        Units::Ucs1(hay) => u8::find_unit(hay, u8::from_code(code)?),
        Units::Ucs2(hay) => u16::find_unit(hay, u16::from_code(code)?),
        Units::Ucs4(hay) => u32::find_unit(hay, code),
    }
}

/// The last occurrence of one code point.
pub fn rfind_char(hay: Units<'_>, code: u32) -> Option<usize> {
    match hay {
        Units::Ucs1(hay) => u8::rfind_unit(hay, u8::from_code(code)?),
        Units::Ucs2(hay) => u16::rfind_unit(hay, u16::from_code(code)?),
        Units::Ucs4(hay) => u32::rfind_unit(hay, code),
    }
}

/// The number of non-overlapping occurrences, at most `max`. An empty needle
/// occurs before every code point and at the end.
pub fn count(hay: Units<'_>, needle: Units<'_>, max: usize) -> usize {
    match single(needle) {
        Some(code) => count_char(hay, code).min(max),
        None => matches(hay, needle).take(max).count(),
    }
}

/// The number of occurrences of one code point.
fn count_char(hay: Units<'_>, code: u32) -> usize {
    let count = match hay {
        Units::Ucs1(hay) => u8::from_code(code).map(|unit| u8::count_unit(hay, unit)),
        Units::Ucs2(hay) => u16::from_code(code).map(|unit| u16::count_unit(hay, unit)),
        Units::Ucs4(hay) => Some(u32::count_unit(hay, code)),
    };
    count.unwrap_or(0)
}

/// The code point of a text of one.
fn single(text: Units<'_>) -> Option<u32> {
    if text.len() == 1 { text.get(0) } else { None }
}

/// Where `needle` occurs without overlap, from the left.
pub fn matches<'a>(hay: Units<'a>, needle: Units<'a>) -> Matches<'a> {
    Matches(match (hay, needle) {
        (Units::Ucs1(hay), Units::Ucs1(&[unit])) => Search::Byte(memchr::memchr_iter(unit, hay)),
        (Units::Ucs1(hay), Units::Ucs1(needle)) if needle.len() > 1 && hay.len() >= SHORT => {
            Search::Bytes { hay, finder: memmem::Finder::new(needle), start: 0 }
        }
        (Units::Ucs1(hay), Units::Ucs1(needle)) if needle.len() > 1 => {
            Search::Few { hay, needle, start: 0 }
        }
        _ => match single(needle) {
            Some(code) => Search::Char { hay, code, start: 0 },
            None => match Pair::new(hay, needle) {
                Some(pair) => Search::Any { pair, start: 0 },
                None => Search::None,
            },
        },
    })
}

/// Where `needle` occurs without overlap, from the right.
pub fn rmatches<'a>(hay: Units<'a>, needle: Units<'a>) -> RMatches<'a> {
    RMatches { pair: Pair::new(hay, needle), end: Some(hay.len()) }
}

/// See [`matches`].
pub struct Matches<'a>(Search<'a>);

#[allow(clippy::large_enum_variant, reason = "one lives at a time, on the stack")]
enum Search<'a> {
    None,
    /// PERF: the searcher keeps what it saw of a block, where matches are dense.
    Byte(memchr::Memchr<'a>),
    Bytes {
        hay: &'a [u8],
        finder: memmem::Finder<'a>,
        start: usize,
    },
    /// In a text that is not worth preparing a searcher.
    Few {
        hay: &'a [u8],
        needle: &'a [u8],
        start: usize,
    },
    Char {
        hay: Units<'a>,
        code: u32,
        start: usize,
    },
    Any {
        pair: Pair<'a>,
        start: usize,
    },
}

impl Iterator for Matches<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        match &mut self.0 {
            Search::None => None,
            Search::Byte(found) => found.next(),
            Search::Bytes { hay, finder, start } => {
                let found = *start + finder.find(hay.get(*start..)?)?;
                *start = found + finder.needle().len();
                Some(found)
            }
            Search::Few { hay, needle, start } => {
                let found = *start + u8::find_by_first(hay.get(*start..)?, needle)?;
                *start = found + needle.len();
                Some(found)
            }
            Search::Char { hay, code, start } => {
                let found = *start + find_char(hay.slice(*start, usize::MAX), *code)?;
                *start = found + 1;
                Some(found)
            }
            Search::Any { pair, start } => {
                let (found, length) = each_pair!(pair, (hay, needle) => {
                    (find_in(hay.get(*start..)?, needle), needle.len())
                });
                let found = *start + found?;
                *start = found + length.max(1);
                Some(found)
            }
        }
    }
}

/// See [`rmatches`].
pub struct RMatches<'a> {
    pair: Option<Pair<'a>>,
    end: Option<usize>,
}

impl Iterator for RMatches<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let end = self.end.take()?;
        let (found, empty) = each_pair!(self.pair.as_ref()?, (hay, needle) => {
            (rfind_in(hay.get(..end)?, needle)?, needle.is_empty())
        });
        self.end = if empty { found.checked_sub(1) } else { Some(found) };
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive<U: Eq>(hay: &[U], needle: &[U]) -> Option<usize> {
        (0..(hay.len() + 1).saturating_sub(needle.len()))
            .find(|&i| hay[i..i + needle.len()] == *needle)
    }

    #[test]
    fn every_algorithm_agrees_with_the_naive_one() {
        let mut seed = 1u32;
        let mut random = |n: u32| {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (seed >> 16) % n
        };
        for round in 0..20000 {
            let letters = 2 + round % 2;
            let hay: Vec<u16> = (0..random(40)).map(|_| 300 + random(letters) as u16).collect();
            let needle: Vec<u16> = (0..random(7)).map(|_| 300 + random(letters) as u16).collect();
            let expected = naive(&hay, &needle);
            let wide: Vec<u32> = needle.iter().map(|&u| u.into()).collect();
            assert_eq!(find(Units::Ucs2(&hay), Units::Ucs4(&wide)), expected);
            if needle.len() > 1 {
                assert_eq!(two_way(&hay, &needle), expected, "{hay:?} {needle:?}");
            }
            let (mut rhay, mut rneedle) = (hay.clone(), needle.clone());
            rhay.reverse();
            rneedle.reverse();
            let last = naive(&rhay, &rneedle).map(|i| hay.len() - i - needle.len());
            assert_eq!(rfind(Units::Ucs2(&hay), Units::Ucs2(&needle)), last);
        }
    }

    #[test]
    fn a_hostile_needle_is_still_linear() {
        let hay = vec![300u16; 1_000_000];
        let mut needle = vec![300u16; 100_000];
        needle[50_000] = 301;
        assert_eq!(find(Units::Ucs2(&hay), Units::Ucs2(&needle)), None);
        assert_eq!(rfind(Units::Ucs2(&hay), Units::Ucs2(&needle)), None);
    }
}
