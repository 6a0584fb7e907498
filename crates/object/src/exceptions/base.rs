//! `BaseException`: arguments, traceback, chaining, notes.
//!
//! Every exception's struct starts with a [`BaseException`]. `args` is null
//! only in an instance whose `__new__` was never run; `context` and `cause`
//! are null or exceptions, `traceback` null or a traceback.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, IntoObject, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, id, own, protocol, raise,
    types::{List, none},
};

/// Common base class for all exceptions
#[pytype(name = "BaseException", c_name = "_PyExc_BaseException", flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyBaseExceptionObject, dictoffset = dict)]
pub struct BaseException {
    head: Head,
    dict: Link<Dict>,
    args: Link<Tuple>,
    notes: Link,
    traceback: Link,
    context: Link,
    cause: Link,
    suppress_context: Cell<u8>,
}

/// Where every exception has its `__dict__`.
pub(super) const DICT_OFFSET: isize = offset_of!(BaseException, dict) as isize;

/// Implement `Deref` to the common part for an exception's struct.
macro_rules! extends {
    ($($ty:ty),*) => { $(
        impl std::ops::Deref for $ty {
            type Target = $crate::exceptions::BaseException;

            fn deref(&self) -> &Self::Target {
                &self.base
            }
        }
    )* };
}
pub(super) use extends;

impl BaseException {
    /// The common part of a new exception.
    pub(super) fn with_args(args: Ref<Tuple>) -> Self {
        BaseException {
            head: Head::new(),
            dict: Link::null(),
            args: Link::new(args),
            notes: Link::null(),
            traceback: Link::null(),
            context: Link::null(),
            cause: Link::null(),
            suppress_context: Cell::new(0),
        }
    }

    /// A new instance of `cls`, an exception type of any layout whose other
    /// fields may be zero; `__init__` is not run.
    pub fn alloc(th: Thread<'_>, cls: &Type, args: Ref<Tuple>) -> Result<Ref<BaseException>> {
        alloc_object::alloc(th, cls, Self::with_args(args))
    }

    /// See `object` as an exception.
    #[inline]
    pub fn of(object: Obj<'_>) -> Option<&BaseException> {
        if crate::small_int::in_range(object.as_ptr())
            || object.ty().flags() & abi::Py_TPFLAGS_BASE_EXC_SUBCLASS == 0
        {
            return None;
        }
        // SAFETY: the flag is set for the subtypes of `BaseException` only.
        Some(unsafe { object.cast() })
    }

    /// `args`; empty when there are none yet.
    pub fn args(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        match self.args.get() {
            Some(args) => Ok(args),
            None => Tuple::from_refs(th, Vec::new()),
        }
    }

    /// Set `args`.
    pub fn set_args(&self, args: Ref<Tuple>) {
        self.args.set(Some(args));
    }

    /// The only argument, if there is exactly one.
    pub(super) fn single_arg(&self) -> Option<Ref> {
        let args = self.args.get()?;
        if args.items().len() == 1 { args.get(0).map(Obj::own) } else { None }
    }

    /// `__traceback__`.
    pub fn traceback(&self) -> Option<Ref> {
        self.traceback.get()
    }

    /// Set `__traceback__`.
    pub fn set_traceback(&self, traceback: Option<Ref>) {
        self.traceback.set(traceback);
    }

    /// `__context__`.
    pub fn context(&self) -> Option<Ref> {
        self.context.get()
    }

    /// Set `__context__`.
    pub fn set_context(&self, context: Option<Ref>) {
        self.context.set(context);
    }

    /// `__cause__`.
    pub fn cause(&self) -> Option<Ref> {
        self.cause.get()
    }

    /// Set `__cause__`, which also sets `__suppress_context__`.
    pub fn set_cause(&self, cause: Option<Ref>) {
        self.suppress_context.set(1);
        self.cause.set(cause);
    }

    /// `__suppress_context__`.
    pub fn suppress_context(&self) -> bool {
        self.suppress_context.get() != 0
    }

    /// Set `__suppress_context__`.
    pub fn set_suppress_context(&self, suppress: bool) {
        self.suppress_context.set(suppress.into());
    }

    /// `__dict__` if it was ever needed.
    pub(super) fn dict_opt(&self) -> Option<Ref<Dict>> {
        self.dict.get()
    }

    /// A new dict with what `__dict__` holds.
    pub(super) fn copy_dict(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let copy = Dict::new(th)?;
        if let Some(dict) = self.dict.get() {
            let mut position = 0;
            while let Some((key, value)) = dict.next_entry(&mut position) {
                copy.set(th, key.obj(), value.obj())?;
            }
        }
        Ok(copy)
    }

