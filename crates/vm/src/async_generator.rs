//! Asynchronous generators: what their methods return is awaited.
//!
//! The generator itself is a frame like any other ([`crate::generator`]); a
//! value that it yields (as opposed to what its awaits yield) comes wrapped,
//! and ends the `send` of the awaiting object with `StopIteration(value)`.

use std::cell::Cell;

use abi::PyGenObject;
use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Obj, Protocol, Ref, Result, Thread, alloc_object, error, exceptions::types,
    raise,
};

use crate::{
    exception,
    frame::public,
    generator::{self, AsyncGenerator, Resume, Thrown, state},
    ops::Step,
    word::own_raw,
};

/// A value that an asynchronous generator yields.
#[pytype(name = "async_generator_wrapped_value")]
pub struct WrappedValue {
    head: Head,
    value: Ref,
}

#[pymethods]
impl WrappedValue {}

/// Wrap a value that is being yielded.
pub(crate) fn wrap_value(th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
    alloc_object::new(th, WrappedValue { head: Head::new(), value: value.own() }).map(Ref::upcast)
}

pub(crate) fn is_async_generator(object: Obj<'_>) -> bool {
    object.is_exact::<AsyncGenerator>()
}

/// Where an awaited object of a generator's method is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Iterating,
    Closed,
}

#[allow(
    clippy::mut_from_ref,
    reason = "fields that C lays out; no reference is kept across a call"
)]
fn gen_of(this: &AsyncGenerator) -> &mut PyGenObject {
    // SAFETY: flags of a live generator; no reference is kept across a call.
    unsafe { &mut *this.as_gen() }
}

/// Call the hooks of `sys.set_asyncgen_hooks` at the first iteration.
fn init_hooks(th: Thread<'_>, this: &AsyncGenerator) -> Result<()> {
    if gen_of(this).gi_hooks_inited != 0 {
        return Ok(());
    }
    gen_of(this).gi_hooks_inited = 1;
    // SAFETY: the thread state owns its hooks.
    let (first, last) = unsafe {
        let public = public(th.state());
        (own_raw((*public).async_gen_firstiter), own_raw((*public).async_gen_finalizer))
    };
    if let Some(finalizer) = last {
        gen_of(this).gi_origin_or_finalizer = finalizer.into_raw();
    }
    if let Some(first) = first {
        first.call(th, &[this.obj()])?;
    }
    Ok(())
}

/// What a step of the generator means for who awaits: a wrapped value ends the
/// wait.
fn unwrap_step(th: Thread<'_>, this: &AsyncGenerator, step: Result<Step>) -> Result<Step> {
    let value = match step {
        Ok(Step::Yield(value)) => value,
        Ok(Step::Return(_)) => {
            let raised = th.raise_empty(types::StopAsyncIteration());
            return Err(ended(th, this, raised));
        }
        Err(raised) => return Err(ended(th, this, raised)),
    };
    if let Some(wrapped) = value.obj().downcast_exact::<WrappedValue>() {
        gen_of(this).gi_running_async = 0;
        return Ok(Step::Return(wrapped.value.clone()));
    }
    Ok(Step::Yield(value))
}

/// [`unwrap_step`], the end of the wait being a `StopIteration`.
fn unwrap(th: Thread<'_>, this: &AsyncGenerator, step: Result<Step>) -> Result<Ref> {
    match unwrap_step(th, this, step)? {
        Step::Yield(value) => Ok(value),
        Step::Return(value) => Err(generator::raise_stop(th, value.obj())),
    }
}

/// Send `value` to what `anext()` and `asend()` return; `None` for others.
pub(crate) fn send(th: Thread<'_>, receiver: Obj<'_>, value: Obj<'_>) -> Option<Result<Step>> {
    let this = receiver.downcast_exact::<AsyncSend>()?;
    Some(this.advance(th, Some(value)))
}

