//! Struct sequences by declaration: the type is made on first use and kept
//! per interpreter.

use std::{cell::RefCell, collections::HashMap};

use object::{AsObject, Module, Ref, Result, Thread, Type, types::structseq};

pub(crate) use structseq::Description as Decl;

#[derive(Default)]
struct Made(RefCell<HashMap<&'static str, Ref<Type>>>);

/// What can be done with a declaration.
pub(crate) trait StructSeq {
    /// The type.
    fn ty(&'static self, th: Thread<'_>) -> Result<Ref<Type>>;

    /// Bind the type in a module's namespace.
    fn add_to(&'static self, th: Thread<'_>, module: &Module) -> Result<()> {
        let ty = self.ty(th)?;
        let name = ty.name().rsplit('.').next().unwrap_or_default().to_owned();
        module.set(th, &name, ty.obj())
    }

    /// A new instance; as many values as fields.
    fn make(&'static self, th: Thread<'_>, values: Vec<Ref>) -> Result<Ref> {
        let ty = self.ty(th)?;
        structseq::instance(th, &ty, values)
    }
}

impl StructSeq for Decl {
    fn ty(&'static self, th: Thread<'_>) -> Result<Ref<Type>> {
        let made = th.interp().extensions.get::<Made>();
        if let Some(ty) = made.0.borrow().get(self.name) {
            return Ok(ty.clone());
        }
        let ty = structseq::make_type(th, self)?;
        made.0.borrow_mut().insert(self.name, ty.clone());
        Ok(ty)
    }
}
