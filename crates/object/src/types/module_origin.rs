//! Where a module came from, for messages about names that it does not have.

use std::{cell::RefCell, path::Path};

use crate::{
    AsObject, Obj, Protocol, Ref, Result, Str, Thread, id,
    types::{FrozenSet, Set},
};

/// What the file of a module hides by lying beside the program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hides {
    /// It lies elsewhere.
    Nothing,
    /// Whatever has its name and is found later.
    SomeLibrary,
    /// A module of the standard library.
    StandardModule,
}

/// Whether a spec says that its module is still being executed.
pub fn is_initializing(th: Thread<'_>, spec: Obj<'_>) -> Result<bool> {
    match spec.getattr_opt(th, id!(th, "_initializing"))? {
        Some(flag) => flag.is_true(th),
        None => Ok(false),
    }
}

/// Whether a spec says that the submodule `name` is still being executed.
pub fn is_initializing_submodule(th: Thread<'_>, spec: Obj<'_>, name: &Str) -> Result<bool> {
    match spec.getattr_opt(th, id!(th, "_uninitialized_submodules"))? {
        Some(names) => crate::protocol::mapping::contains(th, names.obj(), name.obj()),
        None => Ok(false),
    }
}

/// The file that a spec names.
pub fn file(th: Thread<'_>, spec: Obj<'_>) -> Result<Option<Ref<Str>>> {
    if let Some(has) = spec.getattr_opt(th, id!(th, "has_location"))?
        && has.is_true(th)?
        && let Some(origin) = spec.getattr_opt(th, id!(th, "origin"))?
    {
        return Ok(origin.downcast::<Str>().ok());
    }
    Ok(None)
}

/// The folder that the program put in front of `sys.path` when it started.
#[derive(Default)]
struct ProgramFolder(RefCell<Option<String>>);

/// Remember what the program puts in front of `sys.path` when it starts.
pub fn set_program_folder(th: Thread<'_>, folder: String) {
    *th.interp().shared.get::<ProgramFolder>().0.borrow_mut() = Some(folder);
}

/// What module `name` hides if it was loaded from `file`: that is so if the
/// file's directory is that of the program.
pub fn hides(th: Thread<'_>, name: Obj<'_>, file: &Str) -> Result<Hides> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(Hides::Nothing) };
    let folder = th.interp().shared.get::<ProgramFolder>().0.borrow().clone();
    let Some(folder) = folder else { return Ok(Hides::Nothing) };
    if th.interp().flags.borrow().safe_path || !lies_in(&file.to_string(), &folder) {
        return Ok(Hides::Nothing);
    }
    let standard = sys.get(th, id!(th, "stdlib_module_names").obj())?.filter(|names| {
        names.obj().downcast::<FrozenSet>().is_some() || names.obj().downcast::<Set>().is_some()
    });
    Ok(match standard {
        Some(names) if crate::protocol::mapping::contains(th, names.obj(), name)? => {
            Hides::StandardModule
        }
        _ => Hides::SomeLibrary,
    })
}

/// Whether the module or package of `file` is in `directory`, the current one
/// if it is empty.
fn lies_in(file: &str, directory: &str) -> bool {
    let file = Path::new(file);
    let mut parent = file.parent();
    if file.file_stem().is_some_and(|stem| stem == "__init__") {
        parent = parent.and_then(Path::parent);
    }
    match directory {
        "" => std::env::current_dir().is_ok_and(|here| parent == Some(&here)),
        _ => parent == Some(Path::new(directory)),
    }
}
