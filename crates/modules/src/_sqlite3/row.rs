//! `Row`: a tuple that also knows its columns by name.

use macros::{pymethods, pytype};
use object::{
    AsObject, CompareOp, Dict, Head, Int, IntoObject, List, Obj, Protocol, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object, exceptions, protocol::index, raise,
    types::singletons::not_implemented_ref,
};

use super::cursor::Cursor;

#[pytype(name = "sqlite3.Row", flags = BASETYPE | SEQUENCE)]
pub(crate) struct Row {
    head: Head,
    data: Ref<Tuple>,
    /// The cursor's description, `None` if there was none.
    description: Ref,
}

impl Row {
    /// The names of the columns.
    fn names(&self) -> Vec<Ref> {
        let columns = self.description.obj().downcast::<Tuple>();
        let columns = columns.map(Tuple::items).unwrap_or_default();
        let first = |column: &Obj<'_>| column.downcast::<Tuple>()?.get(0).map(Obj::own);
        columns.iter().filter_map(first).collect()
    }

    fn find(&self, name: &Str) -> Option<usize> {
        let wanted = name.to_string();
        self.names().iter().position(|column| {
            column.obj().downcast::<Str>().is_some_and(|column| {
                column.eq(name) || column.to_string().eq_ignore_ascii_case(&wanted)
            })
        })
    }
}

#[pymethods]
impl Row {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        args: &Tuple,
        kwargs: Option<&Dict>,
    ) -> Result<Ref<Row>> {
        if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
            raise!(th, TypeError, "Row() takes no keyword arguments");
        }
        let [cursor, data] = args.items() else {
            raise!(th, TypeError, "Row expected 2 arguments, got {}", args.len());
        };
        let Some(cursor) = cursor.downcast::<Cursor>() else {
            raise!(
                th,
                TypeError,
                "Row() argument 1 must be sqlite3.Cursor, not {}",
                cursor.type_name()
            );
        };
        let Some(data) = data.downcast::<Tuple>() else {
            raise!(th, TypeError, "Row() argument 2 must be tuple, not {}", data.type_name());
        };
        let description = cursor.description();
        let row = Row { head: Head::new(), data: object::own(data), description };
        alloc_object::alloc(th, cls, row)
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        Ok(self.description.obj().hash(th)? ^ self.data.obj().hash(th)?)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(other) = other.downcast::<Row>() else { return Ok(not_implemented_ref()) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented_ref());
        }
        if !self.description.obj().eq(th, other.description.obj())? {
            return (op == CompareOp::Ne).into_object(th);
        }
        self.data.obj().compare(th, other.data.obj(), op)
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        self.data.obj().iter(th)
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.data.len()
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.data.len()
    }

    fn sq_item(&self, th: Thread<'_>, at: isize) -> Result {
        match usize::try_from(at).ok().and_then(|at| self.data.get(at)) {
            Some(value) => Ok(value.own()),
            None => raise!(th, IndexError, "tuple index out of range"),
        }
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        if Int::is_int(key) {
            let at = Int::as_index(th, key, exceptions::types::IndexError())?;
            let at = if at < 0 { at + self.data.len() as isize } else { at };
            return self.sq_item(th, at);
        }
        if let Some(name) = key.downcast::<Str>() {
            return match self.find(name).and_then(|at| self.data.get(at)) {
                Some(value) => Ok(value.own()),
                None if self.description.obj().is_none() => {
                    raise!(th, IndexError, "No item with key {}", name.obj().repr(th)?)
                }
                None => raise!(th, IndexError, "No item with that key"),
            };
        }
        if index::is_slice(key) {
            return self.data.obj().get_item(th, key);
        }
        raise!(th, IndexError, "Index must be int or string")
    }

    /// Returns the keys of the row.
    #[sig = "($self, /)"]
    fn keys(&self, th: Thread<'_>) -> Result<Ref<List>> {
        List::from_refs(th, self.names())
    }
}
