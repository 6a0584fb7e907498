//! Descriptors of builtin types: methods, slot wrappers, getters, members.
//!
//! They live in a type's dict and bind to instances. Methods and slot wrappers
//! are also callable unbound, with the instance first.

use std::{
    cell::Cell,
    ffi::{CStr, c_void},
    mem::offset_of,
};

use macros::{pymethods, pytype};

use abi::{PyMemberDef, PyMethodDef, PyObject};

use crate::{
    AsObject, Dict, Float, Head, Int, Link, Obj, Protocol, Ref, Result, Str, Thread, Traverse,
    Tuple, Type, alloc_object, declare, error, exceptions, id, raise,
    slots::{Row, Wrap},
    types,
};

use super::{
    builtin_function::{self, BuiltinFunction},
    type_::wrappers,
};

/// The fields that all descriptors share: `PyDescrObject` after its header.
pub struct Common {
    pub owner: Ref<Type>,
    pub name: Ref<Str>,
    pub qualname: Link<Str>,
}

impl Traverse for Common {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        visit(self.owner.obj());
    }
}

impl Common {
    fn new(th: Thread<'_>, owner: &Type, name: &CStr) -> Result<Common> {
        let name = Str::intern(th, name.to_str().unwrap_or_default())?;
        Ok(Common { owner: crate::own(owner), name, qualname: Link::null() })
    }

    fn qualname(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if let Some(name) = self.qualname.get() {
            return Ok(name);
        }
        let owner = types::type_::attrs::qualname(th, &self.owner)?;
        let name = Str::from_fmt(th, format_args!("{owner}.{}", &*self.name))?;
        self.qualname.set(Some(name.clone()));
        Ok(name)
    }

    fn repr(&self, th: Thread<'_>, kind: &str) -> Result<Ref<Str>> {
        Str::from_fmt(
            th,
            format_args!("<{kind} '{}' of '{}' objects>", &*self.name, self.owner.full_name()),
        )
    }

    /// Check that the descriptor may be used on `object`.
    fn check(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        if object.ty().is_subtype(&self.owner) {
            return Ok(());
        }
        raise!(
            th,
            TypeError,
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            &*self.name,
            self.owner.full_name(),
            object.ty().full_name()
        )
    }

    fn reduce(&self, th: Thread<'_>) -> Result<Ref> {
        let builtins = (th.hooks().import_module)(th, id!(th, "builtins"))?;
        let getattr = builtins.getattr(th, id!(th, "getattr"))?;
        let args = Tuple::from_objs(th, &[self.owner.obj(), self.name.obj()])?;
        Tuple::from_objs(th, &[getattr.obj(), args.obj()]).map(Ref::upcast)
    }
}

/// The signature part of an `ml_doc`, and the text behind it.
fn split_doc(doc: &str) -> (Option<&str>, &str) {
    let Some((head, tail)) = doc.split_once("\n--\n\n") else { return (None, doc) };
    // It ends the first paragraph.
    if !head.ends_with(')') || head.contains("\n\n") {
        return (None, doc);
    }
    match head.find('(') {
        Some(open) => (Some(&head[open..]), tail),
        None => (None, doc),
    }
}

/// The documentation without the signature line.
pub fn doc_after_signature(doc: &str) -> &str {
    split_doc(doc).1
}

fn c_text<'a>(text: *const std::ffi::c_char) -> &'a str {
    if text.is_null() {
        return "";
    }
    // SAFETY: names and docs of declarations live for ever.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default()
}

/// `__doc__` of an `ml_doc`: `None` when empty.
pub fn doc_object(th: Thread<'_>, doc: *const std::ffi::c_char) -> Result<Ref> {
    match split_doc(c_text(doc)).1 {
        "" => Ok(types::none().own()),
        text => Str::new(th, text).map(Ref::upcast),
    }
}

/// `__text_signature__` of a builtin type: what its `tp_doc` says.
pub fn signature_in_doc(th: Thread<'_>, doc: *const std::ffi::c_char) -> Result<Ref> {
    match split_doc(c_text(doc)).0 {
        Some(text) => Str::new(th, text).map(Ref::upcast),
        None => Ok(types::none().own()),
    }
}

