//! `longobject.h`: `int`.

use std::ffi::{CStr, c_char, c_int, c_void};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Float, Int, Obj, Protocol, Raised, Ref, Result, Str, Thread, error, id, raise, types,
};

macro_rules! from {
    ($($name:ident $ty:ty => $make:ident $wide:ty;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, value: $ty) -> Result {
            Int::$make(th, value as $wide)
        }
    )* };
}

from! {
    PyLong_FromLong i64 => from_i64 i64;
    PyLong_FromLongLong i64 => from_i64 i64;
    PyLong_FromSsize_t isize => from_i64 i64;
    PyLong_FromInt32 i32 => from_i64 i64;
    PyLong_FromInt64 i64 => from_i64 i64;
    PyLong_FromUnsignedLong u64 => from_u64 u64;
    PyLong_FromUnsignedLongLong u64 => from_u64 u64;
    PyLong_FromSize_t usize => from_u64 u64;
    PyLong_FromUInt32 u32 => from_u64 u64;
    PyLong_FromUInt64 u64 => from_u64 u64;
}

#[capi]
fn PyLong_FromVoidPtr(th: Thread<'_>, value: *mut c_void) -> Result {
    Int::from_u64(th, value.addr() as u64)
}

#[capi]
fn PyLong_FromDouble(th: Thread<'_>, value: f64) -> Result {
    Int::from_f64(th, value)
}

#[capi]
unsafe fn PyLong_FromString(
    th: Thread<'_>,
    text: *const c_char,
    end: *mut *const c_char,
    base: c_int,
) -> Result {
    if base != 0 && !(2..=36).contains(&base) {
        raise!(th, ValueError, "int() arg 2 must be >= 2 and <= 36");
    }
    // SAFETY: C passes a C string.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    if end.is_null() {
        return types::int::text::from_bytes(th, bytes, base as u32);
    }
    // Without a variable for the end the whole must be a number.
    let stop = (0..=bytes.len()).rev().find_map(|stop| {
        let value = types::int::text::from_bytes(th, bytes.get(..stop)?, base as u32);
        match value {
            Ok(value) => Some((stop, value)),
            Err(raised) => {
                th.clear_exception(raised);
                None
            }
        }
    });
    match stop {
        Some((stop, value)) => {
            // SAFETY: inside the text; C passes a variable.
            unsafe { end.write(text.add(stop)) };
            Ok(value)
        }
        None => types::int::text::from_bytes(th, bytes, base as u32),
    }
}

#[capi]
fn PyLong_FromUnicodeObject(th: Thread<'_>, text: Obj<'_>, base: c_int) -> Result {
    match text.downcast::<Str>() {
        Some(text) => types::int::text::from_str(th, text, base as u32),
        None => raise!(th, TypeError, "expected str, got {}", text.type_name()),
    }
}

