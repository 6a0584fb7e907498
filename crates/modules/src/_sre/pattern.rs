//! `re.Pattern`.

use std::cell::{Cell, OnceCell, RefCell};

use ::sre::{Scratch, State};
use macros::{pymethods, pytype};
use object::{
    AsObject, CompareOp, Dict, Head, List, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type,
    declare::TypeBuilder,
    exceptions::types::TypeError,
    id, raise,
    types::{bool_, generic_alias, mappingproxy, singletons::not_implemented_ref},
};

use super::{Match, Scanner, Subject, Template, Unicode, clamp, make};

const FLAG_NAMES: [(i32, &str); 8] = [
    (2, "re.IGNORECASE"),
    (4, "re.LOCALE"),
    (8, "re.MULTILINE"),
    (16, "re.DOTALL"),
    (32, "re.UNICODE"),
    (64, "re.VERBOSE"),
    (128, "re.DEBUG"),
    (256, "re.ASCII"),
];
const CHARSET_FLAGS: i32 = 4 | 32 | 256;

/// Compiled regular expression object.
#[pytype(name = "re.Pattern", flags = DISALLOW_INSTANTIATION, weaklistoffset = weaklist)]
pub struct Pattern {
    head: Head,
    pattern: Ref,
    flags: i32,
    groups: isize,
    groupindex: Ref<Dict>,
    indexgroup: Ref<Tuple>,
    /// Whether it matches bytes; `None` if the pattern was made without a source.
    #[traverse(skip)]
    is_bytes: Option<bool>,
    #[traverse(skip)]
    code: Box<[u32]>,
    /// What runs, translated from the code by the first match. PERF: many patterns
    /// are made by importing a module and never used.
    #[traverse(skip)]
    program: OnceCell<Box<::sre::Pattern<Unicode>>>,
    #[traverse(skip)]
    scratch: RefCell<Option<Box<Scratch>>>,
    weaklist: Cell<*mut abi::PyObject>,
}

/// How to start a match.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Match,
    FullMatch,
    Search,
}

/// The groups of a match that was found.
pub(crate) trait Groups {
    /// The span of a group, 0 for all.
    fn group(&self, index: usize) -> Option<(usize, usize)>;
    fn lastindex(&self) -> Option<usize>;
}

impl<U: ::sre::Unit> Groups for State<'_, U> {
    fn group(&self, index: usize) -> Option<(usize, usize)> {
        State::group(self, index)
    }

    fn lastindex(&self) -> Option<usize> {
        State::lastindex(self)
    }
}

impl Pattern {
    pub(super) fn new(
        th: Thread<'_>,
        pattern: Obj<'_>,
        flags: i32,
        code: Vec<u32>,
        groups: isize,
        groupindex: &Dict,
        indexgroup: &Tuple,
    ) -> Result {
        let is_bytes = if pattern.is_none() {
            None
        } else {
            Some(matches!(Subject::new(th, pattern)?, Subject::Bytes(..)))
        };
        make(
            th,
            Pattern {
                head: Head::new(),
                pattern: pattern.own(),
                flags,
                groups,
                groupindex: object::own(groupindex),
                indexgroup: object::own(indexgroup),
                is_bytes,
                code: code.into_boxed_slice(),
                program: OnceCell::new(),
                scratch: RefCell::new(None),
                weaklist: Cell::new(std::ptr::null_mut()),
            },
        )
    }

    pub(crate) fn count(&self) -> usize {
        self.groups as usize
    }

    pub(crate) fn groupindex(&self) -> &Dict {
        &self.groupindex
    }

    pub(crate) fn indexgroup(&self) -> &Tuple {
        &self.indexgroup
    }

    /// See `object` as a subject of this pattern.
    pub(crate) fn subject<'a>(&self, th: Thread<'_>, object: Obj<'a>) -> Result<Subject<'a>> {
        let subject = Subject::new(th, object)?;
        match (&subject, self.is_bytes) {
            (Subject::Bytes(..), Some(false)) => {
                raise!(th, TypeError, "cannot use a string pattern on a bytes-like object")
            }
            (Subject::Text(_), Some(true)) => {
                raise!(th, TypeError, "cannot use a bytes pattern on a string-like object")
            }
            _ => Ok(subject),
        }
    }