/// `__text_signature__` of a function: what its documentation says, else what follows
/// from the way it is called.
pub fn signature_object(th: Thread<'_>, def: &abi::PyMethodDef) -> Result<Ref> {
    const NO_ARGS: i32 = abi::METH_NOARGS;
    const ONE: i32 = abi::METH_O;
    let text = match split_doc(c_text(def.ml_doc)).0 {
        Some(text) => text,
        None => match def.ml_flags & !abi::METH_COEXIST {
            NO_ARGS => "($self, /)",
            ONE => "($self, object, /)",
            flags if flags == NO_ARGS | abi::METH_CLASS => "($type, /)",
            flags if flags == ONE | abi::METH_CLASS => "($type, object, /)",
            flags if flags == NO_ARGS | abi::METH_STATIC => "()",
            flags if flags == ONE | abi::METH_STATIC => "(object, /)",
            _ => return Ok(types::none().own()),
        },
    };
    Str::new(th, text).map(Ref::upcast)
}

/// `__text_signature__` of a class whose docstring begins with a signature.
pub fn signature_of_class(th: Thread<'_>, name: &str, doc: &Str) -> Result<Ref> {
    let doc = doc.to_string();
    let is_own = doc.strip_prefix(name).is_some_and(|rest| rest.starts_with('('));
    match split_doc(&doc).0.filter(|_| is_own) {
        Some(text) => Str::new(th, text).map(Ref::upcast),
        None => Ok(types::none().own()),
    }
}

macro_rules! common_getters {
    ($ty:ident, $kind:literal) => {
        #[pymethods(part = common)]
        impl $ty {
            fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
                self.common.repr(th, $kind)
            }

            #[declare]
            fn members(b: &mut declare::TypeBuilder<'_>) {
                let owner = offset_of!($ty, common) + offset_of!(Common, owner);
                let name = offset_of!($ty, common) + offset_of!(Common, name);
                b.member(c"__objclass__", abi::_Py_T_OBJECT, owner, abi::Py_READONLY, None);
                b.member(c"__name__", abi::_Py_T_OBJECT, name, abi::Py_READONLY, None);
            }

            #[getter]
            fn __qualname__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
                self.common.qualname(th)
            }
        }
    };
}

macro_rules! common_reduce {
    ($($ty:ident)*) => { $(
        #[pymethods(part = pickling)]
        impl $ty {
            #[sig = "($self, /)"]
            fn __reduce__(&self, th: Thread<'_>) -> Result {
                self.common.reduce(th)
            }
        }
    )* };
}

/// A method of a builtin type.
#[pytype(name = "method_descriptor", c_name = "PyMethodDescr_Type", flags = METHOD_DESCRIPTOR | HAVE_VECTORCALL, layout = abi::PyMethodDescrObject, vectorcall = vectorcall, traverse = manual)]
pub struct MethodDescriptor {
    head: Head,
    common: Common,
    def: &'static PyMethodDef,
    vectorcall: Cell<Option<abi::vectorcallfunc>>,
}

/// A class method of a builtin type.
#[pytype(name = "classmethod_descriptor", c_name = "PyClassMethodDescr_Type", flags = 0, layout = abi::PyMethodDescrObject, traverse = manual)]
pub struct ClassMethodDescriptor {
    head: Head,
    common: Common,
    def: &'static PyMethodDef,
    vectorcall: Cell<Option<abi::vectorcallfunc>>,
}

/// A slot of a builtin type under its dunder name.
#[pytype(name = "wrapper_descriptor", c_name = "PyWrapperDescr_Type", flags = METHOD_DESCRIPTOR, layout = abi::PyWrapperDescrObject, traverse = manual)]
pub struct SlotWrapper {
    head: Head,
    common: Common,
    /// C code may let it point to a copy.
    base: Cell<*const abi::wrapperbase>,
    function: usize,
}

/// A computed attribute of a builtin type.
#[pytype(name = "getset_descriptor", c_name = "PyGetSetDescr_Type", layout = abi::PyGetSetDescrObject, traverse = manual)]
pub struct GetSetDescriptor {
    head: Head,
    common: Common,
    def: &'static abi::PyGetSetDef,
}

/// An attribute that is stored at an offset in its object.
#[pytype(name = "member_descriptor", c_name = "PyMemberDescr_Type", layout = abi::PyMemberDescrObject, traverse = manual)]
pub struct MemberDescriptor {
    head: Head,
    common: Common,
    def: &'static PyMemberDef,
}

