//! `moduleobject.h`, `methodobject.h` and `import.h`.

use std::ffi::{CStr, c_char, c_int, c_long, c_void};

use abi::{PyMethodDef, PyModuleDef, PyObject};
use macros::capi;
use object::{
    AsObject, Dict, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type, id, raise,
    types::{
        self,
        builtin_function::{self, BuiltinFunction},
    },
};
use vm::{import, module_def};

use crate::{
    convert::{argument, c_name, lend, lossy, text_of},
    modsupport::{function, method},
};

#[capi]
unsafe fn PyModuleDef_Init(def: *mut PyModuleDef) -> *mut PyObject {
    // SAFETY: C passes a definition that lives for ever.
    types::module_def::init(unsafe { &mut *def });
    def.cast()
}

#[capi]
unsafe fn PyModule_Create2(th: Thread<'_>, def: *mut PyModuleDef, _api: c_int) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    unsafe { module_def::create(th, def) }
}

#[capi]
unsafe fn PyModule_FromDefAndSpec2(
    th: Thread<'_>,
    def: *mut PyModuleDef,
    spec: Obj<'_>,
    _api: c_int,
) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    unsafe { module_def::from_def_and_spec(th, def, spec) }
}

#[capi]
unsafe fn PyModule_ExecDef(th: Thread<'_>, module: Obj<'_>, def: *mut PyModuleDef) -> Result<()> {
    // SAFETY: C passes a definition that lives for ever.
    unsafe { module_def::exec(th, module, def) }
}

#[capi]
unsafe fn PyModule_AddFunctions(
    th: Thread<'_>,
    module: Obj<'_>,
    table: *mut PyMethodDef,
) -> Result<()> {
    let name = PyModule_GetNameObject(th, module)?;
    // SAFETY: C passes a table that lives for ever.
    unsafe { module_def::add_functions(th, module, name.obj(), table) }
}

#[capi]
fn PyModule_SetDocString(th: Thread<'_>, module: Obj<'_>, doc: &CStr) -> Result<()> {
    module_def::set_doc(th, module, &lossy(doc))
}

#[capi]
fn PyModule_NewObject(th: Thread<'_>, name: Obj<'_>) -> Result<Ref<Module>> {
    if let Some(name) = name.downcast::<Str>() {
        return module_def::new_module(th, name);
    }
    // Whatever it is, it becomes the module's `__name__`.
    let module = module_def::new_module(th, id!(th, "__name__"))?;
    module.dict(th)?.set(th, id!(th, "__name__").obj(), name)?;
    Ok(module)
}

#[capi]
fn PyModule_New(th: Thread<'_>, name: &CStr) -> Result<Ref<Module>> {
    module_def::new_module(th, &*text_of(th, name)?)
}

#[capi]
fn PyModule_GetDict(th: Thread<'_>, module: Obj<'_>) -> Result<*mut PyObject> {
    argument::<Module>(th, module)?.dict(th).map(lend)
}

#[capi]
fn PyModule_GetState(th: Thread<'_>, module: Obj<'_>) -> Result<*mut c_void> {
    match module.downcast::<Module>() {
        Some(module) => Ok(module.state()),
        None => raise!(th, TypeError, "bad argument type for built-in operation"),
    }
}

#[capi]
fn PyModule_GetDef(th: Thread<'_>, module: Obj<'_>) -> Result<*mut PyModuleDef> {
    match module.downcast::<Module>() {
        Some(module) => Ok(module.def()),
        None => raise!(th, TypeError, "bad argument type for built-in operation"),
    }
}

fn text_in(th: Thread<'_>, module: Obj<'_>, key: &Str, missing: &str) -> Result {
    let Some(module) = module.downcast::<Module>() else {
        raise!(th, TypeError, "bad argument type for built-in operation");
    };
    match module.dict(th)?.get(th, key.obj())? {
        Some(text) if text.obj().downcast::<Str>().is_some() => Ok(text),
        _ => raise!(th, SystemError, "{missing}"),
    }
}

