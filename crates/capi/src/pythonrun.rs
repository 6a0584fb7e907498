//! `pythonrun.h` and `pylifecycle.h`: running programs, facts of the runtime.
//!
//! The runtime is the program, so that it is initialised before C code runs and
//! ends after it; starting another is what is missing here.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_ulong, c_void},
    sync::OnceLock,
};

use macros::capi;
use object::{AsObject, Dict, Int, Obj, Protocol, Ref, Result, Str, Thread, id, raise, types};

use crate::{convert::lossy, modsupport::function};

/// `compile(source, filename, mode, flags, …)`.
fn compile(
    th: Thread<'_>,
    source: &[u8],
    filename: Obj<'_>,
    start: c_int,
    flags: *mut abi::PyCompilerFlags,
    optimize: c_int,
) -> Result {
    let mode = match start {
        256 => "single",
        257 => "exec",
        258 => "eval",
        345 => "func_type",
        _ => raise!(th, ValueError, "mode must be 'exec', 'eval', 'single' or 'func_type'"),
    };
    // SAFETY: C passes null or flags.
    let bits = unsafe { flags.as_ref() }.map_or(0, |flags| flags.cf_flags);
    // Text has no cookie to heed: it is UTF-8.
    let source = if bits & (abi::PyCF_SOURCE_IS_UTF8 | abi::PyCF_IGNORE_COOKIE) != 0 {
        types::str::codec::decode(th, source, "utf-8", "strict")?.upcast()
    } else {
        object::Bytes::new(th, source)?.upcast()
    };
    let known = abi::PyCF_MASK | abi::PyCF_MASK_OBSOLETE | abi::PyCF_COMPILE_MASK;
    let bits = Int::from_i64(th, i64::from(bits & known))?;
    let (mode, optimize) = (Str::new(th, mode)?, Int::from_i64(th, i64::from(optimize))?);
    let args = [source.obj(), filename, mode.obj(), bits.obj(), types::bool_(true), optimize.obj()];
    function(th, "builtins", "compile", &args)
}

#[capi]
unsafe fn Py_CompileString(th: Thread<'_>, source: &CStr, filename: &CStr, start: c_int) -> Result {
    // SAFETY: null flags.
    unsafe { Py_CompileStringExFlags(th, source, filename, start, std::ptr::null_mut(), -1) }
}

#[capi]
unsafe fn Py_CompileStringFlags(
    th: Thread<'_>,
    source: &CStr,
    filename: &CStr,
    start: c_int,
    flags: *mut abi::PyCompilerFlags,
) -> Result {
    // SAFETY: C passes null or flags.
    unsafe { Py_CompileStringExFlags(th, source, filename, start, flags, -1) }
}

#[capi]
unsafe fn Py_CompileStringExFlags(
    th: Thread<'_>,
    source: &CStr,
    filename: &CStr,
    start: c_int,
    flags: *mut abi::PyCompilerFlags,
    optimize: c_int,
) -> Result {
    let filename = types::str::codec::decode_fs(th, filename.to_bytes())?;
    compile(th, source.to_bytes(), filename.obj(), start, flags, optimize)
}

#[capi]
unsafe fn Py_CompileStringObject(
    th: Thread<'_>,
    source: &CStr,
    filename: Obj<'_>,
    start: c_int,
    flags: *mut abi::PyCompilerFlags,
    optimize: c_int,
) -> Result {
    compile(th, source.to_bytes(), filename, start, flags, optimize)
}

/// Run source text in namespaces.
///
/// # Safety
///
/// `flags` is null or points to flags.
pub(crate) unsafe fn run(
    th: Thread<'_>,
    source: &[u8],
    filename: Obj<'_>,
    start: c_int,
    globals: Obj<'_>,
    locals: Option<Obj<'_>>,
    flags: *mut abi::PyCompilerFlags,
) -> Result {
    let code = compile(th, source, filename, start, flags, -1)?;
    let (Some(code), Some(globals)) =
        (code.obj().downcast::<object::Code>(), globals.downcast::<Dict>())
    else {
        raise!(th, SystemError, "globals must be a dict");
    };
    if !globals.contains(th, id!(th, "__builtins__").obj())?
        && let Some(builtins) = th.interp().builtins.get()
    {
        globals.set(th, id!(th, "__builtins__").obj(), builtins.obj())?;
    }
    let locals = locals.unwrap_or(globals.obj());
    (th.hooks().eval_code)(th, code, globals, Some(locals), None)
}

