//! `Structure` and `Union`.
//!
//! Their layout is computed in Python, by `ctypes._layout.get_layout`, when
//! `_fields_` is assigned; here the fields become attributes of the class and
//! the whole gets its size, format and place in calls.

use host::foreign;
use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Int, Obj, Protocol, PyStruct, Raised, Ref, Result, Str, Thread, Tuple, Type,
    error, id,
    protocol::{call, iter},
    raise, types,
};

use super::{
    data::CData,
    field::CField,
    info::{self, Kind, StgInfo, StructType, UnionType, flag, info_of},
};

/// Structure base class
#[pytype(name = "_ctypes.Structure", base = CData, metaclass = StructType, flags = BASETYPE)]
pub(crate) struct Structure {
    data: CData,
}

/// Union base class
#[pytype(name = "_ctypes.Union", base = CData, metaclass = UnionType, flags = BASETYPE)]
pub(crate) struct Union {
    data: CData,
}

/// The base class of a class.
fn base_of(class: Obj<'_>) -> Option<Ref> {
    types::type_::as_type(class)?.base().map(|base| base.obj().own())
}

/// The metaclass's `__init__`.
fn init(th: Thread<'_>, class: Obj<'_>, kind: Kind) -> Result<()> {
    let dict = types::type_::as_type(class).and_then(Type::dict);
    let own = |name: &Str| dict.and_then(|dict| dict.get_name(th, name)).map(Obj::own);
    if own(id!(th, "_abstract_")).is_some() {
        return Ok(());
    }
    let info = info::init(th, class, kind)?;
    if let Some(fields) = own(id!(th, "_fields_")) {
        return class.setattr(th, id!(th, "_fields_"), Some(fields.obj()));
    }
    if let Some(base) = base_of(class)
        && let Some(base) = info_of(base.obj())
    {
        info.copy_from(base);
        info.flags.set(info.flags.get() & !flag::FINAL);
        base.add(flag::FINAL);
    }
    Ok(())
}

/// A non-negative `int` attribute of the computed layout.
fn layout_size(th: Thread<'_>, layout: &Ref, name: &'static Str) -> Result<usize> {
    let value = layout.getattr(th, name)?;
    if !Int::is_int(value.obj()) {
        raise!(th, TypeError, "an integer is required");
    }
    match usize::try_from(Int::index_to_isize(th, value.obj())?) {
        Ok(value) => Ok(value),
        Err(_) => raise!(th, ValueError, "{name} must be a non-negative integer"),
    }
}

/// Take over new `_fields_`.
fn update(th: Thread<'_>, class: Obj<'_>, fields: Obj<'_>, kind: Kind) -> Result<()> {
    let Some(info) = info_of(class) else {
        raise!(th, TypeError, "ctypes state is not initialized");
    };
    if info.has(flag::FINAL) {
        raise!(th, AttributeError, "_fields_ is final");
    }
    let base = base_of(class).filter(|base| info_of(base.obj()).is_some());
    let get_layout = crate::support::import_from(th, "ctypes._layout", "get_layout")?;
    let names = Tuple::from_objs(th, &[id!(th, "is_struct").obj(), id!(th, "base").obj()])?;
    let is_struct = types::bool_(kind == Kind::Struct);
    let base_arg = base.as_ref().map_or(types::none(), AsObject::obj);
    let args = [class, fields, is_struct, base_arg];
    let layout = call::call(th, get_layout.obj(), &args, Some(&names))?;
    let align = layout_size(th, &layout, id!(th, "align"))?;
    let size = layout_size(th, &layout, id!(th, "size"))?;
    let format = layout.getattr(th, id!(th, "format_spec"))?;
    let Some(format) = format.obj().downcast::<Str>() else {
        raise!(th, TypeError, "format_spec must be a string");
    };
    let format = format.to_utf8(th)?.to_owned();
    let fields = layout.getattr(th, id!(th, "fields"))?;
    let fields = Tuple::from_iterable(th, fields.obj())?;
    let base = base.as_ref().and_then(|base| info_of(base.obj()));
    add_fields(th, class, info, &fields)?;
    let parts = parts(&fields, base);
    let parts = parts.iter().map(|(offset, ctype)| (*offset, ctype));
    *info.ctype.borrow_mut() = foreign::CType::aggregate(size, align, parts);
    info.set_format(th, format)?;
    info.size.set(size);
    info.align.set(align);
    info.length.set(base.map_or(0, |base| base.length.get()) + fields.len());
    // A field's type became final; that must not have been this one.
    if info.has(flag::FINAL) {
        raise!(th, AttributeError, "Structure or union cannot contain itself");
    }
    info.add(flag::FINAL);
    add_anonymous(th, class)
}

