//! `reversed`: a sequence from its end.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Head, IntoObject, Link, Obj, Protocol, Ref, Result, Thread, Tuple, Type,
    alloc_object,
    exceptions::types::{IndexError, StopIteration},
    id,
    protocol::{iter, mapping},
};

use super::{iter::state_index, tuple::empty_tuple};

/// Return a reverse iterator over the values of the given sequence.
#[pytype(name = "reversed", c_name = "PyReversed_Type", sig = "(sequence, /)", flags = BASETYPE)]
pub struct Reversed {
    head: Head,
    /// The index of the next item, -1 at the end.
    index: Cell<isize>,
    sequence: Link,
}

#[pymethods]
impl Reversed {
    #[sig = "reversed(sequence, /)"]
    fn __new__(th: Thread<'_>, cls: &Type, sequence: Obj<'_>) -> Result<Ref> {
        let not_reversible = || {
            Err(crate::error!(th, TypeError, "'{}' object is not reversible", sequence.type_name()))
        };
        if let Some(method) = iter::lookup_special(th, sequence, id!(th, "__reversed__"))? {
            if method.obj().is_none() {
                return not_reversible();
            }
            return method.call(th, &[]);
        }
        if !mapping::is_sequence(sequence) {
            return not_reversible();
        }
        let index = Cell::new(mapping::len(th, sequence)? as isize - 1);
        let sequence = Link::new(sequence.own());
        alloc_object::alloc(th, cls, Reversed { head: Head::new(), index, sequence })
            .map(Ref::upcast)
    }

    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let index = self.index.get();
        if let Some(sequence) = self.sequence.get()
            && index >= 0
        {
            match mapping::sequence_item(th, sequence.obj(), index) {
                Ok(item) => {
                    self.index.set(index - 1);
                    return Ok(Some(item));
                }
                Err(raised) if th.exception_matches(IndexError()) => th.clear_exception(raised),
                Err(raised) => th.catch(raised, StopIteration())?,
            }
        }
        self.index.set(-1);
        self.sequence.set(None);
        Ok(None)
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, th: Thread<'_>) -> Result<isize> {
        let Some(sequence) = self.sequence.get() else { return Ok(0) };
        let len = mapping::len(th, sequence.obj())? as isize;
        let position = self.index.get() + 1;
        Ok(if len < position { 0 } else { position })
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let ty = self.obj().ty().obj().own();
        match self.sequence.get() {
            Some(sequence) => {
                let args = Tuple::from_array(th, [sequence])?;
                (ty, args, self.index.get()).into_object(th)
            }
            None => (ty, Tuple::from_array(th, [empty_tuple().upcast()])?).into_object(th),
        }
    }

    /// Set state information for unpickling.
    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let index = state_index(th, object)?;
        if let Some(sequence) = self.sequence.get() {
            let len = mapping::len(th, sequence.obj())? as isize;
            self.index.set(index.clamp(-1, len - 1));
        }
        Ok(())
    }
}