#[capi]
fn PyModule_GetNameObject(th: Thread<'_>, module: Obj<'_>) -> Result {
    text_in(th, module, id!(th, "__name__"), "nameless module")
}

#[capi]
fn PyModule_GetFilenameObject(th: Thread<'_>, module: Obj<'_>) -> Result {
    text_in(th, module, id!(th, "__file__"), "module filename missing")
}

/// UTF-8 that the module's dict keeps alive.
fn utf8_of(th: Thread<'_>, text: Ref) -> Result<*const c_char> {
    let bytes = crate::unicodeobject::utf8(th, crate::unicodeobject::string(th, text.obj())?)?;
    Ok(bytes.as_ptr().cast())
}

#[capi]
fn PyModule_GetName(th: Thread<'_>, module: Obj<'_>) -> Result<*const c_char> {
    utf8_of(th, PyModule_GetNameObject(th, module)?)
}

#[capi]
fn PyModule_GetFilename(th: Thread<'_>, module: Obj<'_>) -> Result<*const c_char> {
    utf8_of(th, PyModule_GetFilenameObject(th, module)?)
}

#[capi]
fn PyUnstable_Module_SetGIL(_module: Obj<'_>, _gil: *mut c_void) -> c_int {
    0
}

// Modules by definition: single-phase initialisation.

#[capi]
fn PyState_FindModule(th: Thread<'_>, def: *mut PyModuleDef) -> *mut PyObject {
    vm::importdl::find(th, def).map_or(std::ptr::null_mut(), lend)
}

/// A module of multi-phase initialisation is not found by its definition.
fn without_slots(th: Thread<'_>, def: *mut PyModuleDef, function: &str) -> Result<()> {
    // SAFETY: C passes null or a definition.
    match unsafe { def.as_ref() } {
        None => raise!(th, SystemError, "module definition is NULL"),
        Some(def) if !def.m_slots.is_null() => {
            raise!(th, SystemError, "{function} called on module with slots")
        }
        Some(_) => Ok(()),
    }
}

#[capi]
fn PyState_AddModule(th: Thread<'_>, module: Obj<'_>, def: *mut PyModuleDef) -> Result<()> {
    without_slots(th, def, "PyState_AddModule")?;
    vm::importdl::set_module(th, def, Some(module));
    Ok(())
}

/// As [`PyState_AddModule`], whose thread state is the running one.
#[capi]
fn _PyState_AddModule(
    th: Thread<'_>,
    _state: *mut abi::PyThreadState,
    module: Obj<'_>,
    def: *mut PyModuleDef,
) -> Result<()> {
    PyState_AddModule(th, module, def)
}

#[capi]
fn PyState_RemoveModule(th: Thread<'_>, def: *mut PyModuleDef) -> Result<()> {
    without_slots(th, def, "PyState_RemoveModule")?;
    vm::importdl::set_module(th, def, None);
    Ok(())
}

// Functions.

unsafe fn new_function(
    th: Thread<'_>,
    def: *mut PyMethodDef,
    this: Option<Obj<'_>>,
    module: Option<Obj<'_>>,
    class: Option<&Type>,
) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    let def = unsafe { &*def };
    match (def.ml_flags & abi::METH_METHOD != 0, class) {
        (true, Some(class)) => builtin_function::new_method(th, def, this, module, class),
        (true, None) => raise!(
            th,
            SystemError,
            "attempting to create PyCMethod with a METH_METHOD flag but no class"
        ),
        (false, Some(_)) => raise!(
            th,
            SystemError,
            "attempting to create PyCFunction with class but no METH_METHOD flag"
        ),
        (false, None) => builtin_function::new(th, def, this, module).map(Ref::upcast),
    }
}

