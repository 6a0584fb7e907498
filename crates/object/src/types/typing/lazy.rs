//! Values evaluated on demand, and `NoDefault`.

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Int, IntoObject, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Traverse, Tuple, Type, alloc_object, id, raise, types::generic_alias::type_repr,
};

/// `annotationlib.Format.VALUE`.
const VALUE: i64 = 1;
/// `annotationlib.Format.STRING`.
const STRING: i64 = 4;

/// A value, or the function that computes it.
pub(super) struct Lazy {
    value: Link,
    evaluate: Link,
}

impl Traverse for Lazy {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.value.traverse(visit);
        self.evaluate.traverse(visit);
    }
    fn clear(&self) {
        self.value.clear();
        self.evaluate.clear();
    }
}

impl Lazy {
    pub(super) fn of_value(value: Option<Ref>) -> Self {
        Lazy { value: Link::from_option(value), evaluate: Link::null() }
    }

    pub(super) fn of_function(evaluate: Option<Obj<'_>>) -> Self {
        Lazy { value: Link::null(), evaluate: Link::from_option(evaluate.map(Obj::own)) }
    }

    pub(super) fn set_evaluate(&self, evaluate: Obj<'_>) {
        self.evaluate.set(Some(evaluate.own()));
    }

    /// Whether there is a value other than `NoDefault`.
    pub(super) fn is_given(&self) -> bool {
        !self.evaluate.is_null()
            || self.value.get().is_some_and(|value| !value.obj().is(no_default()))
    }

    /// The value, evaluated now if it was not.
    pub(super) fn get(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if let Some(value) = self.value.get() {
            return Ok(Some(value));
        }
        let Some(evaluate) = self.evaluate.get() else { return Ok(None) };
        let format = Int::from_i64(th, VALUE)?;
        let value = evaluate.call(th, &[format.obj()])?;
        self.value.set(Some(value.clone()));
        Ok(Some(value))
    }

    /// The function that evaluates, made for a value that was given.
    pub(super) fn evaluator(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if let Some(evaluate) = self.evaluate.get() {
            return Ok(Some(evaluate));
        }
        match self.value.get() {
            Some(value) => {
                let evaluator = ConstEvaluator { head: Head::new(), value };
                alloc_object::new(th, evaluator).map(|evaluator| Some(evaluator.upcast()))
            }
            None => Ok(None),
        }
    }
}

/// Evaluates to a constant in every format.
#[pytype(name = "_typing._ConstEvaluator", flags = DISALLOW_INSTANTIATION)]
pub struct ConstEvaluator {
    head: Head,
    value: Ref,
}

#[pymethods]
impl ConstEvaluator {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let value = self.value.repr(th)?;
        Str::from_fmt(th, format_args!("<constevaluator {}>", &*value))
    }

    #[sig = "constevaluator.__call__(format)"]
    fn __call__(&self, th: Thread<'_>, format: i32) -> Result {
        if i64::from(format) != STRING {
            return Ok(self.value.clone());
        }
        let Some(items) = self.value.obj().downcast::<Tuple>() else {
            return type_repr(th, self.value.obj())?.into_object(th);
        };
        let mut parts = Vec::new();
        for item in items.items() {
            parts.push(type_repr(th, *item)?);
        }
        format!("({})", parts.join(", ")).into_object(th)
    }
}

/// The type of the NoDefault singleton.
#[pytype(name = "NoDefaultType")]
pub struct NoDefaultType {
    head: Head,
}

// SAFETY: the one instance is immortal and has no mutable state.
unsafe impl Sync for NoDefaultType {}

#[unsafe(export_name = "_Py_NoDefaultStruct")]
static NO_DEFAULT: NoDefaultType = NoDefaultType { head: Head::immortal() };

/// `typing.NoDefault`.
pub fn no_default() -> Obj<'static> {
    NO_DEFAULT.obj()
}

/// Give the singleton its type.
pub fn init() {
    NO_DEFAULT.head.set_static_type(NoDefaultType::type_object());
}

#[pymethods]
impl NoDefaultType {
    fn __new__(th: Thread<'_>, _: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        if args.len() > 0 || kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
            raise!(th, TypeError, "NoDefaultType takes no arguments");
        }
        Ok(no_default().own())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "typing.NoDefault")
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Ref {
        id!(th, "NoDefault").obj().own()
    }
}
