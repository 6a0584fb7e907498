//! `int`: small ones are addresses ([`crate::small_int`]), the others
//! `PyLongObject`s of 30-bit digits.
//!
//! Methods take `Obj` receivers, as there may be no memory behind an int. A
//! value in the small range is a small int wherever the region could be
//! reserved; instances of subclasses and the two bools are always in memory.
//! Functions here that take "an int" accept both and instances of subclasses;
//! given anything else they see 0.

pub mod arithmetic;
mod bytes;
pub mod format;
mod methods;
pub mod text;

use std::cmp::Ordering;

use macros::pytype;
use num::{BigInt, bigint, digits};

use crate::{
    AsObject, Head, Obj, PyStruct, Ref, Result, Str, Thread, Traverse, Type, alloc_object, error,
    gc, raise, small_int,
};

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

/// int([x]) -> integer
/// int(x, base=10) -> integer
///
/// Convert a number or string to an integer, or return 0 if no arguments
/// are given.  If x is a number, return x.__int__().  For floating-point
/// numbers, this truncates towards zero.
///
/// If x is not a number or if base is given, then x must be a string,
/// bytes, or bytearray instance representing an integer literal in the
/// given base.  The literal can be preceded by '+' or '-' and be surrounded
/// by whitespace.  The base defaults to 10.  Valid bases are 0 and 2-36.
/// Base 0 means to interpret the base from the string as an integer literal.
/// >>> int('0b100', base=0)
/// 4
#[pytype(name = "int", c_name = "PyLong_Type", flags = BASETYPE | LONG_SUBCLASS | MATCH_SELF, basicsize = 24, itemsize = 4, traverse = manual)]
pub struct Int {
    head: Head,
    lv_tag: usize,
    // The digits follow.
}

impl Traverse for Int {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

/// Sign and digits of an int, wherever they are.
pub struct Digits<'a> {
    buffer: [u32; 3],
    len: usize,
    heap: Option<&'a [u32]>,
    /// Whether the value is below zero.
    pub negative: bool,
}

impl Digits<'_> {
    /// The digits of the magnitude, least significant first, without leading
    /// zeros.
    #[inline]
    pub fn magnitude(&self) -> &[u32] {
        match self.heap {
            Some(digits) => digits,
            None => self.buffer.get(..self.len).unwrap_or(&[]),
        }
    }

    /// As a library number.
    pub fn to_bigint(&self) -> BigInt {
        bigint::from_digits(self.magnitude(), self.negative)
    }
}

/// The digits of an int in memory, and whether it is negative.
///
/// # Safety
///
/// `object` is an int in memory.
#[inline]
unsafe fn heap_digits(object: Obj<'_>) -> (&[u32], bool) {
    let long = object.as_ptr().cast::<abi::PyLongObject>();
    // SAFETY: the caller's promise.
    let tag = unsafe { (*long).long_value.lv_tag };
    // SAFETY: the digits follow the tag.
    let first = unsafe { (&raw const (*long).long_value.ob_digit).cast::<u32>() };
    // SAFETY: as many digits as the tag says.
    let digits = unsafe { std::slice::from_raw_parts(first, tag >> abi::_PyLong_NON_SIZE_BITS) };
    (digits, tag & 3 == 2)
}

impl Int {
    /// The int `value`.
    #[inline]
    pub fn from_i64(th: Thread<'_>, value: i64) -> Result<Ref> {
        match small_int::encode(value) {
            // SAFETY: a small int is not counted.
            Some(ptr) => Ok(unsafe { Ref::from_owned(ptr) }),
            None => Self::heap_from_i64(th, value),
        }
    }

