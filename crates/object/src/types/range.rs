//! `range`: an arithmetic progression, of ints of any size.
//!
//! `start`, `step` and `length` decide everything. Where they and the end fit
//! into 64 bits (see [`Small`]) machine arithmetic does, else ints do.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};

use crate::{
    AsObject, CompareOp, Dict, Head, Int, IntoObject, Link, Obj, Protocol, PyStruct, Ref, Result,
    Str, Thread, Traverse, Tuple, Type, alloc_object,
    declare::TypeBuilder,
    id,
    protocol::{compare, mapping, number},
    raise,
};

use super::{StrBuilder, iter::state_index, none, singletons::not_implemented_ref, slice::Slice};

/// range(stop) -> range object
/// range(start, stop[, step]) -> range object
///
/// Return an object that produces a sequence of integers from start (inclusive)
/// to stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, ..., j-1.
/// start defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.
/// These are exactly the valid indices for a list of 4 elements.
/// When step is given, it specifies the increment (or decrement).
#[pytype(name = "range", c_name = "PyRange_Type", flags = SEQUENCE, traverse = manual)]
pub struct Range {
    head: Head,
    start: Ref,
    stop: Ref,
    step: Ref,
    length: Ref,
}

impl Traverse for Range {
    // Ints refer to nothing.
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

/// A range of 64-bit numbers whose `start + length * step` fits too.
#[derive(Clone, Copy)]
pub struct Small {
    pub start: i64,
    pub step: i64,
    pub len: i64,
}

impl Small {
    /// Item `index`, which is in range.
    #[inline]
    fn item(self, index: i64) -> i64 {
        self.start.wrapping_add(index.wrapping_mul(self.step))
    }

    fn position(self, value: i64) -> Option<i64> {
        let offset = i128::from(value) - i128::from(self.start);
        let (index, rest) = (offset.checked_div(self.step.into())?, offset % i128::from(self.step));
        (rest == 0 && index >= 0 && index < self.len.into()).then_some(index as i64)
    }
}

fn add(th: Thread<'_>, a: &Ref, b: &Ref) -> Result<Ref> {
    number::binary(th, number::ADD, a.obj(), b.obj())
}

fn subtract(th: Thread<'_>, a: &Ref, b: &Ref) -> Result<Ref> {
    number::binary(th, number::SUBTRACT, a.obj(), b.obj())
}

fn multiply(th: Thread<'_>, a: &Ref, b: &Ref) -> Result<Ref> {
    number::binary(th, number::MULTIPLY, a.obj(), b.obj())
}

fn less(th: Thread<'_>, a: &Ref, b: &Ref) -> Result<bool> {
    compare::rich_compare_bool(th, a.obj(), b.obj(), CompareOp::Lt)
}

fn int(th: Thread<'_>, value: i64) -> Result<Ref> {
    value.into_object(th)
}

/// How many numbers there are from `start` to before `stop`.
fn count(th: Thread<'_>, start: &Ref, stop: &Ref, step: &Ref) -> Result<Ref> {
    if let (Some(start), Some(stop), Some(step)) =
        (Int::to_i64(start.obj()), Int::to_i64(stop.obj()), Int::to_i64(step.obj()))
    {
        let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
        let distance = if step > 0 { stop - start } else { start - stop };
        let count = if distance <= 0 { 0 } else { (distance - 1) / step.abs() + 1 };
        return match i64::try_from(count) {
            Ok(count) => int(th, count),
            Err(_) => Int::from_i128(th, count),
        };
    }
    let (zero, one) = (int(th, 0)?, int(th, 1)?);
    let (low, high, step) = if less(th, step, &zero)? {
        (stop, start, subtract(th, &zero, step)?)
    } else {
        (start, stop, step.clone())
    };
    if !less(th, low, high)? {
        return Ok(zero);
    }
    let distance = subtract(th, &subtract(th, high, low)?, &one)?;
    add(th, &number::binary(th, number::FLOOR_DIVIDE, distance.obj(), step.obj())?, &one)
}

impl Range {
    /// `range(start, stop, step)` of ints; `step` is not zero.
    pub fn new(th: Thread<'_>, start: Ref, stop: Ref, step: Ref) -> Result<Ref<Range>> {
        let length = count(th, &start, &stop, &step)?;
        alloc_object::new_in_place(th, Range { head: Head::new(), start, stop, step, length })
    }

