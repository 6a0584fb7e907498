//! Universal newlines: `IncrementalNewlineDecoder`, and its state for our own use.
//!
//! A `\r` at the end of a piece is held back until the next piece tells
//! whether a `\n` follows.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, IntoObject, Link, Obj, Protocol, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, id, own, raise, types,
};
use text::{TextBuf, Units};

const SEEN_CR: u8 = 1;
const SEEN_LF: u8 = 2;
const SEEN_CRLF: u8 = 4;

/// What was seen and what waits.
#[derive(Default)]
pub(super) struct Newlines {
    pub(super) translate: Cell<bool>,
    pub(super) pending_cr: Cell<bool>,
    seen: Cell<u8>,
}

fn has(units: Units<'_>, code: u8) -> bool {
    match units {
        Units::Ucs1(bytes) => memchr::memchr(code, bytes).is_some(),
        _ => text::search::find_char(units, u32::from(code)).is_some(),
    }
}

impl Newlines {
    pub(super) fn new(translate: bool) -> Self {
        let newlines = Newlines::default();
        newlines.translate.set(translate);
        newlines
    }

    pub(super) fn reset(&self) {
        self.seen.set(0);
        self.pending_cr.set(false);
    }

    /// Go through a piece of text.
    pub(super) fn decode(&self, th: Thread<'_>, input: Ref<Str>, last: bool) -> Result<Ref<Str>> {
        let (cr, lf) = (u32::from(b'\r'), u32::from(b'\n'));
        let mut input = input;
        if self.pending_cr.get() && (last || input.len() > 0) {
            input = Str::from_char(th, cr)?.concat(th, &input)?;
            self.pending_cr.set(false);
        }
        if !last && input.len() > 0 && input.get(input.len() - 1) == Some(cr) {
            input = input.slice(th, 0, input.len() - 1)?;
            self.pending_cr.set(true);
        }
        let units = input.units();
        if !has(units, b'\r') {
            if self.seen.get() & SEEN_LF == 0 && has(units, b'\n') {
                self.seen.set(self.seen.get() | SEEN_LF);
            }
            return Ok(input);
        }
        let translate = self.translate.get();
        let mut out = TextBuf::new();
        let mut seen = self.seen.get();
        let mut codes = units.iter().peekable();
        while let Some(code) = codes.next() {
            if code == lf {
                seen |= SEEN_LF;
            } else if code == cr {
                if codes.peek() == Some(&lf) {
                    codes.next();
                    seen |= SEEN_CRLF;
                } else {
                    seen |= SEEN_CR;
                }
                if translate {
                    out.push(lf);
                }
                continue;
            }
            if translate {
                out.push(code);
            }
        }
        self.seen.set(seen);
        if translate { Str::from_buf(th, &out) } else { Ok(input) }
    }

    /// The attribute `newlines`.
    pub(super) fn kinds(&self, th: Thread<'_>) -> Result<Ref> {
        let all = [(SEEN_CR, "\r"), (SEEN_LF, "\n"), (SEEN_CRLF, "\r\n")];
        let mut kinds = Vec::new();
        for (bit, text) in all {
            if self.seen.get() & bit != 0 {
                kinds.push(text.into_object(th)?);
            }
        }
        match kinds.len() {
            0 => Ok(types::none().own()),
            1 => Ok(kinds.remove(0)),
            _ => Tuple::from_refs(th, kinds).map(Ref::upcast),
        }
    }
}

/// Codec used when reading a file in universal newlines mode.
///
/// It wraps another incremental decoder, translating \r\n and \r into \n.
/// It also records the types of newlines encountered.  When used with
/// translate=False, it ensures that the newline sequence is returned in
/// one piece. When used with decoder=None, it expects unicode strings as
/// decode input and translates newlines without first invoking an external
/// decoder.
#[pytype(name = "_io.IncrementalNewlineDecoder", sig = "(decoder, translate, errors='strict')", flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct IncrementalNewlineDecoder {
    head: Head,
    decoder: Link,
    errors: Link,
    #[traverse(skip)]
    newlines: Newlines,
}

impl IncrementalNewlineDecoder {
    fn inner(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        match self.decoder.get() {
            Some(decoder) if decoder.obj().is_none() => Ok(None),
            Some(decoder) => Ok(Some(decoder)),
            None => raise!(th, ValueError, "IncrementalNewlineDecoder.__init__() not called"),
        }
    }
}

#[pymethods]
impl IncrementalNewlineDecoder {
    #[hidden]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&Dict>,
    ) -> Result<Ref<IncrementalNewlineDecoder>> {
        let decoder = IncrementalNewlineDecoder {
            head: Head::new(),
            decoder: Link::null(),
            errors: Link::null(),
            newlines: Newlines::default(),
        };
        alloc_object::alloc(th, cls, decoder)
    }

    #[sig = "IncrementalNewlineDecoder(decoder, translate, errors='strict')"]
    fn __init__(
        &self,
        _: Thread<'_>,
        decoder: Obj<'_>,
        translate: bool,
        errors: Option<Obj<'_>>,
    ) -> Result<()> {
        self.decoder.set(Some(decoder.own()));
        self.errors.set(errors.map(|errors| errors.own()));
        self.newlines.reset();
        self.newlines.translate.set(translate);
        Ok(())
    }

    #[sig = "($self, /, input, final=False)"]
    fn decode(&self, th: Thread<'_>, input: Obj<'_>, last: bool) -> Result<Ref<Str>> {
        let text = match self.inner(th)? {
            Some(decoder) => {
                decoder.call_method(th, id!(th, "decode"), &[input, types::bool_(last)])?
            }
            None => input.own(),
        };
        let Some(text) = text.obj().downcast::<Str>() else {
            raise!(
                th,
                TypeError,
                "decoder should return a string result, not '{}'",
                text.obj().type_name()
            );
        };
        self.newlines.decode(th, own(text), last)
    }

    #[sig = "($self, /)"]
    fn getstate(&self, th: Thread<'_>) -> Result<(Ref, Ref)> {
        let (buffer, flag) = match self.inner(th)? {
            Some(decoder) => super::codec::state_of(th, decoder.obj())?,
            None => (Bytes::new(th, b"")?.upcast(), Int::from_i64(th, 0)?),
        };
        let flag = Int::index_to_u64(th, flag.obj())?;
        let flag = flag << 1 | u64::from(self.newlines.pending_cr.get());
        Ok((buffer, Int::from_u64(th, flag)?))
    }

    #[sig = "($self, state, /)"]
    fn setstate(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        let Some(items) = state.downcast::<Tuple>().map(Tuple::items) else {
            raise!(th, TypeError, "state argument must be a tuple");
        };
        let [buffer, flag] = items else {
            raise!(th, TypeError, "setstate(): illegal state argument");
        };
        let flag = Int::index_to_u64(th, *flag)?;
        self.newlines.pending_cr.set(flag & 1 != 0);
        if let Some(decoder) = self.inner(th)? {
            let state = (buffer.own(), Int::from_u64(th, flag >> 1)?).into_object(th)?;
            decoder.call_method(th, id!(th, "setstate"), &[state.obj()])?;
        }
        Ok(())
    }

    #[sig = "($self, /)"]
    fn reset(&self, th: Thread<'_>) -> Result<()> {
        let decoder = self.inner(th)?;
        self.newlines.reset();
        if let Some(decoder) = decoder {
            decoder.call_method(th, id!(th, "reset"), &[])?;
        }
        Ok(())
    }

    #[getter]
    fn newlines(&self, th: Thread<'_>) -> Result<Ref> {
        self.inner(th)?;
        self.newlines.kinds(th)
    }
}
