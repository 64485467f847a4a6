//! What Prometheus reads of a worker. Every label has a bounded set of values: decisions, codes of the
//! registry, stages, kinds of faults, statuses; never a case.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use crate::evidence::Provenance;
use crate::policy::{Code, Decision, Effect, Verdict};
use crate::queue::{Company, Counts, Queue, Released};
use crate::worker::retention::RetentionEvent;
use crate::worker::service::{FaultKind, Progress};

/// A queue is asked for its counts no more often: NATS reads all entries for them.
const COUNTS_EVERY: Duration = Duration::from_secs(5);

/// Upper bounds in seconds. A stage takes from under a millisecond to some seconds, a case from a
/// tenth of a second to as long as it waits in hand.
const STAGE_BOUNDS_S: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const CASE_BOUNDS_S: [f64; 12] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// The numbers of one worker, shared by all of its threads.
pub struct Metrics {
    registry: Registry,
    in_hand: IntGauge,
    claims: IntCounterVec,
    verdicts: IntCounterVec,
    findings: IntCounterVec,
    faults: IntCounterVec,
    set_aside: IntCounterVec,
    lease_losses: IntCounter,
    handed_back: IntCounter,
    waits: IntCounter,
    purged: IntCounter,
    purged_photos: IntCounter,
    purge_failures: IntCounter,
    case_s: Histogram,
    stage_s: HistogramVec,
    queue_up: IntGauge,
    queue_cases: IntGaugeVec,
    counted: Mutex<Option<Instant>>,
}

