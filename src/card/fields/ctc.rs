//! Reading the frames of a connectionist temporal classification: the plain reading, and the best
//! reading of a given form with what else each of its characters might be.
//!
//! A frame is a slice of the line from left to right; in each, the network gives a probability to
//! every class, class 0 being "nothing new". Knows no alphabet and no field.

use ndarray::ArrayView2;

/// The class of a frame that shows no new character.
pub(super) const BLANK: usize = 0;

/// No class of a frame is taken to be less likely than this beside the likeliest one: networks are
/// surer than they are right, and one frame must not rule out a whole line.
const LEAST: f64 = 1e-7;

/// The classes that may stand at one place, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClassSet(u32);

/// The form of a line: for each character the classes it may be.
pub(super) type Form = Vec<ClassSet>;

/// Probabilities of each class in each frame, the likeliest class of a frame scaled to 1.
#[derive(Clone)]
pub(super) struct Frames {
    values: Vec<f64>,
    classes: usize,
}

/// A character of the plain reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Symbol {
    /// Its class, never [`BLANK`].
    pub class: usize,
    /// Its largest probability over its frames, 0 to 1.
    pub confidence: f32,
}

/// A line read in one of the forms asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// Which of the forms.
    pub form: usize,
    /// Its characters, at least one.
    pub characters: Vec<Character>,
    /// How likely the line is this one rather than its likeliest reading in each other form and in
    /// none, 0 to 1.
    pub form_confidence: f32,
}

/// A character of a [`Reading`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Character {
    /// Its class.
    pub class: usize,
    /// Every class that its place allows, with the probability that it is the one if all other
    /// characters are right, likeliest first.
    pub shares: Vec<(usize, f32)>,
}

impl ClassSet {
    /// The set of `classes`, each below 32.
    pub(super) fn of(classes: impl IntoIterator<Item = usize>) -> Self {
        Self(classes.into_iter().fold(0, |bits, class| bits | 1 << class))
    }

    /// Whether it holds `class`.
    pub(super) fn contains(self, class: usize) -> bool {
        self.0 >> class & 1 == 1
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        (0..u32::BITS as usize).filter(move |class| self.contains(*class))
    }
}

impl Frames {
    /// From logits, frames x classes.
    pub(super) fn of_logits(logits: ArrayView2<'_, f32>) -> Self {
        let classes = logits.ncols();
        let mut values = Vec::with_capacity(logits.len());
        for frame in logits.rows() {
            let most = frame.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            // `max` also takes a NaN, which is no evidence for anything, to the least.
            values.extend(frame.iter().map(|v| f64::from(v - most).exp().max(LEAST)));
        }
        Self { values, classes }
    }

    fn count(&self) -> usize {
        self.values.len() / self.classes.max(1)
    }

    fn at(&self, frame: usize, class: usize) -> f64 {
        self.values[frame * self.classes + class]
    }

    /// The likeliest class of each frame, repetitions and blanks dropped.
    pub(super) fn plain(&self) -> Vec<Symbol> {
        let frames = self.values.chunks_exact(self.classes.max(1)).map(|frame| {
            let sum: f64 = frame.iter().sum();
            let best = (0..frame.len()).max_by(|a, b| frame[*a].total_cmp(&frame[*b]));
            best.map_or((BLANK, 0.0), |class| (class, (frame[class] / sum) as f32))
        });
        collapsed(frames)
    }

