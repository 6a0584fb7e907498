//! The methods of a connection that register Python functions, and those that
//! work on whole databases.

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_int, c_uint},
};

use libsqlite3_sys as ffi;
use macros::pymethods;
use object::{
    AsObject, Bytes, IntoObject, Obj, Protocol, Ref, Result, Thread, Tuple,
    args::Given,
    id,
    protocol::call::{self, is_callable},
    raise, types,
};

use crate::{support, sys};

use super::{
    callback::{self, Callback},
    connection::{Connection, bytes_or_text, c_string, replace_callback},
    error::{self, Kind},
};

impl Connection {
    /// Check a number of arguments of a function.
    fn check_count(&self, th: Thread<'_>, name: &str, count: i32) -> Result<*mut ffi::sqlite3> {
        let db = self.check(th)?;
        // SAFETY: an open database.
        let most = unsafe { ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_FUNCTION_ARG, -1) };
        if !(-1..=most).contains(&count) {
            return Err(error::raise(
                th,
                Kind::ProgrammingError,
                format_args!("'{name}' must be between -1 and {most}, not {count}"),
            ));
        }
        Ok(db)
    }

    fn check_option(&self, th: Thread<'_>, op: i32) -> Result<*mut ffi::sqlite3> {
        let db = self.check(th)?;
        if !(ffi::SQLITE_DBCONFIG_ENABLE_FKEY..=ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA).contains(&op) {
            raise!(th, ValueError, "unknown config 'op': {op}");
        }
        Ok(db)
    }

    /// The new callback of a connection, null for `None`.
    fn new_callback(&self, th: Thread<'_>, callable: Obj<'_>) -> *mut Callback {
        if callable.is_none() { std::ptr::null_mut() } else { self.callback(th, callable) }
    }

    fn callback(&self, th: Thread<'_>, callable: Obj<'_>) -> *mut Callback {
        Callback::create(th, callable, &self.running)
    }

    fn operational(&self, th: Thread<'_>, text: std::fmt::Arguments<'_>) -> object::Raised {
        error::raise(th, Kind::OperationalError, text)
    }
}

/// Exchange a callback that SQLite uses; SQLite is told by `set`.
fn exchange(
    place: &Cell<*mut Callback>,
    new: *mut Callback,
    set: impl FnOnce(*mut Callback) -> c_int,
) -> c_int {
    let status = set(new);
    replace_callback(place, new);
    status
}

#[pymethods(part = functions)]
impl Connection {
    /// Creates a new function.
    #[sig = "($self, /, name, narg, func, *, deterministic=False)"]
    #[leaving("_sqlite3.Connection.create_function", names = 3)]
    fn create_function(
        &self,
        th: Thread<'_>,
        name: &str,
        narg: i32,
        func: Obj<'_>,
        deterministic: Option<Obj<'_>>,
    ) -> Result<()> {
        let deterministic = deterministic.map_or(Ok(false), |value| value.is_true(th))?;
        let name = c_string(th, name)?;
        let db = self.check_count(th, "narg", narg)?;
        let flags = ffi::SQLITE_UTF8 | if deterministic { ffi::SQLITE_DETERMINISTIC } else { 0 };
        let callback = self.callback(th, func).cast();
        // SAFETY: an open database; SQLite frees the callback, also when it fails.
        let status = unsafe {
            ffi::sqlite3_create_function_v2(
                db,
                name.as_ptr(),
                narg,
                flags,
                callback,
                Some(callback::call),
                None,
                None,
                Some(callback::destroy),
            )
        };
        if status != ffi::SQLITE_OK {
            return Err(self.operational(th, format_args!("Error creating function")));
        }
        Ok(())
    }

    /// Creates a new aggregate.
    #[sig = "($self, /, name, n_arg, aggregate_class)"]
    #[leaving("_sqlite3.Connection.create_aggregate", names = 3)]
    fn create_aggregate(
        &self,
        th: Thread<'_>,
        name: &str,
        n_arg: i32,
        aggregate_class: Obj<'_>,
    ) -> Result<()> {
        let name = c_string(th, name)?;
        let db = self.check_count(th, "n_arg", n_arg)?;
        let callback = self.callback(th, aggregate_class).cast();
        // SAFETY: as in `create_function`.
        let status = unsafe {
            ffi::sqlite3_create_function_v2(
                db,
                name.as_ptr(),
                n_arg,
                ffi::SQLITE_UTF8,
                callback,
                None,
                Some(callback::step),
                Some(callback::finalize),
                Some(callback::destroy),
            )
        };
        if status != ffi::SQLITE_OK {
            return Err(self.operational(th, format_args!("Error creating aggregate")));
        }
        Ok(())
    }

