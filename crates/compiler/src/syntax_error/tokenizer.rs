//! CPython's tokenizer, for its errors.
//!
//! Stops at the first error. Tokens inside the fields of f-strings are part of
//! the list, between the start and the end of the f-string.

use crate::error::ErrorKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Name,
    Number,
    Str,
    InterpolatedStart,
    InterpolatedMiddle,
    InterpolatedEnd,
    Op,
    Newline,
    Indent,
    Dedent,
    /// Only on request.
    Comment,
    /// A line end that ends no statement; only on request.
    Nl,
    /// `# type: …`; only on request.
    TypeComment,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// An error at byte offsets of the text.
#[derive(Clone, Debug)]
pub(crate) struct TokenError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) start: usize,
    /// The end, if the error has a range.
    pub(crate) end: End,
    /// Whether a string literal is still open at the end of the text.
    pub(super) open: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// As the start.
    Same,
    At(usize),
    /// A value that is no position.
    Column(i32),
    /// The text ends too early.
    Eof,
    /// No columns, in a line.
    Nowhere(i32),
    /// Where the tokenizer is, in a line and after a number of characters.
    Virtual(i32, i32),
    /// Where the tokenizer is behind a token.
    Reached(usize),
}

impl TokenError {
    /// Whether CPython's tokenizer leaves it to the parser to raise this.
    pub(crate) fn is_late(&self) -> bool {
        self.kind != ErrorKind::SyntaxError
            || self.at_end()
            || self.message.starts_with("unexpected character after line")
    }

    pub(crate) fn at_end(&self) -> bool {
        self.message == "unexpected EOF while parsing"
    }
}

/// What the scan found.
pub(crate) struct Scan {
    pub(crate) tokens: Vec<Token>,
    pub(crate) error: Option<TokenError>,
    /// Offset of the innermost bracket that is open at the end.
    pub(crate) unclosed: Option<usize>,
    /// Whether the tokens end within an f-string.
    pub(super) in_fstring: bool,
    /// Line and tag of each `# type: ignore`; only on request.
    pub(crate) ignores: Vec<(usize, String)>,
}

/// Brackets within brackets, f-strings within f-strings, fields within fields.
const MAX_BRACKETS: usize = 200;
const MAX_FSTRINGS: usize = 149;
const MAX_INDENTS: usize = 100;
const MAX_FIELDS: usize = 3;

struct FString {
    kind: char,
    quote: u8,
    size: usize,
    start: usize,
    raw: bool,
    /// Depth of open brackets when its innermost field began, per field.
    fields: Vec<usize>,
    in_spec: bool,
}

struct Tokenizer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    parens: Vec<(u8, usize)>,
    indents: Vec<(usize, usize)>,
    fstrings: Vec<FString>,
    /// Keep comments and all line ends, and leave some errors to others, as
    /// the module `tokenize` wants it.
    extra: bool,
    type_comments: bool,
    ignores: Vec<(usize, String)>,
    /// The start of the comment that was just read.
    comment: Option<usize>,
    /// Whether the statement has begun.
    in_statement: bool,
}

type Step = Result<(), TokenError>;

pub(super) fn tokenize(text: &str) -> Scan {
    scan(text, false, false)
}

/// Tokenize; `extra` as [`Tokenizer::extra`].
pub(crate) fn scan(text: &str, extra: bool, type_comments: bool) -> Scan {
    let mut tokenizer = Tokenizer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        tokens: Vec::new(),
        parens: Vec::new(),
        indents: vec![(0, 0)],
        fstrings: Vec::new(),
        extra,
        type_comments,
        ignores: Vec::new(),
        comment: None,
        in_statement: false,
    };
    let error = tokenizer.run().err();
    let unclosed = tokenizer.parens.last().map(|paren| paren.1);
    Scan {
        tokens: tokenizer.tokens,
        error,
        unclosed,
        in_fstring: !tokenizer.fstrings.is_empty(),
        ignores: tokenizer.ignores,
    }
}