fn ended(th: Thread<'_>, this: &AsyncGenerator, raised: object::Raised) -> object::Raised {
    if th.exception_matches(types::StopAsyncIteration())
        || th.exception_matches(types::GeneratorExit())
    {
        gen_of(this).gi_closed = 1;
    }
    gen_of(this).gi_running_async = 0;
    raised
}

/// Warn that the result of a method was never awaited.
fn warn_unawaited(th: Thread<'_>, method: &str, generator: &AsyncGenerator) {
    let saved = th.swap_exception(None);
    // SAFETY: a live generator, whose field owns its value.
    let name = unsafe { own_raw((*generator.as_gen()).gi_qualname) };
    let name = name.unwrap_or_else(|| object::types::none().own());
    let warned = name.repr(th).and_then(|name| {
        let text = object::Str::from_fmt(
            th,
            format_args!("coroutine method '{method}' of {} was never awaited", &*name),
        )?;
        (th.hooks().warn)(th, types::RuntimeWarning().obj(), &text, 1)
    });
    if warned.is_err() {
        let context = "Exception ignored while finalizing async generator";
        (th.hooks().unraisable)(th, Some(context), Some(generator.obj()));
    }
    drop(th.swap_exception(saved));
}

/// `anext()` and `asend()`, to be awaited.
#[pytype(name = "async_generator_asend", c_name = "_PyAsyncGenASend_Type")]
pub struct AsyncSend {
    head: Head,
    generator: Ref<AsyncGenerator>,
    value: Option<Ref>,
    #[traverse(skip)]
    stage: Cell<Stage>,
}

/// `athrow()` and `aclose()` (no arguments), to be awaited.
#[pytype(name = "async_generator_athrow")]
pub struct AsyncThrow {
    head: Head,
    generator: Ref<AsyncGenerator>,
    args: Option<Vec<Ref>>,
    #[traverse(skip)]
    stage: Cell<Stage>,
}

impl AsyncSend {
    fn new(
        th: Thread<'_>,
        generator: &AsyncGenerator,
        value: Option<Obj<'_>>,
    ) -> Result<Ref<AsyncSend>> {
        init_hooks(th, generator)?;
        alloc_object::new(
            th,
            AsyncSend {
                head: Head::new(),
                generator: object::own(generator),
                value: value.map(Obj::own),
                stage: Cell::new(Stage::New),
            },
        )
    }

    fn reused(th: Thread<'_>) -> object::Raised {
        error!(th, RuntimeError, "cannot reuse already awaited __anext__()/asend()")
    }

    fn running(th: Thread<'_>) -> object::Raised {
        error!(th, RuntimeError, "anext(): asynchronous generator is already running")
    }

    fn begin(&self, th: Thread<'_>) -> Result<()> {
        if gen_of(&self.generator).gi_running_async != 0 {
            self.stage.set(Stage::Closed);
            return Err(Self::running(th));
        }
        self.stage.set(Stage::Iterating);
        Ok(())
    }

