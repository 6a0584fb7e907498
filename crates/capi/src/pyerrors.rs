//! `pyerrors.h`: the exception that is set, and exceptions as objects.

use std::ffi::{CStr, c_char, c_int};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Dict, Link, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, Type, error,
    exceptions::{self, BaseException, UnicodeFields},
    id, raise, types,
};

use crate::{
    convert::{IntoC, lossy},
    variadic::VaList,
};

/// What failing functions return: null, with the exception set.
pub(crate) fn no_memory(th: Thread<'_>) -> *mut PyObject {
    let _ = th.no_memory();
    std::ptr::null_mut()
}

/// The exception that is set, borrowed from the thread state.
fn current(th: Thread<'_>) -> *mut PyObject {
    // SAFETY: only this thread touches its state.
    unsafe { (*th.state().public.get()).current_exception }
}

#[capi]
fn PyErr_Occurred(th: Thread<'_>) -> *mut PyObject {
    // SAFETY: null or an exception that the state owns.
    match unsafe { Obj::from_raw(current(th)) } {
        Some(exception) => exception.ty().obj().as_ptr(),
        None => std::ptr::null_mut(),
    }
}

#[capi]
fn PyErr_Clear(th: Thread<'_>) {
    drop(th.swap_exception(None));
}

/// Set an instance of `class` made of `value`, chained to what is handled.
fn set_object(th: Thread<'_>, class: Option<Obj<'_>>, value: Option<Obj<'_>>) -> Raised {
    let Some(class) = class else {
        drop(th.swap_exception(None));
        return Raised;
    };
    if !exceptions::is_exception_class(class) {
        let shown = class.repr(th).map(|text| text.to_string()).unwrap_or_default();
        return error!(
            th,
            SystemError, "_PyErr_SetObject: exception {shown} is not a BaseException subclass"
        );
    }
    drop(th.swap_exception(None));
    let is_it = match value.filter(|value| BaseException::of(*value).is_some()) {
        // The class may have an opinion.
        Some(value) => object::protocol::instance::is_subclass(th, value.ty().obj(), class)
            .map(|is| (is, value)),
        None => Ok((false, class)),
    };
    let made = match is_it {
        Ok((true, value)) => Ok(value.own()),
        Ok((false, _)) => {
            instance_of(th, class, value).map_err(|raised| note_failure(th, raised, class, value))
        }
        Err(raised) => Err(raised),
    };
    match made {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// What `class` makes of `value`.
fn instance_of(th: Thread<'_>, class: Obj<'_>, value: Option<Obj<'_>>) -> Result {
    let made = match value.filter(|value| !value.is_none()) {
        None => class.call(th, &[])?,
        Some(value) => match value.downcast::<Tuple>() {
            Some(args) => class.call(th, args.items())?,
            None => class.call(th, &[value])?,
        },
    };
    if BaseException::of(made.obj()).is_none() {
        raise!(
            th,
            TypeError,
            "calling {} should have returned an instance of BaseException, not {}",
            class.repr(th)?,
            made.obj().type_name()
        );
    }
    Ok(made)
}

/// Note on what was raised instead that it is not what should have been.
fn note_failure(th: Thread<'_>, raised: Raised, class: Obj<'_>, value: Option<Obj<'_>>) -> Raised {
    let exception = th.take_exception(raised);
    let shown = match value.map(|value| value.repr(th)) {
        None => "<NULL>".to_owned(),
        Some(Ok(text)) => text.to_string(),
        Some(Err(raised)) => {
            th.clear_exception(raised);
            "<unknown>".to_owned()
        }
    };
    let name = class.downcast::<Type>().map_or("", Type::full_name);
    let noted = Str::new(th, &format!("Normalization failed: type={name} args={shown}"))
        .and_then(|note| exception.call_method(th, id!(th, "add_note"), &[note.obj()]));
    match noted {
        Ok(_) => th.restore(exception),
        Err(raised) => raised,
    }
}

#[capi]
fn PyErr_SetObject(th: Thread<'_>, class: Option<Obj<'_>>, value: Option<Obj<'_>>) {
    let _ = set_object(th, class, value);
}

#[capi]
fn PyErr_SetNone(th: Thread<'_>, class: Option<Obj<'_>>) {
    let _ = set_object(th, class, None);
}

#[capi]
fn PyErr_SetString(th: Thread<'_>, class: Option<Obj<'_>>, text: &CStr) {
    if let Ok(text) = types::str::codec::decode(th, text.to_bytes(), "utf-8", "strict") {
        let _ = set_object(th, class, Some(text.obj()));
    }
}

#[capi]
fn _PyErr_SetKeyError(th: Thread<'_>, key: Obj<'_>) {
    let _ = exceptions::key_error(th, key);
}

/// `PyErr_FormatV`, always null.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
pub(crate) unsafe extern "C" fn PyErr_FormatV(
    class: *mut PyObject,
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        drop(th.swap_exception(None));
        if let Ok(text) = crate::unicode_format::expand(th, format, &mut *va) {
            let _ = set_object(th, Obj::from_raw(class), Some(text.obj()));
        }
    }
    std::ptr::null_mut()
}

/// `_PyErr_FormatFromCause`: the exception that is set becomes the cause.
pub(crate) unsafe extern "C" fn format_from_cause(
    class: *mut PyObject,
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: C calls the API on attached threads.
    let th = unsafe { Thread::current() };
    let cause = th.swap_exception(None);
    // SAFETY: C passes what the format says.
    unsafe { PyErr_FormatV(class, format, va) };
    if let (Some(cause), Some(exception)) = (cause, th.exception())
        && let Some(exception) = BaseException::of(exception.obj())
    {
        exception.set_cause(Some(cause.clone()));
        exception.set_context(Some(cause));
    }
    std::ptr::null_mut()
}

/// `_PyErr_Format`, whose thread state is the running one.
pub(crate) unsafe extern "C" fn format_in(
    _state: *mut abi::PyThreadState,
    class: *mut PyObject,
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: C passes what the format says.
    unsafe { PyErr_FormatV(class, format, va) }
}

/// The value of the `StopIteration` that is set, which is cleared; `None` if
/// nothing is set.
#[capi]
unsafe fn _PyGen_FetchStopIterationValue(th: Thread<'_>, value: *mut *mut PyObject) -> Result<()> {
    let found = match th.exception() {
        None => types::none().own(),
        Some(exception) => {
            th.catch(Raised, exceptions::types::StopIteration())?;
            exception.getattr(th, id!(th, "value"))?
        }
    };
    // SAFETY: C passes a variable.
    unsafe { value.write(found.into_raw()) };
    Ok(())
}

#[capi]
fn _PyGen_SetStopIterationValue(th: Thread<'_>, value: Obj<'_>) -> Result<()> {
    let made = exceptions::types::StopIteration().obj().call(th, &[value])?;
    let _ = set_object(th, Some(exceptions::types::StopIteration().obj()), Some(made.obj()));
    Ok(())
}

/// `PyErr_FormatUnraisable` with a list.
pub(crate) unsafe extern "C" fn format_unraisable(format: *const c_char, va: *mut VaList) {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let saved = th.swap_exception(None);
        let text = match format.is_null() {
            true => None,
            false => crate::unicode_format::expand(th, format, &mut *va).ok(),
        };
        drop(th.swap_exception(saved));
        let text = text.map(|text| text.to_string());
        (th.hooks().unraisable)(th, text.as_deref(), None);
    }
}

