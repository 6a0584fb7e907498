//! `str.format`, `str.format_map` and `str.__format__`.

use num::{format_spec, render::Align};
use text::format_parser::{Access, AutoNumber, Field, FieldName, FormatError, Key, Markup};

use super::{Str, StrBuilder};
use crate::{
    AsObject, IntoObject, Kwargs, Obj, Protocol, Raised, Ref, Result, Thread, error, protocol,
    raise, types::int::format::with_code_points,
};

/// Where fields find their values.
pub(crate) enum Values<'a> {
    Arguments(&'a [Obj<'a>], Kwargs<'a>),
    Mapping(Obj<'a>),
}

struct Formatter<'a> {
    th: Thread<'a>,
    format: &'a Str,
    values: Values<'a>,
    numbers: AutoNumber,
}

#[cold]
fn malformed(th: Thread<'_>, message: FormatError) -> Raised {
    error!(th, ValueError, "{message}")
}

/// `format.format(*args, **kwargs)`.
pub(crate) fn format(th: Thread<'_>, format: &Str, values: Values<'_>) -> Result<Ref<Str>> {
    let mut formatter = Formatter { th, format, values, numbers: AutoNumber::default() };
    let mut out = StrBuilder::with_capacity(th, format.len().saturating_add(32))?;
    formatter.expand(0..format.len(), 2, &mut out)?;
    out.finish(th)
}

impl Formatter<'_> {
    fn expand(
        &mut self,
        range: std::ops::Range<usize>,
        depth: u32,
        out: &mut StrBuilder,
    ) -> Result<()> {
        let (th, units) = (self.th, self.format.units());
        let Some(depth) = depth.checked_sub(1) else {
            raise!(th, ValueError, "Max string recursion exceeded");
        };
        for piece in Markup::within(units, range) {
            let piece = piece.map_err(|message| malformed(th, message))?;
            if piece.literal.len() == units.len() {
                out.remember(self.format);
            }
            out.push_units(th, units.slice(piece.literal.start, piece.literal.end))?;
            if let Some(field) = piece.field {
                self.field(&field, depth, out)?;
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, depth: u32, out: &mut StrBuilder) -> Result<()> {
        let (th, units) = (self.th, self.format.units());
        let mut value = self.value(field)?;
        if let Some(conversion) = field.conversion {
            value = convert(th, value.obj(), conversion)?;
        }
        let spec = if field.needs_expanding {
            let mut spec = StrBuilder::new();
            self.expand(field.format_spec.clone(), depth, &mut spec)?;
            spec.finish(th)?
        } else if field.format_spec.is_empty() {
            Str::empty(th)
        } else {
            Str::from_units(th, units.slice(field.format_spec.start, field.format_spec.end))?
        };
        let text = protocol::text::format(th, value.obj(), &spec)?;
        out.push_obj(th, &text)
    }

    fn key(&self, range: std::ops::Range<usize>) -> Result<Ref<Str>> {
        Str::from_units(self.th, self.format.units().slice(range.start, range.end))
    }

    fn argument(&self, index: usize) -> Result {
        match self.values {
            Values::Arguments(args, _) => match args.get(index) {
                Some(value) => Ok(value.own()),
                None => raise!(
                    self.th,
                    IndexError,
                    "Replacement index {index} out of range for positional args tuple"
                ),
            },
            Values::Mapping(_) => {
                raise!(self.th, ValueError, "Format string contains positional fields")
            }
        }
    }

    fn value(&mut self, field: &Field) -> Result {
        let th = self.th;
        // PERF: `{}`, the most frequent field.
        if field.name.is_empty() {
            let number = self.numbers.resolve(&Key::Name(field.name.clone()));
            if let Some(index) = number.map_err(|message| malformed(th, message))? {
                return self.argument(index);
            }
        }
        let name = FieldName::new(self.format.units(), field.name.clone())
            .map_err(|message| malformed(th, message))?;
        let number = self.numbers.resolve(&name.first).map_err(|message| malformed(th, message))?;
        let mut value = match (number, &name.first) {
            (Some(index), _) => self.argument(index)?,
            (None, Key::Name(range)) => {
                let key = self.key(range.clone())?;
                match self.values {
                    Values::Mapping(mapping) => mapping.get_item(th, key.obj())?,
                    Values::Arguments(_, kwargs) => {
                        let found = kwargs.iter().find(|(name, _)| {
                            name.downcast::<Str>().is_some_and(|name| name.eq(&key))
                        });
                        match found {
                            Some((_, value)) => value.own(),
                            None => {
                                return Err(th.raise_args(
                                    crate::exceptions::types::KeyError(),
                                    &[key.obj()],
                                ));
                            }
                        }
                    }
                }
            }
            (None, Key::Index(_)) => return Err(malformed(th, "invalid field name")),
        };
        for access in name {
            value = match access.map_err(|message| malformed(th, message))? {
                Access::Attribute(range) => {
                    let key = Str::intern_ref(th, self.key(range)?);
                    value.getattr(th, &key)?
                }
                Access::Item(Key::Name(range)) => {
                    let key = self.key(range)?;
                    value.get_item(th, key.obj())?
                }
                Access::Item(Key::Index(index)) => {
                    let key = index.into_object(th)?;
                    value.get_item(th, key.obj())?
                }
            };
        }
        Ok(value)
    }
}

/// `!r`, `!s` or `!a`.
fn convert(th: Thread<'_>, value: Obj<'_>, conversion: u32) -> Result {
    let text = match char::from_u32(conversion) {
        Some('r') => value.repr(th)?,
        Some('s') => value.str(th)?,
        Some('a') => protocol::text::ascii(th, value)?,
        Some(shown @ '!'..='~') => {
            raise!(th, ValueError, "Unknown conversion specifier {shown}")
        }
        _ => raise!(th, ValueError, "Unknown conversion specifier \\x{conversion:x}"),
    };
    Ok(text.upcast())
}

/// `string.__format__(spec)`.
pub(crate) fn format_str(th: Thread<'_>, string: &Str, spec: &Str) -> Result<Ref<Str>> {
    if spec.len() == 0 {
        return string.str(th);
    }
    let type_name = string.obj().type_name();
    let wrong = |error: format_spec::Error| match error {
        format_spec::Error::TooLarge => th.no_memory(),
        error => {
            let message = error.message(&spec.to_string(), type_name);
            if error.is_overflow() {
                error!(th, OverflowError, "{message}")
            } else {
                error!(th, ValueError, "{message}")
            }
        }
    };
    let decimal = |code| text::unicode::decimal(code).map(u32::from);
    let parsed = with_code_points(spec, |codes| {
        format_spec::parse(codes, Align::Left, Some(b's'), decimal).map_err(wrong)
    })?;
    let (kept, left, right) = format_spec::format_str(&parsed, string.len()).map_err(wrong)?;
    if left == 0 && right == 0 && kept == string.len() {
        return string.to_exact(th);
    }
    let mut out = StrBuilder::new();
    out.push_repeated(th, parsed.fill, left)?;
    out.push_units(th, string.units().slice(0, kept))?;
    out.push_repeated(th, parsed.fill, right)?;
    out.finish(th)
}
