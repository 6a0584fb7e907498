//! The native modules of the standard library.
//!
//! [`ALL`] is the one list of them, by the names that `import` knows.

pub mod _abc;
pub mod _ast;
pub mod _bisect;
pub mod _functools;
pub mod _heapq;
pub mod _io;
pub mod _operator;
pub mod _signal;
pub mod _stat;
pub mod _symtable;
pub mod _tokenize;
pub mod compile;
mod construct;
pub mod marshal;
pub mod sys;
pub mod gc;
pub mod builtins;
pub mod _warnings;
pub mod _thread;
pub mod _imp;
pub mod _typing;
pub mod _weakref;
pub mod atexit;
pub mod errno;
pub mod posix;
mod support;

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
    _ast::_ast::MODULE,
    _symtable::_symtable::MODULE,
    _tokenize::_tokenize::MODULE,
    marshal::marshal::MODULE,
    _bisect::module::MODULE,
    _functools::module::MODULE,
    _heapq::module::MODULE,
    _operator::module::MODULE,
    _signal::_signal::MODULE,
    _stat::module::MODULE,
    _typing::module::MODULE,
    _weakref::module::MODULE,
    atexit::atexit::MODULE,
    errno::errno::MODULE,
    posix::MODULE,
];
