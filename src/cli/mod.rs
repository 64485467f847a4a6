//! The command line: arguments and what each command does.

pub mod models;
pub mod policy;
