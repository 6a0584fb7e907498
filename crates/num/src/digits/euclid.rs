//! Greatest common divisors and modular inverses of magnitudes.
//!
//! Lehmer's method (Knuth, The Art of Computer Programming 2, 4.5.2, algorithm L): Euclid's
//! quotients are found from the leading bits of both numbers for as long as they are sure to be
//! those of the whole numbers (the condition of G. E. Collins, "Lecture notes on arithmetic
//! algorithms"), and all of these steps are applied to the digits at once.

use super::{MASK, SHIFT, add, bit_length, compare, div_rem, mul, normalized_len, sub};
use std::cmp::Ordering;

/// Some steps of Euclid's algorithm on (x, y): the numbers become `u[0]`·x − `v[0]`·y and
/// `v[1]`·y − `u[1]`·x, or the negatives of both if the number of steps is odd.
struct Steps {
    u: [u64; 2],
    v: [u64; 2],
    odd: bool,
}

/// How many leading bits are looked at.
const LEADING: u64 = 62;
/// Factors of the digits stay below this, so that sums of two products fit an `i64`.
const FACTOR: u64 = 1 << 31;

/// The steps for numbers that begin with `x` and `y`, which are `whole` if no digits follow.
fn steps(mut x: u64, mut y: u64, whole: bool) -> Steps {
    let mut steps = Steps { u: [1, 0], v: [0, 1], odd: false };
    while y != 0 {
        let quotient = x / y;
        let rest = x - quotient * y;
        let Steps { u: [u0, u1], v: [v0, v1], odd } = steps;
        let next = |before: u64, last: u64| quotient.checked_mul(last)?.checked_add(before);
        let (Some(u2), Some(v2)) = (next(u0, u1), next(v0, v1)) else { break };
        let is_sure = whole || rest >= v2 && y - rest >= v2 + v1;
        if !is_sure || u2.max(v2) >= FACTOR {
            break;
        }
        steps = Steps { u: [u1, u2], v: [v1, v2], odd: !odd };
        (x, y) = (y, rest);
    }
    steps
}

/// The number that is left of `digits` when the last `skip` bits are dropped.
fn leading(digits: &[u32], skip: u64) -> u64 {
    let (words, bits) = ((skip / u64::from(SHIFT)) as usize, skip % u64::from(SHIFT));
    let rest = digits.get(words..).unwrap_or(&[]);
    let top = rest.iter().rev().fold(0u128, |top, &digit| top << SHIFT | u128::from(digit));
    (top >> bits) as u64
}

impl Steps {
    fn is_none(&self) -> bool {
        self.v[0] == 0
    }

    /// Apply the steps to both numbers, of which `y` is not longer than `x`.
    fn apply(&self, x: &mut Vec<u32>, y: &mut Vec<u32>) {
        y.resize(x.len(), 0);
        let sign = if self.odd { -1 } else { 1 };
        let [u0, u1] = self.u.map(|factor| sign * factor as i64);
        let [v0, v1] = self.v.map(|factor| sign * factor as i64);
        let (mut carry_x, mut carry_y) = (0i64, 0i64);
        for (x, y) in x.iter_mut().zip(y.iter_mut()) {
            let (digit_x, digit_y) = (i64::from(*x), i64::from(*y));
            carry_x += u0 * digit_x - v0 * digit_y;
            carry_y += v1 * digit_y - u1 * digit_x;
            *x = carry_x as u32 & MASK;
            *y = carry_y as u32 & MASK;
            carry_x >>= SHIFT;
            carry_y >>= SHIFT;
        }
        trim(x);
        trim(y);
    }

    /// Apply the steps to the factors of one of the numbers, whose signs alternate.
    fn apply_to_factors(&self, s: &mut Vec<u32>, t: &mut Vec<u32>) {
        let len = s.len().max(t.len()) + 2;
        s.resize(len, 0);
        t.resize(len, 0);
        let (mut carry_s, mut carry_t) = (0u64, 0u64);
        for (s, t) in s.iter_mut().zip(t.iter_mut()) {
            let (digit_s, digit_t) = (u64::from(*s), u64::from(*t));
            carry_s += self.u[0] * digit_s + self.v[0] * digit_t;
            carry_t += self.u[1] * digit_s + self.v[1] * digit_t;
            *s = carry_s as u32 & MASK;
            *t = carry_t as u32 & MASK;
            carry_s >>= SHIFT;
            carry_t >>= SHIFT;
        }
        trim(s);
        trim(t);
    }
}

fn trim(digits: &mut Vec<u32>) {
    digits.truncate(normalized_len(digits));
}

/// The steps that the leading bits of `x` and `y`, which is not larger, are sure of.
fn sure_steps(x: &[u32], y: &[u32]) -> Steps {
    let skip = bit_length(x).saturating_sub(LEADING);
    steps(leading(x, skip), leading(y, skip), skip == 0)
}

/// The greatest common divisor.
pub fn gcd(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (mut x, mut y) = (a.to_vec(), b.to_vec());
    if compare(&x, &y) == Ordering::Less {
        std::mem::swap(&mut x, &mut y);
    }
    while !y.is_empty() {
        let steps = sure_steps(&x, &y);
        if steps.is_none() {
            let Some((_, rest)) = div_rem(&x, &y) else { break };
            x = std::mem::replace(&mut y, rest);
        } else {
            steps.apply(&mut x, &mut y);
        }
    }
    x
}

/// The inverse of `a`, which is below `modulus`; `None` if there is none.
pub fn inverse(a: &[u32], modulus: &[u32]) -> Option<Vec<u32>> {
    let (mut x, mut y) = (modulus.to_vec(), a.to_vec());
    // x is s·a and y is t·a modulo the modulus, with the signs below.
    let (mut s, mut t) = (Vec::new(), vec![1]);
    let mut s_is_negative = true;
    while !y.is_empty() {
        let steps = sure_steps(&x, &y);
        if steps.is_none() {
            let (quotient, rest) = div_rem(&x, &y)?;
            x = std::mem::replace(&mut y, rest);
            let mut product = vec![0; quotient.len() + t.len()];
            mul(&quotient, &t, &mut product);
            let mut next = vec![0; product.len().max(s.len()) + 1];
            let len = add(&product, &s, &mut next);
            next.truncate(len);
            s = std::mem::replace(&mut t, next);
            s_is_negative = !s_is_negative;
        } else {
            steps.apply(&mut x, &mut y);
            steps.apply_to_factors(&mut s, &mut t);
            s_is_negative ^= steps.odd;
        }
    }
    if x != [1] {
        return None;
    }
    if !s_is_negative {
        return Some(s);
    }
    let mut positive = vec![0; modulus.len()];
    let len = sub(modulus, &s, &mut positive);
    positive.truncate(len);
    Some(positive)
}