#[capi]
unsafe fn PyCFunction_New(th: Thread<'_>, def: *mut PyMethodDef, this: Option<Obj<'_>>) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    unsafe { new_function(th, def, this, None, None) }
}

#[capi]
unsafe fn PyCFunction_NewEx(
    th: Thread<'_>,
    def: *mut PyMethodDef,
    this: Option<Obj<'_>>,
    module: Option<Obj<'_>>,
) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    unsafe { new_function(th, def, this, module, None) }
}

#[capi]
unsafe fn PyCMethod_New(
    th: Thread<'_>,
    def: *mut PyMethodDef,
    this: Option<Obj<'_>>,
    module: Option<Obj<'_>>,
    class: Option<&Type>,
) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    unsafe { new_function(th, def, this, module, class) }
}

#[capi]
fn PyCFunction_GetFunction(th: Thread<'_>, object: Obj<'_>) -> Result<*mut c_void> {
    let function = argument::<BuiltinFunction>(th, object)?.def().ml_meth;
    Ok(function.map_or(std::ptr::null_mut(), |function| function as *mut c_void))
}

#[capi]
fn PyCFunction_GetSelf(th: Thread<'_>, object: Obj<'_>) -> Result<*mut PyObject> {
    let function = argument::<BuiltinFunction>(th, object)?;
    if function.def().ml_flags & abi::METH_STATIC != 0 {
        return Ok(std::ptr::null_mut());
    }
    Ok(function.this().map_or(std::ptr::null_mut(), lend))
}

#[capi]
fn PyCFunction_GetFlags(th: Thread<'_>, object: Obj<'_>) -> Result<c_int> {
    argument::<BuiltinFunction>(th, object).map(|function| function.def().ml_flags)
}

#[capi]
fn PyCFunction_Call(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: Obj<'_>,
    kwargs: Option<Obj<'_>>,
) -> Result {
    let args = args.downcast::<Tuple>().map(Tuple::items).unwrap_or_default();
    object::protocol::call::call_dict(
        th,
        callable,
        args,
        kwargs.and_then(|kwargs| kwargs.downcast::<Dict>()),
    )
}

// Import.

#[capi]
fn PyImport_ImportModule(th: Thread<'_>, name: &CStr) -> Result {
    import::import_module(th, &*text_of(th, name)?)
}

#[capi]
fn PyImport_ImportModuleNoBlock(th: Thread<'_>, name: &CStr) -> Result {
    let message = Str::new(
        th,
        "PyImport_ImportModuleNoBlock() is deprecated and scheduled for removal in Python 3.15. \
         Use PyImport_ImportModule() instead.",
    )?;
    let category = object::exceptions::types::DeprecationWarning();
    (th.hooks().warn)(th, category.obj(), &message, 1)?;
    PyImport_ImportModule(th, name)
}

#[capi]
fn PyImport_Import(th: Thread<'_>, name: Obj<'_>) -> Result {
    import::import_module(th, crate::unicodeobject::string(th, name)?)
}

#[capi]
fn PyImport_ImportModuleLevelObject(
    th: Thread<'_>,
    name: Option<Obj<'_>>,
    globals: Option<Obj<'_>>,
    _locals: Option<Obj<'_>>,
    fromlist: Option<Obj<'_>>,
    level: c_int,
) -> Result {
    let Some(name) = name else { raise!(th, ValueError, "Empty module name") };
    if level > 0 && globals.is_some_and(|globals| globals.downcast::<Dict>().is_none()) {
        raise!(th, TypeError, "globals must be a dict");
    }
    import::import(th, name, globals, fromlist, level as isize)
}

#[capi]
fn PyImport_ImportModuleLevel(
    th: Thread<'_>,
    name: &CStr,
    globals: Option<Obj<'_>>,
    locals: Option<Obj<'_>>,
    fromlist: Option<Obj<'_>>,
    level: c_int,
) -> Result {
    let name = text_of(th, name)?;
    PyImport_ImportModuleLevelObject(th, Some(name.obj()), globals, locals, fromlist, level)
}

