//! The memory layouts CPython 3.14 promises to C extensions.
//!
//! Every struct here is `repr(C)` and has the size and offsets of CPython
//! 3.14.10's on 64-bit Linux (GIL build). Nothing here has behaviour. Structs
//! and constants are declared through `layouts!` and `constants!`, which also
//! list them for the test that compares them with the measured tables.
#![no_std]
#![allow(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    reason = "names are those of the C headers"
)]
#![allow(clippy::type_complexity, reason = "the types are those of the C headers")]

/// A struct's measured shape, for the layout test.
pub struct Layout {
    /// The C name.
    pub name: &'static str,
    /// `sizeof`.
    pub size: usize,
    /// Name, offset and size of each field.
    pub fields: &'static [(&'static str, usize, usize)],
}

macro_rules! layouts {
    ($($(#[$attr:meta])* pub struct $name:ident { $(pub $field:ident: $ty:ty),* $(,)? })*) => {
        $(
            $(#[$attr])*
            #[repr(C)]
            #[allow(missing_docs, reason = "the fields are documented by the C headers")]
            pub struct $name { $(pub $field: $ty),* }

            impl $name {
                /// All bits zero.
                // SAFETY: made of integers, floats, raw pointers and optional
                // function pointers, for all of which zero is a value.
                pub const ZERO: Self = unsafe { core::mem::zeroed() };
            }
        )*

        /// The shapes of this module's structs.
        pub(crate) const LAYOUTS: &[Layout] = &[$(Layout {
            name: stringify!($name),
            size: size_of::<$name>(),
            fields: &[$((
                stringify!($field),
                core::mem::offset_of!($name, $field),
                size_of::<$ty>(),
            )),*],
        }),*];
    };
}

macro_rules! constants {
    ($($name:ident: $ty:ty = $value:expr;)*) => {
        $(#[allow(missing_docs, reason = "named as in the C headers")] pub const $name: $ty = $value;)*

        /// Every constant with its value.
        pub const CONSTANTS: &[(&str, i128)] = &[$((stringify!($name), $name as i128)),*];
    };
}

macro_rules! structs {
    ($($module:ident),*) => {
        $(mod $module; pub use $module::*;)*

        /// The shapes of all structs, by module.
        pub const LAYOUTS: &[&[Layout]] = &[$($module::LAYOUTS),*];
    };
}

mod constants;
mod slots;

pub use constants::*;
pub use slots::*;

structs!(
    object, scalars, containers, functions, frames, exceptions, buffers, modules, thread, datetime,
    context
);
