//! `_abc`: the registries and caches of abstract base classes.
//!
//! A class's data is its `_abc_impl`. Classes are kept weakly, keyed by
//! address; an entry counts only while its weak reference still leads to the
//! class asked for. Registering anywhere makes every negative cache stale.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Dict, Head, Int, IntoObject, Module, Obj, Protocol, Ref, Result, Thread, Traverse,
    Tuple, Type,
    alloc::AddressMap,
    alloc_object, id,
    protocol::{generic, instance, iter},
    raise,
    types::{self, weakref},
};

/// Classes held weakly.
#[derive(Default)]
struct WeakClasses {
    entries: RefCell<AddressMap<Ref>>,
    sweep_at: Cell<usize>,
}

impl Traverse for WeakClasses {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(entries) = self.entries.try_borrow() {
            entries.values().for_each(|entry| visit(entry.obj()));
        }
    }
    fn clear(&self) {
        drop(self.take());
    }
}

impl WeakClasses {
    fn contains(&self, class: Obj<'_>) -> bool {
        let entry = self.entries.borrow().get(&class.as_ptr().addr()).cloned();
        entry.and_then(|entry| weakref::referent(entry.obj())).is_some_and(|c| c.obj().is(class))
    }

    fn add(&self, th: Thread<'_>, class: Obj<'_>) -> Result<()> {
        let entry = weakref::new(th, class)?;
        let old = self.entries.borrow_mut().insert(class.as_ptr().addr(), entry);
        drop(old);
        let len = self.entries.borrow().len();
        if len > self.sweep_at.get().max(16) {
            let mut dead = Vec::new();
            self.entries.borrow_mut().retain(|_, entry| {
                let alive = weakref::referent(entry.obj()).is_some();
                if !alive {
                    dead.push(entry.clone());
                }
                alive
            });
            self.sweep_at.set(2 * self.entries.borrow().len());
        }
        Ok(())
    }

    fn take(&self) -> AddressMap<Ref> {
        std::mem::take(&mut *self.entries.borrow_mut())
    }

    fn references(&self) -> Vec<Ref> {
        self.entries.borrow().values().cloned().collect()
    }

    fn classes(&self) -> Vec<Ref> {
        let references = self.references();
        references.iter().filter_map(|entry| weakref::referent(entry.obj())).collect()
    }
}

/// Internal state held by ABC machinery.
#[pytype(name = "_abc._abc_data")]
pub struct AbcData {
    head: Head,
    registry: WeakClasses,
    cache: WeakClasses,
    negative_cache: WeakClasses,
    negative_version: Cell<u64>,
}

#[pymethods]
impl AbcData {}

/// How often a class was registered.
#[derive(Default)]
struct Invalidations(Cell<u64>);

fn invalidations(th: Thread<'_>) -> u64 {
    th.interp().extensions.get::<Invalidations>().0.get()
}

const COLLECTION: u64 = abi::Py_TPFLAGS_SEQUENCE | abi::Py_TPFLAGS_MAPPING;

fn data_of(th: Thread<'_>, class: Obj<'_>) -> Result<Ref<AbcData>> {
    match class.getattr(th, id!(th, "_abc_impl"))?.downcast::<AbcData>() {
        Ok(data) => Ok(data),
        Err(_) => raise!(th, TypeError, "_abc_impl is set to a wrong type"),
    }
}

fn set_of(th: Thread<'_>, kind: &'static str, items: Vec<Ref>) -> Result {
    let name = object::Str::intern(th, kind)?;
    let items = Tuple::from_refs(th, items)?;
    generic::builtin(th, &name)?.call(th, &[items.obj()])
}

/// Find the abstract methods of a class and record them.
fn compute_abstract_methods(th: Thread<'_>, class: Obj<'_>) -> Result<()> {
    let namespace = class.getattr(th, id!(th, "__dict__"))?;
    let items = namespace.call_method(th, id!(th, "items"), &[])?;
    let mut abstracts: Vec<Ref> = Vec::new();
    for item in iter::collect(th, items.obj())? {
        let Some(pair) = item.obj().downcast::<Tuple>() else {
            raise!(th, TypeError, "items() returned an item that is not a tuple");
        };
        let [key, value] = pair.items() else {
            raise!(th, TypeError, "items() returned item which size is not 2");
        };
        if generic::is_abstract(th, *value)? {
            abstracts.push(key.own());
        }
    }
    let bases = class.getattr(th, id!(th, "__bases__"))?;
    let Some(bases) = bases.obj().downcast::<Tuple>() else {
        raise!(th, TypeError, "__bases__ is not tuple");
    };
    for base in bases.items() {
        let Some(names) = base.getattr_opt(th, id!(th, "__abstractmethods__"))? else { continue };
        for name in iter::collect(th, names.obj())? {
            let Some(key) = name.obj().downcast::<object::Str>() else {
                raise!(th, TypeError, "attribute name must be string");
            };
            if let Some(value) = class.getattr_opt(th, key)?
                && generic::is_abstract(th, value.obj())?
            {
                abstracts.push(name);
            }
        }
    }
    let abstracts = set_of(th, "frozenset", abstracts)?;
    class.setattr(th, id!(th, "__abstractmethods__"), Some(abstracts.obj()))
}

