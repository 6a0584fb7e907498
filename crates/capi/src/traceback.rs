//! `traceback.h`, `pyframe.h`, `code.h`: where code is and what it is.

use std::ffi::{CStr, c_int};

use abi::PyObject;
use macros::capi;
use object::{
    AsObject, Code, Dict, Int, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    exceptions, id, raise, types,
};
use vm::frame_object::FrameObject;

use crate::{
    convert::{argument, c_name, text_of},
    modsupport::{function, method},
};

#[capi]
fn PyTraceBack_Print(th: Thread<'_>, traceback: Option<Obj<'_>>, file: Obj<'_>) -> Result<()> {
    let Some(traceback) = traceback else { return Ok(()) };
    if !traceback.is_exact::<vm::traceback::Traceback>() {
        raise!(th, SystemError, "bad argument to internal function");
    }
    let mut text = String::new();
    exceptions::report::format_traceback(th, &mut text, traceback);
    let text = Str::new(th, &text)?;
    method(th, file, "write", &[text.obj()]).map(drop)
}

#[capi]
fn PyTraceBack_Here(th: Thread<'_>, frame: Obj<'_>) -> Result<()> {
    let Some(object) = frame.downcast::<FrameObject>() else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    let saved = th.swap_exception(None);
    let line = PyFrame_GetLineNumber(th, frame);
    drop(th.swap_exception(saved));
    vm::traceback::add_native_entry(th, object, line)
}

/// An attribute of a frame.
fn attribute(th: Thread<'_>, object: Obj<'_>, name: &str) -> Result {
    object.getattr(th, &*Str::intern(th, name)?)
}

/// As [`attribute`]; `None` is null.
fn optional(th: Thread<'_>, object: Obj<'_>, name: &str) -> Option<Ref> {
    match attribute(th, object, name) {
        Ok(value) => Some(value).filter(|value| !value.obj().is_none()),
        Err(raised) => {
            th.clear_exception(raised);
            None
        }
    }
}

#[capi]
fn PyFrame_GetCode(th: Thread<'_>, frame: Obj<'_>) -> Result {
    attribute(th, frame, "f_code")
}

#[capi]
unsafe fn PyFrame_GetBack(th: Thread<'_>, frame: *mut PyObject) -> Option<Ref> {
    // SAFETY: C passes a frame, or what looks like one.
    unsafe { vm::back_of(th, frame) }.ok().flatten().map(Ref::upcast)
}

#[capi]
fn PyFrame_GetLocals(th: Thread<'_>, frame: Obj<'_>) -> Result {
    attribute(th, frame, "f_locals")
}

#[capi]
fn PyFrame_GetGlobals(th: Thread<'_>, frame: Obj<'_>) -> Result {
    attribute(th, frame, "f_globals")
}

#[capi]
fn PyFrame_GetBuiltins(th: Thread<'_>, frame: Obj<'_>) -> Result {
    attribute(th, frame, "f_builtins")
}

#[capi]
fn PyFrame_GetGenerator(th: Thread<'_>, frame: Obj<'_>) -> Option<Ref> {
    optional(th, frame, "f_generator")
}

#[capi]
fn PyFrame_GetLineNumber(th: Thread<'_>, frame: Obj<'_>) -> c_int {
    let line = optional(th, frame, "f_lineno");
    line.and_then(|line| Int::to_i64(line.obj())).map_or(-1, |line| line as c_int)
}

#[capi]
fn PyFrame_GetLasti(th: Thread<'_>, frame: Obj<'_>) -> c_int {
    let at = optional(th, frame, "f_lasti");
    at.and_then(|at| Int::to_i64(at.obj())).map_or(-1, |at| at as c_int)
}

fn variable(th: Thread<'_>, frame: Obj<'_>, name: Obj<'_>) -> Result {
    if name.downcast::<Str>().is_none() {
        raise!(th, TypeError, "name must be str, not {}", name.type_name());
    }
    let locals = attribute(th, frame, "f_locals")?;
    match locals.get_item(th, name) {
        Ok(value) => Ok(value),
        Err(raised) => {
            th.catch(raised, exceptions::types::KeyError())?;
            raise!(th, NameError, "variable {} does not exist", name.repr(th)?)
        }
    }
}

#[capi]
fn PyFrame_GetVar(th: Thread<'_>, frame: Obj<'_>, name: Obj<'_>) -> Result {
    variable(th, frame, name)
}

#[capi]
fn PyFrame_GetVarString(th: Thread<'_>, frame: Obj<'_>, name: &CStr) -> Result {
    variable(th, frame, text_of(th, name)?.obj())
}