macro_rules! traverse_common {
    ($($ty:ident)*) => { $(
        impl Traverse for $ty {
            const GC: bool = true;
            fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
                self.common.traverse(visit);
            }
        }
    )* };
}

traverse_common!(MethodDescriptor ClassMethodDescriptor SlotWrapper GetSetDescriptor MemberDescriptor);

common_getters!(MethodDescriptor, "method");
common_getters!(ClassMethodDescriptor, "method");
common_getters!(SlotWrapper, "slot wrapper");
common_getters!(GetSetDescriptor, "attribute");
common_getters!(MemberDescriptor, "member");

common_reduce!(MethodDescriptor SlotWrapper MemberDescriptor);

unsafe extern "C" fn method_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the callable is a method descriptor.
    let this = unsafe { th.argument(callable).cast::<MethodDescriptor>() };
    let nargs = nargsf & !(1 << 63);
    // SAFETY: `kwnames` is null or a tuple.
    let names = unsafe { declare::keyword_names(kwnames) };
    // SAFETY: the vectorcall protocol.
    let all = unsafe { crate::reference::objects(args, nargs + names.len()) };
    // SAFETY: null or a tuple that outlives the call.
    let kwnames = unsafe { Obj::from_raw(kwnames).map(|names| names.cast::<Tuple>()) };
    let result = this.call_unbound(th, all, nargs, kwnames);
    result.map_or(std::ptr::null_mut(), Ref::into_raw)
}

impl MethodDescriptor {
    /// The definition.
    pub fn def(&self) -> &'static PyMethodDef {
        self.def
    }

    /// The type whose instances it applies to.
    pub fn owner(&self) -> &Type {
        &self.common.owner
    }

    fn call_unbound(
        &self,
        th: Thread<'_>,
        all: &[Obj<'_>],
        nargs: usize,
        kwnames: Option<&Tuple>,
    ) -> Result<Ref> {
        let Some((this, rest)) = all.split_first().filter(|_| nargs > 0) else {
            raise!(
                th,
                TypeError,
                "unbound method {}() needs an argument",
                &*self.common.qualname(th)?
            );
        };
        if !std::ptr::eq(this.ty(), &*self.common.owner) {
            self.common.check(th, *this)?;
        }
        let class = Some(&*self.common.owner);
        builtin_function::call_def(th, self.def, *this, class, rest, nargs - 1, kwnames, || {
            self.common.qualname(th).map(|name| name.to_string()).unwrap_or_default()
        })
    }
}

#[pymethods(parts(common, pickling))]
impl MethodDescriptor {
    fn __get__(&self, th: Thread<'_>, object: Option<Obj<'_>>, owner: Option<Obj<'_>>) -> Result {
        let Some(object) = object else { return Ok(self.obj().own()) };
        self.common.check(th, object)?;
        if let Some(owner) = owner.filter(|owner| !owner.is_none())
            && owner.downcast::<Type>().is_none()
        {
            raise!(
                th,
                TypeError,
                "descriptor '{}' needs a type, not '{}', as arg 2",
                &*self.common.name,
                owner.type_name()
            );
        }
        builtin_function::new_method(th, self.def, Some(object), None, &self.common.owner)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        crate::protocol::call::call_dict(th, self.obj(), args.items(), kwargs)
    }

    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result {
        doc_object(th, self.def.ml_doc)
    }

    #[getter]
    fn __text_signature__(&self, th: Thread<'_>) -> Result {
        signature_object(th, self.def)
    }
}

