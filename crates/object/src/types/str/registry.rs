//! The registry of codecs and error handlers, one per interpreter.
//!
//! Search functions find a codec by its normalised name once; what they
//! answer is remembered. Error handlers that Python code registered are asked
//! by name; the builtin ones are [`text::codecs::Handler`]s.

use std::{cell::RefCell, collections::HashMap};

use crate::{AsObject, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id, raise};

/// What codecs are known.
#[derive(Default)]
pub struct Registry {
    search: RefCell<Vec<Ref>>,
    codecs: RefCell<HashMap<String, Ref<Tuple>>>,
    errors: RefCell<HashMap<String, Ref>>,
}

fn registry(th: Thread<'_>) -> &'static Registry {
    th.interp().extensions.get::<Registry>()
}

/// An encoding's name with lower-case letters, and underscores for what is
/// neither letter, digit nor dot.
pub fn normalize(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    out
}

/// `codecs.register(search)`.
pub fn register(th: Thread<'_>, search: Obj<'_>) {
    registry(th).search.borrow_mut().push(search.own());
}

/// `codecs.unregister(search)`.
pub fn unregister(th: Thread<'_>, search: Obj<'_>) {
    let registry = registry(th);
    let mut functions = registry.search.borrow_mut();
    let removed = functions.iter().position(|known| known.obj().is(search));
    let removed = removed.map(|index| functions.remove(index));
    drop(functions);
    if removed.is_some() {
        let codecs = std::mem::take(&mut *registry.codecs.borrow_mut());
        drop(codecs);
    }
}

/// `codecs.lookup(encoding)`.
pub fn lookup(th: Thread<'_>, encoding: &str) -> Result<Ref<Tuple>> {
    let registry = registry(th);
    let name = normalize(encoding);
    if let Some(codec) = registry.codecs.borrow().get(&name) {
        return Ok(codec.clone());
    }
    if registry.search.borrow().is_empty() {
        (th.hooks().import_module)(th, id!(th, "encodings"))?;
    }
    let functions: Vec<Ref> = registry.search.borrow().clone();
    if functions.is_empty() {
        raise!(th, LookupError, "no codec search functions registered: can't find encoding");
    }
    let argument = Str::new(th, &name)?;
    for function in functions {
        let found = function.call(th, &[argument.obj()])?;
        if found.obj().is_none() {
            continue;
        }
        let Ok(codec) = found.downcast::<Tuple>() else {
            raise!(th, TypeError, "codec search functions must return 4-tuples");
        };
        if codec.len() != 4 {
            raise!(th, TypeError, "codec search functions must return 4-tuples");
        }
        let old = registry.codecs.borrow_mut().insert(name, codec.clone());
        drop(old);
        return Ok(codec);
    }
    raise!(th, LookupError, "unknown encoding: {encoding}")
}

/// The codec of a text encoding; `instead` names the function for others.
pub fn lookup_text(th: Thread<'_>, encoding: &str, instead: &str) -> Result<Ref<Tuple>> {
    let codec = lookup(th, encoding)?;
    if !codec.obj().is_exact::<Tuple>()
        && let Some(is_text) = codec.getattr_opt(th, id!(th, "_is_text_encoding"))?
        && !is_text.is_true(th)?
    {
        raise!(
            th,
            LookupError,
            "'{encoding}' is not a text encoding; use {instead} to handle arbitrary codecs"
        );
    }
    Ok(codec)
}

/// Call an encoder (item 0 of a codec) or decoder (item 1).
fn convert(
    th: Thread<'_>,
    codec: &Tuple,
    index: usize,
    object: Obj<'_>,
    encoding: &str,
    errors: Option<&str>,
) -> Result<Ref> {
    let Some(function) = codec.get(index).map(Obj::own) else { return Err(th.no_memory()) };
    let doing = if index == 0 { "encoding" } else { "decoding" };
    let errors = errors.map(|errors| Str::new(th, errors)).transpose()?;
    let result = match &errors {
        Some(errors) => function.call(th, &[object, errors.obj()]),
        None => function.call(th, &[object]),
    };
    let result = match result {
        Ok(result) => result,
        Err(raised) => {
            let exception = th.take_exception(raised);
            let note = Str::from_fmt(th, format_args!("{doing} with '{encoding}' codec failed"))?;
            if let Err(raised) = exception.call_method(th, id!(th, "add_note"), &[note.obj()]) {
                th.clear_exception(raised);
            }
            return Err(th.restore(exception));
        }
    };
    let pair = result.obj().downcast::<Tuple>().filter(|pair| pair.len() == 2);
    match pair.and_then(|pair| pair.get(0)) {
        Some(value) => Ok(value.own()),
        None => {
            let role = if index == 0 { "encoder" } else { "decoder" };
            raise!(th, TypeError, "{role} must return a tuple (object, integer)")
        }
    }
}

/// `codecs.encode(object, encoding, errors)`.
pub fn encode(
    th: Thread<'_>,
    object: Obj<'_>,
    encoding: &str,
    errors: Option<&str>,
) -> Result<Ref> {
    let codec = lookup(th, encoding)?;
    convert(th, &codec, 0, object, encoding, errors)
}

/// `codecs.decode(object, encoding, errors)`.
pub fn decode(
    th: Thread<'_>,
    object: Obj<'_>,
    encoding: &str,
    errors: Option<&str>,
) -> Result<Ref> {
    let codec = lookup(th, encoding)?;
    convert(th, &codec, 1, object, encoding, errors)
}

/// Encode with a text encoding.
pub fn encode_text(
    th: Thread<'_>,
    object: Obj<'_>,
    encoding: &str,
    errors: Option<&str>,
) -> Result<Ref> {
    let codec = lookup_text(th, encoding, "codecs.encode()")?;
    convert(th, &codec, 0, object, encoding, errors)
}

/// Decode with a text encoding.
pub fn decode_text(
    th: Thread<'_>,
    object: Obj<'_>,
    encoding: &str,
    errors: Option<&str>,
) -> Result<Ref> {
    let codec = lookup_text(th, encoding, "codecs.decode()")?;
    convert(th, &codec, 1, object, encoding, errors)
}

/// `codecs.register_error(name, handler)`.
pub fn register_error(th: Thread<'_>, name: &str, handler: Obj<'_>) {
    let old = registry(th).errors.borrow_mut().insert(name.to_owned(), handler.own());
    drop(old);
}

/// `codecs._unregister_error(name)`: whether it was registered.
pub fn unregister_error(th: Thread<'_>, name: &str) -> bool {
    let old = registry(th).errors.borrow_mut().remove(name);
    old.is_some()
}

/// The handler registered under `name`.
pub fn lookup_error(th: Thread<'_>, name: &str) -> Result<Ref> {
    if let Some(handler) = registry(th).errors.borrow().get(name) {
        return Ok(handler.clone());
    }
    // The builtin handlers are registered by `_codecs`.
    if text::codecs::Handler::from_name(name).is_some() {
        (th.hooks().import_module)(th, id!(th, "_codecs"))?;
        if let Some(handler) = registry(th).errors.borrow().get(name) {
            return Ok(handler.clone());
        }
    }
    raise!(th, LookupError, "unknown error handler name '{name}'")
}
