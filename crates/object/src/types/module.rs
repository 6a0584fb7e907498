//! `module`: a namespace with a name.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Link, Obj, Ref, Result, Str, Thread, alloc_object, declare::Declared,
};

/// Create a module object.
///
/// The name must be a string; the optional docstring can have any type.
#[pytype(name = "module", sig = "(name, doc=None)", flags = BASETYPE, layout = abi::PyModuleObject, dictoffset = dict, weaklistoffset = weaklist)]
pub struct Module {
    head: Head,
    dict: Link<Dict>,
    def: Cell<*mut abi::PyModuleDef>,
    state: Cell<*mut std::ffi::c_void>,
    weaklist: Cell<*mut abi::PyObject>,
    name: Link,
}

impl Module {
    /// A new module with an empty namespace but for the five standard names.
    pub fn new(th: Thread<'_>, name: &Str) -> Result<Ref<Module>> {
        alloc_object::new(
            th,
            Module {
                head: Head::new(),
                dict: Link::new(Dict::new(th)?),
                def: Cell::new(std::ptr::null_mut()),
                state: Cell::new(std::ptr::null_mut()),
                weaklist: Cell::new(std::ptr::null_mut()),
                name: Link::new(name.obj().own()),
            },
        )
    }

    /// The namespace.
    pub fn dict(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        match self.dict.get() {
            Some(dict) => Ok(dict),
            None => {
                self.dict.set(Some(Dict::new(th)?));
                self.dict.get().ok_or_else(|| th.no_memory())
            }
        }
    }

    /// Bind `name` to `value`.
    pub fn set(&self, th: Thread<'_>, name: &str, value: Obj<'_>) -> Result<()> {
        let name = Str::intern(th, name)?;
        self.dict(th)?.set(th, name.obj(), value)
    }

    /// Make a builtin type ready and bind it under its name.
    pub fn add_type<T: Declared>(&self, th: Thread<'_>) -> Result<()> {
        let ty = super::type_::ready(th, T::DECL)?;
        self.set(th, ty.name(), ty.obj())
    }
}

#[pymethods]
impl Module {}
