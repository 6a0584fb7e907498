//! `_krait`: the embedded standard library, as its path entry finder sees it.

use macros::pymodule;
use object::{Bytes, List, Protocol, Ref, Result, Str, Thread, raise, types};
use vm::lifecycle::Inventory;

/// Access to the standard library inside the executable.
#[pymodule(name = "_krait")]
pub mod module {
    use super::*;

    /// Return whether the embedded module is a package, or None if there is
    /// no embedded module of that name.
    #[sig = "(name, /)"]
    fn find(th: Thread<'_>, name: &Str) -> Result<Ref> {
        let name = name.to_string();
        match Inventory::of(th).embedded(&name) {
            Some(module) if !name.contains('/') => Ok(types::bool_(module.is_package).own()),
            _ => Ok(types::none().own()),
        }
    }

    /// Return the code object of an embedded module.
    #[sig = "(name, /)"]
    fn code(th: Thread<'_>, name: &Str) -> Result<Ref> {
        let inventory = Inventory::of(th);
        match inventory.embedded(&name.to_string()) {
            Some(module) => inventory.load_code(th, &module.code()),
            None => raise!(th, ImportError, "no embedded module named {}", name.repr(th)?),
        }
    }

    /// Return the source of an embedded module or the contents of an embedded
    /// data file (named by its path), as bytes.
    #[sig = "(name, /)"]
    fn source(th: Thread<'_>, name: &Str) -> Result<Ref> {
        match Inventory::of(th).embedded(&name.to_string()).and_then(|module| module.source()) {
            Some(text) => Bytes::new(th, &text).map(Ref::upcast),
            None => Ok(types::none().own()),
        }
    }

    /// Return the names of all embedded modules and data files.
    #[sig = "()"]
    fn names(th: Thread<'_>) -> Result<Ref<List>> {
        let names: Result<Vec<Ref>> = Inventory::of(th)
            .embedded_names()
            .map(|name| Str::new(th, name).map(Ref::upcast))
            .collect();
        List::from_refs(th, names?)
    }
}
