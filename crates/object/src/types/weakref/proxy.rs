//! `weakref.proxy`: every operation is the referent's.

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, alloc_object,
    id, own,
    protocol::{CompareOp, compare, iter, mapping, number},
    raise,
};

use super::{Fields, WeakRef, call_referent, fields_of, insert, revive, shared, supported};

/// A proxy for an object without `__call__`.
#[pytype(name = "weakref.ProxyType", c_name = "_PyWeakref_ProxyType", flags = DISALLOW_INSTANTIATION, layout = abi::PyWeakReference)]
pub struct Proxy {
    head: Head,
    fields: Fields,
}

/// A proxy for a callable object.
#[pytype(name = "weakref.CallableProxyType", c_name = "_PyWeakref_CallableProxyType", flags = DISALLOW_INSTANTIATION, layout = abi::PyWeakReference)]
pub struct CallableProxy {
    head: Head,
    fields: Fields,
}

pub(super) fn is_proxy(object: Obj<'_>) -> bool {
    object.is_exact::<Proxy>() || object.is_exact::<CallableProxy>()
}

/// `weakref.proxy(object, callback)`.
pub fn new(th: Thread<'_>, object: Obj<'_>, callback: Option<Obj<'_>>) -> Result<Ref> {
    let callback = callback.filter(|callback| !callback.is_none());
    let head = supported(th, object)?;
    if callback.is_none()
        && let Some(known) = revive(shared(head).1)
    {
        return Ok(known);
    }
    let fields = Fields::new(object, callback);
    let proxy = if object.ty().slots().tp_call.is_some() {
        alloc_object::new(th, CallableProxy { head: Head::new(), fields })?.upcast()
    } else {
        alloc_object::new(th, Proxy { head: Head::new(), fields })?.upcast()
    };
    // SAFETY: references and proxies have one layout.
    insert(head, unsafe { proxy.obj().cast::<WeakRef>() }, false);
    Ok(proxy)
}

/// The live referent of a proxy, any other object as it is.
fn unwrap(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    if !is_proxy(object) {
        return Ok(object.own());
    }
    match fields_of(object).and_then(Fields::referent) {
        Some(object) => Ok(object),
        None => raise!(th, ReferenceError, "weakly-referenced object no longer exists"),
    }
}

fn text(name: Obj<'_>) -> Option<Ref<Str>> {
    name.downcast::<Str>().map(own)
}

macro_rules! binary {
    ($($name:ident $op:ident)*) => { $(
        pub(super) fn $name(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
            let (a, b) = (unwrap(th, a)?, unwrap(th, b)?);
            number::binary(th, number::$op, a.obj(), b.obj())
        }
    )* };
}

