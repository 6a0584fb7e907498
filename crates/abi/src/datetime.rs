//! The objects of `datetime` and the function table in its capsule.

use core::ffi::*;

use crate::*;

layouts! {
    /// `PyDateTime_Delta`.
    pub struct PyDateTime_Delta {
        pub ob_base: PyObject,
        pub hashcode: Py_hash_t,
        pub days: c_int,
        pub seconds: c_int,
        pub microseconds: c_int,
    }

    /// `PyDateTime_TZInfo`.
    pub struct PyDateTime_TZInfo {
        pub ob_base: PyObject,
    }

    /// `_PyDateTime_BaseTZInfo`.
    pub struct _PyDateTime_BaseTZInfo {
        pub ob_base: PyObject,
        pub hashcode: Py_hash_t,
        pub hastzinfo: c_char,
    }

    /// `_PyDateTime_BaseTime`.
    pub struct _PyDateTime_BaseTime {
        pub ob_base: PyObject,
        pub hashcode: Py_hash_t,
        pub hastzinfo: c_char,
        pub data: [u8; 6],
    }

    /// `PyDateTime_Time`.
    pub struct PyDateTime_Time {
        pub ob_base: PyObject,
        pub hashcode: Py_hash_t,
        pub hastzinfo: c_char,
        pub data: [u8; 6],
        pub fold: u8,
        pub tzinfo: *mut PyObject,
    }

    /// `_PyDateTime_BaseDateTime`.
    pub struct _PyDateTime_BaseDateTime {
        pub ob_base: PyObject,
        pub hashcode: Py_hash_t,
        pub hastzinfo: c_char,
        pub data: [u8; 10],
    }

    /// `PyDateTime_DateTime`.
    pub struct PyDateTime_DateTime {
        pub ob_base: PyObject,
        pub hashcode: Py_hash_t,
        pub hastzinfo: c_char,
        pub data: [u8; 10],
        pub fold: u8,
        pub tzinfo: *mut PyObject,
    }

    /// `PyDateTime_Date`.
    pub struct PyDateTime_Date {
        pub ob_base: PyObject,
        pub hashcode: Py_hash_t,
        pub hastzinfo: c_char,
        pub data: [u8; 4],
    }

    /// `PyDateTime_CAPI`.
    pub struct PyDateTime_CAPI {
        pub DateType: *mut PyTypeObject,
        pub DateTimeType: *mut PyTypeObject,
        pub TimeType: *mut PyTypeObject,
        pub DeltaType: *mut PyTypeObject,
        pub TZInfoType: *mut PyTypeObject,
        pub TimeZone_UTC: *mut PyObject,
        pub Date_FromDate: Option<unsafe extern "C" fn(c_int, c_int, c_int, *mut PyTypeObject) -> *mut PyObject>,
        pub DateTime_FromDateAndTime: Option<unsafe extern "C" fn(c_int, c_int, c_int, c_int, c_int, c_int, c_int, *mut PyObject, *mut PyTypeObject) -> *mut PyObject>,
        pub Time_FromTime: Option<unsafe extern "C" fn(c_int, c_int, c_int, c_int, *mut PyObject, *mut PyTypeObject) -> *mut PyObject>,
        pub Delta_FromDelta: Option<unsafe extern "C" fn(c_int, c_int, c_int, c_int, *mut PyTypeObject) -> *mut PyObject>,
        pub TimeZone_FromTimeZone: Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>,
        pub DateTime_FromTimestamp: Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject>,
        pub Date_FromTimestamp: Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>,
        pub DateTime_FromDateAndTimeAndFold: Option<unsafe extern "C" fn(c_int, c_int, c_int, c_int, c_int, c_int, c_int, *mut PyObject, c_int, *mut PyTypeObject) -> *mut PyObject>,
        pub Time_FromTimeAndFold: Option<unsafe extern "C" fn(c_int, c_int, c_int, c_int, *mut PyObject, c_int, *mut PyTypeObject) -> *mut PyObject>,
    }
}
