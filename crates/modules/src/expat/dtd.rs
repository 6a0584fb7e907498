//! What a document type definition declares.

use std::{cell::Cell, collections::HashMap, rc::Rc};

use super::External;

/// A general or parameter entity.
pub(super) struct Entity {
    pub(super) name: Rc<str>,
    /// The replacement text of an internal one.
    pub(super) text: Option<Rc<str>>,
    pub(super) at: External,
    pub(super) notation: Option<Rc<str>>,
    pub(super) is_open: Cell<bool>,
    /// Declared in the document itself, not in a parameter entity.
    pub(super) is_internal: bool,
}

/// A declared attribute of an element.
pub(super) struct Declared {
    pub(super) name: Rc<str>,
    pub(super) is_cdata: bool,
    pub(super) default: Option<Rc<str>>,
}

/// A content particle: kind, quantifier, name and the indices of its parts,
/// all greater than its own.
#[derive(Default)]
pub(in super::super) struct ModelNode {
    pub(in super::super) kind: u8,
    pub(in super::super) quantifier: u8,
    pub(in super::super) name: Option<String>,
    pub(in super::super) children: Vec<usize>,
}

/// A content model; the first node is the whole.
#[derive(Default)]
pub(in super::super) struct Model {
    pub(in super::super) nodes: Vec<ModelNode>,
}

pub(in super::super) struct Dtd {
    pub(super) general: HashMap<Rc<str>, Rc<Entity>>,
    pub(super) parameter: HashMap<Rc<str>, Rc<Entity>>,
    pub(super) attributes: HashMap<Rc<str>, Vec<Declared>>,
    pub(super) subset: External,
    pub(super) keep: bool,
    pub(super) has_parameter_refs: bool,
    pub(super) is_standalone: bool,
    pub(super) parameter_read: bool,
    /// Bytes of the input, and of what entities made of it.
    pub(super) direct: u64,
    pub(super) indirect: u64,
    pub(in super::super) max_factor: f32,
    pub(in super::super) threshold: u64,
}

impl Default for Dtd {
    fn default() -> Dtd {
        Dtd {
            general: HashMap::new(),
            parameter: HashMap::new(),
            attributes: HashMap::new(),
            subset: External::default(),
            keep: true,
            has_parameter_refs: false,
            is_standalone: false,
            parameter_read: false,
            direct: 0,
            indirect: 0,
            max_factor: 100.0,
            threshold: 8 << 20,
        }
    }
}

impl Dtd {
    /// Whether entities made too much out of too little.
    pub(super) fn is_breached(&self) -> bool {
        let total = self.direct + self.indirect;
        let factor = total as f64 / self.direct.max(22) as f64;
        total >= self.threshold && factor > f64::from(self.max_factor)
    }

    /// Whether an attribute's value is kept as it is.
    pub(super) fn is_cdata(&self, element: &str, attribute: &str) -> bool {
        let declared = self.attributes.get(element);
        let found = declared.and_then(|all| all.iter().find(|one| *one.name == *attribute));
        found.is_none_or(|one| one.is_cdata)
    }
}
