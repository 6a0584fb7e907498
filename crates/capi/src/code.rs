//! `code.h` and `ceval.h`: what C code keeps in code objects.

use std::ffi::c_void;

use macros::capi;
use object::{Code, Obj, Result, Thread, raise, types::code_extra};

fn code<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a Code> {
    match object.downcast::<Code>() {
        Some(code) => Ok(code),
        None => raise!(th, SystemError, "bad argument to internal function"),
    }
}

#[capi]
fn PyUnstable_Eval_RequestCodeExtraIndex(th: Thread<'_>, free: code_extra::Free) -> isize {
    code_extra::add_user(th, free).map_or(-1, |index| index as isize)
}

#[capi]
unsafe fn PyUnstable_Code_GetExtra(
    th: Thread<'_>,
    object: Obj<'_>,
    index: isize,
    extra: *mut *mut c_void,
) -> Result<()> {
    let code = code(th, object)?;
    let found =
        usize::try_from(index).map_or(std::ptr::null_mut(), |index| code.extras().get(index));
    // SAFETY: C passes a variable.
    unsafe { *extra = found };
    Ok(())
}

#[capi]
fn PyUnstable_Code_SetExtra(
    th: Thread<'_>,
    object: Obj<'_>,
    index: isize,
    extra: *mut c_void,
) -> Result<()> {
    let code = code(th, object)?;
    let known = usize::try_from(index).is_ok_and(|index| code.extras().set(th, index, extra));
    if !known {
        raise!(th, SystemError, "bad argument to internal function");
    }
    Ok(())
}
