//! Truth, conversion to numbers, and the operators.

use abi::{PyNumberMethods, binaryfunc, ternaryfunc, unaryfunc};

use crate::{
    AsObject, Int, Obj, Ref, Result, Str, Thread, Type, error, exceptions::types::OverflowError,
    raise, types,
};

/// `bool(object)`.
#[inline]
pub fn is_true(th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
    if object.is(types::bool_(true)) {
        return Ok(true);
    }
    if object.is(types::bool_(false)) || object.is_none() {
        return Ok(false);
    }
    is_true_slow(th, object)
}

fn is_true_slow(_: Thread<'_>, object: Obj<'_>) -> Result<bool> {
    let ty = object.ty();
    // SAFETY (of the calls below): each slot belongs to the object's type.
    let answer = if let Some(slot) = ty.number().and_then(|number| number.nb_bool) {
        // SAFETY: as above.
        unsafe { slot(object.as_ptr()) as isize }
    } else if let Some(slot) = ty.mapping().and_then(|mapping| mapping.mp_length) {
        // SAFETY: as above.
        unsafe { slot(object.as_ptr()) }
    } else if let Some(slot) = ty.sequence().and_then(|sequence| sequence.sq_length) {
        // SAFETY: as above.
        unsafe { slot(object.as_ptr()) }
    } else {
        return Ok(true);
    };
    if answer < 0 { Err(error::Raised) } else { Ok(answer > 0) }
}

/// `operator.index(object)` as an object.
pub fn index(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    Int::index(th, object)
}

/// `float(object)` for a C `double` argument: a float, `__float__` or `__index__`.
pub fn as_f64(th: Thread<'_>, object: Obj<'_>) -> Result<f64> {
    types::Float::as_f64(th, object)
}

/// A binary operator: its slots and symbols.
#[derive(Clone, Copy)]
pub struct BinaryOp {
    pub symbol: &'static str,
    pub inplace_symbol: &'static str,
    pub slot: fn(&PyNumberMethods) -> Option<binaryfunc>,
    pub inplace: fn(&PyNumberMethods) -> Option<binaryfunc>,
}

macro_rules! binary_ops {
    ($($name:ident $symbol:literal $slot:ident $inplace:ident;)*) => { $(
        #[doc = concat!("`a ", $symbol, " b`.")]
        pub const $name: BinaryOp = BinaryOp {
            symbol: $symbol,
            inplace_symbol: concat!($symbol, "="),
            slot: |number| number.$slot,
            inplace: |number| number.$inplace,
        };
    )* };
}

binary_ops! {
    ADD "+" nb_add nb_inplace_add;
    SUBTRACT "-" nb_subtract nb_inplace_subtract;
    MULTIPLY "*" nb_multiply nb_inplace_multiply;
    REMAINDER "%" nb_remainder nb_inplace_remainder;
    FLOOR_DIVIDE "//" nb_floor_divide nb_inplace_floor_divide;
    TRUE_DIVIDE "/" nb_true_divide nb_inplace_true_divide;
    MATRIX_MULTIPLY "@" nb_matrix_multiply nb_inplace_matrix_multiply;
    LSHIFT "<<" nb_lshift nb_inplace_lshift;
    RSHIFT ">>" nb_rshift nb_inplace_rshift;
    AND "&" nb_and nb_inplace_and;
    XOR "^" nb_xor nb_inplace_xor;
    OR "|" nb_or nb_inplace_or;
}

/// `divmod(a, b)`.
pub const DIVMOD: BinaryOp = BinaryOp {
    symbol: "divmod()",
    inplace_symbol: "divmod()",
    slot: |number| number.nb_divmod,
    inplace: |_| None,
};

fn call_binary(slot: binaryfunc, a: Obj<'_>, b: Obj<'_>) -> Result<Option<Ref>> {
    // SAFETY: a number slot takes any two objects of which one has its type.
    let value = unsafe { slot(a.as_ptr(), b.as_ptr()) };
    // SAFETY: a new reference or null.
    let value = unsafe { Ref::from_raw(value) }.ok_or(error::Raised)?;
    Ok((!value.obj().is(types::not_implemented())).then_some(value))
}

fn number_slot<F>(ty: &Type, get: impl Fn(&PyNumberMethods) -> Option<F>) -> Option<F> {
    ty.number().and_then(get)
}

