//! A stable merge sort whose comparisons can fail: natural runs, merged in the
//! order that powersort finds, with galloping through one-sided stretches.
//!
//! Invariant: whenever a comparison is made the slice and the elements aside
//! are together a permutation of the input; on an error they are put back.

use crate::{Result, Thread};

/// Runs shorter than this are made longer by insertion.
const MAX_MINRUN: usize = 64;
/// How often one side has to win in a row for galloping to begin.
const MIN_GALLOP: usize = 7;

struct Run {
    start: usize,
    len: usize,
    /// The depth of the boundary to the run behind it in the ideal merge tree.
    power: u32,
}

struct Sorter<T, F> {
    /// Elements moved aside by a merge.
    aside: Vec<T>,
    less: F,
    min_gallop: usize,
}

/// Sort `items` by `less`.
pub(super) fn sort<T: Copy>(
    th: Thread<'_>,
    items: &mut [T],
    less: impl FnMut(&T, &T) -> Result<bool>,
) -> Result<()> {
    let n = items.len();
    if n < 2 {
        return Ok(());
    }
    let mut aside = Vec::new();
    if aside.try_reserve_exact(n / 2 + 1).is_err() {
        return Err(th.no_memory());
    }
    let mut sorter = Sorter { aside, less, min_gallop: MIN_GALLOP };
    let minrun = minrun(n);
    let mut runs: Vec<Run> = Vec::new();
    let mut start = 0;
    while start < n {
        let mut len = sorter.count_run(&mut items[start..])?;
        if len < minrun {
            let forced = minrun.min(n - start);
            sorter.insert(&mut items[start..start + forced], len)?;
            len = forced;
        }
        if let Some(last) = runs.last() {
            let power = power(last.start, last.len, len, n);
            while runs.len() > 1 && runs[runs.len() - 2].power > power {
                sorter.merge_last(items, &mut runs)?;
            }
            if let Some(last) = runs.last_mut() {
                last.power = power;
            }
        }
        runs.push(Run { start, len, power: 0 });
        start += len;
    }
    while runs.len() > 1 {
        sorter.merge_last(items, &mut runs)?;
    }
    Ok(())
}

/// A run length that divides `n` into nearly a power of two runs.
fn minrun(mut n: usize) -> usize {
    let mut odd = 0;
    while n >= MAX_MINRUN {
        odd |= n & 1;
        n >>= 1;
    }
    n + odd
}

/// Where the midpoints of two neighbouring runs, as fractions of `n`, first
/// differ in binary.
fn power(start: usize, len: usize, next_len: usize, n: usize) -> u32 {
    let n = n as u128;
    let mut a = 2 * start as u128 + len as u128;
    let mut b = a + len as u128 + next_len as u128;
    let mut power = 0;
    loop {
        power += 1;
        if a >= n {
            a -= n;
            b -= n;
        } else if b >= n {
            return power;
        }
        a <<= 1;
        b <<= 1;
    }
}

impl<T: Copy, F: FnMut(&T, &T) -> Result<bool>> Sorter<T, F> {
    /// The length of the run at the start of `items`; a descending one is reversed.
    fn count_run(&mut self, items: &mut [T]) -> Result<usize> {
        if items.len() < 2 {
            return Ok(items.len());
        }
        let mut len = 2;
        let descending = (self.less)(&items[1], &items[0])?;
        while len < items.len() && (self.less)(&items[len], &items[len - 1])? == descending {
            len += 1;
        }
        if descending {
            items[..len].reverse();
        }
        Ok(len)
    }

