//! The native modules of the standard library.
//!
//! [`ALL`] is the one list of them, by the names that `import` knows.

pub mod _abc;
pub mod _ast;
pub mod _bisect;
pub mod _functools;
pub mod _heapq;
pub mod _imp;
pub mod _io;
pub mod _json;
pub mod _operator;
pub mod _pickle;
pub mod _random;
pub mod _signal;
pub mod _stat;
pub mod _symtable;
pub mod _thread;
pub mod _tokenize;
pub mod _typing;
pub mod _warnings;
pub mod _weakref;
pub mod atexit;
pub mod builtins;
pub mod cmath;
pub mod compile;
mod construct;
pub mod errno;
pub mod gc;
pub mod itertools;
pub mod marshal;
pub mod math;
pub mod posix;
mod support;
pub mod sys;

use object::declare::ModuleDecl;

/// Every native module.
pub const ALL: &[ModuleDecl] = &[
    _abc::module::MODULE,
    _ast::_ast::MODULE,
    _bisect::module::MODULE,
    _functools::module::MODULE,
    _heapq::module::MODULE,
    _imp::_imp::MODULE,
    _json::_json::MODULE,
    _operator::module::MODULE,
    _pickle::_pickle::MODULE,
    _random::_random::MODULE,
    _signal::_signal::MODULE,
    _stat::module::MODULE,
    _symtable::_symtable::MODULE,
    _thread::_thread::MODULE,
    _tokenize::_tokenize::MODULE,
    _typing::module::MODULE,
    _warnings::_warnings::MODULE,
    _weakref::module::MODULE,
    atexit::atexit::MODULE,
    builtins::builtins::MODULE,
    cmath::cmath::MODULE,
    errno::errno::MODULE,
    gc::gc::MODULE,
    itertools::itertools::MODULE,
    marshal::marshal::MODULE,
    math::math::MODULE,
    posix::MODULE,
    sys::sys::MODULE,
];
