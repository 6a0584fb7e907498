//! Python objects, safely.
//!
//! `abi` says where an object's bytes are; this crate gives those bytes
//! meaning. An [`Obj`] is a borrowed reference, a [`Ref`] an owned one, and
//! only [`reference`] and [`gc`] touch a reference count. Builtin types are in
//! [`types`], the operations on any object in [`protocol`].

extern crate self as object;

pub mod alloc;
pub mod alloc_object;
pub mod args;
mod copy;
pub mod declare;
pub mod error;
pub mod exceptions;
pub mod flags;
pub mod gc;
pub mod gil;
pub mod hooks;
pub mod ids;
pub mod protocol;
pub mod reference;
pub mod shape;
pub mod slots;
pub mod small_int;
pub mod thread;
pub mod types;
pub mod watch;

pub use args::{Args, FromArg, IntoObject, IntoReturn, Kwargs};
pub use error::{PyResult, Raised, Result};
pub use protocol::{CompareOp, Protocol};
pub use reference::{AsObject, Head, Link, Obj, Object, PyStruct, Ref, Traverse, VarHead, own};
pub use thread::{Flags, Interpreter, Thread, ThreadState};
pub use types::{
    Bytes, Code, Dict, Float, Function, Int, List, Module, Str, StrBuilder, Tuple, Type,
};
