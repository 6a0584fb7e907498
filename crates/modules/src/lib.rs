//! The native modules of the standard library.
//!
//! [`ALL`] is the one list of them, by the names that `import` knows.

pub mod _abc;
pub mod _bisect;
pub mod _functools;
pub mod _heapq;
pub mod _operator;
pub mod _stat;
pub mod _typing;
pub mod _weakref;
pub mod atexit;

use object::declare::ModuleDecl;

/// Every native module.
pub const ALL: &[ModuleDecl] = &[
    _abc::module::MODULE,
    _bisect::module::MODULE,
    _functools::module::MODULE,
    _heapq::module::MODULE,
    _operator::module::MODULE,
    _stat::module::MODULE,
    _typing::module::MODULE,
    _weakref::module::MODULE,
    atexit::atexit::MODULE,
];
