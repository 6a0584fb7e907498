//! Objects on their way between interpreters, one step at a time.

use macros::{pymethods, pytype};
use object::{AsObject, Code, Head, Obj, Ref, Result, Thread, Traverse, alloc_object, raise};

use crate::{
    _interpreters::{
        code,
        data::{self, Packed},
    },
    marshal,
};

/// What is on its way.
#[pytype(name = "CrossInterpreterData", traverse = manual, flags = DISALLOW_INSTANTIATION)]
pub(super) struct CrossInterpreterData {
    head: Head,
    packed: Packed,
}

impl Traverse for CrossInterpreterData {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

#[pymethods]
impl CrossInterpreterData {}

/// `get_crossinterp_data()`
pub(super) fn send(th: Thread<'_>, object: Obj<'_>, mode: Option<&str>) -> Result<Ref> {
    let packed = match mode {
        None | Some("xidata") => data::pack(th, object, false),
        Some("fallback") => data::pack(th, object, true),
        Some("pickle") => data::pack_pickle(th, object),
        Some("marshal") => or_not_shareable(th, object, |th| marshalled(th, object)),
        Some("code") => or_not_shareable(th, object, |th| match object.downcast::<Code>() {
            Some(_) => marshalled(th, object),
            None => raise!(th, TypeError, "expected code, got {}", object.type_name()),
        }),
        Some("func") => or_not_shareable(th, object, |th| {
            let code = code::stateless_function(th, object)?;
            Ok(Packed::Function(marshal::dump_object(th, code.obj())?))
        }),
        Some("script") => {
            or_not_shareable(th, object, |th| marshalled(th, code::script(th, object)?.obj()))
        }
        Some("script-pure") => {
            or_not_shareable(th, object, |th| marshalled(th, code::pure_script(th, object)?.obj()))
        }
        Some(mode) => raise!(th, ValueError, "unsupported mode '{mode}'"),
    }?;
    let sent = CrossInterpreterData { head: Head::new(), packed };
    Ok(alloc_object::new(th, sent)?.upcast())
}

fn marshalled(th: Thread<'_>, object: Obj<'_>) -> Result<Packed> {
    marshal::dump_object(th, object).map(Packed::Code)
}

/// What `pack` makes of an object; its exceptions become the cause of `NotShareableError`.
fn or_not_shareable(
    th: Thread<'_>,
    object: Obj<'_>,
    pack: impl FnOnce(Thread<'_>) -> Result<Packed>,
) -> Result<Packed> {
    pack(th).map_err(|raised| {
        let cause = th.take_exception(raised);
        data::not_shareable(th, &data::unsupported(th, object), Some(cause))
    })
}

/// `restore_crossinterp_data()`
pub(super) fn receive(th: Thread<'_>, sent: Obj<'_>) -> Result<Ref> {
    match sent.downcast::<CrossInterpreterData>() {
        Some(sent) => sent.packed.unpack(th),
        None => raise!(th, TypeError, "not data on its way between interpreters"),
    }
}
