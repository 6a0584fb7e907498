//! The contexts of the zstd library, behind safe doors.
//!
//! What a context refers to, a prefix or a digested dictionary, lives as long
//! as the context: [`Held`] keeps it.

use std::ffi::{CStr, c_int, c_void};

use zstd_sys as zs;

use crate::support::stream::Step;

/// A number that may be an error.
pub(super) type Code = usize;

pub(super) fn is_error(code: Code) -> bool {
    // SAFETY: looks at a number.
    unsafe { zs::ZSTD_isError(code) != 0 }
}

/// What the library says of an error.
pub(super) fn error_name(code: Code) -> &'static str {
    // SAFETY: a static C string.
    let name = unsafe { CStr::from_ptr(zs::ZSTD_getErrorName(code)) };
    name.to_str().unwrap_or_default()
}

/// What the library says of an error in building dictionaries.
pub(super) fn dictionary_error_name(code: Code) -> &'static str {
    // SAFETY: a static C string.
    let name = unsafe { CStr::from_ptr(zs::ZDICT_getErrorName(code)) };
    name.to_str().unwrap_or_default()
}

fn pointer(bytes: &[u8]) -> *const c_void {
    bytes.as_ptr().cast()
}

macro_rules! parameters {
    ($($table:ident $ty:ty { $($number:literal $name:literal $parameter:ident;)* })*) => { $(
        /// Numbers, names and parameters.
        pub(super) const $table: &[(c_int, &str, $ty)] =
            &[$(($number, $name, <$ty>::$parameter)),*];
    )* };
}

parameters! {
    COMPRESSION zs::ZSTD_cParameter {
        100 "compression_level" ZSTD_c_compressionLevel;
        101 "window_log" ZSTD_c_windowLog;
        102 "hash_log" ZSTD_c_hashLog;
        103 "chain_log" ZSTD_c_chainLog;
        104 "search_log" ZSTD_c_searchLog;
        105 "min_match" ZSTD_c_minMatch;
        106 "target_length" ZSTD_c_targetLength;
        107 "strategy" ZSTD_c_strategy;
        160 "enable_long_distance_matching" ZSTD_c_enableLongDistanceMatching;
        161 "ldm_hash_log" ZSTD_c_ldmHashLog;
        162 "ldm_min_match" ZSTD_c_ldmMinMatch;
        163 "ldm_bucket_size_log" ZSTD_c_ldmBucketSizeLog;
        164 "ldm_hash_rate_log" ZSTD_c_ldmHashRateLog;
        200 "content_size_flag" ZSTD_c_contentSizeFlag;
        201 "checksum_flag" ZSTD_c_checksumFlag;
        202 "dict_id_flag" ZSTD_c_dictIDFlag;
        400 "nb_workers" ZSTD_c_nbWorkers;
        401 "job_size" ZSTD_c_jobSize;
        402 "overlap_log" ZSTD_c_overlapLog;
    }
    DECOMPRESSION zs::ZSTD_dParameter {
        100 "window_log_max" ZSTD_d_windowLogMax;
    }
}

/// The number of `ZSTD_c_nbWorkers`.
const NB_WORKERS: c_int = 400;

/// The least and greatest value of a parameter; `None` for one that is unknown.
pub(super) fn bounds(number: c_int, compresses: bool) -> Option<(c_int, c_int)> {
    let bounds = if compresses {
        let (.., parameter) = COMPRESSION.iter().find(|entry| entry.0 == number)?;
        // SAFETY: a parameter that the library knows.
        unsafe { zs::ZSTD_cParam_getBounds(*parameter) }
    } else {
        let (.., parameter) = DECOMPRESSION.iter().find(|entry| entry.0 == number)?;
        // SAFETY: a parameter that the library knows.
        unsafe { zs::ZSTD_dParam_getBounds(*parameter) }
    };
    (!is_error(bounds.error)).then_some((bounds.lowerBound, bounds.upperBound))
}

pub(super) fn name(number: c_int, compresses: bool) -> Option<&'static str> {
    if compresses {
        return COMPRESSION.iter().find(|entry| entry.0 == number).map(|entry| entry.1);
    }
    DECOMPRESSION.iter().find(|entry| entry.0 == number).map(|entry| entry.1)
}

/// How a dictionary is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Digested,
    Undigested,
    Prefix,
}

/// A dictionary digested for compression.
struct Digest(*mut zs::ZSTD_CDict);

impl Drop for Digest {
    fn drop(&mut self) {
        // SAFETY: made by the library, freed once.
        unsafe { zs::ZSTD_freeCDict(self.0) };
    }
}

