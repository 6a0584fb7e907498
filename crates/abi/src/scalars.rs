//! Numbers, strings and bytes.
//!
//! `str` follows PEP 393: ASCII data starts right after [`PyASCIIObject`],
//! other compact data after [`PyCompactUnicodeObject`].

use core::ffi::*;

use crate::*;

layouts! {
    /// `PyLongObject`.
    pub struct PyLongObject {
        pub ob_base: PyObject,
        pub long_value: _PyLongValue,
    }

    /// The value of an `int`: sign and digit count in `lv_tag`, then 30-bit digits.
    pub struct _PyLongValue {
        pub lv_tag: usize,
        pub ob_digit: [digit; 1],
    }

    /// `PyLongLayout`.
    pub struct PyLongLayout {
        pub bits_per_digit: u8,
        pub digit_size: u8,
        pub digits_order: i8,
        pub digit_endianness: i8,
    }

    /// `PyLongExport`.
    pub struct PyLongExport {
        pub value: i64,
        pub negative: u8,
        pub ndigits: Py_ssize_t,
        pub digits: *mut c_void,
        pub _reserved: usize,
    }

    /// `PyFloatObject`.
    pub struct PyFloatObject {
        pub ob_base: PyObject,
        pub ob_fval: f64,
    }

    /// `PyComplexObject`.
    pub struct PyComplexObject {
        pub ob_base: PyObject,
        pub cval: Py_complex,
    }

    /// `Py_complex`.
    #[derive(Clone, Copy)]
    pub struct Py_complex {
        pub real: f64,
        pub imag: f64,
    }

    /// `PyASCIIObject`; `state` holds the bits named `PyUnicode_STATE_*`.
    pub struct PyASCIIObject {
        pub ob_base: PyObject,
        pub length: Py_ssize_t,
        pub hash: Py_hash_t,
        pub state: u32,
    }

    /// `PyCompactUnicodeObject`.
    pub struct PyCompactUnicodeObject {
        pub _base: PyASCIIObject,
        pub utf8_length: Py_ssize_t,
        pub utf8: *const c_char,
    }

    /// `PyUnicodeObject`: a non-compact string, whose characters are at `data`.
    pub struct PyUnicodeObject {
        pub _base: PyCompactUnicodeObject,
        pub data: *mut c_void,
    }

    /// `_PyUnicodeWriter`.
    pub struct _PyUnicodeWriter {
        pub buffer: *mut PyObject,
        pub data: *mut c_void,
        pub kind: c_int,
        pub maxchar: u32,
        pub size: Py_ssize_t,
        pub pos: Py_ssize_t,
        pub min_length: Py_ssize_t,
        pub min_char: u32,
        pub overallocate: u8,
        pub readonly: u8,
    }

    /// `PyBytesObject`.
    pub struct PyBytesObject {
        pub ob_base: PyVarObject,
        pub ob_shash: Py_hash_t,
        pub ob_sval: [c_char; 1],
    }

    /// `PyByteArrayObject`.
    pub struct PyByteArrayObject {
        pub ob_base: PyVarObject,
        pub ob_alloc: Py_ssize_t,
        pub ob_bytes: *mut c_char,
        pub ob_start: *mut c_char,
        pub ob_exports: Py_ssize_t,
    }

    /// `PyHash_FuncDef`.
    pub struct PyHash_FuncDef {
        pub hash: Option<unsafe extern "C" fn(data: *const c_void, len: Py_ssize_t) -> Py_hash_t>,
        pub name: *const c_char,
        pub hash_bits: c_int,
        pub seed_bits: c_int,
    }
}
