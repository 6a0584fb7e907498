//! PEM: blocks of base64 between lines that say what they are.

/// A block.
pub(super) struct Block {
    pub(super) label: String,
    /// Header lines, as `Name: value`.
    pub(super) headers: Vec<String>,
    pub(super) data: Vec<u8>,
}

/// Why there is no next block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ill {
    /// No further line begins a block.
    NoStart,
    BadBase64,
    BadEnd,
}

/// Reads blocks of a text.
pub(super) struct Blocks<'a> {
    lines: std::slice::Split<'a, u8, fn(&u8) -> bool>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Blocks { lines: text.split(|byte| *byte == b'\n') }
    }

    fn line(&mut self) -> Option<&'a [u8]> {
        self.lines.next().map(<[u8]>::trim_ascii_end)
    }

    /// The next block.
    pub(super) fn next(&mut self) -> Result<Block, Ill> {
        let label = loop {
            let line = self.line().ok_or(Ill::NoStart)?;
            if let Some(rest) = line.strip_prefix(b"-----BEGIN ")
                && let Some(label) = rest.strip_suffix(b"-----")
            {
                break String::from_utf8_lossy(label).into_owned();
            }
        };
        let (mut headers, mut base64) = (Vec::new(), Vec::new());
        let end = format!("-----END {label}-----");
        loop {
            let line = self.line().ok_or(Ill::BadEnd)?;
            if line == end.as_bytes() {
                break;
            }
            if line.starts_with(b"-----") {
                return Err(Ill::BadEnd);
            }
            if line.contains(&b':') {
                headers.push(String::from_utf8_lossy(line).into_owned());
            } else {
                base64.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
            }
        }
        let data = decode(&base64).ok_or(Ill::BadBase64)?;
        Ok(Block { label, headers, data })
    }
}

/// Strict base64.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for group in digits.chunks(4) {
        let mut bits = 0u32;
        for digit in group {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len()) as u32;
        let bytes = bits.to_be_bytes();
        out.extend(bytes.get(1..group.len())?);
    }
    Some(out)
}

/// A block as text.
pub(super) fn encode(label: &str, data: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in data.chunks(48) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte))
                << (8 * (3 - group.len()));
            for index in 0..4 {
                let digit = (bits >> (18 - 6 * index)) as usize & 63;
                let shown = DIGITS.get(digit).filter(|_| index <= group.len());
                text.push(shown.map_or('=', |digit| char::from(*digit)));
            }
        }
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
