//! The builtin types, one file or folder each.
//!
//! [`builtin_types`] lists every type that exists from start-up on; a type of
//! a native module is made ready when its module is.

pub mod bool_;
pub mod builtin_function;
pub mod bytearray;
pub mod bytes;
pub mod capsule;
pub mod cell;
pub mod classmethod;
pub mod code;
pub mod code_extra;
mod code_parts;
pub mod complex;
pub mod descr;
pub mod dict;
pub mod enumerate;
pub mod filter;
pub mod float;
pub mod function;
pub mod generic_alias;
pub mod int;
pub mod iter;
pub mod list;
pub mod map;
pub mod mappingproxy;
pub mod memoryview;
pub mod method;
pub mod module;
pub mod module_def;
pub mod module_origin;
pub mod namespace;
pub mod object_;
pub mod property;
pub mod range;
pub mod repr_guard;
pub mod reversed;
pub mod set;
pub mod singletons;
pub mod slice;
pub mod staticmethod;
pub mod str;
pub mod structseq;
pub mod super_;
pub mod template;
pub mod tuple;
pub mod type_;
pub mod typing;
pub mod union;
pub mod weakref;
pub mod zip;

pub use self::{
    bool_::{Bool, bool_},
    bytearray::ByteArray,
    bytes::Bytes,
    code::Code,
    complex::Complex,
    dict::Dict,
    float::Float,
    function::Function,
    int::Int,
    list::List,
    memoryview::MemoryView,
    module::Module,
    object_::{BaseObject, object_type},
    range::Range,
    set::{FrozenSet, Set},
    singletons::{ellipsis, none, not_implemented},
    slice::Slice,
    str::{Str, StrBuilder, str_eq},
    tuple::{Tuple, TupleBuilder, empty_tuple},
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
    str::StrAsciiIterator,
    str::StrIterator,
    Bytes,
    bytes::BytesIterator,
    bytearray::ByteArray,
    bytes::iter::ByteArrayIterator,
    memoryview::ManagedBuffer,
    memoryview::MemoryView,
    memoryview::MemoryIterator,
    memoryview::BufferWrapper,
    Tuple,
    List,
    Dict,
    dict::KeyIterator,
    dict::ValueIterator,
    dict::ItemIterator,
    dict::ReverseKeyIterator,
    dict::ReverseValueIterator,
    dict::ReverseItemIterator,
    dict::KeysView,
    dict::ValuesView,
    dict::ItemsView,
    Set,
    FrozenSet,
    set::SetIterator,
    Module,
    Function,
    Code,
    Slice,
    Range,
    range::RangeIterator,
    range::LongRangeIterator,
    iter::SequenceIterator,
    iter::CallableIterator,
    iter::list::ListIterator,
    iter::list::ListReverseIterator,
    iter::tuple::TupleIterator,
    enumerate::Enumerate,
    zip::Zip,
    template::Interpolation,
    template::Template,
    template::TemplateIter,
    map::Map,
    filter::Filter,
    reversed::Reversed,
    staticmethod::StaticMethod,
    classmethod::ClassMethod,
    property::Property,
    super_::Super,
    mappingproxy::MappingProxy,
    namespace::SimpleNamespace,
    generic_alias::GenericAlias,
    generic_alias::GenericAliasIterator,
    union::Union,
    weakref::WeakRef,
    weakref::Proxy,
    weakref::CallableProxy,
    capsule::Capsule,
    typing::NoDefaultType,
    typing::ConstEvaluator,
    typing::TypeVar,
    typing::ParamSpec,
    typing::ParamSpecArgs,
    typing::ParamSpecKwargs,
    typing::TypeVarTuple,
    typing::TypeAliasType,
    typing::Generic,
    descr::MethodDescriptor,
    descr::ClassMethodDescriptor,
    descr::SlotWrapper,
    descr::MethodWrapper,
    descr::GetSetDescriptor,
    descr::MemberDescriptor,
    builtin_function::BuiltinFunction,
    builtin_function::BuiltinMethod,
    module_def::ModuleDef,
    cell::CellObject,
    method::Method,
];

/// The types that module `builtins` exports.
pub fn builtin_namespace() -> Vec<&'static Type> {
    const NAMES: &[&str] = &[
        "bool",
        "bytearray",
        "bytes",
        "classmethod",
        "complex",
        "dict",
        "enumerate",
        "filter",
        "float",
        "frozenset",
        "int",
        "list",
        "map",
        "memoryview",
        "object",
        "property",
        "range",
        "reversed",
        "set",
        "slice",
        "staticmethod",
        "str",
        "super",
        "tuple",
        "type",
        "zip",
    ];
    let types = builtin_types().into_iter().map(|decl| (decl.ty)());
    types.filter(|ty| NAMES.contains(&ty.full_name())).collect()
}
