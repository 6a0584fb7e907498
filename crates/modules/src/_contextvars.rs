//! `_contextvars`: variables whose values belong to a context.
//!
//! A context's values are one shared map, copied when a context that shares
//! it is changed, so that copying a context costs nothing. The current one is
//! in the thread state and knows the one that was current before.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use macros::{pymethods, pymodule, pytype};
use object::{
    Args, AsObject, Dict, Head, IntoObject, Kwargs, Link, List, Module, Obj, Protocol, PyStruct,
    Ref, Result, Str, Thread, Traverse, Tuple, Type, alloc_object, id, own,
    protocol::{CompareOp, call::call_dict, compare},
    raise,
    types::{self, singletons::not_implemented_ref},
};

/// The values of a context, by the address of the variable.
type Values = BTreeMap<usize, (Ref<ContextVar>, Ref)>;

#[derive(Default)]
struct Shared(RefCell<Rc<Values>>);

impl Traverse for Shared {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        // A map that contexts share has more references than its owner knows.
        let Ok(values) = self.0.try_borrow() else { return };
        if Rc::strong_count(&values) == 1 {
            for (var, value) in values.values() {
                visit(var.obj());
                visit(value.obj());
            }
        }
    }
    fn clear(&self) {
        let old = self.0.try_borrow_mut().map(|mut values| std::mem::take(&mut *values));
        drop(old);
    }
}

/// The mapping of context variables to their values.
#[pytype(name = "_contextvars.Context", c_name = "PyContext_Type", weaklistoffset = weaklist)]
pub struct Context {
    head: Head,
    values: Shared,
    weaklist: Cell<*mut abi::PyObject>,
    entered: Cell<bool>,
    /// What was current before this one was entered.
    before: Link<Context>,
}

/// Put a context into the thread state, where code that switches stacks finds
/// it; the one that was there.
fn swap_current(th: Thread<'_>, new: Option<Ref<Context>>) -> Option<Ref<Context>> {
    let public = th.state().public.get();
    let new = new.map_or(std::ptr::null_mut(), |context| context.into_raw().cast());
    // SAFETY: only this thread touches its state.
    let old = unsafe { std::mem::replace(&mut (*public).context, new) };
    // SAFETY: only contexts are put there, and the state owns its own.
    unsafe { Ref::<object::Object>::from_raw(old).map(|old| old.cast()) }
}

/// The current context of the thread, made on first use.
pub fn current(th: Thread<'_>) -> Result<Ref<Context>> {
    // SAFETY: only this thread touches its state.
    let found = unsafe { (*th.state().public.get()).context };
    // SAFETY: null or a context that the state owns.
    if let Some(found) = unsafe { Obj::from_raw(found) } {
        // SAFETY: as above.
        return Ok(own(unsafe { found.cast::<Context>() }));
    }
    let context = Context::new(th, Rc::default())?;
    context.entered.set(true);
    swap_current(th, Some(context.clone()));
    Ok(context)
}

/// A copy of the current context.
pub fn copy_current(th: Thread<'_>) -> Result<Ref<Context>> {
    let values = current(th)?.snapshot();
    Context::new(th, values)
}

/// Make `context` current.
pub fn enter(th: Thread<'_>, context: &Context) -> Result<()> {
    if context.entered.get() {
        raise!(
            th,
            RuntimeError,
            "cannot enter context: {} is already entered",
            &*context.obj().repr(th)?
        );
    }
    context.entered.set(true);
    context.before.set(swap_current(th, Some(own(context))));
    switched(th);
    Ok(())
}

/// Make the context current that was before `context`.
pub fn exit(th: Thread<'_>, context: &Context) -> Result<()> {
    if !context.entered.get() {
        raise!(
            th,
            RuntimeError,
            "cannot exit context: {} has not been entered",
            &*context.obj().repr(th)?
        );
    }
    // SAFETY: only this thread touches its state.
    let current = unsafe { (*th.state().public.get()).context };
    if current != context.obj().as_ptr() {
        raise!(
            th,
            RuntimeError,
            "cannot exit context: thread state references a different context object"
        );
    }
    context.entered.set(false);
    let left = swap_current(th, context.before.take());
    switched(th);
    drop(left);
    Ok(())
}

/// Tell who watches that the current context is another.
fn switched(th: Thread<'_>) {
    if th.interp().watchers.contexts.any() {
        // SAFETY: only this thread touches its state, which owns the context.
        let now = unsafe { Obj::from_raw((*th.state().public.get()).context) };
        object::watch::context_switched(th, now.unwrap_or(types::none()));
    }
}

