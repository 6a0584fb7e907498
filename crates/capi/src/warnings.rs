//! The variadic functions of `warnings.h`.

use std::ffi::{c_char, c_int};

use abi::PyObject;
use object::{Obj, Thread};

use crate::{convert::IntoC, osmodule::warn, variadic::VaList};

/// `PyErr_WarnFormat` with a list.
pub(crate) unsafe extern "C" fn warn_format(
    category: *mut PyObject,
    level: isize,
    format: *const c_char,
    va: *mut VaList,
) -> c_int {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let text = crate::unicode_format::expand(th, format, &mut *va);
        text.and_then(|text| warn(th, Obj::from_raw(category), &text, level)).into_c()
    }
}

/// `PyErr_ResourceWarning` with a list.
pub(crate) unsafe extern "C" fn resource_warning(
    _source: *mut PyObject,
    level: isize,
    format: *const c_char,
    va: *mut VaList,
) -> c_int {
    let category = object::exceptions::types::ResourceWarning();
    // SAFETY: as above.
    unsafe { warn_format(object::AsObject::obj(category).as_ptr(), level, format, va) }
}