    /// Creates or redefines an aggregate window function. Non-standard.
    ///
    ///   name
    ///     The name of the SQL aggregate window function to be created or
    ///     redefined.
    ///   num_params
    ///     The number of arguments the step and inverse methods takes.
    ///   aggregate_class
    ///     A class with step(), finalize(), value(), and inverse() methods.
    ///     Set to None to clear the window function.
    #[sig = "($self, name, num_params, aggregate_class, /)"]
    fn create_window_function(
        &self,
        th: Thread<'_>,
        name: &str,
        num_params: i32,
        aggregate_class: Obj<'_>,
    ) -> Result<()> {
        let name = c_string(th, name)?;
        let db = self.check_count(th, "num_params", num_params)?;
        let (name, flags) = (name.as_ptr(), ffi::SQLITE_UTF8);
        let null = std::ptr::null_mut();
        // SAFETY: as in `create_function`.
        let status = unsafe {
            if aggregate_class.is_none() {
                ffi::sqlite3_create_window_function(
                    db, name, num_params, flags, null, None, None, None, None, None,
                )
            } else {
                ffi::sqlite3_create_window_function(
                    db,
                    name,
                    num_params,
                    flags,
                    self.callback(th, aggregate_class).cast(),
                    Some(callback::step),
                    Some(callback::finalize),
                    Some(callback::value),
                    Some(callback::inverse),
                    Some(callback::destroy),
                )
            }
        };
        if status != ffi::SQLITE_OK {
            return Err(error::misuse(th, &error::code_text(status)));
        }
        Ok(())
    }

    /// Creates a collation function.
    #[sig = "($self, name, callback, /)"]
    fn create_collation(&self, th: Thread<'_>, name: &str, callable: Obj<'_>) -> Result<()> {
        let db = self.check(th)?;
        let name = c_string(th, name)?;
        if !callable.is_none() && !is_callable(callable) {
            raise!(th, TypeError, "parameter must be callable");
        }
        let callback = self.new_callback(th, callable);
        let (name, flags) = (name.as_ptr(), ffi::SQLITE_UTF8);
        // SAFETY: an open database; SQLite frees the callback unless it fails.
        let status = unsafe {
            if callback.is_null() {
                let null = std::ptr::null_mut();
                ffi::sqlite3_create_collation_v2(db, name, flags, null, None, None)
            } else {
                let (collate, destroy) =
                    (Some(callback::collate as _), Some(callback::destroy as _));
                ffi::sqlite3_create_collation_v2(db, name, flags, callback.cast(), collate, destroy)
            }
        };
        if status != ffi::SQLITE_OK {
            replace_callback(&Cell::new(callback), std::ptr::null_mut());
            return Err(error::from_db(th, db));
        }
        Ok(())
    }

    /// Set authorizer callback.
    #[sig = "($self, /, authorizer_callback)"]
    #[leaving("_sqlite3.Connection.set_authorizer", names = 1)]
    fn set_authorizer(&self, th: Thread<'_>, callable: Obj<'_>) -> Result<()> {
        let db = self.check(th)?;
        let status = exchange(&self.authorizer, self.new_callback(th, callable), |callback| {
            let function = (!callback.is_null()).then_some(callback::authorize as _);
            // SAFETY: an open database; the connection keeps the callback.
            unsafe { ffi::sqlite3_set_authorizer(db, function, callback.cast()) }
        });
        if status != ffi::SQLITE_OK {
            replace_callback(&self.authorizer, std::ptr::null_mut());
            return Err(self.operational(th, format_args!("Error setting authorizer callback")));
        }
        Ok(())
    }

