//! Functions that take a `FILE *`: `Py_fopen`, marshal, running files.

use std::ffi::{CStr, c_char, c_int, c_long};

use abi::PyCompilerFlags;
use libc::FILE;
use macros::capi;
use object::{
    AsObject, Bytes, Dict, Int, Obj, Protocol, Raised, Ref, Result, Str, Thread, error, exceptions,
    id, raise, types,
};

use crate::{
    convert::text_of,
    modsupport::{function, method},
    pythonrun,
};

/// `os.fsencode(path)`, for calls of C: without a null byte.
fn encoded_path(th: Thread<'_>, path: Obj<'_>) -> Result<std::ffi::CString> {
    let path = object::protocol::path::fspath(th, path)?;
    let bytes = match (path.obj().downcast::<Str>(), path.obj().downcast::<Bytes>()) {
        (Some(text), _) => types::str::codec::encode_fs(th, text)?.as_bytes().to_vec(),
        (None, Some(bytes)) => bytes.as_bytes().to_vec(),
        (None, None) => Vec::new(),
    };
    match std::ffi::CString::new(bytes) {
        Ok(path) => Ok(path),
        Err(_) => raise!(th, ValueError, "embedded null byte"),
    }
}

#[capi]
unsafe fn Py_fopen(th: Thread<'_>, path: Obj<'_>, mode: &CStr) -> Result<*mut FILE> {
    let shown = text_of(th, mode)?;
    let zero = Int::from_i64(th, 0)?;
    (th.hooks().audit)(th, "open", &[path, shown.obj(), zero.obj()])?;
    let name = encoded_path(th, path)?;
    // SAFETY: two C strings.
    let file = th.allow_threads(|| unsafe { libc::fopen(name.as_ptr(), mode.as_ptr()) });
    if file.is_null() {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        return Err(exceptions::os_error(th, errno, Some(path)));
    }
    // SAFETY: an open file.
    let descriptor = unsafe { libc::fileno(file) };
    // SAFETY: its own descriptor, which programs that are started must not get.
    unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    Ok(file)
}

#[capi]
unsafe fn Py_fclose(file: *mut FILE) -> c_int {
    // SAFETY: C passes an open file.
    unsafe { libc::fclose(file) }
}

#[capi]
fn _Py_IsValidFD(descriptor: c_int) -> bool {
    // SAFETY: any number is checked.
    descriptor >= 0 && unsafe { libc::fcntl(descriptor, libc::F_GETFD) } >= 0
}

/// As `fgets`; `\r` and `\r\n` are ends of lines, and read as `\n`.
#[capi]
unsafe fn Py_UniversalNewlineFgets(
    buffer: *mut c_char,
    size: c_int,
    file: *mut FILE,
    _object: *mut abi::PyObject,
) -> *mut c_char {
    const RETURN: c_int = b'\r' as c_int;
    const NEWLINE: c_int = b'\n' as c_int;
    let mut count = 0;
    // SAFETY: for the whole function: C passes an open file and as many bytes.
    unsafe {
        while count + 1 < size {
            let mut byte = libc::fgetc(file);
            if byte == libc::EOF {
                break;
            }
            if byte == RETURN {
                byte = NEWLINE;
                let next = libc::fgetc(file);
                if next != NEWLINE && next != libc::EOF {
                    libc::ungetc(next, file);
                }
            }
            buffer.add(count as usize).write(byte as c_char);
            count += 1;
            if byte == NEWLINE {
                break;
            }
        }
        buffer.add(count as usize).write(0);
    }
    if count == 0 { std::ptr::null_mut() } else { buffer }
}

/// Up to `limit` bytes of a file.
///
/// # Safety
///
/// `file` is open for reading.
unsafe fn read(file: *mut FILE, limit: usize) -> Vec<u8> {
    let (mut all, mut part) = (Vec::new(), [0u8; 8192]);
    while all.len() < limit {
        let want = part.len().min(limit - all.len());
        // SAFETY: the caller's promise; `part` has that much room.
        let got = unsafe { libc::fread(part.as_mut_ptr().cast(), 1, want, file) };
        all.extend_from_slice(part.get(..got).unwrap_or_default());
        if got < want {
            break;
        }
    }
    all
}

/// What is left of a file.
unsafe fn read_rest(file: *mut FILE) -> Vec<u8> {
    // SAFETY: the caller's promise.
    unsafe { read(file, usize::MAX) }
}

// Marshal, which lives in its module.

unsafe fn write(file: *mut FILE, bytes: &[u8]) {
    // SAFETY: the caller's promise; C code asks the file for errors.
    unsafe { libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), file) };
}

