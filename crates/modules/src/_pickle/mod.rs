//! `_pickle`: the accelerated pickler and unpickler.
//!
//! A pickler writes opcodes into one buffer (`output`), which is handed to the
//! file at the end and after large objects. Saving (`save`, `reduce`) and
//! loading (`load`) keep their working state outside of the Python objects, so
//! that code run on the way cannot pull it away.

mod buffer;
mod load;
mod memo;
mod memo_proxy;
mod opcodes;
mod output;
mod pickler;
mod reduce;
mod save;
mod unpickler;

use macros::pymodule;
use object::{
    AsObject, Bytes, Dict, Link, Module, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    Type, declare::Declared, exceptions, id, protocol::buffer::BytesLike, raise,
    types::type_::ready::ready,
};

use self::{
    buffer::PickleBuffer,
    memo_proxy::{PicklerMemoProxy, UnpicklerMemoProxy},
    pickler::Pickler,
    unpickler::Unpickler,
};

/// What the module keeps per interpreter.
#[derive(Default)]
pub(super) struct State {
    pickle_error: Link,
    pickling_error: Link,
    unpickling_error: Link,
    dispatch_table: Link,
    extension_registry: Link,
}

impl State {
    fn of(th: Thread<'_>) -> &'static State {
        th.interp().extensions.get::<State>()
    }
}

fn raise_in(
    th: Thread<'_>,
    class: Option<Ref>,
    message: std::fmt::Arguments<'_>,
) -> object::Raised {
    match class.as_ref().and_then(|class| object::types::type_::as_type(class.obj())) {
        Some(class) => th.raise(class, message),
        None => th.raise(exceptions::types::ValueError(), message),
    }
}

/// `PicklingError`
fn pickling_error(th: Thread<'_>, message: std::fmt::Arguments<'_>) -> object::Raised {
    raise_in(th, State::of(th).pickling_error.get(), message)
}

/// `UnpicklingError`
fn unpickling_error(th: Thread<'_>, message: std::fmt::Arguments<'_>) -> object::Raised {
    raise_in(th, State::of(th).unpickling_error.get(), message)
}

/// An attribute of a module that is imported now.
fn module_attribute(th: Thread<'_>, module: &Str, name: &Str) -> Result {
    (th.hooks().import_module)(th, module)?.getattr(th, name)
}

/// `copyreg.dispatch_table`, looked up once.
fn dispatch_table(th: Thread<'_>) -> Result {
    copyreg_table(th, &State::of(th).dispatch_table, id!(th, "dispatch_table"))
}

/// `copyreg._extension_registry`, looked up once.
fn extension_registry(th: Thread<'_>) -> Result {
    copyreg_table(th, &State::of(th).extension_registry, id!(th, "_extension_registry"))
}

// PERF: pickling a date needs both; importing took longer than the rest.
fn copyreg_table(th: Thread<'_>, known: &Link, name: &Str) -> Result {
    if let Some(table) = known.get() {
        return Ok(table);
    }
    let table = module_attribute(th, id!(th, "copyreg"), name)?;
    known.set(Some(table.clone()));
    Ok(table)
}

/// An entry of a table that another module keeps.
fn table_entry(th: Thread<'_>, module: &Str, table: &Str, key: Obj<'_>) -> Result<Option<Ref>> {
    let table = module_attribute(th, module, table)?;
    match table.obj().downcast::<Dict>() {
        Some(table) => table.get(th, key),
        None => raise!(th, RuntimeError, "{module} table should be a dict"),
    }
}

fn new_exception(th: Thread<'_>, name: &str, base: &Type) -> Result<Ref> {
    let namespace = Dict::new(th)?;
    namespace.set_name(th, id!(th, "__module__"), id!(th, "_pickle").obj())?;
    let name = Str::intern(th, name)?;
    let bases = Tuple::from_objs(th, &[base.obj()])?;
    Type::type_object().call(th, &[name.obj(), bases.obj(), namespace.obj()])
}

/// Optimized C implementation for the Python pickle module.
#[pymodule]
pub mod _pickle {
    use super::*;

    /// Write a pickled representation of obj to the open file object file.
    #[sig = "(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)"]
    fn dump(
        th: Thread<'_>,
        obj: Obj<'_>,
        file: Obj<'_>,
        protocol: Option<Obj<'_>>,
        fix_imports: bool,
        buffer_callback: Option<Obj<'_>>,
    ) -> Result<()> {
        let pickler = Pickler::create(th, protocol, fix_imports, buffer_callback)?;
        pickler.set_file(th, file)?;
        pickler.dump_object(th, obj)
    }

    /// Return the pickled representation of the object as a bytes object.
    #[sig = "(obj, protocol=None, *, fix_imports=True, buffer_callback=None)"]
    fn dumps(
        th: Thread<'_>,
        obj: Obj<'_>,
        protocol: Option<Obj<'_>>,
        fix_imports: bool,
        buffer_callback: Option<Obj<'_>>,
    ) -> Result<Ref<Bytes>> {
        let pickler = Pickler::create(th, protocol, fix_imports, buffer_callback)?;
        Bytes::new(th, &pickler.dump_bytes(th, obj)?)
    }

    /// Read and return an object from the pickle data stored in a file.
    #[sig = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())"]
    fn load(
        th: Thread<'_>,
        file: Obj<'_>,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<Obj<'_>>,
    ) -> Result {
        let unpickler = Unpickler::create(th, fix_imports, encoding, errors, buffers)?;
        unpickler.set_file(th, file)?;
        unpickler.load_object(th)
    }

    /// Read and return an object from the given pickle data.
    #[sig = "(data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())"]
    fn loads(
        th: Thread<'_>,
        data: BytesLike<'_>,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<Obj<'_>>,
    ) -> Result {
        let unpickler = Unpickler::create(th, fix_imports, encoding, errors, buffers)?;
        unpickler.load_bytes(th, &data)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<PickleBuffer>(th)?;
        module.add_type::<Pickler>(th)?;
        module.add_type::<Unpickler>(th)?;
        ready(th, PicklerMemoProxy::DECL)?;
        ready(th, UnpicklerMemoProxy::DECL)?;
        let state = State::of(th);
        if state.pickle_error.is_null() {
            let error = new_exception(th, "PickleError", exceptions::types::Exception())?;
            if let Some(base) = object::types::type_::as_type(error.obj()) {
                state.pickling_error.set(Some(new_exception(th, "PicklingError", base)?));
                state.unpickling_error.set(Some(new_exception(th, "UnpicklingError", base)?));
            }
            state.pickle_error.set(Some(error));
        }
        let classes = [
            ("PickleError", &state.pickle_error),
            ("PicklingError", &state.pickling_error),
            ("UnpicklingError", &state.unpickling_error),
        ];
        for (name, class) in classes {
            if let Some(class) = class.get() {
                module.set(th, name, class.obj())?;
            }
        }
        Ok(())
    }
}
