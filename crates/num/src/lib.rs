//! Numeric algorithms without objects.