fn expect_context<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a Context> {
    match object.downcast::<Context>() {
        Some(context) => Ok(context),
        None => raise!(th, TypeError, "an instance of Context was expected"),
    }
}

/// [`enter`] for an object that C code passes.
pub fn enter_object(th: Thread<'_>, context: Obj<'_>) -> Result<()> {
    enter(th, expect_context(th, context)?)
}

/// [`exit`] for an object that C code passes.
pub fn exit_object(th: Thread<'_>, context: Obj<'_>) -> Result<()> {
    exit(th, expect_context(th, context)?)
}

impl Context {
    fn new(th: Thread<'_>, values: Rc<Values>) -> Result<Ref<Context>> {
        let context = Context {
            head: Head::new(),
            values: Shared(RefCell::new(values)),
            weaklist: Cell::new(std::ptr::null_mut()),
            entered: Cell::new(false),
            before: Link::null(),
        };
        alloc_object::new(th, context)
    }

    fn snapshot(&self) -> Rc<Values> {
        self.values.0.borrow().clone()
    }

    fn get(&self, var: &ContextVar) -> Option<Ref> {
        let key = var.obj().as_ptr().addr();
        self.values.0.borrow().get(&key).map(|(_, value)| value.clone())
    }

    fn put(&self, var: &ContextVar, value: Option<Ref>) {
        let key = var.obj().as_ptr().addr();
        let old = {
            let mut shared = self.values.0.borrow_mut();
            let values = Rc::make_mut(&mut shared);
            match value {
                Some(value) => values.insert(key, (own(var), value)),
                None => values.remove(&key),
            }
        };
        drop(old);
    }

    fn list(&self, th: Thread<'_>, each: impl Fn(&(Ref<ContextVar>, Ref)) -> Result) -> Result {
        let mut items = Vec::new();
        for entry in self.snapshot().values() {
            items.push(each(entry)?);
        }
        List::from_refs(th, items)?.obj().iter(th)
    }
}

/// `PyContextVar_Get`: [`ContextVar::lookup`] of an object from C.
pub fn value_of(th: Thread<'_>, object: Obj<'_>, default: Option<Obj<'_>>) -> Result<Option<Ref>> {
    match object.downcast_exact::<ContextVar>() {
        Some(variable) => variable.lookup(th, default),
        None => raise!(th, TypeError, "an instance of ContextVar was expected"),
    }
}

fn as_var<'a>(th: Thread<'_>, key: Obj<'a>) -> Result<&'a ContextVar> {
    match key.downcast_exact::<ContextVar>() {
        Some(var) => Ok(var),
        None => {
            raise!(th, TypeError, "a ContextVar key was expected, got {}", &*key.repr(th)?)
        }
    }
}

#[pymethods]
impl Context {
    fn __new__(th: Thread<'_>, _: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        if args.len() > 0 || kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            raise!(th, TypeError, "Context() does not accept any arguments");
        }
        Context::new(th, Rc::default()).map(Ref::upcast)
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.values.0.borrow().len()
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        match Context::get(self, as_var(th, key)?) {
            Some(value) => Ok(value),
            None => Err(types::dict::key_error(th, key)),
        }
    }

    fn __contains__(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        Ok(Context::get(self, as_var(th, key)?).is_some())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        self.list(th, |(var, _)| Ok(var.obj().own()))
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let Some(other) = other.downcast_exact::<Context>().filter(|_| is_equality) else {
            return Ok(not_implemented_ref());
        };
        let (mine, theirs) = (self.snapshot(), other.snapshot());
        let mut equal = mine.len() == theirs.len();
        for (key, (_, value)) in mine.iter() {
            let Some((_, other)) = theirs.get(key).filter(|_| equal) else {
                equal = false;
                break;
            };
            equal = compare::eq(th, value.obj(), other.obj())?;
        }
        Ok(types::bool_(equal == (op == CompareOp::Eq)).own())
    }

    /// Return the value for `key` if `key` has the value in the context object.
    ///
    /// If `key` does not exist, return `default`. If `default` is not given,
    /// return None.
    #[name = "get"]
    #[sig = "($self, key, default=None, /)"]
    fn get_python(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        let value = Context::get(self, as_var(th, key)?);
        Ok(value.unwrap_or_else(|| default.unwrap_or(types::none()).own()))
    }

    /// Return all variables and their values in the context object.
    ///
    /// The result is returned as a list of 2-tuples (variable, value).
    #[sig = "($self, /)"]
    fn items(&self, th: Thread<'_>) -> Result {
        self.list(th, |(var, value)| {
            Tuple::from_objs(th, &[var.obj(), value.obj()]).map(Ref::upcast)
        })
    }

    /// Return a list of all variables in the context object.
    #[sig = "($self, /)"]
    fn keys(&self, th: Thread<'_>) -> Result {
        self.list(th, |(var, _)| Ok(var.obj().own()))
    }

    /// Return a list of all variables' values in the context object.
    #[sig = "($self, /)"]
    fn values(&self, th: Thread<'_>) -> Result {
        self.list(th, |(_, value)| Ok(value.clone()))
    }

    /// Return a shallow copy of the context object.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result {
        Context::new(th, self.snapshot()).map(Ref::upcast)
    }

    /// Execute callable(*args, **kwargs) in the context object.
    #[sig = "($self, /, *args, **kwargs)"]
    fn run(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        let [callable, args @ ..] = args else {
            raise!(th, TypeError, "run() missing 1 required positional argument");
        };
        let kwargs = if kwargs.is_empty() { None } else { Some(kwargs.to_dict(th)?) };
        enter(th, self)?;
        let result = call_dict(th, *callable, args, kwargs.as_deref());
        exit(th, self)?;
        result
    }
}

