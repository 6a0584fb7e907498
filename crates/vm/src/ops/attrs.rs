//! Attributes, special methods, `super`.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{AsObject, Obj, Protocol, Result, Str, Thread, Type, error, id};

use super::{adapt, check, ops};
use crate::{
    attr::{self, Method},
    bridge::class_of_super,
    interp::{Flow, Regs},
    specialize::attr as specialize,
    word::Word,
};

/// Replace the owner by an attribute, and a null if the oparg asks for a method.
#[inline(always)]
unsafe fn attribute(r: &mut Regs, oparg: usize, value: Word) -> Flow {
    let owner = r.peek(1);
    r.set(1, value);
    if oparg & 1 != 0 {
        r.push(Word::NULL);
    }
    r.skip(9);
    r.finish(owner)
}

/// Replace the owner by a function and the owner.
#[inline(always)]
unsafe fn bind(r: &mut Regs, method: Word) -> Flow {
    let this = r.peek(1);
    r.set(1, method.dup_in_memory());
    r.push(this);
    r.skip(9);
    Flow::Next
}

/// Replace the owner by what the class method in the cache calls and the owner's class.
#[inline(always)]
unsafe fn bind_class(r: &mut Regs) -> Flow {
    let owner = r.peek(1);
    let Some(method) = specialize::class_method(specialize::class_object(r.ip)) else {
        return Flow::Miss;
    };
    let class = Word::from_raw((*owner.ptr()).ob_type.cast());
    r.set(1, method.dup_in_memory());
    r.push(class.dup_in_memory());
    r.skip(9);
    r.finish(owner)
}

/// Put the value under the owner into a slot of it.
#[inline(always)]
unsafe fn store(r: &mut Regs, slot: *mut Word) -> Flow {
    let (owner, value) = (r.peek(1), r.peek(2));
    let old = std::mem::replace(&mut *slot, value.owned());
    r.sp = r.sp.sub(2);
    r.skip(4);
    r.finish2(old, owner)
}

/// `STORE_ATTR_INSTANCE_VALUE` of a new attribute.
#[inline(always)]
pub(super) unsafe fn store_new(r: &mut Regs, oparg: usize) -> Flow {
    match specialize::new_slot(r.ip, r.peek(1), r.name(oparg)) {
        Some(slot) => store(r, slot),
        None => Flow::Miss,
    }
}

/// `LOAD_ATTR_INSTANCE_VALUE` of an instance with another shape.
#[inline(always)]
pub(super) unsafe fn load_other_shape(r: &mut Regs, oparg: usize) -> Flow {
    let owner = r.peek(1);
    if !specialize::is_in_same_slot(r.ip, owner, r.name(oparg >> 1)) {
        return Flow::Miss;
    }
    let Some(value) = specialize::instance_value(r.ip, owner) else { return Flow::Miss };
    attribute(r, oparg, value.dup())
}

/// `LOAD_ATTR_METHOD_WITH_VALUES` of an instance with another shape.
#[inline(always)]
pub(super) unsafe fn load_method_other_shape(r: &mut Regs, oparg: usize) -> Flow {
    if specialize::is_known_to_lack(r.peek(1), r.name(oparg >> 1)) {
        return bind(r, specialize::class_object(r.ip));
    }
    if specialize::shadows(r.peek(1), r.name(oparg >> 1)) {
        return Flow::Miss;
    }
    bind(r, specialize::class_object(r.ip))
}

/// `LOAD_ATTR_METHOD_LAZY_DICT` of an instance with another shape.
#[inline(always)]
pub(super) unsafe fn load_class_method_other_shape(r: &mut Regs, oparg: usize) -> Flow {
    if specialize::shadows(r.peek(1), r.name(oparg >> 1)) {
        return Flow::Miss;
    }
    bind_class(r)
}

/// `LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES` of an instance with another shape.
#[inline(always)]
pub(super) unsafe fn load_class_value_other_shape(r: &mut Regs, oparg: usize) -> Flow {
    if specialize::shadows(r.peek(1), r.name(oparg >> 1)) {
        return Flow::Miss;
    }
    attribute(r, oparg, specialize::class_object(r.ip).dup())
}

