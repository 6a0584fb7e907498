//! `CALL`.
//!
//! Cache: counter, version of the callee's code or class (2).
#![allow(unsafe_op_in_unsafe_fn, reason = "reads and writes the inline cache of an instruction")]

use std::{
    cell::Cell,
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering},
};

use abi::{PyCFunction, PyObject};
use bytecode::Op;
use object::{
    AsObject, Code, Function, Obj, PyStruct, Str, Thread, Tuple, Type, alloc_object, gc, id, shape,
    types::{
        builtin_function::BuiltinFunction, descr::MethodDescriptor, list::List, method::Method,
    },
};

use super::{choose, read_u32, write_u32};
use crate::{
    frame::{Frame, is_exact},
    interp::{Flow, Regs},
    ops::is_python,
    word::Word,
};

/// Definitions of builtins with opcodes of their own: constants of the process,
/// known once they were first seen.
static LEN: AtomicUsize = AtomicUsize::new(0);
static ISINSTANCE: AtomicUsize = AtomicUsize::new(0);
static LIST_APPEND: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct Versions(Cell<u32>);

/// The version of a code object, unique in its interpreter.
fn code_version(th: Thread<'_>, code: &Code) -> Option<u32> {
    if code.version.get() == 0 {
        let versions = th.interp().shared.get::<Versions>();
        versions.0.set(versions.0.get().checked_add(1)?);
        code.version.set(versions.0.get());
    }
    Some(code.version.get())
}

unsafe fn code_of<'a>(function: Word) -> &'a Code {
    &*function.obj().cast::<Function>().code.as_ptr().cast::<Code>()
}

/// Whether the callee is a function with the code that was seen.
#[inline(always)]
pub(crate) unsafe fn function_matches(cache: *const u16, callable: Word) -> bool {
    is_exact::<Function>(callable) && code_of(callable).version.get() == read_u32(cache.add(1))
}

pub(crate) unsafe fn call(th: Thread<'_>, cache: *mut u16, base: *mut Word, oparg: usize) -> bool {
    let op = pick(th, cache, base, oparg);
    choose(cache, op)
}

unsafe fn pick(th: Thread<'_>, cache: *mut u16, base: *mut Word, oparg: usize) -> Option<Op> {
    let (callable, this) = (*base, *base.add(1));
    if callable.is_int() {
        return None;
    }
    let total = oparg + usize::from(!this.is_null());
    if is_exact::<Method>(callable) && this.is_null() {
        let function = Word::from_raw(callable.obj().cast::<Method>().func.as_ptr());
        if !is_python(function) {
            return None;
        }
        let code = code_of(function);
        write_u32(cache.add(1), code_version(th, code)?);
        let exact = code.is_simple() && code.argcount as usize == oparg + 1;
        return Some(if exact {
            Op::CALL_BOUND_METHOD_EXACT_ARGS
        } else {
            Op::CALL_BOUND_METHOD_GENERAL
        });
    }
    if is_python(callable) {
        let code = code_of(callable);
        write_u32(cache.add(1), code_version(th, code)?);
        let exact = code.is_simple() && code.argcount as usize == total;
        return Some(if exact { Op::CALL_PY_EXACT_ARGS } else { Op::CALL_PY_GENERAL });
    }
    if let Some(class) = callable.obj().downcast::<Type>() {
        if !this.is_null() {
            return Some(Op::CALL_NON_PY_GENERAL);
        }
        return Some(pick_class(th, cache, class, oparg).unwrap_or(Op::CALL_NON_PY_GENERAL));
    }
    if is_exact::<BuiltinFunction>(callable) {
        return Some(pick_builtin(callable, total));
    }
    if is_exact::<MethodDescriptor>(callable) {
        return Some(pick_method(cache, callable, base, total));
    }
    Some(Op::CALL_NON_PY_GENERAL)
}

unsafe fn pick_class(th: Thread<'_>, cache: *mut u16, class: &Type, oparg: usize) -> Option<Op> {
    let same = |other: &Type| std::ptr::eq(class, other);
    if oparg == 1 {
        if same(Type::type_object()) {
            return Some(Op::CALL_TYPE_1);
        }
        if same(Str::type_object()) {
            return Some(Op::CALL_STR_1);
        }
        if same(Tuple::type_object()) {
            return Some(Op::CALL_TUPLE_1);
        }
    }
    let init = init_of(th, class)?;
    write_u32(cache.add(1), class.version(th)?);
    let heap = class.as_ptr().cast::<abi::PyHeapTypeObject>();
    (*heap)._spec_cache.init = init.obj().as_ptr();
    Some(Op::CALL_ALLOC_AND_ENTER_INIT)
}

