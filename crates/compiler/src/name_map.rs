//! Maps and sets keyed by identifiers that remember insertion order.
//!
//! CPython keeps symbols, names and constants in dicts, and the order in which
//! they were entered becomes visible in the code object. Small maps are
//! searched linearly; an index is built once they grow.

use std::collections::HashMap;

use ruff_python_ast::name::Name;

const LINEAR: usize = 8;

/// An insertion-ordered map from identifiers to `V`.
#[derive(Clone, Debug)]
pub struct NameMap<V> {
    entries: Vec<(Name, V)>,
    index: Option<HashMap<Name, usize>>,
}

/// An insertion-ordered set of identifiers.
pub type NameSet = NameMap<()>;

impl<V> Default for NameMap<V> {
    fn default() -> Self {
        Self { entries: Vec::new(), index: None }
    }
}

impl<V> NameMap<V> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Position of `name` in insertion order.
    pub fn position(&self, name: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.entries.iter().position(|(key, _)| key.as_str() == name),
        }
    }

    /// The value stored for `name`.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.position(name).map(|at| &self.entries[at].1)
    }

    /// Whether `name` is a key.
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Store `value`, keeping the position of an existing key. Returns the position.
    pub fn insert(&mut self, name: &Name, value: V) -> usize {
        if let Some(at) = self.position(name) {
            self.entries[at].1 = value;
            return at;
        }
        let at = self.entries.len();
        self.entries.push((name.clone(), value));
        if let Some(index) = &mut self.index {
            index.insert(name.clone(), at);
        } else if self.entries.len() > LINEAR {
            self.reindex();
        }
        at
    }

    /// Remove `name`; later entries move up.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let at = self.position(name)?;
        let (_, value) = self.entries.remove(at);
        if self.index.is_some() {
            self.reindex();
        }
        Some(value)
    }

    /// The entries in insertion order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The keys in insertion order.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The entry at a position.
    pub fn at(&self, position: usize) -> Option<(&Name, &V)> {
        self.entries.get(position).map(|(key, value)| (key, value))
    }

    fn reindex(&mut self) {
        self.index =
            Some(self.entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect());
    }
}

impl NameSet {
    /// Add `name` to the set.
    pub fn add(&mut self, name: &Name) {
        if !self.contains(name) {
            self.insert(name, ());
        }
    }

    /// Add every name of `other`.
    pub fn extend(&mut self, other: &NameSet) {
        for name in other.names() {
            self.add(name);
        }
    }

    /// Remove `name`, telling whether it was there. Order is not kept.
    pub fn discard(&mut self, name: &str) -> bool {
        let Some(at) = self.position(name) else { return false };
        let last = self.entries.len() - 1;
        self.entries.swap_remove(at);
        if let Some(index) = &mut self.index {
            index.remove(name);
            if at != last {
                index.insert(self.entries[at].0.clone(), at);
            }
        }
        true
    }
}

impl NameMap<usize> {
    /// The number of `name`, giving it the next one if it is new.
    pub fn number(&mut self, name: &Name) -> usize {
        match self.get(name) {
            Some(&number) => number,
            None => {
                let number = self.len();
                self.insert(name, number);
                number
            }
        }
    }
}