/// A variable with a value in each context.
#[pytype(name = "_contextvars.ContextVar", c_name = "PyContextVar_Type")]
pub struct ContextVar {
    head: Head,
    name: Ref<Str>,
    default: Option<Ref>,
}

impl ContextVar {
    /// A variable without default.
    pub(crate) fn create(th: Thread<'_>, name: &Str) -> Result<Ref<ContextVar>> {
        let name = own(name);
        object::types::type_::ready(th, <ContextVar as object::declare::Declared>::DECL)?;
        alloc_object::new(th, ContextVar { head: Head::new(), name, default: None })
    }

    /// The value in the current context, else `default`, else the variable's own default.
    fn lookup(&self, th: Thread<'_>, default: Option<Obj<'_>>) -> Result<Option<Ref>> {
        let value = Context::get(&*current(th)?, self);
        Ok(value.or_else(|| default.map(Obj::own)).or_else(|| self.default.clone()))
    }

    /// The value in the current context, or `default`.
    pub(crate) fn value_or(&self, th: Thread<'_>, default: Obj<'_>) -> Result {
        Ok(Context::get(&*current(th)?, self).unwrap_or_else(|| default.own()))
    }

    /// The value in the current context.
    pub fn value(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        Ok(Context::get(&*current(th)?, self))
    }

    /// Set the value in the current context.
    pub fn assign(&self, th: Thread<'_>, value: Obj<'_>) -> Result<()> {
        current(th)?.put(self, Some(value.own()));
        Ok(())
    }
}

#[pymethods]
impl ContextVar {
    #[sig = "ContextVar(name, /, *, default=<unrepresentable>)"]
    fn __new__(th: Thread<'_>, _: &Type, name: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        let Some(name) = name.downcast::<Str>() else {
            raise!(th, TypeError, "context variable name must be a str");
        };
        // The hash of a variable is made of its name's.
        name.obj().hash(th)?;
        let var = ContextVar { head: Head::new(), name: own(name), default: default.map(Obj::own) };
        alloc_object::new(th, var).map(Ref::upcast)
    }

    #[declare]
    fn members(b: &mut object::declare::TypeBuilder<'_>) {
        let offset = std::mem::offset_of!(ContextVar, name);
        b.member(c"name", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let (name, address) = (self.name.obj().repr(th)?, self.obj().as_ptr());
        match &self.default {
            Some(default) => {
                let Some(_guard) = types::repr_guard::enter(th, self.obj()) else {
                    return Str::new(th, "...");
                };
                let default = default.repr(th)?;
                Str::from_fmt(
                    th,
                    format_args!(
                        "<ContextVar name={} default={} at {address:p}>",
                        &*name, &*default
                    ),
                )
            }
            None => Str::from_fmt(th, format_args!("<ContextVar name={} at {address:p}>", &*name)),
        }
    }

    fn __hash__(&self, _: Thread<'_>) -> isize {
        types::object_::identity_hash(self.obj())
    }

    /// Return a value for the context variable for the current context.
    ///
    /// If there is no value for the variable in the current context, the method will:
    ///  * return the value of the default argument of the method, if provided; or
    ///  * return the default value for the context variable, if it was created
    ///    with one; or
    ///  * raise a LookupError.
    #[sig = "($self, default=<unrepresentable>, /)"]
    fn get(&self, th: Thread<'_>, default: Option<Obj<'_>>) -> Result {
        self.lookup(th, default)?
            .ok_or_else(|| th.raise_args(object::exceptions::types::LookupError(), &[self.obj()]))
    }

    /// Call to set a new value for the context variable in the current context.
    ///
    /// The required *value* argument is the new value for the context variable.
    ///
    /// Returns a Token object that can be used to restore the variable to its previous
    /// value via the `ContextVar.reset()` method.
    #[sig = "($self, value, /)"]
    fn set(&self, th: Thread<'_>, value: Obj<'_>) -> Result {
        let context = current(th)?;
        let token = Token {
            head: Head::new(),
            old: Context::get(&context, self),
            var: own(self),
            context: Link::new(context.clone()),
            used: Cell::new(false),
        };
        let token = alloc_object::new(th, token)?;
        context.put(self, Some(value.own()));
        Ok(token.upcast())
    }

    /// Reset the context variable.
    ///
    /// The variable is set to the value it had before the `ContextVar.set()` that
    /// created the token was used.
    #[sig = "($self, token, /)"]
    fn reset(&self, th: Thread<'_>, token: Obj<'_>) -> Result<()> {
        let Some(token) = token.downcast_exact::<Token>() else {
            raise!(th, TypeError, "expected an instance of Token, got {}", &*token.repr(th)?);
        };
        token.restore(th, self)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }
}