    /// Set progress handler callback.
    ///
    ///   progress_handler
    ///     A callable that takes no arguments.
    ///     If the callable returns non-zero, the current query is
    ///     terminated, and an exception is raised.
    ///   n
    ///     The number of SQLite virtual machine instructions that are
    ///     executed between invocations of 'progress_handler'.
    ///
    /// If 'progress_handler' is None or 'n' is less than 1, the progress
    /// handler is disabled.
    #[sig = "($self, /, progress_handler, n)"]
    #[leaving("_sqlite3.Connection.set_progress_handler", names = 1)]
    fn set_progress_handler(&self, th: Thread<'_>, callable: Obj<'_>, n: i32) -> Result<()> {
        let db = self.check(th)?;
        exchange(&self.progress, self.new_callback(th, callable), |callback| {
            let function = (!callback.is_null()).then_some(callback::progress as _);
            let n = if callback.is_null() { 0 } else { n };
            // SAFETY: an open database; the connection keeps the callback.
            unsafe { ffi::sqlite3_progress_handler(db, n, function, callback.cast()) };
            ffi::SQLITE_OK
        });
        Ok(())
    }

    /// Set a trace callback called for each SQL statement (passed as unicode).
    #[sig = "($self, /, trace_callback)"]
    #[leaving("_sqlite3.Connection.set_trace_callback", names = 1)]
    fn set_trace_callback(&self, th: Thread<'_>, callable: Obj<'_>) -> Result<()> {
        let db = self.check(th)?;
        exchange(&self.trace, self.new_callback(th, callable), |callback| {
            let function = (!callback.is_null()).then_some(callback::trace as _);
            let mask = ffi::SQLITE_TRACE_STMT as c_uint;
            // SAFETY: an open database; the connection keeps the callback.
            unsafe { ffi::sqlite3_trace_v2(db, mask, function, callback.cast()) }
        });
        Ok(())
    }

    /// Enable dynamic loading of SQLite extension modules.
    #[sig = "($self, enable, /)"]
    fn enable_load_extension(&self, th: Thread<'_>, enable: bool) -> Result<()> {
        let event = "sqlite3.enable_load_extension";
        sys::audit(th, event, &[self.obj(), types::bool_(enable)])?;
        let db = self.check(th)?;
        // SAFETY: an open database.
        let status = unsafe { ffi::sqlite3_enable_load_extension(db, c_int::from(enable)) };
        if status != ffi::SQLITE_OK {
            return Err(self.operational(th, format_args!("Error enabling load extension")));
        }
        Ok(())
    }

    /// Load SQLite extension module.
    #[sig = "($self, name, /, *, entrypoint=None)"]
    fn load_extension(
        &self,
        th: Thread<'_>,
        name: &object::Str,
        entrypoint: Option<&str>,
    ) -> Result<()> {
        sys::audit(th, "sqlite3.load_extension", &[self.obj(), name.obj()])?;
        let db = self.check(th)?;
        let name = c_string(th, name.to_utf8(th)?)?;
        let entry = entrypoint.map(|entry| c_string(th, entry)).transpose()?;
        let entry = entry.as_ref().map_or(std::ptr::null(), |entry| entry.as_ptr());
        let mut message = std::ptr::null_mut::<c_char>();
        // SAFETY: an open database, C strings, room for the message.
        let status = unsafe { ffi::sqlite3_load_extension(db, name.as_ptr(), entry, &mut message) };
        if status == ffi::SQLITE_OK {
            return Ok(());
        }
        let text = if message.is_null() {
            error::code_text(status)
        } else {
            // SAFETY: a C string that is ours to free.
            let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
            // SAFETY: as above.
            unsafe { ffi::sqlite3_free(message.cast()) };
            text
        };
        Err(self.operational(th, format_args!("{text}")))
    }

    /// Abort any pending database operation.
    #[sig = "($self, /)"]
    fn interrupt(&self, th: Thread<'_>) -> Result<()> {
        let db = self.db(th)?;
        // SAFETY: an open database.
        unsafe { ffi::sqlite3_interrupt(db) };
        Ok(())
    }

    /// Returns iterator to the dump of the database in an SQL text format.
    ///
    ///   filter
    ///     An optional LIKE pattern for database objects to dump
    #[sig = "($self, /, *, filter=None)"]
    fn iterdump(&self, th: Thread<'_>, filter: Option<Obj<'_>>) -> Result {
        self.db(th)?;
        let iterdump = support::import_from(th, "sqlite3.dump", "_iterdump")?;
        let names = Tuple::from_objs(th, &[id!(th, "filter").obj()])?;
        let filter = filter.map_or_else(|| types::none().own(), Obj::own);
        call::call(th, iterdump.obj(), &[self.obj(), filter.obj()], Some(&names))
    }

