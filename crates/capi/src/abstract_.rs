//! `abstract.h`: operations on any object.

use std::ffi::{CStr, c_char, c_int};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Dict, Float, Int, List, Obj, Protocol, Ref, Result, Str, Thread, Tuple, error,
    exceptions,
    exceptions::types::{AttributeError, KeyError},
    id,
    protocol::{call, index, instance, iter, mapping, number},
    raise, types,
};

use crate::{
    convert::{IntoC, c_name, lend, lossy, text_of},
    modsupport::{self, method},
    variadic::VaList,
};

macro_rules! binary {
    ($($name:ident $inplace:ident $op:ident;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
            number::binary(th, number::$op, a, b)
        }

        #[capi]
        fn $inplace(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
            number::inplace(th, number::$op, a, b)
        }
    )* };
}

binary! {
    PyNumber_Add PyNumber_InPlaceAdd ADD;
    PyNumber_Subtract PyNumber_InPlaceSubtract SUBTRACT;
    PyNumber_Multiply PyNumber_InPlaceMultiply MULTIPLY;
    PyNumber_Remainder PyNumber_InPlaceRemainder REMAINDER;
    PyNumber_FloorDivide PyNumber_InPlaceFloorDivide FLOOR_DIVIDE;
    PyNumber_TrueDivide PyNumber_InPlaceTrueDivide TRUE_DIVIDE;
    PyNumber_MatrixMultiply PyNumber_InPlaceMatrixMultiply MATRIX_MULTIPLY;
    PyNumber_Lshift PyNumber_InPlaceLshift LSHIFT;
    PyNumber_Rshift PyNumber_InPlaceRshift RSHIFT;
    PyNumber_And PyNumber_InPlaceAnd AND;
    PyNumber_Xor PyNumber_InPlaceXor XOR;
    PyNumber_Or PyNumber_InPlaceOr OR;
}

macro_rules! unary {
    ($($name:ident $op:ident;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, a: Option<Obj<'_>>) -> Result {
            number::unary(th, number::$op, present(th, a)?)
        }
    )* };
}

unary! {
    PyNumber_Negative NEGATIVE;
    PyNumber_Positive POSITIVE;
    PyNumber_Invert INVERT;
    PyNumber_Absolute ABSOLUTE;
}

/// An argument that must not be null.
pub(crate) fn present<'a>(th: Thread<'_>, object: Option<Obj<'a>>) -> Result<Obj<'a>> {
    match object {
        Some(object) => Ok(object),
        None if th.is_raised() => Err(error::Raised),
        None => raise!(th, SystemError, "null argument to internal routine"),
    }
}

#[capi]
fn PyNumber_Divmod(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
    number::binary(th, number::DIVMOD, a, b)
}

#[capi]
fn PyNumber_Power(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, modulus: Obj<'_>) -> Result {
    number::power(th, a, b, modulus)
}

#[capi]
fn PyNumber_InPlacePower(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, modulus: Obj<'_>) -> Result {
    if modulus.is_none() {
        return number::inplace_power(th, a, b);
    }
    if let Some(slot) = a.ty().number().and_then(|slots| slots.nb_inplace_power) {
        // SAFETY: the slot belongs to the type of `a`.
        let value = unsafe { Ref::from_raw(slot(a.as_ptr(), b.as_ptr(), modulus.as_ptr())) };
        let value = value.ok_or(error::Raised)?;
        if !value.obj().is(types::not_implemented()) {
            return Ok(value);
        }
    }
    number::power(th, a, b, modulus)
}

#[capi]
fn PyNumber_Check(object: Option<Obj<'_>>) -> bool {
    object.and_then(|object| object.ty().number()).is_some_and(|number| {
        number.nb_index.is_some() || number.nb_int.is_some() || number.nb_float.is_some()
    }) || object.is_some_and(|object| object.downcast::<types::Complex>().is_some())
}

#[capi]
fn PyIndex_Check(object: Obj<'_>) -> bool {
    Int::is_index(object)
}

#[capi]
fn PyNumber_Index(th: Thread<'_>, object: Option<Obj<'_>>) -> Result {
    Int::index(th, present(th, object)?)
}

#[capi]
fn PyNumber_Long(th: Thread<'_>, object: Option<Obj<'_>>) -> Result {
    types::int::text::from_object(th, present(th, object)?)
}

#[capi]
fn PyNumber_Float(th: Thread<'_>, object: Option<Obj<'_>>) -> Result {
    let object = present(th, object)?;
    if object.is_exact::<Float>() {
        return Ok(object.own());
    }
    Float::from_f64(th, Float::from_object(th, object)?)
}