/// Take `__abc_tpflags__` over into the flags of the type.
fn adopt_collection_flags(th: Thread<'_>, class: &Type) -> Result<()> {
    // SAFETY: null or the dict of the type, owned while it is used.
    let dict = unsafe { Obj::from_raw(class.slots().tp_dict) }.map(Obj::own);
    let Some(dict) = dict.as_ref().and_then(|dict| dict.obj().downcast::<Dict>()) else {
        return Ok(());
    };
    let name = id!(th, "__abc_tpflags__");
    let Some(flags) = dict.get(th, name.obj())? else { return Ok(()) };
    if let Some(flags) = Int::to_i64(flags.obj()) {
        let flags = flags as u64 & COLLECTION;
        if flags == COLLECTION {
            raise!(
                th,
                TypeError,
                "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING"
            );
        }
        set_flags(class, flags);
    }
    dict.remove(th, name.obj()).map(drop)
}

fn set_flags(class: &Type, flags: u64) {
    // SAFETY: flags are changed with the GIL held, as C extensions do.
    unsafe { (*class.as_ptr()).tp_flags |= flags };
}

/// Make `class` and its subclasses match as the collection that `flags` says.
fn set_collection_flags(th: Thread<'_>, class: &Type, flags: u64) -> Result<()> {
    if class.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 || class.flags() & COLLECTION == flags {
        return Ok(());
    }
    // SAFETY: flags are changed with the GIL held.
    unsafe { (*class.as_ptr()).tp_flags &= !COLLECTION };
    set_flags(class, flags);
    let subclasses = class.obj().call_method(th, id!(th, "__subclasses__"), &[])?;
    for subclass in iter::collect(th, subclasses.obj())? {
        if let Some(subclass) = subclass.obj().downcast::<Type>() {
            set_collection_flags(th, subclass, flags)?;
        }
    }
    class.modified(th);
    Ok(())
}

fn subclass_check(th: Thread<'_>, class: Obj<'_>, subclass: Obj<'_>) -> Result<bool> {
    if subclass.downcast::<Type>().is_none() {
        raise!(th, TypeError, "issubclass() arg 1 must be a class");
    }
    let data = data_of(th, class)?;
    if data.cache.contains(subclass) {
        return Ok(true);
    }
    let version = invalidations(th);
    if data.negative_version.get() < version {
        drop(data.negative_cache.take());
        data.negative_version.set(version);
    } else if data.negative_cache.contains(subclass) {
        return Ok(false);
    }
    let ok = class.call_method(th, id!(th, "__subclasshook__"), &[subclass])?;
    if ok.obj().is(types::bool_(true)) {
        data.cache.add(th, subclass)?;
        return Ok(true);
    }
    if ok.obj().is(types::bool_(false)) {
        data.negative_cache.add(th, subclass)?;
        return Ok(false);
    }
    if !ok.obj().is(types::not_implemented()) {
        raise!(
            th,
            AssertionError,
            "__subclasshook__ must return either False, True, or NotImplemented"
        );
    }
    if let (Some(sub), Some(ty)) = (subclass.downcast::<Type>(), class.downcast::<Type>())
        && sub.is_subtype(ty)
    {
        data.cache.add(th, subclass)?;
        return Ok(true);
    }
    if data.registry.contains(subclass) {
        return Ok(true);
    }
    for registered in data.registry.classes() {
        if instance::is_subclass(th, subclass, registered.obj())? {
            data.cache.add(th, subclass)?;
            return Ok(true);
        }
    }
    let subclasses = class.call_method(th, id!(th, "__subclasses__"), &[])?;
    if subclasses.obj().downcast::<object::List>().is_none() {
        raise!(th, TypeError, "__subclasses__() must return a list");
    }
    for candidate in iter::collect(th, subclasses.obj())? {
        if instance::is_subclass(th, subclass, candidate.obj())? {
            data.cache.add(th, subclass)?;
            return Ok(true);
        }
    }
    data.negative_cache.add(th, subclass)?;
    Ok(false)
}

