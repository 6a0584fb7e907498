//! Filling a dict from another mapping.

use super::{Dict, key_error, keys};
use crate::{
    AsObject, List, Obj, PyStruct, Raised, Ref, Result, Str, Thread, Tuple,
    exceptions::types::TypeError,
    id,
    protocol::{self, Protocol},
    raise,
    watch::DictEvent,
};

/// What to do with a key that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDuplicate {
    Keep,
    Override,
    /// `KeyError` with the key.
    Raise,
}

impl Dict {
    /// Add the entries of `other`, a dict.
    pub fn merge_dict(&self, th: Thread<'_>, other: &Dict, mode: OnDuplicate) -> Result<()> {
        if std::ptr::eq(self, other) || other.is_empty() {
            return Ok(());
        }
        let theirs = other.block();
        if self.is_empty() {
            let log2_size = theirs.log2_size();
            if other.len() == theirs.nentries()
                && (log2_size == keys::LOG_MINSIZE
                    || keys::usable_fraction(log2_size - 1) < other.len())
            {
                if self.is_watched() {
                    self.notify(th, DictEvent::Cloned, Some(other.obj()), None);
                }
                if self.is_empty() && self.entries() == 0 {
                    return self.clone_block(th, other);
                }
            }
        }
        let block = self.block();
        if keys::usable_fraction(block.log2_size()) < other.len() {
            let log2_size = keys::log2_for_entries(self.len().saturating_add(other.len()));
            self.resize(th, log2_size, theirs.is_unicode())?;
        }
        let was_empty = self.is_empty();
        for index in 0..other.entries() {
            let Some((key, value)) = other.entry(index) else { continue };
            let Some(hash) = other.hash_at(index) else { continue };
            let count = other.entries();
            if was_empty && mode != OnDuplicate::Raise {
                self.set_with_hash(th, key.obj(), hash, value.obj())?;
            } else {
                self.merge_one(th, key.obj(), hash, value.obj(), mode)?;
            }
            if other.entries() != count {
                raise!(th, RuntimeError, "dict mutated during update");
            }
        }
        Ok(())
    }

    fn merge_one(
        &self,
        th: Thread<'_>,
        key: Obj<'_>,
        hash: isize,
        value: Obj<'_>,
        mode: OnDuplicate,
    ) -> Result<()> {
        if mode != OnDuplicate::Override && self.contains_with_hash(th, key, hash)? {
            if mode == OnDuplicate::Raise {
                return Err(key_error(th, key));
            }
            return Ok(());
        }
        self.set_with_hash(th, key, hash, value)
    }

    /// Add the entries of any mapping: a dict, or something with `keys()`.
    pub fn merge(&self, th: Thread<'_>, other: Obj<'_>, mode: OnDuplicate) -> Result<()> {
        if let Some(dict) = other.downcast::<Dict>()
            && dict.iterates_plainly()
        {
            return self.merge_dict(th, dict, mode);
        }
        self.merge_with(th, other, |key, value| {
            let hash = Self::hash_key(th, key)?;
            self.merge_one(th, key, hash, value, mode)
        })
    }

    /// Whether no subclass overrode `__iter__`.
    pub fn iterates_plainly(&self) -> bool {
        let (mine, plain) = (self.obj().ty().slots().tp_iter, Dict::type_object().slots().tp_iter);
        match (mine, plain) {
            (Some(mine), Some(plain)) => mine as usize == plain as usize,
            _ => self.obj().is_exact::<Dict>(),
        }
    }

    /// Call `each` with every key and value of a mapping.
    pub fn merge_with(
        &self,
        th: Thread<'_>,
        other: Obj<'_>,
        mut each: impl FnMut(Obj<'_>, Obj<'_>) -> Result<()>,
    ) -> Result<()> {
        if let Some(dict) = other.downcast_exact::<Dict>() {
            let mut position = 0;
            while let Some((key, value)) = dict.next_entry(&mut position) {
                each(key.obj(), value.obj())?;
            }
            return Ok(());
        }
        let keys = other.call_method(th, id!(th, "keys"), &[])?;
        let iterator = keys.iter(th)?;
        while let Some(key) = Protocol::next(&iterator, th)? {
            let value = Protocol::get_item(&other, th, key.obj())?;
            each(key.obj(), value.obj())?;
        }
        Ok(())
    }

    /// `dict.update(other)`: a mapping, or an iterable of pairs.
    pub fn update(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        if other.is_exact::<Dict>() || other.getattr_opt(th, id!(th, "keys"))?.is_some() {
            return self.merge(th, other, OnDuplicate::Override);
        }
        self.merge_pairs(th, other, OnDuplicate::Override)
    }

    /// Add pairs of key and value.
    pub fn merge_pairs(&self, th: Thread<'_>, pairs: Obj<'_>, mode: OnDuplicate) -> Result<()> {
        let iterator = pairs.iter(th)?;
        let mut index = 0usize;
        while let Some(pair) = Protocol::next(&iterator, th)? {
            let (key, value) = split_pair(th, pair.obj(), index)?;
            if mode == OnDuplicate::Override {
                self.set(th, key.obj(), value.obj())?;
            } else {
                let hash = Self::hash_key(th, key.obj())?;
                self.merge_one(th, key.obj(), hash, value.obj(), mode)?;
            }
            index += 1;
        }
        Ok(())
    }
}

/// Note on a `TypeError` that element `index` caused it.
#[cold]
fn not_a_sequence(th: Thread<'_>, raised: Raised, index: usize) -> Result<Raised> {
    if !th.exception_matches(TypeError()) {
        return Ok(raised);
    }
    let exception = th.take_exception(raised);
    let note = Str::from_fmt(
        th,
        format_args!("Cannot convert dictionary update sequence element #{index} to a sequence"),
    )?;
    exception.call_method(th, id!(th, "add_note"), &[note.obj()])?;
    Ok(th.restore(exception))
}

/// Element `index` of a sequence of pairs.
fn split_pair(th: Thread<'_>, pair: Obj<'_>, index: usize) -> Result<(Ref, Ref)> {
    let items: Vec<Ref> = if let Some(tuple) = pair.downcast_exact::<Tuple>() {
        if let [key, value] = tuple.items() {
            return Ok((key.own(), value.own()));
        }
        tuple.items().iter().map(|item| item.own()).collect()
    } else if let Some(list) = pair.downcast_exact::<List>() {
        (0..list.len()).filter_map(|i| list.get(i)).collect()
    } else {
        let iterator = match pair.iter(th) {
            Ok(iterator) => iterator,
            Err(raised) => {
                th.catch(raised, TypeError())?;
                let error = th.raise(TypeError(), format_args!("object is not iterable"));
                return Err(not_a_sequence(th, error, index)?);
            }
        };
        match protocol::iter::collect(th, iterator.obj()) {
            Ok(items) => items,
            Err(raised) => return Err(not_a_sequence(th, raised, index)?),
        }
    };
    match <[Ref; 2]>::try_from(items) {
        Ok([key, value]) => Ok((key, value)),
        Err(items) => raise!(
            th,
            ValueError,
            "dictionary update sequence element #{index} has length {}; 2 is required",
            items.len()
        ),
    }
}
