//! Execution: interpreter, frames, calls, generators, import, life cycle.
#![allow(
    unpredictable_function_pointer_comparisons,
    reason = "a slot that is not the expected function only misses a specialisation"
)]

pub mod async_generator;
mod attr;
mod bridge;
mod call;
pub mod collect;
pub mod dump;
mod exc_state;
pub mod exception;
pub mod exits;
mod frame;
mod frame_locals;
pub mod frame_object;
pub mod generator;
pub mod import;
pub mod import_time;
pub mod importdl;
mod interp;
pub mod interpreters;
pub mod intrinsics;
pub mod lifecycle;
#[cfg(any(debug_assertions, miri))]
mod match_loop;
pub mod module_def;
pub mod monitoring;
mod namespace;
mod ops;
pub mod pending;
pub mod pending_calls;
pub mod shutdown;
mod specialize;
pub mod suggest;
#[cfg(not(any(debug_assertions, miri)))]
mod tail_calls;
pub mod traceback;
pub mod tracemalloc;
mod unwind;
mod word;

use object::{
    AsObject, Code, Dict, Function, Obj, Ref, Result, Str, Thread, Tuple,
    declare::Declared,
    raise,
    types::{self, cell::CellObject, type_},
};

pub use call::eval_code;
pub use exc_state::{handled, handled_in, set_handled};
pub use frame::is_temporary;
pub use object::types::function::builtins_of;

use crate::{
    frame::{Frame, current, public},
    frame_object::FrameObject,
    word::{own_raw, raw},
};

/// Make this crate's types ready and register the interpreter with `object`.
pub fn init(th: Thread<'_>) -> Result<()> {
    for decl in [
        frame_object::FrameObject::DECL,
        frame_locals::FrameLocalsProxy::DECL,
        monitoring::CodeMonitoring::DECL,
        traceback::Traceback::DECL,
        generator::Generator::DECL,
        generator::Coroutine::DECL,
        generator::CoroutineWrapper::DECL,
        generator::AsyncGenerator::DECL,
        async_generator::AsyncSend::DECL,
        async_generator::AsyncThrow::DECL,
        async_generator::WrappedValue::DECL,
        async_generator::AnextAwaitable::DECL,
    ] {
        type_::ready(th, decl)?;
    }
    types::function::set_vectorcall(call::vectorcall);
    let mut hooks = th.hooks();
    hooks.call_function = call::call_function_hook;
    hooks.eval_code = eval_code;
    hooks.current_globals = frame_globals;
    hooks.current_builtins = frame_builtins;
    hooks.current_locals = frame_locals;
    hooks.super_arguments = super_arguments;
    hooks.handled_exception = handled;
    th.interp().hooks.set(hooks);
    Ok(())
}

/// The innermost frame that Python code may see.
fn visible(th: Thread<'_>) -> *mut Frame {
    // SAFETY: frames of this thread.
    unsafe { frame::complete(current(th)) }
}

/// The frame object of the innermost frame.
pub fn current_frame(th: Thread<'_>) -> Result<Option<Ref<FrameObject>>> {
    let frame = visible(th);
    if frame.is_null() {
        return Ok(None);
    }
    // SAFETY: a live frame.
    unsafe { frame::object_of(th, frame) }.map(Some)
}

/// The caller's frame of a frame object.
///
/// # Safety
///
/// `frame` is a frame object. greenlet passes one that it made on the stack,
/// whose header means nothing, to learn the object of the frame that follows.
pub unsafe fn back_of(
    th: Thread<'_>,
    frame: *mut abi::PyObject,
) -> Result<Option<Ref<FrameObject>>> {
    // SAFETY: the caller's promise, for the public fields of a frame.
    unsafe {
        let object = frame.cast::<abi::PyFrameObject>();
        if let Some(back) = object::Obj::from_raw((*object).f_back.cast()) {
            return Ok(back.downcast::<FrameObject>().map(object::own));
        }
        let inner = (*object).f_frame.cast::<Frame>();
        if inner.is_null() || (*inner).owner == frame::owner::FRAME_OBJECT {
            return Ok(None);
        }
        let caller = frame::complete((*inner).prev);
        if caller.is_null() { Ok(None) } else { frame::object_of(th, caller).map(Some) }
    }
}

/// The frame object of the innermost frame of a thread.
pub fn frame_of_thread(
    th: Thread<'_>,
    state: &object::ThreadState,
) -> Result<Option<Ref<FrameObject>>> {
    // SAFETY: the GIL is held, so the frames of the thread stay as they are.
    unsafe {
        let frame = frame::complete((*public(state)).current_frame.cast());
        if frame.is_null() { Ok(None) } else { frame::object_of(th, frame).map(Some) }
    }
}

