//! `_lzma`: compression with the xz library.
//!
//! Filter chains own the options that they point to and live as long as the
//! stream is being set up; the library copies what it needs.

use std::{cell::RefCell, ffi::c_void, mem::MaybeUninit};

use liblzma_sys as xz;
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, IntoObject, Module, Obj, Protocol, Raised, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object, error, exceptions, raise,
};

use crate::support::{
    self, Data,
    stream::{self, Next, Reader, Step},
};

const FORMAT_AUTO: i32 = 0;
const FORMAT_XZ: i32 = 1;
const FORMAT_ALONE: i32 = 2;
const FORMAT_RAW: i32 = 3;
const CHECK_UNKNOWN: u32 = 16;
const MAX_FILTERS: usize = 4;
/// The end of a filter chain.
const END: u64 = u64::MAX;

#[derive(Default)]
struct State {
    error: RefCell<Option<Ref<Type>>>,
}

#[cold]
fn lzma_error(th: Thread<'_>, text: &str) -> Raised {
    let class = th.interp().extensions.get::<State>().error.borrow().clone();
    match class {
        Some(class) => th.raise(&class, format_args!("{text}")),
        None => error!(th, ValueError, "{text}"),
    }
}

/// Raise for a status that is an error.
fn checked(th: Thread<'_>, status: xz::lzma_ret) -> Result<()> {
    let text = match status {
        xz::LZMA_OK | xz::LZMA_GET_CHECK | xz::LZMA_NO_CHECK | xz::LZMA_STREAM_END => return Ok(()),
        xz::LZMA_UNSUPPORTED_CHECK => "Unsupported integrity check",
        xz::LZMA_MEM_ERROR => return Err(th.no_memory()),
        xz::LZMA_MEMLIMIT_ERROR => "Memory usage limit exceeded",
        xz::LZMA_FORMAT_ERROR => "Input format not supported by decoder",
        xz::LZMA_OPTIONS_ERROR => "Invalid or unsupported options",
        xz::LZMA_DATA_ERROR => "Corrupt input data",
        xz::LZMA_BUF_ERROR => "Insufficient buffer space",
        xz::LZMA_PROG_ERROR => "Internal error",
        status => {
            return Err(lzma_error(th, &format!("Unrecognized error from liblzma: {status}")));
        }
    };
    Err(lzma_error(th, text))
}

/// A stream, ended when dropped.
struct Stream(Box<xz::lzma_stream>);

impl Stream {
    fn new() -> Stream {
        // SAFETY: integers and pointers; zeros are what the library calls LZMA_STREAM_INIT.
        Stream(Box::new(unsafe { MaybeUninit::zeroed().assume_init() }))
    }

    fn step(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        action: xz::lzma_action,
    ) -> Step<(u32, u32)> {
        self.0.next_in = input.as_ptr();
        self.0.avail_in = input.len();
        self.0.next_out = output.as_mut_ptr();
        self.0.avail_out = output.len();
        // SAFETY: an initialised stream with live buffers.
        let mut status = unsafe { xz::lzma_code(&mut *self.0, action) };
        if status == xz::LZMA_BUF_ERROR && (input.is_empty() || output.is_empty()) {
            status = xz::LZMA_OK;
        }
        let check = match status {
            xz::LZMA_GET_CHECK | xz::LZMA_NO_CHECK => self.check(),
            _ => CHECK_UNKNOWN,
        };
        Step {
            used: input.len() - self.0.avail_in,
            made: output.len() - self.0.avail_out,
            status: (status, check),
        }
    }

