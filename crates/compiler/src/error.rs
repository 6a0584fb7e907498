//! What the compiler reports: errors and warnings, in CPython's terms.
//!
//! Offsets are 1-based. Errors of the tokenizer and the parser count
//! characters, as CPython's do; those of the symbol table and the code
//! generator count UTF-8 bytes, as CPython's do too.

use crate::instruction_sequence::Location;

/// The exception class of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    SyntaxError,
    IndentationError,
    TabError,
    IncompleteInputError,
    ValueError,
    RecursionError,
    OverflowError,
    MemoryError,
    SystemError,
    TypeError,
    UnicodeDecodeError,
}

impl ErrorKind {
    /// The name of the exception class.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::SyntaxError => "SyntaxError",
            ErrorKind::IndentationError => "IndentationError",
            ErrorKind::TabError => "TabError",
            ErrorKind::IncompleteInputError => "_IncompleteInputError",
            ErrorKind::ValueError => "ValueError",
            ErrorKind::RecursionError => "RecursionError",
            ErrorKind::OverflowError => "OverflowError",
            ErrorKind::MemoryError => "MemoryError",
            ErrorKind::SystemError => "SystemError",
            ErrorKind::TypeError => "TypeError",
            ErrorKind::UnicodeDecodeError => "UnicodeDecodeError",
        }
    }

    /// Whether the class is `SyntaxError` or derived from it.
    pub fn is_syntax_error(self) -> bool {
        matches!(
            self,
            ErrorKind::SyntaxError
                | ErrorKind::IndentationError
                | ErrorKind::TabError
                | ErrorKind::IncompleteInputError
        )
    }
}

/// An exception to raise.
#[derive(Clone, Debug, PartialEq)]
pub struct CompileError {
    pub kind: ErrorKind,
    pub message: String,
    pub filename: String,
    /// 1-based line; 0 if the error has no position.
    pub lineno: i32,
    pub offset: i32,
    pub end_lineno: i32,
    pub end_offset: i32,
    /// The source line. `None` in an error of the symbol table or the code
    /// generator: there CPython reads the line from the file, if it exists.
    pub text: Option<String>,
    /// To be issued before the error is raised.
    pub warnings: Vec<CompileWarning>,
    /// Where the parser gave up.
    pub parsed: Option<Parsed>,
}

/// How far a text was parsed: `SyntaxError._metadata`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// Line and column of the last compound statement; zero without one.
    pub statement: (i32, i32),
    /// All of it, if it does not come from a file.
    pub text: Option<String>,
}

impl CompileError {
    /// An error without a position.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            kind,
            message: message.into(),
            filename: String::new(),
            lineno: 0,
            offset: 0,
            end_lineno: 0,
            end_offset: 0,
            text: None,
            warnings: Vec::new(),
            parsed: None,
        })
    }

    /// A `SyntaxError` found after parsing, at a syntax tree position.
    pub fn at(location: Location, message: impl Into<String>) -> Box<Self> {
        let mut error = Self::new(ErrorKind::SyntaxError, message);
        error.lineno = location.line;
        error.offset = location.col + 1;
        error.end_lineno = location.end_line;
        error.end_offset = location.end_col + 1;
        error
    }

    /// Make an error of a file of a string's: CPython reads a file line by line
    /// and keeps nothing of it.
    pub fn as_of_file(&mut self, text: &str) {
        if let Some(parsed) = &mut self.parsed {
            parsed.text = None;
        }
        let is_last = !text.ends_with('\n') && text.lines().count() as i32 == self.lineno;
        let Some(line) = self.text.as_mut().filter(|_| self.parsed.is_some()) else { return };
        if is_last && line.ends_with('\n') {
            line.pop();
        }
        if self.offset == 2 && line.starts_with('\\') && self.message.starts_with("unexpected EOF")
        {
            self.offset = 0;
        }
    }

    /// The error for nesting that neither CPython nor we can compile.
    pub fn recursion() -> Box<Self> {
        Self::new(ErrorKind::RecursionError, "maximum recursion depth exceeded during compilation")
    }
}

/// What most functions of the compiler return.
pub type Result<T = ()> = std::result::Result<T, Box<CompileError>>;

/// A `SyntaxWarning` to issue.
#[derive(Clone, Debug, PartialEq)]
pub struct CompileWarning {
    pub message: String,
    pub lineno: i32,
    /// What is raised instead if warnings are errors.
    pub error: Box<CompileError>,
}

impl CompileWarning {
    /// A warning found after parsing, at a syntax tree position.
    pub fn at(location: Location, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = CompileError::at(location, message.clone());
        Self { message, lineno: location.line, error }
    }
}
