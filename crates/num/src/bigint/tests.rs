//! Expectations recorded from CPython 3.14.10.

use super::*;

fn big(text: &str) -> BigInt {
    text.parse().unwrap()
}

#[test]
fn digits_round_trip() {
    for bits in [1u32, 29, 30, 31, 60, 61, 64, 90, 2000] {
        let value = (BigInt::from(1) << bits) - 1;
        let digits = to_digits(&value);
        assert_eq!(digits.len(), bits.div_ceil(30) as usize);
        assert_eq!(from_digits(&digits, true), -value);
    }
}

#[test]
fn floats_round_half_even() {
    let limit: BigInt = (BigInt::from(1) << 1024) - (BigInt::from(1) << 970);
    assert_eq!(to_f64(&limit), None);
    assert_eq!(to_f64(&(limit - 1)), Some(f64::MAX));
    assert_eq!(to_f64(&big("-9007199254740993")), Some(-9007199254740992.0));
    assert_eq!(to_f64(&big("9007199254740995")), Some(9007199254740996.0));
    let huge = pow(&big("10"), 400).unwrap();
    assert_eq!(true_div(&huge, &(&huge * 3)), Ok(1.0 / 3.0));
    assert_eq!(true_div(&huge, &big("3")), Err(TrueDivError::Overflow));
    assert_eq!(true_div(&big("-3"), &huge).map(f64::to_bits), Ok((-0.0f64).to_bits()));
    assert_eq!(compare_f64(&huge, 1e308), Some(Ordering::Greater));
    assert_eq!(compare_f64(&big("-3"), -3.5), Some(Ordering::Greater));
}

#[test]
fn modular_powers() {
    assert_eq!(pow_mod(&big("3"), &big("-1"), &big("7")), Ok(big("5")));
    assert_eq!(pow_mod(&big("2"), &big("-5"), &big("-9")), Ok(big("-7")));
    assert_eq!(pow_mod(&big("-7"), &big("20"), &big("13")), Ok(big("3")));
    assert_eq!(pow_mod(&big("5"), &big("0"), &big("-3")), Ok(big("-2")));
    assert_eq!(pow_mod(&big("5"), &big("3"), &big("1")), Ok(big("0")));
    assert_eq!(
        pow_mod(
            &big("1000000000000000000000000000000"),
            &big("100000000000000000000"),
            &big("10000000000000000000000001")
        ),
        Ok(big("1"))
    );
    assert_eq!(pow_mod(&big("2"), &big("-1"), &big("4")), Err(PowModError::NotInvertible));
    assert_eq!(pow_mod(&big("2"), &big("1"), &big("0")), Err(PowModError::ZeroModulus));
}

#[test]
fn impossible_sizes_are_errors() {
    assert_eq!(shl(&big("1"), u64::MAX), Err(TooLarge));
    assert_eq!(shl(&big("0"), u64::MAX), Ok(BigInt::ZERO));
    assert_eq!(shr(&big("-5"), u64::MAX), big("-1"));
    assert_eq!(pow(&big("3"), u64::MAX), Err(TooLarge));
}

#[test]
fn machine_powers_agree_with_big_ones() {
    for base in -12..12 {
        for exponent in -9..9 {
            for modulus in -13..13 {
                let [b, e, m] = [base, exponent, modulus].map(BigInt::from);
                let expected = pow_mod(&b, &e, &m);
                let small = pow_mod_small(base, exponent, modulus).expect("small");
                assert_eq!(small.map(BigInt::from), expected, "{base} {exponent} {modulus}");
            }
        }
    }
    let (base, exponent, modulus) = (3, 1i64 << 40, 4_294_967_291i64);
    let big = pow_mod(&base.into(), &exponent.into(), &modulus.into());
    let small = pow_mod_small(base, exponent, modulus).expect("small");
    assert_eq!(small.map(BigInt::from), big);
    assert_eq!(pow_mod_small(3, 5, 1 << 40), None);
}
