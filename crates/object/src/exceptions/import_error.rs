//! `ImportError`: module name, path, and the name that a `from` import wanted.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, IntoObject, Link, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, Type,
    declare::TypeBuilder, id, own,
};

use super::base::{BaseException, extends, keywords};
use super::plain;

/// Import can't find module, or can't find name in module.
#[pytype(name = "ImportError", c_name = "_PyExc_ImportError", base = plain::Exception, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyImportErrorObject)]
pub struct ImportError {
    base: BaseException,
    msg: Link,
    name: Link,
    path: Link,
    name_from: Link,
}

extends!(ImportError);

#[pymethods]
impl ImportError {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        self.set_args(own(args));
        let names = ["name", "path", "name_from"];
        let [name, path, name_from] = keywords(th, "ImportError", kwargs, names)?;
        self.name.set(name);
        self.path.set(path);
        self.name_from.set(name_from);
        self.msg.set(self.single_arg());
        Ok(())
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        match self.msg.get() {
            Some(msg) if msg.obj().is_exact::<Str>() => msg.str(th),
            _ => self.plain_str(th),
        }
    }

    /// Support for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let (ty, args) = (self.obj().ty().obj().own(), self.args(th)?);
        let own_fields = [
            (id!(th, "name"), &self.name),
            (id!(th, "path"), &self.path),
            (id!(th, "name_from"), &self.name_from),
        ];
        if own_fields.iter().all(|(_, field)| field.is_null()) {
            return match self.dict_opt() {
                Some(dict) => (ty, args, dict).into_object(th),
                None => (ty, args).into_object(th),
            };
        }
        let state = self.copy_dict(th)?;
        for (name, field) in own_fields {
            if let Some(value) = field.get() {
                state.set(th, name.obj(), value.obj())?;
            }
        }
        (ty, args, state).into_object(th)
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let kind = abi::_Py_T_OBJECT;
        let mut member = |name, offset, doc| builder.member(name, kind, offset, 0, Some(doc));
        member(c"msg", offset_of!(ImportError, msg), c"exception message");
        member(c"name", offset_of!(ImportError, name), c"module name");
        member(c"path", offset_of!(ImportError, path), c"module path");
        member(c"name_from", offset_of!(ImportError, name_from), c"name imported from module");
    }
}

/// Raise `ty` (`ImportError` or a subclass) with a message, module name and path.
#[cold]
pub fn set_import_error(
    th: Thread<'_>,
    ty: &Type,
    message: Obj<'_>,
    name: Option<Obj<'_>>,
    path: Option<Obj<'_>>,
    name_from: Option<Obj<'_>>,
) -> Raised {
    let exception = match super::instantiate(th, ty, &[message]) {
        Ok(exception) => exception,
        Err(raised) => return raised,
    };
    if let Some(error) = exception.obj().downcast::<ImportError>() {
        error.name.set(name.map(Obj::own));
        error.path.set(path.map(Obj::own));
        error.name_from.set(name_from.map(Obj::own));
    }
    super::raise_instance(th, exception)
}
