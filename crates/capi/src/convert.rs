//! Between C and Rust: what `#[capi]` reads parameters and writes results with.
//!
//! A result is the value or, for an error, what C's convention says: null, -1,
//! -1.0, with the exception in the thread state, where Rust left it.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr::{null, null_mut},
};

use abi::{PyObject, PyTypeObject};
use object::{AsObject, Obj, PyStruct, Ref, Result, Str, Thread, Type, error, raise, types};

/// A parameter of a C function.
pub(crate) trait FromC {
    /// What C passes.
    type C;

    /// Whether it is null although C must pass something.
    #[inline(always)]
    fn is_missing(_c: &Self::C) -> bool {
        false
    }

    /// Read it.
    ///
    /// # Safety
    ///
    /// A pointer is what the C function's header says, and outlives the call.
    unsafe fn from_c(c: Self::C) -> Self;
}

/// A result of a C function.
pub(crate) trait IntoC {
    /// What C gets.
    type C;

    /// Write it.
    fn into_c(self) -> Self::C;

    /// What says that the function failed.
    fn failure() -> Self::C;
}

/// Refuse a null: an error of C code that leaves the exception of an earlier
/// one.
#[cold]
pub(crate) fn null_argument<R: IntoC>() -> R::C {
    if Thread::is_attached() {
        // SAFETY: just checked.
        let th = unsafe { Thread::current() };
        if !th.is_raised() {
            let _ = error!(th, SystemError, "null argument to internal routine");
        }
    }
    R::failure()
}

macro_rules! plain {
    ($($ty:ty = $failure:expr),* $(,)?) => { $(
        impl FromC for $ty {
            type C = $ty;
            #[inline(always)]
            unsafe fn from_c(c: $ty) -> $ty {
                c
            }
        }

        impl IntoC for $ty {
            type C = $ty;
            #[inline(always)]
            fn into_c(self) -> $ty {
                self
            }
            fn failure() -> $ty {
                $failure
            }
        }
    )* };
}

plain!(
    () = (),
    i8 = -1,
    u8 = u8::MAX,
    i16 = -1,
    u16 = u16::MAX,
    i32 = -1,
    u32 = u32::MAX,
    i64 = -1,
    u64 = u64::MAX,
    isize = -1,
    usize = usize::MAX,
    f32 = -1.0,
    f64 = -1.0,
    abi::Py_complex = abi::Py_complex { real: -1.0, imag: 0.0 },
    Option<abi::allocfunc> = None,
    Option<abi::getter> = None,
    Option<abi::PyCFunction> = None,
    Option<abi::PyCapsule_Destructor> = None,
    Option<abi::Py_tracefunc> = None,
    Option<abi::vectorcallfunc> = None,
    Option<abi::visitproc> = None,
    Option<unsafe extern "C" fn()> = None,
    Option<unsafe extern "C" fn(*mut c_void)> = None,
    Option<abi::traverseproc> = None,
    Option<abi::inquiry> = None,
    Option<unsafe extern "C" fn(*const c_char, *mut PyObject, *mut c_void) -> c_int> = None,
    Option<object::watch::TypeWatcher> = None,
    Option<object::watch::FunctionWatcher> = None,
    Option<object::watch::ObjectWatcher> = None,
    Option<unsafe extern "C" fn(*mut c_void) -> c_int> = None,
    Option<unsafe extern "C" fn(*mut PyObject) -> *mut PyObject> = None,
    Option<unsafe extern "C" fn(c_int, *mut PyObject, *mut PyObject, *mut PyObject) -> c_int> = None,
);

impl<T> FromC for *mut T {
    type C = *mut T;
    #[inline(always)]
    unsafe fn from_c(c: *mut T) -> *mut T {
        c
    }
}

impl<T> FromC for *const T {
    type C = *const T;
    #[inline(always)]
    unsafe fn from_c(c: *const T) -> *const T {
        c
    }
}

