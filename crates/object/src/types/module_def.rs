//! `moduledef`: what C code says of a module, and the state it keeps in one.
//!
//! A module with a definition may have memory of its own, which the functions
//! of the definition traverse, clear and free. Definitions live for ever.

use std::ffi::c_void;

use macros::{pymethods, pytype};

use abi::{PyModuleDef, PyObject};

use crate::{AsObject, Head, Module, Obj, PyStruct, Thread};

/// The definition of a module.
#[pytype(name = "moduledef", c_name = "PyModuleDef_Type", flags = DISALLOW_INSTANTIATION)]
pub struct ModuleDef {
    head: Head,
}

#[pymethods]
impl ModuleDef {}

/// The definition of a module of C code.
fn definition(module: &Module) -> Option<&'static PyModuleDef> {
    // SAFETY: null or a definition, which lives for ever.
    unsafe { module.def().as_ref() }
}

/// Whether the functions of the definition may be called: the state is there,
/// or the module needs none.
fn has_state(module: &Module, def: &PyModuleDef) -> bool {
    def.m_size <= 0 || !module.state().is_null()
}

/// The collector's function as C code calls it.
unsafe extern "C" fn visit_from_c(object: *mut PyObject, arg: *mut c_void) -> i32 {
    // SAFETY: `arg` is what `traverse` passed along.
    let visit = unsafe { &mut *arg.cast::<&mut dyn FnMut(Obj<'_>)>() };
    // SAFETY: C code shows live objects.
    if let Some(object) = unsafe { Obj::from_raw(object) } {
        visit(object);
    }
    0
}

/// Show the references in the module's state.
pub fn traverse(module: &Module, visit: &mut dyn FnMut(Obj<'_>)) {
    let Some(def) = definition(module).filter(|def| has_state(module, def)) else { return };
    if let Some(traverse) = def.m_traverse {
        let mut visit = visit;
        // SAFETY: the function belongs to the module's definition.
        unsafe { traverse(module.obj().as_ptr(), visit_from_c, (&raw mut visit).cast()) };
    }
}

/// Drop the references in the module's state.
pub fn clear(module: &Module) {
    let Some(def) = definition(module).filter(|def| has_state(module, def)) else { return };
    if let Some(clear) = def.m_clear {
        // SAFETY: the function belongs to the module's definition.
        unsafe { clear(module.obj().as_ptr()) };
    }
}

/// Free the module's state.
pub fn free(module: &Module) {
    if let Some(def) = definition(module).filter(|def| has_state(module, def))
        && let Some(free) = def.m_free
    {
        // SAFETY: the function belongs to the module's definition.
        unsafe { free(module.obj().as_ptr().cast()) };
    }
    let state = module.state();
    module.set_state(std::ptr::null_mut());
    if let Some(state) = std::ptr::NonNull::new(state) {
        // SAFETY: a module dies on an attached thread.
        let th = unsafe { Thread::current() };
        // SAFETY: a block of this heap that only the module knew.
        unsafe { th.heap().free(state.cast()) };
    }
}

/// Give a definition its type, so that it can be told from a module.
pub fn init(def: &mut PyModuleDef) {
    let base = &mut def.m_base.ob_base;
    if base.ob_type.is_null() {
        base.ob_type = ModuleDef::type_object().as_ptr();
    }
}
