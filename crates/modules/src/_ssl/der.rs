//! Reading DER, as far as certificates and keys need it.

/// The tags that are looked for.
pub(super) mod tag {
    pub(in crate::_ssl) const BOOLEAN: u8 = 0x01;
    pub(in crate::_ssl) const INTEGER: u8 = 0x02;
    pub(in crate::_ssl) const BIT_STRING: u8 = 0x03;
    pub(in crate::_ssl) const OCTET_STRING: u8 = 0x04;
    pub(in crate::_ssl) const OBJECT_ID: u8 = 0x06;
    pub(in crate::_ssl) const UTF8_STRING: u8 = 0x0c;
    pub(in crate::_ssl) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(in crate::_ssl) const BMP_STRING: u8 = 0x1e;
    pub(in crate::_ssl) const UTC_TIME: u8 = 0x17;
    pub(in crate::_ssl) const GENERALIZED_TIME: u8 = 0x18;
    pub(in crate::_ssl) const SEQUENCE: u8 = 0x30;
    pub(in crate::_ssl) const SET: u8 = 0x31;

    /// A context-specific tag.
    pub(in crate::_ssl) const fn context(number: u8, constructed: bool) -> u8 {
        0x80 | number | if constructed { 0x20 } else { 0 }
    }
}

/// One element: its tag, its contents, and all its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(super) fn inside(self) -> Reader<'a> {
        Reader(self.value)
    }

    /// The bits of a bit string that has whole bytes.
    pub(super) fn bits(self) -> Option<&'a [u8]> {
        match self.value {
            [0, bits @ ..] if self.tag == tag::BIT_STRING => Some(bits),
            _ => None,
        }
    }

    /// A small non-negative integer.
    pub(super) fn small(self) -> Option<u32> {
        if self.tag != tag::INTEGER || self.value.first()? & 0x80 != 0 {
            return None;
        }
        self.value.iter().try_fold(0u32, |sum, byte| Some(sum.checked_mul(256)? | u32::from(*byte)))
    }
}

/// Elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let all = self.0;
        let (&tag, rest) = all.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length =
                    digits.iter().fold(0usize, |sum, digit| sum << 8 | usize::from(*digit));
                (length, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Element { tag, value, whole: all.get(..all.len() - rest.len())? })
    }

    /// Whether there is nothing but whole elements.
    pub(super) fn is_whole(mut self) -> bool {
        while !self.is_empty() {
            if self.next().is_none() {
                return false;
            }
        }
        true
    }

    /// The next element, which has that tag.
    pub(super) fn required(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element, if it has that tag.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        (self.0.first() == Some(&tag)).then(|| self.next()).flatten()
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        Reader::next(self)
    }
}

/// The only element of some bytes.
pub(super) fn single(bytes: &[u8]) -> Option<Element<'_>> {
    let mut reader = Reader(bytes);
    let element = reader.next()?;
    reader.is_empty().then_some(element)
}

/// Write an element.
pub(super) fn write(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    match value.len() {
        length @ 0..0x80 => out.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let digits = bytes.iter().skip_while(|byte| **byte == 0);
            out.push(0x80 | digits.clone().count() as u8);
            out.extend(digits);
        }
    }
    out.extend(value);
}

/// An object identifier with dots.
pub(super) fn dotted(value: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut number = 0u128;
    for (index, byte) in value.iter().enumerate() {
        number = number.checked_mul(128)? | u128::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            (index + 1 < value.len()).then_some(())?;
            continue;
        }
        if text.is_empty() {
            let first = (number / 40).min(2);
            text = format!("{first}.{}", number - 40 * first);
        } else {
            text.push_str(&format!(".{number}"));
        }
        number = 0;
    }
    (!text.is_empty()).then_some(text)
}

/// The contents of an object identifier from its dotted form.
pub(super) fn undotted(text: &str) -> Option<Vec<u8>> {
    let mut numbers = text.split('.').map(|part| part.parse::<u64>().ok());
    let (first, second) = (numbers.next()??, numbers.next()??);
    if first > 2 || (first < 2 && second >= 40) {
        return None;
    }
    let mut out = Vec::new();
    let mut push = |number: u64| {
        let groups = (64 - number.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let more = if group == 0 { 0 } else { 0x80 };
            out.push((number >> (7 * group)) as u8 & 0x7f | more);
        }
    };
    push(second.checked_add(40 * first)?);
    for number in numbers {
        push(number?);
    }
    Some(out)
}

/// Seconds since 1970 of a time in a certificate.
pub(super) fn time(element: Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(element.value).ok()?.strip_suffix('Z')?;
    if !text.is_ascii() {
        return None;
    }
    let (year, rest) = match element.tag {
        tag::UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        tag::GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let field = |index: usize| -> Option<i64> {
        let digits = rest.get(2 * index..2 * index + 2)?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (month, day, hour, minute) = (field(0)?, field(1)?, field(2)?, field(3)?);
    let second = if rest.len() > 8 { field(4)? } else { 0 };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    // Days by the civil calendar, years beginning in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day
            - 719_469;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}
