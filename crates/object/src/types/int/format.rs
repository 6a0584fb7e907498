//! `__format__` of numbers: the format mini-language between objects.

use num::{
    bigint,
    format_spec::{self, Error, FormatSpec, IntKind, Locale},
    render::{Align, Rendered},
    simple_format,
};

use super::{Int, text};
use crate::{AsObject, Obj, Raised, Ref, Result, Str, Thread, error, raise, types::StrBuilder};

/// Parse the specification for a number of the named type.
pub(crate) fn parse_spec(
    th: Thread<'_>,
    spec: &Str,
    default_kind: Option<u8>,
    type_name: &str,
) -> Result<FormatSpec> {
    with_code_points(spec, |codes| {
        format_spec::parse(codes, Align::Right, default_kind, text_decimal)
            .map_err(|error| format_error(th, error, spec, type_name))
    })
}

/// Call `f` with the code points of a text, which is mostly short.
pub(crate) fn with_code_points<T>(text: &Str, f: impl FnOnce(&[u32]) -> T) -> T {
    let mut short = [0; 16];
    match text.units() {
        ::text::Units::Ucs1(bytes) if bytes.len() <= short.len() => {
            short.iter_mut().zip(bytes).for_each(|(code, byte)| *code = u32::from(*byte));
            f(short.get(..bytes.len()).unwrap_or(&[]))
        }
        _ => f(&text::code_points(text)),
    }
}

fn text_decimal(code: u32) -> Option<u32> {
    ::text::unicode::decimal(code).map(u32::from)
}

/// The exception for a bad specification.
#[cold]
pub(crate) fn format_error(th: Thread<'_>, error: Error, spec: &Str, type_name: &str) -> Raised {
    if error == Error::TooLarge {
        return th.no_memory();
    }
    let message = error.message(&spec.to_string(), type_name);
    if error.is_overflow() {
        return error!(th, OverflowError, "{message}");
    }
    error!(th, ValueError, "{message}")
}

/// Spell a formatted number out.
pub(crate) fn finish(
    th: Thread<'_>,
    rendered: Result<Rendered, Error>,
    spec: &Str,
    type_name: &str,
) -> Result<Ref<Str>> {
    let rendered = rendered.map_err(|error| format_error(th, error, spec, type_name))?;
    match rendered.clone().text() {
        Ok(Some(text)) => Str::new(th, &text),
        Ok(None) => Str::from_code_points(th, &rendered.code_points().collect::<Vec<u32>>()),
        Err(_) => Err(th.no_memory()),
    }
}

/// The digits of the magnitude of an int.
fn magnitude_text(th: Thread<'_>, value: Obj<'_>, base: u32) -> Result<(bool, String)> {
    let text = text::to_text(th, value, base)?;
    Ok(match text.strip_prefix('-') {
        Some(digits) => (true, digits.to_owned()),
        None => (false, text),
    })
}

/// `format(value, spec)` of an int.
pub fn format_int(th: Thread<'_>, value: Obj<'_>, spec: &Str) -> Result<Ref<Str>> {
    if spec.len() == 0 {
        if Int::is_exact(value) {
            return text::repr(th, value);
        }
        return crate::protocol::text::str(th, value);
    }
    let name = value.type_name();
    let parsed = parse_spec(th, spec, Some(b'd'), name)?;
    let kind =
        format_spec::int_kind(&parsed).map_err(|error| format_error(th, error, spec, name))?;
    if let Some(small) = Int::to_i64(value)
        && let Some(text) = simple_format::int(small, kind, &parsed)
    {
        return Str::from_ascii(th, text.as_bytes());
    }
    let locale = Locale::default();
    match kind {
        IntKind::Digits { base, .. } => {
            let (negative, digits) = magnitude_text(th, value, base)?;
            let rendered = format_spec::format_int(&parsed, negative, &digits, &locale);
            finish(th, rendered, spec, name)
        }
        IntKind::Char => {
            let (code, rendered) = format_spec::format_char(&parsed, Int::to_i64(value))
                .map_err(|error| format_error(th, error, spec, name))?;
            let mut text = StrBuilder::with_capacity(th, rendered.left + 1 + rendered.right)?;
            text.push_repeated(th, rendered.fill, rendered.left)?;
            text.push(th, code)?;
            text.push_repeated(th, rendered.fill, rendered.right)?;
            text.finish(th)
        }
        IntKind::Float => {
            let Some(float) = bigint::to_f64(&Int::to_bigint(value)) else {
                raise!(th, OverflowError, "int too large to convert to float");
            };
            let rendered = format_spec::format_float(&parsed, float, &locale);
            finish(th, rendered, spec, name)
        }
    }
}

/// `format(value, spec)` of a float.
pub fn format_float(th: Thread<'_>, object: Obj<'_>, value: f64, spec: &Str) -> Result<Ref<Str>> {
    if spec.len() == 0 {
        return crate::protocol::text::str(th, object.obj());
    }
    let name = object.type_name();
    let parsed = parse_spec(th, spec, None, name)?;
    if let Some(text) = simple_format::float(value, &parsed) {
        return Str::from_ascii(th, text.as_bytes());
    }
    finish(th, format_spec::format_float(&parsed, value, &Locale::default()), spec, name)
}
