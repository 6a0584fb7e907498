//! The functions behind `CALL_INTRINSIC_1` and `CALL_INTRINSIC_2`.
//!
//! Type parameters are made by whoever implements `typing`, through
//! [`TypingHooks`].

use std::cell::Cell;

use object::{
    AsObject, Dict, Function, Obj, Protocol, Ref, Result, Str, Thread, Tuple, error, id, protocol,
    raise,
};

use crate::{exception, frame::Frame, namespace};

/// How type parameters and aliases are made. `evaluate` functions are called
/// lazily with a format (`annotationlib.Format.VALUE` is 1).
#[derive(Clone, Copy)]
pub struct TypingHooks {
    /// A type variable; its bound and constraints are evaluated lazily.
    pub type_var: fn(
        Thread<'_>,
        name: Obj<'_>,
        evaluate_bound: Option<Obj<'_>>,
        evaluate_constraints: Option<Obj<'_>>,
    ) -> Result<Ref>,
    pub param_spec: fn(Thread<'_>, name: Obj<'_>) -> Result<Ref>,
    pub type_var_tuple: fn(Thread<'_>, name: Obj<'_>) -> Result<Ref>,
    /// `typing.Generic[*params]`.
    pub subscript_generic: fn(Thread<'_>, params: Obj<'_>) -> Result<Ref>,
    /// A type alias of the tuple (name, type parameters or None, function that evaluates).
    pub type_alias: fn(Thread<'_>, args: Obj<'_>) -> Result<Ref>,
    /// Set the default of a type parameter.
    pub set_default: fn(Thread<'_>, param: Obj<'_>, evaluate: Obj<'_>) -> Result<Ref>,
    /// `string.templatelib.Template(strings, interpolations)`.
    pub template: fn(Thread<'_>, strings: Obj<'_>, interpolations: Obj<'_>) -> Result<Ref>,
    /// An interpolation; `conversion` is 0 or a character.
    pub interpolation: fn(
        Thread<'_>,
        value: Obj<'_>,
        text: Obj<'_>,
        conversion: usize,
        spec: Option<Obj<'_>>,
    ) -> Result<Ref>,
}

impl TypingHooks {
    const NONE: TypingHooks = TypingHooks {
        type_var: |th, _, _, _| Err(error!(th, NotImplementedError, "typing.TypeVar")),
        param_spec: |th, _| Err(error!(th, NotImplementedError, "typing.ParamSpec")),
        type_var_tuple: |th, _| Err(error!(th, NotImplementedError, "typing.TypeVarTuple")),
        subscript_generic: |th, _| Err(error!(th, NotImplementedError, "typing.Generic")),
        type_alias: |th, _| Err(error!(th, NotImplementedError, "typing.TypeAliasType")),
        set_default: |th, _, _| Err(error!(th, NotImplementedError, "type parameter defaults")),
        template: |th, _, _| Err(error!(th, NotImplementedError, "string.templatelib.Template")),
        interpolation: |th, _, _, _, _| {
            Err(error!(th, NotImplementedError, "string.templatelib.Interpolation"))
        },
    };
}

struct Registered(Cell<TypingHooks>);

impl Default for Registered {
    fn default() -> Self {
        Registered(Cell::new(TypingHooks::NONE))
    }
}

/// The hooks, to be changed one by one with [`set_typing_hooks`].
pub fn typing_hooks(th: Thread<'_>) -> TypingHooks {
    th.interp().extensions.get::<Registered>().0.get()
}

/// Register who makes type parameters and templates.
pub fn set_typing_hooks(th: Thread<'_>, hooks: TypingHooks) {
    th.interp().extensions.get::<Registered>().0.set(hooks);
}

/// `CALL_INTRINSIC_1`.
#[inline(never)]
pub(crate) fn call_1(
    th: Thread<'_>,
    frame: *mut Frame,
    which: usize,
    value: Obj<'_>,
) -> Result<Ref> {
    let hooks = || typing_hooks(th);
    match which {
        1 => print(th, value),
        2 => import_star(th, frame, value),
        3 => {
            // SAFETY: the running frame.
            let flags = unsafe { Frame::code(frame) }.flags;
            exception::stop_iteration_error(th, flags, value)
        }
        4 => crate::async_generator::wrap_value(th, value),
        5 => protocol::number::unary(th, protocol::number::POSITIVE, value),
        6 => {
            let items = protocol::iter::collect(th, value)?;
            Tuple::from_refs(th, items).map(Ref::upcast)
        }
        7 => (hooks().type_var)(th, value, None, None),
        8 => (hooks().param_spec)(th, value),
        9 => (hooks().type_var_tuple)(th, value),
        10 => (hooks().subscript_generic)(th, value),
        11 => (hooks().type_alias)(th, value),
        _ => raise!(th, SystemError, "unknown intrinsic function {which}"),
    }
}

/// `CALL_INTRINSIC_2`.
#[inline(never)]
pub(crate) fn call_2(th: Thread<'_>, which: usize, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    let hooks = || typing_hooks(th);
    match which {
        1 => exception::prepare_reraise_star(th, a, b),
        2 => (hooks().type_var)(th, a, Some(b), None),
        3 => (hooks().type_var)(th, a, None, Some(b)),
        4 => {
            if let Some(function) = a.downcast::<Function>() {
                function.type_params.set(Some(b.own()));
            }
            Ok(a.own())
        }
        5 => (hooks().set_default)(th, a, b),
        _ => raise!(th, SystemError, "unknown intrinsic function {which}"),
    }
}

/// `sys.displayhook(value)`.
fn print(th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
    let hook = match th.interp().sys_dict.get() {
        Some(sys) => sys.get(th, id!(th, "displayhook").obj())?,
        None => None,
    };
    match hook {
        Some(hook) => hook.call(th, &[value]),
        None => raise!(th, RuntimeError, "lost sys.displayhook"),
    }
}

/// `from module import *`.
fn import_star(th: Thread<'_>, frame: *mut Frame, module: Obj<'_>) -> Result<Ref> {
    let locals = namespace::locals(th, frame, "found during 'import *'")?;
    let all = module.getattr_opt(th, id!(th, "__all__"))?;
    let (names, explicit) = match all {
        Some(all) => (protocol::iter::collect(th, all.obj())?, true),
        None => {
            let Some(dict) = module.getattr_opt(th, id!(th, "__dict__"))? else {
                raise!(th, ImportError, "from-import-* object has no __dict__ and no __all__");
            };
            let keys = match dict.obj().downcast::<Dict>() {
                Some(dict) => {
                    let (mut keys, mut position) = (Vec::new(), 0);
                    while let Some((key, _)) = dict.next_entry(&mut position) {
                        keys.push(key);
                    }
                    keys
                }
                None => {
                    let keys = dict.call_method(th, id!(th, "keys"), &[])?;
                    protocol::iter::collect(th, keys.obj())?
                }
            };
            (keys, false)
        }
    };
    for name in names {
        let Some(text) = name.obj().downcast::<Str>() else {
            let module_name = module.getattr(th, id!(th, "__name__"))?;
            let place = if explicit { "Item in" } else { "Key in" };
            let attribute = if explicit { "__all__" } else { "__dict__" };
            raise!(
                th,
                TypeError,
                "{place} {}.{attribute} must be str, not {}",
                module_name.str(th)?,
                name.obj().type_name()
            );
        };
        if !explicit && text.to_utf8(th).is_ok_and(|text| text.starts_with('_')) {
            continue;
        }
        let value = module.getattr(th, text)?;
        match locals.downcast_exact::<Dict>() {
            Some(dict) => dict.set(th, name.obj(), value.obj())?,
            None => locals.set_item(th, name.obj(), Some(value.obj()))?,
        }
    }
    Ok(object::types::none().own())
}
