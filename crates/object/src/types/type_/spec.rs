//! Heap types from a `PyType_Spec`: `PyType_FromMetaclass` and its like.
//!
//! A spec lists slots by number; [`SLOTS`] says where each is. Name, doc string
//! and members are copied, so that the spec may go; functions and the tables of
//! methods and getters live for ever.

use std::{
    ffi::{CString, c_int, c_void},
    mem::offset_of,
};

use abi::{
    PyAsyncMethods, PyBufferProcs, PyHeapTypeObject, PyMappingMethods, PyMemberDef,
    PyNumberMethods, PySequenceMethods, PyType_Slot, PyType_Spec, PyTypeObject,
};

use crate::{
    AsObject, Obj, PyStruct, Ref, Result, Str, Thread, Type, alloc_object, gc, id, raise,
    types::object_type,
};

use super::{create, foreign};

macro_rules! slots {
    ($($suite:ident $table:ident { $($slot:ident)* })*) => {
        /// Where slot `n + 1` is in a `PyHeapTypeObject`.
        const SLOTS: &[usize] = &[
            $($( offset_of!(PyHeapTypeObject, $suite) + offset_of!($table, $slot), )*)*
        ];
    };
}

// In the order of their numbers, which is mostly alphabetic.
slots! {
    as_buffer PyBufferProcs { bf_getbuffer bf_releasebuffer }
    as_mapping PyMappingMethods { mp_ass_subscript mp_length mp_subscript }
    as_number PyNumberMethods {
        nb_absolute nb_add nb_and nb_bool nb_divmod nb_float nb_floor_divide nb_index nb_inplace_add
        nb_inplace_and nb_inplace_floor_divide nb_inplace_lshift nb_inplace_multiply nb_inplace_or
        nb_inplace_power nb_inplace_remainder nb_inplace_rshift nb_inplace_subtract
        nb_inplace_true_divide nb_inplace_xor nb_int nb_invert nb_lshift nb_multiply nb_negative
        nb_or nb_positive nb_power nb_remainder nb_rshift nb_subtract nb_true_divide nb_xor
    }
    as_sequence PySequenceMethods {
        sq_ass_item sq_concat sq_contains sq_inplace_concat sq_inplace_repeat sq_item sq_length
        sq_repeat
    }
    ht_type PyTypeObject {
        tp_alloc tp_base tp_bases tp_call tp_clear tp_dealloc tp_del tp_descr_get tp_descr_set
        tp_doc tp_getattr tp_getattro tp_hash tp_init tp_is_gc tp_iter tp_iternext tp_methods tp_new
        tp_repr tp_richcompare tp_setattr tp_setattro tp_str tp_traverse tp_members tp_getset
        tp_free
    }
    as_number PyNumberMethods { nb_matrix_multiply nb_inplace_matrix_multiply }
    as_async PyAsyncMethods { am_await am_aiter am_anext }
    ht_type PyTypeObject { tp_finalize }
    as_async PyAsyncMethods { am_send }
    ht_type PyTypeObject { tp_vectorcall }
}

/// Alignment of what a type adds to the instances of its base.
const ALIGN: usize = 16;

/// The word of slot `number` of a type; `None` for a number that is not one.
pub fn slot(ty: &Type, number: c_int) -> Option<*mut c_void> {
    if number == abi::Py_tp_token {
        return Some(ty.heap().map_or(std::ptr::null_mut(), |heap| heap.ht_token));
    }
    let offset = *SLOTS.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
    if ty.is_heap() && offset < size_of::<PyTypeObject>() {
        // SAFETY: inside the type.
        return Some(unsafe { *ty.as_ptr().cast::<u8>().add(offset).cast::<*mut c_void>() });
    }
    let suites = [
        (
            ty.slots().tp_as_async.cast::<u8>(),
            offset_of!(PyHeapTypeObject, as_async),
            size_of::<PyAsyncMethods>(),
        ),
        (
            ty.slots().tp_as_number.cast(),
            offset_of!(PyHeapTypeObject, as_number),
            size_of::<PyNumberMethods>(),
        ),
        (
            ty.slots().tp_as_mapping.cast(),
            offset_of!(PyHeapTypeObject, as_mapping),
            size_of::<PyMappingMethods>(),
        ),
        (
            ty.slots().tp_as_sequence.cast(),
            offset_of!(PyHeapTypeObject, as_sequence),
            size_of::<PySequenceMethods>(),
        ),
        (
            ty.slots().tp_as_buffer.cast(),
            offset_of!(PyHeapTypeObject, as_buffer),
            size_of::<PyBufferProcs>(),
        ),
        (ty.as_ptr().cast(), 0, size_of::<PyTypeObject>()),
    ];
    let (suite, start, _) =
        suites.into_iter().find(|(_, start, size)| (*start..start + size).contains(&offset))?;
    if suite.is_null() {
        return Some(std::ptr::null_mut());
    }
    // SAFETY: inside the suite.
    Some(unsafe { *suite.add(offset - start).cast::<*mut c_void>() })
}

