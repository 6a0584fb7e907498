//! Arguments and return values of native functions.
//!
//! A [`Signature`] is parsed from Python text at compile time by `macros`;
//! [`Parsed`] matches the arguments of one call with it and reports mismatches
//! with CPython's texts. [`FromArg`] and [`IntoReturn`] convert between objects
//! and the Rust types a function wants to be written in.

use crate::{
    Dict, Int, Obj, PyStruct, Raised, Ref, Result, Str, Thread, Tuple, Type, error, raise, types,
};

/// One parameter of a native function.
#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    pub required: bool,
}

/// The parameters of a native function, `self` left out.
#[derive(Debug)]
pub struct Signature {
    /// The function's name as messages show it.
    pub name: &'static str,
    /// Positional-only, then positional-or-keyword, then keyword-only.
    pub params: &'static [Param],
    pub positional_only: usize,
    /// All that can be given by position.
    pub positional: usize,
    pub var_positional: bool,
    pub var_keyword: bool,
}

/// The extra keyword arguments of a `**kwargs` parameter.
#[derive(Clone, Copy)]
pub struct Kwargs<'a> {
    names: &'a [Obj<'a>],
    values: &'a [Obj<'a>],
    signature: &'static Signature,
}

impl<'a> Kwargs<'a> {
    /// The name-value pairs that no named parameter took.
    pub fn iter(self) -> impl Iterator<Item = (Obj<'a>, Obj<'a>)> {
        self.names.iter().copied().zip(self.values.iter().copied()).filter(move |(name, _)| {
            !self.signature.params[self.signature.positional_only..]
                .iter()
                .any(|param| types::str_eq(*name, param.name))
        })
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// A new dict of them.
    pub fn to_dict(self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        for (name, value) in self.iter() {
            dict.set(th, name, value)?;
        }
        Ok(dict)
    }
}

/// The extra positional arguments of a `*args` parameter.
pub type Args<'a> = &'a [Obj<'a>];

/// The arguments of one call, matched with a signature of `N` parameters.
pub struct Parsed<'a, const N: usize> {
    /// By parameter.
    pub slots: [Option<Obj<'a>>; N],
    pub rest: Args<'a>,
    pub keywords: Kwargs<'a>,
}

impl<'a, const N: usize> Parsed<'a, N> {
    /// Match `positional` and the keyword arguments with `signature`.
    #[inline]
    pub fn new(
        th: Thread<'_>,
        signature: &'static Signature,
        positional: &'a [Obj<'a>],
        names: &'a [Obj<'a>],
        values: &'a [Obj<'a>],
    ) -> Result<Self> {
        let mut slots = [None; N];
        let taken = positional.len().min(signature.positional);
        for (slot, arg) in slots.iter_mut().zip(&positional[..taken]) {
            *slot = Some(*arg);
        }
        let rest = &positional[taken..];
        if !names.is_empty() {
            signature.match_keywords(th, &mut slots, positional.len(), names, values)?;
        }
        if !rest.is_empty() && !signature.var_positional {
            return Err(signature.wrong_count(th, positional.len(), names.len()));
        }
        for (index, (slot, param)) in slots.iter().zip(signature.params).enumerate() {
            if slot.is_none() && param.required {
                return Err(signature.missing(th, index, positional.len(), names.len()));
            }
        }
        Ok(Parsed { slots, rest, keywords: Kwargs { names, values, signature } })
    }
}

impl Signature {
    fn count_required(&self) -> usize {
        self.params.iter().filter(|param| param.required).count()
    }

    /// Whether no parameter has a name that a caller may use.
    pub(crate) fn is_positional_only(&self) -> bool {
        self.positional_only == self.params.len() && !self.var_keyword
    }