#[pymethods(parts(common))]
impl ClassMethodDescriptor {
    fn __get__(&self, th: Thread<'_>, object: Option<Obj<'_>>, owner: Option<Obj<'_>>) -> Result {
        let class = match (owner, object) {
            (Some(owner), _) if !owner.is_none() => owner,
            (_, Some(object)) => object.ty().obj(),
            _ => raise!(
                th,
                TypeError,
                "descriptor '{}' for type '{}' needs either an object or a type",
                &*self.common.name,
                self.common.owner.full_name()
            ),
        };
        let Some(class_type) = class.downcast::<Type>() else {
            raise!(
                th,
                TypeError,
                "descriptor '{}' for type '{}' needs a type, not a '{}' as arg 2",
                &*self.common.name,
                self.common.owner.full_name(),
                class.type_name()
            );
        };
        if !class_type.is_subtype(&self.common.owner) {
            raise!(
                th,
                TypeError,
                "descriptor '{}' requires a subtype of '{}' but received '{}'",
                &*self.common.name,
                self.common.owner.full_name(),
                class_type.full_name()
            );
        }
        builtin_function::new_method(th, self.def, Some(class), None, &self.common.owner)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let Some((class, rest)) = args.items().split_first() else {
            raise!(
                th,
                TypeError,
                "descriptor '{}' of '{}' object needs an argument",
                &*self.common.name,
                self.common.owner.full_name()
            );
        };
        let bound = self.__get__(th, None, Some(*class))?;
        crate::protocol::call::call_dict(th, bound.obj(), rest, kwargs)
    }

    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result {
        doc_object(th, self.def.ml_doc)
    }

    #[getter]
    fn __text_signature__(&self, th: Thread<'_>) -> Result {
        signature_object(th, self.def)
    }
}

impl SlotWrapper {
    /// The row of the slot table.
    pub fn row(&self) -> &'static Row {
        // SAFETY: what was put there, or a copy of it.
        unsafe { crate::slots::row_of(self.base.get()) }
    }

    fn doc(&self, th: Thread<'_>) -> Result {
        // SAFETY: as above; its texts live for ever.
        doc_object(th, unsafe { (*self.base.get()).doc })
    }

    /// The address of the slot function.
    pub fn function(&self) -> usize {
        self.function
    }

    /// The type whose slot it is.
    pub fn owner(&self) -> &Type {
        &self.common.owner
    }

    /// Call the slot on `this`.
    pub fn call_on(
        &self,
        th: Thread<'_>,
        this: Obj<'_>,
        args: &[Obj<'_>],
        kwargs: Option<&Dict>,
    ) -> Result {
        wrappers::call(th, self.row(), self.function, this, args, kwargs)
    }

    fn text_signature(&self) -> &'static str {
        match self.row().wrap {
            Wrap::Call | Wrap::Init => "($self, /, *args, **kwargs)",
            Wrap::TernaryLeft | Wrap::TernaryRight => "($self, value, mod=None, /)",
            Wrap::SetItem | Wrap::SequenceSetItem => "($self, key, value, /)",
            Wrap::SetAttr => "($self, name, value, /)",
            Wrap::GetAttribute | Wrap::DelAttr => "($self, name, /)",
            Wrap::DescrGet => "($self, instance, owner=None, /)",
            Wrap::DescrSet => "($self, instance, value, /)",
            Wrap::DescrDelete => "($self, instance, /)",
            Wrap::DelItem | Wrap::SequenceDelItem | Wrap::SequenceItem | Wrap::Contains => {
                "($self, key, /)"
            }
            Wrap::GetBuffer => "($self, flags, /)",
            Wrap::ReleaseBuffer => "($self, buffer, /)",
            Wrap::Binary if self.row().dunder == "__getitem__" => "($self, key, /)",
            Wrap::Binary
            | Wrap::BinaryLeft
            | Wrap::BinaryRight
            | Wrap::Ternary
            | Wrap::IndexArg
            | Wrap::Compare(_) => "($self, value, /)",
            _ => "($self, /)",
        }
    }
}

#[pymethods(parts(common, pickling))]
impl SlotWrapper {
    fn __get__(&self, th: Thread<'_>, object: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        let Some(object) = object else { return Ok(self.obj().own()) };
        self.common.check(th, object)?;
        let wrapper = MethodWrapper {
            head: Head::new(),
            descriptor: crate::own(self),
            this: Link::new(object.own()),
        };
        alloc_object::new(th, wrapper).map(Ref::upcast)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let Some((this, rest)) = args.items().split_first() else {
            raise!(
                th,
                TypeError,
                "descriptor '{}' of '{}' object needs an argument",
                &*self.common.name,
                self.common.owner.full_name()
            );
        };
        if !this.ty().is_subtype(&self.common.owner) {
            raise!(
                th,
                TypeError,
                "descriptor '{}' requires a '{}' object but received a '{}'",
                &*self.common.name,
                self.common.owner.full_name(),
                this.ty().full_name()
            );
        }
        self.call_on(th, *this, rest, kwargs)
    }

    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result {
        self.doc(th)
    }