#[capi]
unsafe fn PyRun_StringFlags(
    th: Thread<'_>,
    source: &CStr,
    start: c_int,
    globals: Obj<'_>,
    locals: Option<Obj<'_>>,
    flags: *mut abi::PyCompilerFlags,
) -> Result {
    let filename = Str::new(th, "<string>")?;
    // SAFETY: C passes null or flags.
    unsafe { run(th, source.to_bytes(), filename.obj(), start, globals, locals, flags) }
}

#[capi]
unsafe fn PyRun_String(
    th: Thread<'_>,
    source: &CStr,
    start: c_int,
    globals: Obj<'_>,
    locals: Option<Obj<'_>>,
) -> Result {
    // SAFETY: null flags.
    unsafe { PyRun_StringFlags(th, source, start, globals, locals, std::ptr::null_mut()) }
}

/// The namespace of `__main__`.
pub(crate) fn main_namespace(th: Thread<'_>) -> Result<Ref<Dict>> {
    let main = vm::import::import_module(th, id!(th, "__main__"))?;
    match main.getattr(th, id!(th, "__dict__"))?.downcast::<Dict>() {
        Ok(dict) => Ok(dict),
        Err(_) => raise!(th, SystemError, "__main__ has no namespace"),
    }
}

/// Report the error of a program that ran.
pub(crate) fn report<T>(th: Thread<'_>, result: Result<T>) -> Result<()> {
    match result {
        Ok(_) => Ok(()),
        Err(raised) => {
            crate::pyerrors::report(th);
            Err(raised)
        }
    }
}

/// Run a program in `__main__`; errors are reported.
unsafe fn run_simple(
    th: Thread<'_>,
    source: &CStr,
    flags: *mut abi::PyCompilerFlags,
) -> Result<()> {
    let result = main_namespace(th).and_then(|dict| {
        // SAFETY: the caller's promise.
        unsafe { PyRun_StringFlags(th, source, 257, dict.obj(), Some(dict.obj()), flags) }
    });
    report(th, result)
}

#[capi]
unsafe fn PyRun_SimpleString(th: Thread<'_>, source: &CStr) -> Result<()> {
    // SAFETY: null flags.
    unsafe { run_simple(th, source, std::ptr::null_mut()) }
}

#[capi]
unsafe fn PyRun_SimpleStringFlags(
    th: Thread<'_>,
    source: &CStr,
    flags: *mut abi::PyCompilerFlags,
) -> Result<()> {
    // SAFETY: C passes null or flags.
    unsafe { run_simple(th, source, flags) }
}

/// Add the `from __future__` features of the running code; whether there are any.
#[capi]
unsafe fn PyEval_MergeCompilerFlags(th: Thread<'_>, flags: *mut abi::PyCompilerFlags) -> bool {
    /// `PyCF_MASK`: features, as `co_flags` has them.
    const FEATURES: c_int = 0x1fe_0000;
    let frame = vm::current_frame(th).ok().flatten();
    // SAFETY: C passes flags.
    let flags = unsafe { &mut *flags };
    if let Some(frame) = frame {
        flags.cf_flags |= frame.code().flags as c_int & FEATURES;
    }
    flags.cf_flags != 0
}

/// The command line of the process, made once; it lives for ever.
#[capi]
unsafe fn Py_GetArgcArgv(th: Thread<'_>, count: *mut c_int, args: *mut *mut *mut u32) {
    static ARGS: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();
    let all = ARGS.get_or_init(|| {
        let found = th.interp().sys_dict.get().and_then(|sys| sys.get_str(th, "orig_argv").ok()?);
        let list = found.and_then(|list| list.downcast::<object::List>().ok());
        let texts = list.map(|list| list.to_vec()).unwrap_or_default();
        let wide = |text: &Ref| -> usize {
            let text = text.obj().downcast::<Str>();
            let units = text.map(|text| text.units().iter().collect()).unwrap_or_default();
            let units: Vec<u32> = [units, vec![0]].concat();
            units.leak().as_mut_ptr().expose_provenance()
        };
        texts.iter().map(wide).chain([0]).collect()
    });
    // SAFETY: for the whole function: C passes variables.
    unsafe {
        count.write(all.len() as c_int - 1);
        args.write(all.as_ptr().cast_mut().cast());
    }
}

// Life cycle.