/// The int that `object` is or stands for.
fn integer(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref> {
    match object {
        Some(object) => Int::index_or_subclass(th, object),
        None if th.is_raised() => Err(Raised),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

/// As [`integer`], for functions that take an int and nothing else.
fn exact<'a>(th: Thread<'_>, object: Option<Obj<'a>>) -> Result<Obj<'a>> {
    match object {
        Some(object) if Int::is_int(object) => Ok(object),
        Some(_) => raise!(th, TypeError, "an integer is required"),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

/// `PyLong_AsLong`.
pub(crate) fn as_long(th: Thread<'_>, object: Obj<'_>) -> Result<i64> {
    Int::index_to_i64(th, object)
}

/// `PyLong_AsUnsignedLongMask`.
pub(crate) fn as_mask(th: Thread<'_>, object: Obj<'_>) -> Result<u64> {
    integer(th, Some(object)).map(|value| Int::to_u64_wrapping(value.obj()))
}

macro_rules! to_signed {
    ($($name:ident $ty:ty, $c:literal;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<$ty> {
            let value = Int::to_i64(integer(th, object)?.obj());
            match value.and_then(|value| <$ty>::try_from(value).ok()) {
                Some(value) => Ok(value),
                None => raise!(th, OverflowError, concat!("Python int too large to convert to C ", $c)),
            }
        }
    )* };
}

to_signed! {
    PyLong_AsLong i64, "long";
    PyLong_AsLongLong i64, "long long";
    PyLong_AsInt i32, "int";
}

#[capi]
fn PyLong_AsSsize_t(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    match Int::to_i64(exact(th, object)?) {
        Some(value) => Ok(value as isize),
        None => raise!(th, OverflowError, "Python int too large to convert to C ssize_t"),
    }
}

macro_rules! to_unsigned {
    ($($name:ident $ty:ty, $c:literal;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<$ty> {
            let value = exact(th, object)?;
            if Int::sign(value) < 0 {
                raise!(th, OverflowError, "can't convert negative value to unsigned int");
            }
            match Int::to_u64(value) {
                Some(value) => Ok(value as $ty),
                None => raise!(th, OverflowError, concat!("Python int too large to convert to C ", $c)),
            }
        }
    )* };
}

to_unsigned! {
    PyLong_AsUnsignedLong u64, "unsigned long";
    PyLong_AsUnsignedLongLong u64, "unsigned long long";
    PyLong_AsSize_t usize, "size_t";
}

#[capi]
fn PyLong_AsUnsignedLongMask(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<u64> {
    integer(th, object).map(|value| Int::to_u64_wrapping(value.obj()))
}

#[capi]
fn PyLong_AsUnsignedLongLongMask(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<u64> {
    integer(th, object).map(|value| Int::to_u64_wrapping(value.obj()))
}

macro_rules! to_variable {
    ($($name:ident $ty:ty, $convert:ident, $c:literal;)*) => { $(
        #[capi]
        unsafe fn $name(th: Thread<'_>, object: Option<Obj<'_>>, result: *mut $ty) -> Result<()> {
            let value = integer(th, object)?;
            if <$ty>::MIN == 0 && Int::sign(value.obj()) < 0 {
                raise!(th, ValueError, "can't convert negative value to unsigned int");
            }
            match Int::$convert(value.obj()).and_then(|value| <$ty>::try_from(value).ok()) {
                Some(value) => {
                    // SAFETY: C passes a variable.
                    unsafe { result.write(value) };
                    Ok(())
                }
                None => raise!(th, OverflowError, concat!("Python int too large to convert to C ", $c)),
            }
        }
    )* };
}

to_variable! {
    PyLong_AsInt32 i32, to_i64, "int32_t";
    PyLong_AsInt64 i64, to_i64, "int64_t";
    PyLong_AsUInt32 u32, to_u64, "uint32_t";
    PyLong_AsUInt64 u64, to_u64, "uint64_t";
}

#[capi]
unsafe fn PyLong_AsLongAndOverflow(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    overflow: *mut c_int,
) -> Result<i64> {
    // SAFETY: C passes a variable.
    unsafe { overflow.write(0) };
    let value = integer(th, object)?;
    match Int::to_i64(value.obj()) {
        Some(value) => Ok(value),
        None => {
            // SAFETY: as above.
            unsafe { overflow.write(Int::sign(value.obj())) };
            Ok(-1)
        }
    }
}

#[capi]
unsafe fn PyLong_AsLongLongAndOverflow(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    overflow: *mut c_int,
) -> Result<i64> {
    // SAFETY: C passes a variable.
    unsafe { PyLong_AsLongAndOverflow(th, object, overflow) }
}

#[capi]
fn PyLong_AsVoidPtr(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<*mut c_void> {
    let value = exact(th, object)?;
    match Int::to_u64(value).or_else(|| Int::to_i64(value).map(|value| value as u64)) {
        Some(value) => Ok(std::ptr::with_exposed_provenance_mut(value as usize)),
        None => raise!(th, OverflowError, "Python int too large to convert to C long"),
    }
}

#[capi]
fn PyLong_AsDouble(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<f64> {
    Int::to_f64(th, exact(th, object)?)
}

#[capi]
unsafe fn PyLong_GetSign(th: Thread<'_>, object: Obj<'_>, sign: *mut c_int) -> Result<()> {
    if !Int::is_int(object) {
        raise!(th, TypeError, "expect int, got {}", object.type_name());
    }
    // SAFETY: C passes a variable.
    unsafe { sign.write(Int::sign(object)) };
    Ok(())
}

macro_rules! sign {
    ($($name:ident $op:tt;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
            if !Int::is_int(object) {
                raise!(th, TypeError, "expected int, got {}", object.type_name());
            }
            Ok(Int::sign(object) $op 0)
        }
    )* };
}

sign! {
    PyLong_IsPositive >;
    PyLong_IsNegative <;
    PyLong_IsZero ==;
}

#[capi]
fn _PyLong_Sign(object: Obj<'_>) -> c_int {
    Int::sign(object)
}

#[capi]
fn _PyLong_NumBits(object: Obj<'_>) -> i64 {
    Int::bit_length(object) as i64
}

#[capi]
fn _PyLong_Copy(th: Thread<'_>, object: Obj<'_>) -> Result {
    Int::exact(th, object)
}

#[capi]
fn _PyLong_GCD(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
    crate::modsupport::function(th, "math", "gcd", &[a, b])
}

#[capi]
fn PyUnstable_Long_IsCompact(object: Obj<'_>) -> bool {
    Int::bit_length(object) <= 30
}

#[capi]
fn PyUnstable_Long_CompactValue(object: Obj<'_>) -> isize {
    Int::to_i64(object).unwrap_or(-1) as isize
}

/// The bytes of two's complement, as `PyLong_AsNativeBytes` has them.
fn bytes_of(value: Obj<'_>, length: usize) -> Vec<u8> {
    // One bit more than the magnitude has, for the sign; -128 needs none.
    let value = Int::digits(value);
    let (magnitude, negative) = (value.magnitude(), value.negative);
    let least = num::digits::bit_length(magnitude) as usize / 8;
    let try_length = |length: usize| {
        let mut bytes = vec![0; length];
        num::digits::write_bytes(magnitude, negative, true, &mut bytes).then_some(bytes)
    };
    try_length(least.max(length)).or_else(|| try_length(least + 1)).unwrap_or_default()
}

/// What `PyLong_AsNativeBytes` says for a buffer of `size` bytes: `size` if the
/// value fits, or else how much is needed, generously as CPython tells it.
/// `bytes` are the fewest of two's complement.
fn native_size(value: Obj<'_>, bytes: &[u8], size: usize, unsigned: bool) -> usize {
    /// Bits of an int that is one digit for C code.
    const COMPACT: u64 = 30;
    let bits = num::bigint::bit_length(&Int::to_bigint(value)) as u64;
    let but_for_sign = Int::sign(value) >= 0 && bits.div_ceil(8) <= size as u64;
    let fits = bytes.len() <= size || unsigned && but_for_sign;
    if bits <= COMPACT {
        return match size {
            1..8 if fits => size,
            1..8 if but_for_sign => size + 1,
            _ => 8,
        };
    }
    let needed = (bits / 8) as usize + 1;
    if size > 0 && needed == size + 1 && fits { size } else { needed }
}

#[capi]
unsafe fn PyLong_AsNativeBytes(
    th: Thread<'_>,
    object: Obj<'_>,
    buffer: *mut c_void,
    size: isize,
    flags: c_int,
) -> Result<isize> {
    const BIG_ENDIAN: c_int = 0;
    const UNSIGNED: c_int = 4;
    const REJECT_NEGATIVE: c_int = 8;
    const ALLOW_INDEX: c_int = 16;
    let unsigned = flags == -1 || flags & UNSIGNED != 0;
    let flags = if flags == -1 { 3 } else { flags };
    let (value, size) = (object, size.max(0) as usize);
    let owned;
    let value = if Int::is_int(value) {
        value
    } else if flags & ALLOW_INDEX != 0 {
        owned = Int::index(th, value)?;
        owned.obj()
    } else {
        raise!(th, TypeError, "expect int, got {}", object.type_name());
    };
    if flags & REJECT_NEGATIVE != 0 && Int::sign(value) < 0 {
        raise!(th, ValueError, "Cannot convert negative int");
    }
    let mut bytes = bytes_of(value, 1);
    let needed = native_size(value, &bytes, size, unsigned);
    if size > 0 {
        let fill = if Int::sign(value) < 0 { 0xff } else { 0 };
        bytes.resize(size, fill);
        // Native is little here.
        if flags & 3 == BIG_ENDIAN {
            bytes.reverse();
        }
        // SAFETY: C passes a buffer of that size.
        unsafe { buffer.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), size) };
    }
    Ok(needed as isize)
}

/// So many bytes of C code; none may be at null.
unsafe fn bytes_at<'a>(data: *const u8, size: usize) -> &'a [u8] {
    if size == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, size) }
}

unsafe fn from_native(
    th: Thread<'_>,
    data: *const c_void,
    size: usize,
    flags: c_int,
    signed: bool,
) -> Result {
    let little = flags == -1 || flags & 1 != 0;
    // SAFETY: C passes that many bytes.
    Int::from_bytes(th, unsafe { bytes_at(data.cast(), size) }, little, signed)
}

#[capi]
unsafe fn PyLong_FromNativeBytes(
    th: Thread<'_>,
    data: *const c_void,
    size: usize,
    flags: c_int,
) -> Result {
    // SAFETY: C passes that many bytes.
    unsafe { from_native(th, data, size, flags, flags == -1 || flags & 4 == 0) }
}

#[capi]
unsafe fn PyLong_FromUnsignedNativeBytes(
    th: Thread<'_>,
    data: *const c_void,
    size: usize,
    flags: c_int,
) -> Result {
    // SAFETY: C passes that many bytes.
    unsafe { from_native(th, data, size, flags, false) }
}

#[capi]
unsafe fn _PyLong_FromByteArray(
    th: Thread<'_>,
    data: *const u8,
    size: usize,
    little: c_int,
    signed: c_int,
) -> Result {
    // SAFETY: C passes that many bytes.
    Int::from_bytes(th, unsafe { bytes_at(data, size) }, little != 0, signed != 0)
}

#[capi]
unsafe fn _PyLong_AsByteArray(
    th: Thread<'_>,
    object: Obj<'_>,
    data: *mut u8,
    size: usize,
    little: c_int,
    signed: c_int,
    with_exceptions: c_int,
) -> Result<()> {
    match Int::to_bytes(th, object, size, little != 0, signed != 0) {
        Ok(bytes) => {
            // SAFETY: C passes that much room.
            unsafe { data.copy_from_nonoverlapping(bytes.as_bytes().as_ptr(), size) };
            Ok(())
        }
        Err(raised) => {
            if with_exceptions == 0 {
                th.clear_exception(raised);
            }
            Err(raised)
        }
    }
}

#[capi]
fn PyLong_GetInfo(th: Thread<'_>) -> Result {
    let sys = vm::import::import_module(th, id!(th, "sys"))?;
    sys.getattr(th, id!(th, "int_info"))
}

/// A new int whose digits C code fills in.
#[capi]
fn _PyLong_New(th: Thread<'_>, size: isize) -> Result {
    types::int::new_unfilled(th, size.max(1) as usize)
}

#[capi]
unsafe fn _PyLong_FromDigits(
    th: Thread<'_>,
    negative: c_int,
    size: isize,
    digits: *const u32,
) -> Result {
    if size <= 0 {
        return Int::from_i64(th, 0);
    }
    // SAFETY: C passes that many digits.
    Int::from_digits(
        th,
        unsafe { std::slice::from_raw_parts(digits, size as usize) },
        negative != 0,
    )
}

/// `PyLongExport`.
#[repr(C)]
struct Export {
    value: i64,
    negative: u8,
    ndigits: isize,
    digits: *const c_void,
    reserved: usize,
}

#[capi]
unsafe fn PyLong_Export(th: Thread<'_>, object: Obj<'_>, export: *mut Export) -> Result<()> {
    if !Int::is_int(object) {
        raise!(th, TypeError, "expected int, got {}", object.type_name());
    }
    let mut value =
        Export { value: 0, negative: 0, ndigits: 0, digits: std::ptr::null(), reserved: 0 };
    match Int::to_i64(object) {
        Some(small) => value.value = small,
        None => {
            let digits = Int::digits(object);
            value.negative = u8::from(digits.negative);
            value.ndigits = digits.magnitude().len() as isize;
            value.digits = digits.magnitude().as_ptr().cast();
            value.reserved = object.own().into_raw().expose_provenance();
        }
    }
    // SAFETY: C passes a variable.
    unsafe { export.write(value) };
    Ok(())
}

#[capi]
unsafe fn PyLong_FreeExport(export: *mut Export) {
    // SAFETY: C passes a variable that was filled in.
    let owner = unsafe { std::mem::replace(&mut (*export).reserved, 0) };
    // SAFETY: null or a reference that was put there.
    drop(unsafe { Ref::from_raw(std::ptr::with_exposed_provenance_mut::<PyObject>(owner)) });
}

/// `PyLongLayout`.
#[repr(C)]
struct Layout {
    bits_per_digit: u8,
    digit_size: u8,
    digits_order: i8,
    digit_endianness: i8,
}

#[capi]
fn PyLong_GetNativeLayout() -> *const Layout {
    static LAYOUT: Layout =
        Layout { bits_per_digit: 30, digit_size: 4, digits_order: -1, digit_endianness: -1 };
    &raw const LAYOUT
}

/// `PyLongWriter`: digits in the making.
struct Writer {
    negative: bool,
    digits: Box<[u32]>,
}

#[capi]
unsafe fn PyLongWriter_Create(
    th: Thread<'_>,
    negative: c_int,
    ndigits: isize,
    digits: *mut *mut c_void,
) -> Result<*mut Writer> {
    if ndigits <= 0 {
        raise!(th, ValueError, "ndigits must be positive");
    }
    let mut room = Vec::new();
    if room.try_reserve_exact(ndigits as usize).is_err() {
        return Err(th.no_memory());
    }
    room.resize(ndigits as usize, 0u32);
    let writer = Box::into_raw(Box::new(Writer { negative: negative != 0, digits: room.into() }));
    // SAFETY: made just now; C passes a variable.
    unsafe { digits.write((*writer).digits.as_mut_ptr().cast()) };
    Ok(writer)
}

#[capi]
unsafe fn PyLongWriter_Finish(th: Thread<'_>, writer: *mut Writer) -> Result {
    // SAFETY: made by `PyLongWriter_Create`.
    let writer = unsafe { Box::from_raw(writer) };
    Int::from_digits(th, &writer.digits, writer.negative)
}

#[capi]
unsafe fn PyLongWriter_Discard(writer: *mut Writer) {
    if !writer.is_null() {
        // SAFETY: made by `PyLongWriter_Create`.
        drop(unsafe { Box::from_raw(writer) });
    }
}

macro_rules! converters {
    ($($name:ident $ty:ty, $c:literal;)*) => { $(
        /// A converter for `O&`.
        #[capi]
        unsafe fn $name(th: Thread<'_>, object: Obj<'_>, result: *mut $ty) -> c_int {
            let value = Int::index(th, object).and_then(|value| {
                if Int::sign(value.obj()) < 0 {
                    raise!(th, ValueError, "value must be positive");
                }
                match Int::to_u64(value.obj()).and_then(|value| <$ty>::try_from(value).ok()) {
                    Some(value) => Ok(value),
                    None => raise!(th, OverflowError, concat!("Python int too large for C ", $c)),
                }
            });
            match value {
                Ok(value) => {
                    // SAFETY: C passes a variable.
                    unsafe { result.write(value) };
                    1
                }
                Err(_) => 0,
            }
        }
    )* };
}

converters! {
    _PyLong_UnsignedShort_Converter u16, "unsigned short";
    _PyLong_UnsignedInt_Converter u32, "unsigned int";
    _PyLong_UnsignedLong_Converter u64, "unsigned long";
    _PyLong_UnsignedLongLong_Converter u64, "unsigned long long";
    _PyLong_Size_t_Converter usize, "size_t";
    _PyLong_UInt8_Converter u8, "uint8_t";
    _PyLong_UInt16_Converter u16, "uint16_t";
    _PyLong_UInt32_Converter u32, "uint32_t";
    _PyLong_UInt64_Converter u64, "uint64_t";
}

#[capi]
fn PyFloat_FromDouble(th: Thread<'_>, value: f64) -> Result {
    Float::from_f64(th, value)
}

#[capi]
fn PyFloat_FromString(th: Thread<'_>, text: Obj<'_>) -> Result {
    match Float::from_text(th, text) {
        Ok(value) => Float::from_f64(th, value),
        Err(raised) => {
            th.catch(raised, object::exceptions::types::BufferError())?;
            raise!(
                th,
                TypeError,
                "float() argument must be a string or a real number, not '{}'",
                text.type_name()
            )
        }
    }
}

#[capi]
fn PyFloat_AsDouble(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<f64> {
    match object {
        Some(object) => Float::as_f64(th, object),
        None => {
            let _ = error!(th, TypeError, "bad argument type for built-in operation");
            Err(Raised)
        }
    }
}

#[capi]
fn PyFloat_GetMax() -> f64 {
    f64::MAX
}

#[capi]
fn PyFloat_GetMin() -> f64 {
    f64::MIN_POSITIVE
}

#[capi]
fn PyFloat_GetInfo(th: Thread<'_>) -> Result {
    let sys = vm::import::import_module(th, id!(th, "sys"))?;
    sys.getattr(th, id!(th, "float_info"))
}

macro_rules! pack {
    ($($pack:ident $unpack:ident $ty:ty, $size:literal, $to:expr, $from:expr;)*) => { $(
        #[capi]
        unsafe fn $pack(th: Thread<'_>, value: f64, data: *mut u8, little: c_int) -> Result<()> {
            let to: fn(Thread<'_>, f64) -> Result<[u8; $size]> = $to;
            let mut bytes = to(th, value)?;
            if little == 0 {
                bytes.reverse();
            }
            // SAFETY: C passes room for them.
            unsafe { data.copy_from_nonoverlapping(bytes.as_ptr(), $size) };
            Ok(())
        }

        #[capi]
        unsafe fn $unpack(data: *const u8, little: c_int) -> f64 {
            // SAFETY: C passes that many bytes.
            let mut bytes = unsafe { data.cast::<[u8; $size]>().read() };
            if little == 0 {
                bytes.reverse();
            }
            let from: fn([u8; $size]) -> f64 = $from;
            from(bytes)
        }
    )* };
}

pack! {
    PyFloat_Pack2 PyFloat_Unpack2 u16, 2,
        |th, value| match types::memoryview::f64_to_half(value) {
            Some(half) => Ok(half.to_le_bytes()),
            None => raise!(th, OverflowError, "float too large to pack with e format"),
        },
        |bytes| types::memoryview::half_to_f64(u16::from_le_bytes(bytes));
    PyFloat_Pack4 PyFloat_Unpack4 f32, 4,
        |th, value| {
            let narrow = types::memoryview::f64_to_single(value);
            if narrow.is_infinite() && value.is_finite() {
                raise!(th, OverflowError, "float too large to pack with f format");
            }
            Ok(narrow.to_le_bytes())
        },
        |bytes| types::memoryview::single_to_f64(f32::from_le_bytes(bytes));
    PyFloat_Pack8 PyFloat_Unpack8 f64, 8,
        |_, value| Ok(value.to_le_bytes()),
        f64::from_le_bytes;
}
