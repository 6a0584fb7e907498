//! Names in namespaces: module and class bodies, globals, builtins.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{Ref, Result, Thread};

use super::{adapt, check, ops};
use crate::{frame::Frame, interp::Flow, namespace, specialize::global, word::Word};

#[inline(never)]
unsafe fn from_mapping_or_global(
    th: Thread<'_>,
    frame: *mut Frame,
    mapping: Word,
    name: &object::Str,
) -> Result<Ref> {
    if let Some(value) = namespace::mapping_get(th, mapping.obj(), name)? {
        return Ok(value);
    }
    namespace::global(th, frame, name)
}

ops! {
    fn LOAD_NAME(r, th, oparg) {
        r.save();
        let value = check!(namespace::name(th, r.frame, r.name(oparg)));
        r.push(Word::from_ref(value));
        Flow::Next
    }

    fn STORE_NAME(r, th, oparg) {
        r.save();
        check!(namespace::store(th, r.frame, r.name(oparg), r.peek(1).obj()));
        r.drop_words(1);
        Flow::Next
    }

    fn DELETE_NAME(r, th, oparg) {
        r.save();
        check!(namespace::delete(th, r.frame, r.name(oparg)));
        Flow::Next
    }

    fn LOAD_GLOBAL(r, th, oparg) {
        adapt!(r, global::specialize(th, r.frame, r.ip, r.name(oparg >> 1)));
        r.save();
        let value = check!(namespace::global(th, r.frame, r.name(oparg >> 1)));
        r.push(Word::from_ref(value));
        if oparg & 1 != 0 {
            r.push(Word::NULL);
        }
        r.skip(4);
        Flow::Next
    }

    fn LOAD_GLOBAL_MODULE(r, th, oparg) {
        let Some(value) = global::module_value(r.frame, r.ip) else { return Flow::Miss };
        r.push(value.dup());
        if oparg & 1 != 0 {
            r.push(Word::NULL);
        }
        r.skip(4);
        Flow::Next
    }

    fn LOAD_GLOBAL_BUILTIN(r, th, oparg) {
        let Some(value) = global::builtin_value(r.frame, r.ip) else { return Flow::Miss };
        r.push(value.dup());
        if oparg & 1 != 0 {
            r.push(Word::NULL);
        }
        r.skip(4);
        Flow::Next
    }

    fn STORE_GLOBAL(r, th, oparg) {
        r.save();
        check!(namespace::store_global(th, r.frame, r.name(oparg), r.peek(1).obj()));
        r.drop_words(1);
        Flow::Next
    }

    fn DELETE_GLOBAL(r, th, oparg) {
        r.save();
        check!(namespace::delete_global(th, r.frame, r.name(oparg)));
        Flow::Next
    }

    fn LOAD_FROM_DICT_OR_GLOBALS(r, th, oparg) {
        r.save();
        let value = check!(from_mapping_or_global(th, r.frame, r.peek(1), r.name(oparg)));
        r.replace(1, Word::from_ref(value));
        Flow::Next
    }

    fn LOAD_LOCALS(r, th, oparg) {
        r.save();
        let locals = check!(namespace::locals(th, r.frame, ""));
        r.push(Word::from_ref(locals.own()));
        Flow::Next
    }

    fn LOAD_BUILD_CLASS(r, th, oparg) {
        r.save();
        let value = check!(build_class(th, r.frame));
        r.push(Word::from_ref(value));
        Flow::Next
    }

    fn SETUP_ANNOTATIONS(r, th, oparg) {
        r.save();
        check!(setup_annotations(th, r.frame));
        Flow::Next
    }
}

#[inline(never)]
unsafe fn build_class(th: Thread<'_>, frame: *mut Frame) -> Result<Ref> {
    let builtins = Frame::builtins(frame);
    match namespace::mapping_get(th, builtins, object::id!(th, "__build_class__"))? {
        Some(value) => Ok(value),
        None => {
            let name = object::id!(th, "__build_class__");
            let ty = object::exceptions::types::NameError();
            Err(namespace::unbound(th, ty, format_args!("__build_class__ not found"), name))
        }
    }
}

#[inline(never)]
unsafe fn setup_annotations(th: Thread<'_>, frame: *mut Frame) -> Result<()> {
    use object::{AsObject, Protocol};
    let locals = namespace::locals(th, frame, "found when setting up annotations")?;
    let name = object::id!(th, "__annotations__");
    if namespace::mapping_get(th, locals, name)?.is_none() {
        let dict = object::Dict::new(th)?;
        locals.set_item(th, name.obj(), Some(dict.obj()))?;
    }
    Ok(())
}
