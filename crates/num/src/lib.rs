//! Numeric algorithms without objects.
//!
//! Everything here works on machine numbers, digit slices, `BigInt` and code
//! points, and returns values or small error enums whose `Display` is
//! CPython's message; which Python exception that becomes is the caller's
//! business. No input makes a function panic, and a result whose size the
//! program chose comes from a fallible allocation ([`TooLarge`]).

#![forbid(unsafe_code)]

pub mod bigint;
pub mod complex;
pub mod decimal;
pub mod digits;
pub mod float_ops;
pub mod float_text;
pub mod format_spec;
pub mod hash;
pub mod int_text;
pub mod math;
pub mod percent_format;
pub mod random;
pub mod render;
pub mod simple_format;

pub use num_bigint::{BigInt, BigUint, Sign};

/// The result does not fit in memory (`MemoryError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// Appends `count` copies of an ASCII `byte`, if there is memory for them.
pub(crate) fn push_repeated(out: &mut String, byte: u8, count: usize) -> Result<(), TooLarge> {
    out.try_reserve(count).map_err(|_| TooLarge)?;
    out.extend(std::iter::repeat_n(byte as char, count));
    Ok(())
}

/// Asks the allocator whether `bytes` could be had; for libraries whose own
/// allocation cannot fail gracefully.
pub(crate) fn probe_memory(bytes: u64) -> Result<(), TooLarge> {
    if bytes < 1 << 20 {
        return Ok(());
    }
    let wanted = usize::try_from(bytes).map_err(|_| TooLarge)?;
    // Twice, because the intermediate value and the result live together.
    let mut probe: Vec<u8> = Vec::new();
    probe.try_reserve_exact(wanted.checked_mul(2).ok_or(TooLarge)?).map_err(|_| TooLarge)
}
