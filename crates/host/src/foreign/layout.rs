//! C types as the ABI sees them, and its classification.
//!
//! An aggregate of at most 16 bytes is known by its scalars and their offsets;
//! each eightbyte is an integer one if any integer is in it, else a vector one.
//! Anything larger, or with a scalar off its alignment, goes through memory.

use std::sync::Arc;

/// A scalar type; integers have 1, 2, 4 or 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    Signed(usize),
    /// Pointers too.
    Unsigned(usize),
    Float,
    Double,
    LongDouble,
}

impl Scalar {
    /// Bytes, and alignment.
    pub fn size(self) -> usize {
        match self {
            Scalar::Signed(size) | Scalar::Unsigned(size) => size,
            Scalar::Float => 4,
            Scalar::Double => 8,
            Scalar::LongDouble => 16,
        }
    }
}

/// A scalar inside an aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub offset: usize,
    pub scalar: Scalar,
}

/// A struct, union or array.
#[derive(Clone, Debug)]
pub struct Aggregate {
    pub size: usize,
    pub align: usize,
    /// Empty for aggregates of more than 16 bytes.
    pub parts: Arc<[Part]>,
}

/// A type.
#[derive(Clone, Debug)]
pub enum CType {
    Void,
    Scalar(Scalar),
    /// `_Complex` of a floating type.
    Complex(Scalar),
    Aggregate(Aggregate),
}

/// The kind of register that an eightbyte goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Integer,
    Vector,
}

/// How values of a type travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passing {
    Nothing,
    Memory,
    Registers([Option<Class>; 2]),
    /// As a result so many x87 registers, as an argument memory.
    X87(u64),
}

/// The largest aggregate that may travel in registers.
const MOST_IN_REGISTERS: usize = 16;

impl CType {
    /// A pointer.
    pub const POINTER: CType = CType::Scalar(Scalar::Unsigned(8));
    /// `int`.
    pub const INT: CType = CType::Scalar(Scalar::Signed(4));

    /// An aggregate of fields at offsets.
    pub fn aggregate<'a>(
        size: usize,
        align: usize,
        fields: impl IntoIterator<Item = (usize, &'a CType)>,
    ) -> CType {
        let mut parts = Vec::new();
        if size <= MOST_IN_REGISTERS {
            for (offset, ty) in fields {
                ty.add_parts(offset, &mut parts);
            }
        }
        CType::Aggregate(Aggregate { size, align, parts: parts.into() })
    }

    fn add_parts(&self, offset: usize, parts: &mut Vec<Part>) {
        match self {
            CType::Void => {}
            CType::Scalar(scalar) => parts.push(Part { offset, scalar: *scalar }),
            CType::Complex(scalar) => {
                parts.push(Part { offset, scalar: *scalar });
                parts.push(Part { offset: offset + scalar.size(), scalar: *scalar });
            }
            CType::Aggregate(inner) => parts.extend(
                inner.parts.iter().map(|part| Part { offset: offset + part.offset, ..*part }),
            ),
        }
    }

    /// Bytes.
    pub fn size(&self) -> usize {
        match self {
            CType::Void => 0,
            CType::Scalar(scalar) => scalar.size(),
            CType::Complex(scalar) => 2 * scalar.size(),
            CType::Aggregate(aggregate) => aggregate.size,
        }
    }

    /// Alignment.
    pub fn align(&self) -> usize {
        match self {
            CType::Void => 1,
            CType::Scalar(scalar) | CType::Complex(scalar) => scalar.size(),
            CType::Aggregate(aggregate) => aggregate.align.max(1),
        }
    }

