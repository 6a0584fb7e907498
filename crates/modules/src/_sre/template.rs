//! The compiled form of a replacement string: literals and groups in turn.

use macros::{pymethods, pytype};
use object::{AsObject, Head, Int, List, Obj, Ref, Result, Thread, alloc_object, raise};

use super::{Subject, pattern::Groups};

/// A replacement with references to groups.
#[pytype(name = "re._Template", flags = DISALLOW_INSTANTIATION)]
pub struct Template {
    head: Head,
    literal: Ref,
    /// A group's number and the literal behind it, null for an empty one.
    #[traverse(skip)]
    indices: Vec<usize>,
    literals: Vec<Option<Ref>>,
}

fn is_empty(th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
    Ok(object::protocol::mapping::len(th, object)? == 0)
}

impl Template {
    pub(super) fn new(th: Thread<'_>, parts: &List) -> Result {
        let parts = parts.to_vec();
        let Some((literal, rest)) = parts.split_first() else {
            raise!(th, TypeError, "invalid template");
        };
        let (mut indices, mut literals) = (Vec::new(), Vec::new());
        for pair in rest.chunks(2) {
            let [index, literal] = pair else { raise!(th, TypeError, "invalid template") };
            if !Int::is_index(index.obj()) {
                raise!(th, TypeError, "an integer is required");
            }
            let Ok(index) = usize::try_from(Int::index_to_isize(th, index.obj())?) else {
                raise!(th, TypeError, "invalid template");
            };
            indices.push(index);
            let empty = is_empty(th, literal.obj())?;
            literals.push((!empty).then(|| literal.clone()));
        }
        let template = Template { head: Head::new(), literal: literal.clone(), indices, literals };
        alloc_object::new(th, template).map(Ref::upcast)
    }

    /// The text, if there are no groups in it.
    pub(crate) fn literal(&self) -> Option<Ref> {
        self.indices.is_empty().then(|| self.literal.clone())
    }

    /// Append the parts for one match.
    pub(crate) fn expand_into(
        &self,
        th: Thread<'_>,
        subject: &Subject<'_>,
        groups: &dyn Groups,
        parts: &mut Vec<Ref>,
    ) -> Result<()> {
        if parts.try_reserve(1 + 2 * self.indices.len()).is_err() {
            return Err(th.no_memory());
        }
        if !is_empty(th, self.literal.obj())? {
            parts.push(self.literal.clone());
        }
        for (&index, literal) in self.indices.iter().zip(&self.literals) {
            if let Some((start, end)) = groups.group(index) {
                parts.push(subject.part(th, start, end)?);
            }
            parts.extend(literal.clone());
        }
        Ok(())
    }
}

#[pymethods]
impl Template {}
