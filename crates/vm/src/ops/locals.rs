//! Local variables, cells and free variables.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{Raised, Ref, Result, Thread, types::cell::CellObject};

use super::{check, ops};
use crate::{
    frame::Frame,
    interp::{Flow, Regs},
    namespace,
    word::Word,
};

/// `UnboundLocalError` for a plain local variable.
#[cold]
#[inline(never)]
unsafe fn unbound_local(th: Thread<'_>, frame: *mut Frame, index: usize) -> Raised {
    let name = Frame::code(frame).local_name(index);
    namespace::unbound(
        th,
        object::exceptions::types::UnboundLocalError(),
        format_args!(
            "cannot access local variable '{name}' where it is not associated with a value"
        ),
        name,
    )
}

/// The error for an empty cell: of this function or of an enclosing one.
#[cold]
#[inline(never)]
pub(crate) unsafe fn unbound_cell(th: Thread<'_>, frame: *mut Frame, index: usize) -> Raised {
    let code = Frame::code(frame);
    let name = code.local_name(index);
    if index < (code.nlocalsplus - code.nfreevars) as usize {
        return unbound_local(th, frame, index);
    }
    namespace::unbound(
        th,
        object::exceptions::types::NameError(),
        format_args!(
            "cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
        ),
        name,
    )
}

#[inline(always)]
unsafe fn cell<'a>(word: Word) -> &'a CellObject {
    word.obj().cast::<CellObject>()
}

#[inline(never)]
unsafe fn make_cell(th: Thread<'_>, word: Word) -> Result<Ref<CellObject>> {
    let content = if word.is_null() { None } else { Some(word.into_ref()) };
    CellObject::new(th, content)
}

#[inline(never)]
unsafe fn from_mapping_or_cell(
    th: Thread<'_>,
    frame: *mut Frame,
    mapping: Word,
    index: usize,
) -> Result {
    let name = Frame::code(frame).local_name(index);
    if let Some(value) = namespace::mapping_get(th, mapping.obj(), name)? {
        return Ok(value);
    }
    match cell(*Frame::localsplus(frame).add(index)).contents.get() {
        Some(value) => Ok(value),
        None => Err(unbound_cell(th, frame, index)),
    }
}

/// Set a variable, at the end of a handler.
#[inline(always)]
unsafe fn store(r: &mut Regs, index: usize, word: Word) -> Flow {
    let old = std::mem::replace(&mut *r.locals().add(index), word);
    r.finish(old)
}

ops! {
    fn LOAD_FAST(r, th, oparg) {
        let word = r.local(oparg);
        r.push(word.dup());
        Flow::Next
    }

    fn LOAD_FAST_BORROW(r, th, oparg) {
        let word = r.local(oparg);
        r.push(word.lend());
        Flow::Next
    }

    fn LOAD_FAST_LOAD_FAST(r, th, oparg) {
        let (first, second) = (r.local(oparg >> 4), r.local(oparg & 15));
        r.push(first.dup());
        r.push(second.dup());
        Flow::Next
    }

    fn LOAD_FAST_BORROW_LOAD_FAST_BORROW(r, th, oparg) {
        let (first, second) = (r.local(oparg >> 4), r.local(oparg & 15));
        r.push(first.lend());
        r.push(second.lend());
        Flow::Next
    }

    fn LOAD_FAST_CHECK(r, th, oparg) {
        let word = r.local(oparg);
        if word.is_null() {
            r.save();
            unbound_local(th, r.frame, oparg);
            return Flow::Error;
        }
        r.push(word.dup());
        Flow::Next
    }

    fn LOAD_FAST_AND_CLEAR(r, th, oparg) {
        let word = std::mem::replace(&mut *r.locals().add(oparg), Word::NULL);
        r.push(word);
        Flow::Next
    }

    fn STORE_FAST(r, th, oparg) {
        let word = r.pop();
        store(r, oparg, word)
    }

    fn STORE_FAST_MAYBE_NULL(r, th, oparg) { STORE_FAST(r, th, oparg) }

    fn STORE_FAST_LOAD_FAST(r, th, oparg) {
        let word = r.pop();
        if store(r, oparg >> 4, word) == Flow::Drop {
            return Flow::DropLoad;
        }
        let next = r.local(oparg & 15);
        r.push(next.dup());
        Flow::Next
    }

    fn STORE_FAST_STORE_FAST(r, th, oparg) {
        let word = r.pop();
        if store(r, oparg >> 4, word) == Flow::Drop {
            return Flow::DropStore;
        }
        let word = r.pop();
        store(r, oparg & 15, word)
    }

    fn DELETE_FAST(r, th, oparg) {
        let old = r.local(oparg);
        if old.is_null() {
            r.save();
            unbound_local(th, r.frame, oparg);
            return Flow::Error;
        }
        store(r, oparg, Word::NULL)
    }

    fn MAKE_CELL(r, th, oparg) {
        r.save();
        let word = r.local(oparg);
        *r.locals().add(oparg) = Word::NULL;
        let cell = check!(make_cell(th, word));
        *r.locals().add(oparg) = Word::from_ref(cell);
        Flow::Next
    }

    fn COPY_FREE_VARS(r, th, oparg) {
        let code = r.code();
        let Some(function) = Frame::function(r.frame) else { return Flow::Next };
        let first = (code.nlocalsplus - code.nfreevars) as usize;
        let Some(closure) = function.closure.get() else {
            r.save();
            object::error!(th, SystemError, "a function with free variables has no closure");
            return Flow::Error;
        };
        for (i, cell) in closure.items().iter().take(oparg).enumerate() {
            *r.locals().add(first + i) = Word::from_ref(cell.own());
        }
        Flow::Next
    }

    fn LOAD_DEREF(r, th, oparg) {
        let content = cell(r.local(oparg)).contents.as_ptr();
        if content.is_null() {
            r.save();
            unbound_cell(th, r.frame, oparg);
            return Flow::Error;
        }
        r.push(Word::from_raw(content).dup());
        Flow::Next
    }

    fn STORE_DEREF(r, th, oparg) {
        let word = r.pop().owned();
        let old = cell(r.local(oparg)).swap_raw(word.ptr());
        r.finish2(Word::from_raw(old), Word::NULL)
    }

    fn DELETE_DEREF(r, th, oparg) {
        let old = cell(r.local(oparg)).swap_raw(std::ptr::null_mut());
        if old.is_null() {
            r.save();
            unbound_cell(th, r.frame, oparg);
            return Flow::Error;
        }
        r.release(Word::from_raw(old));
        Flow::Next
    }

    fn LOAD_FROM_DICT_OR_DEREF(r, th, oparg) {
        r.save();
        let value = check!(from_mapping_or_cell(th, r.frame, r.peek(1), oparg));
        r.replace(1, Word::from_ref(value));
        Flow::Next
    }

    fn LOAD_CLOSURE(r, th, oparg) { LOAD_FAST(r, th, oparg) }
}
