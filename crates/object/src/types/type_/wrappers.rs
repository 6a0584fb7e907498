//! `wrapper_descriptor` calls: from a dunder's arguments to a slot's.

use abi::PyObject;

use crate::{
    AsObject, Dict, Int, Obj, Raised, Ref, Result, Thread, Tuple, Type, error,
    protocol::mapping,
    raise,
    slots::{Row, Wrap},
    types,
};

fn expect(th: Thread<'_>, args: &[Obj<'_>], n: usize) -> Result<()> {
    let (given, plural) = (args.len(), if n == 1 { "" } else { "s" });
    if given == n {
        return Ok(());
    }
    raise!(th, TypeError, "expected {n} argument{plural}, got {given}")
}

/// The same where CPython unpacks a tuple and knows the name.
fn expect_for(
    th: Thread<'_>,
    name: &str,
    args: &[Obj<'_>],
    least: usize,
    most: usize,
) -> Result<()> {
    let given = args.len();
    if given >= least && given <= most {
        return Ok(());
    }
    let n = if given < least { least } else { most };
    let bound = match given < least {
        _ if least == most => "",
        true => "at least ",
        false => "at most ",
    };
    let plural = if n == 1 { "" } else { "s" };
    raise!(th, TypeError, "{name} expected {bound}{n} argument{plural}, got {given}")
}

fn expect_power(th: Thread<'_>, args: &[Obj<'_>]) -> Result<()> {
    match args.len() {
        1 | 2 => Ok(()),
        given => raise!(th, TypeError, "expected 1 or 2 arguments, got {given}"),
    }
}

fn value(ptr: *mut PyObject) -> Result<Ref> {
    // SAFETY: a slot returns a new reference or null.
    unsafe { Ref::from_raw(ptr) }.ok_or(error::Raised)
}

fn done(status: i32) -> Result<Ref> {
    if status < 0 { Err(Raised) } else { Ok(types::none().own()) }
}

