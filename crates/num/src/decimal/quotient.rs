//! Quotients of large numbers, as fast as products: recursive division (Burnikel
//! and Ziegler, Fast Recursive Division).
//!
//! The divisor gets `size` words, of which the highest is at least half the base:
//! a power of two times a number that long division is good for. The dividend is
//! divided as numbers are by hand, a digit being `size` words long.

use std::cmp::Ordering;

use super::Coefficient;
use crate::TooLarge;

/// Words below which long division is faster.
pub(super) const RECURSIVE: usize = 80;

type Pair = (Coefficient, Coefficient);

/// Quotient and remainder.
pub(super) fn divide(a: &Coefficient, b: &Coefficient) -> Result<Pair, TooLarge> {
    let mut block = b.word_count();
    let mut halvings = 0;
    while block >= RECURSIVE {
        block = block.div_ceil(2);
        halvings += 1;
    }
    let size = block << halvings;
    let padding = size - b.word_count();
    let factor = Coefficient::from(b.normalizer());
    let scaled = |value: &Coefficient| value.mul(&factor)?.shift_words_left(padding);
    let (a, b) = (scaled(a)?, scaled(b)?);
    let mut quotient = Coefficient::zero();
    let mut rest = Coefficient::zero();
    for digit in (0..a.word_count().div_ceil(size)).rev() {
        let next = a.words(digit * size, (digit + 1) * size)?;
        let part = rest.shift_words_left(size)?.add(&next)?;
        let (high, left) = two_by_one(&part, &b, size)?;
        quotient = quotient.shift_words_left(size)?.add(&high)?;
        rest = left;
    }
    let rest = rest.words(padding, size)?;
    Ok((quotient, rest.div_rem(&factor)?.0))
}

/// `a / b` for b of `size` words and a quotient of as many.
fn two_by_one(a: &Coefficient, b: &Coefficient, size: usize) -> Result<Pair, TooLarge> {
    if size < RECURSIVE || !size.is_multiple_of(2) || a.word_count() <= size {
        return a.long_division(b);
    }
    let half = size / 2;
    let (high, rest) = three_by_two(&a.words(half, 2 * size)?, b, half)?;
    let rest = rest.shift_words_left(half)?.add(&a.words(0, half)?)?;
    let (low, rest) = three_by_two(&rest, b, half)?;
    Ok((high.shift_words_left(half)?.add(&low)?, rest))
}

/// `a / b` for b of `2 * half` words and a quotient of `half` words.
fn three_by_two(a: &Coefficient, b: &Coefficient, half: usize) -> Result<Pair, TooLarge> {
    let (top, bottom) = (b.words(half, 2 * half)?, b.words(0, half)?);
    let high = a.words(half, 3 * half)?;
    let (mut quotient, rest) = if a.words(2 * half, 3 * half)?.cmp(&top) == Ordering::Less {
        two_by_one(&high, &top, half)?
    } else {
        // The largest quotient there is.
        let mut largest = Coefficient::one().shift_words_left(half)?;
        let rest = high.add(&top)?.sub(&top.shift_words_left(half)?)?;
        largest.decrement();
        (largest, rest)
    };
    let mut rest = rest.shift_words_left(half)?.add(&a.words(0, half)?)?;
    let product = quotient.mul(&bottom)?;
    // The guess is at most two too large.
    while rest.cmp(&product) == Ordering::Less {
        quotient.decrement();
        rest = rest.add(b)?;
    }
    Ok((quotient, rest.sub(&product)?))
}
