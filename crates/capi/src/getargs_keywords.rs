//! `PyArg_ParseTupleAndKeywords` and its family.
//!
//! The format is read along with the names, one unit for each, so that what is
//! wrong with it is told only when the parser comes there: a call that needs
//! less of it succeeds.

use std::ffi::{CStr, c_char, c_int};

use abi::PyObject;
use object::{
    AsObject, Dict, Obj, Raised, Ref, Result, Str, StrBuilder, Thread, Tuple, error, raise,
};

use crate::{
    convert::lossy,
    getargs::{Said, answer, conclude, split},
    getargs_convert::Units,
    variadic::VaList,
};

/// The names of a keyword list: UTF-8, unless it is a bad one.
unsafe fn names<'a>(mut list: *const *const c_char) -> Vec<&'a CStr> {
    let mut names = Vec::new();
    // SAFETY: the list ends with null.
    while !list.is_null() && !unsafe { *list }.is_null() {
        // SAFETY: as above; the texts are constants of C code.
        names.push(unsafe { CStr::from_ptr(*list) });
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

/// The name as a `str`, or `UnicodeDecodeError`.
fn decoded(th: Thread<'_>, name: &CStr) -> Result<Ref<Str>> {
    object::types::str::codec::decode(th, name.to_bytes(), "utf-8", "strict")
}

impl Keywords<'_> {
    fn len(&self) -> usize {
        match self {
            Keywords::Dict(dict) => dict.map_or(0, Dict::len),
            Keywords::Names(names, _) => names.len(),
        }
    }

    /// The value of `name`; the caller's dict or stack keeps it alive.
    fn get(&self, th: Thread<'_>, name: &CStr) -> Result<Option<Ref>> {
        let Ok(text) = name.to_str() else {
            return decoded(th, name).map(|_| None);
        };
        match self {
            Keywords::Dict(Some(dict)) => {
                // PERF: keyword arguments are few, and no string has to be made to find one.
                for index in 0..dict.entries() {
                    let Some(key) = dict.key_at(index) else { continue };
                    if !key.is_exact::<Str>() {
                        // A subclass has its own idea of what it equals.
                        return dict.get(th, decoded(th, name)?.obj());
                    }
                    if object::types::str_eq(key, text) {
                        return Ok(dict.value_at(index).map(|value| value.own()));
                    }
                }
                Ok(None)
            }
            Keywords::Dict(None) => Ok(None),
            Keywords::Names(names, values) => {
                let at = names.iter().position(|key| object::types::str_eq(*key, text));
                Ok(at.and_then(|at| values.get(at)).map(|value| value.own()))
            }
        }
    }

    fn keys(&self) -> Vec<Ref> {
        match self {
            Keywords::Dict(dict) => dict.map(Dict::keys).unwrap_or_default(),
            Keywords::Names(names, _) => names.iter().map(|name| name.own()).collect(),
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A call: what it is given, and the parameters that it is given to.
struct Call<'a> {
    th: Thread<'a>,
    said: Said<'a>,
    args: &'a [Obj<'a>],
    keywords: Keywords<'a>,
    names: &'a [&'a CStr],
    /// How many parameters have no name.
    unnamed: usize,
}

/// The marks of the format that were passed: where `|` and `$` were.
#[derive(Default)]
struct Marks {
    least: Option<usize>,
    positional: Option<usize>,
}

impl Call<'_> {
    /// Convert positional and keyword arguments.
    unsafe fn parse(&self, units: &mut Units<'_>) -> Result<()> {
        let th = self.th;
        if self.names.iter().skip(self.unnamed).any(|name| name.is_empty()) {
            raise!(th, SystemError, "Empty keyword parameter name");
        }
        let (total, given) = (self.names.len(), self.args.len() + self.keywords.len());
        if given > total {
            let kind = if self.args.is_empty() { "keyword " } else { "" };
            raise!(
                th,
                TypeError,
                "{} takes at most {total} {kind}argument{} ({given} given)",
                self.said.shown(),
                plural(total)
            );
        }
        // SAFETY: the caller passed the variables that the format wants.
        match unsafe { self.convert(units)? } {
            0 => Ok(()),
            _ => Err(self.too_many()),
        }
    }

    /// Pass the marks before the unit at `index`. Whether they end the parameters that
    /// can be positional while such a one is `missing`.
    fn marks(
        &self,
        units: &mut Units<'_>,
        marks: &mut Marks,
        index: usize,
        missing: bool,
    ) -> Result<bool> {
        let th = self.th;
        if units.peek() == b'|' {
            units.take();
            if marks.least.replace(index).is_some() {
                raise!(th, SystemError, "Invalid format string (| specified twice)");
            }
            if marks.positional.is_some() {
                raise!(th, SystemError, "Invalid format string ($ before |)");
            }
        }
        if units.peek() != b'$' {
            return Ok(false);
        }
        units.take();
        if marks.positional.replace(index).is_some() {
            raise!(th, SystemError, "Invalid format string ($ specified twice)");
        }
        if index < self.unnamed {
            raise!(th, SystemError, "Empty parameter name after $");
        }
        if missing {
            return Ok(true);
        }
        let (shown, count) = (self.said.shown(), self.args.len());
        if index == 0 && count > 0 {
            raise!(th, TypeError, "{shown} takes no positional arguments");
        }
        if index < count {
            let how = if marks.least.is_some() { "at most" } else { "exactly" };
            raise!(
                th,
                TypeError,
                "{shown} takes {how} {index} positional argument{} ({count} given)",
                plural(index)
            );
        }
        Ok(false)
    }

    /// Convert; how many keyword arguments no parameter took.
    unsafe fn convert(&self, units: &mut Units<'_>) -> Result<usize> {
        let th = self.th;
        let (mut left, mut marks) = (self.keywords.len(), Marks::default());
        // How many positional arguments are wanted is known at a mark only.
        let (mut missing, mut seen) = (false, 0);
        for (index, name) in self.names.iter().enumerate() {
            seen = index;
            if self.marks(units, &mut marks, index, missing)? {
                break;
            }
            if units.rest.is_empty() {
                let total = self.names.len();
                raise!(
                    th,
                    SystemError,
                    "More keyword list entries ({total}) than format specifiers ({index})"
                );
            }
            if !missing {
                let mut by_name = None;
                if index >= self.args.len() && left > 0 && index >= self.unnamed {
                    by_name = self.keywords.get(th, name)?;
                    left -= usize::from(by_name.is_some());
                }
                let arg = self.args.get(index).copied().or(by_name.as_ref().map(|it| it.obj()));
                if let Some(arg) = arg {
                    // SAFETY: the caller's promise; the caller keeps the argument alive.
                    if let Err(failure) = unsafe { units.convert(arg) } {
                        return Err(self.said.failed(th, Some(index), &units.path, failure));
                    }
                    continue;
                }
                if marks.least.is_none() {
                    if index >= self.unnamed {
                        raise!(
                            th,
                            TypeError,
                            "{} missing required argument '{}' (pos {})",
                            self.said.shown(),
                            lossy(name),
                            index + 1
                        );
                    }
                    missing = true;
                } else if left == 0 {
                    return Ok(0);
                }
            }
            // SAFETY: as above.
            unsafe { self.skip(units)? };
            seen = index + 1;
        }
        if missing {
            let least = marks.least.unwrap_or(usize::MAX).min(self.unnamed);
            let how = if least < seen { "at least" } else { "exactly" };
            raise!(
                th,
                TypeError,
                "{} takes {how} {least} positional argument{} ({} given)",
                self.said.shown(),
                plural(least),
                self.args.len()
            );
        }
        if !matches!(units.peek(), 0 | b'|' | b'$') {
            raise!(
                th,
                SystemError,
                "more argument specifiers than keyword list entries (remaining format:'{}')",
                String::from_utf8_lossy(units.rest)
            );
        }
        Ok(left)
    }

    unsafe fn skip(&self, units: &mut Units<'_>) -> Result<()> {
        let before = units.rest;
        // SAFETY: the caller's promise.
        match unsafe { units.skip() } {
            Ok(()) => Ok(()),
            Err(what) => {
                raise!(self.th, SystemError, "{what}: '{}'", String::from_utf8_lossy(before))
            }
        }
    }

    /// Complain of keyword arguments that no parameter took.
    #[cold]
    fn too_many(&self) -> Raised {
        self.find_other().err().unwrap_or(Raised)
    }

    fn find_other(&self) -> Result<()> {
        let th = self.th;
        for (index, name) in self.names.iter().enumerate().take(self.args.len()).skip(self.unnamed)
        {
            if self.keywords.get(th, name)?.is_some() {
                raise!(
                    th,
                    TypeError,
                    "argument for {} given by name ('{}') and position ({})",
                    self.said.shown(),
                    lossy(name),
                    index + 1
                );
            }
        }
        let names = self.names.get(self.unnamed..).unwrap_or_default();
        for key in self.keywords.keys() {
            let Some(key) = key.obj().downcast::<Str>() else {
                raise!(th, TypeError, "keywords must be strings");
            };
            let is_name = |name: &&CStr| {
                name.to_str().is_ok_and(|name| object::types::str_eq(key.obj(), name))
            };
            if !names.iter().any(is_name) {
                return Err(self.unexpected(names, key));
            }
        }
        raise!(
            th,
            TypeError,
            "invalid keyword argument for {}",
            self.said.shown_or("this function")
        )
    }

    fn unexpected(&self, names: &[&CStr], key: &Str) -> Raised {
        let th = self.th;
        let message = || -> Result<Ref<Str>> {
            let mut known = Vec::new();
            for name in names {
                known.push(decoded(th, name)?.to_string());
            }
            let mut message = StrBuilder::new();
            message.push_str(th, &self.said.shown_or("this function"))?;
            message.push_str(th, " got an unexpected keyword argument '")?;
            // The name may have surrogates.
            message.push_obj(th, key)?;
            message.push_str(th, "'")?;
            let candidates = known.iter().map(String::as_str);
            let nearest = object::exceptions::suggestions::nearest(candidates, &key.to_string());
            if let Some(nearest) = nearest.and_then(|index| known.get(index)) {
                message.push_str(th, &format!(". Did you mean '{nearest}'?"))?;
            }
            message.finish(th)
        };
        match message() {
            Ok(message) => th.raise_args(object::exceptions::types::TypeError(), &[message.obj()]),
            Err(raised) => raised,
        }
    }
}

/// Convert positional and keyword arguments.
unsafe fn with_keywords(
    th: Thread<'_>,
    args: &[Obj<'_>],
    keywords: Keywords<'_>,
    format: *const c_char,
    list: *const *const c_char,
    va: &mut VaList,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let (units, said) = split(unsafe { CStr::from_ptr(format) }.to_bytes());
    // SAFETY: as above.
    let names = unsafe { names(list) };
    let unnamed = names.iter().take_while(|name| name.is_empty()).count();
    let call = Call { th, said, args, keywords, names: &names, unnamed };
    let mut units = Units::new(th, units, va);
    // SAFETY: as above.
    let result = unsafe { call.parse(&mut units) };
    // SAFETY: as above.
    unsafe { conclude(th, units, result) }
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
        answer(with_keywords(th, args.items(), keywords, format, list, &mut *va))
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
        answer(with_keywords(th, args, keywords, (*parser).format, (*parser).keywords, &mut *va))
    }
}
