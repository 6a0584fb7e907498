//! `sysmodule.h`, `warnings.h`, `fileobject.h`, `osmodule.h`, `marshal.h`.

use std::ffi::{CStr, c_char, c_int};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Dict, Int, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id, raise, types,
};

use crate::{
    convert::{IntoC, c_name, lend, lossy, text_of},
    modsupport::{self, function, method},
    variadic::VaList,
};

#[capi]
fn PySys_GetObject(th: Thread<'_>, name: &CStr) -> *mut PyObject {
    let saved = th.swap_exception(None);
    let found = match th.interp().sys_dict.get() {
        Some(sys) => text_of(th, name).and_then(|name| sys.get(th, name.obj())),
        None => Ok(None),
    };
    if found.is_err() {
        (th.hooks().unraisable)(th, Some("Exception ignored in PySys_GetObject()"), None);
    }
    drop(th.swap_exception(saved));
    found.ok().flatten().map_or(std::ptr::null_mut(), lend)
}

fn required(th: Thread<'_>, name: &str) -> Result {
    let found = match th.interp().sys_dict.get() {
        Some(sys) => sys.get_str(th, name)?,
        None => None,
    };
    match found {
        Some(value) => Ok(value),
        None => raise!(th, RuntimeError, "lost sys.{name}"),
    }
}

#[capi]
fn PySys_GetAttrString(th: Thread<'_>, name: &CStr) -> Result {
    required(th, &lossy(name))
}

#[capi]
fn _PySys_GetRequiredAttrString(th: Thread<'_>, name: &CStr) -> Result {
    required(th, &lossy(name))
}

#[capi]
fn _PySys_GetRequiredAttr(th: Thread<'_>, name: Obj<'_>) -> Result {
    required(th, &name.str(th)?.to_string())
}

#[capi]
unsafe fn _PySys_GetOptionalAttrString(
    th: Thread<'_>,
    name: &CStr,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let value = match th.interp().sys_dict.get() {
        Some(sys) => sys.get_str(th, &lossy(name)),
        None => Ok(None),
    };
    // SAFETY: C passes a variable.
    unsafe { crate::abstract_::found(result, value) }
}

#[capi]
unsafe fn _PySys_GetOptionalAttr(
    th: Thread<'_>,
    name: Obj<'_>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let value = match th.interp().sys_dict.get() {
        Some(sys) => sys.get(th, name),
        None => Ok(None),
    };
    // SAFETY: C passes a variable.
    unsafe { crate::abstract_::found(result, value) }
}

#[capi]
fn PySys_SetObject(th: Thread<'_>, name: &CStr, value: Option<Obj<'_>>) -> Result<()> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    let name = c_name(th, name)?;
    match value {
        Some(value) => sys.set(th, name.obj(), value),
        None => sys.remove(th, name.obj()).map(drop),
    }
}

#[capi]
fn PySys_GetXOptions(th: Thread<'_>) -> Result<*mut PyObject> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(std::ptr::null_mut()) };
    if let Some(options) = sys.get_str(th, "_xoptions")?
        && options.obj().downcast::<Dict>().is_some()
    {
        return Ok(lend(options));
    }
    let options = Dict::new(th)?;
    sys.set_str(th, "_xoptions", options.obj())?;
    Ok(lend(options))
}

/// Write to a stream of `sys`, to the file descriptor if there is none.
fn write(th: Thread<'_>, stream: &str, descriptor: c_int, text: &str) {
    let saved = th.swap_exception(None);
    let written = required(th, stream).and_then(|file| {
        let text = Str::new(th, text)?;
        method(th, file.obj(), "write", &[text.obj()])
    });
    if let Err(raised) = written {
        th.clear_exception(raised);
        // SAFETY: the text is that long.
        unsafe { libc::write(descriptor, text.as_ptr().cast(), text.len()) };
    }
    drop(th.swap_exception(saved));
}

unsafe fn printf(format: *const c_char, va: *mut VaList) -> String {
    const MOST: usize = 1000;
    let mut buffer = vec![0u8; MOST + 1];
    // SAFETY: C passes what the format says.
    let written = unsafe {
        crate::pyerrors::PyOS_vsnprintf(buffer.as_mut_ptr().cast(), buffer.len(), format, va)
    };
    buffer.truncate((written.max(0) as usize).min(MOST));
    let mut text = String::from_utf8_lossy(&buffer).into_owned();
    if written as usize > MOST {
        text.push_str("... truncated");
    }
    text
}

