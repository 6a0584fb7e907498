//! The regular-expression matcher.
