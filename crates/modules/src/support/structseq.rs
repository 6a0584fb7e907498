//! Struct sequences by declaration: the type is made on first use and kept
//! per interpreter.

use std::{cell::RefCell, collections::HashMap};

use object::{AsObject, Module, Ref, Result, Thread, Type};

/// A struct sequence: all fields, of which the first `visible` are items.
pub(crate) struct Decl {
    /// With the module before the dot.
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    /// Name (empty for an unnamed field) and docstring.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    pub(crate) visible: usize,
}

#[derive(Default)]
struct Made(RefCell<HashMap<&'static str, Ref<Type>>>);

impl Decl {
    /// The type.
    pub(crate) fn ty(&'static self, th: Thread<'_>) -> Result<Ref<Type>> {
        let made = th.interp().extensions.get::<Made>();
        if let Some(ty) = made.0.borrow().get(self.name) {
            return Ok(ty.clone());
        }
        let ty = new_type(th, self)?;
        made.0.borrow_mut().insert(self.name, ty.clone());
        Ok(ty)
    }

    /// Bind the type in a module's namespace.
    pub(crate) fn add_to(&'static self, th: Thread<'_>, module: &Module) -> Result<()> {
        let ty = self.ty(th)?;
        module.set(th, ty.name(), ty.obj())
    }

    /// A new instance; as many values as fields.
    pub(crate) fn make(&'static self, th: Thread<'_>, values: Vec<Ref>) -> Result<Ref> {
        let ty = self.ty(th)?;
        new_instance(th, &ty, values)
    }
}

fn new_type(th: Thread<'_>, decl: &'static Decl) -> Result<Ref<Type>> {
    let _ = (decl.doc, decl.fields, decl.visible);
    object::raise!(th, NotImplementedError, "struct sequences: {}", decl.name)
}

fn new_instance(th: Thread<'_>, ty: &Type, _: Vec<Ref>) -> Result<Ref> {
    object::raise!(th, NotImplementedError, "struct sequences: {}", ty.name())
}
