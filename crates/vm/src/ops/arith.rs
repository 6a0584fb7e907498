//! Operators: arithmetic, comparison, truth, subscription, membership.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{
    CompareOp, Dict, Float, Int, List, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id,
    protocol, protocol::number, small_int, types,
};

use super::{adapt, check, check_anew, ops};
use crate::{
    bridge, call,
    frame::{self, Frame, is_exact},
    interp::{Flow, Regs},
    specialize::binary as specialize,
    word::Word,
};

/// The bits of addresses of small ints; the sum of two bits that mean nothing
/// leaves others.
const MULTIPLES: usize = !((1 << small_int::STEP_SHIFT) - 1);

/// Where the `NB_INPLACE_*` operators start.
const INPLACE: usize = 13;

/// The operators by their numbers; that of the power stands for another.
const OPERATORS: [number::BinaryOp; INPLACE] = [
    number::ADD,
    number::AND,
    number::FLOOR_DIVIDE,
    number::LSHIFT,
    number::MATRIX_MULTIPLY,
    number::MULTIPLY,
    number::REMAINDER,
    number::OR,
    number::ADD,
    number::RSHIFT,
    number::SUBTRACT,
    number::TRUE_DIVIDE,
    number::XOR,
];

/// `a op b` with the operator `oparg` of the `NB_*` table.
#[inline(never)]
pub(crate) fn binary(th: Thread<'_>, oparg: usize, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    const POWER: usize = 8;
    const SUBSCR: usize = 26;
    match oparg {
        SUBSCR => match slice_of(th, a, b) {
            Some(result) => result,
            None => protocol::mapping::get_item(th, a, b),
        },
        POWER => number::power(th, a, b, types::none()),
        op if op == POWER + INPLACE => number::inplace_power(th, a, b),
        op if op < INPLACE => number::binary(th, OPERATORS[op], a, b),
        op => number::inplace(th, OPERATORS[(op - INPLACE) % INPLACE], a, b),
    }
}

/// The method of an operator, and that of the right operand.
fn operator_names(th: Thread<'_>, operator: usize) -> Option<(&Str, &Str)> {
    Some(match operator {
        operator::ADD => (id!(th, "__add__"), id!(th, "__radd__")),
        operator::AND => (id!(th, "__and__"), id!(th, "__rand__")),
        operator::FLOOR_DIVIDE => (id!(th, "__floordiv__"), id!(th, "__rfloordiv__")),
        operator::LSHIFT => (id!(th, "__lshift__"), id!(th, "__rlshift__")),
        operator::MATRIX_MULTIPLY => (id!(th, "__matmul__"), id!(th, "__rmatmul__")),
        operator::MULTIPLY => (id!(th, "__mul__"), id!(th, "__rmul__")),
        operator::REMAINDER => (id!(th, "__mod__"), id!(th, "__rmod__")),
        operator::OR => (id!(th, "__or__"), id!(th, "__ror__")),
        operator::RSHIFT => (id!(th, "__rshift__"), id!(th, "__rrshift__")),
        operator::SUBTRACT => (id!(th, "__sub__"), id!(th, "__rsub__")),
        operator::TRUE_DIVIDE => (id!(th, "__truediv__"), id!(th, "__rtruediv__")),
        operator::XOR => (id!(th, "__xor__"), id!(th, "__rxor__")),
        _ => return None,
    })
}

/// A frame for the Python method of the left operand, if that is the first to
/// be asked; it borrows both. PERF: the interpreter is not entered anew.
#[inline(never)]
unsafe fn operator_frame(th: Thread<'_>, oparg: usize, a: Word, b: Word) -> Option<*mut Frame> {
    let (ta, tb) = (a.obj().ty(), b.obj().ty());
    if !std::ptr::eq(ta, tb) && tb.is_subtype(ta) {
        return None;
    }
    let (number, operator) = (OPERATORS.get(oparg % INPLACE)?, oparg % INPLACE);
    let slots = ta.number()?;
    if oparg >= 2 * INPLACE || oparg >= INPLACE && (number.inplace)(slots).is_some() {
        return None;
    }
    let (name, _) = operator_names(th, operator)?;
    let method = specialize::method_of(th, ta, name, 2)?;
    let frame = call::exact_frame(th, method, [a.lend(), b.lend()].as_ptr(), 2)?;
    (*frame).entry = frame::ENTRY_OPERATOR;
    Some(frame)
}

/// What the operator of the instruction at `ip` gives after the method of the
/// left operand did not know.
#[cold]
#[inline(never)]
unsafe fn reflected(th: Thread<'_>, ip: *mut u16, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    let oparg = usize::from(*ip.sub(1) >> 8);
    let operator = oparg % INPLACE;
    match operator_names(th, operator) {
        Some((_, name)) => {
            number::binary_reflected(th, OPERATORS[operator], name, a, b, oparg >= INPLACE)
        }
        None => Ok(types::not_implemented().own()),
    }
}

