//! `_bz2`: compression with a pure Rust bzip2.

use std::{cell::RefCell, ffi::c_char};

use libbz2_rs_sys as bz;
use macros::{pymethods, pymodule, pytype};
use object::{Bytes, Head, Module, Raised, Ref, Result, Thread, Type, alloc_object, error, raise};

use crate::support::{
    Data,
    stream::{self, Next, Reader, Step},
};

/// A bzip2 stream, ended when dropped.
struct Stream {
    raw: Box<bz::bz_stream>,
    compresses: bool,
    /// The error that ended the stream: the library must not be asked again.
    failed: Option<i32>,
}

fn empty() -> Box<bz::bz_stream> {
    Box::new(bz::bz_stream {
        next_in: std::ptr::null(),
        avail_in: 0,
        total_in_lo32: 0,
        total_in_hi32: 0,
        next_out: std::ptr::null_mut(),
        avail_out: 0,
        total_out_lo32: 0,
        total_out_hi32: 0,
        state: std::ptr::null_mut(),
        bzalloc: None,
        bzfree: None,
        opaque: std::ptr::null_mut(),
    })
}

impl Stream {
    fn compressor(level: i32) -> Result<Stream, i32> {
        let mut raw = empty();
        // SAFETY: a fresh stream.
        let status = unsafe { bz::BZ2_bzCompressInit(&mut *raw, level, 0, 0) };
        if status == bz::BZ_OK {
            Ok(Stream { raw, compresses: true, failed: None })
        } else {
            Err(status)
        }
    }

    fn decompressor() -> Result<Stream, i32> {
        let mut raw = empty();
        // SAFETY: a fresh stream.
        let status = unsafe { bz::BZ2_bzDecompressInit(&mut *raw, 0, 0) };
        if status == bz::BZ_OK {
            Ok(Stream { raw, compresses: false, failed: None })
        } else {
            Err(status)
        }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8], action: i32) -> Step<i32> {
        let available = input.len().min(u32::MAX as usize) as u32;
        let room = output.len().min(u32::MAX as usize) as u32;
        self.raw.next_in = input.as_ptr().cast::<c_char>();
        self.raw.avail_in = available;
        self.raw.next_out = output.as_mut_ptr().cast::<c_char>();
        self.raw.avail_out = room;
        let status = if self.compresses {
            // SAFETY: an initialised stream with live buffers.
            unsafe { bz::BZ2_bzCompress(&mut *self.raw, action) }
        } else {
            // SAFETY: an initialised stream with live buffers.
            unsafe { bz::BZ2_bzDecompress(&mut *self.raw) }
        };
        if status < 0 {
            self.failed = Some(status);
        }
        Step {
            used: (available - self.raw.avail_in) as usize,
            made: (room - self.raw.avail_out) as usize,
            status,
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.compresses {
            // SAFETY: an initialised stream, ended once.
            unsafe { bz::BZ2_bzCompressEnd(&mut *self.raw) };
        } else {
            // SAFETY: an initialised stream, ended once.
            unsafe { bz::BZ2_bzDecompressEnd(&mut *self.raw) };
        }
    }
}

#[cold]
fn failure(th: Thread<'_>, status: i32) -> Raised {
    match status {
        bz::BZ_PARAM_ERROR => {
            error!(th, ValueError, "Internal error - invalid parameters passed to libbzip2")
        }
        bz::BZ_MEM_ERROR => th.no_memory(),
        bz::BZ_DATA_ERROR | bz::BZ_DATA_ERROR_MAGIC => error!(th, OSError, "Invalid data stream"),
        bz::BZ_IO_ERROR => error!(th, OSError, "Unknown I/O error"),
        bz::BZ_UNEXPECTED_EOF => error!(
            th,
            EOFError, "Compressed file ended before the logical end-of-stream was detected"
        ),
        bz::BZ_SEQUENCE_ERROR => error!(
            th,
            RuntimeError, "Internal error - Invalid sequence of commands sent to libbzip2"
        ),
        status => error!(th, OSError, "Unrecognized error from libbzip2: {status}"),
    }
}

fn judge(th: Thread<'_>, status: i32) -> Result<Next> {
    match status {
        bz::BZ_OK | bz::BZ_RUN_OK | bz::BZ_FLUSH_OK => Ok(Next::More),
        bz::BZ_FINISH_OK => Ok(Next::Again),
        bz::BZ_STREAM_END => Ok(Next::End),
        status => Err(failure(th, status)),
    }
}

/// Create a compressor object for compressing data incrementally.
///
///   compresslevel
///     Compression level, as a number between 1 and 9.
///
/// For one-shot compression, use the compress() function instead.
#[pytype(name = "_bz2.BZ2Compressor", sig = "(compresslevel=9, /)", flags = IMMUTABLETYPE)]
pub(crate) struct BZ2Compressor {
    head: Head,
    #[traverse(skip)]
    stream: RefCell<Option<Stream>>,
}

#[pymethods]
impl BZ2Compressor {
    #[sig = "BZ2Compressor(compresslevel=9, /)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        compresslevel: Option<i32>,
    ) -> Result<Ref<BZ2Compressor>> {
        let level = compresslevel.unwrap_or(9);
        if !(1..=9).contains(&level) {
            raise!(th, ValueError, "compresslevel must be between 1 and 9");
        }
        let stream = Stream::compressor(level).map_err(|status| failure(th, status))?;
        let value = BZ2Compressor { head: Head::new(), stream: RefCell::new(Some(stream)) };
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
        if data.len() == 0 {
            return Bytes::new(th, b"");
        }
        let step = |input: &[u8], output: &mut [u8]| stream.step(input, output, bz::BZ_RUN);
        let run = stream::run(th, data.bytes(), None, step, judge)?;
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
        let step = |input: &[u8], output: &mut [u8]| stream.step(input, output, bz::BZ_FINISH);
        let run = stream::run(th, b"", None, step, judge)?;
        Bytes::new(th, &run.output)
    }
}

/// Create a decompressor object for decompressing data incrementally.
///
/// For one-shot decompression, use the decompress() function instead.
#[pytype(name = "_bz2.BZ2Decompressor", sig = "()", flags = IMMUTABLETYPE)]
pub(crate) struct BZ2Decompressor {
    head: Head,
    #[traverse(skip)]
    stream: RefCell<Stream>,
    #[traverse(skip)]
    reader: Reader,
}

#[pymethods]
impl BZ2Decompressor {
    #[sig = "BZ2Decompressor()"]
    fn __new__(th: Thread<'_>, cls: &Type) -> Result<Ref<BZ2Decompressor>> {
        let stream = Stream::decompressor().map_err(|status| failure(th, status))?;
        let value = BZ2Decompressor {
            head: Head::new(),
            stream: RefCell::new(stream),
            reader: Reader::default(),
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
        if stream.failed.is_some() {
            raise!(th, ValueError, "Decompressor is unusable after a previous error");
        }
        let step = |input: &[u8], output: &mut [u8]| stream.step(input, output, 0);
        self.reader.decompress(th, data.bytes(), max_length, step, judge)
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

/// Compressors and decompressors for the module bz2.
#[pymodule]
pub mod _bz2 {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<BZ2Compressor>(th)?;
        module.add_type::<BZ2Decompressor>(th)
    }
}
