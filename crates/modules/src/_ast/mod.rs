//! `_ast`: the classes of syntax tree nodes.
//!
//! One table (`nodes`) says what classes there are. `to_objects` and `to_tree`
//! convert between the compiler's tree and instances; only the latter meets
//! trees that a program made, and checks them.

mod classes;
mod nodes;
mod patterns;
mod to_objects;
mod to_tree;

use macros::pymodule;
use object::{AsObject, Int, Module, Obj, PyStruct, Result, Thread};

use self::{classes::Ast, nodes::KINDS};
pub(crate) use self::{
    to_objects::to_objects,
    to_tree::{check_mode, to_tree},
};
use crate::compile;

/// Whether `object` is a node.
pub(crate) fn is_tree(_: Thread<'_>, object: Obj<'_>) -> Result<bool> {
    Ok(object.downcast::<Ast>().is_some())
}

/// Classes of syntax tree nodes.
#[pymodule]
pub mod _ast {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let state = classes::state(th)?;
        module.set(th, "AST", Ast::type_object().obj())?;
        let flags = [
            ("PyCF_ALLOW_TOP_LEVEL_AWAIT", compiler::PYCF_ALLOW_TOP_LEVEL_AWAIT),
            ("PyCF_ONLY_AST", compile::ONLY_AST),
            ("PyCF_TYPE_COMMENTS", compile::TYPE_COMMENTS),
            ("PyCF_OPTIMIZED_AST", compile::OPTIMIZED_AST),
        ];
        for (name, value) in flags {
            module.set(th, name, Int::from_i64(th, i64::from(value))?.obj())?;
        }
        for kind in KINDS {
            module.set(th, kind.row().name, state.class(*kind).ty.obj())?;
        }
        Ok(())
    }
}