fn frame_at(th: Thread<'_>, depth: i32) -> *mut Frame {
    let mut frame = visible(th);
    for _ in 0..depth.max(0) {
        if frame.is_null() {
            break;
        }
        // SAFETY: frames of this thread.
        frame = unsafe { frame::complete((*frame).prev) };
    }
    frame
}

/// What native code wants to know of a frame.
pub struct FrameView {
    pub code: Ref<Code>,
    pub globals: Ref<Dict>,
    pub line: Option<i32>,
}

/// The first frame, from the innermost outwards, whose code is accepted.
/// `accept` runs no Python code.
pub fn find_frame(th: Thread<'_>, mut accept: impl FnMut(&Code) -> bool) -> Option<FrameView> {
    let mut frame = visible(th);
    // SAFETY: frames of this thread.
    unsafe {
        while !frame.is_null() {
            let code = Frame::code(frame);
            if accept(code) {
                let globals = object::own(Frame::globals(frame));
                return Some(FrameView {
                    code: object::own(code),
                    globals,
                    line: Frame::lineno(frame),
                });
            }
            frame = frame::complete((*frame).prev);
        }
    }
    None
}

/// `sys._getframe(depth)`.
pub fn get_frame(th: Thread<'_>, depth: i32) -> Result<Ref> {
    let frame = frame_at(th, depth);
    if frame.is_null() {
        raise!(th, ValueError, "call stack is not deep enough");
    }
    // SAFETY: a live frame.
    unsafe { frame::object_of(th, frame) }.map(Ref::upcast)
}

/// `sys._getframemodulename(depth)`.
pub fn frame_module_name(th: Thread<'_>, depth: i32) -> Result<Ref> {
    let frame = frame_at(th, depth);
    let none = types::none().own();
    if frame.is_null() {
        return Ok(none);
    }
    // SAFETY: a live frame.
    let function = unsafe { Frame::function(frame) };
    Ok(function.and_then(|function| function.module.get()).unwrap_or(none))
}

/// The globals of the innermost frame.
pub fn frame_globals(th: Thread<'_>) -> Option<Ref<Dict>> {
    let frame = visible(th);
    if frame.is_null() {
        return interpreters::running_main(th);
    }
    // SAFETY: a live frame.
    Some(object::own(unsafe { Frame::globals(frame) }))
}

/// The builtins of the innermost frame.
pub fn frame_builtins(th: Thread<'_>) -> Option<Ref> {
    let frame = visible(th);
    if frame.is_null() {
        let main = interpreters::running_main(th)?;
        return builtins_of(th, &main).ok();
    }
    // SAFETY: a live frame.
    Some(unsafe { Frame::builtins(frame) }.own())
}

/// `locals()` of the innermost frame.
pub fn frame_locals(th: Thread<'_>) -> Result<Ref> {
    let frame = visible(th);
    if frame.is_null() {
        return match interpreters::running_main(th) {
            Some(main) => Ok(main.upcast()),
            None => raise!(th, SystemError, "frame does not exist"),
        };
    }
    // SAFETY: a live frame.
    let object = unsafe { frame::object_of(th, frame)? };
    frame_locals::locals_of(th, object)
}

/// The class and instance that `super()` without arguments means.
fn super_arguments(th: Thread<'_>) -> Result<(Ref, Ref)> {
    let frame = current(th);
    if frame.is_null() {
        raise!(th, RuntimeError, "super(): no current frame");
    }
    // SAFETY: a live frame of this thread.
    unsafe {
        let code = Frame::code(frame);
        if code.argcount == 0 {
            raise!(th, RuntimeError, "super(): no arguments");
        }
        let locals = Frame::localsplus(frame);
        let first = *locals;
        let mut this = first.obj_opt();
        if code.local_kind(0) & bytecode::fast_kind::CO_FAST_CELL != 0
            && let Some(cell) = this.and_then(|this| this.downcast_exact::<CellObject>())
        {
            this = Obj::from_raw(cell.contents.as_ptr());
        }
        let Some(this) = this else {
            raise!(th, RuntimeError, "super(): arg[0] deleted");
        };
        let first_free = (code.nlocalsplus - code.nfreevars) as usize;
        for i in first_free..code.nlocalsplus as usize {
            if !code.local_name(i).eq_str("__class__") {
                continue;
            }
            let cell = (*locals.add(i)).obj_opt();
            let Some(cell) = cell.and_then(|cell| cell.downcast_exact::<CellObject>()) else {
                raise!(th, RuntimeError, "super(): bad __class__ cell");
            };
            let Some(class) = cell.contents.get() else {
                raise!(th, RuntimeError, "super(): empty __class__ cell");
            };
            if class.obj().downcast::<object::Type>().is_none() {
                raise!(
                    th,
                    RuntimeError,
                    "super(): __class__ is not a type ({})",
                    class.obj().type_name()
                );
            }
            return Ok((class, this.own()));
        }
        raise!(th, RuntimeError, "super(): __class__ cell not found")
    }
}

