//! One item of an array: how a Python value becomes bytes and back.

use object::{AsObject, Float, Int, Obj, Ref, Result, Str, Thread, raise};

/// A type code that exists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(u8);

/// Every type code, in the order of `array.typecodes`.
pub(super) const TYPECODES: &str = "bBuwhHiIlLqQfd";

impl Kind {
    pub(super) fn of(code: u32) -> Option<Kind> {
        let code = u8::try_from(code).ok()?;
        TYPECODES.as_bytes().contains(&code).then_some(Kind(code))
    }

    pub(super) fn code(self) -> char {
        char::from(self.0)
    }

    /// The format of an exported buffer.
    pub(super) fn format(self) -> &'static std::ffi::CStr {
        match self.0 {
            b'b' => c"b",
            b'B' => c"B",
            b'u' | b'w' => c"w",
            b'h' => c"h",
            b'H' => c"H",
            b'i' => c"i",
            b'I' => c"I",
            b'l' => c"l",
            b'L' => c"L",
            b'q' => c"q",
            b'Q' => c"Q",
            b'f' => c"f",
            _ => c"d",
        }
    }

    pub(super) fn size(self) -> usize {
        match self.0 {
            b'b' | b'B' => 1,
            b'h' | b'H' => 2,
            b'i' | b'I' | b'f' | b'u' | b'w' => 4,
            _ => 8,
        }
    }

    pub(super) fn is_unicode(self) -> bool {
        matches!(self.0, b'u' | b'w')
    }

    fn is_float(self) -> bool {
        matches!(self.0, b'f' | b'd')
    }

    fn is_signed(self) -> bool {
        self.0.is_ascii_lowercase()
    }

    /// Whether items of both kinds are ints of the same representation, so
    /// that equality is equality of bytes.
    pub(super) fn compares_as_bytes(self) -> bool {
        !self.is_float()
    }

    /// The number in `__reduce_ex__` for the representation on this machine.
    pub(super) fn machine_format(self) -> u8 {
        if self.is_unicode() {
            return 20;
        }
        if self.is_float() {
            return if self.size() == 4 { 14 } else { 16 };
        }
        let width = match self.size() {
            1 => return u8::from(self.is_signed()),
            2 => 2,
            4 => 6,
            _ => 10,
        };
        width + 2 * u8::from(self.is_signed())
    }

    /// Hand over every item in `data`.
    ///
    /// PERF: `tolist` with the kind asked once, not for each item.
    pub(super) fn unpack_all(
        self,
        th: Thread<'_>,
        data: &[u8],
        mut each: impl FnMut(Ref),
    ) -> Result<()> {
        macro_rules! items {
            ($ty:ty, $item:ident => $make:expr) => {
                for bytes in data.as_chunks().0 {
                    let $item = <$ty>::from_le_bytes(*bytes);
                    each($make?);
                }
            };
        }
        match self.0 {
            b'B' => items!(u8, item => Int::from_i64(th, item.into())),
            b'h' => items!(i16, item => Int::from_i64(th, item.into())),
            b'H' => items!(u16, item => Int::from_i64(th, item.into())),
            b'i' => items!(i32, item => Int::from_i64(th, item.into())),
            b'I' => items!(u32, item => Int::from_i64(th, item.into())),
            b'l' | b'q' => items!(i64, item => Int::from_i64(th, item)),
            b'd' => items!(f64, item => Float::from_f64(th, item)),
            _ => {
                for bytes in data.chunks_exact(self.size()) {
                    each(self.unpack(th, bytes)?);
                }
            }
        }
        Ok(())
    }

    /// The item in `bytes`.
    #[inline]
    pub(super) fn unpack(self, th: Thread<'_>, bytes: &[u8]) -> Result<Ref> {
        match self.0 {
            b'b' => Int::from_i64(th, i8::from_le_bytes(fixed(bytes)).into()),
            b'B' => Int::from_i64(th, u8::from_le_bytes(fixed(bytes)).into()),
            b'h' => Int::from_i64(th, i16::from_le_bytes(fixed(bytes)).into()),
            b'H' => Int::from_i64(th, u16::from_le_bytes(fixed(bytes)).into()),
            b'i' => Int::from_i64(th, i32::from_le_bytes(fixed(bytes)).into()),
            b'I' => Int::from_i64(th, u32::from_le_bytes(fixed(bytes)).into()),
            b'l' | b'q' => Int::from_i64(th, i64::from_le_bytes(fixed(bytes))),
            b'L' | b'Q' => Int::from_u64(th, u64::from_le_bytes(fixed(bytes))),
            b'f' => Float::from_f64(th, f32::from_le_bytes(fixed(bytes)).into()),
            b'd' => Float::from_f64(th, f64::from_le_bytes(fixed(bytes))),
            _ => {
                let code = u32::from_le_bytes(fixed(bytes));
                if code > 0x10_ffff {
                    raise!(
                        th,
                        ValueError,
                        "character U+{code:x} is not in range [U+0000; U+10ffff]"
                    );
                }
                Str::from_char(th, code).map(Ref::upcast)
            }
        }
    }

    /// The bytes of `value` as an item.
    pub(super) fn pack(self, th: Thread<'_>, value: Obj<'_>) -> Result<[u8; 8]> {
        match self.0 {
            b'u' | b'w' => Ok(u64::from(character(th, value)?).to_le_bytes()),
            b'f' => {
                let bytes = (real(th, value)? as f32).to_le_bytes();
                Ok(u64::from(u32::from_le_bytes(bytes)).to_le_bytes())
            }
            b'd' => Ok(real(th, value)?.to_le_bytes()),
            b'L' | b'I' => self.pack_unsigned(th, value),
            b'q' => match Int::to_i64(Int::index(th, value)?.obj()) {
                Some(value) => Ok(value.to_le_bytes()),
                None => raise!(th, OverflowError, "int too big to convert"),
            },
            b'Q' => {
                let index = Int::index(th, value)?;
                match Int::to_u64(index.obj()) {
                    Some(value) => Ok(value.to_le_bytes()),
                    None if Int::sign(index.obj()) < 0 => {
                        raise!(th, OverflowError, "can't convert negative int to unsigned")
                    }
                    None => raise!(th, OverflowError, "int too big to convert"),
                }
            }
            _ => self.pack_long(th, value),
        }
    }

    /// Kinds that C converts through a `long`.
    fn pack_long(self, th: Thread<'_>, value: Obj<'_>) -> Result<[u8; 8]> {
        let value = Int::index_to_i64(th, value)?;
        // The C types that the value passes on its way, narrowest last.
        let steps: &[(i64, i64, &str)] = match self.0 {
            b'b' => &[
                (i16::MIN as i64, i16::MAX as i64, "signed short integer"),
                (-128, 127, "signed char"),
            ],
            b'B' => &[(0, 255, "unsigned byte integer")],
            b'h' => &[(i16::MIN as i64, i16::MAX as i64, "signed short integer")],
            b'H' => &[
                (i32::MIN as i64, i32::MAX as i64, "signed integer"),
                (0, 0xffff, "unsigned short"),
            ],
            b'i' => &[(i32::MIN as i64, i32::MAX as i64, "signed integer")],
            _ => &[],
        };
        for &(least, most, name) in steps {
            if value < least {
                raise!(th, OverflowError, "{name} is less than minimum");
            }
            if value > most {
                raise!(th, OverflowError, "{name} is greater than maximum");
            }
        }
        Ok(value.to_le_bytes())
    }

    fn pack_unsigned(self, th: Thread<'_>, value: Obj<'_>) -> Result<[u8; 8]> {
        let index = Int::index(th, value)?;
        if Int::sign(index.obj()) < 0 {
            raise!(th, OverflowError, "can't convert negative value to unsigned int");
        }
        let Some(value) = Int::to_u64(index.obj()) else {
            raise!(th, OverflowError, "Python int too large to convert to C unsigned long");
        };
        if self.0 == b'I' && value > u64::from(u32::MAX) {
            raise!(th, OverflowError, "unsigned int is greater than maximum");
        }
        Ok(value.to_le_bytes())
    }
}

