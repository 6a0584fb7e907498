//! `_warnings`: deciding what happens to a warning.
//!
//! The filters, the registry of `once` and the default action are looked up in
//! the module `warnings` where it exists, as programs replace them; what this
//! module was created with serves until then. A registry remembers the version
//! of the filters that its answers were made with.

use std::cell::Cell;

use macros::pymodule;
use object::{
    AsObject, Code, Dict, Int, Link, List, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    exceptions::types as exc, id, own, protocol, raise, types,
};

use crate::_contextvars::ContextVar;

/// What belongs to the interpreter.
#[derive(Default)]
struct State {
    filters: Link<List>,
    once_registry: Link<Dict>,
    default_action: Link<Str>,
    context: Link<ContextVar>,
    version: Cell<i64>,
    /// How often the lock is held; only the thread with the GIL asks.
    lock: Cell<usize>,
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

/// _warnings provides basic warning filtering support.
/// It is a helper module to speed up interpreter start-up.
#[pymodule]
pub mod _warnings {
    use super::*;

    /// Issue a warning, or maybe ignore it or raise an exception.
    ///
    ///   message
    ///     Text of the warning message.
    ///   category
    ///     The Warning category subclass. Defaults to UserWarning.
    ///   stacklevel
    ///     How far up the call stack to make this warning appear. A value of 2 for
    ///     example attributes the warning to the caller of the code calling warn().
    ///   source
    ///     If supplied, the destroyed object which emitted a ResourceWarning
    ///   skip_file_prefixes
    ///     An optional tuple of module filename prefixes indicating frames to skip
    ///     during stacklevel computations for stack frame attribution.
    #[sig = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())"]
    fn warn(
        th: Thread<'_>,
        message: Obj<'_>,
        category: Option<Obj<'_>>,
        stacklevel: isize,
        source: Option<Obj<'_>>,
        skip_file_prefixes: Option<Obj<'_>>,
    ) -> Result<()> {
        let category = category_of(th, message, category)?;
        let prefixes = prefixes(th, skip_file_prefixes)?;
        let level = if prefixes.is_empty() { stacklevel } else { stacklevel.max(2) };
        let source = source.filter(|source| !source.is_none());
        warn_at(th, message, category.obj(), level, source, &prefixes)
    }

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[sig = "(message, category, filename, lineno, module=<unrepresentable>, registry=None, module_globals=None, source=None)"]
    #[allow(clippy::too_many_arguments, reason = "the signature is Python's")]
    fn warn_explicit(
        th: Thread<'_>,
        message: Obj<'_>,
        category: Obj<'_>,
        filename: &Str,
        lineno: i32,
        module: Option<Obj<'_>>,
        registry: Option<Obj<'_>>,
        module_globals: Option<Obj<'_>>,
        source: Option<Obj<'_>>,
    ) -> Result<()> {
        let line = match module_globals.filter(|globals| !globals.is_none()) {
            Some(globals) => {
                let Some(globals) = globals.downcast::<Dict>() else {
                    raise!(
                        th,
                        TypeError,
                        "module_globals must be a dict, not '{}'",
                        globals.type_name()
                    );
                };
                source_line(th, globals, lineno)?
            }
            None => None,
        };
        let origin = Origin {
            filename: own(filename),
            lineno,
            module: module.map(Obj::own),
            registry: registry.filter(|registry| !registry.is_none()).map(Obj::own),
            line,
        };
        explicit(th, category, message, &origin, source.filter(|source| !source.is_none()))
    }

    #[sig = "()"]
    fn _filters_mutated_lock_held(th: Thread<'_>) -> Result<()> {
        let state = state(th);
        if state.lock.get() == 0 {
            raise!(th, RuntimeError, "warnings._lock must be held");
        }
        state.version.set(state.version.get() + 1);
        Ok(())
    }

    #[sig = "()"]
    fn _acquire_lock(th: Thread<'_>) {
        let state = state(th);
        state.lock.set(state.lock.get() + 1);
    }