/// What the slots of a spec say beyond functions.
#[derive(Default)]
struct Extras {
    base: Option<*mut PyTypeObject>,
    bases: Option<*mut abi::PyObject>,
    members: Option<&'static [PyMemberDef]>,
    has_doc: bool,
    token: Option<*mut c_void>,
}

/// The slots up to the one with number 0.
unsafe fn list(spec: &PyType_Spec) -> Vec<PyType_Slot> {
    let (mut all, mut next) = (Vec::new(), spec.slots);
    // SAFETY: the table ends with number 0.
    while !next.is_null() && unsafe { (*next).slot } != 0 {
        // SAFETY: as above.
        all.push(unsafe { *next });
        // SAFETY: as above.
        next = unsafe { next.add(1) };
    }
    all
}

impl Extras {
    /// # Safety
    ///
    /// The slots come from a spec of C code.
    unsafe fn read(th: Thread<'_>, spec: &PyType_Spec, slots: &[PyType_Slot]) -> Result<Extras> {
        let mut extras = Extras::default();
        for PyType_Slot { slot, pfunc } in slots {
            match *slot {
                abi::Py_tp_base => extras.base = Some(pfunc.cast()),
                abi::Py_tp_bases => extras.bases = Some(pfunc.cast()),
                abi::Py_tp_members => {
                    // SAFETY: the caller's promise.
                    let members = unsafe { foreign::members(pfunc.cast()) };
                    if extras.members.replace(members).is_some_and(|before| !before.is_empty()) {
                        raise!(th, SystemError, "Multiple Py_tp_members slots are not supported.");
                    }
                    check_relative(th, spec, members)?;
                }
                abi::Py_tp_doc if extras.has_doc => {
                    raise!(th, SystemError, "Multiple Py_tp_doc slots are not supported.")
                }
                abi::Py_tp_doc => extras.has_doc = !pfunc.is_null(),
                abi::Py_tp_token => extras.token = Some(*pfunc),
                number if number < 1 || number as usize > SLOTS.len() => {
                    raise!(th, RuntimeError, "invalid slot offset")
                }
                _ => {}
            }
        }
        Ok(extras)
    }

    /// The bases: those given, or those of the slots, or `object`.
    ///
    /// # Safety
    ///
    /// The pointers are live objects.
    unsafe fn bases(&self, th: Thread<'_>, given: Option<Obj<'_>>) -> Result<Ref<crate::Tuple>> {
        if let Some(bases) = given {
            return foreign::types_of(th, bases);
        }
        // SAFETY: the caller's promise.
        if let Some(bases) = self.bases.and_then(|bases| unsafe { Obj::from_raw(bases) }) {
            if bases.downcast::<crate::Tuple>().is_none() {
                raise!(th, SystemError, "Py_tp_bases is not a tuple");
            }
            return foreign::types_of(th, bases);
        }
        // SAFETY: the caller's promise.
        let base = self.base.and_then(|base| unsafe { Obj::from_raw(base.cast()) });
        crate::Tuple::from_objs(th, &[base.unwrap_or(object_type().obj())])
    }
}

/// Complain of members whose offsets do not lie in the part that the type adds.
fn check_relative(th: Thread<'_>, spec: &PyType_Spec, members: &[PyMemberDef]) -> Result<()> {
    for member in members {
        if member.flags & abi::Py_RELATIVE_OFFSET == 0 {
            continue;
        }
        if spec.basicsize > 0 {
            raise!(th, SystemError, "With Py_RELATIVE_OFFSET, basicsize must be negative.");
        }
        if member.offset < 0 || member.offset >= -(spec.basicsize as isize) {
            raise!(th, SystemError, "Member offset out of range (0..-basicsize)");
        }
    }
    Ok(())
}

