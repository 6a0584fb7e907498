//! Objects of builtin types made by calling the type, for modules that need
//! one rarely. The types are found in the `builtins` namespace.

use object::{AsObject, List, Obj, Protocol, Ref, Result, Thread, raise};

/// A builtin type by name.
pub(crate) fn builtin_type(th: Thread<'_>, name: &str) -> Result<Ref> {
    let builtins = th.interp().builtins.get();
    match builtins.map(|builtins| builtins.get_str(th, name)).transpose()?.flatten() {
        Some(ty) => Ok(ty),
        None => raise!(th, SystemError, "lost builtins.{name}"),
    }
}

/// Whether `object` is exactly of the builtin type `name`.
pub(crate) fn is_exactly(object: Obj<'_>, name: &str) -> bool {
    let ty = object.ty();
    ty.name() == name && !ty.is_heap()
}

/// A `set` or `frozenset` of `items`.
pub(crate) fn set(th: Thread<'_>, items: Vec<Ref>, frozen: bool) -> Result {
    let ty = builtin_type(th, if frozen { "frozenset" } else { "set" })?;
    let items = List::from_refs(th, items)?;
    ty.call(th, &[items.obj()])
}