#[capi]
fn Py_IsInitialized() -> bool {
    object::Interpreter::main().is_some()
}

/// Whether the runtime checks itself with assertions.
#[capi]
fn _Py_GetBuiltWithAssert() -> bool {
    cfg!(debug_assertions)
}

#[capi]
fn Py_IsFinalizing() -> bool {
    object::Interpreter::main().is_some_and(|interp| interp.gil.is_finalizing())
}

#[capi]
fn _Py_IsInterpreterFinalizing(_interp: *mut abi::PyInterpreterState) -> bool {
    Py_IsFinalizing()
}

/// The runtime is there already.
#[capi]
fn Py_Initialize() {}

#[capi]
fn Py_InitializeEx(_install_signal_handlers: c_int) {}

/// Functions of C code to call when everything is over.
static EXITS: std::sync::Mutex<Vec<unsafe extern "C" fn()>> = std::sync::Mutex::new(Vec::new());

#[capi]
fn Py_AtExit(function: Option<unsafe extern "C" fn()>) -> c_int {
    let mut exits = EXITS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match function {
        Some(function) if exits.len() < 32 => {
            exits.push(function);
            0
        }
        _ => -1,
    }
}

/// Call what `Py_AtExit` noted, the last first.
pub fn run_exits() {
    loop {
        let next = EXITS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let Some(function) = next else { return };
        // SAFETY: C promised that it may be called at the end.
        unsafe { function() };
    }
}

#[capi]
fn Py_Exit(status: c_int) {
    std::process::exit(status);
}

/// Report an inconsistency that C code found, and end the process as it asks.
pub(crate) fn fatal(function: Option<&CStr>, message: Option<&CStr>) -> ! {
    use std::io::Write;
    let text = |text: Option<&CStr>| text.map_or_else(String::new, |text| lossy(text).into_owned());
    let name = text(function);
    let prefix = if name.is_empty() { String::new() } else { format!("{name}: ") };
    // Nobody can be told if this fails.
    let _ = writeln!(
        std::io::stderr(),
        "Fatal Python error: {prefix}{}\nPython runtime state: initialized\n",
        text(message)
    );
    if Thread::is_attached() {
        // SAFETY: just checked.
        let th = unsafe { Thread::current() };
        vm::dump::write_all_tracebacks(2, th.interp(), th.state().ident());
        (crate::upcalls::registered(th).write_extension_modules)(th, 2);
    } else if let Some(main) = object::Interpreter::main() {
        // Nobody may change what the threads do meanwhile, or it is a bit wrong.
        vm::dump::write_all_tracebacks(2, main, host::thread::ident());
    }
    std::process::abort();
}

#[capi]
fn Py_FatalError(message: Option<&CStr>) {
    fatal(None, message);
}

#[capi]
fn _Py_FatalErrorFunc(function: Option<&CStr>, message: Option<&CStr>) {
    fatal(function, message);
}

/// What C code may ask for on any thread, attached or not: version and copyright.
static TEXTS: OnceLock<[CString; 2]> = OnceLock::new();

/// Keep the texts for C code; the first call counts.
pub(crate) fn publish_texts(texts: [&str; 2]) {
    TEXTS.get_or_init(|| texts.map(|text| CString::new(text).unwrap_or_default()));
}

#[capi]
fn Py_GetVersion() -> *const c_char {
    TEXTS.get().map_or(c"", |[version, _]| version).as_ptr()
}

#[capi]
fn Py_GetPlatform() -> *const c_char {
    c"linux".as_ptr()
}

#[capi]
fn Py_GetCopyright() -> *const c_char {
    TEXTS.get().map_or(c"", |[_, copyright]| copyright).as_ptr()
}

#[capi]
fn Py_GetCompiler() -> *const c_char {
    c"[Krait]".as_ptr()
}

#[capi]
fn Py_GetBuildInfo() -> *const c_char {
    c"krait".as_ptr()
}

#[capi]
fn Py_FdIsInteractive(file: *mut libc::FILE, _name: *const c_char) -> bool {
    // SAFETY: C passes an open file.
    unsafe { libc::isatty(libc::fileno(file)) != 0 }
}

#[capi]
fn PyUnstable_AtExit(
    th: Thread<'_>,
    interp: *mut abi::PyInterpreterState,
    function: Option<vm::exits::Function>,
    data: *mut c_void,
) -> Result<()> {
    // SAFETY: C passes an interpreter.
    let interp = unsafe { crate::pystate::interpreter_of(interp) };
    let (Some(interp), Some(function)) = (interp, function) else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    vm::exits::add(interp, function, data);
    Ok(())
}

