//! Unsigned decimal integers: the digits of a [`Decimal`](super::Decimal).
//!
//! Words of 19 decimal digits, the least significant first, so that shifting
//! and rounding by digits need no division by large powers of ten. Invariant:
//! the last word is not zero; zero has no words. What grows with a precision
//! that the program chose is allocated fallibly and answers `TooLarge`.

use std::cmp::Ordering;

use num_bigint::BigUint;
use smallvec::SmallVec;

use super::{quotient, transform};
use crate::TooLarge;

/// Ten to the power of [`WIDTH`].
pub(super) const BASE: u64 = 10_000_000_000_000_000_000;
/// Decimal digits of a word.
pub(super) const WIDTH: usize = 19;
/// Words above which a product is split (Karatsuba).
const KARATSUBA: usize = 48;
/// Words from which on a product is computed by transforms.
const TRANSFORM: usize = 256;

/// PERF: what arises at the usual precision of 28 digits needs no allocation.
type Words = SmallVec<[u64; INLINE]>;
const INLINE: usize = 4;

/// What was cut off a number, compared with half a unit of its last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Zero,
    /// Less than half a unit.
    Below,
    /// Exactly half a unit.
    Half,
    /// More than half a unit.
    Above,
}

/// An unsigned integer in decimal words.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Coefficient(Words);

impl Clone for Coefficient {
    #[inline]
    fn clone(&self) -> Self {
        match *self.0.as_slice() {
            [] => Coefficient::of([0; INLINE], 0),
            [low] => Coefficient::of([low, 0, 0, 0], 1),
            [low, high] => Coefficient::of([low, high, 0, 0], 2),
            _ => Coefficient(self.0.clone()),
        }
    }
}

/// Two words hold the numbers below this.
const SMALL_END: u128 = BASE as u128 * BASE as u128;