    fn check(&self) -> u32 {
        // SAFETY: an initialised stream.
        unsafe { xz::lzma_get_check(&*self.0) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: a stream that the library knows or that is all zeros.
        unsafe { xz::lzma_end(&mut *self.0) };
    }
}

/// `lzma_options_delta`.
#[repr(C)]
struct Delta {
    kind: u32,
    distance: u32,
    reserved_ints: [u32; 4],
    reserved_pointers: [*mut c_void; 2],
}

/// The options that a filter points to.
enum Options {
    Lzma(Box<xz::lzma_options_lzma>),
    Delta(Box<Delta>),
    Bcj(Box<xz::lzma_options_bcj>),
}

impl Options {
    fn pointer(&mut self) -> *mut c_void {
        match self {
            Options::Lzma(options) => (&raw mut **options).cast(),
            Options::Delta(options) => (&raw mut **options).cast(),
            Options::Bcj(options) => (&raw mut **options).cast(),
        }
    }
}

fn is_bcj(id: u64) -> bool {
    (xz::LZMA_FILTER_X86..=xz::LZMA_FILTER_SPARC).contains(&id)
}

fn is_lzma(id: u64) -> bool {
    matches!(id, xz::LZMA_FILTER_LZMA1 | xz::LZMA_FILTER_LZMA2)
}

/// An unsigned integer of a C type.
fn unsigned(th: Thread<'_>, value: Obj<'_>, max: u64, name: &str) -> Result<u64> {
    let index = Int::index(th, value)?;
    let wide = match Int::to_i64(index.obj()) {
        Some(value) if value < 0 => raise!(th, ValueError, "Cannot convert negative int"),
        Some(value) => Some(value as u64),
        None => {
            let text = index.str(th)?;
            let text = text.to_utf8(th)?;
            if text.starts_with('-') {
                raise!(th, ValueError, "Cannot convert negative int");
            }
            text.parse().ok()
        }
    };
    match wide.filter(|value| *value <= max) {
        Some(value) => Ok(value),
        None => raise!(th, OverflowError, "Python int too large for C {name}"),
    }
}

fn uint32(th: Thread<'_>, value: Obj<'_>) -> Result<u32> {
    Ok(unsigned(th, value, u32::MAX.into(), "uint32_t")? as u32)
}

/// The entries of a filter specifier but its id, as 32-bit numbers.
fn entries(th: Thread<'_>, spec: Obj<'_>, names: &[&str], kind: &str) -> Result<Vec<Option<u32>>> {
    let complain = |raised: Raised| {
        let expected = [
            exceptions::types::TypeError(),
            exceptions::types::ValueError(),
            exceptions::types::OverflowError(),
        ];
        if expected.iter().any(|ty| th.exception_matches(ty)) {
            th.clear_exception(raised);
            return error!(th, ValueError, "Invalid filter specifier for {kind} filter");
        }
        raised
    };
    let mut values: Vec<Option<u32>> = names.iter().map(|_| None).collect();
    let dict = Dict::new(th)?;
    dict.update(th, spec)?;
    for (key, value) in dict.items() {
        let name = key.obj().downcast::<Str>().map(|name| name.to_string());
        let name = name.unwrap_or_default();
        if name == "id" {
            continue;
        }
        let Some(place) = names.iter().position(|one| *one == name) else {
            raise!(th, ValueError, "Invalid filter specifier for {kind} filter");
        };
        let number = uint32(th, value.obj()).map_err(complain)?;
        if let Some(entry) = values.get_mut(place) {
            *entry = Some(number);
        }
    }
    Ok(values)
}

fn lzma_options(th: Thread<'_>, spec: Obj<'_>) -> Result<Box<xz::lzma_options_lzma>> {
    const NAMES: &[&str] =
        &["preset", "dict_size", "lc", "lp", "pb", "mode", "nice_len", "mf", "depth"];
    let name = Str::new(th, "preset")?;
    let mut preset = xz::LZMA_PRESET_DEFAULT;
    if let Some(given) = item(th, spec, name.obj())? {
        preset = uint32(th, given.obj())?;
    }
    let mut options = preset_options(th, preset)?;
    let values = entries(th, spec, NAMES, "LZMA")?;
    let fields: [&mut u32; 8] = [
        &mut options.dict_size,
        &mut options.lc,
        &mut options.lp,
        &mut options.pb,
        &mut options.mode,
        &mut options.nice_len,
        &mut options.mf,
        &mut options.depth,
    ];
    for (field, value) in fields.into_iter().zip(values.into_iter().skip(1)) {
        if let Some(value) = value {
            *field = value;
        }
    }
    Ok(options)
}

fn preset_options(th: Thread<'_>, preset: u32) -> Result<Box<xz::lzma_options_lzma>> {
    // SAFETY: integers and pointers.
    let mut options: Box<xz::lzma_options_lzma> =
        Box::new(unsafe { MaybeUninit::zeroed().assume_init() });
    // SAFETY: room for the options.
    if unsafe { xz::lzma_lzma_preset(&mut *options, preset) } != 0 {
        return Err(lzma_error(th, &format!("Invalid compression preset: {preset}")));
    }
    Ok(options)
}

/// `spec[key]`, if it is there.
fn item(th: Thread<'_>, spec: Obj<'_>, key: Obj<'_>) -> Result<Option<Ref>> {
    match spec.get_item(th, key) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => {
            th.catch(raised, exceptions::types::KeyError())?;
            Ok(None)
        }
    }
}

