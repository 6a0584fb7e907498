//! "Did you mean": the candidate with the least edit distance to a name.
//!
//! Costs and limits are CPython's, as the choice is visible.

use crate::{AsObject, List, Obj, Ref, Result, Str, Thread, raise};

/// Of an insertion, deletion or replacement.
const MOVE: usize = 2;
/// Of a replacement by the same letter in the other case.
const CASE: usize = 1;
/// With more candidates none is tried.
const MAX_CANDIDATES: usize = 750;
/// Longer names, after what both have in common at the ends, never match.
const MAX_LEN: usize = 40;

fn replacement(a: u8, b: u8) -> usize {
    if a == b {
        return 0;
    }
    if a.eq_ignore_ascii_case(&b) { CASE } else { MOVE }
}

/// The distance of two names; `most + 1` if it is more than `most`.
pub fn distance(a: &[u8], b: &[u8], most: usize) -> usize {
    if a == b {
        return 0;
    }
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if a.is_empty() || b.is_empty() {
        return (a.len() + b.len()) * MOVE;
    }
    if a.len() > MAX_LEN || b.len() > MAX_LEN {
        return most + 1;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if (long.len() - short.len()) * MOVE > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (1..=short.len()).map(|i| i * MOVE).collect();
    let mut result = 0;
    for (i, &x) in long.iter().enumerate() {
        let mut diagonal = i * MOVE;
        result = diagonal;
        let mut least = usize::MAX;
        for (&y, cell) in short.iter().zip(&mut row) {
            let replaced = diagonal + replacement(x, y);
            diagonal = *cell;
            result = replaced.min(result.min(diagonal) + MOVE);
            *cell = result;
            least = least.min(result);
        }
        if least > most {
            return most + 1;
        }
    }
    result
}

/// The index of the candidate most like `name`, if any is like it.
pub fn nearest<'a>(candidates: impl Iterator<Item = &'a str>, name: &str) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (index, candidate) in candidates.enumerate() {
        if candidate == name {
            continue;
        }
        let mut most = (name.len() + candidate.len() + 3) * MOVE / 6;
        if let Some((_, known)) = best {
            most = most.min(known.saturating_sub(1));
        }
        let distance = distance(name.as_bytes(), candidate.as_bytes(), most);
        if distance <= most {
            best = Some((index, distance));
        }
    }
    best.map(|(index, _)| index)
}

/// `_suggestions._generate_suggestions(candidates, item)`.
pub fn generate(th: Thread<'_>, candidates: Obj<'_>, item: &Str) -> Result<Option<Ref>> {
    let Some(candidates) = candidates.downcast_exact::<List>() else {
        raise!(th, TypeError, "candidates must be a list");
    };
    let candidates = candidates.to_vec();
    let mut texts = Vec::with_capacity(candidates.len());
    for candidate in &candidates {
        match candidate.obj().downcast::<Str>() {
            Some(text) => texts.push(text.to_utf8(th)?),
            None => raise!(th, TypeError, "all elements in 'candidates' must be strings"),
        }
    }
    if texts.len() >= MAX_CANDIDATES {
        return Ok(None);
    }
    let nearest = nearest(texts.into_iter(), item.to_utf8(th)?);
    Ok(nearest.and_then(|index| candidates.get(index).cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_cpythons() {
        let distance = |a: &str, b: &str| distance(a.as_bytes(), b.as_bytes(), 1000);
        // From test_traceback.
        assert_eq!(distance("", ""), 0);
        assert_eq!(distance("", "a"), 2);
        assert_eq!(distance("a", "A"), 1);
        assert_eq!(distance("Apple", "Aple"), 2);
        assert_eq!(distance("Banana", "B@n@n@"), 6);
        assert_eq!(distance("Cherry", "Cherry!"), 2);
        assert_eq!(distance("---0---", "------"), 2);
        assert_eq!(distance("abc", "y"), 6);
        assert_eq!(distance("aa", "bb"), 4);
        assert_eq!(distance("aaaaa", "AAAAA"), 5);
        assert_eq!(distance("wxyz", "wXyZ"), 2);
        assert_eq!(distance("wxyz", "wXyZ123"), 8);
        assert_eq!(distance("Python", "Java"), 12);
        assert_eq!(distance("Java", "C#"), 8);
        assert_eq!(distance("AbstractFoobarManager", "abstract_foobar_manager"), 3 + 2 * 2);
        assert_eq!(distance("CPython", "PyPy"), 10);
        assert_eq!(distance("CPython", "pypy"), 11);
        assert_eq!(distance("AttributeError", "AttributeErrop"), 2);
        assert_eq!(distance("AttributeError", "AttributeErrorTests"), 10);
        assert_eq!(distance("ABA", "AAB"), 4);
    }

    #[test]
    fn nearest_needs_likeness() {
        let nearest = |name| nearest(["alpha", "beta", "gamma"].into_iter(), name);
        assert_eq!(nearest("alhpa"), Some(0));
        assert_eq!(nearest("bata"), Some(1));
        assert_eq!(nearest("zzz"), None);
    }
}
