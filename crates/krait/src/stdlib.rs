//! The standard library inside the executable, as the build script packed it.

use std::borrow::Cow;

use vm::lifecycle::{Embedded, Inventory};

static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stdlib.bin"));

const fn part(start: usize, length: usize) -> &'static [u8] {
    BLOB.split_at(start).1.split_at(length).0
}

static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));

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