/// A frame that never runs: what C code shows in tracebacks.
#[capi]
unsafe fn PyFrame_New(
    th: Thread<'_>,
    _state: *mut abi::PyThreadState,
    object: Obj<'_>,
    globals: Obj<'_>,
    _locals: Option<Obj<'_>>,
) -> Result<Ref<FrameObject>> {
    let Some(globals) = globals.downcast::<Dict>() else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    FrameObject::for_code(th, argument::<Code>(th, object)?, globals)
}

/// Local variables are in the frame itself: there is nothing to copy.
#[capi]
fn PyFrame_FastToLocals(_frame: Obj<'_>) {}

#[capi]
fn PyFrame_FastToLocalsWithError(_frame: Obj<'_>) -> c_int {
    0
}

#[capi]
fn PyFrame_LocalsToFast(_frame: Obj<'_>, _clear: c_int) {}

// Code.

macro_rules! code_attributes {
    ($($name:ident $attribute:literal;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, object: Obj<'_>) -> Result {
            attribute(th, object, $attribute)
        }
    )* };
}

code_attributes! {
    PyCode_GetCode "co_code";
    PyCode_GetVarnames "co_varnames";
    PyCode_GetCellvars "co_cellvars";
    PyCode_GetFreevars "co_freevars";
}

#[capi]
fn PyCode_Addr2Line(object: Obj<'_>, at: c_int) -> c_int {
    let Some(code) = object.downcast::<Code>() else { return -1 };
    match u32::try_from(at) {
        Ok(at) => code.line_at(at / 2).unwrap_or(-1),
        Err(_) => code.firstlineno,
    }
}

#[capi]
unsafe fn PyCode_Addr2Location(
    th: Thread<'_>,
    object: Obj<'_>,
    at: c_int,
    start_line: *mut c_int,
    start_column: *mut c_int,
    end_line: *mut c_int,
    end_column: *mut c_int,
) -> bool {
    let position = (|| {
        let positions = method(th, argument::<Code>(th, object)?.obj(), "co_positions", &[])?;
        let all = object::protocol::iter::collect(th, positions.obj())?;
        match all.get(at.max(0) as usize / 2) {
            Some(found) => object::protocol::iter::collect(th, found.obj()),
            None => Ok(Vec::new()),
        }
    })();
    let values = match position {
        Ok(values) => values,
        Err(raised) => {
            th.clear_exception(raised);
            return false;
        }
    };
    let number = |index: usize| {
        let value = values.get(index).and_then(|value| Int::to_i64(value.obj()));
        value.map_or(-1, |value| value as c_int)
    };
    // SAFETY: C passes variables.
    unsafe {
        start_line.write(number(0));
        end_line.write(number(1));
        start_column.write(number(2));
        end_column.write(number(3));
    }
    true
}

/// An empty function with a name, for entries of tracebacks.
#[capi]
fn PyCode_NewEmpty(th: Thread<'_>, file: &CStr, name: &CStr, line: c_int) -> Result<Ref<Code>> {
    let file = types::str::codec::decode_fs(th, file.to_bytes())?;
    Code::new_empty(th, file, c_name(th, name)?, line)
}

/// `code(...)`, whose order of parameters is another one.
#[capi]
#[allow(clippy::too_many_arguments, reason = "C's signature")]
fn PyUnstable_Code_NewWithPosOnlyArgs(
    th: Thread<'_>,
    args: c_int,
    positional_only: c_int,
    keyword_only: c_int,
    locals: c_int,
    stack_size: c_int,
    flags: c_int,
    code: Obj<'_>,
    consts: Obj<'_>,
    names: Obj<'_>,
    local_names: Obj<'_>,
    free_names: Obj<'_>,
    cell_names: Obj<'_>,
    file: Obj<'_>,
    name: Obj<'_>,
    qualname: Obj<'_>,
    first_line: c_int,
    lines: Obj<'_>,
    exceptions: Obj<'_>,
) -> Result {
    let int = |value: c_int| Int::from_i64(th, value.into());
    let (args, positional_only) = (int(args)?, int(positional_only)?);
    let (keyword_only, locals) = (int(keyword_only)?, int(locals)?);
    let (stack_size, flags, first_line) = (int(stack_size)?, int(flags)?, int(first_line)?);
    let args = [
        args.obj(),
        positional_only.obj(),
        keyword_only.obj(),
        locals.obj(),
        stack_size.obj(),
        flags.obj(),
        code,
        consts,
        names,
        local_names,
        file,
        name,
        qualname,
        first_line.obj(),
        lines,
        exceptions,
        free_names,
        cell_names,
    ];
    Code::type_object().obj().call(th, &args)
}

#[capi]
#[allow(clippy::too_many_arguments, reason = "C's signature")]
fn PyUnstable_Code_New(
    th: Thread<'_>,
    args: c_int,
    keyword_only: c_int,
    locals: c_int,
    stack_size: c_int,
    flags: c_int,
    code: Obj<'_>,
    consts: Obj<'_>,
    names: Obj<'_>,
    local_names: Obj<'_>,
    free_names: Obj<'_>,
    cell_names: Obj<'_>,
    file: Obj<'_>,
    name: Obj<'_>,
    qualname: Obj<'_>,
    first_line: c_int,
    lines: Obj<'_>,
    exceptions: Obj<'_>,
) -> Result {
    PyUnstable_Code_NewWithPosOnlyArgs(
        th,
        args,
        0,
        keyword_only,
        locals,
        stack_size,
        flags,
        code,
        consts,
        names,
        local_names,
        free_names,
        cell_names,
        file,
        name,
        qualname,
        first_line,
        lines,
        exceptions,
    )
}

// Functions and their like.

macro_rules! function_fields {
    ($($name:ident $field:ident;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, object: Obj<'_>) -> Result<*mut PyObject> {
            argument::<object::Function>(th, object).map(|function| function.$field.as_ptr())
        }
    )* };
}