    /// PERF: two digits hold most of what a program computes beyond the small ints, and one most of
    /// what it does where those are few.
    fn heap_from_i64(th: Thread<'_>, value: i64) -> Result<Ref> {
        let magnitude = value.unsigned_abs();
        let low = magnitude as u32 & digits::MASK;
        match magnitude >> digits::SHIFT {
            0 if let Some(known) = small_int::known(value) => {
                // SAFETY: made once, never freed and not counted.
                Ok(unsafe { Ref::from_owned(known) })
            }
            0 => Self::of_digits(th, [low], value < 0),
            high if high >> digits::SHIFT == 0 => {
                Self::of_digits(th, [low, high as u32], value < 0)
            }
            _ => Self::heap_from_u64(th, magnitude, value < 0),
        }
    }

    /// An int in memory of `N` digits, the last of which is not zero unless it is the only one.
    #[inline]
    fn of_digits<const N: usize>(th: Thread<'_>, digits: [u32; N], negative: bool) -> Result<Ref> {
        let object = alloc_object::alloc_items::<Int>(th, N)?;
        let long = object.as_ptr().cast::<IntObject<N>>();
        let len = if digits == [0; N] { 0 } else { N };
        // SAFETY: fresh memory for the digits.
        unsafe { (*long).digits = digits };
        // SAFETY: as above.
        unsafe { (*long).lv_tag = tag_of(len, negative) };
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// The value of a small int, or of an int (or a subclass's instance) of at
    /// most two digits.
    #[inline(always)]
    pub fn to_medium(object: Obj<'_>) -> Option<i64> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return Some(value);
        }
        if !Self::is_int(object) {
            return None;
        }
        // SAFETY: an int that is not small is in memory.
        let (magnitude, negative) = unsafe { heap_digits(object) };
        let value = match *magnitude {
            [low, high] => i64::from(low) | i64::from(high) << digits::SHIFT,
            [low] => i64::from(low),
            _ => return None,
        };
        Some(if negative { -value } else { value })
    }

    #[cold]
    fn heap_from_u64(th: Thread<'_>, magnitude: u64, negative: bool) -> Result<Ref> {
        let (buffer, len) = digits::from_u64(magnitude);
        Self::alloc(th, Self::type_object(), buffer.get(..len).unwrap_or(&[]), negative)
    }

    /// The int `value`.
    #[inline]
    pub fn from_u64(th: Thread<'_>, value: u64) -> Result<Ref> {
        match i64::try_from(value) {
            Ok(value) => Self::from_i64(th, value),
            Err(_) => Self::heap_from_u64(th, value, false),
        }
    }

    /// The int `value`.
    #[inline]
    pub fn from_usize(th: Thread<'_>, value: usize) -> Result<Ref> {
        Self::from_u64(th, value as u64)
    }

    /// The int `value`.
    pub fn from_i128(th: Thread<'_>, value: i128) -> Result<Ref> {
        if let Ok(value) = i64::try_from(value) {
            return Self::from_i64(th, value);
        }
        let mut magnitude = value.unsigned_abs();
        let mut buffer = [0u32; 5];
        for digit in &mut buffer {
            *digit = magnitude as u32 & digits::MASK;
            magnitude >>= digits::SHIFT;
        }
        Self::from_digits(th, &buffer, value < 0)
    }

    /// The int of 30-bit digits, leading zeros allowed.
    pub fn from_digits(th: Thread<'_>, magnitude: &[u32], negative: bool) -> Result<Ref> {
        let len = digits::normalized_len(magnitude);
        let magnitude = magnitude.get(..len).unwrap_or(&[]);
        if len <= 3
            && let Some(value) = digits::to_i64(magnitude, negative)
        {
            return Self::from_i64(th, value);
        }
        Self::alloc(th, Self::type_object(), magnitude, negative)
    }

