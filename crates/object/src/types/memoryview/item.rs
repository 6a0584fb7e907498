//! Items of a view: one value of a native format, between bytes and objects.

use crate::{
    AsObject, Bytes, Int, IntoObject, Obj, Ref, Result, Thread, error,
    exceptions::types::{OverflowError, TypeError},
    protocol, raise,
};

/// The native format character of `format`, with an optional `@` before it.
pub(crate) fn native(format: &[u8]) -> Option<u8> {
    let format = format.strip_prefix(b"@").unwrap_or(format);
    match *format {
        [c] if size_of_native(c).is_some() => Some(c),
        _ => None,
    }
}

/// How many bytes an item of that format has.
pub(crate) fn size_of_native(format: u8) -> Option<usize> {
    Some(match format {
        b'c' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'd' | b'P' | b'F' => 8,
        b'D' => 16,
        _ => return None,
    })
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    out
}

/// A half-precision float.
pub fn half_to_f64(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 31);
    let fraction = f64::from(bits & 0x3ff);
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => return f64::from_bits(nan_bits(sign, u64::from(bits & 0x3ff) << 42)),
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

/// The bits of a NaN with that sign and payload.
fn nan_bits(sign: f64, payload: u64) -> u64 {
    (sign.to_bits() & 1 << 63) | 0x7ff << 52 | payload
}

/// The single-precision float nearest to `x`. A NaN keeps its payload, and is
/// signaling if it was.
pub fn f64_to_single(x: f64) -> f32 {
    if !x.is_nan() {
        return x as f32;
    }
    let payload = (x.to_bits() >> 29 & 0x7f_ffff) as u32;
    let sign = if x.is_sign_negative() { 1 << 31 } else { 0 };
    f32::from_bits(sign | 0xff << 23 | if payload == 0 { 1 << 22 } else { payload })
}

/// The value of a single-precision float, see [`f64_to_single`].
pub fn single_to_f64(x: f32) -> f64 {
    if !x.is_nan() {
        return f64::from(x);
    }
    let sign = if x.is_sign_negative() { -1.0 } else { 1.0 };
    f64::from_bits(nan_bits(sign, u64::from(x.to_bits() & 0x7f_ffff) << 29))
}

/// The half-precision float nearest to `x`, `None` if it is too large.
pub fn f64_to_half(x: f64) -> Option<u16> {
    let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
    let x = x.abs();
    if x.is_nan() {
        // A payload that is lost leaves a quiet NaN.
        let payload = (x.to_bits() >> 42 & 0x3ff) as u16;
        return Some(sign | 0x7c00 | if payload == 0 { 0x200 } else { payload });
    }
    if x.is_infinite() {
        return Some(sign | 0x7c00);
    }
    if x < 2f64.powi(-14) {
        // Subnormal: a multiple of 2**-24; the carry into the exponent is right.
        return Some(sign | (x * 2f64.powi(24)).round_ties_even() as u16);
    }
    let exponent = ((x.to_bits() >> 52 & 0x7ff) as i32) - 1023;
    if exponent > 15 {
        return None;
    }
    let fraction = ((x / 2f64.powi(exponent) - 1.0) * 1024.0).round_ties_even() as u16;
    let bits = (((exponent + 15) as u16) << 10) + fraction;
    if bits >= 0x7c00 { None } else { Some(sign | bits) }
}