/// Make the fields attributes of the class.
fn add_fields(th: Thread<'_>, class: Obj<'_>, info: &StgInfo, fields: &Tuple) -> Result<()> {
    for (index, object) in fields.items().iter().enumerate() {
        let Some(field) = object.downcast::<CField>() else {
            let name = object.ty().shown_name(th)?;
            raise!(th, TypeError, "fields must be of type CField, got {name}");
        };
        if field.index != index as isize {
            raise!(
                th,
                ValueError,
                "field {} index mismatch (expected {index}, got {})",
                &*field.name.repr(th)?,
                field.index
            );
        }
        let inner = info::concrete(th, field.proto.obj())?;
        if inner.has(flag::IS_POINTER | flag::HAS_POINTER) {
            info.add(flag::HAS_POINTER);
        }
        inner.add(flag::FINAL);
        class.setattr(th, &field.name, Some(*object))?;
    }
    Ok(())
}

/// Where the C types of all fields are.
fn parts(fields: &Tuple, base: Option<&StgInfo>) -> Vec<(usize, foreign::CType)> {
    let mut parts = Vec::new();
    if let Some(base) = base {
        parts.push((0, base.ctype.borrow().clone()));
    }
    for field in fields.items().iter().filter_map(|field| field.downcast::<CField>()) {
        if let (Some(inner), Ok(offset)) =
            (info_of(field.proto.obj()), usize::try_from(field.byte_offset))
        {
            parts.push((offset, memory_type(inner)));
        }
    }
    parts
}

/// The C type in memory: an array is one there, in calls it is a pointer.
fn memory_type(info: &StgInfo) -> foreign::CType {
    if info.kind != Kind::Array {
        return info.ctype.borrow().clone();
    }
    let (size, align) = (info.size.get(), info.align.get());
    let item = info.item_type();
    let Some(item) = item.as_ref().and_then(|item| info_of(item.obj())) else {
        return foreign::CType::aggregate(size, align, []);
    };
    // More than 16 bytes go through memory, whatever they are.
    let count = if size > 16 { 0 } else { info.length.get() };
    let step = item.size.get();
    let item = memory_type(item);
    foreign::CType::aggregate(size, align, (0..count).map(|index| (index * step, &item)))
}

/// Give the class the fields of its anonymous fields.
fn add_anonymous(th: Thread<'_>, class: Obj<'_>) -> Result<()> {
    let Some(names) = class.getattr_opt(th, id!(th, "_anonymous_"))? else { return Ok(()) };
    for name in sequence(th, names.obj(), "_anonymous_ must be a sequence")? {
        let field = attribute(th, class, name.obj())?;
        let Some(field) = field.obj().downcast_exact::<CField>() else {
            raise!(
                th,
                AttributeError,
                "'{}' is specified in _anonymous_ but not in _fields_",
                &*name.str(th)?
            );
        };
        field.anonymous.set(true);
        add_inner_fields(th, class, field, field.index, field.byte_offset)?;
    }
    Ok(())
}

fn attribute(th: Thread<'_>, object: Obj<'_>, name: Obj<'_>) -> Result {
    match name.downcast::<Str>() {
        Some(name) => object.getattr(th, name),
        None => raise!(th, TypeError, "attribute name must be string, not '{}'", name.type_name()),
    }
}

fn sequence(th: Thread<'_>, object: Obj<'_>, message: &str) -> Result<Vec<Ref>> {
    iter::collect(th, object).map_err(|raised| {
        if !th.exception_matches(object::exceptions::types::TypeError()) {
            return raised;
        }
        th.clear_exception(raised);
        error!(th, TypeError, "{message}")
    })
}

