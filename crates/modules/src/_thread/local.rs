//! `_local`: attributes that each thread has for itself.
//!
//! A local owns a dict for every thread that used it, so that the collector
//! sees cycles through it. A thread remembers the numbers of the locals that it
//! used; when it ends, those that are still alive drop its dict.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Link, Obj, Protocol, Ref, Result, Str, Thread, Traverse, Tuple, Type,
    alloc_object, protocol::generic, raise, types,
};

/// Thread-local data
#[pytype(name = "_thread._local", sig = "()", flags = BASETYPE, traverse = manual, weaklistoffset = weaklist)]
pub(crate) struct Local {
    head: Head,
    number: u64,
    args: Link<Tuple>,
    kwargs: Link<Dict>,
    /// By the number of the thread.
    dicts: RefCell<HashMap<u64, Ref<Dict>>>,
    /// PERF: the thread that used it last, and its dict, which `dicts` owns.
    last: Cell<(u64, *mut abi::PyObject)>,
    weaklist: Cell<*mut abi::PyObject>,
}

/// The locals that live, by number, of all interpreters: the collector may
/// drop one while another interpreter runs.
#[derive(Default)]
struct Living {
    locals: RefCell<HashMap<u64, *const Local>>,
    last_number: Cell<u64>,
}

/// The numbers of the locals that a thread used.
#[derive(Default)]
struct Used(RefCell<Vec<u64>>);

/// Drop what the calling thread, which ends, has in locals.
pub(super) fn end_thread(th: Thread<'_>) {
    let me = th.state().id();
    loop {
        let numbers = std::mem::take(&mut *th.state().extensions.get::<Used>().0.borrow_mut());
        if numbers.is_empty() {
            return;
        }
        for number in numbers {
            let local = living(th).locals.borrow().get(&number).copied();
            // SAFETY: a local takes itself off the list before it goes.
            if let Some(local) = local.and_then(|local| unsafe { local.as_ref() }) {
                local.last.set((0, std::ptr::null_mut()));
                let dict = local.dicts.borrow_mut().remove(&me);
                drop(dict);
            }
        }
    }
}

/// In the child of a fork: take the dicts of the other threads, to be released when all is
/// set for the destructors of what they hold.
pub(super) fn after_fork(th: Thread<'_>) -> Vec<Ref<Dict>> {
    let me = th.state().id();
    let mut abandoned = Vec::new();
    for local in living(th).locals.borrow().values() {
        // SAFETY: as above; nothing is released in this loop.
        let Some(local) = (unsafe { local.as_ref() }) else { continue };
        local.last.set((0, std::ptr::null_mut()));
        let mut dicts = local.dicts.borrow_mut();
        abandoned.extend(dicts.extract_if(|thread, _| *thread != me).map(|(_, dict)| dict));
    }
    abandoned
}

fn living(th: Thread<'_>) -> &'static Living {
    th.interp().shared.get::<Living>()
}

impl Traverse for Local {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.args.traverse(visit);
        self.kwargs.traverse(visit);
        if let Ok(dicts) = self.dicts.try_borrow() {
            for dict in dicts.values() {
                visit(dict.obj());
            }
        }
    }
    fn clear(&self) {
        self.args.take();
        self.kwargs.take();
        self.last.set((0, std::ptr::null_mut()));
        let dicts = self.dicts.try_borrow_mut().map(|mut dicts| std::mem::take(&mut *dicts));
        drop(dicts);
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: objects are dropped on attached threads.
        let th = unsafe { Thread::current() };
        living(th).locals.borrow_mut().remove(&self.number);
    }
}

impl Local {
    /// The dict of the calling thread, made on first use.
    fn dict(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let me = th.state().id();
        let (thread, dict) = self.last.get();
        if thread == me {
            // SAFETY: `dicts` owns it; whoever removes it resets `last`.
            if let Some(dict) = unsafe { Obj::from_raw(dict) }
                && let Ok(dict) = dict.own().downcast::<Dict>()
            {
                return Ok(dict);
            }
        }
        let known = self.dicts.borrow().get(&me).cloned();
        let dict = match known {
            Some(dict) => dict,
            None => self.make_dict(th, me)?,
        };
        self.last.set((me, dict.obj().as_ptr()));
        Ok(dict)
    }

