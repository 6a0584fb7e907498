//! `re.Match`.

use macros::{pymethods, pytype};
use object::{
    Args, AsObject, Dict, Head, Int, IntoObject, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    Type, declare::TypeBuilder, protocol::index, raise, types::generic_alias,
};

use super::{Pattern, Subject, make, pattern::Groups};

/// The result of re.match() and re.search().
///
/// Match objects always have a boolean value of True.
#[pytype(name = "re.Match", flags = DISALLOW_INSTANTIATION)]
pub struct Match {
    head: Head,
    string: Ref,
    pattern: Ref<Pattern>,
    pos: isize,
    endpos: isize,
    #[traverse(skip)]
    lastindex: Option<usize>,
    /// By group.
    #[traverse(skip)]
    spans: Box<[Option<(usize, usize)>]>,
}

impl Groups for Match {
    fn group(&self, index: usize) -> Option<(usize, usize)> {
        self.spans.get(index).copied().flatten()
    }

    fn lastindex(&self) -> Option<usize> {
        self.lastindex
    }
}

impl Match {
    pub(crate) fn new(
        th: Thread<'_>,
        pattern: &Pattern,
        string: Obj<'_>,
        (pos, endpos): (usize, usize),
        groups: &dyn Groups,
    ) -> Result {
        let mut spans = Vec::new();
        if spans.try_reserve_exact(pattern.count() + 1).is_err() {
            return Err(th.no_memory());
        }
        spans.extend((0..=pattern.count()).map(|index| groups.group(index)));
        make(
            th,
            Match {
                head: Head::new(),
                string: string.own(),
                pattern: object::own(pattern),
                pos: pos as isize,
                endpos: endpos as isize,
                lastindex: groups.lastindex(),
                spans: spans.into_boxed_slice(),
            },
        )
    }

    /// The number of a group given by number or name.
    fn index_of(&self, th: Thread<'_>, key: Obj<'_>) -> Result<usize> {
        let number = if Int::is_index(key) {
            index::clamped(th, key).ok()
        } else {
            match self.pattern.groupindex().get(th, key) {
                Ok(found) => found.and_then(|n| Int::to_i64(n.obj())).map(|n| n as isize),
                Err(raised) => {
                    th.clear_exception(raised);
                    None
                }
            }
        };
        match number.and_then(|n| usize::try_from(n).ok()).filter(|&n| n < self.spans.len()) {
            Some(number) => Ok(number),
            None => {
                if th.is_raised() {
                    drop(th.swap_exception(None));
                }
                raise!(th, IndexError, "no such group")
            }
        }
    }

    fn text_of(&self, th: Thread<'_>, index: usize, default: Obj<'_>) -> Result {
        let Some((start, end)) = Groups::group(self, index) else { return Ok(default.own()) };
        Subject::new(th, self.string.obj())?.part(th, start, end)
    }

    fn span_of(&self, th: Thread<'_>, group: Option<Obj<'_>>) -> Result<(isize, isize)> {
        let index = match group {
            Some(group) => self.index_of(th, group)?,
            None => 0,
        };
        let span = Groups::group(self, index);
        Ok(span.map_or((-1, -1), |(start, end)| (start as isize, end as isize)))
    }
}

