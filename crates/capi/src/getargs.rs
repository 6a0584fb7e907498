//! `PyArg_Parse` and its family: from arguments to C variables.
//!
//! A format is a list of units, `|` before the optional ones and `$` before
//! those that are keywords only; after it, `:name` is the function's name for
//! messages or `;text` the whole message.

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int};

use abi::PyObject;
use object::{Obj, Raised, Result, Thread, Tuple, error};

use crate::{
    getargs_convert::{Failure, Units},
    variadic::VaList,
};

/// What a format says besides its units.
pub(crate) struct Said<'a> {
    name: Option<Cow<'a, str>>,
    message: Option<Cow<'a, str>>,
}

/// The units of a format, and what else it says.
pub(crate) fn split(format: &[u8]) -> (&[u8], Said<'_>) {
    let end = format.iter().position(|byte| matches!(byte, b':' | b';')).unwrap_or(format.len());
    let (units, rest) = format.split_at(end);
    let text = || Some(String::from_utf8_lossy(rest.get(1..).unwrap_or_default()));
    let (name, message) = match rest.first() {
        Some(b':') => (text(), None),
        Some(_) => (None, text()),
        None => (None, None),
    };
    (units, Said { name, message })
}

impl Said<'_> {
    /// "f()" or `otherwise`.
    pub(crate) fn shown_or(&self, otherwise: &str) -> String {
        self.name.as_ref().map_or_else(|| otherwise.to_owned(), |name| format!("{name}()"))
    }

    /// "f()" or "function".
    pub(crate) fn shown(&self) -> String {
        self.shown_or("function")
    }

    /// Complain of the argument at `index`, and of the items of `path` in it.
    #[cold]
    pub(crate) fn failed(
        &self,
        th: Thread<'_>,
        index: Option<usize>,
        path: &[usize],
        failure: Failure,
    ) -> Raised {
        let text = match failure {
            Failure::Raised => return Raised,
            Failure::Must(text) => text,
        };
        if th.is_raised() {
            return Raised;
        }
        let category = if text.starts_with('(') {
            object::exceptions::types::SystemError()
        } else {
            object::exceptions::types::TypeError()
        };
        if let Some(message) = &self.message {
            return th.raise(category, format_args!("{message}"));
        }
        let name = self.name.as_ref().map(|name| format!("{name}() ")).unwrap_or_default();
        let number = index.map(|index| format!(" {}", index + 1)).unwrap_or_default();
        let items: String = match index {
            Some(_) => path.iter().rev().map(|item| format!(", item {item}")).collect(),
            None => String::new(),
        };
        th.raise(category, format_args!("{name}argument{number}{items} {text}"))
    }
}

/// A format of positional arguments.
struct Shape<'a> {
    units: &'a [u8],
    said: Said<'a>,
    least: usize,
    most: usize,
}

