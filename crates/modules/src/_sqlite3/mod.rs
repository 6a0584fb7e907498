//! `_sqlite3`: SQLite databases, by the DB-API.
//!
//! SQLite is linked in. The GIL is released around everything that may wait
//! for a file or run a statement; SQLite's own mutexes guard its handles.

mod blob;
mod callback;
mod connection;
mod constants;
mod cursor;
mod error;
mod functions;
mod row;
mod statement;
mod value;

use std::{
    cell::Cell,
    ffi::{CStr, c_int},
    sync::Once,
};

use libsqlite3_sys as ffi;
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Dict, Head, Link, Module, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    Type,
    args::{Args, Kwargs},
    declare::Declared,
    exceptions, id,
    protocol::call,
    types::{ByteArray, Float, Int, type_},
};

use crate::support;

use self::{
    blob::Blob, connection::Connection, cursor::Cursor, error::Classes, row::Row,
    statement::Statement,
};

const PARSE_DECLTYPES: i32 = 1;
const PARSE_COLNAMES: i32 = 2;

/// What belongs to the interpreter.
#[derive(Default)]
struct State {
    classes: Classes,
    adapters: Link<Dict>,
    converters: Link<Dict>,
    /// Whether a type that needs no adapter has one.
    base_adapted: Cell<bool>,
    /// Whether errors of callbacks are reported.
    tracebacks: Cell<bool>,
}

impl State {
    fn adapters(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        made(th, &self.adapters)
    }

    fn converters(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        made(th, &self.converters)
    }
}

/// A dict that is made when it is first needed.
fn made(th: Thread<'_>, place: &Link<Dict>) -> Result<Ref<Dict>> {
    if let Some(dict) = place.get() {
        return Ok(dict);
    }
    let dict = Dict::new(th)?;
    place.set(Some(dict.clone()));
    Ok(dict)
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

/// PEP 246 style object adaption protocol type.
#[pytype(name = "sqlite3.PrepareProtocol", flags = BASETYPE)]
pub(crate) struct PrepareProtocol {
    head: Head,
}

#[pymethods]
impl PrepareProtocol {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&Dict>,
    ) -> Result<Ref<PrepareProtocol>> {
        object::alloc_object::alloc(th, cls, PrepareProtocol { head: Head::new() })
    }

    fn __init__(&self, _: Thread<'_>, _: &Tuple, _: Option<&Dict>) -> Result<()> {
        Ok(())
    }
}

fn prepare_protocol(_: Thread<'_>) -> Obj<'static> {
    PrepareProtocol::type_object().obj()
}

/// Set SQLite up, once in the process.
fn initialize() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: before any other use. Without `uri=True` a name is a name,
        // though the bundled library is built to take URIs for names.
        unsafe {
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_URI, 0 as c_int);
            ffi::sqlite3_initialize();
        }
    });
}

/// SQLite database access.
#[pymodule]
pub mod _sqlite3 {
    use super::*;

    /// Open a connection to the SQLite database file 'database'.
    ///
    /// You can use ":memory:" to open a database connection to a database that
    /// resides in RAM instead of on disk.
    #[sig = "(*args, **kwargs)"]
    fn connect(th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        if args.len() > 1 && args.len() <= 8 {
            let text = "Passing more than 1 positional argument to sqlite3.connect() is deprecated. \
                        Parameters 'timeout', 'detect_types', 'isolation_level', \
                        'check_same_thread', 'factory', 'cached_statements' and 'uri' will become \
                        keyword-only parameters in Python 3.15.";
            support::warn(th, exceptions::types::DeprecationWarning(), text, 1)?;
        }
        let kwargs = kwargs.to_dict(th)?;
        let factory = match args.get(5) {
            Some(factory) => Some(factory.own()),
            None => kwargs.get(th, id!(th, "factory").obj())?,
        };
        let factory = factory.unwrap_or_else(|| Connection::type_object().obj().own());
        call::call_dict(th, factory.obj(), args, Some(&kwargs))
    }

    /// Checks if a string contains a complete SQL statement.
    #[sig = "(statement)"]
    fn complete_statement(th: Thread<'_>, statement: &str) -> Result<bool> {
        let statement = connection::c_string(th, statement)?;
        // SAFETY: a C string.
        Ok(unsafe { ffi::sqlite3_complete(statement.as_ptr()) } != 0)
    }

    /// Register a function to adapt Python objects to SQLite values.
    #[sig = "(type, adapter, /)"]
    fn register_adapter(th: Thread<'_>, ty: Obj<'_>, adapter: Obj<'_>) -> Result<()> {
        let bases = [
            Int::type_object(),
            Float::type_object(),
            Str::type_object(),
            ByteArray::type_object(),
        ];
        if bases.iter().any(|base| base.obj().is(ty)) {
            state(th).base_adapted.set(true);
        }
        let key = Tuple::from_objs(th, &[ty, prepare_protocol(th)])?;
        state(th).adapters(th)?.set(th, key.obj(), adapter)
    }

    /// Register a function to convert SQLite values to Python objects.
    #[sig = "(typename, converter, /)"]
    fn register_converter(th: Thread<'_>, typename: &Str, converter: Obj<'_>) -> Result<()> {
        let key = typename.obj().call_method(th, id!(th, "upper"), &[])?;
        state(th).converters(th)?.set(th, key.obj(), converter)
    }

    /// Enable or disable callback functions throwing errors to stderr.
    #[sig = "(enable, /)"]
    fn enable_callback_tracebacks(th: Thread<'_>, enable: bool) {
        state(th).tracebacks.set(enable);
    }

    /// Adapt given object to given protocol.
    #[sig = "(obj, proto=PrepareProtocolType, alt=<unrepresentable>, /)"]
    fn adapt(th: Thread<'_>, obj: Obj<'_>, proto: Option<Obj<'_>>, alt: Option<Obj<'_>>) -> Result {
        let protocol = proto.unwrap_or_else(|| prepare_protocol(th));
        value::adapt(th, obj, protocol, alt)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        initialize();
        error::add_classes(th, module)?;
        type_::ready(th, Statement::DECL)?;
        module.add_type::<Connection>(th)?;
        module.add_type::<Cursor>(th)?;
        module.add_type::<Row>(th)?;
        module.add_type::<Blob>(th)?;
        module.add_type::<PrepareProtocol>(th)?;
        support::add_ints(th, module, constants::RESULT_CODES)?;
        support::add_ints(th, module, constants::OTHERS)?;
        // SAFETY: no preconditions.
        let threads = match unsafe { ffi::sqlite3_threadsafe() } {
            0 => 0,
            1 => 3,
            _ => 1,
        };
        support::add_ints(th, module, &[("threadsafety", threads)])?;
        // SAFETY: a static string.
        let version = unsafe { CStr::from_ptr(ffi::sqlite3_libversion()) }.to_string_lossy();
        module.set(th, "sqlite_version", Str::new(th, &version)?.obj())?;
        module.set(th, "adapters", state(th).adapters(th)?.obj())?;
        module.set(th, "converters", state(th).converters(th)?.obj())
    }
}
