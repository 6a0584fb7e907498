//! The callable that `functools.lru_cache` returns.
//!
//! A dict leads from the key of a call to its result or, if there is a limit, to
//! the index of its entry; entries form a doubly linked list from the most to the
//! least recently used. Hashing and
//! comparing keys runs Python code that may use this very cache, so entries
//! are borrowed only between such calls and looked up again afterwards.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Int, IntoObject, Link, Obj, Protocol, Ref, Result, Str, Thread, Traverse,
    Tuple, Type, alloc_object, id, own,
    protocol::{call::call_tuple, generic},
    raise, types,
};

const NONE: usize = usize::MAX;

/// A remembered call.
struct Entry {
    key: Ref,
    result: Ref,
    newer: usize,
    older: usize,
}

/// The entries in order of use.
struct Entries {
    slots: Vec<Option<Entry>>,
    free: Vec<usize>,
    newest: usize,
    oldest: usize,
}

impl Traverse for Entries {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        for entry in self.slots.iter().flatten() {
            visit(entry.key.obj());
            visit(entry.result.obj());
        }
    }
}

impl Entries {
    const fn new() -> Self {
        Entries { slots: Vec::new(), free: Vec::new(), newest: NONE, oldest: NONE }
    }

    fn slot(&mut self, index: usize) -> Option<&mut Entry> {
        self.slots.get_mut(index).and_then(Option::as_mut)
    }

    fn unlink(&mut self, index: usize) {
        let Some(entry) = self.slot(index) else { return };
        let (newer, older) = (entry.newer, entry.older);
        match self.slot(newer) {
            Some(newer) => newer.older = older,
            None => self.newest = older,
        }
        match self.slot(older) {
            Some(older) => older.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, index: usize) {
        let newest = std::mem::replace(&mut self.newest, index);
        if let Some(entry) = self.slot(index) {
            entry.newer = NONE;
            entry.older = newest;
        }
        match self.slot(newest) {
            Some(old) => old.newer = index,
            None => self.oldest = index,
        }
    }

    /// The result of an entry, which becomes the newest.
    fn touch(&mut self, index: usize) -> Option<Ref> {
        let result = self.slot(index)?.result.clone();
        if self.newest != index {
            self.unlink(index);
            self.link_newest(index);
        }
        Some(result)
    }

    fn add(&mut self, key: Ref, result: Ref) -> usize {
        let entry = Some(Entry { key, result, newer: NONE, older: NONE });
        let index = match self.free.pop() {
            Some(index) => {
                if let Some(slot) = self.slots.get_mut(index) {
                    *slot = entry;
                }
                index
            }
            None => {
                self.slots.push(entry);
                self.slots.len() - 1
            }
        };
        self.link_newest(index);
        index
    }

    fn remove(&mut self, index: usize) -> Option<Entry> {
        self.unlink(index);
        let entry = self.slots.get_mut(index).and_then(Option::take);
        if entry.is_some() {
            self.free.push(index);
        }
        entry
    }
}

/// Create a cached callable that wraps another function.
///
/// user_function:      the function being cached
///
/// maxsize:  0         for no caching
///           None      for unlimited cache size
///           n         for a bounded cache
///
/// typed:    False     cache f(3) and f(3.0) as identical calls
///           True      cache f(3) and f(3.0) as distinct calls
///
/// cache_info_type:    namedtuple class with the fields:
///                         hits misses currsize maxsize
#[pytype(name = "functools._lru_cache_wrapper", flags = BASETYPE | METHOD_DESCRIPTOR, dictoffset = dict, weaklistoffset = weaklist)]
pub struct LruCacheWrapper {
    head: Head,
    function: Ref,
    /// `None` for no limit.
    #[traverse(skip)]
    maxsize: Option<usize>,
    typed: bool,
    cache: Ref<Dict>,
    entries: RefCell<Entries>,
    hits: Cell<usize>,
    misses: Cell<usize>,
    cache_info_type: Ref,
    /// Separates positional from keyword arguments in a key.
    keyword_mark: Ref,
    dict: Link<Dict>,
    weaklist: Cell<*mut abi::PyObject>,
}

impl LruCacheWrapper {
    fn key(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty());
        if !self.typed && kwargs.is_none() {
            if let [only] = args.items()
                && (only.is_exact::<Str>() || only.is_exact::<Int>())
            {
                return Ok(only.own());
            }
            return Ok(own(args).upcast());
        }
        let mut parts: Vec<Ref> = args.items().iter().map(|arg| arg.own()).collect();
        let keywords = kwargs.map(Dict::items).unwrap_or_default();
        if !keywords.is_empty() {
            parts.push(self.keyword_mark.clone());
            for (key, value) in &keywords {
                parts.push(key.clone());
                parts.push(value.clone());
            }
        }
        if self.typed {
            parts.extend(args.items().iter().map(|arg| arg.ty().obj().own()));
            parts.extend(keywords.iter().map(|(_, value)| value.obj().ty().obj().own()));
        }
        Tuple::from_refs(th, parts).map(Ref::upcast)
    }

