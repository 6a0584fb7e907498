//! `memoryview`.
use crate::{Obj, Ref, Result, Thread, raise};
/// `__buffer__` of a class.
///
/// # Safety
///
/// As `bf_getbuffer`.
pub unsafe fn getbuffer_from_python(
    th: Thread<'_>,
    _: Obj<'_>,
    _: &mut abi::Py_buffer,
    _: i32,
) -> Result<()> {
    raise!(th, NotImplementedError, "memoryview")
}
/// `__release_buffer__` of a class.
///
/// # Safety
///
/// As `bf_releasebuffer`.
pub unsafe fn releasebuffer_from_python(_: Thread<'_>, _: Obj<'_>, _: &mut abi::Py_buffer) {}
/// `object.__buffer__(flags)`.
pub fn buffer_method(th: Thread<'_>, _: Obj<'_>, _: Obj<'_>) -> Result<Ref> {
    raise!(th, NotImplementedError, "memoryview")
}
/// `object.__release_buffer__(view)`.
pub fn release_buffer_method(th: Thread<'_>, _: Obj<'_>, _: Obj<'_>) -> Result<Ref> {
    raise!(th, NotImplementedError, "memoryview")
}
