//! From lines to rows.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, List, Protocol, Ref, Result, Str, Thread, alloc_object,
    declare::TypeBuilder,
    types::{self, Float},
};

use super::{
    QUOTE_NONE, QUOTE_NONNUMERIC, QUOTE_NOTNULL, QUOTE_STRINGS, dialect::Dialect, failure, state,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    StartRecord,
    StartField,
    Escaped,
    InField,
    InQuoted,
    EscapedInQuoted,
    QuoteInQuoted,
    EatLineEnd,
    AfterEscapedLineEnd,
}

/// CSV reader
///
/// Reader objects are responsible for reading and parsing tabular data
/// in CSV format.
#[pytype(name = "_csv.reader", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct Reader {
    head: Head,
    lines: Ref,
    dialect: Ref<Dialect>,
    line_num: Cell<i64>,
    /// Counts records, to notice an iterator that reads from its own reader.
    record: Cell<u64>,
}

/// A row that is being read.
struct Row<'a> {
    th: Thread<'a>,
    dialect: &'a Dialect,
    limit: i64,
    fields: Vec<Ref>,
    field: Vec<u32>,
    unquoted: bool,
    state: State,
}

const SPACE: u32 = b' ' as u32;

impl Row<'_> {
    fn add(&mut self, code: u32) -> Result<()> {
        if self.field.len() as i64 >= self.limit {
            let text = format!("field larger than field limit ({})", self.limit);
            return Err(failure(self.th, &text));
        }
        if self.field.try_reserve(1).is_err() {
            return Err(self.th.no_memory());
        }
        self.field.push(code);
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        let quoting = self.dialect.quoting;
        let is_empty = self.field.is_empty();
        let text = Str::from_code_points(self.th, &self.field)?;
        self.field.clear();
        let value = if self.unquoted && is_empty && matches!(quoting, QUOTE_NOTNULL | QUOTE_STRINGS)
        {
            types::none().own()
        } else if self.unquoted && !is_empty && matches!(quoting, QUOTE_NONNUMERIC | QUOTE_STRINGS)
        {
            let number = Float::from_object(self.th, text.obj())?;
            Float::new(self.th, number)?.upcast()
        } else {
            text.upcast()
        };
        self.fields.push(value);
        Ok(())
    }

    fn is_quote(&self, code: Option<u32>) -> bool {
        code.is_some() && code == self.dialect.quotechar && self.dialect.quoting != QUOTE_NONE
    }

    fn is_escape(&self, code: Option<u32>) -> bool {
        code.is_some() && code == self.dialect.escapechar
    }

    /// The end of a field that a line end is.
    fn end_of_field(&mut self, code: Option<u32>) -> Result<()> {
        self.save()?;
        self.state = if code.is_none() { State::StartRecord } else { State::EatLineEnd };
        Ok(())
    }

    /// A character, or the end of the line.
    fn step(&mut self, code: Option<u32>) -> Result<()> {
        const LINE_FEED: u32 = b'\n' as u32;
        const RETURN: u32 = b'\r' as u32;
        let is_line_end = matches!(code, Some(LINE_FEED | RETURN));
        let ends = code.is_none() || is_line_end;
        if self.state == State::AfterEscapedLineEnd {
            if code.is_none() {
                return Ok(());
            }
            self.state = State::InField;
        }
        if self.state == State::StartRecord {
            if code.is_none() {
                return Ok(());
            }
            if ends {
                self.state = State::EatLineEnd;
                return Ok(());
            }
            self.state = State::StartField;
        }
        let character = code.unwrap_or(LINE_FEED);
        match self.state {
            State::StartField => {
                self.unquoted = true;
                if ends {
                    return self.end_of_field(code);
                }
                if self.is_quote(code) {
                    self.unquoted = false;
                    self.state = State::InQuoted;
                } else if self.is_escape(code) {
                    self.state = State::Escaped;
                } else if character == SPACE && self.dialect.skipinitialspace {
                } else if character == self.dialect.delimiter {
                    self.save()?;
                } else {
                    self.add(character)?;
                    self.state = State::InField;
                }
            }
            State::Escaped => {
                self.add(character)?;
                self.state = if is_line_end { State::AfterEscapedLineEnd } else { State::InField };
            }
            State::InField => {
                if ends {
                    return self.end_of_field(code);
                }
                if self.is_escape(code) {
                    self.state = State::Escaped;
                } else if character == self.dialect.delimiter {
                    self.save()?;
                    self.state = State::StartField;
                } else {
                    self.add(character)?;
                }
            }
            State::InQuoted => {
                if code.is_none() {
                } else if self.is_escape(code) {
                    self.state = State::EscapedInQuoted;
                } else if self.is_quote(code) {
                    let double = self.dialect.doublequote;
                    self.state = if double { State::QuoteInQuoted } else { State::InField };
                } else {
                    self.add(character)?;
                }
            }
            State::EscapedInQuoted => {
                self.add(character)?;
                self.state = State::InQuoted;
            }
            State::QuoteInQuoted => {
                if self.is_quote(code) {
                    self.add(character)?;
                    self.state = State::InQuoted;
                } else if code == Some(self.dialect.delimiter) {
                    self.save()?;
                    self.state = State::StartField;
                } else if ends {
                    return self.end_of_field(code);
                } else if !self.dialect.strict {
                    self.add(character)?;
                    self.state = State::InField;
                } else {
                    return Err(self.stray_quote());
                }
            }
            State::EatLineEnd => {
                if code.is_none() {
                    self.state = State::StartRecord;
                } else if !ends {
                    let text = "new-line character seen in unquoted field - do you need to open \
                                the file with newline=''?";
                    return Err(failure(self.th, text));
                }
            }
            State::StartRecord | State::AfterEscapedLineEnd => {}
        }
        Ok(())
    }

    #[cold]
    fn stray_quote(&self) -> object::Raised {
        let shown = |code: u32| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let delimiter = shown(self.dialect.delimiter);
        let quote = shown(self.dialect.quotechar.unwrap_or_default());
        failure(self.th, &format!("'{delimiter}' expected after '{quote}'"))
    }
}

