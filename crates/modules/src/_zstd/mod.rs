//! `_zstd`: compression with the Zstandard library.

mod context;

use std::{
    cell::{Cell, RefCell},
    ffi::c_int,
};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, IntoObject, Module, Obj, Protocol, Raised, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object, declare::TypeBuilder, error, exceptions, raise, types,
};

use crate::support::{
    self, Data,
    stream::{self, Next, Reader},
};

use self::context::{Code, Compressor, Decompressor, Use};

#[derive(Default)]
struct State {
    error: RefCell<Option<Ref<Type>>>,
    /// The enumerations of parameters, to tell which is given where the other belongs.
    compression: RefCell<Option<Ref<Type>>>,
    decompression: RefCell<Option<Ref<Type>>>,
}

#[cold]
fn zstd_error(th: Thread<'_>, text: &str) -> Raised {
    let class = th.interp().extensions.get::<State>().error.borrow().clone();
    match class {
        Some(class) => th.raise(&class, format_args!("{text}")),
        None => error!(th, ValueError, "{text}"),
    }
}

/// Raise if a code is an error.
fn checked(th: Thread<'_>, code: Code, doing: &str) -> Result<Code> {
    if context::is_error(code) {
        let name = context::error_name(code);
        return Err(zstd_error(th, &format!("Unable to {doing}: {name}")));
    }
    Ok(code)
}

fn not_digested(th: Thread<'_>, kind: &str) -> Raised {
    let text = format!("Failed to create a {kind} instance from Zstandard dictionary content.");
    zstd_error(th, &text)
}

/// A C `int`.
fn int(th: Thread<'_>, value: Obj<'_>) -> Result<c_int> {
    let index = Int::index(th, value)?;
    match Int::to_i64(index.obj()).and_then(|value| c_int::try_from(value).ok()) {
        Some(value) => Ok(value),
        None => raise!(th, OverflowError, "Python int too large to convert to C int"),
    }
}

/// The numbers and values of an options dict.
fn options(th: Thread<'_>, options: &Dict, compresses: bool) -> Result<Vec<(c_int, c_int)>> {
    let state = th.interp().extensions.get::<State>();
    let (kind, wrong, wrong_name) = if compresses {
        ("compression", state.decompression.borrow().clone(), "DecompressionParameter")
    } else {
        ("decompression", state.compression.borrow().clone(), "CompressionParameter")
    };
    let mut all = Vec::new();
    for (key, value) in options.items() {
        if wrong.as_ref().is_some_and(|wrong| key.obj().ty().obj().is(wrong.obj())) {
            raise!(
                th,
                TypeError,
                "{kind} options dictionary key must not be a {wrong_name} attribute"
            );
        }
        let number = int(th, key.obj())?;
        let value = int(th, value.obj())?;
        let Some((low, high)) = context::bounds(number, compresses) else {
            raise!(th, ValueError, "invalid {kind} parameter 'unknown parameter (key {number})'");
        };
        if !(low..=high).contains(&value) {
            let name = context::name(number, compresses).unwrap_or_default();
            raise!(
                th,
                ValueError,
                "{kind} parameter '{name}' received an illegal value {value}; the valid range is \
                 [{low}, {high}]"
            );
        }
        all.push((number, value));
    }
    Ok(all)
}

/// A dict, if something is given.
fn options_dict<'a>(
    th: Thread<'_>,
    value: Option<Obj<'a>>,
    class: &str,
) -> Result<Option<&'a Dict>> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(None) };
    match value.downcast::<Dict>() {
        Some(dict) => Ok(Some(dict)),
        None => raise!(
            th,
            TypeError,
            "{class}() argument 'options' must be dict, not {}",
            value.type_name()
        ),
    }
}

/// Represents a Zstandard dictionary.
///
///   dict_content
///     The content of a Zstandard dictionary as a bytes-like object.
///   is_raw
///     If true, perform no checks on *dict_content*, useful for some
///     advanced cases. Otherwise, check that the content represents
///     a Zstandard dictionary created by the zstd library or CLI.
///
/// The dictionary can be used for compression or decompression, and can be shared
/// by multiple ZstdCompressor or ZstdDecompressor objects.
#[pytype(
    name = "compression.zstd.ZstdDict",
    sig = "(dict_content, /, *, is_raw=False)",
    flags = IMMUTABLETYPE
)]
pub(crate) struct ZstdDict {
    head: Head,
    content: Ref<Bytes>,
    dict_id: u32,
}