/// One filter of a chain.
struct Filter {
    id: u64,
    options: Option<Options>,
}

impl Filter {
    fn parse(th: Thread<'_>, spec: Obj<'_>) -> Result<Filter> {
        if spec.ty().mapping().is_none_or(|methods| methods.mp_subscript.is_none()) {
            raise!(th, TypeError, "Filter specifier must be a dict or dict-like object");
        }
        let name = Str::new(th, "id")?;
        let Some(id) = item(th, spec, name.obj())? else {
            raise!(th, ValueError, "Filter specifier must have an \"id\" entry");
        };
        let id = unsigned(th, id.obj(), u64::MAX, "lzma_vli")?;
        let options = match id {
            id if is_lzma(id) => Some(Options::Lzma(lzma_options(th, spec)?)),
            xz::LZMA_FILTER_DELTA => {
                let values = entries(th, spec, &["dist"], "delta")?;
                let distance = values.first().copied().flatten().unwrap_or(1);
                Some(Options::Delta(Box::new(Delta {
                    kind: 0,
                    distance,
                    reserved_ints: [0; 4],
                    reserved_pointers: [std::ptr::null_mut(); 2],
                })))
            }
            id if is_bcj(id) => {
                let values = entries(th, spec, &["start_offset"], "BCJ")?;
                let start_offset = values.first().copied().flatten().unwrap_or(0);
                Some(Options::Bcj(Box::new(xz::lzma_options_bcj { start_offset })))
            }
            id => raise!(th, ValueError, "Invalid filter ID: {id}"),
        };
        Ok(Filter { id, options })
    }
}

/// The filters of a sequence of specifiers.
fn parse_chain(th: Thread<'_>, specs: Obj<'_>) -> Result<Vec<Filter>> {
    let is_sequence = specs.ty().sequence().is_some_and(|methods| methods.sq_length.is_some());
    if !is_sequence && specs.ty().mapping().is_some_and(|methods| methods.mp_length.is_some()) {
        raise!(th, TypeError, "{} is not a sequence", specs.type_name());
    }
    let count = specs.length(th)?;
    if count > MAX_FILTERS {
        raise!(th, ValueError, "Too many filters - liblzma supports a maximum of {MAX_FILTERS}");
    }
    let mut chain = Vec::new();
    for index in 0..count {
        let spec = specs.get_item(th, index.into_object(th)?.obj())?;
        chain.push(Filter::parse(th, spec.obj())?);
    }
    Ok(chain)
}

/// The chain as the library wants it; it points into `chain`.
fn raw_chain(chain: &mut [Filter]) -> Vec<xz::lzma_filter> {
    let mut raw: Vec<xz::lzma_filter> = chain
        .iter_mut()
        .map(|filter| xz::lzma_filter {
            id: filter.id,
            options: filter.options.as_mut().map_or(std::ptr::null_mut(), Options::pointer),
        })
        .collect();
    raw.push(xz::lzma_filter { id: END, options: std::ptr::null_mut() });
    raw
}

fn judge(th: Thread<'_>, status: u32) -> Result<Next> {
    checked(th, status)?;
    Ok(if status == xz::LZMA_STREAM_END { Next::End } else { Next::More })
}

/// Create a compressor object for compressing data incrementally.
///
/// format specifies the container format to use for the output. This can
/// be FORMAT_XZ (default), FORMAT_ALONE, or FORMAT_RAW.
///
/// check specifies the integrity check to use. For FORMAT_XZ, the default
/// is CHECK_CRC64. FORMAT_ALONE and FORMAT_RAW do not support integrity
/// checks; for these formats, check must be omitted, or be CHECK_NONE.
///
/// The settings used by the compressor can be specified either as a preset
/// compression level (with the 'preset' argument), or in detail as a custom
/// filter chain (with the 'filters' argument).
#[pytype(name = "_lzma.LZMACompressor", flags = IMMUTABLETYPE)]
pub(crate) struct LZMACompressor {
    head: Head,
    #[traverse(skip)]
    stream: RefCell<Option<Stream>>,
}