#[capi]
fn PyImport_ImportModuleAttr(th: Thread<'_>, module: Obj<'_>, name: Obj<'_>) -> Result {
    let module = import::import_module(th, crate::unicodeobject::string(th, module)?)?;
    module.getattr(th, crate::unicodeobject::string(th, name)?)
}

#[capi]
fn PyImport_ImportModuleAttrString(th: Thread<'_>, module: &CStr, name: &CStr) -> Result {
    let module = import::import_module(th, &*text_of(th, module)?)?;
    module.getattr(th, &*c_name(th, name)?)
}

#[capi]
fn PyImport_GetModuleDict(th: Thread<'_>) -> Result<*mut PyObject> {
    import::modules(th).map(lend)
}

#[capi]
fn PyImport_GetModule(th: Thread<'_>, name: Obj<'_>) -> Result<Option<Ref>> {
    import::modules(th)?.get(th, name)
}

fn add_module(th: Thread<'_>, name: Obj<'_>) -> Result {
    let modules = import::modules(th)?;
    if let Some(module) = modules.get(th, name)?
        && module.obj().downcast::<Module>().is_some()
    {
        return Ok(module);
    }
    let module = PyModule_NewObject(th, name)?;
    modules.set(th, name, module.obj())?;
    Ok(module.upcast())
}

#[capi]
fn PyImport_AddModuleRef(th: Thread<'_>, name: &CStr) -> Result {
    add_module(th, text_of(th, name)?.obj())
}

#[capi]
fn PyImport_AddModule(th: Thread<'_>, name: &CStr) -> Result<*mut PyObject> {
    add_module(th, text_of(th, name)?.obj()).map(lend)
}

#[capi]
fn PyImport_AddModuleObject(th: Thread<'_>, name: Obj<'_>) -> Result<*mut PyObject> {
    add_module(th, name).map(lend)
}

#[capi]
fn PyImport_ReloadModule(th: Thread<'_>, module: Obj<'_>) -> Result {
    function(th, "importlib", "reload", &[module])
}

#[capi]
fn PyImport_GetMagicNumber() -> c_long {
    0x0a0d_0e2b
}

#[capi]
fn PyImport_GetMagicTag() -> *const c_char {
    c"cpython-314".as_ptr()
}

#[capi]
fn PyImport_GetImporter(th: Thread<'_>, path: Obj<'_>) -> Result {
    function(th, "pkgutil", "get_importer", &[path])
}

/// Run code in the module `name`, made if need be.
fn exec_code(
    th: Thread<'_>,
    name: Obj<'_>,
    code: Obj<'_>,
    path: Option<Obj<'_>>,
    cached: Option<Obj<'_>>,
) -> Result {
    let Some(code_object) = code.downcast::<object::Code>() else {
        raise!(th, TypeError, "expected a code object");
    };
    let module = add_module(th, name)?;
    let dict = match module.obj().downcast::<Module>() {
        Some(module) => module.dict(th)?,
        None => raise!(th, TypeError, "expected a module"),
    };
    if !dict.contains(th, id!(th, "__builtins__").obj())?
        && let Some(builtins) = th.interp().builtins.get()
    {
        dict.set(th, id!(th, "__builtins__").obj(), builtins.obj())?;
    }
    let file = path.map_or_else(|| code_object.filename().upcast(), Obj::own);
    let bootstrap = import::import_module(th, &*Str::intern(th, "importlib._bootstrap_external")?)?;
    let args = [Some(dict.obj()), Some(name), Some(file.obj()), cached];
    let args: Vec<Obj<'_>> = args.into_iter().flatten().collect();
    let result = method(th, bootstrap.obj(), "_fix_up_module", &args)
        .and_then(|_| (th.hooks().eval_code)(th, code_object, &dict, Some(dict.obj()), None));
    if let Err(raised) = result {
        let exception = th.take_exception(raised);
        let removed = import::modules(th).and_then(|modules| modules.remove(th, name));
        if let Err(raised) = removed {
            th.clear_exception(raised);
        }
        return Err(th.restore(exception));
    }
    match import::modules(th)?.get(th, name)? {
        Some(module) => Ok(module),
        None => {
            raise!(th, ImportError, "Loaded module {} not found in sys.modules", name.repr(th)?)
        }
    }
}

