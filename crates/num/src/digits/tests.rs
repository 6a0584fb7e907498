//! Expectations recorded from CPython 3.14.10.

use super::*;
use crate::bigint::{from_digits, to_digits};
use crate::random::MersenneTwister;

#[test]
fn agrees_with_big_ints() {
    let mut random = MersenneTwister::from_word(1);
    for round in 0..3000 {
        let mut number = |most: u32| {
            let count = random.next_u32() % most;
            // Runs of ones and zeros reach the corrections of long division.
            let mut digits: Vec<u32> = (0..count)
                .map(|_| match random.next_u32() {
                    r if r % 4 == 0 => 0,
                    r if r % 4 == 1 => MASK,
                    r => r & MASK,
                })
                .collect();
            digits.truncate(normalized_len(&digits));
            digits
        };
        let (a, b) = (number(12), number(6));
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
            Some((q, r)) => assert_eq!((q, r), (to_digits(&(&x / &y)), to_digits(&(&x % &y)))),
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
