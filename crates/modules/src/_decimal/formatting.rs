//! `Decimal.__format__`.

use num::{
    decimal::Decimal as Number,
    format_spec::{self, Locale},
    render::Align,
};
use object::{AsObject, Dict, Int, Obj, Protocol, Ref, Result, Str, Thread, raise};

use super::current;
use crate::support;

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
    let Ok(parsed) = parsed else { raise!(th, ValueError, "invalid format string") };
    let locale = match override_ {
        Some(given) => overridden(th, given)?,
        None if parsed.kind == Some(u32::from(b'n')) => current_locale(th)?,
        None => Locale::default(),
    };
    let context = current(th)?;
    let rendered = value.format(&parsed, &context.limits(), context.has_capitals(), &locale);
    match rendered {
        Ok(rendered) => Str::from_code_points(th, &rendered.code_points().collect::<Vec<_>>()),
        Err(format_spec::Error::TooLarge) => Err(th.no_memory()),
        Err(_) => raise!(th, ValueError, "invalid format string"),
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
            Some(value) => Ok(Some(value.str(th)?.to_string())),
            None => Ok(None),
        }
    };
    if let Some(point) = text("decimal_point")? {
        locale.decimal_point = point;
    }
    if let Some(separator) = text("thousands_sep")? {
        locale.thousands_separator = separator;
    }
    if let Some(grouping) = text("grouping")? {
        locale.grouping = grouping.chars().map(|size| u8::try_from(size).unwrap_or(127)).collect();
    }
    Ok(locale)
}
