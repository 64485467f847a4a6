//! A desk is opened: the cases are listed, and what was kept of them is read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, RwLock};

use super::{Checks, Desk};
use crate::policy::{Policy, VerificationStatus};
use crate::review::DeskError;
use crate::review::audit::{Act, AuditLog};
use crate::review::source::{Source, in_folder, status_after};
use crate::review::state::{State, assessments, verdicts};
use crate::review::table::{CASES_MAX, Place, Table};
use crate::status::ReviewDecision;

/// What a desk is made from.
pub struct DeskSettings {
    /// Where cases come from.
    pub source: Source,
    /// The folder in which the desk keeps its own files.
    pub state: PathBuf,
    /// Files of verdicts, as `realname batch -o` writes them.
    pub verdicts: Vec<PathBuf>,
    /// Files of assessments, as `realname batch --assessments` writes them.
    pub assessments: Vec<PathBuf>,
    /// The policy in force.
    pub policy: Policy,
    /// Who reviews.
    pub reviewer: String,
    /// Bytes read of one photo, and one more.
    pub photo_bytes_max: u64,
    /// What checks a case.
    pub checks: Checks,
}

impl Desk {
    /// Lists the cases and reads what was kept of them.
    ///
    /// # Errors
    /// A file cannot be read or has another form, the audit log is broken or in use, the queue does
    /// not answer, or there are more cases than [`CASES_MAX`].
    pub fn open(settings: DeskSettings) -> Result<Self, DeskError> {
        let DeskSettings { source, policy, reviewer, photo_bytes_max, checks, .. } = settings;
        let state = State::open(&settings.state)?;
        let audit = AuditLog::open(&state.audit())?;
        let mut table = Table::default();
        let mut records = match &source {
            Source::Folder(folder) => in_folder(folder)?,
            Source::Queue(queue) => queue.all()?,
        };
        records.extend(in_folder(&state.new_cases())?);
        if records.len() > CASES_MAX {
            return Err(DeskError::Limit(format!("more than {CASES_MAX} cases")));
        }
        let places: HashMap<String, usize> =
            records.iter().enumerate().map(|(place, record)| (record.case_id.clone(), place)).collect();
        for path in &settings.verdicts {
            verdicts(path, |verdict| {
                if let Some(place) = places.get(&verdict.case_id) {
                    records[*place].verdict = Some(Arc::new(verdict));
                }
            })?;
        }
        for path in &settings.assessments {
            assessments(path, |assessment| {
                if let Some(place) = places.get(&assessment.case_id) {
                    records[*place].assessment = Some(Arc::new(assessment));
                }
            })?;
        }
        state.kept(|attempt, assessment| {
            let place = places.get(&assessment.case_id).filter(|place| records[**place].attempt == attempt);
            if let Some(place) = place {
                records[*place].assessment = Some(Arc::new(assessment));
            }
        })?;
        for line in audit.lines() {
            let place = line.case_id.as_ref().and_then(|case_id| places.get(case_id));
            let Some(record) = place.map(|place| &mut records[*place]) else { continue };
            if let (Some(status), Place::Folder(_)) = (status_of(line.act), &record.place) {
                record.status = Some(status);
            }
        }
        records.into_iter().for_each(|record| {
            table.put(record, &policy);
        });
        Ok(Self {
            source,
            state,
            policy,
            reviewer,
            photo_bytes_max,
            checks,
            measuring: Mutex::new(()),
            table: RwLock::new(table),
            audit: Mutex::new(audit),
            unmasked: Mutex::default(),
            looked_at: Mutex::default(),
            looked: Mutex::default(),
            sliders: Mutex::default(),
            measured: AtomicUsize::new(0),
            to_measure: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        })
    }
}

/// Where an act leaves a case in a folder.
fn status_of(act: Act) -> Option<VerificationStatus> {
    let decision = match act {
        Act::Approve => ReviewDecision::Approve,
        Act::Reject => ReviewDecision::Reject,
        Act::Retake => ReviewDecision::Retake,
        Act::Look | Act::Unmask | Act::Rerun | Act::NewCase | Act::SavePolicy | Act::Refused => return None,
    };
    Some(status_after(decision))
}
