//! A safe shell around the zlib streams.

use std::{ffi::c_void, ptr::null_mut};

use libz_sys as z;

pub(super) use z::{
    Z_BUF_ERROR, Z_DATA_ERROR, Z_FINISH, Z_MEM_ERROR, Z_NEED_DICT, Z_NO_FLUSH, Z_OK, Z_STREAM_END,
    Z_STREAM_ERROR, Z_SYNC_FLUSH, Z_VERSION_ERROR,
};

/// A stream that compresses or decompresses.
pub(super) struct Stream {
    raw: Box<z::z_stream>,
    compresses: bool,
}

const SIZE: i32 = size_of::<z::z_stream>() as i32;

fn version() -> *const std::ffi::c_char {
    // SAFETY: always answers.
    unsafe { z::zlibVersion() }
}

/// A stream to be initialised.
fn blank() -> Box<z::z_stream> {
    unsafe extern "C" fn alloc(_: *mut c_void, items: u32, size: u32) -> *mut c_void {
        // SAFETY: any sizes; the block is given back by `free`.
        unsafe { libc::calloc(items as usize, size as usize) }
    }
    unsafe extern "C" fn free(_: *mut c_void, block: *mut c_void) {
        // SAFETY: a block from `alloc`.
        unsafe { libc::free(block) }
    }
    Box::new(z::z_stream {
        next_in: null_mut(),
        avail_in: 0,
        total_in: 0,
        next_out: null_mut(),
        avail_out: 0,
        total_out: 0,
        msg: null_mut(),
        state: null_mut(),
        zalloc: alloc,
        zfree: free,
        opaque: null_mut(),
        data_type: 0,
        adler: 0,
        reserved: 0,
    })
}

/// How far a step got: status, input used, output made.
pub(super) struct Step {
    pub(super) status: i32,
    pub(super) used: usize,
    pub(super) made: usize,
}

impl Stream {
    /// A compressor.
    pub(super) fn deflate(
        level: i32,
        method: i32,
        wbits: i32,
        mem_level: i32,
        strategy: i32,
    ) -> Result<Stream, i32> {
        let mut raw = blank();
        // SAFETY: a fresh stream of that size.
        let status = unsafe {
            z::deflateInit2_(&mut *raw, level, method, wbits, mem_level, strategy, version(), SIZE)
        };
        if status == Z_OK { Ok(Stream { raw, compresses: true }) } else { Err(status) }
    }

    /// A decompressor.
    pub(super) fn inflate(wbits: i32) -> Result<Stream, i32> {
        let mut raw = blank();
        // SAFETY: a fresh stream of that size.
        let status = unsafe { z::inflateInit2_(&mut *raw, wbits, version(), SIZE) };
        if status == Z_OK { Ok(Stream { raw, compresses: false }) } else { Err(status) }
    }

    /// Preset the dictionary.
    pub(super) fn set_dictionary(&mut self, dictionary: &[u8]) -> i32 {
        let (ptr, len) = (dictionary.as_ptr(), dictionary.len().min(u32::MAX as usize) as u32);
        // SAFETY: an initialised stream and a dictionary of that length.
        unsafe {
            if self.compresses {
                z::deflateSetDictionary(&mut *self.raw, ptr, len)
            } else {
                z::inflateSetDictionary(&mut *self.raw, ptr, len)
            }
        }
    }

    /// A stream in the same state.
    pub(super) fn copy(&mut self) -> Result<Stream, i32> {
        let mut raw = blank();
        // SAFETY: an initialised stream and a fresh one.
        let status = unsafe {
            if self.compresses {
                z::deflateCopy(&mut *raw, &mut *self.raw)
            } else {
                z::inflateCopy(&mut *raw, &mut *self.raw)
            }
        };
        if status == Z_OK { Ok(Stream { raw, compresses: self.compresses }) } else { Err(status) }
    }

    /// Go on with some input and room for output.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Step {
        let available = input.len().min(u32::MAX as usize) as u32;
        let room = output.len().min(u32::MAX as usize) as u32;
        self.raw.next_in = input.as_ptr().cast_mut();
        self.raw.avail_in = available;
        self.raw.next_out = output.as_mut_ptr();
        self.raw.avail_out = room;
        // SAFETY: an initialised stream with live buffers.
        let status = unsafe {
            if self.compresses {
                z::deflate(&mut *self.raw, flush)
            } else {
                z::inflate(&mut *self.raw, flush)
            }
        };
        Step {
            status,
            used: (available - self.raw.avail_in) as usize,
            made: (room - self.raw.avail_out) as usize,
        }
    }

    /// What the library says of the last error.
    pub(super) fn message(&self) -> Option<String> {
        if self.raw.msg.is_null() {
            return None;
        }
        // SAFETY: a static C string of the library.
        let text = unsafe { std::ffi::CStr::from_ptr(self.raw.msg) };
        Some(text.to_string_lossy().into_owned())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: an initialised stream, ended once.
        unsafe {
            if self.compresses {
                z::deflateEnd(&mut *self.raw);
            } else {
                z::inflateEnd(&mut *self.raw);
            }
        }
    }
}

/// CRC-32 of more data.
pub(super) fn crc32(start: u32, data: &[u8]) -> u32 {
    data.chunks(1 << 30).fold(start, |value, chunk| {
        // SAFETY: the chunk has that length.
        unsafe { z::crc32(value.into(), chunk.as_ptr(), chunk.len() as u32) as u32 }
    })
}

/// Adler-32 of more data.
pub(super) fn adler32(start: u32, data: &[u8]) -> u32 {
    data.chunks(1 << 30).fold(start, |value, chunk| {
        // SAFETY: the chunk has that length.
        unsafe { z::adler32(value.into(), chunk.as_ptr(), chunk.len() as u32) as u32 }
    })
}
