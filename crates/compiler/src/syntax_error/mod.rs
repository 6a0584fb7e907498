//! CPython's errors for source that is not Python.
//!
//! The parser only says that a text is wrong. Then [`explain`] matches the grammar's table, with all
//! that it has to say about mistakes, against the tokens of our own [`tokenizer`]. The table also
//! has the last word where the parser is too generous: on single statements, type comments and
//! older versions of the language.

mod explain;
mod grammar;
mod literal;
mod table;
mod targets;
pub(crate) mod tokenizer;

use self::{
    explain::{Matcher, Stop},
    tokenizer::{End, Kind, Scan, Token, TokenError},
};
use crate::{
    CO_FUTURE_BARRY_AS_BDFL, Compiled, Mode, Options, PYCF_ALLOW_INCOMPLETE_INPUT,
    PYCF_DONT_IMPLY_DEDENT, PYCF_TYPE_COMMENTS,
    ast::Mod,
    error::{CompileError, ErrorKind, Parsed, Result},
    lower::{self, Lines},
};

/// A text, its lines and its tokens.
pub(crate) struct Source<'a> {
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

    fn end_of(&self, token: &Token) -> usize {
        if token.kind == Kind::Newline { token.end.max(token.start + 1) } else { token.end }
    }

    fn line_of(&self, offset: usize) -> i32 {
        self.lines.position(u32::try_from(offset).unwrap_or(0).into()).0
    }

    /// Whether a token has no place of its own in the text.
    fn is_virtual(&self, at: usize) -> bool {
        self.tokens.get(at).is_none_or(|token| match token.kind {
            Kind::Indent | Kind::Dedent | Kind::End => true,
            Kind::Newline => token.start >= self.text.len(),
            _ => false,
        })
    }

    /// The line and column at which the tokenizer is when it makes such a token.
    fn virtual_place(&self, at: usize) -> (i32, i32) {
        let place = self.tokens.get(at).map_or(self.text.len(), |token| token.end);
        if place < self.text.len() {
            let (line, _) = self.lines.position(u32::try_from(place).unwrap_or(0).into());
            return (line, self.characters(self.lines.start(line), place));
        }
        let body = self.text.strip_suffix('\n').unwrap_or(self.text);
        let start = body.rfind('\n').map_or(0, |newline| newline + 1);
        let line = body.matches('\n').count() as i32 + i32::from(!self.text.is_empty());
        (line, self.characters(start, self.text.len()))
    }

    fn characters(&self, start: usize, end: usize) -> i32 {
        self.text.get(start..end).map_or(0, |text| text.chars().count() as i32)
    }

    /// The line in which the tokenizer is when it has made a token.
    fn reached(&self, at: usize) -> i32 {
        match self.tokens.get(at) {
            Some(token) if !self.is_virtual(at) => match token.kind {
                Kind::Newline => self.line_of(token.start),
                _ => self.line_of(token.end),
            },
            _ => self.virtual_place(at).0,
        }
    }

    /// The token that starts the f-string or t-string around a token.
    fn string_start(&self, at: usize) -> &str {
        let mut depth = 0usize;
        for token in self.tokens.iter().take(at).rev() {
            match token.kind {
                Kind::InterpolatedEnd => depth += 1,
                Kind::InterpolatedStart if depth == 0 => return self.of(token),
                Kind::InterpolatedStart => depth -= 1,
                _ => {}
            }
        }
        ""
    }

    fn is_raw(&self, at: usize) -> bool {
        self.string_start(at).contains(['r', 'R'])
    }

    /// `f` or `t`.
    fn string_kind(&self, at: usize) -> char {
        if self.string_start(at).contains(['t', 'T']) { 't' } else { 'f' }
    }

    /// The end of an error. COMPAT: CPython counts the characters before its column in the line where
    /// the error begins, whichever line the end is in.
    fn end_position(&self, first: i32, end: usize) -> (i32, i32) {
        let offset = u32::try_from(end.min(self.text.len())).unwrap_or(0);
        let (line, col) = self.lines.position(offset.into());
        let text = self.lines.text(self.text, first);
        let text = if line == first { text } else { text.trim_end_matches('\n') };
        let col = usize::try_from(col).unwrap_or(0).min(text.len() + 1);
        let before = text.bytes().take(col).filter(|byte| byte & 0xC0 != 0x80).count();
        (line, before as i32 + 1)
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
            End::At(end) => self.end_position(error.lineno, end),
            End::Column(column) => (error.lineno, column),
            End::Eof => (error.lineno, error.offset),
            End::Nowhere(line) => {
                (error.lineno, error.offset) = (line, 0);
                (line, 0)
            }
            End::Virtual(line, column) => {
                (error.lineno, error.offset) = (line, column);
                (line, -1)
            }
            End::Reached(at) if self.is_virtual(at) => self.virtual_place(at),
            End::Reached(at) => {
                let end = self.tokens.get(at).map_or(0, |token| self.end_of(token));
                let line = self.reached(at);
                (line, self.characters(self.lines.start(line), end))
            }
        };
        error.text = Some(self.lines.text(self.text, error.lineno).to_owned());
        error
    }
}

