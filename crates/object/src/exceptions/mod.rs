//! The exception hierarchy, and how exceptions are made and set.

pub mod types;

use crate::{Obj, Raised, Ref, Thread, Type};

/// Set an instance of `ty` with a message.
#[cold]
pub fn raise_message(th: Thread<'_>, ty: &Type, message: &str) -> Raised {
    let _ = (th, ty, message);
    Raised
}

/// Set `ty(*args)`.
#[cold]
pub fn raise_call(th: Thread<'_>, ty: &Type, args: &[Obj<'_>]) -> Raised {
    let _ = (th, ty, args);
    Raised
}

/// Set `exception`, chained to the handled one.
#[cold]
pub fn raise_instance(th: Thread<'_>, exception: Ref) -> Raised {
    drop(th.swap_exception(Some(exception)));
    Raised
}
