//! The native modules of the standard library.

pub mod _ast;
pub mod compile;
mod construct;
pub mod marshal;
