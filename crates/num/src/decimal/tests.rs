//! Results of the specification's own examples.

use super::*;

fn number(text: &str) -> Decimal {
    Decimal::parse(text, &mut 0)
}

fn context(prec: i64) -> Context {
    Context { prec, emax: 999, emin: -999, rounding: Rounding::HalfEven, clamp: false }
}

fn check(result: Decimal, expected: &str) {
    assert_eq!(result.to_text(false, true).unwrap(), expected);
}

#[test]
fn text_round_trips() {
    for text in [
        "0",
        "-0",
        "0.00",
        "12.30",
        "1E+3",
        "1.23E-7",
        "0.00000123",
        "0E-8",
        "0E+2",
        "Infinity",
        "-Infinity",
        "NaN",
        "sNaN123",
        "-NaN7",
        "123456789012345678901234567890.5",
    ] {
        check(number(text), text);
    }
    for (text, engineering) in [
        ("1E+4", "10E+3"),
        ("1.5E-8", "15E-9"),
        ("0E-7", "0.0E-6"),
        ("0E+5", "0.0E+6"),
        ("0E+4", "0.00E+6"),
    ] {
        assert_eq!(number(text).to_text(true, true).unwrap(), engineering);
    }
    for text in ["", ".", "1e", "e5", "1.2.3", "nan1a", "+-1", "1 "] {
        let mut status = 0;
        Decimal::parse(text, &mut status);
        assert_eq!(status, condition::CONVERSION_SYNTAX, "{text}");
    }
}

#[test]
fn the_four_operations() {
    let (c, s) = (context(9), &mut 0);
    check(number("12").add(&number("7.00"), &c, s), "19.00");
    check(number("1E+2").add(&number("1E+4"), &c, s), "1.01E+4");
    check(number("1").add(&number("1E-20"), &c, s), "1.00000000");
    check(number("1").sub(&number("1E-20"), &c, s), "1.00000000");
    check(number("1.3").sub(&number("1.30"), &c, s), "0.00");
    check(number("1.3").sub(&number("2.07"), &c, s), "-0.77");
    check(number("654321").mul(&number("654321"), &c, s), "4.28135971E+11");
    check(number("1").div(&number("3"), &c, s), "0.333333333");
    check(number("2.40").div(&number("2.0"), &c, s), "1.2");
    check(number("1000").div(&number("100"), &c, s), "10");
    check(number("2.40E+6").div(&number("2"), &c, s), "1.20E+6");
    check(number("5").div(&number("2"), &c, s), "2.5");
    check(number("8").div_int(&number("3"), &c, s), "2");
    check(number("10.2").rem(&number("1"), &c, s), "0.2");
    check(number("3.6").rem(&number("1.3"), &c, s), "1.0");
    check(number("10").rem_near(&number("6"), &c, s), "-2");
    check(number("10").rem_near(&number("3"), &c, s), "1");
    check(number("3").fma(&number("5"), &number("7"), &c, s), "22");
    check(
        number("888565290").fma(&number("1557.96930"), &number("-86087.7578"), &c, s),
        "1.38435736E+12",
    );
    check(number("2.17").quantize(&number("0.001"), &c, s), "2.170");
    check(number("2.17").quantize(&number("1e+1"), &c, s), "0E+1");
    check(number("120.00").normalize(&c, s), "1.2E+2");
}

#[test]
fn elementary_functions() {
    let (c, s) = (context(9), &mut 0);
    check(number("0").sqrt(&c, s), "0");
    check(number("0.39").sqrt(&c, s), "0.624499800");
    check(number("100").sqrt(&c, s), "10");
    check(number("1.00").sqrt(&c, s), "1.0");
    check(number("7").sqrt(&c, s), "2.64575131");
    check(number("1E+3").sqrt(&c, s), "31.6227766");
    check(number("-1").exp(&c, s), "0.367879441");
    check(number("1").exp(&c, s), "2.71828183");
    check(number("0.693147181").exp(&c, s), "2.00000000");
    check(number("1E-30").exp(&c, s), "1.00000000");
    check(number("2.71828183").ln(&c, s), "1.00000000");
    check(number("10").ln(&c, s), "2.30258509");
    check(number("1.00000001").ln(&c, s), "9.99999995E-9");
    check(number("0.001").log10(&c, s), "-3");
    check(number("2").log10(&c, s), "0.301029996");
    check(number("70").log10(&c, s), "1.84509804");
    check(number("2").pow(&number("3"), &c, s), "8");
    check(number("2").pow(&number("-3"), &c, s), "0.125");
    check(number("1.7").pow(&number("8"), &c, s), "69.7575744");
    check(number("10").pow(&number("0.301029996"), &c, s), "2.00000000");
    check(number("4").pow(&number("0.5"), &c, s), "2.00000000");
    check(number("2").pow(&number("0.5"), &c, s), "1.41421356");
    check(number("-2").pow(&number("3"), &c, s), "-8");
    let c = context(60);
    check(number("2").sqrt(&c, s), "1.41421356237309504880168872420969807856967187537694807317668");
    check(number("1").exp(&c, s), "2.71828182845904523536028747135266249775724709369995957496697");
    check(number("2").ln(&c, s), "0.693147180559945309417232121458176568075500134360255254120680");
}

#[test]
fn results_outside_of_the_range() {
    let c = context(5);
    let check = |result: fn(&Context, &mut Status) -> Decimal, text: &str, conditions: u32| {
        let mut status = 0;
        assert_eq!(result(&c, &mut status).to_text(false, true).unwrap(), text);
        assert_eq!(status, conditions, "{text}");
    };
    use condition::*;
    check(
        |c, s| number("9.9999E+999").mul(&number("2"), c, s),
        "Infinity",
        OVERFLOW | INEXACT | ROUNDED,
    );
    check(
        |c, s| number("1.2345E-1000").plus(c, s),
        "1.234E-1000",
        SUBNORMAL | UNDERFLOW | INEXACT | ROUNDED,
    );
    check(|c, s| number("1E-1001").plus(c, s), "1E-1001", SUBNORMAL);
    check(
        |c, s| number("1E-2000").plus(c, s),
        "0E-1003",
        SUBNORMAL | UNDERFLOW | INEXACT | ROUNDED | CLAMPED,
    );
    check(|c, s| number("1").div(&number("0"), c, s), "Infinity", DIVISION_BY_ZERO);
    check(|c, s| number("0").div(&number("0"), c, s), "NaN", DIVISION_UNDEFINED);
    check(|c, s| number("sNaN5").add(&number("1"), c, s), "NaN5", INVALID_OPERATION);
}
