//! `TextIOWrapper`: characters over a buffered binary file.
//!
//! Text that was decoded but not read yet is in `decoded` from `used` on.
//! `snapshot` is the decoder's state before the chunk it came from, and that
//! chunk: `tell` replays it to find the byte position of a character.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    rc::Rc,
};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Int, IntoObject, Link, List, Obj, Protocol, Raised, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object, exceptions, id, own, raise, types,
    types::str::{StrBuilder, registry},
};
use text::Units;

use super::{
    base::{TextIOBase, generic_readlines, no_pickle},
    buffered::{Core, core_of},
    codec::{self, Decoder, Encoder, Native},
    newline::Newlines,
    unsupported,
};

/// What ends a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LineEnd {
    /// `\n`, other endings being translated or not recognised.
    Lf,
    /// `\n`, `\r` and `\r\n`.
    Universal,
    Cr,
    CrLf,
}

impl LineEnd {
    /// The meaning of the argument `newline`; `None` if it is illegal.
    pub(super) fn from_newline(newline: Option<&str>) -> Option<LineEnd> {
        Some(match newline {
            None | Some("\n") => LineEnd::Lf,
            Some("") => LineEnd::Universal,
            Some("\r") => LineEnd::Cr,
            Some("\r\n") => LineEnd::CrLf,
            Some(_) => return None,
        })
    }

    /// What `\n` becomes in output, if not itself.
    pub(super) fn output(self) -> Option<&'static str> {
        match self {
            LineEnd::Cr => Some("\r"),
            LineEnd::CrLf => Some("\r\n"),
            _ => None,
        }
    }

    /// Where the first line ends, its ending included.
    pub(super) fn find(self, units: Units<'_>) -> Option<usize> {
        let (cr, lf) = (u32::from(b'\r'), u32::from(b'\n'));
        let find = |code: u32| match units {
            Units::Ucs1(bytes) => memchr::memchr(code as u8, bytes),
            _ => text::search::find_char(units, code),
        };
        match self {
            LineEnd::Lf => find(lf).map(|i| i + 1),
            LineEnd::Cr => find(cr).map(|i| i + 1),
            LineEnd::CrLf => text::search::find(units, Units::Ucs1(b"\r\n")).map(|i| i + 2),
            LineEnd::Universal => {
                let found = match units {
                    Units::Ucs1(bytes) => memchr::memchr2(b'\r', b'\n', bytes),
                    _ => units.iter().position(|code| code == cr || code == lf),
                }?;
                let pair = units.get(found) == Some(cr) && units.get(found + 1) == Some(lf);
                Some(found + if pair { 2 } else { 1 })
            }
        }
    }
}

/// Replace `\n`.
pub(super) fn translate_output(th: Thread<'_>, text: &Ref<Str>, ending: &str) -> Result<Ref<Str>> {
    let units = text.units();
    let lf = u32::from(b'\n');
    if text::search::find_char(units, lf).is_none() {
        return Ok(text.clone());
    }
    let mut builder = StrBuilder::new();
    for code in units.iter() {
        if code == lf {
            builder.push_str(th, ending)?;
        } else {
            builder.push(th, code)?;
        }
    }
    builder.finish(th)
}

/// Character and line based layer over a BufferedIOBase object, buffer.
///
/// encoding gives the name of the encoding that the stream will be
/// decoded or encoded with. It defaults to locale.getencoding().
///
/// errors determines the strictness of encoding and decoding (see
/// help(codecs.Codec) or the documentation for codecs.register) and
/// defaults to "strict".
///
/// newline controls how line endings are handled. It can be None, '',
/// '\n', '\r', and '\r\n'.
///
/// If line_buffering is True, a call to flush is implied when a call to
/// write contains a newline character.
#[pytype(name = "_io.TextIOWrapper", base = TextIOBase, sig = "(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)", flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct TextIOWrapper {
    base: TextIOBase,
    pub(super) buffer: Link,
    encoding: Link<Str>,
    errors: Link<Str>,
    encoder: RefCell<Option<Rc<Encoder>>>,
    decoder: RefCell<Option<Rc<Decoder>>>,
    /// Universal newlines on input.
    #[traverse(skip)]
    newlines: Newlines,
    universal: Cell<bool>,
    line_end: Cell<LineEnd>,
    output_end: Cell<LineEnd>,
    ok: Cell<bool>,
    detached: Cell<bool>,
    finalizing: Cell<bool>,
    line_buffering: Cell<bool>,
    write_through: Cell<bool>,
    seekable: Cell<bool>,
    telling: Cell<bool>,
    has_read1: Cell<bool>,
    chunk_size: Cell<usize>,
    #[traverse(skip)]
    pending: RefCell<Vec<u8>>,
    decoded: Link<Str>,
    used: Cell<usize>,
    #[traverse(skip)]
    snapshot: RefCell<Option<(u64, Vec<u8>)>>,
    /// Bytes per character, of the last chunk.
    ratio: Cell<f64>,
}

/// A position in a text file as `tell` returns it.
#[derive(Default, Debug, Clone, Copy)]
struct Cookie {
    position: u64,
    flags: u64,
    feed: u64,
    skip: u64,
    need_eof: bool,
}

impl Cookie {
    fn to_object(self, th: Thread<'_>) -> Result<Ref> {
        let rest = [self.flags, self.feed, self.skip, u64::from(self.need_eof)];
        let mut value = Int::from_u64(th, self.position)?;
        for (i, part) in rest.into_iter().enumerate() {
            if part != 0 {
                let shift = Int::from_i64(th, 64 * (i as i64 + 1))?;
                let part = Int::from_u64(th, part)?;
                let shifted = object::protocol::number::binary(
                    th,
                    object::protocol::number::LSHIFT,
                    part.obj(),
                    shift.obj(),
                )?;
                value = object::protocol::number::binary(
                    th,
                    object::protocol::number::OR,
                    value.obj(),
                    shifted.obj(),
                )?;
            }
        }
        Ok(value)
    }

