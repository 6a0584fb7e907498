//! `module`: a namespace with a name.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Link, Obj, Protocol, Ref, Result, Str, Thread, Traverse, Tuple, Type,
    alloc_object,
    declare::Declared,
    exceptions, id, raise,
    types::{
        module_def,
        module_origin::{self, Hides},
    },
};

/// Create a module object.
///
/// The name must be a string; the optional docstring can have any type.
#[pytype(name = "module", c_name = "PyModule_Type", sig = "(name, doc=None)", flags = BASETYPE, layout = abi::PyModuleObject, dictoffset = dict, weaklistoffset = weaklist, traverse = manual)]
pub struct Module {
    head: Head,
    dict: Link<Dict>,
    def: Cell<*mut abi::PyModuleDef>,
    state: Cell<*mut std::ffi::c_void>,
    weaklist: Cell<*mut abi::PyObject>,
    name: Link,
}

impl Traverse for Module {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.dict.traverse(visit);
        self.name.traverse(visit);
        module_def::traverse(self, visit);
    }

    fn clear(&self) {
        module_def::clear(self);
        self.dict.take();
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        module_def::free(self);
    }
}

impl Module {
    /// `md_def`: the definition of a module of C code, or null.
    pub fn def(&self) -> *mut abi::PyModuleDef {
        self.def.get()
    }

    /// Set `md_def`, which lives for ever.
    pub fn set_def(&self, def: *mut abi::PyModuleDef) {
        self.def.set(def);
    }

    /// `md_state`: memory of C code, or null.
    pub fn state(&self) -> *mut std::ffi::c_void {
        self.state.get()
    }

    /// Set `md_state`, a block of the heap.
    pub fn set_state(&self, state: *mut std::ffi::c_void) {
        self.state.set(state);
    }

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

/// Whether the module's spec says that it is still being imported.
fn is_initializing(th: Thread<'_>, spec: &Ref) -> bool {
    module_origin::is_initializing(th, spec.obj()).unwrap_or_else(|raised| {
        th.clear_exception(raised);
        false
    })
}

impl Module {
    fn named(&self, th: Thread<'_>, name: &Str) -> Result<Option<Ref>> {
        self.dict(th)?.get(th, name.obj())
    }

    /// The attribute `name`, which the module's `__getattr__` may provide; `None` when there is
    /// neither.
    pub(crate) fn attribute_opt(&self, th: Thread<'_>, name: &Str) -> Result<Option<Ref>> {
        let found = super::object_::generic_getattr_opt(th, self.obj(), name)?;
        if found.is_some() {
            return Ok(found);
        }
        match self.named(th, id!(th, "__getattr__"))? {
            Some(hook) => hook.call(th, &[name.obj()]).map(Some),
            None => Ok(None),
        }
    }

    /// `AttributeError` for a missing name, with what may have caused it.
    #[cold]
    fn no_attribute(&self, th: Thread<'_>, name: &Str) -> Result<crate::Raised> {
        let module = self.named(th, id!(th, "__name__"))?;
        let module = module.as_ref().and_then(|name| name.obj().downcast::<Str>());
        let Some(module) = module else {
            let message = format_args!("module has no attribute '{name}'");
            return Ok(exceptions::attribute_error(th, self.obj(), name.obj(), message));
        };
        let message = self.why_missing(th, module, name)?;
        let message = format_args!("{message}");
        Ok(exceptions::attribute_error(th, self.obj(), name.obj(), message))
    }
}

impl Module {
    /// What to say of a name that `self`, called `module`, does not have.
    fn why_missing(&self, th: Thread<'_>, module: &Str, name: &Str) -> Result<String> {
        let plain = format!("module '{module}' has no attribute '{name}'");
        let spec = self.named(th, id!(th, "__spec__"))?.filter(|spec| !spec.obj().is_none());
        let Some(spec) = spec else { return Ok(plain) };
        let file = module_origin::file(th, spec.obj())?;
        let hides = match &file {
            Some(file) => module_origin::hides(th, module.obj(), file)?,
            None => Hides::Nothing,
        };
        let busy = module_origin::is_initializing(th, spec.obj())?;
        Ok(match (hides, file) {
            (Hides::StandardModule, Some(file)) => format!(
                "{plain} (consider renaming '{file}' since it has the same name as the standard library module named '{module}' and prevents importing that standard library module)"
            ),
            (Hides::SomeLibrary, Some(file)) if busy => format!(
                "{plain} (consider renaming '{file}' if it has the same name as a library you intended to import)"
            ),
            (_, Some(file)) if busy => format!(
                "partially initialized module '{module}' from '{file}' has no attribute '{name}' (most likely due to a circular import)"
            ),
            (_, None) if busy => format!(
                "partially initialized module '{module}' has no attribute '{name}' (most likely due to a circular import)"
            ),
            _ if module_origin::is_initializing_submodule(th, spec.obj(), name)? => format!(
                "cannot access submodule '{name}' of module '{module}' (most likely due to a circular import)"
            ),
            _ => plain,
        })
    }
}

#[pymethods]
impl Module {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        let module = Module {
            head: Head::new(),
            dict: Link::new(Dict::new(th)?),
            def: Cell::new(std::ptr::null_mut()),
            state: Cell::new(std::ptr::null_mut()),
            weaklist: Cell::new(std::ptr::null_mut()),
            name: Link::null(),
        };
        alloc_object::alloc(th, cls, module).map(Ref::upcast)
    }

