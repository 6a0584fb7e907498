//! `initconfig.h`, as far as it asks a running interpreter.
//!
//! [`OPTIONS`] says where each option of `PyConfig_Get` is to be found: in
//! `sys`, in `sys.flags`, or that it never changes here. Those that are attributes
//! of `sys`, and the flags of [`SETTABLE`], may be changed.

use std::ffi::{CStr, c_int};

use macros::capi;
use object::{
    AsObject, Dict, Int, List, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id, raise,
    thread::Flags, types,
};

use crate::convert::lossy;

/// Where the value of an option is.
enum Place {
    /// An attribute of `sys`, of a type.
    Sys(&'static str, Kind),
    /// An attribute of `sys.flags`.
    Flag(&'static str),
    /// A flag as a bool.
    Switch(&'static str),
    /// A flag that says the opposite.
    Not(&'static str),
    /// A setting of the interpreter that `sys.flags` does not show.
    Setting(fn(&object::thread::Flags) -> bool),
    /// What file names are encoded with.
    FsEncoding,
    /// What `-X cpu_count` says.
    CpuCount,
    Bool(bool),
    Number(i64),
    Text(&'static str),
    None,
}

/// What an attribute of `sys` may be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    TextOrNone,
    Texts,
    /// A dict of texts and bools, by text.
    Named,
}

use Kind::{Named, Text as Plain, TextOrNone, Texts};
use Place::{Bool, CpuCount, Flag, FsEncoding, Not, Number, Setting, Switch, Sys, Text};

const OPTIONS: &[(&str, Place)] = &[
    ("allocator", Number(0)),
    ("argv", Sys("argv", Texts)),
    ("base_exec_prefix", Sys("base_exec_prefix", TextOrNone)),
    ("base_executable", Sys("_base_executable", TextOrNone)),
    ("base_prefix", Sys("base_prefix", TextOrNone)),
    ("buffered_stdio", Setting(|flags| !flags.unbuffered)),
    ("bytes_warning", Flag("bytes_warning")),
    ("check_hash_pycs_mode", Text("default")),
    ("code_debug_ranges", Setting(|flags| !flags.no_debug_ranges)),
    ("coerce_c_locale", Bool(false)),
    ("coerce_c_locale_warn", Bool(false)),
    ("configure_c_stdio", Bool(true)),
    ("configure_locale", Bool(true)),
    ("context_aware_warnings", Flag("context_aware_warnings")),
    ("cpu_count", CpuCount),
    ("dev_mode", Switch("dev_mode")),
    ("dump_refs", Bool(false)),
    ("dump_refs_file", Place::None),
    ("exec_prefix", Sys("exec_prefix", TextOrNone)),
    ("executable", Sys("executable", TextOrNone)),
    ("faulthandler", Bool(false)),
    ("filesystem_encoding", FsEncoding),
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
    ("module_search_paths", Sys("path", Texts)),
    ("optimization_level", Flag("optimize")),
    ("orig_argv", Sys("orig_argv", Texts)),
    ("parse_argv", Bool(true)),
    ("parser_debug", Switch("debug")),
    ("pathconfig_warnings", Bool(true)),
    ("perf_profiling", Number(0)),
    ("platlibdir", Sys("platlibdir", Plain)),
    ("prefix", Sys("prefix", TextOrNone)),
    ("program_name", Text("python")),
    ("pycache_prefix", Sys("pycache_prefix", TextOrNone)),
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
    ("stdlib_dir", Sys("_stdlib_dir", TextOrNone)),
    ("thread_inherit_context", Flag("thread_inherit_context")),
    ("tracemalloc", Number(0)),
    ("use_environment", Not("ignore_environment")),
    ("use_frozen_modules", Bool(true)),
    ("use_hash_seed", Not("hash_randomization")),
    ("user_site_directory", Not("no_user_site")),
    ("utf8_mode", Switch("utf8_mode")),
    ("verbose", Flag("verbose")),
    ("warn_default_encoding", Switch("warn_default_encoding")),
    ("warnoptions", Sys("warnoptions", Texts)),
    ("write_bytecode", Not("dont_write_bytecode")),
    ("xoptions", Sys("_xoptions", Named)),
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
    if name == "write_bytecode" {
        // The attribute of `sys` decides, which programs may set.
        let off = sys(th, "dont_write_bytecode")?.is_true(th)?;
        return Ok(types::bool_(!off).own());
    }
    Ok(match place {
        Sys(name, _) => sys(th, name)?,
        Flag(name) => flag(th, name)?,
        Switch(name) => types::bool_(flag(th, name)?.is_true(th)?).own(),
        Not(name) => types::bool_(!flag(th, name)?.is_true(th)?).own(),
        Setting(read) => types::bool_(read(&th.interp().flags.borrow())).own(),
        CpuCount => Int::from_i64(th, i64::from(th.interp().flags.borrow().cpu_count))?,
        FsEncoding => Str::new(th, types::str::codec::fs_encoding(th))?.upcast(),
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

/// Whether an attribute of `sys` may have this value.
fn fits(kind: Kind, value: Obj<'_>) -> bool {
    let is_text = |value: Obj<'_>| value.downcast::<Str>().is_some();
    match kind {
        Plain => is_text(value),
        TextOrNone => value.is_none() || is_text(value),
        Texts => value
            .downcast::<List>()
            .is_some_and(|list| list.to_vec().iter().all(|item| is_text(item.obj()))),
        Named => value.downcast::<Dict>().is_some_and(|dict| {
            dict.items().iter().all(|(key, value)| {
                let value = value.obj();
                is_text(key.obj()) && (is_text(value) || value.is_exact::<types::Bool>())
            })
        }),
    }
}

/// The flags that may change, and how the runtime learns of it.
const SETTABLE: &[(&str, fn(&mut Flags, i32))] = &[
    ("bytes_warning", |flags, value| flags.bytes_warning = value),
    ("debug", |flags, value| flags.debug = value),
    ("dont_write_bytecode", |flags, value| flags.dont_write_bytecode = value),
    ("ignore_environment", |flags, value| flags.ignore_environment = value),
    ("inspect", |flags, value| flags.inspect = value),
    ("int_max_str_digits", |flags, value| flags.int_max_str_digits = value),
    ("interactive", |flags, value| flags.interactive = value),
    ("optimize", |flags, value| flags.optimize = value),
    ("quiet", |flags, value| flags.quiet = value),
    ("verbose", |flags, value| flags.verbose = value),
];

/// Replace `sys.flags` by one that has another value for a flag, which it shows as
/// `shown`.
fn set_flag(th: Thread<'_>, flag: &str, shown: i32, value: i32) -> Result<()> {
    let Some((_, note)) = SETTABLE.iter().find(|(known, _)| *known == flag) else {
        return Ok(());
    };
    let number = Int::from_i64(th, i64::from(shown))?;
    let module = vm::import::import_module(th, id!(th, "sys"))?;
    if flag == "int_max_str_digits" {
        crate::modsupport::function(th, "sys", "set_int_max_str_digits", &[number.obj()])?;
    }
    if flag == "dont_write_bytecode" {
        let off = types::bool_(value != 0);
        module.setattr(th, &*Str::intern(th, "dont_write_bytecode")?, Some(off))?;
    }
    let replace = sys(th, "flags")?.getattr(th, &*Str::intern(th, "__replace__")?)?;
    let change = Dict::new(th)?;
    change.set_str(th, flag, number.obj())?;
    let flags = object::protocol::call::call_dict(th, replace.obj(), &[], Some(&change))?;
    module.setattr(th, &*Str::intern(th, "flags")?, Some(flags.obj()))?;
    note(&mut th.interp().flags.borrow_mut(), value);
    crate::pythonrun::publish_flags(&th.interp().flags.borrow());
    Ok(())
}

#[capi]
fn PyConfig_Set(th: Thread<'_>, name: &CStr, value: Obj<'_>) -> Result<()> {
    let name = lossy(name);
    let Some((_, place)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
        raise!(th, ValueError, "unknown config option name: {name}");
    };
    // What the flag is for a number.
    let (flag, is_bool, is_opposite) = match place {
        Sys(attribute, kind) => {
            if !fits(*kind, value) {
                raise!(
                    th,
                    TypeError,
                    "config option {name} cannot be set to {}",
                    value.type_name()
                );
            }
            let sys = vm::import::import_module(th, id!(th, "sys"))?;
            return sys.setattr(th, &*Str::intern(th, attribute)?, Some(value));
        }
        Flag(flag) => (*flag, false, false),
        Switch(flag) => (*flag, true, false),
        Not(flag) => (*flag, true, true),
        CpuCount => {
            th.interp().flags.borrow_mut().cpu_count = number(th, value)?;
            return Ok(());
        }
        _ => ("", false, false),
    };
    if !SETTABLE.iter().any(|(known, _)| *known == flag) {
        raise!(th, ValueError, "cannot set read-only option {name}");
    }
    match number(th, value)? {
        value if value >= 0 => {
            let value = if is_opposite { i32::from(value == 0) } else { value };
            let shown = if is_bool { value.min(1) } else { value };
            set_flag(th, flag, shown, value)
        }
        _ => raise!(th, ValueError, "value must be >= 0"),
    }
}

/// A value that is a C `int`.
fn number(th: Thread<'_>, value: Obj<'_>) -> Result<c_int> {
    if !Int::is_int(value) {
        raise!(th, TypeError, "expected int or bool, got {}", value.type_name());
    }
    match Int::to_i64(value).and_then(|value| c_int::try_from(value).ok()) {
        Some(value) => Ok(value),
        None => raise!(th, OverflowError, "Python int too large to convert to C int"),
    }
}