/// Call a Python function.
pub fn call_function(
    th: Thread<'_>,
    function: &Function,
    args: &[Obj<'_>],
    kwnames: Option<&Tuple>,
) -> Result<Ref> {
    call::call_function_hook(th, function, args, kwnames)
}

/// Execute the body of a class: a function's code in a namespace.
pub fn eval_function_in(th: Thread<'_>, function: &Function, namespace: Obj<'_>) -> Result<Ref> {
    let (Some(code), Some(globals)) = (function.code.get(), function.globals.get()) else {
        raise!(th, SystemError, "function without code");
    };
    let closure = function.closure.get();
    eval_code(th, &code, &globals, Some(namespace), closure.as_deref())
}

/// `anext(iterator, default)`.
pub fn anext_awaitable(th: Thread<'_>, awaitable: Obj<'_>, default: Obj<'_>) -> Result<Ref> {
    async_generator::AnextAwaitable::new(th, awaitable, default).map(Ref::upcast)
}

/// `sys.set_asyncgen_hooks`: `None` leaves a hook as it is.
pub fn set_asyncgen_hooks(
    th: Thread<'_>,
    firstiter: Option<Option<Ref>>,
    finalizer: Option<Option<Ref>>,
) {
    let public = public(th.state());
    // SAFETY: the thread state owns its hooks.
    let old = unsafe {
        [
            firstiter.map(|hook| std::mem::replace(&mut (*public).async_gen_firstiter, raw(hook))),
            finalizer.map(|hook| std::mem::replace(&mut (*public).async_gen_finalizer, raw(hook))),
        ]
    };
    for hook in old.into_iter().flatten() {
        // SAFETY: taken out of the state just now.
        drop(unsafe { Ref::<object::Object>::from_raw(hook) });
    }
}

/// `sys.get_asyncgen_hooks`.
pub fn asyncgen_hooks(th: Thread<'_>) -> (Option<Ref>, Option<Ref>) {
    let public = public(th.state());
    // SAFETY: the thread state owns its hooks.
    unsafe { (own_raw((*public).async_gen_firstiter), own_raw((*public).async_gen_finalizer)) }
}

/// `sys.get_coroutine_origin_tracking_depth`.
pub fn coroutine_origin_depth(th: Thread<'_>) -> i32 {
    // SAFETY: only this thread touches its state.
    unsafe { (*public(th.state())).coroutine_origin_tracking_depth }
}

/// `sys.set_coroutine_origin_tracking_depth`.
pub fn set_coroutine_origin_depth(th: Thread<'_>, depth: i32) {
    // SAFETY: only this thread touches its state.
    unsafe { (*public(th.state())).coroutine_origin_tracking_depth = depth };
}

/// Change `co_filename` of code and of all code in its constants.
pub fn set_code_filename(th: Thread<'_>, code: &Code, path: &Str) -> Result<()> {
    let old = code.filename();
    fn change(code: &Code, old: &Str, path: &Str) {
        if !code.filename().eq(old) {
            return;
        }
        code.set_filename(object::own(path));
        for constant in code.consts.items() {
            if let Some(inner) = constant.downcast::<Code>() {
                change(inner, old, path);
            }
        }
    }
    let _ = th;
    change(code, &old, path);
    Ok(())
}

/// Free what a thread's frames used; no Python code runs in it any more.
///
/// # Safety
///
/// The thread has no frames.
pub unsafe fn end_thread(th: Thread<'_>) {
    // SAFETY: the caller's promise.
    unsafe { frame::free_data_stack(th.state()) };
}

/// The line that the innermost frame executes, for warnings.
pub fn current_line(th: Thread<'_>) -> Option<i32> {
    let frame = visible(th);
    // SAFETY: a live frame.
    if frame.is_null() { None } else { unsafe { Frame::lineno(frame) } }
}