fn start_compressor(
    th: Thread<'_>,
    stream: &mut Stream,
    format: i32,
    check: i32,
    preset: u32,
    filters: Option<Obj<'_>>,
) -> Result<()> {
    let raw = &mut *stream.0;
    let mut chain = match filters {
        Some(filters) => Some(parse_chain(th, filters)?),
        None => None,
    };
    let status = match (format, &mut chain) {
        (FORMAT_XZ, chain) => {
            let check = if check == -1 { xz::LZMA_CHECK_CRC64 } else { check as u32 };
            match chain {
                // SAFETY: a fresh stream.
                None => unsafe { xz::lzma_easy_encoder(raw, preset, check) },
                Some(chain) => {
                    let filters = raw_chain(chain);
                    // SAFETY: a fresh stream and a chain with its end.
                    unsafe { xz::lzma_stream_encoder(raw, filters.as_ptr(), check) }
                }
            }
        }
        (FORMAT_ALONE, None) => {
            let options = preset_options(th, preset)?;
            // SAFETY: a fresh stream and live options.
            unsafe { xz::lzma_alone_encoder(raw, &*options) }
        }
        (FORMAT_ALONE, Some(chain)) => match chain.as_mut_slice() {
            [Filter { id: xz::LZMA_FILTER_LZMA1, options: Some(Options::Lzma(options)) }] => {
                // SAFETY: a fresh stream and live options.
                unsafe { xz::lzma_alone_encoder(raw, &**options) }
            }
            _ => raise!(
                th,
                ValueError,
                "Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter"
            ),
        },
        (FORMAT_RAW, Some(chain)) => {
            let filters = raw_chain(chain);
            // SAFETY: a fresh stream and a chain with its end.
            unsafe { xz::lzma_raw_encoder(raw, filters.as_ptr()) }
        }
        (FORMAT_RAW, None) => {
            raise!(th, ValueError, "Must specify filters for FORMAT_RAW")
        }
        _ => raise!(th, ValueError, "Invalid container format: {format}"),
    };
    checked(th, status)
}

#[pymethods]
impl LZMACompressor {
    #[sig = "LZMACompressor(format=FORMAT_XZ, check=-1, preset=None, filters=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        format: Option<i32>,
        check: Option<i32>,
        preset: Option<Obj<'_>>,
        filters: Option<Obj<'_>>,
    ) -> Result<Ref<LZMACompressor>> {
        let format = format.unwrap_or(FORMAT_XZ);
        let check = check.unwrap_or(-1);
        let preset = preset.filter(|preset| !preset.is_none());
        let filters = filters.filter(|filters| !filters.is_none());
        if preset.is_some() && filters.is_some() {
            raise!(th, ValueError, "Cannot specify both preset and filter chain");
        }
        let preset = match preset {
            Some(preset) => uint32(th, preset)?,
            None => xz::LZMA_PRESET_DEFAULT,
        };
        if format != FORMAT_XZ && check != -1 && check != xz::LZMA_CHECK_NONE as i32 {
            raise!(th, ValueError, "Integrity checks are only supported by FORMAT_XZ");
        }
        let mut stream = Stream::new();
        start_compressor(th, &mut stream, format, check, preset, filters)?;
        let value = LZMACompressor { head: Head::new(), stream: RefCell::new(Some(stream)) };
        alloc_object::alloc(th, cls, value)
    }

    /// Provide data to the compressor object.
    ///
    /// Returns a chunk of compressed data if possible, or b'' otherwise.
    ///
    /// When you have finished providing data to the compressor, call the
    /// flush() method to finish the compression process.
    #[sig = "($self, data, /)"]
    fn compress(&self, th: Thread<'_>, data: Data) -> Result<Ref<Bytes>> {
        let mut guard = stream::lock(th, &self.stream);
        let Some(stream) = guard.as_mut() else {
            raise!(th, ValueError, "Compressor has been flushed");
        };
        let step = |input: &[u8], output: &mut [u8]| stream.step(input, output, xz::LZMA_RUN);
        let run = stream::run(th, data.bytes(), None, step, |th, status| judge(th, status.0))?;
        Bytes::new(th, &run.output)
    }

    /// Finish the compression process.
    ///
    /// Returns the compressed data left in internal buffers.
    ///
    /// The compressor object may not be used after this method is called.
    #[sig = "($self, /)"]
    fn flush(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        let mut guard = stream::lock(th, &self.stream);
        let Some(mut stream) = guard.take() else {
            raise!(th, ValueError, "Repeated call to flush()");
        };
        let step = |input: &[u8], output: &mut [u8]| stream.step(input, output, xz::LZMA_FINISH);
        let run = stream::run(th, b"", None, step, |th, status| {
            Ok(match judge(th, status.0)? {
                Next::More => Next::Again,
                next => next,
            })
        })?;
        Bytes::new(th, &run.output)
    }
}

