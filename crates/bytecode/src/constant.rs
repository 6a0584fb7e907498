//! Constants of code objects.
//!
//! Equality is that of CPython's constant merging (`_PyCode_ConstantKey`), not
//! Python's: types and signs of zero count, in nested tuples too, and a NaN
//! equals nothing.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::BigInt;

use crate::CodeObject;

/// Text of a string constant: UTF-8 in which lone surrogates may occur,
/// each encoded on its own (Python's `surrogatepass`).
#[derive(Clone, Default)]
pub struct ConstStr {
    utf8: Box<[u8]>,
    unshared: bool,
}

impl ConstStr {
    /// Text of code points, each at most 0x10FFFF.
    pub fn from_code_points(points: impl IntoIterator<Item = u32>) -> ConstStr {
        let mut bytes = Vec::new();
        for point in points {
            push_code_point(&mut bytes, point);
        }
        Self::of(bytes)
    }

    fn of(utf8: impl Into<Box<[u8]>>) -> ConstStr {
        ConstStr { utf8: utf8.into(), unshared: false }
    }

    /// The same text, not in the string that all constants of one character are
    /// in CPython: it computed this one. Text only decides what is equal.
    pub fn unshared(self) -> ConstStr {
        ConstStr { unshared: true, ..self }
    }

    /// Made by [`ConstStr::unshared`].
    pub fn is_unshared(&self) -> bool {
        self.unshared
    }

    /// Text of bytes in generalised UTF-8; None if they are not.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Option<ConstStr> {
        let text = Self::of(bytes);
        if std::str::from_utf8(&text.utf8).is_ok() {
            return Some(text);
        }
        let again = ConstStr::from_code_points(text.code_points());
        (again == text).then_some(text)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.utf8
    }

    /// The text, if it has no lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.utf8).ok()
    }

    pub fn is_ascii(&self) -> bool {
        self.utf8.is_ascii()
    }

    pub fn is_empty(&self) -> bool {
        self.utf8.is_empty()
    }

    /// Number of code points.
    pub fn len(&self) -> usize {
        self.utf8.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
    }

    pub fn code_points(&self) -> impl Iterator<Item = u32> + Clone {
        let mut rest = &self.utf8[..];
        std::iter::from_fn(move || {
            let (&first, tail) = rest.split_first()?;
            let (count, bits) = match first {
                0..0xC0 => (0, u32::from(first)),
                0xC0..0xE0 => (1, u32::from(first & 0x1F)),
                0xE0..0xF0 => (2, u32::from(first & 0x0F)),
                _ => (3, u32::from(first & 0x07)),
            };
            let count = count.min(tail.len());
            rest = &tail[count..];
            Some(tail[..count].iter().fold(bits, |point, byte| point << 6 | u32::from(byte & 0x3F)))
        })
    }

    /// Whether only ASCII letters, digits and underscores occur: such
    /// constants are interned.
    pub fn is_name_like(&self) -> bool {
        self.utf8.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }
}

fn push_code_point(bytes: &mut Vec<u8>, point: u32) {
    let continuation = |shift: u32| 0x80 | (point >> shift & 0x3F) as u8;
    match point {
        0..0x80 => bytes.push(point as u8),
        0x80..0x800 => bytes.extend([0xC0 | (point >> 6) as u8, continuation(0)]),
        0x800..0x1_0000 => {
            bytes.extend([0xE0 | (point >> 12) as u8, continuation(6), continuation(0)]);
        }
        _ => bytes.extend([
            0xF0 | (point >> 18 & 7) as u8,
            continuation(12),
            continuation(6),
            continuation(0),
        ]),
    }
}

impl From<&str> for ConstStr {
    fn from(text: &str) -> ConstStr {
        ConstStr::of(text.as_bytes())
    }
}

impl From<String> for ConstStr {
    fn from(text: String) -> ConstStr {
        ConstStr::of(text.into_bytes())
    }
}

impl PartialEq for ConstStr {
    fn eq(&self, other: &ConstStr) -> bool {
        self.utf8 == other.utf8
    }
}

impl Eq for ConstStr {}

impl Hash for ConstStr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.utf8.hash(state);
    }
}

