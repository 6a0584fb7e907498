//! `_operator`: the operators as functions, and getters that are callable.

use std::cell::Cell;

use macros::{pymethods, pymodule, pytype};
use object::{
    Args, AsObject, Bytes, CompareOp, Dict, Head, Int, Kwargs, Module, Obj, Protocol, Ref, Result,
    Str, Thread, Tuple, Type, alloc_object, id,
    protocol::{
        call::{Vectorcall, call_method, call_tuple, vectorcall},
        compare, iter, mapping, number,
    },
    raise, types,
};

fn index_of(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<usize> {
    let iterator = iterator_of(th, a)?;
    let mut index = 0;
    while let Some(item) = iterator.next(th)? {
        if compare::eq(th, item.obj(), b)? {
            return Ok(index);
        }
        index += 1;
    }
    raise!(th, ValueError, "sequence.index(x): x not in sequence")
}

fn count_of(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<usize> {
    let iterator = iterator_of(th, a)?;
    let mut count = 0;
    while let Some(item) = iterator.next(th)? {
        count += usize::from(compare::eq(th, item.obj(), b)?);
    }
    Ok(count)
}

/// `iter(object)`, with the text of an argument that is none.
fn iterator_of(th: Thread<'_>, object: Obj<'_>) -> Result {
    match object.iter(th) {
        Ok(iterator) => Ok(iterator),
        Err(raised) => {
            th.catch(raised, object::exceptions::types::TypeError())?;
            raise!(th, TypeError, "argument of type '{}' is not iterable", object.ty().full_name())
        }
    }
}

fn is_sequence(object: Obj<'_>) -> bool {
    mapping::is_sequence(object)
        || object.ty().sequence().is_some_and(|methods| methods.sq_concat.is_some())
}

fn concat_sequences(
    th: Thread<'_>,
    operate: fn(Thread<'_>, number::BinaryOp, Obj<'_>, Obj<'_>) -> Result,
    a: Obj<'_>,
    b: Obj<'_>,
) -> Result {
    if !is_sequence(a) || !is_sequence(b) && a.ty().sequence().is_none_or(|s| s.sq_concat.is_none())
    {
        raise!(th, TypeError, "'{}' object can't be concatenated", a.ty().full_name());
    }
    operate(th, number::ADD, a, b)
}

/// Equality of two strings of bytes in time that depends on lengths only.
fn digest_eq(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

pub(crate) fn compare_digest(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
    if let (Some(a), Some(b)) = (a.downcast::<Str>(), b.downcast::<Str>()) {
        let (Some(a), Some(b)) = (a.as_ascii(), b.as_ascii()) else {
            raise!(th, TypeError, "comparing strings with non-ASCII characters is not supported");
        };
        return Ok(digest_eq(a.as_bytes(), b.as_bytes()));
    }
    let bytes = <Bytes as object::PyStruct>::type_object().obj();
    let has_buffer = |object: Obj<'_>| {
        object.ty().buffer().is_some_and(|methods| methods.bf_getbuffer.is_some())
    };
    if let Some(other) = [a, b].into_iter().find(|object| !has_buffer(*object))
        && (has_buffer(a) || has_buffer(b))
    {
        raise!(th, TypeError, "a bytes-like object is required, not '{}'", other.ty().full_name());
    }
    if !has_buffer(a) {
        raise!(
            th,
            TypeError,
            "unsupported operand types(s) or combination of types: '{}' and '{}'",
            a.ty().full_name(),
            b.ty().full_name()
        );
    }
    let (a, b) = (bytes.call(th, &[a])?, bytes.call(th, &[b])?);
    match (a.obj().downcast::<Bytes>(), b.obj().downcast::<Bytes>()) {
        (Some(a), Some(b)) => Ok(digest_eq(a.as_bytes(), b.as_bytes())),
        _ => raise!(th, SystemError, "bytes() returned no bytes"),
    }
}

/// `operator.length_hint(object, default)`.
pub(crate) fn length_hint(th: Thread<'_>, object: Obj<'_>, default: isize) -> Result<isize> {
    let ty = object.ty();
    let has_length = ty.sequence().is_some_and(|methods| methods.sq_length.is_some())
        || ty.mapping().is_some_and(|methods| methods.mp_length.is_some());
    if has_length {
        match mapping::len(th, object) {
            Ok(len) => return Ok(len as isize),
            Err(raised) => th.catch(raised, object::exceptions::types::TypeError())?,
        }
    }
    let hint = object::protocol::generic::lookup_special(th, object, id!(th, "__length_hint__"))?;
    let Some(hint) = hint else { return Ok(default) };
    let value = match hint.call(th, &[]) {
        Ok(value) => value,
        Err(raised) => {
            th.catch(raised, object::exceptions::types::TypeError())?;
            return Ok(default);
        }
    };
    if value.obj().is(types::not_implemented()) {
        return Ok(default);
    }
    if !Int::is_int(value.obj()) {
        raise!(
            th,
            TypeError,
            "__length_hint__ must be an integer, not {}",
            value.obj().ty().full_name()
        );
    }
    let hint = Int::index_to_isize(th, value.obj())?;
    if hint < 0 {
        raise!(th, ValueError, "__length_hint__() should return >= 0");
    }
    Ok(hint)
}

/// Return a callable object that fetches the given item(s) from its operand.
///
/// After f = itemgetter(2), the call f(r) returns r[2].
/// After g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])
#[pytype(name = "operator.itemgetter", sig = "(item, /, *items)", flags = 0, vectorcall = vectorcall)]
pub struct ItemGetter {
    head: Head,
    items: Ref<Tuple>,
    vectorcall: Cell<Option<abi::vectorcallfunc>>,
}

/// The one operand of a getter's call.
fn operand<'a>(th: Thread<'_>, name: &str, args: &[Obj<'a>], keywords: bool) -> Result<Obj<'a>> {
    match args {
        _ if keywords => raise!(th, TypeError, "{name}() takes no keyword arguments"),
        [object] => Ok(*object),
        items => raise!(th, TypeError, "{name} expected 1 argument, got {}", items.len()),
    }
}

/// Whether a call has arguments by name.
fn has_names(names: Option<&Tuple>) -> bool {
    names.is_some_and(|names| names.len() > 0)
}

fn no_keywords(th: Thread<'_>, name: &str, kwargs: Option<&Dict>) -> Result<()> {
    if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
        raise!(th, TypeError, "{name}() takes no keyword arguments");
    }
    Ok(())
}

/// `repr` of the arguments, comma-separated.
fn repr_items(th: Thread<'_>, items: &[Obj<'_>]) -> Result<String> {
    let mut parts = Vec::new();
    for item in items {
        parts.push(item.repr(th)?.to_string());
    }
    Ok(parts.join(", "))
}

impl Vectorcall for ItemGetter {
    fn call(&self, th: Thread<'_>, args: &[Obj<'_>], names: Option<&Tuple>) -> Result {
        self.of(th, operand(th, "itemgetter", args, has_names(names))?)
    }
}

impl ItemGetter {
    /// What a call with `object` answers.
    fn of(&self, th: Thread<'_>, object: Obj<'_>) -> Result {
        if let [item] = self.items.items() {
            return object.get_item(th, *item);
        }
        let mut values = Vec::new();
        for item in self.items.items() {
            values.push(object.get_item(th, *item)?);
        }
        Tuple::from_refs(th, values).map(Ref::upcast)
    }
}

#[pymethods]
impl ItemGetter {
    #[getter]
    fn __text_signature__(&self, _: Thread<'_>) -> &'static str {
        "(obj, /)"
    }

    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        no_keywords(th, "itemgetter", kwargs)?;
        if args.len() == 0 {
            raise!(th, TypeError, "itemgetter expected 1 argument, got 0");
        }
        let getter = ItemGetter {
            head: Head::new(),
            vectorcall: Cell::new(Some(vectorcall::<ItemGetter>)),
            items: object::own(args),
        };
        alloc_object::alloc(th, cls, getter).map(Ref::upcast)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let keywords = kwargs.is_some_and(|kwargs| kwargs.len() > 0);
        self.of(th, operand(th, "itemgetter", args.items(), keywords)?)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = self.obj().ty().full_name();
        let items = repr_items(th, self.items.items())?;
        Str::from_fmt(th, format_args!("{name}({items})"))
    }

    /// Return state information for pickling
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_objs(th, &[self.obj().ty().obj(), self.items.obj()])
    }
}