#[capi]
fn PyNumber_AsSsize_t(
    th: Thread<'_>,
    object: Obj<'_>,
    exception: Option<Obj<'_>>,
) -> Result<isize> {
    match exception.and_then(|exception| exception.downcast::<object::Type>()) {
        Some(exception) => Int::as_index(th, object, exception),
        None => Int::index_clamped(th, object),
    }
}

#[capi]
fn PyNumber_ToBase(th: Thread<'_>, object: Obj<'_>, base: c_int) -> Result<Ref<Str>> {
    if !matches!(base, 2 | 8 | 10 | 16) {
        raise!(th, SystemError, "PyNumber_ToBase: base must be 2, 8, 10 or 16");
    }
    let value = Int::index(th, object)?;
    let text = types::int::text::to_text(th, value.obj(), base as u32)?;
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    };
    match text.strip_prefix('-') {
        Some(digits) => Str::from_fmt(th, format_args!("-{prefix}{digits}")),
        None => Str::from_fmt(th, format_args!("{prefix}{text}")),
    }
}

// Calls.

#[capi]
fn PyObject_Call(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: Obj<'_>,
    kwargs: Option<Obj<'_>>,
) -> Result {
    let Some(args) = args.downcast::<Tuple>() else {
        raise!(th, TypeError, "argument list must be a tuple");
    };
    call::call_dict(th, callable, args.items(), kwargs.and_then(|kwargs| kwargs.downcast::<Dict>()))
}

#[capi]
fn PyObject_CallObject(th: Thread<'_>, callable: Obj<'_>, args: Option<Obj<'_>>) -> Result {
    match args {
        None => callable.call(th, &[]),
        Some(args) => match args.downcast::<Tuple>() {
            Some(args) => callable.call(th, args.items()),
            None => raise!(th, TypeError, "argument list must be a tuple"),
        },
    }
}

#[capi]
fn PyEval_CallObjectWithKeywords(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: Option<Obj<'_>>,
    kwargs: Option<Obj<'_>>,
) -> Result {
    let args = match args {
        None => &[],
        Some(args) => match args.downcast::<Tuple>() {
            Some(args) => args.items(),
            None => raise!(th, TypeError, "argument list must be a tuple"),
        },
    };
    call::call_dict(th, callable, args, kwargs.and_then(|kwargs| kwargs.downcast::<Dict>()))
}

#[capi]
fn PyObject_CallNoArgs(th: Thread<'_>, callable: Obj<'_>) -> Result {
    callable.call(th, &[])
}

#[capi]
fn PyObject_CallOneArg(th: Thread<'_>, callable: Obj<'_>, arg: Obj<'_>) -> Result {
    callable.call(th, &[arg])
}

/// The arguments of a vectorcall: positional ones, then the values of `kwnames`.
unsafe fn vector<'a>(
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: Option<Obj<'a>>,
) -> (&'a [Obj<'a>], Option<&'a Tuple>) {
    let kwnames = kwnames.and_then(|names| names.downcast::<Tuple>());
    let count = (nargsf & !abi::PY_VECTORCALL_ARGUMENTS_OFFSET) + kwnames.map_or(0, Tuple::len);
    // SAFETY: the vectorcall protocol.
    (unsafe { object::reference::objects(args, count) }, kwnames)
}

#[capi]
unsafe fn PyObject_Vectorcall(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: Option<Obj<'_>>,
) -> Result {
    // SAFETY: the vectorcall protocol.
    let (args, kwnames) = unsafe { vector(args, nargsf, kwnames) };
    callable.call_kw(th, args, kwnames)
}

#[capi]
unsafe fn PyObject_VectorcallDict(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: *const *mut PyObject,
    nargsf: usize,
    kwargs: Option<Obj<'_>>,
) -> Result {
    // SAFETY: the vectorcall protocol.
    let (args, _) = unsafe { vector(args, nargsf, None) };
    call::call_dict(th, callable, args, kwargs.and_then(|kwargs| kwargs.downcast::<Dict>()))
}

#[capi]
unsafe fn PyObject_VectorcallMethod(
    th: Thread<'_>,
    name: Obj<'_>,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: Option<Obj<'_>>,
) -> Result {
    // SAFETY: the vectorcall protocol.
    let (args, kwnames) = unsafe { vector(args, nargsf, kwnames) };
    let (Some((this, rest)), Some(name)) = (args.split_first(), name.downcast::<Str>()) else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    this.getattr(th, name)?.call_kw(th, rest, kwnames)
}

