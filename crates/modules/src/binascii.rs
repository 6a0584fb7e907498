//! `binascii`: bytes to text and back: base64, hexadecimal, uuencode,
//! quoted-printable; checksums.

use std::cell::RefCell;

use macros::pymodule;
use object::{
    AsObject, Bytes, Int, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, Type,
    args::{ArgContext, Given},
    protocol::buffer::BytesLike,
    raise,
};

#[derive(Default)]
struct State {
    error: RefCell<Option<Ref>>,
    incomplete: RefCell<Option<Ref>>,
}

fn new_exception(th: Thread<'_>, name: &str, base: &Type) -> Result {
    use object::PyStruct;
    let name = Str::new(th, name)?;
    let bases = Tuple::from_objs(th, &[base.obj()])?;
    let namespace = object::Dict::new(th)?;
    let module = object::id!(th, "binascii");
    namespace.set(th, object::id!(th, "__module__").obj(), module.obj())?;
    Type::type_object().call(th, &[name.obj(), bases.obj(), namespace.obj()])
}

/// Raise `binascii.Error`.
#[cold]
fn fail(th: Thread<'_>, message: &str) -> Raised {
    let class = th.interp().extensions.get::<State>().error.borrow().clone();
    match class.as_ref().and_then(|class| class.obj().downcast::<Type>()) {
        Some(class) => th.raise(class, format_args!("{message}")),
        None => object::error!(th, ValueError, "{message}"),
    }
}

/// Bytes, a buffer, or an ASCII string.
enum Ascii<'a> {
    Text(&'a str),
    Bytes(BytesLike<'a>),
}

impl std::ops::Deref for Ascii<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Ascii::Text(text) => text.as_bytes(),
            Ascii::Bytes(bytes) => bytes,
        }
    }
}

impl<'a> object::FromArg<'a> for Ascii<'a> {
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, _: ArgContext) -> Result<Self> {
        if let Some(text) = arg.downcast::<Str>() {
            return match text.as_ascii() {
                Some(text) => Ok(Ascii::Text(text)),
                None => {
                    raise!(th, ValueError, "string argument should contain only ASCII characters")
                }
            };
        }
        match BytesLike::try_get(th, arg)? {
            Some(bytes) => Ok(Ascii::Bytes(bytes)),
            None => raise!(
                th,
                TypeError,
                "argument should be bytes, buffer or ASCII string, not '{}'",
                arg.type_name()
            ),
        }
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// No character of the alphabet.
const NO_VALUE: u8 = 0xff;

/// The value of each character of the alphabet.
static BASE64_VALUES: [u8; 256] = {
    let mut values = [NO_VALUE; 256];
    let mut value = 0;
    while value < 64 {
        values[BASE64[value] as usize] = value as u8;
        value += 1;
    }
    values
};

fn base64_value(byte: u8) -> Option<u32> {
    let value = BASE64_VALUES[usize::from(byte)];
    (value != NO_VALUE).then_some(value.into())
}

/// Decode complete groups up to the first other character; the length of what
/// was decoded.
fn decode_groups(data: &[u8], out: &mut Vec<u8>) -> usize {
    let mut done = 0;
    for group in data.as_chunks::<4>().0 {
        let [a, b, c, d] = group.map(|byte| BASE64_VALUES[usize::from(byte)]);
        if (a | b | c | d) & 0xc0 != 0 {
            break;
        }
        out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        done += 4;
    }
    done
}

fn decode_base64(th: Thread<'_>, data: &[u8], strict: bool) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    if out.try_reserve(data.len() / 4 * 3 + 3).is_err() {
        return Err(th.no_memory());
    }
    if strict && data.first() == Some(&b'=') {
        return Err(fail(th, "Leading padding not allowed"));
    }
    // Data characters of the current group, their bits, padding since the last.
    let (mut place, mut bits, mut pads, mut total) = (0u32, 0u32, 0u32, 0usize);
    let one_more = |total: usize| {
        let count = total / 4 * 4 + 1;
        fail(
            th,
            &format!(
                "Invalid base64-encoded string: number of data characters ({count}) cannot be 1 more than a multiple of 4"
            ),
        )
    };
    let done = decode_groups(data, &mut out);
    total += done;
    for &byte in &data[done..] {
        if byte == b'=' {
            pads += 1;
            if strict && place == 1 {
                return Err(one_more(total));
            }
            if strict && (place == 0 || place + pads > 4) {
                return Err(fail(th, "Excess padding not allowed"));
            }
            continue;
        }
        let Some(value) = base64_value(byte) else {
            if strict {
                return Err(fail(th, "Only base64 data is allowed"));
            }
            continue;
        };
        if strict && pads > 0 {
            let complete = place + pads >= 4;
            let what = if complete {
                "Excess data after padding"
            } else {
                "Discontinuous padding not allowed"
            };
            return Err(fail(th, what));
        }
        pads = 0;
        total += 1;
        bits = bits << 6 | value;
        place += 1;
        match place {
            2 => out.push((bits >> 4) as u8),
            3 => out.push((bits >> 2) as u8),
            4 => {
                out.push(bits as u8);
                (place, bits) = (0, 0);
            }
            _ => {}
        }
    }
    match place {
        0 => Ok(out),
        1 => Err(one_more(total)),
        _ if place + pads >= 4 => Ok(out),
        _ => Err(fail(th, "Incorrect padding")),
    }
}

