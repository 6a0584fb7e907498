//! `import`.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{
    AsObject, Obj, Protocol, Ref, Result, Str, Thread, error,
    exceptions::types,
    id, raise,
    types::module_origin::{self, Hides},
};

use super::{check, ops};
use crate::{frame::Frame, interp::Flow, namespace, word::Word};

/// Call `builtins.__import__`.
#[inline(never)]
unsafe fn import_name(
    th: Thread<'_>,
    frame: *mut Frame,
    name: &Str,
    fromlist: Obj<'_>,
    level: Obj<'_>,
) -> Result<Ref> {
    let builtins = Frame::builtins(frame);
    let Some(import) = namespace::mapping_get(th, builtins, id!(th, "__import__"))? else {
        raise!(th, ImportError, "__import__ not found");
    };
    let none = object::types::none();
    let locals = Obj::from_raw((*frame).locals).unwrap_or(none);
    let globals = Frame::globals(frame).obj();
    import.call(th, &[name.obj(), globals, locals, fromlist, level])
}

/// `from module import name`: an attribute, or a submodule that is still
/// being imported.
#[inline(never)]
fn import_from(th: Thread<'_>, module: Obj<'_>, name: &Str) -> Result<Ref> {
    if let Some(value) = module.getattr_opt(th, name)? {
        return Ok(value);
    }
    let module_name = module.getattr_opt(th, id!(th, "__name__"))?;
    let package = module_name.as_ref().and_then(|name| name.obj().downcast::<Str>());
    let Some(package) = package else {
        return Err(cannot_import(th, module, name, None));
    };
    let full = Str::from_fmt(th, format_args!("{package}.{name}"))?;
    if let Some(modules) = th.interp().modules.get()
        && let Some(value) = modules.get(th, full.obj())?
    {
        return Ok(value);
    }
    Err(cannot_import(th, module, name, Some(package)))
}

/// Whether a module's spec says that it is still being executed.
fn is_initializing(th: Thread<'_>, module: Obj<'_>) -> Result<bool> {
    match module.getattr_opt(th, id!(th, "__spec__"))? {
        Some(spec) => module_origin::is_initializing(th, spec.obj()),
        None => Ok(false),
    }
}

/// Where a module came from, for the message.
fn origin(th: Thread<'_>, module: Obj<'_>) -> Result<Option<Ref>> {
    if let Some(spec) = module.getattr_opt(th, id!(th, "__spec__"))?
        && let Some(file) = module_origin::file(th, spec.obj())?
    {
        return Ok(Some(file.upcast()));
    }
    let file = module.getattr_opt(th, id!(th, "__file__"))?;
    Ok(file.filter(|file| file.obj().downcast::<Str>().is_some()))
}

/// `ImportError` for a name that a module does not have.
#[cold]
#[inline(never)]
fn cannot_import(
    th: Thread<'_>,
    module: Obj<'_>,
    name: &Str,
    package: Option<&Str>,
) -> object::Raised {
    match import_message(th, module, name, package) {
        Ok((message, origin)) => raise_import(th, message, name, package, origin),
        Err(raised) => raised,
    }
}

fn import_message(
    th: Thread<'_>,
    module: Obj<'_>,
    name: &Str,
    package: Option<&Str>,
) -> Result<(String, Option<Ref>)> {
    let place = origin(th, module)?;
    let place_text = place.as_ref().and_then(|place| place.obj().downcast::<Str>());
    let unknown = "<unknown module name>".to_owned();
    let quoted = match package {
        Some(package) => package.repr(th)?.to_string(),
        None => format!("'{unknown}'"),
    };
    let message = match (place_text, package) {
        (Some(file), Some(package)) => match module_origin::hides(th, package.obj(), file)? {
            Hides::StandardModule => format!(
                "cannot import name '{name}' from {quoted} (consider renaming '{file}' since it has the same name as the standard library module named {quoted} and prevents importing that standard library module)"
            ),
            hides if is_initializing(th, module)? => {
                if hides == Hides::SomeLibrary {
                    format!(
                        "cannot import name '{name}' from {quoted} (consider renaming '{file}' if it has the same name as a library you intended to import)"
                    )
                } else {
                    format!(
                        "cannot import name '{name}' from partially initialized module {quoted} (most likely due to a circular import) ({file})"
                    )
                }
            }
            _ => format!("cannot import name '{name}' from {quoted} ({file})"),
        },
        _ => {
            if is_initializing(th, module)? {
                format!(
                    "cannot import name '{name}' from partially initialized module {quoted} (most likely due to a circular import) (unknown location)"
                )
            } else {
                format!("cannot import name '{name}' from {quoted} (unknown location)")
            }
        }
    };
    Ok((message, place))
}

fn raise_import(
    th: Thread<'_>,
    message: String,
    name: &Str,
    package: Option<&Str>,
    origin: Option<Ref>,
) -> object::Raised {
    let raised = error!(th, ImportError, "{message}");
    let exception = th.take_exception(raised);
    if exception.obj().ty().is_subtype(types::ImportError()) {
        let mut attributes = vec![(id!(th, "name_from"), name.obj())];
        if let Some(package) = package {
            attributes.push((id!(th, "name"), package.obj()));
        }
        if let Some(origin) = &origin {
            attributes.push((id!(th, "path"), origin.obj()));
        }
        for (attribute, value) in attributes {
            if let Err(raised) = exception.setattr(th, attribute, Some(value)) {
                th.clear_exception(raised);
            }
        }
    }
    th.restore(exception)
}

ops! {
    fn IMPORT_NAME(r, th, oparg) {
        r.save();
        let (fromlist, level) = (r.peek(1).obj(), r.peek(2).obj());
        let module = check!(import_name(th, r.frame, r.name(oparg), fromlist, level));
        r.replace(2, Word::from_ref(module));
        Flow::Next
    }

    fn IMPORT_FROM(r, th, oparg) {
        r.save();
        let value = check!(import_from(th, r.peek(1).obj(), r.name(oparg)));
        r.push(Word::from_ref(value));
        Flow::Next
    }
}
