//! Python functions that SQLite calls.
//!
//! SQLite gets a pointer to a boxed [`Callback`] and frees it through
//! [`destroy`], or the connection keeps it. It may call on any thread that uses
//! the connection, without the GIL. What SQLite does not expect of a function that
//! it calls is refused by the [`Running`] of the connection. Errors become result codes; the exception
//! is forgotten, or reported if `enable_callback_tracebacks` was asked for.

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    ops::Deref,
    rc::Rc,
};

use libsqlite3_sys as ffi;
use object::{
    AsObject, Int, Interpreter, Obj, Protocol, Raised, Ref, Result, Str, Thread, exceptions, id,
    types,
};

use crate::{_thread::with_attached, support};

use super::{
    error::{self, Kind, chain},
    state,
    value::{arguments, lent, set_result, text},
};

/// See the module.
pub(super) struct Callback {
    pub(super) callable: Ref,
    interp: &'static Interpreter,
    running: Rc<Running>,
}

/// What SQLite is about when it calls a function.
#[derive(Clone, Copy)]
enum During {
    /// Running a statement, which keeps the database.
    Statement,
    /// Running or compiling one.
    Progress,
    /// Compiling one.
    Authorization,
}

/// How many calls SQLite makes for a connection just now. It locks the connection
/// meanwhile, so they are all on one thread.
#[derive(Default)]
pub(super) struct Running {
    calls: [Cell<u32>; 3],
    thread: Cell<u64>,
}

impl Running {
    fn calls(&self, during: During) -> &Cell<u32> {
        let [statement, progress, authorization] = &self.calls;
        match during {
            During::Statement => statement,
            During::Progress => progress,
            During::Authorization => authorization,
        }
    }

    fn is_here(&self, th: Thread<'_>, during: During) -> bool {
        self.calls(during).get() > 0 && self.thread.get() == th.state().ident()
    }

    /// SQLite goes on compiling for the database after the call.
    pub(super) fn refuse_to_close(&self, th: Thread<'_>) -> Result<()> {
        if self.is_here(th, During::Progress) || self.is_here(th, During::Authorization) {
            return Err(error::misuse(th, "Cannot close a database from this callback."));
        }
        Ok(())
    }

    /// A statement could change the tables that the one being compiled is about.
    pub(super) fn refuse_statements(&self, th: Thread<'_>) -> Result<()> {
        if self.is_here(th, During::Authorization) {
            return Err(error::misuse(th, "Cannot run statements from an authorizer callback."));
        }
        Ok(())
    }
}

/// A callback during a call, in which the connection may let go of it.
struct Held {
    callback: Callback,
    during: During,
}

impl Deref for Held {
    type Target = Callback;

    fn deref(&self) -> &Callback {
        &self.callback
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let calls = self.callback.running.calls(self.during);
        calls.set(calls.get() - 1);
    }
}

impl Callback {
    /// For SQLite, or for a connection to keep.
    pub(super) fn create(
        th: Thread<'_>,
        callable: Obj<'_>,
        running: &Rc<Running>,
    ) -> *mut Callback {
        Box::into_raw(Box::new(Callback {
            callable: callable.own(),
            interp: th.interp(),
            running: running.clone(),
        }))
    }

    fn hold(&self, th: Thread<'_>, during: During) -> Held {
        self.running.thread.set(th.state().ident());
        let calls = self.running.calls(during);
        calls.set(calls.get() + 1);
        let (interp, running) = (self.interp, self.running.clone());
        Held { callback: Callback { callable: self.callable.clone(), interp, running }, during }
    }

    /// Report the exception that is set, or forget it.
    fn report(&self, th: Thread<'_>) {
        if !state(th).tracebacks.get() {
            drop(th.swap_exception(None));
            return;
        }
        let shown = support::shown(th, self.callable.obj());
        let context = format!("Exception ignored on sqlite3 callback {shown}");
        (th.hooks().unraisable)(th, Some(&context), None);
    }

    /// Fail the function that is called.
    fn fail(&self, th: Thread<'_>, context: *mut ffi::sqlite3_context, text: &CStr) {
        // SAFETY: the context of the function that is called.
        unsafe {
            if th.exception_matches(exceptions::types::MemoryError()) {
                ffi::sqlite3_result_error_nomem(context);
            } else if th.exception_matches(exceptions::types::OverflowError()) {
                ffi::sqlite3_result_error_toobig(context);
            } else {
                ffi::sqlite3_result_error(context, text.as_ptr(), -1);
            }
        }
        self.report(th);
    }
}

/// The callback that a context belongs to.
///
/// # Safety
///
/// The context of a call of a function made with a callback.
unsafe fn of_context<'a>(context: *mut ffi::sqlite3_context) -> &'a Callback {
    // SAFETY: the caller's promise.
    unsafe { &*ffi::sqlite3_user_data(context).cast::<Callback>() }
}

