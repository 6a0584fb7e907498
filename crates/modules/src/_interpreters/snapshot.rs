//! What is left of an exception on the other side: texts.

use object::{
    AsObject, Dict, IntoObject, Protocol, Ref, Result, Str, Thread, Tuple, exceptions, id,
    types::{self, namespace, none},
};

use crate::support::import_from;

/// The description of an exception.
#[derive(Default)]
pub(super) struct Snapshot {
    class: Option<Class>,
    pub(super) message: Option<String>,
    /// As `traceback` prints it.
    pub(super) display: Option<String>,
}

struct Class {
    name: String,
    qualname: String,
    module: String,
}

impl Snapshot {
    /// Describe an exception; fails where that raises.
    pub(super) fn new(th: Thread<'_>, error: &Ref) -> Result<Snapshot> {
        let ty = error.obj().ty();
        if ty.is_subtype(exceptions::types::MemoryError()) {
            return Ok(Snapshot::default());
        }
        let text =
            |name: &Str| -> Result<String> { Ok(ty.obj().getattr(th, name)?.str(th)?.to_string()) };
        let class = Class {
            name: text(id!(th, "__name__"))?,
            qualname: text(id!(th, "__qualname__"))?,
            module: text(id!(th, "__module__"))?,
        };
        let message = error.str(th)?.to_string();
        let display = match displayed(th, error) {
            Ok(text) => Some(text),
            Err(raised) => {
                th.clear_exception(raised);
                None
            }
        };
        Ok(Snapshot { class: Some(class), message: Some(message), display })
    }

    /// `module.Class: message`
    pub(super) fn formatted(&self) -> Option<String> {
        let Some(class) = &self.class else { return self.message.clone() };
        let name = match class.module.as_str() {
            "builtins" | "__main__" => class.qualname.clone(),
            module => format!("{module}.{}", class.qualname),
        };
        Some(match &self.message {
            Some(message) => format!("{name}: {message}"),
            None => name,
        })
    }

    /// The namespace that programs see.
    pub(super) fn to_object(&self, th: Thread<'_>) -> Result {
        let class = match &self.class {
            None => none().own(),
            Some(class) => {
                let all = [
                    ("__name__", &class.name),
                    ("__qualname__", &class.qualname),
                    ("__module__", &class.module),
                ];
                let dict = Dict::new(th)?;
                for (name, text) in all {
                    dict.set(th, Str::intern(th, name)?.obj(), Str::new(th, text)?.obj())?;
                }
                namespace::new(th, &dict)?
            }
        };
        let text = |text: Option<&str>| match text {
            Some(text) => Str::new(th, text).map(Ref::upcast),
            None => Ok(none().own()),
        };
        let dict = Dict::new(th)?;
        let set = |name: &str, value: Ref| dict.set(th, Str::intern(th, name)?.obj(), value.obj());
        set("type", class)?;
        set("msg", text(self.message.as_deref())?)?;
        set("formatted", text(self.formatted().as_deref())?)?;
        if let Some(display) = &self.display {
            set("errdisplay", text(Some(display))?)?;
        }
        namespace::new(th, &dict)
    }
}

fn displayed(th: Thread<'_>, error: &Ref) -> Result<String> {
    let class = import_from(th, "traceback", "TracebackException")?;
    let names = ["save_exc_type", "lookup_lines"].map(|name| Str::intern(th, name));
    let [first, second] = names;
    let names = Tuple::from_array(th, [first?.upcast(), second?.upcast()])?;
    let no = types::bool_(false);
    let made = class.call_method_kw(
        th,
        &*Str::intern(th, "from_exception")?,
        &[error.obj(), no, no],
        Some(&names),
    )?;
    let lines = made.call_method(th, &*Str::intern(th, "format")?, &[])?;
    let text = "".into_object(th)?.call_method(th, id!(th, "join"), &[lines.obj()])?;
    let text = text.str(th)?.to_string();
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}