/// Create a decompressor object for decompressing data incrementally.
///
///   format
///     Specifies the container format of the input stream.  If this is
///     FORMAT_AUTO (the default), the decompressor will automatically detect
///     whether the input is FORMAT_XZ or FORMAT_ALONE.  Streams created with
///     FORMAT_RAW cannot be autodetected.
///   memlimit
///     Limit the amount of memory used by the decompressor.  This will cause
///     decompression to fail if the input cannot be decompressed within this
///     limit.
///   filters
///     A custom filter chain.  This argument is required for FORMAT_RAW, and
///     not accepted with any other format.
///
/// For one-shot decompression, use the decompress() function instead.
#[pytype(
    name = "_lzma.LZMADecompressor",
    sig = "(format=FORMAT_AUTO, memlimit=None, filters=None)",
    flags = IMMUTABLETYPE
)]
pub(crate) struct LZMADecompressor {
    head: Head,
    #[traverse(skip)]
    stream: RefCell<Stream>,
    #[traverse(skip)]
    reader: Reader,
    check: std::cell::Cell<u32>,
}

fn start_decompressor(
    th: Thread<'_>,
    stream: &mut Stream,
    format: i32,
    memlimit: Option<Obj<'_>>,
    filters: Option<Obj<'_>>,
) -> Result<()> {
    const FLAGS: u32 = xz::LZMA_TELL_ANY_CHECK | xz::LZMA_TELL_NO_CHECK;
    let limit = match memlimit {
        Some(_) if format == FORMAT_RAW => {
            raise!(th, ValueError, "Cannot specify memory limit with FORMAT_RAW")
        }
        Some(limit) => unsigned(th, limit, u64::MAX, "unsigned long long")?,
        None => u64::MAX,
    };
    if format == FORMAT_RAW && filters.is_none() {
        raise!(th, ValueError, "Must specify filters for FORMAT_RAW");
    }
    if format != FORMAT_RAW && filters.is_some() {
        raise!(th, ValueError, "Cannot specify filters except with FORMAT_RAW");
    }
    let raw = &mut *stream.0;
    let status = match (format, filters) {
        // SAFETY: a fresh stream.
        (FORMAT_AUTO, _) => unsafe { xz::lzma_auto_decoder(raw, limit, FLAGS) },
        // SAFETY: a fresh stream.
        (FORMAT_XZ, _) => unsafe { xz::lzma_stream_decoder(raw, limit, FLAGS) },
        // SAFETY: a fresh stream.
        (FORMAT_ALONE, _) => unsafe { xz::lzma_alone_decoder(raw, limit) },
        (FORMAT_RAW, Some(filters)) => {
            let mut chain = parse_chain(th, filters)?;
            let filters = raw_chain(&mut chain);
            // SAFETY: a fresh stream and a chain with its end.
            unsafe { xz::lzma_raw_decoder(raw, filters.as_ptr()) }
        }
        _ => raise!(th, ValueError, "Invalid container format: {format}"),
    };
    checked(th, status)
}

