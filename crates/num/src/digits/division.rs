//! Division of magnitudes.
//!
//! Knuth's algorithm D (The Art of Computer Programming 2, 4.3.1) on limbs of two digits. The
//! quotient of two limbs by the divisor's first comes from its reciprocal (N. Möller and T. Granlund,
//! "Improved division by invariant integers", IEEE Transactions on Computers 60, 2011, algorithm 4).

use std::cmp::Ordering;

use super::{PAIR_MASK, SHIFT, compare, normalized_len, pair, split};

/// Bits per limb.
const BITS: u32 = 2 * SHIFT;
/// The largest limb.
const LIMB: u64 = PAIR_MASK;

/// `a // divisor` into `out`, of the length of `a`; returns the quotient's
/// length and the remainder. `None` for division by zero.
#[inline]
pub fn div_rem_small(a: &[u32], divisor: u32, out: &mut [u32]) -> Option<(usize, u32)> {
    let mut remainder = 0u64;
    let divisor = u64::from(divisor);
    if divisor == 0 {
        return None;
    }
    for i in (0..a.len()).rev() {
        remainder = remainder << SHIFT | u64::from(*a.get(i)?);
        if let Some(slot) = out.get_mut(i) {
            *slot = (remainder / divisor) as u32;
        }
        remainder %= divisor;
    }
    if let Some(rest) = out.get_mut(a.len()..) {
        rest.fill(0);
    }
    Some((normalized_len(out), remainder as u32))
}

/// `a % divisor`; `None` for division by zero.
#[inline]
pub fn rem_small(a: &[u32], divisor: u32) -> Option<u32> {
    let divisor = u64::from(divisor);
    let step = |rest: u64, &digit: &u32| (rest << SHIFT | u64::from(digit)).checked_rem(divisor);
    a.iter().rev().try_fold(0, step).map(|rest| rest as u32)
}

/// The quotient of magnitudes if their first digits alone say what it is. PERF:
/// `pidigits` divides numbers of nearly the same length.
pub fn quick_quotient(a: &[u32], b: &[u32]) -> Option<u64> {
    let [.., b2, b1, b0] = *b else { return None };
    let top = |digits: &[u32]| digits.iter().fold(0u128, |top, &d| top << SHIFT | u128::from(d));
    let cut = b.len() - 3;
    let head = a.get(cut..)?;
    if !(3..=4).contains(&head.len()) {
        return None;
    }
    let numerator = head.iter().rev().fold(0u128, |top, &d| top << SHIFT | u128::from(d));
    let denominator = top(&[b0, b1, b2]);
    let quotient = numerator / (denominator + 1);
    // The largest that the digits below can make of it.
    let is_sure = (quotient + 1) * denominator > numerator;
    if is_sure { u64::try_from(quotient).ok() } else { None }
}

/// A limb whose highest bit is set, to divide by.
struct Reciprocal {
    /// The limb at the top of a word.
    divisor: u64,
    /// ⌊(2¹²⁸ − 1) / divisor⌋ − 2⁶⁴.
    inverse: u64,
}

impl Reciprocal {
    fn new(limb: u64) -> Self {
        let divisor = limb << (u64::BITS - BITS);
        let inverse = u128::MAX.checked_div(u128::from(divisor)).unwrap_or(0) as u64;
        Reciprocal { divisor, inverse }
    }

    /// Quotient and remainder of `high`·2⁶⁰ + `low`; `high` is below the limb.
    #[inline(always)]
    fn divide(&self, high: u64, low: u64) -> (u64, u64) {
        let whole = (u128::from(high) << BITS | u128::from(low)) << (u64::BITS - BITS);
        let (high, low) = ((whole >> u64::BITS) as u64, whole as u64);
        let product = (u128::from(self.inverse) * u128::from(high)).wrapping_add(whole);
        let mut quotient = ((product >> u64::BITS) as u64).wrapping_add(1);
        let mut rest = low.wrapping_sub(quotient.wrapping_mul(self.divisor));
        if rest > product as u64 {
            quotient = quotient.wrapping_sub(1);
            rest = rest.wrapping_add(self.divisor);
        }
        if rest >= self.divisor {
            quotient += 1;
            rest -= self.divisor;
        }
        (quotient, rest >> (u64::BITS - BITS))
    }
}

/// The limbs of `digits << shift`, as many as there is room for.
#[inline]
fn load(digits: &[u32], shift: u32, out: &mut [u64]) {
    let (pairs, odd) = digits.as_chunks::<2>();
    let limbs = pairs.iter().map(|digits| pair(*digits)).chain(odd.iter().map(|d| u64::from(*d)));
    let mut below = 0;
    for (slot, limb) in out.iter_mut().zip(limbs.chain(std::iter::repeat(0))) {
        *slot = (limb << shift | below >> (BITS - shift)) & LIMB;
        below = limb;
    }
}

