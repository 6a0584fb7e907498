//! The native frames of the calling thread, with what the loader knows of them.

use std::ffi::CStr;

unsafe extern "C" {
    fn backtrace(buffer: *mut *mut libc::c_void, size: libc::c_int) -> libc::c_int;
}

const MOST_FRAMES: usize = 32;

/// Where an address lies.
pub struct Place<'a> {
    /// The file that holds it.
    pub file: Option<&'a CStr>,
    /// Where that is mapped.
    pub file_address: usize,
    /// The exported function that it is in or behind.
    pub symbol: Option<&'a CStr>,
    /// Where that begins, or 0.
    pub symbol_address: usize,
}

/// Load what [`walk`] needs, so that it may be called in a signal handler.
pub fn prepare() {
    walk(|_, _| {});
}

/// Call `show` for each frame, the innermost first.
pub fn walk(mut show: impl FnMut(usize, &Place<'_>)) {
    let mut frames = [std::ptr::null_mut(); MOST_FRAMES];
    // SAFETY: room for that many frames.
    let count = unsafe { backtrace(frames.as_mut_ptr(), MOST_FRAMES as libc::c_int) };
    for frame in frames.iter().take(usize::try_from(count).unwrap_or(0)) {
        let mut info: libc::Dl_info = crate::fs::zeroed();
        // SAFETY: any address may be asked for.
        let known = unsafe { libc::dladdr(*frame, &mut info) } != 0;
        let name = |text: *const libc::c_char| {
            // SAFETY: null, or a string of the loader's.
            (known && !text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
        };
        let place = Place {
            file: name(info.dli_fname),
            file_address: info.dli_fbase.addr(),
            symbol: name(info.dli_sname),
            symbol_address: info.dli_saddr.addr(),
        };
        show(frame.addr(), &place);
    }
}
