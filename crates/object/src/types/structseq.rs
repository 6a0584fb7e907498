//! Struct sequences: tuples whose items also have names, such as
//! `time.struct_time`.
//!
//! A struct sequence type is a class made at run time with `tuple` as its
//! base. Its named items are members at the offsets of the tuple's items; an
//! instance may have more of them than its length shows.

use std::{
    ffi::{CString, c_int, c_void},
    ptr::{self, NonNull},
};

use abi::{PyMemberDef, PyObject, PyTypeObject};

use crate::{
    AsObject, Dict, Int, Kwargs, Link, Obj, Protocol, PyStruct, Raised, Ref, Result, Str, Thread,
    Tuple, Type, VarHead, alloc_object, declare, gc, id, protocol, raise, reference, types,
};

/// A struct sequence type, declared.
pub struct Description {
    /// With its module before a dot.
    pub name: &'static str,
    pub doc: &'static str,
    /// Names and docs; an empty name is an item without one.
    pub fields: &'static [(&'static str, &'static str)],
    /// How many items the sequence shows; the others are reached by name only.
    pub visible: usize,
    /// Whether programs may make instances.
    pub instantiable: bool,
}

/// Byte offset of item `i`.
fn item_offset(i: usize) -> usize {
    Tuple::type_object().basicsize() + 8 * i
}

/// Make the type.
pub fn make_type(th: Thread<'_>, description: &'static Description) -> Result<Ref<Type>> {
    let (module, name) =
        description.name.rsplit_once('.').unwrap_or(("builtins", description.name));
    let namespace = Dict::new(th)?;
    let set = |key: &Str, value: Ref| namespace.set(th, key.obj(), value.obj());
    set(id!(th, "__module__"), Str::intern(th, module)?.upcast())?;
    set(id!(th, "__doc__"), Str::new(th, description.doc)?.upcast())?;
    set(id!(th, "__slots__"), Tuple::from_refs(th, Vec::new())?.upcast())?;
    describe(th, &namespace, description)?;
    let name = Str::intern(th, name)?;
    let bases = Tuple::from_objs(th, &[Tuple::type_object().obj()])?;
    let args = Tuple::from_objs(th, &[name.obj(), bases.obj(), namespace.obj()])?;
    let class = types::type_::create::type_new(th, Type::type_object(), &args, None)?;
    let Ok(class) = class.downcast::<Type>() else {
        raise!(th, SystemError, "type() returned no type");
    };
    let Some(dict) = class.dict() else { return Err(th.no_memory()) };
    dict.remove(th, id!(th, "__slots__").obj())?;
    let members = members(description);
    add_members(th, &class, dict, description, members)?;
    // SAFETY: a fresh class that nobody else uses.
    let t = unsafe { &mut *class.obj().as_ptr().cast::<PyTypeObject>() };
    t.tp_members = members.as_ptr().cast_mut();
    t.tp_dealloc = Some(dealloc);
    t.tp_traverse = Some(traverse);
    // COMPAT: messages name the module too; test_sys.
    t.tp_name = CString::new(description.name).unwrap_or_default().into_raw();
    t.tp_repr = Some(repr);
    // Items that the length does not count.
    t.tp_basicsize += 8 * (description.fields.len() - description.visible) as isize;
    t.tp_new = if description.instantiable { Some(new) } else { None };
    if module == "sys" {
        t.tp_flags |= abi::Py_TPFLAGS_IMMUTABLETYPE;
    }
    if !description.instantiable {
        t.tp_flags |= abi::Py_TPFLAGS_DISALLOW_INSTANTIATION;
    }
    add_methods(th, &class, dict)?;
    class.modified(th);
    Ok(class)
}

