//! Looking for elements: by tag here, by path in `xml.etree.ElementPath`.

use macros::pymethods;
use object::{
    AsObject, Bytes, List, Obj, Protocol, Ref, Result, Str, Thread, protocol::compare, raise, types,
};

use super::{
    Shared,
    element::Element,
    iterator::{ElementIterator, Wanted},
};

/// Whether a text is more than a tag.
fn is_path_text(text: impl Iterator<Item = u32>) -> bool {
    const BRACE: u32 = '{' as u32;
    let mut in_braces = false;
    let mut first = [0; 3];
    for (index, code) in text.enumerate() {
        if let Some(place) = first.get_mut(index) {
            *place = code;
        }
        // `{}tag` and `{*}tag` match any namespace.
        match first {
            [BRACE, 0x7d, _] if index == 2 => return true,
            [BRACE, 0x2a, 0x7d] => return true,
            _ => {}
        }
        match char::from_u32(code) {
            Some('{') => in_braces = true,
            Some('}') => in_braces = false,
            Some('/' | '*' | '[' | '@' | '.') if !in_braces => return true,
            _ => {}
        }
    }
    false
}

fn is_path(path: Obj<'_>) -> bool {
    if let Some(text) = path.downcast::<Str>() {
        return match text.as_ascii() {
            Some(text) => is_path_text(text.bytes().map(u32::from)),
            None => is_path_text(text.units().iter()),
        };
    }
    match path.downcast::<Bytes>() {
        Some(bytes) => is_path_text(bytes.as_bytes().iter().map(|byte| u32::from(*byte))),
        None => true,
    }
}

/// `ElementPath.name(*args)`.
fn by_path(th: Thread<'_>, name: &Str, args: &[Obj<'_>]) -> Result {
    let Some(module) = Shared::of(th).element_path.borrow().clone() else {
        raise!(th, ImportError, "xml.etree.ElementPath is missing");
    };
    module.call_method(th, name, args)
}

impl Element {
    /// The next child from `index` on that has the tag.
    fn next_with_tag(
        &self,
        th: Thread<'_>,
        index: &mut usize,
        tag: Obj<'_>,
    ) -> Result<Option<Ref<Element>>> {
        while let Some(child) = self.children.get(*index) {
            *index += 1;
            if child.has_tag(th, tag)? {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }

    /// Whether the tag is equal to `tag`.
    pub(super) fn has_tag(&self, th: Thread<'_>, tag: Obj<'_>) -> Result<bool> {
        match self.tag.get() {
            Some(own) => compare::eq(th, own.obj(), tag),
            None => compare::eq(th, types::none(), tag),
        }
    }

    fn iterate(&self, th: Thread<'_>, wanted: Wanted) -> Result<Ref<ElementIterator>> {
        ElementIterator::over(th, self, wanted)
    }
}

#[pymethods(part = find)]
impl Element {
    #[sig = "($self, /, path, namespaces=None)"]
    fn find(&self, th: Thread<'_>, path: Obj<'_>, namespaces: Option<Obj<'_>>) -> Result {
        let namespaces = namespaces.unwrap_or(types::none());
        if !namespaces.is_none() || is_path(path) {
            return by_path(th, object::id!(th, "find"), &[self.obj(), path, namespaces]);
        }
        let found = self.next_with_tag(th, &mut 0, path)?;
        Ok(found.map_or_else(|| types::none().own(), Ref::upcast))
    }

    #[sig = "($self, /, path, default=None, namespaces=None)"]
    fn findtext(
        &self,
        th: Thread<'_>,
        path: Obj<'_>,
        default: Option<Obj<'_>>,
        namespaces: Option<Obj<'_>>,
    ) -> Result {
        let namespaces = namespaces.unwrap_or(types::none());
        let default = default.unwrap_or(types::none());
        if !namespaces.is_none() || is_path(path) {
            let args = [self.obj(), path, default, namespaces];
            return by_path(th, object::id!(th, "findtext"), &args);
        }
        match self.next_with_tag(th, &mut 0, path)? {
            Some(child) => match child.text.get() {
                Some(text) => Ok(text),
                None => Str::new(th, "").map(Ref::upcast),
            },
            None => Ok(default.own()),
        }
    }

    #[sig = "($self, /, path, namespaces=None)"]
    fn findall(&self, th: Thread<'_>, path: Obj<'_>, namespaces: Option<Obj<'_>>) -> Result {
        let namespaces = namespaces.unwrap_or(types::none());
        if !namespaces.is_none() || is_path(path) {
            return by_path(th, object::id!(th, "findall"), &[self.obj(), path, namespaces]);
        }
        let (found, mut index) = (List::new(th)?, 0);
        while let Some(child) = self.next_with_tag(th, &mut index, path)? {
            found.push(th, child.upcast())?;
        }
        Ok(found.upcast())
    }

    #[sig = "($self, /, path, namespaces=None)"]
    fn iterfind(&self, th: Thread<'_>, path: Obj<'_>, namespaces: Option<Obj<'_>>) -> Result {
        let namespaces = namespaces.unwrap_or(types::none());
        by_path(th, object::id!(th, "iterfind"), &[self.obj(), path, namespaces])
    }

    #[sig = "($self, /, tag=None)"]
    fn iter(&self, th: Thread<'_>, tag: Option<Obj<'_>>) -> Result<Ref<ElementIterator>> {
        let tag = tag.filter(|tag| {
            let is_star = tag.downcast::<Bytes>().is_some_and(|tag| tag.as_bytes() == b"*");
            !tag.is_none() && !is_star && !types::str_eq(*tag, "*")
        });
        match tag {
            Some(tag) => self.iterate(th, Wanted::Tag(tag.own())),
            None => self.iterate(th, Wanted::All),
        }
    }

    #[sig = "($self, /)"]
    fn itertext(&self, th: Thread<'_>) -> Result<Ref<ElementIterator>> {
        self.iterate(th, Wanted::Text)
    }
}