    /// Makes a backup of the database.
    #[sig = "($self, /, target, *, pages=-1, progress=None, name='main', sleep=0.25)"]
    fn backup(
        &self,
        th: Thread<'_>,
        target: &Connection,
        pages: Option<Given<i32>>,
        progress: Option<Obj<'_>>,
        name: Option<Given<&str>>,
        sleep: Option<Given<f64>>,
    ) -> Result<()> {
        let db = self.check(th)?;
        let target_db = target.check(th)?;
        if std::ptr::eq(self, target) {
            raise!(th, ValueError, "target cannot be the same connection instance");
        }
        let progress = progress.filter(|progress| !progress.is_none());
        if progress.is_some_and(|progress| !is_callable(progress)) {
            raise!(th, TypeError, "progress argument must be a callable");
        }
        let pages = pages.map_or(-1, |pages| if pages.0 == 0 { -1 } else { pages.0 });
        let name = c_string(th, name.map_or("main", |name| name.0))?;
        let pause = (sleep.map_or(0.25, |sleep| sleep.0) * 1000.0) as c_int;
        let handle = th.allow_threads(|| {
            // SAFETY: open databases and C strings.
            unsafe { ffi::sqlite3_backup_init(target_db, c"main".as_ptr(), db, name.as_ptr()) }
        });
        if handle.is_null() {
            return Err(error::from_db(th, target_db));
        }
        // SAFETY: a backup that is going on, finished here.
        let finish = || th.allow_threads(|| unsafe { ffi::sqlite3_backup_finish(handle) });
        loop {
            // SAFETY: a backup that is going on.
            let status = th.allow_threads(|| unsafe { ffi::sqlite3_backup_step(handle, pages) });
            if let Some(progress) = progress {
                // SAFETY: as above.
                let (remaining, count) = unsafe {
                    (ffi::sqlite3_backup_remaining(handle), ffi::sqlite3_backup_pagecount(handle))
                };
                let call = || -> Result<Ref> {
                    let args = [
                        status.into_object(th)?,
                        remaining.into_object(th)?,
                        count.into_object(th)?,
                    ];
                    progress.call(th, object::args::borrow_all(&args))
                };
                if let Err(raised) = call() {
                    let exception = th.take_exception(raised);
                    finish();
                    return Err(th.restore(exception));
                }
            }
            match status {
                ffi::SQLITE_OK => {}
                ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => {
                    // SAFETY: no preconditions.
                    th.allow_threads(|| unsafe { ffi::sqlite3_sleep(pause) });
                }
                _ => break,
            }
        }
        if finish() != ffi::SQLITE_OK {
            return Err(error::from_db(th, target_db));
        }
        Ok(())
    }

    /// Serialize a database into a byte string.
    ///
    ///   name
    ///     Which database to serialize.
    ///
    /// For an ordinary on-disk database file, the serialization is just
    /// a copy of the disk file.  For an in-memory database or a "temp"
    /// database, the serialization is the same sequence of bytes which
    /// would be written to disk if that database were backed up to disk.
    #[sig = "($self, /, *, name='main')"]
    fn serialize(&self, th: Thread<'_>, name: Option<Given<&str>>) -> Result<Ref<Bytes>> {
        let shown = name.map_or("main", |name| name.0);
        let name = c_string(th, shown)?;
        let db = self.check(th)?;
        let mut size = 0;
        let data = th.allow_threads(|| {
            // SAFETY: an open database, a C string, room for the size.
            unsafe { ffi::sqlite3_serialize(db, name.as_ptr(), &mut size, 0) }
        });
        if data.is_null() {
            return Err(self.operational(th, format_args!("unable to serialize '{shown}'")));
        }
        // SAFETY: so many bytes, ours to free.
        let bytes = Bytes::new(th, unsafe { std::slice::from_raw_parts(data, size as usize) });
        // SAFETY: as above.
        unsafe { ffi::sqlite3_free(data.cast()) };
        bytes
    }

