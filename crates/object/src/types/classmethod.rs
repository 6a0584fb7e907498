//! `classmethod`.
use crate::{Obj, Ref, Result, Thread, raise};
/// `classmethod(callable)`.
pub fn new(th: Thread<'_>, _: Obj<'_>) -> Result<Ref> {
    raise!(th, NotImplementedError, "classmethod")
}
