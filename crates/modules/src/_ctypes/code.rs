//! Type codes: how Python values and C scalars become each other.
//!
//! An [`Accessor`] reads and writes one scalar at an address, which need not be
//! aligned. Writing returns the object that must live as long as the memory
//! refers to it, `None` for plain numbers.

use std::ffi::{CStr, c_char, c_void};

use host::foreign::{CType, Scalar, from_f64, to_f64};
use num::complex::Complex as Value;
use object::{
    AsObject, Bytes, Float, Int, IntoObject, Obj, Protocol, Ref, Result, Str, StrBuilder, Thread,
    raise,
    types::{self, ByteArray, Complex, capsule},
};

/// All codes that a `_type_` may be, in the order of the message that lists them.
pub(super) const SIMPLE_TYPE_CHARS: &str = "cbBhHiIlLdDFGfuzZqQPOv?g";

/// Bits of an integer: how many, and from which on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    pub(super) size: u32,
    pub(super) offset: u32,
}

/// How a scalar is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accessor {
    /// A code of `_type_`, or `s` and `U` for arrays of characters.
    pub(super) code: u8,
    /// Whether the bytes are in the other order.
    pub(super) swapped: bool,
}

/// Where an accessor works.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) ptr: *mut u8,
    /// Bytes, for arrays of characters.
    pub(super) size: usize,
    pub(super) bits: Option<Bits>,
}

impl Place {
    pub(super) fn new(ptr: *mut u8, size: usize) -> Place {
        Place { ptr, size, bits: None }
    }

    fn read<const N: usize>(self) -> [u8; N] {
        // SAFETY: the program says that a value of this type is there.
        unsafe { self.ptr.cast::<[u8; N]>().read_unaligned() }
    }

    fn write<const N: usize>(self, bytes: [u8; N]) {
        // SAFETY: the program says that there is room for this type.
        unsafe { self.ptr.cast::<[u8; N]>().write_unaligned(bytes) };
    }

    fn pointer(self) -> usize {
        usize::from_ne_bytes(self.read())
    }
}

/// The C type of a code; `None` for one that is not known.
pub(super) fn ctype(code: u8) -> Option<CType> {
    Some(match code {
        b'd' => CType::Scalar(Scalar::Double),
        b'f' => CType::Scalar(Scalar::Float),
        b'g' => CType::Scalar(Scalar::LongDouble),
        b'D' => CType::Complex(Scalar::Double),
        b'F' => CType::Complex(Scalar::Float),
        b'G' => CType::Complex(Scalar::LongDouble),
        b'O' | b'P' | b'z' | b'Z' | b's' => CType::POINTER,
        _ => CType::Scalar(integer(code)?),
    })
}

/// The integer type of a code.
fn integer(code: u8) -> Option<Scalar> {
    Some(match code {
        b'c' | b'b' => Scalar::Signed(1),
        b'B' | b'?' => Scalar::Unsigned(1),
        b'h' | b'v' => Scalar::Signed(2),
        b'H' => Scalar::Unsigned(2),
        b'i' | b'u' => Scalar::Signed(4),
        b'I' => Scalar::Unsigned(4),
        b'l' | b'q' => Scalar::Signed(8),
        b'L' | b'Q' => Scalar::Unsigned(8),
        _ => return None,
    })
}

/// The code in a buffer's format.
pub(super) fn format_code(code: u8) -> char {
    match code {
        b'l' => 'q',
        b'L' => 'Q',
        other => char::from(other),
    }
}

