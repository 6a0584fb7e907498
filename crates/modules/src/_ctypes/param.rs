//! Function arguments: `from_param`, `byref`, and what a C call is given.
//!
//! An [`Argument`] is a C value with its type and whatever it refers to. The
//! `from_param` of a type returns an instance of it, or a [`CArg`]: an argument
//! made into a Python object.

use std::mem::offset_of;

use host::foreign;
use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Head, Int, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Traverse,
    alloc_object, declare::TypeBuilder, id, protocol::instance::is_instance, raise, types,
};

use super::{
    array::Array,
    code::{self, Accessor, Place},
    data::CData,
    function::CFuncPtr,
    info::{Kind, StgInfo, class_name, concrete, info_of},
    pointer::Pointer,
    simple::simple_code,
};

/// Room for any scalar.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub(super) struct Scalar([u8; 32]);

impl Scalar {
    const ZERO: Scalar = Scalar([0; 32]);

    fn pointer(address: usize) -> Scalar {
        let mut scalar = Scalar::ZERO;
        for (to, from) in scalar.0.iter_mut().zip(address.to_ne_bytes()) {
            *to = from;
        }
        scalar
    }

    fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }

    fn first<const N: usize>(&self) -> [u8; N] {
        std::array::from_fn(|index| self.0.get(index).copied().unwrap_or(0))
    }
}

/// The value of an argument.
enum Value {
    Scalar(Box<Scalar>),
    /// A copy of a struct, in whole words.
    Aggregate(Vec<u64>),
}

/// See the module.
pub(super) struct Argument {
    pub(super) ctype: foreign::CType,
    value: Value,
    _keep: Option<Ref>,
}

impl Argument {
    fn scalar(ctype: foreign::CType, value: Scalar, keep: Option<Ref>) -> Argument {
        Argument { ctype, value: Value::Scalar(Box::new(value)), _keep: keep }
    }

    fn pointer(address: usize, keep: Option<Ref>) -> Argument {
        Argument::scalar(foreign::CType::POINTER, Scalar::pointer(address), keep)
    }

    /// Where the value is.
    pub(super) fn as_ptr(&self) -> *const u8 {
        match &self.value {
            Value::Scalar(scalar) => scalar.as_ptr(),
            Value::Aggregate(words) => words.as_ptr().cast(),
        }
    }

    /// Argument number `index` of a call, from one.
    pub(super) fn convert(th: Thread<'_>, object: Obj<'_>, index: usize) -> Result<Argument> {
        if let Some(data) = object.downcast::<CData>()
            && let Some(info) = info_of(object.ty().obj())
        {
            return Argument::of_data(th, data, info);
        }
        if let Some(arg) = object.downcast_exact::<CArg>() {
            return Ok(Argument::scalar(arg.ctype.clone(), arg.value, Some(object.own())));
        }
        if object.is_none() {
            return Ok(Argument::pointer(0, None));
        }
        if Int::is_int(object) {
            let value = Int::to_i64(object).or_else(|| Int::to_u64(object).map(|n| n as i64));
            let Some(value) = value else {
                raise!(th, OverflowError, "int too long to convert");
            };
            let value = Scalar::pointer(value as usize);
            return Ok(Argument::scalar(foreign::CType::INT, value, None));
        }
        if let Some(bytes) = object.downcast::<Bytes>() {
            let address = bytes.data_ptr().as_ptr().expose_provenance();
            return Ok(Argument::pointer(address, Some(object.own())));
        }
        if let Some(text) = object.downcast::<Str>() {
            let (address, keep) = code::wide_copy(th, text)?;
            return Ok(Argument::pointer(address, Some(keep)));
        }
        if let Some(inner) = object.getattr_opt(th, id!(th, "_as_parameter_"))? {
            th.check_stack(" while processing _as_parameter_")?;
            return Argument::convert(th, inner.obj(), index);
        }
        raise!(th, TypeError, "Don't know how to convert parameter {index}");
    }

    /// A C instance as an argument.
    fn of_data(th: Thread<'_>, data: &CData, info: &StgInfo) -> Result<Argument> {
        let keep = Some(data.obj().own());
        Ok(match info.kind {
            Kind::Array => Argument::pointer(data.address(), keep),
            Kind::Pointer | Kind::Function => Argument::pointer(data.pointer(), keep),
            Kind::Simple => {
                let mut value = Scalar::ZERO;
                let size = data.size().min(value.0.len());
                // SAFETY: both have so many bytes.
                unsafe { value.0.as_mut_ptr().copy_from(data.ptr(), size) };
                let ctype = simple_code(data.obj().ty().obj()).and_then(code::ctype);
                Argument::scalar(ctype.unwrap_or(foreign::CType::INT), value, keep)
            }
            Kind::Struct | Kind::Union => {
                let mut words = Vec::new();
                let count = data.size().max(info.size.get()).div_ceil(8) + 2;
                if words.try_reserve_exact(count).is_err() {
                    return Err(th.no_memory());
                }
                words.resize(count, 0);
                // SAFETY: room for the whole struct.
                unsafe { words.as_mut_ptr().cast::<u8>().copy_from(data.ptr(), data.size()) };
                let ctype = info.ctype.borrow().clone();
                Argument { ctype, value: Value::Aggregate(words), _keep: keep }
            }
        })
    }
}

