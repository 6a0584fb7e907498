//! Calling Python functions: from arguments to a frame.
//!
//! [`make_frame`] takes over the function and the argument words, whatever
//! happens. Arguments of calls between Python frames are moved as they are,
//! borrowed ones included: what they are borrowed from outlives the call.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on words of live frames")]

use std::ptr::{NonNull, null_mut};

use abi::PyObject;
use object::{
    AsObject, Code, Dict, Function, Obj, Ref, Result, Str, Thread, ThreadState, Tuple,
    args::{Few, SplitKwargs},
    error, protocol, raise, reference,
};

use crate::{
    frame::{self, Frame},
    interp::{self, Flow, Regs},
    suggest::suggest,
    word::{Word, raw},
};

const VARARGS: i32 = abi::CO_VARARGS;
const VARKEYWORDS: i32 = abi::CO_VARKEYWORDS;

/// A frame for a simple function and exactly its arguments. Function and
/// arguments are taken over; on `None` nothing is, and no exception is set: the
/// function wants other arguments, or the generic way has to raise.
#[inline(always)]
pub(crate) unsafe fn exact_frame(
    th: Thread<'_>,
    function: Word,
    args: *const Word,
    n: usize,
) -> Option<*mut Frame> {
    let state = th.state();
    let code = (*function.ptr().cast::<Function>()).code.as_ptr().cast::<Code>();
    if (*code).argcount as usize != n || !(*code).is_simple() {
        return None;
    }
    if state.recursion_remaining.get() <= 1 {
        return None;
    }
    let base = frame::push_words(state, (*code).framesize as usize);
    if base.is_null() {
        return None;
    }
    let frame = base.cast::<Frame>();
    frame::init(frame, function.owned().ptr(), code, n);
    copy_words(args, Frame::localsplus(frame), n);
    Some(frame)
}

#[inline(always)]
pub(crate) unsafe fn code_of(function: Word) -> *const Code {
    (*function.ptr().cast::<Function>()).code.as_ptr().cast::<Code>()
}

/// Enter the function at `base`, whose code is simple, from a `CALL`, if it
/// wants exactly the arguments and there is room at hand.
#[inline(always)]
pub(crate) unsafe fn enter_exact(r: &mut Regs, base: *mut Word, oparg: usize) -> Flow {
    let this = usize::from(!(*base.add(1)).is_null());
    let (args, n) = (base.add(2 - this), oparg + this);
    let code = code_of(*base);
    if (*code).argcount as usize != n {
        return Flow::Miss;
    }
    let Some(frame) = frame_at_hand(&*r.state, code) else { return Flow::Miss };
    r.sp = base;
    enter_at_hand(r, *base, args, n, frame, 0)
}

/// Room for a frame of `code`, if there is some at hand and one more call does
/// not go too deep.
#[inline(always)]
pub(crate) unsafe fn frame_at_hand(state: &ThreadState, code: *const Code) -> Option<*mut Frame> {
    if state.recursion_remaining.get() <= 1 {
        return None;
    }
    frame::room_at_hand(state, (*code).framesize as usize)
}

/// Enter a function whose code is simple, with exactly its arguments.
#[inline(always)]
pub(crate) unsafe fn enter_at_hand(
    r: &mut Regs,
    function: Word,
    args: *const Word,
    n: usize,
    frame: *mut Frame,
    entry: u8,
) -> Flow {
    let (state, code) = (&*r.state, code_of(function));
    frame::init(frame, function.owned().ptr(), code, n);
    (*frame).entry = entry;
    copy_words(args, Frame::localsplus(frame), n);
    state.recursion_remaining.set(state.recursion_remaining.get() - 1);
    let sp = Frame::localsplus(frame).add((*code).nlocalsplus as usize);
    r.switch(frame, (*code).units(), sp, 3)
}

/// Copy a few words.
#[inline(always)]
pub(crate) unsafe fn copy_words(mut from: *const Word, mut to: *mut Word, n: usize) {
    let end = to.add(n);
    while to != end {
        *to = *from;
        from = from.add(1);
        to = frame::few(to.add(1));
    }
}

