//! `zlib`: compression with a pure Rust zlib.

mod stream;

use std::cell::{Cell, OnceCell, RefCell};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Head, Int, Link, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, args::Given, exceptions, raise,
};

use crate::support::{Buffer, Data, wait::Gate};

use self::stream::*;

const DEF_BUF_SIZE: usize = 16384;

#[derive(Default)]
struct State(OnceCell<Link>);

/// Raise `zlib.error`.
#[cold]
fn failure(th: Thread<'_>, text: &str) -> Raised {
    let class = th.interp().extensions.get::<State>().0.get().and_then(Link::get);
    let Some(class) = class else { return object::error!(th, ValueError, "{text}") };
    let make = || class.call(th, &[Str::new(th, text)?.obj()]);
    match make() {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// `Error -3 while decompressing data: invalid block type`.
#[cold]
fn stream_error(th: Thread<'_>, stream: Option<&Stream>, status: i32, doing: &str) -> Raised {
    let known = match status {
        Z_BUF_ERROR => Some("incomplete or truncated stream"),
        Z_STREAM_ERROR => Some("inconsistent stream state"),
        Z_DATA_ERROR => Some("invalid input data"),
        _ => None,
    };
    let message = match status {
        Z_VERSION_ERROR => Some("library version mismatch".to_owned()),
        _ => stream.and_then(Stream::message).or_else(|| known.map(str::to_owned)),
    };
    match message {
        Some(message) => failure(th, &format!("Error {status} {doing}: {message}")),
        None => failure(th, &format!("Error {status} {doing}")),
    }
}

/// Feed `input` until it is used up, the output is `limit` long or the stream ends.
fn run(
    th: Thread<'_>,
    stream: &mut Stream,
    input: &[u8],
    flush: i32,
    limit: Option<usize>,
    dictionary: Option<&[u8]>,
) -> Result<(Vec<u8>, usize, i32)> {
    let mut output: Vec<u8> = Vec::new();
    let mut used = 0;
    let mut chunk = DEF_BUF_SIZE;
    loop {
        let start = output.len();
        let room = limit.map_or(chunk, |limit| chunk.min(limit - start));
        if output.try_reserve(room).is_err() {
            return Err(th.no_memory());
        }
        output.resize(start + room, 0);
        let rest = input.get(used..).unwrap_or_default();
        let target = output.get_mut(start..).unwrap_or_default();
        let step = th.allow_threads(|| stream.step(rest, target, flush));
        used += step.used;
        output.truncate(start + step.made);
        match step.status {
            Z_OK | Z_BUF_ERROR => {
                let full = step.made == room;
                if limit == Some(output.len()) {
                    return Ok((output, used, step.status));
                }
                if !full && (used == input.len() || step.used == 0 && step.made == 0) {
                    return Ok((output, used, step.status));
                }
                chunk = (chunk * 2).min(1 << 26);
            }
            Z_NEED_DICT => {
                let Some(dictionary) = dictionary else {
                    return Ok((output, used, step.status));
                };
                let status = stream.set_dictionary(dictionary);
                if status != Z_OK {
                    return Err(stream_error(th, Some(stream), status, "while setting zdict"));
                }
            }
            status => return Ok((output, used, status)),
        }
    }
}

/// A compressor object.
#[pytype(name = "zlib.Compress", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct Compress {
    head: Head,
    #[traverse(skip)]
    busy: Gate,
    #[traverse(skip)]
    stream: RefCell<Option<Stream>>,
}

impl Compress {
    fn with<R>(
        &self,
        th: Thread<'_>,
        doing: &str,
        f: impl FnOnce(&mut Stream) -> Result<R>,
    ) -> Result<R> {
        let mut stream = self.stream.borrow_mut();
        match stream.as_mut() {
            Some(stream) => f(stream),
            None => Err(stream_error(th, None, Z_STREAM_ERROR, doing)),
        }
    }
}

#[pymethods]
impl Compress {
    /// Returns a bytes object containing compressed data.
    ///
    /// After calling this function, some of the input data may still
    /// be stored in internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[sig = "($self, data, /)"]
    fn compress(&self, th: Thread<'_>, data: Data) -> Result<Ref<Bytes>> {
        let _busy = self.busy.hold(th)?;
        self.with(th, "while compressing data", |stream| {
            let (output, _, status) = run(th, stream, data.bytes(), Z_NO_FLUSH, None, None)?;
            if status == Z_STREAM_ERROR {
                return Err(stream_error(th, Some(stream), status, "while compressing data"));
            }
            Bytes::new(th, &output)
        })
    }

    /// Return a bytes object containing any remaining compressed data.
    #[sig = "($self, mode=zlib.Z_FINISH, /)"]
    fn flush(&self, th: Thread<'_>, mode: Option<i32>) -> Result<Ref<Bytes>> {
        let _busy = self.busy.hold(th)?;
        let mode = mode.unwrap_or(Z_FINISH);
        if mode == Z_NO_FLUSH {
            return Bytes::new(th, b"");
        }
        let (bytes, status) = self.with(th, "while flushing", |stream| {
            let (output, _, status) = run(th, stream, b"", mode, None, None)?;
            if status == Z_STREAM_ERROR {
                return Err(stream_error(th, Some(stream), status, "while flushing"));
            }
            Ok((Bytes::new(th, &output)?, status))
        })?;
        if status == Z_STREAM_END && mode == Z_FINISH {
            self.stream.replace(None);
        }
        Ok(bytes)
    }

    /// Return a copy of the compression object.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<Compress>> {
        let _busy = self.busy.hold(th)?;
        let copy = match self.stream.borrow_mut().as_mut().map(Stream::copy) {
            Some(Ok(copy)) => copy,
            Some(Err(Z_MEM_ERROR)) => return Err(th.no_memory()),
            _ => raise!(th, ValueError, "Inconsistent stream state"),
        };
        alloc_object::new(
            th,
            Compress { head: Head::new(), busy: Gate::default(), stream: RefCell::new(Some(copy)) },
        )
    }

    #[sig = "($self, /)"]
    fn __copy__(&self, th: Thread<'_>) -> Result<Ref<Compress>> {
        self.copy(th)
    }

    #[sig = "($self, memo, /)"]
    fn __deepcopy__(&self, th: Thread<'_>, memo: Obj<'_>) -> Result<Ref<Compress>> {
        let _ = memo;
        self.copy(th)
    }
}

