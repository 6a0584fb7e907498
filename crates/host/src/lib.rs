//! The operating system, one file per topic; knows nothing of Python.

pub mod memory;
