//! `_interpqueues`: queues between interpreters.
//!
//! The queues belong to the process. An item keeps the number of the
//! interpreter that put it there; when that interpreter ends, the item goes, or
//! stays without its data, as it was said when it was put.

use std::{cell::RefCell, collections::VecDeque};

use macros::pymodule;
use object::{
    AsObject, IntoObject, Link, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple,
    exceptions, id, raise, types::none,
};

use crate::{
    _interpreters::{
        data::{self, Carried, Packed},
        id_argument,
    },
    support::{self, import},
};

/// What becomes of an item whose interpreter ends.
pub(crate) const REMOVE: i32 = 1;
const ERROR: i32 = 2;
pub(crate) const REPLACE: i32 = 3;

struct Item {
    interp: i64,
    /// Nothing when the interpreter has ended.
    data: Option<Packed>,
    unbound: i32,
}

struct Queue {
    id: i64,
    maxsize: isize,
    items: VecDeque<Item>,
    references: usize,
    unbound: i32,
    fallback: i32,
}

/// The queues of the process, the newest first.
#[derive(Default)]
struct Queues {
    all: RefCell<Vec<Queue>>,
    last_id: std::cell::Cell<i64>,
}

/// The classes of an interpreter.
#[derive(Default)]
struct State {
    error: Link,
    not_found: Link,
    empty: Link,
    full: Link,
    queue: Link,
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

fn queues(th: Thread<'_>) -> &'static Queues {
    th.interp().shared.get::<Queues>()
}

/// An exception of this module.
fn fail(th: Thread<'_>, class: &Link, text: &str) -> Raised {
    let class = match class.get() {
        Some(class) => class,
        None => exceptions::types::RuntimeError().obj().own(),
    };
    let made = Str::new(th, text).and_then(|text| class.call(th, &[text.obj()]));
    made.map_or_else(|raised| raised, |error| th.raise_object(error))
}

/// See to it that the module in Python has registered its classes.
fn load_python_part(th: Thread<'_>, class: &Link) -> Result<()> {
    if class.is_null() {
        import(th, "concurrent.interpreters._queues")?;
    }
    Ok(())
}

/// Call `f` with a queue.
fn with<R>(th: Thread<'_>, qid: i64, f: impl FnOnce(&mut Queue) -> R) -> Result<R> {
    let mut all = queues(th).all.borrow_mut();
    match all.iter_mut().find(|queue| queue.id == qid) {
        Some(queue) => Ok(f(queue)),
        None => {
            drop(all);
            Err(fail(th, &state(th).not_found, &format!("queue {qid} not found")))
        }
    }
}

fn take_out(th: Thread<'_>, qid: i64) -> Option<Queue> {
    let mut all = queues(th).all.borrow_mut();
    let index = all.iter().position(|queue| queue.id == qid)?;
    Some(all.remove(index))
}

/// Give up a reference; the last one takes the queue along.
fn release_reference(th: Thread<'_>, qid: i64) -> Result<()> {
    let left = with(th, qid, |queue| {
        let left = queue.references.checked_sub(1)?;
        queue.references = left;
        Some(left)
    })?;
    match left {
        None => Err(fail(th, &state(th).error, &format!("queue {qid} never bound"))),
        Some(0) => {
            drop(take_out(th, qid));
            Ok(())
        }
        Some(_) => Ok(()),
    }
}

/// An interpreter has ended.
fn forget_interpreter(th: Thread<'_>, interp: i64) {
    let mut dropped = Vec::new();
    for queue in queues(th).all.borrow_mut().iter_mut() {
        for item in queue.items.iter_mut().filter(|item| item.interp == interp) {
            dropped.extend(item.data.take());
        }
        queue.items.retain(|item| item.interp != interp || item.unbound != REMOVE);
    }
    drop(dropped);
}

pub(crate) fn unbound_argument(th: Thread<'_>, value: i32, default: i32) -> Result<i32> {
    match value {
        -1 => Ok(default),
        REMOVE | ERROR | REPLACE => Ok(value),
        _ => raise!(th, ValueError, "unsupported unboundop {value}"),
    }
}

pub(crate) fn fallback_argument(th: Thread<'_>, value: i32, default: i32) -> Result<i32> {
    match value {
        -1 => Ok(default),
        0 | 1 => Ok(value),
        _ => raise!(th, ValueError, "unsupported fallback {value}"),
    }
}

/// A queue on its way to another interpreter, to which this is a reference.
struct SentQueue(i64);

impl SentQueue {
    fn pack(th: Thread<'_>, object: Obj<'_>) -> Result<Packed> {
        let id = object.getattr(th, &*Str::intern(th, "_id")?)?;
        let qid = id_argument(th, id.obj(), "queue ID")?;
        with(th, qid, |queue| queue.references += 1)?;
        Ok(Packed::Other(Box::new(SentQueue(qid))))
    }
}

impl Carried for SentQueue {
    fn unpack(&self, th: Thread<'_>) -> Result {
        load_python_part(th, &state(th).queue)?;
        match state(th).queue.get() {
            Some(class) => class.call(th, &[self.0.into_object(th)?.obj()]),
            None => raise!(th, RuntimeError, "no queue class is registered"),
        }
    }
}

impl Drop for SentQueue {
    fn drop(&mut self) {
        // SAFETY: what is sent is dropped on attached threads.
        let th = unsafe { Thread::current() };
        let saved = th.swap_exception(None);
        if let Err(raised) = release_reference(th, self.0) {
            th.clear_exception(raised);
        }
        drop(th.swap_exception(saved));
    }
}

fn queue_id(th: Thread<'_>, qid: Obj<'_>) -> Result<i64> {
    id_argument(th, qid, "queue ID")
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[pymodule]
pub mod _interpqueues {
    use super::*;

    /// Create a new cross-interpreter queue and return its unique generated ID.
    /// It is a new reference as though bind() had been called on the queue.
    ///
    /// The caller is responsible for calling destroy() for the new queue
    /// before the runtime is finalized.
    #[sig = "(maxsize, unboundop=-1, fallback=-1)"]
    fn create(th: Thread<'_>, maxsize: isize, unboundop: i32, fallback: i32) -> Result<i64> {
        let unbound = unbound_argument(th, unboundop, REPLACE)?;
        let fallback = fallback_argument(th, fallback, 1)?;
        let id = queues(th).last_id.get() + 1;
        queues(th).last_id.set(id);
        let queue = Queue { id, maxsize, items: VecDeque::new(), references: 0, unbound, fallback };
        queues(th).all.borrow_mut().insert(0, queue);
        Ok(id)
    }

    /// Clear and destroy the queue.  Afterward attempts to use the queue
    /// will behave as though it never existed.
    #[sig = "(qid)"]
    fn destroy(th: Thread<'_>, qid: Obj<'_>) -> Result<()> {
        let qid = queue_id(th, qid)?;
        with(th, qid, |_| ())?;
        drop(take_out(th, qid));
        Ok(())
    }

    /// Return the list of IDs for all queues.
    /// Each corresponding default unbound op and fallback is also included.
    #[sig = "()"]
    fn list_all(th: Thread<'_>) -> Result {
        let all: Vec<(i64, i32, i32)> = {
            let all = queues(th).all.borrow();
            all.iter().map(|queue| (queue.id, queue.unbound, queue.fallback)).collect()
        };
        let all: Result<Vec<Ref>> = all.into_iter().map(|entry| entry.into_object(th)).collect();
        object::List::from_refs(th, all?).map(Ref::upcast)
    }

    /// Add the object's data to the queue.
    #[sig = "(qid, obj, unboundop=-1, fallback=-1)"]
    fn put(
        th: Thread<'_>,
        qid: Obj<'_>,
        obj: Obj<'_>,
        unboundop: i32,
        fallback: i32,
    ) -> Result<()> {
        let qid = queue_id(th, qid)?;
        let defaults = with(th, qid, |queue| (queue.unbound, queue.fallback))?;
        let unbound = unbound_argument(th, unboundop, defaults.0)?;
        let fallback = fallback_argument(th, fallback, defaults.1)?;
        let data = data::pack(th, obj, fallback != 0)?;
        let item = Item { interp: th.interp().id.get(), data: Some(data), unbound };
        let refused = with(th, qid, |queue| {
            let room = queue.maxsize <= 0 || queue.items.len() < queue.maxsize as usize;
            if room {
                queue.items.push_back(item);
                None
            } else {
                Some(item)
            }
        })?;
        if refused.is_some() {
            load_python_part(th, &state(th).full)?;
            return Err(fail(th, &state(th).full, &format!("queue {qid} is full")));
        }
        Ok(())
    }

    /// Return a new object from the data at the front of the queue.
    /// The unbound op is also returned.
    ///
    /// If there is nothing to receive then raise QueueEmpty.
    #[sig = "(qid)"]
    fn get(th: Thread<'_>, qid: Obj<'_>) -> Result<(Ref, Ref)> {
        let qid = queue_id(th, qid)?;
        let Some(item) = with(th, qid, |queue| queue.items.pop_front())? else {
            load_python_part(th, &state(th).empty)?;
            return Err(fail(th, &state(th).empty, &format!("queue {qid} is empty")));
        };
        match &item.data {
            Some(data) => Ok((data.unpack(th)?, none().own())),
            None => Ok((none().own(), item.unbound.into_object(th)?)),
        }
    }

    /// Take a reference to the identified queue.
    /// The queue is not destroyed until there are no references left.
    #[sig = "(qid)"]
    fn bind(th: Thread<'_>, qid: Obj<'_>) -> Result<()> {
        with(th, queue_id(th, qid)?, |queue| queue.references += 1)
    }

    /// Release a reference to the queue.
    /// The queue is destroyed once there are no references left.
    #[sig = "(qid)"]
    fn release(th: Thread<'_>, qid: Obj<'_>) -> Result<()> {
        release_reference(th, queue_id(th, qid)?)
    }

    /// Return the maximum number of items in the queue.
    #[sig = "(qid)"]
    fn get_maxsize(th: Thread<'_>, qid: Obj<'_>) -> Result<isize> {
        with(th, queue_id(th, qid)?, |queue| queue.maxsize)
    }

    /// Return the queue's default values, set when it was created.
    #[sig = "(qid)"]
    fn get_queue_defaults(th: Thread<'_>, qid: Obj<'_>) -> Result<(i32, i32)> {
        with(th, queue_id(th, qid)?, |queue| (queue.unbound, queue.fallback))
    }

    /// Return true if the queue has a maxsize and has reached it.
    #[sig = "(qid)"]
    fn is_full(th: Thread<'_>, qid: Obj<'_>) -> Result<bool> {
        with(th, queue_id(th, qid)?, |queue| {
            queue.maxsize > 0 && queue.items.len() >= queue.maxsize as usize
        })
    }

    /// Return the number of items in the queue.
    #[sig = "(qid)"]
    fn get_count(th: Thread<'_>, qid: Obj<'_>) -> Result<usize> {
        with(th, queue_id(th, qid)?, |queue| queue.items.len())
    }

    #[sig = "(queuetype, emptyerror, fullerror)"]
    fn _register_heap_types(
        th: Thread<'_>,
        queuetype: Obj<'_>,
        emptyerror: Obj<'_>,
        fullerror: Obj<'_>,
    ) -> Result<()> {
        for (class, text) in [
            (queuetype, "a type for 'queuetype'"),
            (emptyerror, "an exception type for 'emptyerror'"),
            (fullerror, "an exception type for 'fullerror'"),
        ] {
            if object::types::type_::as_type(class).is_none() {
                raise!(th, TypeError, "expected {text}");
            }
        }
        let state = state(th);
        if let Some(old) = state.queue.get() {
            data::unregister(th, old.obj());
        }
        state.queue.set(Some(queuetype.own()));
        state.empty.set(Some(emptyerror.own()));
        state.full.set(Some(fullerror.own()));
        data::register(th, queuetype, SentQueue::pack);
        Ok(())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let new = |name: &str, base: Obj<'_>| {
            let name = Str::new(th, &format!("concurrent.interpreters.{name}"))?;
            support::new_exception(th, &name, &*Tuple::from_objs(th, &[base])?)
        };
        let error = new("QueueError", exceptions::types::RuntimeError().obj())?;
        let doc = Str::new(th, "Indicates that a queue-related error happened.")?;
        error.setattr(th, id!(th, "__doc__"), Some(doc.obj()))?;
        let not_found = new("QueueNotFoundError", error.obj())?;
        module.set(th, "QueueError", error.obj())?;
        module.set(th, "QueueNotFoundError", not_found.obj())?;
        state(th).error.set(Some(error));
        state(th).not_found.set(Some(not_found));
        vm::interpreters::when_ended(th, forget_interpreter);
        Ok(())
    }
}
