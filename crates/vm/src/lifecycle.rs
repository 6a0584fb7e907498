//! From nothing to a running interpreter, and back.
//!
//! The executable hands over an [`Inventory`]: the native modules and the
//! embedded standard library. [`start`] brings up `sys`, `builtins` and
//! importlib in the order that they need each other; everything else is
//! imported. [`finish`] runs exit handlers and flushes the standard streams.

use std::{borrow::Cow, cell::Cell};

use object::{
    AsObject, Dict, Int, List, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    declare::ModuleDecl, id, raise, types,
};

use crate::{import, interpreters, shutdown};

/// A module of the embedded standard library.
pub struct Embedded {
    /// Absolute name; a path (with a slash) for a data file, which is all source.
    pub name: &'static str,
    pub is_package: bool,
    /// The name under which it was compiled, for modules with an alias; with `<`
    /// before that of a package whose `__init__` it is; empty if it has no file.
    pub origin: &'static str,
    /// Part of the start-up set that the frozen importer serves.
    pub is_frozen: bool,
    /// Marshalled code, compressed.
    pub code: &'static [u8],
    /// Source text, compressed; empty if it is not embedded.
    pub source: &'static [u8],
}

/// Undo the compression of a code or source; `None` if it is damaged.
pub type Decompress = fn(&'static [u8]) -> Option<Cow<'static, [u8]>>;

/// What the executable brings along.
#[derive(Clone, Copy)]
pub struct Inventory {
    pub modules: &'static [ModuleDecl],
    /// Sorted by name.
    pub embedded: &'static [Embedded],
    pub decompress: Decompress,
    /// Make a code object of marshalled bytes.
    pub load_code: fn(Thread<'_>, &[u8]) -> Result<Ref>,
}

#[derive(Default)]
struct State {
    inventory: Cell<Option<&'static Inventory>>,
    frozen_override: Cell<i32>,
    without_frozen: Cell<bool>,
}

/// The frozen modules that there always are.
const ESSENTIAL: &[&str] =
    &["_embedded", "_frozen_importlib", "_frozen_importlib_external", "zipimport"];

/// A frozen module, seen through its [`Embedded`] entry.
pub struct Frozen {
    pub is_package: bool,
    pub origin: &'static str,
    entry: &'static Embedded,
    decompress: Decompress,
}

impl Frozen {
    /// Its marshalled code.
    pub fn code(&self) -> Cow<'static, [u8]> {
        (self.decompress)(self.entry.code).unwrap_or_default()
    }

    /// Its source, if that is embedded.
    pub fn source(&self) -> Option<Cow<'static, [u8]>> {
        if self.entry.source.is_empty() { None } else { (self.decompress)(self.entry.source) }
    }
}

/// The interpreter's inventory; empty before [`start`].
pub struct Handle<'a>(&'a State);

impl Inventory {
    /// The inventory of the running interpreter.
    pub fn of(th: Thread<'_>) -> Handle<'static> {
        Handle(th.interp().extensions.get::<State>())
    }
}

impl Handle<'_> {
    /// The native module `name`.
    pub fn builtin(&self, name: &str) -> Option<&'static ModuleDecl> {
        self.0.inventory.get()?.modules.iter().find(|decl| decl.name == name)
    }

    /// The names of all native modules.
    pub fn builtin_names(&self) -> Vec<&'static str> {
        let modules = self.0.inventory.get().map_or(&[][..], |inventory| inventory.modules);
        modules.iter().map(|decl| decl.name).collect()
    }

    /// The module `name` of the embedded library.
    pub fn embedded(&self, name: &str) -> Option<Frozen> {
        let inventory = self.0.inventory.get()?;
        let index = inventory.embedded.binary_search_by(|entry| entry.name.cmp(name)).ok()?;
        let entry = inventory.embedded.get(index)?;
        Some(Frozen {
            is_package: entry.is_package,
            origin: entry.origin,
            entry,
            decompress: inventory.decompress,
        })
    }

    /// The module `name` if the frozen importer serves it.
    pub fn frozen(&self, name: &str) -> Option<Frozen> {
        self.embedded(name).filter(|frozen| self.serves(frozen.entry))
    }

    /// Whether the frozen importer serves a module.
    fn serves(&self, entry: &Embedded) -> bool {
        let off = match self.0.frozen_override.get() {
            0 => self.0.without_frozen.get(),
            value => value < 0,
        };
        entry.is_frozen && (!off || ESSENTIAL.contains(&entry.name))
    }

    /// `-X frozen_modules=off`.
    pub fn disable_frozen(&self) {
        self.0.without_frozen.set(true);
    }

    /// The names of the modules that the frozen importer serves.
    pub fn frozen_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        let embedded = self.0.inventory.get().map_or(&[][..], |inventory| inventory.embedded);
        embedded.iter().filter(|entry| self.serves(entry)).map(|entry| entry.name)
    }

    /// The names of all embedded modules and data files.
    pub fn embedded_names(&self) -> impl Iterator<Item = &'static str> {
        let embedded = self.0.inventory.get().map_or(&[][..], |inventory| inventory.embedded);
        embedded.iter().map(|entry| entry.name)
    }

    /// `_imp._override_frozen_modules_for_tests`.
    pub fn set_frozen_override(&self, value: i32) {
        self.0.frozen_override.set(value);
    }

    /// The code object of marshalled bytes.
    pub fn load_code(&self, th: Thread<'_>, bytes: &[u8]) -> Result<Ref> {
        match self.0.inventory.get() {
            Some(inventory) => (inventory.load_code)(th, bytes),
            None => raise!(th, SystemError, "no inventory"),
        }
    }
}

