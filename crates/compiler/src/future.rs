//! `from __future__ import …`: which features a module turns on.
//!
//! Only statements before the first ordinary one count; the symbol table
//! rejects later ones by their position.

use crate::{
    ast::{Mod, StmtKind, docstring},
    error::{CompileError, Result},
    instruction_sequence::Location,
};

/// Code flags of the features that still mean something.
pub const CO_FUTURE_BARRY_AS_BDFL: u32 = 0x40_0000;
pub const CO_FUTURE_ANNOTATIONS: u32 = 0x100_0000;
/// `ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`
pub const PYCF_ALLOW_TOP_LEVEL_AWAIT: u32 = 0x2000;

/// The features of a module.
#[derive(Clone, Copy, Debug)]
pub struct Features {
    /// `CO_FUTURE_…` flags and the caller's compiler flags.
    pub flags: u32,
    /// Where the last `from __future__` statement was.
    pub location: Location,
}

impl Features {
    /// Read the future statements of `module`; `flags` are those of the caller.
    pub fn of(module: &Mod, flags: u32) -> Result<Self> {
        let nowhere = Location { line: -1, end_line: -1, col: -1, end_col: -1 };
        let mut features = Features { flags, location: nowhere };
        let (Mod::Module(body) | Mod::Interactive(body)) = module else { return Ok(features) };
        let skip = usize::from(docstring(body).is_some());
        for stmt in body.iter().skip(skip) {
            let StmtKind::ImportFrom { module: Some(module), names, level: 0 } = &stmt.kind else {
                break;
            };
            if module != "__future__" {
                break;
            }
            for alias in names {
                match alias.name.as_str() {
                    "nested_scopes" | "generators" | "division" | "absolute_import"
                    | "with_statement" | "print_function" | "unicode_literals"
                    | "generator_stop" => {}
                    "barry_as_FLUFL" => features.flags |= CO_FUTURE_BARRY_AS_BDFL,
                    "annotations" => features.flags |= CO_FUTURE_ANNOTATIONS,
                    "braces" => return Err(CompileError::at(alias.location, "not a chance")),
                    other => {
                        let shown: String = other.chars().take(100).collect();
                        let message = format!("future feature {shown} is not defined");
                        return Err(CompileError::at(alias.location, message));
                    }
                }
            }
            features.location = stmt.location;
        }
        Ok(features)
    }

    /// Whether annotations are kept as strings.
    pub fn annotations(&self) -> bool {
        self.flags & CO_FUTURE_ANNOTATIONS != 0
    }

    /// Whether `await` may stand at the top level of a module.
    pub fn top_level_await(&self) -> bool {
        self.flags & PYCF_ALLOW_TOP_LEVEL_AWAIT != 0
    }
}
