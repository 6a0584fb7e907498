//! Formats: what each character means, and where fields are.

/// A field of a struct.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) code: u8,
    pub(super) offset: usize,
    /// Bytes of one value.
    pub(super) size: usize,
    /// How many values; for `s` and `p` one of `size` bytes.
    pub(super) count: usize,
}

/// A parsed format.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) fields: Vec<Field>,
    pub(super) size: usize,
    /// How many values it takes.
    pub(super) values: usize,
    pub(super) big_endian: bool,
}

/// Size and alignment of a native value.
fn native(code: u8) -> Option<(usize, usize)> {
    Some(match code {
        b'x' | b'c' | b'b' | b'B' | b's' | b'p' | b'?' => (1, 1),
        b'h' | b'H' | b'e' => (2, 2),
        b'i' | b'I' | b'f' => (4, 4),
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'P' | b'd' => (8, 8),
        b'F' => (8, 4),
        b'D' => (16, 8),
        _ => return None,
    })
}

/// Size of a standard value.
fn standard(code: u8) -> Option<(usize, usize)> {
    Some(match code {
        b'x' | b'c' | b'b' | b'B' | b's' | b'p' | b'?' => (1, 1),
        b'h' | b'H' | b'e' => (2, 1),
        b'i' | b'I' | b'l' | b'L' | b'f' => (4, 1),
        b'q' | b'Q' | b'd' | b'F' => (8, 1),
        b'D' => (16, 1),
        _ => return None,
    })
}

/// Parse a format; the error is `struct.error`'s message.
pub(super) fn parse(format: &[u8]) -> Result<Layout, &'static str> {
    const TOO_LONG: &str = "total struct size too long";
    let (prefix, rest) = match format.split_first() {
        Some((prefix @ (b'@' | b'=' | b'<' | b'>' | b'!'), rest)) => (*prefix, rest),
        _ => (b'@', format),
    };
    let is_native = prefix == b'@';
    let mut layout = Layout {
        fields: Vec::new(),
        size: 0,
        values: 0,
        big_endian: matches!(prefix, b'>' | b'!'),
    };
    let mut bytes = rest.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if matches!(byte, 9..=13 | b' ') {
            continue;
        }
        let (mut code, mut count) = (byte, 1usize);
        if byte.is_ascii_digit() {
            count = usize::from(byte - b'0');
            while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
                count = count
                    .checked_mul(10)
                    .and_then(|n| n.checked_add(usize::from(digit - b'0')))
                    .filter(|&n| n <= isize::MAX as usize)
                    .ok_or(TOO_LONG)?;
            }
            code = bytes.next().ok_or("repeat count given without format specifier")?;
        }
        let known = if is_native { native(code) } else { standard(code) };
        let (size, align) = known.ok_or("bad char in struct format")?;
        layout.size = layout.size.checked_next_multiple_of(align).ok_or(TOO_LONG)?;
        let total = size.checked_mul(count).ok_or(TOO_LONG)?;
        let end = layout.size.checked_add(total).filter(|&n| n <= isize::MAX as usize);
        let offset = layout.size;
        layout.size = end.ok_or(TOO_LONG)?;
        match code {
            b'x' => {}
            b's' | b'p' => {
                layout.fields.push(Field { code, offset, size: count, count: 1 });
                layout.values += 1;
            }
            _ if count > 0 => {
                layout.fields.push(Field { code, offset, size, count });
                layout.values = layout.values.checked_add(count).ok_or(TOO_LONG)?;
            }
            _ => {}
        }
    }
    Ok(layout)
}
