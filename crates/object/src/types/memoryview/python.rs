//! The buffer protocol of classes written in Python: `__buffer__` and
//! `__release_buffer__` (PEP 688).
//!
//! A buffer got from `__buffer__` names a [`BufferWrapper`] as its exporter,
//! which owns the memoryview returned and the object asked, and calls
//! `__release_buffer__` when the buffer is released.

use abi::Py_buffer;
use macros::{pymethods, pytype};

use super::{MemoryView, RELEASED, RESTRICTED};
use crate::{
    AsObject, Head, Int, IntoObject, Link, Obj, Protocol, Ref, Result, Thread, Tuple, Type,
    alloc_object, exceptions::types::OverflowError, id, protocol::buffer, raise,
};

/// Stands between a buffer and the Python object that exported it.
#[pytype(name = "_buffer_wrapper")]
pub struct BufferWrapper {
    head: Head,
    view: Link<MemoryView>,
    exporter: Link,
}

#[pymethods]
impl BufferWrapper {
    fn bf_releasebuffer(&self, th: Thread<'_>, view: &mut Py_buffer) -> Result<()> {
        let (Some(memory), Some(exporter)) = (self.view.take(), self.exporter.take()) else {
            return Ok(());
        };
        // A view of the object itself asks the object when it is released.
        let has_release = exporter.obj().ty().lookup(th, id!(th, "__release_buffer__")).is_some();
        if has_release && memory.view().obj != exporter.as_ptr() {
            call_release(th, exporter.obj(), &memory);
        }
        let _ = view;
        memory.exports.set(memory.exports.get() - 1);
        Ok(())
    }
}

/// `exporter.__release_buffer__(memory)`; errors cannot be reported.
fn call_release(th: Thread<'_>, exporter: Obj<'_>, memory: &MemoryView) {
    let pending = th.swap_exception(None);
    let result = exporter.call_method(th, id!(th, "__release_buffer__"), &[memory.obj()]);
    if result.is_err() {
        let context =
            format!("Exception ignored in __release_buffer__ of {}", exporter.type_name());
        (th.hooks().unraisable)(th, Some(&context), None);
    }
    drop(th.swap_exception(pending));
}

/// `bf_getbuffer` of a class with `__buffer__`.
///
/// # Safety
///
/// As `bf_getbuffer`: `view` is to be filled in and stays where it is until it
/// is released.
pub unsafe fn getbuffer_from_python(
    th: Thread<'_>,
    obj: Obj<'_>,
    view: &mut Py_buffer,
    flags: i32,
) -> Result<()> {
    view.obj = std::ptr::null_mut();
    let number = flags.into_object(th)?;
    let result = obj.call_method(th, id!(th, "__buffer__"), &[number.obj()])?;
    let Ok(memory) = result.downcast::<MemoryView>() else {
        raise!(th, TypeError, "__buffer__ returned non-memoryview object");
    };
    let wrapper = alloc_object::new(
        th,
        BufferWrapper { head: Head::new(), view: Link::null(), exporter: Link::null() },
    )?;
    buffer::fill(th, memory.obj(), view, flags)?;
    // SAFETY: `fill` put a reference to the memoryview there, which the wrapper
    // replaces; the view counts as exported until the wrapper's release.
    drop(unsafe { Ref::<crate::Object>::from_raw(view.obj) });
    wrapper.view.set(Some(memory));
    wrapper.exporter.set(Some(obj.own()));
    view.obj = wrapper.into_raw();
    Ok(())
}

/// `bf_releasebuffer` of a class with `__release_buffer__`. A function of a base
/// that is not Python's is called as well: Python code need not have done so.
pub fn releasebuffer_from_python(th: Thread<'_>, obj: Obj<'_>, view: &mut Py_buffer) {
    // SAFETY: a buffer owns a reference to its exporter.
    let owner = unsafe { Obj::from_raw(view.obj) };
    if let Some(wrapper) = owner.and_then(|owner| owner.downcast::<BufferWrapper>()) {
        if let Some(memory) = wrapper.view.get() {
            call_release(th, obj, &memory);
        }
        return;
    }
    match MemoryView::from_buffer(th, view) {
        Ok(memory) => {
            // What Python code gets must not outlive the release.
            memory.flags.set(memory.flags.get() | RESTRICTED);
            call_release(th, obj, &memory);
            memory.let_go();
        }
        Err(raised) => {
            let _ = raised;
            let context = format!("Exception ignored in __release_buffer__ of {}", obj.type_name());
            (th.hooks().unraisable)(th, Some(&context), None);
        }
    }
    let own = |ty: &Type| ty.buffer().and_then(|buffer| buffer.bf_releasebuffer);
    let python = own(obj.ty()).map(|function| function as usize);
    let bases = obj.ty().mro().map(Tuple::items).unwrap_or_default();
    // SAFETY: the MRO holds types.
    let mut native = bases.iter().filter_map(|base| own(unsafe { Type::from_obj(*base) }));
    if let Some(release) = native.find(|function| Some(*function as usize) != python) {
        // SAFETY: the slot of a base, with the buffer that the object filled in.
        unsafe { release(obj.as_ptr(), view) };
    }
}

/// `object.__buffer__(flags)` of a builtin exporter, whose function `get` is.
pub fn buffer_method(
    th: Thread<'_>,
    this: Obj<'_>,
    flags: Obj<'_>,
    get: abi::getbufferproc,
) -> Result {
    let flags = match Int::index_to_i64(th, flags) {
        Ok(flags) => i32::try_from(flags).ok(),
        Err(raised) => {
            th.catch(raised, OverflowError())?;
            None
        }
    };
    match flags {
        Some(flags) => {
            if let Some(view) = this.downcast::<MemoryView>() {
                view.check(th)?;
            }
            let managed = super::ManagedBuffer::new(th, this, flags, get)?;
            // SAFETY: the master does not change while views exist.
            let master = unsafe { &*managed.master.get() };
            MemoryView::new(th, &managed, master).map(Ref::upcast)
        }
        None => raise!(th, OverflowError, "buffer flags out of range"),
    }
}

/// `object.__release_buffer__(buffer)` of a builtin exporter.
pub fn release_buffer_method(th: Thread<'_>, this: Obj<'_>, buffer: Obj<'_>) -> Result {
    let Some(view) = buffer.downcast::<MemoryView>() else {
        raise!(th, TypeError, "expected a memoryview object");
    };
    if view.view().obj.is_null() {
        // Made for a release, which goes on without it.
        return ().into_object(th);
    }
    if view.flags.get() & RELEASED != 0 {
        raise!(th, ValueError, "memoryview's buffer has already been released");
    }
    if view.view().obj != this.as_ptr() {
        raise!(th, ValueError, "memoryview's buffer is not this object");
    }
    view.release_view(th)?;
    ().into_object(th)
}
