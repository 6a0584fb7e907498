//! `_tokenize`: the tokenizer behind `tokenize`.
//!
//! The source is read as a whole when the first token is wanted; an error of
//! the tokenizer is raised when its place is reached.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
};

use compiler::{
    ErrorKind,
    tokenize::{self, DEDENT, ENDMARKER, INDENT, NEWLINE, NL, OP, TokenizeError},
};
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Head, Int, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple,
    Type, alloc_object, exceptions, id, raise, types,
};

/// What is known once the source was read.
#[derive(Default)]
struct Scanned {
    /// With the line ends of the source.
    lines: Vec<String>,
    /// Offset of each line in the text that was scanned.
    starts: Vec<usize>,
    tokens: std::vec::IntoIter<tokenize::Token>,
    error: Option<TokenizeError>,
    length: usize,
    /// The line that was looked for last.
    recent: Cell<usize>,
}

/// Iterate over the tokens of a source.
#[pytype(name = "_tokenize.TokenizerIter", sig = "(readline, /, *, extra_tokens, encoding=None)")]
pub struct TokenizerIter {
    head: Head,
    readline: Ref,
    encoding: String,
    extra: bool,
    started: Cell<bool>,
    #[traverse(skip)]
    scanned: RefCell<Scanned>,
    /// The object for the line that the last token was on: most tokens have their neighbours' line.
    shown: RefCell<Option<Ref<Str>>>,
}

impl TokenizerIter {
    /// All lines that `readline` gives.
    fn read(&self, th: Thread<'_>) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = match self.readline.call(th, &[]) {
                Ok(line) => line,
                Err(raised) => {
                    th.catch(raised, exceptions::types::StopIteration())?;
                    return Ok(lines);
                }
            };
            let line = if line.obj().downcast::<Bytes>().is_some() && !self.encoding.is_empty() {
                (th.hooks().decode)(th, line.obj(), &self.encoding, "replace")?
            } else {
                line
            };
            let Some(text) = line.obj().downcast::<Str>() else {
                let expected = if self.encoding.is_empty() { "string" } else { "bytes" };
                raise!(th, TypeError, "readline() returned a non-{expected} object");
            };
            if text.len() == 0 {
                return Ok(lines);
            }
            lines.push(text.to_utf8(th)?.to_owned());
        }
    }

    fn start(&self, th: Thread<'_>) -> Result<()> {
        if self.started.replace(true) {
            return Ok(());
        }
        let whole = self.read(th)?.concat();
        let lines: Vec<String> = whole.split_inclusive('\n').map(str::to_owned).collect();
        let mut text = String::with_capacity(whole.len());
        let mut starts = Vec::with_capacity(lines.len());
        for line in &lines {
            starts.push(text.len());
            match line.strip_suffix("\r\n") {
                Some(line) => {
                    text.push_str(line);
                    text.push('\n');
                }
                None => text.push_str(line),
            }
        }
        let (tokens, error) = tokenize::tokenize(&text, self.extra);
        *self.scanned.borrow_mut() = Scanned {
            lines,
            starts,
            tokens: tokens.into_iter(),
            error,
            length: text.len(),
            recent: Cell::new(0),
        };
        Ok(())
    }

    fn raise(&self, th: Thread<'_>, error: &TokenizeError) -> Raised {
        match self.error(th, error) {
            Ok(exception) => th.raise_object(exception),
            Err(raised) => raised,
        }
    }

    fn error(&self, th: Thread<'_>, error: &TokenizeError) -> Result<Ref> {
        let class = match error.kind {
            ErrorKind::IndentationError => exceptions::types::IndentationError(),
            ErrorKind::TabError => exceptions::types::TabError(),
            _ => exceptions::types::SyntaxError(),
        };
        let message = Str::new(th, &error.message)?;
        let filename = Str::new(th, "<string>")?;
        let scanned = self.scanned.borrow();
        let int = |value: usize| Int::from_i64(th, value as i64);
        if error.at_end {
            let lineno = scanned.lines.len().max(1);
            let last = scanned.lines.last().map_or("", String::as_str);
            let in_line = last.trim_end().ends_with('\\') && !last.starts_with('\\');
            // A last line without an end gets one.
            let length = last.trim_end_matches('\n').chars().count() + 1;
            let offset = if in_line { length } else { 0 };
            drop(scanned);
            let exception = object::exceptions::instantiate(th, class, &[message.obj()])?;
            for (name, value) in [
                (id!(th, "filename"), filename.upcast()),
                (id!(th, "lineno"), int(lineno)?),
                (id!(th, "offset"), int(offset)?),
                (id!(th, "end_lineno"), int(lineno)?),
            ] {
                exception.setattr(th, name, Some(value.obj()))?;
            }
            return Ok(exception);
        }
        let (line, col) = scanned.position(error.start);
        let text = scanned.line(line).trim_end_matches(['\r', '\n']).to_owned();
        let end = error.end.map_or((line, col), |end| scanned.position(end));
        drop(scanned);
        let text_object = Str::new(th, &text)?.upcast();
        let details = if error.kind == ErrorKind::SyntaxError {
            let (lineno, offset) = (int(line + 1)?, int(col + 1)?);
            vec![filename.upcast(), lineno, offset, text_object, int(end.0 + 1)?, int(end.1 + 1)?]
        } else {
            let none = || types::none().own();
            let offset = int(text.chars().count() + 1)?;
            vec![filename.upcast(), int(line + 1)?, offset, text_object, none(), none()]
        };
        let details = Tuple::from_refs(th, details)?;
        object::exceptions::instantiate(th, class, &[message.obj(), details.obj()])
    }
}

