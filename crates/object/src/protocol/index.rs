//! Indices and slices of sequences.
//!
//! A slice bound is clamped to what an `isize` holds, a subscript must fit.

use crate::{
    AsObject, FromArg, Int, Obj, Result, Thread, args::ArgContext, error::Raised,
    exceptions::types::OverflowError, raise,
};

/// `operator.index(object)`, clamped to an `isize`.
pub fn clamped(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
    let index = Int::index(th, object)?;
    if let Some(value) = Int::to_i64(index.obj()) {
        return Ok(value as isize);
    }
    // SAFETY: an int that is not small lives in memory.
    let tag = unsafe { index.obj().cast::<abi::PyLongObject>() }.long_value.lv_tag;
    Ok(if tag & 3 == 2 { isize::MIN } else { isize::MAX })
}

/// The subscript `object`; one that does not fit is an `IndexError`.
#[inline]
pub fn subscript(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
    if let Some(value) = crate::small_int::value(object.as_ptr()) {
        return Ok(value as isize);
    }
    subscript_slow(th, object)
}

#[cold]
fn subscript_slow(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
    match Int::index_to_isize(th, object) {
        Ok(value) => Ok(value),
        Err(raised) => {
            th.catch(raised, OverflowError())?;
            raise!(
                th,
                IndexError,
                "cannot fit '{}' into an index-sized integer",
                object.type_name()
            );
        }
    }
}

/// A slice bound among arguments: use as `Option<Bound>`.
#[derive(Clone, Copy, Debug)]
pub struct Bound(pub isize);

impl FromArg<'_> for Option<Bound> {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        bound(th, arg)
    }
}

fn bound(th: Thread<'_>, object: Obj<'_>) -> Result<Option<Bound>> {
    if object.is_none() {
        return Ok(None);
    }
    if !Int::is_index(object) {
        raise!(th, TypeError, "slice indices must be integers or None or have an __index__ method");
    }
    clamped(th, object).map(|value| Some(Bound(value)))
}

/// The bounds of a search in `length` items: the end is at most `length`, the
/// start can be beyond it, neither is negative.
pub fn search_range(length: usize, start: Option<Bound>, end: Option<Bound>) -> (usize, usize) {
    let length = length as isize;
    let fix = |index: isize| if index < 0 { (index + length).max(0) } else { index };
    let start = start.map_or(0, |Bound(start)| fix(start));
    let end = end.map_or(length, |Bound(end)| fix(end).min(length));
    (start as usize, end as usize)
}

/// The items a slice selects: `length` of them from `start` on, `step` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    pub start: isize,
    /// Where the slice ends, adjusted to the sequence.
    pub stop: isize,
    pub step: isize,
    pub length: usize,
}

impl Selection {
    /// The indices.
    pub fn indices(self) -> impl ExactSizeIterator<Item = usize> {
        (0..self.length as isize).map(move |i| (self.start + i * self.step) as usize)
    }

    /// Whether it is one contiguous run backwards.
    pub fn reversed(self) -> Option<std::ops::Range<usize>> {
        let end = (self.start + 1) as usize;
        (self.step == -1 && self.length > 0).then(|| end - self.length..end)
    }

    /// Whether it is one contiguous run.
    pub fn range(self) -> Option<std::ops::Range<usize>> {
        let start = self.start as usize;
        (self.step == 1 || self.length == 0).then(|| start..start + self.length)
    }
}

/// Whether `object` is a slice.
#[inline]
pub fn is_slice(object: Obj<'_>) -> bool {
    object.is_exact::<crate::types::Slice>()
}

/// The bounds of a slice object, as they are: step, start, stop. Evaluating
/// them can run Python code, so take the sequence's length afterwards and
/// adjust with [`adjust`].
pub fn slice_bounds(
    th: Thread<'_>,
    slice: Obj<'_>,
) -> Result<(Option<Bound>, Option<Bound>, isize)> {
    // SAFETY: the caller checked that it is a slice.
    let parts = unsafe { slice.cast::<abi::PySliceObject>() };
    let part = |ptr| {
        // SAFETY: a slice owns its three parts.
        unsafe { Obj::from_raw(ptr) }.ok_or(Raised)
    };
    let step = match bound(th, part(parts.step)?)? {
        None => 1,
        Some(Bound(0)) => raise!(th, ValueError, "slice step cannot be zero"),
        Some(Bound(step)) => step.max(-isize::MAX),
    };
    Ok((bound(th, part(parts.start)?)?, bound(th, part(parts.stop)?)?, step))
}

/// Adjust the bounds of a slice to `length` items.
pub fn adjust(length: usize, start: Option<Bound>, stop: Option<Bound>, step: isize) -> Selection {
    let length = length as isize;
    let (low, high) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let fix = |bound: Option<Bound>, default: isize| match bound {
        None => default,
        Some(Bound(index)) if index < 0 => index.saturating_add(length).max(low),
        Some(Bound(index)) => index.min(high),
    };
    let (start, stop) = if step < 0 {
        (fix(start, high), fix(stop, low))
    } else {
        (fix(start, low), fix(stop, high))
    };
    let count = if step < 0 {
        if stop < start { (start - stop - 1) / -step + 1 } else { 0 }
    } else if start < stop {
        (stop - start - 1) / step + 1
    } else {
        0
    };
    Selection { start, stop, step, length: count as usize }
}

/// The selection of a slice object in `length` items.
pub fn select(th: Thread<'_>, slice: Obj<'_>, length: usize) -> Result<Selection> {
    let (start, stop, step) = slice_bounds(th, slice)?;
    Ok(adjust(length, start, stop, step))
}
