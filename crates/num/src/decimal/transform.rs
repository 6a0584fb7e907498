//! Products of large numbers by number-theoretic transforms.
//!
//! The words are convolved modulo three primes of the form k·2ⁿ + 1, whose
//! product exceeds any sum of word products; the Chinese remainder theorem gives
//! the sums back, and carrying makes words of them. Residues are multiplied by
//! Montgomery's method. The forward transform leaves its results in bit-reversed
//! order, in which the inverse takes them, and both compute the powers of the
//! root as they go instead of reading a table.

use super::coefficient::BY_BASE;
use crate::TooLarge;

/// A prime below 2⁶², and what arithmetic modulo it needs.
struct Field {
    p: u64,
    /// p⁻¹ modulo 2⁶⁴.
    inverse: u64,
    /// 2¹²⁸ modulo p: takes a residue to Montgomery's form.
    square: u64,
    /// By what the root changes between two blocks, by the number of ones that
    /// the block's number ends with; and the same for the inverse.
    steps: [u64; STEPS],
    inverse_steps: [u64; STEPS],
}

/// All primes have roots of unity of order 2⁵⁵.
const STEPS: usize = 53;

static FIELDS: [Field; 3] =
    [Field::new(27 << 56 | 1, 5), Field::new(69 << 55 | 1, 5), Field::new(29 << 57 | 1, 3)];

const fn multiply_mod(a: u64, b: u64, p: u64) -> u64 {
    (a as u128 * b as u128 % p as u128) as u64
}

const fn power_mod(mut base: u64, mut exponent: u64, p: u64) -> u64 {
    let mut power = 1;
    while exponent != 0 {
        if exponent & 1 == 1 {
            power = multiply_mod(power, base, p);
        }
        base = multiply_mod(base, base, p);
        exponent >>= 1;
    }
    power
}

impl Field {
    const fn new(p: u64, generator: u64) -> Field {
        let mut inverse = 1u64;
        let mut round = 0;
        while round < 6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)));
            round += 1;
        }
        let one = ((1u128 << 64) % p as u128) as u64;
        let mut field = Field {
            p,
            inverse,
            square: multiply_mod(one, one, p),
            steps: [0; STEPS],
            inverse_steps: [0; STEPS],
        };
        let (mut product, mut inverse_product) = (1, 1);
        let mut i = 0;
        while i < STEPS {
            let root = power_mod(generator, (p - 1) >> (i + 2), p);
            let inverse_root = power_mod(root, p - 2, p);
            field.steps[i] = multiply_mod(multiply_mod(root, product, p), one, p);
            field.inverse_steps[i] =
                multiply_mod(multiply_mod(inverse_root, inverse_product, p), one, p);
            product = multiply_mod(product, inverse_root, p);
            inverse_product = multiply_mod(inverse_product, root, p);
            i += 1;
        }
        field
    }

    /// `a * b / 2⁶⁴`; one of the two is below p.
    #[inline(always)]
    const fn mul(&self, a: u64, b: u64) -> u64 {
        let product = a as u128 * b as u128;
        let cut = (product as u64).wrapping_mul(self.inverse);
        let high = ((cut as u128 * self.p as u128) >> 64) as u64;
        self.sub((product >> 64) as u64, high)
    }

    #[inline(always)]
    const fn add(&self, a: u64, b: u64) -> u64 {
        let sum = a + b;
        if sum >= self.p { sum - self.p } else { sum }
    }

    #[inline(always)]
    const fn sub(&self, a: u64, b: u64) -> u64 {
        let (difference, borrow) = a.overflowing_sub(b);
        if borrow { difference.wrapping_add(self.p) } else { difference }
    }

    /// One in Montgomery's form.
    const fn one(&self) -> u64 {
        self.mul(self.square, 1)
    }

    fn transform(&self, values: &mut [u64]) {
        let mut width = values.len() / 2;
        while width > 0 {
            let mut root = self.one();
            for (number, block) in values.chunks_exact_mut(2 * width).enumerate() {
                let (left, right) = block.split_at_mut(width);
                for (left, right) in left.iter_mut().zip(right) {
                    let turned = self.mul(*right, root);
                    (*left, *right) = (self.add(*left, turned), self.sub(*left, turned));
                }
                root = self.mul(root, self.steps[number.trailing_ones() as usize]);
            }
            width /= 2;
        }
    }

    fn transform_back(&self, values: &mut [u64]) {
        let mut width = 1;
        while width < values.len() {
            let mut root = self.one();
            for (number, block) in values.chunks_exact_mut(2 * width).enumerate() {
                let (left, right) = block.split_at_mut(width);
                for (left, right) in left.iter_mut().zip(right) {
                    let difference = self.sub(*left, *right);
                    (*left, *right) = (self.add(*left, *right), self.mul(difference, root));
                }
                root = self.mul(root, self.inverse_steps[number.trailing_ones() as usize]);
            }
            width *= 2;
        }
    }

    /// The transform of words, padded with zeros to `length` values.
    fn forward(&self, words: &[u64], length: usize) -> Result<Vec<u64>, TooLarge> {
        let mut values = Vec::new();
        values.try_reserve_exact(length).map_err(|_| TooLarge)?;
        values.extend(words.iter().map(|word| self.mul(*word, self.square)));
        values.resize(length, 0);
        self.transform(&mut values);
        Ok(values)
    }

    /// The convolution of `a` and `b`, which together have at most `length`
    /// words, a power of two.
    fn convolve(&self, a: &[u64], b: &[u64], length: usize) -> Result<Vec<u64>, TooLarge> {
        let mut values = self.forward(a, length)?;
        if std::ptr::eq(a, b) {
            values.iter_mut().for_each(|value| *value = self.mul(*value, *value));
        } else {
            let other = self.forward(b, length)?;
            for (value, other) in values.iter_mut().zip(other) {
                *value = self.mul(*value, other);
            }
        }
        self.transform_back(&mut values);
        // The transforms multiplied by `length`, Montgomery's form by 2⁶⁴.
        let scale = power_mod(length as u64, self.p - 2, self.p);
        values.iter_mut().for_each(|value| *value = self.mul(*value, scale));
        Ok(values)
    }
}

