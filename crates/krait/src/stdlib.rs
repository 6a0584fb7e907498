//! The standard library inside the executable, as the build script packed it.

use std::{
    borrow::Cow,
    ffi::{CStr, c_char, c_int},
    ptr::null,
};

use vm::lifecycle::{Embedded, Inventory};

static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stdlib.bin"));

const fn part(start: usize, length: usize) -> &'static [u8] {
    BLOB.split_at(start).1.split_at(length).0
}

static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));

/// `struct _frozen`: a frozen module as C code finds it, without its code.
#[repr(C)]
#[allow(dead_code, reason = "read by C code")]
struct Frozen {
    name: *const c_char,
    code: *const u8,
    size: c_int,
    is_package: c_int,
}

impl Frozen {
    /// Behind the last one.
    const END: Frozen = Frozen { name: null(), code: null(), size: 0, is_package: 0 };

    const fn named(name: &'static CStr, is_package: bool) -> Frozen {
        Frozen { name: name.as_ptr(), is_package: is_package as c_int, ..Frozen::END }
    }
}

/// The first of some frozen modules.
#[repr(transparent)]
#[allow(dead_code, reason = "read by C code")]
struct FrozenTable(*const Frozen);

// SAFETY: points to constants.
unsafe impl Sync for FrozenTable {}

const FROZEN: &[Frozen] = &include!(concat!(env!("OUT_DIR"), "/frozen.rs"));

/// The frozen modules; CPython has those of the library and of tests in tables of
/// their own.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "named as in C")]
static _PyImport_FrozenBootstrap: FrozenTable = FrozenTable(FROZEN.as_ptr());

#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "named as in C")]
static _PyImport_FrozenStdlib: FrozenTable = FrozenTable(&Frozen::END);

#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "named as in C")]
static _PyImport_FrozenTest: FrozenTable = FrozenTable(&Frozen::END);

/// Native modules and the embedded library.
pub(crate) static INVENTORY: Inventory = Inventory {
    modules: modules::ALL,
    embedded: EMBEDDED,
    decompress,
    load_code: modules::marshal::load_object,
};

/// Pieces of this size and more leave some memory behind.
const LARGE: usize = 16 << 10;

/// The first byte says how the rest is stored, see the build script.
fn decompress(bytes: &'static [u8]) -> Option<Cow<'static, [u8]>> {
    if bytes.len() >= LARGE {
        // The pieces read before are not needed any more. The system maps 64 KB around
        // every page that is read: 2 MB for `import typing, dataclasses, json, re`.
        // SAFETY: part of the executable's constants.
        unsafe { host::mapping::leave_constants(BLOB) };
    }
    match bytes.split_first()? {
        (0, rest) => Some(Cow::Borrowed(rest)),
        (_, rest) => lz4_flex::decompress_size_prepended(rest).ok().map(Cow::Owned),
    }
}
