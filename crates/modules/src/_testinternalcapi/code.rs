//! What code objects say of the variables that they use.

use bytecode::{Op, code_flags, fast_kind};
use object::{
    AsObject, Code, Dict, Function, Int, Obj, Protocol, Ref, Result, Str, Thread, raise, types,
};

/// Code, alone or as a function's, and the namespaces where its globals are.
pub(super) struct Subject {
    code: Ref<Code>,
    function: Option<Ref<Function>>,
    globals: Option<Ref<Dict>>,
    builtins: Option<Ref<Dict>>,
}

impl Subject {
    pub(super) fn new(
        th: Thread<'_>,
        object: Obj<'_>,
        globals: Option<&Dict>,
        builtins: Option<&Dict>,
    ) -> Result<Subject> {
        let mut subject = if let Some(code) = object.downcast_exact::<Code>() {
            Subject { code: object::own(code), function: None, globals: None, builtins: None }
        } else if let Some(function) = object.downcast::<Function>()
            && let Some(code) = function.code.get()
        {
            let builtins = function.builtins.get().and_then(|dict| dict.downcast::<Dict>().ok());
            let globals = function.globals.get();
            Subject { code, function: Some(object::own(function)), globals, builtins }
        } else {
            raise!(th, TypeError, "argument must be a code object or a function");
        };
        if let Some(globals) = globals {
            subject.globals = Some(object::own(globals));
        }
        if let Some(builtins) = builtins {
            subject.builtins = Some(object::own(builtins));
        }
        Ok(subject)
    }
}

/// The instructions of code: opcode and argument.
fn instructions(code: &Code) -> Vec<(Op, usize)> {
    let (mut found, mut unit, mut extended) = (Vec::new(), 0, 0);
    while let Some((op, arg)) = code.instruction(unit) {
        let arg = extended << 8 | usize::from(arg);
        if op == Op::EXTENDED_ARG {
            extended = arg;
        } else {
            extended = 0;
            found.push((op, arg));
        }
        unit += 1 + op.caches();
    }
    found
}

/// The names that code uses otherwise than as its variables.
pub(super) struct Names<'a> {
    subject: &'a Subject,
    /// Indices into `co_names`, each once.
    pub(super) globals: Vec<usize>,
    pub(super) attributes: Vec<usize>,
}

impl<'a> Names<'a> {
    pub(super) fn of(subject: &'a Subject) -> Names<'a> {
        let mut names = Names { subject, globals: Vec::new(), attributes: Vec::new() };
        for (op, arg) in instructions(&subject.code) {
            let (list, index) = match op {
                Op::LOAD_GLOBAL => (&mut names.globals, arg >> 1),
                Op::LOAD_ATTR => (&mut names.attributes, arg >> 1),
                _ => continue,
            };
            if !list.contains(&index) {
                list.push(index);
            }
        }
        names
    }

    fn name(&self, index: usize) -> Option<Obj<'_>> {
        self.subject.code.names.items().get(index).copied()
    }

    /// Add names to the set that the caller gave.
    pub(super) fn report(
        &self,
        th: Thread<'_>,
        what: &str,
        indices: &[usize],
        set: Option<Obj<'_>>,
    ) -> Result<()> {
        let Some(set) = set.filter(|set| !set.is_none()) else { return Ok(()) };
        if set.downcast::<types::set::Set>().is_none() {
            raise!(th, TypeError, "expected a set for \"{what}\", got {}", set.repr(th)?);
        }
        let add = set.getattr(th, &*Str::intern(th, "add")?)?;
        for name in indices.iter().filter_map(|index| self.name(*index)) {
            add.obj().call(th, &[name])?;
        }
        Ok(())
    }

    /// How many globals are found in the globals, in the builtins, and nowhere.
    fn found(&self, th: Thread<'_>) -> Result<[usize; 3]> {
        let mut found = [0; 3];
        let has = |namespace: &Option<Ref<Dict>>, name| match namespace {
            Some(namespace) => namespace.contains(th, name),
            None => Ok(false),
        };
        for name in self.globals.iter().filter_map(|index| self.name(*index)) {
            let place = if has(&self.subject.globals, name)? {
                0
            } else if has(&self.subject.builtins, name)? {
                1
            } else {
                2
            };
            found[place] += 1;
        }
        Ok(found)
    }
}

/// The kinds of variables by name.
pub(super) fn kinds(th: Thread<'_>, code: &Code) -> Result<Ref<Dict>> {
    let kinds = Dict::new(th)?;
    for (name, kind) in code.localsplusnames.items().iter().zip(code.localspluskinds.as_bytes()) {
        kinds.set(th, *name, Int::from_i64(th, i64::from(*kind))?.obj())?;
    }
    Ok(kinds)
}

