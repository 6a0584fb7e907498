//! Bringing up an interpreter: from a configuration to a `__main__` that code
//! can run in.
//!
//! The order is CPython's: `sys` and importlib, the paths, file importers,
//! encodings, streams, warnings, `site`.

use std::cell::{Cell, RefCell};

use object::{AsObject as _, Dict, List, Protocol as _, Ref, Result, Str, Thread, id, types};
use vm::lifecycle;

use crate::{config::Config, stdlib::INVENTORY, text};

/// A running interpreter, not attached to any program yet.
pub(crate) fn boot(config: &Config, stack: usize) -> Thread<'static> {
    let th = object::thread::boot_with(config.malloc, config.hash_secret);
    th.state().set_stack_size(stack);
    th.state().set_stack_end(crate::STACK - (1 << 20));
    let interp = th.interp();
    *interp.flags.borrow_mut() = config.flags.clone();
    interp.int_max_str_digits.set(config.flags.int_max_str_digits);
    th
}

/// How the process was started, for interpreters that come later.
#[derive(Default)]
struct Started {
    config: Cell<Option<&'static Config>>,
    /// What the program put in front of `sys.path`.
    first_path: RefCell<Option<Vec<u8>>>,
}

/// Bring up everything up to `site`; the namespace of `__main__`.
pub(crate) fn start(th: Thread<'_>, config: &'static Config) -> Result<Ref<Dict>> {
    connect(th)?;
    th.interp().shared.get::<Started>().config.set(Some(config));
    vm::import_time::enable(th, config.import_time);
    let main = bring_up(th, config)?;
    vm::shutdown::keep_modules(th);
    let hooks = vm::interpreters::Hooks {
        start: start_another,
        run_exit_functions: modules::atexit::run,
        end_thread: modules::_thread::drop_locals,
    };
    vm::interpreters::init(th, hooks);
    Ok(main)
}

/// As [`start`], for an interpreter that is not the first.
fn start_another(th: Thread<'_>) -> Result<()> {
    let started = th.interp().shared.get::<Started>();
    let Some(config) = started.config.get() else {
        object::raise!(th, RuntimeError, "the main interpreter has not started");
    };
    bring_up(th, config)?;
    let first = started.first_path.borrow().clone();
    match first {
        Some(first) => insert_path(th, &first),
        None => Ok(()),
    }
}

/// Tell the crates of each other.
fn connect(th: Thread<'_>) -> Result<()> {
    vm::init(th)?;
    vm::collect::init(th);
    let mut hooks = th.hooks();
    hooks.import_module = vm::import::import_module;
    hooks.decode = types::str::codec::decode_method;
    hooks.encode = |th, object, encoding, errors| match object.downcast::<Str>() {
        Some(text) => types::str::codec::encode_method(th, text, encoding, errors),
        None => object::raise!(th, TypeError, "encode() needs a str, not {}", object.type_name()),
    };
    th.interp().hooks.set(hooks);
    vm::pending::set_pending_hooks(
        th,
        vm::pending::PendingHooks {
            signals: modules::_signal::run_pending_signals,
            collect: vm::collect::collect_if_due,
            pending_calls: vm::pending_calls::run,
        },
    );
    capi::upcalls::register(
        th,
        capi::upcalls::Upcalls {
            enter_context: modules::_contextvars::enter_object,
            exit_context: modules::_contextvars::exit_object,
            context_value: modules::_contextvars::value_of,
            before_fork: modules::posix::before_fork,
            after_fork_parent: modules::posix::after_fork_parent,
            after_fork_child: modules::posix::after_fork_child,
            texts: [modules::sys::VERSION_TEXT, modules::sys::COPYRIGHT],
            standard_printer: modules::sys::standard_printer,
            write_extension_modules: modules::faulthandler::write_extension_modules,
        },
    );
    Ok(())
}

/// Modules, streams, `__main__` and `site`.
fn bring_up(th: Thread<'_>, config: &'static Config) -> Result<Ref<Dict>> {
    let is_first = th.interp().is_main();
    if config.without_frozen {
        lifecycle::Inventory::of(th).disable_frozen();
    }
    lifecycle::start(th, &INVENTORY, || fill_sys(th, config))?;
    if let Some(frames) = config.tracemalloc.filter(|_| is_first) {
        modules::_tracemalloc::start(th, frames)?;
    }
    set_check_hash_pycs(th, config)?;
    lifecycle::install_external_importers(th)?;
    install_path_hooks(th, config)?;
    import(th, "encodings")?;
    // Ctrl-C becomes KeyboardInterrupt from here on.
    import(th, "_signal")?;
    crate::streams::install(th, config)?;
    if config.fault_handler && is_first {
        enable_fault_handler(th);
    }
    if !config.warnings.is_empty() {
        import(th, "warnings")?;
    }
    let main = lifecycle::make_main(th)?;
    if config.flags.no_site == 0 {
        import(th, "site")?;
    }
    Ok(main)
}