/// The names of `LOAD_SPECIAL`, with what misses when they are not there.
#[cold]
#[inline(never)]
fn no_special(th: Thread<'_>, owner: Obj<'_>, which: usize) -> object::Raised {
    let ty = owner.ty();
    let has = |name: &'static Str| ty.lookup(th, name).is_some();
    let name = match ty.qualified_name(th) {
        Ok(name) => name,
        Err(raised) => return raised,
    };
    let name = name.strip_prefix("__main__.").unwrap_or(&name);
    let is_async = which >= 2;
    let (kind, other) = if is_async {
        ("the asynchronous context manager protocol", "the context manager protocol")
    } else {
        ("the context manager protocol", "the asynchronous context manager protocol")
    };
    let missed = ["__enter__", "__exit__", "__aenter__", "__aexit__"][which & 3];
    let hint = if is_async {
        has(id!(th, "__enter__")) && has(id!(th, "__exit__"))
    } else {
        has(id!(th, "__aenter__")) && has(id!(th, "__aexit__"))
    };
    if hint {
        let statement = if is_async { "with" } else { "async with" };
        return error!(
            th,
            TypeError,
            "'{name}' object does not support {kind} (missed {missed} method) but it supports {other}. Did you mean to use '{statement}'?"
        );
    }
    error!(th, TypeError, "'{name}' object does not support {kind} (missed {missed} method)")
}

#[inline(never)]
fn load_special(th: Thread<'_>, owner: Obj<'_>, which: usize) -> Result<Method> {
    let name = match which {
        0 => id!(th, "__enter__"),
        1 => id!(th, "__exit__"),
        2 => id!(th, "__aenter__"),
        _ => id!(th, "__aexit__"),
    };
    match attr::special(th, owner, name)? {
        Some(method) => Ok(method),
        None => Err(no_special(th, owner, which)),
    }
}

/// `super(ty, this).name` of the true `super`.
#[inline(never)]
fn find_behind(
    th: Thread<'_>,
    oparg: usize,
    ty: &Type,
    this: Obj<'_>,
    name: &Str,
) -> Result<Method> {
    match attr::super_method(th, ty, this, name, oparg & 1 != 0)? {
        Some(method) => Ok(method),
        None => object::types::super_::lookup(th, ty, this, name).map(Method::Value),
    }
}

#[inline(never)]
unsafe fn load_super(
    th: Thread<'_>,
    oparg: usize,
    global: Obj<'_>,
    class: Obj<'_>,
    this: Obj<'_>,
    name: &Str,
) -> Result<Method> {
    if let Some(ty) = class_of_super(global, class) {
        return find_behind(th, oparg, ty, this, name);
    }
    let object =
        if oparg & 2 != 0 { global.call(th, &[class, this])? } else { global.call(th, &[])? };
    Ok(Method::Value(object.getattr(th, name)?))
}

#[inline(always)]
unsafe fn finish_super(r: &mut Regs, oparg: usize, method: Method) -> Flow {
    match method {
        Method::Unbound(function) => {
            let this = r.peek(1).owned();
            r.sp = r.sp.sub(1);
            r.drop_words(2);
            r.push(Word::from_ref(function));
            r.push(this);
        }
        Method::Value(value) => {
            r.replace(3, Word::from_ref(value));
            if oparg & 1 != 0 {
                r.push(Word::NULL);
            }
        }
    }
    r.skip(1);
    Flow::Next
}

/// `super(class, this).name` for the true `super`.
#[inline(always)]
unsafe fn true_super(r: &mut Regs, th: Thread<'_>, oparg: usize) -> Flow {
    let (this, class, global) = (r.peek(1), r.peek(2), r.peek(3));
    let Some(ty) = class_of_super(global.obj(), class.obj()) else { return Flow::Miss };
    r.save();
    let method = check!(find_behind(th, oparg, ty, this.obj(), r.name(oparg >> 2)));
    finish_super(r, oparg, method)
}

