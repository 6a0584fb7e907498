//! The native modules of the standard library.

pub mod _random;
pub mod cmath;
pub mod math;