#[capi]
fn PyOS_InterruptOccurred(th: Thread<'_>) -> bool {
    let pending = (vm::pending::pending_hooks(th).signals)(th);
    match pending {
        Ok(()) => false,
        Err(raised) => {
            th.clear_exception(raised);
            true
        }
    }
}

#[capi]
fn PyErr_SetInterruptEx(signal: c_int) -> c_int {
    // SAFETY: any number is checked.
    if unsafe { libc::raise(signal) } == 0 { 0 } else { -1 }
}

#[capi]
fn PyErr_SetInterrupt() {
    PyErr_SetInterruptEx(2);
}

#[capi]
unsafe fn PyOS_setsig(signal: c_int, handler: usize) -> usize {
    // SAFETY: C passes a handler, `SIG_DFL` or `SIG_IGN`.
    unsafe { libc::signal(signal, handler) }
}

#[capi]
unsafe fn PyOS_getsig(signal: c_int) -> usize {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: a variable; any number is checked.
    if unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0 {
        return libc::SIG_ERR;
    }
    // SAFETY: filled in just now.
    unsafe { action.assume_init() }.sa_sigaction
}

/// May be called by any thread.
#[capi]
fn PyTraceMalloc_Track(domain: u32, pointer: usize, size: usize) -> c_int {
    crate::pystate::attached(|th| match th.heap().track(domain, pointer, size) {
        Some(true) => 0,
        Some(false) => -1,
        None => -2,
    })
    .unwrap_or(-2)
}

/// May be called by any thread.
#[capi]
fn PyTraceMalloc_Untrack(domain: u32, pointer: usize) -> c_int {
    crate::pystate::attached(|th| th.heap().untrack(domain, pointer)).flatten().map_or(-2, |()| 0)
}

#[capi]
fn Py_PACK_FULL_VERSION(
    major: c_int,
    minor: c_int,
    micro: c_int,
    level: c_int,
    serial: c_int,
) -> u32 {
    let byte = |value: c_int, shift: u32| (value as u32 & 0xff) << shift;
    byte(major, 24)
        | byte(minor, 16)
        | byte(micro, 8)
        | (level as u32 & 0xf) << 4
        | serial as u32 & 0xf
}

#[capi]
fn Py_PACK_VERSION(major: c_int, minor: c_int) -> u32 {
    Py_PACK_FULL_VERSION(major, minor, 0, 0, 0)
}

// Data.

/// `PY_VERSION_HEX`.
#[unsafe(no_mangle)]
static Py_Version: c_ulong = 0x030e_0af0;

/// A pointer that C code may set.
#[repr(transparent)]
pub(crate) struct Hook(std::sync::atomic::AtomicPtr<c_void>);

