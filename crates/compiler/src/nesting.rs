//! How deep a source text nests, before the parser recurses into it.
//!
//! A scan over the bytes that knows strings, comments and brackets. It raises
//! the tokenizer's errors for too many brackets or indentation levels, and
//! bounds the depth of the tree: everything between two commas of a bracket
//! may nest, nothing across them.

use crate::{
    error::{CompileError, ErrorKind, Result},
    syntax_error::tokenizer::{self, Kind},
};

/// Texts up to this depth are compiled on the caller's stack.
pub(crate) const ORDINARY: usize = 250;

/// CPython's `MAXLEVEL` and `MAXINDENT`.
const MAX_BRACKETS: usize = 200;
const MAX_INDENT: usize = 100;

/// Prefix operators and the like at which the parser recurses.
const MAX_PREFIXES: usize = 5500;

struct Level {
    operators: usize,
    prefixes: usize,
}

/// A bound on the depth of the syntax tree.
pub(crate) fn check(text: &str) -> Result<usize> {
    Scan {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        line_start: 0,
        levels: vec![Level { operators: 0, prefixes: 0 }],
        operators: 0,
        prefixes: 0,
        deepest: 0,
        elifs: 0,
        indents: Vec::new(),
        suspect: false,
    }
    .run()
}

/// The same for the fields of f-strings, which the scan takes for text.
fn in_fields(text: &str) -> Result<usize> {
    let scan = tokenizer::scan(text, false, false);
    if scan.error.is_some() {
        // Nobody should parse what is behind it; the caller explains it.
        return Err(CompileError::new(ErrorKind::SyntaxError, "invalid syntax"));
    }
    let (mut strings, mut tokens, mut deepest) = (0usize, 0, 0);
    for token in &scan.tokens {
        match token.kind {
            Kind::InterpolatedStart => strings += 1,
            Kind::InterpolatedEnd => strings = strings.saturating_sub(1),
            _ => {}
        }
        tokens = if strings == 0 { 0 } else { tokens + 1 };
        deepest = deepest.max(tokens);
    }
    Ok(deepest)
}

/// Signs in an f-string that can nest; fewer of them need no second look.
const SUSPECT: usize = 150;

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: i32,
    line_start: usize,
    levels: Vec<Level>,
    /// Sums over all levels.
    operators: usize,
    prefixes: usize,
    deepest: usize,
    elifs: usize,
    indents: Vec<usize>,
    /// Whether there is an f-string that may nest deeply.
    suspect: bool,
}