/// Whether there is a type of the other byte order.
pub(super) fn is_swappable(code: u8) -> bool {
    matches!(code, b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q')
        || matches!(code, b'f' | b'd' | b'F' | b'D' | b'?')
}

/// Whether a bit field may be of this type.
pub(super) fn may_have_bits(code: u8) -> bool {
    matches!(code, b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' | b'?')
}

/// Whether values are addresses, which cannot be pickled.
pub(super) fn is_pointer(code: u8) -> bool {
    matches!(code, b'z' | b'Z' | b'P' | b's' | b'O')
}

impl Accessor {
    /// The accessor of a code.
    pub(super) const fn of(code: u8) -> Accessor {
        Accessor { code, swapped: false }
    }

    fn swap<const N: usize>(self, mut bytes: [u8; N]) -> [u8; N] {
        if self.swapped {
            bytes.reverse();
        }
        bytes
    }

    /// The value at `place`.
    pub(super) fn get(self, th: Thread<'_>, place: Place) -> Result<Ref> {
        match self.code {
            b'?' | b'v' => (self.integer_bits(place) != 0).into_object(th),
            b'c' => Bytes::new(th, &place.read::<1>()).map(Ref::upcast),
            b'u' => wide_text(th, &[u32::from_ne_bytes(place.read())]).map(Ref::upcast),
            b'f' => Float::from_f64(th, self.float(place).into()),
            b'd' => Float::from_f64(th, self.double(place)),
            b'g' => Float::from_f64(th, to_f64(&place.read())),
            b'F' | b'D' | b'G' => self.get_complex(th, place),
            b'O' => {
                let object = std::ptr::with_exposed_provenance_mut(place.pointer());
                // SAFETY: the program says that an object is there.
                match unsafe { Obj::from_raw(object) } {
                    Some(object) => Ok(object.own()),
                    None => raise!(th, ValueError, "PyObject is NULL"),
                }
            }
            b'P' => match place.pointer() {
                0 => Ok(types::none().own()),
                address => Int::from_usize(th, address),
            },
            b'z' => match place.pointer() {
                0 => Ok(types::none().own()),
                // SAFETY: the program says that a C string is there.
                address => unsafe { c_bytes(th, address) }.map(Ref::upcast),
            },
            b'Z' => match place.pointer() {
                0 => Ok(types::none().own()),
                // SAFETY: the program says that a wide string is there.
                address => unsafe { wide_at(th, address, None) }.map(Ref::upcast),
            },
            b's' => {
                // SAFETY: an array of that many characters.
                let all = unsafe { std::slice::from_raw_parts(place.ptr, place.size) };
                let end = memchr::memchr(0, all).unwrap_or(all.len());
                Bytes::new(th, all.get(..end).unwrap_or(all)).map(Ref::upcast)
            }
            b'U' => {
                let units = wide_units(place);
                let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
                wide_text(th, units.get(..end).unwrap_or(&units)).map(Ref::upcast)
            }
            code => {
                let bits = self.integer_bits(place);
                match integer(code) {
                    Some(Scalar::Unsigned(_)) => Int::from_u64(th, bits),
                    _ => Int::from_i64(th, bits as i64),
                }
            }
        }
    }

    /// The integer at `place`, a bit field taken out, extended to 64 bits.
    fn integer_bits(self, place: Place) -> u64 {
        let (size, signed) = match integer(self.code) {
            Some(Scalar::Signed(size)) => (size, true),
            Some(scalar) => (scalar.size(), false),
            None => return 0,
        };
        let whole = self.whole(place, size);
        let bits = place.bits.unwrap_or(Bits { size: 8 * size as u32, offset: 0 });
        let left = 64u32.saturating_sub(bits.size + bits.offset);
        let right = 64u32.saturating_sub(bits.size);
        let high = whole.wrapping_shl(left);
        if signed { (high as i64).wrapping_shr(right) as u64 } else { high.wrapping_shr(right) }
    }

    /// The `size` bytes at `place` as a number.
    fn whole(self, place: Place, size: usize) -> u64 {
        match size {
            1 => place.read::<1>()[0].into(),
            2 => u16::from_le_bytes(self.swap(place.read())).into(),
            4 => u32::from_le_bytes(self.swap(place.read())).into(),
            _ => u64::from_le_bytes(self.swap(place.read())),
        }
    }

    fn set_integer(self, place: Place, value: u64) {
        let size = integer(self.code).map_or(0, Scalar::size);
        let value = match place.bits {
            None => value,
            Some(bits) => {
                let mask = u64::MAX.wrapping_shr(64 - bits.size.clamp(1, 64)) << bits.offset;
                self.whole(place, size) & !mask | value << bits.offset & mask
            }
        };
        match size {
            1 => place.write([value as u8]),
            2 => place.write(self.swap((value as u16).to_le_bytes())),
            4 => place.write(self.swap((value as u32).to_le_bytes())),
            _ => place.write(self.swap(value.to_le_bytes())),
        }
    }

    fn float(self, place: Place) -> f32 {
        f32::from_le_bytes(self.swap(place.read()))
    }

    fn double(self, place: Place) -> f64 {
        f64::from_le_bytes(self.swap(place.read()))
    }

    /// The two parts of a complex number.
    fn parts(self, place: Place) -> [(Accessor, Place); 2] {
        let (code, size) = match self.code {
            b'F' => (b'f', 4),
            b'D' => (b'd', 8),
            _ => (b'g', 16),
        };
        let second = Place { ptr: place.ptr.wrapping_add(size), ..place };
        let part = Accessor { code, ..self };
        [(part, place), (part, second)]
    }

    fn get_complex(self, th: Thread<'_>, place: Place) -> Result<Ref> {
        let [real, imag] = self.parts(place).map(|(part, place)| match part.code {
            b'f' => part.float(place).into(),
            b'd' => part.double(place),
            _ => to_f64(&place.read()),
        });
        Complex::new(th, Value { real, imag }).map(Ref::upcast)
    }

    fn set_float(self, place: Place, value: f64) {
        match self.code {
            b'f' => place.write(self.swap((value as f32).to_le_bytes())),
            b'd' => place.write(self.swap(value.to_le_bytes())),
            // The padding of a `long double` stays as it is.
            _ => {
                let [a, b, c, d, e, f, g, h, i, j, ..] = from_f64(value);
                place.write([a, b, c, d, e, f, g, h, i, j]);
            }
        }
    }

    /// Store `value` at `place`.
    pub(super) fn set(self, th: Thread<'_>, place: Place, value: Obj<'_>) -> Result<Ref> {
        match self.code {
            b'?' => self.set_integer(place, value.is_true(th)?.into()),
            b'v' => self.set_integer(place, if value.is_true(th)? { u64::MAX } else { 0 }),
            b'c' => place.write([one_byte(th, value)?]),
            b'u' => place.write(one_wide(th, value)?.to_ne_bytes()),
            b'f' | b'd' | b'g' => self.set_float(place, Float::as_f64(th, value)?),
            b'F' | b'D' | b'G' => {
                let value = Complex::from_object(th, value)?;
                let [(part, real), (_, imag)] = self.parts(place);
                part.set_float(real, value.real);
                part.set_float(imag, value.imag);
            }
            b'O' => {
                place.write(value.as_ptr().expose_provenance().to_ne_bytes());
                return Ok(value.own());
            }
            b'P' | b'z' | b'Z' | b's' | b'U' => return self.set_text(th, place, value),
            _ => {
                let index = Int::index_or_subclass(th, value)?;
                self.set_integer(place, Int::to_u64_wrapping(index.obj()));
            }
        }
        Ok(types::none().own())
    }

    /// Pointers and character arrays.
    fn set_text(self, th: Thread<'_>, place: Place, value: Obj<'_>) -> Result<Ref> {
        let nothing = || Ok(types::none().own());
        match self.code {
            b's' => {
                set_bytes(th, place, value)?;
                return nothing();
            }
            b'U' => {
                set_wide(th, place, value)?;
                return nothing();
            }
            _ => {}
        }
        if value.is_none() {
            place.write([0; 8]);
            return nothing();
        }
        if Int::is_int(value) {
            place.write(Int::to_u64_wrapping(value).to_ne_bytes());
            return nothing();
        }
        match self.code {
            b'P' => raise!(th, TypeError, "cannot be converted to pointer"),
            b'z' => {
                let Some(bytes) = value.downcast::<Bytes>() else {
                    raise!(
                        th,
                        TypeError,
                        "bytes or integer address expected instead of {} instance",
                        value.type_name()
                    );
                };
                let address = bytes.data_ptr().as_ptr().expose_provenance();
                place.write(address.to_ne_bytes());
                Ok(value.own())
            }
            _ => {
                let Some(text) = value.downcast::<Str>() else {
                    raise!(
                        th,
                        TypeError,
                        "unicode string or integer address expected instead of {} instance",
                        value.type_name()
                    );
                };
                let (address, keep) = wide_copy(th, text)?;
                place.write(address.to_ne_bytes());
                Ok(keep)
            }
        }
    }
}

fn set_bytes(th: Thread<'_>, place: Place, value: Obj<'_>) -> Result<()> {
    let Some(bytes) = value.downcast::<Bytes>() else {
        raise!(th, TypeError, "expected bytes, {} found", value.type_name());
    };
    let data = bytes.as_bytes();
    let data = memchr::memchr(0, data).and_then(|end| data.get(..end)).unwrap_or(data);
    if data.len() > place.size {
        raise!(th, ValueError, "bytes too long ({}, maximum length {})", data.len(), place.size);
    }
    // SAFETY: the array has room for `size` bytes.
    unsafe { place.ptr.copy_from(data.as_ptr(), data.len()) };
    if data.len() < place.size {
        // SAFETY: as above.
        unsafe { place.ptr.add(data.len()).write(0) };
    }
    Ok(())
}

fn set_wide(th: Thread<'_>, place: Place, value: Obj<'_>) -> Result<()> {
    let Some(text) = value.downcast::<Str>() else {
        raise!(th, TypeError, "unicode string expected instead of {} instance", value.type_name());
    };
    let room = place.size / 4;
    if text.len() > room {
        raise!(th, ValueError, "string too long ({}, maximum length {room})", text.len());
    }
    // SAFETY: the array has room for that many wide characters.
    unsafe { write_wide(text, place.ptr, room) };
    Ok(())
}

/// Write text and, if there is room, a terminating zero.
///
/// # Safety
///
/// There is room for `room` wide characters at `ptr`.
pub(super) unsafe fn write_wide(text: &Str, ptr: *mut u8, room: usize) {
    let units = (0..text.len()).map(|index| text.get(index).unwrap_or(0));
    for (index, unit) in units.chain([0]).take(room).enumerate() {
        // SAFETY: the caller's promise.
        unsafe { ptr.cast::<u32>().add(index).write_unaligned(unit) };
    }
}

/// The wide characters of an array.
pub(super) fn wide_units(place: Place) -> Vec<u32> {
    (0..place.size / 4)
        .map(|index| {
            // SAFETY: an array of that many wide characters.
            unsafe { place.ptr.cast::<u32>().add(index).read_unaligned() }
        })
        .collect()
}

/// Text of wide characters; the C type holds more than Python's.
pub(super) fn wide_text(th: Thread<'_>, units: &[u32]) -> Result<Ref<Str>> {
    let mut text = StrBuilder::with_capacity(th, units.len())?;
    for unit in units {
        if *unit > 0x10_ffff {
            raise!(th, ValueError, "character U+{unit:x} is not in range [U+0000; U+10ffff]");
        }
        text.push(th, *unit)?;
    }
    text.finish(th)
}

/// The C string at `address`.
///
/// # Safety
///
/// There is one.
pub(super) unsafe fn c_bytes(th: Thread<'_>, address: usize) -> Result<Ref<Bytes>> {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(std::ptr::with_exposed_provenance::<c_char>(address)) };
    Bytes::new(th, text.to_bytes())
}

/// The wide string at `address`, of `length` or up to a zero.
///
/// # Safety
///
/// There is one.
pub(super) unsafe fn wide_at(
    th: Thread<'_>,
    address: usize,
    length: Option<usize>,
) -> Result<Ref<Str>> {
    let start = std::ptr::with_exposed_provenance_mut::<u8>(address);
    let length = match length {
        Some(length) => length,
        None => {
            let mut length = 0usize;
            // SAFETY: the caller's promise: a zero ends it.
            while unsafe { start.cast::<u32>().add(length).read_unaligned() } != 0 {
                length += 1;
            }
            length
        }
    };
    wide_text(th, &wide_units(Place::new(start, length.saturating_mul(4))))
}

/// A zero-terminated wide copy of `text`, and the object that owns it.
pub(super) fn wide_copy(th: Thread<'_>, text: &Str) -> Result<(usize, Ref)> {
    unsafe extern "C" fn free(capsule: *mut abi::PyObject) {
        // SAFETY: destructors run on attached threads with the live capsule.
        let (th, object) = unsafe { (Thread::current(), Thread::current().argument(capsule)) };
        let block = capsule::as_capsule(object).map(|capsule| capsule.pointer.get());
        if let Some(block) = block.and_then(|block| std::ptr::NonNull::new(block.cast::<u8>())) {
            // SAFETY: allocated below.
            unsafe { th.heap().free(block) };
        }
    }
    let room = text.len() + 1;
    let block = room.checked_mul(4).and_then(|size| th.heap().alloc(size));
    let Some(block) = block else { return Err(th.no_memory()) };
    // SAFETY: allocated for that many characters.
    unsafe { write_wide(text, block.as_ptr(), room) };
    let name = c"_ctypes/cfield.c pymem".as_ptr();
    let pointer = block.as_ptr().cast::<c_void>();
    match capsule::new(th, pointer, name, Some(free)) {
        Ok(capsule) => Ok((block.as_ptr().expose_provenance(), capsule)),
        Err(raised) => {
            // SAFETY: nobody has it.
            unsafe { th.heap().free(block) };
            Err(raised)
        }
    }
}

fn one_byte(th: Thread<'_>, value: Obj<'_>) -> Result<u8> {
    const EXPECTED: &str = "one character bytes, bytearray, or an integer in range(256) expected";
    if let Some(bytes) = value.downcast::<Bytes>() {
        return match bytes.as_bytes() {
            [byte] => Ok(*byte),
            other => raise!(th, TypeError, "{EXPECTED}, not bytes of length {}", other.len()),
        };
    }
    if let Some(bytes) = value.downcast::<ByteArray>() {
        return match bytes.as_bytes() {
            [byte] => Ok(*byte),
            other => raise!(th, TypeError, "{EXPECTED}, not bytearray of length {}", other.len()),
        };
    }
    if Int::is_int(value) {
        return match Int::to_i64(value).and_then(|value| u8::try_from(value).ok()) {
            Some(byte) => Ok(byte),
            None => raise!(th, TypeError, "integer not in range(256)"),
        };
    }
    raise!(th, TypeError, "{EXPECTED}, not {}", value.type_name());
}

fn one_wide(th: Thread<'_>, value: Obj<'_>) -> Result<u32> {
    let Some(text) = value.downcast::<Str>() else {
        raise!(
            th,
            TypeError,
            "a unicode character expected, not instance of {}",
            value.type_name()
        );
    };
    match (text.len(), text.get(0)) {
        (1, Some(unit)) => Ok(unit),
        (length, _) => {
            raise!(th, TypeError, "a unicode character expected, not a string of length {length}")
        }
    }
}
