//! What becomes of modules at the end of the program.
//!
//! As in CPython, modules leave `sys.modules` and mostly die of it; a collection
//! finalizes what their namespaces held in cycles, with all names still in
//! place; the modules that something else keeps lose their names last, the
//! youngest first. Invariant: modules that were imported before the program
//! began stay whole, so that finalizers find `sys` and the streams working.

use std::cell::RefCell;

use object::{AsObject, Dict, List, Module, Ref, Result, Str, Thread, id, types};

use crate::{collect, import};

#[derive(Default)]
struct State {
    /// The modules that were imported before the program began.
    kept: RefCell<Vec<Ref>>,
}

/// The program begins: modules imported up to now, apart from `__main__`, stay
/// until the process ends.
pub fn keep_modules(th: Thread<'_>) {
    let Some(modules) = th.interp().modules.get() else { return };
    let main = modules.get_name(th, id!(th, "__main__")).map(object::Obj::as_ptr);
    let mut kept = modules.values();
    kept.retain(|module| Some(module.as_ptr()) != main);
    *th.interp().extensions.get::<State>().kept.borrow_mut() = kept;
}

/// Keep these modules only.
pub(crate) fn keep_named(th: Thread<'_>, names: &[&Str]) {
    let Some(modules) = th.interp().modules.get() else { return };
    let kept = names.iter().filter_map(|name| modules.get_name(th, name).map(object::Obj::own));
    let kept: Vec<Ref> = kept.collect();
    let old = th.interp().extensions.get::<State>().kept.replace(kept);
    drop(old);
}

/// Finalize the objects of the program and of the modules that it imported.
pub(crate) fn remove_modules(th: Thread<'_>) {
    collect::collect(th, 2);
    collect::set_silent(th);
    forget_special(th);
    if let Some(modules) = th.interp().modules.get()
        && let Ok(Some(main)) = modules.get(th, id!(th, "__main__").obj())
        && let Some(main) = main.obj().downcast::<Module>()
        && let Ok(dict) = main.dict(th)
    {
        finalize_instances(th, &dict);
    }
    let references = match forget_modules(th) {
        Ok(references) => references,
        Err(raised) => return th.clear_exception(raised),
    };
    collect::collect(th, 2);
    if let Err(raised) = collect::report_garbage(th) {
        th.clear_exception(raised);
    }
    let mut survived = false;
    for index in (0..references.len()).rev() {
        let module = references.get(index).and_then(|found| types::weakref::referent(found.obj()));
        if let Some(module) = &module
            && let Some(module) = module.obj().downcast::<Module>()
            && let Ok(dict) = module.dict(th)
        {
            clear_namespace(th, &dict);
            survived = true;
        }
    }
    if survived {
        collect::collect(th, 2);
    }
}

/// Attributes of `sys` through which a program's objects outlive its modules,
/// in the order in which CPython lets go of them.
const SPECIAL: [&str; 11] = [
    "path_importer_cache",
    "path_hooks",
    "path",
    "argv",
    "ps1",
    "ps2",
    "last_exc",
    "last_type",
    "last_value",
    "last_traceback",
    "meta_path",
];

/// Let go of what the prompt, the last report of an exception and the import
/// system keep, and put the first streams back.
fn forget_special(th: Thread<'_>) {
    let interp = th.interp();
    if let Some(builtins) = interp.builtins.get() {
        replace(th, &builtins, "_", types::none());
    }
    let Some(sys) = interp.sys_dict.get() else { return };
    for name in SPECIAL {
        replace(th, &sys, name, types::none());
    }
    for (name, first) in
        [("stdin", "__stdin__"), ("stdout", "__stdout__"), ("stderr", "__stderr__")]
    {
        let Ok(first) = Str::intern(th, first) else { continue };
        if let Some(stream) = sys.get_name(th, &first).map(object::Obj::own) {
            replace(th, &sys, name, stream.obj());
        }
    }
}

/// Give a name that a namespace has another value.
fn replace(th: Thread<'_>, namespace: &Dict, name: &str, value: object::Obj<'_>) {
    let Ok(name) = Str::intern(th, name) else { return };
    if namespace.get_name(th, &name).is_some()
        && let Err(raised) = namespace.set(th, name.obj(), value)
    {
        th.clear_exception(raised);
    }
}

/// Take the program's modules out of `sys.modules`; weak references to them.
fn forget_modules(th: Thread<'_>) -> Result<Ref<List>> {
    let modules = import::modules(th)?;
    let kept = th.interp().extensions.get::<State>().kept.borrow();
    let references = List::new(th)?;
    let mut names = Vec::new();
    for (name, module) in modules.items() {
        let stays = kept.iter().any(|kept| kept.as_ptr() == module.as_ptr());
        if !stays && module.obj().downcast::<Module>().is_some() {
            references.push(th, types::weakref::new(th, module.obj())?)?;
            names.push(name);
        }
    }
    drop(kept);
    for name in &names {
        modules.set(th, name.obj(), types::none())?;
    }
    for name in &names {
        modules.remove(th, name.obj())?;
    }
    Ok(references)
}

/// Let go of the instances in a namespace whose class has a finalizer, in the
/// order of their names, while all else is in place.
fn finalize_instances(th: Thread<'_>, dict: &Dict) {
    let (mut names, mut position) = (Vec::new(), 0);
    while let Some((name, value)) = dict.next_entry(&mut position) {
        if value.obj().ty().is_heap() && value.obj().ty().slots().tp_finalize.is_some() {
            names.push(name);
        }
    }
    for name in names {
        if let Err(raised) = dict.set(th, name.obj(), types::none()) {
            th.clear_exception(raised);
        }
    }
}

/// Set the names of a namespace to `None`: private ones first, as CPython.
fn clear_namespace(th: Thread<'_>, dict: &Dict) {
    for private in [true, false] {
        let (mut names, mut position) = (Vec::new(), 0);
        while let Some((name, value)) = dict.next_entry(&mut position) {
            let Some(text) = name.obj().downcast::<Str>().map(Str::to_string) else { continue };
            let is_private = text.starts_with('_') && !text.starts_with("__");
            let skip = text == "__builtins__" || value.obj().is_none();
            if !skip && is_private == private {
                names.push(name);
            }
        }
        for name in names {
            if let Err(raised) = dict.set(th, name.obj(), types::none()) {
                th.clear_exception(raised);
            }
        }
    }
}