    fn step(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<Ref> {
        match self.advance(th, value)? {
            Step::Yield(value) => Ok(value),
            Step::Return(value) => Err(generator::raise_stop(th, value.obj())),
        }
    }

    fn advance(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<Step> {
        let mut value = value;
        match self.stage.get() {
            Stage::Closed => return Err(Self::reused(th)),
            Stage::New => {
                self.begin(th)?;
                if value.is_none_or(|value| value.is_none()) {
                    value = self.value.as_ref().map(AsObject::obj);
                }
            }
            Stage::Iterating => {}
        }
        gen_of(&self.generator).gi_running_async = 1;
        let how = value.map_or(Resume::Next, Resume::Send);
        // SAFETY: a live generator.
        let step = unsafe { generator::resume(th, self.generator.as_gen(), how) };
        let result = unwrap_step(th, &self.generator, step);
        if !matches!(result, Ok(Step::Yield(_))) {
            self.stage.set(Stage::Closed);
        }
        result
    }
}

#[pymethods]
impl AsyncSend {
    fn __del__(&self, th: Thread<'_>) -> Result<()> {
        if matches!(self.stage.get(), Stage::New) {
            warn_unawaited(th, "asend", &self.generator);
        }
        Ok(())
    }

    fn __await__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __iter__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.step(th, None).map(Some)
    }

    /// Send a value.
    #[sig = "($self, value, /)"]
    fn send(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
        self.step(th, Some(value))
    }

    /// Raise an exception in the generator.
    #[sig = "($self, type, value=None, traceback=None, /)"]
    fn throw(
        &self,
        th: Thread<'_>,
        ty: Obj<'_>,
        value: Option<Obj<'_>>,
        traceback: Option<Obj<'_>>,
    ) -> Result<Ref> {
        match self.stage.get() {
            Stage::Closed => return Err(Self::reused(th)),
            Stage::New => {
                self.begin(th)?;
                gen_of(&self.generator).gi_running_async = 1;
            }
            Stage::Iterating => {}
        }
        let thrown = Thrown { ty, value, traceback };
        // SAFETY: a live generator.
        let step = unsafe { generator::throw(th, self.generator.as_gen(), false, thrown) };
        let result = unwrap(th, &self.generator, step);
        if result.is_err() {
            self.stage.set(Stage::Closed);
        }
        result
    }

    /// Stop waiting.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        if self.stage.get() == Stage::Closed {
            return Ok(());
        }
        let exit = types::GeneratorExit().obj();
        finish_close(th, self.throw(th, exit, None, None))
    }
}

/// What `close()` makes of the answer to `GeneratorExit`.
fn finish_close(th: Thread<'_>, result: Result<Ref>) -> Result<()> {
    match result {
        Ok(_) => raise!(th, RuntimeError, "coroutine ignored GeneratorExit"),
        Err(raised) => {
            let expected =
                [types::StopIteration(), types::StopAsyncIteration(), types::GeneratorExit()];
            if expected.iter().any(|ty| th.exception_matches(ty)) {
                th.clear_exception(raised);
                return Ok(());
            }
            Err(raised)
        }
    }
}

impl AsyncThrow {
    fn new(
        th: Thread<'_>,
        generator: &AsyncGenerator,
        args: Option<Vec<Ref>>,
    ) -> Result<Ref<AsyncThrow>> {
        init_hooks(th, generator)?;
        alloc_object::new(
            th,
            AsyncThrow {
                head: Head::new(),
                generator: object::own(generator),
                args,
                stage: Cell::new(Stage::New),
            },
        )
    }

    fn reused(th: Thread<'_>) -> object::Raised {
        error!(th, RuntimeError, "cannot reuse already awaited aclose()/athrow()")
    }

    fn ignored(&self, th: Thread<'_>) -> object::Raised {
        gen_of(&self.generator).gi_running_async = 0;
        self.stage.set(Stage::Closed);
        error!(th, RuntimeError, "async generator ignored GeneratorExit")
    }

    /// An error: for `aclose()`, the expected ones end it.
    fn failed(&self, th: Thread<'_>, raised: object::Raised) -> object::Raised {
        gen_of(&self.generator).gi_running_async = 0;
        self.stage.set(Stage::Closed);
        if self.args.is_none()
            && (th.exception_matches(types::StopAsyncIteration())
                || th.exception_matches(types::GeneratorExit()))
        {
            th.clear_exception(raised);
            return th.raise_args(types::StopIteration(), &[]);
        }
        raised
    }

    fn begin(&self, th: Thread<'_>, send: bool) -> Result<()> {
        if gen_of(&self.generator).gi_running_async != 0 {
            self.stage.set(Stage::Closed);
            let method = if self.args.is_none() { "aclose" } else { "athrow" };
            return Err(error!(
                th,
                RuntimeError, "{method}(): asynchronous generator is already running"
            ));
        }
        if send && gen_of(&self.generator).gi_closed != 0 {
            self.stage.set(Stage::Closed);
            return Err(th.raise_empty(types::StopAsyncIteration()));
        }
        self.stage.set(Stage::Iterating);
        gen_of(&self.generator).gi_running_async = 1;
        Ok(())
    }