    fn found(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Option<Ref>> {
        let Some(index) = self.cache.get_with_hash(th, key, hash)? else { return Ok(None) };
        let index = Int::to_i64(index.obj()).and_then(|index| usize::try_from(index).ok());
        Ok(index.and_then(|index| self.entries.borrow_mut().touch(index)))
    }

    /// Call the function; PERF: without the tuple where it takes none.
    fn call_function(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        match kwargs {
            None => self.function.call(th, args.items()),
            Some(_) => call_tuple(th, self.function.obj(), args, kwargs),
        }
    }

    /// PERF: what is never forgotten needs no place in a row.
    fn call_unbounded(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let key = self.key(th, args, kwargs)?;
        let hash = key.hash(th)?;
        if let Some(result) = self.cache.get_with_hash(th, key.obj(), hash)? {
            self.hits.set(self.hits.get() + 1);
            return Ok(result);
        }
        self.misses.set(self.misses.get() + 1);
        let result = self.call_function(th, args, kwargs)?;
        self.cache.set_with_hash(th, key.obj(), hash, result.obj())?;
        Ok(result)
    }

    fn call_bounded(
        &self,
        th: Thread<'_>,
        limit: usize,
        args: &Tuple,
        kwargs: Option<&Dict>,
    ) -> Result {
        let key = self.key(th, args, kwargs)?;
        let hash = key.hash(th)?;
        if let Some(result) = self.found(th, key.obj(), hash)? {
            self.hits.set(self.hits.get() + 1);
            return Ok(result);
        }
        self.misses.set(self.misses.get() + 1);
        let result = self.call_function(th, args, kwargs)?;
        if self.cache.contains_with_hash(th, key.obj(), hash)? {
            // The call itself remembered the same arguments.
            return Ok(result);
        }
        while Dict::len(&self.cache) >= limit {
            let oldest = self.entries.borrow().oldest;
            let removed = self.entries.borrow_mut().remove(oldest);
            let Some(removed) = removed else { break };
            self.cache.remove(th, removed.key.obj())?;
        }
        let index = self.entries.borrow_mut().add(key.clone(), result.clone());
        let position = Int::from_u64(th, index as u64)?;
        if let Err(raised) = self.cache.set_with_hash(th, key.obj(), hash, position.obj()) {
            let removed = self.entries.borrow_mut().remove(index);
            drop(removed);
            return Err(raised);
        }
        Ok(result)
    }

    fn empty(&self, th: Thread<'_>) {
        let old = std::mem::replace(&mut *self.entries.borrow_mut(), Entries::new());
        Dict::clear(&self.cache, th);
        drop(old);
    }
}

#[pymethods]
impl LruCacheWrapper {
    #[sig = "lru_cache(user_function, maxsize, typed, cache_info_type)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        user_function: Obj<'_>,
        maxsize: Obj<'_>,
        typed: bool,
        cache_info_type: Obj<'_>,
    ) -> Result {
        if user_function.ty().slots().tp_call.is_none() {
            raise!(th, TypeError, "the first argument must be callable");
        }
        let maxsize = if maxsize.is_none() {
            None
        } else if Int::is_index(maxsize) {
            Some(usize::try_from(Int::index_to_isize(th, maxsize)?).unwrap_or(0))
        } else {
            raise!(th, TypeError, "maxsize should be integer or None");
        };
        let keyword_mark = types::object_type().obj().call(th, &[])?;
        let wrapper = LruCacheWrapper {
            head: Head::new(),
            function: user_function.own(),
            maxsize,
            typed,
            cache: Dict::new(th)?,
            entries: RefCell::new(Entries::new()),
            hits: Cell::new(0),
            misses: Cell::new(0),
            cache_info_type: cache_info_type.own(),
            keyword_mark,
            dict: Link::null(),
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        alloc_object::alloc(th, cls, wrapper).map(Ref::upcast)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        match self.maxsize {
            None => self.call_unbounded(th, args, kwargs),
            Some(0) => {
                self.misses.set(self.misses.get() + 1);
                self.call_function(th, args, kwargs)
            }
            Some(limit) => self.call_bounded(th, limit, args, kwargs),
        }
    }

    fn __get__(&self, th: Thread<'_>, instance: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        match instance.filter(|instance| !instance.is_none()) {
            Some(instance) => generic::bound_method(th, self.obj().own(), instance),
            None => Ok(self.obj().own()),
        }
    }

    #[getter(__dict__)]
    fn get_dict(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        if let Some(dict) = self.dict.get() {
            return Ok(dict);
        }
        let dict = Dict::new(th)?;
        self.dict.set(Some(dict.clone()));
        Ok(dict)
    }

    #[setter(__dict__)]
    fn set_dict(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.dict.set(Some(own(generic::dict_to_assign(th, value)?)));
        Ok(())
    }

    /// Report cache statistics
    #[sig = "($self, /)"]
    fn cache_info(&self, th: Thread<'_>) -> Result {
        let hits = self.hits.get().into_object(th)?;
        let misses = self.misses.get().into_object(th)?;
        let maxsize = self.maxsize.into_object(th)?;
        let size = Dict::len(&self.cache).into_object(th)?;
        self.cache_info_type.call(th, &[hits.obj(), misses.obj(), maxsize.obj(), size.obj()])
    }

    /// Clear the cache and cache statistics
    #[sig = "($self, /)"]
    fn cache_clear(&self, th: Thread<'_>) {
        self.hits.set(0);
        self.misses.set(0);
        self.empty(th);
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        self.obj().getattr(th, id!(th, "__qualname__"))
    }

    #[sig = "($self, /)"]
    fn __copy__(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    #[sig = "($self, memo, /)"]
    fn __deepcopy__(&self, _: Thread<'_>, _: Obj<'_>) -> Ref {
        self.obj().own()
    }
}
