//! Exception groups: nesting, splitting, and what `except*` leaves over.
//!
//! Splitting keeps the tree's shape: a part is derived from its group and gets
//! its traceback, cause, context and notes. `BaseExceptionGroup(…)` makes an
//! `ExceptionGroup` where it holds nothing but `Exception`s.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, IntoObject, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    Type,
    declare::TypeBuilder,
    id, own, protocol, raise,
    types::{List, generic_alias, none},
};

use super::{
    base::{BaseException, extends, is_exception_class, no_keywords, or_none},
    types,
};

/// A combination of multiple unrelated exceptions.
#[pytype(name = "BaseExceptionGroup", c_name = "_PyExc_BaseExceptionGroup", base = BaseException, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyBaseExceptionGroupObject)]
pub struct BaseExceptionGroup {
    base: BaseException,
    msg: Link,
    excs: Link<Tuple>,
    excs_str: Link,
}

extends!(BaseExceptionGroup);

/// What decides whether an exception belongs to the matching part.
enum Matcher<'a> {
    /// An exception class or a tuple of them.
    Types(Obj<'a>),
    Predicate(Obj<'a>),
    /// The addresses of leaves.
    Leaves(&'a [*mut abi::PyObject]),
}

impl<'a> Matcher<'a> {
    fn new(th: Thread<'_>, value: Obj<'a>) -> Result<Matcher<'a>> {
        if is_exception_class(value) {
            return Ok(Matcher::Types(value));
        }
        if let Some(classes) = value.downcast_exact::<Tuple>()
            && classes.items().iter().all(|class| is_exception_class(*class))
        {
            return Ok(Matcher::Types(value));
        }
        if value.downcast::<Type>().is_none() && value.ty().slots().tp_call.is_some() {
            return Ok(Matcher::Predicate(value));
        }
        raise!(
            th,
            TypeError,
            "expected an exception type, a tuple of exception types, or a callable (other than a class)"
        )
    }

    fn matches(&self, th: Thread<'_>, exception: Obj<'_>) -> Result<bool> {
        match self {
            Matcher::Types(classes) => Ok(super::matches(exception, *classes)),
            Matcher::Predicate(predicate) => predicate.call(th, &[exception])?.is_true(th),
            Matcher::Leaves(leaves) => Ok(leaves.contains(&exception.as_ptr())),
        }
    }
}

/// The two parts of a split.
#[derive(Default)]
pub struct Split {
    /// What matches.
    pub matched: Option<Ref>,
    /// What does not.
    pub rest: Option<Ref>,
}

fn split(
    th: Thread<'_>,
    exception: Obj<'_>,
    matcher: &Matcher<'_>,
    keep_rest: bool,
) -> Result<Split> {
    if matcher.matches(th, exception)? {
        return Ok(Split { matched: Some(exception.own()), rest: None });
    }
    let Some(group) = exception.downcast::<BaseExceptionGroup>() else {
        return Ok(Split { matched: None, rest: keep_rest.then(|| exception.own()) });
    };
    th.check_stack(" in exception group split")?;
    let (mut matched, mut rest) = (Vec::new(), Vec::new());
    let excs = group.exceptions(th)?;
    for part in excs.items() {
        let part = split(th, *part, matcher, keep_rest)?;
        matched.extend(part.matched);
        rest.extend(part.rest);
    }
    Ok(Split { matched: group.subset(th, matched)?, rest: group.subset(th, rest)? })
}

/// Split `exception` (which may be a lone exception) by class, for `except*`.
pub fn split_by_types(th: Thread<'_>, exception: Obj<'_>, classes: Obj<'_>) -> Result<Split> {
    split(th, exception, &Matcher::Types(classes), true)
}

/// A group of `exceptions`; the class follows from what they are.
pub fn new_group(th: Thread<'_>, message: &str, exceptions: Vec<Ref>) -> Result<Ref> {
    let args = [message.into_object(th)?, Tuple::from_refs(th, exceptions)?.upcast()];
    super::instantiate(th, BaseExceptionGroup::type_object(), crate::args::borrow_all(&args))
}

fn collect_leaves(
    th: Thread<'_>,
    exception: Obj<'_>,
    leaves: &mut Vec<*mut abi::PyObject>,
) -> Result<()> {
    let Some(group) = exception.downcast::<BaseExceptionGroup>() else {
        leaves.push(exception.as_ptr());
        return Ok(());
    };
    th.check_stack(" in collect_exception_group_leaf_ids")?;
    group.exceptions(th)?.items().iter().try_for_each(|part| collect_leaves(th, *part, leaves))
}

/// What to raise after the `except*` clauses of a `try` ran for `original`:
/// they left `raised`, with `None` for a clause that handled its part.
pub fn prepare_reraise_star(th: Thread<'_>, original: Obj<'_>, raised: &List) -> Result<Ref> {
    let raised: Vec<Ref> = (0..raised.len()).filter_map(|index| raised.get(index)).collect();
    let Some(first) = raised.first() else { return Ok(none().own()) };
    if original.downcast::<BaseExceptionGroup>().is_none() {
        // A lone exception had at most one matching clause.
        return Ok(first.clone());
    }
    let original_base = BaseException::of(original);
    let (mut new, mut leaves, mut any) = (Vec::new(), Vec::new(), false);
    for exception in &raised {
        let Some(base) = BaseException::of(exception.obj()) else { continue };
        if original_base.is_some_and(|original| base.has_metadata_of(original)) {
            any = true;
            collect_leaves(th, exception.obj(), &mut leaves)?;
        } else {
            new.push(exception.clone());
        }
    }
    if any {
        let again = split(th, original, &Matcher::Leaves(&leaves), false)?.matched;
        if new.is_empty() {
            return Ok(or_none(again));
        }
        new.extend(again);
    }
    match new.len() {
        0 => Ok(none().own()),
        1 => Ok(new.remove(0)),
        _ => new_group(th, "", new),
    }
}

impl BaseExceptionGroup {
    /// `exceptions`.
    pub fn exceptions(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        match self.excs.get() {
            Some(excs) => Ok(excs),
            None => Tuple::from_refs(th, Vec::new()),
        }
    }

    /// `message`.
    pub fn message(&self) -> Ref {
        or_none(self.msg.get())
    }

    /// `self.derive(exceptions)` with the metadata of `self`; nothing for no exceptions.
    fn subset(&self, th: Thread<'_>, exceptions: Vec<Ref>) -> Result<Option<Ref>> {
        if exceptions.is_empty() {
            return Ok(None);
        }
        let list = List::from_refs(th, exceptions)?;
        let part = self.call_method(th, id!(th, "derive"), &[list.obj()])?;
        let Some(group) = part.obj().downcast::<BaseExceptionGroup>() else {
            raise!(th, TypeError, "derive must return an instance of BaseExceptionGroup");
        };
        group.set_traceback(self.traceback());
        group.set_context(self.context());
        group.set_cause(self.cause());
        if let Some(notes) = self.getattr_opt(th, id!(th, "__notes__"))?
            && protocol::mapping::is_sequence(notes.obj())
        {
            // A copy, so that later notes of one are not seen in the other.
            let copy = List::from_refs(th, protocol::iter::collect(th, notes.obj())?)?;
            part.setattr(th, id!(th, "__notes__"), Some(copy.obj()))?;
        }
        Ok(Some(part))
    }
}

#[pymethods]
impl BaseExceptionGroup {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, _: Option<&Dict>) -> Result<Ref> {
        let name = "BaseExceptionGroup.__new__()";
        let [message, exceptions] = args.items() else {
            let given = args.len();
            raise!(th, TypeError, "{name} takes exactly 2 arguments ({given} given)");
        };
        if message.downcast::<Str>().is_none() {
            let got = if message.is_none() { "None" } else { message.type_name() };
            raise!(th, TypeError, "{name} argument 1 must be str, not {got}");
        }
        if !protocol::mapping::is_sequence(*exceptions) {
            raise!(th, TypeError, "second argument (exceptions) must be a sequence");
        }
        let is_builtin = exceptions.is_exact::<Tuple>() || exceptions.is_exact::<List>();
        let shown = if is_builtin { None } else { Some(exceptions.repr(th)?.upcast()) };
        let items = protocol::iter::collect(th, *exceptions)?;
        if items.is_empty() {
            raise!(th, ValueError, "second argument (exceptions) must be a non-empty sequence");
        }
        let mut only_exceptions = true;
        for (index, item) in items.iter().enumerate() {
            if BaseException::of(item.obj()).is_none() {
                raise!(
                    th,
                    ValueError,
                    "Item {index} of second argument (exceptions) is not an exception"
                );
            }
            only_exceptions &= item.obj().ty().is_subtype(types::Exception());
        }
        let mut cls = cls;
        if std::ptr::eq(cls, types::ExceptionGroup()) {
            if !only_exceptions {
                raise!(th, TypeError, "Cannot nest BaseExceptions in an ExceptionGroup");
            }
        } else if std::ptr::eq(cls, types::BaseExceptionGroup()) {
            if only_exceptions {
                cls = types::ExceptionGroup();
            }
        } else if !only_exceptions && cls.is_subtype(types::Exception()) {
            raise!(th, TypeError, "Cannot nest BaseExceptions in '{}'", cls.name());
        }
        let excs = Tuple::from_refs(th, items)?;
        let group = BaseException::alloc(th, cls, own(args))?;
        // SAFETY: `cls` is a subtype of `BaseExceptionGroup`.
        let group = unsafe { group.cast::<BaseExceptionGroup>() };
        group.msg.set(Some(message.own()));
        group.excs.set(Some(excs));
        group.excs_str.set(shown);
        Ok(group.upcast())
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        no_keywords(th, self.obj().ty(), kwargs)?;
        self.set_args(own(args));
        Ok(())
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let message = self.message().str(th)?;
        let count = self.exceptions(th)?.items().len();
        let plural = if count == 1 { "" } else { "s" };
        Str::from_fmt(th, format_args!("{message} ({count} sub-exception{plural})"))
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let exceptions = match self.excs_str.get() {
            Some(text) => text.str(th)?,
            None => {
                let excs = self.exceptions(th)?;
                let args = self.args(th)?;
                if args.get(1).is_some_and(|given| given.downcast::<List>().is_some()) {
                    let items = excs.items().iter().map(|item| item.own()).collect();
                    List::from_refs(th, items)?.repr(th)?
                } else {
                    excs.repr(th)?
                }
            }
        };
        let message = self.message().repr(th)?;
        let name = self.obj().ty().name();
        Str::from_fmt(th, format_args!("{name}({message}, {exceptions})"))
    }

    /// Create an exception group with the same message, containing excs.
    #[sig = "($self, excs, /)"]
    fn derive(&self, th: Thread<'_>, excs: Obj<'_>) -> Result<Ref> {
        let message = self.message();
        super::instantiate(th, Self::type_object(), &[message.obj(), excs])
    }

    /// Split the group into the part that matches and the rest.
    #[sig = "($self, matcher_value, /)"]
    fn split(&self, th: Thread<'_>, matcher_value: Obj<'_>) -> Result<(Ref, Ref)> {
        let matcher = Matcher::new(th, matcher_value)?;
        let parts = split(th, self.obj(), &matcher, true)?;
        Ok((or_none(parts.matched), or_none(parts.rest)))
    }

    /// The part of the group that matches, or None.
    #[sig = "($self, matcher_value, /)"]
    fn subgroup(&self, th: Thread<'_>, matcher_value: Obj<'_>) -> Result<Ref> {
        let matcher = Matcher::new(th, matcher_value)?;
        Ok(or_none(split(th, self.obj(), &matcher, false)?.matched))
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        generic_alias::new(th, cls.obj(), object)
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let kind = abi::_Py_T_OBJECT;
        let offset = offset_of!(BaseExceptionGroup, msg);
        builder.member(c"message", kind, offset, abi::Py_READONLY, Some(c"exception message"));
        let offset = offset_of!(BaseExceptionGroup, excs);
        builder.member(c"exceptions", kind, offset, abi::Py_READONLY, Some(c"nested exceptions"));
    }
}
