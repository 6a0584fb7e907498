//! The regular-expression matcher: runs the code arrays that `re._compiler` emits.
//!
//! `Pattern::compile` validates the `u32` code and translates it once into an
//! internal program (charsets become 256-entry tables, literal runs are
//! joined, repeats are specialised). `match_` and `search` run that program
//! with a backtracking machine whose only memory is a heap stack of undo and
//! choice records, so no input can overflow the native stack. Invariant: every
//! register, mark and position is restored by unwinding that stack; a failed
//! attempt leaves the state as it found it.

mod analyse;
mod charset;
mod code;
mod compile;
mod machine;
mod program;
mod search;
mod unit;

pub use compile::{InvalidCode, Pattern};
pub use machine::{Error, Scratch, State, match_};
pub use search::search;
pub use unit::{CharClass, Unit};

/// The magic number of the code format, `_sre.MAGIC`.
pub const MAGIC: u32 = 20230612;
/// Size of a code word in bytes, `_sre.CODESIZE`.
pub const CODESIZE: usize = 4;
/// The "no limit" repeat count, `_sre.MAXREPEAT`.
pub const MAXREPEAT: u32 = u32::MAX;
/// The largest number of groups, `_sre.MAXGROUPS`.
pub const MAXGROUPS: usize = 1073741823;