impl PartialOrd for ConstStr {
    fn partial_cmp(&self, other: &ConstStr) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ConstStr {
    fn cmp(&self, other: &ConstStr) -> Ordering {
        self.utf8.cmp(&other.utf8)
    }
}

impl fmt::Debug for ConstStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(&self.utf8), f)
    }
}

/// A constant, as it can occur in `co_consts`.
#[derive(Clone, Debug)]
pub enum Constant {
    None,
    Ellipsis,
    Bool(bool),
    Int(BigInt),
    Float(f64),
    /// Real and imaginary part.
    Complex(f64, f64),
    Str(ConstStr),
    Bytes(Box<[u8]>),
    Tuple(Box<[Constant]>),
    /// Items are distinct in Python's sense; their order has no meaning.
    FrozenSet(Box<[Constant]>),
    /// Start, stop and step.
    Slice(Box<[Constant; 3]>),
    Code(Arc<CodeObject>),
}

impl PartialEq for Constant {
    fn eq(&self, other: &Constant) -> bool {
        match (self, other) {
            (Constant::None, Constant::None) | (Constant::Ellipsis, Constant::Ellipsis) => true,
            (Constant::Bool(a), Constant::Bool(b)) => a == b,
            (Constant::Int(a), Constant::Int(b)) => a == b,
            (Constant::Float(a), Constant::Float(b)) => same_float(*a, *b),
            (Constant::Complex(a, c), Constant::Complex(b, d)) => {
                same_float(*a, *b) && same_float(*c, *d)
            }
            (Constant::Str(a), Constant::Str(b)) => a == b,
            (Constant::Bytes(a), Constant::Bytes(b)) => a == b,
            (Constant::Tuple(a), Constant::Tuple(b)) => a == b,
            (Constant::FrozenSet(a), Constant::FrozenSet(b)) => {
                a.len() == b.len() && a.iter().all(|item| b.contains(item))
            }
            (Constant::Slice(a), Constant::Slice(b)) => a == b,
            (Constant::Code(a), Constant::Code(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

impl Eq for Constant {}

fn same_float(a: f64, b: f64) -> bool {
    a == b && a.is_sign_negative() == b.is_sign_negative()
}

impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Constant::None | Constant::Ellipsis => {}
            Constant::Bool(value) => value.hash(state),
            Constant::Int(value) => value.hash(state),
            Constant::Float(value) => value.to_bits().hash(state),
            Constant::Complex(real, imag) => (real.to_bits(), imag.to_bits()).hash(state),
            Constant::Str(text) => text.hash(state),
            Constant::Bytes(bytes) => bytes.hash(state),
            Constant::Tuple(items) => items.hash(state),
            Constant::FrozenSet(items) => items.len().hash(state),
            Constant::Slice(parts) => parts.hash(state),
            Constant::Code(code) => {
                (&code.name, code.firstlineno, &code.code, &code.linetable).hash(state);
            }
        }
    }
}

impl From<i64> for Constant {
    fn from(value: i64) -> Constant {
        Constant::Int(value.into())
    }
}

impl From<&str> for Constant {
    fn from(text: &str) -> Constant {
        Constant::Str(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_differ_by_type_and_sign() {
        let tuple = |item: Constant| Constant::Tuple([item].into());
        assert_ne!(Constant::from(1), Constant::Bool(true));
        assert_ne!(Constant::from(1), Constant::Float(1.0));
        assert_ne!(Constant::Float(0.0), Constant::Float(-0.0));
        assert_ne!(tuple(Constant::Float(0.0)), tuple(Constant::Float(-0.0)));
        assert_ne!(Constant::Float(f64::NAN), Constant::Float(f64::NAN));
        assert_eq!(tuple(Constant::from(1)), tuple(Constant::from(1)));
    }

    #[test]
    fn lone_surrogates_survive() {
        let text = ConstStr::from_code_points([0x61, 0xD801, 0xDCA0, 0x104A0]);
        assert_eq!(text.len(), 4);
        assert_eq!(text.as_str(), None);
        assert_eq!(ConstStr::from_bytes(text.as_bytes()), Some(text.clone()));
        assert!(text.code_points().eq([0x61, 0xD801, 0xDCA0, 0x104A0]));
        assert_eq!(ConstStr::from_bytes([0xFF]), None);
    }
}