/// `-X faulthandler`. COMPAT: start-up goes on if there is no standard error.
fn enable_fault_handler(th: Thread<'_>) {
    let enabled = import(th, "faulthandler")
        .and_then(|module| module.call_method(th, id!(th, "enable"), &[]));
    if let Err(raised) = enabled {
        th.clear_exception(raised);
    }
}

/// Import a module by name.
pub(crate) fn import(th: Thread<'_>, name: &str) -> Result<Ref> {
    vm::import::import_module(th, &*Str::intern(th, name)?)
}

fn fill_sys(th: Thread<'_>, config: &Config) -> Result<()> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    let set = |name: &str, value: Ref| sys.set(th, Str::intern(th, name)?.obj(), value.obj());
    let set_path = |name: &str, path: &[u8]| set(name, text::fs_text(th, path)?.upcast());
    let paths = &config.paths;
    set("flags", modules::sys::flags(th, &config.flags)?)?;
    set("argv", text::fs_list(th, &config.line.argv)?.upcast())?;
    set("orig_argv", text::fs_list(th, &config.line.orig_argv)?.upcast())?;
    set("warnoptions", text::fs_list(th, &config.warnings)?.upcast())?;
    set("_xoptions", xoptions(th, config)?.upcast())?;
    set("dont_write_bytecode", types::bool_(config.flags.dont_write_bytecode != 0).own())?;
    set_path("executable", &paths.executable)?;
    set_path("_base_executable", &paths.base_executable)?;
    set_path("prefix", &paths.prefix)?;
    set_path("exec_prefix", &paths.exec_prefix)?;
    set_path("base_prefix", &paths.base_prefix)?;
    set_path("base_exec_prefix", &paths.base_exec_prefix)?;
    set_path("platlibdir", &paths.platlibdir)?;
    set_path("_stdlib_dir", &paths.stdlib)?;
    set("path", text::fs_list(th, &paths.search_path)?.upcast())?;
    if config.flags.verbose > 0 {
        // importlib tells what it does before there are streams.
        set("stderr", modules::sys::standard_printer(th, 2)?)?;
    }
    if let Some(prefix) = &config.pycache_prefix {
        set_path("pycache_prefix", prefix)?;
    }
    Ok(())
}

fn xoptions(th: Thread<'_>, config: &Config) -> Result<Ref<Dict>> {
    let options = Dict::new(th)?;
    for option in &config.line.xoptions {
        let mut parts = option.splitn(2, |byte| *byte == b'=');
        let name = text::fs_text(th, parts.next().unwrap_or_default())?;
        let value = match parts.next() {
            Some(value) => text::fs_text(th, value)?.upcast(),
            None => types::bool_(true).own(),
        };
        options.set(th, name.obj(), value.obj())?;
    }
    Ok(options)
}

fn set_check_hash_pycs(th: Thread<'_>, config: &Config) -> Result<()> {
    let imp = import(th, "_imp")?;
    let value = Str::intern(th, config.line.check_hash_pycs)?;
    imp.setattr(th, id!(th, "check_hash_based_pycs"), Some(value.obj()))
}

/// Zip files and the embedded library, before directories.
fn install_path_hooks(th: Thread<'_>, config: &Config) -> Result<()> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    let zipimporter =
        import(th, "zipimport").and_then(|module| module.getattr(th, id!(th, "zipimporter")));
    match zipimporter {
        Ok(zipimporter) => {
            if let Some(hooks) = sys.get(th, id!(th, "path_hooks").obj())?
                && let Some(hooks) = hooks.obj().downcast::<List>()
            {
                hooks.insert(th, 0, zipimporter)?;
            }
        }
        // COMPAT: start-up goes on without zip files.
        Err(raised) => th.clear_exception(raised),
    }
    if config.paths.is_embedded {
        import(th, "_embedded")?.call_method(th, id!(th, "_install"), &[])?;
    }
    Ok(())
}

/// Put `path` in front of `sys.path`, also of interpreters that come later.
pub(crate) fn add_path(th: Thread<'_>, path: &[u8]) -> Result<()> {
    th.interp().shared.get::<Started>().first_path.replace(Some(path.to_vec()));
    insert_path(th, path)
}

fn insert_path(th: Thread<'_>, path: &[u8]) -> Result<()> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    if let Some(list) = sys.get(th, id!(th, "path").obj())?
        && let Some(list) = list.obj().downcast::<List>()
    {
        let folder = text::fs_text(th, path)?;
        object::types::module_origin::set_program_folder(th, folder.to_string());
        list.insert(th, 0, folder.upcast())?;
    }
    Ok(())
}