/// Make a native module, functions and all, without running its `exec`.
pub fn create_builtin(th: Thread<'_>, decl: &'static ModuleDecl) -> Result<Ref<Module>> {
    // COMPAT: no interned string: pickle tells it from that of the module's types.
    let name = Str::new(th, decl.name)?;
    let module = Module::new(th, &name)?;
    let dict = module.dict(th)?;
    dict.set(th, id!(th, "__name__").obj(), name.obj())?;
    let doc: Ref =
        if decl.doc.is_empty() { types::none().own() } else { Str::new(th, decl.doc)?.upcast() };
    dict.set(th, id!(th, "__doc__").obj(), doc.obj())?;
    for key in [id!(th, "__package__"), id!(th, "__loader__"), id!(th, "__spec__")] {
        dict.set(th, key.obj(), types::none())?;
    }
    let mut functions = Vec::new();
    (decl.functions)(&mut functions);
    for def in functions {
        let function = types::builtin_function::new(th, def, Some(module.obj()), Some(name.obj()))?;
        let name = function.getattr(th, id!(th, "__name__"))?;
        dict.set(th, name.obj(), function.obj())?;
    }
    Ok(module)
}

/// Run the `exec` of a native module that [`create_builtin`] made.
pub fn exec_builtin(th: Thread<'_>, module: &Module) -> Result<()> {
    let Some(name) = module.dict(th)?.get(th, id!(th, "__name__").obj())? else { return Ok(()) };
    let name = name.str(th)?.to_string();
    if matches!(name.as_str(), "sys" | "builtins") {
        return Ok(());
    }
    match Inventory::of(th).builtin(&name).and_then(|decl| decl.exec) {
        Some(exec) => exec(th, module),
        None => Ok(()),
    }
}

fn create_and_exec(th: Thread<'_>, name: &str) -> Result<Ref<Module>> {
    let Some(decl) = Inventory::of(th).builtin(name) else {
        raise!(th, ImportError, "no native module named '{name}'");
    };
    let module = create_builtin(th, decl)?;
    if let Some(exec) = decl.exec {
        exec(th, &module)?;
    }
    import::modules(th)?.set(th, Str::intern(th, name)?.obj(), module.obj())?;
    Ok(module)
}