#[pymethods]
impl ZstdDict {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = std::mem::offset_of!(ZstdDict, dict_id);
        let doc = c"The Zstandard dictionary, an int between 0 and 2**32.";
        b.member(c"dict_id", abi::Py_T_UINT, offset, abi::Py_READONLY, Some(doc));
    }

    #[sig = "ZstdDict(dict_content, /, *, is_raw=False)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        dict_content: Data,
        is_raw: bool,
    ) -> Result<Ref<ZstdDict>> {
        let content = dict_content.bytes();
        if content.len() < 8 {
            raise!(
                th,
                ValueError,
                "Zstandard dictionary content too short (must have at least eight bytes)"
            );
        }
        let dict_id = context::dictionary_id(content);
        if !is_raw && dict_id == 0 {
            raise!(th, ValueError, "invalid Zstandard dictionary");
        }
        let content = Bytes::new(th, content)?;
        alloc_object::alloc(th, cls, ZstdDict { head: Head::new(), content, dict_id })
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.content.len()
    }

    fn __repr__(&self, _: Thread<'_>) -> String {
        format!("<ZstdDict dict_id={} dict_size={}>", self.dict_id, self.content.len())
    }

    /// The content of a Zstandard dictionary, as a bytes object.
    #[getter]
    fn dict_content(&self, _: Thread<'_>) -> Ref<Bytes> {
        self.content.clone()
    }

    /// Load as a digested dictionary to compressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_digested_dict)
    #[getter]
    fn as_digested_dict(&self, _: Thread<'_>) -> (Ref, i32) {
        (self.obj().own(), 0)
    }

    /// Load as an undigested dictionary to compressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_undigested_dict)
    #[getter]
    fn as_undigested_dict(&self, _: Thread<'_>) -> (Ref, i32) {
        (self.obj().own(), 1)
    }

    /// Load as a prefix to compressor/decompressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_prefix)
    #[getter]
    fn as_prefix(&self, _: Thread<'_>) -> (Ref, i32) {
        (self.obj().own(), 2)
    }
}

/// A dictionary argument: a `ZstdDict`, or a pair with how it is to be used.
fn dictionary(
    th: Thread<'_>,
    value: Option<Obj<'_>>,
    default: Use,
) -> Result<Option<(Ref<Bytes>, Use)>> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(None) };
    if let Some(dict) = value.downcast::<ZstdDict>() {
        return Ok(Some((dict.content.clone(), default)));
    }
    if let Some([dict, how]) = value.downcast_exact::<Tuple>().map(Tuple::items)
        && let Some(dict) = dict.downcast::<ZstdDict>()
        && Int::is_int(*how)
    {
        let how = match int(th, *how)? {
            0 => Some(Use::Digested),
            1 => Some(Use::Undigested),
            2 => Some(Use::Prefix),
            _ => None,
        };
        if let Some(how) = how {
            return Ok(Some((dict.content.clone(), how)));
        }
    }
    raise!(th, TypeError, "zstd_dict argument should be a ZstdDict object.")
}

const CONTINUE: i32 = 0;
const FLUSH_BLOCK: i32 = 1;
const FLUSH_FRAME: i32 = 2;

/// Create a compressor object for compressing data incrementally.
///
///   level
///     The compression level to use. Defaults to COMPRESSION_LEVEL_DEFAULT.
///   options
///     A dict object that contains advanced compression parameters.
///   zstd_dict
///     A ZstdDict object, a pre-trained Zstandard dictionary.
///
/// Thread-safe at method level. For one-shot compression, use the compress()
/// function instead.
#[pytype(
    name = "compression.zstd.ZstdCompressor",
    sig = "(level=None, options=None, zstd_dict=None)",
    flags = IMMUTABLETYPE
)]
pub(crate) struct ZstdCompressor {
    head: Head,
    #[traverse(skip)]
    context: RefCell<Compressor>,
    last_mode: Cell<i32>,
}

