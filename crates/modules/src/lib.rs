//! The native modules of the standard library.
//!
//! [`ALL`] is the one list of them, by the names that `import` knows.

pub mod _abc;
pub mod _ast;
pub mod _asyncio;
pub mod _bisect;
pub mod _bz2;
pub mod _codecs;
pub mod _codecs_cjk;
pub mod _collections;
pub mod _contextvars;
pub mod _csv;
pub mod _ctypes;
pub mod _datetime;
pub mod _decimal;
pub mod _elementtree;
pub mod _functools;
pub mod _heapq;
pub mod _imp;
pub mod _interpchannels;
pub mod _interpqueues;
pub mod _interpreters;
pub mod _io;
pub mod _json;
pub mod _krait;
pub mod _locale;
pub mod _lsprof;
pub mod _lzma;
pub mod _multibytecodec;
pub mod _multiprocessing;
pub mod _opcode;
pub mod _operator;
pub mod _pickle;
pub mod _posixshmem;
pub mod _posixsubprocess;
pub mod _queue;
pub mod _random;
pub mod _remote_debugging;
pub mod _signal;
pub mod _socket;
pub mod _sqlite3;
pub mod _sre;
pub mod _ssl;
pub mod _stat;
pub mod _statistics;
pub mod _string;
pub mod _struct;
pub mod _suggestions;
pub mod _symtable;
pub mod _sysconfig;
pub mod _testinternalcapi;
pub mod _thread;
pub mod _tokenize;
pub mod _tracemalloc;
pub mod _types;
pub mod _typing;
pub mod _uuid;
pub mod _warnings;
pub mod _weakref;
pub mod _zoneinfo;
pub mod _zstd;
pub mod array;
pub mod atexit;
pub mod binascii;
pub mod builtins;
pub mod cmath;
pub mod compile;
mod construct;
pub mod errno;
mod expat;
pub mod faulthandler;
pub mod fcntl;
pub mod gc;
pub mod grp;
pub mod hashes;
pub mod itertools;
pub mod marshal;
pub mod math;
pub mod mmap;
pub mod posix;
pub mod pwd;
pub mod pyexpat;
pub mod resource;
pub mod select;
mod support;
pub mod sys;
pub mod syslog;
pub mod termios;
pub mod time;
pub mod unicodedata;
pub mod zlib;

use object::declare::ModuleDecl;

/// Every native module.
pub const ALL: &[ModuleDecl] = &[
    _abc::module::MODULE,
    _ast::_ast::MODULE,
    _asyncio::_asyncio::MODULE,
    _bisect::module::MODULE,
    _bz2::_bz2::MODULE,
    _codecs::_codecs::MODULE,
    _codecs_cjk::_codecs_cn::MODULE,
    _codecs_cjk::_codecs_hk::MODULE,
    _codecs_cjk::_codecs_iso2022::MODULE,
    _codecs_cjk::_codecs_jp::MODULE,
    _codecs_cjk::_codecs_kr::MODULE,
    _codecs_cjk::_codecs_tw::MODULE,
    _collections::module::MODULE,
    _contextvars::module::MODULE,
    _csv::module::MODULE,
    _ctypes::_ctypes::MODULE,
    _datetime::module::MODULE,
    _decimal::_decimal::MODULE,
    _elementtree::_elementtree::MODULE,
    _functools::module::MODULE,
    _heapq::module::MODULE,
    _imp::_imp::MODULE,
    _interpchannels::_interpchannels::MODULE,
    _interpqueues::_interpqueues::MODULE,
    _interpreters::_interpreters::MODULE,
    _io::_io::MODULE,
    _json::_json::MODULE,
    _krait::module::MODULE,
    _locale::module::MODULE,
    _lzma::_lzma::MODULE,
    _multibytecodec::_multibytecodec::MODULE,
    _multiprocessing::_multiprocessing::MODULE,
    _opcode::module::MODULE,
    _lsprof::_lsprof::MODULE,
    _operator::module::MODULE,
    _pickle::_pickle::MODULE,
    _posixshmem::_posixshmem::MODULE,
    _posixsubprocess::_posixsubprocess::MODULE,
    _queue::module::MODULE,
    _random::_random::MODULE,
    _remote_debugging::_remote_debugging::MODULE,
    _signal::_signal::MODULE,
    _socket::_socket::MODULE,
    _sqlite3::_sqlite3::MODULE,
    _sre::_sre::MODULE,
    _ssl::_ssl::MODULE,
    _stat::module::MODULE,
    _statistics::module::MODULE,
    _string::_string::MODULE,
    _suggestions::_suggestions::MODULE,
    _struct::_struct::MODULE,
    _symtable::_symtable::MODULE,
    _sysconfig::_sysconfig::MODULE,
    _testinternalcapi::_testinternalcapi::MODULE,
    _thread::_thread::MODULE,
    _tokenize::_tokenize::MODULE,
    _tracemalloc::_tracemalloc::MODULE,
    _types::module::MODULE,
    _typing::module::MODULE,
    _uuid::_uuid::MODULE,
    _warnings::_warnings::MODULE,
    _weakref::module::MODULE,
    _zoneinfo::_zoneinfo::MODULE,
    _zstd::_zstd::MODULE,
    array::module::MODULE,
    atexit::atexit::MODULE,
    binascii::binascii::MODULE,
    builtins::builtins::MODULE,
    cmath::cmath::MODULE,
    errno::errno::MODULE,
    faulthandler::module::MODULE,
    fcntl::fcntl::MODULE,
    gc::gc::MODULE,
    grp::grp::MODULE,
    itertools::itertools::MODULE,
    marshal::marshal::MODULE,
    math::math::MODULE,
    mmap::mmap::MODULE,
    posix::MODULE,
    hashes::_blake2::MODULE,
    hashes::keyed::MODULE,
    hashes::openssl::MODULE,
    hashes::_md5::MODULE,
    hashes::_sha1::MODULE,
    hashes::_sha2::MODULE,
    hashes::_sha3::MODULE,
    zlib::zlib::MODULE,
    termios::termios::MODULE,
    select::select::MODULE,
    resource::resource::MODULE,
    pwd::pwd::MODULE,
    pyexpat::pyexpat::MODULE,
    sys::sys::MODULE,
    syslog::syslog::MODULE,
    time::time::MODULE,
    unicodedata::module::MODULE,
];
