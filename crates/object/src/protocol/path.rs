//! Paths: `__fspath__` (PEP 519).

use crate::{
    AsObject, Bytes, Obj, Ref, Result, Str, Thread, id, raise,
    types::type_::slot_functions::call_special,
};

fn is_plain(path: Obj<'_>) -> bool {
    path.downcast::<Str>().is_some() || path.downcast::<Bytes>().is_some()
}

/// The `str` or `bytes` object that a path stands for; `None` for other objects.
pub fn fspath_opt(th: Thread<'_>, path: Obj<'_>) -> Result<Option<Ref>> {
    if is_plain(path) {
        return Ok(Some(path.own()));
    }
    let name = id!(th, "__fspath__");
    if path.ty().lookup(th, name).is_some_and(Obj::is_none) {
        return Ok(None);
    }
    let found = call_special(th, path, name, &[])?;
    if let Some(found) = &found
        && !is_plain(found.obj())
    {
        raise!(
            th,
            TypeError,
            "expected {}.__fspath__() to return str or bytes, not {}",
            path.short_type_name(),
            found.obj().short_type_name()
        );
    }
    Ok(found)
}

/// `os.fspath(path)`: a `str` or `bytes` object.
pub fn fspath(th: Thread<'_>, path: Obj<'_>) -> Result<Ref> {
    match fspath_opt(th, path)? {
        Some(plain) => Ok(plain),
        None => raise!(
            th,
            TypeError,
            "expected str, bytes or os.PathLike object, not {}",
            path.short_type_name()
        ),
    }
}