impl ZstdCompressor {
    fn run(&self, th: Thread<'_>, data: &[u8], mode: i32) -> Result<Ref<Bytes>> {
        let mut context = stream::lock(th, &self.context);
        let run = {
            let step = |input: &[u8], output: &mut [u8]| context.step(input, output, mode);
            stream::run(th, data, None, step, |th, status| {
                let left = checked(th, status, "compress Zstandard data")?;
                Ok(match (mode, left) {
                    (CONTINUE, _) => Next::More,
                    (_, 0) => Next::End,
                    _ => Next::Again,
                })
            })
        };
        match run {
            Ok(run) => {
                self.last_mode.set(mode);
                Bytes::new(th, &run.output)
            }
            Err(raised) => {
                self.last_mode.set(FLUSH_FRAME);
                context.reset();
                Err(raised)
            }
        }
    }
}

#[pymethods]
impl ZstdCompressor {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = std::mem::offset_of!(ZstdCompressor, last_mode);
        let doc = c"The last mode used to this compressor object, its value can be .CONTINUE, .FLUSH_BLOCK, .FLUSH_FRAME.";
        b.member(c"last_mode", abi::Py_T_INT, offset, abi::Py_READONLY, Some(doc));
    }

    #[sig = "ZstdCompressor(level=None, options=None, zstd_dict=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        level: Option<Obj<'_>>,
        options: Option<Obj<'_>>,
        zstd_dict: Option<Obj<'_>>,
    ) -> Result<Ref<ZstdCompressor>> {
        let level = level.filter(|level| !level.is_none());
        let Some(mut context) = Compressor::new() else { return Err(th.no_memory()) };
        if level.is_some() && options.is_some_and(|options| !options.is_none()) {
            raise!(th, TypeError, "Only one of level or options should be used.");
        }
        let mut chosen = 0;
        if let Some(level) = level {
            if !Int::is_int(level) {
                raise!(th, TypeError, "invalid type for level, expected int");
            }
            let (low, high) = context::levels();
            let given = Int::to_i64(level).and_then(|level| c_int::try_from(level).ok());
            match given {
                Some(level) if (low..=high).contains(&level) => chosen = level,
                Some(level) => raise!(
                    th,
                    ValueError,
                    "illegal compression level {level}; the valid range is [{low}, {high}]"
                ),
                None => raise!(
                    th,
                    ValueError,
                    "illegal compression level; the valid range is [{low}, {high}]"
                ),
            }
            checked(th, context.set(100, chosen), "set zstd compression parameters")?;
        }
        if let Some(dict) = options_dict(th, options, "ZstdCompressor")? {
            for (number, value) in self::options(th, dict, true)? {
                if number == 100 {
                    chosen = value;
                }
                checked(th, context.set(number, value), "set zstd compression parameters")?;
            }
        }
        if let Some((content, how)) = dictionary(th, zstd_dict, Use::Undigested)? {
            let Some(code) = context.load(content.as_bytes(), how, chosen) else {
                return Err(not_digested(th, "ZSTD_CDict"));
            };
            checked(th, code, "load Zstandard dictionary or prefix for compression")?;
        }
        let value = ZstdCompressor {
            head: Head::new(),
            context: RefCell::new(context),
            last_mode: Cell::new(FLUSH_FRAME),
        };
        alloc_object::alloc(th, cls, value)
    }

    /// Provide data to the compressor object.
    ///
    ///   mode
    ///     Can be these 3 values: ZstdCompressor.CONTINUE,
    ///     ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME
    ///
    /// Return a chunk of compressed data if possible, or b'' otherwise. When you have
    /// finished providing data to the compressor, call the flush() method to finish
    /// the compression process.
    #[sig = "($self, /, data, mode=ZstdCompressor.CONTINUE)"]
    fn compress(&self, th: Thread<'_>, data: Data, mode: Option<i32>) -> Result<Ref<Bytes>> {
        let mode = mode.unwrap_or(CONTINUE);
        if !(CONTINUE..=FLUSH_FRAME).contains(&mode) {
            raise!(
                th,
                ValueError,
                "mode argument wrong value, it should be one of ZstdCompressor.CONTINUE, \
                 ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME."
            );
        }
        self.run(th, data.bytes(), mode)
    }

    /// Finish the compression process.
    ///
    ///   mode
    ///     Can be these 2 values: ZstdCompressor.FLUSH_FRAME,
    ///     ZstdCompressor.FLUSH_BLOCK
    ///
    /// Flush any remaining data left in internal buffers. Since Zstandard data
    /// consists of one or more independent frames, the compressor object can still
    /// be used after this method is called.
    #[sig = "($self, /, mode=ZstdCompressor.FLUSH_FRAME)"]
    fn flush(&self, th: Thread<'_>, mode: Option<i32>) -> Result<Ref<Bytes>> {
        let mode = mode.unwrap_or(FLUSH_FRAME);
        if !matches!(mode, FLUSH_BLOCK | FLUSH_FRAME) {
            raise!(
                th,
                ValueError,
                "mode argument wrong value, it should be ZstdCompressor.FLUSH_FRAME or \
                 ZstdCompressor.FLUSH_BLOCK."
            );
        }
        self.run(th, b"", mode)
    }

    /// Set the uncompressed content size to be written into the frame header.
    ///
    ///   size
    ///     The size of the uncompressed data to be provided to the compressor.
    ///
    /// This method can be used to ensure the header of the frame about to be written
    /// includes the size of the data, unless the CompressionParameter.content_size_flag
    /// is set to False. If last_mode != FLUSH_FRAME, then a RuntimeError is raised.
    #[sig = "($self, size, /)"]
    fn set_pledged_input_size(&self, th: Thread<'_>, size: Obj<'_>) -> Result<()> {
        const LIMIT: u64 = u64::MAX - 1;
        let size = if size.is_none() {
            u64::MAX
        } else if !Int::is_int(size) {
            raise!(th, TypeError, "an integer is required");
        } else {
            let wide = match Int::to_i64(size) {
                Some(size) => u64::try_from(size).ok(),
                None => size.str(th)?.to_utf8(th)?.parse().ok(),
            };
            match wide.filter(|size| *size < LIMIT) {
                Some(size) => size,
                None => {
                    raise!(
                        th,
                        ValueError,
                        "size argument should be a positive int less than {LIMIT}"
                    )
                }
            }
        };
        let mut context = stream::lock(th, &self.context);
        if self.last_mode.get() != FLUSH_FRAME {
            raise!(
                th,
                ValueError,
                "set_pledged_input_size() method must be called when last_mode == FLUSH_FRAME"
            );
        }
        let code = context.set_pledged_size(size);
        checked(th, code, "set pledged uncompressed content size").map(drop)
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<()> {
        no_pickle(th, self.obj())
    }
}

