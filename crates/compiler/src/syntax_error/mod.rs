//! CPython's errors for source that is not Python.
//!
//! The parser only says that and roughly where a text is wrong. This second
//! pass runs when it does. Errors of the tokenizer come first, from
//! [`tokenizer`]; then those that CPython's grammar has special rules for, in
//! [`rules`]; the rest is "invalid syntax" at the token where parsing stopped.

mod rules;
mod targets;
mod tokenizer;

use ruff_python_ast as ruff;
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;

use self::tokenizer::{End, Kind, Scan, Token, TokenError};
use crate::{
    Compiled, Mode, Options, PYCF_ALLOW_INCOMPLETE_INPUT,
    ast::Mod,
    error::{CompileError, ErrorKind, Result},
    lower::Lines,
};

/// A text, its lines and its tokens.
struct Source<'a> {
    text: &'a str,
    lines: &'a Lines,
    tokens: Vec<Token>,
}

/// An error found by a rule, as byte offsets.
struct Found {
    kind: ErrorKind,
    message: String,
    start: usize,
    end: End,
}

impl Found {
    fn new(start: usize, end: usize, message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::SyntaxError, message: message.into(), start, end: End::At(end) }
    }
}

impl Source<'_> {
    fn of(&self, token: &Token) -> &str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    /// The index of the first token that ends after `offset`.
    fn token_at(&self, offset: usize) -> usize {
        let past = |token: &Token| {
            token.end > offset
                || token.start >= offset
                    && matches!(token.kind, Kind::Newline | Kind::End | Kind::Dedent)
        };
        self.tokens.iter().position(past).unwrap_or(self.tokens.len().saturating_sub(1))
    }

    fn error(&self, found: &Found) -> Box<CompileError> {
        let position = |offset: usize| {
            let offset = u32::try_from(offset.min(self.text.len())).unwrap_or(0);
            let (line, col) = self.lines.position(offset.into());
            let text = self.lines.text(self.text, line);
            let col = text.get(..col as usize).map_or(col, |text| text.chars().count() as i32);
            (line, col + 1)
        };
        let mut error = CompileError::new(found.kind, found.message.clone());
        (error.lineno, error.offset) = position(found.start);
        (error.end_lineno, error.end_offset) = match found.end {
            End::Same => (error.lineno, error.offset),
            // The end of a newline is on its own line.
            End::At(end)
                if end > found.start && self.text[..end.min(self.text.len())].ends_with('\n') =>
            {
                let (line, col) = position(end - 1);
                (line, col + 1)
            }
            End::At(end) => position(end),
            End::Column(column) => (error.lineno, column),
        };
        error.text = Some(self.lines.text(self.text, error.lineno).to_owned());
        error
    }
}

/// The error for a text that the parser rejected.
pub(crate) fn explain(
    text: &str,
    lines: &Lines,
    parsed: &Parsed<ruff::Mod>,
    options: &Options,
) -> Box<CompileError> {
    let Scan { tokens, error: lexical, unclosed } = tokenizer::tokenize(text);
    let source = Source { text, lines, tokens };
    let at = match (parsed.errors().first(), parsed.unsupported_syntax_errors().first()) {
        (Some(error), _) => error.location.start().to_usize(),
        (None, Some(error)) => error.range().start().to_usize(),
        (None, None) => 0,
    };
    let lexical = lexical.map(|error| {
        let TokenError { kind, message, start, end } = error;
        Found { kind, message, start, end }
    });
    let stopped = source.token_at(at);
    // CPython reads on after an error of the parser; one of the tokenizer wins.
    if let Some(found) = &lexical {
        return source.error(found);
    }
    let incomplete = options.flags & PYCF_ALLOW_INCOMPLETE_INPUT != 0;
    let at_end = source.tokens.get(stopped).is_none_or(|token| {
        matches!(token.kind, Kind::End | Kind::Dedent)
            || token.kind == Kind::Newline && token.start >= text.trim_end().len()
    });
    if incomplete && at_end {
        let mut error = source.error(&Found::new(text.len(), text.len(), "incomplete input"));
        error.kind = ErrorKind::IncompleteInputError;
        return error;
    }
    let found = rules::find(&source, parsed, stopped, options.mode == Mode::Eval);
    if let Some(open) = unclosed {
        // Blame the bracket if parsing stopped on a later line, or at the end.
        let stop = source.tokens.get(stopped);
        let reached = match found.as_ref().map(|found| found.end) {
            Some(End::At(end)) => end,
            _ => 0,
        };
        let later = stop.is_none_or(|token| {
            token.kind == Kind::End || text[open..token.start.max(reached).max(open)].contains('\n')
        });
        if later {
            let bracket = &text[open..=open];
            let mut found = Found::new(open, open, format!("'{bracket}' was never closed"));
            found.end = End::Column(0);
            return source.error(&found);
        }
    }
    if let Some(found) = found {
        return source.error(&found);
    }
    let Some(token) = source.tokens.get(stopped) else {
        return source.error(&Found::new(at, at, "invalid syntax"));
    };
    if matches!(token.kind, Kind::Indent | Kind::Dedent) {
        let message =
            if token.kind == Kind::Indent { "unexpected indent" } else { "unexpected unindent" };
        let mut found = Found::new(token.end, token.end, message);
        found.kind = ErrorKind::IndentationError;
        found.end = End::Column(-1);
        return source.error(&found);
    }
    let end = match token.kind {
        Kind::Newline => token.start + 1,
        _ => token.end,
    };
    source.error(&Found::new(token.start, end, "invalid syntax"))
}

/// Errors that CPython's parser finds and ours does not.
pub(crate) fn check_tree(
    text: &str,
    lines: &Lines,
    module: &Mod,
    _parsed: &Parsed<ruff::Mod>,
    options: &Options,
) -> Result {
    if options.mode == Mode::Single
        && let Mod::Interactive(body) = module
    {
        let many = match body.as_slice() {
            [] => false,
            [first, rest @ ..] => {
                rest.iter().any(|stmt| stmt.location.line > first.location.end_line)
            }
        };
        if many {
            let first = body.first().map_or(1, |stmt| stmt.location.end_line);
            let start = lines.start(first) + lines.text(text, first).trim_end_matches('\n').len();
            let source = Source { text, lines, tokens: Vec::new() };
            let message = "multiple statements found while compiling a single statement";
            return Err(source.error(&Found::new(start, start + 1, message)));
        }
    }
    Ok(())
}

/// `compile(…, "func_type")`
pub(crate) fn func_type(text: &str, lines: &Lines) -> Result<Compiled<Mod>> {
    let source = Source { text, lines, tokens: Vec::new() };
    Err(source.error(&Found::new(0, text.len(), "invalid syntax")))
}