/// What `byref` and `from_param` return.
#[pytype(name = "_ctypes.CArgObject", flags = DISALLOW_INSTANTIATION, traverse = manual)]
pub(crate) struct CArg {
    head: Head,
    tag: u8,
    ctype: foreign::CType,
    value: Scalar,
    object: Link,
}

impl Traverse for CArg {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.object.traverse(visit);
    }

    fn clear(&self) {
        self.object.clear();
    }
}

impl CArg {
    fn create(
        th: Thread<'_>,
        tag: u8,
        ctype: foreign::CType,
        value: Scalar,
        object: Option<Ref>,
    ) -> Result {
        let object = Link::from_option(object);
        alloc_object::new(th, CArg { head: Head::new(), tag, ctype, value, object })
            .map(Ref::upcast)
    }

    fn pointer(th: Thread<'_>, tag: u8, address: usize, object: Ref) -> Result {
        let value = Scalar::pointer(address);
        CArg::create(th, tag, foreign::CType::POINTER, value, Some(object))
    }

    /// `value` converted by the code `tag`.
    fn converted(th: Thread<'_>, tag: u8, accessor: Accessor, value: Obj<'_>) -> Result {
        let mut scalar = Scalar::ZERO;
        let keep = accessor.set(th, Place::new(scalar.0.as_mut_ptr(), 8), value)?;
        let ctype = code::ctype(tag).unwrap_or(foreign::CType::INT);
        CArg::create(th, tag, ctype, scalar, Some(keep))
    }
}

/// A character that may stand for itself.
fn literal(byte: u8) -> Option<char> {
    let printable = byte.is_ascii_graphic() || byte == b' ';
    (printable && byte != b'\\' && byte != b'\'').then_some(char::from(byte))
}

#[pymethods]
impl CArg {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let tag = char::from(self.tag);
        let number = |value: i64| Str::from_fmt(th, format_args!("<cparam '{tag}' ({value})>"));
        let float = |value: f64| {
            let shown = types::Float::new(th, value)?.obj().repr(th)?;
            Str::from_fmt(th, format_args!("<cparam '{tag}' ({})>", &*shown))
        };
        let value = &self.value;
        match self.tag {
            b'b' | b'B' => number(i8::from_ne_bytes(value.first()).into()),
            b'h' | b'H' => number(i16::from_ne_bytes(value.first()).into()),
            b'i' | b'I' => number(i32::from_ne_bytes(value.first()).into()),
            b'l' | b'L' | b'q' | b'Q' => number(i64::from_ne_bytes(value.first())),
            b'f' => float(f32::from_ne_bytes(value.first()).into()),
            b'd' => float(f64::from_ne_bytes(value.first())),
            b'c' => {
                let [byte] = value.first();
                match literal(byte) {
                    Some(shown) => Str::from_fmt(th, format_args!("<cparam '{tag}' ('{shown}')>")),
                    None => Str::from_fmt(th, format_args!("<cparam '{tag}' ('\\x{byte:02x}')>")),
                }
            }
            b'z' | b'Z' | b'P' => {
                let address = usize::from_ne_bytes(value.first());
                if address == 0 {
                    return Str::from_fmt(th, format_args!("<cparam '{tag}' ((nil))>"));
                }
                Str::from_fmt(th, format_args!("<cparam '{tag}' ({address:#x})>"))
            }
            _ => {
                let address = self.obj().as_ptr();
                match literal(self.tag) {
                    Some(tag) => Str::from_fmt(th, format_args!("<cparam '{tag}' at {address:p}>")),
                    None => {
                        let tag = self.tag;
                        Str::from_fmt(th, format_args!("<cparam 0x{tag:02x} at {address:p}>"))
                    }
                }
            }
        }
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (offset, doc) = (offset_of!(CArg, object), Some(c"the wrapped object"));
        b.member(c"_obj", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, doc);
    }
}

/// `byref(data, offset)`.
pub(super) fn by_reference(th: Thread<'_>, data: &CData, offset: isize) -> Result {
    let address = data.address().wrapping_add_signed(offset);
    CArg::pointer(th, b'P', address, data.obj().own())
}

