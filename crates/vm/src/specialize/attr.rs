//! `LOAD_ATTR` and `STORE_ATTR`.
//!
//! Cache of `LOAD_ATTR`: counter, type version (2), index or offset, index of a
//! slot, attribute word or object (4). Of `STORE_ATTR`: counter, type version (2),
//! index. A type version guards that no descriptor of the class interferes; an
//! attribute word says which shape the instance has. Words of instances with
//! different capacity differ, too.
#![allow(unsafe_op_in_unsafe_fn, reason = "reads and writes the inline cache of an instruction")]

use bytecode::Op;
use object::{
    AsObject, Dict, Function, Int, Module, Obj, PyStruct, Str, Thread, Type, shape,
    types::{
        classmethod::ClassMethod,
        descr::{MemberDescriptor, MethodDescriptor, SlotWrapper},
        property::Property,
        type_::slot_functions,
    },
};

use super::{choose, read_u32, read_u64, write_u32, write_u64};
use crate::{
    attr::generic_getattro,
    frame::{Frame, is_exact},
    word::Word,
};

const MANAGED_DICT: u64 = abi::Py_TPFLAGS_MANAGED_DICT;
/// The shape of an attribute word, without the capacity.
const SHAPE: usize = (1 << 48) - 1;

pub(crate) unsafe fn load(
    th: Thread<'_>,
    _: *mut Frame,
    cache: *mut u16,
    oparg: usize,
    owner: Word,
    name: &Str,
) -> bool {
    let op = if owner.is_int() {
        pick_int_method(th, cache, oparg, name)
    } else {
        pick_load(th, cache, oparg, owner, name)
    };
    choose(cache, op)
}

unsafe fn word_of(owner: Word) -> usize {
    *owner.ptr().cast::<u8>().sub(16).cast::<usize>()
}

/// A method of a small int, which has no memory with a type in it.
unsafe fn pick_int_method(th: Thread<'_>, cache: *mut u16, oparg: usize, name: &Str) -> Option<Op> {
    let ty = Int::type_object();
    let found = ty.lookup(th, name)?;
    if oparg & 1 == 0 || found.ty().flags() & abi::Py_TPFLAGS_METHOD_DESCRIPTOR == 0 {
        return None;
    }
    write_u32(cache.add(1), ty.version(th)?);
    write_u64(cache.add(5), found.as_ptr().addr() as u64);
    Some(Op::LOAD_ATTR_METHOD_NO_DICT)
}

unsafe fn pick_load(
    th: Thread<'_>,
    cache: *mut u16,
    oparg: usize,
    owner: Word,
    name: &Str,
) -> Option<Op> {
    let wants_method = oparg & 1 != 0;
    let object = owner.obj();
    let ty = object.ty();
    if is_exact::<Module>(owner) {
        return pick_module(th, cache, owner, name);
    }
    if let Some(class) = object.downcast::<Type>() {
        return pick_class(th, cache, class, name, wants_method);
    }
    if !slot_functions::reads_as_usual(th, ty) {
        return None;
    }
    let version = ty.version(th)?;
    let found = ty.lookup(th, name);
    write_u32(cache.add(1), version);
    if let Some(found) = found {
        let kind = found.ty();
        if kind.slots().tp_descr_set.is_some() {
            return pick_data_descriptor(th, cache, ty, found, wants_method);
        }
        // A plain class attribute or method: instances must not shadow it.
        let is_method = kind.flags() & abi::Py_TPFLAGS_METHOD_DESCRIPTOR != 0;
        let is_class_method = wants_method && found.is_exact::<ClassMethod>();
        let binds = is_method && wants_method || is_class_method;
        if !binds && (wants_method || kind.slots().tp_descr_get.is_some()) {
            return None;
        }
        write_u64(cache.add(5), found.as_ptr().addr() as u64);
        if ty.flags() & MANAGED_DICT != 0 {
            if shadows(owner, name) {
                return pick_slot(cache, owner, name);
            }
            note_lacking(cache, owner, found);
            return Some(if is_class_method {
                Op::LOAD_ATTR_METHOD_LAZY_DICT
            } else if wants_method {
                Op::LOAD_ATTR_METHOD_WITH_VALUES
            } else {
                Op::LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES
            });
        }
        if ty.slots().tp_dictoffset != 0 || is_class_method {
            return None;
        }
        return Some(if wants_method {
            Op::LOAD_ATTR_METHOD_NO_DICT
        } else {
            Op::LOAD_ATTR_NONDESCRIPTOR_NO_DICT
        });
    }
    if ty.flags() & MANAGED_DICT == 0 {
        return None;
    }
    pick_slot(cache, owner, name)
}

