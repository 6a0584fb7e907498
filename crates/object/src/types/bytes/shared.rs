//! What `bytes` and `bytearray` do alike.
//!
//! The methods are written once, over a borrowed slice of the receiver's data,
//! and declared for both types by `byte_string_methods!`. Arguments are
//! converted before the slice is taken, as converting can run Python code that
//! resizes a `bytearray`.

use text::{
    Units, search,
    split::{self, Kind, Side},
};

use super::Filler;
use crate::{
    AsObject, Bytes, FromArg, Int, List, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    args::ArgContext,
    error,
    exceptions::types::{IndexError, TypeError},
    protocol::{
        self,
        buffer::{self, BytesLike},
        index::{self, Bound},
    },
    raise,
};

/// `bytes` or `bytearray`.
pub(crate) trait ByteString: PyStruct {
    /// The type's name.
    const NAME: &'static str;

    /// The data. Not to be kept across code that could resize a `bytearray`.
    fn data(&self) -> &[u8];

    /// A new object of the same builtin type.
    fn make(th: Thread<'_>, data: &[u8]) -> Result;

    /// A new object of the same builtin type, of `size` bytes that `fill` writes.
    fn assemble(th: Thread<'_>, size: usize, fill: impl FnOnce(&mut Filler<'_>)) -> Result;

    /// The result of an operation that changed nothing.
    fn unchanged(&self, th: Thread<'_>) -> Result;
}

fn units(data: &[u8]) -> Units<'_> {
    Units::Ucs1(data)
}

/// The byte an object stands for: an int below 256.
pub(crate) fn byte_of(th: Thread<'_>, object: Obj<'_>, plural: bool) -> Result<u8> {
    if let Some(value) = crate::small_int::value(object.as_ptr())
        && let Ok(byte) = u8::try_from(value)
    {
        return Ok(byte);
    }
    let int = Int::index(th, object)?;
    match Int::to_i64(int.obj()).map(u8::try_from) {
        Some(Ok(byte)) => Ok(byte),
        _ if plural => raise!(th, ValueError, "bytes must be in range(0, 256)"),
        _ => raise!(th, ValueError, "byte must be in range(0, 256)"),
    }
}

/// What is searched for: a byte or bytes.
pub(crate) enum Needle<'a> {
    Byte([u8; 1]),
    Bytes(BytesLike<'a>),
}

impl<'a> Needle<'a> {
    /// What to search for in `this`, whose size cannot change meanwhile.
    fn of(th: Thread<'_>, this: &impl ByteString, arg: Obj<'a>) -> Result<Self> {
        // PERF: these run no code.
        if let Some(bytes) = arg.downcast_exact::<Bytes>() {
            return Ok(Needle::Bytes(BytesLike::Bytes(bytes)));
        }
        if let Some(value) = crate::small_int::value(arg.as_ptr())
            && let Ok(byte) = u8::try_from(value)
        {
            return Ok(Needle::Byte([byte]));
        }
        let _held = BytesLike::get(th, this.obj())?;
        if let Some(bytes) = BytesLike::try_get(th, arg)? {
            return Ok(Needle::Bytes(bytes));
        }
        if !Int::is_index(arg) {
            raise!(
                th,
                TypeError,
                "argument should be integer or bytes-like object, not '{}'",
                arg.type_name()
            );
        }
        byte_of(th, arg, false).map(|byte| Needle::Byte([byte]))
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Needle::Byte(byte) => byte,
            Needle::Bytes(bytes) => bytes,
        }
    }
}

/// A fill character among arguments.
pub(crate) struct Fill(pub(crate) u8);

impl FromArg<'_> for Option<Fill> {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, context: ArgContext) -> Result<Self> {
        let data = match arg.downcast::<Bytes>() {
            Some(bytes) => bytes.as_bytes(),
            None => match arg.downcast::<crate::types::bytearray::ByteArray>() {
                Some(array) => array.data(),
                None => return Err(context.bad(th, "a byte string of length 1", arg)),
            },
        };
        match *data {
            [byte] => Ok(Some(Fill(byte))),
            _ => raise!(
                th,
                TypeError,
                "{}(): argument {} must be a byte string of length 1, not a {} object of length {}",
                context.signature.name,
                context.index + 1,
                arg.type_name(),
                data.len()
            ),
        }
    }
}

pub(crate) fn contains(th: Thread<'_>, this: &impl ByteString, part: Obj<'_>) -> Result<bool> {
    if let Some(value) = crate::small_int::value(part.as_ptr())
        && let Ok(byte) = u8::try_from(value)
    {
        return Ok(search::find_char(units(this.data()), byte.into()).is_some());
    }
    if let Some(part) = part.downcast_exact::<Bytes>() {
        return Ok(search::find(units(this.data()), units(part.as_bytes())).is_some());
    }
    let _held = BytesLike::get(th, this.obj())?;
    if Int::is_index(part) {
        match Int::index(th, part) {
            Ok(value) => {
                let byte = byte_of(th, value.obj(), false)?;
                return Ok(search::find_char(units(this.data()), byte.into()).is_some());
            }
            Err(raised) => th.clear_exception(raised),
        }
    }
    let part = BytesLike::get(th, part)?;
    Ok(search::find(units(this.data()), units(&part)).is_some())
}

pub(crate) fn position(
    th: Thread<'_>,
    this: &impl ByteString,
    part: Obj<'_>,
    start: Option<Bound>,
    end: Option<Bound>,
    from_right: bool,
) -> Result<Option<usize>> {
    let needle = Needle::of(th, this, part)?;
    let (data, part) = (this.data(), needle.bytes());
    let (start, end) = index::search_range(data.len(), start, end);
    if start > end || end - start < part.len() {
        return Ok(None);
    }
    let window = units(data).slice(start, end);
    let found = if from_right {
        search::rfind(window, units(part))
    } else {
        search::find(window, units(part))
    };
    Ok(found.map(|found| start + found))
}

pub(crate) fn count(
    th: Thread<'_>,
    this: &impl ByteString,
    part: Obj<'_>,
    start: Option<Bound>,
    end: Option<Bound>,
) -> Result<usize> {
    let needle = Needle::of(th, this, part)?;
    let data = this.data();
    let (start, end) = index::search_range(data.len(), start, end);
    if start > end {
        return Ok(0);
    }
    Ok(search::count(units(data).slice(start, end), units(needle.bytes()), usize::MAX))
}