macro_rules! writers {
    ($($printf:ident $format:ident $stream:literal $descriptor:literal;)*) => { $(
        pub(crate) unsafe extern "C" fn $printf(format: *const c_char, va: *mut VaList) {
            // SAFETY: C calls the API on attached threads, with what the format says.
            let (th, text) = unsafe { (Thread::current(), printf(format, va)) };
            write(th, $stream, $descriptor, &text);
        }

        pub(crate) unsafe extern "C" fn $format(format: *const c_char, va: *mut VaList) {
            // SAFETY: C calls the API on attached threads.
            let th = unsafe { Thread::current() };
            let saved = th.swap_exception(None);
            // SAFETY: C passes what the format says.
            let text = unsafe { crate::unicode_format::expand(th, format, &mut *va) };
            drop(th.swap_exception(saved));
            if let Ok(text) = text {
                write(th, $stream, $descriptor, &text.to_string());
            }
        }
    )* };
}

writers! {
    write_stdout format_stdout "stdout" 1;
    write_stderr format_stderr "stderr" 2;
}

fn audit_event(th: Thread<'_>, event: Obj<'_>, args: &[Obj<'_>]) -> Result<()> {
    let mut all = vec![event];
    all.extend(args);
    let sys = vm::import::import_module(th, id!(th, "sys"))?;
    method(th, sys.obj(), "audit", &all).map(drop)
}

/// `PySys_Audit` with a list.
pub(crate) unsafe extern "C" fn audit(
    event: *const c_char,
    format: *const c_char,
    va: *mut VaList,
) -> c_int {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let values = modsupport::values(th, format, &mut *va);
        values
            .and_then(|values| {
                let event = text_of(th, CStr::from_ptr(event))?;
                audit_event(th, event.obj(), object::args::borrow_all(&values))
            })
            .into_c()
    }
}

#[capi]
fn PySys_AuditTuple(th: Thread<'_>, event: &CStr, args: Option<Obj<'_>>) -> Result<()> {
    let args = match args {
        Some(args) => match args.downcast::<Tuple>() {
            Some(args) => args.items(),
            None => raise!(th, TypeError, "args must be tuple, got {}", args.type_name()),
        },
        None => &[],
    };
    audit_event(th, text_of(th, event)?.obj(), args)
}

#[capi]
fn _PySys_GetSizeOf(th: Thread<'_>, object: Obj<'_>) -> Result<usize> {
    let size = function(th, "sys", "getsizeof", &[object])?;
    Int::index_to_isize(th, size.obj()).map(|size| size as usize)
}

// Files.

#[capi]
fn PyFile_WriteObject(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    file: Option<Obj<'_>>,
    flags: c_int,
) -> Result<()> {
    let Some(file) = file else {
        raise!(th, TypeError, "writeobject with NULL file");
    };
    let text = match object {
        Some(object) if flags & 1 != 0 => object.str(th)?,
        Some(object) => object.repr(th)?,
        None => Str::new(th, "<NULL>")?,
    };
    method(th, file, "write", &[text.obj()]).map(drop)
}

#[capi]
fn PyFile_WriteString(th: Thread<'_>, text: &CStr, file: Option<Obj<'_>>) -> Result<()> {
    let Some(file) = file else {
        if !th.is_raised() {
            raise!(th, SystemError, "null file for PyFile_WriteString");
        }
        return Err(object::Raised);
    };
    if th.is_raised() {
        return Err(object::Raised);
    }
    let text = text_of(th, text)?;
    method(th, file, "write", &[text.obj()]).map(drop)
}

