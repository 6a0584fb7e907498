//! Warnings about the tokens of a text that is rejected later.
//!
//! CPython warns of a literal when it reads it, so also when the text turns out
//! to be no Python behind it.

use ruff_text_size::{TextRange, TextSize};

use super::{Lines, Lower, MAX_STR_DIGITS};
use crate::{
    error::CompileWarning,
    syntax_error::tokenizer::{Kind, Token},
};

/// What there is to say about literals that were read before an error; a middle
/// part of an f-string comes with whether that is raw.
pub(crate) fn token_warnings(
    source: &str,
    lines: &Lines,
    literals: impl Iterator<Item = (Token, bool)>,
) -> Vec<CompileWarning> {
    let mut lower = Lower::new(source, lines, MAX_STR_DIGITS);
    for (token, raw) in literals {
        let size = |offset: usize| TextSize::new(u32::try_from(offset).unwrap_or(0));
        let range = TextRange::new(size(token.start), size(token.end));
        match token.kind {
            Kind::Number => lower.warn_number(range),
            Kind::InterpolatedMiddle if !raw && lower.text(range).contains('\\') => {
                lower.decode_middle(range);
            }
            Kind::Str => lower.warn_string(range),
            _ => {}
        }
    }
    lower.warnings
}

impl Lower<'_> {
    fn warn_string(&mut self, range: TextRange) {
        let text = self.text(range);
        let Some(quote) = text.find(['"', '\'']) else { return };
        let (prefix, quoted) = text.split_at(quote);
        let width = match quoted.as_bytes() {
            [a, b, c, ..] if a == b && b == c && quoted.len() >= 6 => 3,
            _ => 1,
        };
        if prefix.contains(['r', 'R']) || !quoted.contains('\\') || quoted.len() < 2 * width {
            return;
        }
        let bytes = prefix.contains(['b', 'B']);
        let start = range.start() + TextSize::new((quote + width) as u32);
        let content = TextRange::new(start, range.end() - TextSize::new(width as u32));
        self.decode(content, range.start(), bytes, false);
    }
}
