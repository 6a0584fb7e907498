//! Encoders and decoders that get a stream in pieces.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::Protocol as _;
use object::{
    AsObject, Bytes, Head, Int, IntoObject, Link, Obj, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object,
    args::Given,
    exceptions::{UnicodeFields, types::UnicodeDecodeError},
    raise,
    types::{self, str::codec::Native},
};

use text::codecs::cjk;

use super::{Kind, State, construct, errors_of, joined, set_errors, text_of};
use crate::support::Data;

/// The most bytes of an incomplete sequence.
const MAX_PENDING_BYTES: usize = 8;
/// The most bytes of pending characters in UTF-8.
const MAX_PENDING_TEXT: usize = 8;

/// A stream of text on its way to bytes.
pub(super) struct EncoderState {
    pub(super) kind: Kind,
    pub(super) state: Cell<State>,
    pub(super) pending: Cell<Option<Ref<Str>>>,
}

impl object::Traverse for EncoderState {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl EncoderState {
    pub(super) fn new(kind: Kind) -> Self {
        EncoderState { kind, state: Cell::new(kind.start(false)), pending: Cell::new(None) }
    }

    /// The characters that wait for what follows them.
    pub(super) fn pending(&self) -> Option<Ref<Str>> {
        let pending = self.pending.take();
        self.pending.set(pending.clone());
        pending
    }

    /// Encode the next part.
    pub(super) fn encode(
        &self,
        th: Thread<'_>,
        input: Obj<'_>,
        errors: &str,
        finish: bool,
    ) -> Result<Ref<Bytes>> {
        let text = joined(self.pending(), &*text_of(th, input)?);
        let mut state = self.state.get();
        let result = self.kind.encode(th, text.as_units(), Some(errors), finish, &mut state);
        self.state.set(state);
        let (bytes, consumed) = result?;
        let rest = text.as_units().slice(consumed, text.len());
        let rest = if rest.is_empty() { None } else { Some(Str::from_units(th, rest)?) };
        drop(self.pending.replace(rest));
        Bytes::new(th, &bytes)
    }
}

/// Encodes text part by part.
#[pytype(name = "_multibytecodec.MultibyteIncrementalEncoder", flags = BASETYPE | IMMUTABLETYPE)]
pub struct MultibyteIncrementalEncoder {
    head: Head,
    errors: Link<Str>,
    stream: EncoderState,
}

#[pymethods]
impl MultibyteIncrementalEncoder {
    #[sig = "IncrementalEncoder(errors='strict')"]
    fn __new__(th: Thread<'_>, cls: &Type, errors: Option<Given<&str>>) -> Result<Ref> {
        let (kind, errors) = construct(th, cls, errors.map(|Given(name)| name))?;
        let stream = EncoderState::new(kind);
        let new = MultibyteIncrementalEncoder { head: Head::new(), errors, stream };
        alloc_object::alloc(th, cls, new).map(Ref::upcast)
    }

    fn __init__(&self, _: Thread<'_>, _: &Tuple, _: Option<&object::Dict>) -> Result<()> {
        Ok(())
    }

    #[sig = "($self, /, input, final=False)"]
    fn encode(
        &self,
        th: Thread<'_>,
        input: Obj<'_>,
        r#final: Option<Given<bool>>,
    ) -> Result<Ref<Bytes>> {
        let errors = errors_of(th, &self.errors)?;
        self.stream.encode(th, input, &errors, r#final.is_some_and(|Given(last)| last))
    }

    #[sig = "($self, /)"]
    fn getstate(&self, th: Thread<'_>) -> Result<Ref> {
        let mut bytes = vec![0];
        if let Some(pending) = self.stream.pending() {
            bytes.extend(pending.to_utf8(th)?.as_bytes());
        }
        if let [length, text @ ..] = bytes.as_mut_slice() {
            *length = text.len() as u8;
        }
        bytes.extend(self.stream.state.get());
        Int::from_bytes(th, &bytes, true, false)
    }

    #[sig = "($self, state, /)"]
    fn setstate(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        if !Int::is_int(state) {
            raise!(th, TypeError, "setstate() argument must be int, not {}", state.type_name());
        }
        let bytes = Int::to_bytes(th, state, 1 + MAX_PENDING_TEXT + 8, true, false)?;
        let [length, rest @ ..] = bytes.as_bytes() else { return Ok(()) };
        let Some((text, rest)) = rest
            .split_at_checked((*length).into())
            .filter(|parts| parts.0.len() <= MAX_PENDING_TEXT)
        else {
            raise!(th, UnicodeError, "pending buffer too large");
        };
        let pending = match text {
            [] => None,
            text => Some(Native::Utf8.decode(th, text, None, None)?),
        };
        drop(self.stream.pending.replace(pending));
        if let Some(state) = rest.first_chunk() {
            self.stream.state.set(*state);
        }
        Ok(())
    }

    #[sig = "($self, /)"]
    fn reset(&self, _: Thread<'_>) -> Result<()> {
        let mut state = self.stream.state.get();
        self.stream.kind.reset_encoder(&mut state);
        self.stream.state.set(state);
        drop(self.stream.pending.take());
        Ok(())
    }

    /// how to treat errors
    #[getter]
    #[name = "errors"]
    fn get_errors(&self, _: Thread<'_>) -> Option<Ref<Str>> {
        self.errors.get()
    }

    #[setter(errors)]
    fn replace_errors(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        set_errors(th, &self.errors, value)
    }
}

/// A stream of bytes on its way to text.
pub(super) struct DecoderState {
    pub(super) kind: Kind,
    pub(super) state: Cell<State>,
    pub(super) pending: RefCell<Vec<u8>>,
}

impl object::Traverse for DecoderState {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl DecoderState {
    pub(super) fn new(kind: Kind) -> Self {
        let state = Cell::new(kind.start(true));
        DecoderState { kind, state, pending: RefCell::default() }
    }

