//! Prepared statements, and the cache of them that a connection keeps.

use std::{
    cell::{Cell, RefCell},
    ffi::{c_char, c_int},
};

use libsqlite3_sys as ffi;
use macros::{pymethods, pytype};
use object::{Head, Obj, Ref, Result, Str, Thread, Traverse, alloc_object};

use super::{
    connection::Connection,
    error::{self, Kind},
};

/// A prepared statement.
#[pytype(name = "sqlite3.Statement", flags = DISALLOW_INSTANTIATION, traverse = manual)]
pub(crate) struct Statement {
    head: Head,
    stmt: Cell<*mut ffi::sqlite3_stmt>,
    /// Whether it is INSERT, UPDATE, DELETE or REPLACE.
    pub(super) is_dml: bool,
}

impl Traverse for Statement {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Drop for Statement {
    fn drop(&mut self) {
        let stmt = self.stmt.replace(std::ptr::null_mut());
        if stmt.is_null() {
            return;
        }
        // SAFETY: objects die on attached threads.
        let th = unsafe { Thread::current() };
        // SAFETY: ours alone; destructors of SQLite may call back.
        th.allow_threads(|| unsafe { ffi::sqlite3_finalize(stmt) });
    }
}

#[pymethods]
impl Statement {}

/// The text behind comments and blanks.
fn skip_blanks(mut sql: &[u8]) -> &[u8] {
    loop {
        sql = sql.trim_ascii_start();
        if let Some(rest) = sql.strip_prefix(b"--") {
            sql = match memchr::memchr(b'\n', rest) {
                Some(end) => rest.get(end..).unwrap_or_default(),
                None => &[],
            };
        } else if let Some(rest) = sql.strip_prefix(b"/*") {
            sql = match memchr::memmem::find(rest, b"*/") {
                Some(end) => rest.get(end + 2..).unwrap_or_default(),
                None => &[],
            };
        } else {
            return sql;
        }
    }
}

/// Whether a statement changes rows, so that a transaction is opened for it.
fn is_dml(sql: &[u8]) -> bool {
    let start = skip_blanks(sql);
    [&b"INSERT"[..], b"UPDATE", b"DELETE", b"REPLACE"]
        .iter()
        .any(|word| start.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)))
}

impl Statement {
    /// Prepare `sql`, which is one statement.
    pub(super) fn create(
        th: Thread<'_>,
        connection: &Connection,
        sql: &Str,
    ) -> Result<Ref<Statement>> {
        let text = sql.to_utf8(th)?.as_bytes();
        let db = connection.db(th)?;
        connection.running.refuse_statements(th)?;
        // SAFETY: an open database.
        let most = unsafe { ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_SQL_LENGTH, -1) };
        if text.len() > most as usize {
            return Err(error::raise(
                th,
                Kind::DataError,
                format_args!("query string is too large"),
            ));
        }
        if text.contains(&0) {
            return Err(error::misuse(th, "the query contains a null character"));
        }
        let (mut stmt, mut tail) = (std::ptr::null_mut(), std::ptr::null::<c_char>());
        let start = text.as_ptr().cast::<c_char>();
        let size = text.len() as c_int;
        let status = th.allow_threads(|| {
            // SAFETY: `size` bytes of text, and room for the answers.
            unsafe { ffi::sqlite3_prepare_v2(db, start, size, &mut stmt, &mut tail) }
        });
        if status != ffi::SQLITE_OK {
            return Err(error::from_db(th, db));
        }
        let consumed = tail.addr().saturating_sub(start.addr());
        let rest = text.get(consumed..).unwrap_or_default();
        let statement =
            Statement { head: Head::new(), stmt: Cell::new(stmt), is_dml: is_dml(text) };
        if !skip_blanks(rest).is_empty() {
            drop(statement);
            return Err(error::misuse(th, "You can only execute one statement at a time."));
        }
        alloc_object::new(th, statement)
    }

    /// The handle; null for an empty statement.
    pub(super) fn stmt(&self) -> *mut ffi::sqlite3_stmt {
        self.stmt.get()
    }

    /// Whether it has begun and not ended.
    pub(super) fn is_busy(&self) -> bool {
        // SAFETY: null or a prepared statement.
        unsafe { ffi::sqlite3_stmt_busy(self.stmt()) != 0 }
    }

    /// Whether it leaves the database as it is.
    pub(super) fn is_readonly(&self) -> bool {
        // SAFETY: null or a prepared statement.
        unsafe { ffi::sqlite3_stmt_readonly(self.stmt()) != 0 }
    }

    /// Begin anew.
    pub(super) fn reset(&self, th: Thread<'_>) {
        let stmt = self.stmt();
        if !stmt.is_null() {
            // SAFETY: a prepared statement.
            th.allow_threads(|| unsafe { ffi::sqlite3_reset(stmt) });
        }
    }

    /// Go on to the next row.
    pub(super) fn step(&self, th: Thread<'_>) -> c_int {
        let stmt = self.stmt();
        if stmt.is_null() {
            return ffi::SQLITE_DONE;
        }
        // SAFETY: a prepared statement.
        th.allow_threads(|| unsafe { ffi::sqlite3_step(stmt) })
    }
}

/// The statements used last, the latest at the end.
#[derive(Default)]
pub(super) struct Cache {
    most: Cell<usize>,
    entries: RefCell<Vec<(Ref<Str>, Ref<Statement>)>>,
}

impl Cache {
    /// Forget all, and keep `most` from now on.
    pub(super) fn clear(&self, most: usize) {
        self.most.set(most);
        let old = std::mem::take(&mut *self.entries.borrow_mut());
        drop(old);
    }

    /// The statement of `sql`, prepared if it is not known.
    pub(super) fn get(
        &self,
        th: Thread<'_>,
        connection: &Connection,
        sql: &Str,
    ) -> Result<Ref<Statement>> {
        let known = {
            let mut entries = self.entries.borrow_mut();
            let at = entries.iter().rposition(|(text, _)| text.eq(sql));
            at.map(|at| {
                let entry = entries.remove(at);
                let statement = entry.1.clone();
                entries.push(entry);
                statement
            })
        };
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = Statement::create(th, connection, sql)?;
        if self.most.get() > 0 {
            let oldest = {
                let mut entries = self.entries.borrow_mut();
                entries.push((object::own(sql), statement.clone()));
                (entries.len() > self.most.get()).then(|| entries.remove(0))
            };
            drop(oldest);
        }
        Ok(statement)
    }
}
