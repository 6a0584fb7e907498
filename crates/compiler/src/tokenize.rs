//! Tokens as the module `tokenize` shows them.
//!
//! Unlike the parser's, they include comments and all line ends, and what no
//! rule accepts can still be a token. Numbers are those of `token.py`.

use crate::{
    error::ErrorKind,
    syntax_error::tokenizer::{self, End, Kind},
};

/// `token.ENDMARKER`
pub const ENDMARKER: i32 = 0;
/// `token.NEWLINE`
pub const NEWLINE: i32 = 4;
/// `token.INDENT`
pub const INDENT: i32 = 5;
/// `token.DEDENT`
pub const DEDENT: i32 = 6;
/// `token.OP`
pub const OP: i32 = 55;
/// `token.COMMENT`
pub const COMMENT: i32 = 65;
/// `token.NL`
pub const NL: i32 = 66;

/// A token of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: i32,
    /// Byte offsets.
    pub start: usize,
    pub end: usize,
}

/// What ends the tokens early.
#[derive(Clone, Debug)]
pub struct TokenizeError {
    pub kind: ErrorKind,
    pub message: String,
    /// Byte offset.
    pub start: usize,
    pub end: Option<usize>,
    /// The text ended too early.
    pub at_end: bool,
}

/// Tokenize a text with `\n` line ends; `extra` keeps comments and empty lines
/// and does not tell operators apart.
pub fn tokenize(text: &str, extra: bool) -> (Vec<Token>, Option<TokenizeError>) {
    let scan = tokenizer::scan(text, extra, false);
    let mut strings = Vec::new();
    let tokens = scan.tokens.iter().map(|token| {
        let source = text.get(token.start..token.end).unwrap_or_default();
        let kind = match token.kind {
            Kind::End => ENDMARKER,
            Kind::Name => 1,
            Kind::Number => 2,
            Kind::Str => 3,
            Kind::Newline => NEWLINE,
            Kind::Indent => INDENT,
            Kind::Dedent => DEDENT,
            Kind::Comment => COMMENT,
            Kind::Nl => NL,
            // Not asked for.
            Kind::TypeComment => COMMENT,
            Kind::InterpolatedStart => {
                let template = source.contains(['t', 'T']);
                strings.push(template);
                if template { 62 } else { 59 }
            }
            Kind::InterpolatedMiddle => {
                if strings.last() == Some(&true) {
                    63
                } else {
                    60
                }
            }
            Kind::InterpolatedEnd => {
                if strings.pop() == Some(true) {
                    64
                } else {
                    61
                }
            }
            Kind::Op if extra => OP,
            Kind::Op => operator(source),
        };
        Token { kind, start: token.start, end: token.end }
    });
    let mut tokens: Vec<Token> = tokens.collect();
    let continued = text.strip_suffix('\n').unwrap_or(text).ends_with('\\');
    let error = match scan.error {
        Some(error) => {
            let at_end = matches!(error.end, End::Eof)
                || error.at_end()
                || continued && error.is_late() && error.kind == ErrorKind::SyntaxError;
            let end = match error.end {
                End::At(end) => Some(end),
                _ => None,
            };
            let message = if at_end { EARLY_END.to_owned() } else { error.message };
            Some(TokenizeError { kind: error.kind, message, start: error.start, end, at_end })
        }
        None if scan.unclosed.is_some() => {
            tokens.retain(|token| token.kind != ENDMARKER);
            let (kind, message) = (ErrorKind::SyntaxError, EARLY_END.to_owned());
            Some(TokenizeError { kind, message, start: text.len(), end: None, at_end: true })
        }
        None => None,
    };
    (tokens, error)
}

const EARLY_END: &str = "unexpected EOF in multi-line statement";

/// The exact kind of an operator.
fn operator(text: &str) -> i32 {
    const OPERATORS: &[&str] = &[
        "(", ")", "[", "]", ":", ",", ";", "+", "-", "*", "/", "|", "&", "<", ">", "=", ".", "%",
        "{", "}", "==", "!=", "<=", ">=", "~", "^", "<<", ">>", "**", "+=", "-=", "*=", "/=", "%=",
        "&=", "|=", "^=", "<<=", ">>=", "**=", "//", "//=", "@", "@=", "->", "...", ":=", "!",
    ];
    let index = OPERATORS.iter().position(|operator| *operator == text);
    index.map_or(OP, |index| 7 + index as i32)
}

#[cfg(test)]
mod tests {
    use super::tokenize;

    fn kinds(text: &str) -> Vec<(i32, &str)> {
        let (tokens, error) = tokenize(text, true);
        assert!(error.is_none(), "{error:?}");
        tokens.iter().map(|token| (token.kind, &text[token.start..token.end])).collect()
    }

    #[test]
    fn comments_and_empty_lines_are_tokens() {
        let expected =
            [(1, "x"), (65, "# c"), (4, "\n"), (66, "\n"), (65, "# d"), (66, "\n"), (0, "")];
        assert_eq!(kinds("x # c\n\n# d\n"), expected);
    }

    #[test]
    fn doubled_braces_split_the_text() {
        let expected = [(59, "f'"), (60, "a{"), (60, "b"), (61, "'"), (4, ""), (0, "")];
        assert_eq!(kinds("f'a{{b'"), expected);
    }
}
