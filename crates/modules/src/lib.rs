//! The native modules of the standard library.

pub mod _io;
pub mod _signal;
pub mod errno;
pub mod posix;
mod support;