    /// Call `each` with every match from `pos` on until it answers false.
    pub(crate) fn run(
        &self,
        th: Thread<'_>,
        subject: &Subject<'_>,
        range: (usize, usize),
        mode: Mode,
        must_advance: bool,
        each: &mut dyn FnMut(&dyn Groups) -> Result<bool>,
    ) -> Result<()> {
        let mut scratch = self.scratch.borrow_mut().take().unwrap_or_default();
        let result = match subject {
            Subject::Text(text) => text::each_width!(text.units(), units => {
                self.run_on(th, units, range, mode, must_advance, &mut scratch, each)
            }),
            Subject::Bytes(_, bytes) => {
                self.run_on(th, bytes, range, mode, must_advance, &mut scratch, each)
            }
        };
        *self.scratch.borrow_mut() = Some(scratch);
        result
    }

    fn program(&self, th: Thread<'_>) -> Result<&::sre::Pattern<Unicode>> {
        if let Some(program) = self.program.get() {
            return Ok(program);
        }
        let compiled = usize::try_from(self.groups)
            .map_err(|_| ::sre::InvalidCode)
            .and_then(|groups| ::sre::Pattern::compile(&self.code, groups));
        let Ok(program) = compiled else { raise!(th, RuntimeError, "invalid SRE code") };
        Ok(self.program.get_or_init(|| Box::new(program)))
    }

    #[allow(clippy::too_many_arguments, reason = "one call site per width")]
    fn run_on<U: ::sre::Unit>(
        &self,
        th: Thread<'_>,
        units: &[U],
        (pos, endpos): (usize, usize),
        mode: Mode,
        must_advance: bool,
        scratch: &mut Scratch,
        each: &mut dyn FnMut(&dyn Groups) -> Result<bool>,
    ) -> Result<()> {
        let program = self.program(th)?;
        let mut state = State::new(units, pos, endpos, scratch);
        state.must_advance = must_advance;
        if pos > endpos {
            return Ok(());
        }
        loop {
            state.match_all = mode == Mode::FullMatch;
            let found = if mode == Mode::Search {
                ::sre::search(program, &mut state)
            } else {
                ::sre::match_(program, &mut state)
            };
            match found {
                Ok(false) => return Ok(()),
                Ok(true) => {}
                Err(_) if th.is_raised() => return Err(object::Raised),
                Err(_) => return Err(th.no_memory()),
            }
            if !each(&state)? {
                return Ok(());
            }
            state.must_advance = state.ptr == state.start;
            state.start = state.ptr;
        }
    }

    /// The first match as an object, or None.
    pub(crate) fn first(
        &self,
        th: Thread<'_>,
        string: Obj<'_>,
        pos: isize,
        endpos: isize,
        mode: Mode,
    ) -> Result {
        let subject = self.subject(th, string)?;
        let range = clamp(subject.len(), pos, endpos);
        let mut result = None;
        self.run(th, &subject, range, mode, false, &mut |groups| {
            result = Some(Match::new(th, self, string, range, groups)?);
            Ok(false)
        })?;
        Ok(result.unwrap_or_else(|| object::types::none().own()))
    }

    /// The template of a replacement with escapes.
    pub(crate) fn compile_template(
        &self,
        th: Thread<'_>,
        template: Obj<'_>,
    ) -> Result<Ref<Template>> {
        let re = (th.hooks().import_module)(th, id!(th, "re"))?;
        let compile = re.getattr(th, id!(th, "_compile_template"))?;
        let result = match compile.call(th, &[self.obj(), template]) {
            Ok(result) => result,
            Err(raised) if th.exception_matches(TypeError()) => {
                // An unhashable buffer: go on with its bytes.
                let exception = th.take_exception(raised);
                let plain = template.downcast::<Str>().is_some()
                    || template.downcast::<object::Bytes>().is_some();
                match Subject::new(th, template) {
                    Ok(subject) if !plain => {
                        let copy = subject.part(th, 0, subject.len())?;
                        compile.call(th, &[self.obj(), copy.obj()])?
                    }
                    Ok(_) => return Err(th.restore(exception)),
                    Err(raised) => {
                        th.clear_exception(raised);
                        return Err(th.restore(exception));
                    }
                }
            }
            Err(raised) => return Err(raised),
        };
        match result.downcast::<Template>() {
            Ok(template) => Ok(template),
            Err(other) => raise!(
                th,
                TypeError,
                "the result of compiling a replacement string is {}, not a template",
                other.obj().type_name()
            ),
        }
    }