/// Return a callable object that fetches the given attribute(s) from its operand.
///
/// After f = attrgetter('name'), the call f(r) returns r.name.
/// After g = attrgetter('name', 'date'), the call g(r) returns (r.name, r.date).
/// After h = attrgetter('name.first', 'name.last'), the call h(r) returns
/// (r.name.first, r.name.last).
#[pytype(name = "operator.attrgetter", sig = "(attr, /, *attrs)", flags = 0, vectorcall = vectorcall)]
pub struct AttrGetter {
    head: Head,
    attrs: Ref<Tuple>,
    /// The parts of each dotted name.
    paths: Vec<Vec<Ref<Str>>>,
    vectorcall: Cell<Option<abi::vectorcallfunc>>,
}

impl AttrGetter {
    fn fetch(th: Thread<'_>, object: Obj<'_>, path: &[Ref<Str>]) -> Result {
        let mut value = object.own();
        for name in path {
            value = value.getattr(th, name)?;
        }
        Ok(value)
    }
}

impl Vectorcall for AttrGetter {
    fn call(&self, th: Thread<'_>, args: &[Obj<'_>], names: Option<&Tuple>) -> Result {
        self.of(th, operand(th, "attrgetter", args, has_names(names))?)
    }
}

impl AttrGetter {
    /// What a call with `object` answers.
    fn of(&self, th: Thread<'_>, object: Obj<'_>) -> Result {
        if let [path] = &self.paths[..] {
            return Self::fetch(th, object, path);
        }
        let mut values = Vec::new();
        for path in &self.paths {
            values.push(Self::fetch(th, object, path)?);
        }
        Tuple::from_refs(th, values).map(Ref::upcast)
    }
}