/// Try `value._as_parameter_` instead of `value`.
fn by_attribute(
    th: Thread<'_>,
    class: Obj<'_>,
    value: Obj<'_>,
    convert: fn(Thread<'_>, Obj<'_>, Obj<'_>) -> Result,
) -> Result<Option<Ref>> {
    let Some(inner) = value.getattr_opt(th, id!(th, "_as_parameter_"))? else { return Ok(None) };
    th.check_stack(" while processing _as_parameter_")?;
    convert(th, class, inner.obj()).map(Some)
}

/// `cls.from_param(value)` of most types: instances, and references to them.
pub(super) fn from_param(th: Thread<'_>, class: Obj<'_>, value: Obj<'_>) -> Result {
    if is_instance(th, value, class)? {
        return Ok(value.own());
    }
    if let Some(arg) = value.downcast_exact::<CArg>() {
        let object = arg.object.get();
        if let (Some(object), Some(info)) = (&object, info_of(class))
            && let Some(item) = info.item_type()
            && is_instance(th, object.obj(), item.obj())?
        {
            return Ok(value.own());
        }
        let name = object.as_ref().map_or("???", |object| object.obj().type_name());
        raise!(
            th,
            TypeError,
            "expected {} instance instead of pointer to {name}",
            class_name(class)
        );
    }
    if let Some(value) = by_attribute(th, class, value, from_param)? {
        return Ok(value);
    }
    raise!(
        th,
        TypeError,
        "expected {} instance instead of {}",
        class_name(class),
        value.type_name()
    );
}

/// `cls.from_param(value)` of simple types: anything that can be converted.
pub(super) fn from_param_simple(th: Thread<'_>, class: Obj<'_>, value: Obj<'_>) -> Result {
    if is_instance(th, value, class)? {
        return Ok(value.own());
    }
    let info = concrete(th, class)?;
    let Some(accessor) = info.accessor.get() else {
        raise!(th, TypeError, "abstract class");
    };
    let raised = match CArg::converted(th, accessor.code, Accessor::of(accessor.code), value) {
        Ok(arg) => return Ok(arg),
        Err(raised) => raised,
    };
    let exception = th.take_exception(raised);
    match by_attribute(th, class, value, from_param_simple)? {
        Some(value) => Ok(value),
        None => Err(th.restore(exception)),
    }
}

/// Whether `value` is an array of, or a pointer or reference to, the simple
/// type with that code.
fn refers_to(value: Obj<'_>, code: u8) -> bool {
    if is_array_or_pointer(value) {
        return info_of(value.ty().obj()).is_some_and(|info| info.has_items_of(code));
    }
    let object = value.downcast_exact::<CArg>().and_then(|arg| arg.object.get());
    object.is_some_and(|object| simple_code(object.obj().ty().obj()) == Some(code))
}

fn is_array_or_pointer(value: Obj<'_>) -> bool {
    let ty = value.ty();
    ty.is_subtype(Array::type_object()) || ty.is_subtype(Pointer::type_object())
}

/// `cls.from_param(value)` of `c_char_p`, `c_wchar_p`, `c_void_p`.
pub(super) fn from_param_of_text(th: Thread<'_>, class: Obj<'_>, value: Obj<'_>) -> Result {
    if value.is_none() {
        return Ok(value.own());
    }
    let Some(code) = simple_code(class) else { raise!(th, TypeError, "abstract class") };
    let is_bytes = value.downcast::<Bytes>().is_some();
    let is_text = value.downcast::<Str>().is_some();
    let (by_address, by_bytes, by_text) = match code {
        b'z' => (false, is_bytes, false),
        b'Z' => (false, false, is_text),
        _ => (Int::is_int(value), is_bytes, is_text),
    };
    if by_address {
        return CArg::converted(th, b'P', Accessor::of(b'P'), value);
    }
    if by_bytes {
        return CArg::converted(th, b'z', Accessor::of(b'z'), value);
    }
    if by_text {
        return CArg::converted(th, b'Z', Accessor::of(b'Z'), value);
    }
    if is_instance(th, value, class)? {
        return Ok(value.own());
    }
    let name = match code {
        b'z' => "c_char_p",
        b'Z' => "c_wchar_p",
        _ => "c_void_p",
    };
    let accepted = match code {
        b'z' => refers_to(value, b'c'),
        b'Z' => refers_to(value, b'u'),
        _ => {
            is_array_or_pointer(value)
                || value.downcast_exact::<CArg>().is_some_and(|arg| arg.tag == b'P')
        }
    };
    if accepted {
        return Ok(value.own());
    }
    if code == b'P' {
        if let Some(function) = value.downcast::<CFuncPtr>() {
            return CArg::pointer(th, b'P', function.address(), value.own());
        }
        if let Some(data) = value.downcast::<CData>()
            && matches!(simple_code(value.ty().obj()), Some(b'z' | b'Z'))
        {
            return CArg::pointer(th, b'Z', data.pointer(), value.own());
        }
    }
    match by_attribute(th, class, value, from_param_of_text)? {
        Some(value) => Ok(value),
        None => raise!(
            th,
            TypeError,
            "'{}' object cannot be interpreted as ctypes.{name}",
            value.type_name()
        ),
    }
}
