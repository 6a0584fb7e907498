//! The hooks of `sys`: display, exceptions, breakpoints, audit, async
//! generators.

use std::cell::{Cell, RefCell};

use object::{
    Args, AsObject, Dict, Kwargs, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    exceptions, id, protocol, raise, types,
    types::structseq::{self, Description},
};

use vm::monitoring::legacy;

use crate::builtins::sys_attribute;

/// The basic prompt, which the executable has.
#[derive(Default)]
pub struct BaseRepl(pub Cell<Option<fn(Thread<'_>) -> Result<()>>>);

/// Settings of `sys` that have no other home.
#[derive(Default)]
pub(crate) struct Settings {
    audit_hooks: RefCell<Vec<Ref>>,
    asyncgen_hooks_type: RefCell<Option<Ref<types::Type>>>,
    unraisable_type: RefCell<Option<Ref<types::Type>>>,
}

fn settings(th: Thread<'_>) -> &'static Settings {
    th.interp().extensions.get::<Settings>()
}

/// `-X cpu_count`: what `os.cpu_count()` is to return; -1 for the truth.
pub fn cpu_count(th: Thread<'_>) -> i32 {
    th.interp().flags.borrow().cpu_count
}

/// `sys.addaudithook`.
pub(super) fn add_audit_hook(th: Thread<'_>, hook: Obj<'_>) -> Result<()> {
    if let Err(raised) = audit(th, id!(th, "sys.addaudithook"), &[]) {
        return th.catch(raised, exceptions::types::RuntimeError());
    }
    settings(th).audit_hooks.borrow_mut().push(hook.own());
    Ok(())
}

/// Tell the audit hooks, if there are any, of an event of the runtime.
pub fn audit_event(th: Thread<'_>, event: &str, args: Args<'_>) -> Result<()> {
    if settings(th).audit_hooks.borrow().is_empty() {
        return Ok(());
    }
    audit(th, &*Str::intern(th, event)?, args)
}

/// `sys.audit`.
pub(super) fn audit(th: Thread<'_>, event: &Str, args: Args<'_>) -> Result<()> {
    let hooks = settings(th).audit_hooks.borrow().clone();
    if hooks.is_empty() {
        return Ok(());
    }
    let args = Tuple::from_objs(th, args)?;
    // Hooks are not traced, unless they ask for it.
    legacy::with_tracing_held(th, 1, || {
        for hook in hooks {
            let call = || hook.call(th, &[event.obj(), args.obj()]).map(drop);
            let can_trace = match hook.getattr_opt(th, id!(th, "__cantrace__"))? {
                Some(value) => value.is_true(th)?,
                None => false,
            };
            if can_trace { legacy::with_tracing_held(th, -1, call)? } else { call()? }
        }
        Ok(())
    })
}

/// As [`audit_event`], for arguments that have to be made.
pub(crate) fn audit_with(
    th: Thread<'_>,
    event: &str,
    args: impl FnOnce() -> Result<Vec<Ref>>,
) -> Result<()> {
    if settings(th).audit_hooks.borrow().is_empty() {
        return Ok(());
    }
    audit(th, &*Str::intern(th, event)?, object::args::borrow_all(&args()?))
}

/// `sys.breakpointhook`: what `$PYTHONBREAKPOINT` says, by default `pdb.set_trace`.
pub(super) fn breakpointhook(th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
    let ignore = th.interp().flags.borrow().ignore_environment != 0;
    let setting = if ignore { None } else { std::env::var("PYTHONBREAKPOINT").ok() };
    let setting =
        setting.filter(|text| !text.is_empty()).unwrap_or_else(|| "pdb.set_trace".to_owned());
    if setting == "0" {
        return Ok(types::none().own());
    }
    let (module, name) = setting.rsplit_once('.').unwrap_or(("builtins", &setting));
    let found = if module.is_empty() {
        None
    } else {
        let found = vm::import::import_module(th, &*Str::intern(th, module)?)
            .and_then(|module| module.getattr(th, &*Str::intern(th, name)?));
        match found {
            Ok(function) => Some(function),
            Err(raised) => {
                if !th.exception_matches(exceptions::types::ImportError()) {
                    th.catch(raised, exceptions::types::AttributeError())?;
                } else {
                    th.clear_exception(raised);
                }
                None
            }
        }
    };
    let function = match found {
        Some(function) => function,
        None => {
            let message = Str::from_fmt(
                th,
                format_args!("Ignoring unimportable $PYTHONBREAKPOINT: \"{setting}\""),
            )?;
            let category = exceptions::types::RuntimeWarning();
            (th.hooks().warn)(th, category.obj(), &message, 1)?;
            return Ok(types::none().own());
        }
    };
    protocol::call::call_dict(th, function.obj(), args, Some(&*kwargs.to_dict(th)?))
}

fn stream(th: Thread<'_>, name: &Str) -> Result<Option<Ref>> {
    Ok(sys_attribute(th, name)?.filter(|stream| !stream.obj().is_none()))
}

fn write(th: Thread<'_>, stream: &Ref, text: Obj<'_>) -> Result<()> {
    stream.call_method(th, id!(th, "write"), &[text]).map(drop)
}

/// `sys.displayhook`.
pub(super) fn displayhook(th: Thread<'_>, object: Obj<'_>) -> Result<()> {
    let Some(builtins) = th.interp().builtins.get() else {
        raise!(th, RuntimeError, "lost builtins module");
    };
    if object.is_none() {
        return Ok(());
    }
    let name = id!(th, "_");
    builtins.set(th, name.obj(), types::none())?;
    let Some(stdout) = sys_attribute(th, id!(th, "stdout"))? else {
        raise!(th, RuntimeError, "lost sys.stdout");
    };
    if !stdout.obj().is_none() {
        let text = object.repr(th)?;
        if let Err(raised) = write(th, &stdout, text.obj()) {
            th.catch(raised, exceptions::types::UnicodeEncodeError())?;
            write_escaped(th, &stdout, text.obj())?;
        }
        write(th, &stdout, id!(th, "\n").obj())?;
    }
    builtins.set(th, name.obj(), object)
}

/// Write a text of which `stdout` cannot encode all characters.
fn write_escaped(th: Thread<'_>, stdout: &Ref, text: Obj<'_>) -> Result<()> {
    let encoding = stdout.getattr(th, id!(th, "encoding"))?;
    let errors = id!(th, "backslashreplace").obj();
    let bytes = text.call_method(th, id!(th, "encode"), &[encoding.obj(), errors])?;
    if let Some(buffer) = stdout.getattr_opt(th, id!(th, "buffer"))? {
        return write(th, &buffer, bytes.obj());
    }
    let text = bytes.call_method(th, id!(th, "decode"), &[encoding.obj()])?;
    write(th, stdout, text.obj())
}

/// Print `exception` with its traceback to `sys.stderr`.
pub(super) fn excepthook(th: Thread<'_>, exception: Obj<'_>, traceback: Obj<'_>) -> Result<()> {
    let Some(stderr) = stream(th, id!(th, "stderr"))? else { return Ok(()) };
    if !exception.ty().is_subtype(exceptions::types::BaseException()) {
        let text = Str::from_fmt(
            th,
            format_args!(
                "TypeError: print_exception(): Exception expected for value, {} found\n",
                exception.type_name()
            ),
        )?;
        return write(th, &stderr, text.obj());
    }
    if !traceback.is_none() && exception.getattr(th, id!(th, "__traceback__"))?.obj().is_none() {
        exception.setattr(th, id!(th, "__traceback__"), Some(traceback))?;
    }
    let printed = vm::import::import_module(th, id!(th, "traceback"))
        .and_then(|module| module.getattr(th, id!(th, "_print_exception_bltin")))
        .and_then(|print| print.call(th, &[exception]));
    if let Err(raised) = printed {
        th.clear_exception(raised);
        let report = Str::new(th, &exceptions::report::format(th, exception))?;
        write(th, &stderr, report.obj())?;
    }
    // The exception was told, whatever the stream makes of this.
    if let Err(raised) = stderr.call_method(th, id!(th, "flush"), &[]) {
        th.clear_exception(raised);
    }
    Ok(())
}

/// Print an exception with its traceback to `file`, as for a thread.
pub(crate) fn print_exception(
    th: Thread<'_>,
    file: &Ref,
    class: Obj<'_>,
    exception: Obj<'_>,
    traceback: Obj<'_>,
) -> Result<()> {
    if let Some(stderr) = stream(th, id!(th, "stderr"))?
        && stderr.obj().is(file.obj())
        && !exception.is_none()
    {
        return excepthook(th, exception, traceback);
    }
    let module = vm::import::import_module(th, id!(th, "traceback"))?;
    let limit = types::none();
    module.call_method(
        th,
        id!(th, "print_exception"),
        &[class, exception, traceback, limit, file.obj()],
    )?;
    file.call_method(th, id!(th, "flush"), &[]).map(drop)
}

static UNRAISABLE: Description = Description {
    name: "UnraisableHookArgs",
    doc: "UnraisableHookArgs\n\nType used to pass arguments to sys.unraisablehook.",
    fields: &[
        ("exc_type", "Exception type"),
        ("exc_value", "Exception value"),
        ("exc_traceback", "Exception traceback"),
        ("err_msg", "Error message"),
        ("object", "Object causing the exception"),
    ],
    visible: 5,
    instantiable: true,
};

/// What `Hooks::unraisable` does: hand the exception that is set to
/// `sys.unraisablehook`.
pub(crate) fn write_unraisable(th: Thread<'_>, context: Option<&str>, object: Option<Obj<'_>>) {
    let Some(exception) = th.swap_exception(None) else { return };
    let object = object.map(Obj::own);
    if report_unraisable(th, &exception, context, object.as_ref().map(AsObject::obj)).is_ok() {
        return;
    }
    // The hook failed: that is reported without asking it again.
    let Some(exception) = th.swap_exception(None) else { return };
    let hook = sys_attribute(th, id!(th, "unraisablehook")).ok().flatten();
    let context = "Exception ignored in sys.unraisablehook";
    let told = unraisable_args(th, &exception, Some(context), hook.as_ref().map(AsObject::obj))
        .and_then(|args| unraisablehook(th, args.obj()));
    if told.is_err() {
        drop(th.swap_exception(None));
    }
}

/// `text repr(object)`.
fn joined(th: Thread<'_>, text: &str, object: Obj<'_>) -> Result<String> {
    object.repr(th).map(|shown| format!("{text} {}", &*shown))
}

fn report_unraisable(
    th: Thread<'_>,
    exception: &Ref,
    context: Option<&str>,
    object: Option<Obj<'_>>,
) -> Result<()> {
    // What failed is part of the message, where there is one.
    let (message, object) = match (context, object) {
        (Some(context), Some(object)) => match joined(th, context, object) {
            Ok(text) => (Some(text), None),
            Err(raised) => {
                th.clear_exception(raised);
                (None, None)
            }
        },
        (context, object) => (context.map(str::to_owned), object),
    };
    let args = unraisable_args(th, exception, message.as_deref(), object)?;
    match stream(th, id!(th, "unraisablehook"))? {
        Some(hook) => {
            audit_event(th, "sys.unraisablehook", &[hook.obj(), args.obj()])?;
            hook.call(th, &[args.obj()]).map(drop)
        }
        None => unraisablehook(th, args.obj()),
    }
}

/// What the hook is called with.
fn unraisable_args(
    th: Thread<'_>,
    exception: &Ref,
    message: Option<&str>,
    object: Option<Obj<'_>>,
) -> Result<Ref> {
    let settings = settings(th);
    let known = settings.unraisable_type.borrow().clone();
    let class = match known {
        Some(class) => class,
        None => {
            let class = structseq::make_type(th, &UNRAISABLE)?;
            *settings.unraisable_type.borrow_mut() = Some(class.clone());
            class
        }
    };
    let message: Ref = match message {
        Some(message) => Str::new(th, message)?.upcast(),
        None => types::none().own(),
    };
    let mut traceback = exception.getattr(th, id!(th, "__traceback__"))?;
    if traceback.obj().is_none()
        && let Some(here) = vm::traceback::here(th)?
    {
        exception.setattr(th, id!(th, "__traceback__"), Some(here.obj()))?;
        traceback = here;
    }
    let values = vec![
        exception.obj().ty().obj().own(),
        exception.clone(),
        traceback,
        message,
        object.unwrap_or(types::none()).own(),
    ];
    structseq::instance(th, &class, values)
}

/// `sys.unraisablehook`.
pub(super) fn unraisablehook(th: Thread<'_>, args: Obj<'_>) -> Result<()> {
    let known = settings(th).unraisable_type.borrow().clone();
    if known.is_none_or(|class| !std::ptr::eq(&*class, args.ty())) {
        raise!(th, TypeError, "sys.unraisablehook argument type must be UnraisableHookArgs");
    }
    let Some(stderr) = stream(th, id!(th, "stderr"))? else { return Ok(()) };
    let mut report = unraisable_heading(th, args)?;
    let traceback = args.getattr(th, id!(th, "exc_traceback"))?;
    plain_traceback(th, traceback, &mut report)?;
    let class = args.getattr(th, id!(th, "exc_type"))?;
    if !class.obj().is_none() {
        let value = args.getattr(th, id!(th, "exc_value"))?;
        report.push_str(&class_name(th, class.obj())?);
        if !value.obj().is_none() {
            let text = match value.str(th) {
                Ok(text) => text.to_string(),
                Err(raised) => {
                    th.clear_exception(raised);
                    "<exception str() failed>".to_owned()
                }
            };
            report.push_str(": ");
            report.push_str(&text);
        }
        report.push('\n');
    }
    write(th, &stderr, Str::new(th, &report)?.obj())?;
    stderr.call_method(th, id!(th, "flush"), &[]).map(drop)
}

fn unraisable_heading(th: Thread<'_>, args: Obj<'_>) -> Result<String> {
    let message = args.getattr(th, id!(th, "err_msg"))?;
    let object = args.getattr(th, id!(th, "object"))?;
    let (has_message, has_object) = (!message.obj().is_none(), !object.obj().is_none());
    if !has_message && !has_object {
        return Ok(String::new());
    }
    let heading =
        if has_message { message.str(th)?.to_string() } else { "Exception ignored in".to_owned() };
    if !has_object {
        return Ok(format!("{heading}:\n"));
    }
    let shown = match object.repr(th) {
        Ok(text) => text.to_string(),
        Err(raised) => {
            th.clear_exception(raised);
            "<object repr() failed>".to_owned()
        }
    };
    Ok(format!("{heading}: {shown}\n"))
}

/// A class with its module, unless everybody knows that.
fn class_name(th: Thread<'_>, class: Obj<'_>) -> Result<String> {
    let name = class.getattr(th, id!(th, "__qualname__"))?.str(th)?;
    let module = class.getattr_opt(th, id!(th, "__module__"))?;
    let module = match &module {
        Some(module) => module.obj().downcast::<Str>().map(Str::to_string),
        None => None,
    };
    Ok(match module.as_deref() {
        Some("builtins" | "__main__") => name.to_string(),
        Some(module) => format!("{module}.{name}"),
        None => format!("<unknown>.{name}"),
    })
}

/// A traceback as native code prints it: without carets.
fn plain_traceback(th: Thread<'_>, mut traceback: Ref, report: &mut String) -> Result<()> {
    const REPEATS: usize = 3;
    let limit = sys_attribute(th, id!(th, "tracebacklimit"))?;
    let limit = limit.and_then(|limit| object::Int::to_i64(limit.obj())).unwrap_or(1000);
    let mut entries: Vec<(Ref<Str>, i64, Ref<Str>)> = Vec::new();
    while !traceback.obj().is_none() {
        let Some(frame) = traceback.getattr_opt(th, id!(th, "tb_frame"))? else { break };
        let code = frame.getattr(th, id!(th, "f_code"))?;
        let line = traceback.getattr(th, id!(th, "tb_lineno"))?;
        let text = |name: &Str| code.getattr(th, name)?.str(th);
        entries.push((
            text(id!(th, "co_filename"))?,
            object::Int::to_i64(line.obj()).unwrap_or(-1),
            text(id!(th, "co_name"))?,
        ));
        traceback = traceback.getattr(th, id!(th, "tb_next"))?;
    }
    if entries.is_empty() || limit <= 0 {
        return Ok(());
    }
    report.push_str("Traceback (most recent call last):\n");
    let shown = entries.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut last: Option<(String, i64, String)> = None;
    let mut count = 0;
    for (file, line, name) in entries.get(shown..).unwrap_or_default() {
        let key = (file.to_string(), *line, name.to_string());
        if last.as_ref() == Some(&key) {
            count += 1;
        } else {
            push_repeats(report, count, REPEATS);
            count = 1;
        }
        if count <= REPEATS {
            report.push_str(&format!("  File \"{file}\", line {line}, in {name}\n"));
            let source = crate::compile::source_line(th, file.obj(), *line as i32);
            if let Some(source) = source {
                report.push_str(&format!("    {}\n", source.trim()));
            }
        }
        last = Some(key);
    }
    push_repeats(report, count, REPEATS);
    Ok(())
}

fn push_repeats(report: &mut String, count: usize, shown: usize) {
    if let Some(more) = count.checked_sub(shown).filter(|more| *more > 0) {
        let plural = if more == 1 { "" } else { "s" };
        report.push_str(&format!("  [Previous line repeated {more} more time{plural}]\n"));
    }
}

static ASYNCGEN_HOOKS: Description = Description {
    name: "sys.asyncgen_hooks",
    doc: "asyncgen_hooks\n\nA named tuple providing information about asynchronous generators hooks.",
    fields: &[
        ("firstiter", "called when an asynchronous generator is first iterated"),
        ("finalizer", "called when an asynchronous generator is about to be garbage collected"),
    ],
    visible: 2,
    instantiable: false,
};

/// `sys.set_asyncgen_hooks`.
pub(super) fn set_asyncgen_hooks(
    th: Thread<'_>,
    firstiter: Option<Obj<'_>>,
    finalizer: Option<Obj<'_>>,
) -> Result<()> {
    for (value, name) in [(finalizer, "finalizer"), (firstiter, "firstiter")] {
        if let Some(value) = value
            && !value.is_none()
            && !protocol::call::is_callable(value)
        {
            raise!(th, TypeError, "callable {name} expected, got {}", value.type_name());
        }
    }
    let own = |value: Option<Obj<'_>>| {
        value.map(|value| Some(value).filter(|value| !value.is_none()).map(Obj::own))
    };
    vm::set_asyncgen_hooks(th, own(firstiter), own(finalizer));
    Ok(())
}

/// `sys.get_asyncgen_hooks`.
pub(super) fn get_asyncgen_hooks(th: Thread<'_>) -> Result {
    let settings = settings(th);
    let known = settings.asyncgen_hooks_type.borrow().clone();
    let class = match known {
        Some(class) => class,
        None => {
            let class = structseq::make_type(th, &ASYNCGEN_HOOKS)?;
            *settings.asyncgen_hooks_type.borrow_mut() = Some(class.clone());
            class
        }
    };
    let (firstiter, finalizer) = vm::asyncgen_hooks(th);
    let or_none = |value: Option<Ref>| value.unwrap_or_else(|| types::none().own());
    structseq::instance(th, &class, vec![or_none(firstiter), or_none(finalizer)])
}

/// Keep the original hooks under their dunder names.
pub(super) fn fill(th: Thread<'_>, module: &Module) -> Result<()> {
    let dict = module.dict(th)?;
    for (dunder, name) in [
        ("__displayhook__", "displayhook"),
        ("__excepthook__", "excepthook"),
        ("__breakpointhook__", "breakpointhook"),
        ("__unraisablehook__", "unraisablehook"),
    ] {
        if let Some(hook) = dict.get(th, Str::intern(th, name)?.obj())? {
            module.set(th, dunder, hook.obj())?;
        }
    }
    module.set(th, "_xoptions", Dict::new(th)?.obj())?;
    let mut hooks = th.interp().hooks.get();
    hooks.unraisable = write_unraisable;
    hooks.audit = audit_event;
    th.interp().hooks.set(hooks);
    Ok(())
}
