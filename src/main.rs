//! The `realname` program.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use realname::cli::models::{self, ModelsArgs};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Models(ModelsArgs),
}

fn main() -> ExitCode {
    let Command::Models(arguments) = Arguments::parse().command;
    models::run(arguments).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