    /// The int of at most `capacity` digits that `fill` writes; it returns how
    /// many there are.
    pub fn build(
        th: Thread<'_>,
        capacity: usize,
        negative: bool,
        fill: impl FnOnce(&mut [u32]) -> usize,
    ) -> Result<Ref> {
        const ON_STACK: usize = 4;
        if capacity <= ON_STACK {
            let mut buffer = [0u32; ON_STACK];
            let Some(out) = buffer.get_mut(..capacity) else { return Err(th.no_memory()) };
            let len = fill(out);
            return Self::from_digits(th, out.get(..len).unwrap_or(&[]), negative);
        }
        let object = alloc_object::alloc_items::<Int>(th, capacity)?;
        let long = object.as_ptr().cast::<abi::PyLongObject>();
        // SAFETY: the digits follow the tag.
        let first = unsafe { (&raw mut (*long).long_value.ob_digit).cast::<u32>() };
        // SAFETY: fresh memory for `capacity` digits.
        unsafe { first.write_bytes(0, capacity) };
        // SAFETY: zeroed above.
        let len = fill(unsafe { std::slice::from_raw_parts_mut(first, capacity) });
        // SAFETY: fresh memory.
        unsafe { (*long).long_value.lv_tag = tag_of(len.min(capacity), negative) };
        // SAFETY: the header's count is the reference we hand over.
        let value: Ref = unsafe { Ref::from_owned(object) };
        if len > 3 {
            return Ok(value);
        }
        match Self::to_i64(value.obj()) {
            Some(small) => Self::from_i64(th, small),
            None => Ok(value),
        }
    }

    /// An int in memory, of type `cls`.
    fn alloc(th: Thread<'_>, cls: &Type, magnitude: &[u32], negative: bool) -> Result<Ref> {
        if std::ptr::eq(cls, Self::type_object()) {
            return Self::alloc_exact(th, magnitude, negative);
        }
        let extra = crate::shape::inline_bytes(cls);
        let object = alloc_object::alloc_raw(th, cls, magnitude.len().max(1), extra)?;
        let long = object.as_ptr().cast::<abi::PyLongObject>();
        // SAFETY: the digits follow the tag.
        let first = unsafe { (&raw mut (*long).long_value.ob_digit).cast::<u32>() };
        // SAFETY: fresh memory for that many digits.
        unsafe { first.copy_from_nonoverlapping(magnitude.as_ptr(), magnitude.len()) };
        // SAFETY: fresh memory.
        unsafe { (*long).long_value.lv_tag = tag_of(magnitude.len(), negative) };
        if cls.is_heap() {
            crate::shape::init_instance(th, cls, object);
            if cls.is_gc() {
                // SAFETY: a complete gc object.
                unsafe { gc::track(th.heap(), object) };
            }
        }
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// PERF: no zeroing, and the size of the rest is known.
    fn alloc_exact(th: Thread<'_>, magnitude: &[u32], negative: bool) -> Result<Ref> {
        let object = alloc_object::alloc_items::<Int>(th, magnitude.len().max(1))?;
        let long = object.as_ptr().cast::<abi::PyLongObject>();
        // SAFETY: the digits follow the tag.
        let first = unsafe { (&raw mut (*long).long_value.ob_digit).cast::<u32>() };
        if magnitude.is_empty() {
            // SAFETY: zero has the memory of one digit.
            unsafe { first.write(0) };
        }
        // SAFETY: fresh memory for that many digits.
        unsafe { first.copy_from_nonoverlapping(magnitude.as_ptr(), magnitude.len()) };
        // SAFETY: fresh memory.
        unsafe { (*long).long_value.lv_tag = tag_of(magnitude.len(), negative) };
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// A new instance of `cls`, a subtype of `int`, with the value of an int.
    pub fn new_of(th: Thread<'_>, cls: &Type, value: Obj<'_>) -> Result<Ref> {
        let value = Self::digits(value);
        Self::alloc(th, cls, value.magnitude(), value.negative)
    }

    /// The int `value`.
    pub fn from_bigint(th: Thread<'_>, value: &BigInt) -> Result<Ref> {
        if let Ok(value) = i64::try_from(value) {
            return Self::from_i64(th, value);
        }
        let count = bigint::digit_count(value);
        let negative = value.sign() == num::Sign::Minus;
        Self::build(th, count, negative, |out| {
            bigint::write_digits(value, out);
            digits::normalized_len(out)
        })
    }

    /// The int that `int(text, base)` parsed.
    pub fn from_parsed(th: Thread<'_>, parsed: num::int_text::Parsed) -> Result<Ref> {
        match parsed {
            num::int_text::Parsed::Small(value) => Self::from_i64(th, value),
            num::int_text::Parsed::Big(value) => Self::from_bigint(th, &value),
        }
    }

    /// The integral part of a float: `int(x)`.
    pub fn from_f64(th: Thread<'_>, value: f64) -> Result<Ref> {
        if value.abs() < 9.0e18 {
            return Self::from_i64(th, value as i64);
        }
        match num::float_ops::trunc_to_int(value) {
            Ok(value) => Self::from_bigint(th, &value),
            Err(kind @ num::float_ops::NotFinite::Infinity) => {
                raise!(th, OverflowError, "{}", kind.to_int_message())
            }
            Err(kind) => raise!(th, ValueError, "{}", kind.to_int_message()),
        }
    }

    /// Whether `object` is an `int` or an instance of a subclass.
    #[inline]
    pub fn is_int(object: Obj<'_>) -> bool {
        small_int::in_range(object.as_ptr())
            || object.ty().flags() & abi::Py_TPFLAGS_LONG_SUBCLASS != 0
    }

    /// Whether the type of `object` is exactly `int`.
    #[inline]
    pub fn is_exact(object: Obj<'_>) -> bool {
        small_int::in_range(object.as_ptr()) || object.is_exact::<Int>()
    }

    /// Whether `object` can be used as an index: an int or something with `__index__`.
    #[inline]
    pub fn is_index(object: Obj<'_>) -> bool {
        Self::is_int(object) || object.ty().number().is_some_and(|number| number.nb_index.is_some())
    }

    /// Sign and digits of an int.
    #[inline]
    pub fn digits(object: Obj<'_>) -> Digits<'_> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            let (buffer, len) = digits::from_u64(value.unsigned_abs());
            return Digits { buffer, len, heap: None, negative: value < 0 };
        }
        if !Self::is_int(object) {
            return Digits { buffer: [0; 3], len: 0, heap: None, negative: false };
        }
        // SAFETY: an int that is not small is in memory.
        let (heap, negative) = unsafe { heap_digits(object) };
        Digits { buffer: [0; 3], len: 0, heap: Some(heap), negative }
    }

    /// The value of an int (or a subclass's instance) if it fits.
    #[inline]
    pub fn to_i64(object: Obj<'_>) -> Option<i64> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return Some(value);
        }
        if !Self::is_int(object) {
            return None;
        }
        // SAFETY: an int that is not small is in memory.
        let (magnitude, negative) = unsafe { heap_digits(object) };
        digits::to_i64(magnitude, negative)
    }

