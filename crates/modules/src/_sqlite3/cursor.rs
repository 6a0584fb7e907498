//! `Cursor`: one statement at a time, and its rows.
//!
//! While a statement is bound or a row is read Python code can run; the cursor
//! is locked then, so that it cannot be used from there.

use std::{
    cell::{Cell, RefCell},
    ffi::{CStr, c_int},
    mem::offset_of,
};

use libsqlite3_sys as ffi;
use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Float, Head, Int, Link, List, Obj, Protocol, PyStruct, Raised, Ref,
    Result, Str, Thread, Tuple, Type, alloc_object,
    declare::TypeBuilder,
    exceptions, raise,
    types::{self, ByteArray},
};

use super::{
    PARSE_COLNAMES, PARSE_DECLTYPES,
    connection::Connection,
    error::{self, Kind},
    state,
    statement::Statement,
    value,
};

/// SQLite database cursor class.
#[pytype(name = "sqlite3.Cursor", flags = BASETYPE, weaklistoffset = weaklist)]
pub(crate) struct Cursor {
    head: Head,
    connection: Link<Connection>,
    description: Link,
    lastrowid: Link,
    pub(super) row_factory: Link,
    statement: Link<Statement>,
    /// The converters of the columns.
    casts: RefCell<Vec<Option<Ref>>>,
    rowcount: Cell<i64>,
    arraysize: Cell<u32>,
    closed: Cell<bool>,
    locked: Cell<bool>,
    initialized: Cell<bool>,
    weaklist: Cell<*mut abi::PyObject>,
}

impl Drop for Cursor {
    fn drop(&mut self) {
        // SAFETY: objects die on attached threads.
        let th = unsafe { Thread::current() };
        if let Some(statement) = self.statement.take() {
            statement.reset(th);
        }
    }
}

/// Unlocks a cursor.
struct Lock<'a>(&'a Cell<bool>);