fn no_pickle(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
    raise!(th, TypeError, "cannot pickle '{}' object", this.ty().full_name())
}

/// Create a decompressor object for decompressing data incrementally.
///
///   zstd_dict
///     A ZstdDict object, a pre-trained Zstandard dictionary.
///   options
///     A dict object that contains advanced decompression parameters.
///
/// Thread-safe at method level. For one-shot decompression, use the decompress()
/// function instead.
#[pytype(
    name = "compression.zstd.ZstdDecompressor",
    sig = "(zstd_dict=None, options=None)",
    flags = IMMUTABLETYPE
)]
pub(crate) struct ZstdDecompressor {
    head: Head,
    #[traverse(skip)]
    context: RefCell<Decompressor>,
    #[traverse(skip)]
    reader: Reader,
}

#[pymethods]
impl ZstdDecompressor {
    #[sig = "ZstdDecompressor(zstd_dict=None, options=None)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        zstd_dict: Option<Obj<'_>>,
        options: Option<Obj<'_>>,
    ) -> Result<Ref<ZstdDecompressor>> {
        let Some(mut context) = Decompressor::new() else { return Err(th.no_memory()) };
        if let Some((content, how)) = dictionary(th, zstd_dict, Use::Digested)? {
            let Some(code) = context.load(content.as_bytes(), how) else {
                return Err(not_digested(th, "ZSTD_DDict"));
            };
            checked(th, code, "load Zstandard dictionary or prefix for decompression")?;
        }
        if let Some(dict) = options_dict(th, options, "ZstdDecompressor")? {
            for (number, value) in self::options(th, dict, false)? {
                checked(th, context.set(number, value), "set zstd decompression parameters")?;
            }
        }
        let value = ZstdDecompressor {
            head: Head::new(),
            context: RefCell::new(context),
            reader: Reader::default(),
        };
        alloc_object::alloc(th, cls, value)
    }

    /// Decompress *data*, returning uncompressed bytes if possible, or b'' otherwise.
    ///
    ///   data
    ///     A bytes-like object, Zstandard data to be decompressed.
    ///   max_length
    ///     Maximum size of returned data. When it is negative, the size of
    ///     output buffer is unlimited. When it is nonnegative, returns at
    ///     most max_length bytes of decompressed data.
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
    /// Attempting to decompress data after the end of a frame is reached raises an
    /// EOFError. Any data found after the end of the frame is ignored and saved in
    /// the self.unused_data attribute.
    #[sig = "($self, /, data, max_length=-1)"]
    fn decompress(&self, th: Thread<'_>, data: Data, max_length: isize) -> Result<Ref<Bytes>> {
        let mut context = stream::lock(th, &self.context);
        if self.reader.eof() {
            raise!(th, EOFError, "Already at the end of a Zstandard frame.");
        }
        let step = |input: &[u8], output: &mut [u8]| context.step(input, output);
        self.reader.decompress(th, data.bytes(), max_length, step, |th, status| {
            let left = checked(th, status, "decompress Zstandard data")?;
            Ok(if left == 0 { Next::End } else { Next::More })
        })
    }

    /// True means the end of the first frame has been reached.
    ///
    /// If decompress data after that, an EOFError exception will be raised.
    #[getter]
    fn eof(&self, _: Thread<'_>) -> bool {
        self.reader.eof()
    }

    /// If the max_length output limit in .decompress() method has been reached, and the decompressor has (or may has) unconsumed input data, it will be set to False.
    #[getter]
    fn needs_input(&self, _: Thread<'_>) -> bool {
        self.reader.needs_input()
    }

    /// A bytes object of un-consumed input data.
    ///
    /// When ZstdDecompressor object stops after a frame is
    /// decompressed, unused input data after the frame. Otherwise this will be b''.
    #[getter]
    fn unused_data(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        self.reader.unused(th)
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<()> {
        no_pickle(th, self.obj())
    }
}

