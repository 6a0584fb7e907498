//! `Connection`: an open database.
//!
//! The handle is SQLite's; statements, blobs and functions hold on to it even
//! after `close`, which SQLite copes with (`sqlite3_close_v2`). A connection
//! belongs to the thread that made it unless it was told otherwise.

use std::{
    cell::{Cell, RefCell},
    ffi::{CString, c_int},
    rc::Rc,
};

use libsqlite3_sys as ffi;
use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Int, IntoObject, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Traverse, Tuple, Type, alloc_object, exceptions, id,
    protocol::buffer::BytesLike,
    raise,
    types::{self, weakref},
};

use crate::{
    support::{self, path::fspath},
    sys,
};

use super::{
    blob::Blob,
    callback::{Callback, Running},
    cursor::Cursor,
    error::{self, Kind, chain},
    statement::{Cache, Statement},
    value,
};

unsafe extern "C" {
    /// Closes a database as soon as its statements are finished; the crate's
    /// bindings leave it out.
    fn sqlite3_close_v2(db: *mut ffi::sqlite3) -> c_int;
}

/// Who opens and ends transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Control {
    /// `isolation_level` says.
    Legacy,
    /// SQLite: every statement is one.
    Autocommit,
    /// There is always one open.
    Transaction,
}

impl Control {
    /// What `autocommit` is set to.
    fn from_object(th: Thread<'_>, value: Obj<'_>) -> Result<Control> {
        if value.is(types::bool_(true)) {
            return Ok(Control::Autocommit);
        }
        if value.is(types::bool_(false)) {
            return Ok(Control::Transaction);
        }
        if Int::is_int(value) && Int::to_i64(value) == Some(-1) {
            return Ok(Control::Legacy);
        }
        raise!(
            th,
            ValueError,
            "autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL"
        );
    }
}

const LEVELS: [&str; 4] = ["", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"];

/// What `isolation_level` is set to.
fn isolation_level(th: Thread<'_>, value: Obj<'_>) -> Result<Option<&'static str>> {
    if value.is_none() {
        return Ok(None);
    }
    let Some(text) = value.downcast::<Str>() else {
        raise!(th, TypeError, "isolation_level must be str or None");
    };
    let text = text.to_utf8(th)?;
    match LEVELS.iter().find(|level| level.eq_ignore_ascii_case(text)) {
        Some(level) => Ok(Some(level)),
        None => raise!(
            th,
            ValueError,
            "isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'"
        ),
    }
}

/// A name for SQLite.
pub(super) fn c_string(th: Thread<'_>, text: &str) -> Result<CString> {
    match CString::new(text) {
        Ok(text) => Ok(text),
        Err(_) => raise!(th, ValueError, "embedded null character"),
    }
}

/// SQLite database connection object.
#[pytype(name = "sqlite3.Connection", flags = BASETYPE, traverse = manual)]
pub(crate) struct Connection {
    head: Head,
    db: Cell<*mut ffi::sqlite3>,
    pub(super) cache: Cache,
    pub(super) detect_types: Cell<i32>,
    isolation: Cell<Option<&'static str>>,
    pub(super) control: Cell<Control>,
    check_same_thread: Cell<bool>,
    thread: Cell<u64>,
    initialized: Cell<bool>,
    pub(super) row_factory: Link,
    pub(super) text_factory: Link,
    /// Weak references.
    blobs: RefCell<Vec<Ref>>,
    pub(super) trace: Cell<*mut Callback>,
    pub(super) progress: Cell<*mut Callback>,
    pub(super) authorizer: Cell<*mut Callback>,
    pub(super) running: Rc<Running>,
}

impl Traverse for Connection {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.row_factory.traverse(visit);
        self.text_factory.traverse(visit);
        for callback in [&self.trace, &self.progress, &self.authorizer] {
            // SAFETY: null, or a callback that the connection keeps.
            if let Some(callback) = unsafe { callback.get().as_ref() } {
                visit(callback.callable.obj());
            }
        }
    }

    fn clear(&self) {
        self.row_factory.clear();
        self.text_factory.clear();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: objects die on attached threads.
        let th = unsafe { Thread::current() };
        self.close_handle(th);
    }
}

