//! Splitting, stripping and padding, as positions.
//!
//! Everything answers ranges or counts; making the pieces is the caller's. Text
//! and bytes differ only in what is white space and what ends a line, so both are
//! served by the same functions with a [`Kind`].

use core::ops::Range;

use crate::{CodeUnit, Units, each_width, search, unicode};

/// Whose rules apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `str`: Unicode white space and line boundaries.
    Text,
    /// `bytes` and `bytearray`: ASCII only.
    Bytes,
}

/// White space below U+0100.
static TEXT_SPACES: [bool; 256] = spaces(true);
static BYTES_SPACES: [bool; 256] = spaces(false);

const fn spaces(text: bool) -> [bool; 256] {
    let mut all = [false; 256];
    let mut code = 0;
    while code < 256 {
        all[code] =
            matches!(code, 0x09..=0x0d | 0x20) || text && matches!(code, 0x1c..=0x1f | 0x85 | 0xa0);
        code += 1;
    }
    all
}

impl Kind {
    /// [`Kind::is_space`] of one-byte units.
    #[inline]
    fn spaces(self) -> &'static [bool; 256] {
        match self {
            Kind::Text => &TEXT_SPACES,
            Kind::Bytes => &BYTES_SPACES,
        }
    }

    /// Whether `split()` splits at it.
    #[inline]
    pub fn is_space(self, code: u32) -> bool {
        match self {
            Kind::Text => unicode::is_space(code),
            Kind::Bytes => matches!(code, 0x09..=0x0d | 0x20),
        }
    }

    /// Whether `splitlines()` splits after it.
    #[inline]
    pub fn is_linebreak(self, code: u32) -> bool {
        match self {
            Kind::Text => unicode::is_linebreak(code),
            Kind::Bytes => matches!(code, 0x0a | 0x0d),
        }
    }
}

fn skip<U: CodeUnit>(slice: &[U], from: usize, test: impl Fn(u32) -> bool) -> usize {
    let rest = slice.get(from..).unwrap_or_default();
    from + rest.iter().position(|u| !test(u.code())).unwrap_or(rest.len())
}

fn rskip<U: CodeUnit>(slice: &[U], to: usize, test: impl Fn(u32) -> bool) -> usize {
    let rest = slice.get(..to).unwrap_or_default();
    rest.iter().rposition(|u| !test(u.code())).map_or(0, |i| i + 1)
}

/// The words of `split(None, max)`.
pub fn split_whitespace(
    text: Units<'_>,
    kind: Kind,
    max: usize,
) -> impl Iterator<Item = Range<usize>> {
    let (mut position, mut left) = (0, max);
    core::iter::from_fn(move || {
        let word = match text {
            // PERF: most texts; splitting them into words is mostly this test.
            Units::Ucs1(s) => {
                let spaces = kind.spaces();
                next_word(s, position, left == 0, |unit| spaces[usize::from(unit)])
            }
            Units::Ucs2(s) => next_word(s, position, left == 0, |unit| kind.is_space(unit.into())),
            Units::Ucs4(s) => next_word(s, position, left == 0, |unit| kind.is_space(unit)),
        }?;
        left = left.saturating_sub(1);
        position = word.end;
        Some(word)
    })
}

/// The next word at or after `position`, or all from there on as the last one.
#[inline(always)]
fn next_word<U: CodeUnit>(
    text: &[U],
    position: usize,
    is_last: bool,
    is_space: impl Fn(U) -> bool,
) -> Option<Range<usize>> {
    let rest = text.get(position..)?;
    let start = position + rest.iter().position(|unit| !is_space(*unit))?;
    if is_last {
        return Some(start..text.len());
    }
    let word = text.get(start..)?;
    let length = word.iter().position(|unit| is_space(*unit)).unwrap_or(word.len());
    Some(start..start + length)
}

/// The words of `rsplit(None, max)`, last one first.
pub fn rsplit_whitespace(
    text: Units<'_>,
    kind: Kind,
    max: usize,
) -> impl Iterator<Item = Range<usize>> {
    let (mut position, mut left) = (text.len(), max);
    core::iter::from_fn(move || {
        each_width!(text, s => {
            let end = rskip(s, position, |c| kind.is_space(c));
            if end == 0 {
                return None;
            }
            let start = match left {
                0 => 0,
                _ => rskip(s, end, |c| !kind.is_space(c)),
            };
            left = left.saturating_sub(1);
            position = start;
            Some(start..end)
        })
    })
}

/// The pieces of `split(separator, max)`; the separator must not be empty.
pub fn split<'a>(
    text: Units<'a>,
    separator: Units<'a>,
    max: usize,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut found = search::matches(text, separator).take(max);
    let mut start = Some(0);
    core::iter::from_fn(move || {
        let from = start.take()?;
        let Some(end) = found.next() else { return Some(from..text.len()) };
        start = Some(end + separator.len());
        Some(from..end)
    })
}

/// The pieces of `rsplit(separator, max)`, last one first; the separator must
/// not be empty.
pub fn rsplit<'a>(
    text: Units<'a>,
    separator: Units<'a>,
    max: usize,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut found = search::rmatches(text, separator).take(max);
    let mut end = Some(text.len());
    core::iter::from_fn(move || {
        let to = end.take()?;
        let Some(start) = found.next() else { return Some(0..to) };
        end = Some(start);
        Some(start + separator.len()..to)
    })
}