#[capi]
unsafe fn PyVectorcall_Call(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: Obj<'_>,
    kwargs: Option<Obj<'_>>,
) -> Result {
    // A class of Python code keeps the offset when it gives up the flag.
    let offset = callable.ty().slots().tp_vectorcall_offset;
    let place = callable.as_ptr().wrapping_byte_offset(offset);
    let function = match offset {
        ..=0 => None,
        // SAFETY: the type says that a vectorcall pointer is there.
        _ => unsafe { place.cast::<Option<abi::vectorcallfunc>>().read() },
    };
    let (Some(function), Some(args)) = (function, args.downcast::<Tuple>()) else {
        raise!(th, TypeError, "'{}' object does not support vectorcall", callable.type_name());
    };
    let kwargs = kwargs.and_then(|kwargs| kwargs.downcast::<Dict>());
    call::call_vector(th, callable, function, args.items(), kwargs)
}

#[capi]
fn PyVectorcall_Function(callable: Obj<'_>) -> Option<abi::vectorcallfunc> {
    call::vectorcall_of(callable, callable.ty())
}

#[capi]
fn PyVectorcall_NARGS(nargsf: usize) -> isize {
    (nargsf & !abi::PY_VECTORCALL_ARGUMENTS_OFFSET) as isize
}

/// One tuple stands for all arguments, as in Python 2's `apply`.
fn spread(format_is_one: bool, values: &[Ref]) -> Option<&Tuple> {
    match values {
        [one] if format_is_one => one.obj().downcast::<Tuple>(),
        _ => None,
    }
}

unsafe fn call_with_format(
    th: Thread<'_>,
    callable: Obj<'_>,
    format: *const c_char,
    va: *mut VaList,
) -> Result {
    // SAFETY: C passes what the format says.
    let values = unsafe { modsupport::values(th, format, &mut *va)? };
    match spread(true, &values) {
        Some(args) => callable.call(th, args.items()),
        None => callable.call(th, object::args::borrow_all(&values)),
    }
}

/// `PyObject_CallFunction` with a list.
pub(crate) unsafe extern "C" fn call_function(
    callable: *mut PyObject,
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let callable = match present(th, Obj::from_raw(callable)) {
            Ok(callable) => callable,
            Err(_) => return std::ptr::null_mut(),
        };
        call_with_format(th, callable, format, va).into_c()
    }
}

/// `PyObject_CallMethod` with a list.
pub(crate) unsafe extern "C" fn call_method(
    object: *mut PyObject,
    name: *const c_char,
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let found = present(th, Obj::from_raw(object))
            .and_then(|object| object.getattr(th, &*c_name(th, CStr::from_ptr(name))?));
        found.and_then(|method| call_with_format(th, method.obj(), format, va)).into_c()
    }
}

/// `_PyObject_CallMethodId` with a list: the text of an identifier comes first.
pub(crate) unsafe extern "C" fn call_method_id(
    object: *mut PyObject,
    name: *const *const c_char,
    format: *const c_char,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: C passes an identifier and what the format says.
    unsafe { call_method(object, *name, format, va) }
}

/// The objects of a list up to null.
unsafe fn objects<'a>(va: *mut VaList) -> Vec<Obj<'a>> {
    let mut all = Vec::new();
    // SAFETY: C ends the list with null.
    while let Some(object) = unsafe { Obj::from_raw((*va).pointer()) } {
        all.push(object);
    }
    all
}

/// `PyObject_CallFunctionObjArgs` with a list.
pub(crate) unsafe extern "C" fn call_function_obj_args(
    callable: *mut PyObject,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        present(th, Obj::from_raw(callable))
            .and_then(|callable| callable.call(th, &objects(va)))
            .into_c()
    }
}

/// `PyObject_CallMethodObjArgs` with a list.
pub(crate) unsafe extern "C" fn call_method_obj_args(
    object: *mut PyObject,
    name: *mut PyObject,
    va: *mut VaList,
) -> *mut PyObject {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let (Some(object), Some(name)) =
            (Obj::from_raw(object), Obj::from_raw(name).and_then(|name| name.downcast::<Str>()))
        else {
            let _ = present(th, None);
            return std::ptr::null_mut();
        };
        object.getattr(th, name).and_then(|method| method.call(th, &objects(va))).into_c()
    }
}

// Containers.

#[capi]
fn PyObject_Size(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    present(th, object)?.length(th).map(|length| length as isize)
}

