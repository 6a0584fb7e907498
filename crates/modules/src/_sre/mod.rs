//! `_sre`: the engine of module `re`.
//!
//! Crate `sre` matches; here are the objects around it. A subject is borrowed
//! for the time of one call (a buffer stays locked meanwhile), and a callback
//! may use the same pattern again: the matcher's memory is taken out of the
//! pattern while it works.

mod match_;
mod pattern;
mod scanner;
mod template;

use macros::pymodule;
use object::{
    AsObject, Bytes, Dict, Int, List, Module, Obj, Raised, Ref, Result, Str, Thread, Tuple,
    alloc_object, error,
    protocol::buffer::{self, BytesLike},
    raise,
};
use text::unicode;

pub use self::{match_::Match, pattern::Pattern, scanner::Scanner, template::Template};

/// The character classes of `str`.
pub struct Unicode;

impl ::sre::CharClass for Unicode {
    fn is_decimal(ch: u32) -> bool {
        unicode::is_decimal(ch)
    }

    fn is_space(ch: u32) -> bool {
        unicode::is_space(ch)
    }

    fn is_alnum(ch: u32) -> bool {
        unicode::is_alnum(ch)
    }

    fn is_linebreak(ch: u32) -> bool {
        unicode::is_linebreak(ch)
    }

    fn to_lower(ch: u32) -> u32 {
        unicode::simple_lower(ch)
    }

    fn to_upper(ch: u32) -> u32 {
        unicode::simple_upper(ch)
    }
}

/// What is matched against.
pub(crate) enum Subject<'a> {
    Text(&'a Str),
    Bytes(Obj<'a>, BytesLike<'a>),
}

impl<'a> Subject<'a> {
    /// See `object` as a subject.
    pub(crate) fn new(th: Thread<'_>, object: Obj<'a>) -> Result<Self> {
        if let Some(text) = object.downcast::<Str>() {
            return Ok(Subject::Text(text));
        }
        if !buffer::has_buffer(object) {
            raise!(
                th,
                TypeError,
                "expected string or bytes-like object, got '{}'",
                object.type_name()
            );
        }
        BytesLike::get(th, object).map(|bytes| Subject::Bytes(object, bytes))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Subject::Text(text) => text.len(),
            Subject::Bytes(_, bytes) => bytes.len(),
        }
    }

    /// A part, as `str` or `bytes`.
    pub(crate) fn part(&self, th: Thread<'_>, start: usize, end: usize) -> Result {
        match self {
            Subject::Text(text) => text.slice(th, start, end).map(Ref::upcast),
            Subject::Bytes(object, bytes) => {
                let end = end.min(bytes.len());
                if start == 0 && end == bytes.len() && object.is_exact::<Bytes>() {
                    return Ok(object.own());
                }
                Bytes::new(th, bytes.get(start..end).unwrap_or_default()).map(Ref::upcast)
            }
        }
    }

    /// `''.join(parts)` or `b''.join(parts)`.
    pub(crate) fn join(&self, th: Thread<'_>, parts: Vec<Ref>) -> Result {
        match self {
            Subject::Text(_) => object::types::str::empty()
                .join_items(th, object::args::borrow_all(&parts))
                .map(Ref::upcast),
            Subject::Bytes(..) => {
                let parts = List::from_refs(th, parts)?;
                let empty = Bytes::new(th, b"")?;
                use object::Protocol;
                empty.call_method(th, object::id!(th, "join"), &[parts.obj()])
            }
        }
    }
}

/// Clamp positions to a subject of `length` items.
pub(crate) fn clamp(length: usize, pos: isize, endpos: isize) -> (usize, usize) {
    let fix = |position: isize| usize::try_from(position).unwrap_or(0).min(length);
    (fix(pos), fix(endpos))
}

