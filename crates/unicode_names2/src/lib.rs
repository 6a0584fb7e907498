//! What the parser needs of the library `unicode_names2`, answered from our own tables.
//!
//! The parser asks this library for the characters of `\N{…}` escapes. `[patch.crates-io]` puts
//! this crate in its place, so that literals, codecs and `unicodedata` know the same names and the
//! program holds them once.

pub use text::unicode::character;
