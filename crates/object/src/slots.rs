//! Special methods and the type slots they fill: the one table.
//!
//! [`ROWS`] ties each dunder to its slot, the way its wrapper descriptor reads
//! arguments ([`Wrap`]) and its docstring, in the order class creation fills
//! them (CPython's `slotdefs` order: where a dunder has two rows the later
//! wins). [`install`] has one installer per name that `#[pymethods]` may use:
//! the dunder where one slot belongs to it, else the slot's own name. A method
//! called `__lenn__` is a compile error.

use std::mem::offset_of;

use abi::{
    PyAsyncMethods, PyBufferProcs, PyMappingMethods, PyNumberMethods, PyObject, PySequenceMethods,
    PyTypeObject,
};

use crate::{
    Dict, Obj, Ref, Result, Thread, Tuple, Type, args::IntoReturn, declare::TypeBuilder,
    protocol::CompareOp,
};

/// Which suite of a type a slot is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    Type,
    Number,
    Sequence,
    Mapping,
    Async,
    Buffer,
}

/// How a dunder's arguments map to a slot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    Unary,
    /// `self op value`.
    BinaryLeft,
    /// `value op self`.
    BinaryRight,
    /// A binary slot that is not a number's: no `NotImplemented`.
    Binary,
    /// `__pow__(value, mod=None)`.
    TernaryLeft,
    TernaryRight,
    Ternary,
    Inquiry,
    Length,
    /// `sq_repeat`: an index argument.
    IndexArg,
    /// `sq_item` with negative indices fixed.
    SequenceItem,
    SequenceSetItem,
    SequenceDelItem,
    Contains,
    SetItem,
    DelItem,
    Compare(CompareOp),
    Hash,
    Call,
    GetAttribute,
    /// `__getattr__` fills `tp_getattro` but has no wrapper.
    GetAttr,
    SetAttr,
    DelAttr,
    Next,
    DescrGet,
    DescrSet,
    DescrDelete,
    Init,
    /// `__new__` is a static method, not a wrapper.
    New,
    Finalize,
    GetBuffer,
    ReleaseBuffer,
}

/// A row of the table.
pub struct Row {
    pub dunder: &'static str,
    pub suite: Suite,
    /// The slot's name.
    pub slot: &'static str,
    /// Byte offset of the slot in its suite.
    pub offset: usize,
    pub wrap: Wrap,
}

macro_rules! rows {
    ($( $dunder:literal => $suite:ident $table:ident.$slot:ident $wrap:expr, $doc:literal; )*) => {
        /// Every row.
        pub static ROWS: &[Row] = &[
            $( Row {
                dunder: $dunder,
                suite: Suite::$suite,
                slot: stringify!($slot),
                offset: offset_of!($table, $slot),
                wrap: $wrap,
            }, )*
        ];

        /// Name and doc of every row, as C texts.
        static TEXTS: &[(&str, &str)] =
            &[$( (concat!($dunder, "\0"), concat!($doc, "\0")), )*];
    };
}

/// What C code sees of a row.
struct Base(abi::wrapperbase);

// SAFETY: never changed once it is made.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

/// What the descriptors of a row point to. Cython lets them point to a copy with
/// another docstring; `function` leads back to the row from there, too.
pub fn base_of(row: &'static Row) -> *const abi::wrapperbase {
    static BASES: std::sync::OnceLock<Vec<Base>> = std::sync::OnceLock::new();
    let make = |(row, (name, doc)): (&Row, &(&'static str, &'static str))| {
        Base(abi::wrapperbase {
            name: name.as_ptr().cast(),
            offset: row.offset as i32,
            function: std::ptr::from_ref(row).cast_mut().cast(),
            wrapper: None,
            doc: doc.as_ptr().cast(),
            flags: 0,
            name_strobj: std::ptr::null_mut(),
        })
    };
    let bases = BASES.get_or_init(|| ROWS.iter().zip(TEXTS).map(make).collect());
    let index = (std::ptr::from_ref(row).addr() - ROWS.as_ptr().addr()) / size_of::<Row>();
    bases.get(index).map_or(std::ptr::null(), |base| &raw const base.0)
}

