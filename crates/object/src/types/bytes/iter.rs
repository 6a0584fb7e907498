//! Iterators over the bytes of a `bytes` or a `bytearray`.

use std::cell::Cell;

use macros::{pymethods, pytype};

use super::shared::ByteString;
use crate::{
    AsObject, Bytes, Head, Int, IntoObject, Link, Obj, Ref, Result, Thread, Tuple, alloc_object,
    types::{bytearray::ByteArray, str::iter::builtin_iter},
};

macro_rules! byte_iterator {
    ($name:ident, $python:literal, $c_name:literal, $sequence:ident, $doc:literal) => {
        #[doc = $doc]
        #[pytype(name = $python, c_name = $c_name)]
        pub struct $name {
            head: Head,
            index: Cell<isize>,
            sequence: Link<$sequence>,
        }

        impl $name {
            /// `iter(sequence)`.
            pub fn new(th: Thread<'_>, sequence: &$sequence) -> Result {
                let (index, sequence) = (Cell::new(0), Link::new(crate::own(sequence)));
                alloc_object::new(th, $name { head: Head::new(), index, sequence }).map(Ref::upcast)
            }
        }

        #[pymethods]
        impl $name {
            fn __iter__(&self, _: Thread<'_>) -> Result {
                Ok(self.obj().own())
            }

            fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
                let Some(sequence) = self.sequence.get() else { return Ok(None) };
                let index = self.index.get();
                match sequence.data().get(index as usize) {
                    Some(&byte) => {
                        self.index.set(index + 1);
                        Int::from_i64(th, byte.into()).map(Some)
                    }
                    None => {
                        self.sequence.take();
                        Ok(None)
                    }
                }
            }

            /// Private method returning an estimate of len(list(it)).
            #[sig = "($self, /)"]
            fn __length_hint__(&self, _: Thread<'_>) -> isize {
                let length = |sequence: Ref<$sequence>| sequence.data().len() as isize;
                self.sequence.get().map_or(0, |s| (length(s) - self.index.get()).max(0))
            }

            /// Return state information for pickling.
            #[sig = "($self, /)"]
            fn __reduce__(&self, th: Thread<'_>) -> Result {
                // Looking iter up may run code that advances this iterator.
                let iter = builtin_iter(th)?;
                match self.sequence.get() {
                    Some(sequence) => {
                        let args = Tuple::from_array(th, [sequence.upcast()])?;
                        (iter, args, self.index.get()).into_object(th)
                    }
                    None => {
                        let empty = Tuple::from_refs(th, Vec::new())?;
                        let args = Tuple::from_array(th, [empty.upcast()])?;
                        (iter, args).into_object(th)
                    }
                }
            }

            /// Set state information for unpickling.
            #[sig = "($self, state, /)"]
            fn __setstate__(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
                let index = Int::index_to_isize(th, state)?;
                if let Some(sequence) = self.sequence.get() {
                    self.index.set(index.clamp(0, sequence.data().len() as isize));
                }
                Ok(())
            }
        }
    };
}

byte_iterator!(
    BytesIterator,
    "bytes_iterator",
    "PyBytesIter_Type",
    Bytes,
    "Iterates over the bytes of a bytes."
);
byte_iterator!(
    ByteArrayIterator,
    "bytearray_iterator",
    "PyByteArrayIter_Type",
    ByteArray,
    "Iterates over the bytes of a bytearray."
);
