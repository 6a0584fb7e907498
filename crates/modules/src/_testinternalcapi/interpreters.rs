//! Interpreters as C code makes and uses them.

use object::{AsObject, Int, Obj, Protocol, Raised, Result, Str, Thread, id, raise, types};
use vm::interpreters::{self, Record, whence};

use crate::{
    _interpreters::{config, id_argument, session},
    compile, sys,
};

/// The number that C code knows an interpreter by, if there is one.
pub(super) fn record(th: Thread<'_>, id: Obj<'_>) -> Result<&'static Record> {
    let number = id_argument(th, id, "interpreter ID")?;
    match interpreters::by_id(th, number) {
        Some(record) => Ok(record),
        None => raise!(th, InterpreterNotFoundError, "unrecognized interpreter ID {number}"),
    }
}

/// `create_interpreter()`.
pub(super) fn create(
    th: Thread<'_>,
    settings: Option<Obj<'_>>,
    origin: Option<i32>,
) -> Result<&'static Record> {
    let settings = config::from_object(th, settings)?;
    interpreters::create(th, settings, origin.unwrap_or(whence::XI))
}

/// `destroy_interpreter()`.
pub(super) fn destroy(th: Thread<'_>, id: Obj<'_>) -> Result<()> {
    let record = record(th, id)?;
    if std::ptr::eq(record.interp, th.interp()) {
        raise!(th, InterpreterError, "cannot destroy the current interpreter");
    }
    interpreters::end(th, record);
    Ok(())
}

/// Run a program text in an interpreter, as `PyRun_SimpleString` does: 0, or -1
/// after an exception, which is shown. With `main` it counts as the
/// interpreter's `__main__`.
pub(super) fn run(th: Thread<'_>, record: &'static Record, text: &str, main: bool) -> i32 {
    interpreters::visit(th, record.interp, |th| {
        let is_main = main && record.begin_main(th);
        let status = match evaluate(th, text) {
            Ok(()) => 0,
            Err(raised) => {
                show(th, raised);
                -1
            }
        };
        if is_main {
            record.end_main();
        }
        status
    })
}

fn evaluate(th: Thread<'_>, text: &str) -> Result<()> {
    let namespace = session::main_namespace(th)?;
    let filename = Str::new(th, "<string>")?;
    let code = compile::compile_command(th, text, &filename)?;
    vm::eval_code(th, &code, &namespace, Some(namespace.obj()), None).map(drop)
}

/// Show an exception on the standard error stream.
fn show(th: Thread<'_>, raised: Raised) {
    let exception = th.take_exception(raised);
    let shown = || -> Result<()> {
        let Some(dict) = th.interp().sys_dict.get() else { return Ok(()) };
        let Some(stderr) = dict.get(th, id!(th, "stderr").obj())? else { return Ok(()) };
        let traceback = exception.getattr(th, id!(th, "__traceback__"))?;
        let class = exception.obj().ty().obj();
        sys::print_exception(th, &stderr, class, exception.obj(), traceback.obj())
    };
    if let Err(raised) = shown() {
        th.clear_exception(raised);
    }
}

/// `run_in_subinterp_with_config()`.
pub(super) fn run_in_new(th: Thread<'_>, text: &str, settings: Obj<'_>) -> Result<i32> {
    let record = create(th, Some(settings), Some(whence::CAPI))?;
    let status = run(th, record, text, false);
    interpreters::end(th, record);
    Ok(status)
}

/// `normalize_interp_id()`.
pub(super) fn normalized(th: Thread<'_>, id: Obj<'_>) -> Result<i64> {
    id_argument(th, id, "interpreter ID")
}

/// Whether there is an interpreter of that number.
pub(super) fn exists(th: Thread<'_>, id: Obj<'_>) -> Result<bool> {
    let number = id_argument(th, id, "interpreter ID")?;
    Ok(interpreters::by_id(th, number).is_some())
}

/// `get_interp_settings()`: the feature flags of an interpreter, and its GIL.
pub(super) fn settings(th: Thread<'_>, id: Option<Obj<'_>>) -> Result<object::Ref<object::Dict>> {
    const THREADS: i64 = 1 << 10;
    const DAEMON_THREADS: i64 = 1 << 11;
    const FORK: i64 = 1 << 15;
    const EXEC: i64 = 1 << 16;
    const OBMALLOC: i64 = 1 << 5;
    const MULTI_INTERP_EXTENSIONS: i64 = 1 << 8;
    let id = id.filter(|id| Int::to_i64(*id).is_none_or(|id| id >= 0));
    let (config, is_main) = match id {
        Some(id) => {
            let record = record(th, id)?;
            (record.config, record.interp.is_main())
        }
        None => (interpreters::config(th), th.interp().is_main()),
    };
    let flags = [
        (config.use_main_obmalloc, OBMALLOC),
        (config.check_multi_interp_extensions, MULTI_INTERP_EXTENSIONS),
        (config.allow_threads, THREADS),
        (config.allow_daemon_threads, DAEMON_THREADS),
        (config.allow_fork, FORK),
        (config.allow_exec, EXEC),
    ];
    let flags = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).sum();
    let own_gil = is_main || config.gil == interpreters::GilKind::Own;
    let dict = object::Dict::new(th)?;
    dict.set_str(th, "feature_flags", Int::from_i64(th, flags)?.obj())?;
    dict.set_str(th, "own_gil", types::bool_(own_gil))?;
    Ok(dict)
}
