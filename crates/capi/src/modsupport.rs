//! `Py_BuildValue`: objects from a format, and adding things to modules.
//!
//! The format is parsed by recursive descent; a missing argument (a null
//! object) is an error, the rest of the format is read all the same so that
//! references that are handed over (`N`) are released.

use std::ffi::{CStr, c_char, c_int, c_long, c_void};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Bytes, Dict, Float, Int, List, Module, Obj, Protocol, Ref, Result, Str, Thread,
    Tuple, Type, error, raise,
    types::{self, Complex},
};

use crate::{
    convert::{IntoC, c_name, text_of},
    variadic::VaList,
};

type Converter = unsafe extern "C" fn(*mut c_void) -> *mut PyObject;

struct Builder<'a> {
    th: Thread<'a>,
    rest: &'a [u8],
    va: &'a mut VaList,
}

impl Builder<'_> {
    fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    fn take(&mut self) -> u8 {
        let byte = self.peek();
        self.rest = self.rest.get(1..).unwrap_or_default();
        byte
    }

    /// Values up to `end`, which is taken; the first error after all are read.
    unsafe fn items(&mut self, end: u8) -> Result<Vec<Ref>> {
        let (mut items, mut failed) = (Vec::new(), None);
        loop {
            match self.peek() {
                byte if byte == end => {
                    self.take();
                    break;
                }
                0 => raise!(self.th, SystemError, "unmatched paren in format"),
                b',' | b':' | b' ' | b'\t' => {
                    self.take();
                }
                _ => {
                    // SAFETY: the caller's promise.
                    match unsafe { self.value() } {
                        Ok(item) => items.push(item),
                        Err(raised) => {
                            // Later values see no exception.
                            failed = failed.or(self.th.swap_exception(None));
                            let _ = raised;
                        }
                    }
                }
            }
        }
        match failed {
            Some(exception) => Err(self.th.restore(exception)),
            None => Ok(items),
        }
    }

    /// The size behind a `#`.
    unsafe fn size(&mut self) -> Option<isize> {
        if self.peek() != b'#' {
            return None;
        }
        self.take();
        // SAFETY: the caller's promise.
        Some(unsafe { self.va.next::<isize>() })
    }

    unsafe fn value(&mut self) -> Result<Ref> {
        let th = self.th;
        // SAFETY: for the whole function: the caller passed what the format says.
        unsafe {
            match self.take() {
                b'(' => Tuple::from_refs(th, self.items(b')')?).map(Ref::upcast),
                b'[' => List::from_refs(th, self.items(b']')?).map(Ref::upcast),
                b'{' => {
                    let items = self.items(b'}')?;
                    let dict = Dict::new(th)?;
                    let (pairs, odd) = items.as_chunks::<2>();
                    if !odd.is_empty() {
                        raise!(th, SystemError, "Bad dict format");
                    }
                    for [key, value] in pairs {
                        dict.set(th, key.obj(), value.obj())?;
                    }
                    Ok(dict.upcast())
                }
                b'b' | b'B' | b'h' | b'i' => Int::from_i64(th, i64::from(self.va.next::<c_int>())),
                b'H' | b'I' => Int::from_u64(th, u64::from(self.va.next::<u32>())),
                b'n' | b'l' | b'L' => Int::from_i64(th, self.va.next::<i64>()),
                b'k' | b'K' => Int::from_u64(th, self.va.next::<u64>()),
                b'p' => Ok(types::bool_(self.va.next::<c_int>() != 0).own()),
                b'f' | b'd' => Float::from_f64(th, self.va.next_f64()),
                b'D' => {
                    let value = &*self.va.pointer::<abi::Py_complex>();
                    let value = num::complex::Complex { real: value.real, imag: value.imag };
                    Complex::new(th, value).map(Ref::upcast)
                }
                b'c' => Bytes::new(th, &[self.va.next::<c_int>() as u8]).map(Ref::upcast),
                b'C' => {
                    let code = self.va.next::<c_int>();
                    crate::unicodeobject::from_ordinal(th, code)
                }
                b'u' => {
                    let text = self.va.pointer::<u32>();
                    let size = self.size().unwrap_or(-1);
                    if text.is_null() {
                        return Ok(types::none().own());
                    }
                    Str::from_code_points(th, crate::unicodeobject::wide(text, size))
                        .map(Ref::upcast)
                }
                b's' | b'z' | b'U' => {
                    let text = self.va.pointer::<c_char>();
                    let size = self.size().unwrap_or(-1);
                    if text.is_null() {
                        return Ok(types::none().own());
                    }
                    let bytes = crate::unicodewriter::sized(text, size);
                    types::str::codec::decode(th, bytes, "utf-8", "strict").map(Ref::upcast)
                }
                b'y' => {
                    let data = self.va.pointer::<c_char>();
                    let size = self.size().unwrap_or(-1);
                    if data.is_null() {
                        return Ok(types::none().own());
                    }
                    Bytes::new(th, crate::unicodewriter::sized(data, size)).map(Ref::upcast)
                }
                kind @ (b'O' | b'S' | b'N') => {
                    if self.peek() == b'&' {
                        self.take();
                        let convert = std::mem::transmute::<*mut c_void, Option<Converter>>(
                            self.va.pointer(),
                        );
                        let argument = self.va.pointer::<c_void>();
                        let made =
                            convert.map_or(std::ptr::null_mut(), |convert| convert(argument));
                        return Ref::from_raw(made).ok_or(error::Raised);
                    }
                    let value = self.va.pointer::<PyObject>();
                    let value = if kind == b'N' {
                        Ref::from_raw(value)
                    } else {
                        Obj::from_raw(value).map(Obj::own)
                    };
                    match value {
                        Some(value) => Ok(value),
                        None if th.is_raised() => Err(error::Raised),
                        None => raise!(th, SystemError, "NULL object passed to Py_BuildValue"),
                    }
                }
                _ => raise!(th, SystemError, "bad format char passed to Py_BuildValue"),
            }
        }
    }
}

