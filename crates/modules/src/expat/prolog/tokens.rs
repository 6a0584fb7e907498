//! The tokens of the prolog and the document type definition.

use crate::expat::scan::{self, Scan, Trouble};

/// `?`, `*` or `+` behind a particle, as Expat numbers them.
pub(in crate::expat) type Quantifier = u8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::expat) enum Token {
    Space,
    DeclarationOpen,
    DeclarationClose,
    Name(Quantifier),
    Nmtoken,
    PoundName,
    Or,
    Percent,
    OpenParen,
    CloseParen(Quantifier),
    OpenBracket,
    CloseBracket,
    Literal,
    ParameterRef,
    InstanceStart,
    ConditionalOpen,
    ConditionalClose,
    Comma,
    Instruction,
    Comment,
}

fn quantifier(c: char) -> Quantifier {
    match c {
        '?' => 1,
        '*' => 2,
        '+' => 3,
        _ => 0,
    }
}

/// The token at `at`, where there is a character.
pub(in crate::expat) fn token(text: &str, at: usize) -> Scan<Token> {
    match scan_token(text, at) {
        Ok(found) => found,
        Err(trouble) => trouble.into(),
    }
}

fn scan_token(text: &str, at: usize) -> Result<Scan<Token>, Trouble> {
    let c = scan::need(text, at)?;
    let found = |token, len| Ok(Scan::Found(token, at + len));
    match c {
        '"' | '\'' => {
            let end = scan::literal(text, at)?;
            Ok(match scan::char_at(text, end) {
                None => Scan::Maybe(Token::Literal, end),
                Some('>' | '%' | '[') => Scan::Found(Token::Literal, end),
                Some(c) if scan::is_space(c) => Scan::Found(Token::Literal, end),
                Some(_) => Scan::Bad(end),
            })
        }
        '<' => scan_open(text, at),
        c if scan::is_space(c) => {
            let mut end = at;
            while scan::char_at(text, end).is_some_and(scan::is_space) {
                end += 1;
            }
            // A last CR may be half of a line end.
            Ok(match scan::char_at(text, end) {
                None => Scan::Maybe(Token::Space, end),
                Some(_) => Scan::Found(Token::Space, end),
            })
        }
        '%' => match scan::need(text, at + 1)? {
            '%' => found(Token::Percent, 1),
            c if scan::is_space(c) => found(Token::Percent, 1),
            _ => {
                let end = scan::name(text, at + 1)?;
                match scan::need(text, end)? {
                    ';' => Ok(Scan::Found(Token::ParameterRef, end + 1)),
                    _ => Err(Trouble::Bad(end)),
                }
            }
        },
        ',' => found(Token::Comma, 1),
        '[' => found(Token::OpenBracket, 1),
        ']' => match (scan::char_at(text, at + 1), scan::char_at(text, at + 2)) {
            (None, _) | (Some(']'), None) => Ok(Scan::Maybe(Token::CloseBracket, at + 1)),
            (Some(']'), Some('>')) => found(Token::ConditionalClose, 3),
            _ => found(Token::CloseBracket, 1),
        },
        '(' => found(Token::OpenParen, 1),
        ')' => match scan::char_at(text, at + 1) {
            None => Ok(Scan::Maybe(Token::CloseParen(0), at + 1)),
            Some(c @ ('*' | '+' | '?')) => found(Token::CloseParen(quantifier(c)), 2),
            Some('>' | ',' | '|' | ')') => found(Token::CloseParen(0), 1),
            Some(c) if scan::is_space(c) => found(Token::CloseParen(0), 1),
            Some(_) => Err(Trouble::Bad(at + 1)),
        },
        '|' => found(Token::Or, 1),
        '>' => found(Token::DeclarationClose, 1),
        '#' => {
            let end = scan::name(text, at + 1)?;
            Ok(match scan::char_at(text, end) {
                None => Scan::Maybe(Token::PoundName, end),
                Some(')' | '>' | '%' | '|') => Scan::Found(Token::PoundName, end),
                Some(c) if scan::is_space(c) => Scan::Found(Token::PoundName, end),
                Some(_) => Scan::Bad(end),
            })
        }
        c if scan::is_name(c) => scan_word(text, at, c),
        _ => Err(Trouble::Bad(at)),
    }
}

fn scan_word(text: &str, at: usize, first: char) -> Result<Scan<Token>, Trouble> {
    let is_name = scan::is_name_start(first);
    let token = if is_name { Token::Name(0) } else { Token::Nmtoken };
    let mut end = at;
    while let Some(c) = scan::char_at(text, end) {
        if !scan::is_name(c) {
            return match c {
                '>' | ')' | ',' | '|' | '[' | '%' => Ok(Scan::Found(token, end)),
                c if scan::is_space(c) => Ok(Scan::Found(token, end)),
                '?' | '*' | '+' if is_name => Ok(Scan::Found(Token::Name(quantifier(c)), end + 1)),
                _ => Err(Trouble::Bad(end)),
            };
        }
        end += c.len_utf8();
    }
    Ok(Scan::Maybe(token, end))
}

fn scan_open(text: &str, at: usize) -> Result<Scan<Token>, Trouble> {
    match scan::need(text, at + 1)? {
        '!' => match scan::need(text, at + 2)? {
            '-' => {
                if scan::need(text, at + 3)? != '-' {
                    return Err(Trouble::Bad(at + 3));
                }
                let end = scan::comment(text, at + 4)?;
                Ok(Scan::Found(Token::Comment, end))
            }
            '[' => Ok(Scan::Found(Token::ConditionalOpen, at + 3)),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut end = at + 2;
                loop {
                    let c = scan::need(text, end)?;
                    if scan::is_space(c) || c == '%' {
                        return Ok(Scan::Found(Token::DeclarationOpen, end));
                    }
                    if !(c.is_ascii_alphabetic() || c == '_') {
                        return Err(Trouble::Bad(end));
                    }
                    end += 1;
                }
            }
            _ => Err(Trouble::Bad(at + 2)),
        },
        '?' => {
            let (_, end) = scan::instruction(text, at + 2)?;
            Ok(Scan::Found(Token::Instruction, end))
        }
        c if scan::is_name_start(c) => Ok(Scan::Found(Token::InstanceStart, at)),
        _ => Err(Trouble::Bad(at + 1)),
    }
}