    /// The likeliest reading in any of `forms`; `None` where there are too few frames for any.
    pub(super) fn read_as(&self, forms: &[Form]) -> Option<Reading> {
        let likeliest = |(form, sets): (usize, &Form)| {
            let classes = self.best_path(sets)?;
            let sweep = Sweep::new(self, &classes);
            Some((form, classes, sweep))
        };
        let mut found: Vec<_> = forms.iter().enumerate().filter_map(likeliest).collect();
        let best = (0..found.len()).max_by(|a, b| found[*a].2.total.total_cmp(&found[*b].2.total))?;
        let (form, classes, sweep) = found.swap_remove(best);
        let plain: Vec<usize> = self.plain().iter().map(|symbol| symbol.class).collect();
        let mut all = sweep.total + found.iter().map(|(_, _, other)| other.total).sum::<f64>();
        if plain != classes && found.iter().all(|(_, other, _)| *other != plain) {
            all += Sweep::new(self, &plain).total;
        }
        let share = |part: f64, whole: f64| if whole > 0.0 { (part / whole) as f32 } else { 0.0 };
        let form_confidence = share(sweep.total, all);
        let character = |(place, set): (usize, &ClassSet)| {
            let likelihoods = set.iter().map(|class| (class, sweep.with(self, &classes, place, class)));
            let likelihoods: Vec<(usize, f64)> = likelihoods.collect();
            let sum = likelihoods.iter().map(|(_, likelihood)| likelihood).sum::<f64>();
            let shares = likelihoods.iter().map(|(class, likelihood)| (*class, share(*likelihood, sum)));
            let mut shares: Vec<(usize, f32)> = shares.collect();
            shares.sort_by(|a, b| b.1.total_cmp(&a.1));
            Character { class: classes[place], shares }
        };
        let characters = forms[form].iter().enumerate().map(character).collect();
        Some(Reading { form, characters, form_confidence })
    }

    /// The line of the likeliest single path of the form.
    fn best_path(&self, form: &[ClassSet]) -> Option<Vec<usize>> {
        // States: the blank before each character and after the last, then each place's classes.
        let blank = |place: usize| place;
        let state = |place: usize, class: usize| form.len() + 1 + place * self.classes + class;
        let states = state(form.len(), 0);
        let mut score = vec![f64::NEG_INFINITY; states];
        let mut came_from = vec![0_u32; states * self.count()];
        score[blank(0)] = 0.0;
        for frame in 0..self.count() {
            let logs: Vec<f64> = (0..self.classes).map(|class| self.at(frame, class).ln()).collect();
            let mut next = vec![f64::NEG_INFINITY; states];
            let from = &mut came_from[frame * states..][..states];
            let mut step = |to: usize, sources: [(usize, f64); 3], log: f64| {
                let best = sources.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
                let (source, value) = best.expect("three sources");
                next[to] = value + log;
                from[to] = source as u32;
            };
            let unreachable = (0, f64::NEG_INFINITY);
            // The two best ways to have just read the character before, of different classes.
            let mut before = [unreachable; 2];
            for place in 0..=form.len() {
                let waiting = (blank(place), score[blank(place)]);
                step(blank(place), [waiting, before[0], unreachable], logs[BLANK]);
                let Some(set) = form.get(place) else { break };
                let mut here = [unreachable; 2];
                for class in set.iter().filter(|class| *class < self.classes) {
                    let own = (state(place, class), score[state(place, class)]);
                    let same = place > 0 && before[0].0 == state(place - 1, class);
                    let other = if same { before[1] } else { before[0] };
                    step(own.0, [own, waiting, other], logs[class]);
                    if own.1 > here[0].1 {
                        here = [own, here[0]];
                    } else if own.1 > here[1].1 {
                        here[1] = own;
                    }
                }
                before = here;
            }
            score = next;
        }
        let last = form.len().checked_sub(1)?;
        let ends = form[last].iter().filter(|class| *class < self.classes).map(|class| state(last, class));
        let mut at = ends.chain([blank(form.len())]).max_by(|a, b| score[*a].total_cmp(&score[*b]))?;
        if score[at] == f64::NEG_INFINITY {
            return None;
        }
        let mut classes = vec![BLANK; form.len()];
        for frame in (0..self.count()).rev() {
            if let Some(offset) = at.checked_sub(form.len() + 1) {
                classes[offset / self.classes] = offset % self.classes;
            }
            at = came_from[frame * states + at] as usize;
        }
        Some(classes)
    }
}