/// A dict of counts; a name alone begins a dict within it.
fn table(th: Thread<'_>, rows: &[(&str, usize)]) -> Result<Ref<Dict>> {
    let dict = Dict::new(th)?;
    for (name, count) in rows {
        dict.set_str(th, name, Int::from_usize(th, *count)?.obj())?;
    }
    Ok(dict)
}

/// `get_code_var_counts()`.
pub(super) fn counts(th: Thread<'_>, subject: &Subject, names: &Names<'_>) -> Result<Ref<Dict>> {
    let code = &*subject.code;
    let kinds = code.localspluskinds.as_bytes();
    let count = |test: &dyn Fn(u8) -> bool| kinds.iter().filter(|kind| test(**kind)).count();
    let (local, cell) = (fast_kind::CO_FAST_LOCAL, fast_kind::CO_FAST_CELL);
    let hidden = fast_kind::CO_FAST_HIDDEN;
    let flag = |flag: u32| usize::from(code.flags as u32 & flag != 0);
    let (varargs, varkwargs) = (flag(code_flags::CO_VARARGS), flag(code_flags::CO_VARKEYWORDS));
    let posonly = code.posonlyargcount as usize;
    let posorkw = code.argcount as usize - posonly;
    let kwonly = code.kwonlyargcount as usize;
    let nargs = posonly + posorkw + kwonly + varargs + varkwargs;
    let argcells = kinds.iter().take(nargs).filter(|kind| **kind & cell != 0).count();
    let cells = count(&|kind| kind & cell != 0);
    let locals = count(&|kind| kind & (local | cell) != 0);
    let (pure, othercells) = (locals - nargs - (cells - argcells), cells - argcells);
    let hidden_cells = count(&|kind| kind & hidden != 0 && kind & cell != 0);
    let hidden_all = count(&|kind| kind & hidden != 0);

    let args = table(
        th,
        &[
            ("total", nargs),
            ("numposonly", posonly),
            ("numposorkw", posorkw),
            ("numkwonly", kwonly),
            ("varargs", varargs),
            ("varkwargs", varkwargs),
        ],
    )?;
    let cells = table(th, &[("total", cells), ("numargs", argcells), ("numothers", othercells)])?;
    let hidden = table(
        th,
        &[
            ("total", hidden_all),
            ("numpure", hidden_all - hidden_cells),
            ("numcells", hidden_cells),
        ],
    )?;
    let variables = table(th, &[("total", locals)])?;
    variables.set_str(th, "args", args.obj())?;
    variables.set_str(th, "numpure", Int::from_usize(th, pure)?.obj())?;
    variables.set_str(th, "cells", cells.obj())?;
    variables.set_str(th, "hidden", hidden.obj())?;

    let [global, builtin, unknown] = names.found(th)?;
    let is_known =
        |index: &usize| names.globals.contains(index) || names.attributes.contains(index);
    let others = (0..code.names.len()).filter(|index| !is_known(index)).count();
    let attributes = names.attributes.len();
    let unbound = names.globals.len() + attributes + others;
    let globals = table(
        th,
        &[
            ("total", names.globals.len()),
            ("numglobal", global),
            ("numbuiltin", builtin),
            ("numunknown", unknown),
        ],
    )?;
    let unbound_names =
        table(th, &[("total", unbound), ("numattrs", attributes), ("numunknown", others)])?;
    unbound_names.set_str(th, "globals", globals.obj())?;

    let free = code.nfreevars as usize;
    let all = table(th, &[("total", locals + free + unbound)])?;
    all.set_str(th, "locals", variables.obj())?;
    all.set_str(th, "numfree", Int::from_usize(th, free)?.obj())?;
    all.set_str(th, "unbound", unbound_names.obj())?;
    Ok(all)
}

/// `verify_stateless_code()`.
pub(super) fn verify_stateless(th: Thread<'_>, subject: &Subject, names: &Names<'_>) -> Result<()> {
    if subject.code.nfreevars > 0 {
        raise!(th, ValueError, "closures not supported");
    }
    let [global, _, unknown] = names.found(th)?;
    if subject.function.is_some() && global + unknown > 0 {
        raise!(th, ValueError, "globals not supported");
    }
    Ok(())
}

/// Whether every `return` of code returns None.
pub(super) fn returns_only_none(code: &Code) -> bool {
    let generator =
        code_flags::CO_GENERATOR | code_flags::CO_COROUTINE | code_flags::CO_ASYNC_GENERATOR;
    if code.flags as u32 & generator != 0 {
        return false;
    }
    let instructions = instructions(code);
    let is_none = |index: usize| code.consts.items().get(index).is_some_and(|one| one.is_none());
    instructions.windows(2).all(|pair| match pair {
        [before, (Op::RETURN_VALUE, _)] => before.0 == Op::LOAD_CONST && is_none(before.1),
        _ => true,
    })
}