/// Remember what the class has and the shape of an instance that has no attribute of that name.
unsafe fn note_lacking(cache: *mut u16, owner: Word, found: Obj<'_>) {
    let mut word = word_of(owner) & SHAPE;
    if word & 1 != 0 {
        // No shape is 0: it always takes a look into the dict.
        word = 0;
    }
    write_u32(cache.add(3), word as u32);
    write_u64(cache.add(5), found.as_ptr().addr() as u64 | (word as u64 >> 32) << 48);
}

/// An attribute of the instance itself.
unsafe fn pick_slot(cache: *mut u16, owner: Word, name: &Str) -> Option<Op> {
    match shape::attributes(owner.obj()) {
        shape::Attributes::Slots(shape, slots) => {
            let index = shape.find(name)?;
            let slot = std::ptr::from_ref(slots.get(index)?).addr() - owner.ptr().addr();
            *cache.add(3) = u16::try_from(slot).ok()?;
            *cache.add(4) = u16::try_from(index).ok()?;
            write_u64(cache.add(5), word_of(owner) as u64);
            Some(Op::LOAD_ATTR_INSTANCE_VALUE)
        }
        shape::Attributes::Dict(dict) => {
            let th = Thread::current();
            let index = dict.find_name_index(th, name)?;
            *cache.add(3) = u16::try_from(index).ok()?;
            Some(Op::LOAD_ATTR_WITH_HINT)
        }
        shape::Attributes::None => None,
    }
}

unsafe fn pick_data_descriptor(
    th: Thread<'_>,
    cache: *mut u16,
    ty: &Type,
    found: Obj<'_>,
    wants_method: bool,
) -> Option<Op> {
    if let Some(member) = found.downcast_exact::<MemberDescriptor>() {
        let def = member.def();
        if def.r#type != abi::Py_T_OBJECT_EX || !ty.is_subtype(member.owner()) {
            return None;
        }
        *cache.add(3) = u16::try_from(def.offset).ok()?;
        return Some(Op::LOAD_ATTR_SLOT);
    }
    if is_class_of_instance(th, found) {
        // The header of an object in memory has it.
        *cache.add(3) = std::mem::offset_of!(abi::PyObject, ob_type) as u16;
        return Some(Op::LOAD_ATTR_SLOT);
    }
    if wants_method {
        return None;
    }
    if ty.slots().tp_getattro.map(|slot| slot as usize) != generic_getattro() {
        // `__getattr__` is asked when a getter raises `AttributeError`.
        return None;
    }
    let property = found.downcast_exact::<Property>()?;
    let getter = property.fget()?;
    let function = getter.obj().downcast_exact::<Function>()?;
    let code = function.code.get()?;
    if !code.is_simple() || code.argcount != 1 {
        return None;
    }
    let _ = th;
    write_u64(cache.add(5), getter.as_ptr().addr() as u64);
    Some(Op::LOAD_ATTR_PROPERTY)
}

/// Whether that is `object.__class__`.
fn is_class_of_instance(th: Thread<'_>, found: Obj<'_>) -> bool {
    let dict = object::types::object_type().dict();
    let known = dict.and_then(|dict| dict.get_name(th, object::id!(th, "__class__")));
    known.is_some_and(|known| known.is(found))
}

unsafe fn pick_module(th: Thread<'_>, cache: *mut u16, owner: Word, name: &Str) -> Option<Op> {
    let dict = owner.obj().cast::<Module>().dict(th).ok()?;
    let index = dict.find_name_index(th, name)?;
    let version = dict.keys_version(th);
    if version == 0 {
        return None;
    }
    write_u32(cache.add(1), version);
    *cache.add(3) = dict.value_place(index)?;
    Some(Op::LOAD_ATTR_MODULE)
}