macro_rules! data {
    ($($(#[$doc:meta])* $name:ident: $ty:ty = $value:expr;)*) => { $(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals, reason = "named as in C")]
        static $name: $ty = $value;
    )* };
}

/// A variable of C code.
#[repr(transparent)]
struct Flag(std::sync::atomic::AtomicI32);

const fn hook() -> Hook {
    Hook(std::sync::atomic::AtomicPtr::new(std::ptr::null_mut()))
}

const fn flag(value: c_int) -> Flag {
    Flag(std::sync::atomic::AtomicI32::new(value))
}

data! {
    PyOS_InputHook: Hook = hook();
    _PyOS_ReadlineTState: Hook = hook();
    PyImport_FrozenModules: Hook = hook();
    Py_BytesWarningFlag: Flag = flag(0);
    Py_DebugFlag: Flag = flag(0);
    Py_DontWriteBytecodeFlag: Flag = flag(0);
    Py_FrozenFlag: Flag = flag(0);
    Py_HashRandomizationFlag: Flag = flag(0);
    Py_IgnoreEnvironmentFlag: Flag = flag(0);
    Py_InspectFlag: Flag = flag(0);
    Py_InteractiveFlag: Flag = flag(0);
    Py_IsolatedFlag: Flag = flag(0);
    Py_NoSiteFlag: Flag = flag(0);
    Py_NoUserSiteDirectory: Flag = flag(0);
    Py_OptimizeFlag: Flag = flag(0);
    Py_QuietFlag: Flag = flag(0);
    Py_UTF8Mode: Flag = flag(0);
    Py_UnbufferedStdioFlag: Flag = flag(0);
    Py_VerboseFlag: Flag = flag(0);
    Py_HasFileSystemDefaultEncoding: Flag = flag(1);
}

/// Show C code the flags of the command line in the variables that it has for them.
pub(crate) fn publish_flags(flags: &object::thread::Flags) {
    let values = [
        (&Py_BytesWarningFlag, flags.bytes_warning),
        (&Py_DebugFlag, flags.debug),
        (&Py_DontWriteBytecodeFlag, flags.dont_write_bytecode),
        (&Py_HashRandomizationFlag, flags.hash_randomization),
        (&Py_IgnoreEnvironmentFlag, flags.ignore_environment),
        (&Py_InspectFlag, flags.inspect),
        (&Py_InteractiveFlag, flags.interactive),
        (&Py_IsolatedFlag, flags.isolated),
        (&Py_NoSiteFlag, flags.no_site),
        (&Py_NoUserSiteDirectory, flags.no_user_site),
        (&Py_OptimizeFlag, flags.optimize),
        (&Py_QuietFlag, flags.quiet),
        (&Py_UTF8Mode, flags.utf8_mode),
        (&Py_VerboseFlag, flags.verbose),
    ];
    for (variable, value) in values {
        variable.0.store(value, std::sync::atomic::Ordering::Relaxed);
    }
}

/// A pointer to text.
#[repr(transparent)]
struct Text(*const c_char);

// SAFETY: never changed.
unsafe impl Sync for Text {}

data! {
    Py_FileSystemDefaultEncoding: Text = Text(c"utf-8".as_ptr());
    Py_FileSystemDefaultEncodeErrors: Text = Text(c"surrogateescape".as_ptr());
    Py_hexdigits: Text = Text(c"0123456789abcdef".as_ptr());
}

/// `PyExc_EnvironmentError` and `PyExc_IOError` are other names of `OSError`.
#[repr(transparent)]
struct Alias(*const object::declare::StaticType);

// SAFETY: never changed.
unsafe impl Sync for Alias {}

unsafe extern "C" {
    #[link_name = "_PyExc_OSError"]
    static OS_ERROR: object::declare::StaticType;
}

data! {
    PyExc_EnvironmentError: Alias = Alias(&raw const OS_ERROR);
    PyExc_IOError: Alias = Alias(&raw const OS_ERROR);
}

/// What bytes are, by `Py_ISALPHA` and its like, and their other case.
const fn kinds() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0usize;
    while byte < 128 {
        let c = byte as u8;
        let mut kind = 0;
        if c.is_ascii_lowercase() {
            kind |= 1;
        }
        if c.is_ascii_uppercase() {
            kind |= 2;
        }
        if c.is_ascii_digit() {
            kind |= 4;
        }
        if c.is_ascii_hexdigit() {
            kind |= 16;
        }
        if matches!(c, b'\t'..=b'\r' | b' ') {
            kind |= 8;
        }
        table[byte] = kind;
        byte += 1;
    }
    table
}

const fn whitespace() -> [u8; 128] {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = matches!(byte as u8, b'\t'..=b'\r' | 0x1c..=b' ') as u8;
        byte += 1;
    }
    table
}

const fn cases(upper: bool) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let c = byte as u8;
        table[byte] = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        byte += 1;
    }
    table
}

data! {
    _Py_ctype_table: [u32; 256] = kinds();
    _Py_ctype_tolower: [u8; 256] = cases(false);
    _Py_ctype_toupper: [u8; 256] = cases(true);
    /// Which bytes are white space.
    _Py_ascii_whitespace: [u8; 128] = whitespace();
    /// What an empty `bytearray` shows as its data.
    _PyByteArray_empty_string: [u8; 1] = [0];
    /// The operator with the operands exchanged, by number.
    _Py_SwappedOp: [c_int; 6] = [4, 5, 2, 3, 0, 1];
}

#[capi]
fn PySignal_SetWakeupFd(th: Thread<'_>, descriptor: c_int) -> c_int {
    let set = Int::from_i64(th, i64::from(descriptor))
        .and_then(|number| function(th, "signal", "set_wakeup_fd", &[number.obj()]));
    match set {
        Ok(old) => Int::to_i64(old.obj()).map_or(-1, |old| old as c_int),
        Err(raised) => {
            th.clear_exception(raised);
            -1
        }
    }
}
