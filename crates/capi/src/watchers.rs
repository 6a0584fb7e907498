//! Watchers of dicts, types, functions, code objects and contexts.

use std::ffi::c_int;

use macros::capi;
use object::{
    Dict, Obj, Result, Thread, Type, raise,
    watch::{
        DictWatcher, FunctionWatcher, ObjectWatcher, Table, TypeWatcher, watch_ends_of_code,
        watch_ends_of_dicts, watch_ends_of_functions,
    },
};

/// Numbers of dict and type watchers that CPython keeps for itself.
const FIRST_DICT_WATCHER: usize = 2;
const FIRST_TYPE_WATCHER: usize = 1;

fn add<F: Copy>(
    th: Thread<'_>,
    table: &Table<F>,
    kind: &str,
    first: usize,
    function: Option<F>,
) -> Result<c_int> {
    let Some(function) = function else {
        raise!(th, SystemError, "null argument to internal routine");
    };
    match table.add(first, function) {
        Some(id) => Ok(id as c_int),
        None => raise!(th, RuntimeError, "no more {kind} watcher IDs available"),
    }
}

/// The number of a watcher that exists.
fn known<F: Copy>(th: Thread<'_>, table: &Table<F>, kind: &str, id: c_int) -> Result<u8> {
    // Those of functions are told in lower case.
    let (invalid, no) = if kind == "func" { ("invalid", "no") } else { ("Invalid", "No") };
    match u8::try_from(id) {
        Ok(number) if number < 8 => {
            if table.knows(usize::from(number)) {
                return Ok(number);
            }
            raise!(th, ValueError, "{no} {kind} watcher set for ID {id}")
        }
        _ => raise!(th, ValueError, "{invalid} {kind} watcher ID {id}"),
    }
}

fn remove<F: Copy>(th: Thread<'_>, table: &Table<F>, kind: &str, id: c_int) -> Result<()> {
    table.remove(usize::from(known(th, table, kind, id)?));
    Ok(())
}

#[capi]
fn PyDict_AddWatcher(th: Thread<'_>, callback: Option<DictWatcher>) -> Result<c_int> {
    watch_ends_of_dicts();
    add(th, &th.interp().watchers.dicts, "dict", FIRST_DICT_WATCHER, callback)
}

#[capi]
fn PyDict_ClearWatcher(th: Thread<'_>, id: c_int) -> Result<()> {
    remove(th, &th.interp().watchers.dicts, "dict", id)
}

fn watch_dict(th: Thread<'_>, id: c_int, dict: Obj<'_>, watch: bool) -> Result<()> {
    let Some(dict) = dict.downcast::<Dict>() else {
        raise!(th, ValueError, "Cannot watch non-dictionary");
    };
    dict.set_watched(known(th, &th.interp().watchers.dicts, "dict", id)?, watch);
    Ok(())
}

#[capi]
fn PyDict_Watch(th: Thread<'_>, id: c_int, dict: Obj<'_>) -> Result<()> {
    watch_dict(th, id, dict, true)
}

#[capi]
fn PyDict_Unwatch(th: Thread<'_>, id: c_int, dict: Obj<'_>) -> Result<()> {
    watch_dict(th, id, dict, false)
}

#[capi]
fn PyType_AddWatcher(th: Thread<'_>, callback: Option<TypeWatcher>) -> Result<c_int> {
    add(th, &th.interp().watchers.types, "type", FIRST_TYPE_WATCHER, callback)
}

#[capi]
fn PyType_ClearWatcher(th: Thread<'_>, id: c_int) -> Result<()> {
    remove(th, &th.interp().watchers.types, "type", id)
}

fn watch_type(th: Thread<'_>, id: c_int, ty: Obj<'_>, watch: bool) -> Result<()> {
    let Some(ty) = ty.downcast::<Type>() else {
        raise!(th, ValueError, "Cannot watch non-type");
    };
    let id = known(th, &th.interp().watchers.types, "type", id)?;
    if watch {
        // A change is told of a type that has a version.
        ty.version(th);
    }
    ty.set_watched(id, watch);
    Ok(())
}

#[capi]
fn PyType_Watch(th: Thread<'_>, id: c_int, ty: Obj<'_>) -> Result<()> {
    watch_type(th, id, ty, true)
}

#[capi]
fn PyType_Unwatch(th: Thread<'_>, id: c_int, ty: Obj<'_>) -> Result<()> {
    watch_type(th, id, ty, false)
}

#[capi]
fn PyFunction_AddWatcher(th: Thread<'_>, callback: Option<FunctionWatcher>) -> Result<c_int> {
    watch_ends_of_functions();
    add(th, &th.interp().watchers.functions, "func", 0, callback)
}

#[capi]
fn PyFunction_ClearWatcher(th: Thread<'_>, id: c_int) -> Result<()> {
    remove(th, &th.interp().watchers.functions, "func", id)
}

#[capi]
fn PyCode_AddWatcher(th: Thread<'_>, callback: Option<ObjectWatcher>) -> Result<c_int> {
    watch_ends_of_code();
    add(th, &th.interp().watchers.code, "code", 0, callback)
}

#[capi]
fn PyCode_ClearWatcher(th: Thread<'_>, id: c_int) -> Result<()> {
    remove(th, &th.interp().watchers.code, "code", id)
}

#[capi]
fn PyContext_AddWatcher(th: Thread<'_>, callback: Option<ObjectWatcher>) -> Result<c_int> {
    add(th, &th.interp().watchers.contexts, "context", 0, callback)
}

#[capi]
fn PyContext_ClearWatcher(th: Thread<'_>, id: c_int) -> Result<()> {
    remove(th, &th.interp().watchers.contexts, "context", id)
}
