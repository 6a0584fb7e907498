//! `format % arguments`, for `str`; what `bytes` shares with it.
//!
//! The arguments are a tuple's items one by one, or a single object, or the
//! values of a mapping by key. The parser of `num::percent_format` asks for
//! them at the moment CPython would.

use std::ops::Range;

use num::{
    percent_format::{self, Failure, Parser, Piece, Source, Spec},
    render::Rendered,
    simple_format,
};
use text::Units;

use super::{Str, StrBuilder};
use crate::{
    AsObject, Bytes, Float, Int, Obj, Protocol, Raised, Ref, Result, Thread, Tuple, error,
    exceptions::types::{OverflowError, TypeError},
    protocol, raise, small_int,
    types::int::text::Decimal,
};

/// What a format takes its values from.
pub(crate) struct Arguments<'a> {
    th: Thread<'a>,
    all: Obj<'a>,
    mapping: Option<Obj<'a>>,
    /// The value that a key selected.
    selected: Option<Ref>,
    tuple: Option<&'a Tuple>,
    /// Items of the tuple, or the single object, taken so far.
    taken: usize,
    make_key: &'a dyn Fn(Range<usize>) -> Result,
}

impl<'a> Arguments<'a> {
    /// `is_text`: whether strings (else bytes) are not mappings.
    pub(crate) fn new(
        th: Thread<'a>,
        all: Obj<'a>,
        is_text: bool,
        make_key: &'a dyn Fn(Range<usize>) -> Result,
    ) -> Self {
        let tuple = all.downcast::<Tuple>();
        let is_scalar = if is_text {
            all.downcast::<Str>().is_some()
        } else {
            all.downcast::<Bytes>().is_some()
                || all.downcast::<crate::types::bytearray::ByteArray>().is_some()
                || all.downcast::<Str>().is_some()
        };
        let subscripts = all.ty().mapping().is_some_and(|mapping| mapping.mp_subscript.is_some());
        let mapping = (tuple.is_none() && !is_scalar && subscripts).then_some(all);
        Arguments { th, all, mapping, selected: None, tuple, taken: 0, make_key }
    }

    /// The next value.
    pub(crate) fn next(&mut self) -> Result {
        let index = self.taken;
        self.taken += 1;
        let value = match (&self.selected, self.tuple) {
            (Some(value), _) if index == 0 => Some(value.obj()),
            (None, Some(tuple)) => tuple.get(index),
            (None, None) if index == 0 => Some(self.all),
            _ => None,
        };
        match value {
            Some(value) => Ok(value.own()),
            None => raise!(self.th, TypeError, "not enough arguments for format string"),
        }
    }

    /// Complain about values that no conversion took.
    pub(crate) fn finish(&self, what: &str) -> Result<()> {
        let left = match (&self.selected, self.tuple) {
            _ if self.mapping.is_some() => false,
            (Some(_), _) => false,
            (None, Some(tuple)) => self.taken < tuple.len(),
            (None, None) => self.taken == 0,
        };
        if left {
            raise!(self.th, TypeError, "not all arguments converted during {what} formatting");
        }
        Ok(())
    }

    fn star(&mut self) -> Result {
        let value = self.next()?;
        if !Int::is_int(value.obj()) {
            raise!(self.th, TypeError, "* wants int");
        }
        Ok(value)
    }
}

impl percent_format::Arguments for Arguments<'_> {
    type Error = Raised;

    fn require_mapping(&mut self) -> Result<()> {
        if self.mapping.is_none() {
            raise!(self.th, TypeError, "format requires a mapping");
        }
        Ok(())
    }

    fn select_key(&mut self, key: Range<usize>) -> Result<()> {
        let Some(mapping) = self.mapping else { return self.require_mapping() };
        let key = (self.make_key)(key)?;
        self.selected = Some(mapping.get_item(self.th, key.obj())?);
        self.taken = 0;
        Ok(())
    }

    fn star_width(&mut self) -> Result<isize> {
        let value = self.star()?;
        match Int::to_i64(value.obj()) {
            Some(i64::MIN) => raise!(self.th, OverflowError, "width too big"),
            Some(width) => Ok(width as isize),
            None => {
                raise!(self.th, OverflowError, "Python int too large to convert to C ssize_t")
            }
        }
    }

    fn star_precision(&mut self) -> Result<i32> {
        let value = self.star()?;
        match Int::to_i64(value.obj()).map(i32::try_from) {
            Some(Ok(precision)) => Ok(precision),
            _ => raise!(self.th, OverflowError, "Python int too large to convert to C int"),
        }
    }
}