function_fields! {
    PyFunction_GetCode code;
    PyFunction_GetGlobals globals;
    PyFunction_GetModule module;
    PyFunction_GetDefaults defaults;
    PyFunction_GetKwDefaults kwdefaults;
    PyFunction_GetClosure closure;
}

#[capi]
fn PyFunction_GetAnnotations(th: Thread<'_>, object: Obj<'_>) -> Result<*mut PyObject> {
    let function = argument::<object::Function>(th, object)?;
    if function.annotations.is_null() && function.annotate.get().is_none() {
        return Ok(types::none().as_ptr());
    }
    let annotations = attribute(th, object, "__annotations__")?;
    Ok(crate::convert::lend(annotations))
}

macro_rules! function_setters {
    ($($name:ident $attribute:literal $kind:literal $ty:ty;)*) => { $(
        #[capi]
        fn $name(th: Thread<'_>, object: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
            argument::<object::Function>(th, object)?;
            let value = value.unwrap_or(types::none());
            if !value.is_none() && value.downcast::<$ty>().is_none() {
                raise!(th, SystemError, concat!("non-", $kind, " ", $attribute));
            }
            object.setattr(th, &*Str::intern(th, $attribute)?, Some(value))
        }
    )* };
}

function_setters! {
    PyFunction_SetDefaults "__defaults__" "tuple" Tuple;
    PyFunction_SetKwDefaults "__kwdefaults__" "dict" Dict;
    PyFunction_SetAnnotations "__annotations__" "dict" Dict;
}

#[capi]
fn PyFunction_SetClosure(th: Thread<'_>, object: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
    let function = argument::<object::Function>(th, object)?;
    let value = match value.filter(|value| !value.is_none()) {
        Some(value) => match value.downcast::<Tuple>() {
            Some(cells) => Some(object::own(cells)),
            None => {
                raise!(th, SystemError, "expected tuple for closure, got '{}'", value.type_name())
            }
        },
        None => None,
    };
    function.closure.set(value);
    Ok(())
}

#[capi]
fn PyFunction_New(
    th: Thread<'_>,
    code_object: Obj<'_>,
    globals: Obj<'_>,
) -> Result<Ref<object::Function>> {
    PyFunction_NewWithQualName(th, code_object, globals, None)
}

#[capi]
fn PyFunction_NewWithQualName(
    th: Thread<'_>,
    code_object: Obj<'_>,
    globals: Obj<'_>,
    qualname: Option<Obj<'_>>,
) -> Result<Ref<object::Function>> {
    let Some(globals) = globals.downcast::<Dict>() else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    let code = object::own(argument::<Code>(th, code_object)?);
    let function = object::Function::new(th, code, object::own(globals))?;
    if let Some(qualname) = qualname {
        function.setattr(th, id!(th, "__qualname__"), Some(qualname))?;
    }
    Ok(function)
}

/// Caches of the function are void from now on.
#[capi]
fn PyFunction_SetVectorcall(function: Obj<'_>, vectorcall: Option<abi::vectorcallfunc>) {
    if let Some(function) = function.downcast::<object::Function>() {
        function.version.set(0);
        function.vectorcall.set(vectorcall);
    }
}

