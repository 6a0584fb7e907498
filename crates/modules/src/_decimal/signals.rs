//! The signals: exceptions for conditions, and the mapping from them to flags.

use std::{
    cell::Cell,
    rc::{Rc, Weak},
};

use macros::{pymethods, pytype};
use num::decimal::{Status, condition};
use object::{
    AsObject, Dict, Head, List, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple,
    Type, alloc_object, error, exceptions,
    protocol::CompareOp,
    raise,
    types::{self, singletons::not_implemented_ref},
};

use super::state;
use crate::support;

/// All conditions that `InvalidOperation` stands for.
pub(super) const INVALID: Status = condition::CONVERSION_SYNTAX
    | condition::DIVISION_IMPOSSIBLE
    | condition::DIVISION_UNDEFINED
    | condition::INVALID_CONTEXT
    | condition::INVALID_OPERATION
    | condition::MALLOC_ERROR
    | 1 << 5;

/// The signals in the order of a signal dict, with the names of their bases
/// (`DecimalException` where there is none) and their conditions.
const SIGNALS: [(&str, &[&str], Status); 9] = [
    ("InvalidOperation", &[], INVALID),
    ("FloatOperation", &["TypeError"], condition::FLOAT_OPERATION),
    ("DivisionByZero", &["ZeroDivisionError"], condition::DIVISION_BY_ZERO),
    ("Overflow", &["Inexact", "Rounded"], condition::OVERFLOW),
    ("Underflow", &["Inexact", "Rounded", "Subnormal"], condition::UNDERFLOW),
    ("Subnormal", &[], condition::SUBNORMAL),
    ("Inexact", &[], condition::INEXACT),
    ("Rounded", &[], condition::ROUNDED),
    ("Clamped", &[], condition::CLAMPED),
];

/// What an `InvalidOperation` may be in particular, with further bases.
const CONDITIONS: [(&str, &[&str], Status); 5] = [
    ("InvalidOperation", &[], condition::INVALID_OPERATION),
    ("ConversionSyntax", &["InvalidOperation"], condition::CONVERSION_SYNTAX),
    ("DivisionImpossible", &["InvalidOperation"], condition::DIVISION_IMPOSSIBLE),
    (
        "DivisionUndefined",
        &["InvalidOperation", "ZeroDivisionError"],
        condition::DIVISION_UNDEFINED,
    ),
    ("InvalidContext", &["InvalidOperation"], condition::INVALID_CONTEXT),
];

const VALID_SIGNALS: &str = "valid values for signals are:\n  [InvalidOperation, FloatOperation, DivisionByZero,\n   Overflow, Underflow, Subnormal, Inexact, Rounded,\n   Clamped]";

/// The exception classes of an interpreter.
pub(super) struct Signals {
    signals: Vec<Ref>,
    conditions: Vec<Ref>,
}

impl Signals {
    /// Make the classes and put them into the module.
    pub(super) fn create(th: Thread<'_>, module: &Module) -> Result<Self> {
        let base = exceptions::types::ArithmeticError();
        let root = make(th, module, "DecimalException", &[base.obj()])?;
        let mut made: Vec<(&str, Ref)> = Vec::new();
        // Classes without bases of their own come first.
        let mut rows: Vec<_> = SIGNALS.iter().chain(CONDITIONS.iter().skip(1)).collect();
        rows.sort_by_key(|(_, bases, _)| !bases.is_empty());
        for (name, base_names, _) in rows {
            let mut bases = Vec::new();
            for name in *base_names {
                let found = made.iter().find(|(known, _)| known == name);
                bases.push(match (found, *name) {
                    (Some((_, class)), _) => class.clone(),
                    (None, "TypeError") => exceptions::types::TypeError().obj().own(),
                    (None, _) => exceptions::types::ZeroDivisionError().obj().own(),
                });
            }
            let has_root =
                base_names.iter().any(|name| made.iter().any(|(known, _)| known == name));
            if !has_root {
                bases.insert(0, root.clone());
            }
            let bases: Vec<Obj<'_>> = bases.iter().map(AsObject::obj).collect();
            made.push((name, make(th, module, name, &bases)?));
        }
        let find = |rows: &[(&str, &[&str], Status)]| -> Vec<Ref> {
            let class = |name: &str| made.iter().find(|(known, _)| *known == name);
            rows.iter().filter_map(|row| class(row.0)).map(|(_, class)| class.clone()).collect()
        };
        Ok(Signals { signals: find(&SIGNALS), conditions: find(&CONDITIONS) })
    }