    /// The value of an int if it fits.
    pub fn to_u64(object: Obj<'_>) -> Option<u64> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return u64::try_from(value).ok();
        }
        if !Self::is_int(object) {
            return None;
        }
        // SAFETY: an int that is not small is in memory.
        let (magnitude, negative) = unsafe { heap_digits(object) };
        if negative && !magnitude.is_empty() {
            return None;
        }
        digits::to_u64(magnitude)
    }

    /// The low 64 bits of an int in two's complement (`PyLong_As…Mask`).
    pub fn to_u64_wrapping(object: Obj<'_>) -> u64 {
        let value = Self::digits(object);
        let low = value
            .magnitude()
            .iter()
            .take(3)
            .enumerate()
            .fold(0u64, |low, (i, &digit)| low | u64::from(digit).wrapping_shl(30 * i as u32));
        if value.negative { low.wrapping_neg() } else { low }
    }

    /// The value of an int.
    pub fn to_bigint(object: Obj<'_>) -> BigInt {
        match small_int::value(object.as_ptr()) {
            Some(value) => BigInt::from(value),
            None => Self::digits(object).to_bigint(),
        }
    }

    /// The value of an int as a float, rounded half to even.
    pub fn to_f64(th: Thread<'_>, object: Obj<'_>) -> Result<f64> {
        if let Some(value) = Self::to_i64(object) {
            return Ok(value as f64);
        }
        match bigint::to_f64(&Self::to_bigint(object)) {
            Some(value) => Ok(value),
            None => raise!(th, OverflowError, "int too large to convert to float"),
        }
    }

    /// -1, 0 or 1.
    pub fn sign(object: Obj<'_>) -> i32 {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return value.signum() as i32;
        }
        let value = Self::digits(object);
        match (value.magnitude().is_empty(), value.negative) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => -1,
        }
    }

    /// `bool(object)` of an int.
    #[inline]
    pub fn is_nonzero(object: Obj<'_>) -> bool {
        Self::sign(object) != 0
    }

    /// `hash(object)` of an int.
    #[inline]
    pub fn hash(object: Obj<'_>) -> isize {
        match small_int::value(object.as_ptr()) {
            Some(-1) => -2,
            // A small int is below the modulus.
            Some(value) => value as isize,
            None => {
                let value = Self::digits(object);
                num::hash::int_digits(value.magnitude(), value.negative) as isize
            }
        }
    }

    /// Order of two ints.
    #[inline]
    pub fn compare(a: Obj<'_>, b: Obj<'_>) -> Ordering {
        if small_int::both_in_range(a.as_ptr(), b.as_ptr()) {
            return a.as_ptr().addr().cmp(&b.as_ptr().addr());
        }
        let (x, y) = (Self::digits(a), Self::digits(b));
        match (x.negative, y.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => digits::compare(x.magnitude(), y.magnitude()),
            (true, true) => digits::compare(y.magnitude(), x.magnitude()),
        }
    }

    /// The int of the same value whose type is exactly `int`.
    #[inline]
    pub fn exact(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        if Self::is_exact(object) {
            return Ok(object.own());
        }
        let value = Self::digits(object);
        Self::from_digits(th, value.magnitude(), value.negative)
    }

    /// `operator.index(object)`: an exact int.
    #[inline]
    pub fn index(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        if small_int::in_range(object.as_ptr()) {
            return Ok(object.own());
        }
        let index = Self::index_or_subclass(th, object)?;
        Self::exact(th, index.obj())
    }

    /// `operator.index(object)`, where an instance of a subclass stays what it is.
    pub fn index_or_subclass(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
        if Self::is_int(object) {
            return Ok(object.own());
        }
        let Some(slot) = object.ty().number().and_then(|number| number.nb_index) else {
            raise!(
                th,
                TypeError,
                "'{}' object cannot be interpreted as an integer",
                object.type_name()
            );
        };
        // SAFETY: the slot belongs to the object's type.
        let value = unsafe { slot(object.as_ptr()) };
        // SAFETY: a new reference or null.
        let value = unsafe { Ref::from_raw(value) }.ok_or(error::Raised)?;
        check_converted(th, value, "__index__")
    }

    /// The index as an `i64`, `OverflowError` if it does not fit.
    pub fn index_to_i64(th: Thread<'_>, object: Obj<'_>) -> Result<i64> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return Ok(value);
        }
        let index = Self::index_or_subclass(th, object)?;
        match Self::to_i64(index.obj()) {
            Some(value) => Ok(value),
            None => raise!(th, OverflowError, "Python int too large to convert to C long"),
        }
    }

    /// The index as a `u64`, `OverflowError` if it does not fit.
    pub fn index_to_u64(th: Thread<'_>, object: Obj<'_>) -> Result<u64> {
        let index = Self::index_or_subclass(th, object)?;
        match Self::to_u64(index.obj()) {
            Some(value) => Ok(value),
            None if Self::sign(index.obj()) < 0 => {
                raise!(th, OverflowError, "can't convert negative int to unsigned")
            }
            None => raise!(th, OverflowError, "Python int too large to convert to C unsigned long"),
        }
    }

    /// The index as an `isize` argument, `OverflowError` if it does not fit.
    #[inline]
    pub fn index_to_isize(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return Ok(value as isize);
        }
        let index = Self::index_or_subclass(th, object)?;
        match Self::to_i64(index.obj()) {
            Some(value) => Ok(value as isize),
            None => raise!(th, OverflowError, "Python int too large to convert to C ssize_t"),
        }
    }

    /// The index for a subscription or repetition; `error` (`IndexError` or
    /// `OverflowError`) if it does not fit.
    #[inline]
    pub fn as_index(th: Thread<'_>, object: Obj<'_>, error: &Type) -> Result<isize> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return Ok(value as isize);
        }
        let index = Self::index_or_subclass(th, object)?;
        match Self::to_i64(index.obj()) {
            Some(value) => Ok(value as isize),
            None => Err(th.raise(
                error,
                format_args!("cannot fit '{}' into an index-sized integer", object.type_name()),
            )),
        }
    }

    /// The index, clamped to what an `isize` holds, as slices want it.
    #[inline]
    pub fn index_clamped(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
        if let Some(value) = small_int::value(object.as_ptr()) {
            return Ok(value as isize);
        }
        let index = Self::index_or_subclass(th, object)?;
        Ok(match Self::to_i64(index.obj()) {
            Some(value) => value as isize,
            None if Self::sign(index.obj()) < 0 => isize::MIN,
            None => isize::MAX,
        })
    }

    /// How many bits the magnitude has.
    pub fn bit_length(object: Obj<'_>) -> u64 {
        match small_int::value(object.as_ptr()) {
            Some(value) => u64::from(64 - value.unsigned_abs().leading_zeros()),
            None => digits::bit_length(Self::digits(object).magnitude()),
        }
    }

    /// Bytes of memory as `__sizeof__` counts them.
    pub fn size_in_memory(object: Obj<'_>) -> usize {
        let ty = object.ty();
        ty.basicsize() + ty.itemsize() * Self::digits(object).magnitude().len().max(1)
    }

    /// `int(text)` for UTF-8 text, as in source code.
    pub fn parse(th: Thread<'_>, text: &str, base: u32) -> Result<Ref> {
        match num::int_text::parse(text.as_bytes(), base, text::max_str_digits(th)) {
            Ok(parsed) => Self::from_parsed(th, parsed),
            Err(error) => raise!(th, ValueError, "{error}"),
        }
    }
}

