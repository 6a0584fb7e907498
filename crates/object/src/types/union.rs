//! `typing.Union`.
use crate::{Obj, Ref, Result, Thread, raise};
/// `left | right` of types.
pub fn or(th: Thread<'_>, _: Obj<'_>, _: Obj<'_>) -> Result<Ref> {
    raise!(th, NotImplementedError, "Union")
}