/// Sums over all paths of one line: how likely each of its beginnings and ends is.
struct Sweep {
    /// Likelihood of having read, after each frame, up to each state: blank, character, blank, ...
    begun: Vec<f64>,
    /// Likelihood of all frames from each one on, when the first of them is in that state.
    ended: Vec<f64>,
    /// Likelihood of the line.
    total: f64,
    states: usize,
}

impl Sweep {
    fn new(frames: &Frames, classes: &[usize]) -> Self {
        let states = 2 * classes.len() + 1;
        let count = frames.count();
        let class = |state: usize| if state.is_multiple_of(2) { BLANK } else { classes[state / 2] };
        // From a character to the next without a blank between, where they differ.
        let skips = |to: usize| to >= 3 && !to.is_multiple_of(2) && class(to) != class(to - 2);
        let mut begun = vec![0.0; states * count];
        for frame in 0..count {
            for state in 0..states {
                let before = |back: usize| match frame.checked_sub(1) {
                    None => f64::from(u8::from(back == 0 && state < 2)),
                    Some(last) => begun[last * states + state - back],
                };
                let mut sum = before(0);
                if frame > 0 && state > 0 {
                    sum += before(1);
                }
                if frame > 0 && skips(state) {
                    sum += before(2);
                }
                begun[frame * states + state] = sum * frames.at(frame, class(state));
            }
        }
        let mut ended = vec![0.0; states * count];
        for frame in (0..count).rev() {
            for state in 0..states {
                let after = |on: usize| match frame + 1 < count {
                    false => f64::from(u8::from(on == 0 && state + 2 >= states)),
                    true => ended[(frame + 1) * states + state + on],
                };
                let mut sum = after(0);
                if frame + 1 < count && state + 1 < states {
                    sum += after(1);
                }
                if frame + 1 < count && state + 2 < states && skips(state + 2) {
                    sum += after(2);
                }
                ended[frame * states + state] = sum * frames.at(frame, class(state));
            }
        }
        let total = ended.iter().take(states.min(2)).sum();
        Self { begun, ended, total, states }
    }

    /// Likelihood of the line with the character at `place` replaced by `class`.
    fn with(&self, frames: &Frames, classes: &[usize], place: usize, class: usize) -> f64 {
        let count = frames.count();
        let state = 2 * place + 1;
        let follows = place > 0 && classes[place - 1] != class;
        let followed = place + 1 < classes.len() && classes[place + 1] != class;
        let mut total = 0.0;
        let mut here = 0.0;
        for frame in 0..count {
            let entered = match frame.checked_sub(1) {
                None => f64::from(u8::from(place == 0)),
                Some(last) => {
                    let row = &self.begun[last * self.states..];
                    row[state - 1] + if follows { row[state - 2] } else { 0.0 }
                }
            };
            here = (here + entered) * frames.at(frame, class);
            let left = match frame + 1 < count {
                false => f64::from(u8::from(place + 1 == classes.len())),
                true => {
                    let row = &self.ended[(frame + 1) * self.states..];
                    row[state + 1] + if followed { row[state + 2] } else { 0.0 }
                }
            };
            total += here * left;
        }
        total
    }
}

