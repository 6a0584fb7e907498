//! Slots of classes written in Python: functions that call the dunder, and
//! the rule which slot gets which function.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    ffi::c_int,
    ptr::null_mut,
    rc::Rc,
};

use abi::{PyObject, PyTypeObject};

use crate::{
    AsObject, Dict, Int, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, Type, error, id,
    protocol, raise,
    slots::{ROWS, Row, Wrap},
    types,
};

use super::ready::{slot_address, slot_value};

/// A special method found on the type, not yet bound.
pub struct Special {
    function: Ref,
    unbound: bool,
}

impl Special {
    /// Look `name` up on the type of `object` and bind it.
    pub fn lookup(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Special>> {
        let ty = object.ty();
        let Some(found) = ty.lookup(th, name).map(Obj::own) else { return Ok(None) };
        if found.obj().ty().flags() & abi::Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
            return Ok(Some(Special { function: found, unbound: true }));
        }
        let function = types::descr::bind(th, found.obj(), Some(object), ty)?;
        Ok(Some(Special { function, unbound: false }))
    }

    /// Call it on `object`.
    pub fn call(&self, th: Thread<'_>, object: Obj<'_>, args: &[Obj<'_>]) -> Result<Ref> {
        self.call_vector(th, object, args, None)
    }

    /// Call it on `object` with `args` = positional arguments, then the values of `kwnames`.
    fn call_vector(
        &self,
        th: Thread<'_>,
        object: Obj<'_>,
        args: &[Obj<'_>],
        kwnames: Option<&Tuple>,
    ) -> Result<Ref> {
        if self.unbound {
            return protocol::call::call_with(th, self.function.obj(), object, args, kwnames);
        }
        protocol::call::call(th, self.function.obj(), args, kwnames)
    }
}

/// `type(object).name(object, *args)`; `None` when the type has no such method.
pub fn call_special(
    th: Thread<'_>,
    object: Obj<'_>,
    name: &Str,
    args: &[Obj<'_>],
) -> Result<Option<Ref>> {
    match Special::lookup(th, object, name)? {
        Some(method) => method.call(th, object, args).map(Some),
        None => Ok(None),
    }
}

fn call_required(th: Thread<'_>, object: Obj<'_>, name: &Str, args: &[Obj<'_>]) -> Result<Ref> {
    match call_special(th, object, name, args)? {
        Some(value) => Ok(value),
        None => raise!(th, AttributeError, "{name}"),
    }
}

/// As `call_special`, with `NotImplemented` for a missing method or `None` in its place.
fn call_maybe(th: Thread<'_>, object: Obj<'_>, name: &Str, args: &[Obj<'_>]) -> Result<Ref> {
    Ok(call_special(th, object, name, args)?.unwrap_or_else(types::singletons::not_implemented_ref))
}

fn enter(f: impl FnOnce(Thread<'_>) -> Result<Ref>) -> *mut PyObject {
    // SAFETY: slots are called on attached threads.
    match f(unsafe { Thread::current() }) {
        Ok(value) => value.into_raw(),
        Err(Raised) => null_mut(),
    }
}

fn enter_status(f: impl FnOnce(Thread<'_>) -> Result<c_int>) -> c_int {
    // SAFETY: slots are called on attached threads.
    f(unsafe { Thread::current() }).unwrap_or(-1)
}

/// Borrow a C argument that is never null.
unsafe fn arg<'a>(ptr: *mut PyObject) -> Obj<'a> {
    // SAFETY: the caller's promise.
    unsafe { Obj::from_ptr(std::ptr::NonNull::new_unchecked(ptr)) }
}

macro_rules! unary {
    ($($function:ident $name:literal;)*) => { $(
        unsafe extern "C" fn $function(o: *mut PyObject) -> *mut PyObject {
            // SAFETY: slots get live objects.
            enter(|th| call_required(th, unsafe { arg(o) }, id!(th, $name), &[]))
        }
    )* };
}

unary! {
    am_await "__await__"; am_aiter "__aiter__"; am_anext "__anext__";
    nb_negative "__neg__"; nb_positive "__pos__"; nb_absolute "__abs__"; nb_invert "__invert__";
    nb_int "__int__"; nb_float "__float__"; nb_index "__index__";
    tp_repr "__repr__"; tp_str "__str__";
}

macro_rules! binary {
    ($($function:ident $name:literal;)*) => { $(
        unsafe extern "C" fn $function(o: *mut PyObject, x: *mut PyObject) -> *mut PyObject {
            // SAFETY: slots get live objects.
            enter(|th| call_required(th, unsafe { arg(o) }, id!(th, $name), &[unsafe { arg(x) }]))
        }
    )* };
}

binary! {
    nb_inplace_add "__iadd__"; nb_inplace_subtract "__isub__"; nb_inplace_multiply "__imul__";
    nb_inplace_remainder "__imod__"; nb_inplace_lshift "__ilshift__"; nb_inplace_rshift "__irshift__";
    nb_inplace_and "__iand__"; nb_inplace_xor "__ixor__"; nb_inplace_or "__ior__";
    nb_inplace_floor_divide "__ifloordiv__"; nb_inplace_true_divide "__itruediv__";
    nb_inplace_matrix_multiply "__imatmul__"; mp_subscript "__getitem__";
}

macro_rules! binary_number {
    ($($slot:ident $name:literal $reflected:literal;)*) => { $(
        unsafe extern "C" fn $slot(o: *mut PyObject, x: *mut PyObject) -> *mut PyObject {
            enter(|th| {
                // SAFETY: slots get live objects.
                let (left, right) = unsafe { (arg(o), arg(x)) };
                let has = |object: Obj<'_>| {
                    object.ty().number().and_then(|number| number.$slot).map(|f| f as usize)
                        == Some($slot as *const () as usize)
                };
                binary_dispatch(th, left, right, has(left), has(right), id!(th, $name), id!(th, $reflected))
            })
        }
    )* };
}

/// The order of `__op__` and `__rop__`: the right operand first if its type is
/// a proper subtype that overrides the reflected method.
fn binary_dispatch(
    th: Thread<'_>,
    left: Obj<'_>,
    right: Obj<'_>,
    left_has: bool,
    right_has: bool,
    name: &Str,
    reflected: &Str,
) -> Result<Ref> {
    let same = std::ptr::eq(left.ty(), right.ty());
    let mut try_right = !same && right_has;
    if left_has {
        if try_right && right.ty().is_subtype(left.ty()) && overloads(th, left, right, reflected) {
            let value = call_maybe(th, right, reflected, &[left])?;
            if !value.obj().is(types::not_implemented()) {
                return Ok(value);
            }
            try_right = false;
        }
        let value = call_maybe(th, left, name, &[right])?;
        if same || !value.obj().is(types::not_implemented()) {
            return Ok(value);
        }
    }
    if try_right {
        return call_maybe(th, right, reflected, &[left]);
    }
    Ok(types::singletons::not_implemented_ref())
}

/// Whether the right operand's class gives `name` another meaning than the left's.
fn overloads(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>, name: &Str) -> bool {
    let Some(theirs) = right.ty().lookup(th, name) else { return false };
    match left.ty().lookup(th, name) {
        Some(ours) => !ours.is(theirs),
        None => true,
    }
}

binary_number! {
    nb_add "__add__" "__radd__"; nb_subtract "__sub__" "__rsub__"; nb_multiply "__mul__" "__rmul__";
    nb_remainder "__mod__" "__rmod__"; nb_divmod "__divmod__" "__rdivmod__";
    nb_lshift "__lshift__" "__rlshift__"; nb_rshift "__rshift__" "__rrshift__";
    nb_and "__and__" "__rand__"; nb_xor "__xor__" "__rxor__"; nb_or "__or__" "__ror__";
    nb_floor_divide "__floordiv__" "__rfloordiv__"; nb_true_divide "__truediv__" "__rtruediv__";
    nb_matrix_multiply "__matmul__" "__rmatmul__";
}

unsafe extern "C" fn nb_power(
    o: *mut PyObject,
    x: *mut PyObject,
    m: *mut PyObject,
) -> *mut PyObject {
    enter(|th| {
        // SAFETY: slots get live objects.
        let (left, right, modulus) = unsafe { (arg(o), arg(x), arg(m)) };
        let has = |object: Obj<'_>| {
            object.ty().number().and_then(|number| number.nb_power).map(|f| f as usize)
                == Some(nb_power as *const () as usize)
        };
        if modulus.is_none() {
            let (name, reflected) = (id!(th, "__pow__"), id!(th, "__rpow__"));
            return binary_dispatch(th, left, right, has(left), has(right), name, reflected);
        }
        if has(left) {
            let value = call_maybe(th, left, id!(th, "__pow__"), &[right, modulus])?;
            if !value.obj().is(types::not_implemented()) {
                return Ok(value);
            }
        }
        if !std::ptr::eq(left.ty(), right.ty()) && has(right) {
            return call_maybe(th, right, id!(th, "__rpow__"), &[left, modulus]);
        }
        Ok(types::singletons::not_implemented_ref())
    })
}

unsafe extern "C" fn nb_inplace_power(
    o: *mut PyObject,
    x: *mut PyObject,
    _: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: slots get live objects.
    enter(|th| call_required(th, unsafe { arg(o) }, id!(th, "__ipow__"), &[unsafe { arg(x) }]))
}

unsafe extern "C" fn nb_bool(o: *mut PyObject) -> c_int {
    enter_status(|th| {
        // SAFETY: slots get live objects.
        let object = unsafe { arg(o) };
        if object.ty().lookup(th, id!(th, "__bool__")).is_some_and(Obj::is_none) {
            raise!(th, TypeError, "'{}' cannot be interpreted as a boolean", object.type_name());
        }
        if let Some(value) = call_special(th, object, id!(th, "__bool__"), &[])? {
            if !value.obj().is_exact::<types::Bool>() {
                raise!(
                    th,
                    TypeError,
                    "__bool__ should return bool, returned {}",
                    value.obj().type_name()
                );
            }
            return Ok(c_int::from(value.obj().is(types::bool_(true))));
        }
        match length(th, object)? {
            Some(length) => Ok(c_int::from(length != 0)),
            None => Ok(1),
        }
    })
}

/// `__len__` if there is one.
fn length(th: Thread<'_>, object: Obj<'_>) -> Result<Option<isize>> {
    let Some(value) = call_special(th, object, id!(th, "__len__"), &[])? else { return Ok(None) };
    let index = protocol::number::index(th, value.obj())?;
    if Int::sign(index.obj()) < 0 {
        raise!(th, ValueError, "__len__() should return >= 0");
    }
    Int::as_index(th, index.obj(), crate::exceptions::types::OverflowError()).map(Some)
}

unsafe extern "C" fn sq_length(o: *mut PyObject) -> isize {
    // SAFETY: slots are called on attached threads.
    let th = unsafe { Thread::current() };
    // SAFETY: slots get live objects.
    match length(th, unsafe { arg(o) }) {
        Ok(Some(length)) => length,
        Ok(None) => {
            error!(th, TypeError, "object has no len()");
            -1
        }
        Err(Raised) => -1,
    }
}

unsafe extern "C" fn sq_item(o: *mut PyObject, i: isize) -> *mut PyObject {
    enter(|th| {
        let index = Int::from_i64(th, i as i64)?;
        // SAFETY: slots get live objects.
        call_required(th, unsafe { arg(o) }, id!(th, "__getitem__"), &[index.obj()])
    })
}

fn assign(th: Thread<'_>, object: Obj<'_>, key: Obj<'_>, value: *mut PyObject) -> Result<c_int> {
    // SAFETY: null or a live object.
    match unsafe { Obj::from_raw(value) } {
        Some(value) => call_required(th, object, id!(th, "__setitem__"), &[key, value])?,
        None => call_required(th, object, id!(th, "__delitem__"), &[key])?,
    };
    Ok(0)
}

unsafe extern "C" fn sq_ass_item(o: *mut PyObject, i: isize, x: *mut PyObject) -> c_int {
    enter_status(|th| {
        let index = Int::from_i64(th, i as i64)?;
        // SAFETY: slots get live objects.
        assign(th, unsafe { arg(o) }, index.obj(), x)
    })
}

unsafe extern "C" fn mp_ass_subscript(
    o: *mut PyObject,
    k: *mut PyObject,
    x: *mut PyObject,
) -> c_int {
    // SAFETY: slots get live objects.
    enter_status(|th| unsafe { assign(th, arg(o), arg(k), x) })
}

unsafe extern "C" fn sq_contains(o: *mut PyObject, x: *mut PyObject) -> c_int {
    enter_status(|th| {
        // SAFETY: slots get live objects.
        let (object, item) = unsafe { (arg(o), arg(x)) };
        let name = id!(th, "__contains__");
        if object.ty().lookup(th, name).is_some_and(Obj::is_none) {
            raise!(th, TypeError, "'{}' object is not a container", object.type_name());
        }
        if let Some(value) = call_special(th, object, name, &[item])? {
            return Ok(c_int::from(value.is_true(th)?));
        }
        protocol::mapping::contains_by_iteration(th, object, item).map(c_int::from)
    })
}

unsafe extern "C" fn tp_hash(o: *mut PyObject) -> isize {
    // SAFETY: slots are called on attached threads.
    let th = unsafe { Thread::current() };
    // SAFETY: slots get live objects.
    let object = unsafe { arg(o) };
    let name = id!(th, "__hash__");
    let result = match Special::lookup(th, object, name) {
        Ok(Some(method)) if !method.function.obj().is_none() => method.call(th, object, &[]),
        Ok(_) => Err(error!(th, TypeError, "unhashable type: '{}'", object.type_name())),
        Err(raised) => Err(raised),
    };
    let Ok(value) = result else { return -1 };
    if !Int::is_int(value.obj()) {
        error!(th, TypeError, "__hash__ method should return an integer");
        return -1;
    }
    match Int::to_i64(value.obj()) {
        Some(-1) => -2,
        Some(value) => value as isize,
        None => int_hash(value.obj()),
    }
}

/// `int.__hash__` of an int outside the small range.
fn int_hash(value: Obj<'_>) -> isize {
    match types::int::int_type().slots().tp_hash {
        // SAFETY: the slot of `int` on an int.
        Some(hash) => unsafe { hash(value.as_ptr()) },
        None => 0,
    }
}

/// `tp_hash` of an unhashable type.
///
/// # Safety
///
/// As `tp_hash`.
pub unsafe extern "C" fn hash_not_implemented(o: *mut PyObject) -> isize {
    // SAFETY: slots are called on attached threads.
    let th = unsafe { Thread::current() };
    // SAFETY: slots get live objects.
    error!(th, TypeError, "unhashable type: '{}'", unsafe { arg(o) }.type_name());
    -1
}

unsafe extern "C" fn tp_call(
    o: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    enter(|th| {
        // SAFETY: slots get live objects.
        let object = unsafe { arg(o) };
        let Some(method) = Special::lookup(th, object, id!(th, "__call__"))? else {
            raise!(th, TypeError, "'{}' object is not callable", object.type_name());
        };
        // SAFETY: `args` is a tuple.
        call_packed(th, &method, object, unsafe { arg(args) }, kwargs)
    })
}

/// Call a special method with packed arguments.
fn call_packed(
    th: Thread<'_>,
    method: &Special,
    object: Obj<'_>,
    args: Obj<'_>,
    kwargs: *mut PyObject,
) -> Result<Ref> {
    // SAFETY: a tuple, and null or a dict.
    let (args, kwargs) =
        unsafe { (args.cast::<Tuple>(), Obj::from_raw(kwargs).map(|k| k.cast::<Dict>())) };
    if !method.unbound {
        return protocol::call::call_dict(th, method.function.obj(), args.items(), kwargs);
    }
    protocol::call::call_dict_with(th, method.function.obj(), object, args.items(), kwargs)
}

unsafe extern "C" fn tp_getattro(o: *mut PyObject, n: *mut PyObject) -> *mut PyObject {
    // SAFETY: slots get live objects.
    enter(|th| unsafe { call_required(th, arg(o), id!(th, "__getattribute__"), &[arg(n)]) })
}

/// Whether an attribute that the usual lookup finds is what instances of `ty`
/// answer: there is no `__getattribute__`, though perhaps a `__getattr__`.
pub fn reads_as_usual(th: Thread<'_>, ty: &Type) -> bool {
    let slot = ty.slots().tp_getattro.map(|slot| slot as usize);
    if slot == types::object_type().slots().tp_getattro.map(|slot| slot as usize) {
        return true;
    }
    slot == Some(tp_getattr_hook as *const () as usize)
        && ty
            .lookup(th, id!(th, "__getattribute__"))
            .is_some_and(|found| types::descr::is_generic_getattr(found))
}

/// `__getattribute__`, then `__getattr__` when it raised `AttributeError`.
unsafe extern "C" fn tp_getattr_hook(o: *mut PyObject, n: *mut PyObject) -> *mut PyObject {
    enter(|th| {
        // SAFETY: slots get live objects.
        let (object, name) = unsafe { (arg(o), arg(n)) };
        let Some(hook) = object.ty().lookup(th, id!(th, "__getattr__")).map(Obj::own) else {
            return call_required(th, object, id!(th, "__getattribute__"), &[name]);
        };
        let plain = object.ty().lookup(th, id!(th, "__getattribute__"));
        let generic = plain.is_some_and(|found| types::descr::is_generic_getattr(found));
        let first = if generic {
            types::object_::generic_getattr_opt(th, object, types::object_::expect_name(th, name)?)
        } else {
            call_required(th, object, id!(th, "__getattribute__"), &[name]).map(Some)
        };
        match first {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => {}
            Err(raised) => th.catch(raised, crate::exceptions::types::AttributeError())?,
        }
        if hook.obj().ty().flags() & abi::Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
            return hook.call(th, &[object, name]);
        }
        let method = types::descr::bind(th, hook.obj(), Some(object), object.ty())?;
        method.call(th, &[name])
    })
}

unsafe extern "C" fn tp_setattro(o: *mut PyObject, n: *mut PyObject, x: *mut PyObject) -> c_int {
    enter_status(|th| {
        // SAFETY: slots get live objects.
        let (object, name, value) = unsafe { (arg(o), arg(n), Obj::from_raw(x)) };
        match value {
            Some(value) => call_required(th, object, id!(th, "__setattr__"), &[name, value])?,
            None => call_required(th, object, id!(th, "__delattr__"), &[name])?,
        };
        Ok(0)
    })
}

unsafe extern "C" fn tp_richcompare(
    o: *mut PyObject,
    x: *mut PyObject,
    op: c_int,
) -> *mut PyObject {
    enter(|th| {
        let name = match op {
            0 => id!(th, "__lt__"),
            1 => id!(th, "__le__"),
            2 => id!(th, "__eq__"),
            3 => id!(th, "__ne__"),
            4 => id!(th, "__gt__"),
            _ => id!(th, "__ge__"),
        };
        // SAFETY: slots get live objects.
        let (object, other) = unsafe { (arg(o), arg(x)) };
        match Special::lookup(th, object, name) {
            Ok(Some(method)) => method.call(th, object, &[other]),
            Ok(None) => Ok(types::singletons::not_implemented_ref()),
            Err(raised) => {
                // COMPAT: a descriptor that raises AttributeError is as good as none.
                th.catch(raised, crate::exceptions::types::AttributeError())?;
                Ok(types::singletons::not_implemented_ref())
            }
        }
    })
}

unsafe extern "C" fn tp_iter(o: *mut PyObject) -> *mut PyObject {
    enter(|th| {
        // SAFETY: slots get live objects.
        let object = unsafe { arg(o) };
        let name = id!(th, "__iter__");
        if object.ty().lookup(th, name).is_some_and(Obj::is_none) {
            raise!(th, TypeError, "'{}' object is not iterable", object.type_name());
        }
        if let Some(value) = call_special(th, object, name, &[])? {
            return Ok(value);
        }
        if object.ty().lookup(th, id!(th, "__getitem__")).is_none() {
            raise!(th, TypeError, "'{}' object is not iterable", object.type_name());
        }
        types::iter::sequence_iterator(th, object)
    })
}

unsafe extern "C" fn tp_iternext(o: *mut PyObject) -> *mut PyObject {
    // SAFETY: slots get live objects.
    enter(|th| call_required(th, unsafe { arg(o) }, id!(th, "__next__"), &[]))
}

/// `tp_iternext` of a class whose `__next__` was taken away.
pub(crate) unsafe extern "C" fn next_not_implemented(o: *mut PyObject) -> *mut PyObject {
    // SAFETY: slots get live objects.
    enter(|th| raise!(th, TypeError, "'{}' object is not iterable", unsafe { arg(o) }.type_name()))
}

unsafe extern "C" fn tp_descr_get(
    o: *mut PyObject,
    x: *mut PyObject,
    t: *mut PyObject,
) -> *mut PyObject {
    enter(|th| {
        // SAFETY: slots get live objects or null.
        let (object, instance, owner) = unsafe { (arg(o), Obj::from_raw(x), Obj::from_raw(t)) };
        let (instance, owner) =
            (instance.unwrap_or_else(types::none), owner.unwrap_or_else(types::none));
        // COMPAT: what is found is not bound (test_descr test_bpo25750).
        match object.ty().lookup(th, id!(th, "__get__")).map(Obj::own) {
            Some(get) => get.call(th, &[object, instance, owner]),
            None => Ok(object.own()),
        }
    })
}

unsafe extern "C" fn tp_descr_set(o: *mut PyObject, x: *mut PyObject, v: *mut PyObject) -> c_int {
    enter_status(|th| {
        // SAFETY: slots get live objects or null.
        let (object, instance, value) = unsafe { (arg(o), arg(x), Obj::from_raw(v)) };
        match value {
            Some(value) => call_required(th, object, id!(th, "__set__"), &[instance, value])?,
            None => call_required(th, object, id!(th, "__delete__"), &[instance])?,
        };
        Ok(0)
    })
}

unsafe extern "C" fn tp_init(
    o: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> c_int {
    enter_status(|th| {
        // SAFETY: slots get live objects.
        let (object, args) = unsafe { (arg(o), arg(args)) };
        let Some(method) = Special::lookup(th, object, id!(th, "__init__"))? else {
            raise!(th, AttributeError, "__init__");
        };
        check_initialized(th, call_packed(th, &method, object, args, kwargs)?).map(|()| 0)
    })
}

/// What `__init__` returned is to be `None`.
fn check_initialized(th: Thread<'_>, value: Ref) -> Result<()> {
    if !value.obj().is_none() {
        raise!(th, TypeError, "__init__() should return None, not '{}'", value.obj().type_name());
    }
    Ok(())
}

/// Initialise an instance of a class with a `__new__` in Python: `args` = positional arguments, then
/// the values of `kwnames`.
pub(super) fn initialize(
    th: Thread<'_>,
    object: Obj<'_>,
    args: &[Obj<'_>],
    kwnames: Option<&Tuple>,
) -> Result<()> {
    let ty = object.ty();
    let Some(init) = ty.slots().tp_init else { return Ok(()) };
    if init as usize == tp_init as *const () as usize {
        let Some(method) = Special::lookup(th, object, id!(th, "__init__"))? else {
            raise!(th, AttributeError, "__init__");
        };
        return check_initialized(th, method.call_vector(th, object, args, kwnames)?);
    }
    let plain = types::object_type().slots().tp_init.map(|plain| plain as usize);
    if plain == Some(init as usize) && looks_up_new(ty) {
        // The arguments were for `__new__`.
        return Ok(());
    }
    let (args, kwargs) = protocol::call::packed(th, args, kwnames)?;
    let kwargs = kwargs.as_ref().map_or(null_mut(), Ref::as_ptr);
    // SAFETY: the slot belongs to the object's type.
    let status = unsafe { init(object.as_ptr(), args.as_ptr(), kwargs) };
    if status < 0 { Err(Raised) } else { Ok(()) }
}

/// Whether a type's `tp_new` calls what `__new__` is found to be.
pub(super) fn looks_up_new(ty: &Type) -> bool {
    ty.slots().tp_new.is_some_and(|new| new as usize == tp_new as *const () as usize)
}

unsafe extern "C" fn tp_new(
    t: *mut PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    enter(|th| {
        // SAFETY: `tp_new` gets a live type.
        let ty = unsafe { Type::from_ptr(t) };
        let new = ty.getattr(th, id!(th, "__new__"))?;
        // SAFETY: a tuple, and null or a dict.
        let (args, kwargs) =
            unsafe { (arg(args).cast::<Tuple>(), Obj::from_raw(kwargs).map(|k| k.cast::<Dict>())) };
        protocol::call::call_dict_with(th, new.obj(), ty.obj(), args.items(), kwargs)
    })
}

/// `__del__` of a class: errors are reported, never raised.
unsafe extern "C" fn tp_finalize(o: *mut PyObject) {
    // SAFETY: slots are called on attached threads.
    let th = unsafe { Thread::current() };
    let saved = th.swap_exception(None);
    // SAFETY: slots get live objects.
    let object = unsafe { arg(o) };
    let name = id!(th, "__del__");
    if let Err(Raised) = call_special(th, object, name, &[]) {
        let method = object.ty().lookup(th, name).map(Obj::own);
        (th.hooks().unraisable)(
            th,
            Some("Exception ignored while calling deallocator"),
            method.as_ref().map(AsObject::obj),
        );
    }
    drop(th.swap_exception(saved));
}

unsafe extern "C" fn bf_getbuffer(
    o: *mut PyObject,
    view: *mut abi::Py_buffer,
    flags: c_int,
) -> c_int {
    enter_status(|th| {
        // SAFETY: the caller passes a live object and a buffer to fill in.
        unsafe { types::memoryview::getbuffer_from_python(th, arg(o), &mut *view, flags) }
            .map(|()| 0)
    })
}

unsafe extern "C" fn bf_releasebuffer(o: *mut PyObject, view: *mut abi::Py_buffer) {
    // SAFETY: slots are called on attached threads.
    let th = unsafe { Thread::current() };
    // SAFETY: the caller passes the buffer that it got.
    unsafe { types::memoryview::releasebuffer_from_python(th, arg(o), &mut *view) };
}

/// The function for a slot when a Python-level dunder fills it.
fn generic_function(row: &Row) -> usize {
    macro_rules! table {
        ($($name:ident)*) => {
            match row.slot { $( stringify!($name) => $name as *const () as usize, )* _ => 0 }
        };
    }
    match (row.slot, row.dunder) {
        ("tp_getattro", "__getattr__") => tp_getattr_hook as *const () as usize,
        ("mp_length", _) => sq_length as *const () as usize,
        _ => table! {
            am_await am_aiter am_anext nb_negative nb_positive nb_absolute nb_invert nb_int nb_float
            nb_index tp_repr tp_str nb_inplace_add nb_inplace_subtract nb_inplace_multiply
            nb_inplace_remainder nb_inplace_lshift nb_inplace_rshift nb_inplace_and nb_inplace_xor
            nb_inplace_or nb_inplace_floor_divide nb_inplace_true_divide nb_inplace_matrix_multiply
            mp_subscript nb_add nb_subtract nb_multiply nb_remainder nb_divmod nb_lshift nb_rshift
            nb_and nb_xor nb_or nb_floor_divide nb_true_divide nb_matrix_multiply nb_power
            nb_inplace_power nb_bool sq_length sq_item sq_ass_item mp_ass_subscript sq_contains
            tp_hash tp_call tp_getattro tp_setattro tp_richcompare tp_iter tp_iternext tp_descr_get
            tp_descr_set tp_init tp_new tp_finalize bf_getbuffer bf_releasebuffer
        },
    }
}

/// Fill every slot of a heap type from what its MRO says of the dunders.
pub fn fill_slots(th: Thread<'_>, ty: &Type) {
    let (parent, own) = (Parent::of(th, ty), OwnDunders::of(ty));
    for (index, group) in groups().enumerate() {
        let inherits = !group.iter().any(|row| own.has(row.dunder));
        match &parent {
            Some(parent) if inherits => parent.fill(th, ty, index, group),
            _ => fill_slot(th, ty, group),
        }
    }
}

/// The rows of [`ROWS`] that can fill the same slot, slot by slot.
fn groups() -> impl Iterator<Item = &'static [Row]> {
    ROWS.chunk_by(|left, right| left.suite == right.suite && left.offset == right.offset)
}

/// The names in a class's own namespace that look like special methods.
struct OwnDunders {
    names: Vec<Ref>,
    /// A bit for each name, see [`signature`].
    signatures: u64,
}

/// A bit that equal names have in common.
///
/// PERF: hardly any of the 100 dunders of a class's own names is compared as text.
fn signature(name: &str) -> u64 {
    let byte = |index: usize| name.as_bytes().get(index).copied().unwrap_or(0);
    let mix = byte(2).wrapping_mul(7) ^ byte(4).wrapping_mul(3) ^ byte(name.len() / 2);
    1 << (usize::from(mix).wrapping_add(name.len()) & 63)
}

impl OwnDunders {
    fn of(ty: &Type) -> Self {
        let (mut own, mut position) = (OwnDunders { names: Vec::new(), signatures: 0 }, 0);
        while let Some((name, _)) = ty.dict().and_then(|dict| dict.next_entry(&mut position)) {
            let text = name.obj().downcast::<Str>().and_then(Str::as_ascii);
            if let Some(text) = text.filter(|text| text.starts_with("__")) {
                own.signatures |= signature(text);
                own.names.push(name);
            }
        }
        own
    }

    fn has(&self, dunder: &str) -> bool {
        let is = |name: &Ref| name.obj().downcast::<Str>().and_then(Str::as_ascii) == Some(dunder);
        self.signatures & signature(dunder) != 0 && self.names.iter().any(is)
    }
}

/// Where a class has those slots from whose dunders it does not define itself, when all of its MRO
/// but the class is another type's MRO.
///
/// PERF: nine tenths of the work of making a class was to look up 90 dunders along its MRO, a sixth
/// of all instructions of `krait -c pass`.
enum Parent<'a> {
    /// A builtin type; slots are the same for every class, found by the first one.
    Builtin(Rc<[Cell<Option<usize>>]>),
    /// A class whose slots were filled by this module.
    Class(&'a Type),
}

/// What a class whose only base is a builtin type has in each slot, once known.
#[derive(Default)]
struct PlainSlots(RefCell<HashMap<*const Type, Rc<[Cell<Option<usize>>]>>>);

impl<'a> Parent<'a> {
    fn of(th: Thread<'a>, ty: &'a Type) -> Option<Parent<'a>> {
        let [_, rest @ ..] = ty.mro()?.items() else { return None };
        let parent = rest.first()?.downcast::<Type>()?;
        let theirs = parent.mro()?.items();
        if rest.len() != theirs.len() || !rest.iter().zip(theirs).all(|(a, b)| a.is(*b)) {
            return None;
        }
        if parent.is_heap() {
            return Some(Parent::Class(parent));
        }
        let mut plain = th.interp().shared.get::<PlainSlots>().0.borrow_mut();
        let slots = plain.entry(std::ptr::from_ref(parent));
        let slots = slots.or_insert_with(|| groups().map(|_| Cell::new(None)).collect());
        Some(Parent::Builtin(slots.clone()))
    }

    /// Fill the slot of the group, the one of this index, as the parent has it.
    fn fill(&self, th: Thread<'_>, ty: &Type, index: usize, group: &[Row]) {
        let Some(row) = group.first() else { return };
        let known = match self {
            Parent::Class(parent) => Some(slot_value(parent, row)),
            Parent::Builtin(plain) => plain.get(index).and_then(Cell::get),
        };
        let address = slot_address(ty, row);
        if address.is_null() {
            return;
        }
        if let Some(known) = known {
            // SAFETY: a slot of a heap type, under the GIL.
            unsafe { *address = known };
            return;
        }
        fill_slot(th, ty, group);
        if let Parent::Builtin(plain) = self
            && let Some(cell) = plain.get(index)
        {
            cell.set(Some(slot_value(ty, row)));
        }
    }
}

/// As `fill_slots` for the slots of one dunder.
pub fn update_slot(th: Thread<'_>, ty: &Type, name: &Str) {
    let Some(text) = name.as_ascii() else { return };
    if !text.starts_with("__") {
        return;
    }
    let mut touched = false;
    for group in groups() {
        if group.iter().any(|row| row.dunder == text) {
            fill_slot(th, ty, group);
            touched = true;
        }
    }
    if touched {
        if text == "__call__" {
            // SAFETY: a live heap type, under the GIL.
            unsafe { (*ty.as_ptr()).tp_flags &= !abi::Py_TPFLAGS_HAVE_VECTORCALL };
        }
        for subclass in ty.subclasses() {
            let overridden = subclass.dict().is_some_and(|dict| dict.get_name(th, name).is_some());
            if !overridden {
                update_slot(th, &subclass, name);
            }
        }
    }
}

/// The names of [`ROWS`] as strings.
#[derive(Default)]
struct DunderNames(OnceCell<Box<[Ref<Str>]>>);

/// The interned name of a row of [`ROWS`].
fn dunder_name<'a>(th: Thread<'a>, row: &Row) -> Option<&'a Str> {
    let names = &th.interp().extensions.get::<DunderNames>().0;
    if names.get().is_none() {
        let all: Result<Box<[_]>> = ROWS.iter().map(|row| Str::intern(th, row.dunder)).collect();
        let _ = names.set(all.ok()?);
    }
    let index = ROWS.element_offset(row)?;
    names.get()?.get(index).map(|name| &**name)
}

/// One slot, from the rows that can fill it.
fn fill_slot(th: Thread<'_>, ty: &Type, group: &[Row]) {
    let Some(first) = group.first() else { return };
    let address = slot_address(ty, first);
    if address.is_null() {
        return;
    }
    let (mut specific, mut generic, mut use_generic) = (0usize, 0usize, false);
    for row in group {
        let Some(name) = dunder_name(th, row) else { return };
        let Some(found) = ty.lookup(th, name) else {
            if row.slot == "tp_iternext" {
                specific = next_not_implemented as *const () as usize;
            }
            continue;
        };
        if let Some(wrapper) = found.downcast_exact::<types::descr::SlotWrapper>()
            && wrapper.row().dunder == row.dunder
        {
            let only = only_slot_of(ty, row.dunder);
            if only.is_none_or(|only| only == address) {
                generic = generic_function(row);
            }
            let fits = wrapper.row().wrap == row.wrap && ty.is_subtype(wrapper.owner());
            if fits && (specific == 0 || specific == wrapper.function()) {
                specific = wrapper.function();
            } else {
                use_generic = true;
            }
        } else if let Some(native) = coexisting_slot(ty, found, row) {
            if specific == 0 || specific == native {
                specific = native;
            } else {
                use_generic = true;
            }
            generic = generic_function(row);
        } else if row.wrap == Wrap::New && types::descr::is_new_function(found) {
            // The builtin `__new__` that the class has inherited, whatever its
            // dict says: calling another one's would skip its checks.
            specific = ty.slots().tp_new.map_or(0, |f| f as usize);
        } else if found.is_none() && row.slot == "tp_hash" {
            specific = hash_not_implemented as *const () as usize;
        } else {
            use_generic = true;
            generic = generic_function(row);
            if row.dunder == "__class_getitem__" {
                continue;
            }
        }
    }
    if group.iter().all(|row| row.wrap == Wrap::Finalize) && specific == 0 && generic == 0 {
        // A native finaliser is not a dunder.
        return;
    }
    // SAFETY: a slot of a heap type, under the GIL.
    unsafe { *address = if specific != 0 && !use_generic { specific } else { generic } };
}

/// The slot of a builtin type whose dunder is a method as well (`METH_COEXIST`).
fn coexisting_slot(ty: &Type, found: Obj<'_>, row: &Row) -> Option<usize> {
    let method = found.downcast_exact::<types::descr::MethodDescriptor>()?;
    let owner = method.owner();
    if method.def().ml_flags & abi::METH_COEXIST == 0 || !ty.is_subtype(owner) {
        return None;
    }
    match slot_value(owner, row) {
        0 => None,
        native => Some(native),
    }
}

/// Of the slots that a dunder can fill, the only one that is filled.
fn only_slot_of(ty: &Type, dunder: &str) -> Option<*mut usize> {
    let mut rows = ROWS.iter().filter(|row| row.dunder == dunder && slot_value(ty, row) != 0);
    let first = rows.next()?;
    if rows.next().is_some() { None } else { Some(slot_address(ty, first)) }
}
