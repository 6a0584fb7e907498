//! `_tuplegetter`: the fields of a named tuple.

use std::mem::offset_of;

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Int, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type, alloc_object,
    declare::TypeBuilder, raise,
};

/// A descriptor that reads an item of a tuple.
#[pytype(name = "collections._tuplegetter")]
pub(super) struct TupleGetter {
    head: Head,
    index: isize,
    doc: Link,
}

#[pymethods]
impl TupleGetter {
    #[sig = "_tuplegetter(index, doc, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, index: isize, doc: Obj<'_>) -> Result {
        let getter = TupleGetter { head: Head::new(), index, doc: Link::new(doc.own()) };
        alloc_object::alloc(th, cls, getter).map(Ref::upcast)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        b.member(c"__doc__", abi::_Py_T_OBJECT, offset_of!(TupleGetter, doc), 0, None);
    }

    fn __get__(&self, th: Thread<'_>, instance: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        let Some(instance) = instance else { return Ok(self.obj().own()) };
        let Some(tuple) = instance.downcast::<Tuple>() else {
            if instance.is_none() {
                return Ok(self.obj().own());
            }
            raise!(
                th,
                TypeError,
                "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                self.index,
                instance.ty().full_name()
            );
        };
        match usize::try_from(self.index).ok().and_then(|index| tuple.get(index)) {
            Some(item) => Ok(item.own()),
            None => raise!(th, IndexError, "tuple index out of range"),
        }
    }

    fn tp_descr_set(&self, th: Thread<'_>, _: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        match value {
            Some(_) => raise!(th, AttributeError, "can't set attribute"),
            None => raise!(th, AttributeError, "can't delete attribute"),
        }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let doc = match self.doc.get() {
            Some(doc) => doc.repr(th)?,
            None => Str::new(th, "None")?,
        };
        let name = self.obj().short_type_name();
        Str::from_fmt(th, format_args!("{name}({}, {})", self.index, &*doc))
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let doc = self.doc.get().unwrap_or_else(|| object::types::none().own());
        let args = Tuple::from_array(th, [Int::from_i64(th, self.index as i64)?, doc])?;
        Tuple::from_objs(th, &[self.obj().ty().obj(), args.obj()])
    }
}
