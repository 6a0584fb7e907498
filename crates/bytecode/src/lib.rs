//! Code as data: the instruction set, code-object tables, marshal, disassembly.
//!
//! Everything here is CPython 3.14's, exactly, and knows neither the compiler
//! that makes code objects nor the runtime that executes them. The instruction
//! set is declared once, in [`for_each_op!`].

#![forbid(unsafe_code)]

mod code;
mod constant;
pub mod dis;
pub mod exceptiontable;
pub mod linetable;
pub mod marshal;
mod opcode;
#[macro_use]
mod table;

pub use code::{CodeObject, Name, code_flags, fast_kind};
pub use constant::{ConstStr, Constant};
pub use opcode::{Op, OpFlags};
