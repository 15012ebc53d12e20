//! The same work on many items, on several threads, with the results in the order of the items.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::Control;

/// Does `work` on the items `0..count` on `threads` threads, each with a state of its own from `state`. `progress` is told,
/// on the caller's thread, of the items that are done and of all items. None if `stop` came before the end, so that `work`
/// may end early then with whatever it likes. The results do not depend on the number of threads, if `work` does not depend
/// on what its state has seen.
///
/// `work` must not hold on to much: a result is kept for each item.
pub(crate) fn in_parallel<T: Send, S>(
    count: usize,
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> T + Sync,
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Option<Vec<T>> {
    progress(0, count);
    let next = AtomicUsize::new(0);
    let threads = threads.clamp(1, count.max(1));
    let (sender, receiver) = mpsc::sync_channel(2 * threads);
    let mut results: Vec<Option<T>> = std::iter::repeat_with(|| None).take(count).collect();
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let (next, state, work) = (&next, &state, &work);
            scope.spawn(move || {
                let mut state = state();
                while !stop.stopped() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || sender.send((index, work(&mut state, index))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut done = 0;
        for (index, result) in receiver {
            results[index] = Some(result);
            done += 1;
            progress(done, count);
        }
    });
    if stop.stopped() { None } else { results.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_whatever_the_threads() {
        for threads in [0, 1, 3, 50] {
            let mut told = Vec::new();
            let squares = in_parallel(
                20,
                threads,
                || (),
                |(), index| index * index,
                &mut |done, of| told.push((done, of)),
                &Control::new(),
            );
            assert_eq!(squares, Some((0..20).map(|index| index * index).collect()));
            assert_eq!(told, (0..=20).map(|done| (done, 20)).collect::<Vec<_>>());
        }
        assert_eq!(in_parallel(0, 2, || (), |(), index| index, &mut |_, _| {}, &Control::new()), Some(vec![]));
    }

    #[test]
    fn a_stop_ends_it_without_results() {
        let stop = Control::new();
        let work = |(): &mut (), index| {
            if index == 3 {
                stop.stop();
            }
        };
        assert_eq!(in_parallel(1000, 2, || (), work, &mut |_, _| {}, &stop), None);
    }
}