    #[cold]
    fn match_keywords<'a>(
        &self,
        th: Thread<'_>,
        slots: &mut [Option<Obj<'a>>],
        n_positional: usize,
        names: &[Obj<'a>],
        values: &[Obj<'a>],
    ) -> Result<()> {
        if self.is_positional_only() {
            raise!(th, TypeError, "{}() takes no keyword arguments", self.name);
        }
        for (name, value) in names.iter().zip(values) {
            let found = self.params.iter().position(|param| types::str_eq(*name, param.name));
            match found {
                Some(index) if index >= self.positional_only => {
                    if slots[index].is_some() {
                        raise!(
                            th,
                            TypeError,
                            "argument for {}() given by name ('{}') and position ({})",
                            self.name,
                            self.params[index].name,
                            index + 1
                        );
                    }
                    slots[index] = Some(*value);
                }
                _ if self.var_keyword => {}
                Some(index)
                    if index < n_positional
                        || self.positional_only > 0 && slots[index].is_none() =>
                {
                    raise!(
                        th,
                        TypeError,
                        "{}() got some positional-only arguments passed as keyword arguments: '{}'",
                        self.name,
                        self.params[index].name
                    );
                }
                _ => {
                    let Some(name) = name.downcast::<Str>() else {
                        raise!(th, TypeError, "keywords must be strings");
                    };
                    raise!(
                        th,
                        TypeError,
                        "{}() got an unexpected keyword argument '{}'",
                        self.name,
                        name
                    );
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn wrong_count(&self, th: Thread<'_>, given: usize, n_names: usize) -> Raised {
        let (most, least) = (self.positional, self.count_required().min(self.positional));
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        if self.is_positional_only() {
            if most == 0 {
                return error!(th, TypeError, "{}() takes no arguments ({given} given)", self.name);
            }
            let bound = match (given < least, most == least) {
                (_, true) => "",
                (true, _) => "at least ",
                (false, _) => "at most ",
            };
            let n = if given < least { least } else { most };
            return error!(
                th,
                TypeError,
                "{} expected {bound}{n} argument{}, got {given}",
                self.name,
                plural(n)
            );
        }
        let total = self.params.len();
        let bound = if self.count_required() < total { "at most" } else { "exactly" };
        if given + n_names > total {
            return error!(
                th,
                TypeError,
                "{}() takes {bound} {total} {}argument{} ({} given)",
                self.name,
                if n_names == 0 && given > 0 && total > most { "positional " } else { "" },
                plural(total),
                given + n_names
            );
        }
        if most == 0 {
            return error!(th, TypeError, "{}() takes no positional arguments", self.name);
        }
        error!(
            th,
            TypeError,
            "{}() takes {} {most} positional argument{} ({given} given)",
            self.name,
            if least < most { "at most" } else { "exactly" },
            plural(most)
        )
    }

    #[cold]
    fn missing(&self, th: Thread<'_>, index: usize, given: usize, n_names: usize) -> Raised {
        if self.is_positional_only() {
            return self.wrong_count(th, given, n_names);
        }
        if index < self.positional_only {
            let least = self.count_required().min(self.positional_only);
            let plural = if least == 1 { "" } else { "s" };
            let bound = if least < self.positional { "at least" } else { "exactly" };
            return error!(
                th,
                TypeError,
                "{}() takes {bound} {least} positional argument{plural} ({given} given)",
                self.name
            );
        }
        if index >= self.positional {
            return error!(
                th,
                TypeError,
                "{}() missing required keyword-only argument: '{}'",
                self.name,
                self.params[index].name
            );
        }
        error!(
            th,
            TypeError,
            "{}() missing required argument '{}' (pos {})",
            self.name,
            self.params[index].name,
            index + 1
        )
    }
}

/// The keyword arguments of a `tp_new`/`tp_init`/`tp_call` call, split.
pub struct SplitKwargs {
    names: Vec<Ref>,
    values: Vec<Ref>,
}

impl SplitKwargs {
    /// Split `kwargs` (may be null).
    pub fn new(kwargs: Option<&Dict>) -> Self {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        if let Some(kwargs) = kwargs {
            let mut position = 0;
            while let Some((key, value)) = kwargs.next_entry(&mut position) {
                names.push(key);
                values.push(value);
            }
        }
        SplitKwargs { names, values }
    }

    /// The names.
    pub fn names(&self) -> &[Obj<'_>] {
        borrow_all(&self.names)
    }

    /// The values.
    pub fn values(&self) -> &[Obj<'_>] {
        borrow_all(&self.values)
    }
}

/// See owned references as borrowed ones.
pub fn borrow_all(refs: &[Ref]) -> &[Obj<'_>] {
    // SAFETY: `Ref` and `Obj` are both transparent non-null pointers.
    unsafe { std::slice::from_raw_parts(refs.as_ptr().cast(), refs.len()) }
}

/// Which argument of which function is being converted, for messages.
#[derive(Clone, Copy)]
pub struct ArgContext {
    pub signature: &'static Signature,
    pub index: usize,
}

impl ArgContext {
    /// `TypeError`: "f() argument 1 must be str, not int".
    #[cold]
    pub fn bad(self, th: Thread<'_>, expected: &str, got: Obj<'_>) -> Raised {
        let name = self.signature.name;
        let got = if got.is_none() { "None" } else { got.type_name() };
        let Some(param) = self.signature.params.get(self.index) else {
            return error!(th, TypeError, "{name}() argument must be {expected}, not {got}");
        };
        if self.signature.params.len() == 1 && self.signature.positional_only == 1 {
            return error!(th, TypeError, "{name}() argument must be {expected}, not {got}");
        }
        if self.index < self.signature.positional_only {
            return error!(
                th,
                TypeError,
                "{name}() argument {} must be {expected}, not {got}",
                self.index + 1
            );
        }
        error!(th, TypeError, "{name}() argument '{}' must be {expected}, not {got}", param.name)
    }
}

/// How an argument is read from a Python object.
pub trait FromArg<'a>: Sized {
    /// Convert, or raise.
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self>;
}

impl<'a> FromArg<'a> for Obj<'a> {
    #[inline]
    fn from_arg(_: Thread<'_>, arg: Obj<'a>, _: ArgContext) -> Result<Self> {
        Ok(arg)
    }
}

impl<'a> FromArg<'a> for Option<Obj<'a>> {
    #[inline]
    fn from_arg(_: Thread<'_>, arg: Obj<'a>, _: ArgContext) -> Result<Self> {
        Ok(Some(arg))
    }
}

impl FromArg<'_> for Ref {
    #[inline]
    fn from_arg(_: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        Ok(arg.own())
    }
}

impl<'a, T: PyStruct> FromArg<'a> for &'a T {
    #[inline]
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self> {
        match arg.downcast::<T>() {
            Some(value) => Ok(value),
            None => Err(context.bad(th, T::type_object().name(), arg)),
        }
    }
}

/// `None` in Python is `None` in Rust.
impl<'a, T: PyStruct> FromArg<'a> for Option<&'a T> {
    #[inline]
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self> {
        if arg.is_none() {
            return Ok(None);
        }
        match arg.downcast::<T>() {
            Some(value) => Ok(Some(value)),
            None => Err(context.bad(th, &format!("{} or None", T::type_object().name()), arg)),
        }
    }
}

