//! `builtins`: the functions that need no import.
//!
//! The types and exceptions of the module come from their tables; `compile`,
//! `eval` and `exec` are in `compile`.

use macros::pymodule;
use num::{complex::Complex as Value, float_ops::CompensatedSum};
use object::{
    Args, AsObject, CompareOp, Dict, Int, Kwargs, List, Module, Obj, Protocol, PyStruct, Ref,
    Result, Str, Thread, Tuple, Type, exceptions, id,
    protocol::{self, iter::Iteration},
    raise,
    types::{self, complex::Complex},
};

/// Built-in functions, types, exceptions, and other objects.
///
/// This module provides direct access to all 'built-in'
/// identifiers of Python; for example, builtins.len is
/// the full name for the built-in function len().
#[pymodule]
pub mod builtins {
    use super::*;
    use crate::compile;

    /// __build_class__(func, name, /, *bases, [metaclass], **kwds) -> class
    ///
    /// Internal helper function used by the class statement.
    #[no_signature]
    #[sig = "(*args, **kwds)"]
    fn __build_class__(th: Thread<'_>, args: Args<'_>, kwds: Kwargs<'_>) -> Result {
        let [func, name, bases @ ..] = args else {
            raise!(th, TypeError, "__build_class__: not enough arguments");
        };
        build_class(th, *func, *name, bases, kwds)
    }

    /// Import a module.
    ///
    /// Because this function is meant for use by the Python interpreter and not
    /// for general use, it is better to use importlib.import_module() to
    /// programmatically import a module.
    #[sig = "(name, globals=None, locals=None, fromlist=(), level=0)"]
    fn __import__(
        th: Thread<'_>,
        name: Obj<'_>,
        globals: Option<Obj<'_>>,
        locals: Option<Obj<'_>>,
        fromlist: Option<Obj<'_>>,
        level: Option<Obj<'_>>,
    ) -> Result {
        let _ = locals;
        let level = match level {
            Some(level) => Int::index_to_isize(th, level)?,
            None => 0,
        };
        vm::import::import(th, name, globals, fromlist, level)
    }

    /// Return the absolute value of the argument.
    #[sig = "(x, /)"]
    fn abs(th: Thread<'_>, x: Obj<'_>) -> Result {
        protocol::number::unary(th, protocol::number::ABSOLUTE, x)
    }

    /// Return an AsyncIterator for an AsyncIterable object.
    #[sig = "(async_iterable, /)"]
    fn aiter(th: Thread<'_>, async_iterable: Obj<'_>) -> Result {
        let slot = async_iterable.ty().async_().and_then(|methods| methods.am_aiter);
        let Some(slot) = slot else {
            raise!(
                th,
                TypeError,
                "'{}' object is not an async iterable",
                async_iterable.type_name()
            );
        };
        // SAFETY: the slot belongs to the object's type.
        let iterator = unsafe { slot(async_iterable.as_ptr()) };
        // SAFETY: a new reference or null.
        let iterator = unsafe { Ref::from_raw(iterator) }.ok_or(object::Raised)?;
        if iterator.obj().ty().async_().is_none_or(|methods| methods.am_anext.is_none()) {
            raise!(
                th,
                TypeError,
                "aiter() returned not an async iterator of type '{}'",
                iterator.obj().type_name()
            );
        }
        Ok(iterator)
    }

