//! Expectations recorded from CPython 3.14.10.

use super::*;

#[test]
fn repr_and_hex() {
    let cases: &[(u64, &str, &str)] = &[
        (0x0000000000000000, "0.0", "0x0.0p+0"),
        (0x8000000000000000, "-0.0", "-0x0.0p+0"),
        (0x3ff0000000000000, "1.0", "0x1.0000000000000p+0"),
        (0x3fb999999999999a, "0.1", "0x1.999999999999ap-4"),
        (0xc004000000000000, "-2.5", "-0x1.4000000000000p+1"),
        (0x4341c37937e08000, "1e+16", "0x1.1c37937e08000p+53"),
        (0x430c6bf526340000, "1000000000000000.0", "0x1.c6bf526340000p+49"),
        (0x4341c37937e07fff, "9999999999999998.0", "0x1.1c37937e07fffp+53"),
        (0x3f1a36e2eb1c432d, "0.0001", "0x1.a36e2eb1c432dp-14"),
        (0x3ee4f8b588e368f1, "1e-05", "0x1.4f8b588e368f1p-17"),
        (0x419d6f34547df3b6, "123456789.123", "0x1.d6f34547df3b6p+26"),
        (0x0000000000000001, "5e-324", "0x0.0000000000001p-1022"),
        (0x0010000000000000, "2.2250738585072014e-308", "0x1.0000000000000p-1022"),
        (0x7fefffffffffffff, "1.7976931348623157e+308", "0x1.fffffffffffffp+1023"),
        (0x4480f0cf064dd592, "1e+22", "0x1.0f0cf064dd592p+73"),
        (0x44b52d02c7e14af6, "1e+23", "0x1.52d02c7e14af6p+76"),
        (0x3fe5555555555555, "0.6666666666666666", "0x1.5555555555555p-1"),
        (0x7ff0000000000000, "inf", "inf"),
        (0xfff0000000000000, "-inf", "-inf"),
        (0xf2a74de452e6b438, "-1.989032661366619e+244", "-0x1.74de452e6b438p+811"),
        (0x6513270e269e0d37, "7.761117632285041e+178", "0x1.3270e269e0d37p+594"),
        (0x0c5c7fd0a6a3a450, "3.980498358697587e-249", "0x1.c7fd0a6a3a450p-826"),
        (0xd23f0824128b2f33, "-1.5432835417340557e+88", "-0x1.f0824128b2f33p+292"),
        (0x1818e811892f902b, "1.3647584518757569e-192", "0x1.8e811892f902bp-638"),
        (0x9531985d5d9dc9f8, "-1.3701135617873088e-206", "-0x1.1985d5d9dc9f8p-684"),
        (0xe8e25d940ed90475, "-1.7160537630466207e+197", "-0x1.25d940ed90475p+655"),
        (0x36f675cc81e74ef5, "6.294675241195386e-44", "0x1.675cc81e74ef5p-144"),
        (0x1600a35a099950d8, "1.0613447212142254e-202", "0x1.0a35a099950d8p-671"),
        (0x6b0d549b6f03675a, "4.708325160387546e+207", "0x1.d549b6f03675ap+689"),
        (0x3d9c172411e20b8f, "6.387016158513563e-12", "0x1.c172411e20b8fp-38"),
        (0x8d116ece1738f7d9, "-9.973130378568733e-246", "-0x1.16ece1738f7d9p-814"),
    ];
    for &(bits, text, hexadecimal) in cases {
        let x = f64::from_bits(bits);
        assert_eq!(repr(x), text);
        assert_eq!(hex(x), hexadecimal);
        assert_eq!(parse(text.as_bytes()).map(f64::to_bits), Some(bits));
        assert_eq!(from_hex(hexadecimal.as_bytes()).map(f64::to_bits), Ok(bits));
    }
}
#[test]
fn parse_rules() {
    for bad in [
        "", "1__0", "1_e5", "_1", "1e_5", "1._5", "1_.5", "in_f", "1e", ".", "0x1", "1\0", "+-1",
        "1 2",
    ] {
        assert_eq!(parse(bad.as_bytes()), None, "{bad}");
    }
    for (text, value) in [
        ("1_0.5", 10.5),
        ("1e5_0", 1e50),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("InFinity", f64::INFINITY),
        ("1e400", f64::INFINITY),
        ("1e-400", 0.0),
    ] {
        assert_eq!(parse(text.as_bytes()), Some(value));
    }
    assert!(parse(b"-nan").is_some_and(|x| x.is_nan() && x.is_sign_negative()));
}
#[test]
fn hex_errors() {
    use FromHexError::*;
    for (text, error) in [
        ("0x", Invalid),
        ("0x1p1024", Overflow),
        ("0x1p99999999999999999999", Overflow),
        ("0x1p999999+9", Overflow),
        ("", Invalid),
        ("infinit", Invalid),
        ("0x1.p", Invalid),
        ("p1", Invalid),
        ("1..2", Invalid),
    ] {
        assert_eq!(from_hex(text.as_bytes()), Err(error), "{text}");
    }
    assert_eq!(from_hex(b" 0x1p-99999999999999999999 "), Ok(0.0));
    assert_eq!(from_hex(b"0x1.fffffffffffff8p-1"), Ok(1.0));
}
#[test]
fn huge_precisions_do_not_panic() {
    let text = to_text(0.1, Code::Fixed, 70_000, Flags::default());
    assert_eq!(text.map(|t| t.len()), Ok(70_002));
    assert_eq!(to_text(1.0, Code::Exponent, usize::MAX, Flags::default()), Err(TooLarge));
}
