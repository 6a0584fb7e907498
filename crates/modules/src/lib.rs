//! The native modules of the standard library.
//!
//! [`ALL`] is the one list of them, by the names that `import` knows.

pub mod _abc;
pub mod _ast;
pub mod _bisect;
pub mod _collections;
pub mod _contextvars;
pub mod _codecs;
pub mod _functools;
pub mod _heapq;
pub mod _imp;
pub mod _io;
pub mod _krait;
pub mod _locale;
pub mod _opcode;
pub mod _json;
pub mod _operator;
pub mod _random;
pub mod _signal;
pub mod _sre;
pub mod _stat;
pub mod _symtable;
pub mod _string;
pub mod _struct;
pub mod _thread;
pub mod _types;
pub mod _tokenize;
pub mod _typing;
pub mod _warnings;
pub mod _weakref;
pub mod array;
pub mod atexit;
pub mod binascii;
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
pub mod termios;
pub mod select;
pub mod resource;
pub mod pwd;
pub mod grp;
pub mod fcntl;
pub mod _posixsubprocess;
mod support;
pub mod sys;
pub mod time;
pub mod unicodedata;

use object::declare::ModuleDecl;

/// Every native module.
pub const ALL: &[ModuleDecl] = &[
    _abc::module::MODULE,
    _ast::_ast::MODULE,
    _bisect::module::MODULE,
    _collections::module::MODULE,
    _contextvars::module::MODULE,
    _locale::module::MODULE,
    _opcode::module::MODULE,
    _codecs::_codecs::MODULE,
    _functools::module::MODULE,
    _heapq::module::MODULE,
    _io::_io::MODULE,
    _imp::_imp::MODULE,
    _krait::module::MODULE,
    _json::_json::MODULE,
    _operator::module::MODULE,
    _random::_random::MODULE,
    _signal::_signal::MODULE,
    _sre::_sre::MODULE,
    _stat::module::MODULE,
    _symtable::_symtable::MODULE,
    _string::_string::MODULE,
    _struct::_struct::MODULE,
    _thread::_thread::MODULE,
    _types::module::MODULE,
    _tokenize::_tokenize::MODULE,
    _typing::module::MODULE,
    _warnings::_warnings::MODULE,
    _weakref::module::MODULE,
    array::module::MODULE,
    atexit::atexit::MODULE,
    builtins::builtins::MODULE,
    cmath::cmath::MODULE,
    errno::errno::MODULE,
    gc::gc::MODULE,
    itertools::itertools::MODULE,
    marshal::marshal::MODULE,
    math::math::MODULE,
    posix::MODULE,
    termios::termios::MODULE,
    select::select::MODULE,
    resource::resource::MODULE,
    pwd::pwd::MODULE,
    grp::grp::MODULE,
    fcntl::fcntl::MODULE,
    _posixsubprocess::_posixsubprocess::MODULE,
    sys::sys::MODULE,
    time::time::MODULE,
    unicodedata::module::MODULE,
    binascii::binascii::MODULE,
];
