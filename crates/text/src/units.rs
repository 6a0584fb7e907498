//! Arrays of code points in one of three widths.
//!
//! [`Units`] borrows, [`TextBuf`] owns and widens as needed. A `TextBuf` is never
//! wider than its widest code point requires, so its width is the width of the
//! string object made from it. ASCII-only is the caller's extra distinction; see
//! [`Units::is_ascii`].

use core::fmt;

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
}

/// A storage unit of a string: `u8`, `u16` or `u32`, holding one code point.
pub trait CodeUnit: sealed::Sealed + Copy + Eq + Ord + fmt::Debug + Into<u32> + 'static {
    /// The largest value the unit can hold (`0x10ffff` for `u32`).
    const MAX: u32;

    /// The unit with this value, if it fits.
    fn from_code(code: u32) -> Option<Self>;

    /// The unit with the low bits of this value; for callers that know it fits.
    fn truncate(code: u32) -> Self;

    /// Borrow a slice of this unit as [`Units`].
    fn units(slice: &[Self]) -> Units<'_>;

    /// The value as a code point.
    fn code(self) -> u32 {
        self.into()
    }
}

macro_rules! code_unit {
    ($type:ty, $variant:ident, $max:expr) => {
        impl CodeUnit for $type {
            const MAX: u32 = $max;

            fn from_code(code: u32) -> Option<Self> {
                Self::try_from(code).ok()
            }

            fn truncate(code: u32) -> Self {
                code as Self
            }

            fn units(slice: &[Self]) -> Units<'_> {
                Units::$variant(slice)
            }
        }
    };
}

code_unit!(u8, Ucs1, 0xff);
code_unit!(u16, Ucs2, 0xffff);
code_unit!(u32, Ucs4, 0x10ffff);

/// Run `$body` with `$slice` bound to the slice of whatever width `$units` has.
#[macro_export]
macro_rules! each_width {
    ($units:expr, $slice:ident => $body:expr) => {
        match $units {
            $crate::Units::Ucs1($slice) => $body,
            $crate::Units::Ucs2($slice) => $body,
            $crate::Units::Ucs4($slice) => $body,
        }
    };
}

/// A borrowed array of code points.
#[derive(Clone, Copy, Debug)]
pub enum Units<'a> {
    Ucs1(&'a [u8]),
    Ucs2(&'a [u16]),
    Ucs4(&'a [u32]),
}

impl<'a> Units<'a> {
    /// The number of code points.
    pub fn len(self) -> usize {
        each_width!(self, s => s.len())
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The code point at `index`.
    #[inline]
    pub fn get(self, index: usize) -> Option<u32> {
        each_width!(self, s => s.get(index).map(|&u| u.code()))
    }

    /// The largest code point, 0 if empty.
    pub fn max_char(self) -> u32 {
        each_width!(self, s => s.iter().map(|&u| u.code()).max().unwrap_or(0))
    }

    /// Whether every code point is below 128.
    pub fn is_ascii(self) -> bool {
        match self {
            Units::Ucs1(s) => s.is_ascii(),
            Units::Ucs2(s) => s.iter().all(|&u| u < 128),
            Units::Ucs4(s) => s.iter().all(|&u| u < 128),
        }
    }

    /// The code points `start..end`, clamped to what there is.
    pub fn slice(self, start: usize, end: usize) -> Units<'a> {
        let end = end.min(self.len());
        let start = start.min(end);
        match self {
            Units::Ucs1(s) => Units::Ucs1(s.get(start..end).unwrap_or_default()),
            Units::Ucs2(s) => Units::Ucs2(s.get(start..end).unwrap_or_default()),
            Units::Ucs4(s) => Units::Ucs4(s.get(start..end).unwrap_or_default()),
        }
    }

    /// Iterate over the code points, from either end.
    pub fn iter(self) -> Iter<'a> {
        Iter { units: self, front: 0, back: self.len() }
    }

    /// An owned copy in the narrowest width.
    pub fn to_buf(self) -> TextBuf {
        let mut buf = TextBuf::new();
        buf.extend(self);
        buf
    }
}

impl PartialEq for Units<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Units::Ucs1(a), Units::Ucs1(b)) => a == b,
            (Units::Ucs2(a), Units::Ucs2(b)) => a == b,
            (Units::Ucs4(a), Units::Ucs4(b)) => a == b,
            (a, b) => a.iter().eq(b.iter()),
        }
    }
}

impl Eq for Units<'_> {}

