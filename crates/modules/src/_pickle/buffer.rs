//! `PickleBuffer`: an object whose buffer may travel outside of the pickle.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Link, Obj, Protocol, Ref, Result, Thread, Type, alloc_object, id,
    protocol::buffer::{self, Buffer},
    raise,
    types::memoryview::MemoryView,
};

use crate::construct;

/// Wrapper for potentially out-of-band buffers
#[pytype(name = "pickle.PickleBuffer", c_name = "PyPickleBuffer_Type", flags = 0, weaklistoffset = weaklist)]
pub(super) struct PickleBuffer {
    head: Head,
    view: RefCell<Option<Buffer>>,
    object: Link,
    weaklist: Cell<*mut abi::PyObject>,
}

impl PickleBuffer {
    /// The bytes if they are contiguous, whether nobody may change them.
    pub(super) fn contents(&self, th: Thread<'_>) -> Result<(Vec<u8>, bool)> {
        let Some(object) = self.object.get() else { return Err(released(th)) };
        let view = Buffer::get(th, object.obj(), abi::PyBUF_FULL_RO)?;
        let readonly = view.view().readonly != 0;
        drop(view);
        match Buffer::get(th, object.obj(), abi::PyBUF_ANY_CONTIGUOUS) {
            Ok(view) => Ok((view.as_bytes().to_vec(), readonly)),
            Err(raised) => {
                th.clear_exception(raised);
                Err(super::pickling_error(
                    th,
                    format_args!(
                        "PickleBuffer can not be pickled when pointing to a non-contiguous buffer"
                    ),
                ))
            }
        }
    }
}

#[cold]
fn released(th: Thread<'_>) -> object::Raised {
    object::error!(th, ValueError, "operation forbidden on released PickleBuffer object")
}

#[pymethods]
impl PickleBuffer {
    #[sig = "PickleBuffer(object, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        let view = Buffer::get(th, object, abi::PyBUF_FULL_RO)?;
        let buffer = PickleBuffer {
            head: Head::new(),
            view: RefCell::new(Some(view)),
            object: Link::new(object.own()),
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        Ok(alloc_object::alloc(th, cls, buffer)?.upcast())
    }

    /// Return a memoryview of the raw memory underlying this buffer.
    ///
    /// Will raise BufferError is the buffer isn't contiguous.
    #[sig = "($self, /)"]
    fn raw(&self, th: Thread<'_>) -> Result {
        let Some(object) = self.object.get() else { return Err(released(th)) };
        let view = MemoryView::from_object(th, object.obj())?;
        if !view.getattr(th, id!(th, "contiguous"))?.is_true(th)? {
            raise!(th, BufferError, "cannot extract raw buffer from non-contiguous buffer");
        }
        // The same memory, in whichever order it is.
        let mut flat = *view.view();
        flat.ndim = 1;
        flat.itemsize = 1;
        flat.format = c"B".as_ptr().cast_mut();
        flat.shape = std::ptr::null_mut();
        flat.strides = std::ptr::null_mut();
        flat.suboffsets = std::ptr::null_mut();
        view.derive(th, &flat).map(Ref::upcast)
    }

    /// Release the underlying buffer held by the PickleBuffer object.
    #[sig = "($self, /)"]
    fn release(&self, _: Thread<'_>) {
        let view = self.view.take();
        drop(view);
        self.object.take();
    }

    fn bf_getbuffer(&self, th: Thread<'_>, view: &mut abi::Py_buffer, flags: i32) -> Result<()> {
        match self.object.get() {
            Some(object) => buffer::fill(th, object.obj(), view, flags),
            None => Err(released(th)),
        }
    }
}

/// `memoryview(object).toreadonly()`
pub(super) fn read_only(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    let view = construct::builtin_type(th, "memoryview")?.call(th, &[object])?;
    if view.getattr(th, id!(th, "readonly"))?.is_true(th)? {
        return Ok(object.own());
    }
    view.call_method(th, id!(th, "toreadonly"), &[])
}
