//! `int.to_bytes` and `int.from_bytes`.

use num::digits;

use super::Int;
use crate::{
    AsObject, Bytes, Obj, PyStruct, Ref, Result, Str, Thread, protocol::Protocol, raise,
    types::str_eq,
};

/// `byteorder`: whether little-endian.
fn is_little(th: Thread<'_>, byteorder: Option<&Str>) -> Result<bool> {
    let Some(order) = byteorder else { return Ok(false) };
    if str_eq(order.obj(), "little") {
        return Ok(true);
    }
    if str_eq(order.obj(), "big") {
        return Ok(false);
    }
    raise!(th, ValueError, "byteorder must be either 'little' or 'big'")
}

/// Whether an int fits that many bytes, at most 8.
fn fits(value: i64, length: usize, signed: bool) -> bool {
    let unused = 64 - 8 * length as u32;
    if signed {
        value << unused >> unused == value
    } else {
        value >= 0 && value as u64 <= u64::MAX >> unused
    }
}

impl Int {
    /// The bytes of an int in two's complement.
    pub fn to_bytes(
        th: Thread<'_>,
        value: Obj<'_>,
        length: usize,
        little: bool,
        signed: bool,
    ) -> Result<Ref<Bytes>> {
        if let Some(small) = Self::to_i64(value)
            && (1..=8).contains(&length)
            && fits(small, length, signed)
        {
            let bytes = if little { small.to_le_bytes() } else { small.to_be_bytes() };
            let bytes = if little { bytes.get(..length) } else { bytes.get(8 - length..) };
            return Bytes::new(th, bytes.unwrap_or_default());
        }
        let int = Self::digits(value);
        let (magnitude, negative) = (int.magnitude(), int.negative);
        if negative && !signed {
            raise!(th, OverflowError, "can't convert negative int to unsigned");
        }
        let mut fits = true;
        let bytes = Bytes::build(th, length, |out| {
            fits = digits::write_bytes(magnitude, negative, signed, out);
            if !little {
                out.reverse();
            }
        })?;
        if !fits {
            raise!(th, OverflowError, "int too big to convert");
        }
        Ok(bytes)
    }

    /// The int whose two's complement is `bytes`.
    pub fn from_bytes(th: Thread<'_>, bytes: &[u8], little: bool, signed: bool) -> Result<Ref> {
        if bytes.len() <= 8 && !bytes.is_empty() {
            let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
            let value =
                if little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) };
            if !signed {
                return Self::from_u64(th, value);
            }
            let unused = 64 - 8 * bytes.len() as u32;
            return Self::from_i64(th, ((value << unused) as i64) >> unused);
        }
        let top = if little { bytes.last() } else { bytes.first() };
        let negative = signed && top.is_some_and(|byte| byte & 0x80 != 0);
        let flip = if negative { 0xff } else { 0 };
        let capacity = (8 * bytes.len()).div_ceil(digits::SHIFT as usize) + 1;
        Self::build(th, capacity, negative, |out| {
            let bytes = bytes.iter().map(|byte| byte ^ flip);
            let len = if little {
                digits::read_bytes(bytes, out)
            } else {
                digits::read_bytes(bytes.rev(), out)
            };
            if negative { digits::increment(out) } else { len }
        })
    }

    pub(super) fn to_bytes_method(
        th: Thread<'_>,
        value: Obj<'_>,
        length: isize,
        byteorder: Option<&Str>,
        signed: bool,
    ) -> Result<Ref<Bytes>> {
        let little = is_little(th, byteorder)?;
        match usize::try_from(length) {
            Ok(length) => Self::to_bytes(th, value, length, little, signed),
            Err(_) => raise!(th, ValueError, "length argument must be non-negative"),
        }
    }

    pub(super) fn from_bytes_method(
        th: Thread<'_>,
        source: Obj<'_>,
        byteorder: Option<&Str>,
        signed: bool,
    ) -> Result<Ref> {
        let little = is_little(th, byteorder)?;
        if let Some(bytes) = source.downcast_exact::<Bytes>() {
            return Self::from_bytes(th, bytes.as_bytes(), little, signed);
        }
        if Self::is_int(source) || source.downcast::<Str>().is_some() {
            raise!(th, TypeError, "cannot convert '{}' object to bytes", source.type_name());
        }
        let bytes = Bytes::type_object().call(th, &[source])?;
        match bytes.obj().downcast::<Bytes>() {
            Some(bytes) => Self::from_bytes(th, bytes.as_bytes(), little, signed),
            None => {
                raise!(th, TypeError, "cannot convert '{}' object to bytes", source.type_name())
            }
        }
    }
}