    #[getter]
    fn __text_signature__(&self, _: Thread<'_>) -> &'static str {
        self.text_signature()
    }
}

/// A slot wrapper bound to an object.
#[pytype(name = "method-wrapper", c_name = "_PyMethodWrapper_Type")]
pub struct MethodWrapper {
    head: Head,
    descriptor: Ref<SlotWrapper>,
    this: Link,
}

#[pymethods]
impl MethodWrapper {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let this = self.__self__(th)?;
        Str::from_fmt(
            th,
            format_args!(
                "<method-wrapper '{}' of {} object at {:p}>",
                self.descriptor.row().dunder,
                this.obj().ty().full_name(),
                this.as_ptr()
            ),
        )
    }

    fn __hash__(&self, _: Thread<'_>) -> isize {
        (self.this.as_ptr() as usize).rotate_right(4) as isize ^ self.descriptor.function as isize
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: crate::CompareOp) -> Result {
        let Some(other) = other.downcast_exact::<MethodWrapper>() else {
            return Ok(types::singletons::not_implemented_ref());
        };
        let equal = self.descriptor.obj().is(other.descriptor.obj())
            && self.this.as_ptr() == other.this.as_ptr();
        match op {
            crate::CompareOp::Eq => Ok(types::bool_(equal).own()),
            crate::CompareOp::Ne => Ok(types::bool_(!equal).own()),
            _ => Ok(types::singletons::not_implemented_ref()),
        }
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let this = self.__self__(th)?;
        self.descriptor.call_on(th, this.obj(), args.items(), kwargs)
    }

    #[getter]
    fn __self__(&self, th: Thread<'_>) -> Result {
        self.this.get().ok_or_else(|| error!(th, ReferenceError, "the object is gone"))
    }

    #[getter]
    fn __name__(&self, _: Thread<'_>) -> Ref<Str> {
        self.descriptor.common.name.clone()
    }

    #[getter]
    fn __objclass__(&self, _: Thread<'_>) -> Ref<Type> {
        self.descriptor.common.owner.clone()
    }

    #[getter]
    fn __qualname__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.descriptor.common.qualname(th)
    }

    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result {
        self.descriptor.doc(th)
    }

    #[getter]
    fn __text_signature__(&self, _: Thread<'_>) -> &'static str {
        self.descriptor.text_signature()
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        let builtins = (th.hooks().import_module)(th, id!(th, "builtins"))?;
        let getattr = builtins.getattr(th, id!(th, "getattr"))?;
        let this = self.__self__(th)?;
        let args = Tuple::from_objs(th, &[this.obj(), self.descriptor.common.name.obj()])?;
        Tuple::from_objs(th, &[getattr.obj(), args.obj()]).map(Ref::upcast)
    }
}

#[pymethods(parts(common))]
impl GetSetDescriptor {
    fn __get__(&self, th: Thread<'_>, object: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        let Some(object) = object else { return Ok(self.obj().own()) };
        self.common.check(th, object)?;
        let Some(get) = self.def.get else {
            raise!(
                th,
                AttributeError,
                "attribute '{}' of '{}' objects is not readable",
                &*self.common.name,
                self.common.owner.full_name()
            );
        };
        // SAFETY: the getter of the object's type.
        let value = unsafe { get(object.as_ptr(), self.def.closure) };
        // SAFETY: a new reference or null.
        unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
    }

    fn tp_descr_set(&self, th: Thread<'_>, object: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.common.check(th, object)?;
        let Some(set) = self.def.set else {
            raise!(
                th,
                AttributeError,
                "attribute '{}' of '{}' objects is not writable",
                &*self.common.name,
                self.common.owner.full_name()
            );
        };
        let value = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
        // SAFETY: the setter of the object's type.
        let status = unsafe { set(object.as_ptr(), value, self.def.closure) };
        if status < 0 { Err(error::Raised) } else { Ok(()) }
    }

    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result {
        doc_object(th, self.def.doc)
    }
}

impl MemberDescriptor {
    /// The definition.
    pub fn def(&self) -> &'static PyMemberDef {
        self.def
    }

    /// The type whose instances have the member.
    pub fn owner(&self) -> &Type {
        &self.common.owner
    }
}