pub(crate) fn affix(
    th: Thread<'_>,
    this: &impl ByteString,
    name: &str,
    affix: Obj<'_>,
    start: Option<Bound>,
    end: Option<Bound>,
    at_end: bool,
) -> Result<bool> {
    let matches = |part: &[u8]| {
        let data = this.data();
        let (start, end) = index::search_range(data.len(), start, end);
        let Some(window) = data.get(start..end) else { return false };
        if at_end { window.ends_with(part) } else { window.starts_with(part) }
    };
    if let Some(tuple) = affix.downcast::<Tuple>() {
        for item in tuple.items() {
            if matches(&BytesLike::get(th, *item)?) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match BytesLike::try_get(th, affix)? {
        Some(part) => Ok(matches(&part)),
        None => raise!(
            th,
            TypeError,
            "{name} first arg must be bytes or a tuple of bytes, not {}",
            affix.type_name()
        ),
    }
}

fn pieces<T: ByteString>(
    th: Thread<'_>,
    data: &[u8],
    ranges: impl Iterator<Item = std::ops::Range<usize>>,
    reversed: bool,
) -> Result<Ref<List>> {
    let parts = List::new(th)?;
    for range in ranges {
        parts.push(th, T::make(th, data.get(range).unwrap_or_default())?)?;
    }
    if reversed {
        parts.reverse(th);
    }
    Ok(parts)
}

pub(crate) fn split<T: ByteString>(
    th: Thread<'_>,
    this: &T,
    separator: Option<Obj<'_>>,
    max: isize,
    from_right: bool,
) -> Result<Ref<List>> {
    let max = crate::types::str::limit(max);
    let separator = separator.filter(|separator| !separator.is_none());
    let _held = BytesLike::get(th, this.obj())?;
    let separator = separator.map(|separator| BytesLike::get(th, separator)).transpose()?;
    let data = this.data();
    let Some(separator) = separator else {
        return if from_right {
            pieces::<T>(th, data, split::rsplit_whitespace(units(data), Kind::Bytes, max), true)
        } else {
            pieces::<T>(th, data, split::split_whitespace(units(data), Kind::Bytes, max), false)
        };
    };
    if separator.is_empty() {
        raise!(th, ValueError, "empty separator");
    }
    if from_right {
        pieces::<T>(th, data, split::rsplit(units(data), units(&separator), max), true)
    } else {
        pieces::<T>(th, data, split::split(units(data), units(&separator), max), false)
    }
}

pub(crate) fn splitlines<T: ByteString>(
    th: Thread<'_>,
    this: &T,
    keepends: bool,
) -> Result<Ref<List>> {
    let data = this.data();
    let lines = split::split_lines(units(data), Kind::Bytes);
    let ranges = lines.map(|line| line.start..if keepends { line.next } else { line.end });
    pieces::<T>(th, data, ranges, false)
}

pub(crate) fn strip<T: ByteString>(
    th: Thread<'_>,
    this: &T,
    bytes: Option<Obj<'_>>,
    side: Side,
) -> Result {
    let bytes = bytes.filter(|bytes| !bytes.is_none());
    let bytes = bytes.map(|bytes| BytesLike::get(th, bytes)).transpose()?;
    let data = this.data();
    let range = match bytes {
        None => split::strip_whitespace(units(data), Kind::Bytes, side),
        Some(bytes) => split::strip_chars(units(data), units(&bytes), side),
    };
    if range.len() == data.len() {
        return this.unchanged(th);
    }
    T::make(th, data.get(range).unwrap_or_default())
}

pub(crate) fn partition<T: ByteString>(
    th: Thread<'_>,
    this: &T,
    separator: Obj<'_>,
    from_right: bool,
) -> Result<(Ref, Ref, Ref)> {
    let sep = BytesLike::get(th, separator)?;
    if sep.is_empty() {
        raise!(th, ValueError, "empty separator");
    }
    let data = this.data();
    let found = if from_right {
        search::rfind(units(data), units(&sep))
    } else {
        search::find(units(data), units(&sep))
    };
    let part = |range: std::ops::Range<usize>| T::make(th, data.get(range).unwrap_or_default());
    match found {
        Some(at) => {
            let middle = if separator.is_exact::<T>() && T::NAME == "bytes" {
                separator.own()
            } else {
                T::make(th, &sep)?
            };
            Ok((part(0..at)?, middle, part(at + sep.len()..data.len())?))
        }
        None if from_right => Ok((part(0..0)?, part(0..0)?, this.unchanged(th)?)),
        None => Ok((this.unchanged(th)?, part(0..0)?, part(0..0)?)),
    }
}

/// A new object of `size` bytes that `fill` writes; `None` is more than there can be.
fn build<T: ByteString>(
    th: Thread<'_>,
    size: Option<usize>,
    fill: impl FnOnce(&mut Filler<'_>),
) -> Result {
    let Some(size) = size.filter(|&size| isize::try_from(size).is_ok()) else {
        raise!(th, OverflowError, "bytes object is too large");
    };
    T::assemble(th, size, fill)
}

pub(crate) fn replace<T: ByteString>(
    th: Thread<'_>,
    this: &T,
    old: &[u8],
    new: &[u8],
    max: isize,
) -> Result {
    let (data, max) = (this.data(), crate::types::str::limit(max));
    let count = if max == 0 { 0 } else { search::count(units(data), units(old), max) };
    if count == 0 {
        return this.unchanged(th);
    }
    let size = new.len().checked_mul(count);
    let size = size.and_then(|n| n.checked_add(data.len() - count * old.len()));
    build::<T>(th, size, |out| {
        let mut from = 0;
        for position in search::matches(units(data), units(old)).take(count) {
            out.put(data.get(from..position).unwrap_or_default());
            out.put(new);
            from = position + old.len();
        }
        out.put(data.get(from..).unwrap_or_default());
    })
}

/// A new object with `map` applied to each byte.
pub(crate) fn mapped<T: ByteString>(th: Thread<'_>, this: &T, map: impl Fn(u8) -> u8) -> Result {
    let data = this.data();
    T::assemble(th, data.len(), |out| out.extend(data.iter().map(|byte| map(*byte))))
}

pub(crate) fn pad<T: ByteString>(
    th: Thread<'_>,
    this: &T,
    left: usize,
    right: usize,
    fill: u8,
) -> Result {
    if left == 0 && right == 0 {
        return this.unchanged(th);
    }
    let data = this.data();
    let size = left.checked_add(right).and_then(|n| n.checked_add(data.len()));
    build::<T>(th, size, |out| {
        out.repeat(fill, left);
        out.put(data);
        out.repeat(fill, right);
    })
}

pub(crate) fn zfill<T: ByteString>(th: Thread<'_>, this: &T, width: isize) -> Result {
    let data = this.data();
    let (zeros, signed) = split::zfill(units(data), usize::try_from(width).unwrap_or(0));
    if zeros == 0 {
        return this.unchanged(th);
    }
    let (sign, rest) = data.split_at_checked(usize::from(signed)).unwrap_or((&[], data));
    build::<T>(th, zeros.checked_add(data.len()), |out| {
        out.put(sign);
        out.repeat(b'0', zeros);
        out.put(rest);
    })
}

pub(crate) fn expandtabs<T: ByteString>(th: Thread<'_>, this: &T, tabsize: i32) -> Result {
    let data = this.data();
    let tab_size = usize::try_from(tabsize).unwrap_or(0);
    let Some(size) = split::expanded_len(units(data), tab_size) else {
        raise!(th, OverflowError, "result too long");
    };
    build::<T>(th, Some(size), |out| {
        split::expand_tabs(units(data), tab_size, |code| out.push(code as u8));
    })
}

/// The items of an exact list or tuple.
///
/// # Safety
///
/// No code runs and nothing is released while they are borrowed.
unsafe fn items_of(iterable: Obj<'_>) -> Option<&[Obj<'_>]> {
    match iterable.downcast_exact::<Tuple>() {
        Some(tuple) => Some(tuple.items()),
        // SAFETY: the caller's promise.
        None => iterable.downcast_exact::<List>().map(|list| unsafe { list.items() }),
    }
}

/// `separator.join(iterable)` of a list or tuple of `bytes`.
fn join_plain<T: ByteString>(
    th: Thread<'_>,
    separator: &[u8],
    iterable: Obj<'_>,
) -> Option<Result> {
    // SAFETY: the items are looked at and copied.
    let items = unsafe { items_of(iterable) }.filter(|items| items.len() > 1)?;
    let mut total = separator.len().checked_mul(items.len() - 1)?;
    for item in items {
        total = total.checked_add(item.downcast_exact::<Bytes>()?.len())?;
    }
    isize::try_from(total).ok()?;
    Some(T::assemble(th, total, |out| {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.put(separator);
            }
            out.put(item.downcast_exact::<Bytes>().map(Bytes::as_bytes).unwrap_or_default());
        }
    }))
}

pub(crate) fn join<T: ByteString>(th: Thread<'_>, this: &T, iterable: Obj<'_>) -> Result {
    if let Some(joined) = join_plain::<T>(th, this.data(), iterable) {
        return joined;
    }
    // The iterable must not change the separator.
    let separator = BytesLike::get(th, this.obj())?;
    let items: Vec<Ref> = if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        tuple.items().iter().map(|item| item.own()).collect()
    } else {
        match iterable.iter(th) {
            Ok(iterator) => {
                let mut items = Vec::new();
                while let Some(item) = iterator.next(th)? {
                    if items.try_reserve(1).is_err() {
                        return Err(th.no_memory());
                    }
                    items.push(item);
                }
                items
            }
            Err(raised) => {
                th.catch(raised, TypeError())?;
                raise!(th, TypeError, "can only join an iterable");
            }
        }
    };
    if let [item] = items.as_slice()
        && T::NAME == "bytes"
        && item.obj().is_exact::<Bytes>()
    {
        return Ok(item.clone());
    }
    let mut parts = Vec::with_capacity(items.len());
    let mut total = Some(separator.len().saturating_mul(items.len().saturating_sub(1)));
    for (i, item) in items.iter().enumerate() {
        let Some(part) = BytesLike::try_get(th, item.obj())? else {
            raise!(
                th,
                TypeError,
                "sequence item {i}: expected a bytes-like object, {} found",
                item.obj().type_name()
            );
        };
        if let Some(list) = iterable.downcast_exact::<List>()
            && list.len() != items.len()
        {
            raise!(th, RuntimeError, "sequence changed size during iteration");
        }
        total = total.and_then(|total| total.checked_add(part.len()));
        parts.push(part);
    }
    if total.is_none_or(|total| isize::try_from(total).is_err()) {
        raise!(th, OverflowError, "join() result is too long");
    }
    build::<T>(th, total, |out| {
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                out.put(&separator);
            }
            out.put(part);
        }
    })
}

