//! The declarations: types, methods, modules.
