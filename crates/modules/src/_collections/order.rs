//! The order of an `OrderedDict`: a doubly linked list of its keys.
//!
//! Nodes live in one array and name each other by index. A node is found by its
//! key object, which it keeps alive, and that one's hash: where there are few,
//! by looking at all, else in a table of indices that is probed as a dict's, so
//! that neighbours in the dict are neighbours here. The list never asks keys
//! anything, so it can change while the dict runs Python code. What goes out of
//! it is returned, for the caller to drop outside of a borrow.

use object::{AsObject, Obj, Ref, Traverse};

/// No node.
const NONE: u32 = u32::MAX;
/// In the table: a node was here.
const GONE: u32 = NONE - 1;
/// Up to so many nodes there is no table.
const FEW: usize = 8;

struct Node {
    /// `None` for nodes that are free; these are a list by `next`.
    key: Option<Ref>,
    hash: isize,
    previous: u32,
    next: u32,
}

/// A list of distinct key objects.
pub(super) struct Order {
    nodes: Vec<Node>,
    /// A power of two of indices, or empty.
    table: Box<[u32]>,
    /// How many places of the table are or were in use.
    filled: u32,
    len: u32,
    free: u32,
    first: u32,
    last: u32,
}

impl Default for Order {
    fn default() -> Self {
        Order {
            nodes: Vec::new(),
            table: Box::default(),
            filled: 0,
            len: 0,
            free: NONE,
            first: NONE,
            last: NONE,
        }
    }
}

/// The places of a table of `len`, a power of two, in which to look for a hash.
fn probe(hash: isize, len: usize) -> impl Iterator<Item = usize> {
    let mut perturb = hash as usize;
    let first = perturb & (len - 1);
    std::iter::successors(Some(first), move |&place| {
        perturb >>= 5;
        Some(place.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & (len - 1))
    })
}

impl Order {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// A node in use.
    fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    fn node_mut(&mut self, index: u32) -> Option<&mut Node> {
        self.nodes.get_mut(index as usize)
    }

    fn holds(&self, index: u32, key: Obj<'_>) -> bool {
        self.node(index).and_then(|node| node.key.as_ref()).is_some_and(|own| own.obj().is(key))
    }

    /// The node at an end.
    pub(super) fn end(&self, last: bool) -> Option<u32> {
        let index = if last { self.last } else { self.first };
        (index != NONE).then_some(index)
    }

    /// The key of a node and its hash.
    pub(super) fn key(&self, index: u32) -> Option<(Ref, isize)> {
        let node = self.node(index)?;
        Some((node.key.clone()?, node.hash))
    }

    /// The node beside another one.
    pub(super) fn neighbour(&self, index: u32, backwards: bool) -> Option<u32> {
        let node = self.node(index)?;
        let other = if backwards { node.previous } else { node.next };
        (other != NONE).then_some(other)
    }

    /// The place in the table of the node of a key object, and the node.
    fn place(&self, key: Obj<'_>, hash: isize) -> Option<(usize, u32)> {
        for place in probe(hash, self.table.len()) {
            match *self.table.get(place)? {
                NONE => return None,
                index if self.holds(index, key) => return Some((place, index)),
                _ => {}
            }
        }
        None
    }

    /// The node of a key object.
    pub(super) fn find(&self, key: Obj<'_>, hash: isize) -> Option<u32> {
        if self.table.is_empty() {
            return (0..self.nodes.len() as u32).find(|&index| self.holds(index, key));
        }
        self.place(key, hash).map(|(_, index)| index)
    }

