//! Comparison and hashing.

use crate::{
    AsObject, Float, Obj, PyStruct, Ref, Result, Str, Thread, Tuple, Type, error, raise, small_int,
    types,
};

/// A rich comparison, numbered as in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum CompareOp {
    Lt = 0,
    Le = 1,
    Eq = 2,
    Ne = 3,
    Gt = 4,
    Ge = 5,
}

impl CompareOp {
    /// From the C number; anything else is `Ge`.
    pub const fn from_c(op: i32) -> Self {
        match op {
            0 => CompareOp::Lt,
            1 => CompareOp::Le,
            2 => CompareOp::Eq,
            3 => CompareOp::Ne,
            4 => CompareOp::Gt,
            _ => CompareOp::Ge,
        }
    }

    /// The operator that gives the same answer with the operands swapped.
    pub const fn swapped(self) -> Self {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            same => same,
        }
    }

    /// As Python writes it.
    pub const fn symbol(self) -> &'static str {
        match self {
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        }
    }

    /// The answer for an ordering.
    pub const fn of(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            CompareOp::Lt => ordering.is_lt(),
            CompareOp::Le => ordering.is_le(),
            CompareOp::Eq => ordering.is_eq(),
            CompareOp::Ne => ordering.is_ne(),
            CompareOp::Gt => ordering.is_gt(),
            CompareOp::Ge => ordering.is_ge(),
        }
    }
}

/// `a op b` with reflection: the right operand first if its type is a subtype
/// of the left's.
pub fn rich_compare(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, op: CompareOp) -> Result<Ref> {
    if let Some(answer) = compare_plain(a, b, op) {
        return Ok(types::bool_(answer).own());
    }
    // A float is not equal to itself if it is a NaN.
    if op == CompareOp::Eq
        && a.is_exact::<Tuple>()
        && let Some(answer) = eq_plain(a, b)
    {
        return Ok(types::bool_(answer).own());
    }
    if let Some(answer) = compare_plain_tuples(a, b, op) {
        return Ok(types::bool_(answer).own());
    }
    let (ta, tb) = (a.ty(), b.ty());
    if compares_by_identity(ta)
        && compares_by_identity(tb)
        && let CompareOp::Eq | CompareOp::Ne = op
    {
        return Ok(types::bool_(a.is(b) == (op == CompareOp::Eq)).own());
    }
    th.check_stack(" in comparison")?;
    let try_one = |x: Obj<'_>, y: Obj<'_>, op: CompareOp| -> Result<Option<Ref>> {
        let Some(slot) = x.ty().slots().tp_richcompare else { return Ok(None) };
        // SAFETY: the slot belongs to the type of `x`.
        let value = unsafe { slot(x.as_ptr(), y.as_ptr(), op as i32) };
        // SAFETY: a new reference or null.
        let value = unsafe { Ref::from_raw(value) }.ok_or(error::Raised)?;
        Ok((!value.obj().is(types::not_implemented())).then_some(value))
    };
    let reflected_first = !std::ptr::eq(ta, tb) && tb.is_subtype(ta);
    if reflected_first && let Some(value) = try_one(b, a, op.swapped())? {
        return Ok(value);
    }
    if let Some(value) = try_one(a, b, op)? {
        return Ok(value);
    }
    if !reflected_first && let Some(value) = try_one(b, a, op.swapped())? {
        return Ok(value);
    }
    match op {
        CompareOp::Eq => Ok(types::bool_(a.is(b)).own()),
        CompareOp::Ne => Ok(types::bool_(!a.is(b)).own()),
        _ => raise!(
            th,
            TypeError,
            "'{}' not supported between instances of '{}' and '{}'",
            op.symbol(),
            a.type_name(),
            b.type_name()
        ),
    }
}

/// Whether the comparisons of a type are those of `object`.
fn compares_by_identity(ty: &Type) -> bool {
    let slot = |ty: &Type| ty.slots().tp_richcompare.map(|slot| slot as usize);
    slot(ty) == slot(types::object_type())
}

/// `a op b` of two exact builtins that are compared most.
#[inline]
fn compare_plain(a: Obj<'_>, b: Obj<'_>, op: CompareOp) -> Option<bool> {
    if small_int::both_in_range(a.as_ptr(), b.as_ptr()) {
        // The addresses are in the order of the values.
        return Some(op.of(a.as_ptr().addr().cmp(&b.as_ptr().addr())));
    }
    if let Some(a) = a.downcast_exact::<Str>() {
        let b = b.downcast_exact::<Str>()?;
        return Some(match op {
            CompareOp::Eq => a.eq(b),
            CompareOp::Ne => !a.eq(b),
            _ => op.of(a.cmp(b)),
        });
    }
    let (a, b) = (a.downcast_exact::<Float>()?.value(), b.downcast_exact::<Float>()?.value());
    Some(match op {
        CompareOp::Lt => a < b,
        CompareOp::Le => a <= b,
        CompareOp::Eq => a == b,
        CompareOp::Ne => a != b,
        CompareOp::Gt => a > b,
        CompareOp::Ge => a >= b,
    })
}

/// `a op b` of two exact tuples, an order, if no code has to be run to tell: their
/// first items that differ decide, and are compared plainly.
///
/// PERF: sorting by several keys, heaps of tuples.
pub(crate) fn compare_tuples(a: &Tuple, b: &Tuple, op: CompareOp) -> Option<bool> {
    for (x, y) in a.items().iter().zip(b.items()) {
        if !eq_plain(*x, *y)? {
            return compare_plain(*x, *y, op);
        }
    }
    Some(op.of(a.items().len().cmp(&b.items().len())))
}

