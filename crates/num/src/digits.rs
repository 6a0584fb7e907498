//! Schoolbook arithmetic on 30-bit digit slices.
//!
//! The digits of `PyLongObject`: least significant first, each below 2³⁰, and
//! normalised (the last digit is not 0; zero is the empty slice). Results go
//! into a caller's slice, which is long enough if it has the documented
//! length, and the normalised length is returned; a shorter slice truncates
//! the result. Meant for up to some 40 digits; beyond, `BigInt` wins.

use std::cmp::Ordering;

mod division;
mod euclid;

pub use division::{div_rem, div_rem_into, div_rem_small, quick_quotient, rem_small};
pub use euclid::{gcd, inverse};

/// Bits per digit.
pub const SHIFT: u32 = 30;
/// The largest digit.
pub const MASK: u32 = (1 << SHIFT) - 1;

/// Two digits at a time: what fits a machine word.
const PAIR_MASK: u64 = (1 << (2 * SHIFT)) - 1;

#[inline(always)]
fn pair([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << SHIFT
}

#[inline(always)]
fn split(value: u64) -> [u32; 2] {
    [value as u32 & MASK, (value >> SHIFT) as u32 & MASK]
}

/// Length without leading zeros.
#[inline]
pub fn normalized_len(digits: &[u32]) -> usize {
    digits.iter().rposition(|&digit| digit != 0).map_or(0, |at| at + 1)
}

/// The digits of a machine integer's magnitude, and how many there are.
#[inline]
pub fn from_u64(value: u64) -> ([u32; 3], usize) {
    let digits =
        [value as u32 & MASK, (value >> SHIFT) as u32 & MASK, (value >> (2 * SHIFT)) as u32];
    (digits, normalized_len(&digits))
}

/// The value as `u64`, if it fits.
#[inline]
pub fn to_u64(digits: &[u32]) -> Option<u64> {
    match *digits {
        [] => Some(0),
        [a] => Some(a.into()),
        [a, b] => Some(u64::from(a) | u64::from(b) << SHIFT),
        [a, b, c] if c < 16 => {
            Some(u64::from(a) | u64::from(b) << SHIFT | u64::from(c) << (2 * SHIFT))
        }
        _ => None,
    }
}

/// The signed value as `i64`, if it fits.
#[inline]
pub fn to_i64(digits: &[u32], negative: bool) -> Option<i64> {
    let magnitude = to_u64(digits)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Number of bits of the magnitude.
#[inline]
pub fn bit_length(digits: &[u32]) -> u64 {
    match digits.last() {
        Some(&top) => (digits.len() as u64 - 1) * 30 + u64::from(32 - top.leading_zeros()),
        None => 0,
    }
}

/// Compares magnitudes.
#[inline]
pub fn compare(a: &[u32], b: &[u32]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// `a + b` into `out`, of length max(a, b) + 1.
#[inline]
pub fn add(a: &[u32], b: &[u32], out: &mut [u32]) -> usize {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut wide = 0;
    let mut done = 0;
    let pairs = long.as_chunks::<2>().0.iter().zip(short.as_chunks::<2>().0);
    for ((x, y), slot) in pairs.zip(out.as_chunks_mut::<2>().0) {
        wide += pair(*x) + pair(*y);
        *slot = split(wide & PAIR_MASK);
        wide >>= 2 * SHIFT;
        done += 2;
    }
    // A digit of the shorter number that is left over goes with the carry.
    let odd = short.get(done).copied().unwrap_or(0);
    let mut carry = wide as u32 + odd;
    let mut slots = out.get_mut(done..).unwrap_or_default().iter_mut();
    for (x, slot) in long.get(done..).unwrap_or(&[]).iter().zip(&mut slots) {
        carry += x;
        *slot = carry & MASK;
        carry >>= SHIFT;
    }
    for slot in slots {
        *slot = carry;
        carry = 0;
    }
    normalized_len(out)
}

/// Add one in place to a number that leaves room for it; the length.
pub fn increment(number: &mut [u32]) -> usize {
    for digit in number.iter_mut() {
        *digit = (*digit + 1) & MASK;
        if *digit != 0 {
            break;
        }
    }
    normalized_len(number)
}

/// `a - b` into `out`, of the length of `a`; `a >= b` must hold.
#[inline]
pub fn sub(a: &[u32], b: &[u32], out: &mut [u32]) -> usize {
    let mut borrow = 0u64;
    let mut done = 0;
    let pairs = a.as_chunks::<2>().0.iter().zip(b.as_chunks::<2>().0);
    for ((x, y), slot) in pairs.zip(out.as_chunks_mut::<2>().0) {
        let difference = pair(*x).wrapping_sub(pair(*y)).wrapping_sub(borrow);
        *slot = split(difference & PAIR_MASK);
        borrow = difference >> 63;
        done += 2;
    }
    // A digit of `b` that is left over goes with the borrow.
    let mut borrow = borrow as u32 + b.get(done).copied().unwrap_or(0);
    let mut slots = out.get_mut(done..).unwrap_or_default().iter_mut();
    for (x, slot) in a.get(done..).unwrap_or(&[]).iter().zip(&mut slots) {
        let difference = x.wrapping_sub(borrow);
        *slot = difference & MASK;
        borrow = difference >> 31;
    }
    slots.for_each(|slot| *slot = 0);
    normalized_len(out)
}

/// `long * factor` of at most two digits into `out`, of the length of both.
fn mul_word(long: &[u32], factor: u64, out: &mut [u32]) -> usize {
    let (pairs, last) = long.as_chunks::<2>();
    let mut carry = 0u64;
    let mut step = |digits: u64| {
        let sum = u128::from(factor) * u128::from(digits) + u128::from(carry);
        carry = (sum >> (2 * SHIFT)) as u64;
        split(sum as u64 & PAIR_MASK)
    };
    for (digits, slots) in pairs.iter().zip(out.as_chunks_mut::<2>().0) {
        *slots = step(pair(*digits));
    }
    let mut rest = out.iter_mut().skip(2 * pairs.len());
    if let [digit] = *last {
        let product = step(u64::from(digit));
        rest.by_ref().zip(product).for_each(|(slot, digit)| *slot = digit);
    }
    rest.by_ref().zip(split(carry)).for_each(|(slot, digit)| *slot = digit);
    rest.for_each(|slot| *slot = 0);
    normalized_len(out)
}

/// `a * b` into `out`, of length a + b.
#[inline]
pub fn mul(a: &[u32], b: &[u32], out: &mut [u32]) -> usize {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    match *short {
        [low] => return mul_word(long, u64::from(low), out),
        [low, high] => return mul_word(long, pair([low, high]), out),
        _ => out.fill(0),
    }
    let (pairs, last) = long.as_chunks::<2>();
    for (i, factor) in short.chunks(2).enumerate() {
        let Some(row) = out.get_mut(2 * i..) else { break };
        let factor = match *factor {
            [low, high] => pair([low, high]),
            [low] => u64::from(low),
            _ => break,
        };
        let mut carry = 0u64;
        let mut step = |digits: u64, slots: u64| {
            let sum = u128::from(factor) * u128::from(digits) + u128::from(slots);
            let sum = sum + u128::from(carry);
            carry = (sum >> (2 * SHIFT)) as u64;
            split(sum as u64 & PAIR_MASK)
        };
        for (digits, slots) in pairs.iter().zip(row.as_chunks_mut::<2>().0) {
            *slots = step(pair(*digits), pair(*slots));
        }
        let mut rest = row.iter_mut().skip(2 * pairs.len());
        if let [digit] = *last {
            let (low, high) = (rest.next(), rest.next());
            let slots = pair([low.as_deref().map_or(0, |d| *d), high.as_deref().map_or(0, |d| *d)]);
            let product = step(u64::from(digit), slots);
            for (slot, digit) in [low, high].into_iter().flatten().zip(product) {
                *slot = digit;
            }
        }
        for (slot, digit) in rest.zip(split(carry)) {
            *slot = digit;
        }
    }
    normalized_len(out)
}

/// The low 64 bits of a number in two's complement.
#[inline]
pub fn low_bits(digits: &[u32], negative: bool) -> u64 {
    let low = digits.iter().take(3).rev().fold(0u64, |low, &d| low << SHIFT | u64::from(d));
    if negative { low.wrapping_neg() } else { low }
}

/// The digits of a number in two's complement, endlessly.
fn complement(digits: &[u32], negative: bool) -> impl Iterator<Item = u32> + '_ {
    let mut carry = u32::from(negative);
    digits.iter().copied().chain(std::iter::repeat(0)).map(move |digit| {
        if !negative {
            return digit;
        }
        let digit = (digit ^ MASK) + carry;
        carry = digit >> SHIFT;
        digit & MASK
    })
}

/// A bitwise operation `op` of two signed numbers into `out`, one digit longer
/// than the longer operand; the length, and whether the result is negative.
#[inline]
pub fn bitwise(
    a: (&[u32], bool),
    b: (&[u32], bool),
    op: impl Fn(u32, u32) -> u32,
    out: &mut [u32],
) -> (usize, bool) {
    if !a.1 && !b.1 {
        let common = a.0.len().min(b.0.len());
        let (both, above) = out.split_at_mut_checked(common).unwrap_or((&mut [], &mut []));
        for ((slot, x), y) in both.iter_mut().zip(a.0).zip(b.0) {
            *slot = op(*x, *y);
        }
        let rest = |digits: &[u32], index| digits.get(common + index).copied().unwrap_or(0);
        for (index, slot) in above.iter_mut().enumerate() {
            *slot = op(rest(a.0, index), rest(b.0, index));
        }
        return (normalized_len(out), false);
    }
    let (x, y) = (complement(a.0, a.1), complement(b.0, b.1));
    for (slot, (x, y)) in out.iter_mut().zip(x.zip(y)) {
        *slot = op(x, y) & MASK;
    }
    let negative = op(u32::from(a.1), u32::from(b.1)) & 1 == 1;
    if negative {
        let mut carry = 1;
        for slot in out.iter_mut() {
            let digit = (*slot ^ MASK) + carry;
            carry = digit >> SHIFT;
            *slot = digit & MASK;
        }
    }
    (normalized_len(out), negative)
}

/// `a << bits` for `bits` < 30 into `out`; the carry goes into an extra digit.
fn shift_left_bits(a: &[u32], bits: u32, out: &mut [u32]) {
    let down = SHIFT - bits;
    let [first, .., last] = *a else {
        let digit = u64::from(a.first().copied().unwrap_or(0)) << bits;
        let digits = split(digit).into_iter().chain(std::iter::repeat(0));
        out.iter_mut().zip(digits).for_each(|(slot, digit)| *slot = digit);
        return;
    };
    if let Some(slot) = out.first_mut() {
        *slot = first << bits & MASK;
    }
    let mut above = out.iter_mut().skip(1);
    for (pair, slot) in a.array_windows::<2>().zip(&mut above) {
        *slot = (pair[1] << bits | pair[0] >> down) & MASK;
    }
    if let Some(slot) = above.next() {
        *slot = last >> down;
    }
    above.for_each(|slot| *slot = 0);
}

/// `a << count` into `out`, of length a + count/30 + 1.
pub fn shl(a: &[u32], count: u64, out: &mut [u32]) -> usize {
    let words = usize::try_from(count / 30).unwrap_or(usize::MAX);
    if let Some((low, high)) = out.split_at_mut_checked(words) {
        low.fill(0);
        shift_left_bits(a, (count % 30) as u32, high);
    }
    normalized_len(out)
}

/// Magnitude of `a >> count` (towards zero) into `out`, of length
/// a - count/30; also whether a one was shifted out, in which case the floor
/// of a negative number is one further from zero.
pub fn shr(a: &[u32], count: u64, out: &mut [u32]) -> (usize, bool) {
    let words = usize::try_from(count / 30).unwrap_or(usize::MAX);
    let bits = (count % 30) as u32;
    let Some(high) = a.get(words..) else {
        return (0, !a.is_empty());
    };
    let lost_words = a.iter().take(words).any(|&digit| digit != 0);
    let lost_bits = high.first().is_some_and(|digit| digit & ((1 << bits) - 1) != 0);
    for (slot, pair) in out.iter_mut().zip(high.array_windows::<2>()) {
        *slot = (pair[0] >> bits | pair[1] << (SHIFT - bits)) & MASK;
    }
    if let (Some(digit), Some(slot)) = (high.last(), out.get_mut(high.len().wrapping_sub(1))) {
        *slot = digit >> bits;
    }
    if let Some(above) = out.get_mut(high.len()..) {
        above.fill(0);
    }
    (normalized_len(out), lost_words || lost_bits)
}

/// The bytes of a signed number in two's complement, least significant first, into `out`: false,
/// and `out` is of no use, if they are too few (for a number that is not `signed` the sign bit is
/// not needed, and the number is not negative).
pub fn write_bytes(digits: &[u32], negative: bool, signed: bool, out: &mut [u8]) -> bool {
    let bits = bit_length(digits);
    // -2^n needs no more bits than 2^n - 1.
    let is_power = negative
        && digits
            .split_last()
            .is_some_and(|(top, low)| top.is_power_of_two() && low.iter().all(|&digit| digit == 0));
    let needed = bits - u64::from(is_power) + u64::from(signed && bits > 0);
    if needed > 8 * out.len() as u64 {
        return false;
    }
    let mut digits = complement(digits, negative);
    let (mut pending, mut held) = (0u64, 0);
    for chunk in out.chunks_mut(4) {
        while held < 32 {
            // The digits never end.
            pending |= u64::from(digits.next().unwrap_or(0)) << held;
            held += SHIFT;
        }
        chunk.copy_from_slice((pending as u32).to_le_bytes().get(..chunk.len()).unwrap_or(&[]));
        pending >>= 32;
        held -= 32;
    }
    true
}

/// The magnitude whose bytes are given, the least significant first, into `out`, which has room
/// for 8 bits of each in digits; its length.
pub fn read_bytes(bytes: impl Iterator<Item = u8>, out: &mut [u32]) -> usize {
    let mut bytes = bytes.fuse();
    let (mut pending, mut held) = (0u64, 0);
    for slot in out.iter_mut() {
        while held < SHIFT {
            pending |= u64::from(bytes.next().unwrap_or(0)) << held;
            held += 8;
        }
        *slot = pending as u32 & MASK;
        pending >>= SHIFT;
        held -= SHIFT;
    }
    normalized_len(out)
}

/// The most digits that [`write_decimal`] takes.
pub const DECIMAL_MAX: usize = 40;

/// Appends the decimal text of a magnitude of at most [`DECIMAL_MAX`] digits;
/// false, and nothing, if it has more.
pub fn write_decimal(digits: &[u32], out: &mut String) -> bool {
    const CHUNK: u64 = 1_000_000_000;
    // A digit adds less than 9.04 of a chunk's 9 places.
    let mut chunks = [0u32; DECIMAL_MAX + 1];
    let mut used = 0;
    if digits.len() > DECIMAL_MAX {
        return false;
    }
    for &digit in digits.iter().rev() {
        let mut carry = u64::from(digit);
        for chunk in chunks.iter_mut().take(used) {
            let value = u64::from(*chunk) << SHIFT | carry;
            carry = value / CHUNK;
            *chunk = (value - carry * CHUNK) as u32;
        }
        while carry != 0 {
            if let Some(chunk) = chunks.get_mut(used) {
                *chunk = (carry % CHUNK) as u32;
            }
            carry /= CHUNK;
            used += 1;
        }
    }
    let mut text = [b'0'; 9 * (DECIMAL_MAX + 1)];
    let places = text.rchunks_exact_mut(9);
    for (place, mut chunk) in places.zip(chunks.iter().copied()).take(used) {
        for byte in place.iter_mut().rev() {
            *byte = b'0' + (chunk % 10) as u8;
            chunk /= 10;
        }
    }
    let shown = text.get(text.len() - 9 * used.max(1)..).unwrap_or(&text);
    let start = shown.iter().position(|&byte| byte != b'0').unwrap_or(shown.len() - 1);
    out.push_str(std::str::from_utf8(shown.get(start..).unwrap_or(shown)).unwrap_or("0"));
    true
}

#[cfg(test)]
mod tests;