/// An open database no longer calls what its connection keeps.
fn forget_callbacks(db: *mut ffi::sqlite3) {
    let (mask, null) = (ffi::SQLITE_TRACE_STMT as std::ffi::c_uint, std::ptr::null_mut());
    // SAFETY: an open database.
    unsafe {
        ffi::sqlite3_trace_v2(db, mask, None, null);
        ffi::sqlite3_progress_handler(db, 0, None, null);
        ffi::sqlite3_set_authorizer(db, None, null);
    }
}

/// Exchange a callback of a connection.
pub(super) fn replace_callback(place: &Cell<*mut Callback>, callback: *mut Callback) {
    let old = place.replace(callback);
    if !old.is_null() {
        // SAFETY: made by `Callback::create`; SQLite was told to forget it.
        drop(unsafe { Box::from_raw(old) });
    }
}

impl Connection {
    /// The handle; `ProgrammingError` if there is none.
    pub(super) fn db(&self, th: Thread<'_>) -> Result<*mut ffi::sqlite3> {
        if !self.initialized.get() {
            return Err(error::misuse(th, "Base Connection.__init__ not called."));
        }
        let db = self.db.get();
        if db.is_null() {
            return Err(error::misuse(th, "Cannot operate on a closed database."));
        }
        Ok(db)
    }

    /// Check that the calling thread may use the connection.
    pub(super) fn check_thread(&self, th: Thread<'_>) -> Result<()> {
        let (owner, me) = (self.thread.get(), th.state().ident());
        if self.initialized.get() && self.check_same_thread.get() && owner != me {
            return Err(error::raise(
                th,
                Kind::ProgrammingError,
                format_args!(
                    "SQLite objects created in a thread can only be used in that same thread. \
                     The object was created in thread id {owner} and this is thread id {me}."
                ),
            ));
        }
        Ok(())
    }

    /// The handle, if the calling thread may use it.
    pub(super) fn check(&self, th: Thread<'_>) -> Result<*mut ffi::sqlite3> {
        self.check_thread(th)?;
        self.db(th)
    }

    /// Whether no transaction is open.
    fn is_autocommit(&self, th: Thread<'_>) -> Result<bool> {
        let db = self.db(th)?;
        // SAFETY: an open database.
        Ok(unsafe { ffi::sqlite3_get_autocommit(db) } != 0)
    }

    /// Run a statement without parameters or rows.
    fn exec(&self, th: Thread<'_>, sql: &str) -> Result<()> {
        self.running.refuse_statements(th)?;
        let db = self.db(th)?;
        let sql = c_string(th, sql)?;
        let status = th.allow_threads(|| {
            let mut stmt = std::ptr::null_mut();
            let tail = std::ptr::null_mut();
            // SAFETY: an open database and a C string.
            unsafe {
                let status = ffi::sqlite3_prepare_v2(db, sql.as_ptr(), -1, &mut stmt, tail);
                if status != ffi::SQLITE_OK {
                    return status;
                }
                ffi::sqlite3_step(stmt);
                ffi::sqlite3_finalize(stmt)
            }
        });
        if status == ffi::SQLITE_OK { Ok(()) } else { Err(error::from_db(th, db)) }
    }

    /// Open a transaction before a statement that changes rows.
    pub(super) fn begin_if_needed(&self, th: Thread<'_>, is_dml: bool) -> Result<()> {
        if is_dml
            && self.control.get() == Control::Legacy
            && let Some(level) = self.isolation.get()
            && self.is_autocommit(th)?
        {
            self.exec(th, &format!("BEGIN {level}"))?;
        }
        Ok(())
    }

