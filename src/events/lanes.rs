//! What is still to be told, case by case: one event of a case is out at a time, and the next
//! follows when it was taken.
//!
//! Pure: the moment is handed in. A case whose event is not taken is parked: its events wait, longer
//! after each try, while the others go on past it. Where many cases fail and none goes well, the
//! receiver is away: then one event at a time is sent to see whether it is back, and none of these
//! tries counts.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::Event;
use crate::queue::{Parked, SinkState};

/// Events that are read and not told while their cases are not parked.
const OPEN_MAX: usize = 1000;

/// Events that may be parked before nothing more is read.
const PARKED_MAX: usize = 1000;

/// Cases that fail, with none that goes well between them, before the receiver counts as away.
const AWAY_CASES: usize = 8;

/// The first and the longest wait between two tries of a receiver that is away.
const AWAY_FIRST: Duration = Duration::from_secs(1);
const AWAY_MAX: Duration = Duration::from_secs(60);

/// The share of a wait that is left to chance.
const JITTER: f64 = 0.2;

struct Pending {
    event: Event,
    tries: u32,
}

#[derive(Default)]
struct Lane {
    events: VecDeque<Pending>,
    /// Its first event was not taken.
    fails: bool,
}

/// What became of an event that was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// It is tried again; the receiver seems to be away, so that the try does not count.
    Away,
    /// It is tried again.
    Later { tries: u32 },
    /// It had all its tries.
    GivenUp,
}

/// What is still to be told.
pub(super) struct Lanes<'a> {
    /// The waits after each try; after the last an event is given up.
    waits: &'a [Duration],
    lanes: HashMap<String, Lane>,
    /// Every change up to this one is in a lane, or was told.
    read: u64,
    open: BTreeSet<u64>,
    parked: BTreeMap<u64, u32>,
    given_up: u64,
    /// Cases whose first event can be sent, and those whose wait has an end.
    ready: VecDeque<String>,
    waiting: BTreeSet<(Instant, String)>,
    out: usize,
    /// Cases that failed since one went well.
    failing: BTreeSet<String>,
    away_until: Option<Instant>,
    away_wait: Duration,
}

impl<'a> Lanes<'a> {
    /// Nothing yet to be told after what the state says.
    pub(super) fn new(state: &SinkState, waits: &'a [Duration]) -> Self {
        Self {
            waits,
            lanes: HashMap::new(),
            read: state.told,
            open: BTreeSet::new(),
            parked: BTreeMap::new(),
            given_up: state.given_up,
            ready: VecDeque::new(),
            waiting: BTreeSet::new(),
            out: 0,
            failing: BTreeSet::new(),
            away_until: None,
            away_wait: AWAY_FIRST,
        }
    }

    /// An event that was parked by whoever told before.
    pub(super) fn restore(&mut self, event: Event, tries: u32) {
        self.parked.insert(event.change.number, tries);
        self.push(event, tries);
    }

    /// An event that was read.
    pub(super) fn add(&mut self, event: Event) {
        let number = event.change.number;
        self.read = self.read.max(number);
        if self.lanes.get(&event.change.case_id).is_some_and(|lane| lane.fails) {
            self.parked.insert(number, 0);
        } else {
            self.open.insert(number);
        }
        self.push(event, 0);
    }

    fn push(&mut self, event: Event, tries: u32) {
        let case_id = event.change.case_id.clone();
        let lane = self.lanes.entry(case_id.clone()).or_default();
        lane.events.push_back(Pending { event, tries });
        if lane.events.len() == 1 {
            self.ready.push_back(case_id);
        }
    }

    /// Every change up to `number` was read.
    pub(super) fn read_to(&mut self, number: u64) {
        self.read = self.read.max(number);
    }

    /// After which change to read on.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// How many more events may be read.
    pub(super) fn room(&self) -> usize {
        OPEN_MAX.saturating_sub(self.open.len()).min(PARKED_MAX.saturating_sub(self.parked.len()))
    }