#[capi]
unsafe fn PyMarshal_WriteLongToFile(value: c_long, file: *mut FILE, _version: c_int) {
    // SAFETY: C passes an open file.
    unsafe { write(file, &(value as i32).to_le_bytes()) };
}

#[capi]
unsafe fn PyMarshal_WriteObjectToFile(
    th: Thread<'_>,
    object: Obj<'_>,
    file: *mut FILE,
    version: c_int,
) {
    let bytes = Int::from_i64(th, i64::from(version))
        .and_then(|version| function(th, "marshal", "dumps", &[object, version.obj()]));
    if let Ok(bytes) = bytes
        && let Some(bytes) = bytes.obj().downcast::<Bytes>()
    {
        // SAFETY: C passes an open file.
        unsafe { write(file, bytes.as_bytes()) };
    }
}

unsafe fn read_exactly<const N: usize>(th: Thread<'_>, file: *mut FILE) -> Result<[u8; N]> {
    // SAFETY: the caller's promise.
    match unsafe { read(file, N) }.try_into() {
        Ok(bytes) => Ok(bytes),
        Err(_) => raise!(th, EOFError, "EOF read where data expected"),
    }
}

#[capi]
unsafe fn PyMarshal_ReadLongFromFile(th: Thread<'_>, file: *mut FILE) -> Result<c_long> {
    // SAFETY: C passes an open file.
    let bytes = unsafe { read_exactly(th, file)? };
    Ok(c_long::from(i32::from_le_bytes(bytes)))
}

#[capi]
unsafe fn PyMarshal_ReadShortFromFile(th: Thread<'_>, file: *mut FILE) -> Result<c_int> {
    // SAFETY: C passes an open file.
    let bytes = unsafe { read_exactly(th, file)? };
    Ok(c_int::from(i16::from_le_bytes(bytes)))
}

/// The object at the start of `data`, and how many bytes it takes.
fn unmarshal(th: Thread<'_>, data: &[u8]) -> Result<(Ref, i64)> {
    let data = Bytes::new(th, data)?;
    let stream = function(th, "io", "BytesIO", &[data.obj()])?;
    let object = function(th, "marshal", "load", &[stream.obj()])?;
    let position = method(th, stream.obj(), "tell", &[])?;
    Ok((object, Int::to_i64(position.obj()).unwrap_or(0)))
}

/// The file is left behind the object.
#[capi]
unsafe fn PyMarshal_ReadObjectFromFile(th: Thread<'_>, file: *mut FILE) -> Result {
    // SAFETY: for the whole function: C passes an open file.
    unsafe {
        let start = libc::ftell(file);
        let (object, size) = unmarshal(th, &read_rest(file))?;
        if start >= 0 {
            libc::fseek(file, start + size, libc::SEEK_SET);
        }
        Ok(object)
    }
}

#[capi]
unsafe fn PyMarshal_ReadLastObjectFromFile(th: Thread<'_>, file: *mut FILE) -> Result {
    // SAFETY: C passes an open file.
    unmarshal(th, &unsafe { read_rest(file) }).map(|(object, _)| object)
}

// Programs in files.

/// The rest of a file as source text.
unsafe fn source(file: *mut FILE, close: c_int) -> Vec<u8> {
    // SAFETY: the caller's promise.
    let text = unsafe { read_rest(file) };
    if close != 0 {
        // SAFETY: the caller gives the file away.
        unsafe { libc::fclose(file) };
    }
    text
}

#[capi]
unsafe fn PyRun_FileExFlags(
    th: Thread<'_>,
    file: *mut FILE,
    filename: &CStr,
    start: c_int,
    globals: Obj<'_>,
    locals: Option<Obj<'_>>,
    close: c_int,
    flags: *mut PyCompilerFlags,
) -> Result {
    let filename = types::str::codec::decode_fs(th, filename.to_bytes())?;
    // SAFETY: C passes an open file.
    let source = unsafe { source(file, close) };
    // SAFETY: C passes null or flags.
    unsafe { pythonrun::run(th, &source, filename.obj(), start, globals, locals, flags) }
}

macro_rules! run_file {
    ($($name:ident($($arg:ident: $ty:ty),*) = $close:expr, $flags:expr;)*) => { $(
        #[capi]
        unsafe fn $name(
            th: Thread<'_>,
            file: *mut FILE,
            filename: &CStr,
            start: c_int,
            globals: Obj<'_>,
            locals: Option<Obj<'_>>,
            $($arg: $ty),*
        ) -> Result {
            // SAFETY: C passes an open file, and null or flags.
            unsafe {
                PyRun_FileExFlags(th, file, filename, start, globals, locals, $close, $flags)
            }
        }
    )* };
}

run_file! {
    PyRun_File() = 0, std::ptr::null_mut();
    PyRun_FileEx(close: c_int) = close, std::ptr::null_mut();
    PyRun_FileFlags(flags: *mut PyCompilerFlags) = 0, flags;
}