/// The sizes of samples, which must add up.
fn sample_sizes(th: Thread<'_>, samples: &Bytes, sizes: &Tuple) -> Result<Vec<usize>> {
    let mut all = Vec::new();
    let mut total = 0usize;
    for size in sizes.items() {
        if !Int::is_int(*size) {
            raise!(th, TypeError, "an integer is required");
        }
        let Some(size) = Int::to_i64(*size).and_then(|size| usize::try_from(size).ok()) else {
            raise!(
                th,
                ValueError,
                "The samples size tuple doesn't match the concatenation's size."
            );
        };
        total = total.saturating_add(size);
        all.push(size);
    }
    if total != samples.len() {
        raise!(th, ValueError, "The samples size tuple doesn't match the concatenation's size.");
    }
    Ok(all)
}

fn dictionary_room(th: Thread<'_>, size: isize) -> Result<Vec<u8>> {
    let size = match usize::try_from(size) {
        Ok(size) if size > 0 => size,
        _ => raise!(th, ValueError, "dict_size argument should be positive number."),
    };
    let mut room: Vec<u8> = Vec::new();
    if room.try_reserve_exact(size).is_err() {
        return Err(th.no_memory());
    }
    room.resize(size, 0);
    Ok(room)
}

/// A dictionary that was made, or why not.
fn made_dictionary(th: Thread<'_>, room: &[u8], code: Code, doing: &str) -> Result<Ref<Bytes>> {
    if context::is_dictionary_error(code) {
        let name = context::dictionary_error_name(code);
        let text = format!("Unable to {doing} the Zstandard dictionary: {name}");
        return Err(zstd_error(th, &text));
    }
    Bytes::new(th, room.get(..code).unwrap_or_default())
}