/// Make a struct sequence type of a static one of C code, which is zeroed.
///
/// # Safety
///
/// `ty` is a type object that lives for ever and is not ready.
pub unsafe fn init_type(
    th: Thread<'_>,
    ty: *mut PyTypeObject,
    description: &'static Description,
) -> Result<()> {
    let base = Tuple::type_object();
    let members = members(description);
    {
        // SAFETY: the caller's promise.
        let t = unsafe { &mut *ty };
        t.tp_name = CString::new(description.name).unwrap_or_default().into_raw();
        t.tp_doc = CString::new(description.doc).unwrap_or_default().into_raw();
        let hidden = description.fields.len().saturating_sub(description.visible);
        t.tp_basicsize = (base.basicsize() + 8 * hidden) as isize;
        t.tp_itemsize = 8;
        t.tp_base = base.as_ptr();
        t.tp_flags = abi::Py_TPFLAGS_HAVE_GC;
        t.tp_dealloc = Some(dealloc);
        t.tp_traverse = Some(traverse);
        t.tp_repr = Some(repr);
        t.tp_new = Some(new);
    }
    // SAFETY: the caller's promise.
    let class = unsafe { Type::from_ptr(ty) };
    class.obj().make_immortal();
    // SAFETY: the caller's promise.
    unsafe { types::type_::foreign::ready_type(th, class)? };
    // SAFETY: the members are those of the items, which `total` counts.
    unsafe { (*ty).tp_members = members.as_ptr().cast_mut() };
    let Some(dict) = class.dict() else { return Err(th.no_memory()) };
    describe(th, dict, description)?;
    add_members(th, class, dict, description, members)?;
    add_methods(th, class, dict)?;
    class.modified(th);
    Ok(())
}

/// Put what is known of the items into the namespace of a type.
fn describe(th: Thread<'_>, namespace: &Dict, description: &Description) -> Result<()> {
    let set = |key: &Str, value: Ref| namespace.set(th, key.obj(), value.obj());
    let count = |n: usize| Int::from_i64(th, n as i64);
    let unnamed = description.fields.iter().filter(|(name, _)| name.is_empty()).count();
    set(id!(th, "n_sequence_fields"), count(description.visible)?)?;
    set(id!(th, "n_fields"), count(description.fields.len())?)?;
    set(id!(th, "n_unnamed_fields"), count(unnamed)?)?;
    let shown = description.fields.iter().take(description.visible);
    let names = shown.filter(|(field, _)| !field.is_empty());
    let names: Result<Vec<Ref>> =
        names.map(|(field, _)| Str::intern(th, field).map(Ref::upcast)).collect();
    set(id!(th, "__match_args__"), Tuple::from_refs(th, names?)?.upcast())
}

fn add_members(
    th: Thread<'_>,
    class: &Type,
    dict: &Dict,
    description: &Description,
    members: &'static [PyMemberDef],
) -> Result<()> {
    for ((field, _), def) in description.fields.iter().zip(members) {
        if !field.is_empty() {
            let member = types::descr::member_descriptor(th, class, def)?;
            dict.set(th, Str::intern(th, field)?.obj(), member.obj())?;
        }
    }
    Ok(())
}

/// The members of a type, one for each item and one without a name at the end.
fn members(description: &Description) -> &'static [PyMemberDef] {
    let text = |text: &str| CString::new(text).unwrap_or_default().into_raw().cast_const();
    let member = |i: usize, name, doc| PyMemberDef {
        name,
        r#type: abi::_Py_T_OBJECT,
        offset: item_offset(i) as isize,
        flags: abi::Py_READONLY,
        doc,
    };
    let fields = description.fields.iter().enumerate();
    let mut members: Vec<_> =
        fields.map(|(i, (name, doc))| member(i, text(name), text(doc))).collect();
    members.push(member(members.len(), ptr::null(), ptr::null()));
    members.leak()
}

/// How many items instances have, whatever the type's attributes say.
fn total(class: &Type) -> usize {
    let mut def = class.slots().tp_members;
    let mut count = 0;
    // SAFETY: the members of a type of ours end with one that has no name.
    while !def.is_null() && unsafe { !(*def).name.is_null() } {
        count += 1;
        def = def.wrapping_add(1);
    }
    count
}