#[pymethods]
impl AttrGetter {
    #[getter]
    fn __text_signature__(&self, _: Thread<'_>) -> &'static str {
        "(obj, /)"
    }

    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        no_keywords(th, "attrgetter", kwargs)?;
        if args.len() == 0 {
            raise!(th, TypeError, "attrgetter expected 1 argument, got 0");
        }
        let mut paths = Vec::new();
        for attr in args.items() {
            let Some(name) = attr.downcast::<Str>() else {
                raise!(th, TypeError, "attribute name must be a string");
            };
            let dot = id!(th, ".").obj();
            let mut path = Vec::new();
            if mapping::contains(th, name.obj(), dot)? {
                let parts = name.obj().call_method(th, id!(th, "split"), &[dot])?;
                for part in iter::collect(th, parts.obj())? {
                    if let Ok(part) = part.downcast::<Str>() {
                        path.push(Str::intern_ref(th, part));
                    }
                }
            } else {
                path.push(Str::intern_ref(th, object::own(name)));
            }
            paths.push(path);
        }
        let getter = AttrGetter {
            head: Head::new(),
            vectorcall: Cell::new(Some(vectorcall::<AttrGetter>)),
            attrs: object::own(args),
            paths,
        };
        alloc_object::alloc(th, cls, getter).map(Ref::upcast)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let keywords = kwargs.is_some_and(|kwargs| kwargs.len() > 0);
        self.of(th, operand(th, "attrgetter", args.items(), keywords)?)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = self.obj().ty().full_name();
        let attrs = repr_items(th, self.attrs.items())?;
        Str::from_fmt(th, format_args!("{name}({attrs})"))
    }