/// The error for a text that the parser rejected.
pub(crate) fn explain(
    text: &str,
    lines: &Lines,
    stopped: usize,
    options: &Options,
) -> Box<CompileError> {
    match judge(text, lines, options) {
        Err(error) => error,
        // The parser knows something that the grammar does not.
        Ok(source) => {
            let past = |token: &&Token| token.end > stopped || token.kind == Kind::End;
            let token = source.tokens.iter().find(past);
            if let Some(error) = interpolated_pattern(&source, stopped) {
                return error;
            }
            let (start, end) = token.map_or((stopped, stopped), |t| (t.start, source.end_of(t)));
            source.error(&Found::new(start, end, "invalid syntax"))
        }
    }
}

/// An f-string in a pattern: only the compiler minds it.
fn interpolated_pattern(source: &Source<'_>, at: usize) -> Option<Box<CompileError>> {
    let start = source.tokens.iter().position(|token| token.start == at)?;
    let mut end = start;
    let mut depth = 0usize;
    for token in source.tokens.get(start..)? {
        match token.kind {
            Kind::InterpolatedStart => depth += 1,
            Kind::InterpolatedEnd if depth == 1 => break,
            Kind::InterpolatedEnd => depth -= 1,
            _ if depth == 0 => return None,
            _ => {}
        }
        end += 1;
    }
    let key = source.tokens.get(end + 1).is_some_and(|token| source.of(token) == ":");
    let in_braces = start > 0 && matches!(source.of(source.tokens.get(start - 1)?), "{" | ",");
    let message = if key && in_braces {
        "mapping pattern keys may only match literals and attribute lookups"
    } else {
        "patterns may only match literals and attribute lookups"
    };
    let (mut first, mut last) = (at, source.tokens.get(end)?.end);
    if key && in_braces {
        // All of the mapping is shown.
        let open = source.tokens.iter().take(start).rfind(|token| source.of(token) == "{")?;
        let close = source.tokens.iter().skip(end).find(|token| source.of(token) == "}")?;
        (first, last) = (open.start, close.end);
    }
    let mut error = source.error(&Found::new(first, last, message));
    error.text = None;
    Some(error)
}

/// Check a text that the parser accepts, where it accepts more than CPython does.
pub(crate) fn check(text: &str, lines: &Lines, options: &Options) -> Result {
    let older = options.feature_version.is_some_and(|version| version < 14);
    if options.mode == Mode::Single || options.flags & PYCF_TYPE_COMMENTS != 0 || older {
        judge(text, lines, options)?;
    }
    Ok(())
}

/// The error for a text that was parsed and then not compiled: patterns are a subset of expressions,
/// of which the parser takes some that the grammar does not.
pub(crate) fn better(text: &str, options: &Options, error: Box<CompileError>) -> Box<CompileError> {
    if !error.message.starts_with("patterns may only") {
        return error;
    }
    judge(text, &Lines::new(text), options).err().unwrap_or(error)
}

/// Match a text; the answer is its tokens if it is Python.
pub(crate) fn judge<'a>(text: &'a str, lines: &'a Lines, options: &Options) -> Result<Source<'a>> {
    let mut progress = Progress::default();
    match_text(text, lines, options, &mut progress).map_err(|mut error| {
        error.warnings = lower::token_warnings(text, lines, progress.literals.into_iter());
        let statement = progress.statement.map(|at| lines.position(at.into()));
        let statement = statement.unwrap_or_default();
        error.parsed = Some(Parsed { statement, text: Some(text.to_owned()) });
        error
    })
}

/// How far matching came.
#[derive(Default)]
struct Progress {
    /// Literals that were read, and whether they are raw.
    literals: Vec<(Token, bool)>,
    /// Where the last compound statement starts.
    statement: Option<u32>,
}

impl Progress {
    fn note(&mut self, source: &Source<'_>, matcher: &Matcher<'_>) {
        let start = |at: usize| source.tokens.get(at).and_then(|token| token.start.try_into().ok());
        self.statement = matcher.compound.and_then(start).or(self.statement);
    }