fn is_identifier_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Tokenizer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: Kind, start: usize) {
        match kind {
            Kind::Newline => self.in_statement = false,
            Kind::Comment | Kind::Nl | Kind::Indent | Kind::Dedent => {}
            _ => self.in_statement = true,
        }
        self.tokens.push(Token { kind, start, end: self.at });
    }

    /// An error at the current position, as most of the tokenizer's are: the
    /// column is the number of characters before it.
    fn error(&self, message: impl Into<String>) -> TokenError {
        TokenError {
            kind: ErrorKind::SyntaxError,
            message: message.into(),
            start: self.at.saturating_sub(1),
            end: End::Same,
            open: false,
        }
    }

    fn error_after(&self, at: usize, message: impl Into<String>) -> TokenError {
        TokenError { start: at, ..self.error(message) }
    }

    fn run(&mut self) -> Step {
        self.line_start()?;
        while self.at < self.bytes.len() {
            if let Some(fstring) = self.fstrings.last()
                && (fstring.fields.is_empty() || fstring.in_spec)
            {
                self.middle()?;
                continue;
            }
            self.token()?;
        }
        if self.fstrings.last().is_some_and(|f| f.fields.is_empty() || f.in_spec) {
            self.middle()?;
        }
        if self.extra && !self.parens.is_empty() {
            return Err(self.early_end());
        }
        if self.parens.is_empty() {
            let last = self.tokens.last().map(|token| token.kind);
            let line = self.text.rsplit('\n').next().unwrap_or_default();
            let blank = !line.is_empty() && line.trim_start().is_empty();
            if self.extra && (blank || last == Some(Kind::Comment)) && !self.in_statement {
                self.push(Kind::Nl, self.at);
            } else if self.in_statement
                || !self.extra && last.is_some_and(|kind| kind != Kind::Newline)
            {
                self.push(Kind::Newline, self.at);
            }
            while self.indents.len() > 1 {
                self.indents.pop();
                self.push(Kind::Dedent, self.at);
            }
        }
        self.push(Kind::End, self.at);
        Ok(())
    }

    fn early_end(&self) -> TokenError {
        let mut error = self.error("unexpected EOF in multi-line statement");
        error.end = End::Eof;
        error
    }

    fn line_start(&mut self) -> Step {
        let mut column = 0;
        let mut alternative = 0;
        let mut continued = None;
        let start = self.at;
        loop {
            match self.peek(0) {
                b' ' => {
                    column += 1;
                    alternative += 1;
                }
                b'\t' => {
                    column = (column / 8 + 1) * 8;
                    alternative += 1;
                }
                b'\x0c' => {
                    column = 0;
                    alternative = 0;
                }
                // The first line tells how far a continued line is indented.
                b'\\' if self.extra && self.peek(1) != b'\n' => break,
                b'\\' => {
                    self.continuation()?;
                    self.at -= 1;
                    continued = continued.or(Some(column).filter(|column| *column > 0));
                }
                _ => break,
            }
            self.at += 1;
        }
        if matches!(self.peek(0), b'\n' | b'#') || self.at >= self.bytes.len() {
            return Ok(());
        }
        if let Some(first) = continued {
            (column, alternative) = (first, first);
        }
        let tab_error = |tokenizer: &Self| {
            let mut error = tokenizer.error("inconsistent use of tabs and spaces in indentation");
            error.kind = ErrorKind::TabError;
            error.start = start;
            error.end = End::Column(0);
            error
        };
        let top = self.indents.last().copied().unwrap_or((0, 0));
        if column == top.0 {
            if alternative != top.1 {
                return Err(tab_error(self));
            }
        } else if column > top.0 {
            if alternative <= top.1 {
                return Err(tab_error(self));
            }
            if self.indents.len() >= MAX_INDENTS {
                let mut error = tab_error(self);
                error.kind = ErrorKind::IndentationError;
                error.message = "too many levels of indentation".to_owned();
                return Err(error);
            }
            self.indents.push((column, alternative));
            self.push(Kind::Indent, start);
        } else {
            let kept = self.indents.iter().rposition(|indent| indent.0 <= column).unwrap_or(0);
            let closed = self.indents.len() - 1 - kept;
            self.indents.truncate(kept + 1);
            let top = self.indents.last().copied().unwrap_or((0, 0));
            if column != top.0 {
                let mut error = self.error("unindent does not match any outer indentation level");
                error.kind = ErrorKind::IndentationError;
                let line = self.bytes[self.at..].iter().position(|byte| *byte == b'\n');
                error.start = line.map_or(self.bytes.len(), |len| self.at + len);
                error.end = End::Column(-1);
                return Err(error);
            }
            if alternative != top.1 {
                return Err(tab_error(self));
            }
            for _ in 0..closed {
                self.push(Kind::Dedent, self.at);
            }
        }
        Ok(())
    }

    fn token(&mut self) -> Step {
        let start = self.at;
        let byte = self.peek(0);
        match byte {
            b' ' | b'\t' | b'\x0c' => self.at += 1,
            b'#' => {
                while self.at < self.bytes.len() && self.peek(0) != b'\n' {
                    self.at += 1;
                }
                if self.extra {
                    self.push(Kind::Comment, start);
                } else {
                    if self.type_comments {
                        self.type_comment(start);
                    }
                    self.comment = Some(start);
                }
            }
            b'\n' => {
                self.at += 1;
                let ends = self.parens.is_empty() && self.fstrings.is_empty();
                let comment = self.comment.take();
                if ends && self.in_statement {
                    // A comment belongs to the line end behind it.
                    self.push(Kind::Newline, comment.unwrap_or(start));
                } else if self.extra {
                    self.push(Kind::Nl, start);
                }
                if ends {
                    self.line_start()?;
                }
            }
            b'\\' => self.continuation()?,
            b'"' | b'\'' => self.string(start, false)?,
            b'0'..=b'9' => self.number(start)?,
            b'.' if self.peek(1).is_ascii_digit() => self.number(start)?,
            byte if is_identifier_start(byte) => self.word(start)?,
            b'(' | b'[' | b'{' => {
                self.at += 1;
                if self.parens.len() >= MAX_BRACKETS {
                    return Err(self.error("too many nested parentheses"));
                }
                self.parens.push((byte, start));
                self.push(Kind::Op, start);
            }
            b')' | b']' | b'}' => self.close(byte, start)?,
            _ => self.operator(start)?,
        }
        Ok(())
    }

    /// Go over a backslash and the line end that must follow.
    fn continuation(&mut self) -> Step {
        let start = self.at;
        self.at += 1;
        if self.at >= self.bytes.len() || &self.bytes[self.at..] == b"\n" {
            if self.extra {
                return Err(self.early_end());
            }
            if self.at >= self.bytes.len() {
                let mut error = self
                    .error_after(start, "unexpected character after line continuation character");
                error.end = End::Column(0);
                return Err(error);
            }
            let mut error = self.error_after(start + 1, "unexpected EOF while parsing");
            error.end = End::Column(-1);
            return Err(error);
        }
        if self.peek(0) != b'\n' {
            let mut error = self
                .error_after(start + 1, "unexpected character after line continuation character");
            error.end = End::Column(0);
            return Err(error);
        }
        self.at += 1;
        Ok(())
    }

    /// Look at a comment that may be a type or `ignore`.
    fn type_comment(&mut self, start: usize) {
        let comment = self.text.get(start..self.at).unwrap_or("");
        let blank = [' ', '\t'];
        let rest = comment.trim_start_matches('#').trim_start_matches(blank);
        let Some(ty) = rest.strip_prefix("type:").filter(|_| !comment.starts_with("##")) else {
            return;
        };
        let ty = ty.trim_start_matches(blank);
        if let Some(tag) = ty.strip_prefix("ignore")
            && !tag.starts_with(|c: char| c.is_ascii_alphanumeric() || !c.is_ascii())
        {
            let before = &self.text[..start];
            let line = before.matches('\n').count() + 1;
            // One that has its line for itself takes the line's end, too.
            let alone = before.rsplit('\n').next().is_some_and(|text| text.trim().is_empty());
            let end = if alone && self.peek(0) == b'\n' { "\n" } else { "" };
            self.ignores.push((line, format!("{tag}{end}")));
            return;
        }
        self.push(Kind::TypeComment, self.at - ty.len());
    }

    fn close(&mut self, byte: u8, start: usize) -> Step {
        self.at += 1;
        let closer = char::from(byte);
        let in_field = self
            .fstrings
            .last()
            .and_then(|fstring| fstring.fields.last())
            .is_some_and(|depth| *depth == self.parens.len());
        let Some((opener, place)) = self.parens.last().copied() else {
            if self.extra {
                self.push(Kind::Op, start);
                return Ok(());
            }
            return Err(self.error(format!("unmatched '{closer}'")));
        };
        let matches = matches!((opener, byte), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
        if !matches && !self.extra {
            if in_field && let Some(fstring) = self.fstrings.last() {
                return Err(self.error(format!("{}-string: unmatched '{closer}'", fstring.kind)));
            }
            let opened = self.text[place..start].contains('\n');
            let opener = char::from(opener);
            let line = self.bytes[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
            let tail = if opened { format!(" on line {line}") } else { String::new() };
            return Err(self.error(format!(
                "closing parenthesis '{closer}' does not match opening parenthesis \
                 '{opener}'{tail}"
            )));
        }
        self.parens.pop();
        self.push(Kind::Op, start);
        if in_field && let Some(fstring) = self.fstrings.last_mut() {
            fstring.fields.pop();
            fstring.in_spec = !fstring.fields.is_empty();
        }
        Ok(())
    }

    fn operator(&mut self, start: usize) -> Step {
        const THREE: [&str; 5] = ["**=", "//=", ">>=", "<<=", "..."];
        const TWO: [&str; 19] = [
            "**", "//", ">>", "<<", "==", "!=", "<=", ">=", "->", "+=", "-=", "*=", "/=", "%=",
            "&=", "|=", "^=", "@=", ":=",
        ];
        let rest = &self.text[start..];
        let in_field = self
            .fstrings
            .last()
            .and_then(|fstring| fstring.fields.last())
            .is_some_and(|depth| *depth == self.parens.len());
        if in_field && rest.starts_with(':') {
            self.at += 1;
            self.push(Kind::Op, start);
            if let Some(fstring) = self.fstrings.last_mut() {
                fstring.in_spec = true;
            }
            return Ok(());
        }
        if let Some(op) = THREE.iter().chain(&TWO).find(|op| rest.starts_with(**op)) {
            self.at += op.len();
            self.push(Kind::Op, start);
            return Ok(());
        }
        let byte = self.peek(0);
        if b"+-*/%&|^~<>=!.,:;@".contains(&byte) {
            self.at += 1;
            self.push(Kind::Op, start);
            return Ok(());
        }
        self.at += 1;
        if byte < b' ' || byte == 0x7F {
            let message = format!("invalid non-printable character U+{byte:04X}");
            return Err(self.error(message));
        }
        // `$`, `?` and `` ` `` are tokens that no rule knows.
        self.push(Kind::Op, start);
        Ok(())
    }

    fn word(&mut self, start: usize) -> Step {
        let (mut b, mut u, mut r, mut f, mut t) = (false, false, false, false, false);
        loop {
            let seen = match self.peek(0).to_ascii_lowercase() {
                b'b' => &mut b,
                b'u' => &mut u,
                b'r' => &mut r,
                b'f' => &mut f,
                b't' => &mut t,
                _ => break,
            };
            if std::mem::replace(seen, true) {
                break;
            }
            self.at += 1;
            if matches!(self.peek(0), b'"' | b'\'') {
                let pairs = [
                    (u && b, "u", "b"),
                    (u && r, "u", "r"),
                    (u && f, "u", "f"),
                    (u && t, "u", "t"),
                    (b && f, "b", "f"),
                    (b && t, "b", "t"),
                    (f && t, "f", "t"),
                ];
                if let Some((_, one, two)) = pairs.iter().find(|pair| pair.0) {
                    let mut error = self.error_after(
                        start,
                        format!("'{one}' and '{two}' prefixes are incompatible"),
                    );
                    error.end = End::At(self.at);
                    return Err(error);
                }
                if (f || t) && self.fstrings.len() >= MAX_FSTRINGS {
                    let quote = self.peek(0);
                    let triple = self.peek(1) == quote && self.peek(2) == quote;
                    let mut error = self.error("too many nested f-strings or t-strings");
                    error.start = self.at + if triple { 2 } else { 0 };
                    return Err(error);
                }
                if f || t {
                    self.start_interpolated(start, if f { 'f' } else { 't' }, r);
                    return Ok(());
                }
                return self.string(start, true);
            }
        }
        while is_identifier(self.peek(0)) {
            self.at += 1;
        }
        let checked = if self.extra { "" } else { &self.text[start..self.at] };
        for (at, c) in checked.char_indices() {
            let valid = c.is_ascii() || unicode_identifier(c, at > 0);
            if !valid {
                let place = start + at;
                let code = format!("{:04X}", c as u32);
                let message = if c.is_control() || c.is_whitespace() || is_format(c) {
                    format!("invalid non-printable character U+{code}")
                } else {
                    format!("invalid character '{c}' (U+{code})")
                };
                return Err(self.error_after(place, message));
            }
        }
        self.push(Kind::Name, start);
        Ok(())
    }

    fn digits(&mut self) -> Step {
        loop {
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
            if self.peek(0) != b'_' {
                return Ok(());
            }
            self.at += 1;
            if !self.peek(0).is_ascii_digit() {
                return Err(self.error("invalid decimal literal"));
            }
        }
    }

    fn radix(&mut self, name: &str, is_digit: impl Fn(u8) -> bool) -> Step {
        self.at += 2;
        loop {
            if self.peek(0) == b'_' {
                self.at += 1;
            }
            let byte = self.peek(0);
            if !is_digit(byte) {
                if byte.is_ascii_digit() {
                    return Err(self.wrong_digit(name));
                }
                return Err(self.error(format!("invalid {name} literal")));
            }
            while is_digit(self.peek(0)) {
                self.at += 1;
            }
            if self.peek(0) != b'_' {
                break;
            }
        }
        if self.peek(0).is_ascii_digit() {
            return Err(self.wrong_digit(name));
        }
        self.end_of_number(name)
    }

    fn wrong_digit(&mut self, name: &str) -> TokenError {
        let digit = char::from(self.peek(0));
        self.at += 1;
        self.error(format!("invalid digit '{digit}' in {name} literal"))
    }

    fn number(&mut self, start: usize) -> Step {
        let mut leading_zeros = None;
        if self.peek(0) == b'0' {
            match self.peek(1).to_ascii_lowercase() {
                b'x' => {
                    self.radix("hexadecimal", |byte| byte.is_ascii_hexdigit())?;
                    self.push(Kind::Number, start);
                    return Ok(());
                }
                b'o' => {
                    self.radix("octal", |byte| matches!(byte, b'0'..=b'7'))?;
                    self.push(Kind::Number, start);
                    return Ok(());
                }
                b'b' => {
                    self.radix("binary", |byte| matches!(byte, b'0' | b'1'))?;
                    self.push(Kind::Number, start);
                    return Ok(());
                }
                _ => {}
            }
            loop {
                if self.peek(0) == b'_' {
                    self.at += 1;
                    if !self.peek(0).is_ascii_digit() {
                        return Err(self.error("invalid decimal literal"));
                    }
                }
                if self.peek(0) != b'0' {
                    break;
                }
                self.at += 1;
            }
            let zeros_end = self.at;
            if self.peek(0).is_ascii_digit() {
                leading_zeros = Some(zeros_end);
                self.digits()?;
            }
        } else if self.peek(0) != b'.' {
            self.digits()?;
        }
        let mut float = false;
        if self.peek(0) == b'.' {
            float = true;
            self.at += 1;
            if self.peek(0).is_ascii_digit() {
                self.digits()?;
            }
        }
        if matches!(self.peek(0), b'e' | b'E') {
            let signed = matches!(self.peek(1), b'+' | b'-');
            let digit = self.peek(if signed { 2 } else { 1 });
            if digit.is_ascii_digit() {
                float = true;
                self.at += if signed { 2 } else { 1 };
                self.digits()?;
            } else if signed {
                self.at += 2;
                return Err(self.error("invalid decimal literal"));
            } else {
                self.end_of_number("decimal")?;
                self.push(Kind::Number, start);
                return Ok(());
            }
        }
        if matches!(self.peek(0), b'j' | b'J') {
            self.at += 1;
            self.end_of_number("imaginary")?;
        } else if let Some(zeros_end) = leading_zeros.filter(|_| !float && !self.extra) {
            let mut error = self.error_after(
                start,
                "leading zeros in decimal integer literals are not permitted; use an 0o prefix \
                 for octal integers",
            );
            error.end = End::At(zeros_end);
            return Err(error);
        } else {
            self.end_of_number("decimal")?;
        }
        self.push(Kind::Number, start);
        Ok(())
    }

    fn end_of_number(&mut self, name: &str) -> Step {
        if self.extra {
            return Ok(());
        }
        let rest = &self.text[self.at..];
        let keyword = ["and", "else", "for", "if", "in", "is", "or", "not"]
            .iter()
            .filter_map(|keyword| Some((keyword, rest.strip_prefix(keyword)?)))
            // COMPAT: CPython looks at two letters only of those that begin with one.
            .any(|(keyword, rest)| {
                keyword.starts_with('i') || !rest.bytes().next().is_some_and(is_identifier)
            });
        let next = self.peek(0);
        if !keyword && next < 0x80 && is_identifier(next) {
            return Err(self.error(format!("invalid {name} literal")));
        }
        Ok(())
    }

    fn string(&mut self, start: usize, _prefixed: bool) -> Step {
        let quote = self.peek(0);
        let quote_at = self.at;
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        let size = if triple { 3 } else { 1 };
        if !triple && self.peek(1) == quote {
            self.at += 2;
            self.push(Kind::Str, start);
            return Ok(());
        }
        self.at += size;
        let mut escaped_quote = false;
        loop {
            let ended = self.at >= self.bytes.len() || !triple && self.peek(0) == b'\n';
            if ended {
                return Err(self.unterminated(start, quote_at, quote, size, escaped_quote));
            }
            let byte = self.peek(0);
            if byte == b'\\' {
                escaped_quote |= self.peek(1) == quote;
                self.at = (self.at + 2).min(self.bytes.len());
                continue;
            }
            if byte == quote && (!triple || self.peek(1) == quote && self.peek(2) == quote) {
                self.at += size;
                self.push(Kind::Str, start);
                return Ok(());
            }
            self.at += 1;
        }
    }

    fn unterminated(
        &self,
        start: usize,
        _quote_at: usize,
        quote: u8,
        size: usize,
        escaped_quote: bool,
    ) -> TokenError {
        if let Some(fstring) = self.fstrings.last()
            && fstring.quote == quote
            && fstring.size == size
        {
            return self.error_after(start, format!("{}-string: expecting '}}'", fstring.kind));
        }
        let newlines = self.bytes[..self.at].iter().filter(|byte| **byte == b'\n').count();
        // The text ends in a newline even if the source does not.
        let open = self.at >= self.bytes.len();
        let line = newlines + 1 - usize::from((size == 3 || open) && self.text.ends_with('\n'));
        let message = if size == 3 {
            format!("unterminated triple-quoted string literal (detected at line {line})")
        } else if escaped_quote {
            format!(
                "unterminated string literal (detected at line {line}); perhaps you escaped the \
                 end quote?"
            )
        } else {
            format!("unterminated string literal (detected at line {line})")
        };
        TokenError { open, ..self.error_after(start, message) }
    }

    fn start_interpolated(&mut self, start: usize, kind: char, raw: bool) {
        let quote = self.peek(0);
        let size = if self.peek(1) == quote && self.peek(2) == quote { 3 } else { 1 };
        self.at += size;
        self.push(Kind::InterpolatedStart, start);
        self.fstrings.push(FString {
            kind,
            quote,
            size,
            start,
            raw,
            fields: Vec::new(),
            in_spec: false,
        });
    }

    /// Literal text of an f-string, up to a field or the end.
    fn middle(&mut self) -> Step {
        let mut start = self.at;
        let Some(fstring) = self.fstrings.last() else { return Ok(()) };
        let (kind, quote, size, begin) = (fstring.kind, fstring.quote, fstring.size, fstring.start);
        let (in_spec, raw) = (fstring.in_spec, fstring.raw);
        loop {
            let byte = self.peek(0);
            if self.at >= self.bytes.len() || size == 1 && byte == b'\n' {
                if in_spec && self.at < self.bytes.len() {
                    self.at += 1;
                    return Err(self.error(format!(
                        "{kind}-string: newlines are not allowed in format specifiers for single \
                         quoted {kind}-strings"
                    )));
                }
                let line = self.bytes[..self.at].iter().filter(|byte| **byte == b'\n').count() + 1
                    - usize::from(size == 3 && self.text.ends_with('\n'));
                let triple = if size == 3 { "triple-quoted " } else { "" };
                let message =
                    format!("unterminated {triple}{kind}-string literal (detected at line {line})");
                let open = self.at >= self.bytes.len();
                return Err(TokenError { open, ..self.error_after(begin, message) });
            }
            let quotes = (0..size).all(|ahead| self.peek(ahead) == quote);
            if quotes {
                if self.at > start {
                    self.push(Kind::InterpolatedMiddle, start);
                }
                if in_spec {
                    // The parser complains that the field is not closed.
                    return Err(self.unclosed_spec(kind));
                }
                let end = self.at;
                self.at += size;
                self.push(Kind::InterpolatedEnd, end);
                self.fstrings.pop();
                return Ok(());
            }
            match byte {
                b'{' if self.peek(1) == b'{' && !in_spec => start = self.doubled(start),
                b'{' => {
                    if self.at > start {
                        self.push(Kind::InterpolatedMiddle, start);
                    }
                    let open = self.at;
                    if self.fstrings.last().is_some_and(|f| f.fields.len() >= MAX_FIELDS) {
                        return Err(
                            self.error(format!("{kind}-string: expressions nested too deeply"))
                        );
                    }
                    self.at += 1;
                    self.parens.push((b'{', open));
                    let depth = self.parens.len();
                    self.push(Kind::Op, open);
                    if let Some(fstring) = self.fstrings.last_mut() {
                        fstring.fields.push(depth);
                        fstring.in_spec = false;
                    }
                    return Ok(());
                }
                b'}' if in_spec => {
                    self.push(Kind::InterpolatedMiddle, start);
                    if let Some(fstring) = self.fstrings.last_mut() {
                        fstring.in_spec = false;
                    }
                    return self.close(b'}', self.at);
                }
                b'}' if self.peek(1) == b'}' => start = self.doubled(start),
                b'}' => {
                    self.at += 1;
                    return Err(self.error(format!("{kind}-string: single '}}' is not allowed")));
                }
                b'\\' if !raw && self.peek(1) == b'N' && self.peek(2) == b'{' => {
                    self.at += 3;
                    while !matches!(self.peek(0), b'}' | 0 | b'\n') && self.peek(0) != quote {
                        self.at += 1;
                    }
                    if self.peek(0) == b'}' {
                        self.at += 1;
                        if self.extra {
                            self.push(Kind::InterpolatedMiddle, start);
                            start = self.at;
                        }
                    }
                }
                b'\\' if !matches!(self.peek(1), b'{' | b'}') => {
                    self.at = (self.at + 2).min(self.bytes.len());
                }
                _ => self.at += 1,
            }
        }
    }

    /// Go over a doubled brace; the start of the text that is still to be
    /// pushed. A program gets to see one of the two.
    fn doubled(&mut self, start: usize) -> usize {
        self.at += 1;
        if self.extra {
            self.push(Kind::InterpolatedMiddle, start);
        }
        self.at += 1;
        if self.extra { self.at } else { start }
    }

    fn unclosed_spec(&self, kind: char) -> TokenError {
        let mut error =
            self.error_after(self.at, format!("{kind}-string: expecting '}}', or format specs"));
        error.end = End::At(self.at + 1);
        error
    }
}

fn is_format(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Identifier characters that are no letters: marks and connectors.
fn unicode_identifier(c: char, inside: bool) -> bool {
    let text = if inside { format!("a{c}") } else { c.to_string() };
    ruff_python_parser::parse_expression(&text).is_ok_and(|parsed| parsed.expr().is_name_expr())
}