/// Run a file in `__main__`, whose `__file__` it is meanwhile; errors are
/// reported.
unsafe fn run_simple(
    th: Thread<'_>,
    file: *mut FILE,
    filename: Option<&CStr>,
    close: c_int,
    flags: *mut PyCompilerFlags,
) -> Result<()> {
    let name = types::str::codec::decode_fs(th, filename.unwrap_or(c"???").to_bytes())?;
    // SAFETY: the caller's promise.
    let source = unsafe { source(file, close) };
    let namespace = pythonrun::main_namespace(th)?;
    let key = id!(th, "__file__");
    let is_new = !namespace.contains(th, key.obj())?;
    if is_new {
        namespace.set(th, key.obj(), name.obj())?;
    }
    if filename.is_some_and(|filename| filename != c"<stdin>") {
        let external = "importlib._bootstrap_external";
        let main = Str::intern(th, "__main__")?;
        let loader = function(th, external, "SourceFileLoader", &[main.obj(), name.obj()])?;
        namespace.set_str(th, "__loader__", loader.obj())?;
    }
    let main = Some(namespace.obj());
    // SAFETY: the caller's promise.
    let result =
        unsafe { pythonrun::run(th, &source, name.obj(), 257, namespace.obj(), main, flags) };
    let result = pythonrun::report(th, result);
    if is_new {
        namespace.remove(th, key.obj())?;
    }
    result
}

#[capi]
unsafe fn PyRun_SimpleFileExFlags(
    th: Thread<'_>,
    file: *mut FILE,
    filename: Option<&CStr>,
    close: c_int,
    flags: *mut PyCompilerFlags,
) -> Result<()> {
    // SAFETY: C passes an open file, and null or flags.
    let result = unsafe { run_simple(th, file, filename, close, flags) };
    pythonrun::report(th, result)
}

#[capi]
unsafe fn PyRun_AnyFileExFlags(
    th: Thread<'_>,
    file: *mut FILE,
    filename: Option<&CStr>,
    close: c_int,
    flags: *mut PyCompilerFlags,
) -> Result<()> {
    // SAFETY: C passes an open file.
    if !unsafe { is_terminal(file) } {
        // SAFETY: C passes an open file, and null or flags.
        return unsafe { PyRun_SimpleFileExFlags(th, file, filename, close, flags) };
    }
    // SAFETY: as above.
    unsafe { PyRun_InteractiveLoopFlags(th, file, filename, flags) };
    if close != 0 {
        // SAFETY: C gives the file away.
        unsafe { libc::fclose(file) };
    }
    Ok(())
}

unsafe fn is_terminal(file: *mut FILE) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::isatty(libc::fileno(file)) != 0 }
}

macro_rules! run_program {
    ($($name:ident($($arg:ident: $ty:ty),*) = $run:ident($close:expr, $flags:expr);)*) => { $(
        #[capi]
        unsafe fn $name(
            th: Thread<'_>,
            file: *mut FILE,
            filename: Option<&CStr>,
            $($arg: $ty),*
        ) -> Result<()> {
            // SAFETY: C passes an open file, and null or flags.
            unsafe { $run(th, file, filename, $close, $flags) }
        }
    )* };
}

run_program! {
    PyRun_SimpleFile() = PyRun_SimpleFileExFlags(0, std::ptr::null_mut());
    PyRun_SimpleFileEx(close: c_int) = PyRun_SimpleFileExFlags(close, std::ptr::null_mut());
    PyRun_AnyFile() = PyRun_AnyFileExFlags(0, std::ptr::null_mut());
    PyRun_AnyFileEx(close: c_int) = PyRun_AnyFileExFlags(close, std::ptr::null_mut());
    PyRun_AnyFileFlags(flags: *mut PyCompilerFlags) = PyRun_AnyFileExFlags(0, flags);
}

/// The next statement of a file of interactive input, with the prompts of
/// `sys`; `None` at the end of the file.
unsafe fn statement(th: Thread<'_>, file: *mut FILE, filename: Obj<'_>) -> Result<Option<Ref>> {
    let single = Str::new(th, "single")?;
    let mut text = Vec::new();
    loop {
        prompt(th, if text.is_empty() { "ps1" } else { "ps2" })?;
        // SAFETY: the caller's promise.
        let line = unsafe { read_line(file) };
        let is_end = line.is_empty();
        if is_end && text.is_empty() {
            return Ok(None);
        }
        text.extend_from_slice(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            text.clear();
            continue;
        }
        let source = Str::new(th, &String::from_utf8_lossy(&text))?;
        let args = [source.obj(), filename, single.obj()];
        let code = function(th, "codeop", "compile_command", &args)?;
        if !code.obj().is_none() {
            return Ok(Some(code));
        }
        if is_end {
            return function(th, "builtins", "compile", &args).map(Some);
        }
    }
}