/// The row behind what a descriptor points to.
///
/// # Safety
///
/// `base` is what [`base_of`] gave, or a copy of it.
pub unsafe fn row_of(base: *const abi::wrapperbase) -> &'static Row {
    // SAFETY: the caller's promise.
    unsafe { &*(*base).function.cast::<Row>() }
}

use Wrap::*;

rows! {
    "__buffer__" => Buffer PyBufferProcs.bf_getbuffer GetBuffer, "Return a buffer object that exposes the underlying memory of the object.";
    "__release_buffer__" => Buffer PyBufferProcs.bf_releasebuffer ReleaseBuffer, "Release the buffer object that exposes the underlying memory of the object.";
    "__await__" => Async PyAsyncMethods.am_await Unary, "Return an iterator to be used in await expression.";
    "__aiter__" => Async PyAsyncMethods.am_aiter Unary, "Return an awaitable, that resolves in asynchronous iterator.";
    "__anext__" => Async PyAsyncMethods.am_anext Unary, "Return a value or raise StopAsyncIteration.";
    "__repr__" => Type PyTypeObject.tp_repr Unary, "Return repr(self).";
    "__hash__" => Type PyTypeObject.tp_hash Hash, "Return hash(self).";
    "__call__" => Type PyTypeObject.tp_call Call, "Call self as a function.";
    "__str__" => Type PyTypeObject.tp_str Unary, "Return str(self).";
    "__getattribute__" => Type PyTypeObject.tp_getattro GetAttribute, "Return getattr(self, name).";
    "__getattr__" => Type PyTypeObject.tp_getattro GetAttr, "Implement getattr(self, name).";
    "__setattr__" => Type PyTypeObject.tp_setattro SetAttr, "Implement setattr(self, name, value).";
    "__delattr__" => Type PyTypeObject.tp_setattro DelAttr, "Implement delattr(self, name).";
    "__lt__" => Type PyTypeObject.tp_richcompare Compare(CompareOp::Lt), "Return self<value.";
    "__le__" => Type PyTypeObject.tp_richcompare Compare(CompareOp::Le), "Return self<=value.";
    "__eq__" => Type PyTypeObject.tp_richcompare Compare(CompareOp::Eq), "Return self==value.";
    "__ne__" => Type PyTypeObject.tp_richcompare Compare(CompareOp::Ne), "Return self!=value.";
    "__gt__" => Type PyTypeObject.tp_richcompare Compare(CompareOp::Gt), "Return self>value.";
    "__ge__" => Type PyTypeObject.tp_richcompare Compare(CompareOp::Ge), "Return self>=value.";
    "__iter__" => Type PyTypeObject.tp_iter Unary, "Implement iter(self).";
    "__next__" => Type PyTypeObject.tp_iternext Next, "Implement next(self).";
    "__get__" => Type PyTypeObject.tp_descr_get DescrGet, "Return an attribute of instance, which is of type owner.";
    "__set__" => Type PyTypeObject.tp_descr_set DescrSet, "Set an attribute of instance to value.";
    "__delete__" => Type PyTypeObject.tp_descr_set DescrDelete, "Delete an attribute of instance.";
    "__init__" => Type PyTypeObject.tp_init Init, "Initialize self.  See help(type(self)) for accurate signature.";
    "__new__" => Type PyTypeObject.tp_new New, "Create and return new object.";
    "__del__" => Type PyTypeObject.tp_finalize Finalize, "Called when the instance is about to be destroyed.";
    "__add__" => Number PyNumberMethods.nb_add BinaryLeft, "Return self+value.";
    "__radd__" => Number PyNumberMethods.nb_add BinaryRight, "Return value+self.";
    "__sub__" => Number PyNumberMethods.nb_subtract BinaryLeft, "Return self-value.";
    "__rsub__" => Number PyNumberMethods.nb_subtract BinaryRight, "Return value-self.";
    "__mul__" => Number PyNumberMethods.nb_multiply BinaryLeft, "Return self*value.";
    "__rmul__" => Number PyNumberMethods.nb_multiply BinaryRight, "Return value*self.";
    "__mod__" => Number PyNumberMethods.nb_remainder BinaryLeft, "Return self%value.";
    "__rmod__" => Number PyNumberMethods.nb_remainder BinaryRight, "Return value%self.";
    "__divmod__" => Number PyNumberMethods.nb_divmod BinaryLeft, "Return divmod(self, value).";
    "__rdivmod__" => Number PyNumberMethods.nb_divmod BinaryRight, "Return divmod(value, self).";
    "__pow__" => Number PyNumberMethods.nb_power TernaryLeft, "Return pow(self, value, mod).";
    "__rpow__" => Number PyNumberMethods.nb_power TernaryRight, "Return pow(value, self, mod).";
    "__neg__" => Number PyNumberMethods.nb_negative Unary, "-self";
    "__pos__" => Number PyNumberMethods.nb_positive Unary, "+self";
    "__abs__" => Number PyNumberMethods.nb_absolute Unary, "abs(self)";
    "__bool__" => Number PyNumberMethods.nb_bool Inquiry, "True if self else False";
    "__invert__" => Number PyNumberMethods.nb_invert Unary, "~self";
    "__lshift__" => Number PyNumberMethods.nb_lshift BinaryLeft, "Return self<<value.";
    "__rlshift__" => Number PyNumberMethods.nb_lshift BinaryRight, "Return value<<self.";
    "__rshift__" => Number PyNumberMethods.nb_rshift BinaryLeft, "Return self>>value.";
    "__rrshift__" => Number PyNumberMethods.nb_rshift BinaryRight, "Return value>>self.";
    "__and__" => Number PyNumberMethods.nb_and BinaryLeft, "Return self&value.";
    "__rand__" => Number PyNumberMethods.nb_and BinaryRight, "Return value&self.";
    "__xor__" => Number PyNumberMethods.nb_xor BinaryLeft, "Return self^value.";
    "__rxor__" => Number PyNumberMethods.nb_xor BinaryRight, "Return value^self.";
    "__or__" => Number PyNumberMethods.nb_or BinaryLeft, "Return self|value.";
    "__ror__" => Number PyNumberMethods.nb_or BinaryRight, "Return value|self.";
    "__int__" => Number PyNumberMethods.nb_int Unary, "int(self)";
    "__float__" => Number PyNumberMethods.nb_float Unary, "float(self)";
    "__iadd__" => Number PyNumberMethods.nb_inplace_add Binary, "Return self+=value.";
    "__isub__" => Number PyNumberMethods.nb_inplace_subtract Binary, "Return self-=value.";
    "__imul__" => Number PyNumberMethods.nb_inplace_multiply Binary, "Return self*=value.";
    "__imod__" => Number PyNumberMethods.nb_inplace_remainder Binary, "Return self%=value.";
    "__ipow__" => Number PyNumberMethods.nb_inplace_power Ternary, "Return self**=value.";
    "__ilshift__" => Number PyNumberMethods.nb_inplace_lshift Binary, "Return self<<=value.";
    "__irshift__" => Number PyNumberMethods.nb_inplace_rshift Binary, "Return self>>=value.";
    "__iand__" => Number PyNumberMethods.nb_inplace_and Binary, "Return self&=value.";
    "__ixor__" => Number PyNumberMethods.nb_inplace_xor Binary, "Return self^=value.";
    "__ior__" => Number PyNumberMethods.nb_inplace_or Binary, "Return self|=value.";
    "__floordiv__" => Number PyNumberMethods.nb_floor_divide BinaryLeft, "Return self//value.";
    "__rfloordiv__" => Number PyNumberMethods.nb_floor_divide BinaryRight, "Return value//self.";
    "__truediv__" => Number PyNumberMethods.nb_true_divide BinaryLeft, "Return self/value.";
    "__rtruediv__" => Number PyNumberMethods.nb_true_divide BinaryRight, "Return value/self.";
    "__ifloordiv__" => Number PyNumberMethods.nb_inplace_floor_divide Binary, "Return self//=value.";
    "__itruediv__" => Number PyNumberMethods.nb_inplace_true_divide Binary, "Return self/=value.";
    "__index__" => Number PyNumberMethods.nb_index Unary, "Return self converted to an integer, if self is suitable for use as an index into a list.";
    "__matmul__" => Number PyNumberMethods.nb_matrix_multiply BinaryLeft, "Return self@value.";
    "__rmatmul__" => Number PyNumberMethods.nb_matrix_multiply BinaryRight, "Return value@self.";
    "__imatmul__" => Number PyNumberMethods.nb_inplace_matrix_multiply Binary, "Return self@=value.";
    "__len__" => Mapping PyMappingMethods.mp_length Length, "Return len(self).";
    "__getitem__" => Mapping PyMappingMethods.mp_subscript Binary, "Return self[key].";
    "__setitem__" => Mapping PyMappingMethods.mp_ass_subscript SetItem, "Set self[key] to value.";
    "__delitem__" => Mapping PyMappingMethods.mp_ass_subscript DelItem, "Delete self[key].";
    "__len__" => Sequence PySequenceMethods.sq_length Length, "Return len(self).";
    "__add__" => Sequence PySequenceMethods.sq_concat Binary, "Return self+value.";
    "__mul__" => Sequence PySequenceMethods.sq_repeat IndexArg, "Return self*value.";
    "__rmul__" => Sequence PySequenceMethods.sq_repeat IndexArg, "Return value*self.";
    "__getitem__" => Sequence PySequenceMethods.sq_item SequenceItem, "Return self[key].";
    "__setitem__" => Sequence PySequenceMethods.sq_ass_item SequenceSetItem, "Set self[key] to value.";
    "__delitem__" => Sequence PySequenceMethods.sq_ass_item SequenceDelItem, "Delete self[key].";
    "__contains__" => Sequence PySequenceMethods.sq_contains Contains, "Return bool(key in self).";
    "__iadd__" => Sequence PySequenceMethods.sq_inplace_concat Binary, "Implement self+=value.";
    "__imul__" => Sequence PySequenceMethods.sq_inplace_repeat IndexArg, "Implement self*=value.";
}