#[capi]
fn PyObject_Length(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    PyObject_Size(th, object)
}

#[capi]
fn PyObject_LengthHint(th: Thread<'_>, object: Obj<'_>, default: isize) -> Result<isize> {
    iter::length_hint(th, object, default.max(0) as usize).map(|length| length as isize)
}

#[capi]
fn PyObject_GetItem(th: Thread<'_>, object: Option<Obj<'_>>, key: Option<Obj<'_>>) -> Result {
    present(th, object)?.get_item(th, present(th, key)?)
}

#[capi]
fn PyObject_SetItem(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    key: Option<Obj<'_>>,
    value: Option<Obj<'_>>,
) -> Result<()> {
    present(th, object)?.set_item(th, present(th, key)?, Some(present(th, value)?))
}

#[capi]
fn PyObject_DelItem(th: Thread<'_>, object: Option<Obj<'_>>, key: Option<Obj<'_>>) -> Result<()> {
    present(th, object)?.set_item(th, present(th, key)?, None)
}

#[capi]
fn PyObject_DelItemString(th: Thread<'_>, object: Option<Obj<'_>>, key: &CStr) -> Result<()> {
    let key = text_of(th, key)?;
    present(th, object)?.set_item(th, key.obj(), None)
}

#[capi]
fn PyObject_Format(th: Thread<'_>, object: Obj<'_>, spec: Option<Obj<'_>>) -> Result<Ref<Str>> {
    object::protocol::text::format_value(th, object, spec)
}

#[capi]
fn PyObject_GetIter(th: Thread<'_>, object: Obj<'_>) -> Result {
    iter::iter(th, object)
}

#[capi]
fn PyObject_GetAIter(th: Thread<'_>, object: Obj<'_>) -> Result {
    let Some(aiter) = object.ty().async_().and_then(|slots| slots.am_aiter) else {
        raise!(th, TypeError, "'{}' object is not an async iterable", object.type_name());
    };
    // SAFETY: the slot belongs to the object's type.
    let found = unsafe { Ref::from_raw(aiter(object.as_ptr())) }.ok_or(error::Raised)?;
    if !PyAIter_Check(found.obj()) {
        raise!(
            th,
            TypeError,
            "aiter() returned not an async iterator of type '{}'",
            found.obj().type_name()
        );
    }
    Ok(found)
}

#[capi]
fn PyIter_Check(object: Obj<'_>) -> bool {
    iter::is_iterator(object)
}

#[capi]
fn PyAIter_Check(object: Obj<'_>) -> bool {
    object.ty().async_().is_some_and(|slots| slots.am_anext.is_some())
}

#[capi]
fn PyIter_Next(th: Thread<'_>, iterator: Obj<'_>) -> Result<Option<Ref>> {
    iter::next(th, iterator)
}

#[capi]
unsafe fn PyIter_NextItem(
    th: Thread<'_>,
    iterator: Obj<'_>,
    item: *mut *mut PyObject,
) -> Result<bool> {
    // SAFETY: C passes a variable.
    unsafe { item.write(std::ptr::null_mut()) };
    if !iter::is_iterator(iterator) {
        raise!(th, TypeError, "expected an iterator, got '{}'", iterator.type_name());
    }
    let next = iter::next(th, iterator)?;
    let found = next.is_some();
    // SAFETY: as above.
    unsafe { item.write(next.into_c()) };
    Ok(found)
}

#[capi]
unsafe fn PyIter_Send(
    th: Thread<'_>,
    iterator: Obj<'_>,
    value: Obj<'_>,
    result: *mut *mut PyObject,
) -> c_int {
    let (status, value) = match vm::generator::iter_send(th, iterator, value) {
        Ok(vm::generator::Sent::Yielded(value)) => (abi::PySendResult::PYGEN_NEXT, Some(value)),
        Ok(vm::generator::Sent::Returned(value)) => (abi::PySendResult::PYGEN_RETURN, Some(value)),
        Err(_) => (abi::PySendResult::PYGEN_ERROR, None),
    };
    // SAFETY: C passes a variable.
    unsafe { result.write(value.into_c()) };
    status as c_int
}

// Sequences.

#[capi]
fn PySequence_Check(object: Obj<'_>) -> bool {
    mapping::is_sequence(object)
}

