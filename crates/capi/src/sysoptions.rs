//! `sysmodule.h`: options and hooks that C code sets in `sys`.

use std::ffi::{CStr, c_char, c_int, c_void};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Dict, Int, List, Obj, Protocol, Ref, Result, Str, Thread, raise,
    types::{self, builtin_function, capsule},
};

use crate::{
    modsupport::{function, method},
    unicodeobject::wide,
};

/// A list of `sys`, made if it is not one.
fn list(th: Thread<'_>, name: &str) -> Result<Ref<List>> {
    let Some(sys) = th.interp().sys_dict.get() else {
        raise!(th, RuntimeError, "lost sys");
    };
    if let Some(found) = sys.get_str(th, name)?
        && let Ok(list) = found.downcast::<List>()
    {
        return Ok(list);
    }
    let list = List::new(th)?;
    sys.set_str(th, name, list.obj())?;
    Ok(list)
}

fn set(th: Thread<'_>, name: &str, value: Obj<'_>) -> Result<()> {
    match th.interp().sys_dict.get() {
        Some(sys) => sys.set_str(th, name, value),
        None => Ok(()),
    }
}

/// What functions without a result do with an error.
fn dropped(th: Thread<'_>, result: Result<()>) {
    if let Err(raised) = result {
        th.clear_exception(raised);
    }
}

/// The text of a null-terminated wide string.
unsafe fn wide_text(th: Thread<'_>, text: *const u32) -> Result<Ref<Str>> {
    // SAFETY: the caller's promise.
    Str::from_code_points(th, unsafe { wide(text, -1) })
}

#[capi]
fn PySys_AddWarnOptionUnicode(th: Thread<'_>, option: Obj<'_>) {
    dropped(th, list(th, "warnoptions").and_then(|list| list.push(th, option.own())));
}

#[capi]
unsafe fn PySys_AddWarnOption(th: Thread<'_>, option: *const u32) {
    // SAFETY: C passes a wide string.
    let option = unsafe { wide_text(th, option) };
    dropped(th, option.and_then(|option| list(th, "warnoptions")?.push(th, option.upcast())));
}

#[capi]
fn PySys_HasWarnOptions(th: Thread<'_>) -> bool {
    list(th, "warnoptions").is_ok_and(|list| list.len() > 0)
}

#[capi]
fn PySys_ResetWarnOptions(th: Thread<'_>) {
    dropped(th, list(th, "warnoptions").map(|list| list.clear_items()));
}

/// `-X name[=value]`.
#[capi]
unsafe fn PySys_AddXOption(th: Thread<'_>, option: *const u32) {
    // SAFETY: C passes a wide string.
    let option = unsafe { wide_text(th, option) };
    let add = option.and_then(|option| {
        let options = function(th, "sys", "__getattribute__", &[Str::new(th, "_xoptions")?.obj()])?;
        let text = option.to_string();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Str::new(th, value)?.upcast()),
            None => (text.as_str(), types::bool_(true).own()),
        };
        match options.obj().downcast::<Dict>() {
            Some(options) => options.set_str(th, name, value.obj()),
            None => Ok(()),
        }
    });
    dropped(th, add);
}

/// The directories of a path as the shell writes it.
#[capi]
unsafe fn PySys_SetPath(th: Thread<'_>, path: *const u32) {
    // SAFETY: C passes a wide string.
    let path = unsafe { wide_text(th, path) };
    let set_path = path.and_then(|path| {
        let colon = Str::new(th, ":")?;
        let parts = method(th, path.obj(), "split", &[colon.obj()])?;
        set(th, "path", parts.obj())
    });
    dropped(th, set_path);
}

unsafe fn set_argv(
    th: Thread<'_>,
    count: c_int,
    args: *const *const u32,
    update_path: bool,
) -> Result<()> {
    let mut all = Vec::new();
    for index in 0..count.max(0) as usize {
        // SAFETY: the caller passes that many wide strings.
        all.push(unsafe { wide_text(th, *args.add(index))? }.upcast());
    }
    if all.is_empty() {
        all.push(Str::empty(th).upcast());
    }
    let first = all[0].clone();
    set(th, "argv", List::from_refs(th, all)?.obj())?;
    if update_path {
        let folder = function(th, "posixpath", "dirname", &[first.obj()])?;
        list(th, "path")?.insert(th, 0, folder)?;
    }
    Ok(())
}