impl<'a> Lock<'a> {
    fn new(locked: &'a Cell<bool>) -> Lock<'a> {
        locked.set(true);
        Lock(locked)
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Cursor {
    /// What the columns are.
    pub(super) fn description(&self) -> Ref {
        self.description.get().unwrap_or_else(|| types::none().own())
    }

    fn check_locked(&self, th: Thread<'_>) -> Result<()> {
        if self.locked.get() {
            return Err(error::misuse(th, "Recursive use of cursors not allowed."));
        }
        Ok(())
    }

    fn connection(&self, th: Thread<'_>) -> Result<Ref<Connection>> {
        match self.connection.get() {
            Some(connection) => Ok(connection),
            None => Err(error::misuse(th, "Base Cursor.__init__ not called.")),
        }
    }

    /// The connection, if the cursor can be used.
    fn check(&self, th: Thread<'_>) -> Result<Ref<Connection>> {
        if !self.initialized.get() {
            return Err(error::misuse(th, "Base Cursor.__init__ not called."));
        }
        if self.closed.get() {
            return Err(error::misuse(th, "Cannot operate on a closed cursor."));
        }
        let connection = self.connection(th)?;
        connection.check(th)?;
        self.check_locked(th)?;
        Ok(connection)
    }

    fn drop_statement(&self, th: Thread<'_>) {
        if let Some(statement) = self.statement.take() {
            statement.reset(th);
        }
    }

    /// Execute `sql` for each row of parameters.
    pub(super) fn run(
        &self,
        th: Thread<'_>,
        sql: &Str,
        rows: Result<Ref>,
        multiple: bool,
    ) -> Result<()> {
        let connection = match self.check(th) {
            Ok(connection) => connection,
            Err(raised) => {
                self.rowcount.set(-1);
                return Err(raised);
            }
        };
        let lock = Lock::new(&self.locked);
        let result = rows.and_then(|rows| self.run_locked(th, &connection, sql, &rows, multiple));
        drop(lock);
        match result {
            Ok(()) => {
                if self.statement.get().is_some_and(|statement| !statement.is_busy()) {
                    self.statement.set(None);
                }
                Ok(())
            }
            Err(raised) => {
                let exception = th.take_exception(raised);
                self.drop_statement(th);
                self.rowcount.set(-1);
                Err(th.restore(exception))
            }
        }
    }

    fn run_locked(
        &self,
        th: Thread<'_>,
        connection: &Connection,
        sql: &Str,
        rows: &Ref,
        multiple: bool,
    ) -> Result<()> {
        self.description.set(Some(types::none().own()));
        if let Some(statement) = self.statement.get() {
            statement.reset(th);
        }
        connection.running.refuse_statements(th)?;
        let mut statement = connection.cache.get(th, connection, sql)?;
        if multiple && statement.is_readonly() {
            let text = "executemany() can only execute DML statements.";
            return Err(error::misuse(th, text));
        }
        if statement.is_busy() {
            statement = Statement::create(th, connection, sql)?;
        }
        self.statement.set(Some(statement.clone()));
        statement.reset(th);
        self.rowcount.set(if statement.is_dml { 0 } else { -1 });
        connection.begin_if_needed(th, statement.is_dml)?;
        while let Some(parameters) = rows.next(th)? {
            let bound = value::bind_all(th, &statement, parameters.obj());
            connection.db(th)?;
            bound?;
            let status = statement.step(th);
            let db = connection.db(th)?;
            if status != ffi::SQLITE_DONE && status != ffi::SQLITE_ROW {
                report_callback_error(th);
                return Err(error::from_db(th, db));
            }
            self.find_casts(th, connection, &statement)?;
            self.describe(th, connection, &statement)?;
            if status == ffi::SQLITE_DONE {
                if statement.is_dml {
                    // SAFETY: an open database.
                    let changes = unsafe { ffi::sqlite3_changes(db) };
                    self.rowcount.set(self.rowcount.get() + i64::from(changes));
                }
                statement.reset(th);
            }
            if th.is_raised() {
                return Err(Raised);
            }
        }
        if !multiple {
            // SAFETY: an open database.
            let row = unsafe { ffi::sqlite3_last_insert_rowid(connection.db(th)?) };
            self.lastrowid.set(Some(Int::from_i64(th, row)?));
        }
        Ok(())
    }

    /// The name of a column, as SQLite has it.
    fn column_name(&self, th: Thread<'_>, statement: &Statement, column: c_int) -> Result<Vec<u8>> {
        // SAFETY: a prepared statement.
        let name = unsafe { ffi::sqlite3_column_name(statement.stmt(), column) };
        if name.is_null() {
            return Err(th.no_memory());
        }
        // SAFETY: a C string that is valid for now.
        Ok(unsafe { CStr::from_ptr(name) }.to_bytes().to_vec())
    }

    fn describe(
        &self,
        th: Thread<'_>,
        connection: &Connection,
        statement: &Statement,
    ) -> Result<()> {
        // SAFETY: null or a prepared statement.
        let count = unsafe { ffi::sqlite3_column_count(statement.stmt()) };
        if count <= 0 || !self.description().obj().is_none() {
            return Ok(());
        }
        let mut columns = Vec::new();
        for column in 0..count {
            let name = self.column_name(th, statement, column)?;
            let mut shown = &name[..];
            if connection.detect_types.get() & PARSE_COLNAMES != 0
                && let Some(end) = memchr::memchr(b'[', shown)
            {
                let end = if end > 0 && shown.get(end - 1) == Some(&b' ') { end - 1 } else { end };
                shown = shown.get(..end).unwrap_or(shown);
            }
            let name = value::text(th, shown)?;
            let none = types::none();
            let parts = [name.obj(), none, none, none, none, none, none];
            columns.push(Tuple::from_objs(th, &parts)?.upcast());
        }
        self.description.set(Some(Tuple::from_refs(th, columns)?.upcast()));
        Ok(())
    }

    /// Find the converters of the columns.
    fn find_casts(
        &self,
        th: Thread<'_>,
        connection: &Connection,
        statement: &Statement,
    ) -> Result<()> {
        let detect = connection.detect_types.get();
        if detect == 0 {
            return Ok(());
        }
        match self.casts_of(th, statement, detect) {
            Ok(casts) => {
                let old = self.casts.replace(casts);
                drop(old);
                Ok(())
            }
            Err(raised) => {
                let cause = th.take_exception(raised);
                let text = format_args!("Error while building row_cast_map");
                let raised = error::raise(th, Kind::OperationalError, text);
                let exception = th.take_exception(raised);
                if let Some(base) = exceptions::BaseException::of(exception.obj()) {
                    base.set_cause(Some(cause.clone()));
                    base.set_context(Some(cause));
                }
                Err(th.restore(exception))
            }
        }
    }

    fn casts_of(
        &self,
        th: Thread<'_>,
        statement: &Statement,
        detect: i32,
    ) -> Result<Vec<Option<Ref>>> {
        let mut casts = Vec::new();
        // SAFETY: null or a prepared statement.
        let count = unsafe { ffi::sqlite3_column_count(statement.stmt()) };
        for column in 0..count {
            let mut cast = None;
            if detect & PARSE_COLNAMES != 0 {
                let name = self.column_name(th, statement, column)?;
                let start = memchr::memchr(b'[', &name).map(|at| at + 1);
                let bracketed = start.and_then(|start| {
                    let rest = name.get(start..)?;
                    rest.get(..memchr::memchr(b']', rest)?)
                });
                if let Some(key) = bracketed {
                    cast = converter(th, key)?;
                }
            }
            if cast.is_none() && detect & PARSE_DECLTYPES != 0 {
                // SAFETY: a prepared statement.
                let declared = unsafe { ffi::sqlite3_column_decltype(statement.stmt(), column) };
                if !declared.is_null() {
                    // SAFETY: a C string that is valid for now.
                    let declared = unsafe { CStr::from_ptr(declared) }.to_bytes().to_vec();
                    let end = declared.iter().position(|byte| matches!(byte, b' ' | b'('));
                    cast = converter(
                        th,
                        declared.get(..end.unwrap_or(declared.len())).unwrap_or_default(),
                    )?;
                }
            }
            casts.push(cast);
        }
        Ok(casts)
    }

    /// The row that the statement is at.
    fn row(
        &self,
        th: Thread<'_>,
        connection: &Connection,
        statement: &Statement,
    ) -> Result<Ref<Tuple>> {
        // SAFETY: null or a prepared statement.
        let count = unsafe { ffi::sqlite3_data_count(statement.stmt()) };
        let mut values = Vec::new();
        for column in 0..count {
            let cast = match connection.detect_types.get() {
                0 => None,
                _ => self.casts.borrow().get(column as usize).cloned().flatten(),
            };
            values.push(match cast {
                Some(cast) => converted(th, statement, column, &cast)?,
                None => self.column(th, connection, statement, column)?,
            });
        }
        if th.is_raised() {
            return Err(Raised);
        }
        Tuple::from_refs(th, values)
    }

    fn column(
        &self,
        th: Thread<'_>,
        connection: &Connection,
        statement: &Statement,
        column: c_int,
    ) -> Result {
        let stmt = statement.stmt();
        // SAFETY: a statement that is at a row.
        match unsafe { ffi::sqlite3_column_type(stmt, column) } {
            ffi::SQLITE_NULL => Ok(types::none().own()),
            ffi::SQLITE_INTEGER => {
                // SAFETY: as above.
                let value = unsafe { ffi::sqlite3_column_int64(stmt, column) };
                Int::from_i64(th, value)
            }
            ffi::SQLITE_FLOAT => {
                // SAFETY: as above.
                let value = unsafe { ffi::sqlite3_column_double(stmt, column) };
                Float::from_f64(th, value)
            }
            ffi::SQLITE_TEXT => {
                // SAFETY: as above; the size comes after the text.
                let bytes = unsafe {
                    let start = ffi::sqlite3_column_text(stmt, column);
                    value::lent(start, ffi::sqlite3_column_bytes(stmt, column))
                };
                self.text(th, connection, statement, column, bytes)
            }
            _ => blob(th, statement, column).map(Ref::upcast),
        }
    }

    fn text(
        &self,
        th: Thread<'_>,
        connection: &Connection,
        statement: &Statement,
        column: c_int,
        bytes: &[u8],
    ) -> Result {
        let factory = connection.text_factory.get().unwrap_or_else(|| types::none().own());
        let is = |ty: &'static Type| factory.obj().is(ty.obj());
        if is(Bytes::type_object()) {
            return Bytes::new(th, bytes).map(Ref::upcast);
        }
        if is(ByteArray::type_object()) {
            return ByteArray::new(th, bytes).map(Ref::upcast);
        }
        if !is(Str::type_object()) {
            let bytes = Bytes::new(th, bytes)?;
            return factory.call(th, &[bytes.obj()]);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Str::new(th, text).map(Ref::upcast),
            Err(_) => {
                let name = self.column_name(th, statement, column)?;
                let ascii = |bytes: &[u8]| -> String {
                    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
                    let shown = bytes.iter().take(end);
                    shown.map(|b| if b.is_ascii() { char::from(*b) } else { '\u{fffd}' }).collect()
                };
                let text = format_args!(
                    "Could not decode to UTF-8 column '{}' with text '{}'",
                    ascii(&name),
                    ascii(bytes)
                );
                Err(error::raise(th, Kind::OperationalError, text))
            }
        }
    }

    /// The next row; `None` at the end.
    fn next_row(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let connection = self.check(th)?;
        let Some(statement) = self.statement.get() else { return Ok(None) };
        let lock = Lock::new(&self.locked);
        let row = self.row(th, &connection, &statement);
        drop(lock);
        let row = row?;
        let status = statement.step(th);
        match status {
            ffi::SQLITE_ROW => {}
            ffi::SQLITE_DONE => {
                if statement.is_dml {
                    // SAFETY: an open database.
                    let changes = unsafe { ffi::sqlite3_changes(connection.db(th)?) };
                    self.rowcount.set(changes.into());
                }
                self.drop_statement(th);
            }
            _ => {
                report_callback_error(th);
                let raised = error::from_db(th, connection.db(th)?);
                let exception = th.take_exception(raised);
                self.drop_statement(th);
                return Err(th.restore(exception));
            }
        }
        let factory = self.row_factory.get().filter(|factory| !factory.obj().is_none());
        match factory {
            Some(factory) => factory.call(th, &[self.obj(), row.obj()]).map(Some),
            None => Ok(Some(row.upcast())),
        }
    }
}

/// An exception that a collation left goes the way of those of functions.
fn report_callback_error(th: Thread<'_>) {
    if let Some(exception) = th.swap_exception(None)
        && state(th).tracebacks.get()
    {
        let _ = th.restore(exception);
        (th.hooks().unraisable)(th, Some("Exception ignored on sqlite3 callback"), None);
    }
}

/// The converter for a type.
fn converter(th: Thread<'_>, key: &[u8]) -> Result<Option<Ref>> {
    let key = value::text(th, key)?;
    let upper = key.obj().call_method(th, object::id!(th, "upper"), &[])?;
    state(th).converters(th)?.get(th, upper.obj())
}

fn blob(th: Thread<'_>, statement: &Statement, column: c_int) -> Result<Ref<Bytes>> {
    // SAFETY: a statement that is at a row; the size comes after the data.
    let bytes = unsafe {
        let start = ffi::sqlite3_column_blob(statement.stmt(), column).cast();
        value::lent(start, ffi::sqlite3_column_bytes(statement.stmt(), column))
    };
    Bytes::new(th, bytes)
}

fn converted(th: Thread<'_>, statement: &Statement, column: c_int, cast: &Ref) -> Result {
    // SAFETY: a statement that is at a row.
    let is_null = unsafe { ffi::sqlite3_column_type(statement.stmt(), column) } == ffi::SQLITE_NULL;
    // COMPAT: an empty value has no bytes and is `None`; test_sqlite3.test_types.
    let bytes = blob(th, statement, column)?;
    if is_null || bytes.len() == 0 {
        return Ok(types::none().own());
    }
    cast.call(th, &[bytes.obj()])
}

/// A number of rows: an unsigned 32-bit int.
fn row_limit(th: Thread<'_>, value: Obj<'_>) -> Result<u32> {
    let index = Int::index(th, value)?;
    if Int::sign(index.obj()) < 0 {
        raise!(th, ValueError, "Cannot convert negative int");
    }
    match Int::to_u64(index.obj()).and_then(|value| u32::try_from(value).ok()) {
        Some(value) => Ok(value),
        None => raise!(th, OverflowError, "Python int too large to convert to C uint32_t"),
    }
}

#[pymethods]
impl Cursor {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<Cursor>> {
        alloc_object::alloc(
            th,
            cls,
            Cursor {
                head: Head::new(),
                connection: Link::null(),
                description: Link::null(),
                lastrowid: Link::null(),
                row_factory: Link::null(),
                statement: Link::null(),
                casts: RefCell::default(),
                rowcount: Cell::new(0),
                arraysize: Cell::new(0),
                closed: Cell::new(false),
                locked: Cell::new(false),
                initialized: Cell::new(false),
                weaklist: Cell::new(std::ptr::null_mut()),
            },
        )
    }

    #[sig = "Cursor(connection, /)"]
    fn __init__(&self, th: Thread<'_>, connection: &Connection) -> Result<()> {
        self.check_locked(th)?;
        self.drop_statement(th);
        let none = || Some(types::none().own());
        self.connection.set(Some(object::own(connection)));
        let old = std::mem::take(&mut *self.casts.borrow_mut());
        drop(old);
        self.description.set(none());
        self.lastrowid.set(none());
        self.row_factory.set(none());
        self.arraysize.set(1);
        self.closed.set(false);
        self.rowcount.set(-1);
        connection.check_thread(th)?;
        self.initialized.set(true);
        Ok(())
    }

    fn __iter__(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.next_row(th)
    }

    /// Closes the cursor.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        self.check_locked(th)?;
        self.connection(th)?.check(th)?;
        self.drop_statement(th);
        self.closed.set(true);
        Ok(())
    }

    /// Executes an SQL statement.
    #[sig = "($self, sql, parameters=(), /)"]
    fn execute(&self, th: Thread<'_>, sql: &Str, parameters: Option<Obj<'_>>) -> Result {
        self.run(th, sql, value::single_row(th, parameters), false)?;
        Ok(self.obj().own())
    }

    /// Repeatedly executes an SQL statement.
    #[sig = "($self, sql, seq_of_parameters, /)"]
    fn executemany(&self, th: Thread<'_>, sql: &Str, rows: Obj<'_>) -> Result {
        self.run(th, sql, value::parameter_rows(th, rows), true)?;
        Ok(self.obj().own())
    }

    /// Executes multiple SQL statements at once.
    #[sig = "($self, sql_script, /)"]
    fn executescript(&self, th: Thread<'_>, script: &str) -> Result {
        if script.as_bytes().contains(&0) {
            raise!(th, ValueError, "embedded null character");
        }
        self.check(th)?.run_script(th, script)?;
        Ok(self.obj().own())
    }

    /// Fetches one row from the resultset.
    #[sig = "($self, /)"]
    fn fetchone(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.next_row(th)
    }

    /// Fetches several rows from the resultset.
    ///
    ///   size
    ///     The default value is set by the Cursor.arraysize attribute.
    #[sig = "($self, /, size=1)"]
    fn fetchmany(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<Ref<List>> {
        let most = match size {
            Some(size) => row_limit(th, size)?,
            None => self.arraysize.get(),
        };
        let mut rows = Vec::new();
        while (rows.len() as u64) < u64::from(most)
            && let Some(row) = self.next_row(th)?
        {
            rows.push(row);
        }
        if most == 0 {
            self.check(th)?;
        }
        List::from_refs(th, rows)
    }

    /// Fetches all rows from the resultset.
    #[sig = "($self, /)"]
    fn fetchall(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let mut rows = Vec::new();
        while let Some(row) = self.next_row(th)? {
            rows.push(row);
        }
        List::from_refs(th, rows)
    }

    /// Required by DB-API. Does nothing in sqlite3.
    #[sig = "($self, sizes, /)"]
    fn setinputsizes(&self, _: Thread<'_>, _: Obj<'_>) {}

    /// Required by DB-API. Does nothing in sqlite3.
    #[sig = "($self, size, column=None, /)"]
    fn setoutputsize(&self, _: Thread<'_>, _: Obj<'_>, _: Option<Obj<'_>>) {}

    #[getter(arraysize)]
    fn get_arraysize(&self, _: Thread<'_>) -> u32 {
        self.arraysize.get()
    }

    #[setter]
    fn set_arraysize(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, AttributeError, "arraysize attribute cannot be deleted");
        };
        self.arraysize.set(row_limit(th, value)?);
        Ok(())
    }

    #[getter(row_factory)]
    fn get_row_factory(&self, _: Thread<'_>) -> Option<Ref> {
        self.row_factory.get()
    }

    #[setter]
    fn set_row_factory(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, AttributeError, "cannot delete row_factory attribute");
        };
        self.row_factory.set(Some(value.own()));
        Ok(())
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (read, object) = (abi::Py_READONLY, abi::_Py_T_OBJECT);
        b.member(c"connection", object, offset_of!(Cursor, connection), read, None);
        b.member(c"description", object, offset_of!(Cursor, description), read, None);
        b.member(c"lastrowid", object, offset_of!(Cursor, lastrowid), read, None);
        b.member(c"rowcount", abi::Py_T_LONG, offset_of!(Cursor, rowcount), read, None);
    }
}
