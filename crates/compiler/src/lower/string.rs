//! String literals: values with lone surrogates, escape warnings, f-strings.

use bytecode::{ConstStr, Constant};
use ruff_python_ast::{self as ruff, StringFlags};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::Lower;
use crate::{
    ast::{Expr, ExprKind},
    error::{CompileWarning, Result},
    instruction_sequence::Location,
};

/// The parts of an f-string while neighbouring constants are joined.
#[derive(Default)]
struct Parts {
    values: Vec<Expr>,
    text: Vec<u32>,
    location: Option<Location>,
    unicode: bool,
}

impl Parts {
    fn push_text(
        &mut self,
        points: impl IntoIterator<Item = u32>,
        location: Location,
        unicode: bool,
    ) {
        let before = self.text.len();
        self.text.extend(points);
        if self.text.len() == before {
            return;
        }
        match &mut self.location {
            Some(known) => {
                known.end_line = location.end_line;
                known.end_col = location.end_col;
            }
            None => {
                self.location = Some(location);
                self.unicode = unicode;
            }
        }
    }

    fn flush(&mut self) {
        if let Some(location) = self.location.take() {
            let value = Constant::Str(ConstStr::from_code_points(self.text.drain(..)));
            let unicode = std::mem::take(&mut self.unicode);
            self.values.push(Expr::new(ExprKind::Constant { value, unicode }, location));
        }
    }

    fn push(&mut self, expr: Expr) {
        self.flush();
        self.values.push(expr);
    }

    fn finish(mut self) -> Vec<Expr> {
        self.flush();
        self.values
    }
}