fn tag_of(count: usize, negative: bool) -> usize {
    let sign = match (count, negative) {
        (0, _) => 1,
        (_, true) => 2,
        _ => 0,
    };
    count << abi::_PyLong_NON_SIZE_BITS | sign
}

/// Check what `__index__` or `__int__` returned: an int, better an exact one.
fn check_converted(th: Thread<'_>, value: Ref, method: &str) -> Result<Ref> {
    if Int::is_exact(value.obj()) {
        return Ok(value);
    }
    let name = value.obj().type_name();
    if !Int::is_int(value.obj()) {
        raise!(th, TypeError, "{method} returned non-int (type {name})");
    }
    let message = Str::from_fmt(
        th,
        format_args!(
            "{method} returned non-int (type {name}).  The ability to return an instance of a \
             strict subclass of int is deprecated, and may be removed in a future version of \
             Python."
        ),
    )?;
    let category = crate::exceptions::types::DeprecationWarning();
    (th.hooks().warn)(th, category.obj(), &message, 1)?;
    Ok(value)
}

/// An int in memory with `size` digits, for C code to fill in.
pub fn new_unfilled(th: Thread<'_>, size: usize) -> Result<Ref> {
    let mut digits = Vec::new();
    if digits.try_reserve_exact(size).is_err() {
        return Err(th.no_memory());
    }
    digits.resize(size, 0);
    Int::alloc(th, Int::type_object(), &digits, false)
}

/// The type `int`.
pub fn int_type() -> &'static Type {
    Int::type_object()
}