/// Class and probability of each frame to characters: repetitions and blanks dropped.
pub(super) fn collapsed(frames: impl Iterator<Item = (usize, f32)>) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut before = BLANK;
    for (class, confidence) in frames {
        match symbols.last_mut() {
            Some(last) if class == before && class != BLANK => {
                last.confidence = last.confidence.max(confidence)
            }
            _ if class != BLANK => symbols.push(Symbol { class, confidence }),
            _ => {}
        }
        before = class;
    }
    symbols
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    const CLASSES: usize = 4;

    /// Every line of up to `length` characters with its likelihood, by trying every path.
    fn by_hand(frames: &Frames) -> std::collections::BTreeMap<Vec<usize>, f64> {
        let mut lines = std::collections::BTreeMap::new();
        for path in 0..frames.classes.pow(frames.count() as u32) {
            let class = |frame: usize| path / frames.classes.pow(frame as u32) % frames.classes;
            let likelihood: f64 = (0..frames.count()).map(|frame| frames.at(frame, class(frame))).product();
            let line = collapsed((0..frames.count()).map(|frame| (class(frame), 1.0)));
            *lines.entry(line.iter().map(|s| s.class).collect()).or_insert(0.0) += likelihood;
        }
        lines
    }

    fn frames(values: &[f32]) -> Frames {
        let rows = values.len() / CLASSES;
        Frames::of_logits(Array2::from_shape_vec((rows, CLASSES), values.to_vec()).expect("rows").view())
    }

    #[test]
    fn repetitions_and_blanks_are_dropped() {
        let of = |classes: &[usize]| -> Vec<usize> {
            collapsed(classes.iter().map(|c| (*c, 0.5))).iter().map(|s| s.class).collect()
        };
        assert_eq!(of(&[0, 1, 1, 0, 1, 2, 2, 0]), [1, 1, 2]);
        assert_eq!(of(&[0, 0]), [] as [usize; 0]);
        let best = collapsed([(1, 0.4), (1, 0.9), (1, 0.3)].into_iter());
        assert_eq!(best, [Symbol { class: 1, confidence: 0.9 }]);
    }

    #[test]
    fn a_form_rules_out_what_does_not_belong() {
        // Plainly 1 2 3, but the form has a 1 or 3 in the middle: 3 is the likelier.
        let frames = frames(&[
            0., 9., 0., 0., 9., 0., 0., 0., 0., 0., 9., 5., 9., 0., 0., 0., 0., 0., 0., 9., 9., 0., 0., 0.,
        ]);
        let plain: Vec<usize> = frames.plain().iter().map(|s| s.class).collect();
        assert_eq!(plain, [1, 2, 3]);
        let any = ClassSet::of(1..CLASSES);
        let reading = frames.read_as(&[vec![any, ClassSet::of([1, 3]), any]]).expect("enough frames");
        let classes: Vec<usize> = reading.characters.iter().map(|c| c.class).collect();
        assert_eq!(classes, [1, 3, 3]);
        assert!(reading.form_confidence < 0.1, "{reading:?}");
        let reading = frames.read_as(&[vec![any; 2], vec![any; 3]]).expect("enough frames");
        assert_eq!((reading.form, reading.characters[1].shares[0].0), (1, 2));
        assert!(reading.form_confidence > 0.9, "{reading:?}");
    }

    #[test]
    fn too_few_frames_give_no_reading() {
        let any = ClassSet::of(1..CLASSES);
        assert_eq!(frames(&[1.0; CLASSES]).read_as(&[vec![any; 2]]), None);
        assert_eq!(frames(&[]).read_as(&[vec![any]]), None);
        assert_eq!(frames(&[1.0; CLASSES]).read_as(&[]), None);
        assert!(frames(&[f32::NAN; CLASSES]).read_as(&[vec![any]]).is_some());
    }

    proptest! {
        #[test]
        fn likelihoods_are_those_of_all_paths(values in prop::collection::vec(-3.0_f32..3.0, 5 * CLASSES)) {
            let frames = frames(&values);
            let all = by_hand(&frames);
            let any = ClassSet::of(1..CLASSES);
            let form = vec![any; 2];
            let reading = frames.read_as(std::slice::from_ref(&form)).expect("five frames");
            let classes: Vec<usize> = reading.characters.iter().map(|c| c.class).collect();
            let sweep = Sweep::new(&frames, &classes);
            prop_assert!((sweep.total / all[&classes] - 1.0).abs() < 1e-9);
            for place in 0..2 {
                let replaced = |class| {
                    let mut line = classes.clone();
                    line[place] = class;
                    all[&line]
                };
                let sum: f64 = (1..CLASSES).map(replaced).sum();
                for (class, share) in &reading.characters[place].shares {
                    prop_assert!((f64::from(*share) - replaced(*class) / sum).abs() < 1e-5);
                }
            }
        }
    }
}
