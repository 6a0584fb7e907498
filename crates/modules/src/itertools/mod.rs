//! `itertools`: iterators over iterators.
//!
//! Every type here is an iterator whose state is in cells: advancing one runs
//! Python code that may advance the same one again.

mod combinatoric;
mod groupby;
mod linear;
mod sources;
mod tee;

use macros::pymodule;
use object::{Int, Module, Obj, Protocol, Ref, Result, Thread, Tuple, id, raise};

/// `__iter__` of an iterator.
macro_rules! self_iterator {
    ($ty:ident) => {
        #[macros::pymethods(part = self_iterator)]
        impl $ty {
            fn __iter__(_: object::Thread<'_>, this: object::Obj<'_>) -> object::Ref {
                this.own()
            }
        }
    };
}
pub(crate) use self_iterator;

/// Functional tools for creating and using iterators.
///
/// Infinite iterators: count, cycle, repeat.
///
/// Iterators terminating on the shortest input sequence: accumulate, batched,
/// chain, compress, dropwhile, filterfalse, groupby, islice, pairwise,
/// starmap, tee, takewhile, zip_longest.
///
/// Combinatoric generators: product, permutations, combinations,
/// combinations_with_replacement.
#[pymodule]
pub mod itertools {
    use super::*;
    use object::{declare::Declared, types::type_::ready};

    /// Returns a tuple of n independent iterators.
    #[sig = "(iterable, n=2, /)"]
    fn tee(th: Thread<'_>, iterable: Obj<'_>, n: isize) -> Result<Ref<Tuple>> {
        let Ok(n) = usize::try_from(n) else { raise!(th, ValueError, "n must be >= 0") };
        let mut copies: Vec<Ref> = Vec::new();
        if copies.try_reserve(n).is_err() {
            return Err(th.no_memory());
        }
        if n == 0 {
            return Tuple::from_refs(th, copies);
        }
        let iterator = iterable.iter(th)?;
        let (mut copy, first) = match iterator.getattr_opt(th, id!(th, "__copy__"))? {
            Some(copy) => {
                let first = copy.call(th, &[])?;
                (Some(copy), first)
            }
            None => (None, super::tee::Tee::of_iterator(th, iterator)?),
        };
        copies.push(first);
        while copies.len() < n {
            let next = match (&copy, copies.first()) {
                (Some(copy), _) => copy.call(th, &[])?,
                (None, Some(first)) => {
                    let method = first.getattr(th, id!(th, "__copy__"))?;
                    let next = method.call(th, &[])?;
                    copy = Some(method);
                    next
                }
                (None, None) => break,
            };
            copies.push(next);
        }
        Tuple::from_refs(th, copies)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<linear::Accumulate>(th)?;
        module.add_type::<linear::Batched>(th)?;
        module.add_type::<linear::Chain>(th)?;
        module.add_type::<linear::Compress>(th)?;
        module.add_type::<linear::DropWhile>(th)?;
        module.add_type::<linear::FilterFalse>(th)?;
        module.add_type::<linear::Islice>(th)?;
        module.add_type::<linear::Pairwise>(th)?;
        module.add_type::<linear::StarMap>(th)?;
        module.add_type::<linear::TakeWhile>(th)?;
        module.add_type::<linear::ZipLongest>(th)?;
        module.add_type::<sources::Count>(th)?;
        module.add_type::<sources::Cycle>(th)?;
        module.add_type::<sources::Repeat>(th)?;
        module.add_type::<groupby::GroupBy>(th)?;
        module.add_type::<groupby::Grouper>(th)?;
        module.add_type::<combinatoric::Product>(th)?;
        module.add_type::<combinatoric::Permutations>(th)?;
        module.add_type::<combinatoric::Combinations>(th)?;
        module.add_type::<combinatoric::CombinationsWithReplacement>(th)?;
        module.add_type::<super::tee::Tee>(th)?;
        ready(th, super::tee::TeeData::DECL)?;
        module.add_type::<super::tee::TeeData>(th)
    }
}

/// An optional count as an index, with the message for anything else.
fn index_or(
    th: Thread<'_>,
    value: Obj<'_>,
    default: Option<isize>,
    message: &str,
) -> Result<Option<isize>> {
    if value.is_none() {
        return Ok(default);
    }
    match Int::index_to_isize(th, value) {
        Ok(value) if value >= 0 => Ok(Some(value)),
        Ok(_) => raise!(th, ValueError, "{message}"),
        Err(raised) => {
            th.clear_exception(raised);
            raise!(th, ValueError, "{message}")
        }
    }
}