/// The sign and digits of an int, in `base`.
pub(crate) fn int_digits(th: Thread<'_>, value: Obj<'_>, base: u32) -> Result<(bool, String)> {
    let mut text = String::new();
    if let Some(value) = Int::to_i64(value) {
        num::int_text::write_i64(&mut text, value, base);
    } else {
        text = crate::types::int::text::to_text(th, value, base)?;
    }
    Ok(match text.strip_prefix('-') {
        Some(digits) => (true, digits.to_owned()),
        None => (false, text),
    })
}

fn is_number(object: Obj<'_>) -> bool {
    Int::is_int(object)
        || object.ty().number().is_some_and(|number| {
            number.nb_index.is_some() || number.nb_int.is_some() || number.nb_float.is_some()
        })
}

/// Render an integer conversion.
pub(crate) fn render_int(
    th: Thread<'_>,
    spec: &Spec,
    base: u32,
    value: Obj<'_>,
) -> Result<Rendered> {
    let wrong = || {
        let what = if base == 10 { "a real number" } else { "an integer" };
        let shown = char::from_u32(spec.conversion).unwrap_or('d');
        error!(th, TypeError, "%{shown} format: {what} is required, not {}", value.type_name())
    };
    if !is_number(value) {
        return Err(wrong());
    }
    let converted;
    let int = if Int::is_int(value) {
        value
    } else {
        let result = if base == 10 {
            crate::types::int::int_type().call(th, &[value])
        } else {
            Int::index(th, value)
        };
        match result {
            Ok(int) => converted = int,
            Err(raised) => {
                th.catch(raised, TypeError())?;
                return Err(wrong());
            }
        }
        converted.obj()
    };
    let (negative, digits) = int_digits(th, int, base)?;
    percent_format::format_int(spec, negative, &digits).map_err(|_| th.no_memory())
}

/// Render a float conversion.
pub(crate) fn render_float(th: Thread<'_>, spec: &Spec, value: Obj<'_>) -> Result<Rendered> {
    let value = protocol::as_f64(th, value)?;
    if spec.precision.is_some_and(|precision| precision > num::float_text::MAX_PRECISION) {
        raise!(th, ValueError, "precision too big");
    }
    percent_format::format_float(spec, value).map_err(|_| th.no_memory())
}

/// Whether the conversion is of a float.
pub(crate) fn is_float(conversion: u32) -> bool {
    matches!(u8::try_from(conversion), Ok(b'e' | b'E' | b'f' | b'F' | b'g' | b'G'))
}

struct UnitsSource<'a>(Units<'a>);

impl Source for UnitsSource<'_> {
    fn at(&self, index: usize) -> Option<u32> {
        self.0.get(index)
    }

    fn percent_from(&self, start: usize) -> usize {
        let rest = self.0.slice(start.min(self.0.len()), self.0.len());
        let length = match rest {
            Units::Ucs1(bytes) => bytes.iter().position(|&byte| byte == b'%'),
            _ => rest.iter().position(|code| code == u32::from('%')),
        };
        start + length.unwrap_or(rest.len())
    }
}

/// Room for the result of [`simply_formatted`].
pub(crate) const SIMPLE: usize = 256;

/// `format % arguments` where the conversions are `%s` and `%d`, the values have a
/// text or are small ints, and the result is short; `None` for everything else.
///
/// PERF: most formats are that simple, and `%` takes a third of the time.
pub(crate) fn simply_formatted<'a>(
    format: &[u8],
    arguments: Obj<'_>,
    text: impl for<'b> Fn(Obj<'b>) -> Option<&'b [u8]>,
    is_text: bool,
    out: &'a mut [u8; SIMPLE],
) -> Option<&'a [u8]> {
    let mut values = match arguments.downcast::<Tuple>() {
        Some(tuple) => tuple.items(),
        None => std::slice::from_ref(&arguments),
    };
    if values.is_empty() {
        return None;
    }
    let (mut rest, mut used) = (format, 0);
    let mut put = |text: &[u8]| {
        let place = out.get_mut(used..)?.get_mut(..text.len())?;
        crate::copy::copy_slice(place, text);
        used += text.len();
        Some(())
    };
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        put(rest.get(..at)?)?;
        let conversion = *rest.get(at + 1)?;
        rest = rest.get(at + 2..)?;
        let (&value, others) = values.split_first()?;
        values = others;
        let small = small_int::value(value.as_ptr());
        match (conversion, small) {
            (b's', Some(small)) if is_text => put(Decimal::of(small).digits())?,
            (b'd', Some(small)) => put(Decimal::of(small).digits())?,
            (b's', None) => put(text(value)?)?,
            _ => return None,
        }
    }
    put(rest)?;
    let is_used_up = values.is_empty();
    if is_used_up { out.get(..used) } else { None }
}

