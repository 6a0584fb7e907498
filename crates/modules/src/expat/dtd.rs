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

/// How much may be made out of the input, by a factor, once it is at least `threshold` bytes.
pub(in super::super) struct Limit {
    pub(in super::super) max_factor: f32,
    pub(in super::super) threshold: u64,
}

impl Limit {
    fn is_breached(&self, made: u64, input: u64) -> bool {
        made >= self.threshold && made as f64 / input as f64 > f64::from(self.max_factor)
    }
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
    /// Bytes of memory that hold declarations.
    declared: u64,
    pub(in super::super) expansion: Limit,
    pub(in super::super) memory: Limit,
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
            declared: 0,
            expansion: Limit { max_factor: 100.0, threshold: 8 << 20 },
            memory: Limit { max_factor: 100.0, threshold: 64 << 20 },
        }
    }
}

impl Dtd {
    /// Whether entities made too much out of too little.
    pub(super) fn is_expansion_breached(&self) -> bool {
        self.expansion.is_breached(self.direct + self.indirect, self.direct.max(22))
    }

    /// Whether the declarations and `others` bytes take too much memory.
    pub(super) fn is_memory_breached(&self, others: usize) -> bool {
        self.memory.is_breached(self.declared + others as u64, self.direct.max(1))
    }

    /// Add an entity to a table.
    pub(super) fn add_entity(&mut self, entity: Entity, is_parameter: bool) {
        let text = entity.text.as_ref().map_or(0, |text| text.len());
        self.declared += (size_of::<Entity>() + entity.name.len() + text) as u64;
        let table = if is_parameter { &mut self.parameter } else { &mut self.general };
        table.insert(entity.name.clone(), Rc::new(entity));
    }

    /// Add an attribute that an element did not have.
    pub(super) fn add_attribute(&mut self, element: &str, attribute: Declared) {
        let all = self.attributes.entry(element.into()).or_default();
        if !all.iter().any(|one| one.name == attribute.name) {
            let default = attribute.default.as_ref().map_or(0, |text| text.len());
            self.declared += (size_of::<Declared>() + attribute.name.len() + default) as u64;
            all.push(attribute);
        }
    }

    /// Whether an attribute's value is kept as it is.
    pub(super) fn is_cdata(&self, element: &str, attribute: &str) -> bool {
        let declared = self.attributes.get(element);
        let found = declared.and_then(|all| all.iter().find(|one| *one.name == *attribute));
        found.is_none_or(|one| one.is_cdata)
    }
}