/// All values of a format.
///
/// # Safety
///
/// `format` is a C string, and the list holds what it says.
pub(crate) unsafe fn values(
    th: Thread<'_>,
    format: *const c_char,
    va: &mut VaList,
) -> Result<Vec<Ref>> {
    if format.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the caller's promise.
    let rest = unsafe { CStr::from_ptr(format) }.to_bytes_with_nul();
    let mut builder = Builder { th, rest, va };
    // SAFETY: the caller's promise.
    unsafe { builder.items(0) }
}

/// `Py_VaBuildValue`.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
pub(crate) unsafe extern "C" fn Py_VaBuildValue(
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: C calls the API on attached threads.
    let th = unsafe { Thread::current() };
    // SAFETY: the list holds what the format says.
    let result =
        unsafe { values(th, format, &mut *va) }.and_then(|mut values| match values.len() {
            0 => Ok(types::none().own()),
            1 => values.pop().ok_or_else(|| th.no_memory()),
            _ => Tuple::from_refs(th, values).map(Ref::upcast),
        });
    result.into_c()
}

/// The namespace of a module, or the error for another object.
fn dict_of(th: Thread<'_>, module: Obj<'_>, function: &str) -> Result<Ref<Dict>> {
    match module.downcast::<Module>() {
        Some(module) => module.dict(th),
        None => raise!(th, TypeError, "{function}() first argument must be a module"),
    }
}

#[capi]
fn PyModule_AddObjectRef(
    th: Thread<'_>,
    module: Obj<'_>,
    name: &CStr,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let Some(value) = value else {
        if th.is_raised() {
            return Err(error::Raised);
        }
        raise!(
            th,
            SystemError,
            "PyModule_AddObjectRef() must be called with an exception raised if value is NULL"
        );
    };
    let dict = dict_of(th, module, "PyModule_AddObjectRef")?;
    dict.set(th, c_name(th, name)?.obj(), value)
}

/// Takes over the reference, unless it fails.
#[capi]
fn PyModule_AddObject(
    th: Thread<'_>,
    module: Obj<'_>,
    name: &CStr,
    value: Option<Obj<'_>>,
) -> Result<()> {
    PyModule_AddObjectRef(th, module, name, value)?;
    if let Some(value) = value {
        // SAFETY: the caller gave its reference away.
        unsafe { object::reference::decref(std::ptr::NonNull::new_unchecked(value.as_ptr())) };
    }
    Ok(())
}

/// Takes over the reference in any case.
#[capi]
fn PyModule_Add(th: Thread<'_>, module: Obj<'_>, name: &CStr, value: Option<Ref>) -> Result<()> {
    PyModule_AddObjectRef(th, module, name, value.as_ref().map(|value| value.obj()))
}

#[capi]
fn PyModule_AddIntConstant(
    th: Thread<'_>,
    module: Obj<'_>,
    name: &CStr,
    value: c_long,
) -> Result<()> {
    let value = Int::from_i64(th, value)?;
    PyModule_AddObjectRef(th, module, name, Some(value.obj()))
}

#[capi]
fn PyModule_AddStringConstant(
    th: Thread<'_>,
    module: Obj<'_>,
    name: &CStr,
    value: &CStr,
) -> Result<()> {
    let value = text_of(th, value)?;
    PyModule_AddObjectRef(th, module, name, Some(value.obj()))
}

#[capi]
fn PyModule_AddType(th: Thread<'_>, module: Obj<'_>, ty: &Type) -> Result<()> {
    // SAFETY: a type of C code.
    unsafe { types::type_::foreign::ready_type(th, ty)? };
    let name = Str::intern(th, ty.name())?;
    dict_of(th, module, "PyModule_AddType")?.set(th, name.obj(), ty.obj())
}

#[capi]
fn PyArg_ValidateKeywordArguments(th: Thread<'_>, kwargs: Obj<'_>) -> Result<bool> {
    let Some(dict) = kwargs.downcast::<Dict>() else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    if dict.keys().iter().any(|key| key.obj().downcast::<Str>().is_none()) {
        let _ = error!(th, TypeError, "keywords must be strings");
        return Ok(false);
    }
    Ok(true)
}

/// Whether an object is an instance of `ty` by its layout.
pub(crate) fn is_a(object: Obj<'_>, ty: &Type) -> bool {
    object.ty().is_subtype(ty)
}

/// `object.name(*args)`.
pub(crate) fn method(th: Thread<'_>, object: Obj<'_>, name: &str, args: &[Obj<'_>]) -> Result<Ref> {
    object.call_method(th, &*Str::intern(th, name)?, args)
}

/// `module.name(*args)`.
pub(crate) fn function(th: Thread<'_>, module: &str, name: &str, args: &[Obj<'_>]) -> Result<Ref> {
    let module = vm::import::import_module(th, &*Str::intern(th, module)?)?;
    method(th, module.obj(), name, args)
}
