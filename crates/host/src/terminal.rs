//! Terminals and pseudo-terminals.

use std::{ffi::CStr, io};

use crate::{
    call::{calls, check, check_number, values},
    fs::zeroed,
};

pub use libc::termios as Termios;

values! {
    /// The foreground process group of a terminal.
    fn tcgetpgrp(fd: i32) -> i32 = libc::tcgetpgrp(fd);
    /// Open a pseudo-terminal.
    fn openpt(flags: i32) -> i32 = libc::posix_openpt(flags);
}

calls! {
    /// Set the foreground process group of a terminal.
    fn tcsetpgrp(fd: i32, group: i32) = libc::tcsetpgrp(fd, group);
    /// Give the slave to the user.
    fn grantpt(fd: i32) = libc::grantpt(fd);
    /// Unlock the slave.
    fn unlockpt(fd: i32) = libc::unlockpt(fd);
    /// Set the attributes of a terminal.
    fn tcsetattr(fd: i32, when: i32, attributes: &Termios) = libc::tcsetattr(fd, when, attributes);
    /// Send a break.
    fn tcsendbreak(fd: i32, duration: i32) = libc::tcsendbreak(fd, duration);
    /// Wait for the output.
    fn tcdrain(fd: i32) = libc::tcdrain(fd);
    /// Drop queued data.
    fn tcflush(fd: i32, queue: i32) = libc::tcflush(fd, queue);
    /// Suspend or resume.
    fn tcflow(fd: i32, action: i32) = libc::tcflow(fd, action);
    /// Make a terminal the controlling one and standard input, output and error.
    fn login_tty(fd: i32) = libc::login_tty(fd);
}

/// Whether `fd` is a terminal.
pub fn isatty(fd: i32) -> bool {
    // SAFETY: plain values.
    unsafe { libc::isatty(fd) == 1 }
}

/// The attributes of a terminal.
pub fn tcgetattr(fd: i32) -> io::Result<Termios> {
    let mut attributes = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::tcgetattr(fd, &mut attributes) })?;
    Ok(attributes)
}

/// Input and output speed.
pub fn speeds(attributes: &Termios) -> (u32, u32) {
    // SAFETY: a complete structure.
    unsafe { (libc::cfgetispeed(attributes), libc::cfgetospeed(attributes)) }
}

/// Set input and output speed.
pub fn set_speeds(attributes: &mut Termios, input: u32, output: u32) -> io::Result<()> {
    // SAFETY: a complete structure.
    check(unsafe { libc::cfsetispeed(attributes, input) })?;
    // SAFETY: as above.
    check(unsafe { libc::cfsetospeed(attributes, output) }).map(drop)
}

/// Rows and columns.
pub fn window_size(fd: i32) -> io::Result<(u16, u16)> {
    let mut size: libc::winsize = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut size) })?;
    Ok((size.ws_row, size.ws_col))
}

/// Set rows and columns.
pub fn set_window_size(fd: i32, rows: u16, columns: u16) -> io::Result<()> {
    let mut size: libc::winsize = zeroed();
    // SAFETY: room for the answer.
    check(unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut size) })?;
    (size.ws_row, size.ws_col) = (rows, columns);
    // SAFETY: a complete structure.
    check(unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &raw mut size) }).map(drop)
}

/// The name of a terminal.
pub fn ttyname(fd: i32) -> io::Result<Vec<u8>> {
    // SAFETY: `name` passes a buffer of that size.
    name(|ptr, size| unsafe { libc::ttyname_r(fd, ptr, size) })
}

/// The name of a pseudo-terminal's slave.
pub fn ptsname(fd: i32) -> io::Result<Vec<u8>> {
    // SAFETY: `name` passes a buffer of that size.
    name(|ptr, size| unsafe { libc::ptsname_r(fd, ptr, size) })
}

fn name(call: impl Fn(*mut libc::c_char, usize) -> i32) -> io::Result<Vec<u8>> {
    let mut buffer = [0u8; 4096];
    check_number(call(buffer.as_mut_ptr().cast(), buffer.len()))?;
    Ok(CStr::from_bytes_until_nul(&buffer).unwrap_or_default().to_bytes().to_vec())
}

/// A pseudo-terminal: master and slave.
pub fn openpty() -> io::Result<(i32, i32)> {
    let (mut master, mut slave) = (-1, -1);
    let null = std::ptr::null_mut();
    // SAFETY: room for the descriptors; null for the rest.
    check(unsafe {
        libc::openpty(&mut master, &mut slave, null, std::ptr::null_mut(), std::ptr::null_mut())
    })?;
    Ok((master, slave))
}

/// Fork with a pseudo-terminal; the child's pid and the master.
pub fn forkpty() -> io::Result<(i32, i32)> {
    let mut master = -1;
    let null = std::ptr::null_mut();
    // SAFETY: room for the descriptor; null for the rest.
    let pid = check(unsafe {
        libc::forkpty(&mut master, null, std::ptr::null_mut(), std::ptr::null_mut())
    })?;
    Ok((pid, master))
}