    /// Raise the exception for conditions that are trapped.
    pub(super) fn raise(&self, th: Thread<'_>, trapped: Status) -> Raised {
        if trapped & condition::MALLOC_ERROR != 0 {
            return th.no_memory();
        }
        let mut all = Vec::new();
        for (class, (_, _, bits)) in self.conditions.iter().zip(CONDITIONS) {
            if trapped & bits != 0 {
                all.push(class.clone());
            }
        }
        for (class, (_, _, bits)) in self.signals.iter().zip(SIGNALS).skip(1) {
            if trapped & bits != 0 {
                all.push(class.clone());
            }
        }
        let first = self.signals.iter().zip(SIGNALS).find(|(_, (_, _, bits))| trapped & bits != 0);
        let Some((class, _)) = first.filter(|(class, _)| class.obj().downcast::<Type>().is_some())
        else {
            return error!(th, SystemError, "no signal for the conditions {trapped:#x}");
        };
        let list = match List::from_refs(th, all) {
            Ok(list) => list,
            Err(raised) => return raised,
        };
        match class.obj().downcast::<Type>() {
            Some(class) => th.raise_args(class, &[list.obj()]),
            None => th.no_memory(),
        }
    }

    /// The conditions of an exception class. Raises KeyError for any other.
    fn bits_of(&self, th: Thread<'_>, class: Obj<'_>) -> Result<Status> {
        let found = self.signals.iter().zip(SIGNALS).find(|(known, _)| known.obj().is(class));
        match found {
            Some((_, (_, _, bits))) => Ok(bits),
            None => raise!(th, KeyError, "{VALID_SIGNALS}"),
        }
    }

    /// The signals that are set in `bits`, as a list.
    pub(super) fn list(&self, th: Thread<'_>, bits: Status) -> Result<Ref<List>> {
        let set = self.signals.iter().zip(SIGNALS).filter(|(_, (_, _, mask))| bits & mask != 0);
        List::from_refs(th, set.map(|(class, _)| class.clone()).collect())
    }
}

fn make(th: Thread<'_>, module: &Module, name: &str, bases: &[Obj<'_>]) -> Result<Ref> {
    let full = Str::new(th, &format!("decimal.{name}"))?;
    let class = support::new_exception(th, &full, &*Tuple::from_objs(th, bases)?)?;
    module.set(th, name, class.obj())?;
    Ok(class)
}