/// Go on with what the method of the left operand returned.
#[inline(always)]
pub(super) unsafe fn operator_result(r: &mut Regs, th: Thread<'_>, value: Word) -> Flow {
    let mut value = value;
    if value.is(types::not_implemented()) {
        let ip = std::mem::replace(&mut r.ip, (*r.frame).ip);
        let result = reflected(th, r.ip, r.peek(2).obj(), r.peek(1).obj());
        value = Word::from_ref(check!(result));
        r.ip = ip;
    }
    let (b, a) = (r.peek(1), r.peek(2));
    r.set(2, value);
    r.sp = r.sp.sub(1);
    r.release(b);
    r.release(a);
    Flow::Next
}

/// A frame for the Python `__setitem__` of a container; it takes all three over.
#[inline(never)]
unsafe fn setitem_frame(th: Thread<'_>, sp: *mut Word) -> Option<*mut Frame> {
    let (sub, container, value) = (*sp.sub(1), *sp.sub(2), *sp.sub(3));
    let ty = container.obj().ty();
    let method = specialize::method_of(th, ty, id!(th, "__setitem__"), 3)?;
    let frame = call::exact_frame(th, method, [container, sub, value].as_ptr(), 3)?;
    (*frame).entry = frame::ENTRY_DISCARD;
    Some(frame)
}

/// Whether the object is an instance of a class.
#[inline(always)]
unsafe fn is_of_class(word: Word) -> bool {
    !word.is_int() && (*word.heap_type()).tp_flags & abi::Py_TPFLAGS_HEAPTYPE != 0
}

/// The `f64` in a float.
#[inline(always)]
unsafe fn float(word: Word) -> *mut f64 {
    (&raw mut (*word.ptr().cast::<abi::PyFloatObject>()).ob_fval).cast()
}

/// Replace two floats on top by `value`, in the memory of one of them if
/// nobody else has it.
#[inline(always)]
unsafe fn float_result(r: &mut Regs, value: f64) -> Flow {
    let (b, a) = (r.peek(1), r.peek(2));
    if a.0 & 1 == 0 && (*a.ptr()).ob_refcnt == 1 {
        *float(a) = value;
        r.sp = r.sp.sub(1);
        r.skip(5);
        return r.finish(b);
    }
    if b.0 & 1 == 0 && (*b.ptr()).ob_refcnt == 1 {
        *float(b) = value;
        r.set(2, b);
        r.sp = r.sp.sub(1);
        r.skip(5);
        return r.finish(a);
    }
    let Some(result) = Float::try_new(&*r.state, value) else { return Flow::Miss };
    r.set(2, Word::from_ref(result));
    r.sp = r.sp.sub(1);
    r.skip(5);
    r.finish2(b, a)
}

/// Two exact floats on top.
#[inline(always)]
unsafe fn floats(r: &Regs) -> Option<(f64, f64)> {
    let (b, a) = (r.peek(1), r.peek(2));
    let ty = <Float as object::PyStruct>::type_object().as_ptr();
    if a.heap_type() == ty && b.heap_type() == ty {
        return Some((*float(a), *float(b)));
    }
    None
}

/// As `float_result`, where one operand is a small int.
#[inline(always)]
unsafe fn mixed_result(r: &mut Regs, value: f64) -> Flow {
    let (b, a) = (r.peek(1), r.peek(2));
    let number = if a.is_int() { b } else { a };
    if number.0 & 1 == 0 && (*number.ptr()).ob_refcnt == 1 {
        *float(number) = value;
        r.set(2, number);
        r.sp = r.sp.sub(1);
        r.skip(5);
        return Flow::Next;
    }
    let Some(result) = Float::try_new(&*r.state, value) else { return Flow::Miss };
    r.set(2, Word::from_ref(result));
    r.sp = r.sp.sub(1);
    r.skip(5);
    r.finish(number)
}

/// Numbers of `NB_*` operators.
mod operator {
    pub(super) const ADD: usize = 0;
    pub(super) const AND: usize = 1;
    pub(super) const FLOOR_DIVIDE: usize = 2;
    pub(super) const LSHIFT: usize = 3;
    pub(super) const MATRIX_MULTIPLY: usize = 4;
    pub(super) const MULTIPLY: usize = 5;
    pub(super) const REMAINDER: usize = 6;
    pub(super) const OR: usize = 7;
    pub(super) const RSHIFT: usize = 9;
    pub(super) const SUBTRACT: usize = 10;
    pub(super) const TRUE_DIVIDE: usize = 11;
    pub(super) const XOR: usize = 12;
}