/// Make the one value of a function type that has no size.
#[inline(always)]
pub(crate) fn conjure<F: Copy>() -> F {
    const { assert!(size_of::<F>() == 0, "a slot function captures nothing") };
    // SAFETY: the type has no size, and a value of it was passed to the installer.
    unsafe { std::ptr::NonNull::<F>::dangling().read() }
}

#[inline(always)]
fn raw(result: Result<Ref>) -> *mut PyObject {
    match result {
        Ok(value) => value.into_raw(),
        Err(_) => std::ptr::null_mut(),
    }
}

#[inline(always)]
fn status(result: Result<()>) -> i32 {
    if result.is_ok() { 0 } else { -1 }
}

#[inline(always)]
fn truth(result: Result<bool>) -> i32 {
    result.map_or(-1, i32::from)
}

/// Declare a calling convention: the bound on the Rust function, and the
/// `extern "C"` function that stands in the slot.
macro_rules! conventions {
    ($(
        $convention:ident = ($($rust:ty),*) -> $result:ty,
        extern fn($($arg:ident : $c:ty),*) -> $c_result:ty
        = |$th:ident, $call:ident| $body:expr;
    )*) => {
        #[allow(non_snake_case, reason = "named as the convention")]
        mod trampoline {
            use super::*;
            $(
                pub(super) unsafe extern "C" fn $convention<F, R>($($arg: $c),*) -> $c_result
                where
                    F: Copy + for<'a> Fn(Thread<'a>, $($rust),*) -> R,
                    R: IntoReturn<$result>,
                {
                    // SAFETY: slots are called on attached threads.
                    let $th = unsafe { Thread::current() };
                    let $call = conjure::<F>();
                    $body
                }
            )*
        }
    };
}