/// SQLite needs a callback no longer.
pub(super) unsafe extern "C" fn destroy(callback: *mut c_void) {
    // SAFETY: made by `Callback::create`, and given up.
    let interp = unsafe { (*callback.cast::<Callback>()).interp };
    with_attached(interp, |_| {
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(callback.cast::<Callback>()) });
    });
}

pub(super) unsafe extern "C" fn call(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite calls functions so.
    let callback = unsafe { of_context(context) };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Statement);
        let result = (|| {
            // SAFETY: the values of this call.
            let arguments = unsafe { arguments(th, count, values) }?;
            let result = callback.callable.call(th, object::args::borrow_all(&arguments))?;
            set_result(th, context, result.obj())
        })();
        if result.is_err() {
            callback.fail(th, context, c"user-defined function raised exception");
        }
    });
}

/// Where the instance of an aggregate is kept; null if there is none and
/// `create` is false.
unsafe fn instance_place(
    context: *mut ffi::sqlite3_context,
    create: bool,
) -> *mut *mut abi::PyObject {
    let size = if create { size_of::<*mut abi::PyObject>() } else { 0 };
    // SAFETY: the context of an aggregate.
    unsafe { ffi::sqlite3_aggregate_context(context, size as c_int) }.cast()
}

/// The instance of an aggregate, if it was made.
unsafe fn instance<'a>(context: *mut ffi::sqlite3_context) -> Option<Obj<'a>> {
    // SAFETY: the context of an aggregate.
    let place = unsafe { instance_place(context, false) };
    // SAFETY: null, or the place of a reference or null.
    unsafe { place.as_ref() }.and_then(|object| unsafe { Obj::from_raw(*object) })
}

pub(super) unsafe extern "C" fn step(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite calls functions so.
    let callback = unsafe { of_context(context) };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Statement);
        // SAFETY: the context of an aggregate.
        let place = unsafe { instance_place(context, true) };
        // SAFETY: null, or the place of a reference or null.
        let Some(place) = (unsafe { place.as_mut() }) else { return };
        if place.is_null() {
            match callback.callable.call(th, &[]) {
                Ok(instance) => *place = instance.into_raw(),
                Err(_) => {
                    let text = c"user-defined aggregate's '__init__' method raised error";
                    return callback.fail(th, context, text);
                }
            }
        }
        // SAFETY: set just now or before.
        let Some(instance) = (unsafe { Obj::from_raw(*place) }) else { return };
        let Ok(method) = instance.getattr(th, id!(th, "step")) else {
            let text = c"user-defined aggregate's 'step' method not defined";
            return callback.fail(th, context, text);
        };
        // SAFETY: the values of this call.
        let result = unsafe { arguments(th, count, values) }
            .and_then(|arguments| method.call(th, object::args::borrow_all(&arguments)));
        if result.is_err() {
            callback.fail(th, context, c"user-defined aggregate's 'step' method raised error");
        }
    });
}

pub(super) unsafe extern "C" fn inverse(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite calls functions so.
    let callback = unsafe { of_context(context) };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Statement);
        // SAFETY: the context of an aggregate.
        let Some(instance) = (unsafe { instance(context) }) else { return };
        let Ok(method) = instance.getattr(th, id!(th, "inverse")) else {
            let text = c"user-defined aggregate's 'inverse' method not defined";
            return callback.fail(th, context, text);
        };
        // SAFETY: the values of this call.
        let result = unsafe { arguments(th, count, values) }
            .and_then(|arguments| method.call(th, object::args::borrow_all(&arguments)));
        if result.is_err() {
            callback.fail(th, context, c"user-defined aggregate's 'inverse' method raised error");
        }
    });
}

pub(super) unsafe extern "C" fn value(context: *mut ffi::sqlite3_context) {
    // SAFETY: SQLite calls functions so.
    let callback = unsafe { of_context(context) };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Statement);
        // SAFETY: the context of an aggregate.
        let Some(instance) = (unsafe { instance(context) }) else { return };
        match instance.call_method(th, id!(th, "value"), &[]) {
            Ok(value) => {
                if set_result(th, context, value.obj()).is_err() {
                    let text = c"unable to set result from user-defined aggregate's 'value' method";
                    callback.fail(th, context, text);
                }
            }
            Err(_) => {
                let undefined = th.exception_matches(exceptions::types::AttributeError());
                callback.fail(
                    th,
                    context,
                    if undefined {
                        c"user-defined aggregate's 'value' method not defined"
                    } else {
                        c"user-defined aggregate's 'value' method raised error"
                    },
                );
            }
        }
    });
}