    /// The literals of the first pass.
    fn read(&mut self, source: &Source<'_>, matcher: &Matcher<'_>) {
        let mut made = vec![false; source.tokens.len()];
        for strings in &matcher.strings {
            if let Some(made) = made.get_mut(strings.0..strings.1) {
                made.fill(true);
            }
        }
        let fetched = source.tokens.iter().zip(made).take(matcher.fetched).enumerate();
        for (at, (token, made)) in fetched {
            match token.kind {
                Kind::InterpolatedMiddle if made => {
                    self.literals.push((*token, source.is_raw(at)));
                }
                Kind::Str if made => self.literals.push((*token, false)),
                Kind::Number => self.literals.push((*token, false)),
                _ => {}
            }
        }
    }
}

fn match_text<'a>(
    text: &'a str,
    lines: &'a Lines,
    options: &Options,
    progress: &mut Progress,
) -> Result<Source<'a>> {
    let scan = tokenizer::scan(text, false, options.flags & PYCF_TYPE_COMMENTS != 0);
    let Scan { mut tokens, error, unclosed, in_fstring, .. } = scan;
    if unclosed.is_some() && tokens.last().is_some_and(|token| token.kind == Kind::End) {
        tokens.pop();
    }
    end_of_input(text, &mut tokens, options);
    let source = Source { text, lines, tokens };
    let lexical = Lexical { error, unclosed, in_fstring };
    let rule = match options.mode {
        Mode::Exec => "file",
        Mode::Eval => "eval",
        Mode::Single => "interactive",
        Mode::FuncType => "func_type",
    };
    let mut matcher = Matcher::new(&source, options.feature_version.unwrap_or(u8::MAX));
    let first = matcher.run(rule, false);
    if options.mode == Mode::Single || !matches!(first, Ok(Some(_))) {
        progress.read(&source, &matcher);
    }
    progress.note(&source, &matcher);
    let last = matcher.fetched.saturating_sub(1);
    let stop = match first {
        Ok(Some(_)) => {
            if options.mode == Mode::Single && more_than_one(&source, last) {
                let message = "multiple statements found while compiling a single statement";
                return Err(source.error(&placed(&source, last, message)));
            }
            drop(matcher);
            return Ok(source);
        }
        Ok(None) if incomplete(&source, last, &lexical, false, options) => {
            return Err(incomplete_input(&source));
        }
        Err(Stop::Tokens) if incomplete(&source, last, &lexical, true, options) => {
            return Err(incomplete_input(&source));
        }
        Ok(None) => matcher.run(rule, true).err(),
        Err(stop) => Some(stop),
    };
    progress.note(&source, &matcher);
    let fetched = matcher.fetched.saturating_sub(1);
    let reached = source.reached(fetched);
    let unexplained = stop.is_none();
    let found = match stop {
        Some(Stop::Tokens) => return Err(lexical.error(&source)),
        Some(Stop::TooDeep) => {
            return Err(CompileError::new(
                ErrorKind::MemoryError,
                "Parser stack overflowed - Python source too complex to parse",
            ));
        }
        Some(Stop::Found(found)) => found,
        None | Some(Stop::TooLong) => generic(&source, last, fetched),
    };
    let indentation = unexplained && found.kind == ErrorKind::IndentationError;
    if !indentation && let Some(error) = lexical.later(&source, fetched) {
        return Err(error);
    }
    let error = source.error(&found);
    // A line that was read past is shown without its end.
    Err(if error.lineno < reached { without_newline(error) } else { error })
}

/// An error at a token, as if it were the last that was fetched.
fn placed(source: &Source<'_>, at: usize, message: &str) -> Found {
    if source.is_virtual(at) {
        let (line, column) = source.virtual_place(at);
        let mut found = Found::new(0, 0, message);
        found.end = End::Virtual(line, column);
        return found;
    }
    let token = source.tokens.get(at);
    let (start, end) = token.map_or((0, 0), |token| (token.start, source.end_of(token)));
    Found::new(start, end, message)
}

/// The error if no rule explains it: `last` is how far the first pass came.
fn generic(source: &Source<'_>, last: usize, fetched: usize) -> Found {
    let kind = source.tokens.get(last).map_or(Kind::End, |token| token.kind);
    if matches!(kind, Kind::Indent | Kind::Dedent) {
        let message =
            if kind == Kind::Indent { "unexpected indent" } else { "unexpected unindent" };
        let mut found = placed(source, fetched, message);
        found.kind = ErrorKind::IndentationError;
        return found;
    }
    let mut found = placed(source, last, "invalid syntax");
    if let End::Virtual(line, _) = found.end {
        found.end = End::Nowhere(line);
    }
    found
}

