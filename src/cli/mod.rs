//! The command line: arguments and what each command does.

pub mod policy;