#[capi]
fn PyFile_GetLine(th: Thread<'_>, file: Obj<'_>, count: c_int) -> Result {
    let limit = Int::from_i64(th, i64::from(count))?;
    let line = if count > 0 {
        method(th, file, "readline", &[limit.obj()])?
    } else {
        method(th, file, "readline", &[])?
    };
    let (text, bytes) = (line.obj().downcast::<Str>(), line.obj().downcast::<object::Bytes>());
    let length = match (text, bytes) {
        (Some(text), _) => text.len(),
        (_, Some(bytes)) => bytes.len(),
        _ => raise!(th, TypeError, "object.readline() returned non-string"),
    };
    if count >= 0 {
        return Ok(line);
    }
    if length == 0 {
        raise!(th, EOFError, "EOF when reading a line");
    }
    match (text, bytes) {
        (Some(text), _) if text.get(length - 1) == Some(10) => {
            text.slice(th, 0, length - 1).map(Ref::upcast)
        }
        (_, Some(bytes)) => {
            let data = bytes.as_bytes();
            object::Bytes::new(th, data.strip_suffix(b"\n").unwrap_or(data)).map(Ref::upcast)
        }
        _ => Ok(line),
    }
}

#[capi]
fn PyObject_AsFileDescriptor(th: Thread<'_>, object: Obj<'_>) -> Result<c_int> {
    let number = if Int::is_int(object) {
        if object.is_exact::<types::Bool>() {
            let message = Str::new(th, "bool is used as a file descriptor")?;
            let category = object::exceptions::types::RuntimeWarning();
            (th.hooks().warn)(th, category.obj(), &message, 1)?;
        }
        object.own()
    } else {
        let Some(fileno) = object.getattr_opt(th, id!(th, "fileno"))? else {
            raise!(th, TypeError, "argument must be an int, or have a fileno() method.");
        };
        let number = fileno.call(th, &[])?;
        if !Int::is_int(number.obj()) {
            raise!(th, TypeError, "fileno() returned a non-integer");
        }
        number
    };
    let value = Int::to_i64(number.obj()).and_then(|value| c_int::try_from(value).ok());
    match value {
        Some(value) if value >= 0 => Ok(value),
        Some(value) => {
            raise!(th, ValueError, "file descriptor cannot be a negative integer ({value})")
        }
        None => raise!(th, OverflowError, "Python int too large to convert to C int"),
    }
}

#[capi]
fn PyFile_FromFd(
    th: Thread<'_>,
    descriptor: c_int,
    _name: *const c_char,
    mode: Option<&CStr>,
    buffering: c_int,
    encoding: Option<&CStr>,
    errors: Option<&CStr>,
    newline: Option<&CStr>,
    close: c_int,
) -> Result {
    let text = |value: Option<&CStr>| match value {
        Some(value) => text_of(th, value).map(Ref::upcast),
        None => Ok(types::none().own()),
    };
    let mode = text(Some(mode.unwrap_or(c"r")))?;
    let (number, buffering) =
        (Int::from_i64(th, i64::from(descriptor))?, Int::from_i64(th, i64::from(buffering))?);
    let (encoding, errors, newline) = (text(encoding)?, text(errors)?, text(newline)?);
    let args = [
        number.obj(),
        mode.obj(),
        buffering.obj(),
        encoding.obj(),
        errors.obj(),
        newline.obj(),
        types::bool_(close != 0),
    ];
    function(th, "io", "open", &args)
}

#[capi]
unsafe fn PyObject_Print(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    file: *mut libc::FILE,
    flags: c_int,
) -> Result<()> {
    // SAFETY: C passes an open file.
    unsafe { libc::clearerr(file) };
    let bytes = match object {
        // SAFETY: C passes an object, which may be one that nobody owns.
        Some(object) if object.refcount() == 0 => {
            format!("<refcnt 0 at {:p}>", object.as_ptr()).into_bytes()
        }
        Some(object) => {
            let text = if flags & 1 != 0 { object.str(th)? } else { object.repr(th)? };
            let bytes = types::str::codec::encode(th, &text, "utf-8", "backslashreplace")?;
            bytes.obj().downcast::<object::Bytes>().map_or_else(Vec::new, |it| it.as_bytes().into())
        }
        None => b"<nil>".to_vec(),
    };
    // SAFETY: an open file, and as many bytes.
    let failed = unsafe {
        libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), file);
        libc::ferror(file) != 0
    };
    if !failed {
        return Ok(());
    }
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    // SAFETY: as above.
    unsafe { libc::clearerr(file) };
    Err(object::exceptions::os_error(th, errno, None))
}

#[capi]
fn PyFile_OpenCodeObject(th: Thread<'_>, path: Obj<'_>) -> Result {
    function(th, "io", "open_code", &[path])
}