    /// `subn`.
    fn substitute(
        &self,
        th: Thread<'_>,
        replacement: Obj<'_>,
        string: Obj<'_>,
        count: isize,
    ) -> Result<(Ref, usize)> {
        enum Filter<'a> {
            Literal(Ref),
            Template(Ref<Template>),
            Call(Obj<'a>),
        }
        let filter = if replacement.ty().slots().tp_call.is_some() {
            Filter::Call(replacement)
        } else {
            let literal = match Subject::new(th, replacement) {
                Ok(Subject::Text(text)) => {
                    text::search::find_char(text.units(), u32::from('\\')).is_none()
                }
                Ok(Subject::Bytes(_, bytes)) => !bytes.contains(&b'\\'),
                Err(raised) => {
                    th.clear_exception(raised);
                    false
                }
            };
            if literal {
                Filter::Literal(replacement.own())
            } else {
                let template = self.compile_template(th, replacement)?;
                match template.literal() {
                    Some(literal) => Filter::Literal(literal),
                    None => Filter::Template(template),
                }
            }
        };
        let subject = self.subject(th, string)?;
        let range = (0, subject.len());
        let limit = usize::try_from(count).unwrap_or(0);
        let (mut parts, mut at, mut done) = (Vec::new(), 0, 0);
        self.run(th, &subject, range, Mode::Search, false, &mut |groups| {
            let (start, end) = groups.group(0).unwrap_or((at, at));
            if at < start {
                parts.push(subject.part(th, at, start)?);
            }
            match &filter {
                Filter::Literal(literal) => parts.push(literal.clone()),
                Filter::Template(template) => {
                    template.expand_into(th, &subject, groups, &mut parts)?
                }
                Filter::Call(function) => {
                    let matched = Match::new(th, self, string, range, groups)?;
                    let value = function.call(th, &[matched.obj()])?;
                    if !value.obj().is_none() {
                        parts.push(value);
                    }
                }
            }
            at = end;
            done += 1;
            Ok(limit == 0 || done < limit)
        })?;
        if at < subject.len() {
            parts.push(subject.part(th, at, subject.len())?);
        }
        Ok((subject.join(th, parts)?, done))
    }
}