ops! {
    fn LOAD_ATTR(r, th, oparg) {
        adapt!(r, specialize::load(th, r.frame, r.ip, oparg, r.peek(1), r.name(oparg >> 1)));
        r.save();
        let owner = r.peek(1);
        let name = r.name(oparg >> 1);
        if oparg & 1 == 0 {
            let value = check!(attr::get(th, owner.obj(), name));
            return attribute(r, oparg, Word::from_ref(value));
        }
        match check!(attr::method(th, owner.obj(), name)) {
            Method::Unbound(function) => {
                r.set(1, Word::from_ref(function));
                r.push(owner);
                r.skip(9);
                Flow::Next
            }
            Method::Value(value) => attribute(r, oparg, Word::from_ref(value)),
        }
    }

    fn LOAD_ATTR_INSTANCE_VALUE(r, th, oparg) {
        let owner = r.peek(1);
        if !specialize::guard_type(r.ip, owner) {
            return Flow::Miss;
        }
        if !specialize::has_shape_seen(r.ip, owner) {
            return Flow::Slow;
        }
        let Some(value) = specialize::instance_value(r.ip, owner) else { return Flow::Miss };
        attribute(r, oparg, value.dup())
    }

    fn LOAD_ATTR_WITH_HINT(r, th, oparg) {
        let Some(value) = specialize::dict_value(r.ip, r.peek(1), r.name(oparg >> 1)) else {
            return Flow::Miss;
        };
        attribute(r, oparg, value.dup())
    }

    fn LOAD_ATTR_SLOT(r, th, oparg) {
        let Some(value) = specialize::slot_value(r.ip, r.peek(1)) else { return Flow::Miss };
        attribute(r, oparg, value.dup())
    }

    fn LOAD_ATTR_MODULE(r, th, oparg) {
        let Some(value) = specialize::module_value(r.ip, r.peek(1)) else { return Flow::Miss };
        attribute(r, oparg, value.dup())
    }

    fn LOAD_ATTR_CLASS(r, th, oparg) {
        let Some(value) = specialize::class_value(r.ip, r.peek(1)) else { return Flow::Miss };
        attribute(r, oparg, value.dup())
    }

    fn LOAD_ATTR_CLASS_WITH_METACLASS_CHECK(r, th, oparg) {
        let method = specialize::class_value(r.ip, r.peek(1));
        let Some(method) = method.and_then(|method| specialize::class_method(method)) else {
            return Flow::Miss;
        };
        bind(r, method)
    }

    fn LOAD_ATTR_NONDESCRIPTOR_NO_DICT(r, th, oparg) {
        let Some(value) = specialize::type_value(r.ip, r.peek(1)) else { return Flow::Miss };
        attribute(r, oparg, value.dup())
    }

    fn LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES(r, th, oparg) {
        let owner = r.peek(1);
        if !specialize::guard_type(r.ip, owner) {
            return Flow::Miss;
        }
        if !specialize::lacks_as_seen(r.ip, owner) {
            return Flow::Slow;
        }
        attribute(r, oparg, specialize::class_object(r.ip).dup())
    }

    fn LOAD_ATTR_METHOD_NO_DICT(r, th, oparg) {
        let owner = r.peek(1);
        let method = if owner.is_int() {
            specialize::int_value(r.ip)
        } else {
            specialize::type_value(r.ip, owner)
        };
        let Some(method) = method else { return Flow::Miss };
        bind(r, method)
    }

    fn LOAD_ATTR_METHOD_WITH_VALUES(r, th, oparg) {
        let owner = r.peek(1);
        if !specialize::guard_type(r.ip, owner) {
            return Flow::Miss;
        }
        if !specialize::lacks_as_seen(r.ip, owner) {
            return Flow::Slow;
        }
        bind(r, specialize::class_object(r.ip))
    }

    fn LOAD_ATTR_METHOD_LAZY_DICT(r, th, oparg) {
        let owner = r.peek(1);
        if !specialize::guard_type(r.ip, owner) {
            return Flow::Miss;
        }
        if !specialize::lacks_as_seen(r.ip, owner) {
            return Flow::Slow;
        }
        bind_class(r)
    }

    fn LOAD_ATTR_PROPERTY(r, th, oparg) {
        let Some(getter) = specialize::type_value(r.ip, r.peek(1)) else { return Flow::Miss };
        let arguments = r.sp.sub(1);
        let Some(callee) = crate::call::exact_frame(th, getter.lend(), arguments, 1) else {
            return Flow::Miss;
        };
        r.sp = r.sp.sub(1);
        r.enter(th, callee, 9)
    }

    fn LOAD_ATTR_GETATTRIBUTE_OVERRIDDEN(r, th, oparg) {
        let Some(getter) = specialize::type_value(r.ip, r.peek(1)) else { return Flow::Miss };
        r.push(Word::borrow(r.name(oparg >> 1).obj()));
        let arguments = r.sp.sub(2);
        let Some(callee) = crate::call::exact_frame(th, getter.lend(), arguments, 2) else {
            r.sp = r.sp.sub(1);
            return Flow::Miss;
        };
        r.sp = r.sp.sub(2);
        r.enter(th, callee, 9)
    }

    fn STORE_ATTR(r, th, oparg) {
        adapt!(r, specialize::store(th, r.ip, r.peek(1), r.name(oparg)));
        r.save();
        let (owner, value) = (r.peek(1), r.peek(2));
        check!(owner.obj().setattr(th, r.name(oparg), Some(value.obj())));
        r.drop_words(2);
        r.skip(4);
        Flow::Next
    }

    fn STORE_ATTR_INSTANCE_VALUE(r, th, oparg) {
        let owner = r.peek(1);
        if !specialize::guard_type(r.ip, owner) {
            return Flow::Miss;
        }
        let name = r.name(oparg);
        match specialize::instance_slot(r.ip, owner, name) {
            Some(slot) => store(r, slot),
            None => Flow::Slow,
        }
    }

    fn STORE_ATTR_SLOT(r, th, oparg) {
        let Some(slot) = specialize::member_slot(r.ip, r.peek(1)) else { return Flow::Miss };
        store(r, slot)
    }

    fn STORE_ATTR_WITH_HINT(r, th, oparg) {
        r.save();
        if !specialize::store_in_dict(th, r.ip, r.peek(1), r.name(oparg), r.peek(2)) {
            return Flow::Miss;
        }
        r.drop_words(2);
        r.skip(4);
        Flow::Next
    }

    fn DELETE_ATTR(r, th, oparg) {
        r.save();
        check!(r.peek(1).obj().setattr(th, r.name(oparg), None));
        r.drop_words(1);
        Flow::Next
    }

    fn LOAD_SPECIAL(r, th, oparg) {
        r.save();
        let owner = r.peek(1);
        match check!(load_special(th, owner.obj(), oparg)) {
            Method::Unbound(function) => {
                let this = owner.owned();
                r.set(1, Word::from_ref(function));
                r.push(this);
            }
            Method::Value(value) => {
                r.replace(1, Word::from_ref(value));
                r.push(Word::NULL);
            }
        }
        Flow::Next
    }

    fn LOAD_SUPER_ATTR(r, th, oparg) {
        adapt!(r, specialize::super_attr(r.ip, oparg, r.peek(3), r.peek(2)));
        r.save();
        let (this, class, global) = (r.peek(1), r.peek(2), r.peek(3));
        let name = r.name(oparg >> 2);
        let method = check!(load_super(th, oparg, global.obj(), class.obj(), this.obj(), name));
        finish_super(r, oparg, method)
    }

    fn LOAD_SUPER_ATTR_ATTR(r, th, oparg) { true_super(r, th, oparg) }

    fn LOAD_SUPER_ATTR_METHOD(r, th, oparg) { true_super(r, th, oparg) }
}
