//! `string.templatelib.Template` and `Interpolation`: what a t-string makes.
//!
//! A template's strings and interpolations alternate, starting and ending with
//! a string, so there is always one string more.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{
    Args, AsObject, Head, IntoObject, Kwargs, Link, Obj, Protocol, PyStruct, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object, declare::TypeBuilder, id, raise, types::generic_alias,
};

/// Interpolation object
#[pytype(name = "string.templatelib.Interpolation")]
pub struct Interpolation {
    head: Head,
    value: Ref,
    expression: Ref,
    conversion: Ref,
    format_spec: Ref,
}

impl Interpolation {
    /// An interpolation as the interpreter makes it: `conversion` is 0 for
    /// none, 1 for `!s`, 2 for `!r`, 3 for `!a`.
    pub fn build(
        th: Thread<'_>,
        value: Obj<'_>,
        expression: Obj<'_>,
        conversion: usize,
        format_spec: Option<Obj<'_>>,
    ) -> Result {
        let conversion = match conversion {
            0 => crate::types::none(),
            1 => id!(th, "s").obj(),
            2 => id!(th, "r").obj(),
            3 => id!(th, "a").obj(),
            _ => raise!(
                th,
                SystemError,
                "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'"
            ),
        };
        let spec = format_spec.map_or_else(|| Str::empty(th).upcast(), Obj::own);
        alloc_object::new(
            th,
            Interpolation {
                head: Head::new(),
                value: value.own(),
                expression: expression.own(),
                conversion: conversion.own(),
                format_spec: spec,
            },
        )
        .map(Ref::upcast)
    }
}

#[pymethods]
impl Interpolation {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let kind = abi::Py_T_OBJECT_EX;
        let read_only = abi::Py_READONLY;
        b.member(c"value", kind, std::mem::offset_of!(Self, value), read_only, Some(c"Value"));
        let at = std::mem::offset_of!(Self, expression);
        b.member(c"expression", kind, at, read_only, Some(c"Expression"));
        let at = std::mem::offset_of!(Self, conversion);
        b.member(c"conversion", kind, at, read_only, Some(c"Conversion"));
        let at = std::mem::offset_of!(Self, format_spec);
        b.member(c"format_spec", kind, at, read_only, Some(c"Format specifier"));
    }

    #[sig = "Interpolation(value, expression='', conversion=None, format_spec='')"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        value: Obj<'_>,
        expression: Option<crate::args::Given<&Str>>,
        conversion: Option<Obj<'_>>,
        format_spec: Option<crate::args::Given<&Str>>,
    ) -> Result {
        let conversion = match conversion.filter(|conversion| !conversion.is_none()) {
            None => crate::types::none().own(),
            Some(conversion) => {
                let Some(text) = conversion.downcast::<Str>() else {
                    raise!(
                        th,
                        TypeError,
                        "Interpolation() argument 'conversion' must be str, not {}",
                        conversion.type_name()
                    );
                };
                if !matches!(text.as_ascii(), Some("s" | "a" | "r")) {
                    raise!(
                        th,
                        ValueError,
                        "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'"
                    );
                }
                conversion.own()
            }
        };
        let text = |given: Option<crate::args::Given<&Str>>| match given {
            Some(crate::args::Given(text)) => text.obj().own(),
            None => Str::empty(th).upcast(),
        };
        alloc_object::alloc(
            th,
            cls,
            Interpolation {
                head: Head::new(),
                value: value.own(),
                expression: text(expression),
                conversion,
                format_spec: text(format_spec),
            },
        )
        .map(Ref::upcast)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let (value, expression) = (self.value.repr(th)?, self.expression.repr(th)?);
        let (conversion, spec) = (self.conversion.repr(th)?, self.format_spec.repr(th)?);
        let mut out = crate::StrBuilder::new();
        out.push_str(th, self.obj().short_type_name())?;
        for (before, part) in [("(", value), (", ", expression), (", ", conversion), (", ", spec)] {
            out.push_str(th, before)?;
            out.push_obj(th, &part)?;
        }
        out.push_str(th, ")")?;
        out.finish(th)
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        let parts = vec![
            self.value.clone(),
            self.expression.clone(),
            self.conversion.clone(),
            self.format_spec.clone(),
        ];
        (self.obj().ty().obj().own(), Tuple::from_refs(th, parts)?).into_object(th)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        generic_alias::new(th, cls.obj(), object)
    }
}

/// Template object
#[pytype(name = "string.templatelib.Template")]
pub struct Template {
    head: Head,
    strings: Ref<Tuple>,
    interpolations: Ref<Tuple>,
}

impl Template {
    /// A template of a tuple of strings and a tuple of interpolations.
    pub fn build(th: Thread<'_>, strings: Obj<'_>, interpolations: Obj<'_>) -> Result {
        let (Ok(strings), Ok(interpolations)) =
            (strings.own().downcast::<Tuple>(), interpolations.own().downcast::<Tuple>())
        else {
            raise!(th, SystemError, "bad argument to internal function");
        };
        Self::new(th, strings, interpolations)
    }

    fn new(th: Thread<'_>, strings: Ref<Tuple>, interpolations: Ref<Tuple>) -> Result {
        alloc_object::new(th, Template { head: Head::new(), strings, interpolations })
            .map(Ref::upcast)
    }
}

