//! `traceback`: where an exception passed.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Int, Link, List, Obj, Ref, Result, Str, Thread, Tuple, Type, alloc_object,
    raise,
};

use crate::{
    exception,
    frame::{self, Frame},
    frame_object::FrameObject,
};

/// Create a new traceback object.
#[pytype(name = "traceback", c_name = "PyTraceBack_Type", sig = "(tb_next, tb_frame, tb_lasti, tb_lineno)", layout = abi::PyTracebackObject)]
pub struct Traceback {
    head: Head,
    next: Link<Traceback>,
    frame: Link<FrameObject>,
    lasti: Cell<i32>,
    /// -1 until somebody asks.
    lineno: Cell<i32>,
}

impl Traceback {
    /// A new entry in front of `next`.
    pub(crate) fn new(
        th: Thread<'_>,
        next: Option<Ref<Traceback>>,
        frame: Ref<FrameObject>,
        lasti: i32,
        lineno: i32,
    ) -> Result<Ref<Traceback>> {
        alloc_object::new(
            th,
            Traceback {
                head: Head::new(),
                next: Link::from_option(next),
                frame: Link::new(frame),
                lasti: Cell::new(lasti),
                lineno: Cell::new(lineno),
            },
        )
    }

    fn line(&self) -> Option<i32> {
        if self.lineno.get() != -1 {
            return Some(self.lineno.get());
        }
        let frame = self.frame.get()?;
        let lasti = self.lasti.get() / 2;
        let code = frame.code();
        if lasti < 0 { Some(code.firstlineno) } else { code.line_at(lasti as u32) }
    }
}

/// Add an entry for `frame` to the traceback of the exception that is set.
///
/// # Safety
///
/// `frame` is a live frame of this thread.
pub(crate) unsafe fn add_entry(th: Thread<'_>, frame: *mut Frame) {
    let Some(exception) = th.swap_exception(None) else { return };
    // SAFETY: the caller's promise.
    let entry = unsafe { entry_for(th, frame, exception::traceback(exception.obj())) };
    match entry {
        Ok(entry) => {
            exception::set_traceback(exception.obj(), Some(entry.upcast()));
            drop(th.swap_exception(Some(exception)));
        }
        // Out of memory: that is the exception now.
        Err(_) => drop(exception),
    }
}

unsafe fn entry_for(
    th: Thread<'_>,
    frame: *mut Frame,
    next: Option<Ref>,
) -> Result<Ref<Traceback>> {
    // SAFETY: the caller's promise.
    let (object, lasti) = unsafe { (frame::object_of(th, frame)?, Frame::lasti(frame)) };
    let next = next.and_then(|next| next.downcast::<Traceback>().ok());
    Traceback::new(th, next, object, lasti * 2, -1)
}

/// Add an entry for a function that has no frame (native code, templates):
/// `filename` and `name` as they show.
pub fn add_native_entry(th: Thread<'_>, frame: &FrameObject, lineno: i32) -> Result<()> {
    let Some(exception) = th.swap_exception(None) else { return Ok(()) };
    let next = exception::traceback(exception.obj()).and_then(|tb| tb.downcast().ok());
    let entry = Traceback::new(th, next, object::own(frame), -1, lineno)?;
    exception::set_traceback(exception.obj(), Some(entry.upcast()));
    th.restore(exception);
    Ok(())
}

/// A traceback of the innermost frame alone.
pub(crate) fn here(th: Thread<'_>) -> Result<Option<Ref>> {
    // SAFETY: frames of this thread.
    unsafe {
        let frame = frame::complete(frame::current(th));
        if frame.is_null() {
            return Ok(None);
        }
        entry_for(th, frame, None).map(|entry| Some(entry.upcast()))
    }
}

/// `cr_origin`: file, line and function of up to `depth` frames.
pub(crate) fn origin(th: Thread<'_>, mut frame: *mut Frame, depth: i32) -> Result<Ref> {
    let mut rows = Vec::new();
    // SAFETY: frames of this thread.
    unsafe {
        while rows.len() < depth as usize {
            frame = frame::complete(frame);
            if frame.is_null() {
                break;
            }
            let code = Frame::code(frame);
            let line = i64::from(Frame::lineno(frame).unwrap_or(0));
            let row = vec![
                code.filename().upcast(),
                Int::from_i64(th, line)?,
                code.name.clone().upcast(),
            ];
            rows.push(Tuple::from_refs(th, row)?.upcast());
            frame = (*frame).prev;
        }
    }
    Tuple::from_refs(th, rows).map(Ref::upcast)
}

