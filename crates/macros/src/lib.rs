//! The declarations: builtin types, their methods, native modules.
//!
//! The macros know no particular dunder or type. `#[pymethods]` calls the
//! installer of the same name in `object::slots::install`, so that a missing
//! one is a compile error at the method; signatures are Python text, checked
//! here against the Rust parameters. What everything expands to is ordinary
//! code over `object::declare`.

mod capi;
mod methods;
mod module;
mod signature;
mod types;

use proc_macro::TokenStream;

/// Declare a builtin type: `#[pytype(name = "list", base = Base, metaclass = Meta, flags = A | B,
/// c_name = "PyList_Type", layout = abi::PyListObject, sig = "(iterable=(), /)", itemsize = 8,
/// dictoffset = field, weaklistoffset = field, vectorcall = field,
/// traverse = manual)]` on its instance struct. All but `name` are optional.
/// The doc comment is `__doc__`.
#[proc_macro_attribute]
pub fn pytype(attr: TokenStream, item: TokenStream) -> TokenStream {
    types::expand(attr.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Turn an `impl` block into a type's methods and slots. `part = name` makes a
/// block that the main one pulls in with `parts(name)`.
#[proc_macro_attribute]
pub fn pymethods(attr: TokenStream, item: TokenStream) -> TokenStream {
    methods::expand(attr.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Turn a `mod` block into a native module; `name = "…"` where it differs.
/// Functions with `#[sig]` are its functions, the one with `#[exec]` fills the rest.
#[proc_macro_attribute]
pub fn pymodule(attr: TokenStream, item: TokenStream) -> TokenStream {
    module::expand(attr.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Export a function to C under its own name. Parameters and result are read
/// and written through `capi::convert`; a first parameter `th: Thread<'_>` is
/// not C's.
#[proc_macro_attribute]
pub fn capi(_: TokenStream, item: TokenStream) -> TokenStream {
    capi::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
