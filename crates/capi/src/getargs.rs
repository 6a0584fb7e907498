//! `PyArg_Parse` and its family: from arguments to C variables.
//!
//! A format is a list of units, `|` before the optional ones and `$` before
//! those that are keywords only; after it, `:name` is the function's name for
//! messages or `;text` the whole message.

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int};

use abi::PyObject;
use object::{AsObject, Dict, Obj, Raised, Result, Str, Thread, Tuple, error, raise};

use crate::{
    getargs_convert::{Failure, Units},
    variadic::VaList,
};

/// What a format says besides its units.
struct Shape<'a> {
    units: &'a [u8],
    name: Option<Cow<'a, str>>,
    message: Option<Cow<'a, str>>,
    least: usize,
    most: usize,
    /// Positional ones, if `$` says that the others are not.
    positional: usize,
}

impl<'a> Shape<'a> {
    fn new(format: &'a [u8]) -> Shape<'a> {
        let end =
            format.iter().position(|byte| matches!(byte, b':' | b';')).unwrap_or(format.len());
        let (units, rest) = format.split_at(end);
        let text = || Some(String::from_utf8_lossy(rest.get(1..).unwrap_or_default()));
        let (name, message) = match rest.first() {
            Some(b':') => (text(), None),
            Some(_) => (None, text()),
            None => (None, None),
        };
        let most = crate::getargs_convert::top_level(units);
        let before = |mark: u8| {
            let at = units.iter().position(|byte| *byte == mark)?;
            Some(crate::getargs_convert::top_level(units.get(..at)?))
        };
        let positional = before(b'$').unwrap_or(most);
        Shape { units, name, message, least: before(b'|').unwrap_or(most), most, positional }
    }

    /// "f()" or "function".
    fn shown(&self) -> String {
        self.name.as_ref().map_or_else(|| "function".to_owned(), |name| format!("{name}()"))
    }

    #[cold]
    fn wrong_count(&self, th: Thread<'_>, given: usize) -> Raised {
        if let Some(message) = &self.message {
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
            self.shown()
        )
    }

    #[cold]
    fn failed(&self, th: Thread<'_>, index: Option<usize>, failure: Failure) -> Raised {
        let text = match failure {
            Failure::Raised => return Raised,
            Failure::Must(text) => text,
        };
        if th.is_raised() {
            return Raised;
        }
        if let Some(message) = &self.message {
            return error!(th, TypeError, "{message}");
        }
        let name = self.name.as_ref().map(|name| format!("{name}() ")).unwrap_or_default();
        let number = index.map(|index| format!(" {}", index + 1)).unwrap_or_default();
        if text.starts_with("impossible") {
            return error!(th, SystemError, "{name}argument{number} {text}");
        }
        error!(th, TypeError, "{name}argument{number} {text}")
    }
}

fn units<'a>(th: Thread<'a>, shape: &Shape<'a>, va: &'a mut VaList) -> Units<'a> {
    Units { th, rest: shape.units, va, cleanups: Vec::new() }
}

/// Give back what was obtained, if there is an error.
unsafe fn conclude(th: Thread<'_>, units: Units<'_>, result: Result<()>) -> Result<()> {
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
    let mut units = units(th, &shape, va);
    let mut result = Ok(());
    for (index, arg) in args.iter().enumerate() {
        while matches!(units.peek(), b'|' | b'$') {
            units.take();
        }
        // SAFETY: the caller passed the variables that the format wants.
        if let Err(failure) = unsafe { units.convert(*arg) } {
            result = Err(shape.failed(th, Some(index), failure));
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
fn answer(result: Result<()>) -> c_int {
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
            let _ = error!(th, TypeError, "{} takes at least one argument", shape.shown());
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
        let mut units = units(th, &shape, &mut *va);
        let result = units.convert(arg).map_err(|failure| shape.failed(th, None, failure));
        answer(conclude(th, units, result))
    }
}

/// The names of a keyword list.
unsafe fn names<'a>(mut list: *const *const c_char) -> Vec<Cow<'a, str>> {
    let mut names = Vec::new();
    // SAFETY: the list ends with null.
    while !list.is_null() && !unsafe { *list }.is_null() {
        // SAFETY: as above; the texts are constants of C code.
        names.push(unsafe { CStr::from_ptr(*list) }.to_string_lossy());
        // SAFETY: as above.
        list = unsafe { list.add(1) };
    }
    names
}

/// Keyword arguments, however they are passed.
enum Keywords<'a> {
    Dict(Option<&'a Dict>),
    Names(&'a [Obj<'a>], &'a [Obj<'a>]),
}

