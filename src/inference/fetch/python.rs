//! Finds a Python that can do what is asked of it.

use std::process::{Command, Stdio};

use crate::inference::InferenceError;

const CANDIDATES: [&str; 2] = ["python3", "python"];
const INSTALL: &str = "Python 3.9 or newer with venv and pip (Debian: python3 python3-venv \
                       python3-pip)";

/// A Python 3.9 or newer that has `modules`.
///
/// # Errors
/// [`InferenceError::Prerequisite`] says what is missing.
pub(super) fn with_modules(modules: &str, purpose: &str) -> Result<&'static str, InferenceError> {
    let mut problem = "it was not found".to_owned();
    for candidate in CANDIDATES {
        if !answers(candidate, "import sys; sys.exit(sys.version_info < (3, 9))") {
            if answers(candidate, "") {
                problem = "it is older than 3.9".to_owned();
            }
            continue;
        }
        if answers(candidate, &format!("import {modules}")) {
            return Ok(candidate);
        }
        problem = format!("it lacks {modules}");
    }
    Err(InferenceError::Prerequisite {
        program: "Python",
        purpose: purpose.to_owned(),
        problem,
        install: INSTALL,
    })
}

fn answers(program: &str, code: &str) -> bool {
    let mut command = Command::new(program);
    command.args(["-c", code]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
