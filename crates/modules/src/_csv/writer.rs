//! From rows to lines.

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Obj, Protocol, Ref, Result, Str, Thread, alloc_object, declare::TypeBuilder,
    exceptions, protocol::iter,
};

use super::{
    QUOTE_ALL, QUOTE_NONE, QUOTE_NONNUMERIC, QUOTE_NOTNULL, QUOTE_STRINGS,
    dialect::{Dialect, is_number},
    failure,
};

/// CSV writer
///
/// Writer objects are responsible for generating tabular data
/// in CSV format from sequence input.
#[pytype(name = "_csv.writer", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct Writer {
    head: Head,
    write: Ref,
    dialect: Ref<Dialect>,
}

/// A line that is being written.
struct Line<'a> {
    th: Thread<'a>,
    dialect: &'a Dialect,
    codes: Vec<u32>,
    fields: usize,
    /// The only field so far is empty and not quoted; whether it is `None`.
    lone: Option<bool>,
}

impl Line<'_> {
    fn is_special(&self, code: u32) -> bool {
        let dialect = self.dialect;
        code == dialect.delimiter
            || Some(code) == dialect.escapechar
            || Some(code) == dialect.quotechar
            || code == u32::from('\r')
            || code == u32::from('\n')
            || dialect.terminator.contains(&code)
    }

    fn field(&mut self, value: Obj<'_>) -> Result<()> {
        let dialect = self.dialect;
        let quoting = dialect.quoting;
        let mut quoted = match quoting {
            QUOTE_NONNUMERIC => !is_number(value),
            QUOTE_STRINGS => value.downcast::<Str>().is_some(),
            QUOTE_NOTNULL => !value.is_none(),
            quoting => quoting == QUOTE_ALL,
        };
        let text = if value.is_none() { None } else { Some(value.str(self.th)?) };
        let is_empty = text.as_ref().is_none_or(|text| text.len() == 0);
        if is_empty && dialect.delimiter == u32::from(' ') && dialect.skipinitialspace {
            let is_null = value.is_none() && matches!(quoting, QUOTE_STRINGS | QUOTE_NOTNULL);
            if quoting == QUOTE_NONE || is_null {
                let text = "empty field must be quoted if delimiter is a space and \
                            skipinitialspace is true";
                return Err(failure(self.th, text));
            }
            quoted = true;
        }
        let mut out: Vec<u32> = Vec::new();
        if let Some(text) = &text {
            if out.try_reserve(text.len()).is_err() {
                return Err(self.th.no_memory());
            }
            for code in text.units().iter() {
                if self.is_special(code) {
                    quoted |= self.escape(code, &mut out)?;
                }
                out.push(code);
            }
        }
        if self.fields > 0 {
            self.codes.push(dialect.delimiter);
        }
        self.lone = (self.fields == 0 && out.is_empty() && !quoted).then(|| value.is_none());
        self.fields += 1;
        if self.codes.try_reserve(out.len() + 2).is_err() {
            return Err(self.th.no_memory());
        }
        let quote = dialect.quotechar.filter(|_| quoted);
        self.codes.extend(quote);
        self.codes.append(&mut out);
        self.codes.extend(quote);
        Ok(())
    }

    /// What goes before a special character; whether the field must be quoted.
    fn escape(&self, code: u32, out: &mut Vec<u32>) -> Result<bool> {
        let dialect = self.dialect;
        let escapes = if dialect.quoting == QUOTE_NONE {
            true
        } else if Some(code) == dialect.quotechar {
            if dialect.doublequote {
                out.push(code);
            }
            !dialect.doublequote
        } else {
            Some(code) == dialect.escapechar
        };
        if !escapes {
            return Ok(true);
        }
        match dialect.escapechar {
            Some(escape) => {
                out.push(escape);
                Ok(false)
            }
            None => Err(failure(self.th, "need to escape, but no escapechar set")),
        }
    }
}

impl Writer {
    pub(super) fn create(th: Thread<'_>, write: Ref, dialect: Ref<Dialect>) -> Result<Ref<Writer>> {
        alloc_object::new(th, Writer { head: Head::new(), write, dialect })
    }
}

#[pymethods]
impl Writer {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let dialect = std::mem::offset_of!(Writer, dialect);
        b.member(c"dialect", abi::_Py_T_OBJECT, dialect, abi::Py_READONLY, None);
    }

    /// Construct and write a CSV record from an iterable of fields.
    ///
    /// Non-string elements will be converted to string.
    #[sig = "($self, row, /)"]
    fn writerow(&self, th: Thread<'_>, row: Obj<'_>) -> Result {
        let fields = match row.iter(th) {
            Ok(fields) => fields,
            Err(raised) => {
                th.catch(raised, exceptions::types::TypeError())?;
                let text = format!("iterable expected, not {}", row.type_name());
                return Err(failure(th, &text));
            }
        };
        let dialect = &*self.dialect;
        let mut line = Line { th, dialect, codes: Vec::new(), fields: 0, lone: None };
        while let Some(field) = fields.next(th)? {
            line.field(field.obj())?;
        }
        if line.fields == 1
            && let Some(is_null) = line.lone
        {
            let is_null = is_null && matches!(dialect.quoting, QUOTE_STRINGS | QUOTE_NOTNULL);
            if dialect.quoting == QUOTE_NONE || is_null {
                return Err(failure(th, "single empty field record must be quoted"));
            }
            line.codes.extend(dialect.quotechar);
            line.codes.extend(dialect.quotechar);
        }
        line.codes.extend(&dialect.terminator);
        let text = Str::from_code_points(th, &line.codes)?;
        self.write.call(th, &[text.obj()])
    }

    /// Construct and write a series of iterables to a csv file.
    ///
    /// Non-string elements will be converted to string.
    #[sig = "($self, rows, /)"]
    fn writerows(&self, th: Thread<'_>, rows: Obj<'_>) -> Result<()> {
        iter::for_each(th, rows, |row| self.writerow(th, row.obj()).map(drop))
    }
}
