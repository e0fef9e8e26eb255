//! The commands, one file each: its arguments and `exec`.

mod bench;
mod build;
mod check;
mod copy;
mod deploy;
mod diff;
mod doctor;
mod inspect;
mod list;
mod manifest;
mod new;
pub(crate) mod package;
mod pull;
mod push;
mod rollback;
mod run;
mod sign;
mod status;
mod tag;
mod test;
mod undeploy;
mod verify;

use clap::{Parser, Subcommand};

use crate::failure::Result;
use crate::output::Output;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it ran and failed: a build, a test, a server
  2  the command line or a file named on it cannot be used
  3  a tool that the command needs is not installed

Environment:
  NO_COLOR  when set, nothing is coloured";

/// Scaffold, build, run, test, measure, inspect, publish and deploy Proxy-Wasm filters.
#[derive(Debug, Parser)]
#[command(name = "cargo-mesh-filter", bin_name = "cargo mesh-filter", version, after_help = EXIT_CODES)]
pub(crate) struct CommandLine {
    /// Print results, warnings and errors only
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Args),
    Build(build::Args),
    Run(Box<run::Args>),
    Test(test::Args),
    Bench(bench::Args),
    Package(package::Args),
    Push(push::Args),
    Pull(pull::Args),
    Tag(tag::Args),
    List(list::Args),
    Copy(copy::Args),
    Sign(sign::Args),
    Verify(verify::Args),
    Check(check::Args),
    Inspect(inspect::Args),
    Manifest(Box<manifest::Args>),
    Deploy(Box<deploy::Args>),
    Diff(Box<diff::Args>),
    Status(status::Args),
    Rollback(rollback::Args),
    Undeploy(undeploy::Args),
    Doctor(doctor::Args),
}

/// Reads the command line; ends the process when it is wrong or asks for help.
pub(crate) fn parse() -> CommandLine {
    let mut words: Vec<_> = std::env::args_os().collect();
    // `cargo mesh-filter build` starts `cargo-mesh-filter mesh-filter build`.
    if words.get(1).is_some_and(|word| word == "mesh-filter") {
        words.remove(1);
    }
    CommandLine::parse_from(words)
}

impl CommandLine {
    /// Where this run's words go.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.quiet)
    }

    /// Runs the command.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        match self.command {
            Command::New(args) => args.exec(output),
            Command::Build(args) => args.exec(output),
            Command::Run(args) => args.exec(output),
            Command::Test(args) => args.exec(output),
            Command::Bench(args) => args.exec(output),
            Command::Package(args) => args.exec(output),
            Command::Push(args) => args.exec(output),
            Command::Pull(args) => args.exec(output),
            Command::Tag(args) => args.exec(output),
            Command::List(args) => args.exec(output),
            Command::Copy(args) => args.exec(output),
            Command::Sign(args) => args.exec(output),
            Command::Verify(args) => args.exec(output),
            Command::Check(args) => args.exec(output),
            Command::Inspect(args) => args.exec(output),
            Command::Manifest(args) => args.exec(output),
            Command::Deploy(args) => args.exec(output),
            Command::Diff(args) => args.exec(output),
            Command::Status(args) => args.exec(output),
            Command::Rollback(args) => args.exec(output),
            Command::Undeploy(args) => args.exec(output),
            Command::Doctor(args) => args.exec(output),
        }
    }
}
