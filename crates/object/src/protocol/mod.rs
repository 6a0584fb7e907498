//! The operations on any object: attributes, calls, comparison, arithmetic,
//! iteration, containers, hashing, text. Each is a free function in a file of
//! its own and a method of [`Protocol`], which everything that is an object
//! implements.

use crate::{AsObject, Obj, Ref, Result, Str, Thread, Tuple};

pub mod attr;
pub mod buffer;
pub mod call;
pub mod compare;
pub mod generic;
pub mod index;
pub mod instance;
pub mod iter;
pub mod mapping;
pub mod number;
pub mod text;

pub use compare::CompareOp;
pub use number::{as_f64, is_true};

/// The operations as methods.
pub trait Protocol: AsObject {
    /// `repr(self)`.
    fn repr(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        text::repr(th, self.obj())
    }

    /// `str(self)`.
    fn str(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        text::str(th, self.obj())
    }

    /// `hash(self)`.
    fn hash(&self, th: Thread<'_>) -> Result<isize> {
        compare::hash(th, self.obj())
    }

    /// `bool(self)`.
    fn is_true(&self, th: Thread<'_>) -> Result<bool> {
        number::is_true(th, self.obj())
    }

    /// `getattr(self, name)`.
    fn getattr(&self, th: Thread<'_>, name: &Str) -> Result<Ref> {
        attr::getattr(th, self.obj(), name)
    }

    /// `getattr(self, name, None)`, telling a missing attribute apart.
    fn getattr_opt(&self, th: Thread<'_>, name: &Str) -> Result<Option<Ref>> {
        attr::getattr_opt(th, self.obj(), name)
    }

    /// `setattr(self, name, value)`; `None` deletes.
    fn setattr(&self, th: Thread<'_>, name: &Str, value: Option<Obj<'_>>) -> Result<()> {
        attr::setattr(th, self.obj(), name, value)
    }

    /// `self(*args)`.
    fn call(&self, th: Thread<'_>, args: &[Obj<'_>]) -> Result<Ref> {
        call::call(th, self.obj(), args, None)
    }

    /// `self(*args, **kwargs)`, the values of `kwnames` behind the positional arguments.
    fn call_kw(&self, th: Thread<'_>, args: &[Obj<'_>], kwnames: Option<&Tuple>) -> Result<Ref> {
        call::call(th, self.obj(), args, kwnames)
    }

    /// `self.name(*args)`.
    fn call_method(&self, th: Thread<'_>, name: &Str, args: &[Obj<'_>]) -> Result<Ref> {
        call::call_method(th, self.obj(), name, args, None)
    }

    /// `self.name(*args, **kwargs)`, the values of `kwnames` behind the positional arguments.
    fn call_method_kw(
        &self,
        th: Thread<'_>,
        name: &Str,
        args: &[Obj<'_>],
        kwnames: Option<&Tuple>,
    ) -> Result<Ref> {
        call::call_method(th, self.obj(), name, args, kwnames)
    }

    /// `self == other`, identity first.
    fn eq(&self, th: Thread<'_>, other: Obj<'_>) -> Result<bool> {
        compare::eq(th, self.obj(), other)
    }

    /// `self op other`.
    fn compare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        compare::rich_compare(th, self.obj(), other, op)
    }

    /// `len(self)`; not called `len`, which builtin types have as their own.
    fn length(&self, th: Thread<'_>) -> Result<usize> {
        mapping::len(th, self.obj())
    }

    /// `self[key]`.
    fn get_item(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        mapping::get_item(th, self.obj(), key)
    }

    /// `self[key] = value`; `None` deletes.
    fn set_item(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        mapping::set_item(th, self.obj(), key, value)
    }

    /// `iter(self)`.
    fn iter(&self, th: Thread<'_>) -> Result<Ref> {
        iter::iter(th, self.obj())
    }

    /// `next(self)`, `None` at the end.
    fn next(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        iter::next(th, self.obj())
    }
}

impl<T: AsObject + ?Sized> Protocol for T {}
