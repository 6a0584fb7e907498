//! `_SimpleCData`: numbers, characters, strings, addresses, objects.

use host::foreign;
use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Obj, Protocol, PyStruct, Raised, Ref, Result, Str, Thread, Tuple, Type, id,
    raise,
    types::{descr, type_},
};

use super::{
    code::{self, Accessor, Place, SIMPLE_TYPE_CHARS},
    data::{CData, is_simple_subclass},
    info::{self, Kind, SimpleType, flag},
    param,
};

/// The base class of the types with one value, such as `c_int`.
#[pytype(name = "_ctypes._SimpleCData", base = CData, metaclass = SimpleType, flags = BASETYPE)]
pub(crate) struct Simple {
    pub(super) data: CData,
}

impl Simple {
    fn value(&self, th: Thread<'_>) -> Result {
        match self.data.info(th)?.accessor.get() {
            Some(accessor) => accessor.get(th, Place::new(self.data.ptr(), self.data.size())),
            None => raise!(th, TypeError, "abstract class"),
        }
    }

    fn store(&self, th: Thread<'_>, value: Obj<'_>) -> Result<()> {
        let info = self.data.info(th)?;
        let Some(accessor) = info.accessor.get() else {
            raise!(th, TypeError, "abstract class");
        };
        let place = Place::new(self.data.ptr(), info.size.get());
        let keep = accessor.set(th, place, value)?;
        self.data.keep(th, 0, keep)
    }
}

#[pymethods]
impl Simple {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<CData>> {
        CData::new(th, cls.obj())
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, _: Option<&Dict>) -> Result<()> {
        match args.items() {
            [] => Ok(()),
            [value] => self.store(th, *value),
            more => {
                raise!(th, TypeError, "__init__ expected at most 1 argument, got {}", more.len())
            }
        }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let this = self.data.obj();
        let name = this.ty().full_name();
        if is_simple_subclass(this.ty().obj()) {
            return Str::from_fmt(th, format_args!("<{name} object at {:p}>", this.as_ptr()));
        }
        let value = self.value(th)?.repr(th)?;
        Str::from_fmt(th, format_args!("{name}({})", &*value))
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        self.data.bytes().iter().any(|byte| *byte != 0)
    }

    /// current value
    #[getter(value)]
    fn get_value(&self, th: Thread<'_>) -> Result {
        self.value(th)
    }

    #[setter]
    fn set_value(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        match value {
            Some(value) => self.store(th, value),
            None => raise!(th, TypeError, "can't delete attribute"),
        }
    }

    #[sig = "($self, /)"]
    fn __ctypes_from_outparam__(&self, th: Thread<'_>) -> Result {
        if is_simple_subclass(self.data.obj().ty().obj()) {
            return Ok(self.data.obj().own());
        }
        self.value(th)
    }
}

/// The code in `_type_` of a class.
fn code_of(th: Thread<'_>, class: Obj<'_>) -> Result<(u8, Ref)> {
    let Some(proto) = class.getattr_opt(th, id!(th, "_type_"))? else {
        raise!(th, AttributeError, "class must define a '_type_' attribute");
    };
    let Some(text) = proto.obj().downcast::<Str>() else {
        raise!(th, TypeError, "class must define a '_type_' string attribute");
    };
    let (1, Ok([code])) = (text.len(), <[u8; 1]>::try_from(text.to_utf8(th)?.as_bytes())) else {
        raise!(
            th,
            ValueError,
            "class must define a '_type_' attribute which must be a string of length 1"
        );
    };
    // The terminator of the list counts as a part of it in C, but has no type.
    if code != b's' && !SIMPLE_TYPE_CHARS.as_bytes().contains(&code) {
        raise!(
            th,
            AttributeError,
            "class must define a '_type_' attribute which must be\n\
             a single character string containing one of '{SIMPLE_TYPE_CHARS}'."
        );
    }
    Ok((code, proto))
}

