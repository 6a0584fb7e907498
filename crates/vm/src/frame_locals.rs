//! `FrameLocalsProxy` (PEP 667): a mapping that reads and writes a function's
//! variables, plus names of its own.

use macros::{pymethods, pytype};
use object::{
    AsObject, CompareOp, Dict, Head, List, Obj, Protocol, Ref, Result, Str, Thread, Type,
    alloc_object, id, protocol, raise, types, types::cell::CellObject,
};

use crate::{frame::Frame, frame_object::FrameObject, word::Word};

/// The local variables of a frame.
#[pytype(name = "FrameLocalsProxy", c_name = "PyFrameLocalsProxy_Type", flags = MAPPING, layout = abi::PyFrameLocalsProxyObject)]
pub(crate) struct FrameLocalsProxy {
    head: Head,
    frame: Ref<FrameObject>,
}

/// Whether a comprehension inlined in a module or class body has variables.
pub(crate) fn has_hidden(object: &FrameObject) -> bool {
    let (frame, code) = (object.frame(), object.code());
    let hidden = bytecode::fast_kind::CO_FAST_HIDDEN;
    !frame.is_null()
        && (0..code.nlocalsplus as usize).any(|i| {
            let slot = Frame::localsplus(frame).wrapping_add(i);
            // SAFETY: a variable of a live frame.
            code.local_kind(i) & hidden != 0 && unsafe { !(*slot).is_null() }
        })
}

/// A variable of a frame.
struct Variable {
    slot: *mut Word,
    name: Ref<Str>,
}

impl FrameLocalsProxy {
    pub(crate) fn new(th: Thread<'_>, frame: Ref<FrameObject>) -> Result<Ref<FrameLocalsProxy>> {
        alloc_object::new(th, FrameLocalsProxy { head: Head::new(), frame })
    }

    fn variables(&self) -> Vec<Variable> {
        let frame = self.frame.frame();
        if frame.is_null() {
            return Vec::new();
        }
        let code = self.frame.code();
        (0..code.nlocalsplus as usize)
            .map(|i| Variable {
                slot: Frame::localsplus(frame).wrapping_add(i),
                name: object::own(code.local_name(i)),
            })
            .collect()
    }

    /// The cell that a variable lives in, if it does (yet).
    fn cell(&self, index: usize, slot: *mut Word) -> Option<Ref<CellObject>> {
        use bytecode::fast_kind::{CO_FAST_CELL, CO_FAST_FREE};
        let kind = self.frame.code().local_kind(index);
        if kind & (CO_FAST_CELL | CO_FAST_FREE) == 0 {
            return None;
        }
        // SAFETY: the slot belongs to a live frame.
        let object = unsafe { (*slot).obj_opt()? };
        let cell = object.downcast_exact::<CellObject>()?;
        Some(object::own(cell))
    }

    fn value(&self, index: usize, variable: &Variable) -> Option<Ref> {
        if let Some(cell) = self.cell(index, variable.slot) {
            return cell.contents.get();
        }
        // SAFETY: the slot belongs to a live frame.
        unsafe { (*variable.slot).obj_opt() }.map(Obj::own)
    }

