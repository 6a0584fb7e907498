//! Modules from a `PyModuleDef`: multi-phase initialisation (PEP 489) and what
//! single-phase initialisation shares with it.
//!
//! The slots of a definition say how its module is made and what fills it.
//! Invariant: a module's state is allocated before its first `exec` slot runs,
//! which is how one tells that they ran.

use std::ffi::CStr;

use abi::{PyModuleDef, PyModuleDef_Slot, PyObject};
use object::{
    AsObject, Module, Obj, Protocol, Ref, Result, Str, Thread, error, id, raise,
    types::{self, builtin_function, type_::foreign},
};

/// What the slots of a definition say.
struct Slots {
    create: Option<unsafe extern "C" fn(*mut PyObject, *mut PyModuleDef) -> *mut PyObject>,
    exec: Vec<unsafe extern "C" fn(*mut PyObject) -> i32>,
    /// `Py_mod_multiple_interpreters`
    sharing: i32,
}

impl Default for Slots {
    fn default() -> Slots {
        let sharing = abi::Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED;
        Slots { create: None, exec: Vec::new(), sharing }
    }
}

/// The slots up to the one with number 0.
fn raw_slots(def: &PyModuleDef) -> Vec<PyModuleDef_Slot> {
    let (mut all, mut next) = (Vec::new(), def.m_slots);
    // SAFETY: the table of a definition ends with number 0.
    while !next.is_null() && unsafe { (*next).slot } != 0 {
        // SAFETY: as above.
        all.push(unsafe { *next });
        // SAFETY: as above.
        next = unsafe { next.add(1) };
    }
    all
}

impl Slots {
    fn read(th: Thread<'_>, def: &PyModuleDef, name: &str) -> Result<Slots> {
        let mut slots = Slots::default();
        let (mut interpreters, mut gil) = (false, false);
        for PyModuleDef_Slot { slot, value } in raw_slots(def) {
            let once = |seen: &mut bool, what: &str| {
                if std::mem::replace(seen, true) {
                    raise!(th, SystemError, "module {name} has more than one '{what}' slots");
                }
                Ok(())
            };
            match slot {
                abi::Py_mod_create => {
                    if slots.create.is_some() {
                        raise!(th, SystemError, "module {name} has multiple create slots");
                    }
                    // SAFETY: the slot holds such a function.
                    slots.create = unsafe {
                        std::mem::transmute::<
                            *mut std::ffi::c_void,
                            Option<
                                unsafe extern "C" fn(
                                    *mut abi::PyObject,
                                    *mut abi::PyModuleDef,
                                )
                                    -> *mut abi::PyObject,
                            >,
                        >(value)
                    };
                }
                abi::Py_mod_exec => {
                    // SAFETY: the slot holds such a function.
                    slots.exec.extend(unsafe {
                        std::mem::transmute::<
                            *mut _,
                            Option<unsafe extern "C" fn(*mut PyObject) -> i32>,
                        >(value)
                    });
                }
                abi::Py_mod_multiple_interpreters => {
                    once(&mut interpreters, "multiple interpreters")?;
                    slots.sharing = value.addr() as i32;
                }
                abi::Py_mod_gil => once(&mut gil, "gil")?,
                _ => {
                    raise!(th, SystemError, "module {name} uses unknown slot ID {slot}")
                }
            }
        }
        Ok(slots)
    }
}

/// The text of a C string, empty for null.
///
/// # Safety
///
/// `text` is null or a C string that lives for ever.
unsafe fn c_text(text: *const std::ffi::c_char) -> &'static str {
    // SAFETY: the caller's promise.
    if text.is_null() { "" } else { unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default() }
}