/// What a context refers to.
#[derive(Default)]
struct Held {
    _digest: Option<Digest>,
    prefix: Option<Box<[u8]>>,
}

/// A compression context.
pub(super) struct Compressor {
    raw: *mut zs::ZSTD_CCtx,
    held: Held,
    /// Whether the context owns a dictionary, has worker threads, and began to use both.
    owns_dictionary: bool,
    has_workers: bool,
    is_shared: bool,
}

impl Compressor {
    pub(super) fn new() -> Option<Compressor> {
        // SAFETY: no arguments.
        let raw = unsafe { zs::ZSTD_createCCtx() };
        (!raw.is_null()).then(|| Compressor {
            raw,
            held: Held::default(),
            owns_dictionary: false,
            has_workers: false,
            is_shared: false,
        })
    }

    pub(super) fn set(&mut self, number: c_int, value: c_int) -> Code {
        if number == NB_WORKERS {
            self.has_workers = value > 0;
        }
        match COMPRESSION.iter().find(|entry| entry.0 == number) {
            // SAFETY: a live context and a known parameter.
            Some((.., parameter)) => unsafe {
                zs::ZSTD_CCtx_setParameter(self.raw, *parameter, value)
            },
            None => 0,
        }
    }

    /// `None` if there is no digesting the content.
    pub(super) fn load(&mut self, content: &[u8], how: Use, level: c_int) -> Option<Code> {
        Some(match how {
            Use::Digested => {
                // SAFETY: the library copies the content.
                let digest =
                    unsafe { zs::ZSTD_createCDict(pointer(content), content.len(), level) };
                if digest.is_null() {
                    return None;
                }
                // SAFETY: the digest is kept as long as the context.
                let code = unsafe { zs::ZSTD_CCtx_refCDict(self.raw, digest) };
                self.held._digest = Some(Digest(digest));
                code
            }
            Use::Undigested => {
                self.owns_dictionary = true;
                // SAFETY: the library copies the content.
                unsafe { zs::ZSTD_CCtx_loadDictionary(self.raw, pointer(content), content.len()) }
            }
            Use::Prefix => {
                let prefix = self.held.prefix.insert(content.into());
                // SAFETY: the prefix is kept as long as the context.
                unsafe { zs::ZSTD_CCtx_refPrefix(self.raw, pointer(prefix), prefix.len()) }
            }
        })
    }

    pub(super) fn set_pledged_size(&mut self, size: u64) -> Code {
        // SAFETY: a live context.
        unsafe { zs::ZSTD_CCtx_setPledgedSrcSize(self.raw, size) }
    }

    /// Forget a frame that was begun.
    pub(super) fn reset(&mut self) {
        // SAFETY: a live context.
        unsafe { zs::ZSTD_CCtx_reset(self.raw, zs::ZSTD_ResetDirective::ZSTD_reset_session_only) };
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8], mode: c_int) -> Step<Code> {
        self.is_shared |= self.has_workers && self.owns_dictionary;
        let mode = match mode {
            0 => zs::ZSTD_EndDirective::ZSTD_e_continue,
            1 => zs::ZSTD_EndDirective::ZSTD_e_flush,
            _ => zs::ZSTD_EndDirective::ZSTD_e_end,
        };
        let mut from = zs::ZSTD_inBuffer_s { src: pointer(input), size: input.len(), pos: 0 };
        let mut to =
            zs::ZSTD_outBuffer_s { dst: output.as_mut_ptr().cast(), size: output.len(), pos: 0 };
        // SAFETY: a live context and live buffers.
        let status = unsafe { zs::ZSTD_compressStream2(self.raw, &mut to, &mut from, mode) };
        Step { used: from.pos, made: to.pos, status }
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        if self.is_shared {
            // The library would free the dictionary before it ends its threads. Beginning a
            // frame waits for those of the last one.
            self.reset();
            self.step(&[], &mut [], 0);
        }
        // SAFETY: made by the library, freed once, before what it refers to.
        unsafe { zs::ZSTD_freeCCtx(self.raw) };
    }
}

/// A decompression context.
pub(super) struct Decompressor {
    raw: *mut zs::ZSTD_DCtx,
    held: Held,
}

impl Decompressor {
    pub(super) fn new() -> Option<Decompressor> {
        // SAFETY: no arguments.
        let raw = unsafe { zs::ZSTD_createDCtx() };
        (!raw.is_null()).then(|| Decompressor { raw, held: Held::default() })
    }