    /// Return True if bool(x) is True for all values x in the iterable.
    ///
    /// If the iterable is empty, return True.
    #[sig = "(iterable, /)"]
    fn all(th: Thread<'_>, iterable: Obj<'_>) -> Result<bool> {
        let iteration = Iteration::new(th, iterable)?;
        while let Some(item) = iteration.next(th)? {
            if !item.is_true(th)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Return the next item from the async iterator.
    ///
    /// If default is given and the async iterator is exhausted,
    /// it is returned instead of raising StopAsyncIteration.
    #[sig = "(aiterator, default=<unrepresentable>, /)"]
    fn anext(th: Thread<'_>, aiterator: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        let slot = aiterator.ty().async_().and_then(|methods| methods.am_anext);
        let Some(slot) = slot else {
            raise!(th, TypeError, "'{}' object is not an async iterator", aiterator.type_name());
        };
        // SAFETY: the slot belongs to the object's type.
        let awaitable = unsafe { slot(aiterator.as_ptr()) };
        // SAFETY: a new reference or null.
        let awaitable = unsafe { Ref::from_raw(awaitable) }.ok_or(object::Raised)?;
        match default {
            Some(default) => vm::anext_awaitable(th, awaitable.obj(), default),
            None => Ok(awaitable),
        }
    }

    /// Return True if bool(x) is True for any x in the iterable.
    ///
    /// If the iterable is empty, return False.
    #[sig = "(iterable, /)"]
    fn any(th: Thread<'_>, iterable: Obj<'_>) -> Result<bool> {
        let iteration = Iteration::new(th, iterable)?;
        while let Some(item) = iteration.next(th)? {
            if item.is_true(th)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Return an ASCII-only representation of an object.
    #[sig = "(obj, /)"]
    fn ascii(th: Thread<'_>, obj: Obj<'_>) -> Result<Ref<Str>> {
        protocol::text::ascii(th, obj)
    }

    /// Return the binary representation of an integer.
    ///
    ///    >>> bin(170)
    ///    '0b10101010'
    #[sig = "(number, /)"]
    fn bin(th: Thread<'_>, number: Obj<'_>) -> Result<Ref<Str>> {
        in_base(th, number, 2)
    }

    /// Return the hexadecimal representation of an integer.
    ///
    ///    >>> hex(48879)
    ///    '0xbeef'
    #[sig = "(number, /)"]
    fn hex(th: Thread<'_>, number: Obj<'_>) -> Result<Ref<Str>> {
        in_base(th, number, 16)
    }

    /// Return the octal representation of an integer.
    ///
    ///    >>> oct(493)
    ///    '0o755'
    #[sig = "(number, /)"]
    fn oct(th: Thread<'_>, number: Obj<'_>) -> Result<Ref<Str>> {
        in_base(th, number, 8)
    }

    /// Call sys.breakpointhook(*args, **kws).
    #[sig = "(*args, **kws)"]
    fn breakpoint(th: Thread<'_>, args: Args<'_>, kws: Kwargs<'_>) -> Result {
        let hook = sys_attribute(th, id!(th, "breakpointhook"))?;
        let Some(hook) = hook else { raise!(th, RuntimeError, "lost sys.breakpointhook") };
        protocol::call::call_dict(th, hook.obj(), args, Some(&*kws.to_dict(th)?))
    }

    /// Return whether the object is callable (i.e., some kind of function).
    #[sig = "(obj, /)"]
    fn callable(_: Thread<'_>, obj: Obj<'_>) -> bool {
        protocol::call::is_callable(obj)
    }

    /// Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff.
    #[sig = "(i, /)"]
    fn chr(th: Thread<'_>, i: Obj<'_>) -> Result<Ref<Str>> {
        let index = Int::index(th, i)?;
        match Int::to_i64(index.obj()).and_then(|code| u32::try_from(code).ok()) {
            Some(code) if code <= 0x0010_ffff => Str::from_char(th, code),
            _ => raise!(th, ValueError, "chr() arg not in range(0x110000)"),
        }
    }

    /// Compile source into a code object that can be executed by exec() or eval().
    #[sig = "(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)"]
    #[allow(clippy::too_many_arguments, reason = "the parameters of Python's function")]
    #[name = "compile"]
    fn compile_(
        th: Thread<'_>,
        source: Obj<'_>,
        filename: Obj<'_>,
        mode: Obj<'_>,
        flags: i32,
        dont_inherit: bool,
        optimize: i32,
        _feature_version: i32,
    ) -> Result {
        let how = compile::How { flags, dont_inherit, optimize, feature_version: _feature_version };
        compile::compile(th, source, filename, mode, how)
    }

    /// Deletes the named attribute from the given object.
    #[sig = "(obj, name, /)"]
    fn delattr(th: Thread<'_>, obj: Obj<'_>, name: Obj<'_>) -> Result<()> {
        obj.setattr(th, attribute_name(th, name)?, None)
    }

    /// dir([object]) -> list of strings
    ///
    /// Show attributes of an object.
    ///
    /// If called without an argument, return the names in the current scope.
    #[no_signature]
    #[sig = "(obj=<unrepresentable>, /)"]
    fn dir(th: Thread<'_>, obj: Option<Obj<'_>>) -> Result {
        let names = match obj {
            None => {
                let locals = (th.hooks().current_locals)(th)?;
                let keys = locals.call_method(th, id!(th, "keys"), &[])?;
                List::from_refs(th, protocol::iter::collect(th, keys.obj())?)?
            }
            Some(obj) => {
                let special =
                    types::type_::slot_functions::call_special(th, obj, id!(th, "__dir__"), &[])?;
                let Some(names) = special else {
                    raise!(th, TypeError, "object does not provide __dir__");
                };
                List::from_refs(th, protocol::iter::collect(th, names.obj())?)?
            }
        };
        names.call_method(th, id!(th, "sort"), &[])?;
        Ok(names.upcast())
    }

    /// Return the tuple (x//y, x%y).  Invariant: div*y + mod == x.
    #[sig = "(x, y, /)"]
    fn divmod(th: Thread<'_>, x: Obj<'_>, y: Obj<'_>) -> Result {
        protocol::number::binary(th, protocol::number::DIVMOD, x, y)
    }

    /// Evaluate the given source in the context of globals and locals.
    #[sig = "(source, /, globals=None, locals=None)"]
    fn eval(
        th: Thread<'_>,
        source: Obj<'_>,
        globals: Option<Obj<'_>>,
        locals: Option<Obj<'_>>,
    ) -> Result {
        compile::eval(th, source, globals, locals)
    }

    /// Execute the given source in the context of globals and locals.
    #[sig = "(source, /, globals=None, locals=None, *, closure=None)"]
    fn exec(
        th: Thread<'_>,
        source: Obj<'_>,
        globals: Option<Obj<'_>>,
        locals: Option<Obj<'_>>,
        closure: Option<Obj<'_>>,
    ) -> Result<()> {
        compile::exec(th, source, globals, locals, closure)
    }

    /// Return type(value).__format__(value, format_spec).
    #[sig = "(value, format_spec='', /)"]
    fn format(
        th: Thread<'_>,
        value: Obj<'_>,
        format_spec: Option<object::args::Given<&Str>>,
    ) -> Result {
        let spec = format_spec.map(|spec| spec.0.obj());
        protocol::text::format_value(th, value, spec).map(Ref::upcast)
    }

    /// getattr(object, name[, default]) -> value
    ///
    /// Get a named attribute from an object; getattr(x, 'y') is equivalent to x.y.
    #[no_signature]
    #[sig = "(obj, name, default=<unrepresentable>, /)"]
    fn getattr(th: Thread<'_>, obj: Obj<'_>, name: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        let name = attribute_name(th, name)?;
        let Some(default) = default else { return obj.getattr(th, name) };
        Ok(obj.getattr_opt(th, name)?.unwrap_or_else(|| default.own()))
    }

    /// Return the dictionary containing the current scope's global variables.
    #[sig = "()"]
    fn globals(th: Thread<'_>) -> Result {
        match (th.hooks().current_globals)(th) {
            Some(globals) => Ok(globals.upcast()),
            None => Ok(types::none().own()),
        }
    }

    /// Return whether the object has an attribute with the given name.
    #[sig = "(obj, name, /)"]
    fn hasattr(th: Thread<'_>, obj: Obj<'_>, name: Obj<'_>) -> Result<bool> {
        Ok(obj.getattr_opt(th, attribute_name(th, name)?)?.is_some())
    }

    /// Return the hash value for the given object.
    #[sig = "(obj, /)"]
    fn hash(th: Thread<'_>, obj: Obj<'_>) -> Result<isize> {
        protocol::compare::hash(th, obj)
    }

    /// Return the identity of an object.
    #[sig = "(obj, /)"]
    fn id(_: Thread<'_>, obj: Obj<'_>) -> usize {
        obj.as_ptr() as usize
    }

    /// Read a string from standard input.  The trailing newline is stripped.
    #[sig = "(prompt='', /)"]
    fn input(th: Thread<'_>, prompt: Option<Obj<'_>>) -> Result {
        read_input(th, prompt)
    }

    /// Return whether an object is an instance of a class or of a subclass thereof.
    #[sig = "(obj, class_or_tuple, /)"]
    fn isinstance(th: Thread<'_>, obj: Obj<'_>, class_or_tuple: Obj<'_>) -> Result<bool> {
        protocol::instance::is_instance(th, obj, class_or_tuple)
    }

    /// Return whether 'cls' is derived from another class or is the same class.
    #[sig = "(cls, class_or_tuple, /)"]
    fn issubclass(th: Thread<'_>, cls: Obj<'_>, class_or_tuple: Obj<'_>) -> Result<bool> {
        protocol::instance::is_subclass(th, cls, class_or_tuple)
    }

    /// iter(iterable) -> iterator
    /// iter(callable, sentinel) -> iterator
    ///
    /// Get an iterator from an object.
    ///
    /// In the first form, the argument must supply its own iterator, or be a sequence.
    /// In the second form, the callable is called until it returns the sentinel.
    #[no_signature]
    #[sig = "(object, sentinel=<unrepresentable>, /)"]
    fn iter(th: Thread<'_>, object: Obj<'_>, sentinel: Option<Obj<'_>>) -> Result {
        let Some(sentinel) = sentinel else { return object.iter(th) };
        if !protocol::call::is_callable(object) {
            raise!(th, TypeError, "iter(v, w): v must be callable");
        }
        types::iter::callable_iterator(th, object, sentinel)
    }

    /// Return the number of items in a container.
    #[sig = "(obj, /)"]
    fn len(th: Thread<'_>, obj: Obj<'_>) -> Result<usize> {
        protocol::mapping::len(th, obj)
    }

    /// Return a dictionary containing the current scope's local variables.
    #[sig = "()"]
    fn locals(th: Thread<'_>) -> Result {
        (th.hooks().current_locals)(th)
    }

    /// max(iterable, *[, default=obj, key=func]) -> value
    /// max(arg1, arg2, *args, *[, key=func]) -> value
    ///
    /// With a single iterable argument, return its biggest item.
    #[no_signature]
    #[sig = "(*args, **kwargs)"]
    fn max(th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        extreme(th, "max", CompareOp::Gt, args, kwargs)
    }

    /// min(iterable, *[, default=obj, key=func]) -> value
    /// min(arg1, arg2, *args, *[, key=func]) -> value
    ///
    /// With a single iterable argument, return its smallest item.
    #[no_signature]
    #[sig = "(*args, **kwargs)"]
    fn min(th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        extreme(th, "min", CompareOp::Lt, args, kwargs)
    }

    /// next(iterator[, default])
    ///
    /// Return the next item from the iterator.
    ///
    /// If default is given and the iterator is exhausted,
    /// it is returned instead of raising StopIteration.
    #[no_signature]
    #[sig = "(iterator, default=<unrepresentable>, /)"]
    fn next(th: Thread<'_>, iterator: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        let slot = iterator.ty().slots().tp_iternext;
        let Some(slot) = slot.filter(|_| protocol::iter::is_iterator(iterator)) else {
            raise!(th, TypeError, "'{}' object is not an iterator", iterator.type_name());
        };
        // SAFETY: the slot belongs to the iterator's type.
        let value = unsafe { slot(iterator.as_ptr()) };
        // SAFETY: a new reference or null.
        if let Some(value) = unsafe { Ref::from_raw(value) } {
            return Ok(value);
        }
        if let Some(default) = default {
            if th.is_raised() {
                th.catch(object::Raised, exceptions::types::StopIteration())?;
            }
            return Ok(default.own());
        }
        if th.is_raised() {
            return Err(object::Raised);
        }
        raise!(th, StopIteration)
    }

    /// Return the ordinal value of a character.
    #[sig = "(character, /)"]
    fn ord(th: Thread<'_>, character: Obj<'_>) -> Result {
        ordinal(th, character)
    }

    /// Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments.
    #[sig = "(base, exp, mod=None)"]
    fn pow(th: Thread<'_>, base: Obj<'_>, exp: Obj<'_>, modulus: Option<Obj<'_>>) -> Result {
        protocol::number::power(th, base, exp, modulus.unwrap_or(types::none()))
    }

    /// Prints the values to a stream, or to sys.stdout by default.
    #[sig = "(*args, sep=' ', end='\\n', file=None, flush=False)"]
    fn print(
        th: Thread<'_>,
        args: Args<'_>,
        sep: Option<Obj<'_>>,
        end: Option<Obj<'_>>,
        file: Option<Obj<'_>>,
        flush: bool,
    ) -> Result<()> {
        print_to(th, args, sep, end, file, flush)
    }

    /// Return the canonical string representation of the object.
    #[sig = "(obj, /)"]
    fn repr(th: Thread<'_>, obj: Obj<'_>) -> Result<Ref<Str>> {
        obj.repr(th)
    }

    /// Round a number to a given precision in decimal digits.
    #[sig = "(number, ndigits=None)"]
    fn round(th: Thread<'_>, number: Obj<'_>, ndigits: Option<Obj<'_>>) -> Result {
        let args = ndigits.filter(|ndigits| !ndigits.is_none());
        let name = id!(th, "__round__");
        let value = types::type_::slot_functions::call_special(th, number, name, args.as_slice())?;
        match value {
            Some(value) => Ok(value),
            None => raise!(
                th,
                TypeError,
                "type {} doesn't define __round__ method",
                number.ty().full_name()
            ),
        }
    }

    /// Sets the named attribute on the given object to the specified value.
    #[sig = "(obj, name, value, /)"]
    fn setattr(th: Thread<'_>, obj: Obj<'_>, name: Obj<'_>, value: Obj<'_>) -> Result<()> {
        obj.setattr(th, attribute_name(th, name)?, Some(value))
    }

    /// Return a new list containing all items from the iterable in ascending order.
    ///
    /// A custom key function can be supplied to customize the sort order, and the
    /// reverse flag can be set to request the result in descending order.
    #[sig = "(iterable, /, *, key=None, reverse=False)"]
    #[parse(forward)]
    fn sorted(th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        let [iterable] = args else {
            raise!(th, TypeError, "sorted expected 1 argument, got {}", args.len());
        };
        let list = List::new(th)?;
        list.extend(th, *iterable)?;
        let (names, values): (Vec<_>, Vec<_>) = kwargs.iter().unzip();
        let names = Tuple::from_objs(th, &names)?;
        list.getattr(th, id!(th, "sort"))?.call_kw(th, &values, Some(&names))?;
        Ok(list.upcast())
    }

    /// Return the sum of a 'start' value (default: 0) plus an iterable of numbers.
    #[sig = "(iterable, /, start=0)"]
    fn sum(th: Thread<'_>, iterable: Obj<'_>, start: Option<Obj<'_>>) -> Result {
        super::sum_of(th, iterable, start)
    }

    /// vars([object]) -> dictionary
    ///
    /// Return the __dict__ of an object; without arguments, locals().
    #[no_signature]
    #[sig = "(object=<unrepresentable>, /)"]
    fn vars(th: Thread<'_>, object: Option<Obj<'_>>) -> Result {
        let Some(object) = object else { return (th.hooks().current_locals)(th) };
        match object.getattr_opt(th, id!(th, "__dict__"))? {
            Some(dict) => Ok(dict),
            None => raise!(th, TypeError, "vars() argument must have __dict__ attribute"),
        }
    }

    #[exec]
    fn exec_module(th: Thread<'_>, module: &Module) -> Result<()> {
        for (name, value) in [
            ("None", types::none()),
            ("Ellipsis", types::ellipsis()),
            ("NotImplemented", types::not_implemented()),
            ("False", types::bool_(false)),
            ("True", types::bool_(true)),
        ] {
            module.set(th, name, value)?;
        }
        let debug = th.interp().flags.borrow().optimize == 0;
        module.set(th, "__debug__", types::bool_(debug))?;
        for ty in types::builtin_namespace() {
            module.set(th, ty.name(), ty.obj())?;
        }
        for (name, ty) in exceptions::all() {
            module.set(th, name, ty.obj())?;
        }
        Ok(())
    }
}

fn attribute_name<'a>(th: Thread<'_>, name: Obj<'a>) -> Result<&'a Str> {
    types::object_::expect_name(th, name)
}

/// An attribute of `sys`, if it is there.
pub(crate) fn sys_attribute(th: Thread<'_>, name: &Str) -> Result<Option<Ref>> {
    match th.interp().sys_dict.get() {
        Some(dict) => dict.get(th, name.obj()),
        None => Ok(None),
    }
}

fn in_base(th: Thread<'_>, number: Obj<'_>, base: u32) -> Result<Ref<Str>> {
    let index = Int::index(th, number)?;
    types::int::text::prefixed(th, index.obj(), base)
}

fn ordinal(th: Thread<'_>, character: Obj<'_>) -> Result {
    let (length, code) = if let Some(text) = character.downcast::<Str>() {
        (text.len(), text.get(0))
    } else if let Some(bytes) = character.downcast::<object::Bytes>() {
        (bytes.as_bytes().len(), bytes.as_bytes().first().map(|byte| u32::from(*byte)))
    } else if let Some(bytes) = character.downcast::<types::bytearray::ByteArray>() {
        let bytes = bytes.as_bytes();
        (bytes.len(), bytes.first().map(|byte| u32::from(*byte)))
    } else {
        raise!(
            th,
            TypeError,
            "ord() expected string of length 1, but {} found",
            character.type_name()
        );
    };
    match code {
        Some(code) if length == 1 => Int::from_i64(th, i64::from(code)),
        _ => {
            raise!(th, TypeError, "ord() expected a character, but string of length {length} found")
        }
    }
}

fn extreme(
    th: Thread<'_>,
    name: &str,
    op: CompareOp,
    args: Args<'_>,
    kwargs: Kwargs<'_>,
) -> Result {
    if args.is_empty() {
        raise!(th, TypeError, "{name} expected at least 1 argument, got 0");
    }
    let given = kwargs.iter().count();
    if given > 2 {
        raise!(th, TypeError, "{name}() takes at most 2 keyword arguments ({given} given)");
    }
    let (mut key, mut default) = (None, None);
    for (keyword, value) in kwargs.iter() {
        if types::str_eq(keyword, "key") {
            key = Some(value).filter(|key| !key.is_none());
        } else if types::str_eq(keyword, "default") {
            default = Some(value);
        } else {
            let keyword = keyword.str(th)?;
            raise!(th, TypeError, "{name}() got an unexpected keyword argument '{keyword}'");
        }
    }
    if args.len() > 1 && default.is_some() {
        raise!(
            th,
            TypeError,
            "Cannot specify a default for {name}() with multiple positional arguments"
        );
    }
    let mut best: Option<(Ref, Ref)> = None;
    let mut consider = |item: Ref| -> Result<()> {
        let value = match key {
            Some(key) => key.call(th, &[item.obj()])?,
            None => item.clone(),
        };
        let better = match &best {
            None => true,
            Some((_, known)) => {
                protocol::compare::rich_compare_bool(th, value.obj(), known.obj(), op)?
            }
        };
        if better {
            best = Some((item, value));
        }
        Ok(())
    };
    if let [iterable] = args {
        protocol::iter::for_each(th, *iterable, &mut consider)?;
    } else {
        for item in args {
            consider(item.own())?;
        }
    }
    match (best, default) {
        (Some((item, _)), _) => Ok(item),
        (None, Some(default)) => Ok(default.own()),
        (None, None) => raise!(th, ValueError, "{name}() iterable argument is empty"),
    }
}

/// `sum`: ints, floats and complex numbers are added natively while they last,
/// the latter two with the error compensated.
fn sum_of(th: Thread<'_>, iterable: Obj<'_>, start: Option<Obj<'_>>) -> Result {
    // PERF: a list is read without an iterator.
    let list = iterable.downcast_exact::<List>();
    let iteration = if list.is_some() { None } else { Some(Iteration::new(th, iterable)?) };
    let mut total = match start {
        Some(start) => {
            if start.downcast::<Str>().is_some() {
                raise!(th, TypeError, "sum() can't sum strings [use ''.join(seq) instead]");
            }
            if start.downcast::<object::Bytes>().is_some() {
                raise!(th, TypeError, "sum() can't sum bytes [use b''.join(seq) instead]");
            }
            if start.downcast::<types::bytearray::ByteArray>().is_some() {
                raise!(th, TypeError, "sum() can't sum bytearray [use b''.join(seq) instead]");
            }
            start.own()
        }
        None => Int::from_i64(th, 0)?,
    };
    let mut index = 0;
    let mut advance = || match (&iteration, list) {
        (Some(iteration), _) => iteration.next(th),
        (None, Some(list)) => {
            index += 1;
            Ok(list.get(index - 1))
        }
        (None, None) => Ok(None),
    };
    let mut next = advance()?;
    let add = |total: Ref, item: Ref| {
        protocol::number::binary(th, protocol::number::ADD, total.obj(), item.obj())
    };
    if let Some(mut exact) = exact_i64(total.obj()) {
        while let Some(item) = &next {
            let value = int_or_bool(item.obj());
            let Some(sum) = value.and_then(|value| exact.checked_add(value)) else { break };
            exact = sum;
            next = advance()?;
        }
        // What follows may be of another kind.
        total = Int::from_i64(th, exact)?;
        if let Some(item) = next.take() {
            total = add(total, item)?;
            next = advance()?;
        }
    }
    if let Some(float) = total.obj().downcast_exact::<object::Float>() {
        let mut sum = CompensatedSum::new(float.value());
        while let Some(item) = &next {
            let is_number = item.obj().is_exact::<object::Float>() || Int::is_int(item.obj());
            if !is_number {
                break;
            }
            sum.add(object::Float::as_f64(th, item.obj())?);
            next = advance()?;
        }
        total = object::Float::new(th, sum.value())?.upcast();
        if let Some(item) = next.take() {
            total = add(total, item)?;
            next = advance()?;
        }
    }
    if let Some(complex) = total.obj().downcast_exact::<Complex>() {
        let start = complex.value();
        let (mut real, mut imag) =
            (CompensatedSum::new(start.real), CompensatedSum::new(start.imag));
        while let Some(item) = &next {
            let item = item.obj();
            if let Some(complex) = item.downcast_exact::<Complex>() {
                real.add(complex.value().real);
                imag.add(complex.value().imag);
            } else if item.downcast::<object::Float>().is_some() || Int::is_int(item) {
                real.add(object::Float::as_f64(th, item)?);
            } else {
                break;
            }
            next = advance()?;
        }
        total = Complex::new(th, Value { real: real.value(), imag: imag.value() })?.upcast();
    }
    while let Some(item) = next {
        total = add(total, item)?;
        next = advance()?;
    }
    Ok(total)
}

/// The value of an int, not of a subclass's instance, that fits a machine word.
fn exact_i64(object: Obj<'_>) -> Option<i64> {
    match object::small_int::value(object.as_ptr()) {
        Some(value) => Some(value),
        None => object.is_exact::<Int>().then(|| Int::to_i64(object)).flatten(),
    }
}

/// The value of an int or bool that fits a machine word.
fn int_or_bool(object: Obj<'_>) -> Option<i64> {
    if object.is(types::bool_(true)) {
        return Some(1);
    }
    if object.is(types::bool_(false)) {
        return Some(0);
    }
    exact_i64(object)
}

fn print_to(
    th: Thread<'_>,
    args: Args<'_>,
    sep: Option<Obj<'_>>,
    end: Option<Obj<'_>>,
    file: Option<Obj<'_>>,
    flush: bool,
) -> Result<()> {
    let file = match file.filter(|file| !file.is_none()) {
        Some(file) => file.own(),
        None => match sys_attribute(th, id!(th, "stdout"))? {
            Some(file) if file.obj().is_none() => return Ok(()),
            Some(file) => file,
            None => raise!(th, RuntimeError, "lost sys.stdout"),
        },
    };
    let text = |value: Option<Obj<'_>>, name: &str, default: &str| -> Result<Ref> {
        match value.filter(|value| !value.is_none()) {
            None => Str::intern(th, default).map(Ref::upcast),
            Some(value) if value.downcast::<Str>().is_some() => Ok(value.own()),
            Some(value) => {
                raise!(th, TypeError, "{name} must be None or a string, not {}", value.type_name())
            }
        }
    };
    let (sep, end) = (text(sep, "sep", " ")?, text(end, "end", "\n")?);
    let write = file.getattr(th, id!(th, "write"))?;
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            write.call(th, &[sep.obj()])?;
        }
        let line = arg.str(th)?;
        write.call(th, &[line.obj()])?;
    }
    write.call(th, &[end.obj()])?;
    if flush {
        file.call_method(th, id!(th, "flush"), &[])?;
    }
    Ok(())
}

fn read_input(th: Thread<'_>, prompt: Option<Obj<'_>>) -> Result {
    let stream = |name: &Str, what: &str| -> Result<Ref> {
        match sys_attribute(th, name)? {
            Some(stream) if !stream.obj().is_none() => Ok(stream),
            _ => raise!(th, RuntimeError, "lost sys.{what}"),
        }
    };
    let stdin = stream(id!(th, "stdin"), "stdin")?;
    let stdout = stream(id!(th, "stdout"), "stdout")?;
    let stderr = stream(id!(th, "stderr"), "stderr")?;
    if let Some(hook) = sys_attribute(th, id!(th, "audit"))? {
        let event = Str::intern(th, "builtins.input")?;
        let prompt = prompt.unwrap_or(types::none());
        hook.call(th, &[event.obj(), prompt])?;
    }
    let flush = |stream: &Ref| {
        if let Err(raised) = stream.call_method(th, id!(th, "flush"), &[]) {
            th.clear_exception(raised);
        }
    };
    flush(&stderr);
    if let Some(prompt) = prompt {
        let text = prompt.str(th)?;
        stdout.call_method(th, id!(th, "write"), &[text.obj()])?;
    }
    flush(&stdout);
    let line = stdin.call_method(th, id!(th, "readline"), &[])?;
    let Some(text) = line.obj().downcast::<Str>() else {
        raise!(th, TypeError, "object.readline() returned non-string");
    };
    if text.len() == 0 {
        raise!(th, EOFError, "EOF when reading a line");
    }
    let newline = Str::intern(th, "\n")?;
    let ends = line.call_method(th, id!(th, "endswith"), &[newline.obj()])?.is_true(th)?;
    if !ends {
        return Ok(line);
    }
    line.call_method(th, id!(th, "removesuffix"), &[newline.obj()])
}

/// Replace bases that are not classes by what their `__mro_entries__` gives.
fn resolve_bases(th: Thread<'_>, bases: Args<'_>) -> Result<Option<Ref<Tuple>>> {
    let whole = Tuple::from_objs(th, bases)?;
    let mut resolved: Vec<Ref> = Vec::with_capacity(bases.len());
    let mut changed = false;
    for base in bases {
        if base.downcast::<Type>().is_some() {
            resolved.push(base.own());
            continue;
        }
        let Some(method) = base.getattr_opt(th, id!(th, "__mro_entries__"))? else {
            resolved.push(base.own());
            continue;
        };
        changed = true;
        let entries = method.call(th, &[whole.obj()])?;
        let Some(entries) = entries.obj().downcast::<Tuple>() else {
            raise!(th, TypeError, "__mro_entries__ must return a tuple");
        };
        resolved.extend(entries.items().iter().map(|entry| entry.own()));
    }
    if changed { Tuple::from_refs(th, resolved).map(Some) } else { Ok(None) }
}

fn build_class(
    th: Thread<'_>,
    func: Obj<'_>,
    name: Obj<'_>,
    original: Args<'_>,
    kwds: Kwargs<'_>,
) -> Result {
    let Some(function) = func.downcast::<object::Function>() else {
        raise!(th, TypeError, "__build_class__: func must be a function");
    };
    let Some(class_name) = name.downcast::<Str>() else {
        raise!(th, TypeError, "__build_class__: name is not a string");
    };
    let replaced = resolve_bases(th, original)?;
    let bases = match &replaced {
        Some(bases) => bases.clone(),
        None => Tuple::from_objs(th, original)?,
    };
    let keywords = kwds.to_dict(th)?;
    let (meta, is_class) = match keywords.pop(th, id!(th, "metaclass").obj())? {
        Some(meta) => {
            let is_class = meta.obj().downcast::<Type>().is_some();
            (meta, is_class)
        }
        None => match bases.get(0) {
            Some(base) => (base.ty().obj().own(), true),
            None => (Type::type_object().obj().own(), true),
        },
    };
    let meta = match meta.obj().downcast::<Type>() {
        Some(class) if is_class => {
            types::type_::create::calculate_metaclass(th, class, bases.items())?.upcast()
        }
        _ => meta,
    };
    let namespace = match meta.getattr_opt(th, id!(th, "__prepare__"))? {
        Some(prepare) => {
            protocol::call::call_dict(th, prepare.obj(), &[name, bases.obj()], Some(&*keywords))?
        }
        None => Dict::new(th)?.upcast(),
    };
    if !protocol::mapping::is_mapping(namespace.obj()) {
        let shown = match meta.obj().downcast::<Type>() {
            Some(class) => class.name().to_owned(),
            None => "<metaclass>".to_owned(),
        };
        raise!(
            th,
            TypeError,
            "{shown}.__prepare__() must return a mapping, not {}",
            namespace.obj().type_name()
        );
    }
    let cell = vm::eval_function_in(th, function, namespace.obj())?;
    if replaced.is_some() {
        let original = Tuple::from_objs(th, original)?;
        namespace.set_item(th, id!(th, "__orig_bases__").obj(), Some(original.obj()))?;
    }
    let class = protocol::call::call_dict(
        th,
        meta.obj(),
        &[name, bases.obj(), namespace.obj()],
        Some(&*keywords),
    )?;
    if class.obj().downcast::<Type>().is_some()
        && let Some(cell) = cell.obj().downcast::<types::code::CellObject>()
    {
        match cell.contents.get() {
            None => raise!(
                th,
                RuntimeError,
                "__class__ not set defining '{class_name}' as {}. Was __classcell__ propagated to type.__new__?",
                class.repr(th)?
            ),
            Some(set) if !set.obj().is(class.obj()) => raise!(
                th,
                TypeError,
                "__class__ set to {} defining '{class_name}' as {}",
                set.repr(th)?,
                class.repr(th)?
            ),
            Some(_) => {}
        }
    }
    Ok(class)
}
