//! Expectations recorded from CPython 3.14.10.

use super::*;
use crate::bigint::{from_digits, to_digits};
use crate::random::MersenneTwister;
use num_integer::Integer;

#[test]
fn agrees_with_big_ints() {
    let mut random = MersenneTwister::from_word(1);
    for round in 0..3000 {
        // Runs of ones and zeros reach the corrections of long division.
        let (a, b) = (number(&mut random, 12), number(&mut random, 6));
        let (x, y) = (from_digits(&a, false), from_digits(&b, false));
        let mut out = vec![7; a.len().max(b.len()) + 1];
        let len = add(&a, &b, &mut out);
        assert_eq!(out[..len], to_digits(&(&x + &y)));
        let mut out = vec![7; a.len() + b.len()];
        let len = mul(&a, &b, &mut out);
        assert_eq!(out[..len], to_digits(&(&x * &y)));
        if compare(&a, &b).is_ge() {
            let mut out = vec![7; a.len()];
            let len = sub(&a, &b, &mut out);
            assert_eq!(out[..len], to_digits(&(&x - &y)));
        }
        match div_rem(&a, &b) {
            None => assert!(b.is_empty()),
            Some((q, r)) => {
                assert_eq!((&q, &r), (&to_digits(&(&x / &y)), &to_digits(&(&x % &y))));
                let mut rest = vec![7; b.len()];
                assert_eq!(div_rem_into(&a, &b, None, &mut rest), Some((0, r.len())));
                assert_eq!(rest[..r.len()], r);
            }
        }
        for (digits, negative) in [(&a, false), (&b, true)] {
            let low = from_digits(digits, negative).mod_floor(&(crate::BigInt::from(1) << 64));
            assert_eq!(crate::BigInt::from(low_bits(digits, negative)), low);
        }
        if let Some(quotient) = quick_quotient(&a, &b) {
            assert_eq!(crate::BigInt::from(quotient), &x / &y);
        }
        let (minus_a, minus_b) = (round % 2 == 1, round % 4 > 1);
        let signed = (from_digits(&a, minus_a), from_digits(&b, minus_b));
        let check = |op: fn(u32, u32) -> u32, expected: crate::BigInt| {
            let mut out = vec![7; a.len().max(b.len()) + 1];
            let (a, b) = ((&a[..], minus_a && !a.is_empty()), (&b[..], minus_b && !b.is_empty()));
            let (len, negative) = bitwise(a, b, op, &mut out);
            assert_eq!(from_digits(&out[..len], negative), expected);
        };
        check(|x, y| x & y, &signed.0 & &signed.1);
        check(|x, y| x | y, &signed.0 | &signed.1);
        check(|x, y| x ^ y, &signed.0 ^ &signed.1);
        let count = round % 100;
        let mut out = vec![7; a.len() + count as usize / 30 + 1];
        let len = shl(&a, count, &mut out);
        assert_eq!(out[..len], to_digits(&(&x << count)));
        let mut out = vec![7; a.len()];
        let (len, _) = shr(&a, count, &mut out);
        assert_eq!(out[..len], to_digits(&(&x >> count)));
        let mut text = String::new();
        assert!(write_decimal(&a, &mut text));
        assert_eq!(text, x.to_string());
    }
}

/// A number of at most `most` digits, of which every other one is in a run of ones or zeros.
fn number(random: &mut MersenneTwister, most: u32) -> Vec<u32> {
    let count = random.next_u32() % most;
    let digit = |random: &mut MersenneTwister| match random.next_u32() {
        r if r % 4 == 0 => 0,
        r if r % 4 == 1 => MASK,
        r => r & MASK,
    };
    let mut digits: Vec<u32> = (0..count).map(|_| digit(random)).collect();
    digits.truncate(normalized_len(&digits));
    digits
}

#[test]
fn long_numbers_are_divided() {
    let mut random = MersenneTwister::from_word(2);
    for _ in 0..500 {
        let (a, b) = (number(&mut random, 200), number(&mut random, 100));
        let (x, y) = (from_digits(&a, false), from_digits(&b, false));
        if let Some(result) = div_rem(&a, &b) {
            assert_eq!(result, (to_digits(&(&x / &y)), to_digits(&(&x % &y))));
        }
    }
}

#[test]
fn divisors_and_inverses() {
    let mut random = MersenneTwister::from_word(2);
    for _ in 0..3000 {
        let (a, b, common) =
            (number(&mut random, 20), number(&mut random, 20), number(&mut random, 8));
        let (x, y) = (from_digits(&a, false), from_digits(&b, false));
        assert_eq!(gcd(&a, &b), to_digits(&x.gcd(&y)), "{x} {y}");
        let common = from_digits(&common, false);
        let (p, q) = (&x * &common, &y * &common);
        assert_eq!(gcd(&to_digits(&p), &to_digits(&q)), to_digits(&p.gcd(&q)), "{p} {q}");
        if y > crate::BigInt::from(1) {
            let rest = x.mod_floor(&y);
            let expected = rest.modinv(&y).map(|inverse| to_digits(&inverse));
            assert_eq!(inverse(&to_digits(&rest), &b), expected, "{rest} {y}");
        }
    }
}

#[test]
fn neighbours_of_fibonacci() {
    let (mut a, mut b) = (vec![0, 0, 1], vec![1]);
    for _ in 0..2000 {
        let mut sum = vec![0; a.len().max(b.len()) + 1];
        let len = add(&a, &b, &mut sum);
        sum.truncate(len);
        (a, b) = (std::mem::replace(&mut b, sum), a);
        std::mem::swap(&mut a, &mut b);
        let expected = from_digits(&a, false).gcd(&from_digits(&b, false));
        assert_eq!(gcd(&a, &b), to_digits(&expected));
    }
}

#[test]
fn bytes() {
    let written = |value: i64, length: usize, signed: bool| {
        let (digits, len) = from_u64(value.unsigned_abs());
        let mut out = vec![7; length];
        write_bytes(&digits[..len], value < 0, signed, &mut out).then_some(out)
    };
    assert_eq!(written(300, 1, false), None);
    assert_eq!(written(300, 2, false), Some(vec![0x2c, 1]));
    assert_eq!(written(200, 1, false), Some(vec![200]));
    assert_eq!(written(200, 1, true), None);
    assert_eq!(written(-128, 1, true), Some(vec![0x80]));
    assert_eq!(written(-129, 1, true), None);
    assert_eq!(written(-128, 3, true), Some(vec![0x80, 0xff, 0xff]));
    assert_eq!(written(0, 0, true), Some(vec![]));
    assert_eq!(written(-1, 0, true), None);
    assert_eq!(written(1 << 60, 9, true), Some(vec![0, 0, 0, 0, 0, 0, 0, 0x10, 0]));
    let mut out = [7; 4];
    assert_eq!(read_bytes((1..=10).chain([0, 0]), &mut out), 3);
    assert_eq!(from_digits(&out, false), crate::BigInt::from(0x0a09_0807_0605_0403_0201u128));
    let mut number = [MASK, MASK, 0];
    assert_eq!((increment(&mut number), number), (3, [0, 0, 1]));
}