    /// What a step means; `first` is the one that throws.
    fn finish(&self, th: Thread<'_>, step: Result<Step>, first: bool) -> Result<Ref> {
        if self.args.is_some() {
            let result = unwrap(th, &self.generator, step);
            if result.is_err() {
                self.stage.set(Stage::Closed);
            }
            let _ = first;
            return result;
        }
        match step {
            Ok(Step::Yield(value)) => {
                if value.obj().is_exact::<WrappedValue>() {
                    return Err(self.ignored(th));
                }
                Ok(value)
            }
            Ok(Step::Return(_)) => {
                let raised = th.raise_empty(types::StopAsyncIteration());
                Err(self.failed(th, raised))
            }
            Err(raised) => Err(self.failed(th, raised)),
        }
    }

    fn step(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<Ref> {
        let this = self.generator.as_gen();
        // SAFETY: a live generator.
        let finished = unsafe { (*this).gi_frame_state } >= state::COMPLETED;
        if self.stage.get() == Stage::Closed {
            return Err(Self::reused(th));
        }
        if self.stage.get() == Stage::New && finished {
            self.stage.set(Stage::Closed);
            return Err(th.raise_args(types::StopIteration(), &[]));
        }
        if self.stage.get() == Stage::New {
            self.begin(th, true)?;
            if value.is_some_and(|value| !value.is_none()) {
                raise!(th, RuntimeError, "can't send non-None value to a just-started coroutine");
            }
            let exit = types::GeneratorExit().obj();
            let thrown = match self.args.as_deref() {
                None => {
                    gen_of(&self.generator).gi_closed = 1;
                    Thrown { ty: exit, value: None, traceback: None }
                }
                Some(args) => Thrown {
                    ty: args.first().map_or(exit, AsObject::obj),
                    value: args.get(1).map(AsObject::obj),
                    traceback: args.get(2).map(AsObject::obj),
                },
            };
            // SAFETY: a live generator.
            let step = unsafe { generator::throw(th, this, false, thrown) };
            return self.finish(th, step, true);
        }
        let how = value.map_or(Resume::Next, Resume::Send);
        // SAFETY: a live generator.
        let step = unsafe { generator::resume(th, this, how) };
        self.finish(th, step, false)
    }
}

#[pymethods]
impl AsyncThrow {
    fn __del__(&self, th: Thread<'_>) -> Result<()> {
        if matches!(self.stage.get(), Stage::New) {
            let method = if self.args.is_some() { "athrow" } else { "aclose" };
            warn_unawaited(th, method, &self.generator);
        }
        Ok(())
    }

    fn __await__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __iter__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.step(th, None).map(Some)
    }

    /// Send a value.
    #[sig = "($self, value, /)"]
    fn send(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
        self.step(th, Some(value))
    }

    /// Raise an exception in the generator.
    #[sig = "($self, type, value=None, traceback=None, /)"]
    fn throw(
        &self,
        th: Thread<'_>,
        ty: Obj<'_>,
        value: Option<Obj<'_>>,
        traceback: Option<Obj<'_>>,
    ) -> Result<Ref> {
        match self.stage.get() {
            Stage::Closed => return Err(Self::reused(th)),
            Stage::New => self.begin(th, false)?,
            Stage::Iterating => {}
        }
        let thrown = Thrown { ty, value, traceback };
        // SAFETY: a live generator.
        let step = unsafe { generator::throw(th, self.generator.as_gen(), false, thrown) };
        self.finish(th, step, false)
    }

    /// Stop waiting.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        if self.stage.get() == Stage::Closed {
            return Ok(());
        }
        let exit = types::GeneratorExit().obj();
        finish_close(th, self.throw(th, exit, None, None))
    }
}

#[pymethods(parts(common, frames))]
impl AsyncGenerator {
    fn __aiter__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __anext__(&self, th: Thread<'_>) -> Result<Ref> {
        AsyncSend::new(th, self, None).map(Ref::upcast)
    }