#[pymethods(parts(common, pickling))]
impl MemberDescriptor {
    fn __get__(&self, th: Thread<'_>, object: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        let Some(object) = object else { return Ok(self.obj().own()) };
        self.common.check(th, object)?;
        get_member(th, object, self.def)
    }

    fn tp_descr_set(&self, th: Thread<'_>, object: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.common.check(th, object)?;
        set_member(th, object, self.def, value)
    }

    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result {
        doc_object(th, self.def.doc)
    }
}

/// Read a member, as `PyMember_GetOne`.
pub fn get_member(th: Thread<'_>, object: Obj<'_>, def: &PyMemberDef) -> Result<Ref> {
    // SAFETY: the definition belongs to the object's type.
    let at = unsafe { object.as_ptr().cast::<u8>().offset(def.offset) };
    macro_rules! read {
        ($ty:ty) => {
            // SAFETY: the definition says what is there.
            unsafe { at.cast::<$ty>().read_unaligned() }
        };
    }
    Ok(match def.r#type {
        abi::Py_T_SHORT => Int::from_i64(th, i64::from(read!(i16)))?,
        abi::Py_T_INT => Int::from_i64(th, i64::from(read!(i32)))?,
        abi::Py_T_LONG | abi::Py_T_LONGLONG | abi::Py_T_PYSSIZET => Int::from_i64(th, read!(i64))?,
        abi::Py_T_BYTE => Int::from_i64(th, i64::from(read!(i8)))?,
        abi::Py_T_UBYTE => Int::from_i64(th, i64::from(read!(u8)))?,
        abi::Py_T_USHORT => Int::from_i64(th, i64::from(read!(u16)))?,
        abi::Py_T_UINT => Int::from_i64(th, i64::from(read!(u32)))?,
        abi::Py_T_ULONG | abi::Py_T_ULONGLONG => Int::from_u64(th, read!(u64))?,
        abi::Py_T_BOOL => types::bool_(read!(u8) != 0).own(),
        abi::Py_T_FLOAT => Float::new(th, f64::from(read!(f32)))?.upcast(),
        abi::Py_T_DOUBLE => Float::new(th, read!(f64))?.upcast(),
        abi::Py_T_CHAR => {
            let byte = read!(u8);
            Str::new(th, char::from(byte).encode_utf8(&mut [0; 4]))?.upcast()
        }
        abi::Py_T_STRING => {
            let text = read!(*const std::ffi::c_char);
            if text.is_null() { types::none().own() } else { Str::new(th, c_text(text))?.upcast() }
        }
        abi::Py_T_STRING_INPLACE => Str::new(th, c_text(at.cast()))?.upcast(),
        abi::_Py_T_OBJECT => {
            let value = read!(*mut PyObject);
            // SAFETY: null or a reference that the object owns.
            unsafe { Obj::from_raw(value) }.unwrap_or_else(types::none).own()
        }
        abi::Py_T_OBJECT_EX => {
            let value = read!(*mut PyObject);
            // SAFETY: null or a reference that the object owns.
            match unsafe { Obj::from_raw(value) } {
                Some(value) => value.own(),
                None => {
                    let (name, ty) = (c_text(def.name), object.ty().shown_name(th)?);
                    raise!(th, AttributeError, "'{ty}' object has no attribute '{name}'")
                }
            }
        }
        _ => raise!(th, SystemError, "bad memberdescr type for {}", c_text(def.name)),
    })
}

