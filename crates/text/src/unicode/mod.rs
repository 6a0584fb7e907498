//! The Unicode character database, version 16.0.0, as `str` and `unicodedata` see it.
//!
//! One two-level table maps a code point to a shared [`data::Record`] with its
//! properties; names, decompositions and case mappings that do not fit a record
//! have tables of their own. All are generated from the reference interpreter by
//! `tables/generate.py`. A [`Database`] is the current version or 3.2.0, which
//! `stringprep` and `idna` need; case and identifier questions exist for the
//! current one only. Code points beyond `0x10ffff` are unassigned.

mod case;
mod data;
mod generated;
mod names;
mod normalize;

pub use case::{
    Mapping, fold, is_case_ignorable, is_cased, lower, lower_at, simple_lower, simple_title,
    simple_upper, title, upper,
};
pub use names::{Found, character, lookup, name};
pub use normalize::{Form, is_normalized, normalize};

use data::{Record, record, record_3_2_0};
use generated::*;

/// The version of the character database.
pub const VERSION: &str = "16.0.0";

/// Which version of the database to ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Database {
    Current,
    V3_2_0,
}

impl Database {
    fn record(self, code: u32) -> &'static Record {
        match self {
            Database::Current => record(code),
            Database::V3_2_0 => record_3_2_0(code),
        }
    }

    /// General category, like `"Lu"`.
    pub fn category(self, code: u32) -> &'static str {
        CATEGORIES.get(usize::from(self.record(code).category)).copied().unwrap_or("Cn")
    }

    /// Bidirectional class, like `"AL"`, empty if undefined.
    pub fn bidirectional(self, code: u32) -> &'static str {
        BIDIRECTIONAL.get(usize::from(self.record(code).bidirectional)).copied().unwrap_or("")
    }

    /// Canonical combining class.
    pub fn combining(self, code: u32) -> u8 {
        self.record(code).combining
    }

    /// Whether the character is mirrored in right-to-left text.
    pub fn mirrored(self, code: u32) -> bool {
        self.record(code).has(MIRRORED)
    }

    /// East Asian width, like `"Na"`.
    pub fn east_asian_width(self, code: u32) -> &'static str {
        WIDTHS.get(usize::from(self.record(code).width)).copied().unwrap_or("N")
    }

    /// Value as a decimal digit.
    pub fn decimal(self, code: u32) -> Option<u8> {
        u8::try_from(self.record(code).decimal).ok()
    }

    /// Value as a digit.
    pub fn digit(self, code: u32) -> Option<u8> {
        u8::try_from(self.record(code).digit).ok()
    }

    /// Numeric value.
    pub fn numeric(self, code: u32) -> Option<f64> {
        let index = usize::from(self.record(code).numeric);
        (index > 0).then(|| NUMERIC_VALUES.get(index).copied()).flatten()
    }

    /// Decomposition as `unicodedata.decomposition` writes it: an optional
    /// `<tag>` and hexadecimal code points.
    pub fn decomposition(self, code: u32) -> String {
        if self == Database::V3_2_0 && !self.is_assigned(code) {
            return String::new();
        }
        let mut hangul = [0; 3];
        let (tag, parts) = match normalize::hangul_parts(code, &mut hangul) {
            Some(parts) => (0, parts.to_vec()),
            None => data::decomposition(code),
        };
        let mut words = Vec::new();
        if let Some(&tag) = TAGS.get(tag).filter(|tag| !tag.is_empty()) {
            words.push(tag.to_owned());
        }
        words.extend(parts.iter().map(|part| format!("{part:04X}")));
        words.join(" ")
    }

    /// Whether this version of the database assigns the code point.
    pub fn is_assigned(self, code: u32) -> bool {
        self.record(code).category != 0
    }
}

macro_rules! predicates {
    ($($(#[$doc:meta])* $name:ident: $flag:ident, $ascii:expr;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(code: u32) -> bool {
            if code < 128 {
                let ascii: fn(u8) -> bool = $ascii;
                return ascii(code as u8);
            }
            record(code).has($flag)
        }
    )*};
}

predicates! {
    /// `str.isalpha` for one code point.
    is_alpha: ALPHA, |c| c.is_ascii_alphabetic();
    /// `str.isdecimal`.
    is_decimal: DECIMAL, |c| c.is_ascii_digit();
    /// `str.isdigit`.
    is_digit: DIGIT, |c| c.is_ascii_digit();
    /// `str.isnumeric`.
    is_numeric: NUMERIC, |c| c.is_ascii_digit();
    /// `str.islower`: the Lowercase property.
    is_lower: LOWER, |c| c.is_ascii_lowercase();
    /// `str.isupper`: the Uppercase property.
    is_upper: UPPER, |c| c.is_ascii_uppercase();
    /// Whether the code point is a titlecase letter.
    is_title: TITLE, |_| false;
    /// `str.isspace`.
    is_space: SPACE, |c| matches!(c, b'\t'..=b'\r' | 0x1c..=b' ');
    /// `str.isprintable`.
    is_printable: PRINTABLE, |c| matches!(c, b' '..=b'~');
    /// Whether an identifier may start with it (`_` included).
    is_xid_start: XID_START, |c| c.is_ascii_alphabetic() || c == b'_';
    /// Whether an identifier may go on with it.
    is_xid_continue: XID_CONTINUE, |c| c.is_ascii_alphanumeric() || c == b'_';
    /// Whether `str.splitlines` splits after it.
    is_linebreak: LINEBREAK, |c| matches!(c, b'\n'..=b'\r' | 0x1c..=0x1e);
}

/// `str.isalnum` for one code point.
#[inline]
pub fn is_alnum(code: u32) -> bool {
    if code < 128 {
        return (code as u8).is_ascii_alphanumeric();
    }
    record(code).has(ALPHA | DECIMAL | DIGIT | NUMERIC)
}

/// Value as a decimal digit in the current database, as `int()` reads it.
#[inline]
pub fn decimal(code: u32) -> Option<u8> {
    match code {
        0x30..=0x39 => Some((code - 0x30) as u8),
        0..128 => None,
        _ => Database::Current.decimal(code),
    }
}

#[cfg(test)]
mod tests;