/// [`compare_tuples`] of two objects that may be others, for an order.
#[inline]
fn compare_plain_tuples(a: Obj<'_>, b: Obj<'_>, op: CompareOp) -> Option<bool> {
    if matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return None;
    }
    compare_tuples(a.downcast_exact()?, b.downcast_exact()?, op)
}

/// `bool(a op b)`, where identity implies equality.
pub fn rich_compare_bool(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, op: CompareOp) -> Result<bool> {
    if a.is(b) {
        match op {
            CompareOp::Eq => return Ok(true),
            CompareOp::Ne => return Ok(false),
            _ => {}
        }
    }
    if op == CompareOp::Eq
        && let Some(answer) = eq_plain(a, b)
    {
        return Ok(answer);
    }
    if let Some(answer) = compare_plain(a, b, op).or_else(|| compare_plain_tuples(a, b, op)) {
        return Ok(answer);
    }
    let value = rich_compare(th, a, b, op)?;
    super::number::is_true(th, value.obj())
}

/// `a is b or a == b`, if that can be told without running any code: of exact
/// builtins, and tuples (named ones as well) of such. PERF: dicts with tuples as keys.
#[inline]
pub fn eq_plain(a: Obj<'_>, b: Obj<'_>) -> Option<bool> {
    if a.is(b) {
        return Some(true);
    }
    if small_int::in_range(a.as_ptr()) || small_int::in_range(b.as_ptr()) {
        return small_int::both_in_range(a.as_ptr(), b.as_ptr()).then_some(false);
    }
    eq_in_memory(a, b, 5)
}

/// [`eq_plain`] of two objects in memory that are not the same.
fn eq_in_memory(a: Obj<'_>, b: Obj<'_>, depth: u32) -> Option<bool> {
    let ty = a.ty();
    if !std::ptr::eq(ty, b.ty()) {
        return None;
    }
    if std::ptr::eq(ty, Tuple::type_object()) {
        // SAFETY: the type of both is exactly `tuple`.
        let (a, b) = unsafe { (a.cast::<Tuple>(), b.cast::<Tuple>()) };
        return eq_items(a.items(), b.items(), depth.checked_sub(1)?);
    }
    if std::ptr::eq(ty, Str::type_object()) {
        // SAFETY: the type of both is exactly `str`.
        let (a, b) = unsafe { (a.cast::<Str>(), b.cast::<Str>()) };
        return Some(a.eq(b));
    }
    if std::ptr::eq(ty, Float::type_object()) {
        // SAFETY: the type of both is exactly `float`.
        let (a, b) = unsafe { (a.cast::<Float>(), b.cast::<Float>()) };
        return Some(a.value() == b.value());
    }
    // Neither truth value is the other.
    if std::ptr::eq(ty, types::Bool::type_object()) {
        return Some(false);
    }
    if is_tuple_with(ty, |slots| slots.tp_richcompare.map(|slot| slot as usize)) {
        // SAFETY: a subtype of `tuple`.
        let (a, b) = unsafe { (a.cast::<Tuple>(), b.cast::<Tuple>()) };
        return eq_items(a.items(), b.items(), depth.checked_sub(1)?);
    }
    None
}

/// Whether `ty` is a subtype of `tuple`, such as a named one, that inherits a
/// slot.
fn is_tuple_with(ty: &Type, slot: impl Fn(&abi::PyTypeObject) -> Option<usize>) -> bool {
    ty.flags() & abi::Py_TPFLAGS_TUPLE_SUBCLASS != 0
        && slot(ty.slots()) == slot(Tuple::type_object().slots())
}

/// [`eq_in_memory`] of the items of two tuples.
fn eq_items(a: &[Obj<'_>], b: &[Obj<'_>], depth: u32) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    for (a, b) in a.iter().zip(b) {
        if a.is(*b) {
            continue;
        }
        if small_int::in_range(a.as_ptr()) || small_int::in_range(b.as_ptr()) {
            return small_int::both_in_range(a.as_ptr(), b.as_ptr()).then_some(false);
        }
        if !eq_in_memory(*a, *b, depth)? {
            return Some(false);
        }
    }
    Some(true)
}

/// `hash(object)`, if that can be told without running any code.
#[inline]
pub fn hash_plain(th: Thread<'_>, object: Obj<'_>) -> Option<isize> {
    if let Some(value) = small_int::value(object.as_ptr()) {
        // A small int is below the modulus of numeric hashes.
        return Some(if value == -1 { -2 } else { value as isize });
    }
    if let Some(text) = object.downcast_exact::<Str>() {
        return Some(text.hash(th));
    }
    object.downcast_exact::<Tuple>()?.known_hash()
}

/// `a is b or a == b`.
#[inline]
pub fn eq(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
    rich_compare_bool(th, a, b, CompareOp::Eq)
}

/// `hash(object)`.
pub fn hash(th: Thread<'_>, object: Obj<'_>) -> Result<isize> {
    if let Some(hash) = hash_plain(th, object) {
        return Ok(hash);
    }
    let Some(slot) = object.ty().slots().tp_hash else {
        raise!(th, TypeError, "unhashable type: '{}'", object.type_name());
    };
    if types::object_type().slots().tp_hash.is_some_and(|plain| plain as usize == slot as usize) {
        return Ok(types::object_::identity_hash(object));
    }
    if is_tuple_with(object.ty(), |slots| slots.tp_hash.map(|slot| slot as usize))
        // SAFETY: a subtype of `tuple`.
        && let Some(hash) = unsafe { object.cast::<Tuple>() }.known_hash()
    {
        return Ok(hash);
    }
    th.check_stack_end()?;
    // SAFETY: the slot belongs to the object's type.
    match unsafe { slot(object.as_ptr()) } {
        -1 => Err(error::Raised),
        hash => Ok(hash),
    }
}