/// Give the end of a text that is no module the tokens that CPython gives it.
fn end_of_input(text: &str, tokens: &mut Vec<Token>, options: &Options) {
    if tokens.last().is_none_or(|token| token.kind != Kind::End) {
        return;
    }
    let at = text.len();
    let newline = Token { kind: Kind::Newline, start: at, end: at };
    let single = options.mode == Mode::Single;
    if options.mode != Mode::Exec && !text.ends_with('\n') {
        let implied = |token: &Token| token.kind == Kind::Newline && token.start >= at;
        if !single && let Some(place) = tokens.iter().position(implied) {
            tokens.remove(place);
        }
        if single && options.flags & PYCF_DONT_IMPLY_DEDENT != 0 {
            tokens.retain(|token| token.kind != Kind::Dedent || token.end < at);
        }
    }
    let closed = tokens.iter().rev().nth(1).is_some_and(|token| token.kind == Kind::Dedent);
    if single && (closed || text.ends_with('\n')) {
        tokens.insert(tokens.len() - 1, newline);
    }
}

/// Whether something follows the statement that ended with a token.
fn more_than_one(source: &Source<'_>, last: usize) -> bool {
    let end = source.tokens.get(last).map_or(source.text.len(), |token| token.end);
    let rest = source.text.get(end..).unwrap_or("");
    rest.lines().any(|line| {
        let line = line.trim_start_matches([' ', '\t', '\x0c']);
        !line.is_empty() && !line.starts_with('#')
    })
}

/// What ended the tokens early.
struct Lexical {
    error: Option<TokenError>,
    unclosed: Option<usize>,
    in_fstring: bool,
}

impl Lexical {
    /// The error if the parser meets the end of the tokens.
    fn error(&self, source: &Source<'_>) -> Box<CompileError> {
        match &self.error {
            Some(error) if !(error.at_end() && self.unclosed.is_some()) => {
                let found = Found {
                    kind: error.kind,
                    message: error.message.clone(),
                    start: error.start,
                    end: error.end,
                };
                let raised = source.error(&found);
                if error.is_late() { raised } else { without_newline(raised) }
            }
            _ => self.never_closed(source),
        }
    }

    fn never_closed(&self, source: &Source<'_>) -> Box<CompileError> {
        let open = self.unclosed.unwrap_or(0);
        let bracket = source.text.get(open..open + 1).unwrap_or("(");
        let mut found = Found::new(open, open, format!("'{bracket}' was never closed"));
        found.end = End::Column(0);
        let error = source.error(&found);
        let rest = source.text.get(open..).unwrap_or("");
        // Lines that were read past are shown without their end.
        if rest.strip_suffix('\n').unwrap_or(rest).contains('\n') {
            without_newline(error)
        } else {
            error
        }
    }

    /// The error of the rest of the text, which outweighs one of the parser.
    fn later(&self, source: &Source<'_>, fetched: usize) -> Option<Box<CompileError>> {
        // What is wrong within an f-string outweighs that it is not closed.
        if self.in_fstring {
            return None;
        }
        if self.error.as_ref().is_some_and(|error| !error.is_late()) {
            return Some(self.error(source));
        }
        let open = self.unclosed?;
        let line = match source.tokens.get(fetched) {
            Some(token) if !source.is_virtual(fetched) => source.line_of(token.start),
            _ => source.virtual_place(fetched).0,
        };
        (line > source.line_of(open)).then(|| self.never_closed(source))
    }
}

fn without_newline(mut error: Box<CompileError>) -> Box<CompileError> {
    if let Some(text) = &mut error.text
        && text.ends_with('\n')
    {
        text.pop();
    }
    error
}

/// Whether more text could make this one Python, and the caller wants to know.
fn incomplete(
    source: &Source<'_>,
    last: usize,
    lexical: &Lexical,
    tokens_ended: bool,
    options: &Options,
) -> bool {
    if options.flags & PYCF_ALLOW_INCOMPLETE_INPUT == 0 {
        return false;
    }
    match &lexical.error {
        Some(error) if tokens_ended => error.at_end() || error.open,
        _ if tokens_ended => true,
        _ => source
            .tokens
            .get(last)
            .is_none_or(|token| source.is_virtual(last) && token.end >= source.text.len()),
    }
}

fn incomplete_input(source: &Source<'_>) -> Box<CompileError> {
    let end = source.text.len();
    let mut found = Found::new(end, end, "incomplete input");
    found.kind = ErrorKind::IncompleteInputError;
    source.error(&found)
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
                let mut before = source.tokens.iter().take(index).rev().map(|t| source.of(t));
                on |= before.any(|word| word == "import")
                    && before.next() == Some("__future__")
                    && before.next() == Some("from");
            }
            "<" if on && text.get(token.start..token.start + 2) == Some("<>") => {
                patched.replace_range(token.start..token.start + 2, "!=");
            }
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
pub(crate) fn func_type(text: &str, lines: &Lines, options: &Options) -> Result<Compiled<Mod>> {
    let source = judge(text, lines, options)?;
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
