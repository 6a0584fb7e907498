//! `krait`: the executable.
//!
//! [`command_line`] and [`config`] decide what is to be run and how, [`startup`]
//! brings up an interpreter, [`program`] runs the program in it and makes an
//! exit status of how that ended.

#![cfg_attr(not(test), no_main)]
#![cfg_attr(test, allow(dead_code, unused_imports, reason = "tests have no entry point"))]

/// As `eprintln!`, for a standard error that may be full or closed: nobody can
/// be told of that.
macro_rules! complain {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod command_line;
mod config;
mod paths;
mod program;
mod repl;
mod startup;
mod stdlib;
mod streams;
mod text;
mod usage;

use std::{
    ffi::{c_char, c_int},
    io::Write as _,
    os::unix::ffi::OsStringExt,
    process::exit,
};

use crate::command_line::Request;

/// Native stack of the main thread. What programs can use of it is CPython's
/// on a system with the usual limit; the rest is for handling the overflow.
const STACK: usize = 64 << 20;
const USABLE: usize = 8156 << 10;

/// Called by the C library.
///
/// COMPAT: Rust's own start-up would open standard streams that are closed,
/// which a program can tell; test_cmd_line.CmdLineTest.test_no_std_streams.
#[allow(unsafe_code, reason = "the symbol that the C library calls, declared as it wants it")]
#[cfg(not(test))]
#[unsafe(no_mangle)]
extern "C" fn main(_: c_int, _: *const *const c_char) -> c_int {
    for number in IGNORED_SIGNALS {
        // Broken pipes and files that are too large are errors, not ends.
        let _ = host::signal::set_action(*number, host::signal::Action::Ignore);
    }
    start()
}

/// `SIGPIPE` and `SIGXFSZ`
const IGNORED_SIGNALS: &[i32] = &[13, 25];

fn start() -> ! {
    let args: Vec<Vec<u8>> = std::env::args_os().map(OsStringExt::into_vec).collect();
    let line = match command_line::parse(&args) {
        Request::Run(line) => line,
        Request::Print(text) => {
            let failed = std::io::stdout().write_all(text.as_bytes()).is_err();
            exit(i32::from(failed));
        }
        Request::Fail(text) => {
            // Nobody can be told if this fails.
            let _ = std::io::stderr().write_all(text.as_bytes());
            exit(2);
        }
    };
    let config = match config::Config::new(line) {
        Ok(config) => config,
        Err(fatal) => {
            let _ = write!(std::io::stderr(), "{fatal}");
            exit(1);
        }
    };
    // The kernel's stack may be smaller, and a thread would not get the signals.
    // Interpreters that come later start as this one.
    let config: &'static config::Config = Box::leak(Box::new(config));
    let status = stacker::grow(STACK, || program::run(config, USABLE));
    exit(status);
}