/// `PyModule_AddFunctions`.
///
/// # Safety
///
/// `table` is null or a table that lives for ever.
pub unsafe fn add_functions(
    th: Thread<'_>,
    module: Obj<'_>,
    name: Obj<'_>,
    table: *mut abi::PyMethodDef,
) -> Result<()> {
    // SAFETY: the caller's promise.
    for def in unsafe { foreign::methods(table) } {
        if def.ml_flags & (abi::METH_CLASS | abi::METH_STATIC) != 0 {
            raise!(th, ValueError, "module functions cannot set METH_CLASS or METH_STATIC");
        }
        let function = builtin_function::new(th, def, Some(module), Some(name))?;
        // SAFETY: the table lives for ever.
        let key = Str::intern(th, unsafe { c_text(def.ml_name) })?;
        module.setattr(th, &key, Some(function.obj()))?;
    }
    Ok(())
}

/// `PyModule_SetDocString`.
pub fn set_doc(th: Thread<'_>, module: Obj<'_>, doc: &str) -> Result<()> {
    module.setattr(th, id!(th, "__doc__"), Some(Str::new(th, doc)?.obj()))
}

/// A module with the names that every module has.
pub fn new_module(th: Thread<'_>, name: &Str) -> Result<Ref<Module>> {
    let module = Module::new(th, name)?;
    let dict = module.dict(th)?;
    dict.set(th, id!(th, "__name__").obj(), name.obj())?;
    for key in
        [id!(th, "__doc__"), id!(th, "__package__"), id!(th, "__loader__"), id!(th, "__spec__")]
    {
        dict.set(th, key.obj(), types::none())?;
    }
    Ok(module)
}

/// Zeroed memory for the state of a module, if the definition wants some.
fn allocate_state(th: Thread<'_>, module: &Module, def: &PyModuleDef) -> Result<()> {
    let Ok(size) = usize::try_from(def.m_size) else { return Ok(()) };
    if !module.state().is_null() {
        return Ok(());
    }
    let size = size.max(1);
    let Some(state) = th.heap().alloc(size) else { return Err(th.no_memory()) };
    // SAFETY: fresh memory of that size.
    unsafe { state.write_bytes(0, size) };
    module.set_state(state.as_ptr().cast());
    Ok(())
}

/// `PyModule_Create2`: the module of single-phase initialisation.
///
/// # Safety
///
/// `def` is a definition that lives for ever.
pub unsafe fn create(th: Thread<'_>, def: *mut PyModuleDef) -> Result<Ref> {
    // SAFETY: the caller's promise.
    let (definition, base) = unsafe { (&*def, &mut *def) };
    types::module_def::init(base);
    // SAFETY: a name that lives for ever.
    let name = unsafe { c_text(definition.m_name) };
    if !definition.m_slots.is_null() {
        raise!(th, SystemError, "module {name}: PyModule_Create is incompatible with m_slots");
    }
    // The module may be part of a package.
    let name = crate::importdl::full_name(th, name);
    let name = Str::intern(th, &name)?;
    let module = new_module(th, &name)?;
    if definition.m_size > 0 {
        allocate_state(th, &module, definition)?;
    }
    // SAFETY: the caller's promise.
    unsafe { fill(th, module.obj(), name.obj(), definition)? };
    module.set_def(def);
    Ok(module.upcast())
}

/// Functions and documentation of a definition.
///
/// # Safety
///
/// The tables of the definition live for ever.
unsafe fn fill(th: Thread<'_>, module: Obj<'_>, name: Obj<'_>, def: &PyModuleDef) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { add_functions(th, module, name, def.m_methods)? };
    if !def.m_doc.is_null() {
        // SAFETY: as above.
        set_doc(th, module, unsafe { c_text(def.m_doc) })?;
    }
    Ok(())
}

