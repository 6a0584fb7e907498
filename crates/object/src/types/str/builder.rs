//! Building strings piece by piece.
//!
//! A [`StrBuilder`] widens its storage when a character needs it and never
//! aborts: memory that cannot be had becomes `MemoryError`.

use std::fmt;

use text::{CodeUnit, TextBuf, Units, each_width};

use super::{Str, storage::Width};
use crate::{AsObject, Obj, Protocol, Ref, Result, Thread, small_int, types::int::text::Decimal};

/// A string in the making.
#[derive(Default)]
pub struct StrBuilder {
    text: TextBuf,
    /// The object that the text began with: the string, if nothing follows.
    first: Option<Ref<Str>>,
}

fn widened<A: CodeUnit, B: CodeUnit>(th: Thread<'_>, from: &[A], extra: usize) -> Result<Vec<B>> {
    let mut to = Vec::new();
    if to.try_reserve(from.len().saturating_add(extra)).is_err() {
        return Err(th.no_memory());
    }
    to.extend(from.iter().map(|unit| B::truncate(unit.code())));
    Ok(to)
}

impl StrBuilder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, with room for `capacity` one-byte characters.
    pub fn with_capacity(th: Thread<'_>, capacity: usize) -> Result<Self> {
        let mut builder = Self::new();
        builder.reserve(th, Width::Ascii, capacity)?;
        Ok(builder)
    }

    /// How many characters there are.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The characters so far.
    pub fn units(&self) -> Units<'_> {
        self.text.as_units()
    }

    /// Make room for `count` characters of `width`, so that pushing them
    /// neither fails nor widens.
    pub fn reserve(&mut self, th: Thread<'_>, width: Width, count: usize) -> Result<()> {
        let wide = match (&mut self.text, width) {
            (TextBuf::Ucs1(v), Width::Ascii | Width::Ucs1) => return room(th, v, count),
            (TextBuf::Ucs2(v), Width::Ascii | Width::Ucs1 | Width::Ucs2) => {
                return room(th, v, count);
            }
            (TextBuf::Ucs4(v), _) => return room(th, v, count),
            (TextBuf::Ucs1(v), Width::Ucs2) => TextBuf::Ucs2(widened(th, v, count)?),
            (TextBuf::Ucs1(v), Width::Ucs4) => TextBuf::Ucs4(widened(th, v, count)?),
            (TextBuf::Ucs2(v), Width::Ucs4) => TextBuf::Ucs4(widened(th, v, count)?),
        };
        self.text = wide;
        Ok(())
    }

    /// The characters so far, with room for `count` more below U+0100; `None` if
    /// there are others already. PERF: short pieces are appended without asking
    /// for their width.
    #[inline]
    pub fn narrow(&mut self, th: Thread<'_>, count: usize) -> Result<Option<&mut Vec<u8>>> {
        match &mut self.text {
            TextBuf::Ucs1(v) => {
                room(th, v, count)?;
                Ok(Some(v))
            }
            _ => Ok(None),
        }
    }

    /// Append one character.
    #[inline]
    pub fn push(&mut self, th: Thread<'_>, code: u32) -> Result<()> {
        if let (TextBuf::Ucs1(v), Ok(byte)) = (&mut self.text, u8::try_from(code)) {
            room(th, v, 1)?;
            v.push(byte);
            return Ok(());
        }
        self.reserve(th, Width::of_char(code), 1)?;
        self.text.push(code);
        Ok(())
    }

    /// Append one character `count` times.
    pub fn push_repeated(&mut self, th: Thread<'_>, code: u32, count: usize) -> Result<()> {
        self.reserve(th, Width::of_char(code), count)?;
        match &mut self.text {
            TextBuf::Ucs1(v) => v.resize(v.len() + count, code as u8),
            TextBuf::Ucs2(v) => v.resize(v.len() + count, code as u16),
            TextBuf::Ucs4(v) => v.resize(v.len() + count, code),
        }
        Ok(())
    }

    /// Append text.
    #[inline]
    pub fn push_str(&mut self, th: Thread<'_>, text: &str) -> Result<()> {
        if text.is_ascii() {
            return self.push_units(th, Units::Ucs1(text.as_bytes()));
        }
        text.chars().try_for_each(|c| self.push(th, c.into()))
    }

    /// Append characters.
    #[inline]
    pub fn push_units(&mut self, th: Thread<'_>, units: Units<'_>) -> Result<()> {
        // PERF: bytes go behind bytes as they are.
        if let (TextBuf::Ucs1(v), Units::Ucs1(s)) = (&mut self.text, units) {
            room(th, v, s.len())?;
            v.extend_from_slice(s);
            return Ok(());
        }
        self.push_units_widening(th, units)
    }

    fn push_units_widening(&mut self, th: Thread<'_>, units: Units<'_>) -> Result<()> {
        self.reserve(th, Width::of(units), units.len())?;
        match &mut self.text {
            TextBuf::Ucs1(v) => match units {
                Units::Ucs1(s) => v.extend_from_slice(s),
                _ => each_width!(units, s => v.extend(s.iter().map(|u| u.code() as u8))),
            },
            TextBuf::Ucs2(v) => match units {
                Units::Ucs2(s) => v.extend_from_slice(s),
                _ => each_width!(units, s => v.extend(s.iter().map(|u| u.code() as u16))),
            },
            TextBuf::Ucs4(v) => match units {
                Units::Ucs4(s) => v.extend_from_slice(s),
                _ => each_width!(units, s => v.extend(s.iter().map(|u| u.code()))),
            },
        }
        Ok(())
    }

    /// Append a string object.
    pub fn push_obj(&mut self, th: Thread<'_>, string: &Str) -> Result<()> {
        self.remember(string);
        self.push_units(th, string.units())
    }

    /// Append `repr(object)`. PERF: small ints without a string of their own.
    pub(crate) fn push_repr(&mut self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        match small_int::value(object.as_ptr()) {
            Some(value) => self.push_units(th, Units::Ucs1(Decimal::of(value).digits())),
            None => self.push_obj(th, &*object.repr(th)?),
        }
    }

    /// Before the characters of `string` are appended: if they are all, the
    /// object itself is the result.
    pub(crate) fn remember(&mut self, string: &Str) {
        if self.is_empty() && string.obj().is_exact::<Str>() {
            self.first = Some(crate::own(string));
        }
    }

    /// Append formatted text.
    pub fn push_fmt(&mut self, th: Thread<'_>, text: fmt::Arguments<'_>) -> Result<()> {
        match text.as_str() {
            Some(text) => self.push_str(th, text),
            None => self.push_str(th, &fmt::format(text)),
        }
    }

    /// The string.
    pub fn finish(self, th: Thread<'_>) -> Result<Ref<Str>> {
        match self.first {
            Some(first) if first.len() == self.text.len() => Ok(first),
            _ => Str::from_units(th, self.text.as_units()),
        }
    }
}

#[inline]
fn room<U>(th: Thread<'_>, units: &mut Vec<U>, count: usize) -> Result<()> {
    if units.capacity() - units.len() >= count || units.try_reserve(count).is_ok() {
        return Ok(());
    }
    Err(th.no_memory())
}
