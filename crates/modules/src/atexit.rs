//! `atexit`: functions to be called at normal exit.

use std::cell::RefCell;

use macros::pymodule;
use object::{
    Args, AsObject, Dict, Kwargs, Obj, Ref, Result, Thread, Tuple,
    protocol::{call::call_tuple, compare},
    raise,
};

/// A registered call.
#[derive(Clone)]
struct Entry {
    function: Ref,
    args: Ref<Tuple>,
    kwargs: Ref<Dict>,
}

/// The calls of an interpreter, oldest first.
#[derive(Default)]
struct Registered(RefCell<Vec<Option<Entry>>>);

fn registered(th: Thread<'_>) -> &'static RefCell<Vec<Option<Entry>>> {
    &th.interp().extensions.get::<Registered>().0
}

/// Call what was registered, the newest first; exceptions are unraisable.
pub fn run(th: Thread<'_>) {
    // What is registered meanwhile is not called.
    let entries = registered(th).borrow().clone();
    for entry in entries.into_iter().rev().flatten() {
        if call_tuple(th, entry.function.obj(), &entry.args, Some(&entry.kwargs)).is_err() {
            let shown = crate::support::shown(th, entry.function.obj());
            let context = format!("Exception ignored in atexit callback {shown}");
            (th.hooks().unraisable)(th, Some(&context), None);
        }
    }
    let old = registered(th).take();
    drop(old);
}

/// allow programmer to define multiple exit functions to be executed
/// upon normal program termination.
///
/// Two public functions, register and unregister, are defined.
#[pymodule]
pub mod atexit {
    use super::*;

    /// Register a function to be executed upon normal program termination
    ///
    ///     func - function to be called at exit
    ///     args - optional arguments to pass to func
    ///     kwargs - optional keyword arguments to pass to func
    ///
    ///     func is returned to facilitate usage as a decorator.
    #[sig = "(func, /, *args, **kwargs)"]
    fn register(th: Thread<'_>, func: Obj<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        if func.ty().slots().tp_call.is_none() {
            raise!(th, TypeError, "the first argument must be callable");
        }
        let entry = Entry {
            function: func.own(),
            args: Tuple::from_objs(th, args)?,
            kwargs: kwargs.to_dict(th)?,
        };
        registered(th).borrow_mut().push(Some(entry));
        Ok(func.own())
    }

    /// Clear the list of previously registered exit functions.
    #[sig = "()"]
    fn _clear(th: Thread<'_>) {
        let old = std::mem::take(&mut *registered(th).borrow_mut());
        drop(old);
    }

    /// Unregister an exit function which was previously registered using
    /// atexit.register
    ///
    ///     func - function to be unregistered
    #[sig = "(func, /)"]
    fn unregister(th: Thread<'_>, func: Obj<'_>) -> Result<()> {
        let mut index = registered(th).borrow().len();
        while index > 0 {
            index -= 1;
            let entry = registered(th).borrow().get(index).cloned().flatten();
            let Some(entry) = entry else { continue };
            if compare::eq(th, func, entry.function.obj())? {
                let removed = registered(th).borrow_mut().get_mut(index).and_then(Option::take);
                drop(removed);
            }
        }
        Ok(())
    }

    /// Run all registered exit functions.
    ///
    /// If a callback raises an exception, it is logged with sys.unraisablehook.
    #[sig = "()"]
    fn _run_exitfuncs(th: Thread<'_>) {
        run(th);
    }

    /// Return the number of registered exit functions.
    #[sig = "()"]
    fn _ncallbacks(th: Thread<'_>) -> usize {
        registered(th).borrow().iter().flatten().count()
    }
}