impl Scanned {
    fn line(&self, index: usize) -> &str {
        self.lines.get(index).map_or("", String::as_str)
    }

    /// Index of the line and column in characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let (line, column) = self.place(offset);
        let text = self.line(line);
        (line, text.get(..column).map_or(column, |text| text.chars().count()))
    }

    /// Index of the line and column in bytes.
    fn place(&self, offset: usize) -> (usize, usize) {
        let start = |line: usize| self.starts.get(line).copied();
        let mut line = self.recent.get();
        let is_there = start(line).is_some_and(|start| start <= offset)
            && start(line + 1).is_none_or(|next| offset < next);
        if !is_there {
            line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
            self.recent.set(line);
        }
        (line, offset - start(line).unwrap_or(0))
    }

    /// The lines from `first` to `last`.
    fn lines(&self, first: usize, last: usize) -> Cow<'_, str> {
        if first == last {
            return self.line(first).into();
        }
        (first..=last).map(|index| self.line(index)).collect()
    }

    /// The source between two offsets.
    fn text(&self, start: usize, end: usize) -> Cow<'_, str> {
        let (first, last) = (self.place(start), self.place(end));
        if first.0 == last.0 {
            return self.line(first.0).get(first.1..last.1).unwrap_or_default().into();
        }
        let mut text = self.line(first.0).get(first.1..).unwrap_or_default().to_owned();
        for line in first.0 + 1..last.0 {
            text.push_str(self.line(line));
        }
        text.push_str(self.line(last.0).get(..last.1).unwrap_or_default());
        text.into()
    }
}

#[pymethods]
impl TokenizerIter {
    #[sig = "TokenizerIter(readline, /, *, extra_tokens, encoding=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        readline: Obj<'_>,
        extra_tokens: bool,
        encoding: Option<&str>,
    ) -> Result {
        let iter = TokenizerIter {
            head: Head::new(),
            readline: readline.own(),
            encoding: encoding.unwrap_or_default().to_owned(),
            extra: extra_tokens,
            started: Cell::new(false),
            scanned: RefCell::default(),
            shown: RefCell::default(),
        };
        Ok(alloc_object::alloc(th, cls, iter)?.upcast())
    }

    fn __iter__(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.start(th)?;
        let token = self.scanned.borrow_mut().tokens.next();
        let Some(token) = token else {
            let error = self.scanned.borrow_mut().error.take();
            return match error {
                Some(error) => Err(self.raise(th, &error)),
                None => Ok(None),
            };
        };
        let scanned = self.scanned.borrow();
        let mut end = scanned.position(token.end);
        let (start, mut text): (_, Cow<'_, str>) = match token.kind {
            // Continued lines before it are not part of it.
            INDENT => ((end.0, 0), scanned.line(end.0).chars().take(end.1).collect()),
            _ => (scanned.position(token.start), scanned.text(token.start, token.end)),
        };
        let at_end =
            token.start >= scanned.length && matches!(token.kind, ENDMARKER | DEDENT) && self.extra;
        let is_newline = matches!(token.kind, NEWLINE | NL);
        let mut line = scanned.lines(start.0, if is_newline { start.0 } else { end.0 });
        if is_newline {
            let newline = match &*line {
                line if line.ends_with("\r\n") => "\r\n",
                line if line.ends_with('\n') => "\n",
                _ => "",
            };
            text = newline.into();
            end = (start.0, start.1 + newline.len().max(1));
            if !self.extra {
                text = "".into();
                end = start;
            }
        }
        let [row, column] = [start.0 as i64 + 1, start.1 as i64];
        let mut positions = [[row, column], [end.0 as i64 + 1, end.1 as i64]];
        if at_end {
            positions = [[scanned.lines.len() as i64 + 1, 0]; 2];
            line = "".into();
        } else if !self.extra && matches!(token.kind, ENDMARKER | DEDENT | INDENT) {
            let row = match token.start >= scanned.length {
                true => scanned.lines.len().max(1) as i64,
                false => row,
            };
            positions = [[row, -1]; 2];
            text = "".into();
            line = scanned.line(row as usize - 1).into();
            let blank = line.trim_start();
            if !line.ends_with('\n') && (blank.is_empty() || blank.starts_with('#')) {
                line = "".into();
            }
        }
        let kind =
            if self.extra && (DEDENT + 1..OP).contains(&token.kind) { OP } else { token.kind };
        let pair = |[row, column]: [i64; 2]| -> Result {
            let items = [Int::from_i64(th, row)?, Int::from_i64(th, column)?];
            Ok(Tuple::from_array(th, items)?.upcast())
        };
        let [start, end] = positions;
        let items = [
            Int::from_i64(th, i64::from(kind))?,
            Str::new(th, &text)?.upcast(),
            pair(start)?,
            pair(end)?,
            self.shown(th, &line)?.upcast(),
        ];
        Ok(Some(Tuple::from_array(th, items)?.upcast()))
    }
}

impl TokenizerIter {
    /// The object for a line, that of the token before if it is the same.
    fn shown(&self, th: Thread<'_>, line: &str) -> Result<Ref<Str>> {
        let mut shown = self.shown.borrow_mut();
        match &*shown {
            Some(known) if known.eq_str(line) => Ok(known.clone()),
            _ => Ok(shown.insert(Str::new(th, line)?).clone()),
        }
    }
}

/// The tokenizer of the interpreter.
#[pymodule]
pub mod _tokenize {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<TokenizerIter>(th)
    }
}
