//! `_Pointer` and its classes.

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Int, Obj, Protocol, PyStruct, Ref, Result, Thread, Tuple, Type, exceptions, id,
    own,
    protocol::{
        index,
        instance::{is_instance, is_subclass},
    },
    raise,
    types::{self, Slice},
};

use super::{
    array::{Array, Items},
    code::Place,
    data::{self, CData},
    info::{self, Kind, PointerType, StgInfo, class_name, concrete, flag, info_of},
    param,
};

/// The base class of the pointer types that `POINTER()` makes.
#[pytype(name = "_ctypes._Pointer", base = CData, metaclass = PointerType, flags = BASETYPE)]
pub(crate) struct Pointer {
    data: CData,
}

fn no_deletion<T>(th: Thread<'_>) -> Result<T> {
    raise!(th, TypeError, "Pointer does not support item deletion")
}

impl Pointer {
    /// The item type and the bytes of an item.
    fn item_type(&self, th: Thread<'_>) -> Result<(Ref, usize)> {
        match self.data.info(th)?.item_type() {
            Some(item) => {
                let size = concrete(th, item.obj())?.size.get();
                Ok((item, size))
            }
            None => raise!(th, TypeError, "Cannot create instance: has no _type_"),
        }
    }

    /// Where it points, which is not null.
    fn target(&self, th: Thread<'_>) -> Result<*mut u8> {
        match self.data.pointer() {
            0 => raise!(th, ValueError, "NULL pointer access"),
            address => Ok(std::ptr::with_exposed_provenance_mut(address)),
        }
    }

    fn place(&self, th: Thread<'_>, index: isize, size: usize) -> Result<Place> {
        let offset = index.wrapping_mul(size as isize);
        Ok(Place::new(self.target(th)?.wrapping_offset(offset), size))
    }

    fn get(&self, th: Thread<'_>, index: isize) -> Result {
        self.target(th)?;
        let (item, size) = self.item_type(th)?;
        let place = self.place(th, index, size)?;
        data::get_value(th, item.obj(), None, &self.data, index, place)
    }

    fn set(&self, th: Thread<'_>, index: isize, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { return no_deletion(th) };
        self.target(th)?;
        let (item, size) = self.item_type(th)?;
        let place = self.place(th, index, size)?;
        data::set_value(th, &self.data, item.obj(), None, value, index, place)
    }

    /// A slice, which has no length to count negative indices from.
    fn slice(&self, th: Thread<'_>, slice: &Slice) -> Result {
        let bound = |part: Obj<'_>| Int::as_index(th, part, exceptions::types::ValueError());
        let step = if slice.step().is_none() { 1 } else { bound(slice.step())? };
        if step == 0 {
            raise!(th, ValueError, "slice step cannot be zero");
        }
        let start = if slice.start().is_none() {
            if step < 0 {
                raise!(th, ValueError, "slice start is required for step < 0");
            }
            0
        } else {
            bound(slice.start())?
        };
        if slice.stop().is_none() {
            raise!(th, ValueError, "slice stop is required");
        }
        let stop = bound(slice.stop())?;
        let (start_wide, stop_wide, step_wide) = (start as i128, stop as i128, step as i128);
        let count = if step > 0 {
            (stop_wide - start_wide - 1).div_euclid(step_wide) + 1
        } else {
            (start_wide - stop_wide - 1).div_euclid(-step_wide) + 1
        };
        let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
        let (item, _) = self.item_type(th)?;
        let items = Items::of(item.obj());
        let target = std::ptr::with_exposed_provenance_mut(self.data.pointer());
        if count > 0 {
            self.target(th)?;
        }
        items.collect(th, target, (start, step, count), |at| self.get(th, at))
    }

    fn set_target(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { return no_deletion(th) };
        let (item, _) = self.item_type(th)?;
        let Some(target) = value.downcast::<CData>() else {
            raise!(
                th,
                TypeError,
                "expected {} instead of {}",
                class_name(item.obj()),
                value.type_name()
            );
        };
        self.data.set_pointer(target.address());
        // The pointer keeps what it points to, and what that keeps.
        self.data.keep(th, 1, value.own())?;
        let kept = target.kept_objects(th)?;
        self.data.keep(th, 0, kept)
    }
}