/// Run the code of an embedded module in a new module called `name`.
fn run_embedded(th: Thread<'_>, embedded: &str, name: &str) -> Result<Ref<Module>> {
    let inventory = Inventory::of(th);
    let Some(frozen) = inventory.embedded(embedded) else {
        raise!(th, ImportError, "no embedded module named '{embedded}'");
    };
    let code = inventory.load_code(th, &frozen.code())?;
    let Some(code) = code.obj().downcast::<object::Code>() else {
        raise!(th, ImportError, "'{embedded}' is not a code object");
    };
    let module_name = Str::intern(th, name)?;
    let module = Module::new(th, &module_name)?;
    let dict = module.dict(th)?;
    dict.set(th, id!(th, "__name__").obj(), module_name.obj())?;
    for key in
        [id!(th, "__package__"), id!(th, "__loader__"), id!(th, "__spec__"), id!(th, "__doc__")]
    {
        dict.set(th, key.obj(), types::none())?;
    }
    // What the frozen importer looks for when it completes the module.
    dict.set(th, id!(th, "__origname__").obj(), Str::new(th, frozen.origin)?.obj())?;
    let builtins = import::modules(th)?.get(th, id!(th, "builtins").obj())?;
    if let Some(builtins) = builtins {
        dict.set(th, id!(th, "__builtins__").obj(), builtins.obj())?;
    }
    import::modules(th)?.set(th, module_name.obj(), module.obj())?;
    (th.hooks().eval_code)(th, code, &dict, Some(dict.obj()), None)?;
    Ok(module)
}

/// Bring up `sys`, `builtins` and importlib; `configure` fills in `sys` before
/// importlib looks. What remains of start-up (streams, `site`, the program) is
/// up to the caller.
pub fn start(
    th: Thread<'_>,
    inventory: &'static Inventory,
    configure: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let interp = th.interp();
    interp.extensions.get::<State>().inventory.set(Some(inventory));
    interp.modules.set(Some(Dict::new(th)?));
    let builtins = create_and_exec(th, "builtins")?;
    interp.builtins.set(Some(builtins.dict(th)?));
    crate::ops::keep_builtins(th)?;
    let Some(decl) = Inventory::of(th).builtin("sys") else {
        raise!(th, ImportError, "no native module named 'sys'");
    };
    let sys = create_builtin(th, decl)?;
    interp.sys_dict.set(Some(sys.dict(th)?));
    if let Some(exec) = decl.exec {
        exec(th, &sys)?;
    }
    let modules = import::modules(th)?;
    sys.set(th, "modules", modules.obj())?;
    modules.set(th, id!(th, "sys").obj(), sys.obj())?;
    let names: Result<Vec<Ref>> = {
        let mut names = Inventory::of(th).builtin_names();
        names.sort_unstable();
        names.into_iter().map(|name| Str::intern(th, name).map(Ref::upcast)).collect()
    };
    let names = types::Tuple::from_refs(th, names?)?;
    sys.set(th, "builtin_module_names", names.obj())?;
    let empty_list = || List::new(th);
    for name in ["meta_path", "path_hooks", "path", "warnoptions"] {
        if sys.dict(th)?.get(th, Str::intern(th, name)?.obj())?.is_none() {
            sys.set(th, name, empty_list()?.obj())?;
        }
    }
    sys.set(th, "path_importer_cache", Dict::new(th)?.obj())?;
    configure()?;
    let imp = create_and_exec(th, "_imp")?;
    let bootstrap = run_embedded(th, "_frozen_importlib", "_frozen_importlib")?;
    interp.importlib.set(Some(bootstrap.clone().upcast()));
    bootstrap.call_method(th, id!(th, "_install"), &[sys.obj(), imp.obj()])?;
    Ok(())
}

/// The second half of importlib: finders of files.
pub fn install_external_importers(th: Thread<'_>) -> Result<()> {
    let Some(bootstrap) = th.interp().importlib.get() else {
        raise!(th, SystemError, "importlib is not there");
    };
    bootstrap.call_method(th, id!(th, "_install_external_importers"), &[])?;
    Ok(())
}

/// A new `__main__` module; its namespace.
pub fn make_main(th: Thread<'_>) -> Result<Ref<Dict>> {
    let name = id!(th, "__main__");
    let module = Module::new(th, name)?;
    let dict = module.dict(th)?;
    dict.set(th, id!(th, "__name__").obj(), name.obj())?;
    for key in
        [id!(th, "__doc__"), id!(th, "__package__"), id!(th, "__loader__"), id!(th, "__spec__")]
    {
        dict.set(th, key.obj(), types::none())?;
    }
    let modules = import::modules(th)?;
    if let Some(builtins) = modules.get(th, id!(th, "builtins").obj())? {
        dict.set(th, id!(th, "__builtins__").obj(), builtins.obj())?;
    }
    let loader = match th.interp().importlib.get() {
        Some(bootstrap) => bootstrap.getattr(th, id!(th, "BuiltinImporter"))?,
        None => types::none().own(),
    };
    dict.set(th, id!(th, "__loader__").obj(), loader.obj())?;
    modules.set(th, name.obj(), module.obj())?;
    Ok(dict)
}

