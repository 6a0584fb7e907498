//! Python objects, safely.

pub mod alloc;
pub mod gc;
pub mod small_int;