/// A decompressor object.
#[pytype(name = "zlib.Decompress", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct Decompress {
    head: Head,
    #[traverse(skip)]
    busy: Gate,
    #[traverse(skip)]
    stream: RefCell<Stream>,
    #[traverse(skip)]
    dictionary: Option<Vec<u8>>,
    unused_data: Link<Bytes>,
    unconsumed_tail: Link<Bytes>,
    eof: Cell<bool>,
    /// `flush` came to the end of the stream.
    ended: Cell<bool>,
}

impl Decompress {
    fn step(
        &self,
        th: Thread<'_>,
        input: &[u8],
        flush: i32,
        limit: Option<usize>,
    ) -> Result<(Vec<u8>, usize, i32)> {
        let mut stream = self.stream.borrow_mut();
        let dictionary = self.dictionary.as_deref();
        run(th, &mut stream, input, flush, limit, dictionary)
    }

    /// Keep what the stream did not want.
    fn keep(&self, th: Thread<'_>, rest: &[u8], status: i32) -> Result<()> {
        if status == Z_STREAM_END {
            self.eof.set(true);
            let old = self.unused_data.get();
            let old = old.as_ref().map_or(&[][..], |old| old.as_bytes());
            let all = Bytes::new(th, &[old, rest].concat())?;
            self.unused_data.set(Some(all));
            self.unconsumed_tail.set(Some(Bytes::new(th, b"")?));
        } else {
            self.unconsumed_tail.set(Some(Bytes::new(th, rest)?));
        }
        Ok(())
    }
}

