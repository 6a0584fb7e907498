//! Extension modules: shared libraries with a `PyInit_` function.
//!
//! The function answers with a definition, whose module importlib executes
//! later (multi-phase), or with a module that is ready (single-phase). Of the
//! latter a copy of the namespace is kept, if it says so, for the next import. As in
//! CPython the main interpreter calls the function whichever imports, and all make
//! their modules from the one copy.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ffi::{CString, c_int},
};

use abi::{PyModuleDef, PyObject};
use object::{
    AsObject, Dict, Interpreter, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, error,
    exceptions, id, raise,
    types::{self, module_def::ModuleDef},
};

use crate::{interpreters, module_def};

type Init = unsafe extern "C" fn() -> *mut PyObject;

/// A module of single-phase initialisation that was imported.
struct Single {
    def: *mut PyModuleDef,
    init: Init,
    /// The namespace as it was, for modules without state (`m_size` = -1).
    namespace: Option<Ref<Dict>>,
}

/// The modules of single-phase initialisation of the process, by file and name.
#[derive(Default)]
struct Singles(RefCell<HashMap<(String, String), Single>>);

fn singles(th: Thread<'_>) -> &'static RefCell<HashMap<(String, String), Single>> {
    &th.interp().shared.get::<Singles>().0
}

/// What an interpreter loaded.
#[derive(Default)]
struct Loaded {
    /// The last module of single-phase initialisation, by the address of its definition.
    by_definition: RefCell<HashMap<usize, Ref>>,
    /// The full name of the module whose `PyInit_` runs.
    context: RefCell<Option<String>>,
    flags: RefCell<Option<c_int>>,
    /// Refuse modules that interpreters would share (1) or do not (-1),
    /// whatever the configuration says.
    sharing_override: Cell<i32>,
}

fn loaded(th: Thread<'_>) -> &'static Loaded {
    th.interp().extensions.get::<Loaded>()
}

/// The name of a module that is being made: that of the import if only its
/// package is missing from `name`.
pub fn full_name(th: Thread<'_>, name: &str) -> String {
    let mut context = loaded(th).context.borrow_mut();
    match context.as_deref().and_then(|full| full.rsplit_once('.')) {
        Some((_, last)) if last == name => context.take().unwrap_or_default(),
        _ => name.to_owned(),
    }
}

/// `sys.setdlopenflags`.
pub fn set_flags(th: Thread<'_>, flags: c_int) {
    *loaded(th).flags.borrow_mut() = Some(flags);
}

/// `sys.getdlopenflags`.
pub fn flags(th: Thread<'_>) -> c_int {
    loaded(th).flags.borrow().unwrap_or(host::dynamic::NOW)
}

/// `SystemError` with the exception that is set as its cause.
pub fn chained(th: Thread<'_>, message: &str) -> Raised {
    let cause = th.swap_exception(None);
    let raised = error!(th, SystemError, "{message}");
    if let (Some(cause), Some(exception)) = (cause, th.exception())
        && let Some(exception) = exceptions::BaseException::of(exception.obj())
    {
        exception.set_cause(Some(cause.clone()));
        exception.set_context(Some(cause));
    }
    raised
}

fn import_error(th: Thread<'_>, message: &str, name: Obj<'_>, path: Obj<'_>) -> Raised {
    match Str::new(th, message) {
        Ok(message) => exceptions::set_import_error(
            th,
            exceptions::types::ImportError(),
            message.obj(),
            Some(name),
            Some(path),
            None,
        ),
        Err(raised) => raised,
    }
}

/// The symbol that makes the module, and the part of it that messages show.
fn init_symbol(th: Thread<'_>, name: &Str) -> Result<(String, String)> {
    let text = name.to_string();
    let last = text.rsplit('.').next().unwrap_or(&text);
    if last.is_ascii() {
        let encoded = last.replace('-', "_");
        return Ok((format!("PyInit_{encoded}"), encoded));
    }
    let part = Str::new(th, last)?;
    let encoded = (th.hooks().encode)(th, part.obj(), "punycode", "strict")?;
    let bytes = encoded.obj().downcast::<object::Bytes>().map(object::Bytes::as_bytes);
    let encoded = String::from_utf8_lossy(bytes.unwrap_or_default()).replace('-', "_");
    Ok((format!("PyInitU_{encoded}"), encoded))
}

/// `_imp.create_dynamic(spec)`.
pub fn create_dynamic(th: Thread<'_>, spec: Obj<'_>) -> Result<Ref> {
    let name = spec.getattr(th, id!(th, "name"))?;
    let path = spec.getattr(th, id!(th, "origin"))?;
    let (Some(name), Some(path)) = (name.obj().downcast::<Str>(), path.obj().downcast::<Str>())
    else {
        raise!(th, TypeError, "spec.name and spec.origin must be strings");
    };
    if name.eq_str("") {
        raise!(th, ValueError, "name must not be empty");
    }
    if name.units().iter().any(|unit| unit == 0) {
        raise!(th, ValueError, "embedded null character");
    }
    let key = (path.to_string(), name.to_string());
    if let Some(module) = again(th, &key, name)? {
        return Ok(module);
    }
    let Ok(file) = CString::new(types::str::codec::encode_fs(th, path)?.as_bytes()) else {
        raise!(th, ValueError, "embedded null character");
    };
    let library = match host::dynamic::Library::open(&file, flags(th)) {
        Ok(library) => library,
        Err(error) => return Err(import_error(th, &error.to_string(), name.obj(), path.obj())),
    };
    let (symbol, shown) = init_symbol(th, name)?;
    let Some(init) = library.symbol(&symbol) else {
        let message = format!("dynamic module does not define module export function ({symbol})");
        return Err(import_error(th, &message, name.obj(), path.obj()));
    };
    // SAFETY: the symbol is a function of that type by its name.
    let init = unsafe { std::mem::transmute::<*mut std::ffi::c_void, Init>(init.as_ptr()) };
    object::small_int::narrow();
    let made = call_in_main(th, init, &key.1, &shown, [name.obj(), path.obj()])?;
    if made.obj().downcast_exact::<ModuleDef>().is_some() {
        // A definition is static.
        let def = made.into_raw().cast::<PyModuleDef>();
        // SAFETY: the library's own definition, which lives for ever.
        return unsafe { module_def::from_def_and_spec(th, def, spec) };
    }
    // COMPAT: test_import.SubinterpImportTests; such a module is one for all.
    refuse_shared(th, &key.1, name.obj())?;
    let def = keep(th, key.clone(), init, &made, path, &shown)?;
    if !th.interp().is_main()
        && let Some(own) = again(th, &key, name)?
    {
        return Ok(own);
    }
    set_module(th, def, Some(made.obj()));
    Ok(made)
}

/// Whether this interpreter has only modules that several of them can have.
pub fn checks_sharing(th: Thread<'_>) -> bool {
    match loaded(th).sharing_override.get() {
        0 => crate::interpreters::config(th).check_multi_interp_extensions,
        value => value > 0,
    }
}

/// `_imp._override_multi_interp_extensions_check`; the value before.
pub fn override_sharing(th: Thread<'_>, value: i32) -> i32 {
    loaded(th).sharing_override.replace(value)
}

/// Raise `ImportError` in an interpreter that wants modules of its own.
pub(crate) fn refuse_shared(th: Thread<'_>, shown: &str, name: Obj<'_>) -> Result<()> {
    if !checks_sharing(th) {
        return Ok(());
    }
    let message = format!("module {shown} does not support loading in subinterpreters");
    Err(import_error(th, &message, name, types::none()))
}

/// Call a `PyInit_` function in the main interpreter. Another interpreter that imports learns only
/// that it failed, with the name and path of the module; why is reported in the main one.
fn call_in_main(
    th: Thread<'_>,
    init: Init,
    full: &str,
    shown: &str,
    [name, path]: [Obj<'_>; 2],
) -> Result<Ref> {
    let Some(main) = Interpreter::main().filter(|_| !th.interp().is_main()) else {
        return call_init(th, init, full, shown);
    };
    let made = interpreters::visit(th, main, |th| match call_init(th, init, full, shown) {
        Ok(made) => Some(made),
        Err(Raised) => {
            (th.hooks().unraisable)(th, None, None);
            None
        }
    });
    made.ok_or_else(|| {
        let message = "failed to import from subinterpreter due to exception";
        import_error(th, message, name, path)
    })
}

/// Call a `PyInit_` function.
fn call_init(th: Thread<'_>, init: Init, full: &str, shown: &str) -> Result<Ref> {
    let outer = loaded(th).context.replace(Some(full.to_owned()));
    // SAFETY: the library's own function, on an attached thread.
    let made = unsafe { init() };
    loaded(th).context.replace(outer);
    // SAFETY: a new reference or null; a definition is immortal.
    match (unsafe { Ref::from_raw(made) }, th.is_raised()) {
        (Some(made), false) => {
            // SAFETY: a live object.
            if unsafe { (*made.as_ptr()).ob_type }.is_null() {
                std::mem::forget(made);
                raise!(th, SystemError, "init function of {shown} returned uninitialized object");
            }
            Ok(made)
        }
        (None, true) => Err(Raised),
        (None, false) => {
            raise!(th, SystemError, "initialization of {shown} failed without raising an exception")
        }
        (Some(_), true) => {
            Err(chained(th, &format!("initialization of {shown} raised unreported exception")))
        }
    }
}

/// Note a module of single-phase initialisation; its definition.
fn keep(
    th: Thread<'_>,
    key: (String, String),
    init: Init,
    made: &Ref,
    path: &Str,
    shown: &str,
) -> Result<*mut PyModuleDef> {
    let Some(module) = made.obj().downcast::<Module>() else {
        raise!(th, SystemError, "initialization of {shown} did not return PyModuleDef");
    };
    // SAFETY: null or a definition, which lives for ever.
    let Some(def) = (unsafe { module.def().as_mut() }) else {
        raise!(th, SystemError, "initialization of {shown} did not return an extension module");
    };
    def.m_base.m_init = Some(init);
    module.setattr(th, id!(th, "__file__"), Some(path.obj()))?;
    let namespace = if def.m_size == -1 { Some(module.dict(th)?.copy(th)?) } else { None };
    let single = Single { def, init, namespace };
    let old = singles(th).borrow_mut().insert(key, single);
    drop(old);
    Ok(def)
}

/// Forget that the module `name` of the library at `path` was loaded.
pub fn forget(th: Thread<'_>, path: &str, name: &str) {
    let key = (path.to_owned(), name.to_owned());
    let forgotten = singles(th).borrow_mut().remove(&key);
    if let Some(single) = forgotten {
        set_module(th, single.def, None);
    }
}

/// The module that C code finds by a definition of single-phase initialisation.
pub fn find(th: Thread<'_>, def: *mut PyModuleDef) -> Option<Ref> {
    loaded(th).by_definition.borrow().get(&def.addr()).cloned()
}

/// Say what [`find`] is to find.
pub fn set_module(th: Thread<'_>, def: *mut PyModuleDef, module: Option<Obj<'_>>) {
    let mut modules = loaded(th).by_definition.borrow_mut();
    let old = match module {
        Some(module) => modules.insert(def.addr(), module.own()),
        None => modules.remove(&def.addr()),
    };
    drop(modules);
    drop(old);
}

/// The module of an earlier import, made anew from what was kept.
fn again(th: Thread<'_>, key: &(String, String), name: &Str) -> Result<Option<Ref>> {
    let known = {
        let singles = singles(th).borrow();
        singles.get(key).map(|one| (one.def, one.init, one.namespace.clone()))
    };
    let Some((def, init, namespace)) = known else { return Ok(None) };
    refuse_shared(th, &key.1, name.obj())?;
    let module = match namespace {
        Some(namespace) => {
            // A module that is imported already gets the names anew.
            let known = crate::import::modules(th)?.get(th, name.obj())?;
            let module = match known.map(|known| known.downcast::<Module>()) {
                Some(Ok(module)) => module,
                _ => module_def::new_module(th, name)?,
            };
            module.set_def(def);
            let mut position = 0;
            let dict = module.dict(th)?;
            while let Some((key, value)) = namespace.next_entry(&mut position) {
                dict.set(th, key.obj(), value.obj())?;
            }
            module.upcast()
        }
        None => call_init(th, init, &key.1, &key.1)?,
    };
    set_module(th, def, Some(module.obj()));
    crate::import::modules(th)?.set(th, name.obj(), module.obj())?;
    Ok(Some(module))
}