/// Fill in what is known of a class with that code.
fn fill(th: Thread<'_>, class: Obj<'_>, code: u8, proto: &Ref, swapped: bool) -> Result<()> {
    let info = info::init(th, class, Kind::Simple)?;
    let ctype = code::ctype(code).unwrap_or(foreign::CType::INT);
    info.size.set(ctype.size());
    info.align.set(ctype.align());
    *info.ctype.borrow_mut() = ctype;
    info.accessor.set(Some(Accessor { code, swapped }));
    info.proto.set(Some(proto.clone()));
    let order = if swapped { '>' } else { '<' };
    info.set_format(th, format!("{order}{}", code::format_code(code)))
}

/// Create the type of the other byte order for a class, and tie them together.
fn add_swapped(th: Thread<'_>, class: Obj<'_>, args: &Tuple, code: u8, proto: &Ref) -> Result<()> {
    let [name, rest @ ..] = args.items() else { return Err(th.no_memory()) };
    let Some(name) = name.downcast::<Str>() else { return Err(th.no_memory()) };
    let name = Str::from_fmt(th, format_args!("{name}_be"))?;
    let mut items = vec![name.obj()];
    items.extend(rest);
    let args = Tuple::from_objs(th, &items)?;
    let swapped = type_::create::type_new(th, class.ty(), &args, None)?;
    fill(th, swapped.obj(), code, proto, true)?;
    let (little, big) = (id!(th, "__ctype_le__"), id!(th, "__ctype_be__"));
    for owner in [class, swapped.obj()] {
        owner.setattr(th, big, Some(swapped.obj()))?;
        owner.setattr(th, little, Some(class))?;
    }
    Ok(())
}

unsafe extern "C" fn from_param_of_text(
    class: *mut abi::PyObject,
    value: *mut abi::PyObject,
) -> *mut abi::PyObject {
    // SAFETY: a class method is called on an attached thread with live objects.
    let th = unsafe { Thread::current() };
    // SAFETY: as above.
    let (class, value) = unsafe { (th.argument(class), th.argument(value)) };
    match param::from_param_of_text(th, class, value) {
        Ok(value) => value.into_raw(),
        Err(Raised) => std::ptr::null_mut(),
    }
}

struct Definition(abi::PyMethodDef);

// SAFETY: a constant.
unsafe impl Sync for Definition {}

/// `from_param` of `c_char_p`, `c_wchar_p` and `c_void_p`, which take strings.
static FROM_PARAM: Definition = Definition(abi::PyMethodDef {
    ml_name: c"from_param".as_ptr(),
    ml_meth: Some(from_param_of_text),
    ml_flags: abi::METH_O | abi::METH_CLASS,
    ml_doc: c"from_param($type, value, /)\n--\n\n".as_ptr(),
});

#[pymethods]
impl SimpleType {
    fn __init__(th: Thread<'_>, this: Obj<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        super::type_init(th, this, args, kwargs)?;
        let (code, proto) = code_of(th, this)?;
        fill(th, this, code, &proto, false)?;
        let info = info::concrete(th, this)?;
        // SAFETY: the metaclass's instances are types.
        let class = unsafe { Type::from_obj(this) };
        if class.base().is_some_and(|base| std::ptr::eq(base, Simple::type_object())) {
            if code::is_pointer(code) {
                info.add(flag::IS_POINTER);
            }
            if matches!(code, b'z' | b'Z' | b'P')
                && let Some(dict) = class.dict()
            {
                let method = descr::classmethod_descriptor(th, class, &FROM_PARAM.0)?;
                dict.set(th, id!(th, "from_param").obj(), method.obj())?;
                class.modified(th);
            }
        }
        if this.ty().obj().is(SimpleType::type_object().obj()) && code::is_swappable(code) {
            add_swapped(th, this, args, code, &proto)?;
        }
        Ok(())
    }

    /// Convert a Python object into a function call parameter.
    #[sig = "($self, value, /)"]
    fn from_param(th: Thread<'_>, this: Obj<'_>, value: Obj<'_>) -> Result {
        param::from_param_simple(th, this, value)
    }
}

/// The code of a class that is a simple type.
pub(super) fn simple_code(class: Obj<'_>) -> Option<u8> {
    Some(info::info_of(class)?.accessor.get()?.code)
}
