//! The elements that are open.
//!
//! PERF: their names are in one text, so that an element costs no memory of its
//! own (`bm_xml_etree`).

/// An element that is open: where its names are, and how many namespaces were
/// bound before it.
struct Tag {
    start: usize,
    /// Where the name as it is written ends, and the other begins.
    middle: usize,
    bindings: usize,
}

/// A stack of elements.
#[derive(Default)]
pub(super) struct Tags {
    names: String,
    open: Vec<Tag>,
}

/// A look at the innermost element.
pub(super) struct Innermost<'a> {
    /// As it is written, and as handlers know it.
    pub(super) written: &'a str,
    pub(super) name: &'a str,
    pub(super) bindings: usize,
}

impl Tags {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        self.names.capacity() + self.open.capacity() * size_of::<Tag>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn push(&mut self, written: &str, name: &str, bindings: usize) {
        let start = self.names.len();
        self.names.push_str(written);
        let middle = self.names.len();
        if name != written {
            self.names.push_str(name);
        }
        self.open.push(Tag { start, middle, bindings });
    }

    pub(super) fn last(&self) -> Option<Innermost<'_>> {
        let tag = self.open.last()?;
        let written = self.names.get(tag.start..tag.middle)?;
        let name = self.names.get(tag.middle..).filter(|name| !name.is_empty()).unwrap_or(written);
        Some(Innermost { written, name, bindings: tag.bindings })
    }

    pub(super) fn pop(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.names.truncate(tag.start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tags;

    #[test]
    fn names_are_a_stack() {
        let mut tags = Tags::default();
        tags.push("a", "a", 0);
        tags.push("p:b", "uri}b", 2);
        let last =
            tags.last().map(|tag| (tag.written.to_owned(), tag.name.to_owned(), tag.bindings));
        assert_eq!(last, Some(("p:b".to_owned(), "uri}b".to_owned(), 2)));
        tags.pop();
        assert_eq!(tags.last().map(|tag| tag.name.to_owned()), Some("a".to_owned()));
        tags.pop();
        assert!(tags.last().is_none());
    }
}
