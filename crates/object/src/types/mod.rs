//! The builtin types, one file or folder each.
//!
//! [`builtin_types`] lists every type that exists from start-up on; a type of
//! a native module is made ready when its module is.

pub mod bool_;
pub mod union;
pub mod structseq;
pub mod super_;
pub mod staticmethod;
pub mod memoryview;
pub mod mappingproxy;
pub mod generic_alias;
pub mod descr;
pub mod classmethod;
pub mod builtin_function;
pub mod bytes;
pub mod code;
pub mod complex;
pub mod dict;
pub mod float;
pub mod function;
pub mod int;
pub mod iter;
pub mod list;
pub mod module;
pub mod object_;
pub mod singletons;
pub mod str;
pub mod tuple;
pub mod type_;
pub mod weakref;

pub use self::{
    bool_::{Bool, bool_},
    bytes::Bytes,
    code::Code,
    complex::Complex,
    dict::Dict,
    float::Float,
    function::Function,
    int::Int,
    list::List,
    module::Module,
    object_::{BaseObject, object_type},
    singletons::{ellipsis, none, not_implemented},
    str::{Str, StrBuilder, str_eq},
    tuple::Tuple,
    type_::Type,
};

use crate::declare::{Declared, TypeDecl};

macro_rules! builtin_types {
    ($($ty:ty),* $(,)?) => {
        /// Every builtin type, bases before subtypes.
        pub fn builtin_types() -> Vec<&'static TypeDecl> {
            vec![$(<$ty as Declared>::DECL),*]
        }
    };
}

builtin_types![
    BaseObject,
    Type,
    singletons::NoneType,
    singletons::NotImplementedType,
    singletons::EllipsisType,
    Int,
    Bool,
    Float,
    Complex,
    Str,
    Bytes,
    Tuple,
    List,
    Dict,
    Module,
    Function,
    Code,
    iter::SequenceIterator,
    descr::MethodDescriptor,
    descr::ClassMethodDescriptor,
    descr::SlotWrapper,
    descr::MethodWrapper,
    descr::GetSetDescriptor,
    descr::MemberDescriptor,
    builtin_function::BuiltinFunction,
    code::CellObject,
];