/// Take the frames of importlib out of the traceback of the exception that is
/// set, so that users see their own: all for an `ImportError`, otherwise those
/// that only called on.
pub(crate) fn remove_importlib_frames(th: Thread<'_>) {
    let Some(exception) = th.exception() else { return };
    let always = exception.obj().ty().is_subtype(object::exceptions::types::ImportError());
    let first = exception::traceback(exception.obj());
    let mut entries = Vec::new();
    let mut cursor = first.and_then(|tb| tb.downcast::<Traceback>().ok());
    while let Some(entry) = cursor {
        cursor = entry.next.get();
        entries.push(entry);
    }
    let internal = |entry: &Traceback| {
        entry.frame.get().is_some_and(|frame| {
            let file = frame.code().filename();
            file.eq_str("<frozen importlib._bootstrap>")
                || file.eq_str("<frozen importlib._bootstrap_external>")
        })
    };
    let mut kept: Vec<Ref<Traceback>> = Vec::new();
    let mut i = 0;
    while i < entries.len() {
        let start = i;
        while i < entries.len() && internal(&entries[i]) {
            i += 1;
        }
        let passes_on = i > start
            && entries[i - 1]
                .frame
                .get()
                .is_some_and(|frame| frame.code().name.eq_str("_call_with_frames_removed"));
        if i > start && !always && !passes_on {
            kept.extend(entries[start..i].iter().cloned());
        }
        if i < entries.len() {
            kept.push(entries[i].clone());
            i += 1;
        }
    }
    for (i, entry) in kept.iter().enumerate() {
        entry.next.set(kept.get(i + 1).cloned());
    }
    exception::set_traceback(exception.obj(), kept.into_iter().next().map(Ref::upcast));
}

#[pymethods]
impl Traceback {
    #[sig = "traceback(tb_next, tb_frame, tb_lasti, tb_lineno)"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        tb_next: Obj<'_>,
        tb_frame: &FrameObject,
        tb_lasti: i32,
        tb_lineno: i32,
    ) -> Result<Ref<Traceback>> {
        let next = if tb_next.is_none() {
            None
        } else {
            match tb_next.downcast::<Traceback>() {
                Some(next) => Some(object::own(next)),
                None => raise!(
                    th,
                    TypeError,
                    "expected traceback object or None, got '{}'",
                    tb_next.type_name()
                ),
            }
        };
        Self::new(th, next, object::own(tb_frame), tb_lasti, tb_lineno)
    }

    #[getter]
    fn tb_frame(&self, _: Thread<'_>) -> Result<Option<Ref<FrameObject>>> {
        Ok(self.frame.get())
    }

    #[getter]
    fn tb_lasti(&self, _: Thread<'_>) -> Result<i32> {
        Ok(self.lasti.get())
    }

    #[getter]
    fn tb_lineno(&self, _: Thread<'_>) -> Result<Option<i32>> {
        Ok(self.line())
    }

    #[getter]
    fn tb_next(&self, _: Thread<'_>) -> Result<Option<Ref<Traceback>>> {
        Ok(self.next.get())
    }

    #[setter(tb_next)]
    fn set_tb_next(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, TypeError, "can't delete tb_next attribute") };
        if value.is_none() {
            self.next.set(None);
            return Ok(());
        }
        let Some(next) = value.downcast::<Traceback>() else {
            raise!(th, TypeError, "expected traceback object, got '{}'", value.type_name());
        };
        let mut cursor = Some(object::own(next));
        while let Some(entry) = cursor {
            if entry.obj().is(self.obj()) {
                raise!(th, ValueError, "traceback loop detected");
            }
            cursor = entry.next.get();
        }
        self.next.set(Some(object::own(next)));
        Ok(())
    }

    /// The names of the attributes.
    #[sig = "($self, /)"]
    fn __dir__(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let names = ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"];
        let names =
            names.iter().map(|name| Str::intern(th, name).map(Ref::upcast)).collect::<Result<_>>();
        List::from_refs(th, names?)
    }
}