#[capi]
fn PyStaticMethod_New(th: Thread<'_>, callable: Obj<'_>) -> Result {
    types::staticmethod::new(th, callable)
}

#[capi]
fn PyClassMethod_New(th: Thread<'_>, callable: Obj<'_>) -> Result {
    types::classmethod::new(th, callable)
}

#[capi]
fn PyMethod_New(
    th: Thread<'_>,
    function: Obj<'_>,
    this: Option<Obj<'_>>,
) -> Result<Ref<types::method::Method>> {
    match this {
        Some(this) => types::method::Method::new(th, function, this),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyMethod_Function(th: Thread<'_>, object: Obj<'_>) -> Result<*mut PyObject> {
    argument::<types::method::Method>(th, object).map(|method| method.func.as_ptr())
}

#[capi]
fn PyMethod_Self(th: Thread<'_>, object: Obj<'_>) -> Result<*mut PyObject> {
    argument::<types::method::Method>(th, object).map(|method| method.this.as_ptr())
}

#[capi]
fn PyCell_New(th: Thread<'_>, contents: Option<Obj<'_>>) -> Result<Ref<types::cell::CellObject>> {
    types::cell::CellObject::new(th, contents.map(Obj::own))
}

#[capi]
fn PyCell_Get(th: Thread<'_>, object: Obj<'_>) -> Result<Option<Ref>> {
    argument::<types::cell::CellObject>(th, object).map(|cell| cell.contents.get())
}

#[capi]
fn PyCell_Set(th: Thread<'_>, object: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
    argument::<types::cell::CellObject>(th, object)
        .map(|cell| cell.contents.set(value.map(Obj::own)))
}

#[capi]
fn PySeqIter_New(th: Thread<'_>, sequence: Obj<'_>) -> Result {
    types::iter::sequence_iterator(th, sequence)
}

#[capi]
fn PyCallIter_New(th: Thread<'_>, callable: Obj<'_>, sentinel: Obj<'_>) -> Result {
    types::iter::callable_iterator(th, callable, sentinel)
}

#[capi]
fn Py_GenericAlias(th: Thread<'_>, origin: Obj<'_>, args: Obj<'_>) -> Result {
    types::generic_alias::new(th, origin, args)
}

#[capi]
fn PyGen_GetCode(th: Thread<'_>, object: Obj<'_>) -> Result {
    attribute(th, object, "gi_code")
}

// Descriptors.

#[capi]
unsafe fn PyDescr_NewMethod(
    th: Thread<'_>,
    ty: &object::Type,
    def: *mut abi::PyMethodDef,
) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    types::descr::method_descriptor(th, ty, unsafe { &*def })
}

#[capi]
unsafe fn PyDescr_NewClassMethod(
    th: Thread<'_>,
    ty: &object::Type,
    def: *mut abi::PyMethodDef,
) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    types::descr::classmethod_descriptor(th, ty, unsafe { &*def })
}

#[capi]
unsafe fn PyDescr_NewMember(
    th: Thread<'_>,
    ty: &object::Type,
    def: *mut abi::PyMemberDef,
) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    types::descr::member_descriptor(th, ty, unsafe { &*def })
}

#[capi]
unsafe fn PyDescr_NewGetSet(
    th: Thread<'_>,
    ty: &object::Type,
    def: *mut abi::PyGetSetDef,
) -> Result {
    // SAFETY: C passes a definition that lives for ever.
    types::descr::getset_from_def(th, ty, unsafe { &*def })
}

#[capi]
fn PyDescr_IsData(object: Obj<'_>) -> bool {
    object.ty().slots().tp_descr_set.is_some()
}

/// Complain of a definition of a spec, whose offset is not that in the object.
fn check_absolute(th: Thread<'_>, def: *const abi::PyMemberDef, function: &str) -> Result<()> {
    // SAFETY: C passes a definition.
    if unsafe { (*def).flags } & abi::Py_RELATIVE_OFFSET != 0 {
        raise!(th, SystemError, "{function} used with Py_RELATIVE_OFFSET");
    }
    Ok(())
}

#[capi]
unsafe fn PyMember_GetOne(
    th: Thread<'_>,
    object: *mut PyObject,
    def: *mut abi::PyMemberDef,
) -> Result {
    check_absolute(th, def, "PyMember_GetOne")?;
    // SAFETY: C passes an object of the type that the definition belongs to.
    unsafe { types::descr::get_member(th, th.argument(object), &*def) }
}