    #[sig = "()"]
    fn _release_lock(th: Thread<'_>) -> Result<()> {
        let state = state(th);
        match state.lock.get().checked_sub(1) {
            Some(held) => state.lock.set(held),
            None => raise!(th, RuntimeError, "cannot release un-acquired lock"),
        }
        Ok(())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let state = state(th);
        let filters = initial_filters(th)?;
        let (once, action) = (Dict::new(th)?, id!(th, "default"));
        let context = ContextVar::create(th, id!(th, "_warnings_context"))?;
        module.set(th, "filters", filters.obj())?;
        module.set(th, "_onceregistry", once.obj())?;
        module.set(th, "_defaultaction", action.obj())?;
        module.set(th, "_warnings_context", context.obj())?;
        state.filters.set(Some(filters));
        state.once_registry.set(Some(once));
        state.default_action.set(Some(own(action)));
        state.context.set(Some(context));
        let mut hooks = th.interp().hooks.get();
        hooks.warn = |th, category, message, stacklevel| {
            warn_from_native(th, category, message, stacklevel, None)
        };
        th.interp().hooks.set(hooks);
        Ok(())
    }
}

/// Issue a warning of native code; `source` is the object that it is about.
pub(crate) fn warn_from_native(
    th: Thread<'_>,
    category: Obj<'_>,
    message: &Str,
    stacklevel: isize,
    source: Option<Obj<'_>>,
) -> Result<()> {
    if state(th).filters.is_null() {
        return Ok(());
    }
    let category = category_of(th, message.obj(), Some(category))?;
    warn_at(th, message.obj(), category.obj(), stacklevel, source, &[])
}

/// The filters a program starts with.
fn initial_filters(th: Thread<'_>) -> Result<Ref<List>> {
    let row = |action: &Str, category: &'static object::Type, module: Obj<'_>| -> Result {
        let zero = Int::from_i64(th, 0)?;
        let none = types::none();
        let items = [action.obj(), none, category.obj(), module, zero.obj()];
        Tuple::from_objs(th, &items).map(Ref::upcast)
    };
    let (ignore, none) = (id!(th, "ignore"), types::none());
    let main = id!(th, "__main__").obj();
    let rows = vec![
        row(id!(th, "default"), exc::DeprecationWarning(), main)?,
        row(ignore, exc::DeprecationWarning(), none)?,
        row(ignore, exc::PendingDeprecationWarning(), none)?,
        row(ignore, exc::ImportWarning(), none)?,
        row(ignore, exc::ResourceWarning(), none)?,
    ];
    List::from_refs(th, rows)
}

/// The category: that of a message which is a warning goes first.
fn category_of(th: Thread<'_>, message: Obj<'_>, category: Option<Obj<'_>>) -> Result {
    if message.ty().is_subtype(exc::Warning()) {
        return Ok(message.ty().obj().own());
    }
    let category = match category.filter(|category| !category.is_none()) {
        Some(category) => category,
        None => return Ok(exc::UserWarning().obj().own()),
    };
    let fine = category.downcast::<object::Type>().is_some_and(|ty| ty.is_subtype(exc::Warning()));
    if !fine {
        raise!(
            th,
            TypeError,
            "category must be a Warning subclass, not '{}'",
            category.type_name()
        );
    }
    Ok(category.own())
}

fn prefixes(th: Thread<'_>, given: Option<Obj<'_>>) -> Result<Vec<String>> {
    let mut prefixes = Vec::new();
    let Some(given) = given else { return Ok(prefixes) };
    let Some(given) = given.downcast::<Tuple>() else {
        raise!(
            th,
            TypeError,
            "warn() argument 'skip_file_prefixes' must be tuple, not {}",
            given.type_name()
        );
    };
    for prefix in given.items() {
        let Some(prefix) = prefix.downcast::<Str>() else {
            raise!(th, TypeError, "Found non-str '{}' in skip_file_prefixes.", prefix.type_name());
        };
        prefixes.push(prefix.to_string());
    }
    Ok(prefixes)
}

/// Where a warning comes from.
struct Origin {
    filename: Ref<Str>,
    lineno: i32,
    /// `None` stands for what the file name says.
    module: Option<Ref>,
    registry: Option<Ref>,
    line: Option<Ref>,
}

fn is_import_machinery(code: &Code) -> bool {
    let name = code.filename().to_string();
    name.contains("importlib") && name.contains("_bootstrap")
}

/// The frame that `level` means: from 2 on, those of the import machinery and
/// those in files that are to be skipped do not count.
fn frame_at(th: Thread<'_>, level: isize, prefixes: &[String]) -> Option<vm::FrameView> {
    let mut left = level;
    let mut all = level <= 0;
    let mut first = true;
    vm::find_frame(th, |code| {
        if std::mem::replace(&mut first, false) {
            all |= is_import_machinery(code);
        } else if !all {
            let name = code.filename().to_string();
            let skipped = prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
            if skipped || is_import_machinery(code) {
                return false;
            }
        }
        left -= 1;
        left <= 0
    })
}

fn origin_at(th: Thread<'_>, level: isize, prefixes: &[String]) -> Result<Origin> {
    let (globals, filename, lineno) = match frame_at(th, level, prefixes) {
        Some(frame) => (frame.globals, frame.code.filename(), frame.line.unwrap_or(0)),
        None => {
            let Some(globals) = th.interp().sys_dict.get() else {
                raise!(th, RuntimeError, "lost sys module");
            };
            (globals, Str::new(th, "<sys>")?, 0)
        }
    };
    let key = id!(th, "__warningregistry__").obj();
    let registry = match globals.get(th, key)? {
        Some(registry) => registry,
        None => {
            let registry = Dict::new(th)?;
            globals.set(th, key, registry.obj())?;
            registry.upcast()
        }
    };
    let name = globals.get(th, id!(th, "__name__").obj())?;
    let module = match name {
        Some(name) if name.obj().is_none() || name.obj().downcast::<Str>().is_some() => name,
        _ => Str::new(th, "<string>")?.upcast(),
    };
    let registry = Some(registry).filter(|registry| !registry.obj().is_none());
    Ok(Origin { filename, lineno, module: Some(module), registry, line: None })
}

fn warn_at(
    th: Thread<'_>,
    message: Obj<'_>,
    category: Obj<'_>,
    level: isize,
    source: Option<Obj<'_>>,
    prefixes: &[String],
) -> Result<()> {
    let origin = origin_at(th, level, prefixes)?;
    explicit(th, category, message, &origin, source)
}

/// The module that a file name stands for.
fn module_of(th: Thread<'_>, filename: &Ref<Str>) -> Result {
    let length = filename.len();
    if length == 0 {
        return Str::new(th, "<unknown>").map(Ref::upcast);
    }
    let name = filename.to_string();
    if name.ends_with(".py") {
        return filename.slice(th, 0, length - 3).map(Ref::upcast);
    }
    Ok(filename.clone().upcast())
}

fn explicit(
    th: Thread<'_>,
    category: Obj<'_>,
    message: Obj<'_>,
    origin: &Origin,
    source: Option<Obj<'_>>,
) -> Result<()> {
    if origin.module.as_ref().is_some_and(|module| module.obj().is_none()) {
        return Ok(());
    }
    let registry = match &origin.registry {
        Some(registry) => match registry.obj().downcast::<Dict>() {
            Some(registry) => Some(own(registry)),
            None => raise!(th, TypeError, "'registry' must be a dict or None"),
        },
        None => None,
    };
    let module = match &origin.module {
        Some(module) => module.clone(),
        None => module_of(th, &origin.filename)?,
    };
    let (text, message, category) = if message.ty().is_subtype(exc::Warning()) {
        (message.str(th)?.upcast(), message.own(), message.ty().obj().own())
    } else {
        (message.own(), category.call(th, &[message])?, category.own())
    };
    let line = Int::from_i64(th, i64::from(origin.lineno))?;
    let key = Tuple::from_objs(th, &[text.obj(), category.obj(), line.obj()])?;
    if let Some(registry) = &registry
        && already_warned(th, registry, key.obj(), false)?
    {
        return Ok(());
    }
    let (action, item) = find_action(th, category.obj(), text.obj(), origin.lineno, module.obj())?;
    let action = action.to_string();
    match action.as_str() {
        "error" => return Err(th.raise_object(message)),
        "ignore" => return Ok(()),
        _ => {}
    }
    let mut already = false;
    if !matches!(action.as_str(), "always" | "all") {
        if let Some(registry) = &registry {
            registry.set(th, key.obj(), types::bool_(true))?;
        }
        match action.as_str() {
            "once" => {
                let registry = match registry {
                    Some(registry) => registry,
                    None => once_registry(th)?,
                };
                already = update_registry(th, &registry, text.obj(), category.obj())?;
            }
            "module" => {
                if let Some(registry) = &registry {
                    already = update_registry(th, registry, text.obj(), category.obj())?;
                }
            }
            "default" => {}
            _ => {
                let action = Str::new(th, &action)?.repr(th)?;
                let item = item.unwrap_or_else(|| types::none().own()).repr(th)?;
                raise!(
                    th,
                    RuntimeError,
                    "Unrecognized action ({}) in warnings.filters:\n {}",
                    &*action,
                    &*item
                );
            }
        }
    }
    if already {
        return Ok(());
    }
    show(th, &category, &text, &message, origin, &line, source)
}

/// Whether a registry answers for `key`; one made with other filters is
/// emptied.
fn already_warned(th: Thread<'_>, registry: &Dict, key: Obj<'_>, set: bool) -> Result<bool> {
    let version = state(th).version.get();
    let name = id!(th, "version").obj();
    let known = registry.get(th, name)?;
    let known = known.as_ref().filter(|known| Int::is_int(known.obj()));
    if known.and_then(|known| Int::to_i64(known.obj())) != Some(version) {
        registry.clear(th);
        registry.set(th, name, Int::from_i64(th, version)?.obj())?;
    } else if let Some(value) = registry.get(th, key)?
        && value.is_true(th)?
    {
        return Ok(true);
    }
    if set {
        registry.set(th, key, types::bool_(true))?;
    }
    Ok(false)
}

fn update_registry(
    th: Thread<'_>,
    registry: &Dict,
    text: Obj<'_>,
    category: Obj<'_>,
) -> Result<bool> {
    let key = Tuple::from_objs(th, &[text, category])?;
    already_warned(th, registry, key.obj(), true)
}

/// An attribute of the module `warnings`, if that is there.
fn attribute(th: Thread<'_>, name: &Str, import: bool) -> Result<Option<Ref>> {
    let known = match th.interp().modules.get() {
        Some(modules) => modules.get(th, id!(th, "warnings").obj())?,
        None => None,
    };
    let module = match known {
        Some(module) => module,
        None if import && !th.interp().importlib.is_null() => {
            match vm::import::import_module(th, id!(th, "warnings")) {
                Ok(module) => module,
                Err(raised) => {
                    th.catch(raised, exc::ImportError())?;
                    return Ok(None);
                }
            }
        }
        None => return Ok(None),
    };
    module.getattr_opt(th, name)
}

fn once_registry(th: Thread<'_>) -> Result<Ref<Dict>> {
    let Some(registry) = attribute(th, id!(th, "onceregistry"), false)? else {
        return match state(th).once_registry.get() {
            Some(registry) => Ok(registry),
            None => Dict::new(th),
        };
    };
    match registry.obj().downcast::<Dict>() {
        Some(registry) => {
            state(th).once_registry.set(Some(own(registry)));
            Ok(own(registry))
        }
        None => raise!(
            th,
            TypeError,
            "_warnings.onceregistry must be a dict, not '{}'",
            registry.obj().type_name()
        ),
    }
}

fn default_action(th: Thread<'_>) -> Result<Ref<Str>> {
    let Some(action) = attribute(th, id!(th, "defaultaction"), false)? else {
        return Ok(state(th).default_action.get().unwrap_or_else(|| own(id!(th, "default"))));
    };
    match action.obj().downcast::<Str>() {
        Some(action) => {
            state(th).default_action.set(Some(own(action)));
            Ok(own(action))
        }
        None => raise!(
            th,
            TypeError,
            "_warnings.defaultaction must be a string, not '{}'",
            action.obj().type_name()
        ),
    }
}

/// The filters of the current context, where contexts have their own.
fn context_filters(th: Thread<'_>) -> Result<Option<Ref<List>>> {
    if th.interp().flags.borrow().context_aware_warnings == 0 {
        return Ok(None);
    }
    let variable = match attribute(th, id!(th, "_warnings_context"), false)? {
        Some(variable) => variable,
        None => return Ok(None),
    };
    let context = match variable.obj().downcast_exact::<ContextVar>() {
        Some(variable) => variable.value_or(th, types::none())?,
        None => return Ok(None),
    };
    if context.obj().is_none() {
        return Ok(None);
    }
    let filters = context.getattr(th, id!(th, "_filters"))?;
    match filters.obj().downcast::<List>() {
        Some(filters) => Ok(Some(own(filters))),
        None => raise!(th, ValueError, "_filters of warnings._warnings_context must be a list"),
    }
}

fn global_filters(th: Thread<'_>) -> Result<Ref<List>> {
    let found = match attribute(th, id!(th, "filters"), false)? {
        Some(filters) => Some(filters),
        None => state(th).filters.get().map(Ref::upcast),
    };
    match found.as_ref().and_then(|filters| filters.obj().downcast::<List>()) {
        Some(filters) => {
            state(th).filters.set(Some(own(filters)));
            Ok(own(filters))
        }
        None => raise!(th, ValueError, "_warnings.filters must be a list"),
    }
}

/// What the filters say, and which of them said it.
fn find_action(
    th: Thread<'_>,
    category: Obj<'_>,
    text: Obj<'_>,
    lineno: i32,
    module: Obj<'_>,
) -> Result<(Ref<Str>, Option<Ref>)> {
    let (filters, name) = match context_filters(th)? {
        Some(filters) => (filters, "_warnings_context _filters"),
        None => (global_filters(th)?, "filters"),
    };
    let mut i = 0;
    // Matching can run code that changes the list.
    while let Some(item) = filters.get(i) {
        let Some(row) = item.obj().downcast::<Tuple>().filter(|row| row.len() == 5) else {
            raise!(th, ValueError, "warnings.{name} item {i} isn't a 5-tuple");
        };
        if let Some(action) = matching_action(th, row, category, text, lineno, module)? {
            return Ok((action, Some(item)));
        }
        i += 1;
    }
    Ok((default_action(th)?, None))
}

fn matching_action(
    th: Thread<'_>,
    row: &Tuple,
    category: Obj<'_>,
    text: Obj<'_>,
    lineno: i32,
    module: Obj<'_>,
) -> Result<Option<Ref<Str>>> {
    let &[action, message, kind, module_pattern, line] = row.items() else { return Ok(None) };
    let Some(action) = action.downcast::<Str>() else {
        raise!(th, TypeError, "action must be a string, not '{}'", action.type_name());
    };
    if !matches(th, message, text)?
        || !matches(th, module_pattern, module)?
        || !protocol::instance::is_subclass(th, category, kind)?
    {
        return Ok(None);
    }
    if !Int::is_int(line) {
        raise!(th, TypeError, "an integer is required");
    }
    let line = Int::to_i64(line);
    Ok((line == Some(0) || line == Some(i64::from(lineno))).then(|| own(action)))
}

/// Whether a filter's pattern (none, an exact text, a regular expression) fits.
fn matches(th: Thread<'_>, pattern: Obj<'_>, text: Obj<'_>) -> Result<bool> {
    if pattern.is_none() {
        return Ok(true);
    }
    if pattern.is_exact::<Str>() {
        if text.downcast::<Str>().is_none() {
            raise!(th, TypeError, "Can't compare str and {}", text.type_name());
        }
        return protocol::compare::eq(th, pattern, text);
    }
    pattern.call_method(th, id!(th, "match"), &[text])?.is_true(th)
}

/// Hand the warning to `warnings._showwarnmsg`.
fn show(
    th: Thread<'_>,
    category: &Ref,
    text: &Ref,
    message: &Ref,
    origin: &Origin,
    lineno: &Ref,
    source: Option<Obj<'_>>,
) -> Result<()> {
    let Some(function) = attribute(th, id!(th, "_showwarnmsg"), source.is_some())? else {
        return show_plainly(th, category, text, origin);
    };
    if !protocol::call::is_callable(function.obj()) {
        raise!(th, TypeError, "warnings._showwarnmsg() must be set to a callable");
    }
    let Some(class) = attribute(th, id!(th, "WarningMessage"), false)? else {
        raise!(th, RuntimeError, "unable to get warnings.WarningMessage");
    };
    let none = types::none();
    let line = origin.line.as_ref().map_or(none, AsObject::obj);
    let args = [
        message.obj(),
        category.obj(),
        origin.filename.obj(),
        lineno.obj(),
        none,
        line,
        source.unwrap_or(none),
    ];
    let message = class.call(th, &args)?;
    function.call(th, &[message.obj()]).map(drop)
}

/// Print a warning while there is no module `warnings`.
fn show_plainly(th: Thread<'_>, category: &Ref, text: &Ref, origin: &Origin) -> Result<()> {
    let Some(stderr) = crate::builtins::sys_attribute(th, id!(th, "stderr"))? else {
        return Ok(());
    };
    if stderr.obj().is_none() {
        return Ok(());
    }
    let name = category.getattr(th, id!(th, "__name__"))?.str(th)?;
    let text = text.str(th)?;
    let line = match &origin.line {
        Some(line) => Some(line.str(th)?.to_string()),
        None => crate::compile::source_line(th, origin.filename.obj(), origin.lineno),
    };
    let mut report = format!("{}:{}: {}: {}\n", &*origin.filename, origin.lineno, &*name, &*text);
    if let Some(line) = line {
        report.push_str(&format!("  {}\n", line.trim()));
    }
    let report = Str::new(th, &report)?;
    stderr.call_method(th, id!(th, "write"), &[report.obj()]).map(drop)
}

/// Line `lineno` of a module, as its loader gives it.
fn source_line(th: Thread<'_>, globals: &Dict, lineno: i32) -> Result<Option<Ref>> {
    let Some(importlib) = th.interp().importlib.get() else { return Ok(None) };
    let external = importlib.getattr(th, id!(th, "_bootstrap_external"))?;
    let loader = external.call_method(th, id!(th, "_bless_my_loader"), &[globals.obj()])?;
    let Some(name) = globals.get(th, id!(th, "__name__").obj())? else { return Ok(None) };
    let Some(get_source) = loader.getattr_opt(th, id!(th, "get_source"))? else {
        return Ok(None);
    };
    let source = match get_source.call(th, &[name.obj()]) {
        Ok(source) => source,
        // The loader of a program does not know it as `__main__`.
        Err(raised) => {
            th.catch(raised, exc::ImportError())?;
            return Ok(None);
        }
    };
    if source.obj().is_none() {
        return Ok(None);
    }
    let Some(source) = source.obj().downcast::<Str>() else {
        raise!(th, TypeError, "must be str, not {}", source.obj().type_name());
    };
    let lines = source.to_exact(th)?.call_method(th, id!(th, "splitlines"), &[])?;
    let index = i64::from(lineno) - 1;
    let lines = lines.obj().downcast::<List>();
    Ok(lines.zip(usize::try_from(index).ok()).and_then(|(lines, index)| lines.get(index)))
}
