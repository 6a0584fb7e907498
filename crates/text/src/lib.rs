//! Text algorithms without objects: code units, Unicode 16.0.0, codecs, search.
//!
//! A Python string is an array of code points in the narrowest of three widths
//! (PEP 393). Everything here borrows such arrays as [`Units`], returns owned
//! ones as [`TextBuf`], and counts positions in code points. Lone surrogates are
//! ordinary code points. Nothing here panics, whatever the input.

pub mod codecs;
pub mod format_parser;
pub mod repr;
pub mod search;
pub mod split;
pub mod titles;
pub mod unicode;
pub mod units;

pub use units::{CodeUnit, TextBuf, Units};