/// The operators of two small ints that have no opcode of their own.
#[inline(always)]
unsafe fn small_ints(r: &mut Regs, operator: usize) -> Flow {
    let (b, a) = (r.peek(1), r.peek(2));
    // An address less that of zero is a multiple of the int.
    let (p, q) = (
        a.int_address().wrapping_sub(small_int::ZERO),
        b.int_address().wrapping_sub(small_int::ZERO),
    );
    let (x, y) = (p as i64, q as i64);
    let shift = b.int();
    let value = match operator {
        operator::AND => p & q,
        operator::OR => p | q,
        operator::XOR => p ^ q,
        operator::RSHIFT if (0..40).contains(&shift) => {
            (a.int() >> shift << small_int::STEP_SHIFT) as usize
        }
        operator::LSHIFT if (0..24).contains(&shift) && x << shift >> shift == x => {
            (x << shift) as usize
        }
        operator::FLOOR_DIVIDE if q != 0 => {
            let (quotient, rest) = (x / y, x % y);
            let below = i64::from(rest != 0 && (rest ^ y) < 0);
            ((quotient - below) << small_int::STEP_SHIFT) as usize
        }
        operator::REMAINDER if q != 0 => {
            let rest = x % y;
            let turn = if rest != 0 && (rest ^ y) < 0 { y } else { 0 };
            (rest + turn) as usize
        }
        operator::TRUE_DIVIDE if q != 0 => {
            // Both are exact as floats, so that one division rounds correctly.
            let value = a.int() as f64 / b.int() as f64;
            let Some(result) = Float::try_new(&*r.state, value) else { return Flow::Slow };
            r.sp = r.sp.sub(1);
            r.set(1, Word::from_ref(result));
            r.skip(5);
            return Flow::Next;
        }
        _ => return Flow::Slow,
    };
    int_result(r, value.wrapping_add(small_int::ZERO))
}

/// The operators of two numbers, at least one of them a float, that have no
/// opcode of their own.
#[inline(always)]
unsafe fn float_operands(r: &mut Regs, operator: usize) -> Flow {
    let (b, a) = (r.peek(1), r.peek(2));
    let (Some(x), Some(y)) = (specialize::number(a), specialize::number(b)) else {
        return Flow::Slow;
    };
    let value = match operator {
        operator::TRUE_DIVIDE if y != 0.0 => x / y,
        operator::MULTIPLY => x * y,
        operator::ADD => x + y,
        operator::SUBTRACT => x - y,
        _ => return Flow::Slow,
    };
    if !(a.is_int() || b.is_int()) {
        return float_result(r, value);
    }
    // As in CPython, the form is for numbers that are some.
    if value.is_nan() { Flow::Miss } else { mixed_result(r, value) }
}

/// `BINARY_OP_EXTEND` with the function in the cache.
#[inline(always)]
pub(super) unsafe fn binary_extended(r: &mut Regs, th: Thread<'_>) -> Flow {
    let function = specialize::extended(r.ip);
    r.save();
    let value = function(th, r.peek(2), r.peek(1));
    if value.is_null() {
        return if th.is_raised() { Flow::Error } else { Flow::Miss };
    }
    r.replace(2, value);
    r.skip(5);
    Flow::Next
}

/// The dict at `depth`, if it is an instance of a subclass that works as one.
unsafe fn dict_like<'a>(r: &Regs, depth: usize) -> Option<&'a Dict> {
    let container = r.peek(depth).obj();
    bridge::is_dict_like(container.ty()).then(|| container.cast::<Dict>())
}

/// `BINARY_OP_SUBSCR_DICT` of an instance of a subclass.
#[inline(always)]
pub(super) unsafe fn subscript_dict(r: &mut Regs, th: Thread<'_>) -> Flow {
    let Some(dict) = dict_like(r, 2) else { return Flow::Miss };
    r.save();
    let value = check_anew!(r, th, dict.subscript(th, r.peek(1).obj()));
    r.answer(th, Word::from_ref(value), 5)
}

/// `CONTAINS_OP_DICT` of an instance of a subclass.
#[inline(always)]
pub(super) unsafe fn contains_dict(r: &mut Regs, th: Thread<'_>, oparg: usize) -> Flow {
    let Some(dict) = dict_like(r, 1) else { return Flow::Miss };
    r.save();
    let found = check_anew!(r, th, bridge::dict_contains(th, dict, r.peek(2).obj()));
    r.answer_bool(th, found ^ (oparg != 0))
}

