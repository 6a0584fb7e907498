//! JSON text to objects.

use std::borrow::Cow;

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Float, Head, Int, List, Obj, Protocol, PyStruct, Raised, Ref, Result, Str,
    StrBuilder, Thread, Tuple, Type, alloc_object, declare::TypeBuilder, exceptions, id, raise,
    types,
};
use text::{CodeUnit, Units, each_width};

use super::expect_str;

/// JSON scanner object
#[pytype(name = "_json.Scanner", flags = BASETYPE)]
pub(super) struct Scanner {
    head: Head,
    strict: bool,
    object_hook: Ref,
    object_pairs_hook: Ref,
    parse_float: Ref,
    parse_int: Ref,
    parse_constant: Ref,
}

#[pymethods]
impl Scanner {
    #[sig = "make_scanner(context)"]
    fn __new__(th: Thread<'_>, cls: &Type, context: Obj<'_>) -> Result {
        let scanner = Scanner {
            head: Head::new(),
            strict: context.getattr(th, id!(th, "strict"))?.is_true(th)?,
            object_hook: context.getattr(th, id!(th, "object_hook"))?,
            object_pairs_hook: context.getattr(th, id!(th, "object_pairs_hook"))?,
            parse_float: context.getattr(th, id!(th, "parse_float"))?,
            parse_int: context.getattr(th, id!(th, "parse_int"))?,
            parse_constant: context.getattr(th, id!(th, "parse_constant"))?,
        };
        Ok(alloc_object::alloc(th, cls, scanner)?.upcast())
    }

    #[sig = "scan_once(string, idx)"]
    fn __call__(&self, th: Thread<'_>, string: Obj<'_>, idx: isize) -> Result<Ref<Tuple>> {
        let string = expect_str(th, string)?;
        let Ok(index) = usize::try_from(idx) else {
            raise!(th, ValueError, "idx cannot be negative");
        };
        let (value, end) = each_width!(string.units(), text => {
            let keys = Keys::default();
            Scan { th, text, string, scanner: self, keys }.value(index)
        })?;
        let end = Int::from_usize(th, end)?;
        Tuple::from_array(th, [value, end])
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        use std::mem::offset_of;
        let fixed = abi::Py_READONLY;
        let mut member = |name, kind, offset| builder.member(name, kind, offset, fixed, None);
        let object = abi::_Py_T_OBJECT;
        member(c"strict", abi::Py_T_BOOL, offset_of!(Scanner, strict));
        member(c"object_hook", object, offset_of!(Scanner, object_hook));
        member(c"object_pairs_hook", object, offset_of!(Scanner, object_pairs_hook));
        member(c"parse_float", object, offset_of!(Scanner, parse_float));
        member(c"parse_int", object, offset_of!(Scanner, parse_int));
        member(c"parse_constant", object, offset_of!(Scanner, parse_constant));
    }
}

