//! Expectations recorded from CPython 3.14.10.

use super::*;

struct Numbers(Vec<i32>);

impl Arguments for Numbers {
    type Error = &'static str;
    fn require_mapping(&mut self) -> Result<(), Self::Error> {
        if self.0.is_empty() { Ok(()) } else { Err("format requires a mapping") }
    }
    fn select_key(&mut self, _key: Range<usize>) -> Result<(), Self::Error> {
        Ok(())
    }
    fn star_width(&mut self) -> Result<isize, Self::Error> {
        self.0.pop().map(|n| n as isize).ok_or("* wants int")
    }
    fn star_precision(&mut self) -> Result<i32, Self::Error> {
        self.0.pop().ok_or("* wants int")
    }
}

fn formatted(format: &str, value: i64, stars: &[i32]) -> String {
    let points: Vec<u32> = format.chars().map(u32::from).collect();
    let mut arguments = Numbers(stars.to_vec());
    let mut parser = Parser::new(points.as_slice());
    let mut out = String::new();
    while let Some(piece) = parser.next(&mut arguments) {
        match piece {
            Err(Failure::Format(error)) => return format!("ERR {error}"),
            Err(Failure::Arguments(error)) => return format!("ERR {error}"),
            Ok(Piece::Literal(range)) => {
                out.extend(points[range].iter().filter_map(|&c| char::from_u32(c)));
            }
            Ok(Piece::Conversion(spec)) => {
                let rendered = if let Some(base) = int_base(spec.conversion) {
                    let mut digits = String::new();
                    crate::int_text::write_u64(&mut digits, value.unsigned_abs(), base);
                    format_int(&spec, value < 0, &digits)
                } else if Code::from_char(spec.conversion).is_some_and(|c| c.0 != Code::Repr) {
                    format_float(&spec, value as f64)
                } else {
                    return format!("ERR {}", spec.unsupported());
                };
                out.push_str(&rendered.unwrap().text().unwrap().unwrap_or_default());
            }
        }
    }
    out
}

#[test]
fn numbers() {
    let cases: &[(&str, i64, &[i32], &str)] = &[
        ("%d", 5, &[], "5"),
        ("a%05d|%%", -5, &[], "a-0005|%"),
        ("%#.5x", -255, &[], "-0x000ff"),
        ("%#010X", 255, &[], "0X000000FF"),
        ("%-#010x|", -255, &[], "-0xff     |"),
        ("%+.3d", 5, &[], "+005"),
        ("% d", 5, &[], " 5"),
        ("%#o", 8, &[], "0o10"),
        ("%010.5d", -5, &[], "-000000005"),
        ("%.d", 5, &[], "5"),
        ("%*d|", 3, &[-5], "3    |"),
        ("%.*f|", 3, &[2], "3.00|"),
        ("%*.*e|", 12345, &[3, 12], "   1.234e+04|"),
        ("%g", 10000000, &[], "1e+07"),
        ("%#g", 1, &[], "1.00000"),
        ("%010f", -3, &[], "-03.000000"),
        ("%ld", 1, &[], "1"),
        ("%y", 1, &[], "ERR unsupported format character 'y' (0x79) at index 1"),
        ("%lld", 1, &[], "ERR unsupported format character 'l' (0x6c) at index 2"),
        ("%é", 1, &[], "ERR unsupported format character '?' (0xe9) at index 1"),
        ("%5%", 1, &[], "ERR unsupported format character '%' (0x25) at index 2"),
        ("%", 1, &[], "ERR incomplete format"),
        ("%5.", 1, &[], "ERR incomplete format"),
        ("%9999999999999999999999d", 1, &[], "ERR width too big"),
        ("%.2147483648d", 1, &[], "ERR precision too big"),
    ];
    for &(format, value, stars, expected) in cases {
        assert_eq!(formatted(format, value, stars), expected, "{format}");
    }
}
#[test]
fn keys_balance_parentheses() {
    assert_eq!(formatted("%((a))d", 3, &[]), "3");
    assert_eq!(formatted("%(a", 3, &[]), "ERR incomplete format key");
    assert_eq!(formatted("%(a)", 3, &[]), "ERR incomplete format");
    assert_eq!(formatted("%(a)d", 3, &[1]), "ERR format requires a mapping");
}