    /// The next event that can be sent now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Event> {
        while let Some((at, _)) = self.waiting.first()
            && *at <= now
        {
            let (_, case_id) = self.waiting.pop_first()?;
            self.ready.push_back(case_id);
        }
        if self.is_away() {
            if self.out > 0 || self.away_until.is_some_and(|until| now < until) {
                return None;
            }
            if self.ready.is_empty() {
                self.ready.extend(self.waiting.pop_first().map(|(_, case_id)| case_id));
            }
        }
        let case_id = self.ready.pop_front()?;
        let event = self.lanes.get(&case_id)?.events.front()?.event.clone();
        self.out += 1;
        Some(event)
    }

    fn is_away(&self) -> bool {
        self.failing.len() >= AWAY_CASES
    }

    /// The event was taken.
    pub(super) fn told(&mut self, event: &Event) {
        self.out -= 1;
        if self.is_away() {
            // It is back: nobody need wait longer.
            self.ready.extend(std::mem::take(&mut self.waiting).into_iter().map(|(_, case_id)| case_id));
        }
        self.failing.clear();
        (self.away_until, self.away_wait) = (None, AWAY_FIRST);
        self.done(event);
    }

    /// The case goes on with its next event.
    fn done(&mut self, event: &Event) {
        let (number, case_id) = (event.change.number, &event.change.case_id);
        self.open.remove(&number);
        self.parked.remove(&number);
        let Some(lane) = self.lanes.get_mut(case_id) else { return };
        lane.events.pop_front();
        lane.fails = false;
        if lane.events.is_empty() {
            self.lanes.remove(case_id);
        } else {
            self.ready.push_back(case_id.clone());
        }
    }

    /// The event was not taken.
    pub(super) fn failed(&mut self, event: &Event, now: Instant) -> Failed {
        self.out -= 1;
        let case_id = event.change.case_id.clone();
        let was_away = self.is_away();
        self.failing.insert(case_id.clone());
        if self.is_away() {
            self.away_until = Some(now + self.away_wait);
            self.away_wait = (self.away_wait * 2).min(AWAY_MAX);
        }
        let Some(lane) = self.lanes.get_mut(&case_id) else { return Failed::Away };
        let Some(first) = lane.events.front_mut() else { return Failed::Away };
        if !was_away {
            first.tries += 1;
        }
        let tries = first.tries;
        if tries as usize > self.waits.len() {
            self.given_up += 1;
            self.failing.remove(&case_id);
            self.done(event);
            return Failed::GivenUp;
        }
        lane.fails = true;
        for pending in &lane.events {
            let number = pending.event.change.number;
            self.open.remove(&number);
            self.parked.insert(number, pending.tries);
        }
        let wait = self.waits.get(tries.saturating_sub(1) as usize).copied().unwrap_or_default();
        self.waiting.insert((now + spread(wait, &event.id, tries), case_id));
        if was_away { Failed::Away } else { Failed::Later { tries } }
    }

    /// Whether all was told that can be told now: what is left waits for another try.
    pub(super) fn is_settled(&self) -> bool {
        self.out == 0 && (self.ready.is_empty() || self.is_away())
    }

    /// How many events were read and not told.
    pub(super) fn left(&self) -> usize {
        self.parked.len() + self.open.len()
    }

    /// How far it has come, as it is to be stored.
    pub(super) fn state(&self, before: &SinkState) -> SinkState {
        let told = self.open.first().map_or(self.read, |first| first - 1);
        let parked = self.parked.iter().map(|(&number, &tries)| Parked { number, tries }).collect();
        SinkState { told, parked, given_up: self.given_up, ..before.clone() }
    }
}

/// A wait, less up to a share of it that is drawn from the event and its tries.
fn spread(wait: Duration, id: &str, tries: u32) -> Duration {
    let digest = Sha256::digest(format!("{id}\0{tries}").as_bytes());
    let drawn = f64::from(u16::from_be_bytes([digest[0], digest[1]])) / f64::from(u16::MAX);
    wait.mul_f64(1.0 - JITTER * drawn)
}

