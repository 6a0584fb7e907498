//! From the parser's tree to [`crate::ast`].
//!
//! Nothing is decided here about validity, except for literals whose value the
//! parser leaves to us: escapes, big integers. Positions become lines and
//! UTF-8 columns, and nodes get the extent that CPython gives them, which
//! differs in places (decorated definitions, `elif`, parts of f-strings).

mod expr;
mod rejected;
mod stmt;
mod string;

use ruff_python_ast as ruff;
use ruff_text_size::{Ranged, TextRange, TextSize};

pub(crate) use self::rejected::token_warnings;
use crate::{
    Mode, Options,
    ast::{Expr, Mod, Stmt},
    error::{CompileError, CompileWarning, ErrorKind, Result},
    instruction_sequence::Location,
};

/// The start of each line of a source text.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    pub(crate) fn new(source: &str) -> Self {
        let mut starts = vec![0];
        let newlines = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        starts.extend(newlines.map(|(at, _)| at as u32 + 1));
        Self { starts }
    }

    /// 1-based line and 0-based UTF-8 column.
    pub(crate) fn position(&self, offset: TextSize) -> (i32, i32) {
        let offset = offset.to_u32();
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        (line as i32, (offset - start) as i32)
    }

    /// The text of a 1-based line, with its newline.
    pub(crate) fn text<'a>(&self, source: &'a str, line: i32) -> &'a str {
        let line = usize::try_from(line).unwrap_or(0).max(1);
        let start = self.starts.get(line - 1).map_or(source.len(), |start| *start as usize);
        let end = self.starts.get(line).map_or(source.len(), |start| *start as usize);
        source.get(start..end).unwrap_or("")
    }

    /// The offset at which a 1-based line starts.
    pub(crate) fn start(&self, line: i32) -> usize {
        let line = usize::try_from(line).unwrap_or(0).max(1);
        self.starts.get(line - 1).map_or(0, |start| *start as usize)
    }
}

/// The conversion of one source text.
pub(crate) struct Lower<'a> {
    source: &'a str,
    lines: &'a Lines,
    warnings: Vec<CompileWarning>,
    /// f-strings and fields around what is being converted.
    strings: usize,
    specs: usize,
    /// The end of the f-string whose text is being converted.
    interpolated_end: Option<TextSize>,
    max_digits: usize,
}

/// `sys.int_info.default_max_str_digits`
const MAX_STR_DIGITS: usize = 4300;

/// Convert a module. The warnings are those of the tokenizer.
pub(crate) fn lower(
    source: &str,
    lines: &Lines,
    module: &ruff::Mod,
    options: &Options,
) -> Result<(Mod, Vec<CompileWarning>)> {
    let max_digits = options.max_digits.unwrap_or(MAX_STR_DIGITS);
    let interactive = options.mode == Mode::Single;
    let mut lower = Lower::new(source, lines, max_digits);
    let module = match module {
        ruff::Mod::Module(module) => lower.stmts(&module.body).map(|body| match interactive {
            true => Mod::Interactive(body),
            false => Mod::Module(body),
        }),
        ruff::Mod::Expression(module) => lower.boxed(&module.body).map(Mod::Expression),
    };
    match module {
        Ok(module) => Ok((module, lower.warnings)),
        Err(mut error) => {
            error.warnings = lower.warnings;
            Err(error)
        }
    }
}

/// Convert an expression that was parsed by itself.
pub(crate) fn lower_expr(source: &str, lines: &Lines, expr: &ruff::Expr) -> Result<Expr> {
    Lower::new(source, lines, MAX_STR_DIGITS).expr(expr)
}

impl<'a> Lower<'a> {
    fn new(source: &'a str, lines: &'a Lines, max_digits: usize) -> Self {
        Lower {
            source,
            lines,
            warnings: Vec::new(),
            strings: 0,
            specs: 0,
            interpolated_end: None,
            max_digits,
        }
    }

    fn span(&self, start: TextSize, end: TextSize) -> Location {
        let (line, col) = self.lines.position(start);
        let (end_line, end_col) = self.lines.position(end);
        Location { line, end_line, col, end_col }
    }

    fn location(&self, node: &impl Ranged) -> Location {
        let range = node.range();
        self.span(range.start(), range.end())
    }

    fn text(&self, range: TextRange) -> &str {
        self.source.get(range.start().to_usize()..range.end().to_usize()).unwrap_or("")
    }

    fn stmts(&mut self, body: &[ruff::Stmt]) -> Result<Vec<Stmt>> {
        body.iter().map(|stmt| self.stmt(stmt)).collect()
    }

    fn exprs(&mut self, exprs: &[ruff::Expr]) -> Result<Vec<Expr>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn boxed(&mut self, expr: &ruff::Expr) -> Result<Box<Expr>> {
        Ok(Box::new(self.expr(expr)?))
    }

    fn opt(&mut self, expr: Option<&ruff::Expr>) -> Result<Option<Box<Expr>>> {
        expr.map(|expr| self.boxed(expr)).transpose()
    }

    /// An error at a line and UTF-8 column.
    fn error_at(&self, line: i32, col: i32, message: &str) -> Box<CompileError> {
        let mut error = CompileError::new(ErrorKind::SyntaxError, message);
        let mut text = self.lines.text(self.source, line);
        if text.is_empty() {
            text = self.source.split_inclusive('\n').next_back().unwrap_or_default();
        }
        let col = usize::try_from(col).unwrap_or(0);
        let before = text.get(..col).map_or(col, |text| text.chars().count());
        (error.lineno, error.offset) = (line, before as i32 + 1);
        error.end_lineno = line;
        error.text = Some(text.to_owned());
        error
    }

    fn syntax_error(&self, range: TextRange, message: impl Into<String>) -> Box<CompileError> {
        let location = self.span(range.start(), range.end());
        let mut error = CompileError::new(ErrorKind::SyntaxError, message);
        error.lineno = location.line;
        error.end_lineno = location.end_line;
        let characters = |line: i32, col: i32| {
            let text = self.lines.text(self.source, line);
            text.get(..col as usize).map_or(col, |text| text.chars().count() as i32)
        };
        error.offset = characters(location.line, location.col) + 1;
        error.end_offset = characters(location.end_line, location.end_col) + 1;
        error.text = Some(self.lines.text(self.source, location.line).to_owned());
        error
    }
}