/// What `ContextVar.set` returns, to undo it.
#[pytype(name = "_contextvars.Token", c_name = "PyContextToken_Type")]
pub struct Token {
    head: Head,
    context: Link<Context>,
    var: Ref<ContextVar>,
    old: Option<Ref>,
    used: Cell<bool>,
}

impl Token {
    fn restore(&self, th: Thread<'_>, var: &ContextVar) -> Result<()> {
        if self.used.get() {
            raise!(th, RuntimeError, "{} has already been used once", &*self.obj().repr(th)?);
        }
        if !self.var.obj().is(var.obj()) {
            raise!(
                th,
                ValueError,
                "{} was created by a different ContextVar",
                &*self.obj().repr(th)?
            );
        }
        let context = current(th)?;
        if self.context.as_ptr() != context.as_ptr() {
            raise!(th, ValueError, "{} was created in a different Context", &*self.obj().repr(th)?);
        }
        self.used.set(true);
        context.put(var, self.old.clone());
        Ok(())
    }
}

/// The singleton `Token.MISSING`.
#[pytype(name = "Token.MISSING", flags = DISALLOW_INSTANTIATION)]
pub struct Missing {
    head: Head,
}

// SAFETY: the one instance is immortal and has no mutable state.
unsafe impl Sync for Missing {}

static MISSING: Missing = Missing { head: Head::immortal() };

#[pymethods]
impl Missing {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "<Token.MISSING>")
    }
}

#[pymethods]
impl Token {
    fn __new__(th: Thread<'_>, _: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        raise!(th, RuntimeError, "Tokens can only be created by ContextVars")
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let used = if self.used.get() { " used" } else { "" };
        let (var, address) = (self.var.obj().repr(th)?, self.obj().as_ptr());
        Str::from_fmt(th, format_args!("<Token{used} var={} at {address:p}>", &*var))
    }

    #[getter(var)]
    fn get_var(&self, _: Thread<'_>) -> Ref<ContextVar> {
        self.var.clone()
    }

    #[getter(old_value)]
    fn get_old_value(&self, _: Thread<'_>) -> Ref {
        self.old.clone().unwrap_or_else(|| MISSING.obj().own())
    }

    /// Enter into Token context manager.
    #[sig = "($self, /)"]
    fn __enter__(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    /// Exit from Token context manager, restore the linked ContextVar.
    #[sig = "($self, type, val, tb, /)"]
    fn __exit__(&self, th: Thread<'_>, _: Obj<'_>, _: Obj<'_>, _: Obj<'_>) -> Result<()> {
        self.restore(th, &self.var)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }
}

/// Context Variables
#[pymodule(name = "_contextvars")]
pub mod module {
    use super::*;
    use object::{declare::Declared, types::type_::ready};

    /// Returns a copy of the current Context object.
    #[sig = "()"]
    fn copy_context(th: Thread<'_>) -> Result {
        copy_current(th).and_then(|context| context.into_object(th))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        MISSING.head.set_static_type(Missing::type_object());
        ready(th, Missing::DECL)?;
        module.add_type::<Context>(th)?;
        module.add_type::<ContextVar>(th)?;
        module.add_type::<Token>(th)?;
        // SAFETY: a ready type owns its dict.
        let dict = unsafe { Obj::from_raw(Token::type_object().slots().tp_dict) }.map(Obj::own);
        match dict.as_ref().and_then(|dict| dict.obj().downcast::<Dict>()) {
            Some(dict) => dict.set(th, id!(th, "MISSING").obj(), MISSING.obj()),
            None => Ok(()),
        }
    }
}
