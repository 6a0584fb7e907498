//! `staticmethod`.
use crate::{Obj, Ref, Result, Thread, raise};
/// `staticmethod(callable)`.
pub fn new(th: Thread<'_>, _: Obj<'_>) -> Result<Ref> {
    raise!(th, NotImplementedError, "staticmethod")
}
