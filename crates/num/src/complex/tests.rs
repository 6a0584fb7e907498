//! Expectations recorded from CPython 3.14.10.

use super::*;

#[test]
fn text() {
    assert_eq!(repr(complex(1.0, 2.0)), "(1+2j)");
    assert_eq!(repr(complex(0.0, 2.0)), "2j");
    assert_eq!(repr(complex(-0.0, 2.0)), "(-0+2j)");
    assert_eq!(repr(complex(1.0, -0.0)), "(1-0j)");
    assert_eq!(repr(complex(f64::INFINITY, -f64::INFINITY)), "(inf-infj)");
    assert_eq!(parse(b"1+2j"), Ok(complex(1.0, 2.0)));
    assert_eq!(parse(b" ( 1_0-2.5J ) "), Ok(complex(10.0, -2.5)));
    assert_eq!(parse(b"j"), Ok(complex(0.0, 1.0)));
    assert_eq!(parse(b"-j"), Ok(complex(0.0, -1.0)));
    assert_eq!(parse(b"+1.5"), Ok(complex(1.5, 0.0)));
    assert_eq!(parse(b"-.5-j"), Ok(complex(-0.5, -1.0)));
    assert_eq!(parse(b"1e500j"), Ok(complex(0.0, f64::INFINITY)));
    assert_eq!(parse(b"1+"), Err(ParseError::Malformed));
    assert_eq!(parse(b"(1"), Err(ParseError::Malformed));
    assert_eq!(parse(b"1 + 2j"), Err(ParseError::Malformed));
    assert_eq!(parse(b"1j2"), Err(ParseError::Malformed));
    assert_eq!(parse(b"--1"), Err(ParseError::Malformed));
    assert_eq!(parse(b""), Err(ParseError::Malformed));
    assert_eq!(parse(b"1j+2"), Err(ParseError::Malformed));
    assert_eq!(parse(b"1__0j"), Err(ParseError::Underscore));
}
#[test]
fn powers() {
    let cases: &[(Complex, Complex, Result<Complex, PowError>)] = &[
        (complex(1.0, 2.0), complex(3.0, 0.0), Ok(complex(-11.0, -2.0))),
        (complex(1.0, 2.0), complex(-2.0, 0.0), Ok(complex(-0.12, -0.16))),
        (complex(0.0, 1.0), complex(0.0, 1.0), Ok(complex(0.20787957635076193, 0.0))),
        (complex(2.0, 0.0), complex(0.0, 0.5), Ok(complex(0.9405421046832438, 0.3396771251026685))),
        (complex(0.0, 0.0), complex(-1.0, 0.0), Err(PowError::ZeroToNegative)),
        (complex(0.0, 0.0), complex(0.0, 0.0), Ok(complex(1.0, 0.0))),
        (complex(1e+300, 1e+300), complex(3.0, 0.0), Err(PowError::Overflow)),
        (complex(1.0, 1.0), complex(100000.0, 0.0), Err(PowError::Overflow)),
        (complex(3.0, 4.0), complex(2.5, 0.0), Ok(complex(-37.999999999999986, 41.00000000000001))),
        (complex(1.0, 1.0), complex(-f64::INFINITY, 0.0), Err(PowError::ZeroToNegative)),
    ];
    for &(a, b, expected) in cases {
        assert_eq!(pow(a, b), expected);
    }
}
#[test]
fn infinities_are_recovered() {
    let inf = f64::INFINITY;
    assert_eq!(mul(complex(inf, f64::NAN), complex(1.0, 1.0)), (complex(inf, inf)));
    assert_eq!(div(complex(inf, f64::NAN), complex(1.0, 1.0)), Ok(complex(inf, -inf)));
    assert_eq!(div(complex(1.0, 1.0), complex(inf, inf)), Ok(complex(0.0, 0.0)));
    assert_eq!(real_div(1.0, complex(0.0, 0.0)), Err(ZeroDivision));
}
