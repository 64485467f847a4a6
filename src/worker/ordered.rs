//! Works on many items at once and hands the results over in the order of the items.
//!
//! Knows nothing of cases. The bounds: as many items in hand as there are workers, and at most
//! [`RESULTS_PER_WORKER`] results for each worker that wait for an earlier one.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// One slow item lets this many results for each worker pile up behind it before the workers wait.
const RESULTS_PER_WORKER: usize = 8;

/// The work on one item panicked; the others go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the check panicked: {0}")]
pub struct Panicked(pub String);

/// Calls `work` on every item from `workers` threads, and `sink` on the calling thread with each
/// result in the order of `items`. Returns how many were done, always the first so many.
///
/// Once `stop` is set no further item is begun; those in hand are finished and handed over.
///
/// # Errors
/// No thread could be started, or what `sink` returned: then no further item is begun, and the
/// results not yet handed over are dropped.
pub fn for_each_in_order<T: Sync, R: Send, E: From<io::Error>>(
    items: &[T],
    workers: NonZeroUsize,
    stop: &AtomicBool,
    work: impl Fn(&T) -> R + Sync,
    mut sink: impl FnMut(&T, Result<R, Panicked>) -> Result<(), E>,
) -> Result<usize, E> {
    let workers = workers.get().min(items.len());
    let claims = Claims::new(items.len(), workers * RESULTS_PER_WORKER, stop);
    let (sender, receiver) = mpsc::sync_channel(workers);
    thread::scope(|scope| {
        // Dropped before the scope waits for its threads, however this closure is left.
        let closing = CloseOnDrop(&claims);
        let receiver = receiver;
        for n in 0..workers {
            let (sender, claims, work) = (sender.clone(), &claims, &work);
            let feed = move || {
                while let Some(index) = claims.claim() {
                    let result = catch_unwind(AssertUnwindSafe(|| work(&items[index])));
                    let result = result.map_err(|panic| Panicked(panic_message(panic.as_ref())));
                    if sender.send((index, result)).is_err() {
                        return; // The sink has failed and says so itself.
                    }
                }
            };
            let started = thread::Builder::new().name(format!("feeder-{n}")).spawn_scoped(scope, feed);
            match started {
                Ok(_) => {}
                Err(error) if n == 0 => return Err(error.into()),
                Err(_) => break, // Fewer workers than asked for give the same results.
            }
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut delivered = 0;
        for (index, result) in &receiver {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&delivered) {
                sink(&items[delivered], result)?;
                delivered += 1;
                claims.delivered(delivered);
            }
        }
        drop(closing);
        Ok(delivered)
    })
}

/// Which item is next, and whether it may be begun yet.
struct Claims<'a> {
    items: usize,
    window: usize,
    stop: &'a AtomicBool,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    claimed: usize,
    delivered: usize,
    closed: bool,
}

impl<'a> Claims<'a> {
    fn new(items: usize, window: usize, stop: &'a AtomicBool) -> Self {
        Self { items, window, stop, state: Mutex::default(), moved: Condvar::new() }
    }

    /// Nothing in here can panic half-way, so a poisoned lock still guards a sound state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(&self) -> Option<usize> {
        let mut state = self.state();
        loop {
            let over = state.closed || state.claimed == self.items || self.stop.load(Ordering::Relaxed);
            if over {
                return None;
            }
            if state.claimed < state.delivered + self.window {
                state.claimed += 1;
                return Some(state.claimed - 1);
            }
            // An item is in hand, or this one could be claimed: `delivered` will wake us.
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn delivered(&self, delivered: usize) {
        self.state().delivered = delivered;
        self.moved.notify_all();
    }
}

struct CloseOnDrop<'a>(&'a Claims<'a>);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.moved.notify_all();
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;

    fn workers(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).expect("not zero")
    }

    fn run(n: usize, stop: &AtomicBool, work: impl Fn(&usize) -> usize + Sync) -> (Vec<usize>, usize) {
        let items: Vec<usize> = (0..200).collect();
        let mut out = Vec::new();
        let done = for_each_in_order::<_, _, io::Error>(&items, workers(n), stop, work, |_, result| {
            out.push(result.expect("no panic"));
            Ok(())
        });
        (out, done.expect("the sink does not fail"))
    }

    #[test]
    fn the_order_is_that_of_the_items_whatever_the_number_of_workers() {
        let expected: Vec<usize> = (0..200).map(|i| i * i).collect();
        for n in [1, 2, 7, 500] {
            let slow_first = |i: &usize| {
                thread::sleep(Duration::from_micros(if i.is_multiple_of(17) { 900 } else { 10 }));
                i * i
            };
            assert_eq!(run(n, &AtomicBool::new(false), slow_first), (expected.clone(), 200));
        }
    }

    #[test]
    fn nothing_to_do_is_done_at_once() {
        let none: [u8; 0] = [];
        let stop = AtomicBool::new(false);
        let done = for_each_in_order::<_, _, io::Error>(&none, workers(3), &stop, |_| (), |_, _| Ok(()));
        assert_eq!(done.expect("nothing can fail"), 0);
    }

    #[test]
    fn results_wait_for_a_slow_item_only_up_to_the_bound() {
        let (begun, ahead) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |i: &usize| {
            begun.fetch_add(1, Ordering::SeqCst);
            if *i == 0 {
                thread::sleep(Duration::from_millis(150));
                ahead.store(begun.load(Ordering::SeqCst), Ordering::SeqCst);
            }
            *i
        };
        let (out, _) = run(3, &AtomicBool::new(false), work);
        assert_eq!(out.len(), 200);
        assert!(ahead.load(Ordering::SeqCst) <= 3 * RESULTS_PER_WORKER);
    }

    #[test]
    fn a_stop_finishes_what_is_in_hand_and_leaves_a_prefix() {
        let stop = AtomicBool::new(false);
        let work = |i: &usize| {
            if *i == 50 {
                stop.store(true, Ordering::Relaxed);
            }
            *i
        };
        let (out, done) = run(4, &stop, work);
        assert!((51..200).contains(&done), "{done}");
        assert_eq!(out, (0..done).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_is_the_result_of_its_item_alone() {
        let items = [1, 2, 3];
        let stop = AtomicBool::new(false);
        let work = |i: &i32| if *i == 2 { panic!("item {i}") } else { *i };
        let mut out = Vec::new();
        for_each_in_order::<_, _, io::Error>(&items, workers(2), &stop, work, |_, r| {
            out.push(r);
            Ok(())
        })
        .expect("the sink does not fail");
        assert_eq!(out, [Ok(1), Err(Panicked("item 2".to_owned())), Ok(3)]);
    }

    #[test]
    fn a_sink_that_fails_or_panics_ends_the_run_without_a_hang() {
        let items: Vec<usize> = (0..1000).collect();
        let stop = AtomicBool::new(false);
        let full = |i: &usize, _| if *i == 10 { Err(io::Error::other("full")) } else { Ok(()) };
        let failed = for_each_in_order(&items, workers(3), &stop, |_| (), full);
        assert_eq!(failed.expect_err("the sink failed").to_string(), "full");
        let panicking =
            || for_each_in_order::<_, _, io::Error>(&items, workers(3), &stop, |_| (), |_, _| panic!("sink"));
        assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    }
}
