//! What the matcher needs to know about characters and their storage.
//!
//! `Unit` is a storage cell (1, 2 or 4 bytes, as in PEP 393); `CharClass` are
//! the Unicode and locale predicates, supplied by the caller so that this
//! crate carries no tables.

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
}

/// A storage cell of the subject: `u8` (Latin-1 or bytes), `u16` or `u32`.
pub trait Unit: Copy + Eq + sealed::Sealed + 'static {
    /// True for `u8`: no character above 255 can occur.
    const BYTE: bool;
    /// The character.
    fn code(self) -> u32;
    /// Index of the first `code` in `units`.
    fn find(units: &[Self], code: u32) -> Option<usize>;
    /// Index of the last `code` in `units`.
    fn find_last(units: &[Self], code: u32) -> Option<usize> {
        units.iter().rposition(|unit| unit.code() == code)
    }
    /// The subject as bytes, if the cells are bytes.
    fn as_bytes(units: &[Self]) -> Option<&[u8]>;
}

impl Unit for u8 {
    const BYTE: bool = true;

    #[inline(always)]
    fn code(self) -> u32 {
        u32::from(self)
    }

    #[inline]
    fn find(units: &[Self], code: u32) -> Option<usize> {
        memchr::memchr(u8::try_from(code).ok()?, units)
    }

    #[inline]
    fn find_last(units: &[Self], code: u32) -> Option<usize> {
        memchr::memrchr(u8::try_from(code).ok()?, units)
    }

    #[inline(always)]
    fn as_bytes(units: &[Self]) -> Option<&[u8]> {
        Some(units)
    }
}

/// PERF: testing sixteen cells without a branch lets the compiler use vector compares.
fn find_wide<T: Copy + PartialEq>(units: &[T], wanted: T) -> Option<usize> {
    let mut base = 0;
    let mut chunks = units.chunks_exact(16);
    for chunk in &mut chunks {
        if chunk.iter().fold(false, |hit, &unit| hit | (unit == wanted)) {
            break;
        }
        base += 16;
    }
    units.get(base..)?.iter().position(|&unit| unit == wanted).map(|index| base + index)
}

impl Unit for u16 {
    const BYTE: bool = false;

    #[inline(always)]
    fn code(self) -> u32 {
        u32::from(self)
    }

    #[inline]
    fn find(units: &[Self], code: u32) -> Option<usize> {
        find_wide(units, u16::try_from(code).ok()?)
    }

    #[inline(always)]
    fn as_bytes(_: &[Self]) -> Option<&[u8]> {
        None
    }
}

impl Unit for u32 {
    const BYTE: bool = false;

    #[inline(always)]
    fn code(self) -> u32 {
        self
    }

    #[inline]
    fn find(units: &[Self], code: u32) -> Option<usize> {
        find_wide(units, code)
    }

    #[inline(always)]
    fn as_bytes(_: &[Self]) -> Option<&[u8]> {
        None
    }
}

/// Character predicates with the meaning of CPython's `Py_UNICODE_*` macros.
///
/// A pattern must be run with the class it was compiled with. Arguments may be
/// any `u32`, also beyond U+10FFFF. The locale functions see bytes only and
/// default to the C locale.
pub trait CharClass {
    /// `Py_UNICODE_ISDECIMAL`.
    fn is_decimal(ch: u32) -> bool;
    /// `Py_UNICODE_ISSPACE`.
    fn is_space(ch: u32) -> bool;
    /// `Py_UNICODE_ISALNUM`.
    fn is_alnum(ch: u32) -> bool;
    /// `Py_UNICODE_ISLINEBREAK`.
    fn is_linebreak(ch: u32) -> bool;
    /// `Py_UNICODE_TOLOWER`, the simple mapping.
    fn to_lower(ch: u32) -> u32;
    /// `Py_UNICODE_TOUPPER`, the simple mapping.
    fn to_upper(ch: u32) -> u32;

    /// C's `isalnum` in the current locale.
    fn locale_is_alnum(ch: u8) -> bool {
        ch.is_ascii_alphanumeric()
    }
    /// C's `tolower` in the current locale.
    fn locale_lower(ch: u8) -> u8 {
        ch.to_ascii_lowercase()
    }
    /// C's `toupper` in the current locale.
    fn locale_upper(ch: u8) -> u8 {
        ch.to_ascii_uppercase()
    }
}

/// Lower case of an ASCII letter, other characters unchanged.
#[inline]
pub(crate) fn ascii_lower(ch: u32) -> u32 {
    match u8::try_from(ch) {
        Ok(byte) => u32::from(byte.to_ascii_lowercase()),
        Err(_) => ch,
    }
}

/// Lower case in the current locale; characters above 255 unchanged.
pub(crate) fn locale_lower<C: CharClass>(ch: u32) -> u32 {
    u8::try_from(ch).map_or(ch, |byte| u32::from(C::locale_lower(byte)))
}

/// Upper case in the current locale; characters above 255 unchanged.
pub(crate) fn locale_upper<C: CharClass>(ch: u32) -> u32 {
    u8::try_from(ch).map_or(ch, |byte| u32::from(C::locale_upper(byte)))
}