unsafe fn pick_class(
    th: Thread<'_>,
    cache: *mut u16,
    class: &Type,
    name: &Str,
    wants_method: bool,
) -> Option<Op> {
    let meta = class.obj().ty();
    let plain = <Type as object::PyStruct>::type_object();
    if meta.slots().tp_getattro != plain.slots().tp_getattro {
        return None;
    }
    // A data descriptor of the metaclass comes first.
    if meta.lookup(th, name).is_some_and(|found| !is_never_data_descriptor(found)) {
        return None;
    }
    let found = class.lookup(th, name)?;
    let op = if wants_method && found.is_exact::<ClassMethod>() {
        Op::LOAD_ATTR_CLASS_WITH_METACLASS_CHECK
    } else if found.ty().slots().tp_descr_get.is_none() || is_itself_in_class(found) {
        Op::LOAD_ATTR_CLASS
    } else {
        return None;
    };
    let (version, meta_version) = (class.version(th)?, meta.version(th)?);
    write_u32(cache.add(1), version);
    write_u32(cache.add(3), meta_version);
    write_u64(cache.add(5), found.as_ptr().addr() as u64);
    Some(op)
}

/// Whether this is no data descriptor and can become none, as its class does not change.
fn is_never_data_descriptor(found: Obj<'_>) -> bool {
    found.ty().slots().tp_descr_set.is_none() && !found.ty().is_heap()
}

/// Whether this is a descriptor that a class answers with as it is.
fn is_itself_in_class(found: Obj<'_>) -> bool {
    found.is_exact::<Function>()
        || found.is_exact::<MethodDescriptor>()
        || found.is_exact::<SlotWrapper>()
        || found.is_exact::<MemberDescriptor>()
        || found.is_exact::<Property>()
}

/// What a class method calls, given the word of one.
#[inline(always)]
pub(crate) unsafe fn class_method(method: Word) -> Option<Word> {
    let callable = Word::from_raw(method.obj().cast::<ClassMethod>().callable_ptr());
    (!callable.is_null() && !callable.is_int()).then_some(callable)
}

/// The type of an object in memory, if it has the version in the cache.
#[inline(always)]
pub(crate) unsafe fn guard_type(cache: *const u16, owner: Word) -> bool {
    !owner.is_int() && (*(*owner.ptr()).ob_type).tp_version_tag == read_u32(cache.add(1))
}

/// The object in the cache, for a small int, if the version there is that of `int`.
#[inline(always)]
pub(crate) unsafe fn int_value(cache: *const u16) -> Option<Word> {
    let ty = Int::type_object().as_ptr();
    ((*ty).tp_version_tag == read_u32(cache.add(1))).then(|| class_object(cache))
}

/// Whether the instance has the shape (and capacity) that was seen.
#[inline(always)]
pub(crate) unsafe fn has_shape_seen(cache: *const u16, owner: Word) -> bool {
    word_of(owner) as u64 == read_u64(cache.add(5))
}

/// The value in the slot; `None` if it is empty.
#[inline(always)]
pub(crate) unsafe fn instance_value(cache: *const u16, owner: Word) -> Option<Word> {
    let offset = usize::from(*cache.add(3));
    let value = *owner.ptr().cast::<u8>().add(offset).cast::<Word>();
    (!value.is_null()).then_some(value)
}

/// The shape of an instance that has one.
#[inline(always)]
unsafe fn shape_of<'a>(owner: Word) -> Option<&'a shape::Shape> {
    let word = word_of(owner) & SHAPE;
    (word & 1 == 0 && word != 0).then(|| &*(word as *const shape::Shape))
}

/// Whether another shape than the one that was seen has `name` at this place.
#[inline(always)]
pub(crate) unsafe fn is_in_same_slot(cache: *const u16, owner: Word, name: &Str) -> bool {
    let Some(shape) = shape_of(owner) else { return false };
    let known = shape.names().get(usize::from(*cache.add(4)));
    known.is_some_and(|known| known.as_ptr() == name.obj().as_ptr())
}

/// Whether another shape than the one that was seen was found not to have `name`.
#[inline(always)]
pub(crate) unsafe fn is_known_to_lack(owner: Word, name: &Str) -> bool {
    shape_of(owner).is_some_and(|shape| shape.is_known_to_lack(name))
}

