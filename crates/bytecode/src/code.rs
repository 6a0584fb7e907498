//! Code objects as the compiler makes them and marshal writes them.

use std::sync::Arc;

use crate::Constant;

/// An identifier.
pub type Name = Arc<str>;

/// `co_flags`.
pub mod code_flags {
    pub const CO_OPTIMIZED: u32 = 0x1;
    pub const CO_NEWLOCALS: u32 = 0x2;
    pub const CO_VARARGS: u32 = 0x4;
    pub const CO_VARKEYWORDS: u32 = 0x8;
    pub const CO_NESTED: u32 = 0x10;
    pub const CO_GENERATOR: u32 = 0x20;
    pub const CO_COROUTINE: u32 = 0x80;
    pub const CO_ITERABLE_COROUTINE: u32 = 0x100;
    pub const CO_ASYNC_GENERATOR: u32 = 0x200;
    pub const CO_FUTURE_DIVISION: u32 = 0x20000;
    pub const CO_FUTURE_ABSOLUTE_IMPORT: u32 = 0x40000;
    pub const CO_FUTURE_WITH_STATEMENT: u32 = 0x80000;
    pub const CO_FUTURE_PRINT_FUNCTION: u32 = 0x10_0000;
    pub const CO_FUTURE_UNICODE_LITERALS: u32 = 0x20_0000;
    pub const CO_FUTURE_BARRY_AS_BDFL: u32 = 0x40_0000;
    pub const CO_FUTURE_GENERATOR_STOP: u32 = 0x80_0000;
    pub const CO_FUTURE_ANNOTATIONS: u32 = 0x100_0000;
    pub const CO_NO_MONITORING_EVENTS: u32 = 0x200_0000;
    pub const CO_HAS_DOCSTRING: u32 = 0x400_0000;
    pub const CO_METHOD: u32 = 0x800_0000;
}

/// Bits of `co_localspluskinds`.
pub mod fast_kind {
    pub const CO_FAST_ARG_POS: u8 = 0x02;
    pub const CO_FAST_ARG_KW: u8 = 0x04;
    pub const CO_FAST_ARG_VAR: u8 = 0x08;
    /// `CO_FAST_ARG_POS | CO_FAST_ARG_KW | CO_FAST_ARG_VAR`.
    pub const CO_FAST_ARG: u8 = 0x0E;
    pub const CO_FAST_HIDDEN: u8 = 0x10;
    pub const CO_FAST_LOCAL: u8 = 0x20;
    pub const CO_FAST_CELL: u8 = 0x40;
    pub const CO_FAST_FREE: u8 = 0x80;
}

/// A code object.
///
/// Equality is that of Python's code objects: `qualname` and `filename` do not
/// count.
#[derive(Clone, Debug, Default)]
pub struct CodeObject {
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub stacksize: u32,
    pub flags: u32,
    /// `co_code`: instructions in their generic form, inline caches zeroed.
    pub code: Vec<u8>,
    pub consts: Box<[Constant]>,
    pub names: Box<[Name]>,
    pub localsplusnames: Box<[Name]>,
    pub localspluskinds: Box<[u8]>,
    pub filename: Name,
    pub name: Name,
    pub qualname: Name,
    pub firstlineno: i32,
    pub linetable: Vec<u8>,
    pub exceptiontable: Vec<u8>,
}

impl CodeObject {
    /// Names of local variables (`co_varnames`).
    pub fn varnames(&self) -> impl Iterator<Item = &Name> {
        self.localsplus(fast_kind::CO_FAST_LOCAL)
    }

    /// Names of variables that inner scopes use (`co_cellvars`).
    pub fn cellvars(&self) -> impl Iterator<Item = &Name> {
        self.localsplus(fast_kind::CO_FAST_CELL)
    }

    /// Names of variables of outer scopes (`co_freevars`).
    pub fn freevars(&self) -> impl Iterator<Item = &Name> {
        self.localsplus(fast_kind::CO_FAST_FREE)
    }

    fn localsplus(&self, kind: u8) -> impl Iterator<Item = &Name> {
        let kinds = self.localspluskinds.iter();
        self.localsplusnames
            .iter()
            .zip(kinds)
            .filter(move |pair| pair.1 & kind != 0)
            .map(|pair| pair.0)
    }

    /// Whether calling the code makes a generator, coroutine or the like.
    pub fn is_generator(&self) -> bool {
        use code_flags::{CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR};
        self.flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR) != 0
    }
}

impl PartialEq for CodeObject {
    fn eq(&self, other: &CodeObject) -> bool {
        self.name == other.name
            && self.argcount == other.argcount
            && self.posonlyargcount == other.posonlyargcount
            && self.kwonlyargcount == other.kwonlyargcount
            && self.flags == other.flags
            && self.firstlineno == other.firstlineno
            && self.code == other.code
            && self.consts == other.consts
            && self.names == other.names
            && self.localsplusnames == other.localsplusnames
            && self.linetable == other.linetable
            && self.exceptiontable == other.exceptiontable
    }
}