#[cfg(test)]
mod tests {
    use super::super::event::{EventSource, tests::change};
    use super::*;
    use crate::queue::Change;

    const WAITS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(300)];

    fn event(number: u64, case_id: &str) -> Event {
        Event::new(Change { number, ..change(case_id, number) }, &EventSource::of_queue("q"))
    }

    fn numbers(state: &SinkState) -> (u64, Vec<u64>) {
        (state.told, state.parked.iter().map(|parked| parked.number).collect())
    }

    #[test]
    fn one_event_of_a_case_is_out_at_a_time_and_a_failing_case_holds_up_only_itself() {
        let (now, before) = (Instant::now(), SinkState::default());
        let mut lanes = Lanes::new(&before, &WAITS);
        for (number, case_id) in [(1, "a"), (2, "b"), (3, "a"), (4, "b")] {
            lanes.add(event(number, case_id));
        }
        let (a1, b2) = (lanes.next(now).expect("a"), lanes.next(now).expect("b"));
        assert_eq!((a1.change.number, b2.change.number), (1, 2));
        assert!(lanes.next(now).is_none(), "each case has one out");
        lanes.told(&b2);
        assert_eq!(numbers(&lanes.state(&before)), (0, vec![]), "the first is not told");
        assert_eq!(lanes.failed(&a1, now), Failed::Later { tries: 1 });
        assert_eq!(numbers(&lanes.state(&before)), (3, vec![1, 3]), "parked, in order, and passed");
        let b4 = lanes.next(now).expect("b goes on");
        lanes.told(&b4);
        lanes.add(event(5, "a"));
        assert_eq!(numbers(&lanes.state(&before)), (5, vec![1, 3, 5]));
        assert!(lanes.is_settled() && lanes.next(now + WAITS[0] / 2).is_none());
        let again = lanes.next(now + WAITS[0]).expect("tried again");
        assert_eq!(again.change.number, 1);
        lanes.told(&again);
        assert_eq!(lanes.next(now).expect("in order").change.number, 3);
    }

    #[test]
    fn what_is_never_taken_is_given_up_and_its_case_goes_on() {
        let mut now = Instant::now();
        let mut lanes = Lanes::new(&SinkState::default(), &WAITS);
        lanes.add(event(1, "a"));
        lanes.add(event(2, "a"));
        for wait in WAITS {
            let first = lanes.next(now).expect("due");
            assert!(matches!(lanes.failed(&first, now), Failed::Later { .. }));
            now += wait;
        }
        let first = lanes.next(now).expect("due");
        assert_eq!((first.change.number, lanes.failed(&first, now)), (1, Failed::GivenUp));
        assert_eq!(lanes.next(now).expect("the next").change.number, 2);
        assert_eq!(lanes.state(&SinkState::default()).given_up, 1);
    }

    #[test]
    fn a_receiver_that_is_away_uses_up_no_tries_and_gets_all_when_it_is_back() {
        let (mut now, before) = (Instant::now(), SinkState::default());
        let mut lanes = Lanes::new(&before, &WAITS);
        for number in 1..=100 {
            lanes.add(event(number, &format!("c-{number}")));
        }
        let mut tries = 0;
        for _ in 0..500 {
            if let Some(event) = lanes.next(now) {
                lanes.failed(&event, now);
                tries += 1;
            }
            now += Duration::from_millis(100);
        }
        assert!(tries < AWAY_CASES + 10, "{tries} tries in 50 s");
        now += AWAY_MAX;
        let probe = lanes.next(now).expect("one at a time");
        assert!(lanes.next(now).is_none());
        lanes.told(&probe);
        let mut told = 1;
        while let Some(event) = lanes.next(now) {
            lanes.told(&event);
            told += 1;
        }
        assert_eq!((told, numbers(&lanes.state(&before))), (100, (100, vec![])));
    }
}