/// What takes residues modulo the primes to a sum: p₁⁻¹ modulo p₂ and p₃, and
/// p₂⁻¹ modulo p₃, in Montgomery's form; and p₁·p₂.
const FIRST_IN_SECOND: u64 = inverse_in(FIELDS[0].p, &FIELDS[1]);
const FIRST_IN_THIRD: u64 = inverse_in(FIELDS[0].p, &FIELDS[2]);
const SECOND_IN_THIRD: u64 = inverse_in(FIELDS[1].p, &FIELDS[2]);
const FIRST_TWO: u128 = FIELDS[0].p as u128 * FIELDS[1].p as u128;

const fn inverse_in(value: u64, field: &Field) -> u64 {
    field.mul(power_mod(value, field.p - 2, field.p), field.square)
}

/// The number below 2¹⁹² with these residues: its low 128 bits, and the rest.
#[inline(always)]
fn combine([a, b, c]: [u64; 3]) -> (u128, u64) {
    let [first, second, third] = &FIELDS;
    let x = second.mul(second.sub(b, a), FIRST_IN_SECOND);
    let y = third.mul(third.sub(c, a), FIRST_IN_THIRD);
    let y = third.mul(third.sub(y, x), SECOND_IN_THIRD);
    let low = u128::from(a) + u128::from(first.p) * u128::from(x);
    let part = u128::from(FIRST_TWO as u64) * u128::from(y);
    let top = u128::from((FIRST_TWO >> 64) as u64) * u128::from(y);
    let (low, carry1) = low.overflowing_add(part);
    let (low, carry2) = low.overflowing_add(top << 64);
    (low, (top >> 64) as u64 + u64::from(carry1) + u64::from(carry2))
}

/// `out = a * b`; `out` has room for exactly that.
pub(super) fn multiply(out: &mut [u64], a: &[u64], b: &[u64]) -> Result<(), TooLarge> {
    let length = out.len().checked_next_power_of_two().ok_or(TooLarge)?;
    let [first, second, third] = &FIELDS;
    let first = first.convolve(a, b, length)?;
    let second = second.convolve(a, b, length)?;
    let third = third.convolve(a, b, length)?;
    let mut carry = 0u128;
    for (word, ((a, b), c)) in out.iter_mut().zip(first.into_iter().zip(second).zip(third)) {
        let (low, high) = combine([a, b, c]);
        let (low, over) = low.overflowing_add(carry);
        let high = u128::from(high + u64::from(over)) << 64;
        let (quotient_high, rest) = BY_BASE.div_rem(high | low >> 64);
        let (quotient_low, rest) = BY_BASE.div_rem(u128::from(rest) << 64 | u128::from(low as u64));
        *word = rest;
        carry = u128::from(quotient_high) << 64 | u128::from(quotient_low);
    }
    Ok(())
}