const CONSTANTS: &[(&str, i64)] = &[
    ("ZSTD_CLEVEL_DEFAULT", 3),
    ("ZSTD_DStreamOutSize", 131_072),
    ("ZSTD_fast", 1),
    ("ZSTD_dfast", 2),
    ("ZSTD_greedy", 3),
    ("ZSTD_lazy", 4),
    ("ZSTD_lazy2", 5),
    ("ZSTD_btlazy2", 6),
    ("ZSTD_btopt", 7),
    ("ZSTD_btultra", 8),
    ("ZSTD_btultra2", 9),
    ("ZSTD_c_compressionLevel", 100),
    ("ZSTD_c_windowLog", 101),
    ("ZSTD_c_hashLog", 102),
    ("ZSTD_c_chainLog", 103),
    ("ZSTD_c_searchLog", 104),
    ("ZSTD_c_minMatch", 105),
    ("ZSTD_c_targetLength", 106),
    ("ZSTD_c_strategy", 107),
    ("ZSTD_c_enableLongDistanceMatching", 160),
    ("ZSTD_c_ldmHashLog", 161),
    ("ZSTD_c_ldmMinMatch", 162),
    ("ZSTD_c_ldmBucketSizeLog", 163),
    ("ZSTD_c_ldmHashRateLog", 164),
    ("ZSTD_c_contentSizeFlag", 200),
    ("ZSTD_c_checksumFlag", 201),
    ("ZSTD_c_dictIDFlag", 202),
    ("ZSTD_c_nbWorkers", 400),
    ("ZSTD_c_jobSize", 401),
    ("ZSTD_c_overlapLog", 402),
    ("ZSTD_d_windowLogMax", 100),
];

/// Implementation module for Zstandard compression.
#[pymodule]
pub mod _zstd {
    use super::*;

    /// Train a Zstandard dictionary on sample data.
    ///
    ///   samples_bytes
    ///     Concatenation of samples.
    ///   samples_sizes
    ///     Tuple of samples' sizes.
    ///   dict_size
    ///     The size of the dictionary.
    #[sig = "(samples_bytes, samples_sizes, dict_size, /)"]
    fn train_dict(
        th: Thread<'_>,
        samples_bytes: &Bytes,
        samples_sizes: &Tuple,
        dict_size: isize,
    ) -> Result<Ref<Bytes>> {
        let mut room = dictionary_room(th, dict_size)?;
        let sizes = sample_sizes(th, samples_bytes, samples_sizes)?;
        let samples = samples_bytes.as_bytes();
        let code = th.allow_threads(|| context::train(&mut room, samples, &sizes));
        made_dictionary(th, &room, code, "train")
    }

    /// Finalize a Zstandard dictionary.
    ///
    ///   custom_dict_bytes
    ///     Custom dictionary content.
    ///   samples_bytes
    ///     Concatenation of samples.
    ///   samples_sizes
    ///     Tuple of samples' sizes.
    ///   dict_size
    ///     The size of the dictionary.
    ///   compression_level
    ///     Optimize for a specific Zstandard compression level, 0 means default.
    #[sig = "(custom_dict_bytes, samples_bytes, samples_sizes, dict_size, compression_level, /)"]
    fn finalize_dict(
        th: Thread<'_>,
        custom_dict_bytes: &Bytes,
        samples_bytes: &Bytes,
        samples_sizes: &Tuple,
        dict_size: isize,
        compression_level: i32,
    ) -> Result<Ref<Bytes>> {
        let mut room = dictionary_room(th, dict_size)?;
        let sizes = sample_sizes(th, samples_bytes, samples_sizes)?;
        let (content, samples) = (custom_dict_bytes.as_bytes(), samples_bytes.as_bytes());
        let code = th.allow_threads(|| {
            context::finalize(&mut room, content, samples, &sizes, compression_level)
        });
        made_dictionary(th, &room, code, "finalize")
    }