/// Complain of an immutable type with a base that can change.
fn check_immutable(th: Thread<'_>, name: &str, bases: &[Obj<'_>]) -> Result<()> {
    for base in bases.iter().filter_map(|base| base.downcast::<Type>()) {
        if base.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE == 0 {
            let base = base.shown_name(th)?;
            raise!(th, TypeError, "Creating immutable type {name} from mutable base {base}");
        }
    }
    Ok(())
}

/// Sizes of instances, and where the type's own part starts.
fn sizes(th: Thread<'_>, spec: &PyType_Spec, base: &Type) -> Result<(usize, usize)> {
    let basic = base.basicsize();
    let size = spec.basicsize;
    if size >= 0 {
        return Ok((if size == 0 { basic } else { size as usize }, 0));
    }
    let flags = base.flags() | u64::from(spec.flags);
    if base.itemsize() != 0 && flags & abi::Py_TPFLAGS_ITEMS_AT_END == 0 {
        raise!(
            th,
            SystemError,
            "Cannot extend variable-size class without Py_TPFLAGS_ITEMS_AT_END."
        );
    }
    let start = basic.next_multiple_of(ALIGN);
    Ok((start + (size.unsigned_abs() as usize).next_multiple_of(ALIGN), start))
}

/// `PyType_FromMetaclass`.
///
/// # Safety
///
/// `spec` is what the headers say of one.
pub unsafe fn from_spec(
    th: Thread<'_>,
    meta: Option<&Type>,
    module: Option<Obj<'_>>,
    spec: &PyType_Spec,
    bases: Option<Obj<'_>>,
) -> Result<Ref<Type>> {
    // SAFETY: the caller's promise.
    let slots = unsafe { list(spec) };
    // SAFETY: as above.
    let extras = unsafe { Extras::read(th, spec, &slots)? };
    if spec.name.is_null() {
        raise!(th, SystemError, "Type spec does not define the name field.");
    }
    // SAFETY: the caller's promise.
    let full_name = unsafe { std::ffi::CStr::from_ptr(spec.name) }.to_owned();
    let text = full_name.to_string_lossy().into_owned();
    // SAFETY: as above.
    let bases = unsafe { extras.bases(th, bases)? };
    if u64::from(spec.flags) & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 {
        check_immutable(th, &text, bases.items())?;
    }
    let winner =
        create::calculate_metaclass(th, meta.unwrap_or(Type::type_object()), bases.items())?;
    let custom_new = winner.slots().tp_new.map(|f| f as usize)
        != Type::type_object().slots().tp_new.map(|f| f as usize);
    if custom_new
        && winner.slots().tp_new.is_some()
        && (meta.is_some() || !foreign::is_type_type(&winner))
    {
        raise!(th, TypeError, "Metaclasses with custom tp_new are not supported.");
    }
    let base = crate::own(create::best_base(th, bases.items())?);
    let (basicsize, own_start) = sizes(th, spec, &base)?;
    let members = extras.members.unwrap_or_default();
    for member in members {
        check_special(th, member)?;
    }
    let object = alloc_object::alloc_raw(th, &winner, 0, 0)?;
    // SAFETY: a zeroed heap type is a valid one without slots.
    let ty = unsafe { Ref::<Type>::from_owned(object) };
    // SAFETY: a fresh type that nobody else uses.
    let heap = unsafe { &mut *object.cast::<PyHeapTypeObject>().as_ptr() };
    let (module_name, name) = match text.rsplit_once('.') {
        Some((module, name)) => (Some(module), name),
        None => (None, text.as_str()),
    };
    let name = Str::new(th, name)?;
    heap.ht_name = name.clone().upcast().into_raw();
    heap.ht_qualname = name.upcast().into_raw();
    heap._ht_tpname = full_name.into_raw();
    heap.ht_module = module.map_or(std::ptr::null_mut(), |module| module.own().into_raw());
    heap.ht_token = match extras.token {
        Some(token) if token.is_null() => std::ptr::from_ref(spec).cast_mut().cast(),
        Some(token) => token,
        None => std::ptr::null_mut(),
    };
    let t = &mut heap.ht_type;
    t.tp_name = heap._ht_tpname;
    t.tp_flags = u64::from(spec.flags) | abi::Py_TPFLAGS_HEAPTYPE;
    t.tp_as_async = &raw mut heap.as_async;
    t.tp_as_number = &raw mut heap.as_number;
    t.tp_as_sequence = &raw mut heap.as_sequence;
    t.tp_as_mapping = &raw mut heap.as_mapping;
    t.tp_as_buffer = &raw mut heap.as_buffer;
    for PyType_Slot { slot, pfunc } in &slots {
        if let Some(offset) = SLOTS.get((*slot as usize).wrapping_sub(1)) {
            // SAFETY: inside the fresh type.
            unsafe {
                object.as_ptr().cast::<u8>().add(*offset).cast::<*mut c_void>().write(*pfunc)
            };
        }
    }
    t.tp_base = base.clone().into_raw().cast();
    t.tp_bases = bases.into_raw();
    t.tp_basicsize = basicsize as isize;
    t.tp_itemsize =
        if spec.itemsize != 0 { spec.itemsize as isize } else { base.slots().tp_itemsize };
    if !t.tp_doc.is_null() {
        // SAFETY: a doc string of C code, copied for good.
        t.tp_doc = unsafe { std::ffi::CStr::from_ptr(t.tp_doc) }.to_owned().into_raw();
    }
    if t.tp_dealloc.is_none() {
        t.tp_dealloc = Some(create::subtype_dealloc);
    }
    t.tp_members = copy_members(t, members, own_start);
    if t.tp_vectorcall_offset == 0 {
        t.tp_vectorcall_offset = base.slots().tp_vectorcall_offset;
    }
    // SAFETY: the tables live for ever.
    unsafe { foreign::ready_type(th, &ty)? };
    let dict = ty.dict().map(crate::own);
    if let (Some(dict), Some(module)) = (&dict, module_name) {
        let key = id!(th, "__module__");
        if dict.get_name(th, key).is_none() {
            dict.set(th, key.obj(), Str::intern(th, module)?.obj())?;
        }
    } else if module_name.is_none() {
        let message =
            Str::from_fmt(th, format_args!("builtin type {text} has no __module__ attribute"))?;
        let category = crate::exceptions::types::DeprecationWarning();
        (th.hooks().warn)(th, category.obj(), &message, 1)?;
    }
    // SAFETY: a complete type; `type` is a gc type.
    unsafe { gc::track(th.heap(), object) };
    Ok(ty)
}