impl<'a> FromC for Obj<'a> {
    type C = *mut PyObject;
    #[inline(always)]
    fn is_missing(c: &*mut PyObject) -> bool {
        c.is_null()
    }
    #[inline(always)]
    unsafe fn from_c(c: *mut PyObject) -> Obj<'a> {
        // SAFETY: the caller's promise.
        unsafe { Obj::from_ptr(std::ptr::NonNull::new_unchecked(c)) }
    }
}

impl<'a> FromC for Option<Obj<'a>> {
    type C = *mut PyObject;
    #[inline(always)]
    unsafe fn from_c(c: *mut PyObject) -> Option<Obj<'a>> {
        // SAFETY: the caller's promise.
        unsafe { Obj::from_raw(c) }
    }
}

/// A reference that the function takes over.
impl FromC for Option<Ref> {
    type C = *mut PyObject;
    #[inline(always)]
    unsafe fn from_c(c: *mut PyObject) -> Option<Ref> {
        // SAFETY: the caller's promise.
        unsafe { Ref::from_raw(c) }
    }
}

impl FromC for &Type {
    type C = *mut PyTypeObject;
    #[inline(always)]
    fn is_missing(c: &*mut PyTypeObject) -> bool {
        c.is_null()
    }
    #[inline(always)]
    unsafe fn from_c(c: *mut PyTypeObject) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Type::from_ptr(c) }
    }
}

impl FromC for Option<&Type> {
    type C = *mut PyTypeObject;
    #[inline(always)]
    unsafe fn from_c(c: *mut PyTypeObject) -> Self {
        // SAFETY: the caller's promise.
        if c.is_null() { None } else { Some(unsafe { Type::from_ptr(c) }) }
    }
}

impl FromC for &CStr {
    type C = *const c_char;
    #[inline(always)]
    fn is_missing(c: &*const c_char) -> bool {
        c.is_null()
    }
    #[inline(always)]
    unsafe fn from_c(c: *const c_char) -> Self {
        // SAFETY: the caller's promise.
        unsafe { CStr::from_ptr(c) }
    }
}

impl FromC for Option<&CStr> {
    type C = *const c_char;
    #[inline(always)]
    unsafe fn from_c(c: *const c_char) -> Self {
        // SAFETY: the caller's promise.
        if c.is_null() { None } else { Some(unsafe { CStr::from_ptr(c) }) }
    }
}

impl<T> IntoC for *mut T {
    type C = *mut T;
    #[inline(always)]
    fn into_c(self) -> *mut T {
        self
    }
    fn failure() -> *mut T {
        null_mut()
    }
}

impl<T> IntoC for *const T {
    type C = *const T;
    #[inline(always)]
    fn into_c(self) -> *const T {
        self
    }
    fn failure() -> *const T {
        null()
    }
}

impl IntoC for bool {
    type C = c_int;
    #[inline(always)]
    fn into_c(self) -> c_int {
        c_int::from(self)
    }
    fn failure() -> c_int {
        0
    }
}

impl IntoC for Obj<'_> {
    type C = *mut PyObject;
    #[inline(always)]
    fn into_c(self) -> *mut PyObject {
        self.as_ptr()
    }
    fn failure() -> *mut PyObject {
        null_mut()
    }
}

impl IntoC for Option<Obj<'_>> {
    type C = *mut PyObject;
    #[inline(always)]
    fn into_c(self) -> *mut PyObject {
        self.map_or(null_mut(), Obj::as_ptr)
    }
    fn failure() -> *mut PyObject {
        null_mut()
    }
}

impl IntoC for Option<&Type> {
    type C = *mut PyTypeObject;
    #[inline(always)]
    fn into_c(self) -> *mut PyTypeObject {
        self.map_or(null_mut(), Type::as_ptr)
    }
    fn failure() -> *mut PyTypeObject {
        null_mut()
    }
}

impl<T> IntoC for Ref<T> {
    type C = *mut PyObject;
    #[inline(always)]
    fn into_c(self) -> *mut PyObject {
        self.into_raw()
    }
    fn failure() -> *mut PyObject {
        null_mut()
    }
}