fn prompt(th: Thread<'_>, name: &str) -> Result<()> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    if let (Some(prompt), Some(stream)) = (sys.get_str(th, name)?, sys.get_str(th, "stderr")?)
        && !stream.obj().is_none()
    {
        let prompt = prompt.str(th)?;
        method(th, stream.obj(), "write", &[prompt.obj()])?;
        method(th, stream.obj(), "flush", &[])?;
    }
    Ok(())
}

unsafe fn read_line(file: *mut FILE) -> Vec<u8> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        // SAFETY: the caller's promise.
        let byte = unsafe { libc::fgetc(file) };
        match u8::try_from(byte) {
            Ok(byte) => line.push(byte),
            Err(_) => break,
        }
    }
    line
}

/// What [`run_one`] and the functions based on it return at the end of a file.
const END_OF_FILE: c_int = 11;

/// Run one statement in `__main__`: 0, -1 for an error that was reported, or
/// [`END_OF_FILE`].
unsafe fn run_one(th: Thread<'_>, file: *mut FILE, filename: Obj<'_>) -> c_int {
    let run = || -> Result<bool> {
        // SAFETY: the caller's promise.
        let Some(code) = (unsafe { statement(th, file, filename)? }) else { return Ok(false) };
        let namespace: Ref<Dict> = pythonrun::main_namespace(th)?;
        let Some(code) = code.obj().downcast::<object::Code>() else { return Ok(true) };
        (th.hooks().eval_code)(th, code, &namespace, Some(namespace.obj()), None)?;
        Ok(true)
    };
    match run() {
        Ok(true) => 0,
        Ok(false) => END_OF_FILE,
        Err(raised) => pythonrun::report::<()>(th, Err(raised)).map_or(-1, |()| 0),
    }
}

#[capi]
unsafe fn PyRun_InteractiveOneObject(
    th: Thread<'_>,
    file: *mut FILE,
    filename: Obj<'_>,
    _flags: *mut PyCompilerFlags,
) -> c_int {
    // SAFETY: C passes an open file.
    if filename.downcast::<Str>().is_none() {
        let error = raised_type_error(th, filename);
        return pythonrun::report::<()>(th, Err(error)).map_or(-1, |()| 0);
    }
    // SAFETY: as above.
    unsafe { run_one(th, file, filename) }
}

fn raised_type_error(th: Thread<'_>, filename: Obj<'_>) -> Raised {
    error!(th, TypeError, "expected str, got {}", filename.type_name())
}

#[capi]
unsafe fn PyRun_InteractiveOneFlags(
    th: Thread<'_>,
    file: *mut FILE,
    filename: Option<&CStr>,
    _flags: *mut PyCompilerFlags,
) -> c_int {
    match types::str::codec::decode_fs(th, filename.unwrap_or(c"???").to_bytes()) {
        // SAFETY: C passes an open file.
        Ok(filename) => unsafe { run_one(th, file, filename.obj()) },
        Err(raised) => pythonrun::report::<()>(th, Err(raised)).map_or(-1, |()| 0),
    }
}

#[capi]
unsafe fn PyRun_InteractiveOne(th: Thread<'_>, file: *mut FILE, filename: Option<&CStr>) -> c_int {
    // SAFETY: C passes an open file.
    unsafe { PyRun_InteractiveOneFlags(th, file, filename, std::ptr::null_mut()) }
}

#[capi]
unsafe fn PyRun_InteractiveLoopFlags(
    th: Thread<'_>,
    file: *mut FILE,
    filename: Option<&CStr>,
    flags: *mut PyCompilerFlags,
) -> c_int {
    if let Some(sys) = th.interp().sys_dict.get() {
        for (name, text) in [("ps1", ">>> "), ("ps2", "... ")] {
            let missing = matches!(sys.get_str(th, name), Ok(None));
            let set = || sys.set_str(th, name, Str::new(th, text)?.obj());
            if missing && let Err(raised) = set() {
                th.clear_exception(raised);
            }
        }
    }
    // SAFETY: C passes an open file, and null or flags.
    while unsafe { PyRun_InteractiveOneFlags(th, file, filename, flags) } != END_OF_FILE {}
    0
}

#[capi]
unsafe fn PyRun_InteractiveLoop(th: Thread<'_>, file: *mut FILE, filename: Option<&CStr>) -> c_int {
    // SAFETY: C passes an open file.
    unsafe { PyRun_InteractiveLoopFlags(th, file, filename, std::ptr::null_mut()) }
}