/// Write a member, as `PyMember_SetOne`.
pub fn set_member(
    th: Thread<'_>,
    object: Obj<'_>,
    def: &PyMemberDef,
    value: Option<Obj<'_>>,
) -> Result<()> {
    if def.flags & abi::Py_READONLY != 0 {
        raise!(th, AttributeError, "readonly attribute");
    }
    // SAFETY: the definition belongs to the object's type.
    let at = unsafe { object.as_ptr().cast::<u8>().offset(def.offset) };
    if matches!(def.r#type, abi::_Py_T_OBJECT | abi::Py_T_OBJECT_EX) {
        // SAFETY: the definition says that a reference is there.
        let link = unsafe { &*at.cast::<Link>() };
        if value.is_none() && def.r#type == abi::Py_T_OBJECT_EX && link.is_null() {
            raise!(th, AttributeError, "{}", c_text(def.name));
        }
        link.set(value.map(Obj::own));
        return Ok(());
    }
    let Some(value) = value else {
        raise!(th, TypeError, "can't delete numeric/char attribute");
    };
    macro_rules! write {
        ($ty:ty, $value:expr) => {
            // SAFETY: the definition says what is there.
            unsafe { at.cast::<$ty>().write_unaligned($value) }
        };
    }
    let truncated = |what: &str| -> Result<()> {
        let message = Str::from_fmt(th, format_args!("Truncation of value to {what}"))?;
        (th.hooks().warn)(th, exceptions::types::RuntimeWarning().obj(), &message, 1)
    };
    macro_rules! narrow {
        ($ty:ty, $what:literal) => {{
            let wide = Int::index_to_i64(th, value)?;
            write!($ty, wide as $ty);
            if <$ty>::try_from(wide).is_err() {
                truncated($what)?;
            }
        }};
    }
    // A negative int is taken for the one it is modulo the range, with a warning.
    let unsigned = || -> Result<(u64, bool)> {
        let number = Int::index(th, value)?;
        match Int::sign(number.obj()) < 0 {
            true => Ok((Int::index_to_i64(th, number.obj())? as u64, true)),
            false => Ok((Int::index_to_u64(th, number.obj())?, false)),
        }
    };
    match def.r#type {
        abi::Py_T_BOOL => {
            if !value.is_exact::<types::Bool>() {
                raise!(th, TypeError, "attribute value type must be bool");
            }
            write!(u8, u8::from(value.is(types::bool_(true))));
        }
        abi::Py_T_SHORT => narrow!(i16, "short"),
        abi::Py_T_USHORT => narrow!(u16, "unsigned short"),
        abi::Py_T_BYTE => narrow!(i8, "char"),
        abi::Py_T_UBYTE => narrow!(u8, "unsigned char"),
        abi::Py_T_INT => narrow!(i32, "int"),
        abi::Py_T_UINT => {
            let (wide, negative) = unsigned()?;
            write!(u32, wide as u32);
            if negative {
                let message = Str::new(th, "Writing negative value into unsigned field")?;
                (th.hooks().warn)(th, exceptions::types::RuntimeWarning().obj(), &message, 1)?;
            } else if u32::try_from(wide).is_err() {
                truncated("unsigned int")?;
            }
        }
        abi::Py_T_PYSSIZET => {
            if !Int::is_int(value) {
                raise!(th, TypeError, "an integer is required");
            }
            write!(i64, Int::index_to_i64(th, value)?);
        }
        abi::Py_T_LONG | abi::Py_T_LONGLONG => write!(i64, Int::index_to_i64(th, value)?),
        abi::Py_T_ULONG | abi::Py_T_ULONGLONG => {
            let (wide, negative) = unsigned()?;
            write!(u64, wide);
            if negative {
                let message = Str::new(th, "Writing negative value into unsigned field")?;
                (th.hooks().warn)(th, exceptions::types::RuntimeWarning().obj(), &message, 1)?;
            }
        }
        abi::Py_T_CHAR => match value.downcast::<Str>() {
            Some(text) if text.len() == 1 && text.get(0).is_some_and(|code| code < 128) => {
                write!(u8, text.get(0).unwrap_or(0) as u8);
            }
            _ => raise!(th, TypeError, "bad argument type for built-in operation"),
        },
        abi::Py_T_FLOAT => write!(f32, Float::as_f64(th, value)? as f32),
        abi::Py_T_DOUBLE => write!(f64, Float::as_f64(th, value)?),
        _ => raise!(th, TypeError, "readonly attribute"),
    }
    Ok(())
}

/// An entry of a type's dict for a method.
pub fn method_descriptor(th: Thread<'_>, ty: &Type, def: &'static PyMethodDef) -> Result<Ref> {
    // SAFETY: a name declared by the macros or a C table.
    let name = unsafe { CStr::from_ptr(def.ml_name) };
    let descriptor = MethodDescriptor {
        head: Head::new(),
        common: Common::new(th, ty, name)?,
        def,
        vectorcall: Cell::new(Some(method_vectorcall)),
    };
    alloc_object::new(th, descriptor).map(Ref::upcast)
}