/// Complain of a member with a special name that is not the offset of a field.
fn check_special(th: Thread<'_>, member: &PyMemberDef) -> Result<()> {
    // SAFETY: a name in a table that lives for ever.
    let name = unsafe { foreign::text(member.name) };
    if !matches!(name, "__dictoffset__" | "__weaklistoffset__" | "__vectorcalloffset__") {
        return Ok(());
    }
    if member.r#type != abi::Py_T_PYSSIZET {
        raise!(th, SystemError, "type of {name} must be Py_T_PYSSIZET");
    }
    if member.flags & !abi::Py_RELATIVE_OFFSET != abi::Py_READONLY {
        raise!(
            th,
            SystemError,
            "flags for {name} must be Py_READONLY or (Py_READONLY | Py_RELATIVE_OFFSET)"
        );
    }
    Ok(())
}

/// The members with offsets from the start of an instance; those with special
/// names say where a dict, weak references and a vectorcall function are.
fn copy_members(
    t: &mut PyTypeObject,
    members: &'static [PyMemberDef],
    own_start: usize,
) -> *mut PyMemberDef {
    if members.is_empty() {
        return std::ptr::null_mut();
    }
    let mut copies: Vec<PyMemberDef> = members.to_vec();
    for def in &mut copies {
        if def.flags & abi::Py_RELATIVE_OFFSET != 0 {
            def.flags &= !abi::Py_RELATIVE_OFFSET;
            def.offset += own_start as isize;
        }
        // SAFETY: a name in a table that lives for ever.
        let name = unsafe { foreign::text(def.name) };
        match name {
            "__dictoffset__" => t.tp_dictoffset = def.offset,
            "__weaklistoffset__" => t.tp_weaklistoffset = def.offset,
            "__vectorcalloffset__" => t.tp_vectorcall_offset = def.offset,
            _ => {}
        }
        def.name = CString::new(name).unwrap_or_default().into_raw();
    }
    copies.push(PyMemberDef {
        name: std::ptr::null(),
        r#type: 0,
        offset: 0,
        flags: 0,
        doc: std::ptr::null(),
    });
    Vec::leak(copies).as_mut_ptr()
}

/// Where the part that `ty` adds to an instance starts: `PyObject_GetTypeData`.
pub fn data_offset(ty: &Type) -> usize {
    ty.base().unwrap_or(object_type()).basicsize().next_multiple_of(ALIGN)
}