/// Give `class` the fields of the type of an anonymous field of it.
fn add_inner_fields(
    th: Thread<'_>,
    class: Obj<'_>,
    outer: &CField,
    index: isize,
    offset: isize,
) -> Result<()> {
    th.check_stack(" in an anonymous field")?;
    let proto = outer.proto.clone();
    let fields = proto.getattr(th, id!(th, "_fields_"))?;
    for pair in sequence(th, fields.obj(), "_fields_ must be a sequence")? {
        let pair = Tuple::from_iterable(th, pair.obj())?;
        let ([name, _] | [name, _, _]) = pair.items() else {
            raise!(th, TypeError, "_fields_ must be a sequence of pairs");
        };
        let found = attribute(th, proto.obj(), *name)?;
        let Some(field) = found.obj().downcast_exact::<CField>() else {
            raise!(th, TypeError, "unexpected type");
        };
        if field.anonymous.get() {
            let (index, offset) = (index + field.index, offset + field.byte_offset);
            add_inner_fields(th, class, field, index, offset)?;
            continue;
        }
        let moved = field.moved(th, offset, index)?;
        class.setattr(th, &field.name, Some(moved.obj()))?;
    }
    Ok(())
}

/// The metaclass's `__setattr__`.
fn set_class_attribute(
    th: Thread<'_>,
    class: Obj<'_>,
    name: Obj<'_>,
    value: Option<Obj<'_>>,
    kind: Kind,
) -> Result<()> {
    if let Some(value) = value
        && types::str_eq(name, "_fields_")
    {
        update(th, class, value, kind)?;
    }
    let Some(set) = Type::type_object().slots().tp_setattro else { return Err(th.no_memory()) };
    let value = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
    // SAFETY: `type`'s own slot, on a type.
    if unsafe { set(class.as_ptr(), name.as_ptr(), value) } < 0 { Err(Raised) } else { Ok(()) }
}

/// Assign positional arguments to the fields of the bases and of `class`; the
/// number of those that were taken.
fn init_positional(
    th: Thread<'_>,
    this: Obj<'_>,
    class: &Type,
    args: &Tuple,
    kwargs: Option<&Dict>,
) -> Result<usize> {
    let base = class.base().filter(|base| info_of(base.obj()).is_some());
    let first = match base {
        Some(base) => init_positional(th, this, base, args, kwargs)?,
        None => 0,
    };
    let length = info_of(class.obj()).map_or(0, |info| info.length.get());
    let fields = class.dict().and_then(|dict| dict.get_name(th, id!(th, "_fields_")));
    let Some(fields) = fields.map(Obj::own) else { return Ok(first) };
    for index in first..length.min(args.len()) {
        let (Some(value), number) = (args.get(index), Int::from_usize(th, index - first)?) else {
            break;
        };
        let pair = fields.get_item(th, number.obj())?;
        let name = pair.get_item(th, Int::from_i64(th, 0)?.obj())?;
        if let Some(kwargs) = kwargs
            && kwargs.contains(th, name.obj())?
        {
            raise!(th, TypeError, "duplicate values for field {}", &*name.repr(th)?);
        }
        set_attribute(th, this, name.obj(), value)?;
    }
    Ok(length)
}

fn set_attribute(th: Thread<'_>, this: Obj<'_>, name: Obj<'_>, value: Obj<'_>) -> Result<()> {
    match name.downcast::<Str>() {
        Some(name) => this.setattr(th, name, Some(value)),
        None => raise!(th, TypeError, "attribute name must be string, not '{}'", name.type_name()),
    }
}

/// `__init__` of instances.
fn init_instance(th: Thread<'_>, this: Obj<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
    if args.len() > 0 && init_positional(th, this, this.ty(), args, kwargs)? < args.len() {
        raise!(th, TypeError, "too many initializers");
    }
    for (name, value) in kwargs.map(Dict::items).unwrap_or_default() {
        set_attribute(th, this, name.obj(), value.obj())?;
    }
    Ok(())
}

macro_rules! aggregate {
    ($ty:ident, $metaclass:ident, $kind:expr) => {
        #[pymethods]
        impl $ty {
            fn __new__(
                th: Thread<'_>,
                cls: &Type,
                _: &Tuple,
                _: Option<&Dict>,
            ) -> Result<Ref<CData>> {
                CData::new(th, cls.obj())
            }

            fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
                init_instance(th, self.data.obj(), args, kwargs)
            }
        }

        #[pymethods]
        impl $metaclass {
            fn __init__(th: Thread<'_>, this: Obj<'_>, _: &Tuple, _: Option<&Dict>) -> Result<()> {
                init(th, this, $kind)
            }

            fn tp_setattro(
                th: Thread<'_>,
                this: Obj<'_>,
                name: Obj<'_>,
                value: Option<Obj<'_>>,
            ) -> Result<()> {
                set_class_attribute(th, this, name, value, $kind)
            }
        }
    };
}

aggregate!(Structure, StructType, Kind::Struct);
aggregate!(Union, UnionType, Kind::Union);
