//! `bytes`: immutable, with its hash cached and a NUL after the data.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{PyStruct, Ref, Result, Thread, Traverse, VarHead, alloc_object};

/// Immutable sequence of bytes.
#[pytype(name = "bytes", flags = BASETYPE | BYTES_SUBCLASS | MATCH_SELF, basicsize = 33, itemsize = 1, traverse = manual)]
pub struct Bytes {
    head: VarHead,
    hash: Cell<isize>,
    // The data follow, then a NUL.
}

impl Traverse for Bytes {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(crate::Obj<'_>)) {}
}

impl Bytes {
    /// A new bytes object.
    pub fn new(th: Thread<'_>, data: &[u8]) -> Result<Ref<Bytes>> {
        let object = alloc_object::alloc_raw(th, Self::type_object(), data.len(), 0)?;
        let this = object.cast::<Bytes>();
        // SAFETY: fresh memory for the struct, the data and a NUL.
        unsafe {
            this.add(1)
                .cast::<u8>()
                .copy_from_nonoverlapping(std::ptr::NonNull::from(data).cast(), data.len())
        };
        // SAFETY: as above.
        let bytes = unsafe { this.as_ref() };
        bytes.hash.set(-1);
        bytes.head.set_size(data.len() as isize);
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// The data.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `ob_size` bytes follow the struct.
        unsafe {
            std::slice::from_raw_parts(
                std::ptr::from_ref(self).add(1).cast(),
                self.head.size() as usize,
            )
        }
    }
}

#[pymethods]
impl Bytes {}