#[capi]
fn PyImport_ExecCodeModule(th: Thread<'_>, name: &CStr, code: Obj<'_>) -> Result {
    exec_code(th, text_of(th, name)?.obj(), code, None, None)
}

#[capi]
fn PyImport_ExecCodeModuleEx(
    th: Thread<'_>,
    name: &CStr,
    code: Obj<'_>,
    path: Option<&CStr>,
) -> Result {
    let path = path.map(|path| types::str::codec::decode_fs(th, path.to_bytes())).transpose()?;
    exec_code(th, text_of(th, name)?.obj(), code, path.as_ref().map(|path| path.obj()), None)
}

#[capi]
fn PyImport_ExecCodeModuleWithPathnames(
    th: Thread<'_>,
    name: &CStr,
    code: Obj<'_>,
    path: Option<&CStr>,
    cached: Option<&CStr>,
) -> Result {
    let decode = |path: &CStr| types::str::codec::decode_fs(th, path.to_bytes());
    let (path, cached) = (path.map(decode).transpose()?, cached.map(decode).transpose()?);
    let path = match (path, &cached) {
        (Some(path), _) => Some(path.upcast()),
        (None, Some(cached)) => {
            let module = "importlib._bootstrap_external";
            match function(th, module, "_get_sourcefile", &[cached.obj()]) {
                Ok(path) => Some(path),
                Err(raised) => {
                    th.clear_exception(raised);
                    None
                }
            }
        }
        (None, None) => None,
    };
    let name = text_of(th, name)?;
    exec_code(
        th,
        name.obj(),
        code,
        path.as_ref().map(|path| path.obj()),
        cached.as_ref().map(|path| path.obj()),
    )
}

#[capi]
fn PyImport_ExecCodeModuleObject(
    th: Thread<'_>,
    name: Obj<'_>,
    code: Obj<'_>,
    path: Option<Obj<'_>>,
    cached: Option<Obj<'_>>,
) -> Result {
    exec_code(th, name, code, path, cached)
}

fn import_frozen(th: Thread<'_>, name: Obj<'_>) -> Result<bool> {
    let imp = import::import_module(th, id!(th, "_imp"))?;
    if !method(th, imp.obj(), "is_frozen", &[name])?.is_true(th)? {
        return Ok(false);
    }
    let code = method(th, imp.obj(), "get_frozen_object", &[name])?;
    exec_code(th, name, code.obj(), None, None).map(|_| true)
}

#[capi]
fn PyImport_ImportFrozenModuleObject(th: Thread<'_>, name: Option<Obj<'_>>) -> Result<bool> {
    match name {
        Some(name) if name.downcast::<Str>().is_some() => import_frozen(th, name),
        _ => Ok(false),
    }
}

#[capi]
fn PyImport_ImportFrozenModule(th: Thread<'_>, name: &CStr) -> Result<bool> {
    import_frozen(th, text_of(th, name)?.obj())
}

/// The module that holds a builtin, for `_PyImport_GetModuleAttr`.
#[capi]
fn _PyImport_GetModuleAttr(th: Thread<'_>, module: Obj<'_>, name: Obj<'_>) -> Result {
    PyImport_ImportModuleAttr(th, module, name)
}

#[capi]
fn _PyImport_GetModuleAttrString(th: Thread<'_>, module: &CStr, name: &CStr) -> Result {
    PyImport_ImportModuleAttrString(th, module, name)
}
