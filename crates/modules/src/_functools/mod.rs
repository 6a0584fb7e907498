//! `_functools`: `reduce`, `cmp_to_key`, `partial` and the cache of `lru_cache`.

mod lru_cache;
mod partial;

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, CompareOp, Head, Int, Link, Module, Obj, Protocol, Ref, Result, Thread, alloc_object,
    declare::TypeBuilder, exceptions::types::TypeError, protocol::compare, raise,
};

pub use self::{lru_cache::LruCacheWrapper, partial::Partial};

/// What `cmp_to_key` returns, and the keys that it makes.
#[pytype(name = "functools.KeyWrapper", flags = DISALLOW_INSTANTIATION)]
pub struct KeyWrapper {
    head: Head,
    cmp: Ref,
    object: Link,
}

#[pymethods]
impl KeyWrapper {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = std::mem::offset_of!(KeyWrapper, object);
        b.member(c"obj", abi::_Py_T_OBJECT, offset, 0, Some(c"Value wrapped by a key function."));
    }

    #[getter]
    fn __text_signature__(&self, _: Thread<'_>) -> &'static str {
        "(obj)"
    }

    #[sig = "K(obj)"]
    fn __call__(&self, th: Thread<'_>, object: Obj<'_>) -> Result {
        let key = KeyWrapper {
            head: Head::new(),
            cmp: self.cmp.clone(),
            object: Link::new(object.own()),
        };
        alloc_object::new(th, key).map(Ref::upcast)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(other) = other.downcast_exact::<KeyWrapper>() else {
            raise!(th, TypeError, "other argument must be K instance");
        };
        let (Some(a), Some(b)) = (self.object.get(), other.object.get()) else {
            raise!(th, AttributeError, "object");
        };
        let answer = self.cmp.call(th, &[a.obj(), b.obj()])?;
        let zero = Int::from_i64(th, 0)?;
        compare::rich_compare(th, answer.obj(), zero.obj(), op)
    }
}

/// Tools that operate on functions.
#[pymodule(name = "_functools")]
pub mod module {
    use super::*;

    /// Apply a function of two arguments cumulatively to the items of an iterable, from left to right.
    ///
    /// This effectively reduces the iterable to a single value.  If initial is present,
    /// it is placed before the items of the iterable in the calculation, and serves as
    /// a default when the iterable is empty.
    #[sig = "(function, iterable, /, initial=<unrepresentable>)"]
    fn reduce(
        th: Thread<'_>,
        function: Obj<'_>,
        iterable: Obj<'_>,
        initial: Option<Obj<'_>>,
    ) -> Result {
        let iterator = match iterable.iter(th) {
            Ok(iterator) => iterator,
            Err(raised) => {
                th.catch(raised, TypeError())?;
                raise!(th, TypeError, "reduce() arg 2 must support iteration");
            }
        };
        let mut result = initial.map(Obj::own);
        while let Some(item) = iterator.next(th)? {
            result = Some(match result {
                Some(result) => function.call(th, &[result.obj(), item.obj()])?,
                None => item,
            });
        }
        match result {
            Some(result) => Ok(result),
            None => raise!(th, TypeError, "reduce() of empty iterable with no initial value"),
        }
    }

    /// Convert a cmp= function into a key= function.
    #[sig = "(mycmp)"]
    fn cmp_to_key(th: Thread<'_>, mycmp: Obj<'_>) -> Result {
        let key = KeyWrapper { head: Head::new(), cmp: mycmp.own(), object: Link::null() };
        alloc_object::new(th, key).map(Ref::upcast)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        use object::{declare::Declared, types::type_::ready};
        ready(th, KeyWrapper::DECL)?;
        partial::init();
        module.add_type::<partial::PlaceholderType>(th)?;
        module.set(th, "Placeholder", partial::placeholder())?;
        module.add_type::<Partial>(th)?;
        module.add_type::<LruCacheWrapper>(th)
    }
}
