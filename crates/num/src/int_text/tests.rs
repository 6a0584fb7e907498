//! Expectations recorded from CPython 3.14.10.

use super::*;

#[test]
fn parsing() {
    let cases: &[(&str, u32, Option<i64>)] = &[
        ("1__0", 10, None),
        ("0x1", 0, Some(1)),
        ("01", 0, None),
        ("00", 0, Some(0)),
        ("0_0", 0, Some(0)),
        ("_1", 0, None),
        ("0x_1", 0, Some(1)),
        ("0x_1", 16, Some(1)),
        ("0x", 16, None),
        ("1_", 10, None),
        ("", 10, None),
        ("+ 1", 10, None),
        ("0b1", 16, Some(177)),
        ("0b2", 2, None),
        ("0B1", 2, Some(1)),
        ("0_b1", 2, None),
        (" -7\n", 10, Some(-7)),
        ("zz", 36, Some(1295)),
        ("9223372036854775807", 10, Some(9223372036854775807)),
        ("-9223372036854775808", 10, Some(-9223372036854775808)),
        ("0o17", 0, Some(15)),
        ("-0b11", 0, Some(-3)),
        ("1 2", 10, None),
    ];
    for &(text, base, value) in cases {
        let parsed = match parse(text.as_bytes(), base, 0) {
            Ok(Parsed::Small(x)) => Some(x),
            Ok(Parsed::Big(_)) | Err(_) => None,
        };
        assert_eq!(parsed, value, "{text}");
    }
    assert_eq!(parse(b"1", 1, 0), Err(ParseError::BadBase));
    assert_eq!(
        parse(&[b'1'; 5000], 10, 4300),
        Err(ParseError::TooManyDigits { limit: 4300, digits: 5000 })
    );
    assert!(parse(&[b'1'; 5000], 16, 4300).is_ok());
}
#[test]
fn long_texts_survive_a_round_trip() {
    for (length, base) in [(511, 10), (513, 10), (3000, 10), (20_000, 10), (5000, 7), (5000, 36)] {
        let text = format!("-1{}9", "0123456".repeat(length / 7));
        let Ok(Parsed::Big(value)) = parse(text.as_bytes(), base.max(10), 0) else {
            panic!("{length}")
        };
        assert_eq!(big_to_text(&value, base.max(10)), text);
        let other = big_to_text(&value, base);
        assert_eq!(parse(other.as_bytes(), base, 0), Ok(Parsed::Big(value)));
    }
}