    /// Append a key, unless it is there; `None` if memory is short.
    pub(super) fn push(&mut self, key: Obj<'_>, hash: isize) -> Option<()> {
        if self.find(key, hash).is_some() {
            return Some(());
        }
        self.make_room()?;
        let node = Node { key: Some(key.own()), hash, previous: NONE, next: NONE };
        let index = self.free;
        let index = match self.node_mut(index) {
            Some(place) => {
                let next = std::mem::replace(place, node).next;
                self.free = next;
                index
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
        };
        self.enter(hash, index);
        self.len += 1;
        self.link(index, true);
        Some(())
    }

    /// Have room for one more node, and for it in the table.
    fn make_room(&mut self) -> Option<()> {
        let (nodes, len) = (self.nodes.len(), self.len());
        if self.free == NONE && nodes == self.nodes.capacity() {
            // An index fits below `GONE`; half as many again, as most dicts are small.
            u32::try_from(nodes).ok().filter(|nodes| *nodes < GONE)?;
            self.nodes.try_reserve_exact((nodes / 2).max(2)).ok()?;
        }
        if len < FEW && self.table.is_empty()
            || (self.filled as usize + 1) * 3 <= self.table.len() * 2
        {
            return Some(());
        }
        let size = (len + 1).checked_mul(3)?.checked_next_power_of_two()?;
        let mut table = Vec::new();
        table.try_reserve_exact(size).ok()?;
        table.resize(size, NONE);
        self.table = table.into();
        self.filled = 0;
        let mut next = self.end(false);
        while let Some(index) = next {
            let hash = self.node(index).map_or(0, |node| node.hash);
            self.enter(hash, index);
            next = self.neighbour(index, false);
        }
        Some(())
    }

    /// Put a node into the table, if there is one; it has room.
    fn enter(&mut self, hash: isize, index: u32) {
        if self.table.is_empty() {
            return;
        }
        let free =
            probe(hash, self.table.len()).find(|&place| self.table.get(place) == Some(&NONE));
        if let Some(place) = free.and_then(|place| self.table.get_mut(place)) {
            *place = index;
            self.filled += 1;
        }
    }

    /// Remove the node of a key object.
    pub(super) fn remove(&mut self, key: Obj<'_>, hash: isize) -> Option<Ref> {
        let index = if self.table.is_empty() {
            self.find(key, hash)?
        } else {
            let (place, index) = self.place(key, hash)?;
            *self.table.get_mut(place)? = GONE;
            index
        };
        self.unlink(index);
        self.len -= 1;
        let free = std::mem::replace(&mut self.free, index);
        let node = self.node_mut(index)?;
        node.next = free;
        node.key.take()
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
            keys.extend(self.node(index).and_then(|node| node.key.clone()));
            next = self.neighbour(index, false);
        }
        keys
    }
}

impl Traverse for Order {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        for key in self.nodes.iter().filter_map(|node| node.key.as_ref()) {
            visit(key.obj());
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
        // Few are found without the table, many with it; all hashes are alike.
        for count in [4, 40] {
            let keys: Vec<Ref> = (0..count).map(|value| key(th, value)).collect();
            let at = |index: usize| -> Obj<'_> { keys[index].obj() };
            let mut order = Order::default();
            for key in &keys {
                order.push(key.obj(), 1).expect("memory");
            }
            let rest: Vec<i64> = (4..count).collect();
            let with_rest = |some: &[i64], more: &[i64]| [some, &rest, more].concat();
            assert_eq!(values(&order), with_rest(&[0, 1, 2, 3], &[]));
            order.move_to_end(order.find(at(2), 1).expect("there"), false);
            order.move_to_end(order.find(at(0), 1).expect("there"), true);
            assert_eq!(values(&order), with_rest(&[2, 1, 3], &[0]));
            drop(order.remove(at(3), 1));
            assert!(order.remove(at(3), 1).is_none());
            for _ in 0..1000 {
                order.push(at(3), 1).expect("memory");
                drop(order.remove(at(3), 1));
            }
            order.push(at(3), 1).expect("memory");
            assert_eq!(values(&order), with_rest(&[2, 1], &[0, 3]));
            assert_eq!(order.nodes.len(), keys.len());
            for key in &keys {
                drop(order.remove(key.obj(), 1));
            }
            assert_eq!((order.len(), order.end(false), order.end(true)), (0, None, None));
        }
    }
}