impl Keywords<'_> {
    fn len(&self) -> usize {
        match self {
            Keywords::Dict(dict) => dict.map_or(0, Dict::len),
            Keywords::Names(names, _) => names.len(),
        }
    }

    /// The value of `name`; the caller's dict or stack keeps it alive.
    fn get(&self, name: &str) -> Option<object::Ref> {
        match self {
            // PERF: keyword arguments are few, and no string has to be made to find one.
            Keywords::Dict(Some(dict)) => {
                let mut entries = (0..dict.entries())
                    .filter_map(|index| dict.key_at(index).zip(dict.value_at(index)));
                entries
                    .find(|(key, _)| object::types::str_eq(*key, name))
                    .map(|(_, value)| value.own())
            }
            Keywords::Dict(None) => None,
            Keywords::Names(names, values) => {
                let at = names.iter().position(|key| object::types::str_eq(*key, name));
                at.and_then(|at| values.get(at)).map(|value| value.own())
            }
        }
    }

    fn keys(&self) -> Vec<object::Ref> {
        match self {
            Keywords::Dict(dict) => dict.map(Dict::keys).unwrap_or_default(),
            Keywords::Names(names, _) => names.iter().map(|name| name.own()).collect(),
        }
    }
}

/// Convert positional and keyword arguments.
unsafe fn with_keywords(
    th: Thread<'_>,
    args: &[Obj<'_>],
    keywords: &Keywords<'_>,
    format: *const c_char,
    names: &[Cow<'_, str>],
    va: &mut VaList,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let shape = Shape::new(unsafe { CStr::from_ptr(format) }.to_bytes());
    let total = names.len();
    let positional_only = names.iter().take_while(|name| name.is_empty()).count();
    check_names(th, &shape, total)?;
    let given = args.len() + keywords.len();
    if given > total {
        let shown = shape.shown();
        let kind = if args.is_empty() { "keyword " } else { "" };
        let plural = if total == 1 { "" } else { "s" };
        raise!(
            th,
            TypeError,
            "{shown} takes at most {total} {kind}argument{plural} ({given} given)"
        );
    }
    if args.len() > shape.positional {
        let shown = shape.shown();
        if shape.positional == 0 {
            raise!(th, TypeError, "{shown} takes no positional arguments");
        }
        let how = if shape.least.min(shape.positional) < shape.positional {
            "at most"
        } else {
            "exactly"
        };
        let (most, count) = (shape.positional, args.len());
        let plural = if most == 1 { "" } else { "s" };
        raise!(
            th,
            TypeError,
            "{shown} takes {how} {most} positional argument{plural} ({count} given)"
        );
    }
    let mut units = units(th, &shape, va);
    // SAFETY: the caller passed the variables that the format wants.
    let result =
        unsafe { convert_all(th, &shape, &mut units, args, keywords, names, positional_only) };
    let result = result.and_then(|left| match left {
        0 => Ok(()),
        _ => no_others(th, &shape, args.len(), keywords, names, positional_only),
    });
    // SAFETY: as above.
    unsafe { conclude(th, units, result) }
}

/// Complain of a format that has fewer units than there are names, or more.
/// Optional ones without a name may follow; no argument reaches them.
fn check_names(th: Thread<'_>, shape: &Shape<'_>, total: usize) -> Result<()> {
    if shape.most < total {
        raise!(
            th,
            SystemError,
            "more keyword list entries ({total}) than format specifiers ({})",
            shape.most
        );
    }
    let rest = crate::getargs_convert::behind(shape.units, total);
    if !matches!(rest.first(), None | Some(b'|' | b'$')) {
        raise!(
            th,
            SystemError,
            "more argument specifiers than keyword list entries (remaining format:'{}')",
            String::from_utf8_lossy(rest)
        );
    }
    Ok(())
}

/// Convert; how many keyword arguments no parameter took.
unsafe fn convert_all(
    th: Thread<'_>,
    shape: &Shape<'_>,
    units: &mut Units<'_>,
    args: &[Obj<'_>],
    keywords: &Keywords<'_>,
    names: &[Cow<'_, str>],
    positional_only: usize,
) -> Result<usize> {
    let mut left = keywords.len();
    for (index, name) in names.iter().enumerate() {
        while matches!(units.peek(), b'|' | b'$') {
            units.take();
        }
        let mut by_name = None;
        let arg = match args.get(index) {
            Some(arg) => Some(*arg),
            None if left > 0 && index >= positional_only => {
                by_name = keywords.get(name);
                left -= usize::from(by_name.is_some());
                by_name.as_ref().map(|value| value.obj())
            }
            None => None,
        };
        match arg {
            Some(arg) => {
                // SAFETY: the caller's promise; the caller keeps the argument alive.
                if let Err(failure) = unsafe { units.convert(arg) } {
                    return Err(shape.failed(th, Some(index), failure));
                }
            }
            None if index < shape.least => {
                if index < positional_only {
                    let least = positional_only.min(shape.least);
                    let how = if least < shape.positional { "at least" } else { "exactly" };
                    let plural = if least == 1 { "" } else { "s" };
                    let count = args.len();
                    raise!(
                        th,
                        TypeError,
                        "{} takes {how} {least} positional argument{plural} ({count} given)",
                        shape.shown()
                    );
                }
                raise!(
                    th,
                    TypeError,
                    "{} missing required argument '{name}' (pos {})",
                    shape.shown(),
                    index + 1
                );
            }
            None if left == 0 => break,
            // SAFETY: as above.
            None => drop(unsafe { units.skip() }),
        }
        drop(by_name);
    }
    Ok(left)
}

/// Complain of keyword arguments that no parameter took.
fn no_others(
    th: Thread<'_>,
    shape: &Shape<'_>,
    count: usize,
    keywords: &Keywords<'_>,
    names: &[Cow<'_, str>],
    positional_only: usize,
) -> Result<()> {
    for key in keywords.keys() {
        let Some(text) = key.obj().downcast::<Str>() else {
            raise!(th, TypeError, "keywords must be strings");
        };
        let text = text.to_string();
        match names.iter().skip(positional_only).position(|name| *name == text) {
            Some(at) if at + positional_only < count => raise!(
                th,
                TypeError,
                "argument for {} given by name ('{text}') and position ({})",
                shape.shown(),
                at + positional_only + 1
            ),
            Some(_) => {}
            None => {
                let shown = shape
                    .name
                    .as_ref()
                    .map_or_else(|| "this function".to_owned(), |name| format!("{name}()"));
                raise!(th, TypeError, "{shown} got an unexpected keyword argument '{text}'")
            }
        }
    }
    Ok(())
}

/// `PyArg_VaParseTupleAndKeywords`.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "named as in C")]
pub(crate) unsafe extern "C" fn PyArg_VaParseTupleAndKeywords(
    args: *mut PyObject,
    kwargs: *mut PyObject,
    format: *const c_char,
    list: *const *const c_char,
    va: *mut VaList,
) -> c_int {
    // SAFETY: for the whole function: C calls the API on attached threads.
    unsafe {
        let th = Thread::current();
        let dict = Obj::from_raw(kwargs).map(|kwargs| kwargs.downcast::<Dict>());
        let (Some(args), true) = (
            Obj::from_raw(args).and_then(|args| args.downcast::<Tuple>()),
            dict.is_none_or(|dict| dict.is_some()),
        ) else {
            let _ = error!(th, SystemError, "bad argument to internal function");
            return 0;
        };
        let keywords = Keywords::Dict(dict.flatten());
        answer(with_keywords(th, args.items(), &keywords, format, &names(list), &mut *va))
    }
}

/// `_PyArg_Parser` as far as it is filled in statically.
#[repr(C)]
pub(crate) struct Parser {
    format: *const c_char,
    keywords: *const *const c_char,
}

/// `_PyArg_ParseTupleAndKeywordsFast` with a list.
pub(crate) unsafe extern "C" fn parse_fast(
    args: *mut PyObject,
    kwargs: *mut PyObject,
    parser: *const Parser,
    va: *mut VaList,
) -> c_int {
    // SAFETY: a parser of C code.
    unsafe { PyArg_VaParseTupleAndKeywords(args, kwargs, (*parser).format, (*parser).keywords, va) }
}

/// `_PyArg_ParseStackAndKeywords` with a list.
pub(crate) unsafe extern "C" fn parse_stack_and_keywords(
    args: *const *mut PyObject,
    count: isize,
    kwnames: *mut PyObject,
    parser: *const Parser,
    va: *mut VaList,
) -> c_int {
    // SAFETY: for the whole function: live arguments in the vectorcall order.
    unsafe {
        let th = Thread::current();
        let keys = object::declare::keyword_names(kwnames);
        let all = object::reference::objects(args, count.max(0) as usize + keys.len());
        let (args, values) = all.split_at(count.max(0) as usize);
        let keywords = Keywords::Names(keys, values);
        let list = names((*parser).keywords);
        answer(with_keywords(th, args, &keywords, (*parser).format, &list, &mut *va))
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