/// A word of compiled code.
fn word(th: Thread<'_>, item: Obj<'_>) -> Result<u32> {
    if !Int::is_int(item) {
        raise!(th, TypeError, "an integer is required");
    }
    match Int::to_i64(item).map(u32::try_from) {
        Some(Ok(word)) => Ok(word),
        Some(Err(_)) | None => Err(no_word(th, item)),
    }
}

#[cold]
fn no_word(th: Thread<'_>, item: Obj<'_>) -> Raised {
    if Int::to_bigint(item) < num::BigInt::ZERO {
        return error!(th, OverflowError, "can't convert negative value to unsigned int");
    }
    if Int::to_u64(item).is_none() {
        return error!(th, OverflowError, "Python int too large to convert to C unsigned long");
    }
    error!(th, OverflowError, "regular expression code size limit exceeded")
}

/// The engine of module `re`.
#[pymodule]
pub mod _sre {
    use super::*;

    /// Make a pattern of compiled code.
    #[sig = "(pattern, flags, code, groups, groupindex, indexgroup)"]
    fn compile(
        th: Thread<'_>,
        pattern: Obj<'_>,
        flags: i32,
        code: &List,
        groups: isize,
        groupindex: &Dict,
        indexgroup: &Tuple,
    ) -> Result {
        let mut words = Vec::with_capacity(code.len());
        while let Some(item) = code.get(words.len()) {
            words.push(word(th, item.obj())?);
        }
        Pattern::new(th, pattern, flags, words, groups, groupindex, indexgroup)
    }

    /// Make a template of the parts of a replacement: a literal, then pairs of
    /// a group's number and the literal behind it.
    #[sig = "(pattern, template, /)"]
    fn template(th: Thread<'_>, pattern: Obj<'_>, template: &List) -> Result {
        let _ = pattern;
        Template::new(th, template)
    }

    /// Bytes of a code word.
    #[sig = "()"]
    fn getcodesize(_: Thread<'_>) -> usize {
        ::sre::CODESIZE
    }

    /// Whether an ASCII character has case.
    #[sig = "(character, /)"]
    fn ascii_iscased(_: Thread<'_>, character: i32) -> Result<bool> {
        Ok(u8::try_from(character).is_ok_and(|byte| byte.is_ascii_alphabetic()))
    }

    /// Whether a character has case.
    #[sig = "(character, /)"]
    fn unicode_iscased(_: Thread<'_>, character: i32) -> Result<bool> {
        let ch = character as u32;
        Ok(unicode::simple_lower(ch) != ch || unicode::simple_upper(ch) != ch)
    }

    /// Lower case of an ASCII character.
    #[sig = "(character, /)"]
    fn ascii_tolower(_: Thread<'_>, character: i32) -> Result<i32> {
        let lower = |byte: u8| i32::from(byte.to_ascii_lowercase());
        Ok(u8::try_from(character).map_or(character, lower))
    }

    /// Lower case of a character.
    #[sig = "(character, /)"]
    fn unicode_tolower(_: Thread<'_>, character: i32) -> Result<i32> {
        Ok(unicode::simple_lower(character as u32) as i32)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        use object::declare::Declared;
        for decl in [Pattern::DECL, Match::DECL, Scanner::DECL, Template::DECL] {
            object::types::type_::ready(th, decl)?;
        }
        module.set(th, "MAGIC", Int::from_i64(th, ::sre::MAGIC.into())?.obj())?;
        module.set(th, "CODESIZE", Int::from_i64(th, ::sre::CODESIZE as i64)?.obj())?;
        module.set(th, "MAXREPEAT", Int::from_i64(th, ::sre::MAXREPEAT.into())?.obj())?;
        module.set(th, "MAXGROUPS", Int::from_i64(th, ::sre::MAXGROUPS as i64)?.obj())?;
        let copyright = " SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB ";
        module.set(th, "copyright", Str::new(th, copyright)?.obj())
    }
}

/// A new object of one of this module's types.
fn make<T: object::declare::Declared>(th: Thread<'_>, value: T) -> Result {
    alloc_object::new(th, value).map(Ref::upcast)
}