#[capi]
fn PySequence_Size(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    let object = present(th, object)?;
    if let Some(length) = object.ty().sequence().and_then(|slots| slots.sq_length) {
        // SAFETY: the slot belongs to the object's type.
        let length = unsafe { length(object.as_ptr()) };
        return if length < 0 { Err(error::Raised) } else { Ok(length) };
    }
    if object.ty().mapping().is_some_and(|slots| slots.mp_length.is_some()) {
        raise!(th, TypeError, "{} is not a sequence", object.type_name());
    }
    raise!(th, TypeError, "object of type '{}' has no len()", object.type_name())
}

#[capi]
fn PySequence_Length(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    PySequence_Size(th, object)
}

#[capi]
fn PySequence_Concat(th: Thread<'_>, a: Option<Obj<'_>>, b: Option<Obj<'_>>) -> Result {
    let (a, b) = (present(th, a)?, present(th, b)?);
    if let Some(concat) = a.ty().sequence().and_then(|slots| slots.sq_concat) {
        // SAFETY: the slot belongs to the type of `a`.
        return unsafe { Ref::from_raw(concat(a.as_ptr(), b.as_ptr())) }.ok_or(error::Raised);
    }
    if mapping::is_sequence(a) && mapping::is_sequence(b) {
        return number::binary(th, number::ADD, a, b);
    }
    raise!(th, TypeError, "'{}' object can't be concatenated", a.type_name())
}

#[capi]
fn PySequence_InPlaceConcat(th: Thread<'_>, a: Option<Obj<'_>>, b: Option<Obj<'_>>) -> Result {
    let (left, right) = (present(th, a)?, present(th, b)?);
    if let Some(concat) = left.ty().sequence().and_then(|slots| slots.sq_inplace_concat) {
        // SAFETY: the slot belongs to the type of `a`.
        return unsafe { Ref::from_raw(concat(left.as_ptr(), right.as_ptr())) }
            .ok_or(error::Raised);
    }
    PySequence_Concat(th, a, b)
}

#[capi]
fn PySequence_Repeat(th: Thread<'_>, object: Option<Obj<'_>>, count: isize) -> Result {
    let object = present(th, object)?;
    if let Some(repeat) = object.ty().sequence().and_then(|slots| slots.sq_repeat) {
        // SAFETY: the slot belongs to the object's type.
        return unsafe { Ref::from_raw(repeat(object.as_ptr(), count)) }.ok_or(error::Raised);
    }
    if mapping::is_sequence(object) {
        let count = Int::from_i64(th, count as i64)?;
        return number::binary(th, number::MULTIPLY, object, count.obj());
    }
    raise!(th, TypeError, "'{}' object can't be repeated", object.type_name())
}

#[capi]
fn PySequence_InPlaceRepeat(th: Thread<'_>, object: Option<Obj<'_>>, count: isize) -> Result {
    let this = present(th, object)?;
    if let Some(repeat) = this.ty().sequence().and_then(|slots| slots.sq_inplace_repeat) {
        // SAFETY: the slot belongs to the object's type.
        return unsafe { Ref::from_raw(repeat(this.as_ptr(), count)) }.ok_or(error::Raised);
    }
    PySequence_Repeat(th, object, count)
}

/// The index counted from the start.
fn fixed(th: Thread<'_>, object: Obj<'_>, index: isize) -> Result<isize> {
    match object.ty().sequence().and_then(|slots| slots.sq_length) {
        Some(length) if index < 0 => {
            // SAFETY: the slot belongs to the object's type.
            let length = unsafe { length(object.as_ptr()) };
            if length < 0 { Err(error::Raised) } else { Ok(index + length) }
        }
        _ => {
            let _ = th;
            Ok(index)
        }
    }
}

#[capi]
fn PySequence_GetItem(th: Thread<'_>, object: Option<Obj<'_>>, index: isize) -> Result {
    let object = present(th, object)?;
    let Some(item) = object.ty().sequence().and_then(|slots| slots.sq_item) else {
        if object.ty().mapping().is_some_and(|slots| slots.mp_subscript.is_some()) {
            raise!(th, TypeError, "{} is not a sequence", object.type_name());
        }
        raise!(th, TypeError, "'{}' object does not support indexing", object.type_name());
    };
    let index = fixed(th, object, index)?;
    // SAFETY: the slot belongs to the object's type.
    unsafe { Ref::from_raw(item(object.as_ptr(), index)) }.ok_or(error::Raised)
}