#[capi]
unsafe fn PyMember_SetOne(
    th: Thread<'_>,
    object: *mut PyObject,
    def: *mut abi::PyMemberDef,
    value: Option<Obj<'_>>,
) -> Result<()> {
    check_absolute(th, def, "PyMember_SetOne")?;
    // SAFETY: C passes an object of the type that the definition belongs to.
    unsafe { types::descr::set_member(th, th.argument(object), &*def, value) }
}

#[capi]
fn PyWrapper_New(th: Thread<'_>, descriptor: Obj<'_>, object: Obj<'_>) -> Result {
    types::descr::bind(th, descriptor, Some(object), object.ty())
}

// Weak references.

#[capi]
fn PyWeakref_NewRef(th: Thread<'_>, object: Obj<'_>, callback: Option<Obj<'_>>) -> Result {
    use object::PyStruct;
    types::weakref::new_ref(th, types::weakref::WeakRef::type_object(), object, callback)
}

#[capi]
fn PyWeakref_NewProxy(th: Thread<'_>, object: Obj<'_>, callback: Option<Obj<'_>>) -> Result {
    types::weakref::new_proxy(th, object, callback)
}

#[capi]
unsafe fn PyWeakref_GetRef(
    th: Thread<'_>,
    reference: Option<Obj<'_>>,
    result: *mut *mut PyObject,
) -> Result<bool> {
    // SAFETY: C passes a variable.
    unsafe { result.write(std::ptr::null_mut()) };
    let Some(reference) = reference else {
        raise!(th, SystemError, "bad argument to internal function");
    };
    if !types::weakref::is_reference(reference) {
        raise!(th, TypeError, "expected a weakref");
    }
    // SAFETY: as above.
    unsafe { crate::abstract_::found(result, Ok(types::weakref::referent(reference))) }
}

/// Borrowed: the caller keeps the object alive otherwise.
#[capi]
fn PyWeakref_GetObject(th: Thread<'_>, reference: Option<Obj<'_>>) -> Result<*mut PyObject> {
    match reference.filter(|reference| types::weakref::is_reference(*reference)) {
        Some(reference) => Ok(types::weakref::referent(reference)
            .map_or_else(|| types::none().as_ptr(), crate::convert::lend)),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyWeakref_IsDead(th: Thread<'_>, reference: Option<Obj<'_>>) -> Result<bool> {
    match reference {
        Some(reference) if types::weakref::is_reference(reference) => {
            Ok(types::weakref::referent(reference).is_none())
        }
        Some(other) => raise!(th, TypeError, "expected a weakref, got {}", other.type_name()),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

// Contexts, which live in their module.

#[capi]
fn PyContext_New(th: Thread<'_>) -> Result {
    function(th, "_contextvars", "Context", &[])
}

#[capi]
fn PyContext_Copy(th: Thread<'_>, context: Obj<'_>) -> Result {
    method(th, context, "copy", &[])
}

#[capi]
fn PyContext_CopyCurrent(th: Thread<'_>) -> Result {
    function(th, "_contextvars", "copy_context", &[])
}

#[capi]
fn PyContextVar_New(th: Thread<'_>, name: &CStr, default: Option<Obj<'_>>) -> Result {
    let module = vm::import::import_module(th, id!(th, "_contextvars"))?;
    let class = module.getattr(th, id!(th, "ContextVar"))?;
    let name = text_of(th, name)?;
    match default {
        Some(default) => {
            let kwargs = Dict::new(th)?;
            kwargs.set_str(th, "default", default)?;
            object::protocol::call::call_dict(th, class.obj(), &[name.obj()], Some(&kwargs))
        }
        None => class.call(th, &[name.obj()]),
    }
}

#[capi]
unsafe fn PyContextVar_Get(
    th: Thread<'_>,
    variable: Obj<'_>,
    default: Option<Obj<'_>>,
    result: *mut *mut PyObject,
) -> Result<()> {
    let value = (crate::upcalls::registered(th).context_value)(th, variable, default);
    // SAFETY: C passes a variable.
    unsafe { crate::abstract_::found(result, value) }.map(drop)
}

#[capi]
fn PyContextVar_Set(th: Thread<'_>, variable: Obj<'_>, value: Obj<'_>) -> Result {
    method(th, variable, "set", &[value])
}

#[capi]
fn PyContextVar_Reset(th: Thread<'_>, variable: Obj<'_>, token: Obj<'_>) -> Result<()> {
    method(th, variable, "reset", &[token]).map(drop)
}
