//! `_collections`: `deque`, `defaultdict`, `OrderedDict`, and helpers of
//! `namedtuple` and `Counter`.

mod defaultdict;
mod deque;
mod order;
mod ordered_dict;
mod tuplegetter;

use macros::pymodule;
use object::{
    AsObject, Dict, Int, Module, Obj, Protocol, PyStruct, Result, Thread, id,
    protocol::{iter, number},
};

pub use self::{defaultdict::DefaultDict, deque::Deque, ordered_dict::OrderedDict};

/// Whether `mapping` gets and sets items as `dict` does.
fn is_plain_dict(th: Thread<'_>, mapping: Obj<'_>) -> bool {
    let (ty, dict) = (mapping.ty(), Dict::type_object());
    let same = |a: Option<Obj<'_>>, b: Option<Obj<'_>>| match (a, b) {
        (Some(a), Some(b)) => a.is(b),
        _ => false,
    };
    mapping.downcast::<Dict>().is_some()
        && same(ty.lookup(th, id!(th, "get")), dict.lookup(th, id!(th, "get")))
        && same(ty.lookup(th, id!(th, "__setitem__")), dict.lookup(th, id!(th, "__setitem__")))
}

/// High performance data structures.
/// - deque:        ordered collection accessible from endpoints only
/// - defaultdict:  dict subclass with a default value factory
#[pymodule(name = "_collections")]
pub mod module {
    use super::*;
    use object::{declare::Declared, types::type_::ready};

    /// Count elements in the iterable, updating the mapping
    #[sig = "(mapping, iterable, /)"]
    fn _count_elements(th: Thread<'_>, mapping: Obj<'_>, iterable: Obj<'_>) -> Result<()> {
        let iterator = iterable.iter(th)?;
        let (zero, one) = (Int::from_i64(th, 0)?, Int::from_i64(th, 1)?);
        let dict = mapping.downcast::<Dict>().filter(|_| is_plain_dict(th, mapping));
        if let Some(dict) = dict {
            while let Some(key) = iter::next(th, iterator.obj())? {
                let hash = key.hash(th)?;
                let old = dict.get_with_hash(th, key.obj(), hash)?;
                let new = match old {
                    Some(old) => number::binary(th, number::ADD, old.obj(), one.obj())?,
                    None => one.clone(),
                };
                dict.set_with_hash(th, key.obj(), hash, new.obj())?;
            }
            return Ok(());
        }
        let get = mapping.getattr(th, id!(th, "get"))?;
        while let Some(key) = iter::next(th, iterator.obj())? {
            let old = get.call(th, &[key.obj(), zero.obj()])?;
            let new = number::binary(th, number::ADD, old.obj(), one.obj())?;
            mapping.set_item(th, key.obj(), Some(new.obj()))?;
        }
        Ok(())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Deque>(th)?;
        module.add_type::<DefaultDict>(th)?;
        module.add_type::<OrderedDict>(th)?;
        module.add_type::<deque::DequeIterator>(th)?;
        module.add_type::<deque::DequeReverseIterator>(th)?;
        module.add_type::<tuplegetter::TupleGetter>(th)?;
        ready(th, ordered_dict::OdictIterator::DECL)?;
        ready(th, ordered_dict::OdictKeys::DECL)?;
        ready(th, ordered_dict::OdictValues::DECL)?;
        ready(th, ordered_dict::OdictItems::DECL).map(drop)
    }
}
