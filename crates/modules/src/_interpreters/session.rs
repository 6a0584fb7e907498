//! Running something in another interpreter: entering it, the names that its
//! `__main__` is given, and what comes back.

use object::{
    AsObject, Dict, Raised, Ref, Result, Str, Thread, exceptions, id, raise, types::none,
};
use vm::interpreters::{self, Record};

use super::{
    data::{self, Packed},
    snapshot::Snapshot,
};

/// How a session ended, in the words of nobody's interpreter.
enum End {
    Done(Option<Packed>),
    AlreadyRunning,
    Uncaught(Snapshot),
    NotShareable(Snapshot),
    Failed(&'static str, Snapshot),
}

/// What the caller gets.
pub(super) enum Outcome {
    Done(Option<Packed>),
    Uncaught(Ref),
}

/// What failed inside.
pub(super) enum Failure {
    Uncaught(Raised),
    /// The result, or an argument, does not get across.
    NotShareable(Raised),
    Failed(&'static str, Raised),
}

impl From<Raised> for Failure {
    fn from(raised: Raised) -> Failure {
        Failure::Uncaught(raised)
    }
}

/// Names and values for `__main__`.
pub(super) fn pack_namespace(th: Thread<'_>, names: &Dict) -> Result<Vec<(String, Packed)>> {
    let mut all = Vec::new();
    for (name, value) in names.items() {
        let Some(name) = name.obj().downcast::<Str>() else {
            raise!(th, TypeError, "bad argument type for built-in operation");
        };
        let name = name.to_utf8(th)?;
        if name.contains('\0') {
            raise!(th, ValueError, "found embedded NULL character");
        }
        all.push((name.to_owned(), data::pack(th, value.obj(), false)?));
    }
    Ok(all)
}

/// The namespace of the interpreter's `__main__`.
pub(crate) fn main_namespace(th: Thread<'_>) -> Result<Ref<Dict>> {
    let main = vm::import::modules(th)?.get(th, id!(th, "__main__").obj())?;
    match main.as_ref().and_then(|main| main.obj().downcast::<object::Module>()) {
        Some(main) => main.dict(th),
        None => raise!(th, RuntimeError, "interpreter has no __main__ module"),
    }
}

/// Run `f` as the `__main__` of an interpreter, after binding `names` there.
pub(super) fn run(
    th: Thread<'_>,
    record: &'static Record,
    names: &[(String, Packed)],
    f: impl FnOnce(Thread<'_>) -> Result<Option<Packed>, Failure>,
) -> Result<Outcome> {
    let end = interpreters::visit(th, record.interp, |th| {
        if !record.begin_main(th) {
            return End::AlreadyRunning;
        }
        let result = bind(th, names)
            .map_err(|raised| Failure::Failed("failed to apply namespace to __main__", raised))
            .and_then(|()| f(th));
        let end = match result {
            Ok(packed) => End::Done(packed),
            Err(Failure::Uncaught(raised)) => describe(th, raised, End::Uncaught),
            Err(Failure::NotShareable(raised)) => describe(th, raised, End::NotShareable),
            Err(Failure::Failed(text, raised)) => {
                describe(th, raised, |snapshot| End::Failed(text, snapshot))
            }
        };
        record.end_main();
        end
    });
    match end {
        End::Done(packed) => Ok(Outcome::Done(packed)),
        End::AlreadyRunning => raise!(th, InterpreterError, "interpreter already running"),
        End::Uncaught(snapshot) => Ok(Outcome::Uncaught(snapshot.to_object(th)?)),
        End::NotShareable(snapshot) => {
            let text = snapshot.message.clone();
            let text = text.unwrap_or_else(|| NO_DATA.to_owned());
            let cause = display_error(th, exceptions::types::Exception(), &snapshot)?;
            Err(data::not_shareable(th, &text, Some(cause)))
        }
        End::Failed(text, snapshot) => {
            let class = exceptions::types::InterpreterError();
            let context = display_error(th, class, &snapshot)?;
            let error = exceptions::instantiate(th, class, &[Str::new(th, text)?.obj()])?;
            if let Some(base) = exceptions::BaseException::of(error.obj()) {
                base.set_context(Some(context));
            }
            Err(th.restore(error))
        }
    }
}

const NO_DATA: &str = "object does not support cross-interpreter data";

/// An exception that shows what happened on the other side.
fn display_error(th: Thread<'_>, class: &object::Type, snapshot: &Snapshot) -> Result {
    let text = match snapshot.display.clone().or_else(|| snapshot.formatted()) {
        Some(text) => Str::new(th, &text)?.upcast(),
        None => none().own(),
    };
    exceptions::instantiate(th, class, &[text.obj()])
}

fn bind(th: Thread<'_>, names: &[(String, Packed)]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let namespace = main_namespace(th)?;
    for (name, value) in names {
        namespace.set(th, Str::intern(th, name)?.obj(), value.unpack(th)?.obj())?;
    }
    Ok(())
}

fn describe(th: Thread<'_>, raised: Raised, end: impl FnOnce(Snapshot) -> End) -> End {
    let error = th.take_exception(raised);
    match Snapshot::new(th, &error) {
        Ok(snapshot) => end(snapshot),
        Err(raised) => {
            drop(th.take_exception(raised));
            End::Failed("failed to transfer exception between interpreters", Snapshot::default())
        }
    }
}
