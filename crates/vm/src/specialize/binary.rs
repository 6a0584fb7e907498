//! Operators: `BINARY_OP`, `COMPARE_OP`, `CONTAINS_OP`, `TO_BOOL`, `STORE_SUBSCR`.
#![allow(unsafe_op_in_unsafe_fn, reason = "reads and writes the inline cache of an instruction")]

use bytecode::Op;
use object::{
    AsObject, Code, Dict, Float, Function, Int, List, Str, Thread, Tuple, Type, small_int,
    types::{Bool, Slice, int::arithmetic, singletons::NoneType},
};

use super::{choose, read_u32, read_u64, write_u32, write_u64};
use crate::{bridge, frame::is_exact, word::Word};

/// A fast path for a pair of types: null without an exception means "not me".
pub(crate) type Extended = unsafe fn(Thread<'_>, Word, Word) -> Word;

/// The function in the cache of `BINARY_OP_EXTEND`.
#[inline(always)]
pub(crate) unsafe fn extended(cache: *const u16) -> Extended {
    std::mem::transmute::<usize, Extended>(read_u64(cache.add(1)) as usize)
}

const FLOOR_DIVIDE: usize = 2;
const REMAINDER: usize = 6;
const TRUE_DIVIDE: usize = 11;
const SUBSCR: usize = 26;
const INPLACE: usize = 13;

/// `locals` are those of the frame.
pub(crate) unsafe fn binary(
    cache: *mut u16,
    oparg: usize,
    a: Word,
    b: Word,
    locals: *const Word,
) -> bool {
    let op = pick_binary(cache, oparg, a, b, locals);
    choose(cache, op)
}

unsafe fn pick_binary(
    cache: *mut u16,
    oparg: usize,
    a: Word,
    b: Word,
    locals: *const Word,
) -> Option<Op> {
    if oparg == SUBSCR {
        return pick_subscript(cache, a, b);
    }
    let operator = if oparg >= INPLACE { oparg - INPLACE } else { oparg };
    if a.is_int() && b.is_int() {
        let op = match operator {
            0 => Some(Op::BINARY_OP_ADD_INT),
            10 => Some(Op::BINARY_OP_SUBTRACT_INT),
            5 => Some(Op::BINARY_OP_MULTIPLY_INT),
            _ => None,
        };
        if op.is_some() {
            return op;
        }
    }
    if is_exact::<Float>(a) && is_exact::<Float>(b) {
        let op = match operator {
            0 => Some(Op::BINARY_OP_ADD_FLOAT),
            10 => Some(Op::BINARY_OP_SUBTRACT_FLOAT),
            5 => Some(Op::BINARY_OP_MULTIPLY_FLOAT),
            _ => None,
        };
        if op.is_some() {
            return op;
        }
    }
    if operator == 0 && is_exact::<Str>(a) && is_exact::<Str>(b) {
        let next = *cache.add(5);
        if next & 0xFF == Op::STORE_FAST.number()
            && (*locals.add(usize::from(next >> 8))).ptr() == a.ptr()
        {
            return Some(Op::BINARY_OP_INPLACE_ADD_UNICODE);
        }
        return Some(Op::BINARY_OP_ADD_UNICODE);
    }
    let function = pick_extended(operator, a, b)?;
    write_u64(cache.add(1), function as usize as u64);
    Some(Op::BINARY_OP_EXTEND)
}

unsafe fn pick_subscript(cache: *mut u16, container: Word, key: Word) -> Option<Op> {
    if key.is_int() {
        if is_exact::<List>(container) {
            return Some(Op::BINARY_OP_SUBSCR_LIST_INT);
        }
        if is_exact::<Tuple>(container) {
            return Some(Op::BINARY_OP_SUBSCR_TUPLE_INT);
        }
        if is_exact::<Str>(container) {
            return Some(Op::BINARY_OP_SUBSCR_STR_INT);
        }
    }
    if is_dict(container) {
        return Some(Op::BINARY_OP_SUBSCR_DICT);
    }
    if is_exact::<List>(container) && is_exact::<Slice>(key) {
        return Some(Op::BINARY_OP_SUBSCR_LIST_SLICE);
    }
    let (th, ty) = (Thread::current(), container.obj().ty());
    let found = method_of(th, ty, object::id!(th, "__getitem__"), 2)?;
    write_u32(cache.add(1), ty.version(th)?);
    let heap = ty.as_ptr().cast::<abi::PyHeapTypeObject>();
    (*heap)._spec_cache.getitem = found.ptr();
    Some(Op::BINARY_OP_SUBSCR_GETITEM)
}

/// The method `name` of a class, if that is a Python function that returns when
/// it is called with `n` arguments.
pub(crate) unsafe fn method_of(th: Thread<'_>, ty: &Type, name: &Str, n: i32) -> Option<Word> {
    const SUSPENDS: i32 = abi::CO_GENERATOR | abi::CO_COROUTINE | abi::CO_ASYNC_GENERATOR;
    if !ty.is_heap() {
        return None;
    }
    let function = ty.lookup(th, name)?.downcast_exact::<Function>()?;
    let code = &*function.code.as_ptr().cast::<Code>();
    if !code.is_simple() || code.argcount != n || code.flags & SUSPENDS != 0 {
        return None;
    }
    Some(Word::borrow(function.obj()))
}

/// Whether the container works as a dict.
unsafe fn is_dict(container: Word) -> bool {
    is_exact::<Dict>(container) || bridge::is_dict_like(container.obj().ty())
}

/// The Python `__getitem__` of the container's type, if the guard holds.
#[inline(always)]
pub(crate) unsafe fn getitem(cache: *const u16, container: Word) -> Option<Word> {
    if container.is_int() {
        return None;
    }
    let ty = (*container.ptr()).ob_type;
    if (*ty).tp_version_tag != read_u32(cache.add(1)) {
        return None;
    }
    let heap = ty.cast::<abi::PyHeapTypeObject>();
    let found = (*heap)._spec_cache.getitem;
    (!found.is_null()).then(|| Word::from_raw(found).lend())
}

macro_rules! int_op {
    ($name:ident, |$a:ident, $b:ident| $value:expr) => {
        unsafe fn $name(_: Thread<'_>, a: Word, b: Word) -> Word {
            if !a.is_int() || !b.is_int() {
                return Word::NULL;
            }
            let ($a, $b) = (a.int(), b.int());
            let value: Option<i64> = $value;
            match value {
                Some(value) if small_int::fits(value) => {
                    Word::from_raw(small_int::encode_unchecked(value).as_ptr())
                }
                _ => Word::NULL,
            }
        }
    };
}

int_op!(int_and, |a, b| Some(a & b));
int_op!(int_or, |a, b| Some(a | b));
int_op!(int_xor, |a, b| Some(a ^ b));
int_op!(int_floor_divide, |a, b| match b {
    0 => None,
    b => {
        let quotient = a / b;
        Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
    }
});
int_op!(int_remainder, |a, b| match b {
    0 => None,
    b => {
        let rest = a % b;
        Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
    }
});
int_op!(int_lshift, |a, b| if (0..24).contains(&b) { a.checked_mul(1 << b) } else { None });
int_op!(int_rshift, |a, b| if (0..64).contains(&b) { Some(a >> b) } else { None });

macro_rules! any_int_op {
    ($name:ident, $function:ident) => {
        unsafe fn $name(th: Thread<'_>, a: Word, b: Word) -> Word {
            if !Int::is_exact(a.obj()) || !Int::is_exact(b.obj()) {
                return Word::NULL;
            }
            match arithmetic::$function(th, a.obj(), b.obj()) {
                Ok(value) => Word::from_ref(value),
                Err(_) => Word::NULL,
            }
        }
    };
}

any_int_op!(any_int_add, add);
any_int_op!(any_int_subtract, sub);
any_int_op!(any_int_multiply, mul);
any_int_op!(any_int_floor_divide, floordiv);
any_int_op!(any_int_remainder, rem);
any_int_op!(any_int_and, and);
any_int_op!(any_int_or, or);
any_int_op!(any_int_xor, xor);
any_int_op!(any_int_lshift, lshift);
any_int_op!(any_int_rshift, rshift);

/// The value of a float or small int.
#[inline(always)]
pub(crate) unsafe fn number(word: Word) -> Option<f64> {
    if word.is_int() {
        return Some(word.int() as f64);
    }
    is_exact::<Float>(word).then(|| word.obj().cast::<Float>().value())
}

/// Whether the operand is a float that nobody else has.
#[inline(always)]
unsafe fn is_own_float(word: Word) -> bool {
    !word.is_int() && word.0 & 1 == 0 && is_exact::<Float>(word) && (*word.ptr()).ob_refcnt == 1
}

macro_rules! float_op {
    ($name:ident, |$a:ident, $b:ident| $value:expr) => {
        unsafe fn $name(th: Thread<'_>, left: Word, right: Word) -> Word {
            let (Some($a), Some($b)) = (number(left), number(right)) else { return Word::NULL };
            if left.is_int() && right.is_int() {
                return Word::NULL;
            }
            let value: Option<f64> = $value;
            let Some(value) = value else { return Word::NULL };
            for operand in [left, right] {
                if is_own_float(operand) {
                    operand.obj().cast::<Float>().set_value(value);
                    return operand.dup();
                }
            }
            match Float::new(th, value) {
                Ok(value) => Word::from_ref(value),
                Err(_) => Word::NULL,
            }
        }
    };
}

float_op!(float_add, |a, b| Some(a + b));
float_op!(float_subtract, |a, b| Some(a - b));
float_op!(float_multiply, |a, b| Some(a * b));
float_op!(float_divide, |a, b| if b == 0.0 { None } else { Some(a / b) });
// What is complex or raises is left to the generic way.
float_op!(float_power, |a, b| Some(a.powf(b)).filter(|value| a > 0.0 && value.is_finite()));

unsafe fn int_divide(th: Thread<'_>, a: Word, b: Word) -> Word {
    if !a.is_int() || !b.is_int() || b.int() == 0 {
        return Word::NULL;
    }
    // Both are exact as floats, so that one division rounds correctly.
    match Float::new(th, a.int() as f64 / b.int() as f64) {
        Ok(value) => Word::from_ref(value),
        Err(_) => Word::NULL,
    }
}

unsafe fn pick_extended(operator: usize, a: Word, b: Word) -> Option<Extended> {
    // What raises takes the long way.
    if matches!(operator, FLOOR_DIVIDE | REMAINDER | TRUE_DIVIDE) && number(b) == Some(0.0) {
        return None;
    }
    if a.is_int() && b.is_int() {
        return Some(match operator {
            1 => int_and,
            2 => int_floor_divide,
            3 => int_lshift,
            6 => int_remainder,
            7 => int_or,
            9 => int_rshift,
            11 => int_divide,
            12 => int_xor,
            _ => return None,
        });
    }
    if Int::is_exact(a.obj()) && Int::is_exact(b.obj()) {
        return Some(match operator {
            0 => any_int_add,
            1 => any_int_and,
            2 => any_int_floor_divide,
            3 => any_int_lshift,
            5 => any_int_multiply,
            6 => any_int_remainder,
            7 => any_int_or,
            9 => any_int_rshift,
            10 => any_int_subtract,
            12 => any_int_xor,
            _ => return None,
        });
    }
    let any_nan = number(a)?.is_nan() || number(b)?.is_nan();
    if any_nan && a.is_int() != b.is_int() {
        return None;
    }
    Some(match operator {
        0 => float_add,
        5 => float_multiply,
        8 => float_power,
        10 => float_subtract,
        11 => float_divide,
        _ => return None,
    })
}

pub(crate) unsafe fn compare(cache: *mut u16, oparg: usize, a: Word, b: Word) -> bool {
    let op = if a.is_int() && b.is_int() {
        Some(Op::COMPARE_OP_INT)
    } else if number(a).is_some() && number(b).is_some() {
        Some(Op::COMPARE_OP_FLOAT)
    } else if Int::is_exact(a.obj()) && Int::is_exact(b.obj()) {
        Some(Op::COMPARE_OP_INT)
    } else if is_exact::<Str>(a) && is_exact::<Str>(b) && matches!(oparg >> 5, 2 | 3) {
        Some(Op::COMPARE_OP_STR)
    } else {
        None
    };
    choose(cache, op)
}

pub(crate) unsafe fn contains(cache: *mut u16, container: Word) -> bool {
    let op = if is_dict(container) {
        Some(Op::CONTAINS_OP_DICT)
    } else if bridge::is_set(container) {
        Some(Op::CONTAINS_OP_SET)
    } else {
        None
    };
    choose(cache, op)
}

pub(crate) unsafe fn store_subscr(cache: *mut u16, container: Word, sub: Word) -> bool {
    let op = if is_exact::<List>(container) && sub.is_int() {
        Some(Op::STORE_SUBSCR_LIST_INT)
    } else if is_dict(container) {
        Some(Op::STORE_SUBSCR_DICT)
    } else {
        None
    };
    choose(cache, op)
}

pub(crate) unsafe fn to_bool(cache: *mut u16, value: Word) -> bool {
    let op = if is_exact::<Bool>(value) {
        Some(Op::TO_BOOL_BOOL)
    } else if Int::is_exact(value.obj()) {
        Some(Op::TO_BOOL_INT)
    } else if is_exact::<NoneType>(value) {
        Some(Op::TO_BOOL_NONE)
    } else if is_exact::<List>(value) {
        Some(Op::TO_BOOL_LIST)
    } else if is_exact::<Str>(value) {
        Some(Op::TO_BOOL_STR)
    } else {
        pick_always_true(cache, value)
    };
    choose(cache, op)
}

unsafe fn pick_always_true(cache: *mut u16, value: Word) -> Option<Op> {
    let ty = value.obj().ty();
    let has_bool = ty.number().is_some_and(|slots| slots.nb_bool.is_some());
    let has_len = ty.mapping().is_some_and(|slots| slots.mp_length.is_some())
        || ty.sequence().is_some_and(|slots| slots.sq_length.is_some());
    if has_bool || has_len || !ty.is_heap() {
        return None;
    }
    write_u32(cache.add(1), ty.version(Thread::current())?);
    Some(Op::TO_BOOL_ALWAYS_TRUE)
}

/// Whether the object's type still has the version in the cache.
#[inline(always)]
pub(crate) unsafe fn version_matches(cache: *const u16, word: Word) -> bool {
    !word.is_int() && (*(*word.ptr()).ob_type).tp_version_tag == read_u32(cache)
}
