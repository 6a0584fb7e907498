//! `inspect.cleandoc` for docstrings, at compile time.
//!
//! Unlike that function it keeps blank lines at both ends, so that line
//! numbers stay.

use bytecode::ConstStr;

/// The docstring without its common indentation.
pub fn clean_doc(doc: &ConstStr) -> ConstStr {
    // CPython encodes to UTF-8 and cannot do so with lone surrogates.
    let text = expand_tabs(doc.as_bytes());
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let margin = lines
        .iter()
        .skip(1)
        .filter_map(|line| {
            let indent = line.iter().take_while(|byte| **byte == b' ').count();
            line.get(indent).filter(|byte| **byte != b'\n').map(|_| indent)
        })
        .min()
        .unwrap_or(0);
    let mut clean = Vec::with_capacity(text.len());
    for (number, line) in lines.iter().enumerate() {
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        let cut = if number == 0 { indent } else { indent.min(margin) };
        clean.extend_from_slice(&line[cut..]);
    }
    ConstStr::from_bytes(clean).unwrap_or_else(|| doc.clone())
}

/// `str.expandtabs()`; columns count characters.
fn expand_tabs(text: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(text.len());
    let mut column = 0;
    for &byte in text {
        match byte {
            b'\t' => {
                let spaces = 8 - column % 8;
                expanded.extend(std::iter::repeat_n(b' ', spaces));
                column += spaces;
            }
            b'\n' | b'\r' => {
                expanded.push(byte);
                column = 0;
            }
            _ => {
                expanded.push(byte);
                column += usize::from(byte & 0xC0 != 0x80);
            }
        }
    }
    expanded
}
