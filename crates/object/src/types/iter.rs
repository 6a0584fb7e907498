//! Iterators over the sequence protocol.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{Head, Link, Obj, Ref, Result, Thread, alloc_object};

/// `iter(object)` for an object with only `__getitem__`.
#[pytype(name = "iterator")]
pub struct SequenceIterator {
    head: Head,
    sequence: Link,
    index: Cell<isize>,
}

#[pymethods]
impl SequenceIterator {}

/// An iterator over `sequence[0]`, `sequence[1]`, …
pub fn sequence_iterator(th: Thread<'_>, sequence: Obj<'_>) -> Result<Ref> {
    alloc_object::new(
        th,
        SequenceIterator {
            head: Head::new(),
            sequence: Link::new(sequence.own()),
            index: Cell::new(0),
        },
    )
    .map(Ref::upcast)
}
