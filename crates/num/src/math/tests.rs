//! Expectations recorded from CPython 3.14.10.

use super::*;

fn check(function: impl Fn(f64) -> Result<f64, MathError>, cases: &[(f64, f64)]) {
    for &(x, y) in cases {
        assert_eq!(function(x).map(f64::to_bits), Ok(y.to_bits()), "{x}");
    }
}
#[test]
fn special_functions() {
    check(
        gamma,
        &[
            (0.3, 2.991568987687591),
            (2.5, 1.3293403881791372),
            (-1.7, 2.513923519065202),
            (5.25, 35.21161185279968),
            (20.1, 1.6376232006547363e+17),
            (-20.7, -1.9040507251044001e-19),
            (23.0, 1.1240007277776077e+21),
            (100.5, 9.320963104082718e+156),
        ],
    );
    check(
        lgamma,
        &[
            (0.3, 1.0957979948180752),
            (2.5, 0.2846828704729196),
            (-1.7, 0.921844687694637),
            (5.25, 3.5613759103866958),
            (20.1, 39.637192503636946),
            (-20.7, -43.105133189536225),
            (23.0, 48.47118135183522),
            (100.5, 361.4355404677776),
        ],
    );
    check(
        |x| Ok(erf(x)),
        &[
            (0.3, 0.3286267594591274),
            (2.5, 0.999593047982555),
            (-1.7, -0.9837904585907745),
            (5.25, 0.9999999999998869),
            (20.1, 1.0),
            (-20.7, -1.0),
            (23.0, 1.0),
            (100.5, 1.0),
        ],
    );
    check(
        |x| Ok(erfc(x)),
        &[
            (0.3, 0.6713732405408726),
            (2.5, 0.0004069520174449589),
            (-1.7, 1.9837904585907746),
            (5.25, 1.1310313266887154e-13),
            (20.1, 9.735977140428878e-178),
            (-20.7, 2.0),
            (23.0, 4.441265948088057e-232),
            (100.5, 0.0),
        ],
    );
    check(
        |x| Ok(asinh(x)),
        &[
            (0.3, 0.29567304756342244),
            (2.5, 1.6472311463710958),
            (-1.7, -1.300820426840647),
            (5.25, 2.360324576243438),
            (20.1, 3.6944852186141635),
            (-20.7, -3.7238638150693335),
            (23.0, 3.8291136516208812),
            (100.5, 5.3033296590027215),
        ],
    );
    assert_eq!(gamma(-1.0), Err(MathError::Domain));
    assert_eq!(gamma(172.0), Err(MathError::Range));
    assert_eq!(lgamma(0.0), Err(MathError::Domain));
}
#[test]
fn sums() {
    let fsum = |terms: &[f64]| {
        let mut sum = ExactSum::default();
        for &x in terms {
            sum.add(x)?;
        }
        sum.value()
    };
    assert_eq!(fsum(&[0.1; 10]), Ok(1.0));
    assert_eq!(fsum(&[1e308, 1e308, -1e308]), Err(FsumError::Overflow));
    assert_eq!(fsum(&[f64::INFINITY, -f64::INFINITY]), Err(FsumError::OppositeInfinities));
    assert_eq!(fsum(&[1e16, 1.0, 1e-16]), Ok(1.0000000000000002e+16));
    assert_eq!(vector_norm(&[3.0, 4.0]), 5.0);
    assert_eq!(vector_norm(&[5e-324, 5e-324]), 5e-324);
    assert_eq!(vector_norm(&[1e-310, 2e-310]), 2.2360679774998e-310);
    assert_eq!(vector_norm(&[1e+308, 1e+308]), 1.4142135623730951e+308);
    assert_eq!(vector_norm(&[0.1, 0.2, 0.3]), 0.3741657386773941);
    let mut product = SumProduct::default();
    for (x, y) in [(1e100, 1.0), (1.0, 3.0), (-1e100, 1.0)] {
        product.add(x, y);
    }
    assert_eq!(product.value(), 3.0);
}
#[test]
fn remainders_and_neighbours() {
    assert_eq!(remainder(5.0, 3.0), Ok(-1.0));
    assert_eq!(remainder(4.5, 3.0), Ok(-1.5));
    assert_eq!(remainder(1.5, 1.0), Ok(-0.5));
    assert_eq!(remainder(2.5, 1.0), Ok(0.5));
    assert_eq!(remainder(-7.0, 2.0), Ok(1.0));
    assert_eq!(remainder(5e-324, 1e-323), Ok(5e-324));
    assert_eq!(remainder(1.0, 0.0), Err(MathError::Domain));
    assert_eq!(nextafter(-5e-324, 1.0, 1).to_bits(), (-0.0f64).to_bits());
    assert_eq!(nextafter(0.0, 1.0, 3), 1.5e-323);
    assert_eq!(nextafter(1.0, 2.0, u64::MAX), 2.0);
    assert_eq!(ulp(f64::MAX), 1.99584030953472e+292);
    assert_eq!(ldexp(1.0, i64::MAX), Err(MathError::Range));
    assert_eq!(ldexp(1.5, -1074), Ok(1e-323));
    assert_eq!(log_int(&BigInt::from(10).pow(400), LogBase::E), Ok(921.0340371976182));
    assert_eq!(comb_u64(60, 30), Some(118264581564861424));
    assert_eq!(perm_u64(20, 20), Some(2432902008176640000));
    assert_eq!(factorial(25).to_string(), "15511210043330985984000000");
}