#[pymethods]
impl Template {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let kind = abi::Py_T_OBJECT_EX;
        let read_only = abi::Py_READONLY;
        b.member(
            c"strings",
            kind,
            std::mem::offset_of!(Self, strings),
            read_only,
            Some(c"Strings"),
        );
        let at = std::mem::offset_of!(Self, interpolations);
        b.member(c"interpolations", kind, at, read_only, Some(c"Interpolations"));
    }

    #[sig = "Template(*args, **kwargs)"]
    fn __new__(th: Thread<'_>, _: &Type, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        if !kwargs.is_empty() {
            raise!(th, TypeError, "Template.__new__ only accepts *args arguments");
        }
        let (mut strings, mut interpolations): (Vec<Ref>, Vec<Ref>) = (Vec::new(), Vec::new());
        let mut last: Option<Ref<Str>> = None;
        for arg in args {
            if let Some(text) = arg.downcast::<Str>() {
                last = Some(match last.take() {
                    Some(before) => before.concat(th, text)?,
                    None => crate::own(text),
                });
            } else if arg.downcast::<Interpolation>().is_some() {
                strings.push(last.take().unwrap_or_else(|| Str::empty(th)).upcast());
                interpolations.push(arg.own());
            } else {
                raise!(
                    th,
                    TypeError,
                    "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                    arg.type_name()
                );
            }
        }
        strings.push(last.unwrap_or_else(|| Str::empty(th)).upcast());
        Self::new(th, Tuple::from_refs(th, strings)?, Tuple::from_refs(th, interpolations)?)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let (strings, interpolations) = (self.strings.repr(th)?, self.interpolations.repr(th)?);
        let mut out = crate::StrBuilder::new();
        out.push_str(th, self.obj().short_type_name())?;
        out.push_str(th, "(strings=")?;
        out.push_obj(th, &strings)?;
        out.push_str(th, ", interpolations=")?;
        out.push_obj(th, &interpolations)?;
        out.push_str(th, ")")?;
        out.finish(th)
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        alloc_object::new(
            th,
            TemplateIter {
                head: Head::new(),
                template: Link::new(crate::own(self)),
                index: Cell::new(0),
                from_strings: Cell::new(true),
            },
        )
        .map(Ref::upcast)
    }

    fn sq_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result {
        let Some(other) = other.downcast::<Template>() else {
            raise!(
                th,
                TypeError,
                "can only concatenate string.templatelib.Template (not \"{}\") to string.templatelib.Template",
                other.ty().full_name()
            );
        };
        let (left, right) = (self.strings.items(), other.strings.items());
        let (Some((last, left)), Some((first, right))) = (left.split_last(), right.split_first())
        else {
            return Err(th.no_memory());
        };
        let (Some(last), Some(first)) = (last.downcast::<Str>(), first.downcast::<Str>()) else {
            return Err(th.no_memory());
        };
        let middle = last.concat(th, first)?;
        let strings: Vec<Ref> = left
            .iter()
            .map(|text| text.own())
            .chain([middle.upcast()])
            .chain(right.iter().map(|text| text.own()))
            .collect();
        let both = self.interpolations.items().iter().chain(other.interpolations.items());
        let interpolations: Vec<Ref> = both.map(|item| item.own()).collect();
        Self::new(th, Tuple::from_refs(th, strings)?, Tuple::from_refs(th, interpolations)?)
    }

    /// Values of interpolations
    #[getter]
    fn values(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let items = self.interpolations.items().iter();
        let values = items.filter_map(|item| item.downcast::<Interpolation>());
        Tuple::from_refs(th, values.map(|item| item.value.clone()).collect())
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        let module = (th.hooks().import_module)(th, id!(th, "string.templatelib"))?;
        let unpickle = module.getattr(th, id!(th, "_template_unpickle"))?;
        let parts = vec![self.strings.clone().upcast(), self.interpolations.clone().upcast()];
        (unpickle, Tuple::from_refs(th, parts)?).into_object(th)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        generic_alias::new(th, cls.obj(), object)
    }
}

/// Iterates over the strings that are not empty and the interpolations.
#[pytype(name = "string.templatelib.TemplateIter", flags = DISALLOW_INSTANTIATION)]
pub struct TemplateIter {
    head: Head,
    template: Link<Template>,
    index: Cell<usize>,
    from_strings: Cell<bool>,
}

#[pymethods]
impl TemplateIter {
    fn __iter__(&self, _: Thread<'_>) -> Result {
        Ok(self.obj().own())
    }

    fn __next__(&self, _: Thread<'_>) -> Result<Option<Ref>> {
        let Some(template) = self.template.get() else { return Ok(None) };
        let index = self.index.get();
        if self.from_strings.get() {
            self.from_strings.set(false);
            let text = template.strings.get(index);
            let empty = text.and_then(|text| text.downcast::<Str>()).is_none_or(|t| t.len() == 0);
            if let (false, Some(text)) = (empty, text) {
                return Ok(Some(text.own()));
            }
        }
        match template.interpolations.get(index) {
            Some(item) => {
                self.from_strings.set(true);
                self.index.set(index + 1);
                Ok(Some(item.own()))
            }
            None => {
                self.template.take();
                Ok(None)
            }
        }
    }
}

/// `Interpolation.__match_args__`, once the types are ready.
pub fn init(th: Thread<'_>) -> Result<()> {
    let names = [
        id!(th, "value").obj(),
        id!(th, "expression").obj(),
        id!(th, "conversion").obj(),
        id!(th, "format_spec").obj(),
    ];
    let names = Tuple::from_objs(th, &names)?;
    match Interpolation::type_object().dict() {
        Some(dict) => dict.set(th, id!(th, "__match_args__").obj(), names.obj()),
        None => Ok(()),
    }
}