fn set_sequence_item(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    index: isize,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let object = present(th, object)?;
    let Some(set) = object.ty().sequence().and_then(|slots| slots.sq_ass_item) else {
        if object.ty().mapping().is_some_and(|slots| slots.mp_ass_subscript.is_some()) {
            raise!(th, TypeError, "{} is not a sequence", object.type_name());
        }
        let verb = if value.is_some() { "assignment" } else { "deletion" };
        raise!(th, TypeError, "'{}' object doesn't support item {verb}", object.type_name());
    };
    let index = fixed(th, object, index)?;
    // SAFETY: the slot belongs to the object's type.
    let status = unsafe { set(object.as_ptr(), index, value.into_c()) };
    if status < 0 { Err(error::Raised) } else { Ok(()) }
}

#[capi]
fn PySequence_SetItem(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    index: isize,
    value: Option<Obj<'_>>,
) -> Result<()> {
    set_sequence_item(th, object, index, value)
}

#[capi]
fn PySequence_DelItem(th: Thread<'_>, object: Option<Obj<'_>>, index: isize) -> Result<()> {
    set_sequence_item(th, object, index, None)
}

/// `start:end`.
fn slice(th: Thread<'_>, start: isize, end: isize) -> Result<Ref<types::Slice>> {
    let (start, end) = (Int::from_i64(th, start as i64)?, Int::from_i64(th, end as i64)?);
    types::Slice::new(th, start.obj(), end.obj(), types::none())
}

#[capi]
fn PySequence_GetSlice(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    start: isize,
    end: isize,
) -> Result {
    let object = present(th, object)?;
    if object.ty().mapping().is_none_or(|slots| slots.mp_subscript.is_none()) {
        raise!(th, TypeError, "'{}' object is unsliceable", object.type_name());
    }
    object.get_item(th, slice(th, start, end)?.obj())
}

#[capi]
fn PySequence_SetSlice(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    start: isize,
    end: isize,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let object = present(th, object)?;
    if object.ty().mapping().is_none_or(|slots| slots.mp_ass_subscript.is_none()) {
        raise!(th, TypeError, "'{}' object doesn't support slice assignment", object.type_name());
    }
    object.set_item(th, slice(th, start, end)?.obj(), value)
}

#[capi]
fn PySequence_DelSlice(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    start: isize,
    end: isize,
) -> Result<()> {
    let object = present(th, object)?;
    if object.ty().mapping().is_none_or(|slots| slots.mp_ass_subscript.is_none()) {
        raise!(th, TypeError, "'{}' object doesn't support slice deletion", object.type_name());
    }
    object.set_item(th, slice(th, start, end)?.obj(), None)
}