/// Ten to the power of 0 to [`WIDTH`].
pub(super) const POWERS: [u64; WIDTH + 1] = {
    let mut powers = [1; WIDTH + 1];
    let mut i = 1;
    while i <= WIDTH {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

fn power(exponent: usize) -> u64 {
    POWERS.get(exponent).copied().unwrap_or(BASE)
}

/// Division by a word whose top bit is set, by two multiplications (Möller and
/// Granlund, Improved division by invariant integers).
#[derive(Clone, Copy)]
pub(super) struct Divider {
    divisor: u64,
    reciprocal: u64,
}

impl Divider {
    pub(super) const fn new(divisor: u64) -> Self {
        Divider { divisor, reciprocal: (u128::MAX / divisor as u128 - (1 << 64)) as u64 }
    }

    /// Quotient and remainder; the quotient fits a word.
    #[inline(always)]
    pub(super) const fn div_rem(self, value: u128) -> (u64, u64) {
        let top = (value >> 64) as u64;
        let guess = (self.reciprocal as u128 * top as u128).wrapping_add(value);
        let mut quotient = ((guess >> 64) as u64).wrapping_add(1);
        let mut rest = (value as u64).wrapping_sub(quotient.wrapping_mul(self.divisor));
        if rest > guess as u64 {
            quotient = quotient.wrapping_sub(1);
            rest = rest.wrapping_add(self.divisor);
        }
        if rest >= self.divisor {
            (quotient, rest) = (quotient.wrapping_add(1), rest - self.divisor);
        }
        (quotient, rest)
    }
}

/// Division by the base.
pub(super) const BY_BASE: Divider = Divider::new(BASE);

/// The two words of a number below BASE * BASE, as products of words are.
#[inline(always)]
pub(super) fn split(value: u128) -> (u64, u64) {
    BY_BASE.div_rem(value)
}

impl From<u64> for Coefficient {
    fn from(value: u64) -> Self {
        Coefficient::from_u128(u128::from(value))
    }
}

impl Coefficient {
    /// Zero.
    pub fn zero() -> Self {
        Coefficient::of([0; INLINE], 0)
    }

    /// One.
    pub fn one() -> Self {
        Coefficient::from(1)
    }

    /// The first `length` of these words.
    #[inline(always)]
    fn of(words: [u64; INLINE], length: usize) -> Self {
        Coefficient(Words::from_buf_and_len(words, length))
    }

    /// The coefficient with this value.
    #[inline]
    pub fn from_u128(value: u128) -> Self {
        if value < u128::from(BASE) {
            return Coefficient::of([value as u64, 0, 0, 0], usize::from(value != 0));
        }
        if value < SMALL_END {
            let (high, low) = split(value);
            return Coefficient::of([low, high, 0, 0], 2);
        }
        let (high, low) = (value / u128::from(BASE), (value % u128::from(BASE)) as u64);
        let (top, middle) = split(high);
        Coefficient::of([low, middle, top, 0], 3)
    }

    /// The value, if it has two words at most.
    #[inline]
    pub(super) fn small(&self) -> Option<u128> {
        match *self.0.as_slice() {
            [] => Some(0),
            [low] => Some(u128::from(low)),
            [low, high] => Some(u128::from(high) * u128::from(BASE) + u128::from(low)),
            _ => None,
        }
    }

    /// The value times 10ⁿ, if that has 38 digits at most. PERF: numbers of the
    /// usual precision are added and divided as machine integers.
    #[inline]
    pub(super) fn small_shifted(&self, n: u64) -> Option<u128> {
        let value = self.small()?;
        if n == 0 {
            return Some(value);
        }
        let factor = POWERS.get(usize::try_from(n).ok()?)?;
        value.checked_mul(u128::from(*factor)).filter(|&value| value < SMALL_END)
    }

    /// The value, if it is below 2⁶⁴.
    pub fn to_u64(&self) -> Option<u64> {
        match *self.0.as_slice() {
            [] => Some(0),
            [low] => Some(low),
            [low, high] => {
                u64::try_from(u128::from(high) * u128::from(BASE) + u128::from(low)).ok()
            }
            _ => None,
        }
    }

    /// Parse ASCII digits; `None` if there is anything else.
    pub fn parse(digits: &[u8]) -> Option<Result<Self, TooLarge>> {
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut words = Words::new();
        if words.try_reserve(digits.len() / WIDTH + 1).is_err() {
            return Some(Err(TooLarge));
        }
        for chunk in digits.rchunks(WIDTH) {
            words.push(chunk.iter().fold(0, |word, digit| word * 10 + u64::from(digit - b'0')));
        }
        Some(Ok(Coefficient(words).normalized()))
    }

    /// The digits of a number in base 2³⁰ or any other.
    pub fn from_biguint(value: &BigUint) -> Result<Self, TooLarge> {
        if value.bits() <= 128 {
            let low = value.iter_u64_digits().enumerate();
            let value = low.fold(0, |sum, (i, word)| sum | u128::from(word) << (64 * i));
            return Ok(Coefficient::from_u128(value));
        }
        crate::probe_memory(value.bits() / 2)?;
        match Coefficient::parse(value.to_str_radix(10).as_bytes()) {
            Some(parsed) => parsed,
            None => Ok(Coefficient::zero()),
        }
    }

    /// The number in binary.
    pub fn to_biguint(&self) -> BigUint {
        if let [low, high] = *self.0.as_slice() {
            return BigUint::from(u128::from(high) * u128::from(BASE) + u128::from(low));
        }
        to_binary(&self.0)
    }

    fn normalized(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    /// Whether this is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the number is odd.
    pub fn is_odd(&self) -> bool {
        self.0.first().is_some_and(|word| word % 2 == 1)
    }

    /// The number of decimal digits; one for zero.
    pub fn digits(&self) -> i64 {
        match self.0.last() {
            None => 1,
            Some(word) => (self.0.len() - 1) as i64 * WIDTH as i64 + i64::from(word.ilog10()) + 1,
        }
    }

    /// The last decimal digit.
    pub fn last_digit(&self) -> u64 {
        self.0.first().map_or(0, |word| word % 10)
    }

    /// The digit of weight 10ⁿ.
    pub fn digit(&self, n: u64) -> u64 {
        let index = usize::try_from(n / WIDTH as u64).ok();
        let word = index.and_then(|index| self.0.get(index)).copied().unwrap_or(0);
        word / power((n % WIDTH as u64) as usize) % 10
    }

    /// How many zeros the number ends with; none for zero.
    pub fn trailing_zeros(&self) -> i64 {
        let Some(index) = self.0.iter().position(|word| *word != 0) else { return 0 };
        let mut word = self.0.get(index).copied().unwrap_or(1);
        let mut zeros = (index * WIDTH) as i64;
        while word % 10 == 0 {
            word /= 10;
            zeros += 1;
        }
        zeros
    }

    /// Bytes beyond those of the value itself.
    pub fn heap_bytes(&self) -> usize {
        if self.0.spilled() { self.0.len() * 8 } else { 0 }
    }

    /// The ASCII digits.
    pub fn to_ascii(&self) -> Result<String, TooLarge> {
        let mut text = String::new();
        self.push_ascii(&mut text)?;
        Ok(text)
    }

    /// Appends the ASCII digits.
    pub(super) fn push_ascii(&self, text: &mut String) -> Result<(), TooLarge> {
        let Some((last, rest)) = self.0.split_last() else {
            text.push('0');
            return Ok(());
        };
        text.try_reserve(self.0.len() * WIDTH).map_err(|_| TooLarge)?;
        push_word(text, *last, 1);
        rest.iter().rev().for_each(|word| push_word(text, *word, WIDTH));
        Ok(())
    }

    /// `self + other`.
    pub fn add(&self, other: &Self) -> Result<Self, TooLarge> {
        if let ([a], [b]) = (self.0.as_slice(), other.0.as_slice()) {
            return Ok(Coefficient::from_u128(u128::from(*a) + u128::from(*b)));
        }
        let (long, short) =
            if self.0.len() >= other.0.len() { (self, other) } else { (other, self) };
        let mut words = with_capacity(long.0.len() + 1)?;
        words.extend_from_slice(&long.0);
        if add_to(&mut words, &short.0) {
            words.push(1);
        }
        Ok(Coefficient(words))
    }

    /// `self - other`, which is not larger.
    pub fn sub(&self, other: &Self) -> Result<Self, TooLarge> {
        let mut words = with_capacity(self.0.len())?;
        words.extend_from_slice(&self.0);
        subtract_from(&mut words, &other.0);
        Ok(Coefficient(words).normalized())
    }

    /// `self * other`.
    pub fn mul(&self, other: &Self) -> Result<Self, TooLarge> {
        match (self.0.as_slice(), other.0.as_slice()) {
            ([], _) | (_, []) => Ok(Coefficient::zero()),
            ([a], [b]) => Ok(Coefficient::from_u128(u128::from(*a) * u128::from(*b))),
            ([word], [low, high]) | ([low, high], [word])
                if let Some(product) = (u128::from(*high) * u128::from(BASE)
                    + u128::from(*low))
                .checked_mul(u128::from(*word)) =>
            {
                Ok(Coefficient::from_u128(product))
            }
            (a, b) => {
                let mut words = zeroed(a.len() + b.len())?;
                multiply(&mut words, a, b)?;
                Ok(Coefficient(words).normalized())
            }
        }
    }

    /// Quotient and remainder; `divisor` is not zero.
    pub fn div_rem(&self, divisor: &Self) -> Result<(Self, Self), TooLarge> {
        if self.cmp(divisor) == Ordering::Less {
            return Ok((Coefficient::zero(), self.clone()));
        }
        if let [single] = *divisor.0.as_slice() {
            let mut quotient = self.clone();
            let rest = divide_small(&mut quotient.0, single);
            return Ok((quotient.normalized(), Coefficient::from(rest)));
        }
        if divisor.0.len() >= quotient::RECURSIVE
            && self.0.len() - divisor.0.len() >= quotient::RECURSIVE
        {
            return quotient::divide(self, divisor);
        }
        divide(&self.0, &divisor.0)
    }

    /// `self * BASEⁿ`.
    pub(super) fn shift_words_left(&self, n: usize) -> Result<Self, TooLarge> {
        if self.is_zero() {
            return Ok(Coefficient::zero());
        }
        let mut words = zeroed(n)?;
        words.try_reserve(self.0.len()).map_err(|_| TooLarge)?;
        words.extend_from_slice(&self.0);
        Ok(Coefficient(words))
    }

    /// The words from `start` to `end`, as a number.
    pub(super) fn words(&self, start: usize, end: usize) -> Result<Self, TooLarge> {
        let end = end.min(self.0.len());
        let part = self.0.get(start.min(end)..end).unwrap_or_default();
        let mut words = with_capacity(part.len())?;
        words.extend_from_slice(part);
        Ok(Coefficient(words).normalized())
    }

    /// The number of words.
    pub(super) fn word_count(&self) -> usize {
        self.0.len()
    }

    /// What to multiply by so that the highest word is at least half the base.
    pub(super) fn normalizer(&self) -> u64 {
        BASE / (self.0.last().copied().unwrap_or(0) + 1)
    }

    /// Long division, for a divisor of at least two words.
    pub(super) fn long_division(&self, divisor: &Self) -> Result<(Self, Self), TooLarge> {
        if self.cmp(divisor) == Ordering::Less {
            return Ok((Coefficient::zero(), self.clone()));
        }
        divide(&self.0, &divisor.0)
    }

    /// `self * 10ⁿ`.
    pub fn shift_left(&self, n: u64) -> Result<Self, TooLarge> {
        if n == 0 || self.is_zero() {
            return Ok(self.clone());
        }
        let whole = usize::try_from(n / WIDTH as u64).map_err(|_| TooLarge)?;
        let factor = power((n % WIDTH as u64) as usize);
        let mut words = zeroed(whole)?;
        words.try_reserve(self.0.len() + 1).map_err(|_| TooLarge)?;
        words.extend_from_slice(&self.0);
        if factor != 1 {
            let carry = multiply_small(words.get_mut(whole..).unwrap_or_default(), factor);
            if carry != 0 {
                words.push(carry);
            }
        }
        Ok(Coefficient(words))
    }

    /// `self / 10ⁿ`, cut off, and what was cut off.
    pub fn shift_right(&self, n: u64) -> (Self, Rest) {
        if n == 0 {
            return (self.clone(), Rest::Zero);
        }
        if n > self.digits() as u64 {
            return (Coefficient::zero(), if self.is_zero() { Rest::Zero } else { Rest::Below });
        }
        if n <= WIDTH as u64
            && let Some(value) = self.small()
        {
            let unit = u128::from(power(n as usize));
            let quotient = value / unit;
            let cut = value - quotient * unit;
            let rest = match cut.cmp(&(unit / 2)) {
                _ if cut == 0 => Rest::Zero,
                Ordering::Less => Rest::Below,
                Ordering::Equal => Rest::Half,
                Ordering::Greater => Rest::Above,
            };
            return (Coefficient::from_u128(quotient), rest);
        }
        let (whole, part) = ((n / WIDTH as u64) as usize, (n % WIDTH as u64) as usize);
        let rest = self.rest(whole, part);
        let mut words: Words = self.0.get(whole..).unwrap_or_default().iter().copied().collect();
        if part != 0 {
            divide_small(&mut words, power(part));
        }
        (Coefficient(words).normalized(), rest)
    }

    /// What the lowest `19 * whole + part` digits are.
    fn rest(&self, whole: usize, part: usize) -> Rest {
        // The word with the highest digit that is cut off, and its weight.
        let (index, width) = if part == 0 { (whole - 1, WIDTH) } else { (whole, part) };
        let unit = power(width);
        let top = self.0.get(index).copied().unwrap_or(0) % unit.max(1);
        let top = if width == WIDTH { self.0.get(index).copied().unwrap_or(0) } else { top };
        let lower = self.0.iter().take(index).any(|word| *word != 0);
        match (top.cmp(&(unit / 2)), lower) {
            (Ordering::Less, false) if top == 0 => Rest::Zero,
            (Ordering::Less, _) => Rest::Below,
            (Ordering::Equal, false) => Rest::Half,
            _ => Rest::Above,
        }
    }

    /// `self + 1`.
    pub fn increment(&mut self) {
        for word in &mut self.0 {
            if *word + 1 < BASE {
                *word += 1;
                return;
            }
            *word = 0;
        }
        self.0.push(1);
    }

    /// `self - 1`; not for zero.
    pub fn decrement(&mut self) {
        for word in &mut self.0 {
            if *word != 0 {
                *word -= 1;
                break;
            }
            *word = BASE - 1;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// `10ⁿ - 1`: n nines.
    pub fn nines(n: u64) -> Result<Self, TooLarge> {
        let mut power = Coefficient::one().shift_left(n)?;
        power.decrement();
        Ok(power)
    }

    /// The lowest `n` digits.
    pub fn low_digits(&self, n: u64) -> Self {
        if n >= self.digits() as u64 {
            return self.clone();
        }
        let (whole, part) = ((n / WIDTH as u64) as usize, (n % WIDTH as u64) as usize);
        let mut words: Words = self.0.iter().take(whole + 1).copied().collect();
        if let Some(top) = words.get_mut(whole) {
            *top %= power(part).max(1);
        }
        if part == 0 {
            words.truncate(whole);
        }
        Coefficient(words).normalized()
    }
}

impl PartialOrd for Coefficient {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Coefficient {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

/// Appends the digits of a word, with zeros before them up to `least` digits.
fn push_word(text: &mut String, mut word: u64, least: usize) {
    let mut digits = [b'0'; WIDTH];
    let mut start = WIDTH;
    for digit in digits.iter_mut().rev() {
        if word == 0 {
            break;
        }
        *digit = b'0' + (word % 10) as u8;
        word /= 10;
        start -= 1;
    }
    let digits = digits.get(start.min(WIDTH - least)..).unwrap_or_default();
    text.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

fn with_capacity(words: usize) -> Result<Words, TooLarge> {
    let mut result = Words::new();
    result.try_reserve(words).map_err(|_| TooLarge)?;
    Ok(result)
}

fn zeroed(words: usize) -> Result<Words, TooLarge> {
    let mut result = with_capacity(words)?;
    result.resize(words, 0);
    Ok(result)
}

/// `long += short`; whether there is a carry. `long` is not shorter.
fn add_to(long: &mut [u64], short: &[u64]) -> bool {
    let mut carry = 0;
    let mut words = long.iter_mut();
    for (add, word) in short.iter().zip(words.by_ref()) {
        let sum = u128::from(*word) + u128::from(*add) + carry;
        let over = sum >= u128::from(BASE);
        *word = (sum - if over { u128::from(BASE) } else { 0 }) as u64;
        carry = u128::from(over);
    }
    for word in words {
        if carry == 0 {
            return false;
        }
        if *word + 1 < BASE {
            *word += 1;
            return false;
        }
        *word = 0;
    }
    carry != 0
}

/// `long -= short`, whose value is not larger.
fn subtract_from(long: &mut [u64], short: &[u64]) {
    let mut borrow = 0;
    let mut words = long.iter_mut();
    for (sub, word) in short.iter().zip(words.by_ref()) {
        let sub = sub + borrow;
        borrow = u64::from(*word < sub);
        *word = if borrow == 1 { BASE - sub + *word } else { *word - sub };
    }
    for word in words {
        if borrow == 0 {
            return;
        }
        if *word != 0 {
            *word -= 1;
            return;
        }
        *word = BASE - 1;
    }
}

/// `words *= factor`; the carry.
fn multiply_small(words: &mut [u64], factor: u64) -> u64 {
    let mut carry = 0;
    for word in words {
        let (high, low) = split(u128::from(*word) * u128::from(factor) + u128::from(carry));
        *word = low;
        carry = high;
    }
    carry
}

/// `words /= divisor`; the remainder.
fn divide_small(words: &mut [u64], divisor: u64) -> u64 {
    let Some((last, words)) = words.split_last_mut() else { return 0 };
    let mut rest = *last % divisor;
    *last /= divisor;
    if let [word] = words {
        let value = u128::from(rest) * u128::from(BASE) + u128::from(*word);
        let quotient = value / u128::from(divisor);
        *word = quotient as u64;
        return (value - quotient * u128::from(divisor)) as u64;
    }
    if words.is_empty() {
        return rest;
    }
    let shift = divisor.leading_zeros();
    let divider = Divider::new(divisor << shift);
    for word in words.iter_mut().rev() {
        let value = u128::from(rest) * u128::from(BASE) + u128::from(*word);
        let shifted;
        (*word, shifted) = divider.div_rem(value << shift);
        rest = shifted >> shift;
    }
    rest
}

/// `out = a * b`; `out` is zero and has room for exactly that.
fn multiply(out: &mut [u64], a: &[u64], b: &[u64]) -> Result<(), TooLarge> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if short.len() < KARATSUBA {
        schoolbook(out, long, short);
        return Ok(());
    }
    if long.len() >= 2 * short.len() {
        // Multiply blocks of the shorter one's size.
        for (index, block) in long.chunks(short.len()).enumerate() {
            let mut product = zeroed(block.len() + short.len())?;
            multiply(&mut product, block, short)?;
            add_to(out.get_mut(index * short.len()..).unwrap_or_default(), &product);
        }
        return Ok(());
    }
    if short.len() >= TRANSFORM {
        return transform::multiply(out, long, short);
    }
    karatsuba(out, long, short)
}

fn schoolbook(out: &mut [u64], long: &[u64], short: &[u64]) {
    for (index, factor) in short.iter().enumerate() {
        let mut carry = 0;
        let mut words = out.get_mut(index..).unwrap_or_default().iter_mut();
        for (digit, word) in long.iter().zip(words.by_ref()) {
            let product = u128::from(*digit) * u128::from(*factor);
            let (high, low) = split(product + u128::from(*word) + u128::from(carry));
            *word = low;
            carry = high;
        }
        if let Some(word) = words.next() {
            *word = carry;
        }
    }
}

/// Karatsuba's method: three products of half the size.
fn karatsuba(out: &mut [u64], a: &[u64], b: &[u64]) -> Result<(), TooLarge> {
    let half = a.len().div_ceil(2);
    let (a_low, a_high) = a.split_at(half);
    let (b_low, b_high) = b.split_at(half.min(b.len()));
    let mut low = zeroed(a_low.len() + b_low.len())?;
    multiply(&mut low, a_low, b_low)?;
    let mut high = zeroed(a_high.len() + b_high.len())?;
    multiply(&mut high, a_high, b_high)?;
    let sum = |low: &[u64], high: &[u64]| -> Result<Words, TooLarge> {
        let mut sum = zeroed(half + 1)?;
        add_to(&mut sum, low);
        add_to(&mut sum, high);
        Ok(sum)
    };
    let (a_sum, b_sum) = (sum(a_low, a_high)?, sum(b_low, b_high)?);
    let mut middle = zeroed(a_sum.len() + b_sum.len())?;
    multiply(&mut middle, &a_sum, &b_sum)?;
    subtract_from(&mut middle, &low);
    subtract_from(&mut middle, &high);
    let middle = Coefficient(middle).normalized().0;
    add_to(out, &low);
    add_to(out.get_mut(half..).unwrap_or_default(), &middle);
    add_to(out.get_mut(2 * half..).unwrap_or_default(), &high);
    Ok(())
}

/// Long division: Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D.
/// The divisor has at least two words and is not larger.
fn divide(a: &[u64], b: &[u64]) -> Result<(Coefficient, Coefficient), TooLarge> {
    let scale = BASE / (b.last().copied().unwrap_or(0) + 1);
    let mut divisor = with_capacity(b.len())?;
    divisor.extend_from_slice(b);
    multiply_small(&mut divisor, scale);
    let mut rest = with_capacity(a.len() + 1)?;
    rest.extend_from_slice(a);
    let carry = multiply_small(&mut rest, scale);
    rest.push(carry);
    let size = divisor.len();
    let (Some(&top), Some(&second)) = (divisor.get(size - 1), divisor.get(size - 2)) else {
        return Ok((Coefficient::zero(), Coefficient::zero()));
    };
    let count = rest.len() - size;
    let mut quotient = zeroed(count)?;
    for index in (0..count).rev() {
        let part = rest.get_mut(index..=index + size).unwrap_or_default();
        let digit = quotient_digit(part, &divisor, top, second);
        if let Some(word) = quotient.get_mut(index) {
            *word = digit;
        }
    }
    rest.truncate(size);
    divide_small(&mut rest, scale);
    Ok((Coefficient(quotient).normalized(), Coefficient(rest).normalized()))
}

/// One digit of the quotient; `part` becomes the rest.
fn quotient_digit(part: &mut [u64], divisor: &[u64], top: u64, second: u64) -> u64 {
    let size = divisor.len();
    let word = |index: usize| u128::from(part.get(index).copied().unwrap_or(0));
    let numerator = word(size) * u128::from(BASE) + word(size - 1);
    let mut guess = numerator / u128::from(top);
    let mut left = numerator - guess * u128::from(top);
    while guess >= u128::from(BASE)
        || guess * u128::from(second) > left * u128::from(BASE) + word(size - 2)
    {
        guess -= 1;
        left += u128::from(top);
        if left >= u128::from(BASE) {
            break;
        }
    }
    let mut guess = guess as u64;
    if multiply_subtract(part, divisor, guess) {
        guess -= 1;
        add_to(part, divisor);
    }
    guess
}

/// `part -= divisor * factor`, modulo the length; whether it went below zero.
fn multiply_subtract(part: &mut [u64], divisor: &[u64], factor: u64) -> bool {
    let (mut carry, mut borrow) = (0, 0);
    let mut words = part.iter_mut();
    for (digit, word) in divisor.iter().zip(words.by_ref()) {
        let (high, low) = split(u128::from(*digit) * u128::from(factor) + u128::from(carry));
        carry = high;
        let sub = low + borrow;
        borrow = u64::from(*word < sub);
        *word = if borrow == 1 { BASE - sub + *word } else { *word - sub };
    }
    let sub = carry + borrow;
    match words.next() {
        Some(word) if *word < sub => {
            *word += BASE - sub;
            true
        }
        Some(word) => {
            *word -= sub;
            false
        }
        None => sub != 0,
    }
}

/// Words to binary, by halves.
fn to_binary(words: &[u64]) -> BigUint {
    if words.len() <= 32 {
        let base = BigUint::from(BASE);
        return words.iter().rev().fold(BigUint::ZERO, |sum, word| sum * &base + *word);
    }
    let (low, high) = words.split_at(words.len() / 2);
    let shift = u32::try_from(low.len()).map_or_else(
        |_| num_traits::pow(BigUint::from(BASE), low.len()),
        |count| BigUint::from(BASE).pow(count),
    );
    to_binary(high) * shift + to_binary(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Coefficient {
        Coefficient::parse(text.as_bytes()).unwrap().unwrap()
    }

    /// Digits that look random: powers of a prime.
    fn sample(power: u32) -> BigUint {
        BigUint::from(1_000_003_u32).pow(power) + 7_u32
    }

    #[test]
    fn text_and_binary_round_trip() {
        for text in [
            "0",
            "7",
            "9999999999999999999",
            "10000000000000000000",
            "123456789012345678901234567890",
        ] {
            assert_eq!(number(text).to_ascii().unwrap(), text);
            assert_eq!(number(text).to_biguint().to_string(), text);
            assert_eq!(number(text).digits(), text.len() as i64);
        }
        let large = sample(900);
        assert_eq!(Coefficient::from_biguint(&large).unwrap().to_biguint(), large);
    }

    #[test]
    fn arithmetic_agrees_with_binary() {
        for (i, j) in [
            (1, 1),
            (3, 1),
            (9, 4),
            (40, 39),
            (300, 5),
            (600, 300),
            (1200, 1100),
            (1500, 400),
            (4000, 850),
            (3000, 3000),
            (3001, 1499),
            (9000, 2900),
            (2500, 1000),
        ] {
            let (a, b) = (sample(i), sample(j));
            let (x, y) =
                (Coefficient::from_biguint(&a).unwrap(), Coefficient::from_biguint(&b).unwrap());
            assert_eq!(x.add(&y).unwrap().to_biguint(), &a + &b);
            assert_eq!(x.mul(&y).unwrap().to_biguint(), &a * &b);
            let (q, r) = x.div_rem(&y).unwrap();
            assert_eq!((q.to_biguint(), r.to_biguint()), (&a / &b, &a % &b));
            if x >= y {
                assert_eq!(x.sub(&y).unwrap().to_biguint(), &a - &b);
            }
        }
    }

    #[test]
    fn products_of_the_largest_words() {
        for count in [300, 512, 1000] {
            // (10ⁿ - 1)² = (10ⁿ - 2)·10ⁿ + 1
            let digits = count * WIDTH as u64;
            let nines = Coefficient::nines(digits).unwrap();
            let mut high = nines.clone();
            high.decrement();
            let mut square = high.shift_left(digits).unwrap();
            square.increment();
            assert_eq!(nines.mul(&nines).unwrap(), square);
            assert_eq!(square.div_rem(&nines).unwrap(), (nines.clone(), Coefficient::zero()));
            square.decrement();
            let (quotient, rest) = square.div_rem(&nines).unwrap();
            assert_eq!(quotient.mul(&nines).unwrap().add(&rest).unwrap(), square);
            assert!(rest < nines);
        }
    }

    #[test]
    fn shifts_say_what_they_cut_off() {
        let value = number("12345000000000000000000005000000000000000000");
        assert_eq!(value.shift_right(19), (number("1234500000000000000000000"), Rest::Half));
        assert_eq!(value.shift_right(18), (number("12345000000000000000000005"), Rest::Zero));
        assert_eq!(value.shift_right(40), (number("1234"), Rest::Above));
        assert_eq!(value.shift_right(44), (number("0"), Rest::Below));
        assert_eq!(number("5").shift_right(1), (number("0"), Rest::Half));
        assert_eq!(number("96").shift_right(2), (number("0"), Rest::Above));
        assert_eq!(number("12").shift_left(20).unwrap(), number("1200000000000000000000"));
        assert_eq!(value.trailing_zeros(), 18);
        assert_eq!(value.low_digits(20), number("5000000000000000000"));
        assert_eq!(number("99999999999999999999").low_digits(19), number("9999999999999999999"));
    }

    #[test]
    fn counting_carries() {
        let mut value = Coefficient::nines(19).unwrap();
        value.increment();
        assert_eq!(value, number("10000000000000000000"));
        value.decrement();
        assert_eq!(value, Coefficient::nines(19).unwrap());
    }
}
