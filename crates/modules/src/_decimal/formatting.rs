//! `Decimal.__format__`.

use num::{
    decimal::Decimal as Number,
    format_spec::{self, Locale},
    render::{Align, Rendered},
};
use object::{AsObject, Dict, Int, Obj, Protocol, Ref, Result, Str, Thread, exceptions, raise};

use super::current;

use crate::support;

const DEPRECATED: &str = "Format specifier 'N' is deprecated and slated for removal in Python 3.18";
/// Widths beyond this are errors, as no memory could hold the text.
const MAX_WIDTH: usize = 1 << 60;

/// Format a number. `override_` is a dict that replaces what the locale says.
pub(super) fn format(
    th: Thread<'_>,
    value: &Number,
    spec: Obj<'_>,
    override_: Option<Obj<'_>>,
) -> Result<Ref<Str>> {
    let Some(spec) = spec.downcast::<Str>() else {
        raise!(th, TypeError, "format arg must be str");
    };
    let points: Vec<u32> = spec.units().iter().collect();
    let parsed = format_spec::parse(&points, Align::Right, None, format_spec::ascii_decimal);
    let Ok(mut parsed) = parsed else { raise!(th, ValueError, "invalid format string") };
    if parsed.width > MAX_WIDTH {
        raise!(th, ValueError, "invalid format string");
    }
    let is_capital = parsed.kind == Some(u32::from(b'N'));
    if is_capital {
        let category = exceptions::types::DeprecationWarning();
        support::warn(th, category, DEPRECATED, 1)?;
        parsed.kind = Some(u32::from(b'n'));
    }
    let locale = match override_ {
        Some(given) => overridden(th, given)?,
        None if parsed.kind == Some(u32::from(b'n')) => current_locale(th)?,
        None => Locale::default(),
    };
    let context = current(th)?;
    let rendered = value.format(&parsed, &context.limits(), context.has_capitals(), &locale);
    match rendered {
        Ok(mut rendered) => {
            if is_capital {
                rendered.body.make_ascii_uppercase();
            }
            spell_out(th, rendered)
        }
        Err(format_spec::Error::TooLarge) => Err(th.no_memory()),
        Err(_) => raise!(th, ValueError, "invalid format string"),
    }
}

fn spell_out(th: Thread<'_>, rendered: Rendered) -> Result<Ref<Str>> {
    match rendered.clone().text() {
        Ok(Some(text)) => Str::new(th, &text),
        Ok(None) => Str::from_code_points(th, &rendered.code_points().collect::<Vec<_>>()),
        Err(_) => Err(th.no_memory()),
    }
}

fn text_of(th: Thread<'_>, conventions: Obj<'_>, name: &str) -> Result<String> {
    let key = Str::intern(th, name)?;
    Ok(conventions.get_item(th, key.obj())?.str(th)?.to_string())
}

fn current_locale(th: Thread<'_>) -> Result<Locale> {
    let conventions = support::import_from(th, "_locale", "localeconv")?.call(th, &[])?;
    let mut grouping = Vec::new();
    let key = Str::intern(th, "grouping")?;
    let sizes = conventions.obj().get_item(th, key.obj())?;
    let sizes = object::Tuple::from_iterable(th, sizes.obj())?;
    for size in sizes.items() {
        let size = Int::index_to_isize(th, *size)?;
        if size != 0 {
            grouping.push(u8::try_from(size).unwrap_or(127));
        }
    }
    Ok(Locale {
        decimal_point: text_of(th, conventions.obj(), "decimal_point")?,
        thousands_separator: text_of(th, conventions.obj(), "thousands_sep")?,
        grouping,
    })
}

fn overridden(th: Thread<'_>, given: Obj<'_>) -> Result<Locale> {
    let Some(dict) = given.downcast::<Dict>() else {
        raise!(th, TypeError, "optional argument must be a dict");
    };
    let mut locale = Locale::default();
    let text = |name: &str| -> Result<Option<String>> {
        match dict.get_str(th, name)? {
            Some(value) if value.obj().downcast::<Str>().is_some() => {
                Ok(Some(value.str(th)?.to_string()))
            }
            Some(_) => raise!(th, TypeError, "bad argument type for built-in operation"),
            None => Ok(None),
        }
    };
    if let Some(point) = text("decimal_point")? {
        locale.decimal_point = point;
    }
    if let Some(separator) = text("thousands_sep")? {
        locale.thousands_separator = separator;
    }
    let mut sizes_fit = true;
    if let Some(grouping) = text("grouping")? {
        let sizes = grouping.chars().map(u32::from).take_while(|size| *size != 0);
        locale.grouping = sizes.map(|size| u8::try_from(size).unwrap_or(u8::MAX)).collect();
        sizes_fit = locale.grouping.iter().all(|size| *size <= 127);
    }
    let point = locale.decimal_point.chars().count();
    if point != 1 || locale.thousands_separator.chars().count() > 1 || !sizes_fit {
        raise!(th, ValueError, "invalid override dict");
    }
    Ok(locale)
}