impl FromArg<'_> for bool {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        crate::protocol::is_true(th, arg)
    }
}

impl FromArg<'_> for f64 {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        crate::protocol::as_f64(th, arg)
    }
}

macro_rules! from_arg_int {
    ($($ty:ty, $c:literal, $convert:path;)*) => { $(
        impl FromArg<'_> for $ty {
            #[inline]
            fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
                let value = $convert(th, arg)?;
                match <$ty>::try_from(value) {
                    Ok(value) => Ok(value),
                    Err(_) if i128::from(value) < 0 && <$ty>::MIN == 0 => {
                        raise!(th, OverflowError, "can't convert negative value to {}", $c)
                    }
                    Err(_) => raise!(th, OverflowError, "Python int too large to convert to C {}", $c),
                }
            }
        }

        /// `None` in Python is `None` in Rust.
        impl FromArg<'_> for Option<$ty> {
            fn from_arg(th: Thread<'_>, arg: Obj<'_>, context: ArgContext) -> Result<Self> {
                if arg.is_none() {
                    return Ok(None);
                }
                <$ty>::from_arg(th, arg, context).map(Some)
            }
        }
    )* };
}

from_arg_int! {
    i32, "int", Int::index_to_i64;
    u8, "unsigned char", Int::index_to_i64;
    u16, "unsigned short", Int::index_to_i64;
    u32, "unsigned int", Int::index_to_i64;
    i64, "long", Int::index_to_i64;
    u64, "unsigned long", Int::index_to_u64;
}

impl FromArg<'_> for isize {
    #[inline]
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        Int::index_to_isize(th, arg)
    }
}

impl FromArg<'_> for Option<isize> {
    #[inline]
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        if arg.is_none() { Ok(None) } else { Int::index_to_isize(th, arg).map(Some) }
    }
}

impl FromArg<'_> for usize {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        match usize::try_from(Int::index_to_isize(th, arg)?) {
            Ok(value) => Ok(value),
            Err(_) => raise!(th, ValueError, "value must be positive"),
        }
    }
}

/// An argument that may be omitted but, unlike with `Option<T>` alone, not be
/// `None`: write the parameter as `Option<Given<T>>`.
pub struct Given<T>(pub T);

impl<'a, T: FromArg<'a>> FromArg<'a> for Option<Given<T>> {
    #[inline]
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self> {
        T::from_arg(th, arg, context).map(|value| Some(Given(value)))
    }
}

/// UTF-8 text; surrogates raise `UnicodeEncodeError`.
impl<'a> FromArg<'a> for &'a str {
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self> {
        match arg.downcast::<Str>() {
            Some(value) => value.to_utf8(th),
            None => Err(context.bad(th, "str", arg)),
        }
    }
}

/// UTF-8 text or `None`.
impl<'a> FromArg<'a> for Option<&'a str> {
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self> {
        if arg.is_none() {
            return Ok(None);
        }
        match arg.downcast::<Str>() {
            Some(value) => value.to_utf8(th).map(Some),
            None => Err(context.bad(th, "str or None", arg)),
        }
    }
}

