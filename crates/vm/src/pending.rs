//! What the evaluation breaker asks for: signals, the GIL, the collector,
//! pending calls, asynchronous exceptions. Who knows how registers here.

use std::{cell::Cell, sync::atomic::Ordering};

use object::{AsObject, Ref, Result, Thread, thread::breaker};

use crate::{exception, frame::public};

/// The functions that do the work.
#[derive(Clone, Copy)]
pub struct PendingHooks {
    /// Run the Python handlers of signals that arrived.
    pub signals: fn(Thread<'_>) -> Result<()>,
    /// Collect garbage.
    pub collect: fn(Thread<'_>),
    /// Run pending calls.
    pub pending_calls: fn(Thread<'_>) -> Result<()>,
}

struct Registered(Cell<PendingHooks>);

impl Default for Registered {
    fn default() -> Self {
        Registered(Cell::new(PendingHooks {
            signals: |_| Ok(()),
            collect: |_| {},
            pending_calls: |_| Ok(()),
        }))
    }
}

/// The registered functions.
pub fn pending_hooks(th: Thread<'_>) -> PendingHooks {
    th.interp().shared.get::<Registered>().0.get()
}

/// Register who handles pending work.
pub fn set_pending_hooks(th: Thread<'_>, hooks: PendingHooks) {
    th.interp().shared.get::<Registered>().0.set(hooks);
}

/// Do what is pending.
#[cold]
#[inline(never)]
pub fn handle(th: Thread<'_>) -> Result<()> {
    let flags = &th.state().eval_breaker;
    let take = |bit: u32| {
        flags.load(Ordering::Relaxed) & bit != 0 && {
            flags.fetch_and(!bit, Ordering::AcqRel);
            true
        }
    };
    let hooks = pending_hooks(th);
    if take(breaker::SIGNAL) {
        (hooks.signals)(th)?;
    }
    if take(breaker::PENDING_CALL) {
        (hooks.pending_calls)(th)?;
    }
    if take(breaker::COLLECT) {
        (hooks.collect)(th);
    }
    if take(breaker::GIL_REQUEST) {
        th.yield_gil();
    }
    if take(breaker::SMALL_INT_PAGES) {
        object::small_int::reset_pages();
    }
    if take(breaker::ASYNC_EXCEPTION) {
        // SAFETY: only this thread takes its asynchronous exception.
        let exception = unsafe {
            let field = &mut (*public(th.state())).async_exc;
            Ref::from_raw(std::mem::replace(field, std::ptr::null_mut()))
        };
        if let Some(exception) = exception {
            return exception::raise(th, exception.obj(), None);
        }
    }
    Ok(())
}