fn encode_base64(data: &[u8], newline: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4 + 1);
    let (whole, rest) = data.as_chunks::<3>();
    out.resize(whole.len() * 4, 0);
    for (&[a, b, c], place) in whole.iter().zip(out.as_chunks_mut::<4>().0) {
        let values = [a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, c];
        *place = values.map(|value| BASE64[usize::from(value & 63)]);
    }
    for chunk in rest.chunks(3) {
        let mut bytes = [0; 3];
        bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        let bits = u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
        for i in 0..4u32 {
            if i as usize > chunk.len() {
                out.push(b'=');
            } else {
                out.push(BASE64[(bits >> (18 - 6 * i) & 63) as usize]);
            }
        }
    }
    if newline {
        out.push(b'\n');
    }
    out
}

fn decode_hex(th: Thread<'_>, data: &[u8]) -> Result<Ref<Bytes>> {
    if !data.len().is_multiple_of(2) {
        return Err(fail(th, "Odd-length string"));
    }
    Bytes::try_build(th, data.len() / 2, |out| {
        for (to, pair) in out.iter_mut().zip(data.as_chunks::<2>().0) {
            match object::types::bytes::hex_pair(*pair) {
                Some(byte) => *to = byte,
                None => return Err(fail(th, "Non-hexadecimal digit found")),
            }
        }
        Ok(())
    })
}

