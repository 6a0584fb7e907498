//! `_multibytecodec`: the codecs of East Asia as Python objects.
//!
//! The codecs themselves are in `text`. What a stream carries from call to call
//! is eight bytes of state, characters that may begin a pair, and bytes of a
//! sequence that is not complete; it is taken out before an error handler runs
//! and put back after it.

mod incremental;
mod stream;

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Head, IntoObject, Link, Module, Obj, Protocol, Ref, Result, Str, Thread, Type,
    alloc_object, raise, types::str::codec::Errors,
};
use text::{
    TextBuf, Units,
    codecs::{Decoded, cjk, iso2022},
};

use crate::support::Data;

pub use incremental::{MultibyteIncrementalDecoder, MultibyteIncrementalEncoder};
pub use stream::{MultibyteStreamReader, MultibyteStreamWriter};

/// What a stateful codec remembers between calls, as `getstate` shows it.
type State = [u8; 8];

#[derive(Clone, Copy)]
enum Kind {
    Stateless(cjk::Codec),
    Stateful(iso2022::Codec),
}

impl Kind {
    fn encode(
        self,
        th: Thread<'_>,
        text: Units<'_>,
        errors: Option<&str>,
        finish: bool,
        state: &mut State,
    ) -> Result<(Vec<u8>, usize)> {
        let mut handler = Errors::new(th, errors).multibyte();
        match self {
            Kind::Stateless(codec) => codec.encode(text, finish, &mut handler),
            Kind::Stateful(codec) => {
                let mut known = iso2022::State::from_bytes(codec, *state);
                let result = codec.encode(text, finish, &mut known, &mut handler);
                let [_, _, g2, ..] = *state;
                *state = known.to_bytes(codec);
                state[2] = g2;
                result
            }
        }
    }

    fn decode(
        self,
        th: Thread<'_>,
        bytes: &[u8],
        errors: Option<&str>,
        last: bool,
        state: &mut State,
    ) -> Result<Decoded> {
        let mut handler = Errors::new(th, errors).multibyte();
        match self {
            Kind::Stateless(codec) => codec.decode(bytes, last, &mut handler),
            Kind::Stateful(codec) => {
                let mut known = iso2022::State::from_bytes(codec, *state);
                let result = codec.decode(bytes, last, &mut known, &mut handler);
                *state = known.to_bytes(codec);
                result
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Stateless(codec) => codec.name(),
            Kind::Stateful(codec) => codec.name(),
        }
    }

    /// The state of a new stream; an encoder has no third character set.
    fn start(self, decoding: bool) -> State {
        match self {
            Kind::Stateless(_) => State::default(),
            Kind::Stateful(codec) => {
                let mut state = iso2022::State::default().to_bytes(codec);
                if !decoding && let [_, _, g2, ..] = &mut state {
                    *g2 = 0;
                }
                state
            }
        }
    }

    /// Forget the state of a stream of text.
    fn reset_encoder(self, state: &mut State) {
        if let Kind::Stateful(codec) = self {
            let mut known = iso2022::State::from_bytes(codec, *state);
            codec.reset(&mut Vec::new(), &mut known);
            let [_, _, g2, ..] = *state;
            *state = known.to_bytes(codec);
            state[2] = g2;
        }
    }
}

/// A codec.
#[pytype(name = "_multibytecodec.MultibyteCodec", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub struct MultibyteCodec {
    head: Head,
    #[traverse(skip)]
    kind: Kind,
}

impl MultibyteCodec {
    /// The codec called `name`, if there is one.
    pub fn from_name(th: Thread<'_>, name: &str) -> Result<Option<Ref<MultibyteCodec>>> {
        let kind = match cjk::Codec::from_name(name) {
            Some(codec) => Some(Kind::Stateless(codec)),
            None => iso2022::Codec::from_name(name).map(Kind::Stateful),
        };
        let Some(kind) = kind else { return Ok(None) };
        object::types::type_::ready(th, <MultibyteCodec as object::declare::Declared>::DECL)?;
        alloc_object::new(th, MultibyteCodec { head: Head::new(), kind }).map(Some)
    }
}

/// The text of an argument, by `str()` if need be.
fn text_of(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Str>> {
    match object.downcast::<Str>() {
        Some(text) => Ok(object::own(text)),
        None => object.str(th),
    }
}

#[pymethods]
impl MultibyteCodec {
    /// Return an encoded version of `input` and how much of it was used.
    ///
    /// 'errors' names the error handler, 'strict' if it is left out.
    #[sig = "($self, /, input, errors=None)"]
    fn encode(&self, th: Thread<'_>, input: Obj<'_>, errors: Option<&str>) -> Result {
        let text = text_of(th, input)?;
        let mut state = self.kind.start(false);
        let (bytes, _) = self.kind.encode(th, text.units(), errors, true, &mut state)?;
        (object::Bytes::new(th, &bytes)?, text.len()).into_object(th)
    }

    /// Decode bytes and tell how many of them were used.
    ///
    /// 'errors' names the error handler, 'strict' if it is left out.
    #[sig = "($self, /, input, errors=None)"]
    fn decode(&self, th: Thread<'_>, input: Data, errors: Option<&str>) -> Result {
        let bytes = input.bytes();
        let mut state = self.kind.start(true);
        let decoded = self.kind.decode(th, bytes, errors, true, &mut state)?;
        (Str::from_buf(th, &decoded.text)?, bytes.len()).into_object(th)
    }
}

/// The codec that a class names, and the `errors` argument as text.
fn construct(th: Thread<'_>, cls: &Type, errors: Option<&str>) -> Result<(Kind, Link<Str>)> {
    let codec = cls.obj().getattr(th, &*Str::intern(th, "codec")?)?;
    let Some(codec) = codec.obj().downcast::<MultibyteCodec>() else {
        raise!(th, TypeError, "codec is unexpected type");
    };
    Ok((codec.kind, Link::new(Str::new(th, errors.unwrap_or("strict"))?)))
}

/// The name of an error handler, owned while Python code may set another.
fn errors_of(th: Thread<'_>, errors: &Link<Str>) -> Result<String> {
    match errors.get() {
        Some(name) => name.to_utf8(th).map(str::to_owned),
        None => Ok("strict".to_owned()),
    }
}

fn set_errors(th: Thread<'_>, errors: &Link<Str>, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else { raise!(th, AttributeError, "cannot delete attribute") };
    let Some(name) = value.downcast::<Str>() else {
        raise!(th, TypeError, "errors must be a string");
    };
    name.to_utf8(th)?;
    errors.set(Some(object::own(name)));
    Ok(())
}

/// `before` and `text` in a row.
fn joined(before: Option<Ref<Str>>, text: &Str) -> TextBuf {
    let mut all = before.map(|before| before.units().to_buf()).unwrap_or_default();
    all.extend(text.units());
    all
}

/// The multibyte codecs and what they are made of.
#[pymodule]
pub mod _multibytecodec {
    use super::*;

    /// Make a codec of a capsule, which only C code has.
    #[sig = "(arg, /)"]
    fn __create_codec(th: Thread<'_>, arg: Obj<'_>) -> Result<Ref<MultibyteCodec>> {
        let _ = arg;
        raise!(th, ValueError, "argument type invalid")
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<MultibyteIncrementalEncoder>(th)?;
        module.add_type::<MultibyteIncrementalDecoder>(th)?;
        module.add_type::<MultibyteStreamReader>(th)?;
        module.add_type::<MultibyteStreamWriter>(th)
    }
}