    #[sig = "module(name, doc=None)"]
    fn __init__(&self, th: Thread<'_>, name: &Str, doc: Option<Obj<'_>>) -> Result<()> {
        let dict = self.dict(th)?;
        let none = super::none();
        dict.set(th, id!(th, "__name__").obj(), name.obj())?;
        dict.set(th, id!(th, "__doc__").obj(), doc.unwrap_or(none))?;
        for key in [id!(th, "__package__"), id!(th, "__loader__"), id!(th, "__spec__")] {
            dict.set(th, key.obj(), none)?;
        }
        self.name.set(Some(name.obj().own()));
        Ok(())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let Some(importlib) = th.interp().importlib.get() else {
            let name = self.named(th, id!(th, "__name__"))?;
            let name = name.map_or_else(
                || Ok("?".to_owned()),
                |name| name.str(th).map(|name| name.to_string()),
            )?;
            return Str::from_fmt(th, format_args!("<module '{name}'>"));
        };
        importlib.call_method(th, id!(th, "_module_repr"), &[self.obj()])?.str(th)
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        let name = super::object_::expect_name(th, name)?;
        match self.attribute_opt(th, name)? {
            Some(value) => Ok(value),
            None => Err(self.no_attribute(th, name)?),
        }
    }

    #[declare]
    fn members(builder: &mut crate::declare::TypeBuilder<'_>) {
        let offset = std::mem::offset_of!(Module, dict);
        builder.member(c"__dict__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
    }

    /// Return the names that the module defines.
    #[sig = "($self, /)"]
    fn __dir__(&self, th: Thread<'_>) -> Result {
        let dict = self.getattr(th, id!(th, "__dict__"))?;
        if dict.obj().downcast::<Dict>().is_none() {
            raise!(th, TypeError, "<module>.__dict__ is not a dictionary");
        }
        if let Some(hook) = self.named(th, id!(th, "__dir__"))? {
            return hook.call(th, &[]);
        }
        let names = crate::protocol::iter::collect(th, dict.obj())?;
        crate::List::from_refs(th, names).map(Ref::upcast)
    }

    #[getter]
    fn __annotate__(&self, th: Thread<'_>) -> Result {
        let name = id!(th, "__annotate__");
        if let Some(function) = self.named(th, name)? {
            return Ok(function);
        }
        self.dict(th)?.set(th, name.obj(), super::none())?;
        Ok(super::none().own())
    }

    #[setter]
    fn set___annotate__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, TypeError, "cannot delete __annotate__ attribute");
        };
        if !value.is_none() && !crate::protocol::call::is_callable(value) {
            raise!(th, TypeError, "__annotate__ must be callable or None");
        }
        let dict = self.dict(th)?;
        dict.set(th, id!(th, "__annotate__").obj(), value)?;
        if !value.is_none() {
            dict.remove(th, id!(th, "__annotations__").obj())?;
        }
        Ok(())
    }

    #[getter]
    fn __annotations__(&self, th: Thread<'_>) -> Result {
        let name = id!(th, "__annotations__");
        if let Some(annotations) = self.named(th, name)? {
            return Ok(annotations);
        }
        let function = self.named(th, id!(th, "__annotate__"))?;
        let annotations: Ref = match function {
            Some(function) if crate::protocol::call::is_callable(function.obj()) => {
                let format = crate::Int::from_i64(th, 1)?;
                let annotations = function.call(th, &[format.obj()])?;
                if annotations.obj().downcast::<Dict>().is_none() {
                    raise!(
                        th,
                        TypeError,
                        "__annotate__ returned non-dict of type '{}'",
                        annotations.obj().type_name()
                    );
                }
                annotations
            }
            _ => Dict::new(th)?.upcast(),
        };
        let spec = self.named(th, id!(th, "__spec__"))?.filter(|spec| !spec.obj().is_none());
        // A module that is still being imported may get more annotations.
        if !spec.as_ref().is_some_and(|spec| is_initializing(th, spec)) {
            self.dict(th)?.set(th, name.obj(), annotations.obj())?;
        }
        Ok(annotations)
    }

    #[setter]
    fn set___annotations__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let dict = self.dict(th)?;
        let name = id!(th, "__annotations__");
        match value {
            Some(value) => dict.set(th, name.obj(), value)?,
            None => {
                if !dict.remove(th, name.obj())? {
                    raise!(th, AttributeError, "__annotations__");
                }
            }
        }
        dict.remove(th, id!(th, "__annotate__").obj())?;
        Ok(())
    }
}
