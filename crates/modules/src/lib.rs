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
pub mod _krait;
pub mod _operator;
pub mod _posixsubprocess;
pub mod _random;
pub mod _signal;
pub mod _stat;
pub mod _thread;
pub mod _typing;
pub mod _warnings;
pub mod _weakref;
pub mod atexit;
pub mod builtins;
pub mod cmath;
pub mod compile;
mod construct;
pub mod errno;
pub mod fcntl;
pub mod gc;
pub mod grp;
pub mod hashes;
pub mod itertools;
pub mod marshal;
pub mod math;
pub mod posix;
pub mod pwd;
pub mod resource;
pub mod select;
mod support;
pub mod sys;
pub mod termios;
pub mod time;
pub mod zlib;

use object::declare::ModuleDecl;

/// Every native module.
pub const ALL: &[ModuleDecl] = &[
    _abc::module::MODULE,
    _ast::_ast::MODULE,
    _bisect::module::MODULE,
    _functools::module::MODULE,
    _heapq::module::MODULE,
    _io::_io::MODULE,
    _imp::_imp::MODULE,
    _krait::module::MODULE,
    _operator::module::MODULE,
    _random::_random::MODULE,
    _signal::_signal::MODULE,
    _stat::module::MODULE,
    _thread::_thread::MODULE,
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
    hashes::_blake2::MODULE,
    hashes::_md5::MODULE,
    hashes::_sha1::MODULE,
    hashes::_sha2::MODULE,
    hashes::_sha3::MODULE,
    zlib::zlib::MODULE,
    termios::termios::MODULE,
    select::select::MODULE,
    resource::resource::MODULE,
    pwd::pwd::MODULE,
    grp::grp::MODULE,
    fcntl::fcntl::MODULE,
    _posixsubprocess::_posixsubprocess::MODULE,
    sys::sys::MODULE,
    time::time::MODULE,
];