    /// As machine numbers.
    pub fn small(&self) -> Option<Small> {
        let start = Int::to_i64(self.start.obj())?;
        let (step, len) = (Int::to_i64(self.step.obj())?, Int::to_i64(self.length.obj())?);
        step.checked_mul(len)?.checked_add(start)?;
        Some(Small { start, step, len })
    }

    /// Item `index`, which need not be in range.
    fn item(&self, th: Thread<'_>, index: &Ref) -> Result<Ref> {
        add(th, &self.start, &multiply(th, index, &self.step)?)
    }

    fn subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        let index = Int::index(th, key)?;
        if let (Some(small), Some(mut index)) = (self.small(), Int::to_i64(index.obj())) {
            if index < 0 {
                index = index.saturating_add(small.len);
            }
            if index < 0 || index >= small.len {
                raise!(th, IndexError, "range object index out of range");
            }
            return int(th, small.item(index));
        }
        let zero = int(th, 0)?;
        let index = if less(th, &index, &zero)? { add(th, &index, &self.length)? } else { index };
        if less(th, &index, &zero)? || !less(th, &index, &self.length)? {
            raise!(th, IndexError, "range object index out of range");
        }
        self.item(th, &index)
    }

    fn slice(&self, th: Thread<'_>, slice: &Slice) -> Result<Ref> {
        let [start, stop, step] = slice.long_indices(th, self.length.obj())?;
        let step = multiply(th, &self.step, &step)?;
        let (start, stop) = (self.item(th, &start)?, self.item(th, &stop)?);
        Range::new(th, start, stop, step).map(Ref::upcast)
    }

    /// Whether the int `value` is an item.
    fn contains_int(&self, th: Thread<'_>, value: Obj<'_>) -> Result<bool> {
        if let (Some(small), Some(value)) = (self.small(), Int::to_i64(value)) {
            return Ok(small.position(value).is_some());
        }
        let (value, zero) = (value.own(), int(th, 0)?);
        let inside = if less(th, &zero, &self.step)? {
            !less(th, &value, &self.start)? && less(th, &value, &self.stop)?
        } else {
            !less(th, &self.start, &value)? && less(th, &self.stop, &value)?
        };
        if !inside {
            return Ok(false);
        }
        let offset = subtract(th, &value, &self.start)?;
        let rest = number::binary(th, number::REMAINDER, offset.obj(), self.step.obj())?;
        compare::eq(th, rest.obj(), zero.obj())
    }

    /// What equality and hash look at: length, start unless empty, step unless single.
    fn essence(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let (start, step) = match Int::to_i64(self.length.obj()) {
            Some(0) => (none(), none()),
            Some(1) => (self.start.obj(), none()),
            _ => (self.start.obj(), self.step.obj()),
        };
        Tuple::from_objs(th, &[self.length.obj(), start, step])
    }

    fn length(&self, th: Thread<'_>) -> Result<isize> {
        match Int::to_i64(self.length.obj()) {
            Some(length) => Ok(length as isize),
            None => raise!(th, OverflowError, "Python int too large to convert to C ssize_t"),
        }
    }
}

/// Whether `object` is exactly an int or a bool, which hide no `__eq__`.
fn is_plain_int(object: Obj<'_>) -> bool {
    object.is_exact::<Int>() || object.is_exact::<super::Bool>()
}