    fn from_object(th: Thread<'_>, object: Obj<'_>) -> Result<Cookie> {
        let index = Int::index(th, object)?;
        if let Some(position) = Int::to_i64(index.obj()) {
            return Ok(Cookie { position: position as u64, ..Cookie::default() });
        }
        let size = Int::from_i64(th, 40)?;
        let order = Str::new(th, "little")?;
        let bytes = index.call_method(th, id!(th, "to_bytes"), &[size.obj(), order.obj()])?;
        let Some(bytes) = bytes.obj().downcast::<Bytes>() else {
            raise!(th, TypeError, "an integer is required");
        };
        let word = |i: usize| {
            let mut word = [0u8; 8];
            for (to, from) in word.iter_mut().zip(bytes.as_bytes().iter().skip(8 * i)) {
                *to = *from;
            }
            u64::from_le_bytes(word)
        };
        Ok(Cookie {
            position: word(0),
            flags: word(1),
            feed: word(2),
            skip: word(3),
            need_eof: word(4) != 0,
        })
    }
}

/// The encoding of the locale.
fn locale_encoding(th: Thread<'_>) -> Cow<'static, str> {
    if th.interp().flags.borrow().utf8_mode > 0 {
        return "utf-8".into();
    }
    match host::locale::codeset() {
        codeset if codeset.is_empty() || codeset == b"UTF-8" => "UTF-8".into(),
        codeset => String::from_utf8_lossy(&codeset).into_owned().into(),
    }
}

impl TextIOWrapper {
    fn buffer(&self, th: Thread<'_>) -> Result<Ref> {
        match self.buffer.get() {
            Some(buffer) if self.ok.get() => Ok(buffer),
            _ if self.detached.get() => {
                raise!(th, ValueError, "underlying buffer has been detached")
            }
            _ => raise!(th, ValueError, "I/O operation on uninitialized object"),
        }
    }

    fn open_buffer(&self, th: Thread<'_>) -> Result<Ref> {
        let buffer = self.buffer(th)?;
        let closed = match core_of(buffer.obj()).and_then(Core::fast_closed) {
            Some(closed) => closed,
            None => buffer.getattr(th, id!(th, "closed"))?.is_true(th)?,
        };
        if closed {
            raise!(th, ValueError, "I/O operation on closed file.");
        }
        Ok(buffer)
    }

    fn get_decoder(&self, th: Thread<'_>) -> Result<Rc<Decoder>> {
        match &*self.decoder.borrow() {
            Some(decoder) => Ok(decoder.clone()),
            None => Err(unsupported(th, "not readable")),
        }
    }

    /// Set the codec, newline mode and what follows from them.
    fn configure(
        &self,
        th: Thread<'_>,
        buffer: Obj<'_>,
        encoding: &str,
        errors: &str,
    ) -> Result<()> {
        if Native::from_name(encoding).is_none() {
            codec::lookup(th, encoding)?;
        }
        if th.interp().flags.borrow().dev_mode {
            registry::lookup_error(th, errors)?;
        }
        let readable = buffer.call_method(th, id!(th, "readable"), &[])?.is_true(th)?;
        let writable = buffer.call_method(th, id!(th, "writable"), &[])?.is_true(th)?;
        let decoder =
            if readable { Some(Rc::new(Decoder::new(th, encoding, errors)?)) } else { None };
        let encoder =
            if writable { Some(Rc::new(Encoder::new(th, encoding, errors)?)) } else { None };
        self.decoder.replace(decoder);
        self.encoder.replace(encoder);
        self.encoding.set(Some(Str::new(th, encoding)?));
        self.errors.set(Some(Str::new(th, errors)?));
        Ok(())
    }

    fn set_newline(&self, newline: Option<&str>, end: LineEnd) {
        self.line_end.set(end);
        self.output_end.set(end);
        self.universal.set(newline.is_none_or(str::is_empty));
        self.newlines.translate.set(newline.is_none());
    }

    /// Tell the encoder whether it writes at the start of the file.
    fn fix_encoder(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result<()> {
        let encoder = self.encoder.borrow().clone();
        if let Some(encoder) = encoder
            && self.seekable.get()
            && matches!(*encoder, Encoder::Object(_))
        {
            let position = buffer.call_method(th, id!(th, "tell"), &[])?;
            if Int::to_i64(position.obj()) != Some(0) {
                encoder.set_start(th, false)?;
            }
        }
        Ok(())
    }

    fn forget_input(&self) {
        self.decoded.take();
        self.used.set(0);
    }

    /// Hand pending output to the buffer.
    fn flush_pending(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result<()> {
        if self.pending.borrow().is_empty() {
            return Ok(());
        }
        let data = self.pending.take();
        let result = match core_of(buffer) {
            Some(core) => core.write(th, buffer, &data).map(drop),
            None => {
                let bytes = Bytes::new(th, &data)?;
                buffer.call_method(th, id!(th, "write"), &[bytes.obj()]).map(drop)
            }
        };
        if result.is_ok() && self.pending.borrow().is_empty() {
            // Keep the memory for the next output.
            let mut data = data;
            data.clear();
            self.pending.replace(data);
        }
        result
    }

    /// Write what is pending until `more` bytes fit; writing may write more.
    fn make_room(&self, th: Thread<'_>, buffer: Obj<'_>, more: usize) -> Result<()> {
        loop {
            let waiting = self.pending.borrow().len();
            if waiting == 0 || waiting + more <= self.chunk_size.get() {
                return Ok(());
            }
            self.flush_pending(th, buffer)?;
        }
    }

    fn flush_buffer(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result<()> {
        match core_of(buffer) {
            Some(core) => core.flush(th, buffer),
            None => buffer.call_method(th, id!(th, "flush"), &[]).map(drop),
        }
    }

    /// `string.replace("\n", ending)` of a subclass, which may do anything.
    fn replaced(&self, th: Thread<'_>, string: &Str, ending: &str) -> Result<Ref<Str>> {
        let ending = Str::new(th, ending)?;
        let replaced = string.obj().call_method(
            th,
            id!(th, "replace"),
            &[id!(th, "\n").obj(), ending.obj()],
        )?;
        let text = match replaced.downcast::<Str>() {
            Ok(text) => text,
            Err(other) => raise!(
                th,
                TypeError,
                "replace() should return a str, not '{}'",
                other.obj().type_name()
            ),
        };
        self.open_buffer(th)?;
        if self.encoder.borrow().is_none() {
            return Err(unsupported(th, "not writable"));
        }
        Ok(text)
    }

    fn write_text(&self, th: Thread<'_>, string: &Str) -> Result<usize> {
        let buffer = self.open_buffer(th)?;
        let encoder = self.encoder.borrow().clone();
        let Some(encoder) = encoder else { return Err(unsupported(th, "not writable")) };
        let length = string.len();
        let ending = self.output_end.get().output();
        let units = string.units();
        let has = |byte: u8| match units {
            Units::Ucs1(bytes) => memchr::memchr(byte, bytes).is_some(),
            _ => text::search::find_char(units, u32::from(byte)).is_some(),
        };
        let line_buffering = self.line_buffering.get();
        let has_lf = (ending.is_some() || line_buffering) && has(b'\n');
        let needs_flush = line_buffering && (has_lf || has(b'\r'));
        let translated = match ending {
            Some(ending) if has_lf && string.obj().is_exact::<Str>() => {
                Some(translate_output(th, &own(string), ending)?)
            }
            Some(ending) if has_lf => Some(self.replaced(th, string, ending)?),
            _ => None,
        };
        let string = translated.as_deref().unwrap_or(string);
        let chunk = self.chunk_size.get();
        match (&*encoder, string.as_ascii()) {
            (Encoder::Native(..), Some(ascii)) => {
                self.make_room(th, buffer.obj(), ascii.len())?;
                let mut pending = self.pending.borrow_mut();
                if pending.try_reserve(ascii.len()).is_err() {
                    return Err(th.no_memory());
                }
                pending.extend_from_slice(ascii.as_bytes());
            }
            _ => {
                let mut data = Vec::new();
                encoder.encode(th, string, &mut data)?;
                self.make_room(th, buffer.obj(), data.len())?;
                self.pending.borrow_mut().extend_from_slice(&data);
            }
        }
        if self.pending.borrow().len() >= chunk || needs_flush || self.write_through.get() {
            self.flush_pending(th, buffer.obj())?;
        }
        if needs_flush {
            self.flush_buffer(th, buffer.obj())?;
        }
        // COMPAT: without a position to go back to, what was read stays; test_issue35928.
        if self.snapshot.borrow().is_some() {
            self.forget_input();
            self.snapshot.replace(None);
        }
        let decoder = self.decoder.borrow().clone();
        if let Some(decoder) = decoder {
            decoder.reset(th)?;
            self.newlines.pending_cr.set(false);
        }
        Ok(length)
    }

    fn decode(
        &self,
        th: Thread<'_>,
        decoder: &Decoder,
        input: &[u8],
        last: bool,
    ) -> Result<Ref<Str>> {
        let text = decoder.decode(th, input, last)?;
        if self.universal.get() { self.newlines.decode(th, text, last) } else { Ok(text) }
    }

    fn decoder_state(&self, th: Thread<'_>, decoder: &Decoder) -> Result<(Vec<u8>, u64)> {
        let (buffer, flags) = decoder.state(th)?;
        if self.universal.get() {
            return Ok((buffer, flags << 1 | u64::from(self.newlines.pending_cr.get())));
        }
        Ok((buffer, flags))
    }

    fn set_decoder_state(
        &self,
        th: Thread<'_>,
        decoder: &Decoder,
        buffer: &[u8],
        flags: u64,
    ) -> Result<()> {
        let mut flags = flags;
        if self.universal.get() {
            self.newlines.pending_cr.set(flags & 1 != 0);
            flags >>= 1;
        }
        if buffer.is_empty() && flags == 0 {
            return decoder.reset(th);
        }
        decoder.set_state(th, buffer, flags)
    }

    /// Read and decode a chunk; false at the end of the file.
    fn read_chunk(&self, th: Thread<'_>, hint: usize) -> Result<bool> {
        let decoder = self.get_decoder(th)?;
        let buffer = self.buffer(th)?;
        let before =
            if self.telling.get() { Some(self.decoder_state(th, &decoder)?) } else { None };
        let wanted = if hint > 0 {
            ((self.ratio.get().max(1.0) * hint as f64) as usize).max(self.chunk_size.get())
        } else {
            self.chunk_size.get()
        };
        let input = match core_of(buffer.obj()) {
            Some(core) => core.read_once(th, buffer.obj(), wanted as isize)?,
            None => {
                let name = if self.has_read1.get() { id!(th, "read1") } else { id!(th, "read") };
                let data = buffer.call_method(th, name, &[wanted.into_object(th)?.obj()])?;
                let Ok(data) = crate::support::Buffer::readable(th, data.obj()) else {
                    th.swap_exception(None);
                    raise!(
                        th,
                        TypeError,
                        "underlying {}() should have returned a bytes-like object, not '{}'",
                        name,
                        data.obj().type_name()
                    );
                };
                data.bytes().to_vec()
            }
        };
        let eof = input.is_empty();
        let text = self.decode(th, &decoder, &input, eof)?;
        let length = text.len();
        self.ratio.set(if length > 0 { input.len() as f64 / length as f64 } else { 0.0 });
        self.decoded.set(Some(text));
        self.used.set(0);
        if let Some((mut bytes, flags)) = before {
            bytes.extend_from_slice(&input);
            self.snapshot.replace(Some((flags, bytes)));
        }
        Ok(!(eof && length == 0))
    }

    /// Take up to `wanted` decoded characters.
    fn take(&self, th: Thread<'_>, wanted: usize) -> Result<Ref<Str>> {
        let Some(decoded) = self.decoded.get() else { return Ok(Str::empty(th)) };
        let start = self.used.get().min(decoded.len());
        let end = start.saturating_add(wanted).min(decoded.len());
        self.used.set(end);
        if start == 0 && end == decoded.len() {
            return Ok(decoded);
        }
        decoded.slice(th, start, end)
    }

    fn next_line(&self, th: Thread<'_>, limit: Option<usize>) -> Result<Ref<Str>> {
        let buffer = self.buffer(th)?;
        self.flush_pending(th, buffer.obj())?;
        let mode = self.line_end.get();
        let mut builder: Option<StrBuilder> = None;
        let mut left = limit.unwrap_or(usize::MAX);
        loop {
            if let Some(decoded) = self.decoded.get()
                && self.used.get() < decoded.len()
            {
                let start = self.used.get();
                let rest = decoded.units().slice(start, decoded.len());
                let split = mode == LineEnd::CrLf
                    && rest.get(0) == Some(u32::from(b'\n'))
                    && builder.as_ref().is_some_and(|builder| {
                        let units = builder.units();
                        units.len() > 0 && units.get(units.len() - 1) == Some(u32::from(b'\r'))
                    });
                let found = if split { Some(1) } else { mode.find(rest) };
                let size = found.unwrap_or(rest.len()).min(left);
                left -= size;
                let done = found.is_some() || left == 0;
                self.used.set(start + size);
                if done && builder.is_none() {
                    return decoded.slice(th, start, start + size);
                }
                let piece = builder.get_or_insert_with(StrBuilder::new);
                piece.push_units(th, rest.slice(0, size))?;
                if done {
                    break;
                }
            }
            if left == 0 {
                break;
            }
            if !self.read_chunk(th, 0)? {
                self.forget_input();
                self.snapshot.replace(None);
                break;
            }
        }
        match builder {
            Some(builder) => builder.finish(th),
            None => Ok(Str::empty(th)),
        }
    }

    fn raw_position(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result<i64> {
        let position = buffer.call_method(th, id!(th, "tell"), &[])?;
        Int::index_to_i64(th, position.obj())
    }

    /// The cookie of the current position.
    fn cookie(&self, th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        let buffer = self.open_buffer(th)?;
        if !self.seekable.get() {
            return Err(unsupported(th, "underlying stream is not seekable"));
        }
        if !self.telling.get() {
            raise!(th, OSError, "telling position disabled by next() call");
        }
        self.flush_pending(th, buffer.obj())?;
        this.call_method(th, id!(th, "flush"), &[])?;
        let position = self.raw_position(th, buffer.obj())?;
        let decoder = self.decoder.borrow().clone();
        let snapshot = self.snapshot.borrow().clone();
        let (Some(decoder), Some((flags, input))) = (decoder, snapshot) else {
            return position.into_object(th);
        };
        let position = (position - input.len() as i64).max(0) as u64;
        let skip = self.used.get();
        if self.decoded.is_null() || skip == 0 {
            return Cookie { position, flags, ..Cookie::default() }.to_object(th);
        }
        let saved = self.decoder_state(th, &decoder)?;
        let result = self.locate(th, &decoder, position, flags, &input, skip);
        let restored = self.set_decoder_state(th, &decoder, &saved.0, saved.1);
        let cookie = result?;
        restored?;
        cookie.to_object(th)
    }

    /// Replay `input` to find where its character `skip` starts.
    fn locate(
        &self,
        th: Thread<'_>,
        decoder: &Decoder,
        position: u64,
        flags: u64,
        input: &[u8],
        skip: usize,
    ) -> Result<Cookie> {
        let mut cookie = Cookie { position, flags, ..Cookie::default() };
        let mut skip = skip;
        // Guess a safe start close before the character.
        let mut guess = ((self.ratio.get() * skip as f64) as usize).min(input.len());
        let mut back = 1;
        while guess > 0 {
            self.set_decoder_state(th, decoder, b"", flags)?;
            let count =
                self.decode(th, decoder, input.get(..guess).unwrap_or_default(), false)?.len();
            if count <= skip {
                let (rest, state) = self.decoder_state(th, decoder)?;
                if rest.is_empty() {
                    cookie.flags = state;
                    skip -= count;
                    break;
                }
                guess -= rest.len().min(guess);
                back = 1;
            } else {
                guess -= back.min(guess);
                back *= 2;
            }
        }
        if guess == 0 {
            self.set_decoder_state(th, decoder, b"", flags)?;
        }
        cookie.position = position + guess as u64;
        if skip == 0 {
            return Ok(cookie);
        }
        let (mut fed, mut decoded) = (0u64, 0usize);
        let mut found = false;
        for byte in input.get(guess..).unwrap_or_default() {
            fed += 1;
            decoded += self.decode(th, decoder, &[*byte], false)?.len();
            let (rest, state) = self.decoder_state(th, decoder)?;
            if rest.is_empty() && decoded <= skip {
                cookie.position += fed;
                skip -= decoded;
                cookie.flags = state;
                (fed, decoded) = (0, 0);
            }
            if decoded >= skip {
                found = true;
                break;
            }
        }
        if !found {
            decoded += self.decode(th, decoder, b"", true)?.len();
            cookie.need_eof = true;
            if decoded < skip {
                raise!(th, OSError, "can't reconstruct logical file position");
            }
        }
        cookie.feed = fed;
        cookie.skip = skip as u64;
        Ok(cookie)
    }

    /// Go to a cookie.
    fn go_to(&self, th: Thread<'_>, buffer: Obj<'_>, cookie: Cookie) -> Result<()> {
        let position = Int::from_u64(th, cookie.position)?;
        buffer.call_method(th, id!(th, "seek"), &[position.obj()])?;
        self.forget_input();
        self.snapshot.replace(None);
        let decoder = self.decoder.borrow().clone();
        if let Some(decoder) = &decoder {
            self.set_decoder_state(th, decoder, b"", cookie.flags)?;
        }
        if cookie.skip > 0 {
            let Some(decoder) = &decoder else { return Err(unsupported(th, "not readable")) };
            let wanted = cookie.feed.into_object(th)?;
            let data = buffer.call_method(th, id!(th, "read"), &[wanted.obj()])?;
            let data = crate::support::Buffer::readable(th, data.obj())?;
            self.snapshot.replace(Some((cookie.flags, data.bytes().to_vec())));
            let text = self.decode(th, decoder, data.bytes(), cookie.need_eof)?;
            if (text.len() as u64) < cookie.skip {
                raise!(th, OSError, "can't restore logical file position");
            }
            self.decoded.set(Some(text));
            self.used.set(cookie.skip as usize);
        } else {
            self.snapshot.replace(Some((cookie.flags, Vec::new())));
        }
        let encoder = self.encoder.borrow().clone();
        if let Some(encoder) = encoder {
            encoder.set_start(th, cookie.position == 0 && cookie.flags == 0)?;
        }
        Ok(())
    }

    fn of<'a>(th: Thread<'_>, this: Obj<'a>) -> Result<&'a TextIOWrapper> {
        match this.downcast::<TextIOWrapper>() {
            Some(this) => Ok(this),
            None => raise!(th, TypeError, "a text file is required"),
        }
    }
}

/// `None`, or the string that is the argument `what` of a function.
fn string_or_none<'a>(
    th: Thread<'_>,
    value: Option<Obj<'a>>,
    function: &str,
    what: &str,
) -> Result<Option<&'a Str>> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(None) };
    match value.downcast::<Str>() {
        Some(text) => Ok(Some(text)),
        None => raise!(
            th,
            TypeError,
            "{function}() argument '{what}' must be str or None, not {}",
            value.type_name()
        ),
    }
}

/// COMPAT: `reconfigure` takes a name up to its first NUL; test_io.
fn c_string<'a>(th: Thread<'_>, name: &'a Str) -> Result<&'a str> {
    let text = name.to_utf8(th)?;
    Ok(text.split('\0').next().unwrap_or(text))
}

/// `None`, or the text of an argument of the constructor.
fn text_or_none(th: Thread<'_>, value: Option<Obj<'_>>, what: &str) -> Result<Option<String>> {
    let Some(text) = string_or_none(th, value, "TextIOWrapper", what)? else { return Ok(None) };
    let text = text.to_utf8(th)?.to_owned();
    if what != "newline" && text.contains('\0') {
        raise!(th, ValueError, "embedded null character");
    }
    Ok(Some(text))
}

fn chained(th: Thread<'_>, first: Option<Ref>, raised: Raised) -> Raised {
    let second = th.take_exception(raised);
    if let (Some(first), Some(base)) = (first, exceptions::BaseException::of(second.obj())) {
        base.set_context(Some(first));
    }
    th.restore(second)
}

#[pymethods]
impl TextIOWrapper {
    #[hidden]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&Dict>,
    ) -> Result<Ref<TextIOWrapper>> {
        let file = TextIOWrapper {
            base: TextIOBase::empty(),
            buffer: Link::null(),
            encoding: Link::null(),
            errors: Link::null(),
            encoder: RefCell::default(),
            decoder: RefCell::default(),
            newlines: Newlines::new(false),
            universal: Cell::new(false),
            line_end: Cell::new(LineEnd::Lf),
            output_end: Cell::new(LineEnd::Lf),
            ok: Cell::new(false),
            detached: Cell::new(false),
            finalizing: Cell::new(false),
            line_buffering: Cell::new(false),
            write_through: Cell::new(false),
            seekable: Cell::new(false),
            telling: Cell::new(false),
            has_read1: Cell::new(false),
            chunk_size: Cell::new(8192),
            pending: RefCell::default(),
            decoded: Link::null(),
            used: Cell::new(0),
            snapshot: RefCell::default(),
            ratio: Cell::new(0.0),
        };
        alloc_object::alloc(th, cls, file)
    }

    #[sig = "TextIOWrapper(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)"]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the constructor")]
    fn __init__(
        &self,
        th: Thread<'_>,
        buffer: Obj<'_>,
        encoding: Option<Obj<'_>>,
        errors: Option<Obj<'_>>,
        newline: Option<Obj<'_>>,
        line_buffering: bool,
        write_through: bool,
    ) -> Result<()> {
        self.ok.set(false);
        self.detached.set(false);
        let encoding = text_or_none(th, encoding, "encoding")?;
        let errors = text_or_none(th, errors, "errors")?;
        let newline = text_or_none(th, newline, "newline")?;
        let Some(end) = LineEnd::from_newline(newline.as_deref()) else {
            let newline = newline.unwrap_or_default();
            raise!(th, ValueError, "illegal newline value: {newline}");
        };
        if encoding.is_none() && th.interp().flags.borrow().warn_default_encoding != 0 {
            crate::support::warn(
                th,
                exceptions::types::EncodingWarning(),
                "'encoding' argument not specified",
                1,
            )?;
        }
        let encoding = match encoding.as_deref() {
            None | Some("locale") => locale_encoding(th),
            Some(encoding) => encoding.into(),
        };
        self.configure(th, buffer, &encoding, errors.as_deref().unwrap_or("strict"))?;
        self.set_newline(newline.as_deref(), end);
        self.newlines.reset();
        self.forget_input();
        self.snapshot.replace(None);
        self.pending.replace(Vec::new());
        self.line_buffering.set(line_buffering);
        self.write_through.set(write_through);
        let seekable = buffer.call_method(th, id!(th, "seekable"), &[])?.is_true(th)?;
        self.seekable.set(seekable);
        self.telling.set(seekable);
        self.has_read1.set(buffer.getattr_opt(th, id!(th, "read1"))?.is_some());
        self.buffer.set(Some(buffer.own()));
        self.fix_encoder(th, buffer)?;
        self.ok.set(true);
        Ok(())
    }

    /// Reconfigure the text stream with new parameters.
    ///
    /// This also does an implicit stream flush.
    #[sig = "($self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)"]
    fn reconfigure(
        th: Thread<'_>,
        this: Obj<'_>,
        encoding: Option<Obj<'_>>,
        errors: Option<Obj<'_>>,
        newline: Option<Obj<'_>>,
        line_buffering: Option<Obj<'_>>,
        write_through: Option<Obj<'_>>,
    ) -> Result<()> {
        let slf = Self::of(th, this)?;
        let buffer = slf.buffer(th)?;
        let new_newline = newline;
        let given = |value: &Option<Obj<'_>>| value.is_some_and(|value| !value.is_none());
        if (given(&encoding) || given(&errors) || new_newline.is_some()) && !slf.decoded.is_null() {
            return Err(unsupported(
                th,
                "It is not possible to set the encoding or newline of stream after the first read",
            ));
        }
        let encoding = string_or_none(th, encoding, "reconfigure", "encoding")?;
        let errors = string_or_none(th, errors, "reconfigure", "errors")?;
        let newline = match string_or_none(th, newline, "reconfigure", "newline")? {
            Some(newline) => Some(newline.to_utf8(th)?.to_owned()),
            None => None,
        };
        let end = match new_newline {
            None => None,
            Some(_) => match LineEnd::from_newline(newline.as_deref()) {
                Some(end) => Some(end),
                None => {
                    let newline = newline.unwrap_or_default();
                    raise!(th, ValueError, "illegal newline value: {newline}");
                }
            },
        };
        let flag = |value: Option<Obj<'_>>, old: bool| match value {
            Some(value) if !value.is_none() => {
                let index = Int::index(th, value)?;
                match Int::to_i64(index.obj()) {
                    Some(number) => Ok(number != 0),
                    None => raise!(th, OverflowError, "Python int too large to convert to C int"),
                }
            }
            _ => Ok(old),
        };
        let line_buffering = flag(line_buffering, slf.line_buffering.get())?;
        let write_through = flag(write_through, slf.write_through.get())?;
        this.call_method(th, id!(th, "flush"), &[])?;
        if encoding.is_some() || errors.is_some() {
            let old =
                |link: &Link<Str>| link.get().map(|text| text.to_string()).unwrap_or_default();
            let errors = match (errors, encoding) {
                (Some(errors), _) => c_string(th, errors)?.to_owned(),
                (None, Some(_)) => "strict".to_owned(),
                _ => old(&slf.errors),
            };
            let encoding = match encoding {
                Some(encoding) if encoding.eq_str("locale") => locale_encoding(th).into_owned(),
                Some(encoding) => c_string(th, encoding)?.to_owned(),
                None => old(&slf.encoding),
            };
            slf.configure(th, buffer.obj(), &encoding, &errors)?;
            slf.fix_encoder(th, buffer.obj())?;
        }
        if let Some(end) = end {
            slf.set_newline(newline.as_deref(), end);
        }
        slf.line_buffering.set(line_buffering);
        slf.write_through.set(write_through);
        Ok(())
    }

    #[sig = "($self, /)"]
    fn detach(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        let slf = Self::of(th, this)?;
        let buffer = slf.buffer(th)?;
        this.call_method(th, id!(th, "flush"), &[])?;
        slf.buffer.take();
        slf.detached.set(true);
        slf.ok.set(false);
        Ok(buffer)
    }

    #[sig = "($self, text, /)"]
    fn write(th: Thread<'_>, this: Obj<'_>, text: &Str) -> Result<usize> {
        Self::of(th, this)?.write_text(th, text)
    }

    #[sig = "($self, size=-1, /)"]
    fn read(&self, th: Thread<'_>, size: Option<isize>) -> Result<Ref<Str>> {
        let buffer = self.open_buffer(th)?;
        let decoder = self.get_decoder(th)?;
        self.flush_pending(th, buffer.obj())?;
        let Ok(size) = usize::try_from(size.unwrap_or(-1)) else {
            let bytes = match core_of(buffer.obj()) {
                Some(core) => match core.read_all(th, buffer.obj())? {
                    Some(bytes) => bytes,
                    None => raise!(th, BlockingIOError, "Read returned None."),
                },
                None => {
                    let data = buffer.call_method(th, id!(th, "read"), &[])?;
                    if data.obj().is_none() {
                        raise!(th, BlockingIOError, "Read returned None.");
                    }
                    crate::support::Buffer::readable(th, data.obj())?.bytes().to_vec()
                }
            };
            let text = self.decode(th, &decoder, &bytes, true)?;
            let start = self.take(th, usize::MAX)?;
            self.forget_input();
            self.snapshot.replace(None);
            if start.len() == 0 {
                return Ok(text);
            }
            return start.concat(th, &text);
        };
        let first = self.take(th, size)?;
        if first.len() == size {
            return Ok(first);
        }
        let mut builder = StrBuilder::new();
        builder.push_obj(th, &first)?;
        while builder.len() < size {
            let wanted = size - builder.len();
            if !self.read_chunk(th, wanted)? {
                self.forget_input();
                break;
            }
            let piece = self.take(th, wanted)?;
            builder.push_obj(th, &piece)?;
        }
        builder.finish(th)
    }

    #[sig = "($self, size=-1, /)"]
    fn readline(&self, th: Thread<'_>, size: isize) -> Result<Ref<Str>> {
        self.open_buffer(th)?;
        self.get_decoder(th)?;
        self.next_line(th, usize::try_from(size).ok())
    }

    #[sig = "($self, hint=-1, /)"]
    fn readlines(th: Thread<'_>, this: Obj<'_>, hint: Option<isize>) -> Result<Ref<List>> {
        generic_readlines(th, this, hint)
    }

    #[sig = "($self, /)"]
    fn flush(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        let slf = Self::of(th, this)?;
        let buffer = slf.open_buffer(th)?;
        slf.telling.set(slf.seekable.get());
        slf.flush_pending(th, buffer.obj())?;
        slf.flush_buffer(th, buffer.obj())
    }

    #[sig = "($self, /)"]
    fn close(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        let slf = Self::of(th, this)?;
        let buffer = slf.buffer(th)?;
        if buffer.getattr(th, id!(th, "closed"))?.is_true(th)? || slf.detached.get() {
            return Ok(types::none().own());
        }
        if slf.finalizing.get()
            && let Err(raised) = buffer.call_method(th, id!(th, "_dealloc_warn"), &[this])
        {
            th.clear_exception(raised);
        }
        let error = match this.call_method(th, id!(th, "flush"), &[]) {
            Ok(_) => None,
            Err(raised) => Some(th.take_exception(raised)),
        };
        match (error, buffer.call_method(th, id!(th, "close"), &[])) {
            (None, result) => result,
            (Some(error), Ok(_)) => Err(th.restore(error)),
            (error, Err(raised)) => Err(chained(th, error, raised)),
        }
    }

    #[sig = "($self, /)"]
    fn fileno(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)?.call_method(th, id!(th, "fileno"), &[])
    }

    #[sig = "($self, /)"]
    fn seekable(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)?.call_method(th, id!(th, "seekable"), &[])
    }

    #[sig = "($self, /)"]
    fn readable(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)?.call_method(th, id!(th, "readable"), &[])
    }

    #[sig = "($self, /)"]
    fn writable(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)?.call_method(th, id!(th, "writable"), &[])
    }

    #[sig = "($self, /)"]
    fn isatty(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)?.call_method(th, id!(th, "isatty"), &[])
    }

    /// Set the stream position, and return the new stream position.
    ///
    ///   cookie
    ///     Zero or an opaque number returned by tell().
    ///   whence
    ///     The relative position to seek from.
    ///
    /// Four operations are supported, given by the following argument
    /// combinations:
    ///
    /// - seek(0, SEEK_SET): Rewind to the start of the stream.
    /// - seek(cookie, SEEK_SET): Restore a previous position.
    ///   'cookie' must be a number returned by tell().
    /// - seek(0, SEEK_END): Fast-forward to the end of the stream.
    /// - seek(0, SEEK_CUR): Leave the current stream position unchanged.
    ///
    /// Any other argument combinations are invalid,
    /// and may raise exceptions.
    #[sig = "($self, cookie, whence=0, /)"]
    fn seek(th: Thread<'_>, this: Obj<'_>, cookie: Obj<'_>, whence: i32) -> Result<Ref> {
        let slf = Self::of(th, this)?;
        let buffer = slf.open_buffer(th)?;
        if !slf.seekable.get() {
            return Err(unsupported(th, "underlying stream is not seekable"));
        }
        let zero = Int::from_i64(th, 0)?;
        let mut cookie = cookie.own();
        match whence {
            0 => {}
            1 => {
                if !cookie.eq(th, zero.obj())? {
                    return Err(unsupported(th, "can't do nonzero cur-relative seeks"));
                }
                cookie = this.call_method(th, id!(th, "tell"), &[])?;
            }
            2 => {
                if !cookie.eq(th, zero.obj())? {
                    return Err(unsupported(th, "can't do nonzero end-relative seeks"));
                }
                this.call_method(th, id!(th, "flush"), &[])?;
                slf.forget_input();
                slf.snapshot.replace(None);
                let decoder = slf.decoder.borrow().clone();
                if let Some(decoder) = decoder {
                    decoder.reset(th)?;
                    slf.newlines.pending_cr.set(false);
                }
                let two = Int::from_i64(th, 2)?;
                let end = buffer.call_method(th, id!(th, "seek"), &[zero.obj(), two.obj()])?;
                let encoder = slf.encoder.borrow().clone();
                if let Some(encoder) = encoder {
                    encoder.set_start(th, end.eq(th, zero.obj())?)?;
                }
                return Ok(end);
            }
            _ => {
                raise!(th, ValueError, "invalid whence ({whence}, should be 0, 1 or 2)")
            }
        }
        let negative = cookie.compare(th, zero.obj(), object::CompareOp::Lt)?;
        if negative.is_true(th)? {
            let shown = cookie.repr(th)?;
            raise!(th, ValueError, "negative seek position {shown}");
        }
        this.call_method(th, id!(th, "flush"), &[])?;
        let target = Cookie::from_object(th, cookie.obj())?;
        slf.go_to(th, buffer.obj(), target)?;
        Ok(cookie)
    }

    /// Return the stream position as an opaque number.
    ///
    /// The return value of tell() can be given as input to seek(), to restore a
    /// previous stream position.
    #[sig = "($self, /)"]
    fn tell(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        Self::of(th, this)?.cookie(th, this)
    }

    #[sig = "($self, pos=None, /)"]
    fn truncate(th: Thread<'_>, this: Obj<'_>, pos: Option<Obj<'_>>) -> Result<Ref> {
        let slf = Self::of(th, this)?;
        let buffer = slf.buffer(th)?;
        this.call_method(th, id!(th, "flush"), &[])?;
        buffer.call_method(th, id!(th, "truncate"), &[pos.unwrap_or(types::none())])
    }

    #[sig = "($self, /)"]
    fn __getstate__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        no_pickle(th, this)
    }

    fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
        let slf = Self::of(th, this)?;
        let class = this.ty().full_name();
        let Some(encoding) = slf.encoding.get() else {
            raise!(th, ValueError, "I/O operation on uninitialized object");
        };
        let mut text = format!("<{class}");
        for name in ["name", "mode"] {
            let attribute = Str::intern(th, name)?;
            match this.getattr_opt(th, &attribute) {
                Ok(Some(value)) => text.push_str(&format!(" {name}={}", value.repr(th)?)),
                Ok(None) => {}
                Err(raised) => th.catch(raised, exceptions::types::ValueError())?,
            }
        }
        let encoding = encoding.repr(th)?;
        Str::from_fmt(th, format_args!("{text} encoding={encoding}>"))
    }

    #[getter]
    #[name = "encoding"]
    fn get_encoding(&self, _: Thread<'_>) -> Option<Ref<Str>> {
        self.encoding.get()
    }

    #[getter]
    #[name = "errors"]
    fn get_errors(&self, th: Thread<'_>) -> Result<Option<Ref<Str>>> {
        if !self.detached.get() {
            self.buffer(th)?;
        }
        Ok(self.errors.get())
    }

    #[getter]
    #[name = "buffer"]
    fn get_buffer(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)
    }

    #[getter]
    #[name = "line_buffering"]
    fn get_line_buffering(&self, _: Thread<'_>) -> bool {
        self.line_buffering.get()
    }

    #[getter]
    #[name = "write_through"]
    fn get_write_through(&self, _: Thread<'_>) -> bool {
        self.write_through.get()
    }

    #[getter]
    fn name(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)?.getattr(th, id!(th, "name"))
    }

    #[getter]
    fn closed(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)?.getattr(th, id!(th, "closed"))
    }

    #[getter]
    #[name = "newlines"]
    fn get_newlines(&self, th: Thread<'_>) -> Result<Ref> {
        self.buffer(th)?;
        if self.universal.get() { self.newlines.kinds(th) } else { Ok(types::none().own()) }
    }

    #[getter]
    fn _finalizing(&self, _: Thread<'_>) -> bool {
        self.finalizing.get()
    }

    #[setter(_finalizing)]
    fn set_finalizing(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.finalizing.set(value.map_or(Ok(false), |value| value.is_true(th))?);
        Ok(())
    }

    #[getter]
    fn _CHUNK_SIZE(&self, th: Thread<'_>) -> Result<usize> {
        self.buffer(th)?;
        Ok(self.chunk_size.get())
    }

    #[setter(_CHUNK_SIZE)]
    fn set_chunk_size(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.buffer(th)?;
        let this = self.obj();
        let Some(value) = value else {
            let name = this.type_name();
            raise!(
                th,
                AttributeError,
                "attribute '_CHUNK_SIZE' of '{name}' objects cannot be deleted"
            );
        };
        let index = Int::index(th, value)?;
        let Some(size) = Int::to_i64(index.obj()) else {
            raise!(
                th,
                ValueError,
                "cannot fit '{}' into an index-sized integer",
                value.type_name()
            );
        };
        if size <= 0 {
            raise!(th, ValueError, "a strictly positive integer is required");
        }
        self.chunk_size.set(size as usize);
        Ok(())
    }

    fn __next__(th: Thread<'_>, this: Obj<'_>) -> Result<Option<Ref>> {
        let slf = Self::of(th, this)?;
        slf.buffer(th)?;
        slf.telling.set(false);
        let line = if this.is_exact::<TextIOWrapper>() {
            if slf.decoder.borrow().is_none() {
                return Err(unsupported(th, "not readable"));
            }
            slf.next_line(th, None)?.upcast()
        } else {
            let line = this.call_method(th, id!(th, "readline"), &[])?;
            if line.obj().downcast::<Str>().is_none() {
                raise!(
                    th,
                    OSError,
                    "readline() should have returned a str object, not '{}'",
                    line.obj().type_name()
                );
            }
            line
        };
        if line.length(th)? == 0 {
            // The position is known again at the end.
            slf.snapshot.replace(None);
            slf.telling.set(slf.seekable.get());
            return Ok(None);
        }
        Ok(Some(line))
    }
}
