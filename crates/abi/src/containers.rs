//! Tuples, lists, dictionaries, sets, slices, cells and their iterators and views.

use core::ffi::*;

use crate::*;

layouts! {
    /// `PyTupleObject`.
    pub struct PyTupleObject {
        pub ob_base: PyVarObject,
        pub ob_hash: Py_hash_t,
        pub ob_item: [*mut PyObject; 1],
    }

    /// `PyListObject`. Invariant: `0 <= ob_size <= allocated`, and the first
    /// `ob_size` entries of `ob_item` are non-null.
    pub struct PyListObject {
        pub ob_base: PyVarObject,
        pub ob_item: *mut *mut PyObject,
        pub allocated: Py_ssize_t,
    }

    /// `PyDictObject`; what `ma_keys` and `ma_values` point to is private.
    pub struct PyDictObject {
        pub ob_base: PyObject,
        pub ma_used: Py_ssize_t,
        pub _ma_watcher_tag: u64,
        pub ma_keys: *mut c_void,
        pub ma_values: *mut c_void,
    }

    /// `PySetObject`.
    pub struct PySetObject {
        pub ob_base: PyObject,
        pub fill: Py_ssize_t,
        pub used: Py_ssize_t,
        pub mask: Py_ssize_t,
        pub table: *mut setentry,
        pub hash: Py_hash_t,
        pub finger: Py_ssize_t,
        pub smalltable: [setentry; 8],
        pub weakreflist: *mut PyObject,
    }

    /// `setentry`.
    #[derive(Clone, Copy)]
    pub struct setentry {
        pub key: *mut PyObject,
        pub hash: Py_hash_t,
    }

    /// `PySliceObject`.
    pub struct PySliceObject {
        pub ob_base: PyObject,
        pub start: *mut PyObject,
        pub stop: *mut PyObject,
        pub step: *mut PyObject,
    }

    /// `PyCellObject`.
    pub struct PyCellObject {
        pub ob_base: PyObject,
        pub ob_ref: *mut PyObject,
    }

    /// `_PyListIterObject`.
    pub struct _PyListIterObject {
        pub ob_base: PyObject,
        pub it_index: Py_ssize_t,
        pub it_seq: *mut PyListObject,
    }

    /// `_PyTupleIterObject`.
    pub struct _PyTupleIterObject {
        pub ob_base: PyObject,
        pub it_index: Py_ssize_t,
        pub it_seq: *mut PyTupleObject,
    }

    /// `_PyRangeIterObject`.
    pub struct _PyRangeIterObject {
        pub ob_base: PyObject,
        pub start: c_long,
        pub step: c_long,
        pub len: c_long,
    }

    /// `_PyDictViewObject`.
    pub struct _PyDictViewObject {
        pub ob_base: PyObject,
        pub dv_dict: *mut PyDictObject,
    }

    /// `PyWeakReference`.
    pub struct PyWeakReference {
        pub ob_base: PyObject,
        pub wr_object: *mut PyObject,
        pub wr_callback: *mut PyObject,
        pub hash: Py_hash_t,
        pub wr_prev: *mut PyWeakReference,
        pub wr_next: *mut PyWeakReference,
        pub vectorcall: Option<vectorcallfunc>,
    }
}
