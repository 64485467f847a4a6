//! The `realname` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    realname::cli::run()
}
