//! Work on a list with several threads; results arrive in the caller's thread as they come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Call `work` for every item on `jobs` threads and `done` with each result in the order of
/// completion. `work` may return `None` to say that the item was not started.
pub(crate) fn parallel<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> Option<R> + Sync,
    mut done: impl FnMut(&T, R),
) {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(result) = work(item)
                        && sender.send((item, result)).is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (item, result) in receiver {
            done(item, result);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once() {
        let items: Vec<usize> = (0..100).collect();
        let mut seen = Vec::new();
        parallel(&items, 4, |&n| (n != 7).then_some(n * n), |&n, square| seen.push((n, square)));
        seen.sort_unstable();
        assert_eq!(seen.len(), 99);
        assert!(seen.iter().all(|&(n, square)| square == n * n));
    }
}