impl<'a> IntoIterator for Units<'a> {
    type Item = u32;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The code points of a [`Units`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    units: Units<'a>,
    front: usize,
    back: usize,
}

impl Iterator for Iter<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.front >= self.back {
            return None;
        }
        let code = self.units.get(self.front);
        self.front += 1;
        code
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.back - self.front;
        (left, Some(left))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<u32> {
        if self.front >= self.back {
            return None;
        }
        self.back -= 1;
        self.units.get(self.back)
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// An owned array of code points in the narrowest width that holds them.
#[derive(Clone, Debug)]
pub enum TextBuf {
    Ucs1(Vec<u8>),
    Ucs2(Vec<u16>),
    Ucs4(Vec<u32>),
}

impl Default for TextBuf {
    fn default() -> Self {
        TextBuf::Ucs1(Vec::new())
    }
}

impl TextBuf {
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer with room for `capacity` one-byte code points.
    pub fn with_capacity(capacity: usize) -> Self {
        TextBuf::Ucs1(Vec::with_capacity(capacity))
    }

    /// One code point.
    pub fn from_code(code: u32) -> Self {
        let mut buf = TextBuf::new();
        buf.push(code);
        buf
    }

    pub fn as_units(&self) -> Units<'_> {
        match self {
            TextBuf::Ucs1(v) => Units::Ucs1(v),
            TextBuf::Ucs2(v) => Units::Ucs2(v),
            TextBuf::Ucs4(v) => Units::Ucs4(v),
        }
    }

    pub fn len(&self) -> usize {
        self.as_units().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Append one code point, widening if it does not fit.
    #[inline]
    pub fn push(&mut self, code: u32) {
        match self {
            TextBuf::Ucs1(v) if code < 0x100 => v.push(code as u8),
            TextBuf::Ucs2(v) if code < 0x1_0000 => v.push(code as u16),
            TextBuf::Ucs4(v) => v.push(code),
            _ => {
                self.widen(code);
                self.push(code);
            }
        }
    }

    /// Append all code points of `units`.
    pub fn extend(&mut self, units: Units<'_>) {
        match (&mut *self, units) {
            (TextBuf::Ucs1(v), Units::Ucs1(s)) => v.extend_from_slice(s),
            (TextBuf::Ucs2(v), Units::Ucs1(s)) => v.extend(s.iter().map(|&u| u16::from(u))),
            (TextBuf::Ucs4(v), s) => v.extend(s.iter()),
            (_, s) => {
                self.widen(s.max_char());
                match (self, s) {
                    (TextBuf::Ucs1(v), s) => v.extend(s.iter().map(|u| u as u8)),
                    (TextBuf::Ucs2(v), s) => v.extend(s.iter().map(|u| u as u16)),
                    (TextBuf::Ucs4(v), s) => v.extend(s.iter()),
                }
            }
        }
    }

    /// Write text over what is at `start` and behind; false, and nothing was done,
    /// where that may change the width.
    pub fn overwrite(&mut self, start: usize, units: Units<'_>) -> bool {
        let (TextBuf::Ucs1(own), Units::Ucs1(new)) = (self, units) else { return false };
        let Some(old) = own.get_mut(start..) else { return false };
        let count = old.len().min(new.len());
        let (over, rest) = new.split_at(count);
        old.iter_mut().zip(over).for_each(|(old, new)| *old = *new);
        own.extend_from_slice(rest);
        true
    }

    /// Append Latin-1 (in particular ASCII) text.
    pub fn extend_latin1(&mut self, bytes: &[u8]) {
        self.extend(Units::Ucs1(bytes));
    }

    #[cold]
    fn widen(&mut self, code: u32) {
        let wide = code > 0xffff;
        *self = match core::mem::take(self) {
            TextBuf::Ucs1(v) if wide => TextBuf::Ucs4(v.into_iter().map(u32::from).collect()),
            TextBuf::Ucs1(v) if code > 0xff => {
                TextBuf::Ucs2(v.into_iter().map(u16::from).collect())
            }
            TextBuf::Ucs2(v) if wide => TextBuf::Ucs4(v.into_iter().map(u32::from).collect()),
            same => same,
        };
    }
}

impl PartialEq for TextBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_units() == other.as_units()
    }
}

impl Eq for TextBuf {}

impl From<&str> for TextBuf {
    fn from(text: &str) -> Self {
        text.chars().map(u32::from).collect()
    }
}

impl FromIterator<u32> for TextBuf {
    fn from_iter<I: IntoIterator<Item = u32>>(codes: I) -> Self {
        let mut buf = TextBuf::new();
        buf.extend_codes(codes);
        buf
    }
}

impl TextBuf {
    /// Append code points one by one.
    pub fn extend_codes(&mut self, codes: impl IntoIterator<Item = u32>) {
        for code in codes {
            self.push(code);
        }
    }
}

impl fmt::Display for TextBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for code in self.as_units() {
            fmt::Write::write_char(f, char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))?;
        }
        Ok(())
    }
}
