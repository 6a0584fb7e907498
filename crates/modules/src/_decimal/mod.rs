//! `_decimal`: decimal numbers as objects, over `num::decimal`.
//!
//! A [`context`] holds what results are rounded to and which conditions are
//! exceptions; every operation ends in [`Context::settle`], which notes the
//! conditions that it met and raises those that are trapped. Decimals are
//! immutable.

mod context;
mod convert;
mod decimal;
mod formatting;
mod manager;
mod signals;

use std::cell::OnceCell;

use macros::pymodule;
use num::decimal::{MAX_EMAX, MAX_PREC, MIN_EMIN, MIN_ETINY, Rounding};
use object::{
    AsObject, Dict, Kwargs, Module, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    exceptions, id, raise, types,
};

use self::{
    context::Context,
    decimal::Decimal,
    manager::ContextManager,
    signals::{SignalDict, Signals},
};
use crate::{_contextvars::ContextVar, support};

/// The most bits of an IEEE interchange format that `IEEEContext` makes.
const IEEE_MAX_BITS: i64 = 512;

/// What belongs to the module in an interpreter.
pub(crate) struct State {
    signals: Signals,
    /// The type of flags and traps, a `MutableMapping`.
    signal_dict: Ref,
    /// `DecimalTuple`
    tuple: Ref,
    /// `numbers.Rational`
    rational: Ref,
    variable: Ref<ContextVar>,
    default: Ref<Context>,
    basic: Ref<Context>,
    extended: Ref<Context>,
}

#[derive(Default)]
struct Slot(OnceCell<State>);

