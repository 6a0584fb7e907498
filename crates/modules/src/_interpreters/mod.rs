//! `_interpreters`: PEP 734's primitives.
//!
//! Interpreters are those of `vm::interpreters`. Whoever calls into one becomes
//! a thread of it for that long; arguments and results are packed on one side
//! and unpacked on the other ([`data`]), and of an exception a description
//! comes back ([`snapshot`]).

pub(crate) mod code;
pub(crate) mod config;
pub(crate) mod data;
pub(crate) mod session;
mod snapshot;

use macros::pymodule;
use object::{
    AsObject, Dict, Int, IntoObject, Kwargs, Module, Obj, Ref, Result, Str, Thread, Tuple,
    exceptions, raise, types::none,
};
use vm::interpreters::{self, Record, whence};

use self::{
    data::Packed,
    session::{Failure, Outcome},
    snapshot::Snapshot,
};
use crate::support::shown;

/// The number that an argument is, of something called `what`.
pub(crate) fn id_argument(th: Thread<'_>, id: Obj<'_>, what: &str) -> Result<i64> {
    if !Int::is_int(id) && !Int::is_index(id) {
        raise!(th, TypeError, "{what} must be an int, got {}", id.type_name());
    }
    let index = object::protocol::number::index(th, id)?;
    match Int::to_i64(index.obj()) {
        Some(number) if number >= 0 => Ok(number),
        Some(_) => {
            raise!(th, ValueError, "{what} must be a non-negative int, got {}", shown(th, id))
        }
        None => raise!(th, OverflowError, "max {what} is {}, got {}", i64::MAX, shown(th, id)),
    }
}

/// The interpreter of that number, fit for what `operation` says.
fn resolve(
    th: Thread<'_>,
    id: Obj<'_>,
    restrict: bool,
    must_be_ready: bool,
    operation: &str,
) -> Result<&'static Record> {
    let number = id_argument(th, id, "interpreter ID")?;
    let Some(record) = interpreters::by_id(th, number) else {
        raise!(th, InterpreterNotFoundError, "unrecognized interpreter ID {number}");
    };
    if must_be_ready && !record.is_ready() {
        raise!(th, InterpreterError, "cannot {operation} interpreter {number} (not ready)");
    }
    if restrict && record.whence != whence::STDLIB {
        raise!(th, InterpreterError, "cannot {operation} unrecognized interpreter {number}");
    }
    Ok(record)
}

/// `(id, whence)`
fn summary(record: &Record) -> (i64, i32) {
    (record.id(), record.whence)
}

