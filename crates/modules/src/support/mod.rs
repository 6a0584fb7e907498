//! What several native modules share: paths, buffers, struct sequences, and
//! calls of the system that are retried after a signal.

pub(crate) mod buffer;
pub(crate) mod path;
pub(crate) mod stream;
pub(crate) mod structseq;
pub(crate) mod wait;

use std::io;

use object::{
    AsObject, Int, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Type, exceptions, id,
    raise, types,
};

pub(crate) use object::types::str::codec::decode_fs;

pub(crate) use self::{
    buffer::{Buffer, Data, Writable},
    path::{DirFd, Fd, FsPath, Path},
};

/// Call `f` without the GIL until it is not interrupted; signal handlers run
/// in between and may raise (PEP 475).
pub(crate) fn retry<T>(
    th: Thread<'_>,
    mut f: impl FnMut() -> io::Result<T>,
) -> Result<io::Result<T>> {
    loop {
        match th.allow_threads(&mut f) {
            Err(error) if host::call::interrupted(&error) => {
                crate::_signal::run_pending_signals(th)?
            }
            result => return Ok(result),
        }
    }
}

/// As [`retry`], with `OSError` for a failure.
pub(crate) fn call<T>(th: Thread<'_>, f: impl FnMut() -> io::Result<T>) -> Result<T> {
    match retry(th, f)? {
        Ok(value) => Ok(value),
        Err(error) => Err(os_error(th, &error)),
    }
}

/// As [`call`], naming the file in the `OSError`.
pub(crate) fn call_named<T>(
    th: Thread<'_>,
    name: Option<Obj<'_>>,
    f: impl FnMut() -> io::Result<T>,
) -> Result<T> {
    match retry(th, f)? {
        Ok(value) => Ok(value),
        Err(error) => Err(exceptions::io_error(th, &error, name)),
    }
}

/// The `OSError` of a failed call.
#[cold]
pub(crate) fn os_error(th: Thread<'_>, error: &io::Error) -> Raised {
    exceptions::io_error(th, error, None)
}

/// Raise, if it is an error.
pub(crate) fn check<T>(th: Thread<'_>, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| os_error(th, &error))
}

/// `warnings.warn(message, category, stacklevel)`.
pub(crate) fn warn(
    th: Thread<'_>,
    category: &'static object::Type,
    message: &str,
    stacklevel: isize,
) -> Result<()> {
    let message = Str::new(th, message)?;
    (th.hooks().warn)(th, category.obj(), &message, stacklevel)
}

/// A warning about an object, which helps to find where that was made.
pub(crate) fn warn_about(
    th: Thread<'_>,
    category: &'static object::Type,
    message: &str,
    source: object::Obj<'_>,
) -> Result<()> {
    let message = Str::new(th, message)?;
    crate::_warnings::warn_from_native(th, category.obj(), &message, 1, Some(source))
}

/// Import a module by name.
pub(crate) fn import(th: Thread<'_>, name: &'static str) -> Result<Ref> {
    let name = Str::intern(th, name)?;
    (th.hooks().import_module)(th, &name)
}

/// An attribute of a module, by name.
pub(crate) fn import_from(th: Thread<'_>, module: &'static str, name: &'static str) -> Result<Ref> {
    let name = Str::intern(th, name)?;
    import(th, module)?.getattr(th, &name)
}

/// Bind integers in a module's namespace.
pub(crate) fn add_ints(th: Thread<'_>, module: &Module, ints: &[(&str, i64)]) -> Result<()> {
    for (name, value) in ints {
        let value = Int::from_i64(th, *value)?;
        module.set(th, name, value.obj())?;
    }
    Ok(())
}

/// Bind class attributes of a static type. All interpreters have it, and a later one binds them
/// anew: caches must not keep the values before.
pub(crate) fn set_attributes(th: Thread<'_>, ty: &Type, attributes: &[(&str, Ref)]) -> Result<()> {
    let Some(dict) = ty.dict() else { raise!(th, SystemError, "type has no dict") };
    for (name, value) in attributes {
        dict.set_str(th, name, value.obj())?;
    }
    ty.modified(th);
    Ok(())
}

/// Bytes for the system, lone surrogates back to the bytes they stand for.
pub(crate) fn encode_fs(th: Thread<'_>, string: &Str) -> Result<Vec<u8>> {
    if let Some(text) = string.as_ascii() {
        return Ok(text.as_bytes().to_vec());
    }
    Ok(types::str::codec::encode_fs(th, string)?.as_bytes().to_vec())
}

/// A bool is hardly meant where a descriptor belongs.
pub(crate) fn warn_of_bool(th: Thread<'_>, object: Obj<'_>) -> Result<()> {
    if object.is_exact::<types::Bool>() {
        let text = "bool is used as a file descriptor";
        warn(th, exceptions::types::RuntimeWarning(), text, 1)?;
    }
    Ok(())
}

