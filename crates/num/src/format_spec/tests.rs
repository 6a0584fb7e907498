//! Expectations recorded from CPython 3.14.10.

use super::*;

fn points(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}
fn shown(result: Result<Rendered, Error>, spec: &str, name: &str) -> String {
    match result {
        Ok(r) => r.text().ok().flatten().unwrap_or_default(),
        Err(e) => format!("ERR {}", e.message(spec, name)),
    }
}
#[test]
fn floats() {
    let cases: &[(f64, &str, &str)] = &[
        (1234567.891, "", "1234567.891"),
        (1234567.891, "010", "1234567.891"),
        (1234567.891, ">10", "1234567.891"),
        (1234567.891, "*^11", "1234567.891"),
        (1234567.891, "+", "+1234567.891"),
        (1234567.891, "z.1f", "1234567.9"),
        (1234567.891, ".3", "1.23e+06"),
        (1234567.891, ".0f", "1234568"),
        (1234567.891, "#.0f", "1234568."),
        (1234567.891, "e", "1.234568e+06"),
        (1234567.891, ".2E", "1.23E+06"),
        (1234567.891, "g", "1.23457e+06"),
        (1234567.891, "#g", "1.23457e+06"),
        (1234567.891, "%", "123456789.100000%"),
        (1234567.891, ".1%", "123456789.1%"),
        (1234567.891, "012,.2f", "1,234,567.89"),
        (1234567.891, "_", "1_234_567.891"),
        (1234567.891, ".6_f", "1234567.891_000"),
        (1234567.891, "020,.5_f", "0,001,234,567.891_00"),
        (1234567.891, "n", "1.23457e+06"),
        (1234567.891, "d", "ERR Unknown format code 'd' for object of type 'float'"),
        (1234567.891, ",n", "ERR Cannot specify ',' with 'n'."),
        (1234567.891, ".", "ERR Format specifier missing precision"),
        (1234567.891, ".99999999999f", "ERR precision too big"),
        (1234567.891, ",_", "ERR Cannot specify both ',' and '_'."),
        (1234567.891, "<<<", "ERR Unknown format code '<' for object of type 'float'"),
        (1234567.891, "é=9", "1234567.891"),
        (1234567.891, "+010,e", "+1.234568e+06"),
        (1234567.891, "=+12.3e", "+  1.235e+06"),
        (-0.04, "", "-0.04"),
        (-0.04, "010", "-000000.04"),
        (-0.04, ">10", "     -0.04"),
        (-0.04, "*^11", "***-0.04***"),
        (-0.04, "+", "-0.04"),
        (-0.04, "z.1f", "0.0"),
        (-0.04, ".3", "-0.04"),
        (-0.04, ".0f", "-0"),
        (-0.04, "#.0f", "-0."),
        (-0.04, "e", "-4.000000e-02"),
        (-0.04, ".2E", "-4.00E-02"),
        (-0.04, "g", "-0.04"),
        (-0.04, "#g", "-0.0400000"),
        (-0.04, "%", "-4.000000%"),
        (-0.04, ".1%", "-4.0%"),
        (-0.04, "012,.2f", "-0,000,000.04"),
        (-0.04, "_", "-0.04"),
        (-0.04, ".6_f", "-0.040_000"),
        (-0.04, "020,.5_f", "-0,000,000,000.040_00"),
        (-0.04, "n", "-0.04"),
        (-0.04, "d", "ERR Unknown format code 'd' for object of type 'float'"),
        (-0.04, ",n", "ERR Cannot specify ',' with 'n'."),
        (-0.04, ".", "ERR Format specifier missing precision"),
        (-0.04, ".99999999999f", "ERR precision too big"),
        (-0.04, ",_", "ERR Cannot specify both ',' and '_'."),
        (-0.04, "<<<", "ERR Unknown format code '<' for object of type 'float'"),
        (-0.04, "é=9", "-éééé0.04"),
        (-0.04, "+010,e", "-4.000000e-02"),
        (-0.04, "=+12.3e", "-  4.000e-02"),
        (f64::INFINITY, "", "inf"),
        (f64::INFINITY, "010", "0000000inf"),
        (f64::INFINITY, ">10", "       inf"),
        (f64::INFINITY, "*^11", "****inf****"),
        (f64::INFINITY, "+", "+inf"),
        (f64::INFINITY, "z.1f", "inf"),
        (f64::INFINITY, ".3", "inf"),
        (f64::INFINITY, ".0f", "inf"),
        (f64::INFINITY, "#.0f", "inf"),
        (f64::INFINITY, "e", "inf"),
        (f64::INFINITY, ".2E", "INF"),
        (f64::INFINITY, "g", "inf"),
        (f64::INFINITY, "#g", "inf"),
        (f64::INFINITY, "%", "inf%"),
        (f64::INFINITY, ".1%", "inf%"),
        (f64::INFINITY, "012,.2f", "000000000inf"),
        (f64::INFINITY, "_", "inf"),
        (f64::INFINITY, ".6_f", "inf"),
        (f64::INFINITY, "020,.5_f", "00000000000000000inf"),
        (f64::INFINITY, "n", "inf"),
        (f64::INFINITY, "d", "ERR Unknown format code 'd' for object of type 'float'"),
        (f64::INFINITY, ",n", "ERR Cannot specify ',' with 'n'."),
        (f64::INFINITY, ".", "ERR Format specifier missing precision"),
        (f64::INFINITY, ".99999999999f", "ERR precision too big"),
        (f64::INFINITY, ",_", "ERR Cannot specify both ',' and '_'."),
        (f64::INFINITY, "<<<", "ERR Unknown format code '<' for object of type 'float'"),
        (f64::INFINITY, "é=9", "ééééééinf"),
        (f64::INFINITY, "+010,e", "+000000inf"),
        (f64::INFINITY, "=+12.3e", "+        inf"),
    ];
    for &(x, spec, expected) in cases {
        let parsed = parse(&points(spec), Align::Right, None, ascii_decimal);
        let result = parsed.and_then(|s| format_float(&s, x, &Locale::default()));
        assert_eq!(shown(result, spec, "float"), expected, "{spec}");
    }
}
#[test]
fn ints() {
    let cases: &[(i64, &str, &str)] = &[
        (0, "", "0"),
        (0, "d", "0"),
        (0, "x", "0"),
        (0, "#X", "0X0"),
        (0, "#b", "0b0"),
        (0, "_b", "0"),
        (0, "#020_x", "0x000_0000_0000_0000"),
        (0, ",", "0"),
        (0, " ", " 0"),
        (0, "+,", "+0"),
        (0, "014,", "00,000,000,000"),
        (0, "<14,", "0             "),
        (0, "^14", "      0       "),
        (0, "z", "ERR Negative zero coercion (z) not allowed in integer format specifier"),
        (0, ".3", "ERR Precision not allowed in integer format specifier"),
        (0, "+c", "ERR Sign not allowed with integer format specifier 'c'"),
        (0, "s", "ERR Unknown format code 's' for object of type 'int'"),
        (0, "n", "0"),
        (0, "_n", "ERR Cannot specify '_' with 'n'."),
        (0, ",x", "ERR Cannot specify ',' with 'x'."),
        (0, "\x01", "ERR Unknown format code '\\x1' for object of type 'int'"),
        (0, "é", "ERR Unknown format code '\\xe9' for object of type 'int'"),
        (0, "xx", "ERR Invalid format specifier 'xx' for object of type 'int'"),
        (0, "99999999999999999999", "ERR Too many decimal digits in format string"),
        (-123456789, "", "-123456789"),
        (-123456789, "d", "-123456789"),
        (-123456789, "x", "-75bcd15"),
        (-123456789, "#X", "-0X75BCD15"),
        (-123456789, "#b", "-0b111010110111100110100010101"),
        (-123456789, "_b", "-111_0101_1011_1100_1101_0001_0101"),
        (-123456789, "#020_x", "-0x00_0000_075b_cd15"),
        (-123456789, ",", "-123,456,789"),
        (-123456789, " ", "-123456789"),
        (-123456789, "+,", "-123,456,789"),
        (-123456789, "014,", "-0,123,456,789"),
        (-123456789, "<14,", "-123,456,789  "),
        (-123456789, "^14", "  -123456789  "),
        (-123456789, "z", "ERR Negative zero coercion (z) not allowed in integer format specifier"),
        (-123456789, ".3", "ERR Precision not allowed in integer format specifier"),
        (-123456789, "+c", "ERR Sign not allowed with integer format specifier 'c'"),
        (-123456789, "s", "ERR Unknown format code 's' for object of type 'int'"),
        (-123456789, "n", "-123456789"),
        (-123456789, "_n", "ERR Cannot specify '_' with 'n'."),
        (-123456789, ",x", "ERR Cannot specify ',' with 'x'."),
        (-123456789, "\x01", "ERR Unknown format code '\\x1' for object of type 'int'"),
        (-123456789, "é", "ERR Unknown format code '\\xe9' for object of type 'int'"),
        (-123456789, "xx", "ERR Invalid format specifier 'xx' for object of type 'int'"),
        (-123456789, "99999999999999999999", "ERR Too many decimal digits in format string"),
        (255, "", "255"),
        (255, "d", "255"),
        (255, "x", "ff"),
        (255, "#X", "0XFF"),
        (255, "#b", "0b11111111"),
        (255, "_b", "1111_1111"),
        (255, "#020_x", "0x000_0000_0000_00ff"),
        (255, ",", "255"),
        (255, " ", " 255"),
        (255, "+,", "+255"),
        (255, "014,", "00,000,000,255"),
        (255, "<14,", "255           "),
        (255, "^14", "     255      "),
        (255, "z", "ERR Negative zero coercion (z) not allowed in integer format specifier"),
        (255, ".3", "ERR Precision not allowed in integer format specifier"),
        (255, "+c", "ERR Sign not allowed with integer format specifier 'c'"),
        (255, "s", "ERR Unknown format code 's' for object of type 'int'"),
        (255, "n", "255"),
        (255, "_n", "ERR Cannot specify '_' with 'n'."),
        (255, ",x", "ERR Cannot specify ',' with 'x'."),
        (255, "\x01", "ERR Unknown format code '\\x1' for object of type 'int'"),
        (255, "é", "ERR Unknown format code '\\xe9' for object of type 'int'"),
        (255, "xx", "ERR Invalid format specifier 'xx' for object of type 'int'"),
        (255, "99999999999999999999", "ERR Too many decimal digits in format string"),
    ];
    for &(x, spec, expected) in cases {
        let parsed = parse(&points(spec), Align::Right, Some(b'd'), ascii_decimal);
        let result = parsed.and_then(|s| match int_kind(&s)? {
            IntKind::Digits { base, .. } => {
                let mut digits = String::new();
                crate::int_text::write_u64(&mut digits, x.unsigned_abs(), base);
                format_int(&s, x < 0, &digits, &Locale::default())
            }
            _ => Err(Error::CharRange),
        });
        assert_eq!(shown(result, spec, "int"), expected, "{spec}");
    }
}
#[test]
fn complex_numbers() {
    let cases: &[(f64, f64, &str, &str)] = &[
        (1.0, 2.0, "", "(1+2j)"),
        (1.0, 2.0, ">20", "              (1+2j)"),
        (1.0, 2.0, ".3f", "1.000+2.000j"),
        (1.0, 2.0, "+.1e", "+1.0e+00+2.0e+00j"),
        (1.0, 2.0, ",", "(1+2j)"),
        (1.0, 2.0, "n", "1+2j"),
        (1.0, 2.0, "g", "1+2j"),
        (1.0, 2.0, "05", "ERR Zero padding is not allowed in complex format specifier"),
        (1.0, 2.0, "=5", "ERR '=' alignment flag is not allowed in complex format specifier"),
        (1.0, 2.0, "d", "ERR Unknown format code 'd' for object of type 'complex'"),
        (1.0, 2.0, "%", "ERR Unknown format code '%' for object of type 'complex'"),
        (0.0, 2.0, "", "2j"),
        (0.0, 2.0, ">20", "                  2j"),
        (0.0, 2.0, ".3f", "0.000+2.000j"),
        (0.0, 2.0, "+.1e", "+0.0e+00+2.0e+00j"),
        (0.0, 2.0, ",", "2j"),
        (0.0, 2.0, "n", "0+2j"),
        (0.0, 2.0, "g", "0+2j"),
        (0.0, 2.0, "05", "ERR Zero padding is not allowed in complex format specifier"),
        (0.0, 2.0, "=5", "ERR '=' alignment flag is not allowed in complex format specifier"),
        (0.0, 2.0, "d", "ERR Unknown format code 'd' for object of type 'complex'"),
        (0.0, 2.0, "%", "ERR Unknown format code '%' for object of type 'complex'"),
        (-0.0, 2.0, "", "(-0+2j)"),
        (-0.0, 2.0, ">20", "             (-0+2j)"),
        (-0.0, 2.0, ".3f", "-0.000+2.000j"),
        (-0.0, 2.0, "+.1e", "-0.0e+00+2.0e+00j"),
        (-0.0, 2.0, ",", "(-0+2j)"),
        (-0.0, 2.0, "n", "-0+2j"),
        (-0.0, 2.0, "g", "-0+2j"),
        (-0.0, 2.0, "05", "ERR Zero padding is not allowed in complex format specifier"),
        (-0.0, 2.0, "=5", "ERR '=' alignment flag is not allowed in complex format specifier"),
        (-0.0, 2.0, "d", "ERR Unknown format code 'd' for object of type 'complex'"),
        (-0.0, 2.0, "%", "ERR Unknown format code '%' for object of type 'complex'"),
        (-12345.678, -0.5, "", "(-12345.678-0.5j)"),
        (-12345.678, -0.5, ">20", "   (-12345.678-0.5j)"),
        (-12345.678, -0.5, ".3f", "-12345.678-0.500j"),
        (-12345.678, -0.5, "+.1e", "-1.2e+04-5.0e-01j"),
        (-12345.678, -0.5, ",", "(-12,345.678-0.5j)"),
        (-12345.678, -0.5, "n", "-12345.7-0.5j"),
        (-12345.678, -0.5, "g", "-12345.7-0.5j"),
        (-12345.678, -0.5, "05", "ERR Zero padding is not allowed in complex format specifier"),
        (
            -12345.678,
            -0.5,
            "=5",
            "ERR '=' alignment flag is not allowed in complex format specifier",
        ),
        (-12345.678, -0.5, "d", "ERR Unknown format code 'd' for object of type 'complex'"),
        (-12345.678, -0.5, "%", "ERR Unknown format code '%' for object of type 'complex'"),
    ];
    for &(re, im, spec, expected) in cases {
        let parsed = parse(&points(spec), Align::Right, None, ascii_decimal);
        let result = parsed
            .and_then(|s| format_complex(&s, crate::complex::complex(re, im), &Locale::default()));
        assert_eq!(shown(result, spec, "complex"), expected, "{spec}");
    }
}
#[test]
fn locales_group_as_they_say() {
    let locale = Locale {
        decimal_point: ",".into(),
        thousands_separator: "\u{202f}".into(),
        grouping: vec![3, 2],
    };
    let spec = parse(&points("n"), Align::Right, Some(b'd'), ascii_decimal).unwrap();
    let text = format_int(&spec, true, "123456789", &locale).unwrap().text().unwrap();
    assert_eq!(text.as_deref(), Some("-12\u{202f}34\u{202f}56\u{202f}789"));
    let ends = Locale { grouping: vec![3, 127], ..locale };
    let text = format_int(&spec, false, "123456789", &ends).unwrap().text().unwrap();
    assert_eq!(text.as_deref(), Some("123456\u{202f}789"));
}

#[test]
fn huge_widths_are_errors() {
    for text in ["9000000000000000000", "09000000000000000000,"] {
        let spec = parse(&points(text), Align::Right, Some(b'd'), ascii_decimal).unwrap();
        let result = format_int(&spec, false, "1", &Locale::default());
        assert!(matches!(result.map(Rendered::text), Err(Error::TooLarge) | Ok(Err(TooLarge))));
    }
}
