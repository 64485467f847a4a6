//! A case checked in a process of its own, because a worker was lost while it had the case in hand.
//!
//! A queue cannot tell a worker that the case killed from one that somebody else killed meanwhile
//! (the kernel short of memory, an operator, a power cut). A process that does nothing but this case
//! can: what it dies of by itself is the case's doing, and a signal from outside is not. The process
//! has bounds on memory, CPU time and time, and ends when the worker does, so that at most one is
//! left behind by nobody.
//!
//! The case goes in as one line of JSON and the bytes of its photos, over a pipe; what comes back is
//! the assessment, which the worker decides by its own policy, and what each stage took.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::service_events::FaultKind;
use crate::case::{Case, ChallengeAction, Claims, Date, Method, Sample, SampleRole};
use crate::evidence::{Assessment, StoredAssessment, Timings};
use crate::queue::Release;

/// The form of what goes in.
const SCHEMA: &str = "realname.apart/1";

/// The longest line of either direction: an assessment of 18 photos has some 100 KB.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// What a process exits with that could not do its work, for example for want of a model.
const COULD_NOT_BEGIN: i32 = 2;

/// What a process may use before that counts as its death. A case takes about a second of CPU and
/// 0.5 GB, its models included; a bound is only reached by what would never end.
#[derive(Debug, Clone, Copy)]
pub struct ApartBounds {
    /// How long it may take: 5 minutes by default.
    pub time: Duration,
    /// CPU time of all of its threads: 2 minutes by default.
    pub cpu: Duration,
    /// Bytes of writable memory: 4 GiB by default.
    pub memory_bytes: u64,
}

impl Default for ApartBounds {
    fn default() -> Self {
        Self { time: Duration::from_secs(300), cpu: Duration::from_secs(120), memory_bytes: 4 << 30 }
    }
}

/// Why there is no assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApartError {
    /// The process died of the case.
    Death {
        /// How.
        how: String,
    },
    /// The machine's, or whoever killed the process.
    Fault {
        /// What went wrong.
        reason: String,
    },
}

impl ApartError {
    /// What it counts as.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Death { .. } => FaultKind::Death,
            Self::Fault { .. } => FaultKind::Check,
        }
    }
}

impl fmt::Display for ApartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Death { how } => write!(f, "checked by itself, it killed its process: {how}"),
            Self::Fault { reason } => f.write_str(reason),
        }
    }
}

impl From<ApartError> for Release {
    fn from(error: ApartError) -> Self {
        let reason = error.to_string();
        match error {
            ApartError::Death { .. } => Self::Death { reason },
            ApartError::Fault { .. } => Self::Fault { reason },
        }
    }
}

/// What goes in before the photos. Personal data: never shown, never stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    schema: String,
    case_id: String,
    name: Option<String>,
    id_number: Option<String>,
    challenge: Vec<String>,
    decided_on: Option<String>,
    photos: Vec<(String, u64)>,
}

/// What comes back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Answer {
    Assessed { assessment: Box<StoredAssessment>, stages_ms: BTreeMap<String, f64> },
    Fault(String),
}

/// Has `case` assessed by a process of its own, which `command` starts and which calls [`answer`]; says
/// what its stages took there.
///
/// # Errors
/// The process died, or could not do its work.
pub fn assessed_apart(
    mut command: Command,
    case: &Case,
    bounds: ApartBounds,
) -> Result<(Assessment, Timings), ApartError> {
    let fault =
        |what: &str, error: &dyn fmt::Display| ApartError::Fault { reason: format!("{what}: {error}") };
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = Ended(started.map_err(|error| fault("no process could be started", &error))?);
    let (stdin, stdout) = (child.0.stdin.take(), child.0.stdout.take());
    let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
        return Err(fault("no process could be started", &"its pipes are missing"));
    };
    let (sender, receiver) = mpsc::sync_channel(1);
    let read = move || {
        let mut line = Vec::new();
        let mut bounded = BufReader::new(stdout.take(LINE_BYTES_MAX));
        let read = bounded.read_until(b'\n', &mut line).map(|_| line);
        sender.send(read).ok();
    };
    let reading = thread::Builder::new().name("apart".to_owned()).spawn(read);
    reading.map_err(|error| fault("no thread could be started", &error))?;
    let line = thread::scope(|scope| {
        // One that died already says so by how it ended; what it was not told does not matter.
        let told = || put(&mut stdin, case).ok();
        let telling = thread::Builder::new().name("apart".to_owned()).spawn_scoped(scope, told);
        telling.map_err(|error| fault("no thread could be started", &error))?;
        match receiver.recv_timeout(bounds.time) {
            Ok(line) => Ok(line.unwrap_or_default()),
            Err(RecvTimeoutError::Timeout) => {
                child.0.kill().ok(); // Else the thread would write to it for ever.
                Err(ApartError::Death { how: format!("not done in {} s", bounds.time.as_secs()) })
            }
            Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
        }
    })?;
    if line.last() == Some(&b'\n') {
        let answer = serde_json::from_slice(&line);
        return match answer.map_err(|error| fault("its process answered in another form", &error))? {
            Answer::Fault(reason) => Err(ApartError::Fault { reason }),
            Answer::Assessed { assessment, stages_ms } => {
                let of_another_form = "its process answered in another form";
                let assessment = (*assessment).try_into().map_err(|error| fault(of_another_form, &error))?;
                let timings = Timings::from_named(&stages_ms);
                Ok((assessment, timings.ok_or_else(|| fault(of_another_form, &"an unknown stage"))?))
            }
        };
    }
    let status = child.0.wait().map_err(|error| fault("its process cannot be waited for", &error))?;
    Err(ended(status))
}

