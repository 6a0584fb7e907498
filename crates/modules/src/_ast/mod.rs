//! `_ast`.
use object::*;
pub(crate) fn is_tree(_: Thread<'_>, _: Obj<'_>) -> Result<bool> { Ok(false) }
pub(crate) fn to_tree(th: Thread<'_>, _: Obj<'_>, _: compiler::Mode) -> Result<compiler::ast::Mod> { raise!(th, NotImplementedError, "_ast") }
pub(crate) fn to_objects(th: Thread<'_>, _: &compiler::ast::Mod) -> Result { raise!(th, NotImplementedError, "_ast") }