/// The `__init__` of a class whose call means nothing but to allocate an
/// instance and to run that function.
unsafe fn init_of<'a>(th: Thread<'_>, class: &'a Type) -> Option<&'a Function> {
    let plain_meta = std::ptr::eq(class.obj().ty(), Type::type_object());
    let object = object::types::object_type().slots();
    let slots = class.slots();
    if !class.is_heap()
        || !plain_meta
        || slots.tp_new != object.tp_new
        || slots.tp_alloc != object.tp_alloc
        || class.flags() & abi::Py_TPFLAGS_IS_ABSTRACT != 0
        || class.itemsize() != 0
    {
        return None;
    }
    let init = class.lookup(th, id!(th, "__init__"))?.downcast_exact::<Function>()?;
    let code = &*init.code.as_ptr().cast::<Code>();
    let generator = abi::CO_GENERATOR | abi::CO_COROUTINE | abi::CO_ASYNC_GENERATOR;
    (code.flags & generator == 0).then_some(init)
}

/// As [`init_of`], of a callee that may be anything.
#[inline(never)]
pub(crate) unsafe fn plain_init(th: Thread<'_>, callable: Word) -> Option<Word> {
    if !is_exact::<Type>(callable) {
        return None;
    }
    let init = init_of(th, callable.obj().cast::<Type>())?;
    Some(Word::borrow(init.obj()))
}

unsafe fn pick_builtin(callable: Word, total: usize) -> Op {
    let def = callable.obj().cast::<BuiltinFunction>().def();
    let name = std::ffi::CStr::from_ptr(def.ml_name);
    let module = (*callable.ptr().cast::<abi::PyCFunctionObject>()).m_module;
    let is_builtin = Obj::from_raw(module)
        .and_then(|module| module.downcast::<Str>())
        .is_some_and(|module| module.eq_str("builtins"));
    let address = std::ptr::from_ref(def).addr();
    if is_builtin && total == 1 && name == c"len" {
        LEN.store(address, Ordering::Relaxed);
        return Op::CALL_LEN;
    }
    if is_builtin && total == 2 && name == c"isinstance" {
        ISINSTANCE.store(address, Ordering::Relaxed);
        return Op::CALL_ISINSTANCE;
    }
    const KEYWORDS: i32 = abi::METH_FASTCALL | abi::METH_KEYWORDS;
    match (def.ml_flags, total) {
        (abi::METH_O, 1) => Op::CALL_BUILTIN_O,
        (abi::METH_FASTCALL, _) => Op::CALL_BUILTIN_FAST,
        (KEYWORDS, _) => Op::CALL_BUILTIN_FAST_WITH_KEYWORDS,
        _ => Op::CALL_NON_PY_GENERAL,
    }
}

unsafe fn pick_method(cache: *mut u16, callable: Word, base: *mut Word, total: usize) -> Op {
    let descriptor = callable.obj().cast::<MethodDescriptor>();
    let def = descriptor.def();
    let flags = def.ml_flags & !abi::METH_COEXIST;
    let next = *cache.add(3) & 0xFF;
    let is_list = std::ptr::eq(descriptor.owner(), List::type_object());
    if is_list
        && total == 2
        && !(*base.add(1)).is_null()
        && std::ffi::CStr::from_ptr(def.ml_name) == c"append"
        && next == Op::POP_TOP.number()
    {
        LIST_APPEND.store(std::ptr::from_ref(def).addr(), Ordering::Relaxed);
        return Op::CALL_LIST_APPEND;
    }
    const KEYWORDS: i32 = abi::METH_FASTCALL | abi::METH_KEYWORDS;
    match (flags, total) {
        (abi::METH_O, 2) => Op::CALL_METHOD_DESCRIPTOR_O,
        (abi::METH_NOARGS, 1) => Op::CALL_METHOD_DESCRIPTOR_NOARGS,
        (abi::METH_FASTCALL, 1..) => Op::CALL_METHOD_DESCRIPTOR_FAST,
        (KEYWORDS, 1..) => Op::CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS,
        _ => Op::CALL_NON_PY_GENERAL,
    }
}

/// A C function with two arguments, the first of which is `self`.
type CFunction = PyCFunction;

unsafe fn c_function(def: &abi::PyMethodDef) -> Option<CFunction> {
    def.ml_meth
}

/// The function behind a builtin with one argument, and its `self`.
#[inline(always)]
pub(crate) unsafe fn builtin_o(callable: Word) -> Option<(CFunction, *mut PyObject)> {
    builtin_with(callable, abi::METH_O)
}