/// The object an item stands for.
pub(crate) fn unpack(th: Thread<'_>, format: u8, bytes: &[u8]) -> Result {
    let float = |x: f64| x.into_object(th);
    match format {
        b'B' => Int::from_i64(th, bytes.first().copied().unwrap_or(0).into()),
        b'b' => Int::from_i64(th, i64::from(i8::from_ne_bytes(array(bytes)))),
        b'h' => Int::from_i64(th, i16::from_ne_bytes(array(bytes)).into()),
        b'H' => Int::from_i64(th, u16::from_ne_bytes(array(bytes)).into()),
        b'i' => Int::from_i64(th, i32::from_ne_bytes(array(bytes)).into()),
        b'I' => Int::from_i64(th, u32::from_ne_bytes(array(bytes)).into()),
        b'l' | b'q' | b'n' => Int::from_i64(th, i64::from_ne_bytes(array(bytes))),
        b'L' | b'Q' | b'N' | b'P' => Int::from_u64(th, u64::from_ne_bytes(array(bytes))),
        b'f' => float(f32::from_ne_bytes(array(bytes)).into()),
        b'd' => float(f64::from_ne_bytes(array(bytes))),
        b'e' => float(half_to_f64(u16::from_ne_bytes(array(bytes)))),
        b'?' => bytes.iter().any(|&byte| byte != 0).into_object(th),
        b'c' => Bytes::new(th, bytes).map(Ref::upcast),
        _ => raise!(
            th,
            NotImplementedError,
            "memoryview: format {} not supported",
            char::from(format)
        ),
    }
}

/// Write `value` as an item.
pub(crate) fn pack(th: Thread<'_>, format: u8, value: Obj<'_>, out: &mut [u8]) -> Result<()> {
    let shown = char::from(format);
    let bad_type = || error!(th, TypeError, "memoryview: invalid type for format '{shown}'");
    let bad_value = || error!(th, ValueError, "memoryview: invalid value for format '{shown}'");
    let mut put = |bytes: &[u8]| out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    match format {
        b'?' => {
            let truth = protocol::is_true(th, value)?;
            put(&[u8::from(truth)]);
        }
        b'c' => {
            let Some(bytes) = value.downcast::<Bytes>() else { return Err(bad_type()) };
            if bytes.len() != 1 {
                return Err(bad_value());
            }
            put(bytes.as_bytes());
        }
        b'f' | b'd' | b'e' => {
            let x = match protocol::as_f64(th, value) {
                Ok(x) => x,
                Err(raised) if th.exception_matches(OverflowError()) => {
                    th.clear_exception(raised);
                    return Err(bad_value());
                }
                Err(raised) => {
                    th.catch(raised, TypeError())?;
                    return Err(bad_type());
                }
            };
            match format {
                b'd' => put(&x.to_ne_bytes()),
                b'f' => put(&(x as f32).to_ne_bytes()),
                _ => match f64_to_half(x) {
                    Some(bits) => put(&bits.to_ne_bytes()),
                    None => return Err(bad_value()),
                },
            }
        }
        b'L' | b'Q' | b'N' | b'P' => {
            if !Int::is_index(value) {
                return Err(bad_type());
            }
            let int = Int::index(th, value)?;
            match Int::index_to_u64(th, int.obj()) {
                Ok(x) => put(&x.to_ne_bytes()),
                Err(raised) => {
                    th.catch(raised, OverflowError())?;
                    return Err(bad_value());
                }
            }
        }
        _ => {
            if !Int::is_index(value) {
                return Err(bad_type());
            }
            let int = Int::index(th, value)?;
            let Some(x) = Int::to_i64(int.obj()) else { return Err(bad_value()) };
            let fits = match format {
                b'b' => i8::try_from(x).map(|x| put(&x.to_ne_bytes())).is_ok(),
                b'B' => u8::try_from(x).map(|x| put(&x.to_ne_bytes())).is_ok(),
                b'h' => i16::try_from(x).map(|x| put(&x.to_ne_bytes())).is_ok(),
                b'H' => u16::try_from(x).map(|x| put(&x.to_ne_bytes())).is_ok(),
                b'i' => i32::try_from(x).map(|x| put(&x.to_ne_bytes())).is_ok(),
                b'I' => u32::try_from(x).map(|x| put(&x.to_ne_bytes())).is_ok(),
                b'l' | b'q' | b'n' => {
                    put(&x.to_ne_bytes());
                    true
                }
                _ => raise!(th, NotImplementedError, "memoryview: format {shown} not supported"),
            };
            if !fits {
                return Err(bad_value());
            }
        }
    }
    Ok(())
}
