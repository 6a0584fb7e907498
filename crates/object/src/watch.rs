//! Watchers: functions of C code that hear of what happens to dicts, types,
//! functions, code objects and contexts.
//!
//! Each kind has eight numbers for an interpreter. Dicts and types carry a bit
//! for each number, functions, code and contexts are watched all together. What
//! a watcher raises is reported and does not stop what it was told of. Dicts,
//! functions and code get a finaliser with the first watcher of their kind.

use std::cell::Cell;

use abi::{PyObject, PyTypeObject};

use crate::{AsObject, Code, Dict, Function, Obj, PyStruct, Thread, Type, protocol::text};

/// Hears of a dict: event, dict, key, new value.
pub type DictWatcher =
    unsafe extern "C" fn(i32, *mut PyObject, *mut PyObject, *mut PyObject) -> i32;
/// Hears of a type that is about to change.
pub type TypeWatcher = unsafe extern "C" fn(*mut PyTypeObject) -> i32;
/// Hears of a function: event, function, new value.
pub type FunctionWatcher = unsafe extern "C" fn(i32, *mut PyObject, *mut PyObject) -> i32;
/// Hears of a code object or a context: event, object.
pub type ObjectWatcher = unsafe extern "C" fn(i32, *mut PyObject) -> i32;

/// What is about to happen to a watched dict, numbered as in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "said by the names")]
pub enum DictEvent {
    Added,
    Modified,
    Deleted,
    Cloned,
    Cleared,
    Deallocated,
}

/// What happened, or is about to happen, to a function, numbered as in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "said by the names")]
pub enum FunctionEvent {
    Create,
    Destroy,
    ModifyCode,
    ModifyDefaults,
    ModifyKwdefaults,
}

/// What happened, or is about to happen, to a code object, numbered as in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "said by the names")]
pub enum CodeEvent {
    Create,
    Destroy,
}

/// `Py_CONTEXT_SWITCHED`.
const CONTEXT_SWITCHED: i32 = 1;

/// The watchers of one kind, by number.
pub struct Table<F: Copy> {
    functions: [Cell<Option<F>>; 8],
    active: Cell<u8>,
}

impl<F: Copy> Default for Table<F> {
    fn default() -> Self {
        Table { functions: [const { Cell::new(None) }; 8], active: Cell::new(0) }
    }
}

impl<F: Copy> Table<F> {
    /// Add a watcher; its number, from `first` on, or `None` if all are taken.
    pub fn add(&self, first: usize, function: F) -> Option<usize> {
        let id = (first..8).find(|id| self.active.get() >> id & 1 == 0)?;
        self.functions[id].set(Some(function));
        self.active.set(self.active.get() | 1 << id);
        Some(id)
    }

    /// Remove a watcher; whether there was one.
    pub fn remove(&self, id: usize) -> bool {
        let known = self.knows(id);
        if known {
            self.functions[id].set(None);
            self.active.set(self.active.get() & !(1 << id));
        }
        known
    }

    fn clear(&self) {
        for id in 0..8 {
            self.remove(id);
        }
    }

    /// Whether a watcher has the number.
    pub fn knows(&self, id: usize) -> bool {
        id < 8 && self.active.get() >> id & 1 != 0
    }

    /// Whether there are any.
    #[inline(always)]
    pub fn any(&self) -> bool {
        self.active.get() != 0
    }

    /// Call the watchers whose bit is set; tell of what they raise.
    fn notify(
        &self,
        th: Thread<'_>,
        bits: u8,
        call: impl Fn(F) -> i32,
        subject: impl Fn(usize) -> String,
    ) {
        for (id, function) in self.functions.iter().enumerate() {
            if bits >> id & 1 == 0 {
                continue;
            }
            let Some(function) = function.get() else { continue };
            if call(function) < 0 {
                let raised = th.swap_exception(None);
                let message = format!("Exception ignored in {}", subject(id));
                drop(th.swap_exception(raised));
                (th.hooks().unraisable)(th, Some(&message), None);
            }
        }
    }
}

/// The watchers of an interpreter.
#[derive(Default)]
#[allow(missing_docs, reason = "said by the names")]
pub struct Watchers {
    pub dicts: Table<DictWatcher>,
    pub types: Table<TypeWatcher>,
    pub functions: Table<FunctionWatcher>,
    pub code: Table<ObjectWatcher>,
    pub contexts: Table<ObjectWatcher>,
}

impl Watchers {
    /// Nobody watches any more.
    pub(crate) fn clear(&self) {
        self.dicts.clear();
        self.types.clear();
        self.functions.clear();
        self.code.clear();
        self.contexts.clear();
    }
}

fn raw(object: Option<Obj<'_>>) -> *mut PyObject {
    object.map_or(std::ptr::null_mut(), Obj::as_ptr)
}

/// `repr(object)` for a message.
fn shown(th: Thread<'_>, object: Obj<'_>) -> String {
    match text::repr(th, object) {
        Ok(text) => text.to_string(),
        Err(raised) => {
            th.clear_exception(raised);
            format!("<{} at {:p}>", object.type_name(), object.as_ptr())
        }
    }
}

