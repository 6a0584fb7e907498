//! `posix`: the operating system as `os` shows it.
//!
//! The functions are thin: arguments to `host`, results and errors back. Those
//! that may block run without the GIL and are retried when a signal
//! interrupted them.

mod constants;
mod descriptors;
mod environment;
mod paths;
mod process;
mod scandir;
mod spawn;
pub(crate) mod stat;
mod timerfd;

use object::declare::ModuleDecl;

pub(crate) use process::{RUSAGE, fs_string, rusage, warn_of_threads};
pub use process::{after_fork_child, after_fork_parent, before_fork};

/// The declaration of this module.
pub const MODULE: ModuleDecl = ModuleDecl {
    name: "posix",
    doc: "This module provides access to operating system functionality that is\n\
          standardized by the C Standard and the POSIX standard (a thinly\n\
          disguised Unix interface).  Refer to the library manual and\n\
          corresponding Unix manual entries for more information on calls.",
    functions: |table| {
        for part in PARTS {
            (part.functions)(table);
        }
    },
    exec: Some(|th, module| {
        for part in PARTS {
            if let Some(exec) = part.exec {
                exec(th, module)?;
            }
        }
        Ok(())
    }),
};

const PARTS: &[&ModuleDecl] = &[
    &descriptors::functions::MODULE,
    &paths::functions::MODULE,
    &stat::functions::MODULE,
    &scandir::functions::MODULE,
    &process::functions::MODULE,
    &spawn::functions::MODULE,
    &environment::functions::MODULE,
    &constants::functions::MODULE,
    &timerfd::functions::MODULE,
];