/// An entry of a type's dict for a class method.
pub fn classmethod_descriptor(th: Thread<'_>, ty: &Type, def: &'static PyMethodDef) -> Result<Ref> {
    // SAFETY: a name declared by the macros or a C table.
    let name = unsafe { CStr::from_ptr(def.ml_name) };
    let descriptor = ClassMethodDescriptor {
        head: Head::new(),
        common: Common::new(th, ty, name)?,
        def,
        vectorcall: Cell::new(None),
    };
    alloc_object::new(th, descriptor).map(Ref::upcast)
}

/// An entry of a type's dict for a static method.
pub fn static_function(th: Thread<'_>, ty: &Type, def: &'static PyMethodDef) -> Result<Ref> {
    let function = builtin_function::new(th, def, Some(ty.obj()), None)?;
    types::staticmethod::new(th, function.obj())
}

/// `__new__` in the dict of a builtin type.
pub fn new_function(th: Thread<'_>, ty: &Type) -> Result<Ref> {
    builtin_function::new(th, builtin_function::new_def(), Some(ty.obj()), None).map(Ref::upcast)
}

/// Whether `object` is the `__new__` of a builtin type.
pub fn is_new_function(object: Obj<'_>) -> bool {
    object
        .downcast_exact::<BuiltinFunction>()
        .is_some_and(|function| std::ptr::eq(function.def(), builtin_function::new_def()))
}

/// An entry of a type's dict for a getter.
pub fn getset_descriptor(
    th: Thread<'_>,
    ty: &Type,
    name: &'static CStr,
    doc: Option<&'static CStr>,
    get: abi::getter,
    set: Option<abi::setter>,
) -> Result<Ref> {
    let def = Box::leak(Box::new(abi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set,
        doc: doc.map_or(std::ptr::null(), CStr::as_ptr),
        closure: std::ptr::null_mut::<c_void>(),
    }));
    getset_from_def(th, ty, def)
}

/// As `getset_descriptor`, from a definition that lives for ever.
pub fn getset_from_def(th: Thread<'_>, ty: &Type, def: &'static abi::PyGetSetDef) -> Result<Ref> {
    // SAFETY: a name declared by the macros or a C table.
    let name = unsafe { CStr::from_ptr(def.name) };
    let descriptor =
        GetSetDescriptor { head: Head::new(), common: Common::new(th, ty, name)?, def };
    alloc_object::new(th, descriptor).map(Ref::upcast)
}

/// An entry of a type's dict for a member.
pub fn member_descriptor(th: Thread<'_>, ty: &Type, def: &'static PyMemberDef) -> Result<Ref> {
    // SAFETY: a name declared by the macros, a C table or a class's `__slots__`.
    let name = unsafe { CStr::from_ptr(def.name) };
    let descriptor =
        MemberDescriptor { head: Head::new(), common: Common::new(th, ty, name)?, def };
    alloc_object::new(th, descriptor).map(Ref::upcast)
}

/// An entry of a type's dict for a filled slot.
pub fn slot_wrapper(th: Thread<'_>, ty: &Type, row: &'static Row, function: usize) -> Result<Ref> {
    let common = Common {
        owner: crate::own(ty),
        name: Str::intern(th, row.dunder)?,
        qualname: Link::null(),
    };
    let base = Cell::new(crate::slots::base_of(row));
    alloc_object::new(th, SlotWrapper { head: Head::new(), common, base, function })
        .map(Ref::upcast)
}

/// `descriptor.__get__(instance, owner)` if it has `tp_descr_get`, else itself.
pub fn bind(
    th: Thread<'_>,
    descriptor: Obj<'_>,
    instance: Option<Obj<'_>>,
    owner: &Type,
) -> Result<Ref> {
    let _ = th;
    let Some(get) = descriptor.ty().slots().tp_descr_get else { return Ok(descriptor.own()) };
    let instance = instance.map_or(std::ptr::null_mut(), Obj::as_ptr);
    // SAFETY: the slot belongs to the descriptor's type.
    let value = unsafe { get(descriptor.as_ptr(), instance, owner.as_ptr().cast()) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}

/// Whether `found` is `object.__getattribute__`.
pub fn is_generic_getattr(found: Obj<'_>) -> bool {
    let generic = types::object_type().slots().tp_getattro.map_or(0, |f| f as usize);
    found.downcast_exact::<SlotWrapper>().is_some_and(|wrapper| wrapper.function() == generic)
}