impl Lower<'_> {
    pub(super) fn string_literal(&mut self, node: &ruff::ExprStringLiteral) -> Result<Expr> {
        let location = self.location(node);
        let parts = node.value.as_slice();
        let value = match parts {
            [part] if self.is_plain(part.content_range(), part.flags.prefix().is_raw()) => {
                ConstStr::from(&*part.value)
            }
            _ => {
                let mut points = Vec::new();
                for part in parts {
                    points.extend(self.literal_points(part));
                }
                ConstStr::from_code_points(points)
            }
        };
        let unicode = node.value.is_unicode();
        Ok(Expr::new(ExprKind::Constant { value: Constant::Str(value), unicode }, location))
    }

    fn is_plain(&self, content: TextRange, raw: bool) -> bool {
        raw || !self.text(content).contains('\\')
    }

    fn literal_points(&mut self, part: &ruff::StringLiteral) -> Vec<u32> {
        let content = part.content_range();
        if self.is_plain(content, part.flags.prefix().is_raw()) {
            return part.value.chars().map(u32::from).collect();
        }
        self.decode(content, part.range.start(), false, false)
    }

    pub(super) fn bytes_literal(&mut self, node: &ruff::ExprBytesLiteral) -> Result<Expr> {
        let location = self.location(node);
        let mut bytes = Vec::new();
        for part in node.value.as_slice() {
            bytes.extend_from_slice(&part.value);
            let opener = part.flags.opener_len();
            let closer = part.flags.closer_len();
            let content = TextRange::new(part.range.start() + opener, part.range.end() - closer);
            if !part.flags.prefix().is_raw() && self.text(content).contains('\\') {
                self.decode(content, part.range.start(), true, false);
            }
        }
        Ok(Expr::constant(Constant::Bytes(bytes.into()), location))
    }

    /// Decode the escapes of a literal whose syntax the parser accepted, and
    /// note those that are not valid. In f-strings doubled braces are one.
    pub(super) fn decode(
        &mut self,
        content: TextRange,
        token: TextSize,
        bytes: bool,
        braces: bool,
    ) -> Vec<u32> {
        let text = self.text(content).to_owned();
        let mut points = Vec::with_capacity(text.len());
        let mut invalid: Vec<(usize, usize, usize)> = Vec::new();
        // A doubled brace ends a token, as does a named character.
        let mut tokens = 0;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if braces && (c == '{' || c == '}') {
                if chars.peek().is_some_and(|(_, next)| *next == c) {
                    chars.next();
                    tokens += 1;
                }
                points.push(u32::from(c));
                continue;
            }
            if c != '\\' {
                points.push(u32::from(c));
                continue;
            }
            let Some(&(_, escape)) = chars.peek() else {
                points.push(u32::from('\\'));
                continue;
            };
            if braces && (escape == '{' || escape == '}') {
                points.push(u32::from('\\'));
                invalid.push((at, 1, tokens));
                continue;
            }
            chars.next();
            let simple = match escape {
                '\n' => continue,
                '\\' | '\'' | '"' => u32::from(escape),
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => 10,
                'r' => 13,
                't' => 9,
                'v' => 11,
                '0'..='7' => {
                    let mut value = u32::from(escape) - u32::from('0');
                    let mut digits = 1;
                    while digits < 3
                        && let Some((_, digit @ '0'..='7')) = chars.peek().copied()
                    {
                        value = value * 8 + (u32::from(digit) - u32::from('0'));
                        chars.next();
                        digits += 1;
                    }
                    if value > 0o377 {
                        invalid.push((at, 3, tokens));
                        if bytes {
                            value &= 0xFF;
                        }
                    }
                    value
                }
                'x' | 'u' | 'U' if escape == 'x' || !bytes => {
                    let digits = match escape {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let mut value = 0;
                    for _ in 0..digits {
                        let digit = chars.next().and_then(|(_, digit)| digit.to_digit(16));
                        value = value * 16 + digit.unwrap_or(0);
                    }
                    value
                }
                'N' if !bytes => {
                    let rest = &text[at..];
                    let end = rest.find('}').unwrap_or(rest.len());
                    let name = rest.get(3..end).unwrap_or("");
                    let value = text::unicode::character(name).map_or(0xFFFD, u32::from);
                    for (_, c) in chars.by_ref() {
                        if c == '}' {
                            break;
                        }
                    }
                    tokens += usize::from(braces);
                    value
                }
                other => {
                    // CPython has made other characters escapes before it looks.
                    if other.is_ascii() {
                        invalid.push((at, 1, tokens));
                    }
                    points.push(u32::from('\\'));
                    u32::from(other)
                }
            };
            points.push(simple);
        }
        invalid.dedup_by_key(|(_, _, token)| *token);
        for (at, len, _) in invalid {
            self.warn_invalid_escape(content, token, &text, at, len);
        }
        points
    }

    /// Decode literal text of an f-string. A backslash at its end is one before a field.
    pub(super) fn decode_middle(&mut self, range: TextRange) -> Vec<u32> {
        let start = range.start();
        if !self.text(range).ends_with('\\') {
            return self.decode(range, start, false, true);
        }
        let mut points =
            self.decode(TextRange::new(start, range.end() + TextSize::new(1)), start, false, true);
        points.pop();
        points
    }

    /// CPython reports the first invalid escape of each token.
    fn warn_invalid_escape(
        &mut self,
        content: TextRange,
        token: TextSize,
        text: &str,
        at: usize,
        len: usize,
    ) {
        let escape: String = text[at + 1..].chars().take(len).collect();
        let what = if len == 3 { "invalid octal" } else { "invalid" };
        let hint = format!("Did you mean \"\\\\{escape}\"? A raw string is also an option.");
        let subject = format!("\"\\{escape}\" is an {what} escape sequence.");
        let message = format!("{subject} Such sequences will not work in the future. {hint}");
        let (lineno, _) = self.lines.position(content.start() + TextSize::new(at as u32));
        let (line, col) = self.escape_place(content, token, text, at);
        let mut error = self.error_at(line, col, &format!("{subject} {hint}"));
        let longest = error.text.as_ref().map_or(0, |text| text.chars().count() as i32) + 1;
        error.offset = error.offset.min(longest);
        error.end_offset = (error.offset + 2).min(longest);
        self.warnings.push(CompileWarning { message, lineno, error });
    }

    /// Line and column that an error tells of an escape. COMPAT: CPython leaves
    /// the prefix of a string out, and counts from behind an f-string's end.
    fn escape_place(
        &self,
        content: TextRange,
        token: TextSize,
        text: &str,
        at: usize,
    ) -> (i32, i32) {
        if let Some(end) = self.interpolated_end {
            let (line, col) = self.lines.position(end);
            let before = &text[..at];
            return match before.rfind('\n') {
                None => (line, col + at as i32),
                Some(newline) => {
                    (line + before.matches('\n').count() as i32, (at - newline - 1) as i32)
                }
            };
        }
        let (line, col) = self.lines.position(content.start() + TextSize::new(at as u32));
        let is_prefixed =
            self.source.as_bytes().get(token.to_usize()).is_some_and(u8::is_ascii_alphabetic);
        let opener = if is_prefixed { (content.start() - token).to_u32() as i32 } else { 0 };
        let same_line = self.lines.position(token).0 == line;
        (line, if same_line { col - opener } else { col })
    }

    pub(super) fn f_string(&mut self, node: &ruff::ExprFString) -> Result<Expr> {
        let location = self.location(node);
        let mut parts = Parts::default();
        for part in node.value.as_slice() {
            match part {
                ruff::FStringPart::Literal(literal) => {
                    let points = self.literal_points(literal);
                    let unicode = literal.flags.prefix().is_unicode();
                    parts.push_text(points, self.location(literal), unicode);
                }
                ruff::FStringPart::FString(fstring) => {
                    let raw = fstring.flags.prefix().is_raw();
                    let outer = self.interpolated_end.replace(fstring.range.end());
                    self.elements(&fstring.elements, raw, false, &mut parts)?;
                    self.interpolated_end = outer;
                }
            }
        }
        Ok(Expr::new(ExprKind::JoinedStr(parts.finish()), location))
    }

    pub(super) fn t_string(&mut self, node: &ruff::ExprTString) -> Result<Expr> {
        let location = self.location(node);
        let mut parts = Parts::default();
        for tstring in node.value.as_slice() {
            let raw = tstring.flags.prefix().is_raw();
            let outer = self.interpolated_end.replace(tstring.range.end());
            self.elements(&tstring.elements, raw, true, &mut parts)?;
            self.interpolated_end = outer;
        }
        Ok(Expr::new(ExprKind::TemplateStr(parts.finish()), location))
    }

    fn elements(
        &mut self,
        elements: &ruff::InterpolatedStringElements,
        raw: bool,
        template: bool,
        parts: &mut Parts,
    ) -> Result {
        // The tokenizer has these limits; the error comes from there.
        if self.strings >= 150 || self.specs >= 3 && !elements.is_empty() {
            let range = elements.first().map(Ranged::range).unwrap_or_default();
            return Err(self.syntax_error(range, "f-string: expressions nested too deeply"));
        }
        self.strings += 1;
        let result = self.all_elements(elements, raw, template, parts);
        self.strings -= 1;
        result
    }

    fn all_elements(
        &mut self,
        elements: &ruff::InterpolatedStringElements,
        raw: bool,
        template: bool,
        parts: &mut Parts,
    ) -> Result {
        for element in elements {
            match element {
                ruff::InterpolatedStringElement::Literal(literal) => {
                    let points = if self.is_plain(literal.range, raw) {
                        literal.value.chars().map(u32::from).collect()
                    } else {
                        self.decode_middle(literal.range)
                    };
                    parts.push_text(points, self.location(literal), false);
                }
                ruff::InterpolatedStringElement::Interpolation(element) => {
                    self.interpolation(element, raw, template, parts)?;
                }
            }
        }
        Ok(())
    }

    fn interpolation(
        &mut self,
        element: &ruff::InterpolatedElement,
        raw: bool,
        template: bool,
        parts: &mut Parts,
    ) -> Result {
        let location = self.location(element);
        let inside = element.range.start() + TextSize::new(1);
        let mut conversion = i32::from(element.conversion as i8);
        if let Some(debug) = &element.debug_text {
            let text = without_comments(debug.as_str());
            let end = inside + TextSize::new(debug.as_str().len() as u32);
            parts.push_text(text.chars().map(u32::from), self.span(inside, end), false);
            if conversion == -1 && element.format_spec.is_none() {
                conversion = i32::from(b'r');
            }
        }
        let outer = self.interpolated_end.take();
        let value = self.boxed(&element.expression)?;
        let format_spec = match &element.format_spec {
            None => None,
            Some(spec) => {
                let mut spec_parts = Parts::default();
                self.specs += 1;
                self.elements(&spec.elements, raw, false, &mut spec_parts)?;
                self.specs -= 1;
                let range = spec.range();
                let location = self.span(range.start() - TextSize::new(1), range.end());
                let values = spec_parts.finish();
                Some(Box::new(Expr::new(ExprKind::JoinedStr(values), location)))
            }
        };
        self.interpolated_end = outer;
        let kind = if template {
            let str = self.expression_text(element, inside);
            ExprKind::Interpolation {
                value,
                str: Constant::Str(ConstStr::from(str.as_str())),
                conversion,
                format_spec,
            }
        } else {
            ExprKind::FormattedValue { value, conversion, format_spec }
        };
        parts.push(Expr::new(kind, location));
        Ok(())
    }

    /// The source text of an interpolation's expression, blanks included.
    fn expression_text(&self, element: &ruff::InterpolatedElement, inside: TextSize) -> String {
        if let Some(debug) = &element.debug_text {
            let text = debug.as_str();
            return without_comments(text.rsplit_once('=').map_or(text, |(text, _)| text));
        }
        let mut end = element.expression.range().end();
        let bytes = self.source.as_bytes();
        // The expression may be in parentheses, which are not part of its range.
        while let Some(byte) = bytes.get(end.to_usize()) {
            match byte {
                b'!' | b':' | b'}' => break,
                b'#' => {
                    while bytes.get(end.to_usize()).is_some_and(|byte| *byte != b'\n') {
                        end += TextSize::new(1);
                    }
                }
                _ => end += TextSize::new(1),
            }
        }
        without_comments(self.text(TextRange::new(inside, end)))
    }
}

/// The text of an expression as it is shown: comments are left out.
fn without_comments(text: &str) -> String {
    if !text.contains('#') {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '#' => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            '"' | '\'' => string_len(rest, c),
            _ => c.len_utf8(),
        };
        kept.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    kept
}

/// Length of the string literal at the start of `text`.
fn string_len(text: &str, quote: char) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let delimiter = if text.starts_with(&triple) { triple.as_str() } else { &triple[..1] };
    let mut at = delimiter.len();
    while at < text.len() {
        if text[at..].starts_with(delimiter) {
            return at + delimiter.len();
        }
        let mut chars = text[at..].chars();
        let first = chars.next().map_or(1, char::len_utf8);
        at += first;
        if text[at - first..].starts_with('\\') {
            at += chars.next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}