/// Module contains faster C implementation of abc.ABCMeta
#[pymodule(name = "_abc")]
pub mod module {
    use super::*;

    /// Returns the current ABC cache token.
    ///
    /// The token is an opaque object (supporting equality testing) identifying
    /// the current version of the ABC cache for virtual subclasses.
    #[sig = "()"]
    fn get_cache_token(th: Thread<'_>) -> u64 {
        invalidations(th)
    }

    /// Internal ABC helper for class set-up. Should be never used outside abc module.
    #[sig = "(self, /)"]
    fn _abc_init(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        compute_abstract_methods(th, this)?;
        let data = AbcData {
            head: Head::new(),
            registry: WeakClasses::default(),
            cache: WeakClasses::default(),
            negative_cache: WeakClasses::default(),
            negative_version: Cell::new(invalidations(th)),
        };
        let data = alloc_object::new(th, data)?;
        this.setattr(th, id!(th, "_abc_impl"), Some(data.obj()))?;
        match this.downcast::<Type>() {
            Some(class) => adopt_collection_flags(th, class),
            None => Ok(()),
        }
    }

    /// Internal ABC helper for subclass registration.
    #[sig = "(self, subclass, /)"]
    fn _abc_register(th: Thread<'_>, this: Obj<'_>, subclass: Obj<'_>) -> Result {
        if subclass.downcast::<Type>().is_none() {
            raise!(th, TypeError, "Can only register classes");
        }
        if instance::is_subclass(th, subclass, this)? {
            return Ok(subclass.own());
        }
        if instance::is_subclass(th, this, subclass)? {
            raise!(th, RuntimeError, "Refusing to create an inheritance cycle");
        }
        data_of(th, this)?.registry.add(th, subclass)?;
        let counter = &th.interp().extensions.get::<Invalidations>().0;
        counter.set(counter.get() + 1);
        if let (Some(class), Some(subclass)) =
            (this.downcast::<Type>(), subclass.downcast::<Type>())
        {
            let flags = class.flags() & COLLECTION;
            if flags != 0 {
                set_collection_flags(th, subclass, flags)?;
            }
        }
        Ok(subclass.own())
    }

    /// Internal ABC helper for instance checks.
    #[sig = "(self, instance, /)"]
    fn _abc_instancecheck(th: Thread<'_>, this: Obj<'_>, instance: Obj<'_>) -> Result {
        let data = data_of(th, this)?;
        let subclass = match instance.getattr_opt(th, id!(th, "__class__"))? {
            Some(class) => class,
            None => instance.ty().obj().own(),
        };
        if data.cache.contains(subclass.obj()) {
            return true.into_object(th);
        }
        let subtype = instance.ty().obj().own();
        let check = id!(th, "__subclasscheck__");
        if subtype.obj().is(subclass.obj()) {
            if data.negative_version.get() == invalidations(th)
                && data.negative_cache.contains(subclass.obj())
            {
                return false.into_object(th);
            }
            return this.call_method(th, check, &[subclass.obj()]);
        }
        let result = this.call_method(th, check, &[subclass.obj()])?;
        if result.is_true(th)? {
            return Ok(result);
        }
        this.call_method(th, check, &[subtype.obj()])
    }

    /// Internal ABC helper for subclasss checks.
    #[sig = "(self, subclass, /)"]
    fn _abc_subclasscheck(th: Thread<'_>, this: Obj<'_>, subclass: Obj<'_>) -> Result<bool> {
        subclass_check(th, this, subclass)
    }

    /// Internal ABC helper to reset registry of a given class.
    #[sig = "(self, /)"]
    fn _reset_registry(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        drop(data_of(th, this)?.registry.take());
        Ok(())
    }

    /// Internal ABC helper to reset both caches of a given class.
    #[sig = "(self, /)"]
    fn _reset_caches(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        let data = data_of(th, this)?;
        drop(data.cache.take());
        drop(data.negative_cache.take());
        Ok(())
    }

    /// Internal ABC helper for cache and registry debugging.
    ///
    /// Return shallow copies of registry, of both caches, and
    /// negative cache version.
    #[sig = "(self, /)"]
    fn _get_dump(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Tuple>> {
        let data = data_of(th, this)?;
        let items = vec![
            set_of(th, "set", data.registry.references())?,
            set_of(th, "set", data.cache.references())?,
            set_of(th, "set", data.negative_cache.references())?,
            data.negative_version.get().into_object(th)?,
        ];
        Tuple::from_refs(th, items)
    }

    #[exec]
    fn exec(th: Thread<'_>, _: &Module) -> Result<()> {
        types::type_::ready(th, <AbcData as object::declare::Declared>::DECL).map(drop)
    }
}