#[pymethods]
impl Match {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let read_only = abi::Py_READONLY;
        b.member(
            c"string",
            abi::_Py_T_OBJECT,
            std::mem::offset_of!(Match, string),
            read_only,
            Some(c"The string passed to match() or search()."),
        );
        b.member(
            c"re",
            abi::_Py_T_OBJECT,
            std::mem::offset_of!(Match, pattern),
            read_only,
            Some(c"The regular expression object."),
        );
        b.member(
            c"pos",
            abi::Py_T_PYSSIZET,
            std::mem::offset_of!(Match, pos),
            read_only,
            Some(c"The index into the string at which the RE engine started looking for a match."),
        );
        b.member(
            c"endpos",
            abi::Py_T_PYSSIZET,
            std::mem::offset_of!(Match, endpos),
            read_only,
            Some(c"The index into the string beyond which the RE engine will not go."),
        );
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let (start, end) = Groups::group(self, 0).unwrap_or((0, 0));
        let shown = self.text_of(th, 0, object::types::none())?.repr(th)?;
        let mut out = object::StrBuilder::new();
        let name = self.obj().ty().full_name();
        out.push_fmt(th, format_args!("<{name} object; span=({start}, {end}), match="))?;
        out.push_units(th, shown.units().slice(0, 50))?;
        out.push_str(th, ">")?;
        out.finish(th)
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        let index = self.index_of(th, key)?;
        self.text_of(th, index, object::types::none())
    }

    /// group([group1, ...]) -> str or tuple.
    /// Return subgroup(s) of the match by indices or names.
    /// For 0 returns the entire match.
    #[no_signature]
    #[sig = "($self, /, *args)"]
    fn group(&self, th: Thread<'_>, args: Args<'_>) -> Result {
        let none = object::types::none();
        match args {
            [] => self.text_of(th, 0, none),
            [key] => self.mp_subscript(th, *key),
            keys => {
                let parts: Result<Vec<Ref>> =
                    keys.iter().map(|key| self.mp_subscript(th, *key)).collect();
                Tuple::from_refs(th, parts?).map(Ref::upcast)
            }
        }
    }

    /// Return index of the start of the substring matched by group.
    #[sig = "($self, group=0, /)"]
    fn start(&self, th: Thread<'_>, group: Option<Obj<'_>>) -> Result<isize> {
        self.span_of(th, group).map(|span| span.0)
    }

    /// Return index of the end of the substring matched by group.
    #[sig = "($self, group=0, /)"]
    fn end(&self, th: Thread<'_>, group: Option<Obj<'_>>) -> Result<isize> {
        self.span_of(th, group).map(|span| span.1)
    }

    /// For match object m, return the 2-tuple (m.start(group), m.end(group)).
    #[sig = "($self, group=0, /)"]
    fn span(&self, th: Thread<'_>, group: Option<Obj<'_>>) -> Result<(isize, isize)> {
        self.span_of(th, group)
    }

    /// Return a tuple containing all the subgroups of the match, from 1.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[sig = "($self, /, default=None)"]
    fn groups(&self, th: Thread<'_>, default: Option<Obj<'_>>) -> Result<Ref<Tuple>> {
        let default = default.unwrap_or(object::types::none());
        let parts: Result<Vec<Ref>> =
            (1..self.spans.len()).map(|index| self.text_of(th, index, default)).collect();
        Tuple::from_refs(th, parts?)
    }

    /// Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[sig = "($self, /, default=None)"]
    fn groupdict(&self, th: Thread<'_>, default: Option<Obj<'_>>) -> Result<Ref<Dict>> {
        let default = default.unwrap_or(object::types::none());
        let dict = Dict::new(th)?;
        let mut position = 0;
        while let Some((name, number)) = self.pattern.groupindex().next_entry(&mut position) {
            let index = self.index_of(th, number.obj())?;
            dict.set(th, name.obj(), self.text_of(th, index, default)?.obj())?;
        }
        Ok(dict)
    }

    /// Return the string obtained by doing backslash substitution on the string template, as done by the sub() method.
    #[sig = "($self, /, template)"]
    fn expand(&self, th: Thread<'_>, template: Obj<'_>) -> Result {
        let template = self.pattern.compile_template(th, template)?;
        if let Some(literal) = template.literal() {
            return Ok(literal);
        }
        let subject = Subject::new(th, self.string.obj())?;
        let mut parts = Vec::new();
        template.expand_into(th, &subject, self, &mut parts)?;
        subject.join(th, parts)
    }

    #[sig = "($self, /)"]
    fn __copy__(&self, _: Thread<'_>) -> Result {
        Ok(self.obj().own())
    }

    #[sig = "($self, memo, /)"]
    fn __deepcopy__(&self, _: Thread<'_>, memo: Obj<'_>) -> Result {
        let _ = memo;
        Ok(self.obj().own())
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        generic_alias::new(th, cls.obj(), object)
    }

    /// The integer index of the last matched capturing group.
    #[getter(lastindex)]
    fn get_lastindex(&self, _: Thread<'_>) -> Option<usize> {
        self.lastindex
    }

    /// The name of the last matched capturing group.
    #[getter]
    fn lastgroup(&self, _: Thread<'_>) -> Result {
        let name = self.lastindex.and_then(|index| self.pattern.indexgroup().get(index));
        Ok(name.unwrap_or(object::types::none()).own())
    }

    #[getter]
    fn regs(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let pair = |span: &Option<(usize, usize)>| match *span {
            Some((start, end)) => (start, end).into_object(th),
            None => (-1i32, -1i32).into_object(th),
        };
        let pairs: Result<Vec<Ref>> = self.spans.iter().map(pair).collect();
        Tuple::from_refs(th, pairs?)
    }
}