    /// Return state information for pickling
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_objs(th, &[self.obj().ty().obj(), self.attrs.obj()])
    }
}

/// Return a callable object that calls the given method on its operand.
///
/// After f = methodcaller('name'), the call f(r) returns r.name().
/// After g = methodcaller('name', 'date', foo=1), the call g(r) returns
/// r.name('date', foo=1).
#[pytype(name = "operator.methodcaller", sig = "(name, /, *args, **kwargs)", flags = 0, vectorcall = vectorcall)]
pub struct MethodCaller {
    head: Head,
    name: Ref<Str>,
    args: Ref<Tuple>,
    kwargs: Ref<Dict>,
    vectorcall: Cell<Option<abi::vectorcallfunc>>,
}

impl Vectorcall for MethodCaller {
    fn call(&self, th: Thread<'_>, args: &[Obj<'_>], names: Option<&Tuple>) -> Result {
        self.of(th, operand(th, "methodcaller", args, has_names(names))?)
    }
}

impl MethodCaller {
    /// What a call with `object` answers.
    fn of(&self, th: Thread<'_>, object: Obj<'_>) -> Result {
        if self.kwargs.is_empty() {
            return call_method(th, object, &self.name, self.args.items(), None);
        }
        let method = object.getattr(th, &self.name)?;
        call_tuple(th, method.obj(), &self.args, Some(&*self.kwargs.copy(th)?))
    }
}

#[pymethods]
impl MethodCaller {
    #[getter]
    fn __text_signature__(&self, _: Thread<'_>) -> &'static str {
        "(obj, /)"
    }

    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let [name, args @ ..] = args.items() else {
            raise!(th, TypeError, "methodcaller needs at least one argument, the method name");
        };
        let Some(name) = name.downcast::<Str>() else {
            raise!(th, TypeError, "method name must be a string");
        };
        let caller = MethodCaller {
            head: Head::new(),
            vectorcall: Cell::new(Some(vectorcall::<MethodCaller>)),
            name: Str::intern_ref(th, object::own(name)),
            args: Tuple::from_objs(th, args)?,
            kwargs: match kwargs {
                Some(kwargs) => kwargs.copy(th)?,
                None => Dict::new(th)?,
            },
        };
        alloc_object::alloc(th, cls, caller).map(Ref::upcast)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let keywords = kwargs.is_some_and(|kwargs| kwargs.len() > 0);
        self.of(th, operand(th, "methodcaller", args.items(), keywords)?)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let Some(_guard) = types::repr_guard::enter(th, self.obj()) else {
            return Str::from_fmt(th, format_args!("{}(...)", self.obj().ty().full_name()));
        };
        let mut parts = vec![self.name.obj().repr(th)?.to_string()];
        if self.args.items().len() > 0 {
            parts.push(repr_items(th, self.args.items())?);
        }
        for (key, value) in self.kwargs.items() {
            parts.push(format!("{}={}", &*key.str(th)?, &*value.repr(th)?));
        }
        let name = self.obj().ty().full_name();
        Str::from_fmt(th, format_args!("{name}({})", parts.join(", ")))
    }

    /// Return state information for pickling
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let class = self.obj().ty().obj();
        let mut args = vec![self.name.obj().own()];
        if self.kwargs.is_empty() {
            args.extend(self.args.items().iter().map(|arg| arg.own()));
            let args = Tuple::from_refs(th, args)?;
            return Tuple::from_objs(th, &[class, args.obj()]);
        }
        let functools = (th.hooks().import_module)(th, id!(th, "functools"))?;
        let partial = functools.getattr(th, id!(th, "partial"))?;
        args.insert(0, class.own());
        let args = Tuple::from_refs(th, args)?;
        let made = call_tuple(th, partial.obj(), &args, Some(&*self.kwargs.copy(th)?))?;
        Tuple::from_objs(th, &[made.obj(), self.args.obj()])
    }
}