    /// Sort `items`, of which the first `sorted` are.
    fn insert(&mut self, items: &mut [T], sorted: usize) -> Result<()> {
        for next in sorted.max(1)..items.len() {
            let pivot = items[next];
            let (mut low, mut high) = (0, next);
            while low < high {
                let middle = low + (high - low) / 2;
                if (self.less)(&pivot, &items[middle])? {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            items.copy_within(low..next, low + 1);
            items[low] = pivot;
        }
        Ok(())
    }

    /// Merge the last two runs.
    fn merge_last(&mut self, items: &mut [T], runs: &mut Vec<Run>) -> Result<()> {
        let (Some(right), Some(left)) = (runs.pop(), runs.last_mut()) else { return Ok(()) };
        let middle = left.len;
        left.len += right.len;
        let end = left.start + left.len;
        self.merge(&mut items[left.start..end], middle)
    }

    /// Merge `items[..middle]` and `items[middle..]`.
    fn merge(&mut self, items: &mut [T], middle: usize) -> Result<()> {
        // What is in place already at both ends.
        let (left, right) = items.split_at(middle);
        let (Some(first_right), Some(last_left)) = (right.first(), left.last()) else {
            return Ok(());
        };
        let skip = self.upper_bound(left, first_right)?;
        if skip == middle {
            return Ok(());
        }
        let keep = self.lower_bound_from_end(right, last_left)?;
        let items = &mut items[skip..middle + keep];
        let middle = middle - skip;
        if middle <= items.len() - middle {
            self.merge_low(items, middle)
        } else {
            self.merge_high(items, middle)
        }
    }

    /// How many elements at the start of `items` are not greater than `key`.
    fn upper_bound(&mut self, items: &[T], key: &T) -> Result<usize> {
        let (mut low, mut step) = (0, 1);
        // Double the steps until one goes too far.
        while low + step <= items.len() && !(self.less)(key, &items[low + step - 1])? {
            low += step;
            step *= 2;
        }
        let mut high = items.len().min(low + step - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if (self.less)(key, &items[middle])? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    /// How many elements at the start of `items` are less than `key`.
    fn lower_bound(&mut self, items: &[T], key: &T) -> Result<usize> {
        let (mut low, mut step) = (0, 1);
        while low + step <= items.len() && (self.less)(&items[low + step - 1], key)? {
            low += step;
            step *= 2;
        }
        let high = items.len().min(low + step - 1);
        self.lower_between(items, key, low, high)
    }

    /// As `lower_bound`, searching from the end.
    fn lower_bound_from_end(&mut self, items: &[T], key: &T) -> Result<usize> {
        let (mut high, mut step) = (items.len(), 1);
        while step <= high && !(self.less)(&items[high - step], key)? {
            high -= step;
            step *= 2;
        }
        let low = (high + 1).saturating_sub(step);
        self.lower_between(items, key, low, high)
    }

    /// As `upper_bound`, searching from the end.
    fn upper_bound_from_end(&mut self, items: &[T], key: &T) -> Result<usize> {
        let (mut high, mut step) = (items.len(), 1);
        while step <= high && (self.less)(key, &items[high - step])? {
            high -= step;
            step *= 2;
        }
        let mut low = (high + 1).saturating_sub(step);
        while low < high {
            let middle = low + (high - low) / 2;
            if (self.less)(key, &items[middle])? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    fn lower_between(&mut self, items: &[T], key: &T, low: usize, high: usize) -> Result<usize> {
        let (mut low, mut high) = (low, high);
        while low < high {
            let middle = low + (high - low) / 2;
            if (self.less)(&items[middle], key)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Merge with the left side aside, from the start.
    fn merge_low(&mut self, items: &mut [T], middle: usize) -> Result<()> {
        let mut aside = std::mem::take(&mut self.aside);
        aside.clear();
        aside.extend_from_slice(&items[..middle]);
        // The gap between `to` and `right` is as long as what is left aside.
        let (mut left, mut right, mut to) = (0, middle, 0);
        let result = self.run_low(items, &aside, &mut left, &mut right, &mut to);
        items[to..to + aside.len() - left].copy_from_slice(&aside[left..]);
        self.aside = aside;
        result
    }

    fn run_low(
        &mut self,
        items: &mut [T],
        aside: &[T],
        left: &mut usize,
        right: &mut usize,
        to: &mut usize,
    ) -> Result<()> {
        loop {
            let (mut left_wins, mut right_wins) = (0, 0);
            while left_wins < self.min_gallop && right_wins < self.min_gallop {
                if *left == aside.len() || *right == items.len() {
                    return Ok(());
                }
                if (self.less)(&items[*right], &aside[*left])? {
                    items[*to] = items[*right];
                    *right += 1;
                    (left_wins, right_wins) = (0, right_wins + 1);
                } else {
                    items[*to] = aside[*left];
                    *left += 1;
                    (left_wins, right_wins) = (left_wins + 1, 0);
                }
                *to += 1;
            }
            loop {
                if *left == aside.len() || *right == items.len() {
                    return Ok(());
                }
                let from_left = self.upper_bound(&aside[*left..], &items[*right])?;
                items[*to..*to + from_left].copy_from_slice(&aside[*left..*left + from_left]);
                *left += from_left;
                *to += from_left;
                if *left == aside.len() {
                    return Ok(());
                }
                let from_right = self.lower_bound(&items[*right..], &aside[*left])?;
                items.copy_within(*right..*right + from_right, *to);
                *right += from_right;
                *to += from_right;
                if from_left < MIN_GALLOP && from_right < MIN_GALLOP {
                    break;
                }
                self.min_gallop = self.min_gallop.saturating_sub(1).max(1);
            }
            self.min_gallop += 2;
        }
    }

    /// Merge with the right side aside, from the end.
    fn merge_high(&mut self, items: &mut [T], middle: usize) -> Result<()> {
        let mut aside = std::mem::take(&mut self.aside);
        aside.clear();
        aside.extend_from_slice(&items[middle..]);
        // `left + right` is where the elements placed begin.
        let (mut left, mut right) = (middle, aside.len());
        let result = self.run_high(items, &aside, &mut left, &mut right);
        items[left..left + right].copy_from_slice(&aside[..right]);
        self.aside = aside;
        result
    }

    fn run_high(
        &mut self,
        items: &mut [T],
        aside: &[T],
        left: &mut usize,
        right: &mut usize,
    ) -> Result<()> {
        loop {
            let (mut left_wins, mut right_wins) = (0, 0);
            while left_wins < self.min_gallop && right_wins < self.min_gallop {
                if *left == 0 || *right == 0 {
                    return Ok(());
                }
                let to = *left + *right - 1;
                if (self.less)(&aside[*right - 1], &items[*left - 1])? {
                    items[to] = items[*left - 1];
                    *left -= 1;
                    (left_wins, right_wins) = (left_wins + 1, 0);
                } else {
                    items[to] = aside[*right - 1];
                    *right -= 1;
                    (left_wins, right_wins) = (0, right_wins + 1);
                }
            }
            loop {
                if *left == 0 || *right == 0 {
                    return Ok(());
                }
                let stay = self.upper_bound_from_end(&items[..*left], &aside[*right - 1])?;
                let from_left = *left - stay;
                items.copy_within(stay..*left, stay + *right);
                *left = stay;
                if *left == 0 {
                    return Ok(());
                }
                let stay = self.lower_bound_from_end(&aside[..*right], &items[*left - 1])?;
                let from_right = *right - stay;
                items[*left + stay..*left + *right].copy_from_slice(&aside[stay..*right]);
                *right = stay;
                if from_left < MIN_GALLOP && from_right < MIN_GALLOP {
                    break;
                }
                self.min_gallop = self.min_gallop.saturating_sub(1).max(1);
            }
            self.min_gallop += 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Raised;

    /// A generator of patterns: runs, equal keys, noise.
    fn sample(n: usize, seed: u64) -> Vec<(u32, usize)> {
        let mut state = seed | 1;
        (0..n)
            .map(|index| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let key = match seed % 5 {
                    0 => state as u32,
                    1 => (state % 7) as u32,
                    2 => index as u32 / 10 + (state % 3) as u32,
                    3 => (n - index) as u32,
                    _ => ((index * 37) % 101) as u32 + (index as u32 & !63),
                };
                (key, index)
            })
            .collect()
    }

    fn token() -> Thread<'static> {
        // SAFETY: the token is not used: memory does not run out.
        unsafe { Thread::current() }
    }

    #[test]
    fn sorts_stably() {
        for seed in 0..40 {
            for n in [0, 1, 2, 3, 10, 63, 64, 65, 200, 1000, 4097] {
                let mut items = sample(n, seed);
                let mut expected = items.clone();
                expected.sort_by_key(|item| item.0);
                sort(token(), &mut items, |a, b| Ok(a.0 < b.0)).unwrap();
                assert_eq!(items, expected, "seed {seed}, {n} items");
            }
        }
    }

    #[test]
    fn is_a_permutation_after_an_error_or_nonsense() {
        for seed in 0..20 {
            for fail_at in [0, 1, 5, 50, 300, 1500, 5000] {
                let mut items = sample(900, seed);
                let mut count = 0;
                let result = sort(token(), &mut items, |a, b| {
                    count += 1;
                    if count > fail_at { Err(Raised) } else { Ok(a.0 < b.0) }
                });
                assert_eq!(result.is_err(), count > fail_at);
                items.sort_by_key(|item| item.1);
                assert!(items.iter().enumerate().all(|(index, item)| item.1 == index));
                let mut flip = seed;
                sort(token(), &mut items, |a, b| {
                    flip = flip.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    Ok((flip >> 33) & 1 == 0 && a.1 != b.1)
                })
                .unwrap();
                items.sort_by_key(|item| item.1);
                assert!(items.iter().enumerate().all(|(index, item)| item.1 == index));
            }
        }
    }
}
