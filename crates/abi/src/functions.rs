//! Code, functions, methods and descriptors.

use core::ffi::*;

use crate::*;

layouts! {
    /// `PyCodeObject`.
    pub struct PyCodeObject {
        pub ob_base: PyVarObject,
        pub co_consts: *mut PyObject,
        pub co_names: *mut PyObject,
        pub co_exceptiontable: *mut PyObject,
        pub co_flags: c_int,
        pub co_argcount: c_int,
        pub co_posonlyargcount: c_int,
        pub co_kwonlyargcount: c_int,
        pub co_stacksize: c_int,
        pub co_firstlineno: c_int,
        pub co_nlocalsplus: c_int,
        pub co_framesize: c_int,
        pub co_nlocals: c_int,
        pub co_ncellvars: c_int,
        pub co_nfreevars: c_int,
        pub co_version: u32,
        pub co_localsplusnames: *mut PyObject,
        pub co_localspluskinds: *mut PyObject,
        pub co_filename: *mut PyObject,
        pub co_name: *mut PyObject,
        pub co_qualname: *mut PyObject,
        pub co_linetable: *mut PyObject,
        pub co_weakreflist: *mut PyObject,
        pub co_executors: *mut _PyExecutorArray,
        pub _co_cached: *mut _PyCoCached,
        pub _co_instrumentation_version: usize,
        pub _co_monitoring: *mut c_void,
        pub _co_unique_id: Py_ssize_t,
        pub _co_firsttraceable: c_int,
        pub co_extra: *mut c_void,
        pub co_code_adaptive: [c_char; 1],
    }

    /// `_PyCoCached`.
    pub struct _PyCoCached {
        pub _co_code: *mut PyObject,
        pub _co_varnames: *mut PyObject,
        pub _co_cellvars: *mut PyObject,
        pub _co_freevars: *mut PyObject,
    }

    /// `_PyExecutorArray`.
    pub struct _PyExecutorArray {
        pub size: c_int,
        pub capacity: c_int,
        pub executors: [*mut PyObject; 1],
    }

    /// `PyFunctionObject`.
    pub struct PyFunctionObject {
        pub ob_base: PyObject,
        pub func_globals: *mut PyObject,
        pub func_builtins: *mut PyObject,
        pub func_name: *mut PyObject,
        pub func_qualname: *mut PyObject,
        pub func_code: *mut PyObject,
        pub func_defaults: *mut PyObject,
        pub func_kwdefaults: *mut PyObject,
        pub func_closure: *mut PyObject,
        pub func_doc: *mut PyObject,
        pub func_dict: *mut PyObject,
        pub func_weakreflist: *mut PyObject,
        pub func_module: *mut PyObject,
        pub func_annotations: *mut PyObject,
        pub func_annotate: *mut PyObject,
        pub func_typeparams: *mut PyObject,
        pub vectorcall: Option<vectorcallfunc>,
        pub func_version: u32,
    }

    /// `PyFrameConstructor`.
    pub struct PyFrameConstructor {
        pub fc_globals: *mut PyObject,
        pub fc_builtins: *mut PyObject,
        pub fc_name: *mut PyObject,
        pub fc_qualname: *mut PyObject,
        pub fc_code: *mut PyObject,
        pub fc_defaults: *mut PyObject,
        pub fc_kwdefaults: *mut PyObject,
        pub fc_closure: *mut PyObject,
    }

    /// `PyMethodObject`.
    pub struct PyMethodObject {
        pub ob_base: PyObject,
        pub im_func: *mut PyObject,
        pub im_self: *mut PyObject,
        pub im_weakreflist: *mut PyObject,
        pub vectorcall: Option<vectorcallfunc>,
    }

    /// `PyInstanceMethodObject`.
    pub struct PyInstanceMethodObject {
        pub ob_base: PyObject,
        pub func: *mut PyObject,
    }

    /// `PyCFunctionObject`.
    pub struct PyCFunctionObject {
        pub ob_base: PyObject,
        pub m_ml: *mut PyMethodDef,
        pub m_self: *mut PyObject,
        pub m_module: *mut PyObject,
        pub m_weakreflist: *mut PyObject,
        pub vectorcall: Option<vectorcallfunc>,
    }

    /// `PyCMethodObject`.
    pub struct PyCMethodObject {
        pub func: PyCFunctionObject,
        pub mm_class: *mut PyTypeObject,
    }

    /// `PyDescrObject`.
    pub struct PyDescrObject {
        pub ob_base: PyObject,
        pub d_type: *mut PyTypeObject,
        pub d_name: *mut PyObject,
        pub d_qualname: *mut PyObject,
    }

    /// `PyMethodDescrObject`.
    pub struct PyMethodDescrObject {
        pub d_common: PyDescrObject,
        pub d_method: *mut PyMethodDef,
        pub vectorcall: Option<vectorcallfunc>,
    }

    /// `PyMemberDescrObject`.
    pub struct PyMemberDescrObject {
        pub d_common: PyDescrObject,
        pub d_member: *mut PyMemberDef,
    }

    /// `PyGetSetDescrObject`.
    pub struct PyGetSetDescrObject {
        pub d_common: PyDescrObject,
        pub d_getset: *mut PyGetSetDef,
    }

    /// `PyWrapperDescrObject`.
    pub struct PyWrapperDescrObject {
        pub d_common: PyDescrObject,
        pub d_base: *mut wrapperbase,
        pub d_wrapped: *mut c_void,
    }

    /// `wrapperbase`.
    pub struct wrapperbase {
        pub name: *const c_char,
        pub offset: c_int,
        pub function: *mut c_void,
        pub wrapper: Option<wrapperfunc>,
        pub doc: *const c_char,
        pub flags: c_int,
        pub name_strobj: *mut PyObject,
    }
}
