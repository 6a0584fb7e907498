//! `cell`: the box of a variable that closures share.

use macros::{pymethods, pytype};

use crate::{
    AsObject, CompareOp, Head, Link, Obj, Ref, Result, Str, Thread, Type, alloc_object, protocol,
    raise, types,
};

/// Create a new cell object.
///
///   contents
///     the contents of the cell. If not specified, the cell will be empty,
///     and further attempts to access its cell_contents attribute will
///     raise a ValueError.
#[pytype(name = "cell", c_name = "PyCell_Type", sig = "([contents])", layout = abi::PyCellObject)]
pub struct CellObject {
    head: Head,
    pub contents: Link,
}

impl CellObject {
    /// A new cell.
    pub fn new(th: Thread<'_>, contents: Option<Ref>) -> Result<Ref<CellObject>> {
        alloc_object::new_in_place(
            th,
            CellObject { head: Head::new(), contents: Link::from_option(contents) },
        )
    }

    /// Exchange the contents for `value`, whose reference (if any) is taken over.
    ///
    /// # Safety
    ///
    /// `value` is null or owned by the caller.
    #[inline]
    pub unsafe fn swap_raw(&self, value: *mut abi::PyObject) -> *mut abi::PyObject {
        // SAFETY: the caller's promise.
        let value = unsafe { Ref::from_raw(value) };
        self.contents.replace(value).map_or(std::ptr::null_mut(), Ref::into_raw)
    }
}

#[pymethods]
impl CellObject {
    #[sig = "cell(contents=<unrepresentable>, /)"]
    fn __new__(th: Thread<'_>, _: &Type, contents: Option<Obj<'_>>) -> Result<Ref<CellObject>> {
        Self::new(th, contents.map(Obj::own))
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let this = std::ptr::from_ref(self);
        match self.contents.get() {
            None => Str::from_fmt(th, format_args!("<cell at {this:p}: empty>")),
            Some(value) => Str::from_fmt(
                th,
                format_args!(
                    "<cell at {this:p}: {} object at {:p}>",
                    value.obj().ty().full_name(),
                    value.as_ptr()
                ),
            ),
        }
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<CellObject>() else {
            return Ok(types::not_implemented().own());
        };
        match (self.contents.get(), other.contents.get()) {
            (Some(a), Some(b)) => protocol::compare::rich_compare(th, a.obj(), b.obj(), op),
            (a, b) => Ok(types::bool_(op.of(a.is_some().cmp(&b.is_some()))).own()),
        }
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        raise!(th, TypeError, "unhashable type: '{}'", self.obj().type_name())
    }

    /// The value in the cell.
    #[getter]
    fn cell_contents(&self, th: Thread<'_>) -> Result<Ref> {
        match self.contents.get() {
            Some(value) => Ok(value),
            None => raise!(th, ValueError, "Cell is empty"),
        }
    }

    #[setter(cell_contents)]
    fn set_cell_contents(&self, _: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.contents.set(value.map(Obj::own));
        Ok(())
    }
}
