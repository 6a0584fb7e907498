//! The executable
fn main() {}