/// All items, hidden ones included.
///
/// # Safety
///
/// `object` is an instance of a type made here, whose items are in place.
unsafe fn slots<'a>(object: *mut PyObject) -> &'a [Link] {
    // SAFETY: a dead object still has its type.
    let class = unsafe { Type::from_ptr((*object).ob_type) };
    let first = object.cast::<u8>().wrapping_add(item_offset(0)).cast::<Link>();
    // SAFETY: it was allocated with as many items.
    unsafe { std::slice::from_raw_parts(first, total(class)) }
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    let Some(dead) = NonNull::new(object) else { return };
    // SAFETY: a gc object of this heap.
    unsafe { gc::untrack(th.heap(), dead) };
    if crate::alloc::defer_dealloc(th, dead) {
        return;
    }
    // SAFETY: a dead object still has its type and its items.
    let (class, slots) = unsafe { (Type::from_ptr((*object).ob_type), slots(object)) };
    slots.iter().for_each(|slot| drop(slot.take()));
    // SAFETY: nothing refers to the object any more.
    unsafe { alloc_object::free(th, dead, class) };
    if class.is_heap() {
        // SAFETY: an instance owns a reference to its type.
        unsafe { reference::decref(NonNull::from(class).cast()) };
    }
    crate::alloc::end_dealloc(th);
}

unsafe extern "C" fn traverse(
    object: *mut PyObject,
    visit: abi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: the collector passes instances of the type.
    let (class, slots) = unsafe { ((*object).ob_type, slots(object)) };
    // SAFETY: an object keeps its type alive.
    let class = if unsafe { Type::from_ptr(class) }.is_heap() { class } else { ptr::null_mut() };
    let items = slots.iter().map(Link::as_ptr);
    let mut visits = std::iter::once(class.cast())
        .chain(items)
        .filter(|o: &*mut PyObject| !o.is_null())
        // SAFETY: the collector's own function and argument.
        .map(|o| unsafe { visit(o, arg) });
    visits.find(|stop| *stop != 0).unwrap_or(0)
}

/// Let calling a type that has one field take the field's value, as
/// `os.sched_param` does, instead of a sequence.
pub fn take_field(th: Thread<'_>, class: &Type) -> Result<()> {
    // SAFETY: a class of ours that has no instances yet, under the GIL.
    unsafe { (*class.as_ptr()).tp_new = Some(new_from_field) };
    let reduce = declare::noargs_fn(
        c"__reduce__",
        c"__reduce__($self, /)\n--\n\nHelper for pickle.",
        |th, this| -> Result<Ref> {
            let field = this.get_item(th, Int::from_i64(th, 0)?.obj())?;
            let args = Tuple::from_array(th, [field])?;
            Tuple::from_objs(th, &[this.ty().obj(), args.obj()]).map(Ref::upcast)
        },
    );
    let Some(dict) = class.dict() else { return Err(th.no_memory()) };
    let method = types::descr::method_descriptor(th, class, reduce)?;
    dict.set(th, id!(th, "__reduce__").obj(), method.obj())?;
    class.modified(th);
    Ok(())
}

unsafe extern "C" fn new_from_field(
    class: *mut PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: slots are called on attached threads.
    let th = unsafe { Thread::current() };
    // SAFETY: `tp_new` gets a live type.
    let class = unsafe { Type::from_ptr(class) };
    // SAFETY: and a tuple.
    let args = unsafe { th.argument(args).cast::<Tuple>() };
    // SAFETY: and null or a dict.
    let kwargs = unsafe { Obj::from_raw(kwargs).map(|kwargs| kwargs.cast::<Dict>()) };
    match from_field(th, class, args, kwargs) {
        Ok(value) => value.into_raw(),
        Err(_) => std::ptr::null_mut(),
    }
}

fn from_field(th: Thread<'_>, class: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
    let name = class.name();
    let given = args.len() + kwargs.map_or(0, Dict::len);
    if given > 1 {
        raise!(th, TypeError, "{name}() takes at most 1 argument ({given} given)");
    }
    let names = field_names(th, class)?;
    let field = names.first().map_or("", |(_, field)| field.as_str());
    let named = match kwargs {
        Some(kwargs) => kwargs.get_str(th, field)?,
        None => None,
    };
    match args.items().first().map(|value| value.own()).or(named) {
        Some(value) => instance(th, class, vec![value]),
        None => {
            raise!(th, TypeError, "{name}() missing required argument '{field}' (pos 1)")
        }
    }
}