/// `JSONDecodeError(message, string, index)`.
#[cold]
fn decode_error(th: Thread<'_>, message: &str, string: &Str, index: usize) -> Raised {
    let make = || -> Result {
        let module = (th.hooks().import_module)(th, id!(th, "json.decoder"))?;
        let class = module.getattr(th, id!(th, "JSONDecodeError"))?;
        let (message, index) = (Str::new(th, message)?, Int::from_usize(th, index)?);
        class.call(th, &[message.obj(), string.obj(), index.obj()])
    };
    match make() {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// There is no value at `index`.
#[cold]
fn no_value(th: Thread<'_>, index: usize) -> Raised {
    match Int::from_usize(th, index) {
        Ok(index) => exceptions::stop_iteration(th, index.obj()),
        Err(raised) => raised,
    }
}

/// A JSON string whose opening quote is before `end`: its value, and the index
/// behind it.
pub(super) fn string(
    th: Thread<'_>,
    text: &Str,
    end: isize,
    strict: bool,
) -> Result<(Ref<Str>, usize)> {
    let units = text.units();
    let Some(begin) = usize::try_from(end).ok().filter(|end| *end <= units.len()) else {
        raise!(th, ValueError, "end is out of bounds");
    };
    each_width!(units, slice => scan_string(th, slice, text, begin, strict))
}

/// Where the first character is that is not simply part of a string.
#[inline]
fn special_at<U: CodeUnit>(text: &[U], strict: bool) -> Option<usize> {
    if let Units::Ucs1(bytes) = U::units(text) {
        return special_byte_at(bytes, strict);
    }
    text.iter().position(|unit| is_special(unit.code(), strict))
}

fn is_special(code: u32, strict: bool) -> bool {
    code == 0x22 || code == 0x5C || code < 0x20 && strict
}

/// As [`special_at`]. PERF: eight bytes at a time; the lowest bit of `found` that
/// is set is that of the first byte, those above it may be wrong.
#[inline]
fn special_byte_at(bytes: &[u8], strict: bool) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = LOW << 7;
    let controls = if strict { LOW * 0x20 } else { 0 };
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let (quote, escape) = (word ^ (LOW * 0x22), word ^ (LOW * 0x5C));
        let below = |word: u64, limit: u64| word.wrapping_sub(limit) & !word;
        let found = (below(quote, LOW) | below(escape, LOW) | below(word, controls)) & HIGH;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    Some(at + rest.iter().position(|byte| is_special(u32::from(*byte), strict))?)
}

fn scan_string<U: CodeUnit>(
    th: Thread<'_>,
    text: &[U],
    string: &Str,
    begin: usize,
    strict: bool,
) -> Result<(Ref<Str>, usize)> {
    let opening = begin.saturating_sub(1);
    let unterminated = || decode_error(th, "Unterminated string starting at", string, opening);
    let mut at = begin;
    let mut built: Option<StrBuilder> = None;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(length) = special_at(rest, strict) else { return Err(unterminated()) };
        let chunk = U::units(&rest[..length]);
        let special = rest[length].code();
        at += length;
        if special == 0x22 {
            at += 1;
            return match built {
                None => Ok((Str::from_units(th, chunk)?, at)),
                Some(mut built) => {
                    built.push_units(th, chunk)?;
                    Ok((built.finish(th)?, at))
                }
            };
        }
        if special != 0x5C {
            return Err(decode_error(th, "Invalid control character at", string, at));
        }
        let out = built.get_or_insert_with(StrBuilder::new);
        out.push_units(th, chunk)?;
        let Some(escape) = text.get(at + 1) else { return Err(unterminated()) };
        let code = match u8::try_from(escape.code()).unwrap_or(0) {
            b'"' => 0x22,
            b'\\' => 0x5C,
            b'/' => 0x2F,
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'u' => {
                let bad = || decode_error(th, "Invalid \\uXXXX escape", string, at + 1);
                let code = hex4(text, at + 2).ok_or_else(bad)?;
                at += 4;
                let low = (0xD800..0xDC00)
                    .contains(&code)
                    .then(|| text.get(at + 2..at + 4))
                    .flatten()
                    .filter(|pair| pair[0].code() == 0x5C && pair[1].code() == 0x75)
                    .and_then(|_| hex4(text, at + 4))
                    .filter(|low| (0xDC00..0xE000).contains(low));
                match low {
                    Some(low) => {
                        at += 6;
                        0x1_0000 + ((code - 0xD800) << 10 | (low - 0xDC00))
                    }
                    None => code,
                }
            }
            _ => return Err(decode_error(th, "Invalid \\escape", string, at)),
        };
        out.push(th, code)?;
        at += 2;
    }
}

fn hex4<U: CodeUnit>(text: &[U], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.iter().try_fold(0, |value, unit| {
        let digit = char::from_u32(unit.code())?.to_digit(16)?;
        Some(value << 4 | digit)
    })
}

/// The keys of objects, of which equal ones are to be one object.
#[derive(Default)]
struct Keys {
    /// All of them, each with itself as value.
    all: Option<Ref<Dict>>,
    /// Some, at a place that their text says. PERF: documents repeat their keys,
    /// and these are found before a string is made.
    recent: [Option<Ref<Str>>; RECENT],
}

const RECENT: usize = 32;

impl Keys {
    /// The place of a text in `recent`.
    #[inline]
    fn place(text: &[u8]) -> usize {
        let mixed = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            (Some(first), Some(last)) => {
                u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
            }
            _ => text.iter().fold(0, |mixed, byte| mixed << 8 | u64::from(*byte)),
        };
        let mixed = (mixed ^ text.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize % RECENT
    }