impl Reader {
    pub(super) fn create(th: Thread<'_>, lines: Ref, dialect: Ref<Dialect>) -> Result<Ref<Reader>> {
        let reader = Reader {
            head: Head::new(),
            lines,
            dialect,
            line_num: Cell::new(0),
            record: Cell::new(0),
        };
        alloc_object::new(th, reader)
    }
}

#[pymethods]
impl Reader {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let read_only = abi::Py_READONLY;
        let dialect = std::mem::offset_of!(Reader, dialect);
        b.member(c"dialect", abi::_Py_T_OBJECT, dialect, read_only, None);
        let line_num = std::mem::offset_of!(Reader, line_num);
        b.member(c"line_num", abi::Py_T_LONGLONG, line_num, read_only, None);
    }

    fn __iter__(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let record = self.record.get().wrapping_add(1);
        self.record.set(record);
        let mut row = Row {
            th,
            dialect: &self.dialect,
            limit: state(th).field_limit.get(),
            fields: Vec::new(),
            field: Vec::new(),
            unquoted: true,
            state: State::StartRecord,
        };
        loop {
            let Some(line) = self.lines.next(th)? else {
                if !row.field.is_empty() || row.state == State::InQuoted {
                    if self.dialect.strict {
                        return Err(failure(th, "unexpected end of data"));
                    }
                } else if row.state == State::StartRecord {
                    return Ok(None);
                }
                row.save()?;
                break;
            };
            let Some(text) = line.obj().downcast::<Str>() else {
                let kind = line.obj().type_name();
                let text = format!(
                    "iterator should return strings, not {kind} (the file should be opened in \
                     text mode)"
                );
                return Err(failure(th, &text));
            };
            if self.record.get() != record {
                return Err(failure(th, "iterator has already advanced the reader"));
            }
            self.line_num.set(self.line_num.get() + 1);
            for code in text.units().iter() {
                row.step(Some(code))?;
            }
            row.step(None)?;
            if row.state == State::StartRecord {
                break;
            }
        }
        List::from_refs(th, row.fields).map(|list| Some(list.upcast()))
    }
}
