//! A verdict for people at a terminal: the decision, what to mend in both languages, and, where
//! asked for, every measure.

use std::fmt::Write as _;

use super::json::rounded;
use super::visible::one_line;
use crate::evidence::{Intake, Measured, PhotoAssessment};
use crate::policy::{Decision, Effect, Finding, Language, Observed, Verdict};

/// How much a verdict tells a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The decision and what was found.
    Findings,
    /// The measures of every photo, too.
    Measures,
}

/// The verdict as lines of text, the last with a line end.
pub fn verdict_text(verdict: &Verdict, detail: Detail) -> String {
    let mut out = String::new();
    write_verdict(&mut out, verdict, detail).expect("writing to a String");
    out
}

fn write_verdict(out: &mut String, verdict: &Verdict, detail: Detail) -> std::fmt::Result {
    let judgement = &verdict.judgement;
    let word = match judgement.decision {
        Decision::Pass => "PASS 通过",
        Decision::Fail => "FAIL 未通过",
        Decision::Review => "REVIEW 待人工审核",
    };
    let case_id = one_line(&verdict.assessment.case_id);
    writeln!(out, "{case_id}: {word} ({})", judgement.status.id())?;
    for (effect, heading) in [
        (Effect::Fail, "to mend 需要改正"),
        (Effect::Review, "for a person to look at 待审核"),
        (Effect::Noted, "noted 已记录"),
    ] {
        let mut findings = judgement.findings.iter().filter(|f| f.effect == effect).peekable();
        if findings.peek().is_some() {
            writeln!(out, "  {heading}")?;
        }
        for finding in findings {
            write_finding(out, finding)?;
        }
    }
    let comparison = &judgement.comparison;
    if let Some(distance) = comparison.distance {
        let frames: Vec<String> = comparison.frames.iter().map(ToString::to_string).collect();
        let limit = match comparison.limits {
            Some(limits) => {
                format!("limit {:.3} for a false-match rate of {:e}", limits.distance, limits.fmr)
            }
            None => "not calibrated".to_owned(),
        };
        writeln!(out, "  distance {:.3} ({limit}) over {}", distance.get(), frames.join(", "))?;
    }
    let liveness = &judgement.liveness;
    if let (Some(score), Some(threshold)) = (liveness.score.value(), liveness.threshold) {
        writeln!(out, "  liveness {:.3} (at least {threshold})", score.get())?;
    }
    for step in &judgement.challenge {
        let frame = step.frame.map_or("no frame".to_owned(), |role| role.to_string());
        writeln!(out, "  challenge {}: {} ({frame})", step.action, step.outcome.id())?;
    }
    match detail {
        Detail::Findings => Ok(()),
        Detail::Measures => write_measures(out, verdict),
    }
}

fn write_finding(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let sample = finding.sample.map_or("case".to_owned(), |role| role.to_string());
    write!(out, "    {sample:<9} {}", finding.code)?;
    let observed = match &finding.observed {
        Some(Observed::Value(value)) => Some(rounded(value.get()).to_string()),
        Some(Observed::Reason(reason)) => Some(reason.id().to_owned()),
        Some(Observed::Detail(detail)) => Some(one_line(detail).into_owned()),
        None => None,
    };
    let measure = finding.measure.map(|measure| measure.id().to_owned());
    let required = finding.required.map(|requirement| format!("must be {requirement}"));
    let particulars: Vec<String> = [measure, observed, required].into_iter().flatten().collect();
    if !particulars.is_empty() {
        write!(out, " ({})", particulars.join(", "))?;
    }
    writeln!(out)?;
    for language in [Language::Chinese, Language::English] {
        writeln!(out, "              {}", finding.message(language))?;
    }
    Ok(())
}

fn write_measures(out: &mut String, verdict: &Verdict) -> std::fmt::Result {
    verdict.assessment.photos.iter().try_for_each(|photo| write_photo(out, photo))
}

pub(super) fn write_photo(out: &mut String, photo: &PhotoAssessment) -> std::fmt::Result {
    match &photo.intake {
        Intake::Decoded { format, width_px, height_px, .. } => {
            writeln!(out, "  {} {format} {width_px}x{height_px}", photo.role)?;
        }
        Intake::Refused { fault, detail } => {
            writeln!(out, "  {} {}: {}", photo.role, fault.id(), one_line(detail))?;
        }
    }
    for (measure, reading) in &photo.readings {
        let id = measure.id();
        match reading {
            Measured::Value(value) => {
                let line = format!("{id:<26} {} {}", rounded(value.get()), measure.unit());
                writeln!(out, "    {}", line.trim_end())?;
            }
            Measured::FailureToAssess(reason) => {
                writeln!(out, "    {id:<26} not assessed: {reason}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleRole::{Back, Front, Selfie};
    use crate::evidence::{IntakeFault, Measure, Reason, Timings};
    use crate::policy::Policy;
    use crate::policy::testing::{Spoiled as _, good_case};

    #[test]
    fn a_verdict_reads_well() {
        let policy = Policy::shipped();
        let told = |assessment, detail| {
            let judgement = policy.decide(&assessment);
            let policy_sha256 = policy.sha256();
            let verdict = Verdict { assessment, judgement, policy_sha256, timings: Timings::default() };
            verdict_text(&verdict, detail)
        };
        let spoiled = good_case(2, 0.712345678)
            .with(Front, Measure::FieldBlur, 3.456789012)
            .refused(Back, IntakeFault::FormatUnsupported, "HEIC")
            .with(Selfie(1), Measure::Yaw, 31.0)
            .unmeasured(Selfie(1), Measure::EyesOpen, Reason::TooLittleToMeasure);
        let texts = [
            told(good_case(1, 0.2), Detail::Findings),
            told(good_case(1, 0.8), Detail::Findings),
            told(spoiled, Detail::Measures),
        ];
        insta::assert_snapshot!("verdict_text", texts.join("\n"));
    }
}