#[capi]
unsafe fn PySys_SetArgvEx(
    th: Thread<'_>,
    count: c_int,
    args: *const *const u32,
    update_path: c_int,
) {
    // SAFETY: C passes that many wide strings.
    dropped(th, unsafe { set_argv(th, count, args, update_path != 0) });
}

#[capi]
unsafe fn PySys_SetArgv(th: Thread<'_>, count: c_int, args: *const *const u32) {
    let isolated = th.interp().flags.borrow().isolated != 0;
    // SAFETY: C passes that many wide strings.
    dropped(th, unsafe { set_argv(th, count, args, !isolated) });
}

type AuditHook = unsafe extern "C" fn(*const c_char, *mut PyObject, *mut c_void) -> c_int;

/// A hook of C code with what it wants to get.
struct Hook {
    function: AuditHook,
    data: usize,
}

/// Call the hook whose address the capsule `this` holds with an event and its
/// arguments.
unsafe extern "C" fn call_hook(
    this: *mut PyObject,
    args: *const *mut PyObject,
    count: isize,
) -> *mut PyObject {
    // SAFETY: called on an attached thread with as many arguments.
    let (th, args) = unsafe {
        let args = object::reference::objects(args, count.max(0) as usize);
        (Thread::current(), args)
    };
    // SAFETY: made by `PySys_AddAuditHook`.
    let hook = unsafe {
        let capsule = capsule::as_capsule(th.argument(this));
        capsule.map(|capsule| &*capsule.pointer.get().cast::<Hook>())
    };
    let (Some(hook), [event, values, ..]) = (hook, args) else {
        return types::none().own().into_raw();
    };
    let text = event.downcast::<Str>().map(|text| crate::unicodeobject::utf8(th, text));
    let Some(Ok(text)) = text else { return std::ptr::null_mut() };
    let data = std::ptr::with_exposed_provenance_mut(hook.data);
    // SAFETY: C code said that the hook is to be called so.
    match unsafe { (hook.function)(text.as_ptr().cast(), values.as_ptr(), data) } {
        0 => types::none().own().into_raw(),
        _ => std::ptr::null_mut(),
    }
}

const HOOK_NAME: &CStr = c"audit hook";

#[capi]
fn PySys_AddAuditHook(
    th: Thread<'_>,
    function_: Option<AuditHook>,
    data: *mut c_void,
) -> Result<()> {
    let Some(hook) = function_ else {
        raise!(th, SystemError, "null argument to internal routine");
    };
    // Hooks are there as long as the process.
    let hook = Box::into_raw(Box::new(Hook { function: hook, data: data.expose_provenance() }));
    let capsule = capsule::new(th, hook.cast(), HOOK_NAME.as_ptr(), None)?;
    static DEF: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let def = DEF.get_or_init(|| {
        // SAFETY: the calling convention is that of the flags.
        let function = unsafe {
            std::mem::transmute::<
                unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, isize) -> *mut PyObject,
                abi::PyCFunction,
            >(call_hook)
        };
        let def = abi::PyMethodDef {
            ml_name: HOOK_NAME.as_ptr(),
            ml_meth: Some(function),
            ml_flags: abi::METH_FASTCALL,
            ml_doc: std::ptr::null(),
        };
        Box::into_raw(Box::new(def)).expose_provenance()
    });
    // SAFETY: made above, lives for ever.
    let def = unsafe { &*std::ptr::with_exposed_provenance::<abi::PyMethodDef>(*def) };
    let callable = builtin_function::new(th, def, Some(capsule.obj()), None)?;
    function(th, "sys", "addaudithook", &[callable.obj()]).map(drop)
}

/// How an instruction changes the depth of the stack.
#[capi]
fn PyCompile_OpcodeStackEffect(th: Thread<'_>, opcode: c_int, arg: c_int) -> c_int {
    PyCompile_OpcodeStackEffectWithJump(th, opcode, arg, -1)
}