    pub(super) fn passing(&self) -> Passing {
        let integer = Passing::Registers([Some(Class::Integer), None]);
        let vector = Passing::Registers([Some(Class::Vector), None]);
        match self {
            CType::Void => Passing::Nothing,
            CType::Scalar(Scalar::LongDouble) => Passing::X87(1),
            CType::Scalar(Scalar::Float | Scalar::Double) => vector,
            CType::Scalar(_) => integer,
            CType::Complex(Scalar::LongDouble) => Passing::X87(2),
            CType::Complex(Scalar::Double) => {
                Passing::Registers([Some(Class::Vector), Some(Class::Vector)])
            }
            CType::Complex(_) => vector,
            CType::Aggregate(aggregate) => aggregate.passing(),
        }
    }

    /// Copy the value at `from` to `to`, small integers widened to eight bytes.
    ///
    /// # Safety
    ///
    /// `from` points to a value, `to` to room for it in whole words.
    pub(super) unsafe fn load(&self, from: *const u8, to: *mut u8) {
        let word = match self {
            CType::Scalar(Scalar::Signed(1)) => {
                // SAFETY: the caller's promise.
                i64::from(unsafe { from.cast::<i8>().read() })
            }
            CType::Scalar(Scalar::Signed(2)) => {
                // SAFETY: the caller's promise.
                i64::from(unsafe { from.cast::<i16>().read_unaligned() })
            }
            CType::Scalar(Scalar::Signed(4)) => {
                // SAFETY: the caller's promise.
                i64::from(unsafe { from.cast::<i32>().read_unaligned() })
            }
            _ => {
                // SAFETY: the caller's promise.
                unsafe { to.copy_from_nonoverlapping(from, self.size()) };
                return;
            }
        };
        // SAFETY: the caller's promise.
        unsafe { to.cast::<i64>().write_unaligned(word) };
    }

    /// Write a result that came in `words` to `to`, scalars as whole words.
    ///
    /// # Safety
    ///
    /// `to` has room for 16 bytes.
    pub(super) unsafe fn store(&self, words: [u64; 2], to: *mut u8) {
        let from = words.as_ptr().cast::<u8>();
        match self {
            CType::Scalar(Scalar::Signed(_)) => {
                let mut wide = [0u64; 2];
                // SAFETY: reads a word, writes a word.
                unsafe { self.load(from, wide.as_mut_ptr().cast()) };
                // SAFETY: the caller's promise.
                unsafe { to.copy_from_nonoverlapping(wide.as_ptr().cast(), 8) };
            }
            CType::Scalar(scalar) => {
                let mut wide = [0u8; 8];
                // SAFETY: a scalar in a register has at most eight bytes.
                unsafe { wide.as_mut_ptr().copy_from(from, scalar.size()) };
                // SAFETY: the caller's promise.
                unsafe { to.copy_from_nonoverlapping(wide.as_ptr(), 8) };
            }
            // SAFETY: the caller's promise; what comes in registers has at most 16 bytes.
            _ => unsafe { to.copy_from_nonoverlapping(from, self.size()) },
        }
    }
}

impl Aggregate {
    fn passing(&self) -> Passing {
        if self.size == 0 {
            return Passing::Nothing;
        }
        if self.size > MOST_IN_REGISTERS {
            return Passing::Memory;
        }
        let mut classes = [None; 2];
        for part in self.parts.iter() {
            let size = part.scalar.size();
            if part.offset % size != 0 || part.offset + size > self.size {
                return Passing::Memory;
            }
            if part.scalar == Scalar::LongDouble {
                // A union with anything else mixes register files.
                let alone = self.parts.iter().all(|part| part.scalar == Scalar::LongDouble);
                return if alone { Passing::X87(1) } else { Passing::Memory };
            }
            let class = match part.scalar {
                Scalar::Float | Scalar::Double => Class::Vector,
                _ => Class::Integer,
            };
            if let Some(known) = classes.get_mut(part.offset / 8)
                && *known != Some(Class::Integer)
            {
                *known = Some(class);
            }
        }
        let has_second = self.size > 8;
        // Padding alone is passed like a vector.
        Passing::Registers([
            Some(classes[0].unwrap_or(Class::Vector)),
            has_second.then(|| classes[1].unwrap_or(Class::Vector)),
        ])
    }
}