    fn find(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Option<(usize, Variable)>> {
        let hash = key.hash(th)?;
        let mut variables = self.variables();
        for i in 0..variables.len() {
            let name = variables[i].name.obj();
            if name.hash(th)? == hash && protocol::compare::eq(th, name, key)? {
                return Ok(Some((i, variables.swap_remove(i))));
            }
        }
        Ok(None)
    }

    fn get(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Option<Ref>> {
        if let Some((index, variable)) = self.find(th, key)?
            && let Some(value) = self.value(index, &variable)
        {
            return Ok(Some(value));
        }
        match self.frame.extra_locals.get() {
            Some(extra) => extra.get(th, key),
            None => Ok(None),
        }
    }

    fn set(&self, th: Thread<'_>, key: Obj<'_>, value: Obj<'_>) -> Result<()> {
        if let Some((index, variable)) = self.find(th, key)? {
            if let Some(cell) = self.cell(index, variable.slot) {
                cell.contents.set(Some(value.own()));
                return Ok(());
            }
            // SAFETY: the slot belongs to a live frame; the old value stays
            // alive, as borrowed words on the stack may mean it.
            unsafe {
                let old = std::mem::replace(&mut *variable.slot, Word::from_ref(value.own()));
                if !old.is_null() {
                    let mut kept = self.frame.overwritten.borrow_mut();
                    kept.push(old.into_ref());
                }
            }
            return Ok(());
        }
        if self.frame.extra_locals.is_null() {
            self.frame.extra_locals.set(Some(Dict::new(th)?));
        }
        match self.frame.extra_locals.get() {
            Some(extra) => extra.set(th, key, value),
            None => Ok(()),
        }
    }

    /// A dict of what the mapping holds now.
    pub(crate) fn snapshot(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        for (i, variable) in self.variables().iter().enumerate() {
            if let Some(value) = self.value(i, variable) {
                dict.set(th, variable.name.obj(), value.obj())?;
            }
        }
        if let Some(extra) = self.frame.extra_locals.get() {
            let mut position = 0;
            while let Some((key, value)) = extra.next_entry(&mut position) {
                dict.set(th, key.obj(), value.obj())?;
            }
        }
        Ok(dict)
    }

    fn update_from(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        let keys = match other.getattr_opt(th, id!(th, "keys"))? {
            Some(keys) => protocol::iter::collect(th, keys.call(th, &[])?.obj())?,
            None => {
                for pair in protocol::iter::collect(th, other)? {
                    let pair = protocol::iter::collect(th, pair.obj())?;
                    let [key, value] = &pair[..] else {
                        raise!(
                            th,
                            ValueError,
                            "update() argument must be dict or another FrameLocalsProxy"
                        );
                    };
                    self.set(th, key.obj(), value.obj())?;
                }
                return Ok(());
            }
        };
        for key in keys {
            let value = other.get_item(th, key.obj())?;
            self.set(th, key.obj(), value.obj())?;
        }
        Ok(())
    }
}

/// `locals()` of a frame: its namespace, or a fresh dict of its variables.
pub(crate) fn locals_of(th: Thread<'_>, frame: Ref<FrameObject>) -> Result<Ref> {
    // SAFETY: the object keeps its frame alive.
    let namespace = unsafe { Obj::from_raw((*frame.frame()).locals) };
    if let Some(namespace) = namespace
        && frame.code().flags & abi::CO_OPTIMIZED == 0
        && !has_hidden(&frame)
    {
        // COMPAT: only `frame.f_locals` shows the mapping itself.
        return match namespace.downcast_exact::<FrameLocalsProxy>() {
            Some(proxy) => proxy.snapshot(th).map(Ref::upcast),
            None => Ok(namespace.own()),
        };
    }
    FrameLocalsProxy::new(th, frame)?.snapshot(th).map(Ref::upcast)
}

#[pymethods]
impl FrameLocalsProxy {
    #[sig = "FrameLocalsProxy(frame, /)"]
    fn __new__(th: Thread<'_>, _: &Type, frame: &FrameObject) -> Result<Ref<FrameLocalsProxy>> {
        Self::new(th, object::own(frame))
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let Some(_guard) = types::repr_guard::enter(th, self.obj()) else {
            return Str::new(th, "{...}");
        };
        protocol::text::repr(th, self.snapshot(th)?.obj())
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(types::not_implemented().own());
        }
        if let Some(other) = other.downcast::<FrameLocalsProxy>() {
            let same = std::ptr::eq(&raw const *self.frame, &raw const *other.frame);
            return Ok(types::bool_(same == (op == CompareOp::Eq)).own());
        }
        if other.downcast::<Dict>().is_some() {
            let dict = self.snapshot(th)?;
            return protocol::compare::rich_compare(th, dict.obj(), other, op);
        }
        Ok(types::not_implemented().own())
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        raise!(th, TypeError, "unhashable type: 'FrameLocalsProxy'")
    }

    fn mp_length(&self, th: Thread<'_>) -> Result<usize> {
        Ok(self.snapshot(th)?.len())
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        match self.get(th, key)? {
            Some(value) => Ok(value),
            None => raise!(th, KeyError, "local variable '{}' is not defined", key.repr(th)?),
        }
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        match value {
            Some(value) => self.set(th, key, value),
            None => {
                if self.find(th, key)?.is_some() {
                    raise!(th, ValueError, "cannot remove local variables from FrameLocalsProxy");
                }
                if let Some(extra) = self.frame.extra_locals.get()
                    && extra.remove(th, key)?
                {
                    return Ok(());
                }
                Err(th.raise_args(object::exceptions::types::KeyError(), &[key]))
            }
        }
    }

    fn __contains__(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        Ok(self.get(th, key)?.is_some())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        self.keys(th)?.obj().iter(th)
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let dict = |object: Obj<'_>| -> Result<Option<Ref<Dict>>> {
            if let Some(proxy) = object.downcast::<FrameLocalsProxy>() {
                return proxy.snapshot(th).map(Some);
            }
            Ok(object.downcast::<Dict>().map(object::own))
        };
        match (dict(left)?, dict(right)?) {
            (Some(left), Some(right)) => {
                protocol::number::binary(th, protocol::number::OR, left.obj(), right.obj())
            }
            _ => Ok(types::not_implemented().own()),
        }
    }