/// An argument that may be omitted or `None`, of a type of another crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Maybe<T>(pub Option<T>);

impl<'a, T: FromArg<'a>> FromArg<'a> for Maybe<T> {
    #[inline]
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self> {
        if arg.is_none() {
            return Ok(Maybe(None));
        }
        T::from_arg(th, arg, context).map(|value| Maybe(Some(value)))
    }
}

/// How a return value becomes what the calling convention wants.
pub trait IntoReturn<T> {
    /// Convert, allocating the object if need be.
    fn into_return(self, th: Thread<'_>) -> Result<T>;
}

/// A plain value that becomes a new object.
pub trait IntoObject {
    /// Make the object.
    fn into_object(self, th: Thread<'_>) -> Result<Ref>;
}

impl<T> IntoObject for Ref<T> {
    #[inline]
    fn into_object(self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.upcast())
    }
}

impl IntoObject for () {
    fn into_object(self, _: Thread<'_>) -> Result<Ref> {
        Ok(types::none().own())
    }
}

impl IntoObject for bool {
    #[inline]
    fn into_object(self, _: Thread<'_>) -> Result<Ref> {
        Ok(types::bool_(self).own())
    }
}

impl IntoObject for f64 {
    #[inline]
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        types::Float::new(th, self).map(Ref::upcast)
    }
}

impl IntoObject for &str {
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        Str::new(th, self).map(Ref::upcast)
    }
}

impl IntoObject for String {
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        Str::new(th, &self).map(Ref::upcast)
    }
}

impl IntoObject for u64 {
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        Int::from_u64(th, self)
    }
}

impl IntoObject for usize {
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        Int::from_u64(th, self as u64)
    }
}

macro_rules! into_object_int {
    ($($ty:ty),*) => { $(
        impl IntoObject for $ty {
            #[inline]
            fn into_object(self, th: Thread<'_>) -> Result<Ref> {
                Int::from_i64(th, self as i64)
            }
        }
    )* };
}

into_object_int!(i8, i16, i32, i64, isize, u8, u16, u32);

impl<T: IntoObject> IntoObject for Option<T> {
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        match self {
            Some(value) => value.into_object(th),
            None => Ok(types::none().own()),
        }
    }
}

impl<A: IntoObject, B: IntoObject> IntoObject for (A, B) {
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        let items = [self.0.into_object(th)?, self.1.into_object(th)?];
        Tuple::from_refs(th, items.into()).map(Ref::upcast)
    }
}

impl<A: IntoObject, B: IntoObject, C: IntoObject> IntoObject for (A, B, C) {
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        let items = [self.0.into_object(th)?, self.1.into_object(th)?, self.2.into_object(th)?];
        Tuple::from_refs(th, items.into()).map(Ref::upcast)
    }
}

impl<T: IntoObject> IntoReturn<Ref> for T {
    #[inline]
    fn into_return(self, th: Thread<'_>) -> Result<Ref> {
        self.into_object(th)
    }
}

impl<T: IntoObject> IntoReturn<Ref> for Result<T> {
    #[inline]
    fn into_return(self, th: Thread<'_>) -> Result<Ref> {
        self?.into_object(th)
    }
}

macro_rules! return_as_is {
    ($($ty:ty),*) => { $(
        impl IntoReturn<$ty> for $ty {
            #[inline]
            fn into_return(self, _: Thread<'_>) -> Result<$ty> {
                Ok(self)
            }
        }
        impl IntoReturn<$ty> for Result<$ty> {
            #[inline]
            fn into_return(self, _: Thread<'_>) -> Result<$ty> {
                self
            }
        }
    )* };
}

return_as_is!((), bool, isize);

impl IntoReturn<isize> for usize {
    #[inline]
    fn into_return(self, _: Thread<'_>) -> Result<isize> {
        Ok(self as isize)
    }
}

impl IntoReturn<isize> for Result<usize> {
    #[inline]
    fn into_return(self, _: Thread<'_>) -> Result<isize> {
        self.map(|value| value as isize)
    }
}

/// What `tp_iternext` returns: `None` ends the iteration.
impl<T> IntoReturn<Option<Ref>> for Result<Option<Ref<T>>> {
    #[inline]
    fn into_return(self, _: Thread<'_>) -> Result<Option<Ref>> {
        self.map(|value| value.map(Ref::upcast))
    }
}

impl Type {
    /// The `cls` argument of a class method.
    ///
    /// # Safety
    ///
    /// `object` is a type.
    pub unsafe fn from_obj<'a>(object: Obj<'a>) -> &'a Type {
        // SAFETY: the caller's promise.
        unsafe { object.cast() }
    }
}