    /// Decode the next part; what is left of it waits for the one after.
    pub(super) fn decode(
        &self,
        th: Thread<'_>,
        input: &[u8],
        errors: &str,
        last: bool,
    ) -> Result<text::TextBuf> {
        let mut bytes = self.pending.borrow().clone();
        bytes.extend_from_slice(input);
        let mut state = self.state.get();
        let result = self.kind.decode(th, &bytes, Some(errors), last, &mut state);
        self.state.set(state);
        let decoded = match result {
            Ok(decoded) => decoded,
            Err(raised) => return Err(self.failed(th, raised)),
        };
        let rest = bytes.get(decoded.consumed..).unwrap_or_default();
        if rest.len() > MAX_PENDING_BYTES {
            raise!(th, UnicodeError, "pending buffer overflow");
        }
        *self.pending.borrow_mut() = rest.to_vec();
        Ok(decoded.text)
    }

    /// Forget what waited, except where it was found to be incomplete.
    fn failed(&self, th: Thread<'_>, raised: object::Raised) -> object::Raised {
        let exception = th.take_exception(raised);
        let incomplete = UnicodeFields::of(exception.obj())
            .and_then(|fields| fields.reason())
            .is_some_and(|reason| types::str_eq(reason.obj(), cjk::INCOMPLETE));
        if !incomplete {
            self.pending.borrow_mut().clear();
        }
        th.restore(exception)
    }

    pub(super) fn reset(&self) {
        self.state.set(self.kind.start(true));
        self.pending.borrow_mut().clear();
    }
}

/// Decodes bytes part by part.
#[pytype(name = "_multibytecodec.MultibyteIncrementalDecoder", flags = BASETYPE | IMMUTABLETYPE)]
pub struct MultibyteIncrementalDecoder {
    head: Head,
    errors: Link<Str>,
    stream: DecoderState,
}

#[pymethods]
impl MultibyteIncrementalDecoder {
    #[sig = "IncrementalDecoder(errors='strict')"]
    fn __new__(th: Thread<'_>, cls: &Type, errors: Option<Given<&str>>) -> Result<Ref> {
        let (kind, errors) = construct(th, cls, errors.map(|Given(name)| name))?;
        let stream = DecoderState::new(kind);
        let new = MultibyteIncrementalDecoder { head: Head::new(), errors, stream };
        alloc_object::alloc(th, cls, new).map(Ref::upcast)
    }

    fn __init__(&self, _: Thread<'_>, _: &Tuple, _: Option<&object::Dict>) -> Result<()> {
        Ok(())
    }

    #[sig = "($self, /, input, final=False)"]
    fn decode(
        &self,
        th: Thread<'_>,
        input: Data,
        r#final: Option<Given<bool>>,
    ) -> Result<Ref<Str>> {
        let errors = errors_of(th, &self.errors)?;
        let last = r#final.is_some_and(|Given(last)| last);
        Str::from_buf(th, &self.stream.decode(th, input.bytes(), &errors, last)?)
    }

    #[sig = "($self, /)"]
    fn getstate(&self, th: Thread<'_>) -> Result {
        let pending = Bytes::new(th, &self.stream.pending.borrow())?;
        let state = Int::from_bytes(th, &self.stream.state.get(), true, false)?;
        (pending, state).into_object(th)
    }

    #[sig = "($self, state, /)"]
    fn setstate(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        let Some(parts) = state.downcast::<Tuple>() else {
            raise!(th, TypeError, "setstate() argument must be tuple, not {}", state.type_name());
        };
        let parts = match *parts.items() {
            [pending, state] if Int::is_int(state) => pending.downcast::<Bytes>().zip(Some(state)),
            _ => None,
        };
        let Some((pending, state)) = parts else {
            raise!(th, TypeError, "setstate(): illegal state argument");
        };
        let state = Int::to_bytes(th, state, 8, true, false)?;
        let bytes = pending.as_bytes();
        if bytes.len() > MAX_PENDING_BYTES {
            return Err(too_large(th, self.stream.kind, pending)?);
        }
        *self.stream.pending.borrow_mut() = bytes.to_vec();
        if let Some(state) = state.as_bytes().first_chunk() {
            self.stream.state.set(*state);
        }
        Ok(())
    }

    #[sig = "($self, /)"]
    fn reset(&self, _: Thread<'_>) -> Result<()> {
        self.stream.reset();
        Ok(())
    }

    /// how to treat errors
    #[getter]
    #[name = "errors"]
    fn get_errors(&self, _: Thread<'_>) -> Option<Ref<Str>> {
        self.errors.get()
    }

    #[setter(errors)]
    fn replace_errors(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        set_errors(th, &self.errors, value)
    }
}

fn too_large(th: Thread<'_>, kind: Kind, pending: &Bytes) -> Result<object::Raised> {
    let name = kind.name().into_object(th)?;
    let (start, end) = (0_usize.into_object(th)?, pending.len().into_object(th)?);
    let reason = Str::new(th, "pending buffer too large")?;
    let arguments = [name.obj(), pending.obj(), start.obj(), end.obj(), reason.obj()];
    let exception = UnicodeDecodeError().call(th, &arguments)?;
    Ok(th.raise_object(exception))
}
