//! `_heapq`: priority queues on lists.
//!
//! Comparing runs Python code that may change the list, so items are read and
//! written by index, and a change of length is an error.

use macros::pymodule;
use object::{AsObject, CompareOp, List, Obj, Ref, Result, Thread, protocol::compare, raise};

/// Which item belongs on top.
#[derive(Clone, Copy)]
enum Order {
    Min,
    Max,
}

/// Whether `a` belongs above `b`.
fn above(th: Thread<'_>, order: Order, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
    match order {
        Order::Min => compare::rich_compare_bool(th, a, b, CompareOp::Lt),
        Order::Max => compare::rich_compare_bool(th, b, a, CompareOp::Lt),
    }
}

fn item(th: Thread<'_>, heap: &List, index: usize) -> Result<Ref> {
    match heap.get(index) {
        Some(item) => Ok(item),
        None => raise!(th, RuntimeError, "list changed size during iteration"),
    }
}

fn check_size(th: Thread<'_>, heap: &List, size: usize) -> Result<()> {
    if heap.len() != size {
        raise!(th, RuntimeError, "list changed size during iteration");
    }
    Ok(())
}

fn put(th: Thread<'_>, heap: &List, index: usize, value: Ref) -> Result<()> {
    match heap.set(index, value) {
        Ok(()) => Ok(()),
        Err(_) => raise!(th, RuntimeError, "list changed size during iteration"),
    }
}

/// Move the item at `pos` up to where it belongs, not above `start`.
fn sift_down(
    th: Thread<'_>,
    heap: &List,
    start: usize,
    mut pos: usize,
    order: Order,
) -> Result<()> {
    let size = heap.len();
    while pos > start {
        let parent = (pos - 1) / 2;
        let (new, old) = (item(th, heap, pos)?, item(th, heap, parent)?);
        let moves = above(th, order, new.obj(), old.obj())?;
        check_size(th, heap, size)?;
        if !moves {
            break;
        }
        heap.swap(pos, parent);
        pos = parent;
    }
    Ok(())
}

/// Move the item at `pos` to the bottom, then up to where it belongs.
fn sift_up(th: Thread<'_>, heap: &List, start: usize, order: Order) -> Result<()> {
    let size = heap.len();
    let limit = size / 2;
    let mut pos = start;
    while pos < limit {
        let mut child = 2 * pos + 1;
        if child + 1 < size {
            let (left, right) = (item(th, heap, child)?, item(th, heap, child + 1)?);
            let left_above = above(th, order, left.obj(), right.obj())?;
            check_size(th, heap, size)?;
            child += usize::from(!left_above);
        }
        heap.swap(pos, child);
        pos = child;
    }
    sift_down(th, heap, start, pos, order)
}

fn push(th: Thread<'_>, heap: &List, value: Obj<'_>, order: Order) -> Result<()> {
    heap.push(th, value.own())?;
    sift_down(th, heap, 0, heap.len() - 1, order)
}

fn pop(th: Thread<'_>, heap: &List, order: Order) -> Result<Ref> {
    let Some(last) = heap.len().checked_sub(1) else {
        raise!(th, IndexError, "index out of range");
    };
    let Some(value) = heap.remove(th, last) else {
        raise!(th, IndexError, "index out of range");
    };
    if last == 0 {
        return Ok(value);
    }
    let top = item(th, heap, 0)?;
    put(th, heap, 0, value)?;
    sift_up(th, heap, 0, order)?;
    Ok(top)
}

fn replace(th: Thread<'_>, heap: &List, value: Obj<'_>, order: Order) -> Result<Ref> {
    let Some(top) = heap.get(0) else {
        raise!(th, IndexError, "index out of range");
    };
    put(th, heap, 0, value.own())?;
    sift_up(th, heap, 0, order)?;
    Ok(top)
}

fn push_pop(th: Thread<'_>, heap: &List, value: Obj<'_>, order: Order) -> Result<Ref> {
    let Some(top) = heap.get(0) else { return Ok(value.own()) };
    if !above(th, order, top.obj(), value)? {
        return Ok(value.own());
    }
    if heap.len() == 0 {
        raise!(th, IndexError, "index out of range");
    }
    replace(th, heap, value, order)
}

fn make_heap(th: Thread<'_>, heap: &List, order: Order) -> Result<()> {
    for index in (0..heap.len() / 2).rev() {
        sift_up(th, heap, index, order)?;
    }
    Ok(())
}

/// Heap queue algorithm (a.k.a. priority queue).
///
/// Heaps are arrays for which a[k] <= a[2*k+1] and a[k] <= a[2*k+2] for
/// all k, counting elements from 0.
#[pymodule(name = "_heapq")]
pub mod module {
    use super::*;

    /// Push item onto heap, maintaining the heap invariant.
    #[sig = "(heap, item, /)"]
    fn heappush(th: Thread<'_>, heap: &List, item: Obj<'_>) -> Result<()> {
        push(th, heap, item, Order::Min)
    }

    /// Push item on the heap, then pop and return the smallest item.
    #[sig = "(heap, item, /)"]
    fn heappushpop(th: Thread<'_>, heap: &List, item: Obj<'_>) -> Result {
        push_pop(th, heap, item, Order::Min)
    }

    /// Pop the smallest item off the heap, maintaining the heap invariant.
    #[sig = "(heap, /)"]
    fn heappop(th: Thread<'_>, heap: &List) -> Result {
        pop(th, heap, Order::Min)
    }

    /// Pop and return the current smallest value, and add the new item.
    #[sig = "(heap, item, /)"]
    fn heapreplace(th: Thread<'_>, heap: &List, item: Obj<'_>) -> Result {
        replace(th, heap, item, Order::Min)
    }

    /// Transform list into a heap, in-place, in O(len(heap)) time.
    #[sig = "(heap, /)"]
    fn heapify(th: Thread<'_>, heap: &List) -> Result<()> {
        make_heap(th, heap, Order::Min)
    }

    /// Push item onto max heap, maintaining the heap invariant.
    #[sig = "(heap, item, /)"]
    fn heappush_max(th: Thread<'_>, heap: &List, item: Obj<'_>) -> Result<()> {
        push(th, heap, item, Order::Max)
    }

    /// Push item on the max heap, then pop and return the largest item.
    #[sig = "(heap, item, /)"]
    fn heappushpop_max(th: Thread<'_>, heap: &List, item: Obj<'_>) -> Result {
        push_pop(th, heap, item, Order::Max)
    }

    /// Pop the largest item off the max heap, maintaining the heap invariant.
    #[sig = "(heap, /)"]
    fn heappop_max(th: Thread<'_>, heap: &List) -> Result {
        pop(th, heap, Order::Max)
    }

    /// Pop and return the current largest value, and add the new item.
    #[sig = "(heap, item, /)"]
    fn heapreplace_max(th: Thread<'_>, heap: &List, item: Obj<'_>) -> Result {
        replace(th, heap, item, Order::Max)
    }

    /// Transform list into a max heap, in-place, in O(len(heap)) time.
    #[sig = "(heap, /)"]
    fn heapify_max(th: Thread<'_>, heap: &List) -> Result<()> {
        make_heap(th, heap, Order::Max)
    }
}