/// A frame for the call of `func` (owned) with `nargs` positional arguments
/// and the values of keywords behind them. On error, an exception is set.
#[inline]
pub(crate) unsafe fn make_frame(
    th: Thread<'_>,
    func: *mut PyObject,
    args: *mut Word,
    nargs: usize,
    names: &[Obj<'_>],
) -> Option<*mut Frame> {
    let state = th.state();
    let function = &*func.cast::<Function>();
    let code = &*function.code.as_ptr().cast::<Code>();
    if names.is_empty() && nargs == code.argcount as usize && code.is_simple() {
        let Some(frame) = frame::push(th, state, func, nargs) else {
            release_all(args, nargs);
            return None;
        };
        copy_words(args, Frame::localsplus(frame), nargs);
        return Some(frame);
    }
    let frame = if code.is_simple() && names.is_empty() {
        make_frame_defaults(th, func, args, nargs)
    } else {
        make_frame_matched(th, func, args, nargs, names)
    };
    match frame {
        Some(frame) => Some(frame),
        None => make_frame_general(th, func, args, nargs, names),
    }
}

/// Most keyword arguments that [`match_arguments`] looks at.
const MOST: usize = 16;
/// The place of a keyword argument that goes into the dict of the others.
const OTHER: u16 = u16::MAX;

const fn low_bits(n: usize) -> u64 {
    if n < 64 { (1 << n) - 1 } else { u64::MAX }
}

/// Match arguments with parameters as far as names are known by identity: which
/// variables get one, a bit each, and for each keyword argument its variable or
/// [`OTHER`]. `None` if it takes more than that, or they do not fit.
#[inline(always)]
unsafe fn match_arguments(
    code: &Code,
    nargs: usize,
    names: &[Obj<'_>],
    places: &mut [u16; MOST],
) -> Option<u64> {
    let argcount = code.argcount as usize;
    let named = argcount + code.kwonlyargcount as usize;
    if named > 64 || names.len() > MOST || nargs > argcount && code.flags & VARARGS == 0 {
        return None;
    }
    let mut given = low_bits(nargs.min(argcount));
    let positional_only = code.posonlyargcount as usize;
    let open = code.localsplusnames.items().get(positional_only..named)?;
    for (place, name) in places.iter_mut().zip(names) {
        let Some(at) = open.iter().position(|variable| variable.is(*name)) else {
            let is_interned = name.downcast_exact::<Str>().is_some_and(Str::is_interned);
            if code.flags & VARKEYWORDS == 0 || !is_interned {
                return None;
            }
            *place = OTHER;
            continue;
        };
        let at = positional_only + at;
        if given >> at & 1 != 0 {
            return None;
        }
        given |= 1 << at;
        *place = at as u16;
    }
    Some(given)
}

/// A frame for a simple function that gets its last arguments from defaults;
/// `None` as of [`make_frame_simple`].
#[inline(never)]
unsafe fn make_frame_defaults(
    th: Thread<'_>,
    func: *mut PyObject,
    args: *mut Word,
    nargs: usize,
) -> Option<*mut Frame> {
    let function = &*func.cast::<Function>();
    let code = function.code.as_ptr().cast::<Code>();
    let argcount = (*code).argcount as usize;
    let defaults = Obj::from_raw(function.defaults.as_ptr())?.cast::<Tuple>().items();
    let missing = argcount.checked_sub(nargs)?;
    let used = defaults.get(defaults.len().checked_sub(missing)?..)?;
    let base = frame::push_words(th.state(), (*code).framesize as usize);
    if base.is_null() {
        return None;
    }
    let frame = base.cast::<Frame>();
    frame::init(frame, func, code, argcount);
    let mut place = Frame::localsplus(frame);
    copy_words(args, place, nargs);
    place = place.add(nargs);
    for default in used {
        *place = Word::borrow(*default).dup();
        place = frame::few(place.add(1));
    }
    Some(frame)
}

/// A frame for a function where names are known by identity and defaults fill
/// the gaps; `None`, with nothing taken over and no exception set, if it takes
/// more than that.
#[inline(never)]
unsafe fn make_frame_matched(
    th: Thread<'_>,
    func: *mut PyObject,
    args: *mut Word,
    nargs: usize,
    names: &[Obj<'_>],
) -> Option<*mut Frame> {
    let function = &*func.cast::<Function>();
    let code = &*function.code.as_ptr().cast::<Code>();
    if code.flags & abi::CO_OPTIMIZED == 0 {
        return None;
    }
    let mut places = [0; MOST];
    let given = match_arguments(code, nargs, names, &mut places)?;
    let argcount = code.argcount as usize;
    let named = argcount + code.kwonlyargcount as usize;
    let places = &places[..names.len()];
    let defaults = Obj::from_raw(function.defaults.as_ptr());
    let defaults = defaults.map_or(&[][..], |defaults| defaults.cast::<Tuple>().items());
    let defaults = &defaults[defaults.len().saturating_sub(argcount)..];
    let first_default = argcount - defaults.len();
    if given & low_bits(first_default) != low_bits(first_default) {
        return None;
    }
    let kwdefaults = Obj::from_raw(function.kwdefaults.as_ptr()).map(|dict| dict.cast::<Dict>());
    // PERF: the dict has them in the order of the parameters, the last ones that
    // is, as a rule.
    let kwdefault = |i: usize| {
        let (dict, name) = (kwdefaults?, code.local_name(i));
        match (dict.entries() + i).checked_sub(named) {
            Some(at) if dict.key_at(at).is_some_and(|key| key.is(name.obj())) => dict.value_at(at),
            _ => dict.get_name(th, name),
        }
    };
    let missing = |i: &usize| given >> i & 1 == 0;
    if (argcount..named).filter(missing).any(|i| kwdefault(i).is_none()) {
        return None;
    }
    let base = frame::push_words(th.state(), code.framesize as usize);
    if base.is_null() {
        return None;
    }
    let positional = nargs.min(argcount);
    let rest = args.add(positional);
    let Some((tuple, dict)) = collect_others(th, code, rest, nargs - positional, places, names)
    else {
        frame::pop_words(th.state(), base);
        return None;
    };
    let frame = base.cast::<Frame>();
    frame::init(frame, func, code, positional);
    let locals = Frame::localsplus(frame);
    copy_words(args, locals, positional);
    for (i, place) in places.iter().enumerate() {
        let value = *args.add(nargs + i);
        if *place == OTHER {
            // The dict has it.
            value.release();
        } else {
            *locals.add(usize::from(*place)) = value;
        }
    }
    for i in (first_default..argcount).filter(missing) {
        *locals.add(i) = Word::borrow(defaults[i - first_default]).dup();
    }
    for i in (argcount..named).filter(missing) {
        if let Some(default) = kwdefault(i) {
            *locals.add(i) = Word::borrow(default).dup();
        }
    }
    let mut place = locals.add(named);
    if code.flags & VARARGS != 0 {
        *place = tuple;
        place = place.add(1);
    }
    if code.flags & VARKEYWORDS != 0 {
        *place = dict;
    }
    Some(frame)
}

/// The tuple of `n` positional arguments that no variable is for, which it takes
/// over, and the dict of such keyword arguments, whose values follow and are not
/// taken over: as far as the function wants them. `None`, with nothing taken
/// over and no exception set, when memory is out.
#[inline(always)]
unsafe fn collect_others(
    th: Thread<'_>,
    code: &Code,
    rest: *mut Word,
    n: usize,
    places: &[u16],
    names: &[Obj<'_>],
) -> Option<(Word, Word)> {
    let quiet = |raised| th.clear_exception(raised);
    let mut others = Word::NULL;
    if code.flags & VARKEYWORDS != 0 {
        let dict = Dict::new(th).map_err(quiet).ok()?;
        for (i, (place, name)) in places.iter().zip(names).enumerate() {
            if *place == OTHER {
                // Interned names run no code.
                dict.set(th, *name, (*rest.add(n + i)).obj()).map_err(quiet).ok()?;
            }
        }
        others = Word::from_ref(dict);
    }
    if code.flags & VARARGS == 0 {
        return Some((Word::NULL, others));
    }
    match Tuple::from_fn(th, n, |i| Some((*rest.add(i)).owned().ptr())) {
        Ok(tuple) => Some((Word::from_ref(tuple), others)),
        Err(raised) => {
            quiet(raised);
            others.release_opt();
            None
        }
    }
}

unsafe fn release_all(args: *mut Word, n: usize) {
    for i in 0..n {
        std::mem::replace(&mut *args.add(i), Word::NULL).release_opt();
    }
}

#[inline(never)]
unsafe fn make_frame_general(
    th: Thread<'_>,
    func: *mut PyObject,
    args: *mut Word,
    nargs: usize,
    names: &[Obj<'_>],
) -> Option<*mut Frame> {
    let state = th.state();
    let total = nargs + names.len();
    let Some(frame) = frame::push(th, state, func, 0) else {
        release_all(args, total);
        return None;
    };
    let function = &*func.cast::<Function>();
    let code = Frame::code(frame);
    if code.flags & abi::CO_OPTIMIZED == 0 {
        (*frame).locals = function.globals.get().map_or(null_mut(), Ref::into_raw);
    }
    let locals = Frame::localsplus(frame);
    let bound = bind(th, function, code, locals, args, nargs, names);
    release_all(args, total);
    if bound.is_err() {
        frame::pop(th, state, frame);
        return None;
    }
    Some(frame)
}

/// Put arguments into the variables of a new frame, which are null.
unsafe fn bind(
    th: Thread<'_>,
    function: &Function,
    code: &Code,
    locals: *mut Word,
    args: *mut Word,
    nargs: usize,
    names: &[Obj<'_>],
) -> Result<()> {
    let argcount = code.argcount as usize;
    let total = argcount + code.kwonlyargcount as usize;
    let mut kwdict = None;
    if code.flags & VARKEYWORDS != 0 {
        let dict = Dict::new(th)?;
        let at = total + usize::from(code.flags & VARARGS != 0);
        *locals.add(at) = Word::borrow(dict.obj()).dup();
        kwdict = Some(dict);
    }
    let given = nargs.min(argcount);
    for i in 0..given {
        *locals.add(i) = std::mem::replace(&mut *args.add(i), Word::NULL);
    }
    if code.flags & VARARGS != 0 {
        let rest = Tuple::from_fn(th, nargs - given, |i| {
            Some(std::mem::replace(&mut *args.add(given + i), Word::NULL).owned().ptr())
        });
        *locals.add(total) = Word::from_ref(rest?);
    }
    for (i, name) in names.iter().enumerate() {
        let value = std::mem::replace(&mut *args.add(nargs + i), Word::NULL);
        if let Err(raised) =
            bind_keyword(th, function, code, locals, *name, value, kwdict.as_deref(), names)
        {
            value.release_opt();
            return Err(raised);
        }
    }
    if nargs > argcount && code.flags & VARARGS == 0 {
        return Err(too_many(th, function, code, locals, nargs));
    }
    if nargs < argcount {
        let defaults = function.defaults.get();
        let defaults = defaults.as_deref().map_or(&[][..], Tuple::items);
        let defaults = &defaults[defaults.len().saturating_sub(argcount)..];
        let first = argcount - defaults.len();
        let missing: Vec<usize> = (nargs..first).filter(|i| (*locals.add(*i)).is_null()).collect();
        if !missing.is_empty() {
            return Err(missing_arguments(th, function, code, &missing, "positional"));
        }
        for i in first.max(nargs)..argcount {
            if (*locals.add(i)).is_null() {
                *locals.add(i) = Word::from_ref(defaults[i - first].own());
            }
        }
    }
    if code.kwonlyargcount > 0 {
        let defaults = function.kwdefaults.get();
        let mut missing = Vec::new();
        for i in argcount..total {
            if !(*locals.add(i)).is_null() {
                continue;
            }
            if let Some(defaults) = &defaults
                && let Some(value) = defaults.get(th, code.local_name(i).obj())?
            {
                *locals.add(i) = Word::from_ref(value);
                continue;
            }
            missing.push(i);
        }
        if !missing.is_empty() {
            return Err(missing_arguments(th, function, code, &missing, "keyword-only"));
        }
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "one step of `bind`, split off for length")]
unsafe fn bind_keyword(
    th: Thread<'_>,
    function: &Function,
    code: &Code,
    locals: *mut Word,
    name: Obj<'_>,
    value: Word,
    kwdict: Option<&Dict>,
    names: &[Obj<'_>],
) -> Result<()> {
    let total = (code.argcount + code.kwonlyargcount) as usize;
    let positional_only = code.posonlyargcount as usize;
    let variables = code.localsplusnames.items();
    let mut found = variables[positional_only..total].iter().position(|other| other.is(name));
    if found.is_none() {
        let Some(text) = name.downcast::<Str>() else {
            raise!(th, TypeError, "{}() keywords must be strings", qualname(function));
        };
        let _ = text;
        for (i, other) in variables[positional_only..total].iter().enumerate() {
            if protocol::compare::eq(th, name, *other)? {
                found = Some(i);
                break;
            }
        }
    }
    let Some(index) = found.map(|i| i + positional_only) else {
        if let Some(dict) = kwdict {
            dict.set(th, name, value.obj())?;
            value.release();
            return Ok(());
        }
        return Err(unexpected_keyword(th, function, code, name, names));
    };
    if !(*locals.add(index)).is_null() {
        raise!(
            th,
            TypeError,
            "{}() got multiple values for argument '{}'",
            qualname(function),
            code.local_name(index)
        );
    }
    *locals.add(index) = value;
    Ok(())
}

fn qualname(function: &Function) -> String {
    function.qualname.get().map_or_else(String::new, |name| name.to_string())
}

#[cold]
fn unexpected_keyword(
    th: Thread<'_>,
    function: &Function,
    code: &Code,
    name: Obj<'_>,
    names: &[Obj<'_>],
) -> object::Raised {
    let positional_only = code.posonlyargcount as usize;
    let total = (code.argcount + code.kwonlyargcount) as usize;
    let text = |name: Obj<'_>| name.downcast::<Str>().map_or_else(String::new, Str::to_string);
    let variables: Vec<String> =
        code.localsplusnames.items()[..total].iter().map(|name| text(*name)).collect();
    let wrong: Vec<&str> = variables[..positional_only]
        .iter()
        .filter(|variable| names.iter().any(|name| text(*name) == **variable))
        .map(String::as_str)
        .collect();
    let function = qualname(function);
    if !wrong.is_empty() {
        return error!(
            th,
            TypeError,
            "{function}() got some positional-only arguments passed as keyword arguments: '{}'",
            wrong.join(", ")
        );
    }
    let name = text(name);
    match suggest(&name, variables[positional_only..].iter().map(String::as_str)) {
        Some(other) => error!(
            th,
            TypeError,
            "{function}() got an unexpected keyword argument '{name}'. Did you mean '{other}'?"
        ),
        None => {
            error!(th, TypeError, "{function}() got an unexpected keyword argument '{name}'")
        }
    }
}

#[cold]
unsafe fn too_many(
    th: Thread<'_>,
    function: &Function,
    code: &Code,
    locals: *mut Word,
    given: usize,
) -> object::Raised {
    let argcount = code.argcount as usize;
    let total = argcount + code.kwonlyargcount as usize;
    let kwonly = (argcount..total).filter(|i| !(*locals.add(*i)).is_null()).count();
    let defaults = function.defaults.get().map_or(0, |defaults| defaults.len());
    let (takes, plural) = if defaults > 0 {
        (format!("from {} to {argcount}", argcount - defaults.min(argcount)), true)
    } else {
        (argcount.to_string(), argcount != 1)
    };
    let s = |plural: bool| if plural { "s" } else { "" };
    let also = if kwonly > 0 {
        format!(
            " positional argument{} (and {kwonly} keyword-only argument{})",
            s(given != 1),
            s(kwonly != 1)
        )
    } else {
        String::new()
    };
    let verb = if given == 1 && kwonly == 0 { "was" } else { "were" };
    error!(
        th,
        TypeError,
        "{}() takes {takes} positional argument{} but {given}{also} {verb} given",
        qualname(function),
        s(plural)
    )
}

#[cold]
fn missing_arguments(
    th: Thread<'_>,
    function: &Function,
    code: &Code,
    missing: &[usize],
    kind: &str,
) -> object::Raised {
    let names: Vec<String> = missing.iter().map(|i| format!("'{}'", code.local_name(*i))).collect();
    let list = match &names[..] {
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
        [] => String::new(),
    };
    error!(
        th,
        TypeError,
        "{}() missing {} required {kind} argument{}: {list}",
        qualname(function),
        names.len(),
        if names.len() == 1 { "" } else { "s" }
    )
}

/// Call anything with words of a frame, which stay there.
#[inline(never)]
pub(crate) unsafe fn vector(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: *const Word,
    n: usize,
    kwnames: Option<&Tuple>,
) -> *mut PyObject {
    with_pointers(args, n, |args| call_pointers(th, callable, args, n, kwnames))
}

/// Most arguments that [`fast`] passes without allocating.
const FEW: usize = 8;
/// Most arguments that [`frame_ex`] passes without allocating.
const MANY: usize = 16;

/// The objects of `n` words in a row, for the time of a call, with room for one
/// more in front.
#[inline(always)]
unsafe fn with_pointers<R>(
    args: *const Word,
    n: usize,
    call: impl FnOnce(*mut *mut PyObject) -> R,
) -> R {
    if n > FEW {
        let mut all = Vec::with_capacity(n + 1);
        all.push(null_mut());
        all.extend((0..n).map(|i| (*args.add(i)).ptr()));
        return call(all.as_mut_ptr().add(1));
    }
    let mut few = [const { std::mem::MaybeUninit::<*mut PyObject>::uninit() }; FEW + 1];
    for (i, place) in few.iter_mut().skip(1).take(n).enumerate() {
        place.write((*args.add(i)).ptr());
    }
    call(few.as_mut_ptr().cast::<*mut PyObject>().add(1))
}

/// Call a `METH_FASTCALL` function.
#[inline(never)]
pub(crate) unsafe fn fast(
    function: abi::PyCFunction,
    this: *mut PyObject,
    args: *const Word,
    n: usize,
) -> *mut PyObject {
    let function = std::mem::transmute::<abi::PyCFunction, abi::PyCFunctionFast>(function);
    with_pointers(args, n, |args| function(this, args, n as isize))
}

/// Call a `METH_FASTCALL | METH_KEYWORDS` function without keywords.
#[inline(never)]
pub(crate) unsafe fn fast_keywords(
    function: abi::PyCFunction,
    this: *mut PyObject,
    args: *const Word,
    n: usize,
) -> *mut PyObject {
    let function =
        std::mem::transmute::<abi::PyCFunction, abi::PyCFunctionFastWithKeywords>(function);
    with_pointers(args, n, |args| function(this, args, n as isize, null_mut()))
}

/// Call with arguments in front of which there is room for one more.
unsafe fn call_pointers(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: *mut *mut PyObject,
    n: usize,
    kwnames: Option<&Tuple>,
) -> *mut PyObject {
    let value = if let Some(function) = protocol::call::vectorcall_of(callable, callable.ty()) {
        let names = kwnames.map_or(null_mut(), |names| names.obj().as_ptr());
        let positional = n - kwnames.map_or(0, Tuple::len);
        let flag = abi::PY_VECTORCALL_ARGUMENTS_OFFSET;
        function(callable.as_ptr(), args, positional | flag, names)
    } else {
        let args = reference::objects(args, n);
        match protocol::call::call(th, callable, args, kwnames) {
            Ok(value) => value.into_raw(),
            Err(_) => null_mut(),
        }
    };
    if value.is_null() == th.is_raised() { value } else { inconsistent(th, callable, value) }
}

/// What C code returned does not go with the exception that is or is not set.
#[cold]
fn inconsistent(th: Thread<'_>, callable: Obj<'_>, value: *mut PyObject) -> *mut PyObject {
    // SAFETY: a new reference or null.
    let result = unsafe { Ref::<object::Object>::from_raw(value) };
    let cause = th.swap_exception(None);
    let shown = protocol::text::repr(th, callable).map(|text| text.to_string()).unwrap_or_default();
    drop(th.swap_exception(cause));
    if result.is_some() {
        let message = format!("{shown} returned a result with an exception set");
        crate::importdl::chained(th, &message);
    } else {
        object::error!(th, SystemError, "{shown} returned NULL without setting an exception");
    }
    null_mut()
}

/// `callable(*args, **kwargs)`; the callee may keep `kwargs`.
pub(crate) unsafe fn call_ex(
    th: Thread<'_>,
    callable: Obj<'_>,
    args: &Tuple,
    kwargs: Option<&Dict>,
) -> *mut PyObject {
    let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty());
    let vectorcall = protocol::call::vectorcall_of(callable, callable.ty());
    let value = match (vectorcall, kwargs) {
        (Some(function), None) => {
            let items = args.items();
            function(callable.as_ptr(), items.as_ptr().cast(), items.len(), null_mut())
        }
        (Some(_), Some(kwargs)) => {
            if check_keywords(th, kwargs).is_err() {
                return null_mut();
            }
            let keywords = SplitKwargs::new(Some(kwargs));
            let Ok(names) = Tuple::from_objs(th, keywords.names()) else { return null_mut() };
            let values = args.items().iter().chain(keywords.values()).map(|value| value.as_ptr());
            let mut buffer: Few<*mut PyObject> = [null_mut()].into_iter().chain(values).collect();
            let (first, count) = (buffer.as_mut_ptr().add(1), buffer.len() - 1);
            return call_pointers(th, callable, first, count, Some(&names));
        }
        (None, _) => raw(protocol::call::call_tuple(th, callable, args, kwargs).ok()),
    };
    if value.is_null() == th.is_raised() { value } else { inconsistent(th, callable, value) }
}

/// Whether all keys are strings, as those of keyword arguments have to be.
fn check_keywords(th: Thread<'_>, kwargs: &Dict) -> Result<()> {
    let is_text = |index| kwargs.key_at(index).is_none_or(|key| key.downcast::<Str>().is_some());
    if kwargs.is_unicode_keys() || (0..kwargs.entries()).all(is_text) {
        return Ok(());
    }
    raise!(th, TypeError, "keywords must be strings")
}

/// A frame for `func(this, *args, **kwargs)` of a Python function, which is
/// taken over.
pub(crate) unsafe fn frame_ex(
    th: Thread<'_>,
    func: *mut PyObject,
    this: Option<Obj<'_>>,
    args: &Tuple,
    kwargs: Option<&Dict>,
) -> Option<*mut Frame> {
    let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty());
    let positional = args.len() + usize::from(this.is_some());
    let total = positional + kwargs.map_or(0, Dict::len);
    let (mut few, mut many);
    let words = if total <= MANY {
        few = [const { std::mem::MaybeUninit::<Word>::uninit() }; MANY];
        few.as_mut_ptr().cast::<Word>()
    } else {
        many = Vec::<Word>::with_capacity(total);
        many.as_mut_ptr()
    };
    let given = this.iter().chain(args.items());
    for (i, argument) in given.enumerate() {
        words.add(i).write(Word::borrow(*argument).dup());
    }
    let Some(kwargs) = kwargs else { return make_frame(th, func, words, positional, &[]) };
    // Binding runs no code that could change `kwargs` while all keys are strings.
    if kwargs.is_unicode_keys() && total <= MANY {
        let mut names = [Obj::from_ptr(NonNull::from(args).cast()); MANY];
        let entries =
            (0..kwargs.entries()).filter_map(|i| kwargs.key_at(i).zip(kwargs.value_at(i)));
        for (i, (name, value)) in entries.enumerate().take(total - positional) {
            names[i] = name;
            words.add(positional + i).write(Word::borrow(value).dup());
        }
        return make_frame(th, func, words, positional, &names[..total - positional]);
    }
    frame_of_odd_keywords(th, func, words, positional, kwargs)
}

/// The rest of [`frame_ex`] for keywords that are many or not plain strings.
/// There is room for their values behind the positional arguments.
#[cold]
#[inline(never)]
unsafe fn frame_of_odd_keywords(
    th: Thread<'_>,
    func: *mut PyObject,
    words: *mut Word,
    positional: usize,
    kwargs: &Dict,
) -> Option<*mut Frame> {
    if check_keywords(th, kwargs).is_err() {
        release_all(words, positional);
        reference::decref(NonNull::new_unchecked(func));
        return None;
    }
    let (mut names, mut position) = (Vec::new(), 0);
    while let Some((name, value)) = kwargs.next_entry(&mut position) {
        words.add(positional + names.len()).write(Word::from_ref(value));
        names.push(name);
    }
    let borrowed: Vec<Obj<'_>> = names.iter().map(AsObject::obj).collect();
    make_frame(th, func, words, positional, &borrowed)
}

/// What stands in `Function::vectorcall`.
pub(crate) unsafe extern "C" fn vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let th = Thread::current();
    let nargs = nargsf & !abi::PY_VECTORCALL_ARGUMENTS_OFFSET;
    let kwnames = Obj::from_raw(kwnames).map(|names| names.cast::<Tuple>());
    call_function(th, callable, args, nargs, kwnames)
}

/// [`make_frame`] for arguments that stay where they are. `func` is owned.
unsafe fn frame_of_pointers(
    th: Thread<'_>,
    func: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
    names: &[Obj<'_>],
) -> Option<*mut Frame> {
    let total = nargs + names.len();
    let mut few = [Word::NULL; FEW];
    let mut many;
    let words = if total <= FEW {
        &mut few[..total]
    } else {
        many = vec![Word::NULL; total];
        &mut many[..]
    };
    for (i, word) in words.iter_mut().enumerate() {
        *word = Word::from_raw(*args.add(i)).dup();
    }
    make_frame(th, func, words.as_mut_ptr(), nargs, names)
}

/// Call a Python function from native code.
pub(crate) unsafe fn call_function(
    th: Thread<'_>,
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: Option<&Tuple>,
) -> *mut PyObject {
    let own = |i: usize| Word::from_raw(*args.add(i)).dup();
    reference::incref(NonNull::new_unchecked(callable));
    let code = &*(*callable.cast::<Function>()).code.as_ptr().cast::<Code>();
    let frame = if kwnames.is_none() && nargs == code.argcount as usize && code.is_simple() {
        let Some(frame) = frame::push(th, th.state(), callable, nargs) else { return null_mut() };
        let locals = Frame::localsplus(frame);
        for i in 0..nargs {
            *locals.add(i) = own(i);
        }
        frame
    } else {
        let names = kwnames.map_or(&[][..], Tuple::items);
        match frame_of_pointers(th, callable, args, nargs, names) {
            Some(frame) => frame,
            None => return null_mut(),
        }
    };
    interp::run(th, frame)
}

/// Evaluate code in namespaces; `closure` holds its cells.
pub fn eval_code(
    th: Thread<'_>,
    code: &Code,
    globals: &Dict,
    locals: Option<Obj<'_>>,
    closure: Option<&Tuple>,
) -> Result<Ref> {
    let builtins = crate::builtins_of(th, globals)?;
    let function = Function::with_builtins(th, object::own(code), object::own(globals), builtins)?;
    function.closure.set(closure.map(object::own));
    // SAFETY: the frame takes over the function and the namespace.
    unsafe {
        let func = function.into_raw();
        let mut none = Word::NULL;
        let Some(frame) = make_frame(th, func, &raw mut none, 0, &[]) else {
            return Err(object::Raised);
        };
        let namespace = match locals {
            Some(locals) => Some(locals.own()),
            None if code.flags & abi::CO_NEWLOCALS != 0 => None,
            None => Some(globals.obj().own()),
        };
        let old =
            std::mem::replace(&mut (*frame).locals, namespace.map_or(null_mut(), Ref::into_raw));
        drop(Ref::from_raw(old));
        Ref::from_raw(interp::run(th, frame)).ok_or(object::Raised)
    }
}

/// [`object::hooks::Hooks::call_function`].
pub(crate) fn call_function_hook(
    th: Thread<'_>,
    function: &Function,
    args: &[Obj<'_>],
    kwnames: Option<&Tuple>,
) -> Result<Ref> {
    let nargs = args.len() - kwnames.map_or(0, Tuple::len);
    // SAFETY: live arguments of the caller.
    let value =
        unsafe { call_function(th, function.obj().as_ptr(), args.as_ptr().cast(), nargs, kwnames) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(object::Raised)
}
