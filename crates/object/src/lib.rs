//! Python objects, safely.

pub mod small_int;