    /// Get CompressionParameter/DecompressionParameter bounds.
    ///
    ///   parameter
    ///     The parameter to get bounds.
    ///   is_compress
    ///     True for CompressionParameter, False for DecompressionParameter.
    #[sig = "(parameter, is_compress)"]
    fn get_param_bounds(th: Thread<'_>, parameter: i32, is_compress: bool) -> Result<(i32, i32)> {
        match context::bounds(parameter, is_compress) {
            Some(bounds) => Ok(bounds),
            None => {
                let kind = if is_compress { "compression" } else { "decompression" };
                let text =
                    format!("Unable to get zstd {kind} parameter bounds: Unsupported parameter");
                Err(zstd_error(th, &text))
            }
        }
    }

    /// Get the size of a Zstandard frame, including the header and optional checksum.
    ///
    ///   frame_buffer
    ///     A bytes-like object, it should start from the beginning of a frame,
    ///     and contains at least one complete frame.
    #[sig = "(frame_buffer)"]
    fn get_frame_size(th: Thread<'_>, frame_buffer: Data) -> Result<usize> {
        let code = context::frame_size(frame_buffer.bytes());
        if context::is_error(code) {
            let name = context::error_name(code);
            let text = format!(
                "Error when finding the compressed size of a Zstandard frame. Ensure the \
                 frame_buffer argument starts from the beginning of a frame, and its length is \
                 not less than this complete frame. Zstd error message: {name}."
            );
            return Err(zstd_error(th, &text));
        }
        Ok(code)
    }

    /// Get Zstandard frame infomation from a frame header.
    ///
    ///   frame_buffer
    ///     A bytes-like object, containing the header of a Zstandard frame.
    #[sig = "(frame_buffer)"]
    fn get_frame_info(th: Thread<'_>, frame_buffer: Data) -> Result<(Ref, Ref)> {
        let Some((size, dictionary)) = context::frame_info(frame_buffer.bytes()) else {
            return Err(zstd_error(
                th,
                "Error when getting information from the header of a Zstandard frame. Ensure the \
                 frame_buffer argument starts from the beginning of a frame, and its length is \
                 not less than the frame header (6~18 bytes).",
            ));
        };
        Ok((size.into_object(th)?, dictionary.into_object(th)?))
    }

    /// Set CompressionParameter and DecompressionParameter types for validity check.
    ///
    ///   c_parameter_type
    ///     CompressionParameter IntEnum type object
    ///   d_parameter_type
    ///     DecompressionParameter IntEnum type object
    #[sig = "(c_parameter_type, d_parameter_type)"]
    fn set_parameter_types(
        th: Thread<'_>,
        c_parameter_type: &Type,
        d_parameter_type: &Type,
    ) -> Result<()> {
        let state = th.interp().extensions.get::<State>();
        state.compression.replace(Some(object::own(c_parameter_type)));
        state.decompression.replace(Some(object::own(d_parameter_type)));
        Ok(())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        support::add_ints(th, module, CONSTANTS)?;
        let number = context::version_number();
        module.set(th, "zstd_version_number", number.into_object(th)?.obj())?;
        let version = format!("{}.{}.{}", number / 10_000, number / 100 % 100, number % 100);
        module.set(th, "zstd_version", Str::new(th, &version)?.obj())?;
        let bases = Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?;
        let name = Str::new(th, "compression.zstd.ZstdError")?;
        let class = support::new_exception(th, &name, &bases)?;
        module.set(th, "ZstdError", class.obj())?;
        if let Ok(class) = class.downcast::<Type>() {
            th.interp().extensions.get::<State>().error.replace(Some(class));
        }
        module.add_type::<ZstdDict>(th)?;
        module.add_type::<ZstdCompressor>(th)?;
        module.add_type::<ZstdDecompressor>(th)?;
        let compressor =
            types::type_::ready(th, <ZstdCompressor as object::declare::Declared>::DECL)?;
        let modes = [
            ("CONTINUE", CONTINUE.into_object(th)?),
            ("FLUSH_BLOCK", FLUSH_BLOCK.into_object(th)?),
            ("FLUSH_FRAME", FLUSH_FRAME.into_object(th)?),
        ];
        support::set_attributes(th, compressor, &modes)
    }
}
