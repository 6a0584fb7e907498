//! Arguments and return values of native functions.
//!
//! A [`Signature`] is parsed from Python text at compile time by `macros`;
//! [`Parsed`] matches the arguments of one call with it and reports mismatches
//! with CPython's texts. [`FromArg`] and [`IntoReturn`] convert between objects
//! and the Rust types a function wants to be written in.

use crate::{
    AsObject, Dict, Int, Obj, PyStruct, Raised, Ref, Result, Str, Thread, Tuple, Type, error,
    raise, types,
};

/// One parameter of a native function.
#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    pub required: bool,
}

/// Which of CPython's parsers a function imitates in its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Positional-only functions count their arguments, others match keywords.
    Clinic,
    /// Matches keywords even where no parameter has a usable name.
    Keywords,
    /// A format string: "f() takes exactly 1 argument (0 given)".
    Tuple,
    /// A constructor that counts its arguments when called without keywords.
    Vectorcall,
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
    pub style: Style,
}

/// Ways to pass arguments that a coming version of Python will not take any more.
#[derive(Debug)]
pub struct Leaving {
    /// The first parameters will be positional-only: how many; 0 for none.
    pub names: usize,
    /// How many arguments may still be given by position.
    pub positional: usize,
    pub warning: &'static str,
}

impl Leaving {
    /// Warn of a call with `given` positional arguments if it will not be valid.
    pub fn check(&self, th: Thread<'_>, given: usize) -> Result<()> {
        if (self.names..=self.positional).contains(&given) {
            return Ok(());
        }
        let warning = Str::new(th, self.warning)?;
        let category = crate::exceptions::types::DeprecationWarning();
        (th.hooks().warn)(th, category.obj(), &warning, 1)
    }
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

    /// Match these and `positional` with a signature, for a function that looks first how it
    /// is called.
    pub fn match_with<const N: usize>(
        self,
        th: Thread<'_>,
        signature: &'static Signature,
        positional: Args<'a>,
    ) -> Result<Parsed<'a, N>> {
        Parsed::new(th, signature, positional, self.names, self.values)
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
        let is_lacking = || {
            slots.iter().zip(signature.params).any(|(slot, param)| slot.is_none() && param.required)
        };
        if !names.is_empty() || !rest.is_empty() && !signature.var_positional || is_lacking() {
            signature.match_others(th, &mut slots, positional.len(), names, values)?;
        }
        Ok(Parsed { slots, rest, keywords: Kwargs { names, values, signature } })
    }
}

