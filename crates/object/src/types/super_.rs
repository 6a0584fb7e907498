//! `super`.
use crate::{Obj, Ref, Result, Str, Thread, Type, raise};
/// `getattr(super(start, obj), name)`.
pub fn lookup(th: Thread<'_>, _: &Type, _: Obj<'_>, _: &Str) -> Result<Ref> {
    raise!(th, NotImplementedError, "super")
}
