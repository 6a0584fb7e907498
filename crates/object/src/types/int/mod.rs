//! `int`: small ones are addresses ([`crate::small_int`]), the others
//! `PyLongObject`s of 30-bit digits.
//!
//! Methods take `Obj` receivers, as there may be no memory behind an int.

use macros::{pymethods, pytype};

use crate::{AsObject, Head, Obj, Ref, Result, Thread, Traverse, Type, raise, small_int};

/// The layout of an int with `N` digits.
#[repr(C)]
pub struct IntObject<const N: usize> {
    head: Head,
    /// Sign in bits 0–1 (0 positive, 1 zero, 2 negative), digit count from bit 3 on.
    lv_tag: usize,
    digits: [u32; N],
}

impl<const N: usize> IntObject<N> {
    /// A static int; its type is set at start-up.
    pub const fn immortal(lv_tag: usize, digits: [u32; N]) -> Self {
        IntObject { head: Head::immortal(), lv_tag, digits }
    }

    /// The header.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// `lv_tag`.
    pub fn tag(&self) -> usize {
        self.lv_tag
    }

    /// The digits, least significant first.
    pub fn digits(&self) -> &[u32; N] {
        &self.digits
    }
}

/// Convert a number or string to an integer, or return 0 if no arguments are given.
#[pytype(name = "int", flags = BASETYPE | LONG_SUBCLASS | MATCH_SELF, basicsize = 24, itemsize = 4, traverse = manual)]
pub struct Int {
    head: Head,
    lv_tag: usize,
    // The digits follow.
}

impl Traverse for Int {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Int {
    /// The int `value`.
    #[inline]
    pub fn from_i64(th: Thread<'_>, value: i64) -> Result<Ref> {
        match small_int::encode(value) {
            // SAFETY: a small int is not counted.
            Some(ptr) => Ok(unsafe { Ref::from_owned(ptr) }),
            None => Self::from_i128(th, i128::from(value)),
        }
    }

    /// The int `value`.
    pub fn from_u64(th: Thread<'_>, value: u64) -> Result<Ref> {
        match i64::try_from(value) {
            Ok(value) => Self::from_i64(th, value),
            Err(_) => Self::from_i128(th, i128::from(value)),
        }
    }

    /// The int `value`.
    pub fn from_i128(th: Thread<'_>, value: i128) -> Result<Ref> {
        raise!(th, NotImplementedError, "int outside the small range: {value}")
    }

    /// The value of an int (or a subclass's instance) if it fits.
    pub fn to_i64(object: Obj<'_>) -> Option<i64> {
        small_int::value(object.as_ptr())
    }

    /// Whether `object` is an `int` or an instance of a subclass.
    #[inline]
    pub fn is_int(object: Obj<'_>) -> bool {
        small_int::in_range(object.as_ptr())
            || object.ty().flags() & abi::Py_TPFLAGS_LONG_SUBCLASS != 0
    }

    /// Whether `object` can be used as an index: an int or something with `__index__`.
    pub fn is_index(object: Obj<'_>) -> bool {
        Self::is_int(object) || object.ty().number().is_some_and(|number| number.nb_index.is_some())
    }

    /// `operator.index(object)`.
    pub fn index(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        if Self::is_int(object) {
            return Ok(object.own());
        }
        raise!(th, TypeError, "'{}' object cannot be interpreted as an integer", object.type_name())
    }

    /// The index as an `i64`, `OverflowError` if it does not fit.
    pub fn index_to_i64(th: Thread<'_>, object: Obj<'_>) -> Result<i64> {
        let index = Self::index(th, object)?;
        match Self::to_i64(index.obj()) {
            Some(value) => Ok(value),
            None => raise!(th, OverflowError, "Python int too large to convert to C long"),
        }
    }

    /// The index as a `u64`, `OverflowError` if it does not fit.
    pub fn index_to_u64(th: Thread<'_>, object: Obj<'_>) -> Result<u64> {
        match u64::try_from(Self::index_to_i64(th, object)?) {
            Ok(value) => Ok(value),
            Err(_) => raise!(th, OverflowError, "can't convert negative int to unsigned"),
        }
    }

    /// The index as an `isize`, `OverflowError` if it does not fit.
    #[inline]
    pub fn index_to_isize(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return Ok(value as isize);
        }
        Self::index_to_i64(th, object).map(|value| value as isize)
    }
}

#[pymethods]
impl Int {}

/// The type `int`.
pub fn int_type() -> &'static Type {
    <Int as crate::PyStruct>::type_object()
}
