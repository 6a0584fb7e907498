//! Instructions to code object.
//!
//! [`optimize_and_assemble`] is the way from what code generation produced to
//! what marshal writes.

use std::fmt;

use bytecode::{CodeObject, Name};

use crate::instruction_sequence::{InstructionSequence, UnitMetadata};

/// Why a code unit cannot become a code object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssembleError {
    /// `SystemError` or `ValueError` in CPython: code generation went wrong.
    Internal(&'static str),
    /// A size exceeds what a code object can express (`OverflowError`).
    TooLarge(&'static str),
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AssembleError::Internal(message) | AssembleError::TooLarge(message) => {
                f.write_str(message)
            }
        }
    }
}

impl std::error::Error for AssembleError {}

/// Optimise the instructions of a unit and make its code object.
///
/// `code_flags` are the final `co_flags`. The sequence ends in an instruction
/// that leaves the unit; for generators and coroutines it is already wrapped
/// in the handler that turns StopIteration into RuntimeError.
pub fn optimize_and_assemble(
    unit: UnitMetadata,
    sequence: InstructionSequence,
    code_flags: u32,
    filename: &Name,
) -> Result<CodeObject, AssembleError> {
    let _ = (unit, sequence, code_flags, filename);
    Err(AssembleError::Internal("not assembled"))
}
