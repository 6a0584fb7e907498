//! `FutureIter`: what awaiting a future steps through.

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Link, Obj, Protocol, Raised, Ref, Result, Thread, alloc_object, exceptions,
    raise,
    types::{self, singletons::none},
};

use super::future::Future;

/// Yields a pending future once, then returns its result.
#[pytype(name = "_asyncio.FutureIter", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(super) struct FutureIter {
    head: Head,
    future: Link<Future>,
}

impl FutureIter {
    pub(super) fn new(th: Thread<'_>, future: Obj<'_>) -> Result<Ref<FutureIter>> {
        let Some(future) = future.downcast::<Future>() else {
            raise!(th, TypeError, "not a Future");
        };
        let future = Link::new(object::own(future));
        alloc_object::new(th, FutureIter { head: Head::new(), future })
    }

    /// The next step; raises `StopIteration` with the result.
    fn step(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(future) = self.future.get() else { return Ok(None) };
        if future.is_pending() {
            if !future.blocking.replace(true) {
                return Ok(Some(future.upcast()));
            }
            raise!(th, RuntimeError, "await wasn't used with future");
        }
        self.future.set(None);
        let value = future.get_result(th)?;
        if value.obj().is_none() {
            return Ok(None);
        }
        Err(exceptions::stop_iteration(th, value.obj()))
    }
}

#[pymethods]
impl FutureIter {
    fn __iter__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.step(th)
    }

    #[sig = "($self, arg, /)"]
    fn send(&self, th: Thread<'_>, arg: Obj<'_>) -> Result {
        let _ = arg;
        match self.step(th)? {
            Some(value) => Ok(value),
            None => Err(exceptions::stop_iteration(th, none())),
        }
    }

    #[sig = "($self, type, value=None, traceback=None, /)"]
    fn throw(
        &self,
        th: Thread<'_>,
        ty: Obj<'_>,
        value: Option<Obj<'_>>,
        traceback: Option<Obj<'_>>,
    ) -> Result {
        if value.is_some() {
            crate::support::warn(
                th,
                exceptions::types::DeprecationWarning(),
                "the (type, exc, tb) signature of throw() is deprecated, use the single-arg \
                 signature instead.",
                1,
            )?;
        }
        let (value, traceback) = (value.unwrap_or(none()), traceback.filter(|tb| !tb.is_none()));
        if let Some(traceback) = traceback
            && traceback.type_name() != "traceback"
        {
            raise!(th, TypeError, "throw() third argument must be a traceback");
        }
        let exception = if exceptions::is_exception_class(ty) {
            if exceptions::BaseException::of(value).is_some() {
                value.own()
            } else if value.is_none() {
                ty.call(th, &[])?
            } else if let Some(args) = value.downcast::<types::Tuple>() {
                ty.call(th, args.items())?
            } else {
                ty.call(th, &[value])?
            }
        } else if exceptions::BaseException::of(ty).is_some() {
            if !value.is_none() {
                raise!(th, TypeError, "instance exception may not have a separate value");
            }
            ty.own()
        } else {
            raise!(
                th,
                TypeError,
                "exceptions must be classes deriving BaseException or instances of such a class"
            );
        };
        self.future.set(None);
        if let (Some(base), Some(traceback)) =
            (exceptions::BaseException::of(exception.obj()), traceback)
        {
            base.set_traceback(Some(traceback.own()));
        }
        let raised: Raised = th.restore(exception);
        Err(raised)
    }

    #[sig = "($self, /)"]
    fn close(&self, _: Thread<'_>) {
        self.future.set(None);
    }
}