pub(crate) fn translate<T: ByteString>(
    th: Thread<'_>,
    this: &T,
    table: Obj<'_>,
    delete: Option<Obj<'_>>,
) -> Result {
    let table = if table.is_none() { None } else { Some(BytesLike::get(th, table)?) };
    if table.as_ref().is_some_and(|table| table.len() != 256) {
        raise!(th, ValueError, "translation table must be 256 characters long");
    }
    let delete = match delete {
        Some(delete) => Some(BytesLike::get(th, delete)?),
        None => None,
    };
    if let (Some(table), None) = (&table, &delete)
        && let Some(table) = table.first_chunk::<256>()
    {
        let data = this.data();
        let map = |byte: u8| table[usize::from(byte)];
        if data.iter().all(|&byte| map(byte) == byte) {
            return this.unchanged(th);
        }
        return mapped(th, this, map);
    }
    let mut deleted = [false; 256];
    for &byte in delete.iter().flat_map(|delete| delete.iter()) {
        deleted[usize::from(byte)] = true;
    }
    let map = |byte: u8| match &table {
        Some(table) => table.get(usize::from(byte)).copied().unwrap_or(byte),
        None => byte,
    };
    let data = this.data();
    let mut out = Vec::new();
    if out.try_reserve_exact(data.len()).is_err() {
        return Err(th.no_memory());
    }
    out.extend(data.iter().filter(|&&byte| !deleted[usize::from(byte)]).map(|&byte| map(byte)));
    if out == data {
        return this.unchanged(th);
    }
    T::make(th, &out)
}

/// `bytes.maketrans(frm, to)`.
pub(crate) fn maketrans(th: Thread<'_>, from: &[u8], to: &[u8]) -> Result<Ref<Bytes>> {
    if from.len() != to.len() {
        raise!(th, ValueError, "maketrans arguments must have same length");
    }
    Bytes::build(th, 256, |table| {
        (0..=255u8).zip(table.iter_mut()).for_each(|(byte, place)| *place = byte);
        for (&from, &to) in from.iter().zip(to) {
            if let Some(place) = table.get_mut(usize::from(from)) {
                *place = to;
            }
        }
    })
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The values of hexadecimal digits; 255 for other bytes.
static HEX_VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut i = 0;
    while i < 16 {
        let digit = HEX_DIGITS[i];
        values[digit as usize] = i as u8;
        values[digit.to_ascii_uppercase() as usize] = i as u8;
        i += 1;
    }
    values
};

