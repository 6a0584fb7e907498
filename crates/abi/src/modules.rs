//! Module objects and their definitions.

use core::ffi::*;

use crate::*;

layouts! {
    /// `PyModuleObject`.
    pub struct PyModuleObject {
        pub ob_base: PyObject,
        pub md_dict: *mut PyObject,
        pub md_def: *mut PyModuleDef,
        pub md_state: *mut c_void,
        pub md_weaklist: *mut PyObject,
        pub md_name: *mut PyObject,
    }

    /// `PyModuleDef`.
    pub struct PyModuleDef {
        pub m_base: PyModuleDef_Base,
        pub m_name: *const c_char,
        pub m_doc: *const c_char,
        pub m_size: Py_ssize_t,
        pub m_methods: *mut PyMethodDef,
        pub m_slots: *mut PyModuleDef_Slot,
        pub m_traverse: Option<traverseproc>,
        pub m_clear: Option<inquiry>,
        pub m_free: Option<freefunc>,
    }

    /// `PyModuleDef_Base`.
    pub struct PyModuleDef_Base {
        pub ob_base: PyObject,
        pub m_init: Option<PyModInitFunction>,
        pub m_index: Py_ssize_t,
        pub m_copy: *mut PyObject,
    }

    /// `PyModuleDef_Slot`.
    #[derive(Clone, Copy)]
    pub struct PyModuleDef_Slot {
        pub slot: c_int,
        pub value: *mut c_void,
    }

    /// `_inittab`.
    pub struct _inittab {
        pub name: *const c_char,
        pub initfunc: Option<PyModInitFunction>,
    }

    /// `_frozen`.
    pub struct _frozen {
        pub name: *const c_char,
        pub code: *const u8,
        pub size: c_int,
        pub is_package: c_int,
    }
}

// SAFETY: a definition table; nobody writes to it after its initialisation.
unsafe impl Sync for PyModuleDef_Slot {}
