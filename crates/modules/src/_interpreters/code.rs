//! Which code runs elsewhere: scripts, and functions without state.

use bytecode::Op;
use object::{
    AsObject, Bytes, Code, Dict, Function, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id,
    raise,
};

use crate::{compile, support::shown};

/// The code of a script: source text, a code object, or a function.
pub(crate) fn script(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Code>> {
    let code = if let Some(code) = object.downcast::<Code>() {
        object::own(code)
    } else if object.downcast::<Function>().is_some() {
        code_of(th, object)?
    } else {
        return compile_script(th, object);
    };
    verify_stateless(th, &code, None)?;
    verify_script(th, &code)?;
    Ok(code)
}

/// As [`script`], of code that uses no globals but builtins.
pub(crate) fn pure_script(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Code>> {
    if object.downcast::<Function>().is_some() {
        let code = stateless_function(th, object)?;
        verify_script(th, &code)?;
        return Ok(code);
    }
    let code = script(th, object)?;
    if object.downcast::<Code>().is_some() {
        let builtins = th.interp().builtins.get();
        let is_global = |name: Obj<'_>| match &builtins {
            Some(builtins) => Ok(builtins.get(th, name)?.is_none()),
            None => Ok(true),
        };
        verify_stateless(th, &code, Some(&is_global))?;
    }
    Ok(code)
}

fn compile_script(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Code>> {
    let is_text = object.downcast::<Str>().is_some()
        || object.downcast::<Bytes>().is_some()
        || object.downcast::<object::types::ByteArray>().is_some()
        || object.downcast::<object::types::MemoryView>().is_some();
    if !is_text {
        raise!(th, TypeError, "unsupported script {}", shown(th, object));
    }
    let how = compile::How { flags: 0, dont_inherit: true, optimize: 0, feature_version: -1 };
    let (file, mode) = (Str::new(th, "<script>")?, Str::new(th, "exec")?);
    let code = compile::compile(th, object, file.obj(), mode.obj(), how)?;
    match code.downcast::<Code>() {
        Ok(code) => Ok(code),
        Err(_) => raise!(th, SystemError, "compile() did not make code"),
    }
}

fn verify_script(th: Thread<'_>, code: &Code) -> Result<()> {
    let takes_more = code.flags & (abi::CO_VARARGS | abi::CO_VARKEYWORDS) != 0;
    if code.argcount > 0 || code.posonlyargcount > 0 || code.kwonlyargcount > 0 || takes_more {
        raise!(th, ValueError, "code with args not supported");
    }
    if !returns_only_none(code) {
        raise!(th, ValueError, "code that returns a value is not a script");
    }
    Ok(())
}

/// The instructions: operation and full argument.
fn instructions(code: &Code) -> impl Iterator<Item = (Op, usize)> + '_ {
    let (mut unit, mut extended) = (0, 0);
    std::iter::from_fn(move || {
        let (op, arg) = code.instruction(unit)?;
        let arg = extended | usize::from(arg);
        extended = if op == Op::EXTENDED_ARG { arg << 8 } else { 0 };
        unit += 1 + op.caches();
        Some((op, arg))
    })
}

fn returns_only_none(code: &Code) -> bool {
    let returns_itself = abi::CO_GENERATOR | abi::CO_COROUTINE | abi::CO_ASYNC_GENERATOR;
    if code.flags & returns_itself != 0 {
        return false;
    }
    let mut loads_none = false;
    for (op, arg) in instructions(code) {
        if op == Op::RETURN_VALUE && !loads_none {
            return false;
        }
        loads_none =
            op == Op::LOAD_CONST && code.consts.get(arg).is_some_and(|constant| constant.is_none());
    }
    true
}

/// The code of a function.
fn code_of(th: Thread<'_>, function: Obj<'_>) -> Result<Ref<Code>> {
    match function.getattr(th, id!(th, "__code__"))?.downcast::<Code>() {
        Ok(code) => Ok(code),
        Err(_) => raise!(th, SystemError, "function without code"),
    }
}

/// The code of a function that needs nothing but its arguments and builtins.
pub(crate) fn stateless_function(th: Thread<'_>, function: Obj<'_>) -> Result<Ref<Code>> {
    if function.downcast::<Function>().is_none() {
        raise!(th, TypeError, "expected a function, got {}", shown(th, function));
    }
    let globals = function.getattr(th, id!(th, "__globals__"))?;
    let Some(globals) = globals.obj().downcast::<Dict>() else {
        raise!(th, TypeError, "unsupported globals {}", shown(th, globals.obj()));
    };
    for (name, text) in [
        (id!(th, "__defaults__"), "defaults not supported"),
        (id!(th, "__kwdefaults__"), "keyword defaults not supported"),
        (id!(th, "__closure__"), "closures not supported"),
    ] {
        let value = function.getattr(th, name)?;
        if !value.obj().is_none() && value.is_true(th)? {
            raise!(th, ValueError, "{text}");
        }
    }
    let code = code_of(th, function)?;
    verify_stateless(th, &code, Some(&|name| Ok(globals.get(th, name)?.is_some())))?;
    Ok(code)
}

/// See to it that code has no closure and, if it is known which names are global, uses none.
fn verify_stateless(
    th: Thread<'_>,
    code: &Code,
    is_global: Option<&dyn Fn(Obj<'_>) -> Result<bool>>,
) -> Result<()> {
    if code.nfreevars > 0 {
        raise!(th, ValueError, "closures not supported");
    }
    let Some(is_global) = is_global else { return Ok(()) };
    for (op, arg) in instructions(code) {
        let index = match op {
            Op::LOAD_GLOBAL => arg >> 1,
            Op::LOAD_NAME | Op::STORE_GLOBAL | Op::DELETE_GLOBAL => arg,
            _ => continue,
        };
        let Some(name) = code.names.get(index) else { continue };
        if op != Op::LOAD_GLOBAL && op != Op::LOAD_NAME || is_global(name)? {
            raise!(th, ValueError, "globals not supported");
        }
    }
    Ok(())
}

/// A function of marshalled code, whose globals are those of `__main__`.
pub(super) fn function(th: Thread<'_>, bytes: &[u8]) -> Result {
    let code = match crate::marshal::load_object(th, bytes)?.downcast::<Code>() {
        Ok(code) => code,
        Err(_) => raise!(th, SystemError, "no code was sent"),
    };
    Function::new(th, code, super::session::main_namespace(th)?).map(Ref::upcast)
}

/// A tuple of nothing.
pub(super) fn no_arguments(th: Thread<'_>) -> Result<Ref<Tuple>> {
    Tuple::from_refs(th, Vec::new())
}