/// The byte that two hexadecimal digits spell.
#[inline]
pub fn hex_pair([high, low]: [u8; 2]) -> Option<u8> {
    let (high, low) = (HEX_VALUES[usize::from(high)], HEX_VALUES[usize::from(low)]);
    (high | low < 16).then_some(high << 4 | low)
}

/// `data.hex()`.
fn plain_hex(th: Thread<'_>, data: &[u8]) -> Result<Ref<Str>> {
    let Some(size) = data.len().checked_mul(2) else { return Err(th.no_memory()) };
    if size == 0 {
        return Ok(Str::empty(th));
    }
    Str::build_ascii(th, size, |out| {
        for (place, byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(data) {
            *place = [HEX_DIGITS[usize::from(byte >> 4)], HEX_DIGITS[usize::from(byte & 15)]];
        }
    })
}

/// `data.hex(sep, bytes_per_sep)`.
pub fn hex(
    th: Thread<'_>,
    data: &[u8],
    separator: Option<Obj<'_>>,
    per_separator: i32,
) -> Result<Ref<Str>> {
    let separator = match separator {
        None => return plain_hex(th, data),
        Some(separator) => {
            if protocol::mapping::len(th, separator)? != 1 {
                raise!(th, ValueError, "sep must be length 1.");
            }
            let byte = if let Some(text) = separator.downcast::<Str>() {
                text.get(0).and_then(|code| u8::try_from(code).ok())
            } else if let Some(bytes) = separator.downcast::<Bytes>() {
                bytes.as_bytes().first().copied()
            } else {
                raise!(th, TypeError, "sep must be str or bytes.");
            };
            match byte.filter(u8::is_ascii) {
                Some(byte) => Some(byte),
                None => raise!(th, ValueError, "sep must be ASCII."),
            }
        }
    };
    let group = per_separator.unsigned_abs() as usize;
    let separators = if separator.is_some() && group > 0 && !data.is_empty() {
        (data.len() - 1) / group
    } else {
        0
    };
    let mut out = Vec::new();
    let size = data.len().checked_mul(2).and_then(|n| n.checked_add(separators));
    if size.is_none_or(|size| out.try_reserve_exact(size).is_err()) {
        return Err(th.no_memory());
    }
    for (i, &byte) in data.iter().enumerate() {
        // A positive group size counts from the right.
        let boundary = if per_separator > 0 { data.len() - i } else { i };
        if i > 0
            && separators > 0
            && boundary.is_multiple_of(group)
            && let Some(separator) = separator
        {
            out.push(separator);
        }
        out.push(HEX_DIGITS[usize::from(byte >> 4)]);
        out.push(HEX_DIGITS[usize::from(byte & 15)]);
    }
    Str::from_ascii(th, &out)
}

/// The bytes of `fromhex(text)`.
pub(crate) fn fromhex(th: Thread<'_>, text: Obj<'_>) -> Result<Vec<u8>> {
    let string = text.downcast::<Str>();
    let buffer;
    let input: &[u8] = match string {
        Some(string) => match string.as_ascii() {
            Some(ascii) => ascii.as_bytes(),
            None => {
                let bad = string.units().iter().position(|code| code > 127).unwrap_or(0);
                // What comes first is reported first.
                let head: Vec<u8> =
                    string.units().slice(0, bad).iter().map(|code| code as u8).collect();
                let bad = decode_hex(&head).err().unwrap_or(Some(bad)).unwrap_or(bad);
                raise!(
                    th,
                    ValueError,
                    "non-hexadecimal number found in fromhex() arg at position {bad}"
                );
            }
        },
        None => match BytesLike::try_get(th, text)? {
            Some(bytes) => {
                buffer = bytes;
                &buffer
            }
            None => raise!(
                th,
                TypeError,
                "fromhex() argument must be str or bytes-like, not {}",
                text.type_name()
            ),
        },
    };
    match decode_hex(input) {
        Ok(bytes) => Ok(bytes),
        Err(Some(position)) => raise!(
            th,
            ValueError,
            "non-hexadecimal number found in fromhex() arg at position {position}"
        ),
        Err(None) => raise!(
            th,
            ValueError,
            "fromhex() arg must contain an even number of hexadecimal digits"
        ),
    }
}

/// Pairs of digits with white space between them; the position of the first
/// character that is neither, or `None` for a digit without its pair.
fn decode_hex(input: &[u8]) -> std::result::Result<Vec<u8>, Option<usize>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut out = Vec::with_capacity(input.len() / 2);
    let mut i = 0;
    while let Some(&byte) = input.get(i) {
        if let Some(pair) = input.get(i..).and_then(|rest| rest.first_chunk::<2>())
            && let Some(byte) = hex_pair(*pair)
        {
            out.push(byte);
            i += 2;
            continue;
        }
        if Kind::Bytes.is_space(byte.into()) {
            i += 1;
            continue;
        }
        let high = digit(byte).ok_or(Some(i))?;
        let Some(&next) = input.get(i + 1) else { return Err(None) };
        let low = digit(next).ok_or(Some(i + 1))?;
        out.push((high << 4 | low) as u8);
        i += 2;
    }
    Ok(out)
}

pub(crate) fn subscript<T: ByteString>(th: Thread<'_>, this: &T, key: Obj<'_>) -> Result {
    if Int::is_index(key) {
        let index = index::subscript(th, key)?;
        let data = this.data();
        let index = if index < 0 { index + data.len() as isize } else { index };
        return item(th, this, index);
    }
    if !index::is_slice(key) {
        let what = if T::NAME == "bytes" { "byte" } else { "bytearray" };
        raise!(th, TypeError, "{what} indices must be integers or slices, not {}", key.type_name());
    }
    let (start, stop, step) = index::slice_bounds(th, key)?;
    let data = this.data();
    let selection = index::adjust(data.len(), start, stop, step);
    match selection.range() {
        Some(range) if range.len() == data.len() => this.unchanged(th),
        Some(range) => T::make(th, data.get(range).unwrap_or_default()),
        None => build::<T>(th, Some(selection.length), |out| match selection.reversed() {
            Some(range) => {
                out.put_reversed(data.get(range).unwrap_or_default());
            }
            None => {
                out.extend(selection.indices().map(|i| data.get(i).copied().unwrap_or(0)));
            }
        }),
    }
}