/// A line: its text is `start..end`, the next one begins at `next`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    pub start: usize,
    pub end: usize,
    pub next: usize,
}

/// The lines of `splitlines()`.
pub fn split_lines(text: Units<'_>, kind: Kind) -> impl Iterator<Item = Line> {
    let mut start = 0;
    core::iter::from_fn(move || {
        each_width!(text, s => {
            if start >= s.len() {
                return None;
            }
            let end = skip(s, start, |c| !kind.is_linebreak(c));
            let crlf = s.get(end).is_some_and(|u| u.code() == 0x0d)
                && s.get(end + 1).is_some_and(|u| u.code() == 0x0a);
            let next = s.len().min(end + if crlf { 2 } else { 1 });
            let line = Line { start, end, next };
            start = next;
            Some(line)
        })
    })
}

/// Which ends to strip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Left,
    Right,
    Both,
}

/// What is left after stripping what `test` accepts.
pub fn strip_by(text: Units<'_>, side: Side, test: impl Fn(u32) -> bool) -> Range<usize> {
    each_width!(text, s => {
        let start = if side == Side::Right { 0 } else { skip(s, 0, &test) };
        let end = if side == Side::Left { s.len() } else { rskip(s, s.len(), &test) };
        start..end.max(start)
    })
}

/// What is left after stripping white space.
pub fn strip_whitespace(text: Units<'_>, kind: Kind, side: Side) -> Range<usize> {
    strip_by(text, side, |code| kind.is_space(code))
}

/// What is left after stripping the code points in `chars`.
pub fn strip_chars(text: Units<'_>, chars: Units<'_>, side: Side) -> Range<usize> {
    let bloom = chars.iter().fold(0u64, |bloom, code| bloom | 1 << (code & 63));
    strip_by(text, side, |code| {
        bloom >> (code & 63) & 1 == 1 && search::find_char(chars, code).is_some()
    })
}

/// The length of `expandtabs(tab_size)`, `None` if it overflows. Only `\t`, `\n`
/// and `\r` matter.
pub fn expanded_len(text: Units<'_>, tab_size: usize) -> Option<usize> {
    let (mut total, mut column) = (0usize, 0usize);
    for code in text {
        let width = match code {
            0x09 if tab_size == 0 => 0,
            0x09 => tab_size - column % tab_size,
            _ => 1,
        };
        total = total.checked_add(width).filter(|&n| isize::try_from(n).is_ok())?;
        column = if matches!(code, 0x0a | 0x0d) { 0 } else { column.checked_add(width)? };
    }
    Some(total)
}

/// Hand every code point of `expandtabs(tab_size)` to `push`.
pub fn expand_tabs(text: Units<'_>, tab_size: usize, mut push: impl FnMut(u32)) {
    let mut column = 0usize;
    for code in text {
        match code {
            0x09 if tab_size == 0 => {}
            0x09 => {
                let width = tab_size - column % tab_size;
                (0..width).for_each(|_| push(0x20));
                column = column.wrapping_add(width);
            }
            _ => {
                push(code);
                column = if matches!(code, 0x0a | 0x0d) { 0 } else { column.wrapping_add(1) };
            }
        }
    }
}

/// How much fill `center(width)` puts left and right.
pub fn center(length: usize, width: usize) -> (usize, usize) {
    let margin = width.saturating_sub(length);
    // COMPAT: an odd margin leans left in an odd width; str.center in test_str.
    let left = margin / 2 + (margin & width & 1);
    (left, margin - left)
}

/// How many zeros `zfill(width)` inserts, and whether after a sign.
pub fn zfill(text: Units<'_>, width: usize) -> (usize, bool) {
    let signed = matches!(text.get(0), Some(0x2b | 0x2d));
    (width.saturating_sub(text.len()), signed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextBuf;

    fn words(text: &str, max: usize) -> Vec<Range<usize>> {
        split_whitespace(TextBuf::from(text).as_units(), Kind::Text, max).collect()
    }

    #[test]
    fn the_last_word_keeps_its_white_space() {
        assert_eq!(words(" a  b c ", 1), [1..2, 4..8]);
        assert_eq!(words(" a  b ", usize::MAX), [1..2, 4..5]);
    }

    #[test]
    fn the_tables_of_white_space_agree_with_the_properties() {
        for kind in [Kind::Text, Kind::Bytes] {
            for code in 0..256u32 {
                assert_eq!(kind.spaces()[code as usize], kind.is_space(code), "{code:x}");
            }
        }
    }

    #[test]
    fn text_has_more_line_ends_than_bytes() {
        let text = TextBuf::from("a\r\nb\x0bc\u{85}");
        let count = |kind| split_lines(text.as_units(), kind).count();
        assert_eq!((count(Kind::Text), count(Kind::Bytes)), (3, 2));
    }

    #[test]
    fn an_odd_margin_leans_left_in_an_odd_width() {
        assert_eq!(center(2, 5), (2, 1));
        assert_eq!(center(1, 4), (1, 2));
    }
}
