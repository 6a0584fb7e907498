//! `initconfig.h`, as far as it asks a running interpreter.
//!
//! [`OPTIONS`] says where each option of `PyConfig_Get` is to be found: in
//! `sys`, in `sys.flags`, or that it never changes here.

use std::ffi::{CStr, c_int};

use macros::capi;
use object::{AsObject, Int, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id, raise, types};

use crate::convert::lossy;

/// Where the value of an option is.
enum Place {
    /// An attribute of `sys`.
    Sys(&'static str),
    /// An attribute of `sys.flags`.
    Flag(&'static str),
    /// A flag as a bool.
    Switch(&'static str),
    /// A flag that says the opposite.
    Not(&'static str),
    /// A setting of the interpreter that `sys.flags` does not show.
    Setting(fn(&object::thread::Flags) -> bool),
    Bool(bool),
    Number(i64),
    Text(&'static str),
    None,
}

use Place::{Bool, Flag, Not, Number, Setting, Switch, Sys, Text};

const OPTIONS: &[(&str, Place)] = &[
    ("allocator", Number(0)),
    ("argv", Sys("argv")),
    ("base_exec_prefix", Sys("base_exec_prefix")),
    ("base_executable", Sys("_base_executable")),
    ("base_prefix", Sys("base_prefix")),
    ("buffered_stdio", Bool(true)),
    ("bytes_warning", Flag("bytes_warning")),
    ("check_hash_pycs_mode", Text("default")),
    ("code_debug_ranges", Setting(|flags| !flags.no_debug_ranges)),
    ("coerce_c_locale", Bool(false)),
    ("coerce_c_locale_warn", Bool(false)),
    ("configure_c_stdio", Bool(true)),
    ("configure_locale", Bool(true)),
    ("context_aware_warnings", Flag("context_aware_warnings")),
    ("cpu_count", Number(-1)),
    ("dev_mode", Switch("dev_mode")),
    ("dump_refs", Bool(false)),
    ("dump_refs_file", Place::None),
    ("exec_prefix", Sys("exec_prefix")),
    ("executable", Sys("executable")),
    ("faulthandler", Bool(false)),
    ("filesystem_encoding", Text("utf-8")),
    ("filesystem_errors", Text("surrogateescape")),
    ("hash_seed", Number(0)),
    ("home", Place::None),
    ("import_time", Number(0)),
    ("inspect", Switch("inspect")),
    ("install_signal_handlers", Bool(true)),
    ("int_max_str_digits", Flag("int_max_str_digits")),
    ("interactive", Switch("interactive")),
    ("isolated", Switch("isolated")),
    ("malloc_stats", Bool(false)),
    ("module_search_paths", Sys("path")),
    ("optimization_level", Flag("optimize")),
    ("orig_argv", Sys("orig_argv")),
    ("parse_argv", Bool(true)),
    ("parser_debug", Switch("debug")),
    ("pathconfig_warnings", Bool(true)),
    ("perf_profiling", Number(0)),
    ("platlibdir", Sys("platlibdir")),
    ("prefix", Sys("prefix")),
    ("program_name", Text("python")),
    ("pycache_prefix", Sys("pycache_prefix")),
    ("quiet", Switch("quiet")),
    ("remote_debug", Number(1)),
    ("run_command", Place::None),
    ("run_filename", Place::None),
    ("run_module", Place::None),
    ("safe_path", Switch("safe_path")),
    ("show_ref_count", Bool(false)),
    ("site_import", Not("no_site")),
    ("skip_source_first_line", Bool(false)),
    ("stdio_encoding", Text("utf-8")),
    ("stdio_errors", Text("strict")),
    ("stdlib_dir", Sys("_stdlib_dir")),
    ("thread_inherit_context", Flag("thread_inherit_context")),
    ("tracemalloc", Number(0)),
    ("use_environment", Not("ignore_environment")),
    ("use_frozen_modules", Bool(true)),
    ("use_hash_seed", Not("hash_randomization")),
    ("user_site_directory", Not("no_user_site")),
    ("utf8_mode", Switch("utf8_mode")),
    ("verbose", Flag("verbose")),
    ("warn_default_encoding", Switch("warn_default_encoding")),
    ("warnoptions", Sys("warnoptions")),
    ("write_bytecode", Not("dont_write_bytecode")),
    ("xoptions", Sys("_xoptions")),
];

fn sys(th: Thread<'_>, name: &str) -> Result {
    let sys = vm::import::import_module(th, id!(th, "sys"))?;
    sys.getattr(th, &*Str::intern(th, name)?)
}

fn flag(th: Thread<'_>, name: &str) -> Result {
    sys(th, "flags")?.getattr(th, &*Str::intern(th, name)?)
}

fn get(th: Thread<'_>, name: &str) -> Result {
    let Some((_, place)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
        raise!(th, ValueError, "unknown config option name: {name}");
    };
    Ok(match place {
        Sys(name) => sys(th, name)?,
        Flag(name) => flag(th, name)?,
        Switch(name) => types::bool_(flag(th, name)?.is_true(th)?).own(),
        Not(name) => types::bool_(!flag(th, name)?.is_true(th)?).own(),
        Setting(read) => types::bool_(read(&th.interp().flags.borrow())).own(),
        Bool(value) => types::bool_(*value).own(),
        Number(value) => Int::from_i64(th, *value)?,
        Text(text) => Str::new(th, text)?.upcast(),
        Place::None => types::none().own(),
    })
}

#[capi]
fn PyConfig_Get(th: Thread<'_>, name: &CStr) -> Result {
    get(th, &lossy(name))
}

#[capi]
unsafe fn PyConfig_GetInt(th: Thread<'_>, name: &CStr, result: *mut c_int) -> Result<()> {
    let value = get(th, &lossy(name))?;
    if !Int::is_int(value.obj()) {
        raise!(th, TypeError, "config option {} is not an int", lossy(name));
    }
    match Int::to_i64(value.obj()).and_then(|value| c_int::try_from(value).ok()) {
        Some(value) => {
            // SAFETY: C passes a variable.
            unsafe { result.write(value) };
            Ok(())
        }
        None => raise!(
            th,
            OverflowError,
            "config option {} value does not fit into a C int",
            lossy(name)
        ),
    }
}

#[capi]
fn PyConfig_Names(th: Thread<'_>) -> Result<Ref<types::FrozenSet>> {
    let names: Result<Vec<Ref>> =
        OPTIONS.iter().map(|(name, _)| Str::new(th, name).map(Ref::upcast)).collect();
    let names = Tuple::from_refs(th, names?)?;
    types::FrozenSet::from_iterable(th, names.obj())
}

/// Options that are attributes of `sys` may change.
#[capi]
fn PyConfig_Set(th: Thread<'_>, name: &CStr, value: Obj<'_>) -> Result<()> {
    let name = lossy(name);
    match OPTIONS.iter().find(|(known, _)| *known == name) {
        None => raise!(th, ValueError, "unknown config option name: {name}"),
        Some((_, Sys(attribute))) => {
            let sys = vm::import::import_module(th, id!(th, "sys"))?;
            sys.setattr(th, &*Str::intern(th, attribute)?, Some(value))
        }
        Some(_) => raise!(th, ValueError, "cannot set read-only option {name}"),
    }
}