/// Operator interface.
///
/// This module exports a set of functions implemented in C corresponding
/// to the intrinsic operators of Python.  For example, operator.add(x, y)
/// is equivalent to the expression x+y.
#[pymodule(name = "_operator")]
pub mod module {
    use super::*;

    /// Return True if a is true, False otherwise.
    #[name = "truth"]
    #[sig = "(a, /)"]
    fn truth(th: Thread<'_>, a: Obj<'_>) -> Result<bool> {
        a.is_true(th)
    }

    /// Same as a is None.
    #[name = "is_none"]
    #[sig = "(a, /)"]
    fn is_none(_: Thread<'_>, a: Obj<'_>) -> bool {
        a.is_none()
    }

    /// Same as a is not None.
    #[name = "is_not_none"]
    #[sig = "(a, /)"]
    fn is_not_none(_: Thread<'_>, a: Obj<'_>) -> bool {
        !a.is_none()
    }

    /// Same as a.__index__()
    #[name = "index"]
    #[sig = "(a, /)"]
    fn index(th: Thread<'_>, a: Obj<'_>) -> Result {
        number::index(th, a)
    }

    /// Same as -a.
    #[name = "neg"]
    #[sig = "(a, /)"]
    fn neg(th: Thread<'_>, a: Obj<'_>) -> Result {
        number::unary(th, number::NEGATIVE, a)
    }

    /// Same as +a.
    #[name = "pos"]
    #[sig = "(a, /)"]
    fn pos(th: Thread<'_>, a: Obj<'_>) -> Result {
        number::unary(th, number::POSITIVE, a)
    }

    /// Same as abs(a).
    #[name = "abs"]
    #[sig = "(a, /)"]
    fn abs(th: Thread<'_>, a: Obj<'_>) -> Result {
        number::unary(th, number::ABSOLUTE, a)
    }

    /// Same as ~a.
    #[name = "inv"]
    #[sig = "(a, /)"]
    fn inv(th: Thread<'_>, a: Obj<'_>) -> Result {
        number::unary(th, number::INVERT, a)
    }

    /// Same as ~a.
    #[name = "invert"]
    #[sig = "(a, /)"]
    fn invert(th: Thread<'_>, a: Obj<'_>) -> Result {
        number::unary(th, number::INVERT, a)
    }

    /// Same as not a.
    #[name = "not_"]
    #[sig = "(a, /)"]
    fn not_(th: Thread<'_>, a: Obj<'_>) -> Result<bool> {
        a.is_true(th).map(|truth| !truth)
    }

    /// Same as b in a (note reversed operands).
    #[name = "contains"]
    #[sig = "(a, b, /)"]
    fn contains(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
        mapping::contains(th, a, b)
    }

    /// Return the first index of b in a.
    #[name = "indexOf"]
    #[sig = "(a, b, /)"]
    fn index_of_(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<usize> {
        index_of(th, a, b)
    }

    /// Return the number of items in a which are, or which equal, b.
    #[name = "countOf"]
    #[sig = "(a, b, /)"]
    fn count_of_(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<usize> {
        count_of(th, a, b)
    }

    /// Same as a is b.
    #[name = "is_"]
    #[sig = "(a, b, /)"]
    fn is_(_: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> bool {
        a.is(b)
    }

    /// Same as a is not b.
    #[name = "is_not"]
    #[sig = "(a, b, /)"]
    fn is_not(_: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> bool {
        !a.is(b)
    }

    /// Same as a + b.
    #[name = "add"]
    #[sig = "(a, b, /)"]
    fn add(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::ADD, a, b)
    }

    /// Same as a += b.
    #[name = "iadd"]
    #[sig = "(a, b, /)"]
    fn iadd(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::ADD, a, b)
    }

    /// Same as a - b.
    #[name = "sub"]
    #[sig = "(a, b, /)"]
    fn sub(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::SUBTRACT, a, b)
    }

    /// Same as a -= b.
    #[name = "isub"]
    #[sig = "(a, b, /)"]
    fn isub(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::SUBTRACT, a, b)
    }

