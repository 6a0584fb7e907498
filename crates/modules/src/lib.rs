//! The native modules of the standard library.
//!
//! [`ALL`] is the one list of them, by the names that `import` knows.

pub mod _abc;
pub mod _bisect;
pub mod _codecs;
pub mod _functools;
pub mod _heapq;
pub mod _operator;
pub mod _sre;
pub mod _stat;
pub mod _string;
pub mod sys;
pub mod gc;
pub mod builtins;
pub mod _warnings;
pub mod _thread;
pub mod _imp;
pub mod _typing;
pub mod _weakref;
pub mod atexit;

use object::declare::ModuleDecl;

/// Every native module.
pub const ALL: &[ModuleDecl] = &[
    _imp::_imp::MODULE,
    _thread::_thread::MODULE,
    _warnings::_warnings::MODULE,
    builtins::builtins::MODULE,
    gc::gc::MODULE,
    sys::sys::MODULE,
    _abc::module::MODULE,
    _bisect::module::MODULE,
    _codecs::_codecs::MODULE,
    _functools::module::MODULE,
    _heapq::module::MODULE,
    _operator::module::MODULE,
    _sre::_sre::MODULE,
    _stat::module::MODULE,
    _string::_string::MODULE,
    _typing::module::MODULE,
    _weakref::module::MODULE,
    atexit::atexit::MODULE,
];
