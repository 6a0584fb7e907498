//! `filter`: the items for which a function is true.

use macros::{pymethods, pytype};

use crate::{
    AsObject, Head, IntoObject, Obj, Protocol, PyStruct, Ref, Result, Thread, Tuple, Type,
    alloc_object, types::Bool,
};

/// Return an iterator yielding those items of iterable for which
/// function(item) is true.  If function is None, return the items that
/// are true.
#[pytype(name = "filter", c_name = "PyFilter_Type", sig = "(function, iterable, /)", flags = BASETYPE)]
pub struct Filter {
    head: Head,
    function: Ref,
    iterator: Ref,
}

#[pymethods]
impl Filter {
    #[sig = "filter(function, iterable, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, function: Obj<'_>, iterable: Obj<'_>) -> Result<Ref> {
        let iterator = iterable.iter(th)?;
        let filter = Filter { head: Head::new(), function: function.own(), iterator };
        alloc_object::alloc(th, cls, filter).map(Ref::upcast)
    }

    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let function = self.function.obj();
        let by_truth = function.is_none() || function.is(Bool::type_object().obj());
        while let Some(item) = self.iterator.next(th)? {
            let keep = if by_truth {
                item.is_true(th)?
            } else {
                function.call(th, &[item.obj()])?.is_true(th)?
            };
            if keep {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let args = Tuple::from_array(th, [self.function.clone(), self.iterator.clone()])?;
        (self.obj().ty().obj().own(), args).into_object(th)
    }
}