#[pymethods]
impl Pointer {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<CData>> {
        if info_of(cls.obj()).and_then(StgInfo::item_type).is_none() {
            raise!(th, TypeError, "Cannot create instance: has no _type_");
        }
        CData::new(th, cls.obj())
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, _: Option<&Dict>) -> Result<()> {
        match args.items() {
            [] => Ok(()),
            [value] => self.set_target(th, Some(*value)),
            more => {
                raise!(th, TypeError, "POINTER expected at most 1 argument, got {}", more.len())
            }
        }
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        self.data.pointer() != 0
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result {
        self.get(th, index)
    }

    fn sq_ass_item(&self, th: Thread<'_>, index: isize, value: Option<Obj<'_>>) -> Result<()> {
        self.set(th, index, value)
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        if Int::is_index(key) {
            let index = Int::as_index(th, key, exceptions::types::IndexError())?;
            return self.get(th, index);
        }
        match key.downcast::<Slice>() {
            Some(slice) if index::is_slice(key) => self.slice(th, slice),
            _ => raise!(th, TypeError, "Pointer indices must be integer"),
        }
    }

    /// the object this pointer points to (read-write)
    #[getter]
    fn contents(&self, th: Thread<'_>) -> Result<Ref<CData>> {
        let target = self.target(th)?;
        let (item, _) = self.item_type(th)?;
        CData::of_base(th, item.obj(), &self.data, 0, target)
    }

    #[setter]
    fn set_contents(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.set_target(th, value)
    }
}

/// Make a class the type of pointers to `item`.
fn set_item_type(th: Thread<'_>, class: Obj<'_>, info: &StgInfo, item: Obj<'_>) -> Result<()> {
    if types::type_::as_type(item).is_none() {
        raise!(th, TypeError, "_type_ must be a type");
    }
    let Some(inner) = info_of(item) else {
        raise!(th, TypeError, "{} must have storage info", &*item.repr(th)?);
    };
    info.proto.set(Some(item.own()));
    if inner.pointer_type.is_null() {
        inner.pointer_type.set(Some(class.own()));
    }
    Ok(())
}

#[pymethods]
impl PointerType {
    fn __init__(th: Thread<'_>, this: Obj<'_>, args: &Tuple, _: Option<&Dict>) -> Result<()> {
        let Some(namespace) = args.get(2) else {
            raise!(th, IndexError, "tuple index out of range");
        };
        let info = info::init(th, this, Kind::Pointer)?;
        info.size.set(8);
        info.align.set(8);
        info.length.set(1);
        *info.ctype.borrow_mut() = host::foreign::CType::POINTER;
        info.add(flag::IS_POINTER);
        info.set_format(th, "&B")?;
        let item = match namespace.downcast::<Dict>() {
            Some(namespace) => namespace.get(th, id!(th, "_type_").obj())?,
            None => None,
        };
        let Some(item) = item else { return Ok(()) };
        set_item_type(th, this, info, item.obj())?;
        let inner = concrete(th, item.obj())?;
        let shape = inner.shape.get().map(|shape| {
            let extents: Vec<String> = shape.iter().map(isize::to_string).collect();
            format!("({})", extents.join(","))
        });
        let format = format!("&{}{}", shape.unwrap_or_default(), inner.format_text());
        info.set_format(th, format)
    }

    #[sig = "($self, type, /)"]
    fn set_type(th: Thread<'_>, this: Obj<'_>, item: Obj<'_>) -> Result<()> {
        let info = concrete(th, this)?;
        set_item_type(th, this, info, item)?;
        if let Some(class) = types::type_::as_type(this)
            && let Some(dict) = class.dict()
        {
            own(dict).set(th, id!(th, "_type_").obj(), item)?;
            class.modified(th);
        }
        Ok(())
    }

    /// Convert a Python object into a function call parameter.
    #[sig = "($self, value, /)"]
    fn from_param(th: Thread<'_>, this: Obj<'_>, value: Obj<'_>) -> Result {
        if value.is_none() {
            return Ok(value.own());
        }
        let info = concrete(th, this)?;
        let Some(item) = info.item_type() else {
            return param::from_param(th, this, value);
        };
        if is_instance(th, value, item.obj())? {
            return match value.downcast::<CData>() {
                Some(data) => param::by_reference(th, data, 0),
                None => raise!(th, TypeError, "expected CData instance"),
            };
        }
        let is_like = |ty: &'static Type| value.ty().is_subtype(ty);
        if (is_like(Pointer::type_object()) || is_like(Array::type_object()))
            && let Some(other) = info_of(value.ty().obj()).and_then(StgInfo::item_type)
            && is_subclass(th, other.obj(), item.obj())?
        {
            return Ok(value.own());
        }
        param::from_param(th, this, value)
    }
}
