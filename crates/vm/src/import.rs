//! `import`: the fast path for modules that are there, importlib for the rest.

use crate::import_time;
use object::{
    AsObject, Dict, Obj, Protocol, Ref, Result, Str, Thread, exceptions, id, raise, types,
};

/// `sys.modules`.
pub fn modules(th: Thread<'_>) -> Result<Ref<Dict>> {
    match th.interp().modules.get() {
        Some(modules) => Ok(modules),
        None => raise!(th, RuntimeError, "unable to get sys.modules"),
    }
}

/// `importlib._bootstrap`.
fn importlib(th: Thread<'_>) -> Result<Ref> {
    match th.interp().importlib.get() {
        Some(module) => Ok(module),
        None => raise!(th, ImportError, "import machinery not initialized"),
    }
}

/// `__import__(name, globals, None, fromlist, level)`.
pub fn import(
    th: Thread<'_>,
    name: Obj<'_>,
    globals: Option<Obj<'_>>,
    fromlist: Option<Obj<'_>>,
    level: isize,
) -> Result<Ref> {
    let result = import_it(th, name, globals, fromlist, level);
    result.inspect_err(|_| crate::unwind::remove_importlib_frames(th))
}

fn import_it(
    th: Thread<'_>,
    name: Obj<'_>,
    globals: Option<Obj<'_>>,
    fromlist: Option<Obj<'_>>,
    level: isize,
) -> Result<Ref> {
    let Some(text) = name.downcast::<Str>() else {
        raise!(th, TypeError, "module name must be a string");
    };
    if level < 0 {
        raise!(th, ValueError, "level must be >= 0");
    }
    let absolute = if level > 0 {
        resolve_name(th, text, globals, level)?
    } else {
        if text.len() == 0 {
            raise!(th, ValueError, "Empty module name");
        }
        object::own(text)
    };
    let modules = modules(th)?;
    let module = match modules.get(th, absolute.obj())? {
        Some(module) if !module.obj().is_none() => {
            // Another thread may find that the import of it fails.
            if ensure_initialized(th, module.obj(), &absolute)?
                && !modules.get(th, absolute.obj())?.is_some_and(|now| now.obj().is(module.obj()))
            {
                import_time::timed(th, &absolute, || find_and_load(th, &absolute))?
            } else {
                import_time::cached(th, &absolute);
                module
            }
        }
        _ => import_time::timed(th, &absolute, || find_and_load(th, &absolute))?,
    };
    let has_from = match fromlist {
        Some(fromlist) if !fromlist.is_none() => fromlist.is_true(th)?,
        _ => false,
    };
    if !has_from {
        return head_of_import(th, module, text, &absolute, level);
    }
    if module.getattr_opt(th, id!(th, "__path__"))?.is_none() {
        return Ok(module);
    }
    let handler = id!(th, "_handle_fromlist");
    let builtin_import = match th.interp().builtins.get() {
        Some(builtins) => builtins.get(th, id!(th, "__import__").obj())?,
        None => None,
    };
    let builtin_import = match builtin_import {
        Some(function) => function,
        None => raise!(th, ImportError, "__import__ not found"),
    };
    let fromlist = fromlist.unwrap_or(types::none());
    importlib(th)?.call_method(th, handler, &[module.obj(), fromlist, builtin_import.obj()])
}

/// Without a from-list `import a.b.c` binds `a`.
fn head_of_import(
    th: Thread<'_>,
    module: Ref,
    name: &Str,
    absolute: &Ref<Str>,
    level: isize,
) -> Result<Ref> {
    if level > 0 && name.len() == 0 {
        return Ok(module);
    }
    if name.as_ascii().is_some_and(|name| !name.contains('.')) {
        return Ok(module);
    }
    let text = name.to_string();
    let Some((front, _)) = text.split_once('.') else { return Ok(module) };
    if level == 0 {
        let front = Str::intern(th, front)?;
        return import(th, front.obj(), None, None, 0);
    }
    let cut = text.len() - front.len();
    let whole = absolute.to_string();
    let Some(prefix) = whole.get(..whole.len().saturating_sub(cut)) else { return Ok(module) };
    let key = Str::intern(th, prefix)?;
    match modules(th)?.get(th, key.obj())? {
        Some(module) => Ok(module),
        None => raise!(th, KeyError, "'{prefix}' not in sys.modules as expected"),
    }
}

