//! "Did you mean": the candidate at the smallest edit distance.

const MOVE: usize = 2;
const CASE: usize = 1;
const MAX_CANDIDATES: usize = 750;
const MAX_LENGTH: usize = 40;

fn substitution(a: u8, b: u8) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        CASE
    } else {
        MOVE
    }
}

/// The edit distance, or anything above `limit`.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b)
        && x == y
    {
        (a, b) = (rest_a, rest_b);
    }
    while let ([rest_a @ .., x], [rest_b @ .., y]) = (a, b)
        && x == y
    {
        (a, b) = (rest_a, rest_b);
    }
    if a.is_empty() || b.is_empty() {
        return (a.len() + b.len()) * MOVE;
    }
    if a.len() > MAX_LENGTH || b.len() > MAX_LENGTH {
        return limit + 1;
    }
    if b.len() < a.len() {
        std::mem::swap(&mut a, &mut b);
    }
    if (b.len() - a.len()) * MOVE > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (1..=a.len()).map(|i| i * MOVE).collect();
    let mut result = 0;
    for (j, y) in b.iter().enumerate() {
        let mut diagonal = j * MOVE;
        result = diagonal;
        let mut smallest = usize::MAX;
        for (i, x) in a.iter().enumerate() {
            let substitute = diagonal + substitution(*y, *x);
            diagonal = row[i];
            let insert_or_delete = result.min(diagonal) + MOVE;
            result = insert_or_delete.min(substitute);
            row[i] = result;
            smallest = smallest.min(result);
        }
        if smallest > limit {
            return limit + 1;
        }
    }
    result
}

/// The candidate that `name` was probably meant to be.
pub fn suggest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut best = None;
    let mut best_distance = usize::MAX;
    for (i, candidate) in candidates.enumerate() {
        if i >= MAX_CANDIDATES {
            return None;
        }
        if candidate == name {
            continue;
        }
        let limit = (name.len() + candidate.len() + 3) * MOVE / 6;
        let limit = limit.min(best_distance.saturating_sub(1));
        let distance = distance(name, candidate, limit);
        if distance <= limit && distance < best_distance {
            best = Some(candidate);
            best_distance = distance;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn nearest_name_wins() {
        let names = ["first", "second", "third"];
        assert_eq!(suggest("frist", names.iter().copied()), Some("first"));
        assert_eq!(suggest("Second", names.iter().copied()), Some("second"));
        assert_eq!(suggest("other", names.iter().copied()), None);
    }
}