/// The dict that took over the attributes of an instance, and where in it the
/// name is, if that is where it was seen.
#[inline(always)]
unsafe fn dict_entry<'a>(cache: *const u16, owner: Word, name: &Str) -> Option<(&'a Dict, usize)> {
    if !guard_type(cache, owner) {
        return None;
    }
    let word = word_of(owner) & SHAPE;
    if word & 1 == 0 {
        return None;
    }
    let dict = &*((word & !1) as *const Dict);
    let index = usize::from(*cache.add(3));
    (dict.key_at(index)?.as_ptr() == name.obj().as_ptr()).then_some((dict, index))
}

#[inline(always)]
pub(crate) unsafe fn dict_value(cache: *const u16, owner: Word, name: &Str) -> Option<Word> {
    let (dict, index) = dict_entry(cache, owner, name)?;
    Some(Word::from_raw(dict.value_at(index)?.as_ptr()))
}

/// Assign an attribute that a dict has; false if it has not.
#[inline(never)]
pub(crate) unsafe fn store_in_dict(
    th: Thread<'_>,
    cache: *const u16,
    owner: Word,
    name: &Str,
    value: Word,
) -> bool {
    let Some((dict, index)) = dict_entry(cache, owner, name) else { return false };
    // The old value may take the instance with it.
    let dict = object::own(dict);
    dict.set_value_at(th, index, value.obj().own())
}

#[inline(always)]
pub(crate) unsafe fn slot_value(cache: *const u16, owner: Word) -> Option<Word> {
    if !guard_type(cache, owner) {
        return None;
    }
    let offset = usize::from(*cache.add(3));
    let value = *owner.ptr().cast::<u8>().add(offset).cast::<Word>();
    (!value.is_null()).then_some(value)
}

#[inline(always)]
pub(crate) unsafe fn module_value(cache: *const u16, owner: Word) -> Option<Word> {
    if !is_exact::<Module>(owner) {
        return None;
    }
    let dict = (*owner.ptr().cast::<abi::PyModuleObject>()).md_dict;
    if dict.is_null() {
        return None;
    }
    let dict = &*dict.cast::<Dict>();
    if dict.current_keys_version() != read_u32(cache.add(1)) {
        return None;
    }
    Some(Word::from_raw(dict.value_at_place(*cache.add(3))?.as_ptr()))
}

#[inline(always)]
pub(crate) unsafe fn class_value(cache: *const u16, owner: Word) -> Option<Word> {
    if owner.is_int() {
        return None;
    }
    let meta = (*owner.ptr()).ob_type;
    if (*meta).tp_version_tag != read_u32(cache.add(3))
        || (*meta).tp_flags & abi::Py_TPFLAGS_TYPE_SUBCLASS == 0
    {
        return None;
    }
    if (*owner.ptr().cast::<abi::PyTypeObject>()).tp_version_tag != read_u32(cache.add(1)) {
        return None;
    }
    Some(Word(read_u64(cache.add(5)) as usize))
}

/// What the class has, where instances have no attributes of their own.
#[inline(always)]
pub(crate) unsafe fn type_value(cache: *const u16, owner: Word) -> Option<Word> {
    guard_type(cache, owner).then(|| Word(read_u64(cache.add(5)) as usize))
}

/// Whether the instance has the shape that was seen, in which the name of a
/// class attribute does not occur. PERF: half by half, without constants.
#[inline(always)]
pub(crate) unsafe fn lacks_as_seen(cache: *const u16, owner: Word) -> bool {
    let word = word_of(owner);
    word as u32 == read_u32(cache.add(3)) && (word >> 32) as u16 == *cache.add(8)
}

/// What the class has.
#[inline(always)]
pub(crate) unsafe fn class_object(cache: *const u16) -> Word {
    Word(read_u64(cache.add(5)) as usize & SHAPE)
}

/// Whether an instance has `name` of its own, or may have it.
pub(crate) unsafe fn shadows(owner: Word, name: &Str) -> bool {
    match shape::attributes(owner.obj()) {
        shape::Attributes::Slots(shape, _) => !shape.lacks(name),
        shape::Attributes::Dict(dict) => {
            !dict.is_unicode_keys() || dict.get_name(Thread::current(), name).is_some()
        }
        shape::Attributes::None => false,
    }
}

