//! The memory layouts CPython 3.14 promises to C extensions.