#[pymethods]
impl Decompress {
    /// Return a bytes object containing the decompressed version of the data.
    ///
    ///   data
    ///     The binary data to decompress.
    ///   max_length
    ///     The maximum allowable length of the decompressed data.
    ///     Unconsumed input data will be stored in
    ///     the unconsumed_tail attribute.
    ///
    /// After calling this function, some of the input data may still be stored in
    /// internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[sig = "($self, data, /, max_length=0)"]
    fn decompress(&self, th: Thread<'_>, data: Data, max_length: isize) -> Result<Ref<Bytes>> {
        let _busy = self.busy.hold(th)?;
        let Ok(limit) = usize::try_from(max_length) else {
            raise!(th, ValueError, "max_length must be non-negative");
        };
        if self.eof.get() {
            self.keep(th, data.bytes(), Z_STREAM_END)?;
            return Bytes::new(th, b"");
        }
        let limit = (limit > 0).then_some(limit);
        let (output, used, status) = self.step(th, data.bytes(), Z_SYNC_FLUSH, limit)?;
        if !matches!(status, Z_OK | Z_BUF_ERROR | Z_STREAM_END) {
            let stream = self.stream.borrow();
            return Err(stream_error(th, Some(&stream), status, "while decompressing data"));
        }
        self.keep(th, data.bytes().get(used..).unwrap_or_default(), status)?;
        Bytes::new(th, &output)
    }

    /// Return a bytes object containing any remaining decompressed data.
    ///
    /// length
    ///   the initial size of the output buffer.
    #[sig = "($self, length=zlib.DEF_BUF_SIZE, /)"]
    fn flush(&self, th: Thread<'_>, length: Option<Given<isize>>) -> Result<Ref<Bytes>> {
        let length = length.map(|Given(length)| length);
        let _busy = self.busy.hold(th)?;
        if length.is_some_and(|length| length <= 0) {
            raise!(th, ValueError, "length must be greater than zero");
        }
        let tail = self.unconsumed_tail.get();
        let tail = tail.as_ref().map_or(&[][..], |tail| tail.as_bytes());
        if self.eof.get() {
            self.ended.set(true);
            return Bytes::new(th, b"");
        }
        let (output, used, status) = self.step(th, tail, Z_FINISH, None)?;
        if !matches!(status, Z_OK | Z_BUF_ERROR | Z_STREAM_END) {
            let stream = self.stream.borrow();
            return Err(stream_error(th, Some(&stream), status, "while decompressing data"));
        }
        let rest = tail.get(used..).unwrap_or_default().to_vec();
        self.keep(th, &rest, status)?;
        self.ended.set(self.eof.get());
        Bytes::new(th, &output)
    }

    /// Return a copy of the decompression object.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<Decompress>> {
        let _busy = self.busy.hold(th)?;
        if self.ended.get() {
            raise!(th, ValueError, "Inconsistent stream state");
        }
        let copy = match self.stream.borrow_mut().copy() {
            Ok(copy) => copy,
            Err(Z_MEM_ERROR) => return Err(th.no_memory()),
            Err(_) => raise!(th, ValueError, "Inconsistent stream state"),
        };
        let copy = Decompress {
            head: Head::new(),
            busy: Gate::default(),
            stream: RefCell::new(copy),
            dictionary: self.dictionary.clone(),
            unused_data: Link::from_option(self.unused_data.get()),
            unconsumed_tail: Link::from_option(self.unconsumed_tail.get()),
            eof: Cell::new(self.eof.get()),
            ended: Cell::new(false),
        };
        alloc_object::new(th, copy)
    }

    #[sig = "($self, /)"]
    fn __copy__(&self, th: Thread<'_>) -> Result<Ref<Decompress>> {
        self.copy(th)
    }

    #[sig = "($self, memo, /)"]
    fn __deepcopy__(&self, th: Thread<'_>, memo: Obj<'_>) -> Result<Ref<Decompress>> {
        let _ = memo;
        self.copy(th)
    }

    #[getter]
    #[name = "unused_data"]
    fn get_unused_data(&self, _: Thread<'_>) -> Option<Ref<Bytes>> {
        self.unused_data.get()
    }

    #[getter]
    #[name = "unconsumed_tail"]
    fn get_unconsumed_tail(&self, _: Thread<'_>) -> Option<Ref<Bytes>> {
        self.unconsumed_tail.get()
    }

    #[getter]
    #[name = "eof"]
    fn get_eof(&self, _: Thread<'_>) -> bool {
        self.eof.get()
    }
}