/// `STORE_SUBSCR_DICT` of an instance of a subclass.
#[inline(always)]
pub(super) unsafe fn store_in_dict(r: &mut Regs, th: Thread<'_>) -> Flow {
    let Some(dict) = dict_like(r, 2) else { return Flow::Miss };
    r.save();
    check_anew!(r, th, dict.set(th, r.peek(1).obj(), r.peek(3).obj()));
    r.take_up(th);
    r.skip(1);
    r.make_way(r.sp.sub(3), Word::NULL)
}

/// `BINARY_OP_SUBSCR_STR_INT` of a string that is not ASCII.
#[inline(always)]
pub(super) unsafe fn subscript_text(r: &mut Regs, th: Thread<'_>) -> Flow {
    r.save();
    let item = bridge::str_item(th, r.peek(2).obj(), r.peek(1).int());
    let Some(value) = item else { return Flow::Miss };
    r.answer(th, Word::from_ref(value), 5)
}

/// `COMPARE_OP_INT` of ints of which at least one is in memory.
#[inline(always)]
pub(super) unsafe fn compare_ints(r: &mut Regs, oparg: usize) -> Flow {
    let (b, a) = (r.peek(1), r.peek(2));
    if !Int::is_exact(a.obj()) || !Int::is_exact(b.obj()) {
        return Flow::Miss;
    }
    let order = bridge::compare_ints(a.obj(), b.obj());
    let bit = comparison_bit(order.is_lt(), order.is_gt(), order.is_eq());
    r.sp = r.sp.sub(2);
    r.skip(1);
    r.push_or_jump(oparg & bit != 0);
    r.finish2(b, a)
}

/// `TO_BOOL_INT` of an int in memory.
#[inline(always)]
pub(super) unsafe fn truth_of_int(r: &mut Regs) -> Flow {
    let word = r.peek(1);
    if !Int::is_exact(word.obj()) {
        return Flow::Miss;
    }
    truth(r, Int::is_nonzero(word.obj()))
}

#[inline(always)]
unsafe fn int_result(r: &mut Regs, value: usize) -> Flow {
    if !small_int::fits_at(value) {
        return Flow::Miss;
    }
    r.sp = r.sp.sub(1);
    r.set(1, Word(value));
    r.skip(5);
    Flow::Next
}

#[inline(never)]
fn negative(th: Thread<'_>, operand: Obj<'_>) -> Result<Ref> {
    number::unary(th, number::NEGATIVE, operand)
}

#[inline(never)]
fn invert(th: Thread<'_>, operand: Obj<'_>) -> Result<Ref> {
    number::unary(th, number::INVERT, operand)
}

/// `container[index]` of a list or tuple whose items are at `items`.
#[inline(always)]
unsafe fn item(r: &mut Regs, items: *const *mut abi::PyObject, len: isize) -> Flow {
    let (index, container) = (r.peek(1), r.peek(2));
    let mut at = index.int() as isize;
    if at < 0 {
        at += len;
    }
    if at < 0 || at >= len {
        return Flow::Miss;
    }
    let value = Word::from_raw(*items.offset(at)).dup();
    r.sp = r.sp.sub(1);
    r.set(1, value);
    r.skip(5);
    r.finish(container)
}

#[inline(never)]
fn compare(th: Thread<'_>, oparg: usize, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    let op = CompareOp::from_c((oparg >> 5) as i32);
    let value = protocol::compare::rich_compare(th, a, b, op)?;
    if oparg & 16 != 0 {
        let truth = value.is_true(th)?;
        return Ok(types::bool_(truth).own());
    }
    Ok(value)
}

/// The bit of `oparg` that a comparison result selects.
#[inline(always)]
fn comparison_bit(less: bool, greater: bool, equal: bool) -> usize {
    if less {
        2
    } else if greater {
        4
    } else if equal {
        8
    } else {
        1
    }
}

/// The positions that two bounds, each an int or None, select of `len` items.
#[inline]
fn bounds(start: Obj<'_>, stop: Obj<'_>, len: usize) -> Option<(usize, usize)> {
    let fit = |bound: Obj<'_>, default: usize| {
        if bound.is_none() {
            return Some(default);
        }
        let value = small_int::value(bound.as_ptr())?;
        let value = if value < 0 { (value + len as i64).max(0) } else { value };
        Some((value as usize).min(len))
    };
    let (start, stop) = (fit(start, 0)?, fit(stop, len)?);
    Some((start, stop.max(start)))
}

/// `container[start:stop]` of a builtin sequence, without a slice object.
fn plain_slice(
    th: Thread<'_>,
    container: Obj<'_>,
    start: Obj<'_>,
    stop: Obj<'_>,
) -> Option<Result<Ref>> {
    if let Some(list) = container.downcast_exact::<List>() {
        let (start, stop) = bounds(start, stop, list.len())?;
        // SAFETY: allocating runs no code, and `items` is read before the copy is seen.
        let items = unsafe { list.items() }.get(start..stop)?;
        return Some(List::from_objs(th, items).map(Ref::upcast));
    }
    if let Some(text) = container.downcast_exact::<Str>() {
        let (start, stop) = bounds(start, stop, text.len())?;
        return Some(text.slice(th, start, stop).map(Ref::upcast));
    }
    let tuple = container.downcast_exact::<Tuple>()?;
    let (start, stop) = bounds(start, stop, tuple.len())?;
    Some(tuple.slice(th, start, stop).map(Ref::upcast))
}