pub(crate) fn item<T: ByteString>(th: Thread<'_>, this: &T, index: isize) -> Result {
    let byte = usize::try_from(index).ok().and_then(|index| this.data().get(index).copied());
    match byte {
        Some(byte) => Int::from_i64(th, byte.into()),
        None if T::NAME == "bytes" => raise!(th, IndexError, "index out of range"),
        None => raise!(th, IndexError, "bytearray index out of range"),
    }
}

/// `left + right` for any two objects with buffers.
pub(crate) fn concat<T: ByteString>(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
    if T::NAME == "bytes"
        && let (Some(a), Some(b)) =
            (left.downcast_exact::<Bytes>(), right.downcast_exact::<Bytes>())
        && a.len() > 0
        && b.len() > 0
    {
        let (a, b) = (a.as_bytes(), b.as_bytes());
        let Some(size) = a.len().checked_add(b.len()) else { return Err(th.no_memory()) };
        return Bytes::assemble(th, size, |out| {
            out.put(a);
            out.put(b);
        })
        .map(Ref::upcast);
    }
    if !buffer::has_buffer(left) || !buffer::has_buffer(right) {
        raise!(th, TypeError, "can't concat {} to {}", right.type_name(), left.type_name());
    }
    let (a, b) = (BytesLike::get(th, left)?, BytesLike::get(th, right)?);
    if T::NAME == "bytes" {
        if a.is_empty() && right.is_exact::<T>() {
            return Ok(right.own());
        }
        if b.is_empty() && left.is_exact::<T>() {
            return Ok(left.own());
        }
    }
    let size = a.len().checked_add(b.len());
    if size.is_none_or(|size| isize::try_from(size).is_err()) {
        return Err(th.no_memory());
    }
    build::<T>(th, size, |out| {
        out.put(&a);
        out.put(&b);
    })
}

pub(crate) fn repeat<T: ByteString>(th: Thread<'_>, this: &T, count: isize) -> Result {
    let count = usize::try_from(count).unwrap_or(0);
    let data = this.data();
    let Some(size) = data.len().checked_mul(count).filter(|&n| isize::try_from(n).is_ok()) else {
        if T::NAME == "bytes" {
            raise!(th, OverflowError, "repeated bytes are too long");
        }
        return Err(th.no_memory());
    };
    if size == data.len() {
        return this.unchanged(th);
    }
    if size == 0 && T::NAME == "bytes" {
        // COMPAT: an object of its own, which tracemalloc sees (test_tracemalloc).
        return Bytes::unshared(th, b"").map(Ref::upcast);
    }
    build::<T>(th, Some(size), |out| {
        if let [byte] = *data {
            out.repeat(byte, count);
        } else {
            (0..count).for_each(|_| out.put(data));
        }
    })
}

/// What a `bytes` or `bytearray` is made from.
pub(crate) enum Contents {
    Bytes(Ref<Bytes>),
    /// That many zeros.
    Zeros(usize),
    /// Yields an int for each byte.
    Iterator(Ref),
}

impl Contents {
    pub(crate) fn into_bytes(self, th: Thread<'_>, is_bytes: bool) -> Result<Ref<Bytes>> {
        match self {
            Contents::Bytes(bytes) => Ok(bytes),
            Contents::Zeros(size) => Bytes::build(th, size, |_| {}),
            Contents::Iterator(iterator) => {
                let bytes = collect(th, iterator.obj(), is_bytes)?;
                Bytes::new(th, &bytes)
            }
        }
    }
}

/// The bytes that `bytes(source, encoding, errors)` holds.
pub(crate) fn construct(
    th: Thread<'_>,
    source: Option<Obj<'_>>,
    encoding: Option<&str>,
    errors: Option<&str>,
    is_bytes: bool,
) -> Result<Contents> {
    if is_bytes
        && encoding.is_none()
        && errors.is_none()
        && let Some(source) = source
        && let Some(bytes) = from_dunder(th, source)?
    {
        return Ok(Contents::Bytes(bytes));
    }
    let text = source.and_then(|source| source.downcast::<Str>());
    match (text, encoding, errors) {
        (None, Some(_), _) => raise!(th, TypeError, "encoding without a string argument"),
        (None, None, Some(_)) => raise!(th, TypeError, "errors without a string argument"),
        (Some(_), None, _) => raise!(th, TypeError, "string argument without an encoding"),
        (Some(text), Some(encoding), errors) => {
            let errors = errors.unwrap_or("strict");
            let bytes = crate::types::str::codec::encode(th, text, encoding, errors)?;
            return Ok(Contents::Bytes(bytes));
        }
        (None, None, None) => {}
    }
    let Some(source) = source else { return Bytes::new(th, b"").map(Contents::Bytes) };
    if Int::is_index(source) && source.downcast::<Bytes>().is_none() {
        match index::subscript(th, source) {
            Ok(size) => {
                let Ok(size) = usize::try_from(size) else {
                    raise!(th, ValueError, "negative count");
                };
                return Ok(Contents::Zeros(size));
            }
            Err(raised) if th.exception_matches(IndexError()) => {
                // A count is not an index: the same text in another class.
                let exception = th.take_exception(raised);
                let text = exception.str(th)?;
                return Err(error!(th, OverflowError, "{text}"));
            }
            Err(raised) => th.catch(raised, TypeError())?,
        }
    }
    contents(th, source, is_bytes)
}

/// What `type(source).__bytes__` answers, if there is one.
pub(crate) fn from_dunder(th: Thread<'_>, source: Obj<'_>) -> Result<Option<Ref<Bytes>>> {
    if let Some(bytes) = source.downcast_exact::<Bytes>() {
        return Ok(Some(crate::own(bytes)));
    }
    let ty = source.ty();
    let Some(method) = ty.lookup(th, crate::id!(th, "__bytes__")).map(Obj::own) else {
        return Ok(None);
    };
    let result = match method.obj().ty().slots().tp_descr_get {
        Some(get) => {
            // SAFETY: the slot belongs to the descriptor's type.
            let bound = unsafe { get(method.as_ptr(), source.as_ptr(), ty.obj().as_ptr()) };
            // SAFETY: a new reference or null.
            unsafe { Ref::from_raw(bound) }.ok_or(crate::Raised)?.call(th, &[])?
        }
        None => method.call(th, &[])?,
    };
    match result.downcast::<Bytes>() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(other) => {
            raise!(th, TypeError, "__bytes__ returned non-bytes (type {})", other.obj().type_name())
        }
    }
}