/// Create a decompressor object for decompressing data incrementally.
///
///   wbits = 15
///   zdict
///     The predefined compression dictionary. This is a sequence of bytes
///     (such as a bytes object) containing subsequences that are expected
///     to occur frequently in the data that is to be compressed. Those
///     subsequences that are expected to be most common should come at the
///     end of the dictionary. This must be the same dictionary as used by the
///     compressor that produced the input data.
#[pytype(name = "zlib._ZlibDecompressor", sig = "(wbits=MAX_WBITS, zdict=b'')", flags = IMMUTABLETYPE)]
pub(crate) struct ZlibDecompressor {
    head: Head,
    #[traverse(skip)]
    busy: Gate,
    #[traverse(skip)]
    stream: RefCell<Stream>,
    #[traverse(skip)]
    dictionary: Option<Vec<u8>>,
    #[traverse(skip)]
    pending: RefCell<Vec<u8>>,
    unused_data: Link<Bytes>,
    eof: Cell<bool>,
    needs_input: Cell<bool>,
}

#[pymethods]
impl ZlibDecompressor {
    #[sig = "_ZlibDecompressor(wbits=MAX_WBITS, zdict=b'')"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        wbits: Option<i32>,
        zdict: Option<Obj<'_>>,
    ) -> Result<Ref<ZlibDecompressor>> {
        let (stream, dictionary) = new_inflate(th, wbits.unwrap_or(15), zdict)?;
        let decompressor = ZlibDecompressor {
            head: Head::new(),
            busy: Gate::default(),
            stream: RefCell::new(stream),
            dictionary,
            pending: RefCell::default(),
            unused_data: Link::new(Bytes::new(th, b"")?),
            eof: Cell::new(false),
            needs_input: Cell::new(true),
        };
        alloc_object::alloc(th, cls, decompressor)
    }

    /// Decompress *data*, returning uncompressed data as bytes.
    ///
    /// If *max_length* is nonnegative, returns at most *max_length* bytes of
    /// decompressed data. If this limit is reached and further output can be
    /// produced, *self.needs_input* will be set to ``False``.
    #[sig = "($self, /, data, max_length=-1)"]
    fn decompress(&self, th: Thread<'_>, data: Data, max_length: isize) -> Result<Ref<Bytes>> {
        let _busy = self.busy.hold(th)?;
        if self.eof.get() {
            raise!(th, EOFError, "End of stream already reached");
        }
        let mut input = self.pending.take();
        input.extend_from_slice(data.bytes());
        let limit = usize::try_from(max_length).ok();
        let mut stream = self.stream.borrow_mut();
        let dictionary = self.dictionary.as_deref();
        let (output, used, status) = run(th, &mut stream, &input, Z_SYNC_FLUSH, limit, dictionary)?;
        let rest = input.get(used..).unwrap_or_default();
        match status {
            Z_STREAM_END => {
                self.eof.set(true);
                self.needs_input.set(false);
                self.unused_data.set(Some(Bytes::new(th, rest)?));
            }
            Z_OK | Z_BUF_ERROR => {
                self.needs_input.set(rest.is_empty() && limit != Some(output.len()));
                self.pending.replace(rest.to_vec());
            }
            _ => {
                return Err(stream_error(th, Some(&stream), status, "while decompressing data"));
            }
        }
        Bytes::new(th, &output)
    }

    /// True if the end-of-stream marker has been reached.
    #[getter]
    #[name = "eof"]
    fn get_eof(&self, _: Thread<'_>) -> bool {
        self.eof.get()
    }

    /// Data found after the end of the compressed stream.
    #[getter]
    #[name = "unused_data"]
    fn get_unused_data(&self, _: Thread<'_>) -> Option<Ref<Bytes>> {
        self.unused_data.get()
    }

    /// True if more input is needed before more decompressed data can be produced.
    #[getter]
    #[name = "needs_input"]
    fn get_needs_input(&self, _: Thread<'_>) -> bool {
        self.needs_input.get()
    }
}