    /// Same as a * b.
    #[name = "mul"]
    #[sig = "(a, b, /)"]
    fn mul(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::MULTIPLY, a, b)
    }

    /// Same as a *= b.
    #[name = "imul"]
    #[sig = "(a, b, /)"]
    fn imul(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::MULTIPLY, a, b)
    }

    /// Same as a @ b.
    #[name = "matmul"]
    #[sig = "(a, b, /)"]
    fn matmul(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::MATRIX_MULTIPLY, a, b)
    }

    /// Same as a @= b.
    #[name = "imatmul"]
    #[sig = "(a, b, /)"]
    fn imatmul(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::MATRIX_MULTIPLY, a, b)
    }

    /// Same as a // b.
    #[name = "floordiv"]
    #[sig = "(a, b, /)"]
    fn floordiv(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::FLOOR_DIVIDE, a, b)
    }

    /// Same as a //= b.
    #[name = "ifloordiv"]
    #[sig = "(a, b, /)"]
    fn ifloordiv(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::FLOOR_DIVIDE, a, b)
    }

    /// Same as a / b.
    #[name = "truediv"]
    #[sig = "(a, b, /)"]
    fn truediv(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::TRUE_DIVIDE, a, b)
    }

    /// Same as a /= b.
    #[name = "itruediv"]
    #[sig = "(a, b, /)"]
    fn itruediv(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::TRUE_DIVIDE, a, b)
    }

    /// Same as a % b.
    #[name = "mod"]
    #[sig = "(a, b, /)"]
    fn mod_(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::REMAINDER, a, b)
    }

    /// Same as a %= b.
    #[name = "imod"]
    #[sig = "(a, b, /)"]
    fn imod(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::REMAINDER, a, b)
    }

    /// Same as a << b.
    #[name = "lshift"]
    #[sig = "(a, b, /)"]
    fn lshift(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::LSHIFT, a, b)
    }

    /// Same as a <<= b.
    #[name = "ilshift"]
    #[sig = "(a, b, /)"]
    fn ilshift(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::LSHIFT, a, b)
    }

    /// Same as a >> b.
    #[name = "rshift"]
    #[sig = "(a, b, /)"]
    fn rshift(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::RSHIFT, a, b)
    }

    /// Same as a >>= b.
    #[name = "irshift"]
    #[sig = "(a, b, /)"]
    fn irshift(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::RSHIFT, a, b)
    }

    /// Same as a & b.
    #[name = "and_"]
    #[sig = "(a, b, /)"]
    fn and_(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::AND, a, b)
    }

    /// Same as a &= b.
    #[name = "iand"]
    #[sig = "(a, b, /)"]
    fn iand(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::AND, a, b)
    }

    /// Same as a ^ b.
    #[name = "xor"]
    #[sig = "(a, b, /)"]
    fn xor(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::XOR, a, b)
    }

    /// Same as a ^= b.
    #[name = "ixor"]
    #[sig = "(a, b, /)"]
    fn ixor(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::XOR, a, b)
    }

    /// Same as a | b.
    #[name = "or_"]
    #[sig = "(a, b, /)"]
    fn or_(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::binary(th, number::OR, a, b)
    }

    /// Same as a |= b.
    #[name = "ior"]
    #[sig = "(a, b, /)"]
    fn ior(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace(th, number::OR, a, b)
    }

    /// Same as a == b.
    #[name = "eq"]
    #[sig = "(a, b, /)"]
    fn eq(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        compare::rich_compare(th, a, b, CompareOp::Eq)
    }

    /// Same as a != b.
    #[name = "ne"]
    #[sig = "(a, b, /)"]
    fn ne(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        compare::rich_compare(th, a, b, CompareOp::Ne)
    }

    /// Same as a < b.
    #[name = "lt"]
    #[sig = "(a, b, /)"]
    fn lt(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        compare::rich_compare(th, a, b, CompareOp::Lt)
    }

    /// Same as a <= b.
    #[name = "le"]
    #[sig = "(a, b, /)"]
    fn le(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        compare::rich_compare(th, a, b, CompareOp::Le)
    }

    /// Same as a > b.
    #[name = "gt"]
    #[sig = "(a, b, /)"]
    fn gt(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        compare::rich_compare(th, a, b, CompareOp::Gt)
    }

    /// Same as a >= b.
    #[name = "ge"]
    #[sig = "(a, b, /)"]
    fn ge(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        compare::rich_compare(th, a, b, CompareOp::Ge)
    }

    /// Same as a + b, for a and b sequences.
    #[name = "concat"]
    #[sig = "(a, b, /)"]
    fn concat(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        concat_sequences(th, number::binary, a, b)
    }

    /// Same as a += b, for a and b sequences.
    #[name = "iconcat"]
    #[sig = "(a, b, /)"]
    fn iconcat(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        concat_sequences(th, number::inplace, a, b)
    }

    /// Same as a[b].
    #[name = "getitem"]
    #[sig = "(a, b, /)"]
    fn getitem(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        a.get_item(th, b)
    }

    /// Same as del a[b].
    #[name = "delitem"]
    #[sig = "(a, b, /)"]
    fn delitem(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<()> {
        a.set_item(th, b, None)
    }

    /// Same as a ** b.
    #[name = "pow"]
    #[sig = "(a, b, /)"]
    fn pow(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::power(th, a, b, types::none())
    }

    /// Same as a **= b.
    #[name = "ipow"]
    #[sig = "(a, b, /)"]
    fn ipow(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
        number::inplace_power(th, a, b)
    }

    /// Return 'a == b'.
    ///
    /// This function uses an approach designed to prevent
    /// timing analysis, making it appropriate for cryptography.
    #[name = "_compare_digest"]
    #[sig = "(a, b, /)"]
    fn _compare_digest(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
        compare_digest(th, a, b)
    }

    /// Same as a[b] = c.
    #[sig = "(a, b, c, /)"]
    fn setitem(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>, c: Obj<'_>) -> Result<()> {
        a.set_item(th, b, Some(c))
    }

    /// Return an estimate of the number of items in obj.
    ///
    /// This is useful for presizing containers when building from an iterable.
    ///
    /// If the object supports len(), the result will be exact.
    /// Otherwise, it may over- or under-estimate by an arbitrary amount.
    #[name = "length_hint"]
    #[sig = "(obj, default=0, /)"]
    fn length_hint_(th: Thread<'_>, obj: Obj<'_>, default: Option<Obj<'_>>) -> Result<isize> {
        let default = match default {
            Some(default) if !Int::is_int(default) => raise!(
                th,
                TypeError,
                "'{}' object cannot be interpreted as an integer",
                default.ty().full_name()
            ),
            Some(default) => Int::index_to_isize(th, default)?,
            None => 0,
        };
        length_hint(th, obj, default)
    }

    /// Same as obj(*args, **kwargs).
    #[sig = "(obj, /, *args, **kwargs)"]
    fn call(th: Thread<'_>, obj: Obj<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        let args = Tuple::from_objs(th, args)?;
        call_tuple(th, obj, &args, Some(&*kwargs.to_dict(th)?))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<ItemGetter>(th)?;
        module.add_type::<AttrGetter>(th)?;
        module.add_type::<MethodCaller>(th)
    }
}