    /// Whether chaining, traceback and notes are those of `other`.
    pub(super) fn has_metadata_of(&self, other: &BaseException) -> bool {
        let fields = |e: &BaseException| {
            [e.notes.as_ptr(), e.traceback.as_ptr(), e.cause.as_ptr(), e.context.as_ptr()]
        };
        fields(self) == fields(other)
    }

    /// What `__str__` gives without an override.
    pub(super) fn plain_str(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let args = self.args(th)?;
        match args.items() {
            [] => Str::new(th, ""),
            [only] => only.str(th),
            _ => args.str(th),
        }
    }
}

/// Reject the keyword arguments of a call of `ty`.
pub(super) fn no_keywords(th: Thread<'_>, ty: &Type, kwargs: Option<&Dict>) -> Result<()> {
    if kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
        raise!(th, TypeError, "{}() takes no keyword arguments", ty.name());
    }
    Ok(())
}

/// The keyword arguments of a call of `ty` that takes the optional `names`.
pub(super) fn keywords<const N: usize>(
    th: Thread<'_>,
    ty: &str,
    kwargs: Option<&Dict>,
    names: [&str; N],
) -> Result<[Option<Ref>; N]> {
    let mut values = [const { None }; N];
    let Some(kwargs) = kwargs else { return Ok(values) };
    if kwargs.len() > N {
        let plural = if N == 1 { "" } else { "s" };
        let given = kwargs.len();
        raise!(th, TypeError, "{ty}() takes at most {N} keyword argument{plural} ({given} given)");
    }
    let mut position = 0;
    while let Some((key, value)) = kwargs.next_entry(&mut position) {
        let found = names.iter().position(|name| crate::types::str_eq(key.obj(), name));
        match found.and_then(|index| values.get_mut(index)) {
            Some(slot) => *slot = Some(value),
            None => {
                let key = key.str(th)?;
                let nearest = super::suggestions::nearest(names.iter().copied(), &key.to_string());
                if let Some(nearest) = nearest.and_then(|index| names.get(index)) {
                    raise!(
                        th,
                        TypeError,
                        "{ty}() got an unexpected keyword argument '{key}'. \
                         Did you mean '{nearest}'?"
                    );
                }
                raise!(th, TypeError, "{ty}() got an unexpected keyword argument '{key}'");
            }
        }
    }
    Ok(values)
}

/// Whether `object` is a traceback.
pub(super) fn is_traceback(object: Obj<'_>) -> bool {
    !object.ty().is_heap() && object.ty().full_name() == "traceback"
}

/// An exception or `None` for the attribute `what`.
fn exception_or_none(th: Thread<'_>, value: Obj<'_>, what: &str) -> Result<Option<Ref>> {
    if value.is_none() {
        return Ok(None);
    }
    if BaseException::of(value).is_none() {
        raise!(th, TypeError, "exception {what} must be None or derive from BaseException");
    }
    Ok(Some(value.own()))
}

