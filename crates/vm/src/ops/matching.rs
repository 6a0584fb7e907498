//! Pattern matching.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{
    AsObject, Int, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type, id, raise, types,
};

use super::{check, ops};
use crate::{bridge, interp::Flow, word::Word};

#[inline(never)]
fn length(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    let length = object::protocol::mapping::len(th, object)?;
    Int::from_u64(th, length as u64)
}

/// The values of `keys` in a mapping, `None` when one is missing.
#[inline(never)]
fn match_keys(th: Thread<'_>, subject: Obj<'_>, keys: &Tuple) -> Result<Ref> {
    if keys.items().is_empty() {
        return Tuple::from_refs(th, Vec::new()).map(Ref::upcast);
    }
    let get = subject.getattr(th, id!(th, "get"))?;
    let sentinel = bridge::new_object(th)?;
    let seen = bridge::new_set(th)?;
    let mut values = Vec::new();
    for key in keys.items() {
        if bridge::set_contains(th, seen.obj(), *key)? {
            raise!(th, ValueError, "mapping pattern checks duplicate key ({})", key.repr(th)?);
        }
        bridge::set_add(th, seen.obj(), *key)?;
        let value = get.call(th, &[*key, sentinel.obj()])?;
        if value.obj().is(sentinel.obj()) {
            return Ok(types::none().own());
        }
        values.push(value);
    }
    Tuple::from_refs(th, values).map(Ref::upcast)
}

/// The attribute `name` of a class pattern, `None` when it is missing.
fn match_attribute(
    th: Thread<'_>,
    subject: Obj<'_>,
    ty: &Type,
    name: &Str,
    seen: &mut Vec<Ref>,
) -> Result<Option<Ref>> {
    for earlier in seen.iter() {
        if object::protocol::compare::eq(th, earlier.obj(), name.obj())? {
            raise!(
                th,
                TypeError,
                "{}() got multiple sub-patterns for attribute {}",
                ty.full_name(),
                name.repr(th)?
            );
        }
    }
    seen.push(name.obj().own());
    subject.getattr_opt(th, name)
}

#[inline(never)]
fn match_class(
    th: Thread<'_>,
    subject: Obj<'_>,
    class: Obj<'_>,
    positional: usize,
    names: &Tuple,
) -> Result<Option<Ref>> {
    let Some(ty) = class.downcast::<Type>() else {
        raise!(th, TypeError, "called match pattern must be a class");
    };
    if !bridge::is_instance(th, subject, class)? {
        return Ok(None);
    }
    let (mut attrs, mut seen) = (Vec::new(), Vec::new());
    if positional > 0 {
        let mut match_self = false;
        let match_args = match class.getattr_opt(th, id!(th, "__match_args__"))? {
            Some(args) => {
                if !args.obj().is_exact::<Tuple>() {
                    raise!(
                        th,
                        TypeError,
                        "{}.__match_args__ must be a tuple (got {})",
                        ty.full_name(),
                        args.obj().type_name()
                    );
                }
                args
            }
            None => {
                match_self = ty.flags() & abi::_Py_TPFLAGS_MATCH_SELF != 0;
                Tuple::from_refs(th, Vec::new())?.upcast()
            }
        };
        let Some(match_args) = match_args.obj().downcast::<Tuple>() else { return Ok(None) };
        let allowed = if match_self { 1 } else { match_args.len() };
        if allowed < positional {
            raise!(
                th,
                TypeError,
                "{}() accepts {allowed} positional sub-pattern{} ({positional} given)",
                ty.full_name(),
                if allowed == 1 { "" } else { "s" }
            );
        }
        if match_self {
            attrs.push(subject.own());
        } else {
            for name in &match_args.items()[..positional] {
                let Some(name) = name.downcast_exact::<Str>() else {
                    raise!(
                        th,
                        TypeError,
                        "__match_args__ elements must be strings (got {})",
                        name.type_name()
                    );
                };
                match match_attribute(th, subject, ty, name, &mut seen)? {
                    Some(value) => attrs.push(value),
                    None => return Ok(None),
                }
            }
        }
    }
    for name in names.items() {
        let Some(name) = name.downcast::<Str>() else { continue };
        match match_attribute(th, subject, ty, name, &mut seen)? {
            Some(value) => attrs.push(value),
            None => return Ok(None),
        }
    }
    Tuple::from_refs(th, attrs).map(|tuple| Some(tuple.upcast()))
}

ops! {
    fn GET_LEN(r, th, oparg) {
        r.save();
        let length = check!(length(th, r.peek(1).obj()));
        r.push(Word::from_ref(length));
        Flow::Next
    }

    fn MATCH_MAPPING(r, th, oparg) {
        let found = r.peek(1).obj().ty().flags() & abi::Py_TPFLAGS_MAPPING != 0;
        r.push(Word::bool_(found));
        Flow::Next
    }

    fn MATCH_SEQUENCE(r, th, oparg) {
        let found = r.peek(1).obj().ty().flags() & abi::Py_TPFLAGS_SEQUENCE != 0;
        r.push(Word::bool_(found));
        Flow::Next
    }

    fn MATCH_KEYS(r, th, oparg) {
        r.save();
        let (keys, subject) = (r.peek(1).obj(), r.peek(2).obj());
        let values = check!(match_keys(th, subject, keys.cast::<Tuple>()));
        r.push(Word::from_ref(values));
        Flow::Next
    }

    fn MATCH_CLASS(r, th, oparg) {
        r.save();
        let (names, class, subject) = (r.peek(1).obj(), r.peek(2).obj(), r.peek(3).obj());
        let attrs = check!(match_class(th, subject, class, oparg, names.cast::<Tuple>()));
        let value = attrs.map_or(Word::none(), Word::from_ref);
        r.replace(3, value);
        Flow::Next
    }
}
