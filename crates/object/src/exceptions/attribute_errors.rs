//! `AttributeError` and `NameError`, which know the name that was looked for.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, IntoObject, Link, Obj, Ref, Result, Thread, Tuple, declare::TypeBuilder, id,
    own,
};

use super::base::{BaseException, extends, keywords};
use super::plain;

/// Attribute not found.
#[pytype(name = "AttributeError", c_name = "_PyExc_AttributeError", base = plain::Exception, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyAttributeErrorObject)]
pub struct AttributeError {
    base: BaseException,
    object: Link,
    name: Link,
}

/// Name not found globally.
#[pytype(name = "NameError", c_name = "_PyExc_NameError", base = plain::Exception, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyNameErrorObject)]
pub struct NameError {
    base: BaseException,
    name: Link,
}

extends!(AttributeError, NameError);

impl AttributeError {
    /// Remember what was looked for, unless that is known already.
    pub fn set_origin(&self, object: Obj<'_>, name: Obj<'_>) {
        if self.object.is_null() && self.name.is_null() {
            self.object.set(Some(object.own()));
            self.name.set(Some(name.own()));
        }
    }

    fn state(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let dict = self.copy_dict(th)?;
        if let Some(name) = self.name.get() {
            dict.set(th, id!(th, "name").obj(), name.obj())?;
        }
        let args = self.args(th)?;
        dict.set(th, id!(th, "args").obj(), args.obj())?;
        Ok(dict)
    }
}

#[pymethods]
impl AttributeError {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        self.set_args(own(args));
        let [name, object] = keywords(th, "AttributeError", kwargs, ["name", "obj"])?;
        self.name.set(name);
        self.object.set(object);
        Ok(())
    }

    /// Support for pickling.
    #[sig = "($self, /)"]
    fn __getstate__(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        self.state(th)
    }

    /// Support for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let state = self.state(th)?;
        (self.obj().ty().obj().own(), self.args(th)?, state).into_object(th)
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let kind = abi::_Py_T_OBJECT;
        let offset = offset_of!(AttributeError, name);
        builder.member(c"name", kind, offset, 0, Some(c"attribute name"));
        builder.member(c"obj", kind, offset_of!(AttributeError, object), 0, Some(c"object"));
    }
}

impl NameError {
    /// Remember the name, unless it is known already.
    pub fn set_name(&self, name: Obj<'_>) {
        if self.name.is_null() {
            self.name.set(Some(name.own()));
        }
    }
}

#[pymethods]
impl NameError {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        self.set_args(own(args));
        let [name] = keywords(th, "NameError", kwargs, ["name"])?;
        self.name.set(name);
        Ok(())
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let offset = offset_of!(NameError, name);
        builder.member(c"name", abi::_Py_T_OBJECT, offset, 0, Some(c"name"));
    }
}