/// The function behind a builtin with exactly these flags, and its `self`.
#[inline(always)]
pub(crate) unsafe fn builtin_with(
    callable: Word,
    flags: i32,
) -> Option<(CFunction, *mut PyObject)> {
    if !is_exact::<BuiltinFunction>(callable) {
        return None;
    }
    let this = callable.ptr().cast::<abi::PyCFunctionObject>();
    let def = &*(*this).m_ml;
    if def.ml_flags != flags {
        return None;
    }
    Some((c_function(def)?, (*this).m_self))
}

#[inline(always)]
unsafe fn method_of(callable: Word, this: Word, flags: i32) -> Option<CFunction> {
    if !is_exact::<MethodDescriptor>(callable) {
        return None;
    }
    let descriptor = callable.obj().cast::<MethodDescriptor>();
    let def = descriptor.def();
    if def.ml_flags != flags {
        return None;
    }
    let owner = descriptor.owner();
    if this.heap_type() != owner.as_ptr() && !is_of(this, owner) {
        return None;
    }
    c_function(def)
}

#[inline(never)]
unsafe fn is_of(this: Word, owner: &Type) -> bool {
    this.obj().ty().is_subtype(owner)
}

/// The function behind a method with exactly these flags, if it applies to `this`.
#[inline(always)]
pub(crate) unsafe fn method_with(callable: Word, this: Word, flags: i32) -> Option<CFunction> {
    method_of(callable, this, flags)
}

/// The function behind a method with one argument.
#[inline(always)]
pub(crate) unsafe fn method_o(callable: Word, this: Word) -> Option<CFunction> {
    method_of(callable, this, abi::METH_O)
}

/// The function behind a method without arguments.
#[inline(always)]
pub(crate) unsafe fn method_noargs(callable: Word, this: Word) -> Option<CFunction> {
    method_of(callable, this, abi::METH_NOARGS)
}

/// Whether the callee is `len`.
#[inline(always)]
pub(crate) unsafe fn is_len(callable: Word) -> bool {
    is_builtin(callable, &LEN)
}

/// Whether the callee is `isinstance`.
#[inline(always)]
pub(crate) unsafe fn is_isinstance(callable: Word) -> bool {
    is_builtin(callable, &ISINSTANCE)
}

#[inline(always)]
unsafe fn is_builtin(callable: Word, known: &AtomicUsize) -> bool {
    is_exact::<BuiltinFunction>(callable)
        && (*callable.ptr().cast::<abi::PyCFunctionObject>()).m_ml.addr()
            == known.load(Ordering::Relaxed)
}

/// Whether the callee is `list.append`.
#[inline(always)]
pub(crate) unsafe fn is_list_append(callable: Word) -> bool {
    is_exact::<MethodDescriptor>(callable)
        && (*callable.ptr().cast::<abi::PyMethodDescrObject>()).d_method.addr()
            == LIST_APPEND.load(Ordering::Relaxed)
}

/// Whether the callee is the builtin type of `T`.
#[inline(always)]
pub(crate) unsafe fn is_type<T: PyStruct>(callable: Word) -> bool {
    callable.ptr() == T::type_object().as_ptr().cast()
}

/// Whether the callee is `type`.
#[inline(always)]
pub(crate) unsafe fn is_type_type(callable: Word) -> bool {
    is_type::<Type>(callable)
}

/// The `__init__` of the class that was seen.
#[inline(always)]
pub(crate) unsafe fn init_function(cache: *const u16, class: Word) -> Option<Word> {
    if class.is_int() || !is_exact::<Type>(class) {
        return None;
    }
    let heap = class.ptr().cast::<abi::PyHeapTypeObject>();
    if (*heap).ht_type.tp_version_tag != read_u32(cache.add(1)) {
        return None;
    }
    let init = (*heap)._spec_cache.init;
    (!init.is_null()).then(|| Word::from_raw(init).lend())
}

/// A fresh instance of a class with `object`'s `__new__`.
pub(crate) unsafe fn allocate(th: Thread<'_>, class: Word) -> Option<Word> {
    let ty = class.obj().cast::<Type>();
    let object = alloc_object::alloc_raw(th, ty, 0, shape::inline_bytes(ty));
    let object: NonNull<PyObject> = match object {
        Ok(object) => object,
        Err(raised) => {
            th.clear_exception(raised);
            return None;
        }
    };
    shape::init_instance(th, ty, object);
    if ty.is_gc() {
        gc::track(th.heap(), object);
    }
    Some(Word::from_raw(object.as_ptr()))
}

/// Enter an `__init__` whose result must be None; the instance is on top.
#[inline(always)]
pub(crate) unsafe fn enter_init(
    r: &mut Regs,
    th: Thread<'_>,
    frame: *mut Frame,
    resume: u16,
) -> Flow {
    (*frame).entry = crate::frame::ENTRY_INIT;
    r.enter(th, frame, resume)
}
