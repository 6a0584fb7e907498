//! CPython's errors for source that is not Python.
//!
//! The parser only says that and roughly where a text is wrong. This second
//! pass runs when it does, and finds the message and position CPython gives.

use ruff_python_ast as ruff;
use ruff_python_parser::Parsed;
use ruff_text_size::{Ranged, TextRange};

use crate::{
    Compiled, Options,
    ast::Mod,
    error::{CompileError, ErrorKind, Result},
    lower::Lines,
};

/// The error for a text that the parser rejected.
pub(crate) fn explain(
    text: &str,
    lines: &Lines,
    parsed: &Parsed<ruff::Mod>,
    _options: &Options,
) -> Box<CompileError> {
    let range = match (parsed.errors().first(), parsed.unsupported_syntax_errors().first()) {
        (Some(error), _) => error.location,
        (None, Some(error)) => error.range(),
        (None, None) => TextRange::default(),
    };
    at(text, lines, range, ErrorKind::SyntaxError, "invalid syntax")
}

/// Errors that CPython's parser finds and ours does not.
pub(crate) fn check_tree(
    _text: &str,
    _lines: &Lines,
    _module: &Mod,
    _parsed: &Parsed<ruff::Mod>,
    _options: &Options,
) -> Result {
    Ok(())
}

/// `compile(…, "func_type")`
pub(crate) fn func_type(text: &str, lines: &Lines) -> Result<Compiled<Mod>> {
    Err(at(text, lines, TextRange::default(), ErrorKind::SyntaxError, "invalid syntax"))
}

fn at(
    text: &str,
    lines: &Lines,
    range: TextRange,
    kind: ErrorKind,
    message: &str,
) -> Box<CompileError> {
    let (line, col) = lines.position(range.start());
    let (end_line, end_col) = lines.position(range.end());
    let characters = |line: i32, col: i32| {
        let line = lines.text(text, line);
        line.get(..col as usize).map_or(col, |before| before.chars().count() as i32) + 1
    };
    let mut error = CompileError::new(kind, message);
    error.lineno = line;
    error.offset = characters(line, col);
    error.end_lineno = end_line;
    error.end_offset = characters(end_line, end_col);
    error.text = Some(lines.text(text, line).to_owned());
    error
}
