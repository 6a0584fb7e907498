//! CPython's marshal format, versions 0 to 5.
//!
//! Reading and writing are generic: [`Source`] shows the writer any kind of
//! object, [`Builder`] makes any kind for the reader. This module does so for
//! [`Constant`](crate::Constant) and [`CodeObject`](crate::CodeObject); a
//! runtime does so for its objects. Neither direction recurses on the native
//! stack, but for sets in sets. Damaged input is an error, never a panic.

mod code;
mod read;
mod share;
mod write;

pub use code::{dump_code, load_code};
pub use read::{Builder, Container, Input, LoadError, Singleton, load};
pub use share::{build_code, build_constant};
pub use write::{DumpError, Sharing, Source, View, dump};

/// The version that is written by default.
pub const VERSION: i32 = 5;

/// Containers nest no deeper.
const MAX_DEPTH: usize = 2000;

/// Flag of a type byte: the object gets the next reference number.
const FLAG_REF: u8 = 0x80;

/// The first byte of each object.
mod kind {
    pub(super) const NULL: u8 = b'0';
    pub(super) const NONE: u8 = b'N';
    pub(super) const FALSE: u8 = b'F';
    pub(super) const TRUE: u8 = b'T';
    pub(super) const STOPITER: u8 = b'S';
    pub(super) const ELLIPSIS: u8 = b'.';
    pub(super) const INT: u8 = b'i';
    /// Read only.
    pub(super) const INT64: u8 = b'I';
    pub(super) const LONG: u8 = b'l';
    pub(super) const FLOAT: u8 = b'f';
    pub(super) const BINARY_FLOAT: u8 = b'g';
    pub(super) const COMPLEX: u8 = b'x';
    pub(super) const BINARY_COMPLEX: u8 = b'y';
    pub(super) const STRING: u8 = b's';
    pub(super) const INTERNED: u8 = b't';
    pub(super) const UNICODE: u8 = b'u';
    pub(super) const ASCII: u8 = b'a';
    pub(super) const ASCII_INTERNED: u8 = b'A';
    pub(super) const SHORT_ASCII: u8 = b'z';
    pub(super) const SHORT_ASCII_INTERNED: u8 = b'Z';
    pub(super) const TUPLE: u8 = b'(';
    pub(super) const SMALL_TUPLE: u8 = b')';
    pub(super) const LIST: u8 = b'[';
    pub(super) const DICT: u8 = b'{';
    pub(super) const SET: u8 = b'<';
    pub(super) const FROZENSET: u8 = b'>';
    pub(super) const SLICE: u8 = b':';
    pub(super) const CODE: u8 = b'c';
    pub(super) const REF: u8 = b'r';
}

/// The fields of a code object, in the order in which they are written.
#[derive(Clone, Debug)]
pub struct CodeParts<O> {
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub stacksize: i32,
    pub flags: i32,
    pub code: O,
    pub consts: O,
    pub names: O,
    pub localsplusnames: O,
    pub localspluskinds: O,
    pub filename: O,
    pub name: O,
    pub qualname: O,
    pub firstlineno: i32,
    pub linetable: O,
    pub exceptiontable: O,
}

#[cfg(test)]
mod tests;
