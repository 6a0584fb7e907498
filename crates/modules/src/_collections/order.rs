//! The order of an `OrderedDict`: a doubly linked list of its keys.
//!
//! Nodes live in one array and name each other by index; `places` finds the
//! node of a key object by its address, which the node keeps alive. The list
//! never asks keys anything, so it can change while the dict runs Python code.
//! What goes out of it is returned, for the caller to drop outside of a borrow.

use object::{AsObject, Obj, Ref, Traverse, alloc::AddressMap};

/// No node.
const NONE: u32 = u32::MAX;

struct Node {
    key: Ref,
    hash: isize,
    previous: u32,
    next: u32,
}

/// A list of distinct key objects.
pub(super) struct Order {
    /// `None` for nodes that are free.
    nodes: Vec<Option<Node>>,
    free: Vec<u32>,
    places: AddressMap<u32>,
    first: u32,
    last: u32,
}

impl Default for Order {
    fn default() -> Self {
        Order {
            nodes: Vec::new(),
            free: Vec::new(),
            places: AddressMap::default(),
            first: NONE,
            last: NONE,
        }
    }
}

impl Order {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)?.as_ref()
    }

    fn node_mut(&mut self, index: u32) -> Option<&mut Node> {
        self.nodes.get_mut(index as usize)?.as_mut()
    }

    /// The node at an end.
    pub(super) fn end(&self, last: bool) -> Option<u32> {
        let index = if last { self.last } else { self.first };
        (index != NONE).then_some(index)
    }

    /// The key of a node and its hash.
    pub(super) fn key(&self, index: u32) -> Option<(Ref, isize)> {
        self.node(index).map(|node| (node.key.clone(), node.hash))
    }

    /// The node beside another one.
    pub(super) fn neighbour(&self, index: u32, backwards: bool) -> Option<u32> {
        let node = self.node(index)?;
        let other = if backwards { node.previous } else { node.next };
        (other != NONE).then_some(other)
    }

    /// The node of a key object.
    pub(super) fn find(&self, key: Obj<'_>) -> Option<u32> {
        self.places.get(&(key.as_ptr() as usize)).copied()
    }

    /// Append a key, unless it is there; `None` if memory is short.
    pub(super) fn push(&mut self, key: Obj<'_>, hash: isize) -> Option<()> {
        if self.find(key).is_some() {
            return Some(());
        }
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.nodes.len()).ok().filter(|index| *index != NONE)?;
                self.nodes.try_reserve(1).ok()?;
                self.nodes.push(None);
                index
            }
        };
        self.places.insert(key.as_ptr() as usize, index);
        let node = Node { key: key.own(), hash, previous: NONE, next: NONE };
        if let Some(place) = self.nodes.get_mut(index as usize) {
            *place = Some(node);
        }
        self.link(index, true);
        Some(())
    }

    /// Remove the node of a key object.
    pub(super) fn remove(&mut self, key: Obj<'_>) -> Option<Ref> {
        let index = self.places.remove(&(key.as_ptr() as usize))?;
        self.unlink(index);
        self.free.push(index);
        self.nodes.get_mut(index as usize)?.take().map(|node| node.key)
    }

    /// Move a node to an end.
    pub(super) fn move_to_end(&mut self, index: u32, last: bool) {
        self.unlink(index);
        self.link(index, last);
    }

    fn link(&mut self, index: u32, last: bool) {
        let neighbour = if last { self.last } else { self.first };
        let (previous, next) = if last { (neighbour, NONE) } else { (NONE, neighbour) };
        if let Some(node) = self.node_mut(index) {
            (node.previous, node.next) = (previous, next);
        }
        self.set_next(previous, index);
        self.set_previous(next, index);
    }

    fn unlink(&mut self, index: u32) {
        let Some(node) = self.node(index) else { return };
        let (previous, next) = (node.previous, node.next);
        self.set_next(previous, next);
        self.set_previous(next, previous);
    }

    /// Let `next` follow `index`, or be the first.
    fn set_next(&mut self, index: u32, next: u32) {
        match self.node_mut(index) {
            Some(node) => node.next = next,
            None => self.first = next,
        }
    }

    /// Let `previous` precede `index`, or be the last.
    fn set_previous(&mut self, index: u32, previous: u32) {
        match self.node_mut(index) {
            Some(node) => node.previous = previous,
            None => self.last = previous,
        }
    }

    /// The keys from the first to the last.
    pub(super) fn keys(&self) -> Vec<Ref> {
        let mut keys = Vec::with_capacity(self.len());
        let mut next = self.end(false);
        while let Some(index) = next {
            keys.extend(self.node(index).map(|node| node.key.clone()));
            next = self.neighbour(index, false);
        }
        keys
    }
}

impl Traverse for Order {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        for node in self.nodes.iter().flatten() {
            visit(node.key.obj());
        }
    }
}

#[cfg(test)]
mod tests {
    use object::{AsObject, Int, Obj, Ref, Thread, alloc::Mode, thread::boot};

    use super::Order;

    fn key(th: Thread<'_>, value: i64) -> Ref {
        Int::from_i64(th, value).expect("a small int")
    }

    fn values(order: &Order) -> Vec<i64> {
        order.keys().iter().map(|key| Int::to_i64(key.obj()).expect("an int")).collect()
    }

    #[test]
    fn ends_move_and_places_are_used_again() {
        let th = boot(Mode::default());
        let keys: Vec<Ref> = (0..4).map(|value| key(th, value)).collect();
        let at = |index: usize| -> Obj<'_> { keys[index].obj() };
        let mut order = Order::default();
        for index in 0..4 {
            order.push(at(index), index as isize).expect("memory");
        }
        order.push(at(1), 1).expect("memory");
        assert_eq!(values(&order), [0, 1, 2, 3]);
        order.move_to_end(order.find(at(2)).expect("there"), false);
        order.move_to_end(order.find(at(0)).expect("there"), true);
        assert_eq!(values(&order), [2, 1, 3, 0]);
        drop(order.remove(at(3)));
        assert!(order.remove(at(3)).is_none());
        order.push(at(3), 3).expect("memory");
        assert_eq!((values(&order), order.nodes.len()), (vec![2, 1, 0, 3], 4));
        for index in 0..4 {
            drop(order.remove(at(index)));
        }
        assert_eq!((order.len(), order.end(false), order.end(true)), (0, None, None));
    }
}
