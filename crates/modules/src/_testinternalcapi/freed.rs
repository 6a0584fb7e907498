//! Whether objects that are gone are seen to be, in debug mode.

use std::ptr::NonNull;

use object::{AsObject, Protocol, Result, Thread, alloc, raise};

/// Where the type of an object is.
const OB_TYPE: usize = 8;

/// What an invalid object is made of.
pub(super) enum Remains {
    Null,
    /// Memory that nobody has written.
    New,
    /// A block too small for an object.
    Guards,
    /// An object that is gone.
    Freed,
}

/// Complain if an invalid object would pass for one.
pub(super) fn check(th: Thread<'_>, remains: &Remains) -> Result<()> {
    let heap = th.heap();
    let block = |size: usize| heap.alloc(size).ok_or_else(|| th.no_memory());
    let freed = match remains {
        Remains::Null => alloc::is_freed_pointer(0),
        Remains::New | Remains::Guards => {
            let size = if matches!(remains, Remains::New) { 2 * OB_TYPE } else { OB_TYPE };
            let block = block(size)?;
            let freed = looks_freed(block);
            // SAFETY: allocated above.
            unsafe { heap.free(block) };
            freed
        }
        Remains::Freed => {
            let object = object::types::object_type().obj().call(th, &[])?;
            let place = NonNull::new(object.as_ptr().cast::<u8>());
            drop(object);
            place.is_none_or(looks_freed)
        }
    };
    if freed {
        return Ok(());
    }
    raise!(th, AssertionError, "object is not seen as freed")
}

/// Whether the type of the object at this address is no pointer.
fn looks_freed(object: NonNull<u8>) -> bool {
    // SAFETY: inside a block with its guards, or in one that was just freed, whose
    // memory the heap has not given back.
    alloc::is_freed_pointer(unsafe { object.add(OB_TYPE).cast::<usize>().read_volatile() })
}