    fn __ior__(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        if other.downcast::<Dict>().is_none() && other.downcast::<FrameLocalsProxy>().is_none() {
            return Ok(types::not_implemented().own());
        }
        self.update_from(th, other)?;
        Ok(self.obj().own())
    }

    /// The names.
    #[sig = "($self, /)"]
    fn keys(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let dict = self.snapshot(th)?;
        let (mut keys, mut position) = (Vec::new(), 0);
        while let Some((key, _)) = dict.next_entry(&mut position) {
            keys.push(key);
        }
        List::from_refs(th, keys)
    }

    /// The values.
    #[sig = "($self, /)"]
    fn values(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let dict = self.snapshot(th)?;
        let (mut values, mut position) = (Vec::new(), 0);
        while let Some((_, value)) = dict.next_entry(&mut position) {
            values.push(value);
        }
        List::from_refs(th, values)
    }

    /// Pairs of names and values.
    #[sig = "($self, /)"]
    fn items(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let dict = self.snapshot(th)?;
        let (mut pairs, mut position) = (Vec::new(), 0);
        while let Some((key, value)) = dict.next_entry(&mut position) {
            pairs.push(object::Tuple::from_array(th, [key, value])?.upcast());
        }
        List::from_refs(th, pairs)
    }

    /// A dict with the same contents.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        self.snapshot(th)
    }

    /// The names in reverse order.
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result<Ref> {
        let keys = self.keys(th)?;
        let mut items: Vec<Ref> = (0..keys.len()).filter_map(|i| keys.get(i)).collect();
        items.reverse();
        List::from_refs(th, items).map(Ref::upcast)
    }

    /// The value of a name, or the default.
    #[name = "get"]
    #[sig = "($self, key, default=None, /)"]
    fn get_or(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result<Ref> {
        let none = types::none();
        Ok(self.get(th, key)?.unwrap_or_else(|| default.unwrap_or(none).own()))
    }

    /// The value of a name; the default is stored and returned if there is none.
    #[sig = "($self, key, default=None, /)"]
    fn setdefault(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result<Ref> {
        if let Some(value) = self.get(th, key)? {
            return Ok(value);
        }
        let default = default.unwrap_or(types::none());
        self.set(th, key, default)?;
        Ok(default.own())
    }

    /// Remove a name that is not a variable and return its value.
    #[sig = "($self, key, default=<unrepresentable>, /)"]
    fn pop(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result<Ref> {
        if self.find(th, key)?.is_some() {
            raise!(th, ValueError, "cannot remove local variables from FrameLocalsProxy");
        }
        if let Some(extra) = self.frame.extra_locals.get()
            && let Some(value) = extra.get(th, key)?
        {
            extra.remove(th, key)?;
            return Ok(value);
        }
        match default {
            Some(default) => Ok(default.own()),
            None => Err(th.raise_args(object::exceptions::types::KeyError(), &[key])),
        }
    }

    /// Assign all names of a mapping.
    #[sig = "($self, other, /)"]
    fn update(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        self.update_from(th, other)
    }
}