/// The first bytes of an item.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    if let Some(whole) = bytes.first_chunk() {
        return *whole;
    }
    let mut fixed = [0; N];
    for (to, from) in fixed.iter_mut().zip(bytes) {
        *to = *from;
    }
    fixed
}

fn character(th: Thread<'_>, value: Obj<'_>) -> Result<u32> {
    let Some(text) = value.downcast::<Str>() else {
        raise!(th, TypeError, "array item must be a unicode character, not {}", value.type_name());
    };
    match (text.len(), text.get(0)) {
        (1, Some(code)) => Ok(code),
        (length, _) => raise!(
            th,
            TypeError,
            "array item must be a unicode character, not a string of length {length}"
        ),
    }
}

fn real(th: Thread<'_>, value: Obj<'_>) -> Result<f64> {
    Float::as_f64(th, value)
}

/// What a machine format number says: item size, signedness, byte order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Int { size: usize, signed: bool, big: bool },
    Float { size: usize, big: bool },
    Utf16 { big: bool },
    Utf32 { big: bool },
}

impl Format {
    /// The format of number `code`.
    pub(super) fn of(code: i32) -> Option<Format> {
        Some(match code {
            0 | 1 => Format::Int { size: 1, signed: code == 1, big: false },
            2..=13 => Format::Int {
                size: 1 << ((code - 2) / 4 + 1),
                signed: (code - 2) / 2 % 2 == 1,
                big: code % 2 == 1,
            },
            14..=17 => Format::Float { size: if code < 16 { 4 } else { 8 }, big: code % 2 == 1 },
            18 | 19 => Format::Utf16 { big: code == 19 },
            20 | 21 => Format::Utf32 { big: code == 21 },
            _ => return None,
        })
    }

    /// Bytes of an item.
    pub(super) fn size(self) -> usize {
        match self {
            Format::Int { size, .. } | Format::Float { size, .. } => size,
            Format::Utf16 { .. } => 2,
            Format::Utf32 { .. } => 4,
        }
    }

    /// The item in `bytes` as an object, for the int and float formats.
    pub(super) fn unpack(self, th: Thread<'_>, bytes: &[u8]) -> Result<Ref> {
        let mut item = bytes.to_vec();
        let (big, signed) = match self {
            Format::Int { big, signed, .. } => (big, signed),
            Format::Float { big, .. } | Format::Utf16 { big } | Format::Utf32 { big } => {
                (big, false)
            }
        };
        if big {
            item.reverse();
        }
        match self {
            Format::Float { size: 4, .. } => {
                Float::from_f64(th, f32::from_le_bytes(fixed(&item)).into())
            }
            Format::Float { .. } => Float::from_f64(th, f64::from_le_bytes(fixed(&item))),
            _ => Int::from_bytes(th, &item, true, signed),
        }
    }
}