/// A module in `sys.modules` may be half imported by another thread; whether it
/// was.
fn ensure_initialized(th: Thread<'_>, module: Obj<'_>, name: &Ref<Str>) -> Result<bool> {
    let Some(spec) = module.getattr_opt(th, id!(th, "__spec__"))? else { return Ok(false) };
    if spec.obj().is_none() {
        return Ok(false);
    }
    let Some(busy) = spec.getattr_opt(th, id!(th, "_initializing"))? else { return Ok(false) };
    let busy = busy.is_true(th)?;
    if busy {
        importlib(th)?.call_method(th, id!(th, "_lock_unlock_module"), &[name.obj()])?;
    }
    Ok(busy)
}

fn find_and_load(th: Thread<'_>, name: &Ref<Str>) -> Result<Ref> {
    let import = match th.interp().builtins.get() {
        Some(builtins) => builtins.get(th, id!(th, "__import__").obj())?,
        None => None,
    };
    let import = import.unwrap_or_else(|| types::none().own());
    importlib(th)?.call_method(th, id!(th, "_find_and_load"), &[name.obj(), import.obj()])
}

/// The absolute name of `from ..name import`.
fn resolve_name(
    th: Thread<'_>,
    name: &Str,
    globals: Option<Obj<'_>>,
    level: isize,
) -> Result<Ref<Str>> {
    let Some(globals) = globals.and_then(|globals| globals.downcast::<Dict>()) else {
        raise!(th, KeyError, "'__name__' not in globals");
    };
    let get = |name: &Str| globals.get(th, name.obj());
    let package = get(id!(th, "__package__"))?.filter(|package| !package.obj().is_none());
    let spec = get(id!(th, "__spec__"))?.filter(|spec| !spec.obj().is_none());
    let package = match (package, spec) {
        (Some(package), spec) => {
            if let Some(spec) = spec
                && package.obj().downcast::<Str>().is_some()
            {
                let parent = spec.getattr(th, id!(th, "parent"))?;
                if !object::protocol::compare::eq(th, package.obj(), parent.obj())? {
                    let message = Str::new(th, "__package__ != __spec__.parent")?;
                    let category = exceptions::types::DeprecationWarning();
                    (th.hooks().warn)(th, category.obj(), &message, 1)?;
                }
            }
            package
        }
        (None, Some(spec)) => {
            let parent = spec.getattr(th, id!(th, "parent"))?;
            if parent.obj().downcast::<Str>().is_none() {
                raise!(th, TypeError, "__spec__.parent must be a string");
            }
            parent
        }
        (None, None) => {
            let message = Str::new(
                th,
                "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__",
            )?;
            let category = exceptions::types::ImportWarning();
            (th.hooks().warn)(th, category.obj(), &message, 1)?;
            let Some(package) = get(id!(th, "__name__"))? else {
                raise!(th, KeyError, "'__name__' not in globals");
            };
            let text = package.str(th)?.to_string();
            if get(id!(th, "__path__"))?.is_some() {
                package
            } else {
                let parent = text.rsplit_once('.').map_or("", |(parent, _)| parent);
                Str::new(th, parent)?.upcast()
            }
        }
    };
    let Some(package) = package.obj().downcast::<Str>() else {
        raise!(th, TypeError, "package must be a string");
    };
    if package.len() == 0 {
        raise!(th, ImportError, "attempted relative import with no known parent package");
    }
    let text = package.to_string();
    let mut base = text.as_str();
    for _ in 1..level {
        match base.rsplit_once('.') {
            Some((parent, _)) => base = parent,
            None => raise!(th, ImportError, "attempted relative import beyond top-level package"),
        }
    }
    if name.len() == 0 {
        return Str::intern(th, base);
    }
    let whole = Str::from_fmt(th, format_args!("{base}.{name}"))?;
    Ok(Str::intern_ref(th, whole))
}

/// `importlib.import_module(name)` for native code.
pub fn import_module(th: Thread<'_>, name: &Str) -> Result<Ref> {
    if let Some(module) = modules(th)?.get(th, name.obj())?
        && !module.obj().is_none()
    {
        return Ok(module);
    }
    if th.interp().importlib.is_null() {
        raise!(th, ImportError, "no module named '{name}' before import works");
    }
    import(th, name.obj(), None, None, 0)?;
    match modules(th)?.get(th, name.obj())? {
        Some(module) => Ok(module),
        None => raise!(th, ImportError, "import of {name} produced no module"),
    }
}