/// A buffer or an iterable of ints.
fn contents(th: Thread<'_>, source: Obj<'_>, is_bytes: bool) -> Result<Contents> {
    if let Some(bytes) = source.downcast_exact::<Bytes>() {
        return Ok(Contents::Bytes(crate::own(bytes)));
    }
    // PERF: the most frequent sources, without a view or an iterator.
    if let Some(array) = source.downcast_exact::<crate::types::bytearray::ByteArray>() {
        return Bytes::new(th, array.data()).map(Contents::Bytes);
    }
    // SAFETY: the items are looked at and copied.
    let items = unsafe { items_of(source) };
    let byte = |item: &Obj<'_>| u8::try_from(crate::small_int::value(item.as_ptr())?).ok();
    if let Some(items) = items
        && items.iter().all(|item| byte(item).is_some())
    {
        return Bytes::assemble(th, items.len(), |out| {
            out.extend(items.iter().map(|item| byte(item).unwrap_or(0)));
        })
        .map(Contents::Bytes);
    }
    if buffer::has_buffer(source) {
        // Any layout will do: what is not contiguous is copied item by item.
        let view = crate::types::MemoryView::from_object(th, source)?;
        if view.is_c_contiguous() {
            return Bytes::new(th, view.memory()).map(Contents::Bytes);
        }
        return Bytes::new(th, &view.to_vec(th)?).map(Contents::Bytes);
    }
    let what = if is_bytes { "bytes" } else { "bytearray" };
    let cannot =
        || error!(th, TypeError, "cannot convert '{}' object to {what}", source.type_name());
    if source.downcast::<Str>().is_some() {
        return Err(cannot());
    }
    match source.iter(th) {
        Ok(iterator) => Ok(Contents::Iterator(iterator)),
        Err(raised) => {
            th.catch(raised, TypeError())?;
            Err(cannot())
        }
    }
}

/// The bytes an iterator of ints yields.
pub(crate) fn collect(th: Thread<'_>, iterator: Obj<'_>, plural: bool) -> Result<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::new();
    while let Some(item) = iterator.next(th)? {
        let byte = byte_of(th, item.obj(), plural)?;
        if bytes.try_reserve(1).is_err() {
            return Err(th.no_memory());
        }
        bytes.push(byte);
    }
    Ok(bytes)
}

/// Warn under `-b`, fail under `-bb`.
pub(crate) fn bytes_warning(th: Thread<'_>, message: &str) -> Result<()> {
    if th.interp().flags.borrow().bytes_warning == 0 {
        return Ok(());
    }
    let message = Str::new(th, message)?;
    (th.hooks().warn)(th, crate::exceptions::types::BytesWarning().obj(), &message, 1)
}