    #[cold]
    fn make_dict(&self, th: Thread<'_>, me: u64) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        self.dicts.borrow_mut().insert(me, dict.clone());
        th.state().extensions.get::<Used>().0.borrow_mut().push(self.number);
        let ty = self.obj().ty();
        if overrides_init(ty)
            && let Some(init) = ty.slots().tp_init
        {
            let args = self.args.get();
            let kwargs = self.kwargs.get();
            let raw = |object: Option<&Ref>| {
                object.map_or(std::ptr::null_mut(), |object| object.obj().as_ptr())
            };
            let args = args.map(Ref::upcast);
            let kwargs = kwargs.map(Ref::upcast);
            let this = self.obj().own();
            // SAFETY: the slot of the object's type, with live arguments.
            let status =
                unsafe { init(this.obj().as_ptr(), raw(args.as_ref()), raw(kwargs.as_ref())) };
            if status < 0 {
                self.last.set((0, std::ptr::null_mut()));
                let old = self.dicts.borrow_mut().remove(&me);
                drop(old);
                return Err(object::Raised);
            }
        }
        Ok(dict)
    }
}

fn overrides_init(ty: &Type) -> bool {
    ty.slots().tp_init.map(|f| f as usize)
        != types::object_type().slots().tp_init.map(|f| f as usize)
}

#[pymethods]
impl Local {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        if !overrides_init(cls) && (args.len() > 0 || kwargs.is_some_and(|k| k.len() > 0)) {
            raise!(th, TypeError, "Initialization arguments are not supported");
        }
        let number = living(th).last_number.get() + 1;
        living(th).last_number.set(number);
        let local = Local {
            head: Head::new(),
            number,
            args: Link::new(object::own(args)),
            kwargs: Link::from_option(kwargs.map(object::own)),
            dicts: RefCell::default(),
            last: Cell::new((0, std::ptr::null_mut())),
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        let dict = Dict::new(th)?;
        local.dicts.borrow_mut().insert(th.state().id(), dict);
        let local = alloc_object::alloc(th, cls, local)?;
        living(th).locals.borrow_mut().insert(number, std::ptr::from_ref(&*local));
        th.state().extensions.get::<Used>().0.borrow_mut().push(number);
        Ok(local.upcast())
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        let dict = self.dict(th)?;
        if types::str_eq(name, "__dict__") {
            return Ok(dict.upcast());
        }
        let name = types::object_::expect_name(th, name)?;
        local_getattr(th, self.obj(), name, &dict)
    }

    fn tp_setattro(&self, th: Thread<'_>, name: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if name.eq(th, Str::new(th, "__dict__")?.obj())? {
            raise!(
                th,
                AttributeError,
                "'{}' object attribute {} is read-only",
                self.obj().ty().full_name(),
                name.repr(th)?
            );
        }
        let dict = self.dict(th)?;
        let name = types::object_::expect_name(th, name)?;
        local_setattr(th, self.obj(), name, value, &dict)
    }
}

/// Attribute lookup as `object` does it, with `dict` for the instance's dict.
fn local_getattr(th: Thread<'_>, object: Obj<'_>, name: &Str, dict: &Dict) -> Result {
    let name = &*types::object_::interned(th, name);
    let ty = object.ty();
    let found = ty.lookup(th, name).map(Obj::own);
    if let Some(descriptor) = &found {
        let slots = descriptor.obj().ty().slots();
        if slots.tp_descr_get.is_some() && slots.tp_descr_set.is_some() {
            return generic::bind(descriptor.clone(), Some(object), Some(ty));
        }
    }
    if let Some(value) = dict.get(th, name.obj())? {
        return Ok(value);
    }
    match found {
        Some(found) => generic::bind(found, Some(object), Some(ty)),
        None => Err(types::object_::no_attribute(th, object, name)),
    }
}

/// Assignment or deletion, likewise.
fn local_setattr(
    th: Thread<'_>,
    object: Obj<'_>,
    name: &Str,
    value: Option<Obj<'_>>,
    dict: &Dict,
) -> Result<()> {
    let name = &*types::object_::interned(th, name);
    if let Some(descriptor) = object.ty().lookup(th, name).map(Obj::own)
        && let Some(set) = descriptor.obj().ty().slots().tp_descr_set
    {
        let value = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
        // SAFETY: the slot belongs to the descriptor's type.
        let status = unsafe { set(descriptor.obj().as_ptr(), object.as_ptr(), value) };
        return if status < 0 { Err(object::Raised) } else { Ok(()) };
    }
    match value {
        Some(value) => dict.set(th, name.obj(), value),
        None if dict.remove(th, name.obj())? => Ok(()),
        None => Err(types::object_::no_attribute(th, object, name)),
    }
}