    /// The key that equals this one.
    fn unify(&mut self, th: Thread<'_>, key: &Str) -> Result<Ref> {
        let all = match &self.all {
            Some(all) => all,
            None => self.all.insert(Dict::new(th)?),
        };
        all.setdefault(th, key.obj(), key.obj())
    }
}

struct Scan<'a, U> {
    th: Thread<'a>,
    text: &'a [U],
    string: &'a Str,
    scanner: &'a Scanner,
    keys: Keys,
}

impl<U: CodeUnit> Scan<'_, U> {
    /// The key whose opening quote is before `begin`, and the index behind it.
    fn key(&mut self, begin: usize) -> Result<(Ref, usize)> {
        let (th, strict) = (self.th, self.scanner.strict);
        let Units::Ucs1(bytes) = U::units(self.text.get(begin..).unwrap_or_default()) else {
            let (key, end) = scan_string(th, self.text, self.string, begin, strict)?;
            return Ok((self.keys.unify(th, &key)?, end));
        };
        let plain = match special_byte_at(bytes, strict) {
            Some(length) if bytes.get(length) == Some(&b'"') => bytes.get(..length),
            _ => None,
        };
        let place = plain.map(Keys::place);
        if let (Some(plain), Some(place)) = (plain, place)
            && let Some(Some(known)) = self.keys.recent.get(place)
            && matches!(known.units(), Units::Ucs1(known) if known == plain)
        {
            return Ok((known.obj().own(), begin + plain.len() + 1));
        }
        let (key, end) = scan_string(th, self.text, self.string, begin, strict)?;
        let key = self.keys.unify(th, &key)?;
        if let Some(slot) = place.and_then(|place| self.keys.recent.get_mut(place)) {
            *slot = key.clone().downcast::<Str>().ok();
        }
        Ok((key, end))
    }

    fn at(&self, index: usize) -> u32 {
        self.text.get(index).map_or(u32::MAX, |unit| unit.code())
    }

    fn skip(&self, mut index: usize) -> usize {
        while matches!(self.at(index), 0x20 | 0x09 | 0x0A | 0x0D) {
            index += 1;
        }
        index
    }

    fn starts_with(&self, index: usize, word: &str) -> bool {
        word.bytes().enumerate().all(|(i, byte)| self.at(index + i) == u32::from(byte))
    }

    fn error<T>(&self, message: &str, index: usize) -> Result<T> {
        Err(decode_error(self.th, message, self.string, index))
    }

    fn value(&mut self, index: usize) -> Result<(Ref, usize)> {
        let th = self.th;
        let scanner = self.scanner;
        let constant = |word: &str| -> Result<(Ref, usize)> {
            let name = Str::new(th, word)?;
            Ok((scanner.parse_constant.call(th, &[name.obj()])?, index + word.len()))
        };
        match u8::try_from(self.at(index)).unwrap_or(0) {
            b'"' => {
                let (text, end) =
                    scan_string(th, self.text, self.string, index + 1, self.scanner.strict)?;
                Ok((text.upcast(), end))
            }
            b'{' => {
                th.check_stack(" while decoding a JSON object from a unicode string")?;
                self.object(index + 1)
            }
            b'[' => {
                th.check_stack(" while decoding a JSON array from a unicode string")?;
                self.array(index + 1)
            }
            b'n' if self.starts_with(index, "null") => Ok((types::none().own(), index + 4)),
            b't' if self.starts_with(index, "true") => Ok((types::bool_(true).own(), index + 4)),
            b'f' if self.starts_with(index, "false") => Ok((types::bool_(false).own(), index + 5)),
            b'N' if self.starts_with(index, "NaN") => constant("NaN"),
            b'I' if self.starts_with(index, "Infinity") => constant("Infinity"),
            b'-' if self.starts_with(index, "-Infinity") => constant("-Infinity"),
            _ => self.number(index),
        }
    }

    fn object(&mut self, index: usize) -> Result<(Ref, usize)> {
        let th = self.th;
        let pairs = match self.scanner.object_pairs_hook.obj().is_none() {
            true => None,
            false => Some(List::new(th)?),
        };
        let dict = Dict::new(th)?;
        let mut index = self.skip(index);
        if self.at(index) != 0x7D {
            loop {
                if self.at(index) != 0x22 {
                    let message = "Expecting property name enclosed in double quotes";
                    return self.error(message, index);
                }
                let (key, end) = self.key(index + 1)?;
                index = self.skip(end);
                if self.at(index) != 0x3A {
                    return self.error("Expecting ':' delimiter", index);
                }
                let (value, end) = self.value(self.skip(index + 1))?;
                match &pairs {
                    Some(pairs) => pairs.push(th, Tuple::from_array(th, [key, value])?.upcast())?,
                    None => dict.set_refs(th, key, value)?,
                }
                index = self.skip(end);
                match self.at(index) {
                    0x7D => break,
                    0x2C => {}
                    _ => return self.error("Expecting ',' delimiter", index),
                }
                let comma = index;
                index = self.skip(index + 1);
                if self.at(index) == 0x7D {
                    return self.error("Illegal trailing comma before end of object", comma);
                }
            }
        }
        let value = if let Some(pairs) = pairs {
            self.scanner.object_pairs_hook.call(th, &[pairs.obj()])?
        } else if !self.scanner.object_hook.obj().is_none() {
            self.scanner.object_hook.call(th, &[dict.obj()])?
        } else {
            dict.upcast()
        };
        Ok((value, index + 1))
    }

    fn array(&mut self, index: usize) -> Result<(Ref, usize)> {
        let list = List::new(self.th)?;
        let mut index = self.skip(index);
        if self.at(index) != 0x5D {
            loop {
                let (value, end) = self.value(index)?;
                list.push(self.th, value)?;
                index = self.skip(end);
                match self.at(index) {
                    0x5D => break,
                    0x2C => {}
                    _ => return self.error("Expecting ',' delimiter", index),
                }
                let comma = index;
                index = self.skip(index + 1);
                if self.at(index) == 0x5D {
                    return self.error("Illegal trailing comma before end of array", comma);
                }
            }
        }
        Ok((list.upcast(), index + 1))
    }

    fn digits(&self, mut index: usize) -> usize {
        while matches!(self.at(index), 0x30..=0x39) {
            index += 1;
        }
        index
    }

    fn number(&self, start: usize) -> Result<(Ref, usize)> {
        let th = self.th;
        let first = start + usize::from(self.at(start) == 0x2D);
        let mut end = match self.at(first) {
            0x30 => first + 1,
            0x31..=0x39 => self.digits(first),
            _ => return Err(no_value(th, start)),
        };
        let mut is_float = false;
        if self.at(end) == 0x2E {
            let fraction = self.digits(end + 1);
            if fraction > end + 1 {
                (end, is_float) = (fraction, true);
            }
        }
        if matches!(self.at(end), 0x65 | 0x45) {
            let sign = usize::from(matches!(self.at(end + 1), 0x2B | 0x2D));
            let exponent = self.digits(end + 1 + sign);
            if exponent > end + 1 + sign {
                (end, is_float) = (exponent, true);
            }
        }
        // Only ASCII was matched.
        let text = match U::units(&self.text[start..end]) {
            Units::Ucs1(bytes) => Cow::Borrowed(bytes),
            units => Cow::Owned(units.iter().map(|code| code as u8).collect()),
        };
        let hook = if is_float { &self.scanner.parse_float } else { &self.scanner.parse_int };
        let value = if is_float && hook.obj().is(Float::type_object().obj()) {
            Float::from_f64(th, num::float_text::parse_decimal(&text).unwrap_or(f64::NAN))?
        } else if !is_float && hook.obj().is(types::int::int_type().obj()) {
            match small(&text) {
                Some(value) => Int::from_i64(th, value)?,
                None => types::int::text::from_bytes(th, &text, 10)?,
            }
        } else {
            let text = Str::from_units(th, Units::Ucs1(&text))?;
            hook.call(th, &[text.obj()])?
        };
        Ok((value, end))
    }
}

/// A decimal number of few digits.
fn small(text: &[u8]) -> Option<i64> {
    if text.len() > 18 {
        return None;
    }
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let value = digits.iter().fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some(if negative { -value } else { value })
}