fn add_methods(th: Thread<'_>, class: &Type, dict: &Dict) -> Result<()> {
    let reduce = declare::noargs_fn(
        c"__reduce__",
        c"__reduce__($self, /)\n--\n\nHelper for pickle.",
        reduce,
    );
    let replace = declare::fast_fn(
        c"__replace__",
        c"__replace__($self, /, **changes)\n--\n\nReturn a copy with new values for the given fields.",
        ReplaceSignature,
        |th, this: Obj<'_>, parsed: &crate::args::Parsed<'_, 0>| -> Result<Ref> {
            replace_fields(th, this, parsed.keywords)
        },
    );
    for (name, def) in [(id!(th, "__reduce__"), reduce), (id!(th, "__replace__"), replace)] {
        let method = types::descr::method_descriptor(th, class, def)?;
        dict.set(th, name.obj(), method.obj())?;
    }
    if let Some(row) = crate::slots::ROWS.iter().find(|row| row.dunder == "__repr__") {
        let wrapper = types::descr::slot_wrapper(th, class, row, repr as *const () as usize)?;
        dict.set(th, id!(th, "__repr__").obj(), wrapper.obj())?;
    }
    if class.slots().tp_new.is_some() {
        let function = types::builtin_function::new(
            th,
            types::builtin_function::new_def(),
            Some(class.obj()),
            None,
        )?;
        dict.set(th, id!(th, "__new__").obj(), function.obj())?;
    }
    Ok(())
}

struct ReplaceSignature;

impl declare::HasSignature for ReplaceSignature {
    const SIGNATURE: &'static crate::args::Signature = &crate::args::Signature {
        style: crate::args::Style::Clinic,
        name: "__replace__",
        params: &[],
        positional_only: 0,
        positional: 0,
        var_positional: false,
        var_keyword: true,
    };
}

fn class_number(th: Thread<'_>, class: &Type, name: &Str) -> Result<usize> {
    let value = class.get_attribute(th, name)?;
    Ok(usize::try_from(Int::index_to_isize(th, value.obj())?).unwrap_or(0))
}

/// A new instance with `values` for its items, hidden ones included; missing
/// hidden ones are `None`.
pub fn instance(th: Thread<'_>, class: &Type, mut values: Vec<Ref>) -> Result<Ref> {
    let total = total(class);
    let visible = class_number(th, class, id!(th, "n_sequence_fields"))?.min(total);
    values.resize_with(total, || types::none().own());
    let object = alloc_object::alloc_raw(th, class, visible, 0)?;
    // SAFETY: fresh memory for a tuple of `total` items, which start behind its header.
    let first = unsafe { object.as_ptr().cast::<u8>().add(item_offset(0)) }.cast::<*mut PyObject>();
    for (i, value) in values.into_iter().enumerate() {
        // SAFETY: `i` is below the number of items allocated.
        unsafe { first.add(i).write(value.into_raw()) };
    }
    // SAFETY: a variable-size object starts with its length.
    unsafe { object.cast::<VarHead>().as_ref() }.set_size(visible as isize);
    Tuple::unset_hash(object);
    // SAFETY: a complete gc object.
    unsafe { gc::track(th.heap(), object) };
    // SAFETY: the header's count is the reference we hand over.
    Ok(unsafe { Ref::from_owned(object) })
}

/// An instance of a struct sequence type that C code fills.
pub fn unfilled(th: Thread<'_>, class: &Type) -> Result<Ref> {
    instance(th, class, Vec::new())
}

