//! `typing.Generic`.

use macros::{pymethods, pytype};

use crate::{
    Args, AsObject, Head, Kwargs, Obj, Protocol, Result, Thread, Tuple, Type, id,
    protocol::call::call_tuple,
};

/// Abstract base class for generic types.
///
/// On Python 3.12 and newer, generic classes implicitly inherit from Generic
/// when they declare a parameter list after the class's name.
#[pytype(name = "typing.Generic", flags = BASETYPE)]
pub struct Generic {
    head: Head,
}

/// `typing.name(cls, *args, **kwargs)`.
fn call_with_class(
    th: Thread<'_>,
    function: Obj<'_>,
    cls: &Type,
    args: Args<'_>,
    kwargs: Kwargs<'_>,
) -> Result {
    let mut all = vec![cls.obj().own()];
    all.extend(args.iter().map(|arg| arg.own()));
    let args = Tuple::from_refs(th, all)?;
    call_tuple(th, function, &args, Some(&*kwargs.to_dict(th)?))
}

#[pymethods]
impl Generic {
    #[declare]
    fn instances(builder: &mut crate::declare::TypeBuilder<'_>) {
        builder.ty().tp_new = crate::types::object_type().slots().tp_new;
    }

    /// Parameterizes a generic class.
    #[classmethod]
    #[no_signature]
    #[sig = "($type, /, *args, **kwargs)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        let typing = (th.hooks().import_module)(th, id!(th, "typing"))?;
        let function = typing.getattr(th, id!(th, "_generic_class_getitem"))?;
        call_with_class(th, function.obj(), cls, args, kwargs)
    }

    /// Function to initialize subclasses.
    #[classmethod]
    #[no_signature]
    #[sig = "($type, /, *args, **kwargs)"]
    fn __init_subclass__(th: Thread<'_>, cls: &Type, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        let typing = (th.hooks().import_module)(th, id!(th, "typing"))?;
        let function = typing.getattr(th, id!(th, "_generic_init_subclass"))?;
        call_with_class(th, function.obj(), cls, args, kwargs)
    }
}
