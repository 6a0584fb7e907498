//! `types.MappingProxyType`.
use crate::{Obj, Ref, Result, Thread, raise};
/// A read-only view.
pub fn new(th: Thread<'_>, _: Obj<'_>) -> Result<Ref> {
    raise!(th, NotImplementedError, "mappingproxy")
}