impl<'a> Shape<'a> {
    fn new(format: &'a [u8]) -> Shape<'a> {
        let (units, said) = split(format);
        let most = crate::getargs_convert::top_level(units);
        let before = |mark: u8| {
            let at = units.iter().position(|byte| *byte == mark)?;
            Some(crate::getargs_convert::top_level(units.get(..at)?))
        };
        Shape { units, said, least: before(b'|').unwrap_or(most), most }
    }

    #[cold]
    fn wrong_count(&self, th: Thread<'_>, given: usize) -> Raised {
        if let Some(message) = &self.said.message {
            return error!(th, TypeError, "{message}");
        }
        let bound = if given < self.least { self.least } else { self.most };
        let how = if self.least == self.most {
            "exactly"
        } else if given < self.least {
            "at least"
        } else {
            "at most"
        };
        let plural = if bound == 1 { "" } else { "s" };
        error!(
            th,
            TypeError,
            "{} takes {how} {bound} argument{plural} ({given} given)",
            self.said.shown()
        )
    }
}

/// Give back what was obtained, if there is an error.
pub(crate) unsafe fn conclude(th: Thread<'_>, units: Units<'_>, result: Result<()>) -> Result<()> {
    if result.is_err() {
        let exception = th.swap_exception(None);
        for cleanup in units.cleanups {
            // SAFETY: the caller's variables are still there.
            unsafe { cleanup.run(th) };
        }
        drop(th.swap_exception(exception));
    }
    result
}

/// Convert positional arguments.
unsafe fn positional(
    th: Thread<'_>,
    args: &[Obj<'_>],
    format: *const c_char,
    va: &mut VaList,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let format = unsafe { CStr::from_ptr(format) };
    let shape = Shape::new(format.to_bytes());
    if args.len() < shape.least || args.len() > shape.most {
        return Err(shape.wrong_count(th, args.len()));
    }
    let mut units = Units::new(th, shape.units, va);
    let mut result = Ok(());
    for (index, arg) in args.iter().enumerate() {
        while matches!(units.peek(), b'|' | b'$') {
            units.take();
        }
        // SAFETY: the caller passed the variables that the format wants.
        if let Err(failure) = unsafe { units.convert(*arg) } {
            result = Err(shape.said.failed(th, Some(index), &units.path, failure));
            break;
        }
    }
    let next = units.peek();
    if result.is_ok() && next != 0 && !next.is_ascii_alphabetic() && !b"(|".contains(&next) {
        let format = format.to_string_lossy();
        result = Err(error!(th, SystemError, "bad format string: {format}"));
    }
    // SAFETY: as above.
    unsafe { conclude(th, units, result) }
}

/// 1 for success and 0 for an error, as this family answers.
pub(crate) fn answer(result: Result<()>) -> c_int {
    c_int::from(result.is_ok())
}

/// `PyArg_ParseTuple` with a list.
pub(crate) unsafe extern "C" fn parse_tuple(
    args: *mut PyObject,
    format: *const c_char,
    va: *mut VaList,
) -> c_int {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let Some(args) = th.argument(args).downcast::<Tuple>() else {
            let _ = error!(th, SystemError, "new style getargs format but argument is not a tuple");
            return 0;
        };
        answer(positional(th, args.items(), format, &mut *va))
    }
}

/// `_PyArg_ParseStack` with a list.
pub(crate) unsafe extern "C" fn parse_stack(
    args: *const *mut PyObject,
    count: isize,
    format: *const c_char,
    va: *mut VaList,
) -> c_int {
    // SAFETY: C calls the API on attached threads with live arguments.
    unsafe {
        let args = object::reference::objects(args, count.max(0) as usize);
        answer(positional(Thread::current(), args, format, &mut *va))
    }
}

/// `PyArg_VaParse`: a tuple, or one object for a format without `(`.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
pub(crate) unsafe extern "C" fn PyArg_VaParse(
    args: *mut PyObject,
    format: *const c_char,
    va: *mut VaList,
) -> c_int {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let shape = Shape::new(CStr::from_ptr(format).to_bytes());
        let Some(arg) = Obj::from_raw(args) else {
            if shape.most == 0 {
                return 1;
            }
            let _ = error!(th, TypeError, "{} takes at least one argument", shape.said.shown());
            return 0;
        };
        if shape.most != 1 {
            return match arg.downcast::<Tuple>() {
                Some(args) => answer(positional(th, args.items(), format, &mut *va)),
                None => {
                    let _ = error!(th, SystemError, "old style getargs format uses new features");
                    0
                }
            };
        }
        let mut units = Units::new(th, shape.units, &mut *va);
        let result = units.convert(arg);
        let result = result.map_err(|failure| shape.said.failed(th, None, &units.path, failure));
        answer(conclude(th, units, result))
    }
}

/// `PyArg_UnpackTuple` with a list.
pub(crate) unsafe extern "C" fn unpack_tuple(
    args: *mut PyObject,
    name: *const c_char,
    least: isize,
    most: isize,
    va: *mut VaList,
) -> c_int {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let Some(args) = th.argument(args).downcast::<Tuple>() else {
            let _ = error!(th, SystemError, "PyArg_UnpackTuple() argument list is not a tuple");
            return 0;
        };
        let given = args.len() as isize;
        if given < least || given > most {
            let shown = if name.is_null() {
                "unpacked tuple".to_owned()
            } else {
                CStr::from_ptr(name).to_string_lossy().into_owned()
            };
            let (bound, how) =
                if given < least { (least, "at least ") } else { (most, "at most ") };
            let how = if least == most { "" } else { how };
            let plural = if bound == 1 { "" } else { "s" };
            let verb = if name.is_null() { "should have" } else { "expected" };
            let what = if name.is_null() { "element" } else { "argument" };
            let tail = if name.is_null() {
                format!(", but has {given}")
            } else {
                format!(", got {given}")
            };
            let _ = error!(th, TypeError, "{shown} {verb} {how}{bound} {what}{plural}{tail}");
            return 0;
        }
        for item in args.items() {
            (*va).pointer::<*mut PyObject>().write(item.as_ptr());
        }
        1
    }
}