/// Borrow a C argument that is never null.
///
/// # Safety
///
/// `ptr` is a live object for the time of the call.
#[inline(always)]
unsafe fn arg<'a>(ptr: *mut PyObject) -> Obj<'a> {
    // SAFETY: the caller's promise.
    unsafe { Obj::from_ptr(std::ptr::NonNull::new_unchecked(ptr)) }
}

macro_rules! borrow {
    ($ptr:expr) => {
        // SAFETY: slots get live objects.
        unsafe { arg($ptr) }
    };
}

macro_rules! borrow_opt {
    ($ptr:expr) => {
        // SAFETY: slots get live objects or null.
        unsafe { Obj::from_raw($ptr) }
    };
}

conventions! {
    Unary = (Obj<'a>) -> Ref,
    extern fn(o: *mut PyObject) -> *mut PyObject
    = |th, f| raw(f(th, borrow!(o)).into_return(th));

    Binary = (Obj<'a>, Obj<'a>) -> Ref,
    extern fn(o: *mut PyObject, x: *mut PyObject) -> *mut PyObject
    = |th, f| raw(f(th, borrow!(o), borrow!(x)).into_return(th));

    Ternary = (Obj<'a>, Obj<'a>, Obj<'a>) -> Ref,
    extern fn(o: *mut PyObject, x: *mut PyObject, y: *mut PyObject) -> *mut PyObject
    = |th, f| raw(f(th, borrow!(o), borrow!(x), borrow!(y)).into_return(th));

    Inquiry = (Obj<'a>) -> bool,
    extern fn(o: *mut PyObject) -> i32
    = |th, f| truth(f(th, borrow!(o)).into_return(th));

    Length = (Obj<'a>) -> isize,
    extern fn(o: *mut PyObject) -> isize
    = |th, f| f(th, borrow!(o)).into_return(th).unwrap_or(-1);

    Hash = (Obj<'a>) -> isize,
    extern fn(o: *mut PyObject) -> isize
    = |th, f| match f(th, borrow!(o)).into_return(th) {
        Ok(-1) => -2,
        Ok(hash) => hash,
        Err(_) => -1,
    };

    Index = (Obj<'a>, isize) -> Ref,
    extern fn(o: *mut PyObject, i: isize) -> *mut PyObject
    = |th, f| raw(f(th, borrow!(o), i).into_return(th));

    AssignIndex = (Obj<'a>, isize, Option<Obj<'a>>) -> (),
    extern fn(o: *mut PyObject, i: isize, x: *mut PyObject) -> i32
    = |th, f| status(f(th, borrow!(o), i, borrow_opt!(x)).into_return(th));

    Contains = (Obj<'a>, Obj<'a>) -> bool,
    extern fn(o: *mut PyObject, x: *mut PyObject) -> i32
    = |th, f| truth(f(th, borrow!(o), borrow!(x)).into_return(th));

    Assign = (Obj<'a>, Obj<'a>, Option<Obj<'a>>) -> (),
    extern fn(o: *mut PyObject, k: *mut PyObject, x: *mut PyObject) -> i32
    = |th, f| status(f(th, borrow!(o), borrow!(k), borrow_opt!(x)).into_return(th));

    RichCompare = (Obj<'a>, Obj<'a>, CompareOp) -> Ref,
    extern fn(o: *mut PyObject, x: *mut PyObject, op: i32) -> *mut PyObject
    = |th, f| raw(f(th, borrow!(o), borrow!(x), CompareOp::from_c(op)).into_return(th));

    Next = (Obj<'a>) -> Option<Ref>,
    extern fn(o: *mut PyObject) -> *mut PyObject
    = |th, f| match f(th, borrow!(o)).into_return(th) {
        Ok(Some(value)) => value.into_raw(),
        _ => std::ptr::null_mut(),
    };

    DescrGet = (Obj<'a>, Option<Obj<'a>>, Option<Obj<'a>>) -> Ref,
    extern fn(o: *mut PyObject, x: *mut PyObject, t: *mut PyObject) -> *mut PyObject
    = |th, f| raw(f(th, borrow!(o), borrow_opt!(x), borrow_opt!(t)).into_return(th));

    Call = (Obj<'a>, &'a Tuple, Option<&'a Dict>) -> Ref,
    extern fn(o: *mut PyObject, a: *mut PyObject, k: *mut PyObject) -> *mut PyObject
    = |th, f| {
        // SAFETY: `args` is a tuple, `kwargs` null or a dict.
        let (args, kwargs) = unsafe { (arg(a).cast::<Tuple>(), Obj::from_raw(k).map(|k| k.cast::<Dict>())) };
        raw(f(th, borrow!(o), args, kwargs).into_return(th))
    };

    Init = (Obj<'a>, &'a Tuple, Option<&'a Dict>) -> (),
    extern fn(o: *mut PyObject, a: *mut PyObject, k: *mut PyObject) -> i32
    = |th, f| {
        // SAFETY: `args` is a tuple, `kwargs` null or a dict.
        let (args, kwargs) = unsafe { (arg(a).cast::<Tuple>(), Obj::from_raw(k).map(|k| k.cast::<Dict>())) };
        status(f(th, borrow!(o), args, kwargs).into_return(th))
    };

    New = (&'a Type, &'a Tuple, Option<&'a Dict>) -> Ref,
    extern fn(t: *mut PyTypeObject, a: *mut PyObject, k: *mut PyObject) -> *mut PyObject
    = |th, f| {
        // SAFETY: `args` is a tuple, `kwargs` null or a dict.
        let (args, kwargs) = unsafe { (arg(a).cast::<Tuple>(), Obj::from_raw(k).map(|k| k.cast::<Dict>())) };
        // SAFETY: `tp_new` gets a live type.
        let ty = unsafe { Type::from_ptr(t) };
        raw(f(th, ty, args, kwargs).into_return(th))
    };

    Finalize = (Obj<'a>) -> (),
    extern fn(o: *mut PyObject) -> ()
    = |th, f| { let _ = f(th, borrow!(o)).into_return(th); };

    GetBuffer = (Obj<'a>, &'a mut abi::Py_buffer, i32) -> (),
    extern fn(o: *mut PyObject, view: *mut abi::Py_buffer, flags: i32) -> i32
    = |th, f| {
        // SAFETY: the caller passes a buffer to fill in.
        status(f(th, borrow!(o), unsafe { &mut *view }, flags).into_return(th))
    };

    ReleaseBuffer = (Obj<'a>, &'a mut abi::Py_buffer) -> (),
    extern fn(o: *mut PyObject, view: *mut abi::Py_buffer) -> ()
    = |th, f| {
        // SAFETY: the caller passes the buffer that it got.
        let _ = f(th, borrow!(o), unsafe { &mut *view }).into_return(th);
    };
}

macro_rules! installers {
    ($( $convention:ident $args:tt -> $result:tt { $($group:tt)* } )*) => {
        /// One installer per special method, called by `#[pymethods]`.
        pub mod install {
            use super::*;
            $( installer_group! { $convention $args $result; $($group)* } )*
        }
    };
}

macro_rules! installer_group {
    ($convention:ident $args:tt $result:tt; ) => {};
    ($convention:ident ($($rust:ty),*) [$result:ty]; $name:ident $suite:ident $slot:ident; $($more:tt)*) => {
        #[doc = concat!("Fill `", stringify!($slot), "`.")]
        #[allow(non_snake_case, reason = "named as the special method")]
        pub fn $name<F, R>(builder: &mut TypeBuilder<'_>, _: F)
        where
            F: Copy + for<'a> Fn(Thread<'a>, $($rust),*) -> R,
            R: IntoReturn<$result>,
        {
            builder.$suite().$slot = Some(trampoline::$convention::<F, R>);
        }
        installer_group! { $convention ($($rust),*) [$result]; $($more)* }
    };
}

installers! {
    Unary (Obj<'a>) -> [Ref] {
        __repr__ ty tp_repr; __str__ ty tp_str; __iter__ ty tp_iter;
        __neg__ nb nb_negative; __pos__ nb nb_positive; __abs__ nb nb_absolute;
        __invert__ nb nb_invert; __int__ nb nb_int; __float__ nb nb_float; __index__ nb nb_index;
        __await__ am am_await; __aiter__ am am_aiter; __anext__ am am_anext;
    }
    Next (Obj<'a>) -> [Option<Ref>] { __next__ ty tp_iternext; }
    Hash (Obj<'a>) -> [isize] { __hash__ ty tp_hash; }
    Length (Obj<'a>) -> [isize] { mp_length mp mp_length; sq_length sq sq_length; }
    Inquiry (Obj<'a>) -> [bool] { __bool__ nb nb_bool; }
    Binary (Obj<'a>, Obj<'a>) -> [Ref] {
        __add__ nb nb_add; __sub__ nb nb_subtract; __mul__ nb nb_multiply;
        __mod__ nb nb_remainder; __divmod__ nb nb_divmod; __lshift__ nb nb_lshift;
        __rshift__ nb nb_rshift; __and__ nb nb_and; __xor__ nb nb_xor; __or__ nb nb_or;
        __floordiv__ nb nb_floor_divide; __truediv__ nb nb_true_divide;
        __matmul__ nb nb_matrix_multiply;
        __iadd__ nb nb_inplace_add; __isub__ nb nb_inplace_subtract;
        __imul__ nb nb_inplace_multiply; __imod__ nb nb_inplace_remainder;
        __ilshift__ nb nb_inplace_lshift; __irshift__ nb nb_inplace_rshift;
        __iand__ nb nb_inplace_and; __ixor__ nb nb_inplace_xor; __ior__ nb nb_inplace_or;
        __ifloordiv__ nb nb_inplace_floor_divide; __itruediv__ nb nb_inplace_true_divide;
        __imatmul__ nb nb_inplace_matrix_multiply;
        mp_subscript mp mp_subscript; sq_concat sq sq_concat; sq_inplace_concat sq sq_inplace_concat;
        tp_getattro ty tp_getattro;
    }
    Ternary (Obj<'a>, Obj<'a>, Obj<'a>) -> [Ref] { __pow__ nb nb_power; __ipow__ nb nb_inplace_power; }
    Index (Obj<'a>, isize) -> [Ref] {
        sq_item sq sq_item; sq_repeat sq sq_repeat; sq_inplace_repeat sq sq_inplace_repeat;
    }
    AssignIndex (Obj<'a>, isize, Option<Obj<'a>>) -> [()] { sq_ass_item sq sq_ass_item; }
    Contains (Obj<'a>, Obj<'a>) -> [bool] { __contains__ sq sq_contains; }
    Assign (Obj<'a>, Obj<'a>, Option<Obj<'a>>) -> [()] {
        mp_ass_subscript mp mp_ass_subscript; tp_setattro ty tp_setattro; tp_descr_set ty tp_descr_set;
    }
    RichCompare (Obj<'a>, Obj<'a>, CompareOp) -> [Ref] { tp_richcompare ty tp_richcompare; }
    DescrGet (Obj<'a>, Option<Obj<'a>>, Option<Obj<'a>>) -> [Ref] { __get__ ty tp_descr_get; }
    Call (Obj<'a>, &'a Tuple, Option<&'a Dict>) -> [Ref] { __call__ ty tp_call; }
    Init (Obj<'a>, &'a Tuple, Option<&'a Dict>) -> [()] { __init__ ty tp_init; }
    New (&'a Type, &'a Tuple, Option<&'a Dict>) -> [Ref] { __new__ ty tp_new; }
    Finalize (Obj<'a>) -> [()] { __del__ ty tp_finalize; }
    GetBuffer (Obj<'a>, &'a mut abi::Py_buffer, i32) -> [()] { bf_getbuffer bf bf_getbuffer; }
    ReleaseBuffer (Obj<'a>, &'a mut abi::Py_buffer) -> [()] { bf_releasebuffer bf bf_releasebuffer; }
}