macro_rules! inplace {
    ($($name:ident $op:ident)*) => { $(
        pub(super) fn $name(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result {
            let (a, b) = (unwrap(th, a)?, unwrap(th, b)?);
            number::inplace(th, number::$op, a.obj(), b.obj())
        }
    )* };
}

macro_rules! unary {
    ($($name:ident $op:ident)*) => { $(
        pub(super) fn $name(th: Thread<'_>, a: Obj<'_>) -> Result {
            let a = unwrap(th, a)?;
            number::unary(th, number::$op, a.obj())
        }
    )* };
}

/// The operations, as functions that both types install.
mod operations {
    use super::*;

    binary! {
        add ADD sub SUBTRACT mul MULTIPLY mod_ REMAINDER divmod DIVMOD floordiv FLOOR_DIVIDE
        truediv TRUE_DIVIDE lshift LSHIFT rshift RSHIFT and AND xor XOR or OR
        matmul MATRIX_MULTIPLY
    }
    inplace! {
        iadd ADD isub SUBTRACT imul MULTIPLY imod REMAINDER ifloordiv FLOOR_DIVIDE
        itruediv TRUE_DIVIDE ilshift LSHIFT irshift RSHIFT iand AND ixor XOR ior OR
        imatmul MATRIX_MULTIPLY
    }
    unary! { neg NEGATIVE pos POSITIVE invert INVERT abs ABSOLUTE }
}

macro_rules! install_all {
    ($b:ident, $($slot:ident $function:ident)*) => { $(
        crate::slots::install::$slot($b, |th, a, b| operations::$function(th, a, b));
    )* };
}

macro_rules! install_unary {
    ($b:ident, $($slot:ident $function:ident)*) => { $(
        crate::slots::install::$slot($b, |th, a| operations::$function(th, a));
    )* };
}

fn install_operators(b: &mut crate::declare::TypeBuilder<'_>) {
    install_all! { b,
        __add__ add __sub__ sub __mul__ mul __mod__ mod_ __divmod__ divmod
        __floordiv__ floordiv __truediv__ truediv __lshift__ lshift
        __rshift__ rshift __and__ and __xor__ xor __or__ or __matmul__ matmul
        __iadd__ iadd __isub__ isub __imul__ imul __imod__ imod
        __ifloordiv__ ifloordiv __itruediv__ itruediv __ilshift__ ilshift
        __irshift__ irshift __iand__ iand __ixor__ ixor __ior__ ior
        __imatmul__ imatmul
    }
    install_unary! { b,
        __neg__ neg __pos__ pos __invert__ invert __abs__ abs
    }
    use crate::slots::install;
    install::__bool__(b, |th, this| unwrap(th, this)?.is_true(th));
    install::__pow__(b, |th, a, b, modulus| {
        let (a, b, modulus) = (unwrap(th, a)?, unwrap(th, b)?, unwrap(th, modulus)?);
        number::power(th, a.obj(), b.obj(), modulus.obj())
    });
    install::__ipow__(b, |th, a, b, _| {
        let (a, b) = (unwrap(th, a)?, unwrap(th, b)?);
        number::inplace_power(th, a.obj(), b.obj())
    });
    install::__int__(b, |th, this| {
        let this = unwrap(th, this)?;
        crate::types::int::int_type().obj().call(th, &[this.obj()])
    });
    install::__float__(b, |th, this| {
        let this = unwrap(th, this)?;
        crate::types::Float::type_object().obj().call(th, &[this.obj()])
    });
    install::__index__(b, |th, this| number::index(th, unwrap(th, this)?.obj()));
    install::mp_length(b, |th, this| mapping::len(th, unwrap(th, this)?.obj()));
    install::mp_subscript(b, |th, this, key| {
        unwrap(th, this)?.get_item(th, unwrap(th, key)?.obj())
    });
    install::mp_ass_subscript(b, |th, this, key, value| unwrap(th, this)?.set_item(th, key, value));
    install::__contains__(b, |th, this, item| {
        mapping::contains(th, unwrap(th, this)?.obj(), unwrap(th, item)?.obj())
    });
    install::__iter__(b, |th, this| unwrap(th, this)?.iter(th));
    install::__next__(b, |th, this| {
        let object = unwrap(th, this)?;
        if !crate::protocol::iter::is_iterator(object.obj()) {
            raise!(
                th,
                TypeError,
                "Weakref proxy referenced a non-iterator '{}' object",
                object.obj().ty().full_name()
            );
        }
        iter::next(th, object.obj())
    });
    install::__str__(b, |th, this| unwrap(th, this)?.str(th));
    install::__repr__(b, |th, this| {
        let address = this.as_ptr();
        match fields_of(this).and_then(Fields::referent) {
            Some(object) => Str::from_fmt(
                th,
                format_args!(
                    "<weakproxy at {address:p}; to '{}' at {:p}>",
                    object.obj().ty().shown_name(th)?,
                    object.as_ptr()
                ),
            ),
            None => Str::from_fmt(th, format_args!("<weakproxy at {address:p}; dead>")),
        }
    });
    install::tp_richcompare(b, |th, a, b, op: CompareOp| {
        let (a, b) = (unwrap(th, a)?, unwrap(th, b)?);
        compare::rich_compare(th, a.obj(), b.obj(), op)
    });
    install::tp_getattro(b, |th, this, name| {
        let object = unwrap(th, this)?;
        match text(name) {
            Some(name) => object.getattr(th, &name),
            None => raise!(th, TypeError, "attribute name must be string"),
        }
    });
    install::tp_setattro(b, |th, this, name, value| {
        let object = unwrap(th, this)?;
        match text(name) {
            Some(name) => object.setattr(th, &name, value),
            None => raise!(th, TypeError, "attribute name must be string"),
        }
    });
}

#[pymethods]
impl Proxy {
    #[declare]
    fn operators(b: &mut crate::declare::TypeBuilder<'_>) {
        install_operators(b);
    }

    #[sig = "($self, /)"]
    fn __bytes__(&self, th: Thread<'_>) -> Result {
        unwrap(th, self.obj())?.call_method(th, id!(th, "__bytes__"), &[])
    }

    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result {
        unwrap(th, self.obj())?.call_method(th, id!(th, "__reversed__"), &[])
    }
}

#[pymethods]
impl CallableProxy {
    #[declare]
    fn operators(b: &mut crate::declare::TypeBuilder<'_>) {
        install_operators(b);
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let object = unwrap(th, self.obj())?;
        call_referent(th, &object, args, kwargs)
    }

    #[sig = "($self, /)"]
    fn __bytes__(&self, th: Thread<'_>) -> Result {
        unwrap(th, self.obj())?.call_method(th, id!(th, "__bytes__"), &[])
    }

    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result {
        unwrap(th, self.obj())?.call_method(th, id!(th, "__reversed__"), &[])
    }
}
