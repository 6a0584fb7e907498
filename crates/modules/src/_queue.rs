//! `_queue`: an unbounded queue between threads.
//!
//! `put` never blocks and takes no lock but the GIL, so that it may be called
//! from signal handlers and destructors at any time.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Dict, Head, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Traverse, Tuple,
    Type, alloc_object, exceptions, id, raise, types,
};

use crate::support::{
    self, Round, seconds_to_ns,
    wait::{Until, WaitQueue},
};

/// The exception of an empty queue.
#[derive(Default)]
struct EmptyClass(RefCell<Option<Ref>>);

/// Native accelerator of the `queue` module.
#[pymodule(name = "_queue")]
pub mod module {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<SimpleQueue>(th)?;
        let name = Str::new(th, "_queue.Empty")?;
        let bases = Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?;
        let class = support::new_exception(th, &name, &bases)?;
        let doc = Str::new(th, "Exception raised by Queue.get(block=0)/get_nowait().")?;
        class.setattr(th, id!(th, "__doc__"), Some(doc.obj()))?;
        module.set(th, "Empty", class.obj())?;
        let old = th.interp().extensions.get::<EmptyClass>().0.replace(Some(class));
        drop(old);
        Ok(())
    }
}

fn empty(th: Thread<'_>) -> Raised {
    let class = th.interp().extensions.get::<EmptyClass>().0.borrow().clone();
    let Some(class) = class else { return th.raise_empty(exceptions::types::Exception()) };
    match class.call(th, &[]) {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// Simple, unbounded, reentrant FIFO queue.
#[pytype(name = "_queue.SimpleQueue", flags = BASETYPE, traverse = manual, weaklistoffset = weaklist)]
pub struct SimpleQueue {
    head: Head,
    items: RefCell<VecDeque<Ref>>,
    takers: WaitQueue,
    weaklist: Cell<*mut abi::PyObject>,
}

impl Traverse for SimpleQueue {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(items) = self.items.try_borrow() {
            items.iter().for_each(|item| visit(item.obj()));
        }
    }
    fn clear(&self) {
        let items = self.items.try_borrow_mut().map(|mut items| std::mem::take(&mut *items));
        drop(items);
    }
}

impl SimpleQueue {
    fn push(&self, th: Thread<'_>, item: Obj<'_>) -> Result<()> {
        let mut items = self.items.borrow_mut();
        if items.try_reserve(1).is_err() {
            return Err(th.no_memory());
        }
        items.push_back(item.own());
        drop(items);
        self.takers.wake_one();
        Ok(())
    }

    fn pop(&self, th: Thread<'_>, until: Until) -> Result<Ref> {
        let mut item = self.items.borrow_mut().pop_front();
        if item.is_none() && !matches!(until, Until::Now) {
            self.takers.wait(th, until, || {
                item = self.items.borrow_mut().pop_front();
                item.is_some()
            })?;
        }
        item.ok_or_else(|| empty(th))
    }
}

#[pymethods]
impl SimpleQueue {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        if cls.obj().is(<SimpleQueue as object::PyStruct>::type_object().obj()) {
            if args.len() > 0 {
                raise!(th, TypeError, "SimpleQueue() takes no positional arguments");
            }
            if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
                raise!(th, TypeError, "SimpleQueue() takes no keyword arguments");
            }
        }
        let queue = SimpleQueue {
            head: Head::new(),
            items: RefCell::default(),
            takers: WaitQueue::new(),
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        alloc_object::alloc(th, cls, queue).map(Ref::upcast)
    }

    /// Put the item on the queue.
    ///
    /// The optional 'block' and 'timeout' arguments are ignored, as this
    /// method never blocks. They are there so that it looks like `Queue.put`.
    #[sig = "($self, /, item, block=True, timeout=None)"]
    fn put(
        &self,
        th: Thread<'_>,
        item: Obj<'_>,
        block: bool,
        timeout: Option<Obj<'_>>,
    ) -> Result<()> {
        let _ = (block, timeout);
        self.push(th, item)
    }

    /// Put an item into the queue without blocking: the same as `put(item)`.
    #[sig = "($self, /, item)"]
    fn put_nowait(&self, th: Thread<'_>, item: Obj<'_>) -> Result<()> {
        self.push(th, item)
    }

    /// Remove and return an item from the queue.
    ///
    /// Wait for one if 'block' is true, for at most 'timeout' seconds if that
    /// is given; raise Empty if there is none.
    #[sig = "($self, /, block=True, timeout=None)"]
    fn get(&self, th: Thread<'_>, block: bool, timeout: Option<Obj<'_>>) -> Result {
        let until = match timeout.filter(|timeout| !timeout.is_none()) {
            _ if !block => Until::Now,
            None => Until::Forever,
            Some(timeout) => {
                let ns = seconds_to_ns(th, timeout, Round::Ceiling)?;
                if ns < 0 {
                    raise!(th, ValueError, "'timeout' must be a non-negative number");
                }
                Until::after_ns(ns)
            }
        };
        self.pop(th, until)
    }

    /// Remove and return an item from the queue, or raise Empty.
    #[sig = "($self, /)"]
    fn get_nowait(&self, th: Thread<'_>) -> Result {
        self.pop(th, Until::Now)
    }

    /// Return True if the queue is empty, False otherwise (not reliable!).
    #[sig = "($self, /)"]
    fn empty(&self, _: Thread<'_>) -> bool {
        self.items.borrow().is_empty()
    }

    /// Return the approximate size of the queue (not reliable!).
    #[sig = "($self, /)"]
    fn qsize(&self, _: Thread<'_>) -> usize {
        self.items.borrow().len()
    }

    /// SimpleQueues are generic over the type of their contents
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }
}