pub(crate) unsafe fn store(th: Thread<'_>, cache: *mut u16, owner: Word, name: &Str) -> bool {
    let op = if owner.is_int() { None } else { pick_store(th, cache, owner, name) };
    choose(cache, op)
}

unsafe fn pick_store(th: Thread<'_>, cache: *mut u16, owner: Word, name: &Str) -> Option<Op> {
    let object = owner.obj();
    let ty = object.ty();
    let generic = object::types::object_type().slots().tp_setattro;
    if ty.slots().tp_setattro != generic {
        return None;
    }
    write_u32(cache.add(1), ty.version(th)?);
    if let Some(found) = ty.lookup(th, name) {
        if let Some(member) = found.downcast_exact::<MemberDescriptor>() {
            let def = member.def();
            if def.r#type != abi::Py_T_OBJECT_EX
                || def.flags & abi::Py_READONLY != 0
                || !ty.is_subtype(member.owner())
            {
                return None;
            }
            *cache.add(3) = u16::try_from(def.offset).ok()?;
            return Some(Op::STORE_ATTR_SLOT);
        }
        if found.ty().slots().tp_descr_set.is_some() {
            return None;
        }
    }
    if ty.flags() & MANAGED_DICT == 0 {
        return None;
    }
    let (shape, slots) = match shape::attributes(object) {
        shape::Attributes::Slots(shape, slots) => (shape, slots),
        shape::Attributes::Dict(dict) => {
            *cache.add(3) = u16::try_from(dict.find_name_index(th, name)?).ok()?;
            return Some(Op::STORE_ATTR_WITH_HINT);
        }
        shape::Attributes::None => return None,
    };
    // A new attribute comes behind the others.
    let index = match shape.find(name) {
        Some(index) => index,
        None if name.is_interned() => shape.len(),
        None => return None,
    };
    slots.get(index)?;
    *cache.add(3) = u16::try_from(index).ok()?;
    Some(Op::STORE_ATTR_INSTANCE_VALUE)
}

/// The slot of an attribute that the instance has at the place in the cache.
#[inline(always)]
pub(crate) unsafe fn instance_slot(
    cache: *const u16,
    owner: Word,
    name: &Str,
) -> Option<*mut Word> {
    // Any shape will do that has the name at this place.
    let index = usize::from(*cache.add(3));
    let known = shape_of(owner)?.names().get(index)?;
    (known.as_ptr() == name.obj().as_ptr()).then(|| slot_at(owner, index))
}

#[inline(always)]
unsafe fn slot_at(owner: Word, index: usize) -> *mut Word {
    let ty = (*owner.ptr()).ob_type;
    owner.ptr().cast::<u8>().add((*ty).tp_basicsize as usize).cast::<Word>().add(index)
}

/// The slot of an attribute that, being the next in the usual order, the
/// instance now gets.
#[inline(always)]
pub(crate) unsafe fn new_slot(cache: *const u16, owner: Word, name: &Str) -> Option<*mut Word> {
    let full = word_of(owner);
    let shape = shape_of(owner)?;
    let index = usize::from(*cache.add(3));
    if index != shape.len() || index >= full >> shape::CAPACITY_SHIFT {
        return None;
    }
    let next = shape.latest_with(name)?;
    let place = owner.ptr().cast::<u8>().sub(16).cast::<usize>();
    *place = next.as_ptr().addr() | full & !SHAPE;
    Some(slot_at(owner, index))
}

/// The slot of a member descriptor.
#[inline(always)]
pub(crate) unsafe fn member_slot(cache: *const u16, owner: Word) -> Option<*mut Word> {
    if !guard_type(cache, owner) {
        return None;
    }
    let offset = usize::from(*cache.add(3));
    Some(owner.ptr().cast::<u8>().add(offset).cast::<Word>())
}

/// `LOAD_SUPER_ATTR` of `class` by what `super` is in the frame.
pub(crate) unsafe fn super_attr(cache: *mut u16, oparg: usize, global: Word, class: Word) -> bool {
    let is_true = crate::bridge::class_of_super(global.obj(), class.obj()).is_some();
    let wants_method = oparg & 1 != 0;
    let op = if wants_method { Op::LOAD_SUPER_ATTR_METHOD } else { Op::LOAD_SUPER_ATTR_ATTR };
    choose(cache, is_true.then_some(op))
}