#[pymethods]
impl Range {
    fn __new__(th: Thread<'_>, _: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
        if kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            raise!(th, TypeError, "range() takes no keyword arguments");
        }
        construct(th, args.items())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let mut text = StrBuilder::new();
        text.push_str(th, "range(")?;
        text.push_obj(th, &*self.start.repr(th)?)?;
        text.push_str(th, ", ")?;
        text.push_obj(th, &*self.stop.repr(th)?)?;
        if Int::to_i64(self.step.obj()) != Some(1) {
            text.push_str(th, ", ")?;
            text.push_obj(th, &*self.step.repr(th)?)?;
        }
        text.push_str(th, ")")?;
        text.finish(th)
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        Int::to_i64(self.length.obj()) != Some(0)
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        self.essence(th)?.hash(th)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<Range>() else { return Ok(not_implemented_ref()) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented_ref());
        }
        let (a, b) = (self.essence(th)?, other.essence(th)?);
        compare::rich_compare(th, a.obj(), b.obj(), op)
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        if let Some(small) = self.small() {
            return RangeIterator::new(th, small).map(Ref::upcast);
        }
        let (start, step, length) = (self.start.clone(), self.step.clone(), self.length.clone());
        LongRangeIterator::make(th, start, step, length)
    }

    fn sq_length(&self, th: Thread<'_>) -> Result<isize> {
        self.length(th)
    }

    fn mp_length(&self, th: Thread<'_>) -> Result<isize> {
        self.length(th)
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result<Ref> {
        let index = index.into_object(th)?;
        self.subscript(th, index.obj())
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        if Int::is_index(key) {
            return self.subscript(th, key);
        }
        match key.downcast::<Slice>() {
            Some(slice) => self.slice(th, slice),
            None => {
                let got = key.type_name();
                raise!(th, TypeError, "range indices must be integers or slices, not {got}")
            }
        }
    }

    fn __contains__(&self, th: Thread<'_>, value: Obj<'_>) -> Result<bool> {
        if is_plain_int(value) {
            return self.contains_int(th, value);
        }
        mapping::contains_by_iteration(th, self.obj(), value)
    }

    /// rangeobject.count(value) -> integer -- return number of occurrences of value
    #[sig = "($self, value, /)"]
    fn count(&self, th: Thread<'_>, value: Obj<'_>) -> Result<usize> {
        if is_plain_int(value) {
            return self.contains_int(th, value).map(usize::from);
        }
        let iterator = self.iter(th)?;
        let mut count = 0;
        while let Some(item) = iterator.next(th)? {
            count += usize::from(compare::eq(th, item.obj(), value)?);
        }
        Ok(count)
    }

    /// rangeobject.index(value) -> integer -- return index of value.
    /// Raise ValueError if the value is not present.
    #[sig = "($self, value, /)"]
    fn index(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
        if is_plain_int(value) {
            if !self.contains_int(th, value)? {
                raise!(th, ValueError, "range.index(x): x not in range");
            }
            let offset = subtract(th, &value.own(), &self.start)?;
            return number::binary(th, number::FLOOR_DIVIDE, offset.obj(), self.step.obj());
        }
        let iterator = self.iter(th)?;
        let mut index = 0i64;
        while let Some(item) = iterator.next(th)? {
            if compare::eq(th, item.obj(), value)? {
                return int(th, index);
            }
            index += 1;
        }
        raise!(th, ValueError, "sequence.index(x): x not in sequence")
    }

    /// Return a reverse iterator.
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result<Ref> {
        if let Some(small) = self.small()
            && let Some(step) = small.step.checked_neg()
            && let Some(end) = small.start.checked_sub(small.step)
        {
            // The end is where a forward iterator over the result stops.
            let start = end.wrapping_add(small.len.wrapping_mul(small.step));
            let small = Small { start, step, len: small.len };
            return RangeIterator::new(th, small).map(Ref::upcast);
        }
        let (zero, one) = (int(th, 0)?, int(th, 1)?);
        let start = self.item(th, &subtract(th, &self.length, &one)?)?;
        let step = subtract(th, &zero, &self.step)?;
        LongRangeIterator::make(th, start, step, self.length.clone())
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let args = [self.start.obj(), self.stop.obj(), self.step.obj()];
        (Self::type_object().obj().own(), Tuple::from_objs(th, &args)?).into_object(th)
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let mut member = |name, offset| {
            builder.member(name, abi::Py_T_OBJECT_EX, offset, abi::Py_READONLY, None)
        };
        member(c"start", offset_of!(Range, start));
        member(c"stop", offset_of!(Range, stop));
        member(c"step", offset_of!(Range, step));
        builder.vectorcall(|th, _, args, names, _| {
            if !names.is_empty() {
                raise!(th, TypeError, "range() takes no keyword arguments");
            }
            construct(th, args)
        });
    }
}

fn construct(th: Thread<'_>, args: &[Obj<'_>]) -> Result<Ref> {
    let [start, stop, step] = match args {
        [stop] => [int(th, 0)?, Int::index(th, *stop)?, int(th, 1)?],
        [start, stop] => [Int::index(th, *start)?, Int::index(th, *stop)?, int(th, 1)?],
        [start, stop, step] => {
            [Int::index(th, *start)?, Int::index(th, *stop)?, Int::index(th, *step)?]
        }
        [] => raise!(th, TypeError, "range expected at least 1 argument, got 0"),
        many => raise!(th, TypeError, "range expected at most 3 arguments, got {}", many.len()),
    };
    if Int::to_i64(step.obj()) == Some(0) {
        raise!(th, ValueError, "range() arg 3 must not be zero");
    }
    Range::new(th, start, stop, step).map(Ref::upcast)
}