    /// Run a script.
    pub(super) fn run_script(&self, th: Thread<'_>, script: &str) -> Result<()> {
        self.running.refuse_statements(th)?;
        let db = self.db(th)?;
        // SAFETY: an open database.
        let most = unsafe { ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_SQL_LENGTH, -1) };
        if script.len() > most as usize {
            let text = format_args!("query string is too large");
            return Err(error::raise(th, Kind::DataError, text));
        }
        if self.control.get() == Control::Legacy && !self.is_autocommit(th)? {
            self.exec(th, "COMMIT")?;
        }
        let script = c_string(th, script)?;
        let status = th.allow_threads(|| {
            let mut next = script.as_ptr();
            loop {
                let (mut stmt, mut tail) = (std::ptr::null_mut(), std::ptr::null());
                // SAFETY: an open database and a C string.
                let status = unsafe {
                    let status = ffi::sqlite3_prepare_v2(db, next, -1, &mut stmt, &mut tail);
                    if status != ffi::SQLITE_OK {
                        return status;
                    }
                    while ffi::sqlite3_step(stmt) == ffi::SQLITE_ROW {}
                    ffi::sqlite3_finalize(stmt)
                };
                // SAFETY: the tail is inside the C string.
                if status != ffi::SQLITE_OK || unsafe { *tail } == 0 {
                    return status;
                }
                next = tail;
            }
        });
        if status == ffi::SQLITE_OK { Ok(()) } else { Err(error::from_db(th, db)) }
    }

    /// Give the handle back.
    fn close_handle(&self, th: Thread<'_>) {
        let db = self.db.replace(std::ptr::null_mut());
        if db.is_null() {
            return;
        }
        th.allow_threads(|| {
            forget_callbacks(db);
            // SAFETY: an open database that nobody uses through this object any
            // more; what is left of it keeps it.
            unsafe { sqlite3_close_v2(db) }
        });
        for place in [&self.trace, &self.progress, &self.authorizer] {
            replace_callback(place, std::ptr::null_mut());
        }
    }

    /// Roll back what the connection holds open, and close.
    fn shut(&self, th: Thread<'_>) -> Result<()> {
        let mut result = Ok(());
        if self.control.get() == Control::Transaction
            && self.initialized.get()
            && !self.db.get().is_null()
            && !self.is_autocommit(th)?
        {
            result = self.exec(th, "ROLLBACK");
        }
        self.close_handle(th);
        result
    }

    fn close_blobs(&self) {
        let blobs = std::mem::take(&mut *self.blobs.borrow_mut());
        for blob in blobs {
            if let Some(blob) = weakref::referent(blob.obj())
                && let Some(blob) = blob.obj().downcast::<Blob>()
            {
                blob.shut();
            }
        }
    }

    fn new_cursor(&self, th: Thread<'_>, factory: Option<Obj<'_>>) -> Result<Ref<Cursor>> {
        self.check(th)?;
        let factory = factory.unwrap_or_else(|| Cursor::type_object().obj());
        let cursor = factory.call(th, &[self.obj()])?;
        let cursor = match cursor.downcast::<Cursor>() {
            Ok(cursor) => cursor,
            Err(other) => raise!(
                th,
                TypeError,
                "factory must return a cursor, not {}",
                other.obj().type_name()
            ),
        };
        if let Some(factory) = self.row_factory.get().filter(|factory| !factory.obj().is_none()) {
            cursor.row_factory.set(Some(factory));
        }
        Ok(cursor)
    }

    fn commit_now(&self, th: Thread<'_>) -> Result<()> {
        self.check(th)?;
        self.end_transaction(th, "COMMIT")
    }

    fn rollback_now(&self, th: Thread<'_>) -> Result<()> {
        self.check(th)?;
        self.end_transaction(th, "ROLLBACK")
    }

    fn end_transaction(&self, th: Thread<'_>, sql: &str) -> Result<()> {
        match self.control.get() {
            Control::Legacy if self.is_autocommit(th)? => Ok(()),
            Control::Legacy => self.exec(th, sql),
            Control::Autocommit => Ok(()),
            Control::Transaction => {
                self.exec(th, sql)?;
                self.exec(th, "BEGIN")
            }
        }
    }

    /// Open the database at `name`.
    fn open(&self, th: Thread<'_>, name: &CString, timeout: f64, uri: bool) -> Result<()> {
        let mut db = std::ptr::null_mut();
        let flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE;
        let flags = flags | if uri { ffi::SQLITE_OPEN_URI } else { 0 };
        let status = th.allow_threads(|| {
            // SAFETY: a C string and room for the handle.
            unsafe {
                let vfs = std::ptr::null();
                let status = ffi::sqlite3_open_v2(name.as_ptr(), &mut db, flags, vfs);
                if status == ffi::SQLITE_OK {
                    ffi::sqlite3_busy_timeout(db, (timeout * 1000.0) as c_int);
                    // The bundled library checks foreign keys by default; SQLite does not.
                    let (off, actual) = (0 as c_int, std::ptr::null_mut::<c_int>());
                    ffi::sqlite3_db_config(db, ffi::SQLITE_DBCONFIG_ENABLE_FKEY, off, actual);
                }
                status
            }
        });
        if status != ffi::SQLITE_OK {
            if db.is_null() {
                return Err(th.no_memory());
            }
            let raised = error::from_db(th, db);
            // SAFETY: a handle that nobody has; open or not, it is to be closed.
            unsafe { ffi::sqlite3_close(db) };
            return Err(raised);
        }
        self.db.set(db);
        Ok(())
    }
}