#[pymethods]
impl LZMADecompressor {
    #[sig = "LZMADecompressor(format=FORMAT_AUTO, memlimit=None, filters=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        format: Option<i32>,
        memlimit: Option<Obj<'_>>,
        filters: Option<Obj<'_>>,
    ) -> Result<Ref<LZMADecompressor>> {
        let format = format.unwrap_or(FORMAT_AUTO);
        let memlimit = memlimit.filter(|limit| !limit.is_none());
        let filters = filters.filter(|filters| !filters.is_none());
        let mut stream = Stream::new();
        start_decompressor(th, &mut stream, format, memlimit, filters)?;
        let is_unchecked = matches!(format, FORMAT_RAW | FORMAT_ALONE);
        let value = LZMADecompressor {
            head: Head::new(),
            stream: RefCell::new(stream),
            reader: Reader::default(),
            check: std::cell::Cell::new(if is_unchecked { 0 } else { CHECK_UNKNOWN }),
        };
        alloc_object::alloc(th, cls, value)
    }

    /// Decompress *data*, returning uncompressed data as bytes.
    ///
    /// If *max_length* is nonnegative, returns at most *max_length* bytes of
    /// decompressed data. If this limit is reached and further output can be
    /// produced, *self.needs_input* will be set to ``False``. In this case, the next
    /// call to *decompress()* may provide *data* as b'' to obtain more of the output.
    ///
    /// If all of the input data was decompressed and returned (either because this
    /// was less than *max_length* bytes, or because *max_length* was negative),
    /// *self.needs_input* will be set to True.
    ///
    /// Attempting to decompress data after the end of stream is reached raises an
    /// EOFError.  Any data found after the end of the stream is ignored and saved in
    /// the unused_data attribute.
    #[sig = "($self, /, data, max_length=-1)"]
    fn decompress(&self, th: Thread<'_>, data: Data, max_length: isize) -> Result<Ref<Bytes>> {
        let mut stream = stream::lock(th, &self.stream);
        let step = |input: &[u8], output: &mut [u8]| stream.step(input, output, xz::LZMA_RUN);
        self.reader.decompress(th, data.bytes(), max_length, step, |th, (status, check)| {
            let next = judge(th, status)?;
            match status {
                xz::LZMA_GET_CHECK | xz::LZMA_NO_CHECK => {
                    self.check.set(check);
                    Ok(Next::Again)
                }
                _ => Ok(next),
            }
        })
    }

    /// ID of the integrity check used by the input stream.
    #[getter]
    #[name = "check"]
    fn get_check(&self, _: Thread<'_>) -> u32 {
        self.check.get()
    }

    /// True if the end-of-stream marker has been reached.
    #[getter]
    fn eof(&self, _: Thread<'_>) -> bool {
        self.reader.eof()
    }

    /// True if more input is needed before more decompressed data can be produced.
    #[getter]
    fn needs_input(&self, _: Thread<'_>) -> bool {
        self.reader.needs_input()
    }

    /// Data found after the end of the compressed stream.
    #[getter]
    fn unused_data(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        self.reader.unused(th)
    }
}

const CONSTANTS: &[(&str, i64)] = &[
    ("CHECK_CRC32", 1),
    ("CHECK_CRC64", 4),
    ("CHECK_ID_MAX", 15),
    ("CHECK_NONE", 0),
    ("CHECK_SHA256", 10),
    ("CHECK_UNKNOWN", 16),
    ("FILTER_ARM", 7),
    ("FILTER_ARMTHUMB", 8),
    ("FILTER_DELTA", 3),
    ("FILTER_IA64", 6),
    ("FILTER_LZMA1", 0x4000_0000_0000_0001),
    ("FILTER_LZMA2", 0x21),
    ("FILTER_POWERPC", 5),
    ("FILTER_SPARC", 9),
    ("FILTER_X86", 4),
    ("FORMAT_ALONE", FORMAT_ALONE as i64),
    ("FORMAT_AUTO", FORMAT_AUTO as i64),
    ("FORMAT_RAW", FORMAT_RAW as i64),
    ("FORMAT_XZ", FORMAT_XZ as i64),
    ("MF_BT2", 18),
    ("MF_BT3", 19),
    ("MF_BT4", 20),
    ("MF_HC3", 3),
    ("MF_HC4", 4),
    ("MODE_FAST", 1),
    ("MODE_NORMAL", 2),
    ("PRESET_DEFAULT", 6),
    ("PRESET_EXTREME", 1 << 31),
];

