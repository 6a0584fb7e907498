//! `PyInterpreterConfig` as programs see it: a namespace.

use object::{
    AsObject, Dict, Kwargs, Obj, Protocol, Ref, Result, Str, Thread, id, raise,
    types::{self, namespace},
};
use vm::interpreters::{Config, GilKind};

use crate::support::shown;

/// The fields that are flags.
const FLAGS: [(&str, fn(&mut Config) -> &mut bool); 6] = [
    ("use_main_obmalloc", |config| &mut config.use_main_obmalloc),
    ("allow_fork", |config| &mut config.allow_fork),
    ("allow_exec", |config| &mut config.allow_exec),
    ("allow_threads", |config| &mut config.allow_threads),
    ("allow_daemon_threads", |config| &mut config.allow_daemon_threads),
    ("check_multi_interp_extensions", |config| &mut config.check_multi_interp_extensions),
];

const KINDS: [(&str, GilKind); 3] =
    [("default", GilKind::Default), ("shared", GilKind::Shared), ("own", GilKind::Own)];

/// The configuration of that name.
pub(super) fn named(th: Thread<'_>, name: &str) -> Result<Config> {
    match name {
        "" | "default" | "isolated" => Ok(Config::ISOLATED),
        "legacy" => Ok(Config::LEGACY),
        "empty" => Ok(Config::EMPTY),
        _ => raise!(th, ValueError, "unsupported config name '{name}'"),
    }
}

/// What `create` is given: nothing, a name, or a namespace.
pub(crate) fn from_object(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Config> {
    let Some(object) = object.filter(|object| !object.is_none()) else {
        return Ok(Config::ISOLATED);
    };
    if let Some(name) = object.downcast::<Str>() {
        return named(th, name.to_utf8(th)?);
    }
    let dict = match object.getattr(th, id!(th, "__dict__")) {
        Ok(dict) => dict,
        Err(raised) => {
            th.clear_exception(raised);
            raise!(th, TypeError, "bad config {}", shown(th, object));
        }
    };
    let Some(dict) = dict.obj().downcast::<Dict>() else {
        raise!(th, TypeError, "dict expected");
    };
    let mut config = Config::EMPTY;
    read(th, dict, &mut config, true)?;
    Ok(config)
}

/// Change a configuration by keyword arguments.
pub(super) fn update(th: Thread<'_>, config: &mut Config, changes: Kwargs<'_>) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let changes = changes.to_dict(th)?;
    read(th, &changes, config, false)
}

fn read(th: Thread<'_>, dict: &Dict, config: &mut Config, complete: bool) -> Result<()> {
    let rest = dict.copy(th)?;
    let take = |name: &str| -> Result<Option<Ref>> {
        let name = Str::intern(th, name)?;
        let value = rest.get(th, name.obj())?;
        if value.is_some() {
            rest.remove(th, name.obj())?;
        }
        match value {
            None if complete => raise!(th, ValueError, "missing config key: {}", &*name),
            value => Ok(value),
        }
    };
    for (name, field) in FLAGS {
        if let Some(value) = take(name)? {
            if !value.obj().is_exact::<types::Bool>() {
                raise!(th, TypeError, "invalid config type: {name}");
            }
            *field(config) = value.is_true(th)?;
        }
    }
    if let Some(value) = take("gil")? {
        let Some(text) = value.obj().downcast::<Str>() else {
            raise!(th, TypeError, "invalid config type: gil");
        };
        let text = text.to_utf8(th)?;
        match KINDS.iter().find(|(name, _)| *name == text) {
            Some((_, kind)) => config.gil = *kind,
            None => raise!(th, ValueError, "unsupported interpreter config .gil value '{text}'"),
        }
    }
    match rest.len() {
        0 => Ok(()),
        1 => raise!(th, ValueError, "config dict has 1 extra item ({})", &*rest.repr(th)?),
        n => raise!(th, ValueError, "config dict has {n} extra items ({})", &*rest.repr(th)?),
    }
}

/// The namespace of a configuration.
pub(super) fn to_object(th: Thread<'_>, mut config: Config) -> Result {
    let dict = Dict::new(th)?;
    for (name, field) in FLAGS {
        dict.set(th, Str::intern(th, name)?.obj(), types::bool_(*field(&mut config)))?;
    }
    let kind = KINDS.iter().find(|(_, kind)| *kind == config.gil).map_or("", |(name, _)| *name);
    dict.set(th, Str::intern(th, "gil")?.obj(), Str::intern(th, kind)?.obj())?;
    namespace::new(th, &dict)
}