/// A path as SQLite wants it.
fn file_name(th: Thread<'_>, database: Obj<'_>) -> Result<CString> {
    let path = fspath(th, database)?;
    let bytes = match path.obj().downcast::<object::Bytes>() {
        Some(bytes) => bytes.as_bytes().to_vec(),
        None => match path.obj().downcast::<Str>() {
            Some(text) => support::encode_fs(th, text)?,
            None => Vec::new(),
        },
    };
    match CString::new(bytes) {
        Ok(name) => Ok(name),
        Err(_) => raise!(th, ValueError, "embedded null byte"),
    }
}

#[pymethods(parts(functions, tools))]
impl Connection {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<Connection>> {
        alloc_object::alloc(
            th,
            cls,
            Connection {
                head: Head::new(),
                db: Cell::new(std::ptr::null_mut()),
                cache: Cache::default(),
                detect_types: Cell::new(0),
                isolation: Cell::new(None),
                control: Cell::new(Control::Legacy),
                check_same_thread: Cell::new(true),
                thread: Cell::new(0),
                initialized: Cell::new(false),
                row_factory: Link::null(),
                text_factory: Link::null(),
                blobs: RefCell::default(),
                trace: Cell::new(std::ptr::null_mut()),
                progress: Cell::new(std::ptr::null_mut()),
                authorizer: Cell::new(std::ptr::null_mut()),
                running: Rc::default(),
            },
        )
    }