#[capi]
fn PySequence_Tuple(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<Tuple>> {
    let object = present(th, object)?;
    match object.downcast_exact::<Tuple>() {
        Some(tuple) => Ok(object::own(tuple)),
        None => Tuple::from_refs(th, iter::collect(th, object)?),
    }
}

#[capi]
fn PySequence_List(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<List>> {
    List::from_iterable(th, present(th, object)?)
}

#[capi]
fn PySequence_Fast(th: Thread<'_>, object: Option<Obj<'_>>, message: Option<&CStr>) -> Result {
    let object = present(th, object)?;
    if object.is_exact::<List>() || object.is_exact::<Tuple>() {
        return Ok(object.own());
    }
    match iter::iter(th, object) {
        Ok(iterator) => List::from_iterable(th, iterator.obj()).map(Ref::upcast),
        Err(raised) => {
            th.catch(raised, exceptions::types::TypeError())?;
            raise!(th, TypeError, "{}", message.map_or("".into(), lossy))
        }
    }
}

#[capi]
fn PySequence_Contains(th: Thread<'_>, object: Obj<'_>, item: Option<Obj<'_>>) -> Result<bool> {
    match item {
        Some(item) => mapping::contains(th, object, item),
        // No item, nothing to compare.
        None if object.length(th)? == 0 => Ok(false),
        None => raise!(th, SystemError, "null argument to internal routine"),
    }
}

#[capi]
fn PySequence_In(th: Thread<'_>, object: Obj<'_>, item: Option<Obj<'_>>) -> Result<bool> {
    PySequence_Contains(th, object, item)
}

#[capi]
fn PySequence_Count(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    item: Option<Obj<'_>>,
) -> Result<isize> {
    let (object, item) = (present(th, object)?, present(th, item)?);
    let mut count = 0;
    for found in iter::collect(th, object)? {
        count += isize::from(found.eq(th, item)?);
    }
    Ok(count)
}

#[capi]
fn PySequence_Index(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    item: Option<Obj<'_>>,
) -> Result<isize> {
    let (object, item) = (present(th, object)?, present(th, item)?);
    let iterator = iter::iter(th, object)?;
    let mut index = 0;
    while let Some(found) = iter::next(th, iterator.obj())? {
        if found.eq(th, item)? {
            return Ok(index);
        }
        index += 1;
    }
    raise!(th, ValueError, "sequence.index(x): x not in sequence")
}

// Mappings.

#[capi]
fn PyMapping_Check(object: Option<Obj<'_>>) -> bool {
    object
        .and_then(|object| object.ty().mapping())
        .is_some_and(|slots| slots.mp_subscript.is_some())
}

#[capi]
fn PyMapping_Size(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    let object = present(th, object)?;
    if let Some(length) = object.ty().mapping().and_then(|slots| slots.mp_length) {
        // SAFETY: the slot belongs to the object's type.
        let length = unsafe { length(object.as_ptr()) };
        return if length < 0 { Err(error::Raised) } else { Ok(length) };
    }
    if object.ty().sequence().is_some_and(|slots| slots.sq_length.is_some()) {
        raise!(th, TypeError, "{} is not a mapping", object.type_name());
    }
    raise!(th, TypeError, "object of type '{}' has no len()", object.type_name())
}

#[capi]
fn PyMapping_Length(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<isize> {
    PyMapping_Size(th, object)
}

#[capi]
fn PyMapping_GetItemString(th: Thread<'_>, object: Option<Obj<'_>>, key: Option<&CStr>) -> Result {
    let Some(key) = key else { return present(th, None).map(Obj::own) };
    let key = text_of(th, key)?;
    present(th, object)?.get_item(th, key.obj())
}

#[capi]
fn PyMapping_SetItemString(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    key: Option<&CStr>,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let Some(key) = key else { return present(th, None).map(drop) };
    let key = text_of(th, key)?;
    present(th, object)?.set_item(th, key.obj(), Some(present(th, value)?))
}

/// The item, `None` if there is none.
fn optional_item(th: Thread<'_>, object: Obj<'_>, key: Obj<'_>) -> Result<Option<Ref>> {
    if let Some(dict) = object.downcast_exact::<Dict>() {
        return dict.get(th, key);
    }
    match object.get_item(th, key) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => th.catch(raised, KeyError()).map(|()| None),
    }
}

/// Write what was found; whether there was something.
pub(crate) unsafe fn found(result: *mut *mut PyObject, value: Result<Option<Ref>>) -> Result<bool> {
    // SAFETY: C passes a variable.
    unsafe { result.write(std::ptr::null_mut()) };
    let value = value?;
    let is_there = value.is_some();
    // SAFETY: as above.
    unsafe { result.write(value.into_c()) };
    Ok(is_there)
}

#[capi]
unsafe fn PyMapping_GetOptionalItem(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    key: Option<Obj<'_>>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let value = present(th, object).and_then(|object| optional_item(th, object, present(th, key)?));
    // SAFETY: C passes a variable.
    unsafe { found(result, value) }
}

#[capi]
unsafe fn PyMapping_GetOptionalItemString(
    th: Thread<'_>,
    object: Option<Obj<'_>>,
    key: Option<&CStr>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    let value = present(th, object).and_then(|object| match key {
        Some(key) => optional_item(th, object, text_of(th, key)?.obj()),
        None => present(th, None).map(|_| None),
    });
    // SAFETY: C passes a variable.
    unsafe { found(result, value) }
}

#[capi]
fn PyMapping_HasKeyWithError(th: Thread<'_>, object: Obj<'_>, key: Obj<'_>) -> Result<bool> {
    optional_item(th, object, key).map(|value| value.is_some())
}

#[capi]
fn PyMapping_HasKeyStringWithError(th: Thread<'_>, object: Obj<'_>, key: &CStr) -> Result<bool> {
    let key = text_of(th, key)?;
    optional_item(th, object, key.obj()).map(|value| value.is_some())
}

/// An answer of a function that has no way to fail: the error is reported.
pub(crate) fn quietly(th: Thread<'_>, value: Result<bool>, context: &str) -> bool {
    match value {
        Ok(value) => value,
        Err(_) => {
            (th.hooks().unraisable)(th, Some(context), None);
            false
        }
    }
}

#[capi]
fn PyMapping_HasKey(th: Thread<'_>, object: Option<Obj<'_>>, key: Option<Obj<'_>>) -> bool {
    let answer = present(th, object)
        .and_then(|object| optional_item(th, object, present(th, key)?))
        .map(|value| value.is_some());
    quietly(
        th,
        answer,
        "Exception ignored in PyMapping_HasKey(); consider using PyMapping_HasKeyWithError(), PyMapping_GetOptionalItem() or PyObject_GetItem()",
    )
}

#[capi]
fn PyMapping_HasKeyString(th: Thread<'_>, object: Option<Obj<'_>>, key: Option<&CStr>) -> bool {
    let answer = present(th, object).and_then(|object| match key {
        Some(key) => PyMapping_HasKeyStringWithError(th, object, key),
        None => present(th, None).map(|_| false),
    });
    quietly(
        th,
        answer,
        "Exception ignored in PyMapping_HasKeyString(); consider using PyMapping_HasKeyStringWithError(), PyMapping_GetOptionalItemString() or PyMapping_GetItemString()",
    )
}

/// A list of what a method gives.
fn list_of(th: Thread<'_>, object: Option<Obj<'_>>, name: &str) -> Result<Ref<List>> {
    let object = present(th, object)?;
    let found = method(th, object, name, &[])?;
    match iter::iter(th, found.obj()) {
        Ok(iterator) => List::from_iterable(th, iterator.obj()),
        Err(raised) => {
            th.catch(raised, exceptions::types::TypeError())?;
            raise!(
                th,
                TypeError,
                "{}.{name}() returned a non-iterable (type {})",
                object.type_name(),
                found.obj().type_name()
            )
        }
    }
}

#[capi]
fn PyMapping_Keys(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<List>> {
    list_of(th, object, "keys")
}

#[capi]
fn PyMapping_Values(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<List>> {
    list_of(th, object, "values")
}

#[capi]
fn PyMapping_Items(th: Thread<'_>, object: Option<Obj<'_>>) -> Result<Ref<List>> {
    list_of(th, object, "items")
}

// Types.

#[capi]
fn PyObject_Type(th: Thread<'_>, object: Option<Obj<'_>>) -> Result {
    present(th, object).map(|object| object.ty().obj().own())
}

#[capi]
fn PyObject_IsInstance(th: Thread<'_>, object: Obj<'_>, cls: Obj<'_>) -> Result<bool> {
    instance::is_instance(th, object, cls)
}

#[capi]
fn PyObject_IsSubclass(th: Thread<'_>, derived: Obj<'_>, cls: Obj<'_>) -> Result<bool> {
    instance::is_subclass(th, derived, cls)
}

/// `_PyEval_SliceIndex`: the index an object stands for in a slice; `None`
/// leaves the variable as it is.
#[capi]
unsafe fn _PyEval_SliceIndex(th: Thread<'_>, object: Obj<'_>, index: *mut isize) -> c_int {
    if object.is_none() {
        return 1;
    }
    // SAFETY: `object` is live and C passes a variable.
    unsafe { _PyEval_SliceIndexNotNone(th, object, index) }
}

#[capi]
unsafe fn _PyEval_SliceIndexNotNone(th: Thread<'_>, object: Obj<'_>, index: *mut isize) -> c_int {
    match index::clamped(th, object) {
        Ok(value) => {
            // SAFETY: C passes a variable.
            unsafe { index.write(value) };
            1
        }
        Err(_) => 0,
    }
}

/// `_PyObject_GetAttrId` and its like know names by an identifier with a text.
#[repr(C)]
pub(crate) struct Identifier {
    string: *const c_char,
}

#[capi]
unsafe fn _PyObject_GetAttrId(th: Thread<'_>, object: Obj<'_>, name: *mut Identifier) -> Result {
    // SAFETY: C passes a static identifier.
    let name = unsafe { CStr::from_ptr((*name).string) };
    object.getattr(th, &*c_name(th, name)?)
}

#[capi]
unsafe fn _PyUnicode_FromId(th: Thread<'_>, name: *mut Identifier) -> Result<*mut PyObject> {
    // SAFETY: C passes a static identifier.
    let name = unsafe { CStr::from_ptr((*name).string) };
    let name = c_name(th, name)?;
    Ok(lend(Str::intern_immortal(th, name).obj().own()))
}

/// What an absent attribute is: not an error.
pub(crate) fn optional_attribute(
    th: Thread<'_>,
    object: Obj<'_>,
    name: &Str,
) -> Result<Option<Ref>> {
    match object.getattr(th, name) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => th.catch(raised, AttributeError()).map(|()| None),
    }
}

#[capi]
fn PyObject_Dir(th: Thread<'_>, object: Option<Obj<'_>>) -> Result {
    let builtins = vm::import::import_module(th, id!(th, "builtins"))?;
    match object {
        Some(object) => method(th, builtins.obj(), "dir", &[object]),
        None => method(th, builtins.obj(), "dir", &[]),
    }
}