impl Metrics {
    /// Nothing has happened yet.
    ///
    /// # Errors
    /// Two metrics have one name, which no input can bring about.
    pub fn new(provenance: &Provenance, policy_sha256: &str) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, label: &str| -> Result<IntCounterVec, prometheus::Error> {
            added(&registry, IntCounterVec::new(Opts::new(name, help), &[label])?)
        };
        let counter = |name: &str, help: &str| added(&registry, IntCounter::new(name, help)?);
        let gauge = |name: &str, help: &str| added(&registry, IntGauge::new(name, help)?);
        let info = |name: &str, help: &str, labels: &[&str]| {
            added(&registry, IntGaugeVec::new(Opts::new(name, help), labels)?)
        };
        let case_s =
            HistogramOpts::new("realname_case_seconds", "From the claim of a case to its recorded verdict.");
        let stage_s = HistogramOpts::new(
            "realname_stage_seconds",
            "Time spent on a case in a stage, summed over its photos.",
        );
        let metrics = Self {
            in_hand: gauge("realname_in_hand", "Cases in this worker's hands.")?,
            claims: counters(
                "realname_claims_total",
                "Cases claimed, by what may be beside them.",
                "company",
            )?,
            verdicts: counters("realname_verdicts_total", "Verdicts recorded.", "decision")?,
            findings: counters(
                "realname_findings_total",
                "Verdicts recorded with at least one finding of this code that bears on the decision.",
                "code",
            )?,
            faults: counters(
                "realname_faults_total",
                "Cases that the machine failed; each is tried again or set aside.",
                "kind",
            )?,
            set_aside: counters(
                "realname_set_aside_total",
                "Cases set aside after a fault of this kind: nobody tries them again.",
                "kind",
            )?,
            lease_losses: counter("realname_lease_losses_total", "Cases that went to another worker.")?,
            handed_back: counter("realname_handed_back_total", "Cases handed back when the worker ended.")?,
            waits: counter("realname_waits_total", "Waits for a queue or photos that did not answer.")?,
            purged: counter("realname_purged_total", "Cases purged by the queue's rule.")?,
            purged_photos: counter("realname_purged_photos_total", "Photos of those cases.")?,
            purge_failures: counter(
                "realname_purge_failures_total",
                "Turns in which the queue's rule could not be kept; each is tried again.",
            )?,
            case_s: added(&registry, Histogram::with_opts(case_s.buckets(CASE_BOUNDS_S.to_vec()))?)?,
            stage_s: added(
                &registry,
                HistogramVec::new(stage_s.buckets(STAGE_BOUNDS_S.to_vec()), &["stage"])?,
            )?,
            queue_up: gauge("realname_queue_up", "Whether the queue answered when it was last asked.")?,
            queue_cases: info(
                "realname_queue_cases",
                "Cases of the whole queue by where they stand.",
                &["status"],
            )?,
            counted: Mutex::new(None),
            registry: registry.clone(),
        };
        info("realname_build_info", "The program.", &["version", "runtime"])?
            .with_label_values(&[provenance.version.as_str(), provenance.runtime.as_str()])
            .set(1);
        info("realname_policy_info", "The policy that decides.", &["sha256"])?
            .with_label_values(&[policy_sha256])
            .set(1);
        let models = info("realname_model_info", "A model that measures.", &["model", "sha256"])?;
        for (model, sha256) in &provenance.models {
            models.with_label_values(&[model.as_str(), sha256.as_str()]).set(1);
        }
        // A rate needs a first value, also of what has not happened yet.
        for decision in [Decision::Pass, Decision::Fail, Decision::Review] {
            metrics.verdicts.with_label_values(&[decision.id()]);
        }
        for kind in FaultKind::ALL {
            metrics.faults.with_label_values(&[kind.id()]);
            metrics.set_aside.with_label_values(&[kind.id()]);
        }
        for company in [Company::Others, Company::Alone] {
            metrics.claims.with_label_values(&[company_id(company)]);
        }
        for &code in Code::ALL {
            metrics.findings.with_label_values(&[code.id()]);
        }
        Ok(metrics)
    }

    /// Counts what a worker told of.
    pub fn count(&self, what: &Progress<'_>) {
        match what {
            Progress::Claimed { company, .. } => {
                self.in_hand.inc();
                self.claims.with_label_values(&[company_id(*company)]).inc();
            }
            Progress::Verdict { verdict, took, .. } => {
                self.in_hand.dec();
                self.case_s.observe(took.as_secs_f64());
                self.count_verdict(verdict);
            }
            Progress::Fault { kind, released, .. } => {
                self.in_hand.dec();
                self.faults.with_label_values(&[kind.id()]).inc();
                if *released == Released::SetAside {
                    self.set_aside.with_label_values(&[kind.id()]).inc();
                }
            }
            Progress::LeaseLost { .. } => {
                self.in_hand.dec();
                self.lease_losses.inc();
            }
            Progress::HandedBack { .. } => {
                self.in_hand.dec();
                self.handed_back.inc();
            }
            Progress::Waiting { .. } => self.waits.inc(),
            Progress::Resumed | Progress::Overdue { .. } => {}
        }
    }

    /// Counts what the keeper of the queue's rule told of.
    pub fn count_retention(&self, what: &RetentionEvent<'_>) {
        match what {
            RetentionEvent::Purged { photos, .. } => {
                self.purged.inc();
                self.purged_photos.inc_by(*photos);
            }
            RetentionEvent::Turn { .. } => {}
            RetentionEvent::Failed { .. } => self.purge_failures.inc(),
        }
    }

    fn count_verdict(&self, verdict: &Verdict) {
        self.verdicts.with_label_values(&[verdict.judgement.decision.id()]).inc();
        let findings = verdict.judgement.findings.iter().filter(|finding| finding.effect != Effect::Noted);
        let mut codes: Vec<Code> = findings.map(|finding| finding.code).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            self.findings.with_label_values(&[code.id()]).inc();
        }
        for (stage, ms) in &verdict.timings.0 {
            self.stage_s.with_label_values(&[stage]).observe(ms / 1e3);
        }
    }

    /// Everything as text of Prometheus' exposition format 0.0.4, with the counts of `queue`, which is
    /// asked at most every five seconds. Where it does not answer its numbers are left out.
    pub fn text(&self, queue: &dyn Queue) -> String {
        self.count_queue(queue);
        let mut text = Vec::new();
        // Neither can fail: the names were checked as they were registered, and it is a vector.
        TextEncoder::new().encode(&self.registry.gather(), &mut text).ok();
        String::from_utf8(text).unwrap_or_default()
    }

    /// What [`text`](Self::text) is, as a media type.
    pub fn content_type() -> &'static str {
        prometheus::TEXT_FORMAT
    }

    fn count_queue(&self, queue: &dyn Queue) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.is_some_and(|at| at.elapsed() < COUNTS_EVERY) {
            return;
        }
        match queue.counts() {
            Ok(counts) => {
                self.queue_up.set(1);
                for (status, cases) in counts.named() {
                    self.queue_cases.with_label_values(&[status]).set(cases as i64);
                }
            }
            Err(_) => {
                self.queue_up.set(0);
                for (status, _) in Counts::default().named() {
                    // There is none where it never answered.
                    self.queue_cases.remove_label_values(&[status]).ok();
                }
            }
        }
        *counted = Some(Instant::now());
    }
}

fn added<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn company_id(company: Company) -> &'static str {
    match company {
        Company::Others => "others",
        Company::Alone => "alone",
    }
}