#[pymethods]
impl BaseException {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, _: Option<&Dict>) -> Result<Ref> {
        Self::alloc(th, cls, own(args)).map(Ref::upcast)
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        no_keywords(th, self.obj().ty(), kwargs)?;
        self.set_args(own(args));
        Ok(())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let args = self.args(th)?;
        let name = self.obj().ty().name();
        match args.items() {
            [only] => {
                let only = only.repr(th)?;
                Str::from_fmt(th, format_args!("{name}({only})"))
            }
            _ => {
                let args = args.repr(th)?;
                Str::from_fmt(th, format_args!("{name}{args}"))
            }
        }
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.plain_str(th)
    }

    /// Support for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let args = self.args(th)?;
        match self.dict.get() {
            Some(dict) => (self.obj().ty().obj().own(), args, dict).into_object(th),
            None => (self.obj().ty().obj().own(), args).into_object(th),
        }
    }

    /// Set the attributes in a dict.
    #[sig = "($self, state, /)"]
    fn __setstate__(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        if state.is_none() {
            return Ok(());
        }
        let Some(state) = state.downcast::<Dict>() else {
            raise!(th, TypeError, "state is not a dictionary");
        };
        let mut position = 0;
        while let Some((key, value)) = state.next_entry(&mut position) {
            let Some(name) = key.obj().downcast::<Str>() else {
                raise!(
                    th,
                    TypeError,
                    "attribute name must be string, not '{}'",
                    key.obj().type_name()
                );
            };
            protocol::attr::setattr(th, self.obj(), name, Some(value.obj()))?;
        }
        Ok(())
    }

    /// Set self.__traceback__ to tb and return self.
    #[sig = "($self, tb, /)"]
    fn with_traceback(&self, th: Thread<'_>, tb: Obj<'_>) -> Result<Ref> {
        self.set_traceback_attribute(th, Some(tb))?;
        Ok(self.obj().own())
    }

    /// Add a note to the exception
    #[sig = "($self, note, /)"]
    fn add_note(&self, th: Thread<'_>, note: Obj<'_>) -> Result<()> {
        if note.downcast::<Str>().is_none() {
            raise!(th, TypeError, "add_note() argument must be str, not {}", note.type_name());
        }
        let name = id!(th, "__notes__");
        let notes = match self.getattr_opt(th, name)? {
            Some(notes) => notes,
            None => {
                let notes = List::new(th)?.upcast();
                self.setattr(th, name, Some(notes.obj()))?;
                notes
            }
        };
        match notes.obj().downcast::<List>() {
            Some(notes) => notes.push(th, note.own()),
            None => raise!(th, TypeError, "Cannot add note: __notes__ is not a list"),
        }
    }

    #[getter(__dict__)]
    fn get_dict(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        if let Some(dict) = self.dict.get() {
            return Ok(dict);
        }
        let dict = Dict::new(th)?;
        self.dict.set(Some(dict.clone()));
        Ok(dict)
    }

    #[setter(__dict__)]
    fn set_dict(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, TypeError, "cannot delete __dict__") };
        let Some(dict) = value.downcast::<Dict>() else {
            let got = value.type_name();
            raise!(th, TypeError, "__dict__ must be set to a dictionary, not a '{got}'");
        };
        self.dict.set(Some(own(dict)));
        Ok(())
    }

    #[getter(args)]
    fn args_attribute(&self, _: Thread<'_>) -> Option<Ref<Tuple>> {
        self.args.get()
    }

    #[setter(args)]
    fn set_args_attribute(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, TypeError, "args may not be deleted") };
        let items = protocol::iter::collect(th, value)?;
        self.set_args(Tuple::from_refs(th, items)?);
        Ok(())
    }

    #[getter(__traceback__)]
    fn traceback_attribute(&self, _: Thread<'_>) -> Option<Ref> {
        self.traceback.get()
    }

    #[setter(__traceback__)]
    fn set_traceback_attribute(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, TypeError, "__traceback__ may not be deleted") };
        if value.is_none() {
            self.traceback.set(None);
            return Ok(());
        }
        if !is_traceback(value) {
            raise!(th, TypeError, "__traceback__ must be a traceback or None");
        }
        self.traceback.set(Some(value.own()));
        Ok(())
    }

    /// exception context
    #[getter(__context__)]
    fn context_attribute(&self, _: Thread<'_>) -> Option<Ref> {
        self.context.get()
    }

    #[setter(__context__)]
    fn set_context_attribute(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, TypeError, "__context__ may not be deleted") };
        let value = exception_or_none(th, value, "context")?;
        self.context.set(value);
        Ok(())
    }

    /// exception cause
    #[getter(__cause__)]
    fn cause_attribute(&self, _: Thread<'_>) -> Option<Ref> {
        self.cause.get()
    }

    #[setter(__cause__)]
    fn set_cause_attribute(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, TypeError, "__cause__ may not be deleted") };
        let value = exception_or_none(th, value, "cause")?;
        self.set_cause(value);
        Ok(())
    }

    #[declare]
    fn members(builder: &mut crate::declare::TypeBuilder<'_>) {
        let offset = offset_of!(BaseException, suppress_context);
        builder.member(c"__suppress_context__", abi::Py_T_BOOL, offset, 0, None);
        builder.ty().tp_vectorcall = Some(super::vectorcall);
    }
}

/// Whether `cls` is an exception class.
pub fn is_exception_class(cls: Obj<'_>) -> bool {
    cls.downcast::<Type>().is_some_and(|ty| ty.flags() & abi::Py_TPFLAGS_BASE_EXC_SUBCLASS != 0)
}

/// `None` in place of a missing value.
pub(super) fn or_none(value: Option<Ref>) -> Ref {
    value.unwrap_or_else(|| none().own())
}

/// `BaseException` as a type.
pub(super) fn base_type() -> &'static Type {
    BaseException::type_object()
}