/// `format % arguments`.
pub fn format(th: Thread<'_>, format: &Str, arguments: Obj<'_>) -> Result<Ref<Str>> {
    fn ascii<'a>(value: Obj<'a>) -> Option<&'a [u8]> {
        value.downcast_exact::<Str>().and_then(Str::as_ascii).map(str::as_bytes)
    }
    let mut room = [0; SIMPLE];
    // What `%s` makes of a string is the string itself.
    let is_copy = format.as_ascii() == Some("%s");
    if is_copy && let Some(text) = arguments.downcast_exact::<Str>() {
        return Ok(crate::own(text));
    }
    if let Some(plain) = format.as_ascii()
        && (!is_copy || Int::is_int(arguments))
        && let Some(text) = simply_formatted(plain.as_bytes(), arguments, ascii, true, &mut room)
    {
        return Str::from_ascii(th, text);
    }
    let units = format.units();
    let make_key = |range: Range<usize>| format.slice(th, range.start, range.end).map(Ref::upcast);
    let mut arguments = Arguments::new(th, arguments, true, &make_key);
    let source = UnitsSource(units);
    let mut parser = Parser::new(&source);
    let mut out = StrBuilder::with_capacity(th, format.len().saturating_add(32))?;
    while let Some(piece) = parser.next(&mut arguments) {
        let spec = match piece {
            Ok(Piece::Literal(range)) => {
                if range.len() == format.len() {
                    out.remember(format);
                }
                out.push_units(th, units.slice(range.start, range.end))?;
                continue;
            }
            Ok(Piece::Conversion(spec)) => spec,
            Err(Failure::Arguments(raised)) => return Err(raised),
            Err(Failure::Format(error)) => raise!(th, ValueError, "{error}"),
        };
        let value = arguments.next()?;
        convert(th, &spec, value.obj(), &mut out)?;
    }
    arguments.finish("string")?;
    out.finish(th)
}

/// A number under a simple conversion that converts nothing.
pub(crate) fn simple_number(spec: &Spec, value: Obj<'_>) -> Option<simple_format::Text> {
    if let Some(base) = percent_format::int_base(spec.conversion) {
        return simple_format::percent_int(Int::to_i64(value)?, base, spec);
    }
    let value = value.downcast_exact::<Float>()?;
    simple_format::percent_float(value.value(), spec)
}

fn convert(th: Thread<'_>, spec: &Spec, value: Obj<'_>, out: &mut StrBuilder) -> Result<()> {
    let text = match u8::try_from(spec.conversion) {
        Ok(b's') => value.str(th)?,
        Ok(b'r') => value.repr(th)?,
        Ok(b'a') => protocol::text::ascii(th, value)?,
        Ok(b'c') => Str::from_char(th, character(th, value)?)?,
        _ => {
            if let Some(text) = simple_number(spec, value) {
                return out.push_units(th, Units::Ucs1(text.as_bytes()));
            }
            let rendered = if let Some(base) = percent_format::int_base(spec.conversion) {
                render_int(th, spec, base, value)?
            } else if is_float(spec.conversion) {
                render_float(th, spec, value)?
            } else {
                raise!(th, ValueError, "{}", spec.unsupported());
            };
            return push_rendered(th, out, &rendered);
        }
    };
    let (kept, left, right) = percent_format::format_text(spec, text.len());
    out.push_repeated(th, u32::from(' '), left)?;
    if kept == text.len() {
        out.remember(&text);
    }
    out.push_units(th, text.units().slice(0, kept))?;
    out.push_repeated(th, u32::from(' '), right)
}

/// Spell a formatted number out.
pub fn push_rendered(th: Thread<'_>, out: &mut StrBuilder, rendered: &Rendered) -> Result<()> {
    out.push_repeated(th, rendered.fill, rendered.left)?;
    out.push_str(th, &rendered.head)?;
    out.push_repeated(th, rendered.fill, rendered.inner)?;
    out.push_str(th, &rendered.body)?;
    out.push_repeated(th, rendered.fill, rendered.right)
}

fn character(th: Thread<'_>, value: Obj<'_>) -> Result<u32> {
    if let Some(text) = value.downcast::<Str>() {
        return match (text.len(), text.get(0)) {
            (1, Some(code)) => Ok(code),
            (length, _) => raise!(
                th,
                TypeError,
                "%c requires an int or a unicode character, not a string of length {length}"
            ),
        };
    }
    let code = match Int::index(th, value) {
        Ok(code) => code,
        Err(raised) => {
            th.catch(raised, TypeError())?;
            raise!(
                th,
                TypeError,
                "%c requires an int or a unicode character, not {}",
                value.ty().shown_name(th)?
            );
        }
    };
    let code = match Int::index_to_i64(th, code.obj()) {
        Ok(code) => code,
        Err(raised) => {
            th.catch(raised, OverflowError())?;
            -1
        }
    };
    match u32::try_from(code) {
        Ok(code) if code <= 0x10_ffff => Ok(code),
        _ => raise!(th, OverflowError, "%c arg not in range(0x110000)"),
    }
}
