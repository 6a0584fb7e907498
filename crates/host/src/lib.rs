//! The operating system, one file per topic; knows nothing of Python.

pub mod backtrace;
pub mod call;
pub mod dynamic;
pub mod env;
pub mod foreign;
pub mod fs;
pub mod futex;
pub mod libm;
pub mod library;
pub mod locale;
pub mod mapping;
pub mod memory;
pub mod poll;
pub mod process;
pub mod random;
pub mod resolve;
pub mod signal;
pub mod socket;
pub mod spawn;
pub mod terminal;
pub mod thread;
pub mod time;
pub mod user;
