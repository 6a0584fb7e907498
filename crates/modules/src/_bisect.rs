//! `_bisect`: where to insert into a sorted sequence.

use macros::pymodule;
use object::{
    AsObject, CompareOp, Int, Obj, Protocol, Result, Thread, id,
    protocol::{compare, mapping},
    raise,
};

/// Where `x` goes between `lo` and `hi`: behind equal items if `right`.
fn search(
    th: Thread<'_>,
    a: Obj<'_>,
    x: Obj<'_>,
    range: (isize, Option<isize>),
    key: Option<Obj<'_>>,
    right: bool,
) -> Result<isize> {
    let (mut lo, hi) = range;
    if lo < 0 {
        raise!(th, ValueError, "lo must be non-negative");
    }
    let mut hi = match hi {
        Some(hi) => hi,
        None => mapping::len(th, a)? as isize,
    };
    while lo < hi {
        let middle = ((lo as usize + hi as usize) / 2) as isize;
        let item = match a.ty().sequence().and_then(|methods| methods.sq_item) {
            Some(_) => mapping::sequence_item(th, a, middle)?,
            None => a.get_item(th, Int::from_i64(th, middle as i64)?.obj())?,
        };
        let item = match key {
            Some(key) => key.call(th, &[item.obj()])?,
            None => item,
        };
        let goes_left = if right {
            compare::rich_compare(th, x, item.obj(), CompareOp::Lt)?.is_true(th)?
        } else {
            !compare::rich_compare(th, item.obj(), x, CompareOp::Lt)?.is_true(th)?
        };
        if goes_left { hi = middle } else { lo = middle + 1 }
    }
    Ok(lo)
}

fn insert(
    th: Thread<'_>,
    a: Obj<'_>,
    x: Obj<'_>,
    range: (isize, Option<isize>),
    key: Option<Obj<'_>>,
    right: bool,
) -> Result<()> {
    let key = given(key);
    let index = match key {
        Some(function) => {
            let x = function.call(th, &[x])?;
            search(th, a, x.obj(), range, key, right)?
        }
        None => search(th, a, x, range, None, right)?,
    };
    let index = Int::from_i64(th, index as i64)?;
    a.call_method(th, id!(th, "insert"), &[index.obj(), x]).map(drop)
}

fn given(key: Option<Obj<'_>>) -> Option<Obj<'_>> {
    key.filter(|key| !key.is_none())
}

/// Bisection algorithms.
///
/// This module provides support for maintaining a list in sorted order without
/// having to sort the list after each insertion.
#[pymodule(name = "_bisect")]
pub mod module {
    use super::*;

    /// Return the index where to insert item x in list a, assuming a is sorted.
    ///
    /// The return value i is such that all e in a[:i] have e <= x, and all e in
    /// a[i:] have e > x.
    #[sig = "(a, x, lo=0, hi=None, *, key=None)"]
    fn bisect_right(
        th: Thread<'_>,
        a: Obj<'_>,
        x: Obj<'_>,
        lo: isize,
        hi: Option<isize>,
        key: Option<Obj<'_>>,
    ) -> Result<isize> {
        search(th, a, x, (lo, hi), given(key), true)
    }

    /// Return the index where to insert item x in list a, assuming a is sorted.
    ///
    /// The return value i is such that all e in a[:i] have e < x, and all e in
    /// a[i:] have e >= x.
    #[sig = "(a, x, lo=0, hi=None, *, key=None)"]
    fn bisect_left(
        th: Thread<'_>,
        a: Obj<'_>,
        x: Obj<'_>,
        lo: isize,
        hi: Option<isize>,
        key: Option<Obj<'_>>,
    ) -> Result<isize> {
        search(th, a, x, (lo, hi), given(key), false)
    }

    /// Insert item x in list a, and keep it sorted assuming a is sorted.
    ///
    /// If x is already in a, insert it to the right of the rightmost x.
    #[sig = "(a, x, lo=0, hi=None, *, key=None)"]
    fn insort_right(
        th: Thread<'_>,
        a: Obj<'_>,
        x: Obj<'_>,
        lo: isize,
        hi: Option<isize>,
        key: Option<Obj<'_>>,
    ) -> Result<()> {
        insert(th, a, x, (lo, hi), key, true)
    }

    /// Insert item x in list a, and keep it sorted assuming a is sorted.
    ///
    /// If x is already in a, insert it to the left of the leftmost x.
    #[sig = "(a, x, lo=0, hi=None, *, key=None)"]
    fn insort_left(
        th: Thread<'_>,
        a: Obj<'_>,
        x: Obj<'_>,
        lo: isize,
        hi: Option<isize>,
        key: Option<Obj<'_>>,
    ) -> Result<()> {
        insert(th, a, x, (lo, hi), key, false)
    }
}