/// Whether a string of a class of its own compares equal to one of `known`.
fn claims_to_be_known(
    th: Thread<'_>,
    name: &Str,
    known: impl Iterator<Item = &'static str>,
) -> Result<bool> {
    for known in known {
        if crate::protocol::compare::eq(th, Str::intern(th, known)?.obj(), name.obj())? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

impl Signature {
    fn count_required(params: &[Param]) -> usize {
        params.iter().filter(|param| param.required).count()
    }

    /// Whether no parameter has a name that a caller may use.
    pub const fn is_positional_only(&self) -> bool {
        self.positional_only == self.params.len() && !self.var_keyword
    }

    /// Whether the calling convention has keyword arguments at all.
    pub const fn takes_keywords(&self) -> bool {
        !self.is_positional_only() || matches!(self.style, Style::Keywords)
    }

    /// Whether the function takes exactly one argument, by position.
    pub fn is_single(&self) -> bool {
        self.positional_only == 1
            && self.style == Style::Clinic
            && !self.var_positional
            && !self.var_keyword
            && matches!(self.params, [param] if param.required)
    }

    /// Everything but the case that all arguments are positional and fit.
    ///
    /// # Errors
    ///
    /// The arguments do not match.
    pub fn match_others<'a>(
        &self,
        th: Thread<'_>,
        slots: &mut [Option<Obj<'a>>],
        given: usize,
        names: &[Obj<'a>],
        values: &[Obj<'a>],
    ) -> Result<()> {
        if self.takes_keywords() {
            return self.match_keywords(th, slots, given, names, values);
        }
        if !names.is_empty() {
            raise!(th, TypeError, "{}() takes no keyword arguments", self.name);
        }
        self.check_count(th, given)
    }

    pub(crate) fn check_count(&self, th: Thread<'_>, given: usize) -> Result<()> {
        let (name, most) = (self.name, self.positional);
        let least = Self::count_required(&self.params[..most]);
        if given >= least && (given <= most || self.var_positional) {
            return Ok(());
        }
        let (bound, n) = match given < least {
            _ if least == most && !self.var_positional => ("", most),
            true => ("at least ", least),
            false => ("at most ", most),
        };
        if self.style == Style::Tuple {
            if most == 0 {
                raise!(th, TypeError, "{name}() takes no arguments");
            }
            let bound = if bound.is_empty() { "exactly " } else { bound };
            let s = plural(n);
            raise!(th, TypeError, "{name}() takes {bound}{n} argument{s} ({given} given)");
        }
        raise!(th, TypeError, "{name} expected {bound}{n} argument{}, got {given}", plural(n))
    }

    fn check_positional(&self, th: Thread<'_>, given: usize, n_names: usize) -> Result<()> {
        let (name, total, most) = (self.name, self.params.len(), self.positional);
        let least = Self::count_required(&self.params[..most]);
        if total == 0 && self.style == Style::Keywords && given + n_names > 0 {
            raise!(th, TypeError, "{name}() takes no arguments");
        }
        let is_open = self.var_positional || self.var_keyword;
        if !is_open && given + n_names > total {
            let kind = if given == 0 { "keyword " } else { "" };
            raise!(
                th,
                TypeError,
                "{name}() takes at most {total} {kind}argument{} ({} given)",
                plural(total),
                given + n_names
            );
        }
        let named = total - self.positional_only;
        if self.var_positional && self.style == Style::Keywords && n_names > named {
            raise!(
                th,
                TypeError,
                "{name}() takes at most {named} keyword argument{} ({n_names} given)",
                plural(named)
            );
        }
        if given > most && !self.var_positional {
            if most == 0 {
                raise!(th, TypeError, "{name}() takes no positional arguments");
            }
            let bound = if least < most { "at most" } else { "exactly" };
            let s = plural(most);
            raise!(
                th,
                TypeError,
                "{name}() takes {bound} {most} positional argument{s} ({given} given)"
            );
        }
        let least = least.min(self.positional_only);
        if given < least {
            let bound = if least < most || self.var_positional { "at least" } else { "exactly" };
            let s = plural(least);
            raise!(
                th,
                TypeError,
                "{name}() takes {bound} {least} positional argument{s} ({given} given)"
            );
        }
        Ok(())
    }

    fn match_keywords<'a>(
        &self,
        th: Thread<'_>,
        slots: &mut [Option<Obj<'a>>],
        given: usize,
        names: &[Obj<'a>],
        values: &[Obj<'a>],
    ) -> Result<()> {
        self.check_positional(th, given, names.len())?;
        let mut used = 0;
        let first = given.min(self.positional).max(self.positional_only);
        for (index, (slot, param)) in slots.iter_mut().zip(self.params).enumerate().skip(first) {
            let found = match names.len() {
                // PERF: most calls name one or two of many parameters.
                all if all == used => None,
                _ => names.iter().position(|name| types::str_eq(*name, param.name)),
            };
            if let Some(value) = found.and_then(|found| values.get(found)) {
                *slot = Some(*value);
                used += 1;
            } else if param.required {
                raise!(
                    th,
                    TypeError,
                    "{}() missing required argument '{}' (pos {})",
                    self.name,
                    param.name,
                    index + 1
                );
            }
        }
        if used == names.len() {
            return Ok(());
        }
        let named = self.params.iter().enumerate().skip(self.positional_only);
        for (index, param) in named.take(given.saturating_sub(self.positional_only)) {
            if index < self.positional && names.iter().any(|name| types::str_eq(*name, param.name))
            {
                raise!(
                    th,
                    TypeError,
                    "argument for {}() given by name ('{}') and position ({})",
                    self.name,
                    param.name,
                    index + 1
                );
            }
        }
        if self.var_keyword { Ok(()) } else { self.unexpected_keyword(th, names) }
    }

    fn unexpected_keyword(&self, th: Thread<'_>, names: &[Obj<'_>]) -> Result<()> {
        let known = || self.params.iter().skip(self.positional_only).map(|param| param.name);
        for name in names {
            let Some(name) = name.downcast::<Str>() else {
                raise!(th, TypeError, "keywords must be strings");
            };
            if known().any(|known| types::str_eq(name.obj(), known)) {
                continue;
            }
            if !name.obj().is_exact::<Str>() && claims_to_be_known(th, name, known())? {
                continue;
            }
            let text = name.to_string();
            let function = self.name;
            let nearest = crate::exceptions::suggestions::nearest(known(), &text);
            if let Some(nearest) = nearest.and_then(|index| known().nth(index)) {
                raise!(
                    th,
                    TypeError,
                    "{function}() got an unexpected keyword argument '{name}'. \
                     Did you mean '{nearest}'?"
                );
            }
            raise!(th, TypeError, "{function}() got an unexpected keyword argument '{name}'");
        }
        raise!(th, TypeError, "invalid keyword argument for {}()", self.name)
    }
}

/// The keyword arguments of a `tp_new`/`tp_init`/`tp_call` call, split.
pub struct SplitKwargs {
    names: Few<Ref>,
    values: Few<Ref>,
}

/// Arguments of a call, on the stack while they are few.
pub type Few<T> = smallvec::SmallVec<[T; 6]>;

impl SplitKwargs {
    /// Split `kwargs` (may be null).
    pub fn new(kwargs: Option<&Dict>) -> Self {
        let (mut names, mut values) = (Few::new(), Few::new());
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
        if self.signature.is_single() {
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
            None => Err(context.bad(th, T::type_object().full_name(), arg)),
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
            None => Err(context.bad(th, &format!("{} or None", T::type_object().full_name()), arg)),
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
        if arg.is_none() {
            return Ok(None);
        }
        if !Int::is_index(arg) {
            let given = arg.type_name();
            raise!(th, TypeError, "argument should be integer or None, not '{given}'");
        }
        Int::index_to_isize(th, arg).map(Some)
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
fn c_text<'a>(th: Thread<'_>, value: &'a Str) -> Result<&'a str> {
    let text = value.to_utf8(th)?;
    if text.as_bytes().contains(&0) {
        raise!(th, ValueError, "embedded null character");
    }
    Ok(text)
}

impl<'a> FromArg<'a> for &'a str {
    fn from_arg(th: Thread<'_>, arg: Obj<'a>, context: ArgContext) -> Result<Self> {
        match arg.downcast::<Str>() {
            Some(value) => c_text(th, value),
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
            Some(value) => c_text(th, value).map(Some),
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
        Tuple::from_array(th, items).map(Ref::upcast)
    }
}

impl<A: IntoObject, B: IntoObject, C: IntoObject> IntoObject for (A, B, C) {
    fn into_object(self, th: Thread<'_>) -> Result<Ref> {
        let items = [self.0.into_object(th)?, self.1.into_object(th)?, self.2.into_object(th)?];
        Tuple::from_array(th, items).map(Ref::upcast)
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