fn dictionary_of(th: Thread<'_>, zdict: Option<Obj<'_>>) -> Result<Option<Vec<u8>>> {
    match zdict {
        Some(zdict) => match Buffer::readable(th, zdict) {
            Ok(buffer) => Ok(Some(buffer.bytes().to_vec())),
            Err(raised) => {
                th.catch(raised, exceptions::types::TypeError())?;
                raise!(th, TypeError, "zdict argument must support the buffer protocol")
            }
        },
        None => Ok(None),
    }
}

fn new_inflate(
    th: Thread<'_>,
    wbits: i32,
    zdict: Option<Obj<'_>>,
) -> Result<(Stream, Option<Vec<u8>>)> {
    let dictionary = dictionary_of(th, zdict)?;
    let mut stream = match Stream::inflate(wbits) {
        Ok(stream) => stream,
        Err(Z_STREAM_ERROR) => raise!(th, ValueError, "Invalid initialization option"),
        Err(Z_MEM_ERROR) => return Err(th.no_memory()),
        Err(status) => {
            return Err(stream_error(th, None, status, "while creating decompression object"));
        }
    };
    if wbits < 0
        && let Some(dictionary) = &dictionary
        && !dictionary.is_empty()
    {
        let status = stream.set_dictionary(dictionary);
        if status != Z_OK {
            return Err(stream_error(th, Some(&stream), status, "while setting zdict"));
        }
    }
    Ok((stream, dictionary))
}

/// The functions in this module allow compression and decompression using the
/// zlib library, which is based on GNU zip.
#[pymodule]
pub mod zlib {
    use super::*;

    /// Returns a bytes object containing compressed data.
    ///
    ///   data
    ///     Binary data to be compressed.
    ///   level
    ///     Compression level, in 0-9 or -1.
    ///   wbits
    ///     The window buffer size and container format.
    #[sig = "(data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)"]
    fn compress(
        th: Thread<'_>,
        data: Data,
        level: Option<i32>,
        wbits: Option<i32>,
    ) -> Result<Ref<Bytes>> {
        let mut stream = match Stream::deflate(level.unwrap_or(-1), 8, wbits.unwrap_or(15), 8, 0) {
            Ok(stream) => stream,
            Err(Z_MEM_ERROR) => return Err(th.no_memory()),
            Err(Z_STREAM_ERROR) => return Err(failure(th, "Bad compression level")),
            Err(status) => {
                return Err(stream_error(th, None, status, "while compressing data"));
            }
        };
        let (output, _, status) = run(th, &mut stream, data.bytes(), Z_FINISH, None, None)?;
        if status != Z_STREAM_END {
            return Err(stream_error(th, Some(&stream), status, "while compressing data"));
        }
        Bytes::new(th, &output)
    }