/// Whether the case did it.
fn ended(status: ExitStatus) -> ApartError {
    // From outside: the kernel short of memory or an operator (KILL), a service manager or a
    // terminal (TERM, INT, HUP, QUIT).
    const FROM_OUTSIDE: [i32; 5] = [9, 15, 2, 1, 3];
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    match signal {
        Some(signal) if FROM_OUTSIDE.contains(&signal) => {
            ApartError::Fault { reason: format!("its process was killed from outside, by signal {signal}") }
        }
        Some(signal) => ApartError::Death { how: format!("signal {signal}") },
        None if status.code() == Some(COULD_NOT_BEGIN) => {
            ApartError::Fault { reason: "its process could not begin: see what it wrote".to_owned() }
        }
        None => ApartError::Death { how: format!("ended without an answer ({status})") },
    }
}

/// A process that does not outlive its caller.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It has ended, or is to end.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn put(out: &mut impl Write, case: &Case) -> io::Result<()> {
    let head = Head {
        schema: SCHEMA.to_owned(),
        case_id: case.case_id.clone(),
        name: case.claims.name.clone(),
        id_number: case.claims.id_number.clone(),
        challenge: case.challenge.iter().map(|action| action.id().to_owned()).collect(),
        decided_on: case.decided_on.map(|day| day.to_string()),
        photos: case.samples.iter().map(|s| (s.role.to_string(), s.bytes.len() as u64)).collect(),
    };
    let mut line = serde_json::to_vec(&head)?;
    line.push(b'\n');
    out.write_all(&line)?;
    for sample in &case.samples {
        out.write_all(&sample.bytes)?;
    }
    out.flush()
}

fn taken(input: &mut impl BufRead, photo_bytes_max: u64) -> io::Result<Case> {
    let refused = || io::Error::new(io::ErrorKind::InvalidData, format!("not of the form {SCHEMA}"));
    let mut line = Vec::new();
    input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    let head: Head = serde_json::from_slice(&line).map_err(|_| refused())?;
    if head.schema != SCHEMA {
        return Err(refused());
    }
    let mut samples = Vec::with_capacity(head.photos.len());
    for (role, bytes) in &head.photos {
        let role = SampleRole::parse(role).ok_or_else(refused)?;
        // One byte more than the limit is how a photo that is too large is known.
        if *bytes > photo_bytes_max + 1 {
            return Err(refused());
        }
        let mut photo = vec![0; usize::try_from(*bytes).map_err(|_| refused())?];
        input.read_exact(&mut photo)?;
        samples.push(Sample { role, bytes: photo });
    }
    let challenge: Option<Vec<_>> = head.challenge.iter().map(|id| ChallengeAction::parse(id)).collect();
    let day = head.decided_on.as_deref().map(str::parse::<Date>).transpose();
    Ok(Case {
        case_id: head.case_id,
        method: Method::IdCard,
        claims: Claims { name: head.name, id_number: head.id_number },
        samples,
        challenge: challenge.ok_or_else(refused)?,
        decided_on: day.map_err(|_| refused())?,
    })
}

/// The other side: reads a case, has it assessed and writes what came of it. Ends the whole process
/// when `input` ends, because nobody waits any more.
///
/// # Errors
/// Nobody reads, or what came in is no case.
pub fn answer(
    input: impl Read + Send + 'static,
    mut output: impl Write,
    photo_bytes_max: u64,
    assess: impl FnOnce(&Case) -> Result<(Assessment, Timings), String>,
) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let case = taken(&mut input, photo_bytes_max)?;
    let watch = move || {
        // Nothing more comes: this returns when the worker is gone.
        io::copy(&mut input, &mut io::sink()).ok();
        std::process::exit(1);
    };
    thread::Builder::new().name("watch".to_owned()).spawn(watch)?;
    let answer = match assess(&case) {
        Ok((assessment, Timings(stages))) => Answer::Assessed {
            assessment: Box::new(StoredAssessment::from(&assessment)),
            stages_ms: stages.into_iter().map(|(stage, ms)| (stage.to_owned(), ms)).collect(),
        },
        Err(reason) => Answer::Fault(reason),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_comes_through_as_it_was_and_nothing_larger_does() {
        let case = Case {
            case_id: "a\nb".to_owned(),
            method: Method::IdCard,
            claims: Claims { name: Some("张三".to_owned()), id_number: None },
            samples: vec![
                Sample { role: SampleRole::Front, bytes: b"front\n".to_vec() },
                Sample { role: SampleRole::Selfie(2), bytes: Vec::new() },
            ],
            challenge: vec![ChallengeAction::ALL[0]],
            decided_on: Date::new(2026, 11, 20),
        };
        let mut sent = Vec::new();
        put(&mut sent, &case).expect("a vector");
        let got = taken(&mut &sent[..], 5).expect("one byte more than the limit");
        assert_eq!(
            (&got.case_id, &got.claims, &got.challenge),
            (&case.case_id, &case.claims, &case.challenge)
        );
        assert_eq!(got.decided_on, case.decided_on);
        let bytes: Vec<_> = got.samples.iter().map(|s| (s.role, s.bytes.clone())).collect();
        let expected: Vec<_> = case.samples.iter().map(|s| (s.role, s.bytes.clone())).collect();
        assert_eq!(bytes, expected);
        assert!(taken(&mut &sent[..], 4).is_err());
        assert!(taken(&mut &sent[..sent.len() - 1], 5).is_err());
        assert!(taken(&mut &b"{}\n"[..], 5).is_err());
    }
}
