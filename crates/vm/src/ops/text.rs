//! Formatted strings and template strings.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{Float, Int, Obj, Protocol, Ref, Result, Str, Thread, raise};

use super::{check, ops};
use crate::{bridge, frame::is_exact, interp::Flow, intrinsics, word::Word};

#[inline(never)]
fn convert(th: Thread<'_>, which: usize, value: Obj<'_>) -> Result<Ref> {
    match which {
        1 => value.str(th).map(Ref::upcast),
        2 => value.repr(th).map(Ref::upcast),
        3 => bridge::ascii(th, value),
        _ => raise!(th, SystemError, "unexpected conversion flag {which}"),
    }
}

#[inline(never)]
fn format(th: Thread<'_>, value: Obj<'_>, spec: Option<Obj<'_>>) -> Result<Ref> {
    if spec.is_none() && value.is_exact::<Str>() {
        return Ok(value.own());
    }
    // PERF: without a specification these are formatted as `str` does it.
    if spec.is_none() && (value.is_exact::<Int>() || value.is_exact::<Float>()) {
        return value.str(th).map(Ref::upcast);
    }
    bridge::format(th, value, spec)
}

#[inline(never)]
unsafe fn build_string(th: Thread<'_>, first: *mut Word, n: usize) -> Result<Ref> {
    const FEW: usize = 16;
    if n > FEW {
        let pieces: Vec<Obj<'_>> = (0..n).map(|i| (*first.add(i)).obj()).collect();
        return bridge::join_str(th, &pieces);
    }
    let mut pieces = [object::types::none(); FEW];
    for (i, piece) in pieces.iter_mut().take(n).enumerate() {
        *piece = (*first.add(i)).obj().extend();
    }
    bridge::join_str(th, &pieces[..n])
}

#[inline(never)]
unsafe fn interpolation(th: Thread<'_>, oparg: usize, sp: *mut Word) -> Result<Ref> {
    let hooks = intrinsics::template_hooks(th);
    let has_spec = oparg & 1 != 0;
    let base = sp.sub(2 + usize::from(has_spec));
    let spec = has_spec.then(|| (*base.add(2)).obj());
    (hooks.interpolation)(th, (*base).obj(), (*base.add(1)).obj(), oparg >> 2, spec)
}

ops! {
    fn CONVERT_VALUE(r, th, oparg) {
        r.save();
        let value = check!(convert(th, oparg, r.peek(1).obj()));
        r.replace(1, Word::from_ref(value));
        Flow::Next
    }

    fn FORMAT_SIMPLE(r, th, oparg) {
        let word = r.peek(1);
        if is_exact::<Str>(word) {
            r.set(1, word.owned());
            return Flow::Next;
        }
        r.save();
        let value = check!(format(th, r.peek(1).obj(), None));
        r.replace(1, Word::from_ref(value));
        Flow::Next
    }

    fn FORMAT_WITH_SPEC(r, th, oparg) {
        r.save();
        let value = check!(format(th, r.peek(2).obj(), Some(r.peek(1).obj())));
        r.replace(2, Word::from_ref(value));
        Flow::Next
    }

    fn BUILD_STRING(r, th, oparg) {
        r.save();
        let value = check!(build_string(th, r.sp.sub(oparg), oparg));
        r.replace(oparg, Word::from_ref(value));
        Flow::Next
    }

    fn BUILD_TEMPLATE(r, th, oparg) {
        r.save();
        let hooks = intrinsics::template_hooks(th);
        let value = check!((hooks.template)(th, r.peek(2).obj(), r.peek(1).obj()));
        r.replace(2, Word::from_ref(value));
        Flow::Next
    }

    fn BUILD_INTERPOLATION(r, th, oparg) {
        r.save();
        let value = check!(interpolation(th, oparg, r.sp));
        r.replace(2 + (oparg & 1), Word::from_ref(value));
        Flow::Next
    }
}
