//! What crosses from one interpreter to another: immutable values, buffers,
//! code, and pickles of everything else.
//!
//! [`Packed`] holds no reference to anything that can change, a buffer's
//! exporter excepted, and is turned into an object on the other side. Classes
//! of other modules register how their instances are packed.

use std::cell::RefCell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Float, Head, Int, Link, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    Tuple, alloc_object, exceptions, id,
    protocol::buffer::Buffer,
    raise,
    types::{self, MemoryView},
};

use super::code;
use crate::support::{import_from, new_exception, shown};

/// An object on its way.
pub(crate) enum Packed {
    /// `None`, `True`, `False` and ints.
    Constant(Ref),
    Float(f64),
    Text(Ref<Str>),
    Bytes(Vec<u8>),
    Tuple(Vec<Packed>),
    Buffer(Ref),
    /// A pickle, and the file of the `__main__` that it may refer to.
    Pickle(Vec<u8>, Option<String>),
    /// Marshalled code of a script.
    Code(Vec<u8>),
    /// Marshalled code of a function without state.
    Function(Vec<u8>),
    Other(Box<dyn Carried>),
}

/// What another module sends across.
pub(crate) trait Carried {
    /// The object on the other side.
    fn unpack(&self, th: Thread<'_>) -> Result;
}

/// Pack an instance of a registered class.
pub(crate) type Pack = fn(Thread<'_>, Obj<'_>) -> Result<Packed>;

/// What an interpreter knows of sharing.
#[derive(Default)]
struct State {
    not_shareable: Link,
    classes: RefCell<Vec<(Ref, Pack)>>,
    /// The module that stands in for `__main__` of another interpreter.
    other_main: Link,
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

/// Say how instances of exactly `class` are packed.
pub(crate) fn register(th: Thread<'_>, class: Obj<'_>, pack: Pack) {
    let mut classes = state(th).classes.borrow_mut();
    classes.retain(|(known, _)| !known.obj().is(class));
    classes.push((class.own(), pack));
}

/// Forget a class.
pub(crate) fn unregister(th: Thread<'_>, class: Obj<'_>) {
    let mut classes = state(th).classes.borrow_mut();
    let index = classes.iter().position(|(known, _)| known.obj().is(class));
    let removed = index.map(|index| classes.swap_remove(index));
    drop(classes);
    drop(removed);
}

/// `NotShareableError`, made on first use.
pub(crate) fn not_shareable_class(th: Thread<'_>) -> Result {
    if let Some(class) = state(th).not_shareable.get() {
        return Ok(class);
    }
    let name = Str::new(th, "concurrent.interpreters.NotShareableError")?;
    let bases = Tuple::from_objs(th, &[exceptions::types::TypeError().obj()])?;
    let class = new_exception(th, &name, &bases)?;
    state(th).not_shareable.set(Some(class.clone()));
    Ok(class)
}

/// A `NotShareableError` with that text and cause.
pub(crate) fn not_shareable(th: Thread<'_>, text: &str, cause: Option<Ref>) -> Raised {
    let made = not_shareable_class(th)
        .and_then(|class| class.call(th, &[Str::new(th, text)?.obj()]))
        .inspect(|error| set_cause(error, cause));
    match made {
        Ok(error) => th.raise_object(error),
        Err(raised) => raised,
    }
}

fn set_cause(error: &Ref, cause: Option<Ref>) {
    if let Some(base) = exceptions::BaseException::of(error.obj()) {
        base.set_cause(cause);
    }
}

/// Whether the exception that is set is a `NotShareableError`.
pub(crate) fn is_not_shareable(th: Thread<'_>) -> bool {
    match (state(th).not_shareable.get(), th.exception()) {
        (Some(class), Some(error)) => exceptions::matches(error.obj(), class.obj()),
        _ => false,
    }
}

/// The text for what cannot be shared.
pub(crate) fn unsupported(th: Thread<'_>, object: Obj<'_>) -> String {
    format!("{} does not support cross-interpreter data", shown(th, object))
}

/// Whether [`pack`] would try.
pub(crate) fn is_shareable(th: Thread<'_>, object: Obj<'_>) -> bool {
    let is_plain = object.is_none()
        || object.is_exact::<types::Bool>()
        || Int::is_exact(object)
        || object.is_exact::<Float>()
        || object.is_exact::<Str>()
        || object.is_exact::<Bytes>()
        || object.is_exact::<Tuple>()
        || object.is_exact::<MemoryView>();
    is_plain || packer(th, object).is_some()
}

fn packer(th: Thread<'_>, object: Obj<'_>) -> Option<Pack> {
    let class = object.ty().obj();
    let classes = state(th).classes.borrow();
    classes.iter().find(|(known, _)| known.obj().is(class)).map(|(_, pack)| *pack)
}

/// Pack a shareable object; `fallback` allows others to be pickled.
pub(crate) fn pack(th: Thread<'_>, object: Obj<'_>, fallback: bool) -> Result<Packed> {
    let raised = match pack_shareable(th, object, fallback) {
        Ok(packed) => return Ok(packed),
        Err(raised) => raised,
    };
    if !fallback {
        return Err(raised);
    }
    let first = th.take_exception(raised);
    let packed = if object.is_exact::<object::Function>() {
        pack_function(th, object)
    } else {
        pack_pickle(th, object)
    };
    packed.map_err(|raised| {
        th.clear_exception(raised);
        th.restore(first)
    })
}

fn pack_shareable(th: Thread<'_>, object: Obj<'_>, fallback: bool) -> Result<Packed> {
    if !is_shareable(th, object) {
        return Err(not_shareable(th, &unsupported(th, object), None));
    }
    pack_known(th, object, fallback).map_err(|raised| {
        let cause = th.take_exception(raised);
        not_shareable(th, &unsupported(th, object), Some(cause))
    })
}

fn pack_known(th: Thread<'_>, object: Obj<'_>, fallback: bool) -> Result<Packed> {
    if let Some(pack) = packer(th, object) {
        return pack(th, object);
    }
    if Int::is_exact(object) {
        if Int::to_i64(object).is_none() {
            raise!(th, OverflowError, "try sending as bytes");
        }
        return Ok(Packed::Constant(object.own()));
    }
    if let Some(float) = object.downcast::<Float>() {
        return Ok(Packed::Float(float.value()));
    }
    if let Some(text) = object.downcast::<Str>() {
        return Ok(Packed::Text(object::own(text)));
    }
    if let Some(bytes) = object.downcast::<Bytes>() {
        return Ok(Packed::Bytes(bytes.as_bytes().to_vec()));
    }
    if let Some(tuple) = object.downcast::<Tuple>() {
        th.check_stack(" while sharing a tuple")?;
        let items: Result<Vec<Packed>> =
            tuple.items().iter().map(|item| pack(th, *item, fallback)).collect();
        return items.map(Packed::Tuple);
    }
    if object.downcast::<MemoryView>().is_some() {
        return pack_buffer(th, object);
    }
    Ok(Packed::Constant(object.own()))
}

/// Pack an object with a buffer, which the other side sees.
pub(crate) fn pack_buffer(th: Thread<'_>, object: Obj<'_>) -> Result<Packed> {
    let view = Buffer::get(th, object, abi::PyBUF_FULL_RO)?;
    let sent = SentBuffer { head: Head::new(), view };
    Ok(Packed::Buffer(alloc_object::new(th, sent)?.upcast()))
}

/// Pack a function: its code if it has no state, else where to find it.
pub(crate) fn pack_function(th: Thread<'_>, function: Obj<'_>) -> Result<Packed> {
    let raised = match code::stateless_function(th, function) {
        Ok(code) => return Ok(Packed::Function(crate::marshal::dump_object(th, code.obj())?)),
        Err(raised) => raised,
    };
    let first = th.take_exception(raised);
    pack_pickle(th, function).map_err(|raised| {
        th.clear_exception(raised);
        let text = unsupported(th, function);
        not_shareable(th, &text, Some(first))
    })
}

/// Pack anything that can be pickled.
pub(crate) fn pack_pickle(th: Thread<'_>, object: Obj<'_>) -> Result<Packed> {
    let pickled = import_from(th, "pickle", "dumps").and_then(|dumps| dumps.call(th, &[object]));
    let pickled = pickled.map_err(|raised| {
        let cause = th.take_exception(raised);
        not_shareable(th, "object could not be pickled", Some(cause))
    })?;
    let Some(bytes) = pickled.obj().downcast::<Bytes>() else {
        raise!(th, TypeError, "pickle.dumps() did not return bytes");
    };
    Ok(Packed::Pickle(bytes.as_bytes().to_vec(), main_file(th)))
}

/// `__main__.__file__`.
fn main_file(th: Thread<'_>) -> Option<String> {
    let main = th.interp().modules.get()?.get_name(th, id!(th, "__main__"))?.own();
    let file = match main.getattr_opt(th, id!(th, "__file__")) {
        Ok(file) => file?,
        Err(raised) => {
            th.clear_exception(raised);
            return None;
        }
    };
    file.obj().downcast::<Str>().map(Str::to_string)
}

impl Packed {
    /// The object, for the interpreter of the calling thread.
    pub(crate) fn unpack(&self, th: Thread<'_>) -> Result {
        match self {
            Packed::Constant(object) => Ok(object.clone()),
            Packed::Float(value) => Float::from_f64(th, *value),
            Packed::Text(text) => Ok(text.clone().upcast()),
            Packed::Bytes(bytes) => Bytes::new(th, bytes).map(Ref::upcast),
            Packed::Tuple(items) => {
                let items: Result<Vec<Ref>> = items.iter().map(|item| item.unpack(th)).collect();
                Tuple::from_refs(th, items?).map(Ref::upcast)
            }
            Packed::Buffer(sent) => MemoryView::from_object(th, sent.obj()).map(Ref::upcast),
            Packed::Pickle(bytes, main) => unpickle(th, bytes, main.as_deref()),
            Packed::Code(bytes) => crate::marshal::load_object(th, bytes),
            Packed::Function(bytes) => code::function(th, bytes),
            Packed::Other(carried) => carried.unpack(th),
        }
    }
}

fn unpickle(th: Thread<'_>, bytes: &[u8], main: Option<&str>) -> Result {
    let load = || -> Result {
        let bytes = Bytes::new(th, bytes)?;
        import_from(th, "pickle", "loads")?.call(th, &[bytes.obj()])
    };
    let raised = match load() {
        Ok(object) => return Ok(object),
        Err(raised) => raised,
    };
    let mut cause = th.take_exception(raised);
    if let Some(file) = main.filter(|_| misses_main_attribute(th, &cause)) {
        match with_other_main(th, file, load) {
            Ok(object) => return Ok(object),
            Err(raised) => drop(th.take_exception(raised)),
        }
    }
    if let Some(base) = exceptions::BaseException::of(cause.obj()) {
        base.set_context(None);
    } else {
        cause = types::none().own();
    }
    Err(not_shareable(th, "object could not be unpickled", Some(cause)))
}

fn misses_main_attribute(th: Thread<'_>, error: &Ref) -> bool {
    if !error.obj().ty().is_subtype(exceptions::types::AttributeError()) {
        return false;
    }
    match error.str(th) {
        Ok(text) => text.to_string().starts_with("module '__main__' has no attribute '"),
        Err(raised) => {
            th.clear_exception(raised);
            false
        }
    }
}

/// Call `f` while `__main__` is a module run from `file`, as the sender's is.
fn with_other_main(th: Thread<'_>, file: &str, f: impl FnOnce() -> Result) -> Result {
    let modules = vm::import::modules(th)?;
    let name = id!(th, "__main__").obj();
    let other = match state(th).other_main.get() {
        Some(module) => module,
        None => {
            let run = import_from(th, "runpy", "run_path")?;
            let names = Tuple::from_objs(th, &[Str::intern(th, "run_name")?.obj()])?;
            let run_name = Str::new(th, "<fake __main__>")?;
            let file = Str::new(th, file)?;
            let globals = run.call_kw(th, &[file.obj(), run_name.obj()], Some(&names))?;
            let module = object::Module::new(th, id!(th, "__main__"))?;
            module.dict(th)?.update(th, globals.obj())?;
            state(th).other_main.set(Some(module.clone().upcast()));
            module.upcast()
        }
    };
    let own = modules.get(th, name)?;
    modules.set(th, name, other.obj())?;
    let result = f();
    let error = result.as_ref().err().map(|_| th.take_exception(Raised));
    match own {
        Some(own) => modules.set(th, name, own.obj())?,
        None => modules.remove(th, name).map(drop)?,
    }
    match error {
        Some(error) => Err(th.restore(error)),
        None => result,
    }
}

/// The buffer of another interpreter's object.
#[pytype(name = "_interpreters.CrossInterpreterBufferView", flags = BASETYPE | DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct SentBuffer {
    head: Head,
    view: Buffer,
}

#[pymethods]
impl SentBuffer {
    fn bf_getbuffer(&self, _: Thread<'_>, view: &mut abi::Py_buffer, _: i32) -> Result<()> {
        // SAFETY: plain fields, whose pointers `self` keeps valid.
        *view = unsafe { std::ptr::read(self.view.view()) };
        view.obj = self.obj().own().into_raw();
        view.internal = std::ptr::null_mut();
        Ok(())
    }
}