/// Compressors and decompressors for the module lzma.
#[pymodule]
pub mod _lzma {
    use super::*;

    /// Test whether the given integrity check is supported.
    ///
    /// Always returns True for CHECK_NONE and CHECK_CRC32.
    #[sig = "(check_id, /)"]
    fn is_check_supported(_: Thread<'_>, check_id: i32) -> bool {
        // SAFETY: a table look-up.
        unsafe { xz::lzma_check_is_supported(check_id as u32) != 0 }
    }

    /// Return a bytes object encoding the options (properties) of the filter specified by *filter* (a dict).
    ///
    /// The result does not include the filter ID itself, only the options.
    #[sig = "(filter, /)"]
    fn _encode_filter_properties(th: Thread<'_>, filter: Obj<'_>) -> Result<Ref<Bytes>> {
        let mut chain = [Filter::parse(th, filter)?];
        let raw = raw_chain(&mut chain);
        let mut size = 0;
        // SAFETY: a filter with live options.
        checked(th, unsafe { xz::lzma_properties_size(&mut size, raw.as_ptr()) })?;
        let mut properties = vec![0u8; size as usize];
        // SAFETY: room for as much as the library said.
        let status = unsafe { xz::lzma_properties_encode(raw.as_ptr(), properties.as_mut_ptr()) };
        checked(th, status)?;
        Bytes::new(th, &properties)
    }

    /// Return a dict describing a filter with ID *filter_id*, and options (properties) encoded in the bytes object *encoded_props*.
    #[sig = "(filter_id, encoded_props, /)"]
    fn _decode_filter_properties(
        th: Thread<'_>,
        filter_id: Obj<'_>,
        encoded_props: Data,
    ) -> Result<Ref<Dict>> {
        let id = unsigned(th, filter_id, u64::MAX, "lzma_vli")?;
        let mut filter = xz::lzma_filter { id, options: std::ptr::null_mut() };
        let bytes = encoded_props.bytes();
        // SAFETY: the library allocates the options.
        let status = unsafe {
            xz::lzma_properties_decode(&mut filter, std::ptr::null(), bytes.as_ptr(), bytes.len())
        };
        checked(th, status)?;
        let described = describe(th, &filter);
        // SAFETY: allocated by the library with malloc, or null.
        unsafe { libc::free(filter.options) };
        described
    }

    fn describe(th: Thread<'_>, filter: &xz::lzma_filter) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        dict.set_str(th, "id", filter.id.into_object(th)?.obj())?;
        let set = |name: &str, value: u32| dict.set_str(th, name, value.into_object(th)?.obj());
        if filter.options.is_null() {
            return Ok(dict);
        }
        match filter.id {
            id if is_lzma(id) => {
                // SAFETY: the library made options of this kind.
                let options = unsafe { &*filter.options.cast::<xz::lzma_options_lzma>() };
                if id == xz::LZMA_FILTER_LZMA1 {
                    set("lc", options.lc)?;
                    set("lp", options.lp)?;
                    set("pb", options.pb)?;
                }
                set("dict_size", options.dict_size)?;
            }
            xz::LZMA_FILTER_DELTA => {
                // SAFETY: the library made options of this kind.
                let options = unsafe { &*filter.options.cast::<Delta>() };
                set("dist", options.distance)?;
            }
            id if is_bcj(id) => {
                // SAFETY: the library made options of this kind.
                let options = unsafe { &*filter.options.cast::<xz::lzma_options_bcj>() };
                set("start_offset", options.start_offset)?;
            }
            id => raise!(th, ValueError, "Invalid filter ID: {id}"),
        }
        Ok(dict)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        support::add_ints(th, module, CONSTANTS)?;
        let bases = Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?;
        let name = Str::new(th, "_lzma.LZMAError")?;
        let class = support::new_exception(th, &name, &bases)?;
        if let Ok(class) = class.clone().downcast::<Type>() {
            th.interp().extensions.get::<State>().error.replace(Some(class));
        }
        module.set(th, "LZMAError", class.obj())?;
        module.add_type::<LZMACompressor>(th)?;
        module.add_type::<LZMADecompressor>(th)
    }
}