#[capi]
fn PyFile_OpenCode(th: Thread<'_>, path: &CStr) -> Result {
    function(th, "io", "open_code", &[text_of(th, path)?.obj()])
}

// Marshal, which lives in its module.

#[capi]
fn PyMarshal_WriteObjectToString(th: Thread<'_>, object: Obj<'_>, version: c_int) -> Result {
    let version = Int::from_i64(th, i64::from(version))?;
    function(th, "marshal", "dumps", &[object, version.obj()])
}

#[capi]
unsafe fn PyMarshal_ReadObjectFromString(
    th: Thread<'_>,
    data: *const c_char,
    size: isize,
) -> Result {
    // SAFETY: C passes that many bytes.
    let data = object::Bytes::new(th, unsafe { crate::unicodewriter::sized(data, size.max(0)) })?;
    function(th, "marshal", "loads", &[data.obj()])
}

// Struct sequences.

#[capi]
fn PyStructSequence_New(th: Thread<'_>, ty: &object::Type) -> Result {
    types::structseq::unfilled(th, ty)
}

#[capi]
fn PyStructSequence_SetItem(object: Obj<'_>, index: isize, value: Option<Ref>) {
    types::structseq::set_item(object, index.max(0) as usize, value);
}

#[capi]
fn PyStructSequence_GetItem(object: Obj<'_>, index: isize) -> *mut PyObject {
    types::structseq::get_item(object, index.max(0) as usize).as_ptr()
}

/// The name of a field that has none.
#[unsafe(no_mangle)]
static PyStructSequence_UnnamedField: TextPointer = TextPointer(UNNAMED.as_ptr());
const UNNAMED: &CStr = c"unnamed field";

/// A `const char *` that C code reads.
#[repr(transparent)]
struct TextPointer(#[allow(dead_code, reason = "read by C code")] *const c_char);

// SAFETY: the text is a constant.
unsafe impl Sync for TextPointer {}

#[capi]
unsafe fn PyStructSequence_NewType(
    th: Thread<'_>,
    description: *mut abi::PyStructSequence_Desc,
) -> Result<Ref<object::Type>> {
    // SAFETY: C passes a description.
    types::structseq::make_type(th, unsafe { description_of(description) })
}

#[capi]
unsafe fn PyStructSequence_InitType2(
    th: Thread<'_>,
    ty: *mut abi::PyTypeObject,
    description: *mut abi::PyStructSequence_Desc,
) -> Result<()> {
    // SAFETY: C passes a static type and a description.
    unsafe {
        if !(*ty).tp_name.is_null() {
            // The first call made it.
            return Ok(());
        }
        types::structseq::init_type(th, ty, description_of(description))
    }
}

#[capi]
unsafe fn PyStructSequence_InitType(
    th: Thread<'_>,
    ty: *mut abi::PyTypeObject,
    description: *mut abi::PyStructSequence_Desc,
) {
    // SAFETY: C passes a static type and a description.
    if let Err(raised) = unsafe { PyStructSequence_InitType2(th, ty, description) } {
        th.clear_exception(raised);
    }
}

/// A description of C code; a type keeps it for ever.
///
/// # Safety
///
/// `description` is one whose fields end with one that has no name.
unsafe fn description_of(
    description: *mut abi::PyStructSequence_Desc,
) -> &'static types::structseq::Description {
    // SAFETY: for the whole function: the caller's promise.
    unsafe {
        let text = |text: *const c_char| -> &'static str {
            let owned = if text.is_null() {
                String::new()
            } else {
                lossy(CStr::from_ptr(text)).into_owned()
            };
            Box::leak(owned.into_boxed_str())
        };
        let description = &*description;
        let (mut fields, mut next) = (Vec::new(), description.fields);
        while !(*next).name.is_null() {
            let name = text((*next).name);
            let shown = if Some(name) == UNNAMED.to_str().ok() { "" } else { name };
            fields.push((shown, text((*next).doc)));
            next = next.add(1);
        }
        let visible = (description.n_in_sequence.max(0) as usize).min(fields.len());
        Box::leak(Box::new(types::structseq::Description {
            name: text(description.name),
            doc: text(description.doc),
            fields: Vec::leak(fields),
            visible,
            instantiable: true,
        }))
    }
}