/// The module's state. Raises if the module was not imported.
pub(crate) fn state(th: Thread<'_>) -> Result<&'static State> {
    match th.interp().extensions.get::<Slot>().0.get() {
        Some(state) => Ok(state),
        None => raise!(th, RuntimeError, "_decimal is not initialised"),
    }
}

/// The context of the running code, made on first use.
pub(crate) fn current(th: Thread<'_>) -> Result<Ref<Context>> {
    let state = state(th)?;
    if let Some(found) = state.variable.value(th)?
        && let Ok(context) = found.downcast::<Context>()
    {
        return Ok(context);
    }
    let context = state.default.copy_clean(th)?;
    state.variable.assign(th, context.obj())?;
    Ok(context)
}

/// Fast decimal arithmetic.
#[pymodule]
pub mod _decimal {
    use super::*;

    /// Get the current default context.
    #[sig = "()"]
    fn getcontext(th: Thread<'_>) -> Result<Ref<Context>> {
        current(th)
    }

    /// Set a new default context.
    #[sig = "(context, /)"]
    fn setcontext(th: Thread<'_>, context: Obj<'_>) -> Result<()> {
        super::set_current(th, context)
    }

    /// Return a context manager for a copy of the supplied context.
    ///
    /// Without an argument, a copy of the current context is made. Keyword
    /// arguments set attributes of the copy.
    #[sig = "(ctx=None, **kwargs)"]
    fn localcontext(
        th: Thread<'_>,
        ctx: Option<Obj<'_>>,
        kwargs: Kwargs<'_>,
    ) -> Result<Ref<ContextManager>> {
        ContextManager::create(th, ctx, kwargs)
    }

    /// Return a context for an IEEE interchange format of the given width.
    ///
    /// bits must be a multiple of 32 and less than IEEE_CONTEXT_MAX_BITS.
    #[sig = "(bits, /)"]
    #[name = "IEEEContext"]
    fn ieee_context(th: Thread<'_>, bits: isize) -> Result<Ref<Context>> {
        Context::ieee(th, bits as i64)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        let state = super::make_state(th, module)?;
        for (name, context) in [
            ("DefaultContext", &state.default),
            ("BasicContext", &state.basic),
            ("ExtendedContext", &state.extended),
        ] {
            module.set(th, name, context.obj())?;
        }
        let _ = th.interp().extensions.get::<Slot>().0.set(state);
        support::add_ints(
            th,
            module,
            &[
                ("MAX_PREC", MAX_PREC),
                ("MAX_EMAX", MAX_EMAX),
                ("MIN_EMIN", MIN_EMIN),
                ("MIN_ETINY", MIN_ETINY),
                ("IEEE_CONTEXT_MAX_BITS", IEEE_MAX_BITS),
            ],
        )?;
        for rounding in Rounding::all() {
            let name = Str::intern(th, rounding.name())?;
            module.set(th, rounding.name(), name.obj())?;
        }
        for name in ["HAVE_THREADS", "HAVE_CONTEXTVAR"] {
            module.set(th, name, types::bool_(true))?;
        }
        for (name, value) in [("__version__", "1.70"), ("__libmpdec_version__", "2.5.1")] {
            module.set(th, name, Str::new(th, value)?.obj())?;
        }
        Ok(())
    }
}

fn make_state(th: Thread<'_>, module: &Module) -> Result<State> {
    module.add_type::<Decimal>(th)?;
    module.add_type::<Context>(th)?;
    types::type_::ready(th, <ContextManager as object::declare::Declared>::DECL)?;
    types::type_::ready(th, <SignalDict as object::declare::Declared>::DECL)?;
    let signals = Signals::create(th, module)?;
    let mapping = support::import_from(th, "collections.abc", "MutableMapping")?;
    let bases = Tuple::from_objs(th, &[SignalDict::type_object().obj(), mapping.obj()])?;
    let name = Str::new(th, "SignalDict")?;
    let signal_dict =
        mapping.obj().ty().obj().call(th, &[name.obj(), bases.obj(), Dict::new(th)?.obj()])?;
    let rational = support::import_from(th, "numbers", "Rational")?;
    let number = support::import_from(th, "numbers", "Number")?;
    let register = Str::intern(th, "register")?;
    number.call_method(th, &register, &[Decimal::type_object().obj()])?;
    let tuple = decimal_tuple(th)?;
    module.set(th, "DecimalTuple", tuple.obj())?;
    let default = Context::template(th, signal_dict.obj(), context::DEFAULT)?;
    let basic = Context::template(th, signal_dict.obj(), context::BASIC)?;
    let extended = Context::template(th, signal_dict.obj(), context::EXTENDED)?;
    // Its exec makes the types of contexts and variables ready.
    support::import(th, "_contextvars")?;
    let name = Str::intern(th, "decimal_context")?;
    let variable = ContextVar::create(th, &name)?;
    Ok(State { signals, signal_dict, tuple, rational, variable, default, basic, extended })
}

/// The named tuple that `Decimal.as_tuple` returns.
fn decimal_tuple(th: Thread<'_>) -> Result<Ref> {
    let make = support::import_from(th, "collections", "namedtuple")?;
    let name = Str::new(th, "DecimalTuple")?;
    let fields = Str::new(th, "sign digits exponent")?;
    let tuple = make.call(th, &[name.obj(), fields.obj()])?;
    tuple.setattr(th, id!(th, "__module__"), Some(Str::new(th, "decimal")?.obj()))?;
    Ok(tuple)
}

/// Make a context current; a copy of it, if it is one of the templates.
fn set_current(th: Thread<'_>, context: Obj<'_>) -> Result<()> {
    let Some(context) = context.downcast::<Context>() else {
        raise!(th, TypeError, "argument must be a context");
    };
    let state = state(th)?;
    let templates = [&state.default, &state.basic, &state.extended];
    if templates.iter().any(|template| template.obj().is(context.obj())) {
        let copy = context.copy_clean(th)?;
        return state.variable.assign(th, copy.obj());
    }
    state.variable.assign(th, context.obj())
}

/// The `TypeError` for an operand that is not a number.
fn unsupported(th: Thread<'_>, object: Obj<'_>) -> object::Raised {
    let ty = exceptions::types::TypeError();
    let name = object.ty().name();
    th.raise(ty, format_args!("conversion from {name} to Decimal is not supported"))
}