    /// Returns a bytes object containing the uncompressed data.
    ///
    ///   data
    ///     Compressed data.
    ///   wbits
    ///     The window buffer size and container format.
    ///   bufsize
    ///     The initial output buffer size.
    #[sig = "(data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)"]
    fn decompress(
        th: Thread<'_>,
        data: Data,
        wbits: Option<i32>,
        bufsize: Option<isize>,
    ) -> Result<Ref<Bytes>> {
        match bufsize {
            Some(size) if size < 0 => raise!(th, ValueError, "bufsize must be non-negative"),
            _ => {}
        }
        let doing = "while decompressing data";
        let mut stream = match Stream::inflate(wbits.unwrap_or(15)) {
            Ok(stream) => stream,
            Err(Z_MEM_ERROR) => return Err(th.no_memory()),
            Err(status) => {
                return Err(stream_error(th, None, status, "while preparing to decompress data"));
            }
        };
        let (output, _, status) = run(th, &mut stream, data.bytes(), Z_SYNC_FLUSH, None, None)?;
        match status {
            Z_STREAM_END => Bytes::new(th, &output),
            Z_OK | Z_BUF_ERROR => Err(failure(
                th,
                &format!("Error {Z_BUF_ERROR} {doing}: incomplete or truncated stream"),
            )),
            status => Err(stream_error(th, Some(&stream), status, doing)),
        }
    }

    /// Return a compressor object.
    ///
    ///   level
    ///     The compression level (an integer in the range 0-9 or -1; default is
    ///     currently equivalent to 6).
    ///   method
    ///     The compression algorithm.  If given, this must be DEFLATED.
    ///   wbits
    ///     The window buffer size and container format.
    ///   memLevel
    ///     Controls the amount of memory used for internal compression state.
    ///   strategy
    ///     Used to tune the compression algorithm.
    ///   zdict
    ///     The predefined compression dictionary.
    #[sig = "(level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=<unrepresentable>)"]
    fn compressobj(
        th: Thread<'_>,
        level: Option<i32>,
        method: Option<i32>,
        wbits: Option<i32>,
        mem_level: Option<i32>,
        strategy: Option<i32>,
        zdict: Option<Obj<'_>>,
    ) -> Result<Ref<Compress>> {
        let dictionary = dictionary_of(th, zdict)?;
        let stream = Stream::deflate(
            level.unwrap_or(-1),
            method.unwrap_or(8),
            wbits.unwrap_or(15),
            mem_level.unwrap_or(8),
            strategy.unwrap_or(0),
        );
        let mut stream = match stream {
            Ok(stream) => stream,
            Err(Z_MEM_ERROR) => return Err(th.no_memory()),
            Err(Z_STREAM_ERROR) => raise!(th, ValueError, "Invalid initialization option"),
            Err(status) => {
                return Err(stream_error(th, None, status, "while creating compression object"));
            }
        };
        if let Some(dictionary) = dictionary
            && stream.set_dictionary(&dictionary) != Z_OK
        {
            raise!(th, ValueError, "Invalid dictionary");
        }
        alloc_object::new(
            th,
            Compress {
                head: Head::new(),
                busy: Gate::default(),
                stream: RefCell::new(Some(stream)),
            },
        )
    }

    /// Return a decompressor object.
    ///
    ///   wbits
    ///     The window buffer size and container format.
    ///   zdict
    ///     The predefined compression dictionary.  This must be the same
    ///     dictionary as used by the compressor that produced the input data.
    #[sig = "(wbits=MAX_WBITS, zdict=b'')"]
    fn decompressobj(
        th: Thread<'_>,
        wbits: Option<i32>,
        zdict: Option<Obj<'_>>,
    ) -> Result<Ref<Decompress>> {
        let (stream, dictionary) = new_inflate(th, wbits.unwrap_or(15), zdict)?;
        let decompress = Decompress {
            head: Head::new(),
            busy: Gate::default(),
            stream: RefCell::new(stream),
            dictionary,
            unused_data: Link::new(Bytes::new(th, b"")?),
            unconsumed_tail: Link::new(Bytes::new(th, b"")?),
            eof: Cell::new(false),
            ended: Cell::new(false),
        };
        alloc_object::new(th, decompress)
    }

