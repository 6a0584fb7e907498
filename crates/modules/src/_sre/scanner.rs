//! The scanner behind `finditer`: a pattern, a subject and a position.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Head, Link, Obj, Ref, Result, Str, Thread, declare::TypeBuilder,
    types::memoryview::MemoryView,
};

use super::{Match, Pattern, clamp, make, pattern::Mode};

/// Finds one match after the other.
#[pytype(name = "_sre.SRE_Scanner", flags = DISALLOW_INSTANTIATION)]
pub struct Scanner {
    head: Head,
    pattern: Ref<Pattern>,
    string: Ref,
    /// A view of a subject that is neither `str` nor `bytes`, whose memory
    /// must stay.
    export: Link,
    /// Where to go on; -1 when nothing more can be found.
    start: Cell<isize>,
    end: usize,
    must_advance: Cell<bool>,
    busy: Cell<bool>,
}

impl Scanner {
    pub(crate) fn new(
        th: Thread<'_>,
        pattern: &Pattern,
        string: Obj<'_>,
        pos: isize,
        endpos: isize,
    ) -> Result {
        let length = pattern.subject(th, string)?.len();
        let is_fixed = string.downcast::<Str>().is_some() || string.downcast::<Bytes>().is_some();
        let export = if is_fixed {
            Link::null()
        } else {
            Link::new(MemoryView::from_object(th, string)?.upcast())
        };
        let (start, end) = clamp(length, pos, endpos);
        make(
            th,
            Scanner {
                head: Head::new(),
                pattern: object::own(pattern),
                string: string.own(),
                export,
                start: Cell::new(start as isize),
                end,
                must_advance: Cell::new(false),
                busy: Cell::new(false),
            },
        )
    }

    fn advance(&self, th: Thread<'_>, mode: Mode) -> Result {
        let none = || Ok(object::types::none().own());
        let Ok(start) = usize::try_from(self.start.get()) else { return none() };
        if self.busy.replace(true) {
            object::raise!(th, ValueError, "regular expression scanner already executing");
        }
        let result = self.step(th, mode, start);
        self.busy.set(false);
        match result? {
            Some(found) => Ok(found),
            None => none(),
        }
    }

    fn step(&self, th: Thread<'_>, mode: Mode, start: usize) -> Result<Option<Ref>> {
        let subject = self.pattern.subject(th, self.string.obj())?;
        let range = (start, self.end.min(subject.len()));
        let must_advance = self.must_advance.get();
        let mut found = None;
        self.pattern.run(th, &subject, range, mode, must_advance, &mut |groups| {
            let (start, end) = groups.group(0).unwrap_or(range);
            self.start.set(end as isize);
            self.must_advance.set(start == end);
            found = Some(Match::new(th, &self.pattern, self.string.obj(), range, groups)?);
            Ok(false)
        })?;
        if found.is_none() {
            self.start.set(-1);
        }
        Ok(found)
    }
}

#[pymethods]
impl Scanner {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let at = std::mem::offset_of!(Scanner, pattern);
        b.member(c"pattern", abi::_Py_T_OBJECT, at, abi::Py_READONLY, None);
    }

    #[sig = "($self, /)"]
    #[name = "match"]
    fn match_(&self, th: Thread<'_>) -> Result {
        self.advance(th, Mode::Match)
    }

    #[sig = "($self, /)"]
    fn search(&self, th: Thread<'_>) -> Result {
        self.advance(th, Mode::Search)
    }
}