    /// Load a serialized database.
    ///
    ///   data
    ///     The serialized database content.
    ///   name
    ///     Which database to reopen with the deserialization.
    ///
    /// The deserialize interface causes the database connection to
    /// disconnect from the target database, and then reopen it as
    /// an in-memory database based on the given serialized data.
    ///
    /// The deserialize interface will fail with SQLITE_BUSY if the
    /// database is currently in a read transaction or is involved in
    /// a backup operation.
    #[sig = "($self, data, /, *, name='main')"]
    fn deserialize(&self, th: Thread<'_>, data: Obj<'_>, name: Option<Given<&str>>) -> Result<()> {
        let data = bytes_or_text(th, data)?;
        let data = data.bytes();
        let name = c_string(th, name.map_or("main", |name| name.0))?;
        let db = self.check(th)?;
        // SAFETY: no preconditions.
        let copy = unsafe { ffi::sqlite3_malloc64(data.len() as u64) }.cast::<u8>();
        if copy.is_null() && !data.is_empty() {
            return Err(th.no_memory());
        }
        if !data.is_empty() {
            // SAFETY: just allocated.
            unsafe { copy.copy_from(data.as_ptr(), data.len()) };
        }
        let size = data.len() as ffi::sqlite3_int64;
        let flags =
            (ffi::SQLITE_DESERIALIZE_FREEONCLOSE | ffi::SQLITE_DESERIALIZE_RESIZEABLE) as c_uint;
        let status = th.allow_threads(|| {
            // SAFETY: an open database; SQLite takes over the copy.
            unsafe { ffi::sqlite3_deserialize(db, name.as_ptr(), copy, size, size, flags) }
        });
        if status == ffi::SQLITE_OK { Ok(()) } else { Err(error::from_db(th, db)) }
    }

    /// Set connection run-time limits.
    ///
    ///   category
    ///     The limit category to be set.
    ///   limit
    ///     The new limit. If the new limit is a negative number, the limit
    ///     is unchanged.
    ///
    /// Attempts to increase a limit above its hard upper bound are silently
    /// truncated to the hard upper bound. Regardless of whether or not the
    /// limit was changed, the prior value of the limit is returned.
    #[sig = "($self, category, limit, /)"]
    fn setlimit(&self, th: Thread<'_>, category: i32, limit: i32) -> Result<i32> {
        let db = self.check(th)?;
        // SAFETY: an open database.
        let old = unsafe { ffi::sqlite3_limit(db, category, limit) };
        if old < 0 {
            return Err(error::misuse(th, "'category' is out of bounds"));
        }
        Ok(old)
    }

    /// Get connection run-time limits.
    ///
    ///   category
    ///     The limit category to be queried.
    #[sig = "($self, category, /)"]
    fn getlimit(&self, th: Thread<'_>, category: i32) -> Result<i32> {
        self.setlimit(th, category, -1)
    }

    /// Set a boolean connection configuration option.
    ///
    ///   op
    ///     The configuration verb; one of the sqlite3.SQLITE_DBCONFIG codes.
    #[sig = "($self, op, enable=True, /)"]
    fn setconfig(&self, th: Thread<'_>, op: i32, enable: Option<Obj<'_>>) -> Result<()> {
        let enable = enable.map_or(Ok(true), |enable| enable.is_true(th))?;
        let db = self.check_option(th, op)?;
        let mut actual: c_int = 0;
        // SAFETY: an open database and an option that takes an int and an address.
        let status =
            unsafe { ffi::sqlite3_db_config(db, op, c_int::from(enable), &raw mut actual) };
        if status != ffi::SQLITE_OK {
            return Err(error::from_db(th, db));
        }
        if actual != c_int::from(enable) {
            return Err(self.operational(th, format_args!("Unable to set config")));
        }
        Ok(())
    }

    /// Query a boolean connection configuration option.
    ///
    ///   op
    ///     The configuration verb; one of the sqlite3.SQLITE_DBCONFIG codes.
    #[sig = "($self, op, /)"]
    fn getconfig(&self, th: Thread<'_>, op: i32) -> Result<bool> {
        let db = self.check_option(th, op)?;
        let mut current: c_int = 0;
        // SAFETY: as above; -1 asks.
        let status = unsafe { ffi::sqlite3_db_config(db, op, -1 as c_int, &raw mut current) };
        if status == ffi::SQLITE_OK { Ok(current != 0) } else { Err(error::from_db(th, db)) }
    }
}