/// `container[slice]` of a builtin sequence; `None` if the generic way has to
/// decide.
#[inline]
fn slice_of(th: Thread<'_>, container: Obj<'_>, slice: Obj<'_>) -> Option<Result<Ref>> {
    let slice = slice.downcast_exact::<types::Slice>()?;
    if !slice.step().is_none() {
        return None;
    }
    plain_slice(th, container, slice.start(), slice.stop())
}

#[inline(never)]
fn list_slice(th: Thread<'_>, list: Obj<'_>, slice: Obj<'_>) -> Option<Result<Ref>> {
    slice_of(th, list, slice)
}

#[inline(never)]
fn slice_get(th: Thread<'_>, container: Obj<'_>, start: Obj<'_>, stop: Obj<'_>) -> Result<Ref> {
    if let Some(result) = plain_slice(th, container, start, stop) {
        return result;
    }
    let slice = bridge::slice(th, start, stop, types::none())?;
    protocol::mapping::get_item(th, container, object::AsObject::obj(&slice))
}

/// `list[start:stop] = value` where `value` is a list of as many items that
/// nobody else has; whether that is so. PERF: no count changes.
#[inline(never)]
unsafe fn exchange(container: Obj<'_>, start: Obj<'_>, stop: Obj<'_>, value: Word) -> bool {
    if !value.is_last() {
        return false;
    }
    let lists = (container.downcast_exact::<List>(), value.obj().downcast_exact::<List>());
    let (Some(list), Some(other)) = lists else { return false };
    let Some((start, stop)) = bounds(start, stop, list.len()) else { return false };
    stop - start == other.len() && list.swap_with(start, other)
}

#[inline(never)]
fn slice_set(
    th: Thread<'_>,
    container: Obj<'_>,
    start: Obj<'_>,
    stop: Obj<'_>,
    value: Obj<'_>,
) -> Result<()> {
    if let Some(list) = container.downcast_exact::<List>()
        && value.ty().slots().tp_iter.is_some()
        && bounds(start, stop, list.len()).is_some()
    {
        let items = protocol::iter::collect(th, value)?;
        // Collecting may have changed the list.
        if let Some((start, stop)) = bounds(start, stop, list.len()) {
            return list.replace_range(th, start, stop, items);
        }
    }
    let slice = bridge::slice(th, start, stop, types::none())?;
    protocol::mapping::set_item(th, container, object::AsObject::obj(&slice), Some(value))
}

/// Jump or not on a truth value that is already a bool.
#[inline(always)]
unsafe fn truth(r: &mut Regs, value: bool) -> Flow {
    let word = r.pop();
    r.skip(3);
    r.push_or_jump(value);
    r.finish(word)
}