/// Call the slot function `function` of `row` on `this` as its dunder would be.
pub fn call(
    th: Thread<'_>,
    row: &'static Row,
    function: usize,
    this: Obj<'_>,
    args: &[Obj<'_>],
    kwargs: Option<&Dict>,
) -> Result<Ref> {
    if !matches!(row.wrap, Wrap::Call | Wrap::Init) && kwargs.is_some_and(|kwargs| kwargs.len() > 0)
    {
        raise!(th, TypeError, "wrapper {}() takes no keyword arguments", row.dunder);
    }
    let o = this.as_ptr();
    /// The slot as a function of the given type.
    macro_rules! slot {
        ($ty:ty) => {
            // SAFETY: the row says which type the function in the slot has.
            std::mem::transmute::<usize, $ty>(function)
        };
    }
    let raw = |i: usize| args.get(i).map_or(std::ptr::null_mut(), |arg| arg.as_ptr());
    let none = types::none().as_ptr();
    // SAFETY (of all slot calls below): the slot belongs to the type of `this`,
    // and the arguments are live.
    match row.wrap {
        Wrap::Unary => {
            expect(th, args, 0)?;
            // SAFETY: as above.
            value(unsafe { slot!(abi::unaryfunc)(o) })
        }
        Wrap::Next => {
            expect(th, args, 0)?;
            // SAFETY: as above.
            let result = unsafe { slot!(abi::unaryfunc)(o) };
            if result.is_null() && !th.is_raised() {
                raise!(th, StopIteration);
            }
            value(result)
        }
        Wrap::Binary | Wrap::BinaryLeft | Wrap::GetAttribute => {
            expect(th, args, 1)?;
            // SAFETY: as above.
            value(unsafe { slot!(abi::binaryfunc)(o, raw(0)) })
        }
        Wrap::BinaryRight => {
            expect(th, args, 1)?;
            // SAFETY: as above.
            value(unsafe { slot!(abi::binaryfunc)(raw(0), o) })
        }
        Wrap::TernaryLeft | Wrap::Ternary => {
            expect_power(th, args)?;
            let modulus = if args.len() == 2 { raw(1) } else { none };
            // SAFETY: as above.
            value(unsafe { slot!(abi::ternaryfunc)(o, raw(0), modulus) })
        }
        Wrap::TernaryRight => {
            expect_power(th, args)?;
            let modulus = if args.len() == 2 { raw(1) } else { none };
            // SAFETY: as above.
            value(unsafe { slot!(abi::ternaryfunc)(raw(0), o, modulus) })
        }
        Wrap::Inquiry => {
            expect(th, args, 0)?;
            // SAFETY: as above.
            match unsafe { slot!(abi::inquiry)(o) } {
                -1 if th.is_raised() => Err(Raised),
                answer => Ok(types::bool_(answer != 0).own()),
            }
        }
        Wrap::Length | Wrap::Hash => {
            expect(th, args, 0)?;
            // SAFETY: as above.
            match unsafe { slot!(abi::lenfunc)(o) } {
                -1 if th.is_raised() => Err(Raised),
                length => Int::from_i64(th, length as i64),
            }
        }
        Wrap::IndexArg => {
            expect(th, args, 1)?;
            let count = Int::index_to_isize(th, args[0])?;
            // SAFETY: as above.
            value(unsafe { slot!(abi::ssizeargfunc)(o, count) })
        }
        Wrap::SequenceItem => {
            expect(th, args, 1)?;
            let index = sequence_index(th, this, args[0])?;
            // SAFETY: as above.
            value(unsafe { slot!(abi::ssizeargfunc)(o, index) })
        }
        Wrap::SequenceSetItem => {
            expect_for(th, row.dunder, args, 2, 2)?;
            let index = sequence_index(th, this, args[0])?;
            // SAFETY: as above.
            done(unsafe { slot!(abi::ssizeobjargproc)(o, index, raw(1)) })
        }
        Wrap::SequenceDelItem => {
            expect(th, args, 1)?;
            let index = sequence_index(th, this, args[0])?;
            // SAFETY: as above.
            done(unsafe { slot!(abi::ssizeobjargproc)(o, index, std::ptr::null_mut()) })
        }
        Wrap::Contains => {
            expect(th, args, 1)?;
            // SAFETY: as above.
            match unsafe { slot!(abi::objobjproc)(o, raw(0)) } {
                -1 => Err(Raised),
                answer => Ok(types::bool_(answer != 0).own()),
            }
        }
        Wrap::SetItem => {
            expect_for(th, row.dunder, args, 2, 2)?;
            // SAFETY: as above.
            done(unsafe { slot!(abi::objobjargproc)(o, raw(0), raw(1)) })
        }
        Wrap::DelItem => {
            expect(th, args, 1)?;
            // SAFETY: as above.
            done(unsafe { slot!(abi::objobjargproc)(o, raw(0), std::ptr::null_mut()) })
        }
        Wrap::SetAttr | Wrap::DelAttr => {
            match row.wrap {
                Wrap::SetAttr => expect_for(th, row.dunder, args, 2, 2)?,
                _ => expect(th, args, 1)?,
            }
            hackcheck(th, this, function, row.dunder)?;
            // SAFETY: as above.
            done(unsafe { slot!(abi::setattrofunc)(o, raw(0), raw(1)) })
        }
        Wrap::Compare(op) => {
            expect(th, args, 1)?;
            // SAFETY: as above.
            value(unsafe { slot!(abi::richcmpfunc)(o, raw(0), op as i32) })
        }
        Wrap::Call => {
            let args = Tuple::from_objs(th, args)?;
            let kwargs = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
            // SAFETY: as above.
            value(unsafe { slot!(abi::ternaryfunc)(o, args.as_ptr(), kwargs) })
        }
        Wrap::Init => {
            let args = Tuple::from_objs(th, args)?;
            let kwargs = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
            // SAFETY: as above.
            done(unsafe { slot!(abi::initproc)(o, args.as_ptr(), kwargs) })
        }
        Wrap::DescrGet => {
            expect_for(th, row.dunder, args, 1, 2)?;
            let nullable =
                |ptr: *mut PyObject| if ptr == none { std::ptr::null_mut() } else { ptr };
            let (instance, owner) = (nullable(raw(0)), nullable(raw(1)));
            if instance.is_null() && owner.is_null() {
                raise!(th, TypeError, "__get__(None, None) is invalid");
            }
            // SAFETY: as above.
            value(unsafe { slot!(abi::descrgetfunc)(o, instance, owner) })
        }
        Wrap::DescrSet => {
            expect_for(th, row.dunder, args, 2, 2)?;
            // SAFETY: as above.
            done(unsafe { slot!(abi::descrsetfunc)(o, raw(0), raw(1)) })
        }
        Wrap::DescrDelete => {
            expect(th, args, 1)?;
            // SAFETY: as above.
            done(unsafe { slot!(abi::descrsetfunc)(o, raw(0), std::ptr::null_mut()) })
        }
        Wrap::Finalize => {
            expect(th, args, 0)?;
            // SAFETY: as above.
            unsafe { slot!(abi::destructor)(o) };
            Ok(types::none().own())
        }
        Wrap::GetBuffer => {
            expect_for(th, row.dunder, args, 1, 1)?;
            // SAFETY: the row says what the slot's function is.
            types::memoryview::buffer_method(th, this, args[0], unsafe {
                slot!(abi::getbufferproc)
            })
        }
        Wrap::ReleaseBuffer => {
            expect_for(th, row.dunder, args, 1, 1)?;
            types::memoryview::release_buffer_method(th, this, args[0])
        }
        Wrap::New | Wrap::GetAttr => raise!(th, SystemError, "{} has no wrapper", row.dunder),
    }
}

fn sequence_index(th: Thread<'_>, this: Obj<'_>, index: Obj<'_>) -> Result<isize> {
    let index = Int::index_to_isize(th, index)?;
    if index < 0 {
        return Ok(index + mapping::len(th, this)? as isize);
    }
    Ok(index)
}

/// `object.__setattr__(cls, …)` must not get around a metatype's own.
fn hackcheck(th: Thread<'_>, this: Obj<'_>, function: usize, what: &str) -> Result<()> {
    let mut ty = Some(this.ty());
    while let Some(t) = ty {
        if !t.is_heap() {
            break;
        }
        ty = t.base();
    }
    let native = ty.and_then(|t| t.slots().tp_setattro).map_or(0, |f| f as usize);
    if native != 0 && native != function {
        let name = this.type_name();
        raise!(th, TypeError, "can't apply this {what} to {name} object");
    }
    Ok(())
}

/// `cls.__new__(subtype, *args, **kwargs)` of a builtin type, with its checks.
pub fn call_new(
    th: Thread<'_>,
    cls: &Type,
    args: &[Obj<'_>],
    kwargs: Option<&Dict>,
) -> Result<Ref> {
    let Some((first, rest)) = args.split_first() else {
        raise!(th, TypeError, "{}.__new__(): not enough arguments", cls.full_name());
    };
    let Some(subtype) = first.downcast::<Type>() else {
        raise!(
            th,
            TypeError,
            "{}.__new__(X): X is not a type object ({})",
            cls.full_name(),
            first.type_name()
        );
    };
    if !subtype.is_subtype(cls) {
        let (cls, subtype) = (cls.full_name(), subtype.full_name());
        raise!(th, TypeError, "{cls}.__new__({subtype}): {subtype} is not a subtype of {cls}");
    }
    if subtype.flags() & abi::Py_TPFLAGS_DISALLOW_INSTANTIATION != 0 {
        raise!(th, TypeError, "cannot create '{}' instances", subtype.full_name());
    }
    let mut native = subtype;
    while native.is_heap() && super::slot_functions::looks_up_new(native) {
        match native.base() {
            Some(base) => native = base,
            None => break,
        }
    }
    if native.flags() & abi::Py_TPFLAGS_DISALLOW_INSTANTIATION != 0 {
        raise!(th, TypeError, "cannot create '{}' instances", subtype.full_name());
    }
    let mut new = cls.slots().tp_new;
    if std::ptr::eq(cls, types::object_type()) && super::ready::hides_new(th, native) {
        new = native.slots().tp_new;
    }
    if native.slots().tp_new.map(|f| f as usize) != new.map(|f| f as usize) {
        if native.slots().tp_new.is_none() {
            raise!(th, TypeError, "cannot create '{}' instances", subtype.full_name());
        }
        let (cls, subtype, native) = (cls.full_name(), subtype.full_name(), native.full_name());
        raise!(th, TypeError, "{cls}.__new__({subtype}) is not safe, use {native}.__new__()");
    }
    let Some(new) = new else {
        raise!(th, TypeError, "cannot create '{}' instances", subtype.full_name());
    };
    let args = Tuple::from_objs(th, rest)?;
    let kwargs = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
    // SAFETY: `tp_new` of a base of `subtype`.
    value(unsafe { new(subtype.as_ptr(), args.as_ptr(), kwargs) })
}
