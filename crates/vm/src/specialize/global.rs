//! `LOAD_GLOBAL`: a remembered position in the module's or the builtins' dict.
//!
//! Cache: counter, place, version of the module's keys (low 16 bits of use,
//! the rest must be zero), version of the builtins' keys.
#![allow(unsafe_op_in_unsafe_fn, reason = "reads and writes the inline cache of an instruction")]

use bytecode::Op;
use object::{Dict, Obj, Str, Thread};

use super::choose;
use crate::{frame::Frame, word::Word};

pub(crate) unsafe fn specialize(
    th: Thread<'_>,
    frame: *mut Frame,
    cache: *mut u16,
    name: &Str,
) -> bool {
    let op = pick(th, frame, cache, name);
    choose(cache, op)
}

unsafe fn pick(th: Thread<'_>, frame: *mut Frame, cache: *mut u16, name: &Str) -> Option<Op> {
    let globals = Frame::globals(frame);
    let version = u16::try_from(globals.keys_version(th)).ok().filter(|v| *v != 0)?;
    if let Some(index) = globals.find_name_index(th, name) {
        *cache.add(1) = globals.value_place(index)?;
        *cache.add(2) = version;
        return Some(Op::LOAD_GLOBAL_MODULE);
    }
    let builtins = Frame::builtins(frame).downcast_exact::<Dict>()?;
    let index = builtins.find_name_index(th, name)?;
    let builtin_version = u16::try_from(builtins.keys_version(th)).ok().filter(|v| *v != 0)?;
    *cache.add(1) = builtins.value_place(index)?;
    *cache.add(2) = version;
    *cache.add(3) = builtin_version;
    Some(Op::LOAD_GLOBAL_BUILTIN)
}

#[inline(always)]
unsafe fn value(dict: &Dict, cache: *const u16) -> Option<Word> {
    let value: Obj<'_> = dict.value_at_place(*cache.add(1))?;
    Some(Word::from_raw(value.as_ptr()))
}

/// The global, if the module's keys are still the same.
#[inline(always)]
pub(crate) unsafe fn module_value(frame: *mut Frame, cache: *const u16) -> Option<Word> {
    let globals = Frame::globals(frame);
    if globals.current_keys_version() != u32::from(*cache.add(2)) {
        return None;
    }
    value(globals, cache)
}

/// The builtin, if neither dict has got other keys.
#[inline(always)]
pub(crate) unsafe fn builtin_value(frame: *mut Frame, cache: *const u16) -> Option<Word> {
    let globals = Frame::globals(frame);
    if globals.current_keys_version() != u32::from(*cache.add(2)) {
        return None;
    }
    let builtins = &*(*frame).builtins.cast::<Dict>();
    if builtins.current_keys_version() != u32::from(*cache.add(3)) {
        return None;
    }
    value(builtins, cache)
}