fn decode_uu(th: Thread<'_>, data: &[u8]) -> Result<Vec<u8>> {
    let Some((&first, mut rest)) = data.split_first() else {
        return Err(fail(th, "Missing length byte"));
    };
    let length = usize::from(first.wrapping_sub(b' ') & 63);
    let mut out = Vec::with_capacity(length);
    let (mut bits, mut count) = (0u32, 0u32);
    while out.len() < length {
        let byte = rest.first().copied().unwrap_or(b'\n');
        rest = rest.get(1..).unwrap_or_default();
        let value = match byte {
            b'\n' | b'\r' => 0,
            b' '..=b'`' => byte.wrapping_sub(b' ') & 63,
            _ => return Err(fail(th, "Illegal char")),
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    if rest.iter().any(|byte| !matches!(byte, b' ' | b'`' | b'\n' | b'\r')) {
        return Err(fail(th, "Trailing garbage"));
    }
    Ok(out)
}

fn encode_uu(th: Thread<'_>, data: &[u8], backtick: bool) -> Result<Vec<u8>> {
    if data.len() > 45 {
        return Err(fail(th, "At most 45 bytes at once"));
    }
    let shown = |value: u32| match value as u8 {
        0 if backtick => b'`',
        value => value + b' ',
    };
    let mut out = vec![shown(data.len() as u32)];
    for chunk in data.chunks(3) {
        let mut bytes = [0; 3];
        bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        let bits = u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
        out.extend((0..4).map(|i| shown(bits >> (18 - 6 * i) & 63)));
    }
    out.push(b'\n');
    Ok(out)
}

fn decode_qp(data: &[u8], header: bool) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut out = Vec::with_capacity(data.len());
    let mut at = 0;
    while let Some(&byte) = data.get(at) {
        at += 1;
        if byte == b'_' && header {
            out.push(b' ');
            continue;
        }
        if byte != b'=' {
            out.push(byte);
            continue;
        }
        match data.get(at) {
            None => break,
            Some(b'\n' | b'\r') => {
                // A soft line break: the rest of the line end goes too.
                while data.get(at).is_some_and(|&byte| byte != b'\n') {
                    at += 1;
                }
                at += 1;
            }
            Some(b'=') => {
                out.push(b'=');
                at += 1;
            }
            _ => match (digit(data.get(at)), digit(data.get(at + 1))) {
                (Some(high), Some(low)) => {
                    out.push((high << 4 | low) as u8);
                    at += 2;
                }
                _ => out.push(b'='),
            },
        }
    }
    out
}

const MAX_LINE: usize = 76;

fn encode_qp(data: &[u8], quotetabs: bool, istext: bool, header: bool) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let crlf = data
        .iter()
        .position(|&byte| byte == b'\n')
        .is_some_and(|i| i > 0 && data.get(i - 1) == Some(&b'\r'));
    let mut out: Vec<u8> = Vec::with_capacity(data.len() + data.len() / 8);
    let (mut at, mut column) = (0, 0);
    let end_line = |out: &mut Vec<u8>| {
        if crlf {
            out.push(b'\r');
        }
        out.push(b'\n');
    };
    while let Some(&byte) = data.get(at) {
        let next = data.get(at + 1).copied();
        let last = next.is_none();
        let ends_line = |after: Option<u8>| matches!(after, None | Some(b'\n'));
        let quote = byte > 126
            || byte == b'='
            || header && byte == b'_'
            || byte == b'.' && column == 0 && matches!(next, None | Some(b'\n' | b'\r' | 0))
            || !istext && matches!(byte, b'\r' | b'\n')
            || matches!(byte, b'\t' | b' ') && last
            || byte < 33
                && !matches!(byte, b'\r' | b'\n')
                && (quotetabs || !matches!(byte, b'\t' | b' '));
        if quote {
            if column + 3 >= MAX_LINE {
                out.push(b'=');
                end_line(&mut out);
                column = 0;
            }
            out.extend([b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            column += 3;
            at += 1;
            continue;
        }
        if istext && (byte == b'\n' || byte == b'\r' && next == Some(b'\n')) {
            column = 0;
            // White space before a line end is protected.
            if let Some(space @ (b' ' | b'\t')) = out.last().copied() {
                out.pop();
                out.extend([
                    b'=',
                    DIGITS[usize::from(space >> 4)],
                    DIGITS[usize::from(space & 15)],
                ]);
            }
            end_line(&mut out);
            at += if byte == b'\r' { 2 } else { 1 };
            continue;
        }
        if !ends_line(next) && column + 1 >= MAX_LINE {
            out.push(b'=');
            end_line(&mut out);
            column = 0;
        }
        column += 1;
        out.push(if header && byte == b' ' { b'_' } else { byte });
        at += 1;
    }
    out
}

fn crc_start(th: Thread<'_>, crc: Obj<'_>) -> Result<u32> {
    let crc = Int::index(th, crc)?;
    Ok(Int::to_u64_wrapping(crc.obj()) as u32)
}

/// Conversion between binary data and ASCII
#[pymodule]
pub mod binascii {
    use super::*;

    /// Decode a line of uuencoded data.
    #[sig = "(data, /)"]
    fn a2b_uu(th: Thread<'_>, data: Ascii<'_>) -> Result<Ref<Bytes>> {
        Bytes::new(th, &decode_uu(th, &data)?)
    }

    /// Uuencode line of data.
    #[sig = "(data, /, *, backtick=False)"]
    fn b2a_uu(th: Thread<'_>, data: BytesLike<'_>, backtick: bool) -> Result<Ref<Bytes>> {
        Bytes::new(th, &encode_uu(th, &data, backtick)?)
    }

    /// Decode a line of base64 data.
    ///
    ///   strict_mode
    ///     When set to True, bytes that are not in the base64 standard are not allowed.
    ///     The same applies to excess data after padding (= / ==).
    #[sig = "(data, /, *, strict_mode=False)"]
    fn a2b_base64(th: Thread<'_>, data: Ascii<'_>, strict_mode: bool) -> Result<Ref<Bytes>> {
        Bytes::new(th, &decode_base64(th, &data, strict_mode)?)
    }

    /// Base64-code line of data.
    #[sig = "(data, /, *, newline=True)"]
    fn b2a_base64(th: Thread<'_>, data: BytesLike<'_>, newline: bool) -> Result<Ref<Bytes>> {
        Bytes::new(th, &encode_base64(&data, newline))
    }

    /// Hexadecimal representation of binary data.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// The return value is a bytes object.  This function is also
    /// available as "hexlify()".
    #[sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)"]
    fn b2a_hex(
        th: Thread<'_>,
        data: BytesLike<'_>,
        sep: Option<Given<Obj<'_>>>,
        bytes_per_sep: i32,
    ) -> Result<Ref<Bytes>> {
        let text = object::types::bytes::hex(th, &data, sep.map(|Given(sep)| sep), bytes_per_sep)?;
        Bytes::new(th, text.storage())
    }

    /// Hexadecimal representation of binary data.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// The return value is a bytes object.  This function is also
    /// available as "b2a_hex()".
    #[sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)"]
    fn hexlify(
        th: Thread<'_>,
        data: BytesLike<'_>,
        sep: Option<Given<Obj<'_>>>,
        bytes_per_sep: i32,
    ) -> Result<Ref<Bytes>> {
        b2a_hex(th, data, sep, bytes_per_sep)
    }

    /// Binary data of hexadecimal representation.
    ///
    /// hexstr must contain an even number of hex digits (upper or lower case).
    /// This function is also available as "unhexlify()".
    #[sig = "(hexstr, /)"]
    fn a2b_hex(th: Thread<'_>, hexstr: Ascii<'_>) -> Result<Ref<Bytes>> {
        decode_hex(th, &hexstr)
    }

    /// Binary data of hexadecimal representation.
    ///
    /// hexstr must contain an even number of hex digits (upper or lower case).
    #[sig = "(hexstr, /)"]
    fn unhexlify(th: Thread<'_>, hexstr: Ascii<'_>) -> Result<Ref<Bytes>> {
        decode_hex(th, &hexstr)
    }

    /// Compute CRC-CCITT incrementally.
    #[sig = "(data, crc, /)"]
    fn crc_hqx(th: Thread<'_>, data: BytesLike<'_>, crc: Obj<'_>) -> Result<u32> {
        let start = crc_start(th, crc)? & 0xffff;
        Ok(data.iter().fold(start, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte) << 8, |crc, _| {
                let shifted = crc << 1;
                (if crc & 0x8000 != 0 { shifted ^ 0x1021 } else { shifted }) & 0xffff
            })
        }))
    }

    /// Compute CRC-32 incrementally.
    #[sig = "(data, crc=0, /)"]
    fn crc32(th: Thread<'_>, data: BytesLike<'_>, crc: Option<Obj<'_>>) -> Result<u32> {
        let start = crc.map_or(Ok(0), |crc| crc_start(th, crc))?;
        Ok(crate::zlib::crc32_of(start, &data))
    }

    /// Decode a string of qp-encoded data.
    #[sig = "(data, header=False)"]
    fn a2b_qp(th: Thread<'_>, data: Ascii<'_>, header: bool) -> Result<Ref<Bytes>> {
        Bytes::new(th, &decode_qp(&data, header))
    }

    /// Encode a string using quoted-printable encoding.
    ///
    /// On encoding, when istext is set, newlines are not encoded, and white
    /// space at end of lines is.  When istext is not set, \r and \n (CR/LF)
    /// are both encoded.  When quotetabs is set, space and tabs are encoded.
    #[sig = "(data, quotetabs=False, istext=True, header=False)"]
    fn b2a_qp(
        th: Thread<'_>,
        data: BytesLike<'_>,
        quotetabs: bool,
        istext: bool,
        header: bool,
    ) -> Result<Ref<Bytes>> {
        Bytes::new(th, &encode_qp(&data, quotetabs, istext, header))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let state = th.interp().extensions.get::<State>();
        let error = new_exception(th, "Error", object::exceptions::types::ValueError())?;
        module.set(th, "Error", error.obj())?;
        let incomplete = new_exception(th, "Incomplete", object::exceptions::types::Exception())?;
        module.set(th, "Incomplete", incomplete.obj())?;
        *state.error.borrow_mut() = Some(error);
        *state.incomplete.borrow_mut() = Some(incomplete);
        Ok(())
    }
}
