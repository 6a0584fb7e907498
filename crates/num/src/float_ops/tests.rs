//! Expectations recorded from CPython 3.14.10.

use super::*;

#[test]
fn special_cases() {
    let cases: &[(f64, f64, f64, f64)] = &[
        (7.5, 2.0, 3.0, 1.5),
        (-7.5, 2.0, -4.0, 0.5),
        (7.5, -2.0, -4.0, -0.5),
        (-0.0, 3.0, -0.0, 0.0),
        (0.0, -3.0, -0.0, -0.0),
        (5.0, f64::INFINITY, 0.0, 5.0),
        (-5.0, f64::INFINITY, -1.0, f64::INFINITY),
        (1.0, 0.1, 9.0, 0.09999999999999995),
    ];
    for &(x, y, q, m) in cases {
        let (a, b) = divmod(x, y).unwrap();
        assert_eq!((a.to_bits(), b.to_bits()), (q.to_bits(), m.to_bits()), "{x} {y}");
    }
    assert_eq!(divmod(1.0, 0.0), Err(ZeroDivision));
    assert_eq!(pow(0.0, -1.0), Err(PowError::ZeroToNegative));
    assert_eq!(pow(-1.0, 0.5), Err(PowError::Complex));
    assert_eq!(pow(2.0, 2000.0), Err(PowError::Overflow));
    assert_eq!(pow(-2.0, 3.0), Ok(-8.0));
    assert_eq!(pow(-f64::INFINITY, -3.0).map(f64::to_bits), Ok((-0.0f64).to_bits()));
}
#[test]
fn rounding() {
    let cases: &[(f64, i64, f64)] = &[
        (2.675, 2, 2.67),
        (2.5, 0, 2.0),
        (0.5, 0, 0.0),
        (1234.5, -2, 1200.0),
        (1250.0, -2, 1200.0),
        (50.0, -2, 0.0),
        (51.0, -2, 100.0),
        (150.0, -2, 200.0),
        (5e-324, 323, 0.0),
        (1e+16, -16, 1e+16),
        (5e+307, -308, 1e+308),
        (-4.9, -1, -0.0),
        (-0.4, 0, -0.0),
    ];
    for &(x, n, r) in cases {
        assert_eq!(round(x, n).map(f64::to_bits), Some(r.to_bits()), "{x} {n}");
    }
    assert_eq!(round(1.5e308, -308), None);
}
