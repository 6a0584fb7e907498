//! `str.translate` and `str.maketrans`.

use super::{Str, StrBuilder, registry, storage::Width};
use crate::{
    AsObject, Dict, Int, IntoObject, Obj, Protocol, Ref, Result, Thread, Tuple,
    exceptions::{new_translate_error, types::LookupError},
    raise,
};

/// What a table maps a character to.
enum Target {
    Same,
    Code(u32),
    Text(Ref<Str>),
    /// `None`.
    Nothing,
}

fn look_up(th: Thread<'_>, table: Obj<'_>, code: u32) -> Result<Target> {
    let key = code.into_object(th)?;
    let found = match table.downcast_exact::<Dict>() {
        // PERF: most tables are dicts and have few of the characters.
        Some(table) => table.get(th, key.obj())?,
        None => match table.get_item(th, key.obj()) {
            Ok(value) => Some(value),
            Err(raised) => th.catch(raised, LookupError()).map(|()| None)?,
        },
    };
    let Some(value) = found else { return Ok(Target::Same) };
    if value.obj().is_none() {
        return Ok(Target::Nothing);
    }
    if Int::is_int(value.obj()) {
        let code = Int::to_i64(value.obj()).and_then(|code| u32::try_from(code).ok());
        return match code {
            Some(code) if code <= 0x10_ffff => Ok(Target::Code(code)),
            _ => raise!(th, ValueError, "character mapping must be in range(0x110000)"),
        };
    }
    match value.downcast::<Str>() {
        Ok(text) => Ok(Target::Text(text)),
        Err(_) => {
            raise!(th, TypeError, "character mapping must return integer, None or str")
        }
    }
}

/// `string.translate(table)`.
pub(crate) fn translate(th: Thread<'_>, string: &Str, table: Obj<'_>) -> Result<Ref<Str>> {
    let mut out = StrBuilder::new();
    out.reserve(th, Width::Ascii, string.len())?;
    // PERF: an ASCII character is looked up once if it maps to one character.
    let mut known = [u32::MAX; 128];
    let mut changed = false;
    for code in string.units() {
        if let Some(&found) = known.get(code as usize)
            && found != u32::MAX
        {
            out.push(th, found)?;
            continue;
        }
        match look_up(th, table, code)? {
            Target::Same => {
                if let Some(place) = known.get_mut(code as usize) {
                    *place = code;
                }
                out.push(th, code)?;
            }
            Target::Code(to) => {
                changed = true;
                if let Some(place) = known.get_mut(code as usize) {
                    *place = to;
                }
                out.push(th, to)?;
            }
            Target::Text(text) => {
                changed = true;
                out.push_obj(th, &text)?;
            }
            Target::Nothing => changed = true,
        }
    }
    if !changed {
        return string.to_exact(th);
    }
    out.finish(th)
}

/// As [`translate`], with an error handler for the characters that map to `None`.
pub fn translate_with(
    th: Thread<'_>,
    string: &Str,
    table: Obj<'_>,
    errors: &str,
) -> Result<Ref<Str>> {
    if errors == "ignore" {
        return translate(th, string, table);
    }
    let mut out = StrBuilder::new();
    let mut at = 0;
    while let Some(code) = string.get(at) {
        match look_up(th, table, code)? {
            Target::Same => out.push(th, code)?,
            Target::Code(to) => out.push(th, to)?,
            Target::Text(text) => out.push_obj(th, &text)?,
            Target::Nothing => {
                let mut end = at + 1;
                while let Some(code) = string.get(end)
                    && matches!(look_up(th, table, code)?, Target::Nothing)
                {
                    end += 1;
                }
                let (replacement, next) = ask(th, string, at..end, errors)?;
                out.push_obj(th, &replacement)?;
                at = next;
                continue;
            }
        }
        at += 1;
    }
    out.finish(th)
}

/// What a handler has for characters that map to nothing, and where to go on.
fn ask(
    th: Thread<'_>,
    string: &Str,
    range: std::ops::Range<usize>,
    errors: &str,
) -> Result<(Ref<Str>, usize)> {
    let reason = "character maps to <undefined>";
    let exception = new_translate_error(th, string.obj(), range, reason)?;
    let handler = registry::lookup_error(th, errors)?;
    let answer = handler.call(th, &[exception.obj()])?;
    let parts = answer.obj().downcast::<Tuple>().map(Tuple::items);
    let (Some(text), Some(position)) = (match parts {
        Some([text, position]) if Int::is_int(*position) => {
            (text.downcast::<Str>(), Some(*position))
        }
        _ => (None, None),
    }) else {
        raise!(th, TypeError, "translating error handler must return (str, int) tuple");
    };
    let position = Int::index_to_isize(th, position)?;
    let length = string.len() as isize;
    let next = if position < 0 { position + length } else { position };
    if !(0..=length).contains(&next) {
        raise!(th, IndexError, "position {position} from error handler out of bounds");
    }
    Ok((crate::own(text), next as usize))
}

/// `str.maketrans(x, y, z)`.
pub(crate) fn maketrans(
    th: Thread<'_>,
    x: Obj<'_>,
    y: Option<&Str>,
    z: Option<&Str>,
) -> Result<Ref<Dict>> {
    let table = Dict::new(th)?;
    if let Some(y) = y {
        let Some(x) = x.downcast::<Str>() else {
            raise!(
                th,
                TypeError,
                "first maketrans argument must be a string if there is a second argument"
            );
        };
        if x.len() != y.len() {
            raise!(th, ValueError, "the first two maketrans arguments must have equal length");
        }
        for (from, to) in x.units().iter().zip(y.units()) {
            let (from, to) = (from.into_object(th)?, to.into_object(th)?);
            table.set(th, from.obj(), to.obj())?;
        }
        for code in z.map(Str::units).into_iter().flatten() {
            let code = code.into_object(th)?;
            table.set(th, code.obj(), crate::types::none())?;
        }
        return Ok(table);
    }
    let Some(mapping) = x.downcast_exact::<Dict>() else {
        raise!(th, TypeError, "if you give only one argument to maketrans it must be a dict");
    };
    let mut position = 0;
    while let Some((key, value)) = mapping.next_entry(&mut position) {
        if let Some(text) = key.obj().downcast::<Str>() {
            let (1, Some(code)) = (text.len(), text.get(0)) else {
                raise!(th, ValueError, "string keys in translatetable must be of length 1");
            };
            table.set(th, code.into_object(th)?.obj(), value.obj())?;
        } else if Int::is_int(key.obj()) {
            table.set(th, key.obj(), value.obj())?;
        } else {
            raise!(th, TypeError, "keys in translate table must be strings or integers");
        }
    }
    Ok(table)
}
