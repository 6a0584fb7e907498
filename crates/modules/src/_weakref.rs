//! `_weakref`: what `weakref` is made of.

use macros::pymodule;
use object::{
    AsObject, Dict, List, Module, Obj, PyStruct, Ref, Result, Thread, raise,
    types::weakref::{self, WeakRef},
};

/// Weak-reference support module.
#[pymodule(name = "_weakref")]
pub mod module {
    use super::*;

    /// Return the number of weak references to 'object'.
    #[sig = "(object, /)"]
    fn getweakrefcount(_: Thread<'_>, object: Obj<'_>) -> usize {
        weakref::count(object)
    }

    /// Return a list of all weak reference objects pointing to 'object'.
    #[sig = "(object, /)"]
    fn getweakrefs(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<List>> {
        List::from_refs(th, weakref::all(object))
    }

    /// Create a proxy object that weakly references 'object'.
    ///
    /// 'callback', if given, is called with a reference to the
    /// proxy when 'object' is about to be finalized.
    #[sig = "(object, callback=None, /)"]
    fn proxy(th: Thread<'_>, object: Obj<'_>, callback: Option<Obj<'_>>) -> Result {
        weakref::new_proxy(th, object, callback)
    }

    /// Atomically remove key from dict if it points to a dead weakref.
    #[sig = "(dct, key, /)"]
    fn _remove_dead_weakref(th: Thread<'_>, dct: &Dict, key: Obj<'_>) -> Result<()> {
        let Some(value) = dct.get(th, key)? else { return Ok(()) };
        if value.obj().downcast::<WeakRef>().is_none() {
            raise!(th, TypeError, "not a weakref");
        }
        if weakref::referent(value.obj()).is_none() {
            dct.remove(th, key)?;
        }
        Ok(())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.set(th, "ref", WeakRef::type_object().obj())?;
        module.set(th, "ReferenceType", WeakRef::type_object().obj())?;
        module.set(th, "ProxyType", weakref::Proxy::type_object().obj())?;
        module.set(th, "CallableProxyType", weakref::CallableProxy::type_object().obj())
    }
}