impl Scan<'_> {
    fn run(mut self) -> Result<usize> {
        self.indentation()?;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'#' => self.comment(),
                b'\n' => {
                    self.newline();
                    if self.levels.len() == 1 {
                        self.reset();
                        self.indentation()?;
                    }
                }
                b'\\' => {
                    self.at += 1;
                    if self.bytes.get(self.at) == Some(&b'\n') {
                        self.newline();
                    }
                }
                b'"' | b'\'' => self.string(),
                b'(' | b'[' | b'{' => {
                    if self.levels.len() > MAX_BRACKETS {
                        return Err(
                            self.error(ErrorKind::SyntaxError, "too many nested parentheses")
                        );
                    }
                    self.operator();
                    self.levels.push(Level { operators: 0, prefixes: 0 });
                    self.at += 1;
                }
                b')' | b']' | b'}' => {
                    if self.levels.len() > 1 {
                        self.reset();
                        self.levels.pop();
                    }
                    self.at += 1;
                }
                b',' | b';' => {
                    self.reset();
                    self.at += 1;
                }
                b'+' | b'-' | b'~' => {
                    self.operator();
                    // A sign if no operand is before it.
                    let before =
                        self.bytes[..self.at].iter().rev().find(|byte| !byte.is_ascii_whitespace());
                    let operand = before.is_some_and(|byte| {
                        byte.is_ascii_alphanumeric()
                            || matches!(byte, b'_' | b')' | b']' | b'}' | b'"' | b'\'')
                            || *byte >= 0x80
                    });
                    if !operand {
                        self.prefix();
                    }
                    self.at += 1;
                }
                b'*' => {
                    self.operator();
                    self.at += 1;
                    if self.bytes.get(self.at) == Some(&b'*') {
                        self.prefix();
                        self.prefix();
                        self.at += 1;
                    }
                }
                b'.' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'<' | b'>' => {
                    self.operator();
                    self.at += 1;
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
                b'0'..=b'9' => self.number(),
                _ => self.at += 1,
            }
            if self.prefixes > MAX_PREFIXES {
                return Err(CompileError::new(
                    ErrorKind::MemoryError,
                    "Parser stack overflowed - Python source too complex to parse",
                ));
            }
            let depth = self.operators + self.prefixes + self.indents.len();
            self.deepest = self.deepest.max(depth);
        }
        let inside = if self.suspect { in_fields(self.text)? } else { 0 };
        Ok(self.deepest + self.elifs + inside)
    }

    fn error(&self, kind: ErrorKind, message: &str) -> Box<CompileError> {
        let mut error = CompileError::new(kind, message);
        let end = self.bytes[self.line_start..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(self.bytes.len(), |len| self.line_start + len + 1);
        let text = String::from_utf8_lossy(&self.bytes[self.line_start..end]).into_owned();
        error.lineno = self.line;
        error.end_lineno = self.line;
        let before = &self.bytes[self.line_start..self.at.max(self.line_start)];
        error.offset = String::from_utf8_lossy(before).chars().count() as i32 + 1;
        error.end_offset = error.offset;
        if kind == ErrorKind::IndentationError {
            (error.offset, error.end_offset) = (1, 0);
        }
        error.text = Some(text);
        error
    }

    fn newline(&mut self) {
        self.at += 1;
        self.line += 1;
        self.line_start = self.at;
    }

    fn comment(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| *byte != b'\n') {
            self.at += 1;
        }
    }

    fn operator(&mut self) {
        self.operators += 1;
        if let Some(level) = self.levels.last_mut() {
            level.operators += 1;
        }
    }

    fn prefix(&mut self) {
        self.prefixes += 1;
        if let Some(level) = self.levels.last_mut() {
            level.prefixes += 1;
        }
    }

    fn reset(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.operators -= std::mem::take(&mut level.operators);
            self.prefixes -= std::mem::take(&mut level.prefixes);
        }
    }

    fn indentation(&mut self) -> Result {
        let mut column = 0;
        loop {
            match self.bytes.get(self.at) {
                Some(b' ') => column += 1,
                Some(b'\t') => column = (column / 8 + 1) * 8,
                Some(b'\x0c') => column = 0,
                Some(b'\n' | b'#') | None => return Ok(()),
                Some(_) => break,
            }
            self.at += 1;
        }
        while self.indents.last().is_some_and(|indent| *indent > column) {
            self.indents.pop();
        }
        if column > self.indents.last().copied().unwrap_or(0) {
            if self.indents.len() + 1 >= MAX_INDENT {
                return Err(
                    self.error(ErrorKind::IndentationError, "too many levels of indentation")
                );
            }
            self.indents.push(column);
        }
        Ok(())
    }

    fn number(&mut self) {
        while self
            .bytes
            .get(self.at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        {
            self.at += 1;
        }
    }

    fn word(&mut self) {
        let start = self.at;
        while self
            .bytes
            .get(self.at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
        {
            self.at += 1;
        }
        match &self.bytes[start..self.at] {
            b"not" if self.bytes[..start].trim_ascii_end().ends_with(b"is") => self.operator(),
            b"lambda" => {
                self.operator();
                self.prefix();
                self.prefix();
            }
            b"not" | b"await" | b"else" => {
                self.operator();
                self.prefix();
            }
            b"elif" => self.elifs += 1,
            b"if" | b"for" | b"yield" => self.operator(),
            _ => {}
        }
    }

    fn string(&mut self) {
        let start = self.at;
        let prefix = self.bytes[..start].iter().rev().take_while(|b| b.is_ascii_alphabetic());
        let interpolated = prefix.take(3).any(|byte| b"ftFT".contains(byte));
        self.string_end();
        if interpolated && !self.suspect {
            let literal = self.bytes.get(start..self.at).unwrap_or(&[]);
            let signs = literal
                .iter()
                .filter(|byte| byte.is_ascii_whitespace() || b"([{+-~*/.:".contains(byte));
            self.suspect = literal.contains(&b'{') && signs.count() > SUSPECT;
        }
    }

    fn string_end(&mut self) {
        let quote = self.bytes[self.at];
        let triple = self.bytes.get(self.at + 1) == Some(&quote)
            && self.bytes.get(self.at + 2) == Some(&quote);
        self.at += if triple { 3 } else { 1 };
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => {
                    self.at += 1;
                    if self.bytes.get(self.at) == Some(&b'\n') {
                        self.newline();
                    } else {
                        self.at += 1;
                    }
                }
                b'\n' if !triple => return,
                b'\n' => self.newline(),
                _ if byte == quote => {
                    if !triple {
                        self.at += 1;
                        return;
                    }
                    if self.bytes[self.at..].starts_with(&[quote; 3]) {
                        self.at += 3;
                        return;
                    }
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }
}
