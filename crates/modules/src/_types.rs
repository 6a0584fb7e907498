//! `_types`: names for the interpreter's own types.

use macros::pymodule;
use object::{
    AsObject, Code, Function, Module, PyStruct, Result, Thread,
    types::{
        self,
        builtin_function::BuiltinFunction,
        capsule::Capsule,
        cell::CellObject,
        descr::{
            ClassMethodDescriptor, GetSetDescriptor, MemberDescriptor, MethodDescriptor,
            MethodWrapper, SlotWrapper,
        },
        generic_alias::GenericAlias,
        mappingproxy::MappingProxy,
        method::Method,
        namespace::SimpleNamespace,
        union::Union,
    },
};

/// Define names for built-in types.
#[pymodule(name = "_types")]
pub mod module {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let named = [
            ("AsyncGeneratorType", vm::generator::AsyncGenerator::type_object()),
            ("BuiltinFunctionType", BuiltinFunction::type_object()),
            ("BuiltinMethodType", BuiltinFunction::type_object()),
            ("CapsuleType", Capsule::type_object()),
            ("CellType", CellObject::type_object()),
            ("ClassMethodDescriptorType", ClassMethodDescriptor::type_object()),
            ("CodeType", Code::type_object()),
            ("CoroutineType", vm::generator::Coroutine::type_object()),
            ("EllipsisType", types::ellipsis().ty()),
            ("FrameType", vm::frame_object::FrameObject::type_object()),
            ("FunctionType", Function::type_object()),
            ("GeneratorType", vm::generator::Generator::type_object()),
            ("GenericAlias", GenericAlias::type_object()),
            ("GetSetDescriptorType", GetSetDescriptor::type_object()),
            ("LambdaType", Function::type_object()),
            ("MappingProxyType", MappingProxy::type_object()),
            ("MemberDescriptorType", MemberDescriptor::type_object()),
            ("MethodDescriptorType", MethodDescriptor::type_object()),
            ("MethodType", Method::type_object()),
            ("MethodWrapperType", MethodWrapper::type_object()),
            ("ModuleType", Module::type_object()),
            ("NoneType", types::none().ty()),
            ("NotImplementedType", types::not_implemented().ty()),
            ("SimpleNamespace", SimpleNamespace::type_object()),
            ("TracebackType", vm::traceback::Traceback::type_object()),
            ("UnionType", Union::type_object()),
            ("WrapperDescriptorType", SlotWrapper::type_object()),
        ];
        for (name, ty) in named {
            module.set(th, name, ty.obj())?;
        }
        Ok(())
    }
}
