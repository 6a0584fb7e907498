//! `_csv`: reading and writing tables as text.
//!
//! A [`Dialect`] is checked once; the reader is a state machine over the
//! characters of lines, the writer quotes what the dialect makes special.

mod dialect;
mod reader;
mod writer;

use std::cell::{Cell, RefCell};

use macros::pymodule;
use object::{
    AsObject, Dict, Int, Kwargs, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple,
    Type, declare::Declared, error, exceptions, protocol::call, raise, types::type_::ready,
};

use crate::support;

use self::{dialect::Dialect, reader::Reader, writer::Writer};

/// What the module keeps.
struct State {
    dialects: RefCell<Option<Ref<Dict>>>,
    error: RefCell<Option<Ref<Type>>>,
    field_limit: Cell<i64>,
}

impl Default for State {
    fn default() -> State {
        State {
            dialects: RefCell::default(),
            error: RefCell::default(),
            field_limit: Cell::new(128 * 1024),
        }
    }
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

/// Raise `csv.Error`.
#[cold]
fn failure(th: Thread<'_>, text: &str) -> Raised {
    let class = state(th).error.borrow().clone();
    match class {
        Some(class) => th.raise(&class, format_args!("{text}")),
        None => error!(th, ValueError, "{text}"),
    }
}

/// The registered dialects.
fn dialects(th: Thread<'_>) -> Result<Ref<Dict>> {
    if let Some(dict) = &*state(th).dialects.borrow() {
        return Ok(dict.clone());
    }
    let dict = Dict::new(th)?;
    state(th).dialects.replace(Some(dict.clone()));
    Ok(dict)
}

fn get_registered(th: Thread<'_>, name: Obj<'_>) -> Result<Ref> {
    match dialects(th)?.get(th, name)? {
        Some(dialect) => Ok(dialect),
        None => Err(failure(th, "unknown dialect")),
    }
}

/// `Dialect(dialect, **options)`.
fn make_dialect(
    th: Thread<'_>,
    dialect: Option<Obj<'_>>,
    options: Kwargs<'_>,
) -> Result<Ref<Dialect>> {
    let class = ready(th, Dialect::DECL)?;
    let options = options.to_dict(th)?;
    let args: &[Obj<'_>] = dialect.as_slice();
    match call::call_dict(th, class.obj(), args, Some(&options))?.downcast::<Dialect>() {
        Ok(dialect) => Ok(dialect),
        Err(_) => raise!(th, TypeError, "not a dialect"),
    }
}

pub(super) const QUOTE_MINIMAL: i64 = 0;
pub(super) const QUOTE_ALL: i64 = 1;
pub(super) const QUOTE_NONNUMERIC: i64 = 2;
pub(super) const QUOTE_NONE: i64 = 3;
pub(super) const QUOTE_STRINGS: i64 = 4;
pub(super) const QUOTE_NOTNULL: i64 = 5;

/// CSV parsing and writing.
#[pymodule(name = "_csv")]
pub mod module {
    use super::*;

    /// Return a reader object that will process lines from the given iterable.
    ///
    /// The "iterable" argument can be any object that returns a line of input
    /// for each iteration, such as a file object or a list.
    #[sig = "(iterable, /, dialect='excel', **fmtparams)"]
    fn reader(
        th: Thread<'_>,
        iterable: Obj<'_>,
        dialect: Option<Obj<'_>>,
        fmtparams: Kwargs<'_>,
    ) -> Result<Ref<Reader>> {
        let lines = iterable.iter(th)?;
        Reader::create(th, lines, make_dialect(th, dialect, fmtparams)?)
    }

    /// Return a writer object that will write user data on the given file object.
    ///
    /// The "fileobj" argument can be any object that supports the file API.
    #[sig = "(fileobj, /, dialect='excel', **fmtparams)"]
    fn writer(
        th: Thread<'_>,
        fileobj: Obj<'_>,
        dialect: Option<Obj<'_>>,
        fmtparams: Kwargs<'_>,
    ) -> Result<Ref<Writer>> {
        let dialect = make_dialect(th, dialect, fmtparams)?;
        let write = fileobj.getattr_opt(th, object::id!(th, "write"))?;
        match write {
            Some(write) if call::is_callable(write.obj()) => Writer::create(th, write, dialect),
            _ => raise!(th, TypeError, "argument 1 must have a \"write\" method"),
        }
    }

    /// Create a mapping from a string name to a CVS dialect.
    ///
    /// The optional "dialect" argument specifies the base dialect instance
    /// or the name of the registered dialect.  "fmtparams" are keyword
    /// arguments that change single options of it.
    #[sig = "(name, /, dialect='excel', **fmtparams)"]
    fn register_dialect(
        th: Thread<'_>,
        name: Obj<'_>,
        dialect: Option<Obj<'_>>,
        fmtparams: Kwargs<'_>,
    ) -> Result<()> {
        if name.downcast::<Str>().is_none() {
            raise!(th, TypeError, "dialect name must be a string");
        }
        let dialect = make_dialect(th, dialect, fmtparams)?;
        dialects(th)?.set(th, name, dialect.obj())
    }

    /// Delete the name/dialect mapping associated with a string name.
    #[sig = "(name)"]
    fn unregister_dialect(th: Thread<'_>, name: Obj<'_>) -> Result<()> {
        match dialects(th)?.remove(th, name)? {
            true => Ok(()),
            false => Err(failure(th, "unknown dialect")),
        }
    }

    /// Return the dialect instance associated with name.
    #[sig = "(name)"]
    fn get_dialect(th: Thread<'_>, name: Obj<'_>) -> Result {
        get_registered(th, name)
    }

    /// Return a list of all known dialect names.
    #[sig = "()"]
    fn list_dialects(th: Thread<'_>) -> Result {
        object::List::from_refs(th, dialects(th)?.keys()).map(Ref::upcast)
    }

    /// Sets an upper limit on parsed fields.
    ///
    /// Returns old limit. If limit is not given, no new limit is set and
    /// the old limit is returned.
    #[sig = "(new_limit=<unrepresentable>)"]
    fn field_size_limit(th: Thread<'_>, new_limit: Option<Obj<'_>>) -> Result<i64> {
        let limit = &state(th).field_limit;
        let old = limit.get();
        if let Some(new_limit) = new_limit {
            if !Int::is_int(new_limit) {
                raise!(th, TypeError, "limit must be an integer");
            }
            match Int::to_i64(new_limit) {
                Some(new) => limit.set(new),
                None => {
                    raise!(th, OverflowError, "Python int too large to convert to C ssize_t")
                }
            }
        }
        Ok(old)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.set(th, "Dialect", ready(th, Dialect::DECL)?.obj())?;
        module.set(th, "Reader", ready(th, Reader::DECL)?.obj())?;
        module.set(th, "Writer", ready(th, Writer::DECL)?.obj())?;
        module.set(th, "_dialects", dialects(th)?.obj())?;
        let bases = Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?;
        let class = support::new_exception(th, &*Str::new(th, "_csv.Error")?, &bases)?;
        module.set(th, "Error", class.obj())?;
        if let Ok(class) = class.downcast::<Type>() {
            state(th).error.replace(Some(class));
        }
        support::add_ints(
            th,
            module,
            &[
                ("QUOTE_MINIMAL", QUOTE_MINIMAL),
                ("QUOTE_ALL", QUOTE_ALL),
                ("QUOTE_NONNUMERIC", QUOTE_NONNUMERIC),
                ("QUOTE_NONE", QUOTE_NONE),
                ("QUOTE_STRINGS", QUOTE_STRINGS),
                ("QUOTE_NOTNULL", QUOTE_NOTNULL),
            ],
        )
    }
}
