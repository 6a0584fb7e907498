//! Random bytes from the system.

use std::io;

use crate::call::check;

/// Some random bytes.
pub fn getrandom(buffer: &mut [u8], flags: u32) -> io::Result<usize> {
    // SAFETY: the buffer has that size.
    check(unsafe { libc::getrandom(buffer.as_mut_ptr().cast(), buffer.len(), flags) })
        .map(|n| n as usize)
}

/// Fill `buffer` with random bytes.
pub fn fill(buffer: &mut [u8]) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest @ [_, ..]) = buffer.get_mut(done..) {
        match getrandom(rest, 0) {
            Ok(n) => done += n,
            Err(error) if crate::call::interrupted(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