/// Flush `sys.stdout` and `sys.stderr` as between the statements of a prompt: what fails is tried
/// again at the end.
pub fn flush_quietly(th: Thread<'_>) {
    flush(th, |raised| th.clear_exception(raised));
}

/// Flush `sys.stdout` and `sys.stderr` and report what fails; whether something did.
pub fn flush_streams(th: Thread<'_>) -> bool {
    flush(th, |_| {
        let context = "Exception ignored while flushing sys.stdout";
        (th.hooks().unraisable)(th, Some(context), None);
    })
}

/// Flush both streams; `on_failure` gets the exception of `sys.stdout`. Whether one failed.
fn flush(th: Thread<'_>, on_failure: impl Fn(Raised)) -> bool {
    let mut failed = false;
    let Some(sys) = th.interp().sys_dict.get() else { return false };
    for name in [id!(th, "stdout"), id!(th, "stderr")] {
        let stream = match sys.get(th, name.obj()) {
            Ok(Some(stream)) if !stream.obj().is_none() => stream,
            _ => continue,
        };
        let closed = stream.getattr_opt(th, id!(th, "closed"));
        if let Ok(Some(closed)) = closed
            && closed.is_true(th).unwrap_or(false)
        {
            continue;
        }
        if let Err(raised) = stream.call_method(th, id!(th, "flush"), &[]) {
            failed = true;
            if std::ptr::eq(name, id!(th, "stdout")) {
                on_failure(raised);
            } else {
                th.clear_exception(raised);
            }
        }
    }
    failed
}

/// `threading._shutdown()`, if the program uses threads.
pub(crate) fn wait_for_threads(th: Thread<'_>) {
    let Some(modules) = th.interp().modules.get() else { return };
    let threading = match modules.get(th, id!(th, "threading").obj()) {
        Ok(Some(threading)) => threading,
        Ok(None) => return,
        Err(raised) => return th.clear_exception(raised),
    };
    if let Err(raised) = threading.call_method(th, id!(th, "_shutdown"), &[]) {
        let exception = th.take_exception(raised);
        let shown = threading.repr(th).map(|text| text.to_string()).unwrap_or_default();
        drop(th.swap_exception(Some(exception)));
        let context = format!("Exception ignored on threading shutdown {shown}");
        (th.hooks().unraisable)(th, Some(&context), None);
    }
}

/// Wait for threads, run exit functions, flush: what `Py_Finalize` does
/// while Python code still works. Whether the streams failed to flush.
pub fn finish(
    th: Thread<'_>,
    run_exit_functions: fn(Thread<'_>),
    forget_signals: fn(Thread<'_>),
) -> bool {
    wait_for_threads(th);
    run_exit_functions(th);
    interpreters::end_all(th);
    // From here on, daemon threads do not come back from where they wait.
    th.interp().gil.set_finalizing(th.state());
    let failed = flush_streams(th);
    forget_signals(th);
    shutdown::remove_modules(th);
    // What could not be written was reported.
    let failed = failed || flush_streams(th);
    crate::exits::run(th);
    failed
}

/// The exit status of an uncaught `SystemExit`: its code, or 1 after printing it.
pub fn exit_status(th: Thread<'_>, exception: Obj<'_>) -> i32 {
    let code = match exception.getattr(th, id!(th, "code")) {
        Ok(code) => code,
        Err(raised) => {
            th.clear_exception(raised);
            return 1;
        }
    };
    if code.obj().is_none() {
        return 0;
    }
    if Int::is_int(code.obj()) {
        return Int::to_i64(code.obj()).map_or(255, |code| code as i32);
    }
    let text = code.str(th);
    flush_quietly(th);
    if let (Ok(text), Some(sys)) = (text, th.interp().sys_dict.get())
        && let Ok(Some(stderr)) = sys.get(th, id!(th, "stderr").obj())
        && !stderr.obj().is_none()
    {
        for part in [text.obj(), id!(th, "\n").obj()] {
            if let Err(raised) = stderr.call_method(th, id!(th, "write"), &[part]) {
                th.clear_exception(raised);
            }
        }
    }
    1
}
