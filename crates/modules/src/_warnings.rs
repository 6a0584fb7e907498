//! `_warnings`: the entry point that importlib needs before `warnings` exists.
//!
//! Filters and display are `warnings`' own, in Python: it finds no other name
//! here and keeps its implementation.

use macros::pymodule;
use object::{AsObject, Int, Module, Obj, Protocol, Result, Str, Thread, id, types};

/// _warnings provides basic warning filtering support.
#[pymodule]
pub mod _warnings {
    use super::*;

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[sig = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())"]
    fn warn(
        th: Thread<'_>,
        message: Obj<'_>,
        category: Option<Obj<'_>>,
        stacklevel: isize,
        source: Option<Obj<'_>>,
        skip_file_prefixes: Option<Obj<'_>>,
    ) -> Result<()> {
        let _ = (source, skip_file_prefixes);
        issue(th, category.unwrap_or(types::none()), message, stacklevel)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let _ = module;
        let mut hooks = th.interp().hooks.get();
        hooks.warn =
            |th, category, message, stacklevel| issue(th, category, message.obj(), stacklevel);
        th.interp().hooks.set(hooks);
        Ok(())
    }
}

/// `warnings.warn(message, category, stacklevel)`; nothing while `warnings`
/// cannot be imported yet.
fn issue(th: Thread<'_>, category: Obj<'_>, message: Obj<'_>, stacklevel: isize) -> Result<()> {
    let name: &Str = id!(th, "warnings");
    if th.interp().importlib.is_null() {
        return Ok(());
    }
    let module = vm::import::import_module(th, name)?;
    let level = Int::from_i64(th, stacklevel as i64)?;
    module.call_method(th, id!(th, "warn"), &[message, category, level.obj()]).map(drop)
}