/// `object.fileno()` or an int, as a descriptor.
pub(crate) fn as_descriptor(th: Thread<'_>, object: Obj<'_>) -> Result<i32> {
    let fd = if Int::is_int(object) {
        warn_of_bool(th, object)?;
        int_arg(th, object)?
    } else {
        let Some(fileno) = object.getattr_opt(th, id!(th, "fileno"))? else {
            raise!(th, TypeError, "argument must be an int, or have a fileno() method.");
        };
        let fd = fileno.call(th, &[])?;
        if !Int::is_int(fd.obj()) {
            raise!(th, TypeError, "fileno() returned a non-integer");
        }
        int_arg(th, fd.obj())?
    };
    if fd < 0 {
        raise!(th, ValueError, "file descriptor cannot be a negative integer ({fd})");
    }
    Ok(fd)
}

/// A C `int`.
pub(crate) fn int_arg(th: Thread<'_>, object: Obj<'_>) -> Result<i32> {
    let index = Int::index(th, object)?;
    let Some(value) = Int::to_i64(index.obj()) else {
        raise!(th, OverflowError, "Python int too large to convert to C int");
    };
    match i32::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) if value > 0 => {
            raise!(th, OverflowError, "signed integer is greater than maximum")
        }
        Err(_) => raise!(th, OverflowError, "signed integer is less than minimum"),
    }
}

/// Seconds as a Python number to nanoseconds.
pub(crate) fn seconds_to_ns(th: Thread<'_>, object: Obj<'_>, round: Round) -> Result<i64> {
    number_to_ns(th, object, 1_000_000_000, round)
}

/// A Python number of units of `unit` nanoseconds to nanoseconds.
pub(crate) fn number_to_ns(
    th: Thread<'_>,
    object: Obj<'_>,
    unit: i64,
    round: Round,
) -> Result<i64> {
    let too_large = || object::error!(th, OverflowError, "timestamp out of range for C PyTime_t");
    if let Some(float) = object.downcast::<types::Float>() {
        let value = float.value();
        if value.is_nan() {
            raise!(th, ValueError, "Invalid value NaN (not a number)");
        }
        return whole(round.apply(value * unit as f64)).ok_or_else(too_large);
    }
    if !Int::is_index(object) {
        raise!(
            th,
            TypeError,
            "'{}' object cannot be interpreted as an integer or float",
            object.type_name()
        );
    }
    let index = Int::index(th, object)?;
    let seconds = Int::to_i64(index.obj()).ok_or_else(too_large)?;
    seconds.checked_mul(unit).ok_or_else(too_large)
}

/// A whole number as an integer, if it is in range.
pub(crate) fn whole(value: f64) -> Option<i64> {
    let range = -9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0;
    range.contains(&value).then_some(value as i64)
}

/// How seconds become nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    Floor,
    Ceiling,
    HalfEven,
    /// Away from zero: timeouts.
    Up,
}

impl Round {
    pub(crate) fn apply(self, value: f64) -> f64 {
        match self {
            Round::HalfEven => value.round_ties_even(),
            Round::Floor => value.floor(),
            Round::Ceiling => value.ceil(),
            Round::Up if value < 0.0 => value.floor(),
            Round::Up => value.ceil(),
        }
    }

    /// `value / unit`, rounded; `unit` is positive.
    pub(crate) fn divide(self, value: i64, unit: i64) -> i64 {
        let (quotient, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
        let up = match self {
            Round::Floor => false,
            Round::Ceiling => rest > 0,
            Round::HalfEven => rest > unit - rest || (rest == unit - rest && quotient & 1 == 1),
            Round::Up => rest > 0 && value >= 0,
        };
        quotient + i64::from(up)
    }
}

/// Monotonic time now, in nanoseconds.
pub(crate) fn now_ns() -> i64 {
    host::time::clock_ns(libc::CLOCK_MONOTONIC).unwrap_or(0)
}

/// A new exception class `module.Name`.
pub(crate) fn new_exception(th: Thread<'_>, name: &Str, bases: &object::Tuple) -> Result<Ref> {
    let full = name.to_utf8(th)?;
    let (module, short) = full.rsplit_once('.').unwrap_or(("builtins", full));
    let namespace = object::Dict::new(th)?;
    let module = Str::new(th, module)?;
    namespace.set(th, id!(th, "__module__").obj(), module.obj())?;
    let short = Str::new(th, short)?;
    let meta = <types::Type as object::PyStruct>::type_object();
    meta.obj().call(th, &[short.obj(), bases.obj(), namespace.obj()])
}

/// `repr(object)`, whatever happens.
pub(crate) fn shown(th: Thread<'_>, object: Obj<'_>) -> String {
    let saved = th.swap_exception(None);
    let text = match object.repr(th) {
        Ok(text) => text.to_string(),
        Err(raised) => {
            th.clear_exception(raised);
            format!("<object {}>", object.type_name())
        }
    };
    drop(th.swap_exception(saved));
    text
}