/// Try the number slots of both operands, the right one's first if its type is
/// a subtype; `None` if neither knows how.
fn binary_slots(op: BinaryOp, a: Obj<'_>, b: Obj<'_>) -> Result<Option<Ref>> {
    let (ta, tb) = (a.ty(), b.ty());
    let left = number_slot(ta, op.slot);
    let mut right = if std::ptr::eq(ta, tb) { None } else { number_slot(tb, op.slot) };
    if let (Some(l), Some(r)) = (left, right)
        && l as usize == r as usize
    {
        right = None;
    }
    if let (Some(_), Some(r)) = (left, right)
        && tb.is_subtype(ta)
    {
        if let Some(value) = call_binary(r, a, b)? {
            return Ok(Some(value));
        }
        right = None;
    }
    for slot in [left, right].into_iter().flatten() {
        if let Some(value) = call_binary(slot, a, b)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// `a op b`.
pub fn binary(th: Thread<'_>, op: BinaryOp, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some(value) = binary_slots(op, a, b)? {
        return Ok(value);
    }
    if let Some(value) = sequence_binary(th, op, a, b, false)? {
        return Ok(value);
    }
    Err(unsupported(th, op.symbol, a, b))
}

/// `a op= b`.
pub fn inplace(th: Thread<'_>, op: BinaryOp, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    if let Some(slot) = number_slot(a.ty(), op.inplace)
        && let Some(value) = call_binary(slot, a, b)?
    {
        return Ok(value);
    }
    if let Some(value) = binary_slots(op, a, b)? {
        return Ok(value);
    }
    if let Some(value) = sequence_binary(th, op, a, b, true)? {
        return Ok(value);
    }
    Err(unsupported(th, op.inplace_symbol, a, b))
}

/// `a op b` after the Python method of `a` was called and answered
/// `NotImplemented`.
pub fn binary_reflected(
    th: Thread<'_>,
    op: BinaryOp,
    reflected: &Str,
    a: Obj<'_>,
    b: Obj<'_>,
    is_inplace: bool,
) -> Result<Ref> {
    let (ta, tb) = (a.ty(), b.ty());
    if !std::ptr::eq(ta, tb) {
        let address = |slot: binaryfunc| slot as usize;
        let (left, right) = (number_slot(ta, op.slot), number_slot(tb, op.slot));
        let value = match right {
            // Both are the one that calls Python methods.
            Some(slot) if left.map(address) == Some(address(slot)) => {
                let value = super::generic::call_special(th, b, reflected, a)?;
                value.filter(|value| !value.obj().is(types::not_implemented()))
            }
            Some(slot) => call_binary(slot, a, b)?,
            None => None,
        };
        if let Some(value) = value {
            return Ok(value);
        }
    }
    if let Some(value) = sequence_binary(th, op, a, b, is_inplace)? {
        return Ok(value);
    }
    Err(unsupported(th, if is_inplace { op.inplace_symbol } else { op.symbol }, a, b))
}

/// `sq_concat` and `sq_repeat`, which `+` and `*` fall back on.
fn sequence_binary(
    th: Thread<'_>,
    op: BinaryOp,
    a: Obj<'_>,
    b: Obj<'_>,
    inplace: bool,
) -> Result<Option<Ref>> {
    if op.symbol == "+" {
        let Some(sequence) = a.ty().sequence() else { return Ok(None) };
        let slot = if inplace { sequence.sq_inplace_concat } else { None };
        let Some(slot) = slot.or(sequence.sq_concat) else { return Ok(None) };
        // SAFETY: the slot belongs to the type of `a`.
        let value = unsafe { slot(a.as_ptr(), b.as_ptr()) };
        // SAFETY: a new reference or null.
        return unsafe { Ref::from_raw(value) }.ok_or(error::Raised).map(Some);
    }
    if op.symbol != "*" {
        return Ok(None);
    }
    let repeat = |sequence: Obj<'_>, count: Obj<'_>, inplace: bool| -> Result<Option<Ref>> {
        let Some(methods) = sequence.ty().sequence() else { return Ok(None) };
        let slot = if inplace { methods.sq_inplace_repeat } else { None };
        let Some(slot) = slot.or(methods.sq_repeat) else { return Ok(None) };
        if !Int::is_index(count) {
            raise!(
                th,
                TypeError,
                "can't multiply sequence by non-int of type '{}'",
                count.type_name()
            );
        }
        let count = Int::as_index(th, count, OverflowError())?;
        // SAFETY: the slot belongs to the sequence's type.
        let value = unsafe { slot(sequence.as_ptr(), count) };
        // SAFETY: a new reference or null.
        unsafe { Ref::from_raw(value) }.ok_or(error::Raised).map(Some)
    };
    if let Some(value) = repeat(a, b, inplace)? {
        return Ok(Some(value));
    }
    // COMPAT: where `a` is any kind of container, `a *= b` does not look at `b`.
    if inplace && a.ty().sequence().is_some() { Ok(None) } else { repeat(b, a, false) }
}

#[cold]
fn unsupported(th: Thread<'_>, symbol: &str, a: Obj<'_>, b: Obj<'_>) -> error::Raised {
    error!(
        th,
        TypeError,
        "unsupported operand type(s) for {symbol}: '{}' and '{}'",
        a.type_name(),
        b.type_name()
    )
}

/// `pow(a, b, modulus)`; without a modulus pass `None` (the object).
pub fn power(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, modulus: Obj<'_>) -> Result<Ref> {
    power_for(th, "** or pow()", a, b, modulus)
}

fn power_for(
    th: Thread<'_>,
    symbol: &str,
    a: Obj<'_>,
    b: Obj<'_>,
    modulus: Obj<'_>,
) -> Result<Ref> {
    let call = |slot: ternaryfunc| -> Result<Option<Ref>> {
        // SAFETY: a power slot takes any three objects of which one has its type.
        let value = unsafe { slot(a.as_ptr(), b.as_ptr(), modulus.as_ptr()) };
        // SAFETY: a new reference or null.
        let value = unsafe { Ref::from_raw(value) }.ok_or(error::Raised)?;
        Ok((!value.obj().is(types::not_implemented())).then_some(value))
    };
    let power = |number: &PyNumberMethods| number.nb_power;
    let (ta, tb) = (a.ty(), b.ty());
    let mut slots =
        [number_slot(ta, power), number_slot(tb, power), number_slot(modulus.ty(), power)];
    if !std::ptr::eq(ta, tb) && tb.is_subtype(ta) {
        slots.swap(0, 1);
    }
    for (i, slot) in slots.into_iter().enumerate() {
        let Some(slot) = slot else { continue };
        if slots[..i].iter().flatten().any(|tried| *tried as usize == slot as usize) {
            continue;
        }
        if let Some(value) = call(slot)? {
            return Ok(value);
        }
    }
    if modulus.is_none() {
        return Err(unsupported(th, symbol, a, b));
    }
    raise!(
        th,
        TypeError,
        "unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'",
        a.type_name(),
        b.type_name(),
        modulus.type_name()
    )
}

/// `a **= b`.
pub fn inplace_power(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    let none = types::none();
    if let Some(slot) = number_slot(a.ty(), |number| number.nb_inplace_power) {
        // SAFETY: the slot belongs to the type of `a`.
        let value = unsafe { slot(a.as_ptr(), b.as_ptr(), none.obj().as_ptr()) };
        // SAFETY: a new reference or null.
        let value = unsafe { Ref::from_raw(value) }.ok_or(error::Raised)?;
        if !value.obj().is(types::not_implemented()) {
            return Ok(value);
        }
    }
    power_for(th, "**=", a, b, none.obj())
}

/// A unary operator.
#[derive(Clone, Copy)]
pub struct UnaryOp {
    pub symbol: &'static str,
    pub slot: fn(&PyNumberMethods) -> Option<unaryfunc>,
}

/// `-a`.
pub const NEGATIVE: UnaryOp = UnaryOp { symbol: "unary -", slot: |number| number.nb_negative };
/// `+a`.
pub const POSITIVE: UnaryOp = UnaryOp { symbol: "unary +", slot: |number| number.nb_positive };
/// `~a`.
pub const INVERT: UnaryOp = UnaryOp { symbol: "unary ~", slot: |number| number.nb_invert };
/// `abs(a)`.
pub const ABSOLUTE: UnaryOp = UnaryOp { symbol: "abs()", slot: |number| number.nb_absolute };

/// `op a`.
pub fn unary(th: Thread<'_>, op: UnaryOp, a: Obj<'_>) -> Result<Ref> {
    let Some(slot) = number_slot(a.ty(), op.slot) else {
        raise!(th, TypeError, "bad operand type for {}: '{}'", op.symbol, a.type_name());
    };
    // SAFETY: the slot belongs to the type of `a`.
    let value = unsafe { slot(a.as_ptr()) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}
