//! The functions behind `CALL_INTRINSIC_1` and `CALL_INTRINSIC_2`.
//!
//! Template strings are made by whoever implements `string.templatelib`,
//! through [`TemplateHooks`].

use std::cell::Cell;

use object::{
    AsObject, Dict, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id, protocol, raise,
    types::typing,
};

use crate::{exception, frame::Frame, namespace};

/// How template strings are made.
#[derive(Clone, Copy)]
pub struct TemplateHooks {
    /// `string.templatelib.Template(strings, interpolations)`.
    pub template: fn(Thread<'_>, strings: Obj<'_>, interpolations: Obj<'_>) -> Result<Ref>,
    /// An interpolation; `conversion` is 0 or 1 to 3 for `str`, `repr`, `ascii`.
    pub interpolation: fn(
        Thread<'_>,
        value: Obj<'_>,
        text: Obj<'_>,
        conversion: usize,
        spec: Option<Obj<'_>>,
    ) -> Result<Ref>,
}

impl TemplateHooks {
    const NONE: TemplateHooks = TemplateHooks {
        template: object::types::template::Template::build,
        interpolation: object::types::template::Interpolation::build,
    };
}

struct Registered(Cell<TemplateHooks>);

impl Default for Registered {
    fn default() -> Self {
        Registered(Cell::new(TemplateHooks::NONE))
    }
}

/// The registered hooks.
pub fn template_hooks(th: Thread<'_>) -> TemplateHooks {
    th.interp().shared.get::<Registered>().0.get()
}

/// Register who makes templates.
pub fn set_template_hooks(th: Thread<'_>, hooks: TemplateHooks) {
    th.interp().shared.get::<Registered>().0.set(hooks);
}

/// `CALL_INTRINSIC_1`.
#[inline(never)]
pub(crate) fn call_1(
    th: Thread<'_>,
    frame: *mut Frame,
    which: usize,
    value: Obj<'_>,
) -> Result<Ref> {
    let name = || expect_name(th, value);
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
        7 => typing::typevar(th, name()?),
        8 => typing::paramspec(th, name()?),
        9 => typing::typevartuple(th, name()?),
        10 => typing::subscript_generic(th, value),
        11 => match value.downcast::<Tuple>() {
            Some(args) => typing::typealias(th, args),
            None => raise!(th, SystemError, "type alias without a tuple"),
        },
        _ => raise!(th, SystemError, "unknown intrinsic function {which}"),
    }
}

/// `CALL_INTRINSIC_2`.
#[inline(never)]
pub(crate) fn call_2(th: Thread<'_>, which: usize, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    match which {
        1 => exception::prepare_reraise_star(th, a, b),
        2 => typing::typevar_with_bound(th, expect_name(th, a)?, b),
        3 => typing::typevar_with_constraints(th, expect_name(th, a)?, b),
        4 => typing::set_function_type_params(th, a, b),
        5 => typing::set_typeparam_default(th, a, b),
        _ => raise!(th, SystemError, "unknown intrinsic function {which}"),
    }
}

fn expect_name<'a>(th: Thread<'_>, name: Obj<'a>) -> Result<&'a Str> {
    match name.downcast::<Str>() {
        Some(name) => Ok(name),
        None => raise!(th, SystemError, "type parameter without a name"),
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