    /// Compute an Adler-32 checksum of data.
    ///
    ///   value
    ///     Starting value of the checksum.
    ///
    /// The returned checksum is an integer.
    #[sig = "(data, value=1, /)"]
    fn adler32(th: Thread<'_>, data: Data, value: Option<Obj<'_>>) -> Result<u32> {
        let start = start_value(th, value, 1)?;
        Ok(stream::adler32(start, data.bytes()))
    }

    /// Compute a CRC-32 checksum of data.
    ///
    ///   value
    ///     Starting value of the checksum.
    ///
    /// The returned checksum is an integer.
    #[sig = "(data, value=0, /)"]
    fn crc32(th: Thread<'_>, data: Data, value: Option<Obj<'_>>) -> Result<u32> {
        let start = start_value(th, value, 0)?;
        Ok(stream::crc32(start, data.bytes()))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        crate::support::add_ints(th, module, CONSTANTS)?;
        let bases = Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?;
        let name = Str::new(th, "zlib.error")?;
        let class = crate::support::new_exception(th, &name, &bases)?;
        let state = th.interp().extensions.get::<State>();
        let _ = state.0.set(Link::new(class.clone()));
        module.set(th, "error", class.obj())?;
        object::types::type_::ready(th, <Compress as object::declare::Declared>::DECL)?;
        object::types::type_::ready(th, <Decompress as object::declare::Declared>::DECL)?;
        module.add_type::<ZlibDecompressor>(th)?;
        for name in ["ZLIB_VERSION", "ZLIB_RUNTIME_VERSION"] {
            module.set(th, name, Str::new(th, "1.3.2")?.obj())?;
        }
        Ok(())
    }
}

/// CRC-32 of `data`, going on from `crc`.
pub(crate) fn crc32_of(crc: u32, data: &[u8]) -> u32 {
    stream::crc32(crc, data)
}

/// The low 32 bits of a starting value.
fn start_value(th: Thread<'_>, value: Option<Obj<'_>>, default: u32) -> Result<u32> {
    match value {
        None => Ok(default),
        Some(value) => {
            let index = Int::index(th, value)?;
            match Int::to_i64(index.obj()) {
                Some(value) => Ok(value as u32),
                None => {
                    let mask = Int::from_i64(th, 0xffff_ffff)?;
                    let low = object::protocol::number::binary(
                        th,
                        object::protocol::number::AND,
                        index.obj(),
                        mask.obj(),
                    )?;
                    Ok(Int::to_i64(low.obj()).unwrap_or(0) as u32)
                }
            }
        }
    }
}

/// Integer constants of the module.
static CONSTANTS: &[(&str, i64)] = &[
    ("DEFLATED", 8),
    ("DEF_BUF_SIZE", 16384),
    ("DEF_MEM_LEVEL", 8),
    ("MAX_WBITS", 15),
    ("Z_BEST_COMPRESSION", 9),
    ("Z_BEST_SPEED", 1),
    ("Z_BLOCK", 5),
    ("Z_DEFAULT_COMPRESSION", -1),
    ("Z_DEFAULT_STRATEGY", 0),
    ("Z_FILTERED", 1),
    ("Z_FINISH", 4),
    ("Z_FIXED", 4),
    ("Z_FULL_FLUSH", 3),
    ("Z_HUFFMAN_ONLY", 2),
    ("Z_NO_COMPRESSION", 0),
    ("Z_NO_FLUSH", 0),
    ("Z_PARTIAL_FLUSH", 1),
    ("Z_RLE", 3),
    ("Z_SYNC_FLUSH", 2),
    ("Z_TREES", 6),
];