/// Tell the watchers of a dict, whose bits these are.
#[cold]
pub(crate) fn dict(
    th: Thread<'_>,
    bits: u8,
    event: DictEvent,
    dict: &Dict,
    key: Option<Obj<'_>>,
    value: Option<Obj<'_>>,
) {
    let name = match event {
        DictEvent::Added => "ADDED",
        DictEvent::Modified => "MODIFIED",
        DictEvent::Deleted => "DELETED",
        DictEvent::Cloned => "CLONED",
        DictEvent::Cleared => "CLEARED",
        DictEvent::Deallocated => "DEALLOCATED",
    };
    let object = dict.obj().as_ptr();
    th.interp().watchers.dicts.notify(
        th,
        bits,
        // SAFETY: the objects are live, and C code said that it wants to hear of them.
        |watcher| unsafe { watcher(event as i32, object, raw(key), raw(value)) },
        |_| format!("PyDict_EVENT_{name} watcher callback for <dict at {object:p}>"),
    );
}

/// Tell the watchers of a type that it is about to change.
#[cold]
pub(crate) fn type_modified(th: Thread<'_>, ty: &Type) {
    th.interp().watchers.types.notify(
        th,
        ty.slots().tp_watched,
        // SAFETY: a live type, of which C code said that it wants to hear.
        |watcher| unsafe { watcher(ty.as_ptr()) },
        |id| format!("type watcher callback #{id} for {}", shown(th, ty.obj())),
    );
}

/// Tell who watches functions.
#[cold]
#[inline(never)]
pub fn function(th: Thread<'_>, event: FunctionEvent, function: &Function, value: Option<Obj<'_>>) {
    let name = match event {
        FunctionEvent::Create => "CREATE",
        FunctionEvent::Destroy => "DESTROY",
        FunctionEvent::ModifyCode => "MODIFY_CODE",
        FunctionEvent::ModifyDefaults => "MODIFY_DEFAULTS",
        FunctionEvent::ModifyKwdefaults => "MODIFY_KWDEFAULTS",
    };
    let object = function.obj().as_ptr();
    th.interp().watchers.functions.notify(
        th,
        u8::MAX,
        // SAFETY: live objects, of which C code said that it wants to hear.
        |watcher| unsafe { watcher(event as i32, object, raw(value)) },
        |_| {
            let qualname = function.qualname.get().map_or_else(String::new, |it| it.to_string());
            format!(
                "PyFunction_EVENT_{name} watcher callback for function {qualname} at {object:p}"
            )
        },
    );
}

/// Tell who watches code objects.
#[cold]
#[inline(never)]
pub(crate) fn code(th: Thread<'_>, event: CodeEvent, code: &Code) {
    let name = match event {
        CodeEvent::Create => "CREATE",
        CodeEvent::Destroy => "DESTROY",
    };
    th.interp().watchers.code.notify(
        th,
        u8::MAX,
        // SAFETY: a live object, of which C code said that it wants to hear.
        |watcher| unsafe { watcher(event as i32, code.obj().as_ptr()) },
        |_| format!("PY_CODE_EVENT_{name} watcher callback for {}", shown(th, code.obj())),
    );
}

/// Tell who watches contexts that the current one is another, or none.
pub fn context_switched(th: Thread<'_>, context: Obj<'_>) {
    th.interp().watchers.contexts.notify(
        th,
        u8::MAX,
        // SAFETY: a live object, of which C code said that it wants to hear.
        |watcher| unsafe { watcher(CONTEXT_SWITCHED, context.as_ptr()) },
        |_| format!("Py_CONTEXT_SWITCHED watcher callback for {}", shown(th, context)),
    );
}

/// `tp_finalize` of functions while anybody watches them.
unsafe extern "C" fn finalize_function(object: *mut PyObject) {
    // SAFETY: objects die on attached threads; the slot is that of functions.
    let (th, this) = unsafe { (Thread::current(), &*object.cast::<Function>()) };
    function(th, FunctionEvent::Destroy, this, None);
}

/// `tp_finalize` of code objects while anybody watches them.
unsafe extern "C" fn finalize_code(object: *mut PyObject) {
    // SAFETY: objects die on attached threads; the slot is that of code objects.
    let (th, this) = unsafe { (Thread::current(), &*object.cast::<Code>()) };
    code(th, CodeEvent::Destroy, this);
}

/// `tp_finalize` of dicts while anybody watches some.
unsafe extern "C" fn finalize_dict(object: *mut PyObject) {
    // SAFETY: objects die on attached threads; the slot is that of dicts.
    let (th, this) = unsafe { (Thread::current(), &*object.cast::<Dict>()) };
    if this.is_watched() {
        this.notify(th, DictEvent::Deallocated, None, None);
    }
}

/// Let functions tell of their end. The type belongs to all interpreters: the
/// finaliser stays, once it is there.
pub fn watch_ends_of_functions() {
    // SAFETY: the slot is set with the GIL held.
    unsafe { (*Function::type_object().as_ptr()).tp_finalize = Some(finalize_function) };
}

/// Let dicts tell of their end, see [`watch_ends_of_functions`].
pub fn watch_ends_of_dicts() {
    // SAFETY: the slot is set with the GIL held.
    unsafe { (*Dict::type_object().as_ptr()).tp_finalize = Some(finalize_dict) };
}

/// Let code objects tell of their end, see [`watch_ends_of_functions`].
pub fn watch_ends_of_code() {
    // SAFETY: the slot is set with the GIL held.
    unsafe { (*Code::type_object().as_ptr()).tp_finalize = Some(finalize_code) };
}