    pub(super) fn set(&mut self, number: c_int, value: c_int) -> Code {
        match DECOMPRESSION.iter().find(|entry| entry.0 == number) {
            // SAFETY: a live context and a known parameter.
            Some((.., parameter)) => unsafe {
                zs::ZSTD_DCtx_setParameter(self.raw, *parameter, value)
            },
            None => 0,
        }
    }

    /// `None` if there is no digesting the content.
    pub(super) fn load(&mut self, content: &[u8], how: Use) -> Option<Code> {
        if how == Use::Prefix {
            let prefix = self.held.prefix.insert(content.into());
            // SAFETY: the prefix is kept as long as the context.
            let code = unsafe { zs::ZSTD_DCtx_refPrefix(self.raw, pointer(prefix), prefix.len()) };
            return Some(code);
        }
        // SAFETY: the library copies the content.
        let code =
            unsafe { zs::ZSTD_DCtx_loadDictionary(self.raw, pointer(content), content.len()) };
        (how != Use::Digested || !is_error(code)).then_some(code)
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step<Code> {
        let mut from = zs::ZSTD_inBuffer_s { src: pointer(input), size: input.len(), pos: 0 };
        let mut to =
            zs::ZSTD_outBuffer_s { dst: output.as_mut_ptr().cast(), size: output.len(), pos: 0 };
        // SAFETY: a live context and live buffers.
        let status = unsafe { zs::ZSTD_decompressStream(self.raw, &mut to, &mut from) };
        Step { used: from.pos, made: to.pos, status }
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        // SAFETY: made by the library, freed once, before what it refers to.
        unsafe { zs::ZSTD_freeDCtx(self.raw) };
    }
}

/// The identifier of a dictionary; 0 for one that is raw.
pub(super) fn dictionary_id(content: &[u8]) -> u32 {
    // SAFETY: the content has that length.
    unsafe { zs::ZSTD_getDictID_fromDict(pointer(content), content.len()) }
}

/// Build a dictionary out of samples: a length or an error.
pub(super) fn train(room: &mut [u8], samples: &[u8], sizes: &[usize]) -> Code {
    // SAFETY: the sizes add up to the samples.
    unsafe {
        zs::ZDICT_trainFromBuffer(
            room.as_mut_ptr().cast(),
            room.len(),
            pointer(samples),
            sizes.as_ptr(),
            sizes.len() as u32,
        )
    }
}

/// Complete a dictionary: a length or an error.
pub(super) fn finalize(
    room: &mut [u8],
    content: &[u8],
    samples: &[u8],
    sizes: &[usize],
    level: c_int,
) -> Code {
    let parameters =
        zs::ZDICT_params_t { compressionLevel: level, notificationLevel: 0, dictID: 0 };
    // SAFETY: the sizes add up to the samples.
    unsafe {
        zs::ZDICT_finalizeDictionary(
            room.as_mut_ptr().cast(),
            room.len(),
            pointer(content),
            content.len(),
            pointer(samples),
            sizes.as_ptr(),
            sizes.len() as u32,
            parameters,
        )
    }
}

/// Whether building a dictionary failed.
pub(super) fn is_dictionary_error(code: Code) -> bool {
    // SAFETY: looks at a number.
    unsafe { zs::ZDICT_isError(code) != 0 }
}

/// The size of the content of a frame as its header says, and the dictionary.
pub(super) fn frame_info(frame: &[u8]) -> Option<(Option<u64>, u32)> {
    const UNKNOWN: u64 = u64::MAX;
    const ERROR: u64 = u64::MAX - 1;
    // SAFETY: the frame has that length.
    let size = unsafe { zs::ZSTD_getFrameContentSize(pointer(frame), frame.len()) };
    // SAFETY: the frame has that length.
    let dictionary = unsafe { zs::ZSTD_getDictID_fromFrame(pointer(frame), frame.len()) };
    match size {
        ERROR => None,
        UNKNOWN => Some((None, dictionary)),
        size => Some((Some(size), dictionary)),
    }
}

/// The length of the first frame, or an error.
pub(super) fn frame_size(frame: &[u8]) -> Code {
    // SAFETY: the frame has that length.
    unsafe { zs::ZSTD_findFrameCompressedSize(pointer(frame), frame.len()) }
}

/// The least and greatest level.
pub(super) fn levels() -> (c_int, c_int) {
    // SAFETY: no arguments.
    unsafe { (zs::ZSTD_minCLevel(), zs::ZSTD_maxCLevel()) }
}

/// `10507`
pub(super) fn version_number() -> u32 {
    // SAFETY: no arguments.
    unsafe { zs::ZSTD_versionNumber() }
}
