//! The method resolution order: C3 linearisation, and `mro()` overrides.

use crate::{AsObject, Obj, Protocol, PyStruct, Ref, Result, Thread, Tuple, Type, id, raise};

/// The C3 linearisation of a type over its `tp_bases`.
pub fn linearize(th: Thread<'_>, ty: &Type) -> Result<Vec<Ref>> {
    let Some(bases) = ty.bases() else { return Ok(vec![ty.obj().own()]) };
    let bases: Vec<Ref> = bases.items().iter().map(|base| base.own()).collect();
    for (i, base) in bases.iter().enumerate() {
        if bases[..i].iter().any(|other| other.obj().is(base.obj())) {
            // SAFETY: the bases are types.
            let name = unsafe { Type::from_obj(base.obj()) }.name();
            raise!(th, TypeError, "duplicate base class {name}");
        }
    }
    let mut result = vec![ty.obj().own()];
    let mut lists: Vec<Vec<Ref>> = Vec::new();
    for base in &bases {
        // SAFETY: the bases are types.
        let base = unsafe { Type::from_obj(base.obj()) };
        match base.mro() {
            Some(mro) => lists.push(mro.items().iter().map(|item| item.own()).collect()),
            None => {
                raise!(th, TypeError, "Cannot extend an incomplete type '{}'", base.full_name())
            }
        }
    }
    lists.push(bases);
    let mut heads = vec![0usize; lists.len()];
    loop {
        let mut remaining = false;
        let mut chosen = None;
        for (list, head) in lists.iter().zip(&heads) {
            let Some(candidate) = list.get(*head) else { continue };
            remaining = true;
            let in_tail = lists.iter().zip(&heads).any(|(other, head)| {
                other.iter().skip(head + 1).any(|item| item.obj().is(candidate.obj()))
            });
            if !in_tail {
                chosen = Some(candidate.clone());
                break;
            }
        }
        if !remaining {
            return Ok(result);
        }
        let Some(chosen) = chosen else { return Err(conflict(th, &lists, &heads)) };
        for (list, head) in lists.iter().zip(&mut heads) {
            if list.get(*head).is_some_and(|item| item.obj().is(chosen.obj())) {
                *head += 1;
            }
        }
        result.push(chosen);
    }
}

#[cold]
fn conflict(th: Thread<'_>, lists: &[Vec<Ref>], heads: &[usize]) -> crate::Raised {
    let mut names: Vec<&str> = Vec::new();
    for (list, head) in lists.iter().zip(heads) {
        if let Some(item) = list.get(*head) {
            // SAFETY: the lists hold types.
            let name = unsafe { Type::from_obj(item.obj()) }.name();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    crate::error!(
        th,
        TypeError,
        "Cannot create a consistent method resolution order (MRO) for bases {}",
        names.join(", ")
    )
}

/// The MRO of a type as its metatype computes it.
pub fn compute(th: Thread<'_>, ty: &Type) -> Result<Ref<Tuple>> {
    let meta = ty.obj().ty();
    if std::ptr::eq(meta, Type::type_object()) {
        return Tuple::from_refs(th, linearize(th, ty)?);
    }
    let name = id!(th, "mro");
    let own = meta.lookup(th, name).map(Obj::own);
    let builtin = Type::type_object().lookup(th, name);
    if let (Some(own), Some(builtin)) = (&own, builtin)
        && own.obj().is(builtin)
    {
        return Tuple::from_refs(th, linearize(th, ty)?);
    }
    let Some(method) = own else { return Tuple::from_refs(th, linearize(th, ty)?) };
    let items = crate::protocol::iter::collect(th, method.call(th, &[ty.obj()])?.obj())?;
    for item in &items {
        let Some(class) = super::as_type(item.obj()) else {
            raise!(th, TypeError, "mro() returned a non-class ('{}')", item.obj().type_name());
        };
        if !create_solid(ty).is_subtype(create_solid(class)) {
            raise!(
                th,
                TypeError,
                "mro() returned base with unsuitable layout ('{}')",
                class.full_name()
            );
        }
    }
    Tuple::from_refs(th, items)
}

fn create_solid(ty: &Type) -> &Type {
    super::create::solid_base(ty)
}