    #[sig = "Connection(database, timeout=5.0, detect_types=0, isolation_level='', check_same_thread=True, factory=ConnectionType, cached_statements=128, uri=False, *, autocommit=sqlite3.LEGACY_TRANSACTION_CONTROL)"]
    #[leaving("_sqlite3.Connection", positional = 1)]
    fn __init__(
        &self,
        th: Thread<'_>,
        database: Obj<'_>,
        timeout: Option<object::args::Given<f64>>,
        detect_types: Option<object::args::Given<i32>>,
        level: Option<Obj<'_>>,
        check_same_thread: Option<Obj<'_>>,
        _factory: Option<Obj<'_>>,
        cached_statements: Option<object::args::Given<i32>>,
        uri: Option<Obj<'_>>,
        autocommit: Option<Obj<'_>>,
    ) -> Result<()> {
        let level = level.map_or(Ok(Some("")), |level| isolation_level(th, level))?;
        let truth = |value: Option<Obj<'_>>, default: bool| {
            value.map_or(Ok(default), |value| value.is_true(th))
        };
        let check_same_thread = truth(check_same_thread, true)?;
        let uri = truth(uri, false)?;
        let control =
            autocommit.map_or(Ok(Control::Legacy), |value| Control::from_object(th, value))?;
        sys::audit(th, "sqlite3.connect", &[database])?;
        let name = file_name(th, database)?;
        self.running.refuse_to_close(th)?;
        if self.initialized.replace(false) {
            self.cache.clear(0);
            let _ = (self.row_factory.take(), self.text_factory.take());
            self.close_blobs();
            self.close_handle(th);
        }
        self.open(th, &name, timeout.map_or(5.0, |timeout| timeout.0), uri)?;
        self.detect_types.set(detect_types.map_or(0, |detect| detect.0));
        self.isolation.set(level);
        self.control.set(control);
        self.check_same_thread.set(check_same_thread);
        self.thread.set(th.state().ident());
        let most = cached_statements.map_or(128, |most| most.0);
        self.cache.clear(usize::try_from(most).unwrap_or(0));
        self.row_factory.set(Some(types::none().own()));
        self.text_factory.set(Some(Str::type_object().obj().own()));
        sys::audit(th, "sqlite3.connect/handle", &[self.obj()])?;
        self.initialized.set(true);
        if control == Control::Transaction {
            self.exec(th, "BEGIN")?;
        }
        Ok(())
    }

    fn __del__(&self, th: Thread<'_>) -> Result<()> {
        if self.db.get().is_null() {
            return Ok(());
        }
        let report = || {
            let shown = support::shown(th, self.obj());
            let context = format!("Exception ignored while finalizing database connection {shown}");
            (th.hooks().unraisable)(th, Some(&context), None);
        };
        let text = format!("unclosed database in {}", support::shown(th, self.obj()));
        let category = exceptions::types::ResourceWarning();
        if support::warn_about(th, category, &text, self.obj()).is_err() {
            report();
        }
        if th.interp().is_finalizing() {
            // Python functions must not be called any more.
            forget_callbacks(self.db.get());
        }
        if self.shut(th).is_err() {
            report();
        }
        Ok(())
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        self.check(th)?;
        if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
            raise!(th, TypeError, "Connection() takes no keyword arguments");
        }
        let [sql] = args.items() else {
            raise!(th, TypeError, "function takes exactly 1 argument ({} given)", args.len());
        };
        let Some(sql) = sql.downcast::<Str>() else {
            raise!(th, TypeError, "argument 1 must be str, not {}", sql.type_name());
        };
        Statement::create(th, self, sql).map(Ref::upcast)
    }

    /// Return a cursor for the connection.
    #[sig = "($self, /, factory=<unrepresentable>)"]
    fn cursor(&self, th: Thread<'_>, factory: Option<Obj<'_>>) -> Result<Ref<Cursor>> {
        self.new_cursor(th, factory)
    }

    /// Close the database connection.
    ///
    /// Any pending transaction is not committed implicitly.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        self.check_thread(th)?;
        if !self.initialized.get() {
            return Err(error::misuse(th, "Base Connection.__init__ not called."));
        }
        self.running.refuse_to_close(th)?;
        self.close_blobs();
        self.cache.clear(0);
        self.shut(th)
    }

    /// Commit any pending transaction to the database.
    ///
    /// If there is no open transaction, this method is a no-op.
    #[sig = "($self, /)"]
    fn commit(&self, th: Thread<'_>) -> Result<()> {
        self.commit_now(th)
    }

    /// Roll back to the start of any pending transaction.
    ///
    /// If there is no open transaction, this method is a no-op.
    #[sig = "($self, /)"]
    fn rollback(&self, th: Thread<'_>) -> Result<()> {
        self.rollback_now(th)
    }

    /// Executes an SQL statement.
    #[sig = "($self, sql, parameters=(), /)"]
    fn execute(
        &self,
        th: Thread<'_>,
        sql: &Str,
        parameters: Option<Obj<'_>>,
    ) -> Result<Ref<Cursor>> {
        let cursor = self.new_cursor(th, None)?;
        cursor.run(th, sql, value::single_row(th, parameters), false)?;
        Ok(cursor)
    }

    /// Repeatedly executes an SQL statement.
    #[sig = "($self, sql, parameters, /)"]
    fn executemany(&self, th: Thread<'_>, sql: &Str, rows: Obj<'_>) -> Result<Ref<Cursor>> {
        let cursor = self.new_cursor(th, None)?;
        cursor.run(th, sql, value::parameter_rows(th, rows), true)?;
        Ok(cursor)
    }

    /// Executes multiple SQL statements at once.
    #[sig = "($self, sql_script, /)"]
    fn executescript(&self, th: Thread<'_>, script: Obj<'_>) -> Result<Ref<Cursor>> {
        let cursor = self.new_cursor(th, None)?;
        cursor.obj().call_method(th, id!(th, "executescript"), &[script])?;
        Ok(cursor)
    }

    /// Called when the connection is used as a context manager.
    ///
    /// Returns itself as a convenience to the caller.
    #[sig = "($self, /)"]
    fn __enter__(&self, th: Thread<'_>) -> Result {
        self.db(th)?;
        Ok(self.obj().own())
    }

    /// Called when the connection is used as a context manager.
    ///
    /// If there was any exception, a rollback takes place; otherwise we
    /// commit.
    #[sig = "($self, type, value, traceback, /)"]
    fn __exit__(&self, th: Thread<'_>, ty: Obj<'_>, value: Obj<'_>, traceback: Obj<'_>) -> Result {
        if !(ty.is_none() && value.is_none() && traceback.is_none()) {
            self.rollback_now(th)?;
        } else if let Err(raised) = self.commit_now(th) {
            // Unlock the database.
            let exception = th.take_exception(raised);
            return Err(match self.rollback_now(th) {
                Ok(()) => th.restore(exception),
                Err(raised) => chain(th, raised, Some(exception)),
            });
        }
        Ok(types::bool_(false).own())
    }

    /// Open and return a BLOB object.
    ///
    ///   table
    ///     Table name.
    ///   column
    ///     Column name.
    ///   rowid
    ///     Row id.
    ///   readonly
    ///     Open the BLOB without write permissions.
    ///   name
    ///     Database name.
    #[sig = "($self, table, column, rowid, /, *, readonly=False, name='main')"]
    fn blobopen(
        &self,
        th: Thread<'_>,
        table: &str,
        column: &str,
        row: Obj<'_>,
        readonly: Option<Obj<'_>>,
        name: Option<object::args::Given<&str>>,
    ) -> Result<Ref<Blob>> {
        let row = Int::index(th, row)?;
        let row = value::int64(th, row.obj())?;
        let readonly = readonly.map_or(Ok(false), |readonly| readonly.is_true(th))?;
        let (table, column) = (c_string(th, table)?, c_string(th, column)?);
        let name = c_string(th, name.map_or("main", |name| name.0))?;
        let db = self.check(th)?;
        let mut handle = std::ptr::null_mut();
        let status = th.allow_threads(|| {
            let flags = c_int::from(!readonly);
            let (name, table, column) = (name.as_ptr(), table.as_ptr(), column.as_ptr());
            // SAFETY: an open database, C strings, room for the handle.
            unsafe { ffi::sqlite3_blob_open(db, name, table, column, row, flags, &mut handle) }
        });
        match status {
            ffi::SQLITE_OK => {}
            ffi::SQLITE_MISUSE => {
                let text = error::code_text(status);
                return Err(error::raise(th, Kind::InterfaceError, format_args!("{text}")));
            }
            _ => return Err(error::from_db(th, db)),
        }
        let blob = Blob::create(th, self, handle)?;
        let reference = weakref::new(th, blob.obj())?;
        let mut blobs = self.blobs.borrow_mut();
        blobs.push(reference);
        drop(blobs);
        Ok(blob)
    }

    #[getter(isolation_level)]
    fn get_isolation_level(&self, th: Thread<'_>) -> Result<Option<&'static str>> {
        self.db(th)?;
        Ok(self.isolation.get())
    }

    #[setter]
    fn set_isolation_level(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, AttributeError, "cannot delete attribute") };
        let level = isolation_level(th, value)?;
        self.isolation.set(level);
        if level.is_none() { self.commit_now(th) } else { Ok(()) }
    }

    #[getter]
    fn total_changes(&self, th: Thread<'_>) -> Result<i32> {
        let db = self.db(th)?;
        // SAFETY: an open database.
        Ok(unsafe { ffi::sqlite3_total_changes(db) })
    }

    #[getter]
    fn in_transaction(&self, th: Thread<'_>) -> Result<bool> {
        self.is_autocommit(th).map(|autocommit| !autocommit)
    }

    #[getter(autocommit)]
    fn get_autocommit(&self, th: Thread<'_>) -> Result {
        self.check(th)?;
        match self.control.get() {
            Control::Legacy => (-1i32).into_object(th),
            Control::Autocommit => true.into_object(th),
            Control::Transaction => false.into_object(th),
        }
    }

    #[setter]
    fn set_autocommit(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, AttributeError, "cannot delete autocommit attribute")
        };
        self.check(th)?;
        let control = Control::from_object(th, value)?;
        self.control.set(control);
        match (control, self.is_autocommit(th)?) {
            (Control::Autocommit, false) => self.exec(th, "COMMIT"),
            (Control::Transaction, true) => self.exec(th, "BEGIN"),
            _ => Ok(()),
        }
    }

    #[getter(row_factory)]
    fn get_row_factory(&self, _: Thread<'_>) -> Option<Ref> {
        self.row_factory.get()
    }

    #[setter]
    fn set_row_factory(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        set_factory(th, &self.row_factory, value, "row_factory")
    }

    #[getter(text_factory)]
    fn get_text_factory(&self, _: Thread<'_>) -> Option<Ref> {
        self.text_factory.get()
    }

    #[setter]
    fn set_text_factory(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        set_factory(th, &self.text_factory, value, "text_factory")
    }

    #[getter]
    fn __text_signature__(&self, _: Thread<'_>) -> &'static str {
        "(sql, /)"
    }
}