/// `PyModule_FromDefAndSpec2`: the first phase of multi-phase initialisation.
///
/// # Safety
///
/// `def` is a definition that lives for ever.
pub unsafe fn from_def_and_spec(
    th: Thread<'_>,
    def: *mut PyModuleDef,
    spec: Obj<'_>,
) -> Result<Ref> {
    // SAFETY: the caller's promise.
    let (definition, base) = unsafe { (&*def, &mut *def) };
    types::module_def::init(base);
    let name_object = spec.getattr(th, id!(th, "name"))?;
    let Some(name) = name_object.obj().downcast::<Str>() else {
        raise!(th, TypeError, "spec.name must be a string");
    };
    let text = name.to_string();
    if definition.m_size < 0 {
        raise!(
            th,
            SystemError,
            "module {text}: m_size may not be negative for multi-phase initialization"
        );
    }
    let slots = Slots::read(th, definition, &text)?;
    let wants_own = crate::interpreters::config(th).gil == crate::interpreters::GilKind::Own;
    let is_shared = match slots.sharing {
        abi::Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED => true,
        abi::Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED => wants_own && !th.interp().is_main(),
        _ => false,
    };
    if is_shared {
        crate::importdl::refuse_shared(th, &text, name.obj())?;
    }
    let module = match slots.create {
        Some(create) => {
            // SAFETY: the definition's own function.
            let made = unsafe { create(spec.as_ptr(), def) };
            // SAFETY: a new reference or null.
            match (unsafe { Ref::from_raw(made) }, th.is_raised()) {
                (Some(made), false) => made,
                (None, true) => return Err(error::Raised),
                (None, false) => raise!(
                    th,
                    SystemError,
                    "creation of module {text} failed without setting an exception"
                ),
                (Some(made), true) => {
                    drop(made);
                    return Err(crate::importdl::chained(
                        th,
                        &format!("creation of module {text} raised unreported exception"),
                    ));
                }
            }
        }
        None => new_module(th, name)?.upcast(),
    };
    match module.obj().downcast::<Module>() {
        Some(module) => {
            module.set_state(std::ptr::null_mut());
            module.set_def(def);
        }
        None => {
            let wants_state = definition.m_size > 0
                || definition.m_traverse.is_some()
                || definition.m_clear.is_some()
                || definition.m_free.is_some();
            if wants_state {
                raise!(
                    th,
                    SystemError,
                    "module {text} is not a module object, but requests module state"
                );
            }
            if !slots.exec.is_empty() {
                raise!(
                    th,
                    SystemError,
                    "module {text} specifies execution slots, but did not create a ModuleType instance"
                );
            }
        }
    }
    // SAFETY: the caller's promise.
    unsafe { fill(th, module.obj(), name.obj(), definition)? };
    Ok(module)
}

/// `PyModule_ExecDef`: the second phase.
///
/// # Safety
///
/// `def` is a definition that lives for ever.
pub unsafe fn exec(th: Thread<'_>, module: Obj<'_>, def: *mut PyModuleDef) -> Result<()> {
    // SAFETY: the caller's promise.
    let definition = unsafe { &*def };
    let name = module.getattr(th, id!(th, "__name__"))?.str(th)?.to_string();
    if let Some(module) = module.downcast::<Module>() {
        allocate_state(th, module, definition)?;
    }
    for function in Slots::read(th, definition, &name)?.exec {
        // SAFETY: the definition's own function.
        let status = unsafe { function(module.as_ptr()) };
        match (status, th.is_raised()) {
            (0, false) => {}
            (0, true) => {
                let text = format!("execution of module {name} raised unreported exception");
                return Err(crate::importdl::chained(th, &text));
            }
            (_, true) => return Err(error::Raised),
            (_, false) => raise!(
                th,
                SystemError,
                "execution of module {name} failed without setting an exception"
            ),
        }
    }
    Ok(())
}

/// The second phase for a module that may have been through it, or need not.
pub fn exec_once(th: Thread<'_>, module: &Module) -> Result<()> {
    let def = module.def();
    if def.is_null() || !module.state().is_null() {
        return Ok(());
    }
    // SAFETY: a module's definition lives for ever.
    unsafe { exec(th, module.obj(), def) }
}
