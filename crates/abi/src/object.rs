//! The object header, the type object and its method tables.
//!
//! Every object starts with [`PyObject`]. The upper 32 bits of the count word
//! (`ob_overflow`, `ob_flags`) stay 0 in every mortal object: older extensions
//! count on all 64 bits and free at zero.

use core::ffi::*;

use crate::*;

layouts! {
    /// The header of every object.
    pub struct PyObject {
        pub ob_refcnt: u32,
        pub ob_overflow: u16,
        pub ob_flags: u16,
        pub ob_type: *mut PyTypeObject,
    }

    /// The header of objects with a variable number of items.
    pub struct PyVarObject {
        pub ob_base: PyObject,
        pub ob_size: Py_ssize_t,
    }

    /// `PyTypeObject`.
    pub struct PyTypeObject {
        pub ob_base: PyVarObject,
        pub tp_name: *const c_char,
        pub tp_basicsize: Py_ssize_t,
        pub tp_itemsize: Py_ssize_t,
        pub tp_dealloc: Option<destructor>,
        pub tp_vectorcall_offset: Py_ssize_t,
        pub tp_getattr: Option<getattrfunc>,
        pub tp_setattr: Option<setattrfunc>,
        pub tp_as_async: *mut PyAsyncMethods,
        pub tp_repr: Option<reprfunc>,
        pub tp_as_number: *mut PyNumberMethods,
        pub tp_as_sequence: *mut PySequenceMethods,
        pub tp_as_mapping: *mut PyMappingMethods,
        pub tp_hash: Option<hashfunc>,
        pub tp_call: Option<ternaryfunc>,
        pub tp_str: Option<reprfunc>,
        pub tp_getattro: Option<getattrofunc>,
        pub tp_setattro: Option<setattrofunc>,
        pub tp_as_buffer: *mut PyBufferProcs,
        pub tp_flags: c_ulong,
        pub tp_doc: *const c_char,
        pub tp_traverse: Option<traverseproc>,
        pub tp_clear: Option<inquiry>,
        pub tp_richcompare: Option<richcmpfunc>,
        pub tp_weaklistoffset: Py_ssize_t,
        pub tp_iter: Option<getiterfunc>,
        pub tp_iternext: Option<iternextfunc>,
        pub tp_methods: *mut PyMethodDef,
        pub tp_members: *mut PyMemberDef,
        pub tp_getset: *mut PyGetSetDef,
        pub tp_base: *mut PyTypeObject,
        pub tp_dict: *mut PyObject,
        pub tp_descr_get: Option<descrgetfunc>,
        pub tp_descr_set: Option<descrsetfunc>,
        pub tp_dictoffset: Py_ssize_t,
        pub tp_init: Option<initproc>,
        pub tp_alloc: Option<allocfunc>,
        pub tp_new: Option<newfunc>,
        pub tp_free: Option<freefunc>,
        pub tp_is_gc: Option<inquiry>,
        pub tp_bases: *mut PyObject,
        pub tp_mro: *mut PyObject,
        pub tp_cache: *mut PyObject,
        pub tp_subclasses: *mut c_void,
        pub tp_weaklist: *mut PyObject,
        pub tp_del: Option<destructor>,
        pub tp_version_tag: c_uint,
        pub tp_finalize: Option<destructor>,
        pub tp_vectorcall: Option<vectorcallfunc>,
        pub tp_watched: u8,
        pub tp_versions_used: u16,
    }

    /// `PyHeapTypeObject`.
    pub struct PyHeapTypeObject {
        pub ht_type: PyTypeObject,
        pub as_async: PyAsyncMethods,
        pub as_number: PyNumberMethods,
        pub as_mapping: PyMappingMethods,
        pub as_sequence: PySequenceMethods,
        pub as_buffer: PyBufferProcs,
        pub ht_name: *mut PyObject,
        pub ht_slots: *mut PyObject,
        pub ht_qualname: *mut PyObject,
        pub ht_cached_keys: *mut c_void,
        pub ht_module: *mut PyObject,
        pub _ht_tpname: *const c_char,
        pub ht_token: *mut c_void,
        pub _spec_cache: _specialization_cache,
    }

    /// `_specialization_cache`.
    pub struct _specialization_cache {
        pub getitem: *mut PyObject,
        pub getitem_version: u32,
        pub init: *mut PyObject,
    }

    /// `PyAsyncMethods`.
    #[derive(Clone, Copy)]
    pub struct PyAsyncMethods {
        pub am_await: Option<unaryfunc>,
        pub am_aiter: Option<unaryfunc>,
        pub am_anext: Option<unaryfunc>,
        pub am_send: Option<sendfunc>,
    }

    /// `PyNumberMethods`.
    #[derive(Clone, Copy)]
    pub struct PyNumberMethods {
        pub nb_add: Option<binaryfunc>,
        pub nb_subtract: Option<binaryfunc>,
        pub nb_multiply: Option<binaryfunc>,
        pub nb_remainder: Option<binaryfunc>,
        pub nb_divmod: Option<binaryfunc>,
        pub nb_power: Option<ternaryfunc>,
        pub nb_negative: Option<unaryfunc>,
        pub nb_positive: Option<unaryfunc>,
        pub nb_absolute: Option<unaryfunc>,
        pub nb_bool: Option<inquiry>,
        pub nb_invert: Option<unaryfunc>,
        pub nb_lshift: Option<binaryfunc>,
        pub nb_rshift: Option<binaryfunc>,
        pub nb_and: Option<binaryfunc>,
        pub nb_xor: Option<binaryfunc>,
        pub nb_or: Option<binaryfunc>,
        pub nb_int: Option<unaryfunc>,
        pub nb_reserved: *mut c_void,
        pub nb_float: Option<unaryfunc>,
        pub nb_inplace_add: Option<binaryfunc>,
        pub nb_inplace_subtract: Option<binaryfunc>,
        pub nb_inplace_multiply: Option<binaryfunc>,
        pub nb_inplace_remainder: Option<binaryfunc>,
        pub nb_inplace_power: Option<ternaryfunc>,
        pub nb_inplace_lshift: Option<binaryfunc>,
        pub nb_inplace_rshift: Option<binaryfunc>,
        pub nb_inplace_and: Option<binaryfunc>,
        pub nb_inplace_xor: Option<binaryfunc>,
        pub nb_inplace_or: Option<binaryfunc>,
        pub nb_floor_divide: Option<binaryfunc>,
        pub nb_true_divide: Option<binaryfunc>,
        pub nb_inplace_floor_divide: Option<binaryfunc>,
        pub nb_inplace_true_divide: Option<binaryfunc>,
        pub nb_index: Option<unaryfunc>,
        pub nb_matrix_multiply: Option<binaryfunc>,
        pub nb_inplace_matrix_multiply: Option<binaryfunc>,
    }

    /// `PySequenceMethods`.
    #[derive(Clone, Copy)]
    pub struct PySequenceMethods {
        pub sq_length: Option<lenfunc>,
        pub sq_concat: Option<binaryfunc>,
        pub sq_repeat: Option<ssizeargfunc>,
        pub sq_item: Option<ssizeargfunc>,
        pub was_sq_slice: *mut c_void,
        pub sq_ass_item: Option<ssizeobjargproc>,
        pub was_sq_ass_slice: *mut c_void,
        pub sq_contains: Option<objobjproc>,
        pub sq_inplace_concat: Option<binaryfunc>,
        pub sq_inplace_repeat: Option<ssizeargfunc>,
    }

    /// `PyMappingMethods`.
    #[derive(Clone, Copy)]
    pub struct PyMappingMethods {
        pub mp_length: Option<lenfunc>,
        pub mp_subscript: Option<binaryfunc>,
        pub mp_ass_subscript: Option<objobjargproc>,
    }

    /// `PyBufferProcs`.
    #[derive(Clone, Copy)]
    pub struct PyBufferProcs {
        pub bf_getbuffer: Option<getbufferproc>,
        pub bf_releasebuffer: Option<releasebufferproc>,
    }

    /// `PyMethodDef`.
    #[derive(Clone, Copy)]
    pub struct PyMethodDef {
        pub ml_name: *const c_char,
        pub ml_meth: Option<PyCFunction>,
        pub ml_flags: c_int,
        pub ml_doc: *const c_char,
    }

    /// `PyMemberDef`.
    #[derive(Clone, Copy)]
    pub struct PyMemberDef {
        pub name: *const c_char,
        pub r#type: c_int,
        pub offset: Py_ssize_t,
        pub flags: c_int,
        pub doc: *const c_char,
    }

    /// `PyGetSetDef`.
    #[derive(Clone, Copy)]
    pub struct PyGetSetDef {
        pub name: *const c_char,
        pub get: Option<getter>,
        pub set: Option<setter>,
        pub doc: *const c_char,
        pub closure: *mut c_void,
    }

    /// `PyType_Slot`.
    #[derive(Clone, Copy)]
    pub struct PyType_Slot {
        pub slot: c_int,
        pub pfunc: *mut c_void,
    }

    /// `PyType_Spec`.
    #[derive(Clone, Copy)]
    pub struct PyType_Spec {
        pub name: *const c_char,
        pub basicsize: c_int,
        pub itemsize: c_int,
        pub flags: c_uint,
        pub slots: *mut PyType_Slot,
    }

    /// `PyStructSequence_Field`.
    #[derive(Clone, Copy)]
    pub struct PyStructSequence_Field {
        pub name: *const c_char,
        pub doc: *const c_char,
    }

    /// `PyStructSequence_Desc`.
    #[derive(Clone, Copy)]
    pub struct PyStructSequence_Desc {
        pub name: *const c_char,
        pub doc: *const c_char,
        pub fields: *mut PyStructSequence_Field,
        pub n_in_sequence: c_int,
    }
}

// SAFETY: a definition table; nobody writes to it after its initialisation.
unsafe impl Sync for PyMethodDef {}

// SAFETY: a definition table; nobody writes to it after its initialisation.
unsafe impl Sync for PyMemberDef {}

// SAFETY: a definition table; nobody writes to it after its initialisation.
unsafe impl Sync for PyGetSetDef {}

// SAFETY: a definition table; nobody writes to it after its initialisation.
unsafe impl Sync for PyType_Slot {}

// SAFETY: a definition table; nobody writes to it after its initialisation.
unsafe impl Sync for PyType_Spec {}

// SAFETY: a definition table; nobody writes to it after its initialisation.
unsafe impl Sync for PyStructSequence_Field {}

// SAFETY: a definition table; nobody writes to it after its initialisation.
unsafe impl Sync for PyStructSequence_Desc {}