/// The names of the signals set in `bits`, as `repr(context)` shows them: in the
/// order of their bits.
pub(super) fn names(bits: Status) -> String {
    let mut names: Vec<&str> = Vec::new();
    for bit in (0..15).map(|n| 1 << n).filter(|bit| bits & bit != 0) {
        for (name, _, mask) in SIGNALS {
            if mask & bit != 0 && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.join(", ")
}

/// Flags and traps of a context.
#[derive(Default)]
pub(super) struct Bits {
    pub(super) flags: Cell<Status>,
    pub(super) traps: Cell<Status>,
}

/// The mapping from signals to whether they are set.
#[pytype(name = "decimal.SignalDictMixin", flags = BASETYPE)]
pub(crate) struct SignalDict {
    head: Head,
    /// Dangling when the context is gone.
    #[traverse(skip)]
    bits: Weak<Bits>,
    is_traps: bool,
}

impl SignalDict {
    /// The mapping for the flags or traps of a context.
    pub(super) fn create(
        th: Thread<'_>,
        class: Obj<'_>,
        bits: &Rc<Bits>,
        is_traps: bool,
    ) -> Result<Ref> {
        let Some(class) = class.downcast::<Type>() else {
            raise!(th, SystemError, "SignalDict is no type");
        };
        let value = SignalDict { head: Head::new(), bits: Rc::downgrade(bits), is_traps };
        alloc_object::alloc(th, class, value).map(Ref::upcast)
    }

    fn bits(&self, th: Thread<'_>) -> Result<Rc<Bits>> {
        match self.bits.upgrade() {
            Some(bits) => Ok(bits),
            None => raise!(th, ValueError, "invalid signal dict"),
        }
    }

    /// The bits that are set.
    pub(super) fn get(&self, th: Thread<'_>) -> Result<Status> {
        let bits = self.bits(th)?;
        Ok(if self.is_traps { bits.traps.get() } else { bits.flags.get() })
    }
}

/// The bits that a list of signals sets, or what [`bits_of`] takes.
pub(super) fn bits_of_list(th: Thread<'_>, object: Obj<'_>) -> Result<Status> {
    let Some(list) = object.downcast::<List>() else { return bits_of(th, object) };
    let signals = &state(th)?.signals;
    let (mut bits, mut index) = (0, 0);
    while let Some(item) = list.get(index) {
        bits |= signals.bits_of(th, item.obj())?;
        index += 1;
    }
    Ok(bits)
}

/// The bits that a signal dict or a dict sets.
pub(super) fn bits_of(th: Thread<'_>, object: Obj<'_>) -> Result<Status> {
    if let Some(signals) = object.downcast::<SignalDict>() {
        return signals.get(th);
    }
    let signals = &state(th)?.signals;
    let Some(dict) = object.downcast::<Dict>() else {
        raise!(th, TypeError, "argument must be a signal dict");
    };
    if dict.len() != SIGNALS.len() {
        raise!(th, KeyError, "invalid signal dict");
    }
    let mut bits = 0;
    for (class, (_, _, mask)) in signals.signals.iter().zip(SIGNALS) {
        match dict.get(th, class.obj())? {
            Some(value) if value.is_true(th)? => bits |= mask,
            Some(_) => {}
            None => raise!(th, KeyError, "invalid signal dict"),
        }
    }
    Ok(bits)
}

#[pymethods]
impl SignalDict {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
        let _ = (args, kwargs);
        let value = SignalDict { head: Head::new(), bits: Weak::new(), is_traps: false };
        alloc_object::alloc(th, cls, value).map(Ref::upcast)
    }

    fn mp_length(&self, th: Thread<'_>) -> Result<usize> {
        self.get(th).map(|_| SIGNALS.len())
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        Ok(self.get(th)? & state(th)?.signals.bits_of(th, key)? != 0)
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, ValueError, "signal keys cannot be deleted");
        };
        let mask = state(th)?.signals.bits_of(th, key)?;
        let set = value.is_true(th)?;
        let bits = self.get(th)? & !mask;
        let bits = if set { bits | mask } else { bits };
        let shared = self.bits(th)?;
        let cell = if self.is_traps { &shared.traps } else { &shared.flags };
        cell.set(bits);
        Ok(())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        self.get(th)?;
        Tuple::from_refs(th, state(th)?.signals.signals.clone())?.obj().iter(th)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<String> {
        let bits = self.get(th)?;
        let item = |(name, _, mask): (&str, &[&str], Status)| {
            let set = if bits & mask != 0 { "True" } else { "False" };
            format!("<class 'decimal.{name}'>:{set}")
        };
        Ok(format!("{{{}}}", SIGNALS.map(item).join(", ")))
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented_ref());
        }
        let mine = self.get(th)?;
        let theirs = if let Some(other) = other.downcast::<SignalDict>() {
            other.get(th)?
        } else if other.downcast::<Dict>().is_some() {
            match bits_of(th, other) {
                Ok(bits) => bits,
                Err(raised) => {
                    th.catch(raised, exceptions::types::KeyError())?;
                    return Ok(not_implemented_ref());
                }
            }
        } else {
            return Ok(not_implemented_ref());
        };
        Ok(types::bool_((mine == theirs) == (op == CompareOp::Eq)).own())
    }

    /// Return a dict with the same items.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        let bits = self.get(th)?;
        for (class, (_, _, mask)) in state(th)?.signals.signals.iter().zip(SIGNALS) {
            dict.set(th, class.obj(), types::bool_(bits & mask != 0))?;
        }
        Ok(dict)
    }
}
