//! `bytes`: immutable, with its hash cached and a NUL after the data.

mod storage;

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::VarHead;

pub use storage::{empty, init};

/// Immutable sequence of bytes.
#[pytype(name = "bytes", flags = BASETYPE | BYTES_SUBCLASS | MATCH_SELF, basicsize = 33, itemsize = 1, traverse = manual)]
pub struct Bytes {
    head: VarHead,
    hash: Cell<isize>,
    // The data follow, then a NUL.
}

#[pymethods]
impl Bytes {}