macro_rules! byte_string_methods {
    ($ty:ident) => {
        #[pymethods(part = shared)]
        impl $ty {
            /// Return a copy with only its first byte capitalized (ASCII) and the rest lower-cased.
            #[sig = "($self, /)"]
            fn capitalize(&self, th: Thread<'_>) -> Result {
                Self::make(th, &text::titles::bytes_capitalize(self.data()))
            }

            /// Return a centered string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[sig = "($self, width, fillchar=b' ', /)"]
            fn center(&self, th: Thread<'_>, width: isize, fillchar: Option<Fill>) -> Result {
                let width = usize::try_from(width).unwrap_or(0);
                let (left, right) = text::split::center(self.data().len(), width);
                shared::pad(th, self, left, right, fillchar.map_or(b' ', |fill| fill.0))
            }

            /// Return the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[sig = "($self, sub[, start[, end]], /)"]
            fn count(
                &self,
                th: Thread<'_>,
                sub: Obj<'_>,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<usize> {
                shared::count(th, self, sub, start, end)
            }

            /// Decode the bytes using the codec registered for encoding.
            ///
            ///   encoding
            ///     The encoding with which to decode the bytes.
            ///   errors
            ///     The error handling scheme to use for the handling of decoding errors.
            ///     The default is 'strict' meaning that decoding errors raise a
            ///     UnicodeDecodeError. Other possible values are 'ignore' and 'replace'
            ///     as well as any other name registered with codecs.register_error that
            ///     can handle UnicodeDecodeErrors.
            #[sig = "($self, /, encoding='utf-8', errors='strict')"]
            fn decode(
                &self,
                th: Thread<'_>,
                encoding: Option<Given<&str>>,
                errors: Option<Given<&str>>,
            ) -> Result {
                let encoding = encoding.map_or("utf-8", |Given(name)| name);
                let errors = errors.map_or("strict", |Given(name)| name);
                crate::types::str::codec::decode_method(th, self.obj(), encoding, errors)
            }

            /// Return True if the bytes ends with the specified suffix, False otherwise.
            ///
            ///   suffix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[sig = "($self, suffix[, start[, end]], /)"]
            fn endswith(
                &self,
                th: Thread<'_>,
                suffix: Obj<'_>,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<bool> {
                shared::affix(th, self, "endswith", suffix, start, end, true)
            }

            /// Return a copy where all tab characters are expanded using spaces.
            ///
            /// If tabsize is not given, a tab size of 8 characters is assumed.
            #[sig = "($self, /, tabsize=8)"]
            fn expandtabs(&self, th: Thread<'_>, tabsize: i32) -> Result {
                shared::expandtabs(th, self, tabsize)
            }

            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[sig = "($self, sub[, start[, end]], /)"]
            fn find(
                &self,
                th: Thread<'_>,
                sub: Obj<'_>,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<isize> {
                let found = shared::position(th, self, sub, start, end, false)?;
                Ok(found.map_or(-1, |i| i as isize))
            }

            /// Create a string of hexadecimal numbers from a bytes object.
            ///
            ///   sep
            ///     An optional single character or byte to separate hex bytes.
            ///   bytes_per_sep
            ///     How many bytes between separators.  Positive values count from the
            ///     right, negative values count from the left.
            ///
            /// >>> data = b'\x01\xab\xff'
            /// >>> data.hex()
            /// '01abff'
            /// >>> data.hex('-')
            /// '01-ab-ff'
            /// >>> data.hex('-', 2)
            /// '01-abff'
            /// >>> data.hex('-', -2)
            /// '01ab-ff'
            #[sig = "($self, /, sep=<unrepresentable>, bytes_per_sep=1)"]
            fn hex(
                &self,
                th: Thread<'_>,
                sep: Option<Given<Obj<'_>>>,
                bytes_per_sep: i32,
            ) -> Result<Ref<Str>> {
                // Exported, because the separator may run Python code.
                let data = BytesLike::get(th, self.obj())?;
                shared::hex(th, &data, sep.map(|Given(sep)| sep), bytes_per_sep)
            }

            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[sig = "($self, sub[, start[, end]], /)"]
            fn index(
                &self,
                th: Thread<'_>,
                sub: Obj<'_>,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<usize> {
                match shared::position(th, self, sub, start, end, false)? {
                    Some(position) => Ok(position),
                    None => raise!(th, ValueError, "subsection not found"),
                }
            }

            /// Return True if all characters in B are alphanumeric and there is at least one character in B, False otherwise.
            #[sig = "($self, /)"]
            fn isalnum(&self, _: Thread<'_>) -> bool {
                all(self.data(), u8::is_ascii_alphanumeric)
            }

            /// Return True if all characters in B are alphabetic and there is at least one character in B, False otherwise.
            #[sig = "($self, /)"]
            fn isalpha(&self, _: Thread<'_>) -> bool {
                all(self.data(), u8::is_ascii_alphabetic)
            }

            /// Return True if B is empty or all characters in B are ASCII, False otherwise.
            #[sig = "($self, /)"]
            fn isascii(&self, _: Thread<'_>) -> bool {
                self.data().is_ascii()
            }

            /// Return True if all characters in B are digits and there is at least one character in B, False otherwise.
            #[sig = "($self, /)"]
            fn isdigit(&self, _: Thread<'_>) -> bool {
                all(self.data(), u8::is_ascii_digit)
            }

            /// Return True if all cased characters in B are lowercase and there is at least one cased character in B, False otherwise.
            #[sig = "($self, /)"]
            fn islower(&self, _: Thread<'_>) -> bool {
                text::titles::bytes_is_lower(self.data())
            }

            /// Return True if all characters in B are whitespace and there is at least one character in B, False otherwise.
            #[sig = "($self, /)"]
            fn isspace(&self, _: Thread<'_>) -> bool {
                all(self.data(), |byte| matches!(byte, 9..=13 | b' '))
            }

            /// Return True if B is a titlecased string and there is at least one character in B, False otherwise.
            #[sig = "($self, /)"]
            fn istitle(&self, _: Thread<'_>) -> bool {
                text::titles::bytes_is_title(self.data())
            }

            /// Return True if all cased characters in B are uppercase and there is at least one cased character in B, False otherwise.
            #[sig = "($self, /)"]
            fn isupper(&self, _: Thread<'_>) -> bool {
                text::titles::bytes_is_upper(self.data())
            }

            /// Concatenate any number of bytes objects.
            ///
            /// The bytes whose method is called is inserted in between each pair.
            ///
            /// The result is returned as a new bytes object.
            #[sig = "($self, iterable_of_bytes, /)"]
            fn join(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result {
                shared::join(th, self, iterable)
            }

            /// Return a left-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[sig = "($self, width, fillchar=b' ', /)"]
            fn ljust(&self, th: Thread<'_>, width: isize, fillchar: Option<Fill>) -> Result {
                let missing = usize::try_from(width).unwrap_or(0).saturating_sub(self.data().len());
                shared::pad(th, self, 0, missing, fillchar.map_or(b' ', |fill| fill.0))
            }

            /// Return a copy with all ASCII characters converted to lowercase.
            #[sig = "($self, /)"]
            fn lower(&self, th: Thread<'_>) -> Result {
                shared::mapped(th, self, |byte| byte.to_ascii_lowercase())
            }

            /// Strip leading bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading ASCII whitespace.
            #[sig = "($self, bytes=None, /)"]
            fn lstrip(&self, th: Thread<'_>, bytes: Option<Obj<'_>>) -> Result {
                shared::strip(th, self, bytes, Side::Left)
            }

            /// Return a translation table usable for the bytes or bytearray translate method.
            ///
            /// The returned table will be one where each byte in frm is mapped to the byte at
            /// the same position in to.
            ///
            /// The bytes objects frm and to must be of the same length.
            #[staticmethod]
            #[sig = "(frm, to, /)"]
            fn maketrans(
                th: Thread<'_>,
                frm: BytesLike<'_>,
                to: BytesLike<'_>,
            ) -> Result<Ref<Bytes>> {
                shared::maketrans(th, &frm, &to)
            }

            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes. If the separator is found,
            /// returns a 3-tuple containing the part before the separator, the separator
            /// itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing the original bytes
            /// object and two empty bytes objects.
            #[sig = "($self, sep, /)"]
            fn partition(&self, th: Thread<'_>, sep: Obj<'_>) -> Result<(Ref, Ref, Ref)> {
                shared::partition(th, self, sep, false)
            }

            /// Return a copy with all occurrences of substring old replaced by new.
            ///
            ///   count
            ///     Maximum number of occurrences to replace.
            ///     -1 (the default value) means replace all occurrences.
            ///
            /// If the optional argument count is given, only the first count occurrences are
            /// replaced.
            #[sig = "($self, old, new, count=-1, /)"]
            fn replace(
                &self,
                th: Thread<'_>,
                old: BytesLike<'_>,
                new: BytesLike<'_>,
                count: isize,
            ) -> Result {
                shared::replace(th, self, &old, &new, count)
            }

            /// Return a bytes object with the given prefix string removed if present.
            ///
            /// If the bytes starts with the prefix string, return bytes[len(prefix):].
            /// Otherwise, return a copy of the original bytes.
            #[sig = "($self, prefix, /)"]
            fn removeprefix(&self, th: Thread<'_>, prefix: BytesLike<'_>) -> Result {
                match self.data().strip_prefix(&*prefix) {
                    Some(rest) if !prefix.is_empty() => Self::make(th, rest),
                    _ => self.unchanged(th),
                }
            }

            /// Return a bytes object with the given suffix string removed if present.
            ///
            /// If the bytes ends with the suffix string and that suffix is not empty,
            /// return bytes[:-len(prefix)].  Otherwise, return a copy of the original
            /// bytes.
            #[sig = "($self, suffix, /)"]
            fn removesuffix(&self, th: Thread<'_>, suffix: BytesLike<'_>) -> Result {
                match self.data().strip_suffix(&*suffix) {
                    Some(rest) if !suffix.is_empty() => Self::make(th, rest),
                    _ => self.unchanged(th),
                }
            }

            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[sig = "($self, sub[, start[, end]], /)"]
            fn rfind(
                &self,
                th: Thread<'_>,
                sub: Obj<'_>,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<isize> {
                let found = shared::position(th, self, sub, start, end, true)?;
                Ok(found.map_or(-1, |i| i as isize))
            }

            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[sig = "($self, sub[, start[, end]], /)"]
            fn rindex(
                &self,
                th: Thread<'_>,
                sub: Obj<'_>,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<usize> {
                match shared::position(th, self, sub, start, end, true)? {
                    Some(position) => Ok(position),
                    None => raise!(th, ValueError, "subsection not found"),
                }
            }

            /// Return a right-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[sig = "($self, width, fillchar=b' ', /)"]
            fn rjust(&self, th: Thread<'_>, width: isize, fillchar: Option<Fill>) -> Result {
                let missing = usize::try_from(width).unwrap_or(0).saturating_sub(self.data().len());
                shared::pad(th, self, missing, 0, fillchar.map_or(b' ', |fill| fill.0))
            }

            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes, starting at the end. If
            /// the separator is found, returns a 3-tuple containing the part before the
            /// separator, the separator itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing two empty bytes
            /// objects and the original bytes object.
            #[sig = "($self, sep, /)"]
            fn rpartition(&self, th: Thread<'_>, sep: Obj<'_>) -> Result<(Ref, Ref, Ref)> {
                shared::partition(th, self, sep, true)
            }

            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace characters
            ///     (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            ///
            /// Splitting is done starting at the end of the bytes and working to the front.
            #[sig = "($self, /, sep=None, maxsplit=-1)"]
            fn rsplit(
                &self,
                th: Thread<'_>,
                sep: Option<Obj<'_>>,
                maxsplit: isize,
            ) -> Result<Ref<List>> {
                shared::split(th, self, sep, maxsplit, true)
            }

            /// Strip trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip trailing ASCII whitespace.
            #[sig = "($self, bytes=None, /)"]
            fn rstrip(&self, th: Thread<'_>, bytes: Option<Obj<'_>>) -> Result {
                shared::strip(th, self, bytes, Side::Right)
            }

            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace characters
            ///     (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            #[sig = "($self, /, sep=None, maxsplit=-1)"]
            fn split(
                &self,
                th: Thread<'_>,
                sep: Option<Obj<'_>>,
                maxsplit: isize,
            ) -> Result<Ref<List>> {
                shared::split(th, self, sep, maxsplit, false)
            }

            /// Return a list of the lines in the bytes, breaking at line boundaries.
            ///
            /// Line breaks are not included in the resulting list unless keepends is given and
            /// true.
            #[sig = "($self, /, keepends=False)"]
            fn splitlines(&self, th: Thread<'_>, keepends: bool) -> Result<Ref<List>> {
                shared::splitlines(th, self, keepends)
            }

            /// Return True if the bytes starts with the specified prefix, False otherwise.
            ///
            ///   prefix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[sig = "($self, prefix[, start[, end]], /)"]
            fn startswith(
                &self,
                th: Thread<'_>,
                prefix: Obj<'_>,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<bool> {
                shared::affix(th, self, "startswith", prefix, start, end, false)
            }

            /// Strip leading and trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading and trailing ASCII whitespace.
            #[sig = "($self, bytes=None, /)"]
            fn strip(&self, th: Thread<'_>, bytes: Option<Obj<'_>>) -> Result {
                shared::strip(th, self, bytes, Side::Both)
            }

            /// Return a copy with uppercase ASCII characters converted to lowercase and vice versa.
            #[sig = "($self, /)"]
            fn swapcase(&self, th: Thread<'_>) -> Result {
                Self::make(th, &text::titles::bytes_swapcase(self.data()))
            }

            /// Return a titlecased version: words start with uppercase and go on in lowercase.
            #[sig = "($self, /)"]
            fn title(&self, th: Thread<'_>) -> Result {
                Self::make(th, &text::titles::bytes_title(self.data()))
            }

            /// Return a copy with each character mapped by the given translation table.
            ///
            ///   table
            ///     Translation table, which must be a bytes object of length 256.
            ///
            /// All characters occurring in the optional argument delete are removed.
            /// The remaining characters are mapped through the given translation table.
            #[sig = "($self, table, /, delete=b'')"]
            fn translate(
                &self,
                th: Thread<'_>,
                table: Obj<'_>,
                delete: Option<Given<Obj<'_>>>,
            ) -> Result {
                shared::translate(th, self, table, delete.map(|Given(delete)| delete))
            }

            /// Return a copy with all ASCII characters converted to uppercase.
            #[sig = "($self, /)"]
            fn upper(&self, th: Thread<'_>) -> Result {
                shared::mapped(th, self, |byte| byte.to_ascii_uppercase())
            }

            /// Pad a numeric string with zeros on the left, to fill a field of the given width.
            ///
            /// The original string is never truncated.
            #[sig = "($self, width, /)"]
            fn zfill(&self, th: Thread<'_>, width: isize) -> Result {
                shared::zfill(th, self, width)
            }

            fn sq_length(&self, _: Thread<'_>) -> usize {
                self.data().len()
            }

            fn mp_length(&self, _: Thread<'_>) -> usize {
                self.data().len()
            }

            fn sq_item(&self, th: Thread<'_>, index: isize) -> Result {
                shared::item(th, self, index)
            }

            fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
                shared::subscript(th, self, key)
            }

            fn sq_repeat(&self, th: Thread<'_>, count: isize) -> Result {
                shared::repeat(th, self, count)
            }

            fn sq_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result {
                shared::concat::<Self>(th, self.obj(), other)
            }

            fn __contains__(&self, th: Thread<'_>, part: Obj<'_>) -> Result<bool> {
                shared::contains(th, self, part)
            }

            fn __mod__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
                match left.downcast::<Self>() {
                    Some(format) => {
                        // The arguments may run Python code, which may write to a
                        // bytearray, but not resize it.
                        let is_fixed = left.is_exact::<crate::Bytes>();
                        let held = if is_fixed { None } else { Some(BytesLike::get(th, left)?) };
                        let copy = held.as_ref().map(|held| held.to_vec());
                        let format = copy.as_deref().unwrap_or(format.data());
                        let mut room = [0; crate::types::str::percent::SIMPLE];
                        if let Some(bytes) =
                            crate::types::bytes::percent::simple(format, right, &mut room)
                        {
                            return Self::make(th, bytes);
                        }
                        let bytes = crate::types::bytes::percent::format(th, format, right)?;
                        Self::make(th, &bytes)
                    }
                    None => Ok(not_implemented_ref()),
                }
            }
        }

        fn all(data: &[u8], test: impl Fn(&u8) -> bool) -> bool {
            !data.is_empty() && data.iter().all(test)
        }
    };
}

pub(crate) use byte_string_methods;