fn set_factory(th: Thread<'_>, place: &Link, value: Option<Obj<'_>>, name: &str) -> Result<()> {
    let Some(value) = value else {
        raise!(th, AttributeError, "cannot delete {name} attribute");
    };
    place.set(Some(value.own()));
    Ok(())
}

macro_rules! exception_getters {
    ($($name:ident)*) => {
        #[pymethods(part = tools)]
        impl Connection { $(
            #[getter]
            #[allow(non_snake_case, reason = "named as the class")]
            fn $name(&self, th: Thread<'_>) -> Ref {
                error::class(th, Kind::$name).obj().own()
            }
        )* }
    };
}

exception_getters! {
    Warning Error InterfaceError DatabaseError DataError OperationalError IntegrityError
    InternalError ProgrammingError NotSupportedError
}

/// The bytes of an argument that may be text.
pub(super) fn bytes_or_text<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<BytesOrText<'a>> {
    match object.downcast::<Str>() {
        Some(text) => text.to_utf8(th).map(BytesOrText::Text),
        None => BytesLike::get(th, object).map(BytesOrText::Bytes),
    }
}

/// See [`bytes_or_text`].
pub(super) enum BytesOrText<'a> {
    Bytes(BytesLike<'a>),
    Text(&'a str),
}

impl BytesOrText<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            BytesOrText::Bytes(bytes) => bytes,
            BytesOrText::Text(text) => text.as_bytes(),
        }
    }
}
