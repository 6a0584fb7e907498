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

/// The first byte says how the rest is stored, see the build script.
fn decompress(bytes: &'static [u8]) -> Option<Cow<'static, [u8]>> {
    match bytes.split_first()? {
        (0, rest) => Some(Cow::Borrowed(rest)),
        (_, rest) => lz4_flex::decompress_size_prepended(rest).ok().map(Cow::Owned),
    }
}