/// `jump` is 1 if it jumps, 0 if not, -1 for the larger of both effects.
#[capi]
fn PyCompile_OpcodeStackEffectWithJump(
    th: Thread<'_>,
    opcode: c_int,
    arg: c_int,
    jump: c_int,
) -> c_int {
    /// `PY_INVALID_STACK_EFFECT`.
    const INVALID: c_int = c_int::MAX;
    let effect = || -> Result<isize> {
        let module = vm::import::import_module(th, &*Str::intern(th, "_opcode")?)?;
        let effect = module.getattr(th, &*Str::intern(th, "stack_effect")?)?;
        let number = |value: c_int| Int::from_i64(th, i64::from(value));
        let keywords = Dict::new(th)?;
        let jumps = match jump {
            -1 => types::none(),
            jump => types::bool_(jump != 0),
        };
        keywords.set_str(th, "jump", jumps)?;
        let args = [number(opcode)?, number(arg)?];
        let args = object::args::borrow_all(&args);
        let value = object::protocol::call::call_dict(th, effect.obj(), args, Some(&keywords))?;
        Int::index_to_isize(th, value.obj())
    };
    match effect() {
        Ok(effect) => effect as c_int,
        Err(raised) => {
            th.clear_exception(raised);
            INVALID
        }
    }
}

/// A null-terminated wide string of an attribute of `sys`, which lives for ever.
fn wide_of_sys(th: Thread<'_>, name: &str) -> *const u32 {
    let found = th.interp().sys_dict.get().and_then(|sys| sys.get_str(th, name).ok().flatten());
    match found.as_ref().and_then(|text| text.obj().downcast::<Str>()) {
        Some(text) => {
            let units: Vec<u32> = text.units().iter().chain([0]).collect();
            Vec::leak(units).as_ptr()
        }
        None => std::ptr::null(),
    }
}

macro_rules! places {
    ($($function:ident $attribute:literal;)*) => { $(
        #[capi]
        fn $function(th: Thread<'_>) -> *const u32 {
            static TEXT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
            let text = TEXT.get_or_init(|| wide_of_sys(th, $attribute).expose_provenance());
            std::ptr::with_exposed_provenance(*text)
        }
    )* };
}

places! {
    Py_GetPrefix "prefix";
    Py_GetExecPrefix "exec_prefix";
    Py_GetProgramFullPath "executable";
    Py_GetProgramName "executable";
}

/// Nobody set it.
#[capi]
fn Py_GetPythonHome() -> *const u32 {
    std::ptr::null()
}

/// The module search path when it is first asked for.
#[capi]
fn Py_GetPath(th: Thread<'_>) -> *const u32 {
    static TEXT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let joined = || -> Result<Vec<u32>> {
        let colon = Str::new(th, ":")?;
        let path = list(th, "path")?;
        let text = method(th, colon.obj(), "join", &[path.obj()])?;
        Ok(text.str(th)?.units().iter().chain([0]).collect())
    };
    let text = TEXT.get_or_init(|| match joined() {
        Ok(text) => Vec::leak(text).as_ptr().expose_provenance(),
        Err(raised) => {
            th.clear_exception(raised);
            0
        }
    });
    std::ptr::with_exposed_provenance(*text)
}

/// The name of the allocator in use.
#[capi]
fn _PyMem_GetCurrentAllocatorName(th: Thread<'_>) -> *const c_char {
    let mode = th.heap().mode();
    let name = match (mode.malloc, mode.debug) {
        (false, false) => c"pymalloc",
        (false, true) => c"pymalloc_debug",
        (true, false) => c"malloc",
        (true, true) => c"malloc_debug",
    };
    name.as_ptr()
}

/// Copy the items of one buffer to another of the same size.
#[capi]
fn PyObject_CopyData(th: Thread<'_>, to: Obj<'_>, from: Obj<'_>) -> Result<()> {
    let view = |object: Obj<'_>| function(th, "builtins", "memoryview", &[object]);
    let (to, from) = (view(to)?, view(from)?);
    let bytes = method(th, from.obj(), "tobytes", &[])?;
    let letter = Str::new(th, "B")?;
    let flat = method(th, to.obj(), "cast", &[letter.obj()])?;
    if flat.obj().length(th)? < bytes.obj().length(th)? {
        raise!(th, BufferError, "destination is too small to receive data from source");
    }
    let all = types::Slice::new(th, types::none(), types::none(), types::none())?;
    flat.obj().set_item(th, all.obj(), Some(bytes.obj()))
}