pub(super) unsafe extern "C" fn finalize(context: *mut ffi::sqlite3_context) {
    // SAFETY: SQLite calls functions so.
    let callback = unsafe { of_context(context) };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Statement);
        // SAFETY: the context of an aggregate.
        let place = unsafe { instance_place(context, false) };
        // SAFETY: null, or the place of a reference or null.
        let Some(place) = (unsafe { place.as_mut() }) else { return };
        // SAFETY: the reference is taken out.
        let instance = unsafe { Ref::from_raw(std::mem::replace(place, std::ptr::null_mut())) };
        let Some(instance) = instance else { return };
        // An exception of the last call stays the context of a new one.
        let earlier = th.swap_exception(None);
        let result = instance
            .call_method(th, id!(th, "finalize"), &[])
            .and_then(|value| set_result(th, context, value.obj()));
        match result {
            Ok(()) => drop(th.swap_exception(earlier)),
            Err(raised) => {
                let undefined = th.exception_matches(exceptions::types::AttributeError());
                chain(th, raised, earlier);
                callback.fail(
                    th,
                    context,
                    if undefined {
                        c"user-defined aggregate's 'finalize' method not defined"
                    } else {
                        c"user-defined aggregate's 'finalize' method raised error"
                    },
                );
            }
        }
    });
}

/// A C string as an object, `None` for null.
unsafe fn optional_text(th: Thread<'_>, text: *const c_char) -> Result<Ref> {
    if text.is_null() {
        return Ok(types::none().own());
    }
    // SAFETY: a C string of SQLite's.
    super::value::text(th, unsafe { CStr::from_ptr(text) }.to_bytes()).map(Ref::upcast)
}

pub(super) unsafe extern "C" fn authorize(
    callback: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    database: *const c_char,
    source: *const c_char,
) -> c_int {
    // SAFETY: the connection keeps the callback while it is set.
    let callback = unsafe { &*callback.cast::<Callback>() };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Authorization);
        let answer = || -> Result<c_int> {
            let mut arguments = vec![Int::from_i64(th, action.into())?];
            for text in [first, second, database, source] {
                // SAFETY: null or C strings of SQLite's.
                arguments.push(unsafe { optional_text(th, text) }?);
            }
            let callable = callback.callable.clone();
            let answer = callable.call(th, object::args::borrow_all(&arguments))?;
            if !Int::is_int(answer.obj()) {
                return Ok(ffi::SQLITE_DENY);
            }
            support::int_arg(th, answer.obj())
        };
        answer().unwrap_or_else(|Raised| {
            callback.report(th);
            ffi::SQLITE_DENY
        })
    })
}

pub(super) unsafe extern "C" fn progress(callback: *mut c_void) -> c_int {
    // SAFETY: the connection keeps the callback while it is set.
    let callback = unsafe { &*callback.cast::<Callback>() };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Progress);
        let callable = callback.callable.clone();
        match callable.call(th, &[]).and_then(|answer| answer.is_true(th)) {
            Ok(stop) => c_int::from(stop),
            Err(_) => {
                callback.report(th);
                -1
            }
        }
    })
}

pub(super) unsafe extern "C" fn trace(
    kind: c_uint,
    callback: *mut c_void,
    statement: *mut c_void,
    sql: *mut c_void,
) -> c_int {
    if kind != ffi::SQLITE_TRACE_STMT as c_uint {
        return 0;
    }
    // SAFETY: the connection keeps the callback while it is set.
    let callback = unsafe { &*callback.cast::<Callback>() };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Statement);
        // SAFETY: the statement that is about to run.
        let expanded = unsafe { ffi::sqlite3_expanded_sql(statement.cast()) };
        let shown = if expanded.is_null() {
            let text = "Expanded SQL string exceeds the maximum string length";
            error::raise(th, Kind::DataError, format_args!("{text}"));
            callback.report(th);
            sql.cast::<c_char>().cast_const()
        } else {
            expanded.cast_const()
        };
        // SAFETY: a C string of SQLite's.
        let text = unsafe { optional_text(th, shown) };
        // SAFETY: null or ours to free.
        unsafe { ffi::sqlite3_free(expanded.cast()) };
        let callable = callback.callable.clone();
        if text.and_then(|text| callable.call(th, &[text.obj()])).is_err() {
            callback.report(th);
        }
    });
    0
}

pub(super) unsafe extern "C" fn collate(
    callback: *mut c_void,
    first_size: c_int,
    first: *const c_void,
    second_size: c_int,
    second: *const c_void,
) -> c_int {
    // SAFETY: SQLite keeps the callback while the collation exists.
    let callback = unsafe { &*callback.cast::<Callback>() };
    with_attached(callback.interp, |th| {
        let callback = callback.hold(th, During::Statement);
        // An earlier comparison failed: the statement will end with its exception.
        if th.is_raised() {
            return 0;
        }
        let order = || -> Result<c_int> {
            // SAFETY: strings of SQLite's.
            let (first, second) =
                unsafe { (lent(first.cast(), first_size), lent(second.cast(), second_size)) };
            let (first, second): (Ref<Str>, Ref<Str>) = (text(th, first)?, text(th, second)?);
            let order = callback.callable.call(th, &[first.obj(), second.obj()])?;
            match Int::index(th, order.obj()) {
                Ok(order) => Ok(Int::sign(order.obj())),
                Err(raised) => {
                    th.clear_exception(raised);
                    Ok(0)
                }
            }
        };
        order().unwrap_or(0)
    })
}