ops! {
    fn BINARY_OP(r, th, oparg) {
        adapt!(r, specialize::binary(r.ip, oparg, r.peek(2), r.peek(1), r.locals()));
        r.save();
        if is_of_class(r.peek(2))
            && let Some(callee) = operator_frame(th, oparg, r.peek(2), r.peek(1))
        {
            return r.enter(th, callee, 5);
        }
        let value = check_anew!(r, th, binary(th, oparg, r.peek(2).obj(), r.peek(1).obj()));
        r.answer(th, Word::from_ref(value), 5)
    }

    fn BINARY_OP_ADD_INT(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        if !a.is_int() || !b.is_int() {
            return Flow::Miss;
        }
        int_result(r, a.0.wrapping_add(b.0).wrapping_sub(small_int::ZERO) & MULTIPLES)
    }

    fn BINARY_OP_SUBTRACT_INT(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        if !a.is_int() || !b.is_int() {
            return Flow::Miss;
        }
        let difference = a.int_address().wrapping_sub(b.int_address());
        int_result(r, difference.wrapping_add(small_int::ZERO))
    }

    fn BINARY_OP_MULTIPLY_INT(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        if !a.is_int() || !b.is_int() {
            return Flow::Miss;
        }
        let Some(product) = a.int().checked_mul(b.int()) else { return Flow::Miss };
        if !small_int::fits(product) {
            return Flow::Miss;
        }
        int_result(r, small_int::encode_unchecked(product).as_ptr().addr())
    }

    fn BINARY_OP_ADD_FLOAT(r, th, oparg) {
        let Some((a, b)) = floats(r) else { return Flow::Miss };
        float_result(r, a + b)
    }

    fn BINARY_OP_SUBTRACT_FLOAT(r, th, oparg) {
        let Some((a, b)) = floats(r) else { return Flow::Miss };
        float_result(r, a - b)
    }

    fn BINARY_OP_MULTIPLY_FLOAT(r, th, oparg) {
        let Some((a, b)) = floats(r) else { return Flow::Miss };
        float_result(r, a * b)
    }

    fn BINARY_OP_EXTEND(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        let operator = if oparg >= INPLACE { oparg - INPLACE } else { oparg };
        if a.is_int() && b.is_int() {
            return small_ints(r, operator);
        }
        float_operands(r, operator)
    }

    fn BINARY_OP_ADD_UNICODE(r, th, oparg) {
        if !is_exact::<Str>(r.peek(1)) || !is_exact::<Str>(r.peek(2)) {
            return Flow::Miss;
        }
        r.save();
        let (b, a) = (r.peek(1).obj(), r.peek(2).obj());
        let value = check_anew!(r, th, bridge::concat_str(th, a, b));
        r.answer(th, Word::from_ref(value), 5)
    }

    // `s = s + x`: the local gives up its reference first, so that the
    // concatenation may grow the string in place.
    fn BINARY_OP_INPLACE_ADD_UNICODE(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        if !is_exact::<Str>(a) || !is_exact::<Str>(b) {
            return Flow::Miss;
        }
        let next = *r.ip.add(5);
        let target = r.locals().add((next >> 8) as usize);
        if (*target).ptr() != a.ptr() || next & 0xFF != bytecode::Op::STORE_FAST as u16 {
            return Flow::Miss;
        }
        r.save();
        let left = a.owned();
        let old = std::mem::replace(&mut *target, Word::NULL);
        r.set(2, left);
        r.release(old);
        let value = bridge::append_str(th, r.peek(2).into_ref(), r.peek(1).obj());
        r.set(2, Word::NULL);
        let value = check!(value);
        r.drop_words(2);
        *target = Word::from_ref(value);
        r.skip(6);
        Flow::Next
    }

    fn BINARY_OP_SUBSCR_LIST_INT(r, th, oparg) {
        let (index, list) = (r.peek(1), r.peek(2));
        if !index.is_int() || !is_exact::<List>(list) {
            return Flow::Miss;
        }
        let list = list.ptr().cast::<abi::PyListObject>();
        item(r, (*list).ob_item, (*list).ob_base.ob_size)
    }

    fn BINARY_OP_SUBSCR_TUPLE_INT(r, th, oparg) {
        let (index, tuple) = (r.peek(1), r.peek(2));
        if !index.is_int() || !is_exact::<Tuple>(tuple) {
            return Flow::Miss;
        }
        let items = tuple.obj().cast::<Tuple>().items();
        item(r, items.as_ptr().cast(), items.len() as isize)
    }

    fn BINARY_OP_SUBSCR_STR_INT(r, th, oparg) {
        let (index, text) = (r.peek(1), r.peek(2));
        if !index.is_int() || !is_exact::<Str>(text) {
            return Flow::Miss;
        }
        let Some(character) = bridge::ascii_item(text, index.int()) else { return Flow::Slow };
        r.sp = r.sp.sub(1);
        r.set(1, character);
        r.skip(5);
        r.finish(text)
    }

    fn BINARY_OP_SUBSCR_DICT(r, th, oparg) {
        let (key, dict) = (r.peek(1), r.peek(2));
        if !is_exact::<Dict>(dict) {
            return Flow::Slow;
        }
        r.save();
        let dict = dict.obj().cast::<Dict>();
        let value = check_anew!(r, th, bridge::dict_item(th, dict, key.obj()));
        r.answer(th, Word::from_ref(value), 5)
    }

    fn BINARY_OP_SUBSCR_GETITEM(r, th, oparg) {
        let Some(function) = specialize::getitem(r.ip, r.peek(2)) else { return Flow::Miss };
        let arguments = r.sp.sub(2);
        let Some(callee) = call::exact_frame(th, function, arguments, 2) else {
            return Flow::Miss;
        };
        r.sp = r.sp.sub(2);
        r.enter(th, callee, 5)
    }

    fn BINARY_OP_SUBSCR_LIST_SLICE(r, th, oparg) {
        let (slice, list) = (r.peek(1), r.peek(2));
        if !is_exact::<types::Slice>(slice) || !is_exact::<List>(list) {
            return Flow::Miss;
        }
        r.save();
        let Some(value) = list_slice(th, list.obj(), slice.obj()) else { return Flow::Miss };
        let value = check_anew!(r, th, value);
        r.answer(th, Word::from_ref(value), 5)
    }

    fn UNARY_NEGATIVE(r, th, oparg) {
        let word = r.peek(1);
        if word.is_int() && word.int() != small_int::MIN {
            r.set(1, Word((2 * small_int::ZERO).wrapping_sub(word.int_address())));
            return Flow::Next;
        }
        if is_exact::<Float>(word) {
            let value = -*float(word);
            if word.0 & 1 == 0 && (*word.ptr()).ob_refcnt == 1 {
                *float(word) = value;
                return Flow::Next;
            }
            r.save();
            let result = check!(Float::new(th, value));
            r.replace(1, Word::from_ref(result));
            return Flow::Next;
        }
        r.save();
        let value = check!(negative(th, r.peek(1).obj()));
        r.replace(1, Word::from_ref(value));
        Flow::Next
    }

    fn UNARY_INVERT(r, th, oparg) {
        r.save();
        let value = check!(invert(th, r.peek(1).obj()));
        r.replace(1, Word::from_ref(value));
        Flow::Next
    }

    fn UNARY_NOT(r, th, oparg) {
        let value = r.peek(1).is(types::bool_(false));
        r.set(1, Word::bool_(value));
        Flow::Next
    }

    fn TO_BOOL(r, th, oparg) {
        adapt!(r, specialize::to_bool(r.ip, r.peek(1)));
        r.save();
        let value = check!(protocol::is_true(th, r.peek(1).obj()));
        truth(r, value)
    }

    fn TO_BOOL_BOOL(r, th, oparg) {
        let word = r.peek(1);
        let value = word.is(types::bool_(true));
        if !value && !word.is(types::bool_(false)) {
            return Flow::Miss;
        }
        r.sp = r.sp.sub(1);
        r.skip(3);
        r.push_or_jump(value);
        Flow::Next
    }

    fn TO_BOOL_INT(r, th, oparg) {
        let word = r.peek(1);
        if !word.is_int() {
            return Flow::Slow;
        }
        r.sp = r.sp.sub(1);
        r.skip(3);
        r.push_or_jump(word.int_address() != small_int::ZERO);
        Flow::Next
    }

    fn TO_BOOL_NONE(r, th, oparg) {
        if !r.peek(1).is(types::none()) {
            return Flow::Miss;
        }
        r.sp = r.sp.sub(1);
        r.skip(3);
        r.push_or_jump(false);
        Flow::Next
    }

    fn TO_BOOL_LIST(r, th, oparg) {
        let word = r.peek(1);
        if !is_exact::<List>(word) {
            return Flow::Miss;
        }
        let value = (*word.ptr().cast::<abi::PyVarObject>()).ob_size != 0;
        truth(r, value)
    }

    fn TO_BOOL_STR(r, th, oparg) {
        let word = r.peek(1);
        if !is_exact::<Str>(word) {
            return Flow::Miss;
        }
        let value = word.obj().cast::<Str>().len() != 0;
        truth(r, value)
    }

    fn TO_BOOL_ALWAYS_TRUE(r, th, oparg) {
        if !specialize::version_matches(r.ip.add(1), r.peek(1)) {
            return Flow::Miss;
        }
        truth(r, true)
    }

    fn COMPARE_OP(r, th, oparg) {
        adapt!(r, specialize::compare(r.ip, oparg, r.peek(2), r.peek(1)));
        r.save();
        let value = check_anew!(r, th, compare(th, oparg, r.peek(2).obj(), r.peek(1).obj()));
        r.answer(th, Word::from_ref(value), 1)
    }

    fn COMPARE_OP_INT(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        if !a.is_int() || !b.is_int() {
            return Flow::Slow;
        }
        let (a, b) = (a.int_address(), b.int_address());
        // Bit 1 if less, 2 if greater, 3 if equal.
        let bit = 1 + 2 * usize::from(a >= b) - usize::from(a > b);
        r.sp = r.sp.sub(2);
        r.skip(1);
        r.push_or_jump(oparg >> bit & 1 != 0);
        Flow::Next
    }

    fn COMPARE_OP_FLOAT(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        let (Some(x), Some(y)) = (specialize::number(a), specialize::number(b)) else {
            return Flow::Miss;
        };
        let bit = comparison_bit(x < y, x > y, x == y);
        r.sp = r.sp.sub(2);
        r.skip(1);
        r.push_or_jump(oparg & bit != 0);
        r.finish2(b, a)
    }

    fn COMPARE_OP_STR(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        if !is_exact::<Str>(a) || !is_exact::<Str>(b) {
            return Flow::Miss;
        }
        let equal = bridge::str_equal(a.obj().cast::<Str>(), b.obj().cast::<Str>());
        let bit = if equal { 8 } else { 2 | 4 };
        r.sp = r.sp.sub(2);
        r.skip(1);
        r.push_or_jump(oparg & bit != 0);
        r.finish2(b, a)
    }

    fn IS_OP(r, th, oparg) {
        let (b, a) = (r.peek(1), r.peek(2));
        r.sp = r.sp.sub(2);
        r.push_or_jump((a.ptr() == b.ptr()) ^ (oparg != 0));
        r.finish2(b, a)
    }

    fn CONTAINS_OP(r, th, oparg) {
        adapt!(r, specialize::contains(r.ip, r.peek(1)));
        r.save();
        let (container, item) = (r.peek(1).obj(), r.peek(2).obj());
        let found = check_anew!(r, th, protocol::mapping::contains(th, container, item));
        r.answer_bool(th, found ^ (oparg != 0))
    }

    fn CONTAINS_OP_DICT(r, th, oparg) {
        if !is_exact::<Dict>(r.peek(1)) {
            return Flow::Slow;
        }
        r.save();
        let dict = r.peek(1).obj().cast::<Dict>();
        let found = check_anew!(r, th, bridge::dict_contains(th, dict, r.peek(2).obj()));
        r.answer_bool(th, found ^ (oparg != 0))
    }

    fn CONTAINS_OP_SET(r, th, oparg) {
        if !bridge::is_set(r.peek(1)) {
            return Flow::Miss;
        }
        r.save();
        let (set, item) = (r.peek(1).obj(), r.peek(2).obj());
        let found = check_anew!(r, th, bridge::set_contains(th, set, item));
        r.answer_bool(th, found ^ (oparg != 0))
    }

    fn BINARY_SLICE(r, th, oparg) {
        r.save();
        let (stop, start, container) = (r.peek(1), r.peek(2), r.peek(3));
        let value = check_anew!(r, th, slice_get(th, container.obj(), start.obj(), stop.obj()));
        r.take_up(th);
        r.make_way(r.sp.sub(3), Word::from_ref(value))
    }

    fn STORE_SLICE(r, th, oparg) {
        r.save();
        let (stop, start, container, value) = (r.peek(1), r.peek(2), r.peek(3), r.peek(4));
        let (list, start, stop) = (container.obj(), start.obj(), stop.obj());
        if !exchange(list, start, stop, value) {
            check_anew!(r, th, slice_set(th, list, start, stop, value.obj()));
        }
        r.take_up(th);
        r.make_way(r.sp.sub(4), Word::NULL)
    }

    fn STORE_SUBSCR(r, th, oparg) {
        adapt!(r, specialize::store_subscr(r.ip, r.peek(2), r.peek(1)));
        r.save();
        if is_of_class(r.peek(2))
            && let Some(callee) = setitem_frame(th, r.sp)
        {
            r.sp = r.sp.sub(3);
            return r.enter(th, callee, 1);
        }
        let (sub, container, value) = (r.peek(1), r.peek(2), r.peek(3));
        let value = Some(value.obj());
        check_anew!(r, th, protocol::mapping::set_item(th, container.obj(), sub.obj(), value));
        r.take_up(th);
        r.skip(1);
        r.make_way(r.sp.sub(3), Word::NULL)
    }

    fn STORE_SUBSCR_LIST_INT(r, th, oparg) {
        let (sub, list, value) = (r.peek(1), r.peek(2), r.peek(3));
        if !sub.is_int() || !is_exact::<List>(list) {
            return Flow::Miss;
        }
        let this = list.ptr().cast::<abi::PyListObject>();
        let mut at = sub.int() as isize;
        let len = (*this).ob_base.ob_size;
        if at < 0 {
            at += len;
        }
        if at < 0 || at >= len {
            return Flow::Miss;
        }
        let slot = (*this).ob_item.offset(at);
        let old = Word::from_raw(std::mem::replace(&mut *slot, value.owned().ptr()));
        r.sp = r.sp.sub(3);
        r.skip(1);
        r.finish2(old, list)
    }

    fn STORE_SUBSCR_DICT(r, th, oparg) {
        let (sub, dict, value) = (r.peek(1), r.peek(2), r.peek(3));
        if !is_exact::<Dict>(dict) {
            return Flow::Slow;
        }
        r.save();
        check_anew!(r, th, dict.obj().cast::<Dict>().set(th, sub.obj(), value.obj()));
        r.take_up(th);
        r.skip(1);
        r.make_way(r.sp.sub(3), Word::NULL)
    }

    fn DELETE_SUBSCR(r, th, oparg) {
        r.save();
        let (sub, container) = (r.peek(1), r.peek(2));
        check!(protocol::mapping::set_item(th, container.obj(), sub.obj(), None));
        r.drop_words(2);
        Flow::Next
    }
}