/// Item `i`, hidden ones included, of an instance that C code reads.
pub fn get_item(object: Obj<'_>, i: usize) -> Obj<'_> {
    item(object, i)
}

/// Set item `i` of an instance that C code fills.
pub fn set_item(object: Obj<'_>, i: usize, value: Option<Ref>) {
    // SAFETY: C code stays below `n_fields`; an item is null or owned by the tuple.
    let slot = unsafe { &*object.as_ptr().cast::<u8>().add(item_offset(i)).cast::<Link>() };
    slot.set(value);
}

/// How many items an instance shows.
fn length(object: Obj<'_>) -> usize {
    // SAFETY: an instance is a tuple.
    unsafe { object.cast::<Tuple>() }.len()
}

/// Item `i`, hidden ones included.
fn item(object: Obj<'_>, i: usize) -> Obj<'_> {
    // SAFETY: `i` is below `n_fields`.
    let slot = unsafe { object.as_ptr().cast::<u8>().add(item_offset(i)) }.cast::<*mut PyObject>();
    // SAFETY: an item is null or a reference that the tuple owns.
    unsafe { Obj::from_raw(*slot) }.unwrap_or_else(types::none)
}

fn field_names(th: Thread<'_>, class: &Type) -> Result<Vec<(usize, String)>> {
    let mut names = vec![None; total(class)];
    for base in class.mro().map(|mro| mro.items().to_vec()).unwrap_or_default() {
        let Some(dict) = types::type_::as_type(base).and_then(Type::dict) else { continue };
        let mut position = 0;
        while let Some((key, value)) = dict.next_entry(&mut position) {
            let Some(member) = value.obj().downcast_exact::<types::descr::MemberDescriptor>()
            else {
                continue;
            };
            let offset = member.def().offset.unsigned_abs();
            if offset >= item_offset(0)
                && let Some(slot) = names.get_mut((offset - item_offset(0)) / 8)
            {
                *slot = Some(key.str(th)?.to_string());
            }
        }
    }
    Ok(names.into_iter().enumerate().filter_map(|(i, name)| Some((i, name?))).collect())
}

unsafe extern "C" fn repr(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: called on an attached thread with a live object.
    let (th, this) = unsafe { (Thread::current(), Thread::current().argument(object)) };
    repr_of(th, this).map_or(std::ptr::null_mut(), Ref::into_raw)
}

fn repr_of(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
    let class = this.ty();
    let visible = length(this);
    let module = class.module_name(th)?.unwrap_or_default();
    let mut text = format!("{module}.{}(", class.name());
    let names = field_names(th, class)?;
    for i in 0..visible {
        if i > 0 {
            text.push_str(", ");
        }
        // COMPAT: names are counted without the unnamed fields (os.stat_result).
        if let Some((_, name)) = names.get(i) {
            text.push_str(name);
            text.push('=');
        }
        text.push_str(&item(this, i).repr(th)?.to_string());
    }
    text.push(')');
    Str::new(th, &text)
}

unsafe extern "C" fn new(
    class: *mut PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called on an attached thread with a live type, a tuple, and null or a dict.
    let (th, class, args, kwargs) = unsafe {
        let th = Thread::current();
        let kwargs = Obj::from_raw(kwargs).map(|kwargs| kwargs.cast::<Dict>());
        (th, Type::from_ptr(class), th.argument(args).cast::<Tuple>(), kwargs)
    };
    match construct(th, class, args, kwargs) {
        Ok(value) => value.into_raw(),
        Err(Raised) => std::ptr::null_mut(),
    }
}

fn construct(th: Thread<'_>, class: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
    let (mut sequence, mut dict) = (args.get(0).map(Obj::own), args.get(1).map(Obj::own));
    // COMPAT: this one takes its only field, not a sequence; test_posix.test_sched_param.
    if class.full_name() == "posix.sched_param" && args.len() < 2 {
        if let Some(kwargs) = kwargs
            && let Some(value) = kwargs.get_str(th, "sched_priority")?
        {
            sequence = Some(value);
        }
        return match sequence {
            Some(value) => instance(th, class, vec![value]),
            None => raise!(
                th,
                TypeError,
                "sched_param() missing required argument 'sched_priority' (pos 1)"
            ),
        };
    }
    if let Some(kwargs) = kwargs {
        let mut position = 0;
        while let Some((key, value)) = kwargs.next_entry(&mut position) {
            if types::str_eq(key.obj(), "sequence") {
                sequence = Some(value);
            } else if types::str_eq(key.obj(), "dict") {
                dict = Some(value);
            } else {
                let name = key.str(th)?;
                raise!(
                    th,
                    TypeError,
                    "{}() got an unexpected keyword argument '{name}'",
                    class.name()
                );
            }
        }
    }
    let Some(sequence) = sequence else {
        raise!(th, TypeError, "{}() missing required argument 'sequence' (pos 1)", class.name());
    };
    if args.len() > 2 {
        raise!(
            th,
            TypeError,
            "{}() takes at most 2 arguments ({} given)",
            class.name(),
            args.len()
        );
    }
    let dict = match &dict {
        Some(dict) => match dict.obj().downcast::<Dict>() {
            Some(dict) => Some(crate::own(dict)),
            None => {
                raise!(th, TypeError, "{}() takes a dict as second arg, if any", class.full_name())
            }
        },
        None => None,
    };
    let mut values = match protocol::iter::collect(th, sequence.obj()) {
        Ok(values) => values,
        Err(raised) => {
            th.catch(raised, crate::exceptions::types::TypeError())?;
            raise!(th, TypeError, "constructor requires a sequence");
        }
    };
    let visible = class_number(th, class, id!(th, "n_sequence_fields"))?;
    let total = total(class);
    let given = values.len();
    let name = class_full_name(th, class)?;
    if given < visible || given > total {
        let bound = match (visible == total, given < visible) {
            (true, _) => String::new(),
            (false, true) => "at least ".to_owned(),
            (false, false) => "at most ".to_owned(),
        };
        let n = if given < visible { visible } else { total };
        raise!(
            th,
            TypeError,
            "{name}() takes a{} {bound}{n}-sequence ({given}-sequence given)",
            if bound.is_empty() { "" } else { "n" }
        );
    }
    let Some(dict) = dict.filter(|dict| !dict.is_empty()) else {
        return instance(th, class, values);
    };
    let names = field_names(th, class)?;
    let mut used = 0;
    for i in given..total {
        let mut value = None;
        if let Some((_, field)) = names.iter().find(|(index, _)| *index == i) {
            value = dict.get(th, Str::intern(th, field)?.obj())?;
            used += usize::from(value.is_some());
        }
        values.push(value.unwrap_or_else(|| types::none().own()));
    }
    if dict.len() > used {
        raise!(th, TypeError, "{name}() got duplicate or unexpected field name(s)");
    }
    instance(th, class, values)
}

fn class_full_name(th: Thread<'_>, class: &Type) -> Result<String> {
    let module = class.module_name(th)?.unwrap_or_default();
    Ok(if module.is_empty() {
        class.name().to_owned()
    } else {
        format!("{module}.{}", class.name())
    })
}

/// `(class, (visible items, {hidden names: values}))`.
fn reduce(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
    let class = this.ty();
    let (visible, total) = (length(this), total(class));
    let items = Tuple::from_refs(th, (0..visible).map(|i| item(this, i).own()).collect())?;
    let hidden = Dict::new(th)?;
    for (i, name) in field_names(th, class)? {
        if (visible..total).contains(&i) {
            hidden.set(th, Str::intern(th, &name)?.obj(), item(this, i))?;
        }
    }
    let args = Tuple::from_objs(th, &[items.obj(), hidden.obj()])?;
    Tuple::from_objs(th, &[class.obj(), args.obj()]).map(Ref::upcast)
}

fn replace_fields(th: Thread<'_>, this: Obj<'_>, changes: Kwargs<'_>) -> Result<Ref> {
    let class = this.ty();
    let total = total(class);
    if class_number(th, class, id!(th, "n_unnamed_fields"))? > 0 {
        let name = class_full_name(th, class)?;
        raise!(
            th,
            TypeError,
            "__replace__() is not supported for {name} because it has unnamed field(s)"
        );
    }
    let mut values: Vec<Ref> = (0..total).map(|i| item(this, i).own()).collect();
    let names = field_names(th, class)?;
    let mut unexpected = Vec::new();
    for (key, value) in changes.iter() {
        let key = key.str(th)?.to_string();
        match names.iter().find(|(_, name)| *name == key) {
            Some((i, _)) => values[*i] = value.own(),
            None => unexpected.push(format!("'{key}'")),
        }
    }
    if !unexpected.is_empty() {
        raise!(th, TypeError, "Got unexpected field name(s): [{}]", unexpected.join(", "));
    }
    instance(th, class, values)
}
