//! CPython's errors for source that is not Python.
//!
//! The parser only says that and roughly where a text is wrong. This second
//! pass runs when it does. Errors of the tokenizer come first, from
//! [`tokenizer`]; then those that CPython's grammar has special rules for, in
//! [`rules`]; the rest is "invalid syntax" at the token where parsing stopped.

mod rules;
mod targets;
pub(crate) mod tokenizer;

use ruff_python_ast as ruff;
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;

use self::tokenizer::{End, Kind, Scan, Token, TokenError};
use crate::{
    CO_FUTURE_BARRY_AS_BDFL, Compiled, Mode, Options, PYCF_ALLOW_INCOMPLETE_INPUT,
    PYCF_DONT_IMPLY_DEDENT,
    ast::{Mod, Stmt, StmtKind},
    error::{CompileError, ErrorKind, Result},
    lower::{self, Lines},
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
                if end > found.start && self.text.as_bytes().get(end - 1) == Some(&b'\n') =>
            {
                let (line, col) = position(end - 1);
                (line, col + 1)
            }
            End::At(end) => position(end),
            End::Column(column) => (error.lineno, column),
            End::Eof => (error.lineno, error.offset),
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
    let incomplete = options.flags & PYCF_ALLOW_INCOMPLETE_INPUT != 0;
    let ends = |found: &Found| {
        found.message.starts_with("unterminated triple-quoted")
            || found.message == "unexpected EOF while parsing"
    };
    if incomplete && lexical.as_ref().is_some_and(ends) {
        return incomplete_input(&source);
    }
    // CPython reads on after an error of the parser; one of the tokenizer wins.
    if let Some(found) = &lexical {
        return without_newline(source.error(found));
    }
    let at_end = source.tokens.get(stopped).is_none_or(|token| {
        matches!(token.kind, Kind::End | Kind::Dedent)
            || token.kind == Kind::Newline
                && !text.ends_with('\n')
                && token.start >= text.trim_end().len()
    });
    if incomplete && at_end {
        return incomplete_input(&source);
    }
    if options.mode == Mode::Single
        && let Some(next) = second_statement(&source).filter(|next| *next <= stopped)
        && let Some(token) = source.tokens.get(next)
    {
        return source.error(&Found::new(token.start, token.end, "invalid syntax"));
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
            token.kind == Kind::End || {
                let end = token.start.max(reached).min(text.len());
                text.as_bytes().get(open..end).is_some_and(|between| between.contains(&b'\n'))
            }
        });
        if later {
            let bracket = &text[open..=open];
            let mut found = Found::new(open, open, format!("'{bracket}' was never closed"));
            found.end = End::Column(0);
            return without_newline(source.error(&found));
        }
    }
    if let Some(found) = found {
        let error = source.error(&found);
        // CPython shows a line that it has read past without its end.
        let read = source.tokens.get(stopped).map_or(0, |token| token.start);
        let (line, _) = lines.position(u32::try_from(read).unwrap_or(0).into());
        return if line > error.lineno { without_newline(error) } else { error };
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

fn without_newline(mut error: Box<CompileError>) -> Box<CompileError> {
    if let Some(text) = &mut error.text
        && text.ends_with('\n')
    {
        text.pop();
    }
    error
}

/// The token after a first statement with a block: a single statement ends there.
fn second_statement(source: &Source) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in source.tokens.iter().enumerate() {
        match token.kind {
            Kind::Indent => depth += 1,
            Kind::Dedent => {
                depth = depth.saturating_sub(1);
                let next = source.tokens.get(at + 1)?;
                let clause = ["elif", "else", "except", "finally"].contains(&source.of(next));
                if depth == 0 && !clause && next.kind != Kind::End {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn incomplete_input(source: &Source) -> Box<CompileError> {
    let end = source.text.len();
    let mut found = Found::new(end, end, "incomplete input");
    found.kind = ErrorKind::IncompleteInputError;
    source.error(&found)
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
        // An open block ends only with an empty line, if dedents are not implied.
        let block = |stmt: &Stmt| {
            !text.ends_with('\n')
                && lines.text(text, stmt.location.end_line).starts_with([' ', '\t'])
        };
        if options.flags & PYCF_DONT_IMPLY_DEDENT != 0 && body.last().is_some_and(block) {
            return Err(incomplete_input(&Source { text, lines, tokens: Vec::new() }));
        }
        let many = match body.as_slice() {
            [] => false,
            [first, rest @ ..] => {
                rest.iter().any(|stmt| stmt.location.line > first.location.end_line)
            }
        };
        if body.is_empty() {
            let source = Source { text, lines, tokens: Vec::new() };
            let mut error = source.error(&Found::new(0, 0, "invalid syntax"));
            error.lineno = i32::from(!text.is_empty());
            (error.end_lineno, error.offset, error.end_offset) = (error.lineno, 0, 0);
            return Err(error);
        }
        let compound = |stmt: &Stmt| {
            matches!(
                stmt.kind,
                StmtKind::FunctionDef(_)
                    | StmtKind::ClassDef(_)
                    | StmtKind::For(_)
                    | StmtKind::While { .. }
                    | StmtKind::If { .. }
                    | StmtKind::With { .. }
                    | StmtKind::Match { .. }
                    | StmtKind::Try(_)
            )
        };
        if let [first, second, ..] = body.as_slice()
            && compound(first)
        {
            let Scan { tokens, .. } = tokenizer::tokenize(text);
            let source = Source { text, lines, tokens };
            let start = lines.start(second.location.line) + second.location.col as usize;
            let token =
                source.tokens.iter().find(|token| token.start == start && token.end > start);
            let end = token.map_or(start, |token| token.end);
            return Err(source.error(&Found::new(start, end, "invalid syntax")));
        }
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

/// With `barry_as_FLUFL` the operator is `<>`; the text says so, the parser
/// gets `!=`.
pub(crate) fn flufl(text: &str, lines: &Lines, options: &Options) -> Result<Option<String>> {
    let asked = options.flags & CO_FUTURE_BARRY_AS_BDFL != 0;
    if !asked && !text.contains("barry_as_FLUFL") {
        return Ok(None);
    }
    let Scan { tokens, .. } = tokenizer::tokenize(text);
    let source = Source { text, lines, tokens };
    let mut on = asked;
    let mut patched = text.to_owned();
    for (index, token) in source.tokens.iter().enumerate() {
        match source.of(token) {
            "barry_as_FLUFL" => {
                let before = index.checked_sub(2).and_then(|index| source.tokens.get(index));
                on |= before.is_some_and(|token| source.of(token) == "__future__");
            }
            "<>" if on => patched.replace_range(token.start..token.end, "!="),
            "!=" if on => {
                let message = "with Barry as BDFL, use '<>' instead of '!='";
                return Err(source.error(&Found::new(token.start, token.end, message)));
            }
            _ => {}
        }
    }
    Ok(on.then_some(patched))
}

/// `compile(…, "func_type")`: `(argument, …) -> result`
pub(crate) fn func_type(text: &str, lines: &Lines) -> Result<Compiled<Mod>> {
    let Scan { tokens, error, .. } = tokenizer::tokenize(text);
    let source = Source { text, lines, tokens };
    if let Some(TokenError { kind, message, start, end }) = error {
        return Err(source.error(&Found { kind, message, start, end }));
    }
    let invalid = |at: usize| {
        let token = source.tokens.get(at).or(source.tokens.last());
        let (start, end) = token.map_or((0, 0), |token| (token.start, token.end));
        source.error(&Found::new(start, end, "invalid syntax"))
    };
    let parse = |first: usize, end: usize| {
        let (start, last) = match (source.tokens.get(first), source.tokens.get(end.wrapping_sub(1)))
        {
            (Some(start), Some(last)) if first < end => (start.start, last.end),
            _ => return Err(invalid(first)),
        };
        match targets::parse(text, start, last) {
            Some(expr) => lower::lower_expr(text, lines, &expr),
            None => Err(invalid(first)),
        }
    };
    let mut depth = 0usize;
    let mut argtypes = Vec::new();
    let mut begin = 1;
    let mut close = None;
    for (at, token) in source.tokens.iter().enumerate() {
        let word = source.of(token);
        match word {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ if at == 0 => return Err(invalid(0)),
            _ => {}
        }
        if depth == 1 && word == "," || depth == 0 {
            if begin < at {
                let stars =
                    matches!(source.tokens.get(begin).map(|t| source.of(t)), Some("*" | "**"));
                argtypes.push(parse(begin + usize::from(stars), at)?);
            }
            begin = at + 1;
        }
        if depth == 0 {
            close = Some(at);
            break;
        }
    }
    let Some(close) = close else { return Err(invalid(0)) };
    if source.tokens.get(close + 1).is_none_or(|token| source.of(token) != "->") {
        return Err(invalid(close + 1));
    }
    let newline = |token: &Token| matches!(token.kind, Kind::Newline | Kind::End);
    let end = source.tokens.iter().position(newline).unwrap_or(source.tokens.len());
    let returns = Box::new(parse(close + 2, end)?);
    Ok(Compiled { value: Mod::FunctionType { argtypes, returns }, warnings: Vec::new() })
}