fn current(th: Thread<'_>) -> Result<&'static Record> {
    match interpreters::of(th, th.interp()) {
        Some(record) => Ok(record),
        None => raise!(th, InterpreterError, "the current interpreter is not known"),
    }
}

/// Run a script in an interpreter: `None`, or the snapshot of an exception.
fn run_script(
    th: Thread<'_>,
    record: &'static Record,
    script: Obj<'_>,
    shared: Option<Obj<'_>>,
) -> Result {
    let code = code::script(th, script)?;
    let script = Packed::Code(crate::marshal::dump_object(th, code.obj())?);
    let names = match shared.and_then(|shared| shared.downcast::<Dict>()) {
        Some(shared) => session::pack_namespace(th, shared)?,
        None => Vec::new(),
    };
    let outcome = session::run(th, record, &names, |th| {
        let namespace = session::main_namespace(th)
            .map_err(|raised| Failure::Failed("failed to get __main__ namespace", raised))?;
        let code = script.unpack(th).map_err(Failure::NotShareable)?;
        if let Some(code) = code.obj().downcast::<object::Code>() {
            vm::eval_code(th, code, &namespace, Some(namespace.obj()), None)?;
        }
        Ok(None)
    })?;
    match outcome {
        Outcome::Done(_) => Ok(none().own()),
        Outcome::Uncaught(snapshot) => Ok(snapshot),
    }
}

fn dict_argument(th: Thread<'_>, name: &str, number: i32, object: Option<Obj<'_>>) -> Result<()> {
    match object {
        Some(object) if object.downcast::<Dict>().is_none() => raise!(
            th,
            TypeError,
            "_interpreters.{name}() argument {number} must be dict, not {}",
            if object.is_none() { "None" } else { object.type_name() }
        ),
        _ => Ok(()),
    }
}

/// Unpack an argument of a call; which one does not get across is said.
fn unpack_part(th: Thread<'_>, part: &Packed, label: &str) -> Result<Ref, Failure> {
    part.unpack(th).map_err(|raised| {
        if !data::is_not_shareable(th) {
            return Failure::Uncaught(raised);
        }
        let cause = th.take_exception(raised);
        let raised = data::not_shareable(th, &format!("{label} not shareable"), Some(cause));
        Failure::NotShareable(raised)
    })
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[pymodule]
pub mod _interpreters {
    use super::*;

    /// Return a representation of a new PyInterpreterConfig.
    ///
    /// The name determines the initial values of the config.  Supported named
    /// configs are: default, isolated, legacy, and empty.
    ///
    /// Any keyword arguments are set on the corresponding config fields,
    /// overriding the initial values.
    #[sig = "(name='isolated', /, **overrides)"]
    fn new_config(th: Thread<'_>, name: Option<Obj<'_>>, overrides: Kwargs<'_>) -> Result {
        let mut made = match name {
            None => interpreters::Config::ISOLATED,
            Some(name) => match name.downcast::<Str>() {
                Some(name) => config::named(th, name.to_utf8(th)?)?,
                None => raise!(
                    th,
                    TypeError,
                    "_interpreters.new_config() argument 1 must be str, not {}",
                    if name.is_none() { "None" } else { name.type_name() }
                ),
            },
        };
        config::update(th, &mut made, overrides)?;
        config::to_object(th, made)
    }

    /// Create a new interpreter and return a unique generated ID.
    ///
    /// The caller is responsible for destroying the interpreter before exiting,
    /// typically by using _interpreters.destroy().  This can be managed
    /// automatically by passing "reqrefs=True" and then using _incref() and
    /// _decref() appropriately.
    ///
    /// "config" must be a valid interpreter config or the name of a
    /// predefined config ("isolated" or "legacy").  The default
    /// is "isolated".
    #[sig = "(config=None, *, reqrefs=False)"]
    fn create(th: Thread<'_>, config: Option<Obj<'_>>, reqrefs: bool) -> Result<i64> {
        let config = config::from_object(th, config)?;
        let record = match interpreters::create(th, config, whence::STDLIB) {
            Ok(record) => record,
            Err(raised) => {
                let context = th.take_exception(raised);
                let class = exceptions::types::InterpreterError();
                let text = Str::new(th, "interpreter creation failed")?;
                let error = exceptions::instantiate(th, class, &[text.obj()])?;
                if let Some(base) = exceptions::BaseException::of(error.obj()) {
                    base.set_context(Some(context));
                }
                return Err(th.restore(error));
            }
        };
        if reqrefs {
            record.end_unreferenced(true);
        }
        Ok(record.id())
    }

    /// Destroy the identified interpreter.
    ///
    /// Attempting to destroy the current interpreter raises InterpreterError.
    /// So does an unrecognized ID.
    #[sig = "(id, *, restrict=False)"]
    fn destroy(th: Thread<'_>, id: Obj<'_>, restrict: bool) -> Result<()> {
        let record = resolve(th, id, restrict, false, "destroy")?;
        if std::ptr::eq(record.interp, th.interp()) {
            raise!(th, InterpreterError, "cannot destroy the current interpreter");
        }
        if record.is_running() {
            raise!(th, InterpreterError, "interpreter running");
        }
        interpreters::end(th, record);
        Ok(())
    }

    /// Return a list containing the ID of every existing interpreter.
    #[sig = "(*, require_ready=False)"]
    fn list_all(th: Thread<'_>, require_ready: bool) -> Result {
        let mut all = interpreters::all(th);
        all.retain(|record| record.is_ready() || !require_ready);
        let all: Result<Vec<Ref>> =
            all.into_iter().map(|record| summary(record).into_object(th)).collect();
        object::List::from_refs(th, all?).map(Ref::upcast)
    }

    /// Return the ID of current interpreter.
    #[sig = "()"]
    fn get_current(th: Thread<'_>) -> Result<(i64, i32)> {
        current(th).map(summary)
    }

    /// Return the ID of main interpreter.
    #[sig = "()"]
    fn get_main(_: Thread<'_>) -> Result<(i64, i32)> {
        Ok((0, whence::RUNTIME))
    }

    /// Return whether or not the identified interpreter is running.
    #[sig = "(id, *, restrict=False)"]
    fn is_running(th: Thread<'_>, id: Obj<'_>, restrict: bool) -> Result<bool> {
        Ok(resolve(th, id, restrict, true, "check if running for")?.is_running())
    }

    /// Return a representation of the config used to initialize the interpreter.
    #[sig = "(id, *, restrict=False)"]
    fn get_config(th: Thread<'_>, id: Obj<'_>, restrict: bool) -> Result {
        let record = if id.is_none() {
            current(th)?
        } else {
            resolve(th, id, restrict, false, "get the config of")?
        };
        config::to_object(th, record.config)
    }

    /// Return an identifier for where the interpreter was created.
    #[sig = "(id)"]
    fn whence(th: Thread<'_>, id: Obj<'_>) -> Result<i32> {
        Ok(resolve(th, id, false, false, "")?.whence)
    }

    /// Execute the provided code in the identified interpreter.
    /// This is equivalent to running the builtin exec() under the target
    /// interpreter, using the __dict__ of its __main__ module as both
    /// globals and locals.
    ///
    /// "code" may be a string containing the text of a Python script.
    ///
    /// Functions (and code objects) are also supported, with some restrictions.
    /// The code/function must not take any arguments or be a closure
    /// (i.e. have cell vars).  Methods and other callables are not supported.
    ///
    /// If a function is provided, its code object is used and all its state
    /// is ignored, including its __globals__ dict.
    #[sig = "(id, code, shared=None, *, restrict=False)"]
    fn exec(
        th: Thread<'_>,
        id: Obj<'_>,
        code: Obj<'_>,
        shared: Option<Obj<'_>>,
        restrict: bool,
    ) -> Result {
        dict_argument(th, "exec", 3, shared)?;
        let record = resolve(th, id, restrict, true, "exec code for")?;
        run_script(th, record, code, shared)
    }

    /// Execute the provided string in the identified interpreter.
    ///
    /// (See _interpreters.exec().
    #[sig = "(id, script, shared=None, *, restrict=False)"]
    fn run_string(
        th: Thread<'_>,
        id: Obj<'_>,
        script: Obj<'_>,
        shared: Option<Obj<'_>>,
        restrict: bool,
    ) -> Result {
        if script.downcast::<Str>().is_none() {
            raise!(
                th,
                TypeError,
                "_interpreters.run_string() argument 2 must be str, not {}",
                script.type_name()
            );
        }
        dict_argument(th, "run_string", 3, shared)?;
        let record = resolve(th, id, restrict, true, "run a string in")?;
        run_script(th, record, script, shared)
    }

    /// Execute the body of the provided function in the identified interpreter.
    /// Code objects are also supported.  In both cases, closures and args
    /// are not supported.  Methods and other callables are not supported either.
    ///
    /// (See _interpreters.exec().
    #[sig = "(id, func, shared=None, *, restrict=False)"]
    fn run_func(
        th: Thread<'_>,
        id: Obj<'_>,
        func: Obj<'_>,
        shared: Option<Obj<'_>>,
        restrict: bool,
    ) -> Result {
        dict_argument(th, "run_func", 3, shared)?;
        let record = resolve(th, id, restrict, true, "run a function in")?;
        let is_code = func.downcast::<object::Code>().is_some();
        if !is_code && func.downcast::<object::Function>().is_none() {
            raise!(
                th,
                TypeError,
                "_interpreters.run_func() argument 2 must be a function, not {}",
                func.type_name()
            );
        }
        run_script(th, record, func, shared)
    }

    /// Call the provided object in the identified interpreter.
    /// Pass the given args and kwargs, if possible.
    #[sig = "(id, callable, args=None, kwargs=None, *, preserve_exc=False, restrict=False)"]
    fn call(
        th: Thread<'_>,
        id: Obj<'_>,
        callable: Obj<'_>,
        args: Option<Obj<'_>>,
        kwargs: Option<Obj<'_>>,
        preserve_exc: bool,
        restrict: bool,
    ) -> Result<(Ref, Ref)> {
        let _ = preserve_exc;
        if let Some(args) = args
            && args.downcast::<Tuple>().is_none()
        {
            raise!(
                th,
                TypeError,
                "_interpreters.call() argument 3 must be tuple, not {}",
                args.type_name()
            );
        }
        dict_argument(th, "call", 4, kwargs)?;
        let record = resolve(th, id, restrict, true, "make a call in")?;
        if !object::protocol::call::is_callable(callable) {
            raise!(th, TypeError, "expected a callable, got {}", shown(th, callable));
        }
        let function = if callable.is_exact::<object::Function>() {
            data::pack_function(th, callable)?
        } else {
            data::pack_pickle(th, callable)?
        };
        let args = args.filter(|args| args.downcast::<Tuple>().is_some_and(|args| args.len() > 0));
        let args = args.map(|args| data::pack(th, args, true)).transpose()?;
        let kwargs =
            kwargs.filter(|kwargs| kwargs.downcast::<Dict>().is_some_and(|kw| !kw.is_empty()));
        let kwargs = kwargs.map(|kwargs| data::pack(th, kwargs, true)).transpose()?;
        let outcome = session::run(th, record, &[], |th| {
            let function = unpack_part(th, &function, "func")?;
            let args = match &args {
                Some(args) => unpack_part(th, args, "args")?,
                None => code::no_arguments(th)?.upcast(),
            };
            let kwargs = kwargs.as_ref().map(|kwargs| unpack_part(th, kwargs, "kwargs"));
            let kwargs = kwargs.transpose()?;
            let Some(args) = args.obj().downcast::<Tuple>() else { return Ok(None) };
            let kwargs = kwargs.as_ref().and_then(|kwargs| kwargs.obj().downcast::<Dict>());
            let result = object::protocol::call::call_tuple(th, function.obj(), args, kwargs)?;
            match data::pack(th, result.obj(), true) {
                Ok(packed) => Ok(Some(packed)),
                Err(raised) if data::is_not_shareable(th) => Err(Failure::NotShareable(raised)),
                Err(raised) => {
                    Err(Failure::Failed("failed to preserve objects across session", raised))
                }
            }
        })?;
        match outcome {
            Outcome::Done(Some(packed)) => Ok((packed.unpack(th)?, none().own())),
            Outcome::Done(None) => Ok((none().own(), none().own())),
            Outcome::Uncaught(snapshot) => Ok((none().own(), snapshot)),
        }
    }

    /// Bind the given attributes in the interpreter's __main__ module.
    #[allow(non_snake_case, reason = "named as in Python")]
    #[sig = "(id, updates, *, restrict=False)"]
    fn set___main___attrs(
        th: Thread<'_>,
        id: Obj<'_>,
        updates: Obj<'_>,
        restrict: bool,
    ) -> Result<()> {
        dict_argument(th, "set___main___attrs", 2, Some(updates))?;
        let record = resolve(th, id, restrict, true, "update __main__ for")?;
        let names = match updates.downcast::<Dict>() {
            Some(updates) if !updates.is_empty() => session::pack_namespace(th, updates)?,
            _ => raise!(th, ValueError, "arg 2 must be a non-empty dict"),
        };
        session::run(th, record, &names, |_| Ok(None)).map(drop)
    }

    #[sig = "(id, *, implieslink=False, restrict=False)"]
    fn incref(th: Thread<'_>, id: Obj<'_>, implieslink: bool, restrict: bool) -> Result<()> {
        let record = resolve(th, id, restrict, true, "incref")?;
        if implieslink {
            record.end_unreferenced(true);
        }
        record.add_reference();
        Ok(())
    }

    #[sig = "(id, *, restrict=False)"]
    fn decref(th: Thread<'_>, id: Obj<'_>, restrict: bool) -> Result<()> {
        let record = resolve(th, id, restrict, true, "decref")?;
        interpreters::drop_reference(th, record);
        Ok(())
    }

    /// Return True if the object's data may be shared between interpreters and
    /// False otherwise.
    #[sig = "(obj)"]
    fn is_shareable(th: Thread<'_>, obj: Obj<'_>) -> Result<bool> {
        Ok(data::is_shareable(th, obj))
    }

    /// Return a snapshot of an exception.  If "exc" is None
    /// then the current exception, if any, is used (but not cleared).
    ///
    /// The returned snapshot is the same as what _interpreters.exec() returns.
    #[sig = "(exc=None)"]
    fn capture_exception(th: Thread<'_>, exc: Option<Obj<'_>>) -> Result {
        let Some(exc) = exc.filter(|exc| !exc.is_none()) else { return Ok(none().own()) };
        if exceptions::BaseException::of(exc).is_none() {
            raise!(th, TypeError, "expected exception, got {}", shown(th, exc));
        }
        Snapshot::new(th, &exc.own())?.to_object(th)
    }

    #[exec]
    fn exec_module(th: Thread<'_>, module: &Module) -> Result<()> {
        for (name, value) in [
            ("WHENCE_UNKNOWN", whence::UNKNOWN),
            ("WHENCE_RUNTIME", whence::RUNTIME),
            ("WHENCE_LEGACY_CAPI", whence::LEGACY_CAPI),
            ("WHENCE_CAPI", whence::CAPI),
            ("WHENCE_XI", whence::XI),
            ("WHENCE_STDLIB", whence::STDLIB),
        ] {
            module.set(th, name, value.into_object(th)?.obj())?;
        }
        let class = exceptions::types::InterpreterError();
        module.set(th, "InterpreterError", class.obj())?;
        let class = exceptions::types::InterpreterNotFoundError();
        module.set(th, "InterpreterNotFoundError", class.obj())?;
        module.set(th, "NotShareableError", data::not_shareable_class(th)?.obj())?;
        module.add_type::<data::SentBuffer>(th)
    }
}