#[pymethods]
impl Pattern {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let read_only = abi::Py_READONLY;
        let at = std::mem::offset_of!(Pattern, pattern);
        b.member(
            c"pattern",
            abi::_Py_T_OBJECT,
            at,
            read_only,
            Some(c"The pattern string from which the RE object was compiled."),
        );
        let at = std::mem::offset_of!(Pattern, flags);
        b.member(c"flags", abi::Py_T_INT, at, read_only, Some(c"The regex matching flags."));
        let at = std::mem::offset_of!(Pattern, groups);
        b.member(
            c"groups",
            abi::Py_T_PYSSIZET,
            at,
            read_only,
            Some(c"The number of capturing groups in the pattern."),
        );
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let mut flags = self.flags;
        if self.is_bytes == Some(false) && flags & CHARSET_FLAGS == 32 {
            flags &= !32;
        }
        let mut names = Vec::new();
        for (flag, name) in FLAG_NAMES {
            if flags & flag != 0 {
                names.push(name.to_owned());
                flags &= !flag;
            }
        }
        if flags != 0 {
            names.push(format!("0x{flags:x}"));
        }
        let source = self.pattern.repr(th)?;
        let mut out = object::StrBuilder::new();
        out.push_str(th, "re.compile(")?;
        out.push_units(th, source.units().slice(0, 200))?;
        if !names.is_empty() {
            out.push_fmt(th, format_args!(", {}", names.join("|")))?;
        }
        out.push_str(th, ")")?;
        out.finish(th)
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        let code: Vec<u8> = self.code.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let hash = self.pattern.hash(th)?
            ^ object::types::str::hash_bytes(th, &code)
            ^ self.flags as isize
            ^ isize::from(self.is_bytes == Some(true))
            ^ self.groups;
        Ok(hash)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let (Some(other), CompareOp::Eq | CompareOp::Ne) = (other.downcast::<Pattern>(), op) else {
            return Ok(not_implemented_ref());
        };
        let mut equal = std::ptr::eq(self, other);
        if !equal && self.flags == other.flags && self.is_bytes == other.is_bytes {
            equal =
                self.code == other.code && Protocol::eq(&self.pattern, th, other.pattern.obj())?;
        }
        Ok(bool_(equal == (op == CompareOp::Eq)).own())
    }

    /// Matches zero or more characters at the beginning of the string.
    #[sig = "($self, /, string, pos=0, endpos=sys.maxsize)"]
    #[name = "match"]
    fn match_(&self, th: Thread<'_>, string: Obj<'_>, pos: isize, endpos: isize) -> Result {
        self.first(th, string, pos, endpos, Mode::Match)
    }

    /// Matches against all of the string.
    #[sig = "($self, /, string, pos=0, endpos=sys.maxsize)"]
    fn fullmatch(&self, th: Thread<'_>, string: Obj<'_>, pos: isize, endpos: isize) -> Result {
        self.first(th, string, pos, endpos, Mode::FullMatch)
    }

    /// Scan through string looking for a match, and return a corresponding match object instance.
    ///
    /// Return None if no position in the string matches.
    #[sig = "($self, /, string, pos=0, endpos=sys.maxsize)"]
    fn search(&self, th: Thread<'_>, string: Obj<'_>, pos: isize, endpos: isize) -> Result {
        self.first(th, string, pos, endpos, Mode::Search)
    }

    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    #[sig = "($self, /, repl, string, count=0)"]
    fn sub(&self, th: Thread<'_>, repl: Obj<'_>, string: Obj<'_>, count: isize) -> Result {
        self.substitute(th, repl, string, count).map(|(text, _)| text)
    }

    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern with the replacement repl.
    #[sig = "($self, /, repl, string, count=0)"]
    fn subn(
        &self,
        th: Thread<'_>,
        repl: Obj<'_>,
        string: Obj<'_>,
        count: isize,
    ) -> Result<(Ref, usize)> {
        self.substitute(th, repl, string, count)
    }

    /// Return a list of all non-overlapping matches of pattern in string.
    #[sig = "($self, /, string, pos=0, endpos=sys.maxsize)"]
    fn findall(
        &self,
        th: Thread<'_>,
        string: Obj<'_>,
        pos: isize,
        endpos: isize,
    ) -> Result<Ref<List>> {
        let subject = self.subject(th, string)?;
        let range = clamp(subject.len(), pos, endpos);
        let mut found = Vec::new();
        let part = |groups: &dyn Groups, index| match groups.group(index) {
            Some((start, end)) => subject.part(th, start, end),
            None => subject.part(th, 0, 0),
        };
        self.run(th, &subject, range, Mode::Search, false, &mut |groups| {
            let item = match self.count() {
                0 => part(groups, 0)?,
                1 => part(groups, 1)?,
                count => {
                    let items: Result<Vec<Ref>> = (1..=count).map(|i| part(groups, i)).collect();
                    Tuple::from_refs(th, items?)?.upcast()
                }
            };
            if found.try_reserve(1).is_err() {
                return Err(th.no_memory());
            }
            found.push(item);
            Ok(true)
        })?;
        List::from_refs(th, found)
    }

    /// Split string by the occurrences of pattern.
    #[sig = "($self, /, string, maxsplit=0)"]
    fn split(&self, th: Thread<'_>, string: Obj<'_>, maxsplit: isize) -> Result<Ref<List>> {
        let subject = self.subject(th, string)?;
        let (mut parts, mut at, mut done) = (Vec::new(), 0, 0);
        let limit = usize::try_from(maxsplit).unwrap_or(0);
        if maxsplit >= 0 {
            let range = (0, subject.len());
            self.run(th, &subject, range, Mode::Search, false, &mut |groups| {
                let (start, end) = groups.group(0).unwrap_or((at, at));
                parts.push(subject.part(th, at, start)?);
                for index in 1..=self.count() {
                    parts.push(match groups.group(index) {
                        Some((start, end)) => subject.part(th, start, end)?,
                        None => object::types::none().own(),
                    });
                }
                at = end;
                done += 1;
                Ok(limit == 0 || done < limit)
            })?;
        }
        parts.push(subject.part(th, at, subject.len())?);
        List::from_refs(th, parts)
    }

    /// Return an iterator over all non-overlapping matches for the RE pattern in string.
    ///
    /// For each match, the iterator returns a match object.
    #[sig = "($self, /, string, pos=0, endpos=sys.maxsize)"]
    fn finditer(&self, th: Thread<'_>, string: Obj<'_>, pos: isize, endpos: isize) -> Result {
        let scanner = Scanner::new(th, self, string, pos, endpos)?;
        let search = scanner.getattr(th, id!(th, "search"))?;
        object::types::iter::callable_iterator(th, search.obj(), object::types::none())
    }

    #[sig = "($self, /, string, pos=0, endpos=sys.maxsize)"]
    fn scanner(&self, th: Thread<'_>, string: Obj<'_>, pos: isize, endpos: isize) -> Result {
        Scanner::new(th, self, string, pos, endpos)
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

    /// A dictionary mapping group names to group numbers.
    #[getter(groupindex)]
    fn get_groupindex(&self, th: Thread<'_>) -> Result {
        if self.groupindex.len() == 0 {
            return mappingproxy::new(th, Dict::new(th)?.obj());
        }
        mappingproxy::new(th, self.groupindex.obj())
    }
}
