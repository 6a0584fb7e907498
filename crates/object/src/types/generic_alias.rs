//! `types.GenericAlias`.
use crate::{Obj, Ref, Result, Thread, raise};
/// `origin[args]`.
pub fn new(th: Thread<'_>, _: Obj<'_>, _: Obj<'_>) -> Result<Ref> {
    raise!(th, NotImplementedError, "GenericAlias")
}