    /// Send 'value' into the generator when awaited.
    #[sig = "($self, value, /)"]
    fn asend(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref<AsyncSend>> {
        AsyncSend::new(th, self, Some(value))
    }

    /// athrow(value)
    /// athrow(type[,value[,tb]])
    ///
    /// Raise an exception in the generator when awaited.
    #[no_signature]
    #[sig = "($self, type, value=None, traceback=None, /)"]
    fn athrow(
        &self,
        th: Thread<'_>,
        ty: Obj<'_>,
        value: Option<Obj<'_>>,
        traceback: Option<Obj<'_>>,
    ) -> Result<Ref<AsyncThrow>> {
        generator::deprecated_throw(th, "athrow", value)?;
        let mut args = vec![ty.own()];
        if let Some(value) = value {
            args.push(value.own());
            args.extend(traceback.map(Obj::own));
        }
        AsyncThrow::new(th, self, Some(args))
    }

    /// Raise GeneratorExit inside the generator when awaited.
    #[sig = "($self, /)"]
    fn aclose(&self, th: Thread<'_>) -> Result<Ref<AsyncThrow>> {
        AsyncThrow::new(th, self, None)
    }
}

/// `anext(iterator, default)`, to be awaited.
#[pytype(name = "anext_awaitable")]
pub struct AnextAwaitable {
    head: Head,
    wrapped: Ref,
    default: Ref,
}

impl AnextAwaitable {
    /// Wait for `wrapped`; `StopAsyncIteration` becomes `default`.
    pub fn new(th: Thread<'_>, wrapped: Obj<'_>, default: Obj<'_>) -> Result<Ref<AnextAwaitable>> {
        alloc_object::new(
            th,
            AnextAwaitable { head: Head::new(), wrapped: wrapped.own(), default: default.own() },
        )
    }

    fn iterator(&self, th: Thread<'_>) -> Result<Ref> {
        let awaitable = generator::awaitable_iter(th, self.wrapped.obj())?;
        if generator::is_coroutine(awaitable.obj())
            && !object::protocol::iter::is_iterator(awaitable.obj())
        {
            return awaitable.call_method(th, object::id!(th, "__await__"), &[]);
        }
        Ok(awaitable)
    }

    fn finish(&self, th: Thread<'_>, result: Result<Ref>) -> Result<Ref> {
        match result {
            Ok(value) => Ok(value),
            Err(raised) => {
                th.catch(raised, types::StopAsyncIteration())?;
                Err(generator::raise_stop(th, self.default.obj()))
            }
        }
    }
}

#[pymethods]
impl AnextAwaitable {
    fn __await__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __iter__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let iterator = self.iterator(th)?;
        let result = match generator::next_of(th, iterator.obj()) {
            Ok(Step::Yield(value)) => Ok(value),
            Ok(Step::Return(value)) => Err(generator::raise_stop(th, value.obj())),
            Err(raised) => Err(raised),
        };
        self.finish(th, result).map(Some)
    }

    /// Send a value.
    #[sig = "($self, value, /)"]
    fn send(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
        let iterator = self.iterator(th)?;
        let result = iterator.call_method(th, object::id!(th, "send"), &[value]);
        self.finish(th, result)
    }

    /// Raise an exception in what is awaited.
    #[sig = "($self, /, *args)"]
    fn throw(&self, th: Thread<'_>, args: object::Args<'_>) -> Result<Ref> {
        let iterator = self.iterator(th)?;
        let result = iterator.call_method(th, object::id!(th, "throw"), args);
        self.finish(th, result)
    }

    /// Stop waiting.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<Ref> {
        let iterator = self.iterator(th)?;
        let result = iterator.call_method(th, object::id!(th, "close"), &[]);
        self.finish(th, result)
    }
}

/// The value of a `StopIteration`, for code that drives coroutines by hand.
pub fn stop_value(exception: Obj<'_>) -> Ref {
    exception::stop_value(exception)
}