/// The digits of `limbs >> shift`; their number without leading zeros.
#[inline]
fn store(limbs: &[u64], shift: u32, out: &mut [u32]) -> usize {
    let above = limbs.iter().skip(1).copied().chain([0]);
    for ((slots, limb), above) in out.chunks_mut(2).zip(limbs).zip(above) {
        let limb = (limb >> shift | above << (BITS - shift)) & LIMB;
        slots.iter_mut().zip(split(limb)).for_each(|(slot, digit)| *slot = digit);
    }
    normalized_len(out)
}

/// `window -= guess * divisor`, where the window has one limb more; whether that was too much.
#[inline(always)]
fn subtract(window: &mut [u64], divisor: &[u64], guess: u64) -> bool {
    let Some((top, low)) = window.split_last_mut() else { return false };
    let mut carry = 0u64;
    for (x, &y) in low.iter_mut().zip(divisor) {
        let product = u128::from(guess) * u128::from(y) + u128::from(carry);
        let difference = x.wrapping_sub(product as u64 & LIMB);
        *x = difference & LIMB;
        carry = (product >> BITS) as u64 + (difference >> 63);
    }
    let difference = top.wrapping_sub(carry);
    *top = difference & LIMB;
    difference >> 63 != 0
}

/// `window += divisor`, without the last carry.
#[cold]
fn add_back(window: &mut [u64], divisor: &[u64]) {
    let mut carry = 0;
    for (x, y) in window.iter_mut().zip(divisor.iter().copied().chain([0])) {
        carry += *x + y;
        *x = carry & LIMB;
        carry >>= BITS;
    }
}

/// `a // b` into `quotient` of length max(a − b, 0) + 1, if it is wanted, and `a % b` into
/// `remainder` of the length of `b`, truncating; the lengths of both (0 for a quotient that is not
/// wanted). `None` for division by zero.
pub fn div_rem_into(
    a: &[u32],
    b: &[u32],
    mut quotient: Option<&mut [u32]>,
    remainder: &mut [u32],
) -> Option<(usize, usize)> {
    /// Limbs on the stack: numbers of up to some 1,900 bits in all.
    const NEAR: usize = 64;
    if b.is_empty() {
        return None;
    }
    if let Some(quotient) = &mut quotient {
        quotient.fill(0);
    }
    if compare(a, b) == Ordering::Less {
        remainder.fill(0);
        remainder.iter_mut().zip(a).for_each(|(slot, digit)| *slot = *digit);
        return Some((0, a.len()));
    }
    let (m, n) = (a.len().div_ceil(2), b.len().div_ceil(2));
    let (mut near, mut far) = ([0; NEAR], Vec::new());
    let room = if n + m < NEAR {
        &mut near[..]
    } else {
        far.resize(n + m + 1, 0);
        &mut far
    };
    let (divisor, rest) = room.split_at_mut_checked(n)?;
    let dividend = rest.get_mut(..=m)?;
    load(b, 0, divisor);
    let shift = divisor.last()?.leading_zeros() - (u64::BITS - BITS);
    load(b, shift, divisor);
    load(a, shift, dividend);
    let first = *divisor.last()?;
    let second = n.checked_sub(2).and_then(|at| divisor.get(at)).copied().unwrap_or(0);
    let reciprocal = Reciprocal::new(first);
    for j in (0..=m - n).rev() {
        let window = dividend.get_mut(j..=j + n)?;
        let (third, next, top) = match *window {
            [.., third, next, top] => (third, next, top),
            [next, top] => (0, next, top),
            _ => return None,
        };
        let (mut guess, mut rest) =
            if top < first { reciprocal.divide(top, next) } else { (LIMB, next + first) };
        while rest <= LIMB
            && u128::from(guess) * u128::from(second)
                > (u128::from(rest) << BITS | u128::from(third))
        {
            guess -= 1;
            rest += first;
        }
        if subtract(window, divisor, guess) {
            guess -= 1;
            add_back(window, divisor);
        }
        if let Some(slots) = quotient.as_mut().and_then(|quotient| quotient.get_mut(2 * j..)) {
            slots.iter_mut().zip(split(guess)).for_each(|(slot, digit)| *slot = digit);
        }
    }
    let len = store(dividend.get(..n)?, shift, remainder);
    Some((quotient.map_or(0, |quotient| normalized_len(quotient)), len))
}

/// Truncating quotient and remainder of magnitudes. `None` for division by zero.
pub fn div_rem(a: &[u32], b: &[u32]) -> Option<(Vec<u32>, Vec<u32>)> {
    let mut quotient = vec![0; a.len().saturating_sub(b.len()) + 1];
    let mut remainder = vec![0; b.len()];
    let (quotient_len, remainder_len) = div_rem_into(a, b, Some(&mut quotient), &mut remainder)?;
    quotient.truncate(quotient_len);
    remainder.truncate(remainder_len);
    Some((quotient, remainder))
}