/// `PyOS_vsnprintf`.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
pub(crate) unsafe extern "C" fn PyOS_vsnprintf(
    buffer: *mut c_char,
    size: usize,
    format: *const c_char,
    va: *mut VaList,
) -> c_int {
    unsafe extern "C" {
        fn vsnprintf(
            buffer: *mut c_char,
            size: usize,
            format: *const c_char,
            va: *mut VaList,
        ) -> c_int;
    }
    // SAFETY: C passes what the format says.
    let written = unsafe { vsnprintf(buffer, size, format, va) };
    if size > 0 {
        // SAFETY: inside the buffer.
        unsafe { buffer.add(size - 1).write(0) };
    }
    written
}

/// As `exceptions::matches`, for tuples that are nested as deep as C code likes.
fn matches(th: Thread<'_>, exception: Obj<'_>, class: Obj<'_>) -> Result<bool> {
    let Some(classes) = class.downcast::<Tuple>() else {
        return Ok(exceptions::matches(exception, class));
    };
    th.check_stack("")?;
    for class in classes.items() {
        if matches(th, exception, *class)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn matches_quietly(th: Thread<'_>, exception: Obj<'_>, class: Obj<'_>) -> bool {
    let saved = th.swap_exception(None);
    let answer = matches(th, exception, class);
    let answer =
        crate::abstract_::quietly(th, answer, "Exception ignored in PyErr_GivenExceptionMatches()");
    drop(th.swap_exception(saved));
    answer
}

#[capi]
fn PyErr_ExceptionMatches(th: Thread<'_>, class: Obj<'_>) -> bool {
    th.exception().is_some_and(|exception| matches_quietly(th, exception.obj(), class))
}

#[capi]
fn PyErr_GivenExceptionMatches(
    th: Thread<'_>,
    exception: Option<Obj<'_>>,
    class: Option<Obj<'_>>,
) -> bool {
    match (exception, class) {
        (Some(exception), Some(class)) => matches_quietly(th, exception, class),
        _ => false,
    }
}

#[capi]
fn PyErr_GetRaisedException(th: Thread<'_>) -> Option<Ref> {
    th.swap_exception(None)
}

#[capi]
fn PyErr_SetRaisedException(th: Thread<'_>, exception: Option<Ref>) {
    drop(th.swap_exception(exception));
}

#[capi]
unsafe fn PyErr_Fetch(
    th: Thread<'_>,
    class: *mut *mut PyObject,
    value: *mut *mut PyObject,
    traceback: *mut *mut PyObject,
) {
    let exception = th.swap_exception(None);
    let (ty, tb) = match &exception {
        Some(exception) => (
            Some(exception.obj().ty().obj().own()),
            BaseException::of(exception.obj()).and_then(BaseException::traceback),
        ),
        None => (None, None),
    };
    // SAFETY: C passes variables.
    unsafe {
        class.write(ty.into_c());
        value.write(exception.into_c());
        traceback.write(tb.into_c());
    }
}

#[capi]
fn PyErr_Restore(th: Thread<'_>, class: Option<Ref>, value: Option<Ref>, traceback: Option<Ref>) {
    let Some(class) = class else {
        drop(th.swap_exception(None));
        return;
    };
    let made = match value {
        Some(value) if value.obj().ty().obj().is(class.obj()) => Ok(value),
        value => instance_of(th, class.obj(), value.as_ref().map(|value| value.obj())),
    };
    let Ok(exception) = made else { return };
    let traceback = traceback.filter(|traceback| !traceback.obj().is_none());
    if traceback
        .as_ref()
        .is_some_and(|it| it.obj().downcast::<vm::traceback::Traceback>().is_none())
    {
        let _ = error!(th, TypeError, "__traceback__ must be a traceback or None");
        return;
    }
    if let Some(base) = BaseException::of(exception.obj()) {
        base.set_traceback(traceback);
    }
    let _ = th.restore(exception);
}

#[capi]
unsafe fn PyErr_NormalizeException(
    th: Thread<'_>,
    class: *mut *mut PyObject,
    value: *mut *mut PyObject,
    traceback: *mut *mut PyObject,
) {
    // SAFETY: C passes variables that own what they hold.
    let [class, value, traceback] =
        unsafe { [&*class.cast::<Link>(), &*value.cast::<Link>(), &*traceback.cast::<Link>()] };
    let Some(ty) = class.get() else { return };
    let given = value.get();
    if given.as_ref().is_some_and(|value| BaseException::of(value.obj()).is_some()) {
        return;
    }
    match instance_of(th, ty.obj(), given.as_ref().map(|value| value.obj())) {
        Ok(exception) => {
            class.set(Some(exception.obj().ty().obj().own()));
            value.set(Some(exception));
        }
        Err(raised) => {
            let exception = th.take_exception(raised);
            class.set(Some(exception.obj().ty().obj().own()));
            traceback.set(BaseException::of(exception.obj()).and_then(BaseException::traceback));
            value.set(Some(exception));
        }
    }
}

#[capi]
fn PyErr_GetHandledException(th: Thread<'_>) -> Option<Ref> {
    vm::handled(th)
}

#[capi]
fn PyErr_SetHandledException(th: Thread<'_>, exception: Option<Obj<'_>>) {
    vm::set_handled(th, exception.filter(|exception| !exception.is_none()).map(Obj::own));
}

#[capi]
unsafe fn PyErr_GetExcInfo(
    th: Thread<'_>,
    class: *mut *mut PyObject,
    value: *mut *mut PyObject,
    traceback: *mut *mut PyObject,
) {
    let none = || types::none().own();
    let exception = vm::handled(th);
    let (ty, tb) = match &exception {
        Some(exception) => (
            exception.obj().ty().obj().own(),
            BaseException::of(exception.obj())
                .and_then(BaseException::traceback)
                .unwrap_or_else(none),
        ),
        None => (none(), none()),
    };
    // SAFETY: C passes variables.
    unsafe {
        class.write(ty.into_raw());
        value.write(exception.unwrap_or_else(none).into_raw());
        traceback.write(tb.into_raw());
    }
}

#[capi]
fn PyErr_SetExcInfo(
    th: Thread<'_>,
    class: Option<Ref>,
    value: Option<Ref>,
    traceback: Option<Ref>,
) {
    let _ = (class, traceback);
    vm::set_handled(th, value.filter(|value| !value.obj().is_none()));
}

#[capi]
fn PyErr_NoMemory(th: Thread<'_>) -> *mut PyObject {
    no_memory(th)
}

#[capi]
fn PyErr_BadArgument(th: Thread<'_>) -> c_int {
    let _ = error!(th, TypeError, "bad argument type for built-in operation");
    0
}

#[capi]
fn PyErr_BadInternalCall(th: Thread<'_>) {
    let _ = error!(th, SystemError, "bad argument to internal function");
}

#[capi]
fn _PyErr_BadInternalCall(th: Thread<'_>, file: &CStr, line: c_int) {
    let _ = error!(th, SystemError, "{}:{line}: bad argument to internal function", lossy(file));
}

#[capi]
fn _PyErr_ChainExceptions1(th: Thread<'_>, exception: Option<Ref>) {
    let Some(exception) = exception else { return };
    match th.exception() {
        Some(current) => {
            if let Some(base) = BaseException::of(current.obj()) {
                base.set_context(Some(exception));
            }
        }
        None => drop(th.swap_exception(Some(exception))),
    }
}

// Operating system errors.

fn last_errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Set `class(errno, text, filename…)`.
fn from_errno(
    th: Thread<'_>,
    class: Obj<'_>,
    first: Option<Obj<'_>>,
    second: Option<Obj<'_>>,
) -> *mut PyObject {
    let errno = last_errno();
    if errno == 4 && (vm::pending::pending_hooks(th).signals)(th).is_err() {
        return std::ptr::null_mut();
    }
    let made = (|| {
        let number = object::Int::from_i64(th, i64::from(errno))?;
        // Who calls this has not always set it.
        let text = if errno == 0 { "Error".to_owned() } else { exceptions::strerror(errno) };
        let text = Str::new(th, &text)?;
        let zero = object::Int::from_i64(th, 0)?;
        match (first, second) {
            (None, _) => class.call(th, &[number.obj(), text.obj()]),
            (Some(first), None) => class.call(th, &[number.obj(), text.obj(), first]),
            (Some(first), Some(second)) => {
                class.call(th, &[number.obj(), text.obj(), first, zero.obj(), second])
            }
        }
    })();
    if let Ok(exception) = made {
        let _ = set_object(th, Some(exception.obj().ty().obj()), Some(exception.obj()));
    }
    std::ptr::null_mut()
}

#[capi]
fn PyErr_SetFromErrno(th: Thread<'_>, class: Obj<'_>) -> *mut PyObject {
    from_errno(th, class, None, None)
}

#[capi]
fn PyErr_SetFromErrnoWithFilenameObject(
    th: Thread<'_>,
    class: Obj<'_>,
    name: Option<Obj<'_>>,
) -> *mut PyObject {
    from_errno(th, class, name, None)
}

#[capi]
fn PyErr_SetFromErrnoWithFilenameObjects(
    th: Thread<'_>,
    class: Obj<'_>,
    first: Option<Obj<'_>>,
    second: Option<Obj<'_>>,
) -> *mut PyObject {
    from_errno(th, class, first, second)
}

#[capi]
fn PyErr_SetFromErrnoWithFilename(
    th: Thread<'_>,
    class: Obj<'_>,
    name: Option<&CStr>,
) -> *mut PyObject {
    let errno = last_errno();
    let name = name.and_then(|name| types::str::codec::decode_fs(th, name.to_bytes()).ok());
    host::call::set_errno(errno);
    from_errno(th, class, name.as_ref().map(|name| name.obj()), None)
}

#[capi]
fn PyErr_SetImportErrorSubclass(
    th: Thread<'_>,
    class: Option<&Type>,
    message: Option<Obj<'_>>,
    name: Option<Obj<'_>>,
    path: Option<Obj<'_>>,
) -> *mut PyObject {
    match (class, message) {
        (Some(class), Some(message)) if class.is_subtype(exceptions::types::ImportError()) => {
            let _ = exceptions::set_import_error(th, class, message, name, path, None);
        }
        (Some(_), Some(_)) => {
            let _ = error!(th, TypeError, "expected a subclass of ImportError");
        }
        _ => {
            let _ = error!(th, TypeError, "expected a message argument");
        }
    }
    std::ptr::null_mut()
}

#[capi]
fn PyErr_SetImportError(
    th: Thread<'_>,
    message: Option<Obj<'_>>,
    name: Option<Obj<'_>>,
    path: Option<Obj<'_>>,
) -> *mut PyObject {
    PyErr_SetImportErrorSubclass(th, Some(exceptions::types::ImportError()), message, name, path)
}

#[capi]
fn PyErr_CheckSignals(th: Thread<'_>) -> Result<()> {
    if !th.is_main() {
        return Ok(());
    }
    (vm::pending::pending_hooks(th).signals)(th)
}

// Reports.

/// Report the exception that is set, as the end of a program does.
pub(crate) fn report(th: Thread<'_>) {
    print(th, true);
}

/// `sys.excepthook` for the exception that is set.
fn print(th: Thread<'_>, set_sys_last: bool) {
    let Some(exception) = th.swap_exception(None) else { return };
    if exception.obj().ty().is_subtype(exceptions::types::SystemExit()) {
        let status = vm::lifecycle::exit_status(th, exception.obj());
        std::process::exit(status);
    }
    let Some(sys) = th.interp().sys_dict.get() else { return };
    let base = BaseException::of(exception.obj());
    let none = || types::none().own();
    let traceback = base.and_then(BaseException::traceback).unwrap_or_else(none);
    let class = exception.obj().ty().obj().own();
    if set_sys_last {
        let names = [
            ("last_exc", &exception),
            ("last_type", &class),
            ("last_value", &exception),
            ("last_traceback", &traceback),
        ];
        for (name, value) in names {
            if let Err(raised) = sys.set_str(th, name, value.obj()) {
                th.clear_exception(raised);
            }
        }
    }
    let args = [class.obj(), exception.obj(), traceback.obj()];
    let hook = sys.get(th, id!(th, "excepthook").obj()).ok().flatten();
    let shown = hook.map(|hook| hook.call(th, &args));
    if let Some(Err(_)) = shown {
        (th.hooks().unraisable)(th, Some("Exception ignored in sys.excepthook"), None);
    }
}

#[capi]
fn PyErr_Print(th: Thread<'_>) {
    print(th, true);
}

#[capi]
fn PyErr_PrintEx(th: Thread<'_>, set_sys_last: c_int) {
    print(th, set_sys_last != 0);
}

#[capi]
fn PyErr_WriteUnraisable(th: Thread<'_>, object: Option<Obj<'_>>) {
    (th.hooks().unraisable)(th, None, object);
}

/// Show an exception on `sys.stderr` as `traceback` does or, where that fails,
/// as well as can be done without it.
fn display(th: Thread<'_>, exception: Obj<'_>) -> Result<()> {
    let shown =
        crate::modsupport::function(th, "traceback", "_print_exception_bltin", &[exception]);
    let Err(raised) = shown else { return Ok(()) };
    th.clear_exception(raised);
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    let file = sys.get(th, id!(th, "stderr").obj())?;
    let Some(file) = file.filter(|file| !file.obj().is_none()) else { return Ok(()) };
    let text = Str::new(th, &exceptions::report::format(th, exception))?;
    crate::modsupport::method(th, file.obj(), "write", &[text.obj()]).map(drop)
}

#[capi]
fn PyErr_DisplayException(th: Thread<'_>, exception: Obj<'_>) {
    let saved = th.swap_exception(None);
    if let Err(raised) = display(th, exception) {
        th.clear_exception(raised);
    }
    drop(th.swap_exception(saved));
}

#[capi]
fn PyErr_Display(
    th: Thread<'_>,
    _class: Option<Obj<'_>>,
    value: Option<Obj<'_>>,
    traceback: Option<Obj<'_>>,
) {
    let Some(value) = value else { return };
    if let Some(base) = BaseException::of(value)
        && base.traceback().is_none()
        && let Some(traceback) = traceback.filter(|traceback| !traceback.is_none())
    {
        base.set_traceback(Some(traceback.own()));
    }
    PyErr_DisplayException(th, value);
}

// Exception classes and instances.

fn new_exception(
    th: Thread<'_>,
    name: &CStr,
    doc: Option<&CStr>,
    bases: Option<Obj<'_>>,
    namespace: Option<Obj<'_>>,
) -> Result {
    let name = lossy(name).into_owned();
    let Some((module, short)) = name.rsplit_once('.') else {
        raise!(th, SystemError, "PyErr_NewException: name must be module.class");
    };
    let dict = match namespace.and_then(|namespace| namespace.downcast::<Dict>()) {
        Some(dict) => object::own(dict),
        None => Dict::new(th)?,
    };
    if !dict.contains(th, id!(th, "__module__").obj())? {
        dict.set(th, id!(th, "__module__").obj(), Str::intern(th, module)?.obj())?;
    }
    if let Some(doc) = doc {
        dict.set(th, id!(th, "__doc__").obj(), Str::new(th, &lossy(doc))?.obj())?;
    }
    let bases = match bases {
        Some(bases) if bases.downcast::<Tuple>().is_some() => bases.own(),
        Some(base) => Tuple::from_objs(th, &[base])?.upcast(),
        None => Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?.upcast(),
    };
    use object::PyStruct;
    let short = Str::new(th, short)?;
    Type::type_object().obj().call(th, &[short.obj(), bases.obj(), dict.obj()])
}

#[capi]
fn PyErr_NewException(
    th: Thread<'_>,
    name: &CStr,
    bases: Option<Obj<'_>>,
    dict: Option<Obj<'_>>,
) -> Result {
    new_exception(th, name, None, bases, dict)
}

#[capi]
fn PyErr_NewExceptionWithDoc(
    th: Thread<'_>,
    name: &CStr,
    doc: Option<&CStr>,
    bases: Option<Obj<'_>>,
    dict: Option<Obj<'_>>,
) -> Result {
    new_exception(th, name, doc, bases, dict)
}

#[capi]
fn PyExceptionClass_Name(class: &Type) -> *const c_char {
    class.slots().tp_name
}

#[capi]
fn PyException_GetTraceback(exception: Obj<'_>) -> Option<Ref> {
    BaseException::of(exception).and_then(BaseException::traceback)
}

#[capi]
fn PyException_SetTraceback(
    th: Thread<'_>,
    exception: Obj<'_>,
    traceback: Option<Obj<'_>>,
) -> Result<()> {
    exception.setattr(th, id!(th, "__traceback__"), traceback)
}

#[capi]
fn PyException_GetCause(exception: Obj<'_>) -> Option<Ref> {
    BaseException::of(exception).and_then(BaseException::cause)
}

#[capi]
fn PyException_SetCause(exception: Obj<'_>, cause: Option<Ref>) {
    if let Some(base) = BaseException::of(exception) {
        base.set_cause(cause);
    }
}

#[capi]
fn PyException_GetContext(exception: Obj<'_>) -> Option<Ref> {
    BaseException::of(exception).and_then(BaseException::context)
}

#[capi]
fn PyException_SetContext(exception: Obj<'_>, context: Option<Ref>) {
    if let Some(base) = BaseException::of(exception) {
        base.set_context(context);
    }
}

#[capi]
fn PyException_GetArgs(th: Thread<'_>, exception: Obj<'_>) -> Result<Option<Ref<Tuple>>> {
    BaseException::of(exception).map(|base| base.args(th)).transpose()
}

#[capi]
fn PyException_SetArgs(exception: Obj<'_>, args: Obj<'_>) {
    if let (Some(base), Some(args)) = (BaseException::of(exception), args.downcast::<Tuple>()) {
        base.set_args(object::own(args));
    }
}

#[capi]
fn PyUnstable_Exc_PrepReraiseStar(th: Thread<'_>, original: Obj<'_>, raised: Obj<'_>) -> Result {
    if BaseException::of(original).is_none() {
        raise!(th, TypeError, "orig must be an exception");
    }
    let Some(list) = raised.downcast::<object::List>() else {
        raise!(th, TypeError, "excs must be a list");
    };
    for item in list.to_vec() {
        if !item.obj().is_none() && BaseException::of(item.obj()).is_none() {
            raise!(th, TypeError, "item is not an exception");
        }
    }
    if BaseException::of(original).and_then(BaseException::traceback).is_none() {
        raise!(th, ValueError, "orig must be a raised exception");
    }
    exceptions::prepare_reraise_star(th, original, list)
}

// UnicodeError.

fn fields<'a>(th: Thread<'_>, exception: Obj<'a>) -> Result<&'a UnicodeFields> {
    match UnicodeFields::of(exception) {
        Some(fields) => Ok(fields),
        None => {
            raise!(th, TypeError, "expecting a UnicodeError object, got {}", exception.type_name())
        }
    }
}

macro_rules! unicode_errors {
    ($($start:ident $end:ident $set_start:ident $set_end:ident $object:ident $reason:ident $set_reason:ident;)*) => { $(
        #[capi]
        unsafe fn $start(th: Thread<'_>, exception: Obj<'_>, result: *mut isize) -> Result<()> {
            let value = fields(th, exception)?.start();
            // SAFETY: C passes a variable.
            unsafe { result.write(value) };
            Ok(())
        }

        #[capi]
        unsafe fn $end(th: Thread<'_>, exception: Obj<'_>, result: *mut isize) -> Result<()> {
            let value = fields(th, exception)?.end();
            // SAFETY: C passes a variable.
            unsafe { result.write(value) };
            Ok(())
        }

        #[capi]
        fn $set_start(th: Thread<'_>, exception: Obj<'_>, value: isize) -> Result<()> {
            fields(th, exception).map(|fields| fields.set_start(value))
        }

        #[capi]
        fn $set_end(th: Thread<'_>, exception: Obj<'_>, value: isize) -> Result<()> {
            fields(th, exception).map(|fields| fields.set_end(value))
        }

        #[capi]
        fn $object(th: Thread<'_>, exception: Obj<'_>) -> Result {
            match fields(th, exception)?.object() {
                Some(object) => Ok(object),
                None => raise!(th, TypeError, "UnicodeError 'object' attribute is not set"),
            }
        }

        #[capi]
        fn $reason(th: Thread<'_>, exception: Obj<'_>) -> Result {
            match fields(th, exception)?.reason() {
                Some(reason) => Ok(reason),
                None => raise!(th, TypeError, "UnicodeError 'reason' attribute is not set"),
            }
        }

        #[capi]
        fn $set_reason(th: Thread<'_>, exception: Obj<'_>, reason: &CStr) -> Result<()> {
            let reason = Str::new(th, &lossy(reason))?;
            fields(th, exception).map(|fields| fields.set_reason(reason.obj()))
        }
    )* };
}

unicode_errors! {
    PyUnicodeEncodeError_GetStart PyUnicodeEncodeError_GetEnd PyUnicodeEncodeError_SetStart PyUnicodeEncodeError_SetEnd PyUnicodeEncodeError_GetObject PyUnicodeEncodeError_GetReason PyUnicodeEncodeError_SetReason;
    PyUnicodeDecodeError_GetStart PyUnicodeDecodeError_GetEnd PyUnicodeDecodeError_SetStart PyUnicodeDecodeError_SetEnd PyUnicodeDecodeError_GetObject PyUnicodeDecodeError_GetReason PyUnicodeDecodeError_SetReason;
    PyUnicodeTranslateError_GetStart PyUnicodeTranslateError_GetEnd PyUnicodeTranslateError_SetStart PyUnicodeTranslateError_SetEnd PyUnicodeTranslateError_GetObject PyUnicodeTranslateError_GetReason PyUnicodeTranslateError_SetReason;
}

fn encoding(th: Thread<'_>, exception: Obj<'_>) -> Result {
    match fields(th, exception)?.encoding() {
        Some(encoding) => Ok(encoding),
        None => raise!(th, TypeError, "UnicodeError 'encoding' attribute is not set"),
    }
}

#[capi]
fn PyUnicodeEncodeError_GetEncoding(th: Thread<'_>, exception: Obj<'_>) -> Result {
    encoding(th, exception)
}

#[capi]
fn PyUnicodeDecodeError_GetEncoding(th: Thread<'_>, exception: Obj<'_>) -> Result {
    encoding(th, exception)
}

#[capi]
unsafe fn PyUnicodeDecodeError_Create(
    th: Thread<'_>,
    encoding: &CStr,
    object: *const c_char,
    length: isize,
    start: isize,
    end: isize,
    reason: &CStr,
) -> Result {
    // SAFETY: C passes that many bytes.
    let data =
        object::Bytes::new(th, unsafe { crate::unicodewriter::sized(object, length.max(0)) })?;
    let (encoding, reason) = (Str::new(th, &lossy(encoding))?, Str::new(th, &lossy(reason))?);
    let number = |value: isize| object::Int::from_i64(th, value as i64);
    let (start, end) = (number(start)?, number(end)?);
    let args = [encoding.obj(), data.obj(), start.obj(), end.obj(), reason.obj()];
    exceptions::types::UnicodeDecodeError().obj().call(th, &args)
}