/// What `__reduce__` of a range iterator gives.
fn reduce(th: Thread<'_>, start: Ref, step: Ref, length: &Ref) -> Result<Ref> {
    let stop = add(th, &start, &multiply(th, length, &step)?)?;
    let range = Range::new(th, start, stop, step)?.upcast();
    let iter = crate::protocol::generic::builtin(th, id!(th, "iter"))?;
    (iter, Tuple::from_array(th, [range])?, none().own()).into_object(th)
}

/// The iterator over a range of machine numbers.
#[pytype(name = "range_iterator", c_name = "PyRangeIter_Type", flags = DISALLOW_INSTANTIATION, layout = abi::_PyRangeIterObject)]
pub struct RangeIterator {
    head: Head,
    start: Cell<i64>,
    step: Cell<i64>,
    len: Cell<i64>,
}

impl RangeIterator {
    /// An iterator over `range`.
    pub fn new(th: Thread<'_>, range: Small) -> Result<Ref<RangeIterator>> {
        let iterator = RangeIterator {
            head: Head::new(),
            start: Cell::new(range.start),
            step: Cell::new(range.step),
            len: Cell::new(range.len),
        };
        alloc_object::new_in_place(th, iterator)
    }

    /// The next number.
    #[inline(always)]
    pub fn advance(&self) -> Option<i64> {
        let len = self.len.get();
        if len <= 0 {
            return None;
        }
        self.len.set(len - 1);
        let value = self.start.get();
        self.start.set(value.wrapping_add(self.step.get()));
        Some(value)
    }
}

#[pymethods]
impl RangeIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        match self.advance() {
            Some(value) => Int::from_i64(th, value).map(Some),
            None => Ok(None),
        }
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, _: Thread<'_>) -> i64 {
        self.len.get()
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let length = int(th, self.len.get())?;
        reduce(th, int(th, self.start.get())?, int(th, self.step.get())?, &length)
    }

    /// Set state information for unpickling.
    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let skip = (state_index(th, object)? as i64).clamp(0, self.len.get());
        self.start.set(self.start.get().wrapping_add(skip.wrapping_mul(self.step.get())));
        self.len.set(self.len.get() - skip);
        Ok(())
    }
}

/// The iterator over a range of ints of any size.
#[pytype(name = "longrange_iterator", c_name = "PyLongRangeIter_Type", flags = DISALLOW_INSTANTIATION, traverse = manual)]
pub struct LongRangeIterator {
    head: Head,
    start: Link,
    step: Ref,
    len: Link,
}

impl Traverse for LongRangeIterator {
    // Ints refer to nothing.
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl LongRangeIterator {
    fn make(th: Thread<'_>, start: Ref, step: Ref, len: Ref) -> Result<Ref> {
        let (start, len) = (Link::new(start), Link::new(len));
        alloc_object::new(th, LongRangeIterator { head: Head::new(), start, step, len })
            .map(Ref::upcast)
    }

    fn state(&self, th: Thread<'_>) -> Result<(Ref, Ref)> {
        match (self.start.get(), self.len.get()) {
            (Some(start), Some(len)) => Ok((start, len)),
            _ => Ok((int(th, 0)?, int(th, 0)?)),
        }
    }
}

#[pymethods]
impl LongRangeIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let (value, len) = self.state(th)?;
        if !less(th, &int(th, 0)?, &len)? {
            return Ok(None);
        }
        let len = subtract(th, &len, &int(th, 1)?)?;
        self.start.set(Some(add(th, &value, &self.step)?));
        self.len.set(Some(len));
        Ok(Some(value))
    }

    /// Private method returning an estimate of len(list(it)).
    #[sig = "($self, /)"]
    fn __length_hint__(&self, th: Thread<'_>) -> Result<Ref> {
        Ok(self.state(th)?.1)
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let (start, len) = self.state(th)?;
        reduce(th, start, self.step.clone(), &len)
    }

    /// Set state information for unpickling.
    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        if !Int::is_int(object) {
            let got = object.type_name();
            raise!(th, TypeError, "state must be an int, not {got}");
        }
        let (start, len) = self.state(th)?;
        let (zero, mut skip) = (int(th, 0)?, object.own());
        if less(th, &skip, &zero)? {
            skip = zero;
        } else if less(th, &len, &skip)? {
            skip = len.clone();
        }
        self.start.set(Some(add(th, &start, &multiply(th, &skip, &self.step)?)?));
        self.len.set(Some(subtract(th, &len, &skip)?));
        Ok(())
    }
}