impl<T> IntoC for Option<Ref<T>> {
    type C = *mut PyObject;
    #[inline(always)]
    fn into_c(self) -> *mut PyObject {
        self.map_or(null_mut(), Ref::into_raw)
    }
    fn failure() -> *mut PyObject {
        null_mut()
    }
}

impl<T> IntoC for Result<Ref<T>> {
    type C = *mut PyObject;
    #[inline(always)]
    fn into_c(self) -> *mut PyObject {
        self.map_or(null_mut(), Ref::into_raw)
    }
    fn failure() -> *mut PyObject {
        null_mut()
    }
}

impl<T> IntoC for Result<Option<Ref<T>>> {
    type C = *mut PyObject;
    #[inline(always)]
    fn into_c(self) -> *mut PyObject {
        self.ok().flatten().map_or(null_mut(), Ref::into_raw)
    }
    fn failure() -> *mut PyObject {
        null_mut()
    }
}

impl IntoC for Result<Obj<'_>> {
    type C = *mut PyObject;
    #[inline(always)]
    fn into_c(self) -> *mut PyObject {
        self.map_or(null_mut(), Obj::as_ptr)
    }
    fn failure() -> *mut PyObject {
        null_mut()
    }
}

impl IntoC for Result<()> {
    type C = c_int;
    #[inline(always)]
    fn into_c(self) -> c_int {
        if self.is_ok() { 0 } else { -1 }
    }
    fn failure() -> c_int {
        -1
    }
}

impl IntoC for Result<bool> {
    type C = c_int;
    #[inline(always)]
    fn into_c(self) -> c_int {
        self.map_or(-1, c_int::from)
    }
    fn failure() -> c_int {
        -1
    }
}

impl<T> IntoC for Result<*mut T> {
    type C = *mut T;
    #[inline(always)]
    fn into_c(self) -> *mut T {
        self.unwrap_or(null_mut())
    }
    fn failure() -> *mut T {
        null_mut()
    }
}

impl<T> IntoC for Result<*const T> {
    type C = *const T;
    #[inline(always)]
    fn into_c(self) -> *const T {
        self.unwrap_or(null())
    }
    fn failure() -> *const T {
        null()
    }
}

macro_rules! minus_one {
    ($($ty:ty = $value:expr),*) => { $(
        impl IntoC for Result<$ty> {
            type C = $ty;
            #[inline(always)]
            fn into_c(self) -> $ty {
                self.unwrap_or($value)
            }
            fn failure() -> $ty {
                $value
            }
        }
    )* };
}

minus_one!(
    i32 = -1,
    i64 = -1,
    isize = -1,
    u32 = u32::MAX,
    u64 = u64::MAX,
    usize = usize::MAX,
    f64 = -1.0
);

/// An argument as the type that it must have; null and other objects are C code's mistake, a
/// `SystemError`.
pub(crate) fn argument<'a, T: PyStruct>(
    th: Thread<'_>,
    object: impl Into<Option<Obj<'a>>>,
) -> Result<&'a T> {
    match object.into().and_then(|object| object.downcast::<T>()) {
        Some(value) => Ok(value),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

/// A reference that somebody else keeps alive, as C borrows it.
pub(crate) fn lend<T>(object: Ref<T>) -> *mut PyObject {
    object.obj().as_ptr()
}

/// The text of a C string, which is UTF-8 or an error.
pub(crate) fn text_of(th: Thread<'_>, text: &CStr) -> Result<Ref<Str>> {
    match text.to_str() {
        Ok(text) => Str::new(th, text),
        Err(_) => types::str::codec::decode(th, text.to_bytes(), "utf-8", "strict"),
    }
}

/// As [`text_of`], interned: the name of something.
pub(crate) fn c_name(th: Thread<'_>, text: &CStr) -> Result<Ref<Str>> {
    match text.to_str() {
        Ok(text) => Str::intern(th, text),
        Err(_) => text_of(th, text),
    }
}

/// The text of a C string; what is not UTF-8 becomes U+FFFD.
pub(crate) fn lossy(text: &CStr) -> std::borrow::Cow<'_, str> {
    text.to_string_lossy()
}
